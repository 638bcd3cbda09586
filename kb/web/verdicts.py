"""This module answers what was said of the articles suggested for a paste: by its visitor, and how often by all."""

import logging
from collections.abc import Callable, Collection
from typing import NamedTuple, TypeVar

from kb.database.activity import REASONS, Feedback
from kb.errors import StoreError
from kb.model import VERDICTS, Query
from kb.web.views import feedback, visitor

log = logging.getLogger(__name__)

UNDO = "undo"
Value = TypeVar("Value")


class Standing(NamedTuple):
    """One article under one paste. verdict: of this visitor, or ""; helped: how often, by all; reason: just given."""

    article: str
    verdict: str
    helped: int
    reason: str = ""


def standings(text: str, articles: Collection[str]) -> dict[str, Standing]:
    """By the numbers of articles; empty when no verdicts are kept or the log can't be read."""
    if not feedback().kept or not articles:
        return {}
    given = noted(lambda f: f.given(visitor(), text), None)
    helped = noted(lambda f: f.helped(articles), None)
    if given is None or helped is None:
        return {}
    return {a: Standing(a, given.get(a, (0, ""))[1], helped.get(a, 0)) for a in articles}


def uses(query: Query) -> dict[str, int]:
    """How often articles helped, for a search that orders by it; nothing for the others, or when it can't be read."""
    unknown: dict[str, int] = {}
    return noted(lambda f: f.most_helpful(), unknown) if query.sort == "used" else unknown


def give(text: str, said: str, article: str, search: int | None, comment: str = "") -> str:
    """Keep a verdict, a reason why an article did not help, or take the verdict back. Returns the reason, or "".

    said: one of VERDICTS, REASONS or UNDO. Raises InputError, StoreError.
    """
    if said == UNDO:
        row, _ = feedback().given(visitor(), text).get(article, (0, ""))
        feedback().take_back(row, visitor())
        return ""
    reason = said if said in REASONS else ""
    feedback().give_verdict(article, VERDICTS[1] if reason else said, visitor(), text, search, reason, comment)
    return reason


def noted(ask: Callable[[Feedback], Value], otherwise: Value) -> Value:
    """What the log answers, or otherwise when it can't: a log that fails keeps nobody from an answer."""
    try:
        return ask(feedback())
    except StoreError as error:
        log.warning("%s", error)
        return otherwise
