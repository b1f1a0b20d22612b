"""Memories: remember, find, edit and forget what agents learned."""

from __future__ import annotations

import re
from collections.abc import Mapping
from collections.abc import Sequence
from dataclasses import dataclass
from dataclasses import replace
from itertools import chain

from jetpack_git import clock
from jetpack_git import ids
from jetpack_git.data.database import Database
from jetpack_git.data.journal import Journal
from jetpack_git.data.memories import put
from jetpack_git.data.memories import scopes_of
from jetpack_git.data.memories import to_memory
from jetpack_git.data.rows import dump
from jetpack_git.digest import sha1
from jetpack_git.embed import hashed
from jetpack_git.errors import BadInput
from jetpack_git.errors import Negative
from jetpack_git.errors import NotFound
from jetpack_git.models import likeness
from jetpack_git.models import terms
from jetpack_git.models.conflict import MEMORY_VALUES
from jetpack_git.models.memory import EPISODIC
from jetpack_git.models.memory import HELPFUL_ENOUGH
from jetpack_git.models.memory import PROCEDURAL
from jetpack_git.models.memory import PROMOTED
from jetpack_git.models.memory import SCOPES
from jetpack_git.models.memory import WORKING
from jetpack_git.models.memory import Memory
from jetpack_git.models.paths import memory_path
from jetpack_git.work.retrievers import Asked
from jetpack_git.work.retrievers import by_words

LARGEST = 64 * 1024  # bytes of a memory's text
LONGEST_TITLE = 120  # characters
COMPARED = 24  # memories with most words in common, which may say the same
KEPT_EXPIRED_S = 7 * 24 * 3600
MARK = re.compile(r"\[recalled ([\w.-]{1,100})\]", re.IGNORECASE)  # as models.memory.mark makes it
_WORD = re.compile(r"\w+")
EDITABLE = frozenset(
    {
        "title", "body", "memory_type", "importance", "tags", "scope", "valid_from", "expires_at",
        "superseded_by",
    }
)  # fmt: skip


@dataclass(frozen=True)
class Query:
    """Which memories are listed. `agent` asks, and sees its own scope; `live` ones alone."""

    agent: str
    types: tuple[str, ...] = ()
    scope: str | None = None
    source: str | None = None
    task_id: str | None = None
    tag: str | None = None
    text: str | None = None
    live: bool = True


class Memories:
    """The memories of one clone, written to from one of its worktrees."""

    def __init__(self, db: Database, *, worktree: str | None = None) -> None:
        self.db = db
        self.journal = Journal(db, worktree)

    def get(self, text: str) -> Memory:
        """The memory of that id, or the only one whose id begins so.

        Raises NotFound, and BadInput when several begin so.
        """
        row = self.db.one("memories.get", id=text)
        if row is None and text:
            found = [str(one["id"]) for one in self.db.all("memories.by_prefix", prefix=text)]
            if len(found) > 1:
                raise BadInput(
                    f"{text!r} begins several ids of memories: {', '.join(found[:8])}",
                    hint="Type more of the id.",
                )
            row = self.db.one("memories.get", id=found[0]) if found else None
        if row is None:
            hint = "List them with: git jetpack memories"
            raise NotFound(f"There is no memory {text!r:.60}.", hint=hint)
        return to_memory(row)

    def remember(
        self, memory: Memory, *, force: bool = False, supersedes: str | None = None
    ) -> Memory:
        """The memory is kept, under a new id; the one that it `supersedes` holds no more.

        Raises BadInput for text that cannot be kept, holds a secret, or was recalled, and
        Negative when another memory says nearly the same; `force` keeps it all the same, unless
        it repeats what was recalled.
        """
        memory = self._checked(replace(memory, scope=self._scope(memory.scope)), force=force)
        vector, now = hashed.vector(memory.text), clock.now()
        if memory.expires_at is None and memory.layer.ttl_s is not None:
            memory = replace(memory, expires_at=clock.after(memory.layer.ttl_s))
        with self.db.transaction():
            other = None if force else self.near(memory, vector, besides=supersedes)
            if other is not None:
                raise Negative(
                    f"{other.id} {other.title!r:.60} says nearly the same.",
                    hint="Leave it at that, or put this in its place: git jetpack remember "
                    f"--update {other.id} …, or keep both with --force.",
                )
            self.db.run("memories.prune", before=clock.after(-KEPT_EXPIRED_S))
            memory = replace(memory, id=self.new_id(), created_at=now, updated_at=now)
            put(self.db, memory, vector)
            self._note("memory.remembered", memory, memory.agent)
            if supersedes is not None:
                self.edit(supersedes, {"superseded_by": memory.id}, agent=memory.agent or "")
        return self.get(memory.id)

    def near(self, memory: Memory, vector: bytes, *, besides: str | None = None) -> Memory | None:
        """The memory that says most nearly the same, or all of it and little more.

        It holds wherever that one would, and lasts as that would.
        """
        agent, now, digest = memory.agent or "", clock.now(), sha1(memory.text.encode())
        copies = self.db.all(
            "memories.copies", digest=digest, embedder=hashed.NAME, agent=agent, now=now,
            limit=COMPARED,
        )  # fmt: skip
        asked = terms.phrases(memory.text[: 4 * terms.MOST_TERMS])
        seqs = dump(list(by_words(self.db, asked, Asked(agent), COMPARED)))
        rows = self.db.all("vectors.these", embedder=hashed.NAME, seqs=seqs)
        scopes = scopes_of(self.db, memory.scope)
        mine = hashed.numbers(vector)
        alike = {row["seq"]: hashed.similarity(mine, hashed.numbers(row["vector"])) for row in rows}
        found = [to_memory(row) for row in self.db.all("memories.numbered", seqs=seqs)]
        found.sort(key=lambda one: -alike.get(one.seq, 0.0))
        near = (one for one in found if _says(one.text, memory.text, alike.get(one.seq, 0.0)))
        return next(
            (
                one
                for one in chain(map(to_memory, copies), near)
                if one.id not in (memory.id, besides) and one.covers(memory, scopes, now)
            ),
            None,
        )

    def new_id(self) -> str:
        """An id that no memory of this clone bears."""
        attempt = 0
        while self.db.one("memories.get", id=(found := ids.memory_id(attempt=attempt))):
            attempt += 1
        return found

    def edit(
        self, text: str, changes: Mapping[str, object], *, agent: str, force: bool = False
    ) -> Memory:
        """The named fields of the memory have the new values. Raises BadInput."""
        unknown = set(changes) - EDITABLE
        if unknown:
            raise BadInput(f"{', '.join(sorted(unknown))} of a memory cannot be edited.")
        with self.db.transaction():
            before = self.get(text)
            after = replace(before, **changes)  # type: ignore[arg-type]
            if "scope" in changes:
                after = replace(after, scope=self._scope(after.scope))
            if after.superseded_by and "superseded_by" in changes:
                after = replace(after, superseded_by=self._other(after, before.id))
            if after.memory_type != before.memory_type and "expires_at" not in changes:
                after = replace(after, expires_at=_expiry(before, after))
            if after.text != before.text:
                after = self._checked(after, force=force)
                other = None if force else self.near(after, hashed.vector(after.text))
                if other is not None:
                    raise Negative(
                        f"{other.id} {other.title!r:.60} says nearly the same as this would.",
                        hint=f"Forget one of the two: git jetpack forget {before.id}, or keep both "
                        "with --force.",
                    )
            if after != before:
                self._put(before, after, agent)
        return self.get(before.id)

    def set(self, memory_id: str, field: str, value: object, *, agent: str) -> Memory:
        """The field of the memory, as its file calls it, has the value."""
        with self.db.transaction():
            before = self.get(memory_id)
            attribute = MEMORY_VALUES.get(field)
            if attribute is None:
                extra = {**before.extra, field: value}
                extra = {key: one for key, one in extra.items() if one is not None}
                after = replace(before, extra=extra)
            else:
                after = replace(before, **{attribute: value})  # type: ignore[arg-type]
            self._put(before, after, agent)
        return self.get(memory_id)

    def _put(self, before: Memory, after: Memory, agent: str) -> None:
        """What was edited is kept, and its file is due."""
        put(self.db, replace(after, updated_at=clock.now()), before=before)
        if before.memory_type != after.memory_type:
            self._gone(before)
        self._note("memory.edited", after, agent)

    def promote(self, text: str, to: str | None, *, agent: str) -> Memory:
        """The memory is of a type that lasts longer: what was at hand is kept, what was kept
        is a pattern, if not said otherwise. Raises Negative when it is that already."""
        memory = self.get(text)
        wanted = to or (EPISODIC if memory.memory_type == WORKING else PROCEDURAL)
        if wanted == memory.memory_type:
            raise Negative(f"{memory.id} is {wanted} already.")
        return self.edit(memory.id, {"memory_type": wanted}, agent=agent)

    def rate(self, text: str, *, helpful: bool, agent: str) -> Memory:
        """Somebody found the memory helpful, or harmful.

        What was learned, and found helpful again and again, becomes a pattern.
        """
        with self.db.transaction():
            memory = self.get(text)
            self.db.run(
                "memories.rate", id=memory.id, helpful=int(helpful), harmful=int(not helpful)
            )
            self._note("memory.helpful" if helpful else "memory.harmful", memory, agent)
            memory = self.get(memory.id)
            if memory.memory_type in PROMOTED and memory.helpful - memory.harmful >= HELPFUL_ENOUGH:
                memory = self.promote(memory.id, PROCEDURAL, agent=agent)
        return memory

    def forget(self, text: str, *, agent: str) -> Memory:
        """The memory is gone, and its file with it. What it has superseded holds again."""
        with self.db.transaction():
            memory = self.get(text)
            self.db.run("memories.delete", id=memory.id)
            self._gone(memory)
            for row in self.db.all("memories.superseded", by=memory.id):
                self.edit(str(row["id"]), {"superseded_by": None}, agent=agent)
            self.journal.event("memory.forgotten", memory.task_id, agent=agent, note=memory.id)
        return memory

    def list(self, query: Query, *, limit: int = 0) -> tuple[Sequence[Memory], int]:
        """The newest memories that fit (0: all of them), and how many there are."""
        like = query.text.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_") if (
            query.text
        ) else None  # fmt: skip
        rows = self.db.all(
            "memories.list", live=int(query.live), now=clock.now(), agent=query.agent,
            types=dump(query.types) if query.types else None, scope=query.scope,
            source=query.source, task_id=query.task_id, tag=query.tag,
            text=None if like is None else f"%{like}%", limit=limit or -1,
        )  # fmt: skip
        return [to_memory(row) for row in rows], int(str(rows[0]["total"])) if rows else 0

    def at_work(self, agent: str) -> str | None:
        """The task that the agent holds, if it is only one."""
        rows = self.db.all("tasks.held_ids", agent=agent)
        return str(rows[0]["id"]) if len(rows) == 1 else None

    def working_of(self, task_id: str) -> Sequence[Memory]:
        """What was noted for the time of the task, and has not run out."""
        rows = self.db.all("memories.working_of", task_id=task_id, now=clock.now())
        return [to_memory(row) for row in rows]

    def _other(self, memory: Memory, own: str) -> str:
        found = self.get(str(memory.superseded_by)).id
        after: str | None = found
        seen = set()
        while after is not None and after not in seen:
            if after == own:
                what = "itself" if found == own else f"{found}, which it supersedes"
                raise BadInput(f"{own} cannot be superseded by {what}.")
            seen.add(after)
            row = self.db.one("memories.get", id=after)
            after = None if row is None else to_memory(row).superseded_by
        return found

    def of_scope(self, scope: str | None) -> str | None:
        """What is asked for by a scope, or by its kind alone. Raises BadInput."""
        return scope if scope is None or scope in SCOPES else self._scope(scope)

    def _scope(self, scope: str) -> str:
        """The scope with whole ids. Raises BadInput."""
        kind, _, name = scope.partition(":")
        if kind == "repository" and not name:
            return scope
        if kind == "task" and name:
            from jetpack_git.work.find import resolve

            return f"task:{resolve(self.db, name)}"
        if kind == "plan" and name:
            if self.db.one("plans.get", id=name) is None:
                raise NotFound(f"There is no plan {name!r:.60}.", hint="See: git jetpack plan list")
            return scope
        if kind == "agent" and name.strip() and name.isprintable():
            return scope
        raise BadInput(
            f"{scope!r:.60} is no scope.",
            hint="Write repository, plan:ID, task:ID or agent:NAME.",
        )

    def _checked(self, memory: Memory, *, force: bool) -> Memory:
        """The memory, whose text may be kept. Raises BadInput."""
        if len(memory.text.encode()) > LARGEST:
            raise BadInput(
                f"This memory has more than {LARGEST} bytes.",
                hint="Keep what is worth finding again; put the rest in a file of the repository.",
            )
        for one in dict.fromkeys(MARK.findall(memory.text)):
            row = self.db.one("memories.get", id=one.lower())
            is_repeated = row is not None and _is_in(str(row["title"]), memory.text)
            if row is not None and (is_repeated or not force):
                hint = f"To change it: git jetpack edit {row['id']}."
                if not is_repeated:
                    hint += " If this is news that only speaks of it, add --force."
                raise BadInput(
                    f"This text was recalled: it is {row['id']}, which is remembered already.",
                    hint=hint,
                )
        from jetpack_git.work import secrets

        found = [] if force else secrets.find("\n".join([memory.text, *memory.tags]))
        if found:
            lines = [f"a line holds a secret ({one.kind}): {one.shown}" for one in found]
            raise BadInput(
                "\n".join(["This is not kept, for it would be committed:", *lines]),
                hint="Take it out, or add --force if it is none.",
            )
        return memory

    def _gone(self, memory: Memory) -> None:
        if memory.layer.durable:
            self.journal.touched("gone", memory_path(memory.memory_type, memory.id))

    def _note(self, kind: str, memory: Memory, agent: str | None) -> None:
        self.journal.event(kind, memory.task_id, agent=agent, note=memory.id)
        if memory.layer.durable:
            self.journal.touched("memory", memory.id)


def _expiry(before: Memory, after: Memory) -> str | None:
    """When a memory ends that is of another type now: what somebody said of that still holds."""
    if before.layer.ttl_s is None and before.expires_at is not None:
        return after.expires_at
    ttl = after.layer.ttl_s
    return None if ttl is None else clock.after(ttl)


def _is_in(part: str, text: str) -> bool:
    """Whether a text has the words of the other one, if that has any, in their order."""
    mine, theirs = (" ".join(_WORD.findall(one.lower())) for one in (part, text))
    return bool(mine) and f" {mine} " in f" {theirs} "


def _says(text: str, part: str, similarity: float) -> bool:
    """Whether a text states the same as the other one, or has all of it and is less than twice as
    long."""
    is_in = len(part) * 2 > len(text) and _is_in(part, text)
    if similarity < hashed.MAY_BE_NEAR and not is_in:
        return False
    theirs, mine = likeness.words(text), likeness.words(part)
    is_near = similarity >= hashed.NEAR or likeness.has_same_words(theirs, mine)
    return (is_near and likeness.may_be_same(theirs, mine)) or (
        is_in and likeness.is_said_by(mine, theirs)
    )


def titled(text: str, title: str | None) -> tuple[str, str]:
    """The title and the body of a text: its first line and the rest, unless that is too long."""
    text = text.strip()
    if title is not None:
        return " ".join(title.split()), text
    first, _, rest = text.partition("\n")
    if len(first) <= LONGEST_TITLE:
        return first.strip(), rest.strip()
    cut = first[: LONGEST_TITLE - 1].rpartition(" ")[0] or first[: LONGEST_TITLE - 1]
    return f"{cut}…", text
