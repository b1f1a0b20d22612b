"""Whole processes, measured by what the operating system says they used."""

from __future__ import annotations

import os
import signal
import sys
import time
from collections.abc import Callable
from collections.abc import Iterator
from collections.abc import Mapping
from collections.abc import Sequence
from dataclasses import dataclass
from dataclasses import field
from pathlib import Path
from statistics import median

BARE = (sys.executable, "-I", "-c", "pass")
Command = Callable[[int], Sequence[str]]


class Failed(Exception):
    """A measured process did not do what it should."""


@dataclass(frozen=True)
class Use:
    """What one process and the children that it waited for used."""

    cpu_ms: float
    wall_ms: float


@dataclass
class Case:
    """One command to measure; `name` says what, `size` on how much.

    `command` is called with the number of the round. `prepare` runs before every
    round and is not measured. `rounds` bounds how often the case is measured.
    """

    name: str
    size: str
    command: Command
    folder: Path
    environment: Mapping[str, str]
    code: int = 0
    prepare: Callable[[], None] | None = None
    rounds: int | None = None
    uses: list[Use] = field(default_factory=list)
    bares: list[Use] = field(default_factory=list)

    @property
    def cpu_ratio(self) -> float:
        """How many times the CPU time of the bare interpreter that ran just before."""
        return median(a.cpu_ms / b.cpu_ms for a, b in zip(self.uses, self.bares, strict=True))

    @property
    def wall_ratio(self) -> float:
        """The same for the time on the wall."""
        return median(a.wall_ms / b.wall_ms for a, b in zip(self.uses, self.bares, strict=True))


def measure(cases: Sequence[Case], *, rounds: int, log: Path) -> Iterator[int]:
    """Every case has run in turn, `rounds` times, after a bare interpreter each time.

    So a slow moment of the machine meets all of them alike. A first round warms caches and
    is not kept. Yields the number of each finished round.
    """
    for number in range(rounds + 1):
        for case in cases:
            if number > (rounds if case.rounds is None else case.rounds):
                continue
            if case.prepare is not None:
                case.prepare()
            bare = run(BARE, case.folder, case.environment, 0, log)
            use = run(case.command(number), case.folder, case.environment, case.code, log)
            if number > 0:
                case.bares.append(bare)
                case.uses.append(use)
        yield number


def run(
    command: Sequence[str], folder: Path, environment: Mapping[str, str], code: int, log: Path
) -> Use:
    """What the command used. Raises Failed when it ends with any other code."""
    os.chdir(folder)
    output = (os.POSIX_SPAWN_OPEN, 1, str(log), os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    actions = [
        (os.POSIX_SPAWN_OPEN, 0, os.devnull, os.O_RDONLY, 0), output, (os.POSIX_SPAWN_DUP2, 1, 2)
    ]  # fmt: skip
    started = time.perf_counter()
    pid = os.posix_spawnp(command[0], list(command), environment, file_actions=actions)
    try:
        _, status, usage = os.wait4(pid, 0)
    except BaseException:
        os.kill(pid, signal.SIGKILL)
        os.waitpid(pid, 0)
        raise
    wall = time.perf_counter() - started
    ended = os.waitstatus_to_exitcode(status)
    if ended != code:
        said = log.read_text(errors="replace")[-2000:]
        raise Failed(f"{' '.join(command)} ended with {ended}, not {code}:\n{said}")
    return Use((usage.ru_utime + usage.ru_stime) * 1000, wall * 1000)
