"""This module is the corpus that the ranking looks at: the passages that were found for a question, and theirs alone.

Their rows tell what a bundle would: weights, pages, topics, codes, what is known of their articles. Of words it knows
what all passages tell (kb.search.opensearch.snapshot). What is shown of a passage, its text, is fetched when it is.
"""

import threading
from collections.abc import Iterable, Mapping, Sequence
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from kb.bundle.stored import article_from
from kb.errors import NotFoundError
from kb.language import say
from kb.model import Coverage, Passage, folders
from kb.model.schema import DATES, FOLDER
from kb.search.corpus import ANSWERS, Corpus
from kb.search.facets import Facet
from kb.search.filters import Mask, Masks
from kb.search.latent_topics import Topics
from kb.search.meaning import Cosines, Meaning
from kb.search.opensearch import conditions
from kb.search.opensearch.finding import NOTHING, Finder, Found
from kb.search.opensearch.layout import Row, key_of
from kb.search.opensearch.snapshot import GlobalWeights, Statistics
from kb.search.postings import Columns
from kb.search.products import Products
from kb.search.query import Node, Pattern, Phrase, Term
from kb.search.result_cache import Recent
from kb.search.seen import SeenVocabulary, SeenWeights
from kb.search.vocabulary import NAMES, Vocabulary
from kb.text.hashing import find, keys
from kb.text.synonyms import Synonyms
from kb.text.tokens import Tokenizer


class Known:
    """What one engine knows before it is asked. passages: how many of them who asks sees, None for all."""

    def __init__(
        self, finder: Finder, tokenizer: Tokenizer, synonyms: Synonyms, statistics: Statistics, threshold: float
    ) -> None:
        self.finder, self.tokenizer, self.synonyms = finder, tokenizer, synonyms
        self.statistics, self.threshold = statistics, threshold
        self.passages: int | None = None
        self.vocabulary: Vocabulary = Vocabulary(statistics.bundles, tokenizer.words)
        self._totals: dict[tuple[str, bool], tuple[tuple[str, int], ...]] = {}
        self._lock = threading.Lock()

    def weights(self, columns: Columns) -> GlobalWeights | SeenWeights:
        whole = GlobalWeights([columns], self.statistics)
        if self.passages is None:
            return whole
        return SeenWeights(whole, np.ones(columns.height, bool), self.passages, self.dfs)

    def dfs(self, terms: Sequence[str]) -> list[int]:
        """How many of the passages that are seen hold each of these terms."""
        return self.finder.counts([self.finder.conditions.of(Term(term)) for term in terms])

    def narrowed(self, finder: Finder) -> "Known":
        """The same for who sees a part."""
        other = Known(finder, self.tokenizer, self.synonyms, self.statistics, self.threshold)
        (other.passages,) = finder.counts([conditions.ALL])
        weights = SeenWeights(GlobalWeights([Columns(_Arrays.of([], {}))], self.statistics), np.ones(0, bool),
                              other.passages, other.dfs)  # fmt: skip
        named = [value for name in NAMES for value, _ in other.totals(name, hidden=True)]
        other.vocabulary = SeenVocabulary(self.vocabulary, weights, named, other._is_written)
        return other

    def with_synonyms(self, synonyms: Synonyms) -> "Known":
        other = Known(self.finder, self.tokenizer, synonyms, self.statistics, self.threshold)
        other.passages, other.vocabulary = self.passages, self.vocabulary
        return other

    def asking(self, finder: Finder) -> "Known":
        """The same of other articles; what is known of words stays as it is."""
        other = self.with_synonyms(self.synonyms)
        other.finder = finder
        return other

    def _is_written(self, word: str) -> bool:
        return self.finder.counts([conditions.phrase(word)]) != [0]

    def totals(self, facet: str, hidden: bool = False) -> tuple[tuple[str, int], ...]:
        """(value, articles) of a facet, most frequent first. hidden: also drafts and archived ones."""
        if (facet, hidden) not in self._totals:
            shown = () if hidden else (conditions.SHOWN,)
            found = self.finder.totals([facet], *shown)[facet]
            with self._lock:
                self._totals[facet, hidden] = found
        return self._totals[facet, hidden]

    @cached_property
    def products(self) -> Products:
        names = [v for v, _ in self.totals("product", hidden=True)] if self.passages is not None else None
        return Products(self.statistics.values("product") if names is None else names, self.tokenizer)


class Window(Corpus):
    """Some passages, and the articles that they are of, in order of their paths.

    found: the passages; articles: documents of articles that are wanted beside theirs, with as many passages as were
    found of them. terms: all that will be asked of their weights, None for any.
    """

    beyond = None

    def __init__(
        self,
        known: Known,
        found: Found = NOTHING,
        articles: Iterable[Mapping[str, Any]] = (),
        terms: frozenset[str] | None = None,
    ) -> None:
        self.known, self.found, self.terms = known, found, terms
        self.tokenizer, self.synonyms = known.tokenizer, known.synonyms
        rows = sorted(found.passages.items(), key=lambda item: (item[1].told["article"]["path"], item[1].told["n"]))
        self.ids = [id_ for id_, _ in rows]
        self._rows = [row for _, row in rows]
        records = {row.told["article"]["path"]: row.told["article"] for row in self._rows}
        records |= {document["record"]["path"]: document["record"] for document in articles}
        self.records = [records[path] for path in sorted(records)]
        self.paths = [record["path"] for record in self.records]
        place = {path: number for number, path in enumerate(self.paths)}
        self.articles = [article_from(record) for record in self.records]
        owners = [place[row.told["article"]["path"]] for row in self._rows]
        self.article_of = np.array(owners, np.int32)
        self.first = np.searchsorted(self.article_of, np.arange(len(records) + 1)).astype(np.int64)
        self.live = np.ones(len(records), bool)
        self.weights = known.weights(Columns(_Arrays.of(self._rows, found.pages, terms)))
        self.recent = Recent(ANSWERS)
        self._days = {}
        self._texts: dict[str, Passage] = {}
        self._bodies: dict[str, str] = {}

    def joined(self, found: Found) -> "Window":
        """With more passages; what was read of those that are there stays known."""
        other = Window(self.known, self.found | found, terms=self.terms)
        other._texts, other._bodies = self._texts, self._bodies
        return other

    # --- what is shown ---

    def passage(self, number: int) -> Passage:
        id_ = self.ids[number]
        if id_ not in self._texts:
            self.load([number])
        return self._texts[id_]

    def load(self, numbers: Iterable[int]) -> None:
        """Fetch the texts of passages that are about to be shown, at once."""
        missing = [id_ for n in dict.fromkeys(numbers) if (id_ := self.ids[n]) not in self._texts]
        self._texts |= self.known.finder.texts(missing)

    def body(self, number: int) -> str:
        key = key_of(self.paths[number])
        if key not in self._bodies:
            self.load_bodies([number])
        return self._bodies.get(key, "")

    def load_bodies(self, numbers: Iterable[int]) -> None:
        """The same of the Markdown of articles."""
        missing = [key for n in dict.fromkeys(numbers) if (key := key_of(self.paths[n])) not in self._bodies]
        self._bodies |= self.known.finder.bodies(missing)

    def keep_bodies(self, bodies: Mapping[str, str]) -> None:
        """The Markdown of articles, by their paths, that was read already."""
        self._bodies |= {key_of(path): body for path, body in bodies.items()}

    def meeting(self, where: conditions.Asked) -> Mask:
        """The passages that meet a condition: the cluster tells."""
        held = self.known.finder.which(self.ids, where)
        return np.array([id_ in held for id_ in self.ids], bool)

    # --- what is known of all ---

    @property
    def masks(self) -> Masks:
        return _Masks(self)

    @property
    def vocabulary(self) -> Vocabulary:
        return self.known.vocabulary

    @property
    def products(self) -> Products:
        return self.known.products

    @property
    def threshold(self) -> float:
        return self.known.threshold

    def totals(self, facet: str, hidden: bool = False) -> tuple[tuple[str, int], ...]:
        return self.known.totals(facet, hidden)

    def values(self, facet: str) -> Sequence[str]:
        return [value for value, _ in self.totals(facet, hidden=True)]

    def holders(self, terms: Sequence[str]) -> list[int]:
        finder = self.known.finder
        held = dict.fromkeys(terms)
        asked = [conditions.all_of([finder.conditions.of(Term(t)), conditions.SHOWN]) for t in held]
        counts = dict(zip(held, finder.articles_with(asked), strict=True))
        return [counts[t] for t in terms]

    def counts(self, nodes: Sequence[Node]) -> list[int]:
        return self.masks.counts(nodes)

    # --- what is known of these ---

    @cached_property
    def fulltext(self) -> "_Quoted":
        return _Quoted(self)

    @cached_property
    def meaning(self) -> Meaning:
        return _NoMeaning()

    @cached_property
    def topics(self) -> Topics:
        terms, places = self.known.statistics.topic_terms
        directions = [row.topic for row in self._rows if len(row.topic)]
        there = directions if len(directions) == len(self._rows) else []
        stacked = np.stack(there) if there else np.empty((0, places.shape[1] if places.ndim > 1 else 0), np.float16)
        return Topics(terms, places, [(len(self._rows), stacked)])

    def number_of(self, name: str) -> int:
        for key, value in (("id", name), ("path", name), ("id", name.upper())):
            for number, record in enumerate(self.records):
                if record[key] == value and self.live[number]:
                    return number
        raise NotFoundError(say("没有文章 {name}", "there is no article {name}", name=name))

    def positions_of(self, numbers: Sequence[str]) -> NDArray[np.int64]:
        place = {record["id"]: number for number, record in enumerate(self.records)}
        return np.array([place.get(number, -1) for number in numbers], np.int64)

    def dates(self, name: str) -> NDArray[np.bytes_]:
        assert name in DATES
        days = (r[name] or (r["created"] if name == "updated" else None) or "" for r in self.records)
        return np.array([day.encode() for day in days], "S10")

    def _facet(self, name: str) -> Facet:
        values: dict[str, int] = {}
        pairs = []
        for number, record in enumerate(self.records):
            found = folders(record["path"]) if name == FOLDER.name else record[name]
            for value in (found,) if isinstance(found, str) else dict.fromkeys(found):
                if value:
                    pairs.append((number, values.setdefault(value, len(values))))
        columns = np.array(pairs, np.int64).reshape(-1, 2)
        return Facet(list(values), columns[:, 0], columns[:, 1].astype(np.int32), len(self.records))


class _Arrays:
    """The columns of some rows, as a bundle has them on disk."""

    def __init__(self, arrays: dict[str, NDArray[Any]]) -> None:
        self._arrays = arrays

    def array(self, name: str) -> NDArray[Any]:
        return self._arrays[name]

    @classmethod
    def of(cls, rows: Sequence[Row], pages: Mapping[str, Row], wanted: frozenset[str] | None = None) -> "_Arrays":
        used = {row.told["page"] for row in rows} & pages.keys()
        place = {page: number for number, page in enumerate(sorted(used))}
        behind = [pages[page] for page in place]
        if wanted is None:
            every = [*(r.terms for r in rows), *(r.codes for r in rows), *(r.terms for r in behind)]
            terms = np.unique(np.concatenate([np.empty(0, np.uint64), *every]))
        else:
            terms = np.unique(keys(wanted))
        of_page = np.array([place.get(row.told["page"], -1) for row in rows], np.int32)
        arrays = {"terms.keys": terms, "terms.idf": np.zeros(len(terms), np.float32), "passages.page": of_page}
        for name, some in (
            ("weights", [(r.terms, r.weights) for r in rows]),
            ("codes", [(r.codes, r.zones) for r in rows]),
            ("pages", [(r.terms, r.weights) for r in behind]),
        ):
            arrays |= {f"{name}.{part}": array for part, array in _columns(terms, some).items()}
        return cls(arrays)


def _columns(
    terms: NDArray[np.uint64], rows: Sequence[tuple[NDArray[np.uint64], NDArray[np.float32]]]
) -> dict[str, NDArray[Any]]:
    """Rows as columns of these terms: the entries of each, by ascending rows."""
    columns = find(terms, np.concatenate([np.empty(0, np.uint64), *(held for held, _ in rows)]))
    there = np.flatnonzero(columns >= 0)
    columns = columns[there]
    data = np.concatenate([np.empty(0, np.float32), *(values for _, values in rows)]).astype(np.float32)[there]
    numbers = np.repeat(np.arange(len(rows), dtype=np.int32), [len(held) for held, _ in rows])[there]
    order = np.argsort(columns, kind="stable")
    indptr = np.zeros(len(terms) + 1, np.int64)
    np.cumsum(np.bincount(columns, minlength=len(terms)), out=indptr[1:])
    return {"indptr": indptr, "rows": numbers[order], "data": data[order]}


class _Masks(Masks):
    """Conditions over a window; how many passages of all they hold for, the cluster counts."""

    def __init__(self, window: Window) -> None:
        super().__init__(window)
        self._window = window
        self._counted: dict[Node, int] = {}

    def counts(self, nodes: Sequence[Node]) -> list[int]:
        finder = self._window.known.finder
        missing = [node for node in dict.fromkeys(nodes) if node not in self._counted]
        found = finder.counts([finder.conditions.of(node) for node in missing])
        self._counted.update(zip(missing, found, strict=True))
        return [self._counted[node] for node in nodes]


class _Quoted:
    """Which passages of a window hold a quotation: the cluster tells."""

    def __init__(self, window: Window) -> None:
        self._window = window
        self._known: dict[Node, Mask] = {}

    def phrase(self, node: Phrase) -> Mask:
        return self._holding(node)

    def pattern(self, node: Pattern) -> Mask:
        return self._holding(node)

    def _holding(self, node: Phrase | Pattern) -> Mask:
        if node not in self._known:
            self._known[node] = self._window.meeting(self._window.known.finder.conditions.of(node))
        return self._known[node]

    def words(self, start: str) -> list[tuple[str, int]]:
        finder = self._window.known.finder
        found = finder.conditions.words_starting(start, VARIANTS) if start else []
        counts = finder.counts([conditions.phrase(word) for word in found])
        return [(word, n) for word, n in zip(found, counts, strict=True) if n]


VARIANTS = 50
"""Words of one beginning that are counted."""


class _NoMeaning(Meaning):
    """No vectors: what words find is ranked by words."""

    def __init__(self) -> None:
        """Nothing is opened."""

    def ready(self) -> bool:
        return False

    def state(self) -> object:
        return None

    def coverage(self, setting: str, live: Mask) -> Coverage:
        return Coverage("", "", 0, len(live))

    def cosines(self, text: str, passages: NDArray[np.int64] | None = None) -> Cosines:
        return np.zeros(0, np.float32)
