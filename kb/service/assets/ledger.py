"""This module writes rows and remembers how they were, so that what was written as a whole is undone as a whole."""

import json
from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import date
from hashlib import sha256
from typing import Any, NamedTuple

from sqlalchemy import select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from kb.database import tables
from kb.errors import InputError
from kb.language import say

TABLES: dict[str, type[tables.Base]] = {
    t.__tablename__: t
    for t in (tables.Customer, tables.Site, tables.Contact, tables.Contract, tables.Device, tables.Part, tables.Place)
}
"""What imports write, but for moves of parts, which are undone by moves."""


class Changed(NamedTuple):
    """A row that was made (before: None) or changed."""

    row: Any
    before: dict[str, Any] | None
    after: dict[str, Any]


class Ledger:
    """What one transaction writes. Rows are found by keys that it reads once for each table."""

    def __init__(self, session: Session) -> None:
        self.session = session
        self._known: dict[tuple[Any, tuple[str, ...]], dict[tuple[Any, ...], Any]] = {}
        self._changed: dict[int, Changed] = {}
        self._same: set[int] = set()

    def find(self, table: Any, **key: Any) -> Any:
        """The row that has these values, None for none."""
        return self._rows(table, tuple(key)).get(tuple(key.values()))

    def put(self, table: Any, key: Mapping[str, Any], values: Mapping[str, Any]) -> Any:
        """The row of a key with these values: made, changed, or as it was."""
        rows = self._rows(table, tuple(key))
        row = rows.get(tuple(key.values()))
        if row is None:
            row = rows[tuple(key.values())] = self.make(table, {**key, **values})
        else:
            self.change(row, values)
        return row

    def make(self, table: Any, values: Mapping[str, Any]) -> Any:
        """A new row of these values."""
        row = table(**{n: _read(table, n, v) for n, v in values.items()})
        self.session.add(row)
        self.session.flush()
        self._changed[id(row)] = Changed(row, None, told(row))
        return row

    def change(self, row: Any, values: Mapping[str, Any]) -> bool:
        """Give a row these values; whether that changed it."""
        table = type(row)
        new = {n: _read(table, n, v) for n, v in values.items() if getattr(row, n) != _read(table, n, v)}
        if not new:
            self._same.add(id(row))
            return False
        first = self._changed.get(id(row), Changed(row, told(row), {}))
        for name, value in new.items():
            setattr(row, name, value)
        self._changed[id(row)] = Changed(row, first.before, told(row))
        return True

    def counts(self) -> dict[str, dict[str, int]]:
        """Table -> new, changed, same -> how many rows."""
        out: dict[str, Counter[str]] = {}
        for changed in self._changed.values():
            how = "new" if changed.before is None else "changed"
            out.setdefault(changed.row.__tablename__, Counter())[how] += 1
        same = [row for rows in self._known.values() for row in rows.values() if id(row) in self._same]
        for row in {id(row): row for row in same if id(row) not in self._changed}.values():
            out.setdefault(row.__tablename__, Counter())["same"] += 1
        return {name: dict(counts) for name, counts in out.items()}

    def changes(self) -> list[dict[str, Any]]:
        """What was written, as it is kept to be undone."""
        self.session.flush()
        return [
            {"table": c.row.__tablename__, "id": c.row.id, "before": c.before, "after": c.after}
            for c in self._changed.values()
        ]

    def _rows(self, table: Any, key: tuple[str, ...]) -> dict[tuple[Any, ...], Any]:
        if (table, key) not in self._known:
            rows = self.session.scalars(select(table))
            self._known[table, key] = {tuple(getattr(row, name) for name in key): row for row in rows}
        return self._known[table, key]


def undo(session: Session, changes: Sequence[Mapping[str, Any]]) -> None:
    """Make rows again what they were. Raises InputError when one was changed since, or is needed by now."""
    for change in reversed(changes):
        table = TABLES[change["table"]]
        row = session.get(table, change["id"])
        if row is None or told(row) != change["after"]:
            raise InputError(
                say("{what} 之后改过，不能撤销", "{what} was changed since, so this can't be undone",
                    what=_name_of(row, change["after"]))
            )  # fmt: skip
        if change["before"] is None:
            session.delete(row)
        else:
            for name, value in change["before"].items():
                setattr(row, name, _read(table, name, value))
        try:
            session.flush()
        except IntegrityError:
            raise InputError(
                say("{what} 已经用到（服务单、设备或出入库），不能撤销",
                    "{what} is used by now (by a case, a device or a move), so this can't be undone",
                    what=_name_of(None, change["after"]))
            ) from None  # fmt: skip


def _name_of(row: Any, after: Mapping[str, Any]) -> str:
    return str(after.get("serial") or after.get("number") or after.get("name") or getattr(row, "id", ""))


def _columns(table: Any) -> list[str]:
    return [c.name for c in table.__table__.columns if c.name != "id"]


def told(row: Any) -> dict[str, Any]:
    """A row as JSON holds it."""
    values = {name: getattr(row, name) for name in _columns(type(row))}
    return {name: v.isoformat() if isinstance(v, date) else v for name, v in values.items()}


def version_of(row: Any) -> str:
    """What a row says, in a few characters: whoever changes it has seen this."""
    said = json.dumps(told(row), ensure_ascii=False, sort_keys=True)
    return sha256(said.encode("utf8", "replace")).hexdigest()[:16]


def _read(table: Any, name: str, value: Any) -> Any:
    """A value as the column holds it: days come as ISO text."""
    kind = table.__table__.columns[name].type.python_type
    return date.fromisoformat(value) if kind is date and isinstance(value, str) else value
