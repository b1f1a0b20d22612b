"""Write-through: what the database knows is in the files of the worktree of the write."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.conftest import SCRIPT
from tests.conftest import Repo


def names(worktree: Path) -> list[str]:
    """The files of the worktree's mirror."""
    return sorted(
        str(one.relative_to(worktree / ".tasks"))
        for one in (worktree / ".tasks").rglob("*")
        if one.is_file()
    )


@pytest.fixture
def linked(repo: Repo, tmp_path: Path) -> Repo:
    """A second worktree of the repository."""
    repo.commit("Set up", JETPACK_AGENT="Ada")
    repo.git("worktree", "add", "--quiet", str(tmp_path / "linked"))
    return Repo(tmp_path / "linked")


def test_a_write_lands_in_its_own_worktree_alone(repo: Repo, linked: Repo) -> None:
    """The files of other worktrees are left as they are, from any subfolder."""
    one = repo.add("One")
    assert names(repo.path) == [".gitattributes", f"{one}.md"]
    assert not (linked.path / ".tasks").exists()
    before = (repo.path / f".tasks/{one}.md").read_bytes()
    (linked.path / "deep/er").mkdir(parents=True)
    assert linked.jetpack("claim", one, cwd=linked.path / "deep/er").code == 0
    assert names(linked.path) == [".gitattributes", f"{one}.log", f"{one}.md"]
    assert "status: claimed\n" in (linked.path / f".tasks/{one}.md").read_text()
    assert (repo.path / f".tasks/{one}.md").read_bytes() == before
    assert not (linked.path / "deep/er/.tasks").exists()
    assert repo.git("status", "--porcelain") == "?? .tasks/"


def test_git_knows_how_the_files_merge(repo: Repo) -> None:
    """Ends of lines never vary, and two branches' log lines are both kept."""
    repo.add("One")
    assert (repo.path / ".tasks/.gitattributes").read_text() == (
        "*.md text eol=lf merge=jetpack diff=jetpack\n*.log text eol=lf merge=union\n"
    )


def test_a_file_is_written_only_when_it_differs(repo: Repo) -> None:
    """A write that changes nothing that a file says touches no file."""
    one = repo.add("One")
    path = repo.path / f".tasks/{one}.md"
    before = path.stat().st_mtime_ns
    repo.ok("edit", one, "--title", "One")
    repo.ok("list")
    assert path.stat().st_mtime_ns == before


DIES = """
import os, sys
from jetpack_git.mirror import files
whole = files.write
def write(*args):
    if {after}:
        whole(*args)
    os._exit(9)
files.write = write
from jetpack_git.cli.main import main
main(sys.argv[1:])
"""


@pytest.mark.parametrize("after", [False, True], ids=["before the file", "after the file"])
def test_a_death_between_database_and_file_loses_nothing(repo: Repo, after: bool) -> None:
    """The next command writes the files, and takes none of ours for an edit by hand."""
    one = repo.add("One")
    for arguments in (["edit", one, "--title", "Two"], ["add", "Three"], ["claim", one]):
        done = subprocess.run(
            [sys.executable, "-c", DIES.format(after=after), *arguments],
            cwd=repo.path, capture_output=True, check=False,
        )  # fmt: skip
        assert done.returncode == 9, done.stderr
        assert repo.jetpack("list").err == ""
    tasks = {task["title"]: task for task in repo.ok("list")["tasks"]}
    assert {key: task["status"] for key, task in tasks.items()} == {
        "Two": "claimed", "Three": "ready",
    }  # fmt: skip
    assert sorted(names(repo.path)) == sorted(
        [".gitattributes", f"{one}.log", *(f"{task['id']}.md" for task in tasks.values())]
    )
    text = (repo.path / f".tasks/{one}.md").read_text()
    assert "title: Two\n" in text
    assert "status: claimed\n" in text
    assert repo.jetpack("sync").out == "0 tasks added, 0 updated\n"
    assert repo.jetpack("doctor").out == "Everything is in order.\n"


def test_random_kills_lose_nothing(repo: Repo) -> None:
    """Commands are killed at any moment; afterwards files and database agree."""
    one = repo.add("One")
    chance = random.Random(7)
    for number in range(12):
        with subprocess.Popen(
            [SCRIPT, *(["add", "T"] if number % 2 else ["edit", one, "--title", f"N{number}"])],
            cwd=repo.path, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
        ) as process:  # fmt: skip
            time.sleep(chance.uniform(0.1, 0.5))
            process.send_signal(signal.SIGKILL)
    assert repo.jetpack("sync").out == "0 tasks added, 0 updated\n"
    assert repo.jetpack("doctor").out == "Everything is in order.\n"
    listed = [f"{task['id']}.md" for task in repo.ok("list", "-n", "0")["tasks"]]
    assert [one for one in names(repo.path) if one.endswith(".md")] == sorted(listed)


def test_two_writers_of_one_task_leave_the_file_as_the_row(repo: Repo) -> None:
    """Whoever comes last, the file says what the database says."""
    one = repo.add("One")
    for number in range(3):
        writers = [
            subprocess.Popen(
                [SCRIPT, "edit", one, *change], cwd=repo.path, stdout=subprocess.DEVNULL
            )
            for change in (["--title", f"N{number}"], ["-p", str(number)], ["-d", f"D{number}"])
        ]
        assert [process.wait() for process in writers] == [0, 0, 0]
        assert repo.jetpack("doctor").out == "Everything is in order.\n"
        text = (repo.path / f".tasks/{one}.md").read_text()
        assert f"title: N{number}\n" in text
        assert f"priority: {number}\n" in text
        assert text.endswith(f"---\nD{number}\n")


def test_one_file_that_cannot_be_written_keeps_no_other_from_it(repo: Repo) -> None:
    """The change is kept, the warning names the file, and it is written once it can be."""
    one, two = sorted([repo.add("One"), repo.add("Two")])
    path = repo.path / f".tasks/{one}.md"
    path.unlink()
    path.mkdir()
    (path / "held").write_text("x")
    told = repo.jetpack("edit", one, "--title", "Three")
    assert (told.code, told.err) == (0, f"warning: .tasks/{one}.md: this is no regular file.\n")
    told = repo.jetpack("edit", two, "--title", "Four")
    assert (told.code, told.err) == (0, f"warning: .tasks/{one}.md: this is no regular file.\n")
    assert "title: Four\n" in (repo.path / f".tasks/{two}.md").read_text()
    (path / "held").unlink()
    path.rmdir()
    assert repo.jetpack("list").err == ""
    assert "title: Three\n" in path.read_text()


def test_a_full_disk_keeps_the_change_and_says_so(repo: Repo) -> None:
    """The database has it; a later command writes the file."""
    one = repo.add("One")
    code = (
        "import errno, os, sys\n"
        "def full(descriptor, data):\n"
        "    raise OSError(errno.ENOSPC, 'No space left on device')\n"
        "os.write = full\n"
        "from jetpack_git.cli.main import main\n"
        "main(sys.argv[1:])\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, "edit", one, "--title", "Two"],
        cwd=repo.path, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert (done.returncode, done.stderr) == (
        0,
        f"warning: .tasks/{one}.md cannot be written: No space left on device. The database has "
        "the change; any later command here writes the file.\n",
    )
    assert repo.ok("show", one)["task"]["title"] == "Two"
    assert "title: Two\n" in (repo.path / f".tasks/{one}.md").read_text()


def test_a_link_beside_the_files_is_not_followed(repo: Repo, tmp_path: Path) -> None:
    """Nothing is written through a link, whether in a file's place or in the unfinished one's."""
    one = repo.add("One")
    goal = tmp_path / "goal"
    goal.write_text("mine")
    (repo.path / ".tasks/.unfinished.tmp").symlink_to(goal)
    assert repo.jetpack("edit", one, "--title", "Two").err == ""
    path = repo.path / f".tasks/{one}.md"
    path.unlink()
    path.symlink_to(goal)
    told = repo.jetpack("edit", one, "--title", "Three")
    assert (told.code, told.err) == (
        0, f"warning: .tasks/{one}.md: this is a symbolic link.\n"
    )  # fmt: skip
    assert goal.read_text() == "mine"


def test_a_log_keeps_what_others_wrote(repo: Repo) -> None:
    """Lines that are none of ours stay, bytes and all, and each event stands there once."""
    one = repo.add("One")
    log = repo.path / f".tasks/{one}.log"
    log.write_bytes(b"a note by hand \xff")
    repo.ok("claim", one, "--as", "Grace")
    repo.ok("done", one, "--as", "Grace", "-m", "tab\there, line\nthere")
    lines = log.read_bytes().split(b"\n")
    assert lines[0] == b"a note by hand \xff"
    assert [line.split(b"\t")[2:] for line in lines[1:]] == [
        [b"claimed", b"Grace"],
        [b"completed", b"Grace", b"tab\\there, line\\nthere"],
        [],
    ]
    assert repo.jetpack("sync").code == 0
    assert log.read_bytes() == b"\n".join(lines)
    assert os.listdir(repo.path / ".tasks").count(".unfinished.tmp") == 0
