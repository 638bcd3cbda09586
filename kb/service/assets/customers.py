"""This module is customers: their sites, contacts and contracts, and what follows from them for a case."""

import re
from collections.abc import Mapping
from datetime import date
from typing import Any, NamedTuple

from sqlalchemy import func, or_, select
from sqlalchemy.orm import Session

from kb.database import tables
from kb.database.connection import Store
from kb.errors import InputError, NotFoundError
from kb.language import say
from kb.model.casework import ContractKind
from kb.service.assets.ledger import Ledger
from kb.service.assets.table import Column, Entry, Wrong, choice
from kb.service.finding import reached, written
from kb.service.policy import Policy

MOST = 200
"""Rows of a list."""
DIGITS = 3
"""Of the shortest telephone number, as inside a house."""
COLUMNS = (
    Column("customer", ("客户", "客户名称", "单位", "用户单位", "公司", "customername", "company", "organisation",
                        "organization", "name")),
    Column("aliases", ("别名", "简称", "曾用名", "alias", "shortname"), "list"),
    Column("promises", ("服务承诺", "承诺", "服务级别", "promise", "sla")),
    Column("calendar", ("服务时间", "工作时间", "日历", "hours")),
    Column("note", ("备注", "说明", "notes", "remark"), "lines"),
    Column("site", ("地点", "站点", "机房", "网点", "location")),
    Column("city", ("城市", "地市", "town")),
    Column("address", ("地址", "详细地址")),
    Column("contact", ("联系人", "联系人姓名", "contactname", "person")),
    Column("phone", ("电话", "手机", "联系电话", "mobile", "telephone")),
    Column("mail", ("邮箱", "电子邮件", "email", "e-mail")),
    Column("wechat", ("微信", "微信号")),
    Column("qq", ("qq号",)),
    Column("contract", ("合同", "合同号", "合同编号", "contractnumber")),
    choice("kind", ("合同类型", "类型", "contracttype", "type"), "contract", ContractKind),
    Column("starts", ("合同开始", "开始", "起始日期", "start", "from"), "day"),
    Column("ends", ("合同结束", "结束", "到期", "到期日", "end", "until"), "day"),
)  # fmt: skip
"""What a table of customers may tell; a row tells of a customer, one site, one contact and one contract."""
NEEDED = ("customer",)
OF_CONTRACTS = ("kind", "starts", "ends")


class Whole(NamedTuple):
    """A customer with what belongs to it."""

    row: tables.Customer
    sites: list[tables.Site]
    contacts: list[tables.Contact]
    contracts: list[tables.Contract]


class Customers:
    """The customers of one database. Every method raises StoreError when it can't be used."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def all(self, text: str = "", most: int = MOST, skip: int = 0) -> list[tables.Customer]:
        """Customers by name; with a text those whose name or contact holds it."""
        row, contact = tables.Customer, tables.Contact
        statement = select(row).order_by(row.name).offset(skip).limit(most)
        if text := text.strip():
            named = select(contact.customer).where(contact.name.contains(text, autoescape=True))
            statement = statement.where(or_(row.name.contains(text, autoescape=True), row.id.in_(named)))
        with self._store.reading() as session:
            return list(session.scalars(statement))

    def find(self, name: str) -> Whole:
        """A customer by its id, its name, or another one. Raises NotFoundError."""
        with self._store.reading() as session:
            row = (
                session.get(tables.Customer, int(name))
                if name.isascii() and name.isdigit() and len(name) < 10
                else None
            )
            row = row or named(session, name)
            if row is None:
                raise NotFoundError(say("没有客户 {name}", "there is no customer {name}", name=name))
            return Whole(row, *(_of(session, t, row.id) for t in (tables.Site, tables.Contact, tables.Contract)))


def _of(session: Session, table: Any, customer: int) -> Any:
    return list(session.scalars(select(table).where(table.customer == customer).order_by(table.id)))


def named(session: Session, name: str) -> tables.Customer | None:
    """The customer of a name or of another name."""
    name = " ".join(name.split())
    row = session.scalar(select(tables.Customer).where(tables.Customer.name == name))
    if row is not None or not name:
        return row
    lowered = name.lower()
    for found in session.scalars(select(tables.Customer)):
        if lowered in (found.name.lower(), *(alias.lower() for alias in found.aliases)):
            return found
    return None


def customer_of(session: Session, name: str) -> tables.Customer:
    """The same. Raises InputError when there is none."""
    row = named(session, name)
    if row is None:
        raise InputError(say("没有客户“{name}”", "there is no customer '{name}'", name=name[:80]))
    return row


def caller(session: Session, text: str) -> tuple[tables.Contact, tables.Customer] | None:
    """Whose number or address stands in a text, when it is only one's."""
    ways = reached(text)
    if not ways:
        return None
    contact = tables.Contact
    statement = (
        select(contact, tables.Customer)
        .join(tables.Customer, tables.Customer.id == contact.customer)
        .where(or_(contact.phone.in_(ways), contact.mail.in_(ways)))
        .limit(2)
    )
    found = session.execute(statement).all()
    return (found[0][0], found[0][1]) if len(found) == 1 else None


def city_of(session: Session, customer: str, site: str) -> str:
    """The city of a site of a customer, "" when it is not known; of the only site, where none is named."""
    owner = named(session, customer)
    if owner is None:
        return ""
    rows = session.execute(select(tables.Site.name, tables.Site.city).where(tables.Site.customer == owner.id)).all()
    cities = {city for name, city in rows if not site or name == site}
    return cities.pop() if len(cities) == 1 else ""


def promised(session: Session, customer: tables.Customer, contract: int | None, day: date) -> dict[str, str]:
    """promises and calendar of a customer's case: by the device's contract, else the newest in force, else its own."""
    row = tables.Contract
    in_force = row.customer == customer.id
    in_force &= func.coalesce(row.starts, day) <= day
    in_force &= func.coalesce(row.ends, day) >= day
    found = session.scalars(select(row).where(in_force).order_by(row.starts.desc().nulls_last(), row.id.desc())).all()
    of_device = [c for c in found if c.id == contract]
    said = of_device or found
    return {
        name: value
        for name in ("promises", "calendar")
        if (value := next((v for c in said if (v := getattr(c, name))), "") or getattr(customer, name))
    }


class Writer:
    """Writes rows of a table of customers. policy: whose promises and calendars there are."""

    def __init__(self, ledger: Ledger, policy: Policy) -> None:
        self._ledger, self._policy = ledger, policy

    def write(self, entry: Entry) -> None:
        """Raises table.Wrong."""
        values = entry.values
        if "customer" not in values:
            raise Wrong(say("没有写客户", "no customer is named"))
        check_terms(values, self._policy)
        of_contract = "contract" in values
        if not of_contract and (lost := [n for n in OF_CONTRACTS if n in values]):
            raise Wrong(say("写了 {what}，没有写合同号", "{what} is given without a contract", what=", ".join(lost)))
        terms = _some(values, "promises", "calendar")
        own = _some(values, "aliases", "note") | ({} if of_contract else terms)
        customer = self._ledger.put(tables.Customer, {"name": values["customer"]}, own)
        if "site" in values:
            self._of(tables.Site, customer, "name", values["site"], _some(values, "city", "address"))
        elif "city" in values or "address" in values:
            raise Wrong(say("写了城市或地址，没有写地点", "a city or an address is given without a site"))
        if "contact" in values:
            self._of(tables.Contact, customer, "name", values["contact"], ways(values))
        elif "phone" in values or "mail" in values:
            raise Wrong(say("写了电话或邮箱，没有写联系人", "a telephone or mail is given without a contact"))
        if of_contract:
            told = _some(values, *OF_CONTRACTS) | terms
            check_dates(told)
            self._of(tables.Contract, customer, "number", values["contract"], told)

    def _of(self, table: Any, customer: tables.Customer, name: str, value: str, values: dict[str, Any]) -> None:
        self._ledger.put(table, {"customer": customer.id, name: value}, values)


def _some(values: Mapping[str, Any], *names: str) -> dict[str, Any]:
    return {name: values[name] for name in names if name in values}


def check_terms(values: Mapping[str, Any], policy: Policy) -> None:
    """Whether the promises and the calendar that are named are there. Raises Wrong."""
    for name, there_are in (("promises", policy.promises), ("calendar", policy.calendars)):
        if values.get(name) and values[name] not in there_are:
            raise Wrong(
                say("service.yml 里没有 {name} '{value}'（有：{known}）",
                    "service.yml has no {name} '{value}' ({known})",
                    name=name, value=values[name], known=", ".join(there_are))
            )  # fmt: skip


def check_dates(values: Mapping[str, Any]) -> None:
    """Whether a contract ends after it starts. Raises Wrong."""
    if values.get("starts") and values.get("ends") and values["ends"] < values["starts"]:
        raise Wrong(say("合同的结束在开始之前", "the contract ends before it starts"))


def ways(values: Mapping[str, Any]) -> dict[str, Any]:
    """How a contact is reached, in the one way of writing. Raises Wrong."""
    out = _some(values, "wechat", "qq")
    for name in ("phone", "mail"):
        if values.get(name):
            out[name] = written(values[name])
            if not (re.fullmatch(r"[^@\s]+@[^@\s]+", out[name]) if name == "mail" else len(out[name]) >= DIGITS):
                raise Wrong(
                    say("'{value}' 不是电话", "'{value}' is no telephone number", value=values[name])
                    if name == "phone"
                    else say("'{value}' 不是邮箱", "'{value}' is no mail address", value=values[name])
                )
    return out
