"""How good an answer is, and how sure that one way is better than another."""

from __future__ import annotations

import random
from collections.abc import Mapping
from collections.abc import Sequence
from math import log2
from statistics import fmean

SAMPLES = 2000


def recall_at(found: Sequence[str], relevant: Mapping[str, int], k: int) -> float:
    """Which part of what is relevant stands among the first `k`."""
    return len(relevant.keys() & {*found[:k]}) / len(relevant)


def ndcg_at(found: Sequence[str], relevant: Mapping[str, int], k: int) -> float:
    """Normalised discounted cumulative gain (Jarvelin and Kekalainen 2002), gain 2^grade - 1."""

    def gain(grades: Sequence[int]) -> float:
        return sum((2**grade - 1) / log2(place + 2) for place, grade in enumerate(grades[:k]))

    best = gain(sorted(relevant.values(), reverse=True))
    return gain([relevant.get(one, 0) for one in found]) / best


def interval(differences: Sequence[float], *, seed: int = 1) -> tuple[float, float, float]:
    """The mean, and the 95 % interval of it, by the bootstrap over questions (Efron 1979)."""
    chance = random.Random(seed)
    size = len(differences)
    means = sorted(fmean(chance.choices(differences, k=size)) for _ in range(SAMPLES))
    return fmean(differences), means[int(0.025 * SAMPLES)], means[int(0.975 * SAMPLES) - 1]
