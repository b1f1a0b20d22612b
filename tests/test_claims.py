"""Claims: one winner, the documented order, and no half state whoever dies."""

from __future__ import annotations

import json
import random
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
import races
from conftest import Repo
from hypothesis import given
from hypothesis import settings
from hypothesis import strategies as st

from jetpack_git.data.database import Database
from jetpack_git.data.database import open_database
from jetpack_git.errors import BadInput
from jetpack_git.models.task import Task
from jetpack_git.work import claims
from jetpack_git.work import dependencies
from jetpack_git.work import metrics
from jetpack_git.work import strategies
from jetpack_git.work.reservations import Reservations
from jetpack_git.work.tasks import Tasks


def add(tasks: Tasks, title: str = "work", **values: object) -> str:
    """The id of a new task."""
    return tasks.add(Task(id="", title=title, **values)).id  # type: ignore[arg-type]


def order(tasks: Tasks, **how: object) -> list[str]:
    """The titles of all that the agent gets, one after the other."""
    found = []
    while task := claims.claim_next(tasks, agent="ann", **how):  # type: ignore[arg-type]
        found.append(task.title)
    return found


def test_eight_processes_claim_one_task(db: Database, tasks: Tasks) -> None:
    """Exactly one wins; the others are told who, and since when."""
    task_id = add(tasks)
    names = [f"agent-{number}" for number in range(8)]
    answers = races.race(races.claim, [(db.backend.path, task_id, name) for name in names])
    after = tasks.get(task_id)
    assert answers.count(after.assignee) == 1
    lost = (4, f"{task_id} is claimed, held by {after.assignee} since {after.claimed_at}.")
    assert [one for one in answers if one != after.assignee] == [lost] * 7
    assert after.attempts == 1
    assert [one.kind for one in tasks.log(task_id)] == ["task.created", "task.claimed"]


def test_eight_processes_drain_four_hundred_tasks(db: Database, tasks: Tasks) -> None:
    """With all strategies at once each task is claimed once, and none is left."""
    with db.transaction():
        known = [add(tasks, str(number), priority=number % 5) for number in range(400)]
        for number in range(9, 400, 9):
            dependencies.add(tasks.journal, known[number], known[number // 2])
    arguments = [
        (db.backend.path, f"agent-{number}", [*claims.STRATEGIES][number % 5])
        for number in range(8)
    ]
    answers = races.race(races.drain, arguments)
    assert all(isinstance(one, list) for one in answers), answers
    assert sorted(one for mine in answers for one in mine) == sorted(known)
    for (_, agent, _), mine in zip(arguments, answers, strict=True):
        assert {one.id for one in tasks.list(assignee=agent)[0]} == set(mine)
    assert db.all("tasks.wrong_counts") == []


def test_a_task_is_never_held_and_divided(db: Database, tasks: Tasks) -> None:
    """Whoever adds a part while a claim is being written sees the claim."""
    task_id = add(tasks)
    other = Tasks(open_database(db.backend.path))
    with ThreadPoolExecutor(1) as pool:
        with db.transaction():
            tasks.claim(task_id, agent="ann")
            late = pool.submit(add, other, "part", parent_id=task_id)
            time.sleep(0.2)
        with pytest.raises(BadInput, match="is claimed; only a pending task or a parent"):
            late.result()
    assert (tasks.get(task_id).children, tasks.list()[1]) == (0, 1)


def test_a_killed_process_leaves_no_half_state(db: Database, tasks: Tasks) -> None:
    """Each task's status is the one that its last event tells, whenever kill -9 came."""
    dice = random.Random(5)
    for _ in range(8):
        process = races.SPAWN.Process(target=races.claim_for_ever, args=(db.backend.path,))
        process.start()
        races.wait_for(Path(f"{db.backend.path}.{process.pid}"))
        time.sleep(dice.uniform(0.01, 0.12))
        process.kill()
        process.join()
        open_database(db.backend.path).close()
    assert db.one("meta.integrity") == {"quick_check": "ok"}
    told = {
        "created": "pending", "claimed": "claimed", "completed": "completed",
        "failed": "failed", "released": "pending", "retried": "pending_retry",
        "cancelled": "cancelled",
    }  # fmt: skip
    found, total = tasks.list()
    assert total > 8
    for task in found:
        last = tasks.log(task.id)[-1].kind.removeprefix("task.")
        assert task.status == told[last], task
        assert (task.assignee == "ann") == (last in ("claimed", "completed", "failed"))
    assert db.all("tasks.wrong_counts") == []
    claims.claim_next(tasks, agent="bob")


def six(tasks: Tasks) -> None:
    """Tasks that differ in age, priority, skills and worth to the rest."""
    add(tasks, "old", priority=3)
    add(tasks, "sql", skills=("sql",), priority=4)
    add(tasks, "both", skills=("python", "sql"), priority=4)
    add(tasks, "urgent", priority=0)
    first = add(tasks, "first", skills=("python",), estimate_s=4 * 3600)
    second = add(tasks, "second", estimate_s=4 * 3600)
    dependencies.add(tasks.journal, second, first)


@pytest.mark.parametrize(
    ("strategy", "skills", "wanted"),
    [
        ("first-fit", (), "old sql both urgent first"),
        ("first-fit", ("sql",), "old sql urgent"),
        ("first-fit", ("go",), "old urgent"),
        ("best-fit", (), "urgent first old sql both"),
        ("best-fit", ("python", "sql"), "both first sql urgent old"),
        ("best-fit", ("python",), "first urgent old"),
        ("round-robin", (), "old sql both urgent first"),
        ("load-balanced", ("python", "sql"), "urgent first old sql both"),
        ("graph-prioritized", (), "first urgent old sql both"),
        ("graph-prioritized", ("sql",), "urgent old sql"),
    ],
)
def test_strategies_have_an_exact_order(
    tasks: Tasks, strategy: str, skills: tuple[str, ...], wanted: str
) -> None:
    """Skills must be covered; an agent that names none covers all."""
    six(tasks)
    assert order(tasks, strategy=strategy, skills=skills) == wanted.split()


SKILLS = ("css", "go", "sql")
QUEUES = st.lists(
    st.tuples(st.integers(0, 4), st.sets(st.sampled_from(SKILLS)), st.integers(0, 3)), max_size=50
)


@pytest.mark.parametrize("strategy", list(claims.STRATEGIES))
@settings(max_examples=25, deadline=None)
@given(queue=QUEUES, mine=st.sets(st.sampled_from(SKILLS)))
def test_the_order_is_that_of_a_plain_sort(
    tmp_path_factory: pytest.TempPathFactory,
    strategy: str,
    queue: list[tuple[int, set[str], int]],
    mine: set[str],
) -> None:
    """On any queue, page after page."""
    db = open_database(str(tmp_path_factory.mktemp("db") / "jetpack.db"), create=True)
    tasks = Tasks(db)
    with db.transaction():
        for number, (priority, needs, _) in enumerate(queue):
            add(tasks, str(number), priority=priority, skills=tuple(sorted(needs)))
    metrics.refresh(db)
    with db.transaction():
        for number, (_, _, worth) in enumerate(queue):
            task_id = tasks.list()[0][number].id
            score = {"id": task_id, "score": float(worth)}
            db.backend.rows("UPDATE tasks SET graph_score = :score WHERE id = :id", score)
    keys: dict[str, Callable[[int], tuple[float, ...]]] = {
        "first-fit": lambda n: (n,),
        "best-fit": lambda n: (-len(queue[n][1] & mine), queue[n][0], n),
        "round-robin": lambda n: (n,),
        "load-balanced": lambda n: (queue[n][0], n),
        "graph-prioritized": lambda n: (-queue[n][2], queue[n][0], n),
    }
    fits = [n for n in range(len(queue)) if not mine or queue[n][1] <= mine]
    wanted = []
    while fits:
        fair = (len(wanted) + 1) % claims.FAIR_EVERY == 0
        wanted.append(min(fits, key=None if fair else keys[strategy]))
        fits.remove(wanted[-1])
    with db.transaction():
        found = order(tasks, strategy=strategy, skills=mine)
    assert found == [str(number) for number in wanted]
    db.close()


@pytest.mark.parametrize("strategy", list(claims.STRATEGIES))
def test_files_of_others_are_avoided_while_other_work_is_ready(
    db: Database, tasks: Tasks, strategy: str
) -> None:
    """Beyond any page of candidates; when nothing else is left, the best of them is taken."""
    with db.transaction():
        for number in range(100):
            add(tasks, f"held {number}", files=(f"src/{number}.py",))
        add(tasks, "free", files=("docs/**",), priority=4)
    Reservations(db).reserve(["src/**"], agent="bob")
    assert order(tasks, strategy=strategy, overlapping=False) == ["free"]
    assert order(tasks, strategy=strategy)[:2] == ["held 0", "held 1"]


def test_own_and_shared_and_released_reservations_hinder_nobody(db: Database, tasks: Tasks) -> None:
    """Only another agent's exclusive one does."""
    held = Reservations(db)
    held.reserve(["a.py"], agent="ann")
    held.reserve(["b.py"], agent="bob", shared=True)
    held.reserve(["c.py"], agent="bob")
    held.release(agent="bob", pattern="c.py")
    held.reserve(["d.py"], agent="bob", ttl_s=0.001)
    held.reserve(["e/*.py"], agent="bob")
    time.sleep(0.01)
    for name in "abcd":
        add(tasks, name, files=(f"{name}.py",))
    add(tasks, "e", files=("e/**/x.py",))
    assert order(tasks, overlapping=False) == ["a", "b", "c", "d"]


def test_a_claim_may_reserve_the_files_of_the_task(db: Database, tasks: Tasks) -> None:
    """In the same transaction, so that the next claim sees them."""
    for number in range(3):
        add(tasks, str(number), files=("shared.py", f"{number}.py"))
    found = claims.claim_next(tasks, agent="ann", incarnation="life", reserve_for_s=60)
    assert found is not None
    active, _ = Reservations(db).active()
    assert [(one.pattern, one.agent, one.task_id) for one in active] == [
        ("shared.py", "ann", found.id),
        ("0.py", "ann", found.id),
    ]
    assert claims.claim_next(tasks, agent="bob", overlapping=False) is None
    other = claims.claim_next(tasks, agent="bob")
    assert other is not None
    assert other.title == "1"


def test_tasks_that_are_not_wanted_are_left_alone(tasks: Tasks) -> None:
    """`without` names them by id."""
    one = add(tasks, "one")
    add(tasks, "two")
    assert order(tasks, without={one}) == ["two"]
    assert tasks.get(one).state == "ready"


def test_only_ready_leaves_are_claimed(tasks: Tasks) -> None:
    """Neither parents nor blocked, held or finished tasks."""
    parent = add(tasks, "parent")
    child = add(tasks, "child", parent_id=parent)
    add(tasks, "blocked", depends=(parent,))
    retried = add(tasks, "retried")
    tasks.claim(retried, agent="ann")
    tasks.retry(retried, agent="ann")
    assert order(tasks) == ["child", "retried"]
    tasks.done(child, agent="ann")
    assert order(tasks) == ["blocked"]


def test_an_unknown_strategy_is_refused(tasks: Tasks) -> None:
    """The hint names those that there are."""
    with pytest.raises(BadInput) as found:
        claims.claim_next(tasks, agent="ann", strategy="luck")
    assert found.value.hint == (
        "Use one of: first-fit, best-fit, round-robin, load-balanced, graph-prioritized"
    )


def test_claim_next_on_the_command_line(repo: Repo) -> None:
    """It prints the task, and exits 1 when nothing is ready."""
    task_id = repo.add("Write it", "--skills", "SQL, go")
    nothing = repo.jetpack("claim", "--next", "--skills", "sql")
    said = "error: What is ready needs skills that you do not have.\n"
    said += "hint: See it with: git jetpack ready\n"
    assert (nothing.code, nothing.out, nothing.err) == (1, "", said)
    won = repo.jetpack("claim", "--next", "--skills", "go,sql,python", "--as", "ann")
    assert (won.code, won.out) == (0, f"{task_id}  Write it\n")
    nothing = repo.jetpack("claim", "--next")
    said = "error: Nothing is ready.\nhint: See why with: git jetpack ready --explain\n"
    assert (nothing.code, nothing.out, nothing.err) == (1, "", said)
    assert json.loads(repo.jetpack("ready", "--json").out) == {
        "schema": 1, "tasks": [], "total": 0, "has_more": False,
    }  # fmt: skip


def test_the_incarnation_of_the_environment_is_that_of_the_claim(repo: Repo) -> None:
    """A late message from an older life of the agent is refused; the living one's is not."""
    task_id = repo.add("Work")
    old = {"JETPACK_AGENT": "ann", "JETPACK_INCARNATION": "old"}
    new = old | {"JETPACK_INCARNATION": "new"}
    repo.ok("claim", task_id, **old)
    repo.ok("release", task_id, **old)
    repo.ok("claim", task_id, **new)
    late = repo.jetpack("done", task_id, **old)
    assert (late.code, late.err) == (
        4,
        f"error: {task_id} has been claimed again since; "
        "this process's claim on it is over.\n"
        f"hint: See who holds it with: git jetpack show {task_id}\n",
    )
    assert repo.ok("done", task_id, **new)["task"]["status"] == "completed"


def test_no_ready_task_starves(tasks: Tasks) -> None:
    """However many more urgent ones come after it, the oldest is taken within the bound."""
    add(tasks, "patient", priority=4)
    add(tasks, "next", priority=4)
    taken: list[str] = []
    for number in range(2 * claims.FAIR_EVERY):
        add(tasks, f"urgent {number}", priority=0)
        task = claims.claim_next(tasks, agent="ann", strategy="best-fit")
        assert task is not None
        taken.append(task.title)
    assert taken.index("patient") == claims.FAIR_EVERY - 1
    assert taken.index("next") == 2 * claims.FAIR_EVERY - 1
    assert len(taken) - 2 == sum(one.startswith("urgent") for one in taken)


def test_agents_are_served_in_the_order_of_the_strategy() -> None:
    """Round-robin rotates, load-balanced looks at work, best-fit at skills."""
    rested = strategies.Claimant("rested", served=3, load_s=900)
    lazy = strategies.Claimant("lazy", served=5, load_s=60)
    expert = strategies.Claimant("expert", frozenset({"sql", "go"}), served=9, load_s=9000)
    old = strategies.Candidate("old", frozenset(), 3, 1, 10.0)
    sql = strategies.Candidate("sql", frozenset({"sql"}), 2, 2, 0.0)
    rust = strategies.Candidate("rust", frozenset({"rust"}), 0, 3, 5.0)

    def dealt(name: str, *agents: strategies.Claimant) -> dict[str, str]:
        pairs = strategies.assign(strategies.STRATEGIES[name], agents, (old, sql, rust))
        return {agent.name: task.id for agent, task in pairs}

    assert dealt("round-robin", expert, lazy, rested) == {
        "rested": "old", "lazy": "sql",
    } | {}  # fmt: skip
    assert dealt("load-balanced", expert, lazy, rested) == {
        "lazy": "rust", "rested": "sql", "expert": "old",
    }  # fmt: skip
    assert dealt("best-fit", lazy, expert) == {"expert": "sql", "lazy": "rust"}
    assert dealt("first-fit", lazy, expert) == {"lazy": "old", "expert": "sql"}
    assert dealt("graph-prioritized", expert) == {"expert": "old"}
    assert dealt("first-fit") == {}


def test_explain_tells_what_counted_and_what_was_avoided(repo: Repo) -> None:
    """Each considered task with its parts; the reservation that stands in its way by name."""
    held = repo.add("Held", "-p", "0", "--file", "src/a.py")
    free = repo.add("Free", "-p", "3")
    repo.ok("reserve", "src/**", "--as", "bob")
    told = repo.ok("claim", "--next", "--explain")
    assert told["task"]["id"] == free
    first, second = told["considered"]
    assert (first["id"], first["parts"]["priority"]) == (held, 0)
    assert first["overlap"].startswith("src/a.py meets bob's src/** until ")
    assert (second["id"], second["overlap"]) == (free, "")
    said = repo.jetpack("claim", "--next", "--explain").out
    assert f"taken all the same: {held}" in said
    nothing = repo.jetpack("claim", "--next", "--explain", "--strategy", "graph-prioritized")
    assert nothing.code == 1


def test_ready_explain_lists_what_is_not(repo: Repo) -> None:
    """With the reasons, as many as the limit lets through."""
    one = repo.add("One")
    two = repo.add("Two", "--depends", one)
    repo.ok("claim", one, "--as", "bob")
    told = repo.jetpack("ready", "--explain")
    assert told.code == 1
    assert f"{two} is blocked: it waits for {one}, which is claimed, held by bob" in told.out
    repo.ok("fail", one, "--final", "--as", "bob")
    found = repo.jetpack("ready", "--explain", "--json").json["waiting"]
    assert [task["id"] for task in found["tasks"]] == [two, one]
    assert found["total"] == 2
    assert f"blocked: {one} failed" in repo.jetpack("list").out
