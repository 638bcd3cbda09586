"""This module scores the passages of an index for a query: by words first, then lifted by what words don't tell.

    words       sums of columns, a page behind its sections       kb.search.ranking
    topics      words that mean the same                          kb.search.latent_topics
    sentences   a passage that one sentence of the query is about
    product     what the text, or the case, says that it is about  kb.search.products
    meaning     what a sentence encoder takes for near         kb.search.meaning
    codes       an error code that few articles are about

Each step adds to the scores of the one before, in shares of the best score, so that bases and queries compare.
"""

import math
from collections.abc import Callable, Iterator, Mapping
from itertools import chain
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from numpy.typing import NDArray

from kb.bundle.fields import (
    CODE_HALVINGS,
    CODE_HOLDERS,
    CODE_LIFT,
    MEANING_LONG,
    MEANING_SHORT,
    PRODUCT_WEIGHT,
    SENTENCE_WEIGHT,
    SHORT_QUERY,
    TOPIC_FROM,
)
from kb.model import Passage
from kb.search.query_terms import QueryTerms
from kb.search.ranking import Scores, top

if TYPE_CHECKING:
    from kb.search.corpus import Corpus

DEPTH = 100
"""Passages, the best so far, that sentences are compared with."""


Touched = tuple[NDArray[np.int64], NDArray[np.float32]]
"""Passages, ascending, and what is added to the score of each."""


class Lift(NamedTuple):
    """What a step added to these passages, in ascending order, and nothing to others."""

    passages: NDArray[np.int64]
    added: Scores

    def of(self, passages: NDArray[np.int64]) -> Scores:
        """What it added to each of some passages."""
        places = np.minimum(self.passages.searchsorted(passages), len(self.passages) - 1)
        if not len(self.passages):
            return np.zeros(len(passages), np.float32)
        return np.where(self.passages[places] == passages, self.added[places], np.float32(0))


def scores(
    index: "Corpus",
    query: QueryTerms,
    unseen: NDArray[np.int64] | None = None,
    lifted: dict[str, Lift] | None = None,
) -> Scores:
    """One score a passage, 0 where nothing matches.

    unseen: passages that get none. lifted: takes what each step adds beyond the words, by its name.
    """
    found = index.weights.scores(query.weights)
    if unseen is not None:
        found[unseen] = 0
    for step in STEPS:
        touched = list(step.lift(index, found, query))
        if lifted is None:
            for passages, added in touched:
                found[passages] += added
        else:
            lifted[step.name] = _lift(found, touched)
    if unseen is not None:
        found[unseen] = 0
    return found


def _lift(found: Scores, touched: list[Touched]) -> Lift:
    """Add to the scores, in place, and tell what that made of them."""
    apart = [passages for passages, _ in touched]
    every = apart[0] if len(apart) == 1 else _each_once(np.concatenate([np.empty(0, np.int64), *apart]))
    before = found[every]
    for passages, added in touched:
        found[passages] += added
    return Lift(every, found[every] - before)


def _each_once(numbers: NDArray[np.int64]) -> NDArray[np.int64]:
    """Sorted, each once. As numpy.unique, which imports masked arrays at its first call: 20 ms of a search that
    starts, asks and ends."""
    ordered = np.sort(numbers)
    return ordered[np.concatenate([[True], ordered[1:] != ordered[:-1]])] if len(ordered) else ordered


def _by_topic(index: "Corpus", found: Scores, query: QueryTerms) -> Iterator[Touched]:
    if len(query.weights) >= TOPIC_FROM:
        yield from index.topics.lift(found, index.weights.held(query.weights), index.weights)


def _by_sentence(index: "Corpus", found: Scores, query: QueryTerms) -> Iterator[Touched]:
    """A fault is told in one sentence, whatever is told around it."""
    chosen = top(found, DEPTH) if len(query.sentences) > 1 else np.empty(0, np.int64)
    if len(chosen):
        terms = {term: i for i, term in enumerate(query.weights)}
        said = [[terms[t] for t in sentence if t in terms] for sentence in query.sentences]
        weights = np.zeros((len(said), len(terms)), np.float32)
        rows = np.repeat(np.arange(len(said)), [len(s) for s in said])
        columns = np.fromiter(chain.from_iterable(said), np.int64, len(rows))
        weights[rows, columns] = np.fromiter(query.weights.values(), np.float32, len(terms))[columns]
        best = (weights @ index.weights.own(list(terms), chosen)).max(axis=0)
        if most := float(best.max()):
            order = np.argsort(chosen)
            yield chosen[order], np.float32(SENTENCE_WEIGHT * found[chosen[0]] / most) * best[order]


def _by_product(index: "Corpus", found: Scores, query: QueryTerms) -> Iterator[Touched]:
    """Articles about a product of the text, or of the case, come before others of equal evidence."""
    if query.products:
        about = index.over_passages(index.facets["product"].having(sorted(query.products)))
        passages = np.flatnonzero(about & (found > 0))
        yield passages, np.full(len(passages), PRODUCT_WEIGHT * found.max(initial=0), np.float32)


def _by_code(index: "Corpus", found: Scores, query: QueryTerms) -> Iterator[Touched]:
    """A code that few articles are about comes before all words."""
    best = max(float(found.max(initial=0)), index.weights.rarest) if query.codes else 0.0
    for passages, told in told_by_code(index, query.codes):
        yield passages, np.float32(CODE_LIFT * best) * told


def told_by_code(
    index: "Corpus", codes: Mapping[str, float]
) -> Iterator[tuple[NDArray[np.int64], NDArray[np.float32]]]:
    """Of each code the passages that are about it, and how surely it tells that they are meant, 0 to 1."""
    for sure, (passages, zones) in zip(codes.values(), index.weights.about(list(codes)), strict=True):
        if not len(passages):
            continue
        shown = index.visible[index.article_of[passages]]
        passages, zones = passages[shown], zones[shown]
        if len(passages):
            few = 1 - math.log2(max(_holders(index, passages, zones), CODE_HOLDERS) / CODE_HOLDERS) / CODE_HALVINGS
            yield passages, np.float32(sure * max(few, 0)) * zones


def _holders(index: "Corpus", passages: NDArray[np.int64], zones: NDArray[np.float32]) -> float:
    """How many articles are about a code: the largest of the zones of each, added up."""
    articles = index.article_of[passages]
    first = np.flatnonzero(np.diff(articles, prepend=-1))
    return float(np.maximum.reduceat(zones, first).sum())


def _by_meaning(index: "Corpus", found: Scores, query: QueryTerms) -> Iterator[Touched]:
    """What says the same in other words, or in another language, is found by this alone."""
    if query.by_meaning and index.meaning.ready():
        weight = MEANING_SHORT if len(query.tokens) <= SHORT_QUERY else MEANING_LONG
        best = max(float(found.max(initial=0)), index.weights.rarest)
        near = np.float32(weight * best) * np.maximum(index.meaning.cosines(query.gist), 0)
        yield np.arange(len(found)), near


SHOWN = 60
"""Characters of a sentence that is quoted as a reason."""
SAME = 0.5
"""Cosine of two sentences that are shown as meaning the same."""


def _same_meaning(index: "Corpus", query: QueryTerms, passage: Passage) -> tuple[str, str] | None:
    """The sentence of a passage, and the one of the query, that mean the same; 10 ms."""
    same = index.meaning.same_meaning(query.gist, passage.text)
    return (same.passage[:SHOWN], same.query[:SHOWN]) if same and same.cosine >= SAME else None


class Step(NamedTuple):
    """A signal beyond the words.

    name: of the reason, as it stands in a Match (its name for people: kb.labels, field). lift: what is added to the
    scores; it changes none. zh, en: what is told when it lifted a passage. quoted: a better sentence for it, and what
    of the query it answers to, where it has one.
    """

    name: str
    lift: Callable[["Corpus", Scores, QueryTerms], Iterator[Touched]]
    zh: str
    en: str
    quoted: Callable[["Corpus", QueryTerms, Passage], tuple[str, str] | None] | None = None


STEPS = (
    Step("topic", _by_topic, "意思相近", "similar in meaning"),
    Step("sentence", _by_sentence, "一句话里都说到了", "all in one sentence"),
    Step("meaning", _by_meaning, "同样的意思", "the same meaning", _same_meaning),
    Step("product", _by_product, "同一产品", "the same product"),
    Step("about", _by_code, "讲的就是这个代码", "about this code"),
)
"""In this order: a code comes last, for it must beat what all others add. A new signal is a function of a file of its
own, and a row here."""
