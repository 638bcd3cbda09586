"""Pages of rounds, guarded times, versions, updates and the month's report: by role, with what is wrong said beside."""

import re
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pyrage
import pytest
from flask.testing import FlaskClient
from test_case_pages import post
from test_permissions import cheap, people, signed_in, site  # noqa: F401 - fixtures

from kb.articles.markdown import tasks
from kb.database.connection import Store
from kb.indexer.build import build
from kb.people.accounts import People
from kb.service.assets.importing import Imports
from kb.service.policy import shipped
from kb.service.reckoning import working_time
from kb.settings import Settings, load
from kb.web import create_app

CUSTOMERS = (
    "客户,简称,地点,城市,联系人,邮箱,合同号,合同结束\n山东省厅,省厅,机房,德州,王工,w@example.com,HT-1,2099-12-31\n"
)
DEVICES = "产品,序列号,设备名称,客户,地点,版本\nS5130-28S,SN51300001,核心,省厅,机房,软件=7.1.070\n"
CHECKLIST = """---
id: KB-000900
kind: manual
title: 机房巡检表
---
## 环境
- [ ] 空调正常 {value: 温度}
- [ ] 门禁正常
## 版本
- [ ] 与登记相符 {version: 软件}
"""
UPDATE = """---
id: KB-000901
kind: manual
title: S5130 软件升级 7.1.075
product: [H3C S5130]
versions: ["软件 7.1.075"]
updated: 2026-11-01
---
## 升级
先备份配置。
"""
TODAY = datetime.now(shipped().zone).date()
MONTH = f"{TODAY:%Y-%m}"


@pytest.fixture(scope="module")
def base(tmp_path_factory: pytest.TempPathFactory) -> Settings:
    """A base of a checklist and an update."""
    folder = tmp_path_factory.mktemp("rounds")
    (folder / "articles").mkdir()
    for name, text in (("c.md", CHECKLIST), ("u.md", UPDATE)):
        (folder / "articles" / name).write_text(text, "utf8")
    settings = load({"workers": 1, "trade_words": False, "service": "on"}, folder)
    build(settings)
    return settings


@pytest.fixture
def settings(base: Settings, tmp_path: Path) -> Settings:
    found = replace(base, database=str(tmp_path / "guzhi.db"))
    for kind, text in (("customers", CUSTOMERS), ("devices", DEVICES)):
        Imports(Store(found.database), shipped()).write(kind, text.encode(), f"{kind}.csv", "李四")
    return found


@pytest.fixture
def client(settings: Settings) -> FlaskClient:
    return create_app(settings).test_client()


def plan(client: FlaskClient, **given: Any) -> Any:
    usual = {"kind": "round", "every": "3", "unit": "months", "starts": (TODAY - timedelta(days=10)).isoformat()}
    return post(client, "/rounds/plans", **{**usual, "customer": "省厅", "checklist": "KB-000900", **given})


def filled(client: FlaskClient, address: str, *results: str, **more: str) -> dict[str, str]:
    """The fields of a round's form, as they are on its page, each item with a result."""
    fields = dict(re.findall(r'name="(i\d+)" value="([^"]*)"', client.get(address).text))
    return {"items": str(len(fields)), **fields, **{f"r{n}": r for n, r in enumerate(results, 1)}, **more}


def test_checklists_are_tasks_of_markdown() -> None:
    """Boxes in code are none, what is within a list of another kind is."""
    assert tasks("# A\n\n1. [ ] eins\n\n```\n- [ ] nicht\n```\n- [x] **zwei** `x`\n") == [
        ("A", "eins"),
        ("A", "zwei x"),
    ]


def test_a_round_from_its_plan_to_its_case(client: FlaskClient) -> None:
    """Planned, listed as overdue, kept half done with its words, done; the bad item leads to its case."""
    assert plan(client, name="机房巡检").status_code == 303
    period = (TODAY - timedelta(days=10)).isoformat()
    here = f"/rounds/1/{period}"
    listed = client.get("/rounds").text
    assert here in listed
    assert "逾期" in listed
    assert "逾期 1" in client.get("/cases").text
    assert here in client.get("/customers/1").text
    half = post(client, here, **filled(client, here, "ok", v1="24", n1="有点吵"), action="save")
    assert half.status_code == 303
    assert 'value="有点吵"' in client.get(here).text
    refused = post(client, here, **filled(client, here, "ok", "bad"), action="done")
    assert refused.status_code == 422
    assert "还没有查" in refused.text
    done = post(client, here, **filled(client, here, "ok", "bad", "absent", n2="锁坏了"), action="done")
    assert done.status_code == 303
    page = client.get(here).text
    assert "/cases/" in page
    case = client.get("/cases/1", follow_redirects=True).text
    assert "门禁正常" in case
    assert "山东省厅" in case
    assert here in client.get("/rounds").text  # among those that are done
    post(client, here, **filled(client, here, "ok", "ok", "ok"), action="done")
    assert client.get("/cases/2", follow_redirects=True).status_code == 404


def test_a_skipped_round_says_why(client: FlaskClient) -> None:
    """Without a reason it is not skipped."""
    plan(client)
    here = f"/rounds/1/{TODAY - timedelta(days=10)}"
    assert post(client, here, action="skip", reason=" ").status_code == 422
    assert post(client, here, action="skip", reason="停业整修").status_code == 303
    assert "停业整修" in client.get("/rounds").text


def test_a_round_on_paper(client: FlaskClient) -> None:
    """Every item with boxes, and a place to sign."""
    plan(client)
    page = client.get(f"/rounds/1/{TODAY - timedelta(days=10)}/paper").text
    assert page.count("☐") == 9
    assert "客户签字" in page


def test_a_wrong_plan_keeps_its_words(client: FlaskClient) -> None:
    """The form says what is wrong, and is still filled in; there are no rounds of other days."""
    answer = plan(client, customer="没有的", name="我的巡检")
    assert answer.status_code == 422
    assert "没有客户" in answer.text
    assert "我的巡检" in answer.text
    plan(client)
    assert client.get("/rounds/1/2026-01-01").status_code == 404
    assert client.get("/rounds/9/2026-01-01").status_code == 404
    assert post(client, "/rounds/plans", give="1", owner="王芳").status_code == 303
    assert "王芳" in client.get("/rounds/plans").text
    post(client, "/rounds/plans", end="1")
    assert "为止" in client.get("/rounds/plans").text


def test_a_guarded_time_is_shown_where_people_look(client: FlaskClient) -> None:
    """On the desk, the page of duty, the customer's and the device's, with the hours at which too few are on duty."""
    start, end = f"{TODAY}T00:00", f"{TODAY + timedelta(days=3)}T00:00"
    assert post(client, "/guarded", name="两会", customer="省厅", start=end, end=start).status_code == 422
    assert post(client, "/guarded", name="两会", customer="省厅", start=start, end=end, people="2").status_code == 303
    for path in ("/cases", "/duty", "/customers/1", "/devices/1", "/rounds", "/guarded"):
        assert "两会" in client.get(path).text, path
    assert "没人值班" in client.get("/guarded").text
    post(client, "/guarded", remove="1")
    assert "两会" not in client.get("/cases").text


def test_the_census(client: FlaskClient) -> None:
    """Wanted versions, who is behind, one noted by a form; as a file, all of it."""
    assert post(client, "/census/wanted", product="S5130*", software="软件", version="7.1.075").status_code == 303
    assert "7.1.070 → <b>7.1.075" in client.get("/census").text
    assert post(client, "/census", device="没有的机器", version="1").status_code == 422
    assert post(client, "/census", device="SN51300001", software="软件", version="7.1.075").status_code == 303
    assert "7.1.070 →" not in client.get("/census?customer=省厅").text
    lines = client.get("/census.csv").text.splitlines()
    assert lines[1].split(",")[:8] == [
        "S5130-28S",
        "SN51300001",
        "核心",
        "山东省厅",
        "机房",
        "软件",
        "7.1.075",
        "7.1.075",
    ]
    assert client.get("/census?customer=没有的").status_code == 404


def test_an_update_says_whom_it_concerns(client: FlaskClient) -> None:
    """On the article's page, for staff; a window in working hours is refused, one that is proposed is taken."""
    assert "SN51300001" in client.get("/a/KB-000901", follow_redirects=True).text
    assert "涉及 1 台，1 个客户" in client.get("/updates").text
    page = client.get("/updates/KB-000901").text
    window = re.findall(r'name="window" value="([^"]+/[^"]+)"', page)[0]
    hours, ten = working_time(shipped(), shipped().close.calendar), datetime.now(shipped().zone).replace(hour=10)
    day = next(ten + timedelta(days=n) for n in range(2, 30) if hours.open_at(ten + timedelta(days=n))).date()
    wrong = post(client, "/updates/KB-000901", customer="山东省厅", start=f"{day}T10:00", end=f"{day}T12:00")
    assert wrong.status_code == 422
    assert "工作时间之外" in wrong.text
    assert post(client, "/updates/KB-000901", customer="山东省厅", window=window).status_code == 303
    assert "窗口" in client.get("/updates/KB-000901").text
    assert client.get("/updates/KB-000900").status_code == 404
    feed = client.get("/updates.xml")
    assert feed.mimetype == "application/atom+xml"
    assert "软件 7.1.075" in feed.text
    assert "SN51300001" not in feed.text


def test_the_month_on_a_page_and_as_a_file(client: FlaskClient) -> None:
    """Rounds done and due, who is behind, what is proposed; a month that is none is refused."""
    plan(client, name="机房巡检", starts=TODAY.replace(day=1).isoformat())
    post(client, "/census/wanted", product="S5130*", software="软件", version="7.1.075")
    page = client.get(f"/reports/1/{MONTH}").text
    for told in ("服务月报", "机房巡检", "7.1.070 → 7.1.075", "我们建议"):
        assert told in page, told
    rows = client.get(f"/reports/1/{MONTH}.csv").text
    assert "机房巡检" in rows
    assert f"/reports/1/{MONTH}" in client.get("/reports").text
    assert client.get(f"/reports?number=1&month={MONTH}").status_code == 303
    for path in ("/reports/1/2026-13", "/reports/1/x", "/reports/1/2026-1"):
        assert client.get(path).status_code in (400, 404, 422), path
    assert client.get(f"/reports/9/{MONTH}").status_code == 404


def test_the_file_is_encrypted_where_a_key_is_set(settings: Settings) -> None:
    """With age: whoever has the private key reads it, nobody else."""
    key = pyrage.x25519.Identity.generate()
    client = create_app(replace(settings, report_recipients=(str(key.to_public()),))).test_client()
    answer = client.get(f"/reports/1/{MONTH}.csv")
    assert answer.data.startswith(b"age-encryption.org/v1")
    assert "山东省厅" in pyrage.decrypt(answer.data, [key]).decode()
    assert ".csv.age" in answer.headers["Content-Disposition"]


def test_programs_read_and_do_rounds(client: FlaskClient) -> None:
    """By the API: what is due, one round with its items, done with a bad one, the census, the month."""
    plan(client, name="机房巡检")
    (row,) = client.get("/api/v1/rounds").get_json()["rounds"]
    assert (row["state"], row["customer"]) == ("overdue", "山东省厅")
    here = f"/api/v1/rounds/{row['plan']}/{row['period']}"
    checks = [{"item": t, "result": r} for t, r in (("空调正常", "bad"), ("门禁正常", "ok"), ("与登记相符", "ok"))]
    assert client.post(here, json={"action": "done", "checks": [{"item": "别的", "result": "ok"}]}).status_code == 400
    done = client.post(here, json={"action": "done", "checks": checks})
    assert done.get_json()["checks"][0]["case"]
    assert client.post(here, json={"action": "skip", "note": "再"}).status_code == 409
    assert client.get("/api/v1/rounds?settled=1").get_json()["rounds"][0]["state"] == "done"
    assert client.post("/api/v1/census", json={"device": "SN51300001", "versions": {"软件": "7.2"}}).status_code == 204
    assert client.get("/api/v1/census").get_json()["versions"][0]["version"] == "7.2"
    report = client.get(f"/api/v1/reports/1/{MONTH}").get_json()
    assert report["customer"] == "山东省厅"
    assert report["rounds"] or report["overdue"]


def test_who_may_plan_and_who_may_do(site: Settings, people: People, base: Settings, settings: Settings) -> None:  # noqa: F811
    """An agent does rounds and notes versions; plans, guarded times and reports are the lead's; a reader sees none."""
    app = create_app(replace(site, service="on"))
    agent, lead, reader = (signed_in(app, role) for role in ("agent", "lead", "reader"))
    assert agent.get("/rounds").status_code == 200
    assert agent.get("/census").status_code == 200
    assert reader.get("/rounds").status_code == 403
    for path in ("/rounds/plans", "/guarded", "/census/wanted"):
        assert post(agent, path, kind="round").status_code == 403, path
        assert post(lead, path, kind="round").status_code == 422, path
    assert agent.get("/reports").status_code == 403
    assert lead.get("/reports").status_code == 200
