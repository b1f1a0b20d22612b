"""git jetpack hook: the guard, for hook managers that call commands."""

from __future__ import annotations

import click


@click.command(short_help="Run the guard as a git hook does.")
@click.argument("name")
def hook(name: str) -> None:
    """Run the guard as the git hook NAME does: pre-commit, pre-merge-commit or pre-push."""
    from jetpack_git.hook import main

    raise click.exceptions.Exit(main([name]))
