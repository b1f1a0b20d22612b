"""What is nearly the same as what is remembered already, and what only looks so."""

from __future__ import annotations

import sys
import time
from pathlib import Path

import pytest
from conftest import Repo

from jetpack_git.data.database import Database
from jetpack_git.data.memories import put
from jetpack_git.embed import hashed
from jetpack_git.embed.base import Unavailable
from jetpack_git.embed.command import Command
from jetpack_git.errors import Negative
from jetpack_git.models.memory import Memory
from jetpack_git.work import vectors
from jetpack_git.work.memories import Memories
from jetpack_git.work.recall import recall
from jetpack_git.work.retrievers import Asked

PORT = "port 5432 for the database of the tests, since the other one is taken by the proxy"


@pytest.mark.parametrize(
    ("there", "new"),
    [
        (f"Use {PORT}", f"Never use {PORT}"),
        (f"Never use {PORT}", f"Use {PORT}"),
        (f"The build does use {PORT}", f"The build doesn't use {PORT}"),
        ("C++ is the language of the core", "C is the language of the core"),
        ("C# is the language of the core", "C++ is the language of the core"),
        (
            "The table of settings is read from conf/site.py before the workers are started at all",
            "The table of settings is read from conf/host.py before the workers are started at all",
        ),
        ("Run it with --force", "Run it with --no-force"),
        ("The cache is safe only on Linux", "The cache is safe"),
        ("The cache is safe", "The cache is safe only on Linux"),
        (f"It is safe to use {PORT}", f"It is unsafe to use {PORT}"),
        (f"Never use UDP, use {PORT}", f"Use UDP, never use {PORT}"),
        (f"The parser calls the lexer at {PORT}", f"The lexer calls the parser at {PORT}"),
        (f"Start redis before nginx at {PORT}", f"Start nginx before redis at {PORT}"),
        (f"The staging server has {PORT}", f"The production server has {PORT}"),
        ("Don't mock the database in the tests", "Mock the database in the tests"),
        ("Nobody should edit what is generated", "Edit what is generated"),
        ("Run the migration with --dry-run", "Run the migration"),
        (
            "The cache is not shared by the workers. Its keys are in redis and are durable",
            "The cache is not shared by the workers. Its keys are in redis and are not durable",
        ),
        (
            f"If the queue is full, they wait. The cache is safe to use by all of them at {PORT}",
            f"If the queue is full, they wait. The cache is safe to use only on Linux at {PORT}",
        ),
        (
            f"The error in test_auth was caused by {PORT} and nothing else that we saw there",
            f"The error in test_users was caused by {PORT} and nothing else that we saw there",
        ),
        (f"It needs the postgres container at {PORT}", f"It needs the kafka container at {PORT}"),
        (f"Retries swallow the interrupt at {PORT}", f"Retries swallow the timeout at {PORT}"),
        (f"The upload of rows is slow at {PORT}", f"The import of rows is slow at {PORT}"),
        ("All tests pass on main", "Some tests pass on main"),
        ("Merge it into main", "Merge it from main"),
        ("The old API was removed", "The old API will be removed"),
        ("The cache is shared by all", "The cache is sharded by all"),
        ("Run the linker first of all", "Run the linter first of all"),
        (
            "A service of orders calls a service of bills",
            "The service of bills calls the service of orders",
        ),
        ("The lease timeout is short", "The lease timeout is long"),
        ("Tests need docker", "Tests need no docker"),
        (f"Call getUserById at {PORT}", f"Call getUserByEmail at {PORT}"),
        (f"The data is in Postgres at {PORT}", f"The data is in MySQL at {PORT}"),
        (f"The upload is slow at {PORT}", f"The download is slow at {PORT}"),
        ("Die Tests laufen hier parallel", "Die Tests laufen hier nicht parallel"),
    ],
)
def test_the_opposite_and_another_name_are_news(db: Database, there: str, new: str) -> None:
    """However much of the rest is the same; and a recall shows both."""
    memories = Memories(db)
    for text in (there, new):
        memories.remember(Memory(id="", title=text))
    found = recall(db, f"{there} {new}", Asked(), limit=9).found
    assert sorted(one.memory.title for one in found) == sorted((there, new))


@pytest.mark.parametrize(
    ("there", "new"),
    [
        (f"Use {PORT}", f"use **{PORT}**!"),
        (f"Use {PORT} of the cluster", f"Use {PORT} of a cluster"),
        ("`C++` is the language of the core.", "C++ is the language of the core"),
        ("The parser is slow, for it copies", "The parser is slow"),
        (f"The parser is slow - it needs {PORT}", f"The parser is slow \u2014 it needs {PORT}"),
        (f"Don't use {PORT}", f"Don\u2019t use {PORT}"),
        (f"It isn't the {PORT}", f"It is not the {PORT}"),
        (f"Write to \u201c/var/tmp\u201d at {PORT}", f'- Write to "/var/tmp/" at {PORT}'),
        (f"It needs Python 3.11 at {PORT}", f"It needs Python 3.12 at {PORT}"),
        (f"It is up 85% at {PORT}", f"It is up 90% at {PORT}"),
        ("The lexer is slow: use memoryview", "The lexer is slow: use a memoryview"),
        ("Tests need docker running before pytest", "Test needs docker runing before pytest"),
        ("The lease timeout is 30s", "The lease timeout is 60s"),
        ("CI cannot reach PyPI from there", "CI can't reach PyPI from there"),
        (f"It fails in retry.py:12 at {PORT}", f"It fails in retry.py:14 at {PORT}"),
        (f"All worker need {PORT}", f"All workers need {PORT}"),
        (f"Always use the lock file at {PORT}", f"Always use the lockfile at {PORT}"),
        (f"The scheduler recieves {PORT}", f"The scheduler receives {PORT}"),
        (f"In the tests, use {PORT}", f"Use {PORT} in the tests"),
        (f"When it is cold, use {PORT}", f"If it is cold, use {PORT}"),
    ],
)
def test_what_adds_nothing_is_no_news(db: Database, there: str, new: str) -> None:
    """Signs around a word, a small word, or less than is known."""
    Memories(db).remember(Memory(id="", title=there))
    with pytest.raises(Negative, match="nearly the same"):
        Memories(db).remember(Memory(id="", title=new))


def test_what_ends_sooner_or_holds_for_less_stands_in_nobodys_way(repo: Repo) -> None:
    """The same text may be kept for longer, or for all; but then not for less again."""
    text = "The staging server is being moved to the other rack"
    task, other = repo.add("Move it"), repo.add("Other work")
    lesser: list[list[str]] = [
        ["--type", "working"], ["--expires", "1h"], ["--scope", f"task:{task}"],
        ["--valid-from", "2999-01-01"],
    ]  # fmt: skip
    for one in lesser:
        repo.ok("remember", text, *one, "--force")
    assert repo.jetpack("remember", text, "--type", "working").code == 1
    repo.ok("remember", text, "--expires", "90d")
    assert repo.jetpack("remember", text, "--expires", "91d").code == 1
    repo.ok("remember", text, "--scope", f"task:{other}")
    child = repo.add("Pack it", "--parent", other)
    above = repo.jetpack("remember", text, "--scope", f"task:{child}")
    assert (above.code, "says nearly the same" in above.err) == (1, True)
    lasting = repo.ok("remember", text)["memory"]["id"]
    for one in [[], *lesser[:3]]:
        refused = repo.jetpack("remember", text, *one)
        assert (refused.code, lasting in refused.err) == (1, True), one


def test_what_only_speaks_of_a_memory_can_be_kept(repo: Repo) -> None:
    """If somebody says so; what repeats it cannot."""
    old = repo.ok("remember", "The cache lives in /var/tmp")["memory"]["id"]
    news = f"[recalled {old}] holds no more: there is none"
    assert repo.jetpack("remember", news).code == 2
    for one in (f"[recalled {old}]", f"[RECALLED {old.upper()}]"):
        text = f"{one} the cache lives in `/var/tmp`"
        assert repo.jetpack("remember", text, "--force").code == 2, text
    assert repo.ok("remember", news, "--force", "--supersedes", old)
    for title, about in (("Cab", "the cabinet script is obsolete"), ("→ ⇒", "it was wrong")):
        short = repo.ok("remember", title)["memory"]["id"]
        repo.ok("remember", f"[recalled {short}] {about}", "--force")


def test_a_type_that_means_something_does_so_in_any_letters(repo: Repo) -> None:
    """A note for the time of work is no file for ever; and two opposite opinions are none."""
    made = repo.ok("remember", "Ask Bob", "--type", "Working")["memory"]
    assert (made["memory_type"], (repo.path / ".memories/Working").exists()) == ("working", False)
    for opinions in ((), ("--helpful", "--harmful")):
        assert repo.jetpack("feedback", made["id"], *opinions).code == 2


def test_what_is_of_one_task_is_told_for_no_other(repo: Repo) -> None:
    """But for those below it; and a search says of which it is, and what holds no more."""
    task, other = repo.add("Feed the zoo"), repo.add("Look at the tides")
    child = repo.add("Look at the tides, too", "--parent", task)
    repo.ok("remember", "Tides are high at noon", "--scope", f"task:{task}")
    told = [repo.jetpack("recall", "--task", one, "--json") for one in (task, child, other)]
    assert [(len(one.json["memories"]), one.json["total"]) for one in told] == [
        (1, 1), (1, 1), (0, 0),
    ]  # fmt: skip
    assert f"Tides are high at noon (for task:{task})" in repo.jetpack("recall", "tides").out
    old = repo.ok("remember", "Tides are low at dawn", "--valid-from", "2999-01-01")["memory"]["id"]
    new = repo.ok("remember", "Tides vary", "--supersedes", old)["memory"]["id"]
    for command in (["recall", "tides", "--all"], ["memories", "--all"]):
        assert f"superseded by {new}" in repo.jetpack(*command).out
    assert repo.jetpack("remember", repo.jetpack("show", new, "--json").out).code == 2


def test_characters_without_a_form_are_no_memory(repo: Repo) -> None:
    """Nobody could see what it says."""
    assert repo.jetpack("remember", "\u200b\u2060 \ufeff").code == 2


def test_copies_leave_room_for_other_answers(db: Database) -> None:
    """However many they are, and with all that there is they take no long time."""
    with db.transaction_quietly():
        for at in range(1500):
            kind = "the same thing" if at < 750 else f"weaker {at} {chr(97 + at % 26) * 9}"
            memory = Memory(str(at), f"common {kind}", created_at=NOW, updated_at=NOW)
            put(db, memory, hashed.vector(memory.text))
    said = recall(db, "common same thing", Asked(), limit=20)
    assert len(said.found) == 20
    assert len(said.found[0].similar) > 700
    began = time.process_time()
    assert len(recall(db, "common same thing", Asked(), limit=10**6).found) == 751
    assert time.process_time() - began < 5


ANSWERS = {
    "null": 'print("null" if "bad" in one else "[1, 2]")',
    "another length": 'print("[1]" if "bad" in one else "[1, 2]")',
    "no JSON": 'print("x" if "bad" in one else "[1, 2]")',
    "no line": '"bad" in one or print("[1, 2]")',
    "a failure": 'sys.exit(3) if "bad" in one else print("[1, 2]")',
}


@pytest.mark.parametrize("answer", ANSWERS.values(), ids=ANSWERS)
def test_a_program_that_fails_at_one_text_makes_vectors_of_the_others(
    db: Database, tmp_path: Path, answer: str
) -> None:
    """Where it fails at every text, or for a while, nothing is settled, and why is told."""
    for number, text in enumerate(("ants", "a bad one", "bees", "cats", "dogs")):
        with db.transaction_quietly():
            put(db, Memory(str(number), text, created_at=NOW, updated_at=NOW), hashed.vector(text))
    script = tmp_path / "answers.py"
    embedder = Command(command=f"{sys.executable} {script}", dimension=2, timeout_s=60)
    script.write_text(f"import sys\nfor one in ['bad' for _ in sys.stdin]:\n    {answer}\n")
    with pytest.raises(Unavailable):
        vectors.make(db, embedder)
    assert len(db.all("vectors.missing", embedder=embedder.name, limit=9)) == 5
    seen = tmp_path / "seen"
    script.write_text(
        f"import sys\nprint(file=open({str(seen)!r}, 'a'))\n"
        f"if len(open({str(seen)!r}).read()) != 2: sys.exit(1)\n"
        "for one in sys.stdin: print('[1, 2]')\n"
    )
    with pytest.raises(Unavailable):  # it answers the second time, and then no more
        vectors.make(db, embedder)
    assert len(db.all("vectors.missing", embedder=embedder.name, limit=9)) == 5
    script.write_text(f"import sys\nfor one in sys.stdin:\n    {answer}\n")
    assert vectors.make(db, embedder) == 0
    rows = db.all("vectors.these", embedder=embedder.name, seqs="[1, 2, 3, 4, 5]")
    assert [bool(row["vector"]) for row in rows] == [True, False, True, True, True]


def test_an_embedder_that_hangs_keeps_nobody_else_waiting(repo: Repo, tmp_path: Path) -> None:
    """It is left alone for a while, and each answer says so; another one is asked at once."""
    repo.ok("remember", "Ants are slow")
    script = tmp_path / "hangs.py"
    script.write_text("import time\ntime.sleep(60)\n")
    command = f"{sys.executable} {script}"
    repo.git("config", "jetpack.embedder", command)
    config = f"memory:\n  embedder: command\n  command: {command}\n  timeout: 3s\n  dimension: "
    repo.write(".jetpack/config.yaml", f"{config}2\n")
    assert "3 s" in repo.ok("recall", "ants")["degraded"]
    began = time.monotonic()
    assert "a short while ago" in repo.ok("recall", "ants")["degraded"]
    assert time.monotonic() - began < 2
    script.write_text("import sys\nfor one in sys.stdin: print('[1, 2, 3]')\n")
    repo.write(".jetpack/config.yaml", f"{config}3\n")
    assert repo.ok("recall", "ants")["degraded"] is None


NOW = "2026-01-01T00:00:00.000Z"
