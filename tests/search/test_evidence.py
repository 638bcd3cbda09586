"""Evidence: what passages hold of a query, against a look at each term of each passage."""

from collections.abc import Iterator

import numpy as np
import pytest

from kb.model import HIDDEN_STATUSES, Correction
from kb.search.evidence import Evidence
from kb.search.explain import matches
from kb.search.index import Index
from kb.search.query_terms import QueryTerms, read
from kb.search.ranking import top
from kb.search.suggest import read_paste

TEXTS = (
    "打印机卡纸",
    "ORA-01653 表空间满，应用写不进去",
    "trunk VLAN 端口频繁 UP/DOWN，GE0/0/1 丢包",
    "Outlook 打不开，提示数据文件被移走 pst",
    "没有人听说过的 zzqqxx",
    "WiFi 塞纸 49.4C02",
)


def asked(index: Index) -> Iterator[tuple[QueryTerms, np.ndarray, list[int]]]:
    """Queries of all kinds with their scores and some passages: the best, the worst, and some without any word."""
    for text in TEXTS:
        for query in (read(text, index.tokenizer, index.synonyms), read_paste(index, text)):
            scores = index.scores(query)
            best = top(scores, 30).tolist()
            yield query, scores, [*best, *range(0, index.weights.passages, 40), *best[:2]]


def holds(index: Index, passage: int, term: str) -> bool:
    return passage in index.weights.column(term)[0].tolist()


def meanings(query: QueryTerms) -> set[tuple[tuple[str, ...], ...]]:
    """Each thing asked for, once: its wordings, each by its terms."""
    return {tuple(tuple(t.term for t in tokens) for tokens in group.alternatives) for group in query.groups}


def said(index: Index, passage: int, wordings: tuple[tuple[str, ...], ...]) -> bool:
    return any(all(holds(index, passage, term) for term in wording) for wording in wordings)


def test_shares_add_up_to_the_score(built: Index) -> None:
    """What the terms of a passage and its page are worth is its score, but for what its topic added."""
    for query, scores, passages in asked(built):
        evidence = Evidence(built, query, scores, passages)
        plain = built.weights.scores(query.weights)
        scored = {p for p in passages if scores[p] > 0}
        assert scored
        for passage in scored:
            total = sum(evidence.shares(passage).values())
            assert evidence.score(passage) == scores[passage]
            assert total == pytest.approx(float(plain[passage]), rel=1e-4)
            lifted = evidence.score(passage) - total
            assert lifted == pytest.approx(sum(evidence.lifts(passage).values()), rel=1e-3, abs=1e-3)


def test_what_lifts_has_its_share(built: Index) -> None:
    """What topics, sentences and codes added to a score is named as reasons of their own, and only then."""
    query = read_paste(built, "导出报表时报 ORA-01653。昨天还是好的，今天早上就这样了")
    scores = built.scores(query)
    passage = int(top(scores, 1)[0])
    evidence = Evidence(built, query, scores, [passage])
    shown = matches(evidence, passage)
    (about,) = (m for m in shown if m.field == "about")
    assert about.score == pytest.approx(evidence.lifts(passage)["about"], abs=0.01)
    assert about.score > 0
    assert [m.score for m in shown] == sorted((m.score for m in shown), reverse=True)
    plain = read(TEXTS[2], built.tokenizer, built.synonyms)
    unlifted = built.weights.scores(plain.weights)
    best = int(top(unlifted, 1)[0])
    assert "about" not in {m.field for m in matches(Evidence(built, plain, unlifted, [best]), best)}


def test_shares_of_terms(built: Index) -> None:
    """A term's share is its weight in the query times its weight in the passage and, less, on its page."""
    for query, scores, passages in asked(built):
        evidence = Evidence(built, query, scores, passages)
        assert len(passages) > 4
        for passage in passages[:4]:
            own, page = built.weights.within(list(query.weights), np.array([passage]))[:, :, 0]
            expected = {
                term: weight * float(o + p)
                for (term, weight), o, p in zip(query.weights.items(), own, page, strict=True)
                if o or p
            }
            assert evidence.shares(passage) == pytest.approx(expected, rel=1e-5)


def test_coverage(built: Index) -> None:
    """The rarity of all that a passage says of a query, as a share of all of it."""
    for query, scores, passages in asked(built):
        evidence = Evidence(built, query, scores, passages)
        rarest = {
            m: min(max(map(built.weights.rarity, wording)) for wording in m)
            * min(1, max((query.weights.get(t, 0) for t in m[0]), default=0))
            for m in meanings(query)
        }
        expected = [
            sum(r for m, r in rarest.items() if said(built, passage, m)) / sum(rarest.values())
            for passage in dict.fromkeys(passages)
        ]
        np.testing.assert_allclose(evidence.coverage(), expected, rtol=1e-6)


def test_rivals(built: Index) -> None:
    """Beside a passage stands the best other article that is shown: for all but the best one that is the best."""
    for query, scores, passages in asked(built):
        best = {
            a: float(scores[built.first[a] : built.first[a + 1]].max())
            for a in range(len(built.articles))
            if built.articles[a].status not in HIDDEN_STATUSES
        }
        found = [int(built.article_of[passage]) for passage in dict.fromkeys(passages)]
        expected = [max(score for a, score in best.items() if a != own) for own in found]
        np.testing.assert_allclose(Evidence(built, query, scores, passages).rivals(), expected, rtol=1e-6)


def test_explained(built: Index) -> None:
    """A word is explained when one of the passages says it, or what means the same."""
    for query, scores, passages in asked(built):
        for some in (passages, passages[:1], []):
            expected = {
                t.term
                for group in query.groups
                for passage in some
                if said(built, passage, tuple(tuple(t.term for t in tokens) for tokens in group.alternatives))
                for t in group.alternatives[0]
            }
            assert Evidence(built, query, scores, some).explained() == expected


def test_a_correction_explains_what_was_typed(built: Index) -> None:
    """The word that is meant covers the query; what was typed instead asks for nothing more."""
    text = "prnter 卡纸"
    corrected = read(text, built.tokenizer, built.synonyms, [Correction(0, 6, "prnter", "printer")])
    plain = read("printer 卡纸", built.tokenizer, built.synonyms)
    scores = built.scores(plain)
    passages = top(scores, 10).tolist()
    coverages = [Evidence(built, query, scores, passages).coverage() for query in (corrected, plain)]
    assert coverages[1].max() == 1
    assert coverages[0].max() == 1


def test_nothing_asked(built: Index) -> None:
    """A text without words covers nothing and explains nothing; passages asked for twice count once."""
    query = read("，。", built.tokenizer, built.synonyms)
    evidence = Evidence(built, query, built.scores(query), [3, 3, 5])
    assert list(evidence.passages) == [3, 5]
    assert evidence.coverage().tolist() == evidence.rivals().tolist() == [0, 0]
    assert (evidence.explained(), evidence.shares(3), evidence.score(5)) == (set(), {}, 0)
