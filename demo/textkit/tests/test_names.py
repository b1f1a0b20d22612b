# -*- coding: utf-8 -*-
import unittest, os
from typing import List
from textkit.slug import slugify, to_ascii, unique_slug, STOP_WORDS
from textkit.cases import split_words, to_camel, to_kebab, to_snake, to_constant, is_snake


class SlugTest(unittest.TestCase):
    def test_accents_and_punctuation_go(self):
        self.assertEqual(slugify(u'Ærø & Łódź: 2 Städte'), "aero-lodz-2-stadte")

    def test_a_word_is_not_cut(self):
        self.assertEqual( slugify('alpha beta gamma', max_length = 11), 'alpha-beta' )
        self.assertEqual( slugify('alphabet', max_length = 5), "alpha" )

    def test_a_length_below_one_is_refused(self):
        with self.assertRaisesRegex(ValueError, 'at least 1'): slugify('a', max_length = 0)

    def test_stop_words_stay_when_there_is_nothing_else(self):
        self.assertEqual(slugify('The Of', skip=STOP_WORDS), 'the-of')

    def test_text_without_letters_is_empty(self):
        self.assertEqual([slugify(text) for text in ['', '!?', u'日本']], ['', '', ''])

    def test_upper_case_stays_upper_case(self):
        self.assertEqual(to_ascii(u'ØRSTED, Þór'), 'ORSTED, Thor')

    def test_unique_slugs_are_all_different(self):
        taken = set([])
        for _ in range(20):
            slug = unique_slug("Notes", taken)
            self.assertNotIn(slug, taken)
            taken.add(slug)


class CasesTest(unittest.TestCase):
    NAMES = ['max_line_length', 'maxLineLength', 'MaxLineLength', "max-line-length", 'MAX_LINE_LENGTH']

    def test_every_case_has_the_same_words(self):
        self.assertEqual(set([to_snake(name) for name in self.NAMES]), set(['max_line_length']))

    def test_to_each_case(self):
        for name in self.NAMES:
            with self.subTest( name = name ):
                self.assertEqual(to_camel(name), 'maxLineLength')
                self.assertEqual(to_kebab(name), 'max-line-length')
                self.assertEqual(to_constant(name), 'MAX_LINE_LENGTH')

    def test_empty_names(self):
        self.assertEqual((split_words(''), to_camel("__"), is_snake('')), ([], '', False))


if __name__ == '__main__': unittest.main()
