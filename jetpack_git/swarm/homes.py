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

    What the CLI keeps in the home's `folders` and in files that are there outlives it. Nobody
    else can read it, for it has a copy of the user's settings.
    """
    clear(where)
    where.mkdir(mode=0o700, parents=True)
    file, own = where / home.file, user / home.file
    file.parent.mkdir(parents=True)
    for name in home.folders:
        (own.parent / name).mkdir(parents=True, exist_ok=True)
    theirs, why = _settings(own)
    for one in own.parent.iterdir():
        if one != own or why:
            (file.parent / one.name).symlink_to(one)
    if not why:
        file.write_text(json.dumps(_joined(theirs, json.loads(settings))), encoding="utf-8")
    return why


def clear(where: Path) -> None:
    """The home is gone, and nothing that its links lead to."""
    shutil.rmtree(where, ignore_errors=True)


def _settings(file: Path) -> tuple[dict[str, Any], str]:
    """The user's settings, and why they cannot be read, if they cannot."""
    try:
        text = file.read_text(encoding="utf-8")
        found = json.loads(text) if text.strip() else {}
    except FileNotFoundError:
        return {}, ""
    except (OSError, ValueError, RecursionError) as error:
        found = error
    if isinstance(found, dict):
        return found, ""
    return {}, f"{file} is no object of JSON, so that ours could not be added to it: {found}"


def _joined(theirs: Mapping[str, Any], ours: Mapping[str, Any]) -> dict[str, Any]:
    """Both, and ours where they differ."""
    found = dict(theirs)
    for key, value in ours.items():
        there = found.get(key)
        if isinstance(there, dict) and isinstance(value, dict):
            value = _joined(there, value)
        found[key] = value
    return found
