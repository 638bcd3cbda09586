"""This module learns the weights of terms in passages and writes them as arrays: one column a term.

A query is then the sum of a few columns (kb.search.ranking). All three counts share one table of terms:

    weight = TEXT_WEIGHT * bm25(text) + TITLE_WEIGHT * bm25(title) + PAIR_WEIGHT * bm25(pairs)

A page of several passages has columns too: the largest weight of text and title that one of its passages has.

Files: terms.keys (uint64, sorted: one column each); weights.indptr, weights.rows, weights.data: the columns of
passages; pages.indptr, pages.rows, pages.data: those of pages; passages.page: the page of each passage, -1 for one
that is alone on its page (int32); NAME.df and NAME.mean (what new passages are weighed by until they are merged);
counts.NAME.* (for the next build).
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray

from kb import fields
from kb.bundle import Bundle
from kb.indexer import topics
from kb.indexer.analysis import Numbers, Row, Terms
from kb.keys import Keys, find, keys

MATRICES = ("text", "title", "pairs")


@dataclass(frozen=True)
class Counts:
    """How often passages hold terms. terms: their keys, sorted; one passages x terms matrix for each of MATRICES."""

    terms: Keys
    matrices: dict[str, Any]

    @property
    def passages(self) -> int:
        return int(self.matrices["text"].shape[0])

    def take(self, order: NDArray[np.int64]) -> "Counts":
        """These passages in this order, with the terms that they hold."""
        taken = {name: m[order] for name, m in self.matrices.items()}
        used = np.zeros(len(self.terms), bool)
        for matrix in taken.values():
            used[matrix.indices] = True
        if used.all():
            return Counts(self.terms, taken)
        place = np.cumsum(used, dtype=np.int32) - 1
        return Counts(self.terms[used], {n: _moved(m, place, int(used.sum())) for n, m in taken.items()})


def count(rows: Sequence[Row]) -> Counts:
    """Count the terms of analysed passages."""
    place = Numbers()
    found = {
        "text": [_columns(row.text, place) for row in rows],
        "title": [_columns(row.title, place) for row in rows],
        "pairs": [([place[p] for p in row.text.pairs], 0) for row in rows],
    }
    terms = keys(place)
    order = np.argsort(terms)
    moved = np.empty(len(order), np.int32)
    moved[order] = np.arange(len(order), dtype=np.int32)
    matrices = {name: _matrix(columns, len(place)) for name, columns in found.items()}
    return Counts(terms[order], {name: _moved(m, moved, len(place)) for name, m in matrices.items()})


def _columns(terms: Terms, place: Numbers) -> tuple[list[int], int]:
    """The columns of a passage's terms, and how many of them, at the end, are parts."""
    columns = [place[t] for t in terms.whole]
    columns += [place[t] for t in terms.parts]
    return columns, len(terms.parts)


def _matrix(rows: list[tuple[list[int], int]], width: int) -> Any:
    """rows: the columns of each, and how many at the end count for PART_WEIGHT only."""
    indptr = np.cumsum([0, *(len(columns) for columns, _ in rows)])
    indices = np.array([c for columns, _ in rows for c in columns], np.int32)
    data = np.ones(len(indices), np.float32)
    for end, (_, parts) in zip(indptr[1:], rows, strict=True):
        data[end - parts : end] = fields.PART_WEIGHT
    matrix = sp.csr_matrix((data, indices, indptr), shape=(len(rows), width))
    matrix.sum_duplicates()
    return matrix


def _moved(matrix: Any, place: NDArray[np.int32], width: int) -> Any:
    """A matrix whose column i becomes column place[i]."""
    indices = place[matrix.indices] if len(place) else matrix.indices
    return sp.csr_matrix((matrix.data, indices, matrix.indptr), shape=(matrix.shape[0], width))


def joined(tables: Sequence[Counts]) -> Counts:
    """All passages of several tables, in order."""
    if len(tables) == 1:
        return tables[0]
    terms = np.unique(np.concatenate([t.terms for t in tables])) if tables else np.empty(0, np.uint64)
    places = [np.searchsorted(terms, t.terms).astype(np.int32) for t in tables]
    out = {}
    for name in MATRICES:
        parts = [_moved(t.matrices[name], p, len(terms)) for t, p in zip(tables, places, strict=True)]
        out[name] = sp.vstack(parts, format="csr") if parts else sp.csr_matrix((0, 0), dtype=np.float32)
    return Counts(terms, out)


@dataclass(frozen=True)
class Statistics:
    """What a base knows of its terms, one entry for each of MATRICES.

    passages: how many; df: passages that hold each of terms (int32); mean: length of a passage in terms.
    """

    passages: int
    terms: Keys
    df: dict[str, NDArray[np.int32]]
    mean: dict[str, float]


def statistics(counts: Counts) -> Statistics:
    df = {n: np.bincount(m.indices, minlength=len(counts.terms)).astype(np.int32) for n, m in counts.matrices.items()}
    return Statistics(counts.passages, counts.terms, df, {n: _mean(m) for n, m in counts.matrices.items()})


def _mean(matrix: Any) -> float:
    filled = int((np.diff(matrix.indptr) > 0).sum())
    return float(matrix.data.sum(dtype=np.float64)) / filled if filled else 1.0


def _with(base: Statistics, more: Statistics) -> Statistics:
    """The statistics of a base for the terms of new passages, which are few beside it."""
    places = find(base.terms, more.terms)
    known = places >= 0
    df = {name: more.df[name].copy() for name in MATRICES}
    for name in MATRICES:
        df[name][known] += base.df[name][places[known]]
    return Statistics(base.passages + more.passages, more.terms, df, base.mean)


def bm25(counts: Any, passages: int, df: NDArray[np.int32], mean: float, k1: float, b: float) -> Any:
    """Okapi BM25 weights of a passages x terms count matrix, inverse document frequency included.

    Robertson and Zaragoza, The Probabilistic Relevance Framework (2009), with the idf of Lucene,
    ln(1 + (N - df + 0.5) / (df + 0.5)), which is never negative. passages: N.
    """
    idf = np.log1p((np.maximum(passages - df, 0) + 0.5) / (df + 0.5)).astype(np.float32)
    length = np.asarray(counts.sum(axis=1), dtype=np.float32).ravel()
    norm = (k1 * (1 - b + b * length / mean)).astype(np.float32)
    data = np.repeat(norm, np.diff(counts.indptr))
    data += counts.data
    np.divide(counts.data, data, out=data)
    data *= idf[counts.indices]
    data *= np.float32(k1 + 1)
    return sp.csr_matrix((data, counts.indices, counts.indptr), shape=counts.shape)


PARAMETERS = {
    "text": (fields.TEXT_WEIGHT, fields.BM25_K1, fields.BM25_B),
    "title": (fields.TITLE_WEIGHT, fields.TITLE_K1, fields.TITLE_B),
    "pairs": (fields.PAIR_WEIGHT, fields.BM25_K1, fields.BM25_B),
}


def weigh(counts: Counts, known: Statistics) -> tuple[Any, Any]:
    """The weights of words and those of pairs: two passages x terms matrices (scipy CSR, float32)."""
    parts = {}
    for name, (weight, k1, b) in PARAMETERS.items():
        parts[name] = bm25(counts.matrices[name], known.passages, known.df[name], known.mean[name], k1, b)
        parts[name].data *= np.float32(weight)
    return parts["text"] + parts["title"], parts["pairs"]


def largest(words: Any, pages: NDArray[np.int32]) -> Any:
    """Of each page of several passages the largest weight of each term: a pages x terms matrix (scipy CSC, float32).

    pages: of each passage, -1 for none; numbered from 0.
    """
    rows = np.repeat(pages, np.diff(words.indptr))
    inside = rows >= 0
    width = words.shape[1]
    places = rows[inside].astype(np.int64) * width + words.indices[inside]
    order = np.argsort(places)
    places, data = places[order], words.data[inside][order]
    first = np.flatnonzero(np.diff(places, prepend=-1))
    greatest = np.maximum.reduceat(data, first) if len(first) else data
    shape = (int(pages.max(initial=-1)) + 1, width)
    return sp.csc_matrix((greatest, (places[first] // width, places[first] % width)), shape=shape)


def write(folder: Path, counts: Counts, pages: NDArray[np.int32], base: Bundle | None = None) -> None:
    """Write counts (for the next build) and weights (for queries).

    pages: of each passage, see largest(). base: the bundle these passages stand beside.
    """
    own = statistics(counts)
    words, neighbours = weigh(counts, own if base is None else _with(read_statistics(base), own))
    np.save(folder / "terms.keys.npy", counts.terms)
    np.save(folder / "passages.page.npy", pages)
    for name, matrix in (("weights", (words + neighbours).tocsc()), ("pages", largest(words, pages))):
        np.save(folder / f"{name}.indptr.npy", matrix.indptr.astype(np.int64))
        np.save(folder / f"{name}.rows.npy", matrix.indices.astype(np.int32))
        np.save(folder / f"{name}.data.npy", matrix.data.astype(np.float32))
    topics.write(folder, words, counts.terms, base)
    for name, matrix in counts.matrices.items():
        np.save(folder / f"{name}.df.npy", own.df[name])
        np.save(folder / f"{name}.mean.npy", np.array(own.mean[name]))
        for part in ("indptr", "indices", "data"):
            np.save(folder / f"counts.{name}.{part}.npy", getattr(matrix, part))


def read(bundle: Bundle) -> Counts:
    """The counts of an earlier build."""
    terms = np.load(bundle.file("terms.keys.npy"))
    shape = (int(bundle.manifest["own_passages"]), len(terms))

    def load(name: str) -> Iterable[Any]:
        return (np.load(bundle.file(f"counts.{name}.{p}.npy")) for p in ("data", "indices", "indptr"))

    return Counts(terms, {n: sp.csr_matrix(tuple(load(n)), shape=shape) for n in MATRICES})


def read_statistics(bundle: Bundle) -> Statistics:
    """What a bundle knows of its terms, mapped from disk."""
    df = {n: bundle.array(f"{n}.df") for n in MATRICES}
    mean = {n: float(np.load(bundle.file(f"{n}.mean.npy"))) for n in MATRICES}
    return Statistics(int(bundle.manifest["own_passages"]), bundle.array("terms.keys"), df, mean)
