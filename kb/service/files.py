"""This module keeps the files that came with cases, each once, packed, by the digest of what it holds.

They lie in the database: a file, the event it came with and a backup of both are one thing. What they hold is never
served as a page.
"""

import zlib
from collections.abc import Sequence
from datetime import UTC, datetime
from hashlib import sha256
from typing import NamedTuple

from sqlalchemy import select
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session

from kb.database import tables
from kb.database.connection import Store
from kb.errors import NotFoundError
from kb.language import say

MAX_FILES = 50
"""Of one event."""
MAX_SIZE = 20_000_000
"""Bytes of one; a larger one is not kept."""
MAX_NAME = 200


class Kept(NamedTuple):
    """A file of a case. place: of the event that it came with; size in bytes."""

    digest: str
    name: str
    size: int
    place: int


class Files:
    """The files of one database's cases. Every method raises StoreError when it can't be used."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def keep(self, number: str, place: int, files: Sequence[tuple[str, bytes]]) -> int:
        """Keep (name, content) with an event; what is kept already stays. How many fit."""
        fitting = [(name, content) for name, content in files[:MAX_FILES] if len(content) <= MAX_SIZE]
        if not fitting:
            return 0
        with self._store.session() as session:
            case = session.scalars(select(tables.Case.id).where(tables.Case.number == number)).one()
            for name, content in fitting:
                _keep(session, case, place, " ".join(name.split())[:MAX_NAME], content)
        return len(fitting)

    def of(self, number: str) -> list[Kept]:
        """The files of a case, in the order in which they came."""
        statement = (
            select(tables.CaseFile.digest, tables.CaseFile.name, tables.File.size, tables.CaseFile.place)
            .join(tables.File, tables.File.digest == tables.CaseFile.digest)
            .join(tables.Case, tables.Case.id == tables.CaseFile.case_id)
            .where(tables.Case.number == number)
            .order_by(tables.CaseFile.place, tables.CaseFile.id)
        )
        with self._store.reading() as session:
            return [Kept(*row) for row in session.execute(statement)]

    def content(self, digest: str) -> bytes:
        """Raises NotFoundError."""
        with self._store.reading() as session:
            found = session.get(tables.File, digest)
        if found is None:
            raise NotFoundError(say("没有文件 {digest}", "there is no file {digest}", digest=digest[:12]))
        return zlib.decompress(found.content)


def _keep(session: Session, case: int, place: int, name: str, content: bytes) -> None:
    insert = sqlite.insert if session.get_bind().dialect.name == "sqlite" else postgresql.insert
    digest = sha256(content).hexdigest()
    if session.scalar(select(tables.File.digest).where(tables.File.digest == digest)) is None:
        packed = {"digest": digest, "at": datetime.now(UTC), "size": len(content), "content": zlib.compress(content)}
        session.execute(insert(tables.File).values(**packed).on_conflict_do_nothing())
    values = {"case_id": case, "place": place, "digest": digest, "name": name}
    session.execute(insert(tables.CaseFile).values(**values).on_conflict_do_nothing())
