"""Commands in real processes that need not start an interpreter each.

A process that has everything imported waits on a socket and forks for each command. The fork
gets the caller's folder, environment, arguments and streams, and ends as the script does.
Run as a script, this file is that process.
"""

from __future__ import annotations

import atexit
import gc
import json
import os
import pkgutil
import select
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping
from collections.abc import Sequence
from pathlib import Path

# What an interpreter reads before the first line of ours runs.
AT_START = ("PYTHON", "LC_", "LANG")


class Forks:
    """The process that forks, until `close`."""

    def __init__(self) -> None:
        self._folder = tempfile.TemporaryDirectory(prefix="jetpack-forks-")
        self._path = f"{self._folder.name}/socket"
        self._process = subprocess.Popen(
            [sys.executable, __file__, self._path], stdin=subprocess.PIPE, stdout=subprocess.PIPE
        )
        assert self._process.stdout is not None
        assert self._process.stdout.readline() == b"ready\n"

    def run(
        self, args: Sequence[str], *, cwd: Path, env: Mapping[str, str]
    ) -> tuple[int, bytes, bytes]:
        """The exit code of the command, negative for a signal, and what it wrote."""
        request = {"args": ["git-jetpack", *args], "cwd": str(cwd), "env": dict(env)}
        with (
            socket.socket(socket.AF_UNIX) as to,
            open(os.devnull, "rb") as nothing,
            tempfile.TemporaryFile() as out,
            tempfile.TemporaryFile() as err,
        ):
            to.connect(self._path)
            socket.send_fds(to, [b"-"], [nothing.fileno(), out.fileno(), err.fileno()])
            to.sendall(json.dumps(request).encode())
            to.shutdown(socket.SHUT_WR)
            status = _received(to)
            out.seek(0)
            err.seek(0)
            return os.waitstatus_to_exitcode(int(status)), out.read(), err.read()

    def close(self) -> None:
        """It has ended."""
        self._process.communicate()
        self._folder.cleanup()


def _received(connection: socket.socket) -> bytes:
    return b"".join(iter(lambda: connection.recv(65536), b""))


def _serve(path: str) -> socket.socket:
    """Each connection's process comes out with it; the first one stays until its input ends."""
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)
    with socket.socket(socket.AF_UNIX) as listening:
        listening.bind(path)
        listening.listen()
        print("ready", flush=True)
        while listening in select.select([listening, sys.stdin], [], [])[0]:
            connection, _ = listening.accept()
            if os.fork() == 0:
                return connection
            connection.close()
    sys.exit()


def _become(connection: socket.socket) -> None:
    """This process is the command; its parent waits for it and reports how it ended."""
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    _, streams, _, _ = socket.recv_fds(connection, 1, 3)
    request = json.loads(_received(connection))
    if child := os.fork():
        connection.sendall(str(os.waitpid(child, 0)[1]).encode())
        os._exit(0)
    connection.close()
    for number, stream in enumerate(streams):
        os.dup2(stream, number)
        os.close(stream)
    os.environ.clear()
    os.environ.update(request["env"])
    time.tzset()
    os.chdir(request["cwd"])
    sys.argv = request["args"]


if __name__ == "__main__":
    import jetpack_git

    for module in pkgutil.walk_packages(jetpack_git.__path__, "jetpack_git."):
        if module.name != "jetpack_git.cli.mcp_server":  # which needs an extra
            __import__(module.name)
    gc.freeze()
    _become(_serve(sys.argv[1]))
    try:
        sys.modules["jetpack_git.cli.main"].main()
    except SystemExit as done:
        atexit._run_exitfuncs()
        sys.stdout.flush()
        os._exit(int(done.code or 0))  # without taking all apart that was imported
