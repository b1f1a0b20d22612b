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
from typing import NamedTuple

from jetpack_git import clock
from jetpack_git.data.database import Database
from jetpack_git.data.database import Row
from jetpack_git.data.memories import scopes_of
from jetpack_git.data.memories import to_memory
from jetpack_git.data.rows import dump
from jetpack_git.embed import hashed
from jetpack_git.embed.base import Embedder
from jetpack_git.embed.base import Unavailable
from jetpack_git.errors import BadInput
from jetpack_git.git.clone import Clone
from jetpack_git.models import likeness
from jetpack_git.models import terms
from jetpack_git.models.config import MemoryConfig
from jetpack_git.models.memory import Found
from jetpack_git.models.memory import Memory
from jetpack_git.models.memory import Recall
from jetpack_git.models.task import Task
from jetpack_git.work.retrievers import Asked
from jetpack_git.work.retrievers import by_vectors
from jetpack_git.work.retrievers import by_words

WORDS_WEIGHT, VECTOR_WEIGHT = 0.6, 0.4
# How much importance, age and feedback can add or take.
IMPORTANCE_WEIGHT = AGE_WEIGHT = FEEDBACK_WEIGHT = 0.1
SPARE = 10  # memories looked at beyond those wanted, for what is shown once
POOL = 100  # answers of each way that are looked at
CATCH_UP_S = 0.2  # spent on vectors that are still to be made
PATIENCE_S = 0.5  # an embedder that fails after more than that is left alone for a while


def recall(
    db: Database, question: str, asked: Asked, *, limit: int, embedder: Embedder | None = None,
    degraded: str = "",
) -> Recall:  # fmt: skip
    """The memories that answer the question, the best first.

    With an `embedder` whose vectors tell meaning they count too. Raises Unavailable when that
    cannot answer, and BadInput.
    """
    phrases = terms.phrases(question)
    retriever, vector = "bm25", b""
    if embedder is not None and embedder.is_semantic and question.strip():
        (vector,) = embedder.embed([question])
        retriever = f"hybrid({embedder.name})"
    wanted = max(POOL, limit + 1)
    while True:
        words = by_words(db, phrases, asked, wanted)
        scores: Mapping[int, float] = _scaled(words)
        are_more = len(words) >= wanted
        if embedder is not None and vector:
            cosines = by_vectors(db, embedder, vector, asked, wanted)
            scores = fused(words, cosines)
            are_more = are_more or len(cosines) >= wanted
        if asked.within is not None:
            scopes, seqs = dump(sorted(asked.within)), dump(list(scores))
            fit = db.all("memories.within", seqs=seqs, scopes=scopes)
            scores = {int(str(row["seq"])): scores[int(str(row["seq"]))] for row in fit}
        found = _ranked(db, scores, limit)
        if len(found) >= limit or not are_more:
            break
        wanted *= 8  # most of them say the same
    alike = sum(len(one.similar) for one in found)
    total = max(len(scores) - alike, len(found) + are_more)
    return Recall(found, total, retriever, degraded)


def like(db: Database, memory: Memory, asked: Asked, *, limit: int, embedder: Embedder) -> Recall:
    """The memories most like that one, by their vectors. Raises Unavailable if it has none."""
    row = db.all("vectors.these", embedder=embedder.name, seqs=dump([memory.seq]))
    vector = row[0]["vector"] if row else embedder.embed([memory.text])[0]
    if not isinstance(vector, bytes) or not any(vector):
        raise Unavailable(f"{embedder.name} can make no vector of {memory.id}.")
    nearest = by_vectors(db, embedder, vector, asked, limit + 2)
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
    """Of the memories of these numbers the best, and what is nearly the same with each.

    What is alike is about equally good, so that each is compared with the last `POOL` alone.
    """
    now = clock.now()
    found = [_weighed(row, scores, now) for row in db.all("memories.numbered", seqs=dump(best))]
    found.sort(key=lambda one: (-one.score, one.memory.seq))
    rows = db.all("vectors.these", embedder=hashed.NAME, seqs=dump(best))
    spelled = {row["seq"]: row["vector"] for row in rows}
    kept: list[_Kept] = []
    for one in found:
        mine = _Kept(one, likeness.words(one.memory.text), spelled.get(one.memory.seq), [])
        twin = next((other for other in kept[-POOL:] if _are_alike(mine, other)), None)
        if twin is not None:
            twin.similar.append(one.memory.id)
        elif len(kept) < limit:
            kept.append(mine)
    return kept


class _Kept(NamedTuple):
    """An answer with its words and its hashed vector, and the ids of its like."""

    found: Found
    words: likeness.Words
    vector: object
    similar: list[str]


def _are_alike(one: _Kept, other: _Kept) -> bool:
    """Whether two say nearly the same, which they do not unless they share half of their words."""
    mine, theirs = one.words.counts.keys(), other.words.counts.keys()
    if 2 * len(mine & theirs) < max(len(mine), len(theirs)):
        return False
    if not isinstance(one.vector, bytes) or not isinstance(other.vector, bytes):
        return False
    similarity = hashed.similarity(*map(hashed.numbers, (one.vector, other.vector)))
    return similarity >= hashed.NEAR and likeness.may_be_same(one.words, other.words)


def _weighed(row: Row, scores: Mapping[int, float], now: str) -> Found:
    memory = to_memory(row)
    return Found(memory, scores[memory.seq] * weight(memory, now))


def ask(
    db: Database, clone: Clone, config: MemoryConfig, question: str, asked: Asked, *, limit: int
) -> Recall:
    """The memories that answer the question, as well as the config wants it found and it can be.

    Where it cannot, the answer says why.
    """
    embedder: Embedder | None = None
    why = ""
    if config.embedder != "hash":
        from jetpack_git.work import vectors

        began = clock.monotonic()
        try:
            embedder = vectors.chosen(config, clone)
            vectors.check_answering(db, embedder)
            left = vectors.make(db, embedder, limit_s=CATCH_UP_S)
            why = f"{left} memories have no vector yet" if left else ""
            return recall(db, question, asked, limit=limit, embedder=embedder, degraded=why)
        except (Unavailable, BadInput) as error:
            why = f"{error.message} {error.hint}".strip()
            if embedder is not None and clock.monotonic() - began > PATIENCE_S:
                vectors.leave_alone(db, embedder)
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

    That is the task's, its ancestors' and its plan's. What is of another's is none of it.
    """
    scopes = scopes_of(db, f"task:{task.id}")
    rows = db.all(
        "memories.of_scopes", scopes=dump(sorted(scopes)), now=clock.now(), limit=limit + 1,
        types=dump(asked.types) if asked.types else None, scope=asked.scope, tag=asked.tag,
    )  # fmt: skip
    own = [Found(to_memory(row), 1.0) for row in rows]
    asked = asked._replace(within=scopes)
    said = ask(db, clone, config, question_of(db, task), asked, limit=limit)
    ids = {one.memory.id for one in own}
    rest = [one for one in said.found if one.memory.id not in ids]
    found = tuple((own + rest)[:limit])
    return said._replace(found=found, total=max(said.total, len(own) + len(rest)))
