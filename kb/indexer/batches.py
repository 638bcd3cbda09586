"""This module holds analysed articles as arrays and lines: what processes hand over, and what a build puts in order."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Generic, NamedTuple, TypeVar

import numpy as np
from numpy.typing import NDArray

from kb.bundle import Bundle
from kb.indexer import bm25, columns, positions
from kb.indexer.analysis import Row
from kb.indexer.columns import cumulated, ranges

Table = TypeVar("Table", bm25.Counts, positions.Stream)


@dataclass(frozen=True)
class Rows:
    """Some passages, in order. words: those of Chinese and of letters in them as they are written."""

    counts: bm25.Counts
    stream: positions.Stream
    words: frozenset[str]

    def __len__(self) -> int:
        return self.counts.passages


def pack(rows: Sequence[Row]) -> Rows:
    """Analysed passages as arrays."""
    words = frozenset(word for row in rows for word in row.text.words)
    return Rows(bm25.count(rows), positions.cut(rows), words)


class Span(NamedTuple):
    """Lines or passages of a part that lie one behind the other there and in what is written."""

    part: int
    start: int
    end: int


class Order:
    """The articles of a bundle in order, each by its part and its place there.

    parts: bundles and runs; part, number: of each article (int32).
    """

    def __init__(self, parts: Sequence[Bundle], part: NDArray[np.int32], number: NDArray[np.int32]) -> None:
        self.parts, self.part, self.number = parts, part, number
        self.first = np.empty(len(part), np.int64)
        self.sizes = np.empty(len(part), np.int64)
        for p in self.used:
            first, of = parts[p].array("articles.first").astype(np.int64), part == p
            self.first[of] = first[number[of]]
            self.sizes[of] = first[number[of] + 1] - first[number[of]]
        self._begin = cumulated(self.sizes)

    @property
    def used(self) -> list[int]:
        """The parts that articles are of."""
        return [int(p) for p in np.unique(self.part)]

    @property
    def passages(self) -> int:
        return int(self._begin[-1])

    def articles(self) -> Iterator[Span]:
        """The articles."""
        return self._spans(self.number, np.ones(len(self.number), np.int64))

    def rows(self) -> Iterator[Span]:
        """Their passages."""
        return self._spans(self.first, self.sizes)

    def _spans(self, first: NDArray[Any], sizes: NDArray[np.int64]) -> Iterator[Span]:
        if not len(first):
            return
        breaks = np.flatnonzero((np.diff(self.part) != 0) | (first[1:] != first[:-1] + sizes[:-1])) + 1
        for a, b in zip([0, *breaks.tolist()], [*breaks.tolist(), len(first)], strict=True):
            yield Span(int(self.part[a]), int(first[a]), int(first[b - 1] + sizes[b - 1]))

    def counts(self) -> "Tables[bm25.Counts]":
        return Tables(self, bm25.read, bm25.joined, bm25.count([]))

    def streams(self) -> "Tables[positions.Stream]":
        return Tables(self, positions.read, positions.joined, positions.cut([]))

    def portions(self) -> Iterator[tuple[int, int]]:
        """(first, end) of articles that are in memory together: SOME passages, or up to where a run ends soon after."""
        ends = np.append(np.flatnonzero(np.diff(self.part)) + 1, len(self.part))
        start = 0
        while start < len(self.part):
            enough, most = np.searchsorted(
                self._begin[:-1], self._begin[start] + np.array([columns.SOME, columns.SOME * 5 // 4])
            )
            end = min(int(ends[np.searchsorted(ends, enough)]), int(most))
            yield start, max(end, start + 1)
            start = max(end, start + 1)


class Tables(Generic[Table]):
    """All passages of an order, some at a time. Each look through them reads them anew: none stays in memory."""

    def __init__(
        self,
        order: Order,
        read: Callable[[Bundle], Table],
        joined: Callable[[Sequence[Table]], Table],
        nothing: Table,
    ) -> None:
        self._order = order
        self._nothing: Table = nothing
        self._read: Callable[[Bundle], Table] = read
        self._joined: Callable[[Sequence[Table]], Table] = joined

    def __iter__(self) -> Iterator[Table]:
        portions = list(self._order.portions())
        if not portions:
            yield self._nothing
        for start, end in portions:
            yield self._table(start, end)

    def _table(self, start: int, end: int) -> Table:
        """The passages of some articles."""
        order = self._order
        part, sizes = order.part[start:end], order.sizes[start:end]
        tables: list[Table] = []
        place, begin = np.empty(end - start, np.int64), 0
        for p in np.unique(part).tolist():
            of = np.flatnonzero(part == p)
            first = order.first[start + of]
            ends = first + sizes[of]
            table = self._read(order.parts[p])
            if (first[1:] == ends[:-1]).all():
                tables.append(table.between(int(first[0]), int(ends[-1])))
            else:
                tables.append(table.take(ranges(first, ends)))
            place[of] = begin + cumulated(sizes[of])[:-1]
            begin += int(sizes[of].sum())
        if len(tables) == 1:
            return tables[0]
        together: Table = self._joined(tables)
        return together.take(ranges(place, place + sizes))
