"""What somebody has decided holds: states, half-resolved files, clashes that come again."""

from __future__ import annotations

from conftest import Repo

from jetpack_git.data.database import Database
from jetpack_git.mirror import conflicts
from jetpack_git.models.conflict import Clash


def content(repo: Repo, task: str) -> str:
    """The file of the task."""
    return (repo.path / ".tasks" / f"{task}.md").read_text()


def test_a_state_is_decided_as_a_whole(repo: Repo) -> None:
    """Status, assignee and the time of completion go together."""
    task = repo.add("One")
    repo.commit()
    repo.git("checkout", "--quiet", "-b", "side")
    repo.ok("cancel", task)
    repo.commit()
    repo.git("checkout", "--quiet", "main")
    repo.ok("sync", task, "--from-files")
    repo.ok("claim", task)
    repo.ok("done", task, "-m", "fin")
    repo.commit()
    repo.git("merge", "--quiet", "--no-edit", "side")
    found = repo.ok("conflicts")["conflicts"]
    assert len(found) > 1
    repo.ok("resolve", str(found[0]["number"]), "--theirs")
    assert repo.ok("conflicts")["total"] == 0
    assert "status: cancelled\n" in content(repo, task)
    assert "completed:" not in content(repo, task)
    assert "summary:" not in content(repo, task)


def test_a_clash_that_was_decided_and_comes_again_is_open_again(db: Database) -> None:
    """With what is in use now."""
    clash = Clash("title", "One", "Two", "Two")
    assert conflicts.keep(db, "jp-1", [clash])
    assert not conflicts.keep(db, "jp-1", [clash])
    (row,) = db.all("conflicts.open", task_id=None)
    db.run("conflicts.resolve", number=row["number"], now="2026-01-01")
    assert db.all("conflicts.open", task_id=None) == []
    assert conflicts.keep(db, "jp-1", [clash])
    assert len(db.all("conflicts.open", task_id="jp-1")) == 1


def test_what_was_chosen_in_a_file_with_markers_stays(repo: Repo) -> None:
    """When sync merges the rest of it."""
    task = repo.add("One", "-d", "Text")
    repo.commit()
    for branch, title in (("side", "Theirs, which is much longer"), ("main", "Ours")):
        repo.git("checkout", "--quiet", "-B", branch, "main")
        repo.ok("sync", task, "--from-files")
        repo.ok("edit", task, "--title", title, "-d", f"Text of {branch}")
        repo.git("-c", "core.hooksPath=/dev/null", "commit", "--quiet", "-am", branch)
    repo.git("config", "--remove-section", "merge.jetpack")
    repo.git("merge", "side", check=False)
    lines = content(repo, task).split("\n")
    begin = next(at for at, line in enumerate(lines) if line.startswith("<<<<<<<"))
    end = next(at for at, line in enumerate(lines) if line.startswith(">>>>>>>"))
    assert begin < 4, "the title's own hunk comes first"
    lines[begin : end + 1] = ["title: Chosen by hand"]
    (repo.path / f".tasks/{task}.md").write_text("\n".join(lines))
    repo.jetpack("sync")
    assert repo.ok("show", task)["task"]["title"] == "Chosen by hand"


def test_lines_of_a_log_that_came_unseen_are_loaded(repo: Repo) -> None:
    """Also when our own were written behind them first."""
    task = repo.add("One")
    repo.ok("claim", task)
    repo.ok("release", task)
    log = repo.path / ".tasks" / f"{task}.log"
    log.write_text(log.read_text() + "2026-01-01T00:00:00.000Z\tabcd1234\tclaimed\tBob\n")
    repo.ok("claim", task)
    repo.ok("sync")
    agents = {one["agent"] for one in repo.ok("log", task)["events"]}
    assert agents == {"Ada", "Bob"}
    assert repo.ok("doctor", "--dry-run")["findings"] == []
