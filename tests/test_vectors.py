"""The index of vectors: it gives what comparing all of them would, and follows every change."""

from __future__ import annotations

import random
from array import array
from collections.abc import Sequence
from dataclasses import replace
from math import sqrt
from typing import NamedTuple

import pytest
from conftest import Repo

from jetpack_git import clock
from jetpack_git.data import database
from jetpack_git.data import vectors
from jetpack_git.data.database import Database
from jetpack_git.data.memories import put
from jetpack_git.data.memories import to_memory
from jetpack_git.data.vectors import Filter
from jetpack_git.data.vectors import Index
from jetpack_git.models.memory import Memory
from jetpack_git.work import recall as recalling
from jetpack_git.work import retrievers
from jetpack_git.work import vectors as vectors_of

SIZE = 64
NAME = "test"
NOW = "2026-01-01T00:00:00.000Z"


def vector(chance: random.Random, near: bytes | None = None) -> bytes:
    """A vector of length 1, near another one if given."""
    numbers = [chance.gauss(0, 1) for _ in range(SIZE)]
    if near is not None:
        numbers = [8 * x + y for x, y in zip(array("f", near), numbers, strict=True)]
    length = sqrt(sum(one * one for one in numbers))
    return array("f", [one / length for one in numbers]).tobytes()


def cosine(one: bytes, other: bytes) -> float:
    """Of two vectors of length 1."""
    return sum(x * y for x, y in zip(array("f", one), array("f", other), strict=True))


def filled(count: int) -> tuple[Database, dict[int, bytes]]:
    """A database with so many memories, of two types, and the vectors by their numbers."""
    db, chance, found = database.in_memory(), random.Random(3), {}
    seeds = [vector(chance) for _ in range(20)]
    with db.transaction_quietly():
        for at in range(count):
            kind = "even" if at % 2 == 0 else "odd"
            put(db, Memory(f"m{at}", f"t{at}", memory_type=kind, created_at=NOW, updated_at=NOW))
            found[at + 1] = vector(chance, seeds[at % 20])
            save(db, at + 1, found[at + 1])
    return db, found


def save(db: Database, seq: int, value: bytes) -> None:
    """The memory of that number has the vector."""
    db.run("vectors.save", embedder=NAME, seq=seq, dimension=SIZE, digest="", vector=value)


def index(db: Database) -> Index:
    """The index, up to date."""
    found = Index(db, NAME, SIZE)
    found.refresh()
    return found


def nearest(db: Database, asked: bytes, limit: int = 10, **more: object) -> list[int]:
    """The numbers of the nearest that fit."""
    wanted = Filter("", clock.now(), **more)  # type: ignore[arg-type]
    return [seq for seq, _ in index(db).nearest(asked, wanted, limit)]


def best(found: dict[int, bytes], asked: bytes, limit: int = 10) -> list[int]:
    """The same by comparing all."""
    return sorted(found, key=lambda seq: -cosine(asked, found[seq]))[:limit]


def test_it_finds_the_nearest_inside_a_filter() -> None:
    """As many as asked for, however few the type has."""
    db, found = filled(300)
    asked = vector(random.Random(9), found[5])
    assert nearest(db, asked) == best(found, asked)
    odd = {seq: one for seq, one in found.items() if seq % 2 == 0}
    assert nearest(db, asked, types=("odd",)) == best(odd, asked)
    assert nearest(db, asked, types=("even", "odd")) == best(found, asked)
    assert nearest(db, asked, types=("none",)) == []


def test_it_follows_each_change() -> None:
    """A new vector, another one, a type, an end, a successor, a deletion."""
    db, found = filled(40)
    asked = vector(random.Random(9))
    assert nearest(db, asked) == best(found, asked)
    first, second, third, fourth = best(found, asked, 4)
    found[first] = vector(random.Random(1), asked)
    save(db, first, found[first])

    def change(seq: int, **fields: object) -> None:
        (row,) = db.all("memories.numbered", seqs=f"[{seq}]")
        memory = to_memory(row)
        from dataclasses import replace

        put(db, replace(memory, **fields), before=memory)  # type: ignore[arg-type]

    change(second, expires_at="2020-01-01T00:00:00.000Z")
    change(third, superseded_by="m0")
    db.run("memories.delete", id=f"m{fourth - 1}")
    change(first, memory_type="third")
    left = {seq: one for seq, one in found.items() if seq not in (second, third, fourth)}
    assert nearest(db, asked) == best(left, asked)
    assert nearest(db, asked, types=("third",)) == [first]


def test_it_is_made_anew_where_it_was_dropped() -> None:
    """Or belongs to another embedder."""
    db, found = filled(40)
    asked = vector(random.Random(9))
    nearest(db, asked)
    db.backend.rows("DROP TABLE memory_index", {})
    assert nearest(db, asked) == best(found, asked)
    other = Index(db, "other", 3)
    other.refresh()
    assert other.nearest(array("f", [1, 0, 0]).tobytes(), Filter("", clock.now()), 5) == []
    assert nearest(db, asked) == best(found, asked)


def test_of_many_it_keeps_signs(monkeypatch: pytest.MonkeyPatch) -> None:
    """And still finds nearly all of the nearest, if it looks at enough of them."""
    monkeypatch.setattr(vectors, "MANY", 500)
    monkeypatch.setattr(vectors, "MORE", 310)  # 64 signs tell less than a model's hundreds
    db, found = filled(1500)
    chance = random.Random(5)
    hits = 0
    for _ in range(20):
        asked = vector(chance, found[chance.randint(1, 1500)])
        hits += len({*nearest(db, asked)} & {*best(found, asked)})
    assert hits >= 0.95 * 200
    made = "SELECT sql FROM sqlite_master WHERE name = 'memory_index'"
    assert "bit" in str(db.backend.rows(made, {}))
    (parts,) = db.backend.rows("SELECT count(DISTINCT part) AS n FROM memory_index", {})
    assert parts["n"] == vectors.PARTS
    assert len({*nearest(db, asked)}) == len(best(found, asked))


class Written(NamedTuple):
    """An embedder for whom every question means that vector."""

    vector: bytes
    name: str = NAME
    dimension: int = SIZE
    is_semantic: bool = True
    is_quick: bool = True

    def embed(self, texts: Sequence[str]) -> list[bytes]:
        return [self.vector for _ in texts]


def test_words_and_vectors_are_each_compared_with_their_own_best() -> None:
    """0.6 for the best by words; 0.4 for the nearest down to 0 for the hundredth and all others."""
    db, stored = filled(200)
    asked = stored[7]
    put(db, Memory("far", "zebra", importance=0.5, created_at=NOW, updated_at=NOW))
    save(db, 201, array("f", [-one for one in array("f", asked)]).tobytes())
    scores = recalling.fused(
        retrievers.by_words(db, ['"zebra"'], retrievers.Asked(), recalling.POOL),
        retrievers.by_vectors(db, Written(asked), asked, retrievers.Asked(), recalling.POOL),
    )
    assert len(scores) == 101
    assert scores[201] == pytest.approx(0.6)
    ordered = sorted(stored, key=lambda one: -cosine(asked, stored[one]))[:100]
    low, high = (cosine(asked, stored[ordered[at]]) for at in (-1, 0))
    for seq in ordered:
        wanted = 0.4 * (cosine(asked, stored[seq]) - low) / (high - low)
        assert scores[seq] == pytest.approx(wanted, abs=1e-4)
    said = recalling.recall(db, "zebra", retrievers.Asked(), limit=3, embedder=Written(asked))
    assert [one.memory.id for one in said.found][:2] == ["far", "m6"]


def test_a_memory_that_changed_while_it_was_embedded_has_no_vector_yet() -> None:
    """One of its older text would be found for what it says no more, and nobody would see that."""
    db, _ = filled(0)
    put(db, Memory("m", "elephants", created_at=NOW, updated_at=NOW))

    class Slow(Written):
        def embed(self, texts: Sequence[str]) -> list[bytes]:
            if texts == ["elephants"]:
                old = to_memory(db.all("memories.everything")[0])
                put(db, replace(old, title="giraffes"), before=old)
            return super().embed(texts)

    slow = Slow(vector(random.Random(1)))
    vectors_of.make(db, slow, limit_s=0)
    assert db.count("vectors.missing_total", embedder=NAME) == 1
    assert vectors_of.make(db, slow) == 0
    assert db.count("vectors.missing_total", embedder=NAME) == 0


def test_a_connection_that_stays_open_finds_what_is_new() -> None:
    """As a worker's does, from task to task; and the only answer by meaning is a whole one."""
    db, _ = filled(0)
    asked = vector(random.Random(1))
    embedder = Written(asked)
    for name in ("first", "second"):
        put(db, Memory(name, name, importance=0.5, created_at=NOW, updated_at=NOW))
        vectors_of.make(db, embedder)
        said = recalling.recall(db, "other", retrievers.Asked(), limit=3, embedder=embedder)
        assert name in [one.memory.id for one in said.found]
        assert said.found[0].score > 0.3


def test_a_rare_word_hides_no_answer_that_fits(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where there are many memories the rare words are asked for first, and may fit nowhere."""
    monkeypatch.setattr(retrievers, "FEW", 2)
    db, _ = filled(0)
    for at, words in enumerate(("module one", "module two", "module three", "handling")):
        kind = "special" if at == 0 else "usual"
        put(db, Memory(f"m{at}", words, memory_type=kind, created_at=NOW, updated_at=NOW))
    asked = retrievers.Asked(types=("special",))
    said = recalling.recall(db, "module handling", asked, limit=3)
    assert [one.memory.id for one in said.found] == ["m0"]


def test_what_the_index_cannot_tell_is_found_by_meaning_too() -> None:
    """What is superseded, over or to come, what bears a tag, and more than it gives at once."""
    db, stored = filled(30)
    asked = vector(random.Random(9))
    order = best(stored, asked, 30)
    changes: list[dict[str, object]] = [
        {"superseded_by": "m29"}, {"expires_at": NOW}, {"valid_from": "2999-01-01T00:00:00.000Z"},
        {"tags": ("rare",)},
    ]  # fmt: skip
    for seq, change in zip(order, changes, strict=False):
        (row,) = db.all("memories.numbered", seqs=f"[{seq}]")
        put(db, replace(to_memory(row), **change), before=to_memory(row))  # type: ignore[arg-type]
        save(db, seq, stored[seq])

    def found(wanted: int = 5, **more: object) -> list[int]:
        ask = retrievers.Asked(**more)  # type: ignore[arg-type]
        return list(retrievers.by_vectors(db, Written(asked), asked, ask, wanted))

    assert found() == order[3:8]
    assert found(live=False) == order[:5]
    assert found(tag="rare") == [order[3]]
    assert found(tag="rare", types=("none",)) == []
    assert found(10**6) == order[3:]


def test_a_text_without_a_word_is_like_nothing(repo: Repo) -> None:
    """It has no direction, and is no reason to fail."""
    ids = [repo.ok("remember", one)["memory"]["id"] for one in ("!!!", "???", "ants are slow")]
    assert repo.jetpack("recall", "--like", ids[0]).code == 3
    like = repo.ok("recall", "--like", repo.ok("remember", "ants are fast")["memory"]["id"])
    assert like["memories"][0]["id"] == ids[2]
