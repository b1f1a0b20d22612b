"""Memories: remembered, found, changed, promoted and forgotten by the commands that do it."""

from __future__ import annotations

import pytest
from conftest import Repo

KEY = "ghp_" + "16C7e42F292c6912E7710c838347Ae178B4a"


def remember(repo: Repo, *args: str, **env: str) -> str:
    """The id of a new memory."""
    return str(repo.ok("remember", *args, **env)["memory"]["id"])


def found(repo: Repo, *args: str) -> list[str]:
    """The titles that a recall finds, the best first."""
    answer = repo.jetpack("recall", *args, "--json")
    assert answer.code in (0, 1), answer
    return [one["title"] for one in answer.json["memories"]]


def test_what_was_remembered_is_found_by_its_words(repo: Repo) -> None:
    """Whatever form its identifiers have."""
    remember(repo, "parseConfig keeps YAML beside its text\nIn work/settings.py")
    remember(repo, "The hook reads paths that NUL ends")
    assert found(repo, "parse_config") == ["parseConfig keeps YAML beside its text"]
    assert found(repo, "where is settings.py") == ["parseConfig keeps YAML beside its text"]
    assert found(repo, "hooks reading a path") == ["The hook reads paths that NUL ends"]


def test_a_text_is_a_title_and_a_body(repo: Repo) -> None:
    """The first line; of a long one its beginning."""
    one = repo.ok("remember", "A title\nand more\n\nof it")["memory"]
    assert (one["title"], one["body"]) == ("A title", "and more\n\nof it")
    long = repo.ok("remember", "word " * 60)["memory"]
    assert len(long["title"]) <= 120
    assert long["title"].endswith("…")
    assert long["body"] == ("word " * 60).strip()


def test_text_comes_from_a_file_or_stdin(repo: Repo) -> None:
    """And from one place only."""
    repo.write("note.txt", "From a file\nwith a body\n")
    one = repo.ok("remember", "--file", "note.txt")["memory"]
    assert (one["title"], one["body"]) == ("From a file", "with a body")
    repo.write("dos.txt", "\ufeffFrom elsewhere\r\nwith another\r\n")
    one = repo.ok("remember", "--file", "dos.txt")["memory"]
    assert (one["title"], one["body"]) == ("From elsewhere", "with another")
    both = repo.jetpack("remember", "text", "--file", "note.txt")
    assert both.code == 2
    assert "two texts" in both.err
    assert repo.jetpack("remember", "--file", "gone.txt").code == 2


def test_its_fields_are_kept_and_listed(repo: Repo) -> None:
    """With where it comes from: the task that the agent holds, if it is only one."""
    task = repo.add("Work")
    repo.ok("claim", task)
    memory = remember(
        repo, "A fact", "--type", "solution_pattern", "--importance", "0.9", "--tag", "b",
        "--tag", "a", "--scope", f"task:{task}", "--valid-from", "2026-01-02",
    )  # fmt: skip
    one = repo.ok("show", memory)["memory"]
    assert one["memory_type"] == "solution_pattern"
    assert (one["importance"], one["tags"], one["scope"]) == (0.9, ["a", "b"], f"task:{task}")
    assert (one["agent"], one["task_id"]) == ("Ada", task)
    assert one["valid_from"] == "2026-01-02T00:00:00.000Z"
    kind = "odd kind/of: type"
    other = remember(repo, "Something else altogether", "--type", kind, JETPACK_AGENT="Maya")
    listing = repo.ok("memories")
    assert [each["id"] for each in listing["memories"]] == [other, memory]
    assert (listing["total"], listing["has_more"]) == (2, False)
    for args in (["--type", "solution_pattern"], ["--tag", "a"], ["--task", task],
                 ["--scope", "task"], ["--text", "fact"]):  # fmt: skip
        assert [each["id"] for each in repo.ok("memories", *args)["memories"]] == [memory]
    assert repo.ok("memories", "-n", "1")["has_more"]


def test_a_near_duplicate_is_told_and_can_be_updated(repo: Repo) -> None:
    """Nothing is kept twice without being asked for."""
    text = "Run the tests with make test, and never with bare pytest, which lacks the fixtures"
    memory = remember(repo, text)
    again = repo.jetpack("remember", text + ".")
    assert again.code == 1
    assert memory in again.err
    assert "--update" in again.err
    repo.ok("remember", text + ". Since May.", "--update", memory)
    assert repo.ok("memories")["total"] == 1
    assert "Since May" in repo.ok("show", memory)["memory"]["title"]
    remember(repo, text, "--force")
    assert repo.ok("memories")["total"] == 2
    assert len(found(repo, "make test")) == 1, "one of two that are alike is shown"
    assert repo.ok("recall", "make test")["memories"][0]["similar"]


@pytest.mark.parametrize(
    "text",
    [
        f"The token is {KEY}",
        "-----BEGIN OPENSSH PRIVATE KEY-----\nabc",
        "AWS: AKIAIOSFODNN7EXAMPLE",
        'password = "correct horse battery"',
        "postgres://ada:lovelace@db.example.invalid/prod",
        "Key of Anthropic: sk-ant-api03-" + "a1" * 20,
        "API_KEY=9f8e7d6c5b4a39281706f5e4d3c2b1a0",
        "Use DB_PASSWORD=hunter2secret, and restart",
        "aws_secret_access_key = wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY1",
        "The password: hunter2secret",
        "client_secret=GOCSPX-abcdefghijklmnopqrstuvwx1234",
        'curl -H "Authorization: Bearer 9f8e7d6c5b4a39281706f5e4d3c2b1a0" https://x',
        "curl -u admin:s3cretpw99 https://x",
        "password=hunter2Xk9 and password: s3cretpw99",
        "curl -u a:first1pw x; curl -su admin:s3cretpw99 y",
        '{"token": "hunter2XkMxQviBfMjRZNls58xmKYwRN4fez"}',
        "api key: 9f8e7d6c5b4a39281706f5e4d3c2b1a0",
        "deploy --token hunter2XkMxQviBfMjRZ",
        "The password is hunter2XkMxQviBfMjRZ",
        "//registry of npm: npm_" + "a1" * 18,
    ],
)
def test_secrets_are_refused(repo: Repo, text: str) -> None:
    """For they would be committed; the line is shown, the secret is not."""
    refused = repo.jetpack("remember", f"A title\n{text}")
    assert refused.code == 2
    assert "a line holds a secret" in refused.err
    for part in (KEY, "hunter2", "9f8e7d6c5b", "wJalrX", "GOCSPX-a", "s3cret", "a1a1a1"):
        assert part not in refused.err
    assert repo.ok("memories")["total"] == 0
    assert not (repo.path / ".memories").exists()
    remember(repo, f"A title\n{text}", "--force")


def test_what_only_looks_odd_is_no_secret(repo: Repo) -> None:
    """Names of commits, paths and identifiers are what memories are made of."""
    remember(
        repo,
        "Broken by 9f8e7d6c5b4a39281706f5e4d3c2b1a098765432 in src/jetpack_git/models/parse.py\n"
        "Use pwd=/root/project1, private_key_path=/etc/s1.key, secret: tests/fixtures/key2.pem\n"
        "secret=kv-v2/prod-db, token_ttl=3600seconds, password: argon2id, db_key=tenant_42_orders\n"
        "password=serializers.CharField(max_length=128), Bearer auth-middleware-v2 is in\n"
        "The password field is checked in validate_password_field(), the token in TokenStore.\n"
        'It reads password=os.environ["DB_PASS_2"], api_key: config.api_key_v2, secret: base64-u\n'
        "Set max_tokens=4096, token: str, PASSWORD=$DB_PASSWORD2 or API_KEY=<your key 1>; bearer\n"
        "curl -u $USER:$PASS1 needs --user; token = sha256(data); password: 12 characters at least",
    )


def test_what_was_recalled_is_not_remembered_again(repo: Repo) -> None:
    """It bears a mark."""
    memory = remember(repo, "Locks are taken in the order of their names")
    line = repo.jetpack("recall", "locks order").out.splitlines()[0]
    assert line == f"[recalled {memory}] Locks are taken in the order of their names"
    refused = repo.jetpack("remember", f"I found this useful:\n{line}", "--force")
    assert refused.code == 2
    assert memory in refused.err


def test_importance_feedback_and_age_weigh_a_little(repo: Repo) -> None:
    """Of two that match alike, the one that matters or helped comes first."""
    remember(repo, "Deploy alpha needs the token server", "--importance", "0.1")
    high = remember(repo, "Deploy omega needs another server", "--importance", "0.9")
    assert repo.ok("recall", "deploy needs server")["memories"][0]["id"] == high
    low = next(one["id"] for one in repo.ok("memories")["memories"] if one["id"] != high)
    for _ in range(6):
        repo.ok("feedback", low, "--helpful")
        repo.ok("feedback", high, "--harmful")
    repo.ok("edit", high, "--importance", "0.5")
    repo.ok("edit", low, "--importance", "0.5")
    assert repo.ok("recall", "deploy needs server")["memories"][0]["id"] == low


def test_what_helps_again_and_again_becomes_a_pattern(repo: Repo) -> None:
    """After three that found it helpful, its file moves; a type of its own stays."""
    memory = remember(repo, "Warm the cache before the benchmark")
    kept = remember(repo, "Settings are read in one place", "--type", "codebase_knowledge")
    for _ in range(3):
        repo.ok("feedback", memory, "--helpful")
        repo.ok("feedback", kept, "--helpful")
    assert repo.ok("show", memory)["memory"]["memory_type"] == "procedural"
    assert repo.ok("show", kept)["memory"]["memory_type"] == "codebase_knowledge"
    assert (repo.path / ".memories/procedural" / f"{memory}.md").exists()
    assert not (repo.path / ".memories/agent_learning").exists()
    assert repo.jetpack("promote", memory).code == 1


def test_working_memories_have_no_file_and_run_out(repo: Repo) -> None:
    """Completing their task offers to keep them."""
    task = repo.add("Work")
    repo.ok("claim", task)
    memory = remember(repo, "Half done: the parser is next", "--type", "working")
    assert repo.ok("show", memory)["memory"]["expires_at"] is not None
    assert not (repo.path / ".memories").exists()
    over = repo.jetpack("done", task)
    assert memory in over.err
    assert "git jetpack promote" in over.err
    kept = repo.ok("promote", memory)["memory"]
    assert (kept["memory_type"], kept["expires_at"]) == ("episodic", None)
    assert (repo.path / ".memories/episodic" / f"{memory}.md").exists()


def test_what_is_over_or_superseded_is_left_out(repo: Repo) -> None:
    """Unless it is asked for."""
    old = remember(repo, "The port is 8000")
    new = remember(repo, "The port is 9000 since the proxy came", "--supersedes", old)
    remember(repo, "The port is closed on Sundays", "--valid-from", "2999-01-01")
    assert [one["id"] for one in repo.ok("recall", "port")["memories"]] == [new]
    assert len(repo.ok("recall", "port", "--all")["memories"]) == 3
    assert repo.ok("show", old)["memory"]["superseded_by"] == new
    assert repo.jetpack("edit", new, "--superseded-by", new).code == 2


def test_an_agents_own_memories_are_its_own(repo: Repo) -> None:
    """Nobody else finds them, in no way."""
    remember(repo, "My notes on the parser", "--scope", "agent:Maya", JETPACK_AGENT="Maya")
    assert repo.ok("recall", "parser", JETPACK_AGENT="Maya")["total"] == 1
    assert repo.jetpack("recall", "parser").code == 1
    assert repo.ok("memories")["total"] == 0
    assert repo.jetpack("remember", "x", "--scope", "agent:").code == 2
    assert repo.jetpack("remember", "x", "--scope", "task:jp-none").code == 2


def test_a_task_is_told_what_is_known(repo: Repo) -> None:
    """First of all what is of its own scope, or that of a task above it."""
    parent = repo.add("Release")
    task = repo.add("Publish the wheel", "--parent", parent, "-d", "to the package index")
    own = remember(repo, "Ask Kim for the key", "--scope", f"task:{parent}")
    other = remember(repo, "The package index refuses a version twice")
    ids = [one["id"] for one in repo.ok("recall", "--task", task)["memories"]]
    assert ids == [own, other]
    assert other in repo.jetpack("prime").out
    repo.ok("claim", task)
    assert own in repo.jetpack("prime").out


def test_a_report_teaches(repo: Repo) -> None:
    """Its lines `learned: …` are remembered with their task."""
    task = repo.add("Work")
    repo.ok("claim", task)
    said = repo.jetpack(
        "done", task, "-m", f"Did it.\n- **learned:** Wheels need a tag\nlearned: the key is {KEY}"
    )
    assert said.code == 0
    assert "holds a secret" in said.err
    (one,) = repo.ok("memories")["memories"]
    assert (one["title"], one["task_id"]) == ("Wheels need a tag", task)


def test_a_memory_is_edited(repo: Repo) -> None:
    """Each field; a task has none of them, and it none of a task's."""
    memory = remember(repo, "One", "--tag", "x", "--expires", "3d")
    repo.ok(
        "edit", memory, "--title", "Two", "--body", "More", "--type", "note", "--tag", "",
        "--expires", "", "--importance", "1",
    )  # fmt: skip
    one = repo.ok("show", memory)["memory"]
    assert (one["title"], one["body"], one["memory_type"]) == ("Two", "More", "note")
    assert (one["tags"], one["expires_at"], one["importance"]) == ([], None, 1.0)
    assert found(repo, "more") == ["Two"]
    assert found(repo, "one") == []
    assert repo.jetpack("edit", memory, "--priority", "1").code == 2
    task = repo.add("Work")
    assert repo.jetpack("edit", task, "--importance", "1").code == 2
    assert repo.jetpack("edit", memory).code == 2


def test_a_forgotten_memory_is_gone(repo: Repo) -> None:
    """With its file, its words and its vector."""
    memory = remember(repo, "Nobody needs this")
    repo.ok("forget", memory)
    assert repo.jetpack("recall", "nobody needs").code == 1
    assert not (repo.path / ".memories/agent_learning").exists()
    assert repo.jetpack("show", memory).code == 2
    assert repo.jetpack("forget", memory).code == 2


@pytest.mark.parametrize("value", ["1.1", "-0.1", "nan", "much"])
def test_importance_is_from_nothing_to_one(repo: Repo, value: str) -> None:
    """Anything else is refused."""
    assert repo.jetpack("remember", "x", f"--importance={value}").code == 2


@pytest.mark.parametrize("text", ["", "   ", "\n"])
def test_nothing_is_no_memory(repo: Repo, text: str) -> None:
    """An empty text is refused."""
    assert repo.jetpack("remember", text).code == 2


def test_a_budget_holds(repo: Repo) -> None:
    """About so many tokens are printed, and what is left out is counted."""
    for number in range(8):
        remember(repo, f"Fact {number} about lock files: {chr(97 + number) * 60}", "--force")
    out = repo.jetpack("recall", "lock files", "--budget", "100").out
    assert len(out.encode()) <= 100 * 3 + 80
    assert "more: -n or --budget" in out
    full = repo.jetpack("recall", "lock files", "--full", "--budget", "9999").out
    assert full.count("agent_learning, Ada") == 8


def test_terminals_obey_nothing_of_it(repo: Repo) -> None:
    """Control characters are shown."""
    remember(repo, "Red \x1b[31malert\x07\nand \x1b]0;owned\x07")
    for args in (["recall", "alert"], ["recall", "alert", "--full"], ["memories"]):
        assert "\x1b" not in repo.jetpack(*args).out


def test_two_who_remember_at_once_lose_nothing(repo: Repo) -> None:
    """Each of many processes has its own id, row and file."""
    import subprocess

    from conftest import SCRIPT

    words = ["alpha beta", "gamma delta", "epsilon zeta", "eta theta", "iota kappa", "mu nu"]
    running = [
        subprocess.Popen([SCRIPT, "remember", one], cwd=repo.path, stdout=subprocess.DEVNULL)
        for one in words
    ]
    assert [one.wait() for one in running] == [0] * len(words)
    assert repo.ok("memories")["total"] == len(words)
    assert len(list((repo.path / ".memories/agent_learning").iterdir())) == len(words)
