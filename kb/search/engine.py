"""This module is the door to retrieval: what pages, commands and the desk ask, and what they are answered.

Arguments and answers are values of kb.model. What an engine keeps, and in which form, stays behind the door: a
second engine is one more row of ENGINES, and is held to the same contract (tests/search/test_engine.py).
"""

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from kb.model import (
    Answer,
    Article,
    Build,
    CodePage,
    Completion,
    Coverage,
    Duplicate,
    EngineState,
    FacetRow,
    Page,
    ProductPage,
    Proposal,
    Query,
    Recognised,
    Record,
    Suggestions,
    Token,
    Verdict,
    Where,
    Why,
)
from kb.model.sight import Sight
from kb.settings import Settings

if TYPE_CHECKING:
    from kb.search.verdict_memory import Remembered

Marker = Callable[[str], tuple[tuple[int, int], ...]]
"""A text -> the stretches of it to mark: (start, end), in order, apart."""

COUNT = 5
"""Suggestions of a paste."""


class Engine(Protocol):
    """One build, open for questions; it answers the same from the first question to the last.

    Articles are those in force: what a newer one replaced is not there. `shown` ones are neither drafts nor archived.
    Articles come without their body. Safe to share between threads.
    """

    # --- what is found ---

    def search(self, query: Query, uses: Mapping[str, int] | None = None) -> Page:
        """Find articles. uses: how often each helped, by number, for the order "used". Never raises on any text."""

    def suggest(
        self,
        text: str,
        count: int = COUNT,
        answers: Sequence[Answer] = (),
        exact: bool = False,
        remembered: "Remembered | None" = None,
        products: Sequence[str] = (),
    ) -> Suggestions:
        """The articles that hold the fix for what a text describes. Never raises on any text.

        answers: to questions of before. exact: misspelled words are taken as they stand. remembered: verdicts on
        other texts, see remember(). products: those that it is about, as far as that is known.
        """

    def remember(self, verdicts: Sequence[Verdict], earlier: "Remembered | None" = None) -> "Remembered":
        """Verdicts, newest last, made ready for suggest(). earlier: what was made before, which saves reading twice."""

    def ranked(self, text: str, count: int, remembered: "Remembered | None" = None) -> list[tuple[Article, float]]:
        """The articles that suggest() looks at, however sure: (article, score of the ranking), best first."""

    def retrieve(self, text: str, count: int, where: Where, threshold: float = 0.0) -> list[Record]:
        """At most so many texts of these articles with at least that score, surest first."""

    def complete(self, text: str, count: int, articles: bool = True) -> tuple[Completion, ...]:
        """What may be meant by what was typed so far: identifiers, products, then articles, best first.

        articles: whether these are asked for, which takes most of the time.
        """

    def why(self, query: Query, article: Article, mode: str = "search") -> Why:
        """Why an article is not (the first) found. mode: search or suggest."""

    def rank_of(self, query: Query, article: Article, mode: str) -> int:
        """The place at which an article is shown for a query, 1-based, 0 when it is not."""

    # --- articles ---

    def article(self, name: str) -> Article:
        """An article by its number or path. Raises NotFoundError."""

    def body(self, article: Article) -> str:
        """The Markdown of an article. Raises NotFoundError."""

    def picture(self, path: str) -> bool | None:
        """Whether an article shows the picture at a path; False where only one beyond sight does, None for none."""

    def articles(self) -> Iterator[Article]:
        """All articles in force."""

    def digests(self) -> Iterator[tuple[str, str]]:
        """(path, what its file was when it was read) of all articles in force."""

    def newest(self, count: int) -> list[Article]:
        """Of those shown the ones that were changed or created last, newest first."""

    def in_state(self, status: str, most: int) -> list[Article]:
        """Articles of a status."""

    def due(self, after: date | None, until: date, most: int) -> list[Article]:
        """Articles, archived ones aside, whose review is due between two days, both included, earliest first."""

    def related(self, article: Article, count: int) -> list[Article]:
        """Others that answer the same description."""

    def similar(self, article: Article, count: int = 5) -> list[Duplicate]:
        """Those that may say the same as this one, which has its body and need not be in the base; surest first."""

    def duplicates(self) -> list[Duplicate]:
        """Every pair of articles that may say the same, surest first."""

    def synonyms(self, decided: str = "", verdicts: Sequence[tuple[str, str]] = ()) -> list[Proposal]:
        """Wordings that seem to mean the same. decided: lines that are not proposed again; verdicts: (text, number)."""

    # --- what there is ---

    def total(self) -> int:
        """How many articles are shown."""

    def counts(self, facet: str, hidden: bool = False) -> tuple[tuple[str, int], ...]:
        """(value, articles) of a facet, most frequent first. hidden: also drafts and archived ones."""

    def crossed(self, rows: str, columns: str) -> tuple[tuple[str, ...], tuple[FacetRow, ...]]:
        """Articles by two facets: (values of the second, rows), most frequent rows first."""

    def product(self, name: str) -> str | None:
        """A product as articles write it, whatever its letter case and width; None when none is about it."""

    def products_like(self, name: str) -> tuple[tuple[str, int], ...]:
        """Products that share a word with this name: (product, articles)."""

    def product_page(self, name: str) -> ProductPage:
        """All about a product that product() returned."""

    def identifier(self, text: str) -> Token | None:
        """The identifier that a text is as a whole, None when it is none, or several words."""

    def identifier_page(self, token: Token) -> CodePage | None:
        """All about an identifier, None when no article that is shown holds it."""

    def near(self, text: str) -> tuple[Recognised, ...]:
        """Identifiers that are known and close to one that is not."""

    def codes_of(self, article: Article) -> tuple[Recognised, ...]:
        """Identifiers that an article holds, those in most of its passages first."""

    # --- words ---

    def tokens(self, text: str) -> list[Token]:
        """A text as the index cuts it, parts included."""

    def frequency(self, term: str) -> int:
        """How many passages hold a term."""

    def vector(self, text: str) -> dict[str, float]:
        """The words of a text, weighed by how rare they are, of length 1: two texts compare by their product."""

    def marker(self, words: str) -> Marker:
        """Marks the words of a query, and their synonyms."""

    # --- who asks ---

    def seen_by(self, sight: Sight) -> "Engine":
        """The engine for who sees no more than that: no answer of it tells that there is anything else. Words that
        only others hold are unknown to it; its scores are nearly those of a base without the others.
        """

    # --- the build ---

    def build(self) -> Build:
        """What it answers from."""

    def coverage(self, encoder: str) -> Coverage:
        """How much of it is searched by meaning. encoder: the setting."""

    def check(self) -> None:
        """Open what is opened when it is first needed. Raises BundleError."""

    # --- the same with a change, to see what it would do ---

    def with_synonyms(self, lines: str) -> "Engine":
        """With more lines of synonyms.txt."""

    def without(self, paths: Collection[str]) -> "Engine":
        """With some articles in force no longer. What is known of words stays as it is."""

    def copied(self, folder: Path) -> None:
        """Copy what it answers from into another index folder, so that a build there takes over what did not change."""

    def opened(self, folder: Path) -> "Engine":
        """The engine of a build that was just made in another index folder. Raises BundleError."""


class Engines(Protocol):
    """The builds of one index folder, one after the other."""

    def in_force(self) -> Engine:
        """The same engine until a newer build is published; who has the old one keeps it.

        Raises BundleError, EngineError.
        """

    def state(self) -> EngineState:
        """How it is now, whoever asks. Never raises."""


def _embedded(settings: Settings) -> Engines:
    from kb.search.embedded import EmbeddedEngines  # a door is no reason to open the house

    return EmbeddedEngines(settings.index)


def _opensearch(settings: Settings) -> Engines:
    from kb.search.opensearch.engine import OpenSearchEngines

    return OpenSearchEngines(settings)


ENGINES: dict[str, Callable[[Settings], Engines]] = {"embedded": _embedded, "opensearch": _opensearch}
"""The setting `engine` -> what follows the builds of a base."""


def engines(settings: Settings) -> Engines:
    """Follow the builds of a base."""
    return ENGINES[settings.engine](settings)
