"""A paste through the API: files, masking, replies."""

import gzip
from base64 import b64encode
from dataclasses import replace
from typing import Any

import pytest
from flask.testing import FlaskClient

from kb.articles.markdown import section
from kb.model import FIX_ROLES
from kb.privacy import unmask
from kb.search.index import Index
from kb.settings import Settings
from kb.web import MAX_BODY, create_app


@pytest.fixture
def client(sample_settings: Settings) -> FlaskClient:
    return create_app(sample_settings).test_client()


def drop(client: FlaskClient, name: str, data: bytes) -> Any:
    return client.post("/api/v1/intake", json={"name": name, "content": b64encode(data).decode()})


def test_files(client: FlaskClient) -> None:
    """A mail and a packed log are read as the page reads them; what is no text is refused with a sentence."""
    mail = drop(
        client, "x.eml", "Subject: 卡纸\nFrom: a@b.cn\nContent-Type: text/plain; charset=utf-8\n\n50.2".encode()
    )
    assert (mail.json["kind"], mail.json["subject"]) == ("mail", "卡纸")
    assert "50.2" in mail.json["text"]
    assert "ORA-01653" in drop(client, "a.log.gz", gzip.compress(b"10:02:31 ORA-01653\n")).json["text"]
    picture = drop(client, "x.png", b"\x89PNG\r\n\x1a\n" + bytes(range(256)) * 9)
    assert (picture.status_code, picture.json["error"]["field"]) == (400, "content")
    wrong = client.post("/api/v1/intake", json={"name": "x.log", "content": "!"})
    assert "base64" in wrong.json["error"]["message"]


def test_a_large_file_is_taken_and_a_large_text_is_not(client: FlaskClient) -> None:
    """Files may be larger than other requests; nothing is without bound, and the error has the usual shape."""
    large = b"10:02:31 ERROR 49.4C02\n" * (MAX_BODY // 20)
    assert drop(client, "a.log", large).status_code == 200
    answer = client.post("/api/v1/mask", json={"text": "x" * MAX_BODY})
    assert (answer.status_code, list(answer.json)) == (413, ["error"])


def test_masking(client: FlaskClient) -> None:
    """What was masked can be brought back by who asked; addresses are hidden only when chosen."""
    text = "张工 13912345678，10.1.2.3 不通"
    found = client.post("/api/v1/mask", json={"text": text}).json
    assert "139" not in found["text"]
    assert "10.1.2.3" in found["text"]
    assert unmask(found["text"], [(o["placeholder"], o["original"], o["kind"]) for o in found["originals"]]) == text
    chosen = client.post("/api/v1/mask", json={"text": text, "kinds": ["ip"]}).json["text"]
    assert ("139" in chosen, "10.1" in chosen) == (True, False)


def test_replies(client: FlaskClient, built: Index) -> None:
    """A case is answered by its own fix, in the customer's language; a manual only by the section a text asks for."""
    sent = {"article": "KB-000013", "form": "chat"}
    short = client.post("/api/v1/reply", json={**sent, "text": "打印机报50.2"}).json
    assert short["language"] == "zh"
    assert "/a/" not in short["text"]
    long = client.post("/api/v1/reply", json={**sent, "form": "mail", "language": "en"}).json["text"]
    assert long.startswith("Hello,")
    assert len(long) > len(short["text"])
    manual = next(
        a.id
        for n, a in enumerate(built.articles)
        if a.kind == "manual" and not any(section(replace(a, body=built.body(n)), role) for role in FIX_ROLES)
    )
    refused = client.post("/api/v1/reply", json={"article": manual, "form": "chat"})
    assert (refused.status_code, refused.json["error"]["field"]) == (400, "text")
    assert client.post("/api/v1/reply", json={**sent, "article": "KB-999999"}).status_code == 404
