"""The doctor's checks of memories."""

from __future__ import annotations

from collections.abc import Callable
from collections.abc import Iterator
from collections.abc import Mapping
from functools import partial

from jetpack_git.data.database import Database
from jetpack_git.data.memories import reindex
from jetpack_git.doctor.finding import Finding
from jetpack_git.embed.base import Embedder
from jetpack_git.embed.base import Unfit
from jetpack_git.errors import BadInput
from jetpack_git.errors import StoreError
from jetpack_git.work import settings
from jetpack_git.work import vectors
from jetpack_git.workspace import Workspace


def check(workspace: Workspace) -> Iterator[Finding]:
    """Every memory is in the index of words, and has a vector of the embedder, which answers."""
    db = workspace.db
    if db.one("memories.any") is None:
        return
    if db.one("memories.unindexed") is not None:
        yield Finding(
            "memories", "Memories are missing in the index of words.", "Make it anew.",
            partial(reindex, db),
        )  # fmt: skip
    yield from _successors(db)
    try:
        config = settings.read(workspace.clone.config, db)
        embedder = vectors.chosen(config.memory, workspace.clone)
    except (BadInput, StoreError) as error:
        yield Finding("memories", error.message, error.hint)
        return
    repair: Callable[[], object] | None = partial(_make, db, embedder)
    advice = "Make them."
    try:
        embedder.embed([vectors.PROBE])
    except StoreError as error:
        yield Finding("memories", error.message, error.hint)
        repair, advice = None, "They are made when the embedder answers."
    missing = db.count("vectors.missing_total", embedder=embedder.name)
    if missing > 0:
        yield Finding(
            "memories", f"{missing} memories have no vector of {embedder.name}.", advice, repair,
            serious=False,
        )  # fmt: skip
    elif refused := _refused(db, embedder):
        yield Finding(
            "memories", refused,
            "A shorter text may do: git jetpack edit ID --body TEXT", serious=False,
        )  # fmt: skip


def _make(db: Database, embedder: Embedder) -> None:
    """The vectors are there. Raises Unfit, which says what has none, where the embedder would not
    have some of the texts.
    """
    before = _refused(db, embedder)
    vectors.make(db, embedder)
    refused = _refused(db, embedder)
    if refused != before:
        raise Unfit(refused)


def _refused(db: Database, embedder: Embedder) -> str:
    """What the embedder makes no vectors of; empty if there is nothing."""
    ids = [str(row["id"]) for row in db.all("vectors.refused", embedder=embedder.name)]
    return (
        ""
        if not ids
        else (
            f"{embedder.name} refuses {len(ids)} memories, such as {ids[0]}: "
            "they are found by their words alone."
        )
    )


def _successors(db: Database) -> Iterator[Finding]:
    """What a memory is superseded by is there, and is not superseded by it."""
    rows = db.all("memories.successors")
    after = {str(row["id"]): str(row["superseded_by"]) for row in rows}
    for row in rows:
        one, other = str(row["id"]), str(row["superseded_by"])
        advice = f"Let it hold again: git jetpack edit {one} --superseded-by ''"
        if not row["is_there"]:
            yield Finding(
                "memories", f"{one} is superseded by {other}, and there is no such memory.", advice
            )
        elif _comes_back(one, after):
            yield Finding(
                "memories", f"{one} is superseded by {other}, which it supersedes.", advice
            )


def _comes_back(one: str, after: Mapping[str, str]) -> bool:
    seen: set[str] = set()
    at = after.get(one)
    while at is not None and at != one and at not in seen:
        seen.add(at)
        at = after.get(at)
    return at == one
