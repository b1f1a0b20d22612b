"""Clones that are not as usual: what of the task files works in them."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from conftest import Repo
from sync_tools import NOTHING


@pytest.fixture
def past(repo: Repo) -> Repo:
    """A repository with a task that some commits have changed."""
    repo.git("config", "uploadpack.allowFilter", "true")
    one = repo.add("One")
    repo.commit("Task")
    for title in ("Two", "Three"):
        repo.ok("edit", one, "--title", title)
        repo.commit(title)
    return repo


def clone(repo: Repo, place: Path, *args: str) -> Repo:
    """A clone that is set up."""
    repo.git("clone", "--quiet", *args, f"file://{repo.path}", str(place))
    made = Repo(place)
    made.ok("init")
    return made


def titles(repo: Repo, *args: str) -> list[str]:
    """The titles of all tasks."""
    return [one["title"] for one in repo.ok("list", *args)["tasks"]]


def test_a_shallow_clone(past: Repo, tmp_path: Path) -> None:
    """It loads, and what a pull brings merges with what was changed here."""
    here = clone(past, tmp_path / "clone", "--depth=1")
    one = here.ok("list")["tasks"][0]["id"]
    here.ok("edit", one, "-p", "0")
    here.commit("Here")
    past.ok("edit", one, "--title", "Four")
    past.commit("There")
    here.git("fetch", "--quiet", "--deepen=5")
    here.git("merge", "--quiet", "--no-edit", "FETCH_HEAD")
    task = here.ok("show", one)["task"]
    assert (task["title"], task["priority"]) == ("Four", 0)
    assert here.ok("sync") == NOTHING
    assert here.ok("doctor")["findings"] == []


def test_a_partial_clone(past: Repo, tmp_path: Path) -> None:
    """What it lacks is fetched where it is asked for."""
    here = clone(past, tmp_path / "clone", "--filter=blob:none")
    assert titles(here) == ["Three"]
    assert titles(here, "--at", "HEAD~2") == ["One"]
    (task,) = here.ok("review", "HEAD~2...HEAD")["tasks"]
    assert task["fields"] == [{"field": "title", "before": "One", "after": "Three"}]


def test_a_sparse_checkout_without_the_files(past: Repo, tmp_path: Path) -> None:
    """It says what is missing; nothing is taken for deleted, and they load when they are there."""
    past.git("clone", "--quiet", "--no-checkout", str(past.path), str(tmp_path / "clone"))
    here = Repo(tmp_path / "clone")
    here.git("sparse-checkout", "set", "--no-cone", "/*", "!/.tasks/")
    here.git("checkout", "--quiet", "main")
    said = here.jetpack("init")
    assert said.code == 0
    assert "git sparse-checkout add" in said.err
    assert titles(here) == []
    assert titles(here, "--at", "HEAD") == ["Three"]
    assert here.jetpack("sync", "--json").json["deleted"] == []
    here.git("sparse-checkout", "disable")
    here.ok("sync")
    assert titles(here) == ["Three"]
    here.git("sparse-checkout", "set", "--no-cone", "/*", "!/.tasks/")
    assert here.jetpack("sync", "--json").json["deleted"] == []
    assert titles(here) == ["Three"]


def test_a_submodule(past: Repo, tmp_path: Path) -> None:
    """It has a database and hooks of its own."""
    top = Repo(tmp_path / "top")
    top.path.mkdir()
    top.git("init", "--quiet")
    top.git(
        "-c", "protocol.file.allow=always", "submodule", "--quiet", "add", str(past.path), "sub"
    )
    top.commit("Submodule")
    here = Repo(top.path / "sub")
    here.ok("init")
    one = here.ok("list")["tasks"][0]["id"]
    here.ok("edit", one, "--title", "Four")
    assert here.git("status", "--porcelain") == f"M .tasks/{one}.md"
    here.commit("Four")
    assert here.ok("sync") == NOTHING
    assert titles(past) == ["Three"]


def test_a_repository_with_sha256_objects(tmp_path: Path) -> None:
    """Ids of objects are longer, and all else is the same."""
    (tmp_path / "repo").mkdir()
    here = Repo(tmp_path / "repo")
    here.git("init", "--quiet", "--object-format=sha256")
    here.ok("init")
    one = here.add("One")
    here.commit("Task")
    here.ok("claim", one)
    here.ok("done", one)
    here.commit("Work")
    assert here.ok("sync") == NOTHING
    assert here.ok("doctor")["findings"] == []
    assert [each["change"] for each in here.ok("review", "HEAD~1...HEAD")["tasks"]] == ["finished"]
    assert here.ok("list", "--at", "HEAD~1")["tasks"][0]["status"] == "ready"
    there = clone(here, tmp_path / "clone")
    assert there.ok("show", one)["task"]["status"] == "completed"
    there.ok("edit", one, "--title", "Uno")
    there.commit("Title")
    here.git("pull", "--quiet", str(there.path))
    assert titles(here) == ["Uno"]


@pytest.mark.skipif(os.geteuid() == 0, reason="nothing is read-only to root")
def test_a_read_only_checkout(past: Repo) -> None:
    """As in CI: what needs no database works, and what does says why not."""
    folders = [past.path, *(one for one in past.path.rglob("*") if one.is_dir())]
    for one in folders:
        one.chmod(0o500)
    try:
        assert past.jetpack("review", "HEAD~1...HEAD").code == 0
        assert titles(past, "--at", "HEAD~2") == ["One"]
        assert past.jetpack("list").code in (0, 3)
    finally:
        for one in folders:
            one.chmod(0o700)


def test_an_executable_is_no_task_file(past: Repo) -> None:
    """It is refused, as a link is, unless git cannot tell what is one."""
    (path,) = (past.path / ".tasks").glob("*.md")
    path.write_text(path.read_text().replace("title: Three", "title: Four"))
    path.chmod(0o755)
    said = past.jetpack("sync")
    assert said.code == 2
    assert f"{path.relative_to(past.path)}: this is executable." in said.err
    assert titles(past) == ["Three"]
    past.git("config", "core.fileMode", "false")
    past.ok("init")
    past.ok("sync")
    assert titles(past) == ["Four"]


def test_lines_that_end_otherwise_and_a_mark_before_them(past: Repo) -> None:
    """CRLF and a byte-order mark are read, and gone with the next write."""
    (path,) = (past.path / ".tasks").glob("*.md")
    text = path.read_text().replace("title: Three", "title: Four\nowner: me")
    path.write_bytes(b"\xef\xbb\xbf" + text.replace("\n", "\r\n").encode())
    said = past.ok("sync")
    assert (len(said["updated"]), said["errors"]) == (1, [])
    assert titles(past) == ["Four"]
    past.ok("edit", path.stem, "-d", "x" * 5_000_000)
    written = path.read_bytes()
    assert b"\r" not in written
    assert written.startswith(b"---\nid: ")
    assert b"owner: me\n" in written
    assert past.ok("sync") == NOTHING
