"""This module answers ticket systems and chats that call when somebody writes: Zammad, Jira, Feishu.

A call counts when it is signed by the secret of its system; the answer goes to the address that kb.toml names for it,
and nowhere else. Secrets come from the environment (KB_ZAMMAD_TOKEN), or from a file that it names
(KB_ZAMMAD_TOKEN_FILE). What is sent stays nowhere but, masked, in the log of searches.
"""

import json
import logging
import os
from base64 import b64encode
from collections import deque
from collections.abc import Callable, Mapping
from contextlib import suppress
from hmac import compare_digest
from http.client import HTTPException as BrokenAnswer
from typing import Any, NamedTuple
from urllib.error import HTTPError
from urllib.request import HTTPRedirectHandler, Request, build_opener

from flask import Blueprint, Response, jsonify, request
from werkzeug.exceptions import BadGateway, BadRequest, Forbidden, HTTPException, NotFound

from kb.desk import hooks
from kb.desk.hooks import Asked, Call
from kb.desk.paste import Paste, answer_paste, is_brief
from kb.errors import KbError
from kb.language import say
from kb.model import Article
from kb.settings import Settings, secret_of
from kb.web.errors import status_of
from kb.web.security import without_folders
from kb.web.verdicts import noted
from kb.web.views import article_url, engine_in_force, remembered, settings_in_force

log = logging.getLogger(__name__)

blueprint = Blueprint("hooks", __name__)

SECONDS = 8
"""That another system may take to take an answer."""
MAX_ANSWER = 100_000
"""Bytes of what it says to that."""
_answered: deque[str] = deque(maxlen=1000)
"""Messages of late: a chat that heard nothing for three seconds sends them once more."""


class System(NamedTuple):
    """One that calls. url: which setting has its address; read, answer: see kb.desk.hooks."""

    name: str
    url: Callable[[Settings], str]
    read: Callable[[Mapping[str, Any]], Asked | None]
    answer: Callable[[Asked, str], Call]


ZAMMAD = System("zammad", lambda s: s.zammad_url, hooks.from_zammad, hooks.to_zammad)
JIRA = System("jira", lambda s: s.jira_url, hooks.from_jira, hooks.to_jira)
FEISHU = System("feishu", lambda s: s.feishu_url, hooks.from_feishu, hooks.to_feishu)


@blueprint.post("/hooks/zammad")
def zammad() -> Response:
    """A trigger's webhook; the answer is an internal note."""
    sent = _signed(ZAMMAD)
    return _answer(ZAMMAD, sent, lambda: {"Authorization": f"Token token={_secret('zammad', 'token')}"})


@blueprint.post("/hooks/jira")
def jira() -> Response:
    """A webhook of issues that are made; the answer is a comment."""
    return _answer(JIRA, _signed(JIRA), _jira_login)


@blueprint.post("/hooks/feishu")
def feishu() -> Response:
    """An event of Feishu or Lark; the answer is a reply to the message."""
    _address(FEISHU)
    sent = _json()
    expected = _secret("feishu", "verification")
    if "encrypt" not in sent and not compare_digest(hooks.feishu_token(sent).encode(), expected.encode()):
        raise _refused()
    if sent.get("type") == "url_verification":
        return jsonify(challenge=str(sent.get("challenge", ""))[:1000])
    return _answer(FEISHU, sent, _feishu_login)


def _answer(system: System, sent: Mapping[str, Any], login: Callable[[], Mapping[str, str]]) -> Response:
    asked = system.read(sent)
    key = f"{system.name} {asked.key}" if asked else ""
    if asked is None or key in _answered:
        return jsonify(answered=False)
    text = f"{asked.subject}\n{asked.text}".strip()
    note, shown = _suggested(system, asked, text)
    if note:
        _answered.append(key)  # before the answer is taken: it is sent once more after three seconds
        try:
            _call(_address(system), system.answer(asked, note), login())
        except HTTPException:
            _answered.remove(key)
            raise
        _tell_group(system, asked, note)
    return jsonify(answered=bool(note), articles=shown)


def _tell_group(system: System, asked: Asked, note: str) -> None:
    """The same in a group of WeCom, where one is connected; a ticket is answered without it, too."""
    address = settings_in_force().wecom_url
    if not address or system is FEISHU:
        return
    with suppress(HTTPException):  # it is in the log
        _call(address, hooks.to_wecom(_secret("wecom", "key"), f"{system.name} {asked.key}\n{note}"), {})


def _suggested(system: System, asked: Asked, text: str) -> tuple[str, list[str]]:
    """(note, numbers of its articles); "" when nothing is similar enough, or too little was said."""
    if not text:
        return "", []
    engine = engine_in_force()
    found = answer_paste(engine, Paste(asked.text, asked.subject), remembered(engine))
    best = () if is_brief(text, found.identifiers) else found.suggestions
    shown = [s.article.id for s in best[: hooks.MAX_SHOWN]]
    noted(lambda f: f.log_search("suggest", text, shown, len(best), found.best, system.name), None)
    return hooks.suggestion_note(best, _link), shown


def _link(article: Article) -> str:
    return request.host_url.rstrip("/") + article_url(article)


# --- who calls -------------------------------------------------------------------------------


def _secret(system: str, name: str) -> str:
    """A secret of a system. Raises NotFound where none is set: then nobody may call."""
    variable = f"KB_{system}_{name}".upper()
    value = secret_of(variable)
    if not value:
        raise NotFound(say("没有接入：缺少 {name}", "not connected: {name} is missing", name=variable))
    return value


def _address(system: System) -> str:
    """Where the answers go. Raises NotFound where the administrator has named none."""
    address = system.url(settings_in_force())
    if not address:
        raise NotFound(say("没有接入 {name}", "{name} is not connected", name=system.name))
    return address


def _signed(system: System) -> Mapping[str, Any]:
    """The JSON of a call that its signature proves. Raises NotFound, Forbidden, BadRequest."""
    _address(system)
    if not hooks.signed(
        _secret(system.name, "secret"), request.get_data(cache=True), request.headers.get("X-Hub-Signature", "")
    ):
        raise _refused()
    return _json()


def _json() -> Mapping[str, Any]:
    try:
        sent = json.loads(request.get_data(cache=True))
    except (ValueError, RecursionError):
        raise BadRequest(say("不是 JSON", "it is no JSON"))
    if not isinstance(sent, dict):
        raise BadRequest(say("应为 JSON 对象", "a JSON object is expected"))
    return sent


def _refused() -> Forbidden:
    return Forbidden(say("签名或令牌不对", "the signature or token is not right"))


# --- what is called --------------------------------------------------------------------------


class _NoRedirect(HTTPRedirectHandler):
    """An answer goes to the address that was named, and to no other it speaks of."""

    def redirect_request(self, *_: Any) -> None:
        return None


_opener = build_opener(_NoRedirect)


def _call(address: str, call: Call, headers: Mapping[str, str]) -> Any:
    """POST JSON; the JSON of the answer. Raises BadGateway, which says nothing of what was sent."""
    body = json.dumps(call.body, ensure_ascii=False).encode()
    sent = Request(  # noqa: S310 - kb.toml names the address, and it begins with http
        address + call.path, body, {"Content-Type": "application/json; charset=utf-8", **headers}, method="POST"
    )
    try:
        with _opener.open(sent, timeout=SECONDS) as answer:
            told = answer.read(MAX_ANSWER)
    except HTTPError as error:
        raise _unanswered(f"HTTP {error.code}")
    except (OSError, BrokenAnswer, ValueError) as error:
        raise _unanswered(type(error).__name__)
    try:
        return json.loads(told)
    except ValueError:
        return {}


def _unanswered(why: str) -> BadGateway:
    log.warning("%s was not answered: %s", request.path, why)
    return BadGateway(say("建议没有送到：{why}", "the suggestion was not taken: {why}", why=why))


def _jira_login() -> Mapping[str, str]:
    """Cloud: mail address and API token; a server of one's own: a personal access token."""
    token, user = _secret("jira", "token"), os.environ.get("KB_JIRA_USER", "").strip()
    if not user:
        return {"Authorization": f"Bearer {token}"}
    return {"Authorization": "Basic " + b64encode(f"{user}:{token}".encode()).decode()}


def _feishu_login() -> Mapping[str, str]:
    credentials = {"app_id": _secret("feishu", "app_id"), "app_secret": _secret("feishu", "app_secret")}
    told = _call(_address(FEISHU), Call("/open-apis/auth/v3/tenant_access_token/internal", credentials), {})
    token = told.get("tenant_access_token") if isinstance(told, dict) else None
    if not isinstance(token, str) or not token:
        raise _unanswered("tenant_access_token")
    return {"Authorization": f"Bearer {token}"}


# --- errors ----------------------------------------------------------------------------------


@blueprint.errorhandler(HTTPException)
def _error(error: HTTPException) -> Response:
    response = jsonify(error=error.description or error.name)
    response.status_code = error.code or 500
    return response


@blueprint.errorhandler(KbError)
def _users_error(error: KbError) -> Response:
    response = jsonify(error=without_folders(str(error)))
    response.status_code = status_of(error)
    return response
