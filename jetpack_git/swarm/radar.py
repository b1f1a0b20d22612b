"""Radar: branches in flight that will conflict are known before anybody merges them.

Each branch is known by its tip and the paths that it changes. Only when a tip has moved is its
branch compared, and only with branches that change one of its paths. Who works on two branches
that conflict gets mail, and again only when other paths do.
"""

from __future__ import annotations

import json
from collections.abc import Collection
from collections.abc import Iterable
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from jetpack_git.data.rows import dump
from jetpack_git.data.rows import to_task
from jetpack_git.errors import BadInput
from jetpack_git.git import compare
from jetpack_git.git import worktrees
from jetpack_git.mirror import files
from jetpack_git.models.task import Task
from jetpack_git.models.visible import safe
from jetpack_git.swarm import branches
from jetpack_git.swarm.clashes import SENDER
from jetpack_git.swarm.landed import own_paths
from jetpack_git.work.mail import Mail
from jetpack_git.workspace import Workspace

SHOWN = 20
KIND = "task.file_conflict"

Key = tuple[str, str]  # the ids of two tasks, in order


@dataclass(frozen=True)
class Clash:
    """Two tasks whose branches conflict, and the paths in which they do."""

    one: Task
    other: Task
    paths: tuple[str, ...]


def scan(workspace: Workspace, *, at_most: int | None = None) -> list[Clash]:
    """The pairs that conflict otherwise than before; who works on them has mail.

    When more than `at_most` pairs had to be compared, the rest is left for the next time.
    """
    where = Path(workspace.clone.worktree or workspace.clone.common_dir)
    db = workspace.db
    rows = [to_task(row) for row in db.all("radar.in_flight")]
    bases = _bases(workspace, {str(one.branch) for one in rows}, where)
    tips = worktrees.tips(*(f"--no-merged={one}" for one in bases), "refs/heads", cwd=where)
    flying = {one.id: one for one in rows if one.branch in tips}
    known = {str(row["task_id"]): row for row in db.all("radar.tips")}
    for gone in known.keys() - flying.keys():
        _forget(workspace, gone)
    moved = [
        one
        for one in flying.values()
        if one.id not in known or known[one.id]["tip"] != tips[str(one.branch)]
    ]
    if not moved:
        return []
    paths = {one: frozenset(json.loads(str(known[one]["paths"]))) for one in known if one in flying}
    paths |= _changed(moved, tips, bases, where)
    return _Scan(workspace, flying, tips, paths, where).compare(moved, at_most)


def conflicts(workspace: Workspace) -> list[Clash]:
    """The pairs that conflicted when they were compared last."""
    found = []
    for row in workspace.db.all("radar.pairs"):
        one, other = (workspace.db.one("tasks.get", id=row[side]) for side in ("one", "other"))
        if one is not None and other is not None:
            paths = tuple(json.loads(str(row["paths"])))
            found.append(Clash(to_task(one), to_task(other), paths))
    return found


def _bases(workspace: Workspace, flying: set[str], where: Path) -> list[str]:
    """The commits that branches come from: the bases of swarms, else the main branch."""
    names = {str(row["base"]) for row in workspace.db.all("radar.bases")} - flying
    tips = worktrees.tips("refs/heads", cwd=where) if names else {}
    found = [tips[one] for one in sorted(names) if one in tips]
    if not found:
        with suppress(BadInput):
            name = compare.default_base(cwd=where)
            found = [compare.commit_id(name, cwd=where)] if name not in flying else []
    return found


def _changed(
    moved: Iterable[Task], tips: Mapping[str, str], bases: Collection[str], where: Path
) -> dict[str, frozenset[str]]:
    """The paths that each of the branches changes, or more: a base that is not known costs time."""
    found = own_paths([tips[str(one.branch)] for one in moved], without=bases, cwd=where)
    return {
        one.id: frozenset(
            safe(path) for path in found[tips[str(one.branch)]] if not _is_settled(path)
        )
        for one in moved
    }


def _is_settled(path: str) -> bool:
    """Whether the database decides what the file becomes."""
    return path.startswith(f"{files.FOLDER}/")


def _forget(workspace: Workspace, task_id: str) -> None:
    with workspace.db.transaction_quietly():
        for row in workspace.db.all("radar.pairs_of", task_id=task_id):
            workspace.db.run("radar.forget_pair", one=row["one"], other=row["other"])
        workspace.db.run("radar.forget_tip", task_id=task_id)


class _Scan:
    """One look at all branches in flight. Each pair is compared when its second one is."""

    def __init__(
        self, workspace: Workspace, flying: Mapping[str, Task], tips: Mapping[str, str],
        paths: Mapping[str, frozenset[str]], where: Path,
    ) -> None:  # fmt: skip
        self.workspace = workspace
        self.flying = flying
        self.tips = tips
        self.paths = paths
        self.where = where
        self.seen: set[str] = set()
        self.by_path: dict[str, set[str]] = {}

    def compare(self, moved: Collection[Task], at_most: int | None) -> list[Clash]:
        """The pairs with one of these that conflict otherwise than before."""
        for task_id in self.flying.keys() - {one.id for one in moved}:
            self._see(task_id)
        news: list[Clash] = []
        compared = 0
        for task in moved:
            if at_most is not None and compared >= at_most:
                break
            near = set().union(*(self.by_path.get(path, ()) for path in self.paths[task.id]))
            keys = sorted((min(one, task.id), max(one, task.id)) for one in near)
            news += self._keep(task, {key: self._paths_of(*key) for key in keys})
            self._see(task.id)
            compared += len(keys)
        return news

    def _see(self, task_id: str) -> None:
        self.seen.add(task_id)
        for path in self.paths[task_id]:
            self.by_path.setdefault(path, set()).add(task_id)

    def _paths_of(self, one: str, other: str) -> list[str]:
        """The paths in which the two conflict; none where git would not merge them at all."""
        ours, theirs = (self.tips[str(self.flying[task].branch)] for task in (one, other))
        try:
            _, paths = branches.merge_tree(ours, theirs, cwd=self.where)
        except branches.Unrelated:
            return []
        return sorted(safe(path) for path in paths if not _is_settled(path))

    def _keep(self, task: Task, now: Mapping[Key, list[str]]) -> list[Clash]:
        """In which paths the task conflicts `now` is known, and what is new of it told, at once."""
        db = self.workspace.db
        news = []
        with db.transaction():
            before = {
                (str(row["one"]), str(row["other"])): json.loads(str(row["paths"]))
                for row in db.all("radar.pairs_of", task_id=task.id)
            }
            for one, other in before:
                if self.seen.intersection((one, other)) and not now.get((one, other)):
                    db.run("radar.forget_pair", one=one, other=other)
            for (one, other), paths in now.items():
                if paths and paths != before.get((one, other)):
                    db.run("radar.keep_pair", one=one, other=other, paths=dump(paths))
                    news.append(Clash(self.flying[one], self.flying[other], tuple(paths)))
            for clash in news:
                _tell(self.workspace, clash)
            db.run(
                "radar.keep_tip", task_id=task.id, tip=self.tips[str(task.branch)],
                paths=dump(sorted(self.paths[task.id])),
            )  # fmt: skip
        return news


def _tell(workspace: Workspace, clash: Clash) -> None:
    """Who works on one of the two has mail."""
    told: set[str] = set()
    for mine, theirs in ((clash.one, clash.other), (clash.other, clash.one)):
        if mine.assignee is None or mine.assignee in told:
            continue
        told.add(mine.assignee)
        shown = [*clash.paths[:SHOWN], *(["…"] if len(clash.paths) > SHOWN else [])]
        whose = f", {theirs.assignee}'s" if theirs.assignee else ""
        Mail(workspace.db).notify(
            SENDER, [mine.assignee], f"{mine.branch} will conflict with {theirs.branch}",
            f"Both {mine.id} and {theirs.id}{whose} change the same lines of:\n"
            + "".join(f"{one}\n" for one in shown)
            + f"See theirs with: git diff HEAD...{theirs.branch}",
            kind=KIND, task_id=mine.id,
            payload={
                "files": list(clash.paths), "task_id": mine.id, "holder": theirs.assignee or "",
            },
        )  # fmt: skip
