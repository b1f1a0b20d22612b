"""A home of its own for a CLI that takes settings from its user's home alone.

It is the user's, by links, but for the one file with the settings: that has ours as well.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from jetpack_git.swarm.adapters.base import Home


def make(where: Path, user: Path, home: Home, settings: str) -> str:
    """The home is there; why it has not our settings, if it has not.

    What the CLI keeps in the home's `folders` and in files that are there outlives it.
    """
    clear(where)
    file = where / home.file
    file.parent.mkdir(parents=True)
    own = (user / home.file).parent
    for name in home.folders:
        (own / name).mkdir(parents=True, exist_ok=True)
    theirs: Any = {}
    try:
        text = (user / home.file).read_text(encoding="utf-8")
        theirs = json.loads(text) if text.strip() else {}
    except FileNotFoundError:
        pass
    except (OSError, ValueError, RecursionError) as error:
        theirs = error
    for one in own.iterdir() if own.is_dir() else ():
        if one.name != file.name or not isinstance(theirs, dict):
            (file.parent / one.name).symlink_to(one)
    if not isinstance(theirs, dict):
        return f"{user / home.file} is no JSON, so that ours could not be added to it: {theirs}"
    file.write_text(json.dumps(_joined(theirs, json.loads(settings))), encoding="utf-8")
    return ""


def clear(where: Path) -> None:
    """The home is gone, and nothing that its links lead to."""
    shutil.rmtree(where, ignore_errors=True)


def _joined(theirs: Mapping[str, Any], ours: Mapping[str, Any]) -> dict[str, Any]:
    """Both, and ours where they differ."""
    found = dict(theirs)
    for key, value in ours.items():
        there = found.get(key)
        if isinstance(there, dict) and isinstance(value, dict):
            value = _joined(there, value)
        found[key] = value
    return found
