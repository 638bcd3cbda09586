"""This module answers who may call the API: tokens of programs, this machine, and no page of another site."""

from hashlib import blake2b

from flask import g, request, session
from werkzeug.datastructures import WWWAuthenticate
from werkzeug.exceptions import Forbidden, Unauthorized

from kb.access import Access, Token
from kb.language import say
from kb.web.security import require_writer
from kb.web.views import store

MAX_HEADER = 500
_CHALLENGE = WWWAuthenticate("bearer", {"realm": "guzhi"})


class BadHeader(Unauthorized):
    """The header is missing or no Bearer token at all."""


def token() -> Token | None:
    """The token this request carries, None when it carries none. Raises Unauthorized for one that is not in force.

    A password that a proxy in front has asked for (Basic) is no affair of ours.
    """
    header = request.headers.get("Authorization", "")
    scheme, _, secret = header[:MAX_HEADER].partition(" ")
    if not header or scheme.lower() == "basic":
        return None
    if scheme.lower() != "bearer" or not secret.strip():
        raise _bad_header()
    if "token" not in g:
        g.token = Access(store()).find(secret.strip())
    if g.token is None:
        raise Unauthorized(
            say(
                "令牌无效或已收回；用 kb token create 发一个",
                "the token is unknown or was revoked; make one with kb token create",
            ),
            www_authenticate=_CHALLENGE,
        )
    found: Token = g.token
    return found


def _bad_header() -> BadHeader:
    return BadHeader(
        say("请发送 Authorization: Bearer kb_…", "send Authorization: Bearer kb_..."), www_authenticate=_CHALLENGE
    )


def require(scope: str, closed: bool = False) -> None:
    """Raises Unauthorized or Forbidden unless this request may do what needs the scope, read or write.

    Reading is open, unless it is closed to who has no token. Writing is for this machine, by a token that allows it,
    or without one by anything but another site's page.
    """
    found = token()
    if found is None and closed:
        raise _bad_header()
    if found is not None and not found.may(scope):
        raise Forbidden(
            say(
                "令牌 {name} 只能读；用 kb token create --scope write 发一个能写的",
                "the token {name} may only read; make one that may write: kb token create --scope write",
                name=found.name,
            )
        )
    if scope == "write":
        if found is None and _from_another_site():
            raise Forbidden(say("不接受别的网站发来的请求", "requests from other sites are refused"))
        require_writer()


def _from_another_site() -> bool:
    """As the browser says. Programs say nothing, and no page can make a browser send JSON silently."""
    origin = request.headers.get("Origin", request.host_url.rstrip("/"))
    site = request.headers.get("Sec-Fetch-Site", "none")
    return origin != request.host_url.rstrip("/") or site not in ("same-origin", "none")


def caller() -> str:
    """The visitor of the log: a program by its token, a page's script by its session, else just the API."""
    found = token()
    if found is not None:
        return "api-" + blake2b(found.name.encode(), digest_size=8).hexdigest()
    return str(session.get("visitor", "api"))
