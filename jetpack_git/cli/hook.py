"""git jetpack hook: the guard, and loading task files, for hook managers that call commands."""

from __future__ import annotations

import click

LOADERS = ("post-checkout", "post-merge", "post-rewrite")


@click.command(short_help="Do what a git hook of ours does.")
@click.argument("name")
@click.argument("state", required=False)
def hook(name: str, state: str | None) -> None:
    """Do what our git hook of that NAME does.

    pre-commit, pre-merge-commit, pre-push, and reference-transaction with its STATE: the guard.
    post-checkout, post-merge and post-rewrite: load what came with the task files.
    """
    if name in LOADERS:
        from jetpack_git.cli.sync import load_quietly

        load_quietly()
        return
    from jetpack_git.hook import main

    raise click.exceptions.Exit(main([name] if state is None else [name, state]))
