"""The description of the API: it names everything there is, its examples are answered, and answers keep to it."""

import json
import re
import shutil
from collections.abc import Iterator
from dataclasses import replace
from datetime import date
from html import unescape
from secrets import token_hex
from typing import Any, get_args

import pytest
import schemathesis
from flask import Flask
from flask.testing import FlaskClient
from hypothesis import Phase, given, settings
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from kb.database.activity import REASONS
from kb.database.api_tokens import Access
from kb.database.connection import Store
from kb.desk import schemas
from kb.model import SORTS, VERDICTS
from kb.model.casework import Role
from kb.model.schema import FACETS
from kb.service import cases
from kb.service.assets.importing import Imports
from kb.service.fieldwork import MARK, signature
from kb.service.rounds.plans import Rounds
from kb.settings import Settings
from kb.web import create_app, requests
from kb.web.openapi import OPERATIONS, Operation
from kb.web.reference import address

CHECKS = [not_a_server_error, status_code_conformance, content_type_conformance, response_schema_conformance]
LIKELY = {
    "knowledge_id": "guzhi",
    "article": "KB-000013",
    "name": "KB-000013",
    "code": "ORA-01653",
    "product": "Epson TM-T88V",
    "table": "gaps",
    "content": "",
    "number": "1",
}
"""What no generator finds, and beyond which there is more to test."""

by_name = pytest.mark.parametrize("operation", OPERATIONS, ids=lambda o: f"{o.method} {o.path}")


@pytest.fixture(scope="module")
def app(sample_settings: Settings, tmp_path_factory: pytest.TempPathFactory) -> Flask:
    """A copy of the sample base, as it is written to, with a database of its own, asked from this machine."""
    folder = tmp_path_factory.mktemp("openapi")
    articles, index = folder / "articles", folder / "index"
    shutil.copytree(sample_settings.articles, articles)
    shutil.copytree(sample_settings.index, index)
    given = replace(sample_settings, database=str(folder / "guzhi.db"), articles=articles, index=index, service="on")
    app = create_app(given)
    desk, store = cases.opened(given), Store(given.database)
    desk.report("打印机卡纸", {"channel": "phone"}, cases.Author("李四", Role.LEAD))
    tables = {
        "customers": "客户\n农商行\n",
        "devices": "产品,序列号,客户\nHP P3015,SN0001,农商行\n",
        "parts": "备件号,库房,数量\n0231A0QN,济南库,1\n",
    }
    for kind, table in tables.items():
        assert not Imports(store, desk.policy).write(kind, table.encode(), f"{kind}.csv", "李四").unclear
    Rounds(store, desk).add("round", 1, "months", date(2026, 12, 1), "农商行")
    store.close()
    inner = app.wsgi_app
    app.wsgi_app = (  # type: ignore[method-assign]
        lambda environ, start_response: inner({**environ, "REMOTE_ADDR": "127.0.0.1"}, start_response)
    )
    return app


@pytest.fixture(scope="module")
def token(app: Flask) -> dict[str, str]:
    """The header of a program that may write."""
    return {"Authorization": "Bearer " + Access(app.config["STORE"]).create("test", "write", a_minute=0)}


@pytest.fixture(scope="module")
def contract(app: Flask) -> Any:
    return schemathesis.openapi.from_wsgi("/api/v1/openapi.json", app)


@pytest.fixture(scope="module")
def described(app: Flask) -> dict[str, Any]:
    answer: dict[str, Any] = app.test_client().get("/api/v1/openapi.json?lang=en").get_json()
    return answer


@by_name
def test_examples_are_answered(
    app: Flask, contract: Any, described: dict[str, Any], token: dict[str, str], operation: Operation
) -> None:
    """The example of each operation is a request that succeeds, and what comes back is as described."""
    one = described["paths"][operation.path][operation.method.lower()]
    client = app.test_client()
    where = address(operation.path, one)
    if operation.name == "take_back_verdict":
        given = {"article": "KB-000013", "verdict": "helpful"}
        where = f"/api/v1/verdicts/{client.post('/api/v1/verdicts', json=given, headers=token).get_json()['id']}"
    body: Any = one["requestBody"]["content"]["application/json"]["example"] if operation.body else None
    headers = dict(token)
    if operation.name == "promote":
        said = client.post("/api/v1/verdicts", json={**body, "verdict": "helpful"}, headers=headers)
        assert said.status_code == 201
    if operation.name in ("restore_api", "revision_api"):
        revision = saved(client, headers)
        where = where.replace("/1?", f"/{revision}?")
        body = body and {**body, "revision": revision}
    if operation.path == "/api/v1/assets":  # a name may be there once, and other tests send the example, too
        body = {**body, "values": {**body["values"], "name": f"王工 {token_hex(4)}"}}
    if operation.name == "field_api":
        body = {**body, "content": from_the_field(app)}
    if operation.versioned:
        now = client.get(f"/api/v1/sources/{body['article']}" if "article" in body else where).get_json()
        headers["If-Match"] = f'"{now["digest"]}"'
        body = body if "article" in body else {"text": now["text"] + "\n", "note": "x"}
    answer = client.open(where, method=operation.method, json=body, headers=headers)
    assert answer.status_code in (200, 201, 204), answer.text
    contract[operation.path][operation.method].validate_response(answer)


def from_the_field(app: Flask) -> str:
    """What a field pack of the first case would save."""
    store = app.config["STORE"]
    number = client_number(app)
    with store.session() as session:
        known = {"guzhi": MARK, "case": number, "pack": "1", "signature": signature(session, number, "1")}
    return json.dumps({**known, "diagnosis": "卡纸"})


def client_number(app: Flask) -> str:
    """The whole number of the first case."""
    return str(app.test_client().get("/api/v1/cases/1").get_json()["case"]["number"])


def saved(client: FlaskClient, headers: dict[str, str]) -> int:
    """The id of a version of the article of the examples that was just saved."""
    now = client.get("/api/v1/sources/KB-000012", headers=headers).get_json()
    sent = {"text": now["text"] + "\n", "note": "x"}
    put = client.put("/api/v1/sources/KB-000012", json=sent, headers={**headers, "If-Match": f'"{now["digest"]}"'})
    assert put.status_code == 200, put.text
    found = client.get("/api/v1/history/KB-000012", headers=headers).get_json()["versions"]
    return int(found[1]["id"])


@by_name
def test_answers_keep_to_the_description(contract: Any, token: dict[str, str], operation: Operation) -> None:
    """Whatever is sent, the answer has a status, a type and a shape that are described, and is no fault of ours."""

    many = 3 if operation.name == "create_source" else 12  # each is an article that is indexed

    @settings(max_examples=many, derandomize=True, database=None, phases=[Phase.generate], deadline=None)
    @given(case=contract[operation.path][operation.method].as_strategy())
    def ask(case: Any) -> None:
        case.call_and_validate(headers=token, checks=CHECKS)
        for sent in (case.body, case.path_parameters, case.query):
            if isinstance(sent, dict):
                sent.update({k: v for k, v in LIKELY.items() if k in sent})
        case.call_and_validate(headers=token, checks=CHECKS)

    ask()


def test_every_route_is_described(app: Flask) -> None:
    """No route of the API without a description, no description without a route."""
    routes = {
        (method, re.sub(r"<(?:[^:>]+:)?(\w+)>", r"{\1}", rule.rule))
        for rule in app.url_map.iter_rules()
        for method in (rule.methods or set()) - {"HEAD", "OPTIONS"}
        if rule.rule.startswith(("/api/v1/", "/health", "/retrieval"))
    }
    assert routes - {("GET", "/api/v1/openapi.json")} == {(o.method, o.path) for o in OPERATIONS}
    assert len({o.name for o in OPERATIONS}) == len(OPERATIONS)


def references(value: Any) -> Iterator[str]:
    if isinstance(value, dict):
        yield from [value["$ref"]] if isinstance(value.get("$ref"), str) else ()
        value = list(value.values())
    for one in value if isinstance(value, list) else ():
        yield from references(one)


def test_every_schema_is_used_and_there(described: dict[str, Any]) -> None:
    """References lead somewhere, and no schema lies about."""
    used = {r.removeprefix("#/components/schemas/") for r in references(described)}
    assert used == set(described["components"]["schemas"])


def test_the_description_is_in_both_languages(app: Flask, described: dict[str, Any]) -> None:
    """Chinese by default, English when asked for; apart from words nothing differs."""
    client = app.test_client()
    chinese = client.get("/api/v1/openapi.json").get_json()
    told = re.compile(r"[一-鿿]")
    assert told.search(chinese["paths"]["/api/v1/search"]["get"]["summary"])

    def words(value: Any, key: str = "") -> Iterator[str]:
        if isinstance(value, dict):
            for k, v in value.items():
                yield from words(v, k) if k not in ("example", "examples", "properties") else ()
                yield from (w for p in v.values() for w in words(p)) if k == "properties" else ()
        elif isinstance(value, list):
            for v in value:
                yield from words(v, key)
        elif key in ("summary", "description", "name"):
            yield value

    assert not [w for w in words(described) if told.search(w)]
    assert list(chinese["paths"]) == list(described["paths"])


def test_words_of_the_model_and_of_the_description_agree() -> None:
    """What a parameter may be is what the rest of the program knows."""
    assert get_args(schemas.Facet) == FACETS
    assert get_args(schemas.Sort) == SORTS
    fields = requests.Judged.model_fields
    assert get_args(fields["verdict"].annotation) == VERDICTS
    assert get_args(fields["reason"].annotation) == ("", *REASONS)


@pytest.mark.parametrize(
    ("path", "field"),
    [
        ("/api/v1/articles?page=0", "page"),
        ("/api/v1/articles?size=viel", "size"),
        ("/api/v1/articles?after=gestern", "after"),
        ("/api/v1/articles?sort=relevance", "sort"),
        ("/api/v1/complete?size=99", "size"),
    ],
)
def test_a_wrong_parameter_is_named(client: FlaskClient, path: str, field: str) -> None:
    """The error names the parameter in its field and its sentence."""
    answer = client.get(path)
    assert answer.status_code == 400
    assert answer.get_json()["error"]["field"] == field
    assert answer.get_json()["error"]["message"].startswith(field)


@pytest.fixture
def client(app: Flask) -> FlaskClient:
    return app.test_client()


@pytest.mark.parametrize(
    ("sent", "field", "told"),
    [
        ({}, "article", "缺少"),
        ({"article": "KB-000013", "verdict": "good"}, "verdict", "'helpful'"),
        ({"article": "KB-000013", "verdict": "helpful", "coment": ""}, "coment", "没有这个键"),
        ({"article": "KB-000013", "verdict": "helpful", "comment": "x" * 1001}, "comment", "1000"),
        ({"article": "KB-000013", "verdict": "helpful", "search": "1"}, "search", "整数"),
        ({"article": 1, "verdict": "helpful"}, "article", "文字"),
    ],
)
def test_a_wrong_key_is_named(client: FlaskClient, sent: Any, field: str, told: str) -> None:
    """A wrong body is told which key is wrong, how, and what a right one looks like."""
    error = client.post("/api/v1/verdicts", json=sent).get_json()["error"]
    assert (error["status"], error["field"]) == (400, field)
    assert told in error["message"]
    assert '"verdict": "helpful"' in error["message"]


def test_what_was_sent_is_not_repeated(client: FlaskClient) -> None:
    """An error may end up in somebody's log: it quotes nothing of the text."""
    for sent in (b'{"text": "\xff"}', b'{"text": 1380013}', b'{"13800138000"', b'["13800138000"]', b'"\\ud800"'):
        answer = client.post("/api/v1/suggest", data=sent, content_type="application/json")
        assert answer.status_code == 400
        assert "13800" not in answer.text


def test_the_page(client: FlaskClient, described: dict[str, Any]) -> None:
    """The page tells each operation with an example to copy, and each schema; its links lead somewhere on it."""
    page = client.get("/api?lang=en").text
    for path, methods in described["paths"].items():
        for method, one in methods.items():
            assert f"<b>{method.upper()}</b> {path}" in page
            assert one["summary"] in unescape(page)
    assert unescape(page).count("curl ") == len(OPERATIONS)
    targets = set(re.findall(r' id="([^"]+)"', page))
    assert set(re.findall(r'href="#([^"]+)"', page)) <= targets
    assert not re.search(r"[一-鿿]", re.sub(r"<pre.*?</pre>|<header.*?</header>", "", page, flags=re.DOTALL))


def test_an_example_survives_the_shell(client: FlaskClient) -> None:
    """The JSON of an example stands in single quotes, whatever it holds."""
    page = unescape(client.get("/api").text)
    bodies = re.findall(r"-d '(.*?)'</code>", page, re.DOTALL)
    assert len(bodies) == sum(o.body is not None for o in OPERATIONS)
    for body in bodies:
        json.loads(body.replace("'\\''", "'"))


def test_a_search_begins_with_its_query(described: dict[str, Any]) -> None:
    """Own parameters stand before those that all lists share; none of an address is null."""
    parameters = described["paths"]["/api/v1/search"]["get"]["parameters"]
    assert parameters[0]["name"] == "q"
    assert {"name": "after", "schema": {"type": "string", "format": "date"}}.items() <= next(
        {k: p[k] for k in ("name", "schema")} for p in parameters if p["name"] == "after"
    ).items()
    assert "{{" not in described["info"]["description"]
