"""This module answers a search: the query tree decides which articles, the weights decide in which order."""

import re
import time
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from kb.model import FACETS, Hit, Page, Query
from kb.search import spelling
from kb.search.confidence import confidence
from kb.search.explain import matches
from kb.search.index import Index
from kb.search.query import And, Node, Not, Or, Parsed, Pattern, Phrase, Range, Value, Words, parse
from kb.search.ranking import Scores, rarity, top
from kb.search.snippets import Highlighter, phrase_pattern, place, wildcard_pattern
from kb.search.terms import MAX_TEXT, Group, QueryTerms, read
from kb.tokens import HAN, fold

Mask = NDArray[np.bool_]

HIDDEN_STATUSES = ("draft", "archived")
"""Shown only to who asks for them by status."""
KEYWORDS = 3
"""Up to so many words are keywords and every one is required; more are a sentence, of which SENTENCE_SHARE is."""
SENTENCE_SHARE = 0.8
"""By rarity, divided by the number of words: about one word of them all. Ranking is the better judge of a sentence:
asking for 0.3 of it whatever its length costs 0.20 / 0.01 / 0.06 nDCG@10 by searching on the sets of kb.fields."""
MAX_GROUPS = 400
"""Words of one query that are looked up, each a mask over all passages; a pasted log has thousands."""
FEW = 3
"""Articles found; below it, another spelling may be meant."""
_CHINESE = re.compile(f"[{HAN}]+")
MAX_SIZE = 100
MAX_PAGE = 1000


def search(index: Index, query: Query) -> Page:
    """Find articles. Never raises on any text."""
    started = time.perf_counter()
    size, number = min(max(query.size, 1), MAX_SIZE), min(max(query.page, 1), MAX_PAGE)
    parsed = parse(query.text[:MAX_TEXT])
    question = _Question(index, parsed)
    allowed = _allowed(index, query, question)
    found = question.articles()
    widened = False
    if not found.any() and question.can_widen():
        widened = True
        found = question.articles(any_word=True)
    widened = widened or question.is_sentence()
    filtered = {name: index.facets[name].having(values) for name, values in query.filters.items() if values}
    shown = found & allowed
    for mask in filtered.values():
        shown &= mask
    total = int(shown.sum())
    hits = _hits(index, query, question, shown, size, number)
    better = "" if parsed.notes else spelling.better_query(index, query.text, few=total < FEW or widened)
    return Page(
        query=replace(query, size=size, page=number),
        total=total,
        hits=hits,
        facets=_facets(index, found & allowed, filtered),
        milliseconds=(time.perf_counter() - started) * 1e3,
        widened=widened and total > 0,
        suggestion=better,
        notes=parsed.notes,
        hidden=int((found & _by_status(index, question)).sum()) if not total else 0,
    )


def _by_status(index: Index, question: "_Question") -> Mask:
    if question.asks_status:
        return np.ones(len(index.articles), bool)
    return ~index.facets["status"].having(HIDDEN_STATUSES)


def _allowed(index: Index, query: Query, question: "_Question") -> Mask:
    """Articles by status and by the bounds on their date."""
    allowed = np.ones(len(index.articles), bool) if query.filters.get("status") else _by_status(index, question)
    for bound, keep in ((query.after, np.greater_equal), (query.before, np.less_equal)):
        if bound is not None:
            days = index.days("updated")
            allowed = allowed & (days > 0) & keep(days, bound.toordinal())
    return allowed


def _facets(index: Index, found: Mask, filtered: dict[str, Mask]) -> dict[str, tuple[tuple[str, int], ...]]:
    """Counts under all filters but the facet's own, so that its other values stay to be chosen."""
    out = {}
    for name in FACETS:
        mask = found
        for other, having in filtered.items():
            if other != name:
                mask = mask & having
        out[name] = index.facets[name].counts(mask)
    return out


def _hits(index: Index, query: Query, question: "_Question", shown: Mask, size: int, number: int) -> tuple[Hit, ...]:
    """One page of hits, in the order that was asked for."""
    scores = question.scores()
    best = index.best(scores)
    if query.sort in ("updated", "created"):
        candidates = np.flatnonzero(shown)
        days = index.days(query.sort)[candidates]
        order = candidates[np.lexsort((candidates, -best[candidates], -days))]
    else:
        # An article that only a field or a phrase found has no score, yet it was found.
        ranked = np.where(shown, best + np.float32(1e-6), np.float32(0))
        if not question.terms.weights:
            ranked = np.where(shown, index.days("updated") + 1, 0).astype(np.float32)
        order = top(ranked, size * number)
    chosen = order[size * (number - 1) : size * number]
    marker = question.highlighter()
    passages = question.passages()
    return tuple(_hit(index, question, int(a), scores, passages, marker) for a in chosen)


def _hit(index: Index, question: "_Question", number: int, scores: Scores, passages: Mask, marker: Highlighter) -> Hit:
    article = index.articles[number]
    start, end = int(index.first[number]), int(index.first[number + 1])
    inside = passages[start:end]
    # Among passages that match as a whole the best; else the best of all.
    local = np.where(inside, scores[start:end] + 1e-6, 0) if inside.any() else scores[start:end]
    chosen = start + int(np.argmax(local))
    passage = index.passage(chosen)
    snippet, section = marker.snippet(passage)
    heading, anchor = place(passage, section)
    return Hit(
        article=article,
        anchor=anchor,
        heading=heading,
        score=confidence(index, chosen, question.terms, scores),
        title=marker.mark(article.title),
        snippet=snippet,
        matches=matches(index, article, chosen, passage, question.terms),
        passages=int(inside.sum()),
    )


class _Question:
    """A parsed query against one index: masks over passages and articles, computed once."""

    def __init__(self, index: Index, parsed: Parsed) -> None:
        self._index = index
        self._root = parsed.root
        self._leaves = _leaves(parsed.root)
        self._texts = _texts(self._leaves)
        self.terms: QueryTerms = read(" ".join(self._texts), index.tokenizer, index.synonyms)
        self.asks_status = any(n.field == "status" for n in self._leaves if isinstance(n, Value))
        self._groups_of: dict[Words, tuple[Group, ...]] = {}
        self._group_masks: dict[Group, Mask] = {}
        self._contained: list[str] = []
        self._passages: Mask | None = None

    def articles(self, any_word: bool = False) -> Mask:
        """Articles with a passage for which the query holds; with any_word one word of the query is enough."""
        if self._root is None:
            return np.ones(len(self._index.articles), bool)
        self._passages = self._mask(self._root, any_word)
        return self._index.any_passage(self._passages)

    def passages(self) -> Mask:
        if self._passages is None:
            return np.ones(len(self._index.article_of), bool)
        return self._passages

    def can_widen(self) -> bool:
        """More than one plain word, so that some of them may be given up."""
        return sum(len(self._groups(n)) for n in self._leaves if isinstance(n, Words)) > 1

    def is_sentence(self) -> bool:
        """So many words that not all of them are required."""
        return any(len(self._groups(n)) > KEYWORDS for n in self._leaves if isinstance(n, Words))

    def scores(self) -> Scores:
        return self._index.weights.scores(self.terms.weights)

    def highlighter(self) -> Highlighter:
        """Marks the query's words, synonyms, phrases and patterns."""
        weights = self._index.weights.rarities(self.terms.shown())
        patterns = [phrase_pattern(n.text) for n in self._leaves if isinstance(n, Phrase)]
        patterns += [wildcard_pattern(n.text) for n in self._leaves if isinstance(n, Pattern)]
        patterns += [phrase_pattern(text) for text in self._contained]
        return Highlighter(self._index.tokenizer, weights, tuple(p for p in patterns if p))

    def _mask(self, node: Node, any_word: bool) -> Mask:
        fulltext = self._index.fulltext
        if isinstance(node, Words):
            groups = self._groups(node)
            masks = [self._group(g, len(groups) <= KEYWORDS) for g in groups]
            if not masks:
                return fulltext.phrase(Phrase(node.text))
            if any_word:
                return _any_of(masks)
            return _enough(masks) if len(masks) > KEYWORDS else _all_of(masks)
        if isinstance(node, (And, Or)):
            masks = [self._mask(child, any_word) for child in node.children]
            return _all_of(masks) if isinstance(node, And) else _any_of(masks)
        if isinstance(node, Not):
            return ~self._mask(node.child, any_word=False)
        if isinstance(node, Phrase):
            return fulltext.phrase(node)
        if isinstance(node, Pattern):
            return fulltext.pattern(node)
        if isinstance(node, Range):
            return fulltext.range(node)
        assert isinstance(node, Value)
        return fulltext.value(node)

    def _groups(self, node: Words) -> tuple[Group, ...]:
        """The words of a node, each once."""
        if node not in self._groups_of:
            groups = read(node.text, self._index.tokenizer, self._index.synonyms).groups
            distinct = {tuple(tuple(t.term for t in tokens) for tokens in g.alternatives): g for g in reversed(groups)}
            self._groups_of[node] = tuple(reversed(distinct.values()))[:MAX_GROUPS]
        return self._groups_of[node]

    def _group(self, group: Group, keyword: bool) -> Mask:
        if group not in self._group_masks:
            self._group_masks[group] = self._group_mask(group, keyword)
        return self._group_masks[group]

    def _group_mask(self, group: Group, keyword: bool) -> Mask:
        weights = self._index.weights
        mask = np.zeros(weights.passages, bool)
        for tokens in group.alternatives:
            every = np.ones(weights.passages, bool)
            for token in tokens:
                one = np.zeros(weights.passages, bool)
                one[weights.column(token.term)[0]] = True
                every &= one
            mask |= every
        if keyword and (not mask.any() or _CHINESE.fullmatch(group.text)):
            # The word may stand inside what was cut another way: 卡 in 卡纸, 打印 in 打印机; or begin one: connec.
            inside = self._index.fulltext.phrase(Phrase(group.text))
            if not (mask | inside).any() and group.text.isascii() and group.text.isalpha() and len(group.text) > 2:
                inside = self._index.fulltext.pattern(Pattern(group.text + "*"))
            if inside.any():
                self._contained.append(group.text)
            mask |= inside
        return mask


def _enough(masks: list[Mask]) -> Mask:
    """Passages that hold enough of a sentence, its words weighed by how rare they are."""
    rarities = [rarity(int(mask.sum()), len(mask)) for mask in masks]
    held = np.zeros(len(masks[0]), np.float32)
    for mask, weight in zip(masks, rarities, strict=True):
        held[mask] += weight
    asked = sum(r for r, m in zip(rarities, masks, strict=True) if m.any())
    enough: Mask = held >= SENTENCE_SHARE / len(masks) * asked - 1e-3
    return enough & (held > 0)


def _all_of(masks: list[Mask]) -> Mask:
    combined: Mask = np.logical_and.reduce(masks)
    return combined


def _any_of(masks: list[Mask]) -> Mask:
    combined: Mask = np.logical_or.reduce(masks)
    return combined


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
