"""git jetpack init"""

from __future__ import annotations

import click

from jetpack_git import setup
from jetpack_git.cli import agent_files
from jetpack_git.cli import terminal
from jetpack_git.cli.frame import Frame
from jetpack_git.cli.frame import command
from jetpack_git.cli.frame import here
from jetpack_git.errors import BadInput
from jetpack_git.git.clone import find
from jetpack_git.mirror import files
from jetpack_git.mirror.files import FOLDER
from jetpack_git.outfit.kinds import KINDS


@command(short_help="Set up this clone: config, database, hooks; load the task files.")
@click.option("--no-hooks", is_flag=True, help="Leave git's hooks alone; nothing is enforced.")
@click.option(
    "--every-branch-update", is_flag=True, help="Guard rebases, cherry-picks and --no-verify, too."
)
@click.option(
    "--agent", "agents", multiple=True, type=click.Choice(sorted(KINDS)),
    help="Write what this agent's CLI reads: instructions, hooks, MCP server; repeatable.",
)  # fmt: skip
def init(frame: Frame, no_hooks: bool, every_branch_update: bool, agents: tuple[str, ...]) -> int:
    """Set up this clone: config, database, hooks; load the task files.

    Doing it again changes nothing. Hooks of others are kept and still run. With
    --every-branch-update the hook `reference-transaction` looks at each commit that a branch
    gets, however it was made. With --agent files such as CLAUDE.md, .claude/settings.json and
    .mcp.json get what is ours, and keep what is not; a file that cannot be edited safely is left
    alone (exit 1), and the lines for it are shown.
    """
    if no_hooks and every_branch_update:
        raise BadInput("--every-branch-update needs hooks.", hint="Leave --no-hooks out.")
    clone = find(here())
    if agents and clone.worktree is None:
        raise BadInput("--agent needs a worktree.", hint="Run it in one: git worktree add FOLDER")
    setup.check(clone, with_hooks=not no_hooks)
    made = setup.prepare(clone)
    workspace = frame.create()
    count = files.count(clone.worktree) if clone.worktree else 0
    with terminal.progress_bar("Loading", 2 * count) as progress:
        done = setup.finish(
            workspace, with_hooks=not no_hooks, references=every_branch_update, progress=progress
        )
    left = [one for one in done.hooks if one.action == "left"]
    loaded = done.loaded
    document = {
        "database": clone.database,
        "made": made,
        "hooks": [
            {"name": one.name, "path": str(one.path), "action": one.action} for one in done.hooks
        ],
        "guard": "off" if no_hooks else "to be added by hand" if left else "on",
        "lines": left[0].found.lines if left else "",
        "added": loaded.added if loaded else [],
        "errors": loaded.errors if loaded else [],
    }
    lines = [f"made {one}" for one in made]
    lines += [f"hook {one.name}: {one.action} ({one.path})" for one in done.hooks]
    if loaded and loaded.added:
        lines.append(f"loaded {len(loaded.added)} tasks from {FOLDER}/")
    outfitted = agent_files.install(clone.worktree or "", agents)
    if agents:
        document["agents"] = [agent_files.document(one) for one in outfitted]
    lines += [agent_files.line(one) for one in outfitted]
    lines.append(f"This clone is set up; its database is {clone.database}")
    frame.answer(document, lines)
    for one in (loaded.warnings + loaded.conflicts) if loaded else []:
        terminal.warn(one)
    for one in loaded.errors if loaded else []:
        terminal.complain(one)
    if left and not frame.json:
        terminal.warn(
            f"the hooks here are managed by {left[0].found.manager}, and were left alone. "
            "The guard stands once you have added these lines:"
        )
        terminal.say(left[0].found.lines)
    refused = agent_files.tell(outfitted, agents, aloud=not frame.json)
    return 2 if loaded and loaded.errors else int(refused)
