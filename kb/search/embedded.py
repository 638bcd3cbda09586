"""This module is the embedded engine: an index of files on this machine, behind the door of kb.search.engine."""

import shutil
import threading
from collections.abc import Collection, Iterator, Mapping, Sequence
from datetime import date
from pathlib import Path

import numpy as np

from kb.articles.atomic import share
from kb.bundle import CURRENT, open_current
from kb.errors import BundleError
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
from kb.model.sight import EVERYTHING, Sight
from kb.search import (
    autocomplete,
    conditions,
    duplicates,
    identifier_page,
    overview,
    passages_for,
    searcher,
    suggest,
    synonym_mining,
    why,
)
from kb.search.backend import Backend
from kb.search.engine import COUNT, Marker
from kb.search.index import Index, Library
from kb.search.result_cache import Recent
from kb.search.verdict_memory import Remembered
from kb.search.words import marker, vector
from kb.text.synonyms import Synonyms, joined, parse

SIGHTS = 32
"""Kinds of readers, by role and teams, whose part of a build is kept."""


class EmbeddedEngine:
    """One index, as kb.search.engine.Engine."""

    def __init__(self, index: Index) -> None:
        self.index = index
        self._seen: Recent[EmbeddedEngine] = Recent(SIGHTS)

    @property
    def backend(self) -> Backend:
        """What the ranking asks, and another engine would answer in its own way."""
        return self.index

    def _position(self, article: Article) -> int:
        return self.index.number_of(article.path)

    # --- what is found ---

    def search(self, query: Query, uses: Mapping[str, int] | None = None) -> Page:
        return searcher.search(self.index, query, uses)

    def suggest(
        self,
        text: str,
        count: int = COUNT,
        answers: Sequence[Answer] = (),
        exact: bool = False,
        remembered: Remembered | None = None,
        products: Sequence[str] = (),
    ) -> Suggestions:
        return suggest.suggest(self.index, text, count, answers, exact, remembered, products)

    def remember(self, verdicts: Sequence[Verdict], earlier: Remembered | None = None) -> Remembered:
        return Remembered(self.index, verdicts, earlier)

    def ranked(self, text: str, count: int, remembered: Remembered | None = None) -> list[tuple[Article, float]]:
        return [(self.index.articles[a], score) for a, score in suggest.rank(self.index, text, count, remembered)]

    def retrieve(self, text: str, count: int, where: Where, threshold: float = 0.0) -> list[Record]:
        return passages_for.retrieve(self.index, text, count, conditions.meeting(self.index, where), threshold)

    def complete(self, text: str, count: int, articles: bool = True) -> tuple[Completion, ...]:
        return autocomplete.complete(self.index, text, count, articles)

    def why(self, query: Query, article: Article, mode: str = "search") -> Why:
        return why.why(self.index, query, self._position(article), mode)

    def rank_of(self, query: Query, article: Article, mode: str) -> int:
        return why.rank_of(self.index, query, self._position(article), mode)

    # --- articles ---

    def article(self, name: str) -> Article:
        found: Article = self.index.articles[self.index.number_of(name)]
        return found

    def body(self, article: Article) -> str:
        return self.index.body(self._position(article))

    def picture(self, path: str) -> bool | None:
        return self.index.picture(path)

    def articles(self) -> Iterator[Article]:
        return (self.index.articles[n] for n in np.flatnonzero(self.index.live).tolist())

    def digests(self) -> Iterator[tuple[str, str]]:
        return self.index.digests()

    def newest(self, count: int) -> list[Article]:
        return overview.newest(self.index, self.index.visible, count)

    def in_state(self, status: str, most: int) -> list[Article]:
        return conditions.in_state(self.index, status, most)

    def due(self, after: date | None, until: date, most: int) -> list[Article]:
        return conditions.due(self.index, after, until, most)

    def related(self, article: Article, count: int) -> list[Article]:
        return overview.related(self.ranked(overview.about(article), count + 1), article, count)

    def similar(self, article: Article, count: int = 5) -> list[Duplicate]:
        return duplicates.similar(self.index, article, count)

    def duplicates(self) -> list[Duplicate]:
        return duplicates.duplicates(self.index)

    def synonyms(self, decided: str = "", verdicts: Sequence[tuple[str, str]] = ()) -> list[Proposal]:
        return synonym_mining.proposals(self.index, decided, verdicts)

    # --- what there is ---

    def total(self) -> int:
        return int(self.index.visible.sum())

    def counts(self, facet: str, hidden: bool = False) -> tuple[tuple[str, int], ...]:
        return self.index.totals(facet, hidden)

    def crossed(self, rows: str, columns: str) -> tuple[tuple[str, ...], tuple[FacetRow, ...]]:
        return overview.crossed(self.index, rows, columns)

    def product(self, name: str) -> str | None:
        return overview.product_named(self.index, name)

    def products_like(self, name: str) -> tuple[tuple[str, int], ...]:
        return overview.products_like(self.index, name)

    def product_page(self, name: str) -> ProductPage:
        return overview.product_page(self.index, name)

    def identifier(self, text: str) -> Token | None:
        return identifier_page.recognised(self.index, text)

    def identifier_page(self, token: Token) -> CodePage | None:
        return identifier_page.code_page(self.index, token)

    def near(self, text: str) -> tuple[Recognised, ...]:
        return identifier_page.near(self.index, text)

    def codes_of(self, article: Article) -> tuple[Recognised, ...]:
        return identifier_page.common_codes(self.index, [self._position(article)])

    # --- words ---

    def tokens(self, text: str) -> list[Token]:
        return self.index.tokenizer.tokens(text)

    def frequency(self, term: str) -> int:
        return self.index.weights.df(term)

    def vector(self, text: str) -> dict[str, float]:
        return vector(self.index, text)

    def marker(self, words: str) -> Marker:
        return marker(self.index, words)

    # --- the build ---

    def build(self) -> Build:
        bundle = self.index.bundle
        told = bundle.manifest
        size = sum(entry[0] for entry in told["files"].values())
        if self.index.beyond is not None:
            counts = int(self.index.live.sum()), int(self.index.live_passages.sum())
            return Build(bundle.folder.name, *counts, told["built"], 0, ())
        problems = tuple(sentence for _, _, sentence in told["problems"])
        return Build(bundle.folder.name, told["articles"], told["passages"], told["built"], size, problems)

    def coverage(self, encoder: str) -> Coverage:
        return self.index.meaning.coverage(encoder, self.index.live_passages)

    def check(self) -> None:
        self.index.fulltext.close()

    # --- the same with a change ---

    def with_synonyms(self, lines: str) -> "EmbeddedEngine":
        synonyms = Synonyms(joined(self.index.synonyms, parse(lines).table))
        return EmbeddedEngine(self.index.with_synonyms(synonyms))

    def seen_by(self, sight: Sight) -> "EmbeddedEngine":
        if sight == EVERYTHING:
            return self
        return self._seen.get(sight, lambda: self._narrowed(sight))

    def _narrowed(self, sight: Sight) -> "EmbeddedEngine":
        index = self.index.seen_by(sight)
        return self if index is self.index else EmbeddedEngine(index)

    def without(self, paths: Collection[str]) -> "EmbeddedEngine":
        return EmbeddedEngine(self.index.without([self.index.number_of(path) for path in paths]))

    def copied(self, folder: Path) -> None:
        bundle = self.index.bundle
        for one in (bundle, bundle.base):
            if one is not None:
                shutil.copytree(one.folder, folder / one.folder.name, copy_function=share)
        (folder / CURRENT).write_text(bundle.folder.name + "\n", "utf8")

    def opened(self, folder: Path) -> "EmbeddedEngine":
        return EmbeddedEngine(Index(open_current(folder, verify=False)))


class EmbeddedEngines:
    """The bundles of an index folder, as kb.search.engine.Engines."""

    def __init__(self, folder: Path) -> None:
        self._library = Library(folder)
        self._engine: EmbeddedEngine | None = None
        self._lock = threading.Lock()

    def state(self) -> EngineState:
        try:
            name = self.in_force().build().name
        except BundleError as error:
            return EngineState("unavailable", False, str(error))
        return EngineState("ok", True, name)

    def in_force(self) -> EmbeddedEngine:
        index = self._library.index()
        with self._lock:
            if self._engine is None or self._engine.index is not index:
                self._engine = EmbeddedEngine(index)
            return self._engine
