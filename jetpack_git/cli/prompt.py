"""git jetpack prompt"""

from __future__ import annotations

import sys
from pathlib import Path

import click

from jetpack_git.cli import terminal
from jetpack_git.cli.frame import Frame
from jetpack_git.cli.frame import command
from jetpack_git.swarm import branches
from jetpack_git.swarm import prompt as prompts
from jetpack_git.work import settings


@command(short_help="Print what an agent is told about a task.")
@click.argument("task_id", metavar="ID")
@click.option("--tokens", type=click.IntRange(500, 1_000_000),
              help="How long it may be, about; swarm.prompt_tokens if not said.")  # fmt: skip
def prompt(frame: Frame, task_id: str, tokens: int | None) -> None:
    """Print what an agent of a swarm would be told about the task, if it began now.

    With it any agent can be put to work by hand: git jetpack prompt ID | claude -p
    """
    workspace = frame.workspace
    task = workspace.tasks.get(task_id)
    config = settings.of(workspace.clone, workspace.db, workspace.warnings).swarm
    where = Path(workspace.clone.worktree or workspace.clone.common_dir)
    branch = task.branch or branches.name_of(task)
    beside = prompts.context(
        workspace, task, workspace.agent, lambda what, _, note: terminal.warn(f"{what}: {note}"),
        unfinished=branches.left_on(branch, "HEAD", cwd=where),
    )  # fmt: skip
    text = prompts.build(
        task, agent=workspace.agent, branch=branch, beside=beside,
        tokens=tokens or config.prompt_tokens,
    )  # fmt: skip
    shown = terminal.safe(text, lines=True) if sys.stdout.isatty() else text
    frame.answer({"task_id": task.id, "prompt": text}, shown.rstrip("\n"))
