"""A task graph as text, Mermaid, DOT or SVG. Titles are data: they can forge nothing."""

from __future__ import annotations

from collections.abc import Callable
from collections.abc import Iterator
from html import escape

from jetpack_git.cli.terminal import columns
from jetpack_git.cli.terminal import safe
from jetpack_git.models import durations
from jetpack_git.models.task import CLOSED
from jetpack_git.work.graph import Node
from jetpack_git.work.graph import TaskGraph

SHORT = 40
COLOURS = {
    "completed": "#d3f2d3", "cancelled": "#e4e4e4", "failed": "#f6caca", "ready": "#fff3bf",
    "claimed": "#cfe2ff", "in_progress": "#cfe2ff", "blocked": "#f4f4f4",
}  # fmt: skip
WIDTH, HEIGHT, GAP_X, GAP_Y, MARGIN = 260, 44, 60, 16, 20


def text(graph: TaskGraph) -> Iterator[str]:
    """Lines for people: the tasks by depth, the critical path, and cycles."""
    leaves = [one for one in graph.nodes if not one.is_parent]
    rows = [
        (
            f"{one.depth}{'*' if one.critical else ''}", one.id, one.status,
            f"{one.dependents} wait" if one.dependents and one.status not in CLOSED else "",
            f"unblocks {one.unblocks}" if one.unblocks else "", _short(one.title),
        )
        for one in sorted(leaves, key=lambda one: one.depth)
    ]  # fmt: skip
    yield from columns([("depth", "task", "is", "", "", ""), *rows])
    if graph.critical_path:
        length = durations.text(graph.critical_s)
        yield f"* critical path, {length}: {' -> '.join(graph.critical_path)}"
    for knot in graph.cycles:
        yield f"cycle: {' -> '.join([*knot, knot[0]])}"


def mermaid(graph: TaskGraph) -> Iterator[str]:
    """A Mermaid flowchart; parents are subgraphs."""
    yield "flowchart LR"
    names = {one.id: f"t{number}" for number, one in enumerate(graph.nodes)}
    below: dict[str | None, list[Node]] = {}
    for one in graph.nodes:
        parent = one.parent_id if one.parent_id in names else None
        below.setdefault(parent, []).append(one)

    def nested(parent: str | None, indent: str) -> Iterator[str]:
        for one in below.get(parent, []):
            label = f'{names[one.id]}["{_entity(one.id)}: {_entity(_short(one.title))}"]'
            if one.is_parent and one.id in below:
                yield f"{indent}subgraph {label}"
                yield from nested(one.id, indent + "  ")
                yield f"{indent}end"
            else:
                yield f"{indent}{label}:::{one.status}"

    yield from nested(None, "  ")
    for before, after in graph.edges:
        yield f"  {names[before]} --> {names[after]}"
    for status, colour in COLOURS.items():
        yield f"  classDef {status} fill:{colour}"


def dot(graph: TaskGraph) -> Iterator[str]:
    """A graph for Graphviz."""
    yield "digraph tasks {"
    yield "  rankdir=LR; node [shape=box, style=filled, fontname=sans];"
    for one in graph.nodes:
        colour = COLOURS.get(one.status, "white")
        pen = 3 if one.critical else 1
        shape = "folder" if one.is_parent else "box"
        label = f"{_quoted(one.id)}\\n{_quoted(_short(one.title))}"
        yield (
            f'  "{_quoted(one.id)}" [label="{label}", fillcolor="{colour}", penwidth={pen}, '
            f"shape={shape}];"
        )
    for before, after in graph.edges:
        yield f'  "{_quoted(before)}" -> "{_quoted(after)}";'
    yield "}"


def svg(graph: TaskGraph) -> Iterator[str]:
    """A picture: a column for each depth, a box for each task that has no children."""
    leaves = [one for one in graph.nodes if not one.is_parent]
    place: dict[str, tuple[int, int]] = {}
    used: dict[int, int] = {}
    for one in leaves:
        row = used.get(one.depth, 0)
        used[one.depth] = row + 1
        x = MARGIN + one.depth * (WIDTH + GAP_X)
        place[one.id] = x, MARGIN + row * (HEIGHT + GAP_Y)
    width = 2 * MARGIN + max((x for x, _ in place.values()), default=0) + WIDTH
    height = 2 * MARGIN + max((y for _, y in place.values()), default=0) + HEIGHT
    yield (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{height}" '
        f'font-family="sans-serif" font-size="12">'
    )
    for before, after in graph.edges:
        if before in place and after in place:
            (x1, y1), (x2, y2) = place[before], place[after]
            yield (
                f'<line x1="{x1 + WIDTH}" y1="{y1 + HEIGHT // 2}" x2="{x2}" '
                f'y2="{y2 + HEIGHT // 2}" stroke="#888"/>'
            )
    for one in leaves:
        x, y = place[one.id]
        yield (
            f'<rect x="{x}" y="{y}" width="{WIDTH}" height="{HEIGHT}" rx="4" '
            f'fill="{COLOURS.get(one.status, "white")}" stroke="#333" '
            f'stroke-width="{3 if one.critical else 1}"/>'
        )
        yield f'<text x="{x + 8}" y="{y + 18}" fill="#666">{_xml(f"{one.id} {one.status}")}</text>'
        yield f'<text x="{x + 8}" y="{y + 35}">{_xml(_short(one.title))}</text>'
    yield "</svg>"


FORMATS: dict[str, Callable[[TaskGraph], Iterator[str]]] = {
    "text": text, "mermaid": mermaid, "dot": dot, "svg": svg,
}  # fmt: skip


def _short(title: str) -> str:
    title = safe(" ".join(title.split()))
    return title if len(title) <= SHORT else title[: SHORT - 1] + "…"


def _entity(title: str) -> str:
    """The text inside a Mermaid label: whatever could end it is an entity."""
    return "".join(one if one.isalnum() or one in " .,-_…" else f"#{ord(one)};" for one in title)


def _quoted(title: str) -> str:
    """The text inside a quoted string of DOT."""
    return title.replace("\\", "\\\\").replace('"', '\\"')


def _xml(title: str) -> str:
    return escape(title)
