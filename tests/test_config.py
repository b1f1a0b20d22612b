"""`.jetpack/config.yaml`: what it may say, and what is told about the rest."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import settings
from hypothesis import strategies as st

from jetpack_git.data.database import in_memory
from jetpack_git.errors import BadInput
from jetpack_git.models import durations
from jetpack_git.models.config import Config
from jetpack_git.models.config import GuardConfig
from jetpack_git.models.config import SwarmConfig
from jetpack_git.models.parse import sections
from jetpack_git.work import brief
from jetpack_git.work import settings as stored
from tests.conftest import Repo


@pytest.mark.parametrize(
    "text", ["", "\ufeff", "# nothing\n", "guard:\nswarm:\n", "guard: {}\n", "---\n"]
)
def test_an_empty_config_means_the_defaults(text: str) -> None:
    """A setting that is not there is as if its default was."""
    assert sections.config(text, source="c") == Config()


@pytest.mark.parametrize(
    "text",
    [
        "guard:\n  mode: warn\nswarm:\n  heartbeat: 90s\n  command: run {task_id}\n",
        "guard: {mode: warn}\nswarm: {heartbeat: 90, command: 'run {task_id}'}\n",
        "\ufeffswarm:\r\n  command: >-\r\n    run\r\n    {task_id}\r\n  heartbeat: 1m30s\r\n"
        "guard:\r\n  mode: 'warn'\r\n",
    ],
)
def test_every_style_of_yaml_means_the_same(text: str) -> None:
    """Blocks, braces, quotes and the ends of lines do not matter."""
    assert sections.config(text, source="c") == Config(
        guard=GuardConfig(mode="warn"),
        swarm=SwarmConfig(heartbeat_s=90.0, command="run {task_id}"),
    )


def test_unknown_keys_are_named() -> None:
    """They change nothing, and the doctor tells them."""
    found = sections.config("guards:\n  a: 1\nguard:\n  mod: off\n  mode: off\n", source="c")
    assert found == Config(guard=GuardConfig(mode="off"), unknown=("guards", "guard.mod"))


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("guard:\n  on_error: block\n  mode: loud\n", "c:3: mode: Input should be 'block', 'wa"),
        ("swarm:\n\n  heartbeat: never\n", "c:3: heartbeat: must be a duration"),
        ("swarm:\n  heartbeat: -1\n", "c:2: heartbeat: must be a duration"),
        ("swarm:\n  heartbeat: 0\n", "c:2: heartbeat: Input should be greater than 0"),
        ("swarm: [a]\n", "c:1: swarm must be a mapping."),
        ("a: 1\nguard: block\n", "c:2: guard must be a mapping."),
        ("a: 1\nguard: {mode: warn, mode: off}\n", "c:2: the key 'mode' stands there twice."),
        ("a: 1\na: 2\n", "c:2: the key 'a' stands there twice."),
        ("a: 1\n b: 2\n", "c:2: this is no YAML: "),
        ("- a\n", "c:1: a mapping is expected."),
        ("a: &x 1\nb: *x\n", "c:2: an alias, *x, stands here."),
        (f"a: {'[' * 100_000}", "c:1: this is nested too deeply."),
    ],
)
def test_what_cannot_be_used_is_told_with_its_line(text: str, wanted: str) -> None:
    """File, line and what is wrong."""
    with pytest.raises(BadInput) as told:
        sections.config(text, source="c")
    assert told.value.message.startswith(wanted)
    assert told.value.hint


def test_a_broken_config_stops_what_needs_it_and_not_the_doctor(repo: Repo) -> None:
    """Exit 2 with file and line; the doctor tells it among its findings."""
    path = repo.path / ".jetpack/config.yaml"
    path.write_text("guard:\n  mode: loud\n")
    told = repo.jetpack("status")
    assert (told.code, told.err.split(", not")[0]) == (
        2,
        f"error: {path}:2: mode: Input should be 'block', 'warn' or 'off'",
    )
    found = repo.jetpack("doctor", "--json")
    assert found.code == 1
    assert [one["check"] for one in found.json["findings"]] == ["config"]
    path.write_bytes(b"guard:\n  mode: \xff\n")
    assert repo.jetpack("status").err == (
        f"error: {path}:2: this is no UTF-8 text.\nhint: Convert the file to UTF-8.\n"
    )
    path.unlink()
    path.mkdir()
    assert repo.jetpack("status").err == (
        f"error: {path} cannot be read: Is a directory.\nhint: Put a plain file there.\n"
    )


@settings(deadline=None, max_examples=100)
@given(st.integers(1, 10**9))
def test_a_duration_comes_back(seconds: int) -> None:
    """What is written for a number of seconds means that number."""
    assert durations.parse(durations.text(seconds)) == seconds


@pytest.mark.parametrize(
    ("text", "seconds"),
    [("90s", 90), ("1h30m", 5400), (" 1.5H ", 5400), ("2d", 172_800), ("1 h 1 s", 3601)],
)
def test_durations_are_read_as_people_write_them(text: str, seconds: int) -> None:
    """Units may be mixed, broken and in any case."""
    assert durations.parse(text) == seconds


def test_a_day_of_work_has_eight_hours() -> None:
    """An estimate counts working days."""
    assert durations.parse("1d", hours_a_day=8) == 8 * 3600


@pytest.mark.parametrize("text", ["", "5", "h", "-1h", "0s", "0.1s", "1y", "1h-", "9" * 400 + "s"])
def test_what_is_no_duration_is_refused(text: str) -> None:
    """The message is short, and says what to write."""
    with pytest.raises(BadInput) as told:
        durations.parse(text)
    assert len(told.value.message) < 100
    assert told.value.hint == "Write e.g. 30m, 2h or 1h30m."


def test_agents_adapters_prices_and_budgets_have_names_of_their_own() -> None:
    """Each entry is checked, and what it does not know is named with its place."""
    text = (
        "agents:\n  back:\n    adapter: claude\n    skills: [python, sql]\n    count: 2\n"
        "adapters:\n  claude:\n    args: [--x]\n    env:\n      A: '1'\n    bypas: true\n"
        "prices: {m-1: {input: 3, output: 15.5}}\nbudget:\n  day_cost: 20\n"
    )
    found = sections.config(text, source="c")
    assert found.agents == {"back": {"adapter": "claude", "skills": ["python", "sql"], "count": 2}}
    assert found.adapters == {"claude": {"args": ["--x"], "env": {"A": "1"}}}
    assert found.prices == {"m-1": {"input": 3.0, "output": 15.5}}
    assert (found.budget.day_cost, found.budget.task_cost) == (20.0, None)
    assert found.unknown == ("adapters.claude.bypas",)
    for bad, said in (
        ("agents:\n  back: claude\n", "c:2: agents.back must be a mapping."),
        ("agents:\n  back:\n    count: many\n", "c:3: count: Input should be a valid integer"),
        ("budget:\n  day_cost: 0\n", "c:2: day_cost: Input should be greater than 0"),
        ("adapters:\n  x:\n    env: {A: [b]}\n", "c:3: env: "),
    ):
        with pytest.raises(BadInput) as told:
            sections.config(bad, source="c")
        assert told.value.message.startswith(said)


def test_what_was_parsed_last_is_known_by_its_text(tmp_path: Path) -> None:
    """The guard reads its part of it; of any other text, or row, nothing is known."""
    db, path = in_memory(), tmp_path / "config.yaml"
    text = "guard:\n  mode: warn\nswarm:\n  stale_after: 5m\nmirror:\n  autostage: false\n"
    path.write_text(text)
    whole = stored.read(str(path), db, keep=True)
    kept = brief.kept(db, text)
    assert kept is not None
    short = kept[0]
    assert (short.mode, short.on_error) == ("warn", "block")
    assert (short.stale_after_s, short.autostage) == (300, False)
    assert stored.read(str(path), db) == whole
    for other in ("", text[:-1], text + "\n", text.replace("5m", "6m")):
        assert brief.kept(db, other) is None
    for value in ("", "{}", "\n" * 6, "1\nblock\nblock\nx\n1\n0\n"):
        db.run("meta.set", name=brief.NAME, value=value)
        assert brief.kept(db, text) is None
        assert stored.read(str(path), db) == whole
