"""git jetpack register, agents, whoami, heartbeat, retire"""

from __future__ import annotations

import os
import shlex

import click

from jetpack_git.cli import documents
from jetpack_git.cli.frame import Frame
from jetpack_git.cli.frame import command
from jetpack_git.cli.terminal import columns
from jetpack_git.models.agent import Agent
from jetpack_git.work import settings
from jetpack_git.work.agents import Agents
from jetpack_git.work.agents import is_alive
from jetpack_git.workspace import Workspace


@command(short_help="Begin a life as an agent, under a name of its own.")
@click.option("--name", help="The name; a memorable one if not said.")
@click.option("--skills", metavar="LIST", help="What it can do, between commas.")
@click.option("--model", help="Which model it is, if it is one.")
def register(frame: Frame, name: str | None, skills: str | None, model: str | None) -> None:
    """Begin a life as an agent. What is printed, a shell can evaluate to be that agent.

    A name is never given to anybody else. An agent that once said `heartbeat` and is still
    heard of cannot be registered again by others.
    """
    workspace = frame.workspace
    given = None
    if skills is not None:
        given = sorted({" ".join(one.lower().split()) for one in skills.split(",") if one.strip()})
    one = Agents(workspace.db).register(
        name or (frame.name if workspace.borrowed else None), skills=given, model=model,
        incarnation=frame.incarnation, stale_after_s=_stale_after_s(workspace),
        works_in=workspace.clone.worktree, borrowed=workspace.borrowed,
    )  # fmt: skip
    document = {"agent": documents.agent(one), "incarnation": one.incarnation}
    frame.answer(
        document,
        [
            f"export JETPACK_AGENT={shlex.quote(one.name)}",
            f"export JETPACK_INCARNATION={one.incarnation}",
        ],
    )


@command(short_help="List the agents.")
@click.option("--all", "all_", is_flag=True, help="Those that have retired or stopped as well.")
def agents(frame: Frame, all_: bool) -> None:
    """List the agents of this clone: people, programs, and what they work on."""
    workspace = frame.workspace
    stale_after_s = _stale_after_s(workspace)
    found = [
        (one, _state(one, stale_after_s))
        for one in Agents(workspace.db).all()
        if all_ or (one.retired_at is None and one.status != "stopped")
    ]
    items = [documents.agent(one) | {"status": state} for one, state in found]
    rows = [
        (one.name, state, one.task_id or "", ", ".join(one.skills), one.model or "")
        for one, state in found
    ]
    frame.answer(
        documents.listing("agents", items, len(items)), columns(rows) or "There are no agents."
    )


@command(short_help="Say who you are.")
def whoami(frame: Frame) -> None:
    """Say under which name you act here, and what says so."""
    workspace = frame.workspace
    one = Agents(workspace.db).get(workspace.agent)
    why = _why(frame)
    frame.answer({"agent": documents.agent(one), "because": why}, f"{one.name}  ({why})")


@command(short_help="Say that you are alive.")
def heartbeat(frame: Frame) -> None:
    """Say that you are alive. The exit code is 4 if this life of yours is over."""
    workspace = frame.workspace
    one = Agents(workspace.db).heartbeat(
        workspace.agent, incarnation=frame.incarnation, works_in=workspace.clone.worktree
    )
    frame.answer({"agent": documents.agent(one)}, f"{one.name} at {one.heartbeat_at}")


@command(short_help="Get no mail any more.")
def retire(frame: Frame) -> None:
    """End as an agent: you get no mail any more, and your name goes to nobody else.

    What you hold stays yours; give it back first. `register` brings you back.
    """
    workspace = frame.workspace
    one = Agents(workspace.db).retire(workspace.living)
    frame.tells_of_mail = False
    frame.answer({"agent": documents.agent(one)}, f"{one.name} has retired")


def _state(one: Agent, stale_after_s: float) -> str:
    if one.retired_at:
        return "retired"
    if one.status in ("idle", "working") and not is_alive(one, stale_after_s=stale_after_s):
        return "stale" if one.kind == "person" else "dead"
    return str(one.status)


def _why(frame: Frame) -> str:
    if frame.name:
        by_variable = os.environ.get("JETPACK_AGENT") == frame.name
        return "JETPACK_AGENT" if by_variable else "--as"
    worktree = frame.workspace.clone.worktree
    row = frame.workspace.db.one("agents.of_worktree", worktree=worktree) if worktree else None
    return "the agent of this worktree" if row else "git config"


def _stale_after_s(workspace: Workspace) -> float:
    return settings.of(workspace.clone, workspace.db, workspace.warnings).swarm.stale_after_s
