"""The roster: which agents a swarm has, each with a name and a worktree that nobody else uses."""

from __future__ import annotations

from collections.abc import Callable
from collections.abc import Iterator
from pathlib import Path

from jetpack_git.errors import GitFailed
from jetpack_git.errors import JetpackError
from jetpack_git.git import worktrees
from jetpack_git.models.agent import Agent
from jetpack_git.swarm.kinds import Kind
from jetpack_git.work.agents import Agents
from jetpack_git.workspace import Workspace

MOST_AGENTS = 1000
MOST_SKIPPED = 3  # worktrees that cannot be made one after the other, before it is given up


class Roster:
    """The agents of a swarm, of the given kinds in turn. `skipped` is told why a name is left."""

    def __init__(
        self, workspace: Workspace, kinds: list[Kind], *, base: str,
        skipped: Callable[[str, str], None],
    ) -> None:  # fmt: skip
        self._workspace = workspace
        self._kinds = kinds
        self._base = base
        self._skipped = skipped
        self._turn = 0

    def enlist(self, number: int) -> list[tuple[Agent, Kind]]:
        """As many agents more, if there are worktrees for them.

        A worktree that cannot be used is left alone, and so is its agent's name. Raises
        JetpackError when there is none for any of them.
        """
        found: list[tuple[Agent, Kind]] = []
        failures = 0
        for agent, kind, was_there in self._names():
            if agent is not None:
                error = self._unusable(agent)
                if error is None:
                    self._turn += 1
                    found.append((agent, kind))
                else:
                    failures += 1
                    if failures > MOST_SKIPPED and not was_there:
                        if found:
                            break
                        raise error
                    self._skipped(agent.name, error.message)
            if len(found) == number:
                break
        return found

    def _names(self) -> Iterator[tuple[Agent | None, Kind, bool]]:
        """Each name in turn with a new life, None where somebody else lives it."""
        agents = Agents(self._workspace.db)
        for number in range(1, MOST_AGENTS):
            kind = self._kinds[self._turn % len(self._kinds)]
            name = f"agent-{number}"
            path = Path(self._workspace.clone.pool, name)
            was_there = path.exists()
            yield agents.start(name, worktree=str(path), skills=kind.skills), kind, was_there

    def _unusable(self, agent: Agent) -> JetpackError | None:
        """Why the agent's worktree cannot be used; the life of the agent is over then."""
        try:
            check_usable(Path(str(agent.worktree)), self._workspace, self._base)
        except JetpackError as error:
            Agents(self._workspace.db).finish(agent)
            return error
        return None


def check_usable(path: Path, workspace: Workspace, base: str) -> None:
    """A worktree is at `path`, and holds nothing that git could not take in. Raises GitFailed."""
    worktrees.ensure(path, clone=Path(workspace.clone.common_dir), start=base)
    odd = worktrees.nested(path)
    if odd:
        raise GitFailed(f"{path} holds a repository of its own, {odd[0]}; it is left as it is.")
