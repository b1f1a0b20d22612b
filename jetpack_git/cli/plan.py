"""git jetpack plan list, plan show, plan export"""

from __future__ import annotations

from collections.abc import Iterator

import click

from jetpack_git.cli import documents
from jetpack_git.cli.frame import Frame
from jetpack_git.cli.frame import command
from jetpack_git.cli.tables import state
from jetpack_git.cli.terminal import columns
from jetpack_git.cli.terminal import safe
from jetpack_git.models.task import Rollup
from jetpack_git.models.task import Task
from jetpack_git.work import plan_write
from jetpack_git.work.plan_write import Tree


@click.group(short_help="List, show and export plans.")
def plan() -> None:
    """List, show and export plans. Load one with: git jetpack load"""


@command("list", short_help="List the plans.")
def list_(frame: Frame) -> None:
    """List the plans, the oldest first, and how far they are."""
    rows = frame.workspace.db.all("plans.all")
    found = [documents.plan(row) for row in rows]
    lines = columns(
        [
            (
                str(one["id"]), f"{one['percent']:.0f}%",
                f"{one['completed']} of {one['tasks']} done", str(one["title"]), str(one["source"]),
            )
            for one in found
        ]
    )  # fmt: skip
    document = {"plans": found, "total": len(found), "has_more": False}
    frame.answer(document, lines or "There are no plans.")


@command("show", short_help="Show a plan as it stands.")
@click.argument("plan_id", metavar="PLAN")
def show(frame: Frame, plan_id: str) -> None:
    """Show the tasks of a plan as a tree, and how each stands."""
    tasks = frame.workspace.tasks
    tree = plan_write.read(tasks.db, plan_id)
    shown = list(_walk(tree))
    below = tasks.rollups([task for task, _ in shown])
    row = next(row for row in tasks.db.all("plans.all") if row["id"] == tree.plan.id)
    document = {
        "plan": documents.plan(row),
        "tasks": [documents.task(task, below.get(task.id)) for task, _ in shown],
        "total": len(shown),
        "has_more": False,
    }
    frame.answer(document, _lines(tree, shown, below))


@command("export", short_help="Write a plan as Markdown or JSON.")
@click.argument("plan_id", metavar="PLAN")
@click.option(
    "--format", "form", type=click.Choice(["markdown", "json"]), default="markdown",
    show_default=True,
)  # fmt: skip
def export(frame: Frame, plan_id: str, form: str) -> None:
    """Write a plan as it stands to standard output. Loading that changes nothing.

    Cancelled tasks are left out. With --json the answer is the plan as JSON as well.
    """
    tree = plan_write.read(frame.workspace.db, plan_id)
    if form == "json" and not frame.json:
        frame.answer({}, documents.text(plan_write.as_json(tree)))
    else:
        frame.answer({"plan": plan_write.as_json(tree)}, plan_write.markdown(tree))


def _walk(tree: Tree, task: Task | None = None, depth: int = 0) -> Iterator[tuple[Task, int]]:
    """The tasks as they are read, each with its depth."""
    for child in tree.children(task):
        yield child, depth
        yield from _walk(tree, child, depth + 1)


def _lines(tree: Tree, shown: list[tuple[Task, int]], below: dict[str, Rollup]) -> Iterator[str]:
    yield f"{tree.plan.id}  {safe(tree.plan.title)}"
    yield from columns(
        [(f"{'  ' * depth}{one.title[:100]}", state(one, below.get(one.id), ()), one.id)
         for one, depth in shown]
    )  # fmt: skip


plan.add_command(list_)
plan.add_command(show)
plan.add_command(export)
