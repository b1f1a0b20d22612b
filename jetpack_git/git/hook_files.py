"""The files that hooks are made of: where git looks for them, and what ours is written as."""

from __future__ import annotations

import os
import re
import shlex
from contextlib import suppress
from pathlib import Path

from jetpack_git.git.run import git

HOOKS = ("pre-commit", "pre-merge-commit", "pre-push")
LOADERS = ("post-checkout", "post-merge", "post-rewrite")  # they load what came
REFERENCES = "reference-transaction"  # only where somebody asked for it
BEGIN = b"# >>> git-jetpack >>>"
BLOCK = re.compile(rb"^%b\r?\n.*?^# <<< git-jetpack <<<" % BEGIN, re.M | re.S)


def hooks_dir(worktree: Path) -> Path:
    """The folder where git looks for the hooks of this worktree; it may not exist."""
    return worktree.absolute() / git("rev-parse", "--git-path", "hooks", cwd=worktree)


def own_folder(worktree: Path) -> Path:
    """The folder of the hooks when core.hooksPath says nothing."""
    return worktree.absolute() / git("rev-parse", "--git-common-dir", cwd=worktree) / "hooks"


def template(name: str) -> bytes:
    """The shim as shipped: in the wheel inside the package, in a checkout beside it."""
    files = [folder / "hooks" / name for folder in Path(__file__).parents[1:3]]
    return next(file for file in files if file.is_file()).read_bytes()


def shim(name: str, python: Path) -> bytes:
    return template(name).replace(b"@PYTHON@", os.fsencode(shlex.quote(str(python.absolute()))))


def text_at(path: Path) -> bytes:
    """What can be read at `path`, through links; empty when nothing can."""
    with suppress(OSError):
        return path.read_bytes() if path.is_file() else b""
    return b""
