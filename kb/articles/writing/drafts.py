"""This module keeps what somebody typed and did not save yet."""

from datetime import UTC, datetime, timedelta
from typing import NamedTuple

from sqlalchemy import ColumnElement, delete, select

from kb.database import tables
from kb.database.connection import Store, upsert
from kb.errors import ConflictError
from kb.language import say
from kb.privacy import ARTICLE_KINDS, masked

MAX_DRAFTS = 50
"""Drafts of one visitor; beyond it the oldest go."""
DAYS = 90
"""How long a draft is kept."""
_NEWEST = (tables.Draft.at.desc(), tables.Draft.id.desc())


class Draft(NamedTuple):
    """path: of the article below its folder, or new/KIND for one that has no file yet. text: the whole file's.

    base: digest of the file it was started from, "" for a new one.
    """

    path: str
    at: datetime
    text: str
    base: str


class Drafts:
    """The drafts of one visitor. Every method raises StoreError."""

    def __init__(self, store: Store, visitor: str) -> None:
        self._store, self._visitor = store, visitor

    def keep(self, path: str, text: str, base: str, sitting: str = "") -> datetime:
        """Remember a text, masked: customer data that is still being taken out does not go into the database.

        sitting: the form it comes from. Raises ConflictError when that was saved already: a draft that is late, sent
        while the form was being saved, would come back as a ghost.
        """
        now = datetime.now(UTC)
        with self._store.session() as session:
            held = select(tables.Sitting.saved).where(tables.Sitting.token == sitting).with_for_update()
            if session.scalar(held):
                raise ConflictError(say("这里的内容已经保存过了，请重新打开", "this was saved already; open it again"))
            session.execute(delete(tables.Draft).where(tables.Draft.at < now - timedelta(days=DAYS)))
            kept = {"at": now, "text": masked(text, ARTICLE_KINDS), "base": base}
            upsert(session, tables.Draft, ("path", "visitor"), path=path, visitor=self._visitor, **kept)
            newest = select(tables.Draft.id).where(*self._mine()).order_by(*_NEWEST)
            oldest = session.scalars(newest.offset(MAX_DRAFTS)).all()
            session.execute(delete(tables.Draft).where(tables.Draft.id.in_(oldest)))
        return now

    def find(self, path: str) -> Draft | None:
        with self._store.reading() as session:
            row = session.scalars(select(tables.Draft).where(*self._mine(path))).first()
        return None if row is None else Draft(row.path, row.at, row.text, row.base)

    def discard(self, path: str) -> None:
        with self._store.session() as session:
            session.execute(delete(tables.Draft).where(*self._mine(path)))

    def all(self) -> list[Draft]:
        """Newest first."""
        with self._store.reading() as session:
            rows = session.scalars(select(tables.Draft).where(*self._mine()).order_by(*_NEWEST)).all()
        return [Draft(r.path, r.at, r.text, r.base) for r in rows]

    def _mine(self, path: str | None = None) -> list[ColumnElement[bool]]:
        mine: list[ColumnElement[bool]] = [tables.Draft.visitor == self._visitor]
        return mine if path is None else [*mine, tables.Draft.path == path]
