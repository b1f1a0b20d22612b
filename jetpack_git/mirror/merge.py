"""What becomes of a row when its file is read."""

from __future__ import annotations

from dataclasses import replace

from jetpack_git.models.task import Task


def merged(ours: Task, theirs: Task) -> Task:
    """The row with all that the file says; what no file says stays."""
    is_parent = ours.children > 0
    return replace(
        theirs,
        status=ours.status if is_parent else theirs.status,
        completed_at=ours.completed_at if is_parent else theirs.completed_at,
        children=ours.children,
        created_at=theirs.created_at or ours.created_at,
        commit_id=ours.commit_id,
        claimed_at=ours.claimed_at,
    )
