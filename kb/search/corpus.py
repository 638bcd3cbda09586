"""This module is what the ranking asks of whoever holds the postings: passages in arrays, and what is known of words.

An index of this machine (kb.search.index) holds every passage. Any other engine holds those that it found for a
question, and knows of words what all of its passages tell: the ranking is the same, on fewer rows.
"""

from abc import abstractmethod
from collections.abc import Iterable, Mapping, Sequence
from copy import copy
from datetime import date
from functools import cached_property
from typing import Protocol, Self

import numpy as np
from numpy.typing import NDArray

from kb.model import HIDDEN_STATUSES, Article, Page, Passage
from kb.model.schema import FACETS
from kb.search import scoring
from kb.search.backend import Candidate
from kb.search.facets import Facet
from kb.search.filters import Mask, Masks
from kb.search.latent_topics import Topics
from kb.search.meaning import Meaning
from kb.search.products import Products
from kb.search.query import Node, Pattern, Phrase
from kb.search.query_terms import QueryTerms
from kb.search.ranking import Scores, Weights, top
from kb.search.result_cache import Recent
from kb.search.vocabulary import Vocabulary
from kb.text.synonyms import Synonyms
from kb.text.tokens import Tokenizer

EPOCH = date(1970, 1, 1).toordinal()
ANSWERS = 200
"""Searches that are kept with their results."""

_OF_LIVE = ("fulltext", "visible", "live_passages", "unseen")
"""What is worked out from the articles that are in force."""


class Quotable(Protocol):
    """What can be quoted of the passages: masks over them, of articles in force."""

    def phrase(self, node: Phrase) -> Mask:
        """Passages where these words stand next to each other."""

    def pattern(self, node: Pattern) -> Mask:
        """Passages with a word of this shape."""

    def words(self, start: str) -> list[tuple[str, int]]:
        """Words of letters and digits that begin so: (word, passages with it)."""


class Corpus:
    """Passages of some articles, counted through; safe to share between threads.

    article_of[passage] and first[article] (one more than articles) tie them together; live[article] is False for those
    that are in force no longer. beyond: passages of articles beyond the sight of who asks, None when all are in it.
    """

    tokenizer: Tokenizer
    synonyms: Synonyms
    weights: Weights
    articles: Sequence[Article]
    article_of: NDArray[np.int32]
    first: NDArray[np.int64]
    live: Mask
    beyond: NDArray[np.int64] | None
    recent: Recent[Page]
    _days: dict[str, NDArray[np.int64]]

    # --- what each holds in its own way ---

    @property
    @abstractmethod
    def fulltext(self) -> Quotable:
        """Phrases and patterns."""

    @property
    @abstractmethod
    def vocabulary(self) -> Vocabulary:
        """The words that articles hold, for who misspells them."""

    @property
    @abstractmethod
    def meaning(self) -> Meaning:
        """How near passages are by meaning."""

    @property
    @abstractmethod
    def topics(self) -> Topics: ...

    @property
    @abstractmethod
    def products(self) -> Products:
        """The products that articles name."""

    @property
    @abstractmethod
    def threshold(self) -> float:
        """How sure an article must be to be suggested as this fault (kb.search.threshold)."""

    @abstractmethod
    def passage(self, number: int) -> Passage: ...

    @abstractmethod
    def body(self, number: int) -> str:
        """The Markdown of an article by its position."""

    @abstractmethod
    def number_of(self, name: str) -> int:
        """Position of an article by its number or path. Raises NotFoundError."""

    @abstractmethod
    def positions_of(self, numbers: Sequence[str]) -> NDArray[np.int64]:
        """Positions of articles by their numbers, -1 for one that is not in force."""

    @abstractmethod
    def dates(self, name: str) -> NDArray[np.bytes_]:
        """A date of each article as ISO text, empty for none. name: created, updated (or created), review_after."""

    @abstractmethod
    def _facet(self, name: str) -> Facet: ...

    # --- what follows from it ---

    @property
    def masks(self) -> Masks:
        """Conditions of one query, each looked at once."""
        return Masks(self)

    def scores(self, query: QueryTerms, hidden: bool = False, lifted: dict[str, scoring.Lift] | None = None) -> Scores:
        """The score of each passage, 0 where nothing matches, and what each step added (kb.search.scoring).

        hidden: whether articles that are not visible have a score, too; those beyond sight have none.
        """
        return scoring.scores(self, query, self.beyond if hidden else self.unseen, lifted)

    @cached_property
    def facets(self) -> dict[str, Facet]:
        return {name: self._facet(name) for name in FACETS}

    @cached_property
    def visible(self) -> Mask:
        """Articles that are shown to who doesn't ask for a status: in force, and neither draft nor archived."""
        visible: Mask = self.live & ~self.facets["status"].having(HIDDEN_STATUSES)
        return visible

    @cached_property
    def live_passages(self) -> Mask:
        """Passages of articles that are in force."""
        return self.over_passages(self.live)

    @cached_property
    def unseen(self) -> NDArray[np.int64] | None:
        """Passages of articles that are not visible, None when all are."""
        return None if self.visible.all() else np.flatnonzero(self.over_passages(~self.visible))

    def days(self, name: str) -> NDArray[np.int64]:
        """The dates as day numbers, 0 for none."""
        if name not in self._days:
            dates = self.dates(name).astype("U10").astype("datetime64[D]")
            self._days[name] = np.where(np.isnat(dates), 0, dates.astype(np.int64) + EPOCH)
        return self._days[name]

    def between(self, name: str, low: str, high: str) -> Mask:
        """Articles whose date lies between two, both included. Each is the beginning of an ISO date, "" for none."""
        dates = self.dates(name)
        mask: Mask = (dates >= (low or "0").encode()) & (dates <= f"{high or 9}~".encode())
        return mask

    def without(self, articles: Sequence[int]) -> Self:
        """The same with some articles in force no longer. What is known of words and topics stays as it is."""
        live = self.live.copy()
        live[articles] = False
        return self._with_live(live)

    def _with_live(self, live: Mask) -> Self:
        other = copy(self)
        for name in _OF_LIVE:
            vars(other).pop(name, None)
        other.live = live
        other.recent = Recent(ANSWERS)
        return other

    def with_synonyms(self, synonyms: Synonyms) -> Self:
        """The same with other synonyms."""
        other = copy(self)
        other.synonyms = synonyms
        other.recent = Recent(ANSWERS)
        return other

    def over_passages(self, articles: Mask) -> Mask:
        """A mask over articles -> over their passages."""
        mask: Mask = articles[self.article_of]
        return mask

    def any_passage(self, passages: Mask) -> Mask:
        """A mask over passages -> over articles that have one."""
        mask = np.zeros(len(self.articles), bool)
        mask[self.article_of[passages]] = True
        return mask

    def holding(self, term: str) -> Mask:
        """Articles that are shown and hold a term."""
        rows, _ = self.weights.column(term)
        mask = np.zeros(len(self.live), bool)
        mask[self.article_of[rows]] = True
        mask &= self.visible
        return mask

    def holders(self, terms: Sequence[str]) -> list[int]:
        """How many articles are shown and hold each of these terms."""
        return [self._holders(term) for term in terms]

    def _holders(self, term: str) -> int:
        articles = self.article_of[self.weights.column(term)[0]]
        return int(self.visible[articles[np.flatnonzero(np.diff(articles, prepend=-1))]].sum())

    def totals(self, facet: str, hidden: bool = False) -> tuple[tuple[str, int], ...]:
        """(value, articles) of a facet in the whole base, most frequent first. hidden: also those not shown."""
        return self.facets[facet].counts(self.live if hidden else self.visible)

    def values(self, facet: str) -> Sequence[str]:
        """The values of a facet in the whole base."""
        return self.facets[facet].values

    def best(self, scores: NDArray[np.float32]) -> NDArray[np.float32]:
        """Scores of passages -> the best of each article. An article has at least one passage."""
        if not len(self.articles):
            return np.zeros(0, np.float32)
        best: NDArray[np.float32] = np.maximum.reduceat(scores, self.first[:-1])
        return best

    def best_articles(self, scores: Scores, count: int, among: Mask | None = None) -> tuple[NDArray[np.int64], Scores]:
        """The best articles of all, or among some, and their scores, best first, ties by position; none without one.

        An article is as good as its best passage: so the best passages, in order, tell the best articles, without a
        look at all articles.
        """
        depth = 4 * count
        while True:
            passages = top(scores, depth)
            all_ = len(passages) < depth
            owners: NDArray[np.int64] = self.article_of[passages].astype(np.int64)
            if among is not None:
                kept = among[owners]
                passages, owners = passages[kept], owners[kept]
            first = np.sort(np.unique(owners, return_index=True)[1])[:count]
            if all_ or len(first) == count:
                return owners[first], scores[passages[first]]
            depth *= 4

    def best_passage(self, article: int, scores: NDArray[np.float32]) -> int:
        start, end = self.first[article], self.first[article + 1]
        return int(start + np.argmax(scores[start:end]))

    # --- what any engine answers: kb.search.backend ---

    def candidates(self, weights: Mapping[str, float], k: int, where: Node | None = None) -> list[Candidate]:
        """The k best passages in force by words, best first."""
        scores = self.weights.scores(weights)
        scores[~self._meeting(where)] = 0
        chosen = top(scores, k)
        asked = np.fromiter(weights.values(), np.float32, len(weights))
        own, page = (asked @ held for held in self.weights.within(list(weights), chosen))
        parts = ({"passage": float(a), "page": float(b)} for a, b in zip(own, page, strict=True))
        return [Candidate(int(p), int(self.article_of[p]), part) for p, part in zip(chosen, parts, strict=True)]

    def dfs(self, terms: Sequence[str]) -> list[int]:
        """How many passages hold each of these terms."""
        return self.weights.dfs(terms)

    def idfs(self, terms: Iterable[str]) -> dict[str, float]:
        """The inverse document frequency of each of these terms."""
        return self.weights.rarities(terms)

    def counts(self, nodes: Sequence[Node]) -> list[int]:
        """How many passages in force each of some conditions holds for."""
        return self.masks.counts(nodes)

    def count(self, where: Node | None = None) -> int:
        """Articles in force with a passage for which a condition holds."""
        return int(self.any_passage(self._meeting(where)).sum())

    def facet_counts(self, names: Iterable[str], where: Node | None = None) -> dict[str, tuple[tuple[str, int], ...]]:
        """Values of facets among these articles."""
        articles = self.any_passage(self._meeting(where))
        return {name: self.facets[name].counts(articles) for name in names}

    def _meeting(self, where: Node | None) -> Mask:
        """Passages in force for which a condition holds."""
        return self.live_passages if where is None else self.masks.of(where) & self.live_passages

    def article(self, number: int) -> Article:
        """An article by its position."""
        found: Article = self.articles[number]
        return found
