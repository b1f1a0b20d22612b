"""From the files of one worktree to the database.

A file version that the database has written or read before brings no news. An unknown one is
merged with the row, field by field, against the version that it was made from; what clashed is
kept for somebody to decide.
"""

from __future__ import annotations

import json
from collections.abc import Collection
from collections.abc import Mapping
from dataclasses import dataclass
from dataclasses import replace
from pathlib import Path

from jetpack_git.data import settle
from jetpack_git.data.database import Database
from jetpack_git.data.journal import Journal
from jetpack_git.data.rows import dump
from jetpack_git.data.rows import to_task
from jetpack_git.errors import BadInput
from jetpack_git.errors import JetpackError
from jetpack_git.mirror import bases
from jetpack_git.mirror import check
from jetpack_git.mirror import conflicts
from jetpack_git.mirror import delete
from jetpack_git.mirror import export
from jetpack_git.mirror import files
from jetpack_git.mirror import keep
from jetpack_git.mirror import markers
from jetpack_git.mirror import read
from jetpack_git.mirror import rename
from jetpack_git.mirror import structure
from jetpack_git.mirror import text
from jetpack_git.mirror import twins
from jetpack_git.mirror.drift import is_ahead
from jetpack_git.mirror.history import HIDDEN
from jetpack_git.mirror.history import History
from jetpack_git.mirror.load_others import Others
from jetpack_git.mirror.merge import is_undone
from jetpack_git.mirror.merge import merged
from jetpack_git.mirror.merge import three_way
from jetpack_git.mirror.report import Report
from jetpack_git.mirror.sides import TwoTasks
from jetpack_git.mirror.sides import merged as merged_sides
from jetpack_git.mirror.versions import Versions
from jetpack_git.models.conflict import STATE
from jetpack_git.models.conflict import Clash
from jetpack_git.models.task import Task

STEP = 100  # files between two reports on the progress


@dataclass(frozen=True)
class _File:
    path: str
    stat: str
    blob: str
    parsed: read.Parsed


def load(
    db: Database, worktree: str, *, force: Collection[str] | None = None,
    progress: export.Progress | None = None,
) -> Report:  # fmt: skip
    """The news in the worktree's files is in the database.

    `force` names tasks whose files win over the rows (an empty collection: all of them).
    A file that cannot be used is reported with its line, left alone, and stops no other.
    `progress` is told how much of how much is done.
    """
    return _Load(db, worktree, force, progress).run()


class _Load:
    """One load of one worktree."""

    def __init__(
        self, db: Database, worktree: str, force: Collection[str] | None,
        progress: export.Progress | None,
    ) -> None:  # fmt: skip
        self.db = db
        self._tell = progress
        self.worktree = worktree
        self.force = force
        self.report = Report()
        self.format = export.object_format(db)
        self.modes = export.knows_modes(db)
        (row,) = db.all("mirror.all_seen", worktree=worktree)
        self.seen: dict[str, str] = json.loads(str(row["stats"]))  # the state of files, by path
        self.history = History(db, worktree)
        self.versions = Versions(db, worktree, self.history, self.format)
        self.others = Others(
            db, worktree, self.history, self.versions, self.report, self._is_forced
        )
        self.rows: dict[str, Task] = {}  # of the files that are being loaded, by id
        self.fetched = ("", 0)  # of which ids they are, and how much had been written by then
        self.unsettled: set[str] = set()
        self.rewritten: set[str] = set()  # tasks whose files are to say something else
        self.any_deleted = db.one("tasks.any_deleted") is not None
        self.clashes: dict[str, list[Clash]] = {}  # between the sides of a file with markers

    def run(self) -> Report:
        """The report, once all is loaded."""
        entries, refused = files.listing(self.worktree)
        self.report.errors += refused
        if not entries and self.history.is_hidden:
            self.report.warnings.append(HIDDEN)
        tasks: list[_File] = []
        others: list[tuple[str, str, bytes]] = []
        seen = self.seen
        due = [one for one in entries if seen.get(one[0]) != one[1] or self._is_forced(one[0])]
        for number, (path, stat) in enumerate(due):
            self._progress(number, 2 * len(due))
            try:
                data = files.read(self.worktree, path, plain=self.modes) or b""
                if path.endswith(".log") or path.startswith((files.PLANS, files.MEMORIES)):
                    others.append((path, stat, data))
                else:
                    tasks += self._read(path, stat, data)
            except JetpackError as error:
                self._refuse(path, error)
        if tasks or others or self.history.has_moved:
            with self.db.transaction():
                gone = self.seen.keys() - {path for path, _ in entries}
                vanished = {one for one in gone if one.startswith(files.FOLDERS)}
                paths = {one.path for one in tasks} | {path for path, _, _ in others} | vanished
                self.history.only = {*map(files.key, paths)}
                for path, stat, data in others:
                    self._load_other(path, stat, data)
                self._rename(self._fetch(tasks), vanished)
                self._load_tasks(self._fetch(self._part(self._fetch(tasks))))
                self._delete(vanished)
                self.history.advance(self.unsettled)
        return self.report

    def _progress(self, done: int, total: int) -> None:
        if self._tell and done % STEP == 0:
            self._tell(done, total)

    def _read(self, path: str, stat: str, data: bytes) -> list[_File]:
        """The task of the file; two, where git could not merge two under one id.

        Raises BadInput.
        """
        blob = files.blob_id(data, self.format)
        sides = markers.sides(self.worktree, path, data)
        if sides is None:
            return [_File(path, stat, blob, read.task(data, path))]
        self.rewritten.add(Path(path).stem)
        try:
            parsed, clashes = merged_sides(sides, path)
        except TwoTasks as both:
            row = self.db.one("tasks.get", id=Path(path).stem)
            one, *more = twins.apart(row, both.elder, both.younger)
            new = [_File(files.task_path(each.task.id), "", blob, each) for each in more]
            return [_File(path, stat, blob, one), *new]
        except BadInput:
            return [_File(path, stat, blob, read.task(data, path))]
        self.clashes[path] = clashes
        self.report.warnings.append(
            f"{path}: what git could not merge is merged by field. Stage it: git add {path}"
        )
        return [_File(path, stat, blob, parsed)]

    def _rename(self, found: list[_File], vanished: set[str]) -> None:
        """The tasks whose files newer commits have given another prefix are renamed."""
        if not vanished or not found:
            return
        come = [one.parsed.task for one in found if self._row(one) is None]
        gone = [
            to_task(row)
            for path in vanished & self.history.deleted
            if (row := self.db.one("tasks.get", id=Path(path).stem)) is not None
        ]
        for old, new in rename.pairs(gone, come).items() if come else ():
            rename.task(self.db, self.worktree, old, new)
            self.report.warnings.append(f"{old} is called {new} from now on.")

    def _part(self, found: list[_File]) -> list[_File]:
        """The files, each of one task: where two have met under one id, the younger has another."""
        by_path = {one.path: one for one in found}

        def made_from(paths: list[str]) -> dict[str, Task | None]:
            return self._bases([by_path[one] for one in paths])

        parted = twins.part(
            self.db, self.worktree, {one.path: one.parsed for one in found},
            {one.path: self._row(one) for one in found}, made_from,
        )  # fmt: skip
        self.rewritten |= parted.rewritten
        self.report.warnings += parted.said
        for path, _ in parted.new.values():
            self.db.run("mirror.remember", path=path, blob=by_path[path].blob)
            self._touch(Path(path).stem)
        kept = [replace(by_path[path], parsed=one) for path, one in parted.files.items()]
        new = [_File(path, "", by_path[old].blob, one) for path, (old, one) in parted.new.items()]
        return kept + new

    def _touch(self, task_id: str) -> None:
        """The task's file in this worktree is due to be written."""
        Journal(self.db, self.worktree).touched("task", task_id)

    def _is_forced(self, path: str) -> bool:
        return self.force is not None and (not self.force or Path(path).stem in self.force)

    def _refuse(self, path: str, error: JetpackError) -> None:
        self.report.errors.append(f"{error.message.rstrip('.')}. {error.hint}".strip())
        self.unsettled.add(path)

    def _load_tasks(self, found: list[_File]) -> None:
        """The rows are as the files say, and all that follows from them is."""
        changed: dict[str, _File] = {}
        kept: list[Task] = []
        moved: dict[str, None] = {}
        parents: dict[str, None] = {}
        by_id = {one.parsed.task.id: self._stated(one) for one in found}
        ordered = structure.by_age(one.parsed.task for one in found)
        news = [
            (one, ours)
            for one in (by_id[task.id] for task in ordered)
            if self._is_news(one, ours := self._row(one))
        ]
        bases = self._bases([one for one, ours in news if ours and not self._wins(one, ours)])
        for one, ours in news:
            try:
                keep.check_key(self.db, one.path, one.parsed)
            except BadInput as error:
                self._refuse(one.path, error)
                continue
            task = one.parsed.task if ours is None else merged(ours, one.parsed)
            clashes = self.clashes.get(one.path, [])
            if ours and one.path in bases:
                task, more = three_way(bases[one.path], ours, one.parsed.task)
                clashes = clashes + more
            kept.append(keep.task(self.db, ours, task))
            (self.report.added if ours is None else self.report.updated).append(task.id)
            self.report.warnings.extend(one.parsed.warnings)
            self._progress(len(found) + len(kept), 2 * len(found))
            if clashes:
                self.report.conflicts += conflicts.keep(self.db, task.id, clashes)
                self.report.clashed.append(task.id)
            changed[task.id] = one
            if keep.is_moved(ours, task):
                moved[task.id] = None
                parents |= {up: None for up in (ours and ours.parent_id, task.parent_id) if up}
        if moved:
            journal = Journal(self.db, None)
            settle.after_structure(journal, moved, [*moved, *parents])
            settle.after_status(journal, moved)
        if changed:
            self._see_rows(changed, kept)
            for task_id, one in changed.items():
                if one.path in bases and one.blob not in self.history.versions.get(one.path, ()):
                    self._touch(task_id)
        for task_id in self.rewritten.intersection(one.parsed.task.id for one in found):
            self._touch(task_id)
        suspects = {
            one.parsed.task.id: one for one in found if self.seen.get(one.path) == ""
        } | changed
        wrong = check.references(
            self.db, {task_id: (one.path, one.parsed) for task_id, one in suspects.items()}
        )
        for task_id, said in wrong.items():
            # It is looked at again by each later load, until that is mended.
            self.report.errors += said
            self._see(replace(suspects[task_id], stat=""), self._row_blob(task_id))

    def _stated(self, one: _File) -> _File:
        """The file with the row's state where it says nothing of it, as those of parents do."""
        row = self._row(one) if "status" not in one.parsed.lines else None
        if row is None or self._is_forced(one.path):
            return one
        silent = {name: at for name, at in STATE.items() if name not in one.parsed.lines}
        state = {attribute: getattr(row, attribute) for attribute in silent.values()}
        task = replace(one.parsed.task, **state)
        return replace(one, parsed=replace(one.parsed, task=task))

    def _delete(self, vanished: set[str]) -> None:
        """The tasks whose files newer commits have deleted are gone, unless they changed since."""
        deleted = self.history.deleted if vanished else set()
        for path in sorted(one for one in vanished if files.key(one) in deleted):
            if files.is_memory(path):
                self.others.memories.delete(path)
            if not path.endswith(".md") or path.startswith(files.PLANS + "/"):
                continue
            row = self.db.one("tasks.get", id=Path(path).stem)
            if row is None:
                continue
            ours = to_task(row)
            if self.versions.is_made_from(path, path, self.versions.blobs(ours)):
                delete.task(self.db, self.worktree, ours)
                self.report.deleted.append(ours.id)
            else:
                self.report.conflicts.append(
                    f"{ours.id} {ours.title!r:.60} was deleted by others, and changed here since; "
                    "it stays."
                )
                self._touch(ours.id)

    def _is_gone(self, one: _File) -> bool:
        """Whether the file is an old version of a task that was deleted, on another branch."""
        return (
            self.any_deleted
            and self.db.one("tasks.is_deleted", id=one.parsed.task.id) is not None
            and self.db.one("mirror.is_known", path=one.path, blob=one.blob) is not None
            and not self._is_forced(one.path)
            and not self.history.came_back(one.path)
        )

    def _is_news(self, one: _File, ours: Task | None) -> bool:
        """Whether the file says something that the database never read or wrote."""
        if ours is None:
            gone = self._is_gone(one)
            if gone:
                self._see(one, one.blob)
            return not gone
        theirs = merged(ours, one.parsed)
        known = self.db.one("mirror.is_known", path=one.path, blob=one.blob) is not None
        if text.task_text(theirs) != text.task_text(ours):
            if not known or (self.force and self._is_forced(one.path)):
                return True
            if self.versions.is_reverted(one.path, one.blob, one.parsed.task, ours):
                return True
            if self._is_forced(one.path):  # because all files are
                branch = is_ahead(self.db, self.worktree, one.path, ours)
                if branch is None:
                    return True
                self.report.warnings.append(
                    f"{one.path} stays unread: the task was changed on {branch}, which is not "
                    f"merged here. To set the task back all the same, name it: "
                    f"git jetpack sync --from-files {ours.id}"
                )
        self.db.run("mirror.remember", path=one.path, blob=one.blob)
        self._see(one, files.blob_id(text.task_text(theirs).encode(), self.format))
        return False

    def _row(self, one: _File) -> Task | None:
        return self.rows.get(one.parsed.task.id)

    def _fetch(self, found: list[_File]) -> list[_File]:
        """The same files, whose rows are at hand, as they are by now."""
        ids = dump([one.parsed.task.id for one in found])
        state = (ids, self.db.backend.changes())
        if state != self.fetched:
            rows = self.db.all("tasks.these", ids=ids)
            self.rows = {str(row["id"]): to_task(row) for row in rows}
            self.fetched = state
        return found

    def _wins(self, one: _File, ours: Task) -> bool:
        """Whether the file says all that is to be known: the row is what it was made from."""
        if self._is_forced(one.path):
            return True
        theirs = one.parsed.task
        blobs = self.versions.blobs(ours)
        return self.versions.is_made_from(one.path, one.path, blobs) and not (
            is_undone(ours.status, theirs.status) and self.versions.is_set_back(one.path, ours)
        )

    def _bases(self, found: list[_File]) -> dict[str, Task | None]:
        """What each of the files is to be merged against."""
        blobs = {one.path: one.blob for one in found}
        return bases.find(self.db, self.worktree, self.history, blobs)

    def _row_blob(self, task_id: str) -> str:
        found = export.rendered(self.db, "task", task_id)
        assert found is not None
        return files.blob_id(found[1], self.format)

    def _see_rows(self, changed: Mapping[str, _File], kept: list[Task]) -> None:
        """The files are in step with the rows, and their own versions are known."""
        ids = dump([one.id for one in kept])
        parents = {str(row["id"]) for row in self.db.all("mirror.parents", ids=ids)}
        seen = []
        for task in kept:
            one = changed[task.id]
            content = text.task_text(replace(task, children=int(task.id in parents)))
            blob = files.blob_id(content.encode(), self.format)
            seen.append((one.path, blob, one.stat))
        self.db.run("mirror.see_all", worktree=self.worktree, seen=dump(seen))
        versions = [(one.path, one.blob) for one in changed.values()]
        self.db.run("mirror.remember_all", versions=dump(versions))

    def _see(self, one: _File, blob: str) -> None:
        """The worktree's file is in step with that version of the row.

        `blob` names the row as it would be written: a file written by hand may differ.
        """
        self.db.run("mirror.see", worktree=self.worktree, path=one.path, blob=blob, stat=one.stat)

    def _load_other(self, path: str, stat: str, data: bytes) -> None:
        """The log, plan or memory of a file is in the database."""
        try:
            blob = self.others.load(path, data, files.blob_id(data, self.format))
        except JetpackError as error:
            self._refuse(path, error)
        else:
            self.db.run("mirror.see", worktree=self.worktree, path=path, blob=blob, stat=stat)
