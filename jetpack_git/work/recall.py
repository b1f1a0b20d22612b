"""Recall: the memories that answer a question, by their words and by their meaning.

How good each way is was measured before it was chosen (nDCG@10 on held-out questions of LoCoMo,
CoSQA and duplicate bug reports; `bench/memory` measures again):

    words alone, BM25 with identifiers in parts            .478
    MiniLM's vectors alone                                 .474
    both, by reciprocal rank (Cormack et al. 2009)         .509
    both, 0.6 · BM25 / best + 0.4 · cosine from 0 to 1     .561
"""

from __future__ import annotations

from collections.abc import Mapping
from collections.abc import Sequence
from datetime import datetime
from typing import Any
from typing import NamedTuple

from jetpack_git import clock
from jetpack_git.data.database import Database
from jetpack_git.data.database import Row
from jetpack_git.data.memories import to_memory
from jetpack_git.data.rows import dump
from jetpack_git.data.rows import to_task
from jetpack_git.embed import hashed
from jetpack_git.embed.base import Embedder
from jetpack_git.embed.base import Unavailable
from jetpack_git.errors import BadInput
from jetpack_git.git.clone import Clone
from jetpack_git.models import terms
from jetpack_git.models.config import MemoryConfig
from jetpack_git.models.memory import Found
from jetpack_git.models.memory import Memory
from jetpack_git.models.memory import Recall
from jetpack_git.models.task import Task

WORDS_WEIGHT, VECTOR_WEIGHT = 0.6, 0.4
# How much importance, age and feedback can add or take.
IMPORTANCE_WEIGHT = AGE_WEIGHT = FEEDBACK_WEIGHT = 0.1
SPARE = 10  # memories looked at beyond those wanted, for what is shown once
POOL = 100  # answers of each way that are looked at
FEW = 5_000  # so many memories are scored, before common words do no more than help
CATCH_UP_S = 0.2  # spent on vectors that are still to be made


class Asked(NamedTuple):
    """What is to be found: by whom, of these types (none: any), in a scope, with a tag."""

    agent: str = ""
    types: tuple[str, ...] = ()
    scope: str | None = None
    tag: str | None = None
    live: bool = True


def recall(
    db: Database, question: str, asked: Asked, *, limit: int, embedder: Embedder | None = None,
    degraded: str = "",
) -> Recall:  # fmt: skip
    """The memories that answer the question, the best first.

    With an `embedder` whose vectors tell meaning they count too. Raises Unavailable when that
    cannot answer, and BadInput.
    """
    words = by_words(db, terms.phrases(question), asked, max(POOL, limit))
    scores: Mapping[int, float] = _scaled(words)
    total = len(scores)
    retriever = "bm25"
    if embedder is not None and embedder.is_semantic and question.strip():
        (vector,) = embedder.embed([question])
        cosines = by_vectors(db, embedder, vector, asked, max(POOL, limit))
        scores = fused(words, cosines)
        total = len(scores)
        retriever = f"hybrid({embedder.name})"
    found = _ranked(db, scores, limit)
    alike = sum(len(one.similar) for one in found)
    return Recall(found, max(total - alike, len(found)), retriever, degraded)


def like(db: Database, memory: Memory, asked: Asked, *, limit: int, embedder: Embedder) -> Recall:
    """The memories most like that one, by their vectors."""
    row = db.all("vectors.these", embedder=embedder.name, seqs=dump([memory.seq]))
    vector = row[0]["vector"] if row else embedder.embed([memory.text])[0]
    assert isinstance(vector, bytes)
    nearest = by_vectors(db, embedder, vector, asked, limit + 1)
    scores = {seq: cosine for seq, cosine in nearest.items() if seq != memory.seq}
    rows = db.all("memories.numbered", seqs=dump(list(scores)))
    found = [Found(to_memory(one), scores[int(str(one["seq"]))]) for one in rows]
    found.sort(key=lambda one: (-one.score, one.memory.seq))
    return Recall(tuple(found[:limit]), len(found), f"vector({embedder.name})")


def fused(words: Mapping[int, float], cosines: Mapping[int, float]) -> dict[int, float]:
    """Both scores as one: each first brought to where its best is 1.

    The hundredth of the cosines is 0, and so is what is not among them: a memory that only its
    words find gains nothing by a cosine that a hundred others surpass. (Where such cosines count
    too, the nearest differ little: nDCG@10 on CoSQA is then .51 and not .56.)
    """
    best = max(words.values(), default=0.0) or 1.0
    ordered = sorted(cosines.values(), reverse=True)[:POOL]
    low, high = (ordered[-1], ordered[0]) if ordered else (0.0, 1.0)
    low = low if low < high else high - 1  # the only one is the best
    spread = high - low
    return {
        seq: WORDS_WEIGHT * words.get(seq, 0.0) / best
        + VECTOR_WEIGHT * ((cosines[seq] - low) / spread if seq in cosines else 0.0)
        for seq in {**words, **cosines}
    }


def weight(memory: Memory, now: str) -> float:
    """By how much a memory counts for more or less than what it says: from 0.73 to 1.21.

    Importance from -10 % to +10 %; age up to -10 %, half of which at the half-life of its type;
    what agents thought of it from -10 % to +10 %, the more the more of them said so.
    """
    importance = 1 + IMPORTANCE_WEIGHT * (2 * memory.importance - 1)
    age = datetime.fromisoformat(now) - datetime.fromisoformat(memory.created_at)
    lives = max(age.total_seconds(), 0.0) / memory.layer.half_life_s
    faded = float(1 - 0.5**lives)
    said = memory.helpful + memory.harmful
    feedback = (memory.helpful - memory.harmful) / (said + 2)
    return importance * (1 - AGE_WEIGHT * faded) * (1 + FEEDBACK_WEIGHT * feedback)


def _scaled(words: Mapping[int, float]) -> dict[int, float]:
    best = max(words.values(), default=0.0) or 1.0
    return {seq: score / best for seq, score in words.items()}


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
        rows = db.all(
            "memories.matching", words=words, pool=pool, live=int(asked.live), now=clock.now(),
            agent=asked.agent, types=dump(asked.types) if asked.types else None,
            scope=asked.scope, tag=asked.tag,
        )  # fmt: skip
        found = [(int(str(row["seq"])), float(str(row["score"]))) for row in rows if row["fits"]]
        if len(found) >= wanted or len(rows) < pool:
            return found[:wanted]
        pool *= 8


def by_vectors(
    db: Database, embedder: Embedder, vector: bytes, asked: Asked, wanted: int
) -> dict[int, float]:
    """The cosines of the nearest memories."""
    from jetpack_git.data.vectors import MOST as K
    from jetpack_git.data.vectors import Filter

    index = _index(db, embedder)
    inside = Filter(asked.agent, clock.now(), asked.types, asked.scope)
    found: list[tuple[int, float]] = []
    k = wanted
    while True:
        near = index.nearest(vector, inside, k)
        found = near if asked.tag is None else _tagged(db, near, asked.tag)
        if len(found) >= wanted or len(near) < k or k >= K:
            return dict(found[:wanted])
        k = min(k * 8, K)


def _index(db: Database, embedder: Embedder) -> Any:
    from jetpack_git.data.vectors import Index

    key = f"vectors of {embedder.name}"
    index: Any = db.memo.get(key) or Index(db, embedder.name, embedder.dimension)
    if key not in db.memo or db.all("vectors.unindexed", embedder=embedder.name, limit=1):
        index.refresh()
    db.memo[key] = index
    return index


def _tagged(db: Database, near: list[tuple[int, float]], tag: str) -> list[tuple[int, float]]:
    """Those with the tag, of which the index knows nothing."""
    rows = db.all("memories.numbered", seqs=dump([seq for seq, _ in near]))
    fit = {row["seq"] for row in rows if tag in to_memory(row).tags}
    return [(seq, cosine) for seq, cosine in near if seq in fit]


def _ranked(db: Database, scores: Mapping[int, float], limit: int) -> tuple[Found, ...]:
    """The best, each once: what says nearly the same as a better one is named with it."""
    best = sorted(scores, key=lambda seq: (-scores[seq], seq))
    most = limit + SPARE
    while len(kept := _different(db, scores, best[:most], limit)) < limit and most < len(best):
        most *= 4  # many of them were alike
    return tuple(one.found._replace(similar=tuple(one.similar)) for one in kept)


def _different(
    db: Database, scores: Mapping[int, float], best: Sequence[int], limit: int
) -> list[_Kept]:
    """Of the memories of these numbers the best, and what is nearly the same with each."""
    now = clock.now()
    found = [_weighed(row, scores, now) for row in db.all("memories.numbered", seqs=dump(best))]
    found.sort(key=lambda one: (-one.score, one.memory.seq))
    rows = db.all("vectors.these", embedder=hashed.NAME, seqs=dump(best))
    spelled = {row["seq"]: row["vector"] for row in rows}
    kept: list[_Kept] = []
    for one in found:
        mine = _Kept(one, {*one.memory.text.lower().split()}, spelled.get(one.memory.seq), [])
        twin = next((other for other in kept if _are_alike(mine, other)), None)
        if twin is not None:
            twin.similar.append(one.memory.id)
        elif len(kept) < limit:
            kept.append(mine)
    return kept


class _Kept(NamedTuple):
    """An answer with its words and its hashed vector, and the ids of its like."""

    found: Found
    words: set[str]
    vector: object
    similar: list[str]


def _are_alike(one: _Kept, other: _Kept) -> bool:
    """Whether two say nearly the same, which they do not unless they share half of their words."""
    if 2 * len(one.words & other.words) < max(len(one.words), len(other.words)):
        return False
    if not isinstance(one.vector, bytes) or not isinstance(other.vector, bytes):
        return False
    return hashed.similarity(*map(hashed.numbers, (one.vector, other.vector))) >= hashed.NEAR


def _weighed(row: Row, scores: Mapping[int, float], now: str) -> Found:
    memory = to_memory(row)
    return Found(memory, scores[memory.seq] * weight(memory, now))


def ask(
    db: Database, clone: Clone, config: MemoryConfig, question: str, asked: Asked, *, limit: int
) -> Recall:
    """The memories that answer the question, as well as the config wants it found and it can be.

    Where it cannot, the answer says why.
    """
    embedder, why = None, ""
    if config.embedder != "hash":
        from jetpack_git.work import vectors

        try:
            embedder = vectors.chosen(config, clone)
            left = vectors.make(db, embedder, limit_s=CATCH_UP_S)
            if left:
                why = f"{left} memories have no vector yet"
        except (Unavailable, BadInput) as error:
            embedder, why = None, f"{error.message} {error.hint}".strip()
    try:
        return recall(db, question, asked, limit=limit, embedder=embedder, degraded=why)
    except Unavailable as error:
        why = f"{error.message} {error.hint}".strip()
        return recall(db, question, asked, limit=limit, degraded=why)


def question_of(db: Database, task: Task) -> str:
    """What to ask for before work on the task begins: what it says, and what it builds upon."""
    rows = db.all("tasks.these", ids=dump(task.depends))
    results = [str(row["summary"]) for row in rows if row["summary"]]
    return "\n".join([task.title, *task.files, task.description, *results])


def of_task(
    db: Database, clone: Clone, config: MemoryConfig, task: Task, asked: Asked, *, limit: int
) -> Recall:
    """What to know before work on the task begins: first what is of its own scope.

    That is the task's, its ancestors' and its plan's.
    """
    scopes = []
    above: Task | None = task
    while above is not None and f"task:{above.id}" not in scopes:
        scopes += [f"task:{above.id}", f"plan:{above.plan_id}"]
        row = db.one("tasks.get", id=above.parent_id) if above.parent_id else None
        above = to_task(row) if row is not None else None
    rows = db.all(
        "memories.of_scopes", scopes=dump(scopes), now=clock.now(), limit=limit,
        types=dump(asked.types) if asked.types else None, scope=asked.scope, tag=asked.tag,
    )  # fmt: skip
    own = [Found(to_memory(row), 1.0) for row in rows]
    said = ask(db, clone, config, question_of(db, task), asked, limit=limit)
    ids = {one.memory.id for one in own}
    rest = [one for one in said.found if one.memory.id not in ids]
    found = tuple((own + rest)[:limit])
    return said._replace(found=found, total=max(said.total, len(own) + len(rest)))
