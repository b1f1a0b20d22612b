"""What is measured as whole processes: the commands at three sizes, and the guard."""

from __future__ import annotations

from collections.abc import Callable
from collections.abc import Mapping
from pathlib import Path

import fill
from measure import BARE
from measure import Case

from jetpack_git.data.database import Database
from jetpack_git.data.database import open_database
from jetpack_git.git.clone import find
from jetpack_git.hook import CHANGED
from jetpack_git.models.task import Task
from jetpack_git.work import metrics
from jetpack_git.work.agents import Agents
from jetpack_git.work.reservations import Reservations
from jetpack_git.work.strategies import STRATEGIES
from jetpack_git.work.tasks import Tasks

SIZES = (100, 10_000, 100_000)
RESERVED = (0, 100, 5_000)
RELEASED = 100_000
STAGED = (1, 500)
SKILLS = "python,sql,docs"
UNTOUCHED = "post-checkout, no task changed"
AFTER_RELEASES = "guard: hook, no conflict, 100,000 released"
AFTER_CHANGE = "claim --next graph-prioritized, graph changed"
WIDE = "claim --next best-fit, another's glob meets every task"
PERSON = "claim --next best-fit, name from git's config"


def bare(folder: Path, env: Mapping[str, str]) -> Case:
    """The interpreter that does nothing, measured as the commands are."""
    return Case("python -I -c pass", "", lambda _: BARE, folder, env)


def commands(folder: Path, env: Mapping[str, str]) -> list[Case]:
    """The commands, each at all sizes, in repositories that are made below `folder`."""
    places = {size: folder / f"tasks-{size}" for size in SIZES}
    for size, place in places.items():
        db = fill.repository(place, env)
        fill.tasks(db, size)
        fill.reservations(db, 200, wide=False)
        Agents(db).meet("reader")
        fill.mirror(db, place)
        db.close()
    found = [one for name in STRATEGIES for one in _claims(name, places, env)]
    for name, arguments in _OTHERS.items():
        found += [
            Case(name, _tasks(size), _own(arguments), place, env, 0, _on(place, _give_back))
            for size, place in places.items()
        ]
    for size, place in places.items():
        change = _on(place, _change_graph)
        rounds = 3 if size == max(SIZES) else None
        command = _claim("graph-prioritized")
        found.append(Case(AFTER_CHANGE, _tasks(size), command, place, env, 0, change, rounds))
    person = {key: value for key, value in env.items() if key != "JETPACK_AGENT"}
    place, command = places[100], _claim("best-fit")
    found.append(Case(PERSON, _tasks(100), command, place, person, 0, _on(place, _give_back)))
    for size, place in places.items():
        rounds = 1 if size == max(SIZES) else None
        meet = _on(place, _meet_all)
        found.append(Case(WIDE, _tasks(size), command, place, env, 0, meet, rounds))
    return found


def _claims(strategy: str, places: Mapping[int, Path], env: Mapping[str, str]) -> list[Case]:
    """A claim at every size; what was claimed the last time is given back before."""
    name = f"claim --next {strategy}"
    return [
        Case(name, _tasks(size), _claim(strategy), place, env, 0, _on(place, _give_back))
        for size, place in places.items()
    ]


_OTHERS: dict[str, tuple[str, ...]] = {
    "ready --json": ("ready", "--json"),
    "add": ("add", "Task {} of this run", "--skills", "python", "--file", "src/new_{}.py"),
    "reserve": ("reserve", "src/pkg_07/wanted_{}.py"),
    "send": ("send", "reader", "--subject", "Message {} of this run"),
    "inbox": ("inbox", "--json", "--as", "reader"),
    "guard PATH": ("guard", "src/pkg_07/mod_{}.py", "--json"),
}


def _own(arguments: tuple[str, ...]) -> Callable[[int], list[str]]:
    return lambda number: [fill.script(), *(one.format(number) for one in arguments)]


def _claim(strategy: str) -> Callable[[int], list[str]]:
    return _own(("claim", "--next", "--strategy", strategy, "--skills", SKILLS))


def _tasks(size: int) -> str:
    return f"{size:,} tasks"


def _on(place: Path, change: Callable[[Tasks], None]) -> Callable[[], None]:
    """The change, in a connection of its own: one left open would save commands work."""

    def prepare() -> None:
        db = open_database(find(str(place)).database)
        change(Tasks(db))
        db.close()

    return prepare


def _give_back(tasks: Tasks) -> None:
    """Nobody holds a task, no glob meets all of them, and the scores are up to date."""
    Reservations(tasks.db).release(agent="wide")
    for task in tasks.held():
        tasks.release(task.id, agent=str(task.assignee))
    metrics.refresh(tasks.db)


def _meet_all(tasks: Tasks) -> None:
    """Nobody holds a task, and the files of each could be meant by somebody's glob."""
    _give_back(tasks)
    Reservations(tasks.db).reserve(["**/*.sql", "src/**/task_*"], agent="wide")


def _change_graph(tasks: Tasks) -> None:
    """Nobody holds a task, and the scores were right before the last task was added."""
    _give_back(tasks)
    first = tasks.ready(limit=1)[0][0]
    tasks.add(Task(id="", title="A late idea", skills=("python",), depends=(first.id,)))


def guard(folder: Path, env: Mapping[str, str]) -> list[Case]:
    """The guard on small and large commits, among few and many reservations of others."""
    found = []
    for count in RESERVED:
        place = folder / f"reserved-{count}"
        db = fill.repository(place, env)
        fill.reservations(db, count, wide=True)
        db.close()
        for staged in STAGED:
            found += _guard(place, env, staged, count)
    found.append(_loader(place, env))
    released = folder / "released"
    db = fill.repository(released, env)
    fill.reservations(db, RELEASED, wide=True)
    fill.release(db)
    fill.reservations(db, max(RESERVED), wide=True)
    db.close()
    person = {key: value for key, value in env.items() if key != "JETPACK_AGENT"}
    for staged in STAGED:
        clear = _as_git(env, fill.staged(released, env, staged, first="src/pkg_00/mod_00.py"))
        found.append(_hook(AFTER_RELEASES, _size(staged, max(RESERVED)), released, clear))
        index = fill.staged(place, person, staged, first="src/pkg_21/mod_00.py")
        name = "guard: hook, shared by others, name from git's config"
        found.append(_hook(name, _size(staged, count), place, _as_git(person, index)))
        own = _as_git(env, index)
        found.append(Case("git diff --cached alone", f"{staged} staged", _diff, place, own))
    return found


def _loader(place: Path, env: Mapping[str, str]) -> Case:
    """The hook after a checkout that changed no task."""
    zero = fill.git("rev-parse", "HEAD", cwd=place, env=env).strip()
    command = ("/bin/sh", ".git/hooks/post-checkout", zero, zero, "1")
    return Case(UNTOUCHED, "", lambda _: command, place, env)


def _diff(_: int) -> tuple[str, ...]:
    return ("git", *CHANGED)


def _guard(place: Path, env: Mapping[str, str], staged: int, count: int) -> list[Case]:
    """The guard as git runs it, and on a conflict where one can be."""
    size = _size(staged, count)
    clear = _as_git(env, fill.staged(place, env, staged, first="src/pkg_00/mod_00.py"))
    found = [_hook("guard: hook, no conflict", size, place, clear)]
    if count:
        meets = _as_git(env, fill.staged(place, env, staged, first=fill.CONFLICT))
        found.append(_hook("guard: hook, conflict", size, place, meets, code=1))
    return found


def _hook(name: str, size: str, place: Path, env: Mapping[str, str], code: int = 0) -> Case:
    command = ("/bin/sh", ".git/hooks/pre-commit")
    return Case(name, size, lambda _: command, place, env, code)


def _size(staged: int, count: int) -> str:
    return f"{staged} staged x {count:,} reserved"


def _as_git(env: Mapping[str, str], index: Path) -> dict[str, str]:
    """The environment that git gives to a hook in the main worktree."""
    programs = fill.git("--exec-path", cwd=index.parent, env=env).strip()
    return {
        **env, "GIT_INDEX_FILE": str(index), "GIT_EXEC_PATH": programs, "GIT_PREFIX": "",
        "GIT_EDITOR": ":", "PATH": f"{programs}:{env['PATH']}",
    }  # fmt: skip


def queue(folder: Path, env: Mapping[str, str], size: int) -> Database:
    """A repository in which that many tasks can be claimed; its database.

    No task has a file yet: a mirrored change makes it.
    """
    db = fill.repository(folder, env)
    fill.tasks(db, size, waiting=False)
    return db
