"""This module reads out of an article what a customer can see or say of its fault: sentences, lines on a screen, codes.

That is its title, its aliases and its symptom (or the question of an FAQ); cause, diagnosis and fix are what nobody
knows yet. A clause that names a thing to set it apart ("different from 0x0000011b") shows none of it.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass

from kb.model import Article, Passage
from kb.search.corpus import Corpus

ROLES = ("symptom", "question")
"""Roles of the sections that tell what a customer sees."""
MAX_PASSAGES = 8
"""Passages of one article that are looked at for these sections."""
MAX_READ = 4000
"""Characters of each passage that are read."""

_SENTENCE = re.compile(r"[。！？；!?;\n]+|\.\s")
_CLAUSE = re.compile(r"[，。；：！？、（）,;!?()\n]+|:\s|\.\s|——|\s[-–]\s")
_QUOTED = re.compile(r"[“「『\"]([^“”「」『』\"\n]{2,80})[”」』\"]")
_SHOWN = re.compile(
    r"(?:提示|显示|弹出|弹窗|报错?|写着|字样|出现|状态|变成|停在|卡在|says?|shows?|reads?|with|message|error|alert)"
    r"(?:[了出的为成是在到：:，, ]|一句|窗口|框|an?|the)*[“「『\"]$",
    re.IGNORECASE,
)
"""What stands before words that a screen shows, in difference to what somebody said."""
_CONTRAST = re.compile(
    r"不同于|区别于|有别于|别于|不是|并非|而非|不要与|[与和跟同].{1,60}?(?:不同|区分|区别|不一样|无关|相反|混淆|两回事)"
    r"|\b(?:unlike|confused? with|as opposed to|differ(?:s|ent)? from|rather than|instead of|not the same"
    r"|unrelated to)\b",
    re.IGNORECASE,
)
"""What sets a fault apart from another one."""


@dataclass(frozen=True, slots=True)
class Observed:
    """What one article says of its fault.

    title, aliases: of the article. prose: sentences of its symptom; quoted: what a screen shows, by these; lines: of
    the code blocks of its symptom. passages: all that was looked at, cause and fix too.
    """

    title: str
    aliases: tuple[str, ...]
    prose: tuple[str, ...]
    quoted: tuple[str, ...]
    lines: tuple[str, ...]
    passages: tuple[str, ...]

    @property
    def told(self) -> str:
        """Title, aliases and symptom, a line each."""
        return "\n".join((self.title, *self.aliases, *self.prose, *self.lines))


def observed(index: Corpus, number: int, passage: int) -> Observed:
    """What an article, by its position, says; passage: the one it was found by."""
    article = index.articles[number]
    prose: list[str] = []
    lines: list[str] = []
    texts: list[str] = []
    for part in _passages(index, article, number, passage):
        texts.append(part.text[:MAX_READ])
        for start, end in _symptom(part):
            blocks = [(max(a, start), min(b, end)) for a, b in part.code if a < end and b > start]
            lines += [line.strip() for a, b in blocks for line in part.text[a:b].split("\n") if line.strip()]
            prose.append(_without(part.text, start, end, blocks))
    plain = "\n".join(prose)
    return Observed(
        article.title,
        article.aliases,
        tuple(s.strip() for s in _SENTENCE.split(plain) if s.strip()),
        tuple(_quoted(article.title, always=True)) + tuple(_quoted(plain)),
        tuple(lines),
        tuple(texts),
    )


def clauses(text: str) -> Iterator[str]:
    """The clauses of a text, without the signs between them."""
    return (c for clause in _CLAUSE.split(text) if (c := clause.strip(" .…-·|*#>$\t“”\"'")))


def without_contrast(text: str) -> str:
    """A text without the clauses that name something to set it apart."""
    return text if not _CONTRAST.search(text) else "\n".join(c for c in _CLAUSE.split(text) if not _CONTRAST.search(c))


def _passages(index: Corpus, article: Article, number: int, passage: int) -> Iterator[Passage]:
    """The passage it was found by and, of a case or an answer, which are about one fault, the other ones."""
    yield index.passage(passage)
    if article.kind != "manual":
        first, end = int(index.first[number]), int(index.first[number + 1])
        yield from (index.passage(p) for p in range(first, min(end, first + MAX_PASSAGES)) if p != passage)


def _symptom(passage: Passage) -> Iterator[tuple[int, int]]:
    """(start, end) of what a passage says of the symptom."""
    ends = [*(s.start for s in passage.sections[1:]), len(passage.text)]
    for section, end in zip(passage.sections, ends, strict=False):  # an article may be a title alone
        if section.role in ROLES and section.start < MAX_READ:
            yield section.start, min(end, MAX_READ)


def _without(text: str, start: int, end: int, blocks: list[tuple[int, int]]) -> str:
    """A stretch of a text without its code blocks."""
    out = []
    for a, b in sorted(blocks):
        out.append(text[start:a])
        start = b
    return "\n".join((*out, text[start:end]))


def _quoted(text: str, always: bool = False) -> Iterator[str]:
    """What a text quotes from a screen. always: whatever stands before the quotation."""
    for m in _QUOTED.finditer(text):
        if always or _SHOWN.search(text[max(0, m.start() - 30) : m.start() + 1]):
            yield m[1].strip()
