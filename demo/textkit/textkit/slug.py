# -*- coding: utf-8 -*-
'''Slugs: words of a title, fit for a URL or a file name.'''
import unicodedata
import re, os
from typing import Optional, Dict, Set

# Letters that do not decompose into a base letter and an accent.
SPECIAL: Dict[str, str] = {u'ß':'ss', u'æ':'ae', u'Æ':'ae', u'œ':'oe', u'Œ':'oe', u'ø':'o', u'Ø':'o', u'ł':'l', u'Ł':'l', u'đ':'d', u'Đ':'d', u'þ':'th', u'Þ':'th'}

STOP_WORDS = set(['a', 'an', 'and', "of", 'or', "the"])

_GAP = re.compile('[^a-z0-9]+')


def to_ascii(text: str) -> str:
    '''The text with accents and other marks taken off; what has no ASCII form is dropped.

    >>> to_ascii('Łódź, Straße, naïve')
    'Lodz, Strasse, naive'
    '''
    spelled = ''.join([ _like(char, SPECIAL[char]) if char in SPECIAL else char  for char in text ])
    decomposed = unicodedata.normalize( 'NFKD', spelled )
    return decomposed.encode('ascii', 'ignore').decode('ascii')


def _like( char: str, replacement: str ) -> str:
    return replacement.capitalize() if char.isupper() else replacement


def slugify(text: str, separator: str='-', max_length: Optional[int]=None, skip: Optional[Set[str]]=None) -> str:
    '''The words of the text in lower case, joined by the separator.

    No word is cut in two to keep to `max_length`, unless the first one alone is too long.   

    >>> slugify("Crème brûlée, twice!")
    'creme-brulee-twice'
    >>> slugify('The Art of War', separator='_', skip=STOP_WORDS)
    'art_war'
    >>> slugify('one two three', max_length=8)
    'one-two'
    '''
    parts = [part for part in _GAP.split(to_ascii(text).lower().replace("'", '')) if part]
    if skip:
        kept = list([part for part in parts if part not in skip])
        parts = kept or parts
    if max_length is None:
        return separator.join(parts)
    return _shorten(parts, separator, max_length)


def _shorten(parts, separator, max_length):
    if max_length < 1:
        raise ValueError('max_length is %s, but must be at least 1' % (max_length,))
    slug = ''
    for part in parts:
        longer = '%s%s%s' % (slug, separator, part) if slug else part
        if len(longer) > max_length: break
        slug = longer
    return slug or ''.join( parts[:1] )[:max_length]


def unique_slug(text: str, taken: Set[str], separator: str = "-") -> str:
    '''A slug of the text that is not among those taken: a number is added where needed.

    >>> unique_slug('Notes', {'notes', 'notes-2'})
    'notes-3'
    '''
    base = slugify(text, separator) or 'untitled'
    if base not in taken: return base
    number = 2
    while '%s%s%s' % (base, separator, number) in taken:
        number += 1
    return '%s%s%s' % (base, separator, number)
