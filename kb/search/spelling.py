"""This module finds misspelled words: written by their sound, in pinyin, with a wrong letter or a wrong character.

A noisy channel (Kernighan, Church and Gale 1990): of all ways to read a text the cheapest is taken. A word costs
-ln of its probability in this base, less when it stands beside the word before it somewhere; believing in a mistake
costs, too. Only words that the base does not know, single characters (a wrong one tears a word apart) and
pinyin are looked at.
"""

import math
import re
from bisect import bisect_left, bisect_right
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import partial
from itertools import islice, pairwise, product
from operator import itemgetter
from typing import NamedTuple

import numpy as np

from kb.fields import STOP_WORDS
from kb.model import Correction, Token
from kb.search.index import Index
from kb.search.terms import respelled
from kb.sounds import CHARACTERS, LETTERS, blurred
from kb.tokens import HAN

UNSEEN = 16.0
"""Cost of a Chinese word that no passage holds, or more in a large base: one of 100,000 in two of a hundred texts."""
NAME = math.log(50)
"""Cost of a word of letters that no passage holds; they are names, and name most things."""
LETTER = 4.14 * math.log(2)
"""More, for each of its letters: 4.14 bits (Shannon 1951)."""
SOUND = math.log(100)
"""Cost of a word written with other characters of the same sound: one in a hundred."""
BLUR = math.log(10)
"""More, when it sounds the same only to those who mix up zh and z."""
SHAPE = 12.0
"""Cost of any other character in the place of the right one."""
EDIT = math.log(50)
"""Cost of a wrong letter: one word in fifty, in one of four ways."""
PINYIN = math.log(10)
"""Cost of each word in pinyin."""
CHANCE = math.log(100)
"""More, when it may read as pinyin by chance: a word of one syllable; and for each typed word that the base knows,
unless there is pinyin right before it."""
SURE = math.log(10)
"""By so much must believing in a mistake be cheaper to be sure of it."""

MAX_DOUBTS = 16
"""Tokens of one text that are looked at, of each kind; a log has thousands of unknown words."""
CANDIDATES = 4
"""Words of one sound that are compared."""
BEAM = 8
"""Ways to read what went before that are kept at each place."""
MAX_PROPOSED = 80
"""Characters of a query; who pastes more is not helped by another spelling."""


LONGEST = CHARACTERS[-1]
_LOOKED_UP = range(1, LETTERS[-1] + 1)
"""Lengths of tokens whose frequency is asked for: longer ones are no words."""
_CHINESE = re.compile(f"[{HAN}]+")


def check(index: Index, text: str, doubt: float = SURE) -> tuple[Correction, ...]:
    """The misspelled words of a text, in order.

    Identifiers, numbers and the user's own words are never taken for any. doubt: by how much believing in a mistake
    must be cheaper than believing what was typed; SURE to act on it, 0 to ask about it.
    """
    return tuple(_Reader(index, text).corrections(doubt))


def better_query(index: Index, text: str, few: bool = True, applied: Iterable[str] = ()) -> str:
    """The query with misspelled words replaced, to ask whether it is meant; "" when there is nothing to ask.

    few: True when little was found; else only what is surely wrong is asked about. applied: what was typed
    where the better word was searched already.
    """
    if len(text) > MAX_PROPOSED:
        return ""
    corrections = check(index, text, 0 if few else SURE)
    return respelled(text, corrections).text if {c.typed for c in corrections} - set(applied) else ""


def shown(text: str, corrections: Sequence[Correction]) -> tuple[Correction, ...]:
    """Corrections as a reader wants to see them: words that were typed together in one, each but once."""
    merged: list[Correction] = []
    for c in corrections:
        gap = text[merged[-1].end : c.start] if merged else "-"
        if gap in ("", " "):
            first = merged.pop()
            c = Correction(first.start, c.end, text[first.start : c.end], first.better + gap + c.better)
        merged.append(c)
    return tuple({c.typed: c for c in merged}.values())


# --- one text --------------------------------------------------------------------------------


class _Asked(NamedTuple):
    """Characters start to end of the folded text and the keys that the word meant there may have.

    mistake: what it costs to have meant a word, None when that can't be.
    """

    keys: Sequence[str]
    start: int
    end: int
    mistake: Callable[[str], float | None]
    chance: float | None = None


class _Edge(NamedTuple):
    """One way to read characters start to end: as this word.

    cost: of the word alone. mistake: of what was typed instead, 0 as typed. chance: more, unless pinyin is before it;
    None for what is no pinyin.
    """

    start: int
    end: int
    word: str
    cost: float
    mistake: float = 0.0
    chance: float | None = None


class _State(NamedTuple):
    """The cheapest way to read the text up to the end of an edge."""

    cost: float
    edge: _Edge | None = None
    before: "_State | None" = None


class _Reader:
    """The ways to read one text."""

    def __init__(self, index: Index, text: str) -> None:
        self._weights = index.weights
        self._vocabulary = index.vocabulary
        self._original = text
        self._folded, every = index.tokenizer.read(text)
        self._text = self._folded.text
        self._tokens = [t for t in every if not t.part]
        self._df: dict[str, int] = defaultdict(int)
        words = [t for t in every if t.kind in ("word", "part") and len(t.raw) in _LOOKED_UP]
        self._look_up([*(t.term for t in words), *(a.raw + b.raw for a, b in pairwise(words) if a.end == b.start)])
        self._names = _names([t for t in every if not t.part or (len(t.raw) in LETTERS and self._df[t.term])])
        self._unseen = max(UNSEEN, self._cost_of(0))
        self._mistakes = self._find_mistakes()
        self._windows = self._touched()
        self._after = {t.end: following.start for t, following in pairwise(self._tokens)}
        self._starting: dict[int, list[_Edge]] = defaultdict(list)
        ending: dict[int, list[_Edge]] = defaultdict(list)
        for edge in (*self._as_typed(), *self._mistakes):
            self._starting[edge.start].append(edge)
            ending[self._next(edge)].append(edge)
        self._places = sorted(self._starting)
        self._look_up([a.word + b.word for place in self._places for a in ending[place] for b in self._starting[place]])

    def corrections(self, doubt: float) -> Iterator[Correction]:
        """Those of the cheapest reading, when each mistake costs so much more."""
        for first, last in self._windows:
            for edge in self._cheapest(first, last, doubt):
                if edge.mistake:
                    start, end = self._folded.span(edge.start, edge.end)
                    yield Correction(start, end, self._original[start:end], edge.word)

    def _look_up(self, terms: Sequence[str]) -> None:
        """Count the passages that hold each of these terms, all at once."""
        self._df.update(zip(terms, self._weights.dfs(terms), strict=True))

    def _cost(self, term: str) -> float:
        """Of a term as typed."""
        if self._df[term]:
            return self._cost_of(self._df[term])
        return NAME + LETTER * len(term) if term.isascii() else self._unseen

    def _cost_of(self, passages: int) -> float:
        """Of a word that so many passages hold."""
        return math.log((self._vocabulary.total + 1) / (passages + 0.5))

    def _find_mistakes(self) -> list[_Edge]:
        """Edges that read something else than was typed; one look-up for them all."""
        asked = [*self._by_letters(), *self._by_characters(), *self._by_pinyin()]
        edges: dict[tuple[int, int, str], _Edge] = {}
        found = self._vocabulary.find([key for ask in asked for key in ask.keys], 4 * CANDIDATES)
        for ask in asked:
            words: dict[str, int] = {}
            for some in islice(found, len(ask.keys)):
                words |= some
            made = []
            for word, passages in words.items():
                mistake = ask.mistake(word)
                if mistake is not None:
                    made.append(_Edge(ask.start, ask.end, word, self._cost_of(passages), mistake, ask.chance))
            for edge in sorted(made, key=lambda e: e.cost + e.mistake)[:CANDIDATES]:
                if edge.mistake <= edges.get(edge[:3], edge).mistake:
                    edges[edge[:3]] = edge
        return list(edges.values())

    # words of letters

    def _by_letters(self) -> Iterator[_Asked]:
        words = (t for t in self._tokens if self._is_letters(t) and len(t.raw) in LETTERS)
        unknown = (t for t in words if not self._df[t.term])
        for token in islice(unknown, MAX_DOUBTS):
            yield _Asked(
                (token.raw, *_without_one(token.raw)), token.start, token.end, partial(_wrong_letter, token.raw)
            )

    def _is_letters(self, token: Token) -> bool:
        """A word of letters; NullPointer, which is put together of known words, is a name."""
        word = self._text[token.start : token.end]
        return token.kind == "word" and word.isascii() and word.isalpha() and token.start not in self._names

    # Chinese words

    def _by_characters(self) -> Iterator[_Asked]:
        """Stretches of characters that hold a token in doubt."""
        doubted = ((run, t) for run in self._runs() for i, t in enumerate(run) if self._in_doubt(run, i))
        spans: dict[tuple[int, int], None] = {}
        for run, token in islice(doubted, MAX_DOUBTS):
            for start in range(max(run[0].start, token.start - LONGEST + 1), token.end):
                ends = range(max(start + 2, token.start + 1), min(run[-1].end, start + LONGEST) + 1)
                spans.update(((start, end), None) for end in ends)
        for start, end in spans:
            typed = self._text[start:end]
            sounds = {"".join(said) for said in product(*map(self._vocabulary.sounds, typed))}
            yield _Asked(tuple(sounds), start, end, partial(self._wrong_sound, typed))
            if len(typed) > 2:
                yield _Asked(_without_one(typed), start, end, partial(_wrong_character, typed))

    def _runs(self) -> Iterator[list[Token]]:
        """Chinese tokens that stand side by side, without the user's own words."""
        run: list[Token] = []
        for token in self._tokens:
            chinese = bool(_CHINESE.fullmatch(token.raw)) and token.raw not in self._vocabulary.own_words
            if run and (not chinese or run[-1].end != token.start):
                yield run
                run = []
            if chinese:
                run.append(token)
        if run:
            yield run

    def _in_doubt(self, run: Sequence[Token], place: int) -> bool:
        """What may be left of a misspelled word: it stands nowhere in the base, or nowhere beside its neighbours."""
        token = run[place]
        pairs = [a.raw + b.raw for a, b in pairwise(run[max(0, place - 1) : place + 2])]
        if len(token.raw) > 1 and not self._df[token.term]:
            return True
        return bool(pairs) and token.raw not in STOP_WORDS and not any(self._df[pair] for pair in pairs)

    def _wrong_sound(self, typed: str, word: str) -> float | None:
        """Other characters of the same sound; nothing when it is the word itself, cut in another way."""
        if len(word) != len(typed) or word.isascii():
            return None
        if word == typed:
            return 0
        readings = self._vocabulary.readings
        same = all(a == b or set(readings(a)) & set(readings(b)) for a, b in zip(word, typed, strict=True))
        return SOUND if same else SOUND + BLUR

    # pinyin

    def _by_pinyin(self) -> Iterator[_Asked]:
        for run in islice(self._pinyin_runs(), MAX_DOUBTS):
            after = {t.end: following.start for t, following in pairwise(run)}
            arcs: dict[int, list[int]] = defaultdict(list)
            for token in run:
                for start, end in self._vocabulary.syllables(token.raw):
                    arcs[token.start + start].append(token.start + end)
            paths: list[tuple[tuple[int, int], ...]] = [((start, end),) for start, ends in arcs.items() for end in ends]
            for _ in CHARACTERS:
                for path in paths:
                    syllables = tuple(self._text[a:b] for a, b in path)
                    known = sum(self._df[t.term] > 0 for t in run if t.start < path[-1][1] and path[0][0] < t.end)
                    key = "".join(map(blurred, syllables))
                    mistake = partial(self._wrong_script, syllables)
                    yield _Asked((key,), path[0][0], path[-1][1], mistake, known * CHANCE)
                ends_of = ((path, after.get(path[-1][1], path[-1][1])) for path in paths)
                paths = [(*path, (start, end)) for path, start in ends_of for end in arcs[start]]

    def _pinyin_runs(self) -> Iterator[list[Token]]:
        """Words that can be read as pinyin, one blank between them; not a known word by itself."""
        run: list[Token] = []
        for token in (*self._tokens, None):
            reads = token is not None and self._is_letters(token) and self._vocabulary.syllables(token.raw)
            if run and not (token and reads and self._text[run[-1].end : token.start] == " "):
                if len(run) > 1 or not self._df[run[0].term]:
                    yield run
                run = []
            if token and reads:
                run.append(token)

    def _wrong_script(self, syllables: Sequence[str], word: str) -> float | None:
        """Pinyin for characters."""
        if len(word) != len(syllables) or word.isascii():
            return None
        heard = [self._vocabulary.readings(c) for c in word]
        same = all(s in r or s.replace("u", "v") in r for s, r in zip(syllables, heard, strict=True))
        return PINYIN + (CHANCE if len(word) == 1 else 0) + (0 if same else BLUR)

    # the cheapest reading

    def _touched(self) -> list[tuple[int, int]]:
        """Tokens (first, last excluded) that some mistake may touch, with one neighbour on each side."""
        starts = [t.start for t in self._tokens]
        touched = np.zeros(len(starts) + 2, np.int8)
        for edge in self._mistakes:
            touched[max(0, bisect_right(starts, edge.start) - 2) + 1 : bisect_left(starts, edge.end) + 2] = 1
        touched[-1] = 0
        return [(first, last) for first, last in np.flatnonzero(np.diff(touched)).reshape(-1, 2).tolist()]

    def _as_typed(self) -> Iterator[_Edge]:
        """The tokens of all windows, and their characters where a mistake begins or ends inside one."""
        borders = {place for edge in self._mistakes for place in (edge.start, edge.end)}
        tokens = [t for first, last in self._windows for t in self._tokens[first:last]]
        torn = [t for t in tokens if borders & {*range(t.start + 1, t.end)} and _CHINESE.fullmatch(t.raw)]
        self._look_up([char for token in torn for char in token.raw])
        yield from (_Edge(t.start, t.end, t.raw, self._cost(t.term)) for t in tokens)
        for token in torn:
            yield from (_Edge(i, i + 1, char, self._cost(char)) for i, char in enumerate(token.raw, token.start))

    def _next(self, edge: _Edge) -> int:
        """Where the token behind an edge starts."""
        return self._after.get(edge.end, edge.end)

    def _cheapest(self, first: int, last: int, doubt: float) -> list[_Edge]:
        """Viterbi's algorithm: the cheapest path over the edges of a window. A state is the edge that ends there."""
        begin, end = self._tokens[first].start, self._tokens[last - 1].end
        states: dict[int, list[_State]] = defaultdict(list)
        states[begin] = [_State(0)]
        for start in [place for place in self._places if begin <= place < end]:
            before = sorted(states[start], key=itemgetter(0))[:BEAM]
            for edge in self._starting[start] if before else ():
                mistaken = edge.mistake + doubt if edge.mistake else 0
                cost, state = min(((s.cost + self._step(s.edge, edge), s) for s in before), key=itemgetter(0))
                states[self._next(edge)].append(_State(cost + mistaken, edge, state))
        state = min(states[self._after.get(end, end)], key=itemgetter(0))
        path: list[_Edge] = []
        while state.edge is not None and state.before is not None:
            path.append(state.edge)
            state = state.before
        return path[::-1]

    def _step(self, before: _Edge | None, edge: _Edge) -> float:
        """The cost of a word after another: less when they stand side by side somewhere, or are both in pinyin."""
        if before is None or self._text[before.end : edge.start] not in ("", " "):
            return edge.cost + (edge.chance or 0)
        cost = edge.cost if before.chance is not None else edge.cost + (edge.chance or 0)
        pair = before.word + edge.word
        return min(cost, max(0.0, self._cost(pair) - before.cost)) if self._df[pair] else cost


def _names(tokens: Sequence[Token]) -> frozenset[int]:
    """Where tokens start that a part of their own follows."""
    return frozenset(a.start for a, b in pairwise(tokens) if b.part and not a.part)


def _without_one(word: str) -> tuple[str, ...]:
    """A word with each of its characters left out."""
    return tuple(word[:i] + word[i + 1 :] for i in range(len(word)))


def _wrong_letter(typed: str, word: str) -> float | None:
    """One letter left out, inserted, changed, or two neighbours swapped (Damerau 1964), each kind as likely."""
    if not word.isascii() or typed == word:
        return None
    here, meant = _difference(typed, word)
    ways = {(0, 1): len(word), (1, 0): 26 * (len(word) + 1), (1, 1): 25 * len(word)}.get((len(here), len(meant)), 0)
    if len(here) == 2 and here == meant[::-1]:
        ways = len(word) - 1
    return EDIT + math.log(4 * ways) if ways else None


def _difference(a: str, b: str) -> tuple[str, str]:
    """What is left of two words without the beginning and the end they share."""
    start = next((i for i, (x, y) in enumerate(zip(a, b, strict=False)) if x != y), min(len(a), len(b)))
    a, b = a[start:], b[start:]
    end = next((i for i, (x, y) in enumerate(zip(a[::-1], b[::-1], strict=False)) if x != y), min(len(a), len(b)))
    return a[: len(a) - end], b[: len(b) - end]


def _wrong_character(typed: str, word: str) -> float | None:
    """One character in the place of another, whatever it sounds like."""
    near = len(word) == len(typed) and sum(a != b for a, b in zip(word, typed, strict=True)) == 1
    return SHAPE if near else None
