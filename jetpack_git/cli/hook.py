"""git jetpack hook: what git's hooks do, for hook managers that call commands; agents' hooks."""

from __future__ import annotations

import click

LOADERS = ("post-checkout", "post-merge", "post-rewrite")


@click.command(short_help="Do what a git hook of ours does.")
@click.argument("name")
@click.argument("state", required=False)
@click.option("--for", "kind", default="claude", metavar="CLI", help="Whose hook an agent's is.")
def hook(name: str, state: str | None, kind: str) -> None:
    """Do what our git hook of that NAME does.

    pre-commit, pre-merge-commit, pre-push, and reference-transaction with its STATE: the guard.
    post-checkout, post-merge and post-rewrite: load what came with the task files.
    agent-start, agent-edit and agent-stop: what an agent's CLI is told as it begins, before it
    changes a file, and before it stops.
    """
    if name.startswith("agent-"):
        from jetpack_git.cli.agent_hook import answer

        answer(name, kind)
        return
    if name in LOADERS:
        from jetpack_git.cli.sync import load_quietly

        load_quietly()
        return
    from jetpack_git.hook import main

    raise click.exceptions.Exit(main([name] if state is None else [name, state]))
