"""This module marks what matched: exactly those characters, in the most telling lines of a passage."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from itertools import pairwise

from kb.model import Passage, Section, Snippet
from kb.text.tokens import HAN, Tokenizer, fold

LENGTH = 120
"""Characters of a snippet: two lines on a desk, four on a phone."""
_BREAK = re.compile(r"[\n。！？；]|(?<=[.!?])\s")
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

    def snippet(self, passage: Passage, length: int = LENGTH) -> tuple[Snippet, Section | None]:
        """The stretch of a passage with the most telling words, and the section it stands in."""
        found = self.found(passage.text)
        start = self._best_start(found, length)
        text, offset = _window(passage.text, start, length, found)
        spans = ((max(a - offset, 0), min(b - offset, len(text))) for a, b, _ in found)
        section = None
        for candidate in passage.sections:
            if candidate.start <= start:
                section = candidate
        return Snippet(text, merged((a, b) for a, b in spans if a < b)), section

    def _best_start(self, found: list[tuple[int, int, str]], length: int) -> int:
        """Where the stretch of that length begins that holds the most telling terms, each once; the first of equals.

        Two ends move over the matches. What is added and taken on the way is only nearly right, so that a stretch
        that may be the best is added up by itself.
        """
        value = self.weights.get
        best, best_start = 0.0, 0
        held: dict[str, int] = {}
        sum_, behind = 0.0, 0
        for i, (start, _, first) in enumerate(found):
            while behind < len(found) and found[behind][1] - start <= length * 0.8:
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


def place(passage: Passage, section: Section | None) -> tuple[tuple[str, ...], str]:
    """Where a snippet stands, for people and for a link: (heading path, anchor)."""
    heading = passage.heading or ((section.title,) if section and section.title else ())
    return heading, section.anchor if section else passage.anchor


def _window(text: str, start: int, length: int, found: list[tuple[int, int, str]]) -> tuple[str, int]:
    """A stretch around start that begins at a sentence or line where one is near: (text, its offset).

    It ends before a match, or a word of letters and digits, that it would cut in two.
    """
    begin = max(0, start - length // 4)
    breaks = [m.end() for m in _BREAK.finditer(text, begin, start)]
    if breaks:
        begin = breaks[-1]
    elif begin:
        blank = text.find(" ", begin, start)
        begin = blank + 1 if blank >= 0 else begin
    while begin < start and text[begin].isspace():
        begin += 1
    end = begin + length
    if end < len(text):
        across = [a for a, b, _ in found if a < end < b]
        word = _WORD_END.search(text, begin, end)
        if word and _WORD_END.fullmatch(text[end]):
            across.append(word.start())
        if across and min(across) > begin + length // 2:
            end = min(across)
    return text[begin:end].rstrip(), begin


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
