"""The merge and diff drivers of task files, in this clone's own config.

A repository names them in `.tasks/.gitattributes`. Where nobody has set them up, git merges and
shows those files line by line.
"""

from __future__ import annotations

import os
import shlex
from pathlib import Path

from jetpack_git.git.run import git
from jetpack_git.git.run import succeeds

MERGE, DIFF = "merge.jetpack", "diff.jetpack"
# Should the first command not be able to, git merges as it would have without.
_MERGE = (
    "{python} -I -m jetpack_git.driver %O %A %B %P || "
    "git merge-file -L ours -L base -L theirs %A %O %B"
)
_TITLE = "^title: (.*)$"  # a hunk is headed by the title of its task


def install(worktree: Path, *, python: Path) -> None:
    """The drivers are in the config of the clone."""
    for name, value in _settings(python).items():
        if git("config", "--local", name, cwd=worktree, check=False) != value:
            git("config", "--local", name, value, cwd=worktree)


def uninstall(worktree: Path) -> bool:
    """Whether there was something of ours in the config, which is gone."""
    there = [one for one in (MERGE, DIFF) if _is_there(one, worktree)]
    for section in there:
        git("config", "--local", "--remove-section", section, cwd=worktree)
    return bool(there)


def stand(worktree: Path) -> bool:
    """Whether the drivers are set up, for an interpreter that is there."""
    said = git("config", "--local", f"{MERGE}.driver", cwd=worktree, check=False)
    try:
        python = Path(shlex.split(said)[0])
    except (ValueError, IndexError):
        return False
    wanted = _settings(python)
    there = {name: git("config", "--local", name, cwd=worktree, check=False) for name in wanted}
    return there == wanted and os.access(python, os.X_OK)


def _settings(python: Path) -> dict[str, str]:
    quoted = shlex.quote(str(python.absolute()))
    return {
        f"{MERGE}.name": "git-jetpack, field by field",
        f"{MERGE}.driver": _MERGE.format(python=quoted),
        f"{DIFF}.xfuncname": _TITLE,
    }


def _is_there(section: str, worktree: Path) -> bool:
    return succeeds("config", "--local", "--get-regexp", f"^{section}\\.", cwd=worktree)
