"""What keeps articles right, through the API: versions, states, names, pictures, and what waits for review."""

from base64 import b64encode
from collections.abc import Callable
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest
from flask.testing import FlaskClient
from PIL import Image

from kb.indexer.build import build
from kb.settings import Settings
from kb.web import create_app

Write = Callable[[str, str], Path]
TEXT = "---\nid: KB-000001\nkind: manual\ntitle: 打印机保养\nstatus: draft\n---\n\n# 打印机保养\n\n清洁搓纸轮。\n"


@pytest.fixture
def client(settings: Settings, write: Write) -> FlaskClient:
    """A base of two articles, one of which links to the other."""
    write("a.md", TEXT)
    write("b.md", TEXT.replace("000001", "000002").replace("清洁搓纸轮。", "见[保养](a.md)。"))
    build(settings)
    return create_app(settings).test_client()


def change(client: FlaskClient, path: str, digest: str = "", **body: Any) -> Any:
    """Post a change of the first article, from the version it has or another one."""
    digest = digest or client.get("/api/v1/sources/KB-000001").json["digest"]
    sent = {"article": "KB-000001", **body}
    return client.post(f"/api/v1/{path}", json=sent, headers={"If-Match": f'"{digest}"'})


def put(client: FlaskClient, text: str) -> None:
    digest = client.get("/api/v1/sources/a.md").json["digest"]
    saved = client.put("/api/v1/sources/a.md", json={"text": text, "note": "改"}, headers={"If-Match": f'"{digest}"'})
    assert saved.status_code == 200


def test_versions(client: FlaskClient, settings: Settings) -> None:
    """Each version is listed without its text, told whole by itself, and comes back when it is restored."""
    put(client, TEXT.replace("搓纸轮", "定影膜"))
    history = client.get("/api/v1/history/KB-000001").json
    assert [v["note"] for v in history["versions"]] == ["改", ""]
    assert "text" not in history["versions"][0]
    assert history["digest"] == client.get("/api/v1/sources/a.md").json["digest"]
    first = history["versions"][1]["id"]
    assert client.get(f"/api/v1/revisions/{first}?article=a.md").json["text"] == TEXT
    assert client.get(f"/api/v1/revisions/{first}?article=b.md").status_code == 404
    restored = change(client, "restore", revision=first, editor="李四")
    assert restored.status_code == 200
    assert (settings.articles / "a.md").read_text("utf8") == TEXT
    assert client.get("/api/v1/history/a.md").json["versions"][0]["editor"] == "李四"
    assert client.get("/api/v1/search?q=搓纸轮&status=draft").json["total"] == 1


def test_states(client: FlaskClient, settings: Settings) -> None:
    """A state is changed, and nothing but the state; what waits for review is listed."""
    assert change(client, "state", to="review", editor="李四").status_code == 200
    assert (settings.articles / "a.md").read_text("utf8") == TEXT.replace("status: draft", "status: review")
    waiting = client.get("/api/v1/review").json
    assert ([a["id"] for a in waiting["review"]], [a["id"] for a in waiting["drafts"]]) == (
        ["KB-000001"],
        ["KB-000002"],
    )


def test_rename(client: FlaskClient, settings: Settings) -> None:
    """A file gets another name, links to it follow, and its old name leads on."""
    moved = change(client, "rename", to="printer/care")
    assert (moved.status_code, moved.json["path"]) == (200, "printer/care.md")
    assert "(printer/care.md)" in (settings.articles / "b.md").read_text("utf8")
    assert client.get("/api/v1/sources/a.md").json["path"] == "printer/care.md"
    taken = change(client, "rename", to="b.md")
    assert (taken.status_code, taken.json["error"]["field"]) == (400, "to")
    assert change(client, "rename", to="../x").json["error"]["field"] == "to"


@pytest.mark.parametrize(("path", "body"), [("state", {"to": "review"}), ("rename", {"to": "c.md"})])
def test_a_version_that_is_gone(client: FlaskClient, settings: Settings, path: str, body: dict[str, str]) -> None:
    """Who started from another version is told, and nothing is written."""
    refused = change(client, path, "0" * 64, **body)
    assert (refused.status_code, refused.json["error"]["field"]) == (412, "If-Match")
    assert (settings.articles / "a.md").read_text("utf8") == TEXT


def test_pictures(client: FlaskClient, settings: Settings) -> None:
    """A picture lies beside its article; what is none is refused, and nothing lies there then."""
    raw = BytesIO()
    Image.new("RGB", (2, 2)).save(raw, "PNG")
    sent = {"article": "a.md", "alt": "搓纸轮[1]", "content": b64encode(raw.getvalue()).decode()}
    for wrong in ({"content": "不是"}, {"content": b64encode(b"<svg/>").decode()}, {"alt": "[]"}):
        refused = client.post("/api/v1/images", json={**sent, **wrong})
        assert (refused.status_code, refused.json["error"]["field"]) == (400, "content")
    assert not (settings.articles / "images").exists()
    placed = client.post("/api/v1/images", json=sent)
    assert placed.json["markdown"] == "![搓纸轮 1](images/KB-000001-1.png)"
    assert (settings.articles / "images" / "KB-000001-1.png").is_file()


def test_from_elsewhere_nothing_is_kept(client: FlaskClient) -> None:
    """Who is not at this machine neither changes articles nor reads what their writers see."""
    for path in ("history/a.md", "review", "revisions/1?article=a.md"):
        answer = client.get(f"/api/v1/{path}", environ_base={"REMOTE_ADDR": "10.0.0.9"})
        assert (answer.status_code, list(answer.json)) == (403, ["error"])
