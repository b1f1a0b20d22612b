"""git jetpack reserve, reservations, unreserve"""

from __future__ import annotations

import os

import click

from jetpack_git.cli import documents
from jetpack_git.cli import fields
from jetpack_git.cli.frame import Frame
from jetpack_git.cli.frame import command
from jetpack_git.cli.frame import here
from jetpack_git.cli.terminal import columns
from jetpack_git.cli.terminal import safe
from jetpack_git.errors import BadInput
from jetpack_git.errors import Negative
from jetpack_git.models import durations
from jetpack_git.models.patterns import covers_all
from jetpack_git.models.patterns import escape
from jetpack_git.models.patterns import normalise
from jetpack_git.models.reservation import REASONS
from jetpack_git.models.reservation import Overlap
from jetpack_git.models.reservation import Reservation
from jetpack_git.work import settings
from jetpack_git.work.presence import staleness


@command(short_help="Say which files you are about to change.")
@click.argument("patterns", metavar="PATTERN...", nargs=-1, required=True)
@click.option("--shared", is_flag=True, help="Others may use these files too.")
@click.option("--ttl", help="For how long, such as 30m or 8h; an hour if not said.")
@click.option("--task", "task_id", metavar="ID", help="The task that this is for.")
@click.option("--reason", type=click.Choice(REASONS), default="edit", help="What you will do.")
@click.option("--or-fail", is_flag=True, help="Reserve nothing if any of it overlaps.")
def reserve(
    frame: Frame,
    patterns: tuple[str, ...],
    shared: bool,
    ttl: str | None,
    task_id: str | None,
    reason: str,
    or_fail: bool,
) -> int:
    """Say which files you are about to change, so that nobody else commits them.

    It always succeeds; when somebody else's reservation overlaps it says so and exits 1, and
    both sides get mail. To reserve the same again renews it. Patterns are git's :(glob)
    pathspecs, relative to the current folder.
    """
    workspace = frame.workspace
    config = settings.of(workspace.clone, workspace.db, workspace.warnings)
    wanted = [pattern_of(frame, one) for one in patterns]
    for one in wanted:
        if covers_all(one):
            workspace.warnings.append(f"{one or '.'} covers every file of the repository.")
    task = None if task_id is None else workspace.tasks.get(task_id).id
    made, overlaps = workspace.reservations.reserve(
        wanted, agent=workspace.living, incarnation=workspace.incarnation, task_id=task,
        shared=shared, reason=reason, or_fail=or_fail,
        ttl_s=config.swarm.reservation_ttl_s if ttl is None else durations.parse(ttl),
        is_stale=staleness(workspace.db, config.swarm.stale_after_s),
    )  # fmt: skip
    workspace.reservations.prune(config.reservations.keep_s)
    document: dict[str, object] = {
        "reservations": [documents.reservation(one) for one in made],
        "overlaps": [documents.overlap(one) for one in overlaps],
    }
    lines = [f"reserved {safe(one.pattern)} until {one.expires_at}" for one in made]
    frame.answer(document, lines + [_told(one) for one in overlaps])
    return 1 if overlaps else 0


@command(short_help="List the active reservations.")
@click.option("--mine", is_flag=True, help="Only your own.")
@fields.limit_option(50)
def reservations(frame: Frame, mine: bool, limit: int) -> None:
    """List the active reservations. The earlier one has the right of way."""
    agent = frame.workspace.agent if mine else None
    found, total = frame.workspace.reservations.active(agent=agent, limit=limit or -1)
    items = [documents.reservation(one) for one in found]
    lines = columns([_row(one) for one in found]) or ["Nothing is reserved."]
    if total > len(found):
        lines.append(f"… {total - len(found)} more of {total}; show more with -n")
    frame.answer(documents.listing("reservations", items, total), lines)


@command(short_help="Give reservations back.")
@click.argument("patterns", metavar="[PATTERN]...", nargs=-1)
@click.option("--task", "task_id", metavar="ID", help="Those made for this task.")
@click.option("--id", "numbers", type=int, multiple=True, help="That of this number.")
@click.option("--all", "all_", is_flag=True, help="All that you hold.")
def unreserve(
    frame: Frame,
    patterns: tuple[str, ...],
    task_id: str | None,
    numbers: tuple[int, ...],
    all_: bool,
) -> None:
    """Give reservations back: by pattern, by task, by number, or all that you hold."""
    if [bool(patterns) or task_id is not None, bool(numbers), all_].count(True) != 1:
        raise BadInput(
            "Say which: PATTERNs, --task ID or both; or else --id NUMBER, or --all.",
            hint="See yours with: git jetpack reservations --mine",
        )
    workspace = frame.workspace
    if numbers:
        _answer_released(frame, workspace.reservations.release_ids(numbers, agent=workspace.living))
        return
    task = None if task_id is None else workspace.tasks.get(task_id).id
    spelled = [name for one in patterns for name in _spellings(frame, one)]
    wanted: list[str | None] = list(dict.fromkeys(spelled)) if patterns else [None]
    with workspace.db.transaction():
        gone = [
            one
            for pattern in wanted
            for one in workspace.reservations.release(
                agent=workspace.living, pattern=pattern, task_id=task
            )
        ]  # fmt: skip
    _answer_released(frame, gone)


def _answer_released(frame: Frame, gone: list[Reservation]) -> None:
    if not gone:
        raise Negative(
            f"{frame.workspace.agent} holds no such reservation.",
            hint="See yours with: git jetpack reservations --mine",
        )
    document: dict[str, object] = {"reservations": [documents.reservation(one) for one in gone]}
    frame.answer(document, [f"released {safe(one.pattern)}" for one in gone])


def pattern_of(frame: Frame, text: str) -> str:
    """The pattern from the root of the repository.

    One that is the exact name of a file that is there means that file alone.
    """
    pattern, name = _spellings(frame, text)
    root, base = _place(frame)
    there = root is not None and os.path.lexists(os.path.join(root, base, text))
    return name if there else pattern


def _spellings(frame: Frame, text: str) -> tuple[str, str]:
    """What was typed in this folder, from the root: as a pattern, and as the name of a file."""
    _, base = _place(frame)
    pattern = normalise(text, base=base)
    name = os.path.normpath(os.path.join(base, text))
    try:
        name.encode()
    except UnicodeEncodeError as error:
        raise BadInput(
            f"{name!r} is no UTF-8 text.",
            hint="Reserve the folder above it, from the root of the repository.",
        ) from error
    return pattern, escape("" if name == "." else name)


def _place(frame: Frame) -> tuple[str | None, str]:
    """The root of the worktree, and this folder as seen from it."""
    root = frame.workspace.clone.worktree
    base = os.path.relpath(here(), root) if root else "."
    return root, "" if base == "." else base


def _told(overlap: Overlap) -> str:
    held = overlap.held
    how = "shared" if held.shared else "exclusive"
    return safe(
        f"overlap: {overlap.pattern} meets {held.pattern}, held by {held.agent} ({how}) "
        f"since {held.created_at} until {held.expires_at}"
    )


def _row(one: Reservation) -> tuple[str, ...]:
    how = "shared" if one.shared else "exclusive"
    until = f"until {one.expires_at}"
    return (f"#{one.seq}", one.pattern, one.agent, how, one.reason, one.task_id or "", until)
