"""The index of vectors: a `vec0` table of sqlite-vec, made from `memory_vectors`.

It can be dropped at any time. What is superseded is not in it. Filters stand inside the search, so
that they leave enough, and only those that some memory makes necessary, for each costs as much as
a third of the search. A change is a deletion and an insertion, for vec0 knows no update. Above
`MANY` vectors the index holds signs alone (one bit a number), and the best of them are compared as
numbers. To find the `k` nearest of n takes vec0 n times k steps; so these are looked for in a few
parts, in each for its share of them and half as many again.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import NamedTuple

from jetpack_git.data.database import Database
from jetpack_git.data.database import Row
from jetpack_git.data.rows import dump

NAME = "vector_index"  # of the row in the table `meta`
MANY = 50_000
STEP = 2_000
MORE = 70  # signs looked at beyond the vectors wanted: of 10, MiniLM's signs then miss 3 in 100
MOST = 4_096  # what vec0 gives at once
PARTS = 4  # of an index of signs
NEVER = 9_999_999_999_999


class Filter(NamedTuple):
    """What vectors are asked for: of these types (none: any), in force at that time."""

    agent: str
    now: str
    types: tuple[str, ...] = ()
    scope: str | None = None


class Index:
    """The index of one embedder's vectors."""

    def __init__(self, db: Database, embedder: str, dimension: int) -> None:
        db.backend.load_vectors()
        self._db = db
        self._embedder = embedder
        self._dimension = dimension

    def refresh(self) -> None:
        """The index knows every vector. What changed is looked at, and nothing else."""
        signs = self._db.count("vectors.total", embedder=self._embedder) > MANY
        self._signs = signs
        shape = dump([self._embedder, self._dimension, signs, self._parts])
        row = self._db.one("meta.get", name=NAME)
        if row is None or row["value"] != shape or not self._is_there():
            with self._db.transaction_quietly():
                self._make()
                self._db.run("vectors.unindex_all", embedder=self._embedder)
                self._db.run("meta.set", name=NAME, value=shape)
        while rows := self._db.all("vectors.unindexed", embedder=self._embedder, limit=STEP):
            with self._db.transaction_quietly():
                self._put(rows)

    @property
    def _parts(self) -> int:
        return PARTS if self._signs else 1

    def nearest(self, vector: bytes, wanted: Filter, limit: int) -> list[tuple[int, float]]:
        """The `limit` nearest that fit: the number of each, and its cosine with the vector."""
        sought = "vec_quantize_binary(:vector)" if self._signs else ":vector"
        sql = _NEAREST.format(vector=sought)
        (needed,) = self._db.all("vectors.filters", now=wanted.now)
        sql += " AND owner IN ('', :agent)" if needed["owned"] else ""
        sql += " AND expires > :now" if needed["ends"] else ""
        sql += " AND valid_from <= :now" if needed["begins"] else ""
        types = {f"type{at}": one for at, one in enumerate(wanted.types)}
        if types:
            sql += f" AND memory_type IN ({', '.join(f':{one}' for one in types)})"
        if wanted.scope is not None:
            sql += f" AND {'scope' if ':' in wanted.scope else 'kind'} = :scope"
        k = (limit + MORE) * 3 // (2 * PARTS) + 1 if self._signs else limit
        rows = [
            row
            for part in range(self._parts)
            for row in self._rows(
                sql, vector=vector, part=part, k=min(MOST, k), agent=wanted.agent,
                now=_ms(wanted.now, 0), scope=wanted.scope, **types,
            )
        ]  # fmt: skip
        return self.cosines(vector, [int(str(row["seq"])) for row in rows])[:limit]

    def cosines(self, vector: bytes, seqs: Sequence[int]) -> list[tuple[int, float]]:
        """The cosine of each of these vectors with that one, the nearest first.

        Those without a direction are left out.
        """
        rows = self._rows(
            "SELECT seq, 1 - vec_distance_cosine(vector, :vector) AS cosine FROM memory_vectors"
            " WHERE embedder = :embedder AND length(vector) = 4 * :dimension"
            " AND seq IN (SELECT value FROM json_each(:seqs)) ORDER BY cosine DESC, seq",
            vector=vector, embedder=self._embedder, dimension=self._dimension, seqs=dump(seqs),
        )  # fmt: skip
        return [
            (int(str(row["seq"])), float(str(row["cosine"])))
            for row in rows
            if row["cosine"] is not None
        ]

    def _is_there(self) -> bool:
        return bool(self._rows("SELECT 1 AS found FROM sqlite_master WHERE name = 'memory_index'"))

    def _make(self) -> None:
        kind = (
            f"bit[{self._dimension}]" if self._signs
            else f"float[{self._dimension}] distance_metric=cosine"
        )  # fmt: skip
        self._rows("DROP TABLE IF EXISTS memory_index")
        self._rows(
            "CREATE VIRTUAL TABLE memory_index USING vec0(seq INTEGER PRIMARY KEY,"
            f" part INTEGER PARTITION KEY, vector {kind},"
            " owner TEXT, memory_type TEXT, scope TEXT, kind TEXT, valid_from INTEGER,"
            " expires INTEGER)"
        )

    def _put(self, rows: list[Row]) -> None:
        insert = _INSERT.format(vector="vec_quantize_binary(:vector)" if self._signs else ":vector")
        for row in rows:
            self._rows("DELETE FROM memory_index WHERE seq = :seq", seq=row["seq"])
            vector = row["vector"]
            if not isinstance(vector, bytes) or len(vector) != 4 * self._dimension:
                continue
            if not any(vector) or row["superseded_by"] is not None:
                continue
            self._rows(
                insert, seq=row["seq"], part=_part(int(str(row["seq"])), self._parts),
                vector=vector, owner=row["owner"],
                memory_type=row["memory_type"], scope=row["scope"],
                kind=str(row["scope"]).partition(":")[0], valid_from=_ms(row["valid_from"], 0),
                expires=_ms(row["expires_at"], NEVER),
            )  # fmt: skip
        self._db.run("vectors.indexed", seqs=json.dumps([row["seq"] for row in rows]))

    def _rows(self, sql: str, **values: object) -> list[Row]:
        return self._db.backend.rows(sql, values)


_NEAREST = "SELECT seq FROM memory_index WHERE vector MATCH {vector} AND part = :part AND k = :k"
_INSERT = (
    "INSERT INTO memory_index"
    " (seq, part, vector, owner, memory_type, scope, kind, valid_from, expires)"
    " VALUES (:seq, :part, {vector}, :owner, :memory_type, :scope, :kind, :valid_from, :expires)"
)


def _part(seq: int, parts: int) -> int:
    """In which part of the index the memory is; what is alike in every fourth is in all of them."""
    return (seq * 2_654_435_761 >> 16) % parts


def _ms(moment: object, default: int) -> int:
    """The time in milliseconds since 1970."""
    if moment is None:
        return default
    from datetime import datetime

    return int(datetime.fromisoformat(str(moment)).timestamp() * 1000)
