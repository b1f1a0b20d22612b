"""The doctor: what is wrong in a clone, and its repair.

Each check yields findings; a finding may bring the function that repairs it.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from collections.abc import Iterator
from contextlib import suppress
from functools import partial
from pathlib import Path

from jetpack_git import ids
from jetpack_git.data import settle
from jetpack_git.data.database import Database
from jetpack_git.data.journal import Journal
from jetpack_git.data.rows import dump
from jetpack_git.doctor import memories
from jetpack_git.doctor.finding import Finding
from jetpack_git.errors import BadInput
from jetpack_git.errors import StoreError
from jetpack_git.git import drivers
from jetpack_git.git import hooks
from jetpack_git.git import worktrees
from jetpack_git.git.clone import Clone
from jetpack_git.git.facts import facts
from jetpack_git.git.run import git
from jetpack_git.mirror import drift
from jetpack_git.mirror import export
from jetpack_git.mirror import files
from jetpack_git.mirror import structure
from jetpack_git.models.config import Config
from jetpack_git.models.config import SwarmConfig
from jetpack_git.outfit import files as outfit
from jetpack_git.outfit.kinds import has_server
from jetpack_git.swarm import base
from jetpack_git.swarm import integrate
from jetpack_git.swarm.recover import recover
from jetpack_git.work import settings
from jetpack_git.work.agents import Agents
from jetpack_git.work.agents import is_alive
from jetpack_git.workspace import Workspace


def examine(workspace: Workspace) -> list[Finding]:
    """All that is wrong, in the order in which it is to be repaired. Nothing is changed."""
    found = list(_integrity(workspace))
    if found:
        return found
    for check in _CHECKS:
        found += check(workspace)
    return found


def _integrity(workspace: Workspace) -> Iterator[Finding]:
    """The database file is whole."""
    said = [str(next(iter(row.values()))) for row in workspace.db.all("meta.integrity")]
    if said != ["ok"]:
        yield Finding(
            "database", f"The database is damaged: {said[0]}",
            "Set the file aside under another name and run: git jetpack init",
        )  # fmt: skip


LOST = "database"  # the check that a database is there at all


def lost(clone: Clone, error: StoreError, make: Callable[[], object]) -> Finding:
    """There is no usable database, though this clone was set up; `make` makes it anew."""
    aside = f"{clone.database}.{ids.token(6)}"

    def repair() -> None:
        for ending in ("", "-wal", "-shm"):
            with suppress(FileNotFoundError):
                os.rename(f"{clone.database}{ending}", f"{aside}{ending}")
        make()

    there = os.path.exists(clone.database)
    return Finding(
        LOST,
        f"{error.message} Claims in flight, reservations, mail and agents are lost with it, and "
        "working memories; tasks, plans, logs and memories are in the files.",
        (f"Set it aside as {aside}, and make it" if there else "Make it")
        + " anew from the files of this worktree.",
        repair,
    )


def _settings(workspace: Workspace) -> Config:
    """The settings; unlike `workspace.config` this keeps nothing. Raises BadInput."""
    return settings.read(workspace.clone.config, workspace.db)


def _config(workspace: Workspace) -> Iterator[Finding]:
    """The config can be read, and every key in it is known."""
    try:
        unknown = _settings(workspace).unknown
    except BadInput as error:
        yield Finding("config", error.message, error.hint)
        return
    for key in unknown:
        yield Finding("config", f"The config has an unknown key {key!r}.", "Check its spelling.")


def _repository(workspace: Workspace) -> Iterator[Finding]:
    """The database knows what git's config says: it was told by the last `init`."""
    db = workspace.db
    for name, value in facts(Path(workspace.clone.worktree or workspace.clone.common_dir)).items():
        row = db.one("meta.get", name=name)
        if row is None or row["value"] != value:
            yield Finding(
                "repository", f"Git's {name} is {value} by now, and the database goes by another.",
                "Go by git's from now on.", partial(db.run, "meta.set", name=name, value=value),
            )  # fmt: skip


def _structure(workspace: Workspace) -> Iterator[Finding]:
    """No task waits for itself, and every parent and dependency is there."""
    db = workspace.db
    for loop in structure.loops(db, [str(row["id"]) for row in db.all("mirror.waiting")]):
        yield Finding(
            "tasks", f"Tasks wait for each other: {' -> '.join(loop)}",
            "Take one dependency out with: git jetpack dep rm ID ID — or mend `parent:` in one "
            "of their files, and run: git jetpack sync",
        )  # fmt: skip
    for row in db.all("mirror.dangling"):
        yield Finding(
            "tasks", f"{row['id']} names {row['missing']}, and there is no such task.",
            f"Bring its file, or take it out of {files.task_path(str(row['id']))}",
        )  # fmt: skip


def _counts(workspace: Workspace) -> Iterator[Finding]:
    """What is derived (children, parents' status, blockers) agrees with what it follows from."""
    db = workspace.db
    wrong = db.all("tasks.wrong_counts")
    if wrong:
        ids = [str(row["id"]) for row in wrong]

        def repair() -> None:
            with db.transaction():
                parents = [str(row["id"]) for row in db.all("tasks.parents")]
                db.run("tasks.refresh_children", ids=dump(ids))
                settle.after_structure(Journal(db, None), ids, parents)
                settle.after_status(Journal(db, None), ids)

        yield Finding(
            "counts", f"{len(ids)} tasks have wrong counts, such as {ids[0]}",
            "Count them anew.", repair,
        )  # fmt: skip


def _agents(workspace: Workspace) -> Iterator[Finding]:
    """Every agent that says it runs is alive, and every held task has a holder."""
    try:
        config = _settings(workspace).swarm
    except BadInput:
        config = SwarmConfig()
    dead = [
        one
        for one in Agents(workspace.db).running()
        if not is_alive(one, stale_after_s=config.stale_after_s)
    ]
    if dead:
        yield Finding(
            "agents", f"{', '.join(one.name for one in dead)} died and may hold tasks.",
            "Keep their work on its branches, and offer their tasks again.",
            lambda: _recover(workspace, config),
        )  # fmt: skip
    known = {one.name for one in Agents(workspace.db).all()}
    for task in workspace.tasks.held():
        if task.assignee not in known:
            yield Finding(
                "agents",
                f"{task.id} is {task.status}, held by {task.assignee}, whom this clone never saw.",
                f"If nobody works on it: git jetpack release {task.id} --as '{task.assignee}'",
            )


def _recover(workspace: Workspace, config: SwarmConfig) -> None:
    """The dead hold nothing any more. Raises StoreError when that cannot be."""
    told = recover(workspace, stale_after_s=config.stale_after_s, grace_s=config.stop_grace_s)
    left = [
        one.name
        for one in Agents(workspace.db).running()
        if not is_alive(one, stale_after_s=config.stale_after_s)
    ]
    if left:
        raise StoreError("; ".join(one for one in told if "cannot be settled" in one))


def _worktrees(workspace: Workspace) -> Iterator[Finding]:
    """Every worktree of the pool is there, nothing else is, and no merge was cut short."""
    where = base.cut_short(workspace.db)
    if where is not None:
        yield Finding(
            "worktrees", f"A merge into the branch of {where} was cut short.",
            "Put its files back to where the branch is.",
            lambda: integrate.settle(workspace, grace_s=SwarmConfig().stop_grace_s),
        )  # fmt: skip
    clone = Path(workspace.clone.worktree or workspace.clone.common_dir)
    listed = worktrees.all_worktrees(clone)
    pool = Path(workspace.clone.pool)
    for one in listed:
        if Path(one.path).parent == pool and not Path(one.path).is_dir():
            yield Finding(
                "worktrees", f"The worktree {one.path} was deleted by hand.",
                "Let git forget it; its branch stays.",
                lambda path=one.path: git("worktree", "remove", path, cwd=clone),  # type: ignore[misc]
            )  # fmt: skip
    paths = {os.path.realpath(one.path) for one in listed}
    for folder in sorted(pool.iterdir()) if pool.is_dir() else []:
        if os.path.realpath(folder) not in paths:
            yield Finding(
                "worktrees", f"{folder} is no worktree of this clone.",
                "Look at what it holds, and move it away.",
            )  # fmt: skip


def _forgotten(workspace: Workspace) -> Iterator[Finding]:
    """The database remembers the files of no worktree that is gone."""
    db = workspace.db
    gone = [
        str(row["worktree"])
        for row in db.all("mirror.worktrees")
        if not os.path.isdir(str(row["worktree"]))
    ]
    if gone:

        def forget() -> None:
            with db.transaction_quietly():
                for path in gone:
                    db.run("mirror.forget_worktree", worktree=path)
                    db.run("mirror.forget_seen", worktree=path)
                    db.run("mirror.forget_loose", worktree=path)

        yield Finding(
            "files", f"{len(gone)} worktrees are gone whose files the database remembers.",
            "Forget them.", forget,
        )  # fmt: skip


def _files(workspace: Workspace) -> Iterator[Finding]:
    """The task files of this worktree and the database say the same."""
    db = workspace.db
    root = workspace.clone.worktree
    if root is None:
        return
    if db.all("mirror.pending", worktree=root, kind="", id="", limit=1):
        yield Finding(
            "files", "Some task files are still to be written.", "Write them.",
            lambda: _write(db, root),
        )  # fmt: skip
    for one in drift.differences(db, root):
        yield Finding("files", one.problem, one.advice, serious=one.serious)


def _write(db: Database, root: str) -> None:
    """All that is due is written. Raises StoreError when something cannot be."""
    said = export.flush(db, root)
    if said:
        raise StoreError("\n".join(said))


def _hooks(workspace: Workspace) -> Iterator[Finding]:
    """The guard is installed, and its interpreter, which need not be ours, can run it."""
    where = Path(workspace.clone.worktree or workspace.clone.common_dir)
    python = Path(sys.executable)
    states = hooks.status(where, python=python)
    for state in states:
        if state.state == "managed-missing":
            yield Finding(
                "hooks", f"{state.name} is managed by {state.found.manager}, without the guard.",
                f"Add these lines there:\n{state.found.lines}",
            )  # fmt: skip
    broken = [one.name for one in states if not _can_run(one, where)]
    if broken:
        yield Finding(
            "hooks", f"The guard does not stand in {', '.join(broken)}, or cannot run there.",
            "Install it.", lambda: hooks.install(where, python=python),
        )  # fmt: skip


def _drivers(workspace: Workspace) -> Iterator[Finding]:
    """Git knows how to merge task files by field."""
    where = Path(workspace.clone.worktree or workspace.clone.common_dir)
    python = Path(sys.executable)
    if not drivers.stand(where):
        yield Finding(
            "drivers", "Git does not know how to merge task files by field in this clone.",
            "Tell it.", lambda: drivers.install(where, python=python),
        )  # fmt: skip


def _outfit(workspace: Workspace) -> Iterator[Finding]:
    """What `init --agent` has written here is all there, and says what it says now."""
    if workspace.clone.worktree is None:
        return
    root, server = Path(workspace.clone.worktree), has_server()
    for name in outfit.stale(root, with_server=server):
        yield Finding(
            "agents", f"What {name} reads here of git-jetpack is not as it would be written now.",
            f"Write it anew: git jetpack init --agent {name}",
            partial(outfit.install, root, name, with_server=server),
        )  # fmt: skip


def _can_run(state: hooks.HookState, where: Path) -> bool:
    """Whether the hook needs no repair of ours."""
    if state.state == "missing":
        return False
    if state.interpreter is None:
        return True
    try:
        hooks.self_test(where, python=state.interpreter)
    except StoreError:
        return False
    return True


_CHECKS = (
    _config, _repository, _structure, _counts, memories.check, _agents, _worktrees, _forgotten,
    _files, _hooks, _drivers, _outfit,
)  # fmt: skip
