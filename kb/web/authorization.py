"""This module answers who may call the API: tokens of programs, this machine, and no page of another site."""

from hashlib import blake2b

from flask import g, request, session
from werkzeug.datastructures import WWWAuthenticate
from werkzeug.exceptions import Forbidden, Unauthorized

from kb.database.api_tokens import Access, Token
from kb.language import say
from kb.people.limits import Limits
from kb.web.security import require_own_page
from kb.web.views import person, store, visitor

MAX_HEADER = 500
CHALLENGE = WWWAuthenticate("bearer", {"realm": "guzhi"})


class BadHeader(Unauthorized):
    """The header is missing or no Bearer token at all."""


def token() -> Token | None:
    """The token this request carries, None when it carries none.

    Raises Unauthorized for one that is not in force, TooOftenError for one that asked often enough this minute.
    """
    secret = _secret()
    if not secret:
        return None
    if "token" not in g:
        g.token = Access(store()).find(secret)
        if g.token is not None and g.token.a_minute and not g.token.expired:
            Limits(store()).use("token", g.token.name, most=g.token.a_minute)
    if g.token is None:
        raise Unauthorized(
            say(
                "令牌无效或已收回；用 kb token create 发一个",
                "the token is unknown or was revoked; make one with kb token create",
            ),
            www_authenticate=CHALLENGE,
        )
    found: Token = g.token
    if found.expired:
        raise Unauthorized(
            say(
                "令牌 {name} 已于 {day} 到期；收回它（kb token revoke），再发一个",
                "the token {name} expired on {day}; revoke it (kb token revoke) and make another",
                name=found.name,
                day=f"{found.expires:%Y-%m-%d}",
            ),
            www_authenticate=CHALLENGE,
        )
    return found


def _secret() -> str:
    """What may be the secret of a token, "" for none. A panel in another site's frame can only bear it in its address.

    A password that a proxy in front has asked for (Basic) is no affair of ours.
    """
    if request.endpoint == "panel":
        return request.values.get("key", "")[:MAX_HEADER]
    header = request.headers.get("Authorization", "")
    scheme, _, secret = header[:MAX_HEADER].partition(" ")
    if not header or scheme.lower() == "basic":
        return ""
    if scheme.lower() != "bearer" or not secret.strip():
        raise _bad_header()
    return secret.strip()


def _bad_header() -> BadHeader:
    return BadHeader(
        say("请发送 Authorization: Bearer kb_…", "send Authorization: Bearer kb_..."), www_authenticate=CHALLENGE
    )


def require(scope: str, closed: bool = False) -> None:
    """Raises Unauthorized or Forbidden unless this request may do what needs the scope, one of kb.model.SCOPES.

    Reading needs no token, unless it is closed to those without one. What changes anything takes a token that allows
    it, or a page of this site. What the role of who asks allows is another matter: permissions.py.
    """
    found = token()
    if found is None and closed:
        raise _bad_header()
    if found is not None and not found.may(scope):
        raise Forbidden(
            say(
                "令牌 {name} 的权限是 {own}，这里要 {scope}；用 kb token create --scope {scope} 另发一个",
                "the token {name} has the scope {own}, this needs {scope}: kb token create --scope {scope}",
                name=found.name,
                own=found.scope,
                scope=scope,
            )
        )
    if scope == "write":
        require_own_page(by_token=found is not None)


def judge() -> str:
    """Whose verdict it is: somebody's with an account, by whichever program; else the caller's."""
    return visitor() if person() is not None else caller()


def caller() -> str:
    """The visitor of the log: a program by its token, a page's script by its session, else just the API."""
    found = token()
    if found is not None:
        return "api-" + blake2b(found.name.encode(), digest_size=8).hexdigest()
    return visitor() if "visitor" in session or person() is not None else "api"
