"""This module is the JSON API of cases: monitoring, WeChat, QQ and other bots report by it, tools follow what becomes.

A report with an idempotency key is taken once, however often it is sent.
"""

from dataclasses import asdict
from datetime import UTC, datetime
from typing import Any, Literal

from flask import request
from pydantic import ConfigDict
from werkzeug.exceptions import NotFound

from kb.desk import answers
from kb.desk.schemas import Answered, Given, Sent, told
from kb.errors import InputError
from kb.language import say
from kb.model.casework import Channel
from kb.service.cases import Author, Case, Filter
from kb.service.fields import FIELDS, MAX_TEXT, MAX_VALUE, read_moment
from kb.service.fieldwork import MAX_BYTES, FieldWork
from kb.service.snapshot import Snapshot
from kb.service.states import BY_NAME
from kb.service.telling import case_data, plain
from kb.web import authorization, identity, writers
from kb.web.cases.shared import cases, role
from kb.web.openapi import Api
from kb.web.views import settings_in_force, store

blueprint = Api("api_cases", __name__)

CASES = ("服务单", "Cases")
MAX_KEY = 100
MOST = 200
Fields = dict[str, str]


class Reported(Sent):
    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "text": "机房交换机 S5130 掉线，端口灯全灭",
                    "channel": "wechat",
                    "key": "wechat-8842",
                    "fields": {"contact": "王工"},
                }
            ]
        }
    )
    text: str = told("故障描述，原话", "the report, as it was said", max_length=MAX_TEXT, pattern=r"\S")
    channel: Literal[tuple(c.value for c in Channel)] = told("经什么渠道", "by which channel")  # type: ignore[valid-type]
    key: str = told("同样的键只登记一次", "the same key is taken once", "", max_length=MAX_KEY)
    fields: Fields = told(
        "其它的项：contact、customer、site、title、urgency、impact、area ……",
        "other fields: contact, customer, site, title, urgency, impact, area ...",
        {},
    )
    at: str = told("什么时候发生的，默认现在", "when it happened, by default now", "", max_length=40)


class Added(Sent):
    model_config = ConfigDict(
        json_schema_extra={"examples": [{"action": "note", "text": "客户说明天上午在", "key": "n-1"}]}
    )
    action: str = told("动作：reply、call、note、wait、restore ……", "the action: reply, call, note, wait, restore ...",
                       max_length=20, pattern=r"\S")  # fmt: skip
    text: str = told("正文", "its words", "", max_length=MAX_TEXT)
    fields: Fields = told("动作要求的项", "the fields that the action asks for", {})
    at: str = told("什么时候发生的，默认现在", "when it happened, by default now", "", max_length=40)
    public: bool | None = told("客户看不看得到；默认随动作", "whether the customer sees it", None)
    seen: int | None = told(
        "看过的版本；之后别人写了就不写", "the version that was seen; refused when others wrote", None, ge=0, lt=2**31
    )
    key: str = told("同样的键只记一次", "the same key is taken once", "", max_length=MAX_KEY)


class FromField(Sent):
    model_config = ConfigDict(json_schema_extra={"examples": [{"content": "{}", "write": False}]})
    content: str = told("现场包存下的文件，原文", "the file that a field pack saved, as it is", max_length=MAX_BYTES,
                        pattern=r"\S")  # fmt: skip
    write: bool = told("写入；否则只看会写什么", "write it; else only see what it would add", False)


class FieldEntry(Answered):
    action: str
    text: str
    at: datetime | None
    known: bool = told("已读过", "it was read before")
    differs: bool = told("读过之后改了，不再写", "it was changed since, which is not written")


class FromTheField(Answered):
    case: str
    new: int = told("会写入或已写入几条", "entries that are written, or would be")
    entries: list[FieldEntry]


class Wanted(Given):
    state: Literal["", "new", "open", "waiting", "restored", "closed"] = told(
        "状态；空为没关的", "empty: not closed", ""
    )
    owner: str = told("负责人", "owner", "", max_length=300)
    customer: str = told("客户", "customer", "", max_length=300)
    q: str = told("含这些词，或单号", "that hold these words, or of this number", "", max_length=MAX_VALUE,
                  examples=["打印机"])  # fmt: skip
    page: int = told("第几页", "which page", 1, ge=1, le=1000)


class Row(Answered):
    number: str
    version: int
    title: str
    state: str
    priority: str
    channel: str
    opened: datetime
    customer: str
    contact: str
    owner: str
    team: str
    area: str
    emergency: bool
    next_due: datetime | None
    next_clock: str
    closed: datetime | None
    outcome: str
    article: str

    @classmethod
    def row(cls, now: Snapshot) -> dict[str, Any]:
        return {name: plain(getattr(now, name)) for name in cls.model_fields}


class Rows(Answered):
    page: int
    cases: list[Row]


class Whole(Answered):
    case: dict[str, Any] = told("一单现在的样子", "the case as it is now")
    clocks: list[dict[str, Any]] = told("时钟，先到期的在前", "its clocks, those that run out first")
    log: list[dict[str, Any]] = told("全部记录", "everything that happened")
    works: list[dict[str, Any]] = told("上门、送修、更换、培训", "visits, repairs, exchanges, trainings")


def require_desk() -> None:
    """Raises NotFound where the site serves no cases."""
    if not settings_in_force().serves:
        raise NotFound(say("这个网站没有启用服务台", "this site has no service desk"))


def program() -> Author:
    """A program writes as its token is called, a page's script as who is signed in."""
    token = authorization.token()
    name = identity.who().name or (token.name if token else "") or writers.editor() or "api"
    return Author(name, role())


def _whole(case: Case) -> dict[str, Any]:
    works = [plain({**asdict(w), "reached": {str(k): at for k, at in w.reached.items()}}) for w in cases().works(case)]
    return {**case_data(case.now, cases().clocks(case), case.log), "works": works}


def _at(text: str) -> datetime | None:
    return read_moment(text, cases().policy.zone, datetime.now(UTC), "at") if text.strip() else None


def _checked(fields: Fields) -> Fields:
    if unknown := [name for name in fields if name not in FIELDS or name in ("policy", "files", "channel")]:
        raise InputError(say("没有名为 {name} 的项", "there is no field {name}", name=unknown[0]))
    return fields


def key_of(key: str) -> str | None:
    """A key of a program, apart from those of others."""
    return f"{authorization.caller()}:{key}" if key else None


@blueprint.operation(
    "GET",
    "/api/v1/cases",
    CASES,
    ("服务单，先到期的在前", "Cases, those that are due first"),
    {200: Rows},
    query=Wanted,
)
def cases_api(query: Wanted) -> dict[str, Any]:
    require_desk()
    if query.q.strip():
        found = cases().holding(query.q, MOST)
    else:
        states = (query.state,) if query.state else ()
        which = Filter(states=states, owner=query.owner, customer=query.customer)
        found = cases().all(which, MOST, MOST * (query.page - 1))
    return {"page": query.page, "cases": [Row.row(c) for c in found]}


@blueprint.operation(
    "GET",
    "/api/v1/cases/<number>",
    CASES,
    ("一个服务单：事实、时钟、全部记录", "One case: its facts, its clocks, everything that happened"),
    {200: Whole, 404: answers.Error},
)
def case_api(number: str) -> dict[str, Any]:
    require_desk()
    return _whole(cases().find(number))


@blueprint.operation(
    "POST",
    "/api/v1/cases",
    CASES,
    ("报一个新单；同一个 key 得到同一单", "Report a new case; the same key gets the same case"),
    {201: Whole},
    body=Reported,
    scope="write",
)
def report_api(body: Reported) -> tuple[dict[str, Any], int]:
    require_desk()
    given = {**_checked(body.fields), "channel": body.channel}
    return _whole(cases().report(body.text, given, program(), _at(body.at), key_of(body.key or _header()))), 201


def _header() -> str:
    return request.headers.get("Idempotency-Key", "")[:MAX_KEY]


@blueprint.operation(
    "POST",
    "/api/v1/cases/<number>/events",
    CASES,
    ("做一个动作：记一条、回复、等待、恢复……", "Take an action: note, reply, wait, restore ..."),
    {201: Whole, 404: answers.Error, 409: answers.Error},
    body=Added,
    scope="write",
)
def event_api(number: str, body: Added) -> tuple[dict[str, Any], int]:
    require_desk()
    if body.action not in BY_NAME or body.action in ("report", "adopt"):
        raise InputError(say("没有动作 '{name}'", "there is no action '{name}'", name=body.action))
    key, given = key_of(body.key or _header()), _checked(body.fields)
    if body.action == "message":
        return _whole(cases().receive(number, body.text, program(), given, key)), 201
    at, seen = _at(body.at), body.seen
    return _whole(cases().add(number, body.action, program(), body.text, given, at, body.public, seen, key)), 201


@blueprint.operation(
    "POST",
    "/api/v1/cases/<number>/field",
    CASES,
    ("读入现场包里填的；同一个文件只写一次", "Read what was filled in on site; the same file is written once"),
    {200: FromTheField, 404: answers.Error},
    body=FromField,
    scope="write",
    large=4 * MAX_BYTES,
)
def field_api(number: str, body: FromField) -> dict[str, Any]:
    require_desk()
    wanted = cases().find(number).now.number
    brought = FieldWork(store(), cases()).bring(body.content.encode("utf8", "replace"), program(), wanted, body.write)
    return {"case": brought.case, "new": brought.new, "entries": plain(brought.entries)}
