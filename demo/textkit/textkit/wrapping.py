# -*- coding: utf-8 -*-
'''Wrapping: paragraphs in lines that are not too long.'''
from typing import List, Optional, Iterable
import unicodedata
import re, sys


def display_width(text: str) -> int:
    '''How many columns of a terminal the text takes: wide characters take two, marks none.

    >>> display_width('naïve'), display_width('日本'), display_width('e\\u0301')
    (5, 4, 1)
    '''
    width = 0
    for char in text:
        if unicodedata.combining( char ): continue
        width += 2 if unicodedata.east_asian_width( char ) in ('W', "F") else 1
    return width


def paragraphs(text: str) -> List[str]:
    '''The paragraphs of the text: what stands between blank lines.

    >>> paragraphs('one\\ntwo\\n \\nthree')
    ['one\\ntwo', 'three']
    '''
    return [part.strip('\n') for part in re.split(r'\n[ \t]*(?:\n[ \t]*)*\n', text) if part.strip()]


def wrap_paragraph(text: str, width: int = 72, first: str = '', rest: Optional[str] = None) -> List[str]:
    '''The words of the text in lines of at most `width` columns.

    The first line begins with `first` and all others with `rest`. A word that is longer than
    a line gets a line of its own.

    >>> wrap_paragraph('to be or not to be', 10, '- ', '  ')
    ['- to be or', '  not to', '  be']
    '''
    if width < 1:
        raise ValueError('the width is %s, but must be at least 1' % (width,))
    lines: List[str] = []
    prefix, current = first, ''
    for word in text.split():
        candidate = '%s %s' % (current, word) if current else word
        if current and display_width( prefix + candidate ) > width:
            lines.append(prefix + current)
            prefix, current = (rest if rest is not None else first), word
        else:
            current = candidate
    if current or not lines: lines.append((prefix + current).rstrip())
    return lines


def wrap(text: str, width: int=72) -> str:
    '''Each paragraph of the text wrapped, with one blank line between them.'''
    return '\n\n'.join(['\n'.join(wrap_paragraph(part, width)) for part in paragraphs(text)])


def indent(text: str, prefix: str='    ') -> str:
    """The text with the prefix before each line that is not blank.

    >>> indent('one\\n\\ntwo', '> ')
    '> one\\n\\n> two'
    """
    return '\n'.join([(prefix + line if line.strip() else line) for line in text.split("\n")])


def dedent(text: str) -> str:
    """The text without the blanks that all its lines begin with; blank lines become empty.

    >>> dedent('    one\\n      two\\n')
    'one\\n  two\\n'
    """
    lines = [line if line.strip() else '' for line in text.split('\n')]
    margin = _margin( [line for line in lines if line] )
    return '\n'.join([line[len(margin):] for line in lines])


def _margin(lines: Iterable[str]) -> str:
    margin: Optional[str]=None
    for line in lines:
        blank = line[:len(line) - len(line.lstrip())]
        if margin is None: margin = blank
        while not blank.startswith(margin): margin = margin[:-1]
    return margin or ""


def shorten(text: str, width: int, ellipsis: str = u'…') -> str:
    '''The text in one line of at most `width` columns; what is cut off shows as an ellipsis.

    >>> shorten('a very long title', 10)
    'a very lo…'
    '''
    line = ' '.join(text.split())
    if display_width(line) <= width: return line
    while line and display_width(line + ellipsis) > width:
        line = line[:-1]
    return line.rstrip()+ellipsis
