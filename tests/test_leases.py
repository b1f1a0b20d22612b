"""Leases, and what becomes of reservations when their time or their holder is gone."""

from __future__ import annotations

import os
import subprocess
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from conftest import SCRIPT
from conftest import Repo

from jetpack_git import clock
from jetpack_git.data.database import Database
from jetpack_git.errors import BadInput
from jetpack_git.errors import Conflict
from jetpack_git.models.task import Task
from jetpack_git.work import lease_waits
from jetpack_git.work.agents import Agents
from jetpack_git.work.leases import Leases
from jetpack_git.work.mail import Mail
from jetpack_git.work.presence import is_stale
from jetpack_git.work.reservations import Reservations
from jetpack_git.work.tasks import Tasks


@pytest.fixture
def leases(db: Database) -> Leases:
    """The leases of ann and bob."""
    for name in ("ann", "bob"):
        Agents(db).meet(name)
    return Leases(db)


def mailed(db: Database, agent: str) -> list[tuple[str, str]]:
    """The type and subject of each message that the agent got, the oldest first."""
    return [(one.type, one.subject) for one in Mail(db).inbox(agent)[0]][::-1]


def test_a_lease_has_one_holder(leases: Leases) -> None:
    """The others are told who; its holder makes it longer, and gives it back."""
    first = leases.take("port:8080", pattern=False, agent="ann", ttl_s=60)
    with pytest.raises(Conflict, match="port:8080 is leased by ann since"):
        leases.take("port:8080", pattern=False, agent="bob")
    again = leases.take("port:8080", pattern=False, agent="ann", ttl_s=600)
    assert (again.since, again.expires_at > first.expires_at) == (first.since, True)
    assert leases.release(agent="bob", name="port:8080") == []
    assert leases.release(agent="ann", name="port:8080") == [again]
    assert leases.take("port:8080", pattern=False, agent="bob").agent == "bob"


def test_who_waits_for_a_lease_is_told(leases: Leases) -> None:
    """The holder hears of each once, however often they try, and they of its end."""
    leases.take("port:8080", pattern=False, agent="ann")
    for _ in range(3):
        with pytest.raises(Conflict, match="port:8080 is leased by ann since") as refused:
            leases.take("port:8080", pattern=False, agent="bob")
    assert "git jetpack inbox --wait" in str(refused.value.hint)
    asked = ("file.lock_request", "bob waits for port:8080, which you have leased")
    assert mailed(leases.db, "ann") == [asked]
    leases.release(agent="ann")
    told = ("reservation.released", "ann has port:8080 no more")
    assert mailed(leases.db, "bob") == [told]
    leases.take("port:8080", pattern=False, agent="bob")
    leases.release(agent="bob")
    assert mailed(leases.db, "bob") == [told]


def test_who_waits_for_files_is_told_with_the_task(leases: Leases, tasks: Tasks) -> None:
    """A lease that ends with its task is given back like any other."""
    task = tasks.add(Task(id="", title="work"))
    tasks.claim(task.id, agent="ann")
    leases.take("src/**", pattern=True, agent="ann", task_id=task.id)
    with pytest.raises(Conflict):
        leases.take("src/a.py", pattern=True, agent="bob")
    assert mailed(leases.db, "ann")[0][1] == "bob waits for src/a.py, which you have leased"
    tasks.done(task.id, agent="ann")
    assert mailed(leases.db, "bob") == [("reservation.released", "ann has src/** no more")]


def test_nobody_waits_for_a_lease_whose_time_is_over(
    leases: Leases, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What was asked of one holder is not told when another one ends."""
    leases.take("port:8080", pattern=False, agent="ann", ttl_s=60)
    with pytest.raises(Conflict):
        leases.take("port:8080", pattern=False, agent="bob")
    late = clock.after(61)
    monkeypatch.setattr(clock, "now", lambda: late)
    leases.take("port:8080", pattern=False, agent="bob")
    with pytest.raises(Conflict):
        leases.take("port:8080", pattern=False, agent="ann")
    leases.release(agent="bob")
    assert mailed(leases.db, "bob")[-1][0] == "file.lock_request"
    assert mailed(leases.db, "ann")[-1][1] == "bob has port:8080 no more"


def test_the_end_of_its_time_is_told_too(leases: Leases, monkeypatch: pytest.MonkeyPatch) -> None:
    """Though nobody gives it back, and though somebody else was refused meanwhile."""
    leases.take("port:1", pattern=False, agent="ann", ttl_s=60)
    leases.take("port:2", pattern=False, agent="ann", ttl_s=600)
    with pytest.raises(Conflict):
        leases.take("port:1", pattern=False, agent="bob")
    late = clock.after(61)
    monkeypatch.setattr(clock, "now", lambda: late)
    with pytest.raises(Conflict):
        leases.take("port:2", pattern=False, agent="eve")
    assert mailed(leases.db, "bob") == [("reservation.released", "ann has port:1 no more")]
    assert [one.name for one in leases.release(agent="ann")] == ["port:2"]


def test_who_waits_for_mail_hears_of_the_end_of_a_lease(repo: Repo) -> None:
    """At that moment, and not before."""
    repo.ok("lease", "port:1", "--ttl", "2s", "--as", "ann")
    assert repo.jetpack("lease", "port:1", "--as", "bob").code == 4
    answer = repo.ok("inbox", "--wait", "--timeout", "60s", "--as", "bob")
    assert answer["messages"][0]["subject"] == "ann has port:1 no more"
    assert repo.jetpack("lease", "port:1", "--as", "bob").code == 0


def test_what_is_taken_from_a_stale_holder_is_told(leases: Leases, db: Database) -> None:
    """To who waited; not to who has got it."""
    Agents(db).meet("eve")
    leases.take("src/**", pattern=True, agent="ann")
    for one in ("bob", "eve"):
        with pytest.raises(Conflict):
            leases.take("src/a.py", pattern=True, agent=one)
    leases.take("src/b.py", pattern=True, agent="eve", is_stale=lambda agent: agent == "ann")
    assert mailed(db, "bob") == [("reservation.released", "ann has src/** no more")]
    assert mailed(db, "eve") == []


def test_a_release_between_refusal_and_note_is_not_lost(
    leases: Leases, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Who was refused looks once more, and gets it."""
    leases.take("port:1", pattern=False, agent="ann")
    ask = lease_waits.ask

    def late(*args: Any) -> bool:
        leases.release(agent="ann")
        return ask(*args)

    monkeypatch.setattr(lease_waits, "ask", late)
    assert leases.take("port:1", pattern=False, agent="bob").agent == "bob"
    assert mailed(leases.db, "ann") == []


def test_patterns_meet(leases: Leases) -> None:
    """A lease of files stands against every pattern that could match one of them."""
    leases.take("src/**", pattern=True, agent="ann")
    with pytest.raises(Conflict, match=r"src/\*\* is leased by ann"):
        leases.take("**/a.py", pattern=True, agent="bob")
    leases.take("docs", pattern=True, agent="bob")
    leases.take("src:x", pattern=False, agent="bob")
    assert [one.name for one in leases.active()] == ["docs", "src/**", "src:x"]


def test_who_has_reserved_leased_files_hears_of_it(leases: Leases, db: Database) -> None:
    """Both sides do, once: a lease comes before the reservations that were there."""
    Reservations(db).reserve(["src/**"], agent="ann")
    for _ in range(2):
        leases.take("src/a.py", pattern=True, agent="bob")
    told = ("reservation.conflict", "bob has leased src/a.py; it meets src/** of ann")
    assert mailed(db, "ann") == mailed(db, "bob") == [told]
    leases.take("docs", pattern=True, agent="bob")
    leases.take("port:1", pattern=False, agent="bob")
    assert mailed(db, "ann") == [told]


def test_what_ran_out_is_free_and_a_heartbeat_puts_that_off(
    db: Database, leases: Leases, monkeypatch: pytest.MonkeyPatch
) -> None:
    """By its whole time from then."""
    ann = Agents(db).register("ann", skills=None, model=None, stale_after_s=90)
    leases.take("db:x", pattern=False, agent="ann", ttl_s=60)
    start = clock.now()
    monkeypatch.setattr(clock, "now", lambda: clock.after(50))
    Agents(db).heartbeat("ann", incarnation=ann.incarnation)
    (held,) = leases.active()
    assert start <= clock.after(0) < held.expires_at
    assert held.expires_at > clock.after(100)
    late = clock.after(200)
    monkeypatch.setattr(clock, "now", lambda: late)
    assert leases.active() == []
    assert leases.take("db:x", pattern=False, agent="bob").agent == "bob"
    assert mailed(db, "ann") == []


@pytest.mark.parametrize("ttl_s", [0, -1, 10**10, float("nan")])
def test_a_time_that_is_none(leases: Leases, ttl_s: float) -> None:
    """Not positive, a century, no number."""
    with pytest.raises(BadInput):
        leases.take("port:1", pattern=False, agent="ann", ttl_s=ttl_s)


def test_many_processes_want_one_lease(repo: Repo) -> None:
    """One gets it; each other one ends with 4 and the holder."""
    repo.ok("whoami")

    def take(number: int) -> tuple[int, str]:
        done = subprocess.run(
            [SCRIPT, "lease", "port:8080", "--as", f"agent-{number}"], cwd=repo.path,
            capture_output=True, text=True, check=False,
        )  # fmt: skip
        return done.returncode, done.stderr

    with ThreadPoolExecutor(8) as pool:
        found = list(pool.map(take, range(8)))
    assert sorted(code for code, _ in found) == [0] + 7 * [4]
    (holder,) = (number for number, (code, _) in enumerate(found) if code == 0)
    assert all(f"leased by agent-{holder}" in said for code, said in found if code)


def test_leases_on_the_command_line(repo: Repo) -> None:
    """Patterns are taken from the folder where they are typed."""
    (repo.path / "src").mkdir()
    made = repo.jetpack("lease", "*.py", "--ttl", "5m", cwd=repo.path / "src")
    assert made.out.startswith("leased src/*.py until ")
    assert repo.ok("lease", "port:80")["lease"]["pattern"] is False
    assert [one["name"] for one in repo.ok("lease")["leases"]] == ["port:80", "src/*.py"]
    told = repo.jetpack("lease", "src", "--as", "bob", "--json")
    assert (told.code, told.json["error"]["name"]) == (4, "conflict")
    assert repo.jetpack("lease", "--release", "nothing:x").code == 1
    assert repo.jetpack("lease", "a\nb").code == 2
    assert repo.jetpack("lease", "../out").code == 2
    assert repo.jetpack("lease", "--release").out == "released port:80\nreleased src/*.py\n"
    assert repo.jetpack("lease").out == "Nothing is leased.\n"


def test_reserving_all_or_nothing(db: Database, leases: Leases) -> None:
    """With what stands against it; a shared one stands against no shared one."""
    held = Reservations(db)
    held.reserve(["a.py"], agent="ann")
    made, overlaps = held.reserve(["b.py", "a.py"], agent="bob", or_fail=True)
    assert (made, [one.pattern for one in overlaps]) == ([], ["a.py"])
    assert held.active(agent="bob")[1] == 0
    assert mailed(db, "ann") == []
    held.reserve(["c.py"], agent="ann", shared=True)
    assert len(held.reserve(["c.py"], agent="bob", shared=True, or_fail=True)[0]) == 1


def test_both_sides_hear_of_a_conflict_and_of_its_end(db: Database, leases: Leases) -> None:
    """Once: who renews is not told again. Who came first waits for nobody."""
    held = Reservations(db)
    held.reserve(["src/**"], agent="ann")
    for _ in range(2):
        held.reserve(["src/a.py"], agent="bob")
    conflict = ("reservation.conflict", "bob has reserved src/a.py; it meets src/** of ann")
    assert (mailed(db, "ann"), mailed(db, "bob")) == ([conflict], [conflict])
    held.release(agent="bob")
    assert len(mailed(db, "ann")) == 1
    held.reserve(["src/a.py"], agent="bob")
    held.release(agent="ann")
    assert mailed(db, "bob")[-1] == ("reservation.released", "ann has released src/**")
    assert Mail(db).inbox("bob")[0][0].payload == {"patterns": ["src/**"], "by": "ann"}


def test_the_end_of_a_task_frees_what_was_held_for_it(db: Database, leases: Leases) -> None:
    """And nothing else; in whatever way it ends."""
    tasks, held = Tasks(db), Reservations(db)
    for end in ("done", "fail", "release", "cancel"):
        task = tasks.add(Task(id="", title=end))
        tasks.claim(task.id, agent="ann")
        held.reserve(["a.py"], agent="ann", task_id=task.id)
        held.reserve(["b.py"], agent="ann")
        leases.take("port:1", pattern=False, agent="ann", task_id=task.id)
        leases.take("port:2", pattern=False, agent="ann")
        getattr(tasks, end)(task.id, agent="ann")
        assert [one.pattern for one in held.active()[0]] == ["b.py"], end
        assert [one.name for one in leases.active()] == ["port:2"], end


def test_what_is_released_is_kept_and_pruned(
    db: Database, leases: Leases, monkeypatch: pytest.MonkeyPatch
) -> None:
    """After the time that the config says."""
    held = Reservations(db)
    (one,), _ = held.reserve(["a.py"], agent="ann")
    held.reserve(["b.py"], agent="ann")
    assert held.release_ids([one.seq], agent="bob") == []
    assert [each.seq for each in held.release_ids([one.seq], agent="ann")] == [one.seq]
    held.prune(60)
    rows = "SELECT count(*) AS n FROM reservations"
    assert db.backend.rows(rows, {})[0]["n"] == 2
    later = clock.after(100)
    monkeypatch.setattr(clock, "after", lambda seconds: later)
    held.prune(60)
    assert db.backend.rows(rows, {})[0]["n"] == 1


def stale(repo: Repo, place: Path) -> Database:
    """The clone's database, in which the program gone, whose worktree is there, is dead."""
    from jetpack_git.data.database import open_database

    db = open_database(str(repo.path / ".jetpack/jetpack.db"))
    agents = Agents(db)
    assert agents.start("gone", worktree=str(place)) is not None
    sql = "UPDATE agents SET pid_started = 'x', heartbeat_at = '2020-01-01T00:00:00.000Z'"
    db.backend.script(f"{sql} WHERE name = 'gone'")
    return db


def test_who_is_not_heard_of_loses_what_is_met(repo: Repo, tmp_path: Path) -> None:
    """With a message; not while somebody works in its worktree, and a person never does."""
    place = tmp_path / "place"
    repo.git("worktree", "add", "--quiet", str(place))
    db = stale(repo, place)
    Reservations(db).reserve(["a.py"], agent="gone")
    Leases(db).take("port:1", pattern=False, agent="gone")
    assert not is_stale(db, "gone", stale_after_s=90)  # its worktree is a moment old
    assert repo.jetpack("lease", "port:1").code == 4
    for path in [place / "a.py", *(repo.path / ".git/worktrees/place").rglob("*")]:
        os.utime(path, (0, 0))
    assert is_stale(db, "gone", stale_after_s=90)
    assert repo.jetpack("lease", "port:1").code == 0
    assert repo.ok("reserve", "a.py")["overlaps"] == []
    assert [one.subject for one in Mail(db).inbox("gone")[0]] == [
        "Your reservation of a.py was released: you were not heard of",
        "Your lease of port:1 was released: you were not heard of",
        "Ada waits for port:1, which you have leased",
    ]
    for ask in (["reserve", "b.py"], ["guard", "b.py"]):
        Leases(db).take("*.py", pattern=True, agent="gone")
        assert repo.jetpack(*ask).code == 0
        assert [one.name for one in Leases(db).active()] == ["port:1"]
        subject = "Your lease of *.py was released: you were not heard of"
        assert Mail(db).inbox("gone")[0][0].subject == subject
    Agents(db).meet("ann")
    assert not is_stale(db, "ann", stale_after_s=90)
    assert not is_stale(db, "nobody", stale_after_s=90)
    db.close()


def test_what_covers_everything_is_warned_about(repo: Repo) -> None:
    """It is allowed."""
    answer = repo.jetpack("reserve", "**")
    assert (answer.code, answer.err) == (0, "warning: ** covers every file of the repository.\n")
