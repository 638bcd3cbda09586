"""This module says which passages a condition of a query holds for, of all passages at once."""

from collections.abc import Sequence
from functools import reduce
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from kb.search.query import And, Enough, Near, Node, Not, Or, Pattern, Phrase, Range, Term, Value
from kb.search.ranking import top

if TYPE_CHECKING:
    from kb.search.corpus import Corpus

Mask = NDArray[np.bool_]


class Masks:
    """Conditions of one query, each looked at once: masks over the passages of a corpus.

    Where a condition is a negation, it holds for passages that are not in force, too.
    """

    def __init__(self, corpus: "Corpus") -> None:
        self._corpus = corpus
        self._known: dict[Node, Mask] = {}

    def of(self, node: Node) -> Mask:
        """Passages for which a condition holds."""
        if node not in self._known:
            self._known[node] = self._holding(node)
        return self._known[node]

    def counts(self, nodes: Sequence[Node]) -> list[int]:
        """How many passages in force each of some conditions holds for."""
        live = self._corpus.live_passages
        return [int(np.count_nonzero(self.of(node) & live)) for node in nodes]

    def _holding(self, node: Node) -> Mask:
        corpus = self._corpus
        match node:
            case Term(term):  # first: a paste asks for hundreds
                mask = np.zeros(corpus.weights.passages, bool)
                mask[corpus.weights.column(term)[0]] = True
                return mask
            case And(children):
                return reduce(np.logical_and, map(self.of, children))
            case Or(children):
                return reduce(np.logical_or, map(self.of, children))
            case Not(child):
                return ~self.of(child)
            case Phrase():
                return corpus.fulltext.phrase(node)
            case Pattern():
                return corpus.fulltext.pattern(node)
            case Range(field, low, high):
                return corpus.over_passages(corpus.between(field, low, high))
            case Value(field, value):
                return corpus.over_passages(corpus.facets[field].having([value]))
            case Enough(children, weights, least):
                return self._enough(children, weights, least)
            case Near(text, cosine, most):
                return self._near(text, cosine, most)
        raise TypeError(f"{node} is no condition: which words are enough is the ranking's")

    def _enough(self, children: Sequence[Node], weights: Sequence[float], least: float) -> Mask:
        held = np.zeros(self._corpus.weights.passages, np.float32)
        for child, weight in zip(children, weights, strict=True):
            held[self.of(child)] += weight
        enough: Mask = held >= least
        return enough & (held > 0)

    def _near(self, text: str, cosine: float, most: int) -> Mask:
        corpus = self._corpus
        near = np.zeros(corpus.weights.passages, bool)
        if corpus.meaning.ready():
            cosines = corpus.meaning.cosines(text)
            there = (cosines >= cosine) & corpus.live_passages
            near[top(np.where(there, cosines, np.float32(0)), most)] = True
        return near
