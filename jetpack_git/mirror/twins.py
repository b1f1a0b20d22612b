"""Two tasks under one id: both live on, and the younger gets a new one.

Ids are random, so two clones may invent the same. Which of two tasks a file means is known by
when it was created, which never changes.
"""

from __future__ import annotations

from collections.abc import Callable
from collections.abc import Iterable
from collections.abc import Mapping
from dataclasses import dataclass
from dataclasses import field
from dataclasses import replace

from jetpack_git.data.database import Database
from jetpack_git.data.database import Row
from jetpack_git.ids import derived
from jetpack_git.mirror import files
from jetpack_git.mirror import rename
from jetpack_git.mirror.read import Parsed
from jetpack_git.models.task import Task

LENGTH = 6  # of what a twin's new id ends with


@dataclass
class Parted:
    """The files by path, each of one task by now.

    `new` has the tasks that came under somebody else's id, with the path that each had;
    `rewritten` the ids of the tasks whose files are to say something else, `said` sentences.
    """

    files: dict[str, Parsed]
    new: dict[str, tuple[str, Parsed]] = field(default_factory=dict)
    rewritten: set[str] = field(default_factory=set)
    said: list[str] = field(default_factory=list)


def part(
    db: Database, worktree: str, found: Mapping[str, Parsed], rows: Mapping[str, Task | None],
    bases: Callable[[list[str]], Mapping[str, Task | None]],
) -> Parted:  # fmt: skip
    """The tasks of the files, none of which is another than the row of its id any more.

    Where the younger is the row, it is renamed; where it is the file's, it gets a file of its
    own, and what came with it and names it follows.
    """
    parted = Parted(dict(found))
    suspects = [
        path
        for path, one in found.items()
        if (ours := rows[path]) and are_two(ours, one.task, None)
    ]
    made_from = bases(suspects) if suspects else {}
    names: dict[str, str] = {}
    for path in suspects:
        ours, one = rows[path], found[path]
        if ours is None or not are_two(ours, one.task, made_from.get(path)):
            continue
        late = younger(ours, one.task)
        new = new_id(late)
        parted.said.append(
            f"{ours.id} stood for two tasks: {late.title!r:.60} is {new} from now on."
        )
        if late is ours:
            rename.task(db, worktree, ours.id, new)
            continue
        names[ours.id] = new
        del parted.files[path]
        parted.new[files.task_path(new)] = (path, replace(one, task=replace(one.task, id=new)))
        parted.rewritten |= {ours.id, new}
    for path, one in parted.files.items() if names else ():
        task = referring(one.task, rows[path], names)
        if task != one.task:
            parted.files[path] = replace(one, task=task)
            parted.rewritten.add(task.id)
    return parted


def are_two(ours: Task, theirs: Task, base: Task | None) -> bool:
    """Whether two tasks meet under one id.

    Not if one was made from the other before anybody had noted when it was created, and not if
    both are called the same: then it was brought in twice.
    """
    if not ours.created_at or not theirs.created_at or (base and not base.created_at):
        return False
    return ours.created_at != theirs.created_at and ours.title != theirs.title


def apart(row: Row | None, elder: Parsed, younger: Parsed) -> list[Parsed]:
    """The one of two tasks in one file that is not the row yet.

    Without a row it is both of them, the younger under a new id.
    """
    for one, other in ((elder, younger), (younger, elder)):
        if row is not None and one.task.created_at == row["created_at"]:
            return [other]
    return [elder, replace(younger, task=replace(younger.task, id=new_id(younger.task)))]


def younger(one: Task, other: Task) -> Task:
    """The one that gets a new id; the same of both in every clone."""
    return max(one, other, key=lambda task: (task.created_at, task.title))


def new_id(task: Task) -> str:
    """The id that a twin gets, the same in every clone."""
    end = derived("\0".join((task.id, task.created_at, task.title)), LENGTH)
    stem, sign = next(
        (
            (task.id[:at], task.id[at])
            for at in reversed(range(len(task.id)))
            if task.id[at] in ".-"
        ),
        (task.id, "-"),
    )
    return f"{stem}{sign}{end}"


def referring(task: Task, ours: Task | None, names: Mapping[str, str]) -> Task:
    """The task as a file says it, where what it newly names are the twins that came with it."""

    def known(other: str, before: Iterable[str]) -> str:
        return other if other in before else names.get(other, other)

    old = ours.depends if ours else ()
    links = ours.links if ours else ()
    parent = task.parent_id
    if parent is not None and (ours is None or ours.parent_id != parent):
        parent = names.get(parent, parent)
    return replace(
        task,
        parent_id=parent,
        depends=tuple(sorted({known(one, old) for one in task.depends})),
        links=tuple(
            (kind, other if (kind, other) in links else names.get(other, other))
            for kind, other in task.links
        ),
    )
