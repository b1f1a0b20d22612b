"""git jetpack attach"""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import click

from jetpack_git import clock
from jetpack_git.cli import documents
from jetpack_git.cli import terminal
from jetpack_git.cli.frame import Frame
from jetpack_git.cli.frame import command
from jetpack_git.errors import Negative
from jetpack_git.models.agent import OVER
from jetpack_git.models.run import AgentEvent
from jetpack_git.models.run import Run
from jetpack_git.models.run import Said
from jetpack_git.swarm.adapters import adapter
from jetpack_git.swarm.adapters import base
from jetpack_git.swarm.adapters.base import Adapter
from jetpack_git.work import settings
from jetpack_git.work.agents import Agents
from jetpack_git.work.agents import is_alive
from jetpack_git.work.runs import Runs
from jetpack_git.workspace import Workspace

LOOK_S = 0.2
BEHIND = 8192  # bytes of what was printed before, which are shown first
CHUNK = 1 << 16


@command(short_help="Follow what an agent says and does.")
@click.argument("name", metavar="AGENT")
@click.option("--raw", is_flag=True, help="What its program prints, as it prints it.")
def attach(frame: Frame, name: str, raw: bool) -> None:
    """Follow what an agent of a swarm says and does, from task to task, until it ends.

    The end of what it printed before is shown first. Ctrl-C stops the following, and nothing else.
    """
    workspace = frame.workspace
    adapters = settings.of(workspace.clone, workspace.db, workspace.warnings).adapters
    for run, line in _followed(workspace, name):
        for text in [line] if raw else _read(adapter(run.adapter, adapters), line):
            if frame.json:
                said: dict[str, object] = {"agent": name, "task_id": run.task_id, "text": text}
                terminal.say(documents.text({"schema": documents.SCHEMA, **said}))
            else:
                terminal.say(terminal.safe(text))
        terminal.flush()


def _followed(workspace: Workspace, name: str) -> Iterator[tuple[Run, str]]:
    """Each line that the agent's programs print, with the run that it belongs to.

    Raises Negative when the agent does not run.
    """
    agents, runs = Agents(workspace.db), Runs(workspace.db)
    config = settings.of(workspace.clone, workspace.db, workspace.warnings).swarm
    born = agents.get(name)
    runs_here = name in {one.name for one in agents.running()}
    if not runs_here or not is_alive(born, stale_after_s=config.stale_after_s):
        raise Negative(f"{name} does not run.", hint="See who does with: git jetpack ps")
    logs: dict[str, _Log] = {}
    last = runs.last(name)
    since = max(last.started_at if last else "", born.started_at)
    while True:
        now = agents.get(name)
        over = now.incarnation != born.incarnation or now.status in OVER
        for run in runs.since(name, since):  # the one before may have said more at its end
            path = Path(workspace.clone.home, "logs", f"{run.task_id}.log")
            log = logs.setdefault(run.task_id, _Log(path))
            for line in log.lines():
                yield run, line
            since = run.started_at
        if over:
            return
        clock.sleep(LOOK_S)


class _Log:
    """A file that grows; a line is told once it is whole."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._at: int | None = None
        self._rest = b""

    def lines(self) -> Iterator[str]:
        """What has come since this was asked last; at first, the end of what was there."""
        try:
            with self._path.open("rb") as file:
                if self._at is None:
                    self._at = max(0, os.fstat(file.fileno()).st_size - BEHIND)
                    file.seek(self._at)
                    self._at += len(file.readline()) if self._at else 0
                file.seek(self._at)
                while data := file.read(CHUNK):
                    self._at += len(data)
                    *whole, self._rest = (self._rest + data).split(b"\n")
                    yield from (line.decode("utf-8", "replace") for line in whole)
        except FileNotFoundError:
            return


def _read(kind: Adapter, line: str) -> list[str]:
    """What the line says to a person; one that the adapter does not read is shown as it is."""
    data = line.encode("utf-8", "replace")
    if kind.read is None or base.documents(data) is None:
        return [line] if line.strip() else []
    return [part for one in base.events(kind, data) for part in _told(one).splitlines()]


def _told(one: AgentEvent) -> str:
    if one.kind == Said.TOOL:
        return f"[uses {one.tool}]" if one.tool else ""
    if one.kind == Said.TEXT:
        return one.text
    if one.kind in (Said.ERROR, Said.END) and one.text:
        return f"[{one.ending or one.kind}] {one.text}"
    return ""
