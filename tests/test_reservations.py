"""Reservations: made, met, renewed, run out and given back."""

from __future__ import annotations

import os
import subprocess
import time
from pathlib import Path

import pytest
from conftest import SCRIPT
from conftest import Answer
from conftest import Repo
from guarded import conflicts
from guarded import git
from guarded import set_up
from guarded import told

from jetpack_git.data.database import Database
from jetpack_git.errors import BadInput
from jetpack_git.work.reservations import Reservations


@pytest.fixture
def repo(tmp_path: Path) -> Repo:
    """A repository with one commit, set up."""
    return set_up(tmp_path / "repo")


def patterns(repo: Repo, *args: str) -> list[str]:
    """The patterns that are reserved, in their order."""
    return [str(one["pattern"]) for one in repo.ok("reservations", *args)["reservations"]]


def test_reserving_always_succeeds(repo: Repo) -> None:
    """An overlap is told, as data and with status 1; the reservation is made."""
    first = repo.ok("reserve", "src/*.py", "--as", "maya")
    assert first["overlaps"] == []
    held = first["reservations"][0]
    answer = repo.jetpack("reserve", "src/a.py", "docs", "--as", "zoe", "--json")
    assert answer.code == 1
    assert answer.json["overlaps"] == [{"pattern": "src/a.py", "held": held}]
    assert patterns(repo) == ["src/*.py", "src/a.py", "docs"]
    answer = repo.jetpack("reserve", "src", "--as", "tom")
    lines = answer.out.splitlines()
    assert (answer.code, answer.err[:15], len(lines)) == (1, "mail: 2 unread.", 3)
    assert lines[0].startswith("reserved src until ")
    assert lines[1] == (
        "overlap: src meets src/*.py, held by maya (exclusive) "
        f"since {held['created_at']} until {held['expires_at']}"
    )


def test_shared_ones_do_not_meet(repo: Repo) -> None:
    """Two shared reservations are no overlap; a shared and an exclusive one are."""
    assert repo.jetpack("reserve", "a.py", "--shared", "--as", "maya").code == 0
    assert repo.jetpack("reserve", "a.py", "--shared", "--as", "zoe").code == 0
    answer = repo.jetpack("reserve", "a.py", "--as", "tom", "--json")
    assert (answer.code, [one["held"]["agent"] for one in answer.json["overlaps"]]) == (
        1,
        ["maya", "zoe"],
    )


def test_renewing_keeps_the_place(db: Database) -> None:
    """The same again is the same reservation, for longer, and belongs to the new life."""
    reservations = Reservations(db)
    ((first,), _) = reservations.reserve(["a"], agent="maya", ttl_s=60, incarnation="one")
    reservations.reserve(["a"], agent="zoe")
    ((again,), met) = reservations.reserve(["a", "a"], agent="maya", ttl_s=900, incarnation="two")
    assert (again.seq, again.created_at) == (first.seq, first.created_at)
    assert again.expires_at > first.expires_at
    assert [one.held.agent for one in met] == ["zoe"]
    ((shorter,), _) = reservations.reserve(["a"], agent="maya", ttl_s=1)
    assert shorter.expires_at == again.expires_at
    assert reservations.release(agent="maya", incarnation="one") == []
    assert [one.seq for one in reservations.release(agent="maya", incarnation="two")] == [first.seq]


def test_what_has_run_out_is_gone(db: Database) -> None:
    """It is neither listed, nor met, nor renewed, nor released; nor kept among the active."""
    reservations = Reservations(db)
    ((old,), _) = reservations.reserve(["a"], agent="maya", ttl_s=0.001)
    time.sleep(0.01)
    assert reservations.active() == ([], 0)
    assert reservations.reserve(["a"], agent="zoe")[1] == []
    assert reservations.release(agent="maya") == []
    ((new,), met) = reservations.reserve(["a"], agent="maya")
    assert new.seq > old.seq
    assert [one.held.agent for one in met] == ["zoe"]


def test_a_heartbeat_extends_what_is_active(db: Database) -> None:
    """What ran out meanwhile stays so, for another may have been told that the way is free."""
    reservations = Reservations(db)
    reservations.reserve(["gone"], agent="maya", ttl_s=0.001, incarnation="one")
    reservations.reserve(["a"], agent="maya", ttl_s=60, incarnation="one")
    time.sleep(0.01)
    for incarnation, longer in (("two", False), ("one", True)):
        before = reservations.active()[0][0].expires_at
        reservations.extend(agent="maya", incarnation=incarnation, ttl_s=900)
        ((one,), total) = reservations.active()
        assert (one.pattern, total, one.expires_at > before) == ("a", 1, longer)


@pytest.mark.parametrize("ttl_s", [0, -1, float("nan"), 100 * 366 * 24 * 3600, float("inf")])
def test_a_time_to_live_is_positive_and_a_year_at_most(db: Database, ttl_s: float) -> None:
    """Anything else is refused, and nothing is reserved."""
    with pytest.raises(BadInput):
        Reservations(db).reserve(["a"], agent="maya", ttl_s=ttl_s)
    assert Reservations(db).active() == ([], 0)


@pytest.mark.parametrize("ttl", ["", "0", "0s", "-5m", "soon", "2y", "100000d", "400d", "1e9s"])
def test_a_time_to_live_that_makes_no_sense_is_bad_input(repo: Repo, ttl: str) -> None:
    """The command says so, and reserves nothing."""
    answer = repo.jetpack("reserve", "a.py", f"--ttl={ttl}")
    assert (answer.code, answer.out) == (2, "")
    assert patterns(repo) == []


@pytest.mark.parametrize(
    "pattern", ["", "/etc/passwd", "..", "../a", "a/../../b", "x" * 5000 + "/../../y", "//"]
)
def test_what_is_no_path_of_the_repository_is_refused(repo: Repo, pattern: str) -> None:
    """Empty, absolute and outside patterns are bad input; nothing of the command is done."""
    answer = repo.jetpack("reserve", "good", "--", pattern)
    assert (answer.code, answer.out) == (2, "")
    assert patterns(repo) == []


def test_patterns_are_counted_from_the_current_folder(repo: Repo) -> None:
    """From a subfolder they are relative to it; a folder with magic in its name is one name."""
    folder = repo.path / "app/[id]"
    folder.mkdir(parents=True)
    (folder / "a[1].py").touch()
    wanted = ("page.tsx", "../x", "../../a.py", "*.css", ".", "a[1].py")
    assert repo.jetpack("reserve", *wanted, cwd=folder).code == 0
    assert patterns(repo) == [
        "app/\\[id]/page.tsx", "app/x", "a.py", "app/\\[id]/*.css", "app/\\[id]",
        "app/\\[id]/a\\[1].py",
    ]  # fmt: skip
    assert repo.jetpack("reserve", "../../..", cwd=folder).code == 2
    assert repo.jetpack("unreserve", *wanted, cwd=folder).code == 0
    assert patterns(repo) == []


@pytest.mark.parametrize("name", ["app/[id]/page.tsx", "a[1].py", "what?.md", "st*r", "b\\s"])
def test_the_exact_name_of_a_file_means_that_file(repo: Repo, name: str) -> None:
    """It is guarded, its likes are not, and it is given back even after it was deleted."""
    repo.write(name, "x")
    repo.write("app/i/page.tsx", "x")
    for like in ("a1.py", "whatX.md", "star", "bs"):
        repo.write(like, "x")
    assert repo.jetpack("reserve", name, "--as", "maya").code == 0
    (escaped,) = patterns(repo)
    assert told(repo.commit()) == (1, conflicts(f"{name}: maya holds {escaped}"))
    (repo.path / name).unlink()
    repo.git("rm", "-q", "--cached", name)
    assert git(repo, "commit", "-qm", "x") == Answer(0, "", "")
    assert repo.jetpack("unreserve", name, "--as", "maya").code == 0
    assert patterns(repo) == []


def test_a_name_reserved_before_its_file_is_given_back_after(repo: Repo) -> None:
    """`unreserve` finds what was typed, whether the file came or went meanwhile."""
    repo.jetpack("reserve", "new[1].py")
    repo.write("new[1].py", "x")
    assert repo.jetpack("unreserve", "new[1].py").code == 0
    assert patterns(repo) == []


def test_everything_may_be_reserved(repo: Repo) -> None:
    """A pattern that covers all is allowed, and stops every other commit."""
    for pattern in ("**", ".", "*", "**/*"):
        assert repo.jetpack("reserve", pattern, "--as", "maya").code == 0
    assert patterns(repo) == ["**", "*", "**/*"]
    repo.write("deep/er/b.py", "x")
    repo.git("add", "deep")
    assert told(git(repo, "commit", "-m", "x")) == (1, conflicts("deep/er/b.py: maya holds **"))


def test_odd_patterns_are_kept_and_shown_harmless(repo: Repo) -> None:
    """A dash at the start, spaces, newlines and any script; only what is no text is refused."""
    odd = ["-x", "--all", "a b", "c\nd", "größe", "変更/**"]
    assert repo.jetpack("reserve", "--", *odd).code == 0
    assert patterns(repo) == odd
    assert "c\\nd" in repo.jetpack("reservations").out
    assert repo.jetpack("reserve", os.fsdecode(b"\xff")).code == 2
    (repo.path / os.fsdecode(b"\xff")).mkdir()
    answer = repo.jetpack("reserve", "a", cwd=repo.path / os.fsdecode(b"\xff"))
    assert (answer.code, answer.err) == (
        2,
        "error: '\\udcff/a' is no UTF-8 text.\n"
        "hint: Reserve the folder above it, from the root of the repository.\n",
    )
    assert repo.jetpack("reserve", "x" * 300 + "[1]").code == 0


def test_unreserve_says_which(repo: Repo) -> None:
    """By pattern, by task, by both or all; never somebody else's, never by mistake."""
    task = repo.add("One")
    for name in ("a", "b", "c"):
        repo.jetpack("reserve", name, "--as", "maya")
    repo.jetpack("reserve", "t", "u", "--task", task, "--as", "maya")
    repo.jetpack("reserve", "z", "--as", "zoe")
    maya = ("--as", "maya")
    for wrong in ((), ("--task", ""), ("a", "--all"), ("--task", task, "--all")):
        assert repo.jetpack("unreserve", *wrong, *maya).code == 2, wrong
    assert repo.jetpack("unreserve", "z", *maya).code == 1
    assert repo.jetpack("unreserve", "a", "--task", task, *maya).code == 1
    gone = repo.ok("unreserve", "a", "./b", *maya)["reservations"]
    assert [one["pattern"] for one in gone] == ["a", "b"]
    gone = repo.ok("unreserve", "u", "--task", task, *maya)["reservations"]
    assert [one["pattern"] for one in gone] == ["u"]
    gone = repo.ok("unreserve", "--task", task, *maya)["reservations"]
    assert [one["pattern"] for one in gone] == ["t"]
    assert repo.jetpack("unreserve", "--all", *maya).out == "released c\n"
    assert patterns(repo) == ["z"]
    log = [one["kind"] for one in repo.ok("log", task)["events"]]
    assert log.count("reservation.made") == log.count("reservation.released") == 2


def test_a_listing_says_what_it_leaves_out(repo: Repo) -> None:
    """Both for people and for programs."""
    repo.jetpack("reserve", "a", "b", "c")
    document = repo.ok("reservations", "-n", "2")
    assert (len(document["reservations"]), document["total"], document["has_more"]) == (2, 3, True)
    assert repo.jetpack("reservations", "-n", "2").out.splitlines()[-1] == (
        "… 1 more of 3; show more with -n"
    )
    assert patterns(repo, "--mine", "--as", "zoe") == []


def test_eight_processes_reserve_at_once(repo: Repo) -> None:
    """All succeed, each has its own place, and all but the first are told of the others."""
    started = [
        subprocess.Popen(
            [SCRIPT, "reserve", "a.py", f"own-{number}", "--as", f"agent-{number}"],
            cwd=repo.path, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        )
        for number in range(8)
    ]  # fmt: skip
    said = [process.communicate(timeout=60) for process in started]
    assert sorted(process.returncode for process in started) == [0] + [1] * 7
    assert all(err == "" or err.startswith("mail: ") for _, err in said)
    met = sorted(out.count("overlap: a.py meets a.py") for out, _ in said)
    assert met == list(range(8))
    assert len(set(patterns(repo))) == 9
