"""git jetpack import beads, import tasks-json, import markdown-folder; export jsonl"""

from __future__ import annotations

from collections.abc import Iterator
from collections.abc import Sequence
from pathlib import Path

import click

from jetpack_git.cli import documents
from jetpack_git.cli import terminal
from jetpack_git.cli.frame import Frame
from jetpack_git.cli.frame import command
from jetpack_git.errors import BadInput
from jetpack_git.models.foreign import Foreign
from jetpack_git.models.foreign import Trouble
from jetpack_git.work import imports
from jetpack_git.work import queries

DRY_RUN = click.option("--dry-run", is_flag=True, help="Tell what would be, and change nothing.")


@click.group("import", short_help="Bring in the tasks of another tool.")
def import_() -> None:
    """Bring in the tasks of another tool. Their ids there keep working here.

    A second import updates what has changed there. What cannot be brought in is told with
    its file and line, and the rest is; the exit code is 1 if a task was left out.
    """


@command("beads", short_help="Bring in issues of Beads.")
@click.argument("file", metavar="FILE.jsonl")
@DRY_RUN
def beads(frame: Frame, file: str, dry_run: bool) -> int:
    """Bring in the issues of a JSONL file of Beads, with their dependencies and comments."""
    from jetpack_git.work.import_beads import read

    try:
        with open(file, "rb") as lines:
            found, troubles = read(lines, file)
    except OSError as error:
        raise _unreadable(file, error) from error
    return _bring_in(frame, "beads", found, troubles, dry_run=dry_run)


@command("tasks-json", short_help="Bring in the tasks of a tasks.json.")
@click.argument("file", metavar="FILE.json")
@DRY_RUN
def tasks_json(frame: Frame, file: str, dry_run: bool) -> int:
    """Bring in the tasks of a tasks.json, with subtasks and dependencies."""
    from jetpack_git.work.import_json import read

    try:
        text = Path(file).read_text(encoding="utf-8-sig")
    except OSError as error:
        raise _unreadable(file, error) from error
    except UnicodeDecodeError as error:
        raise BadInput(
            f"{file}: byte {error.start} is not UTF-8.", hint="Save it as UTF-8."
        ) from error
    found, troubles = read(text, file)
    return _bring_in(frame, "tasks-json", found, troubles, dry_run=dry_run)


@command("markdown-folder", short_help="Bring in a folder of Markdown files.")
@click.argument("folder", metavar="FOLDER")
@DRY_RUN
def markdown_folder(frame: Frame, folder: str, dry_run: bool) -> int:
    """Bring in a folder of Markdown files with front matter, one task each."""
    from jetpack_git.work.import_markdown import read

    found, troubles = read(Path(folder))
    return _bring_in(frame, "markdown-folder", found, troubles, dry_run=dry_run)


@click.group(short_help="Write the tasks for other programs.")
def export() -> None:
    """Write the tasks for other programs. Plans are written by: git jetpack plan export"""


@command("jsonl", short_help="Write one JSON document a task.")
@click.option("--plan", "plan_id", metavar="PLAN", help="Those of this plan alone.")
def jsonl(frame: Frame, plan_id: str | None) -> None:
    """Write all tasks to standard output, one JSON document a line, the oldest first."""
    found = queries.run(frame.workspace.db, queries.Query(plan_id=plan_id)).tasks
    made = [documents.task(one) for one in found]
    lines = (documents.text({"schema": documents.SCHEMA, **one}) for one in made)
    frame.answer({"tasks": made, "total": len(made), "has_more": False}, lines)


def _bring_in(
    frame: Frame, tool: str, found: Sequence[Foreign], troubles: list[Trouble], *, dry_run: bool
) -> int:
    workspace = frame.workspace
    count = len(found)
    with terminal.progress_bar("Importing", 2 * count) as progress:
        workspace.progress = lambda done, total: progress(count + done, count + total)
        done = imports.bring_in(
            workspace.tasks, found, tool=tool, agent="" if dry_run else workspace.agent,
            dry_run=dry_run, progress=lambda done, total: progress(done, 2 * total),
        )  # fmt: skip
    troubles += done.troubles
    if not frame.json:
        for one in troubles:
            terminal.warn(f"{one.where}: {one.message}")
        if troubles:
            terminal.remark("hint: mend these lines, and import again: nothing else changes then.")
    broken = sum(one.broken for one in troubles)
    document = {
        "dry_run": dry_run,
        "added": done.added,
        "updated": done.updated,
        "unchanged": done.unchanged,
        "skipped": done.skipped,
        "troubles": [one._asdict() for one in troubles],
    }
    frame.answer(document, _lines(done, broken, dry_run))
    return 1 if broken else 0


def _lines(done: imports.Imported, broken: int, dry_run: bool) -> Iterator[str]:
    would = "would be " if dry_run else ""
    yield (
        f"{len(done.added)} tasks {would}added, {len(done.updated)} {would}updated, "
        f"{done.unchanged} unchanged"
    )
    if done.skipped:
        yield f"{done.skipped} were deleted there, and left out"
    if broken:
        yield f"{broken} could not be read, and were left out"


def _unreadable(file: str, error: OSError) -> BadInput:
    return BadInput(f"{file} cannot be read: {error.strerror}.", hint="Name a file.")


import_.add_command(beads)
import_.add_command(tasks_json)
import_.add_command(markdown_folder)
export.add_command(jsonl)
