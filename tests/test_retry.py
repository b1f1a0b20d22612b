"""Failing, trying again after a while, and handing over."""

from __future__ import annotations

import json
from datetime import datetime
from datetime import timedelta

import pytest
from conftest import Repo

from jetpack_git import clock
from jetpack_git.errors import Negative
from jetpack_git.models.config import RetryPolicy
from jetpack_git.models.task import Task
from jetpack_git.work import claims
from jetpack_git.work.agents import Agents
from jetpack_git.work.leases import Leases
from jetpack_git.work.mail import Mail
from jetpack_git.work.reservations import Reservations
from jetpack_git.work.tasks import Tasks
from jetpack_git.work.why import reasons

POLICY = RetryPolicy(max_attempts=4, retry_delay_s=10, longest_delay_s=25)


class Clock:
    """A clock that stands until it is moved."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.ms = 1_800_000_000_000
        monkeypatch.setattr(clock.time, "time_ns", lambda: self.ms * 1_000_000)

    def move(self, seconds: float) -> None:
        """That much later, or earlier."""
        self.ms += int(seconds * 1000)


@pytest.fixture
def time(monkeypatch: pytest.MonkeyPatch) -> Clock:
    """A clock that stands until it is moved."""
    return Clock(monkeypatch)


def add(tasks: Tasks, title: str = "work", **values: object) -> str:
    """The id of a new task."""
    return tasks.add(Task(id="", title=title, **values)).id  # type: ignore[arg-type]


def fail(tasks: Tasks, task_id: str, *, policy: RetryPolicy = POLICY) -> Task:
    """The task after one more attempt of ann's that failed."""
    tasks.wake()
    tasks.claim(task_id, agent="ann")
    return tasks.fail(task_id, agent="ann", reason="no luck", policy=policy)


def seconds_until(moment: str | None) -> float:
    """How far away it is."""
    assert moment is not None
    then, now = (datetime.fromisoformat(one) for one in (moment, clock.now()))
    return (then - now) / timedelta(seconds=1)


def test_the_delay_doubles_up_to_its_limit_and_then_the_task_has_failed(
    tasks: Tasks, time: Clock
) -> None:
    """Four attempts mean three delays; what waits for the task stays blocked."""
    task_id = add(tasks)
    waiting = add(tasks, "after", depends=(task_id,))
    for wanted in (10, 20, 25):
        failed = fail(tasks, task_id)
        assert (failed.state, seconds_until(failed.retry_at)) == ("pending_retry", wanted)
        time.move(wanted)
    failed = fail(tasks, task_id)
    assert (failed.state, failed.retry_at, failed.attempts) == ("failed", None, 4)
    time.move(10**6)
    tasks.wake()
    assert tasks.get(task_id).state == "failed"
    assert tasks.get(waiting).state == "blocked"
    assert [one.text for one in reasons(tasks.db, tasks.get(waiting))] == [
        f"it waits for {task_id}, which is failed for good"
    ]
    assert [one.kind for one in tasks.log(task_id)].count("task.retried") == 3


def test_a_task_becomes_ready_by_itself_when_its_time_comes(tasks: Tasks, time: Clock) -> None:
    """Until then nobody gets it, neither by name nor as the next."""
    task_id = add(tasks)
    retry_at = fail(tasks, task_id).retry_at
    time.move(9.999)
    tasks.wake()
    assert claims.claim_next(tasks, agent="bob") is None
    assert tasks.ready() == ([], 0)
    with pytest.raises(Negative) as found:
        tasks.claim(task_id, agent="bob")
    assert found.value.message == f"The next attempt of {task_id} begins at {retry_at}."
    time.move(0.001)
    got = claims.claim_next(tasks, agent="bob")
    assert got is not None
    assert (got.id, got.attempts) == (task_id, 2)


def test_a_clock_that_goes_back_does_not_make_a_task_wait(tasks: Tasks, time: Clock) -> None:
    """What failed in the future has waited long enough."""
    task_id = add(tasks)
    fail(tasks, task_id)
    time.move(-3600)
    tasks.wake()
    assert tasks.get(task_id).state == "ready"


def test_a_task_may_have_a_limit_of_its_own(tasks: Tasks, time: Clock) -> None:
    """It wins over the config's; a release counts anew."""
    task_id = add(tasks, max_attempts=1)
    assert fail(tasks, task_id).state == "failed"
    assert tasks.release(task_id, agent="bob").attempts == 0
    assert fail(tasks, task_id).state == "failed"
    assert tasks.edit(task_id, {"max_attempts": 2}).max_attempts == 2


def test_a_released_task_waits_no_more(tasks: Tasks, time: Clock) -> None:
    """Whoever releases it offers it at once."""
    task_id = add(tasks)
    fail(tasks, task_id)
    assert tasks.release(task_id, agent="bob").state == "ready"


def test_a_huge_number_of_attempts_has_the_longest_delay(tasks: Tasks, time: Clock) -> None:
    """No power of two is too large."""
    task_id = add(tasks, max_attempts=1000)
    tasks.db.run("tasks.move", id=task_id, status="pending", sources='["pending"]', now=clock.now(),
                 holder=None, incarnation=None, to=None, summary=None, results=None,
                 commit_id=None, percent=None, retry_at=None)  # fmt: skip
    for _ in range(70):
        failed = fail(tasks, task_id)
        time.move(25)
    assert failed.attempts == 70
    assert failed.status == "pending_retry"


def test_what_is_handed_over_is_the_other_agents(tasks: Tasks) -> None:
    """With the reservations and leases for it, and no others; that agent gets mail of it."""
    Agents(tasks.db).meet("bob")
    reservations = Reservations(tasks.db, worktree=None)
    task_id = add(tasks)
    tasks.claim(task_id, agent="ann", incarnation="life")
    reservations.reserve(["a.py"], agent="ann", task_id=task_id, incarnation="life")
    reservations.reserve(["b.py"], agent="ann")
    Leases(tasks.db).take("port:1", pattern=False, agent="ann", task_id=task_id)
    Leases(tasks.db).take("port:2", pattern=False, agent="ann")
    task = tasks.hand_over(task_id, "bob", agent="ann", incarnation="life", reason="lunch")
    assert (task.assignee, task.status) == ("bob", "claimed")
    held = {one.pattern: one.agent for one in reservations.active()[0]}
    assert held == {"a.py": "bob", "b.py": "ann"}
    assert [(one.name, one.agent) for one in Leases(tasks.db).active()] == [
        ("port:1", "bob"), ("port:2", "ann"),
    ]  # fmt: skip
    (mail,), _ = Mail(tasks.db).inbox("bob")
    assert (mail.type, mail.task_id, mail.body) == ("task.handoff", task_id, "lunch")
    assert tasks.log(task_id)[-1].note == "to bob: lunch"
    assert tasks.done(task_id, agent="bob").status == "completed"


def test_failing_and_reporting_on_the_command_line(repo: Repo) -> None:
    """The config says how often; --final says never again."""
    config = repo.path / ".jetpack/config.yaml"
    config.write_text("tasks:\n  max_attempts: 2\n  retry_delay: 1h\n")
    task_id = repo.jetpack("add", "Try", "--label", "slow", "--max-attempts", "5").out.strip()
    repo.jetpack("claim", task_id)
    assert repo.jetpack("progress", task_id, "--percent", "30", "-m", "Well on it").code == 0
    shown = json.loads(repo.jetpack("show", task_id, "--json").out)["task"]
    assert (shown["percent"], shown["status"], shown["labels"]) == (30, "in_progress", ["slow"])
    said = repo.jetpack("fail", task_id, "-m", "no")
    assert said.out.startswith(f"{task_id} is pending_retry until 20")
    assert "attempt 2 begins at 20" in repo.jetpack("why", task_id).out
    log = repo.jetpack("log", task_id).out
    assert "30 %: Well on it" in log
    repo.jetpack("release", task_id)
    repo.jetpack("claim", task_id)
    assert repo.jetpack("fail", task_id, "--final").out.strip() == f"{task_id} is failed"
    assert "it failed for good after 1 attempt" in repo.jetpack("why", task_id).out


def test_a_hand_over_and_results_on_the_command_line(repo: Repo) -> None:
    """Results are in the task's file, for whoever reviews it."""
    task_id = repo.jetpack("add", "Write").out.strip()
    repo.jetpack("claim", task_id, "--as", "ann")
    said = repo.jetpack("release", task_id, "--to", "bob", "--as", "ann")
    assert (said.code, said.err.splitlines()[0]) == (2, "error: There is no agent 'bob'.")
    assert repo.ok("show", task_id)["task"]["assignee"] == "ann"
    repo.ok("register", "--name", "bob")
    assert repo.jetpack("release", task_id, "--to", "bob", "--as", "ann").code == 0
    assert repo.jetpack("done", task_id, "--as", "ann").code == 4
    done = repo.jetpack("done", task_id, "--as", "bob", "-m", "Wrote", "--file", "out/a b.md")
    assert done.code == 0
    assert "results:\n  - out/a b.md\n" in (repo.path / f".tasks/{task_id}.md").read_text()
    assert repo.jetpack("progress", task_id, "--as", "bob").code == 2
