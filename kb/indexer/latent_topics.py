"""This module learns topics: words that stand in the same passages lie near each other, and so do passages.

Latent semantic analysis (Deerwester et al. 1990): a truncated singular value decomposition of the weights, by
scikit-learn's randomised algorithm on a sample. Files, empty for a base too small to learn from:

    topics.terms   columns of the terms that have a place (int32, ascending); topics.places: their places (float16)
    topics.passages   directions of all passages (float16, of length 1, or 0 for one without such terms)
"""

from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from kb.bundle import Bundle
from kb.bundle.fields import TOPICS
from kb.text.hashing import Keys, find

LEARN_FROM = 500
"""Passages; fewer say too little about which words belong together."""
SAMPLE = 5000
"""Passages that are learned from; twice as many change no figure."""
HELD_BY = 3
"""Passages of the sample that hold a term, at least."""
AT_ONCE = 20_000
"""Passages that are given their direction together, to bound memory."""


def write(folder: Path, words: Any, terms_of: Keys, base: Bundle | None = None) -> None:
    """Learn from weights (passages x terms, scipy CSR) and write the files above.

    terms_of: the key of each column. base: the bundle that these passages stand beside; its topics are theirs.
    """
    passages = words.shape[0]
    if base is not None:
        terms, places = _known(base, terms_of)
    elif passages >= LEARN_FROM:
        terms, places = _learned(words)
    else:
        terms, places = np.empty(0, np.int64), np.empty((0, TOPICS), np.float32)
    np.save(folder / "topics.terms.npy", terms.astype(np.int32))
    np.save(folder / "topics.places.npy", places.astype(np.float16))
    directions = np.zeros((passages if len(terms) else 0, TOPICS), np.float16)
    for start in range(0, len(directions), AT_ONCE):
        rows = _normalised(words[start : start + AT_ONCE][:, terms])
        found = np.asarray(rows @ places.astype(np.float32))
        lengths = np.linalg.norm(found, axis=1, keepdims=True)
        directions[start : start + AT_ONCE] = found / np.maximum(lengths, 1e-12)
    np.save(folder / "topics.passages.npy", directions)


def _known(base: Bundle, terms_of: Keys) -> tuple[NDArray[np.int64], NDArray[np.float32]]:
    """The places that a base gave to terms, for those of other columns."""
    known = base.array("terms.keys")[base.array("topics.terms")]
    found = find(terms_of, known)
    held = np.flatnonzero(found >= 0)
    return found[held], base.array("topics.places")[held].astype(np.float32)


def _learned(words: Any) -> tuple[NDArray[np.int64], NDArray[np.float32]]:
    """Terms that have a place, and their places: terms x TOPICS."""
    from sklearn.utils.extmath import randomized_svd

    chance = np.random.default_rng(0)
    passages = words.shape[0]
    sample = words if passages <= SAMPLE else words[np.sort(chance.choice(passages, SAMPLE, replace=False))]
    terms = np.flatnonzero(np.bincount(sample.indices, minlength=words.shape[1]) >= HELD_BY)
    if len(terms) <= TOPICS:
        return np.empty(0, np.int64), np.empty((0, TOPICS), np.float32)
    _, _, places = randomized_svd(_normalised(sample[:, terms]), TOPICS, n_iter=2, random_state=0)
    return terms, places.T.astype(np.float32)


def _normalised(rows: Any) -> Any:
    """Rows (scipy CSR) of length 1. scikit-learn has this too, and takes a second to be imported for one edit."""
    squares = np.bincount(np.repeat(np.arange(rows.shape[0]), np.diff(rows.indptr)), rows.data.astype(float) ** 2)
    lengths = np.sqrt(np.pad(squares, (0, rows.shape[0] - len(squares))))
    lengths[lengths == 0] = 1
    out = rows.copy()
    out.data = (rows.data / np.repeat(lengths, np.diff(rows.indptr))).astype(rows.dtype)
    return out
