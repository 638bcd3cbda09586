"""This module notes what readers do: which words they search, which articles they open, and whether these helped."""

import re
from collections.abc import Collection
from urllib.parse import quote, urlsplit

from flask import Flask, redirect, request, session

from kb.database.activity import REASONS
from kb.model import OTHER_FAULT, Article, Page
from kb.web.security import require_token
from kb.web.verdicts import give, noted
from kb.web.views import Answer, article_named, article_url, engine_in_force, feedback, visitor

MAX_WORDS = 200
"""Characters of a search that its links to articles carry (?h=)."""


def init_app(app: Flask) -> None:
    app.add_url_rule("/rate", view_func=rate, methods=["POST"])
    app.jinja_env.globals.update(reasons=[r for r in REASONS if r != OTHER_FAULT])  # it is read for itself


def note_search(found: Page) -> None:
    """Note a search with words. Another page, another order and the same words once more are the same search."""
    query = found.query
    if not query.text or query.page > 1 or "sort" in request.args or not feedback().kept or not is_meant():
        return
    shown = [hit.article.id for hit in found.hits]
    best = found.hits[0].score if found.hits else 0.0
    remember_search(
        noted(lambda f: f.log_search("search", query.text, shown, found.total, best, visitor(), last_search()), None)
    )


def note_visit(article: Article, words: str) -> None:
    """Note that an article was opened. words: those that are marked in it.

    Who comes from the article itself (said something of it, changed the language) did not open it again.
    """
    followed = request.headers.get("Sec-Fetch-User") == "?1"  # a link of another site, such as a ticket's
    if feedback().kept and is_meant(followed) and urlsplit(request.referrer or "").path != quote(request.path):
        noted(lambda f: f.log_visit(article.id, visitor(), last_search() if words else None), None)


def remember_search(number: int | None) -> None:
    """Keep which row of the log is this visitor's last search; a cookie is no place for its words."""
    session["search"] = number


def last_search() -> int | None:
    """The row of the log of this visitor's last search."""
    number = session.get("search")
    return number if isinstance(number, int) else None


def is_meant(followed: bool = False) -> bool:
    """Whether a reader of this site asks, not another site's page nor a browser that reads ahead.

    followed: whether it is enough that the reader followed a link of another site.
    """
    purpose = request.headers.get("Sec-Purpose", "") or request.headers.get("Purpose", "")
    if re.search("prefetch|prerender|preview", f"{purpose} {request.headers.get('X-Moz', '')}"):
        return False
    return request.headers.get("Sec-Fetch-Site", "none") in ("none", "same-origin") or followed


def helped(articles: Collection[str]) -> dict[str, int]:
    """How often each of these articles helped; nothing when the log can't be read."""
    unknown: dict[str, int] = {}
    return noted(lambda f: f.helped(articles), unknown)


def rate() -> Answer:
    """Whether an article helped, as this visitor says; the last answer counts, and can be taken back."""
    require_token()
    form = request.form
    found, words = article_named(engine_in_force(), form.get("article", "")), form.get("h", "")[:MAX_WORDS]
    search = last_search() if words else None
    give("", form.get("verdict", ""), found.id, search, form.get("comment", ""))
    return redirect(article_url(found, "verdict", words), 303)
