"""This module looks up what some passages hold of a query, once: score, reasons and explained lines all ask for it."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from functools import cached_property
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from kb.search.corpus import Corpus
from kb.search.query_terms import QueryTerms
from kb.search.ranking import Scores
from kb.search.scoring import Lift, told_by_code

Alternatives = tuple[tuple[str, ...], ...]
"""Terms of which all of one kind must stand there, the text's own first."""

ENOUGH = 2.5
"""Rarest words: a sentence that holds less cannot be held as surely."""


class _Asked(NamedTuple):
    """Things asked for. telling: of each, how telling it is. held: things x passages. covered: both multiplied."""

    things: list[Alternatives]
    telling: NDArray[np.float64]
    held: NDArray[np.bool_]
    covered: NDArray[np.float64]


class Evidence:
    """The weights of a query's terms in some passages. scores: of all passages of the index, for this query.

    lifted: what each step of the scoring added to them, where that is known (kb.search.scoring.scores).
    weights: terms x passages (float32), 0 where a passage doesn't hold a term.
    """

    def __init__(
        self,
        index: Corpus,
        query: QueryTerms,
        scores: Scores,
        passages: Sequence[int],
        lifted: Mapping[str, Lift] | None = None,
    ) -> None:
        self.index = index
        self.query = query
        self.passages = {passage: i for i, passage in enumerate(dict.fromkeys(passages))}
        self._numbers = np.fromiter(self.passages, np.int64, len(self.passages))
        self.scores: Scores = scores[self._numbers]
        self._all_scores = scores
        self._lifted = lifted
        wanted = (t.term for g in query.groups for tokens in g.alternatives for t in tokens)
        self._terms = {term: i for i, term in enumerate(dict.fromkeys([*query.weights, *wanted]))}
        self.weights, self._page = index.weights.within(list(self._terms), self._numbers)

    def shares(self, passage: int) -> dict[str, float]:
        """The terms that a passage or its page holds -> their shares of its score. What is missing is its topic's."""
        total, shares = self._shares
        place = self.passages[passage]
        held = np.flatnonzero(total[:, place])
        terms = self._own_terms
        return {terms[i]: share for i, share in zip(held.tolist(), shares[held, place].tolist(), strict=True)}

    @cached_property
    def _own_terms(self) -> list[str]:
        return list(self.query.weights)

    @cached_property
    def _shares(self) -> tuple[NDArray[np.float32], NDArray[np.float64]]:
        """What passages and pages hold of each of the query's own terms, and that times the term's weight."""
        own = len(self.query.weights)
        total = self.weights[:own] + self._page[:own]
        weights = np.fromiter(self.query.weights.values(), np.float64, own)
        return total, weights[:, None] * total

    def score(self, passage: int) -> float:
        """The score of one of the passages."""
        return float(self.scores[self.passages[passage]])

    def explained(self, passages: Iterable[int] | None = None) -> set[str]:
        """The query's own terms that one of the passages, or of these among them, holds, itself or by a synonym."""
        held = self._asked.held if passages is None else self._asked.held[:, [self.passages[p] for p in passages]]
        return {t for i in np.flatnonzero(held.any(axis=1)).tolist() for t in self._asked.things[i][0]}

    def coverage(self) -> NDArray[np.float64]:
        """For each passage the share of the query that it holds, each thing asked for weighed by its rarity."""
        covered: NDArray[np.float64] = self._asked.covered.sum(axis=0)
        total = sum(self._asked.telling.tolist())
        return covered / total if total else covered

    def sentence_coverage(self) -> NDArray[np.float64]:
        """For each passage the same of the sentence that it holds best; one of few telling words counts less."""
        asked = self._asked
        wanting: dict[str, list[int]] = defaultdict(list)
        for i, thing in enumerate(asked.things):
            for term in thing[0]:
                wanting[term].append(i)
        enough = ENOUGH * self.index.weights.rarest
        sentences = self.query.sentences or (frozenset(self.query.weights),)
        every = [sorted({i for term in sentence for i in wanting.get(term, ())}) for sentence in sentences]
        asked_of = [things for things in every if things]
        if not asked_of:
            return np.zeros(len(self.passages))
        things = np.concatenate(asked_of)
        first = np.cumsum([0, *map(len, asked_of[:-1])])
        covered = np.add.reduceat(asked.covered[things], first, axis=0)
        total = np.maximum(np.add.reduceat(asked.telling[things], first), enough)
        best: NDArray[np.float64] = (covered / total[:, None]).max(axis=0)
        return best

    @cached_property
    def _asked(self) -> "_Asked":
        """Each thing asked for: its rarity, less for small talk and for what a log repeats, and which passages hold it.

        A passage holds what it has all terms of one alternative of.
        """
        rarity, weights, terms = self.index.idfs(self._terms), self.query.weights, self._terms
        asked: dict[Alternatives, float] = {}
        for group in self.query.groups:
            first, *others = group.alternatives
            if len(first) == 1 and not others:  # as most are
                term = first[0].term
                asked[((term,),)] = rarity[term] * min(weights.get(term, 0), 1)
                continue
            alternatives = tuple(tuple(t.term for t in tokens) for tokens in group.alternatives)
            own = max((weights.get(t, 0) for t in alternatives[0]), default=0)
            rarest = min(max(map(rarity.__getitem__, words)) for words in alternatives)
            asked[alternatives] = rarest * min(own, 1)
        there = self.weights > 0
        held = there[[terms[thing[0][0]] for thing in asked]] if asked else np.zeros((0, len(self.passages)), bool)
        for i, thing in enumerate(asked):
            if len(thing) > 1 or len(thing[0]) > 1:
                held[i] = np.logical_or.reduce([there[[terms[t] for t in words]].all(axis=0) for words in thing])
        telling = np.fromiter(asked.values(), np.float64, len(asked))
        return _Asked(list(asked), telling, held, telling[:, None] * held)

    def rivals(self) -> NDArray[np.float64]:
        """For each passage the score of the best article that is shown and is not its own, 0 for none."""
        found, best = self.index.best_articles(self._all_scores, 2, self.index.visible)
        first, second = (float(best[i]) if i < len(found) else 0.0 for i in (0, 1))
        owners = self.index.article_of[self._numbers]
        return np.where(np.isin(owners, found[:1]), second, first)

    def lifts(self, passage: int) -> dict[str, float]:
        """What lifted a passage beyond its words, see kb.search.scoring: name -> part of its score."""
        place = self.passages[passage]
        return {name: float(added[place]) for name, added in self._steps.items()}

    @cached_property
    def _steps(self) -> dict[str, Scores]:
        """What each step added to the passages."""
        lifted = self._lifted
        if lifted is None:
            lifted = {}
            self.index.scores(self.query, lifted=lifted)
        return {name: lift.of(self._numbers) for name, lift in lifted.items()}

    def told(self) -> NDArray[np.float64]:
        """How surely codes of the query tell that each passage is meant, 0 to 1."""
        out = np.zeros(len(self.passages))
        for passages, told in told_by_code(self.index, self.query.codes):
            for passage, share in zip(passages.tolist(), told.tolist(), strict=True):
                if passage in self.passages:
                    out[self.passages[passage]] += share
        return np.minimum(out, 1)

    @cached_property
    def nearness(self) -> NDArray[np.float64] | None:
        """The cosine of each passage's meaning and the query's, None when nothing is compared by its meaning."""
        if not self.query.by_meaning or not self.index.meaning.ready():
            return None
        return self.index.meaning.cosines(self.query.gist, self._numbers).astype(np.float64)
