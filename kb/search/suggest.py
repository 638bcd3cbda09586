"""This module answers a paste: ranked fixes with reasons, or an honest "nothing similar"."""

import math
import time
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import replace

from kb.identifiers import SHOWN_KINDS
from kb.model import Answer, Passage, Recalled, Recognised, Section, Suggestion, Suggestions
from kb.search import spelling
from kb.search.confidence import MEDIUM, RELATED, band, confidence, remembering
from kb.search.evidence import Evidence
from kb.search.explain import matches
from kb.search.faults import split
from kb.search.index import Index
from kb.search.questions import Candidate, affirmed, questions, updated
from kb.search.ranking import Scores, top
from kb.search.remembered import Remembered, reason
from kb.search.snippets import Highlighter, place
from kb.search.terms import MAX_TEXT, QueryTerms, read
from kb.search.threshold import THRESHOLD

MAX_TERMS = 400
"""Distinct terms that are looked up, the most telling ones: a hundred kB of log has thousands."""
MAX_LINES = 500
COUNT = 5
FIX_ROLES = ("fix", "answer")


def suggest(
    index: Index,
    text: str,
    count: int = COUNT,
    answers: Sequence[Answer] = (),
    exact: bool = False,
    remembered: Remembered | None = None,
    products: Sequence[str] = (),
) -> Suggestions:
    """Find the articles that hold the fix for what a text describes. Never raises on any text.

    answers: to questions of before. A no lowers an article, it hides none that the text alone suggests.
    exact: misspelled words are taken as they stand. remembered: what was said of articles after other pastes.
    products: those that the case is about, as far as that is known.
    """
    started = time.perf_counter()
    whole = _suggest(index, text, count, answers, exact, remembered, products)
    if not answers:
        whole = _apart(
            whole,
            [(piece, _suggest(index, piece, count, (), exact, remembered, products)) for piece in split(text)],
            count,
        )
    return replace(whole, milliseconds=(time.perf_counter() - started) * 1e3)


def _apart(whole: Suggestions, pieces: Sequence[tuple[str, Suggestions]], count: int) -> Suggestions:
    """The answer to a text whose pieces tell of several faults: the best of each in turn.

    They do when at least two have answers of their own that differ; else they tell of one fault, step by step.
    """
    told = [(text, p) for text, p in pieces if p.suggestions and p.suggestions[0].score >= MEDIUM]
    if len({p.suggestions[0].article.id for _, p in told}) < 2:
        return whole
    merged: dict[str, Suggestion] = {}
    for turn in range(count):
        for number, (_, piece) in enumerate(told, 1):
            for s in piece.suggestions[turn : turn + 1]:
                merged.setdefault(s.article.id, replace(s, fault=number))
    related = {s.article.id: s for p in (whole, *(p for _, p in told)) for s in p.related if s.article.id not in merged}
    return replace(
        whole,
        suggestions=tuple(merged.values())[: max(count, len(told))],
        related=tuple(related.values())[:count],
        best=max(p.best for _, p in told),
        faults=tuple(text for text, _ in told),
        questions=(),
    )


def _suggest(
    index: Index,
    text: str,
    count: int,
    answers: Sequence[Answer],
    exact: bool,
    remembered: Remembered | None,
    products: Sequence[str],
) -> Suggestions:
    """suggest() of a text as one fault."""
    truncated = len(text) > MAX_TEXT
    text = text[:MAX_TEXT]
    terms = read_paste(index, text, exact, products)
    scores = index.scores(terms)
    recalled = _recalled(index, terms, scores, remembered)
    depth = max(count, 10)
    candidates = _candidates(index, terms, scores, scores, depth, recalled)
    shown = {c.article for c in candidates if c.score >= index.threshold}
    seen = terms
    if yes := affirmed(answers):
        seen = read_paste(index, f"{yes}\n{text}", exact, products)
        known = {c.article for c in candidates}
        confirmed = index.scores(seen)
        more = _candidates(index, seen, confirmed, confirmed, depth, recalled)
        candidates += [c for c in more if c.article not in known]
    if any(a.answer != "unknown" for a in answers):
        candidates = updated(index, candidates, answers)
    chosen = [c for c in candidates if c.score >= index.threshold or c.article in shown][:count]
    kept = {c.article for c in chosen}
    near = [c for c in candidates if c.score >= THRESHOLD and c.article not in kept][:count]
    marker = Highlighter(index.tokenizer, index.weights.rarities(seen.shown()))
    passages = [c.passage for c in (*chosen, *near)]
    evidence = Evidence(index, seen, scores, passages)
    sure = {c.article: c.score for c in candidates}
    return Suggestions(
        suggestions=tuple(_suggestion(c, evidence, marker, recalled.get(c.article)) for c in chosen),
        related=tuple(replace(_suggestion(c, evidence, marker, recalled.get(c.article)), band=RELATED) for c in near),
        best=round(max(sure.values(), default=0.0), 3),
        identifiers=_identifiers(index, text, terms),
        areas=_votes(index, "area", sure),
        causes=_votes(index, "cause", sure),
        lines=_lines(text, Evidence(index, terms, scores, [c.passage for c in chosen])),
        milliseconds=0,
        truncated=truncated,
        questions=questions(index, chosen, terms, answers),
        answers=tuple(answers),
        corrections=spelling.shown(text, terms.corrections),
    )


def _candidates(
    index: Index, terms: QueryTerms, scores: Scores, order: Scores, count: int, recalled: Mapping[int, Recalled]
) -> list[Candidate]:
    """The best articles in an order of passages, each as sure as a paste's terms, scores and memory make it; what
    helped before is one of them."""
    best = top(_lifted(index, order, recalled), count).tolist()
    best += [a for a, found in recalled.items() if found.evidence > 0 and a not in best]
    ranked = [(a, index.best_passage(a, order)) for a in best]
    sure = confidence(Evidence(index, terms, scores, [p for _, p in ranked]))
    return [
        Candidate(a, p, remembering(sure[p], recalled[a].evidence) if a in recalled else sure[p]) for a, p in ranked
    ]


def _recalled(index: Index, terms: QueryTerms, scores: Scores, remembered: Remembered | None) -> Mapping[int, Recalled]:
    """What is remembered of articles for a paste, by position."""
    if not remembered:
        return {}
    best = index.best(scores)
    first = [index.best_passage(int(a), scores) for a in top(best, 1)]
    covered = Evidence(index, terms, scores, first).coverage().max(initial=0)
    return remembered.recall(index, terms, best, float(covered))


def _lifted(index: Index, scores: Scores, recalled: Mapping[int, Recalled]) -> Scores:
    """The best score of each article, with what memory adds to it."""
    best = index.best(scores)
    for article, found in recalled.items():
        best[article] += found.lift
    return best


def rank(index: Index, text: str, count: int, remembered: Remembered | None = None) -> list[tuple[int, float]]:
    """The articles suggest() looks at, without a threshold: (position, score), best first."""
    terms = read_paste(index, text)
    scores = index.scores(terms)
    best = _lifted(index, scores, _recalled(index, terms, scores, remembered))
    return [(int(a), float(best[a])) for a in top(best, count)]


def read_paste(index: Index, text: str, exact: bool = False, products: Sequence[str] = ()) -> QueryTerms:
    """The terms of a text, corrected unless exact, the most telling MAX_TERMS of them. products: what it is about."""
    corrections = () if exact else spelling.check(index, text)
    terms = read(text, index.tokenizer, index.synonyms, corrections, index.weights.spread)
    known = index.products.named(terms.tokens) | index.products.like(products, index.tokenizer)
    terms = replace(terms, by_meaning=True, products=known)
    if len(terms.weights) <= MAX_TERMS:
        return terms
    rarities = index.weights.rarities(terms.weights)
    held = index.weights.dfs(list(terms.weights))
    telling = sorted(
        zip(terms.weights, held, strict=True), key=lambda p: -terms.weights[p[0]] * rarities[p[0]] * (p[1] > 0)
    )
    kept = {t: terms.weights[t] for t, _ in telling[:MAX_TERMS]}
    tokens = tuple(t for t in terms.tokens if t.term in kept)
    return replace(terms, weights=kept, tokens=tokens, quiet=frozenset())


def _suggestion(candidate: Candidate, evidence: Evidence, marker: Highlighter, recalled: Recalled | None) -> Suggestion:
    index = evidence.index
    article, passage = index.articles[candidate.article], index.passage(candidate.passage)
    snippet, section = marker.snippet(passage)
    heading, anchor = place(passage, section)
    reasons = matches(evidence, candidate.passage)
    fix, fix_anchor = fix_of(passage, section, index.body(candidate.article))
    return Suggestion(
        article=article,
        anchor=anchor,
        heading=heading,
        score=round(candidate.score, 3),
        band=band(candidate.score),
        fix=fix,
        fix_anchor=fix_anchor,
        snippet=snippet,
        matches=reasons if recalled is None else (reason(recalled), *reasons),
        remembered=recalled,
        factor=round(candidate.factor, 2),
    )


def fix_of(passage: Passage, section: Section | None, body: str) -> tuple[str, str]:
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
            known = int(index.holding(token.term).sum())
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


def _lines(text: str, evidence: Evidence) -> tuple[tuple[str, bool], ...]:
    """The lines of a paste, and whether the suggested passages explain each.

    They do when they hold a quarter of its words, by their rarity, or as much as half of the rarest word there can be.
    """
    terms, weights = evidence.query, evidence.index.weights
    explained = evidence.explained()
    rarity = weights.rarities(terms.weights)
    enough = math.log1p(weights.passages) / 2
    out = []
    tokens = iter(sorted((t for t in terms.tokens if not t.part), key=lambda t: t.start))
    token = next(tokens, None)
    position = 0
    for line in text.split("\n"):
        end = position + len(line)
        words: set[str] = set()
        while token is not None and token.start < end:
            if token.start >= position and token.term in rarity:
                words.add(token.term)
            token = next(tokens, None)
        if line.strip():
            held = sum(rarity[w] for w in words & explained)
            out.append((line.rstrip(), held > 0 and held >= min(sum(rarity[w] for w in words) / 4, enough)))
        position = end + 1
    return tuple(out[:MAX_LINES])
