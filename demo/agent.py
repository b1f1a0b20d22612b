"""The demo's agent: does one task of `plan.md` with real tools, and thinks nothing.

`git jetpack start` calls it as `agent.py TASK_ID PROMPT_FILE`, in the worktree of the agent.
Each `run:` line in the task's description names a step of the table below. What a task says
is only looked up there: no text of a task is ever executed. A coding agent would be called
the same way, and would read the prompt instead.
"""

from __future__ import annotations

import json
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

PACKAGE = ("textkit/*.py",)
MODULES = ("textkit/[a-z]*.py",)  # without __init__ and __main__


@dataclass(frozen=True)
class Step:
    """A Python module that is run as a program, and the files that it is given.

    `files` are git's glob patterns; None stands for the files of the task. The output of a
    `report` is what the task's file will hold.
    """

    argv: tuple[str, ...]
    files: tuple[str, ...] | None = ()
    report: bool = False


STEPS = {
    "ruff format": Step(("ruff", "format", "--"), files=None),
    "ruff format textkit": Step(("ruff", "format", "--"), files=PACKAGE),
    "ruff check --fix --unsafe-fixes --select I,F401,UP,C4": Step(
        ("ruff", "check", "--fix", "--unsafe-fixes", "--select", "I,F401,UP,C4", "--"), files=None
    ),
    "ruff check": Step(("ruff", "check", "--", "."), report=True),
    "python -m unittest discover -v": Step(
        ("unittest", "discover", "-v", "-s", "tests", "-t", "."), report=True
    ),
    "python -m doctest -v": Step(("doctest", "-v"), files=MODULES, report=True),
    "python -m compileall": Step(("compileall", "-f", "textkit", "tests"), report=True),
    "python -m textkit stats": Step(("textkit", "stats", "textkit"), report=True),
}


class CannotDo(Exception):
    """The task is not one for this agent."""


def main(argv: list[str]) -> int:
    """The task is done in the current folder; 0, or the exit status of what failed."""
    if len(argv) != 2:
        print("usage: agent.py TASK_ID PROMPT_FILE", file=sys.stderr)
        return 2
    task_id, prompt = argv
    print(f"asked for {task_id} in {len(Path(prompt).read_text('utf-8').splitlines())} lines")
    try:
        description, patterns = look_up(task_id)
        done = [do(step, patterns) for step in steps_of(description)]
    except CannotDo as error:
        print(f"cannot do {task_id}: {error}")
        return 2
    except subprocess.CalledProcessError as error:
        print(f"exit status {error.returncode} of: {' '.join(error.cmd[:3])}")
        return error.returncode or 1
    print("; ".join(done))
    return 0


def look_up(task_id: str) -> tuple[str, list[str]]:
    """The description of the task and the patterns of its files, as git-jetpack knows them."""
    answer = output_of(["git", "jetpack", "show", "--json", "--", task_id])
    task = json.loads(answer)["task"]
    return task["description"], task["files"]


def steps_of(description: str) -> list[Step]:
    """What the `run:` lines ask for. Raises CannotDo for one that is not in the table."""
    lines = [line.strip() for line in description.splitlines()]
    asked = [line.removeprefix("run:").strip() for line in lines if line.startswith("run:")]
    for name in asked:
        if name not in STEPS:
            raise CannotDo(f"{name!r} is none of: {', '.join(STEPS)}")
    if not asked:
        raise CannotDo("no line of its description says run: …")
    return [STEPS[name] for name in asked]


def do(step: Step, patterns: list[str]) -> str:
    """What the tool said last. Raises CalledProcessError when it failed."""
    files = tracked(patterns if step.files is None else list(step.files))
    argv = [sys.executable, "-m", *step.argv, *files]
    print("$ python", *argv[1:], flush=True)
    done = subprocess.run(argv, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False)
    text = done.stdout.decode("utf-8", "replace")
    print(text, end="")
    done.check_returncode()
    last = (text.strip().splitlines() or ["nothing to say"])[-1].rstrip(".")
    if not step.report:
        return last
    write_report(patterns, text)
    return f"wrote {patterns[0]} ({len(text)} characters)"


def tracked(patterns: list[str]) -> list[str]:
    """The files in git that the patterns match."""
    if not patterns:
        return []
    found = output_of(["git", "ls-files", "-z", "--", *(f":(glob){one}" for one in patterns)])
    files = [name for name in found.split("\0") if name]
    if not files:
        raise CannotDo(f"no file matches {', '.join(patterns)}")
    return files


def write_report(patterns: list[str], text: str) -> None:
    """The only file of the task holds the text. Raises CannotDo for one outside the worktree."""
    if len(patterns) != 1:
        raise CannotDo("a report is written to one file")
    path = Path(patterns[0])
    if not path.resolve().is_relative_to(Path.cwd().resolve()):
        raise CannotDo(f"{path} is outside of the worktree")
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")


def output_of(argv: list[str]) -> str:
    """What the command prints; its errors go where ours go."""
    return subprocess.run(argv, stdout=subprocess.PIPE, check=True).stdout.decode("utf-8")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
