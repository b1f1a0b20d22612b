"""A plan's file: Markdown, JSON or YAML, as the ending of its name says."""

from __future__ import annotations

from jetpack_git.models.plan_document import PlanDocument
from jetpack_git.work import plan_markdown
from jetpack_git.work import plan_structured
from jetpack_git.work.plan_items import Elsewhere
from jetpack_git.work.plan_items import Problem
from jetpack_git.work.plan_items import refusal

MAX_BYTES = 5_000_000


def nowhere(_: str) -> str | None:
    """No task is known by the name."""
    return None


def parse(data: bytes, *, source: str, title: str, elsewhere: Elsewhere = nowhere) -> PlanDocument:
    """The plan in `data`, whose form the name `source` tells. `title` is for a plan without one.

    `elsewhere` knows the tasks that are not the plan's. BadInput names every problem, 20 at
    most, as `source:line: what is wrong`; the hint is for the first.
    """
    text = _decode(data, source)
    ending = source.lower().rpartition(".")[2]
    if ending == "json":
        top = plan_structured.from_json(text, source)
    elif ending in ("yaml", "yml"):
        top = plan_structured.from_yaml(text, source)
    else:
        return plan_markdown.parse(text, source=source, title=title, elsewhere=elsewhere)
    return plan_structured.parse(top, source=source, title=title, elsewhere=elsewhere)


def _decode(data: bytes, source: str) -> str:
    """The text of `data`, with `\\n` at the end of each line and no byte order mark."""
    if len(data) > MAX_BYTES:
        message = f"the plan has more than {MAX_BYTES:,} bytes"
        raise refusal(source, [Problem(1, message, "Split the plan into several files.")])
    text, offset, what = "", data.find(b"\0"), "a NUL byte"
    if offset < 0:
        try:
            text = data.decode("utf-8")
        except UnicodeDecodeError as error:
            offset, what = error.start, "not UTF-8"
    if offset >= 0:
        line = _unix(data[:offset].decode("latin-1")).count("\n") + 1
        message = f"byte {offset} is {what}"
        raise refusal(source, [Problem(line, message, "Save the plan as UTF-8 text.")])
    return _unix(text.removeprefix("\ufeff"))


def _unix(text: str) -> str:
    return text.replace("\r\n", "\n").replace("\r", "\n")
