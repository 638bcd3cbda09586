"""This module says how sure a match is: one number between 0 and 1 with one meaning everywhere.

It is the probability that the article answers the text, by a logistic model of three things:

    coverage   the share of the text's words that the passage holds, weighed by their rarity (0 to 1)
    strength   ln(1 + s): the ranking's own score, s in units of the rarest word, so that bases compare
    lead       ln((LEVEL + s) / (LEVEL + r)): how far ahead of r, the best other article, it is; 0 when it is not

The model was fitted on three judged sets, with two kinds of texts that have no answer: judged ones
whose answers were taken away, and questions put to a base about something else. BENCHMARKS.md has
the figures; scripts/calibrate prints the numbers below.
"""

import math

import numpy as np
from numpy.typing import NDArray

from kb.search.evidence import Evidence

INTERCEPT = -4.75
COVERAGE = 3.23
STRENGTH = 1.0
LEAD = 7.11

LEAST = 0.01
"""What the model makes of nothing in common; verdicts and answers can raise it."""
MOST = 0.999
"""Nothing is surer before a verdict: one counts even then."""

LEVEL = 8
"""Rarest words. To be twice as good as the next tells much when both are good, and nothing when the text is about
something else and the best article happens to share one word more: at 0.5 more of such texts get a suggestion."""

HELPED = 6.0
NOT_HELPED = 1.5
"""Log odds that full evidence of remembered verdicts adds and takes: nine of ten articles that it makes strong are
right; what did not help is right half as often as its text alone would say."""

THRESHOLD = 0.13
"""Below it nothing is suggested. Nine of ten answerable texts reach it, and nine of ten about something else do not."""
MEDIUM = 0.4
STRONG = 0.7
"""Nine of ten such suggestions are right; at 0.6 it is 85 of a hundred."""


def confidence(evidence: Evidence) -> dict[int, float]:
    """The probability that a passage answers a query, for each passage looked at; 0 when they share nothing."""
    x = features(evidence)
    sure = 1 / (1 + np.exp(-(INTERCEPT + x @ np.array([COVERAGE, STRENGTH, LEAD]))))
    sure[evidence.scores <= 0] = 0
    return {passage: round(float(s), 3) for passage, s in zip(evidence.passages, sure, strict=True)}


def features(evidence: Evidence) -> NDArray[np.float64]:
    """Coverage, strength and lead of each passage looked at: passages x 3."""
    rarest = math.log1p(evidence.index.weights.passages)
    score, rival = np.maximum(evidence.scores, 0) / rarest, evidence.rivals() / rarest
    lead = np.maximum(np.log((LEVEL + score) / (LEVEL + rival)), 0)
    return np.column_stack([evidence.coverage(), np.log1p(score), lead])


def remembering(sure: float, evidence: float) -> float:
    """A probability after remembered verdicts, evidence from -1 to 1 (kb.search.remembered).

    No bad verdict hides what the text alone suggests.
    """
    before = min(max(sure, LEAST), MOST)
    weight = HELPED if evidence > 0 else NOT_HELPED
    after = 1 / (1 + (1 - before) / before * math.exp(-weight * evidence))
    return round(max(sure, after) if evidence > 0 else min(sure, max(after, THRESHOLD)), 3)


def band(score: float) -> str:
    """strong, medium or weak, as people read a score."""
    return "strong" if score >= STRONG else "medium" if score >= MEDIUM else "weak"
