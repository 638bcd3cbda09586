"""This module asks one view of the index: what it holds stays the same while others write, as long as it is asked."""

import os
import threading
import time
import weakref
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from copy import copy
from typing import Any, NamedTuple

from kb.bundle.stored import passage_from
from kb.errors import EngineError
from kb.model import Passage
from kb.model.sight import EVERYTHING, Sight
from kb.search.opensearch import conditions
from kb.search.opensearch.client import Client, LostViewError, RejectedError
from kb.search.opensearch.conditions import ALL, Asked, Conditions, all_of, any_of, none_of
from kb.search.opensearch.layout import Row, facet_field, term, unpacked
from kb.search.query_terms import QueryTerms
from kb.search.suggest import MAX_TERMS

FOUND = 200
PAGES = 40
"""Passages that are found by their own words, and pages by theirs, of which so many passages are looked at, too."""
RANKED = 120
"""The best of these with their pages are ranked; no step of the ranking looks at more than 100."""
ABOUT = 200
"""Passages that are about one code, most telling first."""
CODES = 12
"""Codes of a text that are looked up."""
EXACT = 40_000
"""Articles up to which they are counted one by one, and estimated within a hundredth above."""
VALUES = 2_000
"""Values of a facet that are counted."""
ARTICLES: Asked = {"n": {"cardinality": {"field": "article", "precision_threshold": EXACT}}}
"""How many articles passages are of."""
NEWEST: list[Any] = [{"updated": {"order": "desc", "missing": "_last"}}]
"""The order of time, what says no day last."""
PAUSES = (0.0, 0.5, 1.0, 2.0, 3.0)
"""Seconds before a question is asked again that was lost with a node, refused, or not answered by all shards."""


class Found(NamedTuple):
    """Passages, by their ids, and pages that several of them stand on, by theirs."""

    passages: dict[str, Row]
    pages: dict[str, Row]

    def __or__(self, other: "Found") -> "Found":
        return Found(self.passages | other.passages, self.pages | other.pages)


NOTHING = Found({}, {})

Sum = tuple[Mapping[str, float], Asked]
"""Term -> weight, and the condition that passages have to meet."""


class _View:
    """A view of the index as it is now, closed with the last who asks by it."""

    def __init__(self, client: Client) -> None:
        self._client = client
        self._lock = threading.Lock()
        self.number = ""
        with suppress(EngineError):  # it is opened with the first question then
            self._open()

    def _open(self) -> None:
        self.number = self._client.view()
        weakref.finalize(self, _close, self._client, self.number, os.getpid())

    def asked(self) -> str:
        """Its number. Raises EngineError where it could never be opened."""
        if not self.number:
            self.reopen("")
        return self.number

    def reopen(self, lost: str) -> None:
        """One that was lost: who asks goes on with what the index holds by now."""
        with self._lock:
            if self.number == lost:
                self._open()


def _close(client: Client, number: str, process: int) -> None:
    """Give a view back; one that this process was forked with is its parent's."""
    if process == os.getpid():
        client.close_view(number)


class Finder:
    """What is asked of the index for who sees some articles. Safe to share between threads.

    sight: whose answers these are; without: keys of articles that are taken for gone.
    """

    def __init__(self, client: Client, words: Sequence[Sequence[str]]) -> None:
        self._client = client
        self._view = _View(client)
        self.conditions = Conditions(words)
        self.sight: Sight = EVERYTHING
        self.without: frozenset[str] = frozenset()

    def seen_by(self, sight: Sight) -> "Finder":
        other = copy(self)
        other.sight = sight
        return other

    def lacking(self, articles: Iterable[str]) -> "Finder":
        other = copy(self)
        other.without = self.without | frozenset(articles)
        return other

    # --- asking ---

    def ask(self, bodies: Sequence[Asked]) -> list[Asked]:
        """The answers to some questions, all of one moment. Raises EngineError.

        A node that is killed takes its part of the view with it, and for a moment nobody stands in: then the view is
        opened anew, and asked again.
        """
        for pause in (*PAUSES, None):
            number = self._view.number
            try:
                number = self._view.asked()
                return self._client.searches([self._with_view(body, number) for body in bodies])
            except EngineError as error:
                again = isinstance(error, LostViewError | RejectedError) or error.state == "red"
                if pause is None or not again:
                    raise
                time.sleep(pause)
                if not isinstance(error, RejectedError):
                    with suppress(EngineError):
                        self._view.reopen(number)
        raise AssertionError("the last of them returns or raises")

    @staticmethod
    def _with_view(body: Asked, number: str) -> Asked:
        return {"timeout": "8s", "track_total_hits": False, **body, "pit": {"id": number, "keep_alive": "5m"}}

    def scan(self, body: Asked, size: int = 500) -> Iterator[Asked]:
        """All hits of a question; its `sort` tells each apart."""
        after: list[Any] | None = None
        while True:
            (found,) = self.ask([{**body, "size": size, **({"search_after": after} if after else {})}])
            hits = found["hits"]["hits"]
            yield from hits
            if len(hits) < size:
                return
            after = hits[-1]["sort"]

    def among(self, kind: str, *asked: Asked) -> Asked:
        """Documents of a kind that are seen and meet conditions."""
        return all_of([{"term": {"kind": kind}}, conditions.seen(self.sight, self.without), *asked])

    # --- passages ---

    def found(self, asked: Sequence[Sum], codes: Iterable[str] = (), k: int = RANKED) -> Found:
        """The k best passages by each of some sums, their pages behind them, and these pages; and those about codes.

        A passage may be found late whose page is found early, and the other way round: both are looked for, and their
        scores, which the engine has, tell which rows are worth fetching.
        """
        sums = [(should, where) for weights, where in asked if (should := weighted(weights))]
        own = [self._best(should, where) for should, where in sums]
        behind = [
            {"size": PAGES, **_PAGE_ALONE, "query": _scored(should, {"term": {"kind": "g"}})} for should, _ in sums
        ]
        about = [self._about(code) for code in list(dict.fromkeys(codes))[:CODES]]
        answers = self.ask([*own, *behind, *about])
        pages = [_by_page(answer) for answer in answers[len(sums) : 2 * len(sums)]]
        found = Found(rows_of(answers[2 * len(sums) :]), {})
        standing = self.ask(
            [
                self._best(should, {"terms": {"page": sorted(some)}}, where)
                for (should, where), some in zip(sums, pages, strict=True)
            ]
        )
        best: dict[str, str] = {id_: row.told["page"] for id_, row in found.passages.items()}
        for first, more, some in zip(answers, standing, pages, strict=False):
            best |= _together((*first["hits"]["hits"], *more["hits"]["hits"]), some, k)
        if not best:
            return NOTHING
        missing = [id_ for id_ in best if id_ not in found.passages]
        rows, of_pages = self.ask([self._rows(missing), self.of_pages(sorted(set(best.values()) - {""}))])
        return found | Found(rows_of([rows]), rows_of([of_pages], "g:"))

    def _best(self, should: list[Asked], *where: Asked) -> Asked:
        return {"size": FOUND, **_PAGE_ALONE, "query": _scored(should, self.among("p", *where))}

    @staticmethod
    def _rows(ids: Sequence[str]) -> Asked:
        return {**ROWS, "size": max(len(ids), 1), "query": {"ids": {"values": list(ids)}}}

    def of_pages(self, pages: Sequence[str]) -> Asked:
        return self._rows([f"g:{page}" for page in pages])

    def _about(self, code: str) -> Asked:
        """The passages that are about a code, most telling first."""
        among = self.among("p", conditions.SHOWN)
        return {**ROWS, "size": ABOUT, "query": _scored([{"term": {"codes": term(code)}}], among)}

    def meeting(self, *asked: Asked, most: int, sort: Sequence[Any] = ("_doc",)) -> Found:
        """Passages that meet conditions, so many at most."""
        (answer,) = self.ask([{**ROWS, "size": most, "query": self.among("p", *asked), "sort": list(sort)}])
        return Found(rows_of([answer]), {})

    def holding(self, name: str, *asked: Asked, most: int) -> Found:
        """Passages that hold a term, those first in which it weighs most."""
        body = {**ROWS, "size": most, "query": _scored([{"term": {"w": term(name)}}], self.among("p", *asked))}
        return self.with_pages(Found(rows_of(self.ask([body])), {}))

    def with_pages(self, found: Found) -> Found:
        """The same with the pages that are not known yet."""
        missing = {r.told["page"] for r in found.passages.values() if r.told["page"]} - found.pages.keys()
        if not missing:
            return found
        return found | Found({}, rows_of(self.ask([self.of_pages(sorted(missing))]), "g:"))

    def which(self, ids: Sequence[str], where: Asked) -> frozenset[str]:
        """Of some passages those that meet a condition."""
        meeting = all_of([{"ids": {"values": list(ids)}}, where])
        (answer,) = self.ask([{"size": max(len(ids), 1), "_source": False, "query": meeting}])
        return frozenset(hit["_id"] for hit in answer["hits"]["hits"])

    def texts(self, ids: Sequence[str]) -> dict[str, Passage]:
        """Passages by their ids."""
        if not ids:
            return {}
        asked = {"size": len(ids), "_source": ["passage"], "query": {"ids": {"values": list(ids)}}}
        (answer,) = self.ask([asked])
        return {h["_id"]: passage_from(h["_source"]["passage"]) for h in answer["hits"]["hits"]}

    # --- counting ---

    def counts(self, asked: Sequence[Asked]) -> list[int]:
        """How many passages meet each of some conditions."""
        return [int(bucket["doc_count"]) for bucket in self._buckets(asked, {})]

    def articles_with(self, asked: Sequence[Asked]) -> list[int]:
        """How many articles have a passage that meets each of some conditions."""
        return [int(bucket["n"]["value"]) for bucket in self._buckets(asked, ARTICLES)]

    def _buckets(self, asked: Sequence[Asked], aggs: Asked) -> list[Asked]:
        """What is counted of the passages that meet each of some conditions."""
        if not asked:
            return []
        filters = {"filters": {str(i): one for i, one in enumerate(asked)}}
        (answer,) = self.ask(
            [{"size": 0, "query": self.among("p"), "aggs": {"of": {"filters": filters, "aggs": aggs}}}]
        )
        found = answer["aggregations"]["of"]["buckets"]
        return [found[str(i)] for i in range(len(asked))]

    def totals(self, facets: Sequence[str], *asked: Asked) -> dict[str, tuple[tuple[str, int], ...]]:
        """(value, articles) of some facets, most frequent first."""
        aggs = {name: {"terms": {"field": facet_field(name), "size": VALUES}} for name in facets}
        (answer,) = self.ask([{"size": 0, "query": self.among("a", *asked), "aggs": aggs}])
        return {name: counted(answer["aggregations"][name]["buckets"]) for name in facets}

    def count_articles(self, *asked: Asked) -> int:
        (answer,) = self.ask([{"size": 0, "track_total_hits": True, "query": self.among("a", *asked)}])
        return int(answer["hits"]["total"]["value"])

    # --- articles ---

    def articles(self, *asked: Asked, most: int, sort: Sequence[Any] = ("path",), body: bool = False) -> list[Asked]:
        """What is known of articles that meet conditions: their documents."""
        fields = ["record", "n", "body"] if body else ["record", "n"]
        asking = {"size": most, "_source": fields, "query": self.among("a", *asked), "sort": list(sort)}
        (answer,) = self.ask([asking])
        return [hit["_source"] for hit in answer["hits"]["hits"]]

    def called(self, name: str) -> Asked | None:
        """The document of an article by its number or path, None for none."""
        asked = any_of([{"term": {"number": name}}, {"term": {"path": name}}, {"term": {"number": name.upper()}}])
        found = self.articles(asked, most=9)
        order = [("id", name), ("path", name), ("id", name.upper())]
        return next((d for field, value in order for d in found if d["record"][field] == value), None)

    def bodies(self, articles: Sequence[str]) -> dict[str, str]:
        """The Markdown of articles, by their keys."""
        if not articles:
            return {}
        asked = {"size": len(articles), "_source": ["body"], "query": {"ids": {"values": list(articles)}}}
        (answer,) = self.ask([asked])
        return {h["_id"]: h["_source"]["body"] for h in answer["hits"]["hits"]}

    def pictured(self, path: str) -> bool | None:
        """Whether an article shows a picture: False where only one that is not seen does, None for none."""
        shows: Asked = {"term": {"pictures": path}}
        if self.count_articles(shows):
            return True
        return False if Finder.count_articles(self.seen_by(EVERYTHING), shows) else None

    def sees_all(self) -> bool:
        """Whether nobody sees more."""
        seen = conditions.seen(self.sight, frozenset())
        return seen == ALL or not self.seen_by(EVERYTHING).count_articles(none_of(seen))


_PAGE_ALONE: Asked = {"_source": False, "docvalue_fields": ["page"]}


def _by_page(answer: Asked) -> dict[str, float]:
    """The scores of pages."""
    return {hit["fields"]["page"][0]: float(hit["_score"]) for hit in answer["hits"]["hits"]}


def _together(hits: Iterable[Asked], pages: Mapping[str, float], k: int) -> dict[str, str]:
    """The k best passages by their own score and that of their page: id -> page.

    A page that is not among the best has at most the score of the last of these.
    """
    least = min(pages.values(), default=0.0) if len(pages) == PAGES else 0.0
    found = {hit["_id"]: (hit["fields"]["page"][0], float(hit["_score"])) for hit in hits}
    scores = {id_: own + (pages.get(page, least) if page else 0.0) for id_, (page, own) in found.items()}
    return {id_: found[id_][0] for id_ in sorted(scores, key=lambda id_: -scores[id_])[:k]}


ROWS: Asked = {"_source": False, "docvalue_fields": ["row"]}


def rows_of(answers: Iterable[Asked], mark: str = "") -> dict[str, Row]:
    """The rows of hits, by their ids. mark: what these begin with, which is taken away."""
    return {
        hit["_id"].removeprefix(mark): unpacked(hit["fields"]["row"][0])
        for answer in answers
        for hit in answer["hits"]["hits"]
    }


def counted(buckets: Sequence[Asked]) -> tuple[tuple[str, int], ...]:
    """(value, articles) of the buckets of a facet, most frequent first; articles: of a count below, or documents."""
    found = [(str(b["key"]), int(b["n"]["value"]) if "n" in b else int(b["doc_count"])) for b in buckets]
    return tuple(sorted(((v, n) for v, n in found if n), key=lambda pair: (-pair[1], pair[0])))


def weighted(query: Mapping[str, float]) -> list[Asked]:
    """The sum of a query's weighted terms, the heaviest MAX_TERMS of them."""
    heaviest = sorted(query.items(), key=lambda pair: -pair[1])[:MAX_TERMS]
    return [{"term": {"w": {"value": term(name), "boost": weight}}} for name, weight in heaviest if weight > 0]


def telling(query: QueryTerms, idfs: Mapping[str, float], dfs: Mapping[str, int]) -> dict[str, float]:
    """What of a query finds anything, the most telling MAX_TERMS terms of it."""
    held = [t for t in query.weights if dfs[t]]
    kept = sorted(held, key=lambda t: -query.weights[t] * idfs[t])[:MAX_TERMS]
    return {t: query.weights[t] for t in kept}


def _scored(should: list[Asked], among: Asked) -> Asked:
    return {"bool": {"filter": [among], "should": should, "minimum_should_match": 1}}
