"""This module finds the words of an index by their sound, or with a letter left out. See kb.indexer.spellings."""

import re
from collections.abc import Iterable, Iterator, Sequence
from functools import lru_cache, partial

import numpy as np

from kb.bundle import Bundle
from kb.text.hashing import keys
from kb.text.spelling_keys import blurred

FIRST = 0x4E00
"""The character that the first row of readings is about."""
READINGS = 2
"""Of each typed character."""
NAMES = ("product", "tags")
"""Facets whose values are the names of the trade."""
_LETTERS = re.compile("[a-z]+")
MAX_PINYIN = 60
"""Letters of pinyin without a blank."""


class Vocabulary:
    """The words of an index, over its bundles, and the sounds of characters.

    own_words: the user's dictionary. total: the sum of all words' passages. trade: words of letters in the names of
    products and in tags.
    """

    def __init__(self, bundles: Sequence[Bundle], own_words: Iterable[str]) -> None:
        self._parts = [_Words(bundle) for bundle in bundles]
        self.own_words = frozenset(own_words)
        self.total = sum(part.total for part in self._parts)
        named = (value for b in bundles for name in NAMES for value in b.json("facets.json")[name])
        self.trade = self.letters(named)
        syllables = {s for part in self._parts for s in part.syllables if s}
        self._syllables = frozenset(syllables | {s.replace("v", "u") for s in syllables})  # nobody types lve
        # What they remember they read from what they need, not through this object: it would keep itself alive.
        self.readings = lru_cache(maxsize=10_000)(partial(_readings, self._parts))
        self.sounds = lru_cache(maxsize=10_000)(partial(_sounds, self._parts))
        self.syllables = lru_cache(maxsize=10_000)(partial(_syllables_in, self._syllables))

    @staticmethod
    def letters(names: Iterable[str]) -> frozenset[str]:
        """The words of letters in some names."""
        return frozenset(word for name in names for word in _LETTERS.findall(name.lower()))

    def find(self, texts: Sequence[str], limit: int) -> Iterator[dict[str, int]]:
        """For each text the words that share its key -> passages that hold them; the limit most frequent ones."""
        first, *others = (part.find(texts, limit) for part in self._parts)
        for words in first:
            for more in others:
                for word, passages in next(more).items():
                    words[word] = words.get(word, 0) + passages
            yield words


def _readings(parts: Sequence["_Words"], char: str) -> tuple[str, ...]:
    """The syllables a character is read as, without tone, the usual one first."""
    return next((found for part in parts if (found := part.readings(char))), ())


def _sounds(parts: Sequence["_Words"], char: str) -> tuple[str, ...]:
    """Its usual readings as they are written in keys."""
    return tuple(dict.fromkeys(blurred(s) for s in _readings(parts, char)[:READINGS]))


def _syllables_in(syllables: frozenset[str], word: str) -> tuple[tuple[int, int], ...]:
    """(start, end) of every syllable in a word of letters; empty when it is long or syllables can't cover it."""
    if len(word) > MAX_PINYIN:
        return ()
    ends = {0}
    arcs = []
    for start in range(len(word)):
        if start in ends:
            found = [e for e in range(start + 1, min(start + 6, len(word)) + 1) if word[start:e] in syllables]
            arcs += [(start, e) for e in found]
            ends.update(found)
    return tuple(arcs) if len(word) in ends else ()


class _Words:
    """The words of one bundle, mapped from disk."""

    def __init__(self, bundle: Bundle) -> None:
        names = ("starts", "df", "keys", "numbers", "readings")
        arrays = (bundle.array(f"spelling.{name}") for name in names)
        self._starts, self._df, self._keys, self._numbers, self._readings = arrays
        self._text = np.memmap(bundle.file("spelling.words.txt"), mode="r") if len(self._df) else np.empty(0, np.uint8)
        self.total = int(self._df.sum())
        self.syllables = bundle.file("spelling.syllables.txt").read_text("utf8").split("\n")

    def find(self, texts: Sequence[str], limit: int) -> Iterator[dict[str, int]]:
        wanted = keys(texts)
        first = np.searchsorted(self._keys, wanted)
        last = np.minimum(np.searchsorted(self._keys, wanted, "right"), first + limit)
        for a, b in zip(first.tolist(), last.tolist(), strict=True):
            yield dict(map(self._word, self._numbers[a:b].tolist())) if a < b else {}

    def _word(self, number: int) -> tuple[str, int]:
        start, end = self._starts[number], self._starts[number + 1]
        return self._text[start : end - 1].tobytes().decode(), int(self._df[number])

    def readings(self, char: str) -> tuple[str, ...]:
        place = ord(char) - FIRST
        numbers = self._readings[place].tolist() if 0 <= place < len(self._readings) else ()
        return tuple(self.syllables[n] for n in numbers if n)
