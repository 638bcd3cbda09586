"""This module finds the weights of terms in one bundle: sparse matrices in column order, mapped from disk.

Which term has which column is the same in both matrices: of passages, and of pages of several passages
(kb.indexer.bm25 writes them).
"""

from collections.abc import Callable, Iterable
from functools import lru_cache
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from kb.text.hashing import find, keys

Floats = NDArray[np.float32]
Bounds = NDArray[np.int32]
"""Where columns begin and end in rows and data: columns x 2. Two thousand million entries are enough."""

REMEMBERED = 20_000
"""Terms whose columns are remembered by each part of an index. One paste asks for the same few hundred ten times."""
COMPILED_FROM = 20_000
"""Rows; below it numpy is fast enough, and a command need not wait for scipy to be imported."""


class Arrays(Protocol):
    """Where the arrays of a bundle are: on disk, or in memory."""

    def array(self, name: str) -> NDArray[Any]: ...


class Matrix:
    """One sparse matrix in column order: rows of each column ascend."""

    def __init__(self, bundle: Arrays, name: str, height: int) -> None:
        self.height = height
        self.indptr, self.rows, self.data = (bundle.array(f"{name}.{part}") for part in ("indptr", "rows", "data"))
        self._add = _adder() if height >= COMPILED_FROM else _add

    def bounds(self, columns: NDArray[np.int64]) -> Bounds:
        """Of these columns; a column of -1 is empty."""
        if len(self.indptr) < 2:
            return np.zeros((len(columns), 2), np.int32)
        found = np.empty((len(columns), 2), np.int32)
        found[:, 0] = self.indptr[columns]
        found[:, 1] = self.indptr[columns + 1]
        found[columns < 0] = 0
        return found

    def add(self, sums: Floats, bounds: Bounds, weights: Floats) -> None:
        """Add columns, each times its weight, to one number a row."""
        for i in range(len(bounds)):
            self._add(sums, self, bounds[i], weights[i : i + 1])

    def cells(self, bounds: Bounds, rows: NDArray[np.int64]) -> Floats:
        """The weights of columns in rows, columns x rows, 0 for none: a binary search in all columns at once.

        Each step halves what is left of every column. The longest come first, so that those that are done are a tail.
        """
        out = np.zeros((len(bounds), len(rows)), np.float32)
        left = bounds[:, 1] - bounds[:, 0]
        order = np.argsort(-left, kind="stable")[: np.count_nonzero(left)]
        left = left[order]
        at = np.repeat(bounds[order, :1], len(rows), axis=1)
        wanted = rows.astype(self.rows.dtype)
        while longer := np.count_nonzero(left > 1):
            half = left[:longer] // 2
            middle = at[:longer] + half[:, None]
            at[:longer] += (self.rows[middle] <= wanted) * half[:, None]
            left[:longer] -= half
        if len(order):
            out[order] = np.where(self.rows[at] == wanted, self.data[at], np.float32(0))
        return out


def _add(sums: Floats, matrix: Matrix, bounds: Bounds, weight: Floats) -> None:
    """Add one column, weighted. bounds: where it begins and ends; weight: an array of one."""
    start, end = bounds
    sums[matrix.rows[start:end]] += weight * matrix.data[start:end]


@lru_cache(maxsize=1)
def _adder() -> Callable[[Floats, Matrix, Bounds, Floats], None]:
    """The same by scipy's compiled loop, which is four times as fast; numpy's when scipy has moved it."""
    try:
        from scipy.sparse._sparsetools import csc_matvec
    except ImportError:
        return _add

    def add(sums: Floats, matrix: Matrix, bounds: Bounds, weight: Floats) -> None:
        # One column of a matrix in column order, times a vector of one number.
        csc_matvec(len(sums), 1, bounds, matrix.rows, matrix.data, weight, sums)

    return add


class Columns:
    """The weights of one bundle. page: of each passage, -1 for one that is alone on its page.

    idf: of each term.
    """

    def __init__(self, bundle: Arrays) -> None:
        self._terms = bundle.array("terms.keys")
        self.idf = bundle.array("terms.idf")
        self.page = bundle.array("passages.page")
        self.height = len(self.page)
        self.passages = Matrix(bundle, "weights", self.height)
        self.codes = Matrix(bundle, "codes", self.height)
        self.pages = Matrix(bundle, "pages", int(self.page.max(initial=-1)) + 1)
        self._known: dict[str, int] = {}

    def find(self, terms: Iterable[str]) -> NDArray[np.int64]:
        """The column of each term, -1 for an unknown one. The last ones are remembered."""
        wanted, known = list(terms), self._known
        unknown = [term for term in wanted if term not in known]
        if unknown:
            if len(known) > REMEMBERED:  # another thread goes on with what it has in hand
                known, unknown = {}, wanted
                self._known = known
            known.update(zip(unknown, find(self._terms, keys(unknown)).tolist(), strict=True))
        return np.fromiter(map(known.__getitem__, wanted), np.int64, len(wanted))
