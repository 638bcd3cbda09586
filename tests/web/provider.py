"""A company's login on loopback: OpenID Connect's code flow, with what a test wants to be wrong about it."""

import json
import secrets
import threading
import time
from base64 import urlsafe_b64encode
from collections.abc import Iterator
from contextlib import contextmanager
from hashlib import sha256
from typing import Any

from flask import Flask, redirect, request
from flask.typing import ResponseReturnValue
from joserfc import jwt
from joserfc.jwk import OctKey, RSAKey
from werkzeug.serving import make_server

CLIENT, SECRET = "guzhi-test", "only for a test"


class Provider:
    """One that signs in whoever `person` says, without asking.

    person: its claims. wrong: claims of the ID token that replace the true ones, None leaves one out. issuer: as its
    description says. key: that it signs with. refusing: an error instead of a code.
    """

    def __init__(self) -> None:
        self.person: dict[str, Any] = {"sub": "1001", "preferred_username": "Wang.Wu", "name": "王五"}
        self.wrong: dict[str, Any] = {}
        self.refusing = ""
        self.published = RSAKey.generate_key(2048, {"kid": "one"})
        self.key: RSAKey | OctKey = self.published
        self.described = 0
        self.asked: list[dict[str, str]] = []
        self.issuer = self.address = ""
        self._codes: dict[str, dict[str, str]] = {}

    def app(self) -> Flask:
        app = Flask("provider")
        app.add_url_rule("/.well-known/openid-configuration", view_func=self.description)
        app.add_url_rule("/authorize", view_func=self.authorize)
        app.add_url_rule("/token", view_func=self.token, methods=["POST"])
        app.add_url_rule("/moved/.well-known/openid-configuration", view_func=self.moved)
        app.add_url_rule("/keys", view_func=self.keys)
        return app

    def description(self) -> dict[str, Any]:
        self.described += 1
        return {
            "issuer": self.issuer,
            "authorization_endpoint": f"{self.address}/authorize",
            "token_endpoint": f"{self.address}/token",
            "jwks_uri": f"{self.address}/keys",
            "response_types_supported": ["code"],
            "subject_types_supported": ["public"],
            "id_token_signing_alg_values_supported": ["RS256", "none"],
        }

    def moved(self) -> ResponseReturnValue:
        return redirect(f"{self.address}/.well-known/openid-configuration")

    def keys(self) -> dict[str, Any]:
        return {"keys": [self.published.as_dict(private=False)]}

    def authorize(self) -> ResponseReturnValue:
        asked = request.args.to_dict()
        self.asked.append(asked)
        assert asked["client_id"] == CLIENT
        assert asked["response_type"] == "code"
        assert asked["code_challenge_method"] == "S256"
        back = f"{asked['redirect_uri']}?state={asked['state']}"
        if self.refusing:
            return redirect(f"{back}&error={self.refusing}")
        code = secrets.token_urlsafe(16)
        self._codes[code] = asked
        return redirect(f"{back}&code={code}")

    def token(self) -> ResponseReturnValue:
        """A code is good once, for who began, with the secret of the client."""
        asked = self._codes.pop(request.form["code"], None)
        if request.authorization is None or request.authorization.parameters != {
            "username": CLIENT,
            "password": SECRET,
        }:
            return {"error": "invalid_client"}, 401
        proof = _base64(sha256(request.form["code_verifier"].encode()).digest())
        if asked is None or proof != asked["code_challenge"] or request.form["redirect_uri"] != asked["redirect_uri"]:
            return {"error": "invalid_grant"}, 400
        now = int(time.time())
        known = {"iss": self.issuer, "aud": CLIENT, "iat": now, "exp": now + 300, "nonce": asked["nonce"]}
        claims = {k: v for k, v in {**known, **self.person, **self.wrong}.items() if v is not None}
        header = {"alg": "RS256", "kid": "one", **claims.pop("header", {})}
        if header["alg"] == "none":
            signed = ".".join([_part(header), _part(claims), ""])
        else:
            signed = jwt.encode(header, claims, self.key, algorithms=[header["alg"]])
        return {"access_token": secrets.token_urlsafe(8), "token_type": "Bearer", "id_token": signed}


def _base64(raw: bytes) -> str:
    return urlsafe_b64encode(raw).decode().rstrip("=")


def _part(content: dict[str, Any]) -> str:
    return _base64(json.dumps(content).encode())


@contextmanager
def running() -> Iterator[Provider]:
    """One that is reached by http://127.0.0.1:PORT."""
    provider = Provider()
    server = make_server("127.0.0.1", 0, provider.app(), threaded=True)
    provider.issuer = provider.address = f"http://127.0.0.1:{server.port}"
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield provider
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
