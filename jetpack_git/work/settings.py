"""The settings of a worktree, parsed only when its file has changed.

YAML and the checks of its values take longer to load than most commands to run, so what was
parsed last is kept in the database beside its text. The hook imports this.
"""

from __future__ import annotations

from contextlib import suppress

from jetpack_git.data.database import Database
from jetpack_git.errors import StoreError
from jetpack_git.git.clone import Clone
from jetpack_git.models.config import Config
from jetpack_git.work import brief


def of(clone: Clone, db: Database, warnings: list[str]) -> Config:
    """The settings of this worktree; `warnings` gets those that have no effect.

    Raises BadInput with file and line.
    """
    found = read(clone.config, db, keep=True)
    for key in found.unknown:
        said = f"{clone.config}: {key} is not known, and has no effect"
        warnings += [said] if said not in warnings else []
    return found


def read(path: str | None, db: Database | None, *, keep: bool = False) -> Config:
    """The settings in the file, or the defaults where there is none.

    `db` is where to look for what was parsed before, and where to `keep` it. Raises
    BadInput with file and line.
    """
    text = None if path is None else brief.text_of(path)
    if path is None or text is None:
        return Config()
    found = _kept(db, text) if db else None
    if found is None:
        from jetpack_git.models.parse import sections

        found = sections.config(text, source=path)
        if db and keep:
            _keep(db, text, found)
    return found


def _kept(db: Database, text: str) -> Config | None:
    """What this version of us has made of the same text before."""
    import json

    kept = brief.kept(db, text)
    try:
        found = json.loads(kept[1]) if kept else None
        if found is None:
            return None
        sections = {
            name: type(default)(**_tuples(found[name]))
            if hasattr(default, "_asdict")
            else found[name]
            for name, default in Config._field_defaults.items()
        }
        return Config(**(sections | {"unknown": tuple(found["unknown"])}))
    except (ValueError, KeyError, TypeError, AttributeError):  # somebody else wrote it
        return None


def _tuples(section: dict[str, object]) -> dict[str, object]:
    """The section with its lists as they are in settings; JSON knows no tuples."""
    return {key: tuple(one) if isinstance(one, list) else one for key, one in section.items()}


def _keep(db: Database, text: str, config: Config) -> None:
    import json

    sections = {
        name: one._asdict() if hasattr(one, "_asdict") else one
        for name, one in config._asdict().items()
    }
    value = brief.row(shortened(config), text, json.dumps(sections))
    with suppress(StoreError):  # without it the next command is slower, no more
        db.run("meta.set", name=brief.NAME, value=value)


def shortened(config: Config) -> brief.Brief:
    """What the guard needs of the settings."""
    guard = config.guard
    stale_after_s, autostage = config.swarm.stale_after_s, config.mirror.autostage
    return brief.Brief(guard.mode, guard.on_error, stale_after_s, autostage)
