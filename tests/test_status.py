"""`git jetpack status`: the whole at a glance, for people and for programs."""

from __future__ import annotations

from tests.conftest import Repo


def test_an_empty_clone_says_what_to_do(repo: Repo) -> None:
    """The first thing that a newcomer sees."""
    told = repo.jetpack("status")
    assert (told.code, told.out, told.err) == (
        0, "No tasks yet. Add one with: git jetpack add TITLE\nguard: block\n", "",
    )  # fmt: skip


def test_status_shows_what_is_going_on(repo: Repo) -> None:
    """Counts of leaves, who holds what, and what is reserved; nothing a terminal would obey."""
    parent = repo.add("Parent")
    one = repo.add("\x1b[31mOne [bold]", "--parent", parent)
    two = repo.add("Two", "--depends", one)
    repo.ok("claim", one, "--as", "Grace")
    repo.ok("reserve", "a.py", "--as", "Grace", "--task", one)
    found = repo.ok("status")
    until = found["reservations"]["reservations"][0]["expires_at"]
    assert found["counts"] == {"blocked": 1, "claimed": 1}
    assert [task["id"] for task in found["held"]] == [one]
    assert (found["agents"], found["guard"], found["files_due"]) == ([], "block", 0)
    assert found["reservations"]["total"] == 1
    lines = [" ".join(line.split()) for line in repo.jetpack("status").out.splitlines()]
    assert lines == [
        "tasks", "blocked claimed", "1 1",
        "held", "task status by title", f"{one} claimed Grace \\x1b[31mOne [bold]",
        "reservations", "pattern by task until", f"a.py Grace {one} {until}",
        "guard: block",
    ]  # fmt: skip
    assert two not in repo.jetpack("status").out


def test_status_says_what_it_leaves_out(repo: Repo) -> None:
    """A long table ends with the number of what is not shown; JSON has all that is held."""
    for number in range(12):
        repo.write(
            f".tasks/jp-{number}.md",
            f"---\nid: jp-{number}\ntitle: T\nstatus: claimed\nassignee: A\n---\n",
        )
    repo.ok("sync")
    assert "… 2 more of 12\n" in repo.jetpack("status").out
    assert len(repo.ok("status")["held"]) == 12


def test_status_tells_that_the_guard_is_down(repo: Repo) -> None:
    """A hook that is gone is not passed over in silence."""
    (repo.path / ".git/hooks/pre-commit").unlink()
    assert repo.jetpack("status").out.endswith("guard: block; not installed: pre-commit\n")
