"""What git knows of a worktree's mirror files: the versions that led to the present ones.

Where the worktree stood at its last load is kept with what it has seen, as the path HEAD.
"""

from __future__ import annotations

from functools import cached_property
from pathlib import Path

from jetpack_git.data.database import Database
from jetpack_git.data.rows import dump
from jetpack_git.git.run import git
from jetpack_git.git.run import run
from jetpack_git.git.run import succeeds
from jetpack_git.mirror import files

HEAD = "HEAD"


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
        row = db.one("mirror.seen", worktree=worktree, path=HEAD)
        self.before = str(row["blob"]) if row is not None else ""
        said = git("rev-parse", HEAD, "--symbolic-full-name", HEAD, cwd=self._cwd, check=False)
        now, _, self._branch = said.partition("\n")
        self.now = now if self._branch else ""  # there is no commit yet

    @cached_property
    def versions(self) -> dict[str, list[str]]:
        """The blob ids of each file in the commits that led to HEAD, or that a rebase replaced.

        None stands before one that was made from it.
        """
        found = self._log("--topo-order", HEAD) if self.now else {}
        if self._branch.startswith("refs/"):
            for path, blobs in self._log("--walk-reflogs", self._branch).items():
                found[path] = list(dict.fromkeys([*found.get(path, ()), *blobs]))
        return found

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
        if self.now and self.now != self.before:
            since = self._log(f"{self.before}..{HEAD}" if self.before else HEAD)
            self._db.many(
                "mirror.remember",
                [
                    {"path": path, "blob": blob}
                    for path, blobs in since.items()
                    if path not in unsettled
                    for blob in blobs
                ],
            )
            committed = [blob for blobs in since.values() for blob in blobs]
            self._db.run("mirror.forget_texts", blobs=dump(committed))
            if not unsettled:
                self._db.run(
                    "mirror.see", worktree=self._worktree, path=HEAD, blob=self.now, stat=""
                )

    def _log(self, *commits: str) -> dict[str, list[str]]:
        """The versions in these commits; in all that led to HEAD, where these are gone."""
        done = run(
            "log", "-m", "--format=", "--raw", "--no-abbrev", "--no-renames", "-z", *commits, "--",
            files.FOLDER, cwd=self._cwd, check=False,
        )  # fmt: skip
        if done.returncode != 0:
            return self._log(HEAD) if commits != (HEAD,) else {}
        fields = done.stdout.decode("utf-8", "replace").split("\0")
        found: dict[str, dict[str, None]] = {}
        for info, path in zip(fields[::2], fields[1::2], strict=False):
            old, new = info.split(" ")[2:4]
            found.setdefault(path, {}).update({new: None, old: None})
        return {path: [one for one in blobs if one.strip("0")] for path, blobs in found.items()}
