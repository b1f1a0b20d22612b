"""Files that git could not merge, and tasks that met under one id."""

from __future__ import annotations

from pathlib import Path

import pytest
from conftest import Repo
from sync_tools import NOTHING
from sync_tools import file
from sync_tools import mend
from sync_tools import title

from jetpack_git.mirror import twins
from jetpack_git.models.task import Task


@pytest.fixture
def plain(repo: Repo) -> Repo:
    """A repository with a committed task, where git merges by lines."""
    repo.add("One", "-d", "First")
    repo.commit("Set up")
    repo.git("config", "--remove-section", "merge.jetpack")
    return repo


def only(repo: Repo) -> str:
    """The id of the only task."""
    (task,) = repo.ok("list")["tasks"]
    return str(task["id"])


def on_branch(repo: Repo, name: str, *command: str) -> None:
    """A branch from main on which the command was committed; main is checked out again."""
    repo.git("switch", "--quiet", "-c", name, "main")
    repo.ok("sync", "--from-files")
    repo.ok(*command)
    repo.commit(name)
    repo.git("switch", "--quiet", "main")
    repo.ok("sync", "--from-files")


@pytest.mark.parametrize(
    ("style", "stages"), [("merge", True), ("merge", False), ("diff3", False), ("zdiff3", False)]
)
def test_sync_merges_what_git_could_not(plain: Repo, style: str, stages: bool) -> None:
    """By field, and says where both sides differ; with the versions of the index or without."""
    one = only(plain)
    plain.git("config", "merge.conflictStyle", style)
    on_branch(plain, "a", "edit", one, "--title", "A title", "-p", "0", "--label", "x")
    on_branch(plain, "b", "edit", one, "--title", "Another", "--estimate", "2h")
    plain.git("merge", "--quiet", "a")
    plain.git("merge", "b", check=False)
    assert "<<<<<<< " in file(plain, one).read_text()
    if not stages:
        text = file(plain, one).read_text()
        plain.git("reset", "--quiet", "--hard")
        plain.write(f".tasks/{one}.md", text)
    said = plain.jetpack("sync", "--json")
    assert said.code == 1
    text = file(plain, one).read_text()
    for line in ("title: Another\n", "priority: 0\n", 'estimate: "2h"\n', "  - x\n"):
        assert line in text
    assert said.json["warnings"] == [
        f".tasks/{one}.md: what git could not merge is merged by field. "
        f"Stage it: git add .tasks/{one}.md"
    ]
    kept = {each["field"]: each for each in plain.ok("conflicts")["conflicts"]}
    assert (kept["title"]["ours"], kept["title"]["theirs"]) == ("A title", "Another")
    plain.ok("resolve", str(kept["title"]["number"]), "--ours")
    assert "title: A title\n" in file(plain, one).read_text()
    plain.commit("Merged")
    assert plain.ok("sync") == NOTHING
    assert plain.git("status", "--porcelain") == ""


def test_markers_that_make_no_sides_are_named(plain: Repo) -> None:
    """And the file stays as it is."""
    one = only(plain)
    mend(plain, one, "title: One", "<<<<<<< a\ntitle: One\n=======\nowner: x\n>>>>>>> b")
    before = file(plain, one).read_bytes()
    said = plain.jetpack("sync")
    assert (said.code, f".tasks/{one}.md:3: a conflict marker" in said.err) == (2, True)
    assert file(plain, one).read_bytes() == before


def test_a_plan_merges_by_field(repo: Repo) -> None:
    """With the driver; and by sync where git knew none."""
    repo.write("plan.md", "- One\n")
    repo.ok("load", "plan.md")
    repo.commit("Plan")
    (path,) = (repo.path / ".tasks" / "plans").glob("*.md")

    def branch(name: str, old: str, new: str) -> None:
        repo.git("switch", "--quiet", "-c", name, "main")
        path.write_text(path.read_text().replace(old, new))
        repo.commit(name)
        repo.git("switch", "--quiet", "main")

    branch("a", "title: plan", "title: A plan")
    branch("b", "source: plan.md", "source: other.md")
    branch("c", "title: plan", "title: Another plan")
    repo.git("merge", "--quiet", "--no-edit", "a")
    repo.git("merge", "--quiet", "--no-edit", "b")
    assert "title: A plan\nsource: other.md\n" in path.read_text()
    repo.git("config", "--remove-section", "merge.jetpack")
    repo.git("merge", "c", check=False)
    assert "<<<<<<<" in path.read_text()
    repo.ok("sync")
    assert "title: Another plan\nsource: other.md\n" in path.read_text()
    assert repo.ok("plan", "list")["plans"][0]["title"] == "Another plan"


TWIN = "---\nid: {}\ntitle: {}\ncreated: {}\nstatus: pending\norder: 0\npriority: 2\n---\n"
EARLY, LATE = "2020-01-01T00:00:00.000Z", "2030-01-01T00:00:00.000Z"


def two_clones(repo: Repo, tmp_path: Path, ours: str, theirs: str) -> tuple[Repo, Repo, str]:
    """Two clones with a task each under one id, and others that wait for these."""
    repo.commit("Set up")
    repo.git("clone", "--quiet", str(repo.path), str(tmp_path / "clone"))
    other = Repo(tmp_path / "clone")
    other.ok("init")
    for place, name, created in ((repo, "Ours", ours), (other, "Theirs", theirs)):
        place.write(".tasks/jp-same.md", TWIN.format("jp-same", name, created))
        place.ok("sync")
        waiting = place.add(f"After {name.lower()}", "--depends", "jp-same")
        place.add(f"Part of {name.lower()}", "--parent", waiting)
        place.commit(name)
    twin = Task(
        id="jp-same", title="Ours" if ours > theirs else "Theirs", created_at=max(ours, theirs)
    )
    return repo, other, twins.new_id(twin)


@pytest.mark.parametrize(("ours", "theirs"), [(EARLY, LATE), (LATE, EARLY)])
def test_two_tasks_under_one_id_both_live_on(
    repo: Repo, tmp_path: Path, ours: str, theirs: str
) -> None:
    """The younger gets a new id, the same everywhere; what waits for it follows."""
    here, there, new = two_clones(repo, tmp_path, ours, theirs)
    here.git("pull", "--quiet", "--no-rebase", str(there.path), "main", check=False)
    said = here.ok("sync")
    assert any(new in one for one in said["warnings"]), said
    here.commit("Merged")
    there.git("pull", "--quiet", "--no-rebase", str(here.path), "main", check=False)
    there.ok("sync")
    for place in (here, there):
        tasks = {one["title"]: one for one in place.ok("list", "-n", "0")["tasks"]}
        assert len(tasks) == 6
        ids = {name: tasks[name]["id"] for name in ("Ours", "Theirs")}
        late = "Ours" if ours > theirs else "Theirs"
        assert (ids.pop(late), *ids.values()) == (new, "jp-same")
        for name in ("Ours", "Theirs"):
            assert tasks[f"After {name.lower()}"]["depends"] == [tasks[name]["id"]]
        assert place.ok("sync") == NOTHING
        assert [one for one in place.ok("doctor")["findings"] if one["check"] == "mirror"] == []
    assert here.git("rev-parse", "HEAD:.tasks") == there.git("rev-parse", "HEAD:.tasks")


def test_one_task_that_was_brought_in_twice_stays_one(repo: Repo, tmp_path: Path) -> None:
    """Under one title; the earlier time holds."""
    repo.commit("Set up")
    for created in (LATE, EARLY):
        repo.write(".tasks/jp-same.md", TWIN.format("jp-same", "Same", created))
        repo.ok("sync")
    assert [one["id"] for one in repo.ok("list")["tasks"]] == ["jp-same"]


def test_a_change_of_the_prefix_renames(repo: Repo, tmp_path: Path) -> None:
    """The tasks keep what the files do not say, and what names them follows."""
    one = repo.add("One")
    two = repo.add("Two", "--depends", one, "--parent", repo.add("Top"))
    repo.ok("claim", one, "--as", "Maya")
    repo.commit("Tasks")
    repo.git("clone", "--quiet", str(repo.path), str(tmp_path / "clone"))
    there = Repo(tmp_path / "clone")
    there.ok("init")
    there.ok("reserve", "a.py", "--task", one, "--as", "Maya")
    for path in sorted((repo.path / ".tasks").glob("jp-*")):
        text = path.read_text().replace("jp-", "abc-")
        path.unlink()
        (path.parent / path.name.replace("jp-", "abc-")).write_text(text)
    repo.git("add", "--all")
    repo.git("commit", "--quiet", "--no-verify", "-m", "Another prefix")
    there.git("pull", "--quiet")
    new = {old: old.replace("jp-", "abc-") for old in (one, two)}
    task = there.ok("show", new[two])["task"]
    assert task["depends"] == [new[one]]
    assert task["parent_id"].startswith("abc-")
    assert {each["id"][:4] for each in there.ok("list")["tasks"]} == {"abc-"}
    assert there.ok("reservations")["reservations"][0]["task_id"] == new[one]
    assert "claimed" in [
        each["kind"].removeprefix("task.") for each in there.ok("log", new[one])["events"]
    ]
    assert there.ok("search", "Two")["tasks"][0]["id"] == new[two]
    assert there.git("status", "--porcelain") == ""
    assert there.ok("sync") == NOTHING
    assert title(there, new[one]) == "One"
    assert there.ok("doctor")["findings"] == []
