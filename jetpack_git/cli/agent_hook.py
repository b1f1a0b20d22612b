"""Hooks of agents' CLIs: what one is told as it begins, before it edits, and before it stops.

A hook must never be in the way by accident: whatever goes wrong here is silence and exit code 0.
What it decides is checked again when the agent's work is committed.
"""

from __future__ import annotations

import contextlib
import json
import os
import re
import sys
from collections.abc import Callable
from collections.abc import Iterator
from collections.abc import Mapping
from typing import Any

from jetpack_git import clock
from jetpack_git.cli import documents
from jetpack_git.cli import main
from jetpack_git.cli import terminal
from jetpack_git.cli.frame import Frame
from jetpack_git.models.task import Task
from jetpack_git.models.visible import safe
from jetpack_git.work import settings

PATHS = ("file_path", "filePath", "notebook_path", "path")
PATCH = re.compile(r"^\*\*\* (?:(?:Add|Update|Delete) File|Move to): (.+)$", re.MULTILINE)
IN_SWARM = "JETPACK_TASK"
BUSY_TIMEOUT_S = "2"
QUIET_S = 600  # so long after a report an agent may stop without another one


def answer(name: str, kind: str) -> None:
    """The answer to the hook of that name is on stdout, in the form of that CLI."""
    with contextlib.suppress(Exception):
        said = json.loads(sys.stdin.buffer.read() or b"{}")
        if os.path.isdir(said.get("cwd") or ""):
            os.chdir(said["cwd"])
        os.environ.setdefault("JETPACK_BUSY_TIMEOUT_S", BUSY_TIMEOUT_S)
        found = HOOKS[name](said, kind)
        if found:
            terminal.say(found if isinstance(found, str) else documents.text(found))


def _start(said: Mapping[str, Any], kind: str) -> str | dict[str, object]:
    """What `git jetpack prime` says. An agent of a swarm has been told already."""
    if IN_SWARM in os.environ:
        return {}
    text = str(_run("prime", "--json")["text"])
    return _context("SessionStart", text) if kind == "gemini" else text


def _edit(said: Mapping[str, Any], kind: str) -> dict[str, object]:
    """No, where `git jetpack guard` says so of a path."""
    found = [
        conflict
        for path in dict.fromkeys(_paths(said.get("tool_input")))
        for conflict in _run("guard", "--json", "--", path).get("conflicts", [])
    ]
    if not found:
        return {}
    mode = _mode()
    reason = " ".join([*map(_told, found), "Leave it alone, or agree with the holder: git jetpack "
                       f"send {found[0]['holder']} -s SUBJECT -m TEXT"])  # fmt: skip
    if mode == "off":
        return {}
    if mode == "warn":
        is_claude = kind == "claude"
        return _context("PreToolUse", reason) if is_claude else {"systemMessage": reason}
    if kind in ("gemini", "opencode"):
        return {"decision": "deny", "reason": reason}
    return {
        "hookSpecificOutput": {
            "hookEventName": "PreToolUse",
            "permissionDecision": "deny",
            "permissionDecisionReason": reason,
        }
    }


def _stop(said: Mapping[str, Any], kind: str) -> dict[str, object]:
    """Not yet, once, where the agent holds a task of which it has said nothing lately.

    For an agent of a swarm that is said by how it ends.
    """
    if said.get("stop_hook_active") or IN_SWARM in os.environ:
        return {}
    frame = Frame(json=True, name=None)
    try:
        workspace = frame.workspace
        agent = workspace.agent
        held = [one for one in workspace.tasks.held() if one.assignee == agent and _is_due(one)]
    finally:
        frame.tells_of_mail = False
        frame.close()
    if not held:
        return {}
    ids = ", ".join(one.id for one in held)
    reason = (
        f"You hold {ids} in git jetpack. Say how it stands before you stop: git jetpack done ID -m "
        '"what you did", progress ID --note "how far", fail ID -m "why", or release ID'
    )
    return {"decision": "deny" if kind == "gemini" else "block", "reason": reason}


def _is_due(task: Task) -> bool:
    """Whether nothing was said of the task since its claim, or for a while."""
    told = task.updated_at if task.updated_at > (task.claimed_at or "") else ""
    return told < clock.after(-QUIET_S)


def _run(*argv: str) -> dict[str, Any]:
    """The document that a command answers."""
    with terminal.overheard() as (said, _):
        main.run(list(argv))
    found: dict[str, Any] = json.loads("".join(said))
    return found


def _mode() -> str:
    frame = Frame(json=True, name=None)
    workspace = frame.open()
    try:
        return settings.of(workspace.clone, workspace.db, []).guard.mode
    finally:
        workspace.close()


def _context(event: str, text: str) -> dict[str, object]:
    return {"hookSpecificOutput": {"hookEventName": event, "additionalContext": text}}


def _paths(found: object) -> Iterator[str]:
    """The files that a tool is about to change, as its arguments name them."""
    if not isinstance(found, dict):
        return
    for key, value in found.items():
        if isinstance(value, str):
            if key in PATHS:
                yield value
            elif key not in ("content", "old_string", "new_string", "oldString", "newString"):
                yield from PATCH.findall(value)


def _told(conflict: Mapping[str, Any]) -> str:
    task = f" for {conflict['task_id']}" if conflict["task_id"] else ""
    return safe(
        f"{conflict['path']} is reserved: {conflict['holder']} holds {conflict['pattern']}{task} "
        f"until {conflict['until']}."
    )


HOOKS: dict[str, Callable[[Mapping[str, Any], str], str | dict[str, object]]] = {
    "agent-start": _start, "agent-edit": _edit, "agent-stop": _stop,
}  # fmt: skip
