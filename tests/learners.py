"""Clones that remember as well, and whose memories are to agree in the end."""

from __future__ import annotations

from dataclasses import dataclass
from dataclasses import field
from pathlib import Path

from clones import Open
from clones import World

from jetpack_git.mirror.files import memory_path
from jetpack_git.mirror.memory_text import memory_text
from jetpack_git.models.memory import Memory
from jetpack_git.work.memories import Memories
from jetpack_git.work.memories import Query
from jetpack_git.workspace import Workspace


@dataclass
class Learners(World):
    """A world with memories: which were made, and which somebody has forgotten."""

    learned: set[str] = field(default_factory=set)
    forgotten: set[str] = field(default_factory=set)

    def remember(self, here: Path, _: Path, number: int) -> None:
        """Something new is known."""
        with Open(here) as workspace:
            made = Memory(id="", title=f"Fact {len(self.learned)}", agent=here.name)
            self.learned.add(_memories(workspace, here).remember(made, force=True).id)

    def relearn(self, here: Path, _: Path, number: int) -> None:
        """A field of a memory is another."""
        changes: list[dict[str, object]] = [
            {"title": f"Fact {number} by {here.name}"}, {"importance": number / 11},
            {"tags": (f"{here.name}-{number % 3}",)}, {"body": f"Text {number}\n" * 3},
        ]  # fmt: skip
        self._change(here, number, changes[number % len(changes)])

    def promote(self, here: Path, _: Path, number: int) -> None:
        """A memory is of another type, so that its file moves."""
        self._change(here, number, {"memory_type": ("procedural", "episodic", "a b")[number % 3]})

    def forget(self, here: Path, _: Path, number: int) -> None:
        """A memory is gone, and a commit says so."""
        with Open(here) as workspace:
            memories = _memories(workspace, here)
            found = _all(memories)
            if found and number % 2:
                gone = memories.forget(found[number % len(found)].id, agent=here.name)
                self.forgotten.add(gone.id)

    def _change(self, here: Path, number: int, fields: dict[str, object]) -> None:
        with Open(here) as workspace:
            memories = _memories(workspace, here)
            found = _all(memories)
            if found:
                memories.edit(found[number % len(found)].id, fields, agent=here.name, force=True)

    def revert(self, here: Path, there: Path, number: int) -> None:
        """What a commit has added is forgotten when it is undone."""
        before = self._known(here)
        super().revert(here, there, number)
        self.forgotten |= before - self._known(here)

    def _known(self, here: Path) -> set[str]:
        with Open(here) as workspace:
            return {one.id for one in _all(_memories(workspace, here))}

    def check(self, trees: set[str]) -> None:
        """No memory is lost, and everybody has the same."""
        super().check(trees)
        seen = []
        for here in self.clones:
            with Open(here) as workspace:
                rows = {one.id: one for one in _all(_memories(workspace, here))}
            texts = {
                memory_path(one.memory_type, one.id): memory_text(one) for one in rows.values()
            }
            there = {
                str(path.relative_to(here)): path.read_text()
                for path in (here / ".memories").glob("*/*.md")
            }
            assert texts == there, f"{here.name}: files and memories differ"
            lost = self.learned - rows.keys() - self.forgotten
            assert not lost, f"{here.name}: forgot {lost}"
            seen.append(texts)
        assert all(one == seen[0] for one in seen), "the clones' memories differ"


def _memories(workspace: Workspace, here: Path) -> Memories:
    return Memories(workspace.db, worktree=str(here))


def _all(memories: Memories) -> list[Memory]:
    found, _ = memories.list(Query("", live=False))
    return sorted(found, key=lambda one: (one.title, one.id))
