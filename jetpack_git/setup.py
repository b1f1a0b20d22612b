"""Setting up a clone, and taking that away again."""

from __future__ import annotations

import os
import re
import sys
from contextlib import suppress
from dataclasses import dataclass
from dataclasses import field
from pathlib import Path

from jetpack_git.data.database import open_database
from jetpack_git.errors import BadInput
from jetpack_git.errors import Conflict
from jetpack_git.errors import StoreError
from jetpack_git.git import drivers
from jetpack_git.git import hooks
from jetpack_git.git import worktrees
from jetpack_git.git.clone import FOLDER
from jetpack_git.git.clone import Clone
from jetpack_git.git.facts import facts
from jetpack_git.git.run import git
from jetpack_git.mirror import load
from jetpack_git.mirror.export import Progress
from jetpack_git.mirror.report import Report
from jetpack_git.models.config import SwarmConfig
from jetpack_git.swarm import integrate
from jetpack_git.work import settings
from jetpack_git.work.agents import Agents
from jetpack_git.work.agents import is_alive
from jetpack_git.workspace import Workspace

OLDEST_GIT = (2, 38)  # `git merge-tree --write-tree`
CONFIG = """\
# Settings of git-jetpack for this repository. Commit this file.
guard:
  mode: block       # block | warn | off: what a commit of reserved paths meets
  on_error: block   # block | warn | allow: what happens when the guard cannot tell
swarm:
  strategy: best-fit   # first-fit | best-fit | round-robin | load-balanced | graph-prioritized
  integrate: leave     # leave | merge | pr: what happens to a finished task's branch
mirror:
  autostage: true   # a commit carries the task files that were written in its worktree
"""
IGNORED = "*\n!.gitignore\n!config.yaml\n"


@dataclass
class Setup:
    """What `init` did: files made, hooks (action, path), and what the task files brought."""

    made: list[str] = field(default_factory=list)
    hooks: list[hooks.Installed] = field(default_factory=list)
    loaded: Report | None = None


def check(clone: Clone, *, with_hooks: bool) -> None:
    """The clone can be set up; nothing is written yet. Raises BadInput."""
    where = _where(clone)
    _check_git(where)
    try:
        clone.home.encode()
    except UnicodeEncodeError as error:
        raise BadInput(
            f"{clone.home} is no UTF-8 text, so no database can be there.",
            hint="Rename the folder.",
        ) from error
    if with_hooks:
        for one in worktrees.all_worktrees(where)[1:]:
            worktrees.check_interpreter(Path(sys.executable), Path(one.path), None)


def prepare(clone: Clone) -> list[str]:
    """The config and what git ignores of our folder are there; which files were made.

    A file that is there already is left as it is. Raises StoreError.
    """
    wanted = {}
    if clone.main_worktree is not None or clone.worktree is None:
        wanted[Path(clone.home, ".gitignore")] = IGNORED
    if clone.worktree is not None:
        wanted[Path(clone.worktree, FOLDER, "config.yaml")] = CONFIG
        wanted[Path(clone.worktree, FOLDER, ".gitignore")] = IGNORED
    try:
        os.makedirs(clone.home, exist_ok=True)
        made = [path for path, text in wanted.items() if _write_new(path, text)]
    except OSError as error:
        raise StoreError(
            f"{error.filename} cannot be written: {error.strerror}.",
            hint="Check what stands there, and the folder's rights.",
        ) from error
    return [os.path.relpath(path, clone.worktree or clone.common_dir) for path in made]


def finish(
    workspace: Workspace, *, with_hooks: bool, references: bool = False,
    progress: Progress | None = None,
) -> Setup:  # fmt: skip
    """The open clone knows its repository, the guard stands, and the files are loaded."""
    clone = workspace.clone
    where = _where(clone)
    setup = Setup()
    _note_repository(workspace, where)
    try:
        settings.of(workspace.clone, workspace.db, workspace.warnings)
    except BadInput as error:
        workspace.warnings.append(f"{error.message} {error.hint}")
    python = Path(sys.executable)
    with workspace.db.transaction_quietly():  # of two that install at once, one waits
        drivers.install(where, python=python)
        if with_hooks:
            also = [*hooks.LOADERS, *([hooks.REFERENCES] if references else [])]
            setup.hooks = hooks.install(where, python=python, also=also)
    if with_hooks:
        hooks.self_test(where, python=python)
    if clone.worktree is not None:
        setup.loaded = load.load(workspace.db, clone.worktree, progress=progress)
    return setup


def _where(clone: Clone) -> Path:
    """Where git is run for the clone."""
    return Path(clone.worktree or clone.common_dir)


def _check_git(cwd: Path) -> None:
    """Git is new enough. Raises BadInput."""
    text = git("version", cwd=cwd)
    found = re.search(r"(\d+)\.(\d+)", text)
    if found is None or (int(found[1]), int(found[2])) < OLDEST_GIT:
        raise BadInput(
            f"This is {text}; git-jetpack needs {'.'.join(map(str, OLDEST_GIT))} or newer.",
            hint="Upgrade git.",
        )


def _write_new(path: Path, text: str) -> bool:
    """Whether the file was made; one that is there already stays as it is."""
    path.parent.mkdir(parents=True, exist_ok=True)
    try:
        with path.open("x", encoding="utf-8") as file:
            file.write(text)
    except FileExistsError:
        return False
    return True


def _note_repository(workspace: Workspace, where: Path) -> None:
    """The database knows what git's config says of the repository."""
    with workspace.db.transaction():
        for name, value in facts(where).items():
            workspace.db.run("meta.set", name=name, value=value)


@dataclass
class Teardown:
    """What `uninstall` took away, and what it left where it was."""

    hooks: list[hooks.Removed] = field(default_factory=list)
    drivers: bool = False
    removed: list[str] = field(default_factory=list)
    left: list[str] = field(default_factory=list)


def uninstall(clone: Clone) -> Teardown:
    """The hooks hold none of our text, and the pool's worktrees are gone where that is safe.

    The config, the task files and the database stay: they hold your work. The database
    need not be readable. Raises Conflict while agents still work here.
    """
    check_stopped(clone)
    where = _where(clone)
    _end_checks(clone)
    teardown = Teardown(hooks=hooks.uninstall(where), drivers=drivers.uninstall(where))
    pool = Path(clone.pool)
    for path in sorted(pool.iterdir()) if pool.is_dir() else []:
        if path.is_dir() and worktrees.remove(path, clone=where):
            teardown.removed.append(str(path))
        else:
            teardown.left.append(str(path))
    if pool.is_dir() and not any(pool.iterdir()):
        pool.rmdir()
    return teardown


def _end_checks(clone: Clone) -> None:
    """Nothing is left of checks whose swarm was killed, as far as the database can tell."""
    with suppress(StoreError):
        db = open_database(clone.database)
        workspace = Workspace(clone, db, name=None, incarnation=None)
        try:
            integrate.settle(workspace, grace_s=0)
        finally:
            workspace.close()


def check_stopped(clone: Clone) -> None:
    """No agent is at work, as far as the database can tell. Raises Conflict."""
    try:
        db = open_database(clone.database)
    except StoreError:
        return
    try:
        running = Agents(db).running()
        alive = [one.name for one in running if is_alive(one, stale_after_s=_STALE_AFTER_S)]
    finally:
        db.close()
    if alive:
        raise Conflict(
            f"{', '.join(alive)} still work here.",
            hint="Stop the swarm first: Ctrl-C where it was started.",
        )


_STALE_AFTER_S = SwarmConfig().stale_after_s
