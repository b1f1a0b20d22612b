"""One of the processes that empty a queue together: FOLDER START STRATEGY NAME.

It claims from START (seconds since 1970) until nothing is ready, and prints what it got.
"""

from __future__ import annotations

import json
import sys
import time

from jetpack_git.work.claims import claim_next
from jetpack_git.work.tasks import Tasks
from jetpack_git.workspace import open_workspace


def main(folder: str, start: str, strategy: str, name: str) -> None:
    """The ids of the claimed tasks are on stdout."""
    workspace = open_workspace(folder, name=name)
    agent, tasks = workspace.agent, Tasks(workspace.db)
    time.sleep(max(0.0, float(start) - time.time()))
    found = []
    while task := claim_next(tasks, agent=agent, strategy=strategy):
        found.append(task.id)
    workspace.close()
    print(json.dumps(found))


if __name__ == "__main__":
    main(*sys.argv[1:])
