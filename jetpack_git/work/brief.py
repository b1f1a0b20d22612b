"""What the guard needs of the settings, as text that is read without a parser.

It stands at the beginning of the row in which `settings` keeps what was parsed last, followed by
the text of the file and by all settings. The hook imports this, so it may load nothing heavy.
"""

from __future__ import annotations

from jetpack_git import __version__
from jetpack_git.data.database import Database
from jetpack_git.errors import BadInput

NAME = "config"  # of the row in the table `meta`


class Brief:
    """`guard.mode`, `guard.on_error`, `swarm.stale_after_s` and `mirror.autostage`."""

    __slots__ = ("autostage", "mode", "on_error", "stale_after_s")

    def __init__(self, mode: str, on_error: str, stale_after_s: float, autostage: bool) -> None:
        self.mode = mode
        self.on_error = on_error
        self.stale_after_s = stale_after_s
        self.autostage = autostage


def row(brief: Brief, text: str, config: str) -> str:
    """The row that keeps all settings as JSON, made of that text."""
    values = (brief.mode, brief.on_error, brief.stale_after_s, int(brief.autostage), len(text))
    return "\n".join([__version__, *map(str, values), f"{text}{config}"])


def kept(db: Database, text: str) -> tuple[Brief, str] | None:
    """What this version of us has made of the same text before, and all settings as JSON."""
    found = db.one("meta.get", name=NAME)
    if found is None:
        return None
    try:
        version, mode, on_error, stale, stage, length, rest = str(found["value"]).split("\n", 6)
        if version != __version__ or int(length) != len(text) or not rest.startswith(text):
            return None
        return Brief(mode, on_error, float(stale), stage == "1"), rest[len(text) :]
    except ValueError:  # somebody else wrote it
        return None


def text_of(path: str) -> str | None:
    """The text of the file; None when there is none. Raises BadInput."""
    try:
        with open(path, "rb") as file:
            data = file.read()
        return data.decode("utf-8")
    except (FileNotFoundError, NotADirectoryError):
        return None
    except UnicodeDecodeError as error:
        line = error.object[: error.start].count(b"\n") + 1
        raise BadInput(
            f"{path}:{line}: this is no UTF-8 text.", hint="Convert the file to UTF-8."
        ) from error
    except OSError as error:
        raise BadInput(
            f"{path} cannot be read: {error.strerror}.", hint="Put a plain file there."
        ) from error
