"""This module is the JSON API for reading: the same answers as the pages, as data.

Each operation is declared beside its function (kb.web.openapi); its models are in kb.desk.schemas.
"""

import logging
from typing import Any

from flask import current_app, request
from werkzeug.exceptions import BadRequest, NotFound

from kb import __version__
from kb.articles import markdown
from kb.articles.check import check_file, normal_path
from kb.articles.files import ArticleFile, parse
from kb.articles.numbering import absence
from kb.desk import answers
from kb.desk.intake import pasted
from kb.desk.paste import Paste, answer_paste, asked_in
from kb.desk.what_if import rehearsed
from kb.errors import NotFoundError, StoreError
from kb.keeping.record import kept
from kb.language import say
from kb.model import Answer, EngineState, Query
from kb.model.schema import FACETS
from kb.notices.outbox import Outbox
from kb.search.clarify import checked_answer, latest
from kb.web import authorization, requests
from kb.web.cases.completing import numbered
from kb.web.errors import about
from kb.web.forms import query_from, why_from
from kb.web.openapi import Api
from kb.web.reading import is_meant
from kb.web.security import without_folders
from kb.web.validation import BadField
from kb.web.verdicts import noted, uses
from kb.web.views import completion_url, engine_in_force, remembered, resolver, settings_in_force, sight, store
from kb.web.writers import known_teams

log = logging.getLogger(__name__)

blueprint = Api("api", __name__)

MAX_GOLDEN = 50
"""Golden queries by which a proposed change is tried while a reader waits; kb why tries it by all."""

FIND = ("查找", "Find")
READ = ("文章", "Articles")
STATE = ("状态", "State")


def logged(mode: str, text: str, shown: list[str], total: int, best: float) -> int | None:
    """The row of a search in the log; None when it is not kept."""
    if not is_meant():
        return None
    return noted(lambda f: f.log_search(mode, text, shown, total, best, authorization.caller()), None)


@blueprint.operation(
    "GET",
    "/api/v1/search",
    FIND,
    ("搜索", "Search"),
    {200: answers.Results},
    query=requests.Searched,
    lenient=True,
)
def search_api() -> dict[str, Any]:
    query = query_from(request.args)
    page = engine_in_force().search(query, uses(query))
    row = None
    if query.text and query.page == 1:
        best = max((h.score for h in page.hits), default=0.0)
        row = logged("search", query.text, [h.article.id for h in page.hits], page.total, best)
    return answers.Results.of(page, row).data()


@blueprint.operation(
    "GET",
    "/api/v1/complete",
    FIND,
    (
        "输入时的补全：标识、产品、文章，员工还有服务单号",
        "What may be meant while somebody types: identifiers, products, articles, for staff numbers of cases",
    ),
    {200: answers.Completions},
    query=requests.Typed,
)
def complete_api(query: requests.Typed) -> dict[str, Any]:
    found = engine_in_force().complete(query.q, query.size, query.articles)
    told = [*numbered(query.q), *(answers.Completion.of(c, completion_url(c)) for c in found)]
    return {"query": query.q, "completions": [completion.data() for completion in told[: query.size]]}


@blueprint.operation(
    "POST",
    "/api/v1/suggest",
    FIND,
    ("为一段描述、邮件或日志找解决办法", "Fixes for a description, a mail or a log"),
    {200: answers.Suggestions},
    body=requests.Pasted,
)
def suggest_api(body: requests.Pasted) -> dict[str, Any]:
    engine = engine_in_force()
    paste = Paste(body.text, body.subject, body.count, _answers(body.answers), body.exact, tuple(body.products))
    found = answer_paste(engine, paste, remembered())
    shown = [s.article.id for s in found.suggestions]
    row = logged("suggest", pasted(body.text), shown, len(shown), found.best)
    return answers.Suggestions.of(found, row).data()


def _answers(sent: list[requests.Reply]) -> tuple[Answer, ...]:
    """Answers to the questions of an earlier reply. Raises InputError."""
    with about("answers"):
        return latest(checked_answer(a.ask, a.answer) for a in sent)


@blueprint.operation(
    "GET",
    "/api/v1/codes/<path:code>",
    FIND,
    ("一个标识：哪些文章有它，和哪些标识同现", "An identifier: the articles that hold it, and what stands beside it"),
    {200: answers.Code, 404: answers.Error},
)
def code_api(code: str) -> dict[str, Any]:
    engine = engine_in_force()
    token = engine.identifier(code)
    page = None if token is None else engine.identifier_page(token)
    if page is None:
        raise NotFound(say("没有文章含有这个标识", "no article holds this identifier"))
    return answers.Code.model_validate(page).data()


@blueprint.operation(
    "GET",
    "/api/v1/why",
    FIND,
    ("为什么没找到，怎样才能找到", "Why an article was not found, and what would help"),
    {200: answers.Why, 400: answers.Error, 404: answers.Error},
    query=requests.Explained,
    lenient=True,
)
def why_api() -> dict[str, Any]:
    query, name, mode = why_from(request.args)
    if not query.text or not name:
        raise BadRequest(say("给出 q 与 article", "give q and article"))
    engine, settings = engine_in_force(), settings_in_force()
    try:
        article = engine.article(name)
    except NotFoundError:
        raise NotFound(absence(settings.articles, name, settings.max_file_kb, sight()).text)
    found = engine.why(asked_in(mode, query), article, mode)
    tried = rehearsed(engine, settings, found, builds=False, most=MAX_GOLDEN, remembered=remembered())
    return answers.Why.of(found, tried).data()


@blueprint.operation(
    "GET",
    "/api/v1/articles",
    READ,
    ("文章列表，可只要某天以后改过的", "The articles, or those changed since a day"),
    {200: answers.Articles},
    query=requests.Listed,
)
def articles_api(query: requests.Listed) -> dict[str, Any]:
    filters = {f: tuple(values) for f in FACETS if (values := getattr(query, f))}
    asked = Query("", filters, query.after, query.before, query.sort, query.page, query.size)
    page = engine_in_force().search(asked)
    facts = [answers.Facts.model_validate(h.article).data() for h in page.hits]
    return {"total": page.total, "page": query.page, "size": query.size, "articles": facts}


@blueprint.operation(
    "GET",
    "/api/v1/articles/<path:name>",
    READ,
    ("一篇文章和它的 Markdown", "An article with its Markdown"),
    {200: answers.Article, 404: answers.Error},
)
def article_api(name: str) -> dict[str, Any]:
    engine = engine_in_force()
    article = engine.article(name)
    return answers.Article.of(article, engine.body(article)).data()


@blueprint.operation(
    "POST",
    "/api/v1/check",
    READ,
    ("检查一篇文章的全文，同 kb check；什么也不保存", "Check an article's text as kb check does; nothing is kept"),
    {200: answers.Findings},
    body=requests.Written,
)
def check_api(body: requests.Written) -> dict[str, Any]:
    settings = settings_in_force()
    problems = check_file(
        settings.articles, ArticleFile.of(_place(body.path), body.text), settings.areas, teams=known_teams()
    )
    errors = sum(p.level == "error" for p in problems)
    found = [answers.Finding.model_validate(p).data() for p in problems]
    return {"errors": errors, "warnings": len(problems) - errors, "problems": found}


@blueprint.operation(
    "POST",
    "/api/v1/render",
    READ,
    ("预览一篇文章的全文；什么也不保存", "Show an article's text as its page would; nothing is kept"),
    {200: answers.Rendered},
    body=requests.Written,
)
def render_api(body: requests.Written) -> dict[str, Any]:
    place = _place(body.path)
    with about("text"):
        found = parse(body.text, place)
    return {"title": found.title, "html": markdown.render(found.body, resolver(engine_in_force(), found))}


def _place(path: str) -> str:
    """A path below the folder of articles. Raises BadRequest for one that leads elsewhere."""
    place = normal_path("", path)
    if not place:
        raise BadField(
            say("path 应在文章文件夹之内，如 printer/jam.md", "path should lie below the articles, as printer/jam.md"),
            "path",
        )
    return place


@blueprint.operation(
    "GET",
    "/health",
    STATE,
    ("能不能回答问题", "Whether questions can be answered"),
    {200: answers.Health, 503: answers.Unhealthy},
)
def health() -> tuple[dict[str, Any], int]:
    """200 while questions can be answered, 503 with the reason otherwise."""
    finds: EngineState = current_app.config["ENGINES"].state()
    if not finds.answers:
        return {"status": "unavailable", "version": __version__, "reason": without_folders(finds.told)}, 503
    engine = engine_in_force()
    build, meaning = engine.build(), engine.coverage(settings_in_force().encoder)
    counts = {"articles": build.articles, "passages": build.passages, "built": build.built}
    told = {"encoder": meaning.encoder, "passages": meaning.passages, "reason": meaning.reason}
    asked = {"name": settings_in_force().engine, "state": finds.state}
    state = {"engine": asked, "meaning": told, "database": _database(), "backup": _backup(), "outbox": _outbox()}
    return {"status": "ok", "version": __version__, **counts, **state}, 200


def _backup() -> dict[str, Any]:
    """When the base was backed up and a backup proved, and whether a drill failed since."""
    known = kept(settings_in_force().index)
    moments = {"made": known.made, "drilled": known.drilled, "failed": known.failed}
    return {name: moment.isoformat() if moment else None for name, moment in moments.items()}


def _outbox() -> dict[str, int | None]:
    """Messages that wait, that wait for too long, and that are tried no more; without a database nobody knows."""
    try:
        state = Outbox(store()).state()
    except StoreError:
        return {"waiting": None, "stuck": None, "failed": None}
    return {"waiting": state.waiting, "stuck": state.stuck, "failed": state.failed}


def _database() -> str:
    """Searching goes on without it; where it lies is nobody's business who asks here."""
    try:
        store().ping()
    except StoreError as error:
        log.warning("%s", error)
        return "unavailable"
    return "ok"
