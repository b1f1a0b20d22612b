"""Plans in JSON and YAML, front matter, and plans that are written down again."""

from __future__ import annotations

import json
import string
from collections.abc import Iterator

import pytest
from conftest import Repo
from hypothesis import HealthCheck
from hypothesis import example
from hypothesis import given
from hypothesis import settings
from hypothesis import strategies as st

from jetpack_git.data.database import Database
from jetpack_git.data.database import open_database
from jetpack_git.errors import BadInput
from jetpack_git.models.plan_document import PlanDocument
from jetpack_git.models.task import Task
from jetpack_git.work import plan_load
from jetpack_git.work import plan_write
from jetpack_git.work import plans
from jetpack_git.work.find import exact
from jetpack_git.work.plan_attributes import escape_title
from jetpack_git.work.plan_attributes import is_id
from jetpack_git.work.plan_attributes import read_title
from jetpack_git.work.plan_files import parse
from jetpack_git.work.tasks import Tasks

MARKDOWN = """\
---
title: The parser
---
# Reading [id: reading]
Bytes first.
- [x] Read bytes [skills: python, sql] [priority: high] [files: a.py, "b,c.py"] [estimate: 1h30m]
- Read lines [depends: Read bytes]
# Release [depends: reading]
- Publish
"""
JSON = """\
{"name": "The parser", "items": [
  {"id": "reading", "title": "Reading", "description": "Bytes first.", "items": [
    {"title": "Read bytes", "status": "done", "skills": ["SQL", "python"], "priority": 1,
     "files": ["a.py", "b,c.py"], "estimateMinutes": 90},
    {"title": "Read lines", "dependsOn": ["Read bytes"]}]},
  {"title": "Release", "depends_on": "reading", "tasks": ["Publish"]}]}
"""
YAML = """\
title: The parser
items:
- id: reading
  title: Reading
  description: Bytes first.
  items:
  - title: Read bytes
    done: true
    skills: sql, python
    priority: high
    files: [a.py, "b,c.py"]
    estimate: 1h30m
  - {title: Read lines, depends: [previous]}
- title: Release
  depends: [reading]
  items: [Publish]
"""


def read(text: str, name: str) -> PlanDocument:
    """The plan of a file of that name."""
    return parse(text.encode(), source=name, title="file")


def facts(document: PlanDocument) -> list[object]:
    """All that it says but for its lines."""
    return [
        document.title,
        [(one.key, one.parent, one.title, one.position, one.description, one.done, one.depends,
          one.skills, one.priority, one.files, one.estimate_s) for one in document.items],
    ]  # fmt: skip


@pytest.mark.parametrize(("text", "name"), [(JSON, "p.json"), (YAML, "p.yaml"), (YAML, "p.YML")])
def test_all_forms_say_the_same(text: str, name: str) -> None:
    """Whatever case their keys are in, and wherever an item is only a title."""
    assert facts(read(text, name)) == facts(read(MARKDOWN, "p.md"))


def test_lines_are_those_of_the_file() -> None:
    """For JSON the one where the object begins."""
    assert [one.line for one in read(JSON, "p.json").items] == [2, 3, 5, 6, 6]
    assert [one.line for one in read(YAML, "p.yaml").items] == [3, 7, 13, 14, 16]


def test_other_fields_are_kept_in_the_description() -> None:
    """Nothing that the author wrote is lost."""
    text = '[{"title": "A", "description": "Text.", "acceptance": ["x", "y"], "owner": "Ann"}]'
    (item,) = read(text, "p.json").items
    assert item.description == 'Text.\nacceptance: ["x", "y"]\nowner: Ann'


BAD = {
    ("p.json", '{"items": [\n{"title": "A",}]}'): "p.json:2: this is no JSON: ",
    ("p.json", '{"title": "x"}'): "p.json:1: the plan has no items",
    ("p.json", "[]"): "p.json:1: the plan has no items",
    ("p.json", "3"): "p.json:1: the items are no list",
    ("p.json", '{"items": [\n3]}'): "p.json:1: an item is no mapping",
    ("p.json", '[\n{"title": "A", "title": "B"}]'): "p.json:2: the key 'title' stands twice",
    ("p.json", '[\n\n{"id": "a"}]'): "p.json:3: the item has no title",
    ("p.json", '[{"title": "A", "name": "B"}]'): "p.json:1: name says again what title says",
    ("p.json", '[{"title": "A", "estimate": -5}]'): "p.json:1: the estimate '-5' is not a time",
    ("p.json", '[{"title": "A", "estimateHours": "soon"}]'): "p.json:1: the estimate 'soonh'",
    ("p.json", '[{"title": "A", "priority": 9}]'): "p.json:1: the priority '9' is not known",
    ("p.json", '[{"title": "A", "files": [["a"]]}]'): "p.json:1: files holds what is no text",
    ("p.json", '[{"title": "A", "description": {"a": 1}}]'): "p.json:1: description is no text",
    ("p.json", '[{"title": "A", "done": "maybe"}]'): "p.json:1: done is 'maybe'",
    ("p.json", '[{"title": "A", "status": "cancelled"}]'): "p.json:1: the status 'cancelled'",
    ("p.json", '[{"title": "A", "depends": ["B"]}]'): "p.json:1: depends: 'B' is no item",
    ("p.json", "[" * 100_000): "p.json:1: this cannot be read: ",
    ("p.json", '[{"title": "A"},\n{"title": "a\\u0000"}]'): "p.json:2: a text here holds a NUL",
    ("p.json", '{"id": "\\ud800", "items": ["A"]}'): "p.json:1: a text here holds half a char",
    ("p.json", f'[{{"title": "A", "x": {"[" * 300}{"]" * 300}}}]'): "p.json:1: this is nested too",
    ("p.yaml", 'items:\n- title: "a\\0"\n'): "p.yaml:2: a text here holds a NUL character",
    ("p.json", '{"title": {}, "items": ["A"]}'): "p.json:1: the title of the plan is no text",
    ("p.yaml", 'items:\n- title: A\n  id: "a\\tb"\n'): "p.yaml:2: 'a\\tb' cannot be an id",
    ("p.yaml", "items:\n- title: [\n"): "p.yaml:3: this is no YAML: ",
    ("p.yaml", "- title: A\n"): "p.yaml:1: a mapping is expected",
    ("p.yaml", "items: &a\n- title: A\n  items: *a\n"): "p.yaml:3: an alias, *a, stands here",
    ("p.yaml", "items:\n- title: A\n" + "  " * 3): "",
    ("p.md", "---\ntitle: [a]\n---\n- A\n"): "p.md:2: the title of the plan is no text",
    ("p.md", '---\ntitle: "a\\0"\n---\n- A\n'): "p.md:2: a text here holds a NUL character",
    ("p.md", "---\ntitle: a\ntitle: b\n---\n- A\n"): "p.md:3: the key 'title' stands there twice",
}


@pytest.mark.parametrize(("given", "said"), BAD.items())
def test_what_cannot_be_read_is_told_by_line(given: tuple[str, str], said: str) -> None:
    """With what is wrong there."""
    if not said:
        assert len(read(given[1], given[0]).items) == 1
        return
    with pytest.raises(BadInput) as found:
        read(given[1], given[0])
    assert found.value.message.startswith(said)
    assert found.value.hint


def test_a_plan_keeps_its_tasks_under_another_title(repo: Repo) -> None:
    """It is known by its file, or by the id in its front matter."""
    repo.write("p.md", "---\ntitle: One\n---\n- A\n")
    assert repo.ok("load", "p.md")["plan_id"] == "one"
    repo.write("p.md", "---\ntitle: Two\n---\n- A\n")
    assert repo.ok("load", "p.md")["unchanged"] == 1
    repo.write("q.md", "---\nid: one\ntitle: Three\n---\n- A\n")
    told = repo.ok("load", "q.md")
    assert (told["plan_id"], told["unchanged"]) == ("one", 1)
    assert repo.ok("plan", "list")["plans"][0]["title"] == "Three"


def test_plans_are_listed_shown_and_exported(repo: Repo) -> None:
    """An export loads into another clone as the same plan, and into this one as no change."""
    repo.write("p.md", MARKDOWN)
    repo.ok("load", "p.md", "--name", "parser")
    (plan,) = repo.ok("plan", "list")["plans"]
    assert (plan["id"], plan["tasks"], plan["completed"]) == ("parser", 3, 1)
    assert "parser  33%  1 of 3 done" in repo.jetpack("plan", "list").out
    shown = repo.ok("plan", "show", "parser")
    assert [one["title"] for one in shown["tasks"]] == [
        "Reading", "Read bytes", "Read lines", "Release", "Publish",
    ]  # fmt: skip
    lines = repo.jetpack("plan", "show", "parser").out.splitlines()
    assert [line.split("  ")[0] for line in lines[1:2]] == ["Reading"]
    assert lines[2].startswith("  Read bytes  completed ")
    for form in ("markdown", "json"):
        name = "again." + ("md" if form == "markdown" else form)
        repo.write(name, repo.jetpack("plan", "export", "parser", "--format", form).out)
        told = repo.ok("load", name)
        assert (told["plan_id"], told["unchanged"]) == ("parser", 5), (form, told)
    missing = repo.jetpack("plan", "show", "none")
    assert (missing.code, "There are: parser" in missing.err) == (2, True)


TITLES = st.lists(
    st.sampled_from(["word", "[id: x]", "[x]", "\\", "`", "#", "- ", "[", "]", "(u)", "é", "```"]),
    min_size=1, max_size=6,
).map(" ".join).map(str.strip).filter(lambda text: text.strip("#` "))  # fmt: skip
LINES = st.lists(
    st.sampled_from(["- a", "  - b", "# c", "text", "", "```", "~~~", "<!--", "-->", "\\- d",
                     "    e", "1. f", "---", "\tg", "* * *", "\\\\# h", "> q", "+ i", "``` j"]),
    max_size=8,
).map("\n".join)  # fmt: skip
WORDS = st.text(string.ascii_letters + " ,[]{}\"'*/.é", min_size=1, max_size=8)


@settings(max_examples=200)
@given(TITLES | st.text(max_size=30))
@example("\\\\[id: x]")
def test_any_title_is_read_back(title: str) -> None:
    """Be it full of brackets and backslashes."""
    title = " ".join(title.split())
    found = read_title(escape_title(title))
    assert (found.title, found.problems) == (title, [])


@st.composite
def trees(draw: st.DrawFn) -> list[tuple[int, Task]]:
    """Tasks with the number of their parent, which comes before them."""
    count = draw(st.integers(1, 7))
    return [
        (
            draw(st.integers(-1, number - 1)),
            Task(
                id="", title=f"{draw(TITLES)} {number}", description=draw(LINES),
                plan_key=draw(st.none() | WORDS.map(str.strip).filter(is_id).map(
                    lambda key, number=number: f"{key}{number}")),  # type: ignore[misc]
                priority=draw(st.integers(0, 4)),
                skills=tuple(sorted({" ".join(one.lower().split()) for one in
                                     draw(st.lists(WORDS, max_size=2)) if one.strip(' "')})),
                estimate_s=draw(st.none() | st.integers(1, 10**5)),
            ),
        )
        for number in range(count)
    ]  # fmt: skip


@pytest.fixture
def another(tmp_path: object) -> Iterator[Database]:
    """A second database."""
    found = open_database(f"{tmp_path}/other/jetpack.db", create=True)
    yield found
    found.close()


@settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(tree=trees(), form=st.sampled_from(["md", "json"]))
def test_any_plan_is_written_and_read_back(
    db: Database, another: Database, tree: list[tuple[int, Task]], form: str
) -> None:
    """Here nothing changes; elsewhere it becomes the same plan."""
    tasks, others = Tasks(db), Tasks(another)
    plan_id = plans.plan_id_of(f"p {db.count('queries.search_total', words='x')}{id(tree)}")
    db.run("plans.save", id=plan_id, title="T: t", source="", created_at="", extra="{}")
    made: list[str] = []
    for parent, task in tree:
        above = made[parent] if parent >= 0 else None
        made.append(tasks.add(Task(**{**vars(task), "parent_id": above, "plan_id": plan_id})).id)
    if len(made) > 1:
        leaves = [one for one in made if not tasks.get(one).children]
        if len(leaves) > 1:
            from jetpack_git.work import dependencies

            dependencies.add(tasks.journal, leaves[-1], leaves[0])
    found = plan_write.read(db, plan_id)
    if form == "md":
        text = "\n".join(plan_write.markdown(found))
    else:
        text = json.dumps(plan_write.as_json(found))
    document = parse(
        text.encode(), source=f"p.{form}", title="p", elsewhere=lambda name: exact(db, name)
    )
    again = plan_load.load(tasks, document, source="", agent="ann")
    changed = [(one.fields, one.before, one.after) for one in again.updated
               if set(one.fields) - {"plan_key", "position"}]  # fmt: skip
    assert (again.added, changed, again.retired) == ([], [], [])
    elsewhere = parse(text.encode(), source=f"p.{form}", title="p")
    assert len(plan_load.load(others, elsewhere, source="", agent="ann").added) == len(tree)
    copy = plan_write.read(another, plan_id)
    assert [one.title for one in _walk(copy)] == [one.title for one in _walk(found)]


def _walk(tree: plan_write.Tree, task: Task | None = None) -> Iterator[Task]:
    for child in tree.children(task):
        yield child
        yield from _walk(tree, child)
