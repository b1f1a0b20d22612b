"""git jetpack prime"""

from __future__ import annotations

from jetpack_git.cli.frame import Frame
from jetpack_git.cli.frame import command
from jetpack_git.work import prime as primer
from jetpack_git.work.mail import Mail


@command(short_help="Tell an agent what it needs to know as it begins.")
def prime(frame: Frame) -> None:
    """Tell an agent who it is, what it holds, what waits for it, and the commands it needs.

    Made for the start of an agent's session: it takes less than 1,500 tokens.
    """
    frame.tells_of_mail = False
    workspace = frame.workspace
    agent = workspace.agent
    mail = Mail(workspace.db)
    unread, unread_total = mail.inbox(agent, unread=True, limit=primer.SHOWN)
    ready, ready_total = workspace.tasks.ready(limit=primer.SHOWN)
    held = [one for one in workspace.tasks.held() if one.assignee == agent]
    reserved, _ = workspace.reservations.active(agent=agent)
    text = primer.build(
        agent, held, reserved, unread, unread_total=unread_total, ready=ready,
        ready_total=ready_total,
    )  # fmt: skip
    frame.answer({"agent": agent, "text": text}, text)
