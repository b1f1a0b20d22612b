"""What clashed in a merge, kept until somebody decides it."""

from __future__ import annotations

import json
from collections.abc import Sequence

from jetpack_git import clock
from jetpack_git.data.database import Database
from jetpack_git.data.journal import Journal
from jetpack_git.models.conflict import Clash

SHOWN = 60


def keep(db: Database, noun_id: str, clashes: Sequence[Clash]) -> list[str]:
    """The clashes are in the database; a sentence for each that was not there yet."""
    said = []
    for one in clashes:
        new = db.one(
            "conflicts.add", task_id=noun_id, field=one.field, ours=json.dumps(one.ours),
            theirs=json.dumps(one.theirs), chosen=json.dumps(one.chosen), at=clock.now(),
        )  # fmt: skip
        if new is not None:
            note = told(one)
            Journal(db, None).event("mirror.conflict", noun_id, note=note, field=one.field)
            said.append(f"{noun_id}: {note} To decide: git jetpack resolve {new['number']}")
    return said


def told(clash: Clash) -> str:
    """The clash in words."""
    return (
        f"{clash.field} is {_short(clash.ours)} here and {_short(clash.theirs)} there; "
        f"{_short(clash.chosen)} is in use."
    )


def _short(value: object) -> str:
    return "nothing" if value in (None, "") else repr(value)[:SHOWN]
