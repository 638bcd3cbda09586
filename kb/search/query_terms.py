"""This module turns a query or a paste into weighted terms: repeated words saturate, synonyms join in."""

from bisect import bisect_left, bisect_right
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from kb.bundle.fields import (
    CODE_WEIGHT,
    PART_WEIGHT,
    QUERY_K1,
    SHORT_QUERY,
    STOP_WEIGHT_CHINESE,
    STOP_WEIGHT_LATIN,
    SUBJECT_WEIGHT,
    SYNONYM_WEIGHT,
    TALK_SHARE,
    TYPED_WEIGHT,
)
from kb.model import Correction, Token
from kb.search import lines
from kb.text import telling
from kb.text.identifiers import CODE_KINDS, EXACT_KINDS
from kb.text.stopwords import STOP_WORDS
from kb.text.synonyms import Synonyms
from kb.text.taiwan import taiwan_readings
from kb.text.talk import factors
from kb.text.tokens import Folded, Tokenizer, neighbours

NUMBERS = 4.0
"""Plain numbers together count for at most so much: a log of 3,000 lines with every number from 0 to 49
would find the tables of a manual, not the one line that tells the fault. 4 and 8 change no figure of the
issues set, 2 costs 0.001."""

WORDS = ("word", "name", "number", "user")
"""Kinds of tokens that are no identifiers."""
Place = tuple[int, int]
Meanings = tuple[tuple[Token, ...], ...]
Spread = Callable[[Sequence[str]], NDArray[np.float64]]


class Group(NamedTuple):
    """One thing an article must say: any of the alternatives, each of them tokens that all must stand there.

    text: as typed, or as corrected. The first alternative is its own words, the others are synonyms and what was
    typed where the word is a correction.
    """

    text: str
    alternatives: Meanings


@dataclass(frozen=True, slots=True)
class QueryTerms:
    """weights: term -> weight in the sum. via: term -> the word whose synonym it is. groups: what AND requires.

    tokens: those that count, with spans of the text; repeats included. quiet: stop words, scored but not shown.
    corrections: those that were read instead of what was typed. codes: what names the fault -> how surely it does.
    sentences: the terms of each. gist: its most telling sentences; by_meaning: whether these find what says the same
    in other words.
    products: those that it is about.
    """

    weights: dict[str, float]
    via: dict[str, str]
    groups: tuple[Group, ...]
    tokens: tuple[Token, ...]
    quiet: frozenset[str] = frozenset()
    corrections: tuple[Correction, ...] = ()
    codes: Mapping[str, float] = field(default_factory=dict)
    sentences: tuple[frozenset[str], ...] = ()
    gist: str = ""
    by_meaning: bool = False
    products: frozenset[str] = frozenset()

    def shown(self) -> Iterator[str]:
        """The terms a reader is shown: all but the quiet ones."""
        return (t for t in self.weights if t not in self.quiet)


def read(
    text: str,
    tokenizer: Tokenizer,
    synonyms: Synonyms,
    corrections: Sequence[Correction] = (),
    spread: Spread | None = None,
) -> QueryTerms:
    """Weigh the terms of a text. Corrected words count as if they stood there, and what was typed a little.

    spread: the share of a base's passages that hold each term; with it small talk weighs next to nothing.
    """
    meant = respelled(text, corrections)
    folded, every = tokenizer.read(meant.text)
    tokens = _telling(every)
    spans = lines.lines(folded.text, tokens)
    left = dict.fromkeys((t.term for t in tokens), 1.0) if spread is None else _without_talk(tokens, spread)
    subject = lines.subject(spans, tokens, left)
    counts: dict[str, float] = defaultdict(float)
    for token in tokens:
        part = PART_WEIGHT if token.part else 1
        counts[token.term] += part * (SUBJECT_WEIGHT if subject[0] <= token.start < subject[1] else 1)
    for a, b in neighbours(tokens, folded.text):
        pair = a.raw + b.raw
        counts[pair] += SUBJECT_WEIGHT if subject[0] <= a.start < subject[1] else 1
        left[pair] = max(left[a.term], left[b.term])
    weights = {term: _saturated(n) * left[term] for term, n in counts.items()}
    numbers = {t.term for t in tokens if t.kind == "number"}
    excess = sum(weights[n] for n in numbers) / NUMBERS
    if excess > 1:
        weights |= {n: weights[n] / excess for n in numbers}
    weights |= {t.term: weights[t.term] * CODE_WEIGHT for t in tokens if t.kind in CODE_KINDS and not t.part}
    if len(spans) >= lines.LOG:
        seldom = lines.seldom(spans, tokens)
        apart = lines.apart(folded.text, spans, [t for t in tokens if t.part or t.kind not in CODE_KINDS])
        weights = {t: w * seldom.get(t, 1.0) * apart.get(t, 1.0) for t, w in weights.items()}
    gist = lines.gist(folded.text, tokens, _by_rarity(tokens, weights, spread), subject)
    quiet = _stop_weights(every, weights)
    weights |= quiet
    via: dict[str, str] = {}
    alternatives = _alternatives(meant.text, folded, every, tokens, tokenizer, synonyms)
    for (start, end), meanings in alternatives.items():
        for token in (t for meaning in meanings for t in meaning):
            if token.term not in weights:
                weights[token.term] = SYNONYM_WEIGHT
                via[token.term] = meant.text[slice(*folded.span(start, end))]
    typed = _typed(text, tokenizer, corrections)
    for token in typed:
        weights.setdefault(token.term, TYPED_WEIGHT)
    placed = tokens
    if meant.origin is not None or folded.origin is not None:
        placed = [t._replace(start=s, end=e) for t in tokens for s, e in [meant.span(*folded.span(t.start, t.end))]]
    return QueryTerms(
        weights,
        via,
        tuple(_grouped(meant, folded, tokens, alternatives, typed, corrections)),
        tuple(placed),
        frozenset(quiet),
        tuple(corrections),
        telling.weights(folded, tokens),
        lines.sentences(folded.text, tokens),
        gist,
    )


def groups(
    text: str, tokenizer: Tokenizer, synonyms: Synonyms, corrections: Sequence[Correction] = ()
) -> tuple[Group, ...]:
    """The groups of read() alone, which needs no weights: a question and a query of keywords ask for no more."""
    meant = respelled(text, corrections)
    folded, every = tokenizer.read(meant.text)
    tokens = _telling(every)
    alternatives = _alternatives(meant.text, folded, every, tokens, tokenizer, synonyms)
    return tuple(_grouped(meant, folded, tokens, alternatives, _typed(text, tokenizer, corrections), corrections))


def _alternatives(
    text: str, folded: Folded, every: list[Token], tokens: list[Token], tokenizer: Tokenizer, synonyms: Synonyms
) -> dict[Place, Meanings]:
    """Where a text says what has synonyms, and these, each as tokens."""
    edges = {edge for token in every if not token.part for edge in (token.start, token.end)}
    within = {i for t in every if not t.part and t.kind not in WORDS for i in range(t.start + 1, t.end)}
    found = [
        (start, end, synonyms[word])
        for start, end, word in synonyms.find(folded.text, edges)
        if start not in within and end not in within  # BBU of C0/BBU is no word
    ]
    out: dict[Place, Meanings] = {}
    for start, end, words in found + _taiwan_readings(text, folded, tokens, tokenizer):
        out[start, end] = (*out.get((start, end), ()), *(_meaning(s, tokenizer) for s in words))
    return out


def _grouped(
    meant: Folded,
    folded: Folded,
    tokens: list[Token],
    alternatives: dict[Place, Meanings],
    typed: Sequence[Token],
    corrections: Sequence[Correction],
) -> Iterator[Group]:
    """Each thing that is asked for, with what was typed for it where that was corrected."""
    for start, end, readings in _groups([t for t in tokens if not t.part], alternatives):
        place = folded.span(start, end)
        if corrections:
            span = meant.span(*place)
            wrong = [c for c in corrections if _overlap(c, span)]
            own = tuple(t for t in typed if any(_overlap(c, (t.start, t.end)) for c in wrong))
            readings = (*readings, own) if own else readings
        yield Group(meant.text[slice(*place)], readings)


def _by_rarity(tokens: Sequence[Token], weights: Mapping[str, float], spread: Spread | None) -> Mapping[str, float]:
    """The weights of some tokens' terms, each times its inverse document frequency."""
    terms = list({t.term for t in tokens})
    if spread is None or not terms:
        return weights
    return {term: weights[term] * idf for term, idf in zip(terms, (-np.log(spread(terms))).tolist(), strict=True)}


def _taiwan_readings(
    text: str, folded: Folded, tokens: Sequence[Token], tokenizer: Tokenizer
) -> list[tuple[int, int, tuple[str, ...]]]:
    """The mainland's words for Taiwan's, each with the tokens it stands for: (start, end, words) of the folded text."""
    out: list[tuple[int, int, tuple[str, ...]]] = []
    for start, end, word in taiwan_readings(text, tokenizer):
        mine = [t for t in tokens if (s := folded.span(t.start, t.end))[0] < end and start < s[1]]
        if mine:
            out.append((mine[0].start, max(t.end for t in mine), (word,)))
    return out


def _without_talk(tokens: Sequence[Token], spread: Spread) -> dict[str, float]:
    """What small talk leaves of the weight of each term."""
    terms = list(dict.fromkeys(t.term for t in tokens))
    return dict(zip(terms, factors(terms, spread(terms), TALK_SHARE).tolist(), strict=True))


def respelled(text: str, corrections: Sequence[Correction]) -> Folded:
    """The text with corrected words, and the way back."""
    if not corrections:
        return Folded(text, text, None)
    out: list[str] = []
    origin: list[tuple[int, int]] = []
    position = 0
    for c in corrections:
        out += [text[position : c.start], c.better]
        origin += [(i, i + 1) for i in range(position, c.start)] + [(c.start, c.end)] * len(c.better)
        position = c.end
    out.append(text[position:])
    origin += [(i, i + 1) for i in range(position, len(text))]
    return Folded("".join(out), "".join(out), origin)


def _typed(text: str, tokenizer: Tokenizer, corrections: Sequence[Correction]) -> list[Token]:
    """The tokens that were corrected."""
    tokens = _telling(tokenizer.tokens(text)) if corrections else []
    return [t for t in tokens if not t.part and any(_overlap(c, (t.start, t.end)) for c in corrections)]


def _overlap(correction: Correction, span: tuple[int, int]) -> bool:
    return correction.start < span[1] and span[0] < correction.end


def _saturated(count: float) -> float:
    return count * (QUERY_K1 + 1) / (count + QUERY_K1)


def _stop_weights(tokens: list[Token], weights: Mapping[str, float]) -> dict[str, float]:
    """Weights of the stop words of a short query, none in a long one."""
    if len(tokens) > SHORT_QUERY:
        return {}
    counts = Counter(t.term for t in tokens if t.raw in STOP_WORDS and t.term not in weights)
    return {
        term: _saturated(n) * (STOP_WEIGHT_LATIN if term.isascii() else STOP_WEIGHT_CHINESE)
        for term, n in counts.items()
    }


def _telling(tokens: list[Token]) -> list[Token]:
    """Without stop words, unless there is nothing else, and without parts of what is exact:
    9087 of PPR-9087 is no reason to show PPR-1044."""
    kept = []
    whole: Token | None = None
    for token in tokens:
        if not token.part:
            whole = token
        elif whole is not None and whole.kind in EXACT_KINDS:
            continue
        kept.append(token)
    telling = [t for t in kept if t.raw not in STOP_WORDS]
    return telling or kept


def _meaning(word: str, tokenizer: Tokenizer) -> tuple[Token, ...]:
    tokens = [t for t in tokenizer.read(word)[1] if not t.part]
    return tuple([t for t in tokens if t.raw not in STOP_WORDS] or tokens)


def _groups(tokens: list[Token], alternatives: dict[Place, Meanings]) -> Iterator[tuple[int, int, Meanings]]:
    """(start, end) of each thing that is asked for, and its own tokens with their synonyms."""
    done: set[Place] = set()
    spans, starts = sorted(alternatives), [t.start for t in tokens]
    covered = bytearray(max((end for _, end in spans), default=0))
    for start, end in spans:
        covered[start:end] = b"\1" * (end - start)
    for token in tokens:
        inside = None
        if 1 in covered[token.start : token.end]:  # few are
            near = bisect_left(spans, (token.end, 0))
            inside = next((s for s in spans[max(0, near - 2) : near] if token.start < s[1]), None)
        if inside is None:
            yield token.start, token.end, ((token,),)
        elif inside not in done:
            done.add(inside)
            first, last = bisect_right(starts, inside[0]), bisect_left(starts, inside[1])
            own = tuple(t for t in tokens[max(0, first - 1) : last] if inside[0] < t.end)
            yield *inside, (own, *alternatives[inside])
