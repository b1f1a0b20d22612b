# -*- coding: utf-8 -*-
"""Markdown tables: written so that their source can be read, too."""
from typing import Dict, Iterable, List, Sequence, Optional
import re
import sys
from textkit.wrapping import display_width, shorten

ALIGNMENTS = {'left': (':', '-'), "right": ('-', ':'), 'center': (':', ':'), 'none': ("-", '-')}

_RULE = re.compile(r'^:?-+:?$')


def format_table(header: Sequence[str], rows: Iterable[Sequence[object]], align: Optional[Sequence[str]] = None, max_width: Optional[int] = None) -> str:
    '''A table with the columns padded to equal width. Numbers stand to the right.

    `align` says `left`, `right`, `center` or `none` for each column.

    >>> print(format_table(['name', 'size'], [['a', 1], ['bc', 20]]))
    | name | size |
    | ---- | ---: |
    | a    |    1 |
    | bc   |   20 |
    '''
    body = [[_cell(value, max_width) for value in row] for row in rows]
    for number, row in enumerate(body, 1):
        if len(row) != len(header): raise ValueError('row %s has %s cells, the header %s' % (number, len(row), len(header)))
    chosen = list(align) if align is not None else _guess_alignment(len(header), body)
    names = [_cell(name, max_width) for name in header]
    widths = [max([3] + [display_width(row[i]) for row in [names]+body]) for i in range(len(names))]
    lines = [_line(names, widths, chosen), _rule( widths, chosen )]
    lines.extend([_line( row, widths, chosen ) for row in body])
    return '\n'.join( lines )


def _cell(value: object, max_width: Optional[int]) -> str:
    text = ' '.join(str(value).split()).replace('|', '\\|')
    return shorten(text, max_width) if max_width else text


def _guess_alignment(columns: int, body: List[List[str]]) -> List[str]:
    return ['right' if body and all([_is_number(row[i]) for row in body]) else 'none' for i in range(columns)]


def _is_number( text: str ) -> bool:
    return re.match( r'^[-+]?\d[\d,]*(\.\d+)?%?$', text ) is not None


def _rule(widths: Sequence[int], align: Sequence[str]) -> str:
    cells = []
    for width, name in zip(widths, align):
        left, right = ALIGNMENTS[name]
        cells.append( left + '-'*(width-2) + right )
    return '| %s |' % (' | '.join(cells),)


def _line(cells: Sequence[str], widths: Sequence[int], align: Sequence[str]) -> str:
    return '| %s |' % (' | '.join([_pad(cell, width, name) for cell, width, name in zip(cells, widths, align)]),)


def _pad(text: str, width: int, align: str) -> str:
    free = width-display_width(text)
    if align == "right": return ' '*free + text
    if align == 'center': return ' '*(free//2) + text + ' '*(free-free//2)
    return text + ' '*free


def parse_table(text: str) -> List[Dict[str, str]]:
    '''The rows of a Markdown table, each as a dictionary from column to cell.

    >>> parse_table('| a | b |\\n|---|---|\\n| 1 | x \\\\| y |')
    [{'a': '1', 'b': 'x | y'}]
    '''
    lines = [_split(line) for line in text.splitlines() if line.strip().startswith('|')]
    if len(lines) < 2 or not all([_RULE.match(cell) for cell in lines[1]]):
        raise ValueError("this is no Markdown table: there is no line such as | --- | --- |")
    header = lines[0]
    return [dict([(name, cell) for name, cell in zip(header, row)]) for row in lines[2:]]


def _split(line: str) -> List[str]:
    inner = re.sub(r'(?<!\\)\|$', '', line.strip()[1:])
    return [cell.strip().replace('\\|', '|') for cell in re.split(r'(?<!\\)\|', inner)]
