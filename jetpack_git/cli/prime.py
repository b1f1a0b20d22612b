"""git jetpack prime"""

from __future__ import annotations

from collections.abc import Sequence

from jetpack_git import clock
from jetpack_git.cli.frame import Frame
from jetpack_git.cli.frame import command
from jetpack_git.models.task import Task
from jetpack_git.work import lease_waits
from jetpack_git.work import prime as primer
from jetpack_git.work import settings
from jetpack_git.work.mail import Mail
from jetpack_git.workspace import Workspace


@command(short_help="Tell an agent what it needs to know as it begins.")
def prime(frame: Frame) -> None:
    """Tell an agent who it is, what it holds, what waits for it, and the commands it needs.

    Made for the start of an agent's session: it takes less than 1,500 tokens.
    """
    frame.tells_of_mail = False
    workspace = frame.workspace
    agent = workspace.agent
    mail = Mail(workspace.db)
    lease_waits.tell(workspace.db)
    unread, unread_total = mail.inbox(agent, unread=True, limit=primer.SHOWN)
    ready, ready_total = workspace.tasks.ready(limit=primer.SHOWN)
    held = [one for one in workspace.tasks.held() if one.assignee == agent]
    reserved, _ = workspace.reservations.active(agent=agent)
    text = primer.build(
        agent, held, reserved, unread, unread_total=unread_total, ready=ready,
        ready_total=ready_total, known=_known(workspace, held, agent),
    )  # fmt: skip
    frame.answer({"agent": agent, "text": text}, text)


def _known(workspace: Workspace, held: Sequence[Task], agent: str) -> list[str]:
    """What to know for the tasks that the agent holds; without any, what matters most."""
    db = workspace.db
    if db.one("memories.any") is None:
        return []
    from jetpack_git.models.memory import mark
    from jetpack_git.work import learnings
    from jetpack_git.work import recall
    from jetpack_git.work.retrievers import Asked

    if not held:
        found = learnings.best(db, agent=agent, now=clock.now(), limit=primer.SHOWN)
        return [f"{mark(one.id)} {one.title}" for one in found]
    config = settings.of(workspace.clone, db, workspace.warnings).memory
    said = recall.of_task(db, workspace.clone, config, held[0], Asked(agent), limit=primer.SHOWN)
    return [f"{mark(one.memory.id)} {one.memory.title}" for one in said.found]
