"""Plans in Markdown: what becomes an item, what stays text, and what is refused."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jetpack_git.errors import BadInput
from jetpack_git.models.plan_document import PlanItem
from jetpack_git.work.plan_files import MAX_BYTES
from jetpack_git.work.plan_files import parse
from jetpack_git.work.plan_items import MAX_TITLE_BYTES

EXAMPLE = """\
---
author: somebody
# not: a heading
---
The preface is nobody's description.

# Launch [id: launch]

Why we do this.

| a | b |
|---|---|

## Parser [skills: SQL, python, sql] [priority: high]
- [x] Read the titles [id: titles] [files: src/a.py, tests/**, src/a.py]
- [ ] Read the lists [depends: titles] [estimate: 1h30m]
  With their *text*.

  ```sh
  - not an item
  # not a heading
  ```
- Route pages [FILES: app/[id]/page.tsx, "a,b.txt", src/{a,b}.py]
### Deeper
1. First [depends: Launch the site, read  THE lists]
# Launch the site ##
"""


def read(text: str | bytes) -> tuple[PlanItem, ...]:
    data = text.encode() if isinstance(text, str) else text
    return parse(data, source="plan.md", title="Plan").items


def refusal(text: str | bytes) -> tuple[str, str]:
    with pytest.raises(BadInput) as caught:
        read(text)
    return caught.value.message, caught.value.hint


def tree(text: str) -> list[tuple[str, str | None, int]]:
    return [(item.key, item.parent, item.position) for item in read(text)]


def test_a_whole_plan() -> None:
    """Headings and lists nest, attributes leave the titles, text is kept as it is."""
    text = "With their *text*.\n\n```sh\n- not an item\n# not a heading\n```"
    why = "Why we do this.\n\n| a | b |\n|---|---|"
    top = "launch/parser"
    lists, route, deeper = (f"{top}/{slug}" for slug in ("read-the-lists", "route-pages", "deeper"))
    site, first = "launch-the-site", f"{deeper}/first"
    files = ("app/[id]/page.tsx", "a,b.txt", "src/{a,b}.py")
    items = (
        PlanItem("launch", None, "Launch", 7, 0, why),
        PlanItem(top, "launch", "Parser", 14, 0, skills=("python", "sql"), priority=1),
        PlanItem(
            "titles", top, "Read the titles", 15, 0, done=True, files=("src/a.py", "tests/**")
        ),
        PlanItem(lists, top, "Read the lists", 16, 1, text, depends=("titles",), estimate_s=5400),
        PlanItem(route, top, "Route pages", 23, 2, files=files),
        PlanItem(deeper, top, "Deeper", 24, 3),
        PlanItem(first, deeper, "First", 25, 0, depends=(site, lists)),
        PlanItem(site, None, "Launch the site", 26, 1),
    )
    found = parse(EXAMPLE.encode(), source="p", title="Plan")
    assert (found.items, [one[:3] for one in found.warnings]) == (items, ["p:2", "p:5"])


def test_line_ends_and_the_byte_order_mark_do_not_matter() -> None:
    """A file from another system is the same plan."""
    for end in ("\r\n", "\r"):
        assert read(b"\xef\xbb\xbf" + EXAMPLE.replace("\n", end).encode()) == read(EXAMPLE)


def test_front_matter_that_never_ends_is_text() -> None:
    """A rule in the first line hides nothing."""
    assert tree("---\n- a\n") == [("a", None, 0)]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("- a\n\t- b\n\t\t- c\n    - d", [("a", ""), ("b", "a"), ("c", "b"), ("d", "a")]),
        ("- a\n  \t- b\n\t* c\n+ d", [("a", ""), ("b", "a"), ("c", "a"), ("d", "")]),
        ("1. a\n   - b\n2) c\n  - d", [("a", ""), ("b", "a"), ("c", ""), ("d", "c")]),
        ("-\ta\n - b\n  - c", [("a", ""), ("b", ""), ("c", "")]),
        ("### a\n# b\n### c\n## d", [("a", ""), ("b", ""), ("c", "b"), ("d", "b")]),
        ("- a\n# b\n  - c", [("a", ""), ("b", ""), ("c", "b")]),
        ("# a\n* * *\n- - -\n---\n####### b\n#c\n*d* e", [("a", "")]),
    ],
)
def test_nesting(text: str, expected: list[tuple[str, str]]) -> None:
    """A line two columns to the right of a marker is inside it; a tab ends at a fourth column."""
    titles = {item.key: item.title for item in read(text)}
    assert [(item.title, titles.get(item.parent or "", "")) for item in read(text)] == expected


def test_a_thousand_levels() -> None:
    """Depth costs no recursion."""
    items = read("".join("  " * level + "- a\n" for level in range(1000)))
    assert [item.key for item in items] == ["/".join("a" * level) for level in range(1, 1001)]


@pytest.mark.parametrize(
    ("text", "descriptions"),
    [
        ("- a\n  b\n\n\n  c\n\n\n- d", ["b\n\n\nc", ""]),
        ("- a\n  - b\n    c\n\n  d\n  - e", ["d", "c", ""]),
        ("- a\n  x\n  - b\n\n  d", ["x\n\nd", ""]),
        ("# a\n- b\n\nc\n> - d", ["", "c\n> - d"]),
        ("- a\n\n      code\n\ttabs", ["    code\n  tabs"]),
        ("- a\n  ~~~~\n  ```\n  ~~~\n  - x\n\n  ~~~~~\n- b", ["~~~~\n```\n~~~\n- x\n\n~~~~~", ""]),
        ("- a\n<!-- x -->\n<!--\n# no\n- no\n-->\n- b", ["<!-- x -->\n<!--\n# no\n- no\n-->", ""]),
        ("- a\n  # no\n  1986 was. Good\n  ``` a ` b", ["# no\n1986 was. Good\n``` a ` b"]),
        ("```\n- no\n```\n- a", [""]),
    ],
)
def test_descriptions(text: str, descriptions: list[str]) -> None:
    """Text belongs to the item it is indented for, else to the one above, without the indent."""
    assert [item.description for item in read(text)] == descriptions


@pytest.mark.parametrize(
    ("title", "kept"),
    [
        ("See [depends: x](http://a/[id: y]) now", None),
        ("See [the [id: x] page](http://a)", None),
        ("Write `[depends: x]` and ``[id: `y]``", None),
        (r"Write \[depends: x]", "Write [depends: x]"),
        ("Ask [owner: x], [1], [fixes: #12] [id]", None),
        ("A [x] b ` [skills: a] c", "A [x] b ` c"),
        ("[skills: a] Go[skills: b], go [skills: c] on", "Go, go on"),
        ("x [skills: a](b", "x (b"),
    ],
)
def test_what_stays_in_a_title(title: str, kept: str | None) -> None:
    """Links, code, escapes and other brackets are prose; an attribute takes its blank along."""
    assert [item.title for item in read(f"- {title}")] == [kept or title]


def test_priorities() -> None:
    """Words and numbers mean the same."""
    known = {"0": 0, "P4": 4, "p0": 0, "Urgent": 0, "critical": 0, "high": 1, "medium": 2}
    known |= {"normal": 2, "low": 3, "backlog": 4, "lowest": 4}
    items = read("".join(f"- {text} [priority: {text}]\n" for text in known))
    assert {item.title: item.priority for item in items} == known


def test_estimates() -> None:
    """A day is eight hours."""
    known = {"30m": 1800, "2h": 7200, "1h30m": 5400, "1h 30m": 5400, "1.5h": 5400, "90s": 90}
    known |= {"2d": 57600, "1D": 28800}
    items = read("".join(f"- {text} [estimate: {text}]\n" for text in known))
    assert {item.title: item.estimate_s for item in items} == known


def test_keys() -> None:
    """Equal keys get a number, also when an id already has the key; an id roots its children."""
    text = "- Ü b!\n- ü-B\n- ?\n- x\n  - y\n  - y\n- z [id: x]\n  - y\n- ü b 2\n- " + "w" * 70
    expected = [("ü-b", None), ("ü-b-2", None), ("item", None), ("x-2", None), ("x-2/y", "x-2")]
    expected += [("x-2/y-2", "x-2"), ("x", None), ("x/y", "x"), ("ü-b-2-2", None), ("w" * 60, None)]
    assert [(item.key, item.parent) for item in read(text)] == expected


def test_dependencies_are_found_by_key_then_title_then_folded_title() -> None:
    """The more exact name wins; a name in quotes may hold a comma."""
    text = '- Go [id: A]\n- A\n- a, "b"\n- X  y\n- x y\n'
    text += '- last [depends: A, x/q, "a, ""b""", x y, X  Y, A]\n'
    text += '- X\n  - q\n- "r" s [depends: "r"  S]'
    message, hint = refusal(text)
    assert message == (
        "plan.md:6: depends: 'X  Y' is the title of the items in lines 4, 5\n"
        "plan.md:9: '\"r\" s' depends on itself"
    )
    assert hint == "Write the key of the one you mean (x-y, x-y-2), or give it an [id: …]."
    fixed = text.replace(", X  Y", "").replace(' [depends: "r"  S]', "")
    assert read(fixed)[5].depends == ("A", "x/q", "a-b", "x-y-2")


NEAR_MISSES = {
    "depend": "depends",
    "dependson": "depends",
    "Depends on": "depends",
    "Skill": "skills",
    "prio": "priority",
    "priorty": "priority",
    "file": "files",
    "flies": "files",
    "estimation": "estimate",
}


@pytest.mark.parametrize(("name", "meant"), NEAR_MISSES.items())
def test_a_near_miss_of_an_attribute_is_refused(name: str, meant: str) -> None:
    """The hint has the right name."""
    message = f"plan.md:2: [{name}: …] is not an attribute"
    assert refusal(f"# a\n- b [{name}: x]") == (message, f"Write [{meant}: …] instead.")


NO_ITEM = "Write the id or the title of another item of the plan."
TITLE = "Write a title before the attributes, such as: - Write the parser [id: parser]"
PRIORITY = "Write 0 (most urgent) to 4, or critical, high, medium, low or backlog."
EMPTY = "Write for example [depends: parser, Write the tests], or remove it."
TIME = "Write for example 90s, 30m, 1.5h, 1h30m or 2d (a day is 8 hours)."
CLOSE = "Close it with ], and put a pattern that holds a single bracket in double quotes."
QUOTES = 'Put all of a pattern between double quotes, such as [files: "a,b.txt"].'
INSIDE = "Remove it from [depends: …]: a parent is done when all inside it are."
CYCLE = "Remove one of these dependencies from its [depends: …]."
ID = "Write up to 65,536 bytes of text in one line."
ITEM = "Write a task in a line of its own, such as: - Write the parser"
SPLIT = "Split the plan into several files."
OTHER_ID = "Give one of them another id."
KEY = "Write the key of the one you mean (a, a-2), or give it an [id: …]."
DETAILS = "Put the details in the description."
FENCE = "Close it with a line ```"
TWO = "A (line 2) -> B (line 3) -> A (line 2)"
GROUPS = "P (line 1) -> Q (line 4) -> q1 (line 5) -> p1 (line 2) -> P (line 1)"
NEAREST = "Did you mean 'its'?"

REFUSALS: list[tuple[str | bytes, str, str]] = [
    ("", "1: the plan has no items", ITEM),
    ("only\nprose", "1: the plan has no items", ITEM),
    ("- a\n- ", "2: the item has no title", TITLE),
    ("# ##\n", "1: the item has no title", TITLE),
    ("- [ ] [skills: x]", "1: the item has no title", TITLE),
    ("- ```\n  - x\n  ```\n", "1: the item has no title", TITLE),
    ("- a\n```\n- b", "2: the code block that starts here is never closed", FENCE),
    ("- a\n<!-- b", "2: the comment that starts here is never closed", "Close it with a line -->"),
    ("- a [files: app/[id]", "1: the attribute [files: …] is not closed", CLOSE),
    ('- a [files: "b]', "1: the double quotes in [files: …] do not match", QUOTES),
    ("- a [depends: , ]", "1: the attribute [depends: ] is empty", EMPTY),
    ("- a [id: b] [id: c]", "1: the attribute [id: …] is given 2 times", "Keep one of them."),
    ("- a [priority: P5]", "1: the priority 'P5' is not known", PRIORITY),
    ("- a [estimate: -3h]", "1: the estimate '-3h' is not a time above zero", TIME),
    ("- a [estimate: 0m]", "1: the estimate '0m' is not a time above zero", TIME),
    ("- a [estimate: soon]", "1: the estimate 'soon' is not a time above zero", TIME),
    ("- a [id: b\u2028c]", "1: 'b\\u2028c' cannot be an id", ID),
    (f"- a [id: {'b' * 65_537}]", f"1: {'b' * 59 + '…'!r} cannot be an id", ID),
    ("- a [id: x]\n- b [id: x]", "2: the id x is given in lines 1 and 2", OTHER_ID),
    ("- a [depends: q]", "1: depends: 'q' is no item of the plan and no task", NO_ITEM),
    ("- its\n- b [depends: it]", "2: depends: 'it' is no item of the plan and no task", NEAREST),
    ("- a\n- a\n- b [depends: A]", "3: depends: 'A' is the title of the items in lines 1, 2", KEY),
    ("- a [depends: a]", "1: 'a' depends on itself", INSIDE),
    ("- a\n  - c [depends: a]", "2: 'c' depends on 'a' (line 1), which contains it", INSIDE),
    ("- a [depends: c]\n  - c", "1: 'a' depends on 'c' (line 2), which it contains", INSIDE),
    ("- C [depends: A]\n- A [depends: B]\n- B [depends: A]", f"2: a cycle: {TWO}", CYCLE),
    ("# P [depends: Q]\n- p1\n- p2\n# Q\n- q1 [depends: p1]", f"1: a cycle: {GROUPS}", CYCLE),
    (b"- a\r\n- b\0", "2: byte 8 is a NUL byte", "Save the plan as UTF-8 text."),
    (b"- a\n\n- \xff", "3: byte 7 is not UTF-8", "Save the plan as UTF-8 text."),
    (b"\0" * 10_000_000, "1: the plan has more than 5,000,000 bytes", SPLIT),
    ("- " + "ü" * 40_000, "1: the title has 80,000 bytes, more than 65,536", DETAILS),
]


@pytest.mark.parametrize(("text", "message", "hint"), REFUSALS, ids=range(len(REFUSALS)))
def test_refusals(text: str | bytes, message: str, hint: str) -> None:
    """Each says where it is, what is wrong, and what to write instead."""
    assert refusal(text) == (f"plan.md:{message}", hint)


def test_all_problems_are_told_at_once_in_the_order_of_the_lines() -> None:
    """Of more than twenty, the first twenty; the hint is for the first."""
    assert refusal("- a [depends: zz]\n- \n- b [id: \u2028b\u2028c]") == (
        "plan.md:1: depends: 'zz' is no item of the plan and no task\n"
        "plan.md:2: the item has no title\n"
        "plan.md:3: 'b\\u2028c' cannot be an id",
        NO_ITEM,
    )
    assert refusal("- \n" * 30)[0].splitlines() == [
        f"plan.md:{line}: the item has no title" for line in range(1, 21)
    ]


def test_a_sibling_may_wait_for_part_of_another_group() -> None:
    """Groups that wait for parts of each other are no cycle unless a leaf waits for itself."""
    items = read("# P\n- p1 [depends: q2]\n- p2\n# Q\n- q1 [depends: p2]\n- q2 [depends: q1]")
    depends = {item.key: item.depends for item in items if item.depends}
    assert depends == {"p/p1": ("q/q2",), "q/q1": ("p/p2",), "q/q2": ("q/q1",)}


def test_a_long_cycle() -> None:
    """Twenty thousand items deep is no deeper than two; a long path is cut in its middle."""
    lines = (f"- t{at} [depends: t{(at + 1) % 20_000}]\n" for at in range(20_000))
    message, hint = refusal("".join(lines))
    shown = [f"t{at} (line {at + 1})" for at in (*range(10), *range(19_991, 20_000), 0)]
    shown.insert(10, "… 19,981 more …")
    assert (message, hint) == (f"plan.md:1: a cycle: {' -> '.join(shown)}", CYCLE)


def test_limits_are_inclusive() -> None:
    """A plan and a title of exactly the most bytes are read."""
    assert len(read(b"- a\n" + b"x" * (MAX_BYTES - 4))) == 1
    assert len(read("- " + "a" * MAX_TITLE_BYTES)) == 1


def attempt(text: str | bytes) -> tuple[PlanItem, ...]:
    """The items, or none if the plan is refused."""
    with suppress(BadInput):
        return read(text)
    return ()


GROUP = "# G\nprose\n" + "- [ ] Task [skills: a] [files: src/[id].py]\n  text, `code`\n" * 10
HOSTILE = ["[", "[depends:", "[a](", "` `` ", '[files: """x, ', "- ", "\t", "# ", "<!--", "* * "]


@pytest.mark.parametrize("text", [GROUP * 4000, *("- x " + piece * 300_000 for piece in HOSTILE)])
def test_time_is_linear(text: str) -> None:
    """Three megabytes take seconds at most, whatever they hold."""
    started = time.process_time()
    attempt(text[:3_000_000])
    assert time.process_time() - started < 15


@given(st.one_of(st.binary(), st.text().map(str.encode)))
def test_bytes_are_read_or_refused(data: bytes) -> None:
    """Nothing but BadInput is raised."""
    attempt(data)


PIECES = ["- ", "# ", "\n", "\n  ", "\t", "[depends: ", "[id: ", "[files: ", "]", "(", ")", '"']
PIECES += ["a", "B", ",", "{", "\\", "```", "~~~\n", "<!--", "-->", "---\n", "1. ", "[x] ", "`"]


@given(st.lists(st.sampled_from([*PIECES, "\x0b", "\u2028"]), max_size=60).map("".join))
def test_markdown_is_read_or_refused(text: str) -> None:
    """Nothing but BadInput is raised, and the tree that is read is whole."""
    items = attempt(text)
    keys = [item.key for item in items]
    assert len(set(keys)) == len(keys)
    assert all(item.parent is None or item.parent in keys[:at] for at, item in enumerate(items))
    assert {key for item in items for key in item.depends} <= set(keys)


@dataclass(frozen=True)
class Node:
    title: str
    done: bool
    skills: frozenset[str]
    files: tuple[str, ...]
    text: str
    children: tuple[Node, ...] = ()


WORDS = st.text("abcdé ü,.#`!", min_size=1).map(lambda text: f"t{' '.join(text.split())}")
FILES = st.lists(st.text('ab/[]{},"* ', min_size=1).map(lambda name: f"f{name}f"), unique=True)
SKILLS = st.frozensets(st.sampled_from("abc"))
LEAVES = st.builds(Node, WORDS, st.booleans(), SKILLS, FILES.map(tuple), WORDS)
TREES = st.recursive(
    LEAVES,
    lambda inner: st.builds(replace, LEAVES, children=st.tuples(inner, inner)),
    max_leaves=12,
)


def written(node: Node, depth: int = 0) -> Iterator[str]:
    quoted = ", ".join('"' + name.replace('"', '""') + '"' for name in node.files)
    attributes = f" [files: {quoted}]" if quoted else ""
    attributes += f" [skills: {', '.join(node.skills)}]" if node.skills else ""
    indent = "  " * depth
    yield f"{indent}- [{'x' if node.done else ' '}]{attributes} {node.title}\n"
    yield f"{indent}  {node.text}\n"
    for child in node.children:
        yield from written(child, depth + 1)


@given(TREES)
def test_a_written_tree_is_read_back(root: Node) -> None:
    """Titles, values, text and structure are those that were written."""
    items = read("".join(written(root)))

    def node(item: PlanItem) -> Node:
        inside = [child for child in items if child.parent == item.key]
        assert [child.position for child in inside] == list(range(len(inside)))
        children = tuple(node(child) for child in inside)
        skills = frozenset(item.skills)
        return Node(item.title, item.done, skills, item.files, item.description, children)

    assert node(items[0]) == root
