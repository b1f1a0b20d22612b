"""git jetpack recall"""

from __future__ import annotations

import contextlib
import json
import sys
from collections.abc import Sequence

import click

from jetpack_git import clock
from jetpack_git.cli import documents
from jetpack_git.cli import memory_fields
from jetpack_git.cli.fields import at_option
from jetpack_git.cli.fields import limit_option
from jetpack_git.cli.frame import Frame
from jetpack_git.cli.frame import command
from jetpack_git.cli.terminal import safe
from jetpack_git.cli.terminal import warn
from jetpack_git.errors import BadInput
from jetpack_git.errors import StoreError
from jetpack_git.models.config import MemoryConfig
from jetpack_git.models.memory import REPOSITORY
from jetpack_git.models.memory import Found
from jetpack_git.models.memory import Recall
from jetpack_git.models.memory import mark
from jetpack_git.work import recall as asking
from jetpack_git.work import settings
from jetpack_git.work.retrievers import Asked

LONGEST = 10 * 1024 * 1024  # bytes of a question
BYTES_A_TOKEN = 3
BUDGET = 1000  # tokens
SIMILAR = 3  # of those that say nearly the same, how many are named


@command(short_help="Find memories: by their words, and by their meaning.")
@click.argument("words", nargs=-1, metavar="[QUERY]...")
@click.option("--task", metavar="ID", help="What to know for this task.")
@click.option("--like", metavar="ID", help="What is like this memory.")
@click.option("--type", "types", multiple=True, metavar="WORD", help="Only these; repeatable.")
@click.option("--scope", metavar="SCOPE", help="Only of this scope, or of its kind: task.")
@click.option("--tag", help="Only those with this tag.")
@click.option("--all", "everything", is_flag=True, help="What is over or superseded, too.")
@click.option("--full", is_flag=True, help="With all that they say.")
@click.option(
    "--budget", type=click.IntRange(1, 10**9), metavar="TOKENS",
    help="Print about so much at most; 1000 if not said, except with --json.",
)  # fmt: skip
@limit_option(10)
@at_option
def recall(
    frame: Frame,
    revision: str | None,
    words: tuple[str, ...],
    task: str | None,
    like: str | None,
    types: tuple[str, ...],
    scope: str | None,
    tag: str | None,
    everything: bool,
    full: bool,
    budget: int | None,
    limit: int,
) -> int:
    """Find the memories that answer a QUERY, the best first, a line each; '-' reads it from stdin.

    The last line says how they were found, and why not better. Read one whole with
    `git jetpack show ID`, and say whether it was of use with `git jetpack feedback ID`. What is
    printed bears the mark [recalled ID], so that nobody remembers it a second time. Exits 1
    when there is none.
    """
    if (bool(words) + (task is not None) + (like is not None)) != 1:
        raise BadInput("Say what to look for.", hint="Give a QUERY, or --task ID, or --like ID.")
    if task is not None and revision is not None:
        raise BadInput("--task is for the present, without --at.", hint="Leave out one of the two.")
    workspace = frame.at(revision, memories=True)
    owned = revision is None and workspace.db.one("memories.any_owned") is not None
    agent = workspace.agent if owned else ""  # to find out who asks takes as long as to answer
    if scope is not None:
        from jetpack_git.work.memories import Memories

        scope = Memories(workspace.db).of_scope(scope)
    asked = Asked(agent, types, scope, tag, live=not everything)
    config, db, most = MemoryConfig(), workspace.db, limit or 10**6
    if revision is None:
        config = settings.of(workspace.clone, db, workspace.warnings).memory
    if like is not None:
        from jetpack_git.work import vectors
        from jetpack_git.work.memories import Memories

        memory = Memories(db).get(like)
        embedder = vectors.chosen(config, workspace.clone)
        vectors.make(db, embedder, limit_s=asking.CATCH_UP_S)
        said = asking.like(db, memory, asked, limit=most, embedder=embedder)
    elif task is not None:
        said = asking.of_task(
            db, workspace.clone, config, workspace.tasks.get(task), asked, limit=most
        )
    else:
        question = _stdin() if words == ("-",) else " ".join(words)
        question = question.encode("utf-8", "replace").decode()
        said = asking.ask(db, workspace.clone, config, question, asked, limit=most)
    if said.degraded:
        warn(f"found by {said.retriever} alone, or not among all: {said.degraded}")
    frame.answer(_document(said, full, budget), _lines(said, full, budget or BUDGET))
    if revision is None and said.found:
        with contextlib.suppress(StoreError):  # an answer needs nobody to stop writing
            db.run("memories.count_recall", seqs=str([one.memory.seq for one in said.found]))
    return 0 if said.found else 1


def _stdin() -> str:
    return sys.stdin.buffer.read(LONGEST).decode("utf-8", "replace")


def _document(said: Recall, full: bool, budget: int | None) -> dict[str, object]:
    items: list[dict[str, object]] = []
    left = None if budget is None else budget * BYTES_A_TOKEN
    for one in said.found:
        item = _item(one, full=full)
        if left is not None:
            left -= len(json.dumps(item))
            if left < 0 and items:
                break
        items.append(item)
    return documents.listing("memories", items, said.total) | {
        "retriever": said.retriever, "degraded": said.degraded or None,
    }  # fmt: skip


def _item(one: Found, *, full: bool) -> dict[str, object]:
    """The memory with how it was found; its body is cut, unless it is wanted in full."""
    document = memory_fields.document(one.memory)
    body = one.memory.body
    is_cut = not full and len(body) > memory_fields.CUT
    return document | {
        "body": f"{body[: memory_fields.CUT - 1]}…" if is_cut else body,
        "body_is_cut": is_cut,
        "score": round(one.score, 4),
        "similar": list(one.similar),
    }


def _lines(said: Recall, full: bool, budget: int) -> Sequence[str]:
    """The answer in about so many tokens, and how it was found."""
    if not said.found:
        return [f"Nothing was found ({said.retriever})."]
    lines: list[str] = []
    left = budget * BYTES_A_TOKEN
    shown = 0
    for one in said.found:
        new = _full(one) if full else [_line(one)]
        size = sum(len(line.encode()) + 1 for line in new)
        if size > left and not shown:
            new = [_line(one)]  # whole it would be more than was asked for
        left -= size
        if left < 0 and shown:
            break
        lines += new
        shown += 1
    more = said.total - shown
    rest = f"; at least {more} more: -n or --budget" if more > 0 else ""
    return [*lines, f"{shown} found by {said.retriever}{rest}"]


def _line(one: Found) -> str:
    memory = one.memory
    text = " ".join(f"{memory.title}: {memory.body}".split()) if memory.body else memory.title
    others = [*one.similar[:SIMILAR], *(["…"] if len(one.similar) > SIMILAR else [])]
    also = f" (and {', '.join(others)})" if others else ""
    state = memory.state(clock.now())
    also += f" ({state})" if state else ""
    also += "" if memory.scope == REPOSITORY else f" (for {safe(memory.scope)})"
    text = text if len(text) <= memory_fields.CUT else f"{text[: memory_fields.CUT - 1]}…"
    return f"{mark(memory.id)} {safe(text)}{also}"


def _full(one: Found) -> list[str]:
    memory = one.memory
    about = [
        memory.memory_type, memory.agent or "", memory.created_at[:10],
        "" if memory.scope == REPOSITORY else f"for {memory.scope}",
        memory.state(clock.now()), *one.similar,
    ]  # fmt: skip
    lines = [
        f"{mark(memory.id)} {safe(memory.title)}",
        f"  ({safe(', '.join(filter(None, about)))})",
    ]
    return lines + [f"  {safe(line)}" for line in memory.body.split("\n") if memory.body]
