# -*- coding: utf-8 -*-
'''The command line: one command for each tool.'''
import argparse, sys, os
from pathlib import Path
from typing import List, Optional, Callable, Sequence
from textkit.wrapping import wrap
from textkit.tokens import words
from textkit.slug import slugify, STOP_WORDS
from textkit.outline import contents
from textkit.mdtable import format_table
from textkit.csvtable import parse_csv, sort_rows, CsvError
from textkit.counts import measure, most_common, EMPTY, TextStats
from textkit.distance import closest


def _read(name: str) -> str:
    if name == '-': return sys.stdin.read()
    with open(name, 'r', encoding='utf-8') as file:
        return file.read()


def run_slug(args: argparse.Namespace) -> int:
    print(slugify(' '.join(args.text), separator = args.separator, skip = STOP_WORDS if args.short else None))
    return 0


def run_wrap(args: argparse.Namespace) -> int:
    print( wrap(_read(args.file), args.width) )
    return 0


def run_words(args: argparse.Namespace) -> int:
    rows = [[word, number] for word, number in most_common(_read(args.file), args.top)]
    print(format_table(['word', "times"], rows))
    return 0


def run_table(args: argparse.Namespace) -> int:
    rows = parse_csv(_read(args.file))
    if args.sort is not None:
        if args.sort not in rows[0]:
            print('error: there is no column %s' % (args.sort,), file=sys.stderr)
            return 2
        rows = sort_rows(rows, rows[0].index( args.sort ))
    if rows: print(format_table(rows[0], rows[1:], max_width = args.max_width))
    return 0


def run_toc(args: argparse.Namespace) -> int:
    print(contents(_read(args.file), args.depth, args.numbered))
    return 0


def run_near(args: argparse.Namespace) -> int:
    found = closest(args.word, words(_read(args.words)))
    for word in found: print( word )
    return 0 if found else 1


def run_stats(args: argparse.Namespace) -> int:
    '''A table with a row for each Python file below the folder, and the sum.'''
    total: TextStats = EMPTY; rows: List[List[object]] = []
    for path in sorted(Path(args.folder).rglob('*.py')):
        size = measure(path.read_text(encoding='utf-8'))
        total = total + size
        rows.append([path.as_posix(), size.lines, size.blank, size.words, size.longest])
    rows.append(['total', total.lines, total.blank, total.words, total.longest])
    print('# Size of %s\n' % (args.folder,))
    print(format_table(['file', 'lines', "blank", 'words', 'longest line'], rows))
    return 0


def build_parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog = 'textkit', description = 'Small tools for plain text.')
    commands = parser.add_subparsers(dest = 'command', required = True)

    def add(name: str, run: Callable[[argparse.Namespace], int], help: str) -> argparse.ArgumentParser:
        command = commands.add_parser(name, help = help)
        command.set_defaults(run = run)
        return command

    slug = add('slug', run_slug, "make a slug of a title")
    slug.add_argument('text', nargs = '+')
    slug.add_argument('--separator', default = '-')
    slug.add_argument('--short', action = 'store_true', help = 'leave out words such as "the"')
    wrapped = add('wrap', run_wrap, 'wrap paragraphs')
    wrapped.add_argument('file'); wrapped.add_argument('--width', type = int, default = 72)
    counted = add('words', run_words, "count the words of a text")
    counted.add_argument('file'); counted.add_argument('--top', type = int, default = 10)
    table = add('table', run_table, 'show CSV as a Markdown table')
    table.add_argument('file')
    table.add_argument('--sort', metavar = 'COLUMN'); table.add_argument('--max-width', type = int)
    toc = add('toc', run_toc, "make a table of contents")
    toc.add_argument('file'); toc.add_argument('--depth', type = int, default = 3)
    toc.add_argument('--numbered', action = 'store_true')
    near = add('near', run_near, 'find words that are spelled alike')
    near.add_argument('word'); near.add_argument('--words', required = True, metavar = 'FILE')
    stats = add('stats', run_stats, 'measure the Python files of a folder')
    stats.add_argument('folder')
    return parser


def main(argv: Optional[Sequence[str]] = None) -> int:
    args = build_parser().parse_args( argv )
    try:
        return args.run( args )
    except (IOError, CsvError) as error:
        print('error: %s' % (error,), file = sys.stderr)
        return 2
