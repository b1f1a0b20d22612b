"""Where the files of nouns are."""

from __future__ import annotations


def memory_path(memory_type: str, memory_id: str) -> str:
    """The path of a memory's file from the root of the worktree."""
    return f".memories/{''.join(map(_in_a_path, memory_type))}/{memory_id}.md"


def _in_a_path(one: str) -> str:
    """The character, or what stands for it in the name of a folder."""
    if (one.isascii() and one.isalnum()) or one in "-_":
        return one
    return "".join(f"%{byte:02X}" for byte in one.encode())
