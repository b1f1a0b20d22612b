"""A memory as the text of its file."""

from __future__ import annotations

from jetpack_git.mirror import text
from jetpack_git.models.memory import IMPORTANCE
from jetpack_git.models.memory import REPOSITORY
from jetpack_git.models.memory import Memory


def memory_text(memory: Memory) -> str:
    """The whole text of the memory's file."""
    lines = [text.FENCE, *text.fields(
        ("id", memory.id),
        ("title", memory.title),
        ("created", memory.created_at),
        ("type", memory.memory_type),
        ("importance", None if memory.importance == IMPORTANCE else memory.importance),
        ("scope", None if memory.scope == REPOSITORY else memory.scope),
        ("agent", memory.agent),
        ("task", memory.task_id),
        ("commit", memory.commit_id),
        ("valid_from", memory.valid_from),
        ("expires", memory.expires_at),
        ("superseded_by", memory.superseded_by),
    )]  # fmt: skip
    if memory.tags:
        lines += ["tags:", *(f"  - {text.scalar(one)}" for one in sorted(memory.tags))]
    lines += text.unknown(memory.extra)
    return text.whole(lines, memory.body)
