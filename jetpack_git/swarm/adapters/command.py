"""Any command: its exit code says whether the task was done.

What it prints is text. It gets all of our environment, for it is the user's own.
"""

from __future__ import annotations

from jetpack_git.swarm.adapters.base import Adapter

ADAPTER = Adapter(
    name="command",
    argv=(),
    pass_env=("*",),
    prompt="file",
    ends=False,
    may_be_empty=True,
)
