"""This module is the external knowledge API that Dify and other assistants call: POST /retrieval.

The contract is Dify's, and its shape of an error: {"error_code": 1002, "error_msg": "..."}.
"""

from datetime import date
from typing import Any, Literal

from flask import Response, jsonify, request
from pydantic import BaseModel, ConfigDict, Field
from werkzeug.exceptions import HTTPException, NotFound, Unauthorized

from kb.desk.schemas import Answered, Facet, told
from kb.errors import KbError
from kb.labels import value_of
from kb.language import say
from kb.model import Criterion, Record, Where
from kb.model.schema import AREAS, KINDS
from kb.search.engine import Engine
from kb.web.api import logged
from kb.web.authorization import BadHeader
from kb.web.errors import status_of, with_time
from kb.web.forms import MAX_NAME
from kb.web.openapi import Api
from kb.web.security import without_folders
from kb.web.validation import BadField
from kb.web.views import article_url, engine_in_force, settings_in_force

BASE = "guzhi"
"""The knowledge_id of everything; one kind or area of it is guzhi:case, guzhi:network."""
MAX_RECORDS = 50
MAX_CONDITIONS = 20
DATES = ("updated", "created")
BAD_HEADER, REFUSED, NO_KNOWLEDGE = 1001, 1002, 2001
"""Dify's codes; any other error has its HTTP status for a code."""

blueprint = Api("retrieval", __name__)


class Asked(BaseModel):
    """Unlike our own requests these may bring what the contract doesn't know yet."""


class Setting(Asked):
    top_k: int = told(f"最多几条，不多于 {MAX_RECORDS}", f"records at most, not above {MAX_RECORDS}", ge=1)
    score_threshold: float | None = told("分数下限，0 到 1", "the least score, 0 to 1", None, ge=0, le=1)


Comparison = Literal[
    "contains", "not contains", "start with", "end with", "is", "is not", "in", "not in", "empty", "not empty",
    "=", "≠", ">", "<", "≥", "≤", "before", "after",
]  # fmt: skip


class Condition(Asked):
    name: Facet | Literal["updated", "created"] = told("元数据的名字", "name of the metadata")
    comparison_operator: Comparison
    value: str | int | float | list[str] | None = None


class Conditions(Asked):
    logical_operator: Literal["and", "or"] = "and"
    conditions: list[Condition] = Field([], max_length=MAX_CONDITIONS)


class Retrieval(Asked):
    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "knowledge_id": BASE,
                    "query": "激光打印机报50.2，字一摸就掉",
                    "retrieval_setting": {"top_k": 3, "score_threshold": 0.1},
                    "metadata_condition": {
                        "logical_operator": "and",
                        "conditions": [{"name": "area", "comparison_operator": "is", "value": "printer"}],
                    },
                }
            ]
        }
    )
    knowledge_id: str = told(
        "guzhi，或其中一类、一个领域：guzhi:case、guzhi:network",
        "guzhi, or one kind or area of it: guzhi:case, guzhi:network",
        max_length=MAX_NAME,
    )
    query: str = told("问题", "the question")
    retrieval_setting: Setting
    metadata_condition: Conditions | None = None


class Metadata(Answered):
    id: str
    url: str
    path: str
    kind: str
    area: str
    product: list[str]
    status: str
    updated: str


class Retrieved(Answered):
    content: str
    score: float
    title: str
    metadata: Metadata


class Records(Answered):
    records: list[Retrieved]


class Refusal(Answered):
    error_code: int
    error_msg: str


@blueprint.operation(
    "POST",
    "/retrieval",
    ("接入", "Connecting"),
    ("Dify 的外部知识库接口：为问题取回文本", "Dify's external knowledge API: texts for a question"),
    {200: Records, 404: Refusal},
    body=Retrieval,
    error=Refusal,
    scope="retrieval",
    closed=True,
)
def retrieval(body: Retrieval) -> dict[str, Any]:
    engine = engine_in_force()
    filters, asked = _knowledge(engine, body.knowledge_id), body.metadata_condition or Conditions(conditions=[])
    where = Where(filters, tuple(map(_condition, asked.conditions)), asked.logical_operator == "or")
    setting = body.retrieval_setting
    count = min(setting.top_k, MAX_RECORDS)
    found = engine.retrieve(body.query, count, where, setting.score_threshold or 0.0)
    best = max((r.score for r in found), default=0.0)
    logged("suggest", body.query, [r.article.id for r in found], len(found), best)
    return {"records": [_data(record) for record in found]}


def _data(record: Record) -> dict[str, Any]:
    article = record.article
    inside = [h for h in record.heading if h != article.title]
    return {
        "content": "\n\n".join(filter(None, (" › ".join((article.title, *inside)), record.text))),
        "score": record.score,
        "title": article.title,
        "metadata": {
            "id": article.id,
            "url": request.host_url.rstrip("/") + article_url(article, record.anchor),
            "path": article.path,
            "kind": article.kind,
            "area": article.area,
            "product": list(article.product),
            "status": article.status,
            "updated": article.updated.isoformat() if article.updated else "",
        },
    }


# --- which articles --------------------------------------------------------------------------


def _knowledge(engine: Engine, name: str) -> dict[str, tuple[str, ...]]:
    """The articles of a knowledge_id, as filters. Raises NotFound."""
    base, _, part = name.partition(":")
    if base == BASE and not part:
        return {}
    kind, area = value_of("kind", part), value_of("area", part)
    if base == BASE and kind in KINDS:
        return {"kind": (kind,)}
    known = (value for value, _ in engine.counts("area", hidden=True))
    if base == BASE and area in (*AREAS, *settings_in_force().areas, *known):
        return {"area": (area,)}
    raise NotFound(
        say(
            "没有知识库 {name}；可用 guzhi，或其中一类、一个领域，如 guzhi:case、guzhi:network",
            "there is no knowledge {name}; there is guzhi, and one kind or area of it, as guzhi:case, guzhi:network",
            name=name,
        )
    )


_NEGATED = {"not contains": "contains", "is not": "is", "not in": "in", "≠": "=", "empty": "not empty"}
_TEXTS = {"contains": "contains", "start with": "starts", "end with": "ends", "is": "is", "in": "is", "=": "is"}
_DAYS = {
    "is": "is",
    "=": "is",
    "before": "before",
    "<": "before",
    "≤": "until",
    "after": "after",
    ">": "after",
    "≥": "since",
}
"""Dify's comparisons, and ours."""


def _condition(asked: Condition) -> Criterion:
    """What a condition of a request asks for. Raises BadField."""
    comparison = _NEGATED.get(asked.comparison_operator, asked.comparison_operator)
    negated = asked.comparison_operator in _NEGATED
    if comparison == "not empty":
        return Criterion(asked.name, "there", negated=negated)
    ours = (_DAYS if asked.name in DATES else _TEXTS).get(comparison)
    if ours is None:
        raise _refused(
            say("{name} 不能用 {comparison} 比较", "{name} can't be compared by {comparison}",
                name=asked.name, comparison=asked.comparison_operator)
        )  # fmt: skip
    if asked.name in DATES:
        return Criterion(asked.name, ours, day=_day(asked), negated=negated)
    if asked.value is None:
        raise _refused(say("{name} 缺少 value", "{name} has no value", name=asked.name))
    texts = asked.value if isinstance(asked.value, list) else [asked.value]
    return Criterion(asked.name, ours, tuple(map(str, texts)), negated=negated)


def _day(asked: Condition) -> date:
    try:
        return date.fromisoformat(str(asked.value))
    except ValueError:
        raise _refused(say("{name} 的 value 应为日期，如 2026-03-01", "the value of {name} should be a day such as "
                           "2026-03-01", name=asked.name))  # fmt: skip


def _refused(problem: str) -> BadField:
    return BadField(f"metadata_condition{say('：', ': ')}{problem}", "metadata_condition")


# --- errors ----------------------------------------------------------------------------------


def _answer(status: int, code: int, message: str) -> Response:
    response = jsonify({"error_code": code, "error_msg": message})
    response.status_code = status
    return response


@blueprint.errorhandler(HTTPException)
def _error(error: HTTPException) -> Response:
    status, message = error.code or 500, error.description or error.name
    if isinstance(error, BadHeader):
        response = _answer(status, BAD_HEADER, message)
        response.headers.update((k, v) for k, v in error.get_headers() if k == "WWW-Authenticate")
        return response
    if isinstance(error, Unauthorized):  # Dify tells who connects it of a wrong key when it sees 403, and only then
        return _answer(403, REFUSED, message)
    return _answer(status, NO_KNOWLEDGE if isinstance(error, NotFound) else status, message)


@blueprint.errorhandler(KbError)
def _users_error(error: KbError) -> Response:
    status = status_of(error)
    return with_time(_answer(status, status, without_folders(str(error))), error)
