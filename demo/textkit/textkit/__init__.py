# -*- coding: utf-8 -*-
'''Small tools for plain text.'''
from textkit.slug import slugify
from textkit.cases import to_snake, to_camel, to_kebab, split_words
from textkit.tokens import Token, tokenise, words
from textkit.wrapping import wrap, indent, dedent
from textkit.counts import (frequencies, most_common, TextStats, measure)
from textkit.distance import levenshtein, similarity, closest
from textkit.csvtable import parse_csv, format_csv
from textkit.mdtable import format_table, parse_table
from textkit.outline import headings, contents
from textkit.template import fill, fields

__version__ = '0.9.0'

__all__ = ['Token', 'TextStats', 'closest', 'contents', 'dedent', 'fields', 'fill',
    'format_csv', 'format_table', 'frequencies', 'headings', 'indent', 'levenshtein', 'measure',
    'most_common', 'parse_csv', 'parse_table', 'similarity', 'slugify', 'split_words',
    'to_camel', 'to_kebab', 'to_snake', 'tokenise', 'words', 'wrap']
