"""This module answers errors: one table from a user's errors to HTTP, pages for people and JSON for programs."""

import logging
import traceback
from collections.abc import Iterator
from contextlib import contextmanager

from flask import Flask, Response, current_app, render_template, request
from werkzeug.exceptions import HTTPException

from kb.errors import (
    BundleError,
    ConflictError,
    EngineError,
    KbError,
    NotFoundError,
    RefusedError,
    SettingsError,
    SignInError,
    StoreError,
    TooOftenError,
)
from kb.language import say
from kb.web.security import without_folders
from kb.web.views import Answer

log = logging.getLogger(__name__)

STATUSES: dict[type[KbError], int] = {
    NotFoundError: 404,
    SignInError: 401,
    RefusedError: 403,
    ConflictError: 409,
    TooOftenError: 429,
    SettingsError: 503,
    StoreError: 503,
    EngineError: 503,
    BundleError: 503,
    KbError: 400,
}
"""The status of each error that is a sentence for its user; one that is not here has that of the class it is made of.
Views let them pass: they catch one only to show a form again, or to do without what failed."""

_MESSAGES = {
    404: ("没有这个页面", "There is no such page"),
    405: ("这个地址不接受这种请求", "This address does not take that kind of request"),
    409: ("别人刚改过，请重新打开再改", "Somebody else changed it meanwhile; open it again"),
    413: ("内容太长", "That is too long"),
    500: ("系统出错了，已记录在日志里", "Something went wrong here; it is in the log"),
}
_HEADERS = ("Allow", "WWW-Authenticate")
"""What an error tells a program beside its sentence."""


def init_app(app: Flask) -> None:
    app.register_error_handler(HTTPException, _http)
    app.register_error_handler(KbError, _users)
    app.register_error_handler(Exception, _ours)


def status_of(error: KbError) -> int:
    return next(STATUSES[c] for c in type(error).__mro__ if c in STATUSES)


def with_time(response: Response, error: KbError) -> Response:
    """An answer to who asked too often, or while a cluster is away, tells when to come again (RFC 9110, 10.2.3)."""
    if isinstance(error, TooOftenError | EngineError):
        response.headers["Retry-After"] = str(error.seconds)
    return response


@contextmanager
def about(field: str) -> Iterator[None]:
    """Inside, a user's error is told as one of this key of the body, or of this parameter."""
    try:
        yield
    except KbError as error:
        error.field = field  # type: ignore[attr-defined]
        raise


def _answer(status: int, message: str, field: str = "") -> Answer:
    """field: the parameter, or the key of the JSON, that is wrong. Where files are here is nobody's business."""
    message = without_folders(message)
    if request.path.startswith(("/api/", "/health", "/metrics", "/retrieval")):
        place = {"field": field} if field else {}
        return current_app.json.response({"error": {"status": status, "message": message, **place}}), status  # type: ignore[return-value]
    # What was typed is not lost, whatever went wrong (of a request that is too long it was never read).
    text = request.form.get("text", "") if request.method == "POST" and status in (400, 409, 500, 503) else ""
    return render_template("error.html", status=status, message=message, text=text), status


def _told(status: int, otherwise: str = "") -> str:
    """What is said of a status by itself."""
    return say(*_MESSAGES.get(status, (otherwise, otherwise)))


def _http(error: HTTPException) -> Answer:
    status = error.code or 500
    if status < 400:
        return error.get_response()
    own = error.description if error.description and error.description != type(error).description else ""
    response = current_app.make_response(_answer(status, own or _told(status, error.name), getattr(error, "field", "")))
    response.headers.update((k, v) for k, v in error.get_headers() if k in _HEADERS)
    return response


def _users(error: KbError) -> Answer:
    status = status_of(error)
    answer = _answer(status, str(error) or _told(status, type(error).__name__), getattr(error, "field", ""))
    return with_time(current_app.make_response(answer), error)


def _ours(error: Exception) -> Answer:
    # The trace names our code; the error's own words may quote what was searched or pasted, and stay out.
    trace = "".join(traceback.format_tb(error.__traceback__))
    log.error("%s at %s\n%s", type(error).__name__, request.endpoint, trace)
    return _answer(500, _told(500))
