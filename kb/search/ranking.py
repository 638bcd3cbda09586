"""This module scores passages: a query is the sum of the columns of its terms.

    score(passage) = sum of weight(term) * (W[passage, term] + P[page, term])

W and P were learned at build time (kb.indexer.bm25), so a query multiplies nothing but its own term weights and
adds. A passage that is alone on its page has both in W. One that holds no word of the query has no score.
"""

import math
import threading
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import lru_cache, partial

import numpy as np
from numpy.typing import NDArray

from kb.search.postings import Columns

Scores = NDArray[np.float32]

BLOCKS = 512
"""Into so many the scores are divided when the best are chosen: see top()."""
SMALLEST = np.finfo(np.float32).tiny


class Weights:
    """The columns of an index: those of its bundles one below the other.

    passages: the rows of a column; known: how many of them count (kb.search.seen).
    """

    def __init__(self, columns: Sequence[Columns]) -> None:
        self._columns = columns
        self._before = np.cumsum([0, *(c.height for c in columns)]).tolist()
        self.passages: int = self._before[-1]
        self.known: int = self.passages
        self.rarest = rarity(0, self.passages)
        self.df = lru_cache(maxsize=10_000)(partial(_df, self._columns))
        self._scratch = threading.local()

    def __contains__(self, term: str) -> bool:
        return self.df(term) > 0

    def column(self, term: str) -> tuple[NDArray[np.int32], NDArray[np.float32]]:
        """Passages that hold a term, ascending, and its weight in each; empty when unknown."""
        rows, data = [np.empty(0, np.int32)], [np.empty(0, np.float32)]
        for columns, before in zip(self._columns, self._before, strict=False):
            ((start, end),) = columns.passages.bounds(columns.find([term])).tolist()
            if end > start:
                found = columns.passages.rows[start:end]
                rows.append(found + np.int32(before) if before else found)
                data.append(columns.passages.data[start:end])
        return (rows[-1], data[-1]) if len(rows) <= 2 else (np.concatenate(rows), np.concatenate(data))

    def holds(self, passage: int, term: str) -> bool:
        """Whether a passage holds a term."""
        return bool(self.within([term], np.array([passage]))[0, 0, 0])

    def within(self, terms: Sequence[str], passages: NDArray[np.int64]) -> NDArray[np.float32]:
        """The weights of terms in passages and in their pages, 2 x terms x passages, 0 where one is not held."""
        page = np.zeros((len(terms), len(passages)), np.float32)
        for columns, mine, rows in self._apart(passages):
            if columns.pages.height and len(terms):
                of = columns.page[rows]
                behind = columns.pages.cells(columns.pages.bounds(columns.find(terms)), of)
                page[:, mine] = np.where(of < 0, np.float32(0), behind)
        return np.stack([self.own(terms, passages), page])

    def own(self, terms: Sequence[str], passages: NDArray[np.int64]) -> NDArray[np.float32]:
        """The same of passages alone, terms x passages."""
        out = np.zeros((len(terms), len(passages)), np.float32)
        for columns, mine, rows in self._apart(passages):
            if len(terms):
                out[:, mine] = columns.passages.cells(columns.passages.bounds(columns.find(terms)), rows)
        return out

    def _apart(self, passages: NDArray[np.int64]) -> Iterator[tuple[Columns, NDArray[np.int64], NDArray[np.int64]]]:
        """Of each bundle that has some of the passages: its columns, their places among these, their rows in it."""
        for columns, before in zip(self._columns, self._before, strict=False):
            mine = np.flatnonzero((passages >= before) & (passages < before + columns.height))
            if len(mine):
                yield columns, mine, passages[mine] - before

    def dfs(self, terms: Sequence[str]) -> list[int]:
        """How many passages hold each of these terms."""
        return _dfs(self._columns, terms)

    def spread(self, terms: Sequence[str]) -> NDArray[np.float64]:
        """The share of passages that hold each of these terms; one that none holds might be in half of one."""
        held: NDArray[np.float64] = np.array(self.dfs(terms), np.float64)
        return (held + 0.5) / (self.known + 1)

    def rarity(self, term: str) -> float:
        """Inverse document frequency of a term; highest for an unknown one."""
        return self.rarities([term])[term]

    def rarities(self, terms: Iterable[str]) -> dict[str, float]:
        """The rarity of each of these terms: what the base says of it, or what stands beside the base."""
        known = list(terms)
        found = np.full(len(known), self.rarest, np.float32)
        for columns in reversed(self._columns):
            places = columns.find(known)
            found = np.where(places >= 0, columns.idf[places], found) if len(columns.idf) else found
        return dict(zip(known, found.tolist(), strict=True))

    def held(self, query: Mapping[str, float]) -> Mapping[str, float]:
        """What of a query leads to a topic: all of it, where all passages are seen."""
        return query

    def scores(self, query: Mapping[str, float]) -> Scores:
        """query: term -> weight. Returns one score a passage, 0 where nothing matches."""
        return self._total(query, np.empty(self.passages, np.float32))

    def about(self, terms: Sequence[str]) -> list[tuple[NDArray[np.int64], NDArray[np.float32]]]:
        """Of each code the passages that hold it, and how much each is about it (kb.bundle.fields.CODE_ZONES)."""
        bounds = [columns.codes.bounds(columns.find(terms)).tolist() for columns in self._columns]
        return [self._about(places) for places in zip(*bounds, strict=True)]

    def _about(self, places: Sequence[Sequence[int]]) -> tuple[NDArray[np.int64], NDArray[np.float32]]:
        """places: where the column of a code begins and ends in each bundle."""
        rows, zones = [np.empty(0, np.int64)], [np.empty(0, np.float32)]
        for columns, before, (start, end) in zip(self._columns, self._before, places, strict=False):
            if end > start:
                rows.append(columns.codes.rows[start:end].astype(np.int64) + before)
                zones.append(columns.codes.data[start:end])
        return (rows[-1], zones[-1]) if len(rows) <= 2 else (np.concatenate(rows), np.concatenate(zones))

    def best(self, query: Mapping[str, float], k: int) -> list[tuple[int, float]]:
        """The k best passages and their scores, best first."""
        if not hasattr(self._scratch, "scores"):
            self._scratch.scores = np.empty(self.passages, np.float32)
        scores = self._total(query, self._scratch.scores)
        chosen = top(scores, k)
        return list(zip(chosen.tolist(), scores[chosen].tolist(), strict=True))

    def _total(self, query: Mapping[str, float], scores: Scores) -> Scores:
        """scores(), written over an array."""
        scores.fill(0)
        weights = np.fromiter(query.values(), np.float32, len(query))
        for columns, before in zip(self._columns, self._before, strict=False):
            found = columns.find(query)
            own = scores[before : before + columns.height]
            if columns.pages.height:
                columns.passages.add(own, columns.passages.bounds(found), weights)
                pages = np.zeros(columns.pages.height, np.float32)
                columns.pages.add(pages, columns.pages.bounds(found), weights)
                own += np.where(columns.page < 0, np.float32(0), pages[columns.page]) * (own > 0)
            else:
                columns.passages.add(own, columns.passages.bounds(found), weights)
        return scores


def _df(parts: Sequence[Columns], term: str) -> int:
    return _dfs(parts, [term])[0]


def _dfs(parts: Sequence[Columns], terms: Sequence[str]) -> list[int]:
    counts = np.zeros(len(terms), np.int64)
    for columns in parts:
        counts += np.diff(columns.passages.bounds(columns.find(terms)), axis=1)[:, 0]
    return counts.tolist()


def rarity(df: int, passages: int) -> float:
    """Inverse document frequency of a word in so many passages, ln(1 + (N - df + 0.5) / (df + 0.5))."""
    return math.log1p((max(passages - df, 0) + 0.5) / (df + 0.5))


def top(values: NDArray[np.float32], k: int) -> NDArray[np.int64]:
    """Positions of the k largest positive values, largest first, ties by position.

    The k-th largest maximum of some blocks is a bound that the k largest values reach: only the blocks that
    reach it are looked into. The maxima are taken across, place by place, which is one pass at memory speed.
    """
    if len(values) < 4 * BLOCKS or k >= BLOCKS:
        chosen = np.flatnonzero(values > 0)
    else:
        whole = len(values) // BLOCKS * BLOCKS
        maxima = values[:whole].reshape(-1, BLOCKS).max(axis=0)
        bound = max(np.partition(maxima, BLOCKS - k)[BLOCKS - k], SMALLEST)
        places = np.arange(0, whole, BLOCKS)[:, None] + np.flatnonzero(maxima >= bound)
        chosen = np.concatenate([places.ravel(), np.arange(whole, len(values))])
        chosen = chosen[values[chosen] >= bound]
    found = values[chosen]
    if len(chosen) > 4 * k:
        keep = found >= np.partition(found, len(found) - k)[len(found) - k]
        chosen, found = chosen[keep], found[keep]
    return chosen[np.lexsort((chosen, -found))][:k]
