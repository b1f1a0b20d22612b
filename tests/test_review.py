"""`git jetpack review`: what a reviewer sees at the top of a pull request."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from conftest import Repo
from hypothesis import given
from hypothesis import strategies as st

from jetpack_git.errors import BadInput
from jetpack_git.mirror import board
from jetpack_git.mirror import read
from jetpack_git.mirror import text
from jetpack_git.models.config import ReviewConfig
from jetpack_git.models.review import ODDITIES
from jetpack_git.models.review import Entry
from jetpack_git.models.review import Review
from jetpack_git.models.task import Task
from jetpack_git.review import markdown

RANGE = "main...HEAD"


@pytest.fixture
def branch(repo: Repo) -> Repo:
    """A repository whose tasks are committed on main, with a new branch checked out."""
    repo.write("plan.md", PLAN)
    repo.ok("load", "plan.md")
    repo.commit("A plan")
    repo.git("switch", "--quiet", "-c", "feature")
    return repo


PLAN = """\
# Parser

- Bytes [id: bytes] [files: bytes.py]
- Lines [id: lines] [depends: bytes]
- Words [id: words]
"""


def ids(repo: Repo) -> dict[str, str]:
    """The id of each task by its title."""
    return {one["title"]: one["id"] for one in repo.ok("list")["tasks"]}


def change(repo: Repo, task_id: str, old: str, new: str) -> None:
    """The committed file of the task says something else."""
    path = f".tasks/{task_id}.md"
    before = (repo.path / path).read_text()
    assert old in before
    repo.write(path, before.replace(old, new))


def findings(found: Any) -> dict[str, list[str]]:
    """The places of the findings by kind."""
    said: dict[str, list[str]] = {}
    for one in found["findings"]:
        said.setdefault(one["kind"], []).append(one["place"])
    return said


def test_a_review_says_what_became_of_the_tasks(branch: Repo) -> None:
    """Finished, created, failed, re-planned, unblocked, who did it, and how far the plan is."""
    task = ids(branch)
    branch.write("bytes.py", "b = 1\n")
    branch.ok("claim", task["Bytes"], "--as", "swift-falcon")
    branch.ok("done", task["Bytes"], "--as", "swift-falcon", "-m", "Reads bytes")
    new = branch.add("Sentences", "--depends", task["Words"])
    branch.ok("edit", task["Words"], "-p", "high", "-d", "One\nTwo")
    branch.ok("claim", task["Lines"], "--as", "Maya")
    branch.ok("fail", task["Lines"], "--final", "--as", "Maya", "-m", "No way")
    branch.commit("Work")
    found = branch.ok("review", RANGE)
    by_id = {one["id"]: one for one in found["tasks"]}
    assert {by_id[one]["change"] for one in by_id} == {"finished", "created", "changed", "failed"}
    one = by_id[task["Bytes"]]
    assert (one["change"], one["by"], one["summary"]) == (
        "finished", ["swift-falcon"], "Reads bytes",
    )  # fmt: skip
    assert one["took_s"] in range(60)
    assert by_id[task["Lines"]]["by"] == ["Maya"]
    assert by_id[task["Words"]]["fields"] == [
        {"field": "description", "before": "", "after": "One\nTwo"},
        {"field": "priority", "before": 2, "after": 1},
    ]
    assert by_id[new]["is_new"]
    (plan,) = found["plans"]
    assert (plan["before"]["completed"], plan["after"]["completed"], plan["after"]["tasks"]) == (
        0, 1, 3,
    )  # fmt: skip
    assert findings(found) == {}
    text = branch.jetpack("review", RANGE).out
    assert "  priority: medium -> high\n" in text
    assert f"\nFinished\n  {task['Bytes']}  Bytes by swift-falcon" in text


def test_what_a_branch_unblocks_is_told(branch: Repo) -> None:
    """A task that waited where the branch began, and does no more; another branch's is none."""
    task = ids(branch)
    branch.ok("claim", task["Bytes"])
    branch.ok("done", task["Bytes"])
    branch.commit("Work")
    assert branch.ok("review", RANGE)["unblocked"] == [{"id": task["Lines"], "title": "Lines"}]
    assert branch.ok("review", "HEAD...HEAD")["unblocked"] == []


def test_a_parent_is_finished_with_its_last_part(repo: Repo) -> None:
    """Its file does not change: what its children say counts."""
    top = repo.add("Top")
    one = repo.add("One", "--parent", top)
    after = repo.add("After", "--depends", top)
    repo.commit("Tasks")
    repo.git("switch", "--quiet", "-c", "feature")
    repo.ok("claim", one)
    repo.ok("done", one)
    repo.commit("Work")
    found = repo.ok("review", RANGE)
    assert [(each["id"], each["change"]) for each in found["tasks"]] == [
        (top, "finished"), (one, "finished"),
    ]  # fmt: skip
    assert found["unblocked"] == [{"id": after, "title": "After"}]


def test_a_review_needs_neither_database_nor_config(branch: Repo, tmp_path: Path) -> None:
    """In a fresh clone, as in CI, it is the same; nothing is written there."""
    task = ids(branch)
    branch.ok("claim", task["Bytes"])
    branch.ok("done", task["Bytes"])
    branch.write("other.py", "")
    branch.commit("Work")
    said = branch.jetpack("review", RANGE, "--format", "markdown")
    branch.git("switch", "--quiet", "main")
    branch.git("clone", "--quiet", ".", str(tmp_path / "ci"))
    there = Repo(tmp_path / "ci")
    there.git("switch", "--quiet", "feature")
    again = there.jetpack("review", "origin/main...HEAD", "--format", "markdown")
    assert (again.code, again.out) == (said.code, said.out)
    assert there.jetpack("review", "--format", "markdown").out == said.out
    assert there.git("status", "--porcelain") == ""
    assert not (there.path / ".jetpack" / "jetpack.db").exists()


def test_check_fails_on_what_the_config_calls_an_error(branch: Repo) -> None:
    """The config of the base counts: a branch cannot excuse itself."""
    branch.write("other.py", "")
    branch.commit("No task")
    said = branch.jetpack("review", RANGE, "--check", "--json")
    assert (said.code, findings(said.json)) == (
        0, {"undeclared": ["other.py"], "no_task": [branch.git("rev-parse", "HEAD")[:12]]},
    )  # fmt: skip
    config = (branch.path / ".jetpack" / "config.yaml").read_text()
    branch.git("switch", "--quiet", "main")
    branch.write(".jetpack/config.yaml", config + "review:\n  undeclared: error\n  no_task: off\n")
    branch.commit("Stricter")
    branch.git("switch", "--quiet", "feature")
    branch.write(".jetpack/config.yaml", config + "review:\n  undeclared: off\n")
    branch.commit("Laxer")
    said = branch.jetpack("review", RANGE, "--check", "--json")
    assert (said.code, findings(said.json), said.json["errors"]) == (
        1, {"undeclared": ["other.py"]}, 1,
    )  # fmt: skip
    assert branch.jetpack("review", RANGE).code == 0


def test_suspicious_changes_are_told(branch: Repo) -> None:
    """Going backwards, against the log, in circles, and files that cannot be read."""
    task = ids(branch)
    for title in ("Bytes", "Lines"):
        branch.ok("claim", task[title])
        branch.ok("done", task[title])
    branch.commit("Work")
    branch.git("branch", "--quiet", "--force", "main")
    change(branch, task["Bytes"], "status: completed", "status: pending")
    change(branch, task["Words"], "status: pending", "status: completed")
    new = branch.add("New")
    change(branch, new, "order: 0", f"depends:\n  - {new}\n  - jp-none")
    for ending in ("md", "log"):
        (branch.path / f".tasks/{task['Lines']}.{ending}").unlink()
    branch.write(f".tasks/{task['Bytes']}.log", "")
    branch.write(".tasks/jp-bad.md", "---\nid: jp-bad\ntitle: a\npriority: 9\n---\n")
    branch.write(".tasks/jp-torn.md", "---\n<<<<<<< a\nid: jp-torn\n=======\n>>>>>>> b\n---\n")
    (branch.path / ".tasks/jp-link.md").symlink_to("/etc/passwd")
    branch.commit("By hand", JETPACK_NO_LOAD="1")
    said = branch.jetpack("review", RANGE, "--check", "--json")
    assert (said.code, findings(said.json)) == (1, {
        "markers": [".tasks/jp-torn.md"],
        "unreadable": [".tasks/jp-bad.md", ".tasks/jp-link.md"],
        "cycle": [new],
        "missing": [new],
        "deleted": [task["Lines"]],
        "reopened": [task["Bytes"]],
        "log_changed": [task["Bytes"]],
        "hand_edited": [task["Words"]],
    })  # fmt: skip


def test_code_that_somebody_else_was_at_work_on_is_told(branch: Repo) -> None:
    """By the log of the task that declares it, and where there is a database by reservations."""
    task = ids(branch)
    branch.ok("claim", task["Bytes"], "--as", "Maya")
    branch.commit("Claimed")
    branch.git("branch", "--quiet", "--force", "main")
    branch.ok("reserve", "lib/**", "--as", "Maya")
    branch.write("bytes.py", "b = 1\n")
    branch.write("lib/a.py", "a = 1\n")
    branch.git("add", "--all")
    branch.git("commit", "--quiet", "--no-verify", "-m", "Not mine\n\nJetpack-Task: jp-x")
    found = branch.ok("review", RANGE)
    assert findings(found)["reserved"] == ["bytes.py", "lib/a.py"]
    database = branch.path / ".jetpack" / "jetpack.db"
    shutil.move(database, database.with_suffix(".away"))
    assert findings(branch.ok("review", RANGE))["reserved"] == ["bytes.py"]


def test_an_agents_own_reservation_is_none_of_somebody_else(branch: Repo) -> None:
    """The holder of the task in the commit may change what it has reserved."""
    task = ids(branch)
    branch.ok("claim", task["Bytes"], "--as", "Maya")
    branch.ok("reserve", "bytes.py", "--as", "Maya", "--task", task["Bytes"])
    branch.write("bytes.py", "b = 1\n")
    branch.ok("done", task["Bytes"], "--as", "Maya")
    assert branch.commit("Mine").code == 0
    assert findings(branch.ok("review", RANGE)) == {}


def test_where_there_is_no_base_it_says_so(repo: Repo, tmp_path: Path) -> None:
    """A clone too shallow says what to fetch; an unknown commit is named."""
    repo.commit("Second")
    for number in range(3):
        repo.git("commit", "--quiet", "--allow-empty", "-m", str(number))
    repo.git("branch", "old", "HEAD~2")
    said = repo.jetpack("review", "nowhere...HEAD")
    assert (said.code, said.err.split("\n")[0]) == (2, "error: There is no commit 'nowhere'.")
    assert repo.jetpack("review", "--", "--output=x").code == 2
    url = f"file://{repo.path}"
    repo.git("clone", "--quiet", "--depth=1", "--no-single-branch", url, str(tmp_path / "ci"))
    said = Repo(tmp_path / "ci").jetpack("review", "origin/old...HEAD")
    assert said.code == 2
    assert "too shallow" in said.err
    assert "--unshallow" in said.err


def test_untrusted_text_cannot_forge_markdown(branch: Repo) -> None:
    """What tasks, commits and files are called stays in code spans of one line."""
    task = ids(branch)
    evil = "`x` ``y`` @everyone closes #1 <img src=x> [a](http://b)\n## Forged\r\n- \x1b[31m\u202e"
    branch.ok("edit", task["Words"], "--title", evil, "-d", evil)
    branch.ok("claim", task["Bytes"], "--as", "@everyone #1")
    branch.ok("done", task["Bytes"], "--as", "@everyone #1", "-m", evil)
    branch.write("a`b @x.py", "")
    branch.commit("Subject @everyone #1 `")
    said = branch.jetpack("review", RANGE, "--format", "markdown").out
    assert outside_code(said).isprintable()
    for one in ("@", "#1", "<img", "](", "Forged", "http"):
        assert one not in outside_code(said)
    assert "\x1b" not in branch.jetpack("review", RANGE).out


def outside_code(text: str) -> str:
    """The text without code spans, headings of ours and the mark, as CommonMark reads it."""
    import re

    found = []
    for line in text.removeprefix(markdown.MARK).split("\n"):
        found.append(re.sub(r"(?<!`)(`+)(?!`)(.+?)(?<!`)\1(?!`)", "", line))
        assert "`" not in found[-1], line
    return " ".join(found)


@given(st.text(max_size=60))
def test_a_code_span_is_one_line_and_closes(text: str) -> None:
    """Whatever is in it."""
    span = markdown.code(text)
    assert span.isprintable()
    assert outside_code(f"a {span} b").split() == ["a", "b"]


def test_a_long_review_stays_below_what_a_comment_holds() -> None:
    """It shows less of each list, and says how much it left out."""
    entries = tuple(
        Entry(f"jp-{number:04}", "x" * 500, "finished", by=("y" * 500,), summary="z" * 500)
        for number in range(3000)
    )
    text = markdown.markdown(Review("a" * 40, "b" * 40, entries))
    assert len(text) <= markdown.LONGEST
    assert "more of 3000" in text


def test_each_oddity_is_a_setting() -> None:
    """In the config, in the headings and in the documentation."""
    docs = (Path(__file__).parents[1] / "docs" / "review.md").read_text()
    assert tuple(ODDITIES) == ReviewConfig._fields
    for kind, level in ReviewConfig()._asdict().items():
        assert f"| `{kind}` | {level} | {ODDITIES[kind]} |\n" in docs


TITLES = st.text(
    st.characters(exclude_categories=["Cs", "Cc"]) | st.sampled_from("\"\\:#'- "), min_size=1
).filter(lambda one: one.strip())


@given(TITLES, st.sets(TITLES, max_size=3), st.sampled_from([None, "jp-1"]))
def test_the_short_reading_of_a_file_is_that_of_the_long_one(
    title: str, files: set[str], parent: str | None
) -> None:
    """What is in no need of YAML is read without it, and says the same."""
    task = Task("jp-0", title, parent_id=parent, files=tuple(files), depends=("jp-2", "jp-3"))
    data = text.task_text(task).encode()
    assert board.brief(data, "jp-0.md") == board.of(read.task(data, "jp-0.md").task)


VALUES = st.sampled_from(
    ["a", "null", "~", '"q"', "'x'", "a: b", "a #b", "[x]", "é", "", "1", "a "]
)


@given(st.lists(st.tuples(st.sampled_from(["status", "parent", "files", "x", "title"]), VALUES)))
def test_a_file_by_hand_is_read_shortly_or_whole(lines: list[tuple[str, str]]) -> None:
    """The same task; of a fault in what does not matter to others, nothing need be said."""
    text = "".join(f"{key}: {value}\n" for key, value in lines)
    data = f"---\nid: jp-0\n{text}---\nstatus: no\n".encode()

    def said(call: Callable[[], object]) -> object:
        try:
            return call()
        except BadInput as error:
            return error.message

    wanted = said(lambda: board.of(read.task(data, "jp-0.md").task))
    found = said(lambda: board.brief(data, "jp-0.md"))
    assert found == wanted or (isinstance(wanted, str) and isinstance(found, board.Brief))
