"""What one process has open: the clone, its database, and who it is.

Every change made through it is written to the mirror files of its worktree.
"""

from __future__ import annotations

import os

from jetpack_git.data.database import Database
from jetpack_git.data.database import open_database
from jetpack_git.data.sqlite import BUSY_TIMEOUT_S
from jetpack_git.errors import BadInput
from jetpack_git.errors import StoreError
from jetpack_git.git.clone import Clone
from jetpack_git.git.clone import find
from jetpack_git.mirror import export
from jetpack_git.work.reservations import Reservations
from jetpack_git.work.tasks import Tasks


class Workspace:
    """An open clone, seen from one worktree.

    `warnings` collects what went wrong beside the work: a file that could not be written,
    a conflict between file and row. While `paused` the files are not written; the marks of
    what is due remain.
    """

    def __init__(self, clone: Clone, db: Database, *, name: str | None, incarnation: str | None):
        self.clone = clone
        self.db = db
        self.incarnation = incarnation
        self.warnings: list[str] = []
        self.progress: export.Progress | None = None  # is told of the files that are written
        self._name = name
        self.borrowed = False  # the name was said for this one command, which is logged
        self.paused = False
        db.before_commit += [self._measure, self._foretell]
        db.after_commit.append(self.flush)

    @property
    def agent(self) -> str:
        """Who acts: the name given, else the worktree's agent, else git's config."""
        if not self._name:
            self._name = self._find_name()
        from jetpack_git.work.agents import Agents

        agents = Agents(self.db)
        found = agents.meet(self._name).name
        if self.borrowed:
            self.borrowed = False
            own = os.environ.get("JETPACK_AGENT") or self.worktree_agent() or f"uid {os.getuid()}"
            if own != found:
                agents.journal.event("agent.borrowed", agent=found, note=f"by {own}")
        return found

    @property
    def living(self) -> str:
        """The same, where only the agent's present life may act. Raises Conflict."""
        from jetpack_git.work.agents import Agents

        Agents(self.db).check_life(self.agent, self.incarnation)
        return self.agent

    @property
    def tasks(self) -> Tasks:
        """The task list, written to from this worktree."""
        return Tasks(self.db, worktree=self.clone.worktree)

    @property
    def reservations(self) -> Reservations:
        """The reservations of the clone."""
        return Reservations(self.db, worktree=self.clone.worktree)

    def flush(self) -> None:
        """The mirror files of this worktree are up to date, or the warnings say which are not.

        The change itself is in the database by now, so nothing here may look like its failure.
        """
        if self.clone.worktree is None or self.paused:
            return
        try:
            said = export.flush(self.db, self.clone.worktree, self.progress)
        except StoreError as error:
            said = [f"the task files are still to be written: {error.message}"]
        self.warnings += [one for one in said if one not in self.warnings]

    def wake(self) -> None:
        """What waited for its time can be claimed, or the warnings say why not."""
        try:
            self.tasks.wake()
        except StoreError as error:
            self.warnings.append(f"tasks whose time has come still wait: {error.message}")

    def _measure(self) -> None:
        """What the graph says of the tasks is right, where little of it has changed."""
        if self.db.one("graph.any_dirty") is not None:
            from jetpack_git.work import metrics

            metrics.refresh(self.db, at_most=metrics.AT_ONCE)

    def _foretell(self) -> None:
        """What is about to be written to the files is known as ours with the change itself."""
        if self.clone.worktree is not None and not self.paused:
            export.foretell(self.db, self.clone.worktree)

    def close(self) -> None:
        """The database is closed."""
        self.db.close()

    def worktree_agent(self) -> str | None:
        """The agent whose worktree this is, if it is one's."""
        if self.clone.worktree is None:
            return None
        row = self.db.one("agents.of_worktree", worktree=self.clone.worktree)
        return str(row["name"]) if row is not None else None

    def configured_agent(self) -> str | None:
        """The agent that git's config names as the user of this clone."""
        return self._configured("jetpack.agent")

    def _find_name(self) -> str:
        found = self.worktree_agent() or self.configured_agent() or self._configured("user.name")
        if found:
            return found
        raise BadInput(
            "It is not known who you are.",
            hint="Say it with --as NAME, or once and for all: git config jetpack.agent NAME",
        )

    def _configured(self, key: str) -> str | None:
        from pathlib import Path

        from jetpack_git.git.run import git

        where = Path(self.clone.worktree or self.clone.common_dir)
        return git("config", key, cwd=where, check=False) or None


def workspace_at(start: str, revision: str, *, memories: bool = False) -> Workspace:
    """What the clone that holds the folder `start` was as of a revision; for reading alone.

    It has its tasks, or its `memories`. Raises BadInput when there is no such commit.
    """
    from pathlib import Path

    from jetpack_git.mirror import snapshot

    clone = find(start)
    db, warnings = snapshot.at(
        revision, cwd=Path(clone.worktree or clone.git_dir), memories=memories
    )
    found = Workspace(clone, db, name=None, incarnation=None)
    found.paused = True
    found.warnings += warnings
    return found


def open_workspace(
    start: str,
    *,
    name: str | None = None,
    incarnation: str | None = None,
    create: bool = False,
    busy_timeout_s: float = BUSY_TIMEOUT_S,
) -> Workspace:
    """The clone that holds the folder `start`, open. Raises BadInput or StoreError."""
    clone = find(start)
    db = open_database(clone.database, create=create, busy_timeout_s=busy_timeout_s)
    return Workspace(clone, db, name=name, incarnation=incarnation)
