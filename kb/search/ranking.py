"""This module scores passages: a query is the sum of the columns of its terms.

weights[passage, term] were learned at build time (kb.indexer.vectors), so a query multiplies nothing
but its own term weights and adds.
"""

from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from kb.bundle import Bundle

Scores = NDArray[np.float32]


class Weights:
    """The columns of a bundle, memory-mapped. terms: term -> column."""

    def __init__(self, bundle: Bundle) -> None:
        text = bundle.file("terms.txt").read_text("utf8")
        self.terms = {t: i for i, t in enumerate(text.split("\n"))} if text else {}
        self.passages = int(bundle.manifest["passages"])
        self._indptr = np.load(bundle.file("weights.indptr.npy"))
        self._rows = _mapped(bundle, "weights.passages.npy")
        self._data = _mapped(bundle, "weights.data.npy")
        self.text_df = np.load(bundle.file("text.df.npy"))

    def __contains__(self, term: str) -> bool:
        return term in self.terms

    def column(self, term: str) -> tuple[NDArray[np.int32], NDArray[np.float32]]:
        """Passages that hold a term, ascending, and its weight in each; empty when unknown."""
        i = self.terms.get(term)
        if i is None:
            return np.empty(0, np.int32), np.empty(0, np.float32)
        a, b = self._indptr[i], self._indptr[i + 1]
        return self._rows[a:b], self._data[a:b]

    def holds(self, passage: int, term: str) -> bool:
        """Whether a passage holds a term."""
        rows, _ = self.column(term)
        at = int(np.searchsorted(rows, passage))
        return at < len(rows) and int(rows[at]) == passage

    def rarity(self, term: str) -> float:
        """Inverse document frequency of a term; highest for an unknown one."""
        i = self.terms.get(term)
        df = 0 if i is None else int(self._indptr[i + 1] - self._indptr[i])
        return rarity(df, self.passages)

    def rarities(self, terms: Iterable[str]) -> dict[str, float]:
        """The rarity of each of these terms."""
        return {term: self.rarity(term) for term in terms}

    def scores(self, query: Mapping[str, float]) -> Scores:
        """query: term -> weight. Returns one score a passage, 0 where nothing matches."""
        scores = np.zeros(self.passages, np.float32)
        for term, weight in query.items():
            rows, data = self.column(term)
            scores[rows] += np.float32(weight) * data
        return scores


def _mapped(bundle: Bundle, name: str) -> NDArray[Any]:
    path = bundle.file(name)
    array: NDArray[Any] = np.load(path, mmap_mode="r")
    return array


def rarity(df: int, passages: int) -> float:
    """Inverse document frequency, ln(1 + (N - df + 0.5) / (df + 0.5)), as in kb.indexer.vectors.bm25."""
    return float(np.log1p((passages - df + 0.5) / (df + 0.5)))


def top(values: NDArray[np.float32], k: int) -> NDArray[np.int64]:
    """Positions of the k largest positive values, largest first, ties by position.

    Most scores are zero: choosing among the positive ones is a hundred times faster than among all.
    """
    positive = np.flatnonzero(values > 0)
    if len(positive) > 4 * k:
        bound = np.partition(values[positive], len(positive) - k)[len(positive) - k]
        positive = positive[values[positive] >= bound]
    return positive[np.lexsort((positive, -values[positive]))][:k]
