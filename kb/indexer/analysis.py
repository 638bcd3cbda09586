"""This module turns one article into the rows of an index: its passages, their terms, their atoms."""

import re
from bisect import bisect_right
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

from kb.articles.captions import Captions
from kb.articles.markdown import split
from kb.bundle.fields import CODE_ZONES, SEGMENTS
from kb.model import Article, Passage, Token
from kb.text import telling
from kb.text.identifiers import CODE_KINDS
from kb.text.tokens import Folded, Tokenizer, fold, pairs


class Numbers(dict[str, int]):
    """A number for each string, in the order in which they are first asked for."""

    def __missing__(self, text: str) -> int:
        number = self[text] = len(self)
        return number


@dataclass(slots=True)
class Terms:
    """The terms of some text, repeats included. whole: tokens; parts: what counts for less, pieces of identifiers and
    codes of other faults; pairs: neighbours.

    words: the words of letters or Chinese characters among them as they are written.
    """

    whole: list[str]
    parts: list[str]
    pairs: list[str]
    words: list[str]


@dataclass(frozen=True, slots=True)
class Row:
    """One passage, ready for the index.

    text: all its terms, those of title and facts included; title: those of the title alone.
    segments: (field, folded text) of all that can be quoted.
    codes: what names a fault -> how much it is the one that the passage is about, see kb.bundle.fields.CODE_ZONES.
    """

    passage: Passage
    text: Terms
    title: Terms
    segments: list[tuple[int, str]]
    codes: dict[str, float] = field(default_factory=dict)


_TROUBLE = re.compile(
    r"faq|q&a|troubleshoot|trouble|issue|problem|error|debug|diagnos|question"
    r"|问题|疑难|故障|排查|排障|错误|报错|异常|诊断|解答|问答",
    re.IGNORECASE,
)


OBSERVED = ("symptom", "question")
"""Roles of sections that tell what a customer sees."""


def is_about_trouble(record: Mapping[str, Any]) -> bool:
    """Whether an article is there for trouble rather than for reference: a case or FAQ, or a page whose file or title
    says so, such as troubleshooting.md or 常见问题."""
    place = fold(f"{record['path']}\n{record['title']}").text
    return record["kind"] in ("case", "faq") or bool(_TROUBLE.search(place))


def title_texts(article: Article, passage: Passage) -> tuple[str, ...]:
    """What counts as title: of the article and of the section, and the customers' own words."""
    heading = passage.heading
    if heading and heading[0] == article.title:
        heading = heading[1:]
    inside = (s.title for s in passage.sections if not s.role and s.title and s.title not in passage.heading)
    return (article.title, *heading, *inside, *article.aliases)


def analyse(article: Article, tokenizer: Tokenizer, captions: Captions = ()) -> list[Row]:
    """An article's rows, in order of its passages. captions: what its pictures say, searched where they stand."""
    number = "" if article.id in (article.path, article.path.rsplit(".", 1)[0]) else article.id
    values = (*article.quoted, number)
    short = lru_cache(maxsize=None)(lambda text: _terms(*tokenizer.read(text)))  # passages of an article share titles
    facts = [short(v) for v in values if v]
    names = {"title": [_folded(article.title)], "alias": [_folded(a) for a in article.aliases]}
    names |= {"fact": [_folded(v) for v in values], "id": [_folded(article.id)]}
    rows = []
    named = {t.term: CODE_ZONES["title"] for t in _codes((article.title, *article.aliases), tokenizer)}
    passages = split(article)
    shown = _by_passage(article, passages, captions)
    tops = {p.heading[0] for p in passages if p.heading}
    for place, passage in enumerate(passages):
        said = [tokenizer.read(text) for text in shown.get(place, ())]
        folded = fold(passage.text)
        tokens = tokenizer.folded_tokens(folded)
        body = _terms(folded, tokens)
        titles = title_texts(article, passage)
        if passage.heading and passage.heading[0] != article.title in tops:
            titles = titles[1:]  # a file without a title has its first heading's, which is none of this section
        title = [short(t) for t in titles if t]
        headings = (*passage.heading, *(s.title for s in passage.sections))
        texts = names | {
            "heading": [_folded(h) for h in headings],
            "code": [fold(passage.text[a:b]).text for a, b in passage.code],
            "text": [folded.text],
        }
        texts["fact"] = [*texts["fact"], *(told.text for told, _ in said)]
        segments = [(SEGMENTS[name], text) for name, found in texts.items() for text in found if text]
        above = {t.term: CODE_ZONES["heading"] for t in _codes(passage.heading, tokenizer) if not telling.is_name(t)}
        codes = {t.term: CODE_ZONES["text"] for read in said for t in telling.codes(*read)}
        codes |= _codes_within(passage, folded, tokens)
        for known in (above, named):
            codes = {c: max(known.get(c, 0), codes.get(c, 0)) for c in (*known, *codes)}
        rows.append(
            Row(
                passage,
                _joined((*title, body, *facts, *(_terms(*read) for read in said))),
                _joined(title),
                segments,
                codes,
            )
        )
    return rows


def _by_passage(article: Article, passages: Sequence[Passage], captions: Captions) -> dict[int, list[str]]:
    """Number of a passage -> the texts of its pictures."""
    starts = [p.line - article.body_line for p in passages]
    found: dict[int, list[str]] = {}
    for line, text in captions:
        found.setdefault(max(0, bisect_right(starts, line) - 1), []).append(text)
    return found


def _codes(texts: Iterable[str], tokenizer: Tokenizer) -> Iterator[Token]:
    """The codes of titles."""
    return (t for folded, tokens in map(tokenizer.read, texts) for t in telling.codes(folded, tokens))


def _codes_within(passage: Passage, folded: Folded, tokens: list[Token]) -> dict[str, float]:
    """The codes of a passage's text, each with the most telling place it stands at."""
    found: dict[str, float] = {}
    starts = [s.start for s in passage.sections]
    for token in telling.codes(folded, tokens):
        place, _ = folded.span(token.start, token.end)
        section = bisect_right(starts, place) - 1
        role = passage.sections[section].role if section >= 0 else ""
        if telling.is_name(token) and role not in OBSERVED:
            continue
        zone = "apart" if telling.is_apart(folded.text, token.start, token.end) else role or "text"
        found[token.term] = max(found.get(token.term, 0), CODE_ZONES[zone])
    return found


def _terms(folded: Folded, tokens: list[Token]) -> Terms:
    less = {id(t) for t in tokens if t.part}
    less |= {id(t) for t in tokens if t.kind in CODE_KINDS and telling.is_apart(folded.text, t.start, t.end)}
    return Terms(
        [t.term for t in tokens if id(t) not in less],
        [t.term for t in tokens if id(t) in less],
        list(pairs(tokens, folded.text)),
        [t.raw for t in tokens if t.kind in ("word", "part") and t.raw.isalpha()],
    )


@lru_cache(maxsize=20_000)
def _folded(text: str) -> str:
    return fold(text).text


def _joined(terms: Sequence[Terms]) -> Terms:
    return Terms(
        [t for x in terms for t in x.whole],
        [t for x in terms for t in x.parts],
        [t for x in terms for t in x.pairs],
        [t for x in terms for t in x.words],
    )
