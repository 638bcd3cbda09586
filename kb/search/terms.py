"""This module turns a query or a paste into weighted terms: repeated words saturate, synonyms join in."""

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache

from kb.fields import (
    CODE_WEIGHT,
    PART_WEIGHT,
    QUERY_K1,
    SHORT_QUERY,
    STOP_WEIGHT_CHINESE,
    STOP_WEIGHT_LATIN,
    STOP_WORDS,
    SYNONYM_WEIGHT,
)
from kb.identifiers import CODE_KINDS, EXACT_KINDS
from kb.model import Token
from kb.synonyms import find
from kb.tokens import Tokenizer, fold, pairs

MAX_TEXT = 100_000
"""Characters of a paste that are read; it is cut there and said so."""

NUMBERS = 4.0
"""Plain numbers together count for at most so much: a log of 3,000 lines with every number from 0 to 49
would find the tables of a manual, not the one line that tells the fault. 4 and 8 change no figure of the
issues set, 2 costs 0.001."""

Synonyms = Mapping[str, tuple[str, ...]]


@dataclass(frozen=True, slots=True)
class Group:
    """One thing an article must say: any of the alternatives, each of them tokens that all must stand there.

    text: as typed. The first alternative is what was typed, the others are synonyms.
    """

    text: str
    alternatives: tuple[tuple[Token, ...], ...]


@dataclass(frozen=True, slots=True)
class QueryTerms:
    """weights: term -> weight in the sum. via: term -> the word whose synonym it is. groups: what AND requires.

    tokens: those that count, with spans of the text; repeats included. quiet: stop words, scored but not shown.
    """

    weights: dict[str, float]
    via: dict[str, str]
    groups: tuple[Group, ...]
    tokens: tuple[Token, ...]
    quiet: frozenset[str] = frozenset()

    def shown(self) -> Iterator[str]:
        """The terms a reader is shown: all but the quiet ones."""
        return (t for t in self.weights if t not in self.quiet)


def read(text: str, tokenizer: Tokenizer, synonyms: Synonyms) -> QueryTerms:
    """Weigh the terms of a text."""
    folded = fold(text)
    every = tokenizer.folded_tokens(folded)
    tokens = _telling(every)
    counts: Counter[str] = Counter()
    for token in tokens:
        counts[token.term] += PART_WEIGHT if token.part else 1  # type: ignore[assignment]
    for pair in pairs(tokens, folded.text):
        counts[pair] += 1
    weights = {term: _saturated(n) for term, n in counts.items()}
    numbers = {t.term for t in tokens if t.kind == "number"}
    excess = sum(weights[n] for n in numbers) / NUMBERS
    if excess > 1:
        weights |= {n: weights[n] / excess for n in numbers}
    weights |= {t.term: weights[t.term] * CODE_WEIGHT for t in tokens if t.kind in CODE_KINDS and not t.part}
    quiet = _stop_weights(every, weights)
    weights |= quiet
    via: dict[str, str] = {}
    spans = find(folded.text, synonyms) if synonyms else []
    alternatives: dict[tuple[int, int], tuple[tuple[Token, ...], ...]] = {}
    for start, end, word in spans:
        meanings = [_meaning(s, tokenizer) for s in synonyms[word]]
        alternatives[start, end] = tuple(meanings)
        for token in (t for meaning in meanings for t in meaning):
            if token.term not in weights:
                weights[token.term] = SYNONYM_WEIGHT
                via[token.term] = text[slice(*folded.span(start, end))]
    groups = _groups(text, [t for t in tokens if not t.part], alternatives, folded.span)
    placed = tuple(t._replace(start=s, end=e) for t in tokens for s, e in [folded.span(t.start, t.end)])
    return QueryTerms(weights, via, groups, placed, frozenset(quiet))


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


@lru_cache(maxsize=10_000)
def _meaning(word: str, tokenizer: Tokenizer) -> tuple[Token, ...]:
    tokens = [t for t in tokenizer.folded_tokens(fold(word)) if not t.part]
    return tuple([t for t in tokens if t.raw not in STOP_WORDS] or tokens)


def _groups(
    text: str,
    tokens: list[Token],
    alternatives: dict[tuple[int, int], tuple[tuple[Token, ...], ...]],
    span: object,
) -> tuple[Group, ...]:
    groups: list[Group] = []
    done: set[tuple[int, int]] = set()
    for token in tokens:
        inside = next((s for s in alternatives if s[0] < token.end and token.start < s[1]), None)
        if inside is None:
            start, end = span(token.start, token.end)  # type: ignore[operator]
            groups.append(Group(text[start:end], ((token,),)))
        elif inside not in done:
            done.add(inside)
            own = tuple(t for t in tokens if inside[0] < t.end and t.start < inside[1])
            start, end = span(*inside)  # type: ignore[operator]
            groups.append(Group(text[start:end], (own, *alternatives[inside])))
    return tuple(groups)
