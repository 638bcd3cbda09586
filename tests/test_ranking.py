"""Scoring and choosing: sums of columns, and the k largest."""

import math

import numpy as np
import pytest
import scipy.sparse as sp
from hypothesis import given
from hypothesis import strategies as st

from kb import fields
from kb.indexer import vectors
from kb.search.index import Index
from kb.search.ranking import top


@given(st.lists(st.sampled_from([0.0, -1.0, 0.5, 1.0, 2.0, 3.5]), max_size=60), st.integers(1, 12))
def test_top(values: list[float], k: int) -> None:
    """The k largest positive values, largest first, ties by position."""
    order = sorted((i for i, v in enumerate(values) if v > 0), key=lambda i: (-values[i], i))
    assert top(np.array(values, np.float32), k).tolist() == order[:k]


def test_a_score_is_a_sum_of_columns(built: Index) -> None:
    """scores() equals the product of the weight matrix and the query, computed the slow way."""
    weights = built.weights
    terms = [t for i, t in enumerate(weights.terms) if i % 997 == 0]
    query = {t: 1 + i % 3 for i, t in enumerate(terms)} | {"没有这个词": 5.0}
    slow = np.zeros(weights.passages)
    for term, weight in query.items():
        for row, value in zip(*weights.column(term), strict=True):
            slow[row] += weight * value
    np.testing.assert_allclose(weights.scores(query), slow, rtol=1e-5)


def test_columns_are_sorted_and_positive(built: Index) -> None:
    """Passages of a column ascend (binary search relies on it) and weights are positive."""
    for term in list(built.weights.terms)[::101]:
        rows, data = built.weights.column(term)
        assert len(rows)
        assert (np.diff(rows) > 0).all()
        assert (data > 0).all()
    assert [len(a) for a in built.weights.column("没有这个词")] == [0, 0]


def test_rarity_falls_with_frequency(built: Index) -> None:
    """The fewer passages hold a term the rarer it is; an unknown one is the rarest."""
    by_frequency = sorted(list(built.weights.terms)[::53], key=lambda t: len(built.weights.column(t)[0]))
    rarities = [built.weights.rarity(t) for t in by_frequency]
    assert rarities == sorted(rarities, reverse=True)
    assert built.weights.rarity("没有这个词") >= rarities[0]


def test_bm25_by_hand() -> None:
    """Two passages, two terms: the formula of Robertson and Zaragoza with Lucene's idf, on paper."""
    counts = sp.csr_matrix(np.array([[2.0, 0.0], [1.0, 1.0]], np.float32))
    k1, b = 1.5, 0.9
    weights = vectors.bm25(counts, k1, b).toarray()
    idf_common, idf_rare = math.log(1 + 0.5 / 2.5), math.log(1 + 1.5 / 1.5)
    # Both passages are two words long, so the length norm is k1.
    assert weights[0, 0] == pytest.approx(idf_common * 2 * (k1 + 1) / (2 + k1))
    assert weights[1, 0] == pytest.approx(idf_common * 1 * (k1 + 1) / (1 + k1))
    assert weights[1, 1] == pytest.approx(idf_rare * 1 * (k1 + 1) / (1 + k1))
    assert weights[0, 1] == 0


def test_the_weights_of_the_three_counts(built: Index) -> None:
    """A stored weight is the weighted sum of text, title and pairs, from the counts in the same bundle."""
    table = vectors.read(built.bundle)
    expected = (
        vectors.bm25(table.counts["text"], fields.BM25_K1, fields.BM25_B) * fields.TEXT_WEIGHT
        + vectors.bm25(table.counts["title"], fields.TITLE_K1, fields.TITLE_B) * fields.TITLE_WEIGHT
        + vectors.bm25(table.counts["pairs"], fields.BM25_K1, fields.BM25_B) * fields.PAIR_WEIGHT
    ).tocsc()
    for term in ("打印机", "ora1653", "ge0.0.25"):
        rows, data = built.weights.column(term)
        column = expected[:, built.weights.terms[term]].toarray().ravel()
        np.testing.assert_allclose(data, column[rows], rtol=1e-5)
        assert (column > 0).sum() == len(rows)


def test_best_passage_of_an_article(built: Index) -> None:
    """best() is the largest score among each article's passages, best_passage() where it stands."""
    scores = np.random.default_rng(1).random(built.weights.passages).astype(np.float32)
    best = built.best(scores)
    for article in range(len(built.articles)):
        mine = np.flatnonzero(built.article_of == article)
        assert best[article] == scores[mine].max()
        assert scores[built.best_passage(article, scores)] == best[article]
