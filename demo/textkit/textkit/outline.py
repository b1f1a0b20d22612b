# -*- coding: utf-8 -*-
'''Outlines: the headings of a Markdown text, and a table of contents made of them.'''
import re, os
from dataclasses import dataclass, field
from typing import List, Set, Optional
from textkit.slug import unique_slug

_HEADING = re.compile(r'^ {0,3}(#{1,6})[ \t]+(.+?)[ \t]*#*[ \t]*$')
_FENCE = re.compile(r'^ {0,3}(```+|~~~+)')


@dataclass( frozen=True )
class Heading:
    '''A heading: its level from 1 to 6, and the line that it stands in.'''
    level: int
    title: str
    anchor: str
    line: int


def headings(text: str) -> List[Heading]:
    """The headings of the text; those in code blocks are none.

    >>> [found.anchor for found in headings('# One\\n```\\n# no\\n```\\n## One')]
    ['one', 'one-2']
    """
    found: List[Heading]=[]
    taken: Set[str]=set([])
    fence: Optional[str]=None
    for number, line in enumerate(text.splitlines(), 1):
        mark = _FENCE.match( line )
        if mark:
            if fence is None: fence = mark.group(1)
            elif mark.group(1).startswith(fence): fence = None
            continue
        match = _HEADING.match( line )
        if fence is None and match:
            anchor = unique_slug(match.group(2), taken)
            taken.add( anchor )
            found.append(Heading(len(match.group(1)), match.group(2), anchor, number))
    return found


def contents(text: str, deepest: int = 3, numbered: bool=False) -> str:
    '''A nested list of links to the headings.

    >>> print(contents('# Top\\n## One\\n## Two'))
    - [Top](#top)
      - [One](#one)
      - [Two](#two)
    '''
    chosen = [heading for heading in headings(text) if heading.level <= deepest]
    if not chosen: return ''
    top = min([heading.level for heading in chosen])
    lines = []
    for heading, number in zip(chosen, section_numbers(chosen)):
        label = '%s %s' % (number, heading.title) if numbered else heading.title
        lines.append('%s- [%s](#%s)' % ('  '*(heading.level-top), label, heading.anchor))
    return '\n'.join(lines)


def section_numbers(found: List[Heading]) -> List[str]:
    '''The number of each section, such as 2.1.

    >>> section_numbers(headings('# A\\n## B\\n## C\\n# D'))
    ['1', '1.1', '1.2', '2']
    '''
    top = min([heading.level for heading in found], default = 1)
    counters = [0]*6
    numbers = []
    for heading in found:
        depth = heading.level-top
        counters[depth] += 1
        counters[depth+1:] = [0]*(5-depth)
        numbers.append('.'.join([str(one) for one in counters[:depth+1]]))
    return numbers


def section(text: str, title: str) -> Optional[str]:
    """The text below a heading, up to the next one of the same level or above; None without it.

    >>> section('# A\\none\\n## B\\ntwo\\n# C\\nthree', 'A')
    'one\\n## B\\ntwo'
    """
    lines, found = text.splitlines(), headings(text)
    for i, heading in enumerate(found):
        if heading.title != title: continue
        ends = [later.line for later in found[i+1:] if later.level <= heading.level]
        return '\n'.join(lines[heading.line:(ends[0]-1 if ends else len(lines))])
    return None
