"""What it takes to bring in 10,000 tasks at once, with their files: whole commands."""

from __future__ import annotations

import json
import subprocess
import time
from collections.abc import Iterator
from collections.abc import Mapping
from pathlib import Path
from random import Random

import fill
from inside import Inside

TASKS = 10_000
FAMILY = 10


def commands(folder: Path, env: Mapping[str, str], rounds: int) -> list[Inside]:
    """A plan is loaded and a file of Beads imported, each into empty repositories."""
    folder.mkdir()
    plan, issues = folder / "plan.md", folder / "issues.jsonl"
    plan.write_text("\n".join(_plan()), encoding="utf-8")
    issues.write_text("\n".join(json.dumps(one) for one in _issues()), encoding="utf-8")
    found = [
        Inside(f"load a plan of {TASKS:,} tasks, with their files", 3000, []),
        Inside(f"import {TASKS:,} issues of Beads, with their files", 5000, []),
    ]
    for number in range(rounds):
        for one, command in zip(found, (["load", plan], ["import", "beads", issues]), strict=True):
            place = folder / f"{command[0]}-{number}"
            fill.repository(place, env).close()
            began = time.perf_counter()
            subprocess.run(
                [fill.script(), *map(str, command)], cwd=place, env=dict(env), check=True,
                capture_output=True,
            )  # fmt: skip
            one.ms.append((time.perf_counter() - began) * 1000)
            written = sum(name.suffix == ".md" for name in (place / ".tasks").iterdir())
            assert written == TASKS, f"{written} files"
    return found


def _plan() -> Iterator[str]:
    """Epics of ten groups of nine tasks, each of which waits for the one before."""
    for number in range(TASKS):
        if number % 100 == 0:
            yield f"# Epic {number // 100}"
        elif number % FAMILY == 0:
            yield f"## Group {number // FAMILY}"
        else:
            facts = f"[skills: python] [files: src/m{number}.py] [estimate: 30m]"
            yield f"- Task {number} {facts}{' [depends: previous]' * (number % FAMILY > 1)}"
            yield "  What it is about."


def _issues() -> Iterator[dict[str, object]]:
    """Epics of nine issues, most of which wait for, or stem from, issues of earlier epics."""
    random = Random(5)
    for number in range(TASKS):
        top = number // FAMILY * FAMILY
        links = [
            {"depends_on_id": _name(random.randrange(top)), "type": kind}
            for kind in ("blocks", "discovered-from")
            if top
        ]
        yield {
            "id": _name(number), "title": f"Issue {number}", "description": "What it is about.",
            "status": "closed" if number % 4 == 0 else "open", "priority": number % 5,
            "issue_type": "task", "labels": ["bench"], "created_at": "2026-01-01T00:00:00Z",
            "dependencies": links,
        }  # fmt: skip


def _name(number: int) -> str:
    family, child = divmod(number, FAMILY)
    return f"bd-{family}.{child}" if child else f"bd-{family}"
