"""One of the processes that write together: FOLDER START SECONDS WHAT NAME.

It does WHAT, one of CYCLES, again and again from START (seconds since 1970) for SECONDS, and
prints what it did as JSON.
"""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable
from typing import Any

from jetpack_git.models.task import Task
from jetpack_git.work.agents import Agents
from jetpack_git.work.claims import claim_next
from jetpack_git.work.mail import Mail
from jetpack_git.work.tasks import Tasks
from jetpack_git.workspace import open_workspace

READER = "reader"


class Writer:
    """An agent that keeps a list of what it did and how long each write took."""

    def __init__(self, folder: str, name: str, *, what: str, until: float) -> None:
        self.until = until
        self.workspace = open_workspace(folder, name=name)
        self.agent = self.workspace.agent
        self.tasks = self.workspace.tasks if what == MIRRORED else Tasks(self.workspace.db)
        self.mail = Mail(self.workspace.db)
        Agents(self.workspace.db).meet(READER)
        self.took: list[tuple[str, float]] = []
        self.claimed: list[str] = []
        self.errors: list[str] = []

    def do(self, kind: str, write: Callable[[], Any]) -> Any:
        """What the write returned; None when it failed, which is kept."""
        began = time.perf_counter()
        try:
            found = write()
        except Exception as error:
            self.errors.append(f"{kind}: {type(error).__name__}: {error}")
            return None
        if time.time() <= self.until:
            self.took.append((kind, (time.perf_counter() - began) * 1000))
        return found

    def task(self, number: int) -> None:
        """A task is added, one claimed, its files reserved, and it is completed."""
        wanted = Task(id="", title=f"{self.agent} {number}", files=(f"src/{number}.py",))
        self.do("add", lambda: self.tasks.add(wanted, agent=self.agent))
        task = self.do("claim", lambda: claim_next(self.tasks, agent=self.agent))
        if task is None:
            return
        self.claimed.append(task.id)
        reserve = self.workspace.reservations.reserve
        self.do("reserve", lambda: reserve(task.files, agent=self.agent, task_id=task.id))
        self.do("done", lambda: self.tasks.done(task.id, agent=self.agent))

    def words(self, number: int) -> None:
        """A file is reserved, an agent gets a message, the inbox is looked at."""
        held, others = self.workspace.reservations, [READER]
        path = f"src/{self.agent}/{number}.py"
        self.do("reserve", lambda: held.reserve([path], agent=self.agent))
        self.do("send", lambda: self.mail.send(self.agent, others, f"Message {number}"))
        self.do("inbox", lambda: self.mail.inbox(self.agent, limit=20))
        self.do("unreserve", lambda: held.release(agent=self.agent, pattern=path))


MIRRORED, WORDS = "tasks with the mirror", "reservations and mail"
CYCLES = {
    MIRRORED: Writer.task,
    "tasks without the mirror": Writer.task,
    WORDS: Writer.words,
}


def main(folder: str, start: str, seconds: str, what: str, name: str) -> None:
    """The report of one writer is on stdout."""
    until = float(start) + float(seconds)
    writer = Writer(folder, name, what=what, until=until)
    time.sleep(max(0.0, float(start) - time.time()))
    number = 0
    while time.time() < until:
        CYCLES[what](writer, number)
        number += 1
    errors = writer.errors + writer.workspace.warnings
    writer.workspace.close()
    print(json.dumps({"took": writer.took, "claimed": writer.claimed, "errors": errors}))


if __name__ == "__main__":
    main(*sys.argv[1:])
