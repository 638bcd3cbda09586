"""This module guards the site: which names it answers to, headers on every answer, a token in every form.

Nothing of a request goes into a log, and no folder of this machine into an answer.
"""

import os
import re
import secrets
from hashlib import sha256
from hmac import compare_digest
from pathlib import Path

from flask import Flask, Response, current_app, request, session
from flask.sessions import SecureCookieSessionInterface
from werkzeug.exceptions import BadRequest, Forbidden, HTTPException
from werkzeug.sansio.utils import host_is_trusted

from kb.language import say
from kb.settings import Settings, is_local, secret_of

KEY_BYTES = 32
HSTS_SECONDS = 365 * 24 * 3600

HEADERS = {
    "Content-Security-Policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; "
        "form-action 'self'; base-uri 'none'; frame-ancestors 'none'; manifest-src 'self'"
    ),
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "same-origin",
    "Permissions-Policy": "camera=(), microphone=(), geolocation=(), interest-cohort=()",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
}
"""No inline script or style, nothing from outside, no framing."""


def secret_key(index: Path) -> bytes:
    """The key that signs form tokens: kept beside the index, so that a form outlives a restart; or made of KB_SECRET,
    which several machines that answer for one site have in common.

    Where nothing can be written it lives as long as the process.
    """
    if shared := secret_of("KB_SECRET"):
        return sha256(shared.encode()).digest()
    path = index / ".secret"
    try:
        index.mkdir(mode=0o755, parents=True, exist_ok=True)
        if path.exists() and len(key := path.read_bytes()) == KEY_BYTES:
            return key
        key = secrets.token_bytes(KEY_BYTES)
        with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as f:
            f.write(key)
    except OSError:
        return secrets.token_bytes(KEY_BYTES)
    return key


class Cookies(SecureCookieSessionInterface):
    """The cookie of form tokens: behind TLS it is sent by TLS alone, and its name says that no other site set it."""

    digest_method = staticmethod(sha256)

    def get_cookie_name(self, app: Flask) -> str:
        return "__Host-guzhi" if request.is_secure else "guzhi"

    def get_cookie_secure(self, app: Flask) -> bool:
        return request.is_secure


def form_token() -> str:
    """The token of this visitor's session, for a hidden field of every form that posts."""
    if "token" not in session:
        session["token"] = secrets.token_urlsafe(24)
    return str(session["token"])


def token_is_right() -> bool:
    sent = request.form.get("token", "")
    return bool(sent) and compare_digest(sent.encode(), str(session.get("token", "")).encode())


def require_token() -> None:
    """Raises BadRequest when a posted form does not carry this session's token."""
    if not token_is_right():
        raise BadRequest(
            say(
                "页面已过期，请返回重新提交（内容没有丢）",
                "The page has expired; go back and send it again (nothing is lost)",
            )
        )


# --- who is answered, and what changes anything -------------------------------------------------------


class MisdirectedRequest(HTTPException):
    """The request is for a site of another name (RFC 9110, 15.5.20)."""

    code = 421
    description = "Misdirected Request"


def require_known_host() -> None:
    """Raises MisdirectedRequest unless the address asked for is one of this site.

    A page of another site can give its own name the address of this machine (DNS rebinding) and would then read all
    that is here; its name stays its own.
    """
    settings: Settings = current_app.config["SETTINGS"]
    if not (is_local_name() or (settings.site_names and host_is_trusted(request.host.lower(), settings.site_names))):
        raise MisdirectedRequest(
            say(
                "这个网站不叫 {name}。若这个名字是对的，请管理员把它写进设置 site_names",
                "this site is not called {name}. If it is, the administrator adds the name to the setting site_names",
                name=_name(),
            )
        )


def _name() -> str:
    """The name asked for, without its port."""
    host = request.host
    return (host.rpartition(":")[0] if host.rstrip("0123456789").endswith(":") else host).strip("[]")[:100]


def is_local_name() -> bool:
    """Whether this machine's own name is asked for."""
    return is_local(_name())


def is_of_this_site() -> bool:
    """Whether the browser says that a page of this site sent the request. Without a word of it, nobody does."""
    origin, site = request.headers.get("Origin"), request.headers.get("Sec-Fetch-Site")
    if origin is not None and origin != request.host_url.rstrip("/"):
        return False
    return site == "same-origin" or (origin is not None and site in (None, "none"))


def require_own_page(by_token: bool = False) -> None:
    """Raises Forbidden for a change that no page of this site asks for, unless a program sent its token with it.

    Whatever runs on this machine, and any page in its browser, reaches this address, too.
    """
    if not by_token and request.method not in ("GET", "HEAD", "OPTIONS") and not is_of_this_site():
        raise Forbidden(
            say(
                "只接受本站页面发来的修改；程序请带令牌：kb token create 名字 --scope write",
                "changes are taken from pages of this site; programs send a token: kb token create NAME --scope write",
            )
        )


# --- what is answered -------------------------------------------------------------------------

_FOLDERS = re.compile(
    r"(?<![\w:/.~-])(?:~|\.{1,2})?/(?:[^\s/'\"：；，。（）:;,()]+/)+|\b[a-z][a-z0-9+]*://[^\s/@]*@[^\s/]+/"
)


def without_folders(message: str) -> str:
    """A sentence in which files keep their names, and lose the folders, or the server, they are in."""
    return _FOLDERS.sub("", message)


def _headers() -> dict[str, str]:
    """The panel alone may be shown in a frame, by the sites that the administrator names."""
    settings: Settings = current_app.config["SETTINGS"]
    if request.endpoint != "panel" or not settings.panel_hosts:
        return HEADERS
    policy = HEADERS["Content-Security-Policy"]
    sites = " ".join(settings.panel_hosts)
    framed = policy.replace("frame-ancestors 'none'", f"frame-ancestors {sites}")
    return {k: v for k, v in HEADERS.items() if k != "X-Frame-Options"} | {"Content-Security-Policy": framed}


def init_app(app: Flask) -> None:
    app.before_request(require_known_host)

    @app.after_request
    def add_headers(response: Response) -> Response:
        for name, value in _headers().items():
            response.headers.setdefault(name, value)
        settings: Settings = current_app.config["SETTINGS"]
        if settings.hsts and request.is_secure:
            response.headers["Strict-Transport-Security"] = f"max-age={HSTS_SECONDS}; includeSubDomains"
        if "Cache-Control" not in response.headers:
            response.headers["Cache-Control"] = "no-cache" if request.endpoint == "static" else "private, no-store"
        return response

    app.jinja_env.globals.update(form_token=form_token)
