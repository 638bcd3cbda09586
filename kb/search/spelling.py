"""This module proposes a better spelled query from the index's own words: "did you mean"."""

import re
from collections.abc import Iterator, Sequence

from kb.fields import STOP_WORDS
from kb.model import Token
from kb.search.index import Index
from kb.search.query import Phrase
from kb.tokens import HAN, fold

MAX_LENGTH = 80
"""Characters; who pastes more is not helped by another spelling."""
LETTERS = 4
"""Shorter words of letters are abbreviations, and one letter away from all others."""
LONGEST = 5
"""Characters of a Chinese word with a wrong one in it."""
NEAR = 30
"""Places in GB 2312 between two characters that may be mistaken for each other: 印 and 因 are 13 apart."""

_CHINESE = re.compile(f"[{HAN}]+")

Change = tuple[int, int, str]


def better_query(index: Index, text: str, few: bool = True) -> str:
    """The query with words that no article holds replaced by the nearest known ones; "" when there is none.

    few: True when little was found; else only what is surely wrong is replaced. Digits are never
    touched: another number is another fault.
    """
    if len(text) > MAX_LENGTH:
        return ""
    folded = fold(text)
    tokens = [t for t in index.tokenizer.folded_tokens(folded) if not t.part and t.kind == "word"]
    changes = list(_chinese(index, tokens, few))
    if few:
        changes += _english(index, tokens)
    out = text
    for start, end, better in sorted(changes, reverse=True):
        a, b = folded.span(start, end)
        out = out[:a] + better + out[b:]
    return out if changes else ""


# --- words of letters ------------------------------------------------------------------------


def _english(index: Index, tokens: Sequence[Token]) -> Iterator[Change]:
    for token in tokens:
        word = token.raw
        if word.isascii() and word.isalpha() and len(word) >= LETTERS and token.term not in index.weights:
            better = "" if index.fulltext.words(word) else nearest(index, token)
            if better:
                yield token.start, token.end, better


def nearest(index: Index, token: Token) -> str:
    """The known word one change away (two for eight letters and more), as it is written in articles; or ""."""
    reach = 2 if len(token.raw) >= 8 else 1
    found: list[tuple[int, int, str]] = []
    for term, column in index.weights.terms.items():
        if not _alike(term, token.term, reach) or edit_distance(term, token.term, reach) > reach:
            continue
        if index.weights.text_df[column]:
            # The vocabulary holds stems (batteri); the full text holds the words (battery, batteries).
            for word, frequency in index.fulltext.words(term[:-1]):
                if [t.term for t in index.tokenizer.tokens(word)] == [term]:
                    found.append((edit_distance(word, token.raw, 3), -frequency, word))
    return min(found)[2] if found else ""


def _alike(a: str, b: str, reach: int) -> bool:
    """Cheap test before the distance: letters only, of about the same length and mostly the same."""
    if abs(len(a) - len(b)) > reach or not (a.isascii() and a.isalpha()):
        return False
    return len(set(a) & set(b)) >= min(len(set(a)), len(set(b))) - reach


def edit_distance(a: str, b: str, limit: int) -> int:
    """Optimal string alignment: insertions, deletions, changes and swaps of neighbours; limit + 1 when more.

    Damerau (1964), in the restricted form.
    """
    if abs(len(a) - len(b)) > limit:
        return limit + 1
    before: list[int] = []
    row = list(range(len(b) + 1))
    for i, x in enumerate(a, 1):
        two_before, before, row = before, row, [i]
        for j, y in enumerate(b, 1):
            cost = min(before[j] + 1, row[j - 1] + 1, before[j - 1] + (x != y))
            if i > 1 and j > 1 and x == b[j - 2] and a[i - 2] == y:
                cost = min(cost, two_before[j - 2] + 1)
            row.append(cost)
        if min(row) > limit:
            return limit + 1
    return min(row[-1], limit + 1)


# --- Chinese words ---------------------------------------------------------------------------


def _chinese(index: Index, tokens: Sequence[Token], few: bool) -> Iterator[Change]:
    """A wrong character tears a word into single ones, 打因机 into 打 因 机: look at stretches with such."""
    for run in _runs(tokens):
        first = 0
        while first < len(run):
            for last in range(len(run), first, -1):
                better = _better_stretch(index, run[first:last], few)
                if better:
                    yield run[first].start, run[last - 1].end, better
                    first = last - 1
                    break
            first += 1


def _runs(tokens: Sequence[Token]) -> Iterator[list[Token]]:
    """Chinese tokens that stand side by side, cut at stop words."""
    run: list[Token] = []
    for token in tokens:
        chinese = bool(_CHINESE.fullmatch(token.raw)) and token.raw not in STOP_WORDS
        if run and (not chinese or run[-1].end != token.start):
            yield run
            run = []
        if chinese:
            run.append(token)
    if run:
        yield run


def _better_stretch(index: Index, stretch: Sequence[Token], few: bool) -> str:
    """The known word that differs in one character from tokens that stand nowhere in this order; or ""."""
    text = "".join(t.raw for t in stretch)
    torn = all(len(t.raw) == 1 for t in stretch)
    if not 2 <= len(text) <= LONGEST or not (few or torn) or index.fulltext.phrase(Phrase(text)).any():
        return ""
    # In a stretch of words and single characters, only the latter can be what is wrong.
    doubtful = [len(t.raw) == 1 or len(stretch) == 1 for t in stretch for _ in t.raw]
    best = (False, 0, "")
    for word in index.chinese_words.get(len(text), ()):
        different = [i for i, (a, b) in enumerate(zip(word, text, strict=True)) if a != b]
        if len(different) != 1 or not doubtful[different[0]]:
            continue
        near = _sound_alike(word[different[0]], text[different[0]])
        if near or (torn and len(text) > 2):
            best = max(best, (near, int(index.weights.text_df[index.weights.terms[word]]), word))
    return best[2]


def _sound_alike(a: str, b: str) -> bool:
    """True when a person or an input method may take one character for the other.

    GB 2312 lists its 3755 common characters by pronunciation, so neighbours sound alike.
    """
    places = []
    for char in (a, b):
        code = char.encode("gb2312", "ignore")
        if len(code) != 2 or not 0xB0 <= code[0] <= 0xD7:
            return False
        places.append((code[0] - 0xB0) * 94 + code[1] - 0xA1)
    return abs(places[0] - places[1]) <= NEAR
