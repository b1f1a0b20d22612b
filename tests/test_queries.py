"""Listings and searches: what they find, in which order, and page after page."""

from __future__ import annotations

import json
import random
from collections.abc import Callable

import pytest
from conftest import Repo

from jetpack_git.data.database import Database
from jetpack_git.models.task import Task
from jetpack_git.work import queries
from jetpack_git.work.queries import Query
from jetpack_git.work.tasks import Tasks


def add(tasks: Tasks, title: str = "work", **values: object) -> str:
    """The id of a new task."""
    return tasks.add(Task(id="", title=title, **values)).id  # type: ignore[arg-type]


def titles(db: Database, **query: object) -> list[str]:
    """The titles of all that fit."""
    return [one.title for one in queries.run(db, Query(**query)).tasks]  # type: ignore[arg-type]


@pytest.fixture
def some(tasks: Tasks) -> Tasks:
    """A few tasks that differ in everything."""
    add(tasks, "b", priority=3, labels=("slow", "ci"), skills=("go",))
    add(tasks, "A", priority=1, description="Has 100% of_it\\")
    add(tasks, "c", priority=3, labels=("slower",))
    held = add(tasks, "d", priority=0)
    tasks.claim(held, agent="ann")
    return tasks


def test_filters_find_what_fits_all_of_them(some: Tasks) -> None:
    """Text is a part of a text in any case, and has no wildcards."""
    db = some.db
    assert titles(db, label="slow") == ["b"]
    assert titles(db, skill="go") == ["b"]
    assert titles(db, label="ci", skill="rust") == []
    assert titles(db, text="HAS 100% of_") == ["A"]
    assert titles(db, text="of_it\\") == ["A"]
    assert titles(db, text="%") == ["A"]
    assert titles(db, states=("claimed", "blocked")) == ["d"]
    assert titles(db, states=("pending",), assignee="ann") == []
    assert titles(db, stale_s=3600) == []
    assert len(titles(db, stale_s=-1)) == 4


@pytest.mark.parametrize(
    ("sort", "wanted"),
    [("age", "b A c d"), ("priority", "d A b c"), ("title", "A b c d"), ("updated", "b A c d")],
)
def test_sorts_have_an_exact_order_both_ways(some: Tasks, sort: str, wanted: str) -> None:
    """Age decides between equals."""
    assert titles(some.db, sort=sort) == wanted.split()
    assert titles(some.db, sort=sort, newest_first=True) == wanted.split()[::-1]


@pytest.mark.parametrize("newest_first", [False, True])
@pytest.mark.parametrize("sort", queries.SORTS)
def test_pages_show_each_task_once(tasks: Tasks, sort: str, newest_first: bool) -> None:
    """Though tasks are finished and added between two pages."""
    dice = random.Random(3)
    known = {add(tasks, dice.choice("aab"), priority=dice.randrange(3)) for _ in range(23)}
    query = Query(sort=sort, newest_first=newest_first)
    seen: list[str] = []
    after = None
    while True:
        page = queries.run(tasks.db, query, limit=4, after=after)
        seen += [one.id for one in page.tasks]
        if not page.has_more:
            break
        after = seen[-1]
        if sort != "updated":
            tasks.cancel(seen[0], agent="ann") if len(seen) == 4 else None
            if not newest_first and sort == "age":
                known.add(add(tasks, "late"))
    assert len(seen) == len(set(seen))
    assert set(seen) == known


def test_search_finds_words_in_all_texts(tasks: Tasks) -> None:
    """All of them, the last one also as a beginning; titles count most; changes are followed."""
    one = add(tasks, "Parse the header", description="of a request")
    two = add(tasks, "Other", description="parse a header")
    three = add(tasks, "Third", labels=("header",))

    def found(text: str) -> list[str]:
        return [task.id for task, _ in queries.search(tasks.db, text)[0]]

    assert found("header parse") == [one, two]
    assert found("head")[0] in (one, three)
    assert sorted(found("head")) == sorted([one, two, three])
    assert found("header nothing") == []
    assert found('"OR (') == found(" ") == []
    assert found(one) == [one]
    tasks.edit(one, {"title": "Read it"})
    assert found("parse header") == [two]
    tasks.claim(two, agent="ann")
    tasks.done(two, agent="ann", summary="Rewrote the tokenizer")
    assert found("tokenizer") == [two]
    assert queries.search(tasks.db, "header", limit=1)[1] == 2


def test_a_word_that_stands_very_often_is_found_at_once(tasks: Tasks) -> None:
    """With the title in place of the words around it."""
    one = add(tasks, "Long", description="a needle\n" * 500_000)
    (found,), total = queries.search(tasks.db, "needle")
    assert (found[0].id, found[1], total) == (one, "Long", 1)


def test_listings_for_scripts(repo: Repo) -> None:
    """A format names fields; with -z texts stay as they are."""
    one = repo.add("One\ttwo", "--label", "x", "--label", "y")
    two = repo.add("Two")
    told = repo.jetpack("list", "--format", "{id}|{title}|{labels}|{assignee}|{{}}")
    assert told.out == f"{one}|One\\ttwo|x,y||{{}}\n{two}|Two|||{{}}\n"
    assert repo.jetpack("list", "-z").out == f"{one}\0{two}\0"
    assert repo.jetpack("list", "-z", "--format", "{title}").out == "One\ttwo\0Two\0"
    for form in ("{", "{id", "{0}", "{id!r}", "{id:>9}", "{title.__class__}", "{nothing}"):
        refused = repo.jetpack("list", "--format", form)
        assert (refused.code, refused.out) == (2, ""), form


def test_pages_and_searches_on_the_command_line(repo: Repo) -> None:
    """JSON says whether there is more, and so does what people read."""
    ids = [repo.add(f"Task {number}") for number in ("zero", "one", "two")]
    first = repo.ok("list", "-n", "2")
    assert (first["total"], first["has_more"]) == (3, True)
    second = repo.ok("list", "-n", "2", "--after", ids[1])
    assert ([one["id"] for one in second["tasks"]], second["has_more"]) == (ids[2:], False)
    assert "more" not in repo.jetpack("list", "-n", "2", "--after", ids[1]).out
    page = repo.jetpack("list", "-n", "1", "--after", ids[0])
    assert page.out.splitlines()[1] == f"… more of 3; go on with --after {ids[1]}"
    assert repo.ok("list", "--after", ids[2])["total"] == 3
    assert repo.jetpack("list", "--after", ids[2]).out == "No more tasks.\n"
    found = repo.ok("search", "task", "two")
    assert [one["id"] for one in found["tasks"]] == [ids[2]]
    assert repo.jetpack("search", "nothing").code == 1
    assert repo.jetpack("list", "--after", "jp-none").code == 2
    assert repo.jetpack("list", "--stale", "soon").code == 2
    assert json.loads(repo.jetpack("list", "--stale", "3d", "--json").out)["total"] == 0


def test_what_is_searched_survives_a_new_schema(db: Database, tasks: Tasks) -> None:
    """The index of words is made of the rows that were there."""
    task_id = add(tasks, "needle")
    rebuild: Callable[[str], None] = db.backend.script
    rebuild("INSERT INTO task_words (task_words) VALUES ('integrity-check')")
    assert [task.id for task, _ in queries.search(db, "needle")[0]] == [task_id]


def test_records_and_one_document_exclude_each_other(repo: Repo) -> None:
    """And a field that only some tasks have is empty for the others."""
    parent = repo.add("Parent")
    repo.add("Child", "--parent", parent)
    for more in (["-z"], ["--format", "{id}"]):
        assert repo.jetpack("list", "--json", *more).code == 2
    said = repo.jetpack("list", "--format", "{title}:{progress}")
    assert (said.code, said.out.splitlines()[1]) == (0, "Child:")
    assert repo.jetpack("list", "--format", "{title} {nonsense}").out == ""
    assert repo.jetpack("list", "-n", "9" * 20).code == 2
