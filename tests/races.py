"""What the processes of a race run, and a way to start them all at once."""

from __future__ import annotations

import contextlib
import multiprocessing
import os
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from jetpack_git.data.database import open_database
from jetpack_git.errors import JetpackError
from jetpack_git.models.task import Task
from jetpack_git.work import claims
from jetpack_git.work.tasks import Tasks

SPAWN = multiprocessing.get_context("spawn")


def race(target: Callable[..., Any], arguments: list[tuple[Any, ...]]) -> list[Any]:
    """What each process answered; they all began at the same moment."""
    return race_of([(target, one) for one in arguments])


def race_of(runs: list[tuple[Callable[..., Any], tuple[Any, ...]]]) -> list[Any]:
    """The same, for processes that do different things."""
    barrier, answers = SPAWN.Barrier(len(runs)), SPAWN.SimpleQueue()
    processes = [
        SPAWN.Process(target=_run, args=(target, barrier, answers, number, one))
        for number, (target, one) in enumerate(runs)
    ]
    for process in processes:
        process.start()
    found = dict(answers.get() for _ in processes)
    for process in processes:
        process.join()
    return [found[number] for number in range(len(processes))]


def _run(target: Callable[..., Any], barrier: Any, answers: Any, number: int, one: Any) -> None:
    barrier.wait(30)
    try:
        answer = target(*one)
    except JetpackError as error:
        answer = (error.code, error.message)
    except BaseException as error:
        answer = repr(error)
    answers.put((number, answer))


def create(path: str) -> int:
    """The schema of the database, which may have to be made; a task of ours is in it."""
    db = open_database(path, create=True)
    Tasks(db).add(Task(id="", title="one"))
    return db.backend.version()


def claim(path: str, task_id: str, agent: str) -> str:
    """Who got the task."""
    task = Tasks(open_database(path)).claim(task_id, agent=agent)
    return str(task.assignee)


def claim_all(path: str, task_ids: list[str]) -> None:
    """Each of the tasks is claimed, if it can be."""
    tasks = Tasks(open_database(path))
    for task_id in task_ids:
        with contextlib.suppress(JetpackError):
            tasks.claim(task_id, agent="ann")


def part_all(path: str, task_ids: list[str]) -> None:
    """Each of the tasks has a child, if it may have one."""
    tasks = Tasks(open_database(path))
    for task_id in task_ids:
        with contextlib.suppress(JetpackError):
            tasks.add(Task(id="", title="part", parent_id=task_id))


def drain(path: str, agent: str, strategy: str) -> list[str]:
    """The tasks that the agent claimed and completed until nothing was ready."""
    tasks = Tasks(open_database(path))
    mine: list[str] = []
    while task := claims.claim_next(tasks, agent=agent, strategy=strategy):
        mine.append(task.id)
        tasks.done(task.id, agent=agent)
    return mine


def claim_for_ever(path: str) -> None:
    """Claims, begins, completes and gives back tasks until the process is killed."""
    tasks = Tasks(open_database(path))
    verbs = (tasks.done, tasks.fail, tasks.release, tasks.retry, tasks.cancel)
    Path(f"{path}.{os.getpid()}").touch()
    for number in range(1_000_000):
        tasks.add(Task(id="", title=str(number)))
        task = claims.claim_next(tasks, agent="ann")
        assert task is not None
        verbs[number % len(verbs)](task.id, agent="ann")


def hold(path: str, seconds: float) -> None:
    """The write lock of the database is held for so long."""
    db = open_database(path)
    with db.transaction():
        Path(f"{path}.held").touch()
        time.sleep(seconds)


def wait_for(path: Path, *, seconds: float = 20) -> None:
    """The file is there."""
    end = time.monotonic() + seconds
    while not path.exists():
        assert time.monotonic() < end, path
        time.sleep(0.005)
