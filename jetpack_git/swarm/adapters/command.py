"""Any command: its exit code says whether the task was done.

What it prints is text. It gets all of our environment, for it is the user's own.
"""

from __future__ import annotations

import shlex
from dataclasses import replace

from jetpack_git.errors import BadInput
from jetpack_git.swarm.adapters.base import PLACE
from jetpack_git.swarm.adapters.base import Adapter

PLACES = ("task_id", "prompt_file", "worktree", "branch", "agent")

ADAPTER = Adapter(
    name="command",
    argv=(),
    pass_env=("*",),
    prompt="file",
    ends=False,
    may_be_empty=True,
)


def of(template: str) -> Adapter:
    """The adapter that runs the template, which is split as a shell does and filled in later.

    No shell ever sees the values. Raises BadInput for a template that cannot be used.
    """
    try:
        parts = shlex.split(template)
    except ValueError as error:
        raise BadInput(f"The command {template!r} cannot be split: {error}.") from error
    if not parts:
        raise BadInput("The command is empty.", hint="Say what runs a task: --command 'CMD …'")
    for name in PLACE.findall(template):
        if name not in PLACES:
            raise BadInput(
                f"The command has an unknown place {{{name}}}.",
                hint="Known are " + ", ".join(f"{{{one}}}" for one in PLACES),
            )
    return replace(ADAPTER, argv=tuple(parts))
