"""This module answers what the API offers: operations, each declared beside its function, and their description.

The same models check a request and describe it; the description is OpenAPI 3.1, in the language of who asks.
"""

import re
from collections.abc import Callable, Mapping
from functools import cache
from typing import Any, NamedTuple, TypeVar, get_args

from flask import Blueprint, request
from flask.typing import ResponseReturnValue
from pydantic import BaseModel
from pydantic.json_schema import models_json_schema

from kb import __version__
from kb.desk.answers import Error
from kb.desk.schemas import Table
from kb.language import current, say
from kb.web import authorization
from kb.web.validation import VERSION, example_of, read_body, read_query, read_version

View = TypeVar("View", bound=Callable[..., ResponseReturnValue])
Text = tuple[str, str]
"""Chinese, English."""
References = Mapping[Any, dict[str, Any]]
"""How a description refers to each model."""

PATHS: dict[str, tuple[Text, dict[str, Any], object]] = {
    "name": (
        ("文章的编号或路径", "the article's number or path"),
        {"type": "string", "pattern": r"^[^/.?#][^?#]*$", "maxLength": 300},
        "KB-000012",
    ),
    "code": (
        ("错误码、型号、地址、文件", "an error code, a model, an address, a file"),
        {"type": "string", "maxLength": 300},
        "ORA-01653",
    ),
    "product": (("产品的名称", "the name of a product"), {"type": "string", "maxLength": 200}, "Epson TM-T88V"),
    "revision": (("版本的 id", "id of the version"), {"type": "integer", "minimum": 1, "maximum": 2**31 - 1}, 1),
    "table": (("哪一张表", "which table"), {"type": "string", "enum": list(get_args(Table))}, "weeks"),
    "number": (
        ("服务单号：26-00137-7，或只写今年的序号", "the number of a case: 26-00137-7, or this year's counter alone"),
        {"type": "string", "pattern": r"^[0-9-]+$", "maxLength": 24},
        "1",
    ),
    "device": (("设备的 id", "id of the device"), {"type": "integer", "minimum": 1, "maximum": 2**31 - 1}, 1),
    "customer": (("客户的 id", "id of the customer"), {"type": "integer", "minimum": 1, "maximum": 2**31 - 1}, 1),
    "plan": (("计划的 id", "id of the plan"), {"type": "integer", "minimum": 1, "maximum": 2**31 - 1}, 1),
    "period": (
        ("应做的日子，或回访的单号", "the day on which it is due, or the case that it follows"),
        {"type": "string", "pattern": r"^[0-9-]+$", "maxLength": 24},
        "2026-12-01",
    ),
    "month": (("月份", "month"), {"type": "string", "pattern": r"^\d{4}-\d{2}$"}, "2026-11"),
    "verdict": (("判定的 id", "id of the verdict"), {"type": "integer", "minimum": 1, "maximum": 2**31 - 1}, 1),
}
"""What stands in a path: description, schema, example."""

STATUSES: dict[int, Text] = {
    200: ("成功", "done"),
    201: ("已保存", "kept"),
    204: ("已完成，没有内容", "done, no content"),
    400: ("请求不对", "something is wrong with the request"),
    401: ("令牌无效", "the token is not in force"),
    403: ("不允许", "not allowed"),
    404: ("没有", "there is none"),
    409: ("别人刚写过，先看再写", "somebody wrote meanwhile: look at it first"),
    412: ("不再是您开始改的那一版", "it is no longer the version that was started from"),
    413: ("太长", "too long"),
    429: ("这一分钟问得太多，见 Retry-After", "too often this minute, see Retry-After"),
    503: ("现在答不了：索引或数据库不可用", "can't be answered now: the index or the database is unavailable"),
}


class Operation(NamedTuple):
    """One thing the API does. path: as OpenAPI writes it; scope: of the token it needs when it is sent with one."""

    method: str
    path: str
    name: str
    group: Text
    summary: Text
    query: type[BaseModel] | None
    body: type[BaseModel] | None
    answers: Mapping[int, type[BaseModel] | None]
    scope: str
    closed: bool
    versioned: bool


OPERATIONS: list[Operation] = []
"""Everything that was declared, in this order."""


class Api(Blueprint):
    """A blueprint whose routes are operations: guarded, checked and described."""

    def operation(
        self,
        method: str,
        rule: str,
        group: Text,
        summary: Text,
        answers: Mapping[int, type[BaseModel] | None],
        query: type[BaseModel] | None = None,
        body: type[BaseModel] | None = None,
        scope: str = "read",
        lenient: bool = False,
        error: type[BaseModel] = Error,
        closed: bool = False,
        versioned: bool = False,
        large: int = 0,
    ) -> Callable[[View], View]:
        """Declare a function as the answer to a request.

        answers: status -> model of its JSON, the successful one first; those of any request are added.
        query, body: checked, and handed over as the arguments query and body. With lenient the query is only
        described, and the function reads the address itself. closed: a token is needed for reading, too. versioned:
        If-Match has to tell the digest of the version to replace; it is handed over as base.
        large: bytes that the request may have, when it brings a file.
        """
        usual = dict.fromkeys((400, 401, 404, 429, 503), error)
        if scope == "write" or closed:
            usual[403] = error
        if versioned:
            usual[412] = error
        if body:
            usual[413] = error

        def declare(function: View) -> View:
            path = re.sub(r"<(?:[^:>]+:)?(\w+)>", r"{\1}", rule)
            everything = dict(sorted({**usual, **answers}.items()))
            OPERATIONS.append(
                Operation(
                    method, path, function.__name__, group, summary, query, body, everything, scope, closed, versioned
                )
            )

            def view(**values: Any) -> ResponseReturnValue:
                authorization.require(scope, closed)
                if large:
                    request.max_content_length = large
                if query and not lenient:
                    values["query"] = read_query(query)
                if versioned:
                    values["base"] = read_version()
                if body:
                    values["body"] = read_body(body)
                return function(**values)

            self.add_url_rule(rule, function.__name__, view, methods=[method])
            return function

        return declare


# --- the description --------------------------------------------------------------------------


def description() -> dict[str, Any]:
    """The OpenAPI description in the current language, made once for each."""
    return _description(current())


@cache
def _description(_: str) -> dict[str, Any]:
    models = {m for o in OPERATIONS for m in (o.body, *o.answers.values()) if m}
    ordered = sorted(models, key=lambda m: m.__name__)
    names, schemas = models_json_schema(
        [(m, "validation") for m in ordered], ref_template="#/components/schemas/{model}"
    )
    references = {model: reference for (model, _), reference in names.items()}
    paths: dict[str, Any] = {}
    for operation in OPERATIONS:
        paths.setdefault(operation.path, {})[operation.method.lower()] = _operation(operation, references)
    return {
        "openapi": "3.1.0",
        "info": {
            "title": say("故知", "Guzhi"),
            "version": __version__,
            "description": say(
                "网页能做的，程序也能做。读是开放的；写要在本机，由本站的页面或带 write 权限的令牌（kb token create）。"
                '每个错误都是 {"error": {"status", "message", "field"?}}；?lang=en 或 Accept-Language 选择语言。',
                "What the pages do, for programs. Reading is open; writing is for this machine, by pages of this site "
                'or with a token of the scope write (kb token create). Every error is {"error": {"status", "message", '
                '"field"?}}; ?lang=zh or Accept-Language chooses the language.',
            ),
        },
        "servers": [{"url": "/"}],
        "tags": [{"name": say(*group)} for group in dict.fromkeys(o.group for o in OPERATIONS)],
        "paths": paths,
        "components": {
            "schemas": {name: _untitled(schema) for name, schema in schemas.get("$defs", {}).items()},
            "securitySchemes": {"token": {"type": "http", "scheme": "bearer"}},
        },
    }


def _operation(o: Operation, references: References) -> dict[str, Any]:
    described: dict[str, Any] = {
        "operationId": o.name,
        "tags": [say(*o.group)],
        "summary": say(*o.summary),
        "parameters": [
            *_path_parameters(o.path),
            *(_query_parameters(o.query) if o.query else ()),
            *([{**VERSION, "description": say("读到的 digest", "the digest that was read")}] if o.versioned else ()),
        ],
        "security": [{"token": []}] if o.closed or o.scope == "write" else [{}, {"token": []}],
        "responses": {
            str(status): _response(status, references[model] if model else None) for status, model in o.answers.items()
        },
    }
    if o.body:
        content = {"schema": references[o.body], "example": example_of(o.body)}
        described["requestBody"] = {"required": True, "content": {"application/json": content}}
    return described


def _path_parameters(path: str) -> list[dict[str, Any]]:
    found = []
    for name in re.findall(r"\{(\w+)\}", path):
        text, schema, example = PATHS[name]
        place = {"name": name, "in": "path", "required": True}
        found.append({**place, "description": say(*text), "schema": schema, "example": example})
    return found


def _query_parameters(model: type[BaseModel]) -> list[dict[str, Any]]:
    schema = model.model_json_schema()
    found = []
    # Its own parameters first, then those that it shares.
    for name, value in sorted(schema["properties"].items(), key=lambda p: p[0] not in model.__annotations__):
        value = _untitled(value)
        if value.get("anyOf", [])[1:] == [{"type": "null"}]:  # an address has no null: it is left out
            value = {**value.pop("anyOf")[0], **value}
        parameter = {"name": name, "in": "query", "required": name in schema.get("required", ())}
        parameter["description"] = value.pop("description", "")
        if examples := value.pop("examples", None):
            parameter["example"] = examples[0]
        if value.get("default", ...) is None:
            del value["default"]
        found.append({**parameter, "schema": value})
    return found


def _response(status: int, schema: dict[str, Any] | None) -> dict[str, Any]:
    described: dict[str, Any] = {"description": say(*STATUSES[status])}
    if schema:
        described["content"] = {"application/json": {"schema": schema}}
    return described


def _untitled(schema: Any) -> Any:
    """Without the titles that pydantic makes of names."""
    if isinstance(schema, list):
        return [_untitled(s) for s in schema]
    if not isinstance(schema, dict):
        return schema
    # A property may be called title, too.
    return {
        k: {n: _untitled(p) for n, p in v.items()} if k == "properties" else _untitled(v)
        for k, v in schema.items()
        if k != "title" or not isinstance(v, str)
    }
