"""Pages of several sections: what a page says elsewhere stands behind each of its sections."""

import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from kb.bundle import Bundle, open_current
from kb.bundle.fields import LARGEST_WEIGHT
from kb.indexer import bm25
from kb.indexer import build as building
from kb.indexer.analysis import Row, Terms
from kb.indexer.build import build, build_documents, update_documents
from kb.model import Article, Passage, Query
from kb.search.index import Index
from kb.search.postings import Columns
from kb.search.ranking import Weights
from kb.search.searcher import search
from kb.settings import Settings
from kb.text.hashing import keys

Write = Callable[[str, str], Path]

words = st.lists(st.sampled_from("abcdefgh"), max_size=6)
terms = st.builds(Terms, words, words, words, st.just([]))
passages = st.tuples(st.builds(Row, st.just(Passage("")), terms, terms, st.just([])), st.sampled_from("uvwxyz"))
bases = st.lists(passages, max_size=10)
queries = st.dictionaries(st.sampled_from("abcdefghi"), st.floats(0.25, 4, width=32), max_size=5)

Base = Sequence[tuple[Row, str]]


def numbered(base: Base) -> list[int]:
    """The page of each passage: numbers from 0 for pages of several passages, -1 for the others."""
    pages = [page for _, page in base]
    several = [page for page in dict.fromkeys(pages) if pages.count(page) > 1]
    return [several.index(page) if page in several else -1 for page in pages]


def written(folder: Path, base: Base, beside: Bundle | None = None) -> Bundle:
    folder.mkdir()
    counts = bm25.count([row for row, _ in base])
    factors = np.ones(len(base), np.float32)
    bm25.write(folder, [counts], np.array(numbered(base), np.int32), factors, beside)
    return Bundle(folder, {"own_passages": len(base)}, beside)


def weighed(bundle: Bundle, base: Base) -> dict[str, NDArray[np.float64]]:
    """The weights of words, of pairs, and of what the page says, passage by passage: each passages x terms."""
    counts = bm25.read(bundle)
    names = [page for _, page in base]
    mates = np.array([[a == b for b in names] for a in names], float).reshape(len(names), len(names))
    matrices = {name: counts.matrices[name] for name in ("text", "title", "pairs")}
    pages = bm25._numbered(np.array(numbered(base), np.int32))
    together = {f"page_{name}": bm25._summed(matrices[name], pages) for name in ("text", "pairs")}
    known = bm25.statistics(matrices | together, counts.terms)
    if bundle.base is not None:
        known = bm25._with(bm25.read_statistics(bundle.base), known)
    out = {}
    for name, (weight, k1, b) in bm25.PARAMETERS.items():
        own = matrices[name.removeprefix("page_")].toarray().astype(float)
        held = mates @ own if name.startswith("page_") else own
        norm = k1 * (1 - b + b * held.sum(axis=1, keepdims=True) / known.mean[name])
        out[name] = weight * known.idf(name) * held * (k1 + 1) / (held + norm)
    words = out["text"] + out["title"]
    most = np.array([words[row > 0].max(axis=0) for row in mates]).reshape(words.shape)
    page = out["page_text"] + out["page_pairs"] + LARGEST_WEIGHT * most
    return {"own": words + out["pairs"], "page": page}


def by_hand(bundle: Bundle, base: Base, query: dict[str, float]) -> list[float]:
    """The score of each passage: its own words, and what its page says when it holds any."""
    place = {key: i for i, key in enumerate(bm25.read(bundle).terms.tolist())}
    wanted = np.zeros(len(place))
    for term, weight in query.items():
        key = int(keys([term])[0])
        if key in place:
            wanted[place[key]] = weight
    found = weighed(bundle, base)
    own, page = (found[name] @ wanted for name in ("own", "page"))
    return [float(score) for score in np.where(own > 0, own + page, 0)]


@given(base=bases)
def test_largest(base: Base) -> None:
    """A page has of each term the largest weight that one of its passages has."""
    counts = bm25.count([row for row, _ in base])
    pages = bm25._numbered(np.array(numbered(base), np.int32))
    dense = counts.matrices["text"].toarray()
    largest = bm25.largest(counts.matrices["text"], pages).toarray()
    expected = [dense[pages == page].max(axis=0) for page in range(pages.max(initial=-1) + 1)]
    np.testing.assert_array_equal(largest, np.array(expected, np.float32).reshape(largest.shape))


@given(base=bases, query=queries)
def test_scores(base: Base, query: dict[str, float]) -> None:
    """The sum of columns is what adding up passage by passage gives."""
    with tempfile.TemporaryDirectory() as name:
        bundle = written(Path(name, "base"), base)
        scores = Weights([Columns(bundle)]).scores(query)
        np.testing.assert_allclose(scores, by_hand(bundle, base, query), rtol=1e-4, atol=1e-5)


@given(base=bases, more=bases, query=queries)
def test_scores_beside_a_base(base: Base, more: Base, query: dict[str, float]) -> None:
    """Two bundles: each has its own pages, the scores of the second follow those of the first."""
    with tempfile.TemporaryDirectory() as name:
        first = written(Path(name, "base"), base)
        second = written(Path(name, "beside"), more, first)
        weights = Weights([Columns(first), Columns(second)])
        expected = [*by_hand(first, base, query), *by_hand(second, more, query)]
        np.testing.assert_allclose(weights.scores(query), expected, rtol=1e-4, atol=1e-5)
        every = np.arange(len(base) + len(more))
        own, pages = weights.within(list(query), every)
        parts = np.array(list(query.values()), np.float64) @ (own + pages)
        np.testing.assert_allclose(np.where(np.array(expected) > 0, parts, 0), expected, rtol=1e-4, atol=1e-5)


# --- what it is for ----------------------------------------------------------------------------

SWITCH = "# 交换机手册\n\n## 端口\n\n端口频繁 UP/DOWN，先换跳线。\n\n## 透传\n\n检查 trunk 与 VLAN。\n"
ROUTER = "# 路由器手册\n\n## 端口\n\n端口频繁 UP/DOWN，先换跳线。\n\n## 策略\n\n检查 BGP 与 ACL。\n"


@pytest.fixture
def manuals(write: Write, settings: Settings) -> Settings:
    """Two manuals with one section alike, and other articles, so that rare words are rare."""
    write("a.md", ROUTER)
    write("b.md", SWITCH)
    for number in range(6):
        write(f"other{number}.md", f"# 打印机 {number}\n\n卡纸第 {number} 次。\n")
    build(settings)
    return settings


def score_of(index: Index, path: str, heading: str, query: dict[str, float]) -> float:
    scores = index.weights.scores(query)
    article = index.number_of(path)
    inside = range(index.first[article], index.first[article + 1])
    (number,) = (n for n in inside if heading in index.passage(n).heading)
    return float(scores[number])


def test_a_section_rises_by_its_page(manuals: Settings) -> None:
    """Of two sections alike that one is meant whose page speaks of the rest of the query."""
    index = Index(open_current(manuals.index))
    query = {"端口": 1.0, "trunk": 1.0}
    assert score_of(index, "b.md", "端口", query) > score_of(index, "a.md", "端口", query) > 0
    alone = {"端口": 1.0}
    assert score_of(index, "b.md", "端口", alone) == pytest.approx(score_of(index, "a.md", "端口", alone), rel=0.05)
    hits = search(index, Query("端口 OR trunk OR 跳线")).hits
    assert [hit.article.path for hit in hits] == ["b.md", "a.md"]


def test_a_page_alone_finds_nothing(manuals: Settings) -> None:
    """A section that holds no word of the query has no score, whatever stands elsewhere on its page."""
    index = Index(open_current(manuals.index))
    assert score_of(index, "b.md", "端口", {"trunk": 1.0}) == 0
    assert score_of(index, "b.md", "透传", {"trunk": 1.0}) > 0


def test_articles_of_one_page(settings: Settings) -> None:
    """Articles that name the same page are sections of it; one that names a page of its own is alone on it."""
    texts = {"a": ("端口", "P"), "b": ("trunk", "P"), "c": ("端口", "Q"), "d": ("打印机", ""), "e": ("卡纸", "")}
    build_documents(settings, [Article(f"{n}.md", n, "", body=f"{t}\n", page=p) for n, (t, p) in texts.items()])
    index = Index(open_current(settings.index))
    pages = np.load(index.bundle.file("passages.page.npy"))
    assert pages.tolist() == [0, 0, -1, -1, -1]
    scores = index.weights.scores({"端口": 1.0, "trunk": 1.0})
    assert scores[0] > scores[2] > 0
    assert not scores[3:].any()


def test_a_page_beside_its_base(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    """A changed page is weighed as a whole beside its base, and what is left of it there is found no more."""
    monkeypatch.setattr(building, "BESIDE_FROM", 3)
    monkeypatch.setattr(building, "BESIDE_SHARE", 10.0)
    rest = [Article(f"o{n}.md", f"o{n}", "打印机", body=f"卡纸第 {n} 次。\n") for n in range(6)]
    build_documents(settings, [Article("s.md", "s", "交换机手册", body=SWITCH), *rest])
    changed = SWITCH.replace("trunk", "hybrid")
    update_documents(settings, [Article("s.md", "s", "交换机手册", body=changed)])
    index = Index(open_current(settings.index))
    assert index.bundle.base is not None
    assert np.load(index.bundle.file("passages.page.npy")).tolist() == [0, 0]
    with_page, without = (score_of(index, "s.md", "端口", {"端口": 1.0, word: 1.0}) for word in ("hybrid", "trunk"))
    assert with_page > without > 0
    assert [h.article.path for h in search(index, Query("hybrid")).hits] == ["s.md"]
    assert search(index, Query("trunk")).total == 0
