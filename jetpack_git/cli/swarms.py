"""git jetpack ps, pause, resume, drain, stop, scale"""

from __future__ import annotations

import click

from jetpack_git import clock
from jetpack_git.cli import documents
from jetpack_git.cli import terminal
from jetpack_git.cli.frame import Frame
from jetpack_git.cli.frame import command
from jetpack_git.cli.terminal import columns
from jetpack_git.cli.watch import money
from jetpack_git.cli.watch import span
from jetpack_git.errors import Negative
from jetpack_git.models.agent import Swarm
from jetpack_git.work import settings
from jetpack_git.work.agents import Agents
from jetpack_git.work.agents import is_alive
from jetpack_git.work.runs import Runs
from jetpack_git.work.swarms import Swarms

LOOK_S = 0.2
STATES = {"run": "runs", "pause": "paused", "drain": "draining", "stop": "stopping",
          "halt": "stopping"}  # fmt: skip
WHICH = click.option("--swarm", "name", metavar="ID", help="Only this one; see: git jetpack ps")


@command(short_help="Show the swarms that run, and what their agents do.")
def ps(frame: Frame) -> None:
    """Show the swarms that run in this clone, and what their agents do."""
    db = frame.workspace.db
    config = settings.of(frame.workspace.clone, db, frame.workspace.warnings).swarm
    swarms = Swarms(db).running()
    runs = {one.agent: one for one in Runs(db).open()}
    agents = [
        (one, str(one.status) if is_alive(one, stale_after_s=config.stale_after_s) else "stale")
        for one in Agents(db).running()
    ]
    rows = []
    for one, state in agents:
        run = runs.get(one.name)
        if run is None:
            rows.append((one.name, state, one.task_id or "", "", "", "", ""))
        else:
            used = run.usage
            cost = money(used.cost) if used.tokens or used.cost else ""
            rows.append((one.name, state, run.task_id, span(clock.since(run.started_at)),
                         run.model or run.adapter, cost, run.title))  # fmt: skip
    document: dict[str, object] = {
        "swarms": [documents.swarm(one) for one in swarms],
        "agents": [
            documents.agent(one)
            | {"status": state, "run": documents.run(runs[one.name]) if one.name in runs else None}
            for one, state in agents
        ],
    }
    lines = [_line(one) for one in swarms] or ["No swarm runs here."]
    frame.answer(document, [*lines, *columns(rows)])


@command(short_help="Let a swarm's agents take no new tasks for a while.")
@WHICH
def pause(frame: Frame, name: str | None) -> None:
    """Let a swarm's agents finish what they do, and take no new tasks until `resume`."""
    _want(frame, "pause", name)


@command(short_help="Let a paused swarm go on.")
@WHICH
def resume(frame: Frame, name: str | None) -> None:
    """Let a swarm that was paused, or was to drain, take tasks again."""
    _want(frame, "run", name)


@command(short_help="Let a swarm finish what it does, and end.")
@WHICH
def drain(frame: Frame, name: str | None) -> None:
    """Let a swarm's agents finish what they do, take no new tasks, and end."""
    _want(frame, "drain", name)


@command(short_help="Stop a swarm in order.")
@click.option("--now", is_flag=True, help="Give its agents no time to end by themselves.")
@WHICH
def stop(frame: Frame, now: bool, name: str | None) -> None:
    """Stop a swarm: its agents end, their work is kept, and their tasks go back.

    Returns when the swarm has ended. Ctrl-C stops the waiting alone.
    """
    swarms = Swarms(frame.workspace.db)
    asked = swarms.want("halt" if now else "stop", name)
    left = {one.id for one in asked}
    while left & {one.id for one in swarms.running()}:
        clock.sleep(LOOK_S)
    frame.answer(
        {"swarms": [documents.swarm(one) for one in asked]},
        [f"swarm {one.id} has stopped" for one in asked],
    )


@command(short_help="Give a swarm more agents, or fewer.")
@click.argument("number", type=click.IntRange(0, 256))
@WHICH
def scale(frame: Frame, number: int, name: str | None) -> None:
    """Give a swarm more agents, or fewer: those too many end as soon as they have no task."""
    one = Swarms(frame.workspace.db).resize(number, name)
    if STATES.get(one.wanted) == "stopping":
        raise _stopping()
    frame.answer({"swarm": documents.swarm(one)}, _line(one))


def _want(frame: Frame, wanted: str, name: str | None) -> None:
    found = Swarms(frame.workspace.db).want(wanted, name)
    if not found:
        raise _stopping()
    frame.answer({"swarms": [documents.swarm(one) for one in found]}, [_line(one) for one in found])


def _stopping() -> Negative:
    return Negative("The swarm is stopping.", hint="Begin another one with: git jetpack start")


def _line(one: Swarm) -> str:
    text = (
        f"swarm {one.id}  {STATES.get(one.wanted, one.wanted)}  {one.size} agents  "
        f"into {one.base}  for {span(clock.since(one.started_at))}"
    )
    if one.bypass:
        text += f"  {one.bypass} asks nobody before it acts"
    return terminal.safe(text)
