"""Memories as files: committed, reviewed, merged and loaded like tasks."""

from __future__ import annotations

from pathlib import Path

import pytest
from conftest import Repo

FOLDER = ".memories/agent_learning"


def remember(repo: Repo, *args: str) -> str:
    """The id of a new memory."""
    return str(repo.ok("remember", *args)["memory"]["id"])


def text(repo: Repo, memory: str) -> str:
    """The file of the memory."""
    (path,) = repo.path.glob(f".memories/*/{memory}.md")
    return path.read_text()


def other_clone(repo: Repo, name: str = "other") -> Repo:
    """A clone that is set up."""
    path = repo.path.parent / name
    repo.git("clone", "--quiet", str(repo.path), str(path))
    found = Repo(path)
    found.ok("init")
    return found


def test_a_file_has_a_field_a_line_and_no_counter(repo: Repo) -> None:
    """Recalls and feedback leave it as it is."""
    memory = remember(repo, "A title\n<<<<<<< not a marker\nbody", "--tag", "b", "--tag", "a")
    before = text(repo, memory)
    assert before.startswith(f"---\nid: {memory}\ntitle: A title\ncreated: ")
    assert before.endswith("tags:\n  - a\n  - b\n---\n\\<<<<<<< not a marker\nbody\n")
    repo.ok("recall", "title")
    repo.ok("feedback", memory, "--helpful")
    assert text(repo, memory) == before
    assert repo.ok("doctor", "--dry-run")["findings"] == []


def test_a_commit_carries_what_was_remembered_here(repo: Repo) -> None:
    """And what was forgotten, and where it moved; never what was staged otherwise."""
    one, two = remember(repo, "First of all"), remember(repo, "Second thought")
    repo.git("commit", "--quiet", "--allow-empty", "-m", "x")
    there = repo.git("ls-tree", "-r", "--name-only", "HEAD").split()
    assert {f"{FOLDER}/{one}.md", f"{FOLDER}/{two}.md", ".memories/.gitattributes"} <= {*there}
    repo.ok("forget", one)
    repo.ok("promote", two)
    repo.git("commit", "--quiet", "--allow-empty", "-m", "y")
    there = repo.git("ls-tree", "-r", "--name-only", "HEAD", ".memories").split()
    assert there == [".memories/.gitattributes", f".memories/procedural/{two}.md"]
    assert repo.git("status", "--porcelain", "--", ".memories") == ""


def test_a_fresh_clone_finds_what_was_learned(repo: Repo) -> None:
    """By words, and by likeness."""
    memory = remember(repo, "parseConfig keeps YAML\nin the database", "--importance", "0.75")
    repo.commit()
    there = other_clone(repo)
    (one,) = there.ok("recall", "parse config")["memories"]
    mine = repo.ok("show", memory)["memory"]
    for key in ("updated_at", "recalled"):
        mine.pop(key)
        one.pop(key)
    assert {key: one[key] for key in mine} == mine
    assert there.ok("doctor", "--dry-run")["findings"] == []


def test_a_lost_database_comes_back(repo: Repo) -> None:
    """With all that the files hold."""
    memory = remember(repo, "Kept in a file")
    for file in (repo.path / ".jetpack").glob("jetpack.db*"):
        file.unlink()
    repo.ok("doctor", "--rebuild")
    assert repo.ok("recall", "kept file")["memories"][0]["id"] == memory


def test_edits_on_two_branches_merge_by_field(repo: Repo) -> None:
    """A line that both changed is there as either wrote it, and a conflict that can be decided."""
    memory = remember(repo, "A title\nA body", "--tag", "a")
    repo.commit()
    there = other_clone(repo)
    there.ok("edit", memory, "--importance", "0.9", "--tag", "b", "--body", "Their longer body")
    there.commit()
    repo.ok("edit", memory, "--title", "A better title", "--body", "My body")
    repo.commit()
    repo.git("pull", "--quiet", "--no-rebase", str(there.path), "HEAD")
    one = repo.ok("show", memory)["memory"]
    assert (one["title"], one["importance"]) == ("A better title", 0.9)
    assert (one["tags"], one["body"]) == (["b"], "My body\n\n---\n\nTheir longer body")
    (clash,) = repo.ok("conflicts")["conflicts"]
    assert "in use: both" in repo.jetpack("conflicts").out
    assert (clash["task_id"], clash["field"]) == (memory, "body")
    decided = repo.ok("resolve", str(clash["number"]), "--ours")
    assert decided["memory"]["body"] == "My body"
    assert text(repo, memory).endswith("---\nMy body\n")
    there.git("pull", "--quiet", "--no-rebase", str(repo.path), "HEAD")
    repo.commit()
    there.git("pull", "--quiet", "--no-rebase", str(repo.path), "HEAD")
    assert there.ok("show", memory)["memory"]["body"] == "My body"


def test_a_promotion_meets_an_edit(repo: Repo) -> None:
    """The file moves on one branch and changes on the other."""
    memory = remember(repo, "A title\n" + "A long body that stays as it is\n" * 5)
    repo.commit()
    there = other_clone(repo)
    there.ok("promote", memory)
    there.commit()
    repo.ok("edit", memory, "--importance", "1")
    repo.commit()
    repo.git("pull", "--quiet", "--no-rebase", str(there.path), "HEAD")
    one = repo.ok("show", memory)["memory"]
    assert (one["memory_type"], one["importance"]) == ("procedural", 1.0)
    assert [path.parent.name for path in repo.path.glob(".memories/*/*.md")] == ["procedural"]
    assert repo.ok("conflicts")["total"] == 0


def test_one_that_others_forgot_is_gone_unless_it_changed_here(repo: Repo) -> None:
    """By newer commits; an old branch does not bring it back."""
    one, two = remember(repo, "One thing"), remember(repo, "Other matter")
    repo.commit()
    repo.git("branch", "old")
    there = other_clone(repo)
    for memory in (one, two):
        there.ok("forget", memory)
    there.commit()
    repo.git("checkout", "--quiet", "-b", "elsewhere")
    repo.ok("edit", two, "--title", "Other matter, after all")
    repo.commit()
    repo.git("checkout", "--quiet", "main")
    repo.git("pull", "--quiet", "--no-rebase", str(there.path), "HEAD")
    assert [each["id"] for each in repo.ok("memories")["memories"]] == [two]
    repo.commit()
    repo.git("checkout", "--quiet", "old")
    assert [each["id"] for each in repo.ok("memories")["memories"]] == [two]


def test_an_old_commit_changes_nothing(repo: Repo) -> None:
    """A version that is known brings no news."""
    memory = remember(repo, "First form")
    repo.commit()
    repo.ok("edit", memory, "--title", "Second form")
    repo.commit()
    repo.git("checkout", "--quiet", "HEAD~1")
    assert repo.ok("show", memory)["memory"]["title"] == "Second form"
    repo.ok("sync", memory, "--from-files")
    assert repo.ok("show", memory)["memory"]["title"] == "First form"


def test_a_file_edited_by_hand_is_loaded(repo: Repo) -> None:
    """Unknown keys stay; a wrong one is named with its line."""
    memory = remember(repo, "By hand")
    path = repo.path / FOLDER / f"{memory}.md"
    content = path.read_text().replace("title: By hand", "title: By my hand")
    path.write_text(content.replace("type: ", "mood: bright\ntype: ") + "A body\r\n")
    assert repo.ok("sync")["memories"] == [memory]
    one = repo.ok("show", memory)["memory"]
    assert (one["title"], one["body"]) == ("By my hand", "A body")
    assert "mood: bright\n" in text(repo, memory)
    path.write_text(text(repo, memory).replace("mood: bright", "importance: 7"))
    said = repo.jetpack("sync")
    assert said.code == 2
    assert f"{FOLDER}/{memory}.md:" in said.err
    assert "importance" in said.err


@pytest.mark.parametrize("kind", ["link", "folder link", "executable", "wrong name"])
def test_odd_files_are_refused(repo: Repo, kind: str) -> None:
    """And nothing of them is read."""
    memory = remember(repo, "Some memory")
    path = repo.path / FOLDER / f"{memory}.md"
    if kind == "link":
        target = repo.path / "secret.md"
        path.rename(target)
        path.symlink_to(target)
    elif kind == "folder link":
        path.parent.rename(repo.path / "elsewhere")
        path.parent.symlink_to(repo.path / "elsewhere")
        (repo.path / "elsewhere" / f"{memory}.md").write_text("---\nid: x\n---\n")
    elif kind == "executable":
        path.write_text(path.read_text().replace("Some", "Any"))
        path.chmod(0o755)
    else:
        path.rename(path.with_name("jm-other.md"))
    said = repo.jetpack("sync")
    assert said.code == 2, said
    assert repo.ok("show", memory)["memory"]["title"] == "Some memory"


def test_git_left_markers(repo: Repo) -> None:
    """Where only a server merges, sync merges by field what git could not."""
    memory = remember(repo, "A title")
    repo.commit()
    repo.git("checkout", "--quiet", "-b", "side")
    repo.ok("edit", memory, "--title", "Their title", "--importance", "0.8")
    repo.commit()
    repo.git("checkout", "--quiet", "main")
    repo.ok("sync", memory, "--from-files")
    repo.ok("edit", memory, "--title", "My very own title")
    repo.commit()
    repo.git("-c", "merge.jetpack.driver=false", "merge", "--quiet", "side", check=False)
    path = Path(FOLDER) / f"{memory}.md"
    repo.git("checkout", "--conflict=merge", "--", str(path), check=False)
    repo.jetpack("sync")
    one = repo.ok("show", memory)["memory"]
    assert (one["title"], one["importance"]) == ("My very own title", 0.8)
    assert "<<<<<<<" not in text(repo, memory)


def test_a_review_shows_what_a_branch_remembers(repo: Repo) -> None:
    """Added, changed and forgotten; nothing in it has a meaning in Markdown."""
    old, changed = remember(repo, "Old and done"), remember(repo, "Old and kept")
    repo.commit()
    repo.git("checkout", "--quiet", "-b", "work")
    new = remember(repo, "New <b>@ada</b>\n# Heading\nfixes #1\n[x](https://e.invalid)")
    repo.ok("forget", old)
    repo.ok("promote", changed)
    repo.commit()
    said = repo.ok("review", "main...work")["memories"]
    assert sorted((one["memory_id"], one["change"]) for one in said) == sorted(
        [(new, "added"), (old, "forgotten"), (changed, "changed")]
    )
    text = repo.jetpack("review", "main...work", "--format", "markdown").out
    assert f"- added `{new}` `New <b>@ada</b>`" in text
    assert "  `# Heading`  \n  `fixes #1`  \n  `[x](https://e.invalid)`" in text
    assert "3 memories" in text
    repo.write(f"{FOLDER}/{new}.md", "no memory at all\n")
    repo.git("commit", "--quiet", "--no-verify", "-am", "broken")
    broken = repo.jetpack("review", "main...work", "--check", "--json")
    assert broken.code == 1
    assert any(one["kind"] == "unreadable" for one in broken.json["findings"])


def test_what_was_known_at_a_commit(repo: Repo) -> None:
    """From the files there, without a checkout."""
    memory = remember(repo, "The port is 8000")
    repo.commit()
    repo.ok("edit", memory, "--title", "The port is 9000")
    other = remember(repo, "The proxy listens on the port")
    repo.commit()
    then = repo.ok("recall", "port", "--at", "HEAD~1")["memories"]
    assert [(one["id"], one["title"]) for one in then] == [(memory, "The port is 8000")]
    assert repo.ok("show", memory, "--at", "HEAD~1")["memory"]["title"] == "The port is 8000"
    assert repo.jetpack("show", other, "--at", "HEAD~1").code == 2
    assert repo.ok("show", memory)["memory"]["recalled"] == 0


def test_a_death_between_row_and_file_loses_nothing(repo: Repo) -> None:
    """The next command writes the file."""
    import subprocess

    from conftest import SCRIPT

    for kill in range(6):
        child = subprocess.Popen(
            ["timeout", "-s", "KILL", f"{0.12 + 0.02 * kill}", SCRIPT, "remember", f"Fact {kill} "
             + chr(97 + kill) * 9], cwd=repo.path, stdout=subprocess.DEVNULL,
        )  # fmt: skip
        child.wait()
    there = {one["id"] for one in repo.ok("memories")["memories"]}
    assert {path.stem for path in repo.path.glob(f"{FOLDER}/*.md")} == there
    assert repo.ok("doctor", "--dry-run")["findings"] == []


def test_a_memory_is_not_superseded_by_itself_or_by_nothing(repo: Repo) -> None:
    """Nobody would find it, and nobody would know: a file is refused, the doctor tells."""
    one, two = remember(repo, "Ants are slow"), remember(repo, "Bees are fast")
    path = repo.path / FOLDER / f"{one}.md"
    whole = path.read_text()
    for other, told in ((one, "by itself"), ("jm-gone", "no such memory"), (two, "it supersedes")):
        path.write_text(whole.replace("\n---\n", f"\nsuperseded_by: {other}\n---\n", 1))
        repo.ok("edit", two, "--superseded-by", one)
        said = repo.jetpack("sync").err + repo.jetpack("doctor", "--dry-run").out
        assert told in said, said
        path.write_text(whole)
        repo.jetpack("sync")
        for memory in (one, two):
            repo.jetpack("edit", memory, "--superseded-by", "")
        assert repo.ok("doctor", "--dry-run")["findings"] == []


def test_what_was_superseded_holds_again_where_a_commit_forgets_the_other(repo: Repo) -> None:
    """Though it was deleted by hand."""
    old = remember(repo, "The port is 8080")
    new = remember(repo, "The port is 9090 now", "--supersedes", old)
    repo.git("commit", "--quiet", "--allow-empty", "-m", "Two ports")
    there = other_clone(repo)
    assert [one["id"] for one in there.ok("recall", "port")["memories"]] == [new]
    repo.git("rm", "--quiet", f"{FOLDER}/{new}.md")
    repo.git("commit", "--quiet", "-m", "One port")
    there.git("pull", "--quiet")
    assert [one["id"] for one in there.ok("recall", "port")["memories"]] == [old]
    assert "superseded_by" not in text(there, old)
    repo.jetpack("sync")
    assert [one["id"] for one in repo.ok("recall", "port")["memories"]] == [old]
