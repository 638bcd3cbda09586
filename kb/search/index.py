"""This module opens a bundle for searching and keeps up with newly published ones."""

import json
import re
import threading
from collections.abc import Sequence
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from kb.bundle import Bundle, current_name, open_current
from kb.errors import NotFoundError, StaleBundleError
from kb.language import say
from kb.model import FACETS, Article, Passage
from kb.records import Lines, article_from, passage_from
from kb.search.embedded import FullText
from kb.search.ranking import Weights
from kb.tokens import HAN, Tokenizer

_CHINESE = re.compile(f"[{HAN}]+")


class Index:
    """One bundle, open for reading; safe to share between threads.

    article_of[passage] and first[article] (one more than articles) tie passages and articles together.
    """

    def __init__(self, bundle: Bundle) -> None:
        self.bundle = bundle
        self.tokenizer = Tokenizer(bundle.json("words.json"))
        if self.tokenizer.fingerprint != bundle.manifest["tokens"]:
            raise StaleBundleError(
                say(
                    "索引是用别的分词版本建的；运行 kb build 重建",
                    "the index was cut by another version of the tokeniser; run kb build",
                )
            )
        self.synonyms: dict[str, tuple[str, ...]] = {k: tuple(v) for k, v in bundle.json("synonyms.json").items()}
        lines = bundle.file("articles.jsonl").read_bytes().splitlines()
        records = [json.loads(line) for line in lines]
        self.articles: Sequence[Article] = [article_from(r) for r in records]
        self.first = np.array([r["first"] for r in records] + [bundle.manifest["passages"]], np.int64)
        self.article_of: NDArray[np.int32] = np.load(bundle.file("passages.article.npy"))
        self.weights = Weights(bundle)
        self._bodies = Lines(bundle, "bodies")
        self._passages = Lines(bundle, "passages")
        self._days: dict[str, NDArray[np.int64]] = {}
        self._numbers = {a.id: i for i, a in enumerate(self.articles)}
        self._paths = {a.path: i for i, a in enumerate(self.articles)}

    @cached_property
    def fulltext(self) -> FullText:
        """Whoosh, opened when the first query needs it."""
        return FullText(self.bundle, len(self.article_of))

    @cached_property
    def facets(self) -> dict[str, "Facet"]:
        return {name: Facet(name, self.articles) for name in FACETS}

    @cached_property
    def chinese_words(self) -> dict[int, list[str]]:
        """The Chinese words that articles hold, by their length."""
        words: dict[int, list[str]] = {}
        for term, column in self.weights.terms.items():
            if _CHINESE.fullmatch(term) and self.weights.text_df[column]:
                words.setdefault(len(term), []).append(term)
        return words

    def days(self, name: str) -> NDArray[np.int64]:
        """A date of each article as a day number, 0 for none. name: updated or created."""
        if name not in self._days:
            dates = (getattr(a, name) or (a.created if name == "updated" else None) for a in self.articles)
            self._days[name] = np.array([d.toordinal() if d else 0 for d in dates], np.int64)
        return self._days[name]

    def passage(self, number: int) -> Passage:
        return passage_from(self._passages[number])

    def body(self, number: int) -> str:
        """The Markdown of an article by its position."""
        return str(self._bodies[number])

    def number_of(self, name: str) -> int:
        """Position of an article by its number or path. Raises NotFoundError."""
        for table, key in ((self._numbers, name), (self._paths, name), (self._numbers, name.upper())):
            if key in table:
                return table[key]
        raise NotFoundError(say("没有文章 {name}", "there is no article {name}", name=name))

    def over_passages(self, articles: NDArray[np.bool_]) -> NDArray[np.bool_]:
        """A mask over articles -> over their passages."""
        mask: NDArray[np.bool_] = articles[self.article_of]
        return mask

    def any_passage(self, passages: NDArray[np.bool_]) -> NDArray[np.bool_]:
        """A mask over passages -> over articles that have one."""
        mask = np.zeros(len(self.articles), bool)
        mask[self.article_of[passages]] = True
        return mask

    def best(self, scores: NDArray[np.float32]) -> NDArray[np.float32]:
        """Scores of passages -> the best of each article. An article has at least one passage."""
        if not len(self.articles):
            return np.zeros(0, np.float32)
        best: NDArray[np.float32] = np.maximum.reduceat(scores, self.first[:-1])
        return best

    def best_passage(self, article: int, scores: NDArray[np.float32]) -> int:
        start, end = self.first[article], self.first[article + 1]
        return int(start + np.argmax(scores[start:end]))


class Facet:
    """The values of one facet over all articles, ready for counting."""

    def __init__(self, name: str, articles: Sequence[Article]) -> None:
        self.values: list[str] = []
        place: dict[str, int] = {}
        owners: list[int] = []
        codes: list[int] = []
        for number, article in enumerate(articles):
            found: Any = getattr(article, name)
            for value in (found,) if isinstance(found, str) else dict.fromkeys(found):
                if value:
                    owners.append(number)
                    codes.append(place.setdefault(value, len(place)))
        self.values = list(place)
        self._place = place
        self._owners = np.array(owners, np.int64)
        self._codes = np.array(codes, np.int64)
        self._articles = len(articles)

    def counts(self, articles: NDArray[np.bool_]) -> tuple[tuple[str, int], ...]:
        """(value, how many of these articles have it), most frequent first, without zeros."""
        if not len(self._codes):
            return ()
        n = np.bincount(self._codes[articles[self._owners]], minlength=len(self.values))
        order = sorted(np.flatnonzero(n), key=lambda i: (-n[i], self.values[i]))
        return tuple((self.values[i], int(n[i])) for i in order)

    def having(self, values: Sequence[str]) -> NDArray[np.bool_]:
        """Articles with any of these values."""
        wanted = [self._place[v] for v in values if v in self._place]
        mask = np.zeros(self._articles, bool)
        mask[self._owners[np.isin(self._codes, wanted)]] = True
        return mask


class Library:
    """The index in force: opened at first use, and again when another bundle is published.

    A reader that has the old one keeps it until it is done.
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
                self._index = Index(open_current(self.folder))
            return self._index

    def _fresh(self, index: Index) -> bool:
        return current_name(self.folder) == index.bundle.folder.name
