"""This module looks up what some passages hold of a query, once: score, reasons and explained lines all ask for it."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from kb.search.index import Index
from kb.search.query_terms import QueryTerms
from kb.search.ranking import Scores, top
from kb.search.scoring import told_by_code

Alternatives = tuple[tuple[str, ...], ...]
"""Terms of which all of one kind must stand there, the text's own first."""

ENOUGH = 2.5
"""Rarest words: a sentence that holds less cannot be held as surely."""


class Evidence:
    """The weights of a query's terms in some passages. scores: of all passages of the index, for this query.

    lifted: what each step of the scoring added to them, where that is known (kb.search.scoring.scores).
    weights: terms x passages (float32), 0 where a passage doesn't hold a term.
    """

    def __init__(
        self,
        index: Index,
        query: QueryTerms,
        scores: Scores,
        passages: Sequence[int],
        lifted: Mapping[str, Scores] | None = None,
    ) -> None:
        self.index = index
        self.query = query
        self.passages = {passage: i for i, passage in enumerate(dict.fromkeys(passages))}
        self.scores: Scores = scores[list(self.passages)]
        self._all_scores = scores
        self._lifted = lifted
        wanted = (t.term for g in query.groups for tokens in g.alternatives for t in tokens)
        self._terms = {term: i for i, term in enumerate(dict.fromkeys([*query.weights, *wanted]))}
        self.weights, page = index.weights.within(list(self._terms), np.fromiter(self.passages, np.int64))
        self._total = self.weights + page

    def shares(self, passage: int) -> dict[str, float]:
        """The terms that a passage or its page holds -> their shares of its score. What is missing is its topic's."""
        column = self._total[:, self.passages[passage]]
        return {t: w * float(column[self._terms[t]]) for t, w in self.query.weights.items() if column[self._terms[t]]}

    def score(self, passage: int) -> float:
        """The score of one of the passages."""
        return float(self.scores[self.passages[passage]])

    def explained(self, passages: Iterable[int] | None = None) -> set[str]:
        """The query's own terms that one of the passages, or of these among them, holds, itself or by a synonym."""
        chosen = [self.passages[p] for p in (self.passages if passages is None else passages)]
        return {t for asked, held in self._held.items() if held[chosen].any() for t in asked[0]}

    def coverage(self) -> NDArray[np.float64]:
        """For each passage the share of the query that it holds, each thing asked for weighed by its rarity."""
        covered = np.zeros(len(self.passages))
        for asked, telling in self._asked.items():
            covered[self._held[asked]] += telling
        total = sum(self._asked.values())
        return covered / total if total else covered

    def sentence_coverage(self) -> NDArray[np.float64]:
        """For each passage the same of the sentence that it holds best; one of few telling words counts less."""
        best = np.zeros(len(self.passages))
        wanting: dict[str, list[Alternatives]] = defaultdict(list)
        for asked in self._asked:
            for term in asked[0]:
                wanting[term].append(asked)
        enough = ENOUGH * self.index.weights.rarest
        for sentence in self.query.sentences or (frozenset(self.query.weights),):
            asked_of = {a: self._asked[a] for term in sentence for a in wanting.get(term, ())}
            covered = np.zeros(len(self.passages))
            for asked, telling in asked_of.items():
                covered[self._held[asked]] += telling
            best = np.maximum(best, covered / max(sum(asked_of.values()), enough))
        return best

    @cached_property
    def _asked(self) -> dict[Alternatives, float]:
        """Each thing asked for, and how telling it is: its rarity, less for small talk and for what a log repeats."""
        rarity = self.index.idfs(self._terms)
        asked: dict[Alternatives, float] = {}
        for group in self.query.groups:
            alternatives = tuple(tuple(t.term for t in tokens) for tokens in group.alternatives)
            own = max((self.query.weights.get(t, 0) for t in alternatives[0]), default=0)
            rarest = min(max(map(rarity.__getitem__, terms)) for terms in alternatives)
            asked[alternatives] = rarest * min(own, 1)
        return asked

    def rivals(self) -> NDArray[np.float64]:
        """For each passage the score of the best article that is shown and is not its own, 0 for none."""
        best = np.where(self.index.visible, self.index.best(self._all_scores), np.float32(0))
        found = top(best, 2)
        first, second = (float(best[found[i]]) if i < len(found) else 0.0 for i in (0, 1))
        owners = self.index.article_of[list(self.passages)]
        return np.where(np.isin(owners, found[:1]), second, first)

    def lifts(self, passage: int) -> dict[str, float]:
        """What lifted a passage beyond its words, see kb.search.scoring: name -> part of its score."""
        return {name: float(added[passage]) for name, added in self._steps.items()}

    @cached_property
    def _steps(self) -> Mapping[str, Scores]:
        if self._lifted is not None:
            return self._lifted
        lifted: dict[str, Scores] = {}
        self.index.scores(self.query, lifted=lifted)
        return lifted

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
        passages = np.fromiter(self.passages, np.int64, len(self.passages))
        return self.index.meaning.cosines(self.query.gist, passages).astype(np.float64)

    @cached_property
    def _held(self) -> dict[Alternatives, NDArray[np.bool_]]:
        """Each thing asked for, and the passages that hold all terms of one of its alternatives."""
        there = self.weights > 0
        return {asked: self._holding(there, asked) for asked in self._asked}

    def _holding(self, there: NDArray[np.bool_], asked: Alternatives) -> NDArray[np.bool_]:
        alternatives = [there[[self._terms[t] for t in terms]].all(axis=0) for terms in asked]
        holding: NDArray[np.bool_] = np.logical_or.reduce(alternatives)
        return holding
