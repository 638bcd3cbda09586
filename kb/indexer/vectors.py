"""This module learns the weights of terms in passages and writes them as arrays: one column a term.

A query is then the sum of a few columns (kb.search.ranking). All three counts share one vocabulary:

    weight = TEXT_WEIGHT * bm25(text) + TITLE_WEIGHT * bm25(title) + PAIR_WEIGHT * bm25(pairs)
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray
from sklearn.feature_extraction import DictVectorizer

from kb import fields
from kb.bundle import Bundle
from kb.indexer.analysis import Counts, Row

MATRICES = ("text", "title", "pairs")


@dataclass(frozen=True)
class CountTable:
    """Term counts of passages: terms (sorted) and one passages x terms matrix for each of MATRICES."""

    terms: list[str]
    counts: dict[str, Any]


def count(rows: Sequence[Row]) -> CountTable:
    """Count new rows with one vocabulary for the three matrices."""
    vectorizer = DictVectorizer(dtype=np.float32, sort=True)
    dicts: dict[str, list[Counts]] = {name: [getattr(r, name) for r in rows] for name in MATRICES}
    vectorizer.fit(d for ds in dicts.values() for d in ds)
    terms = [str(t) for t in vectorizer.feature_names_]
    empty = sp.csr_matrix((len(rows), len(terms)), dtype=np.float32)
    return CountTable(terms, {n: vectorizer.transform(ds) if terms and rows else empty for n, ds in dicts.items()})


def merge(old: CountTable, kept: NDArray[np.int64], new: CountTable, order: NDArray[np.int64]) -> CountTable:
    """Rows `kept` of an earlier build and new rows, arranged by `order`, without terms that nothing holds."""
    terms = sorted({*old.terms, *new.terms})
    place = {t: i for i, t in enumerate(terms)}
    stacked = {}
    for name in MATRICES:
        a = _relabel(old.counts[name][kept], old.terms, place)
        b = _relabel(new.counts[name], new.terms, place)
        stacked[name] = sp.vstack([a, b], format="csr")[order]
    used = np.zeros(len(terms), bool)
    for matrix in stacked.values():
        used[matrix.indices] = True
    columns = np.flatnonzero(used)
    return CountTable([terms[i] for i in columns], {n: m[:, columns] for n, m in stacked.items()})


def _relabel(matrix: Any, terms: list[str], place: dict[str, int]) -> Any:
    columns = np.array([place[t] for t in terms], np.int32)
    indices = columns[matrix.indices] if len(terms) else matrix.indices
    return sp.csr_matrix((matrix.data, indices, matrix.indptr), shape=(matrix.shape[0], len(place)))


def bm25(counts: Any, k1: float, b: float) -> Any:
    """Okapi BM25 weights of a passages x terms count matrix, inverse document frequency included.

    Robertson and Zaragoza, The Probabilistic Relevance Framework (2009), with the idf of Lucene,
    ln(1 + (N - df + 0.5) / (df + 0.5)), which is never negative.
    """
    n, width = counts.shape
    length = np.asarray(counts.sum(axis=1), dtype=np.float32).ravel()
    mean = float(length[length > 0].mean()) if (length > 0).any() else 1.0
    df = np.bincount(counts.indices, minlength=width)
    idf = np.log1p((n - df + 0.5) / (df + 0.5)).astype(np.float32)
    norm = (k1 * (1 - b + b * length / mean)).astype(np.float32)
    row = np.repeat(np.arange(n), np.diff(counts.indptr))
    data = idf[counts.indices] * counts.data * (k1 + 1) / (counts.data + norm[row])
    return sp.csr_matrix((data, counts.indices, counts.indptr), shape=counts.shape)


def weigh(table: CountTable) -> Any:
    """The passages x terms weight matrix in column order (scipy CSC, float32)."""
    text = bm25(table.counts["text"], fields.BM25_K1, fields.BM25_B) * fields.TEXT_WEIGHT
    title = bm25(table.counts["title"], fields.TITLE_K1, fields.TITLE_B) * fields.TITLE_WEIGHT
    pairs = bm25(table.counts["pairs"], fields.BM25_K1, fields.BM25_B) * fields.PAIR_WEIGHT
    weights = (text + title + pairs).tocsc().astype(np.float32)
    weights.sort_indices()
    return weights


def write(folder: Path, table: CountTable) -> None:
    """Write counts (for the next build) and weights (for queries)."""
    weights = weigh(table)
    (folder / "terms.txt").write_text("\n".join(table.terms), "utf8")
    np.save(folder / "weights.indptr.npy", weights.indptr.astype(np.int64))
    np.save(folder / "weights.passages.npy", weights.indices.astype(np.int32))
    np.save(folder / "weights.data.npy", weights.data)
    text = table.counts["text"].tocsc()
    np.save(folder / "text.df.npy", np.diff(text.indptr).astype(np.int32))
    for name, matrix in table.counts.items():
        for part in ("indptr", "indices", "data"):
            np.save(folder / f"counts.{name}.{part}.npy", getattr(matrix, part))


def read(bundle: Bundle) -> CountTable:
    """The counts of an earlier build."""
    text = bundle.file("terms.txt").read_text("utf8")
    terms = text.split("\n") if text else []
    rows = int(bundle.manifest["passages"])

    def load(name: str) -> Iterable[Any]:
        return (np.load(bundle.file(f"counts.{name}.{p}.npy")) for p in ("data", "indices", "indptr"))

    return CountTable(terms, {n: sp.csr_matrix(tuple(load(n)), shape=(rows, len(terms))) for n in MATRICES})
