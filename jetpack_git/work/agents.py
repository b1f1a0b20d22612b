"""Agents: their lives, heartbeats, and what becomes of the work of the dead."""

from __future__ import annotations

import os
from collections.abc import Sequence

from jetpack_git import clock
from jetpack_git import ids
from jetpack_git.data.database import Database
from jetpack_git.data.journal import Journal
from jetpack_git.data.rows import dump
from jetpack_git.data.rows import to_agent
from jetpack_git.errors import BadInput
from jetpack_git.errors import Conflict
from jetpack_git.errors import NotFound
from jetpack_git.models.agent import Agent
from jetpack_git.models.agent import AgentStatus

LONGEST_NAME = 200


class Agents:
    """The agents of one clone."""

    def __init__(self, db: Database) -> None:
        self.db = db
        self.journal = Journal(db, None)

    def meet(self, name: str) -> Agent:
        """The agent of that name, made known as a person when it was not. Raises BadInput."""
        if not name.strip() or len(name) > LONGEST_NAME or not name.isprintable():
            raise BadInput(
                f"{name!r:.60} cannot be the name of an agent.",
                hint="Choose a short name without control characters: --as NAME",
            )
        row = self.db.one("agents.get", name=name)
        if row is None:
            with self.db.transaction():
                self.db.run("agents.meet", name=name, now=clock.now())
            row = self.db.one("agents.get", name=name)
        assert row is not None
        return to_agent(row)

    def register(
        self, name: str | None, *, skills: Sequence[str] | None, model: str | None,
        incarnation: str | None = None, stale_after_s: float, works_in: str | None = None,
        borrowed: bool = False,
    ) -> Agent:  # fmt: skip
        """A new life of the agent, under a memorable name of its own if it has none.

        Raises Conflict when another life of that name is still heard of, unless the name was
        `borrowed` openly; `incarnation` is the caller's own.
        """
        from jetpack_git.work.names import memorable  # a claim does without

        with self.db.transaction():
            taken = {one.name for one in self.all()}
            if not name:
                taken |= {str(row["name"]) for row in self.db.all("agents.named_elsewhere")}
            name = name or memorable(taken)
            self.meet(name)
            known = self.get(name)
            won = self.db.one(
                "agents.register", name=name, skills=dump(sorted(skills or ())), model=model,
                new_skills=None if skills is None else dump(sorted(skills)),
                incarnation=ids.incarnation(), now=clock.now(), mine=incarnation,
                fresh=clock.after(-stale_after_s), works_in=works_in, borrowed=borrowed,
            )  # fmt: skip
            if won is None:
                raise Conflict(
                    f"{name} is somebody else: heard of at "
                    f"{known.heartbeat_at or known.started_at}.",
                    hint="Register under another name, or without one.",
                )
            self.journal.event("agent.registered", agent=name)
        return self.get(name)

    def check_life(self, name: str, incarnation: str | None) -> None:
        """The caller's life of the agent is not over. Raises Conflict."""
        row = self.db.one("agents.get", name=name) if incarnation else None
        if row is not None and row["incarnation"] not in (None, incarnation):
            raise Conflict(
                f"This life of {name} is over: it began anew elsewhere.",
                hint="Begin a new one with: git jetpack register",
            )

    def heartbeat(
        self, name: str, *, incarnation: str | None, works_in: str | None = None
    ) -> Agent:
        """The agent is alive. Raises Conflict when this life of it is over."""
        found = self.db.one(
            "agents.heartbeat", name=name, incarnation=incarnation, now=clock.now(),
            works_in=works_in,
        )  # fmt: skip
        if found is None:
            raise Conflict(
                f"This life of {name} is over: it has retired, or began anew elsewhere.",
                hint="Begin a new one with: git jetpack register",
            )
        self.db.run("leases.extend", agent=name, now=clock.now())
        return self.get(name)

    def retire(self, name: str) -> Agent:
        """The agent gets no mail any more; nobody else ever gets its name."""
        with self.db.transaction():
            if self.get(name).retired_at is None:
                self.db.run("agents.retire", name=name, now=clock.now())
                self.journal.event("agent.retired", agent=name)
        return self.get(name)

    def get(self, name: str) -> Agent:
        """The agent of that name. Raises NotFound."""
        row = self.db.one("agents.get", name=name)
        if row is None:
            raise NotFound(f"There is no agent {name!r}.", hint="See them with: git jetpack status")
        return to_agent(row)

    def all(self) -> list[Agent]:
        """All agents, by name."""
        return [to_agent(row) for row in self.db.all("agents.all")]

    def running(self) -> list[Agent]:
        """The programs whose lives are not settled; a dead one may still say that it runs."""
        return [to_agent(row) for row in self.db.all("agents.running")]

    def start(self, name: str, *, worktree: str, skills: Sequence[str] = ()) -> Agent | None:
        """A new life of the agent, run by this process; None when somebody else runs it."""
        incarnation = ids.incarnation()
        with self.db.transaction():
            won = self.db.one(
                "agents.start", name=name, skills=dump(sorted(skills)), incarnation=incarnation,
                host=os.uname().nodename, pid=os.getpid(), pid_started=started(os.getpid()),
                worktree=worktree, now=clock.now(),
            )  # fmt: skip
            if won is not None:
                self.journal.event("agent.started", agent=name)
        return self.get(name) if won is not None else None

    def beat(self, agent: Agent) -> bool:
        """Whether the agent still lives this life; its heartbeat is fresh if so."""
        found = self.db.one(
            "agents.beat", name=agent.name, incarnation=agent.incarnation, now=clock.now()
        )
        if found is not None:
            self.db.run("leases.extend", agent=agent.name, now=clock.now())
        return found is not None

    def work(self, agent: Agent, task_id: str | None, child_pid: int | None = None) -> None:
        """The agent works on the task (or on none), through that process of its own."""
        self.db.run(
            "agents.work", name=agent.name, incarnation=agent.incarnation, task_id=task_id,
            status=AgentStatus.WORKING if task_id else AgentStatus.IDLE,
            child_pid=child_pid, child_started=started(child_pid) if child_pid else None,
            now=clock.now(),
        )  # fmt: skip

    def expire(self, agent: Agent) -> None:
        """This life is over: no heartbeat can bring it back, and its name is not free yet."""
        with self.db.transaction():
            found = self.db.one("agents.expire", name=agent.name, incarnation=agent.incarnation)
            if found is not None:
                self.journal.event("agent.stale", agent=agent.name)

    def stopping(self) -> None:
        """The agents that this process runs are about to end."""
        self.db.run("agents.stopping", host=os.uname().nodename, pid=os.getpid())

    def finish(self, agent: Agent, *, failed: bool = False) -> bool:
        """Whether this life of the agent was not settled yet; now it is, and the name is free."""
        status = AgentStatus.FAILED if failed else AgentStatus.STOPPED
        with self.db.transaction():
            found = self.db.one(
                "agents.finish", name=agent.name, incarnation=agent.incarnation, status=status
            )
            if found is not None:
                self.journal.event(f"agent.{status}", agent=agent.name)
        return found is not None


def is_alive(agent: Agent, *, stale_after_s: float) -> bool:
    """Whether the agent's process runs and its heartbeat is fresh.

    The process is looked at only on its own host.
    """
    if agent.status == AgentStatus.STALE:
        return False
    here = agent.host == os.uname().nodename and agent.pid is not None
    if here and not is_same_process(agent.pid or 0, agent.pid_started):
        return False
    return agent.heartbeat_at is None or agent.heartbeat_at >= clock.after(-stale_after_s)


def is_same_process(pid: int, started_at: str | None) -> bool:
    """Whether the process runs that was started then; a reused number is another one."""
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        pass
    return started(pid) == started_at


def started(pid: int) -> str | None:
    """A text that tells this process from any other of its number; None where unknown."""
    try:
        with open(f"/proc/{pid}/stat", encoding="ascii", errors="replace") as file:
            fields = file.read().rpartition(")")[2].split()
        with open("/proc/sys/kernel/random/boot_id", encoding="ascii") as file:
            boot = file.read(8)
    except (OSError, IndexError):
        return None
    if fields[0] in "ZX":
        return "gone"
    return f"{boot}:{fields[19]}"
