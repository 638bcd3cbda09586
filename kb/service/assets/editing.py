"""This module edits one customer, site, contact, contract, device, part or place, over the version that was seen.

An edit is kept as an import of one row is: who, when, how the row was before and is after, so that it is taken back in
the same way. What is not given stays; what is given empty becomes empty.
"""

from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime
from typing import Any, NamedTuple

from sqlalchemy import select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from kb.database import tables
from kb.database.connection import Store
from kb.errors import ConflictError, InputError, NotFoundError
from kb.labels import label
from kb.language import say
from kb.service.assets import customers, devices, stock
from kb.service.assets.ledger import Ledger, told, version_of
from kb.service.assets.table import Column, Wrong, read_cell
from kb.service.policy import Policy

EDIT = "edit"
"""The kind of an import that is an edit by hand."""
SHOWN = 20
"""Edits of a row that are listed."""


class Form(NamedTuple):
    """What of a table is edited: its columns, by the names of the rows' values. needed: must not be empty.

    of: whether each belongs to a customer, and stays there.
    """

    table: Any
    columns: Mapping[str, Column]
    needed: tuple[str, ...]
    of: bool = False


def _form(table: Any, known: Sequence[Column], names: str, needed: str, of: bool = False) -> Form:
    """names: of values, or value=column where an import calls it otherwise."""
    by_key = {column.key: column for column in known}
    pairs = (name.split("=") for name in names.split())
    return Form(table, {pair[0]: by_key[pair[-1]] for pair in pairs}, tuple(needed.split()), of)


FORMS: dict[str, Form] = {
    "customers": _form(tables.Customer, customers.COLUMNS, "name=customer aliases promises calendar note", "name"),
    "sites": _form(tables.Site, customers.COLUMNS, "name=site city address note", "name", of=True),
    "contacts": _form(tables.Contact, customers.COLUMNS, "name=contact phone mail wechat qq", "name", of=True),
    "contracts": _form(
        tables.Contract, customers.COLUMNS, "number=contract kind starts ends promises calendar note", "number kind",
        of=True
    ),
    "devices": _form(
        tables.Device,
        devices.COLUMNS,
        "product serial name customer site contract accepted warranty_until maintained_until versions state note",
        "product serial state",
    ),
    "parts": _form(tables.Part, stock.COLUMNS, "number name products equals wear keep serialised minimum", "number"),
    "places": _form(tables.Place, stock.COLUMNS, "name=place city kind keeper phone", "name kind"),
}  # fmt: skip


class Shown(NamedTuple):
    """A row as a form shows it. number: 0 for a new one; values: by name, as text; version: of what is seen.

    customer: the row that it belongs to; owner: its name.
    """

    kind: str
    number: int
    values: dict[str, str]
    version: str
    customer: int = 0
    owner: str = ""

    @property
    def name(self) -> str:
        return _named(self.values)


class Saved(NamedTuple):
    """number: of the row; version: as it is now; change: the number by which it is taken back, 0 for no change."""

    number: int
    version: str
    change: int


class Editing:
    """Edits of the rows of one database. Every method raises StoreError when it can't be used."""

    def __init__(self, store: Store, policy: Policy) -> None:
        self._store, self._policy = store, policy

    def show(self, kind: str, number: int, customer: int = 0) -> Shown:
        """A row, or an empty form for a new one (number: 0) of a customer. Raises NotFoundError."""
        form = FORMS[kind]
        with self._store.reading() as session:
            if number:
                return _shown(session, kind, _row(session, form, number))
            owner = _row(session, FORMS["customers"], customer) if customer or form.of else None
            values = {name: _text(value) for name in form.columns if (value := _usual(form.table, name)) is not None}
            if owner is not None and kind == "devices":
                values["customer"] = owner.name
            empty = dict.fromkeys(form.columns, "")
            return Shown(kind, 0, {**empty, **values}, "", customer, owner.name if owner is not None else "")

    def save(
        self, kind: str, number: int, given: Mapping[str, str], by: str, seen: str | None = None, customer: int = 0
    ) -> Saved:
        """Write what is given of a row, or a new one (number: 0). seen: the version that was looked at, None for any.

        Raises InputError that names the field, NotFoundError, ConflictError when it is another by now.
        """
        form = FORMS[kind]
        with self._store.session() as session:
            row = _row(session, form, number, lock=True) if number else None
            if row is not None and seen is not None and seen != version_of(row):
                raise ConflictError(_changed_by(session, kind, number))
            ledger = Ledger(session)
            try:
                values = self._values(session, form, row, given, customer)
                row = _put(ledger, form, row, values)
            except Wrong as wrong:
                raise InputError(str(wrong)) from None
            changes = ledger.changes()
            kept = _keep(session, kind, row, by, changes) if changes else 0
            return Saved(row.id, version_of(row), kept)

    def find(self, kind: str, name: str, customer: int = 0) -> int:
        """The number of a row by what it is called, of a customer; 0 for none."""
        form = FORMS[kind]
        called = form.table.number if "number" in form.columns else form.table.name
        statement = select(form.table.id).where(called == " ".join(name.split()))
        if form.of:
            statement = statement.where(form.table.customer == customer)
        with self._store.reading() as session:
            return session.scalar(statement) or 0

    def changes(self, kind: str, number: int) -> list[tables.AssetImport]:
        """The edits of a row by hand, the newest first."""
        row = tables.AssetImport
        with self._store.reading() as session:
            found = session.scalars(select(row).where(row.about == f"{kind}:{number}").order_by(row.id.desc()))
            return list(found.fetchmany(SHOWN))

    def _values(
        self, session: Session, form: Form, row: Any, given: Mapping[str, str], customer: int
    ) -> dict[str, Any]:
        """What is given, as the row holds it. Raises Wrong, InputError, NotFoundError."""
        values = read(form, given)
        there = [n for n in form.needed if n not in values and (row is not None or _usual(form.table, n))]
        if missing := [form.columns[n].told for n in form.needed if not values.get(n) and n not in there]:
            raise Wrong(say("没有写{what}", "{what} is not given", what="、".join(missing)))
        known = told(row) if row is not None else {}
        if form.of and row is None:
            values["customer"] = _row(session, FORMS["customers"], customer).id
        if form.table in (tables.Customer, tables.Contract):
            customers.check_terms(values, self._policy)
        if form.table is tables.Customer and row is not None and values.get("name", row.name) != row.name:
            # Cases name their customer: by the former name they still find it.
            values["aliases"] = list(dict.fromkeys([*values.get("aliases", row.aliases), row.name]))
        if form.table is tables.Contract:
            customers.check_dates(known | values)
        if form.table is tables.Contact:
            values |= customers.ways(values)
        if form.table is tables.Device:
            values = _of_device(session, values, known)
            devices.check_dates(known | values)
        return values


def read(form: Form, given: Mapping[str, str]) -> dict[str, Any]:
    """What is given as text, read as an import reads it; what is empty is the column's own nothing. Raises Wrong."""
    if unknown := [name for name in given if name not in form.columns]:
        raise Wrong(
            say("没有名为 {name} 的项（可用：{known}）", "there is no field {name} ({known})",
                name=unknown[0], known=", ".join(form.columns))
        )  # fmt: skip
    return {
        name: _nothing(form.table, name) if (value := read_cell(form.columns[name], text)) is None else value
        for name, text in given.items()
    }


def field_named(kind: str, name: str) -> str:
    """The field of a form that is called by one of its column's names, or its own. Raises InputError."""
    form = FORMS[kind]
    for field, column in form.columns.items():
        if name == field or column.is_called(name):
            return field
    raise InputError(
        say("没有名为 {name} 的项（可用：{known}）", "there is no field {name} ({known})",
            name=name, known=", ".join(f"{column.called} {field}" for field, column in form.columns.items()))
    )  # fmt: skip


def before_and_after(change: tables.AssetImport) -> list[tuple[str, str, str]]:
    """(field, before, after) of what an edit changed, as text."""
    out = []
    for one in change.changes:
        columns = {name: column for form in FORMS.values() if form.table.__tablename__ == one["table"]
                   for name, column in form.columns.items()}  # fmt: skip
        before, after = one["before"] or {}, one["after"]
        differs = [n for n in after if n in columns and (before.get(n) or "") != (after[n] or "")]
        out += [(columns[n].called, _text(before.get(n)), _text(after[n])) for n in differs]
    return out


# --- inside a transaction ----------------------------------------------------------------------


def _row(session: Session, form: Form, number: int, lock: bool = False) -> Any:
    row = session.get(form.table, number, with_for_update=lock)
    if row is None:
        what = label("asset", form.table.__tablename__)
        raise NotFoundError(say("{what}里没有 {n}", "there is no {n} among {what}", what=what, n=number))
    return row


def _put(ledger: Ledger, form: Form, row: Any, values: Mapping[str, Any]) -> Any:
    """Raises Wrong when there is such a row already."""
    try:
        if row is None:
            return ledger.make(form.table, values)
        ledger.change(row, values)
        ledger.session.flush()
        return row
    except IntegrityError:
        name = values.get("serial") or values.get("number") or values.get("name")
        raise Wrong(say("已经有 {name}", "there is a {name} already", name=name)) from None


def _of_device(session: Session, values: dict[str, Any], known: Mapping[str, Any]) -> dict[str, Any]:
    """A device's values with the rows that customer, site and contract are called by. Raises Wrong."""
    values = dict(values)
    if "serial" in values:
        values["key"] = devices.checked_key(values["serial"])
    if "customer" in values:
        owner = customers.named(session, values["customer"]) if values["customer"] else None
        if values["customer"] and owner is None:
            raise Wrong(say("没有客户“{name}”", "there is no customer '{name}'", name=values["customer"]))
        values["customer"] = owner.id if owner is not None else None
    of = values.get("customer", known.get("customer"))
    moved = of != known.get("customer")
    for name, table, called in (
        ("site", tables.Site, tables.Site.name),
        ("contract", tables.Contract, tables.Contract.number),
    ):
        if name not in values and not moved:
            continue
        wanted = values.get(name, "")
        found = session.scalar(select(table.id).where(table.customer == of, called == wanted)) if wanted else None
        if wanted and found is None:
            raise Wrong(say("这个客户没有 {what} '{value}'", "the customer has no {what} '{value}'",
                            what=name, value=wanted))  # fmt: skip
        values[name] = found
    return values


def _keep(session: Session, kind: str, row: Any, by: str, changes: list[dict[str, Any]]) -> int:
    now = datetime.now(UTC)
    kept = tables.AssetImport(
        at=now, by=by, kind=EDIT, name=_named(told(row))[:300], content=None, changes=changes, written=now,
        about=f"{kind}:{row.id}"
    )  # fmt: skip
    session.add(kept)
    session.flush()
    return kept.id


def _changed_by(session: Session, kind: str, number: int) -> str:
    row = tables.AssetImport
    last = session.scalar(select(row).where(row.about == f"{kind}:{number}").order_by(row.id.desc()).limit(1))
    return say(
        "{who}刚改过；下面标出了现在的值，请看过再保存",
        "{who} has just changed it; what it says now is marked below: look at it, then save",
        who=last.by if last is not None else say("别人", "somebody"),
    )


def _shown(session: Session, kind: str, row: Any) -> Shown:
    form = FORMS[kind]
    values = {name: _text(getattr(row, name)) for name in form.columns}
    owner = session.get(tables.Customer, row.customer) if getattr(row, "customer", None) else None
    if kind == "devices":
        site = session.get(tables.Site, row.site) if row.site else None
        contract = session.get(tables.Contract, row.contract) if row.contract else None
        values["customer"] = owner.name if owner is not None else ""
        values["site"] = site.name if site is not None else ""
        values["contract"] = contract.number if contract is not None else ""
    of = owner.id if owner is not None else 0
    return Shown(kind, row.id, values, version_of(row), of, owner.name if owner is not None else "")


def _named(values: Mapping[str, Any]) -> str:
    return " ".join(str(v) for v in (values.get("product"), values.get("serial")) if v) or str(
        values.get("number") or values.get("name") or ""
    )


def _text(value: Any) -> str:
    """A value as one types it."""
    if isinstance(value, bool):
        return say("是", "yes") if value else say("否", "no")
    if isinstance(value, list):
        return "、".join(map(str, value))
    if isinstance(value, dict):
        return "、".join(f"{name}={version}" for name, version in value.items())
    return "" if value is None else value.isoformat() if isinstance(value, date) else str(value)


def _usual(table: Any, name: str) -> Any:
    """What a column holds unless it is said otherwise."""
    default = table.__table__.columns[name].default
    return default.arg if default is not None and not callable(default.arg) else None


def _nothing(table: Any, name: str) -> Any:
    """What a column holds when it is emptied."""
    column = table.__table__.columns[name]
    if column.default is None:
        return None if column.nullable else ""
    return column.default.arg(None) if callable(column.default.arg) else column.default.arg
