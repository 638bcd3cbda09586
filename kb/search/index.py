"""This module opens a bundle for searching and keeps up with newly published ones."""

import threading
from collections.abc import Iterable, Iterator, Mapping, Sequence
from copy import copy
from datetime import date
from functools import cached_property, lru_cache, partial
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from kb.bundle import Bundle, current_name, open_current
from kb.bundle.stored import Lines, article_from, number_of, numbers_of, passage_from
from kb.errors import NotFoundError
from kb.language import say
from kb.model import HIDDEN_STATUSES, Article, Page, Passage
from kb.model.schema import FACETS
from kb.model.sight import Sight
from kb.search import scoring, threshold
from kb.search.backend import Candidate
from kb.search.filters import holding
from kb.search.fulltext import FullText
from kb.search.latent_topics import Topics
from kb.search.meaning import Meaning
from kb.search.postings import Columns
from kb.search.products import Products
from kb.search.query import Node
from kb.search.query_terms import QueryTerms
from kb.search.ranking import Scores, Weights, top
from kb.search.result_cache import Recent
from kb.search.seen import SeenVocabulary, SeenWeights
from kb.search.vocabulary import NAMES, Vocabulary
from kb.text.hashing import keys
from kb.text.synonyms import Synonyms
from kb.text.tokens import tokenizer_of

Mask = NDArray[np.bool_]

EPOCH = date(1970, 1, 1).toordinal()
ANSWERS = 200
"""Searches that are kept with their results."""
REMEMBERED = 1000
"""Articles and passages that are kept as they were read last."""


class Part:
    """The files of one bundle, mapped from disk. Numbers of articles and passages are the bundle's own."""

    def __init__(self, bundle: Bundle) -> None:
        self.bundle = bundle
        self.articles = Lines(bundle, "articles")
        self.bodies = Lines(bundle, "bodies")
        self.passages = Lines(bundle, "passages")
        self.article_of: NDArray[np.int32] = np.load(bundle.file("passages.article.npy"))
        self.first: NDArray[np.int32] = np.load(bundle.file("articles.first.npy"))
        self.columns = Columns(bundle)


class Index:
    """One bundle and the base it may stand beside, open for reading; safe to share between threads.

    Articles and passages of the base come first. article_of[passage] and first[article] (one more than articles)
    tie them together; live[article] is False for those that the newer bundle replaces.
    """

    def __init__(self, bundle: Bundle, base: Part | None = None) -> None:
        self.bundle = bundle
        self.tokenizer = tokenizer_of(tuple(bundle.json("dictionary.json")))
        bundle.check_cut(self.tokenizer.fingerprint)
        self.synonyms = Synonyms(bundle.json("synonyms.json"))
        if bundle.base is None:
            self.parts = [Part(bundle)]
        else:
            self.parts = [base or Part(bundle.base), Part(bundle)]
        self._passages_before = np.cumsum([0, *(len(p.article_of) for p in self.parts)])
        self._articles_before = np.cumsum([0, *(len(p.articles) for p in self.parts)])
        shifts = list(zip(self.parts, self._articles_before, self._passages_before, strict=False))
        self.article_of: NDArray[np.int32] = np.concatenate([p.article_of + np.int32(a) for p, a, _ in shifts])
        starts = [p.first[:-1] + f for p, _, f in shifts]
        self.first: NDArray[np.int64] = np.concatenate([*starts, self._passages_before[-1:]])
        self.live: Mask = np.ones(len(self.first) - 1, bool)
        self.live[bundle.manifest["hidden"]] = False
        self._whole: Index | None = None
        """What this is a part of, for who sees no more (see seen_by)."""
        self.beyond: NDArray[np.int64] | None = None
        """Passages of articles beyond the sight of who asks, None when all are in it."""
        self.weights = Weights([p.columns for p in self.parts])
        self.articles: Sequence[Article] = Articles(self.parts)
        self._dates: dict[str, NDArray[np.bytes_]] = {}
        self._days: dict[str, NDArray[np.int64]] = {}
        self.recent: Recent[Page] = Recent(ANSWERS)
        self.passage = lru_cache(maxsize=REMEMBERED)(partial(_passage, self.parts, int(self._passages_before[1])))

    @cached_property
    def fulltext(self) -> FullText:
        """Phrases and fields, opened when the first query needs them."""
        if self._whole is not None:
            return self._whole.fulltext.seen(self.live)
        bundles = [
            (part.bundle, int(passage), int(article))
            for part, passage, article in zip(self.parts, self._passages_before, self._articles_before, strict=False)
        ]
        return FullText(bundles, self.article_of, self.live)

    @cached_property
    def vocabulary(self) -> Vocabulary:
        """The words that articles hold, for who misspells them."""
        if self._whole is not None and isinstance(self.weights, SeenWeights):
            named = [value for name in NAMES for value, _ in self.facets[name].counts(self.live)]
            return SeenVocabulary(self._whole.vocabulary, self.weights, named, self._is_written)
        return Vocabulary([part.bundle for part in self.parts], self.tokenizer.words)

    def _is_written(self, word: str) -> bool:
        """Whether an article holds a word of letters as it is written, not only its stem."""
        return any(found == word for found, _ in self.fulltext.words(word))

    @cached_property
    def meaning(self) -> Meaning:
        """How near passages are by meaning, opened when it is first asked."""
        return self._whole.meaning if self._whole is not None else Meaning([part.bundle for part in self.parts])

    @cached_property
    def topics(self) -> Topics:
        return self._whole.topics if self._whole is not None else Topics([part.bundle for part in self.parts])

    def scores(self, query: QueryTerms, hidden: bool = False, lifted: dict[str, scoring.Lift] | None = None) -> Scores:
        """The score of each passage, 0 where nothing matches, and what each step added (kb.search.scoring).

        hidden: whether articles that are not visible have a score, too; those beyond sight have none.
        """
        return scoring.scores(self, query, self.beyond if hidden else self.unseen, lifted)

    @cached_property
    def facets(self) -> "dict[str, Facet]":
        return {name: self._facet(name) for name in FACETS}

    def _facet(self, name: str) -> "Facet":
        values: dict[str, int] = {}
        owners, codes = [], []
        for part, before in zip(self.parts, self._articles_before, strict=False):
            own = part.bundle.json("facets.json")[name]
            place = np.array([values.setdefault(v, len(values)) for v in own], np.int32)
            owners.append(part.bundle.array(f"facet.{name}.articles") + before)
            found = part.bundle.array(f"facet.{name}.values")
            codes.append(place[found] if len(found) else found)
        return Facet(list(values), np.concatenate(owners), np.concatenate(codes), len(self.live))

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
    def products(self) -> Products:
        """The products that articles name."""
        facet = self.facets["product"]
        names = facet.values if self._whole is None else [value for value, _ in facet.counts(self.live)]
        return Products(names, self.tokenizer)

    @property
    def threshold(self) -> float:
        """How sure an article must be to be suggested as this fault (kb.search.threshold)."""
        return threshold.read(self.bundle.folder.parent)

    @cached_property
    def unseen(self) -> NDArray[np.int64] | None:
        """Passages of articles that are not visible, None when all are."""
        return None if self.visible.all() else np.flatnonzero(self.over_passages(~self.visible))

    def seen_by(self, sight: Sight) -> "Index":
        """The same index for who sees no more than that, itself where that is all there is: nothing it answers tells
        that there are others. One mask; what is known of words is counted anew when it is asked for.
        """
        seen = self.live & self._among("status", sight.statuses) & self._among("audience", sight.audiences)
        if (seen == self.live).all():
            return self
        other = self._with_live(seen)
        for name in _OF_SIGHT:
            vars(other).pop(name, None)
        passages = self.over_passages(seen)
        other._whole, other.beyond = self, np.flatnonzero(~passages)
        other.weights = SeenWeights(self.weights, passages)
        return other

    def _among(self, facet: str, values: frozenset[str] | None) -> Mask:
        """Articles with one of these values, all for None."""
        return np.ones(len(self.live), bool) if values is None else self.facets[facet].having(sorted(values))

    def picture(self, path: str) -> bool | None:
        """Whether an article in force shows the picture at a path: False where only others do, None where none does."""
        shown = False
        for part, before in zip(self.parts, self._articles_before, strict=False):
            table, (key,) = part.bundle.array("pictures.keys"), keys([path])
            first, last = np.searchsorted(table, key), np.searchsorted(table, key, "right")
            owners = part.bundle.array("pictures.articles")[first:last] + before
            if self.live[owners].any():
                return True
            shown = shown or bool(self._whole is not None and self._whole.live[owners].any())
        return False if shown else None

    def dates(self, name: str) -> NDArray[np.bytes_]:
        """A date of each article as ISO text, empty for none. name: created, updated (or created), review_after."""
        if name not in self._dates:
            self._dates[name] = np.concatenate([part.bundle.array(f"articles.{name}") for part in self.parts])
        return self._dates[name]

    def days(self, name: str) -> NDArray[np.int64]:
        """The same as day numbers, 0 for none."""
        if name not in self._days:
            dates = self.dates(name).astype("U10").astype("datetime64[D]")
            self._days[name] = np.where(np.isnat(dates), 0, dates.astype(np.int64) + EPOCH)
        return self._days[name]

    def between(self, name: str, low: str, high: str) -> Mask:
        """Articles whose date lies between two, both included. Each is the beginning of an ISO date, "" for none."""
        dates = self.dates(name)
        mask: Mask = (dates >= (low or "0").encode()) & (dates <= f"{high or 9}~".encode())
        return mask

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

    def count(self, where: Node | None = None) -> int:
        """Articles in force with a passage for which a condition holds."""
        return int(self.any_passage(self._meeting(where)).sum())

    def facet_counts(self, names: Iterable[str], where: Node | None = None) -> dict[str, tuple[tuple[str, int], ...]]:
        """Values of facets among these articles."""
        articles = self.any_passage(self._meeting(where))
        return {name: self.facets[name].counts(articles) for name in names}

    def _meeting(self, where: Node | None) -> Mask:
        """Passages in force for which a condition holds."""
        return self.live_passages if where is None else holding(self, where) & self.live_passages

    def article(self, number: int) -> Article:
        """An article by its position."""
        found: Article = self.articles[number]
        return found

    def body(self, number: int) -> str:
        """The Markdown of an article by its position."""
        part = int(number >= self._articles_before[1])
        return str(self.parts[part].bodies[number - int(self._articles_before[part])])

    def without(self, articles: Sequence[int]) -> "Index":
        """The same index with some articles in force no longer. What is known of words and topics stays as it is."""
        live = self.live.copy()
        live[articles] = False
        return self._with_live(live)

    def _with_live(self, live: Mask) -> "Index":
        other = copy(self)
        for name in _OF_LIVE:
            vars(other).pop(name, None)
        other.live = live
        other.recent = Recent(ANSWERS)
        return other

    def with_synonyms(self, synonyms: Synonyms) -> "Index":
        """The same index with other synonyms."""
        other = copy(self)
        other.synonyms = synonyms
        other.recent = Recent(ANSWERS)
        return other

    def number_of(self, name: str) -> int:
        """Position of an article by its number or path. Raises NotFoundError."""
        for column, value in (("ids", name), ("paths", name), ("ids", name.upper())):
            for part, before in reversed(list(zip(self.parts, self._articles_before, strict=False))):
                place = number_of(part.bundle, column, value)
                if place >= 0 and self.live[place + before]:
                    return int(place + before)
        raise NotFoundError(say("没有文章 {name}", "there is no article {name}", name=name))

    def positions_of(self, numbers: Sequence[str]) -> NDArray[np.int64]:
        """Positions of articles by their numbers, -1 for one that is not in force."""
        found = np.full(len(numbers), -1, np.int64)
        for part, before in zip(self.parts, self._articles_before, strict=False):
            places = numbers_of(part.bundle, "ids", numbers)
            there = np.flatnonzero(places >= 0)
            there = there[self.live[places[there] + before]]
            found[there] = places[there] + before
        return found

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

    def holders(self, term: str) -> int:
        """How many articles those are."""
        articles = self.article_of[self.weights.column(term)[0]]
        return int(self.visible[articles[np.flatnonzero(np.diff(articles, prepend=-1))]].sum())

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


_OF_LIVE = ("fulltext", "visible", "live_passages", "unseen")
"""What an index has worked out from the articles that are in force."""
_OF_SIGHT = ("vocabulary", "products")
"""What else it has worked out from those that are seen."""


def _passage(parts: Sequence[Part], of_base: int, number: int) -> Passage:
    """of_base: how many passages the first part has."""
    if number < of_base:
        return passage_from(parts[0].passages[number])
    return passage_from(parts[1].passages[number - of_base])


class Articles(Sequence[Article]):
    """The articles of some parts, read from disk when they are asked for; the last ones are remembered."""

    def __init__(self, parts: Sequence[Part]) -> None:
        self._lines = [part.articles for part in parts]
        self._read = lru_cache(maxsize=REMEMBERED)(partial(_article, self._lines))

    def __len__(self) -> int:
        return sum(map(len, self._lines))

    def __getitem__(self, number: Any) -> Any:
        if isinstance(number, slice):
            return [self._read(i) for i in range(*number.indices(len(self)))]
        place = int(number) + (len(self) if number < 0 else 0)
        if not 0 <= place < len(self):
            raise IndexError(number)
        return self._read(place)

    def __iter__(self) -> Iterator[Article]:
        return (_article(self._lines, i) for i in range(len(self)))


def _article(parts: Sequence[Lines], number: int) -> Article:
    for lines in parts:
        if number < len(lines):
            return article_from(lines[number])
        number -= len(lines)
    raise IndexError(number)


class Facet:
    """The values of one facet over all articles: pairs of an article, ascending, and the number of a value it has."""

    def __init__(self, values: list[str], owners: NDArray[np.int64], codes: NDArray[np.int32], articles: int) -> None:
        self.values = values
        self._place = {value: i for i, value in enumerate(values)}
        self._articles = articles
        self._single = bool((np.diff(owners) > 0).all())
        if self._single:  # as most are: the value of each article, the last place for none
            self._codes = np.full(articles, len(values), np.int32)
            self._codes[owners] = codes
        else:
            self._owners, self._codes = owners.astype(np.int32), codes

    def counts(self, articles: Mask) -> tuple[tuple[str, int], ...]:
        """(value, how many of these articles have it), most frequent first, without zeros."""
        if not self.values:
            return ()
        found = self._codes[articles if self._single else articles[self._owners]]
        n = np.bincount(found, minlength=len(self.values))[: len(self.values)]
        order = sorted(np.flatnonzero(n).tolist(), key=lambda i: (-n[i], self.values[i]))
        return tuple((self.values[i], int(n[i])) for i in order)

    def having(self, values: Sequence[str]) -> Mask:
        """Articles with any of these values."""
        wanted = np.zeros(len(self.values) + 1, bool)
        wanted[[self._place[v] for v in values if v in self._place]] = True
        if self._single:
            chosen: Mask = wanted[self._codes]
            return chosen
        mask = np.zeros(self._articles, bool)
        mask[self._owners[wanted[self._codes]]] = True
        return mask


class Library:
    """The index in force: opened at first use, and again when another bundle is published.

    A reader that has the old one keeps it until it is done. A base that stays is not opened again.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._index: Index | None = None
        self._lock = threading.Lock()

    def index(self) -> Index:
        """Raises NoBundleError, StaleBundleError, DamagedBundleError."""
        index = self._index
        if index is not None and self._fresh(index):
            return index
        with self._lock:
            if self._index is None or not self._fresh(self._index):
                self._index = self._opened(self._index)
            return self._index

    def _opened(self, before: Index | None) -> Index:
        bundle = open_current(self.folder, opened=before.bundle if before else None)
        base = before.parts[0] if before else None
        return Index(bundle, base if base and base.bundle is bundle.base else None)

    def _fresh(self, index: Index) -> bool:
        return current_name(self.folder) == index.bundle.folder.name
