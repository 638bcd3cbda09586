"""This module finds misspelled words: written by their sound, in pinyin, with a wrong letter or a wrong character.

A noisy channel (Kernighan, Church and Gale 1990): of all ways to read a text the cheapest is taken. A word costs
-ln of its probability in this base, less when it stands beside the word before it somewhere; believing in a mistake
costs, too. Only words that the base does not know, single characters (a wrong one tears a word apart) and
pinyin are looked at.

A base knows little of what people talk about. So a Chinese word also costs what it costs in jieba's dictionary, and
common words of other languages are not misspelled (kb.text.common).

In a paste, which is long or has lines, only names of the trade (Widnows) are looked at: a log is full of words that no
base knows, and there is enough else to find an article by. Codes with o for 0 or l for 1 are read in both.
"""

import math
import re
from bisect import bisect_left, bisect_right
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import partial
from itertools import islice, pairwise, product
from operator import attrgetter, itemgetter
from typing import NamedTuple

import numpy as np

from kb.model import Correction, Token
from kb.search.corpus import Corpus
from kb.search.query_terms import respelled
from kb.text.common import is_common
from kb.text.identifiers import identify
from kb.text.spelling_keys import CHARACTERS, LETTERS, blurred
from kb.text.stopwords import STOP_WORDS
from kb.text.tokens import HAN, Folded

UNSEEN = 16.0
"""Cost of a Chinese word that no passage holds, or more in a large base: one of 100,000 in two of a hundred texts."""
GENERAL = math.log(10)
"""Cost of talking about something else than the base does, in words of jieba's dictionary."""
CHARACTER = math.log(50)
"""The same of a single character: more often it is what is left of a word."""
COUNTED = 60_000_000
"""Words that its frequencies are of."""
WORD = 12.0
"""Cost of a word of its dictionary at most: it counted newspapers, where 快递 is as rare as 1 in 600,000."""
COMMON = 11.5
"""Cost of a word that is common in some language with Latin letters: one in 100,000."""
NAME = math.log(50)
"""Cost of a word of letters that no passage holds; they are names, and name most things."""
LETTER = 4.14 * math.log(2)
"""More, for each of its letters: 4.14 bits (Shannon 1951)."""
SOUND = math.log(100)
"""Cost of a word written with other characters of the same sound: one in a hundred."""
MISHEARD = math.log(100)
"""More, when it sounds the same only to those who mix up zh and z; they know how it is written."""
BLUR = math.log(10)
"""The same in pinyin, which they write as they speak."""
SHAPE = 12.0
"""Cost of any other character in the place of the right one."""
OFTEN = 1000
"""So frequent a character is a word: 越吃越多 is written as it is meant."""
EDIT = math.log(50)
"""Cost of a wrong letter: one word in fifty, in one of four ways."""
FIRST = math.log(20)
"""More, when it is the first one: eFuse is no refuse."""
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
MAX_QUERY = 40
"""Tokens of one line; more, or several lines, are a paste."""
TRADE = 5
"""Letters of a name that is looked for in a paste; shorter ones are near to too many words."""
TELLING = 1.0
"""So many times as frequent as in jieba's count must a Chinese word be in the base to be meant: who looks for 时间 or
其中 finds nothing by them, and much sounds like them."""

LONGEST = CHARACTERS[-1]
_LOOKED_UP = range(1, LETTERS[-1] + 1)
"""Lengths of tokens whose frequency is asked for: longer ones are no words."""
_CHINESE = re.compile(f"[{HAN}]+")
_HEXADECIMAL = re.compile(r"(?<![a-z0-9_./\\-])(?=[0-9a-z]*[0-9])[0o]x[0-9a-foli]{4,8}(?![a-z0-9_])")
_DIGITS = str.maketrans("oOlLiI", "001111")


def check(index: Corpus, text: str, doubt: float = SURE, paste: bool | None = None) -> tuple[Correction, ...]:
    """The misspelled words of a text, in order.

    Other identifiers, numbers and the user's own words are never taken for any. doubt: by how much believing in a
    mistake must be cheaper than believing what was typed; SURE to act on it, 0 to ask about it.
    paste: whether it is one, or a part of one; the text tells by itself when that is not said.
    """
    codes = list(_codes(text, index.tokenizer.read(text)[0]))
    words = _Reader(index, text, paste).corrections(doubt)
    free = (w for w in words if not any(w.start < c.end and c.start < w.end for c in codes))
    return tuple(sorted((*codes, *free), key=attrgetter("start")))


def better_query(index: Corpus, text: str, few: bool = True, applied: Iterable[str] = ()) -> str:
    """The query with misspelled words replaced, to ask whether it is meant; "" when there is nothing to ask.

    few: True when little was found; else only what is surely wrong is asked about. applied: what was typed
    where the better word was searched already.
    """
    if len(text) > MAX_PROPOSED:
        return ""
    corrections = check(index, text, 0 if few else SURE)
    return respelled(text, corrections).text if {c.typed for c in corrections} - set(applied) else ""


def _codes(text: str, folded: Folded) -> Iterator[Correction]:
    """Hexadecimal codes in which a letter stands for a digit: o for 0, l or i for 1."""
    for m in _HEXADECIMAL.finditer(folded.text):
        start, end = folded.span(*m.span())
        typed = text[start:end]
        better = "0x" + folded.cased[m.start() + 2 : m.end()].translate(_DIGITS)
        if better.lower() != m[0] and identify(better.lower()).kind == "hex":
            yield Correction(start, end, typed, better)


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

    def __init__(self, index: Corpus, text: str, paste: bool | None) -> None:
        self._weights = index.weights
        self._frequency = index.tokenizer.frequency
        self._vocabulary = index.vocabulary
        self._original = text
        self._folded, every = index.tokenizer.read(text)
        self._text = self._folded.text
        self._tokens = [t for t in every if not t.part]
        self._paste = "\n" in text.strip() or len(self._tokens) > MAX_QUERY if paste is None else paste
        self._df: dict[str, int] = defaultdict(int)
        words = [t for t in every if t.kind in ("word", "part") and len(t.raw) in _LOOKED_UP]
        self._look_up([*(t.term for t in words), *(a.raw + b.raw for a, b in pairwise(words) if a.end == b.start)])
        self._names = _names([t for t in every if not t.part or (len(t.raw) in LETTERS and self._df[t.term])])
        self._unseen = max(UNSEEN, self._cost_of(0))
        self._mistakes = self._find_mistakes()
        self._windows: list[tuple[int, int]] = []
        if self._mistakes:
            self._lay_out()

    def _lay_out(self) -> None:
        """Every way to read what mistakes may touch."""
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
        cost = self._cost_of(self._df[term]) if self._df[term] else self._unseen
        if not term.isascii():
            return min(cost, self._general(term))
        return cost if self._df[term] else NAME + LETTER * len(term)

    def _general(self, word: str) -> float:
        """Of a Chinese word wherever it is used."""
        count = self._frequency(word)
        if not count:
            return math.inf
        return (
            min(WORD, GENERAL + math.log(COUNTED / count)) if len(word) > 1 else CHARACTER + math.log(COUNTED / count)
        )

    def _cost_of(self, passages: int) -> float:
        """Of a word that so many passages hold."""
        return math.log((self._vocabulary.total + 1) / (passages + 0.5))

    def _find_mistakes(self) -> list[_Edge]:
        """Edges that read something else than was typed; one look-up for them all."""
        asked = [*self._by_letters()]
        if not self._paste:
            asked += [*self._by_characters(), *self._by_pinyin()]
        edges: dict[tuple[int, int, str], _Edge] = {}
        found = self._vocabulary.find([key for ask in asked for key in ask.keys], 4 * CANDIDATES)
        for ask in asked:
            words: dict[str, int] = {}
            for some in islice(found, len(ask.keys)):
                words |= some
            made = []
            for word, passages in words.items():
                mistake = ask.mistake(word) if ask.chance is not None or self._is_meant(word, passages) else None
                if mistake is not None:
                    made.append(_Edge(ask.start, ask.end, word, self._cost_of(passages), mistake, ask.chance))
            for edge in sorted(made, key=lambda e: e.cost + e.mistake)[:CANDIDATES]:
                if edge.mistake <= edges.get(edge[:3], edge).mistake:
                    edges[edge[:3]] = edge
        return list(edges.values())

    def _is_meant(self, word: str, passages: int) -> bool:
        """Whether somebody may look for a word: in a paste a name of the trade, else a word the base is about.

        A name stands in a product or a tag; or several passages hold it, and no language does.
        """
        if word.isascii():
            name = word in self._vocabulary.trade or (passages > 1 and not is_common(word))
            return not self._paste or (len(word) >= TRADE and name)
        common = self._frequency(word) / COUNTED
        return passages / self._vocabulary.total >= TELLING * common

    # words of letters

    def _by_letters(self) -> Iterator[_Asked]:
        words = (t for t in self._tokens if self._is_letters(t) and len(t.raw) in LETTERS)
        unknown = (t for t in words if not self._df[t.term] and not is_common(t.raw))
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
        """Stretches of characters that hold a token in doubt and tear no known word."""
        torn = {i for t in self._tokens if self._is_word(t) for i in range(t.start + 1, t.end)}
        doubted = ((run, t) for run in self._runs() for i, t in enumerate(run) if self._in_doubt(run, i))
        spans: dict[tuple[int, int], None] = {}
        for run, token in islice(doubted, MAX_DOUBTS):
            for start in range(max(run[0].start, token.start - LONGEST + 1), token.end):
                ends = range(max(start + 2, token.start + 1), min(run[-1].end, start + LONGEST) + 1)
                spans.update(((start, end), None) for end in ends if not torn & {start, end})
        for start, end in spans:
            typed = self._text[start:end]
            sounds = {"".join(said) for said in product(*map(self._vocabulary.sounds, typed))}
            yield _Asked(tuple(sounds), start, end, partial(self._wrong_sound, typed))
            if len(typed) > 2:
                yield _Asked(_without_one(typed), start, end, partial(self._wrong_character, typed))

    def _is_word(self, token: Token) -> bool:
        """A Chinese word of several characters that the base or the dictionary holds."""
        return bool(_CHINESE.fullmatch(token.raw)) and bool(self._df[token.term] or self._frequency(token.raw))

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
        """Other characters of the same sound; nothing when it is the word itself, cut in another way.

        Who writes by sound gets a word with another in the place of the right one, or one wrong character of two or
        three: 啥都 is no 杀毒.
        """
        if len(word) != len(typed) or word.isascii():
            return None
        if word == typed:
            return 0
        wrong = [(a, b) for a, b in zip(word, typed, strict=True) if a != b]
        if len(wrong) > len(word) // 2 and not self._frequency(typed):
            return None
        readings = self._vocabulary.readings
        same = all(set(readings(a)) & set(readings(b)) for a, b in wrong)
        small = any(b in STOP_WORDS for _, b in wrong)  # 是 and 的 are seldom what is left of another word
        return SOUND + (0 if same else MISHEARD) + (CHANCE if small else 0)

    def _wrong_character(self, typed: str, word: str) -> float | None:
        """One character in the place of another, whatever it sounds like, unless it often stands there by itself."""
        wrong = [b for a, b in zip(word, typed, strict=True) if a != b] if len(word) == len(typed) else ()
        return SHAPE if len(wrong) == 1 and self._frequency(wrong[0]) < OFTEN else None

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
                    known = sum(self._is_known(t, run) for t in run if t.start < path[-1][1] and path[0][0] < t.end)
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
                if len(run) > 1 or not self._is_known(run[0], run):
                    yield run
                run = []
            if token and reads:
                run.append(token)

    def _is_known(self, token: Token, run: Sequence[Token]) -> bool:
        """Whether a word of a run is one of the base, or of another language: in three words that all read as pinyin
        it is none of these."""
        return self._df[token.term] > 0 or (len(run) < 3 and is_common(token.raw))

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
        """The tokens of all windows, and every other way to cut what is Chinese of them into known words."""
        for first, last in self._windows:
            tokens = self._tokens[first:last]
            yield from (_Edge(t.start, t.end, t.raw, self._typed_cost(t)) for t in tokens)
            taken = {(t.start, t.end) for t in tokens}
            chinese = {i for t in tokens if _CHINESE.fullmatch(t.raw) for i in range(t.start, t.end)}
            spans = [(a, a + n) for a in sorted(chinese) for n in CHARACTERS if {*range(a, a + n)} <= chinese]
            words = {span: self._text[slice(*span)] for span in spans if span not in taken}
            self._look_up([*words.values()])
            for (start, end), word in words.items():
                if end - start == 1 or self._df[word] or self._frequency(word):
                    yield _Edge(start, end, word, self._cost(word))

    def _typed_cost(self, token: Token) -> float:
        return COMMON if not self._df[token.term] and is_common(token.raw) else self._cost(token.term)

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
    return EDIT + math.log(4 * ways) + (FIRST if typed[0] != word[0] else 0) if ways else None


def _difference(a: str, b: str) -> tuple[str, str]:
    """What is left of two words without the beginning and the end they share."""
    start = next((i for i, (x, y) in enumerate(zip(a, b, strict=False)) if x != y), min(len(a), len(b)))
    a, b = a[start:], b[start:]
    end = next((i for i, (x, y) in enumerate(zip(a[::-1], b[::-1], strict=False)) if x != y), min(len(a), len(b)))
    return a[: len(a) - end], b[: len(b) - end]
