"""From what a user types to the id of a task."""

from __future__ import annotations

from jetpack_git.data.database import Database
from jetpack_git.errors import BadInput
from jetpack_git.errors import NotFound


def resolve(db: Database, text: str) -> str:
    """The id that `text` is, or the only one that begins with it.

    Raises NotFound, which suggests near ones, and BadInput when several begin so.
    """
    known = exact(db, text)
    if known is not None:
        return known
    found = [str(row["id"]) for row in db.all("tasks.by_prefix", prefix=text)] if text else []
    if not found and text:
        found = [str(row["id"]) for row in db.all("aliases.by_prefix", prefix=text)]
    nearest = _common_root(found)
    if nearest is not None:
        return nearest
    if found:
        more = ", …" if len(found) > 8 else ""
        raise BadInput(
            f"{text!r} begins several task ids: {', '.join(found[:8])}{more}",
            hint="Type more of the id.",
        )
    near = _near(db, text)
    hint = f"Did you mean {', '.join(near)}?" if near else "List them with: git jetpack list"
    raise NotFound(f"There is no task {text!r}.", hint=hint)


def exact(db: Database, text: str) -> str | None:
    """The id that `text` is, or is another name of."""
    row = db.one("tasks.get", id=text) or db.one("aliases.get", alias=text)
    return None if row is None else str(row["id"])


def _common_root(found: list[str]) -> str | None:
    """The one task that all found ids are, or descend from.

    `jp-a3f` means `jp-a3f8` though its children begin so too.
    """
    if found and all(one == found[0] or one.startswith(found[0] + ".") for one in found):
        return found[0]
    return None


def _near(db: Database, text: str) -> list[str]:
    """A few ids that look alike."""
    import difflib

    known = [str(row["id"]) for row in db.all("tasks.some_ids")]
    return difflib.get_close_matches(text, known, n=3, cutoff=0.6)
