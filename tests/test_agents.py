"""Identities: names that are never anybody else's, lives, and who is who."""

from __future__ import annotations

import os
import shlex

import pytest
from conftest import Repo

from jetpack_git import clock
from jetpack_git.data.database import Database
from jetpack_git.data.database import open_database
from jetpack_git.errors import Conflict
from jetpack_git.work.agents import Agents
from jetpack_git.work.names import memorable


def test_names_are_memorable_and_never_given_twice(db: Database) -> None:
    """Not even when their agent has retired."""
    agents = Agents(db)
    made = {
        agents.register(None, skills=None, model=None, stale_after_s=90).name for _ in range(60)
    }
    assert len(made) == 60
    assert all(one.count("-") >= 1 and one.islower() for one in made)
    for one in made:
        agents.retire(one)
    again = agents.register(None, skills=None, model=None, stale_after_s=90).name
    assert again not in made


def test_a_name_is_found_when_all_are_taken() -> None:
    """With something behind it."""

    class All:
        def __contains__(self, name: object) -> bool:
            return str(name).count("-") < 2

    assert memorable(All()).count("-") == 2  # type: ignore[arg-type]


def test_a_life_that_is_heard_of_is_nobody_elses(
    db: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A silent one, and one's own, may begin anew; late words of the old life count no more."""
    agents = Agents(db)
    first = agents.register("ann", skills=["sql"], model="m1", stale_after_s=90)
    with pytest.raises(Conflict, match="somebody else"):
        agents.register("ann", skills=None, model=None, stale_after_s=90)
    second = agents.register(
        "ann", skills=None, model=None, stale_after_s=90, incarnation=first.incarnation
    )
    assert (second.skills, second.model) == (("sql",), "m1")
    assert second.incarnation != first.incarnation
    with pytest.raises(Conflict):
        agents.heartbeat("ann", incarnation=first.incarnation)
    agents.heartbeat("ann", incarnation=second.incarnation)
    with pytest.raises(Conflict, match="somebody else"):
        agents.register("ann", skills=None, model=None, stale_after_s=90)
    third = agents.register(
        "ann", skills=None, model=None, stale_after_s=90, incarnation=second.incarnation
    )
    agents.heartbeat("ann", incarnation=third.incarnation)
    later = clock.after(100)
    monkeypatch.setattr(clock, "after", lambda seconds: later)
    assert agents.register("ann", skills=[], model=None, stale_after_s=90).skills == ()
    agents.retire("ann")
    with pytest.raises(Conflict):
        agents.heartbeat("ann", incarnation=None)


def test_identities_on_the_command_line(repo: Repo) -> None:
    """What `register` prints makes a shell that agent; a late word of another life is refused."""
    out = repo.jetpack("register", "--skills", "SQL, python", "--model", "opus").out
    found = dict(one.removeprefix("export ").split("=") for one in out.splitlines())
    env = {name: shlex.split(value)[0] for name, value in found.items()}
    who = repo.ok("whoami", **env)
    assert (who["agent"]["name"], who["because"]) == (env["JETPACK_AGENT"], "JETPACK_AGENT")
    assert (who["agent"]["skills"], who["agent"]["model"]) == (["python", "sql"], "opus")
    assert repo.jetpack("whoami").out == "Ada  (git config)\n"
    assert repo.jetpack("whoami", "--as", "bob").out == "bob  (--as)\n"
    assert repo.jetpack("heartbeat", **env).code == 0
    name = env["JETPACK_AGENT"]
    taken = repo.jetpack("register", "--name", name)
    assert (taken.code, "is somebody else" in taken.err) == (4, True)
    again = repo.ok("register", "--name", name, **env)
    assert repo.jetpack("heartbeat", **env).code == 4
    new = env | {"JETPACK_INCARNATION": again["incarnation"]}
    assert repo.jetpack("heartbeat", **new).code == 0
    task = repo.add("Task")
    for late in (["claim", task], ["claim", "--next"]):
        said = repo.jetpack(*late, **env)
        assert (said.code, "This life of" in said.err) == (4, True)
    assert repo.ok("claim", task, **new)["task"]["assignee"] == name
    assert name in repo.jetpack("agents").out
    assert repo.ok("retire", "--as", name)["agent"]["retired_at"]
    assert name not in repo.jetpack("agents").out
    assert f"{name}  retired" in repo.jetpack("agents", "--all").out
    assert repo.jetpack("register", "--name", "a\nb").code == 2


def test_acting_under_another_name_is_logged(repo: Repo) -> None:
    """Once for each command that acts, with who it was."""
    repo.ok("add", "x", "--as", "bob")
    repo.ok("add", "y", JETPACK_AGENT="bob")
    repo.ok("add", "z", "--as", "bob", JETPACK_AGENT="bob")
    repo.ok("add", "w", "--as", "bob", JETPACK_AGENT="eve")
    db = open_database(str(repo.path / ".jetpack/jetpack.db"))
    rows = db.backend.rows("SELECT agent, note FROM events WHERE kind = 'agent.borrowed'", {})
    db.close()
    assert [(row["agent"], row["note"]) for row in rows] == [
        ("bob", f"by uid {os.getuid()}"), ("bob", "by eve"),
    ]  # fmt: skip
