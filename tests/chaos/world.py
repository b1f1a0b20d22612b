"""The world of the chaos: a repository, swarms that are started again and again, new tasks."""

from __future__ import annotations

import json
import os
import random
import subprocess
import sys
import time
from pathlib import Path

from conftest import SCRIPT
from conftest import Repo
from swarm_tools import MARK

AGENT = Path(__file__).with_name("agent.py")
CONFIG = """\
swarm:
  heartbeat: 1
  stale_after: 4
  stop_grace: 0.5
  task_timeout: 20
  breaker: 1000
tasks:
  max_attempts: 1000
  retry_delay: 1
  longest_delay: 1
"""
SWARMS = (("--stay", "-a", "3"), ("-a", "2", "--strategy", "round-robin"))


class World:
    """A clone in which swarms work while somebody adds tasks, from a worktree of its own."""

    def __init__(self, repo: Repo, folder: Path, chance: random.Random) -> None:
        self.repo = repo
        self.desk = Repo(folder / "desk")
        self.evidence = folder / "evidence"
        self.added: list[str] = []
        self.starts = 0
        self._chance = chance
        self._log = (folder / "log").open("ab")
        self._swarms: list[subprocess.Popen[bytes] | None] = [None] * len(SWARMS)
        self.evidence.touch()
        repo.write(".jetpack/config.yaml", CONFIG)
        assert repo.commit("Settings").code == 0
        repo.git("worktree", "add", "-q", "-b", "desk", str(self.desk.path))

    def add(self) -> None:
        """A task more, which often waits for others; whoever adds it may be killed, too."""
        args = ["add", f"Task {len(self.added)}", "--json"]
        if self._chance.random() < 0.3:
            args += ["--file", f"work/{self._chance.randrange(3)}/**"]
        if self.added and self._chance.random() < 0.4:
            args += ["--depends", self._chance.choice(self.added[-10:])]
        done = subprocess.run(
            [SCRIPT, *args], cwd=self.desk.path, env=self._env(), capture_output=True, check=False
        )
        if done.returncode == 0:
            self.added.append(json.loads(done.stdout)["task"]["id"])

    def keep_going(self) -> None:
        """Every swarm that has ended or was killed is started again."""
        for number, (swarm, args) in enumerate(zip(self._swarms, SWARMS, strict=True)):
            if swarm is None or swarm.poll() is not None:
                self._swarms[number] = self._start(*args)

    def finish(self, timeout_s: float) -> None:
        """Nobody is killed any more, and all that was begun is over."""
        for swarm in self._swarms:
            if swarm is not None:
                swarm.terminate()
        for swarm in self._swarms:
            if swarm is not None:
                swarm.wait(60)
        deadline = time.monotonic() + timeout_s
        while self.open() and time.monotonic() < deadline:
            self._start("-a", "4").wait(timeout_s)
        self._log.close()

    def open(self) -> list[str]:
        """The tasks that are not merged yet."""
        tasks = self.repo.ok("list", "-n", "0")["tasks"]
        left = [one["id"] for one in tasks if one["status"] != "completed"]
        return left + [one["id"] for one in self.repo.ok("status")["unmerged"]]

    def _start(self, *args: str) -> subprocess.Popen[bytes]:
        self.starts += 1
        command = f"{sys.executable} -S {AGENT} {{task_id}} {self.evidence}"
        return subprocess.Popen(
            [SCRIPT, "start", "--integrate", "merge", "--command", command, *args],
            cwd=self.repo.path, env=self._env(), stdin=subprocess.DEVNULL, stdout=self._log,
            stderr=self._log, process_group=0,
        )  # fmt: skip

    def _env(self) -> dict[str, str]:
        return os.environ | {MARK: str(self.repo.path)}
