"""The real agents' CLIs from npm do a plan, with a scripted server in the place of the models.

They are 1 GB, so these run only when asked for: make agents
"""

from __future__ import annotations

import json
import os
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import yaml
from conftest import Answer
from conftest import Repo
from real import clis
from real.clis import CLIS
from real.clis import PRICE
from real.clis import Cli
from real.server import Server
from real.server import serve
from swarm_tools import MARK
from swarm_tools import check_clean
from swarm_tools import events
from swarm_tools import marked
from swarm_tools import opened
from swarm_tools import task

from jetpack_git.models.run import Usage

pytestmark = pytest.mark.skipif(
    os.environ.get("JETPACK_AGENTS") != "1", reason="needs 1 GB of CLIs from npm"
)
PLAN = {
    "title": "Six small files",
    "items": [
        {
            "id": "write", "title": "Write with the agent's own tool", "files": ["one.txt"],
            "description": "@do write one.txt one\\n\n@do say learned: one is the first",
        },
        {
            "id": "shell", "title": "Write with the shell, and commit", "files": ["two.txt"],
            "description": "@do shell echo two > two.txt && git add two.txt && git commit -qm Two\n"
            "@do say two",
        },
        {
            "id": "edit", "title": "Edit a file", "files": ["a.py"],
            "description": "@do shell cat a.py\n@do edit a.py a = 1 => a = 2\n@do say changed",
        },
        {
            "id": "both", "title": "Build upon two others", "files": ["both.txt"],
            "depends": ["write", "shell"],
            "description": "@do shell cat one.txt two.txt > both.txt\n@do say both",
        },
        {
            "id": "deep", "title": "Write below a new folder", "files": ["deep/er/file.txt"],
            "description": "@do shell sleep 3\n"  # Codex begins before its MCP servers are there
            '@do tool progress {"id": "{task}", "note": "half of it"}\n'
            '@do tool reserve {"pattern": ["deep/more.txt"], "task": "{task}"}\n'
            "@do write deep/er/file.txt deep\\n\n@do say deep",
        },
        {
            "id": "last", "title": "Build upon all", "files": ["last.txt"],
            "depends": ["edit", "both", "deep"],
            "description": "@do shell cat both.txt a.py deep/er/file.txt > last.txt\n@do say last",
        },
        {
            "id": "held", "title": "Change what another holds", "files": ["more.txt"],
            "description": "@do shell echo x > more.txt; echo mine > held.txt\n"
            "@do shell git add --all; git commit -qm Mine; echo so\n@do say held",
        },
    ],
}  # fmt: skip
MADE = {
    "one.txt": "one", "two.txt": "two", "a.py": "a = 2", "both.txt": "one\ntwo",
    "deep/er/file.txt": "deep", "last.txt": "one\ntwo\na = 2\ndeep", "held.txt": "maya's",
}  # fmt: skip


TOLD = {  # what the agent that commits a held file itself is told, and by whom
    "claude": "maya holds held.txt", "opencode": "maya holds held.txt",  # by the hook
    "codex": "Read-only file system",  # by its sandbox
    "gemini": "so",  # by nobody: its git runs no hooks
}  # fmt: skip


@pytest.fixture(params=CLIS)
def cli(request: pytest.FixtureRequest) -> Cli:
    """Each of the CLIs."""
    return CLIS[request.param]


@pytest.fixture
def server() -> Iterator[Server]:
    """The scripted server."""
    with serve() as found:
        yield found


@pytest.fixture(scope="module")
def figures() -> Iterator[list[str]]:
    """A table of what was measured, which is printed at the end."""
    found: list[str] = []
    yield found
    print("\nCLI       merged  wall s  tokens in db  by server  beside   cost $")
    print("\n".join(found))


def settle(repo: Repo, cli: Cli, url: str, **swarm: object) -> None:
    """The repository and the home are as the user of that CLI has them."""
    clis.settle(cli, url, Path(os.environ["HOME"]))
    found = clis.config(cli, url) | {"swarm": {"task_timeout": "300s", "stop_grace": "3s", **swarm}}
    path = repo.path / ".jetpack" / "config.yaml"
    before = yaml.safe_load(path.read_text()) or {}
    path.write_text(yaml.safe_dump(before | found))
    repo.commit("Say how agents run")


def start(repo: Repo, cli: Cli, *args: str) -> Answer:
    """What the swarm said; it left no process."""
    scratch = repo.path.parent / "tmp"
    scratch.mkdir(exist_ok=True)
    env = clis.environment(cli) | {MARK: str(repo.path), "TMPDIR": str(scratch)}
    answer = repo.jetpack("start", "--adapter", cli.name, "--integrate", "merge", *args, **env)
    assert not marked(repo), answer
    return answer


def log_of(repo: Repo, one: str) -> list[dict[str, Any]]:
    """What the CLI printed about the task, as documents."""
    lines = (repo.path / ".jetpack" / "logs" / f"{one}.log").read_text().splitlines()
    return [json.loads(one) for one in lines if one.startswith("{")]


def expected_cost(cli: Cli, repo: Repo, one: str, used: Usage) -> float:
    """What the task has cost: Claude's own last word, or the price of what the server counted."""
    if cli.name == "claude":
        said = [line for line in log_of(repo, one) if line.get("type") == "result"]
        return float(said[-1]["total_cost_usd"])
    parts = (used.fresh * PRICE["input"], used.cached * PRICE["cached"],
             used.output * PRICE["output"])  # fmt: skip
    return sum(parts) / 1_000_000


def check_costs(repo: Repo, cli: Cli, server: Server) -> tuple[Usage, Usage]:
    """Each task has used what the server counted, each token once; both sums."""
    found = repo.ok("costs")
    ours, theirs = Usage(), Usage()
    for one in found["costs"]:
        told = Usage(*(one[f"{kind}_tokens"] for kind in ("fresh", "cached", "output")))
        counted = server.used(one["task"])
        assert told == counted, one
        assert one["cost"] == pytest.approx(expected_cost(cli, repo, one["task"], counted)), one
        ours, theirs = ours + replace(told, cost=one["cost"]), theirs + counted
    assert not found["has_more"]
    assert sum(one["tokens"] for one in repo.ok("costs", "--by", "agent")["costs"]) == ours.tokens
    return ours, theirs


def test_a_plan_is_done_and_merged(
    repo: Repo, cli: Cli, server: Server, figures: list[str]
) -> None:
    """Two agents do six tasks; the seventh is stopped by the guard, and harms no other."""
    settle(repo, cli, server.url)
    repo.git("config", "user.name", "An")  # Gemini's git knows no config but the repository's
    repo.git("config", "user.email", "an@example.invalid")
    repo.write("held.txt", "maya's\n")
    repo.write("plan.json", json.dumps(PLAN))
    repo.ok("load", "plan.json")
    assert repo.commit("Plan the work").code == 0
    repo.ok("reserve", "held.txt", "--as", "maya")
    began = time.monotonic()
    answer = start(repo, cli, "-a", "2")
    wall_s = time.monotonic() - began
    assert answer.code == 1, answer
    tasks = {one["title"]: one for one in repo.ok("list")["tasks"]}
    merged = [one for one in tasks.values() if "completed" in events(repo, one["id"])]
    assert len(merged) == 6, answer
    assert "6 merged" in answer.out
    held = tasks["Change what another holds"]
    assert held["status"] == "ready", answer
    assert "the guard stopped the commit" in answer.out + answer.err
    told = "\n".join(server.results(held["id"]))
    assert TOLD[cli.name] in told
    for name, text in MADE.items():
        assert repo.git("show", f"HEAD:{name}") == text, (name, answer)
    assert repo.git("ls-tree", "--name-only", "HEAD", "more.txt") == ""
    assert repo.git("status", "--porcelain") == ""
    said = repo.ok("log", tasks["Write below a new folder"]["id"])["events"]
    assert "half of it" in [one["note"] for one in said], said
    assert "deep/more.txt" in [one["note"] for one in said], said
    ours, theirs = check_costs(repo, cli, server)
    repo.ok("unreserve", "--as", "maya", "held.txt")
    check_clean(repo)
    assert not server.strays
    figures.append(
        f"{cli.name:<9} {len(merged)} of 6  {wall_s:6.1f}  {ours.tokens:12}  {theirs.tokens:9}  "
        f"{server.used('').tokens:6}  {ours.cost:.5f}"
    )


def one_task(repo: Repo, cli: Cli, url: str, description: str, **swarm: object) -> str:
    """The id of the only task, and all is ready for a swarm."""
    settle(repo, cli, url, transient_delay="1s", **swarm)
    found = repo.add("One", "--file", "one.txt", "--description", description)
    assert repo.commit("Plan the work").code == 0
    return found


def endings(repo: Repo) -> list[str]:
    """How each run ended, in order."""
    with opened(repo) as workspace:
        return [str(row["ending"]) for row in workspace.db.all("runs.all")]


def test_a_key_that_is_not_known_closes_the_kind(repo: Repo, cli: Cli, server: Server) -> None:
    """The first task goes back as it was, the second is not begun, and it is said why."""
    one = one_task(repo, cli, f"{server.url}/fault/401", "@do say one")
    two = repo.add("Two")
    assert repo.commit("Plan more").code == 0
    answer = start(repo, cli)
    assert (answer.code, endings(repo)) == (1, ["auth"]), answer
    assert f"{cli.name} is not logged in" in answer.out
    assert [task(repo, each).state for each in (one, two)] == ["ready", "ready"]
    check_clean(repo)


# How often a request must fail until the CLI itself gives up, and not once more.
TRIES = {
    "claude": {"500": 2, "drop": 3}, "codex": {"500": 4, "drop": 2},
    "gemini": {"500": 2, "drop": 1}, "opencode": {"500": 1, "drop": 1},
}  # fmt: skip


@pytest.mark.parametrize("how", ["500", "drop"])
def test_a_broken_line_is_taken_up_again(repo: Repo, cli: Cli, server: Server, how: str) -> None:
    """The session goes on where it was, does nothing twice, and each token is counted once."""
    fails = f"@do fail {how} {TRIES[cli.name][how]}"
    one = one_task(repo, cli, server.url, f"@do write one.txt one\n{fails}\n@do say one")
    answer = start(repo, cli)
    found = ["success"] if cli.name == "opencode" else ["transient", "success"]
    assert (answer.code, endings(repo)) == (0, found), answer
    good = [each for each in server.answered if not each.fails]
    assert [len(each.results) for each in good] == [0, 1]
    assert repo.git("show", "HEAD:one.txt") == "one"
    check_costs(repo, cli, server)
    assert events(repo, one).count("claimed") == 1
    check_clean(repo)


def test_what_does_not_pass_is_given_up(repo: Repo, cli: Cli, server: Server) -> None:
    """That is no failure of the task; it waits for another attempt."""
    retries = 0 if cli.name == "opencode" else 1  # which tries for more than a minute itself
    url = f"{server.url}/fault/500"
    one = one_task(repo, cli, url, "@do say one", transient_retries=retries)
    answer = start(repo, cli)
    assert (answer.code, endings(repo)) == (1, ["transient"] * (retries + 1)), answer
    assert task(repo, one).status == "pending_retry"
    check_clean(repo)


def test_who_falls_silent_is_ended(repo: Repo, cli: Cli, server: Server) -> None:
    """So is what its tools have left running; what it did is kept on its branch."""
    steps = "@do shell setsid sleep 3000 > /dev/null 2>&1 & echo one > one.txt\n@do fail hang 1"
    one = one_task(repo, cli, server.url, f"{steps}\n@do say one", idle_timeout="15s")
    answer = start(repo, cli)
    assert (answer.code, endings(repo)) == (1, ["timeout"]), answer
    branch = task(repo, one).branch
    assert repo.git("show", f"{branch}:one.txt") == "one"
    check_clean(repo)


def test_a_claim_without_work_is_not_believed(repo: Repo, cli: Cli, server: Server) -> None:
    """All is done, says the agent, and its program exits with 0; git knows better."""
    one_task(repo, cli, server.url, "@do say All is done.")
    answer = start(repo, cli)
    assert (answer.code, endings(repo)) == (1, ["no_change"]), answer
    check_clean(repo)
