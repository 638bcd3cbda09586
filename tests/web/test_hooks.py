"""Ticket systems and chats that call, each against a stand-in that speaks the real shape of its calls."""

import hashlib
import hmac
import json
import logging
import threading
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from flask.testing import FlaskClient
from sqlalchemy import select

from kb.database import tables
from kb.database.connection import Store
from kb.settings import Settings
from kb.web import create_app, hooks

FAULT = "打印机 HP P3015 屏幕一直是 49.4C02 ERROR，关了再开又死机，电话 13812345678"
ANSWER = "KB-000012"
SECRET = "s3cret-of-the-hook"


class StandIn:
    """A system that takes calls: (path, headers, JSON), and answers as it was told to."""

    def __init__(self) -> None:
        self.calls: list[tuple[str, Mapping[str, str], Any]] = []
        self.answers: dict[str, tuple[int, Any]] = {}
        outer = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                outer.calls.append((self.path, dict(self.headers), json.loads(body)))
                status, answer = outer.answers.get(self.path, (200, {}))
                raw = json.dumps(answer).encode()
                self.send_response(status)
                if status == 302:
                    self.send_header("Location", "/elsewhere")
                self.send_header("Content-Length", str(len(raw)))
                self.end_headers()
                self.wfile.write(raw)

            def log_message(self, *_: object) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.address = f"http://127.0.0.1:{self._server.server_port}"
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()


@pytest.fixture
def there() -> Iterator[StandIn]:
    found = StandIn()
    yield found
    found.close()


@pytest.fixture
def site(sample_settings: Settings, there: StandIn, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> FlaskClient:
    """The site with all systems connected to the stand-in."""
    for name in ("ZAMMAD_SECRET", "ZAMMAD_TOKEN", "JIRA_SECRET", "JIRA_TOKEN", "FEISHU_VERIFICATION"):
        monkeypatch.setenv(f"KB_{name}", SECRET)
    monkeypatch.setenv("KB_FEISHU_APP_ID", "cli_a1b2")
    (tmp_path / "secret").write_text(f"{SECRET}\n")
    monkeypatch.setenv("KB_FEISHU_APP_SECRET_FILE", str(tmp_path / "secret"))
    hooks._answered.clear()
    connected = replace(sample_settings, zammad_url=there.address, jira_url=there.address, feishu_url=there.address)
    return create_app(replace(connected, database=str(tmp_path / "people.db"))).test_client()


def call(site: FlaskClient, path: str, sent: Any, secret: str = SECRET, method: str = "sha1") -> Any:
    body = json.dumps(sent).encode()
    made = hmac.new(secret.encode(), body, getattr(hashlib, method)).hexdigest()
    return site.post(
        path, data=body, headers={"X-Hub-Signature": f"{method}={made}", "Content-Type": "application/json"}
    )


def zammad_ticket(**article: Any) -> dict[str, Any]:
    """As Zammad's triggers send it, much shortened."""
    told = {"id": 7, "body": f"<div>{FAULT}<br></div>", "content_type": "text/html", "internal": False}
    return {
        "ticket": {
            "id": 42,
            "number": "31042",
            "title": "打印机死机",
            "group": {"id": 1, "name": "Users"},
            "state": "new",
        },
        "article": {**told, "sender": "Customer", "type": "email", "from": "王工 <wang@corp.cn>", **article},
    }


def jira_issue(description: Any = FAULT, event: str = "jira:issue_created") -> dict[str, Any]:
    fields = {"summary": "打印机死机", "description": description, "issuetype": {"name": "Bug"}}
    return {
        "timestamp": 1764374400000,
        "webhookEvent": event,
        "issue_event_type_name": "issue_created",
        "issue": {
            "id": "10001",
            "self": "https://evil.example/rest/api/2/issue/10001",
            "key": "SUP-12",
            "fields": fields,
        },
    }


def feishu_message(text: str = f"@_user_1 {FAULT}", token: str = SECRET, number: str = "om_1") -> dict[str, Any]:
    message = {"message_id": number, "chat_id": "oc_1", "chat_type": "group", "message_type": "text"}
    message["content"] = json.dumps({"text": text})
    header = {"event_id": "e1", "event_type": "im.message.receive_v1", "token": token, "app_id": "cli_a1b2"}
    event = {"sender": {"sender_id": {"open_id": "ou_1"}, "sender_type": "user"}, "message": message}
    return {"schema": "2.0", "header": header, "event": event}


def test_zammad(site: FlaskClient, there: StandIn) -> None:
    """A customer's article is answered by an internal note on its ticket, by Zammad's own API, once."""
    told = call(site, "/hooks/zammad", zammad_ticket())
    assert (told.status_code, told.json["answered"], told.json["articles"][0]) == (200, True, ANSWER)
    [(path, headers, note)] = there.calls
    assert path == "/api/v1/ticket_articles"
    assert headers["Authorization"] == f"Token token={SECRET}"
    assert (note["ticket_id"], note["internal"], note["type"]) == (42, True, "note")
    assert f"/a/{ANSWER}" in note["body"]
    assert "Remove-PrintJob" in note["body"]
    assert call(site, "/hooks/zammad", zammad_ticket()).json == {"answered": False}


@pytest.mark.parametrize("article", [{"internal": True}, {"sender": "Agent"}, {"sender": {"name": "System"}}])
def test_zammad_does_not_answer_itself(site: FlaskClient, there: StandIn, article: dict[str, Any]) -> None:
    """What agents and systems write, our own notes among it, is left alone."""
    assert call(site, "/hooks/zammad", zammad_ticket(**article)).json == {"answered": False}
    assert there.calls == []


@pytest.mark.parametrize("user", ["", "bot@corp.cn"])
def test_jira(site: FlaskClient, there: StandIn, user: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """A new issue gets an internal comment, at the address of kb.toml and not at the one that was sent."""
    monkeypatch.setenv("KB_JIRA_USER", user)
    assert call(site, "/hooks/jira", jira_issue(), method="sha256").json["articles"][0] == ANSWER
    [(path, headers, comment)] = there.calls
    assert path == "/rest/api/2/issue/SUP-12/comment"
    assert headers["Authorization"].startswith("Basic " if user else "Bearer ")
    assert ANSWER in comment["body"]
    assert comment["properties"] == [{"key": "sd.public.comment", "value": {"internal": True}}]


def test_jira_texts(site: FlaskClient, there: StandIn) -> None:
    """A description in Atlassian's document format is read; other events are left alone."""
    paragraph = {"type": "paragraph", "content": [{"type": "text", "text": FAULT}]}
    document = {"type": "doc", "version": 1, "content": [{"type": "panel", "content": [paragraph]}]}
    assert call(site, "/hooks/jira", jira_issue(event="jira:issue_updated")).json == {"answered": False}
    assert call(site, "/hooks/jira", jira_issue(document)).json["answered"] is True
    assert len(there.calls) == 1


def test_feishu(site: FlaskClient, there: StandIn) -> None:
    """The challenge comes back; a message is replied to with the app's token; sent once more it is not."""
    challenge = {"type": "url_verification", "challenge": "ajls384kdjx98XX", "token": SECRET}
    assert site.post("/hooks/feishu", json=challenge).json == {"challenge": "ajls384kdjx98XX"}
    there.answers["/open-apis/auth/v3/tenant_access_token/internal"] = (
        200,
        {"code": 0, "msg": "ok", "tenant_access_token": "t-g1044", "expire": 7200},
    )
    for _ in range(2):
        assert site.post("/hooks/feishu", json=feishu_message()).status_code == 200
    (_, _, credentials), (path, headers, sent) = there.calls
    assert credentials == {"app_id": "cli_a1b2", "app_secret": SECRET}
    assert path == "/open-apis/im/v1/messages/om_1/reply"
    assert headers["Authorization"] == "Bearer t-g1044"
    assert sent["msg_type"] == "text"
    assert ANSWER in json.loads(sent["content"])["text"]


def test_feishu_that_is_encrypted(site: FlaskClient) -> None:
    """Says what to change."""
    told: Any = site.post(
        "/hooks/feishu", json={"encrypt": "FIAfJPGRmFZWkaxPQ1XrJZVbv2JwdjfLk4jx0k/U1deAqYK3AXOZ5zcHt/cC4ZNT"}
    )
    assert told.status_code == 400
    assert "Encrypt Key" in told.json["error"]


@pytest.mark.parametrize("status", [200, 500])
def test_a_group_of_wecom(
    sample_settings: Settings, there: StandIn, monkeypatch: pytest.MonkeyPatch, status: int
) -> None:
    """What a ticket is answered stands in the group of a robot, too, within its bounds; without it the note stands."""
    for name in ("ZAMMAD_SECRET", "ZAMMAD_TOKEN"):
        monkeypatch.setenv(f"KB_{name}", SECRET)
    monkeypatch.setenv("KB_WECOM_KEY", "693axxx6-7aoc-4bc4-97a0-0ec2sifa5aaa")
    hooks._answered.clear()
    path = "/cgi-bin/webhook/send?key=693axxx6-7aoc-4bc4-97a0-0ec2sifa5aaa"
    there.answers[path] = (status, {"errcode": 0, "errmsg": "ok"})
    connected = replace(sample_settings, zammad_url=there.address, wecom_url=there.address)
    assert call(create_app(connected).test_client(), "/hooks/zammad", zammad_ticket()).json["answered"] is True
    [(note, _, _), (told, _, message)] = there.calls
    assert (note, told) == ("/api/v1/ticket_articles", path)
    assert message["msgtype"] == "text"
    assert message["text"]["content"].startswith("zammad 42\n")
    assert ANSWER in message["text"]["content"]
    assert len(message["text"]["content"].encode()) <= 2048


CALLS: dict[str, Callable[[], dict[str, Any]]] = {
    "/hooks/zammad": zammad_ticket,
    "/hooks/jira": jira_issue,
}


@pytest.mark.parametrize("path", CALLS)
def test_a_wrong_signature(site: FlaskClient, there: StandIn, path: str) -> None:
    """Is refused, and so is none; nothing is asked and nothing sent."""
    sent = CALLS[path]()
    assert call(site, path, sent, secret="guessed").status_code == 403
    assert site.post(path, json=sent).status_code == 403
    assert call(site, path, sent, method="md5").status_code == 403
    assert there.calls == []


def test_a_wrong_token(site: FlaskClient, there: StandIn) -> None:
    """Of Feishu, in a challenge and in a message."""
    assert site.post("/hooks/feishu", json=feishu_message(token="guessed")).status_code == 403
    assert site.post("/hooks/feishu", json={"type": "url_verification", "challenge": "x"}).status_code == 403
    assert there.calls == []


@pytest.mark.parametrize("path", [*CALLS, "/hooks/feishu"])
def test_not_connected(sample_settings: Settings, path: str) -> None:
    """Without an address or a secret nobody may call."""
    told = create_app(sample_settings).test_client().post(path, json={})
    assert told.status_code == 404
    assert told.json is not None
    assert "没有接入" in told.json["error"]


@pytest.mark.parametrize(
    ("path", "sent"),
    [
        ("/hooks/zammad", []),
        ("/hooks/zammad", {}),
        ("/hooks/zammad", {"ticket": {"id": "42/../1"}, "article": {}}),
        ("/hooks/zammad", {"ticket": {"id": True}, "article": {}}),
        ("/hooks/jira", {"webhookEvent": "jira:issue_created", "issue": {"key": "../../x", "fields": {}}}),
        ("/hooks/jira", {"webhookEvent": "jira:issue_created", "issue": 5}),
    ],
)
def test_what_is_not_what_it_should_be(site: FlaskClient, there: StandIn, path: str, sent: Any) -> None:
    """Is a sentence; a key that would lead elsewhere is none."""
    told = call(site, path, sent)
    assert told.status_code == 400
    assert told.json["error"]
    assert there.calls == []


@pytest.mark.parametrize("status", [302, 401, 500])
def test_an_answer_that_is_not_taken(
    site: FlaskClient, there: StandIn, status: int, caplog: pytest.LogCaptureFixture
) -> None:
    """Is told to who called, follows nobody elsewhere, and is logged without secret or customer."""
    there.answers["/api/v1/ticket_articles"] = (status, {"error": "no"})
    with caplog.at_level(logging.WARNING):
        told = call(site, "/hooks/zammad", zammad_ticket())
    assert told.status_code == 502
    assert [path for path, _, _ in there.calls] == ["/api/v1/ticket_articles"]
    assert str(status) in caplog.text
    assert not [word for word in (SECRET, "P3015", "13812345678") if word in caplog.text + told.text]


def test_nothing_similar_is_no_note(site: FlaskClient, there: StandIn) -> None:
    """Neither for something else nor for a word or two."""
    for text in ("附近有没有川菜馆推荐，想订十二个人的包间，周五晚上", "打不开"):
        sent = zammad_ticket(body=text, content_type="text/plain")
        sent["ticket"]["title"] = ""
        assert call(site, "/hooks/zammad", sent).json["answered"] is False
    assert there.calls == []


def test_the_log_is_masked(site: FlaskClient) -> None:
    """What was asked is kept as pastes are."""
    call(site, "/hooks/zammad", zammad_ticket())
    with Store(site.application.config["SETTINGS"].database).session() as session:
        [row] = session.scalars(select(tables.Search))
        assert (row.visitor, row.shown[0]) == ("zammad", ANSWER)
        assert "13812345678" not in row.text
