"""The guard's hooks: put into a repository, looked at there, and taken out again.

A hook is a shim from the top folder `hooks/`. The block between its two marker lines runs
the guard; inside somebody else's hook only that block is put. A hook that cannot take the
block stays beside ours as `<name>.before-jetpack`, and ours ends by running it as git would.
"""

from __future__ import annotations

import os
import re
import secrets
import shlex
import stat
import subprocess
import sys
from collections.abc import Iterator
from collections.abc import Sequence
from contextlib import contextmanager
from contextlib import suppress
from dataclasses import dataclass
from dataclasses import replace
from pathlib import Path

from jetpack_git.errors import BadInput
from jetpack_git.errors import StoreError
from jetpack_git.git.hook_files import BEGIN
from jetpack_git.git.hook_files import BLOCK
from jetpack_git.git.hook_files import HOOKS as HOOKS
from jetpack_git.git.hook_files import LOADERS as LOADERS
from jetpack_git.git.hook_files import REFERENCES as REFERENCES
from jetpack_git.git.hook_files import hooks_dir as hooks_dir
from jetpack_git.git.hook_files import own_folder
from jetpack_git.git.hook_files import shim
from jetpack_git.git.hook_files import template
from jetpack_git.git.hook_files import text_at
from jetpack_git.git.hook_managers import FRAMEWORKS
from jetpack_git.git.hook_managers import LEFTHOOK
from jetpack_git.git.hook_managers import Found as Found
from jetpack_git.git.hook_managers import find as find
from jetpack_git.git.hook_managers import husky_file
from jetpack_git.git.run import environment

ANSWER = "git-jetpack guard ok"
_OPTIONAL = (*LOADERS, REFERENCES)
_ALL = (*HOOKS, *_OPTIONAL)
_AGAIN = 'Install git-jetpack for that interpreter, then run "git jetpack init" again.'

_PROGRAM = re.compile(rb" -I -S -c '(.*?)' ", re.S)
_RECORDED = re.compile(rb"^ *(?:jetpack_)?python=(.*?)\r?\n *if \[", re.M | re.S)
_CALL = re.compile(rb"^[^#\n]*\bgit[- ]jetpack hook (%b)(?![\w-])" % "|".join(_ALL).encode(), re.M)
_SHELL = re.compile(rb"#!\s*(/\S*/)?(env\s+)?(sh|ash|bash|dash|ksh|mksh|zsh)(\s+-[efuvx]+)?\s*$")
# `exec python3 "$0"`: the same file is read by another language, which would trip over a block.
_READ_TWICE = re.compile(rb"^[^#\n]*\bexec\b[^\n]*\$\{?(0|BASH_SOURCE)\b", re.M)


@dataclass(frozen=True)
class Installed:
    """One hook now `created`, `added` to, `unchanged`, `updated`, or `left` to its manager."""

    name: str
    path: Path
    action: str
    found: Found


@dataclass(frozen=True)
class Removed:
    """One hook now `removed`, `restored`, `trimmed`, `absent`, or `left` as written by hand."""

    name: str
    path: Path
    action: str


@dataclass(frozen=True)
class HookState:
    """One hook: `installed`, `missing`, `other-interpreter` or `managed-missing`.

    `path` is the file that calls the guard, or the hook file when none does.
    """

    name: str
    path: Path
    state: str
    interpreter: Path | None
    found: Found

    @property
    def stands(self) -> bool:
        """The guard is called, by an interpreter that is there."""
        other = self.state == "other-interpreter" and os.access(self.interpreter or "", os.X_OK)
        return other or self.state == "installed"


def install(worktree: Path, *, python: Path, also: Sequence[str] = ()) -> list[Installed]:
    """The guard runs at every commit and merge, or `left` says who has to call it.

    Hooks that are not the guard's usual ones are installed where `also` names them. Raises
    BadInput when a hook cannot be kept, and then nothing is written.
    """
    found = find(worktree, python=python, also=also)
    if found.manager != "none":
        if REFERENCES in also:
            raise BadInput(
                f"{found.manager} manages the hooks here, and {REFERENCES} was not installed.",
                hint=f"Let that hook call: git-jetpack hook {REFERENCES} STATE",
            )
        states = [replace(one, found=found) for one in status(worktree, python=python)]
        actions = ["unchanged" if s.state == "installed" else "left" for s in states]
        return [Installed(s.name, s.path, a, found) for s, a in zip(states, actions, strict=True)]
    with _file_errors():
        folder = hooks_dir(worktree)
        paths = [folder / name for name in _names(folder, also)]
        ways = [(path, _way(path)) for path in paths]
        return [Installed(path.name, path, _put(path, way, python), found) for path, way in ways]


def uninstall(worktree: Path) -> list[Removed]:
    """Nothing of ours is left in the hooks folder; what others wrote is as it was."""
    folder = own_folder(worktree)
    names = _names(folder)
    with _file_errors():
        taken = [_take_out(folder / name) for name in names]
    states = status(worktree, names=names)
    return [
        Removed(now.name, now.path, "left")
        if was.action == "absent" and now.state in ("installed", "other-interpreter")
        else was
        for was, now in zip(taken, states, strict=True)
    ]


def status(
    worktree: Path, *, python: Path | None = None, names: Sequence[str] = ()
) -> list[HookState]:
    """Each hook as it is now, or those of the `names`.

    `python` is what should run it, default this process's own.
    """
    wanted = (python or Path(sys.executable)).absolute()
    found = find(worktree, python=wanted)
    folder = hooks_dir(worktree)
    return [_state(worktree, found, folder / name, wanted) for name in names or _names(folder)]


def self_test(worktree: Path, *, python: Path) -> None:
    """The guard, started as the hook starts it, has answered. Raises StoreError if not."""
    (program,) = _PROGRAM.findall(template(HOOKS[0]))
    command = [str(python.absolute()), "-I", "-S", "-c", program, "--self-test"]
    try:
        done = subprocess.run(
            command, cwd=worktree, env=environment(), input=b"", capture_output=True, timeout=60
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        raise StoreError(f"{python} cannot run the guard: {error}", hint=_AGAIN) from error
    said = (done.stdout + done.stderr).decode("utf-8", "replace").strip()
    if done.returncode != 0 or said != ANSWER:
        raise StoreError(f"The guard's self-test failed ({done.returncode}): {said}", hint=_AGAIN)


def _names(folder: Path, also: Sequence[str] = ()) -> list[str]:
    """The hooks that ought to be there: of the optional ones those that are, and `also`."""
    there = [one for one in _OPTIONAL if one in also or BLOCK.search(text_at(folder / one))]
    return [*HOOKS, *there]


def _way(path: Path) -> str:
    """How our block gets into the hook at `path`. Raises BadInput when it cannot."""
    content, runs, kept = _plain(path), os.access(path, os.X_OK), Path(f"{path}.before-jetpack")
    if path.is_dir():
        raise BadInput(f"{path} is a folder, not a hook.", hint="Move it away.")
    if content is not None:
        if BLOCK.search(content):
            if runs or _is_wholly_ours(path.name, content):
                return "update"
            raise BadInput(f"{path} is not executable: git skips it.", hint=f"chmod +x {path}")
        if BEGIN in content:
            raise BadInput(f"{path} has half of our block.", hint=f"Take it out of {path}")
        if runs and _CALL.search(content):
            return "leave"
        if runs and _takes_a_block(content):
            return "add"
    there = os.path.lexists(path)
    # The same file under both names is an install that was interrupted.
    if os.path.lexists(kept) and not (there and os.path.samestat(path.lstat(), kept.lstat())):
        hint = f"Rename it back to {path.name}, or move it out of the folder."
        raise BadInput(f"{kept} is in the way: an earlier hook was kept there.", hint=hint)
    return "keep" if there else "create"


def _put(path: Path, way: str, python: Path) -> str:
    """The hook at `path` runs our block. Returns the action."""
    ours, content = shim(path.name, python), _plain(path) or b""
    block = BLOCK.findall(ours)[0]
    fresh, runs = BLOCK.sub(lambda _: block, content), os.access(path, os.X_OK)
    if way == "leave" or (way == "update" and fresh == content and runs):
        return "unchanged"
    if way == "update":
        _write(path, fresh, mode=0 if runs else 0o111)
        return "updated"
    if way == "add":
        shebang, newline, rest = content.partition(b"\n")
        _write(path, shebang + b"\n" + block + newline + rest, mode=0)
        return "added"
    if way == "keep":
        _keep(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    _write(path, ours)
    return "added" if way == "keep" else "created"


def _keep(path: Path) -> None:
    """The hook is also beside itself, so that ours can replace it in one step."""
    kept = Path(f"{path}.before-jetpack")
    if os.path.lexists(kept):
        return
    try:
        os.link(path, kept, follow_symlinks=False)
    except (PermissionError, NotImplementedError):  # a file system without hard links
        path.rename(kept)


def _take_out(path: Path) -> Removed:
    """The file at `path` has nothing of ours; what was kept is back."""
    kept = Path(f"{path}.before-jetpack")
    # pre-commit moves a hook that it finds to `<name>.legacy`, and goes on running it.
    for place in (path, Path(f"{path}.legacy")):
        content = _plain(place)
        if content is None or not BLOCK.search(content):
            continue
        if not _is_wholly_ours(path.name, content):
            rest = _trimmed(path.name, content, tail=os.path.lexists(kept))
            _write(place, rest, mode=0)
            return Removed(path.name, place, "trimmed")
        if os.path.lexists(kept):
            kept.replace(place)
            return Removed(path.name, place, "restored")
        place.unlink()
        return Removed(path.name, place, "removed")
    return Removed(path.name, path, "absent")


def _state(worktree: Path, found: Found, path: Path, wanted: Path) -> HookState:
    """How the hook at `path` stands, wherever its manager reads from."""
    for place, named in _places(worktree, found, path):
        text = text_at(place)
        if block := BLOCK.search(text):
            recorded = _recorded(block.group())
            state = "installed" if recorded == wanted else "other-interpreter"
            return HookState(path.name, place, state, recorded, found)
        calls = {os.fsdecode(call) for call in _CALL.findall(text)}
        if path.name in calls or (calls and not named and path.name in HOOKS[:2]):
            return HookState(path.name, place, "installed", None, found)
    state = "missing" if found.manager == "none" else "managed-missing"
    return HookState(path.name, path, state, None, found)


def _places(worktree: Path, found: Found, path: Path) -> Iterator[tuple[Path, bool]]:
    """The files that git runs for this hook, and whether each must call it by its name."""
    if os.access(path, os.X_OK):
        yield path, False
    if found.manager == "husky":
        yield husky_file(path.parent, path.name), False
    if found.manager == "lefthook":
        yield from ((worktree / name, True) for name in LEFTHOOK)
    if found.manager in FRAMEWORKS and b"File generated by " in text_at(path):
        yield worktree / ".pre-commit-config.yaml", False
        yield Path(f"{path}.legacy"), False


def _recorded(block: bytes) -> Path | None:
    """The interpreter that is written in the block."""
    found = _RECORDED.search(block)
    with suppress(ValueError):
        return Path(*shlex.split(os.fsdecode(found.group(1)))) if found else None
    return None


def _without_block(content: bytes) -> bytes:
    """The content as it was: a block goes in behind the first line, before its line end."""
    return re.sub(rb"\n?" + BLOCK.pattern, b"", content, flags=re.M | re.S)


def _is_wholly_ours(name: str, content: bytes) -> bool:
    return _without_block(content) == _without_block(template(name))


def _trimmed(name: str, content: bytes, *, tail: bool) -> bytes:
    """The content without our text; the `tail` stays when it still runs a kept hook."""
    _, header, *last = _without_block(template(name)).splitlines(keepends=True)
    rest = _without_block(content).replace(header, b"")
    return rest if tail else rest.replace(b"".join(last), b"")


def _takes_a_block(content: bytes) -> bool:
    """Whether it is a shell script in which a few lines below the first change nothing else."""
    is_shell = _SHELL.match(content.partition(b"\n")[0]) is not None
    return is_shell and b"\0" not in content and not _READ_TWICE.search(content)


def _plain(path: Path) -> bytes | None:
    """The content of a plain file; None for a link, a folder or nothing."""
    return path.read_bytes() if path.is_file() and not path.is_symlink() else None


def _write(path: Path, content: bytes, *, mode: int | None = None) -> None:
    """The file has this content, all or none. `mode` adds to its mode; without, it is new."""
    beside = path.with_name(f".{path.name}.{secrets.token_hex(4)}")
    try:
        with os.fdopen(os.open(beside, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o777), "wb") as file:
            file.write(content)
        if mode is not None:
            beside.chmod(mode | stat.S_IMODE(path.stat().st_mode))
        beside.replace(path)
    finally:
        beside.unlink(missing_ok=True)


@contextmanager
def _file_errors() -> Iterator[None]:
    """A failing file system raises StoreError."""
    try:
        yield
    except OSError as error:
        raise StoreError(f"The hooks cannot be written: {error}") from error
