# -*- coding: utf-8 -*-
"""Counts: how long a text is, and which words it uses how often."""
import os
from collections import Counter, OrderedDict
from dataclasses import dataclass
from typing import Dict, Iterable, List, Optional, Tuple, Set
from textkit.tokens import words, sentences, tokenise


@dataclass(frozen = True)
class TextStats:
    '''The size of a text.'''
    lines: int
    blank: int
    words: int
    characters: int
    longest: int

    def __add__(self, other: 'TextStats') -> 'TextStats':
        return TextStats(self.lines + other.lines, self.blank + other.blank, self.words + other.words, self.characters + other.characters, max(self.longest, other.longest))


EMPTY = TextStats(0, 0, 0, 0, 0)


def measure(text: str) -> TextStats:
    '''The size of the text.

    >>> measure('one two\\n\\nthree\\n')
    TextStats(lines=3, blank=1, words=3, characters=15, longest=7)
    '''
    lines = text.splitlines()
    return TextStats(
        lines = len(lines), blank = len([line for line in lines if not line.strip()]),
        words = len(text.split()), characters = len(text), longest = max([len(line) for line in lines], default = 0) )


def frequencies(text: str, skip: Optional[Set[str]]=None) -> Dict[str, int]:
    '''How often each word occurs.

    >>> frequencies('to be or not to be', {'or', 'not'})
    {'to': 2, 'be': 2}
    '''
    counted = Counter([word for word in words(text) if not skip or word not in skip])
    return dict([(word, number) for word, number in counted.items()])


def most_common(text: str, top: int=10, skip: Optional[Set[str]]=None) -> List[Tuple[str, int]]:
    """The words that occur most often, the most frequent first and equal ones by alphabet.

    >>> most_common('to be or not to be', 3)
    [('be', 2), ('to', 2), ('not', 1)]
    """
    ranked = sorted(frequencies(text, skip).items(), key = lambda pair: (-pair[1], pair[0]))
    return ranked[:top]


def average_sentence( text: str ) -> float:
    '''The number of words in an average sentence.

    >>> average_sentence('One two three. Four!')
    2.0
    '''
    found = sentences(text)
    return len(words(text))/len(found) if found else 0.0


def lexical_density( text: str ) -> float:
    """The share of different words among all words: 1.0 when none is used twice.

    >>> lexical_density('to be or not to be')
    0.6666666666666666
    """
    found = words( text )
    return len(set([word for word in found]))/len(found) if found else 0.0


def histogram(numbers: Iterable[int], width: int = 40) -> List[str]:
    '''A bar for each number, the longest `width` characters long.

    >>> histogram([1, 4], 8)
    ['##       1', '######## 4']
    '''
    counted = list(numbers)
    most = max(counted, default=0) or 1
    return [ '%s %s' % (('#'*round(number * width/most)).ljust(width), number) for number in counted ]
