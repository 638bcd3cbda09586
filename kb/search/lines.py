"""This module answers what the lines and sentences of a text are: its subject, what a log repeats, what says most.

Spans are of a folded text, as its tokens' are.
"""

import math
import re
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence

import numpy as np

from kb.bundle.fields import SUBJECT_WEIGHT
from kb.model import Token
from kb.text.excerpt import signs
from kb.text.tokens import neighbours

Span = tuple[int, int]

LOG = 20
"""Lines from which on a text is read as a log, in which what is said again and again says nothing."""
SAYS = 3
"""Telling tokens of a line that says something; 您好 and 在吗 are no subject."""
TELLING = 0.3
"""What must be left of a token's weight beside small talk."""
GIST = 120
"""Characters of the most telling sentences. Of what stands in frames of talk they hold 77 of 100 faults; the first
line that says something, which is often a heading of a form, 42."""

FORM = 8
ROUTINE = 0.15
"""Characters that tell how a line looks, and what is left of the weight of a word in lines that all look alike. In
a judged set with logs of 20, 100 and 500 lines around each report nDCG@10 is so .83, .83, .84 for .79, .75, .65."""

_NUMBER = re.compile(r"\d+")
_WORD = re.compile(r"[a-z]+")
_LINE = re.compile(r"[^\n]*[^\s][^\n]*")
_SENTENCE = re.compile(r"[^\n。！？；!?;]+")


def lines(text: str, tokens: Sequence[Token]) -> list[Span]:
    """Each line that holds a token; timestamps and addresses alone are none."""
    spans = [m.span() for m in _LINE.finditer(text)]
    held = set(_places(spans, tokens))
    return [span for i, span in enumerate(spans) if i in held]


def subject(spans: Sequence[Span], tokens: Sequence[Token], left: Mapping[str, float]) -> Span:
    """The first line that says something, when others follow it; else an empty span.

    left: what talk leaves of the weight of each term.
    """
    said = Counter(_places(spans, [t for t in tokens if not t.part and left.get(t.term, 1) >= TELLING]))
    first = next((i for i in range(len(spans)) if said[i] >= SAYS), len(spans))
    return spans[first] if first + 1 < len(spans) else (0, 0)


def seldom(spans: Sequence[Span], tokens: Sequence[Token]) -> dict[str, float]:
    """Term -> what is left of its weight in a log, 0 to 1: all when one line of many holds it, nothing when each does.

    That is its inverse document frequency among the lines, of the largest there can be.
    """
    held = {(t.term, place) for t, place in zip(tokens, _places(spans, tokens), strict=True)}
    counts = Counter(term for term, _ in held)
    return {term: math.log((len(spans) + 1) / n) / math.log(len(spans) + 1) for term, n in counts.items()}


def apart(text: str, spans: Sequence[Span], tokens: Sequence[Token]) -> dict[str, float]:
    """Term -> what is left of its weight in a log, ROUTINE to 1: all when its line looks like no other, least when its
    lines look like all others, as what a program writes one after the other does. A person's words begin like nothing.

    That is the inverse document frequency of the line's form among the lines, of the largest there is; a log whose
    lines all look alike is left as it is.
    """
    told = [text[start:end] for start, end in spans]
    forms = [_form(line) for line in told]
    counts = Counter(forms)
    rare = {form: math.log((len(spans) + 1) / n) / math.log(len(spans) + 1) for form, n in counts.items()}
    most = max(rare.values())
    if most < TELLING:
        return {}
    trouble = [bool(signs(line)) for line in told]
    left: dict[str, float] = {}
    for token, place in zip(tokens, _places(spans, tokens), strict=True):
        here = 1.0 if trouble[place] else ROUTINE + (1 - ROUTINE) * rare[forms[place]] / most
        left[token.term] = max(left.get(token.term, 0.0), here)
    return left


def _form(line: str) -> str:
    """How a line begins: its first FORM characters, with one 0 for each number and one a for each word of letters."""
    return _WORD.sub("a", _NUMBER.sub("0", line.lstrip()[: 5 * FORM]))[:FORM]


def sentences(text: str, tokens: list[Token]) -> tuple[frozenset[str], ...]:
    """The terms of each sentence, pairs included; sentences of a word or two are none."""
    spans = [m.span() for m in _SENTENCE.finditer(text)]
    held: list[set[str]] = [set() for _ in spans]
    for token, place in zip(tokens, _places(spans, tokens), strict=True):
        held[place].add(token.term)
    beside = list(neighbours(tokens, text))
    for (a, b), place in zip(beside, _places(spans, [a for a, _ in beside]), strict=True):
        held[place].add(a.raw + b.raw)
    return tuple(dict.fromkeys(frozenset(h) for h in held if len(h) >= SAYS))


def gist(text: str, tokens: Sequence[Token], weights: Mapping[str, float], subject: Span) -> str:
    """The most telling sentences of a text, GIST characters of them, in their order; a short text is its own.

    weights: how telling each term is. subject: where that stands; it counts twice.
    """
    if len(text) <= GIST and subject[0] == subject[1]:
        return text
    spans = [m.span() for m in _SENTENCE.finditer(text)]
    told: dict[int, float] = defaultdict(float)
    for i, term in {(place, t.term) for t, place in zip(tokens, _places(spans, tokens), strict=True)}:
        inside = subject[0] <= spans[i][0] < subject[1]
        told[i] += weights.get(term, 0) * (SUBJECT_WEIGHT if inside else 1)
    chosen: list[int] = []
    room = GIST
    for i in sorted(told, key=lambda i: (-told[i], i)):
        start, end = spans[i]
        if not chosen or end - start <= room:
            chosen.append(i)
            room -= end - start
    return "\n".join(text[slice(*spans[i])].strip() for i in sorted(chosen)) or text


def _places(spans: Sequence[Span], tokens: Sequence[Token]) -> list[int]:
    """The number of the span that each token stands in."""
    starts = np.array([start for start, _ in spans], np.int64)
    places = starts.searchsorted([token.start for token in tokens], "right") - 1
    return places.tolist() if len(tokens) else []
