"""This module answers how the API is used: its description as a file, and as a page with examples to copy."""

import json
from collections.abc import Mapping
from typing import Any, NamedTuple
from urllib.parse import quote, urlencode

from flask import Flask, request

from kb.web.openapi import description
from kb.web.views import Answer, page


def init_app(app: Flask) -> None:
    app.add_url_rule("/api/v1/openapi.json", view_func=openapi)
    app.add_url_rule("/api", view_func=api)


def openapi() -> dict[str, Any]:
    return description()


def api() -> Answer:
    described = description()
    operations = [
        Shown(method, path, one, curl(method, path, one, request.host_url.rstrip("/")))
        for path, methods in described["paths"].items()
        for method, one in methods.items()
    ]
    groups = {tag["name"]: [o for o in operations if tag["name"] in o.described["tags"]] for tag in described["tags"]}
    return page("api.html", described=described, groups=groups, schemas=described["components"]["schemas"])


class Shown(NamedTuple):
    """One operation of the page. described: as in the description; curl: its example as a command."""

    method: str
    path: str
    described: Mapping[str, Any]
    curl: str


def address(path: str, described: Mapping[str, Any]) -> str:
    """The path and query of an operation's example."""
    pairs: list[tuple[str, str]] = []
    for parameter in described["parameters"]:
        if "example" in parameter:
            values = parameter["example"] if isinstance(parameter["example"], list) else [parameter["example"]]
            if parameter["in"] == "path":
                path = path.replace(f"{{{parameter['name']}}}", quote(str(values[0])))
            else:
                pairs += [(parameter["name"], str(v)) for v in values]
    return path + ("?" + urlencode(pairs) if pairs else "")


def curl(method: str, path: str, described: Mapping[str, Any], root: str) -> str:
    """An operation's example as a command. root: the address of the site."""
    parts = ["curl"]
    if method != "get":
        parts += ["-X", method.upper()]
    parts.append(f"'{root}{address(path, described)}'")
    if {} not in described["security"]:
        parts.append("-H 'Authorization: Bearer kb_…'")
    if any(p["in"] == "header" for p in described["parameters"]):
        parts.append("-H 'If-Match: \"…\"'")
    if body := described.get("requestBody"):
        example = json.dumps(body["content"]["application/json"]["example"], ensure_ascii=False)
        parts += ["-H 'Content-Type: application/json'", "-d '" + example.replace("'", "'\\''") + "'"]
    return " ".join(parts)
