"""Customers and leads in a real browser on the real server: the steps of a service scheme that are theirs.

The desk's own steps are in test_browser_cases.py. What a small team asks of such a program, and the test that holds it:

| ask | test |
| --- | --- |
| 1 priority or promises changed while paused: the pause survives | service/test_clock_oracle.py, test_clocks.py |
| 2 time spent restored never counts; reopening raises no alarm | service/test_clocks.py |
| 3 a working Saturday counts | service/test_clocks.py |
| 4 the lunch hour does not count | service/test_clocks.py |
| 5 statutory days off alone, offline | service/test_clocks.py |
| 6 a year not announced: provisional | service/test_clocks.py |
| 7 waiting pauses, by reason | service/test_clocks.py, test_s11_promises |
| 8 an answer by note counts like one by mail | service/test_clocks.py |
| 9 no alarm while it is the customer's turn | service/test_clocks.py |
| 10, 11 one warning, in working hours or to who is on duty | with the warnings |
| 12 a number is never given away again | service/test_numbers.py |
| 13 a reply long after closing is a new case that points back | service/test_cases.py |
| 14 a merge can be undone | service/test_cases.py, service/test_states.py |
| 15 a reply to a merged case lands in the target | web/test_customers.py::test_ask_15_… |
| 16, 17 bounces, and a crash while fetching | with the mail |
| 18 scanners neither confirm nor rate | web/test_customers.py::test_ask_18_… |
| 19 report and follow without an account | web/test_customers.py::test_ask_19_…, test_s1_… here |
| 20 the second sees what the first wrote | test_browser_cases.py::test_two_write_at_once |
| 21 one update for all; no closing over open children | service/test_daily.py::test_ask_21_…, test_s12_… here |
| 22 no closing without cause, what was done, an article or a reason | service/test_states.py, test_s8_… of the desk |
| 23 in time by customer and month, late ones counted | service/test_figures.py::test_ask_23_…, test_s17_… here |
"""

import re
import shutil
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from conftest import ARTICLES
from test_browser import browser, pytestmark, served, visit  # noqa: F401 - fixtures, and when to skip
from test_browser_cases import FAULT, PHONE, do, report, restore
from test_customers import ARTICLE

Open = Callable[..., Any]


@pytest.fixture(scope="module")
def address(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of a site with a public article among its own."""
    folder = tmp_path_factory.mktemp("customers")
    shutil.copytree(ARTICLES / "printer", folder / "articles" / "printer")
    text = ARTICLE.format(n=99, audience="public").replace("KB-0000099", "KB-000099")
    (folder / "articles" / "faq.md").write_text(text, "utf8")
    with served(folder, KB_SERVICE="on") as found:
        yield found


def link_of(page: Any, number: str) -> str:
    """A link for the customer, made on the page of the case."""
    page.goto("/cases/" + number)
    page.evaluate("document.querySelector('.about details').open = true")
    page.click("button:has-text('给客户的链接')")
    return str(page.locator("[data-link]").get_attribute("href"))


def test_s1_report_by_the_form(visit: Open) -> None:  # noqa: F811
    """A customer reports by himself: the field that nobody sees, a receipt with the number, a link to his case."""
    page = visit("/report")
    assert page.locator("[name=website]").bounding_box()["x"] < 0
    page.fill("#report-text", FAULT)
    page.fill("#report-contact", "王工 13800138000")
    page.fill("#report-customer", "省厅")
    page.set_input_files("#report-file", {"name": "a.log", "mimeType": "text/plain", "buffer": b"49.4C02"})
    page.click("button.primary")
    assert "单号" in page.inner_text("h1")
    number = re.search(r"\d\d-\d{5}-\d", page.inner_text("h1"))
    assert number
    page.click("a.mine")
    assert "已收到" in page.inner_text(".standing .state")
    assert page.locator("a[download]:has-text('a.log')").count() == 1
    page.goto("/cases/" + number[0])
    assert "在线表单" in page.inner_text(".case-head")
    assert "省厅" in page.inner_text(".about")


def test_s7_confirmed_and_rated_by_the_customer(visit: Open) -> None:  # noqa: F811
    """The customer says that it is well, once more on a second page, then rates it; staff see both."""
    page = visit("/")
    number = report(page, FAULT)
    do(page, "call", "已回电")
    restore(page)
    page.goto(link_of(page, number))
    page.check("[name=verdict][value=confirm]")
    page.click("#verdict button")
    assert page.locator("[name=sure]:checked").count() == 0
    page.check("[name=sure][value=yes]")
    page.click("button.primary")
    assert "已关闭" in page.inner_text(".standing .state")
    page.check("[name=score][value='5']")
    page.check("[name=mark0][value='4']")
    page.click("#survey button")
    assert "5 分" in page.inner_text("form")
    page.check("[name=sure][value=yes]")
    page.click("button.primary")
    assert "您的评分：5" in page.inner_text(".standing")
    page.goto("/cases/" + number)
    assert "客户确认" in page.inner_text(".case-head")
    assert "评分 5" in " ".join(page.inner_text(".about").split())


def test_s7_still_broken(visit: Open) -> None:  # noqa: F811
    """What is still broken is said in a word, and the case is open again."""
    page = visit("/")
    number = report(page, FAULT)
    do(page, "call", "已回电")
    restore(page)
    page.goto(link_of(page, number))
    page.check("[name=verdict][value=reject]")
    page.fill("#verdict-text", "打第二张又这样")
    page.click("#verdict button")
    page.check("[name=sure][value=no]")
    page.click("button.primary")
    assert page.input_value("#verdict-text") == "打第二张又这样"
    page.click("#verdict button")
    page.check("[name=sure][value=yes]")
    page.click("button.primary")
    assert "正在处理" in page.inner_text(".standing .state")
    page.goto("/cases/" + number)
    assert page.locator(".entry-item.rejected:has-text('打第二张又这样')").count() == 1


def test_s9_common_questions_on_the_form(visit: Open) -> None:  # noqa: F811
    """While one types, a public article answers; what is not public does not."""
    page = visit("/report")
    assert page.locator(".answers:has-text('49.4C02 怎么办')").count() == 1
    page.type("#report-text", FAULT)
    page.wait_for_selector(".answers details")
    titles = page.locator(".answers summary").all_inner_texts()
    assert titles == ["打印机显示 49.4C02 怎么办 99"]
    page.click(".answers summary")
    assert "PCL 6" in page.inner_text(".answers .prose")


def test_s12_an_outage_is_noticed_and_told_to_all(visit: Open) -> None:  # noqa: F811
    """Three like reports are proposed as one; joined and escalated, one update is read by each customer; the day's
    report is drafted from what happened."""
    page = visit("/")
    numbers = [report(page, f"{n} 楼无线 office-wifi 连不上，提示无法获取 IP 地址") for n in (2, 3)]
    page.goto("/cases/new?text=4 楼无线 office-wifi 连不上，无法获取 IP 地址")
    assert page.locator("button[value^='under ']").count() == 1
    numbers.append(report(page, "4 楼无线 office-wifi 连不上，提示无法获取 IP 地址"))
    page.goto("/cases")
    assert page.locator(".note.outage [name=number]").count() == 3
    page.click(".note.outage button")
    page.wait_for_selector(".case-head")
    assert page.locator(".case-head").get_attribute("data-number") == numbers[0]
    do(page, "escalate", "全楼无线", leader="赵六", group="网络组")
    do(page, "update", "正在扩大地址池")
    assert "下次通报" in page.inner_text(".emergency-strip")
    page.click("text=起草日报")
    assert page.is_checked("#do-daily")
    assert "正在扩大地址池" in page.input_value("#composer-text")
    page.goto(link_of(page, numbers[2]))
    assert "正在扩大地址池" in page.inner_text(".story")
    assert "赵六" not in page.content()


def test_s17_what_is_learnt(visit: Open) -> None:  # noqa: F811
    """A lead reads what was kept with its denominator, who confirmed, what has no article; and takes it as a file."""
    page = visit("/")
    report(page, "雕刻机 LX-9000 报 E77 停机", customer="学校")
    do(page, "call", "已回电")
    restore(page)
    do(page, "confirm", "好了", score="4")
    page.goto("/cases")
    page.click("text=数字")
    told = " ".join(page.inner_text("main").split())
    assert re.search(r"响应 [\d.]+% \d+ / \d+", told)
    assert "没有回音而关闭" in told
    assert "单有评分" in told
    assert page.locator("section.wide a:has-text('LX-9000')").count() == 1
    assert page.locator("tr:has-text('学校')").count() == 1
    with page.expect_download() as taken:
        page.locator(".file-link").first.click()
    assert "渠道" in taken.value.path().read_text("utf-8-sig")


@pytest.mark.parametrize("options", [{}, PHONE, {"color_scheme": "dark"}], ids=["desktop", "phone", "dark"])
def test_pages_for_customers_are_accessible(visit: Open, options: dict[str, Any]) -> None:  # noqa: F811
    """axe finds nothing on the form, a case, its second page, the figures; nothing scrolls sideways."""
    from axe_playwright_python.sync_playwright import Axe

    page = visit("/", **options)
    number = report(page, FAULT)
    do(page, "call", "回电")
    restore(page)
    link = link_of(page, number)

    def looked_at(what: str) -> None:
        found = Axe().run(page, options={"runOnly": ["wcag2a", "wcag2aa", "wcag21aa", "best-practice"]})
        assert found.violations_count == 0, (what, found.generate_report())
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), what

    for path in ("/report", "/cases/figures", link):
        page.goto(path)
        looked_at(path)
    page.check("[name=verdict][value=confirm]")
    page.click("#verdict button")
    looked_at("second page")
    page.check("[name=sure][value=yes]")
    page.click("button.primary")
    looked_at("survey")


def test_without_scripts(visit: Open) -> None:  # noqa: F811
    """Reported, looked up and followed by forms alone."""
    page = visit("/report", java_script_enabled=False)
    page.fill("#report-text", FAULT)
    page.click("button[value=look]")
    assert page.locator(".answers details").count() == 1
    page.fill("#report-contact", "王工")
    page.click("button.primary")
    page.click("a.mine")
    page.fill("#add-text", "又试了一次，还是")
    page.click("#add button")
    assert "又试了一次" in page.inner_text(".story")
