"""Every error of a user's is a sentence with the status of one table, on every address, for people and programs."""

import json
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

import pytest
from flask import Flask
from werkzeug.routing import Rule

import kb.articles.writing.workflow  # defines one of them
from kb import errors as users
from kb.database.connection import Store
from kb.errors import ArticleError, KbError
from kb.search.index import Library
from kb.settings import Settings
from kb.web import create_app
from kb.web.errors import STATUSES, status_of
from kb.web.openapi import OPERATIONS


def below(error: type[KbError]) -> list[type[KbError]]:
    """A class and all that are made of it."""
    return [error, *(c for direct in error.__subclasses__() for c in below(direct))]


ERRORS = below(KbError)


def raised(error: type[KbError]) -> KbError:
    if issubclass(error, ArticleError):
        return error("a.md", 3, "这是一句话")
    if error is users.TooOftenError:
        return error("这是一句话", 7)
    return error([]) if error is kb.articles.writing.workflow.HinderedError else error("这是一句话")


@pytest.fixture
def app(sample_settings: Settings, tmp_path: Any) -> Flask:
    return create_app(sample_settings)


def routes(app: Flask) -> list[tuple[Rule, str]]:
    """Every address with every method that it takes."""
    methods = ("GET", "POST", "PUT", "DELETE")
    return [
        (r, m) for r in app.url_map.iter_rules() for m in methods if m in (r.methods or ()) and r.endpoint != "static"
    ]


def address(rule: Rule) -> str:
    """An example of an address."""
    return re.sub(r"<(?:(\w+)[^>]*:)?\w+>", lambda m: "1" if m[1] == "int" else "x", rule.rule)


def test_every_error_is_known() -> None:
    """Those of kb.errors and those made of them elsewhere; each has a status that says whose fault it is."""
    assert {v for v in vars(users).values() if isinstance(v, type)} <= set(ERRORS)
    assert all(400 <= status_of(raised(e)) < 600 for e in ERRORS)
    assert set(STATUSES) <= set(ERRORS)


@pytest.mark.parametrize("error", ERRORS)
def test_every_address_answers_every_error(app: Flask, error: type[KbError], caplog: pytest.LogCaptureFixture) -> None:
    """Whatever a view lets pass has the status of the table and its own sentence, and is not logged as our fault."""

    def view(**_: Any) -> str:
        raise raised(error)

    for endpoint in app.view_functions:
        app.view_functions[endpoint] = view
    client = app.test_client()
    for rule, method in routes(app):
        answer = client.open(address(rule), method=method)
        assert answer.status_code == status_of(raised(error)), rule
        words = json.dumps(answer.json, ensure_ascii=False) if answer.is_json else answer.text
        assert str(raised(error)).split("\n", maxsplit=1)[0] in words, rule
    assert not caplog.records


@contextmanager
def failing(*_: Any, **__: Any) -> Iterator[None]:
    raise failing.error  # type: ignore[attr-defined]
    yield


@pytest.mark.parametrize(
    ("what", "error"), [("index", users.NoBundleError), ("index", users.NotFoundError), ("database", users.StoreError)]
)
def test_no_address_fails_with_what_it_asks(
    app: Flask, error: type[KbError], what: str, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """When the index or the database fails in any way, no view makes a fault of ours of it."""
    failing.error = raised(error)  # type: ignore[attr-defined]
    if what == "index":
        monkeypatch.setattr(Library, "index", lambda _: failing().__enter__())
    else:
        monkeypatch.setattr(Store, "session", failing)
        monkeypatch.setattr(Store, "reading", failing)
    client = app.test_client()
    with client.session_transaction() as session:
        session["token"] = "t"
    for rule, method in routes(app):
        kind: dict[str, Any] = (
            {"json": {}} if rule.rule.startswith(("/api", "/retrieval")) else {"data": {"token": "t"}}
        )
        sent = {} if method == "GET" else {**kind, "headers": {"If-Match": '"' + "0" * 64 + '"'}}
        with client.open(address(rule), method=method, **sent) as answer:
            assert answer.status_code != 500, (method, rule)
    assert not [r for r in caplog.records if r.levelname == "ERROR"]


def test_the_description_tells_the_statuses() -> None:
    """Whatever an operation answers, its description has the statuses of the table that it may have."""
    for operation in OPERATIONS:
        assert {400, 404, 503} <= set(operation.answers), operation.path
        assert 412 in operation.answers or not operation.versioned


def test_health_tells_of_the_database(sample_settings: Settings) -> None:
    """While it is away questions are answered, and whoever watches learns of it, but not where it lies."""
    there = create_app(sample_settings).test_client().get("/health")
    assert (there.status_code, there.json["database"]) == (200, "ok")
    assert there.json["outbox"] == {"waiting": 0, "stuck": 0, "failed": 0}
    away = create_app(replace(sample_settings, database="postgresql+psycopg://guzhi:secret@127.0.0.1:1/x"))
    told = away.test_client().get("/health")
    assert (told.status_code, told.json["status"], told.json["database"]) == (200, "ok", "unavailable")
    assert told.json["outbox"]["waiting"] is None
    assert "127.0.0.1" not in told.text
    found = away.test_client().get("/search?q=卡纸")
    assert found.status_code == 200
