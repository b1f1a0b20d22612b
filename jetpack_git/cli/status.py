"""git jetpack status"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from jetpack_git.cli import documents
from jetpack_git.cli import terminal
from jetpack_git.cli.frame import Frame
from jetpack_git.cli.frame import command
from jetpack_git.git import hooks
from jetpack_git.models.agent import Agent
from jetpack_git.models.reservation import Reservation
from jetpack_git.models.task import Task
from jetpack_git.swarm import integrate
from jetpack_git.work import settings
from jetpack_git.work.agents import Agents
from jetpack_git.work.agents import is_alive
from jetpack_git.work.swarms import Swarms

SHOWN = 10
ORDER = (
    "ready", "blocked", "claimed", "in_progress", "completed", "failed", "cancelled",
)  # fmt: skip


@command(short_help="Show the tasks, agents and reservations at a glance.")
def status(frame: Frame) -> None:
    """Show the tasks, agents and reservations at a glance."""
    workspace = frame.workspace
    where = Path(workspace.clone.worktree or workspace.clone.common_dir)
    config = settings.of(workspace.clone, workspace.db, workspace.warnings)
    counts = workspace.tasks.counts()
    held = workspace.tasks.held()
    stale_after_s = config.swarm.stale_after_s
    agents = [
        (one, str(one.status) if is_alive(one, stale_after_s=stale_after_s) else "dead")
        for one in Agents(workspace.db).running()
    ]
    swarms = Swarms(workspace.db).running()
    reservations, total = workspace.reservations.active(limit=SHOWN)
    guard = _guard(where, config.guard.mode)
    pending = workspace.db.count("mirror.pending_total")
    unmerged = integrate.not_in(workspace, where)
    document: dict[str, object] = {
        "database": workspace.clone.database,
        "guard": guard,
        "counts": counts,
        "held": [documents.task(one) for one in held],
        "agents": [documents.agent(one) | {"status": now} for one, now in agents],
        "swarms": [documents.swarm(one) for one in swarms],
        "reservations": documents.listing(
            "reservations", [documents.reservation(one) for one in reservations], total
        ),
        "unmerged": [documents.task(one) for one in unmerged],
        "files_due": pending,
    }
    if frame.json:
        frame.answer(document, "")
        return
    _print(counts, held, unmerged, agents, reservations, total)
    terminal.say(f"guard: {guard}")
    for swarm in swarms:
        if swarm.bypass:
            terminal.warn(f"swarm {swarm.id}: {swarm.bypass} asks nobody before it acts")
    if pending:
        terminal.warn(f"{pending} task files are still to be written; see: git jetpack doctor")


def _guard(where: Path, mode: str) -> str:
    """Whether commits are checked: the mode, or why they are not."""
    states = hooks.status(where)
    missing = [one.name for one in states if not one.stands]
    return f"{mode}; not installed: {', '.join(missing)}" if missing else mode


def _print(
    counts: dict[str, int],
    held: Sequence[Task],
    unmerged: Sequence[Task],
    agents: list[tuple[Agent, str]],
    reservations: list[Reservation],
    total: int,
) -> None:
    """The tables are on stdout, as wide as the terminal."""
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    def table(title: str, heads: tuple[str, ...], rows: Sequence[tuple[str, ...]]) -> None:
        if rows:
            made = Table(*heads, title=title, title_justify="left", box=None, pad_edge=False)
            for row in rows:
                made.add_row(*(Text(terminal.safe(cell)) for cell in row))
            console.print(made)

    console = Console(highlight=False, width=None if terminal.is_terminal() else 120)
    known = [one for one in ORDER if one in counts] + sorted(set(counts) - set(ORDER))
    table("tasks", tuple(known), [tuple(str(counts[one]) for one in known)] if known else [])
    if not known:
        console.print("No tasks yet. Add one with: git jetpack add TITLE")
    rows = [(one.id, one.status, one.assignee or "", one.title) for one in held]
    table("held", ("task", "status", "by", "title"), rows[:SHOWN])
    if len(held) > SHOWN:
        console.print(f"… {len(held) - SHOWN} more of {len(held)}")
    branches = [(one.id, one.branch or "", one.title) for one in unmerged]
    table("finished, not merged here", ("task", "branch", "title"), branches[:SHOWN])
    if len(unmerged) > SHOWN:
        console.print(f"… {len(unmerged) - SHOWN} more of {len(unmerged)}")
    table("agents", ("agent", "is", "task"), [(a.name, now, a.task_id or "") for a, now in agents])
    table(
        "reservations",
        ("pattern", "by", "task", "until"),
        [(one.pattern, one.agent, one.task_id or "", one.expires_at) for one in reservations],
    )
    if total > len(reservations):
        console.print(f"… {total - len(reservations)} more of {total}")
