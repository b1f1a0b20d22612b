"""Clones that work on the same tasks, each with real git, hooks and database."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Callable
from dataclasses import dataclass
from dataclasses import field
from dataclasses import replace
from pathlib import Path

from jetpack_git.errors import JetpackError
from jetpack_git.mirror import drift
from jetpack_git.mirror import export
from jetpack_git.mirror import load
from jetpack_git.mirror import text
from jetpack_git.models.task import OPEN
from jetpack_git.models.task import Status
from jetpack_git.models.task import Task
from jetpack_git.workspace import Workspace
from jetpack_git.workspace import open_workspace

ROUNDS = 6


@dataclass
class World:
    """Some clones, and what is to be true of them in the end."""

    clones: list[Path]
    made: dict[str, str] = field(default_factory=dict)  # id -> title
    deleted: set[str] = field(default_factory=set)
    finished: set[str] = field(default_factory=set)
    story: list[str] = field(default_factory=list)

    def step(self, what: str, who: int, number: int) -> None:
        """One clone does something, to a task or a clone that the number picks."""
        here = self.clones[who % len(self.clones)]
        there = self.clones[(who + 1 + number % (len(self.clones) - 1)) % len(self.clones)]
        self.story.append(f"{here.name}: {what} {number}")
        getattr(self, what)(here, there, number)

    # What changes the database, and the files after it.

    def add(self, here: Path, _: Path, number: int) -> None:
        """A new task, perhaps below another or waiting for it."""
        with Open(here) as workspace:
            tasks = self._tasks(workspace, lambda one: one.status in OPEN)
            other = tasks[number % len(tasks)].id if tasks and number % 3 else None
            task = Task(
                id="", title=f"Task {len(self.made)}",
                parent_id=other if number % 3 == 1 else None,
                depends=(other,) if other and number % 3 == 2 else (),
            )  # fmt: skip
            try:
                made = workspace.tasks.add(task, agent=here.name)
            except JetpackError:
                return
            self.made[made.id] = made.title

    def edit(self, here: Path, _: Path, number: int) -> None:
        """A field of a task is another."""
        changes: list[dict[str, object]] = [
            {"title": f"Title {number} by {here.name}"}, {"priority": number % 5},
            {"labels": (f"{here.name}-{number % 3}",)}, {"description": f"Text {number}\n" * 3},
            {"files": (f"{number % 3}.py",)}, {"estimate_s": 60 * (number + 1)},
        ]  # fmt: skip
        with Open(here) as workspace:
            tasks = self._tasks(workspace)
            if tasks:
                one = tasks[number % len(tasks)]
                workspace.tasks.edit(one.id, changes[number % len(changes)], agent=here.name)

    def finish(self, here: Path, _: Path, number: int) -> None:
        """A ready task is completed."""
        with Open(here) as workspace:
            ready, _total = workspace.tasks.ready(limit=-1)
            if ready:
                one = sorted(ready, key=lambda task: task.title)[number % len(ready)]
                workspace.tasks.claim(one.id, agent=here.name)
                workspace.tasks.done(one.id, agent=here.name, summary=f"By {here.name}")
                self.finished.add(one.id)

    def claim(self, here: Path, _: Path, number: int) -> None:
        """A ready task is taken, or a held one given back, or failed."""
        with Open(here) as workspace:
            ready, _total = workspace.tasks.ready(limit=-1)
            held = self._tasks(workspace, lambda one: one.status == Status.CLAIMED)
            if held and number % 2:
                one = held[number % len(held)]
                verb = workspace.tasks.release if number % 3 else workspace.tasks.cancel
                verb(one.id, agent=one.assignee or here.name)
            elif ready:
                workspace.tasks.claim(ready[number % len(ready)].id, agent=here.name)

    def crash(self, here: Path, there: Path, number: int) -> None:
        """A process dies between the database and the files."""
        with Open(here) as workspace:
            workspace.paused = True
            tasks = self._tasks(workspace)
            if tasks:
                one = tasks[number % len(tasks)]
                workspace.tasks.edit(one.id, {"priority": number % 5}, agent=here.name)

    # What changes the files, and the database after them.

    def by_hand(self, here: Path, _: Path, number: int) -> None:
        """Somebody edits a file, and it is loaded now or later."""
        found = sorted((here / ".tasks").glob("*.md"))
        if found:
            path = found[number % len(found)]
            lines = path.read_text().split("\n")
            at = next((at for at, one in enumerate(lines) if one.startswith("title: ")), None)
            if at is not None:
                lines[at] = f"title: By hand {number}"
                path.write_text("\n".join(lines))
            if number % 2:
                self.sync(here)

    def delete(self, here: Path, _: Path, number: int) -> None:
        """A task that nothing names is deleted by a commit."""
        self.commit(here)
        with Open(here) as workspace:
            tasks = self._tasks(workspace)
            named = {other for one in tasks for other in (*one.depends, one.parent_id)}
            free = [
                one for one in tasks
                if one.id not in named and (here / f".tasks/{one.id}.md").exists()
            ]  # fmt: skip
        if free and number % 2:
            one = free[number % len(free)]
            git(here, "rm", "--quiet", "--ignore-unmatch", "--", f".tasks/{one.id}.md",
                f".tasks/{one.id}.log")  # fmt: skip
            git(here, "commit", "--quiet", "-m", f"Delete {one.title}")
            self.deleted.add(one.id)
            self.sync(here)

    # What git does.

    def commit(self, here: Path, _: Path | None = None, number: int = 0) -> None:
        """All that is there is committed, and what a crash has left is written before."""
        with Open(here):
            pass
        git(here, "add", "--all")
        git(here, "commit", "--quiet", "-m", "Work", check=False)

    def merge(self, here: Path, there: Path, number: int) -> None:
        """What another clone has committed is merged."""
        self.commit(here)
        git(here, "pull", "--quiet", "--no-rebase", "--no-edit", str(there), "HEAD", check=False)
        self._settle(here)
        git(here, "commit", "--quiet", "--no-edit", check=False)

    def squash(self, here: Path, there: Path, number: int) -> None:
        """The same as one commit, which forgets where it came from."""
        self.commit(here)
        git(here, "fetch", "--quiet", str(there), "HEAD")
        git(here, "merge", "--quiet", "--squash", "FETCH_HEAD", check=False)
        self._settle(here)
        git(here, "commit", "--quiet", "-m", "Squashed", check=False)

    def rebase(self, here: Path, there: Path, number: int) -> None:
        """The clone's commits stand on another's."""
        self.commit(here)
        git(here, "fetch", "--quiet", str(there), "HEAD")
        done = git(here, "rebase", "--quiet", "FETCH_HEAD", check=False)
        for _ in range(20):
            if done.returncode == 0:
                return
            self._settle(here)
            done = git(here, "rebase", "--continue", check=False)
            if done.returncode and not unmerged(here):
                done = git(here, "rebase", "--skip", check=False)
        git(here, "rebase", "--abort", check=False)

    def cherry_pick(self, here: Path, there: Path, number: int) -> None:
        """One commit of another clone."""
        self.commit(here)
        git(here, "fetch", "--quiet", str(there), "HEAD")
        self._apply(here, "cherry-pick", "FETCH_HEAD")

    def revert(self, here: Path, there: Path, number: int) -> None:
        """The last commit is undone by another."""
        self.commit(here)
        self._apply(here, "revert", "HEAD")
        gone = git(here, "log", "-1", "--diff-filter=D", "--name-only", "--format=").stdout
        self.deleted |= {Path(one).stem for one in gone.split() if one.endswith(".md")}

    def _apply(self, here: Path, verb: str, commit: str) -> None:
        if git(here, "rev-parse", "--verify", "--quiet", f"{commit}^2", check=False).stdout:
            return  # a merge
        done = git(here, verb, "--no-edit" if verb == "revert" else "-x", commit, check=False)
        if done.returncode:
            self._settle(here)
            git(here, "commit", "--quiet", "--allow-empty", "-m", verb, check=False)
            git(here, verb, "--abort", check=False)

    def look_back(self, here: Path, there: Path, number: int) -> None:
        """An old commit is checked out for a while, and somebody looks around there."""
        self.commit(here)
        branch = git(here, "branch", "--show-current").stdout.strip()
        git(here, "checkout", "--quiet", "--detach", f"HEAD~{number % 3 + 1}", check=False)
        self.sync(here)
        git(here, "checkout", "--quiet", branch)

    def branch(self, here: Path, there: Path, number: int) -> None:
        """Work goes on on another branch of the same clone, which is merged the next time."""
        self.commit(here)
        on = git(here, "branch", "--show-current").stdout.strip()
        if on == "side":
            git(here, "switch", "--quiet", "main")
            git(here, "merge", "--quiet", "--no-edit", "side", check=False)
            self._settle(here)
            git(here, "commit", "--quiet", "--no-edit", check=False)
        else:
            git(here, "switch", "--quiet", "-C", "side")

    def sync(self, here: Path, _: Path | None = None, number: int = 0) -> None:
        """What is new in the files is in the database."""
        with Open(here) as workspace:
            load.load(workspace.db, str(here))
        with Open(here):
            pass  # and what was merged is in the files

    def _settle(self, here: Path) -> None:
        """What git could not merge is merged: files with markers by sync, others as they lie."""
        if unmerged(here):
            self.sync(here)
        git(here, "add", "--all")

    def _tasks(
        self, workspace: Workspace, which: Callable[[Task], bool] = lambda _: True
    ) -> list[Task]:
        rows = workspace.db.all("queries.ascending", states=None, assignee=None, plan_id=None,
            label=None, skill=None, text=None, stale=None, sort="title", after=None, limit=-1,
        )  # fmt: skip
        found = [workspace.tasks.get(str(row["id"])) for row in rows]
        return sorted((one for one in found if which(one)), key=lambda one: (one.title, one.id))

    # The end.

    def converge(self) -> None:
        """All clones have merged each other until nothing moves, and agree."""
        for here in self.clones:
            self.commit(here)
            if git(here, "branch", "--show-current").stdout.strip() != "main":
                self.branch(here, here, 0)
        for _ in range(ROUNDS):
            for here in self.clones:
                self._forward(here)
            for at, here in enumerate(self.clones):
                for there in self.clones[:at] + self.clones[at + 1 :]:
                    self.merge(here, there, 0)
                    self._forward(here)
            trees = {
                git(one, "rev-parse", "HEAD:.tasks", "HEAD:.memories", check=False).stdout
                for one in self.clones
            }
            if len(trees) == 1:
                break
        self.check(trees)

    def _forward(self, here: Path) -> None:
        """Files that were set back are as the database says: what the doctor advises."""
        self.sync(here)
        with Open(here) as workspace:
            for one in list(drift.differences(workspace.db, str(here))):
                kind = "memory" if one.path.startswith(".memories/") else "task"
                export.overwrite(workspace.db, str(here), kind, Path(one.path).stem)
        self.commit(here)

    def check(self, trees: set[str]) -> None:
        """Nothing is lost, nothing is open again, and everybody agrees."""
        assert len(trees) == 1, "the clones' files differ"
        seen = []
        for here in self.clones:
            with Open(here) as workspace:
                rows = {one.id: one for one in self._tasks(workspace)}
                events = {
                    task_id: {one.id for one in workspace.tasks.log(task_id)
                              if one.kind == "task.completed"}
                    for task_id in rows
                }  # fmt: skip
            texts = {one: text.task_text(task) for one, task in rows.items()}
            there = {path.stem: path.read_text() for path in (here / ".tasks").glob("*.md")}
            # A task that lost or got its children may keep a status in its file, or none.
            assert texts.keys() == there.keys(), f"{here.name}: files and tasks differ"
            for one, task in rows.items():
                forms = [text.task_text(replace(task, children=number)) for number in (0, 1)]
                if task.children:  # what a revert has left; nobody goes by a parent's own status
                    stale = replace(task, children=0, status=Status.PENDING, completed_at=None)
                    forms.append(text.task_text(stale))
                assert there[one] in forms, f"{here.name}: {one} and its file differ"
            lost = self.made.keys() - rows.keys() - self.deleted
            assert not lost, f"{here.name}: lost {lost}"
            again = {
                one for one in (self.finished - self.deleted) & rows.keys()
                if rows[one].status != Status.COMPLETED and not rows[one].children
            }  # fmt: skip
            assert not again, f"{here.name}: open again {again}"
            seen.append((texts, {one: events[one] for one in self.finished & rows.keys()}))
        for texts, events in seen:
            assert texts == seen[0][0], "the clones' tasks differ"
            assert events == seen[0][1], "the clones' logs differ"


class Open:
    """A workspace of a clone, closed at the end."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def __enter__(self) -> Workspace:
        self._workspace = open_workspace(str(self._path), name=self._path.name)
        self._workspace.flush()
        return self._workspace

    def __exit__(self, *_: object) -> None:
        self._workspace.close()


def git(here: Path, *args: str, check: bool = True) -> subprocess.CompletedProcess[str]:
    """The finished git command; its hooks are ours."""
    done = subprocess.run(
        ["git", *args], cwd=here, capture_output=True, text=True, check=False,
        env=os.environ | {"GIT_EDITOR": "true"},
    )  # fmt: skip
    assert done.returncode == 0 or not check, (args, done.stdout, done.stderr)
    return done


def unmerged(here: Path) -> bool:
    """Whether git could not merge something."""
    return bool(git(here, "ls-files", "--unmerged").stdout)
