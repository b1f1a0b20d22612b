"""What the documentation shows is what happens.

A block ```console is a session: its commands are run in order in one scratch repository. In
the output a line `…` stands for any lines, and ids, times and agents' numbers for any of their
kind; an id is remembered, so that a later command may name it. A block of a file's kind is that
file; one that begins with a comment of nothing but a path is the file of that path.
"""

from __future__ import annotations

import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from conftest import Repo

ROOT = Path(__file__).parents[1]
DOCS = sorted([ROOT / "README.md", *(ROOT / "docs").glob("*.md")])
BLOCK = re.compile(r"^```(\w+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
ID = re.compile(r"j[pm]-[0-9a-z]{4,}(?:\.[0-9a-z]{3,})*")
TIME = re.compile(r"\d{4}-\d\d-\d\dT[\d:.]+Z")
FILES = {"markdown": "plan.md", "yaml": "plan.yaml", "jsonl": "issues.jsonl"}
AGENT = re.compile(r"agent-\d+|#\d+|\bm-[0-9a-z]{8}\b|\b[0-9a-f]{12}\b")


class Session:
    """The commands of one document, in one repository."""

    def __init__(self, repo: Repo) -> None:
        self.repo = repo
        self.ids: dict[str, str] = {}

    def run(self, block: str) -> None:
        """Every command of the block prints what stands below it."""
        for part in re.split(r"^\$ ", block, flags=re.MULTILINE)[1:]:
            command, _, expected = part.partition("\n")
            command = ID.sub(lambda found: self.ids.get(found[0], found[0]), command)
            done = subprocess.run(
                shlex.split(command),
                cwd=self.repo.path,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                text=True,
                check=False,
            )
            self.compare(command, expected, done.stdout)

    def compare(self, command: str, expected: str, actual: str) -> None:
        """The output is as shown; the ids in it are remembered."""
        names: list[str] = []
        pattern = ""
        for line in expected.splitlines():
            if line.strip() == "…":
                pattern += r"(?:.*\n)*?"
                continue
            for piece in re.split(f"({ID.pattern}|{TIME.pattern}|{AGENT.pattern})", line):
                if ID.fullmatch(piece):
                    names.append(piece)
                    pattern += f"({ID.pattern})"
                elif TIME.fullmatch(piece) or AGENT.fullmatch(piece):
                    pattern += f"(?:{(TIME if TIME.fullmatch(piece) else AGENT).pattern})"
                else:
                    pattern += re.sub(r"(?:\\ ){2,}", r" +", re.escape(piece))
            pattern += r" *\n"
        found = re.fullmatch(pattern, actual)
        assert found, f"$ {command}\nshown:\n{expected}\nprinted:\n{actual}"
        for name, real in zip(names, found.groups(), strict=True):
            assert self.ids.setdefault(name, real) == real, f"$ {command}: {name} is two tasks"


@pytest.mark.parametrize("path", DOCS, ids=lambda path: path.name)
def test_the_sessions_in_the_docs_are_real(path: Path, bare_repo: Repo) -> None:
    """Each command shown prints what is shown."""
    session = Session(bare_repo)
    for kind, block in BLOCK.findall(path.read_text(encoding="utf-8")):
        if kind in FILES:
            named = re.match(r"# (\S+/\S+)\n", block)
            bare_repo.write(named[1] if named else FILES[kind], block)
        elif kind == "console":
            session.run(block)


def test_the_made_documentation_is_fresh() -> None:
    """docs/cli.md and the man page say what the code says."""
    done = subprocess.run(
        [sys.executable, ROOT / "docs" / "generate.py", "--check"],
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, "")


def test_every_document_is_linked_from_the_readme() -> None:
    """A newcomer finds each page."""
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    missing = [path.name for path in DOCS if path.name != "README.md" and path.name not in text]
    assert not missing


def test_relative_links_lead_somewhere() -> None:
    """No link in the documentation is broken."""
    for path in DOCS:
        for target in re.findall(r"\]\(([^)#]+)[^)]*\)", path.read_text(encoding="utf-8")):
            if "://" not in target:
                assert (path.parent / target).exists(), (path, target)


def test_the_work_ahead_is_in_the_projects_own_tasks(repo: Repo) -> None:
    """Its task files can be loaded, and the roadmap says nothing that they do not."""
    shutil.copytree(ROOT / ".tasks", repo.path / ".tasks", dirs_exist_ok=True)
    shutil.copytree(ROOT / "docs", repo.path / "docs")
    loaded = repo.ok("sync")
    assert (loaded["errors"], len(loaded["added"]) > 30) == ([], True)
    told = repo.jetpack("load", "docs/roadmap.md", "--dry-run", "--json").json
    assert (told["added"], told["updated"]) == ([], [])
