"""Forms of customers, devices and parts, their API, and what a customer has of its own where it is used."""

import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from flask.testing import FlaskClient
from test_assets import fill
from test_case_pages import number_of, post, report
from test_permissions import cheap, people, signed_in, site  # noqa: F401 - fixtures

from kb.people.accounts import People
from kb.service.policy import shipped
from kb.settings import Settings
from kb.web import create_app

TAILORED = """
  省厅: {ask: [资产编号, 影响几个窗口], templates: {收到: "{contact}您好，专人跟进 {number}"}, checklist: [登记入场]}
"""


@pytest.fixture
def settings(sample_settings: Settings, tmp_path: Path) -> Settings:
    """The sample base with a service desk, and a service.yml in a folder of its own."""
    (tmp_path / "articles").symlink_to(sample_settings.articles)
    (tmp_path / "service.yml").write_text(shipped().text + TAILORED, "utf8")
    return replace(sample_settings, articles=tmp_path / "articles", database=str(tmp_path / "guzhi.db"), service="on")


@pytest.fixture
def client(settings: Settings) -> FlaskClient:
    fill(settings)
    return create_app(settings).test_client()


def field(page: str, name: str) -> str:
    found = re.search(rf'name="{name}" value="([^"]*)"', page)
    assert found, name
    return found[1]


def test_a_form_changes_a_row_and_shows_what_was_changed(client: FlaskClient) -> None:
    """It holds what is there; saved it leads to the card; the edit is listed and taken back."""
    page = client.get("/assets/devices/edit/1").text
    assert field(page, "warranty_until") == "2099-01-01"
    sent = {"seen": field(page, "seen"), "warranty_until": "2098-01-01", "versions": "固件=07.300"}
    answer = post(client, "/assets/devices/edit/1", action="save", **sent)
    assert answer.headers["Location"].endswith("/devices/1")
    assert "2098-01-01" in client.get("/devices/1").text
    listed = client.get("/assets/devices/edit/1").text
    assert "2099-01-01 → 2098-01-01" in listed
    post(client, "/assets/devices/edit/1", action="undo", change=field(listed, "change"))
    assert "2099-01-01" in client.get("/devices/1").text
    assert post(client, "/assets/devices/edit/1", action="undo", change=999).status_code == 404


def test_who_was_second_sees_what_the_first_wrote(client: FlaskClient) -> None:
    """All that he typed stands there, with what it says now; saved again it is his."""
    seen = field(client.get("/assets/customers/edit/1").text, "seen")
    post(client, "/assets/customers/edit/1", seen=seen, note="甲", name="山东省厅")
    answer = post(client, "/assets/customers/edit/1", seen=seen, note="乙", name="山东省厅")
    assert answer.status_code == 409
    assert "现在是：甲" in answer.text
    assert ">乙</textarea>" in answer.text
    again = field(answer.text, "seen")
    assert post(client, "/assets/customers/edit/1", seen=again, note="甲乙", name="山东省厅").status_code == 303
    assert "甲乙" in client.get("/customers/1").text


def test_new_rows_by_forms(client: FlaskClient) -> None:
    """A customer, its site, contact and contract, a device, a part, a store; what is wrong is said, typed is kept."""
    made = post(client, "/assets/customers/edit/0", name="市局", promises="telecom")
    customer = made.headers["Location"].rpartition("/")[2]
    rows: dict[str, dict[str, str]] = {
        "sites": {"name": "一楼", "city": "济宁"},
        "contacts": {"name": "周工", "mail": "zhou@example.com"},
        "contracts": {"number": "HT-7", "kind": "warranty", "ends": "2090-06-30"},
    }
    for kind, values in rows.items():
        assert "新增：" in client.get(f"/assets/{kind}/edit/0?of={customer}").text
        assert post(client, f"/assets/{kind}/edit/0", of=customer, **values).status_code == 303
    shown = client.get(f"/customers/{customer}").text
    for told in ("一楼", "周工", "HT-7", "2090-06-30", "telecom"):
        assert told in shown, told
    assert post(client, "/assets/devices/edit/0", product="X1", serial="SN-777", customer="市局").status_code == 303
    wrong = post(client, "/assets/devices/edit/0", product="X1", serial="sn777")
    assert wrong.status_code == 422
    assert field(wrong.text, "serial") == "sn777"
    assert post(client, "/assets/places/edit/0", name="烟台库", city="烟台", kind="other").status_code == 303
    assert post(client, "/assets/parts/edit/0", number="FAN-1", equals="RM1-8508").status_code == 303
    assert "烟台库" in client.get("/parts").text
    assert client.get("/assets/nothing/edit/1").status_code == 404


def test_who_may_change_what(site: Settings, people: People) -> None:  # noqa: F811
    """Agents keep contacts, sites and devices; what promises or counts is the leads'; readers see no form."""
    served = replace(site, service="on")
    fill(served)
    app = create_app(served)
    reader, agent, lead = (signed_in(app, role) for role in ("reader", "agent", "lead"))
    for kind, allowed in (("contacts", 200), ("devices", 200), ("customers", 403), ("contracts", 403), ("parts", 403)):
        assert agent.get(f"/assets/{kind}/edit/1").status_code == allowed, kind
        assert lead.get(f"/assets/{kind}/edit/1").status_code == 200, kind
        assert reader.get(f"/assets/{kind}/edit/1").status_code == 403, kind


def test_programs_change_rows_over_the_version_they_saw(client: FlaskClient) -> None:
    """Another version is refused; nothing given changes nothing; an unknown field is named."""
    known = client.get("/api/v1/devices/1").get_json()
    body = {"kind": "devices", "id": 1, "seen": known["version"], "values": {"note": "机柜 3"}}
    saved = client.post("/api/v1/assets", json=body)
    assert saved.status_code == 200, saved.text
    assert client.post("/api/v1/assets", json=body).status_code == 409
    assert client.get("/api/v1/devices/1").get_json()["device"]["note"] == "机柜 3"
    same = client.post("/api/v1/assets", json={**body, "seen": saved.get_json()["version"]}).get_json()
    assert same["change"] == 0
    wrong = client.post("/api/v1/assets", json={**body, "seen": "", "values": {"colour": "red"}})
    assert (wrong.status_code, "colour" in wrong.text) == (400, True)
    whole = client.get("/api/v1/customers/1").get_json()
    contact = whole["contacts"][0]
    sent = {"kind": "contacts", "id": int(contact["id"]), "seen": contact["version"], "values": {"phone": "5550199"}}
    assert client.post("/api/v1/assets", json=sent).status_code == 200
    assert client.get("/api/v1/customers/1").get_json()["contacts"][0]["phone"] == "5550199"


# --- what a customer has of its own --------------------------------------------------------------


def test_a_customer_is_asked_its_own_questions(client: FlaskClient) -> None:
    """By the form of customers, once it is known who reports; the answers stand in the report."""
    assert "资产编号" not in client.get("/report").text
    assert "资产编号" in client.get("/report?customer=山东省厅").text
    sent: dict[str, Any] = {"text": "打印机坏了", "contact": "王工", "customer": "省厅", "action": "report"}
    asked = post(client, "/report", **sent)
    assert asked.status_code == 422
    assert 'name="ask.资产编号"' in asked.text
    done = post(client, "/report", **sent, asked="省厅", **{"ask.资产编号": "A-77"})
    assert done.status_code == 303
    [number] = re.findall(r"\d\d-\d{5}-\d", client.get("/report/done").text)[:1]
    assert "资产编号：A-77" in client.get(f"/cases/{number}").text
    assert "影响几个窗口：" not in client.get(f"/cases/{number}").text


def test_the_quick_entry_asks_them_too(client: FlaskClient) -> None:
    """As soon as it is known who calls."""
    shown = post(client, "/cases/new", text="13800138000 打印机坏了", action="look").text
    assert 'name="ask.影响几个窗口"' in shown
    sent = {"text": "13800138000 打印机坏了", "action": "report", "channel": "phone", "ask.影响几个窗口": "三个"}
    number = number_of(post(client, "/cases/new", **{**sent, "customer": "山东省厅"}))
    assert "影响几个窗口：三个" in client.get(f"/cases/{number}").text


def test_replies_of_a_customer_in_the_composer(client: FlaskClient) -> None:
    """Its own and everybody's; one is put behind what was typed, with the case's facts."""
    number = report(client, customer="省厅", contact="王工 13800138000")
    page = client.get(f"/cases/{number}").text
    assert 'name="template" value="请试"' in page
    answer = post(client, f"/cases/{number}/do", template="收到", text="好的", action="reply")
    assert f"好的\n王工您好，专人跟进 {number}</textarea>" in answer.text
    other = report(client, customer="别人")
    assert "专人跟进" not in client.get(f"/cases/{other}").text


# --- parts ---------------------------------------------------------------------------------------


def test_a_part_is_moved_and_counted_on_its_page(client: FlaskClient) -> None:
    """Each move stands there with its reason; a count needs one; too many are refused with what was typed."""
    sent = {"part": "RM1-8508", "back": "part", "source": "济南库", "target": "德州库"}
    assert post(client, "/parts/move", action="move", key="m1", quantity=1, **sent).status_code == 303
    refused = post(client, "/parts/move", action="move", key="m2", quantity=9, **sent)
    assert refused.status_code == 422
    assert "济南库 只有 1 件" in refused.text
    assert 'value="9"' in refused.text
    count = {"part": "RM1-8508", "back": "part", "place": "济南库", "quantity": 4, "action": "count"}
    assert post(client, "/parts/move", **count).status_code == 422
    assert post(client, "/parts/move", **count, reason="年末盘点").status_code == 303
    page = client.get("/parts/1").text
    assert "年末盘点" in page
    assert "济南库 4" in page
    assert client.get("/parts/99").status_code == 404


def test_what_runs_low_and_what_equals_it(client: FlaskClient) -> None:
    """A list of its own; equal parts are seen from either, with where they lie."""
    post(client, "/assets/parts/edit/0", number="RM1-9999", name="定影器（改）", equals="RM1-8508", minimum="1")
    low = client.get("/parts?low=1").text
    assert "RM1-9999" in low
    assert "DISK-4T" not in low
    assert "RM1-9999" in client.get("/parts/1").text
    number = re.search(r'/parts/(\d+)" data-hit><b class="number">RM1-9999', client.get("/parts").text)
    assert number
    assert "济南库 2" in client.get(f"/parts/{number[1]}").text


def test_parts_are_paged(client: FlaskClient) -> None:
    """Fifty a page, by number."""
    for n in range(55):
        client.post("/api/v1/assets", json={"kind": "parts", "values": {"number": f"Z-{n:03}"}})
    first, second = client.get("/parts").text, client.get("/parts?page=2").text
    assert "Z-000" in first
    assert "Z-054" not in first
    assert "Z-054" in second


def test_programs_move_and_count_parts(client: FlaskClient) -> None:
    """Once by a key; a count needs its reason; what is not there is refused; a list says what lies where."""
    body = {"part": "DISK-4T", "source": "济南库", "target": "德州库", "key": "k1"}
    for _ in range(2):
        told = client.post("/api/v1/moves", json=body).get_json()
    assert {s["place"]: s["quantity"] for s in told["shelves"]} == {"济南库": 1, "德州库": 1}
    assert client.post("/api/v1/moves", json={**body, "quantity": 9, "key": ""}).status_code == 400
    count = {"part": "DISK-4T", "target": "济南库", "quantity": 0}
    assert client.post("/api/v1/moves", json=count).status_code == 400
    assert client.post("/api/v1/moves", json={**count, "reason": "盘点"}).status_code == 200
    [part] = client.get("/api/v1/parts?q=DISK").get_json()["parts"]
    assert [s["place"] for s in part["shelves"]] == ["德州库"]
    assert [p["number"] for p in client.get("/api/v1/parts?low=true").get_json()["parts"]] == []
