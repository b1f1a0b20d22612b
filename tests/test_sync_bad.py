"""`git jetpack sync` meets files that cannot be used: each is told, and none stops the rest."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from conftest import Repo
from sync_tools import NOTHING
from sync_tools import file
from sync_tools import title

HEAD = "---\nid: jp-bad\ntitle: Bad\n"
BAD = {
    "conflict markers": (
        f"{HEAD}<<<<<<< HEAD\nstatus: pending\n=======\nstatus: failed\n---\n",
        ":4: a conflict marker of git stands here.",
    ),
    "a marker in the description": (f"{HEAD}---\n\na\n>>>>>>> b\n", ":7: a conflict marker"),
    "broken YAML": (f"{HEAD}skills: [a\n---\n", ":5: this is no YAML: "),
    "no front matter": ("title: x\n", ":1: there is no front matter."),
    "no end": (HEAD, ":1: there is no front matter."),
    "an empty file": ("", ":1: there is no front matter."),
    "no mapping": ("---\n- a\n---\n", ":2: a mapping is expected."),
    "two equal keys": (f"{HEAD}title: C\n---\n", ":4: the key 'title' stands there twice."),
    "no title": ("---\nid: jp-bad\n---\n", ":2: title: Field required"),
    "a wrong type": (f"{HEAD}priority: soon\n---\n", ":4: priority: Input should be a valid int"),
    "out of range": (f"{HEAD}priority: 9\n---\n", ":4: priority: Input should be less than or"),
    "a list for a text": (f"{HEAD}summary: [a]\n---\n", ":4: summary: Input should be a valid str"),
    "a text for a list": (f"{HEAD}skills: go\n---\n", ":4: skills: Input should be a valid list"),
    "a wrong duration": (
        f"{HEAD}estimate: soon\n---\n",
        ":4: estimate: must be a duration",
    ),
    "an alias": (f"{HEAD}a: &x 1\nb: *x\n---\n", ":5: an alias, *x, stands here."),
    "keys in braces": ("---\n{id: jp-bad, title: x}\n---\n", ":2: the key 'id' is indented."),
    "deep nesting": (f"{HEAD}a: {'[' * 50_000}\n---\n", ":4: this is nested too deeply."),
    "two documents": (f"{HEAD}...\n---\n", ":4: a second document begins."),
    "NUL": (f"{HEAD}---\n\0\n", ":5: a NUL character stands here."),
    "an escaped NUL": (f'{HEAD}summary: "\\0"\n---\n', ":4: a text here holds a NUL"),
    "another name": ("---\ntitle: x\nid: jp-else\n---\n", ":3: the id 'jp-else' does not fit"),
    "an id that climbs": ("---\nid: ../jp-bad\ntitle: x\n---\n", ":2: '../jp-bad' cannot be an id"),
    "an id with dots": ("---\nid: jp-bad..x\ntitle: x\n---\n", ":2: 'jp-bad..x' cannot be an id"),
}


def test_files_that_cannot_be_used_are_told_with_their_lines(repo: Repo) -> None:
    """Exit 2, file and line, the files as they were, and the others loaded."""
    contents = {}
    for number, name in enumerate(BAD):
        contents[f"jp-bad{number:02}"] = BAD[name][0].replace("jp-bad", f"jp-bad{number:02}")
    for task_id, content in contents.items():
        file(repo, task_id).parent.mkdir(exist_ok=True)
        file(repo, task_id).write_bytes(content.encode())
    repo.write(".tasks/jp-good.md", "---\nid: jp-good\ntitle: Good\n---\n")
    told = repo.jetpack("sync", "--json")
    assert (told.code, told.json["added"]) == (2, ["jp-good"])
    for number, (name, error) in enumerate(zip(BAD, told.json["errors"], strict=True)):
        wanted = BAD[name][1].replace("jp-bad", f"jp-bad{number:02}")
        assert error.startswith(f".tasks/jp-bad{number:02}.md{wanted}"), name
    again = repo.jetpack("sync")
    assert (again.code, again.out) == (2, "0 tasks added, 0 updated\n")
    assert again.err == "".join(f"error: {one}\n" for one in told.json["errors"])
    checked = repo.jetpack("doctor", "--json")
    assert checked.code == 1
    assert [one["outcome"] for one in checked.json["findings"]] == ["yours"] * len(BAD)
    assert contents == {one: file(repo, one).read_text() for one in contents}


def test_bytes_that_are_no_utf8_are_told_with_their_line(repo: Repo) -> None:
    """A file, and the name of a file, in another encoding stop nothing else."""
    repo.write(".tasks/jp-good.md", "---\nid: jp-good\ntitle: Good\n---\n")
    file(repo, "jp-bad").write_bytes(b"---\nid: jp-bad\ntitle: \xff\n---\n")
    Path(os.fsdecode(bytes(repo.path) + b"/.tasks/\xff.md")).write_bytes(b"x")
    told = repo.jetpack("sync", "--json")
    assert (told.code, told.json["added"]) == (2, ["jp-good"])
    assert told.json["errors"] == [
        "'.tasks/\\udcff.md': this cannot be the name of a task's or memory's file.",
        ".tasks/jp-bad.md:3: this is no UTF-8 text. Convert the file to UTF-8.",
    ]


def test_what_is_no_plain_file_is_left_alone(repo: Repo) -> None:
    """A link, a folder and a pipe are told; nothing is read or written through them."""
    one = repo.add("One")
    outside = repo.path / "outside"
    outside.write_text("---\nid: jp-link\ntitle: Link\n---\n")
    file(repo, "jp-link").symlink_to(outside)
    file(repo, "jp-dir").mkdir()
    os.mkfifo(file(repo, "jp-pipe"))
    told = repo.jetpack("sync", "--json")
    assert (told.code, told.json["added"]) == (2, [])
    assert told.json["errors"] == [
        ".tasks/jp-dir.md: this is no regular file.",
        ".tasks/jp-link.md: this is a symbolic link.",
        ".tasks/jp-pipe.md: this is no regular file.",
    ]
    assert [event["outcome"] for event in repo.jetpack("doctor", "--json").json["findings"]] == [
        "yours", "yours", "yours",
    ]  # fmt: skip
    assert title(repo, one) == "One"


def test_a_file_that_becomes_executable_is_told(repo: Repo) -> None:
    """Though its text is as it was written, until it is a plain file again."""
    path = file(repo, repo.add("One"))
    path.chmod(0o755)
    told = repo.jetpack("sync", "--json")
    name = f".tasks/{path.name}"
    assert (told.code, told.json["errors"]) == (
        2, [f"{name}: this is executable. Run: chmod a-x {name}"],
    )  # fmt: skip
    assert repo.jetpack("doctor", "--dry-run").code == 1
    path.chmod(0o644)
    assert repo.ok("sync") == NOTHING


def test_a_linked_folder_is_neither_read_nor_written(repo: Repo, tmp_path: Path) -> None:
    """With `.tasks` a link, the database has the change and the link's goal does not."""
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    (elsewhere / "jp-x.md").write_text("---\nid: jp-x\ntitle: X\n---\n")
    (repo.path / ".tasks").symlink_to(elsewhere)
    told = repo.jetpack("sync", "--json")
    assert (told.code, told.json) == (
        2, NOTHING | {"errors": [".tasks: .tasks is a symbolic link.",
                                 ".tasks/plans: .tasks is a symbolic link."]},
    )  # fmt: skip
    added = repo.jetpack("add", "One")
    assert added.code == 0
    assert ".tasks is a symbolic link" in added.err
    assert repo.jetpack("doctor", "--dry-run").code == 1
    assert [one.name for one in elsewhere.iterdir()] == ["jp-x.md"]
    (repo.path / ".tasks").unlink()
    repo.ok("list")
    assert file(repo, added.out.strip()).exists()


STRUCTURES = {
    "a circle of dependencies": (
        {"jp-a": "depends: [jp-b]", "jp-b": "depends: [jp-a]"},
        ".tasks/jp-a.md:4: tasks wait for each other: jp-a -> jp-b -> jp-a. ",
    ),
    "a task that waits for itself": (
        {"jp-a": "depends: [jp-a]"},
        ".tasks/jp-a.md:4: tasks wait for each other: jp-a -> jp-a. ",
    ),
    "a circle of parents": (
        {"jp-a": "parent: jp-b", "jp-b": "parent: jp-a"},
        ".tasks/jp-a.md:4: tasks wait for each other: jp-a -> jp-b -> jp-a. ",
    ),
    "its own parent": (
        {"jp-a": "parent: jp-a"},
        ".tasks/jp-a.md:4: tasks wait for each other: jp-a -> jp-a. ",
    ),
    "a child that waits for its parent": (
        {"jp-a": "priority: 1", "jp-b": "parent: jp-a\ndepends: [jp-a]"},
        ".tasks/jp-b.md:5: tasks wait for each other: jp-a -> jp-b -> jp-a. ",
    ),
    "a missing parent": ({"jp-a": "parent: jp-z"}, ".tasks/jp-a.md:4: parent: there is no task"),
    "a missing dependency": ({"jp-a": "depends: [jp-z]"}, ".tasks/jp-a.md:4: depends: there is no"),
}


@pytest.mark.parametrize("name", STRUCTURES)
def test_a_structure_that_cannot_work_is_told_and_stops_nothing(repo: Repo, name: str) -> None:
    """All files are loaded, the fault is told with its line, and every command ends."""
    written, wanted = STRUCTURES[name]
    for task_id, line in written.items():
        repo.write(f".tasks/{task_id}.md", f"---\nid: {task_id}\ntitle: T\n{line}\n---\n")
    told = repo.jetpack("sync", "--json")
    assert (told.code, sorted(told.json["added"])) == (2, sorted(written))
    assert told.json["errors"][0].startswith(wanted)
    checked = repo.jetpack("doctor", "--json")
    assert {one["check"] for one in checked.json["findings"]} == {"tasks"}
    again = repo.jetpack("sync", "--json")
    assert (again.code, again.json["added"], again.json["updated"]) == (2, [], [])
    assert len(again.json["errors"]) == len(told.json["errors"])
    assert repo.jetpack("ready").code in (0, 1)
    assert repo.jetpack("status").code == 0
    assert repo.jetpack("claim", "--next", "--strategy", "graph-prioritized").code in (0, 1)
    for task_id in written:
        repo.write(f".tasks/{task_id}.md", f"---\nid: {task_id}\ntitle: T\n---\n")
    repo.ok("sync", "--from-files")
    assert repo.jetpack("doctor").out == "Everything is in order.\n"
