"""The only reader of the clock. Times are UTC text, which sorts as time does."""

from __future__ import annotations

import time


def now() -> str:
    """The present, as `2026-11-22T22:04:05.123Z`."""
    return after(0)


def after(seconds: float) -> str:
    """The moment `seconds` from now (before now, if negative)."""
    ms = time.time_ns() // 1_000_000 + int(seconds * 1000)
    whole = time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(ms // 1000))
    return f"{whole}.{ms % 1000:03d}Z"


def utc(text: str) -> str:
    """A moment that somebody wrote, as `now` would; without a zone it is UTC. Raises ValueError."""
    from datetime import UTC
    from datetime import datetime

    moment = datetime.fromisoformat(text)
    moment = (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).astimezone(UTC)
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def since(text: str) -> float:
    """The seconds since a moment that `now` wrote; less than 0 for one to come."""
    from datetime import datetime

    return time.time() - datetime.fromisoformat(text).timestamp()


def age(moment_s: float) -> float:
    """The seconds since a moment that a file system tells."""
    return time.time() - moment_s


def monotonic() -> float:
    """Seconds on a clock that never goes back; only differences mean anything."""
    return time.monotonic()


def drift() -> float:
    """How far the time of day is ahead of `monotonic`, in seconds.

    It changes when the machine sleeps, or its clock is set.
    """
    return time.time() - time.monotonic()


def sleep(seconds: float) -> None:
    """That many seconds have passed."""
    time.sleep(seconds)
