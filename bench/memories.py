"""What memories cost: whole commands among 10,000 of them, and searches among 100,000."""

from __future__ import annotations

import re
import shutil
import time
from array import array
from collections.abc import Mapping
from math import sqrt
from pathlib import Path
from random import Random

import fill
from inside import Inside
from measure import Case

from jetpack_git import clock
from jetpack_git.data.database import Database
from jetpack_git.data.database import open_database
from jetpack_git.data.memories import put
from jetpack_git.data.vectors import Filter
from jetpack_git.data.vectors import Index
from jetpack_git.embed import minilm
from jetpack_git.embed import weights
from jetpack_git.embed.base import Unavailable
from jetpack_git.git.clone import find
from jetpack_git.models.memory import Memory
from jetpack_git.work import recall
from jetpack_git.work.retrievers import Asked

FEW, MANY = 10_000, 100_000
NAME = "bench"
DIMENSION = minilm.DIMENSION
KINDS = 2_000  # vectors come in so many kinds, of which each is a little different
QUESTIONS = 40
DOCS = Path(__file__).resolve().parents[1] / "docs"
WORDS = "recall, by words"
MEANING = "recall, by words and meaning"
REMEMBER = "remember"


def commands(folder: Path, env: Mapping[str, str]) -> list[Case]:
    """Whole commands; the one that needs MiniLM only where its weights are at hand."""
    place = folder / "memories"
    db = fill.repository(place, env)
    texts = fill_memories(db, FEW)
    size = f"{FEW:,} memories"
    asked = questions(texts)

    def recalled(number: int) -> tuple[str, ...]:
        return (fill.script(), "recall", asked[number % QUESTIONS])

    def remembered(number: int) -> tuple[str, ...]:
        return (fill.script(), "remember", f"{asked[number % QUESTIONS]}: {'x' * number} noted")

    found = [Case(WORDS, size, recalled, place, env), Case(REMEMBER, size, remembered, place, env)]
    try:
        at_hand = weights.checked()
    except Unavailable:
        db.close()
        return found
    other = folder / "memories-minilm"
    shutil.copytree(place, other)
    (other / ".jetpack/config.yaml").write_text("memory:\n  embedder: minilm\n")
    shutil.copytree(at_hand, Path(env["HOME"]) / ".cache/git-jetpack" / at_hand.name)
    db.close()
    db = open_database(find(str(other)).database)
    _vectors(db, FEW, minilm.NAME)
    db.close()
    return [*found, Case(MEANING, size, recalled, other, env)]


def operations(folder: Path, rounds: int) -> list[Inside]:
    """Searches in one process among many memories."""
    folder.mkdir()
    db = open_database(str(folder / "jetpack.db"), create=True)
    asked = questions(fill_memories(db, MANY))
    words = Inside(f"recall by words among {MANY:,} memories", 20, [])
    for number in range(max(rounds, QUESTIONS)):
        began = time.perf_counter()
        recall.recall(db, asked[number % QUESTIONS], Asked(), limit=10)
        words.ms.append((time.perf_counter() - began) * 1000)
    return [words, _nearest(db, max(rounds, QUESTIONS))]


def _nearest(db: Database, rounds: int) -> Inside:
    """How long the 10 nearest take; in its name, how many of them are the right ones."""
    vectors = _vectors(db, MANY, NAME)
    index = Index(db, NAME, DIMENSION)
    index.refresh()
    chance = Random(3)
    times, right = [], 0
    for _ in range(rounds):
        asked = _near(chance, vectors[chance.randrange(len(vectors))])
        began = time.perf_counter()
        found = index.nearest(asked, Filter("", clock.now()), 10)
        times.append((time.perf_counter() - began) * 1000)
        exact = index.cosines(asked, list(range(1, MANY + 1)))[:10]
        right += len({seq for seq, _ in found} & {seq for seq, _ in exact})
    share = right / (10 * rounds)
    what = f"nearest among {MANY:,} vectors, recall@10 {share:.3f} (>= 0.95) of exact"
    return Inside(what, 15, times)


def fill_memories(db: Database, size: int) -> list[str]:
    """So many memories; the sentences that they were made of, each with words of two others."""
    texts = [
        line for path in sorted(DOCS.glob("*.md")) for line in path.read_text().splitlines()
        if len(re.findall(r"[a-z]{3,}", line)) > 7
    ]  # fmt: skip
    words = " ".join(texts).split()
    chance = Random(1)
    now = clock.now()
    with db.transaction_quietly():
        for number in range(size):
            body = " ".join([chance.choice(texts), *chance.choices(words, k=20), f"n{number}"])
            title = chance.choice(texts)[:80]
            put(db, Memory(f"jm-{number:06}", title, body, created_at=now, updated_at=now))
    return texts


def questions(texts: list[str]) -> list[str]:
    """Seven words in a row, of some of the sentences."""
    chance = Random(5)
    found = []
    while len(found) < QUESTIONS:
        words = re.findall(r"[\w.]+", chance.choice(texts))
        begin = chance.randrange(max(1, len(words) - 7))
        found.append(" ".join(words[begin : begin + 7]))
    return found


def _vectors(db: Database, size: int, embedder: str) -> list[bytes]:
    """A vector for each memory: of so many kinds, each a little different; the kinds."""
    chance = Random(2)
    kinds = [_near(chance, None) for _ in range(KINDS)]
    save = "INSERT INTO memory_vectors VALUES (:seq, :embedder, :dimension, '', :vector)"
    with db.transaction_quietly():
        for seq in range(1, size + 1):
            values = {
                "embedder": embedder, "seq": seq, "dimension": DIMENSION,
                "vector": _near(chance, chance.choice(kinds)),
            }  # fmt: skip
            db.backend.rows(save, values)
    return kinds


def _near(chance: Random, kind: bytes | None) -> bytes:
    """A vector of length 1 whose cosine with that of its kind is about 0.7."""
    begin = chance.randrange(len(_NOISE) - DIMENSION)
    noise = _NOISE[begin : begin + DIMENSION]
    if kind is not None:
        scale = sqrt(DIMENSION)
        noise = [x * scale + y for x, y in zip(array("f", kind), noise, strict=True)]
    length = sqrt(sum(one * one for one in noise))
    return array("f", [one / length for one in noise]).tobytes()


_CHANCE = Random(7)
_NOISE = [_CHANCE.gauss(0, 1) for _ in range(500_000)]
