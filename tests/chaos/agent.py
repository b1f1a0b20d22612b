"""An agent for the chaos: python agent.py TASK EVIDENCE

It adds a line of its own to the file of its task, in one of many ways, and says so in EVIDENCE as
soon as the line is in the file. What stands in EVIDENCE must never be lost again.
"""

from __future__ import annotations

import os
import random
import subprocess
import sys
import time
from pathlib import Path

task, evidence = sys.argv[1:]
chance = random.Random()
token = f"{task} {chance.getrandbits(64):016x}"


def pause() -> None:
    """Some time for somebody to kill us."""
    time.sleep(chance.choice((0, 0, 0.05, 0.2, 0.5)))


def git(*args: str) -> None:
    """Git did it, or was killed over it."""
    subprocess.run(["git", *args], check=False, capture_output=True)


if chance.random() < 0.2:
    subprocess.Popen(["setsid", "sleep", "300"], stdin=subprocess.DEVNULL)
if chance.random() < 0.1:
    subprocess.Popen(["sleep", "300"], stdin=subprocess.DEVNULL)
pause()
path = Path("work") / f"{task}.txt"
path.parent.mkdir(exist_ok=True)
with path.open("a") as file:
    file.write(f"{token}\n")
with open(evidence, "a") as file:
    file.write(f"{token}\n")
    file.flush()
    os.fsync(file.fileno())
pause()
way = chance.random()
if way < 0.2:
    git("add", str(path))
    pause()
    git("commit", "-qm", f"Work on {task}")
elif way < 0.3:
    git("add", str(path))
elif way < 0.35:
    git("switch", "-q", "--detach")
elif way < 0.45:
    subprocess.run(["git-jetpack", "done", task], check=False, capture_output=True)
    pause()
elif way < 0.5:
    git("add", str(path))
    git("commit", "-qm", f"Work on {task}", "--no-verify")
    pause()
    git("commit", "-qm", f"Work on {task}, said better", "--amend")
    subprocess.run(["git-jetpack", "done", task], check=False, capture_output=True)
    pause()
elif way < 0.55:
    sys.exit(1)
print("done")
