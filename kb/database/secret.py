"""This module makes secrets that open something: tokens, links, sessions. Only a digest of one is ever kept.

But for those that the processes of a base sign with: they are in its database, which nobody else reads.
"""

import secrets
from hashlib import sha256

from sqlalchemy.orm import Session

from kb.database import tables
from kb.database.connection import insert_into

SECRET_BYTES = 32


def new_secret() -> str:
    """A random secret of 256 bits, safe in an address and a cookie."""
    return secrets.token_urlsafe(SECRET_BYTES)


def digest(secret: str) -> str:
    """What is kept of a secret, or of anything sent as one; a secret is random, so a plain digest is enough."""
    return sha256(secret.encode("utf8", "surrogatepass")).hexdigest()


def shared(session: Session, name: str) -> str:
    """The secret that all processes of a base have for one purpose; made when it is first asked for."""
    known = session.get(tables.Key, name)
    if known is not None:
        return known.secret
    made = insert_into(session, tables.Key).values(name=name, secret=new_secret())
    session.execute(made.on_conflict_do_nothing())
    return session.get_one(tables.Key, name).secret
