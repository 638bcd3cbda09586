"""This module turns one article into the rows of an index: its passages, their terms, their atoms."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

from kb.fields import SEGMENTS
from kb.indexer.markdown import split
from kb.model import Article, Passage, Token
from kb.tokens import Folded, Tokenizer, fold, pairs


class Numbers(dict[str, int]):
    """A number for each string, in the order in which they are first asked for."""

    def __missing__(self, text: str) -> int:
        number = self[text] = len(self)
        return number


@dataclass(slots=True)
class Terms:
    """The terms of some text, repeats included. whole: tokens; parts: pieces of identifiers; pairs: neighbours.

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
    """

    passage: Passage
    text: Terms
    title: Terms
    segments: list[tuple[int, str]]


def title_texts(article: Article, passage: Passage) -> tuple[str, ...]:
    """What counts as title: of the article and of the section, and the customers' own words."""
    heading = passage.heading
    if heading and heading[0] == article.title:
        heading = heading[1:]
    inside = (s.title for s in passage.sections if not s.role and s.title and s.title not in passage.heading)
    return (article.title, *heading, *inside, *article.aliases)


def analyse(article: Article, tokenizer: Tokenizer) -> list[Row]:
    """An article's rows, in order of its passages."""
    number = article.id if article.id != article.path.rsplit(".", 1)[0] else ""
    values = (*article.product, *article.tags, *article.parts, *article.versions, number)
    short = lru_cache(maxsize=None)(lambda text: _terms(*tokenizer.read(text)))  # passages of an article share titles
    facts = [short(v) for v in values if v]
    names = {"title": [_folded(article.title)], "alias": [_folded(a) for a in article.aliases]}
    names |= {"fact": [_folded(v) for v in values], "id": [_folded(article.id)]}
    rows = []
    for passage in split(article):
        folded = fold(passage.text)
        body = _terms(folded, tokenizer.folded_tokens(folded))
        title = [short(t) for t in title_texts(article, passage) if t]
        headings = (*passage.heading, *(s.title for s in passage.sections))
        texts = names | {
            "heading": [_folded(h) for h in headings],
            "code": [fold(passage.text[a:b]).text for a, b in passage.code],
            "text": [folded.text],
        }
        segments = [(SEGMENTS[name], text) for name, found in texts.items() for text in found if text]
        rows.append(Row(passage, _joined((*title, body, *facts)), _joined(title), segments))
    return rows


def _terms(folded: Folded, tokens: list[Token]) -> Terms:
    return Terms(
        [t.term for t in tokens if not t.part],
        [t.term for t in tokens if t.part],
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
