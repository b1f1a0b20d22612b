"""Text for a terminal: harmless, in columns, and printed whatever the terminal is."""

from __future__ import annotations

import contextlib
import io
import os
import sys
from collections.abc import Callable
from collections.abc import Iterable
from collections.abc import Iterator
from collections.abc import Sequence
from contextvars import ContextVar

from jetpack_git.models.visible import safe as safe

WORTH_A_BAR = 500
Overheard = tuple[list[str], list[str]]
_ears: ContextVar[Overheard | None] = ContextVar("ears", default=None)


def columns(rows: Sequence[Sequence[str]]) -> list[str]:
    """One line a row, its cells padded so that they stand below each other."""
    if not rows:
        return []
    safe_rows = [[safe(cell) for cell in row] for row in rows]
    widths = [max(len(cell) for cell in column) for column in zip(*safe_rows, strict=True)]
    return [
        "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()
        for row in safe_rows
    ]


@contextlib.contextmanager
def overheard() -> Iterator[Overheard]:
    """What this thread says meanwhile, and what it remarks beside that, is not printed but here."""
    heard: Overheard = ([], [])
    token = _ears.set(heard)
    try:
        yield heard
    finally:
        _ears.reset(token)


def say(lines: str | Iterable[str]) -> None:
    """The lines are on stdout."""
    ears = _ears.get()
    for line in [lines] if isinstance(lines, str) else lines:
        if ears is None:
            print(line)
        else:
            ears[0].append(line)


def flush() -> None:
    """What was said is seen, also by who reads it through a pipe."""
    sys.stdout.flush()


def complain(message: str, hint: str = "") -> None:
    """The error is on stderr, with its hint."""
    for line in message.split("\n"):
        print(f"error: {safe(line)}", file=sys.stderr)
    if hint:
        print(f"hint: {safe(hint)}", file=sys.stderr)


_remarks: list[str] = []


def remark(message: str) -> None:
    """It will be the last line on stderr, behind warnings and errors."""
    ears = _ears.get()
    (_remarks if ears is None else ears[1]).append(message)


def say_remarks() -> None:
    """The remarks are on stderr."""
    while _remarks:
        print(safe(_remarks.pop(0)), file=sys.stderr)


def warn(message: str) -> None:
    """The warning is on stderr."""
    ears = _ears.get()
    if ears is None:
        print(f"warning: {safe(message)}", file=sys.stderr)
    else:
        ears[1].append(f"warning: {message}")


@contextlib.contextmanager
def progress_bar(label: str, total: int) -> Iterator[Callable[[int, int], None]]:
    """A bar on stderr, told how much of how much is done: for a person, and if it takes time."""
    import click

    shown = sys.stderr.isatty() and total >= WORTH_A_BAR
    with click.progressbar(length=total, label=label, file=sys.stderr, hidden=not shown) as bar:

        def advance(done: int, total: int) -> None:
            bar.length = total
            bar.update(done - bar.pos)

        yield advance


def is_terminal() -> bool:
    """Whether a person sees stdout, on a terminal that can be redrawn."""
    return sys.stdout.isatty() and os.environ.get("TERM", "dumb") != "dumb"


def open_streams() -> None:
    """Whatever is printed can be, in any locale, and a stream that was closed swallows it."""
    for number, name in enumerate(("stdin", "stdout", "stderr")):
        try:
            os.fstat(number)
        except OSError:
            os.open(os.devnull, os.O_RDWR)  # the lowest free number, which is this one
            setattr(sys, name, open(number, "r" if number == 0 else "w"))  # noqa: SIM115
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")


def drop_stdout() -> None:
    """What is still to be printed goes nowhere, so that the interpreter can end in peace."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
