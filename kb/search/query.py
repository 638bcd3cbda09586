"""This module reads what people type: words, "phrases", field:value, -not, OR, prefix*, date ranges, (groups).

    parse('打印机 "卡纸" -产品:HP cause:hardware OR 50.1*') -> a tree of nodes

What can't be read as a query is searched as plain words, with a note; there is no wrong query.
"""

import re
from dataclasses import dataclass
from typing import NamedTuple

from kb.bundle.fields import BY_NAME, Field
from kb.labels import guessed_value, value_of
from kb.language import say
from kb.model.schema import BY_NAME as KEYS
from kb.model.schema import CHOICES, FOLDER, How

MAX_OPERATED = 500
"""Characters. A longer text is a paste, where a colon or a dash is no operator."""
MAX_LEAVES = 50
"""Phrases, fields, patterns and stretches of plain words: each is a question to the full text."""
MAX_DEPTH = 20
"""Parentheses within parentheses."""


PASTE_LENGTH = 70


def is_paste(text: str) -> bool:
    """True for a description, mail or log, False for a few words to search."""
    text = text.strip()
    return "\n" in text or len(text) > PASTE_LENGTH or (len(text) > PASTE_LENGTH // 3 and bool(_SENTENCE.search(text)))


_SENTENCE = re.compile(r"[，。！？；]|[,;.!?]\s")


@dataclass(frozen=True, slots=True)
class Words:
    """Plain words; every one has to stand in the passage."""

    text: str


@dataclass(frozen=True, slots=True)
class Phrase:
    """Words that stand next to each other in a field."""

    text: str
    field: str = "text"


@dataclass(frozen=True, slots=True)
class Value:
    """A field that is exactly one of a few values."""

    field: str
    value: str


@dataclass(frozen=True, slots=True)
class Pattern:
    """A word with * (any characters) or ? (one character)."""

    text: str
    field: str = "text"


@dataclass(frozen=True, slots=True)
class Range:
    """A date field between two days (ISO, may be shortened to month or year), both inclusive, "" for open."""

    field: str
    low: str
    high: str


@dataclass(frozen=True, slots=True)
class Term:
    """A term of the index. Nobody types one: ranking asks for it."""

    term: str


@dataclass(frozen=True, slots=True)
class And:
    children: "tuple[Node, ...]"


@dataclass(frozen=True, slots=True)
class Or:
    children: "tuple[Node, ...]"


@dataclass(frozen=True, slots=True)
class Not:
    child: "Node"


@dataclass(frozen=True, slots=True)
class Enough:
    """Some of these conditions, whose weights add up to the least that is enough. As Near, nobody types one."""

    children: "tuple[Node, ...]"
    weights: tuple[float, ...]
    least: float


@dataclass(frozen=True, slots=True)
class Near:
    """What means the same as a text: at least such a cosine, and no more than the nearest so many passages."""

    text: str
    cosine: float
    most: int


Node = Words | Phrase | Value | Pattern | Range | Term | And | Or | Not | Enough | Near
"""A node of the query tree."""


class Parsed(NamedTuple):
    """root: None for an empty query. notes: how the query was read, when that may surprise."""

    root: Node | None
    notes: tuple[str, ...]


_FIELD_NAMES = "|".join(sorted(map(re.escape, BY_NAME), key=len, reverse=True))
_QUOTED = r'"[^"]*"|“[^”]*”|「[^」]*」|『[^』]*』'
_LEXER = re.compile(
    rf"""
      (?P<space>\s+)
    | (?P<open>[(（])
    | (?P<close>[)）])
    | (?P<quoted>{_QUOTED})
    | (?P<or>(?:OR|\|\|?|或者)(?=\s|$|[(（]))
    | (?P<and>(?:AND|&&)(?=\s|$|[(（]))
    | (?P<not>NOT(?=\s)|[-!](?=[^\W\d_]|["“「『(（]))
    | (?P<field>(?i:{_FIELD_NAMES}))[:：](?P<value>{_QUOTED}|\[[^\]]*\]|[^\s"“”()（）]+)
    | (?P<word>(?:[^\s"“”「」『』()（）]|(?<=[^\s"“”「」『』()（）])[(（][^\s()（）]*[)）])+)
    """,
    re.VERBOSE,
)
_WILD = re.compile(r"(?!.*://).*?(?:\w\*|\w\?\w|\*\w)")
_DATE = r"\d{4}(?:-\d{1,2}(?:-\d{1,2})?)?"


class _UnreadableError(Exception):
    pass


def parse(text: str) -> Parsed:
    """Read a query. Never raises."""
    text = text.strip()
    if not text:
        return Parsed(None, ())
    if len(text) > MAX_OPERATED or "\n" in text or _is_prose(text):
        return Parsed(Words(text), ())
    try:
        root = _Reader(text).read()
    except _UnreadableError as problem:
        note = say(
            "没有看懂查询语法（{problem}），已按普通词搜索",
            "the query syntax was not understood ({problem}); searched as plain words",
            problem=problem,
        )
        plain = re.sub(r'["“”「」『』()（）|]|(?<!\S)(?:OR|AND|NOT)(?!\S)', " ", text).strip()
        return Parsed(Words(plain) if plain else None, (note,))
    return Parsed(root, ())


_ROW = re.compile(r'[,{\[:]\s*"[^"]*"\s*[,}\]:]')
"""A value between those of a CSV row, a key of JSON."""


def _is_prose(text: str) -> bool:
    """Whether somebody tells a story, or pastes a row of data: its quotation marks and colons ask for nothing."""
    if _ROW.search(text):
        return True
    outside = re.sub(_QUOTED, " ", text)
    return len(outside) > PASTE_LENGTH and bool(_SENTENCE.search(outside))


class _Reader:
    """Recursive descent: alternatives -> sequence -> item."""

    def __init__(self, text: str) -> None:
        self._depth = 0
        self._tokens: list[tuple[str, str, str]] = []
        self._at = 0
        position = 0
        leaves = 0
        before = ""
        after_space = True
        while position < len(text):
            m = _LEXER.match(text, position)
            if m is None:
                raise _UnreadableError(say("引号不成对", "unbalanced quotes"))
            kind = m.lastgroup or ""
            kind = "field" if kind == "value" else kind
            if kind == "not" and not after_space:
                raise _UnreadableError(text[position : position + 10])
            if kind != "space":
                value = m["value"] if kind == "field" else m[0]
                self._tokens.append((kind, value, (m["field"] or "").lower()))
                leaves += kind in ("quoted", "field")
                leaves += kind == "word" and (before != "word" or _WILD.match(value) is not None)
                before = kind
            after_space = kind in ("space", "open", "or", "and", "not")
            position = m.end()
        if leaves > MAX_LEAVES:
            raise _UnreadableError(say("词太多", "too many words"))

    def read(self) -> Node | None:
        root = self._alternatives()
        if self._at < len(self._tokens):
            raise _UnreadableError(say("括号不成对", "unbalanced parentheses"))
        if root is None:
            raise _UnreadableError(say("只有运算符", "operators only"))
        return root

    def _peek(self) -> str:
        return self._tokens[self._at][0] if self._at < len(self._tokens) else ""

    def _alternatives(self) -> Node | None:
        found = [self._sequence()]
        while self._peek() == "or":
            self._at += 1
            found.append(self._sequence())
        nodes = tuple(n for n in found if n is not None)
        if len(found) > 1 and len(nodes) < len(found):
            raise _UnreadableError(say("OR 旁边缺词", "OR without a word beside it"))
        return Or(nodes) if len(nodes) > 1 else nodes[0] if nodes else None

    def _sequence(self) -> Node | None:
        items: list[Node] = []
        while self._peek() not in ("", "close", "or"):
            if self._peek() == "and":
                self._at += 1
                continue
            item = self._item()
            if isinstance(item, Words) and items and isinstance(items[-1], Words):
                items[-1] = Words(items[-1].text + " " + item.text)
            else:
                items.append(item)
        return And(tuple(items)) if len(items) > 1 else items[0] if items else None

    def _item(self) -> Node:
        kind, value, name = self._tokens[self._at]
        self._at += 1
        if kind == "not":
            if self._peek() in ("", "close", "or", "and"):
                raise _UnreadableError(say("- 后面缺词", "nothing after the minus"))
            return Not(self._item())
        if kind == "open":
            self._depth += 1
            if self._depth > MAX_DEPTH:
                raise _UnreadableError(say("括号太多", "too many parentheses"))
            inside = self._alternatives()
            if self._peek() != "close" or inside is None:
                raise _UnreadableError(say("括号不成对", "unbalanced parentheses"))
            self._at += 1
            self._depth -= 1
            return inside
        if kind == "quoted":
            return Phrase(value[1:-1])
        if kind == "field":
            return _fielded(BY_NAME[name], value)
        return Pattern(value) if _WILD.match(value) else Words(value)


def _fielded(field: Field, value: str) -> Node:
    name = field.name
    plain = value[1:-1] if re.fullmatch(_QUOTED, value) else value
    if field.how == How.DATE:
        return _range(name, plain)
    if field.how == How.EXACT:
        if field.key == FOLDER.name:
            return Value(FOLDER.name, plain.strip("/"))
        key = KEYS[field.key]
        if key.open or key.choices is None:
            return Value(key.name, value_of(key.name, plain))
        known = guessed_value(key.name, plain)
        if known not in CHOICES[key.name]:
            # 状态:离线 is a line of a report, not a question about an article's status.
            raise _UnreadableError(f"{name}: {'|'.join(CHOICES[key.name])}")
        return Value(key.name, known)
    if plain == value and _WILD.match(value):
        return Pattern(value, name)
    return Phrase(plain, name)


def _range(name: str, value: str) -> Range:
    """2025 · 2025-03 · >=2025-03 · <2025 · 2025-01..2025-06 · [2025-01 TO 2025-06]"""
    if m := re.fullmatch(rf"({_DATE})", value):
        return Range(name, _iso(m[1]), _iso(m[1]))
    if m := re.fullmatch(rf"(>=|>|<=|<)({_DATE})", value):
        day = _iso(m[2])
        if m[1][0] == ">":
            return Range(name, day if m[1] == ">=" else day + "~", "")
        return Range(name, "", day if m[1] == "<=" else _before(day))
    for form in (rf"({_DATE})?\.\.({_DATE})?", rf"\[\s*({_DATE}|\*)?\s+[Tt][Oo]\s+({_DATE}|\*)?\s*\]"):
        if (m := re.fullmatch(form, value)) and (m[1] or m[2]):
            return Range(name, _iso(m[1]), _iso(m[2]))
    raise _UnreadableError(
        say("日期写成 2025-03 或 2025-01..2025-06", "write dates as 2025-03 or 2025-01..2025-06") + f": {value}"
    )


def _iso(text: str | None) -> str:
    if not text or text == "*":
        return ""
    return "-".join(part if i == 0 else part.zfill(2) for i, part in enumerate(text.split("-")))


def _before(day: str) -> str:
    """The largest text below a (shortened) ISO date, so that an inclusive bound excludes it."""
    return day[:-1] + chr(ord(day[-1]) - 1) + "~"
