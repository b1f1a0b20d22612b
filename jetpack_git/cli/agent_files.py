"""What `init --agent` and `uninstall` say of the files that agents' CLIs read."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from jetpack_git.cli import terminal
from jetpack_git.outfit import files
from jetpack_git.outfit.files import Done
from jetpack_git.outfit.kinds import KINDS
from jetpack_git.outfit.kinds import has_server


def install(root: str, agents: Sequence[str]) -> list[Done]:
    """The files of these CLIs are written, as far as they can be."""
    served = has_server()
    return [
        one
        for name in dict.fromkeys(agents)
        for one in files.install(Path(root), name, with_server=served)
    ]


def uninstall(root: str | None) -> list[Done]:
    """Nothing of ours is in the files of the worktree."""
    return files.uninstall(Path(root)) if root is not None else []


def document(one: Done) -> dict[str, object]:
    """What became of a file."""
    return {
        "agent": one.agent, "path": one.path, "action": one.action, "reason": one.reason,
        "lines": one.lines,
    }  # fmt: skip


def line(one: Done) -> str:
    """The same, for a person."""
    return f"{one.agent}: {one.action} ({one.path})"


def tell(done: Sequence[Done], agents: Sequence[str], *, aloud: bool) -> bool:
    """Whether a file was left alone. What there is to know is told, and what to add by hand."""
    left = [one for one in done if one.action == "left"]
    if aloud:
        for name in dict.fromkeys(agents):
            if KINDS[name].note:
                terminal.warn(KINDS[name].note)
        if agents and not has_server():
            terminal.warn(
                "the MCP server was left out: it needs the extra, pip install 'git-jetpack[mcp]'"
            )
        for one in left:
            terminal.warn(f"{one.path} was left alone: {one.reason}. Add these lines to it:")
            terminal.say(one.lines)
    return bool(left)
