"""An embeddings endpoint that speaks OpenAI's protocol: `POST URL {model, input}`."""

from __future__ import annotations

import json
import os
import queue
import threading
import urllib.error
import urllib.request
from collections.abc import Iterable
from collections.abc import Sequence
from http.client import HTTPException
from urllib.parse import urlsplit

from jetpack_git.embed.base import Unavailable
from jetpack_git.embed.base import Unfit
from jetpack_git.embed.base import packed

BATCH = 64
LARGEST = 64 * 1024 * 1024  # bytes of an answer
SHOWN = 200
REFUSED = (400, 413, 422)  # what a server says of a text that it does not want


class Http:
    """Asks an endpoint. The key, if it needs one, is in the environment under `key_env`.

    Raises ValueError for an address that is none.
    """

    is_semantic = True
    is_quick = False

    def __init__(
        self, *, url: str, model: str, dimension: int, key_env: str | None, timeout_s: float
    ) -> None:
        self._said = _address(url)
        self.name = f"http:{model}:{dimension}@{self._said}"
        self.dimension = dimension
        self._url = url
        self._model = model
        self._key_env = key_env
        self._timeout_s = timeout_s

    def embed(self, texts: Sequence[str]) -> list[bytes]:
        """For each text a vector of length 1, as float32. Raises Unavailable, and Unfit."""
        found: list[bytes] = []
        for begin in range(0, len(texts), BATCH):
            part = list(texts[begin : begin + BATCH])
            rows = self._answer(part)
            if len(rows) != len(part):
                raise Unavailable(f"{self._said} gave {len(rows)} vectors for {len(part)} texts.")
            found += [packed(one, dimension=self.dimension, source=self._said) for one in rows]
        return found

    def _answer(self, texts: list[str]) -> list[Iterable[object]]:
        """The vectors, in the order of the texts."""
        headers = {"Content-Type": "application/json"}
        if self._key_env:
            key = os.environ.get(self._key_env)
            if not key:
                raise Unavailable(
                    f"The embedder http needs a key in the environment: {self._key_env} is empty."
                )
            headers["Authorization"] = f"Bearer {key}"
        body = json.dumps({"model": self._model, "input": texts}).encode()
        try:
            request = urllib.request.Request(self._url, data=body, headers=headers)  # noqa: S310
            data = _asked(request, self._timeout_s)
        except urllib.error.HTTPError as error:
            error.close()
            kind = Unfit if error.code in REFUSED else Unavailable
            raise kind(f"{self._said} answered {error.code} {error.reason}.") from error
        except (OSError, ValueError, HTTPException) as error:
            reason = str(getattr(error, "reason", error)).strip()[:SHOWN]
            raise Unavailable(f"{self._said} does not answer: {reason}.") from error
        if len(data) > LARGEST:
            raise Unavailable(f"{self._said} answered with more than {LARGEST} bytes.")
        try:
            rows = json.loads(data)["data"]
            ordered = sorted(rows, key=lambda one: one["index"])
            return [one["embedding"] or () for one in ordered]
        except (ValueError, KeyError, TypeError, RecursionError) as error:
            said = data[:SHOWN].decode("utf-8", "replace")
            raise Unavailable(f"{self._said} answered with something else: {said!r}") from error


def _address(url: str) -> str:
    """The address without anything secret: no password, and no key in its query."""
    parts = urlsplit(url)
    return f"{parts.netloc.rpartition('@')[2]}{parts.path}"


class _Stay(urllib.request.HTTPRedirectHandler):
    """The key goes to the address in the config, and to no other."""

    def redirect_request(self, *_: object) -> None:
        """No request follows."""


def _asked(request: urllib.request.Request, timeout_s: float) -> bytes:
    """The answer, or the beginning of one that is too long.

    Raises TimeoutError when it has not all come in time: the socket's own limit starts anew with
    each byte, hence a thread that is left alone then. Raises what urllib raises.
    """
    told: queue.SimpleQueue[bytes | Exception] = queue.SimpleQueue()

    def ask() -> None:
        try:
            with urllib.request.build_opener(_Stay).open(request, timeout=timeout_s) as answer:
                told.put(answer.read(LARGEST + 1))
        except (OSError, ValueError, HTTPException) as error:
            told.put(error)

    threading.Thread(target=ask, daemon=True).start()
    try:
        found = told.get(timeout=timeout_s)
    except queue.Empty:
        raise TimeoutError("timed out") from None
    if isinstance(found, Exception):
        raise found
    return found
