"""Tasks: every move from every state, parents, ids, and what the command line says."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace

import pytest
from conftest import Repo

from jetpack_git import ids
from jetpack_git.errors import BadInput
from jetpack_git.errors import JetpackError
from jetpack_git.errors import NotFound
from jetpack_git.models.task import Task
from jetpack_git.work import dependencies
from jetpack_git.work import metrics
from jetpack_git.work.tasks import Tasks

STATES = (
    "ready", "blocked", "claimed", "in_progress", "completed", "failed", "pending_retry",
    "cancelled",
)  # fmt: skip
VERBS = (
    "claim", "begin", "progress", "done", "fail", "retry", "hand_over", "release", "cancel",
)  # fmt: skip
MOVES = {
    "ready": {"claim": "claimed", "cancel": "cancelled"},
    "blocked": {"cancel": "cancelled"},
    "claimed": {
        "begin": "in_progress", "progress": "in_progress", "done": "completed", "fail": "failed",
        "retry": "pending_retry", "hand_over": "claimed", "release": "pending",
        "cancel": "cancelled",
    },
    "in_progress": {
        "progress": "in_progress", "done": "completed", "fail": "failed",
        "retry": "pending_retry", "hand_over": "claimed", "release": "pending",
        "cancel": "cancelled",
    },
    "completed": {},
    "failed": {"release": "pending", "cancel": "cancelled"},
    "pending_retry": {"claim": "claimed", "release": "pending", "cancel": "cancelled"},
    "cancelled": {},
}  # fmt: skip
EVENTS = {
    "claim": "claimed", "begin": "begun", "done": "completed", "fail": "failed",
    "retry": "retried", "release": "released", "cancel": "cancelled", "progress": "progress",
    "hand_over": "handed_over",
}  # fmt: skip
PAST = {
    "claim": "claimed", "begin": "begun", "done": "finished", "fail": "failed",
    "retry": "retried", "release": "released", "cancel": "cancelled", "progress": "reported on",
    "hand_over": "handed over",
}  # fmt: skip
MORE: dict[str, dict[str, object]] = {
    "fail": {"final": True}, "progress": {"percent": 40}, "hand_over": {"to": "eve"},
}  # fmt: skip


def act(tasks: Tasks, verb: str, task_id: str, **who: str) -> Task:
    """The task after the move."""
    return getattr(tasks, verb)(task_id, **who, **MORE.get(verb, {}))  # type: ignore[no-any-return]


def add(tasks: Tasks, title: str = "work", **values: object) -> str:
    """The id of a new task."""
    return tasks.add(Task(id="", title=title, **values)).id  # type: ignore[arg-type]


def bring(tasks: Tasks, state: str) -> str:
    """The id of a task in that state, held by ann where somebody holds it."""
    task_id = add(tasks)
    if state == "blocked":
        dependencies.add(tasks.journal, task_id, add(tasks, "before"))
    elif state == "cancelled":
        tasks.cancel(task_id, agent="ann")
    elif state != "ready":
        tasks.claim(task_id, agent="ann", incarnation="life")
        verb = {"in_progress": "begin", "completed": "done", "failed": "fail"}.get(state)
        verb = "retry" if state == "pending_retry" else verb
        if verb:
            act(tasks, verb, task_id, agent="ann", incarnation="life")
    return task_id


def refused(call: Callable[[], object]) -> tuple[int, str, str]:
    """The exit code, message and hint of the error."""
    with pytest.raises(JetpackError) as found:
        call()
    return found.value.code, found.value.message, found.value.hint


def wanted_refusal(task: Task, verb: str) -> tuple[int, str, str]:
    """What a refusal must say; nothing here holds for a task that the agent may move."""
    if verb == "claim" and task.status in ("claimed", "in_progress"):
        said = f"{task.id} is already yours, {task.status} since {task.claimed_at}."
        return 4, said, f"Finish it with: git jetpack done {task.id}"
    if verb == "claim" and task.state == "blocked":
        said = f"{task.id} is blocked by {task.depends[0]}"
        return 1, said, f"See more with: git jetpack why {task.id}"
    hint = {
        "failed": f"Offer it again with: git jetpack release {task.id}",
        "blocked": f"See what it waits for with: git jetpack why {task.id}",
        "ready": f"Claim it first with: git jetpack claim {task.id}" if verb != "release" else "",
    }.get(str(task.state), "")
    return 1, f"{task.id} is {task.state} and cannot be {PAST[verb]}.", hint


@pytest.mark.parametrize("verb", VERBS)
@pytest.mark.parametrize("state", STATES)
def test_every_move_is_made_or_refused_as_the_table_says(
    tasks: Tasks, state: str, verb: str
) -> None:
    """A legal move has its status and event; a refused one changes nothing and says why."""
    task_id = bring(tasks, state)
    before, log = tasks.get(task_id), tasks.log(task_id)

    def move() -> Task:
        return act(tasks, verb, task_id, agent="ann", incarnation="life")

    if verb in MOVES[state]:
        after = move()
        keeps = verb in ("claim", "begin", "progress", "done", "fail")
        now = verb in ("claim", "hand_over")
        assert after == replace(
            before,
            status=MOVES[state][verb],
            assignee="ann" if keeps else "eve" if verb == "hand_over" else None,
            incarnation="life" if verb in ("claim", "begin", "progress") else None,
            claimed_at=after.claimed_at if now else before.claimed_at,
            completed_at=after.completed_at if verb == "done" else None,
            attempts=0 if verb == "release" else before.attempts + (verb == "claim"),
            percent=40 if verb == "progress" else None,
            updated_at=after.updated_at,
        )
        events = tasks.log(task_id)[len(log) :]
        assert [(one.kind, one.agent) for one in events] == [(f"task.{EVENTS[verb]}", "ann")]
    else:
        assert refused(move) == wanted_refusal(before, verb)
        assert (tasks.get(task_id), tasks.log(task_id)) == (before, log)


@pytest.mark.parametrize("verb", VERBS)
@pytest.mark.parametrize("state", ["claimed", "in_progress"])
def test_a_held_task_moves_for_its_holder_only(tasks: Tasks, state: str, verb: str) -> None:
    """Anybody else is told who holds it and since when."""
    task_id = bring(tasks, state)
    before = tasks.get(task_id)
    assert refused(lambda: act(tasks, verb, task_id, agent="bob")) == (
        4,
        f"{task_id} is {state}, held by ann since {before.claimed_at}.",
        "Find other work with: git jetpack claim --next",
    )
    assert tasks.get(task_id) == before


@pytest.mark.parametrize("verb", [one for one in VERBS if one != "claim"])
def test_a_dead_process_cannot_move_the_task_of_the_living(tasks: Tasks, verb: str) -> None:
    """An older life of the same agent is told that its claim is over."""
    task_id = add(tasks)
    tasks.claim(task_id, agent="ann", incarnation="old")
    tasks.retry(task_id, agent="ann", incarnation="old")
    tasks.claim(task_id, agent="ann", incarnation="new")
    before = tasks.get(task_id)
    late = lambda: act(tasks, verb, task_id, agent="ann", incarnation="old")  # noqa: E731
    assert refused(late) == (
        4,
        f"{task_id} has been claimed again since; this process's claim on it is over.",
        f"See who holds it with: git jetpack show {task_id}",
    )
    assert tasks.get(task_id) == before
    assert tasks.done(task_id, agent="ann", incarnation="new").status == "completed"


def test_done_keeps_the_summary_and_the_commit(tasks: Tasks) -> None:
    """What was done stands in the task and in its log, and a later move leaves it alone."""
    task_id = bring(tasks, "claimed")
    done = tasks.done(task_id, agent="ann", summary="Wrote it.", commit_id="c0ffee")
    assert (done.summary, done.commit_id) == ("Wrote it.", "c0ffee")
    assert tasks.log(task_id)[-1].note == "Wrote it."


@pytest.mark.parametrize("verb", VERBS)
def test_a_parent_is_never_moved_by_hand(tasks: Tasks, verb: str) -> None:
    """Only leaves are claimed and finished."""
    parent = add(tasks, "parent")
    add(tasks, "child", parent_id=parent)
    code, message, hint = refused(lambda: act(tasks, verb, parent, agent="ann"))
    what = "only leaves are claimed" if verb == "claim" else "its status follows from theirs"
    assert (code, message) == (2, f"{parent} is a parent of 1 tasks; {what}.")
    assert hint.endswith(f"git jetpack show {parent}")


def chain(tasks: Tasks, depth: int) -> list[str]:
    """Tasks that contain each other, the outermost first."""
    found: list[str] = []
    for number in range(depth):
        found.append(add(tasks, str(number), parent_id=found[-1] if found else None))
    return found


def statuses(tasks: Tasks, task_ids: list[str]) -> list[str]:
    """The stored status of each."""
    return [str(tasks.get(one).status) for one in task_ids]


@pytest.mark.parametrize(("verb", "status"), [("done", "completed"), ("cancel", "cancelled")])
def test_parents_close_with_their_last_child_and_open_with_a_new_one(
    tasks: Tasks, verb: str, status: str
) -> None:
    """At any depth, and whoever waits for the outermost waits for all of it."""
    line = chain(tasks, 6)
    waiting = add(tasks, "after", depends=(line[0],))
    tasks.claim(line[-1], agent="ann")
    getattr(tasks, verb)(line[-1], agent="ann")
    assert statuses(tasks, line) == [status] * 6
    assert [one.completed_at is not None for one in map(tasks.get, line)] == [
        status == "completed"
    ] * 6
    assert tasks.get(waiting).state == "ready"
    late = add(tasks, "late", parent_id=line[2])
    assert statuses(tasks, line) == ["pending"] * 3 + [status] * 3
    assert tasks.get(waiting).state == "blocked"
    tasks.cancel(late, agent="ann")
    assert statuses(tasks, line) == [status] * 6
    assert tasks.get(waiting).state == "ready"


def test_a_parent_is_completed_when_one_child_was_and_the_rest_was_cancelled(tasks: Tasks) -> None:
    """A failed child keeps it open."""
    parent = add(tasks, "parent")
    one, two, three = (add(tasks, "child", parent_id=parent) for _ in range(3))
    for child in (one, two):
        tasks.claim(child, agent="ann")
    tasks.done(one, agent="ann")
    tasks.cancel(three, agent="ann")
    tasks.fail(two, agent="ann", final=True)
    assert tasks.get(parent).status == "pending"
    tasks.cancel(two, agent="ann")
    assert tasks.get(parent).status == "completed"


@pytest.mark.parametrize("state", ["claimed", "in_progress", "completed", "failed", "cancelled"])
def test_a_leaf_that_somebody_works_on_or_finished_gets_no_children(
    tasks: Tasks, state: str
) -> None:
    """Neither the claim nor the result of a leaf is turned into a parent's."""
    task_id = bring(tasks, state)
    assert refused(lambda: add(tasks, "child", parent_id=task_id)) == (
        2,
        f"{task_id} is {state}; only a pending task or a parent can get children.",
        "Choose another parent."
        if state in ("completed", "cancelled")
        else "Release it first, or choose another parent.",
    )
    assert tasks.list()[1] == 1


def test_children_stand_in_the_order_in_which_they_were_added(tasks: Tasks) -> None:
    """Positions count from 0 below each parent, and roots have none."""
    parents = [add(tasks, "parent") for _ in range(2)]
    for number in range(3):
        for parent in parents:
            add(tasks, str(number), parent_id=parent)
    for parent in parents:
        assert [(one.title, one.position) for one in tasks.children(parent)] == [
            ("0", 0), ("1", 1), ("2", 2),
        ]  # fmt: skip
        assert tasks.get(parent).position == 0


def test_ids_are_unique_and_tell_the_parent(tasks: Tasks, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where random characters are few, an id grows until it is its own."""
    monkeypatch.setattr(ids, "ALPHABET", "a")
    roots = [add(tasks) for _ in range(3)]
    assert roots == ["jp-aaaa", "jp-aaaaa", "jp-aaaaaa"]
    assert [add(tasks, parent_id=roots[0]) for _ in range(2)] == ["jp-aaaa.aaa", "jp-aaaa.aaaa"]


def test_new_ids_have_the_form_that_the_design_gives_them(tasks: Tasks) -> None:
    """`jp-` and 4 characters; a child adds a dot and 3."""
    root, child, grandchild = chain(tasks, 3)
    assert re.fullmatch(r"jp-[0-9a-z]{4}", root)
    assert re.fullmatch(re.escape(root) + r"\.[0-9a-z]{3}", child)
    assert re.fullmatch(re.escape(child) + r"\.[0-9a-z]{3}", grandchild)


@pytest.fixture
def named(tasks: Tasks, monkeypatch: pytest.MonkeyPatch) -> Tasks:
    """A task list with ids that the test knows."""
    wanted = iter(
        ["jp-aaaa", *(f"jp-aaaa.c{number:02}" for number in range(12)), "jp-aaab", "jp-bcde"]
    )
    monkeypatch.setattr(ids, "task_id", lambda *_, **__: next(wanted))
    add(tasks)
    for _ in range(12):
        add(tasks, parent_id="jp-aaaa")
    add(tasks)
    add(tasks)
    return tasks


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("jp-aaaa", "jp-aaaa"),
        ("jp-b", "jp-bcde"),
        ("jp-aaaa.c0", None),
        ("jp-aaaa.c11", "jp-aaaa.c11"),
        ("jp-aaab", "jp-aaab"),
    ],
)
def test_an_unambiguous_beginning_is_enough(named: Tasks, text: str, found: str | None) -> None:
    """A whole id means itself, though others begin so."""
    if found:
        assert named.get(text).id == found
    else:
        with pytest.raises(BadInput, match="begins several task ids"):
            named.get(text)


def test_many_children_do_not_hide_a_second_root(named: Tasks) -> None:
    """An ambiguous beginning is refused with what it may mean, roots first."""
    code, message, hint = refused(lambda: named.get("jp-aaa"))
    listed = "jp-aaaa, jp-aaab, " + ", ".join(f"jp-aaaa.c{number:02}" for number in range(6))
    assert (code, hint) == (2, "Type more of the id.")
    assert message == f"'jp-aaa' begins several task ids: {listed}, …"


def test_a_wrong_id_brings_near_ones(named: Tasks) -> None:
    """Or where to look, when nothing is near."""
    with pytest.raises(NotFound):
        named.get("jp-bcdf")
    assert refused(lambda: named.get("jp-bcdf"))[1:] == (
        "There is no task 'jp-bcdf'.", "Did you mean jp-bcde?",
    )  # fmt: skip
    assert refused(lambda: named.get("")) == (
        2, "There is no task ''.", "List them with: git jetpack list",
    )  # fmt: skip
    assert refused(lambda: named.get("%"))[0] == 2


def test_edit_changes_the_named_fields_only(tasks: Tasks) -> None:
    """Editing to the same values is no event; a field that follows from others is refused."""
    task_id = add(tasks, "old", skills=("sql",), priority=3)
    metrics.refresh(tasks.db)
    before = tasks.get(task_id)
    after = tasks.edit(task_id, {"title": "new", "priority": 3}, agent="ann")
    assert after == replace(before, title="new", updated_at=after.updated_at)
    tasks.edit(task_id, {"title": "new"}, agent="ann")
    assert [(one.kind, one.data) for one in tasks.log(task_id)] == [
        ("task.created", {}),
        ("task.edited", {"fields": ["title"]}),
    ]
    with pytest.raises(BadInput, match="status of a task cannot be edited"):
        tasks.edit(task_id, {"status": "completed"})


def test_exit_codes_say_what_kind_of_no_it_is(repo: Repo) -> None:
    """0 done, 1 the answer is no, 2 bad input, 4 a race was lost."""
    one, two = repo.add("One"), repo.add("Two")
    blocked = repo.add("Three", "--depends", two)
    assert repo.jetpack("claim", one, "--as", "ann").code == 0
    since = repo.ok("show", one)["task"]["claimed_at"]
    for args, code, said in (
        (("claim", one, "--as", "bob"), 4, f"{one} is claimed, held by ann since {since}."),
        (("begin", two), 1, f"{two} is ready and cannot be begun."),
        (("claim", blocked), 1, f"{blocked} is blocked by {two}"),
        (("show", "nothing"), 2, "There is no task 'nothing'."),
        (("add", "x", "--parent", one), 2, None),
        (("claim",), 2, "Say which task, or --next."),
        (("claim", one, "--next"), 2, "Say which task, or --next."),
        (("claim", "--next", "--strategy", "luck"), 2, "There is no claim strategy 'luck'."),
        (("edit", one), 2, "Nothing to change was given."),
    ):
        plain, json = repo.jetpack(*args), repo.jetpack(*args, "--json")
        assert (plain.code, json.code) == (code, code), args
        assert plain.out == json.err == ""
        assert set(json.json) == {"schema", "error"}
        error = json.json["error"]
        assert set(error) == {"code", "name", "message", "hint"}
        assert error["code"] == code
        assert plain.err == f"error: {error['message']}\n" + (
            f"hint: {error['hint']}\n" if error["hint"] else ""
        )
        assert said is None or error["message"] == said
