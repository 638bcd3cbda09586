"""This module finds the question that tells close suggestions apart, and weighs its answer.

A question is asked only while several articles are about as likely; kb.search.asking says what one may ask.

The candidates are rival hypotheses. When exactly one of several independent events happens, the chance that it is
this one is proportional to its odds, so belief_i ~ score_i / (1 - score_i). A question is worth the mutual
information of its answer and the right candidate, the expected fall of entropy in bits; the next one is worth what
it adds to those before it (Cover and Thomas, Elements of Information Theory, 2.5). An answer is evidence, not proof:
customers err and articles omit. It changes the odds by Bayes' rule, so that a score stays a probability.

An article holds what is asked, or does not, or it is open: it says half of it, or somewhere else than in its symptom.
What is open gets the benefit of the doubt, whatever the answer. So an answer lowers only articles that surely say
otherwise, and no true answer lowers the right one.

Nothing is remembered: an answer travels with the next request as "key=reply", such as "code:ORA-01653=yes".
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from kb.errors import InputError
from kb.language import say
from kb.model import MAX_ANSWERS, REPLIES, Answer, Question
from kb.search.asking import KINDS, is_of, kind_of, value_of, values
from kb.search.confidence import LEAST
from kb.search.corpus import Corpus
from kb.search.holding import NOT_HELD, OPEN, asked, holding
from kb.search.observed import observed
from kb.search.query_terms import QueryTerms
from kb.search.sentences import is_chinese
from kb.search.threshold import THRESHOLD

MAX_KEY = 120
"""Characters of a key."""

COUNT = 3
MAX_CANDIDATES = 5
AHEAD = 0.75
"""With such a share of the belief the first candidate is far enough ahead: nothing is asked."""
MIN_GAIN = 0.08
"""Bits; a question worth less is not worth a customer's time."""
SAID = 0.5
"""Of the words of a question, by rarity: so much in the paste, or in what was asked before, and it is not asked."""

ANSWERED: Mapping[str, float] = {
    "code": 0.6,
    "message": 0.7,
    "symptom": 0.9,
    "product": 0.8,
    "word": 0.8,
    "area": 0.95,
}
"""Probability that a customer can say yes or no at all: a code is on a screen that was closed, or in a log."""
YES_HELD = 0.85
"""Probability of a yes when the right article holds what was asked: a tenth err, some use other words."""
YES_NOT_HELD: Mapping[str, float] = {
    "code": 0.05,
    "message": 0.15,
    "symptom": 0.2,
    "product": 0.15,
    "word": 0.2,
    "area": 0.15,
}
"""The same when it does not hold it, by kind: nobody writes down all that a customer sees, while a code is copied.

By dialogues of three answers (BENCHMARKS.md), a tenth of them wrong, the mean reciprocal rank of the right article
rises by .093; with half of these rates by .074, with a quarter by .073, although true answers alone then raise it by
.173 and not by .149.
"""
MAX_RATIO = 50.0
"""Bound on what all answers together do to the odds of one article."""

Floats = NDArray[np.float64]


class Candidate(NamedTuple):
    """An article that may be right: its position, its best passage, and how sure that is (0 to 1).

    factor: what the answers did to its odds.
    """

    article: int
    passage: int
    score: float
    factor: float = 1.0


# --- answers ---------------------------------------------------------------------------------


def read_answer(text: str) -> Answer:
    """An answer from "key=reply". Raises InputError."""
    key, _, reply = text.rpartition("=")
    return checked_answer(key, reply)


def checked_answer(key: str, reply: str) -> Answer:
    """An answer to the question of a key. Raises InputError when it is none."""
    if kind_of(key) not in KINDS or not value_of(key).strip() or len(key) > MAX_KEY or reply not in REPLIES:
        raise InputError(
            say(
                "回答应为 问题=yes、no 或 unknown，如 code:ORA-01653=yes（问题的种类：{kinds}）；{got} 不是",
                "an answer is question=yes, no or unknown, such as code:ORA-01653=yes (kinds of questions: {kinds}); "
                "{got} is none",
                kinds=", ".join(KINDS),
                got=f"{key}={reply}"[:MAX_KEY],
            )
        )
    return Answer(key, reply)


def latest(answers: Iterable[Answer]) -> tuple[Answer, ...]:
    """Each question once, with its last answer. Raises InputError for more than MAX_ANSWERS."""
    once = {a.ask: a for a in answers}
    if len(once) > MAX_ANSWERS:
        raise InputError(say("最多 {n} 个回答", "at most {n} answers", n=MAX_ANSWERS))
    return tuple(once.values())


# --- what to ask -----------------------------------------------------------------------------


def questions(
    index: Corpus, candidates: Sequence[Candidate], terms: QueryTerms, answers: Sequence[Answer]
) -> tuple[Question, ...]:
    """The questions that tell candidates apart best, at most one of a kind; none when one candidate is far ahead.

    candidates: what is suggested, best first. terms: of the paste; what it says is not asked, nor what was answered.
    """
    candidates = candidates[:MAX_CANDIDATES]
    odds = _odds(candidates)
    if len(candidates) < 2 or odds.max() > AHEAD * odds.sum() or len(answers) >= MAX_ANSWERS:
        return ()
    said = {*terms.weights, *(t for q in asked(index, [a.ask for a in answers]) for ways in q.ways for t in ways[0])}
    chinese = any(is_chinese(t.raw) for t in terms.tokens)
    asking = asked(index, (key for key in keys_of(index, candidates) if is_of(key, chinese)))
    asking = [question for question in asking if question.said(said) < SAID]
    keys = [question.key for question in asking]
    held = holding(index, asking, _places(candidates))
    out = []
    for row, gain in best_rows(keys, _yes(keys, held), odds / odds.sum()):
        holders = (index.articles[c.article].id for c, h in zip(candidates, held[row], strict=True) if h > OPEN)
        out.append(Question(keys[row], kind_of(keys[row]), value_of(keys[row]), round(gain, 3), tuple(holders)))
    return tuple(out)


def keys_of(index: Corpus, candidates: Sequence[Candidate]) -> list[str]:
    """Keys of what one may ask about the candidates, each once."""
    found: dict[str, str] = {}
    for candidate in candidates:
        seen = observed(index, candidate.article, candidate.passage)
        for kind, value in values(index, index.articles[candidate.article], seen):
            found.setdefault(value.lower(), f"{kind}:{value}")
    return list(found.values())


def _places(candidates: Sequence[Candidate]) -> list[tuple[int, int]]:
    return [(c.article, c.passage) for c in candidates]


def _odds(candidates: Sequence[Candidate]) -> Floats:
    scores = np.clip([c.score for c in candidates], LEAST, 0.999)
    odds: Floats = scores / (1 - scores)
    return odds


def _yes(keys: Sequence[str], held: Floats) -> Floats:
    """The probability of a yes to each key when the right article holds so much of it: like held[key, candidate]."""
    least = np.array([YES_NOT_HELD[kind_of(key)] for key in keys])[:, np.newaxis]
    yes: Floats = least + (YES_HELD - least) * held
    return yes


def best_rows(keys: Sequence[str], yes: Floats, beliefs: Floats) -> Iterator[tuple[int, float]]:
    """(row, gain in bits) of the best questions, each given the answers to those before it.

    yes[key, candidate]: the probability of a yes when the candidate is right and the customer can tell.
    """
    worlds = [beliefs]  # one for each way to answer so far; each adds up to the probability of these answers
    open_rows = np.ones(len(keys), bool)
    answered = np.array([ANSWERED[kind_of(key)] for key in keys])
    for _ in range(COUNT):
        gains = sum(_information(yes, world) for world in worlds) * answered * open_rows
        if gains.max(initial=0) < MIN_GAIN:
            return
        best = int(gains.argmax())
        yield best, float(gains[best])
        open_rows &= np.array([kind_of(key) != kind_of(keys[best]) for key in keys])
        ways = answered[best] * yes[best], answered[best] * (1 - yes[best]), 1 - answered[best]
        worlds = [world * way for world in worlds for way in ways]


def _information(yes: Floats, world: Floats) -> Floats:
    """Bits that each answer tells about the candidate in a world, times the probability of the world."""
    total = world.sum()
    bits: Floats = total * _entropy(yes @ world / total) - _entropy(yes) @ world
    return bits


def _entropy(p: Floats) -> Floats:
    """Bits of a yes or no whose probability is p, inside (0, 1)."""
    bits: Floats = -(p * np.log2(p) + (1 - p) * np.log2(1 - p))
    return bits


# --- what an answer changes ------------------------------------------------------------------


def affirmed(answers: Iterable[Answer]) -> str:
    """What was answered with yes, as text; articles that hold it become candidates too."""
    return "\n".join(value_of(a.ask) for a in answers if a.answer == "yes" and kind_of(a.ask) != "area")


def updated(index: Corpus, candidates: Sequence[Candidate], answers: Sequence[Answer]) -> list[Candidate]:
    """Candidates with their scores after the answers, best first. candidates: best first.

    odds * P(answers | it is right) / P(answers | it is not); the latter is the mean over the other candidates, by
    their odds, and over an article that holds nothing of what was asked, with odds of 1. Only answers change the
    order: for it no candidate has better odds than those before it, and those that were not suggested come last.
    """
    candidates = sorted(candidates, key=lambda c: c.score < THRESHOLD)
    replies = {a.ask: a.answer for a in answers if a.answer != "unknown"}
    likely = _likely(index, candidates, replies)
    odds = _odds(candidates)
    ratio = _ratio(odds, likely)
    before = np.minimum.accumulate(odds)
    order = np.argsort(-before * _ratio(before, likely), kind="stable")
    after = odds * ratio
    return [candidates[i]._replace(score=float(after[i] / (1 + after[i])), factor=float(ratio[i])) for i in order]


def _likely(index: Corpus, candidates: Sequence[Candidate], replies: Mapping[str, str]) -> Floats:
    """P(replies | a candidate is right), and last the same of an article that holds nothing of what was asked."""
    keys = list(replies)
    held = np.hstack((holding(index, asked(index, keys), _places(candidates)), np.full((len(keys), 1), NOT_HELD)))
    said = np.array([[reply == "yes"] for reply in replies.values()], bool).reshape(-1, 1)
    held = np.where(held == OPEN, said, held)  # the benefit of the doubt
    yes = _yes(keys, held)
    likely: Floats = np.where(said, yes, 1 - yes).prod(axis=0)
    return likely


def _ratio(odds: Floats, likely: Floats) -> Floats:
    """P(answers | it is right) / P(answers | it is not) of each candidate, bounded. likely: one more than odds."""
    joint = odds * likely[:-1]
    rest = (joint.sum() + likely[-1] - joint) / (odds.sum() + 1 - odds)
    ratio: Floats = np.clip(likely[:-1] / rest, 1 / MAX_RATIO, MAX_RATIO)
    return ratio
