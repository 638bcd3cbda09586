"""Tokens for programs, and who may call the API."""

import json
import sqlite3
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from click.testing import CliRunner
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select, update
from werkzeug.test import Client

from kb.cli import cli
from kb.database import api_tokens as access
from kb.database import tables
from kb.database.api_tokens import Access
from kb.database.connection import Store
from kb.errors import InputError, NotFoundError
from kb.model import SCOPES, TOKEN_DAYS
from kb.settings import Settings
from kb.web import create_app

VERDICT = {"article": "KB-000013", "verdict": "helpful", "text": "打印机掉粉，联系 13800138000"}


@pytest.fixture
def app(sample_settings: Settings, tmp_path: Path) -> Flask:
    """The sample base with a database of its own."""
    return create_app(replace(sample_settings, database=str(tmp_path / "guzhi.db")))


@pytest.fixture
def client(app: Flask) -> FlaskClient:
    return app.test_client()


def bearer(secret: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {secret}"}


# --- tokens -----------------------------------------------------------------------------------


def test_only_a_digest_is_kept(store: Store, tmp_path: Path) -> None:
    """A secret opens its token; nothing in the database is the secret."""
    secret = Access(store).create("dify")
    assert secret.startswith(access.PREFIX)
    assert len(secret) > 40
    found = Access(store).find(secret)
    assert found is not None
    assert (found.name, found.scope) == ("dify", "read")
    raw = b"".join(p.read_bytes() for p in tmp_path.rglob("*") if p.is_file())
    assert secret.encode() not in raw
    assert secret.removeprefix(access.PREFIX).encode() not in raw


def test_other_secrets_open_nothing(store: Store) -> None:
    """Neither a wrong secret, nor a piece, nor the digest itself, nor what is no text."""
    secret = Access(store).create("dify")
    with store.session() as session:
        digest = session.scalars(select(tables.Token.digest)).one()
    for wrong in ("", "kb_", secret[:-1], secret + "x", secret.upper(), digest, "\ud800"):
        assert Access(store).find(wrong) is None


def test_scopes(store: Store) -> None:
    """Each scope allows what those before it do, and no more."""
    may = {}
    for scope in SCOPES:
        found = Access(store).find(Access(store).create(scope, scope))
        assert found is not None
        may[scope] = [s for s in SCOPES if found.may(s)]
    assert may == {scope: list(SCOPES[: n + 1]) for n, scope in enumerate(SCOPES)}
    assert SCOPES == ("metrics", "retrieval", "read", "write")


def test_tokens_have_an_owner_and_a_last_day(store: Store) -> None:
    """Who answers for a token is kept; it expires after a year unless another time was asked for, or never."""
    access = Access(store)
    for name, days in (("usual", {}), ("short", {"days": 1}), ("ever", {"days": 0})):
        access.create(name, "read", "张三", **days)
    made = {t.name: t for t in access.tokens()}
    assert {t.owner for t in made.values()} == {"张三"}
    lasting = {n: t.expires and (t.expires - t.created).days for n, t in made.items()}
    assert lasting == {"usual": TOKEN_DAYS, "short": 1, "ever": None}
    assert not any(t.expired for t in made.values())
    for wrong in ({"days": -1}, {"days": 99999}, {"owner": "a\nb"}, {"owner": "x" * 101}):
        with pytest.raises(InputError):
            access.create("wrong", **wrong)


def test_an_expired_token_opens_nothing(app: Flask, client: FlaskClient) -> None:
    """From its last moment on it is refused, and told why; its use is no longer noted."""
    store = app.config["STORE"]
    secret = Access(store).create("dify", "write", days=1)
    assert client.get("/api/v1/search?q=x", headers=bearer(secret)).status_code == 200
    with store.session() as session:
        session.execute(update(tables.Token).values(expires=datetime.now(UTC) - timedelta(seconds=1), used=None))
    for method, path in (("GET", "/api/v1/search?q=x"), ("POST", "/retrieval")):
        answer = client.open(path, method=method, headers=bearer(secret))
        assert answer.status_code in (401, 403)
        assert "到期" in str(answer.json)
    assert Access(store).tokens()[0].used is None


def test_tokens_of_before_keep_working(tmp_path: Path) -> None:
    """A database of version 0.3 is brought up to date: its tokens have no owner and do not expire."""
    where = tmp_path / "guzhi.db"
    secret = Access(Store(str(where))).create("old")
    database = sqlite3.connect(where)
    for column in ("owner", "expires", "a_minute"):
        database.execute(f"ALTER TABLE tokens DROP COLUMN {column}")
    first = {"searches", "visits", "verdicts", "revisions", "drafts", "renames", "tokens"}
    for table in tables.Base.metadata.tables.keys() - first:
        database.execute(f"DROP TABLE {table}")
    database.execute("DROP INDEX ix_searches_counted")
    database.execute("UPDATE alembic_version SET version_num = '0001'")
    database.commit()
    database.close()
    found = Access(Store(str(where))).find(secret)
    assert found is not None
    assert (found.name, found.owner, found.expires, found.expired) == ("old", "", None, False)


@pytest.mark.parametrize(
    ("name", "scope"), [("", "read"), (" a", "read"), ("a\nb", "read"), ("x" * 101, "read"), ("a", "all")]
)
def test_wrong_tokens_are_not_made(store: Store, name: str, scope: str) -> None:
    """A name that can't be told apart on a screen, or a scope that is none, makes no token."""
    with pytest.raises(InputError):
        Access(store).create(name, scope)
    assert Access(store).tokens() == []


def test_a_name_is_taken_once(store: Store) -> None:
    """A second token of the same name is refused, and the first one still works."""
    secret = Access(store).create("dify")
    with pytest.raises(InputError, match="kb token revoke dify"):
        Access(store).create("dify", "write")
    assert Access(store).find(secret) is not None


def test_revoked(store: Store) -> None:
    """A revoked token opens nothing; its name can be given anew."""
    secret = Access(store).create("dify")
    Access(store).revoke("dify")
    assert Access(store).find(secret) is None
    with pytest.raises(NotFoundError, match="dify"):
        Access(store).revoke("dify")
    assert Access(store).create("dify") != secret


def test_the_last_use_is_kept_to_the_minute(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    """A use is noted, and the next one only when a minute has passed."""
    secret = Access(store).create("dify")
    assert Access(store).tokens()[0].used is None
    first = Access(store).find(secret)
    assert first is not None
    assert first.used is not None
    again = Access(store).find(secret)
    assert again is not None
    assert again.used == first.used
    with store.session() as session:
        session.execute(update(tables.Token).values(used=first.used - timedelta(minutes=2)))
    Access(store).find(secret)
    last = Access(store).tokens()[0].used
    assert last is not None
    assert last >= first.used


def test_commands(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """create prints the secret alone on standard output, list tells of all but it, revoke takes it back."""
    monkeypatch.chdir(tmp_path)
    run = CliRunner().invoke
    assert run(cli, ["token", "list"]).exit_code == 1
    made = run(cli, ["token", "create", "工单系统", "--scope", "write"])
    secret = made.stdout.strip()
    assert (made.exit_code, secret[:3], secret.count("\n")) == (0, "kb_", 0)
    listed = run(cli, ["token", "list"]).stdout
    assert "write" in listed
    assert "工单系统" in listed
    assert secret not in listed
    (row,) = json.loads(run(cli, ["token", "list", "--json"]).stdout)
    assert (row["name"], row["scope"], row["used"], row["owner"] != "") == ("工单系统", "write", None, True)
    assert row["expires"] > row["created"]
    assert (
        run(cli, ["token", "create", "dify", "--scope", "retrieval", "--owner", "张三", "--days", "0"]).exit_code == 0
    )
    assert "张三" in run(cli, ["token", "list"]).stdout
    assert run(cli, ["token", "create", "y", "--days", "-1"]).exit_code == 2
    assert run(cli, ["token", "create", "工单系统"]).exit_code == 2
    assert run(cli, ["token", "create", "x", "--scope", "all"]).exit_code == 2
    assert run(cli, ["token", "revoke", "工单系统"]).exit_code == 0
    assert run(cli, ["token", "revoke", "工单系统"]).exit_code == 2


# --- who may call -----------------------------------------------------------------------------


def test_reading_is_open(client: FlaskClient) -> None:
    """From anywhere, without a token, and behind a proxy that asks for a password of its own."""
    assert client.get("/api/v1/search?q=卡纸", environ_base={"REMOTE_ADDR": "192.0.2.7"}).status_code == 200
    assert client.get("/api/v1/search?q=卡纸", headers={"Authorization": "Basic YTpi"}).status_code == 200


@pytest.mark.parametrize("header", ["Bearer kb_wrong", "Bearer", "Bearer ", "kb_wrong", "Token kb_wrong", "Digest x=y"])
def test_a_wrong_token_is_refused(client: FlaskClient, header: str) -> None:
    """Whoever sends a token means it: a wrong one is told, also where none is needed."""
    for path in ("/api/v1/search?q=x", "/api/v1/articles/KB-000013", "/health"):
        answer = client.get(path, headers={"Authorization": header})
        assert answer.status_code == 401
        assert answer.headers["WWW-Authenticate"].lower().startswith("bearer")
        assert answer.json["error"]["status"] == 401
        assert "kb_wrong" not in answer.text


def test_scopes_of_requests(app: Flask, client: FlaskClient) -> None:
    """A token that may read reads; to write takes one that may."""
    tokens = Access(app.config["STORE"])
    read, write = bearer(tokens.create("reader")), bearer(tokens.create("writer", "write"))
    assert client.get("/api/v1/search?q=x", headers=read).status_code == 200
    refused = client.post("/api/v1/verdicts", json=VERDICT, headers=read)
    assert refused.status_code == 403
    assert "reader" in refused.json["error"]["message"]
    assert client.post("/api/v1/verdicts", json=VERDICT, headers=write).status_code == 201


FORWARDED = (
    "Via Forwarded X-Forwarded-For X-Forwarded-Host X-Forwarded-Proto X-Real-IP X-Client-IP X-Cluster-Client-IP CF-Ray"
    " CF-Connecting-IP True-Client-IP CDN-Loop Ali-Cdn-Real-Ip Fastly-Client-IP X-Amz-Cf-Id X-Azure-FDID"
    " X-Original-Host"
).split()
"""By each of these a proxy or a content delivery network shows itself."""
ELSEWHERE = [{"REMOTE_ADDR": "192.0.2.7"}, *({f"HTTP_{h.upper().replace('-', '_')}": "1.2.3.4"} for h in FORWARDED)]


@pytest.mark.parametrize("with_token", [False, True])
@pytest.mark.parametrize("elsewhere", ELSEWHERE, ids=lambda e: next(iter(e)))
def test_writing_is_for_this_machine(
    app: Flask, client: FlaskClient, with_token: bool, elsewhere: dict[str, str]
) -> None:
    """Until accounts come, whoever writes sits here, with nothing between; a token does not change that."""
    headers = bearer(Access(app.config["STORE"]).create("writer", "write")) if with_token else {}
    assert client.post("/api/v1/verdicts", json=VERDICT, headers=headers).status_code == 201
    answer = client.post("/api/v1/verdicts", json=VERDICT, headers=headers, environ_overrides=elsewhere)
    assert answer.status_code == 403
    assert "本机" in answer.json["error"]["message"]
    assert client.get("/new", environ_overrides=elsewhere).status_code == 403


@pytest.mark.parametrize(
    ("headers", "taken"),
    [
        ({}, False),
        ({"Origin": "http://localhost"}, True),
        ({"Origin": "http://localhost", "Sec-Fetch-Site": "same-origin"}, True),
        ({"Sec-Fetch-Site": "same-origin"}, True),
        ({"Sec-Fetch-Site": "none"}, False),
        ({"Origin": "http://localhost", "Sec-Fetch-Site": "cross-site"}, False),
        ({"Origin": "http://evil.example", "Sec-Fetch-Site": "same-origin"}, False),
        ({"Origin": "http://evil.example"}, False),
        ({"Origin": "null"}, False),
        ({"Origin": "http://localhost:8081"}, False),
        ({"Origin": "https://localhost"}, False),
        ({"Sec-Fetch-Site": "cross-site"}, False),
        ({"Sec-Fetch-Site": "same-site"}, False),
    ],
)
def test_writing_without_a_token_is_for_pages_of_this_site(app: Flask, headers: dict[str, str], taken: bool) -> None:
    """Pages of other sites, and other programs, reach this machine's address too; the browser says whose a page is."""
    client, here = Client(app), {"REMOTE_ADDR": "127.0.0.1"}
    made = client.post("/api/v1/verdicts", json=VERDICT, headers=headers, environ_base=here)
    assert made.status_code == (201 if taken else 403)
    token = bearer(Access(app.config["STORE"]).create("writer", "write"))
    sent = client.post("/api/v1/verdicts", json=VERDICT, headers={**headers, **token}, environ_base=here)
    assert sent.status_code == 201
    page = client.post("/new", data={"title": "x"}, headers=headers, environ_base=here)
    assert (page.status_code == 403) is not taken
    assert client.get("/new", headers=headers, environ_base=here).status_code == 200


def test_a_token_for_retrieval_does_nothing_else(app: Flask, client: FlaskClient) -> None:
    """What an assistant keeps opens neither the search log nor the articles as files."""
    headers = bearer(Access(app.config["STORE"]).create("dify", "retrieval"))
    asked = {"knowledge_id": "guzhi", "query": "卡纸", "retrieval_setting": {"top_k": 1, "score_threshold": 0}}
    assert client.post("/retrieval", json=asked, headers=headers).status_code == 200
    for path in ("/api/v1/search?q=x", "/api/v1/articles/KB-000013", "/api/v1/sources/KB-000013"):
        refused = client.get(path, headers=headers)
        assert refused.status_code == 403
        assert "retrieval" in refused.json["error"]["message"]


def test_a_form_writes_nothing(client: FlaskClient) -> None:
    """What a form of any site can send is no JSON."""
    text = json.dumps(VERDICT)
    for mimetype in ("text/plain", "application/x-www-form-urlencoded", "multipart/form-data"):
        assert client.post("/api/v1/verdicts", data=text, content_type=mimetype).status_code == 400


# --- verdicts and the log ---------------------------------------------------------------------


def verdicts(app: Flask) -> list[tables.Verdict]:
    with app.config["STORE"].session() as session:
        return list(session.scalars(select(tables.Verdict)).all())


def test_a_verdict_is_kept_masked_and_taken_back(app: Flask, client: FlaskClient) -> None:
    """What is said counts for the article by its number, without the customer's data, until it is taken back."""
    search = client.post("/api/v1/suggest", json={"text": VERDICT["text"]}).json["search"]
    sent = {**VERDICT, "article": "printer/KB-000013.md", "search": search, "comment": "回电 13800138000"}
    made = client.post("/api/v1/verdicts", json=sent)
    (row,) = verdicts(app)
    assert (made.status_code, made.json) == (201, {"id": row.id})
    assert (row.article, row.verdict, row.search) == ("KB-000013", "helpful", search)
    assert "13800138000" not in row.text + row.comment
    assert client.delete(f"/api/v1/verdicts/{row.id}").status_code == 204
    assert verdicts(app) == []
    assert client.delete(f"/api/v1/verdicts/{row.id}").status_code == 404
    assert client.delete("/api/v1/verdicts/99999999999999999999").status_code == 404


def test_verdicts_belong_to_who_gave_them(app: Flask, client: FlaskClient) -> None:
    """One program neither replaces nor takes back what another said."""
    tokens = Access(app.config["STORE"])
    one, other = bearer(tokens.create("one", "write")), bearer(tokens.create("other", "write"))
    first = client.post("/api/v1/verdicts", json=VERDICT, headers=one).json["id"]
    client.post("/api/v1/verdicts", json={**VERDICT, "verdict": "unhelpful"}, headers=other)
    assert len(verdicts(app)) == 2
    assert client.delete(f"/api/v1/verdicts/{first}", headers=other).status_code == 404
    client.post("/api/v1/verdicts", json={**VERDICT, "verdict": "unhelpful", "reason": "wrong"}, headers=one)
    assert sorted(v.verdict for v in verdicts(app)) == ["unhelpful", "unhelpful"]


def test_verdicts_of_nothing(app: Flask, client: FlaskClient, sample_settings: Settings, tmp_path: Path) -> None:
    """Of an article that there is none of, or where none are kept: refused with a sentence."""
    assert client.post("/api/v1/verdicts", json={**VERDICT, "article": "KB-999999"}).status_code == 404
    forgetful = create_app(replace(sample_settings, database=str(tmp_path / "none.db"), log_days=0)).test_client()
    answer = forgetful.post("/api/v1/verdicts", json=VERDICT)
    assert answer.status_code == 400
    assert "log_days" in answer.json["error"]["message"]
    assert forgetful.get("/api/v1/search?q=卡纸").json["search"] is None


def test_searches_are_logged(app: Flask, client: FlaskClient) -> None:
    """A search by the API stands in the log as the program's, masked; looking on through its pages is no new one."""
    headers = bearer(Access(app.config["STORE"]).create("helpdesk"))
    row = client.get("/api/v1/search?q=卡纸 13800138000", headers=headers).json["search"]
    assert client.get("/api/v1/search?q=卡纸&page=2").json["search"] is None
    assert client.get("/api/v1/search?q=").json["search"] is None
    with app.config["STORE"].session() as session:
        (kept,) = session.scalars(select(tables.Search)).all()
    assert (kept.id, kept.mode, kept.visitor[:4]) == (row, "search", "api-")
    assert "卡纸" in kept.text
    assert "13800138000" not in kept.text
    assert "helpdesk" not in kept.visitor


def test_a_log_that_fails_keeps_nobody_from_searching(
    sample_settings: Settings, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """Without a database searches are answered; what needs it says so with 503."""
    client = create_app(replace(sample_settings, database=str(tmp_path))).test_client()
    found = client.get("/api/v1/search?q=卡纸机密").json
    assert (found["search"], found["total"] >= 0) == (None, True)
    assert "机密" not in caplog.text
    assert client.post("/api/v1/suggest", json={"text": "打印机卡纸"}).status_code == 200
    assert client.post("/api/v1/verdicts", json=VERDICT).status_code == 503
    assert client.get("/api/v1/search?q=x", headers=bearer("kb_x")).status_code == 503
