"""This module is the JSON API of customers and devices, for programs that read them."""

from typing import Any, Literal

from pydantic import ConfigDict

from kb.desk import answers
from kb.desk.schemas import Answered, Given, Sent, told
from kb.model.casework import Condition
from kb.service.assets.customers import Customers
from kb.service.assets.devices import Devices, as_told
from kb.service.assets.editing import FORMS
from kb.service.assets.ledger import version_of
from kb.service.assets.stock import Stock
from kb.web.assets.editing import editing, require_editor
from kb.web.assets.pages import today
from kb.web.cases.api import CASES, MOST, key_of, program, require_desk
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


class OnShelf(Answered):
    place: str
    city: str
    condition: str
    quantity: int


class Part(Answered):
    id: int
    number: str
    name: str
    products: list[str]
    equals: list[str]
    minimum: int
    wear: bool
    keep: bool = told("坏件留给客户", "stays with the customer when it breaks")
    serialised: bool
    shelves: list[OnShelf] = told("哪个库有几件", "which store has how many")


class PartList(Answered):
    page: int
    parts: list[Part]


class WantedParts(Given):
    q: str = told("备件号或名称里有它", "stands in number or name", "", max_length=300, examples=["电源"])
    low: bool = told("只要低于下限的", "those alone that run low", False)
    page: int = told("第几页", "which page", 1, ge=1, le=1000)


class Moved(Sent):
    model_config = ConfigDict(
        json_schema_extra={"examples": [{"part": "0231A0QN", "source": "vendor", "target": "济南库", "quantity": 2}]}
    )
    part: str = told("备件号", "number of the part", max_length=300, pattern=r"\S")
    quantity: int = told("几件", "how many", 1, ge=0, le=1_000_000)
    source: str = told(
        "从哪里；库房，或 vendor、case ……；空为盘点",
        "from where: a place, vendor, case ...; empty: a count",
        "",
        max_length=300,
    )
    target: str = told("到哪里；盘点写在哪里", "to where; of a count, where", max_length=300, pattern=r"\S")
    condition: Literal[tuple(c.value for c in Condition)] = told("成色", "condition", "new")  # type: ignore[valid-type]
    case: str = told("服务单号", "number of the case", "", max_length=24)
    serial: str = told("序列号", "serial", "", max_length=300)
    permit: str = told("谁书面许可用非全新件", "who permitted a part that is not new", "", max_length=300)
    reason: str = told("为什么；盘点必写", "why; a count needs it", "", max_length=1000)
    anyway: bool = told("账上不够也移", "although there are too few", False)
    key: str = told("同样的键只记一次", "the same key is taken once", "", max_length=100)


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


@blueprint.operation("GET", "/api/v1/parts", CASES, ("备件，与哪个库有几件", "Parts, and which store has how many"),
                     {200: PartList}, query=WantedParts)  # fmt: skip
def parts_api(query: WantedParts) -> dict[str, Any]:
    require_desk()
    stock, skip = Stock(store()), MOST * (query.page - 1)
    low = [part for part, _ in stock.below()][skip : skip + MOST] if query.low else []
    found = low if query.low else stock.parts(query.q, MOST, skip)
    return {"page": query.page, "parts": _parts(stock, found)}


def _parts(stock: Stock, found: list[Any]) -> list[dict[str, Any]]:
    shelves = stock.shelves([part.id for part in found])
    own = [name for name in Part.model_fields if name != "shelves"]
    return [
        {
            **{name: getattr(part, name) for name in own},
            "shelves": [
                {"place": s.place.name, "city": s.place.city, "condition": s.condition, "quantity": s.quantity}
                for s in shelves
                if s.part.id == part.id
            ],
        }
        for part in found
    ]


@blueprint.operation(
    "POST",
    "/api/v1/moves",
    CASES,
    ("移动备件；没有 source 就是盘点", "Move parts; without a source it is a count"),
    {200: Part, 404: answers.Error},
    body=Moved,
    scope="write",
)
def move_api(body: Moved) -> dict[str, Any]:
    require_desk()
    stock, who = Stock(store()), program().name
    if not body.source:
        stock.count(body.part, body.target, body.quantity, who, body.reason, body.condition)
    else:
        case = cases().find(body.case).now.number if body.case else ""
        stock.move(body.part, body.quantity, body.source, body.target, who, body.condition, case, body.serial,
                   body.permit, body.reason, key_of(body.key), body.anyway)  # fmt: skip
    return _parts(stock, [stock.find(body.part)])[0]
