"""What a swarm costs beside its agents: from claim to merged, and of one processor."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from statistics import median

import fill

TICK = os.sysconf("SC_CLK_TCK")
LARGE = 125  # modules a package, which makes 5,000 files
AGENT = (
    "import os, pathlib, time; time.sleep({work_s}); "
    "pathlib.Path(os.environ['JETPACK_TASK'] + '.txt').write_text('done')"
)


@dataclass
class Crowd:
    """A swarm that has done all there was: how long each task took, and what it cost itself.

    `ms` is from claim to merged; `cpu` the share of one processor that the coordinator's own
    process took, its children not counted; `merged_twice` and `lost` count tasks.
    """

    what: str
    agents: int
    tasks: int
    seconds: float
    ms: list[float]
    cpu: float
    resident_mb: float
    merged_twice: int
    lost: int

    @property
    def median_ms(self) -> float:
        """The median from claim to merged."""
        return median(self.ms)


def crowds(folder: Path, env: Mapping[str, str], *, quick: bool) -> list[Crowd]:
    """One agent in 5,000 files, and 16 agents with 400 tasks (100 if `quick`).

    They take no time, so both processors are busy with the swarm itself; and then 5 seconds.
    """
    many, few = (100, 48) if quick else (400, 160)
    return [
        _crowd(folder / "one", env, "a swarm of 1, 5,000 files", 1, 24, LARGE),
        _crowd(folder / "many", env, "a swarm of 16", 16, many, fill.MODULES),
        _crowd(folder / "slow", env, "a swarm of 16, tasks of 5 s", 16, few, fill.MODULES, 5),
    ]


def _crowd(
    folder: Path, env: Mapping[str, str], what: str, agents: int, tasks: int, modules: int,
    work_s: float = 0,
) -> Crowd:  # fmt: skip
    fill.repository(folder, env, modules).close()
    plan = folder / "plan.md"
    plan.write_text("# All\n" + "".join(f"- Task {one}\n" for one in range(tasks)))
    subprocess.run(
        [fill.script(), "load", "plan.md"], cwd=folder, env=dict(env), check=True,
        capture_output=True,
    )  # fmt: skip
    fill.git("config", "user.email", "bench@example.invalid", cwd=folder, env=env)
    fill.git("add", "-A", cwd=folder, env=env)
    fill.git("commit", "-qm", "Plan", cwd=folder, env=env)
    argv = [
        fill.script(), "start", "--json", "-a", str(agents), "--integrate", "merge", "--command",
        f"{sys.executable} -I -S -c {json.dumps(AGENT.format(work_s=work_s))}",
    ]  # fmt: skip
    began = time.monotonic()
    with subprocess.Popen(argv, cwd=folder, env=dict(env), stdout=subprocess.PIPE) as swarm:
        watch = _Watch(swarm.pid)
        assert swarm.stdout is not None
        events = [json.loads(line).get("event") for line in swarm.stdout]
        watch.stop()
    seconds = time.monotonic() - began
    ms, merged = _times(events)
    return Crowd(
        what, agents, tasks, seconds, ms[agents:], watch.cpu_s / seconds, watch.resident_mb,
        sum(times > 1 for times in merged.values()), tasks - _landed(folder, env),
    )  # fmt: skip


def _times(events: list[dict[str, str] | None]) -> tuple[list[float], Counter[str]]:
    """From each claim to its merge in ms, and how often each task was merged."""
    claimed: dict[str, float] = {}
    found: list[float] = []
    merged: Counter[str] = Counter()
    for event in filter(None, events):
        at = datetime.fromisoformat(event["at"]).timestamp() * 1000
        if event["what"] == "claimed":
            claimed[event["task_id"]] = at
        elif event["what"] == "merged":
            found.append(at - claimed[event["task_id"]])
            merged[event["task_id"]] += 1
    return found, merged


def _landed(folder: Path, env: Mapping[str, str]) -> int:
    """How many tasks are completed, and have their work in the base."""
    names = fill.git("ls-tree", "--name-only", "main", cwd=folder, env=env).split()
    listed = subprocess.run(
        [fill.script(), "list", "--status", "completed", "-n", "0", "--json"], cwd=folder,
        env=dict(env), check=True, capture_output=True,
    )  # fmt: skip
    done = {one["id"] for one in json.loads(listed.stdout)["tasks"]}
    return len(done & {name.removesuffix(".txt") for name in names})


class _Watch:
    """Looks at what a process uses, until it has ended."""

    def __init__(self, pid: int) -> None:
        self.cpu_s = 0.0
        self.resident_mb = 0.0
        self._pid = pid
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._run)
        self._thread.start()

    def _run(self) -> None:
        while not self._over.wait(0.2):
            try:
                stat = Path(f"/proc/{self._pid}/stat").read_text().rpartition(")")[2].split()
                status = Path(f"/proc/{self._pid}/status").read_text()
            except OSError:
                return
            self.cpu_s = max(self.cpu_s, (int(stat[11]) + int(stat[12])) / TICK)
            for line in status.splitlines():
                if line.startswith("VmHWM:"):
                    self.resident_mb = int(line.split()[1]) / 1024

    def stop(self) -> None:
        """It looks no more."""
        self._over.set()
        self._thread.join()
