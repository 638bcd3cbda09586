"""Pages for customers: a report without an account, one's own case by a link, two human acts before anything ends."""

import io
import re
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from test_permissions import ELSEWHERE, cheap, people, signed_in, site  # noqa: F401 - fixtures

from kb.database.connection import Store
from kb.indexer.build import build
from kb.model.casework import EventKind, Role
from kb.people import limits
from kb.people.accounts import People
from kb.people.limits import Limit
from kb.service import cases as service
from kb.service.cases import Author, Cases
from kb.service.links import LASTS, Links
from kb.settings import Settings, load
from kb.web import create_app

WANG = Author("王五", Role.AGENT)
FAULT = "HP P3015 打印机屏幕一直是 49.4C02 ERROR，关了再开还是"
ARTICLE = """---
id: KB-00000{n}
kind: faq
title: 打印机显示 49.4C02 怎么办 {n}
audience: {audience}
---

# 打印机显示 49.4C02 怎么办 {n}

## 现象

打印机显示 49.4C02 ERROR，关了再开还是。

## 解决

换成 PCL 6 驱动。
"""
RESTORE = {"verification": "试打十页", "cause": "software", "handling": "remote"}


@pytest.fixture
def desk(site: Settings) -> Settings:  # noqa: F811
    """A site whose readers sign in, with a service desk."""
    return replace(site, service="on")


@pytest.fixture
def app(desk: Settings, people: People) -> Flask:  # noqa: F811
    return create_app(desk)


@pytest.fixture
def stranger(app: Flask) -> FlaskClient:
    """A browser elsewhere, of somebody without an account."""
    client = app.test_client()
    client.environ_base |= ELSEWHERE | {"HTTP_HOST": "kb.example.com"}
    return client


@pytest.fixture
def cases(desk: Settings) -> Cases:
    return service.opened(desk)


@pytest.fixture
def links(desk: Settings) -> Links:
    return Links(Store(desk.database))


def post(client: FlaskClient, path: str, /, **fields: Any) -> Any:
    """A form of the page that a path shows."""
    page = client.get("/report" if path == "/report" else path).text
    found = re.search(r'name="token" value="([^"]+)"', page)
    assert found, page
    return client.post(path, data={"token": found[1], **fields}, content_type="multipart/form-data")


def number_of(page: str) -> str:
    found = re.search(r"\d\d-\d{5}-\d", page)
    assert found, page
    return found[0]


def restored(cases: Cases) -> str:
    number = cases.report(FAULT, {"channel": "phone", "contact": "王工 13800138000"}, WANG).now.number
    cases.add(number, "reply", WANG, "收到")
    cases.add(number, "note", WANG, "客户的人很急，别告诉他主管在休假")
    return cases.add(number, "restore", WANG, "换成 PCL 6 驱动", RESTORE).now.number


def kinds(cases: Cases, number: str) -> list[str]:
    return [str(e.kind) for e in cases.find(number).log]


# --- the report --------------------------------------------------------------------------------


def test_ask_19_a_stranger_reports_and_follows_it(stranger: FlaskClient, cases: Cases) -> None:
    """Where reading takes an account, a fault is still reported, with a file, and its page found again."""
    assert stranger.get("/").status_code == 303  # reading is for people of the site
    sent = post(stranger, "/report", action="report", text=FAULT, contact="王工 13800138000", customer="省厅",
                file=(io.BytesIO(b"49.4C02 at boot"), "log.txt"))  # fmt: skip
    assert sent.status_code == 303
    receipt = stranger.get(sent.headers["Location"]).text
    case = cases.find(number_of(receipt))
    assert (case.now.channel, case.now.customer, case.now.contact) == ("form", "省厅", "王工 13800138000")
    link = re.search(r'href="(/c/[^"]+)"', receipt)
    assert link
    page = stranger.get(link[1])
    assert page.headers["X-Robots-Tag"] == "noindex, nofollow"
    assert FAULT in page.text
    assert "已收到" in page.text
    file = re.search(r'href="(/c/[^"]+/files/[^"]+)"', page.text)
    assert file
    got = stranger.get(file[1])
    assert (got.data, got.mimetype) == (b"49.4C02 at boot", "application/octet-stream")


def test_who_sends_the_form_twice_has_one_case(stranger: FlaskClient, cases: Cases) -> None:
    """The key of a form counts once."""
    for _ in range(2):
        post(stranger, "/report", action="report", text=FAULT, contact="王工", key="a1")
    assert len(cases.all()) == 1


@pytest.mark.parametrize(
    ("fields", "status"),
    [
        ({"website": "https://spam.example.com"}, 422),
        ({"text": "  "}, 422),
        ({"contact": ""}, 422),
        ({"text": "字" * 10_001}, 422),
        ({"token": "x"}, 400),
    ],
)
def test_what_is_no_report(stranger: FlaskClient, cases: Cases, fields: dict[str, str], status: int) -> None:
    """A field that people do not see, nothing said, nobody to call, no end, no token: no case; what was typed stays."""
    answer = post(stranger, "/report", **{"action": "report", "text": FAULT, "contact": "王工", **fields})
    assert answer.status_code == status
    assert cases.all() == []
    if status == 422 and "text" not in fields:
        assert FAULT in answer.text


def test_reports_are_limited(stranger: FlaskClient, monkeypatch: pytest.MonkeyPatch) -> None:
    """An address sends so many a minute."""
    monkeypatch.setitem(limits.LIMITS, "report", Limit(2, "报障", "report a fault"))
    sent = [post(stranger, "/report", action="report", text=FAULT, contact="王工").status_code for _ in range(4)]
    assert 429 in sent
    assert sent[0] == 303


def test_common_questions_are_shown_and_nothing_else(tmp_path: Path) -> None:
    """While a report is typed, articles that are marked public answer it; others never do."""
    (tmp_path / "articles").mkdir()
    for number, audience in ((1, "public"), (2, "internal")):
        (tmp_path / "articles" / f"KB-00000{number}.md").write_text(ARTICLE.format(n=number, audience=audience), "utf8")
    desk = replace(load({"articles": tmp_path / "articles"}, tmp_path), service="on", encoder="off")
    build(desk)
    client = create_app(desk).test_client()
    for path, shown in (("/report", True), ("/report?text=打印机显示+49.4C02+ERROR", True)):
        page = client.get(path).text
        assert ("怎么办 1" in page) is shown, path
        assert "怎么办 2" not in page, path


def test_the_form_can_be_off(desk: Settings, people: People) -> None:  # noqa: F811
    """A desk without the form, and a site without a desk: no page."""
    assert create_app(replace(desk, report_form=False)).test_client().get("/report").status_code == 404
    off = create_app(replace(desk, service="off")).test_client()
    for path in ("/report", "/report/done", "/c/" + "x" * 43, "/cases/figures", "/cases/figures.csv"):
        assert off.get(path).status_code in (303, 404), path
        assert "服务单" not in off.get(path, follow_redirects=True).text, path


# --- one's own case ----------------------------------------------------------------------------


def test_a_customer_sees_what_is_public_and_nothing_else(stranger: FlaskClient, cases: Cases, links: Links) -> None:
    """State in plain words, public entries; no note, contact, name of staff, class, or other case."""
    number = restored(cases)
    other = cases.report("别人的事", {"channel": "phone", "contact": "赵总"}, WANG).now.number
    page = stranger.get("/c/" + links.make(number)).text
    assert "我们这边已恢复" in page
    assert "换成 PCL 6 驱动" in page
    for hidden in ("主管在休假", "13800138000", "王五", other, "赵总", "software", "软件缺陷", "/cases"):
        assert hidden not in page, hidden


def test_the_next_time_is_told(stranger: FlaskClient, cases: Cases, links: Links) -> None:
    """What was said to the customer stands there until it is kept."""
    number = cases.report(FAULT, {"channel": "phone"}, WANG).now.number
    until = datetime.now(UTC) + timedelta(minutes=10)
    cases.add(number, "promise", WANG, "十分钟内回话", {"until": until.isoformat()})
    page = stranger.get("/c/" + links.make(number)).text
    assert f"{until.astimezone(cases.policy.zone):%Y-%m-%d %H:%M}" in page
    assert "正在处理" in page


@pytest.mark.parametrize("how", ["wrong", "revoked", "over"])
def test_a_link_that_leads_nowhere(stranger: FlaskClient, cases: Cases, links: Links, how: str) -> None:
    """A wrong, a revoked and an old one look alike; nothing is told."""
    number = restored(cases)
    secret = links.make(number, datetime.now(UTC) - LASTS if how == "over" else None)
    if how != "over":
        links.revoke(number)
    answer = stranger.get("/c/" + ("x" * 43 if how == "wrong" else secret))
    assert answer.status_code == 404
    assert number not in answer.text
    assert links.of(number) == []


def test_only_a_digest_of_a_link_is_kept(desk: Settings, cases: Cases, links: Links) -> None:
    """Who reads the database opens no case with it."""
    secret = links.make(restored(cases))
    assert secret.encode() not in Path(desk.database).read_bytes()


def test_staff_make_and_revoke_links(app: Flask, stranger: FlaskClient, cases: Cases) -> None:
    """A button on the case's page shows a link once; another takes all back. Staff do not confirm by it."""
    agent, number = signed_in(app, "agent"), restored(cases)
    assert post(agent, f"/cases/{number}", do="make").status_code == 405
    token = re.search(r'name="token" value="([^"]+)"', agent.get(f"/cases/{number}").text)
    assert token
    agent.post(f"/cases/{number}/link", data={"token": token[1], "do": "make"})
    shown = agent.get(f"/cases/{number}").text
    link = re.search(r'data-link href="https?://[^/"]+(/c/[^"]+)"', shown)
    assert link
    assert link[1] not in agent.get(f"/cases/{number}").text
    assert stranger.get(link[1]).status_code == 200
    assert post(agent, link[1], what="verdict", verdict="confirm", sure="yes").status_code == 403
    agent.post(f"/cases/{number}/link", data={"token": token[1], "do": "revoke"})
    assert stranger.get(link[1]).status_code == 404


# --- confirming and rating ---------------------------------------------------------------------


def test_confirming_takes_two_acts(stranger: FlaskClient, cases: Cases, links: Links) -> None:
    """A choice, then once more on a second page: closed and confirmed; then it can be rated, the last answer counts."""
    number = restored(cases)
    path = "/c/" + links.make(number)
    first = post(stranger, path, what="verdict", verdict="confirm", text="谢谢")
    assert first.status_code == 200
    assert "先不发" in first.text
    assert cases.find(number).now.state == "restored"
    assert post(stranger, path, what="verdict", verdict="confirm", text="谢谢", sure="yes").status_code == 303
    assert cases.find(number).now.outcome == "confirmed"
    for score, text in (("2", "慢"), ("5", "")):
        given = {"what": "survey", "score": score, "mark0": "4", "text": text}
        post(stranger, path, **given)
        assert post(stranger, path, **given, sure="yes").status_code == 303
    case = cases.find(number)
    assert case.now.score == 5
    assert "4" in case.log[-1].data["marks"]
    assert kinds(cases, number)[-3:] == ["confirmed", "surveyed", "surveyed"]


def test_still_broken(stranger: FlaskClient, cases: Cases, links: Links) -> None:
    """It needs a word, and opens the case again."""
    number = restored(cases)
    path = "/c/" + links.make(number)
    assert post(stranger, path, what="verdict", verdict="reject").status_code == 422
    post(stranger, path, what="verdict", verdict="reject", text="还是那样")
    post(stranger, path, what="verdict", verdict="reject", text="还是那样", sure="yes")
    assert cases.find(number).now.state == "open"
    assert cases.find(number).log[-1].text == "还是那样"


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"score": "9"}, "1 到 5"),
        ({"score": "0"}, "1 到 5"),
        ({}, "1 到 5"),
        ({"score": "3"}, "低于 4 分"),
        ({"score": "5", "mark0": "x"}, "1 到 5"),
    ],
)
def test_what_is_no_score(stranger: FlaskClient, cases: Cases, links: Links, fields: dict[str, str], said: str) -> None:
    """Beyond the scale, none, a low one without a word."""
    number = restored(cases)
    cases.add(number, "confirm", WANG)
    answer = post(stranger, "/c/" + links.make(number), what="survey", **fields)
    assert answer.status_code == 422
    assert said in answer.text


def test_a_survey_ends(stranger: FlaskClient, cases: Cases, links: Links, monkeypatch: pytest.MonkeyPatch) -> None:
    """Some weeks after the case was closed nobody rates it any more."""
    number = restored(cases)
    cases.add(number, "confirm", WANG)
    path = "/c/" + links.make(number)
    assert 'id="survey"' in stranger.get(path).text
    monkeypatch.setattr("kb.service.tracking.SURVEY_LASTS", timedelta(seconds=-1))
    assert 'id="survey"' not in stranger.get(path).text
    assert post(stranger, path, what="survey", score="5").status_code == 422


SCANNED: list[tuple[str, dict[str, str]]] = [
    ("GET", {}),
    ("HEAD", {}),
    ("OPTIONS", {}),
    ("GET", {"what": "verdict", "verdict": "confirm", "sure": "yes"}),
    ("POST", {}),
    ("POST", {"what": "verdict"}),
    ("POST", {"what": "verdict", "verdict": "confirm"}),
    ("POST", {"what": "verdict", "verdict": "confirm", "sure": "yes"}),
    ("POST", {"what": "survey", "score": "1", "text": "x", "sure": "yes"}),
    ("POST", {"what": "add", "text": ""}),
]


@pytest.mark.parametrize("state", ["restored", "closed"])
@pytest.mark.parametrize("token", [False, True])
def test_ask_18_scanners_neither_confirm_nor_rate(
    app: Flask, cases: Cases, links: Links, state: str, token: bool
) -> None:
    """Whatever opens a link, or sends the forms it finds, in one go, with the page's token or without: nothing."""
    number = restored(cases)
    if state == "closed":
        cases.add(number, "confirm", WANG)
    path, before = "/c/" + links.make(number), cases.find(number).log
    for method, fields in SCANNED:
        stranger = app.test_client()
        stranger.environ_base |= ELSEWHERE | {"HTTP_HOST": "kb.example.com"}
        found = re.search(r'name="token" value="([^"]+)"', stranger.get(path).text)
        assert found
        sent = {**fields, **({"token": found[1]} if token else {})}
        if method == "POST":
            stranger.post(path, data=sent)
        else:
            stranger.open(path, method=method, query_string=fields)
    assert cases.find(number).log == before


def test_a_program_that_presses_the_first_of_everything(stranger: FlaskClient, cases: Cases, links: Links) -> None:
    """It chooses the first of each choice and sends each form, twice over: it is told no, and nothing is written."""
    number = restored(cases)
    path, before = "/c/" + links.make(number), cases.find(number).log
    page = post(stranger, path, what="verdict", verdict="confirm").text
    first = re.search(r'name="sure" value="(\w+)"', page)
    assert first
    post(stranger, path, what="verdict", verdict="confirm", sure=first[1])
    assert cases.find(number).log == before


# --- adding ------------------------------------------------------------------------------------


def test_words_and_files_are_added(stranger: FlaskClient, cases: Cases, links: Links) -> None:
    """What a customer adds is a message of his, and wakes a case that waits for him."""
    number = cases.report(FAULT, {"channel": "phone"}, WANG).now.number
    until = (datetime.now(UTC) + timedelta(days=2)).isoformat()
    cases.add(number, "wait", WANG, "请重启", {"for": "customer", "until": until})
    path = "/c/" + links.make(number)
    assert "在等您的消息" in stranger.get(path).text
    sent = post(stranger, path, what="add", text="重启过了", file=(io.BytesIO(b"ok"), "a.log"))
    assert sent.status_code == 303
    case = cases.find(number)
    assert case.now.state == "open"
    assert case.log[-1].from_customer
    assert "a.log" in stranger.get(path).text


def test_adding_to_a_closed_case(stranger: FlaskClient, cases: Cases, links: Links) -> None:
    """It opens it again, which is asked first; a file that was sent with it is kept meanwhile."""
    number = restored(cases)
    cases.add(number, "confirm", WANG)
    path = "/c/" + links.make(number)
    asked = post(stranger, path, what="add", text="又坏了", file=(io.BytesIO(b"again"), "b.log"))
    files = re.search(r'name="files" value="(\w+)"', asked.text)
    assert files
    assert cases.find(number).now.state == "closed"
    assert post(stranger, path, what="add", text="又坏了", files=files[1], sure="yes").status_code == 303
    assert cases.find(number).now.state == "open"
    assert cases.find(number).log[-1].data["files"] == files[1]


def test_ask_15_a_customer_of_a_merged_case(stranger: FlaskClient, cases: Cases, links: Links) -> None:
    """He reads how it stands with the other one, nothing else of it; what he adds lands there."""
    number = cases.report(FAULT, {"channel": "phone"}, WANG).now.number
    other = cases.report("全楼打印停了", {"channel": "phone", "customer": "别的单位"}, WANG).now.number
    cases.add(number, "merge", WANG, given={"into": other})
    path = "/c/" + links.make(number)
    page = stranger.get(path).text
    assert "同一个故障" in page
    assert "别的单位" not in page
    post(stranger, path, what="add", text="五楼也停了")
    assert cases.find(other).log[-1].text == "五楼也停了"
    assert cases.find(other).log[-1].kind == EventKind.MESSAGE_IN
