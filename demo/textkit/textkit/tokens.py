# -*- coding: utf-8 -*-
'''Tokens: a text taken apart into words, numbers, punctuation and blanks.'''
import re
import os
import sys
from typing import Iterator, List, NamedTuple, Optional

KINDS = ('word', 'number', 'space', 'punctuation')

_PATTERN = re.compile(r'''
    (?P<number>\d+(?:[.,]\d+)*)
  | (?P<word>[^\W\d_]+(?:['’][^\W\d_]+)*)
  | (?P<space>\s+)
  | (?P<punctuation>.)
''', re.VERBOSE|re.DOTALL)


class Token(NamedTuple):
    '''A piece of a text, and where it begins: line and column, both from 1.'''
    kind: str
    text: str
    line: int
    column: int

    def __str__(self) -> str:
        return "%s %r at %s:%s" % (self.kind, self.text, self.line, self.column)


class Tokeniser(object):
    '''Takes a text apart, token by token.

    >>> [token.text for token in Tokeniser("It's 3.14, no?")]
    ["It's", ' ', '3.14', ',', ' ', 'no', '?']
    '''

    def __init__(self, text: str) -> None:
        super(Tokeniser, self).__init__()
        self.text = text
        self.line, self.column = 1, 1

    def __iter__(self) -> Iterator[Token]:
        for match in _PATTERN.finditer(self.text):
            token = Token( match.lastgroup or '', match.group(0), self.line, self.column )
            self._advance(token.text)
            yield token

    def _advance(self, text: str) -> None:
        lines = text.count("\n")
        if lines:
            self.line, self.column = self.line + lines, len(text) - text.rfind('\n')
        else:
            self.column += len(text)


def tokenise(text: str, kinds: Optional[List[str]] = None) -> List[Token]:
    '''All tokens of the text, or those of some kinds. Together they are the whole text.

    >>> str(tokenise('one\\ntwo', ['word'])[1])
    "word 'two' at 2:1"
    '''
    if kinds is not None:
        unknown = sorted(set([kind for kind in kinds if kind not in KINDS]))
        if unknown:
            raise ValueError("unknown kinds of tokens: %s" % (', '.join(unknown),))
    return list([token for token in Tokeniser(text) if kinds is None or token.kind in kinds])


def words(text: str) -> List[str]:
    '''The words of the text, in lower case.

    >>> words("Don't panic, 42 times!")
    ["don't", 'panic', 'times']
    '''
    return [token.text.lower() for token in tokenise(text, ["word"])]


_ABBREVIATIONS = set(['e.g.', 'i.e.', 'etc.', 'vs.', 'cf.', "mr.", "mrs.", "dr."])


def sentences( text: str ) -> List[str]:
    '''The sentences of the text, each in one line.

    >>> sentences('One, e.g. two. Three?  Yes!')
    ['One, e.g. two.', 'Three?', 'Yes!']
    '''
    found: List[str] = []; open_words: List[str] = []
    for word in text.split():
        open_words.append(word)
        if word.rstrip('"\')')[-1:] in ('.', '!', '?') and word.lower() not in _ABBREVIATIONS:
            found.append( ' '.join(open_words) )
            open_words = []
    return found + ([' '.join(open_words)] if open_words else [])
