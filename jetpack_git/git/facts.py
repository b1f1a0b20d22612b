"""What git's config says of a repository, as the database is told."""

from __future__ import annotations

from pathlib import Path

from jetpack_git.git.run import git


def facts(cwd: Path) -> dict[str, str]:
    """How it names objects, compares file names, and whether it knows the modes of files."""

    def setting(name: str, default: str) -> str:
        return git("config", "--type=bool", name, cwd=cwd, check=False) or default

    return {
        "object_format": git("rev-parse", "--show-object-format", cwd=cwd),
        "ignorecase": setting("core.ignorecase", "false"),
        "filemode": setting("core.fileMode", "true"),
    }
