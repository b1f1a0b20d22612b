"""Options that several commands share, and what they mean."""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import TypeVar

import click

from jetpack_git.errors import BadInput
from jetpack_git.models.task import PRIORITIES

Function = TypeVar("Function", bound=Callable[..., object])
MAX_TITLE = 64 * 1024
MAX_DESCRIPTION = 5 * 1024 * 1024
INVISIBLE = "\u00ad\u200b\u200c\u200d\u200e\u200f\u2060\ufeff"  # characters without a form


def task_fields(function: Function) -> Function:
    """The options that say what a task is."""
    for option in reversed(
        (
            click.option("-d", "--description", help="What is to be done; '-' reads stdin."),
            click.option("-p", "--priority", help="0 (most urgent) to 4, or a word such as high."),
            click.option("--skills", help="Skills that the task needs, with commas between."),
            click.option("--file", "files", multiple=True, help="What it changes; repeatable."),
            click.option("--estimate", help="How long it takes, such as 30m or 2h."),
            click.option(
                "--label", "labels", multiple=True, help="A word to find it by; repeatable."
            ),
            click.option(
                "--max-attempts",
                type=click.IntRange(1, 1000),
                help="How often it is tried before it has failed for good.",
            ),
        )
    ):
        function = option(function)
    return function


def limit_option(default: int) -> Callable[[Function], Function]:
    """How many items a listing shows."""
    return click.option(
        "-n", "--limit", type=click.IntRange(0, 10**9), default=default, show_default=True,
        help="Show so many; 0 shows all.",
    )  # fmt: skip


def changes(
    *,
    title: str | None = None,
    description: str | None,
    priority: str | None,
    skills: str | None,
    files: tuple[str, ...],
    estimate: str | None,
    labels: tuple[str, ...],
    max_attempts: int | None,
) -> dict[str, object]:
    """The fields that were given, checked. Raises BadInput."""
    from jetpack_git.models import durations
    from jetpack_git.models.patterns import normalise

    found: dict[str, object] = {}
    if title is not None:
        found["title"] = clean(title, "title", MAX_TITLE)
    if description is not None:
        text = _stdin() if description == "-" else description
        found["description"] = clean(text, "description", MAX_DESCRIPTION, empty=True)
    if priority is not None:
        found["priority"] = parse_priority(priority)
    if skills is not None:
        parts = (one.strip().lower() for one in skills.split(","))
        found["skills"] = tuple(sorted({one for one in parts if one}))
    if files:
        found["files"] = tuple(normalise(one) for one in files if one)
    if estimate is not None:
        found["estimate_s"] = durations.parse(estimate, hours_a_day=8)
    if labels:
        checked = (clean(one, "label", MAX_TITLE, empty=True).strip() for one in labels)
        found["labels"] = tuple(sorted({one for one in checked if one}))
    if max_attempts is not None:
        found["max_attempts"] = max_attempts
    return found


def _stdin() -> str:
    """All of stdin, as far as it can be kept; a byte that is no UTF-8 is left for `clean`."""
    return sys.stdin.buffer.read(MAX_DESCRIPTION + 1).decode("utf-8", "surrogateescape")


def clean(text: str, what: str, limit: int, *, empty: bool = False) -> str:
    """The text with line ends as `\\n` and no byte-order mark.

    Raises BadInput when it cannot be kept.
    """
    text = text.removeprefix("\ufeff").replace("\r\n", "\n").replace("\r", "\n")
    if not empty and all(one.isspace() or one in INVISIBLE for one in text):
        raise BadInput(f"The {what} is empty.", hint=f"Write a {what} of a word or more.")
    if "\0" in text:
        raise BadInput(f"The {what} holds a NUL character.", hint="Leave it out.")
    try:
        too_long = len(text.encode()) > limit
    except UnicodeEncodeError as error:
        raise BadInput(f"The {what} is no UTF-8 text.", hint="Convert it to UTF-8.") from error
    if too_long:
        raise BadInput(f"The {what} has more than {limit} bytes.", hint="Shorten it.")
    return text


def at_option(function: Function) -> Function:
    """The option that asks for the state as of a branch or commit."""
    return click.option(
        "--at", "revision", metavar="REV", help="As of this branch or commit, from the files there."
    )(function)


def parse_priority(text: str) -> int:
    """The number of a priority given as a number, as `P2` or as a word."""
    folded = text.strip().lower()
    if folded in PRIORITIES:
        return PRIORITIES.index(folded)
    number = folded.removeprefix("p")
    if len(number) == 1 and number in "01234":
        return int(number)
    raise BadInput(
        f"{text!r} is no priority.", hint=f"Write 0 to 4, or one of: {', '.join(PRIORITIES)}"
    )
