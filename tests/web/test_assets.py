"""Pages of customers, devices and parts: lists and cards, tables read in as seen, and what stands beside a case."""

import io
import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from flask.testing import FlaskClient
from test_case_pages import do, number_of, post, report, restored
from test_permissions import cheap, people, signed_in, site  # noqa: F401 - fixtures

from kb.database.connection import Store
from kb.people.accounts import People
from kb.service.assets.importing import Imports
from kb.service.assets.stock import Stock
from kb.service.policy import shipped
from kb.settings import Settings
from kb.web import create_app

CUSTOMERS = """客户,简称,服务承诺,地点,城市,联系人,电话,合同号,合同结束
山东省厅,省厅,telecom,机房,德州,王工,13800138000,HT-1,2099-12-31
"""
DEVICES = """产品,序列号,设备名称,客户,地点,终验日期,质保到期,版本
P3015,CNB9K01234,财务室打印机,省厅,机房,2024-01-01,2099-01-01,固件=07.250
"""
PARTS = """备件号,备件名称,存储介质,最低库存,库房,城市,数量
RM1-8508,定影器,否,3,济南库,济南,2
RM1-8508,,,,德州库,德州,1
DISK-4T,硬盘,是,,济南库,济南,2
"""
TABLES = {"customers": CUSTOMERS, "devices": DEVICES, "parts": PARTS}
DEVICE = "P3015 CNB9K01234"


@pytest.fixture
def settings(sample_settings: Settings, tmp_path: Path) -> Settings:
    return replace(sample_settings, database=str(tmp_path / "guzhi.db"), service="on")


@pytest.fixture
def client(settings: Settings) -> FlaskClient:
    return create_app(settings).test_client()


@pytest.fixture
def stocked(client: FlaskClient, settings: Settings) -> FlaskClient:
    fill(settings)
    return client


def fill(settings: Settings) -> None:
    for kind, text in TABLES.items():
        Imports(Store(settings.database), shipped()).write(kind, text.encode(), f"{kind}.csv", "李四")


def send(client: FlaskClient, kind: str, text: str, **fields: Any) -> Any:
    return post(client, f"/assets/{kind}", action="look", file=(io.BytesIO(text.encode()), f"{kind}.csv"), **fields)


def test_a_table_is_seen_then_written_then_taken_back(client: FlaskClient) -> None:
    """The page says what is new; nothing is there before it is written, and nothing after it was taken back."""
    seen = send(client, "customers", CUSTOMERS).text
    assert "客户：新增 1" in seen
    assert "山东省厅" not in client.get("/customers").text
    number = re.search(r'name="number" value="(\d+)"', seen)
    assert number
    assert post(client, "/assets/customers", action="write", number=number[1]).status_code == 303
    assert "山东省厅" in client.get("/customers?q=王工").text
    assert post(client, "/assets/customers", action="write", number=number[1]).status_code == 422
    assert post(client, "/assets/customers", action="undo", number=number[1]).status_code == 303
    assert "已撤销" in client.get("/assets/customers").text
    assert "山东省厅" not in client.get("/customers").text


def test_what_is_unclear_is_told_with_its_row(client: FlaskClient) -> None:
    """There is nothing to write then; what is no table is refused, and an unknown kind is no page."""
    seen = send(client, "devices", DEVICES).text
    assert "第 2 行：没有客户“省厅”" in seen
    assert 'value="write"' not in seen
    assert send(client, "parts", "x\n1\n").status_code == 422
    assert post(client, "/assets/parts", action="look").status_code == 422
    assert client.get("/assets/nothing").status_code == 404


def test_cards_and_lists(stocked: FlaskClient) -> None:
    """A customer with contacts, contracts and devices; a device with its dates; what ends; which part lies where."""
    customer = stocked.get("/customers/1").text
    for told in ("王工", "13800138000", "HT-1", "CNB9K01234", "telecom"):
        assert told in customer, told
    device = stocked.get("/devices/1").text
    for told in ("2099-01-01", "07.250", "财务室打印机", "存储介质"):
        assert told in device, told
    assert "CNB9K01234" in stocked.get("/devices?q=(S)CNB9K01234").text
    assert "CNB9K01234" not in stocked.get("/devices?ending=30").text
    parts = stocked.get("/parts").text
    assert "德州库 1" in parts
    for path in ("/customers/9", "/devices/9", "/devices/9/label"):
        assert stocked.get(path).status_code == 404, path


def test_a_label_leads_to_the_card(stocked: FlaskClient) -> None:
    """As a picture without anything active."""
    answer = stocked.get("/devices/1/label")
    assert answer.mimetype == "image/svg+xml"
    assert answer.text.startswith('<svg xmlns="http://www.w3.org/2000/svg"')
    assert "sandbox" in answer.headers["Content-Security-Policy"]


def test_the_search_box_finds_a_device(stocked: FlaskClient) -> None:
    """By its serial, above the articles."""
    assert '/devices/1"' in stocked.get("/search?q=CNB9K01234").text
    assert '/devices/1"' not in stocked.get("/search?q=打印机").text


def test_the_quick_entry_knows_the_device(stocked: FlaskClient) -> None:
    """A serial in the box fills in customer, site and device; a telephone number the contact, too."""
    shown = post(stocked, "/cases/new", text="13800138000 CNB9K01234 屏幕 49.4C02", action="look").text
    for name, value in (
        ("customer", "山东省厅"),
        ("site", "机房"),
        ("device", DEVICE),
        ("contact", "王工 13800138000"),
    ):
        assert re.search(rf'name="{name}" value="{value}"', shown), name
    number = number_of(post(stocked, "/cases/new", text="CNB9K01234 坏了", action="report", channel="phone"))
    page = stocked.get(f"/cases/{number}").text
    assert "财务室打印机" in page or "CNB9K01234" in page
    assert "telecom" in page


def test_the_card_of_a_device_on_a_case(stocked: FlaskClient) -> None:
    """Its dates and earlier cases; after the second hardware fault within the warranty a new one is due."""
    whole = {"restore__verification": "试了", "restore__cause": "hardware", "restore__handling": "onsite"}
    first = report(stocked, device=DEVICE)
    do(stocked, first, "reply", "收到")
    do(stocked, first, "restore", "换定影器", **whole)
    second = report(stocked, device=DEVICE)
    page = stocked.get(f"/cases/{second}").text
    assert f"/cases/{first}" in page
    assert "2099-01-01" in page
    assert "这次再是硬件，应换新机" in page
    do(stocked, second, "reply", "收到")
    do(stocked, second, "restore", "又换", **whole)
    for path in (f"/cases/{second}", "/devices/1"):
        assert "硬件故障第 2 次：应换新机" in stocked.get(path).text, path


def test_a_part_is_held_and_used(stocked: FlaskClient, settings: Settings) -> None:
    """From the case's page; it is off the shelf at once, and what is not there is refused in a sentence."""
    number = report(stocked, customer="省厅")
    sent = {"case": number, "part": "DISK-4T", "source": "济南库", "target": "case"}
    assert post(stocked, "/parts/move", key="a", **sent).status_code == 303
    assert post(stocked, "/parts/move", key="a", **sent).status_code == 303
    [shelf] = [s for s in Stock(Store(settings.database)).shelves() if s.part.number == "DISK-4T"]
    assert shelf.quantity == 1
    page = stocked.get(f"/cases/{number}").text
    assert "已占用" in page
    assert "留给客户" in page
    post(stocked, "/parts/move", key="b", **{**sent, "source": "case", "target": "customer"})
    assert "已用" in stocked.get(f"/cases/{number}").text
    post(stocked, "/parts/move", key="c", quantity=9, **sent)
    assert "济南库 只有 1 件" in stocked.get(f"/cases/{number}").text


def test_where_the_part_of_a_fix_is(stocked: FlaskClient, settings: Settings) -> None:
    """Beside the fix whose article names it, the store in the city of the site first; one is held by a button."""
    parts = "备件号,备件名称,库房,城市,数量\nLTO-7,LTO-7 磁带机（返修周转件）,济南库,济南,2\nLTO-7,,德州库,德州,1\n"
    Imports(Store(settings.database), shipped()).write("parts", parts.encode(), "p.csv", "李四")
    text = "NetBackup 作业频繁以状态 84（media write error）结束，清洗磁带机后依旧"
    number = report(stocked, text, customer="省厅", site="机房")
    page = stocked.get(f"/cases/{number}").text
    assert 'data-fix="KB-000125"' in page
    assert re.search(r"where-parts.*?德州库 1，济南库 2", page, re.DOTALL)
    assert "从德州库占用一件" in page


def test_who_sees_and_who_writes(site: Settings, people: People) -> None:  # noqa: F811
    """Agents and up see; leads read tables in; nobody else sees a customer, not in a search either."""
    served = replace(site, service="on")
    fill(served)
    app = create_app(served)
    reader, agent, lead = (signed_in(app, role) for role in ("reader", "agent", "lead"))
    paths = ("/customers", "/customers/1", "/devices", "/devices/1", "/devices/1/label", "/parts", "/api/v1/devices")
    for path in paths:
        assert reader.get(path).status_code == 403, path
        assert agent.get(path).status_code == 200, path
    assert "/devices/1" not in reader.get("/search?q=CNB9K01234").text
    assert agent.get("/assets/parts").status_code == 403
    assert lead.get("/assets/parts").status_code == 200


def test_a_site_without_a_desk_has_none_of_it(sample_settings: Settings, tmp_path: Path) -> None:
    """No page, no API."""
    off = replace(sample_settings, database=str(tmp_path / "guzhi.db"), service="off")
    client = create_app(off).test_client()
    for path in ("/customers", "/devices", "/parts", "/assets/parts", "/api/v1/devices", "/api/v1/customers/1"):
        assert client.get(path).status_code == 404, path


def test_programs_read_devices_and_customers(stocked: FlaskClient) -> None:
    """Lists and one of each, with what is due."""
    [device] = stocked.get("/api/v1/devices?q=CNB9K").get_json()["devices"]
    assert (device["serial"], device["warranty_until"], device["versions"]) == (
        "CNB9K01234",
        "2099-01-01",
        {"固件": "07.250"},
    )
    restored(stocked)
    whole = stocked.get(f"/api/v1/devices/{device['id']}").get_json()
    assert (whole["new_one_due"], whole["faults"], whole["cases"]) == (False, 0, [])
    assert stocked.get("/api/v1/devices?ending=30").get_json()["devices"] == []
    [customer] = stocked.get("/api/v1/customers?q=省厅").get_json()["customers"] or [None]
    assert customer is None or customer["name"] == "山东省厅"
    told = stocked.get("/api/v1/customers/1").get_json()
    assert told["contacts"][0]["phone"] == "13800138000"
    assert told["contracts"][0]["ends"] == "2099-12-31"
