"""This module turns text into tokens with spans of the original; the same for index and query.

    text -> fold -> pieces -> tokens

Invariants, tested by these names:
- pieces concatenate to the folded text: nothing is lost between two cuts;
- spans cover exactly the original characters: text[token.start:token.end] is what matched.
"""

import re
import unicodedata
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import lru_cache, partial
from hashlib import blake2b
from typing import Any
from weakref import ref

import opencc
import rjieba
import Stemmer

from kb.model import Token
from kb.text.identifiers import COMPOUND, NOISE, identify, squeeze

VERSION = 4
"""Raise when tokens of an unchanged text change: every index is rebuilt."""

MAX_COMPOUND = 96
"""Characters; a longer compound (a URL, a base64 line) is known by its parts only."""

SHORT = 5000
REMEMBERED = 300
"""Texts of up to SHORT characters; see Tokenizer.read."""
RUNS = 10_000
"""Runs of Chinese characters whose cut is remembered. In searching 42 of 100 are cut from memory, of ten times as many
46, which would take 70 MB in each process."""
WORDS = 20_000
"""Words of letters, and codes, whose tokens and stems are remembered."""

HAN = "\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff"
_HAN_RUN = re.compile(f"[{HAN}]+")

# --- fold ------------------------------------------------------------------------------------

_to_simplified = opencc.OpenCC("t2s")
_from_taiwan = opencc.OpenCC("tw2sp")

TAIWAN_WORDS = {
    "滑鼠": "鼠标",
    "列印": "打印",
    "硬碟": "硬盘",
    "磁碟": "磁盘",
    "光碟": "光盘",
    "登入": "登录",
    "登出": "注销",
    "介面": "界面",
    "晶片": "芯片",
    "萤幕": "屏幕",
    "软体": "软件",
    "韧体": "固件",
    "网路": "网络",
    "伺服器": "服务器",
    "印表机": "打印机",
    "资料库": "数据库",
    "记忆体": "内存",
    "作业系统": "操作系统",
    "防火墙": "防火墙",
}
"""Taiwan's words that hold no traditional-only character, or that people type in simplified ones.
OpenCC can't be asked for the first kind: its table also turns the mainland's 文件 into 文档."""


SIGNS = {
    **dict.fromkeys(map(ord, "\u2010\u2011\u2012\u2013\u2014\u2015\u2043\u2212\ufe58\ufe63\uff0d"), "-"),
    **dict.fromkeys(map(ord, "\u2044\u2215"), "/"),
    0x2236: ":",
}
"""Dashes and strokes as Word and web pages write them: S5130‑28S‑EI is the model that is typed with hyphens."""

_UNSEEN = (
    "\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180e\u200b-\u200f\u202a-\u202e\u2060-\u206f\u3164\ufe00-\ufe0f\ufeff"
    "\uffa0\U000e0000-\U000e01ef"
)
"""Characters that nobody sees: soft hyphens, zero width, directions, variants, marks of byte order."""
_MARKS = (
    "\u0300-\u036f\u0483-\u0487\u0591-\u05bd\u064b-\u065f\u1ab0-\u1aff\u1dc0-\u1dff\u20d0-\u20dc"
    "\u3099\u309a\ufe20-\ufe2f"
)
"""Accents that stand behind their letter."""
_ODD = re.compile(f"[{_UNSEEN}{_MARKS}\u1161-\u11ff]")
_SPELLED = re.compile(
    f"[{_UNSEEN}]+|(?:[^{_UNSEEN}{_MARKS}][{_UNSEEN}]*)?[{_MARKS}][{_UNSEEN}{_MARKS}]*|[\u1100-\u11ff]{{2,}}"
)


def _char_table() -> dict[int, str]:
    """Fold of each single character: NFKC, then traditional to simplified.

    Also 乾 and 徵, which simplified Chinese writes in 乾坤: both sides fold alike, so these are still found.
    """
    han = [chr(c) for c in (*range(0x3400, 0x4DC0), *range(0x4E00, 0xA000))]
    simplified = _to_simplified.convert("\n".join(han)).split("\n")
    table = {ord(a): b for a, b in zip(han, simplified, strict=True) if a != b}
    for code in (*range(0xA0, 0x3400), *range(0xF900, 0xFB50), *range(0xFE30, 0xFFF0), *range(0x1D400, 0x1D800)):
        folded = unicodedata.normalize("NFKC", chr(code))
        if folded != chr(code) and not (len(folded) > 1 and folded.isspace()):
            table[code] = "".join(table.get(ord(c), c) for c in folded).replace("\u2044", "/")
    # These two are lower-cased by rules of their own: İ becomes two characters, Σ looks at its neighbours.
    return table | SIGNS | {ord("İ"): "I", ord("Σ"): "σ", ord("ς"): "σ"}


_CHARS = _char_table()
_ONE_TO_ONE = {code: folded for code, folded in _CHARS.items() if len(folded) == 1}
_LONGER = re.compile("[" + "".join(re.escape(chr(c)) for c, f in _CHARS.items() if len(f) != 1) + "]")
_TRADITIONAL = re.compile("[" + "".join(chr(c) for c in _CHARS if 0x3400 <= c < 0xA000) + "]")
_TAIWAN = re.compile("|".join(sorted(map(re.escape, TAIWAN_WORDS), key=len, reverse=True)))


@dataclass(frozen=True, slots=True)
class Folded:
    """A folded text and the way back.

    text: half width, lower case, simplified. cased: the same before lower-casing, of equal length.
    origin: for each folded character the (start, end) of the original characters it stands for;
        None when that is its own position.
    """

    text: str
    cased: str
    origin: list[tuple[int, int]] | None

    def span(self, start: int, end: int) -> tuple[int, int]:
        """The original characters behind text[start:end], as (start, end)."""
        if self.origin is None or start >= end:
            return start, end
        return self.origin[start][0], self.origin[end - 1][1]


def fold(text: str) -> Folded:
    """Half width, lower case, simplified Chinese with the mainland's words, and the way back.

    What nobody sees is gone, accents stand on their letters, and every dash is a hyphen.

    >>> fold("連不上網路，ＶＰＮ").text
    '连不上网络,vpn'
    """
    if text.isascii():
        return Folded(text.lower(), text, None)
    return _fold(text) if _ODD.search(text) is None else _fold_composed(text)


def _fold_composed(text: str) -> Folded:
    """The fold of a text with characters that nobody sees, or with accents behind their letters."""
    out: list[str] = []
    places: list[tuple[int, int]] = []
    position = 0
    for m in _SPELLED.finditer(text):
        out.append(text[position : m.start()])
        places += [(i, i + 1) for i in range(position, m.start())]
        seen = unicodedata.normalize("NFKC", re.sub(f"[{_UNSEEN}]", "", m[0]))  # an accent behind ﬁ is one of the i
        out.append(seen)
        places += [m.span()] * len(seen)
        position = m.end()
    out.append(text[position:])
    places += [(i, i + 1) for i in range(position, len(text))]
    folded = _fold("".join(out))
    if folded.origin is None:
        return Folded(folded.text, folded.cased, places)
    return Folded(folded.text, folded.cased, [(places[a][0], places[b - 1][1]) for a, b in folded.origin])


def _fold(text: str) -> Folded:
    if not _LONGER.search(text) and not _TRADITIONAL.search(text) and not _TAIWAN.search(text):
        cased = text.translate(_ONE_TO_ONE)
        return Folded(cased.lower(), cased, None)
    out: list[str] = []
    origin: list[tuple[int, int]] = []
    position = 0
    for start, end, folded in _replacements(text):
        out.append(text[position:start].translate(_ONE_TO_ONE))
        origin += [(i, i + 1) for i in range(position, start)]
        out.append(folded)
        if len(folded) == end - start:
            origin += [(i, i + 1) for i in range(start, end)]
        else:
            origin += [(start, end)] * len(folded)
        position = end
    out.append(text[position:].translate(_ONE_TO_ONE))
    origin += [(i, i + 1) for i in range(position, len(text))]
    cased = "".join(out)
    return Folded(cased.lower(), cased, origin)


def _replacements(text: str) -> list[tuple[int, int, str]]:
    """Places where one character becomes several, or a Taiwan word the mainland's: (start, end, folded)."""
    found = [(m.start(), m.end(), _CHARS[ord(m[0])]) for m in _LONGER.finditer(text)]
    for run in _HAN_RUN.finditer(text):
        plain = run[0].translate(_ONE_TO_ONE)
        if plain != run[0] or _TAIWAN.search(plain):
            found += [(run.start() + a, run.start() + b, w) for a, b, w in _taiwan_words(run[0], plain)]
    return sorted(found)


def _taiwan_words(run: str, plain: str) -> Iterator[tuple[int, int, str]]:
    """Longest words first from the left. A word counts by itself alone, never by what stands
    around it, so that a text and a quotation from it fold alike."""
    i = 0
    while i < len(run):
        for length in range(min(5, len(run) - i), 1, -1):
            word = _taiwan_word(run[i : i + length], plain[i : i + length])
            if word:
                yield i, i + length, word
                i += length
                break
        else:
            i += 1


@lru_cache(maxsize=100_000)
def _taiwan_word(word: str, plain: str) -> str:
    """The mainland's word for one of Taiwan's, or "" when it is none or a shorter one tells all."""
    if plain in TAIWAN_WORDS:
        return TAIWAN_WORDS[plain]
    if word == plain:
        return ""
    whole = str(_from_taiwan.convert(word))
    if whole in (plain, word):
        return ""
    # 資料庫文件 is two words; the second is also the mainland's, and stays.
    halves = ((word[:i], word[i:]) for i in range(1, len(word)))
    return "" if any(_from_taiwan.convert(a) + _from_taiwan.convert(b) == whole for a, b in halves) else whole


def from_taiwan(text: str) -> str:
    """A text of Taiwan as the mainland writes it, each word by the sentence it stands in: 程式當掉 -> 程序当掉.

    For reading queries. Folding doesn't ask it for a sentence: see TAIWAN_WORDS.
    """
    return str(_from_taiwan.convert(text))


@lru_cache(maxsize=2)
def _converter(table: str) -> opencc.OpenCC:
    return opencc.OpenCC(table)


def in_script(text: str, traditional: bool) -> str:
    """A text in one script: as Taiwan writes it, words too, or as the mainland does. For people to read."""
    return str(_converter("s2twp" if traditional else "t2s").convert(text))


# --- words -----------------------------------------------------------------------------------

_OTHER_WORD = re.compile(rf"(?:[a-z0-9]*+[ß-ɏ]|[^\W_{HAN}a-z0-9])[^\W_{HAN}]*")
"""A word that is not ASCII alone; café is one word, in β版本 the Chinese is none of its business."""

_RUN = re.compile(rf"[{HAN}]+|[^\W_{HAN}]+")
_stemmer = Stemmer.Stemmer("english", 0)


_loaded: list[Any] = [rjieba._DEFAULT_JIEBA]


def _dictionary() -> Any:
    """jieba's dictionary, to add words to. Reading it takes a tenth of a second: the first is the one that rjieba
    reads when it is imported."""
    try:
        return _loaded.pop()
    except IndexError:
        return rjieba.Jieba()


@lru_cache(maxsize=1)
def _plain_dictionary() -> Any:
    """jieba's dictionary as it is, for all who add nothing."""
    return _dictionary()


@lru_cache(maxsize=WORDS)
def _stem(word: str) -> str:
    return str(_stemmer.stemWord(word))


class Tokenizer:
    """Cuts text with jieba's dictionary and the user's own words (articles/dictionary.txt).

    A user word of Chinese characters alone goes to the segmenter; one that holds letters, digits,
    blanks or signs is matched as it stands, longest first, never inside a longer run of letters.
    Lines without any letter, and lines too long to be a word, are no words.
    """

    def __init__(self, words: Iterable[str] = ()) -> None:
        folded = {fold(w.strip()).text for w in words}
        self.words = tuple(sorted(w for w in folded if squeeze(w) and len(w) <= MAX_COMPOUND))
        han = [w for w in self.words if _HAN_RUN.fullmatch(w)]
        mixed = [w for w in self.words if not _HAN_RUN.fullmatch(w)]
        self._own = frozenset(han)
        self._mixed = re.compile(_any_of(mixed)) if mixed else None
        self._jieba = _dictionary() if han else _plain_dictionary()
        for word in han:
            self._jieba.add_word(word, max(self._jieba.suggest_freq(word), 1), None)
        # Neither remembers through this object itself: one that is given up is gone at once, and 30 MB with it.
        self.cut = lru_cache(maxsize=RUNS)(partial(_cut, self._jieba, self._own))
        self._split = lru_cache(maxsize=WORDS)(partial(_split_long, self._jieba))
        me = ref(self)
        self._remembered = lru_cache(maxsize=REMEMBERED)(lambda text: me()._read(text))  # type: ignore[union-attr]

    @property
    def fingerprint(self) -> str:
        """Changes when tokens may change: the tokeniser's version and every user word."""
        return blake2b("\n".join((str(VERSION), *self.words)).encode(), digest_size=8).hexdigest()

    def pieces(self, text: str) -> Iterator[tuple[str, int, int]]:
        """Cut a folded text without gap or overlap: (class, start, end).

        Classes: user, noise, compound, han, word (of another script), other (blanks and signs).
        """
        position = 0
        for start, end in self._user_words(text):
            yield from self._plain_pieces(text, position, start)
            yield "user", start, end
            position = end
        yield from self._plain_pieces(text, position, len(text))

    def _user_words(self, text: str) -> Iterator[tuple[int, int]]:
        return (m.span() for m in self._mixed.finditer(text)) if self._mixed else iter(())

    def _plain_pieces(self, text: str, start: int, stop: int) -> Iterator[tuple[str, int, int]]:
        position = start
        for m in _SCAN.finditer(text, start, stop):
            if m.start() > position:
                yield "other", position, m.start()
            position = m.start()
            if m.lastgroup == "han":
                for word in self.cut(m[0]):
                    yield "han", position, position + len(word)
                    position += len(word)
            else:
                position = m.end()
                yield m.lastgroup or "other", m.start(), position
        if stop > position:
            yield "other", position, stop

    def frequency(self, word: str) -> int:
        """How often a Chinese word stands in the 60 million words jieba counted, 0 for none of its dictionary."""
        return int(self._jieba.suggest_freq(word)) if self._jieba.has_word(word) else 0

    def read(self, text: str) -> tuple[Folded, list[Token]]:
        """A text folded, and its tokens with spans of that. The last ones are remembered, if they are no logs:
        what a query corrects, weighs and marks is the same text, and so is what a hit shows and explains."""
        return self._remembered(text) if len(text) <= SHORT else self._read(text)

    def _read(self, text: str) -> tuple[Folded, list[Token]]:
        folded = fold(text)
        return folded, self.folded_tokens(folded)

    def tokens(self, text: str) -> list[Token]:
        """The index terms of a text, in order; parts of a token follow it, inside its span."""
        folded, tokens = self.read(text)
        if folded.origin is None:
            return list(tokens)
        return [t._replace(start=s, end=e) for t in tokens for s, e in [folded.span(t.start, t.end)]]

    def folded_tokens(self, folded: Folded) -> list[Token]:
        """As tokens(), with spans of the folded text."""
        text = folded.text
        out: list[Token] = []
        position = 0
        for start, end in self._user_words(text):
            self._cut_plain(folded, position, start, out)
            canonical = squeeze(text[start:end])
            out.append(Token(canonical, canonical, start, end, "user", False))
            words = (w for run in _RUN.findall(text[start:end]) for w in self._words(run))
            out += _inside(text, start, end, (w for w in words if w != canonical))
            position = end
        self._cut_plain(folded, position, len(text), out)
        return out

    def _cut_plain(self, folded: Folded, start: int, stop: int, out: list[Token]) -> None:
        """Add the tokens of a stretch without words of the user that hold more than Chinese.

        What pieces() tells, in one loop and without what makes no token: a text of a megabyte has a million pieces.
        """
        text, cased = folded.text, folded.cased
        cut, add, new = self.cut, out.append, tuple.__new__  # a third of the time of a class that checks its arguments
        for m in _SCAN.finditer(text, start, stop):
            what, begin = m.lastgroup, m.start()
            if what == "han":
                for word in cut(m[0]):
                    end = begin + len(word)
                    add(new(Token, (word, word, begin, end, "word", False)))
                    if len(word) > 3:
                        out += _inside(text, begin, end, (p for p in self._split(word) if p != word))
                    begin = end
            elif what == "compound":
                for term, raw, first, last, kind, part in _compound(m[0], cased[begin : m.end()]):
                    add(new(Token, (term, raw, begin + first, begin + last, kind, part)))
            elif what == "word":
                add(Token(m[0], m[0], begin, m.end(), "word", False))

    def _words(self, run: str) -> Iterable[str]:
        return self.cut(run) if _HAN_RUN.fullmatch(run) else (run,)


@lru_cache(maxsize=1)
def tokenizer_of(words: tuple[str, ...]) -> Tokenizer:
    """The tokeniser with these words of the user; the last one is kept, for most builds change no word and reading a
    dictionary takes half a second."""
    return Tokenizer(words)


def _cut(jieba: Any, own: frozenset[str], run: str) -> tuple[str, ...]:
    """Chinese characters -> words that concatenate to them; see _split_long for words over three."""
    return tuple(
        piece
        for word in jieba.cut(run, False)
        for piece in ((word,) if len(word) < 4 or word in own else _split_long(jieba, word))
    )


def _split_long(jieba: Any, word: str) -> tuple[str, ...]:
    """A long word as dictionary words of two or three characters, when they cover it exactly.

    上海交通大学 -> 上海 交通 大学; 不亦乐乎 -> 不亦乐乎
    """
    known = {w for w in jieba.cut_for_search(word, False) if len(w) in (2, 3)}
    best: list[list[str] | None] = [[]] + [None] * len(word)
    for end in range(2, len(word) + 1):
        for size in (2, 3):
            before = best[end - size] if end >= size else None
            if before is not None and word[end - size : end] in known:
                here = best[end]
                if here is None or len(before) + 1 < len(here):
                    best[end] = [*before, word[end - size : end]]
    return tuple(best[len(word)] or (word,))


@lru_cache(maxsize=WORDS)
def _compound(text: str, cased: str) -> tuple[Token, ...]:
    """The tokens of one compound, with spans of itself."""
    found, end = identify(text, cased), len(text)
    if found.kind == "word" and not found.parts:
        return (Token(_stem(found.canonical), found.canonical, 0, end, "word", False),)
    whole = [Token(found.canonical, found.canonical, 0, end, found.kind, False)] if end <= MAX_COMPOUND else []
    return (*whole, *_inside(text, 0, end, found.parts))


def _inside(text: str, start: int, end: int, parts: Iterable[str]) -> Iterator[Token]:
    """Parts of a token, each at its own characters where they stand in it as they are."""
    after = start
    for part in parts:
        at = text.find(part, after, end)
        if at < 0:
            at = text.find(part, start, end)
        span = (start, end) if at < 0 else (at, at + len(part))
        after = span[1] if at >= 0 else after
        yield Token(index_term(part), part, *span, "part", True)


def index_term(word: str) -> str:
    """The term of one word of letters: its stem; another word is its own."""
    return _stem(word) if word.isascii() and word.isalpha() else word


_SCAN = re.compile(
    rf"(?P<noise>{NOISE.pattern})|(?P<word>{_OTHER_WORD.pattern})|(?P<compound>{COMPOUND.pattern})|(?P<han>[{HAN}]+)",
    re.VERBOSE,
)


def pairs(tokens: list[Token], text: str) -> Iterator[str]:
    """Neighbouring tokens written together: 网络+连接, node+exporter (as node-exporter), ora+1653."""
    return (a.raw + b.raw for a, b in neighbours(tokens, text))


def neighbours(tokens: list[Token], text: str) -> Iterator[tuple[Token, Token]]:
    """Tokens with nothing or one blank between them, parts aside; text is what the spans refer to."""
    previous: Token | None = None
    for token in tokens:
        if token.part:
            continue
        if previous is not None:
            gap = token.start - previous.end
            if gap == 0 or (gap == 1 and text[previous.end] == " "):
                yield previous, token
        previous = token


def _any_of(words: list[str]) -> str:
    """A pattern that matches the longest of many words; a trie, so that thousands cost no more than ten."""
    trie: dict[str, Any] = {}
    for word in words:
        node = trie
        for char in re.sub(r"\s+", " ", word):
            node = node.setdefault(char, {})
        node[""] = {}

    def pattern(node: dict[str, Any]) -> str:
        branches = [
            (r"\s+" if char == " " else re.escape(char)) + pattern(child)
            for char, child in sorted(node.items())
            if char
        ]
        body = branches[0] if len(branches) == 1 else "(?:" + "|".join(branches) + ")"
        return f"(?:{body})?" if branches and "" in node else body if branches else ""

    # Begins and ends at the edge of a word: "lic" is not in "license". Chinese has no such edge.
    return rf"(?:(?<![a-z0-9])|(?=[{HAN}])){pattern(trie)}(?:(?<=[{HAN}])|(?![a-z0-9]))"
