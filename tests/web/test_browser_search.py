"""Searching in a real browser: the list while one types, recent and saved searches, reading an article."""

from typing import Any

import pytest
from test_browser import ENTER, Open, active, address, browser, pytestmark, visit  # noqa: F401 - fixtures

LIST = "#completions [role=option]"


def typed(page: Any, text: str) -> None:
    """Type into the box at the top and wait for the list about it."""
    page.click("#q")
    page.fill("#q", "")
    with page.expect_response("**/api/v1/complete?*"):
        page.locator("#q").press_sequentially(text)
    page.wait_for_selector(f"{LIST}:not(.recent)")


def chosen(page: Any) -> str:
    """The line that the box points to, as assistive technology finds it; empty for none."""
    return str(
        page.evaluate("""() => {
            const box = document.querySelector("#q"), id = box.getAttribute("aria-activedescendant");
            const option = id && document.getElementById(id);
            if (option && option.getAttribute("aria-selected") !== "true") return "not selected";
            return option ? option.querySelector("span").textContent : "";
        }""")
    )


@pytest.fixture
def page(visit: Open) -> Any:  # noqa: F811
    """A page with the box at the top, of a visitor who searched for nothing yet."""
    return visit("/browse")


def test_the_list_by_keys(page: Any) -> None:
    """Arrows walk through the list and back to the box, the focus stays, Enter opens what is chosen."""
    typed(page, "49.4")
    lines = page.locator(f"{LIST} span").all_inner_texts()
    assert lines[0] == "49.4C02"
    assert page.get_attribute("#q", "aria-expanded") == "true"
    assert chosen(page) == ""
    for key, expected in (("ArrowDown", lines[0]), ("ArrowDown", lines[1]), ("ArrowUp", lines[0]), ("ArrowUp", ""),
                          ("ArrowUp", lines[-1]), ("ArrowDown", ""), ("ArrowDown", lines[0])):  # fmt: skip
        page.keyboard.press(key)
        assert chosen(page) == expected
        assert active(page) == "q"
    page.keyboard.press("Enter")
    page.wait_for_url("**/code/49.4C02")


def test_escape_closes_the_list_first(page: Any) -> None:
    """Escape closes the list and keeps the text; once more leaves the box."""
    typed(page, "打印机")
    page.keyboard.press("Escape")
    assert page.get_attribute("#q", "aria-expanded") == "false"
    assert page.locator(LIST).count() == 0
    assert (active(page), page.input_value("#q")) == ("q", "打印机")
    page.keyboard.press("Escape")
    assert active(page) != "q"


def test_enter_with_nothing_chosen_searches(page: Any) -> None:
    """The list proposes, it decides nothing."""
    typed(page, "打印机 卡纸")
    page.keyboard.press("Enter")
    page.wait_for_url("**/search?q=*")
    assert page.input_value("#q") == "打印机 卡纸"


def test_the_list_by_mouse(page: Any) -> None:
    """A click opens an article."""
    typed(page, "ORA-01653")
    page.locator(f"{LIST}.article").first.click()
    page.wait_for_url("**/a/KB-000077-*")


def test_composing_asks_and_takes_nothing(page: Any) -> None:
    """While an input method composes nothing is asked for, and its Enter takes no line of the list."""
    typed(page, "打印")
    page.keyboard.press("ArrowDown")
    first = chosen(page)
    asked: list[str] = []
    page.on("request", lambda r: asked.append(r.url) if "complete" in r.url else None)
    page.evaluate("""() => {
        const box = document.querySelector("#q");
        box.dispatchEvent(new CompositionEvent("compositionstart", { bubbles: true }));
        box.dispatchEvent(new InputEvent("input", { bubbles: true, isComposing: true }));
    }""")
    assert page.evaluate(ENTER, ["#q", True]) is False
    page.wait_for_timeout(400)
    assert (asked, chosen(page)) == ([], first)
    assert page.url.endswith("/browse")
    with page.expect_request("**/api/v1/complete?*"):
        page.evaluate("""document.querySelector("#q").dispatchEvent(
            new CompositionEvent("compositionend", { bubbles: true }))""")


def test_only_the_last_answer_is_shown(page: Any) -> None:
    """An answer that comes late is about a text that is no longer there."""

    def late(route: Any) -> None:
        page.wait_for_timeout(300) if "ORA" in route.request.url else None
        route.continue_()

    page.route("**/api/v1/complete?*", late)
    page.click("#q")
    page.fill("#q", "ORA-0165")
    page.wait_for_timeout(150)
    page.fill("#q", "打印机")
    page.wait_for_selector(f"{LIST}.article")
    page.wait_for_timeout(500)
    assert page.locator(f"{LIST}.code").count() == 0


def test_recent_searches(visit: Open) -> None:  # noqa: F811
    """The empty box lists what was searched before, newest first; the start page removes one or all."""
    page = visit("/search?q=打印机")
    page.goto("/search?q=ORA-01653&sort=updated")
    page.goto("/search?area=network")
    page.goto("/browse")
    page.click("#q")
    assert page.locator(f"{LIST}.recent span").all_inner_texts() == ["ORA-01653", "打印机"]
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")
    page.wait_for_url("**/search?q=ORA-01653")
    page.goto("/")
    recent = page.locator("[data-recent] li a")
    assert recent.all_inner_texts() == ["ORA-01653", "打印机"]
    page.get_by_role("button", name="移除 ORA-01653").click()
    assert recent.all_inner_texts() == ["打印机"]
    page.click("[data-clear]")
    assert not page.locator("[data-mine]").is_visible()
    page.reload()
    assert not page.locator("[data-mine]").is_visible()


def test_saved_searches(visit: Open) -> None:  # noqa: F811
    """The star keeps the whole address under a name, the start page lists it, the star takes it back."""
    page = visit("/search?q=打印机&area=printer&sort=updated")
    star = page.locator("[data-save]")
    star.click()
    page.fill("#save input", "<b>机</b>")
    page.keyboard.press("Enter")
    assert star.get_attribute("aria-pressed") == "true"
    page.goto("/")
    page.locator("[data-saved] a", has_text="<b>机</b>").click()
    page.wait_for_url("**/search?q=*&area=printer&sort=updated")
    assert star.get_attribute("aria-pressed") == "true"
    star.click()
    assert star.get_attribute("aria-pressed") == "false"
    star.click()
    page.click("#save [data-close]")
    assert star.get_attribute("aria-pressed") == "false"
    page.goto("/")
    assert not page.locator("[data-saved]").is_visible()


def test_what_others_wrote_into_the_storage(visit: Open) -> None:  # noqa: F811
    """Lists that are none, and addresses that are no search, are left out."""
    page = visit("/")
    for value in ("{", '"x"', "null", '[{"name": 1}, null, {"name": "x", "url": "javascript:alert(1)"}]'):
        page.evaluate("value => { localStorage.saved = value; localStorage.recent = value; }", value)
        page.reload()
        assert not page.locator("[data-mine]").is_visible()


def test_reading(visit: Open) -> None:  # noqa: F811
    """A code block and a heading's link are copied by a click; whether it helped is said and taken back."""
    page = visit("/a/KB-000012")
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    page.locator(".copy-code").first.click()
    page.wait_for_function("async () => (await navigator.clipboard.readText()).startsWith('49.4C02 ERROR')")
    heading = page.locator(".prose h2", has_text="解决")
    heading.hover()
    heading.locator(".anchor").click()
    page.wait_for_function("async () => decodeURI(await navigator.clipboard.readText()).endsWith('#解决')")
    page.click("#verdict button[value=helpful]")
    page.wait_for_selector("#verdict .said")
    page.click("#verdict button[value=undo]")
    page.click("#verdict summary")
    page.fill("#verdict textarea", "缺型号")
    page.click("#verdict button[value=incomplete]")
    assert "没帮助" in page.inner_text("#verdict .said")


def test_keys_of_tools(visit: Open) -> None:  # noqa: F811
    """A key follows the link that names it, if the page has one, and not while one types."""
    page = visit("/browse")
    page.evaluate("""document.querySelector("main").insertAdjacentHTML(
        "beforeend", '<a data-key="e" href="/product/Windows%2010">e</a>')""")
    page.keyboard.press("z")
    page.click("#q")
    page.keyboard.press("e")
    page.keyboard.press("Escape")
    page.keyboard.press("Escape")
    assert page.url.endswith("/browse")
    page.keyboard.press("e")
    page.wait_for_url("**/product/Windows%2010")


@pytest.mark.parametrize("language", ["zh", "en"])
def test_phone(visit: Open, language: str) -> None:  # noqa: F811
    """On a phone none of these pages is wider than the screen, and neither is the list."""
    page = visit(f"/?lang={language}", viewport={"width": 390, "height": 844}, has_touch=True, is_mobile=True)
    for path in (
        "/search?q=打印机",
        "/browse",
        "/code/0x0000011b",
        "/product/Windows 10",
        "/a/KB-000012",
        "/",
    ):
        page.goto(path)
        assert page.evaluate("document.documentElement.scrollWidth") <= 390, path
    page.goto("/browse")
    typed(page, "打印机")
    box = page.locator("#completions").bounding_box()
    assert box["x"] >= 0
    assert box["x"] + box["width"] <= 390


def test_without_scripts(visit: Open) -> None:  # noqa: F811
    """Browsing, an identifier's page, searching and a verdict need no JavaScript; nothing that would is shown."""
    page = visit("/browse", java_script_enabled=False)
    page.locator("a[href='/search?area=printer&cause=hardware']").first.click()
    assert page.locator("[data-hit]").count()
    assert not page.locator("[data-save]").is_visible()
    page.fill("#q", "49.4C02")
    page.press("#q", "Enter")
    page.locator("a[href='/code/49.4C02']").first.click()
    page.locator("[data-hit]").first.click()
    assert page.locator(".prose mark").count()
    page.click("#verdict summary")
    page.click("#verdict button[value=unclear]")
    assert "没帮助" in page.inner_text("#verdict .said")
