"""What a branch remembers: the memories that it adds, changes or forgets."""

from __future__ import annotations

from jetpack_git.errors import BadInput
from jetpack_git.git import objects
from jetpack_git.mirror import files
from jetpack_git.mirror import read
from jetpack_git.models.memory import Memory
from jetpack_git.models.review import Learned
from jetpack_git.review.sides import Sides


def learned(sides: Sides) -> list[Learned]:
    """An entry for each memory whose file differs, by id; a moved one is one."""
    changed = [
        one for one in sides.changed if files.is_memory(one.path) and one.path.endswith(".md")
    ]
    blobs = objects.blobs(
        [blob for one in changed for blob in (one.old, one.new) if blob], cwd=sides.cwd, fetch=True
    )
    before: dict[str, Memory] = {}
    after: dict[str, Memory] = {}
    for one in changed:
        for blob, side in ((one.old, before), (one.new, after)):
            memory = _memory(blobs.get(blob), one.path)
            if memory is not None:
                side[memory.id] = memory
    found = []
    for memory_id in sorted({*before, *after}):
        kind = "changed" if memory_id in before else "added"
        kind = kind if memory_id in after else "forgotten"
        memory = after.get(memory_id) or before[memory_id]
        about = (memory.memory_type, memory.title, memory.body, memory.agent or "")
        found.append(Learned(memory_id, kind, *about))
    return found


def unreadable(sides: Sides) -> list[tuple[str, str]]:
    """The path of each memory that cannot be read as it stands now, and why."""
    found = []
    for one in sides.changed:
        if not files.is_memory(one.path) or not one.path.endswith(".md") or not one.new:
            continue
        data = objects.blobs([one.new], cwd=sides.cwd, fetch=True).get(one.new, b"")
        try:
            read.memory(data, one.path)
        except BadInput as error:
            found.append((one.path, error.message))
    return found


def _memory(data: bytes | None, path: str) -> Memory | None:
    try:
        return read.memory(data, path) if data else None
    except BadInput:
        return None  # a finding says so
