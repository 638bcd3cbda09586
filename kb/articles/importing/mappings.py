"""This module keeps what the columns of somebody's tickets become, under a name that can be chosen again."""

from collections.abc import Mapping
from datetime import UTC, datetime

from sqlalchemy import delete, select

from kb.database import tables
from kb.database.connection import Store, upsert
from kb.errors import InputError, NotFoundError
from kb.language import say

MAX_NAME = 60
MAX_MAPPINGS = 200


class Mappings:
    """The mappings of one base. Every method raises StoreError."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def save(self, name: str, columns: Mapping[str, str]) -> str:
        """Keep a mapping, in place of one of that name; the name as it is kept. Raises InputError."""
        name = " ".join("".join(c for c in name if c.isprintable()).split())[:MAX_NAME]
        if not name or not columns:
            raise InputError(say("要保存列的对应，请写一个名称", "give the mapping of columns a name to save it"))
        with self._store.session() as session:
            upsert(session, tables.Mapping, ("name",), name=name, at=datetime.now(UTC), columns=dict(columns))
            newest = select(tables.Mapping.name).order_by(tables.Mapping.at.desc(), tables.Mapping.name)
            oldest = session.scalars(newest.offset(MAX_MAPPINGS)).all()
            session.execute(delete(tables.Mapping).where(tables.Mapping.name.in_(oldest)))
        return name

    def names(self) -> list[str]:
        with self._store.reading() as session:
            return list(session.scalars(select(tables.Mapping.name).order_by(tables.Mapping.name)).all())

    def find(self, name: str) -> dict[str, str]:
        """Column -> key or section. Raises NotFoundError."""
        with self._store.reading() as session:
            row = session.get(tables.Mapping, name)
        if row is None:
            known = ", ".join(self.names())
            raise NotFoundError(
                say("没有名为“{name}”的列对应（有：{known}）", "no mapping is called '{name}' ({known})", name=name,
                    known=known)
            )  # fmt: skip
        return dict(row.columns)

    def forget(self, name: str) -> None:
        with self._store.session() as session:
            session.execute(delete(tables.Mapping).where(tables.Mapping.name == name))
