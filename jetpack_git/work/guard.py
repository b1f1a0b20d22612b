"""The guard's question: may this agent commit changes to these paths?

The hook imports this, so it may load nothing heavy.
"""

from __future__ import annotations

from collections.abc import Container
from collections.abc import Iterable

from jetpack_git import clock
from jetpack_git.data.database import Database
from jetpack_git.data.database import Row
from jetpack_git.models.patterns import Pattern
from jetpack_git.models.patterns import fold
from jetpack_git.models.patterns import misses
from jetpack_git.models.patterns import parents
from jetpack_git.models.patterns import pieces

LEASE = -1  # stands for the number of a reservation: a lease comes before all of them
Held = tuple[Pattern, Row]
Conflict = tuple[str, Row]
_JSON = {code: f"\\u{code:04x}" for code in (*range(32), 34, 92)}  # the module json starts slowly


def is_needed(db: Database) -> bool:
    """Whether anybody has reserved or leased any files."""
    now = clock.now()
    return any(db.one(one, now=now) for one in ("reservations.any_active", "leases.any_files"))


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
    """The active reservations and leases that cover each of the paths, if there are any.

    With `since` also those that were active then, or at any time later.
    """
    folds = ignores_case(db)
    above = {path: parents(fold(path) if folds else path) for path in paths}
    below: dict[str, list[str]] = {}
    for each in above.values():
        for anchor in each:
            below.setdefault(anchor, []).append(each[0])
    at = _near(db, below, folds, since)
    leases = [
        (Pattern(str(row["pattern"]), folds), row)
        for row in db.all("leases.files", now=clock.now())
    ]
    found: dict[str, list[Held]] = {}
    for path, each in above.items():
        held = [one for key in each for one in at.get(key, ()) if one[0].matches(path)]
        held += [one for one in leases if one[0].matches(path)]
        if held:
            found[path] = held
    return found


def _near(
    db: Database, below: dict[str, list[str]], folds: bool, since: str
) -> dict[str, list[Held]]:
    """The active reservations at the anchors, but for those that no path below can meet.

    Of the many that stand there only the few others are read whole.
    """
    known = ",".join([f'"{one.translate(_JSON)}"' for one in below if _storable(one)])
    texts: dict[str, str] = {}
    near = []
    name = "reservations.since" if since else "reservations.near"
    for row in db.all(name, anchors=f"[{known}]", now=since or clock.now()):
        anchor, pattern = str(row["anchor"]), str(row["pattern"])
        if anchor not in texts:
            texts[anchor] = "\n".join(below[anchor])
        if not misses(pieces(fold(pattern) if folds else pattern), texts[anchor]):
            near.append(row)
    if near and not since:
        seqs = ",".join([str(row["seq"]) for row in near])
        near = db.all("reservations.numbered", seqs=f"[{seqs}]")
    at: dict[str, list[Held]] = {}
    for row in near:
        held = (Pattern(str(row["pattern"]), folds), row)
        at.setdefault(str(row["anchor"]), []).append(held)
    return at


def conflicts(touched: dict[str, list[Held]], names: Container[str]) -> list[Conflict]:
    """Each path that somebody of another name holds with the right of way, with that reservation.

    Where both hold a path, the earlier reservation has the right of way, and a lease before all.
    A shared reservation stops only who has reserved the path for himself alone, and later.
    """
    found = []
    for path, held in touched.items():
        own = [row for _, row in held if row["agent"] in names]
        mine = min(map(_seq, own), default=None)
        alone = bool(own) and not any(row["shared"] for row in own)
        others = [
            row
            for _, row in held
            if row["agent"] not in names
            and (alone or not row["shared"])
            and (mine is None or _seq(row) < mine)
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
