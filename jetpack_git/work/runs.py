"""The runs of agents' programs: what each used, and what that cost."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from jetpack_git import clock
from jetpack_git.data.database import Database
from jetpack_git.data.database import Row
from jetpack_git.models.run import Cost
from jetpack_git.models.run import Ending
from jetpack_git.models.run import Run
from jetpack_git.models.run import Usage

MILLION = 1_000_000
EVER = ""


class Runs:
    """The runs of one clone."""

    def __init__(self, db: Database) -> None:
        self.db = db

    def begin(
        self, task_id: str, *, agent: str, incarnation: str | None, adapter: str,
        model: str | None, session: str | None = None, swarm: str | None = None,
    ) -> int:  # fmt: skip
        """The number of a run that begins now."""
        row = self.db.one(
            "runs.begin", swarm=swarm, task_id=task_id, agent=agent, incarnation=incarnation,
            adapter=adapter, model=model, session=session, now=clock.now(),
        )  # fmt: skip
        assert row is not None
        return int(str(row["id"]))

    def note(
        self, run: int, used: Usage, counted: Usage, *, session: str | None, model: str | None
    ) -> None:
        """What the run has used so far, and what the program's own counters stand at."""
        self.db.run(
            "runs.note", id=run, fresh=used.fresh, cached=used.cached, output=used.output,
            cost=used.cost, counted_fresh=counted.fresh, counted_cached=counted.cached,
            counted_output=counted.output, counted_cost=counted.cost, session=session, model=model,
        )  # fmt: skip

    def end(self, run: int, ending: Ending, exit_code: int | None, note: str = "") -> None:
        """The run is over."""
        self.db.run(
            "runs.end", id=run, ending=ending, exit_code=exit_code, note=note[:2000],
            now=clock.now(),
        )  # fmt: skip

    def end_all_of(self, agent: str, incarnation: str | None, heard_at: str | None) -> None:
        """No run of a dead agent's life goes on; each ended when the agent was last heard of."""
        self.db.run(
            "runs.end_of_life", agent=agent, incarnation=incarnation, heard_at=heard_at,
            note="its coordinator died",
        )  # fmt: skip

    def counted(self, adapter: str, session: str | None) -> Usage:
        """What the counters of a session stood at, when it was last heard of."""
        row = self.db.one("runs.counted", adapter=adapter, session=session) if session else None
        return _usage(row, "counted_") if row is not None else Usage()

    def open(self) -> list[Run]:
        """The runs that go on, by agent."""
        return [_run(row) for row in self.db.all("runs.open")]

    def last(self, agent: str) -> Run | None:
        """The agent's latest run, over or not."""
        row = self.db.one("runs.last_of_agent", agent=agent)
        return _run(row) if row is not None else None

    def since(self, agent: str, moment: str) -> list[Run]:
        """The agent's runs that began then or later, in their order."""
        rows = self.db.all("runs.of_agent_since", agent=agent, since=moment)
        return [_run(row) for row in rows]

    def used(self, swarm: str) -> dict[str, Usage]:
        """What each agent of the swarm has used so far."""
        return {
            str(row["agent"]): _usage(row, "")
            for row in self.db.all("runs.used_in_swarm", swarm=swarm)
        }

    def costs(self, by: str, *, since: str = EVER) -> list[Cost]:
        """What was used since a moment, summed `by` task, agent, model or day (in UTC)."""
        return [
            Cost(
                str(row["name"]), int(str(row["runs"])), _usage(row, ""), int(str(row["unknown"])),
                float(str(row["minutes"] or 0)),
            )
            for row in self.db.all("runs.costs", by=by, since=since, now=clock.now())
        ]  # fmt: skip


def _run(row: Row) -> Run:
    agent, task_id, adapter, began = (
        str(row[one]) for one in ("agent", "task_id", "adapter", "started_at")
    )
    model, ended = (None if row[one] is None else str(row[one]) for one in ("model", "ended_at"))
    title = str(row["title"] or "")
    return Run(agent, task_id, title, adapter, model, began, ended, _usage(row, ""))


def _usage(row: Row, prefix: str) -> Usage:
    cost = row[f"{prefix}cost"]
    fresh, cached, output = (int(str(row[prefix + one])) for one in ("fresh", "cached", "output"))
    return Usage(fresh, cached, output, None if cost is None else float(str(cost)))


def priced(used: Usage, model: str | None, prices: Mapping[str, Mapping[str, Any]]) -> Usage:
    """The usage with its cost: as it was told, else by the model's price, else unknown.

    A price is in US dollars for a million tokens of `input`, `cached` and `output`; where
    `cached` has none of its own it costs as much as `input`.
    """
    price = prices.get(model or "")
    if used.cost is not None or price is None or not used.tokens:
        return used
    fresh = float(price.get("input", 0))
    cost = used.fresh * fresh + used.cached * float(price.get("cached", fresh))
    cost += used.output * float(price.get("output", 0))
    return Usage(used.fresh, used.cached, used.output, cost / MILLION)
