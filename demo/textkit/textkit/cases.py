# -*- coding: utf-8 -*-
"""Names in the cases of different languages: snake_case, camelCase, kebab-case."""
from typing import List
import sys
import re

_WORD = re.compile(r'[A-Z]+(?=[A-Z][a-z])|[A-Z]?[a-z]+|[A-Z]+|[0-9]+')


def split_words(name: str) -> List[str]:
    """The words of a name, whichever case it is in.

    >>> split_words('parseHTTPResponse2')
    ['parse', 'HTTP', 'Response', '2']
    >>> split_words("max_line-length")
    ['max', 'line', 'length']
    """
    return _WORD.findall( name )


def to_snake(name: str)->str:
    """
    >>> to_snake('parseHTTPResponse')
    'parse_http_response'
    """
    return "_".join([ word.lower() for word in split_words(name) ])


def to_kebab(name: str)->str:
    """
    >>> to_kebab('maxLineLength')
    'max-line-length'
    """
    return to_snake(name).replace('_','-')


def to_camel(name: str, upper: bool=False)->str:
    """
    >>> to_camel('max_line_length')
    'maxLineLength'
    >>> to_camel('max_line_length', upper=True)
    'MaxLineLength'
    """
    parts=[word.lower() for word in split_words( name )]
    if not parts: return ''
    head=parts[0].capitalize() if upper else parts[0]
    return head+''.join([word.capitalize() for word in parts[1:]])


def to_constant(name: str)->str:
    """
    >>> to_constant('maxLineLength')
    'MAX_LINE_LENGTH'
    """
    return to_snake( name ).upper()


def is_snake(name: str)->bool:
    """Whether the name is in snake_case already.

    >>> is_snake('max_length'), is_snake('maxLength')
    (True, False)
    """
    return bool(name) and name==to_snake( name )
