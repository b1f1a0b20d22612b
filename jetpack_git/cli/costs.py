"""git jetpack costs"""

from __future__ import annotations

from collections.abc import Sequence

import click

from jetpack_git import clock
from jetpack_git.cli import documents
from jetpack_git.cli import fields
from jetpack_git.cli.frame import Frame
from jetpack_git.cli.frame import command
from jetpack_git.cli.terminal import columns
from jetpack_git.cli.watch import money
from jetpack_git.models import durations
from jetpack_git.models.run import Cost
from jetpack_git.models.run import Usage
from jetpack_git.work.runs import EVER
from jetpack_git.work.runs import Runs

HEADS = ("runs", "fresh", "cached", "output", "cost", "minutes")


@command(short_help="Show what agents have used: tokens, money and minutes.")
@click.option("--by", type=click.Choice(["task", "agent", "model", "day"]), default="task",
              show_default=True, help="What to sum by; days are in UTC.")  # fmt: skip
@click.option("--since", metavar="TIME", help="Only runs that began so long ago at most: 12h, 7d.")
@fields.limit_option(50)
def costs(frame: Frame, by: str, since: str | None, limit: int) -> None:
    """Show what agents have used, by task, agent, model or day; the dearest first.

    Tokens are fresh (read anew), cached (read from the cache) or output; each is counted once.
    Money is in US dollars: as the agent's program told it, else by the `prices` of the config,
    else unknown.
    """
    began = clock.after(-durations.parse(since)) if since else EVER
    found = Runs(frame.workspace.db).costs(by, since=began)
    if by != "day":
        found.sort(key=lambda one: (-(one.usage.cost or 0), -one.usage.tokens, one.name))
    shown = found[:limit] if limit else found
    total = _total(found)
    document = documents.listing("costs", [_document(one, by) for one in shown], len(found))
    document["sum"] = _document(total, "of")
    rows = [(by, *HEADS), *(_row(one) for one in shown)]
    lines = columns([*rows, _row(total)]) if found else ["No agent has run yet."]
    if len(shown) < len(found):
        lines.append(f"… {len(found) - len(shown)} more of {len(found)}")
    frame.answer(document, lines)


def _total(found: Sequence[Cost]) -> Cost:
    return Cost(
        "all", sum(one.runs for one in found), sum((one.usage for one in found), start=Usage()),
        sum(one.unknown for one in found), sum(one.minutes for one in found),
    )  # fmt: skip


def _row(one: Cost) -> tuple[str, ...]:
    used = one.usage
    return (
        one.name, str(one.runs), f"{used.fresh:,}", f"{used.cached:,}", f"{used.output:,}",
        _money(one), f"{one.minutes:.1f}",
    )  # fmt: skip


def _money(one: Cost) -> str:
    """The known sum; where runs of unknown cost come on top, it says so."""
    if one.usage.cost is None:
        return "unknown" if one.unknown else ""
    return money(one.usage.cost) + (f" + {one.unknown} unknown" if one.unknown else "")


def _document(one: Cost, by: str) -> dict[str, object]:
    return {
        by: one.name,
        "runs": one.runs,
        "unknown_costs": one.unknown,
        "minutes": round(one.minutes, 3),
    } | documents.usage(one.usage)
