"""Counts of terms: joined, reordered and read again they are what counting at once gives; what stands beside a base
is weighed as if it stood in it."""

import tempfile
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from kb.bundle import Bundle, fields
from kb.indexer import bm25
from kb.indexer.analysis import Row, Terms
from kb.model import Passage
from kb.search.postings import Columns
from kb.search.ranking import Weights
from kb.text.hashing import find, keys

words = st.lists(st.sampled_from("abcdefgh"), max_size=6)
terms = st.builds(Terms, words, words, words, st.just([]))
codes = st.dictionaries(st.sampled_from(["#1", "#2", "a"]), st.sampled_from([0.25, 0.5, 1.0]), max_size=2)
rows = st.lists(st.builds(Row, st.just(Passage("")), terms, terms, st.just([]), codes), max_size=8)


def expected(row: Row) -> dict[str, Counter[str]]:
    """What is counted of a passage."""

    def weighed(found: Terms) -> Counter[str]:
        out: Counter[str] = Counter()
        for term in found.whole:
            out[term] += 1
        for term in found.parts:
            out[term] += fields.PART_WEIGHT  # type: ignore[assignment]
        return out

    counted = {"text": weighed(row.text), "title": weighed(row.title), "pairs": Counter(row.text.pairs)}
    return counted | {"codes": Counter(row.codes)}


def counted(counts: bm25.Counts) -> list[dict[str, dict[int, float]]]:
    """Of each passage matrix -> key -> count."""
    assert set(counts.matrices) == set(bm25.MATRICES)
    assert (np.diff(counts.terms.astype(object)) > 0).all()

    def row(matrix: Any, i: int) -> dict[int, float]:
        place = slice(matrix.indptr[i], matrix.indptr[i + 1])
        columns = matrix.indices[place].tolist()
        assert len(columns) == len(set(columns))
        return {int(counts.terms[c]): float(n) for c, n in zip(columns, matrix.data[place], strict=True)}

    assert all(m.shape == (counts.passages, len(counts.terms)) for m in counts.matrices.values())
    return [{name: row(m, i) for name, m in counts.matrices.items()} for i in range(counts.passages)]


def by_hand(passages: Sequence[Row]) -> list[dict[str, dict[int, float]]]:
    return [
        {name: dict(zip(keys(found).tolist(), found.values(), strict=True)) for name, found in expected(row).items()}
        for row in passages
    ]


def bundle(folder: Path, counts: bm25.Counts, base: Bundle | None = None, pages: Sequence[int] = ()) -> Bundle:
    """Counts and weights on disk. pages: of each passage; without, each is alone on its page."""
    folder.mkdir()
    every = np.array(pages or [-1] * counts.passages, np.int32)
    bm25.write(folder, [counts], every, np.ones(counts.passages, np.float32), base)
    return Bundle(folder, {"own_passages": counts.passages}, base)


@given(rows)
def test_count(passages: list[Row]) -> None:
    """Each term of a passage with how often it stands there; parts of identifiers count for less."""
    assert counted(bm25.count(passages)) == by_hand(passages)


@given(parts=st.lists(rows, max_size=4), data=st.data())
def test_joined_and_taken_as_if_counted_at_once(parts: list[list[Row]], data: st.DataObject) -> None:
    """Parts joined and some passages taken in another order count alike, and take leaves no term that none holds."""
    every = [row for part in parts for row in part]
    joined = bm25.joined([bm25.count(part) for part in parts])
    assert counted(joined) == by_hand(every)
    order = data.draw(st.lists(st.sampled_from(range(len(every))), unique=True)) if every else []
    taken = joined.take(np.array(order, np.int64))
    again = bm25.count([every[i] for i in order])
    assert counted(taken) == counted(again)
    np.testing.assert_array_equal(taken.terms, again.terms)
    with tempfile.TemporaryDirectory() as folder:
        written = [bundle(Path(folder, str(i)), counts) for i, counts in enumerate((taken, again))]
        assert counted(bm25.read(written[0])) == counted(again)
        for name in ("terms.keys", "weights.indptr", "weights.rows", "weights.data", "text.df", "text.mean"):
            first, second = (np.load(b.file(f"{name}.npy")) for b in written)
            np.testing.assert_array_equal(first, second, err_msg=name)


@given(rows)
def test_statistics(passages: list[Row]) -> None:
    """df is how many passages hold a term, mean the length of those that have one."""
    counts = bm25.count(passages)
    known = bm25.statistics(counts.matrices, counts.terms)
    for name in bm25.MATRICES:
        assert known.count[name] == len(passages)
        found = [expected(row)[name] for row in passages]
        df = Counter(term for counter in found for term in counter)
        assert dict(zip(counts.terms.tolist(), known.df[name].tolist(), strict=True)) == {
            int(key): df[term]
            for term in {t for f in by_hand(passages) for t in f}
            and {t for row in passages for c in expected(row).values() for t in c}
            for key in keys([term])
        }
        lengths = [sum(counter.values()) for counter in found if counter]
        assert known.mean[name] == pytest.approx(sum(lengths) / len(lengths) if lengths else 1.0)


# --- beside a base -----------------------------------------------------------------------------


def base_rows(count: int) -> list[Row]:
    """Passages whose words are as unevenly frequent as words are."""
    random = np.random.default_rng(20260102)

    def some(least: int, most: int) -> list[str]:
        return [f"w{n}" for n in random.zipf(1.3, random.integers(least, most)) if n < 3000]

    return [
        Row(Passage(""), Terms(some(5, 80), some(0, 4), some(2, 40), []), Terms(some(1, 8), [], [], []), [])
        for _ in range(count)
    ]


def test_beside_a_base_as_in_it(tmp_path: Path) -> None:
    """Passages of a base that are written once more beside it get the weights they have in it, nearly."""
    passages = base_rows(3000)
    base = bundle(tmp_path / "base", bm25.count(passages))
    copies = list(range(0, 3000, 200))
    beside = bundle(tmp_path / "beside", bm25.count([passages[i] for i in copies]), base)
    a, b = Weights([Columns(base)]), Weights([Columns(beside)])
    held = sorted({t for i in copies for t in passages[i].text.whole})
    ratios = []
    for term in held:
        for place, number in enumerate(copies):
            one, other = (w.within([term], np.array([n]))[0, 0, 0] for w, n in ((a, number), (b, place)))
            assert (one > 0) == (other > 0)
            if one:
                ratios.append(other / one)
    # A word that stood once in the base stands twice now: half an idf step is the most that it may lose.
    assert len(ratios) > 200
    assert np.median(ratios) == pytest.approx(1, abs=0.01)
    assert min(ratios) > 0.85
    assert max(ratios) < 1.01


def test_weights_count_both(tmp_path: Path) -> None:
    """df, rarity and scores of an index are of the base and of what stands beside it together."""
    passages = base_rows(300)
    base = bundle(tmp_path / "base", bm25.count(passages[:280]))
    beside = bundle(tmp_path / "beside", bm25.count(passages[280:]), base)
    both = Weights([Columns(base), Columns(beside)])
    assert both.passages == 300
    query = {f"w{n}": 1.0 + n % 3 for n in range(1, 60)} | {"unknown": 2.0}
    scores = both.scores(query)
    for place in (0, 279, 280, 299):
        own, page = both.within(list(query), np.array([place]))[:, :, 0]
        assert not page.any()
        expected_score = float(own @ np.array(list(query.values())))
        assert scores[place] == pytest.approx(expected_score, rel=1e-5)
    for term in query:
        holders = [i for i, row in enumerate(passages) if any(term in c for c in expected(row).values())]
        found, data = both.column(term)
        assert (found.tolist(), both.df(term)) == (holders, len(holders))
        assert (data > 0).all()
        assert [both.holds(i, term) for i in (0, 280, 299)] == [i in holders for i in (0, 280, 299)]
        assert (term in both) == bool(holders)


def test_a_term_the_base_does_not_know(tmp_path: Path) -> None:
    """A new word of a passage beside a base is as rare as a word in one passage of all."""
    passages = base_rows(500)
    base = bundle(tmp_path / "base", bm25.count(passages))
    new = Row(Passage(""), Terms(["new", "w1"], [], [], []), Terms([], [], [], []), [])
    beside = bundle(tmp_path / "beside", bm25.count([new]), base)
    whole = bundle(tmp_path / "whole", bm25.count([*passages, new]))
    found = Weights([Columns(beside)]).within(["new", "w1"], np.array([0]))[0, :, 0]
    wanted = Weights([Columns(whole)]).within(["new", "w1"], np.array([500]))[0, :, 0]
    np.testing.assert_allclose(found, wanted, rtol=0.01)


@pytest.mark.parametrize("passages", [[], [Row(Passage(""), Terms([], [], [], []), Terms([], [], [], []), [])]])
def test_nothing_beside_a_base(tmp_path: Path, passages: list[Row]) -> None:
    """What stands beside may be nothing, when articles only went, or an article without a word."""
    base = bundle(tmp_path / "base", bm25.count(base_rows(20)))
    beside = bundle(tmp_path / "beside", bm25.count(passages), base)
    both = Weights([Columns(base), Columns(beside)])
    alone = Weights([Columns(base)])
    query = {"w1": 1.0, "w2": 2.0, "unknown": 1.0}
    np.testing.assert_array_equal(both.scores(query)[:20], alone.scores(query))
    every = np.arange(20 + len(passages))
    np.testing.assert_array_equal(both.within(list(query), every)[:, :, :20], alone.within(list(query), every[:20]))
    assert not both.within(list(query), every)[:, :, 20:].any()
    assert find(bm25.count(passages).terms, keys(["w1"])).tolist() == [-1]
