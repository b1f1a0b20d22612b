"""Homes of CLIs that take settings from their user's home alone."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from jetpack_git.swarm import homes
from jetpack_git.swarm.adapters.base import Home

HOME = Home("THE_HOME", ".cli/settings.json", ("tmp",))
OURS = json.dumps({"servers": {"jetpack": {"command": "x"}}, "tries": 2})


@pytest.fixture
def user(tmp_path: Path) -> Path:
    """The home of a user who has logged in."""
    folder = tmp_path / "user/.cli"
    folder.mkdir(parents=True)
    (folder / "login.json").write_text("secret")
    return tmp_path / "user"


def test_it_is_the_users_with_our_settings(tmp_path: Path, user: Path) -> None:
    """Ours go before the user's, of which none is lost; what the CLI keeps is the user's own."""
    theirs = {"servers": {"other": {"command": "y"}}, "tries": 9, "theme": "dark"}
    (user / ".cli/settings.json").write_text(json.dumps(theirs))
    where = tmp_path / "home"
    for _ in range(2):  # a second one takes the place of what a death has left
        assert homes.make(where, user, HOME, OURS) == ""
    assert json.loads((where / ".cli/settings.json").read_text()) == {
        "servers": {"other": {"command": "y"}, "jetpack": {"command": "x"}}, "tries": 2,
        "theme": "dark",
    }  # fmt: skip
    assert where.stat().st_mode & 0o077 == 0
    (where / ".cli/login.json").write_text("renewed")
    (where / ".cli/tmp/session").write_text("to go on with")
    homes.clear(where)
    assert not where.exists()
    assert (user / ".cli/login.json").read_text() == "renewed"
    assert (user / ".cli/tmp/session").read_text() == "to go on with"
    assert json.loads((user / ".cli/settings.json").read_text()) == theirs


def test_a_user_without_settings_has_ours(tmp_path: Path) -> None:
    """And keeps what the CLI keeps."""
    where = tmp_path / "home"
    assert homes.make(where, tmp_path / "nobody", HOME, OURS) == ""
    assert json.loads((where / ".cli/settings.json").read_text()) == json.loads(OURS)
    assert (tmp_path / "nobody/.cli/tmp").is_dir()


@pytest.mark.parametrize("text", ["{ // mine\n}", "[]", "[" * 100_000, "\udcff"])
def test_settings_that_cannot_be_read_are_the_users_alone(
    tmp_path: Path, user: Path, text: str
) -> None:
    """As they are, and it is told that ours are missing."""
    file = user / ".cli/settings.json"
    file.write_bytes(text.encode("utf-8", "surrogateescape"))
    where = tmp_path / "home"
    assert str(file) in homes.make(where, user, HOME, OURS)
    assert (where / ".cli/settings.json").read_bytes() == file.read_bytes()
