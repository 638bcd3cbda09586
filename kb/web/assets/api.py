"""This module is the JSON API of customers and devices, for programs that read them."""

from typing import Any, Literal

from pydantic import ConfigDict

from kb.desk import answers
from kb.desk.schemas import Answered, Given, Sent, told
from kb.service.assets.customers import Customers
from kb.service.assets.devices import Devices, as_told
from kb.service.assets.editing import FORMS
from kb.service.assets.ledger import version_of
from kb.web.assets.editing import editing, require_editor
from kb.web.assets.pages import today
from kb.web.cases.api import CASES, MOST, program, require_desk
from kb.web.cases.shared import cases
from kb.web.openapi import Api
from kb.web.views import store

blueprint = Api("api_assets", __name__)


class WantedDevices(Given):
    q: str = told("产品、名称、序列号里有它，或扫到的条码", "stands in product, name or serial; a barcode", "",
                  max_length=300, examples=["S5130"])  # fmt: skip
    ending: int = told("多少天内到期；0 为全部", "warranty or maintenance ends within days; 0: all", 0,
                       ge=0, le=3660)  # fmt: skip
    page: int = told("第几页", "which page", 1, ge=1, le=1000)


class Device(Answered):
    id: int
    product: str
    serial: str
    name: str
    customer: str
    site: str
    contract: str
    accepted: str | None
    warranty_until: str | None
    maintained_until: str | None
    versions: dict[str, str]
    state: str
    replaced_by: int | None
    note: str


class Changed(Sent):
    model_config = ConfigDict(
        json_schema_extra={
            "examples": [{"kind": "contacts", "customer": 1, "values": {"name": "王工", "phone": "13800138000"}}]
        }
    )
    kind: Literal[tuple(FORMS)] = told("改哪一种", "what is changed")  # type: ignore[valid-type]
    id: int = told("哪一行；0 为新增", "which row; 0 adds one", 0, ge=0, lt=2**31)
    customer: int = told("新增的地点、联系人、合同属于哪个客户", "the customer of a new site, contact or contract", 0,
                         ge=0, lt=2**31)  # fmt: skip
    seen: str = told("看过的版本；不再是它就不写；空为不问",
                     "the version that was seen; refused when it is another; empty: any",
                     "", max_length=32)  # fmt: skip
    values: dict[str, str] = told("写哪些项，空为清掉；没写的不动", "the fields; empty clears one, others stay",
                                  min_length=1, max_length=30)  # fmt: skip


class Kept(Answered):
    id: int
    version: str = told("现在的版本", "the version as it is now")
    change: int = told("撤销用的编号；0 为没有改动", "the number to take it back by; 0: nothing was changed")


class DeviceList(Answered):
    page: int
    devices: list[Device]


class WholeDevice(Answered):
    device: Device
    version: str = told("版本，改它时写上", "its version, told by who changes it")
    faults: int = told("质保期内的硬件故障", "faults that count towards a new device")
    new_one_due: bool = told("应换新机", "whether a new device is due")
    cases: list[str] = told("服务单号，新的在前", "numbers of its cases, the newest first")


class WantedCustomers(Given):
    q: str = told("名称或联系人里有它", "stands in the name or a contact", "", max_length=300, examples=["省厅"])
    page: int = told("第几页", "which page", 1, ge=1, le=1000)


class Customer(Answered):
    id: int
    name: str
    aliases: list[str]
    promises: str
    calendar: str
    note: str

    @classmethod
    def row(cls, row: Any) -> dict[str, Any]:
        return {name: getattr(row, name) for name in cls.model_fields}


class CustomerList(Answered):
    page: int
    customers: list[Customer]


class WholeCustomer(Answered):
    customer: Customer
    version: str = told("版本，改它时写上", "its version, told by who changes it")
    sites: list[dict[str, str]]
    contacts: list[dict[str, str]]
    contracts: list[dict[str, str]]


def _rows(rows: list[Any], *names: str) -> list[dict[str, str]]:
    return [
        {"id": str(row.id), "version": version_of(row), **{n: str(getattr(row, n) or "") for n in names}}
        for row in rows
    ]


@blueprint.operation("GET", "/api/v1/devices", CASES, ("设备", "Devices"), {200: DeviceList}, query=WantedDevices)
def devices_api(query: WantedDevices) -> dict[str, Any]:
    require_desk()
    register = Devices(store())
    if query.ending:
        found = register.ending(today(), query.ending) if query.page == 1 else []
    else:
        found = register.all(query.q, most=MOST, skip=MOST * (query.page - 1))
    return {"page": query.page, "devices": [as_told(known) for known in found]}


@blueprint.operation(
    "GET",
    "/api/v1/devices/<int:device>",
    CASES,
    ("一台设备：日期、版本、服务单、该不该换新机", "One device: its dates, versions, cases, whether a new one is due"),
    {200: WholeDevice, 404: answers.Error},
)
def device_api(device: int) -> dict[str, Any]:
    require_desk()
    register = Devices(store())
    known = register.find(str(device))
    due = register.due(known, cases().policy.devices)
    numbers = [case.number for case in register.history(known.row.id).cases]
    return {
        "device": as_told(known),
        "version": version_of(known.row),
        "faults": due.faults,
        "new_one_due": due.now,
        "cases": numbers,
    }


@blueprint.operation(
    "GET", "/api/v1/customers", CASES, ("客户", "Customers"), {200: CustomerList}, query=WantedCustomers
)
def customers_api(query: WantedCustomers) -> dict[str, Any]:
    require_desk()
    found = Customers(store()).all(query.q, MOST, MOST * (query.page - 1))
    return {"page": query.page, "customers": [Customer.row(row) for row in found]}


@blueprint.operation(
    "GET",
    "/api/v1/customers/<int:customer>",
    CASES,
    ("一个客户：地点、联系人、合同", "One customer: sites, contacts, contracts"),
    {200: WholeCustomer, 404: answers.Error},
)
def customer_api(customer: int) -> dict[str, Any]:
    require_desk()
    found = Customers(store()).find(str(customer))
    return {
        "customer": Customer.row(found.row),
        "version": version_of(found.row),
        "sites": _rows(found.sites, "name", "city", "address", "note"),
        "contacts": _rows(found.contacts, "name", "phone", "mail", "wechat", "qq"),
        "contracts": _rows(found.contracts, "number", "kind", "starts", "ends", "promises", "calendar"),
    }


@blueprint.operation(
    "POST",
    "/api/v1/assets",
    CASES,
    (
        "新增或修改一个客户、地点、联系人、合同、设备、备件或库房",
        "Add or change a customer, site, contact, contract, device, part or place",
    ),
    {200: Kept, 404: answers.Error, 409: answers.Error},
    body=Changed,
    scope="write",
)
def save_api(body: Changed) -> dict[str, Any]:
    require_desk()
    require_editor(body.kind)
    who = program().name
    saved = editing().save(body.kind, body.id, body.values, who, body.seen or None, body.customer)
    return {"id": saved.number, "version": saved.version, "change": saved.change}
