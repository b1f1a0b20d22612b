"""The guard's question: may this agent commit changes to these paths?

The hook imports this, so it may load nothing heavy.
"""

from __future__ import annotations

from collections.abc import Iterable

from jetpack_git import clock
from jetpack_git.data.database import Database
from jetpack_git.data.database import Row
from jetpack_git.models.patterns import Pattern
from jetpack_git.models.patterns import fold
from jetpack_git.models.patterns import misses
from jetpack_git.models.patterns import parents
from jetpack_git.models.patterns import pieces

Held = tuple[Pattern, Row]
Conflict = tuple[str, Row]
_JSON = {code: f"\\u{code:04x}" for code in (*range(32), 34, 92)}  # the module json starts slowly


def is_needed(db: Database) -> bool:
    """Whether anybody has reserved anything."""
    return db.one("reservations.any_active", now=clock.now()) is not None


def ignores_case(db: Database) -> bool:
    """Whether `core.ignorecase` holds in this clone; asked once for each connection."""
    if "ignorecase" not in db.memo:
        row = db.one("meta.get", name="ignorecase")
        db.memo["ignorecase"] = row is not None and row["value"] == "true"
    return bool(db.memo["ignorecase"])


def agent_of(db: Database, worktree: str | None) -> str | None:
    """The agent whose worktree it is, if it is an agent's."""
    if worktree is None or not _storable(worktree):
        return None
    row = db.one("agents.of_worktree", worktree=worktree)
    return None if row is None else str(row["name"])


def touching(db: Database, paths: Iterable[str], since: str = "") -> dict[str, list[Held]]:
    """The active reservations that cover each of the paths; paths without any are left out.

    With `since` also those that were active then, or at any time later.
    """
    folds = ignores_case(db)
    above = {path: parents(fold(path) if folds else path) for path in paths}
    below: dict[str, list[str]] = {}
    for each in above.values():
        for anchor in each:
            below.setdefault(anchor, []).append(each[0])
    at = _near(db, below, folds, since)
    found: dict[str, list[Held]] = {}
    for path, each in above.items():
        held = [one for key in each for one in at.get(key, ()) if one[0].matches(path)]
        if held:
            found[path] = held
    return found


def _near(
    db: Database, below: dict[str, list[str]], folds: bool, since: str
) -> dict[str, list[Held]]:
    """The active reservations at the anchors, but for those that no path below can meet."""
    known = ",".join([f'"{one.translate(_JSON)}"' for one in below if _storable(one)])
    texts: dict[str, str] = {}
    at: dict[str, list[Held]] = {}
    name = "reservations.since" if since else "reservations.at"
    for row in db.all(name, anchors=f"[{known}]", now=since or clock.now()):
        anchor, pattern = str(row["anchor"]), str(row["pattern"])
        if anchor not in texts:
            texts[anchor] = "\n".join(below[anchor])
        if not misses(pieces(fold(pattern) if folds else pattern), texts[anchor]):
            at.setdefault(anchor, []).append((Pattern(pattern, folds), row))
    return at


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
