"""This module finds what customers may read: published articles for the public, whoever asks."""

from typing import NamedTuple

from markupsafe import Markup

from kb.desk.paste import Paste, answer_paste, is_brief
from kb.errors import BundleError, EngineError
from kb.model import Query
from kb.people.sight import STRANGER
from kb.web.cards import cards
from kb.web.views import whole_engine

SHOWN = 3
COMMON = 8


class PublicAnswer(NamedTuple):
    """A public article. fix: its solution, as HTML."""

    title: str
    fix: Markup


def public_answers(text: str) -> list[PublicAnswer]:
    """Public articles that may answer a text, the best first; without a text, common questions."""
    try:
        engine = whole_engine().seen_by(STRANGER)
    except (BundleError, EngineError):
        return []
    if not text.strip():
        found = engine.search(Query("", size=COMMON, sort="updated"))
        return [PublicAnswer(hit.article.title, Markup("")) for hit in found.hits]
    suggested = answer_paste(engine, Paste(text, count=SHOWN))
    if is_brief(text, suggested.identifiers):
        return []
    return [PublicAnswer(c.suggestion.article.title, c.fix) for c in cards(engine, text, suggested, {})]
