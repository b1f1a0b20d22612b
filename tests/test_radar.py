"""Branches that will conflict are known early, and whom it concerns is told once."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest
from conftest import Repo
from swarm_tools import add
from swarm_tools import commit_tasks
from swarm_tools import opened
from swarm_tools import shell
from swarm_tools import start

from jetpack_git.models.message import Message
from jetpack_git.swarm import radar
from jetpack_git.work.agents import Agents
from jetpack_git.work.mail import Mail
from jetpack_git.work.swarms import Swarms

QUIET = ["for-each-ref"] * 2
LINES = "".join(f"{number}\n" for number in range(20))


@pytest.fixture
def ids(repo: Repo) -> list[str]:
    """Three tasks in progress: of maya, noor and omar, each with a branch of that name."""
    for name in ("long.txt", "other.txt"):
        repo.write(name, LINES)
    found = [add(repo, f"Task of {name}") for name in ("maya", "noor", "omar")]
    commit_tasks(repo)
    for one, name in zip(found, ("maya", "noor", "omar"), strict=True):
        repo.git("branch", name)
        with opened(repo) as workspace:
            workspace.tasks.set_branch(one, name)
            Agents(workspace.db).meet(name)
            workspace.tasks.claim(one, agent=name)
    commit_tasks(repo)
    return found


def change(repo: Repo, branch: str, file: str, line: int, text: str | None = None) -> None:
    """One line of the file is another one on the branch."""
    quick = ("-c", "core.hooksPath=/dev/null")
    repo.git(*quick, "switch", "-q", branch)
    lines = (repo.path / file).read_text().splitlines()
    lines[line] = text or branch
    repo.write(file, "\n".join(lines) + "\n")
    repo.git(*quick, "commit", "-qam", f"{file} {line}")
    repo.git(*quick, "switch", "-q", "main")


def mail(repo: Repo, agent: str) -> list[Message]:
    """What the agent was told of conflicts, the first first."""
    with opened(repo) as workspace:
        found, _ = Mail(workspace.db).inbox(agent)
    return [one for one in reversed(found) if one.type == radar.KIND]


def test_both_sides_of_a_conflict_are_told_once(repo: Repo, ids: list[str]) -> None:
    """And again when it is about other paths, or comes back; exit status 1 while there is one."""
    maya, noor, _ = ids
    change(repo, "maya", "long.txt", 3)
    change(repo, "noor", "long.txt", 15)
    change(repo, "omar", "other.txt", 3)
    quiet = repo.jetpack("radar")
    assert (quiet.code, quiet.out) == (0, "No branches conflict.\n")
    change(repo, "noor", "long.txt", 3)
    told = repo.jetpack("radar")
    assert told.code == 1
    first, second = sorted([f"{maya} (maya)", f"{noor} (noor)"])
    assert told.out == f"{first} and {second}: long.txt\n"
    document = repo.jetpack("radar", "--json").json
    (conflict,) = document["conflicts"]
    assert (document["total"], document["has_more"]) == (1, False)
    assert {one["id"] for one in conflict["tasks"]} == {maya, noor}
    assert conflict["paths"] == ["long.txt"]
    (message,) = mail(repo, "maya")
    assert message.payload == {"files": ["long.txt"], "task_id": maya, "holder": "noor"}
    assert (message.sender, message.task_id) == ("git-jetpack", maya)
    assert message.subject == "maya will conflict with noor"
    assert len(mail(repo, "noor")) == 1
    assert mail(repo, "omar") == []
    change(repo, "maya", "long.txt", 4)
    assert repo.jetpack("radar").code == 1
    assert len(mail(repo, "maya")) == 1
    change(repo, "maya", "other.txt", 3)
    assert repo.jetpack("radar").out.count("\n") == 2
    assert [one.payload["files"] for one in mail(repo, "omar")] == [["other.txt"]]
    assert [one.payload["holder"] for one in mail(repo, "maya")] == ["noor", "omar"]
    change(repo, "noor", "other.txt", 3)
    assert repo.jetpack("radar").out.count("\n") == 3
    assert [one.payload["files"] for one in mail(repo, "noor")][1:] in (
        [["long.txt", "other.txt"], ["other.txt"]], [["other.txt"], ["long.txt", "other.txt"]],
    )  # fmt: skip
    repo.ok("release", noor, "--as", "noor")
    repo.ok("release", maya, "--as", "maya")
    assert repo.jetpack("radar").code == 0


def test_what_the_base_has_and_what_builds_on_each_other_is_no_conflict(
    repo: Repo, ids: list[str]
) -> None:
    """Nor are files of tasks, which the database decides."""
    change(repo, "maya", "long.txt", 3)
    repo.git("branch", "-f", "noor", "maya")
    change(repo, "noor", "long.txt", 3)
    name = f".tasks/{ids[0]}.md"
    for branch in ("maya", "omar"):
        change(repo, branch, name, 1, f"title: {branch}")
    assert repo.jetpack("radar").code == 0
    change(repo, "omar", "long.txt", 3)
    assert repo.jetpack("radar").out.count("\n") == 2
    repo.git("merge", "-q", "omar", JETPACK_AGENT="omar")
    assert repo.jetpack("radar").out == "No branches conflict.\n"


def test_only_what_moved_and_meets_is_compared(repo: Repo, ids: list[str], tmp_path: Path) -> None:
    """Without a move git is asked for tips alone; what was too much is done the next time."""
    calls = tmp_path / "calls"
    (tmp_path / "bin").mkdir()
    wrapper = tmp_path / "bin/git"
    wrapper.write_text(f'#!/bin/sh\necho "$3" >> {calls}\nexec {shutil.which("git")} "$@"\n')
    wrapper.chmod(0o755)
    before = os.environ["PATH"]

    def scan(at_most: int | None = None) -> list[str]:
        """The git commands of one scan."""
        calls.write_text("")
        os.environ["PATH"] = f"{wrapper.parent}:{before}"
        try:
            with opened(repo) as workspace:
                radar.scan(workspace, at_most=at_most)
        finally:
            os.environ["PATH"] = before
        return calls.read_text().split()

    with opened(repo) as workspace:
        Swarms(workspace.db).begin(base="main", size=1)
    for branch in ("maya", "noor", "omar"):
        change(repo, branch, "long.txt", 3)
    assert scan(at_most=1).count("merge-tree") == 1
    assert scan().count("merge-tree") == 2
    assert repo.jetpack("radar").out.count("\n") == 3
    assert scan() == QUIET
    change(repo, "omar", "other.txt", 1)
    assert scan().count("merge-tree") == 2
    change(repo, "maya", "other.txt", 1)
    assert scan().count("merge-tree") == 2
    add(repo, "Nobody's")
    assert scan() == QUIET
    assert len(mail(repo, "maya")) == 3


def test_a_swarm_does_it_by_itself(repo: Repo) -> None:
    """Its agents are told while both are at work."""
    repo.write(".jetpack/config.yaml", "swarm:\n  heartbeat: 0.3\n")
    ids = [add(repo, f"Task {number}") for number in range(2)]
    commit_tasks(repo)
    answer = start(
        repo,
        shell("echo $JETPACK_TASK > same.txt; git add -A; git commit -qm Same; sleep 2.5"),
        "-a", "2",
    )  # fmt: skip
    assert answer.code == 0, answer
    assert f"radar: {min(ids)} and {max(ids)} conflict in same.txt" in answer.out
    assert len(mail(repo, "agent-1") + mail(repo, "agent-2")) == 2
