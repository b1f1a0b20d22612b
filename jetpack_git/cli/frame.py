"""What every command has: `--json`, `--as`, an open workspace, and one way to answer."""

from __future__ import annotations

import contextlib
import functools
import os
from collections.abc import Callable
from collections.abc import Iterable
from collections.abc import Mapping

import click

from jetpack_git.cli import documents
from jetpack_git.cli import terminal
from jetpack_git.errors import BadInput
from jetpack_git.errors import StoreError
from jetpack_git.workspace import Workspace
from jetpack_git.workspace import open_workspace
from jetpack_git.workspace import workspace_at


class Frame:
    """One run of one command."""

    def __init__(self, *, json: bool, name: str | None) -> None:
        if name is not None and not name.strip():
            raise BadInput("--as needs a name.", hint="Leave it out to act under your own.")
        self.json = json
        self._borrowed = name is not None
        self.name = name or os.environ.get("JETPACK_AGENT")
        self.incarnation = os.environ.get("JETPACK_INCARNATION") if not name else None
        self.tells_of_mail = True
        self._workspace: Workspace | None = None

    @property
    def workspace(self) -> Workspace:
        """The workspace of the current folder."""
        if self._workspace is None:
            opened = self.open()
            opened.flush()
            opened.wake()
        return self._workspace  # type: ignore[return-value]

    def open(self) -> Workspace:
        """The workspace of the current folder, without writing what is due."""
        self._workspace = self._open()
        return self._workspace

    def at(self, revision: str | None, *, memories: bool = False) -> Workspace:
        """The workspace of the current folder, or what it was as of a revision.

        Of that it has the tasks, or the `memories`.
        """
        if revision is None:
            return self.workspace
        self._workspace = workspace_at(here(), revision, memories=memories)
        return self._workspace

    def create(self) -> Workspace:
        """The workspace of the current folder, its database made if there was none."""
        self._workspace = self._open(create=True)
        return self._workspace

    def _open(self, *, create: bool = False) -> Workspace:
        found = open_workspace(
            here(),
            name=self.name,
            incarnation=self.incarnation,
            create=create,
            busy_timeout_s=busy_timeout_s(),
        )
        found.borrowed = self._borrowed
        return found

    def answer(self, document: Mapping[str, object], lines: str | Iterable[str]) -> None:
        """The answer is on stdout: the document with `--json`, the lines without."""
        if self.json:
            terminal.say(documents.text({"schema": documents.SCHEMA, **document}))
        else:
            terminal.say(lines)

    def close(self) -> None:
        """The workspace is closed, and its warnings are on stderr."""
        if self._workspace is not None:
            for one in self._workspace.warnings:
                terminal.warn(one)
            if self.tells_of_mail:
                self._tell_of_mail(self._workspace)
            self._workspace.close()

    def _tell_of_mail(self, workspace: Workspace) -> None:
        """One line on stderr says that an agent has mail; a person at a shell asks for it."""
        with contextlib.suppress(StoreError):
            agent = self.name or workspace.worktree_agent()
            if agent is None and workspace.db.one("mail.any_unread") is not None:
                agent = workspace.configured_agent()
            unread = workspace.db.count("mail.unread_total", agent=agent) if agent else 0
            if unread:
                terminal.remark(f"mail: {unread} unread. Read it with: git jetpack inbox --unread")


def here() -> str:
    """The current folder. Raises BadInput when it was deleted."""
    try:
        return os.getcwd()
    except FileNotFoundError as error:
        raise BadInput("The current folder is gone.", hint="Change to another one.") from error


def busy_timeout_s() -> float:
    """How long to wait for a locked database: `JETPACK_BUSY_TIMEOUT_S`, or 10 seconds."""
    text = os.environ.get("JETPACK_BUSY_TIMEOUT_S", "10")
    try:
        seconds = float(text)
    except ValueError:
        seconds = -1.0
    if not seconds >= 0:
        raise BadInput(
            f"JETPACK_BUSY_TIMEOUT_S is {text!r}.", hint="Give it a number of seconds, 0 or more."
        )
    return seconds


def command(name: str | None = None, **settings: object) -> Callable[..., click.Command]:
    """A click command whose function gets a Frame first, and `--json` and `--as`."""

    def decorate(function: Callable[..., int | None]) -> click.Command:
        @functools.wraps(function)
        def run(json: bool, as_name: str | None, **values: object) -> None:
            frame = Frame(json=json, name=as_name)
            try:
                code = function(frame, **values)
            finally:
                frame.close()
            if code:
                raise click.exceptions.Exit(code)

        wrapped = click.option("--as", "as_name", metavar="NAME", help="Act as this agent.")(run)
        wrapped = click.option("--json", is_flag=True, help="Print one JSON document.")(wrapped)
        made: click.Command = click.command(name, **settings)(wrapped)  # type: ignore[call-overload]
        return made

    return decorate
