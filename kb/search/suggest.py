"""This module answers a paste: ranked fixes with reasons, or an honest "nothing similar"."""

import math
import time
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property, partial

import numpy as np
from numpy.typing import NDArray

from kb.model import (
    FIX_ROLES,
    MAX_TEXT,
    Answer,
    Band,
    Passage,
    Recalled,
    Recognised,
    Section,
    Suggestion,
    Suggestions,
    Token,
)
from kb.search import spelling
from kb.search.clarify import Candidate, affirmed, questions, updated
from kb.search.confidence import MEDIUM, band, confidence, remembering
from kb.search.corpus import Corpus
from kb.search.engine import COUNT
from kb.search.evidence import Evidence
from kb.search.explain import matches
from kb.search.faults import split
from kb.search.query_terms import QueryTerms, read
from kb.search.ranking import Scores
from kb.search.scoring import Lift
from kb.search.snippets import Highlighter, place
from kb.search.threshold import THRESHOLD
from kb.search.verdict_memory import Remembered, reason
from kb.text.excerpt import excerpt
from kb.text.identifiers import SHOWN_KINDS

MAX_TERMS = 400
"""Distinct terms that are looked up, the most telling ones: a hundred kB of log has thousands."""
MAX_LINES = 500


def suggest(
    index: Corpus,
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
    ask = partial(_found, index, count=count, exact=exact, remembered=remembered, products=products)
    told = excerpt(text)
    whole = ask(told, answers=answers)
    sure = [] if answers else _sure(ask, split(told))
    # Two answers that differ tell of two faults; else the pieces tell of one, step by step.
    several = len({piece.chosen[0].article for piece in sure}) > 1
    answer = _apart(whole, sure, count) if several else _together(whole)
    return replace(answer, truncated=len(text) > MAX_TEXT, milliseconds=(time.perf_counter() - started) * 1e3)


@dataclass(frozen=True)
class _Found:
    """What a text finds as one fault, before anything is told of it.

    terms: of the text; seen: with what was confirmed. scores: of all passages, for terms. candidates: the best
    articles; chosen: those of this fault; near: of the same topic. evidence: of all candidates, for seen.
    """

    text: str
    answers: Sequence[Answer]
    terms: QueryTerms
    seen: QueryTerms
    scores: Scores
    candidates: Sequence[Candidate]
    chosen: Sequence[Candidate]
    near: Sequence[Candidate]
    recalled: Mapping[int, Recalled]
    evidence: Evidence

    @cached_property
    def marker(self) -> Highlighter:
        """Marks what was asked for; suggestions and what is near share it."""
        index = self.evidence.index
        return Highlighter(index.tokenizer, index.idfs(self.seen.shown()))


def _found(
    index: Corpus,
    text: str,
    count: int,
    answers: Sequence[Answer] = (),
    exact: bool = False,
    remembered: Remembered | None = None,
    products: Sequence[str] = (),
) -> _Found:
    """What suggest() chooses from."""
    terms = seen = read_paste(index, text, exact, products)
    lifted: dict[str, Lift] = {}
    scores = index.scores(terms, lifted=lifted)
    recalled = _recalled(index, terms, scores, remembered)
    depth = max(count, 10)
    ranked = _ranked(index, scores, depth, recalled)
    evidence = Evidence(index, terms, scores, [p for _, p in ranked], lifted)
    candidates = _candidates(ranked, evidence, recalled)
    shown = {c.article for c in candidates if c.score >= index.threshold}
    if yes := affirmed(answers):
        seen = read_paste(index, text, exact, products, yes)
        confirmed = index.scores(seen)
        more = _ranked(index, confirmed, depth, recalled)
        known = {c.article for c in candidates}
        found = _candidates(more, Evidence(index, seen, confirmed, [p for _, p in more]), recalled)
        candidates += [c for c in found if c.article not in known]
        evidence = Evidence(index, seen, scores, [c.passage for c in candidates])
    if any(a.answer != "unknown" for a in answers):
        candidates = updated(index, candidates, answers)
    chosen = [c for c in candidates if c.score >= index.threshold or c.article in shown][:count]
    kept = {c.article for c in chosen}
    near = [c for c in candidates if c.score >= THRESHOLD and c.article not in kept][:count]
    return _Found(text, answers, terms, seen, scores, candidates, chosen, near, recalled, evidence)


def _sure(ask: Callable[[str], _Found], pieces: Sequence[str]) -> list[_Found]:
    """What the pieces of a text find that have an answer of their own; not all, where there can't be two of them."""
    sure: list[_Found] = []
    for left, piece in zip(range(len(pieces), 0, -1), pieces, strict=True):
        if len(sure) + left < 2:
            break
        found = ask(piece)
        if found.chosen and found.chosen[0].score >= MEDIUM:
            sure.append(found)
    return sure


def _together(found: _Found) -> Suggestions:
    """The answer to a text of one fault."""
    # An answer may make this fault of what is only of the same topic so far.
    asked = questions(found.evidence.index, [*found.chosen, *found.near], found.terms, found.answers)
    return replace(
        _told(found),
        suggestions=tuple(_suggestion(c, found) for c in found.chosen),
        related=tuple(_related(c, found) for c in found.near),
        questions=asked,
    )


def _apart(whole: _Found, pieces: Sequence[_Found], count: int) -> Suggestions:
    """The answer to a text whose pieces tell of several faults: the best of each in turn."""
    merged: dict[int, tuple[Candidate, _Found, int]] = {}
    for turn in range(count):
        for number, piece in enumerate(pieces, 1):
            for candidate in piece.chosen[turn : turn + 1]:
                merged.setdefault(candidate.article, (candidate, piece, number))
    near = {c.article: (c, found) for found in (whole, *pieces) for c in found.near if c.article not in merged}
    shown = list(merged.values())[: max(count, len(pieces))]
    return replace(
        _told(whole),
        suggestions=tuple(replace(_suggestion(c, piece), fault=number) for c, piece, number in shown),
        related=tuple(_related(c, found) for c, found in list(near.values())[:count]),
        best=max(_best(piece) for piece in pieces),
        faults=tuple(piece.text for piece in pieces),
    )


def _told(found: _Found) -> Suggestions:
    """What is told of a text itself."""
    index, terms = found.evidence.index, found.terms
    sure = {c.article: c.score for c in found.candidates}
    passages = [c.passage for c in found.chosen]
    evidence = found.evidence if found.seen is terms else Evidence(index, terms, found.scores, passages)
    return Suggestions(
        suggestions=(),
        best=_best(found),
        identifiers=_identifiers(index, found.text, terms),
        areas=_votes(index, "area", sure),
        causes=_votes(index, "cause", sure),
        lines=_lines(found.text, evidence, passages),
        milliseconds=0,
        answers=tuple(found.answers),
        corrections=spelling.shown(found.text, terms.corrections),
    )


def _best(found: _Found) -> float:
    return round(max((c.score for c in found.candidates), default=0.0), 3)


def _related(candidate: Candidate, found: _Found) -> Suggestion:
    return replace(_suggestion(candidate, found, quoting=False), band=Band.RELATED)


def _ranked(index: Corpus, scores: Scores, count: int, recalled: Mapping[int, Recalled]) -> list[tuple[int, int]]:
    """The best articles, each with its best passage; what helped before is one of them."""
    best = _lifted(index, scores, count, recalled)[0].tolist()
    best += [a for a, found in recalled.items() if found.evidence > 0 and a not in best]
    return [(a, index.best_passage(a, scores)) for a in best]


def _candidates(
    ranked: Sequence[tuple[int, int]], evidence: Evidence, recalled: Mapping[int, Recalled]
) -> list[Candidate]:
    """Each as sure as a paste's terms, scores and memory make it."""
    sure = confidence(evidence)
    return [
        Candidate(a, p, remembering(sure[p], recalled[a].evidence) if a in recalled else sure[p]) for a, p in ranked
    ]


def _recalled(
    index: Corpus, terms: QueryTerms, scores: Scores, remembered: Remembered | None
) -> Mapping[int, Recalled]:
    """What is remembered of articles for a paste, by position."""
    if not remembered:
        return {}
    first = [index.best_passage(a, scores) for a in index.best_articles(scores, 1)[0].tolist()]
    covered = Evidence(index, terms, scores, first).coverage().max(initial=0)
    return remembered.recall(index, terms, scores, float(covered))


def _lifted(
    index: Corpus, scores: Scores, count: int, recalled: Mapping[int, Recalled]
) -> tuple[NDArray[np.int64], Scores]:
    """The best articles and their scores, with what memory adds to these."""
    found, best = index.best_articles(scores, count + len(recalled))
    if recalled:
        found = np.unique([*found.tolist(), *recalled])
        best = scores[[index.best_passage(a, scores) for a in found.tolist()]]
        for place in np.flatnonzero(np.isin(found, list(recalled))).tolist():
            best[place] += recalled[int(found[place])].lift
        order = np.lexsort((found, -best))
        order = order[best[order] > 0][:count]
        found, best = found[order], best[order]
    return found, best


def rank(index: Corpus, text: str, count: int, remembered: Remembered | None = None) -> list[tuple[int, float]]:
    """The articles suggest() looks at, without a threshold: (position, score), best first."""
    terms = read_paste(index, text)
    scores = index.scores(terms)
    found, best = _lifted(index, scores, count, _recalled(index, terms, scores, remembered))
    return list(zip(found.tolist(), best.tolist(), strict=True))


def read_paste(
    index: Corpus, text: str, exact: bool = False, products: Sequence[str] = (), confirmed: str = ""
) -> QueryTerms:
    """The terms of a text, corrected unless exact, the most telling MAX_TERMS of them. products: what it is about.

    confirmed: what the customer said yes to, read as it stands before the text.
    """
    corrections = () if exact else spelling.check(index, text)
    if confirmed:
        before = len(confirmed) + 1
        corrections = tuple(c._replace(start=c.start + before, end=c.end + before) for c in corrections)
        text = f"{confirmed}\n{text}"
    terms = read(text, index.tokenizer, index.synonyms, corrections, index.weights.spread)
    known = index.products.named(terms.tokens) | index.products.like(products, index.tokenizer)
    terms = replace(terms, by_meaning=True, products=known)
    if len(terms.weights) <= MAX_TERMS:
        return terms
    rarities = index.idfs(terms.weights)
    held = index.dfs(list(terms.weights))
    telling = sorted(
        zip(terms.weights, held, strict=True), key=lambda p: -terms.weights[p[0]] * rarities[p[0]] * (p[1] > 0)
    )
    kept = {t: terms.weights[t] for t, _ in telling[:MAX_TERMS]}
    tokens = tuple(t for t in terms.tokens if t.term in kept)
    return replace(terms, weights=kept, tokens=tokens, quiet=frozenset())


def _suggestion(candidate: Candidate, found: _Found, quoting: bool = True) -> Suggestion:
    """quoting: see kb.search.explain.matches."""
    evidence, recalled = found.evidence, found.recalled.get(candidate.article)
    index = evidence.index
    article, passage = index.articles[candidate.article], index.passage(candidate.passage)
    snippet, section = found.marker.snippet(passage)
    heading, anchor = place(passage, section, article.title)
    reasons = matches(evidence, candidate.passage, quoting)
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


def _identifiers(index: Corpus, text: str, terms: QueryTerms) -> tuple[Recognised, ...]:
    """Each identifier of the paste once, rarest first; unknown ones last."""
    first: dict[str, Token] = {}
    for token in terms.tokens:
        if token.kind in SHOWN_KINDS and not token.part:
            first.setdefault(token.term, token)
    holders = index.holders(list(first))
    found = (Recognised(text[t.start : t.end], t.kind, n) for t, n in zip(first.values(), holders, strict=True))
    return tuple(sorted(found, key=lambda r: (r.known == 0, r.known)))[:30]


def _votes(index: Corpus, name: str, sure: dict[int, float]) -> tuple[tuple[str, float], ...]:
    """Values of a facet among the articles of this fault, each weighted by the square of its score: (value, share)."""
    votes: dict[str, float] = defaultdict(float)
    for number, score in sure.items():
        value = getattr(index.articles[number], name)
        if value and score >= index.threshold:
            votes[value] += score**2
    total = sum(votes.values())
    return tuple((v, round(n / total, 2)) for v, n in sorted(votes.items(), key=lambda p: -p[1])[:3])


def _lines(text: str, evidence: Evidence, passages: Sequence[int]) -> tuple[tuple[str, bool], ...]:
    """The lines of a paste, and whether these passages explain each.

    They do when they hold a quarter of its words, by their rarity, or as much as half of the rarest word there can be.
    """
    terms, index = evidence.query, evidence.index
    explained = evidence.explained(passages)
    rarity = index.idfs(terms.weights)
    enough = math.log1p(index.weights.known) / 2
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
