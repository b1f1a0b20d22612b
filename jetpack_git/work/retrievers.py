"""The two ways to look for memories: by their words, and by their vectors."""

from __future__ import annotations

from collections.abc import Sequence
from collections.abc import Set
from typing import Any
from typing import NamedTuple

from jetpack_git import clock
from jetpack_git.data.database import Database
from jetpack_git.data.rows import dump
from jetpack_git.embed.base import Embedder
from jetpack_git.models import terms

FEW = 5_000  # so many memories are scored, before common words do no more than help


class Asked(NamedTuple):
    """What is to be found: by whom, of these types (none: any), in a scope, with a tag.

    `within`: of the whole repository, or of one of these scopes; not known to the two ways here.
    """

    agent: str = ""
    types: tuple[str, ...] = ()
    scope: str | None = None
    tag: str | None = None
    live: bool = True
    within: Set[str] | None = None


def by_words(db: Database, phrases: Sequence[str], asked: Asked, wanted: int) -> dict[int, float]:
    """The scores of the best memories with one of the phrases."""
    found: dict[int, float] = {}
    questions = _questions(db, phrases) if phrases else []
    for question in questions:
        found = dict(_matching(db, question, asked, wanted)) | found
        if len(found) >= wanted:
            break
    if not found and len(questions) > 1:  # what fits may have common words alone
        found = dict(_matching(db, terms.any_of(phrases), asked, wanted))
    return found


def _questions(db: Database, phrases: Sequence[str]) -> list[str]:
    """What to ask the index, the better question first.

    To score a memory costs far more than to see that it matches. Where there are many, one must
    have a rare phrase and any other, then a rare one alone; a common one by itself says little.
    """
    if db.count("memories.at_most") <= FEW or len(phrases) == 1:
        return [terms.any_of(phrases)]
    counts = {one: db.count("memories.word_count", words=one) for one in phrases}
    there = sorted((one for one in phrases if counts[one]), key=lambda one: counts[one])
    rare: list[str] = []
    matched = 0
    for one in there:
        matched += counts[one]
        if rare and matched > FEW:
            break
        rare.append(one)
    common = there[len(rare) :]
    if not common:
        return [terms.any_of(rare)] if rare else []
    return [f"({terms.any_of(rare)}) AND ({terms.any_of(common)})", terms.any_of(rare)]


def _matching(db: Database, words: str, asked: Asked, wanted: int) -> list[tuple[int, float]]:
    """The scores of the best memories that match and fit."""
    pool = wanted
    while True:
        rows = db.all("memories.matching", words=words, pool=pool, **_conditions(asked))
        found = [(int(str(row["seq"])), float(str(row["score"]))) for row in rows if row["fits"]]
        if len(found) >= wanted or len(rows) < pool:
            return found[:wanted]
        pool *= 8


def by_vectors(
    db: Database, embedder: Embedder, vector: bytes, asked: Asked, wanted: int
) -> dict[int, float]:
    """The cosines of the nearest memories."""
    from jetpack_git.data.vectors import MOST
    from jetpack_git.data.vectors import Filter

    index = _index(db, embedder)
    if asked.live and asked.tag is None and wanted <= MOST:
        inside = Filter(asked.agent, clock.now(), asked.types, asked.scope)
        return dict(index.nearest(vector, inside, wanted))
    # The index knows nothing of tags and of what is over, and never gives more than `MOST`.
    fit = [int(str(row["seq"])) for row in db.all("memories.fitting", **_conditions(asked))]
    return dict(index.cosines(vector, fit)[:wanted])


def _conditions(asked: Asked) -> dict[str, object]:
    return {
        "live": int(asked.live), "now": clock.now(), "agent": asked.agent,
        "types": dump(asked.types) if asked.types else None, "scope": asked.scope,
        "tag": asked.tag,
    }  # fmt: skip


def _index(db: Database, embedder: Embedder) -> Any:
    from jetpack_git.data.vectors import Index

    key = f"vectors of {embedder.name}"
    index: Any = db.memo.get(key) or Index(db, embedder.name, embedder.dimension)
    if key not in db.memo or db.all("vectors.unindexed", embedder=embedder.name, limit=1):
        index.refresh()
    db.memo[key] = index
    return index
