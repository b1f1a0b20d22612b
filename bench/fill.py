"""Repositories and databases of a wanted size, filled fast and always alike."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from collections.abc import Mapping
from pathlib import Path
from random import Random

from jetpack_git import clock
from jetpack_git import ids
from jetpack_git.data import settle
from jetpack_git.data.database import Database
from jetpack_git.data.database import open_database
from jetpack_git.data.rows import dump
from jetpack_git.data.rows import task_columns
from jetpack_git.git.clone import find
from jetpack_git.mirror import export
from jetpack_git.mirror import files
from jetpack_git.mirror import text
from jetpack_git.models.patterns import anchor
from jetpack_git.models.task import Task
from jetpack_git.work import metrics
from jetpack_git.work.tasks import Tasks

PACKAGES, MODULES = 40, 50
BUSY = 20  # the packages that commits and most reservations have in common
SKILLS = ((), ("python",), ("python", "sql"), ("docs",), ("rust",), ("css", "frontend"))
PLAN = 1000  # a dependency never leads out of a plan, which has no more leaves than this
TTL_S = 24 * 3600
AGENTS = 50  # who reserves
CONFLICT = "src/pkg_00/mod_30.py"
SHARED = "src/pkg_21/**"


def environment(home: Path) -> dict[str, str]:
    """What the measured processes see: nothing of the user's own settings."""
    return {
        "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}", "HOME": str(home),
        "LANG": "C.UTF-8", "GIT_CONFIG_NOSYSTEM": "1", "GIT_CONFIG_GLOBAL": os.devnull,
        "JETPACK_AGENT": "bench",
    }  # fmt: skip


def script() -> str:
    """The installed command. Raises FileNotFoundError."""
    path = Path(sys.executable).with_name("git-jetpack")
    if not path.exists():
        raise FileNotFoundError(f"{path} is not there; run: pip install -e .")
    return str(path)


def git(*args: str, cwd: Path, env: Mapping[str, str], given: str = "") -> str:
    """What git printed."""
    found = subprocess.run(
        ["git", *args], cwd=cwd, env=dict(env), input=given, text=True, check=True,
        capture_output=True,
    )  # fmt: skip
    return found.stdout


def repository(folder: Path, env: Mapping[str, str], modules: int = MODULES) -> Database:
    """A repository of 40 times so many files in which `git jetpack init` has run; its database."""
    folder.mkdir(parents=True)
    git("init", "-q", "-b", "main", cwd=folder, env=env)
    git("config", "user.name", "Bench", cwd=folder, env=env)
    stream = ["commit refs/heads/main\ncommitter B <b@example.org> 1700000000 +0000\ndata 1\n.\n"]
    for package in range(PACKAGES):
        for module in range(modules):
            path, body = f"src/pkg_{package:02}/mod_{module:02}.py", f"x = {module}\n" * 20
            stream.append(f"M 100644 inline {path}\ndata {len(body)}\n{body}\n")
    git("fast-import", "--quiet", cwd=folder, env=env, given="".join(stream))
    git("reset", "-q", "--hard", cwd=folder, env=env)
    subprocess.run([script(), "init"], cwd=folder, env=dict(env), check=True, capture_output=True)
    return open_database(find(str(folder)).database)


def tasks(db: Database, total: int, *, waiting: bool = True) -> None:
    """That many tasks, two dependencies each on average if `waiting`, in epics of 250.

    Two of five leaves depend on nothing, the others on three or four before them.
    """
    random = Random(total)
    made, edges = _tasks(total, random, waiting)
    now = clock.now()
    with db.transaction():
        db.many("tasks.insert", [task_columns(one) for one in made])
        db.many("dependencies.add", [{"task_id": a, "depends_on": b} for a, b in edges])
        db.many(
            "events.insert",
            [
                {"id": ids.event_id(), "at": now, "kind": "task.created", "task_id": one.id,
                 "agent": "bench", "note": one.title, "data": "{}"}
                for one in made
            ],
        )  # fmt: skip
        db.run("tasks.refresh_children", ids=dump([one.id for one in made if not one.parent_id]))
        settle.refresh_blockers(db, [one.id for one in made])
        settle.graph_changed(db, [one.id for one in made])
    metrics.refresh(db)


def _tasks(total: int, random: Random, waiting: bool) -> tuple[list[Task], list[tuple[str, str]]]:
    now = clock.now()
    group = min(250, max(10, total // 4))
    made: list[Task] = []
    edges: list[tuple[str, str]] = []
    before: list[str] = []
    parent = ""
    for number, code in enumerate(random.sample(range(36**4), total)):
        name = f"jp-{_base36(code)}"
        leaf = number % group
        if leaf == 0:
            parent = name
            before = [] if number % PLAN == 0 else before
        else:
            name = f"{parent}.{_base36(leaf)[1:]}"
            if waiting and len(before) > 9 and random.random() > 0.4:
                count = random.choice((3, 3, 4))
                edges += [(name, one) for one in random.sample(before[-60:], count)]
            before.append(name)
        made.append(
            Task(
                id=name, title=f"Task {number} of the bench", description="Some words. " * 20,
                priority=random.choice((0, 1, 2, 2, 2, 3, 4)), created_at=now, updated_at=now,
                parent_id=parent if leaf else None, position=leaf, skills=random.choice(SKILLS),
                files=(f"src/pkg_{random.randrange(PACKAGES):02}/task_{number}.py",),
                estimate_s=random.choice((None, 900, 3600)),
            )
        )  # fmt: skip
    return made, edges


def _base36(number: int) -> str:
    digits = ""
    for _ in range(4):
        number, digit = divmod(number, 36)
        digits = ids.ALPHABET[digit] + digits
    return digits


def mirror(db: Database, worktree: Path) -> None:
    """The file of every task is there; its log begins with the next change."""
    algorithm = export.object_format(db)
    (worktree / files.FOLDER).mkdir(exist_ok=True)
    found: list[dict[str, object]] = []
    for task in Tasks(db).list()[0]:
        path = files.task_path(task.id)
        data = text.task_text(task).encode()
        (worktree / path).write_bytes(data)
        blob = files.blob_id(data, algorithm)
        stat = files.stat(str(worktree), path)
        found.append({"worktree": str(worktree), "path": path, "blob": blob, "stat": stat})
    with db.transaction_quietly():
        db.many("mirror.remember", [{"path": one["path"], "blob": one["blob"]} for one in found])
        db.many("mirror.see", found)


def reservations(db: Database, count: int, *, wide: bool) -> None:
    """That many active reservations, by `AGENTS` agents; none covers what `staged` changes.

    Six of ten name a file, two a folder, two are globs. Half lie in the packages that
    commits touch. If `wide`, three globs of twenty start at the root or at `src`.
    """
    wanted = (one for one in _patterns() if wide or "*" not in one[:6])
    with db.transaction():
        for number, pattern in zip(range(count), wanted, strict=False):
            db.run(
                "reservations.insert", pattern=pattern, anchor=anchor(pattern),
                agent=f"agent-{number % AGENTS:02}", incarnation=None, task_id=None,
                shared=pattern == SHARED, reason="edit", now=clock.now(),
                expires_at=clock.after(TTL_S),
            )  # fmt: skip


def release(db: Database) -> None:
    """All that `reservations` made is given back."""
    db.backend.script("UPDATE reservations SET released_at = created_at")


def _patterns() -> Iterator[str]:
    """Patterns without end, all different, in a fixed order."""
    random = Random(5)
    yield CONFLICT
    yield SHARED
    number = 0
    while True:
        number += 1
        busy = random.random() < 0.5
        package = random.randrange(BUSY) if busy else random.randrange(BUSY, PACKAGES)
        home = f"src/pkg_{package:02}"
        kind = number % 10
        if kind < 6:
            yield f"{home}/new_{number}.py"
        elif kind < 8:
            yield f"{home}/part_{number}"
        elif number % 100 == 8:
            yield f"**/*_{number}.sql"
        elif number % 50 == 9:
            yield f"src/*/gen_{number}.py"
        else:
            form = random.choice(("test_{}_*.py", "**/{}/*.json", "v{}_[a-f]?.py"))
            yield f"{home}/{form.format(number)}"


def staged(folder: Path, env: Mapping[str, str], count: int, *, first: str) -> Path:
    """An index in which `count` files are changed, `first` and those beside it."""
    index = folder / ".git" / f"index-{count}-{Path(first).parent.name}-{Path(first).stem}"
    own = {**env, "GIT_INDEX_FILE": str(index)}
    paths = [
        f"src/pkg_{package:02}/mod_{module:02}.py"
        for package in range(BUSY)
        for module in range(MODULES // 2)
    ]
    blob = git("hash-object", "-w", "--stdin", cwd=folder, env=own, given="changed\n").strip()
    changed = dict.fromkeys([first, *paths][:count])
    git("read-tree", "HEAD", cwd=folder, env=own)
    lines = "".join(f"100644 {blob}\t{path}\n" for path in changed)
    git("update-index", "--index-info", cwd=folder, env=own, given=lines)
    return index
