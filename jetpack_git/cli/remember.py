"""git jetpack remember"""

from __future__ import annotations

import sys
from dataclasses import replace

import click

from jetpack_git.cli import memory_fields as fields
from jetpack_git.cli.fields import clean
from jetpack_git.cli.frame import Frame
from jetpack_git.cli.frame import command
from jetpack_git.cli.terminal import safe
from jetpack_git.errors import BadInput
from jetpack_git.models.memory import Memory
from jetpack_git.work.memories import Memories
from jetpack_git.work.memories import titled
from jetpack_git.workspace import Workspace


@command(short_help="Keep what was learned, for every agent to find.")
@click.argument("text", required=False)
@click.option("-f", "--file", "source", metavar="FILE", help="Read the text there; '-' is stdin.")
@click.option("--title", help="What it is called; else the text's first line.")
@fields.options
@click.option("--task", metavar="ID", help="The task from whose work it comes.")
@click.option("--commit", metavar="REV", help="The commit that it comes from.")
@click.option("--update", metavar="ID", help="Put the text in the place of that memory's.")
@click.option("--supersedes", metavar="ID", help="That memory holds no more.")
@click.option("--force", is_flag=True, help="Keep what looks like a secret, or like another one.")
def remember(
    frame: Frame,
    text: str | None,
    source: str | None,
    title: str | None,
    memory_type: str | None,
    importance: float | None,
    tags: tuple[str, ...],
    scope: str | None,
    expires: str | None,
    valid_from: str | None,
    task: str | None,
    commit: str | None,
    update: str | None,
    supersedes: str | None,
    force: bool,
) -> None:
    """Keep what was learned: TEXT, a file or stdin. The first line is its title.

    Write down what would have saved you time: a cause, a pitfall, a command, a decision with its
    reason. It is found by `git jetpack recall`, and committed with the code as a file below
    .memories/, unless its type is `working`: that lasts three days, and stays in this clone.
    A text that says nearly the same as another memory is not kept (exit 1): --update that one.
    """
    given = fields.changes(
        memory_type=memory_type, importance=importance, tags=tags, scope=scope, expires=expires,
        valid_from=valid_from,
    )  # fmt: skip
    name = None if title is None else clean(title, "title", fields.MAX_TITLE)
    name, body = titled(clean(_text(text, source), "text", fields.MAX_BODY), name)
    workspace = frame.workspace
    agent = workspace.agent
    memories = Memories(workspace.db, worktree=workspace.clone.worktree)
    if update is not None:
        if task or commit or supersedes:
            raise BadInput(
                "--task, --commit and --supersedes are for a new memory.",
                hint="Leave them out, or leave out --update.",
            )
        changes = {**given, "title": name, "body": body}
        kept = memories.edit(update, changes, agent=agent, force=force)
        said = f"{kept.id} updated: {safe(kept.title)}"
    else:
        made = Memory(id="", title=name, body=body, agent=agent)
        made = replace(made, **given)  # type: ignore[arg-type]
        task_id = workspace.tasks.get(task).id if task else memories.at_work(agent)
        revision = _commit(commit, workspace) if commit else None
        made = replace(made, task_id=task_id, commit_id=revision)
        old = memories.get(supersedes).id if supersedes else None
        kept = memories.remember(made, force=force, supersedes=old)
        said = kept.id
    frame.answer({"memory": fields.document(kept)}, said)


def _commit(revision: str, workspace: Workspace) -> str:
    from pathlib import Path

    from jetpack_git.git import compare

    clone = workspace.clone
    return compare.commit_id(revision, cwd=Path(clone.worktree or clone.common_dir))


def _text(text: str | None, source: str | None) -> str:
    """What is to be kept, from wherever it comes. Raises BadInput."""
    if text is not None and source is not None:
        raise BadInput("There are two texts.", hint="Give TEXT or --file, not both.")
    if source is None and text not in (None, "-"):
        return str(text)
    if source is None and text is None and sys.stdin.isatty():
        raise BadInput("There is no text.", hint="Write: git jetpack remember 'TEXT'")
    try:
        if source in (None, "-"):
            data = sys.stdin.buffer.read(fields.MAX_BODY + 1)
        else:
            with open(str(source), "rb") as file:
                data = file.read(fields.MAX_BODY + 1)
    except OSError as error:
        raise BadInput(f"{source} cannot be read: {error.strerror}.") from error
    return data.decode("utf-8", "surrogateescape")
