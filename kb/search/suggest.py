"""This module answers a paste: ranked fixes with reasons, or an honest "nothing similar"."""

import time
from collections import defaultdict
from collections.abc import Sequence

import numpy as np

from kb.model import Passage, Recognised, Section, Suggestion, Suggestions
from kb.search.confidence import THRESHOLD, band, confidence
from kb.search.explain import matches
from kb.search.index import Index
from kb.search.ranking import Scores, top
from kb.search.searcher import HIDDEN_STATUSES
from kb.search.snippets import Highlighter, place
from kb.search.terms import MAX_TEXT, QueryTerms, read

MAX_TERMS = 400
"""Distinct terms that are looked up, the most telling ones: a hundred kB of log has thousands."""
MAX_LINES = 500
COUNT = 5
SHOWN_KINDS = frozenset(
    {"hex", "mac", "ip", "port", "cve", "standard", "version", "file", "path", "code", "model", "constant", "user"}
)
FIX_ROLES = ("fix", "answer")


def suggest(index: Index, text: str, count: int = COUNT) -> Suggestions:
    """Find the articles that hold the fix for what a text describes. Never raises on any text."""
    started = time.perf_counter()
    truncated = len(text) > MAX_TEXT
    text = text[:MAX_TEXT]
    terms = read_paste(index, text)
    scores = visible_scores(index, terms)
    best = index.best(scores)
    ranked = [int(a) for a in top(best, max(count, 10))]
    rated = [(a, index.best_passage(a, scores)) for a in ranked]
    sure = {a: confidence(index, p, terms, scores) for a, p in rated}
    marker = Highlighter(index.tokenizer, index.weights.rarities(terms.shown()))
    chosen = [(a, p) for a, p in rated if sure[a] >= THRESHOLD][:count]
    return Suggestions(
        suggestions=tuple(_suggestion(index, a, p, sure[a], terms, marker) for a, p in chosen),
        best=max(sure.values(), default=0.0),
        identifiers=_identifiers(index, text, terms),
        areas=_votes(index, "area", sure),
        causes=_votes(index, "cause", sure),
        lines=_lines(text, terms, index, [p for _, p in chosen]),
        milliseconds=(time.perf_counter() - started) * 1e3,
        truncated=truncated,
    )


def rank(index: Index, text: str, count: int) -> list[tuple[int, float]]:
    """The articles suggest() looks at, without a threshold: (position, score), best first."""
    terms = read_paste(index, text)
    best = index.best(visible_scores(index, terms))
    return [(int(a), float(best[a])) for a in top(best, count)]


def visible_scores(index: Index, terms: QueryTerms) -> Scores:
    """Scores of passages, zero for drafts and archived articles."""
    scores = index.weights.scores(terms.weights)
    hidden = index.facets["status"].having(HIDDEN_STATUSES)
    if hidden.any():
        scores[index.over_passages(hidden)] = 0
    return scores


def read_paste(index: Index, text: str) -> QueryTerms:
    """The terms of a text, the most telling MAX_TERMS of them."""
    terms = read(text, index.tokenizer, index.synonyms)
    if len(terms.weights) <= MAX_TERMS:
        return terms
    telling = sorted(terms.weights, key=lambda t: -terms.weights[t] * index.weights.rarity(t) * (t in index.weights))
    kept = {t: terms.weights[t] for t in telling[:MAX_TERMS]}
    return QueryTerms(kept, terms.via, terms.groups, tuple(t for t in terms.tokens if t.term in kept))


def _suggestion(
    index: Index, number: int, chosen: int, score: float, terms: QueryTerms, marker: Highlighter
) -> Suggestion:
    article, passage = index.articles[number], index.passage(chosen)
    snippet, section = marker.snippet(passage)
    heading, anchor = place(passage, section)
    fix, fix_anchor = _fix(passage, section, index.body(number))
    return Suggestion(
        article=article,
        anchor=anchor,
        heading=heading,
        score=round(score, 3),
        band=band(score),
        fix=fix,
        fix_anchor=fix_anchor,
        snippet=snippet,
        matches=matches(index, article, chosen, passage, terms),
    )


def _fix(passage: Passage, section: Section | None, body: str) -> tuple[str, str]:
    """The Markdown that tells what to do, and its anchor: of a case its fix, of a manual the section found."""
    told = [s for role in FIX_ROLES for s in passage.sections if s.role == role] or [
        s for s in passage.sections if s == section
    ]
    if not told:
        return passage.text.strip(), passage.anchor
    lines = body.split("\n")
    return "\n".join(lines[told[0].first : told[-1].last]).strip("\n"), told[0].anchor


def _identifiers(index: Index, text: str, terms: QueryTerms) -> tuple[Recognised, ...]:
    """Each identifier of the paste once, rarest first; unknown ones last."""
    found: dict[str, Recognised] = {}
    for token in terms.tokens:
        if token.kind in SHOWN_KINDS and not token.part and token.term not in found:
            rows, _ = index.weights.column(token.term)
            known = len(np.unique(index.article_of[rows]))
            found[token.term] = Recognised(text[token.start : token.end], token.kind, known)
    return tuple(sorted(found.values(), key=lambda r: (r.known == 0, r.known)))[:30]


def _votes(index: Index, name: str, sure: dict[int, float]) -> tuple[tuple[str, float], ...]:
    """Values of a facet among the best articles, each weighted by the square of its score: (value, share)."""
    votes: dict[str, float] = defaultdict(float)
    for number, score in sure.items():
        value = getattr(index.articles[number], name)
        if value and score >= THRESHOLD:
            votes[value] += score**2
    total = sum(votes.values())
    return tuple((v, round(n / total, 2)) for v, n in sorted(votes.items(), key=lambda p: -p[1])[:3])


def _lines(text: str, terms: QueryTerms, index: Index, passages: Sequence[int]) -> tuple[tuple[str, bool], ...]:
    """The lines of a paste, and whether one of the suggested passages holds a telling word of each."""
    explained: set[str] = set()
    for term in terms.weights:
        rows, _ = index.weights.column(term)
        if len(rows) and np.isin(passages, rows).any():
            explained.add(term)
    out = []
    tokens = iter(sorted((t for t in terms.tokens if not t.part), key=lambda t: t.start))
    token = next(tokens, None)
    position = 0
    for line in text.split("\n"):
        end = position + len(line)
        hit = False
        while token is not None and token.start < end:
            hit = hit or (token.start >= position and token.term in explained)
            token = next(tokens, None)
        if line.strip():
            out.append((line.rstrip(), hit))
        position = end + 1
    return tuple(out[:MAX_LINES])
