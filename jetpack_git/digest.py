"""Names for content."""

from __future__ import annotations

from contextlib import suppress


def sha1(content: bytes) -> str:
    """The SHA-1 of the bytes in hexadecimal; a name, no protection."""
    with suppress(ImportError):  # hashlib loads OpenSSL, which takes longer than a claim
        from _sha1 import sha1  # type: ignore[import-not-found]

        return str(sha1(content).hexdigest())
    import hashlib

    return hashlib.sha1(content, usedforsecurity=False).hexdigest()
