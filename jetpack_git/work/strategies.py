"""Claim strategies: pure functions that say how well a task suits an agent.

| strategy            | who is served                     | with which task                        |
|---------------------|-----------------------------------|----------------------------------------|
| `first-fit`         | whoever asks                      | the oldest                             |
| `best-fit`          | whoever asks                      | most matching skills, priority, age    |
| `round-robin`       | whoever was served longest ago    | the oldest                             |
| `load-balanced`     | whoever was given the least work  | priority, age                          |
| `graph-prioritized` | whoever asks                      | the highest score (`work.metrics`)     |

A task is for an agent whose skills cover it; one that names no skills covers every task. Each
function returns what counts, the most important first, the smaller the better. An agent that
pulls a task is served alone; a coordinator deals tasks to all idle agents with `assign`.
"""

from __future__ import annotations

from collections.abc import Callable
from collections.abc import Iterable
from collections.abc import Sequence
from typing import NamedTuple

DEFAULT = "best-fit"


class Claimant(NamedTuple):
    """An agent that wants work. `served` counts the tasks that were given to all when it was
    last served, `load_s` the seconds of the work that it was given."""

    name: str
    skills: frozenset[str] = frozenset()
    served: int = 0
    load_s: int = 0


class Candidate(NamedTuple):
    """A task that can be claimed. `seq` is its age: the smaller, the older."""

    id: str
    skills: frozenset[str]
    priority: int
    seq: int
    score: float


Parts = dict[str, float]
Strategy = Callable[[Claimant, Candidate], Parts]


def first_fit(agent: Claimant, task: Candidate) -> Parts:
    """The oldest."""
    return {"age": task.seq}


def best_fit(agent: Claimant, task: Candidate) -> Parts:
    """Most matching skills, then priority, then age."""
    matching = len(task.skills & agent.skills)
    return {"matching skills": -matching, "priority": task.priority, "age": task.seq}


def round_robin(agent: Claimant, task: Candidate) -> Parts:
    """The oldest, for whoever was served longest ago."""
    return {"last served": agent.served, "age": task.seq}


def load_balanced(agent: Claimant, task: Candidate) -> Parts:
    """Priority, then age, for whoever was given the least work."""
    return {"load": agent.load_s, "priority": task.priority, "age": task.seq}


def graph_prioritized(agent: Claimant, task: Candidate) -> Parts:
    """The highest score, then priority, then age."""
    return {"score": -task.score, "priority": task.priority, "age": task.seq}


STRATEGIES: dict[str, Strategy] = {
    "first-fit": first_fit,
    "best-fit": best_fit,
    "round-robin": round_robin,
    "load-balanced": load_balanced,
    "graph-prioritized": graph_prioritized,
}


def covers(agent: Claimant, task: Candidate) -> bool:
    """Whether the agent can do the task."""
    return not agent.skills or task.skills <= agent.skills


def assign(
    strategy: Strategy, agents: Iterable[Claimant], tasks: Sequence[Candidate]
) -> list[tuple[Claimant, Candidate]]:
    """One task for each agent, as far as there are any: the best pair first, then the next."""
    pairs = sorted(
        (tuple(strategy(agent, task).values()), number, agent, task)
        for number, agent in enumerate(agents)
        for task in tasks
        if covers(agent, task)
    )
    found: dict[str, tuple[Claimant, Candidate]] = {}
    taken: set[str] = set()
    for _, _, agent, task in pairs:
        if agent.name not in found and task.id not in taken:
            found[agent.name] = agent, task
            taken.add(task.id)
    return list(found.values())
