"""A memory in the database, with what follows from its text: its words and its vector."""

from __future__ import annotations

import json
from dataclasses import fields

from jetpack_git.data.database import Database
from jetpack_git.data.database import Row
from jetpack_git.data.rows import dump
from jetpack_git.digest import sha1
from jetpack_git.embed import hashed
from jetpack_git.models import terms
from jetpack_git.models.memory import Memory

_MEMORY = tuple(one.name for one in fields(Memory))
_COUNTED = ("recalled", "helpful", "harmful", "seq")


def memory_columns(memory: Memory) -> dict[str, object]:
    """The stored values of a memory, for `memories.insert` and `memories.update`."""
    values = {name: getattr(memory, name) for name in _MEMORY if name not in _COUNTED}
    return values | {"tags": dump(memory.tags), "extra": dump(memory.extra)}


def to_memory(row: Row) -> Memory:
    """The memory of a row of `memories`."""
    values = {name: row[name] for name in _MEMORY}
    values["tags"] = tuple(json.loads(str(row["tags"])))
    values["extra"] = json.loads(str(row["extra"]))
    return Memory(**values)  # type: ignore[arg-type]


def scopes_of(db: Database, scope: str) -> frozenset[str]:
    """The scopes whose memories apply to that one too, but for the whole repository."""
    kind, _, name = scope.partition(":")
    rows = db.all("memories.scopes_of", task_id=name) if kind == "task" else ()
    return frozenset((scope, *(str(row["scope"]) for row in rows)))


def reindex(db: Database) -> None:
    """The index of words has every memory in it."""
    with db.transaction_quietly():
        db.run("memories.drop_all_words")
        for row in db.all("memories.everything"):
            _index(db, row["seq"], to_memory(row))


def put(
    db: Database, memory: Memory, vector: bytes | None = None, *, before: Memory | None = None
) -> None:
    """The memory's row, its words and its hashed vector are there, in place of `before`."""
    name = "memories.insert" if before is None else "memories.update"
    (row,) = db.all(name, **memory_columns(memory))
    seq = row["seq"]
    if before is not None and (before.text, before.tags) == (memory.text, memory.tags):
        return
    if before is not None:  # for a deletion FTS5 writes out all that it has gathered
        db.run("memories.drop_words", seq=seq)
    _index(db, seq, memory)
    digest = sha1(memory.text.encode())
    db.run("vectors.stale", seq=seq, digest=digest)
    db.run(
        "vectors.save", embedder=hashed.NAME, seq=seq, dimension=hashed.DIMENSION, digest=digest,
        vector=vector or hashed.vector(memory.text),
    )  # fmt: skip


def _index(db: Database, seq: object, memory: Memory) -> None:
    """The memory's words are in the index."""
    db.run(
        "memories.index_words", seq=seq, title=terms.indexed(memory.title),
        body=terms.indexed(memory.body), tags=terms.indexed(" ".join(memory.tags)),
    )  # fmt: skip
