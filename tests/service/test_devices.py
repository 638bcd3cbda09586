"""Devices: each is one by product and serial, found by whatever was scanned; dates, faults, exchanges."""

from datetime import date
from typing import Any

import pytest
from sqlalchemy import select
from tablets import CUSTOMERS, DEVICES, POLICY, everything, write

from kb.database import tables
from kb.database.connection import Store
from kb.errors import InputError, NotFoundError
from kb.model.casework import Role
from kb.service.assets.devices import Devices, Due, due
from kb.service.cases import Author, Cases
from kb.service.policy import Replacing, parse

LI = Author("李四", Role.LEAD)
CORE = "210235A1QDH18C000123"
RESTORE = {"verification": "通了", "cause": "hardware", "handling": "onsite"}


@pytest.fixture
def devices(store: Store) -> Devices:
    everything(store)
    return Devices(store)


@pytest.fixture
def cases(devices: Devices, store: Store) -> Cases:
    return Cases(store, POLICY)


def report(cases: Cases, device: str = CORE, **given: Any) -> str:
    return cases.report("掉线", {"channel": "phone", "device": device, **given}, LI).now.number


def faulty(cases: Cases, device: str = CORE, cause: str = "hardware") -> str:
    number = report(cases, device)
    cases.add(number, "call", LI, "收到")
    cases.add(number, "restore", LI, "换电源", {**RESTORE, "cause": cause})
    return number


@pytest.mark.parametrize(
    "scanned",
    [
        CORE,
        CORE.lower(),
        "210235 A1QDH18C000123".replace(" ", "-"),
        f"S/N:{CORE}",
        f"序列号：{CORE}，前面板灯全灭",
        f"19{CORE}0001",
        f"[)>06S{CORE}",
        f"https://maker.example/q?sn={CORE}&pn=0235A1QD",
        f"（{CORE}）",
    ],
)
def test_the_makers_barcode_finds_the_device(devices: Devices, scanned: str) -> None:
    """The serial inside whatever a scanner, a label or a customer gives."""
    found = devices.in_text(scanned)
    assert found is not None
    assert (found.row.serial, found.customer, found.site, found.contract) == (CORE, "山东省厅", "机房", "HT-1")


def test_what_names_no_device_finds_none(devices: Devices) -> None:
    """Neither a part of a serial nor anything else."""
    for text in ("", "掉线", CORE[:-1], "S5130-28S", "交换机 000123", "x" * 5000):
        assert devices.in_text(text) is None, text
    with pytest.raises(NotFoundError):
        devices.find("nichts")


def test_the_same_serial_of_two_products(devices: Devices, store: Store) -> None:
    """They are two devices; the product beside it tells which."""
    write(store, "devices", f"型号,SN\nS6520,{CORE}\n")
    assert devices.in_text(CORE) is None
    found = devices.in_text(f"S6520 {CORE}")
    assert found is not None
    assert found.row.product == "S6520"


def test_a_device_of_another_customer_is_refused(devices: Devices, store: Store) -> None:
    """It is told whose it is, and as which device it is registered."""
    with pytest.raises(InputError, match=r"第 2 行：S5130-28S .*已登记在客户“山东省厅”名下（设备 1）"):
        write(store, "devices", f"产品,序列号,客户\nS5130-28S,{CORE.lower()},农商行\n")


def test_what_ends_soon(devices: Devices) -> None:
    """Of warranty and maintenance, the first to end first; what ended is not among them."""
    day = date(2026, 11, 29)
    assert [k.row.name for k in devices.ending(day, 30)] == ["备用交换机", "核心交换机"]
    assert [k.row.name for k in devices.ending(day, 15)] == ["备用交换机"]
    assert devices.ending(date(2027, 2, 1), 90) == []


def test_lists_are_searched(devices: Devices) -> None:
    """By product, name and any piece of a serial; of one customer."""
    assert len(devices.all("s5130")) == 2 or len(devices.all("S5130")) == 2
    assert [k.row.serial for k in devices.all("000124")] == ["210235A1QDH18C000124"]
    assert [k.row.serial for k in devices.all("存储")] == ["ME4SN0001"]
    assert [k.row.serial for k in devices.all(f"19{CORE}77")] == [CORE]
    owner = devices.find(CORE).row.customer or 0
    assert len(devices.all(customer=owner)) == 2


def test_a_case_knows_its_device(devices: Devices, cases: Cases) -> None:
    """By the report, or a later entry; the last one counts, and rows can be made anew from the log."""
    number = report(cases)
    assert [k.row.serial for k in devices.of_case(number)] == [CORE]
    assert cases.find(number).now.site == "机房"
    cases.add(number, "classify", LI, given={"device": "ME4SN0001"})
    assert [k.row.serial for k in devices.of_case(number)] == ["ME4SN0001"]
    cases.rebuild()
    assert [k.row.serial for k in devices.of_case(number)] == ["ME4SN0001"]
    assert cases.check() == []


def test_the_second_hardware_fault_claims_a_new_device(devices: Devices, cases: Cases) -> None:
    """Within the warranty, by the policy; other causes and cancelled cases do not count."""
    core = devices.find(CORE)
    assert devices.due(core, POLICY.devices) == Due(0, False, False)
    faulty(cases)
    faulty(cases, cause="software")
    assert devices.due(core, POLICY.devices) == Due(1, False, True)
    faulty(cases)
    assert devices.due(core, POLICY.devices) == Due(2, True, False)
    for _ in range(2):
        faulty(cases, "ME4SN0001")
    assert devices.due(devices.find("ME4SN0001"), POLICY.devices).now is False  # its warranty is over


@pytest.mark.parametrize(
    ("days", "rule", "now"),
    [
        ([date(2026, 1, 1), date(2026, 12, 31)], Replacing(2), True),
        ([date(2025, 12, 31), date(2026, 6, 1)], Replacing(2), False),  # before the acceptance
        ([date(2026, 6, 1), date(2027, 1, 1)], Replacing(2), False),  # after the warranty
        ([date(2026, 6, 1), date(2027, 1, 1)], Replacing(2, within="always"), True),
        ([date(2026, 6, 1)] * 2, Replacing(3), False),
        ([date(2026, 6, 1)] * 9, Replacing(), False),
    ],
)
def test_which_faults_count(days: list[date], rule: Replacing, now: bool) -> None:
    """Those from the acceptance to the last day of the warranty, both included."""
    device = tables.Device(accepted=date(2026, 1, 1), warranty_until=date(2026, 12, 31), state="in_use")
    assert due(device, [(day, "hardware", "") for day in days], rule).now is now


def exchange(cases: Cases, new: str = "210235A1QDH19C000999") -> str:
    number = report(cases)
    cases.add(number, "plan", LI, given={"of": "exchange"})
    cases.add(number, "exchange", LI, given={"old": CORE, "new": new})
    return number


def test_an_exchange_keeps_both_serials(devices: Devices, cases: Cases) -> None:
    """The new device stands where the old one stood, its warranty begins anew, and history follows both ways."""
    number = exchange(cases)
    old, new = devices.find(CORE), devices.find("210235A1QDH19C000999")
    assert (old.row.state, old.row.replaced_by) == ("replaced", new.row.id)
    assert (new.customer, new.site, new.contract, new.row.name) == ("山东省厅", "机房", "HT-1", "核心交换机")
    assert new.row.accepted is not None
    assert new.row.warranty_until is not None
    assert new.row.warranty_until - new.row.accepted == date(2099, 3, 1) - date(2024, 3, 1)
    later = report(cases, "210235A1QDH19C000999")
    for known in (old, new):
        assert [c.number for c in devices.history(known.row.id).cases] == [later, number]
    assert [k.row.serial for k in devices.history(new.row.id).before] == [CORE]
    assert [k.row.serial for k in devices.history(old.row.id).after] == ["210235A1QDH19C000999"]


def test_an_exchange_that_was_a_mistake(devices: Devices, cases: Cases) -> None:
    """Taken out of the log, the old device is in use again and the new one is spare."""
    number = exchange(cases)
    place = len(cases.find(number).log)
    cases.add(number, "correct", LI, given={"corrects": place, "void": True})
    assert devices.find(CORE).row.state == "in_use"
    assert devices.find("210235A1QDH19C000999").row.state == "spare"
    assert [k.row.serial for k in devices.of_case(number)] == [CORE]


def test_an_exchange_of_what_nobody_registered(devices: Devices, cases: Cases, store: Store) -> None:
    """Both serials stand in the log, as ever; no device is made of them."""
    number = report(cases)
    cases.add(number, "plan", LI, given={"of": "exchange"})
    cases.add(number, "exchange", LI, given={"old": "UNKNOWN77", "new": "NEW88888"})
    assert cases.find(number).log[-1].data == {"old": "UNKNOWN77", "new": "NEW88888"}
    with store.reading() as session:
        assert len(session.scalars(select(tables.Device)).all()) == 3


@pytest.mark.parametrize(
    ("line", "told"),
    [
        ("devices: {of: hardware}", "缺少 replace_after"),
        ("devices: {replace_after: 0}", "应为 1 到 100"),
        ("devices: {replace_after: 2, of: weather}", "不认识"),
        ("devices: {replace_after: 2, within: never}", "warranty, always"),
    ],
)
def test_the_rule_of_the_policy_is_checked(line: str, told: str) -> None:
    """Each mistake with its line."""
    text = "\n".join(line if old.startswith("devices:") else old for old in POLICY.text.splitlines())
    policy, problems = parse(text)
    assert policy is None
    assert told in problems[0].message
    assert text.splitlines()[problems[0].line - 1] == line


def test_customers_are_imported_first(store: Store) -> None:
    """A device without one is a device; dates turned round are not."""
    write(store, "customers", CUSTOMERS)
    write(store, "devices", "产品,序列号\nS5130,A12345\n")
    with pytest.raises(InputError, match="质保到期在终验之前"):
        write(store, "devices", DEVICES.replace("2024-03-01,2026-12-10", "2027-03-01,2026-12-10"))
