"""What a clone costs: the first load, what a pull brings, a review, and a write with its file."""

from __future__ import annotations

import shutil
import statistics
import subprocess
import time
from collections.abc import Mapping
from pathlib import Path

import fill
from inside import Inside

from jetpack_git.models.task import Task
from jetpack_git.workspace import open_workspace

CLONED, MANY = 10_000, 100_000
CHANGED, REVIEWED = 1_000, 500
WRITES = 300
QUIET = "gc.auto"  # at 0 git tidies nothing up beside what is measured; it has done so before
TEXT = """\
---
id: jp-{number:06}
title: Task {number}
created: "2026-01-01T00:00:00.000Z"
status: pending
order: 0
priority: 2
files:
  - src/m{number}.py
{depends}---
What it is about.
"""


def commands(folder: Path, env: Mapping[str, str], rounds: int) -> list[Inside]:
    """Whole commands in clones of repositories that hold nothing but task files."""
    folder.mkdir()
    found = [
        Inside(f"set up a fresh clone of {CLONED:,} tasks", 6000, []),
        Inside(f"review {REVIEWED} changed tasks of {CLONED:,}", 1000, []),
        Inside(f"load {CHANGED:,} changed files of {MANY:,}", 2000, []),
        _write_through(folder / "writes", env),
    ]
    few = _repository(folder / "few", CLONED, env)
    for number in range(rounds):
        found[0].ms.append(_timed(["init"], _clone(few, folder / f"few-{number}", env), env))
    _change(few, REVIEWED, CLONED, env)
    for _ in range(rounds):
        found[1].ms.append(_timed(["review", "HEAD~1...HEAD"], few, env))
    many = _repository(folder / "many", MANY, env)
    clone = _clone(many, folder / "many-clone", env)
    _timed(["init"], clone, env)
    for number in range(rounds):
        _change(many, CHANGED, MANY, env, number)
        fill.git("-c", "core.hooksPath=/dev/null", "pull", "--quiet", cwd=clone, env=env)
        found[2].ms.append(_timed(["sync"], clone, env))
    shutil.rmtree(clone)
    return found


def _repository(place: Path, size: int, env: Mapping[str, str]) -> Path:
    (place / ".tasks").mkdir(parents=True)
    fill.git("init", "--quiet", "--initial-branch=main", cwd=place, env=env)
    settings = {"user.name": "bench", "user.email": "bench@example.invalid", QUIET: "0"}
    for key, value in settings.items():
        fill.git("config", key, value, cwd=place, env=env)
    for number in range(size):
        depends = f"depends:\n  - jp-{number - 1:06}\n" if number % 10 else ""
        content = TEXT.format(number=number, depends=depends)
        (place / f".tasks/jp-{number:06}.md").write_text(content, encoding="utf-8")
    fill.git("add", "--all", cwd=place, env=env)
    fill.git("commit", "--quiet", "-m", "Tasks", cwd=place, env=env)
    fill.git("gc", "--quiet", cwd=place, env=env)
    return place


def _clone(source: Path, place: Path, env: Mapping[str, str]) -> Path:
    settings = ("-c", f"{QUIET}=0")
    fill.git("clone", "--quiet", *settings, str(source), str(place), cwd=source, env=env)
    return place


def _change(place: Path, count: int, size: int, env: Mapping[str, str], number: int = 0) -> None:
    for at in range(0, size, size // count):
        path = place / f".tasks/jp-{at:06}.md"
        text = path.read_text(encoding="utf-8")
        path.write_text(text.replace("\nWhat", f"\nMore {number}.\nWhat", 1), encoding="utf-8")
    fill.git("commit", "--quiet", "--all", "-m", "Change", cwd=place, env=env)


def _timed(command: list[str], place: Path, env: Mapping[str, str]) -> float:
    began = time.perf_counter()
    subprocess.run(
        [fill.script(), *command], cwd=place, env=dict(env), check=True, capture_output=True
    )
    return (time.perf_counter() - began) * 1000


def _write_through(place: Path, env: Mapping[str, str]) -> Inside:
    """How much longer an edit takes because it writes its file; each beside one that does not."""
    place.mkdir()
    fill.git("init", "--quiet", cwd=place, env=env)
    subprocess.run([fill.script(), "init"], cwd=place, env=dict(env), check=True,
                   capture_output=True)  # fmt: skip
    workspace = open_workspace(str(place), name="bench")
    tasks = workspace.tasks
    one = tasks.add(Task(id="", title="One", description="What it is about.\n" * 20))
    times: dict[bool, list[float]] = {False: [], True: []}
    for number in range(2 * WRITES):
        workspace.paused = bool(number % 2)
        began = time.perf_counter()
        tasks.edit(one.id, {"title": f"Title {number}"})
        times[workspace.paused].append((time.perf_counter() - began) * 1000)
    workspace.close()
    without = statistics.median(times[True])
    return Inside("write-through: what the file adds to a write", 3,
                  [ms - without for ms in times[False]])  # fmt: skip
