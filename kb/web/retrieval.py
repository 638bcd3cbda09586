"""This module is the external knowledge API that Dify and other assistants call: POST /retrieval.

The contract is Dify's, and its shape of an error: {"error_code": 1002, "error_msg": "..."}.
"""

import operator
from collections.abc import Callable
from datetime import date
from typing import Any, Literal

import numpy as np
from flask import Response, jsonify, request
from pydantic import BaseModel, ConfigDict, Field
from werkzeug.exceptions import HTTPException, NotFound, Unauthorized

from kb.errors import KbError
from kb.labels import LABELS, value_of
from kb.language import say
from kb.model.schema import AREAS, KINDS
from kb.search.index import Index, Mask
from kb.search.retrieve import Record, retrieve
from kb.web.api import logged
from kb.web.authorization import BadHeader
from kb.web.errors import status_of
from kb.web.forms import MAX_NAME
from kb.web.openapi import Api
from kb.web.schemas import Answered, Facet, told
from kb.web.security import without_folders
from kb.web.validation import BadField
from kb.web.views import article_url, index_in_force, settings_in_force

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
    index = index_in_force()
    allowed = _knowledge(index, body.knowledge_id) & _meeting(index, body.metadata_condition)
    setting = body.retrieval_setting
    count = min(setting.top_k, MAX_RECORDS)
    found = retrieve(index, body.query, count, allowed, setting.score_threshold or 0.0)
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


def _knowledge(index: Index, name: str) -> Mask:
    """The articles of a knowledge_id. Raises NotFound."""
    base, _, part = name.partition(":")
    if base == BASE and not part:
        return index.live
    kind, area = value_of("kind", part), value_of("area", part)
    if base == BASE and kind in KINDS:
        return index.facets["kind"].having([kind])
    if base == BASE and area in (*AREAS, *settings_in_force().areas, *index.facets["area"].values):
        return index.facets["area"].having([area])
    raise NotFound(
        say(
            "没有知识库 {name}；可用 guzhi，或其中一类、一个领域，如 guzhi:case、guzhi:network",
            "there is no knowledge {name}; there is guzhi, and one kind or area of it, as guzhi:case, guzhi:network",
            name=name,
        )
    )


def _meeting(index: Index, asked: Conditions | None) -> Mask:
    """The articles that meet conditions; drafts and archived ones only when asked for by status."""
    conditions = asked.conditions if asked else []
    shown = index.live if any(c.name == "status" for c in conditions) else index.visible
    if not asked or not conditions:
        return shown
    combine = np.logical_or if asked.logical_operator == "or" else np.logical_and
    met: Mask = combine.reduce([_meeting_one(index, c) for c in conditions])
    return shown & met


_NEGATED = {"not contains": "contains", "is not": "is", "not in": "in", "≠": "="}
_TEXTS: dict[str, Callable[[str, str], bool]] = {
    "contains": operator.contains,
    "start with": str.startswith,
    "end with": str.endswith,
    "is": operator.eq,
    "in": operator.eq,
    "=": operator.eq,
}
_DAYS: dict[str, Callable[[Any, int], Mask]] = {
    "is": operator.eq,
    "=": operator.eq,
    "before": operator.lt,
    "<": operator.lt,
    "≤": operator.le,
    "after": operator.gt,
    ">": operator.gt,
    "≥": operator.ge,
}


def _meeting_one(index: Index, c: Condition) -> Mask:
    comparison = _NEGATED.get(c.comparison_operator, c.comparison_operator)
    if comparison in ("empty", "not empty"):
        some = index.days(c.name) > 0 if c.name in DATES else index.facets[c.name].having(index.facets[c.name].values)
        return some if comparison == "not empty" else ~some
    if comparison not in (_DAYS if c.name in DATES else _TEXTS):
        raise _refused(
            say("{name} 不能用 {comparison} 比较", "{name} can't be compared by {comparison}",
                name=c.name, comparison=c.comparison_operator)
        )  # fmt: skip
    met = _dated(index, c, comparison) if c.name in DATES else _valued(index, c, comparison)
    return ~met if c.comparison_operator in _NEGATED else met


def _dated(index: Index, c: Condition, comparison: str) -> Mask:
    try:
        day = date.fromisoformat(str(c.value)).toordinal()
    except ValueError:
        raise _refused(say("{name} 的 value 应为日期，如 2026-03-01", "the value of {name} should be a day such as "
                           "2026-03-01", name=c.name))  # fmt: skip
    days = index.days(c.name)
    return (days > 0) & _DAYS[comparison](days, day)


def _valued(index: Index, c: Condition, comparison: str) -> Mask:
    """By a facet's values as they are stored, or by their names in either language, without regard to case."""
    if c.value is None:
        raise _refused(say("{name} 缺少 value", "{name} has no value", name=c.name))
    wanted = [str(v).lower() for v in (c.value if isinstance(c.value, list) else [c.value])]
    holds, facet = _TEXTS[comparison], index.facets[c.name]
    named = {v: [n.lower() for n in (v, *LABELS.get(c.name, {}).get(v, ()))] for v in facet.values}
    return facet.having([v for v, names in named.items() if any(holds(n, w) for n in names for w in wanted)])


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
    return _answer(status, status, without_folders(str(error)))
