"""The killer: at random moments somebody dies, or all do at once."""

from __future__ import annotations

import os
import random
import signal
import time
from collections import Counter
from contextlib import suppress
from pathlib import Path

from conftest import Repo
from swarm_tools import marked

# What is killed how often, and by which signal.
WAYS = {
    "coordinator": (3, signal.SIGKILL),
    "agent": (3, signal.SIGKILL),
    "git": (4, signal.SIGKILL),
    "other": (2, signal.SIGKILL),
    "power": (1, signal.SIGKILL),
    "coordinator asked": (1, signal.SIGTERM),
    "coordinator interrupted": (1, signal.SIGINT),
    "agent asked": (1, signal.SIGTERM),
}


class Killer:
    """Kills what belongs to a repository; `killed` counts the victims by their kind."""

    def __init__(self, repo: Repo, chance: random.Random) -> None:
        self.killed: Counter[str] = Counter()
        self._repo = repo
        self._chance = chance

    def strike(self) -> None:
        """Somebody is dead who was alive; of those kinds of which somebody is."""
        alive: dict[str, list[int]] = {"power": [0]}
        for pid in sorted(marked(self._repo)):
            alive.setdefault(_kind(pid), []).append(pid)
        names = [one for one in WAYS if one.split()[0] in alive]
        name = self._chance.choices(names, [WAYS[one][0] for one in names])[0]
        if name == "power":
            self._power()
        elif _send(self._chance.choice(alive[name.split()[0]]), WAYS[name][1]):
            self.killed[name] += 1

    def _power(self) -> None:
        """Every process dies, and none can do anything about it."""
        number = 0
        while victims := marked(self._repo):
            for pid in victims:
                _send(pid, signal.SIGSTOP)  # so that nobody sees another one die
            number += sum(_send(pid, signal.SIGKILL) for pid in victims)
            time.sleep(0.01)
        self.killed["power"] += bool(number)


def _kind(pid: int) -> str:
    try:
        words = Path(f"/proc/{pid}/cmdline").read_bytes().split(b"\0")
        name = Path(f"/proc/{pid}/comm").read_text().strip()
    except OSError:
        return "gone"
    if name == "git":
        return "git"
    if any(word.endswith(b"agent.py") for word in words[:4]):
        return "agent"
    return "coordinator" if b"start" in words[:4] else "other"


def _send(pid: int, number: int) -> bool:
    with suppress(ProcessLookupError, PermissionError):
        os.kill(pid, number)
        return True
    return False
