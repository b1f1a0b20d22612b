"""git jetpack search"""

from __future__ import annotations

import click

from jetpack_git.cli import documents
from jetpack_git.cli import fields
from jetpack_git.cli.frame import Frame
from jetpack_git.cli.frame import command
from jetpack_git.cli.terminal import columns
from jetpack_git.work import queries


@command(short_help="Find tasks by the words in them.")
@click.argument("words", nargs=-1, required=True)
@fields.limit_option(20)
def search(frame: Frame, words: tuple[str, ...], limit: int) -> int:
    """Find tasks by the words in them, the best first. The last word may be a beginning.

    Exits 1 when there is none.
    """
    found, total = queries.search(frame.workspace.db, " ".join(words), limit=limit)
    items = [documents.task(one) | {"around": around} for one, around in found]
    rows = [(one.id, str(one.state), " ".join(around.split())) for one, around in found]
    lines = columns(rows) or ["Nothing was found."]
    if total > len(found):
        lines.append(f"… {total - len(found)} more of {total}; show more with -n")
    frame.answer(documents.listing("tasks", items, total), lines)
    return 0 if total else 1
