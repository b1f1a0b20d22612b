"""Vectors of memories: which embedder makes them, and those that are still to be made.

Vectors of the built-in embedder are there with each memory. Another one's are made by the
commands that come after, a few at a time: no write waits for a model.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

from jetpack_git import clock
from jetpack_git.data.database import Database
from jetpack_git.data.memories import to_memory
from jetpack_git.data.rows import dump
from jetpack_git.digest import sha1
from jetpack_git.embed.base import Embedder
from jetpack_git.embed.base import Unavailable
from jetpack_git.embed.base import Unfit
from jetpack_git.embed.choose import embedder
from jetpack_git.errors import StoreError
from jetpack_git.git.clone import Clone
from jetpack_git.models.config import MemoryConfig

Progress = Callable[[int, int], None]
CHUNK = 32
PROBE = "Does it answer?"
LEFT_ALONE_S = 60
_SILENT = "memory.silent_embedder"  # its name, and until when it is left alone
LOCAL = ("127.0.0.1", "::1", "localhost")


def chosen(config: MemoryConfig, clone: Clone) -> Embedder:
    """The embedder that the config names, if this clone's user lets it.

    The config comes with the repository: who has cloned one would not have its author run a
    program here, or send texts and a key elsewhere. Raises BadInput and Unavailable.
    """
    found = embedder(config)
    asks = {"http": config.url, "command": config.command}.get(config.embedder)
    if not asks:
        return found
    from urllib.parse import urlsplit  # takes as long to load as all of this

    is_local = config.embedder == "http" and urlsplit(asks).hostname in LOCAL
    if not is_local or config.key_env:
        from jetpack_git.git.run import git

        where = Path(clone.worktree or clone.common_dir)
        if git("config", "jetpack.embedder", cwd=where, check=False) != asks:
            raise Unavailable(
                f"The config wants to ask {asks!r:.200} for vectors, which nobody has allowed in "
                "this clone.",
                hint="If you trust it, set git's jetpack.embedder to that very text.",
            )
    return found


def check_answering(db: Database, found: Embedder) -> None:
    """Raises Unavailable while the embedder is left alone: it has kept somebody waiting."""
    row = db.one("meta.get", name=_SILENT)
    name, _, until = str(row["value"]).rpartition(" ") if row is not None else ("", "", "")
    if name == found.name and until > clock.now():
        raise Unavailable(
            f"{name} did not answer a short while ago.", hint="It is asked again soon."
        )


def leave_alone(db: Database, found: Embedder) -> None:
    """The embedder is not asked for a while, by whoever can do without."""
    with suppress(StoreError):
        until = clock.after(LEFT_ALONE_S)
        db.run("meta.set", name=_SILENT, value=f"{found.name} {until}")


def make(
    db: Database, found: Embedder, *, limit_s: float | None = None,
    progress: Progress | None = None,
) -> int:  # fmt: skip
    """Each memory has a vector of the embedder, as far as `limit_s` seconds go.

    A text that the embedder refuses gets an empty one, so that it is not asked for ever again;
    it is found by halves, for one among many is refused with them.
    How many have none yet. Raises Unavailable, which loses nothing that was made.
    """
    until = None if limit_s is None else clock.monotonic() + limit_s
    left = db.count("vectors.missing_total", embedder=found.name)
    total, done, at_once = left, 0, CHUNK
    while left > 0:
        rows = db.all("vectors.missing", embedder=found.name, limit=at_once)
        if not rows:
            break
        texts = [to_memory(row).text for row in rows]
        try:
            vectors = found.embed(texts)
        except Unfit:
            found.embed([PROBE])  # it may want no text at all, or none for a while
            if len(rows) > 1:
                at_once = len(rows) // 2
                continue
            vectors = [b""]
        at_once = min(2 * at_once, CHUNK)
        with db.transaction_quietly():
            seqs = dump([row["seq"] for row in rows])
            now = {
                row["seq"]: to_memory(row).text for row in db.all("memories.numbered", seqs=seqs)
            }
            for row, text, vector in zip(rows, texts, vectors, strict=True):
                if now.get(row["seq"]) != text:
                    continue  # it was edited meanwhile
                db.run(
                    "vectors.save", embedder=found.name, seq=row["seq"],
                    dimension=found.dimension, digest=sha1(text.encode()), vector=vector,
                )  # fmt: skip
        done += len(rows)
        left -= len(rows)
        if progress:
            progress(done, total)
        if until is not None and clock.monotonic() > until:
            break
    return max(left, 0)
