"""Customers: imported as seen, whole or not at all, undone as a whole; what they were promised reaches their cases."""

import io
from datetime import date

import pytest
from logs import at
from sqlalchemy import func, select
from tablets import CUSTOMERS, DEVICES, PARTS, POLICY, everything, imports, write
from xlsxwriter import Workbook

from kb.database import tables
from kb.database.connection import Store
from kb.errors import InputError, NotFoundError
from kb.model.casework import Role
from kb.service.assets.customers import Customers, city_of
from kb.service.cases import Author, Cases
from kb.service.clocks import clocks
from kb.service.policy import read, shipped

LI = Author("李四", Role.LEAD)


def rows(store: Store) -> dict[str, int]:
    every = (tables.Customer, tables.Site, tables.Contact, tables.Contract, tables.Device, tables.Part, tables.Place)
    with store.reading() as session:
        return {t.__tablename__: session.scalar(select(func.count()).select_from(t)) or 0 for t in every}


def test_an_import_is_seen_before_it_is_written(store: Store) -> None:
    """What is new is counted by kind and nothing is kept; written, it is what was seen; again, it is all the same."""
    seen = imports(store).look("customers", CUSTOMERS.encode(), "客户.csv", "李四")
    assert seen.counts == {
        "customers": {"new": 2},
        "sites": {"new": 3},
        "contacts": {"new": 3},
        "contracts": {"new": 1},
    }
    assert not seen.unclear
    assert not any(rows(store).values())
    assert write(store, "customers", CUSTOMERS).counts == seen.counts
    again = imports(store).look("customers", CUSTOMERS.replace("经十路1号", "经十路2号").encode(), "客户.csv", "李四")
    assert again.counts["sites"] == {"same": 2, "changed": 1}
    assert again.counts["customers"] == {"same": 2}


@pytest.mark.parametrize(
    ("kind", "text", "told"),
    [
        ("customers", CUSTOMERS.replace("telecom", "gold"), "第 2 行：service.yml 里没有 promises 'gold'"),
        ("customers", CUSTOMERS.replace("2099-12-31", "下个月"), "第 2 行：合同结束 (ends)：'下个月' 应为日期"),
        ("customers", CUSTOMERS.replace("13900139000", "没有"), "第 4 行：'没有' 不是电话"),
        ("customers", CUSTOMERS.replace("营业部,", ","), "第 4 行：写了城市或地址，没有写地点"),
        ("devices", DEVICES.replace("省厅,机房", "市局,机房"), "第 2 行：没有客户“市局”"),
        ("devices", DEVICES.replace("000124", "000123"), "第 3 行：S5130-28S 210235A1QDH18C000123 和第 2 行是同一台"),
        ("devices", DEVICES.replace("ME4SN0001", ""), "第 4 行：没有写序列号 (serial)"),
        ("parts", PARTS.replace(",5\n", ",五\n"), "第 5 行：数量 (quantity)：'五' 应为整数"),
    ],
)
def test_one_unclear_row_keeps_all_of_it_out(store: Store, kind: str, text: str, told: str) -> None:
    """The row and what would be right are told; nothing of the file is written."""
    if kind == "devices":
        write(store, "customers", CUSTOMERS)
    before = rows(store)
    assert any(told in sentence for sentence in imports(store).look(kind, text.encode(), "表.csv", "李四").unclear)
    with pytest.raises(InputError, match=r"第 . 行"):
        write(store, kind, text)
    assert rows(store) == before


def test_a_file_without_a_needed_column_is_refused(store: Store) -> None:
    """It is told which column is missing, and which there are."""
    with pytest.raises(InputError, match=r"缺少列 客户 \(customer\)；有：电话"):
        write(store, "customers", "电话\n138\n")
    with pytest.raises(InputError, match="序列号"):
        write(store, "devices", "Model\nS5130\n")


def test_a_workbook_with_english_names(store: Store) -> None:
    """Columns are known in both languages, and days as spreadsheets hold them."""
    held = io.BytesIO()
    book = Workbook(held)
    sheet = book.add_worksheet()
    days = book.add_format({"num_format": "yyyy-mm-dd"})
    sheet.write_row(0, 0, ["Customer name", "Contract number", "Until"])
    sheet.write_row(1, 0, ["Acme", "C-7"])
    sheet.write_datetime(1, 2, date(2030, 6, 30), days)
    book.close()
    imports(store).write("customers", held.getvalue(), "customers.xlsx", "Li")
    [contract] = Customers(store).find("Acme").contracts
    assert (contract.number, contract.ends) == ("C-7", date(2030, 6, 30))


def test_an_import_is_undone_as_a_whole(store: Store) -> None:
    """New rows go, changed ones are as before; what was changed or used since keeps all of it."""
    first = write(store, "customers", CUSTOMERS)
    second = write(store, "customers", CUSTOMERS.replace("经十路1号", "经十路2号"))
    with pytest.raises(InputError, match="之后改过"):
        imports(store).undo(first.id, "李四")
    imports(store).undo(second.id, "李四")
    assert Customers(store).find("省厅").sites[0].address == "经十路1号"
    with pytest.raises(NotFoundError):
        imports(store).undo(second.id, "李四")
    devices = write(store, "devices", DEVICES)
    with pytest.raises(InputError, match="已经用到"):
        imports(store).undo(first.id, "李四")
    assert rows(store)["customers"] == 2
    imports(store).undo(devices.id, "李四")
    imports(store).undo(first.id, "李四")
    assert not any(rows(store).values())


def test_a_kept_look_is_written_once(store: Store) -> None:
    """By its number, by whoever looks; then its file is gone."""
    seen = imports(store).look("customers", CUSTOMERS.encode(), "客户.csv", "李四", keep=True)
    assert rows(store)["customers"] == 0
    assert imports(store).write_kept(seen.id, "王五").counts == seen.counts
    with pytest.raises(NotFoundError):
        imports(store).write_kept(seen.id, "王五")
    assert [i.by for i in imports(store).all()] == ["王五"]


def test_a_contract_reaches_the_cases(store: Store) -> None:
    """Its promises hold where the report names none; a customer is known by another name, a telephone, a device."""
    everything(store)
    cases = Cases(store, POLICY)
    for given in ({"customer": "省厅"}, {"contact": "王工 13800138000"}, {"device": "210235A1QDH18C000123"}):
        case = cases.report("掉线", {"channel": "phone", **given}, LI)
        assert case.now.customer == "山东省厅"
        assert {c.name for c in cases.clocks(case)} == {"reply"}
    said = cases.report("掉线", {"channel": "phone", "customer": "省厅", "promises": "standard"}, LI)
    assert {c.name for c in cases.clocks(said)} == {"answer", "restore"}
    assert city_of_case(store, "山东省厅", "分中心") == "德州"


def city_of_case(store: Store, customer: str, site: str) -> str:
    with store.reading() as session:
        return city_of(session, customer, site)


def test_a_contract_that_ended_promises_nothing(store: Store) -> None:
    """Then everybody's promises hold."""
    write(store, "customers", CUSTOMERS.replace("2099-12-31", "2020-12-31"))
    cases = Cases(store, POLICY)
    case = cases.report("掉线", {"channel": "phone", "customer": "省厅"}, LI)
    assert {c.name for c in cases.clocks(case)} == {"answer", "restore"}


def test_a_customers_hours_count_in_place_of_ours(store: Store) -> None:
    """What is promised in working hours counts in theirs; what is promised around the clock does so still."""
    policy = read(shipped().text.replace("within: 4 h, time: always", "within: 4 h, time: office"))
    write(store, "customers", CUSTOMERS)
    cases = Cases(store, policy)
    friday = at("2026-10-30 17:00")  # a Friday, half an hour before the end of the day
    due = {}
    for customer in ("农商行", "别人"):
        log = cases.report("掉线", {"channel": "phone", "customer": customer}, LI, at=friday).log
        due[customer] = {c.name: c.due for c in clocks(log, policy)}
    assert due["农商行"]["restore"] == at("2026-10-30 21:00")
    assert due["别人"]["restore"] == at("2026-11-02 12:00")
    assert due["农商行"]["answer"] == due["别人"]["answer"] == at("2026-10-30 17:20")
