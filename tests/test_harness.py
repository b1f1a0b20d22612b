"""Whatever a command does, its task ends in order, and nothing of its work is lost."""

from __future__ import annotations

import os
import time
from pathlib import Path

import pytest
from conftest import Repo
from swarm_tools import add
from swarm_tools import check_clean
from swarm_tools import commit_tasks
from swarm_tools import events
from swarm_tools import shell
from swarm_tools import start
from swarm_tools import task

from jetpack_git.errors import BadInput
from jetpack_git.swarm import harness
from jetpack_git.swarm import processes
from jetpack_git.swarm.adapters import command

CONFIG = "swarm:\n  stop_grace: 0.5\n  task_timeout: "


@pytest.fixture
def one(repo: Repo) -> str:
    """The id of the only task; commands get little time to end, and much to work."""
    repo.write(".jetpack/config.yaml", f"{CONFIG}60\n")
    found = add(repo, "Change it")
    commit_tasks(repo)
    return found


def on_branch(repo: Repo, task_id: str, name: str) -> str:
    """The file as the task's branch has it."""
    return repo.git("show", f"{task(repo, task_id).branch}:{name}")


def test_values_never_meet_a_shell() -> None:
    """The template is split first, and filled in afterwards, once."""
    values = dict.fromkeys(command.PLACES, "x") | {"branch": "$(touch y) {agent} '\"", "agent": "b"}
    found = command.of("run '{branch} {agent}' {Other} {} @mode @x").arguments(values)
    assert found == ["run", "$(touch y) {agent} '\" b", "{Other}", "{}", "@x"]


@pytest.mark.parametrize("template", ["", "  ", "run 'half", "run {title}"])
def test_a_template_that_cannot_be_used_is_refused(template: str) -> None:
    """It is empty, cannot be split, or names a place that there is not."""
    with pytest.raises(BadInput):
        command.of(template)


def test_a_command_that_fails_fails_its_task(repo: Repo, one: str) -> None:
    """The reason is kept, and so is what it wrote; its last attempt fails it for good."""
    repo.ok("edit", one, "--max-attempts", "1")
    commit_tasks(repo)
    answer = start(repo, shell("echo half > half.txt; echo no idea; exit 7"))
    assert answer.code == 1
    assert task(repo, one).status == "failed"
    assert "exit status 7: no idea" in repo.jetpack("log", one).out
    assert on_branch(repo, one, "half.txt") == "half"
    assert "Jetpack-Unfinished: true" in repo.git(
        "log", "-1", "--format=%B", task(repo, one).branch
    )
    check_clean(repo)


def test_the_next_attempt_goes_on_where_the_last_one_ended(repo: Repo, one: str) -> None:
    """It finds the work on its branch, and its prompt says so."""
    start(repo, shell("echo half > half.txt; exit 1"))
    repo.ok("release", one)
    commit_tasks(repo)
    copy = repo.path.parent / "prompt"
    answer = start(repo, f"sh -c 'cat half.txt; cp {{prompt_file}} {copy}'", "--integrate", "merge")
    assert answer.code == 0, answer
    text = copy.read_text()
    assert "An earlier attempt has left work on this branch." in text
    assert f"Unfinished work on {one}" in text
    assert (repo.path / "half.txt").read_text() == "half\n"
    check_clean(repo)


@pytest.mark.parametrize(
    "leave", ["sleep 60 &", "setsid sleep 60 &", "(setsid sh -c 'trap \"\" TERM; sleep 60') &"]
)
def test_nothing_that_a_command_started_outlives_it(repo: Repo, one: str, leave: str) -> None:
    """Neither what is in the background, nor what has left its session, nor what is deaf."""
    assert start(repo, shell(f"{leave} sleep 0.2; echo a > b.txt")).code == 0
    assert task(repo, one).status == "completed"


def test_a_command_without_end_is_ended_with_all_its_children(repo: Repo, one: str) -> None:
    """After swarm.task_timeout_s its group gets SIGTERM, and SIGKILL when it does not listen."""
    repo.write(".jetpack/config.yaml", f"{CONFIG}1.5\n")
    begin = time.monotonic()
    answer = start(repo, shell("echo a > b.txt; trap '' TERM; sleep 60 & sleep 60 & wait; wait"))
    assert (answer.code, task(repo, one).status) == (1, "pending_retry")
    assert "no end after 1.5 s" in repo.jetpack("log", one).out
    assert on_branch(repo, one, "b.txt") == "a"
    assert time.monotonic() - begin < 20
    check_clean(repo)


def test_each_process_is_asked_to_end_once_and_its_leader_first(tmp_path: Path) -> None:
    """A second SIGTERM would mean hurry; and whose child ends first takes its work for done."""
    script = (
        "trap 'echo asked >> terms' TERM; touch ready; sleep 60 & wait; wait; sleep 0.2; exit 7"
    )
    outcome = harness.run(
        ["sh", "-c", script], cwd=tmp_path, env={processes.MARK: str(tmp_path)},
        log=tmp_path / "log", limits=harness.Limits(30), stop=(tmp_path / "ready").exists,
        hurry=lambda: False, started=lambda pid: None,
    )  # fmt: skip
    assert outcome.kind == "stopped"
    assert outcome.code == 7
    assert (tmp_path / "terms").read_text() == "asked\n"


def test_any_amount_of_any_output_is_taken(repo: Repo, one: str) -> None:
    """50 MB of binary noise go to the log; the summary stays a short line of text."""
    repo.write(".jetpack/config.yaml", "swarm:\n  task_timeout: 60\n")
    repo.commit("Time")
    answer = start(repo, shell("head -c 50000000 /dev/urandom; printf '\\033[31mdone\\n'"))
    assert answer.code == 0
    assert (repo.path / f".jetpack/logs/{one}.log").stat().st_size > 50_000_000
    assert "\x1b" not in answer.out
    assert len(task(repo, one).summary or "") <= 300
    assert (task(repo, one).summary or "").endswith("[31mdone")


FINE = {
    "done by itself": "echo a > b.txt; git jetpack done $JETPACK_TASK -m mine",
    "commits itself": "echo a > b.txt; git add b.txt; git commit -qm mine",
    "no verify": "echo a > b.txt; git add b.txt; git commit -qnm mine",
    "detached": "git switch -q --detach; echo a > b.txt; git add b.txt; git commit -qm mine",
    "other branch": "git switch -qc other; echo a > b.txt; git add b.txt; git commit -qm mine",
    "deletes .tasks": "rm -r .tasks; echo a > b.txt",
    "commits .tasks away": "git rm -rqf .tasks; git commit -qm mine; echo a > b.txt",
    "merge left": "git switch -qc x; echo a > b.txt; git add .; git commit -qm x; git switch -q -; "
    "git commit -q --allow-empty -m y; git merge -q --no-commit --no-ff x",
    "read-only": "mkdir d; echo a > b.txt; echo a > d/x; chmod 444 b.txt d/x; chmod 555 d",
    "no .git": "echo a > b.txt; rm .git",
    "guard off": "mkdir -p .jetpack; echo a > b.txt",
    "index lock": "echo a > b.txt; git add b.txt",
}


@pytest.mark.parametrize("what", FINE)
def test_odd_ways_that_end_well(repo: Repo, one: str, what: str) -> None:
    """The branch holds the work in commits that the base takes in, and the task is completed."""
    other = add(repo, "Another")
    commit_tasks(repo)
    answer = start(repo, shell(f"[ $JETPACK_TASK = {other} ] || {{ {FINE[what]}; }}"),
                   "--integrate", "merge", "--strategy", "first-fit")  # fmt: skip
    assert answer.code == 0, answer
    assert events(repo, one).count("completed") == 1
    assert (repo.path / "b.txt").read_text() == "a\n"
    assert on_branch(repo, one, "b.txt") == "a"
    assert sorted(path.name for path in repo.path.glob(".tasks/*.md")) == sorted(
        [f"{one}.md", f"{other}.md"]
    )
    check_clean(repo)


TAKEN_BACK = {
    "left for elsewhere": "echo kept > c.txt; git checkout -qf --detach main~1",
    "worktree gone": 'cd /; rm -rf "$OLDPWD"',
    "nested": "mkdir n; git init -q n; echo kept > n/c.txt",
    "no repository": "rm .git; git init -q .; echo kept > c.txt",
}


@pytest.mark.parametrize("what", TAKEN_BACK)
def test_odd_ways_that_are_taken_back(repo: Repo, one: str, what: str) -> None:
    """The task waits for its next attempt; the main worktree and its branch stay untouched."""
    before = repo.git("rev-parse", "HEAD")
    repo.write("mine.txt", "uncommitted\n")
    answer = start(repo, shell(TAKEN_BACK[what]), "--integrate", "merge")
    assert answer.code == 1
    assert task(repo, one).status == "pending_retry", answer
    assert repo.git("rev-parse", "HEAD") == before
    assert repo.git("status", "--porcelain") == "?? mine.txt"
    again = start(repo, shell("echo a > b.txt"), "--integrate", "merge")
    assert again.code == 0, again
    assert (repo.path / "b.txt").read_text() == "a\n"
    assert task(repo, one).status == "completed"
    if what in ("nested", "no repository"):
        assert len(list((repo.path / ".jetpack/worktrees").glob("*/**/c.txt"))) == 1
    if what == "left for elsewhere":
        assert repo.git("log", "--all", "--format=%h", "--", "c.txt")


def test_a_merge_with_conflicts_is_no_result(repo: Repo, one: str) -> None:
    """Files with both sides in them are kept as unfinished work, and not completed."""
    answer = start(
        repo,
        shell(
            "echo a > b.txt; git add .; git commit -qm a; git switch -qc x HEAD~1; "
            "echo c > b.txt; git add .; git commit -qm c; git switch -q -; git merge -q x; exit 0"
        ),
    )
    assert answer.code == 1
    assert task(repo, one).status == "pending_retry"
    assert "the agent left a merge with conflicts in b.txt" in answer.out
    assert "<<<<<<<" in on_branch(repo, one, "b.txt")
    check_clean(repo)


@pytest.mark.parametrize(
    ("verb", "status"),
    [("fail --final", "failed"), ("fail", "pending_retry"), ("release", "pending")],
)
def test_an_agent_may_give_its_task_up(repo: Repo, one: str, verb: str, status: str) -> None:
    """What it said counts, and what it wrote is kept."""
    answer = start(repo, shell(f"echo a > b.txt; git jetpack {verb} $JETPACK_TASK -m 'no way'"))
    assert (answer.code, task(repo, one).status) == (1, status)
    assert on_branch(repo, one, "b.txt") == "a"
    check_clean(repo)


def test_an_agent_cannot_complete_what_somebody_else_holds(repo: Repo, one: str) -> None:
    """It gets exit status 4, and the other's task stays as it is."""
    theirs = add(repo, "Theirs")
    repo.ok("claim", theirs, "--as", "maya")
    commit_tasks(repo)
    start(repo, shell(f"git jetpack done {theirs}; echo said $?"))
    assert task(repo, one).summary == "said 4"
    assert (task(repo, theirs).status, task(repo, theirs).assignee) == ("claimed", "maya")


def test_what_a_command_claims_itself_goes_back(repo: Repo, one: str) -> None:
    """When the agent ends it holds nothing, whoever claimed it."""
    other = add(repo, "Another")
    commit_tasks(repo)
    assert start(repo, shell("git jetpack claim --next > /dev/null || true"), "-a", "1").code == 0
    assert {task(repo, one).status, task(repo, other).status} == {"completed", "pending"}
    check_clean(repo)


def test_a_task_without_any_change_is_completed(repo: Repo, one: str) -> None:
    """Its commit holds its own files alone."""
    assert start(repo, "true").code == 0
    names = repo.git("show", "--format=", "--name-only", task(repo, one).branch).split()
    assert names == [f".tasks/{one}.log", f".tasks/{one}.md"]


TITLES = [
    "two\nlines", "\"quotes\" and 'quotes'", "$(touch x) `touch x`", "{task_id} {no_such}",
    "\x1b[31mred\x07", "🎉🎉", "-rf --force", "a/../../b", "# no comment", "ends.lock", "x" * 300,
]  # fmt: skip


def test_no_title_is_obeyed(repo: Repo) -> None:
    """Branch names, commit messages and arguments hold it as text, or not at all."""
    ids = [add(repo, title) for title in TITLES]
    commit_tasks(repo)
    command = "sh -c 'echo \"$@\" > $JETPACK_TASK.txt' - {task_id} {branch} {agent}"
    answer = start(repo, command, "-a", "2", "--integrate", "merge")
    assert answer.code == 0, answer
    assert "\x1b" not in answer.out
    assert not list(repo.path.rglob("x"))
    for one, title in zip(ids, TITLES, strict=True):
        branch = str(task(repo, one).branch)
        words = (repo.path / f"{one}.txt").read_text().split()
        assert words[:2] == [one, branch]
        assert repo.git("check-ref-format", "--branch", branch) == branch
        subject = repo.git("log", "-1", "--format=%s", branch)
        assert subject == " ".join(title.split())[:200]
    check_clean(repo)


def test_the_environment_says_who_and_what(repo: Repo, one: str) -> None:
    """An agent's git finds no repository but its own, and its `git jetpack` speaks as it."""
    start(repo, shell('echo "$JETPACK_AGENT $JETPACK_TASK $GIT_CEILING_DIRECTORIES"'))
    pool = os.path.realpath(repo.path / ".jetpack/worktrees")
    assert task(repo, one).summary == f"agent-1 {one} {pool}"
