"""The demo: a plan goes in, a swarm does it in worktrees, guarded commits come out.

    python demo/run.py [FOLDER]

FOLDER is made if it is missing, and must be empty; without it a new temporary folder is used.
The exit status is 0 when all that the demo claims was checked and holds.
"""

from __future__ import annotations

import argparse
import importlib.util
import os
import shlex
import shutil
import sys
import tempfile
import time
from pathlib import Path

import proof
from scratch import BIN
from scratch import HERE
from scratch import DemoFailed
from scratch import Scratch
from scratch import environment

AGENTS = 3

EXAMPLE_BEFORE = "    >>> damerau('form', 'from'), levenshtein('form', 'from')\n"
EXAMPLE = "    >>> damerau('ca', 'abc')\n    3\n"


def main(argv: list[str]) -> int:
    """The demo was shown; 0, or 1 when it did not do what it claims."""
    parser = argparse.ArgumentParser(description="Show the main job of git-jetpack.")
    parser.add_argument("folder", nargs="?", type=Path, help="an empty or a new folder")
    folder: Path | None = parser.parse_args(argv).folder
    problem = what_is_missing(folder)
    if problem:
        print(f"error: {problem}", file=sys.stderr)
        return 2
    if folder is None:
        folder = Path(tempfile.mkdtemp(prefix="git-jetpack-demo-"))
    folder.mkdir(parents=True, exist_ok=True)
    scratch = Scratch(folder.resolve())
    try:
        show(scratch)
    except DemoFailed as error:
        print(f"\nerror: {error}", file=sys.stderr)
        print(f"hint: The repository is kept in {scratch.root}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print(f"\nStopped. The repository is kept in {scratch.root}", file=sys.stderr)
        return 130
    return 0


def what_is_missing(folder: Path | None) -> str:
    """Why the demo cannot run; empty when it can."""
    if folder is not None and folder.exists():
        if not folder.is_dir():
            return f"{folder} is not a folder."
        if any(folder.iterdir()):
            return f"{folder} is not empty; name a new folder, and the demo makes it."
    for program in ("git", "git-jetpack"):
        if shutil.which(program, path=environment()["PATH"]) is None:
            return f"{program} is not on PATH nor in {BIN}"
    if importlib.util.find_spec("ruff") is None:
        return f"{sys.executable} has no ruff; install git-jetpack with its dev extra."
    return ""


def show(scratch: Scratch) -> None:
    """The whole story. Raises DemoFailed where it does not go as told."""
    began = time.monotonic()
    heading("A repository with a small code base, a plan, and git-jetpack")
    scratch.fill()
    scratch.show("git", "jetpack", "init")
    scratch.show("git", "jetpack", "load", "plan.md")
    scratch.commit("Plan the work", ".jetpack", ".tasks")
    heading("A person, maya, is at work on a file of her own")
    scratch.show("git", "jetpack", "reserve", proof.RESERVED, "--as", "maya", "--ttl", "2h")
    start = scratch.ask("git", "rev-parse", "main").strip()
    heading(f"{AGENTS} agents do the plan; the command of one task changes maya's file, too")
    swarm(scratch, expect=1)
    careless = proof.careless_task(scratch.tasks())
    scratch.show("git", "jetpack", "log", careless["id"])
    check("What that swarm has proved:")
    proof.after_first_swarm(scratch, start)
    heading("maya finishes, and gives the file back. A second swarm does the rest")
    maya_finishes(scratch)
    swarm(scratch, expect=0)
    scratch.show("git", "jetpack", "status")
    scratch.show("git", "jetpack", "doctor")
    check("What the whole has proved:")
    proof.after_second_swarm(scratch, start)
    heading("Who did what, when, on which branch")
    print("\n".join(proof.summary(scratch)))
    print(f"\nThe demo took {time.monotonic() - began:.0f} s.")
    farewell(scratch, start, careless["id"])


def swarm(scratch: Scratch, *, expect: int) -> None:
    """A swarm has run until nothing was ready, and ended with the expected status."""
    command = shlex.join([sys.executable, str(HERE / "agent.py")]) + " {task_id} {prompt_file}"
    scratch.show(
        "git", "jetpack", "start", "-a", str(AGENTS), "--integrate", "merge", "--command", command,
        expect=expect,
    )  # fmt: skip


def maya_finishes(scratch: Scratch) -> None:
    """Her change is committed: the guard lets pass whoever holds the file."""
    path = scratch.root / proof.RESERVED
    before = path.read_text(encoding="utf-8")
    path.write_text(before.replace(EXAMPLE_BEFORE, EXAMPLE + EXAMPLE_BEFORE), encoding="utf-8")
    scratch.show("git", "diff", "--unified=1", "--", proof.RESERVED)
    scratch.commit("Show what a swap across a gap costs", proof.RESERVED)
    scratch.show("git", "jetpack", "unreserve", proof.RESERVED, "--as", "maya")


def heading(text: str) -> None:
    """A new part of the story begins."""
    print(f"\n\n=== {text} ===", flush=True)


def check(text: str) -> None:
    """Claims follow that are checked one by one."""
    print(f"\n{text}", flush=True)


def farewell(scratch: Scratch, start: str, careless: str) -> None:
    """Where the repository is, and what to try there."""
    lines = [f"cd {shlex.quote(str(scratch.root))}"]
    if shutil.which("git-jetpack", path=os.environ.get("PATH", os.defpath)) is None:
        lines.append(f'export PATH={shlex.quote(str(BIN))}:"$PATH"')
    commands = {
        "git log --graph --oneline": "how the branches came together",
        f"git diff --stat {start[:8]} main": "all that the swarm changed",
        "git jetpack list": "the plan, done",
        f"git jetpack log {careless}": "the commit that the guard stopped",
        "git jetpack add 'My own task' --file README.md": "then: git jetpack claim --next",
    }
    width = max(map(len, commands))
    lines += [f"{command:{width}}  # {what}" for command, what in commands.items()]
    print(f"\nThe repository is in {scratch.root} and yours to play with. Try next:\n")
    print("\n".join(f"  {line}" for line in lines))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
