"""This module is the engine of a cluster, behind the door of kb.search.engine: OpenSearch finds, Guzhi ranks.

Each question goes the same way: its words are read by what the snapshot knows, the cluster finds passages by their
weights, and the ranking, which is the embedded engine's own, looks at the window of these. What is counted, the cluster
counts; what is shown, it is asked for last.
"""

import time
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import date
from functools import partial
from pathlib import Path
from typing import Any, cast

import numpy as np

from kb.bundle.stored import article_from
from kb.errors import BundleError, EngineError, NoBundleError, NotFoundError, StaleBundleError
from kb.language import say
from kb.model import (
    MAX_PAGE,
    MAX_SIZE,
    MAX_TEXT,
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
from kb.model.schema import FACETS
from kb.model.sight import EVERYTHING, Sight
from kb.search import (
    autocomplete,
    conditions,
    duplicates,
    identifier_page,
    overview,
    passages_for,
    searcher,
    spelling,
    suggest,
    synonym_mining,
    why,
)
from kb.search.clarify import affirmed
from kb.search.corpus import ANSWERS
from kb.search.embedded import SIGHTS, EmbeddedEngine, EmbeddedEngines
from kb.search.engine import COUNT, Marker
from kb.search.faults import split
from kb.search.observed import MAX_PASSAGES
from kb.search.opensearch import conditions as asked
from kb.search.opensearch.client import Client
from kb.search.opensearch.conditions import ALL, SHOWN, Asked, all_of, any_of
from kb.search.opensearch.finding import (
    ARTICLES,
    EXACT,
    NEWEST,
    NOTHING,
    RANKED,
    ROWS,
    VALUES,
    Finder,
    Found,
    counted,
    rows_of,
    telling,
    weighted,
)
from kb.search.opensearch.following import Follower
from kb.search.opensearch.layout import LAYOUT, facet_field, key_of
from kb.search.opensearch.reading import Files, Unreachable
from kb.search.opensearch.snapshot import Statistics, fetched
from kb.search.opensearch.window import Known, Window
from kb.search.query import parse
from kb.search.query_terms import QueryTerms
from kb.search.result_cache import Recent
from kb.search.verdict_memory import Remembered
from kb.search.words import marker, vector
from kb.settings import Settings
from kb.text.excerpt import excerpt
from kb.text.synonyms import Synonyms, joined
from kb.text.synonyms import parse as parse_synonyms
from kb.text.tokens import tokenizer_of

MATCHING = 500
"""Passages of one page of hits for which a query holds."""
HEADS = 12
"""Articles of a paste whose first passages are looked at, for what can be asked about them."""
WHOLE = 300
"""Passages of one article."""
HOLDING = 2_000
"""Passages that hold an identifier, heaviest first."""
EVERYTHING_MOST = 200_000
"""Passages of a base up to which words that mean the same are mined in it."""
TIED = 50
"""Articles beyond those to show: of one day the ranking puts the best first."""
LISTED = 10_000
"""Articles of one product."""


class OpenSearchEngine:
    """One build in the cluster, as kb.search.engine.Engine."""

    def __init__(self, told: Mapping[str, Any], known: Known, files: Files) -> None:
        self._told, self._known, self._files = told, known, files
        self._finder = known.finder
        self._words = Window(known)
        self._recent: Recent[Page] = Recent(ANSWERS)
        self._seen: Recent[OpenSearchEngine | None] = Recent(SIGHTS)
        """None for who sees everything: an engine that held itself would keep its view of the index open."""

    @property
    def backend(self) -> "OpenSearchBackend":
        """What the ranking asks."""
        return OpenSearchBackend(self)

    @property
    def known(self) -> Known:
        return self._known

    # --- windows ---

    def _telling(self, terms: QueryTerms) -> dict[str, float]:
        names = list(terms.weights)
        dfs = dict(zip(names, self._words.dfs(names), strict=True))
        return telling(terms, self._words.idfs(names), dfs)

    def window(
        self, *terms: QueryTerms, where: Asked | None = None, more: Found = NOTHING, whole: bool = False
    ) -> Window:
        """The passages that are found by the terms of some texts, of all and of those that meet a condition.

        whole: whether their weights of other terms are asked for, too.
        """
        queries = [self._telling(t) for t in terms]
        sums = [(query, condition) for condition in (ALL, where) if condition is not None for query in queries]
        found = more | self._finder.found(sums, (code for t in terms for code in t.codes))
        named = {t for one in terms for g in one.groups for tokens in g.alternatives for t in (x.term for x in tokens)}
        asked_for = frozenset(named.union(*(one.weights for one in terms), *(one.codes for one in terms)))
        return Window(self._known, self._finder.with_pages(found), terms=None if whole else asked_for)

    def _of_articles(self, keys: Iterable[str], most: int = MAX_PASSAGES) -> Found:
        """The first passages of some articles."""
        wanted = list(keys)
        if not wanted:
            return NOTHING
        among = all_of([{"terms": {"article": wanted}}, {"range": {"n": {"lt": most}}}])
        return self._finder.with_pages(self._finder.meeting(among, most=min(most * len(wanted), EXACT // 2)))

    def _with_heads(self, window: Window, best: Iterable[int], most: int = MAX_PASSAGES) -> Window:
        """The same with the first passages of some articles, and with what is shown of these."""
        numbers = list(dict.fromkeys(best))
        wider = window.joined(self._of_articles((key_of(window.paths[n]) for n in numbers), most))
        places = [wider.number_of(window.paths[n]) for n in numbers]
        wider.load(p for n in places for p in range(int(wider.first[n]), int(wider.first[n + 1]))[: most + 2])
        wider.load_bodies(places)
        return wider

    # --- what is found ---

    def search(self, query: Query, uses: Mapping[str, int] | None = None) -> Page:
        started = time.perf_counter()
        uses = uses if uses and query.sort == "used" else {}
        page = self._recent.get(searcher.asked_as(query, uses), lambda: self._search(query, uses))
        return replace(page, milliseconds=(time.perf_counter() - started) * 1e3)

    def _search(self, query: Query, uses: Mapping[str, int]) -> Page:
        size, number = min(max(query.size, 1), MAX_SIZE), min(max(query.page, 1), MAX_PAGE)
        parsed = parse(query.text[:MAX_TEXT])
        matcher = searcher.Matcher(self._words, parsed, query.exact)
        allowed = asked.allowed(query, matcher.asks_status)
        filters = asked.filtered(query.filters)
        root, widened = self._condition(matcher), False
        answer = self._counted(root, allowed, filters)
        if not answer["found"] and matcher.can_widen():
            root, widened = self._condition(matcher, any_word=True), True
            answer = self._counted(root, allowed, filters)
        widened = widened or matcher.is_sentence()
        where = all_of([root, allowed, *filters.values()])
        hits = self._hits(query, matcher, where, uses, size, number) if answer["total"] else ()
        corrections = matcher.terms.corrections
        applied = {c.typed for c in corrections}
        few = answer["total"] < searcher.FEW or widened
        return Page(
            query=replace(query, size=size, page=number),
            total=answer["total"],
            hits=hits,
            facets=answer["facets"],
            milliseconds=0,
            widened=widened and answer["total"] > 0,
            suggestion="" if parsed.notes else spelling.better_query(self._words, query.text, few, applied),
            corrections=spelling.shown(" ".join(matcher.texts), corrections),
            notes=parsed.notes,
            hidden=answer["hidden"](matcher.asks_status) if not answer["total"] else 0,
        )

    def _condition(self, matcher: searcher.Matcher, any_word: bool = False) -> Asked:
        if matcher.root is None:
            return ALL
        return self._finder.conditions.of(matcher.condition(matcher.root, any_word))

    def _counted(self, root: Asked, allowed: Asked, filters: Mapping[str, Asked]) -> dict[str, Any]:
        """Articles for which a query holds: found, as passages; total, under all filters; facets, under the others'."""
        aggs: dict[str, Any] = {"found": {"filter": ALL}}
        aggs["total"] = {"filter": all_of([allowed, *filters.values()]), "aggs": ARTICLES}
        for name in FACETS:
            others = [one for other, one in filters.items() if other != name]
            values = {"terms": {"field": facet_field(name), "size": VALUES}, "aggs": ARTICLES}
            aggs[f"of_{name}"] = {"filter": all_of([allowed, *others]), "aggs": {"values": values}}
        aggs["shown"] = {"filter": SHOWN, "aggs": ARTICLES}
        aggs["all"] = ARTICLES["n"]
        (answer,) = self._finder.ask([{"size": 0, "query": self._finder.among("p", root), "aggs": aggs}])
        told = answer["aggregations"]
        return {
            "found": told["found"]["doc_count"],
            "total": int(told["total"]["n"]["value"]),
            "facets": {name: counted(told[f"of_{name}"]["values"]["buckets"]) for name in FACETS},
            "hidden": lambda asks: int(told["all"]["value"] if asks else told["shown"]["n"]["value"]),
        }

    def _hits(
        self, query: Query, matcher: searcher.Matcher, where: Asked, uses: Mapping[str, int], size: int, number: int
    ) -> tuple[Any, ...]:
        count = size * number
        ordered = self._in_order(query, matcher, where, uses, count)
        window = self.window(matcher.terms, where=where, more=ordered)
        shown = window.meeting(where)
        scores = window.scores(matcher.terms, hidden=True)
        chosen = searcher.in_order(window, query, matcher, window.any_passage(shown), scores, count, uses)
        paths = [window.paths[a] for a in chosen[size * (number - 1) :].tolist()]
        among = {"terms": {"article": [key_of(path) for path in paths]}}
        wider = window.joined(self._finder.with_pages(self._finder.meeting(where, among, most=MATCHING)))
        places = [wider.number_of(path) for path in paths]
        lifted: dict[str, Any] = {}
        scores = wider.scores(matcher.terms, hidden=True, lifted=lifted)
        passages = wider.meeting(where)
        wider.load(p for a in places for p in self._to_show(wider, a, scores, passages))
        return searcher.shown_hits(wider, matcher, places, passages, scores, lifted)

    @staticmethod
    def _to_show(window: Window, article: int, scores: Any, passages: Any) -> list[int]:
        """The passages of an article whose text is looked at: the best ones that match, or the best."""
        inside = np.arange(int(window.first[article]), int(window.first[article + 1]))
        matching = inside[passages[inside]]
        some = matching if len(matching) else inside
        best = some[np.argsort(-scores[some], kind="stable")][: 1 + 3 * searcher.MORE_SECTIONS].tolist()
        return [*best, int(inside[np.argmax(scores[inside])])]

    def _in_order(
        self, query: Query, matcher: searcher.Matcher, where: Asked, uses: Mapping[str, int], count: int
    ) -> Found:
        """Passages that come first by another order than relevance, one of each article; what only a field finds."""
        best: list[Any] = [{"_score": "desc"}, {"path": "asc"}, {"n": "asc"}]
        orders: list[tuple[Asked, list[Any]]] = [(where, [*NEWEST, *best])]
        if query.sort == "created":
            orders = [(where, [{"created": {"order": "desc", "missing": "_last"}}, *best])]
        elif query.sort == "used":
            orders = [(all_of([where, {"terms": {"number": sorted(uses)}}]), best), (where, best)]
        elif matcher.terms.weights:
            orders = [(where, best)]
        should = weighted(self._telling(matcher.terms))
        bodies = [
            {
                **ROWS,
                "size": min(count + (TIED if sort is not best else 0), EXACT // 4),
                "query": {"bool": {"filter": [self._finder.among("p", one)], "should": should}},
                "sort": sort,
                "collapse": {"field": "article"},
            }
            for one, sort in orders
        ]
        return Found(rows_of(self._finder.ask(bodies)), {})

    def suggest(
        self,
        text: str,
        count: int = COUNT,
        answers: Sequence[Answer] = (),
        exact: bool = False,
        remembered: Remembered | None = None,
        products: Sequence[str] = (),
    ) -> Suggestions:
        told = excerpt(text)
        read = partial(suggest.read_paste, self._words, exact=exact, products=products)
        terms = [read(piece) for piece in dict.fromkeys([told, *([] if answers else split(told))])]
        if yes := affirmed(answers):
            terms.append(read(told, confirmed=yes))
        window = self.window(*terms, more=self._recalled(terms, remembered))
        best = [a for t in terms for a in window.best_articles(window.scores(t), HEADS)[0].tolist()]
        recalled = self._names(terms, remembered)
        best += [n for n, record in enumerate(window.records) if record["id"] in recalled or record["path"] in recalled]
        window = self._with_heads(window, best)
        return suggest.suggest(window, text, count, answers, exact, remembered, products)

    def _names(self, terms: Sequence[QueryTerms], remembered: Remembered | None) -> list[str]:
        """The articles that are remembered for some texts."""
        return [name for t in terms for name in remembered.about(self._words, t)] if remembered else []

    def _recalled(self, terms: Sequence[QueryTerms], remembered: Remembered | None) -> Found:
        names = self._names(terms, remembered)
        if not names:
            return NOTHING
        return self._finder.meeting({"terms": {"number": names}}, most=EXACT // 40) | self._finder.meeting(
            {"terms": {"path": names}}, most=EXACT // 40
        )

    def remember(self, verdicts: Sequence[Verdict], earlier: Remembered | None = None) -> Remembered:
        return Remembered(self._words, verdicts, earlier)

    def ranked(self, text: str, count: int, remembered: Remembered | None = None) -> list[tuple[Article, float]]:
        terms = suggest.read_paste(self._words, text)
        window = self.window(terms, more=self._recalled([terms], remembered))
        return [(window.articles[a], score) for a, score in suggest.rank(window, text, count, remembered)]

    def retrieve(self, text: str, count: int, where: Where, threshold: float = 0.0) -> list[Record]:
        values = {c.name: self._known.statistics.values(c.name) for c in where.conditions if c.name in FACETS}
        terms = suggest.read_paste(self._words, text[:MAX_TEXT])
        window = self.window(terms, where=asked.meeting(where, values))
        allowed = conditions.meeting(window, where)
        within = np.where(window.over_passages(allowed), window.scores(terms, hidden=True), np.float32(0))
        best = window.best_articles(within, count)[0].tolist()
        window.load(window.best_passage(a, within) for a in best)
        window.load_bodies(best)
        return passages_for.retrieve(window, text, count, allowed, threshold)

    def complete(self, text: str, count: int, articles: bool = True) -> tuple[Completion, ...]:
        typed = autocomplete.typed_of(text)
        if not typed:
            return ()
        window = self._beginning(typed)
        if articles:
            calling = any_of(map(self._finder.conditions.of, autocomplete.calling(typed)))
            called = any_of([calling, {"term": {"number": typed}}, {"term": {"number": typed.upper()}}])
            terms = suggest.read_paste(self._words, typed)
            named = self._finder.meeting(called, SHOWN, most=autocomplete.LOOKED_AT * count * 4)
            window = self.window(terms, more=named | window.found)
        return autocomplete.complete(window, text, count, articles)

    def _beginning(self, text: str) -> Window:
        """The passages that hold an identifier that begins as a text ends."""
        start = identifier_page.start_of(text)
        if not start:
            return self._words
        phrase, pattern = identifier_page.starting(start)
        whole, begun = self._finder.conditions.of(phrase), self._finder.conditions.of(pattern)
        found = self._finder.meeting(whole, SHOWN, most=identifier_page.READ)
        if len(found.passages) < identifier_page.READ:
            found |= self._finder.meeting(begun, SHOWN, most=identifier_page.READ)
        window = Window(self._known, found)
        window.load(range(len(window.ids)))
        return window

    def why(self, query: Query, article: Article, mode: str = "search") -> Why:
        window = self._around(query, article, mode)
        return why.why(window, query, window.number_of(article.path), mode)

    def rank_of(self, query: Query, article: Article, mode: str) -> int:
        window = self._around(query, article, mode)
        return why.rank_of(window, query, window.number_of(article.path), mode)

    def _around(self, query: Query, article: Article, mode: str) -> Window:
        """What a query finds, and all of one article."""
        text = query.text[:MAX_TEXT]
        own = self._of_articles([key_of(article.path)], WHOLE)
        if mode == "suggest":
            terms = suggest.read_paste(self._words, text, query.exact)
            return self.window(terms, more=own, whole=True)
        matcher = searcher.Matcher(self._words, parse(text), query.exact)
        root = self._condition(matcher)
        if matcher.can_widen() and self._finder.counts([root]) == [0]:
            root = self._condition(matcher, any_word=True)
        where = all_of([root, asked.allowed(query, matcher.asks_status), *asked.filtered(query.filters).values()])
        ordered = self._in_order(query, matcher, where, {}, MAX_SIZE)
        return self.window(matcher.terms, where=where, more=own | ordered, whole=True)

    # --- articles ---

    def _document(self, name: str) -> Mapping[str, Any]:
        found = self._finder.called(name)
        if found is None:
            raise NotFoundError(say("没有文章 {name}", "there is no article {name}", name=name))
        return found

    def article(self, name: str) -> Article:
        """While the cluster is away, as its file has it."""
        try:
            return article_from(self._document(name)["record"])
        except EngineError:
            return self._files.without_body(name, self._finder.sight)

    def body(self, article: Article) -> str:
        try:
            return self._body(article)
        except EngineError:
            return self._files.article(article.path, self._finder.sight).body

    def _body(self, article: Article) -> str:
        found = self._finder.articles({"term": {"path": article.path}}, most=1, body=True)
        if not found:
            raise NotFoundError(say("没有文章 {name}", "there is no article {name}", name=article.path))
        return str(found[0]["body"])

    def picture(self, path: str) -> bool | None:
        return self._finder.pictured(path)

    def articles(self) -> Iterator[Article]:
        return (article_from(document["record"]) for document in self._documents())

    def _documents(self, body: bool = False) -> Iterator[Mapping[str, Any]]:
        fields = ["record", "body"] if body else ["record"]
        asking = {"_source": fields, "query": self._finder.among("a"), "sort": ["path"]}
        return (hit["_source"] for hit in self._finder.scan(asking))

    def digests(self) -> Iterator[tuple[str, str]]:
        records = (document["record"] for document in self._documents())
        return ((str(record["path"]), str(record.get("digest", ""))) for record in records)

    def newest(self, count: int) -> list[Article]:
        found = self._finder.articles(SHOWN, most=count, sort=[*NEWEST, "path"])
        return [article_from(document["record"]) for document in found]

    def in_state(self, status: str, most: int) -> list[Article]:
        found = self._finder.articles(asked.having("status", [status]), most=min(most, EXACT // 4))
        return [article_from(document["record"]) for document in found]

    def due(self, after: date | None, until: date, most: int) -> list[Article]:
        bounds: dict[str, str] = {"lte": until.isoformat()} | ({"gte": after.isoformat()} if after else {})
        within = {"range": {"review_after": bounds}}
        kept = asked.none_of(asked.having("status", ["archived"]))
        found = self._finder.articles(within, kept, most=min(most, EXACT // 4), sort=["review_after", "path"])
        return [article_from(document["record"]) for document in found]

    def related(self, article: Article, count: int) -> list[Article]:
        return overview.related(self.ranked(overview.about(article), count + 1), article, count)

    def similar(self, article: Article, count: int = 5) -> list[Duplicate]:
        rare = duplicates.rare_words(self._words, article)
        kept = asked.none_of(asked.having("status", ["archived"]))
        window = Window(self._known, self._finder.found([(rare, kept)]))
        best = window.best_articles(window.weights.scores(rare), 2 * duplicates.CANDIDATES)[0].tolist()
        return duplicates.similar(self._with_heads(window, best, WHOLE // 4), article, count)

    def duplicates(self) -> list[Duplicate]:
        documents = list(self._documents(body=True))
        window = Window(self._known, articles=documents)
        window.keep_bodies({document["record"]["path"]: document["body"] for document in documents})
        return duplicates.duplicates(window)

    def synonyms(self, decided: str = "", verdicts: Sequence[tuple[str, str]] = ()) -> list[Proposal]:
        """Raises BundleError for a base that is too large to be mined by one process."""
        if self._finder.counts([ALL])[0] > EVERYTHING_MOST:
            raise BundleError(
                say(
                    "库太大（超过 {n} 段），不在集群上挖同义词；在建索引的机器上用 engine = embedded 运行",
                    "the base is too large (over {n} passages) for synonyms to be mined from the cluster; run it where "
                    "the index is built, with engine = embedded",
                    n=EVERYTHING_MOST,
                )
            )
        asking = {**ROWS, "query": self._finder.among("p"), "sort": ["path", "n"]}
        hits = list(self._finder.scan(asking))
        window = Window(self._known, Found(rows_of([{"hits": {"hits": hits}}]), {}), self._documents())
        for start in range(0, len(window.ids), 1000):
            window.load(range(start, min(start + 1000, len(window.ids))))
        return synonym_mining.proposals(window, decided, verdicts)

    # --- what there is ---

    def total(self) -> int:
        return self._finder.count_articles(SHOWN)

    def counts(self, facet: str, hidden: bool = False) -> tuple[tuple[str, int], ...]:
        return self._known.totals(facet, hidden)

    def crossed(self, rows: str, columns: str) -> tuple[tuple[str, ...], tuple[FacetRow, ...]]:
        second = {"c": {"terms": {"field": facet_field(columns), "size": VALUES}}}
        first = {"r": {"terms": {"field": facet_field(rows), "size": VALUES}, "aggs": second}} | second
        (answer,) = self._finder.ask([{"size": 0, "query": self._finder.among("a", SHOWN), "aggs": first}])
        told = answer["aggregations"]
        pairs = {str(bucket["key"]): counted(bucket["c"]["buckets"]) for bucket in told["r"]["buckets"]}
        return overview.table(counted(told["r"]["buckets"]), counted(told["c"]["buckets"]), pairs)

    def product(self, name: str) -> str | None:
        return overview.product_named(self._words, name)

    def products_like(self, name: str) -> tuple[tuple[str, int], ...]:
        return overview.products_like(self._words, name)

    def product_page(self, name: str) -> ProductPage:
        of_product = asked.having("product", [name])
        documents = self._finder.articles(of_product, SHOWN, most=LISTED, sort=[*NEWEST, "path"])
        newest = [key_of(d["record"]["path"]) for d in documents[: overview.LOOKED_AT]]
        window = Window(self._known, self._of_articles(newest), documents)
        window.load(range(len(window.ids)))
        return overview.product_page(window, name)

    def identifier(self, text: str) -> Token | None:
        return identifier_page.recognised(self._words, text)

    def identifier_page(self, token: Token) -> CodePage | None:
        found = self._finder.holding(token.term, SHOWN, most=HOLDING)
        window = Window(self._known, found)
        rows, weights = window.weights.column(token.term)
        heaviest = rows[np.argsort(-weights, kind="stable")][: identifier_page.READ * 2]
        window.load(heaviest.tolist())
        return identifier_page.code_page(window, token)

    def near(self, text: str) -> tuple[Recognised, ...]:
        return identifier_page.near(
            self._words, text, lambda _, start: identifier_page.beginning(self._beginning(start), start)
        )

    def codes_of(self, article: Article) -> tuple[Recognised, ...]:
        window = Window(self._known, self._of_articles([key_of(article.path)], identifier_page.READ))
        number = window.number_of(article.path)
        window.load(range(len(window.ids)))
        return identifier_page.common_codes(window, [number])

    # --- words ---

    def tokens(self, text: str) -> list[Token]:
        return self._words.tokenizer.tokens(text)

    def frequency(self, term: str) -> int:
        return self._words.weights.df(term)

    def vector(self, text: str) -> dict[str, float]:
        return vector(self._words, text)

    def marker(self, words: str) -> Marker:
        return marker(self._words, words)

    # --- who asks ---

    def seen_by(self, sight: Sight) -> "OpenSearchEngine":
        if sight == EVERYTHING:
            return self
        try:
            return self._seen.get(sight, lambda: self._narrowed(sight)) or self
        except EngineError as error:
            return cast(OpenSearchEngine, Unreachable(self._files, sight, error))

    def _narrowed(self, sight: Sight) -> "OpenSearchEngine | None":
        finder = self._finder.seen_by(sight)
        return None if finder.sees_all() else OpenSearchEngine(self._told, self._known.narrowed(finder), self._files)

    # --- the build ---

    def build(self) -> Build:
        told = self._told
        if self._known.passages is None:
            counts, problems = (told["articles"], told["passages"]), tuple(told["problems"])
        else:
            counts, problems = (self._finder.count_articles(), self._known.passages), ()
        return Build(told["name"], *counts, told["built"], 0, problems)

    def coverage(self, encoder: str) -> Coverage:
        reason = say("OpenSearch 上不按语义搜索", "no search by meaning on OpenSearch")
        return Coverage("", reason, 0, self.build().passages)

    def check(self) -> None:
        self._finder.counts([ALL])

    # --- the same with a change ---

    def with_synonyms(self, lines: str) -> "OpenSearchEngine":
        synonyms = Synonyms(joined(self._known.synonyms, parse_synonyms(lines).table))
        return OpenSearchEngine(self._told, self._known.with_synonyms(synonyms), self._files)

    def without(self, paths: Collection[str]) -> "OpenSearchEngine":
        return OpenSearchEngine(self._told, self._known.asking(self._finder.lacking(map(key_of, paths))), self._files)

    def copied(self, folder: Path) -> None:
        """Nothing of the cluster is of use to a build of this machine: it analyses all articles."""

    def opened(self, folder: Path) -> EmbeddedEngine:
        return EmbeddedEngines(folder).in_force()


class OpenSearchBackend:
    """What any engine answers inside, as kb.search.backend.Backend; numbers are given as passages are met."""

    def __init__(self, engine: OpenSearchEngine) -> None:
        self._engine = engine
        self._finder = engine.known.finder
        self._passages: list[str] = []
        self._articles: list[str] = []

    def candidates(self, weights: Mapping[str, float], k: int, where: Any = None) -> list[Any]:
        from kb.search.backend import Candidate

        condition = ALL if where is None else self._finder.conditions.of(where)
        window = Window(self._engine.known, self._finder.found([(weights, condition)], k=max(k, RANKED)))
        found = window.candidates(weights, k)
        return [
            Candidate(
                self._number(self._passages, window.ids[c.passage]),
                self._number(self._articles, window.paths[c.article]),
                c.parts,
            )
            for c in found
        ]

    @staticmethod
    def _number(known: list[str], name: str) -> int:
        if name not in known:
            known.append(name)
        return known.index(name)

    def dfs(self, terms: Sequence[str]) -> list[int]:
        return Window(self._engine.known).dfs(terms)

    def idfs(self, terms: Iterable[str]) -> dict[str, float]:
        return Window(self._engine.known).idfs(terms)

    def counts(self, nodes: Sequence[Any]) -> list[int]:
        return self._finder.counts([self._finder.conditions.of(node) for node in nodes])

    def count(self, where: Any = None) -> int:
        return self._finder.articles_with([ALL if where is None else self._finder.conditions.of(where)])[0]

    def facet_counts(self, names: Iterable[str], where: Any = None) -> dict[str, tuple[tuple[str, int], ...]]:
        condition = ALL if where is None else self._finder.conditions.of(where)
        aggs = {n: {"terms": {"field": facet_field(n), "size": VALUES}, "aggs": ARTICLES} for n in names}
        (answer,) = self._finder.ask([{"size": 0, "query": self._finder.among("p", condition), "aggs": aggs}])
        return {name: counted(answer["aggregations"][name]["buckets"]) for name in aggs}

    def passage(self, number: int) -> Any:
        id_ = self._passages[number]
        return self._finder.texts([id_])[id_]

    def article(self, number: int) -> Article:
        return self._engine.article(self._articles[number])

    def body(self, number: int) -> str:
        return self._engine.body(self.article(number))

    def number_of(self, name: str) -> int:
        return self._number(self._articles, self._engine.article(name).path)


class OpenSearchEngines:
    """The builds of a base in the cluster, as kb.search.engine.Engines."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._client = Client(settings)
        self._follower = Follower(self._client, settings.index)
        self._engine: OpenSearchEngine | None = None

    def state(self) -> EngineState:
        state = self._client.state()
        if state.answers:
            try:
                self.in_force()
            except (BundleError, EngineError) as error:
                return EngineState("unavailable", False, str(error))
        return state

    def in_force(self) -> OpenSearchEngine:
        told = self._follower.told()
        if told is None:
            raise NoBundleError(
                say(
                    "集群里还没有索引；先运行 kb build",
                    "there is no index in the cluster yet; run kb build first",
                )
            )
        engine = self._engine
        if engine is None or engine._told["serial"] != told["serial"]:
            engine = self._engine = opened(self._client, self._settings, told)
        return engine


def opened(client: Client, settings: Settings, told: Mapping[str, Any]) -> OpenSearchEngine:
    """The engine of a build. Raises StaleBundleError, EngineError."""
    if told["layout"] != LAYOUT:
        raise StaleBundleError(
            say("集群里的索引是别的版本建的；运行 kb build", "the index was built by another version; run kb build")
        )
    bundles = fetched(client, settings.index, told["snapshots"])
    newest = bundles[-1]
    tokenizer = tokenizer_of(tuple(newest.json("dictionary.json")))
    newest.check_cut(tokenizer.fingerprint)
    words = [bundle.lines("words.txt") for bundle in bundles]
    statistics = Statistics(bundles, told["rows"])
    known = Known(Finder(client, words), tokenizer, Synonyms(newest.json("synonyms.json")), statistics,
                  float(told["threshold"]))  # fmt: skip
    return OpenSearchEngine(told, known, Files(settings, bundles))
