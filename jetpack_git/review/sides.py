"""The two sides of a branch as git has them: where it began, and where it stands.

Only what differs is read as a whole; of every other task no more than what blocks what.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from dataclasses import field
from functools import cached_property
from pathlib import Path

from jetpack_git.errors import BadInput
from jetpack_git.errors import StoreError
from jetpack_git.git import compare
from jetpack_git.git import objects
from jetpack_git.mirror import board
from jetpack_git.mirror import files
from jetpack_git.mirror import read
from jetpack_git.mirror import text
from jetpack_git.models.event import Event
from jetpack_git.models.task import Task

OURS = (f"{files.FOLDER}/", f"{files.MEMORIES}/", ".jetpack/")


@dataclass(frozen=True)
class Pair:
    """A task file that differs: the task before and after, None where it is not there.

    `trouble` says why the file cannot be read as it stands now.
    """

    path: str
    before: Task | None
    after: Task | None
    trouble: str = ""

    @property
    def task_id(self) -> str:
        """The id that the file's name says."""
        return Path(self.path).stem


@dataclass
class Sides:
    """What differs between two commits, and the commits between them."""

    cwd: Path
    base: str
    head: str
    pairs: list[Pair] = field(default_factory=list)

    def __post_init__(self) -> None:
        compare.fetch(self.base, self.head, files.FOLDER, cwd=self.cwd)
        self.changed = compare.changed(self.base, self.head, cwd=self.cwd)
        self.commits = compare.commits(self.base, self.head, cwd=self.cwd)
        self._blobs = self._read(
            blob for one in self.changed if one.path.startswith(files.FOLDER + "/")
            for blob in (one.old, one.new)
        )  # fmt: skip
        self.pairs = [self._pair(one) for one in self.changed if _is_ours(one.path, ".md")]

    @property
    def code(self) -> list[str]:
        """The paths that differ and are none of ours."""
        return [one.path for one in self.changed if not one.path.startswith(OURS)]

    @cached_property
    def after(self) -> board.Board:
        """All tasks as the branch has them."""
        mine = {one.path: one for one in self.pairs}
        others = {
            path: blob
            for path, blob in self._there.items()
            if _is_ours(path, ".md") and path not in mine
        }
        blobs = self._read(others.values())
        found = {}
        for path, blob in others.items():
            try:
                one = board.brief(blobs[blob], path)
            except (BadInput, KeyError):
                continue  # it was so before
            found[one.id] = one
        found |= {one.after.id: board.of(one.after) for one in mine.values() if one.after}
        return board.Board(found)

    @cached_property
    def before(self) -> board.Board:
        """All tasks as they were where the branch began."""
        found = dict(self.after.tasks)
        for one in self.pairs:
            found.pop(one.task_id, None)
            if one.before:
                found[one.before.id] = board.of(one.before)
        return board.Board(found)

    def log(self, task_id: str, *, old: bool = False) -> list[Event]:
        """The events of the task's log as it stands now, or as it was where the branch began."""
        path = files.log_path(task_id)
        change = self._logs.get(path)
        blob = self._there.get(path, "") if change is None else change.old if old else change.new
        if blob and blob not in self._blobs:  # then those of all tasks that differ, at once
            paths = {path, *(files.log_path(one.task_id) for one in self.pairs)}
            names = (self._there.get(one, "") for one in paths)
            self._blobs |= self._read(one for one in names if one not in self._blobs)
        data = self._data(blob)
        lines = data.decode("utf-8", "replace").split("\n")
        found = [event for line in lines if (event := text.log_event(line, task_id))]
        return sorted(found, key=lambda one: (one.at, one.id))

    @cached_property
    def _there(self) -> dict[str, str]:
        """The blobs of our files as the branch has them, by path."""
        there = compare.tree(self.head, files.FOLDER, cwd=self.cwd)
        return {path: blob for path, (_, blob) in there.items()}

    @cached_property
    def changed_logs(self) -> list[str]:
        """The ids of the tasks whose log differs."""
        return [Path(path).name.removesuffix(".log") for path in self._logs]

    @cached_property
    def _logs(self) -> dict[str, compare.Changed]:
        return {one.path: one for one in self.changed if _is_ours(one.path, ".log")}

    def _pair(self, one: compare.Changed) -> Pair:
        before = after = None
        trouble = ""
        if one.old:
            try:
                before = read.task(self._data(one.old), one.path).task
            except BadInput:
                before = None
        if one.new and one.mode != compare.PLAIN:
            trouble = f"{one.path} is no plain file (its mode is {one.mode})."
        elif one.new:
            try:
                after = read.task(self._data(one.new), one.path).task
            except BadInput as error:
                trouble = error.message
        return Pair(one.path, before, after, trouble)

    def _data(self, blob: str) -> bytes:
        """The content of a file that differs. Raises StoreError when it is not in this clone."""
        if not blob:
            return b""
        if blob not in self._blobs:
            raise StoreError(
                f"The object {blob} is not in this clone.", hint="Get it with: git fetch --refetch"
            )
        return self._blobs[blob]

    def _read(self, names: Iterable[str]) -> dict[str, bytes]:
        return objects.blobs([one for one in names if one], cwd=self.cwd, fetch=True)


def _is_ours(path: str, ending: str) -> bool:
    folder, _, name = path.rpartition("/")
    return folder == files.FOLDER and name.endswith(ending) and not name.startswith(".")
