"""Accounts in a real browser: the first administrator, a colleague who comes in, writes, is refused, and signs out."""

import shutil
from collections.abc import Iterator
from typing import Any

import pytest
from conftest import ARTICLES
from test_browser import browser, pytestmark, served  # noqa: F401 - a fixture, and when to skip

GOOD = "蓝色 cable 与 47 只乌鸦"


@pytest.fixture(scope="module")
def lead(browser: Any, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:  # noqa: F811
    """A page of the first administrator, made by the address that `kb serve` prints on a new base."""
    folder = tmp_path_factory.mktemp("team")
    shutil.copytree(ARTICLES / "printer", folder / "articles" / "printer")
    with served(folder, r"http://127\.0\.0\.1:\d+/welcome/[\w-]+") as welcome:
        page = opened(browser, welcome.partition("/welcome/")[0])
        page.goto(welcome)
        for name, value in (("login", "chen.li"), ("name", "陈丽"), ("password", GOOD), ("again", GOOD)):
            page.fill(f"[name={name}]", value)
        page.click("button.primary")
        page.wait_for_selector(".tools >> text=陈丽")
        yield page


@pytest.fixture(scope="module")
def site(lead: Any) -> str:
    """The address of the base that has its first administrator."""
    return str(lead.evaluate("location.origin"))


def opened(browser: Any, site: str, **options: Any) -> Any:  # noqa: F811
    """A page of somebody who is not signed in."""
    context = browser.new_context(base_url=site, locale="zh-CN", **options)
    context.set_default_timeout(60_000)
    return context.new_page()


def test_a_team_begins(browser: Any, site: str, lead: Any) -> None:  # noqa: F811
    """The first account adds a writer, who writes, may not see people, and ends a session elsewhere."""
    lead.goto("/")
    lead.click(".tools >> text=人员")
    lead.fill(".add [name=login]", "wang.wu")
    lead.fill(".add [name=name]", "王五")
    lead.select_option(".add [name=role]", "writer")
    lead.click(".add button.primary")
    link = lead.inner_text(".link code")

    writer = opened(browser, site)
    writer.goto(link)
    writer.fill("[name=password]", GOOD)
    writer.fill("[name=again]", GOOD)
    writer.click("button.primary")
    writer.wait_for_selector(".tools >> text=王五")
    assert writer.locator(".tools >> text=人员").count() == 0
    assert writer.goto("/people").status == 403
    assert "管理员" in writer.inner_text("main")

    writer.goto("/edit/KB-000014")
    writer.fill("#f-title", "连接共享打印机失败，错误 0x0000011b，已改")
    writer.click("[data-primary]")
    writer.wait_for_url("**/a/KB-000014*")
    writer.goto("/history/printer/KB-000014.md")
    assert "王五" in writer.inner_text("main")  # whatever a form says: it is who signed in

    elsewhere = opened(browser, site)
    elsewhere.goto("/sign-in")
    elsewhere.fill("[name=login]", "WANG.WU")
    elsewhere.fill("[name=password]", "not this one")
    elsewhere.click("button.primary")
    elsewhere.wait_for_selector("[role=alert]")
    assert elsewhere.input_value("[name=login]") == "WANG.WU"
    elsewhere.fill("[name=password]", GOOD)
    elsewhere.click("button.primary")
    elsewhere.wait_for_selector(".tools >> text=王五")

    writer.goto("/account")
    writer.click("button:has-text('结束')")
    writer.wait_for_selector("button:has-text('结束')", state="detached")
    elsewhere.goto("/account")
    assert "/sign-in" in elsewhere.url
    writer.click("text=退出登录")
    writer.wait_for_url("**/sign-in")

    lead.goto("/journal")
    for told in ("添加了人员", "登录失败", "越权被拒绝", "结束了一处登录", "退出"):
        assert told in lead.inner_text("main")


TICKET = """<!doctype html><title>Ticket</title><form method="post" action="{site}/panel"><textarea name="text">
打印机卡纸，搓纸轮打滑</textarea><button>find</button></form>"""


def test_another_sites_page_asks_the_panel(browser: Any, site: str) -> None:  # noqa: F811
    """Strangers may not read here. What a ticket system's page posts comes without the cookie: who is signed in is
    answered all the same, without a click more, and who is not is told what to do and keeps what was sent."""
    page = opened(browser, site, extra_http_headers={"X-Forwarded-For": "192.0.2.7"})
    ticket = {"body": TICKET.format(site=site), "content_type": "text/html; charset=utf-8"}
    page.route("http://ticket.example/", lambda route: route.fulfill(**ticket))
    page.goto("http://ticket.example/")
    page.click("button")
    page.wait_for_selector("[role=alert] >> text=登录")
    assert "搓纸轮" in page.input_value("#text")
    page.goto("/sign-in")
    page.fill("[name=login]", "chen.li")
    page.fill("[name=password]", GOOD)
    page.click("button.primary")
    page.wait_for_selector(".tools >> text=陈丽")
    page.goto("http://ticket.example/")
    page.click("button")
    page.wait_for_selector("[data-card], div.nothing, .related")
    assert page.locator("[role=alert]").count() == 0
    page.context.close()


def test_its_pages_are_for_everybody(browser: Any, site: str) -> None:  # noqa: F811
    """axe finds nothing serious on them, on a desk by day and on a phone by night."""
    from axe_playwright_python.sync_playwright import Axe

    for options in ({}, {"viewport": {"width": 390, "height": 800}, "color_scheme": "dark"}):
        page = opened(browser, site, **options)
        page.goto("/sign-in")
        page.fill("[name=login]", "chen.li")
        page.fill("[name=password]", GOOD)
        checked = [Axe().run(page)]
        page.click("button.primary")
        page.wait_for_selector(".tools >> text=陈丽")
        for path in ("/people", "/account", "/journal"):
            page.goto(path)
            assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), path
            checked.append(Axe().run(page))
        found = [
            v for result in checked for v in result.response["violations"] if v["impact"] in ("serious", "critical")
        ]
        assert found == []
        page.context.close()
