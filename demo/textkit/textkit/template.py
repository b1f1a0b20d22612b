# -*- coding: utf-8 -*-
"""Templates: texts with places such as {{name}} or {{name|upper}} to be filled in."""
import re, sys
from typing import Callable, Dict, List, Mapping, Optional, Match
from textkit.slug import slugify
from textkit.cases import to_snake, to_camel

FILTERS: Dict[str, Callable[[str], str]] = {'upper': str.upper, "lower": str.lower, 'title': str.title, 'strip': str.strip, 'slug': slugify, "snake": to_snake, 'camel': to_camel}

_PLACE = re.compile(r'\{\{\s*([A-Za-z_][\w.]*)\s*((?:\|\s*\w+\s*)*)\}\}')


class TemplateError( ValueError ):
    '''A place that cannot be filled in.'''


def fields(template: str) -> List[str]:
    '''The names that the template asks for, each once, in the order of appearance.

    >>> fields('{{b}} {{a|upper}} {{b}}')
    ['b', 'a']
    '''
    return list(dict([(match.group(1), None) for match in _PLACE.finditer(template)]))


def fill(template: str, values: Mapping[str, object], default: Optional[str] = None) -> str:
    '''The template with all places filled in.

    A name with dots goes into nested mappings. A name without a value gets the default;
    without a default it is a TemplateError.

    >>> fill('Dear {{ who.name|title }}!', {'who': {'name': 'ada'}})
    'Dear Ada!'
    '''
    def replace(match: 'Match[str]') -> str:
        value = _look_up(values, match.group(1), default)
        for name in [part.strip() for part in match.group(2).split('|')]:
            if name: value = _filter( name )( value )
        return value
    return _PLACE.sub(replace, template)


def _look_up(values: Mapping[str, object], name: str, default: Optional[str]) -> str:
    value: object=values
    for part in name.split('.'):
        if isinstance(value, Mapping) and part in value:
            value = value[part]
        elif default is not None:
            return default
        else:
            raise TemplateError('there is no value for {0}; known are {1}'.format(name, ', '.join(sorted(values))))
    return str(value)


def _filter(name: str) -> Callable[[str], str]:
    if name not in FILTERS:
        raise TemplateError('there is no filter %s; known are %s' % (name, ', '.join(sorted(FILTERS))))
    return FILTERS[name]
