"""This module learns the weights of terms in passages and pages and writes them as arrays: one column a term.

A query is then the sum of a few columns (kb.search.ranking). All counts share one table of terms:

    passage = TEXT_WEIGHT * bm25(text) + TITLE_WEIGHT * bm25(title) + PAIR_WEIGHT * bm25(pairs)
    page = PAGE_WEIGHT * (bm25(text of the page) + PAGE_PAIRS * bm25(its pairs)) + LARGEST_WEIGHT * largest(passages)

and both times what the kind of article weighs. A passage that is alone on its page has the weights of the page in its
own column; a page of several has columns of its own.

Files: terms.keys (uint64, sorted: one column each) and terms.idf (float32); weights.indptr, weights.rows, weights.data:
the columns of passages; pages.*: those of pages; codes.*: how much passages are about codes; passages.page: the page
of each passage, -1 for one that is alone on its page (int32); NAME.df and NAME.mean (what new passages are weighed by
until they are merged); general.keys, general.shares (see kb.text.general.table); counts.NAME.* (for the next build).

Passages come in tables of some thousands. A first look at all of them takes the statistics, a second one weighs them,
table by table, so that memory holds one of them.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import reduce
from operator import add
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
from kb.indexer.columns import ArrayFile, Columns, cumulated
from kb.text import general
from kb.text.hashing import Keys, find, keys

MATRICES = ("text", "title", "pairs", "codes")
"""What is counted of passages. codes: not how often, but how much a passage is about a code
(kb.bundle.fields.CODE_ZONES)."""
PAGES = ("page_text", "page_pairs")
"""The same counts of whole pages; made of those of their passages."""


@dataclass(frozen=True)
class Counts:
    """How often passages hold terms. terms: their keys, sorted; one passages x terms matrix for each of MATRICES, whose
    rows are sorted by columns."""

    terms: Keys
    matrices: dict[str, Any]

    @property
    def passages(self) -> int:
        return int(self.matrices["text"].shape[0])

    def take(self, order: NDArray[np.int64]) -> "Counts":
        """These passages in this order, with the terms that they hold."""
        return self._of({name: m[order] for name, m in self.matrices.items()})

    def between(self, start: int, end: int) -> "Counts":
        """Passages that lie one behind the other, with the terms that they hold."""
        return self._of({name: m[start:end] for name, m in self.matrices.items()})

    def _of(self, taken: dict[str, Any]) -> "Counts":
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
    counted = {name: _moved(m, moved, len(place)) for name, m in matrices.items()}
    for matrix in counted.values():
        matrix.sort_indices()
    return Counts(terms[order], counted)


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


@dataclass(frozen=True)
class _Tally:
    """What statistics are made of, which can be added up. filled: texts that hold anything; length: of all together."""

    terms: Keys
    count: dict[str, int]
    filled: dict[str, int]
    length: dict[str, float]
    df: dict[str, NDArray[np.int32]]

    def __add__(self, other: "_Tally") -> "_Tally":
        terms = np.union1d(self.terms, other.terms)
        df = {name: np.zeros(len(terms), np.int32) for name in self.df}
        for one in (self, other):
            places = np.searchsorted(terms, one.terms)
            for name, counted in one.df.items():
                df[name][places] += counted
        return _Tally(
            terms,
            {name: self.count[name] + other.count[name] for name in df},
            {name: self.filled[name] + other.filled[name] for name in df},
            {name: self.length[name] + other.length[name] for name in df},
            df,
        )

    def statistics(self, shares: NDArray[np.float32] | None = None) -> Statistics:
        mean = {n: self.length[n] / filled if filled else 1.0 for n, filled in self.filled.items()}
        return Statistics(
            self.terms, self.count, self.df, mean, general.shares(self.terms) if shares is None else shares
        )


def _tally(matrices: Mapping[str, Any], terms: Keys) -> _Tally:
    return _Tally(
        terms,
        {n: int(m.shape[0]) for n, m in matrices.items()},
        {n: int((np.diff(m.indptr) > 0).sum()) for n, m in matrices.items()},
        {n: float(m.data.sum(dtype=np.float64)) for n, m in matrices.items()},
        {n: np.bincount(m.indices, minlength=len(terms)).astype(np.int32) for n, m in matrices.items()},
    )


def statistics(matrices: Mapping[str, Any], terms: Keys, shares: NDArray[np.float32] | None = None) -> Statistics:
    """Of counts: passages x terms for each of MATRICES, pages x terms for each of PAGES. shares: of all words."""
    return _tally(matrices, terms).statistics(shares)


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


def _spaced(matrix: Any, rows: NDArray[np.int64], height: int) -> Any:
    """A matrix (CSR) of that height whose rows stand at these places."""
    lengths = np.zeros(height, np.int64)
    lengths[rows] = np.diff(matrix.indptr)
    return sp.csr_matrix((matrix.data, matrix.indices, cumulated(lengths)), shape=(height, matrix.shape[1]))


@dataclass(frozen=True)
class _Together:
    """Passages whose pages are among them. rows: these, in a table; shared: the numbers of pages of several passages;
    numbers: the page of each row, those shared first, then pages of one passage each."""

    rows: NDArray[np.int64]
    shared: NDArray[np.int32]
    numbers: NDArray[np.int32]

    @property
    def alone(self) -> NDArray[np.int64]:
        """Those that are alone on their pages."""
        return self.rows[self.numbers >= len(self.shared)]

    def sums(self, matrix: Any) -> Any:
        """Of each page: of counts of a table."""
        own = matrix if len(self.rows) == matrix.shape[0] else matrix[self.rows]
        return _summed(own, self.numbers) if len(self.shared) else own

    def largest(self, words: Any) -> Any:
        """Of each page the largest weight of each term: of weights of a table."""
        own = words if len(self.rows) == words.shape[0] else words[self.rows]
        return largest(own, self.numbers) if len(self.shared) else own

    def factors(self, factors: NDArray[np.float32]) -> NDArray[np.float32]:
        """Of each page the largest of those of its passages."""
        most = np.ones(int(self.numbers.max(initial=-1)) + 1, np.float32)
        np.maximum.at(most, self.numbers, factors[self.rows])
        return most


class _Pages:
    """Which passages stand on one page. of: see write()."""

    def __init__(self, of: NDArray[np.int32]) -> None:
        self._of = of
        self._several = np.flatnonzero(of >= 0)
        shared = of[self._several]
        self.first = np.full(int(of.max(initial=-1)) + 1, len(of))
        self._last = np.full(len(self.first), -1)
        np.minimum.at(self.first, shared, self._several)
        np.maximum.at(self._last, shared, self._several)

    def within(self, start: int, end: int) -> _Together:
        """Those of a table whose pages don't reach beyond it."""
        own = self._of[start:end]
        inside = own < 0
        several = np.flatnonzero(~inside)
        inside[several] = (self.first[own[several]] >= start) & (self._last[own[several]] < end)
        return _together(np.flatnonzero(inside), own[inside])

    def beyond(self, start: int, end: int) -> NDArray[np.int64]:
        """The other passages of a table, counted from its start."""
        rest = np.ones(end - start, bool)
        rest[self.within(start, end).rows] = False
        return np.flatnonzero(rest)

    def together(self, passages: NDArray[np.int64]) -> _Together:
        """These, which are all of their pages."""
        return _together(np.arange(len(passages)), self._of[passages])


def _together(rows: NDArray[np.int64], pages: NDArray[np.int32]) -> _Together:
    shared = np.unique(pages[pages >= 0])
    return _Together(rows, shared, _numbered(np.where(pages < 0, -1, np.searchsorted(shared, pages)).astype(np.int32)))


class _Scale:
    """Weighs counts by what is known of all of them."""

    def __init__(self, known: Statistics) -> None:
        self.terms = known.terms
        self._mean = known.mean
        self.idf = {name: known.idf(name) for name in PARAMETERS}

    def places(self, counts: Counts) -> NDArray[np.int32]:
        """The column of each term of a table."""
        return np.searchsorted(self.terms, counts.terms).astype(np.int32)

    def weigh(self, name: str, matrix: Any, places: NDArray[np.int32]) -> Any:
        """BM25 of one of MATRICES or PAGES, times its weight (scipy CSR, float32)."""
        weight, k1, b = PARAMETERS[name]
        out = bm25(matrix, self.idf[name][places], self._mean[name], k1, b)
        out.data *= np.float32(weight)
        return out

    def words(self, counts: Counts, places: NDArray[np.int32]) -> Any:
        """The weights of words in text and title."""
        text, title = (self.weigh(name, counts.matrices[name], places) for name in ("text", "title"))
        return (text + title).tocsr()

    def behind(
        self, counts: Counts, words: Any, places: NDArray[np.int32], page: _Together, factors: NDArray[np.float32]
    ) -> Any:
        """The weights of pages: pages x terms. factors: of the passages of the table."""
        text, pairs = (self.weigh(n, m, places) for n, m in _of_pages(counts, page).items())
        return _scaled((text + pairs + LARGEST_WEIGHT * page.largest(words)).tocsr(), page.factors(factors))


def _of_pages(counts: Counts, page: _Together) -> dict[str, Any]:
    """The counts of whole pages."""
    return {"page_text": page.sums(counts.matrices["text"]), "page_pairs": page.sums(counts.matrices["pairs"])}


def write(
    folder: Path,
    tables: Iterable[Counts],
    pages: NDArray[np.int32],
    factors: NDArray[np.float32],
    base: Bundle | None = None,
) -> None:
    """Write counts (for the next build) and weights (for queries).

    tables: all passages in order, some at a time; they are looked through twice. pages: of each passage, numbered in
    order of their first ones, -1 for one that is alone on its page. factors: what the kind of its article multiplies
    its weights by (float32). base: the bundle these passages stand beside.
    """
    among = _Pages(pages)
    chosen = np.empty(0, np.int64) if base else latent_topics.sample(len(pages))
    tally, spread, sample = _first_look(tables, among, chosen)
    own = tally.statistics(general.shares(tally.terms, _language(folder, base)))
    known = own if base is None else _with(read_statistics(base), own)
    scale = _Scale(known)
    np.save(folder / "terms.keys.npy", known.terms)
    np.save(folder / "terms.idf.npy", scale.idf["text"])
    np.save(folder / "passages.page.npy", pages)
    for name, df in own.df.items():
        np.save(folder / f"{name}.df.npy", df)
        np.save(folder / f"{name}.mean.npy", np.array([own.count[name], own.mean[name]]))
    if base is not None:
        topics = latent_topics.known(base, known.terms)
    else:
        places = scale.places(sample)
        topics = latent_topics.learned(scale.words(sample, places), places)
    _write_weights(folder, tables, among, spread, scale, factors, topics)


def _language(folder: Path, base: Bundle | None) -> tuple[Keys, NDArray[np.float32]]:
    """What is common in general language; a base knows it for what stands beside it, for finding out takes longer than
    an edit."""
    if base is not None:
        return base.array("general.keys"), base.array("general.shares")
    found, values = general.table()
    np.save(folder / "general.keys.npy", found)
    np.save(folder / "general.shares.npy", values)
    return found, values


@dataclass(frozen=True)
class _Spread:
    """Passages of pages that reach from one table into another. passages: their numbers."""

    passages: NDArray[np.int64]
    counts: Counts


def _first_look(tables: Iterable[Counts], among: _Pages, chosen: NDArray[np.int64]) -> tuple[_Tally, _Spread, Counts]:
    """What all passages tell, those that tables tear from their pages, and the chosen ones."""
    tallies: list[_Tally] = []
    beyond, torn, some = [np.empty(0, np.int64)], [count([])], [count([])]
    for start, counts in _placed(tables):
        end = start + counts.passages
        own = {name: counts.matrices[name] for name in MATRICES if name != "codes"}
        tally = _tally(own | _of_pages(counts, among.within(start, end)), counts.terms)
        tallies = [reduce(add, tallies, tally)]
        rest = among.beyond(start, end)
        if len(rest):
            beyond.append(rest + start)
            torn.append(counts.take(rest))
        rows = chosen[np.searchsorted(chosen, start) : np.searchsorted(chosen, end)] - start
        some.append(counts.take(rows))
    spread = _Spread(np.concatenate(beyond), joined(torn))
    if len(spread.passages):
        nobody = {name: matrix[:0] for name, matrix in spread.counts.matrices.items() if name != "codes"}
        of_pages = _of_pages(spread.counts, among.together(spread.passages))
        tallies.append(_tally(nobody | of_pages, spread.counts.terms))
    return reduce(add, tallies), spread, joined(some)


def _placed(tables: Iterable[Counts]) -> Iterator[tuple[int, Counts]]:
    """Each table with the number of its first passage."""
    start = 0
    for counts in tables:
        yield start, counts
        start += counts.passages


def _write_weights(
    folder: Path,
    tables: Iterable[Counts],
    among: _Pages,
    spread: _Spread,
    scale: _Scale,
    factors: NDArray[np.float32],
    topics: latent_topics.Topics,
) -> None:
    """Weigh table by table."""
    width = len(scale.terms)
    torn = _torn(among, spread, scale, factors)
    arrays = {"rows": np.int32, "data": np.float32}
    with (
        Columns(folder, "weights", width, arrays) as weights,
        Columns(folder, "pages", width, arrays) as of_pages,
        Columns(folder, "codes", width, arrays) as codes,
        latent_topics.Directions(folder, topics) as directions,
        _Files(folder) as files,
    ):
        for start, counts in _placed(tables):
            end, places = start + counts.passages, scale.places(counts)
            page, own = among.within(start, end), factors[start:end]
            words = scale.words(counts, places)
            directions.append(words, places)
            behind = scale.behind(counts, words, places, page, own)
            shared = len(page.shared)
            with_pairs = words + scale.weigh("pairs", counts.matrices["pairs"], places)
            alone = _spaced(behind[shared:], page.alone, counts.passages)
            _add(weights, places, _scaled(with_pairs.tocsr(), own) + alone, np.arange(start, end))
            _add(codes, places, counts.matrices["codes"], np.arange(start, end))
            begun = (among.first[torn.numbers] >= start) & (among.first[torn.numbers] < end)
            _add_pages(of_pages, [_Weighed(page.shared, places, behind[:shared]), torn.only(begun)])
            files.append(counts, places)


@dataclass(frozen=True)
class _Weighed:
    """Weights of some pages. numbers: theirs, ascending; places: the column of each of the matrix."""

    numbers: NDArray[np.int32]
    places: NDArray[np.int32]
    matrix: Any

    def only(self, some: NDArray[np.bool_]) -> "_Weighed":
        return _Weighed(self.numbers[some], self.places, self.matrix[np.flatnonzero(some)])


def _torn(among: _Pages, spread: _Spread, scale: _Scale, factors: NDArray[np.float32]) -> _Weighed:
    """The weights of pages that reach from one table into another."""
    places, page = scale.places(spread.counts), among.together(spread.passages)
    words = scale.words(spread.counts, places)
    return _Weighed(page.shared, places, scale.behind(spread.counts, words, places, page, factors[spread.passages]))


def _add(columns: Columns, places: NDArray[np.int32], matrix: Any, numbers: NDArray[Any]) -> None:
    """The next rows of a matrix. places: its columns; numbers: its rows."""
    if matrix.nnz:
        by_column = matrix.tocsc()
        by_column.sort_indices()
        arrays = {"rows": numbers[by_column.indices], "data": by_column.data}
        columns.add(places, by_column.indptr, arrays)


def _add_pages(columns: Columns, parts: Sequence[_Weighed]) -> None:
    """The next pages, those of several parts in order of their numbers."""
    some = [part for part in parts if len(part.numbers)]
    if len(some) == 1:
        _add(columns, some[0].places, some[0].matrix, some[0].numbers)
    elif some:
        places = np.unique(np.concatenate([part.places for part in some]))
        moved = [
            _moved(part.matrix, np.searchsorted(places, part.places).astype(np.int32), len(places)) for part in some
        ]
        numbers = np.concatenate([part.numbers for part in some])
        order = np.argsort(numbers)
        _add(columns, places, sp.vstack(moved, format="csr")[order], numbers[order])


class _Files:
    """The counts on disk, which grow table by table."""

    def __init__(self, folder: Path) -> None:
        kinds = {"indptr": np.int64, "indices": np.int32, "data": np.float32}
        self._files = {
            (name, part): ArrayFile(folder / f"counts.{name}.{part}.npy", kind)
            for name in MATRICES
            for part, kind in kinds.items()
        }
        self._entries = dict.fromkeys(MATRICES, 0)

    def append(self, counts: Counts, places: NDArray[np.int32]) -> None:
        """places: the column of each term."""
        for name, matrix in counts.matrices.items():
            self._files[name, "indptr"].append(matrix.indptr[:-1].astype(np.int64) + self._entries[name])
            self._files[name, "indices"].append(places[matrix.indices])
            self._files[name, "data"].append(matrix.data)
            self._entries[name] += matrix.nnz

    def __enter__(self) -> "_Files":
        return self

    def __exit__(self, *_: object) -> None:
        for name, entries in self._entries.items():
            self._files[name, "indptr"].append(np.array([entries]))
        for file in self._files.values():
            file.__exit__()


def save(folder: Path, counts: Counts) -> None:
    """Write what read() needs of counts."""
    np.save(folder / "terms.keys.npy", counts.terms)
    with _Files(folder) as files:
        files.append(counts, np.arange(len(counts.terms), dtype=np.int32))


def read(bundle: Bundle) -> Counts:
    """The counts of an earlier build, mapped from disk."""
    terms = bundle.array("terms.keys")
    shape = (int(bundle.manifest["own_passages"]), len(terms))

    def load(name: str) -> Iterable[Any]:
        return (bundle.array(f"counts.{name}.{p}") for p in ("data", "indices", "indptr"))

    return Counts(terms, {n: sp.csr_matrix(tuple(load(n)), shape=shape) for n in MATRICES})


def read_statistics(bundle: Bundle) -> Statistics:
    """What a bundle knows of its terms, mapped from disk."""
    names = (*PARAMETERS,)
    df = {n: bundle.array(f"{n}.df") for n in names}
    counted = {n: np.load(bundle.file(f"{n}.mean.npy")) for n in names}
    terms = bundle.array("terms.keys")
    count = {n: int(c[0]) for n, c in counted.items()}
    return Statistics(terms, count, df, {n: float(c[1]) for n, c in counted.items()}, np.zeros(0, np.float32))
