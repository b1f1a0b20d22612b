"""With `--integrate pr` a finished branch is pushed, and has one pull request."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from conftest import Repo
from swarm_tools import AGENTS
from swarm_tools import add
from swarm_tools import check_clean
from swarm_tools import commit_tasks
from swarm_tools import events
from swarm_tools import finished
from swarm_tools import opened
from swarm_tools import shell
from swarm_tools import start
from swarm_tools import task

URLS = {
    "gh": "https://github.com/a/b/pull/7",
    "glab": "https://gitlab.com/a/b/-/merge_requests/3",
}
Install = Callable[..., Path]


@pytest.fixture
def install(repo: Repo, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Install:
    """Puts tools on PATH, and a bare repository of that name where `origin` points to."""

    def install(remote: str, *tools: str) -> Path:
        folder = tmp_path / "tools"
        folder.mkdir()
        text = (AGENTS / "forge.py").read_text()
        for name in tools:
            (folder / name).write_text(f"#!{sys.executable} -S\n{text}")
            (folder / name).chmod(0o755)
        monkeypatch.setenv("PATH", f"{folder}{os.pathsep}{os.environ['PATH']}")
        repo.git("init", "-q", "--bare", str(folder / f"{remote}.git"))
        repo.git("remote", "add", "origin", str(folder / f"{remote}.git"))
        return folder

    return install


def calls(folder: Path) -> list[list[str]]:
    """How the tools were called: name, arguments, and what came on stdin."""
    file = folder / "calls"
    lines = file.read_text().splitlines() if file.exists() else []
    file.unlink(missing_ok=True)
    return [json.loads(line) for line in lines]


def pushed(folder: Path) -> dict[str, str]:
    """The branches and tags that the remote has."""
    remote = Repo(next(folder.glob("*.git")))
    lines = remote.git("for-each-ref", "--format=%(refname) %(objectname)").splitlines()
    return dict(line.split() for line in lines)


def request(repo: Repo) -> str:
    """What a swarm printed that has nothing but pull requests to make."""
    answer = start(repo, "true", "--integrate", "pr")
    assert answer.code == 0, answer
    return answer.out


def test_a_finished_branch_has_a_pull_request(repo: Repo, install: Install) -> None:
    """Titled after the task, with the review as its body; nothing else is pushed."""
    folder = install("github", "gh", "glab")
    one = add(repo, "--draft  `Parse` it\nand more")
    commit_tasks(repo)
    repo.git("tag", "-am", "a tag", "v1")
    repo.git("config", "push.followTags", "true")
    answer = start(repo, shell("echo x > x.txt"), "--integrate", "pr")
    assert answer.code == 0, answer
    branch = str(task(repo, one).branch)
    assert f"requested  {one}" in answer.out
    assert URLS["gh"] in answer.out
    assert pushed(folder) == {f"refs/heads/{branch}": task(repo, one).commit_id}
    listed, made = calls(folder)
    assert listed[:4] == ["gh", "pr", "list", f"--head={branch}"]
    *args, body = made
    assert args == [
        "gh", "pr", "create", "--base=main", f"--head={branch}",
        "--title=--draft `Parse` it and more", "--body-file=-",
    ]  # fmt: skip
    review = repo.jetpack("review", f"main...{branch}", "--format", "markdown")
    assert body == review.out
    assert (task(repo, one).status, events(repo, one)[-1]) == ("completed", "integration.requested")
    assert [each["id"] for each in repo.ok("status")["unmerged"]] == [one]
    assert request(repo).endswith("\nThere was nothing to do.\n")
    assert calls(folder) == []
    check_clean(repo)


@pytest.mark.parametrize(("remote", "tool"), [("github", "gh"), ("gitlab", "glab"), ("a", "glab")])
def test_a_pull_request_is_changed_and_not_doubled(
    repo: Repo, install: Install, remote: str, tool: str
) -> None:
    """Also when it was made a moment before its maker died; one that was decided stays so."""
    folder = install(remote, tool)
    (one,) = finished(repo, "x")
    branch = str(task(repo, one).branch)
    assert URLS[tool] in request(repo)
    _, made = calls(folder)
    assert branch in " ".join(made)
    with opened(repo) as workspace:
        workspace.db.backend.script("DELETE FROM events WHERE kind = 'integration.requested'")
    assert URLS[tool] in request(repo)
    _, changed = calls(folder)
    assert [part for part in changed if part.startswith("--method")] == [
        "--method=PATCH" if tool == "gh" else "--method=PUT"
    ]
    fields = json.loads(changed[-1])
    assert fields["title"] == "Task 0"
    assert "git-jetpack review" in fields["body" if tool == "gh" else "description"]
    known = json.loads((folder / "requests").read_text())
    known[0]["state"] = "MERGED" if tool == "gh" else "merged"
    (folder / "requests").write_text(json.dumps(known))
    with opened(repo) as workspace:
        workspace.db.backend.script("DELETE FROM events WHERE kind = 'integration.requested'")
    assert URLS[tool] in request(repo)
    assert len(calls(folder)) == 1
    assert len(json.loads((folder / "requests").read_text())) == 1


def test_a_branch_that_was_squashed_on_the_server_is_merged(repo: Repo, install: Install) -> None:
    """Once the base here has it, nobody is asked any more."""
    folder = install("github", "gh")
    (one,) = finished(repo, "x")
    repo.git("merge", "-q", "--squash", str(task(repo, one).branch))
    repo.git("commit", "-qm", "Squashed", JETPACK_AGENT="Ada")
    assert f"merged  {one}" in request(repo)
    assert (calls(folder), pushed(folder)) == ([], {})


def test_what_is_missing_is_told_before_any_work(repo: Repo, install: Install) -> None:
    """No remote, no tool, or not the one that the remote's address asks for."""
    one = add(repo, "Task")
    commit_tasks(repo)
    told = start(repo, "true", "--integrate", "pr")
    assert (told.code, "It is not known where to push" in told.err) == (2, True)
    folder = install("gitlab", "gh")
    told = start(repo, "true", "--integrate", "pr")
    assert told.code == 2
    assert f"glab is not there to open a pull request at {folder / 'gitlab.git'}" in told.err
    assert "git push origin BRANCH" in told.err
    repo.git("remote", "set-url", "origin", "https://me:secret@example.org/x")
    (folder / "gh").unlink()
    told = start(repo, "true", "--integrate", "pr")
    assert (
        "Neither gh nor glab is there to open a pull request at https://example.org/x" in told.err
    )
    assert task(repo, one).status == "pending"


def test_a_host_that_refuses_leaves_the_branch_for_later(repo: Repo, install: Install) -> None:
    """Its words are told; the next swarm tries again."""
    folder = install("github", "gh")
    (one,) = finished(repo, "x")
    (folder / "fails").touch()
    answer = start(repo, "true", "--integrate", "pr")
    assert answer.code == 1
    assert "gh pr failed: HTTP 502: not today" in answer.out
    assert events(repo, one)[-1] == "integration.refused"
    (folder / "fails").unlink()
    (folder / "mute").touch()
    assert "gh pr create told no address" in start(repo, "true", "--integrate", "pr").out
    assert URLS["gh"] in request(repo)


def test_only_branches_of_tasks_are_pushed(repo: Repo, install: Install) -> None:
    """Whatever a file says of a task's branch."""
    folder = install("github", "gh")
    (one,) = finished(repo, "x")
    with opened(repo) as workspace:
        workspace.tasks.set_branch(one, "main")
    commit_tasks(repo)
    answer = start(repo, "true", "--integrate", "pr")
    assert (answer.code, "main is no branch that a swarm has made" in answer.out) == (1, True)
    assert (calls(folder), pushed(folder)) == ([], {})
