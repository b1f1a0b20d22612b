"""Which task files a commit carries: those that this worktree's own writes have changed."""

from __future__ import annotations

import os
from pathlib import Path

from jetpack_git.data.database import Database
from jetpack_git.data.rows import dump
from jetpack_git.git.run import git
from jetpack_git.git.run import run
from jetpack_git.mirror import files


def stage(db: Database, worktree: str, *, index: str | None) -> list[str]:
    """What was written here and is in no commit yet is in git's index; the paths.

    Left out is what somebody has staged or changed since, what belongs to a task of another
    branch, and what git ignores. `index` is the file that git says is the index, if it does.
    """
    cwd, env = Path(worktree), {"GIT_INDEX_FILE": index} if index else {}
    branch = git("symbolic-ref", "--quiet", "--short", "HEAD", cwd=cwd, check=False)
    listed = run("diff", "--cached", "--name-only", "-z", "--", *files.FOLDERS, cwd=cwd, env=env)
    staged = {os.fsdecode(one) for one in listed.stdout.split(b"\0")}
    found: set[str] = set()
    blobs = []
    for row in db.all("mirror.loose", worktree=worktree):
        path = str(row["path"])
        log = path.removesuffix(".md") + ".log"
        if row["branch"] not in (None, branch):
            continue
        if path in staged:
            found |= {log} - staged  # `git commit --all` has the file, but not its new log
            continue
        if files.stat(worktree, path) != row["stat"]:
            continue  # by hand, and not loaded yet
        blobs.append(row["blob"])
        found |= {path, log, f"{path.partition('/')[0]}/{files.ATTRIBUTES_NAME}"} - staged
    gone = [str(row["path"]) for row in db.all("mirror.loose_gone", worktree=worktree)]
    gone = [one for one in gone if not os.path.lexists(f"{worktree}/{one}")]
    paths = [one for one in sorted(found) if os.path.isfile(f"{worktree}/{one}")]
    paths += sorted({*gone} - staged)
    given = "".join(f"{one}\0" for one in paths).encode()
    ignored = run("check-ignore", "-z", "--stdin", cwd=cwd, check=False, stdin=given).stdout
    left = {os.fsdecode(one) for one in ignored.split(b"\0")}
    paths = [one for one in paths if one not in left]
    if paths:
        given = "".join(f"{one}\0" for one in paths).encode()
        run("update-index", "--add", "--remove", "-z", "--stdin", cwd=cwd, env=env, stdin=given)
    db.run("mirror.forget_texts", blobs=dump(blobs))
    db.run("mirror.forget_gone", worktree=worktree, paths=dump(gone))
    return paths
