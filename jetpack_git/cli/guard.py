"""git jetpack guard"""

from __future__ import annotations

import os

import click

from jetpack_git.cli.frame import Frame
from jetpack_git.cli.frame import command
from jetpack_git.cli.frame import here
from jetpack_git.cli.terminal import safe
from jetpack_git.data.database import Database
from jetpack_git.errors import BadInput
from jetpack_git.errors import GitFailed
from jetpack_git.hook import CHANGED
from jetpack_git.models.patterns import escape
from jetpack_git.work import guard as asked
from jetpack_git.work import guard_commits
from jetpack_git.work import settings
from jetpack_git.work.overlaps import Others
from jetpack_git.work.presence import heard_of


@command(short_help="Ask whether paths may be changed.")
@click.argument("paths", metavar="[PATH]...", nargs=-1)
@click.option("--staged", is_flag=True, help="What is staged.")
@click.option("--range", "commits", metavar="A..B", help="What these commits changed.")
def guard(frame: Frame, paths: tuple[str, ...], staged: bool, commits: str | None) -> int:
    """Ask whether paths may be changed, or whether commits may be pushed, before a hook does.

    The exit code is 1 if somebody else holds one of them with the right of way. Without a
    PATH what is staged is looked at.
    """
    if [bool(paths), staged, commits is not None].count(True) > 1:
        raise BadInput("Give PATHs, --staged or --range: one of them.")
    workspace = frame.workspace
    db, agent = workspace.db, workspace.agent
    if commits is not None:
        if not commits or commits.startswith("-"):
            raise BadInput(f"{commits!r:.60} is no range.", hint="Write e.g. --range main..HEAD")
        try:
            log = _git(*guard_commits.LOG, commits, "--")
        except GitFailed as error:
            raise BadInput(error.message, hint="Write e.g. --range main..HEAD") from error
        made = guard_commits.commits(log)
        looked_at = len({path for one in made for path in one.paths})
        found = guard_commits.conflicts(db, made, agent)
    else:
        root = workspace.clone.worktree or here()
        names = [name for one in paths for name in _inside(one, root)] if paths else _staged()
        looked_at = len(paths) or len(names)
        found = asked.conflicts(asked.touching(db, names), {agent})
        found += _below(db, [one for one in names if os.path.isdir(f"{root}/{one}")], agent, root)
    config = settings.of(workspace.clone, db, workspace.warnings)
    stale_after_s = config.swarm.stale_after_s
    found = found and heard_of(db, found, agent=agent, stale_after_s=stale_after_s)
    document = {
        "clear": not found,
        "agent": agent,
        "paths": looked_at,
        "conflicts": [
            {
                "path": path,
                "pattern": row["pattern"],
                "holder": row["agent"],
                "task_id": row["task_id"],
                "since": row["created_at"],
                "until": row["expires_at"],
            }
            for path, row in found
        ],
    }
    lines = [
        f"{safe(path)}: {safe(str(row['agent']))} holds {safe(str(row['pattern']))} "
        f"until {row['expires_at']}"
        for path, row in found
    ]
    frame.answer(document, lines or "clear")
    return 1 if found else 0


def _below(db: Database, folders: list[str], agent: str, root: str) -> list[asked.Conflict]:
    """What others have for themselves alone below the folders."""
    others = Others(db, agent, root)
    return [
        (str(row["pattern"]), row)
        for one in folders
        for row in others.meeting(escape("" if one == "." else one))
        if not row["shared"]
    ]


def _inside(path: str, root: str) -> list[str]:
    """The path from the root of the worktree, and what it is without links. Raises BadInput.

    That is when it lies outside, either way.
    """
    if not path or "\0" in path:
        raise BadInput(f"{path!r:.60} is no path.")
    whole = os.path.normpath(os.path.join(here(), path))
    real = os.path.join(os.path.realpath(os.path.dirname(whole)), os.path.basename(whole))
    both = dict.fromkeys(os.path.relpath(one, root) for one in (whole, real))
    inside = [one for one in both if one != ".." and not one.startswith("../")]
    if inside:
        return inside
    raise BadInput(f"{path!r:.60} lies outside of this worktree.", hint=f"It begins at {root}")


def _staged() -> list[str]:
    index = os.environ.get("GIT_INDEX_FILE")  # which a hook that calls this is told
    out = _git(*CHANGED, env={"GIT_INDEX_FILE": index} if index else {})
    return [os.fsdecode(one) for one in out.split(b"\0") if one]


def _git(*args: str, env: dict[str, str] | None = None) -> bytes:
    from pathlib import Path

    from jetpack_git.git.run import run  # to ask about paths does without, before each edit

    return run(*args, cwd=Path(here()), env=env).stdout
