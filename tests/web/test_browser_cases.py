"""The service desk in a real browser on the real server: the steps of a service scheme, by their names."""

import re
import shutil
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from conftest import ARTICLES
from test_browser import browser, pytestmark, served, visit  # noqa: F401 - fixtures, and when to skip

ANSWER = "KB-000012"
FAULT = "HP P3015 打印机屏幕一直是 49.4C02 ERROR，关了再开还是"
PHONE = {"viewport": {"width": 390, "height": 844}, "has_touch": True}

Open = Callable[..., Any]


@pytest.fixture(scope="module")
def address(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of a site on a few articles."""
    folder = tmp_path_factory.mktemp("desk")
    shutil.copytree(ARTICLES / "printer", folder / "articles" / "printer")
    with served(folder, KB_SERVICE="on") as found:
        yield found


def report(page: Any, text: str, **fields: str) -> str:
    """A case by the quick entry; its number."""
    page.goto("/cases/new")
    page.fill("#entry-text", text)
    page.fill("[name=editor]", "李四")
    for name, value in fields.items():
        field = page.locator(f"[data-part=fields] [name={name}]")
        if field.evaluate("f => f.tagName") == "SELECT":
            field.select_option(value)
        else:
            field.fill(value)
    page.click("button:has-text('建单')")
    page.wait_for_selector("#composer")
    return str(page.locator(".case-head").get_attribute("data-number"))


def do(page: Any, action: str, text: str = "", **fields: str) -> None:
    """One entry through the composer."""
    page.click(f"label[for=do-{action}]")
    for name, value in fields.items():
        field = page.locator(f"[name='{action}.{name}']")
        if field.evaluate("f => f.tagName") == "SELECT":
            field.select_option(value)
        else:
            field.fill(value)
    page.fill("#composer-text", text)
    page.click("#composer button.primary")
    page.wait_for_selector(".note[role=status]:has-text('已记下')")


def events(page: Any) -> list[str]:
    return [t.strip() for t in page.locator(".entry-head > b").all_inner_texts()]


def restore(page: Any) -> None:
    do(page, "restore", "换成 PCL 6 驱动", verification="试打十页", cause="software", handling="remote")


def test_s1_report_by_telephone(visit: Open) -> None:  # noqa: F811
    """While the caller speaks, who it is, the fix and an open case like it stand beside the box."""
    page = visit("/")
    page.click(".tools >> text=服务单")
    page.click("text=新单")
    first = report(page, "13800138000 王工说 " + FAULT, customer="省厅", channel="phone")
    page.goto("/cases/new")
    page.type("#entry-text", "13800138000 又是 49.4C02 ERROR，P3015")
    page.wait_for_selector("[data-part=beside] .fixes")
    assert page.locator(f"[data-part=beside] a:has-text('{ANSWER}')").count()
    assert page.locator(f"[data-part=beside] button[value='join {first}']").count() == 1
    assert page.input_value("[data-part=fields] [name=customer]") == "省厅"
    assert page.input_value("[data-part=fields] [name=area]") == "printer"
    page.select_option("[data-part=fields] [name=channel]", "wechat")
    page.click("button:has-text('建单')")
    page.wait_for_selector("#composer")
    assert "微信" in page.inner_text(".case-head")


def test_s2_number(visit: Open) -> None:  # noqa: F811
    """A number is unique, has a check digit, and leads to its case from the one box and from an address."""
    page = visit("/")
    one, two = report(page, "第一单 " + FAULT), report(page, "第二单 " + FAULT)
    assert one != two
    assert re.fullmatch(r"\d\d-\d{5,}-\d", one)
    page.goto("/search?q=" + one)
    assert page.url.endswith("/cases/" + one)
    page.goto(f"/cases/{int(two.split('-')[1])}")
    assert page.url.endswith("/cases/" + two)


def test_s3_class_and_priority(visit: Open) -> None:  # noqa: F811
    """Area and cause are proposed with a share; the priority follows from urgency and impact."""
    page = visit("/cases/new")
    page.fill("#entry-text", FAULT)
    page.wait_for_selector("[data-part=fields] small:has-text('像是')")
    report(page, FAULT, urgency="high", impact="wide", area="printer")
    assert page.inner_text(".case-head .severity") == "P1"
    do(page, "classify", urgency="low", impact="one")
    assert page.inner_text(".case-head .severity") == "P4"


def test_s4_diagnosis(visit: Open) -> None:  # noqa: F811
    """Each diagnosis ranks the fixes anew; ?? inserts one; what did not help steps back."""
    page = visit("/")
    report(page, "打印机不行了，客户很急")
    assert page.locator(f"[data-fix={ANSWER}]").count() == 0
    do(page, "diagnose", "面板显示 49.4C02，HP P3015 死机", looked="面板")
    assert page.locator("[data-fix]").first.get_attribute("data-fix") == ANSWER
    page.click("label[for=do-propose]")
    page.type("#composer-text", "先试：\n??")
    page.wait_for_selector("[data-fixes] li")
    page.keyboard.press("Enter")
    assert "PCL 6" in page.input_value("#composer-text")
    assert "??" not in page.input_value("#composer-text")
    assert page.input_value("[name='propose.article']") == ANSWER
    page.click("#composer button.primary")
    page.wait_for_selector(".entry-item.proposed")
    page.click(f"button[name=look][value={ANSWER}]")
    page.wait_for_selector(".looked")
    assert page.locator(f"[data-fix={ANSWER}]").count() == 0


def test_s5_tested_before_it_is_applied(visit: Open) -> None:  # noqa: F811
    """Of a P1 a fix is tried elsewhere first: applying is refused, with the text kept, until it was."""
    page = visit("/", refused=True)
    report(page, FAULT, urgency="high", impact="wide")
    page.click("label[for=do-apply]")
    page.fill("[name='apply.undo']", "装回 PS 驱动")
    page.fill("#composer-text", "换 PCL 6 驱动")
    page.click("#composer button.primary")
    page.wait_for_selector("#composer [role=alert]")
    assert "试过" in page.inner_text("#composer [role=alert]")
    assert page.input_value("#composer-text") == "换 PCL 6 驱动"
    do(page, "test", "备机十页不再报错", where="机房备机")
    do(page, "apply", "换 PCL 6 驱动", undo="装回 PS 驱动")
    assert events(page)[-2:] == ["试过", "实施"]


def test_s6_applied_and_undone(visit: Open) -> None:  # noqa: F811
    """What is applied says how it is undone, and can be."""
    page = visit("/")
    report(page, FAULT)
    do(page, "apply", "升级固件", undo="刷回旧版")
    assert "刷回旧版" in page.inner_text(".entry-item.applied")
    do(page, "undo", "升级后打不出彩色")
    assert events(page)[-1] == "回退"


def test_s7_the_customer_confirms(visit: Open) -> None:  # noqa: F811
    """An agent notes the call by which a customer confirmed, with a score."""
    page = visit("/")
    report(page, FAULT)
    do(page, "call", "已回电")
    restore(page)
    do(page, "confirm", "客户说好了", score="5")
    assert "已关闭" in page.inner_text(".case-head")
    assert "客户确认" in page.inner_text(".case-head")


def test_s8_into_the_knowledge_base(visit: Open) -> None:  # noqa: F811
    """Closing asks which article: a known one is linked and tells it, a new one begins with the log, masked."""
    page = visit("/")
    report(page, "13911112222 " + FAULT)
    do(page, "reply", "收到")
    restore(page)
    page.check(f"input[name=link][value={ANSWER}]")
    page.click("button:has-text('关联这一篇')")
    page.wait_for_selector(".entry-item.linked")
    page.goto(f"/a/{ANSWER}")
    assert "解决的服务单" in page.inner_text(".panel")
    report(page, "13911112222 雕刻机 LX-9000 报 E77 停机")
    do(page, "reply", "收到")
    do(page, "diagnose", "导轨缺油", looked="导轨")
    restore(page)
    page.click("button:has-text('写成新文章')")
    page.wait_for_url("**/edit/**")
    assert "E77" in page.input_value("[name=title]")
    assert "13911112222" not in page.content()


def test_s9_common_questions_are_found(visit: Open) -> None:  # noqa: F811
    """Cases and articles are found in the same box, each told apart."""
    page = visit("/")
    number = report(page, "复印机 XC-55 出纸慢")
    page.goto("/search?q=XC-55")
    assert number in page.inner_text(".cases-found")
    page.goto("/search?q=49.4C02")
    assert page.locator(".hits .hit").count()


def test_s11_promises(visit: Open) -> None:  # noqa: F811
    """Clocks stand on top with what is left and how they are reckoned; a time said becomes one; waiting pauses."""
    page = visit("/")
    report(page, FAULT)
    assert page.locator(".clock").first.inner_text().startswith("响应")
    page.locator(".clock summary").first.click()
    assert "计入" in page.locator(".clock .reckoning").first.inner_text()
    until = datetime.now(ZoneInfo("Asia/Shanghai")) + timedelta(hours=2)
    do(page, "promise", "两小时内回话", until=f"{until:%Y-%m-%dT%H:%M}")
    assert page.locator(".clock:has-text('答应的时间')").count() == 1
    assert page.locator(".clock:has-text('响应'):has-text('按时')").count() == 1
    do(page, "wait", "请客户重启", **{"for": "customer", "until": f"{until:%Y-%m-%dT%H:%M}"})
    assert page.locator(".clock.paused:has-text('恢复')").count() == 1


def test_s12_emergency(visit: Open) -> None:  # noqa: F811
    """Escalated, a case shows its group and the next update on a red strip; one update reaches the joined cases."""
    page = visit("/")
    parent = report(page, "全楼打印停了 " + FAULT)
    child = report(page, "四楼也停了 " + FAULT)
    do(page, "join", parent=parent)
    page.goto("/cases/" + parent)
    do(page, "escalate", "全楼打印", leader="赵六", group="打印组")
    assert "赵六" in page.inner_text(".emergency-strip")
    assert "下次通报" in page.inner_text(".emergency-strip")
    do(page, "update", "正在升级固件，预计一小时")
    page.goto("/cases/" + child)
    assert "正在升级固件" in page.inner_text("[data-timeline]")
    page.goto("/cases?view=emergencies")
    assert parent in page.inner_text(".case-table")


def test_s18_who_does_what(visit: Open) -> None:  # noqa: F811
    """A case is given to somebody; every entry says who wrote it."""
    page = visit("/")
    number = report(page, FAULT)
    do(page, "assign", owner="王五")
    assert "负责：王五" in page.inner_text(".case-head")
    assert "李四" in page.inner_text(".entry-item.assigned")
    page.goto("/cases?view=open")
    assert page.locator(f".row:has-text('{number}'):has-text('王五')").count() == 1


def test_two_write_at_once(visit: Open) -> None:  # noqa: F811
    """The second sees that somebody types, and the new entry, before anything is sent; nothing typed is lost."""
    first, second = visit("/"), visit("/")
    number = report(first, FAULT)
    second.goto("/cases/" + number)
    second.fill("#composer [name=editor]", "王五")
    first.type("#composer-text", "您好")
    first.wait_for_timeout(300)
    second.type("#composer-text", "我来回复")
    second.wait_for_selector("[data-others]:not([hidden])")
    assert "李四" in second.inner_text("[data-others]")
    first.click("#composer button.primary")
    first.wait_for_selector(".entry-item.message_out")
    second.evaluate("document.querySelector('[data-composer]').dispatchEvent(new Event('look'))")
    second.wait_for_selector(".entry-item.new")
    assert second.input_value("#composer-text") == "我来回复"
    second.click("#composer button.primary")
    second.wait_for_selector(".note[role=status]:has-text('已记下')")


def test_without_scripts(visit: Open) -> None:  # noqa: F811
    """The whole way by forms alone: entry, an inserted fix, a stale form that is shown again, the end."""
    page = visit("/", refused=True, java_script_enabled=False)
    page.goto("/cases/new")
    page.fill("#entry-text", FAULT)
    page.fill("[name=editor]", "李四")
    page.click("button:has-text('查一查')")
    assert page.locator("[data-part=beside] .card").count()
    page.click("button:has-text('建单')")
    assert page.locator("#composer").count() == 1
    assert page.locator("[name='wait.until']").is_hidden()
    page.click("label[for=do-wait]")
    assert page.locator("[name='wait.until']").is_visible()
    page.click("label[for=do-reply]")
    page.fill("#composer-text", "您好")
    page.click(f"button[name=insert][value={ANSWER}]")
    assert page.input_value("#composer-text").startswith("您好\n\n")
    page.click("#composer button.primary")
    assert page.locator(".entry-item.message_out").count() == 1


@pytest.mark.parametrize("options", [{}, PHONE, {"color_scheme": "dark"}], ids=["desktop", "phone", "dark"])
def test_the_desk_is_accessible(visit: Open, options: dict[str, Any]) -> None:  # noqa: F811
    """axe finds nothing on the list, the entry, a case at work and a restored one; nothing scrolls sideways."""
    from axe_playwright_python.sync_playwright import Axe

    page = visit("/", **options)
    number = report(page, FAULT)
    do(page, "escalate", "全楼", leader="赵六", group="组")
    do(page, "call", "回电")
    restore(page)
    for path in ("/cases?view=open", "/cases/new?text=" + FAULT, "/cases/" + number):
        page.goto(path)
        found = Axe().run(page, options={"runOnly": ["wcag2a", "wcag2aa", "wcag21aa", "best-practice"]})
        assert found.violations_count == 0, (path, found.generate_report())
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), path
