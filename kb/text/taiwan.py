"""This module reads a query in traditional Chinese as the mainland would have put it: 程式當掉 -> 程序, 死机.

Folding (kb.text.tokens) replaces a word of Taiwan by the mainland's only where it can be nothing else, for articles are
folded too and have to be found by quoting them. Of a query that is evidently Taiwan's more can be said, as further
readings beside what was typed: 程式 is 程序 there, though it is also written on the mainland.
"""

import re
from collections.abc import Iterator
from functools import lru_cache

from kb.text.synonyms import Synonyms, parse, shipped_text
from kb.text.tokens import HAN, Tokenizer, fold, from_taiwan

MAX_TEXT = 2000
"""Characters that are read; what follows in a longer paste is a log."""

_SENTENCE = re.compile(f"[{HAN}]{{1,40}}")
"""Chinese without a sign between; bounded, for where words begin is found by converting every ending of it."""

Place = tuple[int, int, str]


def taiwan_readings(text: str, tokenizer: Tokenizer) -> list[Place]:
    """What the mainland says for words of a text in traditional Chinese: (start, end, folded word), in order.

    Only what folding the text does not say already. A stretch may have several words. A text that is not evidently
    traditional has none. The shipped words (kb/text/data/taiwan_words.txt) count before OpenCC's. tokenizer: tells
    where the mainland's words begin and end, for 影印 and 機 are 复印机, one word.
    """
    text = text[:MAX_TEXT]
    if not is_traditional(text):
        return []
    own = list(_shipped_words(text))
    taken = bytearray(len(text))
    for start, end, _ in own:
        taken[start:end] = b"\1" * (end - start)
    found = own + [place for place in _by_opencc(text, tokenizer) if not any(taken[place[0] : place[1]])]
    return sorted(found, key=lambda place: place[:2])


def is_traditional(text: str) -> bool:
    """Whether a text is evidently in traditional Chinese."""
    return sum(map(_side, text[:MAX_TEXT])) > 0


@lru_cache(maxsize=20_000)
def _side(char: str) -> int:
    """1 for a character that only traditional Chinese writes, -1 for one that only simplified Chinese writes."""
    if not "\u3400" <= char <= "\u9fff":
        return 0
    simplified, traditional = (bool(char.encode(code, "ignore")) for code in ("gb2312", "big5"))
    if fold(char).text != char:
        return int(not simplified)
    return -int(simplified and not traditional)


@lru_cache(maxsize=1)
def _words() -> Synonyms:
    return Synonyms(parse(shipped_text("taiwan_words.txt")).table)


def _shipped_words(text: str) -> Iterator[Place]:
    folded, words = fold(text), _words()
    for start, end, word in words.find(folded.text):
        for other in words[word]:
            yield *folded.span(start, end), other


def _by_opencc(text: str, tokenizer: Tokenizer) -> Iterator[Place]:
    """Words that OpenCC reads otherwise in their sentence than folding reads them by themselves."""
    for sentence in _SENTENCE.finditer(text):
        if fold(from_taiwan(sentence[0])).text == fold(sentence[0]).text:
            continue
        for start, end, word in _whole_words(list(_pieces(sentence[0])), tokenizer):
            if len(word) > 1 and word != fold(sentence[0][start:end]).text:
                yield sentence.start() + start, sentence.start() + end, word


def _whole_words(pieces: list[Place], tokenizer: Tokenizer) -> Iterator[Place]:
    """Pieces joined until each ends where a word of the converted sentence ends: (start, end, folded word)."""
    read = "".join(fold(word).text for _, _, word in pieces)
    ends = {end for _, _, end in tokenizer.pieces(read)}
    start = position = written = 0
    for _, end, word in pieces:
        position += len(fold(word).text)
        if position in ends:
            yield start, end, read[written:position]
            start, written = end, position


def _pieces(sentence: str) -> Iterator[Place]:
    """A sentence cut where OpenCC cuts it: (start, end, converted).

    A cut is where what stands before and what follows, each converted by itself, make the sentence converted as one.
    """
    rest = from_taiwan(sentence)
    start = 0
    for end in range(1, len(sentence) + 1):
        word, after = from_taiwan(sentence[start:end]), from_taiwan(sentence[end:])
        if word + after == rest:
            yield start, end, word
            start, rest = end, after
