"""Rounds, versions, updates and the month's report in a real browser, on a made-up year: steps of a service scheme."""

import re
from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from test_browser import browser, pytestmark, served, visit  # noqa: F401 - fixtures, and when to skip
from test_browser_cases import PHONE, do
from test_rounds_pages import CHECKLIST

from kb.database.connection import Store
from kb.indexer.build import build
from kb.service import cases as service
from kb.service.policy import shipped
from kb.service.reckoning import working_time
from kb.service.rounds.checklist import items
from kb.service.sampling import service_year
from kb.service.sampling_estate import furnish, used
from kb.settings import load

Open = Callable[..., Any]
CUSTOMER = "省厅信息中心"
UPDATE = """---
id: KB-000901
kind: manual
title: S5130 软件升级 7.1.075
product: [H3C S5130]
versions: ["软件 7.1.075"]
audience: public
---
## 升级
先备份配置，再装 7.1.075，验证端口。
"""


@pytest.fixture(scope="module")
def address(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of a site with a checklist, an update, and a year of a desk."""
    folder = tmp_path_factory.mktemp("rounds")
    (folder / "articles").mkdir()
    for name, text in (("c.md", CHECKLIST), ("u.md", UPDATE)):
        (folder / "articles" / name).write_text(text, "utf8")
    settings = load({"workers": 1, "service": "on", "trade_words": False, "encoder": "off"}, folder)
    build(settings)
    store, now = Store(settings.database), datetime.now(UTC)
    cases = service.opened(settings, store)
    checklists = [("KB-000900", items(CHECKLIST))]
    estate = furnish(cases, store, 1, checklists, now)
    service_year(cases, 1, 80, (), now, estate.machines)
    used(cases, store, 1, checklists, now)
    store.close()
    with served(folder, KB_SERVICE="on", KB_TRADE_WORDS="no") as found:
        yield found


def fits(page: Any) -> bool:
    """Whether nothing of a page is wider than its window."""
    return bool(page.evaluate("document.documentElement.scrollWidth <= window.innerWidth"))


def found(page: Any, place: int, result: str, words: str = "", value: str = "") -> None:
    """One item of a round, by the thumb."""
    page.click(f"label[for=r{place}{result}]")
    if words:
        page.fill(f"[name=n{place}]", words)
    if value:
        page.fill(f"[name=v{place}]", value)


def named(page: Any) -> None:
    """Give the name that this browser's forms ask for, where they do."""
    for field in page.locator("input[name=editor]:visible").all():
        field.fill("李四")


def working_day() -> date:
    """The next day but one on which people work at ten."""
    policy = shipped()
    hours = working_time(policy, policy.close.calendar)
    start = (datetime.now(policy.zone) + timedelta(days=2)).replace(hour=10, minute=0)
    while not hours.open_at(start):
        start += timedelta(days=1)
    return start.date()


def test_s15_a_round_on_the_phone(visit: Open) -> None:  # noqa: F811
    """From the desk to what is overdue; each item with the thumb; kept, gone on with, done: the bad one is a case."""
    page = visit("/cases", refused=True, **PHONE)
    page.click("nav >> text=/巡检.*逾期/")
    page.select_option("#rounds-kind", "round")
    page.click("button:has-text('看')")
    assert fits(page)
    page.locator("[data-hit]").first.click()
    page.wait_for_selector(".checks")
    assert fits(page)
    where = page.locator("h1 + .facts").inner_text()
    found(page, 1, "ok", value="24")
    named(page)
    page.click("button:has-text('先保存')")
    page.wait_for_selector(".note:has-text('还没做完')")
    assert page.is_checked("#r1ok")
    assert page.input_value("[name=v1]") == "24"
    page.click("button:has-text('做完了')")
    page.wait_for_selector(".note[role=alert]:has-text('还没有查')")
    found(page, 2, "bad", "门锁坏了")
    found(page, 3, "absent")
    page.click("button:has-text('做完了')")
    page.wait_for_selector(".checked .bad a")
    number = page.inner_text(".checked .bad a")
    page.click(".checked .bad a")
    page.wait_for_selector("#composer")
    assert "门禁正常" in page.inner_text(".case-head h1")
    assert "门锁坏了" in page.inner_text("main")
    assert any(name in where for name in re.split(r"\s+", page.inner_text("main")) if len(name) > 3)
    page.goto("/cases?q=" + number)
    assert number in page.url


def test_s15_a_round_without_scripts_and_on_paper(visit: Open) -> None:  # noqa: F811
    """The form works without JavaScript; printed, each item has its boxes; what is not done is skipped with a word."""
    page = visit("/rounds?kind=wear", java_script_enabled=False)
    page.locator("[data-hit]").first.click()
    assert page.locator(".check").count() == 1
    page.click("text=印在纸上")
    page.emulate_media(media="print")
    assert page.locator(".box").count() == 3
    assert not page.is_visible(".no-print")
    page.go_back()
    here = page.url
    page.click("summary:has-text('这次不做')")
    page.fill("[name=reason]", "客户停业整修")
    named(page)
    page.click("button:has-text('跳过')")
    assert page.url.split("?")[0] == here.split("?")[0]
    assert "客户停业整修" in page.inner_text("main")


def test_s15_the_census(visit: Open) -> None:  # noqa: F811
    """Device by version by wanted version, who is behind; one is noted, a table is seen before it is written."""
    page = visit("/census")
    row = page.locator("tr", has_text="S5130-28S").first
    assert "7.1.075" in row.inner_text()
    first = page.locator("[data-hit] .number").first.inner_text()
    page.fill("[name=device]", first)
    page.locator("form:has([name=device]) [name=version]").fill("9.9.999")
    page.locator("form:has([name=device]) [name=software]").fill(_software(page))
    page.click("button:has-text('登记')")
    page.wait_for_selector(".note:has-text('已记下')")
    assert first not in page.locator(".asset-list").first.inner_text()
    second, software = page.locator("[data-hit] .number").first.inner_text(), _software(page)
    page.goto("/assets/versions")
    table = f"序列号,软件,版本\n{second},{software},7.1.099\n".encode()
    page.set_input_files("[name=file]", {"name": "版本.csv", "mimeType": "text/csv", "buffer": table})
    named(page)
    page.click("button:has-text('先看看')")
    page.wait_for_selector("#seen")
    assert "修改 1" in page.inner_text(".seen")
    page.click("button:has-text('写入')")
    page.wait_for_selector(".note:has-text('已写入')")
    with page.expect_download() as got:
        page.evaluate("location.href = '/census.csv'")
    assert f"{second}" in got.value.path().read_text("utf-8-sig")


def _software(page: Any) -> str:
    """The software by which the first device is behind."""
    return str(page.locator(".asset-list li .facts span", has_text="→").first.inner_text().split()[0])


def test_s15_a_guarded_time(visit: Open) -> None:  # noqa: F811
    """It stands on the desk, on the page of duty and on its cases; a change promised for it is refused with why."""
    page = visit("/cases", refused=True)
    for path in ("/cases", "/duty"):
        page.goto(path)
        assert "年度会议" in page.inner_text(".guarded"), path
    page.goto("/cases/new")
    page.fill("#entry-text", "把核心交换机换成新版本")
    named(page)
    page.fill("[data-part=fields] [name=customer]", CUSTOMER)
    page.click("button:has-text('建单')")
    page.wait_for_selector("#composer")
    assert "年度会议" in page.inner_text(".guarded")
    until = datetime.now(shipped().zone) + timedelta(days=7)
    page.click("label[for=do-wait]")
    page.select_option("[name='wait.for']", "window")
    page.fill("[name='wait.until']", f"{until:%Y-%m-%dT%H:%M}")
    page.fill("#composer-text", "那天夜里停机")
    page.click("#composer button.primary")
    page.wait_for_selector("#composer [role=alert]:has-text('年度会议')")
    assert page.input_value("#composer-text") == "那天夜里停机"
    do(page, "note", "会后再约")


def test_s22_updates_outside_working_hours(visit: Open) -> None:  # noqa: F811
    """The article says which devices it concerns; a window in working hours is refused, a proposed one is agreed on."""
    page = visit("/a/KB-000901", refused=True)
    page.click("a:has-text('这次更新涉及')")
    page.wait_for_url("**/updates/KB-000901")
    owner = page.locator("section.sheet", has_text="育才中学")
    assert "7.1.075" in owner.inner_text()
    owner.locator("summary").click()
    owner.locator("[name=editor]").fill("李四")
    day = working_day()
    owner.locator("[name=start]:visible").fill(f"{day}T10:00")
    owner.locator("[name=end]:visible").fill(f"{day}T11:00")
    owner.locator("details button").click()
    page.wait_for_selector(".note[role=alert]:has-text('工作时间')")
    owner = page.locator("section.sheet", has_text="育才中学")
    told = owner.locator(".row-forms button").first.inner_text()
    owner.locator(".row-forms button").first.click()
    page.wait_for_selector(".note:has-text('已约定')")
    assert told in page.locator("section.sheet", has_text="育才中学").inner_text()
    assert re.search(r"(2[0-3]|0\d|09|14):00", told)
    page.goto("/updates")
    assert "已约 1 个窗口" in page.inner_text("main")


def test_the_month_of_the_sample_year_is_printed(visit: Open) -> None:  # noqa: F811
    """Every part has something to say; on paper there is the report and nothing around it; on a phone it fits."""
    page = visit("/cases")
    page.click("nav >> text=月报")
    page.locator("li", has_text=CUSTOMER).locator(".facts a").first.click()
    page.wait_for_selector(".report h1")
    text = page.inner_text("main")
    for told in ("个服务单", "按时率", "质保或维保 90 天内到期", "版本落后", "季度巡检", "我们建议", "满意度"):
        assert told in text, told
    assert page.locator(".report ol li").count()
    page.emulate_media(media="print")
    assert not page.is_visible(".views")
    assert page.is_visible(".sign")
    assert len(page.pdf()) > 10_000
    page.emulate_media(media="screen")
    page.set_viewport_size({"width": 390, "height": 844})
    assert fits(page)
    with page.expect_download() as got:
        page.click("a.button:has-text('CSV')")
    assert CUSTOMER in got.value.path().read_text("utf-8-sig")


PAGES = ("/rounds", "/rounds/plans", "/guarded", "/census", "/updates", "/reports", "/cases/costs")


@pytest.mark.parametrize("path", PAGES)
def test_pages_fit_a_phone(visit: Open, path: str) -> None:  # noqa: F811
    """Nothing is wider than 390 pixels, nothing is empty."""
    page = visit(path, **PHONE)
    assert fits(page)
    assert page.locator("h1").count() == 1
