"""A plan goes in, agents work in worktrees, guarded commits come out."""

from __future__ import annotations

import json
import time

import pytest
from conftest import Repo
from swarm_tools import add
from swarm_tools import agent
from swarm_tools import check_clean
from swarm_tools import commit_tasks
from swarm_tools import events
from swarm_tools import launch
from swarm_tools import shell
from swarm_tools import start
from swarm_tools import task

PLAN = """\
# Read [id: read]
- Read lines [files: src/read.txt] [id: lines]
- Read words [files: src/words.txt] [depends: lines]
- Read tables [files: src/tables.txt] [depends: lines]
- Read trees [files: src/trees.txt]
# Write [depends: read]
- Write lines [files: src/out.txt] [id: out]
- Write words [files: src/out.txt]
- Write tables [files: src/out/tables.txt] [depends: out]
- Write trees [files: src/out/trees.txt]
# Say
- Say so [files: doc/so.txt] [depends: out]
- Say more [files: doc/more.txt]
- Say it again [files: doc/again.txt]
- Say nothing
"""


def leaves(repo: Repo) -> list[dict[str, str]]:
    """The tasks without children."""
    found = repo.ok("list")["tasks"]
    parents = {one["parent_id"] for one in found}
    return [one for one in found if one["id"] not in parents]


def test_a_plan_is_done_by_three_agents_and_merged(repo: Repo) -> None:
    """Every task is done once, in a commit of its own branch, and the base holds them all."""
    repo.write("plan.md", PLAN)
    repo.ok("load", "plan.md")
    commit_tasks(repo)
    before = repo.git("rev-parse", "HEAD")
    answer = start(repo, agent("write", "0.05"), "-a", "3", "--integrate", "merge")
    assert answer.code == 0, answer
    assert repo.git("status", "--porcelain") == ""
    tasks = leaves(repo)
    assert len(tasks) == 12
    for one in tasks:
        log = events(repo, one["id"])
        assert [log.count(kind) for kind in ("claimed", "begun", "completed")] == [1, 1, 1]
        assert one["branch"].startswith(f"jetpack/{one['id']}-")
        assert one["status"] == "completed"
        trailer = f"^Jetpack-Task: {one['id']}$"
        found = repo.git("log", "--format=%H", "--no-merges", f"--grep={trailer}", before + "..")
        (commit,) = found.split()
        changed = repo.git("show", "--format=", "--name-only", commit).split()
        mine = {f".tasks/{one['id']}.md", f".tasks/{one['id']}.log"}
        assert mine <= set(changed)
        assert [name for name in changed if name.startswith(".tasks/") and name not in mine] == []
        assert len(changed) == 3
        text = (repo.path / f".tasks/{one['id']}.md").read_text()
        assert "\nstatus: completed\n" in text
    assert (repo.path / "src/out/tables.txt").exists()
    repo.ok("sync")
    assert repo.git("status", "--porcelain") == ""
    check_clean(repo)


def test_a_dependent_branch_holds_its_finished_dependencies(repo: Repo) -> None:
    """With --integrate leave the base stays, and branches build upon each other."""
    one = add(repo, "One", files=("one.txt",))
    two = add(repo, "Two", files=("two.txt",))
    both = add(repo, "Both", after=(one, two))
    commit_tasks(repo)
    before = repo.git("rev-parse", "main")
    assert start(repo, agent("write"), "-a", "2", "--integrate", "leave").code == 0
    assert repo.git("rev-parse", "main") == before
    files = repo.git("ls-tree", "--name-only", str(task(repo, both).branch)).split()
    assert {"one.txt", "two.txt"} <= set(files)
    check_clean(repo)
    assert start(repo, "true", "--integrate", "merge").code == 0
    assert (repo.path / f"{both}.txt").exists()


def test_dependencies_that_conflict_keep_their_dependent_back(repo: Repo) -> None:
    """The task that needs both says which branches to merge, and can be claimed later."""
    one, two = add(repo, "One"), add(repo, "Two")
    both = add(repo, "Both", after=(one, two))
    commit_tasks(repo)
    answer = start(repo, shell("echo $JETPACK_TASK > same.txt"))
    assert answer.code == 1
    assert f"{both} (Both): " in answer.out
    assert "conflicts with main in same.txt" in answer.out
    assert events(repo, both)[-2:] == ["claimed", "retried"]
    check_clean(repo)


def test_a_merge_conflict_stops_that_branch_only(repo: Repo) -> None:
    """The conflict is a task of its own; the rest goes on, and the branch stays."""
    first = add(repo, "First", files=("same.txt",))
    second = add(repo, "Second", files=("same.txt",))
    third = add(repo, "Third")
    commit_tasks(repo)
    command = shell(
        f"case $JETPACK_TASK in {first}|{second}|{third}) ;; *) exit 1;; esac; "
        "echo $JETPACK_TASK > same.txt; sleep 0.5"
    )
    repo.write(".jetpack/config.yaml", "guard:\n  mode: off\n")
    repo.commit("Guard off")
    answer = start(repo, command, "-a", "3", "--integrate", "merge", "--strategy", "first-fit")
    assert answer.code == 1
    tasks = [task(repo, one) for one in (first, second, third)]
    assert [one.status for one in tasks] == ["completed"] * 3
    kinds = [kind for one in tasks for kind in events(repo, one.id)]
    assert (kinds.count("integration.merged"), kinds.count("integration.conflict")) == (2, 1)
    assert repo.git("status", "--porcelain") == ""
    assert repo.git("rev-parse", "--verify", str(tasks[1].branch))
    check_clean(repo)


@pytest.mark.parametrize("kind", ["same", "other", "untracked", "ignored"])
def test_a_dirty_main_worktree_loses_nothing(repo: Repo, kind: str) -> None:
    """What stands in the way of a merge stays, and the branch waits; other files do not matter."""
    repo.write(".gitignore", "ignored.txt\n")
    done = add(repo, "Change", files=("a.py",))
    commit_tasks(repo)
    name = {"same": "a.py", "other": "b.py"}.get(kind, f"{kind}.txt")
    command = shell("for f in a.py untracked.txt ignored.txt; do echo agent > $f; done; "
                    "git add -f ignored.txt")  # fmt: skip
    repo.write(name, "mine\n")
    answer = start(repo, command, "--integrate", "merge")
    assert (repo.path / name).read_text() == "mine\n"
    assert answer.code == (0 if kind == "other" else 1), answer
    last = "integration.merged" if kind == "other" else "integration.refused"
    assert events(repo, done)[-1] == last
    (repo.path / name).unlink()
    repo.git("checkout", "--", ".")
    if kind != "other":
        assert start(repo, command, "--integrate", "merge").code == 0
    assert (repo.path / "untracked.txt").read_text() == "agent\n"


def test_a_base_that_nobody_has_checked_out_is_moved_alone(repo: Repo) -> None:
    """--base names any branch; the main worktree stays on its own."""
    add(repo, "Change")
    commit_tasks(repo)
    repo.git("branch", "release")
    repo.git("switch", "-q", "-c", "mine")
    before = repo.git("rev-parse", "HEAD")
    assert start(repo, agent("write"), "--integrate", "merge", "--base", "release").code == 0
    assert repo.git("rev-parse", "HEAD") == before
    assert len(repo.git("log", "--format=%H", "mine..release").split()) == 2
    check_clean(repo)


def test_a_person_who_commits_to_the_base_meanwhile_loses_nothing(repo: Repo) -> None:
    """The merge is made anew on top of what the base has become."""
    for number in range(4):
        add(repo, f"Task {number}")
    commit_tasks(repo)
    process = launch(repo, agent("write", "0.2"), "-a", "2", "--integrate", "merge")
    made = 0
    while process.poll() is None:
        time.sleep(0.05)
        done = repo.git("commit", "--allow-empty", "-m", f"person {made}", check=False)
        made += bool(done)
    said, _ = process.communicate()
    assert process.returncode == 0, said
    log = repo.git("log", "--format=%s", "main")
    assert [f"person {one}" in log for one in range(made)] == [True] * made
    assert log.count("Merge jetpack/") == 4
    check_clean(repo)


def test_a_base_that_was_deleted_meanwhile_leaves_the_branches(repo: Repo) -> None:
    """The tasks are completed, and not merged."""
    one = add(repo, "Task")
    commit_tasks(repo)
    repo.git("branch", "release")
    command = shell("git branch -D release; echo a > b.txt")
    answer = start(repo, command, "--base", "release", "--integrate", "merge")
    assert (answer.code, task(repo, one).status) == (1, "completed")
    assert "There is no branch release any more." in answer.out
    check_clean(repo)


def test_two_swarms_share_the_tasks(repo: Repo) -> None:
    """Agents of two coordinators have different names, and do each task once."""
    ids = [add(repo, f"Task {number}") for number in range(8)]
    commit_tasks(repo)
    swarms = [
        launch(repo, agent("write", "0.2"), "-a", "2", "--integrate", "merge") for _ in range(2)
    ]
    said = [one.communicate(timeout=60)[0] for one in swarms]
    assert [one.returncode for one in swarms] == [0, 0], said
    for one in ids:
        assert events(repo, one).count("completed") == 1
    assert {task(repo, one).assignee for one in ids} == {f"agent-{n}" for n in (1, 2, 3, 4)}
    check_clean(repo)


def test_the_pool_is_reused(repo: Repo) -> None:
    """A second swarm works in the worktrees of the first."""
    commit_tasks(repo)
    for number in range(2):
        add(repo, f"Task {number}")
        repo.commit("Plan")
        assert start(repo, agent("write"), "--integrate", "merge").code == 0
    assert repo.git("worktree", "list").count("\n") == 1
    check_clean(repo)


def test_json_is_a_document_a_line(repo: Repo) -> None:
    """Each event is one, what the agent says included, and the summary is the last."""
    one = add(repo, "Task")
    commit_tasks(repo)
    answer = start(repo, shell("echo hello; echo > out.txt"), "--json")
    *lines, last = map(json.loads, answer.out.splitlines())
    assert [last["went_well"], last["broken"]] == [True, []]
    (result,) = last["results"]
    assert (result["task"]["id"], result["result"]) == (one, "completed")
    events = [line["event"] for line in lines if line["event"]["agent"] == "agent-1"]
    words = [event["what"] for event in events]
    assert words == ["started", "claimed", "running", "says", "completed", "stopped"]
    assert (events[3]["note"], events[3]["task_id"]) == ("hello", one)


def test_a_dependent_waits_for_the_commit_of_what_said_done_itself(repo: Repo) -> None:
    """An agent completes its task before its work is committed; who builds on it has it all."""
    one = add(repo, "One")
    add(repo, "Two", after=(one,))
    commit_tasks(repo)
    command = (
        f"[ $JETPACK_TASK = {one} ] && git jetpack done {one} && sleep 1; echo >> $JETPACK_TASK; "
    )
    answer = start(repo, shell(f"{command} [ -e {one} ]"), "-a", "2")
    assert answer.code == 0, answer
    check_clean(repo)


def test_a_swarm_gives_each_task_out_once(repo: Repo) -> None:
    """What an agent gave up is no other agent's, not even while its command still runs."""
    one = add(repo, "Hot potato")
    commit_tasks(repo)
    start(repo, shell("git jetpack release $JETPACK_TASK; sleep 2.5"), "-a", "3")
    assert events(repo, one).count("claimed") == 1
