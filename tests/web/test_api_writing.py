"""Articles written through the API: nobody's work is lost, and what is saved is found at once."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from flask.testing import FlaskClient

from kb.database.api_tokens import Access
from kb.indexer.build import build
from kb.settings import Settings
from kb.web import create_app

Write = Callable[[str, str], Path]
TEXT = "---\nkind: manual\ntitle: 打印机保养\n---\n\n# 打印机保养\n\n清洁搓纸轮。\n"


@pytest.fixture
def client(settings: Settings, write: Write) -> FlaskClient:
    """A base of one article."""
    write("a.md", TEXT)
    build(settings)
    return create_app(settings).test_client()


def put(client: FlaskClient, text: str, digest: str, **body: str) -> Any:
    return client.put("/api/v1/sources/a.md", json={"text": text, **body}, headers={"If-Match": f'"{digest}"'})


def test_read_change_save_find(client: FlaskClient, settings: Settings) -> None:
    """What was read is saved changed, byte by byte, under a new digest, and the next search finds it."""
    now = client.get("/api/v1/sources/a.md").json
    assert (now["path"], now["text"]) == ("a.md", TEXT)
    changed = TEXT.replace("清洁搓纸轮", "更换定影膜")
    saved = put(client, changed, now["digest"], editor="李四", note="换了办法")
    assert (saved.status_code, saved.json["notes"]) == (200, [])
    assert (settings.articles / "a.md").read_text("utf8") == changed
    assert saved.json["digest"] == client.get("/api/v1/sources/a.md").json["digest"] != now["digest"]
    assert client.get("/api/v1/search?q=定影膜").json["total"] == 1


def test_two_editors(client: FlaskClient, settings: Settings) -> None:
    """Who saves over a version that is gone is told both digests; nothing is written."""
    read = client.get("/api/v1/sources/a.md").json["digest"]
    other = TEXT + "另一个人的话。\n"
    (settings.articles / "a.md").write_text(other, "utf8")
    refused = put(client, TEXT + "我的话。\n", read)
    assert refused.status_code == 412
    assert refused.json["error"]["field"] == "If-Match"
    now = client.get("/api/v1/sources/a.md").json["digest"]
    assert read in refused.json["error"]["message"]
    assert now in refused.json["error"]["message"]
    assert (settings.articles / "a.md").read_text("utf8") == other


@pytest.mark.parametrize("version", [None, "", "*", '"abc"', "x" * 64])
def test_a_version_is_needed(client: FlaskClient, version: str | None) -> None:
    """Without the digest of what was read, nothing is saved."""
    headers = {} if version is None else {"If-Match": version}
    refused = client.put("/api/v1/sources/a.md", json={"text": TEXT}, headers=headers)
    assert (refused.status_code, refused.json["error"]["field"]) == (400, "If-Match")


def test_create(client: FlaskClient, settings: Settings) -> None:
    """A new article gets the next number and is found; the numbers of two differ."""
    made = [
        client.post("/api/v1/sources", json={"text": TEXT.replace("打印机", word)}) for word in ("交换机", "路由器")
    ]
    assert [m.status_code for m in made] == [201, 201]
    numbers = [m.json["id"] for m in made]
    assert len(set(numbers)) == 2
    found = client.get("/api/v1/search?q=交换机保养").json["hits"]
    assert found[0]["id"] == numbers[0]
    assert f"id: {numbers[0]}" in (settings.articles / made[0].json["path"]).read_text("utf8")


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("---\nid: KB-000009\ntitle: x\n---\n\n# x\n", "id"),
        ("---\ntitle: x\ncolour: red\n---\n\n# x\n", "colour"),
        ("---\ntitle: [\n---\n\n# x\n", "new.md:"),
        ("---\nkind: case\ntitle: 卡纸\n---\n\n# 卡纸\n", "area"),
        ("---\nkind: manual\ntitle: 电话\n---\n\n# 电话\n\n13800138000\n", "13800138000"),
    ],
)
def test_what_is_not_saved(client: FlaskClient, settings: Settings, text: str, told: str) -> None:
    """What the site would not publish, or would change silently: refused, with the place, and no file is left."""
    refused = client.post("/api/v1/sources", json={"text": text})
    error = refused.json["error"]
    assert (refused.status_code, error["field"]) == (400, "text")
    assert (told in error["message"]) != told.startswith("138")  # customer data is not repeated
    assert [p.name for p in settings.articles.rglob("*.md")] == ["a.md"]


@pytest.mark.parametrize("name", ["nothing.md", "../a.md", ".hidden.md", "a.txt", "a.md/b.md", "KB-999999"])
def test_no_such_file(client: FlaskClient, settings: Settings, name: str) -> None:
    """Nothing but articles below the folder is read or written."""
    (settings.articles.parent / "a.md").write_text(TEXT, "utf8")
    (settings.articles / ".hidden.md").write_text(TEXT, "utf8")
    assert client.get(f"/api/v1/sources/{name}").status_code == 404
    digest = {"If-Match": '"' + "0" * 64 + '"'}
    assert client.put(f"/api/v1/sources/{name}", json={"text": "x"}, headers=digest).status_code == 404


def test_writing_needs_the_scope(client: FlaskClient, settings: Settings) -> None:
    """A token that may read writes no article; the history names the token that does."""
    tokens = Access(client.application.config["STORE"])
    read = {"Authorization": "Bearer " + tokens.create("reader")}
    assert client.post("/api/v1/sources", json={"text": TEXT}, headers=read).status_code == 403
    elsewhere = {"REMOTE_ADDR": "192.0.2.7"}
    assert client.post("/api/v1/sources", json={"text": TEXT}, environ_overrides=elsewhere).status_code == 403
    assert [p.name for p in settings.articles.rglob("*.md")] == ["a.md"]


def test_check_and_render(client: FlaskClient, settings: Settings) -> None:
    """A text is checked with lines and shown as on its page, and nothing is kept."""
    wrong = "---\nkind: case\ntitle: 卡纸\n---\n\n# 卡纸\n\n[x](nowhere.md)\n<script>alert(1)</script>\n"
    checked = client.post("/api/v1/check", json={"text": wrong, "path": "printer/x.md"}).json
    assert checked["errors"] == sum(p["level"] == "error" for p in checked["problems"]) > 0
    assert {p["path"] for p in checked["problems"]} == {"printer/x.md"}
    assert 8 in [p["line"] for p in checked["problems"]]
    shown = client.post("/api/v1/render", json={"text": wrong}).json
    assert shown["title"] == "卡纸"
    assert "<script" not in shown["html"]
    for path in ("../x.md", ".", "a/../../x.md"):
        assert client.post("/api/v1/render", json={"text": "x", "path": path}).json["error"]["field"] == "path"
    assert [p.name for p in settings.articles.rglob("*.md")] == ["a.md"]


def test_articles_are_listed(client: FlaskClient, write: Write, settings: Settings) -> None:
    """By filters and since a day, page by page."""
    for n in range(3):
        write(f"case{n}.md", f"---\nkind: case\ntitle: 卡纸{n}\narea: printer\nupdated: 2026-0{n + 1}-01\n---\n\n# x\n")
    build(settings)
    every = client.get("/api/v1/articles?area=printer").json
    assert [a["title"] for a in every["articles"]] == ["卡纸2", "卡纸1", "卡纸0"]
    since = client.get("/api/v1/articles?area=printer&after=2026-02-01").json
    assert [a["title"] for a in since["articles"]] == ["卡纸2", "卡纸1"]
    second = client.get("/api/v1/articles?area=printer&size=2&page=2").json
    assert (second["total"], [a["title"] for a in second["articles"]]) == (3, ["卡纸0"])
