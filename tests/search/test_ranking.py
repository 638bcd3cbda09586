"""Scoring and choosing: sums of columns, and the k largest."""

import math
import random

import numpy as np
import pytest
import scipy.sparse as sp
from hypothesis import given
from hypothesis import strategies as st

from kb.bundle import fields
from kb.indexer import bm25
from kb.search import postings
from kb.search.index import Index
from kb.search.ranking import BLOCKS, top
from kb.text.general import shares
from kb.text.hashing import find, keys


def terms_of(index: Index) -> list[str]:
    """Terms that the passages of an index hold."""
    texts = (index.passage(number).text for number in range(len(index.article_of)))
    found = {token.term for text in texts for token in index.tokenizer.tokens(text)}
    return sorted(term for term in found if term in index.weights)


@given(st.lists(st.sampled_from([0.0, -1.0, 0.5, 1.0, 2.0, 3.5]), max_size=60), st.integers(1, 12))
def test_top(values: list[float], k: int) -> None:
    """The k largest positive values, largest first, ties by position."""
    order = sorted((i for i, v in enumerate(values) if v > 0), key=lambda i: (-values[i], i))
    assert top(np.array(values, np.float32), k).tolist() == order[:k]


@pytest.mark.parametrize("extra", [0, 1, BLOCKS - 1])
@pytest.mark.parametrize("k", [1, 3, 40, 1000, BLOCKS - 1, BLOCKS, 3 * BLOCKS])
@pytest.mark.parametrize("distinct", [2, 50, 10**6])
def test_top_of_many(k: int, distinct: int, extra: int) -> None:
    """The same for so many values that whole blocks are passed over, with few and with many ties."""
    random = np.random.default_rng(k + distinct + extra)
    size = 5 * BLOCKS + extra
    values = random.integers(0, distinct, size).astype(np.float32) / distinct
    for held in (1.0, 0.2, 100 / size, 0.0):
        some = np.where(random.random(size) < held, values, np.float32(0))
        order = np.lexsort((np.arange(size), -some))
        assert top(some, k).tolist() == order[: min(k, int((some > 0).sum()))].tolist()


@given(st.integers(1, 60), st.integers(1, 12), st.randoms(use_true_random=False))
def test_top_among_blocks(filled: int, k: int, random: random.Random) -> None:
    """A few values anywhere among many blocks, the last and unfinished one included."""
    values = np.zeros(4 * BLOCKS + random.randrange(1, BLOCKS), np.float32)
    for _ in range(filled):
        near = random.choice((random.randrange(len(values)), random.randrange(4) * BLOCKS + 7, len(values) - 1))
        values[near] = random.choice((-1.0, 0.5, 1.0, 2.0))
    order = sorted(np.flatnonzero(values > 0).tolist(), key=lambda i: (-values[i], i))
    assert top(values, k).tolist() == order[:k]


def test_a_score_is_a_sum_of_columns(built: Index) -> None:
    """scores() equals the product of the weight matrix and the query, computed the slow way; a page counts too."""
    weights = built.weights
    terms = terms_of(built)[::199]
    query = {t: 1 + i % 3 for i, t in enumerate(terms)} | {"没有这个词": 5.0}
    own, pages = weights.within(list(query), np.arange(weights.passages))
    slow = np.array(list(query.values())) @ (own + pages)
    slow[~(own > 0).any(axis=0)] = 0
    assert len(terms) > 20
    np.testing.assert_allclose(weights.scores(query), slow, rtol=1e-5)


def test_both_ways_to_add_a_column(built: Index, monkeypatch: pytest.MonkeyPatch) -> None:
    """The compiled loop of a large base and numpy's of a small one give the same scores."""
    query = {t: 1 + i % 3 for i, t in enumerate(terms_of(built)[::97])} | {"没有这个词": 5.0}
    assert built.weights.passages < postings.COMPILED_FROM
    plain = built.weights.scores(query)
    monkeypatch.setattr(postings, "COMPILED_FROM", 0)
    assert postings._adder() is not postings._add
    np.testing.assert_array_equal(built.weights.scores(query), plain)
    assert plain.any()


def test_weights_within_some_passages(built: Index) -> None:
    """within() is what column() holds of these passages, 0 for the others and for unknown terms."""
    terms = [*terms_of(built)[::499], "没有这个词"]
    passages = np.arange(0, built.weights.passages, 3)
    expected = np.zeros((len(terms), built.weights.passages), np.float32)
    for i, term in enumerate(terms):
        rows, data = built.weights.column(term)
        expected[i, rows] = data
    np.testing.assert_array_equal(built.weights.within(terms, passages)[0], expected[:, passages])
    assert built.weights.within([], passages).shape == (2, 0, len(passages))
    assert built.weights.within(terms, passages[:0]).shape == (2, len(terms), 0)


def test_columns_are_sorted_and_positive(built: Index) -> None:
    """Passages of a column ascend (binary search relies on it) and weights are positive."""
    for term in terms_of(built)[::29]:
        rows, data = built.weights.column(term)
        assert len(rows)
        assert (np.diff(rows) > 0).all()
        assert (data > 0).all()
    assert [len(a) for a in built.weights.column("没有这个词")] == [0, 0]


def test_rarity_falls_with_frequency(built: Index) -> None:
    """The fewer passages hold a term that general language does not know the rarer it is; an unknown one is rarest."""
    known = bm25.read_statistics(built.bundle)
    terms = [t for t in terms_of(built) if not shares(keys([t]))[0]][::13]
    df = known.df["text"][find(known.terms, keys(terms))]
    rarities = [built.weights.rarity(terms[i]) for i in np.argsort(df)]
    assert len(terms) > 50
    assert rarities == sorted(rarities, reverse=True)
    assert built.weights.rarity("没有这个词") >= rarities[0]


def test_what_everybody_says_is_not_rare(built: Index) -> None:
    """A word of general language is less rare than one of the trade that as many passages hold."""
    df = {t: built.weights.df(t) for t in terms_of(built)}
    general = next(t for t in df if df[t] == 1 and shares(keys([t]))[0] > 1e-4)
    trade = next(t for t in df if df[t] == 1 and not shares(keys([t]))[0])
    assert built.weights.rarity(general) < built.weights.rarity(trade)


def test_bm25_by_hand() -> None:
    """Two passages, two terms: the formula of Robertson and Zaragoza, on paper."""
    counts = sp.csr_matrix(np.array([[2.0, 0.0], [1.0, 1.0]], np.float32))
    k1, b = 1.5, 0.9
    idf = np.array([0.5, 2.0], np.float32)
    weights = bm25.bm25(counts, idf, 2.0, k1, b).toarray()
    # Both passages are two words long, so the length norm is k1.
    assert weights[0, 0] == pytest.approx(0.5 * 2 * (k1 + 1) / (2 + k1))
    assert weights[1, 0] == pytest.approx(0.5 * 1 * (k1 + 1) / (1 + k1))
    assert weights[1, 1] == pytest.approx(2.0 * 1 * (k1 + 1) / (1 + k1))
    assert weights[0, 1] == 0


def test_idf_by_hand() -> None:
    """Lucene's idf over the base's passages and those that general language would have written."""
    counts = {"text": sp.csr_matrix(np.array([[1.0, 0.0], [1.0, 1.0]], np.float32))}
    general = np.array([0.001, 0.0], np.float32)
    idf = bm25.statistics(counts, np.arange(2, dtype=np.uint64), general).idf("text")
    said = fields.GENERAL * (1 - math.exp(-fields.GENERAL_LENGTH * 0.001))
    for term, df in enumerate((2 + said, 1)):
        own = math.log(1 + (2 - (2, 1)[term] + 0.5) / ((2, 1)[term] + 0.5))
        whole = math.log(1 + (2 + fields.GENERAL - df + 0.5) / (df + 0.5))
        assert idf[term] == pytest.approx(min(own + fields.GENERAL_RISE, whole), rel=1e-5)


def test_the_weights_of_the_counts(built: Index) -> None:
    """A stored weight is the weighted sum of text, title and pairs, from the counts in the same bundle, and of the page
    where a passage is alone on it; times what the kind of its article weighs."""
    table = bm25.read(built.bundle)
    known = bm25.read_statistics(built.bundle)
    idf = bm25.statistics({n: table.matrices[n] for n in ("text", "title", "pairs")}, table.terms)
    own = sp.csr_matrix(table.matrices["text"].shape)
    for name in ("text", "title", "pairs"):
        weight, k1, b = bm25.PARAMETERS[name]
        own = own + weight * bm25.bm25(table.matrices[name], idf.idf(name), known.mean[name], k1, b)
    pages = built.parts[0].columns.page
    alone = np.flatnonzero(pages < 0)
    for term in ("打印机", "ora1653", "ge0.0.25"):
        rows, data = built.weights.column(term)
        column = own[:, int(find(table.terms, keys([term]))[0])].toarray().ravel()
        together = rows[~np.isin(rows, alone)]
        factors = data[np.isin(rows, together)] / column[together]
        assert set(np.round(factors, 4).tolist()) <= {1.0, fields.TROUBLE_FACTOR}
        assert (data[np.isin(rows, alone)] > column[rows[np.isin(rows, alone)]]).all()
        assert (column > 0).sum() == len(rows) > 0


def test_best_passage_of_an_article(built: Index) -> None:
    """best() is the largest score among each article's passages, best_passage() where it stands."""
    scores = np.random.default_rng(1).random(built.weights.passages).astype(np.float32)
    best = built.best(scores)
    for article in range(len(built.articles)):
        mine = np.flatnonzero(built.article_of == article)
        assert best[article] == scores[mine].max()
        assert scores[built.best_passage(article, scores)] == best[article]
