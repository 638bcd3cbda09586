"""This module marks what matched: exactly those characters, in the most telling lines of a passage."""

import re
from bisect import bisect_right
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from itertools import pairwise
from typing import NamedTuple

from kb.model import Passage, Section, Snippet
from kb.text.tokens import HAN, Tokenizer, fold

LENGTH = 120
"""Characters of a snippet, the signs of what was cut aside: two lines on a desk, four on a phone."""
_BREAK = re.compile(r"[\n。！？；]|(?<=[.!?])\s")
_CLAUSE = re.compile(r"[，、：,:;（(]|\s")
_CHINESE = re.compile(f"[{HAN}]")
_WORD_END = re.compile(r"[!-~]+$")
_RUNS = re.compile(rf"[{HAN}]|[^\W_{HAN}]+")

Span = tuple[int, int]


def phrase_pattern(text: str) -> re.Pattern[str] | None:
    """A phrase as a pattern over folded text, as kb.search.fulltext finds it; None for no words."""
    folded = fold(text).text
    runs = list(_RUNS.finditer(folded))
    if not runs:
        return None
    pattern = re.escape(runs[0][0])
    for before, run in pairwise(runs):
        chinese = [bool(_CHINESE.match(m[0])) for m in (before, run)]
        together = before.end() == run.start()
        gap = r"[\W_]*" if chinese[0] != chinese[1] else "" if together else r"[\W_]+"
        pattern += gap + re.escape(run[0])
    start = "" if _CHINESE.match(runs[0][0]) else "(?<![a-z0-9])"
    end = "" if _CHINESE.match(runs[-1][0]) else "(?![a-z0-9])"
    return re.compile(start + pattern + end)


def wildcard_pattern(text: str) -> re.Pattern[str] | None:
    """A pattern with * and ? over folded text; None for no words.

    Each star is an atomic group that never goes back: a*a*a*a*b against aaaa… would take years.
    """
    folded = re.sub(r"\*+", "*", fold(text).text)
    if not folded.strip("*?"):
        return None
    first, *others = (re.escape(piece).replace(r"\?", r"[^\W_]") for piece in folded.split("*"))
    body = first + "".join(rf"(?>[^\W_]*?{piece})" if piece else r"[^\W_]*" for piece in others)
    return re.compile(rf"(?<![a-z0-9]){body}")


@dataclass(frozen=True)
class Highlighter:
    """What to mark. weights: term -> how telling it is; patterns: phrases, on folded text."""

    tokenizer: Tokenizer
    weights: Mapping[str, float]
    patterns: tuple[re.Pattern[str], ...] = field(default=())

    def found(self, text: str) -> list[tuple[int, int, str]]:
        """(start, end, term) of every match in a text, in order; a phrase's term is itself."""
        folded, tokens = self.tokenizer.read(text)
        out = [(t.start, t.end, t.term) for t in tokens if t.term in self.weights]
        out += [(*m.span(), m[0]) for p in self.patterns for m in p.finditer(folded.text)]
        return sorted((*folded.span(start, end), term) for start, end, term in out)

    def mark(self, text: str) -> Snippet:
        """A whole short text, such as a title."""
        return Snippet(text, merged((a, b) for a, b, _ in self.found(text)))

    def best(self, texts: Iterable[str], beside: str = "") -> Snippet | None:
        """Of several short texts, such as aliases, the one that says most of the query.

        beside: a text that is shown anyway, such as the title; None where none says more than it does.
        """
        best = max(texts, key=self._said, default="")
        return self.mark(best) if self._said(best) > self._said(beside) else None

    def _said(self, text: str) -> float:
        """How much of the query a text says."""
        return sum(self.weights.get(t, 2.0) for t in {term for *_, term in self.found(text)})

    def snippet(self, passage: Passage, length: int = LENGTH) -> tuple[Snippet, Section | None]:
        """The stretch of a passage with the most telling words, whole sentences where they fit, and its section."""
        found = self.found(passage.text)
        start = self._best_start(found, length, passage)
        section, end = _section_at(passage, start)
        stretch = _stretch(passage.text, (section.start if section else 0, end), start, length, found)
        return _cut_out(passage, stretch, found), section

    def _best_start(self, found: list[tuple[int, int, str]], length: int, passage: Passage) -> int:
        """Where the stretch of one section begins that holds the most telling terms, each once; the first of equals.

        Two ends move over the matches. What is added and taken on the way is only nearly right, so that a stretch
        that may be the best is added up by itself.
        """
        value = self.weights.get
        best, best_start = 0.0, 0
        held: dict[str, int] = {}
        sum_, behind = 0.0, 0
        for i, (start, _, first) in enumerate(found):
            last = min(start + length * 0.8, _section_at(passage, start)[1])
            while behind < len(found) and found[behind][1] <= last:
                term = found[behind][2]
                if term not in held:
                    held[term] = 0
                    sum_ += value(term, 2.0)
                held[term] += 1
                behind += 1
            if sum_ > best * (1 - 1e-9):
                exact = sum(value(term, 2.0) for term in held)
                if exact > best:
                    best, best_start = exact, start
            if behind <= i:  # the match itself is longer than a snippet
                behind = i + 1
            elif held[first] == 1:
                del held[first]
                sum_ -= value(first, 2.0)
            else:
                held[first] -= 1
        return best_start


def place(passage: Passage, section: Section | None, title: str = "") -> tuple[tuple[str, ...], str]:
    """Where a snippet stands, for people and for a link: (heading path, anchor). title: see below()."""
    heading = passage.heading or ((section.title,) if section and section.title else ())
    return below(heading, title), section.anchor if section else passage.anchor


def below(heading: tuple[str, ...], title: str) -> tuple[str, ...]:
    """A heading path without the title of the page, which most texts have as their first heading."""
    return heading[1:] if heading and heading[0].strip() == title.strip() else heading


def _section_at(passage: Passage, place: int) -> tuple[Section | None, int]:
    """The section of a passage in which a character stands, and where that ends."""
    after = bisect_right(passage.sections, place, key=lambda s: s.start)
    end = passage.sections[after].start if after < len(passage.sections) else len(passage.text)
    return (passage.sections[after - 1] if after else None), end


class _Stretch(NamedTuple):
    """What is shown of a text, and whether a sentence was cut before and behind it."""

    start: int
    end: int
    cut_before: bool
    cut_behind: bool


def _stretch(text: str, within: Span, start: int, length: int, found: list[tuple[int, int, str]]) -> _Stretch:
    """At most so many characters around a place of a text: sentences or lines where they fit, else whole words.

    within: the section, which it does not leave.
    """
    first, last = within
    breaks = [first, *(m.end() for m in _BREAK.finditer(text, first, last)), last]
    begin = max(b for b in breaks if b <= start)
    cut_before = start - begin > length // 3
    if cut_before:
        begin = _word_start(text, start - length // 4, start)
    while begin < start and text[begin].isspace():
        begin += 1
    end = max((b for b in breaks if start < b <= begin + length), default=begin)
    cut_behind = end < last and end - begin < length // 3  # the next sentence is longer than the room there is
    if cut_behind:
        end = _word_end(text, begin, min(begin + length, last), found)
    elif end == last and not cut_before:
        begin = min((b for b in breaks if end - b <= length and b <= begin), default=begin)
    kept = len(text[begin:end].rstrip())
    return _Stretch(begin, begin + kept, cut_before, cut_behind and begin + kept < len(text[:last].rstrip()))


def _word_start(text: str, begin: int, start: int) -> int:
    """Where a text may be cut before a place: behind a clause or a blank."""
    places = [m.end() for m in _CLAUSE.finditer(text, begin, start)]
    return places[0] if places else begin


def _word_end(text: str, begin: int, end: int, found: list[tuple[int, int, str]]) -> int:
    """Where a text may be cut near a place: not within a match, or a word of letters and digits."""
    if end >= len(text):
        return end
    across = [a for a, b, _ in found if a < end < b]
    word = _WORD_END.search(text, begin, end)
    if word and _WORD_END.fullmatch(text[end]):
        across.append(word.start())
    return min(across) if across and min(across) > begin + (end - begin) // 2 else end


def _cut_out(passage: Passage, stretch: _Stretch, found: list[tuple[int, int, str]]) -> Snippet:
    """A stretch of a passage with its marks, and with "…" where a sentence was cut."""
    begin, end, *_ = stretch
    shift = stretch.cut_before - begin

    def moved(spans: Iterable[Span]) -> tuple[Span, ...]:
        clipped = ((max(a, begin) + shift, min(b, end) + shift) for a, b in spans)
        return merged((a, b) for a, b in clipped if a < b)

    text = "…" * stretch.cut_before + passage.text[begin:end] + "…" * stretch.cut_behind
    return Snippet(text, moved((a, b) for a, b, _ in found), moved((*passage.code, *passage.inline)))


def merged(spans: Iterable[Span]) -> tuple[Span, ...]:
    """Overlapping and touching spans joined, in order."""
    out: list[Span] = []
    for start, end in sorted(spans):
        if out and start <= out[-1][1]:
            out[-1] = (out[-1][0], max(end, out[-1][1]))
        else:
            out.append((start, end))
    return tuple(out)


def pieces(snippet: Snippet) -> list[tuple[str, bool]]:
    """A snippet as (text, marked) in order, for a page or a terminal."""
    out: list[tuple[str, bool]] = []
    position = 0
    for start, end in snippet.spans:
        if start > position:
            out.append((snippet.text[position:start], False))
        out.append((snippet.text[start:end], True))
        position = end
    if position < len(snippet.text):
        out.append((snippet.text[position:], False))
    return out


def stretches(snippet: Snippet) -> list[tuple[bool, list[tuple[str, bool]]]]:
    """A snippet as stretches of text and of code, in order: (whether it is code, its pieces)."""
    if not snippet.code:
        return [(False, pieces(snippet))] if snippet.text else []
    edges = [0, *(place for span in snippet.code for place in span), len(snippet.text)]
    return [
        (i % 2 == 1, pieces(_part(snippet, start, end)))
        for i, (start, end) in enumerate(pairwise(edges))
        if start < end
    ]


def _part(snippet: Snippet, start: int, end: int) -> Snippet:
    spans = ((max(a, start) - start, min(b, end) - start) for a, b in snippet.spans if a < end and b > start)
    return Snippet(snippet.text[start:end], tuple(spans))
