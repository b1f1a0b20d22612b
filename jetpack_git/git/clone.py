"""Where a clone keeps things: found by looking at files, without running git.

The hook imports this, so it may load nothing heavy.
"""

from __future__ import annotations

import os
import stat

from jetpack_git.errors import BadInput

FOLDER = ".jetpack"
DATABASE = "jetpack.db"


class Clone:
    """One clone as seen from one of its worktrees.

    `worktree` is the root of the worktree that we stand in, or None inside a bare
    repository; `git_dir` is that worktree's own git folder; `common_dir` the one that
    all worktrees share.
    """

    __slots__ = ("_home", "common_dir", "git_dir", "worktree")

    def __init__(self, worktree: str | None, git_dir: str, common_dir: str) -> None:
        self.worktree = worktree
        self.git_dir = git_dir
        self.common_dir = common_dir
        self._home: str | None = None

    @property
    def home(self) -> str:
        """The folder of the database and the worktree pool."""
        if self._home is None:
            self._home = _home(self.common_dir)
        return self._home

    @property
    def database(self) -> str:
        """The path of the database, which may not exist yet."""
        return f"{self.home}/{DATABASE}"

    @property
    def main_worktree(self) -> str | None:
        """The main worktree; None for a bare repository."""
        return os.path.dirname(self.home) if self.home.endswith("/" + FOLDER) else None

    @property
    def config(self) -> str | None:
        """The config file of this worktree, which may not exist."""
        return f"{self.worktree}/{FOLDER}/config.yaml" if self.worktree else None

    @property
    def pool(self) -> str:
        """The folder of the agents' worktrees."""
        return f"{self.home}/worktrees"


_known: dict[str, tuple[tuple[int, ...], Clone]] = {}  # what was found at a folder itself


def find(start: str, *, git_dir: str | None = None) -> Clone:
    """The clone that holds the folder `start`. Raises BadInput when there is none.

    `git_dir` is the git folder where git has told it (`GIT_DIR`, as hooks get it). The root of a
    worktree is looked at closely once, and again when its `.git` is another one.
    """
    if git_dir:
        folder, found = os.path.realpath(start), os.path.realpath(git_dir)
        return Clone(None if folder == found else folder, found, _common(found))
    mark = _mark(start)
    known, clone = _known.get(start, ((), None))
    if clone is not None and known == mark and os.path.isdir(clone.git_dir):
        return clone
    folder = os.path.realpath(start)
    clone = _find(start, folder)
    if mark and folder in (clone.worktree, clone.git_dir):
        _known[start] = mark, clone
    return clone


def _mark(folder: str) -> tuple[int, ...]:
    """By what the `.git` of the folder is known, or the folder where it has none."""
    for path in (f"{folder}/.git", folder):
        try:
            one = os.lstat(path)
        except OSError:
            continue
        is_file = stat.S_ISREG(one.st_mode)
        return one.st_dev, one.st_ino, one.st_ctime_ns if is_file else 0
    return ()


def _find(start: str, folder: str) -> Clone:
    """The clone that holds the folder `start`, whose real path is `folder`."""
    while True:
        dot_git = f"{folder.rstrip('/')}/.git"
        if _is_git_dir(dot_git):
            found = os.path.realpath(dot_git)
            return Clone(None if _is_bare(found) else folder, found, _common(found))
        if os.path.isfile(dot_git):
            found = _follow(dot_git, folder)
            common = _common(found)
            return Clone(None if found == common and _is_bare(common) else folder, found, common)
        if _is_git_dir(folder):
            return Clone(None, folder, _common(folder))
        parent = os.path.dirname(folder)
        if parent == folder:
            raise BadInput(
                f"{start} is not in a git repository.",
                hint="Change to a repository, or make one with: git init",
            )
        folder = parent


def _follow(dot_git: str, folder: str) -> str:
    """The folder that a `.git` file points at."""
    with open(dot_git, encoding="utf-8", errors="surrogateescape") as file:
        target = file.read().removeprefix("gitdir: ").rstrip("\n")
    git_dir = os.path.realpath(os.path.join(folder, target))
    if not os.path.isdir(git_dir):
        raise BadInput(
            f"{dot_git} points at {git_dir}, which is not there.",
            hint="If the repository was moved, run there: git worktree repair",
        )
    return git_dir


def _common(git_dir: str) -> str:
    """The git folder that all worktrees of the clone share."""
    try:
        with open(f"{git_dir}/commondir", encoding="utf-8", errors="surrogateescape") as file:
            return os.path.realpath(os.path.join(git_dir, file.read().rstrip("\n")))
    except FileNotFoundError:
        return git_dir


def _home(common_dir: str) -> str:
    """Beside the main worktree's `.git`; inside the git folder of any other layout."""
    if os.path.basename(common_dir) == ".git" and not _is_bare(common_dir):
        return f"{os.path.dirname(common_dir)}/{FOLDER}"
    return f"{common_dir}/jetpack"


def _is_git_dir(folder: str) -> bool:
    """Whether git would take the folder for a git folder, and not go on upwards."""
    return os.path.lexists(f"{folder}/HEAD") and (
        os.path.isdir(f"{folder}/objects") or os.path.isfile(f"{folder}/commondir")
    )


def _is_bare(git_dir: str) -> bool:
    """Whether the config of the git folder says `core.bare = true`.

    With `extensions.worktreeConfig` git keeps that in a file of its own.
    """
    said = _bare_in(f"{git_dir}/config.worktree")
    return bool(_bare_in(f"{git_dir}/config") if said is None else said)


def _bare_in(path: str) -> bool | None:
    """What the config file says of `core.bare`; None when it says nothing."""
    try:
        with open(path, encoding="utf-8", errors="surrogateescape") as file:
            lines = file.read().lower().splitlines()
    except OSError:
        return None
    section = ""
    bare = None
    for line in lines:
        text = line.split("#", 1)[0].split(";", 1)[0].strip()
        if text.startswith("["):
            section, _, text = (part.strip() for part in text.partition("]"))
        name, equals, value = (part.strip() for part in text.partition("="))
        if section == "[core" and name == "bare":
            bare = not equals or value.strip('"') in ("true", "yes", "on", "1")
    return bare
