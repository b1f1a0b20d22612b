"""The guard where it could be blind, or stop the wrong commit."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from conftest import Repo


@pytest.fixture
def pushed(repo: Repo, tmp_path: Path) -> Repo:
    """A repository with a file in a folder, whose main branch a remote has."""
    repo.write("src/a.py", "a\n")
    repo.write("c.txt", "c\n")
    repo.commit("Set up")
    repo.git("init", "--quiet", "--bare", str(tmp_path / "remote"))
    repo.git("remote", "add", "origin", str(tmp_path / "remote"))
    repo.git("push", "--quiet", "origin", "main")
    return repo


def push(repo: Repo, **env: str) -> bool:
    """Whether the push went through."""
    repo.git("push", "--quiet", "origin", "HEAD", check=False, **env)
    return repo.git("rev-parse", "HEAD") in repo.git("ls-remote", "origin")


def test_a_merges_own_changes_are_looked_at_when_it_is_pushed(pushed: Repo) -> None:
    """Those that are in neither of its parents; a merge without any may be pushed."""
    for name, evil in (("clean", False), ("evil", True)):
        pushed.git("switch", "--quiet", "-c", name, "main")
        pushed.write(f"{name}.txt", "x\n")
        pushed.commit(name)
        pushed.git("switch", "--quiet", "main")
        pushed.ok("reserve", "c.txt", "--as", "zoe")
        pushed.git("merge", "--quiet", "--no-commit", "--no-ff", name)
        if evil:
            pushed.write("c.txt", "evil\n")
        pushed.git("add", "--all")
        pushed.git("commit", "--quiet", "--no-verify", "-m", name)
        assert push(pushed) is not evil


def test_a_push_goes_by_who_wrote_the_commit_and_when(pushed: Repo) -> None:
    """The holder's own commit may be pushed by others; an amend makes work no younger."""
    pushed.ok("reserve", "src/a.py", "--as", "alice")
    pushed.write("src/a.py", "by alice\n")
    pushed.git("add", "--all")
    pushed.git("commit", "--quiet", "-m", "Hers", JETPACK_AGENT="alice", GIT_AUTHOR_NAME="alice")
    assert push(pushed, JETPACK_AGENT="bob")
    pushed.write("c.txt", "mine\n")
    date = "2020-01-01T00:00:00+0000"
    pushed.git("add", "--all")
    pushed.git("commit", "--quiet", "-m", "Mine", GIT_AUTHOR_DATE=date)
    pushed.ok("reserve", "c.txt", "--as", "zoe")
    pushed.git("commit", "--quiet", "--amend", "--no-verify", "-m", "Mine, in better words")
    assert push(pushed)


def test_an_odd_time_zone_is_no_fault(pushed: Repo) -> None:
    """Git keeps whatever somebody wrote there."""
    pushed.write("b.txt", "b\n")
    pushed.git("add", "--all")
    pushed.git("commit", "--quiet", "-m", "x", GIT_AUTHOR_DATE="@1700000000 +9959")
    assert pushed.jetpack("guard", "--range", "HEAD~1..HEAD").code == 0


def test_the_guard_by_hand_sees_what_git_does(pushed: Repo) -> None:
    """The index that git told a hook, whatever the config says of paths; no range is bad input."""
    (pushed.path / "other").mkdir()
    pushed.ok("reserve", "c.txt", "--as", "zoe")
    hook = pushed.path / ".git/hooks/pre-commit"
    hook.write_text("#!/bin/sh\nexec git jetpack guard --staged\n")
    pushed.write("c.txt", "x\n")
    pushed.git("commit", "--quiet", "-a", "-m", "x", check=False)
    assert pushed.git("status", "--porcelain") == "M c.txt"
    pushed.git("commit", "--quiet", "-a", "--no-verify", "-m", "x")
    pushed.git("config", "diff.relative", "true")
    there = pushed.jetpack("guard", "--range", "HEAD~1..HEAD", cwd=pushed.path / "other")
    assert there.code == 1
    assert pushed.jetpack("guard", "--range", "").code == 2


def test_a_path_through_a_link_and_a_folder_are_looked_at(pushed: Repo) -> None:
    """What stands behind the link, and all that is below."""
    (pushed.path / "top").symlink_to("src")
    pushed.ok("reserve", "src/a.py", "--as", "alice")
    for path in ("top/a.py", "src", "."):
        assert pushed.jetpack("guard", path).code == 1, path
    assert pushed.jetpack("guard", "c.txt", "other").code == 0


def test_a_lease_of_files_stops_others(pushed: Repo) -> None:
    """It comes before every reservation, and is told as an overlap."""
    pushed.ok("reserve", "src/a.py", "--as", "dave")
    pushed.ok("lease", "src/a.py", "--as", "eve")
    assert pushed.jetpack("reserve", "src/a.py", "--as", "fred").code == 1
    assert pushed.jetpack("guard", "src/a.py", "--as", "dave").code == 1
    assert pushed.jetpack("guard", "src/a.py", "--as", "eve").code == 0
    pushed.write("src/a.py", "x\n")
    assert pushed.commit(JETPACK_AGENT="dave").code == 1
    assert pushed.commit(JETPACK_AGENT="eve").code == 0


def test_who_came_first_has_the_right_of_way_though_he_shares(pushed: Repo) -> None:
    """Against one who wants the file alone; others who share it may change it."""
    pushed.ok("reserve", "c.txt", "--shared", "--as", "bob")
    assert pushed.jetpack("reserve", "c.txt", "--as", "alice").code == 1
    assert pushed.jetpack("guard", "c.txt", "--as", "alice").code == 1
    assert pushed.jetpack("guard", "c.txt", "--as", "bob").code == 0
    pushed.ok("reserve", "src/a.py", "--shared", "--as", "bob")
    pushed.ok("reserve", "src/a.py", "--shared", "--as", "carl")
    for name in ("bob", "carl", "dora"):
        assert pushed.jetpack("guard", "src/a.py", "--as", name).code == 0


def test_who_is_not_heard_of_stops_nobody(pushed: Repo) -> None:
    """The hook that meets a stale reservation releases it, and tells its holder."""
    config = pushed.path / ".jetpack/config.yaml"
    config.write_text(config.read_text().replace("swarm:\n", "swarm:\n  stale_after: 1s\n"))
    pushed.ok("register", "--name", "gone")
    pushed.ok("reserve", "c.txt", "--as", "gone")
    pushed.ok("register", "--name", "left")
    pushed.ok("lease", "src/a.py", "--as", "left")
    pushed.ok("retire", "--as", "left")
    os.utime(config, (1, 1))
    for path in (pushed.path / ".git/logs/HEAD", config):
        os.utime(path, (1, 1))
    import time

    time.sleep(1.2)
    pushed.write("c.txt", "x\n")
    pushed.git("add", "c.txt")
    os.utime(pushed.path / "c.txt", (1, 1))
    done = pushed.git("commit", "--quiet", "-m", "x", JETPACK_AGENT="me")
    assert done == ""
    assert pushed.ok("reservations")["reservations"] == []
    assert "was released" in pushed.ok("inbox", "--as", "gone")["messages"][0]["subject"]


def test_only_the_present_life_gives_back(pushed: Repo) -> None:
    """A new one gives back what the old one had; late words of the old one count no more."""
    old = pushed.ok("register", "--name", "bob")["incarnation"]
    env = {"JETPACK_AGENT": "bob"}
    pushed.ok("reserve", "c.txt", "src/a.py", **env, JETPACK_INCARNATION=old)
    assert pushed.jetpack("register", "--name", "bob").code == 4
    new = pushed.ok("register", "--name", "bob", **env, JETPACK_INCARNATION=old)["incarnation"]
    for late in (["unreserve", "c.txt"], ["lease", "x:1"], ["retire"], ["reserve", "b.py"]):
        assert pushed.jetpack(*late, **env, JETPACK_INCARNATION=old).code == 4, late
    assert pushed.jetpack("unreserve", "--all", **env, JETPACK_INCARNATION=new).code == 0
    assert pushed.ok("register", "--as", "zed")["agent"]["name"] == "zed"


def test_a_thing_and_a_file_of_one_name(pushed: Repo) -> None:
    """The second is refused, and no fault; what covers all is warned about."""
    pushed.ok("lease", "a:b", "--as", "alice")
    assert pushed.jetpack("lease", "./a:b", "--as", "bob").code == 4
    for pattern in ("**/**", "***", "."):
        said = pushed.jetpack("reserve", pattern, "--as", "alice")
        assert "covers every file" in said.err, pattern
    assert "covers every file" in pushed.jetpack("lease", "**", "--as", "alice").err
    assert "covers every" not in pushed.jetpack("reserve", "src/**", "--as", "alice").err


def test_the_doctor_sees_that_git_compares_names_otherwise(pushed: Repo) -> None:
    """And makes the database go by git's config."""
    pushed.git("config", "core.ignorecase", "true")
    (found,) = pushed.jetpack("doctor", "--dry-run", "--json").json["findings"]
    assert found["check"] == "repository"
    pushed.ok("doctor")
    pushed.ok("reserve", "SRC/A.PY", "--as", "alice")
    assert pushed.jetpack("guard", "src/a.py").code == 1


def test_whoever_git_config_names_hears_of_mail(pushed: Repo) -> None:
    """As with the variable; what was read is left out of a search for unread mail."""
    pushed.git("config", "jetpack.agent", "cfgbot")
    pushed.ok("whoami")
    pushed.ok("whoami", "--as", "ann")
    for word in ("first", "second"):
        pushed.ok("send", "cfgbot", "-s", word, "--as", "ann")
    assert "mail: 2 unread" in pushed.jetpack("list").err
    (first,) = [m for m in pushed.ok("inbox")["messages"] if m["subject"] == "first"]
    pushed.ok("read", first["id"])
    assert pushed.ok("inbox", "--search", "first", "--unread")["messages"] == []
    assert len(pushed.ok("inbox", "--search", "second", "--unread")["messages"]) == 1
    said = pushed.jetpack("send", "cfgbot", "-s", "x", "--payload", '{"a": NaN}')
    assert said.code == 2
