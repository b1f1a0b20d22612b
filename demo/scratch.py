"""The scratch repository: made from the template, and the commands that are run in it."""

from __future__ import annotations

import json
import os
import shlex
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

HERE = Path(__file__).resolve().parent
BIN = Path(sys.executable).parent

SETTINGS = {
    "user.name": "maya",
    "user.email": "maya@example.org",
    "commit.gpgSign": "false",
    "core.autocrlf": "false",
    "gc.auto": "0",
}


class DemoFailed(Exception):
    """Something is not as the demo claims."""


def environment() -> dict[str, str]:
    """Ours, with `git jetpack` on PATH, and nothing that would send git or it elsewhere."""
    kept = {k: v for k, v in os.environ.items() if not k.startswith(("GIT_", "JETPACK_"))}
    return kept | {"PATH": os.pathsep.join([str(BIN), kept.get("PATH", os.defpath)])}


class Scratch:
    """A repository to try things in."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self._env = environment()

    def fill(self) -> None:
        """The folder is a git repository that holds the messy code base and the plan."""
        ignored = shutil.ignore_patterns("__pycache__", ".ruff_cache", ".DS_Store")
        shutil.copytree(HERE / "textkit", self.root, dirs_exist_ok=True, ignore=ignored)
        shutil.copy(HERE / "plan.md", self.root)
        self.show("git", "init", "--quiet", "--initial-branch=main", "--template=")
        for name, value in SETTINGS.items():
            self.ask("git", "config", name, value)
        self.commit("Import textkit", ".")

    def commit(self, subject: str, *paths: str) -> None:
        """The paths are committed; the commands are shown."""
        self.show("git", "add", *paths)
        self.show("git", "commit", "--quiet", "-m", subject)

    def show(self, *argv: str, expect: int = 0) -> None:
        """The command has run before everybody's eyes, and ended with the expected status."""
        print(f"\n$ {shlex.join(argv)}", flush=True)
        child = subprocess.Popen(argv, cwd=self.root, env=self._env)
        try:
            code = child.wait()
        except KeyboardInterrupt:
            child.wait()
            raise
        if code != expect:
            raise DemoFailed(f"{shlex.join(argv)} ended with {code} instead of {expect}.")

    def ask(self, *argv: str) -> str:
        """What the command prints, without a word about it."""
        done = subprocess.run(argv, cwd=self.root, env=self._env, capture_output=True, check=False)
        if done.returncode != 0:
            said = done.stderr.decode("utf-8", "replace").strip()
            raise DemoFailed(f"{shlex.join(argv)} ended with {done.returncode}: {said}")
        return done.stdout.decode("utf-8")

    def succeeds(self, *argv: str) -> bool:
        """Whether the command's exit status is 0; what it prints goes nowhere."""
        done = subprocess.run(argv, cwd=self.root, env=self._env, capture_output=True, check=False)
        return done.returncode == 0

    def jetpack(self, *argv: str) -> dict[str, Any]:
        """The JSON document that `git jetpack` answers with."""
        answer: dict[str, Any] = json.loads(self.ask("git", "jetpack", *argv, "--json"))
        return answer

    def tasks(self) -> list[dict[str, Any]]:
        """The leaves of the plan: what agents do."""
        every = self.jetpack("list", "--limit", "0")["tasks"]
        return [task for task in every if task["children"] == 0]

    def events(self, task_id: str) -> list[dict[str, Any]]:
        """What happened to the task, the oldest first."""
        found: list[dict[str, Any]] = self.jetpack("log", task_id)["events"]
        return found
