"""Putting what an agent's CLI reads into a worktree, seeing how it stands, and taking it out."""

from __future__ import annotations

import json
import os
import stat
import tomllib
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from jetpack_git import ids
from jetpack_git.errors import StoreError
from jetpack_git.outfit import block
from jetpack_git.outfit import members
from jetpack_git.outfit.kinds import HOOK
from jetpack_git.outfit.kinds import KINDS
from jetpack_git.outfit.kinds import MARK
from jetpack_git.outfit.kinds import Block
from jetpack_git.outfit.kinds import Members
from jetpack_git.outfit.kinds import Piece
from jetpack_git.outfit.kinds import Whole
from jetpack_git.outfit.members import Unusable


@dataclass(frozen=True)
class Done:
    """What became of a file: created, updated, unchanged, left, removed or trimmed.

    One that was `left` to its owner comes with the reason, and the lines to put into it.
    """

    agent: str
    path: str
    action: str
    reason: str = ""
    lines: str = ""


def install(root: Path, name: str, *, with_server: bool) -> list[Done]:
    """The CLI of that name knows of git-jetpack in this worktree. Raises StoreError."""
    return [_install(root, name, one) for one in _pieces(name, with_server=with_server)]


def uninstall(root: Path) -> list[Done]:
    """No file of the worktree has anything of ours any more. Raises StoreError."""
    found: dict[str, Done] = {}
    for name in KINDS:
        for one in _pieces(name, with_server=True):
            done = _uninstall(root, name, one)
            if done is not None:
                found[one.path] = done
    return list(found.values())


def stale(root: Path, *, with_server: bool) -> list[str]:
    """The CLIs that were set up here, and whose files do not say what they should."""
    found = []
    for name in KINDS:
        own = [one for one in _pieces(name, with_server=True) if one.path != "AGENTS.md"]
        wanted = _pieces(name, with_server=with_server)
        if any(_has_ours(root, one) for one in own) and not all(_stands(root, o) for o in wanted):
            found.append(name)
    return found


def _pieces(name: str, *, with_server: bool) -> tuple[Piece, ...]:
    kind = KINDS[name]
    return kind.pieces + (kind.served if with_server else ())


def _install(root: Path, name: str, piece: Piece) -> Done:
    try:
        path = _place(root, piece)
        text = _read(path)
        new = _put(piece, text)
    except Unusable as error:
        return Done(name, piece.path, "left", str(error), _lines(piece))
    if new == text:
        return Done(name, piece.path, "unchanged")
    _write(path, new)
    return Done(name, piece.path, "created" if text is None else "updated")


def _uninstall(root: Path, name: str, piece: Piece) -> Done | None:
    try:
        path = _place(root, piece)
        text = _read(path)
        if text is None:
            return None
        rest = _take(piece, text)
    except Unusable as error:
        if not _mentions(root, piece):
            return None
        return Done(name, piece.path, "left", str(error), _lines(piece))
    if rest == text:
        return None
    if rest is not None:
        _write(path, rest)
        return Done(name, piece.path, "trimmed")
    path.unlink()
    for folder in list(Path(piece.path).parents)[:-1]:
        with suppress(OSError):  # it holds something else
            (root / folder).rmdir()
    return Done(name, piece.path, "removed")


def _mentions(root: Path, piece: Piece) -> bool:
    """Whether a file that we cannot edit has something of ours in it, as far as can be seen."""
    with suppress(OSError):
        text = (root / piece.path).read_bytes()
        return any(one in text for one in (HOOK.encode(), b"git-jetpack"))
    return False


def _stands(root: Path, piece: Piece) -> bool:
    try:
        text = _read(_place(root, piece))
        return text is not None and _put(piece, text) == text
    except Unusable:
        return False


def _has_ours(root: Path, piece: Piece) -> bool:
    try:
        text = _read(_place(root, piece))
        return text is not None and _take(piece, text) != text
    except Unusable:
        return False


def _put(piece: Piece, text: str | None) -> str:
    """The file with our piece in it. Raises Unusable."""
    if isinstance(piece, Whole):
        if text is not None and not text.startswith(MARK):
            raise Unusable("somebody else wrote it")
        return piece.text
    if isinstance(piece, Block):
        return _put_block(piece, text)
    if text is None:
        return members.fresh(piece.members)
    for where, value, item in piece.members:
        there = _there(text, where, item=item)
        if _hooks(there, value) or (value in there and sum(map(is_ours, there)) == 1):
            continue
        if not item and there and not is_ours(there[0]):
            raise Unusable(f"{'.'.join(where)} is somebody else's there")
        rest = members.take(text, where, is_ours, item=item)
        if rest is None:
            return members.fresh(piece.members)
        text = members.put(rest, where, value, item=item)
    return text


def _put_block(piece: Block, text: str | None) -> str:
    if not piece.path.endswith(".toml"):
        return block.put(text, piece.text, piece.comment)
    found = block.put(text, piece.text, piece.comment)
    try:
        tomllib.loads(found)
    except tomllib.TOMLDecodeError as error:
        raise Unusable(f"with our lines it would be no TOML: {error}") from error
    return found


def _take(piece: Piece, text: str) -> str | None:
    """The file without our piece; None when it is to go. Raises Unusable."""
    if isinstance(piece, Whole):
        return None if text.startswith(MARK) else text
    if isinstance(piece, Block):
        return block.take(text, piece.comment)
    found: str | None = text
    for where, _, item in piece.members:
        if found is not None:
            found = members.take(_out_of_groups(found, where), where, is_ours, item=item)
    return found


def _hooks(there: Sequence[object], value: object) -> bool:
    """Whether the hook of our group stands in one with hooks of others, of the same kind."""
    if not isinstance(value, dict) or "hooks" not in value:
        return False
    return any(
        isinstance(one, dict)
        and one.get("matcher") == value.get("matcher")
        and isinstance(one.get("hooks"), list)
        and len(one["hooks"]) > 1
        and value["hooks"][0] in one["hooks"]
        for one in there
    )


def _out_of_groups(text: str, where: tuple[str, ...]) -> str:
    """The text without those hooks of ours that stand in a group with hooks of others."""
    for number, one in enumerate(_there(text, where, item=True)):
        if isinstance(one, dict) and isinstance(one.get("hooks"), list) and not is_ours(one):
            rest = members.take(text, (*where, number, "hooks"), _is_our_hook, item=True)
            assert rest is not None  # the hooks of others are left in it
            text = rest
    return text


def _there(text: str, where: tuple[str, ...], *, item: bool) -> list[object]:
    """The value at those keys, or the items of the list there."""
    node = members.find(members.scan(text), where)
    if node is None:
        return []
    value = json.loads(text[node.start : node.end])
    return value if item and isinstance(value, list) else [value]


def is_ours(value: object) -> bool:
    """Whether a group of hooks, or an MCP server, is one that we wrote."""
    if not isinstance(value, dict):
        return False
    hooks = value.get("hooks")
    if isinstance(hooks, list):
        return bool(hooks) and all(map(_is_our_hook, hooks))
    command, args = value.get("command"), value.get("args")
    return command == ["git-jetpack", "mcp"] or (command == "git-jetpack" and args == ["mcp"])


def _is_our_hook(value: object) -> bool:
    return isinstance(value, dict) and str(value.get("command")).startswith(HOOK)


def _lines(piece: Piece) -> str:
    if isinstance(piece, Members):
        return members.fresh(piece.members).rstrip()
    return piece.text.rstrip()


def _place(root: Path, piece: Piece) -> Path:
    """The file itself, behind links. Raises Unusable when it lies outside of the worktree."""
    path = Path(os.path.realpath(root / piece.path))
    if not path.is_relative_to(os.path.realpath(root)):
        raise Unusable("it is a link to a place outside of this worktree")
    return path


def _read(path: Path) -> str | None:
    try:
        if not stat.S_ISREG(path.stat().st_mode):
            raise Unusable("it is no file")
        return path.read_bytes().decode("utf-8")
    except (FileNotFoundError, NotADirectoryError):
        return None
    except UnicodeDecodeError as error:
        raise Unusable("it is no UTF-8 text") from error
    except OSError as error:
        raise Unusable(f"it cannot be read: {error.strerror}") from error


def _write(path: Path, text: str) -> None:
    """The file has this text, all or none of it, and its mode as before. Raises StoreError."""
    beside = path.with_name(f".{path.name}.{ids.token(6)}")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        beside.write_bytes(text.encode("utf-8"))
        if path.exists():
            beside.chmod(stat.S_IMODE(path.stat().st_mode))
        beside.replace(path)
    except OSError as error:
        raise StoreError(
            f"{error.filename} cannot be written: {error.strerror}.",
            hint="Check what stands there, and the folder's rights.",
        ) from error
    finally:
        with suppress(OSError):
            beside.unlink(missing_ok=True)
