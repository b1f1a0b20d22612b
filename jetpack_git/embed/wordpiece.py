"""BERT's tokenizer for lower-case models: words, then the longest pieces that it knows.

After Devlin et al. 2018, and the reference implementation's `BasicTokenizer` and
`WordpieceTokenizer`.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator

UNKNOWN, BEGIN, END = "[UNK]", "[CLS]", "[SEP]"
LONGEST_WORD = 100


class WordPiece:
    """A vocabulary, one piece a line; the number of a piece is that of its line."""

    def __init__(self, vocabulary: str) -> None:
        self._numbers = {piece: at for at, piece in enumerate(vocabulary.splitlines())}

    def numbers(self, text: str, *, limit: int) -> list[int]:
        """The numbers of the text's pieces between BEGIN and END, `limit` of them at most."""
        found = [self._numbers[BEGIN]]
        for word in _words(text):
            if len(found) >= limit - 1:
                break
            found += self._pieces(word)
        return [*found[: limit - 1], self._numbers[END]]

    def _pieces(self, word: str) -> list[int]:
        if len(word) > LONGEST_WORD:
            return [self._numbers[UNKNOWN]]
        found: list[int] = []
        begin = 0
        while begin < len(word):
            for end in range(len(word), begin, -1):
                piece = word[begin:end] if begin == 0 else f"##{word[begin:end]}"
                if piece in self._numbers:
                    found.append(self._numbers[piece])
                    begin = end
                    break
            else:
                return [self._numbers[UNKNOWN]]
        return found


def _words(text: str) -> Iterator[str]:
    """The words and the single signs of the text, in lower case and without accents."""
    word: list[str] = []
    for one in unicodedata.normalize("NFD", _clean(text).lower()):
        if unicodedata.category(one) == "Mn":
            continue
        alone = _is_sign(one) or _is_han(ord(one))
        if alone or one.isspace():
            if word:
                yield "".join(word)
                word.clear()
            if alone:
                yield one
        else:
            word.append(one)
    if word:
        yield "".join(word)


def _clean(text: str) -> str:
    """The text without control characters; any white space is a space."""
    found = []
    for one in text:
        if one in "\t\n\r":
            found.append(" ")
        elif one not in "\0\ufffd" and not unicodedata.category(one).startswith("C"):
            found.append(one)
    return "".join(found)


def _is_sign(one: str) -> bool:
    """Whether it stands alone: what Unicode calls punctuation, and all such of ASCII."""
    if one.isascii():
        return 33 <= ord(one) <= 126 and not one.isalnum()
    return unicodedata.category(one).startswith("P")


def _is_han(code: int) -> bool:
    return (
        0x4E00 <= code <= 0x9FFF
        or 0x3400 <= code <= 0x4DBF
        or 0x20000 <= code <= 0x2CEAF
        or 0xF900 <= code <= 0xFAFF
        or 0x2F800 <= code <= 0x2FA1F
    )
