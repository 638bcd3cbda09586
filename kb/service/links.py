"""This module is links: by one a customer sees his own case without an account, until it ends or is revoked.

A link holds 256 random bits. Only their digest is kept, so that who reads the database opens nothing.
"""

from datetime import UTC, datetime, timedelta

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from kb.database import tables
from kb.database.connection import Store
from kb.database.secret import digest, new_secret
from kb.errors import NotFoundError
from kb.language import say

LASTS = timedelta(days=180)
"""How long a link leads to its case."""
TRACK = "track"
MAX_SECRET = 100


class Links:
    """The links of one database. Every method raises StoreError when it can't be used."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def make(self, number: str, now: datetime | None = None) -> str:
        """The secret of a new link to a case, given by its whole number. Raises NotFoundError."""
        with self._store.session() as session:
            case = session.scalar(select(tables.Case.id).where(tables.Case.number == number))
            if case is None:
                raise NotFoundError(say("没有单号 {number}", "there is no case {number}", number=number))
            return issue(session, case, now or datetime.now(UTC))

    def case(self, secret: str, now: datetime | None = None) -> str:
        """The number of the case that a link leads to. Raises NotFoundError: it never says why."""
        link, now = tables.Link, now or datetime.now(UTC)
        statement = (
            select(tables.Case.number)
            .join(link, link.case_id == tables.Case.id)
            .where(link.digest == digest(secret[:MAX_SECRET]), link.purpose == TRACK)
            .where(link.until > now, link.revoked.is_(None))
        )
        with self._store.reading() as session:
            number = session.scalar(statement)
        if number is None:
            raise NotFoundError(
                say(
                    "这个链接不对、已到期或已收回；请向我们要一个新的，或直接来电",
                    "this link is wrong, over or revoked; ask us for a new one, or call us",
                )
            )
        return number

    def of(self, number: str, now: datetime | None = None) -> list[datetime]:
        """Until when each link to a case leads there; those that do no more are left out."""
        link, now = tables.Link, now or datetime.now(UTC)
        statement = select(link.until).join(tables.Case, link.case_id == tables.Case.id)
        statement = statement.where(tables.Case.number == number, link.until > now, link.revoked.is_(None))
        with self._store.reading() as session:
            return list(session.scalars(statement.order_by(link.until)))

    def revoke(self, number: str, now: datetime | None = None) -> None:
        """Make all links to a case lead nowhere."""
        case = select(tables.Case.id).where(tables.Case.number == number).scalar_subquery()
        ours = (tables.Link.case_id == case) & tables.Link.revoked.is_(None)
        with self._store.session() as session:
            session.execute(update(tables.Link).where(ours).values(revoked=now or datetime.now(UTC)))


def issue(session: Session, case: int, now: datetime) -> str:
    """The secret of a new link to a case, in a transaction of its own writer. case: its row."""
    secret = new_secret()
    session.add(tables.Link(digest=digest(secret), case_id=case, purpose=TRACK, until=now + LASTS))
    return secret
