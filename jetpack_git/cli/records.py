"""Listings for scripts: one record a task, in a form that the caller gives."""

from __future__ import annotations

import string
import sys
from collections.abc import Callable
from collections.abc import Mapping
from collections.abc import Sequence
from typing import TypeVar

import click

from jetpack_git.cli.terminal import safe
from jetpack_git.errors import BadInput

Function = TypeVar("Function", bound=Callable[..., object])
DEFAULT = "{id}"


def options(function: Function) -> Function:
    """The options that ask for records."""
    function = click.option(
        "-z", "nul", is_flag=True, help="End each record with NUL; texts stay as they are."
    )(function)
    return click.option("--format", "form", help="Print this for each task, such as '{id}'.")(
        function
    )


def wanted(form: str | None, nul: bool, *, json: bool) -> bool:
    """Whether records are asked for. Raises BadInput when one document is, too."""
    if json and (form is not None or nul):
        raise BadInput("--json is one document.", hint="Leave out --json, or --format and -z.")
    return form is not None or nul


def say(tasks: Sequence[Mapping[str, object]], form: str | None, nul: bool) -> None:
    """A record for each task is on stdout. Raises BadInput.

    Without `nul` a record is one line: what a terminal would obey is written visibly.
    """
    parts = _parsed(form or DEFAULT)
    known = dict.fromkeys(name for task in tasks for name in task)
    unknown = [name for _, name in parts if name and tasks and name not in known]
    if unknown:
        raise BadInput(
            f"A task has no field {unknown[0]!r:.60}.", hint=f"There are: {', '.join(known)}"
        )
    for task in tasks:
        record = "".join(text + (_text(task, name) if name else "") for text, name in parts)
        sys.stdout.write(f"{record}\0" if nul else f"{safe(record)}\n")


def _parsed(form: str) -> list[tuple[str, str | None]]:
    """The texts of the form, each with the name of the field behind it. Raises BadInput."""
    try:
        parts = [
            (text, name, spec, how) for text, name, spec, how in string.Formatter().parse(form)
        ]
    except ValueError as error:
        raise BadInput(
            f"{form!r:.60} is no format: {error}.", hint="Write fields as '{id}', a brace as '{{'."
        ) from error
    for _, name, spec, how in parts:
        if name is not None and (spec or how or not name.isidentifier()):
            raise BadInput(
                f"{{{name}}} cannot be a field of a format.", hint="Write a plain name: '{title}'."
            )
    return [(text, name) for text, name, _, _ in parts]


def _text(task: Mapping[str, object], name: str) -> str:
    value = task.get(name)  # parents alone have a progress
    if isinstance(value, list):
        return ",".join(map(str, value))
    return "" if value is None else str(value)
