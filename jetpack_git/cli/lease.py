"""git jetpack lease"""

from __future__ import annotations

import click

from jetpack_git.cli import documents
from jetpack_git.cli.frame import Frame
from jetpack_git.cli.frame import command
from jetpack_git.cli.reserve import pattern_of
from jetpack_git.cli.terminal import columns
from jetpack_git.cli.terminal import safe
from jetpack_git.errors import BadInput
from jetpack_git.errors import Negative
from jetpack_git.models import durations
from jetpack_git.models.lease import Lease
from jetpack_git.models.lease import is_thing
from jetpack_git.models.patterns import covers_all
from jetpack_git.work import settings
from jetpack_git.work.leases import DEFAULT_TTL_S
from jetpack_git.work.leases import Leases
from jetpack_git.work.presence import staleness


@command(short_help="Have a thing, or files, for yourself alone.")
@click.argument("name", metavar="[NAME|PATTERN]", required=False)
@click.option("--ttl", help="For how long, such as 30m; 10 minutes if not said.")
@click.option("--task", "task_id", metavar="ID", help="The task that this is for.")
@click.option("--release", "gives_back", is_flag=True, help="Give it back; all without a NAME.")
def lease(
    frame: Frame, name: str | None, ttl: str | None, task_id: str | None, gives_back: bool
) -> None:
    """Have a thing for yourself alone: port:8080, db:migrations, or files by a pattern.

    Only one agent has it; for the others the exit code is 4, with the holder and the time
    when it ends. To lease it again, or a heartbeat, makes it hold for its whole time from
    then. Without a NAME all leases are listed.
    """
    workspace = frame.workspace
    leases = Leases(workspace.db)
    if name is None and not gives_back:
        found = leases.active()
        lines = columns([_row(one) for one in found]) or ["Nothing is leased."]
        items = [_document(one) for one in found]
        frame.answer(documents.listing("leases", items, len(items)), lines)
        return
    if name is not None and (not name.strip() or not name.isprintable()):
        raise BadInput(f"{name!r:.60} cannot be leased.", hint="Give it a name: port:8080")
    wanted = name if name is None or is_thing(name) else pattern_of(frame, name)
    if gives_back:
        gone = leases.release(agent=workspace.living, name=wanted)
        if not gone:
            raise Negative(f"{workspace.agent} has no such lease.", hint="See: git jetpack lease")
        items = [_document(one) for one in gone]
        frame.answer({"leases": items}, [f"released {safe(one.name)}" for one in gone])
        return
    if wanted and not is_thing(str(name)) and covers_all(wanted):
        workspace.warnings.append(f"{wanted} covers every file of the repository.")
    config = settings.of(workspace.clone, workspace.db, workspace.warnings)
    made = leases.take(
        str(wanted), pattern=not is_thing(str(name)), agent=workspace.living,
        incarnation=workspace.incarnation,
        task_id=workspace.tasks.get(task_id).id if task_id else None,
        ttl_s=durations.parse(ttl) if ttl else DEFAULT_TTL_S,
        is_stale=staleness(workspace.db, config.swarm.stale_after_s),
    )  # fmt: skip
    frame.answer({"lease": _document(made)}, f"leased {safe(made.name)} until {made.expires_at}")


def _row(one: Lease) -> tuple[str, ...]:
    return (one.name, one.agent, one.task_id or "", f"until {one.expires_at}")


def _document(one: Lease) -> dict[str, object]:
    """A lease."""
    return {
        "name": one.name,
        "pattern": one.pattern,
        "agent": one.agent,
        "task_id": one.task_id,
        "since": one.since,
        "expires_at": one.expires_at,
    }
