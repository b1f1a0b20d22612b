"""Memories at the edges: odd texts, many at once, and what must not vanish without a word."""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor

import pytest
from conftest import Repo

from jetpack_git.data.database import Database
from jetpack_git.work import secrets
from jetpack_git.work.learnings import store
from jetpack_git.work.memories import Memories


def titles(repo: Repo) -> list[str]:
    """What a recall finds."""
    return [one["title"] for one in repo.ok("recall", "port")["memories"]]


def test_a_title_is_one_that_every_clone_can_read(repo: Repo) -> None:
    """One that says nothing, or is too long, is refused; what it says is kept whole."""
    for title in ("", "   ", "x" * 201):
        assert repo.jetpack("remember", "the body", "--title", title).code == 2
    made = repo.ok("remember", "the body", "--title", "x" * 200)["memory"]
    assert made["title"] == "x" * 200


def test_one_long_line_takes_no_time(db: Database) -> None:
    """Though it has no mix of letters and digits; and blank lines of a report neither."""
    began = time.process_time()
    assert secrets.find("a" * 65_000) == []
    store(Memories(db), "\n" * 60_000, task_id="jp-x", agent="ann")
    assert time.process_time() - began < 5


@pytest.mark.parametrize(
    "key",
    [
        f"github_pat_{'11ABCDEFG0abcdefghij'}_{'k' * 40}", f"hf_{'aB1' * 11}",
        f"sk-proj-{'a1B2' * 10}",
        f"sk_live_{'4eC39HqLyjWDarjtT1zdp7dc'}  # pragma: allowlist secret",
    ],
)  # fmt: skip
def test_newer_keys_are_secrets_too(repo: Repo, key: str) -> None:
    """Wherever they stand; and no line lets itself in."""
    assert "holds a secret" in repo.jetpack("remember", f"Use this\n{key}").err
    assert "holds a secret" in repo.jetpack("remember", "Use this", "--tag", key.split()[0]).err


def test_words_with_marks_are_found(repo: Repo) -> None:
    """A mark that stands on a letter belongs to its word."""
    repo.ok("remember", "हिन्दी में डेटाबेस")
    assert len(repo.ok("recall", "डेटाबेस")["memories"]) == 1


def test_an_end_that_was_said_outlives_another_type(repo: Repo) -> None:
    """The one that follows from a type does not."""
    kept = repo.ok("remember", "note of a port", "--expires", "30d")["memory"]
    for kind in ("solution_pattern", "working", "codebase_knowledge"):
        said = repo.ok("edit", kept["id"], "--type", kind)["memory"]
        assert (said["expires_at"] is None) == (kind == "codebase_knowledge"), kind
        if kind == "solution_pattern":
            assert said["expires_at"] == kept["expires_at"]


def test_nothing_is_superseded_by_what_it_supersedes(repo: Repo) -> None:
    """Else both would be gone from every answer."""
    one = repo.ok("remember", "cats sleep by day")["memory"]["id"]
    two = repo.ok("remember", "dogs sleep by night", "--supersedes", one)["memory"]["id"]
    refused = repo.jetpack("edit", two, "--superseded-by", one)
    assert (refused.code, "which it supersedes" in refused.err) == (2, True)


def test_of_many_who_say_the_same_at_once_one_is_kept(repo: Repo) -> None:
    """What is near is looked for where nobody else writes."""
    with ThreadPoolExecutor(4) as pool:
        said = "The scheduler starts at noon and ends at midnight"
        codes = sorted(pool.map(lambda _: repo.jetpack("remember", said).code, range(4)))
    assert codes == [0, 1, 1, 1]


def test_many_alike_hide_nothing_else(repo: Repo) -> None:
    """They are one answer, whatever their number, and the next one follows."""
    for host in range(14):
        repo.ok("remember", f"Restart the worker daemon on the old host number {host}", "--force")
    repo.ok("remember", "A worker needs a cache of its own")
    answer = repo.ok("recall", "restart the worker", "-n", "2")
    assert [one["title"] for one in answer["memories"]][1] == "A worker needs a cache of its own"
    assert (answer["total"], answer["has_more"]) == (2, False)


def test_what_is_known_for_a_task_can_be_narrowed(repo: Repo) -> None:
    """As any other answer; and an answer that is too long is one line."""
    task = repo.add("write the parser")
    repo.ok("remember", "The parser is slow\n" + "x " * 3000, "--scope", f"task:{task}")
    other = repo.ok("remember", "Test the parser by hand", "--type", "procedural")["memory"]["id"]
    narrow = repo.ok("recall", "--task", task, "--type", "procedural")["memories"]
    assert [one["id"] for one in narrow] == [other]
    assert len(repo.jetpack("recall", "parser slow", "--full", "--budget", "50").out) < 1000
    for option in ("--task", "--commit", "--supersedes"):
        assert repo.jetpack("remember", "x", "--update", other, option, "y").code == 2


def test_what_a_forgotten_memory_superseded_holds_again(repo: Repo) -> None:
    """Nobody else would ever find it."""
    old = repo.ok("remember", "the port is 8080")["memory"]["id"]
    new = repo.ok("remember", "the port is 9090 now", "--supersedes", old)["memory"]["id"]
    assert titles(repo) == ["the port is 9090 now"]
    repo.ok("forget", new)
    assert titles(repo) == ["the port is 8080"]


def test_what_a_report_says_beyond_measure_is_told(db: Database) -> None:
    """Ten are kept, and how many are not is said."""
    subjects = "ants bees cats dogs elks fish goats hens ibis jays kites larks".split()  # noqa: SIM905
    report = "\n".join(f"learned: {one} are slow" for one in subjects)
    kept, refused = store(Memories(db), report, task_id="jp-x", agent="ann")
    assert (len(kept), refused) == (10, ["not remembered: 2 more of what was learned"])


def test_a_few_of_a_task_are_the_few_that_fit(repo: Repo) -> None:
    """What does not is no answer, and takes the place of none."""
    task = repo.add("write the parser")
    scope = ("--scope", f"task:{task}")
    wanted = repo.ok("remember", "Test it by hand", "--type", "procedural", *scope)["memory"]["id"]
    repo.ok("remember", "It is slow", "--importance", "1", *scope)
    repo.ok("remember", "It has a cache", "--importance", "1", "--tag", "cache", *scope)
    told = repo.ok("recall", "--task", task, "--type", "procedural", "-n", "1")["memories"]
    assert [one["id"] for one in told] == [wanted]
    told = repo.ok("recall", "--task", task, "--tag", "cache", "--scope", "task", "-n", "1")
    assert [one["title"] for one in told["memories"]] == ["It has a cache"]
