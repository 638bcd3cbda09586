"""Two articles become one: the one stays, the other leads to it, and nobody's change is lost."""

import re
from collections.abc import Callable
from pathlib import Path

import pytest
from flask.testing import FlaskClient

from kb.indexer.build import build
from kb.settings import Settings
from kb.web import create_app

Write = Callable[[str, str], Path]

TEXT = "---\nid: {id}\nkind: manual\ntitle: {title}\nmine: 自定\n---\n# {title}\n\n{body}\n"


@pytest.fixture
def paths(write: Write) -> list[Path]:
    return [
        write("a.md", TEXT.format(id="KB-000001", title="打印机卡纸", body="清洁进纸轮。")),
        write("b.md", TEXT.format(id="KB-000002", title="打印机老卡纸", body="也可能是分页器磨损。")),
    ]


@pytest.fixture
def client(settings: Settings, paths: list[Path]) -> FlaskClient:
    build(settings)
    return create_app(settings).test_client()


def form(client: FlaskClient, **changes: str) -> dict[str, str]:
    """The page's hidden fields, a name, and a text that holds both."""
    page = client.get("/merge?keep=KB-000001&other=KB-000002")
    assert page.status_code == 200
    hidden = dict(re.findall(r'type="hidden" name="(\w+)" value="([^"]*)"', page.text))
    text = TEXT.format(id="KB-000001", title="打印机卡纸", body="清洁进纸轮；分页器磨损就更换。")
    return {**hidden, "editor": "王工", "text": text, **changes}


def test_one_stays_the_other_leads_to_it(client: FlaskClient, paths: list[Path]) -> None:
    """The kept one is found by what the other added; the other is archived, says where it went, and lost nothing."""
    answer = client.post("/merge", data=form(client), follow_redirects=True)
    assert answer.status_code == 200
    assert "分页器磨损就更换" in answer.text
    other = paths[1].read_text("utf8")
    assert "status: archived" in other
    assert "merged_into: KB-000001" in other
    assert "mine: 自定" in other
    assert "也可能是分页器磨损。" in other
    archived = client.get("/a/KB-000002", follow_redirects=True).text
    assert "这篇已并入" in archived
    assert "KB-000001 打印机卡纸" in archived
    found = client.get("/search?q=分页器").text
    assert "KB-000001" in found
    assert "KB-000002" not in found


def test_changed_meanwhile(client: FlaskClient, paths: list[Path]) -> None:
    """When either file was changed since the page was opened nothing is written, and what was typed is there."""
    sent = form(client)
    for path in reversed(paths):
        path.write_text(path.read_text("utf8") + "\n别人加的一行。\n", "utf8")
        before = [p.read_bytes() for p in paths]
        answer = client.post("/merge", data=sent)
        assert "清洁进纸轮；分页器磨损就更换。" in answer.text
        assert [p.read_bytes() for p in paths] == before


def test_what_can_not_be_merged(client: FlaskClient) -> None:
    """An article with itself, one that is not there, without a name."""
    assert client.get("/merge?keep=KB-000001&other=KB-000001").status_code == 400
    assert client.get("/merge?keep=KB-000001&other=KB-000009").status_code == 404
    nameless = client.post("/merge", data=form(client, editor=" "))
    assert "名字" in nameless.text
    away = client.get("/merge?keep=KB-000001&other=KB-000002", environ_overrides={"REMOTE_ADDR": "10.0.0.7"})
    assert away.status_code == 403
