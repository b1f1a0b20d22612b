"""`git jetpack sync`: what files bring, and what becomes of files that cannot be used."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from conftest import Repo
from sync_tools import NOTHING
from sync_tools import file
from sync_tools import mend
from sync_tools import title


def test_our_own_files_bring_no_news(repo: Repo) -> None:
    """A sync after writes of our own changes nothing."""
    one = repo.add("One")
    repo.ok("claim", one)
    repo.ok("done", one, "-m", "did it")
    assert repo.ok("sync") == NOTHING


def test_a_hand_edit_of_an_unchanged_row_is_loaded(repo: Repo) -> None:
    """The file's text is the row's, again and again, and whatever its style."""
    one = repo.add("One")
    for old, new in (("One", "'Two'"), ("'Two'", "Three"), ("Three", '"Four"'), ('"Four"', "5")):
        mend(repo, one, old, new)
        assert repo.ok("sync") == NOTHING | {"updated": [one]}
        assert title(repo, one) == new.strip("'\"")
        assert repo.ok("sync") == NOTHING


def test_another_style_alone_is_no_news(repo: Repo) -> None:
    """Quotes and order of keys do not matter."""
    one = repo.add("One")
    mend(repo, one, "title: One\n", "")
    mend(repo, one, "status: pending\n", "status: 'pending'\ntitle: \"One\"\n")
    before = file(repo, one).read_bytes()
    assert repo.ok("sync") == NOTHING
    assert file(repo, one).read_bytes() == before


def test_a_change_on_both_sides_is_merged(repo: Repo) -> None:
    """The file stays byte for byte until it is loaded; then both are what either side said."""
    one = repo.add("One", "-d", "First")
    mend(repo, one, "title: One", "title: By hand")
    by_hand = file(repo, one).read_bytes()
    said = repo.jetpack("edit", one, "-p", "0")
    assert said.err == (
        f"warning: .tasks/{one}.md was changed by others and is not loaded yet; it stays as it is. "
        "Merge it with the database: git jetpack sync\n"
    )
    assert file(repo, one).read_bytes() == by_hand
    assert repo.ok("sync") == NOTHING | {"updated": [one]}
    task = repo.ok("show", one)["task"]
    assert (task["title"], task["priority"], task["description"]) == ("By hand", 0, "First")
    text = file(repo, one).read_text()
    assert "title: By hand\n" in text
    assert "priority: 0\n" in text
    assert repo.ok("sync") == NOTHING
    assert repo.jetpack("doctor").out == "Everything is in order.\n"


@pytest.mark.parametrize("side", ["ours", "theirs", "keep"])
def test_what_both_sides_changed_is_kept_until_somebody_decides(repo: Repo, side: str) -> None:
    """One of the values is in use; the other is not lost."""
    one = repo.add("One")
    mend(repo, one, "title: One", "title: By hand")
    repo.jetpack("edit", one, "--title", "By command")
    told = repo.jetpack("sync", "--json")
    clash = "title is 'By command' here and 'By hand' there; 'By command' is in use."
    assert (told.code, told.json["updated"]) == (1, [one])
    assert told.json["conflicts"] == [f"{one}: {clash} To decide: git jetpack resolve 1"]
    assert repo.ok("sync") == NOTHING
    (kept,) = repo.ok("conflicts")["conflicts"]
    assert (kept["number"], kept["task_id"], kept["field"]) == (1, one, "title")
    assert (kept["ours"], kept["theirs"], kept["chosen"]) == ("By command", "By hand", "By command")
    wanted = "By hand" if side == "theirs" else "By command"
    assert repo.ok("resolve", "1", f"--{side}")["task"]["title"] == wanted
    assert f"title: {wanted}\n" in file(repo, one).read_text()
    assert repo.ok("conflicts")["total"] == 0
    assert repo.jetpack("resolve", "1", "--ours").code == 1
    assert repo.jetpack("doctor").out == "Everything is in order.\n"


@pytest.mark.parametrize("winner", ["--from-files", "--from-database"])
def test_one_of_them_may_win_altogether(repo: Repo, winner: str) -> None:
    """`--from-files` and `--from-database` merge nothing."""
    one = repo.add("One")
    mend(repo, one, "title: One", "title: By hand")
    repo.jetpack("edit", one, "--title", "By command")
    repo.ok("sync", winner, one)
    wanted = "By hand" if winner == "--from-files" else "By command"
    assert title(repo, one) == wanted
    assert f"title: {wanted}\n" in file(repo, one).read_text()
    assert repo.ok("sync") == NOTHING
    assert repo.jetpack("doctor").out == "Everything is in order.\n"


def test_only_the_named_files_win(repo: Repo) -> None:
    """`--from-files ID` merges the others; an id may be cut short."""
    one, two = repo.add("One", "-p", "3"), repo.add("Two", "-p", "3")
    for task in (one, two):
        mend(repo, task, "title: ", "title: Hand ")
        repo.jetpack("edit", task, "-p", "0")
    told = repo.ok("sync", "--from-files", one[:-1])
    assert sorted(told["updated"]) == sorted([one, two])
    found = [repo.ok("show", task)["task"] for task in (one, two)]
    assert [(task["title"], task["priority"]) for task in found] == [
        ("Hand One", 3),
        ("Hand Two", 0),
    ]


def test_ids_that_name_nothing_are_refused(repo: Repo) -> None:
    """A task without a file here, or without anything, is told; nothing is loaded."""
    one = repo.add("One")
    file(repo, one).unlink()
    told = repo.jetpack("sync", "--from-files", one)
    assert (told.code, told.err) == (
        2,
        f"error: .tasks/{one}.md is not in this worktree.\n"
        f"hint: Write it with: git jetpack sync --from-database {one}\n",
    )
    assert repo.jetpack("sync", "--from-files", "jp-none").code == 2
    assert repo.jetpack("sync", "--from-database").code == 2
    assert repo.jetpack("sync", one).code == 2
    assert repo.ok("sync", "--from-database", one[:-1]) == {"schema": 1, "written": [one]}
    assert file(repo, one).exists()


def test_unknown_keys_and_values_are_kept(repo: Repo) -> None:
    """What a newer version wrote is warned about, and survives our own writes word for word."""
    kept = "later:  # a comment\n  - {a: 1}\n\n  - 'b'\nmore: &x yes"
    repo.write(
        ".tasks/jp-new.md", f"---\nid: jp-new\n{kept}\ntitle: New\nstatus: reviewing\n---\nBody\n"
    )
    told = repo.ok("sync")
    assert told == NOTHING | {
        "added": ["jp-new"],
        "warnings": [
            ".tasks/jp-new.md:3: unknown key 'later' is kept.",
            ".tasks/jp-new.md:7: unknown key 'more' is kept.",
            ".tasks/jp-new.md:9: unknown status 'reviewing' is kept; nobody can claim this.",
        ],
    }
    repo.ok("edit", "jp-new", "--title", "Newer")
    found = file(repo, "jp-new").read_text()
    assert "title: Newer\n" in found
    assert "status: reviewing\n" in found
    assert f"{kept}\n---\nBody\n" in found
    assert repo.jetpack("claim", "--next").code == 1
    for command in ("status", "list", "doctor"):
        assert repo.jetpack(command).code == 0


def test_ready_and_blocked_are_never_read(repo: Repo) -> None:
    """They follow from the dependencies; a file that says so is pending."""
    repo.write(".tasks/jp-a.md", "---\nid: jp-a\ntitle: A\nstatus: blocked\n---\n")
    assert repo.ok("sync")["warnings"] == [
        ".tasks/jp-a.md:4: blocked follows from the dependencies; read as pending."
    ]
    assert repo.ok("show", "jp-a")["task"]["status"] == "ready"


def test_two_files_of_one_plan_item_do_not_stop_a_load(repo: Repo) -> None:
    """The second is refused with the line of its key; all others are loaded."""
    for name in "abc":
        key = "k" if name in "ab" else name
        repo.write(
            f".tasks/jp-{name}.md", f"---\nid: jp-{name}\ntitle: T\nplan: p\nkey: {key}\n---\n"
        )
    told = repo.jetpack("sync", "--json")
    assert (told.code, told.json["added"]) == (2, ["jp-a", "jp-c"])
    assert told.json["errors"] == [
        ".tasks/jp-b.md:5: the key 'k' of plan 'p' is that of jp-a. Delete one of the two files, "
        "or take `key:` out of .tasks/jp-b.md"
    ]


def test_unchanged_files_are_only_looked_at(repo: Repo) -> None:
    """No file is opened by a sync that finds its size, time and inode as they were."""
    for number in range(9):
        repo.write(f".tasks/jp-{number}.md", f"---\nid: jp-{number}\ntitle: T\n---\n")
    assert len(repo.ok("sync")["added"]) == 9
    for number in range(9):
        path = file(repo, f"jp-{number}")
        stat = path.stat()
        path.write_bytes(b"\xff" * stat.st_size)
        os.utime(path, ns=(stat.st_atime_ns, stat.st_mtime_ns))
    assert repo.ok("sync") == NOTHING
    os.utime(file(repo, "jp-0"))
    assert repo.jetpack("sync").code == 2


def test_a_moved_task_leaves_its_old_parent(repo: Repo) -> None:
    """Both parents count their children anew."""
    old, new = repo.add("Old"), repo.add("New")
    child = repo.add("Child", "--parent", old)
    mend(repo, child, f"parent: {old}", f"parent: {new}")
    assert repo.ok("sync") == NOTHING | {"updated": [child]}
    assert repo.jetpack("doctor").out == "Everything is in order.\n"
    assert repo.jetpack("claim", old).code == 0
    assert repo.jetpack("claim", new).code == 2


def test_there_are_no_files_in_a_bare_repository(tmp_path: Path) -> None:
    """`sync` says so."""
    bare = Repo(tmp_path / "bare.git")
    bare.path.mkdir()
    bare.git("init", "--quiet", "--bare")
    bare.ok("init")
    told = bare.jetpack("sync")
    assert (told.code, told.err) == (
        2, "error: There are no files in a bare repository.\nhint: Run it in a worktree.\n",
    )  # fmt: skip


def test_a_task_waits_for_one_that_is_not_here_yet(repo: Repo) -> None:
    """Until its file arrives, and is finished."""
    task_id = repo.add("One")
    mend(repo, task_id, "priority: 2", "priority: 2\ndepends:\n  - jp-late")
    assert repo.jetpack("sync").code == 2
    assert repo.jetpack("claim", "--next").code == 1
    assert "waits for jp-late, which is not here" in repo.jetpack("why", task_id).out
    repo.write(".tasks/jp-late.md", "---\nid: jp-late\ntitle: Late\n---\n")
    assert repo.jetpack("sync").code == 0
    assert repo.ok("show", task_id)["task"]["blockers"] == 1
    repo.ok("claim", "jp-late")
    repo.ok("done", "jp-late")
    assert repo.ok("claim", "--next")["task"]["id"] == task_id
    assert repo.jetpack("doctor").out == "Everything is in order.\n"


def test_a_time_that_is_none_is_told_with_its_line(repo: Repo) -> None:
    """Age decides who is served first."""
    task_id = repo.add("One")
    created = repo.ok("show", task_id)["task"]["created_at"]
    mend(repo, task_id, f'created: "{created}"', "created: yesterday")
    told = repo.jetpack("sync")
    assert (told.code, ".md:4: created: must be a time such as" in told.err) == (2, True)


def test_a_conflict_marker_is_named_by_whoever_meets_it(repo: Repo) -> None:
    """And not as a change that could be loaded."""
    task_id = repo.add("One")
    mend(repo, task_id, "title: One", "<<<<<<< a\ntitle: One\n=======\ntitle: Two\n>>>>>>> b")
    told = repo.jetpack("claim", task_id)
    assert (told.code, f".tasks/{task_id}.md:3: a conflict marker" in told.err) == (0, True)


def test_a_hand_edit_of_a_staged_file_is_loaded(repo: Repo) -> None:
    """Staging is no commit: no branch has that version."""
    task_id = repo.add("One")
    repo.git("add", "--all")
    mend(repo, task_id, "title: One", "title: Two")
    assert repo.ok("sync") == NOTHING | {"updated": [task_id]}
