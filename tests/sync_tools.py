"""What the tests of the task files share: changing one by hand, and what a quiet sync says."""

from __future__ import annotations

from pathlib import Path

from conftest import Repo

NOTHING: dict[str, object] = {
    "schema": 1, "added": [], "updated": [], "deleted": [], "memories": [], "conflicts": [],
    "errors": [], "warnings": [],
}  # fmt: skip


def file(repo: Repo, task_id: str) -> Path:
    """The task's file in the worktree."""
    return repo.path / ".tasks" / f"{task_id}.md"


def mend(repo: Repo, task_id: str, old: str, new: str) -> None:
    """The text of the task's file is changed by hand."""
    found = file(repo, task_id).read_text(encoding="utf-8")
    assert old in found
    repo.write(f".tasks/{task_id}.md", found.replace(old, new))


def title(repo: Repo, task_id: str) -> str:
    """The task's title in the database."""
    return str(repo.ok("show", task_id)["task"]["title"])
