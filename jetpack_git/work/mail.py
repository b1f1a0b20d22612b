"""Mail: messages, threads, receipts."""

from __future__ import annotations

import json
from collections.abc import Mapping
from collections.abc import Sequence

from jetpack_git import clock
from jetpack_git import ids
from jetpack_git.data.database import Database
from jetpack_git.data.database import Row
from jetpack_git.data.fts import words
from jetpack_git.data.rows import dump
from jetpack_git.errors import BadInput
from jetpack_git.errors import Negative
from jetpack_git.errors import NotFound
from jetpack_git.models.message import CUSTOM
from jetpack_git.models.message import IMPORTANCES
from jetpack_git.models.message import LARGEST_BYTES
from jetpack_git.models.message import Message
from jetpack_git.models.message import Receipt
from jetpack_git.models.message import check
from jetpack_git.work import waiting

_WOKEN = "mail.woken"


class Mail:
    """The mail of one clone."""

    def __init__(self, db: Database) -> None:
        self.db = db

    def send(
        self,
        sender: str,
        recipients: Sequence[str],
        subject: str,
        body: str = "",
        *,
        kind: str = CUSTOM,
        payload: Mapping[str, object] | None = None,
        importance: str = "normal",
        ack: bool = False,
        task_id: str | None = None,
        attachments: Sequence[str] = (),
        reply_to: Message | None = None,
    ) -> Message:
        """The message is in the inbox of each recipient.

        Raises NotFound for who is not known, and BadInput for a payload that is none of its
        type, or for a message that is too large.
        """
        payload = dict(payload or {})
        check(kind, payload)
        subject = " ".join(subject.split())
        _check_text(subject, body, importance)
        for one in recipients:
            self.check_there(one)
        message_id = f"m-{ids.token(8)}"
        with self.db.transaction():
            row = self.db.one(
                "mail.insert", id=message_id, thread=reply_to.thread if reply_to else message_id,
                reply_to=reply_to.id if reply_to else None, type=kind, sender=sender,
                subject=subject, body=body, importance=importance, ack_asked=ack,
                payload=dump(payload), attachments=dump(list(attachments)), task_id=task_id,
                now=clock.now(),
            )  # fmt: skip
            assert row is not None
            unique = list(dict.fromkeys(recipients))
            self.db.many(
                "mail.deliver", [{"recipient": one, "message": row["seq"]} for one in unique]
            )
            self._wake_later(unique)
        return self.get(message_id)

    def notify(
        self, sender: str, recipients: Sequence[str], subject: str, body: str = "", *, kind: str,
        payload: Mapping[str, object], task_id: str | None = None,
    ) -> None:  # fmt: skip
        """A part of the system tells those of the agents that are there, if any are."""
        there = {str(row["name"]) for row in self.db.all("agents.all") if not row["retired_at"]}
        wanted = [one for one in dict.fromkeys(recipients) if one in there]
        if wanted:
            self.send(sender, wanted, subject, body, kind=kind, payload=payload, task_id=task_id)

    def everybody(self, *, but: str) -> list[str]:
        """Who gets what is sent to all: every agent that has not retired."""
        rows = self.db.all("agents.all")
        return [str(row["name"]) for row in rows if not row["retired_at"] and row["name"] != but]

    def check_there(self, name: str) -> None:
        """There is an agent of that name who can read mail. Raises NotFound."""
        row = self.db.one("agents.get", name=name)
        if row is not None and not row["retired_at"]:
            return
        if row is not None:
            raise NotFound(f"{name} has retired.", hint="See who is there: git jetpack agents")
        import difflib

        known = [str(one["name"]) for one in self.db.all("agents.all") if not one["retired_at"]]
        near = difflib.get_close_matches(name, known, n=3)
        raise NotFound(
            f"There is no agent {name!r:.60}.",
            hint=f"Did you mean {' or '.join(near)}?"
            if near
            else "See who is there: git jetpack agents",
        )

    def get(self, text: str) -> Message:
        """The message of that id, or of the one that begins so, with its receipts.

        Raises NotFound, or BadInput when several begin so.
        """
        row = self.db.one("mail.get", id=text)
        if row is None:
            row = self.db.one("mail.get", id=self._resolve(text))
        assert row is not None
        receipts = [
            Receipt(str(one["recipient"]), _text(one["read_at"]), _text(one["acked_at"]))
            for one in self.db.all("mail.recipients", message=row["seq"])
        ]
        return _message(row, receipts)

    def inbox(
        self, agent: str, *, unread: bool = False, limit: int = -1
    ) -> tuple[list[Message], int]:
        """The newest messages that the agent got, and how many there are."""
        if unread:
            rows = self.db.all("mail.unread", agent=agent, limit=limit)
            return [_message(row) for row in rows], self.unread(agent)
        rows = self.db.all("mail.inbox", agent=agent, unread=False, limit=limit)
        total = self.db.count("mail.inbox_total", agent=agent, unread=False)
        return [_message(row) for row in rows], total

    def unread(self, agent: str) -> int:
        """How many messages the agent has not read."""
        return self.db.count("mail.unread_total", agent=agent)

    def outbox(self, agent: str, *, limit: int = -1) -> tuple[list[Message], int]:
        """The newest messages that the agent sent, and how many there are."""
        rows = self.db.all("mail.outbox", agent=agent, limit=limit)
        total = self.db.count("mail.outbox_total", agent=agent)
        return [self.get(str(row["id"])) for row in rows], total

    def read(self, text: str, *, agent: str) -> Message:
        """The message; who got it has read it now."""
        found = self.get(text)
        with self.db.transaction_quietly():
            self.db.run("mail.read", agent=agent, message=found.seq, now=clock.now())
        return self.get(found.id)

    def ack(self, text: str, *, agent: str) -> Message:
        """The agent has said that it took notice. Raises Negative when it did not get it."""
        found = self.get(text)
        if agent not in [one.recipient for one in found.receipts]:
            raise Negative(f"{found.id} was not sent to {agent}.")
        with self.db.transaction_quietly():
            self.db.run("mail.ack", agent=agent, message=found.seq, now=clock.now())
        return self.get(found.id)

    def reply(
        self, text: str, body: str, *, agent: str, to_all: bool = False, **settings: object
    ) -> Message:
        """An answer to the message: to its sender, or to all of its thread."""
        found = self.get(text)
        rows = self.db.all("mail.of_thread", thread=found.thread) if to_all else []
        others = {str(row["name"]) for row in rows} - {agent}
        others &= {*self.everybody(but=agent)}  # who has retired is left out
        if found.sender != agent:
            others.add(found.sender)
        elif not others:
            others = {one.recipient for one in found.receipts}
        subject = found.subject if found.subject.startswith("Re: ") else f"Re: {found.subject}"
        sent = self.send(
            agent, sorted(others), subject, body, reply_to=found, task_id=found.task_id,
            **settings,  # type: ignore[arg-type]
        )  # fmt: skip
        self.read(found.id, agent=agent)
        return sent

    def thread(self, text: str) -> list[Message]:
        """All messages of the thread that the message is in, the first first."""
        rows = self.db.all("mail.thread", thread=self.get(text).thread)
        return [self.get(str(row["id"])) for row in rows]

    def threads(self, agent: str, *, limit: int = -1) -> tuple[list[Row], int]:
        """The agent's threads, the last spoken in first: id, subject, messages, unread."""
        rows = self.db.all("mail.threads", agent=agent, limit=limit)
        return rows, self.db.count("mail.threads_total", agent=agent)

    def search(self, agent: str, text: str, *, limit: int = -1) -> tuple[list[Message], int]:
        """What the agent sent or got that holds all words of the text, the best first."""
        wanted = words(text)
        if not wanted:
            return [], 0
        rows = self.db.all("mail.search", agent=agent, words=wanted, limit=limit)
        total = self.db.count("mail.search_total", agent=agent, words=wanted)
        return [_message(row) for row in rows], total

    def _resolve(self, text: str) -> str:
        found = [str(row["id"]) for row in self.db.all("mail.by_prefix", prefix=text)]
        if len(found) == 1 and text:
            return found[0]
        if found and text:
            raise BadInput(
                f"{text!r:.60} begins several messages: {', '.join(found)}",
                hint="Type more of the id.",
            )
        raise NotFound(f"There is no message {text!r:.60}.", hint="See: git jetpack inbox")

    def _wake_later(self, recipients: Sequence[str]) -> None:
        """Who waits is woken once the message is there for everybody."""
        woken = self.db.memo.setdefault(_WOKEN, set())
        assert isinstance(woken, set)
        if not woken:
            self.db.after_commit.append(self._wake_now)
        woken.update(recipients)

    def _wake_now(self) -> None:
        woken = self.db.memo.pop(_WOKEN)
        self.db.after_commit.remove(self._wake_now)
        assert isinstance(woken, set)
        waiting.wake(self.db, woken)


def _check_text(subject: str, body: str, importance: str) -> None:
    if not subject:
        raise BadInput("A message needs a subject.", hint="Say in a few words what it is about.")
    if (
        len(subject.encode("utf-8", "replace")) + len(body.encode("utf-8", "replace"))
        > LARGEST_BYTES
    ):
        raise BadInput(
            f"A message has {LARGEST_BYTES:,} bytes at most.",
            hint="Put the rest into a file, and name it with --attach.",
        )
    if importance not in IMPORTANCES:
        raise BadInput(
            f"{importance!r:.60} is no importance.", hint=f"Use one of: {', '.join(IMPORTANCES)}"
        )


def _message(row: Row, receipts: Sequence[Receipt] = ()) -> Message:
    return Message(
        id=str(row["id"]), thread=str(row["thread"]), type=str(row["type"]),
        sender=str(row["sender"]), subject=str(row["subject"]), sent_at=str(row["sent_at"]),
        body=str(row["body"]), reply_to=_text(row["reply_to"]), importance=str(row["importance"]),
        ack_asked=bool(row["ack_asked"]), payload=json.loads(str(row["payload"])),
        attachments=tuple(json.loads(str(row["attachments"]))), task_id=_text(row["task_id"]),
        read_at=_text(row.get("read_at")), acked_at=_text(row.get("acked_at")),
        receipts=tuple(receipts), seq=int(str(row["seq"])),
    )  # fmt: skip


def _text(value: object) -> str | None:
    return None if value is None else str(value)
