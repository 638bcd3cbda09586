"""This module finds what customers may read: published articles whose tags say that they are public."""

from typing import NamedTuple

from markupsafe import Markup

from kb.desk.paste import Paste, answer_paste, is_brief
from kb.model import Article, Query
from kb.model.schema import PUBLIC
from kb.text.tokens import fold
from kb.web.cards import cards
from kb.web.writers import engine_or_none

ASKED = 20
"""Suggestions among which public ones are looked for."""
SHOWN = 3
COMMON = 8


class PublicAnswer(NamedTuple):
    """A public article. fix: its solution, as HTML."""

    title: str
    fix: Markup


def is_public(article: Article) -> bool:
    tags = {fold(tag).text for tag in article.tags}
    return article.status == "published" and not tags.isdisjoint(PUBLIC)


def public_answers(text: str) -> list[PublicAnswer]:
    """Public articles that may answer a text, the best first; without a text, common questions."""
    engine = engine_or_none()
    if engine is None:
        return []
    if not text.strip():
        found = engine.search(Query("", {"tags": PUBLIC, "status": ("published",)}, size=COMMON, sort="updated"))
        titles = [hit.article.title for hit in found.hits if is_public(hit.article)]
        return [PublicAnswer(title, Markup("")) for title in titles]
    suggested = answer_paste(engine, Paste(text, count=ASKED))
    if is_brief(text, suggested.identifiers):
        return []
    shown = [c for c in cards(engine, text, suggested, {}) if is_public(c.suggestion.article)]
    return [PublicAnswer(c.suggestion.article.title, c.fix) for c in shown[:SHOWN]]
