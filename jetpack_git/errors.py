"""What can go wrong, and the exit code of each.

JetpackError
├── Negative    1  the answer is no: a conflict was found, nothing is ready
├── BadInput    2  wrong usage or bad input
│   └── NotFound     no such task, plan, agent or reservation
├── StoreError  3  the store or git failed
│   └── GitFailed    a git command ended with an error
└── Conflict    4  a race was lost: somebody else holds it
"""

from __future__ import annotations


class JetpackError(Exception):
    """An error that a user can read: what is wrong, and what to do about it."""

    code = 3
    name = "error"

    def __init__(self, message: str, *, hint: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint


class Negative(JetpackError):
    """The question was understood, and its answer is no."""

    code = 1
    name = "negative"


class BadInput(JetpackError):
    """The command, a file or a value cannot be used as it is."""

    code = 2
    name = "bad_input"


class NotFound(BadInput):
    """There is nothing of that name."""

    name = "not_found"


class StoreError(JetpackError):
    """The database or the file system failed. `damaged`: the file is no database any more."""

    code = 3
    name = "store"

    def __init__(self, message: str, *, hint: str = "", damaged: bool = False) -> None:
        super().__init__(message, hint=hint)
        self.damaged = damaged


class GitFailed(StoreError):
    """A git command failed."""

    name = "git"


class Conflict(JetpackError):
    """Somebody else holds it."""

    code = 4
    name = "conflict"
