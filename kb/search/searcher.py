"""This module answers a search: the query tree decides which articles, the weights decide in which order."""

import re
import time
from collections.abc import Hashable, Mapping, Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from kb.language import current
from kb.model import MAX_PAGE, MAX_SIZE, MAX_TEXT, Correction, Hit, Page, Place, Query
from kb.model.schema import FACETS
from kb.search import spelling
from kb.search.confidence import confidence
from kb.search.corpus import Corpus
from kb.search.evidence import Evidence
from kb.search.explain import matches
from kb.search.filters import Mask
from kb.search.query import And, Enough, Near, Node, Not, Or, Parsed, Pattern, Phrase, Term, Value, Words, parse
from kb.search.query_terms import Group, QueryTerms, groups, read
from kb.search.ranking import Scores, rarity, top
from kb.search.scoring import Lift
from kb.search.snippets import Highlighter, below, phrase_pattern, place, wildcard_pattern
from kb.text.tokens import HAN, fold

KEYWORDS = 3
"""Up to so many words are keywords and every one is required; more are a sentence, of which SENTENCE_SHARE is."""
SENTENCE_SHARE = 0.8
"""By rarity, divided by the number of words: about one word of them all. Ranking is the better judge of a sentence:
asking for 0.3 of it whatever its length costs 0.20 / 0.01 / 0.06 nDCG@10 by searching on the sets of
kb.bundle.fields."""
MAX_GROUPS = 400
"""Words of one query that are looked up, each a mask over all passages; a pasted log has thousands."""
MEANS = 0.5
MOST_NEAR = 10
"""Cosine from which on a passage means what a sentence says, and how many are found by it alone."""
FEW = 3
"""Articles found; below it, another spelling may be meant."""
_CHINESE = re.compile(f"[{HAN}]+")
MORE_SECTIONS = 2
"""Sections of an article that are shown beside its best one."""


_PLAIN = tuple(name for name in Query.__dataclass_fields__ if name != "filters")


def search(index: Corpus, query: Query, uses: Mapping[str, int] | None = None) -> Page:
    """Find articles. uses: how often each article helped, by number, for the order "used". Never raises on any text."""
    started = time.perf_counter()
    uses = uses if uses and query.sort == "used" else {}
    page = index.recent.get((index.meaning.state(), *asked_as(query, uses)), lambda: _search(index, query, uses))
    return replace(page, milliseconds=(time.perf_counter() - started) * 1e3)


def asked_as(query: Query, uses: Mapping[str, int]) -> tuple[Hashable, ...]:
    """What an answer depends on, beside what is searched."""
    filters, counts = tuple(sorted(query.filters.items())), tuple(sorted(uses.items()))
    return (current(), filters, counts, *(getattr(query, name) for name in _PLAIN))


def _search(index: Corpus, query: Query, uses: Mapping[str, int]) -> Page:
    size, number = min(max(query.size, 1), MAX_SIZE), min(max(query.page, 1), MAX_PAGE)
    parsed = parse(query.text[:MAX_TEXT])
    matcher = Matcher(index, parsed, query.exact)
    allowed = within_bounds(index, query, matcher)
    found, widened = matcher.found()
    widened = widened or matcher.is_sentence()
    filtered = {name: index.facets[name].having(values) for name, values in query.filters.items() if values}
    shown = found & allowed
    for mask in filtered.values():
        shown &= mask
    total = int(shown.sum())
    hits = _hits(index, query, matcher, shown, uses, size, number)
    corrections = matcher.terms.corrections
    applied = {c.typed for c in corrections}
    better = "" if parsed.notes else spelling.better_query(index, query.text, total < FEW or widened, applied)
    return Page(
        query=replace(query, size=size, page=number),
        total=total,
        hits=hits,
        facets=_facets(index, found & allowed, filtered),
        milliseconds=0,
        widened=widened and total > 0,
        suggestion=better,
        corrections=spelling.shown(" ".join(matcher.texts), corrections),
        notes=parsed.notes,
        hidden=int((found & _by_status(index, matcher)).sum()) if not total else 0,
    )


def _by_status(index: Corpus, matcher: "Matcher") -> Mask:
    return index.live if matcher.asks_status else index.visible


def within_bounds(index: Corpus, query: Query, matcher: "Matcher") -> Mask:
    """Articles by status and by the bounds on their date."""
    allowed = index.live if query.filters.get("status") else _by_status(index, matcher)
    for bound, keep in ((query.after, np.greater_equal), (query.before, np.less_equal)):
        if bound is not None:
            days = index.days("updated")
            allowed = allowed & (days > 0) & keep(days, bound.toordinal())
    return allowed


def _facets(index: Corpus, found: Mask, filtered: dict[str, Mask]) -> dict[str, tuple[tuple[str, int], ...]]:
    """Counts under all filters but the facet's own, so that its other values stay to be chosen."""
    out = {}
    for name in FACETS:
        mask = found
        for other, having in filtered.items():
            if other != name:
                mask = mask & having
        out[name] = index.facets[name].counts(mask)
    return out


def _hits(
    index: Corpus, query: Query, matcher: "Matcher", shown: Mask, uses: Mapping[str, int], size: int, number: int
) -> tuple[Hit, ...]:
    """One page of hits."""
    lifted: dict[str, Lift] = {}
    scores = matcher.scores(lifted)
    chosen = in_order(index, query, matcher, shown, scores, size * number, uses)[size * (number - 1) :]
    return shown_hits(index, matcher, chosen.tolist(), matcher.passages(), scores, lifted)


def shown_hits(
    index: Corpus,
    matcher: "Matcher",
    chosen: Sequence[int],
    passages: Mask,
    scores: Scores,
    lifted: Mapping[str, Lift],
) -> tuple[Hit, ...]:
    """Articles as they are shown. passages: those for which the query holds; scores: of all; lifted: by each step."""
    best = {a: _best_passage(index, a, scores, passages) for a in chosen}
    evidence = Evidence(index, matcher.terms, scores, list(best.values()), lifted)
    sure = confidence(evidence)
    marker = matcher.highlighter()
    matching = {a: np.flatnonzero(passages[index.first[a] : index.first[a + 1]]) + index.first[a] for a in best}
    return tuple(_hit(a, p, sure[p], matching[a], scores, evidence, marker) for a, p in best.items())


def in_order(
    index: Corpus,
    query: Query,
    matcher: "Matcher",
    shown: Mask,
    scores: Scores,
    count: int,
    uses: Mapping[str, int],
) -> NDArray[np.int64]:
    """The first so many of the articles to show, in the order that was asked for. scores: of passages."""
    best = index.best(scores)
    if query.sort != "relevance":
        candidates = np.flatnonzero(shown)
        values = _counts(index, uses) if query.sort == "used" else index.days(query.sort)
        order: NDArray[np.int64] = candidates[np.lexsort((candidates, -best[candidates], -values[candidates]))]
        return order[:count]
    # An article that only a field or a phrase found has no score, yet it was found.
    ranked = np.where(shown, best + np.float32(1e-6), np.float32(0))
    if not matcher.terms.weights:
        ranked = np.where(shown, index.days("updated") + 1, 0).astype(np.float32)
    return top(ranked, count)


def _counts(index: Corpus, uses: Mapping[str, int]) -> NDArray[np.int64]:
    """How often each article of the index helped; one that is gone counts nowhere."""
    out = np.zeros(len(index.articles), np.int64)
    positions = index.positions_of(list(uses))
    there = positions >= 0
    out[positions[there]] = np.fromiter(uses.values(), np.int64)[there]
    return out


def _best_passage(index: Corpus, article: int, scores: Scores, passages: Mask) -> int:
    """Among an article's passages that match as a whole the best; else the best of all."""
    start, end = int(index.first[article]), int(index.first[article + 1])
    inside = passages[start:end]
    local = np.where(inside, scores[start:end] + 1e-6, 0) if inside.any() else scores[start:end]
    return start + int(np.argmax(local))


def _hit(
    article: int,
    chosen: int,
    sure: float,
    matching: NDArray[np.int64],
    scores: Scores,
    evidence: Evidence,
    marker: Highlighter,
) -> Hit:
    """One article by the passage that was chosen of it. matching: its passages that do."""
    index = evidence.index
    passage = index.passage(chosen)
    snippet, section = marker.snippet(passage)
    found, reasons = index.articles[article], matches(evidence, chosen)
    heading, anchor = place(passage, section, found.title)
    return Hit(
        article=found,
        anchor=anchor,
        heading=heading,
        score=sure,
        title=marker.mark(found.title),
        snippet=snippet,
        matches=reasons,
        passages=len(matching),
        sections=_sections(index, chosen, matching, scores, found.title),
        alias=marker.best(found.aliases, found.title) if any(m.field == "alias" for m in reasons) else None,
    )


def _sections(index: Corpus, chosen: int, matching: NDArray[np.int64], scores: Scores, title: str) -> tuple[Place, ...]:
    """The best sections that match beside the one chosen, in the order of the article."""
    others = [int(p) for p in matching[np.argsort(-scores[matching], kind="stable")] if p != chosen]
    told = {index.passage(chosen).anchor: Place((), "")}
    for number in others[: 3 * MORE_SECTIONS]:
        passage = index.passage(number)
        heading = below(passage.heading, title)
        if heading and len(told) <= MORE_SECTIONS:
            told.setdefault(passage.anchor, Place(heading, passage.anchor))
    places = [p for p in told.values() if p.anchor]
    order = {index.passage(p).anchor: p for p in others}
    return tuple(sorted(places, key=lambda p: order[p.anchor]))


class Matcher:
    """A parsed query against one index: masks over passages and articles, computed once."""

    def __init__(self, index: Corpus, parsed: Parsed, exact: bool = False) -> None:
        self._index = index
        self.root = parsed.root
        self._leaves = _leaves(parsed.root)
        self.texts = _texts(self._leaves)
        self._groups_of: dict[Words, tuple[Group, ...]] = {}
        self._corrections: dict[str, tuple[Correction, ...]] = {}
        if not exact:
            plain = dict.fromkeys(n.text for n in self._leaves if isinstance(n, Words))
            self._corrections = {text: spelling.check(index, text) for text in plain}
        self.terms: QueryTerms = read(
            " ".join(self.texts), index.tokenizer, index.synonyms, self._all_corrections(), index.weights.spread
        )
        if isinstance(parsed.root, Words) and self.is_sentence():
            self.terms = replace(self.terms, by_meaning=True)
        self.asks_status = any(n.field == "status" for n in self._leaves if isinstance(n, Value))
        self._masks = index.masks
        self._conditions: dict[Group, Node] = {}
        self._contained: list[str] = []
        self._passages: Mask | None = None

    def _all_corrections(self) -> tuple[Correction, ...]:
        """Those of every text, placed in all texts with a blank between them."""
        found: list[Correction] = []
        position = 0
        for text in self.texts:
            here = self._corrections.get(text, ())
            found += [c._replace(start=c.start + position, end=c.end + position) for c in here]
            position += len(text) + 1
        return tuple(found)

    def articles(self, any_word: bool = False) -> Mask:
        """Articles with a passage for which the query holds; with any_word one word of the query is enough."""
        if self.root is None:
            return self._index.live
        self._passages = self._masks.of(self.condition(self.root, any_word)) & self._index.live_passages
        return self._index.any_passage(self._passages)

    def found(self) -> tuple[Mask, bool]:
        """Articles for which the query holds, or, where there is none, those with any of its words; which it was."""
        found = self.articles()
        if found.any() or not self.can_widen():
            return found, False
        return self.articles(any_word=True), True

    def passages(self) -> Mask:
        if self._passages is None:
            return np.ones(len(self._index.article_of), bool)
        return self._passages

    def can_widen(self) -> bool:
        """More than one plain word, so that some of them may be given up."""
        return sum(len(self.groups(n)) for n in self._leaves if isinstance(n, Words)) > 1

    def is_sentence(self) -> bool:
        """So many words that not all of them are required."""
        return any(len(self.groups(n)) > KEYWORDS for n in self._leaves if isinstance(n, Words))

    def scores(self, lifted: dict[str, Lift] | None = None) -> Scores:
        """Of all passages, also of articles that are not visible. lifted: see kb.search.scoring.scores."""
        return self._index.scores(self.terms, hidden=True, lifted=lifted)

    def highlighter(self) -> Highlighter:
        """Marks the query's words, synonyms, phrases and patterns."""
        weights = self._index.idfs(self.terms.shown())
        patterns = [phrase_pattern(n.text) for n in self._leaves if isinstance(n, Phrase)]
        patterns += [wildcard_pattern(n.text) for n in self._leaves if isinstance(n, Pattern)]
        patterns += [phrase_pattern(text) for text in self._contained]
        return Highlighter(self._index.tokenizer, weights, tuple(p for p in patterns if p))

    def holds(self, node: Node) -> Mask:
        """Passages for which a part of the query holds."""
        return self._masks.of(self.condition(node))

    def has(self, group: Group, keyword: bool) -> Mask:
        """Passages that hold a word. keyword: also where it stands inside what was cut another way."""
        return self._masks.of(self._said(group, keyword))

    def condition(self, node: Node, any_word: bool = False) -> Node:
        """A part of the query as what must hold of a passage: which of its words, and how many of them."""
        match node:
            case Words():
                return self._of_words(node, any_word)
            case And(children):
                return And(tuple(self.condition(child, any_word) for child in children))
            case Or(children):
                return Or(tuple(self.condition(child, any_word) for child in children))
            case Not(child):
                return Not(self.condition(child))
            case _:
                return node

    def _of_words(self, node: Words, any_word: bool) -> Node:
        asked = self.groups(node)
        if not asked:
            return Phrase(node.text)
        said = tuple(self._said(g, len(asked) <= KEYWORDS) for g in asked)
        if any_word:
            return Or(said)
        if len(asked) <= KEYWORDS:
            return And(said)
        enough = self._enough(said)
        return Or((enough, Near(self.terms.gist, MEANS, MOST_NEAR))) if self.terms.by_meaning else enough

    def _enough(self, said: tuple[Node, ...]) -> Node:
        """Enough of a sentence, its words weighed by how rare they are among those known."""
        held, known = self._masks.counts(said), self._index.weights.known
        rarities = tuple(rarity(n, known) for n in held)
        asked = sum(r for r, n in zip(rarities, held, strict=True) if n)
        return Enough(said, rarities, SENTENCE_SHARE / len(said) * asked - 1e-3)

    def groups(self, node: Words) -> tuple[Group, ...]:
        """The words of a node, each once."""
        if node not in self._groups_of:
            corrections = self._corrections.get(node.text, ())
            every = groups(node.text, self._index.tokenizer, self._index.synonyms, corrections)
            distinct = {tuple(tuple(t.term for t in tokens) for tokens in g.alternatives): g for g in reversed(every)}
            self._groups_of[node] = tuple(reversed(distinct.values()))[:MAX_GROUPS]
        return self._groups_of[node]

    def _said(self, group: Group, keyword: bool) -> Node:
        """What must hold of a passage that says a word."""
        if group not in self._conditions:
            self._conditions[group] = self._within(group) if keyword else _held(group)
        return self._conditions[group]

    def _within(self, group: Group) -> Node:
        """The same where it may stand inside what was cut another way, 卡 in 卡纸; or begin a word, connec."""
        held, masks = _held(group), self._masks
        if any(masks.counts([held])) and not _CHINESE.fullmatch(group.text):
            return held
        inside: Node = Phrase(group.text)
        begins = group.text.isascii() and group.text.isalpha() and len(group.text) > 2
        if begins and not any(masks.counts([held, inside])):
            inside = Pattern(group.text + "*")
        if any(masks.counts([inside])):
            self._contained.append(group.text)
            return Or((held, inside))
        return held


def _held(group: Group) -> Node:
    """All terms of one of the alternatives."""
    ways = [tuple(Term(token.term) for token in tokens) for tokens in group.alternatives if tokens]
    nodes = tuple(terms[0] if len(terms) == 1 else And(terms) for terms in ways) or (Phrase(group.text),)
    return nodes[0] if len(nodes) == 1 else Or(nodes)


def _leaves(node: Node | None) -> list[Node]:
    """All leaves of a tree but what stands behind a minus."""
    if node is None or isinstance(node, Not):
        return []
    if isinstance(node, (And, Or)):
        return [leaf for child in node.children for leaf in _leaves(child)]
    return [node]


def _texts(leaves: list[Node]) -> list[str]:
    """Texts of the query that an article is ranked by."""
    texts = []
    for leaf in leaves:
        if isinstance(leaf, (Words, Phrase)):
            texts.append(leaf.text)
        elif isinstance(leaf, Pattern):
            texts.append(" ".join(w for w in leaf.text.split("*") if len(fold(w).text) > 1))
    return texts
