"""`collections.abc` without the package `collections`, while the hook is loaded.

That package takes as long to load as all of ours, and what is wanted of it is loaded already:
newer Pythons make the same alias themselves.
"""

from __future__ import annotations

import _collections_abc
import sys

NAME = "collections.abc"
_is_ours = NAME not in sys.modules
sys.modules.setdefault(NAME, _collections_abc)


def end() -> None:
    """Whoever asks for `collections.abc` from now on loads it whole."""
    package = sys.modules.get("collections")
    if package is not None:
        vars(package).setdefault("abc", _collections_abc)
    elif _is_ours:
        sys.modules.pop(NAME, None)
