"""git jetpack load"""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import replace
from functools import partial
from pathlib import Path

import click

from jetpack_git.cli import documents
from jetpack_git.cli.changes import as_changes
from jetpack_git.cli.changes import diff
from jetpack_git.cli.frame import Frame
from jetpack_git.cli.frame import command
from jetpack_git.cli.terminal import progress_bar
from jetpack_git.cli.terminal import safe
from jetpack_git.data.database import Database
from jetpack_git.errors import BadInput
from jetpack_git.models.plan import Plan
from jetpack_git.models.plan_document import PlanDocument
from jetpack_git.work import find
from jetpack_git.work import plan_load
from jetpack_git.work import plans
from jetpack_git.work.plan_files import MAX_BYTES
from jetpack_git.work.plan_files import parse
from jetpack_git.work.tasks import Tasks


@command(short_help="Load a plan: its items become tasks.")
@click.argument("plan", metavar="PLAN")
@click.option("--dry-run", is_flag=True, help="Show what would change, and change nothing.")
@click.option("--name", help="The plan's name; its title or the name of its file if not said.")
@click.option(
    "--drop-finished", is_flag=True,
    help="Let finished tasks that the plan no longer has leave it; they stay finished.",
)  # fmt: skip
def load(
    frame: Frame, plan: str, dry_run: bool, name: str | None, drop_finished: bool
) -> None:  # fmt: skip
    """Load a plan in Markdown (# epic, ## group, - task; nested lists nest), JSON or YAML.

    Attributes stand in brackets: [depends: …] [skills: …] [priority: …] [files: …]
    [estimate: 30m] [id: …]. Loading an edited plan adds, changes, moves and renames its
    tasks, and cancels those that it has no more; finished tasks stay as they are.
    """
    workspace = frame.workspace
    root = workspace.clone.worktree or ""
    source = os.path.relpath(os.path.realpath(plan), root) if root else plan
    elsewhere = partial(find.exact, workspace.db)
    document = parse(_read(plan), source=plan, title=Path(plan).stem, elsewhere=elsewhere)
    document = _named(workspace.db, document, name, source, root)
    workspace.warnings += document.warnings
    count = len(document.items)
    with progress_bar("Loading", 2 * count) as progress:
        workspace.progress = lambda done, total: progress(count + done, count + total)
        changes = plan_load.load(
            workspace.tasks, document, source=source, agent="" if dry_run else workspace.agent,
            dry_run=dry_run, drop_finished=drop_finished, whole=frame.json,
            progress=lambda done, total: progress(done, 2 * total),
        )  # fmt: skip
    frame.answer(
        _document(workspace.tasks, changes, dry_run) if frame.json else {},
        _lines(workspace.db, changes, dry_run),
    )


def _document(tasks: Tasks, changes: plan_load.Changes, dry_run: bool) -> dict[str, object]:
    below = tasks.rollups(changes.added)
    return {
        "plan_id": changes.plan_id,
        "dry_run": dry_run,
        "added": [documents.task(one, below.get(one.id)) for one in changes.added],
        "updated": [documents.task(one.after) for one in changes.updated],
        "changes": as_changes(changes),
        "retired": [documents.task(one) for one in changes.retired],
        "held": [documents.task(one) for one in changes.held],
        "dropped": [documents.task(one) for one in changes.dropped],
        "unchanged": changes.unchanged,
    }


def _named(
    db: Database, document: PlanDocument, name: str | None, source: str, root: str
) -> PlanDocument:
    """The document under the id of its plan: as named, as it says, or as it had before."""
    if name:
        return replace(document, title=name, id=plans.plan_id_of(name))
    if document.id:
        return replace(document, id=plans.plan_id_of(document.id))
    titled = plans.known(db, plans.plan_id_of(document.title))
    if titled is None or titled.source != source:
        before = plans.loaded_from(db, source)
        if before is not None:
            return replace(document, id=before.id)
        _check_same_file(titled, source, root)
    return document


def _check_same_file(known: Plan | None, source: str, root: str) -> None:
    """The plan known by this name is this file, or was, before the file was renamed."""
    if known is None or known.source in ("", source):
        return
    if os.path.exists(os.path.join(root, known.source)):
        raise BadInput(
            f"The plan {known.id} is {known.source}, and {source} is another file.",
            hint="Give this one a name of its own with --name; to replace the other, use its name: "
            f"--name {known.id}",
        )


def _lines(db: Database, changes: plan_load.Changes, dry_run: bool) -> Iterator[str]:
    """What changed; for a dry run, item by item."""
    if dry_run:
        yield from diff(db, changes)
    would = "would be " if dry_run else ""
    yield (
        f"plan {changes.plan_id}: {len(changes.added)} tasks {would}added, "
        f"{len(changes.updated)} {would}updated, {len(changes.retired)} {would}cancelled, "
        f"{changes.unchanged} unchanged"
    )
    if not dry_run:
        for one in changes.retired:
            yield f"no longer in the plan, cancelled: {one.id}  {safe(one.title)}"
    for one in changes.held:
        yield (
            f"no longer in the plan, left to {safe(one.assignee or '')}: {one.id}  "
            f"{safe(one.title)}"
        )
    for one in changes.dropped:
        yield f"no longer in the plan, finished: {one.id}  {safe(one.title)}"


def _read(plan: str) -> bytes:
    try:
        with open(plan, "rb") as file:
            return file.read(MAX_BYTES + 1)
    except OSError as error:
        raise BadInput(
            f"{plan} cannot be read: {error.strerror}.",
            hint="Name a Markdown, JSON or YAML file.",
        ) from error
