"""The branch of a task: its name, where it begins, and what is on it.

Merges are made from objects alone (`git merge-tree`), so no worktree is ever left in the
middle of one.
"""

from __future__ import annotations

import os
import tempfile
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from jetpack_git.data.database import Database
from jetpack_git.data.rows import dump
from jetpack_git.data.rows import to_event
from jetpack_git.errors import GitFailed
from jetpack_git.errors import Negative
from jetpack_git.git import compare
from jetpack_git.git import worktrees
from jetpack_git.git.run import failed
from jetpack_git.git.run import git
from jetpack_git.git.run import run
from jetpack_git.mirror import export
from jetpack_git.mirror import files
from jetpack_git.mirror import text
from jetpack_git.models.task import Task
from jetpack_git.models.visible import safe

FOLDER = "jetpack/"  # what the name of a task's branch begins with


class MergeConflict(Negative):
    """Two branches change the same lines."""

    name = "merge_conflict"

    def __init__(self, ours: str, theirs: str, paths: list[str]) -> None:
        super().__init__(
            f"{theirs} conflicts with {ours} in {', '.join(map(safe, paths[:10]))}",
            hint=f"Merge {theirs} by hand.",
        )
        self.paths = paths


class Unrelated(GitFailed):
    """Two branches have no commit in common, and git does not merge them."""

    def __init__(self, ours: str, theirs: str) -> None:
        super().__init__(
            f"{theirs[:12]} and {ours[:12]} have no commit in common, and are not merged.",
            hint="Where that is meant, merge them by hand: "
            f"git merge --allow-unrelated-histories {theirs[:12]}",
        )


@dataclass(frozen=True)
class Prepared:
    """A worktree that is on the task's branch.

    `start` is the commit that the branch was cut from; `unfinished` the subjects of what
    an earlier attempt left on it.
    """

    branch: str
    start: str
    unfinished: tuple[str, ...]


def name_of(task: Task) -> str:
    """The name of the task's branch: `jetpack/<id>-<slug>`."""
    folded = "".join(one if one.isascii() and one.isalnum() else "-" for one in task.title.lower())
    slug = "-".join(part for part in folded[:200].split("-") if part)[:40].strip("-")
    return f"{FOLDER}{task.id}-{slug}" if slug else f"{FOLDER}{task.id}"


def prepare(db: Database, task: Task, worktree: Path, *, base: str) -> Prepared:
    """The worktree is on the task's branch, which holds the task's finished dependencies.

    A branch that is there already is gone on with. Raises MergeConflict when the
    dependencies do not merge.
    """
    branch = task.branch or name_of(task)
    tips = worktrees.tips(f"refs/heads/{base}", f"refs/heads/{branch}", cwd=worktree)
    if base not in tips:
        raise GitFailed(f"There is no branch {base} any more.")
    start = tips[base]
    for other, commit in finished_before(db, task.id):
        if worktrees.commit_of(commit, cwd=worktree):
            start = merged(
                db, start, commit, cwd=worktree, message=f"Take in {other}", names=(base, other)
            )
    tip = tips.get(branch)
    if tip is None:
        worktrees.switch(worktree, "--no-track", "--create", branch, start)
        return Prepared(branch, start, ())
    subjects = left_on(branch, start, cwd=worktree)
    joined = merged(db, tip, start, cwd=worktree, message=f"Take in {base}", names=(branch, base))
    if joined != tip:
        _advance(branch, tip, joined, cwd=worktree)
    worktrees.switch(worktree, "--no-guess", branch, "--")
    return Prepared(branch, start, subjects)


def _advance(branch: str, old: str, new: str, *, cwd: Path) -> None:
    """The branch is at `new`. No worktree may have it: its files would stay behind.

    It moves before anybody is on it, so that who dies meanwhile leaves no half of it behind.
    """
    for one in worktrees.all_worktrees(cwd):
        if one.branch == branch:
            raise GitFailed(f"{branch} is checked out in {one.path}.")
    git("update-ref", "-m", "git-jetpack: take in", f"refs/heads/{branch}", new, old, cwd=cwd)


def drop_changes(worktree: Path) -> None:
    """The worktree is as its HEAD has it: of what git had begun there, nothing is left.

    To be called only where nobody has worked since the worktree was clean.
    """
    git("reset", "--quiet", "--hard", cwd=worktree)


def left_on(branch: str, start: str, *, cwd: Path) -> tuple[str, ...]:
    """The subjects of what earlier attempts left on the branch, the latest first."""
    span = f"{start}..refs/heads/{branch}"
    return tuple(git("log", "--format=%s", span, cwd=cwd, check=False).splitlines())


def finished_before(db: Database, task_id: str) -> list[tuple[str, str]]:
    """The id and commit of each finished task that this one, or a parent of it, waited for."""
    before = [str(row["id"]) for row in db.all("dependencies.before", id=task_id)]
    return [
        (str(row["id"]), str(row["commit_id"]))
        for row in db.all("tasks.commits_below", ids=dump(before))
    ]


def uncommitted_before(db: Database, task_id: str) -> list[str]:
    """The finished dependencies whose work is on a branch, but whose commit is not known."""
    before = [str(row["id"]) for row in db.all("dependencies.before", id=task_id)]
    return [str(row["id"]) for row in db.all("tasks.uncommitted_below", ids=dump(before))]


def merged(
    db: Database, ours: str, theirs: str, *, cwd: Path, message: str, names: tuple[str, str]
) -> str:
    """The commit that holds both; one of the two itself when it holds the other.

    Where task files conflict they become what the database says: it knows both sides.

    Raises MergeConflict, which calls the two by their `names`. No branch and no worktree
    is touched.
    """
    parted = worktrees.parted(ours, theirs, cwd=cwd)
    if parted in ([ours], [theirs]):
        return theirs if parted == [ours] else ours
    tree = merged_tree(db, ours, theirs, cwd=cwd, names=names)
    return commit(tree, [ours, theirs], message, cwd=cwd)


def merged_tree(db: Database, ours: str, theirs: str, *, cwd: Path, names: tuple[str, str]) -> str:
    """The tree of such a commit. Raises MergeConflict."""
    tree, paths = merge_tree(ours, theirs, cwd=cwd)
    settled = {path: _from_database(db, path) for path in paths}
    if None in settled.values():
        raise MergeConflict(*names, [one for one in paths if settled[one] is None])
    if settled:
        return _with_files(tree, {path: data or b"" for path, data in settled.items()}, cwd)
    return tree


def merge_tree(ours: str, theirs: str, *, cwd: Path) -> tuple[str, list[str]]:
    """The tree that git makes of both, and the paths in which they conflict. Raises Unrelated."""
    args = ("merge-tree", "--write-tree", "--name-only", "--no-messages", "-z", ours, theirs)
    done = run(*args, cwd=cwd, check=False)
    if done.returncode not in (0, 1):
        if not worktrees.parted(ours, theirs, cwd=cwd):
            raise Unrelated(ours, theirs)
        raise failed(args, done)
    tree, *paths = os.fsdecode(done.stdout).split("\0")
    return tree, [one for one in paths if one]


def commit(tree: str, parents: list[str], message: str, *, cwd: Path) -> str:
    """A commit of the tree, which is on no branch yet."""
    args = ("commit-tree", tree, *(part for one in parents for part in ("-p", one)), "-F", "-")
    data = message.encode("utf-8", "replace")
    try:
        return git(*args, cwd=cwd, stdin=data)
    except GitFailed:  # who uses this clone may have no identity
        return git(*args, cwd=cwd, stdin=data, env=dict(worktrees.AUTHOR))


def return_to(branch: str, worktree: Path) -> bool:
    """Whether the worktree's HEAD is on the branch, which holds all that HEAD did.

    When the agent has left the branch, it is moved forward to where HEAD is. Where it
    cannot be, HEAD is detached there, so that nothing is committed to another branch.
    """
    if worktrees.current_branch(worktree) == branch:
        return True
    head = worktrees.commit_of("HEAD", cwd=worktree)
    tip = worktrees.commit_of(f"refs/heads/{branch}", cwd=worktree)
    if head is None:  # the agent began a history of its own, and committed nothing to it
        git("symbolic-ref", "HEAD", f"refs/heads/{branch}", cwd=worktree)
        return tip is not None
    if tip is None or worktrees.contains(head, tip, cwd=worktree):
        ref = f"refs/heads/{branch}"
        git("update-ref", "-m", "git-jetpack: go on", ref, head, tip or "", cwd=worktree)
        git("symbolic-ref", "HEAD", ref, cwd=worktree)
        return True
    git("update-ref", "--no-deref", "HEAD", head, cwd=worktree)
    return False


def restore_tasks(start: str, worktree: Path) -> None:
    """No task file that was there at the branch's start is missing: tasks are never deleted."""
    args = ("--name-only", "--diff-filter=D", "--no-renames", "-z", start, "--", ".tasks")
    missing = [one for one in git("diff", *args, cwd=worktree).split("\0") if one]
    there = [one for one in missing if os.path.isfile(worktree / one)]
    if there:  # taken out of the index only, or ignored
        git("update-index", "--add", "-z", "--stdin", cwd=worktree,
            stdin=os.fsencode("\0".join(there)))  # fmt: skip
    gone = sorted(set(missing) - set(there))
    if gone:
        names = "\0".join(f":(literal){one}" for one in gone)
        git(
            "checkout", start, "--pathspec-from-file=-", "--pathspec-file-nul",
            cwd=worktree, stdin=os.fsencode(names),
        )  # fmt: skip


def clear_tasks(worktree: Path) -> None:
    """The folder of the tasks is a folder, or there is none; what stood there is kept beside it."""
    folder = worktree / files.FOLDER
    if os.path.lexists(folder) and (folder.is_symlink() or not folder.is_dir()):
        os.rename(folder, worktree / f"{files.FOLDER}.replaced")


def save_unfinished(root: Path, subject: str, task_id: str | None) -> str | None:
    """What was uncommitted is a commit marked as unfinished; its id if there was anything.

    On a detached HEAD the commit is kept under `refs/jetpack/rescued/` as well.
    """
    trailers = "Jetpack-Unfinished: true\n" + (f"Jetpack-Task: {task_id}\n" if task_id else "")
    commit = worktrees.save_leftovers(root, f"{subject}\n\n{trailers}")
    if worktrees.current_branch(root) is None:
        worktrees.rescue(git("rev-parse", "HEAD", cwd=root), cwd=root)
    return commit


def _from_database(db: Database, path: str) -> bytes | None:
    """The task file or log as the database has it; None for any other file."""
    folder, _, name = path.rpartition("/")
    task_id, dot, kind = name.rpartition(".")
    found = export.rendered(db, "task", task_id) if folder == files.FOLDER and dot else None
    if found is None or kind not in ("md", "log"):
        return None
    if kind == "log":
        rows = db.all("events.of_task", task_id=task_id)
        return text.log_text("", [to_event(row) for row in rows]).encode()
    with db.transaction_quietly():
        blob = files.blob_id(found[1], export.object_format(db))
        db.run("mirror.remember", path=path, blob=blob)
    return found[1]


def _with_files(tree: str, contents: dict[str, bytes], cwd: Path) -> str:
    """The tree, with these files in it."""
    blobs = [
        (git("hash-object", "-w", "--stdin", cwd=cwd, stdin=data), path)
        for path, data in contents.items()
    ]
    lines = "".join(f"100644 {blob}\t{path}\0" for blob, path in blobs)
    with tempfile.TemporaryDirectory() as folder:
        env = {"GIT_INDEX_FILE": os.path.join(folder, "index")}
        git("read-tree", tree, cwd=cwd, env=env)
        git("update-index", "-z", "--index-info", cwd=cwd, env=env, stdin=os.fsencode(lines))
        return git("write-tree", cwd=cwd, env=env)


@lru_cache(maxsize=8)
def changed(before: str, after: str, cwd: Path) -> tuple[compare.Changed, ...]:
    """Every file in which two commits (or a commit and a tree) differ, named by full ids."""
    return tuple(compare.changed(before, after, cwd=cwd))


def changed_paths(before: str, after: str, *, cwd: Path) -> list[str]:
    """The paths of these files."""
    return [one.path for one in changed(before, after, cwd)]


def has_work(start: str, worktree: Path, task_id: str) -> bool:
    """Whether the worktree differs from the commit in more than the task's own files.

    One that is gone, or that git cannot read, is somebody else's to judge.
    """
    own = {files.task_path(task_id), files.log_path(task_id)}
    found = set()
    for args in (
        ("diff", "--name-only", "-z", "--no-renames", start),
        ("ls-files", "--others", "--exclude-standard", "-z"),
    ):
        done = run(*args, cwd=worktree, check=False) if worktree.is_dir() else None
        if done is None or done.returncode != 0:
            return True
        found |= set(os.fsdecode(done.stdout).split("\0"))
    return bool(found - own - {""})


def paths_in(commit: str, paths: list[str], *, cwd: Path) -> list[str]:
    """Those of the paths that the commit has."""
    out = git("ls-tree", "-r", "--name-only", "-z", "--full-tree", commit, cwd=cwd)
    return sorted(set(out.split("\0")).intersection(paths))


def loose_paths(commit: str, paths: list[str], *, cwd: Path) -> list[str]:
    """Those of the paths that stand otherwise in the index or the worktree than in the commit."""
    out = git("diff", "--name-only", "-z", "--no-renames", commit, cwd=cwd)
    out += git("diff", "--cached", "--name-only", "-z", "--no-renames", commit, cwd=cwd)
    out += git("ls-files", "--others", "-z", cwd=cwd)
    return sorted(set(out.split("\0")).intersection(paths))


def identity(cwd: Path, author: str) -> dict[str, str]:
    """Git's variables for an author's commit: the rest is the user's own, or ours without that."""
    try:
        _check_identity(cwd)
    except GitFailed:
        return worktrees.AUTHOR | {"GIT_AUTHOR_NAME": author}
    return {"GIT_AUTHOR_NAME": author}


@lru_cache(maxsize=64)
def _check_identity(cwd: Path) -> None:
    """The user of the clone has an identity; once there is one, git is asked no more."""
    git("var", "GIT_COMMITTER_IDENT", cwd=cwd)
