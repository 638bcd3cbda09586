"""This module is the pages people read: home, results, article, and why one was not found."""

import shlex
from collections.abc import Mapping
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path, PurePosixPath

from flask import Flask, current_app, redirect, render_template, request, send_from_directory, url_for
from markupsafe import Markup
from werkzeug.exceptions import NotFound

import kb
from kb.articles import captions, markdown
from kb.articles.numbering import absence
from kb.desk.paste import asked_in
from kb.desk.what_if import rehearsed
from kb.desk.what_if import sentence as effect_of
from kb.language import current
from kb.model import HIDDEN_STATUSES, SORTS, Article, Duplicate, Page, Query
from kb.model.sight import EVERYTHING
from kb.search.engine import Engine
from kb.search.improvements import sentence as instruction
from kb.search.query import is_paste
from kb.search.result_cache import Recent
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
    sight,
    unless_away,
)

RELATED = 5
REMEMBERED = 200
"""Answers whose HTML is kept, some 15 kB each."""
RECENT = 8
PRODUCTS = 120
"""Of a facet, before they are put into families."""


def init_app(app: Flask) -> None:
    app.config["RENDERED"] = Recent(REMEMBERED)
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
    chosen = [(f, v) for f, values in query.filters.items() for v in values]
    shown = _shown(engine, found, query, chosen)
    answer = page("_results.html" if part else "search.html", shown=shown, query=query, chosen=chosen)
    answer.headers["Server-Timing"] = f"search;dur={found.milliseconds:.1f}"
    return answer


def _shown(engine: Engine, found: Page, query: Query, chosen: list[tuple[str, str]]) -> Markup:
    """The hits as HTML. Those of a remembered answer are remembered with it: making them takes most of a page's time.

    Whoever asks the same is shown the same: nothing of a visitor may stand in them. An answer that finds nothing holds
    a form, which is each visitor's own.
    """
    counts = helped([hit.article.id for hit in found.hits])
    if not found.total:
        return _rendered(engine, found, query, chosen, counts)
    rendered: Recent[tuple[Page, Markup]] = current_app.config["RENDERED"]
    # The answer is kept beside its HTML, so that no other can come to have its identity.
    seen = (id(found.hits), id(found.facets), current(), date.today(), request.script_root, *sorted(counts.items()))
    return rendered.get(seen, lambda: (found, _rendered(engine, found, query, chosen, counts)))[1]


def _rendered(
    engine: Engine, found: Page, query: Query, chosen: list[tuple[str, str]], counts: Mapping[str, int]
) -> Markup:
    code = engine.identifier(query.text) if len(query.text) <= MAX_COMPOUND else None
    html = render_template(
        "_hits.html",
        page=found,
        query=query,
        pages=-(-found.total // found.query.size),
        chosen=chosen,
        days={n: (date.today() - timedelta(days=n)).isoformat() for n in (30, 180, 365)},
        sorts=SORTS if feedback().kept else [s for s in SORTS if s != "used"],
        helped=counts,
        code=code if code and engine.frequency(code.term) else None,
        families=families(found.facets["product"][:PRODUCTS]),
        is_description=is_paste(query.text),
    )
    return Markup(html)  # noqa: S704 - our template's own output


def why_not() -> Answer:
    """Why an article was not found by a query, and what would help; without both, the form that asks for them."""
    query, name, mode = forms.why_from(request.args)
    if not query.text or not name:
        return page("why.html", query=query, name=name, mode=mode, reason=None, found=None)
    engine, settings = engine_in_force(), settings_in_force()
    try:
        article = article_named(engine, name)
    except NotFound:
        reason = absence(settings.articles, name, settings.max_file_kb, sight())
        return page("why.html", query=query, name=name, mode=mode, reason=reason, found=None)
    found = engine.why(asked_in(mode, query), article, mode)
    changes = [
        (instruction(change, found), None if effect is None else effect_of(effect))
        for change, effect in rehearsed(engine, settings, found, builds=False, most=MAX_GOLDEN, remembered=remembered())
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
        related=unless_away(lambda: engine.related(found, RELATED)),
        duplicates=unless_away(lambda: _duplicates(engine, replace(found, body=body))),
        overdue=overdue,
        successor=successor(engine, found),
        words=words,
        marks=marks,
        codes=unless_away(lambda: engine.codes_of(found)),
        standing=standings("", [found.id]).get(found.id),
    )


def _duplicates(engine: Engine, found: Article) -> list[Duplicate]:
    return [d for d in engine.similar(found) if d.second.status not in HIDDEN_STATUSES]


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
    if sight() != EVERYTHING and not _is_shown(real.relative_to(folder).as_posix(), name):
        raise NotFound
    response = send_from_directory(settings.articles, name)
    # An SVG may hold scripts: shown by itself, it runs none.
    response.headers["Content-Security-Policy"] = "default-src 'none'; style-src 'unsafe-inline'; sandbox"
    return response


def _is_shown(*names: str) -> bool:
    """Whether an article that is seen shows a picture; those of no article yet are for who writes one."""
    engine = engine_in_force()
    shown = [engine.picture(name) for name in dict.fromkeys(names)]
    return True in shown or (False not in shown and may("write"))


def _is_image(path: PurePosixPath | Path) -> bool:
    return path.suffix.lower() in captions.SHOWN and not any(part.startswith(".") for part in path.parts)
