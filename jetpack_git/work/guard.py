"""The guard's question: may this agent commit changes to these paths?

The hook imports this, so it may load nothing heavy.
"""

from __future__ import annotations

from collections.abc import Iterable

from jetpack_git import clock
from jetpack_git.data.database import Database
from jetpack_git.data.database import Row
from jetpack_git.models.patterns import Pattern
from jetpack_git.models.patterns import fold as lowered
from jetpack_git.models.patterns import parents

Held = tuple[Pattern, Row]
Conflict = tuple[str, Row]


def is_needed(db: Database) -> bool:
    """Whether anybody has reserved anything."""
    return db.one("reservations.any_active", now=clock.now()) is not None


def agent_of(db: Database, worktree: str | None) -> str | None:
    """The agent whose worktree it is, if it is an agent's."""
    if worktree is None or not _storable(worktree):
        return None
    row = db.one("agents.of_worktree", worktree=worktree)
    return None if row is None else str(row["name"])


def touching(db: Database, paths: Iterable[str]) -> dict[str, list[Held]]:
    """The active reservations that cover each of the paths; paths without any are left out."""
    now = clock.now()
    row = db.one("meta.get", name="ignorecase")
    fold = row is not None and row["value"] == "true"
    at: dict[str, list[Held]] = {}
    found: dict[str, list[Held]] = {}
    for path in paths:
        held: list[Held] = []
        for above in parents(lowered(path) if fold else path):
            if above not in at:
                rows = db.all("reservations.at", anchor=above, now=now) if _storable(above) else []
                at[above] = [(Pattern(str(one["pattern"]), fold), one) for one in rows]
            held += [one for one in at[above] if one[0].matches(path)]
        if held:
            found[path] = held
    return found


def conflicts(touched: dict[str, list[Held]], agent: str) -> list[Conflict]:
    """Each path that somebody else holds with the right of way, with that reservation.

    Where the agent holds a path too, the earlier reservation has the right of way.
    A shared reservation stops nobody.
    """
    found = []
    for path, held in touched.items():
        mine = min((_seq(row) for _, row in held if row["agent"] == agent), default=None)
        others = [
            row
            for _, row in held
            if row["agent"] != agent and not row["shared"] and (mine is None or _seq(row) < mine)
        ]
        if others:
            found.append((path, min(others, key=_seq)))
    return found


def _seq(row: Row) -> int:
    return int(str(row["seq"]))


def _storable(text: str) -> bool:
    """Whether the database can hold the text; a name that is no UTF-8 has none there."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True
