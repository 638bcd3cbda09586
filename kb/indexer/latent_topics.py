"""This module learns topics: words that stand in the same passages lie near each other, and so do passages.

Latent semantic analysis (Deerwester et al. 1990): a truncated singular value decomposition of the weights, by
scikit-learn's randomised algorithm on a sample. Files, empty for a base too small to learn from:

    topics.terms   columns of the terms that have a place (int32, ascending); topics.places: their places (float16)
    topics.passages   directions of all passages (float16, of length 1, or 0 for one without such terms)
"""

from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from kb.bundle import Bundle
from kb.bundle.fields import TOPICS
from kb.indexer.columns import ArrayFile
from kb.text.hashing import Keys, find

LEARN_FROM = 500
"""Passages; fewer say too little about which words belong together."""
SAMPLE = 5000
"""Passages that are learned from; twice as many change no figure."""
HELD_BY = 3
"""Passages of the sample that hold a term, at least."""
AT_ONCE = 20_000
"""Passages that are given their direction together, to bound memory."""


class Topics(NamedTuple):
    """terms: columns of the terms that have a place, ascending; places: terms x TOPICS."""

    terms: NDArray[Any]
    places: NDArray[np.float32]


NONE = Topics(np.empty(0, np.int64), np.empty((0, TOPICS), np.float32))


def sample(passages: int) -> NDArray[np.int64]:
    """Which of so many passages are learned from, ascending."""
    if passages <= SAMPLE:
        return np.arange(passages if passages >= LEARN_FROM else 0)
    return np.sort(np.random.default_rng(0).choice(passages, SAMPLE, replace=False))


def learned(words: Any, columns: NDArray[np.int32]) -> Topics:
    """From the weights of a sample: passages x terms (scipy CSR). columns: of each of these terms."""
    terms = np.flatnonzero(np.bincount(words.indices, minlength=words.shape[1]) >= HELD_BY)
    if len(terms) <= TOPICS:
        return NONE
    from sklearn.utils.extmath import randomized_svd

    _, _, places = randomized_svd(_normalised(words[:, terms]), TOPICS, n_iter=2, random_state=0)
    return Topics(columns[terms], places.T.astype(np.float32))


def known(base: Bundle, terms_of: Keys) -> Topics:
    """The places that a base gave to terms, for those of other columns. terms_of: the key of each column."""
    keys = base.array("terms.keys")[base.array("topics.terms")]
    found = find(terms_of, keys)
    held = np.flatnonzero(found >= 0)
    return Topics(found[held], base.array("topics.places")[held].astype(np.float32))


class Directions:
    """Writes the files above; passages come some at a time."""

    def __init__(self, folder: Path, topics: Topics) -> None:
        self._topics = topics
        np.save(folder / "topics.terms.npy", topics.terms.astype(np.int32))
        np.save(folder / "topics.places.npy", topics.places.astype(np.float16))
        self._file = ArrayFile(folder / "topics.passages.npy", np.float16, (TOPICS,))

    def append(self, words: Any, columns: NDArray[np.int32]) -> None:
        """words: weights, passages x terms (scipy CSR); columns: of each of these terms, ascending."""
        terms, held = _held(columns, self._topics.terms)
        places = self._topics.places[held]
        for start in range(0, words.shape[0] if len(self._topics.terms) else 0, AT_ONCE):
            rows = _normalised(words[start : start + AT_ONCE][:, terms])
            found = np.asarray(rows @ places)
            lengths = np.linalg.norm(found, axis=1, keepdims=True)
            self._file.append(found / np.maximum(lengths, 1e-12))

    def __enter__(self) -> "Directions":
        return self

    def __exit__(self, *_: object) -> None:
        self._file.__exit__()


def _held(columns: NDArray[np.int32], terms: NDArray[np.int64]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """(where these terms are among the columns, which of them are there)"""
    places = np.searchsorted(columns, terms)
    held = np.flatnonzero(columns[np.minimum(places, len(columns) - 1)] == terms) if len(columns) else places[:0]
    return places[held], held


def _normalised(rows: Any) -> Any:
    """Rows (scipy CSR) of length 1. scikit-learn has this too, and takes a second to be imported for one edit."""
    squares = np.bincount(np.repeat(np.arange(rows.shape[0]), np.diff(rows.indptr)), rows.data.astype(float) ** 2)
    lengths = np.sqrt(np.pad(squares, (0, rows.shape[0] - len(squares))))
    lengths[lengths == 0] = 1
    out = rows.copy()
    out.data = (rows.data / np.repeat(lengths, np.diff(rows.indptr))).astype(rows.dtype)
    return out
