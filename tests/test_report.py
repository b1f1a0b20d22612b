"""What a report says was learned: in each form that agents write it, and nothing else."""

from __future__ import annotations

import re
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jetpack_git.data.database import Database
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
    "learned:\n- in order:\n\n  1. a\n  2. b\n\n- two": ["in order:\n1. a\n2. b", "two"],
}  # fmt: skip
WITH_CODE = {
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
}
FORMS = IN_LINES | IN_LISTS | WITH_CODE | NO_MORE


@pytest.mark.parametrize(("report", "said"), FORMS.items(), ids=map(repr, FORMS))
def test_a_report_is_read_as_markdown_is(report: str, said: list[str]) -> None:
    """Nothing of what was learned is lost, and nothing else is taken for it."""
    assert learned(report) == said


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
