"""How a run ended: by our own wish, its last event, its exit code, and only then by git."""

from __future__ import annotations

from dataclasses import dataclass

from jetpack_git.models.run import Ending
from jetpack_git.models.run import Heard
from jetpack_git.swarm.adapters.base import Adapter
from jetpack_git.swarm.adapters.base import of_message
from jetpack_git.swarm.harness import Limits
from jetpack_git.swarm.harness import Outcome

SHOWN = 500


@dataclass(frozen=True)
class Result:
    """How a run (or its last attempt) ended, why, and what the agent reported."""

    ending: Ending
    note: str
    report: str
    code: int | None = None


def judge(
    adapter: Adapter, outcome: Outcome, heard: Heard, limits: Limits, *, over: str = ""
) -> Result:
    """What the run says of itself; `over` is the budget for which it was stopped, if any.

    An exit code is believed last: some programs end with 0 after a signal, or a refusal.
    """
    report = heard.said if adapter.read is not None else outcome.tail
    ending, note = _judge(adapter, outcome, heard, limits, over)
    return Result(ending, note, report, outcome.code)


def _judge(
    adapter: Adapter, outcome: Outcome, heard: Heard, limits: Limits, over: str
) -> tuple[Ending, str]:
    last = heard.error or outcome.tail[-SHOWN:] or "it said nothing"
    made = {
        "timeout": (Ending.TIMEOUT, f"no end after {limits.wall_s:g} s"),
        "silent": (Ending.TIMEOUT, f"not a word for {limits.idle_s:g} s"),
        "flood": (Ending.LIMIT, f"more than {limits.output >> 20} MB were printed"),
        "stopped": (Ending.STOPPED, "the swarm was stopped"),
    }
    if over and outcome.kind == "stopped":
        return Ending.LIMIT, over
    if outcome.kind in made:
        return made[outcome.kind]
    if heard.ended not in (None, Ending.SUCCESS):
        assert heard.ended is not None
        return heard.ended, last
    if outcome.code:
        ending = adapter.exits.get(outcome.code) or heard.failure
        if ending is None and adapter.read is not None and not heard.worked:
            ending = of_message(last)  # it did not come to work: its last words tell why
        return ending or Ending.ERROR, f"exit status {outcome.code}: {last}"
    if heard.ended is None and adapter.ends:
        ending = heard.failure or (Ending.DENIED if heard.denied else Ending.ERROR)
        return ending, f"it broke off without an end: {last}"
    return Ending.SUCCESS, ""


def of_work(result: Result, denied: int, changed: bool) -> Result:
    """The same run that ended well, now that git has told whether anything was `changed`."""
    if changed:
        return result
    if denied:
        return Result(Ending.DENIED, f"nothing changed: {denied} tools were denied",
                      result.report, result.code)  # fmt: skip
    return Result(Ending.NO_CHANGE, "it ended well, but nothing changed", result.report,
                  result.code)  # fmt: skip
