"""The task commands: whatever text comes in, what goes out is whole, and harmless."""

from __future__ import annotations

import json
import os
import subprocess

import pytest
from conftest import SCRIPT
from conftest import Answer
from conftest import Repo

NASTY = "\x1b[31mred\x1b[0m \x07 \u202egnp.exe\u202c \u200b \x9b2J"
TEXTS = (
    'It\'s a "quoted" `title`; $HOME \\ %s {x} [y] <z>',
    "one\ntwo\r\nthree\rfour",
    "größer 計画 🚀 é",
    NASTY,
    "--- : not YAML",
    "x" * 65_536,
)


def run(repo: Repo, *args: bytes | str, stdin: bytes = b"", **env: str) -> Answer:
    """What `git jetpack` said to arguments and input of any bytes."""
    done = subprocess.run(
        [SCRIPT, *args], cwd=repo.path, input=stdin, capture_output=True, check=False,
        env=os.environ | env,
    )  # fmt: skip
    assert b"Traceback" not in done.stderr, done.stderr
    return Answer(done.returncode, done.stdout.decode(), done.stderr.decode())


def harmless(answer: Answer) -> None:
    """A terminal only prints it: no escape, no bell, no change of direction."""
    for text in (answer.out, answer.err):
        assert all(one.isprintable() or one == "\n" for one in text), text


def test_text_is_kept_whole_and_printed_harmlessly(repo: Repo) -> None:
    """As title, description, summary and in the log, line ends as newlines."""
    for text in TEXTS:
        made = run(repo, "add", "-d", "-", "--json", "--", text, stdin=text.encode())
        assert made.code == 0, made
        task_id = json.loads(made.out)["task"]["id"]
        repo.ok("claim", task_id)
        task = repo.ok("done", task_id, f"--summary={text}")["task"]
        wanted = text.replace("\r\n", "\n").replace("\r", "\n")
        assert (task["title"], task["description"], task["summary"]) == (wanted, wanted, text)
        for args in (("show", task_id), ("log", task_id)):
            harmless(run(repo, *args))
    listed = run(repo, "list")
    assert len(listed.out.splitlines()) == len(TEXTS)
    harmless(listed)


def test_what_cannot_be_kept_is_refused(repo: Repo) -> None:
    """Code 2, each with what is wrong; no task comes of it."""
    task_id = repo.add("One")
    latin = b"caf\xe9"
    cases: list[tuple[tuple[bytes | str, ...], bytes, str]] = [
        (("add", latin), b"", "caf\\xe9 is no UTF-8 text."),
        (("add", "x", "-d", "-"), latin, "The description is no UTF-8 text."),
        (("add", "x", "-d", "-"), b"a\0b", "The description holds a NUL character."),
        (("add", "x", "-d", "-"), b"x" * 6_000_000,
         "The description has more than 5242880 bytes."),
        (("add", "x" * 65_537), b"", "The title has more than 65536 bytes."),
        (("add", " \n "), b"", "The title is empty."),
        (("edit", task_id, "--title", ""), b"", "The title is empty."),
        (("add", "x", "-p", "soon"), b"", "'soon' is no priority."),
        (("add", "x", "--estimate", "soon"), b"", "'soon' is no duration."),
        (("add", "x", "--parent", latin), b"", "caf\\xe9 is no UTF-8 text."),
        (("add", "x", "--depends", latin), b"", "caf\\xe9 is no UTF-8 text."),
        (("show", latin), b"", "caf\\xe9 is no UTF-8 text."),
        (("list", "--assignee", latin), b"", "caf\\xe9 is no UTF-8 text."),
        (("add", "x", "--depends", "jp-none"), b"", "There is no task 'jp-none'."),
    ]  # fmt: skip
    for args, stdin, said in cases:
        answer = run(repo, *args, stdin=stdin)
        assert (answer.code, answer.out) == (2, ""), (args, answer)
        assert answer.err.startswith(f"error: {said}\n"), (args, answer.err)
        harmless(answer)
    for more in (("--skills", latin), ("--file", latin)):
        answer = run(repo, "add", "x", *more)
        assert (answer.code, answer.out) == (2, ""), (more, answer)
    move = run(repo, "cancel", task_id, "-m", latin)
    assert (move.code, move.out) == (2, "")
    assert repo.ok("list")["tasks"][0]["status"] == "ready"
    assert repo.ok("list")["total"] == 1


@pytest.mark.parametrize("locale", ["C.UTF-8", "C", "POSIX"])
def test_the_locale_changes_nothing(repo: Repo, locale: str) -> None:
    """Neither what is read from stdin nor what is printed."""
    env = {"LC_ALL": locale, "LANG": locale}
    made = run(repo, "add", "größer", "-d", "-", "--json", stdin="計画".encode(), **env)
    task = json.loads(made.out)["task"]
    assert (task["title"], task["description"]) == ("größer", "計画")
    assert run(repo, "show", task["id"], **env).out.splitlines()[0] == f"{task['id']}  größer"
    bad = run(repo, "add", "x", "-d", "-", stdin=b"\xff", **env)
    assert (bad.code, bad.err.splitlines()[0]) == (2, "error: The description is no UTF-8 text.")


def test_fields_mean_the_same_however_they_are_written(repo: Repo) -> None:
    """Skills are folded and sorted, patterns normalised, words and numbers are priorities."""
    task_id = repo.add(
        "One", "--skills", " SQL, go ,,sql", "-p", "High", "--estimate", "1h 30m",
        "--file", "./src//a.py", "--file", "docs/",
    )  # fmt: skip
    task = repo.ok("show", task_id)["task"]
    assert (task["skills"], task["priority"], task["estimate_s"]) == (["go", "sql"], 1, 5400)
    assert task["files"] == ["src/a.py", "docs"]
    changed = repo.jetpack("edit", task_id, "--file", "", "--skills", "", "-p", "P4")
    assert changed.out == f"{task_id} changed: priority, skills, files\n"
    after = repo.ok("show", task_id)["task"]
    assert (after["skills"], after["files"], after["priority"]) == ([], [], 4)


def test_listings_say_how_much_they_leave_out(repo: Repo) -> None:
    """For people in the last line, for programs in `total` and `has_more`."""
    ids = [repo.add(f"Task {number}") for number in range(3)]
    repo.ok("claim", ids[2], "--as", "ann")
    repo.jetpack("dep", "add", ids[1], ids[0])
    cut = repo.ok("list", "-n", "2")
    assert ([one["id"] for one in cut["tasks"]], cut["total"], cut["has_more"]) == (
        ids[:2], 3, True,
    )  # fmt: skip
    assert repo.jetpack("list", "-n", "2").out.splitlines() == [
        f"{ids[0]}  P2  ready      Task 0",
        f"{ids[1]}  P2  blocked    Task 1",
        "… 1 more of 3; show more with -n",
    ]
    for args, wanted in (
        (("list", "-n", "0"), ids),
        (("list", "--status", "blocked"), ids[1:2]),
        (("list", "--status", "pending"), ids[:2]),
        (("list", "--status", "claimed"), ids[2:]),
        (("list", "--assignee", "ann"), ids[2:]),
        (("ready",), ids[:1]),
    ):
        found = repo.ok(*args)
        assert ([one["id"] for one in found["tasks"]], found["total"], found["has_more"]) == (
            wanted, len(wanted), False,
        )  # fmt: skip
    log = repo.ok("log", ids[2])
    assert ([one["kind"] for one in log["events"]], log["total"], log["has_more"]) == (
        ["task.created", "task.claimed"], 2, False,
    )  # fmt: skip
    repo.ok("claim", ids[0])
    nothing = repo.jetpack("ready")
    assert (nothing.code, nothing.out, nothing.err) == (1, "Nothing is ready.\n", "")


KEYS = [
    "id", "title", "description", "status", "priority", "parent_id", "plan_id", "skills", "files",
    "depends", "links", "estimate_s", "assignee", "branch", "commit_id", "summary", "created_at",
    "updated_at", "claimed_at", "completed_at", "attempts", "max_attempts", "retry_at", "percent",
    "results", "labels", "aliases", "children", "blockers",
]  # fmt: skip


def test_every_command_answers_with_one_document(repo: Repo) -> None:
    """With `schema` 1 and, for a task, all of its keys."""
    one, two = repo.add("One"), repo.add("Two")
    for args in (
        ("add", "Three"), ("edit", one, "--title", "Uno"), ("claim", one), ("begin", one),
        ("release", one, "-m", "later"), ("claim", one), ("fail", one, "-m", "no"),
        ("release", one), ("claim", one), ("done", one, "-m", "yes"), ("dep", "add", two, one),
        ("dep", "rm", two, one), ("cancel", two), ("claim", "--next"),
    ):  # fmt: skip
        found = repo.ok(*args)
        assert (list(found), found["schema"]) == (["schema", "task"], 1), args
        assert list(found["task"]) == KEYS
    shown = repo.ok("show", one)
    assert list(shown) == ["schema", "task", "children"]
    assert shown["task"]["status"] == "completed"
    assert [row.split()[1:4] for row in repo.jetpack("log", one).out.splitlines()] == [
        ["created", "Ada", "One"], ["edited", "Ada", "fields:"], ["claimed", "Ada"],
        ["begun", "Ada"], ["released", "Ada", "later"], ["claimed", "Ada"],
        ["retried", "Ada", "no"], ["released", "Ada"], ["claimed", "Ada"],
        ["completed", "Ada", "yes"],
    ]  # fmt: skip


def test_show_tells_all_of_a_parent(repo: Repo) -> None:
    """Its fields, its text, and its children in their order."""
    parent = repo.add("Parent", "-d", "Line one.\nLine two.", "--estimate", "90m")
    first = repo.add("First", "--parent", parent)
    second = repo.add("Second", "--parent", parent, "--depends", first)
    repo.ok("claim", first)
    repo.ok("done", first)
    created = repo.ok("show", parent)["task"]["created_at"]
    assert repo.jetpack("show", parent).out.splitlines() == [
        f"{parent}  Parent",
        "  status    in_progress 50%",
        "  priority  P2",
        "  estimate  1h30m",
        f"  created   {created}",
        "",
        "Line one.",
        "Line two.",
        "",
        "children (1 of 2 completed):",
        f"  {first}  P2  completed  Ada  First",
        f"  {second}  P2  ready           Second",
    ]
