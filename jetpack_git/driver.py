"""The merge driver of task files, as git runs it: `BASE OURS THEIRS PATH`.

The merged text is in the file OURS, and the exit code 0. What it cannot merge (markers, a file
that is no task or memory, two under one id) it leaves untouched, for git to merge line by line.
"""

from __future__ import annotations

import sys
from pathlib import Path

from jetpack_git.data.database import open_database
from jetpack_git.errors import BadInput
from jetpack_git.errors import JetpackError
from jetpack_git.git.clone import find
from jetpack_git.mirror import conflicts
from jetpack_git.mirror import files
from jetpack_git.mirror import load_memories
from jetpack_git.mirror import load_others
from jetpack_git.mirror import markers
from jetpack_git.mirror import sides
from jetpack_git.mirror import text
from jetpack_git.mirror.memory_text import memory_text
from jetpack_git.models.conflict import Clash
from jetpack_git.models.visible import safe
from jetpack_git.work.conflicts import tell


def main(argv: list[str]) -> int:
    """The exit code of the driver."""
    base, ours, theirs, path = argv
    try:
        versions = markers.Sides(*(Path(one).read_bytes() for one in (base, ours, theirs)))
        if files.is_memory(path):
            memory, clashes = load_memories.merged(versions, path)
            content, told = memory_text(memory), _kept(memory.id, clashes)
        elif path.startswith(files.PLANS + "/"):
            content, told = text.plan_text(*load_others.plan_of(versions, path)), []
        else:
            parsed, clashes = sides.merged(versions, path)
            content, told = text.task_text(parsed.task), _kept(parsed.task.id, clashes)
    except (BadInput, OSError):
        return 1
    Path(ours).write_text(content, encoding="utf-8", newline="")
    for said in told:
        print(f"{safe(path)}: {safe(said)}", file=sys.stderr)
    return 0


def _kept(noun_id: str, clashes: list[Clash]) -> list[str]:
    """What clashed is in the database, where it can be; a sentence for each."""
    if not clashes:
        return []
    try:
        db = open_database(find(".").database, busy_timeout_s=5)
        try:
            with db.transaction_quietly():
                said = conflicts.keep(db, noun_id, clashes)
                tell(db, [noun_id] * bool(said))
                return said
        finally:
            db.close()
    except JetpackError as error:
        return [*map(conflicts.told, clashes), f"This is not kept: {error.message}"]


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
