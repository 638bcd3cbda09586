"""This module opens a bundle for searching and keeps up with newly published ones."""

import threading
from collections.abc import Iterator, Sequence
from functools import cached_property, lru_cache, partial
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from kb.bundle import Bundle, current_name, open_current
from kb.bundle.stored import Lines, article_from, number_of, numbers_of, passage_from
from kb.errors import NotFoundError
from kb.language import say
from kb.model import Article, Passage
from kb.model.sight import Sight
from kb.search import threshold
from kb.search.corpus import ANSWERS, Corpus
from kb.search.facets import Facet
from kb.search.filters import Mask
from kb.search.fulltext import FullText
from kb.search.latent_topics import Topics
from kb.search.meaning import Meaning
from kb.search.postings import Columns
from kb.search.products import Products
from kb.search.ranking import Weights
from kb.search.result_cache import Recent
from kb.search.seen import SeenVocabulary, SeenWeights
from kb.search.vocabulary import NAMES, Vocabulary
from kb.text.hashing import keys
from kb.text.synonyms import Synonyms
from kb.text.tokens import tokenizer_of

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


class Index(Corpus):
    """One bundle and the base it may stand beside, open for reading, as kb.search.corpus.Corpus.

    Articles and passages of the base come first; live is False for those that the newer bundle replaces.
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
        self.article_of = np.concatenate([p.article_of + np.int32(a) for p, a, _ in shifts])
        starts = [p.first[:-1] + f for p, _, f in shifts]
        self.first = np.concatenate([*starts, self._passages_before[-1:]])
        self.live = np.ones(len(self.first) - 1, bool)
        self.live[bundle.manifest["hidden"]] = False
        self._whole: Index | None = None
        """What this is a part of, for who sees no more (see seen_by)."""
        self.beyond = None
        self.weights = Weights([p.columns for p in self.parts])
        self.articles = Articles(self.parts)
        self._dates: dict[str, NDArray[np.bytes_]] = {}
        self._days = {}
        self.recent = Recent(ANSWERS)
        self._passage = lru_cache(maxsize=REMEMBERED)(partial(_passage, self.parts, int(self._passages_before[1])))

    def passage(self, number: int) -> Passage:
        return self._passage(number)

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
        return self._whole.topics if self._whole is not None else Topics.of([part.bundle for part in self.parts])

    def _facet(self, name: str) -> Facet:
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
    def products(self) -> Products:
        """The products that articles name."""
        facet = self.facets["product"]
        names = facet.values if self._whole is None else [value for value, _ in facet.counts(self.live)]
        return Products(names, self.tokenizer)

    @property
    def threshold(self) -> float:
        """How sure an article must be to be suggested as this fault (kb.search.threshold)."""
        return threshold.read(self.bundle.folder.parent)

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

    def body(self, number: int) -> str:
        """The Markdown of an article by its position."""
        part = int(number >= self._articles_before[1])
        return str(self.parts[part].bodies[number - int(self._articles_before[part])])

    def digests(self) -> Iterator[tuple[str, str]]:
        """(path, digest) of the articles in force."""
        for part, before in zip(self.parts, self._articles_before, strict=False):
            for number in np.flatnonzero(self.live[before : before + len(part.articles)]).tolist():
                record = part.articles[number]
                yield str(record["path"]), str(record.get("digest", ""))

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


_OF_SIGHT = ("vocabulary", "products")
"""What is worked out from the articles that are seen."""


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
