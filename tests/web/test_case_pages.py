"""The desk of cases: lists, the quick entry, one case with its one form, its article, files, search, the API."""

import io
import re
import shutil
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from conftest import ARTICLES
from flask.testing import FlaskClient
from test_permissions import cheap, people, signed_in, site  # noqa: F401 - fixtures

from kb.database.activity import Feedback
from kb.database.connection import Store
from kb.indexer.build import build
from kb.model.casework import EventKind, Role
from kb.people.accounts import People
from kb.service import cases as service
from kb.service.cases import Author, Cases, Filter
from kb.settings import Settings, load
from kb.web import create_app

WANG = Author("王五", Role.AGENT)
FAULT = "HP P3015 打印机屏幕一直是 49.4C02 ERROR，关了再开还是"
ANSWER = "KB-000012"
RESTORE = {"restore__verification": "试打十页", "restore__cause": "software", "restore__handling": "remote"}


@pytest.fixture
def settings(sample_settings: Settings, tmp_path: Path) -> Settings:
    """The sample base with a service desk; its articles are not written to."""
    return replace(sample_settings, database=str(tmp_path / "guzhi.db"), service="on")


@pytest.fixture
def client(settings: Settings) -> FlaskClient:
    return create_app(settings).test_client()


@pytest.fixture
def cases(settings: Settings) -> Cases:
    return service.opened(settings)


def post(client: FlaskClient, path: str, /, **fields: Any) -> Any:
    """A form of this site, with the name of who writes."""
    found = re.search(r'name="token" value="([^"]+)"', client.get("/cases/new").text)
    assert found
    return client.post(path, data={"token": found[1], "editor": "李四", **fields}, content_type="multipart/form-data")


def number_of(answer: Any) -> str:
    assert answer.status_code == 303, answer.text
    found = re.search(r"/cases/([\d-]+)", answer.headers["Location"])
    assert found
    return found[1]


def report(client: FlaskClient, text: str = FAULT, **fields: Any) -> str:
    return number_of(post(client, "/cases/new", text=text, action="report", **{"channel": "phone", **fields}))


def do(client: FlaskClient, number: str, action: str, text: str = "", **fields: Any) -> Any:
    """The composer: a field of an action is called by both, as wait__until."""
    given = {name.replace("__", "."): value for name, value in fields.items()}
    return post(client, f"/cases/{number}/do", action=action, text=text, **given)


def restored(client: FlaskClient) -> str:
    number = report(client)
    do(client, number, "reply", "收到")
    assert do(client, number, "restore", "换成 PCL 6 驱动", **RESTORE).status_code == 303
    return number


def kinds(cases: Cases, number: str) -> list[str]:
    return [str(e.kind) for e in cases.find(number).log]


def soon(hours: float = 2) -> str:
    return f"{datetime.now().astimezone() + timedelta(hours=hours):%Y-%m-%dT%H:%M%z}"


# --- who sees it -------------------------------------------------------------------------------


def test_a_site_without_a_desk_has_none_of_it(sample_settings: Settings, tmp_path: Path) -> None:
    """No link, no page, no API."""
    off = replace(sample_settings, database=str(tmp_path / "guzhi.db"), service="off")
    client = create_app(off).test_client()
    assert "/cases" not in client.get("/").text
    for path in ("/cases", "/cases/new", "/cases/1", "/api/v1/cases", "/api/v1/cases/1"):
        assert client.get(path).status_code == 404, path


def test_contacts_are_for_agents_and_up(site: Settings, people: People) -> None:  # noqa: F811
    """A reader sees neither the desk nor a case, not in a search either; an agent sees all of it."""
    app = create_app(replace(site, service="on"))
    agent, reader = signed_in(app, "agent"), signed_in(app, "reader")
    number = report(agent, "王工 13800138000 " + FAULT)
    for path in ("/cases", f"/cases/{number}", f"/cases/{number}/files/{'0' * 64}", f"/api/v1/cases/{number}"):
        assert reader.get(path).status_code == 403, path
    for path in (f"/search?q={number}", "/search?q=P3015+打印机", "/", f"/a/{ANSWER}"):
        page = reader.get(path, follow_redirects=True)
        assert page.status_code == 200
        assert number not in page.text.replace(f'value="{number}"', "").replace(f"q={number}", "") or path[8:10] == "q="
        assert "13800138000" not in page.text
        assert "/cases" not in page.text
    assert agent.get(f"/search?q={number}").headers["Location"].endswith(f"/cases/{number}")
    assert "服务单" in agent.get("/search?q=P3015+打印机").text
    assert "13800138000" in agent.get(f"/cases/{number}").text
    assert agent.post(f"/cases/{number}/do", data={"action": "note", "text": "x"}).status_code == 400  # no token


def test_what_staff_find_is_shown_to_nobody_else(site: Settings, people: People) -> None:  # noqa: F811
    """The same search of others is answered from memory, without the cases and devices that staff find by it; who may
    see them finds new ones at once.
    """
    app = create_app(replace(site, service="on"))
    agent, reader = signed_in(app, "agent"), signed_in(app, "reader")
    for asked in ({}, {"headers": {"X-Part": "1"}}):
        number = report(agent, "HP P3015 打印机，王工 13800138000")
        assert number in agent.get("/search?q=P3015+打印机", **asked).text
        page = reader.get("/search?q=P3015+打印机", **asked).text
        assert ANSWER in page
        assert number not in page
        assert "王工" not in page


def test_only_a_lead_waives_a_step(site: Settings, people: People) -> None:  # noqa: F811
    """A step that the policy wants first is refused to an agent, and waived by a lead with a reason."""
    app = create_app(replace(site, service="on"))
    agent, lead = signed_in(app, "agent"), signed_in(app, "lead")
    number = report(agent, urgency="high", impact="wide")
    refused = do(agent, number, "apply", "换驱动", apply__undo="装回")
    assert refused.status_code == 422
    assert "waived" in refused.text
    assert "换驱动" in refused.text
    assert 'name="apply.waived"' not in refused.text
    assert do(lead, number, "apply", "换驱动", apply__undo="装回", apply__waived="客户同意").status_code == 303
    tested = report(agent, urgency="high", impact="wide")
    assert do(agent, tested, "test", "不再报错", test__where="备机").status_code == 303
    assert do(agent, tested, "apply", "换驱动", apply__undo="装回").status_code == 303


# --- the desk ----------------------------------------------------------------------------------


def test_views_list_what_is_to_be_done(client: FlaskClient, cases: Cases) -> None:
    """Each case stands in the lists it belongs to, with its most urgent clock; pages and counts tell the rest."""
    mine = report(client, owner="李四")
    nobodys = report(client, "交换机掉线", owner="", urgency="high")
    waiting = report(client, "等待的一单")
    do(client, waiting, "reply", "收到")
    do(client, waiting, "wait", "请重启", wait__for="customer", wait__until=soon())
    late = cases.report("昨天的一单", {"channel": "mail"}, WANG, datetime.now(UTC) - timedelta(days=1)).now.number
    done = restored(client)
    urgent = report(client, "全厂停了")
    do(client, urgent, "escalate", "全厂", escalate__leader="赵六", escalate__group="应急组")
    expected = {
        "mine": {mine},
        "unassigned": {nobodys, waiting, late, done, urgent},
        "waiting": {waiting},
        "soon": {mine, nobodys, late, urgent},
        "emergencies": {urgent},
        "unwritten": {done},
        "open": {mine, nobodys, waiting, late, done, urgent},
        "closed": set(),
    }
    for view, numbers in expected.items():
        page = client.get(f"/cases?view={view}").text
        assert set(re.findall(r'class="number">([\d-]+)<', page)) == numbers, view
        told = re.search(rf'view={view}"[^>]*>[^<]*<b>(\d+)</b>', page)
        assert view == "closed" or (told and int(told[1]) == len(numbers)), view
    assert "超时" in client.get("/cases?view=soon").text
    assert client.get("/cases").text.count('role="row"') == 2  # mine comes first, for who has a name


def test_a_number_leads_to_its_case(client: FlaskClient) -> None:
    """137, 26-00137 and the whole number lead there, on the desk, in an address and in the one box."""
    number = report(client)
    year, counter, digit = number.split("-")
    for written in (number, f"{year}-{counter}", str(int(counter)), f"{year}{counter}{digit}"):
        assert client.get(f"/cases?q={written}").headers["Location"].endswith(f"/cases/{number}"), written
        shown = client.get(f"/cases/{written}", follow_redirects=True)
        assert shown.request.path == f"/cases/{number}"
    assert client.get(f"/search?q={number}").headers["Location"].endswith(f"/cases/{number}")
    wrong = client.get(f"/cases/{year}-{counter}-{(int(digit) + 1) % 10}")
    assert wrong.status_code == 400
    assert "校验位" in wrong.text
    assert client.get("/cases/99999").status_code == 404


def test_words_find_cases_in_the_same_box(client: FlaskClient, cases: Cases) -> None:
    """What happened to a case finds it at once: report, diagnosis, contact, however a telephone number is written."""
    number = report(client, "扫描仪 TWAIN 驱动装不上", contact="孙工 138 0013 8000", customer="档案馆")
    do(client, number, "diagnose", "签名校验没通过", diagnose__looked="设备管理器")
    for text in ("TWAIN 驱动", "档案馆", "签名校验", "13800138000", "138-0013-8000", "设备管理器"):
        assert [c.number for c in cases.holding(text)] == [number], text
    assert cases.holding("TWAIN 打印机 彩虹") == []
    page = client.get("/search?q=TWAIN+驱动").text
    assert number in page
    assert "扫描仪" in client.get("/cases?q=签名校验").text
    assert cases.rebuild() == 0
    assert [c.number for c in cases.holding("签名校验")] == [number]


# --- the quick entry ---------------------------------------------------------------------------


def test_a_telephone_number_finds_who_calls(client: FlaskClient, cases: Cases) -> None:
    """The number is taken out of the report, the contact and customer of their last case are filled in."""
    report(client, "旧的一单", contact="王工 13800138000", customer="省厅", site="三楼")
    looked = post(client, "/cases/new", text=f"13800138000 {FAULT}", action="look").text
    assert 'value="王工 13800138000"' in looked
    assert 'value="省厅"' in looked
    assert ANSWER in looked
    number = report(client, f"138-0013-8000，{FAULT}")
    found = cases.find(number)
    assert (found.now.contact, found.now.customer, found.now.site) == ("王工 13800138000", "省厅", "三楼")
    assert found.log[0].text == FAULT
    serial = report(client, "CNB1234567 卡纸", contact="刘工", customer="市局")
    assert cases.find(report(client, "又卡纸了，序列号 CNB1234567")).now.contact == "刘工"
    assert cases.find(serial).log[0].text == "CNB1234567 卡纸"
    assert cases.find(report(client, "新人 13911112222 打不开")).now.contact == "13911112222"


def test_area_and_cause_are_proposed_with_their_share(client: FlaskClient, cases: Cases) -> None:
    """They are filled in when they are sure enough; what somebody chose stays."""
    looked = post(client, "/cases/new", text=FAULT, action="look").text
    assert re.search(r"像是 \d+%", looked)
    assert '<option value="printer" selected>' in looked
    assert "相似的文章多为" in looked
    chosen = post(client, "/cases/new", text=FAULT, action="look", area="network").text
    assert '<option value="network" selected>' in chosen
    assert post(client, "/cases/new", text=FAULT, action="report", channel="pigeon").status_code == 422


WIDE = "全楼都上不了网，停产了，交换机 S5130 端口灯全灭"


def test_urgency_and_impact_are_proposed_and_taken_by_hand(client: FlaskClient, cases: Cases) -> None:
    """The words that tell them stand beside; nothing is set before it is taken, with the priority that follows."""
    looked = post(client, "/cases/new", text=WIDE, action="look").text
    assert re.search(r'value="impact=wide"[^>]*>采用：全体 70%\s*<small>原话“全楼”', looked)
    assert '<option value="normal" selected>' in looked
    assert "照提议，优先级为 P1" in looked
    number = report(client, WIDE, urgency="normal", impact="one")
    assert cases.find(number).now.priority == "P3"
    taken = post(client, "/cases/new", text=WIDE, take="impact=wide", urgency="normal", impact="one").text
    assert '<option value="wide" selected>' in taken
    assert 'value="impact=wide" class="take"' not in taken


def test_what_nobody_classified_is_proposed_on_its_case(client: FlaskClient, cases: Cases) -> None:
    """Of a case by a form or a program each proposal is one button, an entry of who took it; then it is gone."""
    number = cases.report(WIDE, {"channel": "form"}, Author("王工", Role.CUSTOMER)).now.number
    page = client.get(f"/cases/{number}").text
    offered = re.findall(r'name="take" value="(\w+)=(\w+)"', page)
    assert ("urgency", "high") in offered
    assert ("impact", "wide") in offered
    for field, value in offered:
        assert post(client, f"/cases/{number}/do", take=f"{field}={value}").status_code == 303
    found = cases.find(number)
    assert (found.now.urgency, found.now.impact, found.now.priority) == ("high", "wide", "P1")
    assert {e.by for e in found.log if e.kind == EventKind.CLASSIFIED} == {"李四"}
    assert 'name="take"' not in client.get(f"/cases/{number}").text
    assert post(client, f"/cases/{number}/do", take="score=5").status_code == 422


def test_numbers_are_completed_for_staff_alone(client: FlaskClient, cases: Cases) -> None:
    """The beginning of a number, or a short form of it, leads to its case from the search box."""
    number = report(client)
    for typed in (number, number[:5], "１", number[:8]):
        found = client.get("/api/v1/complete", query_string={"q": typed}).get_json()["completions"]
        cases_of = [(c["id"], c["address"]) for c in found if c["kind"] == "case"]
        assert cases_of == ([] if typed == "１" else [(number, f"/cases/{number}")]), typed
    elsewhere = client.get("/api/v1/complete", query_string={"q": number}, environ_base={"REMOTE_ADDR": "10.0.0.9"})
    assert [c for c in elsewhere.get_json()["completions"] if c["kind"] == "case"] == []
    assert client.get("/opensearch/suggestions", query_string={"q": number}).get_json(force=True)[1] == []


@pytest.mark.parametrize("channel", ["phone", "mail", "form", "chat", "fax", "sms", "wechat", "qq"])
def test_s1_reports_come_by_eight_channels(client: FlaskClient, cases: Cases, channel: str) -> None:
    """Each is taken by the one box, and recorded."""
    assert cases.find(report(client, channel=channel)).now.channel == channel


def test_a_second_click_makes_no_second_case(client: FlaskClient, cases: Cases) -> None:
    """The same form gives the same case."""
    assert report(client, key="abc") == report(client, key="abc")
    assert len(cases.all()) == 1


def test_the_same_fault_is_joined_at_once(client: FlaskClient, cases: Cases) -> None:
    """A case like it is offered beside the box; what was said then is one more entry of that case."""
    first = report(client)
    looked = post(client, "/cases/new", text="三楼 P3015 又是 49.4C02 ERROR", action="look").text
    assert f'value="join {first}"' in looked
    joined = post(client, "/cases/new", text="三楼 P3015 又是 49.4C02 ERROR", action=f"join {first}")
    assert number_of(joined) == first
    assert kinds(cases, first) == ["reported", "message_in"]


# --- one case ----------------------------------------------------------------------------------


def test_every_action_of_the_table_has_its_form(client: FlaskClient, cases: Cases) -> None:
    """Through the composer a case goes the whole way; what is not possible now is not offered."""
    number = report(client)
    other = report(client, "另一单")
    page = client.get(f"/cases/{number}").text
    for name in ("reply", "call", "message", "note", "diagnose", "propose", "test", "apply", "promise", "wait",
                 "assign", "classify", "plan", "merge", "join", "cancel", "escalate", "correct"):  # fmt: skip
        assert f'value="{name}"' in page, name
    for name in ("resume", "confirm", "reopen", "split", "update", "stand-down", "arrive", "restore"):
        assert f'name="action" value="{name}"' not in page, name
    steps: list[tuple[str, str, dict[str, str]]] = [
        ("call", "已回电", {"call__direction": "out"}),
        ("assign", "", {"assign__owner": "王五"}),
        ("classify", "", {"classify__urgency": "high", "classify__impact": "part", "classify__customer": "省厅"}),
        ("promise", "下午四点前到", {"promise__until": soon()}),
        ("plan", "", {"plan__of": "visit", "plan__who": "赵六"}),
        ("arrive", "", {"arrive__work": "1"}),
        ("act", "换网线", {"act__work": "1"}),
        ("finish", "", {"finish__work": "1"}),
        ("diagnose", "固件解释作业时崩溃", {"diagnose__looked": "事件日志"}),
        ("propose", "换 PCL 6", {"propose__article": ANSWER}),
        ("test", "备机不再报错", {"test__where": "备机"}),
        ("apply", "换 PCL 6", {"apply__undo": "装回 PS 驱动"}),
        ("undo", "打不出彩色", {}),
        ("wait", "等固件", {"wait__for": "vendor", "wait__until": soon()}),
        ("resume", "", {}),
        ("escalate", "全楼", {"escalate__leader": "赵六", "escalate__group": "打印组"}),
        ("update", "正在升级固件", {}),
        ("stand-down", "恢复了", {}),
        ("restore", "升级固件", {**RESTORE, "restore__provisional": "1"}),
        ("restore", "升级固件并换驱动", RESTORE),
        ("reject", "又报了", {}),
        ("restore", "换主控板", RESTORE),
        ("confirm", "好了", {"confirm__score": "5"}),
        ("reopen", "又坏了", {}),
        ("merge", "", {"merge__into": other}),
        ("split", "", {}),
    ]
    for name, text, fields in steps:
        assert f'name="action" value="{name}"' in client.get(f"/cases/{number}").text, name
        answer = do(client, number, name, text, **fields)
        assert answer.status_code == 303, (name, re.findall(r'role="alert">([^<]*)', answer.text))
    found = cases.find(number).now
    assert (found.owner, found.customer, found.state, found.score) == ("王五", "省厅", "open", 5)
    assert cases.check() == []


def test_what_is_refused_comes_back_as_it_was_typed(client: FlaskClient) -> None:
    """The sentence names the field; text and fields are there again."""
    number = report(client)
    answer = do(client, number, "wait", "等客户重启", wait__for="customer")
    assert answer.status_code == 422
    assert "until" in answer.text
    assert ">等客户重启</textarea>" in answer.text
    assert '<option value="customer" selected>' in answer.text
    assert 'value="wait" id="do-wait" data-public="1" checked' in answer.text
    assert post(client, f"/cases/{number}/do", text="x").status_code == 422


def test_two_people_answer_at_once(client: FlaskClient, cases: Cases) -> None:
    """The second sees what the first wrote before sending, with the own text kept; then it goes."""
    number = report(client)
    cases.add(number, "call", WANG, "我已经回电了")
    stale = do(client, number, "reply", "您好，请重启", seen="1")
    assert stale.status_code == 409
    assert "王五" in stale.text
    assert ">您好，请重启</textarea>" in stale.text
    assert "您还没看过" in stale.text
    assert 'name="seen" value="2"' in stale.text
    assert do(client, number, "reply", "您好，请重启", seen="2").status_code == 303


def test_who_else_types_is_told(settings: Settings, cases: Cases) -> None:
    """A script of a page asks: it learns of others who type, and of entries that came; reading writes nothing."""
    app = create_app(settings)
    first, second = app.test_client(), app.test_client()
    number = report(first)
    report(second)
    told = post(first, f"/cases/{number}/here", seen="1", sitting="", typing="1").json
    assert (told["version"], told["entries"], told["others"]) == (1, "", [])
    other = post(second, f"/cases/{number}/here", seen="1", sitting="").json
    assert "李四" in other["others"][0]
    assert other["sitting"] == ""
    assert "李四" in second.get(f"/cases/{number}").text
    cases.add(number, "note", WANG, "现场有备机")
    came = post(second, f"/cases/{number}/here", seen="1", sitting="").json
    assert came["version"] == 2
    assert "现场有备机" in came["entries"]
    post(first, f"/cases/{number}/here", seen="2", sitting=told["sitting"], leave="1")
    assert post(second, f"/cases/{number}/here", seen="2", sitting="").json["others"] == []


def test_reading_writes_nothing(client: FlaskClient, cases: Cases) -> None:
    """Pages, lists and files are looked at without a trace in the case, nor a sitting."""
    number = report(client)
    for path in (f"/cases/{number}", "/cases", f"/cases?q={number}", "/cases/new", f"/cases/{number}?show=steps"):
        client.get(path)
    assert kinds(cases, number) == ["reported"]
    assert post(client, f"/cases/{number}/here", seen="1").json["others"] == []


def test_both_times_are_shown(client: FlaskClient) -> None:
    """A call that is written up later counts from when it was made, and says so."""
    number = report(client, at="")
    earlier = f"{datetime.now().astimezone() - timedelta(seconds=1):%Y-%m-%dT%H:%M:%S%z}"
    do(client, number, "note", "刚才的事", at=earlier)
    assert "补记" not in client.get(f"/cases/{number}").text
    refused = do(client, number, "note", "很早的事", at="2020-01-01 10:00")
    assert refused.status_code == 422
    assert "报障之前" in refused.text


def test_clocks_show_their_reckoning(client: FlaskClient) -> None:
    """The most urgent first, each a bar with what is left, and the stretches its due time is the sum of."""
    number = report(client)
    page = client.get(f"/cases/{number}").text
    names = re.findall(r'<div class="clock \w+">\s*<p><b>([^<]+)</b>', page)
    assert names[0] == "响应"
    assert "还剩" in page
    assert "<progress" in page
    assert "计入" in page
    do(client, number, "reply", "收到")
    names = re.findall(r'<div class="clock \w+">\s*<p><b>([^<]+)</b>', client.get(f"/cases/{number}").text)
    assert names[-1] == "响应"


# --- what stands beside ------------------------------------------------------------------------


def test_each_diagnosis_finds_anew(client: FlaskClient) -> None:
    """A report that says little finds nothing; the code that the diagnosis names finds its article."""
    number = report(client, "打印机不行")
    assert f'data-fix="{ANSWER}"' not in client.get(f"/cases/{number}").text
    do(client, number, "diagnose", "面板显示 49.4C02，HP P3015")
    page = client.get(f"/cases/{number}").text
    assert page.index(f'data-fix="{ANSWER}"') == page.index("data-fix=")
    assert "凭：" in page


def test_answers_and_what_did_not_help_are_entries(client: FlaskClient, cases: Cases) -> None:
    """An answer changes what is suggested; an article that did not help is no suggestion any more."""
    number = report(client)
    assert post(client, f"/cases/{number}/do", ask="code:49.4C02=no").status_code == 303
    asked = cases.find(number).log[-1]
    assert (asked.kind, dict(asked.data)) == (EventKind.ASKED, {"ask": "code:49.4C02", "answer": "no"})
    assert "报错或提示里有没有 49.4C02" in client.get(f"/cases/{number}").text
    assert post(client, f"/cases/{number}/do", look=ANSWER).status_code == 303
    page = client.get(f"/cases/{number}").text
    assert f'data-fix="{ANSWER}"' not in page
    assert "看过，没有解决（1）" in page


def test_a_fix_is_inserted_without_a_script(client: FlaskClient) -> None:
    """The button brings the page back with the fix behind what was typed, as a reply or as steps."""
    number = report(client)
    page = do(client, number, "reply", "您好", insert=ANSWER)
    assert page.status_code == 200
    text = page.text.partition('name="text"')[2]
    assert "您好\n\n您好，可以先试试" in text.replace("\r", "")
    assert "data-insertable>您好" in text
    assert "断开打印机网线" in do(client, number, "propose", "", insert=ANSWER).text.partition("data-insertable>")[2]


def test_cases_like_it_are_joined_or_merged(client: FlaskClient, cases: Cases) -> None:
    """Open ones are offered, closed ones without an article are listed; merged is undone by split."""
    first, second, third = (
        report(client),
        report(client, "P3015 49.4C02 ERROR 死机"),
        report(client, "全都 49.4C02 ERROR P3015"),
    )
    page = client.get(f"/cases/{second}").text
    assert f'name="merge" value="{first}"' in page
    assert post(client, f"/cases/{second}/do", merge=first).status_code == 303
    assert cases.find(second).now.merged_into == first
    assert second in client.get(f"/cases/{first}").text
    assert do(client, second, "split").status_code == 303
    assert cases.find(second).now.state == "new"
    assert post(client, f"/cases/{third}/do", join=first).status_code == 303
    assert cases.find(third).now.parent == first
    done = restored(client)
    do(client, done, "confirm")
    assert "关了、没写成文章的相似单" in client.get(f"/cases/{third}").text


# --- which article -----------------------------------------------------------------------------


def test_a_linked_article_gains_and_loses(client: FlaskClient, cases: Cases, settings: Settings) -> None:
    """Linking is a verdict on the report; opening the case again takes it back; the article tells its figures."""
    number = report(client)
    do(client, number, "reply", "收到")
    do(client, number, "propose", "换 PCL 6", propose__article=ANSWER)
    do(client, number, "restore", "换 PCL 6", **RESTORE)
    page = client.get(f"/cases/{number}").text
    assert "这一单写成哪篇文章" in page
    assert f'value="{ANSWER}" checked' in page
    assert post(client, f"/cases/{number}/do", link=ANSWER).status_code == 303
    said = {v.article: v.verdict for v in Feedback(Store(settings.database), 365).verdicts()}
    assert said == {ANSWER: "helpful"}
    do(client, number, "confirm", confirm__score="5")
    shown = client.get(f"/a/{ANSWER}", follow_redirects=True).text
    assert "解决的服务单" in shown
    assert "客户确认 1 单（100%）" in shown
    assert cases.all(Filter(unwritten=True)) == []
    do(client, number, "reopen", "又死机了")
    said = {v.article: v.verdict for v in Feedback(Store(settings.database), 365).verdicts()}
    assert said == {ANSWER: "unhelpful"}
    assert "解决的服务单" not in client.get(f"/a/{ANSWER}", follow_redirects=True).text


def test_the_question_has_a_search(client: FlaskClient, cases: Cases) -> None:
    """An article that is not suggested is found beside the question, and linked."""
    number = restored(client)
    page = client.get(f"/cases/{number}?q=KB-000014").text
    assert 'name="link" value="KB-000014"' in page
    assert post(client, f"/cases/{number}/do", link="KB-000014").status_code == 303
    assert cases.find(number).now.article == "KB-000014"


def test_not_worth_it_is_an_answer(client: FlaskClient, cases: Cases) -> None:
    """One of four reasons; until one question is answered the case waits among those to be written up."""
    number = restored(client)
    assert [c.number for c in cases.all(Filter(unwritten=True))] == [number]
    assert post(client, f"/cases/{number}/do", unwritten="one_off").status_code == 303
    assert cases.all(Filter(unwritten=True)) == []
    assert "一次性的" in client.get(f"/cases/{number}").text


@pytest.fixture
def written(tmp_path: Path) -> Settings:
    """A base of a few articles that may be written to, with a service desk."""
    folder = tmp_path / "base"
    shutil.copytree(ARTICLES / "printer", folder / "articles" / "printer")
    settings = replace(load({}, folder), service="on", log_days=30)
    build(settings)
    return settings


def test_s8_a_case_is_written_up_and_found(written: Settings) -> None:
    """The log becomes a draft, masked, that names its case; published, the report has to find it."""
    client, cases = create_app(written).test_client(), service.opened(written)
    number = report(client, "13800138000 激光雕刻机 LX-9000 报 E77 停机", area="printer")
    do(client, number, "reply", "收到")
    do(client, number, "diagnose", "导轨缺油", diagnose__looked="导轨")
    do(client, number, "apply", "加注锂基脂", apply__undo="不需要")
    do(client, number, "restore", "恢复", **RESTORE)
    answer = post(client, f"/cases/{number}/write-up")
    assert answer.status_code == 303
    article = cases.find(number).now.article
    path = next((written.articles).rglob(f"{article}.md"))
    text = path.read_text("utf8")
    assert f"ticket: {number}" in text
    assert "导轨缺油" in text
    assert "加注锂基脂" in text
    assert "13800138000" not in text
    assert kinds(cases, number)[-1] == "written"
    golden = written.articles / "golden.yml"
    assert not golden.exists()
    page = client.get(answer.headers["Location"]).text
    fields = dict(re.findall(r'name="(base|sitting|path)" value="([^"]*)"', page))
    rel = path.relative_to(written.articles).as_posix()
    saved = post(
        client,
        "/save",
        **{
            **fields,
            "path": rel,
            "whole": "1",
            "text": text.replace("status: draft", "status: published\naliases: [雕刻机自己停了]").replace(
                "## 环境\n", "## 环境\n\n- LX-9000\n"
            ),
            "action": "save",
            "note": "",
        },
    )
    assert saved.status_code == 303, re.sub("<[^>]+>", "", saved.text.partition("<main")[2])[:3000]
    assert "E77" in golden.read_text("utf8")
    assert article in golden.read_text("utf8")


# --- files -------------------------------------------------------------------------------------


def test_a_log_is_kept_and_read(written: Settings) -> None:
    """It is kept once under its digest, its words find fixes, and no browser shows it as a page."""
    client = create_app(written).test_client()
    number = report(client, "打印机不行")
    log = b"2026-11-29 10:00:01 ERROR HP P3015 49.4C02 ERROR\n" * 3
    evil = b"<!doctype html><script>alert(1)</script>"
    sent = [(io.BytesIO(log), "../../print.log"), (io.BytesIO(evil), "x.html")]
    assert do(client, number, "diagnose", "附日志", file=sent).status_code == 303
    page = client.get(f"/cases/{number}").text
    assert f'data-fix="{ANSWER}"' in page
    links = re.findall(rf"/cases/{number}/files/[0-9a-f]{{64}}", page)
    assert len(links) == 2
    for link, content in zip(links, (log, evil), strict=True):
        answer = client.get(link)
        assert answer.data == content
        assert answer.headers["Content-Type"] == "application/octet-stream"
        assert answer.headers["Content-Disposition"].startswith("attachment")
        assert answer.headers["X-Content-Type-Options"] == "nosniff"
        assert "sandbox" in answer.headers["Content-Security-Policy"]
    assert ">⤓ print.log<" in page
    kept = [p for p in (written.articles.parent / "case-files").rglob("*") if p.is_file()]
    assert len(kept) == 2
    other = report(client, "另一单")
    do(client, other, "note", "同一个日志", file=(io.BytesIO(log), "again.log"))
    assert len([p for p in (written.articles.parent / "case-files").rglob("*") if p.is_file()]) == 2
    foreign = links[1].replace(number, other)
    assert client.get(foreign).status_code == 404  # of another case
    assert client.get(f"/cases/{number}/files/..%2f..%2fguzhi.db").status_code == 404
    assert do(client, number, "note", "空", file=(io.BytesIO(b""), "empty.log")).status_code == 422


# --- programs ----------------------------------------------------------------------------------


def test_a_program_reports_once(client: FlaskClient, cases: Cases) -> None:
    """The same key gets the same case, by body or by header; the answer tells number, clocks and log."""
    body = {"text": "交换机掉线", "channel": "wechat", "key": "w-1", "fields": {"contact": "王工"}}
    first = client.post("/api/v1/cases", json=body)
    assert first.status_code == 201
    again = client.post("/api/v1/cases", json=body)
    assert again.json["case"]["number"] == first.json["case"]["number"]
    assert first.json["clocks"]
    header = {"Idempotency-Key": "h-1"}
    plain = {"text": "交换机掉线", "channel": "program"}
    numbers = {client.post("/api/v1/cases", json=plain, headers=header).json["case"]["number"] for _ in range(2)}
    assert len(numbers) == 1
    assert len(cases.all()) == 2


def test_a_program_takes_actions(client: FlaskClient) -> None:
    """Every action of the table; what is wrong is told with its field, what is stale with 409."""
    number = client.post("/api/v1/cases", json={"text": "掉线", "channel": "sms"}).json["case"]["number"]
    path = f"/api/v1/cases/{number}/events"
    until = (datetime.now(UTC) + timedelta(hours=1)).isoformat()
    waits = {"action": "wait", "text": "等重启", "fields": {"for": "customer", "until": until}}
    assert client.post(path, json=waits).json["case"]["state"] == "waiting"
    assert client.post(path, json={"action": "message", "text": "好了吗"}).json["case"]["state"] == "open"
    assert client.post(path, json={"action": "wait"}).status_code == 400
    assert client.post(path, json={"action": "fly", "text": "x"}).status_code == 400
    assert client.post(path, json={"action": "note", "text": "x", "fields": {"files": "0"}}).status_code == 400
    service.opened(client.application.config["SETTINGS"]).add(number, "note", WANG, "别人写的")
    assert client.post(path, json={"action": "note", "text": "x", "seen": 1}).status_code == 409
    found = client.get(f"/api/v1/cases/{number}").json
    assert [e["kind"] for e in found["log"]] == ["reported", "wait", "message_in", "note"]
    listed = client.get("/api/v1/cases").json["cases"]
    assert [c["number"] for c in listed] == [number]
    assert client.get("/api/v1/cases?q=掉线").json["cases"][0]["number"] == number
    assert client.get("/api/v1/cases?state=closed").json["cases"] == []


def test_retrieval_and_packs_hold_no_case(client: FlaskClient) -> None:
    """What programs retrieve, what is packed, what is fed: articles alone."""
    report(client, "绝无仅有的词 ZQXW-7788 13800138000")
    asked = {"knowledge_id": "guzhi", "query": "ZQXW-7788", "retrieval_setting": {"top_k": 5, "score_threshold": 0.0}}
    assert "13800138000" not in client.post("/retrieval", json=asked).text
    for path in (f"/pack?article={ANSWER}", "/feed.xml", "/api/v1/search?q=ZQXW-7788", "/api/v1/complete?q=ZQXW"):
        assert "13800138000" not in client.get(path).text
