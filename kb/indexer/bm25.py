"""This module learns the weights of terms in passages and pages and writes them as arrays: one column a term.

A query is then the sum of a few columns (kb.search.ranking). All counts share one table of terms:

    passage = TEXT_WEIGHT * bm25(text) + TITLE_WEIGHT * bm25(title) + PAIR_WEIGHT * bm25(pairs)
    page = PAGE_WEIGHT * (bm25(text of the page) + PAGE_PAIRS * bm25(its pairs)) + LARGEST_WEIGHT * largest(passages)

and both times what the kind of article weighs. A passage that is alone on its page has the weights of the page in its
own column; a page of several has columns of its own.

Files: terms.keys (uint64, sorted: one column each) and terms.idf (float32); weights.indptr, weights.rows, weights.data:
the columns of passages; pages.*: those of pages; codes.*: how much passages are about codes; passages.page: the page
of each passage, -1 for one that is alone on its page (int32); NAME.df and NAME.mean (what new passages are weighed by
until they are merged); counts.NAME.* (for the next build).
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray

from kb.bundle import Bundle
from kb.bundle.fields import (
    BM25_B,
    BM25_K1,
    LARGEST_WEIGHT,
    PAGE_B,
    PAGE_PAIRS,
    PAGE_WEIGHT,
    PAIR_WEIGHT,
    PART_WEIGHT,
    TEXT_WEIGHT,
    TITLE_B,
    TITLE_K1,
    TITLE_WEIGHT,
)
from kb.bundle.rarity import idf
from kb.indexer import latent_topics
from kb.indexer.analysis import Numbers, Row, Terms
from kb.text.general import shares
from kb.text.hashing import Keys, find, keys

MATRICES = ("text", "title", "pairs", "codes")
"""What is counted of passages. codes: not how often, but how much a passage is about a code
(kb.bundle.fields.CODE_ZONES)."""
PAGES = ("page_text", "page_pairs")
"""The same counts of whole pages; made of those of their passages."""


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
    for row in rows:
        for code in row.codes:
            place[code]
    terms = keys(place)
    order = np.argsort(terms)
    moved = np.empty(len(order), np.int32)
    moved[order] = np.arange(len(order), dtype=np.int32)
    matrices = {name: _matrix(columns, len(place)) for name, columns in found.items()}
    matrices["codes"] = _codes(rows, place)
    return Counts(terms[order], {name: _moved(m, moved, len(place)) for name, m in matrices.items()})


def _codes(rows: Sequence[Row], place: Numbers) -> Any:
    """How much each passage is about each code: passages x terms (scipy CSR)."""
    indptr = np.cumsum([0, *(len(row.codes) for row in rows)])
    indices = np.array([place[c] for row in rows for c in row.codes], np.int32)
    data = np.array([zone for row in rows for zone in row.codes.values()], np.float32)
    return sp.csr_matrix((data, indices, indptr), shape=(len(rows), len(place)))


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
        data[end - parts : end] = PART_WEIGHT
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
    """What a base knows of its terms, one entry for each of MATRICES and PAGES.

    count: how many passages or pages; df: how many of them hold each of terms (int32); mean: their length in terms.
    general: what share of all words of its language each term is (float32), see kb.text.general.
    """

    terms: Keys
    count: dict[str, int]
    df: dict[str, NDArray[np.int32]]
    mean: dict[str, float]
    general: NDArray[np.float32]

    def idf(self, name: str) -> NDArray[np.float32]:
        """Inverse document frequency of each term, see kb.bundle.rarity."""
        return idf(self.df[name], self.count[name], self.general)


def statistics(matrices: Mapping[str, Any], terms: Keys, general: NDArray[np.float32] | None = None) -> Statistics:
    """Of counts: passages x terms for each of MATRICES, pages x terms for each of PAGES."""
    df = {n: np.bincount(m.indices, minlength=len(terms)).astype(np.int32) for n, m in matrices.items()}
    count = {n: int(m.shape[0]) for n, m in matrices.items()}
    means = {n: _mean(m) for n, m in matrices.items()}
    return Statistics(terms, count, df, means, shares(terms) if general is None else general)


def _mean(matrix: Any) -> float:
    filled = int((np.diff(matrix.indptr) > 0).sum())
    return float(matrix.data.sum(dtype=np.float64)) / filled if filled else 1.0


def _with(base: Statistics, more: Statistics) -> Statistics:
    """The statistics of a base for the terms of new passages, which are few beside it."""
    places = find(base.terms, more.terms)
    known = places >= 0
    df = {name: counted.copy() for name, counted in more.df.items()}
    for name, counted in df.items():
        counted[known] += base.df[name][places[known]]
    count = {name: base.count[name] + more.count[name] for name in df}
    return Statistics(more.terms, count, df, base.mean, more.general)


def bm25(counts: Any, idf: NDArray[np.float32], mean: float, k1: float, b: float) -> Any:
    """Okapi BM25 weights of a texts x terms count matrix, inverse document frequency included.

    Robertson and Zaragoza, The Probabilistic Relevance Framework (2009). mean: length of a text.
    """
    length = np.asarray(counts.sum(axis=1), dtype=np.float32).ravel()
    norm = (k1 * (1 - b + b * length / mean)).astype(np.float32)
    data = np.repeat(norm, np.diff(counts.indptr))
    data += counts.data
    np.divide(counts.data, data, out=data)
    data *= idf[counts.indices]
    data *= np.float32(k1 + 1)
    return sp.csr_matrix((data, counts.indices, counts.indptr), shape=counts.shape)


PARAMETERS = {
    "text": (TEXT_WEIGHT, BM25_K1, BM25_B),
    "title": (TITLE_WEIGHT, TITLE_K1, TITLE_B),
    "pairs": (PAIR_WEIGHT, BM25_K1, BM25_B),
    "page_text": (PAGE_WEIGHT, BM25_K1, PAGE_B),
    "page_pairs": (PAGE_WEIGHT * PAGE_PAIRS, BM25_K1, PAGE_B),
}


def _weigh(matrices: Mapping[str, Any], known: Statistics) -> dict[str, Any]:
    """BM25 of each of MATRICES and PAGES, times its weight (scipy CSR, float32)."""
    out = {}
    for name, matrix in matrices.items():
        weight, k1, b = PARAMETERS[name]
        out[name] = bm25(matrix, known.idf(name), known.mean[name], k1, b)
        out[name].data *= np.float32(weight)
    return out


def largest(words: Any, pages: NDArray[np.int32]) -> Any:
    """Of each page the largest weight of each term: a pages x terms matrix (scipy CSR, float32).

    pages: of each passage, numbered from 0.
    """
    rows = np.repeat(pages, np.diff(words.indptr))
    width = words.shape[1]
    places = rows.astype(np.int64) * width + words.indices
    order = np.argsort(places)
    places, data = places[order], words.data[order]
    first = np.flatnonzero(np.diff(places, prepend=-1))
    greatest = np.maximum.reduceat(data, first) if len(first) else data
    shape = (int(pages.max(initial=-1)) + 1, width)
    return sp.csr_matrix((greatest, (places[first] // width, places[first] % width)), shape=shape)


def _numbered(pages: NDArray[np.int32]) -> NDArray[np.int32]:
    """Pages with numbers for those of one passage, too, behind the others."""
    alone = pages < 0
    every = pages.copy()
    every[alone] = np.arange(alone.sum(), dtype=np.int32) + pages.max(initial=-1) + 1
    return every


def _summed(matrix: Any, pages: NDArray[np.int32]) -> Any:
    """The rows of each page added up: pages x terms (scipy CSR)."""
    ones = np.ones(len(pages), np.float32)
    shape = (int(pages.max(initial=-1)) + 1, len(pages))
    return sp.csr_matrix((ones, (pages, np.arange(len(pages)))), shape=shape) @ matrix


def _scaled(matrix: Any, factors: NDArray[np.float32]) -> Any:
    """A matrix (CSR) whose rows are multiplied."""
    data = matrix.data * np.repeat(factors, np.diff(matrix.indptr))
    return sp.csr_matrix((data, matrix.indices, matrix.indptr), shape=matrix.shape)


def write(
    folder: Path,
    counts: Counts,
    pages: NDArray[np.int32],
    factors: NDArray[np.float32],
    base: Bundle | None = None,
) -> None:
    """Write counts (for the next build) and weights (for queries).

    pages: of each passage, -1 for one that is alone on its page. factors: what the kind of its article multiplies
    its weights by (float32). base: the bundle these passages stand beside.
    """
    every = _numbered(pages)
    matrices = {name: counts.matrices[name] for name in MATRICES if name != "codes"}
    for page, name in (("page_text", "text"), ("page_pairs", "pairs")):
        matrices[page] = _summed(counts.matrices[name], every)
    own = statistics(matrices, counts.terms)
    known = own if base is None else _with(read_statistics(base), own)
    weighed = _weigh(matrices, known)
    words = weighed["text"] + weighed["title"]
    behind = weighed["page_text"] + weighed["page_pairs"] + LARGEST_WEIGHT * largest(words, every)
    of_page = np.ones(behind.shape[0], np.float32)
    np.maximum.at(of_page, every, factors)
    behind = _scaled(behind, of_page).tocsr()
    shared = int(pages.max(initial=-1)) + 1
    alone = sp.csr_matrix(
        (np.ones(len(every), np.float32), (np.arange(len(every)), every)), shape=(len(every), behind.shape[0])
    )
    alone.data[pages >= 0] = 0
    alone.eliminate_zeros()
    passages = _scaled((words + weighed["pairs"]).tocsr(), factors) + alone @ behind
    np.save(folder / "terms.keys.npy", counts.terms)
    np.save(folder / "terms.idf.npy", known.idf("text"))
    np.save(folder / "passages.page.npy", pages)
    codes = counts.matrices["codes"].tocsc()
    for name, matrix in (("weights", passages.tocsc()), ("pages", behind[:shared].tocsc()), ("codes", codes)):
        matrix.sort_indices()
        np.save(folder / f"{name}.indptr.npy", matrix.indptr.astype(np.int64))
        np.save(folder / f"{name}.rows.npy", matrix.indices.astype(np.int32))
        np.save(folder / f"{name}.data.npy", matrix.data.astype(np.float32))
    latent_topics.write(folder, words, counts.terms, base)
    for name in matrices:
        np.save(folder / f"{name}.df.npy", own.df[name])
        np.save(folder / f"{name}.mean.npy", np.array([own.count[name], own.mean[name]]))
    for name, matrix in counts.matrices.items():
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
    names = (*PARAMETERS,)
    df = {n: bundle.array(f"{n}.df") for n in names}
    counted = {n: np.load(bundle.file(f"{n}.mean.npy")) for n in names}
    terms = bundle.array("terms.keys")
    count = {n: int(c[0]) for n, c in counted.items()}
    return Statistics(terms, count, df, {n: float(c[1]) for n, c in counted.items()}, np.zeros(0, np.float32))
