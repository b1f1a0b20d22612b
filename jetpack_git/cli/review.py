"""git jetpack review"""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator
from pathlib import Path

import click

from jetpack_git.cli import documents
from jetpack_git.cli import terminal
from jetpack_git.cli.frame import Frame
from jetpack_git.cli.frame import command
from jetpack_git.cli.frame import here
from jetpack_git.cli.terminal import safe
from jetpack_git.data.database import Database
from jetpack_git.errors import StoreError
from jetpack_git.git.clone import find
from jetpack_git.models import durations
from jetpack_git.models.review import ERROR
from jetpack_git.models.review import KINDS
from jetpack_git.models.review import ODDITIES
from jetpack_git.models.review import WARNING
from jetpack_git.models.review import Entry
from jetpack_git.models.review import Review
from jetpack_git.review import markdown
from jetpack_git.review.make import review as make

SHOWN = 20


@command(short_help="Show what a branch does to the tasks.")
@click.argument("branches", metavar="[BASE...HEAD]", required=False)
@click.option(
    "--format", "form", type=click.Choice(["text", "markdown", "json"]), default="text",
    show_default=True, help="How to print it.",
)  # fmt: skip
@click.option("--post", is_flag=True, help="Comment on the pull request of this CI job, too.")
@click.option("--check", is_flag=True, help="Exit with 1 if there is what the config forbids.")
def review(frame: Frame, branches: str | None, form: str, post: bool, check: bool) -> int:
    """Show what a branch does to the tasks, and what is odd about it: for its reviewer.

    Without BASE...HEAD it is the current branch, against the one that others are merged into.
    Everything is read from commits; what the section `review` of the config forbids is as in the
    config of BASE.

    --post writes one comment, as Markdown, and changes it when it is there already. It goes by what
    GitHub Actions and GitLab CI tell their jobs, and by the token in GIT_JETPACK_TOKEN.
    """
    clone = find(here())
    where = Path(clone.worktree or clone.git_dir)
    with _database(frame, clone.database) as db:
        found = make(branches, db, cwd=where)
    frame.json = frame.json or form == "json"
    if frame.json:
        frame.answer(_document(found), "")
    elif form == "markdown":
        terminal.say(markdown.markdown(found).removesuffix("\n"))
    else:
        frame.answer({}, _lines(found))
    if post:
        from jetpack_git.review import forge  # what speaks HTTP takes its time to load

        forge.post(markdown.markdown(found), os.environ)
    return 1 if check and found.errors else 0


@contextlib.contextmanager
def _database(frame: Frame, path: str) -> Iterator[Database | None]:
    """The clone's database, if there is one that can be read: in CI there is none."""
    db = None
    if os.path.exists(path):
        try:
            db = frame.open().db
        except StoreError as error:
            terminal.warn(f"what was reserved is not known: {error.message}")
    yield db


def _lines(found: Review) -> Iterator[str]:
    yield f"{markdown.summary(found)}, from {found.base[:12]} to {found.head[:12]}"
    yield from _findings(found, ERROR)
    for kind, name in KINDS.items():
        entries = found.of(kind)
        yield from [f"\n{name}"] * bool(entries)
        for entry in entries:
            yield from _entry(entry)
    if found.unblocked:
        yield "\nUnblocked"
        yield from (f"  {safe(one.task_id)}  {safe(one.title)}" for one in found.unblocked)
    if found.plans:
        yield "\nPlans"
        yield from (f"  {safe(one.title)}: {markdown.progress(one)}" for one in found.plans)
    if found.memories:
        yield "\nMemories"
    for one in found.memories:
        yield f"  {one.change} {safe(one.memory_id)}  {safe(one.title)} ({safe(one.memory_type)})"
        yield from (f"    {safe(line)}" for line in one.body.split("\n") if one.body)
    yield from _findings(found, WARNING)


def _findings(found: Review, level: str) -> Iterator[str]:
    for kind, odd in found.groups(level).items():
        yield f"\n{level.capitalize()}: {ODDITIES[kind].lower()}"
        yield from (f"  {safe(f'{one.place}  {one.text}'.rstrip())}" for one in odd[:SHOWN])
        if len(odd) > SHOWN:
            yield f"  … and {len(odd) - SHOWN} more of {len(odd)}; --json has them all"


def _entry(one: Entry) -> Iterator[str]:
    new = " (new)" if one.is_new and one.kind != "created" else ""
    by = f" by {safe(', '.join(one.by))}" if one.by else ""
    took = f" in {durations.text(one.took_s)}" if one.took_s else ""
    said = f": {safe(one.summary)}" if one.summary and one.kind != "changed" else ""
    yield f"  {safe(one.task_id)}  {safe(one.title)}{new}{by}{took}{said}"
    yield from (f"    {safe(change.words)}" for change in one.changes)


def _document(found: Review) -> dict[str, object]:
    return {
        "base": found.base,
        "head": found.head,
        "tasks": [
            {
                "id": one.task_id,
                "title": one.title,
                "change": one.kind,
                "is_new": one.is_new,
                "by": list(one.by),
                "took_s": one.took_s,
                "summary": one.summary,
                "fields": [
                    {"field": each.field, "before": each.before, "after": each.after}
                    for each in one.changes
                ],
            }
            for one in found.entries
        ],
        "unblocked": [{"id": one.task_id, "title": one.title} for one in found.unblocked],
        "plans": [
            {
                "id": one.plan_id,
                "title": one.title,
                "before": documents.progress(*one.before),
                "after": documents.progress(*one.after),
            }
            for one in found.plans
        ],
        "memories": [one._asdict() for one in found.memories],
        "findings": [
            {"kind": one.kind, "level": one.level, "place": one.place, "text": one.text}
            for one in found.findings
        ],
        "errors": len(found.errors),
    }
