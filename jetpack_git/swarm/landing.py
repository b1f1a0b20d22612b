"""Landing: finished branches go into the base, one after the other, and checked before.

Who finishes a task queues it, and waits for its turn. Whoever has the turn lands what waits: where
checks are slow several branches wait, and are checked as one. When that fails, the one that is to
blame is found by halving, and the others land. The base only ever gets what was checked.
"""

from __future__ import annotations

from collections.abc import Callable
from collections.abc import Sequence
from pathlib import Path

from jetpack_git import clock
from jetpack_git.data.rows import to_event
from jetpack_git.data.rows import to_task
from jetpack_git.errors import GitFailed
from jetpack_git.errors import JetpackError
from jetpack_git.errors import Negative
from jetpack_git.git import worktrees
from jetpack_git.models.task import Task
from jetpack_git.models.visible import safe
from jetpack_git.swarm import base as base_branch
from jetpack_git.swarm import branches
from jetpack_git.swarm import checks
from jetpack_git.swarm import clashes
from jetpack_git.swarm import integrate
from jetpack_git.swarm.integrate import Way
from jetpack_git.swarm.landed import landed
from jetpack_git.workspace import Workspace

TRIES = 3
TRIES_WHILE_MOVING = 30  # somebody who commits again and again is met between two commits
PAUSE_S = 0.2  # for somebody else's git to give its lock back

Stack = list[tuple[Task, str]]  # branches on top of each other, each with the merge of it


def check_way(how: str, base: str, where: Path, warn: Callable[[str], None]) -> None:
    """Finished branches can get into the base so, as far as is known; else BadInput or a warning.

    A base that is not free now may be so by then.
    """
    if how == integrate.REQUEST:
        from jetpack_git.swarm import requests  # its review takes time to load

        requests.find(where, base)
    elif how == integrate.MERGE:
        try:
            base_branch.check_free(base, clone=where)
        except GitFailed as error:
            warn(error.message)


def earlier(workspace: Workspace, way: Way) -> list[Task]:
    """What earlier swarms have finished and not landed; where it is to be merged it waits now.

    What a pull request was opened for waits for others, until the base here has it.
    """
    tasks = integrate.unmerged(workspace)
    if way.how == integrate.MERGE:
        with workspace.db.transaction():
            for one in tasks:
                workspace.db.run("landing.queue", task_id=one.id, base=way.base)
        return tasks
    clone = Path(workspace.clone.worktree or workspace.clone.common_dir)
    asked = {
        one.id
        for one in tasks
        if workspace.db.one("landing.request", task_id=one.id, commit_id=one.commit_id)
    }
    left = {one.id for one in integrate.not_in(workspace, clone, f"refs/heads/{way.base}")}
    return [one for one in tasks if one.id not in asked or one.id not in left]


def land(workspace: Workspace, task: Task, way: Way, *, queued: bool = False) -> tuple[str, str]:
    """What became of the finished task's branch: a word, and what there is to say of it.

    One that was `queued` before may have been settled meanwhile, together with others. Raises
    JetpackError when it is left for later; the branch stays as it is then, and the reason is
    kept as an event.
    """
    try:
        if way.how == integrate.REQUEST:
            from jetpack_git.swarm import requests  # its review takes time to load

            return requests.request(workspace, task, way)
        if not queued:
            with workspace.db.transaction():
                workspace.db.run("landing.queue", task_id=task.id, base=way.base)
        return _merge(workspace, task, way)
    except JetpackError as error:
        if _waits(workspace, task) or way.how == integrate.REQUEST:
            _refuse(workspace, task, error)
        raise


def _merge(workspace: Workspace, task: Task, way: Way) -> tuple[str, str]:
    db = workspace.db
    with integrate.turn(workspace, way, lambda: _waits(workspace, task)) as mine:
        if mine:
            _have_turn(workspace, task, way)
    row = db.one("landing.said", task_id=task.id)
    said = to_event(row) if row is not None else None
    if said is None or said.kind != "integration.merged":
        raise Negative(said.note if said else f"{task.id} is not finished any more.")
    return "merged", way.base


def _waits(workspace: Workspace, task: Task) -> bool:
    return workspace.db.one("landing.waits", task_id=task.id) is not None


def revised(
    workspace: Workspace, results: Sequence[tuple[Task, str, str]]
) -> list[tuple[Task, str, str]]:
    """The results of a swarm, now that it has ended: what was in the way may be solved since."""
    found = []
    for task, agent, what in results:
        row = workspace.db.one("landing.said", task_id=task.id) if what == "unmerged" else None
        merged = row is not None and row["kind"] == "integration.merged"
        found.append((task, agent, "merged" if merged else what))
    return found


def _have_turn(workspace: Workspace, task: Task, way: Way) -> None:
    """The task is settled, and so are those that waited before it and some that wait with it."""
    db = workspace.db
    integrate.settle_alone(workspace, grace_s=base_branch.WAIT_S)
    most = way.config.integration.batch if way.config.integration.checks else 1
    while _waits(workspace, task):
        tasks = [to_task(row) for row in db.all("landing.next", base=way.base, limit=most)]
        if not tasks:
            db.run("landing.leave", task_id=task.id)
        while tasks:
            tasks = _Batch(workspace, way).land(tasks)


class _Batch:
    """Some branches that are landed together."""

    def __init__(self, workspace: Workspace, way: Way) -> None:
        self.workspace = workspace
        self.way = way
        self.clone = Path(workspace.clone.worktree or workspace.clone.common_dir)
        self._seen = ""  # the tip of the base that holds none of the branches
        self.checks = checks.Checks(
            workspace.clone, workspace.db, way.base, way.config, way.stop, way.hurry
        )  # fmt: skip

    def land(self, tasks: list[Task]) -> list[Task]:
        """Those behind the one that did not pass the checks; what is before it has landed.

        Who conflicts with another one of the batch waits on. Raises JetpackError when none of
        them can land, for a reason that is none of theirs.
        """
        old = self._seen = self._tip()
        tasks = self._not_there(tasks, old)
        for attempt in range(1, TRIES_WHILE_MOVING + 1):
            stack = self._stack(tasks, old)
            if not stack:
                return []
            if self.way.config.integration.checks:
                base_branch.check_free(self.way.base, clone=self.clone)
            good, failed = self._passing(stack)
            try:
                if good:
                    self._move(old, stack[good - 1][1])
            except GitFailed:
                before, old = old, self._tip()
                if before == old or attempt == TRIES_WHILE_MOVING:
                    raise
                continue
            for task, commit in stack[:good]:
                self._merged(task, commit)
            if failed is None:
                return []
            _refuse(self.workspace, stack[good][0], failed)
            return [task for task, _ in stack[good + 1 :]]
        raise AssertionError("unreachable")

    def _tip(self) -> str:
        tip = worktrees.commit_of(f"refs/heads/{self.way.base}", cwd=self.clone)
        if tip is None:
            raise GitFailed(f"There is no branch {self.way.base} any more.")
        return tip

    def _not_there(self, tasks: list[Task], tip: str) -> list[Task]:
        """Those whose work the base has not got in some other way; the others are settled."""
        left = []
        for task in tasks:
            commit = worktrees.commit_of(str(task.commit_id), cwd=self.clone)
            if commit and landed(self.workspace.db, tip, commit, cwd=self.clone):
                self._merged(task, tip)
            else:
                left.append(task)
        return left

    def _stack(self, tasks: list[Task], old: str) -> Stack:
        """The branches that can be merged on top of each other; who cannot at all is settled."""
        stack: Stack = []
        for task in tasks:
            top = stack[-1][1] if stack else old
            if top != self._seen and worktrees.contains(top, str(task.commit_id), cwd=self.clone):
                if not stack:
                    self._merged(task, old)
                continue  # else another one of the batch brings it along, and it waits for that
            try:
                new = self._joined(task, top)
                if self.way.guarded:
                    agent = task.assignee or clashes.SENDER
                    integrate.check_guard(self.workspace, top, new, agent, self.clone)
                stack.append((task, new))
            except branches.MergeConflict as error:
                if not stack:
                    clashes.keep(self.workspace, task, self.way.base, old, error)
            except GitFailed as error:
                _refuse(self.workspace, task, error)
        return stack

    def _joined(self, task: Task, top: str) -> str:
        """A merge commit of the two, also where the base could simply be moved forward."""
        commit = str(task.commit_id)
        message = f"Merge {task.branch}\n\n{task.title.splitlines()[0]}\n\nJetpack-Task: {task.id}"
        names = (self.way.base, str(task.branch))
        db = self.workspace.db
        tree = branches.merged_tree(db, top, commit, cwd=self.clone, names=names)
        return branches.commit(tree, [top, commit], message, cwd=self.clone)

    def _passing(self, stack: Stack) -> tuple[int, Negative | None]:
        """How many of the stack pass the checks, and how the one after them failed."""
        good, bad = 0, len(stack)
        failed = self._check(stack, bad)
        if failed is None:
            return bad, None
        while bad - good > 1:
            middle = (good + bad) // 2
            found = self._check(stack, middle)
            if found is None:
                good = middle
            else:
                bad, failed = middle, found
        return good, failed

    def _check(self, stack: Stack, number: int) -> Negative | None:
        task, commit = stack[number - 1]
        return self.checks.failure(commit, task.id)

    def _move(self, old: str, new: str) -> None:
        """The base is at the new commit. Raises GitFailed."""
        for attempt in range(1, TRIES + 1):
            try:
                base_branch.move(self.workspace.db, self.way.base, old, new, clone=self.clone)
                break
            except GitFailed:
                if attempt == TRIES or self._tip() != old:
                    raise
                clock.sleep(PAUSE_S)
        if not worktrees.contains(f"refs/heads/{self.way.base}", new, cwd=self.clone):
            raise GitFailed(f"{self.way.base} does not hold what was merged into it.")

    def _merged(self, task: Task, commit: str) -> None:
        """The task is in the base, and so is every one whose conflicts it has settled."""
        db = self.workspace.db
        both = [task] + [
            one
            for one in clashes.merged_with(self.workspace, task)
            if worktrees.contains(commit, str(one.commit_id), cwd=self.clone)
        ]
        with db.transaction():
            for one in both:
                row = db.one("landing.said", task_id=one.id)
                if one is task or row is None or row["kind"] != "integration.merged":
                    self.workspace.tasks.journal.event(
                        "integration.merged", one.id, agent=one.assignee or clashes.SENDER,
                        note=self.way.base, commit=commit,
                    )  # fmt: skip
                db.run("landing.leave", task_id=one.id)


def _refuse(workspace: Workspace, task: Task, error: JetpackError) -> None:
    """The task's branch is left for later, and its events say why."""
    with workspace.db.transaction():
        workspace.tasks.journal.event(
            "integration.refused", task.id, agent=task.assignee or clashes.SENDER,
            note=safe(error.message, lines=True),
        )  # fmt: skip
        workspace.db.run("landing.leave", task_id=task.id)
