"""A server on 127.0.0.1 that stands in for three vendors' models: a script answers, not a model.

It speaks Anthropic's Messages, OpenAI's Responses and Chat Completions, and Gemini's API, and
counts what it has answered. A path that begins with /fault/401 (or 500, drop, hang) fails so.
"""

from __future__ import annotations

import contextlib
import json
import re
import threading
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler
from http.server import ThreadingHTTPServer
from typing import Any
from urllib.parse import urlsplit

from real import answers
from real import conversation
from real import script
from real.conversation import Turn
from real.script import Act

from jetpack_git.models.run import Usage

KEY = "sk-scripted"
CONTROL = ("/count_tokens", ":countTokens")


@dataclass(frozen=True)
class Answered:
    """One request to a model: what came of it, and what it used.

    A side request, such as for a title, offers no tools; it is of no task.
    """

    task: str
    fails: str
    tools: tuple[str, ...]
    said: str
    results: tuple[str, ...]
    used: Usage


class Server(ThreadingHTTPServer):
    """The server; `answered` are the requests to models, in order."""

    daemon_threads = True
    request_queue_size = 64

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.answered: list[Answered] = []
        self.strays: list[str] = []
        self.failed: Counter[str] = Counter()
        self.over = threading.Event()
        self.lock = threading.Lock()

    @property
    def url(self) -> str:
        """Where it listens."""
        return f"http://127.0.0.1:{self.server_address[1]}"

    def used(self, task: str) -> Usage:
        """What the answers about a task have used; of those of no task for an empty id."""
        found = Usage()
        for one in self.answered:
            if one.task == task and not one.fails:
                found = found + one.used
        return found

    def results(self, task: str) -> list[str]:
        """What the tools gave back in the work on a task."""
        return [text for one in self.answered if one.task == task for text in one.results]


def used(turn: Turn) -> Usage:
    """What an answer uses. No two steps use the same, so none can stand for another."""
    done = len(turn.results)
    return Usage(1000 + 100 * done, 200 + 10 * done, 50 + done)


class Handler(BaseHTTPRequestHandler):
    """One connection."""

    protocol_version = "HTTP/1.1"
    server: Server

    def log_message(self, format: str, *args: object) -> None:
        """Nothing is printed."""

    def do_HEAD(self) -> None:
        """A CLI looks whether anybody is there."""
        self._json(200, {})

    def do_GET(self) -> None:
        """The list of models, which nobody believes."""
        self._json(200, {"object": "list", "has_more": False, "models": [], "data": []})

    def do_POST(self) -> None:
        """A request to a model."""
        path = urlsplit(self.path).path
        fault = re.match(r"/fault/(\w+)(/.*)", path)
        path = fault[2] if fault else path
        try:
            body = json.loads(self._body() or b"{}")
        except ValueError:
            body = {}
        if path.endswith(CONTROL):
            self._json(200, {"input_tokens": 1000, "totalTokens": 1000})
            return
        turn = conversation.read(path, body)
        if turn is None:
            self.server.strays.append(path)
            self._json(404, {"error": {"message": f"no {path}"}})
            return
        with self.server.lock:
            act = script.decide(turn, self.server.failed) if not fault else Act(fails=fault[1])
            if not self._is_known():
                act = Act(fails="401")
            task = turn.task if turn.tools else ""
            said = act.tool or act.text
            self.server.answered.append(
                Answered(task, act.fails, tuple(turn.tools), said, tuple(turn.results), used(turn))
            )
        self._answer(turn, act)

    def _is_known(self) -> bool:
        given = self.headers.get("Authorization") or ""
        keys = (self.headers.get("x-api-key"), self.headers.get("x-goog-api-key"),
                given.removeprefix("Bearer "))  # fmt: skip
        return KEY in keys

    def _answer(self, turn: Turn, act: Act) -> None:
        if act.fails == "hang":
            self.server.over.wait(600)
            self.close_connection = True
        elif act.fails == "drop":
            self._stream(answers.STREAMS[turn.protocol](turn, Act("cut"), Usage()), "", whole=False)
        elif act.fails:
            status = int(act.fails)
            self._json(status, answers.error(turn.protocol, status))
        elif turn.stream:
            done = "data: [DONE]\n\n" if turn.protocol == "chat" else ""
            self._stream(answers.STREAMS[turn.protocol](turn, act, used(turn)), done)
        else:
            self._json(200, answers.WHOLES[turn.protocol](turn, act, used(turn)))

    def _body(self) -> bytes:
        if "chunked" not in (self.headers.get("Transfer-Encoding") or "").lower():
            return self.rfile.read(int(self.headers.get("Content-Length") or 0))
        found = b""
        while size := int(self.rfile.readline().split(b";")[0] or b"0", 16):
            found += self.rfile.read(size)
            self.rfile.readline()
        self.rfile.readline()
        return found

    def _json(self, status: int, document: dict[str, Any]) -> None:
        data = json.dumps(document).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(data)

    def _stream(self, said: list[answers.Event], done: str, *, whole: bool = True) -> None:
        self.close_connection = True
        text = ""
        for kind, document in said:
            text += f"event: {kind}\n" if kind else ""
            text += f"data: {json.dumps(document)}\n\n"
        data = (text + done).encode()
        self.send_response(200)
        self.send_header("Content-Type", "text/event-stream")
        self.send_header("Content-Length", str(len(data)))
        self.send_header("Connection", "close")
        self.end_headers()
        self.wfile.write(data if whole else data[:40])

    def handle_one_request(self) -> None:
        """A CLI that goes away in the middle is no failure of ours."""
        try:
            super().handle_one_request()
        except (BrokenPipeError, ConnectionResetError):
            self.close_connection = True


@contextlib.contextmanager
def serve() -> Iterator[Server]:
    """The server, while it listens."""
    server = Server()
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield server
    finally:
        server.over.set()
        server.shutdown()
        server.server_close()
