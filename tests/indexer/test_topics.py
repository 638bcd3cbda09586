"""Topics: words that are never used together, but with the same others, stand for each other a little."""

from collections.abc import Sequence
from dataclasses import replace
from itertools import islice, product
from pathlib import Path

import numpy as np
import pytest

from kb.bundle import Bundle, open_current
from kb.bundle.fields import TOPIC_WEIGHT
from kb.indexer import build as building
from kb.indexer import latent_topics
from kb.indexer.build import build_documents, update_documents
from kb.model import Article, Query
from kb.search import latent_topics as searched
from kb.search.index import Index
from kb.search.ranking import Scores
from kb.search.searcher import search
from kb.settings import Settings, load
from kb.text.hashing import find, keys

SUBJECTS = 60
EACH = 10
OWN = 8
"""Words that passages of one subject share, each passage all but two of them."""
SYLLABLES = [c + v for c in "bdfgklmnpr" for v in "aou"]


def some_words(count: int) -> list[str]:
    """Words that no dictionary knows and no stemmer changes."""
    return ["".join(p) + "x" for p in islice(product(SYLLABLES, repeat=3), 0, 40 * count, 40)]


WORDS = some_words(SUBJECTS * (OWN + 2) + 2)
MEETING, ELSEWHERE = WORDS[-2:]
"""MEETING stands in some passages of every subject."""


def own(subject: int) -> list[str]:
    """What all who write about a subject say."""
    return WORDS[subject * (OWN + 2) :][:OWN]


def names(subject: int) -> list[str]:
    """The two names of a subject, of which nobody uses both."""
    return WORDS[subject * (OWN + 2) + OWN :][:2]


def document(subject: int, number: int, name: int, more: Sequence[str] = ()) -> Article:
    said = [w for i, w in enumerate(own(subject)) if i not in (number % OWN, (number + 3) % OWN)]
    path = f"{subject:02d}-{number:02d}.md"
    return Article(path=path, id=path[:-3], title="", body=" ".join([*said, names(subject)[name], *more]) + "\n")


def documents() -> list[Article]:
    """Of each subject as many passages with the one name as with the other; the last of them meet."""
    return [
        document(subject, number, number % 2, [MEETING] if number == EACH - 1 else [])
        for subject in range(SUBJECTS)
        for number in range(EACH)
    ]


def opened(settings: Settings) -> Index:
    return Index(open_current(settings.index))


@pytest.fixture(scope="module")
def index(tmp_path_factory: pytest.TempPathFactory) -> Index:
    folder = tmp_path_factory.mktemp("topics")
    settings = load({"articles": folder, "index": folder / "index", "workers": 1}, folder)
    build_documents(settings, documents())
    return opened(settings)


def lifted_scores(index: Index, query: dict[str, float]) -> Scores:
    """The scores by words, lifted by topic."""
    scores = index.weights.scores(query)
    for passages, added in index.topics.lift(scores, query, index.weights):
        scores[passages] += added
    return scores


def lifts(index: Index, words: Sequence[str]) -> dict[str, float]:
    """Path -> what a topic adds to its score, as a share of the most it may add."""
    query = dict.fromkeys(words, 1.0)
    plain, lifted = index.weights.scores(query), lifted_scores(index, query)
    most = TOPIC_WEIGHT * plain.max()
    return {index.articles[a].path: float(lifted[p] - plain[p]) / most for p, a in enumerate(index.article_of)}


def test_the_words_are_told_apart(index: Index) -> None:
    """What the other tests rest on: every word is a term of its own, and the two names of a subject never meet."""
    assert len({t.term for t in index.tokenizer.tokens(" ".join(WORDS))}) == len(set(WORDS)) == len(WORDS)
    for subject in range(SUBJECTS):
        first, second = (set(index.weights.column(name)[0].tolist()) for name in names(subject))
        assert not first & second
        assert len(first) == len(second) == EACH / 2


def test_the_same_topic_in_other_words(index: Index) -> None:
    """Of passages that hold one word of a query alike, the one that is about its other word rises."""
    for subject in (0, 7, 31):
        first = names(subject)[0]
        assert not set(index.weights.column(first)[0]) & set(index.weights.column(MEETING)[0])
        lifted = lifts(index, [first, MEETING])
        same, *others = (
            lifted[f"{s:02d}-{EACH - 1:02d}.md"] for s in (subject, *(s for s in range(SUBJECTS) if s != subject))
        )
        assert same > 0.5
        assert max(others) < same / 2


def test_nothing_is_found_by_topic_alone(index: Index) -> None:
    """A passage without any word of the query has no score, however near it is."""
    for subject in (0, 31):
        first, _ = names(subject)
        plain, lifted = index.weights.scores({first: 1.0}), lifted_scores(index, {first: 1.0})
        assert (plain > 0).sum() == EACH / 2
        np.testing.assert_array_equal(lifted > 0, plain > 0)
        assert (lifted >= plain).all()
        assert search(index, Query(first)).total == EACH / 2


def test_a_query_of_no_topic(index: Index) -> None:
    """Words that the base does not know, or knows from too few passages, lift nothing."""
    assert index.topics._direction({"unknownx": 1.0}, index.weights) is None
    np.testing.assert_array_equal(lifted_scores(index, {"unknownx": 1.0}), np.zeros(SUBJECTS * EACH))
    np.testing.assert_array_equal(lifted_scores(index, {}), np.zeros(SUBJECTS * EACH))


def test_only_the_best_are_looked_at(index: Index, monkeypatch: pytest.MonkeyPatch) -> None:
    """The rest keep their scores, so that a large base costs no more than a small one."""
    monkeypatch.setattr(searched, "DEPTH", 5)
    query = {names(7)[0]: 1.0, MEETING: 0.5, **dict.fromkeys(own(7), 0.1)}
    plain, lifted = index.weights.scores(query), lifted_scores(index, query)
    changed = np.flatnonzero(lifted != plain)
    assert 0 < len(changed) <= 5
    assert plain[changed].min() >= np.sort(plain)[-5]


def test_directions(index: Index) -> None:
    """Every passage has a direction of length 1; passages of a subject lie near each other, others apart."""
    directions = np.load(index.bundle.file("topics.passages.npy")).astype(np.float32)
    np.testing.assert_allclose(np.linalg.norm(directions, axis=1), 1, atol=1e-2)
    subject = np.array([int(index.articles[a].path[:2]) for a in index.article_of])
    cosines = directions @ directions.T
    same = subject[:, None] == subject
    assert cosines[same].min() > 0.5
    assert abs(cosines[~same]).mean() < 0.1


def test_learned_alike_every_time(index: Index, settings: Settings) -> None:
    """Chance has no part in it: the same articles, the same files."""
    build_documents(settings, documents())
    other = open_current(settings.index)
    for part in ("terms", "places", "passages"):
        name = f"topics.{part}.npy"
        assert other.file(name).read_bytes() == index.bundle.file(name).read_bytes()


def test_a_sample_is_enough(index: Index, settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    """Learned from five passages of six, all of them have a direction, taken in portions or at once."""
    monkeypatch.setattr(latent_topics, "SAMPLE", SUBJECTS * EACH * 5 // 6)
    monkeypatch.setattr(latent_topics, "AT_ONCE", 77)
    build_documents(settings, documents())
    sampled = opened(settings)
    directions = np.load(sampled.bundle.file("topics.passages.npy")).astype(np.float32)
    np.testing.assert_allclose(np.linalg.norm(directions, axis=1), 1, atol=1e-2)
    rises = 0
    for subject in range(SUBJECTS):
        lifted = lifts(sampled, [names(subject)[0], MEETING])
        meeting = {path: value for path, value in lifted.items() if path.endswith(f"-{EACH - 1:02d}.md")}
        rises += max(meeting, key=meeting.__getitem__) == f"{subject:02d}-{EACH - 1:02d}.md"
    assert rises >= 0.9 * SUBJECTS


@pytest.mark.parametrize("passages", [0, 1, latent_topics.LEARN_FROM - 1])
def test_a_small_base_has_none(settings: Settings, passages: int) -> None:
    """So few passages say too little: nothing is learned, nothing lifted."""
    build_documents(settings, documents()[:passages])
    index = opened(settings)
    for part in ("terms", "places", "passages"):
        assert len(np.load(index.bundle.file(f"topics.{part}.npy"))) == 0
    query = dict.fromkeys([names(0)[0], MEETING], 1.0)
    np.testing.assert_array_equal(lifted_scores(index, query), index.weights.scores(query))


def test_a_base_of_few_words_has_none(settings: Settings) -> None:
    """Many passages of hardly any words have no topics either."""
    few = [replace(a, title=own(0)[0], body=" ".join(own(0)) + "\n") for a in documents()]
    build_documents(settings, few)
    assert len(np.load(open_current(settings.index).file("topics.terms.npy"))) == 0
    assert search(opened(settings), Query(own(0)[0])).total == len(few)


# --- beside a base -----------------------------------------------------------------------------


@pytest.fixture
def beside(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> Index:
    """The base with three articles beside it: a new one, a copy of one of its own, and one about nothing it knows."""
    monkeypatch.setattr(building, "BESIDE_FROM", 3)
    build_documents(settings, documents())
    new = document(7, 1, 1, [MEETING, ELSEWHERE])
    copy = replace(documents()[0], path="copy.md", id="copy")
    strange = Article(path="strange.md", id="strange", title="", body=f"{ELSEWHERE}y {MEETING}z\n")
    update_documents(settings, [replace(new, path="new.md", id="new"), copy, strange])
    index = opened(settings)
    assert index.bundle.base is not None
    return index


def places(bundle: Bundle) -> dict[int, list[float]]:
    """Key of a term -> its place."""
    terms = np.load(bundle.file("terms.keys.npy"))[np.load(bundle.file("topics.terms.npy"))]
    return dict(zip(terms.tolist(), np.load(bundle.file("topics.places.npy")).tolist(), strict=True))


def test_the_places_of_the_base_are_used(beside: Index) -> None:
    """A term has one place in both bundles; one that the base does not know has none."""
    assert beside.bundle.base is not None
    known, used = places(beside.bundle.base), places(beside.bundle)
    assert used
    assert all(known[key] == place for key, place in used.items())
    assert int(keys([ELSEWHERE])[0]) not in used
    assert find(np.load(beside.bundle.file("terms.keys.npy")), keys([ELSEWHERE])).tolist() != [-1]


def test_a_passage_beside_is_lifted(beside: Index) -> None:
    """The new article is of the topic of its words, as if it stood in the base; a strange one is of none."""
    lifted = lifts(beside, [names(7)[0], MEETING])
    assert lifted["new.md"] > 0.5
    assert lifted["new.md"] == pytest.approx(lifted[f"07-{EACH - 1:02d}.md"], abs=0.2)
    assert lifted["strange.md"] == 0
    assert max(v for path, v in lifted.items() if path[:2] not in ("07", "ne")) < 0.35


def test_a_copy_beside_has_the_same_direction(beside: Index) -> None:
    """The article as it stands in the base and its copy beside it point the same way."""
    directions = [np.load(part.bundle.file("topics.passages.npy")).astype(np.float32) for part in beside.parts]
    number = beside.number_of("copy.md") - len(directions[0])
    assert float(directions[0][0] @ directions[1][number]) > 0.98
    strange = beside.number_of("strange.md") - len(directions[0])
    assert not directions[1][strange].any()


def test_beside_a_small_base(settings: Settings, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """A base without topics gives none to what stands beside it, be that as large as it may."""
    monkeypatch.setattr(building, "BESIDE_FROM", 3)
    monkeypatch.setattr(building, "BESIDE_SHARE", 1000.0)
    every = documents()
    build_documents(settings, every[:10])
    update_documents(settings, every[10:])
    index = opened(settings)
    assert index.bundle.base is not None
    assert places(index.bundle) == {}
    assert set(lifts(index, [names(7)[0], MEETING]).values()) == {0.0}
