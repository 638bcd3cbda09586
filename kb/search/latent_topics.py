"""This module lifts passages of the same topic as a query, though they may use other words.

It looks at the best few by words alone, so that nothing is found by topic alone; kb.indexer.latent_topics learned it.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from kb.bundle import Bundle
from kb.bundle.fields import TOPIC_WEIGHT
from kb.search.ranking import Scores, Weights, top
from kb.text.hashing import Keys, find, keys

DEPTH = 100
"""Passages that are looked at; 30 and 1,000 give the same figures."""


class Topics:
    """The topics of an index: those of its base, with the passages of all its bundles."""

    def __init__(self, terms: Keys, places: NDArray[np.float16], passages: Sequence[tuple[int, NDArray[Any]]]) -> None:
        """terms: keys of those that have a place, sorted. passages: how many, and their directions, of each bundle."""
        self._terms, self._places = terms, places
        self._passages = [directions for _, directions in passages]
        self._before = np.cumsum([0, *(count for count, _ in passages)]).tolist()

    @classmethod
    def of(cls, bundles: Sequence[Bundle]) -> "Topics":
        """Those of an index of bundles."""
        base = bundles[0]
        terms = base.array("terms.keys")[base.array("topics.terms")]
        passages = [(int(b.manifest["own_passages"]), b.array("topics.passages")) for b in bundles]
        return cls(terms, base.array("topics.places"), passages)

    def lift(
        self, scores: Scores, query: Mapping[str, float], weights: Weights
    ) -> Iterator[tuple[NDArray[np.int64], NDArray[np.float32]]]:
        """The best passages, ascending, and what nearness of topic is worth to each. query: term -> weight."""
        direction = self._direction(query, weights)
        if direction is None:
            return
        chosen = top(scores, DEPTH)
        if len(chosen):
            order = np.argsort(chosen)
            near = np.maximum(self._nearness(direction, chosen), 0)
            yield chosen[order], TOPIC_WEIGHT * scores[chosen[0]] * near[order]

    def _direction(self, query: Mapping[str, float], weights: Weights) -> NDArray[np.float32] | None:
        """The direction of a query, of length 1; None when none of its terms has a place."""
        places = find(self._terms, keys(query))
        known = np.flatnonzero(places >= 0)
        if not len(known):
            return None
        terms = list(query)
        rarities = weights.rarities(terms[i] for i in known)
        factors = np.array([query[t] * r for t, r in rarities.items()], np.float32)
        direction: NDArray[np.float32] = factors @ self._places[places[known]].astype(np.float32)
        length = float(np.linalg.norm(direction))
        return direction / length if length else None

    def _nearness(self, direction: NDArray[np.float32], passages: NDArray[np.int64]) -> NDArray[np.float32]:
        """The cosine of the angle between a query and each passage."""
        out = np.zeros(len(passages), np.float32)
        for directions, before in zip(self._passages, self._before, strict=False):
            mine = np.flatnonzero((passages >= before) & (passages < before + len(directions)))
            out[mine] = directions[passages[mine] - before].astype(np.float32) @ direction
        return out
