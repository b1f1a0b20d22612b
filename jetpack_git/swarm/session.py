"""A session: one agent's program at work on one task, begun again where only the line broke."""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Callable
from dataclasses import dataclass
from dataclasses import replace
from pathlib import Path

from jetpack_git import clock
from jetpack_git.models.agent import Agent
from jetpack_git.models.config import Config
from jetpack_git.models.run import AgentEvent
from jetpack_git.models.run import Ending
from jetpack_git.models.run import Heard
from jetpack_git.models.run import Said
from jetpack_git.models.run import Usage
from jetpack_git.models.task import Task
from jetpack_git.outfit.kinds import has_server
from jetpack_git.swarm import branches
from jetpack_git.swarm import harness
from jetpack_git.swarm import homes
from jetpack_git.swarm import outcome
from jetpack_git.swarm import processes
from jetpack_git.swarm import prompt
from jetpack_git.swarm.adapters import base
from jetpack_git.swarm.adapters.base import Server
from jetpack_git.swarm.branches import Prepared
from jetpack_git.swarm.kinds import Kind
from jetpack_git.swarm.kinds import chromium
from jetpack_git.swarm.outcome import Result
from jetpack_git.work.agents import Agents
from jetpack_git.work.budgets import Budget
from jetpack_git.work.budgets import Spent
from jetpack_git.work.runs import Runs
from jetpack_git.work.runs import priced
from jetpack_git.workspace import Workspace

SAY_S = 0.1  # how often it is passed on what an agent says
COUNT_S = 5.0  # how often a running agent's budgets are looked at


@dataclass(frozen=True)
class Watch:
    """How a session is steered from outside, and whom it tells what it hears."""

    stop: Callable[[], bool]
    hurry: Callable[[], bool]
    tell: Callable[[str, Task, str], None]


class Session:
    """One agent's program at work on one task."""

    def __init__(
        self, workspace: Workspace, agent: Agent, kind: Kind, config: Config, *, swarm: str | None,
        watch: Watch,
    ) -> None:  # fmt: skip
        self.workspace = workspace
        self.agent = agent
        self.kind = kind
        self.config = config
        self.heard = Heard()
        self._swarm = swarm
        self._watch = watch
        self._agents = Agents(workspace.db)
        self._runs = Runs(workspace.db)
        self._home = Path(workspace.clone.home)
        self._root = str(workspace.clone.worktree)
        self.over: Spent | None = None
        self._counted_at = 0.0
        self._said_at = -SAY_S

    def run(self, task: Task, prepared: Prepared) -> Result:
        """How the program ended; where the line broke it was resumed before, and not too often."""
        beside = prompt.context(
            self.workspace, task, self.agent.name, self._watch.tell,
            unfinished=prepared.unfinished,
        )  # fmt: skip
        text = prompt.build(
            task, agent=self.agent.name, branch=prepared.branch, beside=beside,
            tokens=self.config.swarm.prompt_tokens,
        )  # fmt: skip
        session = None
        for attempt in range(self.config.swarm.transient_retries + 1):
            result = self._once(task, prepared, text, session)
            if result.ending != Ending.TRANSIENT or self._watch.stop():
                break
            delay_s = self.config.swarm.transient_delay_s * 2**attempt
            if attempt < self.config.swarm.transient_retries:
                self._watch.tell("again", task, f"in {delay_s:g} s: {result.note}")
                self._pause(delay_s)
            if self.heard.session is not None and self.heard.worked:
                session = self.heard.session
                text = prompt.RESUME.format(task_id=task.id)
        return result

    def _pause(self, seconds: float) -> None:
        deadline = clock.monotonic() + seconds
        while clock.monotonic() < deadline and not self._watch.stop():
            clock.sleep(harness.LOOK_S)

    def _once(self, task: Task, prepared: Prepared, text: str, session: str | None) -> Result:
        """How one run of the program ended, and what git says of that."""
        budget = Budget(
            self.workspace.db, self.config.budget, task=task.id, agent=self.agent.name,
            swarm=self._swarm,
        )  # fmt: skip
        self.over = budget.spent()
        if self.over is not None:
            return Result(Ending.LIMIT, self.over.text, "")
        adapter = self.kind.adapter
        before = self._runs.counted(adapter.name, session)
        self.heard = Heard(session=session)
        run = self._runs.begin(
            task.id, agent=self.agent.name, incarnation=self.agent.incarnation,
            adapter=adapter.name, model=self.kind.model, session=session, swarm=self._swarm,
        )  # fmt: skip

        def hear(line: bytes) -> None:
            for event in base.events(adapter, line):
                known = self.heard.session
                if adapter.read is not None:  # of mere text the log keeps the end
                    self.heard = base.hear(self.heard, event)
                self._pass_on(task, event)
                if event.usage is not None or self.heard.session != known:
                    self._count(run, before)
                if event.usage is not None:
                    self.over = self.over or budget.spent()

        def stop() -> bool:
            if clock.monotonic() > self._counted_at + COUNT_S:
                self._counted_at = clock.monotonic()
                self.over = self.over or budget.spent()
            return (self.over is not None and self.heard.ended is None) or self._watch.stop()

        limits = self._limits(budget)
        file = self._home / "prompts" / f"{task.id}.md"
        settings = self._home / "prompts" / f"{task.id}.json"
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text, encoding="utf-8", errors="replace")
        values = self._values(task, prepared.branch, file, settings, session, budget)
        result = Result(Ending.ERROR, "it could not be started", "")
        try:
            if adapter.home is not None:
                self._make_home(task, adapter.home, values)
            elif adapter.settings is not None:
                settings.write_text(values["settings"], encoding="utf-8")
            self._watch.tell("running", task, prepared.branch)
            ended = harness.run(
                adapter.arguments(values), cwd=Path(self._root), env=self._environment(values),
                log=self._home / "logs" / f"{task.id}.log", limits=limits, stop=stop,
                hurry=self._watch.hurry, heard=hear,
                started=lambda pid: self._agents.work(self.agent, task.id, pid),
                stdin=file if adapter.prompt == "stdin" else None,
            )  # fmt: skip
            result = outcome.judge(
                adapter, ended, self.heard, limits, over=self.over.text if self.over else ""
            )
            if result.ending == Ending.SUCCESS and not adapter.may_be_empty:
                changed = branches.has_work(prepared.start, Path(self._root), task.id)
                result = outcome.of_work(result, self.heard.denied, changed)
        finally:
            self._runs.end(run, result.ending, result.code, result.note)
            self._agents.work(self.agent, task.id)
            file.unlink(missing_ok=True)
            settings.unlink(missing_ok=True)
            homes.clear(Path(values["home"]))
            shutil.rmtree(values["scratch"], ignore_errors=True)
        return result

    def _pass_on(self, task: Task, event: AgentEvent) -> None:
        """Who watches sees what the agent says and does, as far as it can be read."""
        said = f"uses {event.tool}" if event.kind == Said.TOOL and event.tool else ""
        if event.kind == Said.TEXT and event.text.strip():
            said = event.text.strip().splitlines()[-1][:200]
        if said and clock.monotonic() >= self._said_at + SAY_S:
            self._said_at = clock.monotonic()
            self._watch.tell("says", task, said)

    def _count(self, run: int, before: Usage) -> None:
        """What was used is kept, as the program's counters and as this run's own share."""
        model = self.heard.model or self.kind.model
        goes_on = self.kind.adapter.cumulative
        used = self.heard.usage.since(before, tokens="tokens" in goes_on, cost="cost" in goes_on)
        used = priced(used, model, self.config.prices)
        self._runs.note(
            run, used, self.heard.usage, session=self.heard.session, model=self.heard.model
        )

    def _limits(self, budget: Budget) -> harness.Limits:
        config = self.config.swarm
        minutes = budget.left("minutes")
        wall_s = config.task_timeout_s
        return harness.Limits(
            wall_s=wall_s if minutes is None else min(wall_s, 60 * minutes + COUNT_S),
            idle_s=config.idle_timeout_s, output=config.output_limit_mb << 20,
            grace_s=config.stop_grace_s,
        )  # fmt: skip

    def _values(
        self, task: Task, branch: str, file: Path, settings: Path, session: str | None,
        budget: Budget,
    ) -> dict[str, str]:  # fmt: skip
        """What stands in the places of the adapter's arguments and variables."""
        cost = budget.left("cost")
        scratch = self._home / "scratch" / self.agent.name
        values = {
            "task_id": task.id, "prompt_file": str(file), "worktree": self._root,
            "branch": branch, "agent": self.agent.name, "model": self.kind.model or "",
            "session": session or "", "settings_file": str(settings),
            "budget": "" if cost is None else f"{cost:.4f}", "chromium": chromium() or "",
            "home": str(settings.with_suffix(".home")),
            "scratch": str(scratch), "no_sandbox": "--no-sandbox" if os.geteuid() == 0 else "",
        }  # fmt: skip
        servers = self._servers(values)
        denied = [f"mcp__{one.name}__{tool}" for one in servers for tool in one.deny]
        values["allowed"] = "".join(f",mcp__{one.name}" for one in servers)
        values["denied"] = ",".join(denied)
        write = self.kind.adapter.settings
        values["settings"] = write(servers) if write is not None else ""
        return values

    def _servers(self, values: dict[str, str]) -> list[Server]:
        """The adapter's MCP servers, filled in, and our own where it can run."""
        found = []
        for one in self.kind.adapter.servers:
            argv = (base.filled(part, values) for part in one.argv)
            found.append(replace(one, argv=tuple(part for part in argv if part)))
        ours = shutil.which("git-jetpack", path=os.path.dirname(sys.executable))
        if ours is not None and has_server():
            env = self._identity(values["task_id"]) | {"PATH": harness.inherited()["PATH"]}
            found.append(Server("jetpack", (ours, "mcp"), env))
        return found

    def _identity(self, task_id: str) -> dict[str, str]:
        return {
            "JETPACK_AGENT": self.agent.name, "JETPACK_TASK": task_id,
            processes.MARK: self.agent.incarnation or "",
            # Where its worktree is gone, git must not find the main worktree instead.
            "GIT_CEILING_DIRECTORIES": os.path.dirname(self._root),
        }  # fmt: skip

    def _make_home(self, task: Task, home: base.Home, values: dict[str, str]) -> None:
        """The CLI's own home is there; who watches is told if it has not our settings."""
        user = harness.inherited().get(home.variable) or os.path.expanduser("~")
        why = homes.make(Path(values["home"]), Path(user), home, values["settings"])
        if why:
            self._watch.tell("warning", task, why)

    def _environment(self, values: dict[str, str]) -> dict[str, str]:
        own = {key: base.filled(one, values) for key, one in self.kind.adapter.env.items()}
        own |= self._identity(values["task_id"]) | {"GIT_TERMINAL_PROMPT": "0"}
        return base.environment(self.kind.adapter, harness.inherited(), own)
