"""This module is the JSON API: the same answers as the pages, as data.

    GET  /api/v1/search?q=...&area=...&sort=updated&page=2&size=20&exact=1
    POST /api/v1/suggest   {"text": "...", "count": 5, "answers": [{"ask": "code:ORA-01653", "answer": "no"}],
                            "exact": false}
    GET  /api/v1/articles/KB-000137
    GET  /api/v1/why?q=...&article=KB-000137&mode=search
    GET  /health

An error is {"error": {"status": 404, "message": "..."}}.
"""

from typing import Any

from flask import Blueprint, current_app, request
from werkzeug.exceptions import BadRequest, NotFound

from kb import __version__
from kb.errors import BundleError, InputError, NotFoundError
from kb.indexer.articles import absence
from kb.language import say
from kb.model import Answer
from kb.present import article_data, page_data, suggestions_data, why_data
from kb.rehearsal import rehearsed
from kb.search.index import Index, Library
from kb.search.questions import checked_answer, latest
from kb.search.searcher import search
from kb.search.suggest import suggest
from kb.search.why import why
from kb.web.forms import query_from, why_from

blueprint = Blueprint("api", __name__)

MAX_COUNT = 20
MAX_GOLDEN = 50
"""Golden queries by which a proposed change is tried while a reader waits; kb why tries it by all."""


def index_in_force() -> Index:
    """The index that answers this request. Raises BundleError."""
    library: Library = current_app.config["LIBRARY"]
    return library.index()


@blueprint.get("/api/v1/search")
def search_api() -> dict[str, Any]:
    return page_data(search(index_in_force(), query_from(request.args)))


@blueprint.post("/api/v1/suggest")
def suggest_api() -> dict[str, Any]:
    sent = request.get_json(silent=True)
    sent = sent if isinstance(sent, dict) else {}
    text, count = sent.get("text"), sent.get("count", 5)
    if not isinstance(text, str) or not text.strip() or type(count) is not int or not 1 <= count <= MAX_COUNT:
        raise BadRequest(
            say(
                '发送 JSON：{{"text": "故障描述", "count": 1 到 {n}}}',
                'send JSON: {{"text": "description of the fault", "count": 1 to {n}}}',
                n=MAX_COUNT,
            )
        )
    answers, exact = _answers(sent.get("answers", [])), sent.get("exact", False)
    if not isinstance(exact, bool):
        raise BadRequest('"exact": true')
    return suggestions_data(suggest(index_in_force(), text, count, answers, exact))


def _answers(sent: object) -> tuple[Answer, ...]:
    """Answers to the questions of an earlier reply, none by default. Raises BadRequest."""
    if not isinstance(sent, list) or not all(isinstance(a, dict) for a in sent):
        raise BadRequest('"answers": [{"ask": "code:ORA-01653", "answer": "yes"}]')
    try:
        return latest(checked_answer(str(a.get("ask")), str(a.get("answer"))) for a in sent)
    except InputError as error:
        raise BadRequest(str(error))


@blueprint.get("/api/v1/articles/<path:name>")
def article_api(name: str) -> dict[str, Any]:
    index = index_in_force()
    try:
        number = index.number_of(name)
    except NotFoundError as error:
        raise NotFound(str(error))
    return article_data(index.articles[number], index.body(number))


@blueprint.get("/api/v1/why")
def why_api() -> dict[str, Any]:
    query, name, mode = why_from(request.args)
    if not query.text or not name:
        raise BadRequest(say("给出 q 与 article", "give q and article"))
    index, settings = index_in_force(), current_app.config["SETTINGS"]
    try:
        number = index.number_of(name)
    except NotFoundError:
        raise NotFound(absence(settings.articles, name, settings.max_file_kb).text)
    found = why(index, query, number, mode)
    return why_data(found, rehearsed(index, settings, found, builds=False, most=MAX_GOLDEN))


@blueprint.get("/health")
def health() -> tuple[dict[str, Any], int]:
    """200 while questions can be answered, 503 with the reason otherwise."""
    try:
        manifest = index_in_force().bundle.manifest
    except BundleError as error:
        return {"status": "unavailable", "version": __version__, "reason": str(error)}, 503
    counts = {k: manifest[k] for k in ("articles", "passages", "built")}
    return {"status": "ok", "version": __version__, **counts}, 200
