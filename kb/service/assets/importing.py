"""This module imports tables of customers, devices, parts and versions: seen before written, undone as one.

A table is written whole or not at all. What an import would do is found by doing it in a transaction that is not kept.
"""

from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, NamedTuple

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from kb.database import tables
from kb.database.connection import Store
from kb.errors import InputError, NotFoundError
from kb.language import first_of, say
from kb.service.assets import customers, devices, stock, table
from kb.service.assets.ledger import Ledger, undo
from kb.service.assets.table import Column, Entry, Wrong
from kb.service.policy import Policy
from kb.service.rounds import census

MAX_BYTES = 20_000_000
MAX_TOLD = 50
"""Sentences about rows that are told."""
KEPT = timedelta(days=1)
"""How long a file is kept that was looked at and not written."""
COLUMNS: dict[str, tuple[Sequence[Column], Sequence[str]]] = {
    "customers": (customers.COLUMNS, customers.NEEDED),
    "devices": (devices.COLUMNS, devices.NEEDED),
    "parts": (stock.COLUMNS, stock.NEEDED),
    "versions": (census.COLUMNS, census.NEEDED),
}
"""Kind -> what its columns may be, and which are needed."""


class Seen(NamedTuple):
    """What an import would do, or did. id: 0 for one that is not kept. counts: table -> new, changed, same.

    unclear: sentences, each with its row; with one of them nothing is written. rows: of the file.
    """

    id: int
    kind: str
    name: str
    rows: int
    counts: dict[str, dict[str, int]]
    moves: int
    unclear: list[str]


class _NotKept(Exception):  # noqa: N818 - how a transaction that only looks ends
    pass


class Imports:
    """The imports of one database. Every method raises StoreError when it can't be used."""

    def __init__(self, store: Store, policy: Policy) -> None:
        self._store, self._policy = store, policy

    def look(self, kind: str, raw: bytes, name: str, by: str, keep: bool = False) -> Seen:
        """What a file would change. keep: the file, to be written by its id. Raises InputError."""
        if len(raw) > MAX_BYTES:
            raise InputError(say("{name} 超过 {n} MB", "{name} has over {n} MB", name=name, n=MAX_BYTES // 1_000_000))
        entries, unclear = table.read(raw, name, *COLUMNS[kind])
        seen = Seen(0, kind, name, len(entries), {}, 0, unclear)
        try:
            with self._store.session() as session:
                seen = self._written(session, entries, seen, by)[0]
                raise _NotKept
        except _NotKept:
            pass
        if not keep or seen.unclear:
            return seen
        now = datetime.now(UTC)
        row = tables.AssetImport(at=now, by=by, kind=kind, name=name[:300], content=raw, changes=[])
        with self._store.session() as session:
            old = tables.AssetImport.written.is_(None) & (tables.AssetImport.at < now - KEPT)
            session.execute(delete(tables.AssetImport).where(old))
            session.add(row)
            session.flush()
            return seen._replace(id=row.id)

    def write(self, kind: str, raw: bytes, name: str, by: str) -> Seen:
        """Write a file, whole or not at all. Raises InputError that names the rows."""
        now = datetime.now(UTC)
        row = tables.AssetImport(at=now, by=by, kind=kind, name=name[:300], content=None, changes=[])
        with self._store.session() as session:
            session.add(row)
            return self._write(session, row, raw, by)

    def write_kept(self, number: int, by: str) -> Seen:
        """Write what was looked at. Raises NotFoundError when it is not waiting any more, InputError."""
        with self._store.session() as session:
            row = session.get(tables.AssetImport, number, with_for_update=True)
            if row is None or row.content is None:
                raise NotFoundError(say("导入 {n} 已写入或过期", "import {n} was written, or is over", n=number))
            return self._write(session, row, row.content, by)

    def _write(self, session: Session, row: tables.AssetImport, raw: bytes, by: str) -> Seen:
        entries, unclear = table.read(raw, row.name, *COLUMNS[row.kind])
        seen, changes = self._written(session, entries, Seen(0, row.kind, row.name, len(entries), {}, 0, unclear), by)
        if seen.unclear:
            raise InputError(first_of(seen.unclear, 5))
        row.by, row.content, row.changes, row.written = by, None, changes, datetime.now(UTC)
        session.flush()
        return seen._replace(id=row.id)

    def undo(self, number: int, by: str) -> None:
        """Take back all that an import wrote. Raises InputError when something of it was changed or used since."""
        with self._store.session() as session:
            row = session.get(tables.AssetImport, number, with_for_update=True)
            if row is None or row.written is None or row.undone is not None:
                raise NotFoundError(say("没有可撤销的导入 {n}", "there is no import {n} to undo", n=number))
            moves = [c["id"] for c in row.changes if c["table"] == tables.Move.__tablename__]
            stays = stock.take_back(session, moves, by, say("撤销导入 {n}", "import {n} undone", n=number))
            rows = [c for c in row.changes if c["table"] != tables.Move.__tablename__]
            undo(session, [c for c in rows if c["before"] is not None or (c["table"], c["id"]) not in stays])
            row.undone = datetime.now(UTC)

    def all(self, most: int = 20) -> list[tables.AssetImport]:
        """What was written, the newest first."""
        row = tables.AssetImport
        with self._store.reading() as session:
            return list(
                session.scalars(select(row).where(row.written.is_not(None)).order_by(row.id.desc()).limit(most))
            )

    def _written(
        self, session: Session, entries: Sequence[Entry], seen: Seen, by: str
    ) -> tuple[Seen, list[dict[str, Any]]]:
        """Write entries; what is unclear is told, and then nothing must be kept."""
        ledger = Ledger(session)
        writers: dict[str, Callable[[], Any]] = {
            "customers": lambda: customers.Writer(ledger, self._policy),
            "devices": lambda: devices.Writer(ledger),
            "parts": lambda: stock.Writer(ledger, by, seen.name),
            "versions": lambda: census.Writer(ledger, datetime.now(self._policy.zone).date().isoformat()),
        }
        writer = writers[seen.kind]()
        unclear = list(seen.unclear)
        for entry in entries:
            if len(unclear) > MAX_TOLD:
                break
            try:
                writer.write(entry)
            except Wrong as wrong:
                unclear.append(entry.place + say("：", ": ") + str(wrong))
        moves = [move.id for move in writer.moves] if isinstance(writer, stock.Writer) else []
        changes = ledger.changes() + [{"table": tables.Move.__tablename__, "id": i} for i in moves]
        return seen._replace(counts=ledger.counts(), moves=len(moves), unclear=unclear), changes
