"""Signing in by the company's own login, against a provider that runs on loopback."""

import logging
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
import requests
from argon2 import PasswordHasher
from flask import Flask
from flask.testing import FlaskClient
from joserfc.jwk import OctKey, RSAKey
from provider import CLIENT, SECRET, Provider, running
from test_permissions import GOOD, signed_in, token_of

from kb.database.connection import Store
from kb.errors import SettingsError
from kb.people import passwords
from kb.people.accounts import People
from kb.people.journal import Journal
from kb.people.openid import role_of, role_table, vouched
from kb.settings import Settings, load
from kb.web import create_app

ROLES = ("kb-writers = writer", "kb-admins = administrator", "* = reader")


@pytest.fixture(autouse=True)
def cheap(monkeypatch: pytest.MonkeyPatch) -> None:
    """Digests that cost nothing, and the secret of the client."""
    monkeypatch.setattr(passwords, "_hasher", PasswordHasher(time_cost=1, memory_cost=8, parallelism=1))
    monkeypatch.setenv("KB_OIDC_SECRET", SECRET)
    logging.getLogger("werkzeug").setLevel(logging.ERROR)


@pytest.fixture
def provider() -> Iterator[Provider]:
    with running() as provider:
        yield provider


@pytest.fixture
def site(sample_settings: Settings, tmp_path: Path, provider: Provider) -> Settings:
    """A site with one administrator, whose people come by the provider."""
    site = replace(
        sample_settings,
        database=str(tmp_path / "guzhi.db"),
        site_names=("kb.example.com",),
        open_reading="no",
        oidc_issuer=provider.issuer,
        oidc_client=CLIENT,
    )
    people = People(Store(site.database))
    people.choose(people.add("chen.li", "陈丽", "administrator"), GOOD)
    return site


def led(client: FlaskClient, path: str = "/sign-in/openid") -> str:
    """Where the provider leads a browser back to that this site sent there."""
    sent = client.get(path)
    assert sent.status_code == 302, sent.text
    answer = requests.get(sent.location, allow_redirects=False, timeout=10)
    assert answer.status_code == 302, answer.text
    back = urlsplit(answer.headers["Location"])
    assert back.path == "/sign-in/openid/back"
    return f"{back.path}?{back.query}"


def come(app: Flask, path: str = "/sign-in/openid") -> tuple[FlaskClient, Any]:
    """A new browser, and what it is answered at the end."""
    client = app.test_client()
    return client, client.get(led(client, path))


def test_somebody_comes_in_by_the_company(site: Settings, provider: Provider) -> None:
    """A button leads there and back to where one wanted to go; who is new becomes a reader, the second time is the same
    person, whatever their name and mail are by then."""
    app = create_app(site)
    client = app.test_client()
    asked = client.get("/search?q=卡纸")
    form = client.get(asked.location)
    assert "公司账号登录" in form.text
    came = client.get(led(client, "/sign-in/openid?next=/browse"))
    assert (came.status_code, came.location) == (303, "/browse")
    assert "王五" in client.get("/account").text
    begun = provider.asked[0]
    assert begun["redirect_uri"].endswith("/sign-in/openid/back")
    assert min(len(begun["state"]), len(begun["nonce"]), len(begun["code_challenge"])) >= 20
    provider.person = {"sub": "1001", "preferred_username": "w.wang", "name": "王五五", "email": "chen.li@example.com"}
    again, _ = come(app)
    assert "wang.wu" in again.get("/account").text
    people = {p.login: (p.name, p.role, p.invited, p.vouched) for p in People(Store(site.database)).all()}
    assert people == {
        "chen.li": ("陈丽", "administrator", False, False),
        "wang.wu": ("王五", "reader", False, True),
    }


def test_nobody_is_matched_by_a_name_or_a_mail(site: Settings, provider: Provider) -> None:
    """A login, or a mail, that an account here has opens nothing: its owner connects the two by the password."""
    app = create_app(site)
    for claims in ({"preferred_username": "chen.li"}, {"preferred_username": None, "email": "CHEN.LI"}):
        provider.person = {"sub": "666", "name": "陈丽", **claims}
        client, answer = come(app)
        assert answer.status_code == 401
        assert "我的账号" in answer.text
        assert client.get("/").status_code == 303
    owner = signed_in(app, "chen.li")
    _connect(owner)
    client, answer = come(app)
    assert answer.status_code == 303
    assert client.get("/people").status_code == 200
    assert "已连接" in client.get("/account").text


def _connect(client: FlaskClient) -> None:
    """Without the password nothing is connected, however one asks."""
    page = client.get("/account")
    assert "连接公司账号" in page.text
    sent = {"token": token_of(page), "action": "connect"}
    assert client.post("/account", data={**sent, "old": "wrong"}).status_code == 400
    assert client.get(led(client, "/sign-in/openid?connect=1")).status_code == 401
    assert client.post("/account", data={**sent, "old": GOOD}).status_code == 303
    assert "完成连接" in client.get("/account").text
    assert client.get(led(client, "/sign-in/openid?connect=1")).location == "/account"


def test_one_account_of_the_company_is_one_persons(site: Settings, provider: Provider) -> None:
    """What opens somebody's account here is not connected to another's."""
    app = create_app(site)
    assert come(app)[1].status_code == 303
    owner = signed_in(app, "chen.li")
    sent = {"token": token_of(owner.get("/account")), "action": "connect", "old": GOOD}
    assert owner.post("/account", data=sent).status_code == 303
    answer = owner.get(led(owner, "/sign-in/openid?connect=1"))
    assert (answer.status_code, "已经连着一个人" in answer.text) == (400, True)


def test_another_site_begins_nothing(site: Settings, provider: Provider) -> None:
    """A page elsewhere that leads here, or a login that leads on elsewhere: nobody follows."""
    client = create_app(site).test_client()
    sent = client.get("/sign-in/openid", headers={"Sec-Fetch-Site": "cross-site"})
    assert (sent.status_code, sent.location) == (303, "/sign-in")
    moved = create_app(replace(site, oidc_issuer=f"{provider.address}/moved")).test_client()
    assert moved.get("/sign-in/openid").status_code == 503
    assert provider.described == 0


def test_roles_follow_groups_at_each_sign_in(site: Settings, provider: Provider) -> None:
    """The highest role of today's groups, from a claim that may lie inside another; who has none stays out."""
    app = create_app(replace(site, oidc_roles=ROLES[:2], oidc_groups="realm_access.roles"))
    both = ["kb-admins", "kb-writers"]
    for groups, role in ((["kb-writers", "x"], "writer"), (both, "administrator"), ("kb-writers", "writer")):
        provider.person["realm_access"] = {"roles": groups}
        _, answer = come(app)
        assert answer.status_code == 303
        assert People(Store(site.database)).named("wang.wu").role == role
    for claims in ({}, {"realm_access": {"roles": ["sales"]}}, {"realm_access": None, "groups": ["kb-admins"]}):
        provider.person = {"sub": "1001", **claims}
        _, answer = come(app)
        assert answer.status_code == 401
        assert "您所在的组" in answer.text
    told = [line.action for _, line in Journal(Store(site.database)).lines()]
    assert told.count("person_role") == 2
    assert told.count("sign_in_failed") == 3


def test_who_is_disabled_stays_out(site: Settings, provider: Provider) -> None:
    """Whatever the company says; the sessions they had end, too."""
    app = create_app(site)
    client, _ = come(app)
    People(Store(site.database)).disable("wang.wu")
    assert client.get("/").status_code == 303
    _, answer = come(app)
    assert answer.status_code == 401
    assert "停用" in answer.text


def test_administrators_take_two_steps_there(site: Settings, provider: Provider) -> None:
    """Where two are asked for, one that the company let in by a password alone is refused; others come as they do."""
    app = create_app(replace(site, two_step_administrators=True, oidc_roles=ROLES))
    provider.person |= {"groups": ["kb-admins"], "amr": ["pwd"]}
    _, answer = come(app)
    assert (answer.status_code, "两步" in answer.text) == (401, True)
    provider.person["amr"] = ["pwd", "otp"]
    client, answer = come(app)
    assert answer.status_code == 303
    assert client.get("/people").status_code == 200
    provider.person |= {"groups": [], "amr": ["pwd"]}
    _, answer = come(app)
    assert answer.status_code == 303


@pytest.mark.parametrize(
    ("wrong", "told"),
    [
        ({"nonce": "another"}, "nonce"),
        ({"nonce": None}, "nonce"),
        ({"aud": "another-client"}, "aud"),
        ({"aud": None}, "aud"),
        ({"iss": "https://evil.example"}, "iss"),
        ({"exp": -3600}, "exp"),
        ({"exp": None}, "exp"),
        ({"iat": 7200, "nbf": 7200}, ""),
        ({"azp": "another-client", "aud": [CLIENT, "another-client"]}, ""),
        ({"sub": None}, "sub"),
        ({"sub": ""}, ""),
    ],
    ids=str,
)
def test_an_answer_that_is_not_for_this_sign_in(
    site: Settings, provider: Provider, wrong: dict[str, Any], told: str
) -> None:
    """Of another sign-in, for another client, by another issuer, too old, too early, of nobody: refused in words.

    Times are seconds from now.
    """
    provider.wrong = {k: v + int(time.time()) if isinstance(v, int) else v for k, v in wrong.items()}
    client, answer = come(create_app(site))
    assert answer.status_code == 401
    assert told in answer.text
    assert "公司登录系统" in answer.text
    assert client.get("/").status_code == 303
    assert [p.login for p in People(Store(site.database)).all()] == ["chen.li"]


def test_a_signature_of_another(site: Settings, provider: Provider) -> None:
    """By a key that the login does not publish, by the secret that both have, or by none at all."""
    app = create_app(site)
    provider.key = RSAKey.generate_key(2048, {"kid": "one"})
    assert come(app)[1].status_code == 401
    provider.key = OctKey.import_key(SECRET.encode() * 4)
    provider.wrong = {"header": {"alg": "HS256"}}
    assert come(app)[1].status_code == 401
    provider.wrong = {"header": {"alg": "none"}}
    assert come(app)[1].status_code == 401


def test_keys_may_change(site: Settings, provider: Provider) -> None:
    """A login that signs by a new key publishes it, and people come in as before."""
    app = create_app(site)
    assert come(app)[1].status_code == 303
    provider.published = provider.key = RSAKey.generate_key(2048, {"kid": "two"})
    provider.wrong = {"header": {"kid": "two"}}
    assert come(app)[1].status_code == 303


def test_an_answer_is_good_once_in_the_browser_that_asked(site: Settings, provider: Provider) -> None:
    """The same address again, in another browser, or with another state: refused, and nobody is signed in."""
    app = create_app(site)
    client = app.test_client()
    back = led(client)
    stranger = app.test_client()
    assert stranger.get(back).status_code == 401
    assert stranger.get("/").status_code == 303
    assert client.get(back.replace("state=", "state=x")).status_code == 401
    assert client.get(led(client)).status_code == 303
    client.post("/sign-out", data={"token": token_of(client.get("/account"))})
    for address in (back, "/sign-in/openid/back", "/sign-in/openid/back?code=x&state="):
        answer = client.get(address)
        assert answer.status_code == 401
        assert "再点一次" in answer.text
    code = parse_qs(urlsplit(led(client)).query)["code"][0]
    replayed = led(client)
    state = parse_qs(urlsplit(replayed).query)["state"][0]
    assert client.get(f"/sign-in/openid/back?code={code}&state={state}").status_code == 401  # begun by another verifier


def test_a_login_that_refuses(site: Settings, provider: Provider, monkeypatch: pytest.MonkeyPatch) -> None:
    """Who cancels there, or a secret that is wrong: the form again, with the word the login gave."""
    provider.refusing = "access_denied"
    answer = come(create_app(site))[1]
    assert (answer.status_code, "access_denied" in answer.text) == (401, True)
    provider.refusing = "<script>"
    assert "<script>refused" not in come(create_app(site))[1].text
    provider.refusing = ""
    monkeypatch.setenv("KB_OIDC_SECRET", "wrong")
    answer = come(create_app(site))[1]
    assert (answer.status_code, "invalid_client" in answer.text) == (401, True)


def test_a_login_that_is_away(site: Settings, provider: Provider) -> None:
    """Nobody there, before or on the way back, or one that says it is another: told, and passwords work."""
    gone = create_app(replace(site, oidc_issuer="http://127.0.0.1:9"))
    answer = gone.test_client().get("/sign-in/openid")
    assert (answer.status_code, "用密码登录" in answer.text) == (503, True)
    signed_in(gone, "chen.li")
    provider.issuer = "https://evil.example"
    assert create_app(site).test_client().get("/sign-in/openid").status_code == 503
    provider.issuer = provider.address
    client = create_app(site).test_client()
    back = led(client)
    client.application.config["OPENID"].server_metadata["token_endpoint"] = "http://127.0.0.1:9/token"
    assert client.get(back).status_code == 503


def test_without_an_issuer_there_is_none(site: Settings) -> None:
    """No button, and the addresses say so."""
    client = create_app(replace(site, oidc_issuer="")).test_client()
    assert "公司账号登录" not in client.get("/sign-in").text
    assert client.get("/sign-in/openid").status_code == 400
    assert client.get("/sign-in/openid/back").status_code == 400


def test_the_first_to_come_is_no_reader(site: Settings, provider: Provider, tmp_path: Path) -> None:
    """On a base without people only somebody whom a group makes administrator comes in: else nobody looked after it."""
    empty = replace(site, database=str(tmp_path / "new.db"))
    assert come(create_app(empty))[1].status_code == 401
    provider.person["groups"] = ["kb-admins"]
    assert come(create_app(replace(empty, oidc_roles=ROLES)))[1].status_code == 303


def test_settings_of_the_company(tmp_path: Path) -> None:
    """An issuer is reached by TLS, a group has a role that exists; the secret may lie in a file."""
    for wrong in ({"oidc_issuer": "http://login.example.com"}, {"oidc_issuer": "login"}, {"oidc_roles": "writers"}):
        with pytest.raises(SettingsError, match="oidc"):
            load(wrong, tmp_path)
    with pytest.raises(SettingsError, match="boss"):
        role_table(["kb = boss"])
    table = role_table(ROLES)
    assert role_of((), table) == "reader"
    assert role_of(["kb-writers"], table) == "writer"
    assert role_of(["x"], {}) is None


def test_what_a_person_is_called(tmp_path: Path) -> None:
    """The login by the name there, else the mail, else the subject; a subject is printable and bounded."""
    for claims, login in (
        ({"preferred_username": "Li.Si"}, "li.si"),
        ({"preferred_username": "a b", "email": "li.si@example.com"}, "li.si@example.com"),
        ({}, "oidc-1001"),
    ):
        assert vouched("https://x", {"sub": "10-01", **claims}, "groups").login == login
