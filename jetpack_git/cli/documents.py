"""Nouns as the JSON that programs read. The keys are interface."""

from __future__ import annotations

import json
from collections.abc import Mapping
from collections.abc import Sequence

from jetpack_git.models.agent import Agent
from jetpack_git.models.agent import Swarm
from jetpack_git.models.event import Event
from jetpack_git.models.reservation import Overlap
from jetpack_git.models.reservation import Reservation
from jetpack_git.models.run import Run
from jetpack_git.models.run import Usage
from jetpack_git.models.task import Rollup
from jetpack_git.models.task import Task

SCHEMA = 1


def task(one: Task, below: Rollup | None = None) -> dict[str, object]:
    """A task; `status` is what a user sees, `ready` and `blocked` included.

    `below` is what the leaves of a parent say of it; elsewhere there is no key `progress`.
    """
    said = {} if below is None else {"progress": rollup(below, one)}
    return {
        "id": one.id,
        "title": one.title,
        "description": one.description,
        "status": str(one.state if below is None else below.state(one.status)),
        "priority": one.priority,
        "parent_id": one.parent_id,
        "plan_id": one.plan_id,
        "skills": list(one.skills),
        "files": list(one.files),
        "depends": list(one.depends),
        "links": [{"kind": kind, "id": other} for kind, other in one.links],
        "estimate_s": one.estimate_s,
        "assignee": one.assignee,
        "branch": one.branch,
        "commit_id": one.commit_id,
        "summary": one.summary,
        "created_at": one.created_at,
        "updated_at": one.updated_at,
        "claimed_at": one.claimed_at,
        "completed_at": one.completed_at,
        "attempts": one.attempts,
        "max_attempts": one.max_attempts,
        "retry_at": one.retry_at,
        "percent": one.percent,
        "results": list(one.results),
        "labels": list(one.labels),
        "aliases": list(one.aliases),
        "children": one.children,
        "blockers": one.blockers,
    } | said


def rollup(one: Rollup, parent: Task) -> dict[str, object]:
    """What the leaves below a parent say of it; seconds that nobody estimated count as none."""
    return {
        "status": str(one.state(parent.status)),
        "leaves": one.leaves,
        "open": one.open,
        "completed": one.completed,
        "failed": one.failed,
        "percent": round(one.percent, 1),
        "estimate_s": one.estimate_s,
    }


def progress(completed: int, total: int) -> dict[str, object]:
    """How many of how many tasks are completed."""
    percent = round(100 * completed / total, 1) if total else 0.0
    return {"tasks": total, "completed": completed, "percent": percent}


def plan(row: Mapping[str, object]) -> dict[str, object]:
    """A plan; `tasks` counts its leaves that are not cancelled."""
    total, completed = _number(row["tasks"]) - _number(row["cancelled"]), _number(row["completed"])
    return {
        "id": row["id"],
        "title": row["title"],
        "source": row["source"],
        "created_at": row["created_at"],
    } | progress(completed, total)


def event(one: Event) -> dict[str, object]:
    """An event."""
    return {
        "id": one.id,
        "at": one.at,
        "kind": one.kind,
        "task_id": one.task_id,
        "agent": one.agent,
        "note": one.note,
        "data": one.data,
    }


def reservation(one: Reservation) -> dict[str, object]:
    """A reservation."""
    return {
        "id": one.seq,
        "pattern": one.pattern,
        "agent": one.agent,
        "task_id": one.task_id,
        "shared": one.shared,
        "reason": one.reason,
        "created_at": one.created_at,
        "expires_at": one.expires_at,
    }


def overlap(one: Overlap) -> dict[str, object]:
    """An overlap of a pattern with somebody else's reservation."""
    return {"pattern": one.pattern, "held": reservation(one.held)}


def agent(one: Agent) -> dict[str, object]:
    """An agent."""
    return {
        "name": one.name,
        "kind": one.kind,
        "status": str(one.status),
        "skills": list(one.skills),
        "task_id": one.task_id,
        "worktree": one.worktree,
        "heartbeat_at": one.heartbeat_at,
        "model": one.model,
        "retired_at": one.retired_at,
    }


def usage(one: Usage) -> dict[str, object]:
    """What was used: tokens, and US dollars where they are known."""
    return {
        "tokens": one.tokens,
        "fresh_tokens": one.fresh,
        "cached_tokens": one.cached,
        "output_tokens": one.output,
        "cost": one.cost,
    }


def run(one: Run) -> dict[str, object]:
    """A run of an agent's program."""
    return {
        "agent": one.agent,
        "task_id": one.task_id,
        "title": one.title,
        "adapter": one.adapter,
        "model": one.model,
        "started_at": one.started_at,
        "ended_at": one.ended_at,
    } | usage(one.usage)


def swarm(one: Swarm) -> dict[str, object]:
    """A swarm; `asks_nobody` are the adapters that bypass permissions."""
    return {
        "id": one.id,
        "host": one.host,
        "pid": one.pid,
        "base": one.base,
        "size": one.size,
        "wanted": one.wanted,
        "asks_nobody": [name for name in one.bypass.split(", ") if name],
        "started_at": one.started_at,
    }


def listing(name: str, items: Sequence[dict[str, object]], total: int) -> dict[str, object]:
    """A listing that says how much it left out."""
    return {"schema": SCHEMA, name: list(items), "total": total, "has_more": total > len(items)}


def error(code: int, name: str, message: str, hint: str) -> dict[str, object]:
    """What went wrong, and what to do about it; the code is the exit code."""
    found = {"code": code, "name": name, "message": message, "hint": hint}
    return {"schema": SCHEMA, "error": found}


def text(document: dict[str, object]) -> str:
    """The document as one line of JSON."""
    return json.dumps(document, ensure_ascii=True)


def _number(value: object) -> int:
    return int(str(value))
