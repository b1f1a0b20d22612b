# -*- coding: utf-8 -*-
import unittest
import sys, random
from textkit.wrapping import wrap, wrap_paragraph, indent, dedent, display_width, shorten
from textkit.tokens import tokenise, words, sentences
from textkit.counts import measure, most_common, histogram, average_sentence, EMPTY
from textkit.distance import levenshtein, damerau, similarity, closest, did_you_mean

TEXT = '''It is a truth universally acknowledged, that a single man in possession
of a good fortune, must be in want of a wife.

However little known the feelings... "My dear Mr. Bennet," said his lady.'''


class TokensTest(unittest.TestCase):
    def test_tokens_are_the_whole_text(self):
        self.assertEqual(''.join([token.text for token in tokenise(TEXT)]), TEXT)

    def test_lines_and_columns(self):
        lines = TEXT.split('\n')
        for token in tokenise(TEXT, ['word', "number"]):
            self.assertTrue(lines[token.line-1][token.column-1:].startswith(token.text))

    def test_an_unknown_kind_is_refused(self):
        with self.assertRaisesRegex(ValueError, 'verb'): tokenise('', ['verb'])

    def test_apostrophes_and_numbers(self):
        self.assertEqual(words("Don't, l’été 1,000.5"), ["don't", u'l’été'])

    def test_abbreviations_do_not_end_a_sentence(self):
        self.assertEqual(len(sentences('My dear Mr. Bennet. He came.')), 2)


class WrappingTest(unittest.TestCase):
    def test_no_line_is_too_long_and_no_word_is_lost(self):
        for width in range(15, 80, 7):
            wrapped = wrap(TEXT, width)
            self.assertLessEqual(max([len(line) for line in wrapped.split('\n')]), width)
            self.assertEqual(wrapped.split(), TEXT.split())

    def test_a_long_word_has_its_own_line(self):
        self.assertEqual(wrap_paragraph('a bbbbbb c', 3), ['a', 'bbbbbb', "c"])

    def test_a_width_below_one_is_refused(self):
        self.assertRaises( ValueError, wrap_paragraph, 'a', 0 )

    def test_dedent_undoes_indent(self):
        text = 'one\n  two\n\nthree\n'
        self.assertEqual( dedent(indent(text, '      ')), text )

    def test_shortened_text_fits(self):
        for width in range(1, 12):
            self.assertLessEqual(display_width(shorten(u'日本語 and more', width)), width)


class CountsTest(unittest.TestCase):
    def test_sizes_add_up(self):
        self.assertEqual(measure(TEXT) + EMPTY, measure(TEXT))
        self.assertEqual((measure('a\n') + measure('bb\n')).lines, 2)

    def test_most_common_words(self):
        self.assertEqual(most_common(TEXT, 2), [('a', 4), ("in", 2)])

    def test_empty_text(self):
        self.assertEqual((average_sentence(''), histogram([]), histogram([0], 2)), (0.0, [], ['   0']))


class DistanceTest(unittest.TestCase):
    def test_known_distances(self):
        for one, other, expected in [('', '', 0), ('', 'abc', 3), ('flaw', 'lawn', 2), ("saturday", 'sunday', 3)]:
            with self.subTest(one=one, other=other):
                self.assertEqual( levenshtein(one, other), expected )
                self.assertEqual( levenshtein(other, one), expected )

    def test_the_triangle_holds(self):
        source = random.Random( 7 )
        for _ in range(200):
            a, b, c = [''.join(source.choices('ab', k=source.randrange(6))) for _ in range(3)]
            self.assertLessEqual( levenshtein(a, c), levenshtein(a, b) + levenshtein(b, c) )
            self.assertLessEqual( damerau(a, b), levenshtein(a, b) )

    def test_similarity_of_nothing(self):
        self.assertEqual((similarity('', ''), similarity('a', '')), (1.0, 0.0))

    def test_the_word_that_was_meant(self):
        self.assertEqual(closest('comit', ['commit', 'omit', 'comet', 'push'], limit=None), ['commit', 'comet', 'omit'])
        self.assertEqual(did_you_mean('xyz', ['status']), '')


if __name__ == '__main__':
    unittest.main()
