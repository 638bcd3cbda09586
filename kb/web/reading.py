"""This module notes what readers do: which words they search, which articles they open, and whether these helped."""

from collections.abc import Collection
from urllib.parse import quote, urlsplit

from flask import Flask, redirect, request, session

from kb.feedback import REASONS
from kb.model import Article, Page
from kb.web.security import require_token
from kb.web.verdicts import give, noted
from kb.web.views import Answer, article_url, feedback, index_in_force, number_of, visitor

MAX_WORDS = 200
"""Characters of a search that its links to articles carry (?h=): by them a visit knows its search."""


def init_app(app: Flask) -> None:
    app.add_url_rule("/rate", view_func=rate, methods=["POST"])
    app.jinja_env.globals.update(reasons=REASONS)


def note_search(found: Page) -> None:
    """Note a search with words. Another page, another order and the same words once more are the same search."""
    query = found.query
    if not query.text or query.page > 1 or "sort" in request.args or not feedback().kept:
        return
    shown = [hit.article.id for hit in found.hits]
    best = found.hits[0].score if found.hits else 0.0
    words = query.text[:MAX_WORDS]
    before = _search_of(words)
    number = noted(lambda f: f.log_search("search", query.text, shown, found.total, best, visitor(), before), None)
    session["search"] = (number, words)


def note_visit(article: Article, words: str) -> None:
    """Note that an article was opened. words: those that are marked in it.

    Who comes from the article itself (said something of it, changed the language) did not open it again.
    """
    if feedback().kept and urlsplit(request.referrer or "").path != quote(request.path):
        noted(lambda f: f.log_visit(article.id, visitor(), _search_of(words)), None)


def _search_of(words: str) -> int | None:
    """This visitor's last search, if it was for these words."""
    number, last = session.get("search", (None, ""))
    return number if words and words == last else None


def helped(articles: Collection[str]) -> dict[str, int]:
    """How often each of these articles helped; nothing when the log can't be read."""
    unknown: dict[str, int] = {}
    return noted(lambda f: f.helped(articles), unknown)


def rate() -> Answer:
    """Whether an article helped, as this visitor says; the last answer counts, and can be taken back."""
    require_token()
    index, form = index_in_force(), request.form
    found, words = index.articles[number_of(index, form.get("article", ""))], form.get("h", "")[:MAX_WORDS]
    give("", form.get("verdict", ""), found.id, _search_of(words), form.get("comment", ""))
    return redirect(article_url(found, "verdict", words), 303)
