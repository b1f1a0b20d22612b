"""What a report says was learned: in each form that agents write it, and nothing else."""

from __future__ import annotations

import re
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jetpack_git.data.database import Database
from jetpack_git.swarm.learning import summary
from jetpack_git.work.learnings import store
from jetpack_git.work.memories import Memories
from jetpack_git.work.report import LONGEST
from jetpack_git.work.report import learned

IN_LINES = {
    "Fixed it.\nlearned: one\nDone.": ["one"],
    "1. learned: one\n 2) Learned: two": ["one", "two"],
    "- [x] learned: one": ["one"],
    "learned: one\nlearned: two\n\tlearned: three": ["one", "two", "three"],
    "learned: one\n  and more\nDone.\n\n  code": ["one and more"],
    "1. learned: one\n  goes on\n2. other": ["one goes on"],
    "**learned: one**\n\n**Next:** more": ["one"],
    "_learned_: one\n**Learned:** two": ["one", "two"],
    "## Learned: one ##\ntext": ["one"],
    "learned: use this\n```sh\nmake x\n```\nDone.": ["use this\n```sh\nmake x\n```"],
    "learned: to release:\n1. tag\n2. push\n\nDone": ["to release:\n1. tag\n2. push"],
    "- learned: two:\n  - a\n  - b\n- c": ["two:\n- a\n- b"],
    "<details>\nlearned: one\n- y\n</details>": ["one"],
    "learned: one\n\nmore": ["one"],
    "learned: one\n  - of it\n  - too\nDone": ["one\n- of it\n- too"],
    "learned: one\n\n  ```sh\n  make\n  ```\n\nDone": ["one\n```sh\nmake\n```"],
    "_learned: use snake_case here_": ["use snake_case here"],
    "**learned: pass **kwargs on**": ["pass **kwargs on"],
    "**Learned: one** of it": ["one of it"],
    "\ufefflearned: one": ["one"],
    "`learned: one`\n`learned:` two\n- `learned: three`": ["one", "two", "three"],
    '"learned: one"\n\u201clearned: two\u201d': ["one", "two"],
    "\U0001f4a1 learned: one\n\u25cf learned: two\n**\U0001f4a1 Learned:** three": [
        "one",
        "two",
        "three",
    ],
    "learned: it is never\nafter a timeout (a.py:8).\nDone.": [
        "it is never after a timeout (a.py:8)."
    ],
    "learned: it fails:\n\n    if x:\n        y\n\nDone": ["it fails:\nif x:\n    y"],
}
WITH_DETAILS = {
    "learned: one.\nCause: a.\nPlace: b.py:12.\n\nDone.": ["one. Cause: a. Place: b.py:12."],
    "**learned:** one\n**Cause:** a\n**Place:** b\n**Changed:** c": [
        "one **Cause:** a **Place:** b"
    ],
    "learned: one\n\nCause: a\n\nPlace: b\n\nDone": ["one\nCause: a\nPlace: b"],
    "- learned: one\n- cause: a\n- place: b\n- changed: c": ["one\ncause: a\nplace: b"],
    "learned: one\n- Cause: a\n- Place: b\n\nDone": ["one\n- Cause: a\n- Place: b"],
    "learned:\n- Fact: one\n- Cause: a\n- Fact: two": ["Fact: one\nCause: a", "Fact: two"],
    "learned:\n**Fact:** one\n**Cause:** a\n**Next:** b": ["**Fact:** one **Cause:** a"],
}
IN_LISTS = {
    "## Learned:\n\n- one\n* **two**\n3. three\n\n- four\n\nDone.\n- five":
        ["one", "**two**", "three", "four"],
    "Learned:\n=====\n- one": ["one"],
    "# Report\n## Done\n- x\n## Learned:\n- one\n## Next\n- c": ["one"],
    "**Learned:**\na line\n- other\nchanged: x\n- more": ["a line", "other"],
    "learned:\n\nThe port is 8080.\n\nMore.": ["The port is 8080."],
    "learned:\n- one\n  goes on\nand on\n- two": ["one goes on and on", "two"],
    "learned:\r\n- one\r\n- two\r\n\r\nok\r\n": ["one", "two"],
    "learned:\n- a\x0cb\u2028c\x85d\n- two": ["a b c d", "two"],
    "learned:\n- one\n\n  its end\n\n- two": ["one\nits end", "two"],
    "learned:\n- Ports\n  default: 8080\n- two": ["Ports default: 8080", "two"],
    "learned:\n    - one\n    - two": ["one", "two"],
    "learned:\n\n    - one\n    - two": ["one", "two"],
    "learned:\n-\n  one\n-\n  two": ["one", "two"],
    "learned:\n- one\n- \n- two": ["one", "two"],
    "learned:\n+ [ ] one\n+ [x] two": ["one", "two"],
    "learned:\n2. one\n3. two": ["one", "two"],
    "learned:\n• one\n\u2013 two\na) three\n(b) four": ["one", "two", "three", "four"],
    "learned:\n• one\n  \u2013 of it\n• two\n\n• three\n\nDone":
        ["one\n\u2013 of it", "two", "three"],
    "learned:\ni. one\nii. two\niii. three": ["one", "two", "three"],
    "- learned:\n  - one\n    - of it\n    - too\n  - two": ["one\n- of it\n- too", "two"],
    "learned:\n- one\n- learned: two\n- three\nlearned: four\n- no":
        ["one", "two", "three", "four"],
    "learned:\n- learned:\n  - one\n- two": ["one", "two"],
    "> learned:\n> - one\n>   goes on\n>\n> - two\n# End\n- no": ["one goes on", "two"],
    "learned:\n- > quoted\n- two": ["> quoted", "two"],
    "learned:\n> one\n> two\n\nDone": ["> one\n> two"],
    "learned:\n- one, see\n#12 there\n- # two": ["one, see #12 there", "# two"],
    "learned:\n- one:\n  | a | b |\n  |---|---|\n- two": ["one:\n| a | b |\n|---|---|", "two"],
    "4. **Learned:**\n- one\n- two\n\n5. **Next:**\n- no": ["one", "two"],
    "- **Changed:** x\n- **Learned:**\n- one\n- two\n- **Next:** c": ["one", "two"],
    "• Learned:\n  • one\n  • two\n• Next: x": ["one", "two"],
    "learned:\nWhile fixing this I found:\n- one\n- two": ["one", "two"],
    "**Learned:**\n\nRoot cause: the cache never ends.": ["Root cause: the cache never ends."],
    "**Learned:**\n\n**The cache never ends.**\n\nDone": ["**The cache never ends.**"],
    "learned:\n\n**Build**\n- one\n- two\n\nDone": ["one", "two"],
    "learned:\n- in order:\n\n  1. a\n  2. b\n\n- two": ["in order:\n1. a\n2. b", "two"],
}  # fmt: skip
BELOW_HEADINGS = {
    "## Learned\n- one\n- two": ["one", "two"],
    "**Learned**\n- one": ["one"],
    "## \U0001f4a1 Learned:\n- one": ["one"],
    "## Learned:\n\nKey insights:\n- one\n- two": ["one", "two"],
    "## Learned:\n\nFirst fact.\n\nSecond fact.\n\n## Next\nx": ["First fact.", "Second fact."],
    "## Learned:\n- one\n\nLet me know if more is needed.": ["one"],
    "### learned:\n\n#### Build\n- one\n\n#### Tests\n- two\n\n### Next\n- no": ["one", "two"],
    "## Learned:\n\n**1. Cache**\nIt is x.\n\n**2. Port**\nIt is y.\n\n## Done":
        ["**1. Cache** It is x.", "**2. Port** It is y."],
    "## Learned:\n\n### Cache\nIt is x.\n\n### Port\nIt is y.\n\n# Done\nz":
        ["Cache:\nIt is x.", "Port:\nIt is y."],
}  # fmt: skip
WITH_CODE = {
    "learned:\n\n1. one\n\n```sh\nmake\n```\n\n2. two\n\nDone": ["one\n```sh\nmake\n```", "two"],
    "learned:\n\n1. run:\n\n```\nx\n```\n\nThat is all.\n\n2. two\n\nDone":
        ["run:\n```\nx\n```\nThat is all.", "two"],
    "Fix:\n    ```yaml\n    learned: no\n    x: y\n    ```\nlearned: yes": ["yes"],
    "* Fix:\n      ```yaml\n      learned: no\n      ```\n* learned: yes": ["yes"],
    "learned:\n- run\n  ```\n  a\n  b\n  ```": ["run\n```\na\nb\n```"],
    "learned:\n- one\n  ```py\n  if x:\n      y()\n  ```\n- two":
        ["one\n```py\nif x:\n    y()\n```", "two"],
    "learned:\n- one\n```py\nif x:\n    y()\nKey: v\n```\n- two":
        ["one\n```py\nif x:\n    y()\nKey: v\n```", "two"],
    "learned:\n- all:\n  ```\n  all:\n  \techo\n  ```": ["all:\n```\nall:\n\techo\n```"],
    "learned:\n- run:\n  ```\n  learned: no\n  # no\n  ```\n- two":
        ["run:\n```\nlearned: no\n# no\n```", "two"],
    "learned:\n- run:\n\n```\nmake\n```\n- two": ["run:\n```\nmake\n```", "two"],
    "learned:\n```\nmake\n```\n- two": ["```\nmake\n```", "two"],
    "learned:\n- one\n\n```\nthe log\n```\n": ["one"],
    "```\nlearned: no\n```\n~~~\nlearned:\n- no\n~~~": [],
    "<!--\nlearned: no\n-->\nlearned: one": ["one"],
}  # fmt: skip
NO_MORE = {
    "- learned:\n  - one\n  - two\n- other: c\n- tests pass": ["one", "two"],
    "1. learned:\n   - one\n\n2. other": ["one"],
    "learned:\n- one\n***\nfoo": ["one"],
    "learned:\n- one\n---\n- b": ["one"],
    "learned:\n- one\n\n> quote": ["one"],
    "learned:\n- one\n> quote": ["one"],
    "> learned:\n> - one\n- outside": ["one"],
    "learned:\n- one\n**Done**\n- tests": ["one"],
    "learned:\n- one\n<details>\nfoo\n</details>": ["one"],
    "learned:\n- one\n| a | b |\n- b": ["one"],
    "learned:\n- one\n\nIn all:\n- c": ["one"],
    "learned:\n- by\nA. Smith\n- two": ["by A. Smith", "two"],
    "learned:\n\nchanged: a.py\n": [],
    "It learned: no\nlearned:\nlearned: None.\nlearned:\n- (nothing)": [],
    "learned: **None**\nlearned: N/A": [],
    "learned: \u2014\nlearned: `none`\nlearned: No new learnings.\nlearned: []": [],
    "- learned:\n- changed: x\n- tests pass": [],
    "learned: None \u2014 it was easy.\nlearned: nothing notable\nlearned: N/A (trivial)": [],
    "learned: No surprises.\nlearned: Nothing that would save time beyond the docs.": [],
    "learned: None is falsy here\nlearned: nothing in src calls foo()": [
        "None is falsy here",
        "nothing in src calls foo()",
    ],
    "- tests pass\n- learned:\n\nDone.": [],
    "learned:\n- one\nFiles changed (3):\n- a.py": ["one"],
    "learned:\n- one\n**Next steps** (optional):\n- a.py": ["one"],
}
FORMS = IN_LINES | WITH_DETAILS | IN_LISTS | BELOW_HEADINGS | WITH_CODE | NO_MORE


@pytest.mark.parametrize(("report", "said"), FORMS.items(), ids=map(repr, FORMS))
def test_a_report_is_read_as_markdown_is(report: str, said: list[str]) -> None:
    """Nothing of what was learned is lost, and nothing else is taken for it."""
    assert learned(report) == said


@pytest.mark.parametrize(
    ("report", "said"),
    [
        ("It is done.\n\nlearned: one\nCause: two", "It is done."),
        ("It is done.\n**Learned:**\n- one", "It is done."),
        ("It is done.\n## Learned\n- one", "It is done."),
        ("learned: one\nIt is done.", "It is done."),
        ("We learned a lot: nothing.", "We learned a lot: nothing."),
        ("learned: one", "learned: one"),
        ("It is\x1b done.", "It is done."),
        ("", None),
    ],
)
def test_what_was_done_is_not_what_was_learned(report: str, said: str | None) -> None:
    """A task's summary is the last line of the report before that."""
    assert summary(report) == said


PARTS = (
    "learned:", "Learned: x", "- ", "1. ", "a) ", "• ", "> ", "```", "\n", "\n\n", "    ", "\t",
    "text", "Key: v", "**B**", "# h", "---", "<div>", "<!--", "|a|", "[x] ", "\r", "\x0c", ":",
)  # fmt: skip


@given(st.lists(st.sampled_from(PARTS) | st.text(max_size=3)).map("".join))
def test_whatever_is_remembered_stands_in_the_report(report: str) -> None:
    """And no report is too odd to be read."""
    there = re.sub(r"\s", "", report).replace("\0", "\ufffd")
    for text in learned(report):
        assert all(word in there for word in text.split())


def test_a_report_lists_each_thing_once(db: Database) -> None:
    """Ten are kept, and how many are not is said; so is what was not read."""
    subjects = "ants bees cats dogs elks fish goats hens ibis jays kites larks".split()  # noqa: SIM905
    report = "\n".join(f"learned: {one} are slow" for one in subjects * 2)
    kept, refused = store(Memories(db), report, task_id="jp-x", agent="ann")
    assert (len(kept), refused) == (10, ["not remembered: 2 more of what was learned"])
    report = f"learned: owls are quick\n{'x ' * LONGEST}\nlearned: pigs are round"
    kept, refused = store(Memories(db), report, task_id="jp-x", agent="ann")
    assert [one.title for one in kept] == ["pigs are round"]
    assert len(refused) == 1
    assert "not read" in refused[0]


@pytest.mark.parametrize(
    "more", ["\n", "  - b\n", "  b\n", "b\n", "> " * 30, "- a\n* b\n", "```\n"]
)
def test_a_long_report_takes_linear_time(more: str) -> None:
    """Whatever it repeats."""
    began = time.process_time()
    learned("learned:\n- a\n" + more * (5_000_000 // len(more)))
    assert time.process_time() - began < 10
