"""The swarms of a clone: which run, and what each is wanted to do.

A swarm is steered through its row: whoever may write the database may pause it from any
terminal, and a swarm that was killed leaves no socket and no lock behind.
"""

from __future__ import annotations

import os

from jetpack_git import clock
from jetpack_git import ids
from jetpack_git.data.database import Database
from jetpack_git.data.database import Row
from jetpack_git.errors import Negative
from jetpack_git.errors import NotFound
from jetpack_git.models.agent import Swarm
from jetpack_git.work.agents import is_same_process
from jetpack_git.work.agents import started


class Swarms:
    """The swarms of one clone."""

    def __init__(self, db: Database) -> None:
        self.db = db

    def begin(self, *, base: str, size: int, bypass: str = "") -> Swarm:
        """A swarm that this process runs; `bypass` names what asks nobody before it acts."""
        name = ids.token(6)
        self.db.run(
            "swarms.begin", id=name, host=os.uname().nodename, pid=os.getpid(),
            pid_started=started(os.getpid()), base=base, size=size, bypass=bypass, now=clock.now(),
        )  # fmt: skip
        return self.get(name)

    def get(self, name: str) -> Swarm:
        """The swarm of that id. Raises NotFound."""
        row = self.db.one("swarms.get", id=name)
        if row is None:
            raise NotFound(f"There is no swarm {name!r}.", hint="See them with: git jetpack ps")
        return _swarm(row)

    def running(self) -> list[Swarm]:
        """The swarms whose processes run, as far as this host can tell; the oldest first."""
        found = []
        for row in self.db.all("swarms.running"):
            one = _swarm(row)
            here = one.host == os.uname().nodename
            if here and not is_same_process(one.pid, one.pid_started):
                self.end(one.id)
            else:
                found.append(one)
        return found

    def want(self, wanted: str, name: str | None = None) -> list[Swarm]:
        """The running swarms (or the one of that id) are `wanted` to do something else.

        It is one of `run pause drain stop halt`; who is to stop is not asked to go on. Raises
        Negative when none runs.
        """
        changed = [one for one in self._chosen(name) if self._want(one, wanted)]
        return [self.get(one.id) for one in changed]

    def _want(self, one: Swarm, wanted: str) -> bool:
        return self.db.one("swarms.want", id=one.id, wanted=wanted) is not None

    def resize(self, size: int, name: str | None = None) -> Swarm:
        """The running swarm is to have that many agents. Raises Negative when none runs."""
        chosen = self._chosen(name)
        if len(chosen) > 1:
            raise Negative(
                "Several swarms run here.",
                hint=f"Say which one: --swarm {' or '.join(one.id for one in chosen)}",
            )
        self.db.run("swarms.resize", id=chosen[0].id, size=size)
        return self.get(chosen[0].id)

    def _chosen(self, name: str | None) -> list[Swarm]:
        found = [one for one in self.running() if name in (None, one.id)]
        if not found:
            raise Negative("No swarm runs here.", hint="Begin one with: git jetpack start")
        return found

    def end(self, name: str) -> None:
        """The swarm is over."""
        self.db.run("swarms.end", id=name, now=clock.now())


def _swarm(row: Row) -> Swarm:
    values = {name: row[name] for name in Swarm.__dataclass_fields__}
    return Swarm(**values)  # type: ignore[arg-type]
