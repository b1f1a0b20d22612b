"""Questions to the full-text indexes."""

from __future__ import annotations


def words(text: str) -> str:
    """What finds all words of the text, of which the last may be a beginning; "" if it has none.

    Nothing in the text is taken as syntax of the query.
    """
    found = ['"' + one.replace('"', '""') + '"' for one in text.replace("\0", " ").split()]
    return " ".join(found) + "*" if found else ""
