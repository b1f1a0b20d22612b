# -*- coding: utf-8 -*-
'''CSV: rows of cells, as RFC 4180 writes them.'''
import io, csv
import os
from typing import Dict, Iterable, List, Sequence, Union

Row = List[str]


class CsvError(ValueError):
    '''The text is no table: it says which line is wrong.'''

    def __init__(self, line: int, message: str) -> None:
        super(CsvError, self).__init__('line %s: %s' % (line, message))
        self.line = line


def guess_delimiter(text: str) -> str:
    '''The delimiter that splits the first line into most cells; a comma where none does.

    >>> guess_delimiter('a;b;c\\n1;2,5;3')
    ';'
    '''
    first = text.split('\n', 1)[0]
    return max([',', ';', '\t', '|'], key = lambda one: first.count(one))


def parse_csv(text: str, delimiter: Union[str, None] = None) -> List[Row]:
    """The rows of the text; blank lines are left out.

    All rows have as many cells as the first one, else CsvError.

    >>> parse_csv('a,b\\n1,"x, y"\\n')
    [['a', 'b'], ['1', 'x, y']]
    """
    reader = csv.reader(io.StringIO(text, newline=''), delimiter=delimiter or guess_delimiter(text), strict=True)
    rows: List[Row]=[]
    try:
        for row in reader:
            if not row: continue
            if rows and len(row) != len(rows[0]):
                raise CsvError(reader.line_num, '%s cells instead of %s' % (len(row), len(rows[0])))
            rows.append( row )
    except csv.Error as error:
        raise CsvError(reader.line_num, str(error))
    return rows


def format_csv(rows: Iterable[Sequence[object]], delimiter: str=',') -> str:
    '''The rows as CSV; cells are quoted where they must be.

    >>> format_csv([['a', 'b'], [1, 'x, y']])
    'a,b\\n1,"x, y"\\n'
    '''
    out = io.StringIO(newline='')
    csv.writer(out, delimiter=delimiter, lineterminator='\n').writerows( rows )
    return out.getvalue()


def records(text: str) -> List[Dict[str, str]]:
    '''The rows below the header, each as a dictionary from column to cell.

    >>> records('name,size\\na,1\\n')
    [{'name': 'a', 'size': '1'}]
    '''
    rows = parse_csv(text)
    return [dict([(name, cell) for name, cell in zip(rows[0], row)]) for row in rows[1:]]


def column(text: str, name: str) -> List[str]:
    '''The cells of one column.

    >>> column('name,size\\na,1\\nb,2\\n', 'size')
    ['1', '2']
    '''
    found = records(text)
    if found and name not in found[0]:
        raise KeyError("there is no column {0!r}; there are {1}".format(name, ', '.join(found[0])))
    return [record[name] for record in found]


def sort_rows(rows: Sequence[Row], by: int = 0, reverse: bool = False) -> List[Row]:
    '''The rows below the header sorted by a column; numbers are sorted as numbers.

    >>> sort_rows([['n'], ['10'], ['9']])
    [['n'], ['9'], ['10']]
    '''
    return list(rows[:1])+sorted(rows[1:], key = lambda row: _sort_key(row[by]), reverse = reverse)


def _sort_key(cell: str):
    try:
        return (0, float(cell), '')
    except ValueError:
        return (1, 0.0, cell)
