"""Clashes: a branch that cannot be merged is a task for somebody."""

from __future__ import annotations

from pathlib import Path

from jetpack_git.data.rows import to_task
from jetpack_git.errors import NotFound
from jetpack_git.git.run import git
from jetpack_git.models.task import CLOSED
from jetpack_git.models.task import Task
from jetpack_git.models.visible import safe
from jetpack_git.swarm.branches import MergeConflict
from jetpack_git.work.tasks import Tasks
from jetpack_git.workspace import Workspace

SENDER = "git-jetpack"
SHOWN = 20  # paths, and tasks of the other side
LINK = "discovered-from"


def keep(workspace: Workspace, task: Task, base: str, old: str, error: MergeConflict) -> str:
    """The conflict of the task's branch with the base is a task, made once; its id.

    It waits for nothing. Its file is written where somebody works on it, so that no
    worktree is changed under anybody.
    """
    db = workspace.db
    commit = str(task.commit_id)
    clone = Path(workspace.clone.worktree or workspace.clone.common_dir)
    others = _others(workspace, task, old, error.paths, clone)
    with db.transaction():
        row = db.one("landing.conflict_task", task_id=task.id, commit_id=commit)
        if row is None:
            made = Tasks(db).add(_task(task, base, others, error.paths), agent=SENDER).id
            said = "is to merge them"
        else:
            made = str(row["id"])
            over = row["status"] in (*CLOSED, "deleted")
            said = f"is {row['status']}" if over else "is to merge them"
        workspace.tasks.journal.event(
            "integration.conflict", task.id, agent=task.assignee or SENDER,
            note=f"{error.message}; {made} {said}", commit=commit, task=made,
        )  # fmt: skip
        db.run("landing.leave", task_id=task.id)
    return made


def _task(task: Task, base: str, others: list[str], paths: list[str]) -> Task:
    """The new task, with both sides named."""
    title = " ".join(task.title.split())[:120]
    theirs = "; ".join(others[:SHOWN]) or "nobody's task"
    lines = [
        f"The branch {task.branch} ({task.id}, {title}) changes the same lines as {base}",
        f"({theirs}).",
        "",
        "Both have changed:",
        *(f"- {safe(one)}" for one in paths[:SHOWN]),
        *([f"- … and {len(paths) - SHOWN} more"] if len(paths) > SHOWN else []),
        "",
        f"Merge that branch into yours (git merge {task.branch}) so that what both sides wanted",
        "holds, and commit the merge.",
    ]
    return Task(
        "", f"Merge {task.branch} into {base}", description="\n".join(lines),
        priority=task.priority, skills=task.skills, links=((LINK, task.id),),
    )  # fmt: skip


def _others(workspace: Workspace, task: Task, old: str, paths: list[str], cwd: Path) -> list[str]:
    """The tasks that changed these paths on the base since the branch was cut."""
    out = git(
        "log", "--no-merges", "--format=%(trailers:key=Jetpack-Task,valueonly,separator=%x20)",
        f"{task.commit_id}..{old}", "--", *(f":(top,literal){one}" for one in paths[:SHOWN]),
        cwd=cwd,
    )  # fmt: skip
    found = []
    for name in dict.fromkeys(out.split()):
        try:
            other = workspace.tasks.get(name)
        except NotFound:
            continue
        found.append(f"{other.id}, {' '.join(other.title.split())[:120]}")
    return found


def merged_with(workspace: Workspace, task: Task) -> list[Task]:
    """The finished tasks whose conflicts this one was made of."""
    rows = [workspace.db.one("tasks.get", id=other) for kind, other in task.links if kind == LINK]
    return [one for row in rows if row is not None and (one := to_task(row)).commit_id]
