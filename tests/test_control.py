"""A swarm is steered from any terminal: ps, pause, resume, drain, scale, stop, attach, agent."""

from __future__ import annotations

import json
import os
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from conftest import SCRIPT
from conftest import Repo
from swarm_tools import add
from swarm_tools import check_clean
from swarm_tools import commit_tasks
from swarm_tools import end
from swarm_tools import launch
from swarm_tools import opened
from swarm_tools import shell
from swarm_tools import start
from swarm_tools import task
from swarm_tools import wait_for

from jetpack_git.work.swarms import Swarms

WAITS = shell("echo begun; until [ -e ../../../go ]; do sleep 0.05; done; echo > $JETPACK_TASK.txt")
WRITES = shell("echo > $JETPACK_TASK.txt")


@contextmanager
def swarm_of(repo: Repo, command: str, *args: str) -> Iterator[subprocess.Popen[str]]:
    """A swarm that runs beside the test, and not longer than it."""
    with launch(repo, command, *args) as swarm:
        try:
            yield swarm
        finally:
            swarm.kill()


def ends(swarm: subprocess.Popen[str]) -> int:
    """The exit code of a swarm that ends by itself."""
    swarm.communicate(timeout=30)
    return swarm.returncode


def agents(repo: Repo) -> dict[str, str]:
    """What each agent is, as `ps` shows it."""
    return {one["name"]: one["status"] for one in repo.ok("ps")["agents"]}


def works(repo: Repo, number: int) -> None:
    """So many agents are at work."""
    wait_for(lambda: list(agents(repo).values()).count("working") == number)


def test_ps_shows_who_does_what(repo: Repo) -> None:
    """The swarm, and the agent with its task and its program."""
    assert repo.jetpack("ps").out == "No swarm runs here.\n"
    one = add(repo, "Wait \x1b[31mhere")
    commit_tasks(repo)
    with swarm_of(repo, WAITS) as swarm:
        works(repo, 1)
        wait_for(lambda: repo.ok("ps")["agents"][0]["run"])
        (shown,) = repo.ok("ps")["agents"]
        assert (shown["task_id"], shown["run"]["adapter"]) == (one, "command")
        first, second = repo.jetpack("ps").out.splitlines()
        assert "runs  1 agents  into main" in first
        assert second.split("  ")[:3] == ["agent-1", "working", one]
        assert "\x1b" not in second
        repo.write("go", "")
        assert ends(swarm) == 0
    assert repo.jetpack("ps").out == "No swarm runs here.\n"


def test_a_paused_swarm_takes_nothing_until_it_is_resumed(repo: Repo) -> None:
    """What was begun is finished; the rest waits, however long."""
    with swarm_of(repo, WAITS, "--stay") as swarm:
        wait_for(lambda: agents(repo) == {"agent-1": "idle"})
        assert repo.jetpack("pause").out.split("  ")[1] == "paused"
        time.sleep(0.7)  # the swarm looks twice a second
        one = add(repo, "One")
        time.sleep(0.8)
        assert task(repo, one).assignee is None
        assert repo.jetpack("resume").out.split("  ")[1] == "runs"
        works(repo, 1)
        assert repo.jetpack("drain").code == 0
        two = add(repo, "Two")
        repo.write("go", "")
        assert ends(swarm) == 0
        assert [task(repo, name).status for name in (one, two)] == ["completed", "pending"]


def test_an_idle_swarm_sees_new_work_at_once_and_costs_nothing(repo: Repo) -> None:
    """Nothing asks again and again: idle agents take no time of the processor."""
    with swarm_of(repo, WRITES, "--stay", "-a", "8") as swarm:
        wait_for(lambda: list(agents(repo).values()) == ["idle"] * 8)
        time.sleep(0.5)
        before, began = cpu_s(swarm.pid), time.monotonic()
        time.sleep(3)
        share = (cpu_s(swarm.pid) - before) / (time.monotonic() - began)
        assert share <= 0.02  # ticks are 10 ms, so 1 % cannot be told from 1.5 %
        one = add(repo, "Now")
        wait_for(lambda: task(repo, one).status == "completed", timeout_s=10)
        assert end(swarm)[0] == 130
    check_clean(repo)


def cpu_s(pid: int) -> float:
    """The time that the processor spent on the process, its children not counted."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def test_a_swarm_that_stops_is_not_asked_to_go_on(repo: Repo) -> None:
    """Who asks it to is told so."""
    with opened(repo) as workspace:
        swarms = Swarms(workspace.db)
        swarms.begin(base="main", size=1)
        swarms.want("stop")
        answers = [repo.jetpack("resume"), repo.jetpack("scale", "3")]
    for answer in answers:
        assert (answer.code, answer.err.splitlines()[0]) == (1, "error: The swarm is stopping.")


def test_scale_adds_agents_and_takes_them_away(repo: Repo) -> None:
    """More begin at once; those too many end when they have no task."""
    with swarm_of(repo, WAITS, "--stay") as swarm:
        wait_for(lambda: len(agents(repo)) == 1)
        assert repo.ok("scale", "3")["swarm"]["size"] == 3
        wait_for(lambda: len(agents(repo)) == 3)
        for number in range(2):
            add(repo, f"Task {number}", files=(f"{number}.txt",))
        works(repo, 2)
        repo.ok("scale", "1")
        wait_for(lambda: len(agents(repo)) == 2)
        repo.write("go", "")
        wait_for(lambda: len(agents(repo)) == 1)
        end(swarm)
    check_clean(repo)


def test_stop_returns_when_the_swarm_has_ended(repo: Repo) -> None:
    """The work that was begun is kept, and its task goes back."""
    one = add(repo, "Long")
    commit_tasks(repo)
    with swarm_of(repo, shell("echo half > half.txt; sleep 60")) as swarm:
        wait_for(lambda: list((repo.path / ".jetpack/worktrees").glob("*/half.txt")))
        answer = repo.jetpack("stop", "--now")
        assert answer.out.endswith(" has stopped\n"), answer
        assert ends(swarm) == 130
    now = task(repo, one)
    assert now.state == "ready"
    assert repo.git("show", f"{now.branch}:half.txt") == "half"
    again = repo.jetpack("stop")
    assert (again.code, again.err) == (
        1, "error: No swarm runs here.\nhint: Begin one with: git jetpack start\n",
    )  # fmt: skip
    check_clean(repo)


def test_several_swarms_are_told_apart(repo: Repo) -> None:
    """One of them is stopped by its id; to scale, it must be said which."""
    both = swarm_of(repo, WAITS, "--stay"), swarm_of(repo, WAITS, "--stay")
    with both[0] as first, both[1] as second:
        wait_for(lambda: len(repo.ok("ps")["swarms"]) == 2)
        ids = [one["id"] for one in repo.ok("ps")["swarms"]]
        answer = repo.jetpack("scale", "2")
        assert answer.code == 1
        assert f"--swarm {ids[0]} or {ids[1]}" in answer.err
        assert repo.jetpack("stop", "--swarm", ids[0]).code == 0
        assert [one["id"] for one in repo.ok("ps")["swarms"]] == ids[1:]
        assert repo.jetpack("pause", "--swarm", "nobody").code == 1
        end(first)
        end(second)


def test_a_killed_swarm_is_seen_to_be_gone(repo: Repo) -> None:
    """No lock and no socket of it is left that would need to be cleared."""
    with swarm_of(repo, WAITS, "--stay"):
        wait_for(lambda: agents(repo))
    assert repo.ok("ps")["swarms"] == []
    assert list(agents(repo).values()) == ["stale"]
    assert start(repo, WRITES).code == 0
    check_clean(repo)


def test_attach_follows_an_agent_from_task_to_task(repo: Repo) -> None:
    """What it printed before is shown first, and all that it prints then; it ends with it."""
    for number in range(5):
        add(repo, f"Task {number}", files=(f"{number}.txt",))
    commit_tasks(repo)
    command = shell(
        "printf 'begin \\033[31m%s\\n' $JETPACK_TASK; until [ -e ../../../go ]; do sleep 0.05; "
        "done; echo end $JETPACK_TASK; echo > $JETPACK_TASK.txt"
    )
    with swarm_of(repo, command) as swarm, follows(repo, "--json") as document:
        works(repo, 1)
        assert document.stdout is not None
        first = json.loads(document.stdout.readline())
        assert first["text"].startswith("begin \x1b[31m")
        with follows(repo) as plain:
            time.sleep(0.3)
            repo.write("go", "")
            assert ends(swarm) == 0
            assert "\x1b" not in plain.communicate(timeout=20)[0]
        rest = [json.loads(line) for line in document.communicate(timeout=20)[0].splitlines()]
    assert [one["text"].split()[0] for one in rest] == ["end", *["begin", "end"] * 4]
    assert len({one["task_id"] for one in rest}) == 5
    assert (document.returncode, plain.returncode) == (0, 0)
    answer = repo.jetpack("attach", "agent-1")
    assert (answer.code, answer.err.splitlines()[0]) == (1, "error: agent-1 does not run.")
    repo.ok("register", "--as", "Ada")
    answer = repo.jetpack("attach", "Ada")
    assert (answer.code, answer.err.splitlines()[0]) == (1, "error: Ada does not run.")


def follows(repo: Repo, *args: str) -> subprocess.Popen[str]:
    """A `git jetpack attach` to the first agent, which lives by then."""
    wait_for(lambda: agents(repo))
    return subprocess.Popen(
        [SCRIPT, "attach", "agent-1", *args], cwd=repo.path, stdout=subprocess.PIPE, text=True
    )


def test_agents_join_from_other_terminals_and_worktrees(repo: Repo, tmp_path: Path) -> None:
    """Each takes the tasks that its skills cover, with no coordinator but itself."""
    ids = {
        skill: repo.add(f"Write {skill}", "--skills", skill, "--file", f"{skill}.txt")
        for skill in ("sql", "css")
    }
    commit_tasks(repo)
    other = Repo(tmp_path / "other")
    repo.git("worktree", "add", "-q", "-b", "side", str(other.path))
    running = [
        subprocess.Popen(
            [SCRIPT, "agent", "--skills", skill, "--command", WRITES, "--json"],
            cwd=place.path, stdout=subprocess.PIPE, text=True,
        )
        for skill, place in (("sql", repo), ("css", other))
    ]  # fmt: skip
    for skill, one in zip(ids, running, strict=True):
        out, _ = one.communicate(timeout=60)
        (result,) = json.loads(out.splitlines()[-1])["results"]
        assert (result["task"]["id"], result["result"]) == (ids[skill], "completed")
    check_clean(repo)


def test_an_agent_is_one_of_the_config(repo: Repo) -> None:
    """Its kind says what it can do and what runs it; an unknown one is named with the others."""
    repo.write(
        ".jetpack/config.yaml",
        "agents:\n  scribe:\n    adapter: pen\n    skills: [writing]\n    count: 3\n"
        "adapters:\n  pen:\n    like: command\n    argv: [touch, '{task_id}.txt']\n",
    )
    mine, other = (repo.add(one, "--skills", one) for one in ("writing", "cooking"))
    commit_tasks(repo)
    answer = repo.jetpack("agent", "scribe")
    assert answer.code == 0, answer
    assert [task(repo, one).status for one in (mine, other)] == ["completed", "pending"]
    answer = repo.jetpack("agent", "cook")
    assert (answer.code, answer.err) == (
        2, "error: The config has no agent 'cook'.\nhint: Its agents are: scribe\n"
    )  # fmt: skip


@pytest.mark.parametrize("kind", ["command", "pen"])
def test_an_adapter_that_says_no_program_runs_the_command(repo: Repo, kind: str) -> None:
    """The other fields of the config stand, whether it is chosen by its name or by an agent."""
    repo.write(
        ".jetpack/config.yaml",
        f"agents:\n  scribe:\n    adapter: {kind}\nadapters:\n  {kind}:\n    like: command\n"
        "    argv: []\n    prompt: stdin\n    env: {INK: blue}\n"
        "swarm:\n  command: sh -c 'cat > in.txt; echo $INK > ink.txt'\n",
    )
    ids = [add(repo, one) for one in ("One", "Two")]
    commit_tasks(repo)
    assert repo.jetpack("agent", "scribe").code == 0
    assert [task(repo, one).status for one in ids] == ["completed", "completed"]
    add(repo, "Three")
    repo.commit("Plan")
    assert repo.jetpack("start", "--adapter", kind).code == 0
    for branch in repo.git("branch", "--list", "jetpack/*", "--format=%(refname)").splitlines():
        assert repo.git("show", f"{branch}:ink.txt") == "blue"
        assert "You are agent" in repo.git("show", f"{branch}:in.txt")


def test_each_event_is_told_to_a_command(repo: Repo) -> None:
    """One JSON document on its stdin; what is wrong with it stops nothing."""
    log = repo.path / "../heard"
    script = repo.path / "../notify.sh"
    script.write_text(f"#!/bin/sh\n(cat; echo $JETPACK_EVENT) >> {log}\n")
    script.chmod(0o755)
    repo.write(".jetpack/config.yaml", f"swarm:\n  on_event: {script}\n")
    one = add(repo, "Task; $(touch oops)")
    commit_tasks(repo)
    assert start(repo, shell("echo said; echo > out.txt")).code == 0
    lines = log.read_text().splitlines()
    events: list[Any] = [json.loads(line)["event"] for line in lines[::2]]
    assert [event["what"] for event in events] == lines[1::2]
    words = [event["what"] for event in events if event["agent"]]
    assert words == ["started", "claimed", "running", "completed", "stopped"]
    assert (events[1]["task_id"], events[1]["title"]) == (one, "Task; $(touch oops)")


def test_a_notification_that_fails_or_hangs_is_told_once(repo: Repo) -> None:
    """The swarm's work goes on, and nothing of it is left."""
    repo.write(".jetpack/config.yaml", "swarm:\n  on_event: sh -c 'exit 3'\n")
    add(repo, "Task")
    commit_tasks(repo)
    answer = start(repo, WRITES)
    assert answer.code == 0
    assert answer.out.count("on_event: sh: exit status 3") == 1
    repo.write(".jetpack/config.yaml", "swarm:\n  on_event: sh -c 'sleep 60'\n")
    add(repo, "Task")
    repo.commit("Plan")
    answer = start(repo, WRITES)
    assert answer.code == 0
    assert answer.out.count("on_event: sh: the swarm ended before it did") == 1
    assert answer.out.count("on_event") == 1
    repo.write(".jetpack/config.yaml", "swarm:\n  on_event: no-such-program\n")
    answer = repo.jetpack("start", "--command", WRITES)
    assert (answer.code, answer.err) == (
        2, "error: The program 'no-such-program' is not there.\n"
        "hint: Install it, or change swarm.on_event in the config.\n",
    )  # fmt: skip
    repo.write(".jetpack/config.yaml", "swarm:\n  on_event: sh -c 'sleep 60 & exit 0'\n")
    assert start(repo, WRITES).code == 0  # which sees that no process is left


def test_a_task_that_fails_again_and_again_is_given_out_no_more(repo: Repo) -> None:
    """The swarm says so, and goes on with the others."""
    repo.write(
        ".jetpack/config.yaml",
        "swarm: {breaker: 2}\ntasks: {retry_delay: 1s, longest_delay: 1s, max_attempts: 9}\n",
    )
    bad = add(repo, "Bad")
    commit_tasks(repo)
    command = shell(f"[ $JETPACK_TASK != {bad} ] && echo > out.txt")
    with swarm_of(repo, command, "--stay", "-a", "2") as swarm:
        wait_for(lambda: task(repo, bad).attempts == 2, timeout_s=30)
        wait_for(lambda: task(repo, bad).assignee is None)
        good = add(repo, "Good")
        wait_for(lambda: task(repo, good).status == "completed")
        time.sleep(1.5)
        assert task(repo, bad).attempts == 2
        code, out = end(swarm)
    assert f"{bad} came to nothing 2 times in a row" in out
    assert code == 130
