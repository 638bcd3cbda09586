"""What is counted and logged: right with several processes, for those with a token, and nothing of what people ask."""

import json
import logging
import os
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from urllib.request import Request, urlopen

import pytest
from conftest import Write
from flask import Flask
from flask.testing import FlaskClient
from prometheus_client.parser import text_string_to_metric_families
from test_server import answer, children, serving, until

from kb.database.api_tokens import Access
from kb.database.connection import Store
from kb.keeping import record
from kb.settings import Settings
from kb.web import create_app, logs
from kb.web.metrics import Counts

SECRET = "13800138000 绝密打印机"


@pytest.fixture
def app(sample_settings: Settings, tmp_path: Path) -> Flask:
    return create_app(replace(sample_settings, database=str(tmp_path / "guzhi.db")))


@pytest.fixture
def client(app: Flask) -> FlaskClient:
    return app.test_client()


def bearer(store: Store, scope: str = "metrics") -> dict[str, str]:
    return {"Authorization": f"Bearer {Access(store).create(f'a {scope}', scope)}"}


Samples = dict[tuple[str, ...], float]


def samples(text: str) -> Samples:
    """(name, values of its labels) -> value."""
    return {
        (s.name, *s.labels.values()): s.value for family in text_string_to_metric_families(text) for s in family.samples
    }


def told(client: FlaskClient, headers: dict[str, str]) -> Samples:
    answered = client.get("/metrics", headers=headers)
    assert answered.status_code == 200
    assert answered.content_type.startswith("text/plain; version=")
    return samples(answered.text)


def test_only_with_a_token(app: Flask, client: FlaskClient) -> None:
    """Without one, with a wrong one: refused. The scope metrics opens nothing else; those above it include it."""
    for headers in ({}, {"Authorization": "Bearer kb_wrong"}, {"Authorization": "Basic YTpi"}):
        refused = client.get("/metrics", headers=headers)
        assert refused.status_code == 401
        assert refused.json is not None
        assert "guzhi_" not in refused.text
    metrics = bearer(app.config["STORE"])
    assert client.get("/metrics", headers=metrics).status_code == 200
    assert client.get("/api/v1/search?q=x", headers=metrics).status_code == 403
    asked = client.post("/retrieval", headers=metrics, json={"knowledge_id": "guzhi", "query": "x",
                                                            "retrieval_setting": {"top_k": 1}})  # fmt: skip
    assert asked.status_code == 403
    assert client.get("/metrics", headers=bearer(app.config["STORE"], "read")).status_code == 200


def test_requests_pastes_and_state(app: Flask, client: FlaskClient) -> None:
    """Requests by page and status, their durations, pastes by where they came in, and how the base is."""
    headers = bearer(app.config["STORE"])
    for path in ("/search?q=卡纸", "/search?q=x", "/no-such-page", "/a/KB-000013"):
        client.get(path)
    client.get("/", headers={"Host": "evil.example"})
    client.post("/api/v1/suggest", json={"text": SECRET})
    client.post("/api/v1/suggest", json={"text": ""})
    client.post("/suggest", data={"text": SECRET})
    retrieval = bearer(app.config["STORE"], "retrieval")
    body = {"knowledge_id": "guzhi", "query": "50.2", "retrieval_setting": {"top_k": 1}}
    assert client.post("/retrieval", headers=retrieval, json=body).status_code == 200
    record.note(app.config["SETTINGS"].index, made=record.now(), drilled=record.now())
    found = told(client, headers)
    assert found["guzhi_requests_total", "results", "200"] == 2
    assert found["guzhi_requests_total", "other", "404"] == 1
    assert found["guzhi_requests_total", "home", "421"] == 1
    assert found["guzhi_requests_total", "api.suggest_api", "400"] == 1
    assert found["guzhi_request_seconds_count", "results"] == 2
    assert found["guzhi_request_seconds_bucket", "results", "+Inf"] == 2
    assert 0 < found["guzhi_request_seconds_sum", "results"] < 100
    pastes = {key[1]: value for key, value in found.items() if key[0] == "guzhi_pastes_total"}
    assert pastes == {"page": 0, "api": 1, "retrieval": 1}  # the form came without its token
    assert found["guzhi_articles",] > 100
    assert found["guzhi_passages",] > found["guzhi_articles",]
    assert (found["guzhi_up",], found["guzhi_database_up",], found["guzhi_processes",]) == (1, 1, 1)
    assert found["guzhi_index_age_seconds",] >= 0
    assert found["guzhi_backup_age_seconds",] >= 0
    assert found["guzhi_drill_failed",] == 0
    again = told(client, headers)
    assert again["guzhi_requests_total", "metrics", "200"] == 1


def test_without_an_index_or_a_database(app: Flask, client: FlaskClient, settings: Settings) -> None:
    """What is down is 0, and the rest is told all the same."""
    headers = bearer(app.config["STORE"])
    empty = create_app(replace(settings, database=app.config["SETTINGS"].database))
    found = told(empty.test_client(), headers)
    assert found["guzhi_up",] == 0
    assert ("guzhi_articles",) not in found


def test_processes_count_together() -> None:
    """Each in its own row, also one that was killed and started anew: the sum is of all, and the dead are not alive."""
    counts = Counts(["home"])
    for slot, times in ((0, 3), (1, 4), (1, 5)):
        child = os.fork()
        if not child:
            counts.use(slot)
            for _ in range(times):
                counts.add("home", 200, 0.02)
            os._exit(0)
        os.waitpid(child, 0)
    (requests,) = (f for f in counts.collect() if f.name == "guzhi_requests")
    assert [s.value for s in requests.samples] == [12]
    assert counts.processes() == 0
    counts.use(0)
    assert counts.processes() == 1


def test_a_site_of_two_processes(settings: Settings, write: Write, tmp_path: Path) -> None:
    """Whichever process is asked tells of all, also after one was killed; the log is lines of JSON."""
    write("1.md", "---\nid: KB-000001\ntitle: 打印机\nkind: manual\n---\n\n搓纸轮。\n")
    store = Store(settings.database)
    headers = bearer(store)
    store.close()
    with serving(tmp_path, KB_PROCESSES="2", KB_LOG_FORMAT="json") as (server, site):
        for _ in range(20):
            assert answer(f"{site}/health")["articles"] == 1
        before = children(server.pid)
        os.kill(min(before), signal.SIGKILL)
        assert until(lambda: min(before) not in (now := children(server.pid)) and len(now) >= len(before))
        for _ in range(20):
            answer(f"{site}/health")

        def asked() -> Samples:
            with urlopen(Request(f"{site}/metrics", headers=headers), timeout=60) as found:
                return samples(found.read().decode())

        assert asked()["guzhi_requests_total", "api.health", "200"] == 40
        assert until(lambda: asked()["guzhi_processes",] == 2)
        text = (tmp_path / "log").read_text("utf8")
    lines = [json.loads(line) for line in text.splitlines() if line.startswith("{")]
    requests = [line for line in lines if line["logger"] == "kb.requests"]
    assert sum(line["endpoint"] == "api.health" for line in requests) == 40
    assert len({line["request"] for line in requests}) == len(requests)
    assert "127.0.0.1" not in json.dumps(requests)


# --- the log ----------------------------------------------------------------------------------


@contextmanager
def lines() -> Iterator[None]:
    """Inside, the log is JSON."""
    root, level = logging.getLogger(), logs.requests.level
    handlers = list(root.handlers)
    logs.configure("json")
    try:
        yield
    finally:
        root.handlers[:] = handlers
        logs.requests.setLevel(level)


def test_no_text_and_no_address_is_logged(
    client: FlaskClient, app: Flask, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A request is its page, status, time and number; what is asked, who asks, and an error's own words stay out."""
    remote = {"REMOTE_ADDR": "192.0.2.77"}

    def broken() -> None:
        raise ValueError(SECRET)

    monkeypatch.setitem(app.view_functions, "home", broken)
    with lines():
        client.get(f"/search?q={SECRET}", environ_base=remote, headers={"User-Agent": "Firefox/SECRET"})
        client.get(f"/code/{SECRET}", environ_base=remote)
        client.post("/api/v1/suggest", json={"text": SECRET}, environ_base=remote)
        assert client.get("/", environ_base=remote).status_code == 500
        logging.getLogger("waitress").warning("Exception while serving %s", SECRET)
        try:
            broken()
        except ValueError:
            logging.getLogger("waitress").exception("Exception while serving %s", SECRET)
    written = capsys.readouterr().err
    for secret in (SECRET, "13800138000", "绝密", "192.0.2.77", "Firefox"):
        assert secret not in written
    told = [json.loads(line) for line in written.splitlines()]
    pages = [(line["endpoint"], line["status"]) for line in told if line["logger"] == "kb.requests"]
    assert pages == [("results", 200), ("code", 302), ("api.suggest_api", 200), ("home", 500)]
    assert all(line["ms"] >= 0 and line["request"] for line in told if line["logger"] == "kb.requests")
    assert told[-1]["error"] == "ValueError"
    assert "broken()" in told[-1]["trace"]


def test_numbers_of_requests(client: FlaskClient, capsys: pytest.CaptureFixture[str]) -> None:
    """A proxy's number goes on, what is none is replaced; the answer and the log say the same one."""
    with lines():
        given = client.get("/health", headers={"X-Request-ID": "abc-123.def_4"})
        made = client.get("/health", headers={"X-Request-ID": 'x"} <script>'})
    assert given.headers["X-Request-ID"] == "abc-123.def_4"
    assert len(made.headers["X-Request-ID"]) == 16
    logged = [json.loads(line)["request"] for line in capsys.readouterr().err.splitlines()]
    assert logged == [given.headers["X-Request-ID"], made.headers["X-Request-ID"]]


def test_as_text_no_request_is_logged(client: FlaskClient, capsys: pytest.CaptureFixture[str]) -> None:
    logs.configure("text")
    client.get("/health")
    assert capsys.readouterr().err == ""
