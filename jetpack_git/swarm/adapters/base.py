"""What an adapter is: how to start an agent's CLI, and how to understand what it says.

An adapter is data, and one function that reads one document of the CLI's output. Nothing
else in the project knows which CLI is at work.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from collections.abc import Iterable
from collections.abc import Mapping
from dataclasses import dataclass
from dataclasses import field
from dataclasses import replace
from typing import Any
from typing import NamedTuple
from typing import Protocol

from jetpack_git.models.run import AgentEvent
from jetpack_git.models.run import Ending
from jetpack_git.models.run import Heard
from jetpack_git.models.run import Said
from jetpack_git.models.run import Usage

COMMON_ENV = (
    "PATH", "HOME", "USER", "LOGNAME", "SHELL", "LANG", "LC_*", "TZ", "TERM", "TMPDIR",
    "SSL_CERT_*", "NODE_EXTRA_CA_CERTS", "HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY", "http_proxy",
    "https_proxy", "no_proxy", "XDG_*", "GIT_CONFIG_*", "JETPACK_*",
)  # fmt: skip
LONGEST_LINE = 16 << 20  # bytes; a longer line is kept in the log, and not understood
KEPT_TEXT = 20_000  # characters of the end of what an agent said


@dataclass(frozen=True)
class Server:
    """An MCP server for the agent: a program and its arguments. `deny` are tools not to be used."""

    name: str
    argv: tuple[str, ...]
    env: Mapping[str, str] = field(default_factory=dict)
    deny: tuple[str, ...] = ()


class Reader(Protocol):
    """Understands one JSON document of a CLI's output."""

    def __call__(self, said: Mapping[str, Any], /) -> Iterable[AgentEvent]:
        """What it tells; nothing for what is not known. Missing keys are no error."""


class Home(NamedTuple):
    """Where, below its user's home, a CLI has the `file` of its settings and keeps `folders`.

    The `variable` of the environment names another home.
    """

    variable: str
    file: str
    folders: tuple[str, ...]


@dataclass(frozen=True)
class Adapter:
    """How one CLI is run, and how what it does is understood.

    `argv` and the values of `env` and `pieces` have places in braces. An argument `@name` stands
    for the arguments of that piece, which are left out when a place in them has no value; `@mode`
    for those of the permission mode, and `@args` for the user's own `args`. `settings` writes
    the MCP servers as the CLI wants them: the place {settings}, or a file {settings_file}, or,
    where it takes them from nowhere else, its `home`: it then gets one of its own, {home}.

    `prompt` is `stdin` or `file`. A CLI that `ends` with an event has not ended well without
    it. `exits` say what exit codes mean. `cumulative` names the counters (`tokens`, `cost`) that
    go on over the runs of one session. Where `may_be_empty`, to have changed nothing is no
    failure. `least` is the oldest version that can be used.
    """

    name: str
    argv: tuple[str, ...]
    read: Reader | None = None
    pieces: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    modes: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    args: tuple[str, ...] = ()
    env: Mapping[str, str] = field(default_factory=dict)
    pass_env: tuple[str, ...] = COMMON_ENV
    settings: Callable[[Iterable[Server]], str] | None = None
    home: Home | None = None
    servers: tuple[Server, ...] = ()
    prompt: str = "stdin"
    ends: bool = True
    exits: Mapping[int, Ending] = field(default_factory=dict)
    cumulative: frozenset[str] = frozenset()
    may_be_empty: bool = False
    least: str | None = None
    model: str | None = None
    bypass_permissions: bool = False

    @property
    def mode(self) -> str:
        """`bypass` where the config says so in as many words, else `guarded`."""
        return "bypass" if self.bypass_permissions else "guarded"

    def arguments(self, values: Mapping[str, str]) -> list[str]:
        """The argument list, filled in; no shell ever sees it."""
        found: list[str] = []
        for one in self.argv:
            known = one in ("@mode", "@args") or (one.startswith("@") and one[1:] in self.pieces)
            found += self._piece(one, values) if known else [filled(one, values)]
        return found

    def _piece(self, name: str, values: Mapping[str, str]) -> list[str]:
        if name == "@args":
            return list(self.args)
        parts = self.modes.get(self.mode, ()) if name == "@mode" else self.pieces[name[1:]]
        wanted = {place for part in parts for place in PLACE.findall(part)}
        if any(not values.get(place) for place in wanted - {"allowed"}):
            return []
        return [filled(part, values) for part in parts]


PLACE = re.compile(r"\{([a-z_]+)\}")


def filled(text: str, values: Mapping[str, str]) -> str:
    """The text with the value for each place in braces; an unknown one stays as it is."""
    return PLACE.sub(lambda found: values.get(found[1], found[0]), text)


def environment(
    adapter: Adapter, ours: Mapping[str, str], own: Mapping[str, str]
) -> dict[str, str]:
    """The CLI's variables: those of ours that it may have, and its own."""
    rules = [re.compile(re.escape(one).replace(r"\*", ".*")) for one in adapter.pass_env]
    passed = {key: value for key, value in ours.items() if any(one.fullmatch(key) for one in rules)}
    return passed | dict(own)


def documents(line: bytes) -> Mapping[str, Any] | None:
    """The JSON object that the line is; None for any other line."""
    if not line.lstrip().startswith(b"{") or len(line) > LONGEST_LINE:
        return None
    try:
        found = json.loads(line)
    except (ValueError, RecursionError):
        return None
    return found if isinstance(found, dict) else None


def events(adapter: Adapter, line: bytes) -> list[AgentEvent]:
    """What a line of the output tells. A line that cannot be understood tells nothing."""
    if adapter.read is None:
        text = line.decode("utf-8", "replace").rstrip()
        return [AgentEvent(Said.TEXT, text=text)] if text else []
    said = documents(line)
    if said is None:
        return []
    try:
        return [_storable(one) for one in adapter.read(said)]
    except (AttributeError, KeyError, TypeError, ValueError, IndexError):
        return []  # a shape that this version of us does not know


def _storable(event: AgentEvent) -> AgentEvent:
    """The event with texts alone where texts belong, and no half of a character in them.

    A CLI in JavaScript that shortens a text may cut an emoji in two.
    """
    return replace(
        event, text=_text(event.text), tool=_text(event.tool),
        session=_text(event.session) or None, model=_text(event.model) or None,
    )  # fmt: skip


def _text(value: object) -> str:
    return value.encode("utf-8", "replace").decode() if isinstance(value, str) else ""


def hear(heard: Heard, event: AgentEvent) -> Heard:
    """What was heard so far, and the event."""
    used = event.usage or Usage()
    found = replace(
        heard,
        session=event.session or heard.session,
        model=event.model or heard.model,
        usage=heard.usage + used,
        denied=heard.denied + event.denied,
        worked=heard.worked or event.kind in (Said.TEXT, Said.TOOL) or bool(used.tokens),
    )
    if event.kind == Said.TEXT:
        between = "" if event.more or not found.said else "\n"
        found = replace(found, said=(found.said + between + event.text)[-KEPT_TEXT:])
    if event.kind == Said.ERROR:
        found = replace(found, error=event.text[-2000:], failure=event.ending)
    if event.kind == Said.END:
        found = replace(found, ended=event.ending or Ending.SUCCESS)
        if found.ended == Ending.SUCCESS and not found.said:
            found = replace(found, said=event.text[-KEPT_TEXT:])
        if event.text and found.ended != Ending.SUCCESS:
            found = replace(found, error=event.text[-2000:])
    return found


def of_status(status: object) -> Ending:
    """What an HTTP status of the model's service means for the run."""
    number = status if isinstance(status, int) else 0
    if number in (401, 403):
        return Ending.AUTH
    if number in (408, 429) or number >= 500:
        return Ending.TRANSIENT
    return Ending.ERROR


def of_message(message: str) -> Ending:
    """What an error's text means, where nothing but the text is told."""
    found = re.search(r"\b(?:status|code|error)\D{0,3}\b([45]\d\d)\b", message, re.IGNORECASE)
    if found:
        return of_status(int(found[1]))
    low = message.lower()
    if "not logged in" in low or "api key" in low or "log in" in low or "unauthorized" in low:
        return Ending.AUTH
    if "usage limit" in low or "quota" in low or "max turns" in low:
        return Ending.LIMIT
    passing = ("high demand", "overloaded", "temporar", "disconnected", "connection", "timed out",
               "rate limit", "try again", "fetch failed", "network", "socket", "econn",
               "api error: terminated", "database is locked", "failed query")  # fmt: skip
    return Ending.TRANSIENT if any(one in low for one in passing) else Ending.ERROR


def whole(value: object) -> int:
    """The number of tokens that a document tells; 0 for anything else."""
    good = isinstance(value, int) and not isinstance(value, bool) and 0 <= value < 1 << 53
    return int(value) if good else 0  # type: ignore[call-overload]


def money(value: object) -> float | None:
    """The amount that a document tells; None for anything else."""
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value < 1e9:
        return None
    return float(value)


def usage(fresh: object, cached: object, output: object, cost: object = None) -> Usage:
    """The usage that a document tells; `fresh` is without what is cached."""
    return Usage(whole(fresh), whole(cached), whole(output), money(cost))


def mcp_servers(servers: Iterable[Server]) -> dict[str, dict[str, Any]]:
    """The servers in the form that most CLIs share."""
    return {
        one.name: {"command": one.argv[0], "args": list(one.argv[1:]), "env": dict(one.env)}
        for one in servers
    }
