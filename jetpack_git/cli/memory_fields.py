"""Options of memories that several commands share, and how memories are shown."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

import click

from jetpack_git import clock
from jetpack_git.cli.fields import clean
from jetpack_git.cli.terminal import safe
from jetpack_git.errors import BadInput
from jetpack_git.models import durations
from jetpack_git.models.memory import EPISODIC
from jetpack_git.models.memory import PROCEDURAL
from jetpack_git.models.memory import WORKING
from jetpack_git.models.memory import Memory
from jetpack_git.models.memory import mark

Function = TypeVar("Function", bound=Callable[..., object])
MAX_TITLE = 200
MAX_WORD = 100
MAX_BODY = 10 * 1024 * 1024
CUT = 160
MEANT = (WORKING, EPISODIC, PROCEDURAL)  # types that mean something, however they are written


def options(function: Function) -> Function:
    """The options that say what a memory is."""
    for option in reversed(
        (
            click.option("--type", "memory_type", metavar="WORD", help="What kind of memory."),
            click.option(
                "--importance", type=click.FloatRange(0, 1), help="From 0 to 1; 0.5 if not said."
            ),
            click.option("--tag", "tags", multiple=True, help="A word to find it by; repeatable."),
            click.option(
                "--scope", metavar="SCOPE", help="repository, plan:ID, task:ID or agent:NAME."
            ),
            click.option("--expires", metavar="TIME", help="Forget it after so long: 3d."),
            click.option("--valid-from", metavar="MOMENT", help="It holds from then on."),
        )
    ):
        function = option(function)
    return function


def changes(
    *, memory_type: str | None, importance: float | None, tags: tuple[str, ...],
    scope: str | None, expires: str | None, valid_from: str | None,
) -> dict[str, object]:  # fmt: skip
    """The fields that were given, checked. Raises BadInput."""
    found: dict[str, object] = {}
    if memory_type is not None:
        word = _word(memory_type, "type")
        found["memory_type"] = word.lower() if word.lower() in MEANT else word
    if importance is not None:
        if importance != importance:  # no number, and in every range
            raise BadInput("--importance needs a number from 0 to 1.")
        found["importance"] = importance
    if tags:
        found["tags"] = tuple(sorted({_word(one, "tag") for one in tags if one}))
    if scope is not None:
        found["scope"] = clean(scope, "scope", MAX_TITLE)
    if expires is not None:
        found["expires_at"] = clock.after(durations.parse(expires)) if expires else None
    if valid_from is not None:
        found["valid_from"] = _moment(valid_from) if valid_from else None
    return found


def _moment(text: str) -> str:
    try:
        return clock.utc(text)
    except (ValueError, OverflowError) as error:
        raise BadInput(
            f"{text!r:.60} is no moment.", hint="Write it like 2026-11-22 or 2026-11-22T22:04Z."
        ) from error


def _word(text: str, what: str) -> str:
    text = clean(text, what, MAX_WORD).strip()
    if not text.isprintable():
        raise BadInput(f"The {what} {text!r} holds a control character.", hint="Leave it out.")
    return text


def document(one: Memory) -> dict[str, object]:
    """A memory."""
    return {
        "id": one.id,
        "memory_type": one.memory_type,
        "title": one.title,
        "body": one.body,
        "importance": one.importance,
        "tags": list(one.tags),
        "scope": one.scope,
        "agent": one.agent,
        "task_id": one.task_id,
        "commit_id": one.commit_id,
        "created_at": one.created_at,
        "updated_at": one.updated_at,
        "valid_from": one.valid_from,
        "expires_at": one.expires_at,
        "superseded_by": one.superseded_by,
        "recalled": one.recalled,
        "helpful": one.helpful,
        "harmful": one.harmful,
        "mark": mark(one.id),
    }


def details(one: Memory) -> list[str]:
    """A memory in full."""
    said = [
        ("type", one.memory_type), ("importance", f"{one.importance:g}"),
        ("tags", ", ".join(one.tags)), ("scope", one.scope), ("agent", one.agent or ""),
        ("task", one.task_id or ""), ("commit", one.commit_id or ""),
        ("created", one.created_at), ("valid from", one.valid_from or ""),
        ("expires", one.expires_at or ""), ("superseded by", one.superseded_by or ""),
        ("feedback", f"{one.helpful} helpful, {one.harmful} harmful"
         if one.helpful or one.harmful else ""),
    ]  # fmt: skip
    lines = [f"{mark(one.id)} {safe(one.title)}"]
    lines += [f"  {name:13}  {safe(value)}" for name, value in said if value]
    if one.body:
        lines += ["", *(safe(line) for line in one.body.split("\n"))]
    return lines
