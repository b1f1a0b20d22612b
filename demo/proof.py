"""The claims of the demo, checked; and the table of who did what."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from typing import Any

from scratch import DemoFailed
from scratch import Scratch

CARELESS = "Format the command line"
RESERVED = "textkit/distance.py"
WAITING = 6  # the tasks that the careless one holds up: one of "Modern Python", all of "Prove it"

HEADER = ["task", "agent", "start → end (UTC)", "tries", "commit", "branch"]

Task = dict[str, Any]


def claim(what: str, holds: bool, found: object = "") -> None:
    """The claim is ticked off. Raises DemoFailed when it does not hold."""
    if not holds:
        raise DemoFailed(f"this does not hold: {what}{f' (found: {found})' if found else ''}")
    print(f"  ok  {what}")


def careless_task(tasks: Sequence[Task]) -> Task:
    """The one task whose command changes more than its declaration lists."""
    return next(task for task in tasks if task["title"] == CARELESS)


def after_first_swarm(scratch: Scratch, start: str) -> None:
    """The guard has stopped one commit, and nothing else; `start` is where main stood before."""
    tasks = scratch.tasks()
    careless = careless_task(tasks)
    done = {task["id"] for task in tasks if task["status"] == "completed"}
    stopped = {task["id"]: note for task in tasks if (note := refusal(scratch, task["id"]))}
    claim(
        f"{len(done)} of {len(tasks)} tasks are completed; {WAITING} wait for {CARELESS!r}",
        len(done) == len(tasks) - WAITING - 1 and careless["id"] not in done,
        sorted(task["title"] for task in tasks if task["id"] not in done),
    )
    claim("each of them is merged into main", merged_ids(scratch, start) == done)
    claim(
        f"the guard stopped {CARELESS!r}, and no other commit",
        list(stopped) == [careless["id"]],
        stopped,
    )
    claim(
        f"the reason is {RESERVED}, which maya reserved",
        RESERVED in stopped[careless["id"]] and "maya" in stopped[careless["id"]],
        stopped[careless["id"]],
    )
    touched = scratch.ask("git", "diff", "--name-only", start, "main", "--", *careless["files"])
    reserved = scratch.ask("git", "diff", "--name-only", start, "main", "--", RESERVED)
    claim("main has nothing of it", not touched and not reserved, touched + reserved)
    claim("it can be tried again", careless["status"] in ("pending_retry", "ready"), careless)


def after_second_swarm(scratch: Scratch, start: str) -> None:
    """All is done and merged, and the result is sound."""
    tasks = scratch.tasks()
    left = [task["title"] for task in tasks if task["status"] != "completed"]
    claim(f"all {len(tasks)} tasks are completed", not left and len(tasks) >= 12, left)
    found = merged_ids(scratch, start)
    claim("main has a merge for each", found == {task["id"] for task in tasks}, found)
    claim(
        "main holds each task's commit",
        all(
            scratch.succeeds("git", "merge-base", "--is-ancestor", task["commit_id"], "main")
            for task in tasks
        ),
    )
    dirty = scratch.ask("git", "status", "--porcelain")
    claim("the working tree is clean", not dirty, dirty)
    claim("no reservation is left", not scratch.jetpack("reservations")["reservations"])
    python = (sys.executable, "-B", "-m")
    claim(
        "the tests of the merged result pass",
        scratch.succeeds(*python, "unittest", "discover", "-s", "tests", "-t", "."),
    )
    claim("ruff has nothing left to format", scratch.succeeds(*python, "ruff", "format", "--check"))
    claim("ruff has nothing to complain about", scratch.succeeds(*python, "ruff", "check"))
    claim("git fsck finds no damage", scratch.succeeds("git", "fsck", "--strict", "--no-dangling"))


def refusal(scratch: Scratch, task_id: str) -> str:
    """What the guard said about the task's commit; empty when it let it pass."""
    notes = [event["note"] for event in scratch.events(task_id) if event["kind"] == "task.retried"]
    return "; ".join(note for note in notes if "guard" in note)


def merged_ids(scratch: Scratch, start: str) -> set[str]:
    """The ids of the tasks that main has a merge commit for."""
    trailers = scratch.ask(
        "git", "log", "--first-parent", "--merges", f"{start}..main",
        "--format=%(trailers:key=Jetpack-Task,valueonly)",
    )  # fmt: skip
    return set(trailers.split())


def summary(scratch: Scratch) -> list[str]:
    """The lines of a table: who did what, when, on which branch."""
    rows = [HEADER]
    for task in sorted(scratch.tasks(), key=lambda task: task["completed_at"]):
        events = scratch.events(task["id"])
        begun = [event["at"] for event in events if event["kind"] == "task.begun"]
        ended = [event["at"] for event in events if event["kind"] == "task.completed"]
        when = f"{clock_time(begun[-1])} → {clock_time(ended[-1])}"
        commit = task["commit_id"][:8]
        rows.append([task["id"], task["assignee"], when, str(len(begun)), commit, task["branch"]])
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    rows.insert(1, ["-" * width for width in widths])
    return ["  ".join(map(str.ljust, row, widths)).rstrip() for row in rows]


def clock_time(at: str) -> str:
    """The time of day of an ISO time, to the tenth of a second."""
    return at.partition("T")[2][:10]
