"""Nouns as text: what goes out comes back, for whatever the doors let in."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import settings
from hypothesis import strategies as st

from jetpack_git.errors import BadInput
from jetpack_git.mirror import read
from jetpack_git.mirror import text
from jetpack_git.models import mapping
from jetpack_git.models.event import Event
from jetpack_git.models.plan import Plan
from jetpack_git.models.task import LINKS
from jetpack_git.models.task import STORED
from jetpack_git.models.task import Task
from jetpack_git.models.transitions import LOGGED

ODD = (
    "yes", "No", "on", "off", "null", "~", "123", "0o17", "1e3", "1_000", "0x1F", "2026-01-01",
    "2026-11-22T22:04:05.123Z", "12:30:45", ".inf", "NaN", "=", "<<", "- a", "? a", "a: b", "a #b",
    "# a", "'", '"', "\\", "a\\", "{a}", "[a]", "*a", "&a", "!a", "|", ">", "%a", "@a", "`a", ",",
    " a", "a ", "\ta", "a\t", "a\nb", "\na", "---", "...", "a\x85b", "a\u2028b", "a\u2029b",
    "\ufeffa", "a\x01b", "a\x7fb", "\x1b[31m", "a\xa0", "\u00adx", "👩‍🚀", "é", "e\u0301", "日本",
    "\U000e0001a", "\ufffe", "<<<<<<< HEAD", "\\<<<<<<< HEAD", ">>>>>>>", "=======", "|||||||",
    "title\n=======\nx", "a\n---\nb: c\n---", "x\n<<<<<<< a\ny\n=======\nz\n>>>>>>> b", "\n",
    "\n\n",
    "a\n", "  a\n  b  ", "-", "a" * 2000, "'" * 3, "a\\nb", "\\t",
)  # fmt: skip

any_text = st.text(st.characters(exclude_categories=("Cs",), exclude_characters="\0\r"))
texts = st.sampled_from(ODD) | any_text
names = texts.filter(lambda one: bool(one.strip()))
optional = st.none() | texts.filter(bool)
words = st.from_regex(r"[a-z][a-z0-9_]{3,8}x", fullmatch=True)
unknown = st.builds(
    lambda key, value: (key, f"{key}: {text.scalar(value)}"), words, texts
) | st.builds(lambda key: (key, f"{key}:  # kept\n    - a\n\n    - {{b: 'c'}}\n# and this"), words)
moments = st.datetimes(timezones=st.just(UTC)).map(lambda one: one.isoformat())
tasks = st.builds(
    Task,
    id=st.from_regex(r"jp-[a-z0-9]{4}(\.[a-z0-9]{3}){0,3}", fullmatch=True),
    title=names,
    description=texts,
    status=st.sampled_from([str(one) for one in STORED]) | words,
    priority=st.integers(0, 4),
    parent_id=optional,
    position=st.integers(0, 2**53),
    plan_id=optional,
    plan_key=optional,
    skills=st.sets(names).map(lambda one: tuple(sorted(one))),
    files=st.lists(names).map(tuple),
    depends=st.sets(names).map(lambda one: tuple(sorted(one))),
    links=st.sets(st.tuples(st.sampled_from(LINKS), names)).map(lambda one: tuple(sorted(one))),
    labels=st.sets(names).map(lambda one: tuple(sorted(one))),
    aliases=st.sets(names).map(lambda one: tuple(sorted(one))),
    results=st.lists(names).map(tuple),
    max_attempts=st.none() | st.integers(1, 1000),
    estimate_s=st.none() | st.integers(1, 10**9),
    assignee=optional,
    branch=optional,
    summary=optional,
    created_at=moments | st.just(""),
    completed_at=st.none() | moments,
    extra=st.dictionaries(words, st.none(), max_size=3)
    .flatmap(lambda _: st.lists(unknown, max_size=3))
    .map(dict),
)


def path(task: Task) -> str:
    """Where the task's file is."""
    return f".tasks/{task.id}.md"


@settings(deadline=None, max_examples=80)
@given(tasks)
def test_a_task_comes_back_from_its_text(task: Task) -> None:
    """Every field is what it was, and the text made from it is the same text."""
    written = text.task_text(task)
    found = read.task(written.encode(), path(task)).task
    assert found == task
    assert text.task_text(found) == written


@settings(deadline=None, max_examples=60)
@given(tasks)
def test_any_yaml_reader_sees_the_same(task: Task) -> None:
    """Texts are texts and numbers numbers for a reader that guesses types, too."""
    parts = text.split(text.task_text(replace(task, extra={})))
    assert parts is not None
    wanted: dict[str, Any] = {
        "id": task.id, "title": task.title, "parent": task.parent_id, "status": task.status,
        "plan": task.plan_id, "priority": task.priority, "key": task.plan_key,
        "assignee": task.assignee, "order": task.position, "created": task.created_at,
        "branch": task.branch, "skills": list(task.skills), "files": list(task.files),
        "depends": list(task.depends), "summary": task.summary, "completed": task.completed_at,
        "labels": list(task.labels), "aliases": list(task.aliases), "results": list(task.results),
        "max_attempts": task.max_attempts,
        **{kind: [other for one, other in task.links if one == kind] for kind in LINKS},
    }  # fmt: skip
    found = yaml.safe_load(parts[0])
    assert isinstance(found.pop("estimate", ""), str)
    assert found == {key: one for key, one in wanted.items() if one not in (None, "", [])}


@settings(deadline=None, max_examples=100)
@given(names, texts, moments | st.just(""))
def test_a_plan_comes_back_from_its_text(title: str, source: str, created: str) -> None:
    """A plan's fields and its unknown keys are what they were."""
    plan = Plan(id="p-1", title=title, source=source, created_at=created)
    written = text.plan_text(plan, {"later": "later: [1, 2]"})
    found = read.plan(written.encode(), ".tasks/plans/p-1.md")
    assert found == (plan, {"later": "later: [1, 2]"})


@pytest.mark.parametrize("title", ODD)
def test_odd_titles_and_descriptions_come_back(title: str) -> None:
    """What YAML, git or a terminal could take for something else is kept."""
    task = Task(id="jp-aaaa", title=title if title.strip() else "x", description=title)
    written = text.task_text(task)
    assert read.task(written.encode(), ".tasks/jp-aaaa.md").task == task


def test_a_description_of_five_megabytes_comes_back() -> None:
    """The longest description that the doors let in is read again."""
    task = Task(id="jp-aaaa", title="x", description="long line\n" * 500_000)
    assert read.task(text.task_text(task).encode(), ".tasks/jp-aaaa.md").task == task


def test_the_file_is_as_people_expect_it() -> None:
    """The whole text of one task, key by key."""
    task = Task(
        id="jp-a3f8.k2f", title="Mend it: now", description="First.\n\n<<<<<<< a quoted marker",
        status="completed", priority=1, parent_id="jp-a3f8", position=3, plan_id="auth",
        plan_key="Mend it", skills=("sql", "go"), files=("b.py", "a/**"), depends=("jp-9", "jp-1"),
        estimate_s=5400, assignee="Ada L", branch="jetpack/x", summary="done\nwell",
        created_at="2026-11-22T22:04:05.123Z", completed_at="2026-11-22T23:04:05.123Z",
        extra={"later": "later: {a: 1}"},
    )  # fmt: skip
    assert (
        text.task_text(task)
        == """\
---
id: jp-a3f8.k2f
title: "Mend it: now"
created: "2026-11-22T22:04:05.123Z"
status: completed
assignee: Ada L
branch: jetpack/x
summary: "done\\nwell"
completed: "2026-11-22T23:04:05.123Z"
order: 3
priority: 1
estimate: "1h30m"
parent: jp-a3f8
plan: auth
key: Mend it
skills:
  - go
  - sql
files:
  - b.py
  - "a/**"
depends:
  - jp-1
  - jp-9
later: {a: 1}
---
First.

\\<<<<<<< a quoted marker
"""
    )


events = st.builds(
    Event,
    id=st.from_regex(r"[a-z0-9]{8}", fullmatch=True),
    at=st.just("2026-11-22T22:04:05.123Z"),
    kind=st.sampled_from(sorted(LOGGED)),
    task_id=st.just("jp-aaaa"),
    agent=st.none() | st.sampled_from(["-", "Ada", "a\tb", "\\"]) | names,
    note=texts | st.sampled_from(["\\n", "\\\\n", "a\r\nb", "\t\t", "x\t"]),
)


@settings(deadline=None, max_examples=80)
@given(events)
def test_a_log_line_comes_back(event: Event) -> None:
    """An event is one line, and the line is that event."""
    line = text.log_line(event)
    assert "\n" not in line
    assert text.log_event(line, "jp-aaaa") == event


@settings(deadline=None, max_examples=60)
@given(st.lists(events, unique_by=lambda one: one.id), st.data())
def test_a_log_only_grows_and_grows_once(found: list[Event], data: st.DataObject) -> None:
    """What stands in a log stays, what is new comes behind it, and nothing comes twice."""
    part = data.draw(st.sampled_from([found[:cut] for cut in range(len(found) + 1)]))
    before = "a line of somebody else\n" + text.log_text("", part)
    after = text.log_text(before, found)
    assert after.startswith(before)
    assert text.log_text(after, found) == after
    lines = after.removesuffix("\n").split("\n")[1:]
    assert [text.log_event(one, "jp-aaaa") for one in lines] == found


@pytest.mark.parametrize(
    "line",
    ["", "x", "\t\t\t", "2026Z\tid\tnothing\ta", "2026Z\tid\tclaimed\ta\tb\tc", "<<<<<<< HEAD"],
)
def test_other_lines_of_a_log_are_nobodys(line: str) -> None:
    """A line that we did not write is no event."""
    assert text.log_event(line, "jp-aaaa") is None


@pytest.mark.parametrize(
    ("written", "description"),
    [
        ("---\nid: jp-a\ntitle: t\n---", ""),
        ("---\nid: jp-a\ntitle: t\n---\n", ""),
        ("---\nid: jp-a\ntitle: t\n---\nno newline", "no newline"),
        ("\ufeff---\r\nid: jp-a\r\ntitle: t\r\n---\r\na\r\nb\r\n", "a\nb"),
        ("---\nid: jp-a\ntitle: t\n---\nmixed\r\nends\n", "mixed\nends"),
        ("---\nid: jp-a\ntitle: t\n---\nHead\n=======\nx\n", "Head\n=======\nx"),
    ],
)
def test_files_from_other_hands_are_read(written: str, description: str) -> None:
    """A mark of the byte order, CRLF and a missing last newline do no harm."""
    found = read.task(written.encode(), ".tasks/jp-a.md").task
    assert found == Task(id="jp-a", title="t", description=description)


def test_every_scalar_of_a_hand_is_a_text() -> None:
    """`yes`, a number or a date is the title that its author wrote; only null is nothing."""
    for title in ("yes", "123", "2026-01-01", '"null"', "'~'"):
        written = f"---\nid: jp-a\ntitle: {title}\nsummary: null\nassignee: ~\n---\n"
        found = read.task(written.encode(), ".tasks/jp-a.md").task
        assert found == Task(id="jp-a", title=title.strip("'\""))


@settings(deadline=None, max_examples=200)
@given(
    st.binary(max_size=200)
    | st.text(alphabet="---\n:[]{}&*!|>'\"#? idtle\t\ufeff\x00").map(str.encode)
)
def test_no_bytes_crash_the_reader(data: bytes) -> None:
    """Any bytes are a task, or a BadInput that names the line."""
    said: list[str] = []
    for one in (
        data,
        b"---\nid: jp-a\ntitle: t\n" + data,
        b"---\nid: jp-a\ntitle: t\n---\n" + data,
    ):
        try:
            read.task(one, ".tasks/jp-a.md")
        except BadInput as error:
            said += error.message.split("\n")
    assert all(one.startswith(".tasks/jp-a.md:") for one in said)


SNIPPETS = st.sampled_from(
    ["a", "title", "null", "~", "1", "yes", "a b", "a: b", "a #b", '"q"', '"a: #"', "'x'", "[a]",
     "- x", "|", "é", "\u2028", "a ", " a", "a\tb", "%", "?", "{}", "*a", "null ", ""]
)  # fmt: skip
LINES = st.one_of(
    st.builds("{}: {}".format, st.sampled_from(["id", "title", "files", "x-y", "A"]), SNIPPETS),
    st.builds("{}:".format, st.sampled_from(["id", "files", "depends"])),
    st.builds("  - {}".format, SNIPPETS),
    SNIPPETS,
)


@settings(deadline=None, max_examples=400)
@given(st.lists(LINES, min_size=1, max_size=6))
def test_what_needs_no_yaml_is_read_as_yaml_reads_it(lines: list[str]) -> None:
    """The short way gives what the parser gives, or nothing."""
    front = "\n".join(lines) + "\n"
    found = mapping._plain(front, 2)
    if found is not None:
        assert found == mapping._Reader(front, "x.md", 2, mapping.DEEPEST).document()


def test_our_own_files_need_no_yaml() -> None:
    """As long as they hold nothing odd."""
    task = Task("jp-0", "Read: it", files=("a.py", "b c.py"), depends=("jp-1",), estimate_s=60)
    front, _ = text.split(text.task_text(task)) or ("", "")
    assert mapping._plain(front, 2) is not None
