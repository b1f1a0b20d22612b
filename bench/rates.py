"""How fast claims and other writes are, in one process and in eight together."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from statistics import median

import cases

from jetpack_git.data.database import open_database
from jetpack_git.git.clone import find
from jetpack_git.work import metrics
from jetpack_git.work.claims import claim_next
from jetpack_git.work.strategies import STRATEGIES
from jetpack_git.work.tasks import Tasks
from jetpack_git.workspace import open_workspace

QUEUE = 100_000
PROCESSES = 8
SLICE_S = 0.5
DRAINERS, DRAINED = 32, 10_000
DRAINER = Path(__file__).with_name("drainer.py")
WRITER = Path(__file__).with_name("writer.py")


@dataclass
class Rate:
    """Claims a second, in slices of half a second that alternate with the others' slices."""

    strategy: str
    mirrored: bool
    per_s: list[float]
    per_cpu_s: list[float]

    @property
    def median(self) -> float:
        """Claims a second."""
        return median(self.per_s)


def claims(folder: Path, env: Mapping[str, str], rounds: int) -> list[Rate]:
    """The rate of each strategy with the mirror and without, from a queue of 100,000."""
    db = cases.queue(folder, env, QUEUE)
    db.close()
    found = [Rate(name, on, [], []) for name in STRATEGIES for on in (True, False)]
    for number in range(rounds + 1):
        for one in found:
            count, wall, cpu = _slice(folder, one, seconds=SLICE_S if number else 0.1)
            if number:
                one.per_s.append(count / wall)
                one.per_cpu_s.append(count / cpu)
    return found


def _slice(folder: Path, rate: Rate, seconds: float) -> tuple[int, float, float]:
    """How many tasks were claimed in that time, the time, and the CPU time."""
    workspace = open_workspace(str(folder), name="bench")
    agent = workspace.agent
    plain = open_database(workspace.clone.database)
    tasks = workspace.tasks if rate.mirrored else Tasks(plain)
    metrics.refresh(plain)
    count = 0
    began, busy = time.perf_counter(), time.process_time()
    while time.perf_counter() - began < seconds:
        claimed = claim_next(tasks, agent=agent, strategy=rate.strategy)
        assert claimed is not None, "the queue is empty"
        count += 1
    wall, cpu = time.perf_counter() - began, time.process_time() - busy
    assert not workspace.warnings, workspace.warnings
    plain.close()
    workspace.close()
    return count, wall, cpu


@dataclass(frozen=True)
class Together:
    """What eight processes wrote at the same time, and whether all of it was right."""

    what: str
    seconds: float
    writes: int
    by_kind: dict[str, int]
    errors: list[str]
    claimed: int
    claimed_twice: list[str]
    lost: int
    p50_ms: float
    p99_ms: float
    worst_ms: float

    @property
    def per_s(self) -> float:
        """Durable writes a second."""
        return self.writes / self.seconds


def together(
    folder: Path, env: Mapping[str, str], *, seconds: float, what: str, tasks: int
) -> Together:
    """Eight processes have done `what` as fast as they could; see `writer.CYCLES`."""
    db = cases.queue(folder, env, tasks)
    db.close()
    start = time.time() + 3
    command = [sys.executable, str(WRITER), str(folder), str(start), str(seconds)]
    command.append(what)
    running: list[subprocess.Popen[str]] = []
    try:
        for number in range(PROCESSES):
            own = [*command, f"writer-{number}"]
            running.append(_start(own, env))
        answers = [one.communicate(timeout=seconds + 120) for one in running]
    finally:
        for one in running:
            if one.poll() is None:
                one.kill()
                one.wait()
    reports = [_report(out, err) for out, err in answers]
    return _judge(folder, reports, seconds=seconds, what=what)


@dataclass(frozen=True)
class Drained:
    """What 32 processes with mixed strategies got of a queue of 10,000, and in which time."""

    seconds: float
    claimed: int
    twice: int
    left: int
    errors: list[str]


def drain(folder: Path, env: Mapping[str, str]) -> Drained:
    """All processes have claimed until nothing was left."""
    db = cases.queue(folder, env, DRAINED)
    wanted = db.count("tasks.ready_total")
    db.close()
    start = time.time() + 6
    names = list(STRATEGIES)
    running: list[subprocess.Popen[str]] = []
    try:
        for number in range(DRAINERS):
            own = [sys.executable, str(DRAINER), str(folder), str(start),
                   names[number % len(names)], f"drainer-{number}"]  # fmt: skip
            running.append(_start(own, env))
        answers = [one.communicate(timeout=300) for one in running]
    finally:
        for one in running:
            if one.poll() is None:
                one.kill()
                one.wait()
    seconds = time.time() - start
    got = Counter(name for out, _ in answers if out for name in json.loads(out))
    errors = [err[-500:] or "it ended silently" for out, err in answers if not out]
    twice = sum(number > 1 for number in got.values())
    return Drained(seconds, len(got), twice, wanted - len(got), errors)


def _start(command: list[str], env: Mapping[str, str]) -> subprocess.Popen[str]:
    return subprocess.Popen(
        command, env=dict(env), text=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    )


def _report(out: str, err: str) -> Report:
    """What the writer says; its last words when it could not finish."""
    if not out:
        return Report(took=[], claimed=[], errors=[err[-2000:] or "a writer ended silently"])
    return Report(**json.loads(out))


@dataclass(frozen=True)
class Report:
    """What one writer did: (kind, milliseconds) of each write, the tasks it got, its errors."""

    took: list[tuple[str, float]]
    claimed: list[str]
    errors: list[str]


def _judge(folder: Path, reports: list[Report], *, seconds: float, what: str) -> Together:
    """What the writers say, held against what the database says."""
    took = sorted((ms, kind) for one in reports for kind, ms in one.took)
    said = Counter(name for one in reports for name in one.claimed)
    db = open_database(find(str(folder)).database)
    kept = Counter(
        str(row["task_id"]) for row in db.all("events.of_kind", kind="task.claimed", limit=-1)
    )
    db.close()
    by_kind = Counter(kind for _, kind in took)
    times = [ms for ms, _ in took] or [0.0]
    return Together(
        what=what,
        seconds=seconds,
        writes=len(took),
        by_kind=dict(sorted(by_kind.items())),
        errors=[text for one in reports for text in one.errors],
        claimed=len(said),
        claimed_twice=sorted(name for name in said | kept if said[name] > 1 or kept[name] > 1),
        lost=len(set(said) - set(kept)),
        p50_ms=times[len(times) // 2],
        p99_ms=times[len(times) * 99 // 100],
        worst_ms=times[-1],
    )
