"""Between clones the files are right: pulls, fresh clones, old commits, lost databases."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.conftest import Repo

VISIBLE = (
    "id", "title", "description", "status", "priority", "parent_id", "position", "plan_id",
    "plan_key", "skills", "files", "depends", "estimate_s", "assignee", "branch", "summary",
    "created_at", "children", "blockers",
)  # fmt: skip
PLAN = """\
# Checkout

## Cart
- Second is first here [skills: sql, go] [files: a.py, b/**] [estimate: 1h30m]
- "Quoted": and `code` [priority: high]
  - Nested [depends: Pay]

## Pay
- Card
- [x] Cash
"""


def tasks(repo: Repo) -> list[dict[str, Any]]:
    """What a clone says of its tasks, oldest first, without what no file says."""
    found = repo.ok("list", "-n", "0")["tasks"]
    return [{key: task[key] for key in VISIBLE if key in task} for task in found]


def logs(repo: Repo) -> dict[str, list[tuple[str, ...]]]:
    """What happened to each task, as far as its log file keeps it."""
    kinds = {"task.claimed", "task.begun", "task.completed", "task.failed", "task.released"}
    return {
        task["id"]: [
            (event["at"], event["kind"], event["agent"], event["note"])
            for event in repo.ok("log", task["id"])["events"]
            if event["kind"] in kinds
        ]
        for task in repo.ok("list", "-n", "0")["tasks"]
    }


@pytest.fixture(autouse=True)
def _by_hand(monkeypatch: pytest.MonkeyPatch) -> None:
    """The hooks leave the loading to `sync`, whose answer is looked at."""
    monkeypatch.setenv("JETPACK_NO_LOAD", "1")


@pytest.fixture
def origin(repo: Repo) -> Repo:
    """A repository with a plan that is partly done, all of it committed."""
    repo.write("plan.md", PLAN)
    repo.ok("load", "plan.md")
    found = {task["title"]: task["id"] for task in repo.ok("list", "-n", "0")["tasks"]}
    repo.ok("claim", found["Card"])
    repo.ok("done", found["Card"], "-m", "with\ta tab")
    repo.ok("claim", found["Second is first here"], "--as", "Grace")
    repo.commit("Work", JETPACK_AGENT="Ada")
    return repo


def clone(origin: Repo, path: Path) -> Repo:
    """A fresh clone, set up."""
    origin.git("clone", "--quiet", str(origin.path), str(path))
    made = Repo(path)
    made.ok("init")
    return made


def test_a_fresh_clone_has_everything(origin: Repo, tmp_path: Path) -> None:
    """Tasks, plans, dependencies, parents' statuses, logs, order and ages come from the files."""
    made = clone(origin, tmp_path / "clone")
    assert tasks(made) == tasks(origin)
    assert logs(made) == logs(origin)
    assert made.ok("ready")["tasks"][0]["id"] == origin.ok("ready")["tasks"][0]["id"]
    assert made.git("status", "--porcelain") == ""
    found = made.jetpack("doctor", "--json")
    assert (found.code, [one["check"] for one in found.json["findings"]]) == (1, ["agents"])
    assert "held by Grace, whom this clone never saw." in found.json["findings"][0]["problem"]
    assert made.ok("load", "plan.md")["added"] == []


def test_a_lost_database_is_rebuilt(origin: Repo) -> None:
    """`init` brings back all that the files say; before, every command says what to run."""
    wanted, happened = tasks(origin), logs(origin)
    for one in (origin.path / ".jetpack").glob("jetpack.db*"):
        one.unlink()
    told = origin.jetpack("list")
    assert (told.code, told.err.split("\n")[1]) == (
        3, "hint: Set up this clone with: git jetpack init",
    )  # fmt: skip
    assert len(origin.ok("init")["added"]) == len(wanted)
    assert tasks(origin) == wanted
    assert logs(origin) == happened
    assert origin.ok("sync")["updated"] == []


def test_a_pull_brings_the_news_and_old_commits_none(origin: Repo, tmp_path: Path) -> None:
    """Versions that were passed over in between are old, too; nothing goes backwards."""
    made = clone(origin, tmp_path / "clone")
    one = origin.add("News")
    origin.commit("1", JETPACK_AGENT="Ada")
    for title in ("Newer", "Newest"):
        origin.ok("edit", one, "--title", title)
        origin.commit(title, JETPACK_AGENT="Ada")
    made.git("pull", "--quiet")
    assert made.ok("sync")["added"] == [one]
    assert tasks(made) == tasks(origin)
    for commit in ("HEAD~1", "HEAD~1", "HEAD~1", "main"):
        made.git("checkout", "--quiet", commit)
        assert made.ok("sync")["updated"] == []
        assert made.ok("show", one)["task"]["title"] == "Newest"
    assert tasks(made) == tasks(origin)


def test_a_fresh_clone_does_not_go_backwards(origin: Repo, tmp_path: Path) -> None:
    """Commits from before the clone was made bring no news."""
    one = origin.add("Old")
    origin.commit("Old", JETPACK_AGENT="Ada")
    origin.ok("edit", one, "--title", "New")
    origin.commit("New", JETPACK_AGENT="Ada")
    made = clone(origin, tmp_path / "clone")
    made.git("checkout", "--quiet", "HEAD~1")
    assert made.ok("sync")["updated"] == []
    assert made.ok("show", one)["task"]["title"] == "New"
    checked = made.jetpack("doctor", "--json").json["findings"]
    assert [one["outcome"] for one in checked] == ["yours", "note"]
    made.ok("sync", "--from-files", one)
    assert made.ok("show", one)["task"]["title"] == "Old"


@pytest.mark.parametrize("how", ["--no-rebase", "--rebase"])
def test_work_in_two_clones_comes_together(origin: Repo, tmp_path: Path, how: str) -> None:
    """Different tasks, and different fields of one task, merge without a conflict."""
    first, second = origin.add("First"), origin.add("Second", "-d", "Text")
    origin.commit("More", JETPACK_AGENT="Ada")
    made = clone(origin, tmp_path / "clone")
    origin.ok("edit", first, "--title", "By origin", "-p", "0")
    origin.ok("edit", second, "--title", "Title by origin")
    origin.commit("Origin", JETPACK_AGENT="Ada")
    made.ok("claim", first, "--as", "Ada")
    made.ok("done", first, "--as", "Ada", "-m", "Well")
    made.ok("edit", second, "-d", "Text by clone")
    made.commit("Clone", JETPACK_AGENT="Ada")
    made.git("pull", "--quiet", "--no-edit", how)
    assert sorted(made.ok("sync")["updated"]) == sorted([first, second])
    merged = made.ok("show", second)["task"]
    assert (merged["title"], merged["description"]) == ("Title by origin", "Text by clone")
    merged = made.ok("show", first)["task"]
    assert (merged["title"], merged["priority"]) == ("By origin", 0)
    assert (merged["status"], merged["summary"]) == ("completed", "Well")
    assert made.ok("sync")["updated"] == []


def test_another_branch_is_no_later_version(origin: Repo, tmp_path: Path) -> None:
    """A branch made from an older version does not undo what the row has since."""
    one = origin.add("Base")
    origin.commit("Base", JETPACK_AGENT="Ada")
    made = clone(origin, tmp_path / "clone")
    made.git("checkout", "--quiet", "-b", "side")
    made.ok("edit", one, "-d", "By side")
    made.commit("Side", JETPACK_AGENT="Ada")
    origin.ok("edit", one, "--title", "By main")
    origin.commit("Main", JETPACK_AGENT="Ada")
    origin.git("fetch", "--quiet", str(made.path), "side:side")
    origin.git("checkout", "--quiet", "side")
    text = (origin.path / f".tasks/{one}.md").read_text()
    assert origin.ok("sync")["updated"] == [one]
    assert origin.ok("show", one)["task"]["title"] == "By main"
    assert (origin.path / f".tasks/{one}.md").read_text() == text
    origin.git("checkout", "--quiet", "main")
    assert origin.ok("sync")["updated"] == []
    origin.git("merge", "--quiet", "--no-edit", "side", JETPACK_AGENT="Ada")
    assert origin.ok("sync")["updated"] == []
    assert origin.ok("show", one)["task"]["title"] == "By main"
    assert origin.ok("show", one)["task"]["description"] == "By side"


def test_another_worktree_brings_its_branch(origin: Repo, tmp_path: Path) -> None:
    """What is merged from a worktree of the same clone is known already."""
    one = origin.add("One")
    origin.commit("One", JETPACK_AGENT="Ada")
    origin.git("worktree", "add", "--quiet", str(tmp_path / "linked"))
    linked = Repo(tmp_path / "linked")
    linked.ok("claim", one)
    linked.ok("done", one)
    linked.commit("Done", JETPACK_AGENT="Ada")
    assert origin.jetpack("doctor", "--json").json["findings"][-1]["outcome"] == "note"
    origin.git("merge", "--quiet", "linked")
    assert origin.ok("sync")["updated"] == []
    assert origin.ok("show", one)["task"]["status"] == "completed"


def test_a_sound_database_is_rebuilt_where_somebody_asks_for_it(origin: Repo) -> None:
    """It is set aside, not while an agent works, and a dry run changes nothing."""
    before, events = tasks(origin), logs(origin)
    origin.ok("reserve", "a.py")
    assert origin.jetpack("doctor", "--rebuild", "--dry-run").code == 1
    assert origin.ok("reservations")["total"] == 1
    said = origin.jetpack("doctor", "--rebuild")
    assert "mail and agents are lost with it" in said.out
    assert (said.code, "Grace, whom this clone never saw" in said.out) == (1, True)
    assert (tasks(origin), logs(origin)) == (before, events)
    assert origin.ok("reservations")["total"] == 0
    assert len(list((origin.path / ".jetpack").glob("jetpack.db.??????"))) == 1
