"""This module answers which words of customers would have found an article: sayings that it may take as aliases.

A closed case says which article solved it, and its report how a customer tells of that fault. Where a piece of the
report does not find the article, and says something that the article does not, it is proposed as it was said, masked.
"""

import re
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from hashlib import blake2b
from typing import NamedTuple

from sqlalchemy import select

from kb.articles.golden import same
from kb.database import tables
from kb.database.connection import Store, upsert
from kb.errors import NotFoundError
from kb.model import Article, Query
from kb.privacy import masked, without_placeholders
from kb.search.engine import Engine
from kb.service.cases import Taught
from kb.text.stopwords import STOP_WORDS
from kb.text.talk import is_talk

LOOKED_AT = 60
"""Cases, the newest, whose reports are read."""
PIECES = 6
"""Pieces of one report that are tried."""
SHORTEST, LONGEST = 4, 40
"""Characters of a saying."""
FOUND = 3
"""A piece that brings its article to one of so many places finds it already."""
LACKING = 2
"""Characters that a word has at least which an article lacks."""
_BREAK = re.compile(r"[\n。！？!?；;，,：:（）()\[\]【】\"“”]+|\.\s")
_COURTESY = re.compile(r"^(?:您好|你好|请问|麻烦|老师|hello|hi|please)[\s,，]*", re.IGNORECASE)


class Saying(NamedTuple):
    """What a customer said of a fault, that its article does not. words: those which it lacks; case: who said it."""

    article: Article
    text: str
    words: tuple[str, ...]
    case: str


def sayings(engine: Engine, taught: Iterable[Taught], refused: "Refused") -> list[Saying]:
    """What may become an alias, at most one of each report, in the order of the cases."""
    found: dict[tuple[str, str], Saying] = {}
    for case in taught:
        try:
            article = engine.article(case.article)
        except NotFoundError:
            continue
        known = {t.term for t in engine.tokens(_all_of(engine, article))}
        pieces = [(piece, _lacking(engine, piece, known)) for piece in _pieces(case.report)]
        for piece, words in sorted((p for p in pieces if p[1]), key=lambda p: -len(p[1]))[:PIECES]:
            if refused.has(article.id, piece) or (article.id, same(piece)) in found:
                break
            if not 0 < engine.rank_of(Query(piece), article, "search") <= FOUND:
                found[article.id, same(piece)] = Saying(article, piece, words, case.number)
                break
    return list(found.values())


def _all_of(engine: Engine, article: Article) -> str:
    return "\n".join((article.title, *article.aliases, *article.product, engine.body(article)))


def _pieces(report: str) -> Sequence[str]:
    """The sentences of a report, without customer data and courtesy, none of them long."""
    text = without_placeholders(masked(report))
    pieces = (_COURTESY.sub("", " ".join(piece.split())) for piece in _BREAK.split(text))
    return list(dict.fromkeys(p for p in pieces if SHORTEST <= len(p) <= LONGEST))


def _lacking(engine: Engine, piece: str, known: set[str]) -> tuple[str, ...]:
    """Words of a piece that an article lacks, and that are about a fault rather than talk."""
    words = [t for t in engine.tokens(piece) if t.kind in ("word", "user") and not t.part]
    told = (t for t in words if len(t.raw) >= LACKING and t.raw not in STOP_WORDS and not is_talk(t.term))
    return tuple(dict.fromkeys(t.raw for t in told if t.term not in known))


class Refused:
    """What writers did not want as aliases, in one database. Every method raises StoreError."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._known: set[tuple[str, str]] | None = None

    def has(self, article: str, text: str) -> bool:
        if self._known is None:
            table = tables.RefusedSaying
            with self._store.reading() as session:
                self._known = {
                    (row.article, row.digest) for row in session.execute(select(table.article, table.digest))
                }
        return (article, _digest(text)) in self._known

    def refuse(self, article: str, text: str) -> None:
        """Never propose this saying for this article again."""
        with self._store.session() as session:
            upsert(
                session,
                tables.RefusedSaying,
                ("article", "digest"),
                article=article,
                digest=_digest(text),
                at=datetime.now(UTC),
            )
        self._known = None


def _digest(text: str) -> str:
    """The words of a customer are not kept for having been refused."""
    return blake2b(same(text).encode("utf8", "replace"), digest_size=16).hexdigest()
