"""Setting up a clone, and taking that away again."""

from __future__ import annotations

import os
import re
import sys
from dataclasses import dataclass
from dataclasses import field
from pathlib import Path

from jetpack_git.errors import BadInput
from jetpack_git.errors import StoreError
from jetpack_git.git import hooks
from jetpack_git.git import worktrees
from jetpack_git.git.clone import FOLDER
from jetpack_git.git.clone import Clone
from jetpack_git.git.run import git
from jetpack_git.mirror import load
from jetpack_git.workspace import Workspace

OLDEST_GIT = (2, 38)  # `git merge-tree --write-tree`
CONFIG = """\
# Settings of git-jetpack for this repository. Commit this file.
guard:
  mode: block       # block | warn | off: what a commit of reserved paths meets
  on_error: block   # block | warn | allow: what happens when the guard cannot tell
swarm:
  strategy: best-fit   # first-fit | best-fit | graph-prioritized
  integrate: leave     # leave | merge: what happens to a finished task's branch
"""
IGNORED = "*\n!.gitignore\n!config.yaml\n"


@dataclass
class Setup:
    """What `init` did: files made, hooks (action, path), and what the task files brought."""

    made: list[str] = field(default_factory=list)
    hooks: list[hooks.Installed] = field(default_factory=list)
    loaded: load.Report | None = None


def check_git(cwd: Path) -> None:
    """Git is new enough. Raises BadInput."""
    text = git("version", cwd=cwd)
    found = re.search(r"(\d+)\.(\d+)", text)
    if found is None or (int(found[1]), int(found[2])) < OLDEST_GIT:
        raise BadInput(
            f"This is {text}; git-jetpack needs {'.'.join(map(str, OLDEST_GIT))} or newer.",
            hint="Upgrade git.",
        )


def prepare(clone: Clone) -> list[str]:
    """The config and what git ignores of our folder are there; which files were made.

    A file that is there already is left as it is.
    """
    made = []
    home = Path(clone.home)
    wanted = [(home / ".gitignore", IGNORED)]
    if clone.worktree is not None:
        if clone.main_worktree is None:
            wanted = []
        wanted.append((Path(clone.worktree, FOLDER, "config.yaml"), CONFIG))
        wanted.append((Path(clone.worktree, FOLDER, ".gitignore"), IGNORED))
    for path, text in dict(wanted).items():
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            with path.open("x", encoding="utf-8") as file:
                file.write(text)
        except FileExistsError:
            continue
        except OSError as error:
            raise StoreError(
                f"{path} cannot be written: {error.strerror}.", hint="Check the folder's rights."
            ) from error
        made.append(os.path.relpath(path, clone.worktree or clone.home))
    return made


def finish(workspace: Workspace, *, with_hooks: bool) -> Setup:
    """The open clone knows its repository, the guard stands, and the files are loaded."""
    clone = workspace.clone
    where = Path(clone.worktree or clone.common_dir)
    setup = Setup()
    _note_repository(workspace, where)
    if with_hooks:
        python = Path(sys.executable)
        main = Path(clone.main_worktree) if clone.main_worktree else None
        hooks.check_interpreter(python, where, main)
        setup.hooks = hooks.install(where, python=python)
        hooks.self_test(where, python=python)
    if clone.worktree is not None:
        setup.loaded = load.load(workspace.db, clone.worktree)
    return setup


def _note_repository(workspace: Workspace, where: Path) -> None:
    """The database knows how the repository names objects and compares file names."""
    found = {
        "object_format": git("rev-parse", "--show-object-format", cwd=where),
        "ignorecase": git("config", "--type=bool", "core.ignorecase", cwd=where, check=False)
        or "false",
    }
    with workspace.db.transaction():
        for name, value in found.items():
            workspace.db.run("meta.set", name=name, value=value)


@dataclass
class Teardown:
    """What `uninstall` took away, and what it left where it was."""

    hooks: list[hooks.Removed] = field(default_factory=list)
    removed: list[str] = field(default_factory=list)
    left: list[str] = field(default_factory=list)


def uninstall(workspace: Workspace) -> Teardown:
    """The hooks hold none of our text, and the pool's worktrees are gone where that is safe.

    The config, the task files and the database stay: they hold your work.
    """
    clone = workspace.clone
    where = Path(clone.worktree or clone.common_dir)
    teardown = Teardown(hooks=hooks.uninstall(where))
    pool = Path(clone.pool)
    for path in sorted(pool.iterdir()) if pool.is_dir() else []:
        if path.is_dir() and worktrees.remove(path, clone=where):
            teardown.removed.append(str(path))
        else:
            teardown.left.append(str(path))
    if pool.is_dir() and not any(pool.iterdir()):
        pool.rmdir()
    return teardown
