"""git jetpack hook: the guard, for hook managers that call commands."""

from __future__ import annotations

import click


@click.command(short_help="Run the guard as a git hook does.")
@click.argument("name")
@click.argument("state", required=False)
def hook(name: str, state: str | None) -> None:
    """Run the guard as the git hook NAME does.

    NAME is pre-commit, pre-merge-commit, pre-push, or reference-transaction with its STATE.
    """
    from jetpack_git.hook import main

    raise click.exceptions.Exit(main([name] if state is None else [name, state]))
