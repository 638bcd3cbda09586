"""This module knows which forms are open: what comes from one that was saved is refused, and writers see each other.

A sitting is one form from its opening to its saving. Its token travels in the form. Nothing else is known of who sits
there but the name that was typed.
"""

import re
import secrets
from datetime import UTC, datetime, timedelta
from typing import NamedTuple

from sqlalchemy import delete, select, update

from kb.articles.writing.save import MAX_EDITOR
from kb.database import tables
from kb.database.connection import Store, upsert

OPENED = timedelta(minutes=15)
"""How long a form that was opened counts as being written in, where no script says that it still is."""
BEAT = timedelta(seconds=75)
"""How long after a script said so; it does every twenty seconds, and each minute from a page in the background."""
DAYS = 30
"""How long it is known that a form was saved."""
MAX_SITTINGS = 5000
MAX_OTHERS = 5
DROPPED = "-"
"""In place of a path: what was typed was thrown away."""
_TOKEN = re.compile("[0-9a-f]{16}")


class Other(NamedTuple):
    """Somebody else who has an article open. name: "" when none was typed yet; since: when the form was opened."""

    name: str
    since: datetime


class Sittings:
    """The open forms of one visitor. Every method raises StoreError."""

    def __init__(self, store: Store, visitor: str) -> None:
        self._store, self._visitor = store, visitor

    def open(self, path: str, editor: str) -> str:
        """A form of an article (path: as a draft's) is shown anew. Returns its token."""
        token, now = secrets.token_hex(8), datetime.now(UTC)
        with self._store.session() as session:
            session.execute(delete(tables.Sitting).where(tables.Sitting.at < now - timedelta(days=DAYS)))
            newest = select(tables.Sitting.token).order_by(tables.Sitting.at.desc(), tables.Sitting.token)
            oldest = session.scalars(newest.offset(MAX_SITTINGS)).all()
            session.execute(delete(tables.Sitting).where(tables.Sitting.token.in_(oldest)))
            session.add(
                tables.Sitting(
                    token=token, at=now, path=path, visitor=self._visitor, editor=_name(editor), until=now + OPENED,
                    saved="",
                )
            )  # fmt: skip
        return token

    def stay(self, token: str, editor: str) -> None:
        """A script says that the form is still open."""
        self._until(token, datetime.now(UTC) + BEAT, editor=_name(editor))

    def leave(self, token: str) -> None:
        """The page was left, saved or not."""
        self._until(token, datetime.now(UTC))

    def _until(self, token: str, moment: datetime, **more: str) -> None:
        mine = (tables.Sitting.token == token, tables.Sitting.visitor == self._visitor)
        with self._store.session() as session:
            session.execute(update(tables.Sitting).where(*mine).values(until=moment, **more))

    def close(self, token: str, path: str, saved: str = DROPPED) -> None:
        """The form was saved, or dropped; its draft goes, and none comes from it any more. saved: the file's path."""
        now = datetime.now(UTC)
        with self._store.session() as session:
            # First: a draft that is being kept holds this row, and one that comes later finds it closed.
            upsert(
                session, tables.Sitting, ("token",), token=token, at=now, path=path, visitor=self._visitor, editor="",
                until=now, saved=saved,
            )  # fmt: skip
            mine = (tables.Draft.visitor == self._visitor, tables.Draft.path == path)
            session.execute(delete(tables.Draft).where(*mine))

    def saved_as(self, token: str) -> str:
        """The path under which a form was saved, "" while it was not."""
        with self._store.reading() as session:
            saved = session.scalar(select(tables.Sitting.saved).where(tables.Sitting.token == token)) or ""
        return "" if saved == DROPPED else saved

    def others(self, path: str) -> list[Other]:
        """Who else writes in an article right now, those who began first; two forms of one visitor are one."""
        now = datetime.now(UTC)
        with self._store.reading() as session:
            rows = session.execute(
                select(tables.Sitting.visitor, tables.Sitting.editor, tables.Sitting.at)
                .where(
                    tables.Sitting.path == path,
                    tables.Sitting.until > now,
                    tables.Sitting.saved == "",
                    tables.Sitting.visitor != self._visitor,
                )
                .order_by(tables.Sitting.at)
                .limit(100)
            ).all()
        found = {visitor: Other(editor, at) for visitor, editor, at in reversed(rows)}
        return sorted(found.values(), key=lambda o: o.since)[:MAX_OTHERS]


def is_token(text: str) -> bool:
    return _TOKEN.fullmatch(text) is not None


def _name(text: str) -> str:
    return "".join(c for c in " ".join(text.split())[:MAX_EDITOR] if c.isprintable())
