"""This module holds analysed passages as arrays: what processes hand over, and what a build joins and reorders."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from kb.bundle import Bundle
from kb.indexer import bm25, positions, spellings
from kb.indexer.analysis import Row


@dataclass(frozen=True)
class Rows:
    """Some passages, in order. words: those of Chinese and of letters in them as they are written."""

    counts: bm25.Counts
    stream: positions.Stream
    words: frozenset[str]

    def __len__(self) -> int:
        return self.counts.passages

    def take(self, order: NDArray[np.int64]) -> "Rows":
        """These passages in this order; words stay all."""
        if len(order) == len(self) and (order == np.arange(len(order))).all():
            return self
        return Rows(self.counts.take(order), self.stream.take(order), self.words)


def pack(rows: Sequence[Row]) -> Rows:
    """Analysed passages as arrays."""
    words = frozenset(word for row in rows for word in row.text.words)
    return Rows(bm25.count(rows), positions.cut(rows), words)


def joined(parts: Sequence[Rows]) -> Rows:
    """All passages of several parts, in order."""
    words: frozenset[str] = frozenset().union(*(p.words for p in parts))
    counts, streams = [p.counts for p in parts], [p.stream for p in parts]
    return Rows(bm25.joined(counts), positions.joined(streams), words)


def read(bundle: Bundle) -> Rows:
    """The passages of an earlier build."""
    return Rows(bm25.read(bundle), positions.read(bundle), frozenset(spellings.words_of(bundle)))
