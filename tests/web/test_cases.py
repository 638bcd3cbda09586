"""The desk of cases: lists, the quick entry, one case with its one form, closing by an article, files, search, the API."""

import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient

from kb.service import cases as service
from kb.service.cases import Author, Cases
from kb.model.casework import Role
from kb.settings import Settings
from kb.web import create_app

WANG = Author("王五", Role.AGENT)
FAULT = "HP P3015 打印机屏幕一直是 49.4C02 ERROR，关了再开还是"
ANSWER = "KB-000012"
RESTORE = {"restore.verification": "试打十页", "restore.cause": "software", "restore.handling": "remote"}


@pytest.fixture
def settings(sample_settings: Settings, tmp_path: Path) -> Settings:
    return replace(sample_settings, database=str(tmp_path / "guzhi.db"), service="on")


@pytest.fixture
def app(settings: Settings) -> Flask:
    return create_app(settings)


@pytest.fixture
def client(app: Flask) -> FlaskClient:
    return app.test_client()


@pytest.fixture
def cases(settings: Settings) -> Cases:
    return service.opened(settings)


def post(client: FlaskClient, path: str, **fields: Any) -> Any:
    """A form of this site, with the name of who writes."""
    found = re.search(r'name="token" value="([^"]+)"', client.get("/cases/new").text)
    assert found
    return client.post(path, data={"token": found[1], "editor": "李四", **fields})


def number_of(answer: Any) -> str:
    assert answer.status_code == 303, answer.text
    found = re.search(r"/cases/([\d-]+)", answer.headers["Location"])
    assert found
    return found[1]


def report(client: FlaskClient, text: str = FAULT, **fields: Any) -> str:
    return number_of(post(client, "/cases/new", text=text, action="report", channel="phone", **fields))


def do(client: FlaskClient, number: str, action: str, text: str = "", **fields: Any) -> Any:
    return post(client, f"/cases/{number}/do", action=action, text=text, **{k.replace("__", "."): v for k, v in fields.items()})


def test_smoke(client: FlaskClient, cases: Cases) -> None:
    number = report(client, "13800138000 " + FAULT, customer="省厅")
    assert client.get("/cases").status_code == 200
    page = client.get(f"/cases/{number}")
    assert page.status_code == 200
    assert ANSWER in page.text
    assert do(client, number, "reply", "已收到").status_code == 303
    print(page.text)
