"""`git jetpack start`: what it refuses, where it works, and what it shows."""

from __future__ import annotations

import os
import pty
import re
import resource
import select
import subprocess
from itertools import pairwise
from pathlib import Path

import pytest
from conftest import SCRIPT
from conftest import Repo
from swarm_tools import add
from swarm_tools import agent
from swarm_tools import check_clean
from swarm_tools import commit_tasks
from swarm_tools import end
from swarm_tools import events
from swarm_tools import launch
from swarm_tools import shell
from swarm_tools import start
from swarm_tools import task

REFUSED = [
    ((), "error: It is not said what runs a task.\nhint: Give --adapter NAME or --command 'CMD "
         "{task_id} {prompt_file}', or swarm.adapter in the config.\n"),
    (("--command", "x {title}"), "error: The command has an unknown place {title}.\nhint: Known "
     "are {task_id}, {prompt_file}, {worktree}, {branch}, {agent}\n"),
    (("--command", "no-such-program"), "error: The program 'no-such-program' is not there.\n"
     "hint: Install it, or say what else runs a task.\n"),
    (("--command", "/etc/passwd {task_id}"), "error: The program '/etc/passwd' cannot be run.\n"
     "hint: Install it, or say what else runs a task.\n"),
    (("--command", "true", "--base", "nowhere"), "error: There is no branch 'nowhere'.\n"
     "hint: See them with: git branch\n"),
]  # fmt: skip


@pytest.mark.parametrize(("args", "said"), REFUSED)
def test_what_cannot_work_is_refused_before_any_claim(
    repo: Repo, args: tuple[str, ...], said: str
) -> None:
    """Exit status 2, a sentence and a hint; the task was not touched."""
    one = add(repo, "Task")
    answer = repo.jetpack("start", *args)
    assert (answer.code, answer.out, answer.err) == (2, "", said)
    assert events(repo, one) == ["created"]


def test_a_detached_head_needs_a_base(repo: Repo) -> None:
    """It is said how to name one."""
    repo.git("switch", "-q", "--detach")
    answer = repo.jetpack("start", "--command", "true")
    assert (answer.code, answer.err) == (
        2,
        "error: HEAD is on no branch.\nhint: Say which branch to use: --base BRANCH\n",
    )
    assert repo.jetpack("start", "--command", "true", "--base", "main").code == 0


def test_a_repository_without_a_commit_is_told_so(tmp_path: Path) -> None:
    """There is nothing to cut a branch from."""
    repo = Repo(tmp_path)
    repo.git("init", "-q")
    repo.ok("init")
    answer = repo.jetpack("start", "--command", "true")
    assert (answer.code, answer.err) == (
        2,
        "error: main has no commit yet.\nhint: Make a first commit.\n",
    )


def test_merging_wants_the_task_files_committed(repo: Repo) -> None:
    """Merges would meet the files; leaving the branches is only warned about."""
    add(repo, "Task")
    answer = repo.jetpack("start", "--command", "true", "--integrate", "merge")
    assert answer.code == 2
    assert answer.err.endswith(
        "Commit them first: git add .tasks && git commit -m 'Plan the work'\n"
    )
    answer = start(repo, "true", "--integrate", "leave")
    assert (answer.code, answer.err.count("warning: ")) == (0, 1)


def test_a_program_that_goes_missing_gives_the_task_back(repo: Repo) -> None:
    """A relative one is looked for in the worktree, so it is found missing only there."""
    one = add(repo, "Task")
    commit_tasks(repo)
    answer = start(repo, "./agent.sh")
    assert answer.code == 1
    assert "./agent.sh cannot be started: No such file or directory." in answer.out
    assert task(repo, one).status == "pending_retry"
    check_clean(repo)


def test_unknown_settings_are_named(repo: Repo) -> None:
    """A misspelt limit is no silent one."""
    repo.write(".jetpack/config.yaml", "swarm:\n  task_timeout_s: 5\n")
    assert "swarm.task_timeout_s is not known" in repo.jetpack("start", "--command", "true").err


def test_a_path_with_spaces_and_a_submodule(tmp_path: Path, bare_repo: Repo) -> None:
    """Neither the name of the folder nor what else is in it matters."""
    repo = Repo(tmp_path / "mein Gerät 🚀")
    repo.path.mkdir()
    repo.git("init", "-q")
    add_module = ("-c", "protocol.file.allow=always", "submodule", "--quiet", "add")
    repo.git(*add_module, str(bare_repo.path), "mod ule")
    repo.ok("init")
    for number in range(2):
        add(repo, f"Task {number}", files=("mod ule",))
    commit_tasks(repo)
    for _ in range(2):
        answer = start(repo, agent("write"), "-a", "2", "--integrate", "merge")
        assert answer.code == 0, answer
        assert repo.git("status", "--porcelain") == ""
    assert (repo.path / "mod ule/a.py").exists()


def test_a_bare_repository_with_worktrees(tmp_path: Path, bare_repo: Repo) -> None:
    """The pool stands inside the bare repository, and the base is moved where it is checked out."""
    bare = Repo(tmp_path / "store.git")
    bare_repo.git("clone", "-q", "--bare", str(bare_repo.path), str(bare.path))
    repo = Repo(tmp_path / "work")
    bare.git("worktree", "add", "-q", str(repo.path), "main")
    repo.ok("init")
    one = add(repo, "Task")
    commit_tasks(repo)
    assert start(repo, agent("write"), "--integrate", "merge").code == 0
    assert repo.git("status", "--porcelain") == ""
    assert (repo.path / f"{one}.txt").exists()
    two = add(repo, "From inside")
    commit_tasks(repo)
    assert start(bare, agent("write"), "--base", "main", "--integrate", "merge").code == 0
    assert task(repo, two).status == "completed"
    assert repo.git("status", "--porcelain") == ""
    assert (bare.path / "jetpack/worktrees/agent-1").is_dir()


def test_piped_output_is_plain_lines(repo: Repo) -> None:
    """One line for each thing that happens, then the summary."""
    one = add(repo, "Say \x1b[31mred\nnews")
    commit_tasks(repo)
    answer = start(repo, shell("echo well"), "--integrate", "merge")
    lines = [re.sub(r"^\d{4}-\d\d-\d\dT[\d:.]+Z", "TIME", line) for line in answer.out.splitlines()]
    branch = f"jetpack/{one}-say-31mred-news"
    title = r"Say \x1b[31mred\nnews"
    assert lines == [
        "TIME  agent-1  started",
        f"TIME  agent-1  claimed  {one} ({title})",
        f"TIME  agent-1  running  {one} ({title}): {branch}",
        f"TIME  agent-1  completed  {one} ({title}): well",
        f"TIME  agent-1  merged  {one} ({title}): main",
        "TIME  agent-1  stopped",
        f"{one}  merged  agent-1  {branch}  {title}",
        "1 merged",
    ]


def test_a_terminal_shows_a_table(repo: Repo) -> None:
    """It is redrawn in place, and what went wrong stays readable."""
    add(repo, "Task")
    commit_tasks(repo)
    ours, theirs = pty.openpty()
    process = subprocess.Popen(
        [SCRIPT, "start", "--command", shell("echo no; exit 3")],
        cwd=repo.path, stdin=theirs, stdout=theirs, stderr=theirs,
        env=os.environ | {"TERM": "xterm", "COLUMNS": "120"},
    )  # fmt: skip
    os.close(theirs)
    out = b""
    while select.select([ours], [], [], 30)[0]:
        try:
            out += os.read(ours, 65536)
        except OSError:
            break
    os.close(ours)
    assert process.wait() == 1
    text = out.decode()
    assert "\x1b[" in text
    assert "agent-1  failed" in text
    assert "exit status 3: no" in text
    assert "1 failed" in text
    assert ", 1 stopped" not in text


def test_waiting_costs_next_to_nothing(repo: Repo) -> None:
    """Agents that wait for a command or for work leave the processor alone."""
    add(repo, "Long")
    commit_tasks(repo)
    spent = [cpu_s()]
    for seconds, agents in (("0", "1"), ("4", "8")):
        end(launch(repo, f"sleep {seconds}", "-a", agents), 0)
        spent.append(cpu_s())
        add(repo, "Longer")
        commit_tasks(repo)
    one_agent, eight_agents = (late - early for early, late in pairwise(spent))
    assert eight_agents - one_agent < 2.5


def cpu_s() -> float:
    """The processor time of all that this process has started and waited for."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def test_a_task_whose_branch_is_not_merged_is_not_set_back_by_mistake(repo: Repo) -> None:
    """Its file here is older: that is no fault, and reading all files leaves the task alone."""
    task_id = repo.add("One")
    commit_tasks(repo)
    assert start(repo, "sh -c 'echo a > {task_id}'").code == 0
    branch = task(repo, task_id).branch
    told = repo.jetpack("doctor")
    assert (told.code, f"Merge that branch: git merge {branch}" in told.out) == (0, True)
    assert repo.ok("status")["unmerged"][0]["id"] == task_id
    assert f"{task_id} {branch}" in " ".join(repo.jetpack("status").out.split())
    kept = repo.jetpack("sync", "--from-files")
    assert (kept.code, "is not merged here" in kept.err) == (0, True)
    assert task(repo, task_id).status == "completed"
    repo.git("merge", "--quiet", str(branch))
    assert repo.jetpack("doctor").out == "Everything is in order.\n"
    assert repo.ok("status")["unmerged"] == []
