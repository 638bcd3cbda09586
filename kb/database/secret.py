"""This module makes secrets that open something: tokens, links, sessions. Only a digest of one is ever kept."""

import secrets
from hashlib import sha256

SECRET_BYTES = 32


def new_secret() -> str:
    """A random secret of 256 bits, safe in an address and a cookie."""
    return secrets.token_urlsafe(SECRET_BYTES)


def digest(secret: str) -> str:
    """What is kept of a secret, or of anything sent as one; a secret is random, so a plain digest is enough."""
    return sha256(secret.encode("utf8", "surrogatepass")).hexdigest()
