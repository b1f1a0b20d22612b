# -*- coding: utf-8 -*-
'''Distances: how much two words differ, and which word was meant.'''
from typing import Iterable, List, Tuple, Optional, Sequence
import math
import os


def levenshtein(one: str, other: str) -> int:
    '''The least number of characters to insert, delete or replace to get from one to the other.

    >>> levenshtein('kitten', "sitting")
    3
    '''
    if len(one) < len(other): one, other = other, one
    row = list(range(len(other)+1))
    for i, left in enumerate(one, 1):
        before, row[0] = row[0], i
        for j, right in enumerate(other, 1):
            cost = 0 if left==right else 1
            before, row[j] = row[j], min(row[j]+1, row[j-1]+1, before+cost)
    return row[-1]


def damerau(one: str, other: str) -> int:
    '''Like `levenshtein`, but two neighbours that are swapped count as one change.

    This is the optimal string alignment distance: no part is changed twice.

    >>> damerau('form', 'from'), levenshtein('form', 'from')
    (1, 2)
    '''
    rows: List[List[int]] = [list(range(len(other)+1))]
    for i, left in enumerate(one, 1):
        row = [i]
        for j, right in enumerate(other, 1):
            best = min(rows[i-1][j]+1, row[j-1]+1, rows[i-1][j-1]+(left!=right))
            if i>1 and j>1 and left==other[j-2] and one[i-2]==right:
                best = min(best, rows[i-2][j-2]+1)
            row.append( best )
        rows.append( row )
    return rows[-1][-1]


def similarity(one: str, other: str) -> float:
    '''1.0 for equal words, 0.0 for words that have nothing in common.

    >>> similarity('abcd', 'abce')
    0.75
    '''
    longest = max(len(one), len(other))
    return 1 - levenshtein(one, other)/longest if longest else 1.0


def closest(word: str, known: Iterable[str], cutoff: float = 0.6, limit: Optional[int] = 3) -> List[str]:
    '''The known words that are most like the given one, the most similar first.

    >>> closest('comit', ['commit', 'push', 'omit'], cutoff=0.7)
    ['commit', 'omit']
    '''
    scored: List[Tuple[float, str]]=[]
    for candidate in sorted(set([name for name in known])):
        score = similarity(word, candidate)
        if score >= cutoff: scored.append((-score, candidate))
    return [candidate for _, candidate in sorted(scored)][:limit]


def did_you_mean(word: str, known: Sequence[str]) -> str:
    """A sentence for an error message; empty when nothing known is similar.

    >>> did_you_mean('stauts', ['status', 'list'])
    "unknown: 'stauts'; did you mean 'status'?"
    """
    found = closest(word, known, limit = 1)
    if not found: return ''
    return "unknown: %r; did you mean %r?" % (word, found[0])
