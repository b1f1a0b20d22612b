"""Ways to answer a question from a set's documents, all of them the project's own but `plain`."""

from __future__ import annotations

import re
from collections.abc import Callable
from collections.abc import Mapping

from sets import Set

from jetpack_git.data import database
from jetpack_git.data.database import Database
from jetpack_git.data.memories import put
from jetpack_git.embed.base import Embedder
from jetpack_git.models.memory import Memory
from jetpack_git.work import recall as recalling
from jetpack_git.work import vectors
from jetpack_git.work.retrievers import Asked
from jetpack_git.work.retrievers import by_vectors
from jetpack_git.work.retrievers import by_words

NOW = "2026-01-01T00:00:00.000Z"
LIMIT = 10
_PLAIN = (
    "SELECT rowid AS seq FROM plain_words WHERE plain_words MATCH :words"
    " ORDER BY bm25(plain_words) LIMIT :limit"
)

Retriever = Callable[[str], list[str]]


def store(one: Set) -> Database:
    """The documents as memories in a database that is nowhere else."""
    db = database.in_memory()
    with db.transaction_quietly():
        for key, (title, body) in one.documents.items():
            put(db, Memory(key, title or " ", body, created_at=NOW, updated_at=NOW))
    return db


def retrievers(one: Set, db: Database, embedder: Embedder | None) -> dict[str, Retriever]:
    """Each by its name; those that need vectors only with an embedder."""
    names = {int(str(row["seq"])): str(row["id"]) for row in db.all("memories.everything")}

    def ids(scores: Mapping[int, float]) -> list[str]:
        return [names[seq] for seq in sorted(scores, key=lambda seq: (-scores[seq], seq))]

    def words(question: str) -> dict[int, float]:
        asked = recalling.terms.phrases(question)
        return by_words(db, asked, Asked(), recalling.POOL)

    found: dict[str, Retriever] = {"plain FTS5": plain(one, db), "bm25": lambda q: ids(words(q))}
    if embedder is None:
        return found
    vectors.make(db, embedder)

    def cosines(question: str) -> dict[int, float]:
        (vector,) = embedder.embed([question])
        return by_vectors(db, embedder, vector, Asked(), recalling.POOL)

    def ranks(question: str) -> list[str]:
        """Reciprocal rank fusion, k = 60 (Cormack et al. 2009)."""
        scores: dict[str, float] = {}
        here = words(question)
        for order in (ids(here), ids(cosines(question))):
            for place, key in enumerate(order):
                scores[key] = scores.get(key, 0.0) + 1 / (60 + place + 1)
        return sorted(scores, key=lambda key: -scores[key])

    def hybrid(question: str) -> list[str]:
        return ids(recalling.fused(words(question), cosines(question)))

    return found | {
        "vectors": lambda q: ids(cosines(q)), "rank fusion": ranks, "hybrid": hybrid,
    }  # fmt: skip


def plain(one: Set, db: Database) -> Retriever:
    """FTS5 as it comes: its own tokenizer, and any of the words."""
    names = list(one.documents)
    db.backend.script("CREATE VIRTUAL TABLE plain_words USING fts5(title, body)")
    for at, (title, body) in enumerate(one.documents.values()):
        values = {"at": at, "title": title, "body": body}
        db.backend.rows("INSERT INTO plain_words (rowid, title, body) VALUES (:at, :title, :body)",
                        values)  # fmt: skip

    def answer(question: str) -> list[str]:
        asked = " OR ".join(f'"{word}"' for word in dict.fromkeys(re.findall(r"\w+", question)))
        if not asked:
            return []
        rows = db.backend.rows(_PLAIN, {"words": asked, "limit": 2 * LIMIT})
        return [names[int(str(row["seq"]))] for row in rows]

    return answer
