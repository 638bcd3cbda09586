"""This module guards the site: headers on every answer, a token in every form, nothing of a request in a log."""

import os
import secrets
from hmac import compare_digest
from pathlib import Path

from flask import Flask, Response, request, session
from werkzeug.exceptions import BadRequest, Forbidden

from kb.language import say
from kb.settings import is_local

KEY_BYTES = 32

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
    """The key that signs form tokens: kept beside the index, so that a form outlives a restart.

    Where nothing can be written it lives as long as the process.
    """
    path = index / ".secret"
    try:
        index.mkdir(parents=True, exist_ok=True)
        if path.exists() and len(key := path.read_bytes()) == KEY_BYTES:
            return key
        key = secrets.token_bytes(KEY_BYTES)
        with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as f:
            f.write(key)
    except OSError:
        return secrets.token_bytes(KEY_BYTES)
    return key


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


def may_write() -> bool:
    """Whether this request comes from this machine, by an address of this machine, and through nobody else."""
    forwarded = any(name in request.headers for name in ("Forwarded", "X-Forwarded-For", "X-Real-IP"))
    host = request.host.rpartition(":")[0] if request.host.rstrip("0123456789").endswith(":") else request.host
    return not forwarded and is_local(request.remote_addr or "") and is_local(host.strip("[]"))


def require_writer() -> None:
    """Raises Forbidden unless this request may change articles."""
    if not may_write():
        raise Forbidden(
            say(
                "这一版还没有账号，只有在本机（http://127.0.0.1）打开网站才能改文章",
                "this version has no accounts yet: articles can be changed only on this machine (http://127.0.0.1)",
            )
        )


def init_app(app: Flask) -> None:
    @app.after_request
    def add_headers(response: Response) -> Response:
        for name, value in HEADERS.items():
            response.headers.setdefault(name, value)
        if "Cache-Control" not in response.headers:
            response.headers["Cache-Control"] = "no-cache" if request.endpoint == "static" else "private, no-store"
        return response

    app.jinja_env.globals.update(form_token=form_token, may_write=may_write)
