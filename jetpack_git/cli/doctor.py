"""git jetpack doctor"""

from __future__ import annotations

import contextlib
import os

import click

from jetpack_git.cli.frame import Frame
from jetpack_git.cli.frame import command
from jetpack_git.cli.frame import here
from jetpack_git.cli.terminal import safe
from jetpack_git.doctor.checks import LOST
from jetpack_git.doctor.checks import examine
from jetpack_git.doctor.checks import lost
from jetpack_git.doctor.finding import Finding
from jetpack_git.errors import JetpackError
from jetpack_git.errors import StoreError
from jetpack_git.git.clone import find
from jetpack_git.setup import check_stopped
from jetpack_git.setup import finish


@command(short_help="Check this clone, and repair what can be repaired.")
@click.option("--dry-run", is_flag=True, help="Show what would be done, and change nothing.")
@click.option("--rebuild", is_flag=True, help="Make the database anew from the files of tasks.")
def doctor(frame: Frame, dry_run: bool, rebuild: bool) -> int:
    """Check this clone, and repair what can be repaired without a decision of yours.

    A database that is lost or damaged is made anew from the task files; --rebuild does so with
    a sound one, too, which is set aside. Exits 1 when something is left to be done.
    """
    found = _rebuild(frame) if rebuild else _findings(frame, dry_run)
    outcomes = [(one, _outcome(one, dry_run)) for one in found]
    if [(one.check, outcome) for one, outcome in outcomes] == [(LOST, "repaired")]:
        again = examine(frame.workspace)  # the files may be in need of something, too
        outcomes += [(one, _outcome(one, dry_run)) for one in again]
    left = [one for one, outcome in outcomes if outcome not in ("repaired", "note")]
    document = {
        "dry_run": dry_run,
        "findings": [
            {
                "check": one.check,
                "problem": one.problem,
                "advice": one.advice,
                "outcome": outcome,
            }
            for one, outcome in outcomes
        ],
    }
    lines = [line for one, outcome in outcomes for line in _lines(one, outcome)]
    frame.answer(document, lines or ["Everything is in order."])
    return 1 if left else 0


def _findings(frame: Frame, dry_run: bool) -> list[Finding]:
    """What is wrong; that there is no database, where this clone was set up once."""
    try:
        return examine(frame.open() if dry_run else frame.workspace)
    except StoreError as error:
        clone = find(here())
        whole = os.path.exists(clone.database) and os.path.getsize(clone.database)
        if not os.path.exists(clone.config or clone.home) or (whole and not error.damaged):
            raise
        return [lost(clone, error, lambda: finish(frame.create(), with_hooks=False))]


def _rebuild(frame: Frame) -> list[Finding]:
    """The database is set aside, and another one made. Raises Conflict while agents work."""
    clone = find(here())
    check_stopped(clone)
    with contextlib.suppress(StoreError):
        frame.workspace.close()  # what a process that died has left is in the files now
    wish = StoreError(f"{clone.database} is to be made anew.")
    return [lost(clone, wish, lambda: finish(frame.create(), with_hooks=False))]


def _outcome(finding: Finding, dry_run: bool) -> str:
    """What became of the finding: `repaired`, `would be repaired`, `yours`, `note`, `failed: …`."""
    if finding.repair is None:
        return "yours" if finding.serious else "note"
    if dry_run:
        return "would be repaired"
    try:
        finding.repair()
    except JetpackError as error:
        return f"failed: {error.message.rstrip('.')}"
    return "repaired"


def _lines(finding: Finding, outcome: str) -> list[str]:
    return [
        f"{finding.check}: {safe(finding.problem)}",
        f"  {outcome}: {safe(finding.advice or 'Mend it by hand.', lines=True)}",
    ]
