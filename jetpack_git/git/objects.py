"""Reading what git keeps, whatever hash function names it."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from jetpack_git.git.run import run


def blobs(names: Iterable[str], *, cwd: Path, fetch: bool = False) -> dict[str, bytes]:
    """The content of each of these files; those that are not here are left out.

    A name is an object id, or `REVISION:PATH` without a newline. With `fetch` a partial clone
    gets what it lacks, one by one.
    """
    wanted = list(dict.fromkeys(names))
    if not wanted:
        return {}
    given = "".join(f"{name}\n" for name in wanted).encode("utf-8", "surrogateescape")
    env = {} if fetch else {"GIT_NO_LAZY_FETCH": "1"}
    out = run("cat-file", "--batch", "--buffer", cwd=cwd, stdin=given, env=env).stdout
    found: dict[str, bytes] = {}
    at = 0
    for name in wanted:
        end = out.index(b"\n", at)
        said, at = out[at:end].rsplit(b" ", 2), end + 1
        if len(said) == 3 and said[1] == b"blob" and said[2].isdigit():
            size = int(said[2])
            found[name], at = out[at : at + size], at + size + 1
        elif len(said) == 3 and said[2].isdigit():
            at += int(said[2]) + 1
    return found
