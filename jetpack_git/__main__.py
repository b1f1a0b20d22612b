"""The process of a command: `git-jetpack`, or `python -m jetpack_git`."""

from __future__ import annotations

import gc

OBJECTS = 50_000  # a short command makes about 20,000 that live as long as it does


def main() -> None:
    """The command that `sys.argv` names has run, and the process ends with its exit code.

    With Python's own threshold the collector looks a dozen times at what was just imported,
    which takes a tenth of a short command's time. It begins later here, and does not look at
    all of it once more when the process ends.
    """
    gc.set_threshold(OBJECTS)
    from jetpack_git.cli.main import main as command

    try:
        command()
    finally:
        gc.freeze()


if __name__ == "__main__":
    main()
