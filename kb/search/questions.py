"""This module finds the question that tells close suggestions apart, and weighs its answer.

A question is asked only while several articles are about as likely, and about what a customer can see:

    product, area, version   a fact of the article
    code                     an error code of its symptom
    message                  a line on the screen or in a log, or a sentence in quotation marks
    symptom                  a clause of its title, or the customers' own words for it
    word                     a tag or a word of the user's dictionary

never about the cause, which nobody knows yet, nor about ports and addresses, which differ from site to site.

The candidates are rival hypotheses. When exactly one of several independent events happens, the chance that it is
this one is proportional to its odds, so belief_i ~ score_i / (1 - score_i). A question is worth the mutual
information of its answer and the right candidate, the expected fall of entropy in bits; the next one is worth what
it adds to those before it (Cover and Thomas, Elements of Information Theory, 2.5). An answer is evidence, not proof:
customers err and articles omit. It changes the odds by Bayes' rule, so that a score stays a probability.

Nothing is remembered: an answer travels with the next request as "key=reply", such as "code:ORA-01653=no".
"""

import re
from collections import Counter
from collections.abc import Container, Iterable, Iterator, Mapping, Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from kb.errors import InputError
from kb.fields import STOP_WORDS
from kb.identifiers import CODE_KINDS
from kb.labels import label
from kb.language import say
from kb.model import Answer, Article, Passage, Question
from kb.search.confidence import LEAST
from kb.search.index import Index
from kb.search.terms import QueryTerms

REPLIES = ("yes", "no", "unknown")
MAX_ANSWERS = 12
MAX_KEY = 120
"""Characters of a key."""

COUNT = 3
MAX_CANDIDATES = 5
AHEAD = 0.75
"""With such a share of the belief the first candidate is far enough ahead: nothing is asked."""
MIN_GAIN = 0.08
"""Bits; a question worth less is not worth a customer's time."""

YES_HELD = 0.85
YES_NOT_HELD = 0.1
"""Probability of a yes when the right article holds what was asked, and when it does not. With a tenth of the
answers wrong, scores after three answers are as true as scores before."""
YES_CODE_NOT_HELD = 0.05
"""The same for an error code, which one copies from a screen. Rates of their own gain nothing for other kinds."""
MAX_RATIO = 50.0
"""Bound on what all answers together do to the odds of one article."""
EACH = {"product": 2, "area": 1, "version": 1, "code": 3, "message": 2, "symptom": 3, "word": 3}
"""So many of each kind are taken from an article."""
MAX_VALUE = 44
"""Columns of a text that is asked about; a Chinese character takes two."""
MAX_OBSERVED = 300
"""Characters of a symptom that are read."""
LISTED = {"product": "product", "version": "versions"}
"""Kinds of which an article lists all values -> where."""
OBSERVED_ROLES = ("symptom", "question")
_CLAUSE = re.compile(r"[，。；：！？、,;!?\n]|:\s|\.\s")
_QUOTED = re.compile(r"[“「『\"]([^”」』\"\n]{2,40})[”」』\"]")

Floats = NDArray[np.float64]


class Candidate(NamedTuple):
    """An article that may be right: its position, its best passage, and how sure that is (0 to 1).

    factor: what the answers did to its odds.
    """

    article: int
    passage: int
    score: float
    factor: float = 1.0


# --- keys and answers ------------------------------------------------------------------------


def read_answer(text: str) -> Answer:
    """An answer from "key=reply". Raises InputError."""
    key, _, reply = text.rpartition("=")
    return checked_answer(key, reply)


def checked_answer(key: str, reply: str) -> Answer:
    """An answer to the question of a key. Raises InputError when it is none."""
    if _kind(key) not in _WORDINGS or not _value(key).strip() or len(key) > MAX_KEY or reply not in REPLIES:
        raise InputError(
            say(
                "回答应为 问题=yes、no 或 unknown，如 code:ORA-01653=yes（问题的种类：{kinds}）；{got} 不是",
                "an answer is question=yes, no or unknown, such as code:ORA-01653=yes (kinds of questions: {kinds}); "
                "{got} is none",
                kinds=", ".join(_WORDINGS),
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


def wording(key: str) -> str:
    """The question of a key, as one asks it."""
    zh, en = _WORDINGS[_kind(key)]
    return say(zh, en, value=_name(key))


_WORDINGS = {
    "product": ("产品是 {value}？", "Is the product {value}?"),
    "area": ("是“{value}”方面的问题？", "Is it a matter of “{value}”?"),
    "version": ("版本是 {value}？", "Is the version {value}?"),
    "code": ("出现 {value}？", "Does {value} appear?"),
    "message": ("看到或听到“{value}”？", "Do they see or say “{value}”?"),
    "symptom": ("“{value}”，是这样吗？", "“{value}”: is it like that?"),
    "word": ("和“{value}”有关？", "Has it to do with “{value}”?"),
}


def _kind(key: str) -> str:
    return key.partition(":")[0]


def _value(key: str) -> str:
    return key.partition(":")[2]


def _name(key: str) -> str:
    """The value as people read it."""
    return label("area", _value(key)) if _kind(key) == "area" else _value(key)


# --- what to ask -----------------------------------------------------------------------------


def questions(
    index: Index, candidates: Sequence[Candidate], terms: QueryTerms, answers: Sequence[Answer]
) -> tuple[Question, ...]:
    """The questions that tell candidates apart best, at most one of a kind; none when one candidate is far ahead.

    candidates: what is suggested, best first. terms: of the paste; what it says is not asked, nor what was answered.
    """
    candidates = candidates[:MAX_CANDIDATES]
    odds = _odds(candidates)
    if len(candidates) < 2 or odds.max() > AHEAD * odds.sum() or len(answers) >= MAX_ANSWERS:
        return ()
    known = {a.ask for a in answers}
    asked = {key: words_of(index, key) for key in keys_of(index, candidates) if key not in known}
    asked = {key: words for key, words in asked.items() if _share(words, terms.weights) < 0.5}
    keys, held = list(asked), holding(index, asked, candidates)
    out = []
    for row, gain in best_rows(keys, _yes(keys, held), odds / odds.sum()):
        holders = (index.articles[c.article].id for c, h in zip(candidates, held[row], strict=True) if h > 0)
        out.append(Question(keys[row], _kind(keys[row]), _value(keys[row]), round(gain, 3), tuple(holders)))
    return tuple(out)


def _odds(candidates: Sequence[Candidate]) -> Floats:
    scores = np.clip([c.score for c in candidates], LEAST, 0.999)
    odds: Floats = scores / (1 - scores)
    return odds


def _yes(keys: Sequence[str], held: Floats) -> Floats:
    """The probability of a yes to each key when the right article holds so much of it: like held[key, candidate]."""
    least = np.array([YES_CODE_NOT_HELD if _kind(key) == "code" else YES_NOT_HELD for key in keys])[:, np.newaxis]
    yes: Floats = least + (YES_HELD - least) * held
    return yes


def best_rows(keys: Sequence[str], yes: Floats, beliefs: Floats) -> Iterator[tuple[int, float]]:
    """(row, gain in bits) of the best questions, each given the answers to those before it.

    yes[key, candidate]: the probability of a yes when the candidate is right.
    """
    worlds = [beliefs]  # one for each way to answer so far; each adds up to the probability of these answers
    open_rows = np.ones(len(keys), bool)
    for _ in range(COUNT):
        gains = sum(_information(yes, world) for world in worlds) * open_rows
        if gains.max(initial=0) < MIN_GAIN:
            return
        best = int(gains.argmax())
        yield best, float(gains[best])
        open_rows &= np.array([_kind(key) != _kind(keys[best]) for key in keys])
        worlds = [part for world in worlds for part in (world * yes[best], world * (1 - yes[best]))]


def _information(yes: Floats, world: Floats) -> Floats:
    """Bits that each answer tells about the candidate in a world, times the probability of the world."""
    total = world.sum()
    bits: Floats = total * _entropy(yes @ world / total) - _entropy(yes) @ world
    return bits


def _entropy(p: Floats) -> Floats:
    """Bits of a yes or no whose probability is p, inside (0, 1)."""
    bits: Floats = -(p * np.log2(p) + (1 - p) * np.log2(1 - p))
    return bits


# --- what an article shows -------------------------------------------------------------------


def keys_of(index: Index, candidates: Sequence[Candidate]) -> list[str]:
    """Keys of what one may ask about the candidates, each once."""
    found: dict[str, str] = {}
    for candidate in candidates:
        taken: Counter[str] = Counter()
        for kind, value in _visible(index, index.articles[candidate.article], index.passage(candidate.passage)):
            value = value.strip(" .…-·|*#>$\t")
            if value.lower() not in found and taken[kind] < EACH[kind] and _fits(value):
                taken[kind] += 1
                found[value.lower()] = f"{kind}:{value}"
    return list(found.values())


def _fits(text: str) -> bool:
    return len(text) > 1 and len(text) + sum(c > "\u2e7f" for c in text) <= MAX_VALUE


def _visible(index: Index, article: Article, passage: Passage) -> Iterator[tuple[str, str]]:
    """(kind, value) of what a customer can see of an article, the clearest of each kind first."""
    yield from (("product", p) for p in article.product)
    yield from (("version", v) for v in article.versions if any(map(str.isalpha, v)))  # 8.9 alone: of what?
    if article.area:
        yield "area", article.area
    observed, lines = _observed(passage)
    text = "\n".join((article.title, *article.aliases, observed))
    folded, tokens = index.tokenizer.read(text)
    words = [(t, text[slice(*folded.span(t.start, t.end))]) for t in tokens if not t.part]
    yield from (("code", word) for t, word in words if t.kind in CODE_KINDS)
    yield from (("message", said) for said in (*_QUOTED.findall(text), *lines) if _is_message(said))
    if article.kind == "manual":
        return  # its title names a subject, not a fault
    for said in (*article.aliases, article.title):
        yield from (("symptom", clause) for clause in _CLAUSE.split(said))
    yield from (("word", tag) for tag in article.tags if tag.lower() in text.lower())
    own = frozenset(index.tokenizer.words)
    yield from (("word", word) for t, word in words if t.raw in own)


def _is_message(text: str) -> bool:
    """More than a word."""
    return " " in text if text.isascii() else len(text) > 4


def _observed(passage: Passage) -> tuple[str, list[str]]:
    """The start of what a passage says about what a customer sees, and the lines of logs in it.

    Without a section for that it is the start of the passage, and its code rather a command than a log.
    """
    ends = [*(s.start for s in passage.sections[1:]), len(passage.text)]
    spans = [(s.start, end) for s, end in zip(passage.sections, ends, strict=False) if s.role in OBSERVED_ROLES]
    start, end = spans[0] if spans else (0, len(passage.text))
    end = min(end, start + MAX_OBSERVED)
    blocks = (passage.text[a:b] for a, b in passage.code if spans and start <= a < end)
    return passage.text[start:end], [line for block in blocks for line in block.split("\n")]


def words_of(index: Index, key: str) -> dict[str, float]:
    """What a key asks about as index terms with their rarity; stop words only when there is nothing else."""
    return index.weights.rarities(_terms(index, _name(key)))


def _terms(index: Index, text: str) -> set[str]:
    tokens = [t for t in index.tokenizer.read(text)[1] if not t.part]
    return {t.term for t in tokens if t.raw not in STOP_WORDS} or {t.term for t in tokens}


def _share(words: Mapping[str, float], held: Container[str]) -> float:
    """How much of some words is held, by their rarity; all when there are no words."""
    total = sum(words.values())
    return sum(rarity for word, rarity in words.items() if word in held) / total if total else 1.0


def holding(index: Index, asked: Mapping[str, Mapping[str, float]], candidates: Sequence[Candidate]) -> Floats:
    """How far each candidate holds what each key asks about: held[key, candidate], 0 to 1. asked: key -> its words.

    It is the share of the words that the candidate's passage holds, where half of them is nothing: words of a
    phrase stand here and there in any long text. Of a product it is the share of the article's products that are
    one: a customer with Windows 11 has what an article for Windows 10 and 11 is about, and not Windows 10.
    """
    passages = np.array([c.passage for c in candidates], np.int64)
    terms = list(dict.fromkeys(word for words in asked.values() for word in words))
    where = dict(zip(terms, index.weights.within(terms, passages)[0] > 0, strict=True))
    held = np.zeros((len(asked), len(candidates)))
    for row, (key, words) in enumerate(asked.items()):
        if _kind(key) == "area":
            held[row] = [index.articles[c.article].area == _value(key) for c in candidates]
        elif words:
            share = sum(rarity * where[word] for word, rarity in words.items()) / sum(words.values())
            held[row] = np.maximum(0, 2 * share - 1)
        if _kind(key) in LISTED:
            for column, candidate in enumerate(candidates):
                values = getattr(index.articles[candidate.article], LISTED[_kind(key)])
                if values:
                    held[row, column] = sum(words.keys() <= _terms(index, value) for value in values) / len(values)
    return held


# --- what an answer changes ------------------------------------------------------------------


def affirmed(answers: Iterable[Answer]) -> str:
    """What was answered with yes, as text; articles that hold it become candidates too."""
    return "\n".join(_value(a.ask) for a in answers if a.answer == "yes" and _kind(a.ask) != "area")


def updated(index: Index, candidates: Sequence[Candidate], answers: Sequence[Answer]) -> list[Candidate]:
    """Candidates with their scores after the answers, best first.

    odds * P(answers | it is right) / P(answers | it is not); the latter is the mean over the other candidates, by
    their odds, and over an article that holds nothing of what was asked, with odds of 1.
    """
    replies = {a.ask: a.answer for a in answers}
    asked = {key: words_of(index, key) for key, reply in replies.items() if reply != "unknown"}
    nothing = np.zeros((len(asked), 1))  # what an article holds that holds none of it
    yes = _yes(list(asked), np.hstack((holding(index, asked, candidates), nothing)))
    likely: Floats = np.where([[replies[key] == "yes"] for key in asked], yes, 1 - yes).prod(axis=0)
    odds = np.append(_odds(candidates), 1.0)
    joint = odds * likely
    ratio = np.clip(likely * (odds.sum() - odds) / (joint.sum() - joint), 1 / MAX_RATIO, MAX_RATIO)
    after = odds * ratio
    scored = [
        c._replace(score=float(o / (1 + o)), factor=float(r))
        for c, o, r in zip(candidates, after[:-1], ratio[:-1], strict=True)
    ]
    return sorted(scored, key=lambda c: -c.score)
