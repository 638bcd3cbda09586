"""How sure a match is: one number between 0 and 1 with one meaning."""

import numpy as np
import pytest

from kb.search.confidence import FEATURES, MEDIUM, STRONG, band, confidence, features
from kb.search.evidence import Evidence
from kb.search.index import Index
from kb.search.query_terms import read
from kb.search.threshold import THRESHOLD
from kb.text.synonyms import Synonyms

LEAD = FEATURES.index("lead")


@pytest.mark.parametrize(
    ("score", "expected"),
    [
        (0.0, "weak"),
        (MEDIUM - 0.001, "weak"),
        (MEDIUM, "medium"),
        (STRONG - 0.001, "medium"),
        (STRONG, "strong"),
        (1.0, "strong"),
    ],
)
def test_bands(score: float, expected: str) -> None:
    """Each band begins at its bound."""
    assert band(score) == expected
    assert 0 < THRESHOLD < MEDIUM < STRONG < 1


def test_between_zero_and_one(built: Index) -> None:
    """Whatever the text and the passage, 0 to 1; 0 exactly where nothing is shared."""
    for text in ("打印机", "ORA-01653 unable to extend", "完全无关的川菜馆", "", "打印机 " * 500):
        terms = read(text, built.tokenizer, built.synonyms)
        scores = built.scores(terms)
        sure = confidence(Evidence(built, terms, scores, range(built.weights.passages)))
        assert list(sure) == list(range(built.weights.passages))
        for passage, value in sure.items():
            assert 0 <= value <= 1
            assert (value > 0) == (scores[passage] > 0)


def test_more_of_the_text_is_surer(built: Index) -> None:
    """Of two texts with the same words in an article, the one with words nobody holds is less sure."""
    number = int(built.first[built.number_of("KB-000077")])
    values: list[float] = []
    for text in ("ORA-01653 表空间", "ORA-01653 表空间 川菜馆", "ORA-01653 表空间 川菜馆 年会 高铁票 红烧肉"):
        terms = read(text, built.tokenizer, built.synonyms)
        values += confidence(Evidence(built, terms, built.scores(terms), [number])).values()
    assert values == sorted(values, reverse=True)
    assert values[0] > values[2]


def test_coverage(built: Index) -> None:
    """Coverage is 1 when the passage holds every word and 0 when it holds none."""
    number = int(built.first[built.number_of("KB-000077")])
    for text, expected in (("ORA-01653 unable extend", 1.0), ("川菜馆红烧肉", 0.0), ("", 0.0)):
        terms = read(text, built.tokenizer, Synonyms({}))
        coverage, *others = features(Evidence(built, terms, built.scores(terms), [number]))[0]
        assert coverage == pytest.approx(expected)
        assert np.isfinite(others).all()


def test_ahead_of_the_others_is_surer(built: Index) -> None:
    """The best article has a lead, the others have none; neither of two equal ones has."""
    terms = read("ORA-01653 unable to extend", built.tokenizer, built.synonyms)
    scores = built.scores(terms)
    passages = [built.best_passage(int(a), scores) for a in np.argsort(-built.best(scores))[:3]]
    leads = features(Evidence(built, terms, scores, passages))[:, LEAD]
    assert leads[0] > 0
    assert leads[1:] == pytest.approx([0, 0])
    scores[passages[1]] = scores[passages[0]]
    assert features(Evidence(built, terms, scores, passages))[:, LEAD] == pytest.approx([0, 0, 0], abs=1e-6)


def test_the_lead_is_the_same_alone(built: Index) -> None:
    """How sure an article is doesn't depend on which others are looked at."""
    terms = read("ORA-01653 unable to extend", built.tokenizer, built.synonyms)
    scores = built.scores(terms)
    passages = [built.best_passage(int(a), scores) for a in np.argsort(-built.best(scores))[:3]]
    together = confidence(Evidence(built, terms, scores, passages))
    assert together == {p: confidence(Evidence(built, terms, scores, [p]))[p] for p in passages}
