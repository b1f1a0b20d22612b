"""git jetpack uninstall"""

from __future__ import annotations

from pathlib import Path

from jetpack_git import setup
from jetpack_git.cli import agent_files
from jetpack_git.cli import terminal
from jetpack_git.cli.frame import Frame
from jetpack_git.cli.frame import command
from jetpack_git.cli.frame import here
from jetpack_git.git.clone import FOLDER
from jetpack_git.git.clone import find
from jetpack_git.mirror.files import FOLDERS


@command(short_help="Take git-jetpack's hooks and worktrees out of this clone.")
def uninstall(frame: Frame) -> None:
    """Take git-jetpack's hooks and worktrees out of this clone.

    What `init --agent` has put into the files of this worktree goes, too. A worktree with work
    that is nowhere else stays, and so do the config, the task files, the database and the logs
    beside it.
    """
    clone = find(here())
    done = setup.uninstall(clone)
    trimmed = agent_files.uninstall(clone.worktree)
    document = {
        "hooks": [
            {"name": one.name, "path": str(one.path), "action": one.action} for one in done.hooks
        ],
        "agents": [agent_files.document(one) for one in trimmed],
        "drivers": done.drivers,
        "removed": done.removed,
        "left": done.left,
    }
    lines = [f"hook {one.name}: {one.action} ({one.path})" for one in done.hooks]
    lines += ["drivers of task files: removed"] if done.drivers else []
    lines += [agent_files.line(one) for one in trimmed]
    lines += [f"removed {one}" for one in done.removed]
    root = clone.worktree or clone.common_dir
    places = [clone.home, *(f"{root}/{name}" for name in (FOLDER, *FOLDERS))]
    kept = dict.fromkeys(one for one in places if Path(one).exists())
    lines.append(f"What holds your work stays: {', '.join(kept)}")
    frame.answer(document, lines)
    for each in trimmed:
        if each.action == "left":
            terminal.warn(f"{each.path} may hold text of ours, and was left alone: {each.reason}.")
    for one in done.left:
        terminal.warn(f"{one} holds work that is nowhere else, or is none of ours; it stays.")
