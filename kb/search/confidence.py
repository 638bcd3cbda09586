"""This module says how sure a match is: one number between 0 and 1 with one meaning everywhere.

It is the probability that the article answers the text, by a logistic model of

    coverage   the share of the text's words that the passage holds, weighed by how telling they are (0 to 1)
    sentence   the same of the one sentence that it holds best (0 to 1)
    strength   ln(1 + s): the ranking's own score, s in units of the rarest word, so that bases compare
    lead       ln((LEVEL + s) / (LEVEL + r)): how far ahead of r, the best other article, it is; 0 when it is not
    code       1 when it is the first, and about an error code of the text that few are about
    nearness   the cosine of its meaning and the text's, where an encoder tells it

It was fitted on judged sets, on a base's own aliases asked of an index without them, and on pastes in frames of talk;
with texts that have no answer: those whose answers were hidden, and texts about something else. BENCHMARKS.md has the
figures; scripts/calibrate fits the same model on judged sets alone and tells how well the numbers below do there.
"""

import math

import numpy as np
from numpy.typing import NDArray

from kb.model import Band
from kb.search.evidence import Evidence
from kb.search.threshold import THRESHOLD

FEATURES = ("coverage", "sentence", "strength", "lead", "code", "nearness")
BY_WORDS = (-5.07, (1.85, 1.75, 0.75, 2.32, 2.08, 0.0))
BY_MEANING = (-5.12, (0.44, 2.66, 0.3, 3.74, 2.11, 3.99))
"""Intercept and the weight of each of FEATURES, without an encoder and with one."""

EITHER = 0.4
"""Log odds that are taken where both are asked and the surer one counts: two chances to be wrong. Talk around a fault
lowers its nearness, not what it holds: of golden queries in frames of talk .82 get their article where .80 of those
without an answer get none, by meaning alone .73 where .83 do. Chosen among ten ways on the texts it is told of."""

TOLD = 0.6
"""How surely a code must tell an article, so that it is one of few."""

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

MEDIUM = 0.35
STRONG = 0.6
"""Nine of ten such suggestions are right."""


def confidence(evidence: Evidence) -> dict[int, float]:
    """The probability that a passage answers a query, for each passage looked at; 0 when they share nothing."""
    x = features(evidence)
    odds = _log_odds(x, *BY_WORDS)
    if evidence.nearness is not None:
        odds = np.maximum(odds, _log_odds(x, *BY_MEANING)) - EITHER
    sure = 1 / (1 + np.exp(-odds))
    sure[evidence.scores <= 0] = 0
    return {passage: round(float(s), 3) for passage, s in zip(evidence.passages, sure, strict=True)}


def _log_odds(x: NDArray[np.float64], intercept: float, weights: tuple[float, ...]) -> NDArray[np.float64]:
    odds: NDArray[np.float64] = intercept + x @ np.array(weights)
    return odds


def features(evidence: Evidence) -> NDArray[np.float64]:
    """FEATURES of each passage looked at: passages x 6."""
    rarest = evidence.index.weights.rarest
    score, rival = np.maximum(evidence.scores, 0) / rarest, evidence.rivals() / rarest
    lead = np.maximum(np.log((LEVEL + score) / (LEVEL + rival)), 0)
    code = (evidence.told() >= TOLD) & (lead > 0)
    near = np.zeros(len(score)) if evidence.nearness is None else evidence.nearness
    return np.column_stack([evidence.coverage(), evidence.sentence_coverage(), np.log1p(score), lead, code, near])


def remembering(sure: float, evidence: float) -> float:
    """A probability after remembered verdicts, evidence from -1 to 1 (kb.search.verdict_memory).

    No bad verdict hides what the text alone suggests.
    """
    before = min(max(sure, LEAST), MOST)
    weight = HELPED if evidence > 0 else NOT_HELPED
    after = 1 / (1 + (1 - before) / before * math.exp(-weight * evidence))
    return round(max(sure, after) if evidence > 0 else min(sure, max(after, THRESHOLD)), 3)


def band(score: float) -> Band:
    """strong, medium or weak, as people read a score."""
    return Band.STRONG if score >= STRONG else Band.MEDIUM if score >= MEDIUM else Band.WEAK
