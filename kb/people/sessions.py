"""This module answers: who is signed in here? Sessions live in the database; a browser holds a random secret alone.

A session ends when nothing was asked for a while, when it is old, when it is ended here or elsewhere, with the account,
and with the password it was opened by.
"""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import NamedTuple

from sqlalchemy import delete, select, update

from kb.database import tables
from kb.database.connection import Store
from kb.database.secret import digest, new_secret
from kb.people import journal
from kb.people.accounts import Person, person_of

IDLE = timedelta(hours=12)
"""How long nothing may be asked: a working day, so that nobody signs in twice in one."""
LONGEST = timedelta(days=14)
"""After that one signs in again, whatever was asked."""
FRESH = timedelta(minutes=1)
"""So exact is the time of the last use."""
MOST = 20
"""Sessions of one person; the oldest ends for a new one."""
_BROWSER = 200


class Session(NamedTuple):
    """Where somebody is signed in. id: a name of it that opens nothing; browser: what it calls itself.

    vouched: whether another login vouched for them.
    """

    id: str
    person: Person
    created: datetime
    used: datetime
    browser: str
    vouched: bool


class Sessions:
    """The sessions of one database. Every method raises StoreError when it can't be used."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def start(self, person: int, browser: str = "", vouched: bool = False) -> str:
        """Open one and return its secret, for a cookie. It is new at every sign-in."""
        secret, now = new_secret(), datetime.now(UTC)
        with self._store.session() as session:
            mine = select(tables.SignIn.digest).where(tables.SignIn.person == person)
            newest = session.scalars(mine.order_by(tables.SignIn.used.desc()).limit(MOST - 1)).all()
            session.execute(
                delete(tables.SignIn).where(tables.SignIn.person == person, tables.SignIn.digest.not_in(newest))
            )
            session.execute(delete(tables.SignIn).where(tables.SignIn.until < now))
            row = {"person": person, "created": now, "used": now, "until": now + LONGEST, "vouched": vouched}
            session.add(tables.SignIn(digest=digest(secret), browser=browser[:_BROWSER], **row))
        return secret

    def find(self, secret: str) -> Session | None:
        """The session of a secret, None when it is none that is in force. Its use is noted."""
        mine, now = tables.SignIn.digest == digest(secret), datetime.now(UTC)
        with self._store.reading() as session:
            found = session.execute(
                select(tables.SignIn, tables.Person)
                .join(tables.Person, tables.Person.id == tables.SignIn.person)
                .where(mine)
            ).first()
        if found is None:
            return None
        row, person = found
        if not person.active or row.until <= now or row.used + IDLE <= now:
            return None
        if now - row.used >= FRESH:
            with self._store.session() as session:
                session.execute(update(tables.SignIn).where(mine).values(used=now))
        return _session(row, person)

    def of(self, person: int) -> Sequence[Session]:
        """All that are in force, the last used first."""
        now = datetime.now(UTC)
        with self._store.reading() as session:
            rows = session.execute(
                select(tables.SignIn, tables.Person)
                .join(tables.Person, tables.Person.id == tables.SignIn.person)
                .where(tables.SignIn.person == person, tables.SignIn.until > now, tables.SignIn.used > now - IDLE)
                .order_by(tables.SignIn.used.desc())
            ).all()
            return [_session(*row) for row in rows]

    def end(self, person: Person, id: str) -> bool:
        """End one of somebody's own; whether there was such a one."""
        with self._store.session() as session:
            mine = session.scalars(select(tables.SignIn.digest).where(tables.SignIn.person == person.id)).all()
            ended = [kept for kept in mine if _name(kept) == id]
            session.execute(delete(tables.SignIn).where(tables.SignIn.digest.in_(ended)))
            if ended:
                journal.write(session, "session_ended", person.login)
        return bool(ended)

    def sign_out(self, secret: str) -> None:
        """End the session of this browser."""
        with self._store.session() as session:
            gone = delete(tables.SignIn).where(tables.SignIn.digest == digest(secret)).returning(tables.SignIn.person)
            person = session.scalar(gone)
            if person is not None:
                login = session.scalar(select(tables.Person.login).where(tables.Person.id == person)) or ""
                journal.write(session, "signed_out", login)


def _name(kept: str) -> str:
    return digest(kept)[:16]


def _session(row: tables.SignIn, person: tables.Person) -> Session:
    return Session(_name(row.digest), person_of(person), row.created, row.used, row.browser, row.vouched)
