"""This module looks up what some passages hold of a query, once: score, reasons and explained lines all ask for it."""

from collections import defaultdict
from collections.abc import Sequence
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from kb.search.index import Index
from kb.search.ranking import Scores, top
from kb.search.scoring import lifts, told_by_code
from kb.search.terms import QueryTerms

Alternatives = tuple[tuple[str, ...], ...]
"""Terms of which all of one kind must stand there, the text's own first."""

ENOUGH = 2.5
"""Rarest words: a sentence that holds less cannot be held as surely."""


class Evidence:
    """The weights of a query's terms in some passages. scores: of all passages of the index, for this query.

    weights: terms x passages (float32), 0 where a passage doesn't hold a term.
    """

    def __init__(self, index: Index, query: QueryTerms, scores: Scores, passages: Sequence[int]) -> None:
        self.index = index
        self.query = query
        self.passages = {passage: i for i, passage in enumerate(dict.fromkeys(passages))}
        self.scores: Scores = scores[list(self.passages)]
        self._all_scores = scores
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

    def explained(self) -> set[str]:
        """The query's own terms that one of the passages holds, themselves or by a synonym."""
        explained: set[str] = set()
        for group in self.query.groups:
            own, *_ = alternatives = tuple(tuple(t.term for t in tokens) for tokens in group.alternatives)
            if self._holding(alternatives).any():
                explained.update(own)
        return explained

    def coverage(self) -> NDArray[np.float64]:
        """For each passage the share of the query that it holds, each thing asked for weighed by its rarity."""
        covered = np.zeros(len(self.passages))
        total = 0.0
        for alternatives, telling in self._asked.items():
            total += telling
            covered[self._holding(alternatives)] += telling
        return covered / total if total else covered

    def sentence_coverage(self) -> NDArray[np.float64]:
        """For each passage the same of the sentence that it holds best; one of few telling words counts less."""
        best = np.zeros(len(self.passages))
        wanting: dict[str, list[Alternatives]] = defaultdict(list)
        for alternatives in self._asked:
            for term in alternatives[0]:
                wanting[term].append(alternatives)
        enough = ENOUGH * self.index.weights.rarest
        for sentence in self.query.sentences or (frozenset(self.query.weights),):
            asked = {a: self._asked[a] for term in sentence for a in wanting.get(term, ())}
            covered = np.zeros(len(self.passages))
            for alternatives, telling in asked.items():
                covered[self._holding(alternatives)] += telling
            best = np.maximum(best, covered / max(sum(asked.values()), enough))
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
        return {name: float(added[self.passages[passage]]) for name, added in self._lifts.items()}

    @cached_property
    def _lifts(self) -> dict[str, Scores]:
        return lifts(self.index, self.query, np.fromiter(self.passages, np.int64, len(self.passages)))

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

    def _holding(self, alternatives: tuple[tuple[str, ...], ...]) -> NDArray[np.bool_]:
        """Passages that hold all terms of one alternative."""
        holding: NDArray[np.bool_] = np.zeros(len(self.passages), bool)
        for terms in alternatives:
            if len(terms) == 1:
                holding |= self.weights[self._terms[terms[0]]] > 0
            else:
                holding |= (self.weights[[self._terms[t] for t in terms]] > 0).all(axis=0)
        return holding
