"""Members of a JSON file that somebody else wrote: put in and taken out where they stand.

Whatever is not ours stays byte for byte: nothing is formatted anew. What we put into an empty
container stands right behind its bracket; in a container that we made there is white space
between. So one that we made is known when it becomes empty, and goes as well.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from collections.abc import Sequence
from dataclasses import dataclass
from dataclasses import field
from json.decoder import scanstring  # type: ignore[attr-defined]

SPACE = re.compile(r"[ \t\r\n]*")
SCALAR = re.compile(r"[^\s,\]}]+")
Ours = Callable[[object], bool]


class Unusable(Exception):
    """The file is none that we may edit; the text says why."""


@dataclass
class Node:
    """A value in the text, from `start` to `end`; `children` of a container, with their keys.

    A child begins where its key does.
    """

    start: int
    end: int = 0
    kind: str = "scalar"  # or { or [
    children: list[Child] = field(default_factory=list)


@dataclass
class Child:
    """A member of an object, or an item of a list, which has no key."""

    key: str | None
    start: int
    node: Node

    @property
    def end(self) -> int:
        """Where it ends."""
        return self.node.end


def scan(text: str) -> Node:
    """The object that the text is. Raises Unusable."""
    try:
        found = json.loads(text, object_pairs_hook=_pairs)
    except (ValueError, RecursionError) as error:
        raise Unusable(f"it is no plain JSON: {error}") from error
    if not isinstance(found, dict):
        raise Unusable("it is no JSON object")
    return _value(text, _skip(text, 0))


def _pairs(pairs: list[tuple[str, object]]) -> dict[str, object]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError("a key stands in it twice")
    return found


def _skip(text: str, at: int) -> int:
    found = SPACE.match(text, at)
    assert found is not None
    return found.end()


def _value(text: str, at: int) -> Node:
    if text[at] == '"':
        return Node(at, scanstring(text, at + 1)[1])
    if text[at] not in "{[":
        found = SCALAR.match(text, at)
        assert found is not None
        return Node(at, found.end())
    node = Node(at, kind=text[at])
    at = _skip(text, at + 1)
    while text[at] not in "}]":
        start, key = at, None
        if node.kind == "{":
            key, at = scanstring(text, at + 1)
            at = _skip(text, _skip(text, at) + 1)
        child = _value(text, at)
        node.children.append(Child(key, start, child))
        at = _skip(text, child.end)
        if text[at] == ",":
            at = _skip(text, at + 1)
    node.end = at + 1
    return node


def find(root: Node, where: Sequence[str | int]) -> Node | None:
    """The value at those keys, and numbers of items, if there is one."""
    node: Node | None = root
    for key in where:
        if node is None:
            return None
        pairs = enumerate(node.children)
        node = next((one.node for i, one in pairs if key in (i, one.key)), None)
    return node


def put(text: str, where: Sequence[str], value: object, *, item: bool) -> str:
    """The text with the value at those keys, or as the last `item` of the list there.

    What is missing of the containers on the way is made. Raises Unusable.
    """
    node = scan(text)
    unit = _unit(text, node)
    keys = list(where)
    containers = keys if item else keys[:-1]
    while containers:
        child = find(node, containers[:1])
        if child is None:
            break
        node, containers, keys = child, containers[1:], keys[1:]
        if node.kind != ("[" if item and not containers else "{"):
            raise Unusable(f"{'.'.join(where)} is something else there")
    return _add(text, node, keys, value, item=item, unit=unit)


def _add(
    text: str, node: Node, keys: list[str], value: object, *, item: bool, unit: str
) -> str:  # fmt: skip
    if not node.children:
        at = node.start + 1
        return text[:at] + _nested(keys, value, None, unit, item=item) + text[at:]
    last = node.children[-1]
    before = node.children[-2].end if len(node.children) > 1 else node.start
    gap = text[before : last.start].partition("," if len(node.children) > 1 else text[before])[2]
    _, newline, indent = gap.rpartition("\n")
    new = _nested(keys, value, indent if newline else None, unit, item=item)
    return f"{text[: last.end]},{gap}{new}{text[last.end :]}"


def _nested(
    keys: list[str], value: object, indent: str | None, unit: str, *, item: bool
) -> str:  # fmt: skip
    """The value in the containers that are made for it; on one line without `indent`."""
    if not keys:
        if indent is None:
            return json.dumps(value)
        return json.dumps(value, indent=unit).replace("\n", f"\n{indent}")
    name = json.dumps(keys[0])
    if len(keys) == 1 and not item:
        return f"{name}: {_nested([], value, indent, unit, item=item)}"
    deeper = None if indent is None else indent + unit
    inner = _nested(keys[1:], value, deeper, unit, item=item)
    opening, closing = "[]" if len(keys) == 1 else "{}"
    if indent is None:
        return f"{name}: {opening} {inner} {closing}"
    return f"{name}: {opening}\n{deeper}{inner}\n{indent}{closing}"


def _unit(text: str, root: Node) -> str:
    """What the file indents by."""
    gap = text[root.start + 1 : root.children[0].start] if root.children else ""
    return gap.rpartition("\n")[2] or "  "


def take(text: str, where: Sequence[str | int], ours: Ours, *, item: bool) -> str | None:
    """The text without what is `ours` there; None where nothing is left of what we made."""
    found: str | None = text
    while found is not None:
        root = scan(found)
        path = _path(root, where if item else where[:-1])
        if path is None:
            return found
        node = path[-1]
        place = next(
            (
                number
                for number, one in enumerate(node.children)
                if (item or one.key == where[-1])
                and ours(json.loads(found[one.node.start : one.node.end]))
            ),
            None,
        )
        if place is None:
            return found
        found = _cut(found, path, place)
    return found


def _path(root: Node, where: Sequence[str | int]) -> list[Node] | None:
    nodes = [find(root, where[:depth]) for depth in range(len(where) + 1)]
    found = [one for one in nodes if one is not None]
    return found if len(found) == len(nodes) else None


def _cut(text: str, path: list[Node], place: int) -> str | None:
    """The text without that child of the last of the nested containers."""
    node = path[-1]
    child = node.children[place]
    if place > 0:
        return text[: node.children[place - 1].end] + text[child.end :]
    if len(node.children) > 1:
        return text[: child.start] + text[node.children[1].start :]
    if text[node.start + 1] in " \t\r\n":  # it was made for the child
        if len(path) == 1:
            return None
        number = next(i for i, one in enumerate(path[-2].children) if one.node is node)
        return _cut(text, path[:-1], number)
    return text[: child.start] + text[child.end :]


def fresh(members: Sequence[tuple[Sequence[str], object, bool]]) -> str:
    """The text of a file that holds nothing but these members."""
    text = "{}"
    for where, value, item in members:
        text = put(text, where, value, item=item)
    return json.dumps(json.loads(text), indent=2) + "\n"
