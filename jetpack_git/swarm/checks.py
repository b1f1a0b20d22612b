"""Checks: what the config demands of a merged tree, run in a worktree of their own.

The worktree is one of the pool. Between runs it is clean, on no branch, and at a commit that some
branch has. What git ignores in it is kept, so that caches stay warm. Before a run it is noted that
there is one: whoever finds the note after a death ends what still runs, and knows that what lies
there is the run's.
"""

from __future__ import annotations

import json
import shlex
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from jetpack_git import ids
from jetpack_git.data.database import Database
from jetpack_git.data.rows import dump
from jetpack_git.errors import GitFailed
from jetpack_git.errors import Negative
from jetpack_git.git import worktrees
from jetpack_git.git.clone import Clone
from jetpack_git.git.run import git
from jetpack_git.models.config import Config
from jetpack_git.swarm import branches
from jetpack_git.swarm import git_locks
from jetpack_git.swarm import harness
from jetpack_git.swarm import processes
from jetpack_git.work.agents import is_same_process
from jetpack_git.work.agents import started

NAME = "checks"  # of the worktree in the pool
RUNNING = "checking"  # the name of the note, in the table `meta`
SHOWN = 500  # characters of the end of what a check printed


class CheckFailed(Negative):
    """A check did not pass."""

    name = "check_failed"


@dataclass(frozen=True)
class Checks:
    """The checks of one swarm, which can be told to end early."""

    clone: Clone
    db: Database
    base: str
    config: Config
    stop: Callable[[], bool]
    hurry: Callable[[], bool]

    def failure(self, commit: str, name: str) -> CheckFailed | None:
        """How the first check failed that the commit does not pass.

        None when it passes all. `name` is the task's that is to be merged, for the log. Raises
        StoreError when a check cannot be run, and Negative when the swarm is to stop. To be
        called while nobody else integrates.
        """
        if not self.config.integration.checks:
            return None
        root = Path(self.clone.pool, NAME)
        mark = ids.incarnation()
        worktrees.ensure(root, clone=Path(self.clone.common_dir), start=commit)
        if not worktrees.is_clean(root):
            branches.save_unfinished(root, "Work that was found in this worktree", None)
        _check_clean(root)
        self._note(mark, None)
        passed = False
        try:
            worktrees.switch(root, "--detach", commit)
            failed = self._run(root, mark, name)
            passed = failed is None
        finally:
            _clear(root, self.clone, commit if passed else f"refs/heads/{self.base}")
            self.db.run("meta.set", name=RUNNING, value="")
        return failed

    def _run(self, root: Path, mark: str, name: str) -> CheckFailed | None:
        log = Path(self.clone.home, "logs", f"{name}.checks.log")
        log.parent.mkdir(exist_ok=True)
        env = harness.inherited() | {
            processes.MARK: mark, "GIT_CEILING_DIRECTORIES": str(root.parent),
        }  # fmt: skip
        swarm = self.config.swarm
        limits = harness.Limits(
            wall_s=self.config.integration.check_timeout_s, output=swarm.output_limit_mb << 20,
            grace_s=swarm.stop_grace_s,
        )  # fmt: skip
        for check in self.config.integration.checks:
            if self.stop():
                raise Negative("The swarm was stopped before the checks had passed.")
            with log.open("a", encoding="utf-8") as file:
                file.write(f"$ {check}\n")
            outcome = harness.run(
                shlex.split(check), cwd=root, env=env, log=log, limits=limits, stop=self.stop,
                hurry=self.hurry, started=lambda pid: self._note(mark, pid),
            )  # fmt: skip
            if outcome.kind == "stopped":
                raise Negative("The swarm was stopped before the checks had passed.")
            if outcome.kind != "ended" or outcome.code != 0:
                why = {
                    "timeout": f"no end after {limits.wall_s:g} s",
                    "flood": f"more than {swarm.output_limit_mb} MB were printed",
                }.get(outcome.kind, f"exit status {outcome.code}")
                said = outcome.tail[-SHOWN:] or "it said nothing"
                return CheckFailed(f"the check `{check}` failed, {why}: {said}", hint=f"See {log}")
        return None

    def _note(self, mark: str, pid: int | None) -> None:
        value = {
            "base": self.base,
            "mark": mark,
            "pid": pid,
            "started": started(pid) if pid else None,
        }
        self.db.run("meta.set", name=RUNNING, value=dump(value))


def cut_short(db: Database) -> bool:
    """Whether checks run, or ran when their swarm died."""
    row = db.one("meta.get", name=RUNNING)
    return bool(row and row["value"])


def settle(clone: Clone, db: Database, *, grace_s: float) -> None:
    """Nothing is left of checks whose swarm died. To be called while nobody integrates."""
    row = db.one("meta.get", name=RUNNING)
    if row is None or not row["value"]:
        return
    note = json.loads(str(row["value"]))
    pid, began = note["pid"], note["started"]
    group = pid if pid and began and is_same_process(pid, began) else None
    processes.end_all(group, note["mark"], grace_s)
    root = Path(clone.pool, NAME)
    if worktrees.stands(root, clone=Path(clone.common_dir)):
        git_locks.take_over(root, grace_s=grace_s)
        _clear(root, clone, f"refs/heads/{note['base']}")
    db.run("meta.set", name=RUNNING, value="")


def _clear(root: Path, clone: Clone, commit: str) -> None:
    """Nothing is left of what a run changed or made, but for what git ignores.

    HEAD is detached at the commit. Raises GitFailed when something cannot be taken away, or when
    the folder is no worktree any more: git would clear the one around it.
    """
    if not root.is_dir():
        return
    worktrees.ensure(root, clone=Path(clone.common_dir), start=commit)
    git("reset", "--quiet", "--hard", cwd=root)
    git("clean", "--quiet", "-d", "-ff", cwd=root)  # repositories that the run made, too
    worktrees.switch(root, "--detach", commit, check=False)


def _check_clean(root: Path) -> None:
    """Nothing in the worktree would get into what is checked. Raises GitFailed."""
    if not worktrees.is_clean(root):
        odd = ", ".join(worktrees.nested(root)[:5]) or "it is not clean"
        raise GitFailed(f"{root} cannot be used for checks: {odd}; it is left as it is.")
