"""Watching a swarm: a table that changes in place."""

from __future__ import annotations

from collections import Counter
from typing import Self

from rich.console import Console
from rich.live import Live
from rich.table import Table as RichTable
from rich.text import Text

from jetpack_git.cli.watch import ENDS
from jetpack_git.cli.watch import LOUD
from jetpack_git.cli.watch import Lines
from jetpack_git.cli.watch import line
from jetpack_git.cli.watch import title_of
from jetpack_git.swarm.worker import Progress


class Table(Lines):
    """A row for each agent, redrawn as it changes; what went wrong scrolls by above it."""

    def __init__(self) -> None:
        self._console = Console()
        self._live = Live(console=self._console, refresh_per_second=8)
        self._rows: dict[str, Progress] = {}
        self._ended: Counter[str] = Counter()

    def __enter__(self) -> Self:
        self._live.__enter__()
        return self

    def __exit__(self, *_: object) -> None:
        self._live.__exit__(None, None, None)

    def tell(self, progress: Progress) -> None:
        """The agent's row shows it."""
        if progress.agent != "-":
            self._rows[progress.agent] = progress
        if progress.what in ENDS:
            self._ended[progress.what] += 1
        if progress.what in LOUD:
            self._console.print(Text(line(progress)))
        self._live.update(self._drawn())

    def _drawn(self) -> RichTable:
        table = RichTable("agent", "is", "task", "title", box=None, padding=(0, 2, 0, 0))
        for name, progress in sorted(self._rows.items()):
            task = progress.task
            cells = (name, progress.what, task.id if task else "", title_of(task))
            table.add_row(*(Text(one, overflow="ellipsis", no_wrap=True) for one in cells))
        counts = ", ".join(f"{number} {what}" for what, number in sorted(self._ended.items()))
        table.caption = counts or "nothing has ended yet"
        return table
