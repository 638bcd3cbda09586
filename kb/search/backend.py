"""This module says what any engine must answer so that the ranking stays ours, whatever finds the passages.

    candidates   weighted terms, under a condition -> the best passages, with what each part of the score adds
    statistics   in how many passages a term stands, and what that makes of its weight
    conditions   phrases, patterns, fields and ranges of a query's tree (kb.search.query), combined
    articles     their facets, counted; their texts, by their numbers

The embedded engine (kb.search.index.Index) answers from arrays of all passages. Another engine answers the same
questions, and the ranking goes on with the passages that it found (kb.search.corpus).
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple, Protocol

from kb.model import Article, Passage
from kb.search.query import Node
from kb.settings import Settings


class Candidate(NamedTuple):
    """A passage and its article, by their numbers, and its score by words.

    parts: what its own words add, and what those of its page do that are not counted with its own.
    """

    passage: int
    article: int
    parts: dict[str, float]

    @property
    def score(self) -> float:
        return sum(self.parts.values())


class Backend(Protocol):
    """One build as something to ask. Numbers of passages and articles hold for this build. Safe between threads."""

    def candidates(self, weights: Mapping[str, float], k: int, where: Node | None = None) -> list[Candidate]:
        """The k best passages in force by the weighed sum of their terms, best first, those for which `where` holds.

        weights: term -> weight. A passage with none of the terms is none of them.
        """

    def dfs(self, terms: Sequence[str]) -> list[int]:
        """How many passages hold each of these terms."""

    def idfs(self, terms: Iterable[str]) -> dict[str, float]:
        """Inverse document frequencies: ln(1 + (N - df + 0.5) / (df + 0.5)), general language counted in."""

    def counts(self, nodes: Sequence[Node]) -> list[int]:
        """How many passages in force each of some conditions holds for."""

    def count(self, where: Node | None = None) -> int:
        """Articles in force with a passage for which a condition holds."""

    def facet_counts(self, names: Iterable[str], where: Node | None = None) -> dict[str, tuple[tuple[str, int], ...]]:
        """name -> (value, how many of these articles have it), most frequent first."""

    def passage(self, number: int) -> Passage: ...

    def article(self, number: int) -> Article: ...

    def body(self, number: int) -> str:
        """The Markdown of an article."""

    def number_of(self, name: str) -> int:
        """The number of an article in force by its number in the front matter or its path. Raises NotFoundError."""


class Publisher(Protocol):
    """Brings a build up to date with the articles of a folder. Who asks sees the old one or the new one, never both."""

    def build(self, settings: Settings, full: bool = False) -> object:
        """Publish all of them. Raises BundleError."""

    def update(self, settings: Settings, paths: Sequence[str]) -> object:
        """Publish a few that were changed, added or removed, by their paths. Raises BundleError."""
