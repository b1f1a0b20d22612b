"""The scripted model: each answer is a step that the task's own text names.

A step is a line of the task's description:

    @do shell CMD             the agent's own shell tool runs this
    @do write PATH TEXT       its own tool writes the file; \\n in TEXT is a line's end
    @do edit PATH OLD => NEW  its own tool changes the file
    @do tool NAME {JSON}      the tool whose name ends so is called; {task} is the task's id
    @do fail HOW TIMES        so often the request fails: with a status, or `drop`, or `hang`
    @do say TEXT              the last answer; {last} is what the last tool gave back

Which step is due follows from the number of tools' results in the request, so the server knows
nothing of sessions: a session that is resumed goes on where it was.
"""

from __future__ import annotations

import json
import os
import re
import shlex
from collections import Counter
from dataclasses import dataclass
from typing import Any

from real.conversation import Turn

SHELL = ("Bash", "bash", "exec_command", "shell_command", "shell", "run_shell_command")
WRITE = ("Write", "write", "write_file")
EDIT = ("Edit", "edit", "replace")
STEP = re.compile(r"@do (\w+) ?(.*)$", re.MULTILINE)


@dataclass(frozen=True)
class Act:
    """What the model does: it says a `text`, calls a `tool`, or the request `fails`."""

    text: str = ""
    tool: str = ""
    arguments: dict[str, Any] | None = None
    fails: str = ""


def decide(turn: Turn, failed: Counter[str]) -> Act:
    """The next answer. `failed` counts the failures so far, by task and step."""
    if turn.schema:
        return Act(json.dumps(smallest(turn.schema)))
    if not turn.tools or not turn.task:
        return Act("a side answer")  # to a request for a title and the like
    said = next(text for kind, text in reversed(turn.events) if kind == "user" and "@do" in text)
    due = len(turn.results)
    for verb, rest in STEP.findall(said):
        if verb == "fail":
            how, times = rest.split()
            if due == 0 and failed[f"{turn.task} {rest}"] < int(times):
                failed[f"{turn.task} {rest}"] += 1
                return Act(fails=how)
        elif due == 0:
            return _act(turn, verb, rest)
        else:
            due -= 1
    return Act("the script is at its end")


def _act(turn: Turn, verb: str, rest: str) -> Act:
    last = turn.results[-1].strip() if turn.results else ""
    first, _, more = rest.partition(" ")
    path = os.path.join(turn.folder, first)
    match verb:
        case "say":
            return Act(rest.replace("{last}", last))
        case "shell":
            return _call(turn, SHELL, {"command cmd": rest, "description": "a step"})
        case "write":
            text = more.replace("\\n", "\n")
            shell = f"mkdir -p $(dirname {first}) && printf %s {shlex.quote(text)} > {first}"
            given = {"file_path filePath path": path, "content": text}
            return _call(turn, WRITE, given, shell)
        case "edit":
            old, _, new = more.partition(" => ")
            shell = f"sed -i {shlex.quote(f's|{old}|{new}|')} {first}"
            given = {
                "file_path filePath path": path, "old_string oldString": old,
                "new_string newString": new, "instruction": "a step",
            }  # fmt: skip
            return _call(turn, EDIT, given, shell)
        case "tool":
            name = _offered(turn, (first,))
            if name is not None:
                return Act(tool=name, arguments=json.loads(more.replace("{task}", turn.task)))
            return Act(f"no tool {first} among {' '.join(turn.tools)}")
    return Act(f"an unknown step: {verb}")


def _offered(turn: Turn, names: tuple[str, ...]) -> str | None:
    """The first of the tools that is offered; one of an MCP server has a longer name."""
    for name in names:
        if name in turn.tools:
            return name
    return next((one for one in turn.tools for name in names if one.endswith(name)), None)


def _call(turn: Turn, names: tuple[str, ...], given: dict[str, str], shell: str = "") -> Act:
    """A call of the first of the tools that is offered; else the `shell` does it."""
    name = next((one for one in names if one in turn.tools), None)
    if name is None and shell:
        return _call(turn, SHELL, {"command cmd": shell, "description": "a step"})
    if name is None:
        return Act(f"none of {' '.join(names)} is offered, but {' '.join(turn.tools)}")
    schema = turn.tools[name].schema
    fields = schema.get("properties", {})
    found = {key: value for keys, value in given.items() for key in keys.split() if key in fields}
    for key in schema.get("required", []):
        found.setdefault(key, smallest(fields.get(key, {})))
    return Act(tool=name, arguments=found)


def smallest(schema: dict[str, Any]) -> Any:
    """A small value that satisfies a JSON schema, near enough for a side request."""
    if schema.get("enum"):
        return schema["enum"][0]
    for key in ("anyOf", "oneOf"):
        if schema.get(key):
            return smallest(schema[key][0])
    kind = schema.get("type", "string")
    kind = (kind[0] if isinstance(kind, list) else kind).lower()
    if kind == "object":
        fields = schema.get("properties", {})
        return {key: smallest(fields.get(key, {})) for key in schema.get("required", fields)}
    plain = {"array": [], "boolean": False, "integer": 1, "number": 1, "null": None}
    return plain.get(kind, "x")
