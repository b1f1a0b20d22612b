"""What there is to tell of a swarm, for people and for programs."""

from __future__ import annotations

from dataclasses import dataclass

from jetpack_git.models.task import Task


@dataclass(frozen=True)
class Progress:
    """One thing to tell whoever watches. `what` is a word such as `claimed`.

    `agent` is `-` where it concerns the whole swarm.
    """

    at: str
    agent: str
    what: str
    task: Task | None = None
    note: str = ""

    def document(self) -> dict[str, object]:
        """The same for a program, as JSON has it; the keys are interface."""
        task = self.task if self.task is not None and self.task.id else None
        return {
            "at": self.at,
            "agent": None if self.agent == "-" else self.agent,
            "what": self.what,
            "task_id": task.id if task else None,
            "title": task.title if task else None,
            "branch": task.branch if task else None,
            "note": self.note,
        }
