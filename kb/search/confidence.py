"""This module says how sure a match is: one number between 0 and 1 with one meaning everywhere.

It is the probability that the article answers the text, by a logistic model of two things:

    coverage   the share of the text's words that the passage holds, weighed by their rarity (0 to 1);
               of a long text as much as ENOUGH rare words is the whole
    strength   ln(1 + score / ln(1 + passages)): the ranking's own score, made comparable between bases

The model was fitted on three judged sets, with two kinds of texts that have no answer: judged ones
whose answers were taken away, and questions put to a base about something else. BENCHMARKS.md has
the figures; scripts/calibrate prints the numbers below.
"""

import math

from kb.search.index import Index
from kb.search.ranking import Scores
from kb.search.terms import QueryTerms

INTERCEPT = -3.94
COVERAGE = 2.39
STRENGTH = 0.97

ENOUGH = 12

THRESHOLD = 0.13
"""Below it nothing is suggested. Nine of ten texts about something else stay below it."""
MEDIUM = 0.3
STRONG = 0.6


def confidence(index: Index, passage: int, query: QueryTerms, scores: Scores) -> float:
    """The probability that a passage answers a query, 0 when they share nothing."""
    if scores[passage] <= 0:
        return 0.0
    coverage, strength = features(index, passage, query, scores)
    return round(1 / (1 + math.exp(-(INTERCEPT + COVERAGE * coverage + STRENGTH * strength))), 3)


def features(index: Index, passage: int, query: QueryTerms, scores: Scores) -> tuple[float, float]:
    """(coverage, strength) of a passage for a query."""
    weights = index.weights
    rarest = math.log1p(weights.passages)
    total = covered = 0.0
    for meanings in {tuple(tuple(t.term for t in tokens) for tokens in g.alternatives) for g in query.groups}:
        rarity = min(max(map(weights.rarity, terms)) for terms in meanings)
        total += rarity
        if any(all(weights.holds(passage, term) for term in terms) for terms in meanings):
            covered += rarity
    strength = math.log1p(float(scores[passage]) / rarest)
    return min(1.0, covered / min(total, ENOUGH * rarest)) if total else 0.0, strength


def band(score: float) -> str:
    """strong, medium or weak, as people read a score."""
    return "strong" if score >= STRONG else "medium" if score >= MEDIUM else "weak"
