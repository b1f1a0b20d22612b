# -*- coding: utf-8 -*-
import io
import tempfile
import os, unittest
from contextlib import redirect_stdout, redirect_stderr
from typing import Tuple
from textkit.template import fill, fields, TemplateError
from textkit.outline import headings, contents, section
from textkit.mdtable import format_table, parse_table
from textkit.csvtable import parse_csv, format_csv, column, sort_rows, CsvError
from textkit.cli import main

CSV = 'name,size\nb,10\n"a ""x""",9\n'


class CsvTest(unittest.TestCase):
    def test_what_is_written_is_read_again(self):
        rows = [['a', 'b'], ['x, "y"', ''], ['two\nlines', u'é']]
        self.assertEqual( parse_csv(format_csv(rows)), rows )

    def test_errors_name_the_line(self):
        with self.assertRaisesRegex(CsvError, 'line 3: 1 cells instead of 2'): parse_csv('a,b\n1,2\n3\n')
        with self.assertRaisesRegex(CsvError, "line 1"): parse_csv('"a')

    def test_numbers_are_sorted_as_numbers(self):
        self.assertEqual([row[1] for row in sort_rows(parse_csv(CSV), 1)], ['size', '9', '10'])

    def test_a_column_that_is_not_there(self):
        with self.assertRaisesRegex(KeyError, 'there are name, size'): column(CSV, 'weight')


class TableTest(unittest.TestCase):
    def test_what_is_written_is_read_again(self):
        table = format_table(['a', u'日本'], [['x | y', 'left'], ["z", u'ü']], ['left', 'center'])
        self.assertEqual(parse_table(table), [{'a': 'x | y', u'日本': 'left'}, {'a': 'z', u'日本': u'ü'}])

    def test_a_row_of_another_length_is_refused(self):
        with self.assertRaisesRegex(ValueError, 'row 1 has 1 cells'): format_table(['a', 'b'], [['x']])

    def test_text_is_no_table(self):
        self.assertRaises( ValueError, parse_table, 'just text' )


class OutlineTest(unittest.TestCase):
    TEXT = '# Guide\n\n## Start\ntext\n~~~\n# code\n~~~\n### Deep #\n## Start\n'

    def test_headings(self):
        self.assertEqual([(one.level, one.title, one.anchor, one.line) for one in headings(self.TEXT)],
            [(1, 'Guide', 'guide', 1), (2, 'Start', 'start', 3), (3, 'Deep', 'deep', 8), (2, 'Start', "start-2", 9)])

    def test_numbered_contents(self):
        self.assertEqual(contents(self.TEXT, deepest=2, numbered=True).split('\n')[-1], '  - [1.2 Start](#start-2)')
        self.assertEqual(contents('no heading'), '')

    def test_sections(self):
        self.assertEqual(section(self.TEXT, 'Deep'), '')
        self.assertIsNone(section(self.TEXT, 'code'))


class TemplateTest(unittest.TestCase):
    def test_filters_follow_each_other(self):
        self.assertEqual(fill('{{t | slug | upper}}', dict(t = 'Two words')), 'TWO-WORDS')

    def test_missing_values(self):
        self.assertEqual(fill('{{a.b}}', {'a': 1}, default='?'), '?')
        with self.assertRaisesRegex(TemplateError, 'known are a, b'): fill('{{c}}', {'b': 1, 'a': 2})
        with self.assertRaisesRegex(TemplateError, 'no filter shout'): fill('{{a|shout}}', {'a': ''})

    def test_other_braces_are_text(self):
        self.assertEqual((fields('{a} {{1}}'), fill('{a} {{ }}', {})), ([], '{a} {{ }}'))


class CliTest(unittest.TestCase):
    def run_cli(self, *argv: str) -> Tuple[int, str, str]:
        out, err = io.StringIO(), io.StringIO()
        with redirect_stdout(out), redirect_stderr(err):
            code = main(list(argv))
        return code, out.getvalue(), err.getvalue()

    def run_on(self, text: str, *argv: str) -> Tuple[int, str, str]:
        with tempfile.TemporaryDirectory() as folder:
            name = os.path.join(folder, 'input')
            with open(name, 'w', encoding='utf-8') as file: file.write(text)
            return self.run_cli(*[name if one == 'FILE' else one for one in argv])

    def test_slug(self):
        self.assertEqual(self.run_cli('slug', 'The', 'End', '--short'), (0, 'end\n', ''))

    def test_table(self):
        code, out, err = self.run_on(CSV, 'table', 'FILE', '--sort', 'size')
        self.assertEqual((code, out.splitlines()[2], err), (0, '| a "x" |    9 |', ''))
        self.assertEqual(self.run_on(CSV, 'table', 'FILE', '--sort', 'x')[0], 2)

    def test_each_command_reads_its_file(self):
        for argv, expected in [(['wrap', '--width', '5'], '# One\ntwo'), (['words'], "| one  |     1 |"), (['toc'], '- [One two](#one-two)')]:
            with self.subTest(argv=argv):
                self.assertIn(expected, self.run_on('# One two', *(argv + ['FILE']))[1])

    def test_near(self):
        self.assertEqual(self.run_on('one two', 'near', 'twu', '--words', 'FILE'), (0, 'two\n', ''))
        self.assertEqual(self.run_on('one two', 'near', 'xyz', '--words', 'FILE'), (1, '', ''))

    def test_a_missing_file_is_an_error_and_no_traceback(self):
        code, out, err = self.run_cli('toc', 'no such file')
        self.assertEqual((code, out), (2, ''))
        self.assertTrue( err.startswith('error: ') )


if __name__ == '__main__':
    unittest.main()
