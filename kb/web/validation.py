"""This module answers: does a request bring what its models ask for, and if not, what would be right?"""

import json
import re
from base64 import b64decode
from typing import Any, TypeVar

from flask import request
from pydantic import BaseModel, ValidationError
from werkzeug.exceptions import BadRequest

from kb.language import say

Model = TypeVar("Model", bound=BaseModel)

VERSION: dict[str, Any] = {
    "name": "If-Match",
    "in": "header",
    "required": True,
    "schema": {"type": "string", "pattern": '^"[0-9a-f]{64}"$'},
}
"""The header that names the version to replace."""


class BadField(BadRequest):
    """A request that is wrong in one place. field: the parameter, or the key of the JSON."""

    def __init__(self, description: str, field: str) -> None:
        super().__init__(description)
        self.field = field


def read_query(model: type[Model]) -> Model:
    lists = {n for n, f in model.model_fields.items() if isinstance(f.default, list)}
    given = {
        n: request.args.getlist(n) if n in lists else request.args[n] for n in model.model_fields if n in request.args
    }
    try:
        return model.model_validate(given)
    except ValidationError as error:
        field, problem = _problem_of(error)
        raise BadField(f"{field}{say('：', ': ')}{problem}", field)


def read_version() -> str:
    """The digest of If-Match. Raises BadRequest."""
    digest = request.headers.get("If-Match", "").strip().strip('"')
    if not re.fullmatch("[0-9a-f]{64}", digest):
        raise BadField(
            say('发送 If-Match: "读到的 digest"', 'send If-Match: "the digest that was read"'), VERSION["name"]
        )
    return digest


def read_body(model: type[Model]) -> Model:
    """The JSON of this request. Raises BadRequest that shows a right one."""
    example = json.dumps(example_of(model), ensure_ascii=False)
    if not request.is_json:
        raise BadRequest(
            say("发送 JSON（Content-Type: application/json）：{json}",
                "send JSON (Content-Type: application/json): {json}", json=example)
        )  # fmt: skip
    try:
        return model.model_validate_json(request.get_data())
    except ValidationError as error:
        field, problem = _problem_of(error)
        place = f'"{field}"{say("：", ": ")}' if field else ""
        raise BadField(
            say("{place}{problem}；例如 {json}", "{place}{problem}; for example {json}",
                place=place, problem=problem, json=example), field
        )  # fmt: skip


def read_base64(content: str, field: str) -> bytes:
    """What a key of the body holds as base64. Raises BadField."""
    try:
        return b64decode(content, validate=True)
    except ValueError:
        raise BadField(say("{field} 应为 base64", "{field} should be base64", field=field), field)


_PROBLEMS: dict[str, tuple[str, str]] = {
    "missing": ("缺少", "is missing"),
    "extra_forbidden": ("没有这个键", "there is no such key"),
    "json_invalid": ("不是正确的 JSON", "this is not JSON"),
    "model_type": ("应为 JSON 对象", "should be an object"),
    "string_type": ("应为文字", "should be text"),
    "string_too_short": ("不能为空", "must not be empty"),
    "string_pattern_mismatch": ("不能为空", "must not be empty"),
    "string_too_long": ("最多 {max_length} 个字符", "at most {max_length} characters"),
    "too_long": ("最多 {max_length} 个", "at most {max_length}"),
    "int_type": ("应为整数", "should be a whole number"),
    "int_parsing": ("应为整数", "should be a whole number"),
    "int_from_float": ("应为整数", "should be a whole number"),
    "float_type": ("应为数", "should be a number"),
    "bool_type": ("应为 true 或 false", "should be true or false"),
    "list_type": ("应为 […]", "should be a list"),
    "literal_error": ("应为 {expected}", "should be {expected}"),
    "greater_than_equal": ("不小于 {ge}", "at least {ge}"),
    "less_than_equal": ("不大于 {le}", "at most {le}"),
    "date_from_datetime_parsing": ("应为日期，如 2026-03-01", "should be a day such as 2026-03-01"),
    "date_parsing": ("应为日期，如 2026-03-01", "should be a day such as 2026-03-01"),
}


def _problem_of(error: ValidationError) -> tuple[str, str]:
    """(where, what) of the first mistake, in words that quote nothing that was sent."""
    first = error.errors(include_url=False, include_input=False)[0]
    field = ".".join(map(str, first["loc"]))
    told = _PROBLEMS.get(first["type"])
    return field, say(*told, **first.get("ctx", {})) if told else first["msg"]


def example_of(model: type[BaseModel]) -> Any:
    """The example that a model of a body comes with."""
    extra = model.model_config.get("json_schema_extra")
    return extra["examples"][0] if isinstance(extra, dict) else {}  # type: ignore[index]
