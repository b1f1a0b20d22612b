"""git jetpack list"""

from __future__ import annotations

import click

from jetpack_git.cli import documents
from jetpack_git.cli import fields
from jetpack_git.cli import records
from jetpack_git.cli.frame import Frame
from jetpack_git.cli.frame import command
from jetpack_git.cli.tables import task_lines
from jetpack_git.errors import NotFound
from jetpack_git.models import durations
from jetpack_git.models.task import Status
from jetpack_git.work import queries
from jetpack_git.work.why import failed_before


@command("list", short_help="List tasks.")
@click.option(
    "--status",
    "states",
    multiple=True,
    type=click.Choice([str(one) for one in Status]),
    help="Only these, of parents those that are over; pending is ready or blocked; repeatable.",
)
@click.option("--assignee", metavar="NAME", help="Only what this agent holds or held.")
@click.option("--plan", metavar="ID", help="Only the tasks of this plan.")
@click.option("--label", help="Only those with this label.")
@click.option("--skill", help="Only those that need this skill.")
@click.option("--text", help="Only those whose title or description has this in it.")
@click.option("--stale", metavar="TIME", help="Only those that nothing changed for so long: 3d.")
@click.option("--sort", type=click.Choice(queries.SORTS), default="age", show_default=True)
@click.option("--reverse", is_flag=True, help="The last first.")
@click.option("--after", metavar="ID", help="Go on behind this task.")
@records.options
@fields.limit_option(50)
@fields.at_option
def list_(
    frame: Frame,
    revision: str | None,
    states: tuple[str, ...],
    assignee: str | None,
    plan: str | None,
    label: str | None,
    skill: str | None,
    text: str | None,
    stale: str | None,
    sort: str,
    reverse: bool,
    after: str | None,
    form: str | None,
    nul: bool,
    limit: int,
) -> None:
    """List tasks; the next page begins --after the last task of this one.

    Scripts read --json, or a --format such as '{id} {status} {title}'.
    """
    tasks = frame.at(revision).tasks
    if plan is not None and tasks.db.one("plans.get", id=plan) is None:
        raise NotFound(f"There is no plan {plan!r}.", hint="Load one with: git jetpack load FILE")
    query = queries.Query(
        states, assignee, plan, label, skill and skill.lower(), text,
        durations.parse(stale) if stale else None, sort, reverse,
    )  # fmt: skip
    page = queries.run(tasks.db, query, limit=limit, after=after)
    below = tasks.rollups(page.tasks)
    found = [documents.task(one, below.get(one.id)) for one in page.tasks]
    if records.wanted(form, nul, json=frame.json):
        records.say(found, form, nul)
        return
    total = page.total if after is None else len(page.tasks)  # others were on the pages before
    lines = task_lines(page.tasks, total, below, failed_before(tasks.db, page.tasks))
    if after is not None and page.has_more:
        lines.append(f"… more of {page.total}; go on with --after {page.tasks[-1].id}")
    document = documents.listing("tasks", found, page.total) | {"has_more": page.has_more}
    frame.answer(document, lines or ["No tasks." if after is None else "No more tasks."])
