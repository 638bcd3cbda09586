"""This module says which passages a condition of a query holds for: a phrase or a pattern.

What articles say is asked of the places of atoms (kb.search.positions), what is known of them of Whoosh
(kb.search.metadata). Every answer is a boolean mask over passages in force; combining them is the caller's
(kb.search.searcher).
"""

import re
from collections.abc import Callable, Iterator, Sequence
from copy import copy
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from kb.bundle import Bundle
from kb.bundle.fields import SEGMENTS
from kb.search.positions import Positions
from kb.search.query import Pattern, Phrase
from kb.text.tokens import HAN, fold

if TYPE_CHECKING:
    from kb.search.metadata import Facts

Mask = NDArray[np.bool_]

_WILD_RUN = re.compile(rf"[{HAN}*?]*[{HAN}][{HAN}*?]*|(?:[^\W_{HAN}]|[*?])+")
_RUN = re.compile(r"[^\W_]")


def runs_of(pattern: str) -> Iterator[tuple[str, list[str] | None]]:
    """The runs of a pattern that stand somewhere in a text: (run, its quotations); None for a word of that shape."""
    for run in _WILD_RUN.findall(fold(pattern).text) if _RUN.search(pattern) else ():
        if ("*" not in run and "?" not in run) or re.search(f"[{HAN}]", run):
            yield run, [piece for piece in re.split(r"[*?]+", run) if piece]
        elif run.strip("*?"):
            yield run, None


class FullText:
    """The full text of an index. Safe to share between threads.

    bundles: each with the number of its first passage and of its first article; article_of: of each passage;
    live: articles that are in force.
    """

    def __init__(self, bundles: Sequence[tuple[Bundle, int, int]], article_of: NDArray[np.int32], live: Mask) -> None:
        self._bundles = bundles
        self._article_of = article_of
        self._live = live
        self._replaced = np.flatnonzero(~live[article_of])
        self._positions = [(Positions(b), passage) for b, passage, _ in bundles]

    def seen(self, live: Mask) -> "FullText":
        """The same, of fewer articles."""
        other = copy(self)
        other._live = live
        other._replaced = np.flatnonzero(~live[self._article_of])
        return other

    @cached_property
    def _facts(self) -> "list[tuple[Facts, int]]":
        """Whoosh, imported and opened when the first query asks for a fact: most never do."""
        from kb.search.metadata import Facts

        return [(Facts(b), article) for b, _, article in self._bundles]

    def close(self) -> None:
        """Open every engine and let go of it again."""
        for facts, _ in self._facts:
            facts.close()

    def phrase(self, node: Phrase) -> Mask:
        """Passages where these words stand next to each other.

        Signs between words may be any signs; between two Chinese characters they stand in both or in neither.
        """
        folded = fold(node.text).text
        if node.field in SEGMENTS:
            return self._passages(lambda p: p.phrase(folded, node.field))
        return self._articles(lambda f: f.phrase(node.field, folded))

    def pattern(self, node: Pattern) -> Mask:
        """Passages with a word of this shape. Chinese around a * is a phrase; letters are one word."""
        mask = np.full(len(self._article_of), bool(_RUN.search(node.text)))
        for run, pieces in runs_of(node.text):
            if pieces is None:
                mask &= self._shaped(run, node.field)
            for piece in pieces or ():
                mask &= self.phrase(Phrase(piece, node.field))
        return mask

    def _shaped(self, run: str, field: str) -> Mask:
        if field in SEGMENTS:
            return self._passages(lambda p: p.shaped(run, field))
        return self._articles(lambda f: f.shaped(field, run))

    def words(self, start: str) -> list[tuple[str, int]]:
        """Words of letters and digits as they are written, lower case, that begin so: (word, passages with it)."""
        counts: dict[str, int] = {}
        for positions, first in self._positions if start else ():
            for word, passages in positions.starting(start).items():
                found = np.unique(passages) + first
                counts[word] = counts.get(word, 0) + int(self._live[self._article_of[found]].sum())
        return [(word, count) for word, count in sorted(counts.items()) if count]

    def _passages(self, ask: Callable[[Positions], NDArray[np.int32]]) -> Mask:
        mask = np.zeros(len(self._article_of), bool)
        for positions, first in self._positions:
            mask[ask(positions) + first] = True
        mask[self._replaced] = False
        return mask

    def _articles(self, ask: "Callable[[Facts], NDArray[np.int32]]") -> Mask:
        articles = np.zeros(len(self._live), bool)
        for facts, first in self._facts:
            articles[ask(facts) + first] = True
        mask: Mask = (articles & self._live)[self._article_of]
        return mask
