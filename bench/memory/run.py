"""Measures how well memories are found: python bench/memory/run.py [--minilm]

On the set that ships with the project, or on public ones given by path. Each way to retrieve
gets recall@5, recall@10, nDCG@10 and the time of an answer; each pair that matters the mean
difference with its 95 % interval.
"""

from __future__ import annotations

import argparse
import json
import random
import sys
import time
from collections.abc import Iterator
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from statistics import fmean
from statistics import median

import score
import sets
from retrievers import LIMIT
from retrievers import retrievers
from retrievers import store

from jetpack_git import clock
from jetpack_git.data.database import Database
from jetpack_git.data.memories import put
from jetpack_git.data.memories import to_memory
from jetpack_git.embed.base import Embedder
from jetpack_git.embed.base import Unavailable
from jetpack_git.models.memory import Memory
from jetpack_git.work import recall as recalling
from jetpack_git.work.retrievers import Asked

PAIRS = (("bm25", "plain FTS5"), ("hybrid", "bm25"), ("hybrid", "rank fusion"))


def main(argv: Sequence[str]) -> int:
    """0 when everything ran."""
    options = _parser().parse_args(argv)
    embedder = _embedder(options.weights) if options.minilm else None
    found: dict[str, object] = {}
    for name, group in _sets(options):
        print(f"\n{name}")
        found[name] = _measured(group, embedder)
        if name == "own":
            found["factors"] = _factors(group[0])
    if options.json:
        Path(options.json).write_text(json.dumps(found, indent=1) + "\n", encoding="utf-8")
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description="Measure how well memories are found.")
    parser.add_argument("--minilm", action="store_true", help="with vectors of MiniLM")
    parser.add_argument("--weights", type=Path, help="its files, if not in the user's cache")
    parser.add_argument("--locomo", type=Path, metavar="FILE", help="locomo10.json")
    parser.add_argument("--cosqa", type=Path, metavar="PATH", help="a JSON list, or a BEIR folder")
    parser.add_argument("--bugs", type=Path, metavar="FILE", help="JSON lines or CSV")
    parser.add_argument("--json", metavar="FILE", help="where all figures go")
    return parser


def _embedder(folder: Path | None) -> Embedder:
    from jetpack_git.embed.minilm import MiniLM

    found = MiniLM(folder)
    try:
        found.embed(["warm"])
    except Unavailable as error:
        raise SystemExit(f"error: {error.message} {error.hint}") from error
    return found


def _sets(options: argparse.Namespace) -> Iterator[tuple[str, list[sets.Set]]]:
    public = {"locomo": sets.locomo, "cosqa": sets.cosqa, "bugs": sets.bugs}
    given = {name: getattr(options, name) for name in public}
    if not any(given.values()):
        yield "own", list(sets.own())
    for name, path in given.items():
        if path is not None:
            yield name, list(public[name](path))


def _measured(group: Sequence[sets.Set], embedder: Embedder | None) -> dict[str, object]:
    """The figures of each way: the mean over questions, of each set's mean where there are many."""
    gains: dict[str, list[float]] = {}
    means: dict[str, list[tuple[float, float]]] = {}
    times: dict[str, list[float]] = {}
    for one in group:
        db = store(one)
        for name, ask in retrievers(one, db, embedder).items():
            fives, tens = [], []
            for at, (question, relevant) in enumerate(one.questions):
                began = time.perf_counter()
                answer = ask(question)
                times.setdefault(name, []).append(time.perf_counter() - began)
                skip = one.skipped[at] if one.skipped else None
                answer = [key for key in answer if key != skip][:LIMIT]
                gains.setdefault(name, []).append(score.ndcg_at(answer, relevant, LIMIT))
                fives.append(score.recall_at(answer, relevant, 5))
                tens.append(score.recall_at(answer, relevant, LIMIT))
            means.setdefault(name, []).append((fmean(fives), fmean(tens)))
        db.close()
    table = {}
    print(f"  {'':14} recall@5  recall@10  nDCG@10  [95 % interval]   ms")
    for name, gain in gains.items():
        mean, low, high = score.interval(gain)
        five, ten = (fmean(one[at] for one in means[name]) for at in (0, 1))
        ms = 1000 * median(times[name])
        figures = f"{five:.3f}     {ten:.3f}     {mean:.3f}"
        print(f"  {name:14}   {figures}   [{low:.3f} {high:.3f}] {ms:5.1f}")
        table[name] = {"recall": [five, ten], "ndcg@10": [mean, low, high], "ms": ms}
    for better, worse in PAIRS:
        if better in gains and worse in gains:
            apart = [x - y for x, y in zip(gains[better], gains[worse], strict=True)]
            mean, low, high = score.interval(apart)
            print(f"  {better} - {worse}: {mean:+.3f} [{low:+.3f} {high:+.3f}]")
            table[f"{better} - {worse}"] = [mean, low, high]
    return table


def _factors(one: sets.Set) -> dict[str, object]:
    """What importance, age and feedback do, each alone: told by chance, and told rightly.

    Rightly: half of the questions have shown which memories were of use, and the other half asks.
    A factor is worth having when it gains more by being right than it loses by chance.
    """
    print("  nDCG@10 of bm25 with a factor that is  random   right")
    chance = random.Random(1)
    order = list(range(len(one.questions)))
    chance.shuffle(order)
    shown, asked = order[::2], order[1::2]
    useful = {key for at in shown for key in one.questions[at][1]}
    found = {}
    for factor in ("none", "importance", "age", "feedback"):
        gains = []
        for right in (False, True):
            db = store(one)
            _tell(db, factor, useful if right else None, chance)
            gain = []
            for at in asked:
                question, relevant = one.questions[at]
                said = recalling.recall(db, question, Asked(), limit=LIMIT)
                gain.append(score.ndcg_at([each.memory.id for each in said.found], relevant, LIMIT))
            gains.append(fmean(gain))
            db.close()
        print(f"  {factor:37}  {gains[0]:.3f}    {gains[1]:.3f}")
        found[factor] = gains
    return found


def _tell(db: Database, factor: str, useful: set[str] | None, chance: random.Random) -> None:
    """Each memory's factor is high or low: by chance, or for those that were of use."""
    with db.transaction_quietly():
        for row in db.all("memories.everything"):
            memory = to_memory(row)
            high = chance.random() < 0.5 if useful is None else memory.id in useful
            if factor == "feedback":
                db.run("memories.rate", id=memory.id, helpful=3 * high, harmful=3 * (not high))
            elif factor != "none":
                put(db, _changed(memory, factor, high), before=memory)


def _changed(memory: Memory, factor: str, high: bool) -> Memory:
    if factor == "importance":
        return replace(memory, importance=1.0 if high else 0.0)
    return replace(memory, created_at=clock.after(0 if high else -4 * memory.layer.half_life_s))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
