"""The figures as a table, the targets with what was measured, and all samples as JSON."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from dataclasses import dataclass
from statistics import median

import cases
import memories
from inside import Inside
from measure import Case
from measure import Use
from rates import Drained
from rates import Rate
from rates import Together
from swarms import Crowd
from writer import WORDS

from jetpack_git.work.strategies import STRATEGIES

HEAD = ("what", "size", "n", "CPU ms", "min-max", "wall ms", "min-max", "x CPU", "x wall")
LARGE, SMALL = max(cases.SIZES), min(cases.SIZES)


@dataclass(frozen=True)
class Target:
    """A bound, what was measured, and whether that is within it."""

    what: str
    bound: str
    measured: str
    reached: bool


def table(bare: Case, found: Sequence[Case]) -> list[str]:
    """One line a case, in columns."""
    rows = [HEAD, _row(bare.name, "", bare.bares, None)]
    rows += [_row(one.name, one.size, one.uses, one) for one in found]
    widths = [max(len(row[at]) for row in rows) for at in range(len(HEAD))]
    lines = []
    for row in rows:
        left = [text.ljust(width) for text, width in zip(row[:2], widths[:2], strict=True)]
        right = [text.rjust(width) for text, width in zip(row[2:], widths[2:], strict=True)]
        lines.append("  ".join(left + right).rstrip())
    return lines


def _row(name: str, size: str, uses: Sequence[Use], case: Case | None) -> tuple[str, ...]:
    cpu = [one.cpu_ms for one in uses]
    wall = [one.wall_ms for one in uses]
    return (
        name, size, str(len(uses)),
        f"{median(cpu):.1f}", f"{min(cpu):.1f}-{max(cpu):.1f}",
        f"{median(wall):.1f}", f"{min(wall):.1f}-{max(wall):.1f}",
        f"{case.cpu_ratio:.2f}" if case else "1", f"{case.wall_ratio:.2f}" if case else "1",
    )  # fmt: skip


def rate_lines(rates: Sequence[Rate], writes: Sequence[Together]) -> list[str]:
    """The rates in words."""
    lines = [
        f"{one.strategy}, {_mirror(one.mirrored)}: {one.median:,.0f} claims/s "
        f"({min(one.per_s):,.0f}-{max(one.per_s):,.0f}, n {len(one.per_s)}); "
        f"{median(one.per_cpu_s):,.0f} a second of CPU time"
        for one in rates
    ]
    lines += [
        f"8 processes, {one.what}: {one.per_s:,.0f} writes/s in {one.seconds:g} s "
        f"({', '.join(f'{kind} {n}' for kind, n in one.by_kind.items())}), "
        f"{len(one.errors)} errors, {len(one.claimed_twice)} of {one.claimed} claimed twice, "
        f"{one.lost} lost; p50 {one.p50_ms:.1f}, p99 {one.p99_ms:.1f}, worst {one.worst_ms:.0f} ms"
        for one in writes
    ]
    return lines + [f"  error: {text}" for one in writes for text in one.errors[:5]]


def inside_lines(inside: Sequence[Inside], drained: Drained) -> list[str]:
    """What single operations took, and how the queue was emptied."""
    lines = [
        f"{one.what}: {one.median_ms:.2f} ms ({min(one.ms):.2f}-{max(one.ms):.2f}, n {len(one.ms)})"
        for one in inside
    ]
    lines.append(
        f"32 processes emptied a queue with mixed strategies in {drained.seconds:.1f} s: "
        f"{drained.claimed:,} claimed, {drained.twice} twice, {drained.left} left, "
        f"{len(drained.errors)} errors"
    )
    return lines + [f"  error: {text}" for text in drained.errors[:5]]


def targets(
    found: Sequence[Case],
    rates: Sequence[Rate],
    writes: Sequence[Together],
    inside: Sequence[Inside],
    drained: Drained,
    worked: Sequence[Crowd],
) -> list[Target]:
    """Each target with the measured figure; ratios are of CPU time to the bare interpreter."""
    by_key = {(one.name, one.size): one for one in found}
    judged = []
    for staged, bound in ((1, 2.0), (500, 3.0)):
        size = f"{staged} staged x {max(cases.RESERVED):,} reserved"
        judged += [
            _at_most(f"{name}, {size}", by_key[name, size].cpu_ratio, bound)
            for name in ("guard: hook, no conflict", "guard: hook, conflict")
        ]
        pairs = zip(
            by_key[cases.AFTER_RELEASES, size].uses,
            by_key["guard: hook, no conflict", size].uses,
            strict=True,
        )
        effect = median(a.cpu_ms / b.cpu_ms for a, b in pairs)
        judged.append(_at_most(f"{cases.AFTER_RELEASES}, to none", effect, 1.05))
    untouched = by_key[cases.UNTOUCHED, ""].cpu_ratio
    judged.append(_at_most(cases.UNTOUCHED, untouched, 2.0))
    claims = (*(f"claim --next {one}" for one in STRATEGIES), cases.WIDE)
    for name in (*claims, "ready --json", "reserve", "send", "inbox"):
        large, small = by_key[name, f"{LARGE:,} tasks"], by_key[name, f"{SMALL:,} tasks"]
        judged.append(_at_most(f"{name} at {LARGE:,} tasks", large.cpu_ratio, 8.0))
        pairs = zip(large.uses, small.uses, strict=False)
        growth = median(a.cpu_ms / b.cpu_ms for a, b in pairs)
        judged.append(_at_most(f"{name} at {LARGE:,} tasks to {SMALL}", growth, 1.3))
    for name, bound in ((memories.WORDS, 8.0), (memories.REMEMBER, 8.0), (memories.MEANING, 16.0)):
        one = by_key.get((name, f"{memories.FEW:,} memories"))
        if one is not None:
            judged.append(_at_most(f"{name} among {memories.FEW:,}", one.cpu_ratio, bound))
    for rate in rates:
        what = f"claims in one process, {rate.strategy}, {_mirror(rate.mirrored)}"
        judged.append(_at_least(what, rate.median, 2000))
    for one in writes:
        what = f"8 processes, {one.what}"
        judged.append(_at_least(what, one.per_s, 500))
        wrong = len(one.errors) + len(one.claimed_twice) + one.lost
        told = f"{len(one.errors)} errors, {len(one.claimed_twice)} twice, {one.lost} lost"
        if one.what == WORDS:
            worst = f"{one.p99_ms:.0f} ms"
            judged.append(Target(f"{what}, p99", "<= 100 ms", worst, one.p99_ms <= 100))
        judged.append(Target(f"{what}: no error, no task twice", "0", told, wrong == 0))
    for one in inside:
        judged.append(
            Target(
                one.what, f"<= {one.bound_ms:g} ms", f"{one.median_ms:.2f} ms",
                one.median_ms <= one.bound_ms,
            )
        )  # fmt: skip
    wrong = drained.twice + drained.left + len(drained.errors)
    told = f"{drained.twice} twice, {drained.left} left, {len(drained.errors)} errors"
    judged.append(Target("32 processes empty a queue: each task once", "0", told, wrong == 0))
    return judged + [one for crowd in worked for one in _of_crowd(crowd)]


def crowd_lines(worked: Sequence[Crowd]) -> list[str]:
    """What each swarm did, and what it cost."""
    return [
        f"{one.what}, {one.tasks} tasks in {one.seconds:.0f} s: claim to merged "
        f"{one.median_ms:.0f} ms ({min(one.ms):.0f}-{max(one.ms):.0f}, n {len(one.ms)}); its own "
        f"process {one.resident_mb:.0f} MB, {100 * one.cpu:.1f} % of one CPU"
        for one in worked
    ]


def _of_crowd(one: Crowd) -> list[Target]:
    """One agent alone shows what a task costs; many, that none is lost, and what it takes."""
    told = f"{one.merged_twice} twice, {one.lost} lost"
    wrong = one.merged_twice + one.lost
    judged = [Target(f"{one.what}: each task merged once", "0", told, wrong == 0)]
    if one.agents == 1:
        said = f"{one.median_ms:.0f} ms"
        judged.append(Target(f"{one.what}: a task", "<= 400 ms", said, one.median_ms <= 400))
        return judged
    resident, cpu = one.resident_mb, 100 * one.cpu
    judged.append(
        Target(f"{one.what}: resident", "<= 150 MB", f"{resident:.0f} MB", resident <= 150)
    )
    judged.append(Target(f"{one.what}: its own CPU", "<= 10 %", f"{cpu:.1f} %", cpu <= 10))
    return judged


def target_lines(judged: Sequence[Target]) -> list[str]:
    """One line a target."""
    width = max(len(one.what) for one in judged)
    return [
        f"{one.what.ljust(width)}  {one.bound:>8}  {one.measured:>9}  "
        f"{'reached' if one.reached else 'missed'}"
        for one in judged
    ]


def document(
    about: dict[str, object],
    bare: Case,
    found: Sequence[Case],
    rates: Sequence[Rate],
    writes: Sequence[Together],
    inside: Sequence[Inside],
    drained: Drained,
    worked: Sequence[Crowd],
) -> dict[str, object]:
    """Everything that was measured."""
    return {
        "schema": 1,
        "machine": about,
        "bare": [asdict(one) for one in bare.bares],
        "cases": [
            {
                "name": one.name,
                "size": one.size,
                "cpu_ratio": one.cpu_ratio,
                "wall_ratio": one.wall_ratio,
                "samples": [asdict(use) for use in one.uses],
                "bare": [asdict(use) for use in one.bares],
            }
            for one in found
        ],
        "claims": [asdict(one) for one in rates],
        "together": [asdict(one) for one in writes],
        "inside": [asdict(one) for one in inside],
        "drained": asdict(drained),
        "swarms": [asdict(one) for one in worked],
        "targets": [asdict(one) for one in targets(found, rates, writes, inside, drained, worked)],
    }


def _at_most(what: str, figure: float, bound: float) -> Target:
    return Target(what, f"<= {bound:g}x", f"{figure:.2f}x", figure <= bound)


def _at_least(what: str, figure: float, bound: float) -> Target:
    return Target(what, f">= {bound:,.0f}/s", f"{figure:,.0f}/s", figure >= bound)


def _mirror(mirrored: bool) -> str:
    return "mirror on" if mirrored else "mirror off"
