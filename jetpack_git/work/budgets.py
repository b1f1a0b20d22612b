"""Budgets: how much of tokens, money and minutes is left for a task, an agent, a day, a swarm."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from jetpack_git import clock
from jetpack_git.data.database import Database
from jetpack_git.models.config import BudgetConfig

STATEMENTS = {
    "task": "runs.spent_on_task",
    "agent": "runs.spent_by_agent",
    "day": "runs.spent_since",
    "swarm": "runs.spent_by_swarm",
}
KINDS = ("tokens", "cost", "minutes")


class Spent(NamedTuple):
    """A budget that is used up: of a `task`, an `agent`, a `day` or a `swarm`, and in words."""

    scope: str
    text: str


class Budget:
    """What a run may still use. `task`, `agent` and `swarm` are names; None is not asked about."""

    def __init__(
        self, db: Database, config: BudgetConfig, *, task: str | None = None,
        agent: str | None = None, swarm: str | None = None,
    ) -> None:  # fmt: skip
        self.db = db
        self._limits = config._asdict()
        self._names = {"task": task, "agent": agent, "swarm": swarm}

    def spent(self) -> Spent | None:
        """Which budget is used up; None while none is."""
        for scope, kind, limit, left in self._all():
            if left <= 0:
                amount = f"{limit:g} US dollars" if kind == "cost" else f"{limit:g} {kind}"
                name = self._names.get(scope)
                whose = f"{scope} {name}" if name and scope != "swarm" else scope
                return Spent(scope, f"the budget of the {whose} is used up: {amount}")
        return None

    def left(self, kind: str) -> float | None:
        """How much of the kind (`tokens`, `cost`, `minutes`) is left; None is no limit."""
        found = [left for _, one, _, left in self._all() if one == kind]
        return max(0.0, min(found)) if found else None

    def _all(self) -> Iterator[tuple[str, str, float, float]]:
        """For each limit its scope, its kind, itself, and what is left."""
        for scope, statement in STATEMENTS.items():
            now = clock.now()
            name = now[:10] if scope == "day" else self._names[scope]
            limits = {kind: self._limits[f"{scope}_{kind}"] for kind in KINDS}
            if name is None or not any(limits.values()):
                continue
            row = self.db.one(statement, name=name, now=now)
            assert row is not None
            for kind, limit in limits.items():
                if limit is not None:
                    yield scope, kind, limit, limit - float(str(row[kind]))
