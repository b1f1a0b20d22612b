"""What other agents have reserved, and which of it meets a pattern.

Every claim asks this, so it may load nothing heavy.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from functools import lru_cache

from jetpack_git import clock
from jetpack_git.data.database import Database
from jetpack_git.data.database import Row
from jetpack_git.data.rows import dump
from jetpack_git.models.patterns import Pattern
from jetpack_git.models.patterns import anchor
from jetpack_git.models.patterns import fold
from jetpack_git.models.patterns import parents
from jetpack_git.work.guard import Held
from jetpack_git.work.guard import ignores_case


class Others:
    """The active reservations of all agents but one, at one moment; none is read twice.

    A name that is no directory in the worktree stands for a file.
    """

    def __init__(self, db: Database, agent: str, worktree: str | None) -> None:
        self._db = db
        self._agent = agent
        self._worktree = worktree
        self._folds = ignores_case(db)
        self._now = clock.now()
        self._at: dict[str, list[Held]] = {}
        self._below: dict[str, list[Held]] = {}
        self._meeting: dict[str, list[Row]] = {}
        self._leases = self._read("leases.files")

    def meeting(self, pattern: str) -> list[Row]:
        """Those that some path could match as well as the pattern, in their order."""
        if pattern not in self._meeting:
            wanted = self._pattern(pattern)
            near = self._near(key(pattern, folds=self._folds))
            found = {
                (row["seq"], row["pattern"]): row
                for held, row in near
                if _overlap(wanted.text, wanted.leaf, held.text, held.leaf, self._folds)
            }
            self._meeting[pattern] = sorted(found.values(), key=_number)
        return self._meeting[pattern]

    def _near(self, path: str) -> Iterator[Held]:
        """Those that are looked up at the path, above it or below it."""
        above = parents(path)
        unread = [one for one in above if one not in self._at]
        if unread:
            self._at |= {one: [] for one in unread}
            for held in self._read("reservations.at", anchors=dump(unread)):
                self._at[str(held[1]["anchor"])].append(held)
        if path not in self._below:
            self._below[path] = self._read("reservations.below", anchor=path)
        yield from self._leases
        yield from self._below[path]
        for one in above:
            yield from self._at[one]

    def _read(self, statement: str, **where: str) -> list[Held]:
        rows = self._db.all(statement, **where, now=self._now)
        others = [row for row in rows if row["agent"] != self._agent]
        return [(self._pattern(str(row["pattern"])), row) for row in others]

    def _pattern(self, text: str) -> Pattern:
        leaf = self._worktree is not None and not os.path.isdir(f"{self._worktree}/{anchor(text)}")
        return Pattern(text, self._folds, leaf=leaf)


@lru_cache(maxsize=1 << 16)  # whoever claims again and again looks at the same few again
def _overlap(one: str, is_leaf: bool, other: str, other_is_leaf: bool, folds: bool) -> bool:
    """Whether some path could be covered by both patterns."""
    return Pattern(one, folds, leaf=is_leaf).overlaps(Pattern(other, folds, leaf=other_is_leaf))


def key(pattern: str, *, folds: bool) -> str:
    """Where a reservation of the pattern is looked up: its anchor, folded if `folds`."""
    found = anchor(pattern)
    return fold(found) if folds else found


def _number(row: Row) -> int:
    return int(str(row["seq"]))
