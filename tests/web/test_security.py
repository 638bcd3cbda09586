"""Who is answered by which name, what answers tell of the server, and what a spreadsheet makes of a file."""

from dataclasses import replace
from pathlib import Path

import pytest
from flask import Flask
from flask.testing import FlaskClient

from kb.desk.spreadsheet import _cell
from kb.settings import Settings
from kb.web import create_app
from kb.web.security import without_folders


@pytest.fixture
def app(sample_settings: Settings, tmp_path: Path) -> Flask:
    names = ("kb.example.com", ".corp.example")
    return create_app(replace(sample_settings, site_names=names, database=str(tmp_path / "guzhi.db")))


@pytest.fixture
def client(app: Flask) -> FlaskClient:
    return app.test_client()


PATHS = ("/", "/search?q=卡纸", "/api/v1/search?q=x", "/health", "/static/style.css", "/a/KB-000013", "/no-such-page")


@pytest.mark.parametrize(
    "host",
    "localhost localhost:8000 127.0.0.1:8000 127.8.9.10 [::1]:8000 kb.example.com KB.example.com:443 a.corp.example"
    "".split(),
)
def test_known_names_are_answered(client: FlaskClient, host: str) -> None:
    """This machine's own names, and those of the setting, with any port and in any case."""
    assert client.get("/", headers={"Host": host}).status_code == 200


@pytest.mark.parametrize(
    "host",
    "evil.example 192.168.1.5:8000 10.0.0.1 kb.example.com.evil.example localhost.evil.example xcorp.example".split(),
)
def test_other_names_are_refused(client: FlaskClient, host: str) -> None:
    """A page whose own name leads to this machine reads nothing: 421, with a sentence that says what to set."""
    for path in PATHS:
        answer = client.get(path, headers={"Host": host})
        assert answer.status_code == 421, path
        assert "site_names" in answer.text
        assert host.partition(":")[0] in answer.text
    assert client.post("/api/v1/suggest", json={"text": "卡纸"}, headers={"Host": host}).status_code == 421
    assert "is not called" in client.get("/?lang=en", headers={"Host": host}).text


def test_other_names_write_nothing(client: FlaskClient) -> None:
    """A name for readers is none for writers: they sit at this machine."""
    assert client.get("/new", headers={"Host": "kb.example.com"}).status_code == 403
    assert client.get("/new", headers={"Host": "localhost"}).status_code == 200


def test_without_names_only_this_machine_is_answered(sample_settings: Settings) -> None:
    """Nothing is set: nobody else is meant."""
    client = create_app(sample_settings).test_client()
    assert client.get("/", headers={"Host": "kb.example.com"}).status_code == 421


def test_trace_is_no_method(client: FlaskClient) -> None:
    """What would send a request back, cookies and all, is refused everywhere."""
    for path in PATHS[:-1]:
        assert client.open(path, method="TRACE").status_code == 405, path


@pytest.mark.parametrize(
    ("message", "told"),
    [
        ("索引文件 /var/lib/guzhi/index/2026-0/a.npy 已损坏；运行 kb build", "索引文件 a.npy 已损坏；运行 kb build"),
        ("/srv/kb/synonyms.txt：读不了（Permission denied）", "synonyms.txt：读不了（Permission denied）"),
        ("there is no index in ~/kb/index yet", "there is no index in index yet"),
        ("the database postgresql+psycopg://guzhi@db.corp.cn/guzhi can't be used", "the database guzhi can't be used"),
        ("printer/KB-000012.md 已被别人改过", "printer/KB-000012.md 已被别人改过"),
        ("见 http://127.0.0.1:8000/a/KB-000012", "见 http://127.0.0.1:8000/a/KB-000012"),
        ("POST /retrieval", "POST /retrieval"),
    ],
)
def test_sentences_lose_folders(message: str, told: str) -> None:
    """What is wrong is told with the file's name; where it lies is not."""
    assert without_folders(message) == told


@pytest.mark.parametrize("path", ["/", "/search?q=x", "/api/v1/search?q=x", "/health", "/insights", "/api/v1/verdicts"])
def test_answers_name_no_folder_of_the_server(sample_settings: Settings, tmp_path: Path, path: str) -> None:
    """Neither a missing index nor a database that can't be opened shows where it was looked for."""
    secret = tmp_path / "very" / "secret-place"
    (secret / "guzhi.db").mkdir(parents=True)
    broken = replace(sample_settings, index=secret / "index", database=str(secret / "guzhi.db"))
    client = create_app(broken).test_client()
    sent = {"article": "KB-000013", "verdict": "helpful"}
    answer = client.post(path, json=sent) if path.endswith("verdicts") else client.get(path)
    assert answer.status_code == 503
    assert "secret-place" not in answer.text
    assert "kb build" in answer.text or "guzhi.db" in answer.text


@pytest.mark.parametrize(
    "text", ["=1+1", "+1", "-1", "@SUM(1)", "＝1+1", "＋1", "－1", "＠x", " =1", "\t=1", "\r\n=1", "\u3000＝1"]
)
def test_no_cell_is_a_formula(text: str) -> None:
    """A spreadsheet, also one that reads full width as half, takes the cell for text."""
    assert _cell(text) == "'" + text


def test_other_cells_stay() -> None:
    """What cannot be a formula is as it was."""
    for text in ("打印机 卡纸", "GE0/0/1", "a=b", "1-2", ""):
        assert _cell(text) == text
    assert _cell(None) == ""
    assert _cell(3) == "3"
