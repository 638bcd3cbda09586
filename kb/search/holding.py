"""This module says whether an article holds what a question asks: surely, surely not, or it is open.

It holds what its title, an alias, a sentence or a line of its symptom says, in these words or in synonyms. What it
says by half or elsewhere, as a cause or a step of the diagnosis, is open, and so is one of several products. A code
that is only named to set the article apart is not held.
"""

import re
from collections.abc import Container, Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from kb.model import Article
from kb.search.asking import kind_of, name_of, value_of
from kb.search.corpus import Corpus
from kb.search.observed import Observed, observed, without_contrast
from kb.search.query_terms import groups
from kb.search.sentences import is_chinese
from kb.text.tokens import fold

HELD, OPEN, NOT_HELD = 1.0, 0.5, 0.0
MOST = 0.8
"""Of what a question says, by rarity of its words: so much in one sentence, and it is held."""
LITTLE = 0.5
"""Less than so much in all that was looked at, by rarity, by number of words, and by pairs of characters for what is
cut another way, and it is not held."""
SIGNS = {
    "printer": re.compile(
        r"打印|列印|印表|复印|扫描|墨|碳粉|硒鼓|卡纸|标签机|小票|print|scan|label|toner", re.IGNORECASE
    ),
    "network": re.compile(r"网|網|断线|掉线|交换机|路由|wi-?fi|无线|VPN|\bnet|internet|switch|connect", re.IGNORECASE),
}
"""By what a customer takes a fault for one of an area."""


@dataclass(frozen=True, slots=True)
class Asked:
    """What a question asks: its key, and for each word the ways to say it, itself and its synonyms, as terms.

    rarities: of the words, in the same order.
    """

    key: str
    ways: tuple[tuple[frozenset[str], ...], ...]
    rarities: tuple[float, ...]

    def share(self, held: frozenset[str]) -> float:
        """How much of it is held, by rarity; none when it has no words."""
        return self._part(held, self.rarities)

    def part(self, held: frozenset[str]) -> float:
        """How many of its words are held."""
        return self._part(held, (1.0,) * len(self.ways))

    def said(self, terms: Container[str]) -> float:
        """How much of it a text with these terms says, by rarity; all when it has no words."""
        held = (r for ways, r in zip(self.ways, self.rarities, strict=True) if all(t in terms for t in ways[0]))
        return sum(held) / (sum(self.rarities) or 1) if self.ways else 1.0

    def _part(self, held: frozenset[str], weights: Sequence[float]) -> float:
        found = (w for ways, w in zip(self.ways, weights, strict=True) if any(way <= held for way in ways))
        return sum(found) / (sum(weights) or 1)


def asked(index: Corpus, keys: Iterable[str]) -> list[Asked]:
    """What each key asks."""
    wanted = {key: groups(name_of(key), index.tokenizer, index.synonyms) for key in keys}
    ways = {
        key: tuple(tuple(frozenset(t.term for t in tokens) for tokens in g.alternatives) for g in found)
        for key, found in wanted.items()
    }
    rarity = index.idfs({term for found in ways.values() for way in found for term in way[0]})
    return [
        Asked(key, w, tuple(max(map(rarity.__getitem__, way[0]), default=0.0) for way in w)) for key, w in ways.items()
    ]


def holding(index: Corpus, questions: Sequence[Asked], places: Sequence[tuple[int, int]]) -> NDArray[np.float64]:
    """Whether articles hold what each question asks about: held[question, place], HELD, OPEN or NOT_HELD.

    places: the position of an article and of the passage it was found by.
    """
    held = np.zeros((len(questions), len(places)))
    for column, (article, passage) in enumerate(places):
        said = _Said(index, index.articles[article], observed(index, article, passage))
        held[:, column] = [said.holds(question) for question in questions]
    return held


@dataclass(frozen=True)
class _Said:
    """What one article says, as terms."""

    index: Corpus
    article: Article
    seen: Observed

    def holds(self, question: Asked) -> float:
        """HELD, OPEN or NOT_HELD."""
        kind, value = kind_of(question.key), value_of(question.key)
        if kind == "area":
            return self._of_area(value)
        if kind == "code":
            return self._code(self._terms(value))
        if kind == "product":
            return self._product(self._terms(value))
        return self._sentence(question, value)

    @cached_property
    def _told(self) -> list[frozenset[str]]:
        """The terms of each sentence and line."""
        return [self._terms(text) for text in (self.seen.title, *self.seen.aliases, *self.seen.prose, *self.seen.lines)]

    @cached_property
    def _every(self) -> frozenset[str]:
        """The terms of all that was looked at."""
        return frozenset().union(*self._told, *map(self._terms, self.seen.passages))

    def _terms(self, text: str) -> frozenset[str]:
        return frozenset(t.term for t in self.index.tokenizer.read(text)[1])

    def _of_area(self, area: str) -> float:
        """A fault whose symptom shows no sign of its area may not look like one of it, and the other way round."""
        shown = bool(SIGNS[area].search(self.seen.told)) if area in SIGNS else False
        return OPEN if shown != (self.article.area == area) else float(shown)

    def _code(self, code: frozenset[str]) -> float:
        if not code <= self._every:
            return NOT_HELD
        if any(code <= self._terms(without_contrast(text)) for text in self.seen.told.split("\n")):
            return HELD
        return OPEN if any(code <= self._terms(without_contrast(text)) for text in self.seen.passages) else NOT_HELD

    def _product(self, name: frozenset[str]) -> float:
        """One of several products is open, a customer has one of them; and so is what the symptom names by the way."""
        owned = [name <= self._terms(product) for product in self.article.product]
        named = any(name <= self._terms(text) for text in (self.seen.title, *self.seen.aliases))
        if named or (owned and all(owned)):
            return HELD
        return OPEN if any(owned) or not owned or name <= self._every else NOT_HELD

    def _sentence(self, question: Asked, value: str) -> float:
        if max(map(question.share, self._told), default=0) >= MOST:
            return HELD
        measures = question.share(self._every), question.part(self._every), self._pairs_of(value)
        return OPEN if max(measures) >= LITTLE else NOT_HELD

    @cached_property
    def _characters(self) -> str:
        return fold("\n".join((self.seen.told, *self.seen.passages))).text

    def _pairs_of(self, value: str) -> float:
        """How many of a Chinese text's pairs of characters stand in what was looked at."""
        pairs = [a + b for a, b in pairwise(fold(value).text)] if is_chinese(value) else []
        return sum(pair in self._characters for pair in pairs) / (len(pairs) or 1)
