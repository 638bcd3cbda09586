"""Who may do what: every address with every role, signing in and out, accounts, tokens, proxies, limits."""

import json
import re
import time
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pyotp
import pytest
from argon2 import PasswordHasher
from conftest import index_of_its_own
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import update
from werkzeug.test import Client, TestResponse

from kb.database import tables
from kb.database.api_tokens import Access
from kb.database.connection import Store
from kb.errors import InputError
from kb.keeping import record
from kb.model import SCOPES
from kb.notices.wishes import Wishes
from kb.people import limits, passwords
from kb.people.accounts import People
from kb.people.journal import Journal
from kb.people.roles import ACTIONS, NOBODY, ROLES, may, refusal
from kb.search.index import Index
from kb.settings import Settings
from kb.web import create_app
from kb.web.identity import PASSING, PROGRAMS
from kb.web.openapi import OPERATIONS
from kb.web.permissions import COSTLY, LIMITED, OPEN, PERMITS

GOOD = "蓝色 cable 与 47 只乌鸦"
ELSEWHERE = {"REMOTE_ADDR": "192.0.2.7"}


@pytest.fixture(autouse=True)
def cheap(monkeypatch: pytest.MonkeyPatch) -> None:
    """Digests that cost nothing."""
    monkeypatch.setattr(passwords, "_hasher", PasswordHasher(time_cost=1, memory_cost=8, parallelism=1))


@pytest.fixture
def site(sample_settings: Settings, tmp_path: Path) -> Settings:
    """A site that is reached by a name of its own, and from elsewhere only by who signs in."""
    return replace(
        sample_settings, database=str(tmp_path / "guzhi.db"), site_names=("kb.example.com",), open_reading="no"
    )


@pytest.fixture
def people(site: Settings) -> People:
    """Somebody of every role, each called by it."""
    people = People(Store(site.database))
    for role in ROLES:
        people.choose(people.add(role, f"{role} 某人", role), GOOD)
    return people


@pytest.fixture
def app(site: Settings) -> Flask:
    return create_app(site)


def token_of(page: TestResponse) -> str:
    """The form token of a page."""
    found = re.search(r'name="token" value="([^"]+)"', page.text)
    assert found, page.text
    return found[1]


def signed_in(app: Flask, login: str, password: str = GOOD, **more: str) -> FlaskClient:
    """A browser elsewhere in which somebody signed in."""
    client = app.test_client()
    client.environ_base |= ELSEWHERE | {"HTTP_HOST": "kb.example.com"}
    token = token_of(client.get("/sign-in"))
    answer = client.post("/sign-in", data={"token": token, "login": login, "password": password, **more})
    assert answer.status_code == 303, answer.text
    return client


def told(answer: TestResponse) -> str:
    """What an answer says, of JSON the values; escapes are nobody's to read."""
    text = answer.get_data(as_text=True)
    return json.dumps(json.loads(text), ensure_ascii=False) if answer.is_json else text


# --- every address, every role ----------------------------------------------------------------


def test_every_address_has_its_action(app: Flask) -> None:
    """No address without a row, no row without an address; every action is one that roles are asked for."""
    assert set(PERMITS) == {rule.endpoint for rule in app.url_map.iter_rules()}
    assert set(PERMITS.values()) - {OPEN} <= set(ACTIONS)
    assert set(LIMITED) <= set(PERMITS)
    assert set(LIMITED.values()) <= set(limits.LIMITS)


@pytest.mark.parametrize("open_reading", ["no", "yes"])
@pytest.mark.parametrize("role", [NOBODY, *ROLES])
def test_every_address_with_every_role(site: Settings, people: People, role: str, open_reading: str) -> None:
    """Each address is entered by the roles of the table, and by no other: they are sent to sign in, or refused with
    what it takes. Where reading is open, strangers read, and no more."""
    app = create_app(replace(site, open_reading=open_reading))
    entered: list[str] = []

    def view(**_: Any) -> str:
        entered.append("")
        return "entered"

    client = app.test_client() if role == NOBODY else signed_in(app, role)
    client.environ_base |= ELSEWHERE | {"HTTP_HOST": "kb.example.com"}
    for endpoint in app.view_functions:
        app.view_functions[endpoint] = view
    for rule in app.url_map.iter_rules():
        path = re.sub(r"<(?:(\w+)[^>]*:)?\w+>", lambda m: "1" if m[1] == "int" else "x", rule.rule)
        for method in sorted((rule.methods or set()) - {"HEAD", "OPTIONS"}):
            entered.clear()
            answer = client.open(path, method=method)
            action = PERMITS[rule.endpoint]
            strangers = role == NOBODY and open_reading == "yes" and action in ("read", "retrieve")
            allowed = action == OPEN or may(role, action) or strangers
            assert bool(entered) == allowed, (role, method, path, answer.status_code)
            if allowed:
                continue
            if role != NOBODY:
                assert answer.status_code == 403, (method, path)
                assert refusal(role, action) in told(answer), (method, path)
            elif path == "/panel":
                assert (answer.status_code, "登录" in answer.text) == (401, True)
            elif method == "GET" and not path.startswith(PROGRAMS):
                assert (answer.status_code, answer.location[:9]) == (303, "/sign-in?"), (method, path)
            else:
                assert answer.status_code == (403 if path == "/retrieval" else 401), (method, path)  # as Dify has it
                assert refusal(NOBODY, action) in told(answer), (method, path)


def test_an_address_without_a_row_is_closed(app: Flask, people: People, monkeypatch: pytest.MonkeyPatch) -> None:
    """What somebody forgot to put into the table is nobody's, administrators included."""
    client = signed_in(app, "administrator")
    monkeypatch.delitem(PERMITS, "browse")
    assert client.get("/browse").status_code == 403


@pytest.mark.parametrize("action", ACTIONS)
def test_without_accounts_the_old_rule_holds(app: Flask, action: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Who sits at this machine may do everything, who comes from elsewhere or through a proxy reads."""
    monkeypatch.setitem(PERMITS, "browse", action)
    here, there = app.test_client(), app.test_client()
    assert here.get("/browse").status_code == 200
    through = ({"headers": {"Via": "1.1 proxy"}}, {"environ_base": ELSEWHERE}, {"headers": {"Host": "kb.example.com"}})
    for elsewhere in through:
        expected = 200 if action in PASSING else 403
        assert there.get("/browse", **elsewhere).status_code == expected


def test_strangers_read_where_it_is_open(site: Settings, people: People) -> None:
    """open_reading lets strangers read and no more; auto does so where only this machine is listened to."""
    cases = (("yes", "0.0.0.0", 200), ("no", "127.0.0.1", 303), ("auto", "127.0.0.1", 200), ("auto", "0.0.0.0", 303))
    for how, host, status in cases:
        client = create_app(replace(site, open_reading=how, host=host)).test_client()
        assert client.get("/browse").status_code == status, how
        assert client.get("/new").status_code == 303
        through = client.get("/browse", headers={"X-Forwarded-For": "192.0.2.7"})
        assert through.status_code == (200 if how == "yes" else 303), how


# --- coming in and going ------------------------------------------------------------------------


def test_the_first_administrator(site: Settings) -> None:
    """The link of an empty database makes one, signs in, and closes the site to strangers; it is good once."""
    app = create_app(site)
    client = app.test_client()
    secret = People(Store(site.database)).found()
    page = client.get(f"/welcome/{secret}")
    assert "第一个管理员" in page.text
    sent = {"token": token_of(page), "login": "chen.li", "name": "陈丽", "password": GOOD, "again": GOOD}
    refused = client.post(f"/welcome/{secret}", data={**sent, "again": "other"})
    assert refused.status_code == 400
    assert "chen.li" in refused.text  # nothing that was typed is lost but passwords
    assert GOOD not in refused.text
    assert client.post(f"/welcome/{secret}", data=sent).status_code == 303
    assert "陈丽" in client.get("/").text
    assert app.test_client().get("/").status_code == 303
    again = app.test_client()
    assert again.get(f"/welcome/{secret}").status_code == 400
    assert again.get("/welcome/x").status_code == 400


def test_signing_in_leads_back(app: Flask, people: People) -> None:
    """Where one wanted to go, inside this site alone; the session is new each time, and form tokens, too."""
    client = app.test_client()
    client.environ_base |= ELSEWHERE | {"HTTP_HOST": "kb.example.com"}
    asked = client.get("/search?q=卡纸")
    assert asked.status_code == 303
    page = client.get(asked.location)
    token = token_of(page)
    sent = {"token": token, "login": "agent", "password": GOOD}
    answer = client.post("/sign-in", data={**sent, "next": "/search?q=卡纸"})
    assert answer.location == "/search?q=卡纸" or answer.location.startswith("/search?q=%E5")
    cookie = next(c for c in answer.headers.getlist("Set-Cookie") if c.startswith("guzhi-person="))
    assert "HttpOnly" in cookie
    assert "SameSite=Lax" in cookie
    assert (
        client.post("/sign-out", data={"token": token}).status_code == 400
    )  # a stranger's token is a person's no more
    out = client.post("/sign-out", data={"token": token_of(client.get("/account"))})
    assert out.status_code == 303
    assert client.get("/").status_code == 303


@pytest.mark.parametrize(
    "evil", ["//evil.example", "https://evil.example", "/\\evil.example", "javascript:x", "/a\nb", ""]
)
def test_nobody_is_led_outside(app: Flask, people: People, evil: str) -> None:
    """After signing in one is here."""
    client = app.test_client()
    token = token_of(client.get("/sign-in"))
    answer = client.post("/sign-in", data={"token": token, "login": "agent", "password": GOOD, "next": evil})
    assert answer.location == "/"


def test_failures_are_told_and_slowed(app: Flask, people: People) -> None:
    """A wrong password shows the form again with the login alone; many of them are 429 with the time to wait."""
    client = app.test_client()
    sent = {"token": token_of(client.get("/sign-in")), "login": "agent", "password": "wrong password"}
    answer = client.post("/sign-in", data=sent)
    assert answer.status_code == 401
    assert 'value="agent"' in answer.text
    assert "wrong password" not in answer.text
    statuses = [client.post("/sign-in", data=sent) for _ in range(6)]
    assert statuses[-1].status_code == 429
    assert int(statuses[-1].headers["Retry-After"]) >= 1


def test_forms_of_other_sites_do_nothing(app: Flask, people: People) -> None:
    """Signing in, out, and every form of accounts takes a page of this site and its token."""
    stranger, client = Client(app), signed_in(app, "administrator")
    for path in ("/sign-in", "/sign-out", "/account", "/people"):
        assert stranger.post(path, data={"login": "agent", "password": GOOD}).status_code in (401, 403), path
        assert client.post(path, data={"action": "disable", "login": "agent"}).status_code == 400, path
    assert people.named("agent").active


def test_behind_tls_the_cookie_is_the_hosts(site: Settings, people: People) -> None:
    """A named proxy that says https gets cookies with __Host- and Secure, and HSTS where that is set; others don't."""
    for proxies, name, secure in ((("127.0.0.1",), "__Host-guzhi-person=", True), ((), "guzhi-person=", False)):
        client = create_app(replace(site, trusted_proxies=proxies, hsts=True)).test_client()
        client.environ_base |= {"HTTP_X_FORWARDED_PROTO": "https", "HTTP_X_FORWARDED_HOST": "kb.example.com"}
        page = client.get("/sign-in")
        answer = client.post("/sign-in", data={"token": token_of(page), "login": "agent", "password": GOOD})
        cookie = next(c for c in answer.headers.getlist("Set-Cookie") if "guzhi-person=" in c)
        forms = next(c for c in page.headers.getlist("Set-Cookie") if "guzhi=" in c)
        assert (forms.startswith("__Host-"), "Secure" in forms) == (secure, secure)
        assert cookie.startswith(name)
        assert ("Secure" in cookie) == secure
        assert ("Strict-Transport-Security" in page.headers) == secure


# --- accounts -----------------------------------------------------------------------------------


def test_people_are_managed(app: Flask, people: People) -> None:
    """Add somebody, hand over the link, change the role, disable: each stands in the log by who did it."""
    client = signed_in(app, "administrator")
    token = token_of(client.get("/people"))
    added = client.post("/people", data={"token": token, "action": "add", "login": "wang.wu", "role": "agent"})
    link = re.search(r"/welcome/[\w-]+", added.text)
    assert link
    newcomer = app.test_client()
    sent = {"token": token_of(newcomer.get(link[0])), "password": GOOD, "again": GOOD}
    assert newcomer.post(link[0], data=sent).status_code == 303
    assert "wang.wu" in newcomer.get("/account").text
    assert newcomer.get("/new").status_code == 403
    client.post("/people", data={"token": token, "action": "role", "login": "wang.wu", "role": "writer"})
    assert newcomer.get("/new").status_code == 200
    client.post("/people", data={"token": token, "action": "disable", "login": "wang.wu"})
    assert newcomer.get("/").status_code == 303
    refused = client.post("/people", data={"token": token, "action": "disable", "login": "administrator"})
    assert refused.status_code == 400
    assert "唯一的管理员" in refused.text
    log = client.get("/journal").text
    for told in ("添加了人员", "改了角色", "停用了账号", "越权被拒绝"):
        assert told in log
    file = client.get("/journal.csv")
    assert file.mimetype == "text/csv"
    assert "wang.wu" in file.text
    assert "导出" in client.get("/journal").text


def test_the_page_of_people_tells_of_backups(site: Settings, built: Index, people: People, tmp_path: Path) -> None:
    """When the base was backed up last and a backup proved; that none was, or that a drill failed, stands out; /health
    tells the same."""
    site = replace(site, index=index_of_its_own(built, tmp_path / "index"))
    client = signed_in(create_app(site), "administrator")
    assert "还没有一个备份演练过" in client.get("/people").text
    when = datetime(2026, 11, 3, 4, 5, tzinfo=UTC)
    record.note(site.index, made=when, drilled=when)
    page = client.get("/people").text
    assert ("2026" in page.partition("最近演练成功")[2], 'role="alert"' in page) == (True, False)
    record.note(site.index, failed=when, why="摘要不符")
    page = client.get("/people").text
    assert re.search(r'role="alert">[^<]*演练失败了：摘要不符', page)
    told = client.get("/health").json
    assert told is not None
    assert told["backup"] == dict.fromkeys(("made", "drilled", "failed"), when.isoformat())


def test_what_is_kept_of_somebody(app: Flask, people: People) -> None:
    """An administrator sees it, which stands in the log, and removes it when they say that they are sure."""
    client = signed_in(app, "administrator")
    signed_in(app, "agent").get("/search?q=很怪的搜索")
    page = client.get("/people/agent")
    assert "很怪的搜索" in page.text
    assert client.get("/people/nobody").status_code == 404
    assert signed_in(app, "lead").get("/people/agent").status_code == 403
    sent = {"token": token_of(page), "action": "forget", "login": "agent"}
    assert client.post("/people", data=sent).status_code == 400
    assert client.post("/people", data={**sent, "sure": "1"}).status_code == 303
    assert client.get("/people/agent").status_code == 404
    log = client.get("/journal").text
    assert "查看了一个人的数据" in log
    assert "移除了一个人的数据" in log


def test_ones_own_account(app: Flask, people: People) -> None:
    """See where one is signed in, end another session, change the password, turn two-step sign-in on and off."""
    client, other = signed_in(app, "agent"), signed_in(app, "agent")
    page = client.get("/account")
    token = token_of(page)
    session = re.search(r'name="session" value="(\w+)"><span>[^<]*</span> <small>[^<]*</small> <button', page.text)
    assert session
    client.post("/account", data={"token": token, "action": "end", "session": session[1]})
    assert other.get("/").status_code == 303
    secret = re.search(r"<code>([A-Z2-7]{32})</code>", page.text)
    assert secret
    assert "<svg" in page.text
    assert (
        client.post("/account", data={"token": token, "action": "two_step", "old": GOOD, "code": "1"}).status_code
        == 400
    )
    code = pyotp.TOTP(secret[1]).now()
    assert client.post("/account", data={"token": token, "action": "two_step", "code": code}).status_code == 400
    codes = client.post("/account", data={"token": token, "action": "two_step", "old": GOOD, "code": code}).text
    recovery = re.search(r"(?:\w{6}-){3}\w{6}", codes)
    assert recovery
    assert recovery[0] not in client.get("/account").text
    signed_in(app, "agent", code=recovery[0])
    assert client.post("/account", data={"token": token, "action": "one_step", "old": "x"}).status_code == 400
    assert people.named("agent").second_factor
    client.post("/account", data={"token": token, "action": "one_step", "old": GOOD})
    assert not people.named("agent").second_factor
    changed = client.post("/account", data={"token": token, "action": "password", "old": GOOD, "password": GOOD + "!"})
    assert changed.status_code == 303
    assert client.get("/").status_code == 303
    signed_in(app, "agent", GOOD + "!")


def test_how_one_is_told(app: Flask, site: Settings, people: People) -> None:
    """A mail address, a chat and when, each for oneself; a wrong one is refused in words and nothing is kept of it."""
    client = signed_in(app, "agent")
    token = token_of(client.get("/account"))
    sent = {"token": token, "action": "notices", "mail": "wang@x.example", "url": "", "unhelpful": "never"}
    assert client.post("/account", data=sent).status_code == 303
    assert 'value="wang@x.example"' in client.get("/account").text
    refused = client.post("/account", data={**sent, "mail": "", "url": "json://127.0.0.1:8000/x"})
    assert (refused.status_code, "dingtalk://" in refused.text) == (400, True)
    wishes = Wishes(Store(site.database))
    assert (wishes.of("agent").mail, wishes.of("agent").when("unhelpful")) == ("wang@x.example", "never")
    assert wishes.of("lead").mail == ""


def test_administrators_in_two_steps(site: Settings, people: People) -> None:
    """Where that is set, an administrator only reads until the second step is there."""
    app = create_app(replace(site, two_step_administrators=True))
    client = signed_in(app, "administrator")
    assert client.get("/people").status_code == 403
    page = client.get("/account")
    assert "两步验证" in page.text
    secret = re.search(r"<code>([A-Z2-7]{32})</code>", page.text)
    assert secret
    client.post(
        "/account",
        data={"token": token_of(page), "action": "two_step", "old": GOOD, "code": pyotp.TOTP(secret[1]).now()},
    )
    assert client.get("/people").status_code == 200


# --- programs, proxies, limits --------------------------------------------------------------------


def test_a_token_is_its_owners(app: Flask, people: People, site: Settings) -> None:
    """A program may what its scope and its owner's role allow, as long as the owner may come in."""
    access = Access(Store(site.database))

    def status(secret: str, path: str, method: str = "GET", **sent: Any) -> int:
        client = Client(app)
        return client.open(path, method=method, headers={"Authorization": f"Bearer {secret}"}, **sent).status_code

    nobodys = access.create("old")
    assert status(nobodys, "/api/v1/search?q=卡纸") == 401
    readers = access.create("reader", "write", "reader")
    assert status(readers, "/api/v1/search?q=卡纸") == 200
    assert status(readers, "/api/v1/check", "POST", json={"text": "x"}) == 403
    writers = access.create("writer", "write", "writer")
    assert status(writers, "/api/v1/check", "POST", json={"text": "# x"}) == 200
    assert status(access.create("narrow", "read", "writer"), "/api/v1/sources", "POST", json={"text": "x"}) == 403
    people.disable("writer")
    assert status(writers, "/api/v1/search?q=卡纸") == 401
    assert Client(app).get("/api/v1/search?q=卡纸").status_code == 401


@pytest.mark.parametrize("scope", SCOPES)
def test_every_call_with_every_scope(app: Flask, people: People, site: Settings, scope: str) -> None:
    """A token of an administrator does in the API what its scope allows, and nothing at all on a page."""
    secret = Access(Store(site.database)).create(scope, scope, "administrator", a_minute=0)
    needed = {(o.method, o.name): o.scope for o in OPERATIONS} | {("GET", "metrics"): "metrics"}
    headers = {"Authorization": f"Bearer {secret}", "Host": "kb.example.com"}
    reason = f"令牌 {scope} 的权限是 {scope}"
    for rule in app.url_map.iter_rules():
        path = re.sub(r"<(?:(\w+)[^>]*:)?\w+>", lambda m: "1" if m[1] == "int" else "x", rule.rule)
        for method in sorted((rule.methods or set()) - {"HEAD", "OPTIONS"}):
            answer = Client(app).open(path, method=method, headers=headers, environ_base=ELSEWHERE)
            answer.close()
            least = needed.get((method, rule.endpoint.rpartition(".")[2]))
            if least is not None:
                refused = answer.status_code == 403 and reason in told(answer)
                assert refused == (SCOPES.index(scope) < SCOPES.index(least)), (method, path, answer.status_code)
            elif PERMITS[rule.endpoint] != OPEN:
                assert answer.status_code in (303, 401), (method, path, answer.status_code)


def test_a_token_asks_so_often_a_minute(app: Flask, people: People, site: Settings) -> None:
    """Beyond its own number: 429 with Retry-After in the one shape of errors; others, and the same one later, go on."""
    access = Access(Store(site.database))
    secrets = [access.create("busy", "read", "reader", a_minute=2), access.create("free", "read", "reader", a_minute=0)]

    def ask(secret: str) -> TestResponse:
        return Client(app).get("/api/v1/search?q=卡纸", headers={"Authorization": f"Bearer {secret}"})

    answers = [ask(secrets[0]) for _ in range(3)]
    assert [a.status_code for a in answers] == [200, 200, 429]
    assert 1 <= int(answers[2].headers["Retry-After"]) <= 60
    assert answers[2].json == {"error": {"status": 429, "message": answers[2].json["error"]["message"]}}  # type: ignore[index]
    assert "每分钟最多用一个令牌 2 次" in told(answers[2])
    assert [ask(secrets[1]).status_code for _ in range(4)] == [200] * 4
    limits.Limits(Store(site.database)).use("token", "busy", time.time() + 60, most=1)
    for wrong in (-1, 10**6):
        with pytest.raises(InputError, match="每分钟"):
            access.create("wrong", a_minute=wrong)


def test_ones_own_tokens(app: Flask, people: People, site: Settings) -> None:
    """Who answers for tokens sees them on their own page, with scope, last day, last use and limit, and revokes them
    there; another's stays."""
    access = Access(Store(site.database))
    secret = access.create("helpdesk", "read", "agent", days=30)
    access.create("another", "read", "reader", days=0, a_minute=0)
    Client(app).get("/api/v1/search?q=x", headers={"Authorization": f"Bearer {secret}"})
    client = signed_in(app, "agent")
    page = client.get("/account")
    for told in ("helpdesk", "到期", "最近使用", "每分钟 600 次"):
        assert told in page.text
    assert "another" not in page.text
    token = token_of(page)
    assert client.post("/account", data={"token": token, "action": "revoke", "name": "another"}).status_code == 400
    assert client.post("/account", data={"token": token, "action": "revoke", "name": "helpdesk"}).status_code == 303
    assert [t.name for t in access.tokens()] == ["another"]
    assert "收回了令牌" in signed_in(app, "administrator").get("/journal").text


def test_the_panel_of_a_closed_site(site: Settings, people: People) -> None:
    """In a ticket system's frame its address bears a key that retrieves, and opens nothing else; in a window of its own
    who is signed in uses it; everybody else is told how to, and keeps what was typed."""
    app = create_app(replace(site, panel_hosts=("https://zammad.example.com",)))
    access = Access(Store(site.database))
    key, weak = access.create("zammad", "retrieval", "agent"), access.create("figures", "metrics", "agent")
    there = {"environ_base": ELSEWHERE, "headers": {"Host": "kb.example.com", "Sec-Fetch-Dest": "iframe"}}
    frame = Client(app)
    shown = frame.get(f"/panel?key={key}", **there)
    assert shown.status_code == 200
    assert f'name="key" value="{key}"' in shown.text
    assert "frame-ancestors https://zammad.example.com" in shown.headers["Content-Security-Policy"]
    found = frame.post("/panel", data={"key": key, "text": "激光打印机报50.2，打出来的纸字一摸就掉黑"}, **there)
    assert "KB-000013" in found.text
    assert "Set-Cookie" not in found.headers
    for path in (f"/browse?key={key}", f"/a/KB-000013?key={key}", "/bookmarklet"):
        assert frame.get(path, **there).status_code == 303
    assert frame.get(f"/panel?key={weak}", **there).status_code == 403
    refused = frame.post("/panel", data={"text": "卡纸了"}, **there)
    assert (refused.status_code, "密钥" in refused.text, "卡纸了" in refused.text) == (401, True, True)
    access.revoke("zammad")
    assert frame.get(f"/panel?key={key}", **there).status_code == 401

    window = signed_in(app, "agent")
    assert window.get("/panel").status_code == 200
    posted = {"headers": {"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Dest": "document", "Host": "kb.example.com"}}
    without_cookie = app.test_client().post("/panel", data={"text": "卡纸了"}, **posted)
    assert (without_cookie.status_code, "data-again" in without_cookie.text) == (401, True)
    again = window.post("/panel", data={"text": "激光打印机报50.2，打出来的纸字一摸就掉黑"})
    assert "KB-000013" in again.text


def test_a_proxy_tells_who_signed_in(site: Settings, people: People) -> None:
    """The header counts from a named proxy alone, and only for somebody with an account."""
    app = create_app(replace(site, trusted_proxies=("10.0.0.0/8",), proxy_login="X-Remote-User"))
    client = app.test_client()

    def status(address: str, login: str) -> int:
        return client.get(
            "/new", environ_base={"REMOTE_ADDR": address}, headers={"X-Remote-User": login, "Host": "kb.example.com"}
        ).status_code

    assert status("10.1.2.3", "writer") == 200
    assert status("10.1.2.3", "agent") == 403
    assert status("10.1.2.3", "nobody") == 303
    assert status("192.0.2.7", "writer") == 303
    off = create_app(replace(site, trusted_proxies=("10.0.0.0/8",))).test_client()
    asked = off.get(
        "/new", environ_base={"REMOTE_ADDR": "10.1.2.3"}, headers={"X-Remote-User": "writer", "Host": "kb.example.com"}
    )
    assert asked.status_code == 303


def test_what_costs_stands_in_the_table() -> None:
    """Every kind of what costs has an address, and the API's ones go with the pages that do the same."""
    assert set(LIMITED.values()) == set(limits.LIMITS) - {"token"}
    assert {"suggest", "render", "check", "intake", "import", "why", "quality"} <= set(LIMITED.values())
    assert {e for e in PERMITS if e.rpartition(".")[2].removesuffix("_api") in limits.LIMITS} <= set(LIMITED)


@pytest.mark.parametrize(("endpoint", "what"), LIMITED.items())
def test_what_costs_is_limited(
    app: Flask, people: People, endpoint: str, what: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Beyond so many a minute: 429 with Retry-After, as JSON for programs; others go on, and looking costs nothing."""
    monkeypatch.setitem(limits.LIMITS, what, limits.LIMITS[what]._replace(times=2))
    monkeypatch.setitem(app.view_functions, endpoint, lambda **_: "done")
    path = next(r.rule for r in app.url_map.iter_rules() if r.endpoint == endpoint)
    method = "GET" if endpoint in COSTLY else "POST"
    client = signed_in(app, "administrator")
    answers = [client.open(path, method=method) for _ in range(3)]
    assert [a.status_code for a in answers] == [200, 200, 429]
    assert 1 <= int(answers[2].headers["Retry-After"]) <= 60
    assert "每分钟最多" in told(answers[2])
    if path.startswith("/api/"):
        assert answers[2].json is not None
        assert answers[2].json["error"]["status"] == 429
    assert signed_in(app, "lead").open(path, method=method).status_code == 200
    if method == "POST" and endpoint in ("suggestions", "import_", "panel", "intake"):
        assert client.get(path).status_code != 429


def test_what_is_done_is_somebodys(app: Flask, people: People, site: Settings, tmp_path: Path) -> None:
    """Whatever name a form carries: a change is of who is signed in, and drafts follow them to another browser."""
    writer = signed_in(app, "writer")
    assert "writer 某人" in writer.get("/account").text
    page = writer.get("/new?kind=faq").text
    hidden = dict(re.findall(r'<input type="hidden" name="(\w+)" value="([^"]*)"', page))
    sent = {**hidden, "action": "draft", "title": "密码过期", "text": "正文", "editor": "别人"}
    assert writer.post("/save", data=sent).status_code in (200, 303)
    assert "密码过期" in signed_in(app, "writer").get("/review").text
    assert "密码过期" not in signed_in(app, "lead").get("/review").text


def test_the_log_tells_of_refusals(app: Flask, people: People, site: Settings) -> None:
    """Who tried what they may not stands in the log."""
    signed_in(app, "agent").get("/people")
    lines = [(line.who, line.action, line.what) for _, line in Journal(Store(site.database)).lines()]
    assert ("agent", "refused", "people") in lines


def test_the_log_tells_of_exports_and_forgets_by_age(site: Settings, people: People) -> None:
    """Who takes tables along or deletes searches stands there; what is older than audit_days goes at a sign-in."""
    app = create_app(replace(site, audit_days=30))
    log = Journal(Store(site.database))
    with Store(site.database).session() as session:
        session.execute(update(tables.Entry).values(at=datetime.now(UTC) - timedelta(days=31)))
    lead = signed_in(app, "lead")
    assert [line.action for _, line in log.lines()] == ["signed_in"]
    assert lead.get("/insights/weeks.csv").status_code == 200
    token = token_of(lead.get("/insights/forget"))
    lead.post("/insights/forget", data={"token": token, "text": "没有人搜过", "sure": "1"})
    assert [(line.who, line.action) for _, line in log.lines(2)] == [("lead", "deleted"), ("lead", "exported")]
