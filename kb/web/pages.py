"""This module is the pages people read: home, results, article, and why one was not found."""

import shlex
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path, PurePosixPath

from flask import Flask, redirect, request, send_from_directory, url_for
from markupsafe import Markup
from werkzeug.exceptions import NotFound

import kb
from kb.articles import markdown
from kb.articles.numbering import absence
from kb.desk.paste import asked_in
from kb.desk.what_if import rehearsed
from kb.desk.what_if import sentence as effect_of
from kb.model import HIDDEN_STATUSES, SORTS
from kb.search.improvements import sentence as instruction
from kb.search.query import is_paste
from kb.search.why import standing
from kb.settings import Settings
from kb.text.tokens import MAX_COMPOUND
from kb.web import forms
from kb.web.api import MAX_GOLDEN
from kb.web.cases.shared import case_named
from kb.web.folders import sort_articles, tree
from kb.web.identity import may
from kb.web.marks import mark
from kb.web.merging import successor
from kb.web.products import families
from kb.web.reading import helped, note_search, note_visit
from kb.web.verdicts import standings, uses
from kb.web.views import (
    Answer,
    article_named,
    article_url,
    engine_in_force,
    feedback,
    page,
    remembered,
    resolver,
    settings_in_force,
)

RELATED = 5
RECENT = 8
PRODUCTS = 120
"""Of a facet, before they are put into families."""
IMAGES = (".png", ".jpg", ".jpeg", ".gif", ".webp", ".svg", ".avif")


def init_app(app: Flask) -> None:
    for rule, view in (
        ("/", home),
        ("/search", results),
        ("/why", why_not),
        ("/a/<path:name>", article),
        ("/files/<path:name>", file),
    ):
        app.add_url_rule(rule, view_func=view)


def home() -> Answer:
    """The box, and what there is; a base without articles says how they come in."""
    engine = engine_in_force()
    counts = {name: engine.counts(name) for name in ("kind", "area", "cause")}
    total = engine.total()
    folders = tree(engine.counts("folder")) if sort_articles(engine.counts("folder"), counts["area"], total) else ()
    return page(
        "home.html",
        counts=counts,
        folders=folders,
        recent=engine.newest(RECENT),
        total=total,
        unseen=0 if total else sum(n for _, n in engine.counts("status", hidden=True)),
        sample="" if total or not may("write") else sample(settings_in_force()),
    )


def sample(settings: Settings) -> str:
    """The command that serves the sample articles of a checkout beside this site; "" where they are not."""
    folder = Path(kb.__file__).resolve().parents[1] / "articles"
    if folder == settings.articles.resolve() or not any(folder.glob("*/KB-*.md")):
        return ""
    port = settings.port % 65535 + 1
    return shlex.join(["kb", "serve", "--articles", str(folder), "--index", "sample-index", "--port", str(port)])


PART = "X-Part"
TYPED, NOTED = "typed", "noted"
"""Values of that header by which a script asks for the results alone: while somebody types, which is no search yet,
or, for nothing to show, once it was one. Any other value is a search whose results alone are shown."""


def results() -> Answer:
    """A page of hits, or the hits alone; a query that is one identifier is told that there is a page about it.

    The whole number of a case leads there, who may see cases.
    """
    query = forms.query_from(request.args)
    if number := case_named(query.text):
        return redirect(url_for("case", number=number), 302)
    if not query.text and "sort" not in request.args:
        query = replace(query, sort="updated")  # nothing to be relevant to
    engine = engine_in_force()
    found = engine.search(query, uses(query))
    part = request.headers.get(PART, "")
    if part != TYPED:
        note_search(found)
    if part == NOTED:
        return "", 204
    pages = -(-found.total // found.query.size)
    code = engine.identifier(query.text) if len(query.text) <= MAX_COMPOUND else None
    chosen = [(f, v) for f, values in query.filters.items() for v in values]
    days = {n: (date.today() - timedelta(days=n)).isoformat() for n in (30, 180, 365)}
    return page(
        "_results.html" if part else "search.html",
        page=found,
        query=query,
        pages=pages,
        chosen=chosen,
        days=days,
        sorts=SORTS if feedback().kept else [s for s in SORTS if s != "used"],
        helped=helped([hit.article.id for hit in found.hits]),
        code=code if code and engine.frequency(code.term) else None,
        families=families(found.facets["product"][:PRODUCTS]),
        is_description=is_paste(query.text),
    )


def why_not() -> Answer:
    """Why an article was not found by a query, and what would help; without both, the form that asks for them."""
    query, name, mode = forms.why_from(request.args)
    if not query.text or not name:
        return page("why.html", query=query, name=name, mode=mode, reason=None, found=None)
    engine, settings = engine_in_force(), settings_in_force()
    try:
        article = article_named(engine, name)
    except NotFound:
        reason = absence(settings.articles, name, settings.max_file_kb)
        return page("why.html", query=query, name=name, mode=mode, reason=reason, found=None)
    found = engine.why(asked_in(mode, query), article, mode)
    changes = [
        (instruction(change, found), None if effect is None else effect_of(effect))
        for change, effect in rehearsed(
            engine, settings, found, builds=False, most=MAX_GOLDEN, remembered=remembered(engine)
        )
    ]
    return page(
        "why.html",
        query=query,
        name=found.article.id,
        mode=mode,
        reason=found.reason,
        found=found,
        standing=standing(found),
        changes=changes,
        command=shlex.join(["kb", "why", *["--suggest"] * (mode == "suggest"), "--", query.text, found.article.id]),
    )


def article(name: str) -> Answer:
    engine = engine_in_force()
    found = article_named(engine, name)
    body = engine.body(found)
    if url_for("article", name=name) != article_url(found):
        return redirect(forms.with_parameters(article_url(found), request.args), 302)
    html = markdown.render(body, resolver(engine, found), title=found.title)
    words = request.args.get("h", "")[:200]
    marks = 0
    if words:
        html, marks = mark(html, engine.marker(words))
    note_visit(found, words)
    outline = [o for o in markdown.outline(body, found.title) if o.level <= 3]
    overdue = found.review_after is not None and found.review_after < date.today()
    return page(
        "article.html",
        article=found,
        html=Markup(html),  # noqa: S704 - our renderer's own output
        outline=outline if len(outline) > 1 else [],
        related=engine.related(found, RELATED),
        duplicates=[d for d in engine.similar(replace(found, body=body)) if d.second.status not in HIDDEN_STATUSES],
        overdue=overdue,
        successor=successor(engine, found),
        words=words,
        marks=marks,
        codes=engine.codes_of(found),
        standing=standings("", [found.id]).get(found.id),
    )


def file(name: str) -> Answer:
    """An image of an article. Nothing but images, nothing outside the folder, nothing hidden."""
    settings = settings_in_force()
    folder = settings.articles.resolve()
    try:
        real = (folder / name).resolve()
    except (OSError, ValueError, RuntimeError):  # not a name at all, or links in a circle
        raise NotFound
    if folder not in real.parents or not (_is_image(PurePosixPath(name)) and _is_image(real.relative_to(folder))):
        raise NotFound
    response = send_from_directory(settings.articles, name)
    # An SVG may hold scripts: shown by itself, it runs none.
    response.headers["Content-Security-Policy"] = "default-src 'none'; style-src 'unsafe-inline'; sandbox"
    return response


def _is_image(path: PurePosixPath | Path) -> bool:
    return path.suffix.lower() in IMAGES and not any(part.startswith(".") for part in path.parts)
