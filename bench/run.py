"""Times git-jetpack on this machine: python bench/run.py [--quick] [--json FILE]

Whole processes are measured by the operating system's accounting and compared with the
bare interpreter, in one interleaved run. A missed target is said, and is no error.
"""

from __future__ import annotations

import argparse
import json
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

import bulk
import cases
import clones
import fill
import inside
import machine
import memories
import rates
import report
import swarms
from measure import Failed
from measure import measure
from writer import CYCLES

from jetpack_git.errors import JetpackError

RESULTS = Path(__file__).resolve().parent / "results" / "latest.json"


def main(argv: Sequence[str]) -> int:
    """0 when everything ran, 1 when something did not."""
    options = _parser().parse_args(argv)
    target = Path(options.json).resolve()
    rounds = options.rounds or (3 if options.quick else 9)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    began = time.monotonic()
    try:
        with tempfile.TemporaryDirectory(prefix="jetpack-bench-") as folder:
            found = _run(Path(folder).resolve(), rounds, quick=options.quick)
    except (Failed, JetpackError, OSError, AssertionError, subprocess.SubprocessError) as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_text(json.dumps(found, indent=1) + "\n", encoding="utf-8")
    print(f"\n{time.monotonic() - began:.0f} s; all samples are in {target}")
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description="Time git-jetpack on this machine.")
    parser.add_argument("--quick", action="store_true", help="3 rounds instead of 9")
    parser.add_argument("--rounds", type=int, help="so many rounds instead")
    parser.add_argument("--json", default=str(RESULTS), metavar="FILE", help="where samples go")
    return parser


def _run(folder: Path, rounds: int, *, quick: bool) -> dict[str, object]:
    """Everything is measured and printed; all of it as one document."""
    about = machine.describe()
    print(machine.line(about), flush=True)
    home = folder / "home"
    home.mkdir()
    env = fill.environment(home)
    _say("Filling repositories with 100, 10,000 and 100,000 tasks.")
    processes = [
        *cases.commands(folder, env), *cases.guard(folder, env), *memories.commands(folder, env)
    ]  # fmt: skip
    _say(f"Measuring {len(processes)} commands, {rounds} rounds and one to warm up.")
    for number in measure(processes, rounds=rounds, log=folder / "log"):
        _say(f"Round {number} of {rounds} is done.")
    bare = cases.bare(folder, env)
    bare.bares = [use for one in processes for use in one.bares]
    print("\nWhole processes; x is the median ratio to the bare interpreter run just before.\n")
    print("\n".join(report.table(bare, processes)), flush=True)
    _say(f"Claiming from {rates.QUEUE:,} tasks.")
    claims = rates.claims(folder / "queue", env, 3 if quick else 5)
    _say(f"Writing with {rates.PROCESSES} processes.")
    writes = [
        rates.together(
            folder / f"together-{number}", env, seconds=3 if quick else 15, what=what, tasks=50_000
        )
        for number, what in enumerate(CYCLES)
    ]
    _say(f"Emptying a queue with {rates.DRAINERS} processes.")
    drained = rates.drain(folder / "drained", env)
    _say("Timing single operations.")
    single = inside.operations(folder / "inside", env, max(cases.SIZES), 5 if quick else 21)
    _say("Bringing in many tasks at once.")
    single += bulk.commands(folder / "bulk", env, 1 if quick else 3)
    _say("Cloning, pulling and reviewing.")
    single += clones.commands(folder / "clones", env, 1 if quick else 3)
    _say("Searching memories.")
    single += memories.operations(folder / "searched", 5 if quick else 21)
    _say("Letting swarms work.")
    worked = swarms.crowds(folder / "swarms", env, quick=quick)
    print("\nIn one process, and in many.\n")
    print("\n".join(report.rate_lines(claims, writes)))
    print("\n".join(report.inside_lines(single, drained)))
    print("\n".join(report.crowd_lines(worked)))
    judged = report.targets(processes, claims, writes, single, drained, worked)
    print("\nTargets; ratios are of CPU time.\n")
    print("\n".join(report.target_lines(judged)), flush=True)
    return report.document(about, bare, processes, claims, writes, single, drained, worked)


def _say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
