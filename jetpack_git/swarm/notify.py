"""Notification: the user's own command hears of each event of a swarm."""

from __future__ import annotations

import json
import queue
import shlex
import signal
import subprocess
import threading
from collections.abc import Callable

from jetpack_git import clock
from jetpack_git.errors import BadInput
from jetpack_git.swarm import harness
from jetpack_git.swarm import processes
from jetpack_git.swarm.progress import Progress

LONGEST_S = 30.0  # for one event
AT_END_S = 5.0  # for all that are still to be told when the swarm is over
MOST_DUE = 1000


def check(template: str) -> list[str]:
    """The command's arguments. Raises BadInput when it cannot be used."""
    try:
        argv = shlex.split(template)
    except ValueError as error:
        raise BadInput(f"swarm.on_event cannot be split: {error}.") from error
    if not argv:
        raise BadInput("swarm.on_event is empty.", hint="Name a program, or leave the key out.")
    try:
        harness.check(argv)
    except BadInput as error:
        raise BadInput(
            error.message, hint="Install it, or change swarm.on_event in the config."
        ) from error
    return argv


class Notifier:
    """A thread that runs the command for one event after the other, in their order.

    It gets the event as one JSON document on its stdin, and its word as JETPACK_EVENT. Who is too
    slow misses events; `tell` hears why, once.
    """

    def __init__(self, argv: list[str], tell: Callable[[str], None]) -> None:
        self._argv = argv
        self._tell = tell
        self._due: queue.Queue[Progress | None] = queue.Queue(MOST_DUE)
        self._over = threading.Event()
        self._told: set[str] = set()
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def hear(self, progress: Progress) -> None:
        """The command will be told of it; not of what an agent says on its way."""
        if progress.what == "says":
            return
        try:
            self._due.put_nowait(progress)
        except queue.Full:
            self._complain("it is too slow, and misses events")

    def close(self) -> None:
        """What was due is told, as far as there was time; nothing runs any more."""
        timer = threading.Timer(AT_END_S, self._over.set)
        timer.daemon = True
        timer.start()
        self._due.put(None)
        self._thread.join(AT_END_S + LONGEST_S)
        timer.cancel()

    def _run(self) -> None:
        while (progress := self._due.get()) is not None:
            if not self._over.is_set():
                self._notify(progress)

    def _notify(self, progress: Progress) -> None:
        env = harness.inherited() | {"JETPACK_EVENT": progress.what}
        try:
            child = subprocess.Popen(
                self._argv, env=env, stdin=subprocess.PIPE, stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL, start_new_session=True,
            )  # fmt: skip
        except OSError as error:
            self._complain(str(error.strerror))
            return
        data = json.dumps({"schema": 1, "event": progress.document()}).encode() + b"\n"
        ended = False
        try:
            ended = self._feed(child, data)
        finally:
            if child.poll() is None:
                processes.end_all(child.pid, None, 0, leader=child)
            processes.send(-child.pid, signal.SIGKILL)  # what it has left in the background
        if ended and child.returncode:
            self._complain(f"exit status {child.returncode}")

    def _feed(self, child: subprocess.Popen[bytes], data: bytes) -> bool:
        """Whether it has read the event and ended; if not, its time is over."""
        deadline = clock.monotonic() + LONGEST_S
        rest: bytes | None = data
        while clock.monotonic() < deadline and not self._over.is_set():
            try:
                child.communicate(rest, timeout=harness.LOOK_S)
            except subprocess.TimeoutExpired:
                rest = None  # it goes on with what it was given first
                continue
            return True
        late = f"it took longer than {LONGEST_S:g} s"
        self._complain("the swarm ended before it did" if self._over.is_set() else late)
        return False

    def _complain(self, why: str) -> None:
        if why not in self._told:
            self._told.add(why)
            self._tell(f"on_event: {self._argv[0]}: {why}")
