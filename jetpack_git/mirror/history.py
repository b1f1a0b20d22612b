"""What git knows of a worktree's mirror files: the versions that led to the present ones.

Where the worktree stood at its last load is kept with what it has seen, as the path HEAD, and
where each branch stood in it, as the path that git has for the branch.
"""

from __future__ import annotations

from functools import cached_property
from pathlib import Path
from typing import NamedTuple

from jetpack_git.data.database import Database
from jetpack_git.data.rows import dump
from jetpack_git.git.run import git
from jetpack_git.git.run import run
from jetpack_git.git.run import succeeds
from jetpack_git.mirror import files

HEAD = "HEAD"
HIDDEN = (
    f"{files.FOLDER} is not in this sparse checkout, so no task is loaded. "
    f"Get it with: git sparse-checkout add {files.FOLDER}"
)


class Change(NamedTuple):
    """What a commit did to a file: the blob ids, and the letter of `git log --raw`."""

    old: str
    new: str
    letter: str


def stands_on(branch: str, path: str, blob: str, *, worktree: str) -> bool:
    """Whether the branch has just that version of the file."""
    there = git("rev-parse", "--verify", "--quiet", f"refs/heads/{branch}:{path}",
                cwd=Path(worktree), check=False)  # fmt: skip
    return there == blob


class History:
    """The commits between the last load in a worktree and its HEAD."""

    def __init__(self, db: Database, worktree: str) -> None:
        self._db = db
        self._worktree = worktree
        self._cwd = Path(worktree)
        self.only: set[str] | None = None  # the paths whose past is asked for; None for all
        self.before = self._seen(HEAD)
        said = git("rev-parse", HEAD, "--symbolic-full-name", HEAD, cwd=self._cwd, check=False)
        now, _, self._branch = said.partition("\n")
        self.now = now if self._branch else ""  # there is no commit yet

    @property
    def is_hidden(self) -> bool:
        """Whether there are task files in HEAD that a sparse checkout leaves out."""
        config = ("config", "--type=bool", "core.sparseCheckout")
        return git(*config, cwd=self._cwd, check=False) == "true" and succeeds(
            "cat-file", "-e", f"{HEAD}:{files.FOLDER}", cwd=self._cwd
        )

    @property
    def has_moved(self) -> bool:
        """Whether HEAD, or its branch, was elsewhere when it was loaded the last time."""
        return self.now != "" and (self.before, self._seen(self._branch)) != (self.now, self.now)

    def _seen(self, name: str) -> str:
        """Where the worktree stood when it, or a branch in it, was loaded the last time."""
        row = self._db.one("mirror.seen", worktree=self._worktree, path=name)
        return str(row["blob"]) if row is not None else ""

    @cached_property
    def recent(self) -> dict[str, set[str]]:
        """The same of the commits between the last load and HEAD alone, in no order."""
        return {path: set(_versions(one)) for path, one in self._news.items()}

    @cached_property
    def _news(self) -> dict[str, list[Change]]:
        """What the commits between the last load and HEAD did to all files."""
        return self._log(f"{self.before}..{HEAD}" if self.before else HEAD) if self.now else {}

    @cached_property
    def versions(self) -> dict[str, list[str]]:
        """The blob ids of each file in the commits that led to HEAD, or that a rebase replaced.

        None stands before one that was made from it.
        """
        found = {path: dict.fromkeys(_versions(one)) for path, one in self.changes.items()}
        if self._branch.startswith("refs/"):
            reflog = self._log("--walk-reflogs", self._branch, only=self.only)
            for path, changes in reflog.items():
                found.setdefault(path, {}).update(dict.fromkeys(_versions(changes)))
        return {path: list(blobs) for path, blobs in found.items()}

    @cached_property
    def changes(self) -> dict[str, list[Change]]:
        """What each commit that led to HEAD did to the files, the newest first."""
        return self._log("--topo-order", HEAD, only=self.only) if self.now else {}

    @cached_property
    def _since(self) -> dict[str, list[Change]]:
        """What became of files on this branch since it was loaded the last time in this worktree.

        By commits, a merge, a pull or a rebase; to go back, or to look at another branch, does
        nothing.
        """
        on_branch = self._branch.startswith("refs/")
        before = (self._seen(self._branch) or self._began()) if on_branch else ""
        if not self.now or before in ("", self.now):
            return {}
        if succeeds("merge-base", "--is-ancestor", HEAD, before, cwd=self._cwd):
            return {}
        return self._log("--topo-order", f"{before}..{HEAD}")

    def _began(self) -> str:
        """Where the branch began in this clone, as far as its reflog knows."""
        said = git("log", "--walk-reflogs", "--format=%H", self._branch, "--", cwd=self._cwd,
                   check=False)  # fmt: skip
        return said.rpartition("\n")[2]

    @property
    def deleted(self) -> set[str]:
        """The files that the branch has lost since then, by what they are known by."""
        return {path for path, changes in self._since.items() if changes[0].letter == "D"}

    def replaced(self, path: str, blob: str) -> set[str]:
        """The versions from which commits since then have made this one, as a revert does."""
        changes = self._since.get(path, ())
        return {one.old for one in changes} if changes and changes[0].new == blob else set()

    def came_back(self, path: str) -> bool:
        """Whether a commit that led to HEAD has deleted the file, and a later one has it again."""
        letters = [one.letter for one in self.changes.get(path, ())]
        return "D" in letters and letters[0] != "D"

    def is_committed(self, path: str, blob: str) -> bool:
        """Whether a commit on some branch has this version of the file."""
        if not succeeds("cat-file", "-e", blob, cwd=self._cwd):
            return False
        args = ("log", "--all", "-1", "--format=%H", f"--find-object={blob}", "--", path)
        return bool(git(*args, cwd=self._cwd, check=False))

    def advance(self, unsettled: set[str]) -> None:
        """The versions that led to what has been loaded bring no news any more.

        Those of `unsettled` files, which could not be loaded, still do.
        """
        if self.has_moved:
            since = self._news
            known = [
                (path, blob)
                for path, changes in since.items()
                if path not in unsettled
                for blob in _versions(changes)
            ]
            self._db.run("mirror.remember_all", versions=dump(known))
            committed = [blob for changes in since.values() for blob in _versions(changes)]
            self._db.run("mirror.forget_texts", blobs=dump(committed))
            if not unsettled:
                for name in (HEAD, self._branch):
                    self._db.run(
                        "mirror.see", worktree=self._worktree, path=name, blob=self.now, stat=""
                    )

    def _log(self, *commits: str, only: set[str] | None = None) -> dict[str, list[Change]]:
        """The changes in these commits, the newest first; of `only` these paths, if given.

        In all that led to HEAD, where these are gone.
        """
        done = run(
            "log", "-m", "--format=%H", "--raw", "--no-abbrev", "--no-renames", "-z", *commits,
            "--", *files.FOLDERS, cwd=self._cwd, check=False,
        )  # fmt: skip
        if done.returncode != 0:
            return self._log(HEAD, only=only) if commits != (HEAD,) else {}
        found: dict[str, list[Change]] = {}
        here: dict[str, Change] = {}  # what one commit has done
        fields = iter(done.stdout.decode("utf-8", "replace").split("\0"))
        for info in fields:
            info = info.lstrip("\n")
            if not info.startswith(":"):
                _gather(found, here)
                continue
            path = files.key(next(fields, ""))
            if only is None or path in only:
                change = Change(*info.split(" ")[2:5])
                here[path] = _moved(here[path], change) if path in here else change
        _gather(found, here)
        return found


def _gather(found: dict[str, list[Change]], here: dict[str, Change]) -> None:
    for path, change in here.items():
        found.setdefault(path, []).append(change)
    here.clear()


def _moved(one: Change, other: Change) -> Change:
    """A file that was deleted in one folder and added in another, in one commit."""
    gone, come = (one, other) if one.letter == "D" else (other, one)
    return Change(gone.old, come.new, "M")


def _versions(changes: list[Change]) -> list[str]:
    return [one for change in changes for one in (change.new, change.old) if one.strip("0")]
