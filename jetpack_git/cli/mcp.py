"""git jetpack mcp"""

from __future__ import annotations

import click

from jetpack_git.errors import BadInput


@click.command(short_help="Serve an agent that speaks MCP, on standard input and output.")
def mcp() -> None:
    """Serve an agent that speaks MCP (the Model Context Protocol), on standard input and output.

    Its tools are these commands: they act in the current folder, as the agent that JETPACK_AGENT
    names, and answer as with --json. It needs the extra `mcp`, and ends with its input.
    """
    try:
        from jetpack_git.cli.mcp_server import serve
    except ImportError as error:
        raise BadInput(
            f"The MCP server needs the package mcp, 2.0 or newer: {error}.",
            hint="Install it: pip install 'git-jetpack[mcp]'",
        ) from error
    serve()
