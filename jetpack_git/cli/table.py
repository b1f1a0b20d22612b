"""Watching a swarm: a table that changes in place."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from collections.abc import Mapping
from typing import Self

from rich.console import Console
from rich.live import Live
from rich.table import Table as RichTable
from rich.text import Text

from jetpack_git import clock
from jetpack_git.cli.terminal import safe
from jetpack_git.cli.watch import ENDS
from jetpack_git.cli.watch import LOUD
from jetpack_git.cli.watch import Lines
from jetpack_git.cli.watch import line
from jetpack_git.cli.watch import money
from jetpack_git.cli.watch import span
from jetpack_git.cli.watch import title_of
from jetpack_git.models.run import Usage
from jetpack_git.swarm.progress import Progress

COUNT_S = 2.0  # how old the costs that are shown may be
HEADS = ("agent", "is", "task", "for", "cost", "title", "last line")
NEEDED = 4  # how many of them a narrow terminal shows: what tells agents and tasks apart
WIDE = 64  # columns that it takes to show all of them


class Table(Lines):
    """A row for each agent, redrawn as it changes; what went wrong scrolls by above it.

    `used` tells what each agent has used; it is asked in the thread that calls `tell`.
    """

    def __init__(self, used: Callable[[], Mapping[str, Usage]]) -> None:
        self._console = Console()
        self._ask = used
        self._asked_at = -COUNT_S
        self._used: Mapping[str, Usage] = {}
        self._rows: dict[str, Progress] = {}
        self._began: dict[str, float] = {}
        self._said: dict[str, str] = {}
        self._ended: Counter[str] = Counter()
        self._live = Live(console=self._console, refresh_per_second=2, get_renderable=self._drawn)

    def __enter__(self) -> Self:
        self._live.__enter__()
        return self

    def __exit__(self, *_: object) -> None:
        self._live.__exit__(None, None, None)

    def tell(self, progress: Progress) -> None:
        """The agent's row shows it."""
        if progress.what == "says":
            self._said[progress.agent] = safe(progress.note)
        elif progress.agent != "-":
            self._rows[progress.agent] = progress
            if progress.what == "claimed":
                self._began[progress.agent] = clock.monotonic()
            elif progress.what in ENDS:
                self._began.pop(progress.agent, None)
                self._said.pop(progress.agent, None)
        if progress.what in ENDS and progress.task is not None:
            self._ended[progress.what] += 1
        if progress.what in LOUD:
            self._console.print(Text(line(progress)))
        if clock.monotonic() >= self._asked_at + COUNT_S:
            self._asked_at = clock.monotonic()
            self._used = self._ask()

    def _drawn(self) -> RichTable:
        table = RichTable(box=None, padding=(0, 2, 0, 0))
        heads = HEADS if self._console.width >= WIDE else HEADS[:NEEDED]
        for head in heads:
            table.add_column(head, no_wrap=head in HEADS[:NEEDED])
        used = dict(self._used)
        for name, progress in sorted(self._rows.items()):
            task = progress.task
            began = self._began.get(name)
            cells = (
                name, progress.what, task.id if task else "",
                span(clock.monotonic() - began) if began is not None else "",
                money(used[name].cost) if name in used and used[name].tokens else "",
                title_of(task), self._said.get(name, ""),
            )  # fmt: skip
            shown = cells[: len(heads)]
            table.add_row(*(Text(one, overflow="ellipsis", no_wrap=True) for one in shown))
        counts = ", ".join(f"{number} {what}" for what, number in sorted(self._ended.items()))
        table.caption = counts or "nothing has ended yet"
        return table
