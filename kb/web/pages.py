"""This module is the pages people read: home, results, suggestions, article, and what browsers ask for beside them."""

import logging
import re
import shlex
import traceback
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path, PurePosixPath
from typing import Any
from urllib.parse import quote, unquote, urlsplit

import numpy as np
from flask import Flask, Response, current_app, redirect, render_template, request, send_from_directory, url_for
from markupsafe import Markup
from werkzeug.exceptions import HTTPException, InternalServerError, NotFound, ServiceUnavailable
from werkzeug.wrappers import Response as BaseResponse

from kb import __version__
from kb.errors import BundleError, NotFoundError
from kb.indexer import markdown
from kb.indexer.articles import absence
from kb.indexer.check import masked, normal_path
from kb.labels import label
from kb.language import LANGUAGES, current, say, use
from kb.model import FACETS, HIDDEN_STATUSES, SORTS, Article, Suggestions
from kb.rehearsal import rehearsed
from kb.rehearsal import sentence as effect_of
from kb.search.duplicates import similar
from kb.search.index import Index
from kb.search.query import is_paste
from kb.search.questions import wording
from kb.search.ranking import top
from kb.search.remedies import sentence as instruction
from kb.search.searcher import search
from kb.search.snippets import Highlighter, pieces
from kb.search.suggest import rank, suggest
from kb.search.terms import MAX_TEXT, read
from kb.search.why import standing, why
from kb.settings import Settings
from kb.web import forms
from kb.web.api import MAX_GOLDEN, index_in_force
from kb.web.marks import mark
from kb.web.security import require_token

log = logging.getLogger(__name__)

RELATED = 5
RECENT = 8
IMAGES = (".png", ".jpg", ".jpeg", ".gif", ".webp", ".svg", ".avif")
YEAR = 365 * 24 * 3600
_NOT_XML = re.compile(r"[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
"""Characters that XML has no way to write."""

Answer = str | BaseResponse | tuple[str, int]


def init_app(app: Flask) -> None:
    """Register the pages and what their templates use."""
    for rule, view, methods in (
        ("/", home, ["GET"]),
        ("/ask", ask, ["POST"]),
        ("/search", results, ["GET"]),
        ("/suggest", suggestions, ["GET", "POST"]),
        ("/draft", draft, ["POST"]),
        ("/why", why_not, ["GET"]),
        ("/a/<path:name>", article, ["GET"]),
        ("/files/<path:name>", file, ["GET"]),
        ("/opensearch.xml", opensearch, ["GET"]),
        ("/feed.xml", feed, ["GET"]),
        ("/favicon.ico", favicon, ["GET"]),
    ):
        app.add_url_rule(rule, view_func=view, methods=methods)
    app.before_request(_choose_language)
    app.register_error_handler(HTTPException, _error_page)
    app.register_error_handler(BundleError, _no_index)
    app.register_error_handler(Exception, _our_fault)
    app.jinja_env.globals.update(
        say=say,
        label=label,
        language=current,
        version=__version__,
        pieces=pieces,
        article_url=article_url,
        search_url=forms.address,
        toggled=forms.toggled,
        posted=lambda: request.method == "POST",
        language_url=_language_url,
        today=date.today,
        facets=FACETS,
        sorts=SORTS,
        max_text=MAX_TEXT,
        wording=wording,
    )


# --- addresses -------------------------------------------------------------------------------


def article_url(found: Article, anchor: str = "", words: str = "") -> str:
    """/a/KB-000137-slug?h=words#anchor; the number alone works too."""
    name = found.id
    if re.fullmatch(r"KB-\d+", found.id):
        name += "-" + markdown.slug(found.title)[:60].strip("-")
    address = url_for("article", name=name)
    if words:
        address += "?h=" + quote(words[:200])
    return address + ("#" + quote(anchor) if anchor else "")


def _language_url(language: str) -> str:
    """This page in another language. A page that answers a posted paste has no address: its own form asks again."""
    path = url_for("suggestions") if request.method == "POST" else "/" + quote(request.path.lstrip("/"))
    return forms.with_parameters(path, request.args, lang=language)


def _choose_language() -> None:
    """?lang= wins and is remembered; else what was remembered; else the setting."""
    settings: Settings = current_app.config["SETTINGS"]
    wanted = request.args.get("lang", request.cookies.get("lang", ""))
    use(wanted if wanted in LANGUAGES else settings.language)


def _remember_language(response: Response) -> Response:
    if request.args.get("lang") in LANGUAGES:
        response.set_cookie("lang", request.args["lang"], max_age=YEAR, samesite="Lax", httponly=True)
    return response


def _page(template: str, **values: Any) -> Response:
    return _remember_language(Response(render_template(template, **values), mimetype="text/html"))


# --- pages -----------------------------------------------------------------------------------


def home() -> Answer:
    index = index_in_force()
    counts = {name: index.facets[name].counts(index.visible) for name in ("kind", "area", "cause")}
    return _page("home.html", counts=counts, recent=_newest(index, RECENT), total=int(index.visible.sum()))


def _newest(index: Index, count: int) -> list[Article]:
    """The articles changed or created last, newest first."""
    days = np.where(index.visible, index.days("updated") + 1, 0).astype(np.float32)
    return [index.articles[a] for a in top(days, count)]


def ask() -> Answer:
    """The one box: a few words become a search with an address of its own, a paste becomes suggestions."""
    require_token()
    text = request.form.get("text", "")
    if not text.strip():
        return redirect(url_for("home"), 303)
    if not is_paste(text):
        return redirect(url_for("results", q=text.strip()), 303)
    return _suggestions_page(text)


def results() -> Answer:
    query = forms.query_from(request.args)
    if not query.text and "sort" not in request.args:
        query = replace(query, sort="updated")  # nothing to be relevant to
    found = search(index_in_force(), query)
    pages = -(-found.total // found.query.size)
    chosen = [(f, v) for f, values in query.filters.items() for v in values]
    days = {n: (date.today() - timedelta(days=n)).isoformat() for n in (30, 180, 365)}
    return _page("search.html", page=found, query=query, pages=pages, chosen=chosen, days=days)


def suggestions() -> Answer:
    if request.method == "POST":
        require_token()
        text = request.form.get("text", "")
    else:
        text = request.args.get("text", "")[: forms.MAX_QUERY]
    return _suggestions_page(text)


def _suggestions_page(text: str) -> Answer:
    """The whole page, or, for a script that asks while one types, only the answers."""
    text = text.replace("\r\n", "\n")
    answers = forms.answers_from(request.values)
    exact = request.values.getlist("exact")[-1:] == ["1"]  # a button's own value comes after the one in force
    found = suggest(index_in_force(), text, answers=answers, exact=exact) if text.strip() else None
    cards = [] if found is None else [(s, _fix_html(s.article, s.fix)) for s in found.suggestions]
    template = "_suggestions.html" if request.headers.get("X-Part") else "suggest.html"
    words = " ".join(_matched_words(found)) if found else ""
    return _page(template, text=text, found=found, cards=cards, words=words, exact=exact)


def _matched_words(found: Suggestions) -> list[str]:
    words = (m.word for s in found.suggestions[:1] for m in s.matches if m.kind not in ("pair", "page", "topic"))
    return list(dict.fromkeys(words))[:8]


def _fix_html(found: Article, fix: str) -> Markup:
    return Markup(markdown.render(fix, _resolver(index_in_force(), found)))  # noqa: S704 - our renderer's own output


def why_not() -> Answer:
    """Why an article was not found by a query, and what would help; without both, the form that asks for them."""
    query, name, mode = forms.why_from(request.args)
    if not query.text or not name:
        return _page("why.html", query=query, name=name, mode=mode, reason=None, found=None)
    index, settings = index_in_force(), current_app.config["SETTINGS"]
    try:
        number = _number_of(index, name)
    except NotFound:
        reason = absence(settings.articles, name, settings.max_file_kb)
        return _page("why.html", query=query, name=name, mode=mode, reason=reason, found=None)
    found = why(index, query, number, mode)
    changes = [
        (instruction(change, found), None if effect is None else effect_of(effect))
        for change, effect in rehearsed(index, settings, found, builds=False, most=MAX_GOLDEN)
    ]
    return _page(
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


def draft() -> Answer:
    """A started write-up from a paste, as a file: the text under 现象, customer data masked."""
    require_token()
    text = request.form.get("text", "").replace("\r\n", "\n").strip()[:MAX_TEXT]
    quoted = "\n".join("    " + line for line in masked(text).split("\n"))
    content = render_template("draft.md", symptom=quoted, today=date.today())
    headers = {"Content-Disposition": "attachment; filename=KB-draft.md"}
    return Response(content, mimetype="text/markdown", headers=headers)


def article(name: str) -> Answer:
    index = index_in_force()
    number = _number_of(index, name)
    found, body = index.articles[number], index.body(number)
    if url_for("article", name=name) != article_url(found):
        return redirect(forms.with_parameters(article_url(found), request.args), 302)
    html = markdown.render(body, _resolver(index, found))
    words = request.args.get("h", "")[:200]
    if words:
        html = mark(html, _highlighter(index, words))
    outline = [o for o in markdown.outline(body) if o.level <= 3]
    overdue = found.review_after is not None and found.review_after < date.today()
    return _page(
        "article.html",
        article=found,
        html=Markup(html),  # noqa: S704 - our renderer's own output
        outline=outline if len(outline) > 1 else [],
        related=_related(index, number),
        duplicates=[d for d in similar(index, replace(found, body=body)) if d.second.status not in HIDDEN_STATUSES],
        overdue=overdue,
        words=words,
    )


def _number_of(index: Index, name: str) -> int:
    """Position of an article by the name in its address: number, path, or number and any slug."""
    try:
        return index.number_of(name)
    except NotFoundError as error:
        m = re.match(r"KB-\d+(?=-)", name, re.IGNORECASE)
        if not m:
            raise NotFound(str(error))
    try:
        return index.number_of(m[0])
    except NotFoundError as error:
        raise NotFound(str(error))


def _highlighter(index: Index, words: str) -> Highlighter:
    terms = read(words, index.tokenizer, index.synonyms)
    return Highlighter(index.tokenizer, index.weights.rarities(terms.shown()))


def _related(index: Index, number: int) -> list[Article]:
    """Articles that answer the same description: title and customers' words as a paste."""
    this = index.articles[number]
    text = "\n".join((this.title, *this.aliases, *this.product))
    ranked = rank(index, text, RELATED + 1)
    own = next((score for a, score in ranked if a == number), 0.0)
    return [index.articles[a] for a, score in ranked if a != number and score > own * 0.1][:RELATED]


def _resolver(index: Index, found: Article) -> markdown.Resolve:
    """Relative links of an article -> addresses of this site."""

    def resolve(target: str) -> str:
        parts = urlsplit(target)
        if not parts.path:
            return target
        place = normal_path(found.path, unquote(parts.path))
        if place is None:
            return "#"
        try:
            linked = index.articles[index.number_of(place)]
        except NotFoundError:
            return url_for("file", name=place)
        return article_url(linked, unquote(parts.fragment))

    return resolve


def file(name: str) -> Answer:
    """An image of an article. Nothing but images, nothing outside the folder, nothing hidden."""
    settings: Settings = current_app.config["SETTINGS"]
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


# --- for browsers and feed readers -----------------------------------------------------------


def opensearch() -> Answer:
    content = render_template("opensearch.xml", template=url_for("results", _external=True) + "?q={searchTerms}")
    return Response(content, mimetype="application/opensearchdescription+xml")


def feed() -> Answer:
    """The newest articles as an Atom feed."""
    index = index_in_force()
    newest = [a for a in _newest(index, 30) if a.updated or a.created]
    base = request.url_root.rstrip("/")
    content = _NOT_XML.sub("", render_template("feed.xml", articles=newest, base=base))
    return Response(content, mimetype="application/atom+xml")


def favicon() -> Answer:
    return send_from_directory(str(current_app.static_folder), "icon.svg", mimetype="image/svg+xml")


# --- errors ----------------------------------------------------------------------------------


def _wants_json() -> bool:
    return request.path.startswith(("/api/", "/health"))


def _answer(status: int, message: str) -> Answer:
    if _wants_json():
        return current_app.json.response({"error": {"status": status, "message": message}}), status  # type: ignore[return-value]
    # What was typed is not lost, whatever went wrong (of a request that is too long it was never read).
    text = request.form.get("text", "") if request.method == "POST" and status in (400, 500, 503) else ""
    return render_template("error.html", status=status, message=message, text=text), status


_MESSAGES = {
    404: ("没有这个页面", "There is no such page"),
    405: ("这个地址不接受这种请求", "This address does not take that kind of request"),
    413: ("内容太长", "That is too long"),
    500: ("系统出错了，已记录在日志里", "Something went wrong here; it is in the log"),
}


def _error_page(error: HTTPException) -> Answer:
    status = error.code or 500
    own = error.description if error.description and error.description != type(error).description else ""
    zh, en = _MESSAGES.get(status, (error.name, error.name))
    if status < 400:
        return error.get_response()
    return _answer(status, own or say(zh, en))


def _no_index(error: BundleError) -> Answer:
    return _answer(ServiceUnavailable.code, str(error))


def _our_fault(error: Exception) -> Answer:
    # The trace names our code; the error's own words may quote what was searched or pasted, and stay out.
    trace = "".join(traceback.format_tb(error.__traceback__))
    log.error("%s at %s\n%s", type(error).__name__, request.endpoint, trace)
    zh, en = _MESSAGES[500]
    return _answer(InternalServerError.code, say(zh, en))
