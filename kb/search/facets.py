"""This module holds the values of one facet over some articles: how often each stands there, and where."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

Mask = NDArray[np.bool_]


class Facet:
    """The values of one facet over all articles: pairs of an article, ascending, and the number of a value it has."""

    def __init__(self, values: list[str], owners: NDArray[np.int64], codes: NDArray[np.int32], articles: int) -> None:
        self.values = values
        self._place = {value: i for i, value in enumerate(values)}
        self._articles = articles
        self._single = bool((np.diff(owners) > 0).all())
        if self._single:  # as most are: the value of each article, the last place for none
            self._codes = np.full(articles, len(values), np.int32)
            self._codes[owners] = codes
        else:
            self._owners, self._codes = owners.astype(np.int32), codes

    def counts(self, articles: Mask) -> tuple[tuple[str, int], ...]:
        """(value, how many of these articles have it), most frequent first, without zeros."""
        if not self.values:
            return ()
        found = self._codes[articles if self._single else articles[self._owners]]
        n = np.bincount(found, minlength=len(self.values))[: len(self.values)]
        order = sorted(np.flatnonzero(n).tolist(), key=lambda i: (-n[i], self.values[i]))
        return tuple((self.values[i], int(n[i])) for i in order)

    def having(self, values: Sequence[str]) -> Mask:
        """Articles with any of these values."""
        wanted = np.zeros(len(self.values) + 1, bool)
        wanted[[self._place[v] for v in values if v in self._place]] = True
        if self._single:
            chosen: Mask = wanted[self._codes]
            return chosen
        mask = np.zeros(self._articles, bool)
        mask[self._owners[wanted[self._codes]]] = True
        return mask
