"""What must hold after any chaos, once all that was begun is over."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

from chaos.world import World
from conftest import Repo
from swarm_tools import check_clean
from swarm_tools import marked
from swarm_tools import opened


def check(world: World) -> None:
    """No task and no work is lost, nothing is done twice, and nothing is left over."""
    repo = world.repo
    assert not marked(repo), "processes are left"
    left = world.open()
    assert not left, "tasks are not finished, or not merged"
    tasks = {one["id"] for one in repo.ok("list", "-n", "0")["tasks"]}
    assert tasks >= set(world.added), "tasks are lost"
    _check_work(world, tasks)
    _check_completions(repo, tasks)
    _check_order(repo, tasks)
    _check_files(repo, tasks)
    _check_git(repo)
    check_clean(repo)


def _check_work(world: World, tasks: set[str]) -> None:
    """Each line that an agent ever wrote is in the base, and each task has at least one."""
    told = world.evidence.read_text().splitlines()
    there = Counter(
        line
        for name in world.repo.git("ls-tree", "-r", "--name-only", "main", "work/").split()
        for line in world.repo.git("show", f"main:{name}").splitlines()
    )
    assert set(told) <= set(there), f"work is lost: {set(told) - set(there)}"
    assert max(there.values(), default=1) == 1, "work is there twice"
    assert {line.split()[0] for line in there} == tasks, "completed without work"


def _check_completions(repo: Repo, tasks: set[str]) -> None:
    """No task was completed twice, unless it was opened again in between; none merged twice."""
    merges = Counter(
        repo.git(
            "log", "--merges", "--format=%(trailers:key=Jetpack-Task,valueonly)", "main"
        ).split()
    )
    assert max(merges.values(), default=0) <= 1, merges.most_common(3)
    with opened(repo) as workspace:
        for task_id in tasks:
            kinds = [one.kind for one in workspace.tasks.log(task_id)]
            balance = 0
            for kind in kinds:
                balance += kind == "task.completed"
                balance -= kind == "task.reopened"
                assert balance <= 1, (task_id, kinds)
            assert balance == 1, (task_id, kinds)
        assert workspace.db.all("meta.integrity") == [{"quick_check": "ok"}]


def _check_order(repo: Repo, tasks: set[str]) -> None:
    """No attempt that counts began before what it waited for was completed."""
    with opened(repo) as workspace:
        logs = {one: workspace.tasks.log(one) for one in tasks}
        for task_id in tasks:
            begun = [one.at for one in logs[task_id] if one.kind == "task.begun"]
            for other in workspace.tasks.get(task_id).depends:
                done = next(one.at for one in logs[other] if one.kind == "task.completed")
                assert all(done <= at for at in begun), (task_id, other)


def _check_files(repo: Repo, tasks: set[str]) -> None:
    """The task files in the base say what the database says."""
    found = repo.ok("list", "-n", "0", "--at", "main")["tasks"]
    assert {one["id"]: one["status"] for one in found} == dict.fromkeys(tasks, "completed")
    doctor = repo.jetpack("doctor", "--dry-run")
    assert doctor.code == 0, doctor


def _check_git(repo: Repo) -> None:
    """Git is sound: no lock is left, and every worktree is one that it lists.

    That of git's own housekeeping is git's affair: who meets it leaves the housekeeping out.
    """
    locks = {str(one.relative_to(repo.path)) for one in (repo.path / ".git").rglob("*.lock")}
    assert locks <= {".git/objects/maintenance.lock"}
    listed = repo.git("worktree", "list", "--porcelain")
    assert "prunable" not in listed
    folders = [line.split(" ", 1)[1] for line in listed.splitlines() if line.startswith("worktree")]
    pool = repo.path / ".jetpack" / "worktrees"
    assert {str(one) for one in pool.iterdir()} <= {str(Path(one)) for one in folders}
    assert repo.git("status", "--porcelain") == ""
