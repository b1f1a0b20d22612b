"""A program that makes vectors: one JSON text a line in, one JSON list of numbers a line out."""

from __future__ import annotations

import json
import shlex
import subprocess
from collections.abc import Sequence

from jetpack_git.embed.base import Unavailable
from jetpack_git.embed.base import Unfit
from jetpack_git.embed.base import packed

SHOWN = 200


class Command:
    """Runs the program once for all texts. It is started without a shell."""

    is_semantic = True
    is_quick = False

    def __init__(self, *, command: str, dimension: int, timeout_s: float) -> None:
        self.name = f"command:{command}:{dimension}"
        self.dimension = dimension
        self._command = command
        self._timeout_s = timeout_s

    def embed(self, texts: Sequence[str]) -> list[bytes]:
        """For each text a vector of length 1, as float32. Raises Unavailable, and Unfit."""
        given = "".join(f"{json.dumps(one)}\n" for one in texts)
        try:
            done = subprocess.run(
                shlex.split(self._command), input=given.encode(), capture_output=True,
                timeout=self._timeout_s, check=False,
            )  # fmt: skip
        except subprocess.TimeoutExpired as error:
            raise Unavailable(
                f"The embedder {self._command!r} has not answered within {self._timeout_s:g} s."
            ) from error
        except (OSError, ValueError) as error:
            raise Unavailable(f"The embedder {self._command!r} cannot run: {error}.") from error
        if done.returncode != 0:
            said = done.stderr.decode("utf-8", "replace").strip()[-SHOWN:]
            raise Unfit(
                f"The embedder {self._command!r} ended with status {done.returncode}: {said}"
            )
        lines = done.stdout.splitlines()
        if len(lines) != len(texts):
            raise Unfit(
                f"The embedder {self._command!r} gave {len(lines)} lines for {len(texts)} texts."
            )
        source = f"The embedder {self._command!r}"
        try:
            rows = [json.loads(line) for line in lines]
        except (ValueError, RecursionError) as error:
            raise Unfit(f"{source} gave a line that is no JSON.") from error
        return [packed(_numbers(one), dimension=self.dimension, source=source) for one in rows]


def _numbers(row: object) -> Sequence[object]:
    return row if isinstance(row, list) else ()
