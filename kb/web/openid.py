"""This module is signing in by the company's own login: OpenID Connect's code flow, with PKCE, state and nonce.

Authlib speaks the protocol; here stands what it must not take for granted: the issuer, the audience, the algorithms,
and in which words a failure is told.
"""

from typing import Any

from flask import Flask, current_app, redirect, request, session, url_for

from kb.errors import InputError, KbError, SettingsError, SignInError, StoreError
from kb.language import say
from kb.people import openid
from kb.settings import Settings, secret_of
from kb.web import identity
from kb.web.accounts import inside, refused, signed_in
from kb.web.views import Answer, settings_in_force, store

SECONDS = 10
"""That the company's login may take to answer."""
LEEWAY = 60
"""Seconds that its clock may be off."""
ALGORITHMS = ("RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "EdDSA", "Ed25519")
"""Signatures that are believed: by keys of the login alone, never by a secret that this site has, too, or none."""


class AwayError(StoreError):
    """The company's login does not answer."""


def init_app(app: Flask) -> None:
    """Nothing is here where no issuer is set. Raises SettingsError."""
    settings: Settings = app.config["SETTINGS"]
    openid.role_table(settings.oidc_roles)
    app.add_url_rule("/sign-in/openid", "openid", begin)
    app.add_url_rule("/sign-in/openid/back", "openid_back", back)
    app.config["OPENID"] = _client(app, settings) if settings.oidc_issuer else None


def _client(app: Flask, settings: Settings) -> Any:
    try:
        from authlib.integrations.flask_client import OAuth
    except ImportError:
        raise SettingsError(
            say("oidc_issuer 要先安装：pip install 'guzhi[oidc]'", "oidc_issuer needs: pip install 'guzhi[oidc]'")
        )
    secret = secret_of("KB_OIDC_SECRET")
    client = OAuth(app).register(
        "openid",
        client_id=settings.oidc_client,
        client_secret=secret or None,
        server_metadata_url=settings.oidc_issuer.rstrip("/") + "/.well-known/openid-configuration",
        client_kwargs={
            "scope": "openid profile email",
            "code_challenge_method": "S256",
            "default_timeout": SECONDS,
            **({} if secret else {"token_endpoint_auth_method": "none"}),
        },
    )
    client.client_cls = _asking
    return client


def _asking(*given: Any, **named: Any) -> Any:
    """What asks the company's login: where it leads elsewhere, nobody follows."""
    from authlib.integrations.requests_client import OAuth2Session

    asking = OAuth2Session(*given, **named)
    asking.max_redirects = 0
    return asking


def begin() -> Answer:
    """Lead to the company's login, from a page of this site. ?next= is where one goes on to.

    ?connect=1 makes it open the account of who asks, once they gave their password for that.
    """
    if request.headers.get("Sec-Fetch-Site") == "cross-site":
        return redirect(url_for("sign_in"), 303)
    for key in [k for k in session if k.startswith("_state_openid_")]:
        session.pop(key)  # of attempts that were left; a cookie has its bound
    session["then"] = inside(request.args.get("next", ""))
    session["connect"] = request.args.get("connect") == "1" and session.pop("may_connect", False)
    try:
        return _checked().authorize_redirect(url_for("openid_back", _external=True))  # type: ignore[no-any-return]
    except (OSError, ValueError, KeyError, RuntimeError) as error:
        return refused(_away(error))


def back() -> Answer:
    """What the company's login answered. The way here began in this browser, and is gone once."""
    then, connect = session.pop("then", ""), session.pop("connect", False)
    try:
        who = _vouched()
        here = identity.who()
        if connect and here.person is not None:
            openid.connect(store(), here.login, who)
            return redirect(url_for("account"), 303)
        settings = settings_in_force()
        table = openid.role_table(settings.oidc_roles)
        person = openid.enter(store(), who, table, request.remote_addr or "", settings.two_step_administrators)
    except (SignInError, InputError, AwayError) as error:
        return refused(error)
    current_app.config.pop("ACCOUNTS", None)
    return signed_in(person.id, inside(then), vouched=True)


def _checked() -> Any:
    """The client, once the login's description was checked: it must be the one of this issuer (Discovery, 4.3)."""
    client, settings = current_app.config["OPENID"], settings_in_force()
    if client is None:
        raise InputError(say("没有设置公司登录", "no login of the company is set"))
    described = client.load_server_metadata()
    if described.get("issuer") != settings.oidc_issuer:
        raise ValueError("issuer")
    told = described.get("id_token_signing_alg_values_supported") or ["RS256"]
    described["id_token_signing_alg_values_supported"] = [a for a in told if a in ALGORITHMS]
    return client


def _vouched() -> openid.Vouched:
    """Who the company's login says this is. Raises SignInError, AwayError."""
    from authlib.integrations.base_client import MismatchingStateError, OAuthError
    from joserfc.errors import JoseError

    settings = settings_in_force()
    expected = {
        "iss": {"essential": True, "value": settings.oidc_issuer},
        "aud": {"essential": True, "value": settings.oidc_client},
    }
    try:
        told = _checked().authorize_access_token(claims_options=expected, leeway=LEEWAY)
    except MismatchingStateError:
        raise SignInError(
            say(
                "这次登录不是从这个浏览器开始的，或已经用过；请再点一次“公司账号登录”",
                "this sign-in did not begin in this browser, or was used already; begin again",
            )
        )
    except OAuthError as error:
        raise SignInError(
            say(
                "公司登录系统拒绝了（{why}）；请再试一次，仍不行请找管理员",
                "the company's login refused ({why}); try again, then ask an administrator",
                why=_word(error.error),
            )
        )
    except JoseError as error:
        raise SignInError(
            say(
                "公司登录系统的答复不能相信（{why}）；请找管理员",
                "what the company's login answered can't be believed ({why}); ask an administrator",
                why=_word(getattr(error, "claim", "") or error.error),
            )
        )
    except (OSError, ValueError, KeyError, RuntimeError) as error:
        raise _away(error)
    claims = told.get("userinfo")
    if not claims:
        raise SignInError(say("公司登录系统没有说这是谁", "the company's login does not say who this is"))
    return openid.vouched(settings.oidc_issuer, claims, settings.oidc_groups)


def _away(error: Exception) -> KbError:
    """error: of the connection, or of an answer that is none."""
    current_app.logger.warning("the company's login can't be asked: %s", type(error).__name__)
    return AwayError(
        say(
            "公司登录系统现在用不了；请稍后再试，或用密码登录",
            "the company's login can't be used just now; try later, or sign in with a password",
        )
    )


def _word(text: object) -> str:
    """A word of another system, as it may stand in a sentence here."""
    return "".join(c for c in str(text) if c.isalnum() or c in "_-. ")[:60]
