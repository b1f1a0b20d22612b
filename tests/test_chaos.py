"""Kill -9 of anybody at any moment loses nothing. CHAOS_SECONDS and CHAOS_SEED say how long."""

from __future__ import annotations

import os
import random
import time
from pathlib import Path

from chaos import invariants
from chaos.killer import Killer
from chaos.world import World
from conftest import Repo

SHORT_S = 6.0
ADD_EVERY_S = 0.5
KILL_EVERY_S = 1.0  # on average


def test_nothing_is_lost_whoever_dies(repo: Repo, tmp_path: Path) -> None:
    """Coordinators, agents, git, bystanders, and all at once, at random moments."""
    seconds = float(os.environ.get("CHAOS_SECONDS", SHORT_S))
    seed = os.environ.get("CHAOS_SEED") or f"{random.getrandbits(32):x}"
    chance = random.Random(seed)
    print(f"\nCHAOS_SECONDS={seconds:g} CHAOS_SEED={seed}")
    world, killer = World(repo, tmp_path, chance), Killer(repo, chance)
    began = time.monotonic()
    next_kill = began + chance.expovariate(1 / KILL_EVERY_S)
    next_add = began
    while time.monotonic() < began + seconds:
        world.keep_going()
        if time.monotonic() >= next_add:
            world.add()
            next_add += ADD_EVERY_S
        if time.monotonic() >= next_kill:
            killer.strike()
            next_kill += chance.expovariate(1 / KILL_EVERY_S)
        time.sleep(0.02)
    world.finish(timeout_s=60 + seconds)
    print(
        f"{len(world.added)} tasks, {world.starts} starts, "
        f"{len(world.evidence.read_text().splitlines())} runs, killed {dict(killer.killed)}"
    )
    invariants.check(world)
