"""Leases: the hard form of a reservation, also for what is no file."""

from __future__ import annotations

import re
from dataclasses import dataclass

_NAME = re.compile(r"[A-Za-z][A-Za-z0-9_.+-]*:.+")


@dataclass(frozen=True)
class Lease:
    """`agent` alone has `name` until `expires_at`; each heartbeat puts that off by `ttl_s`.

    The name of a thing has a colon, such as `port:8080`; any other is a `pattern` of files.
    """

    name: str
    pattern: bool
    agent: str
    task_id: str | None
    ttl_s: float
    since: str
    expires_at: str


def is_thing(text: str) -> bool:
    """Whether the text names a thing that is no file."""
    return _NAME.fullmatch(text) is not None
