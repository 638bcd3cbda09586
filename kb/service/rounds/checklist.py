"""This module reads the items of a checklist: the `- [ ]` of an article, in their order.

An item may ask for a value: `{value: 温度}` is kept with the round, `{version: 软件}` becomes the device's, too.
"""

import re
from typing import NamedTuple

from kb.articles.markdown import tasks
from kb.database import tables
from kb.errors import NotFoundError
from kb.search.engine import Engine

MAX_ITEMS = 200
_ASKS = re.compile(r"\s*\{\s*(value|version)\s*[:：]\s*([^{}]{1,60}?)\s*\}\s*")


class Item(NamedTuple):
    """heading: above it; text: what is looked at; value: what is asked for, "" for nothing; version: whether it is the
    version of a software of that name."""

    heading: str
    text: str
    value: str = ""
    version: bool = False


def items(body: str) -> list[Item]:
    """The items of a text."""
    return [_item(heading, text) for heading, text in tasks(body)[:MAX_ITEMS]]


def _item(heading: str, text: str) -> Item:
    m = _ASKS.search(text)
    if m is None:
        return Item(heading, text)
    words = f"{text[: m.start()]} {text[m.end() :]}".strip() or m[2]
    return Item(heading, words, m[2], m[1] == "version")


def items_of(engine: Engine | None, article: str) -> list[Item]:
    """The items of an article by its number; none without an index, or where it is not seen."""
    if engine is None or not article:
        return []
    try:
        return items(engine.body(engine.article(article)))
    except NotFoundError:
        return []


def items_for(engine: Engine | None, plan: tables.Plan) -> list[Item]:
    """The items of a plan's rounds: of its checklist; where there is none, the plan itself is what is looked at."""
    return items_of(engine, plan.checklist) or [Item("", plan.name)]
