"""Searching in a real browser: the list while one types, recent and saved searches, reading an article."""

import re
from typing import Any

import pytest
from test_browser import ENTER, MAIL, Open, active, address, browser, pytestmark, visit  # noqa: F401 - fixtures

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


# --- results while one types --------------------------------------------------------------------


def test_results_while_typing(visit: Open) -> None:  # noqa: F811
    """The list follows the box without a reload, and the address and title with it; focus and place stay."""
    page = visit("/search?q=打印机")
    page.evaluate("window.kept = true")
    page.click("#q")
    page.keyboard.press("End")
    page.keyboard.type(" 49.4C02")
    page.wait_for_url("**/search?q=*49.4C02")
    page.wait_for_function("document.querySelector('#status').textContent.includes('找到')")
    assert page.evaluate("window.kept")
    assert active(page) == "q"
    assert page.input_value("#q") == "打印机 49.4C02"
    assert page.title().startswith("打印机 49.4C02")
    assert "KB-000012" in page.inner_text(".hits")
    link = page.get_attribute("a[data-language]", "href")
    assert "49.4C02" in link
    assert "lang=en" in link


def test_back_and_reload_while_typing(visit: Open) -> None:  # noqa: F811
    """One step back is the search of before, however many keys were typed; a reload shows what was shown."""
    page = visit("/browse")
    page.goto("/search?q=打印机")
    count = page.inner_text(".count").split()[0]
    page.click("#q")
    page.keyboard.press("End")
    for key in (" ", "4", "9", ".", "4", "C", "0", "2"):
        page.keyboard.type(key)
        page.wait_for_timeout(250)
    page.wait_for_url("**q=*49.4C02")
    page.reload()
    assert page.input_value("#q") == "打印机 49.4C02"
    page.go_back()
    page.wait_for_function("n => document.querySelector('.count')?.textContent.trim().startsWith(n)", arg=count)
    assert page.input_value("#q") == "打印机"
    page.go_back()
    page.wait_for_url("**/browse")


def test_typed_words_are_searches_once_they_are_settled(visit: Open) -> None:  # noqa: F811
    """Half-typed words are asked for as such; a pause, Enter and a look at a result make one search of them."""
    page = visit("/search?q=打印机")
    asked: list[str] = []
    page.on("request", lambda r: asked.append(r.headers.get("x-part", "page")) if "/search?" in r.url else None)
    page.fill("#q", "卡纸")
    page.wait_for_url("**q=%E5%8D%A1%E7%BA%B8")
    assert asked == ["typed"]
    with page.expect_request(lambda r: r.headers.get("x-part") == "noted"):
        page.keyboard.press("ArrowDown")
    assert active(page).startswith("/a/")
    page.fill("#q", "ORA-01653")
    with page.expect_request(lambda r: r.headers.get("x-part") == "meant"):
        page.keyboard.press("Enter")
    page.wait_for_url("**q=ORA-01653")
    page.fill("#q", "蓝屏")
    with page.expect_request(lambda r: r.headers.get("x-part") == "noted"):
        page.wait_for_timeout(3000)
    page.goto("/")
    assert page.locator("[data-recent] li a").all_inner_texts() == ["蓝屏", "ORA-01653", "卡纸", "打印机"]


def test_composing_asks_for_no_results(visit: Open) -> None:  # noqa: F811
    """While an input method composes, the results stay; what it was about is asked once it ends."""
    page = visit("/search?q=打印机")
    asked: list[str] = []
    page.on("request", lambda r: asked.append(r.url) if "/search?" in r.url or "complete" in r.url else None)
    page.evaluate("""() => {
        const box = document.querySelector("#q");
        box.focus();
        box.value = "ka'zhi";
        box.dispatchEvent(new CompositionEvent("compositionstart", { bubbles: true }));
        box.dispatchEvent(new InputEvent("input", { bubbles: true, isComposing: true }));
    }""")
    assert page.evaluate(ENTER, ["#q", True]) is False
    page.wait_for_timeout(500)
    assert asked == []
    page.evaluate("""() => {
        const box = document.querySelector("#q");
        box.value = "卡纸";
        box.dispatchEvent(new CompositionEvent("compositionend", { bubbles: true }));
    }""")
    page.wait_for_url("**q=%E5%8D%A1%E7%BA%B8")
    assert "卡纸" in page.inner_text(".hits")


def test_keys_between_box_and_results(visit: Open) -> None:  # noqa: F811
    """Down leads from the box through the proposals into the results, up and Escape lead back."""
    page = visit("/search?q=打印机")
    page.fill("#q", "49.4C02")
    page.wait_for_selector(LIST)
    page.keyboard.press("ArrowDown")
    assert chosen(page) == "49.4C02"
    for _ in range(page.locator(LIST).count()):
        page.keyboard.press("ArrowDown")
    assert active(page).startswith("/a/")
    assert page.locator(LIST).count() == 0
    page.keyboard.press("ArrowUp")
    assert active(page) == "q"
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Escape")
    assert active(page) == "q"
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")
    page.wait_for_url("**/a/KB-*")
    page.go_back()
    page.wait_for_url("**q=49.4C02")
    assert active(page).startswith("/a/")


def test_nothing_moves_while_typing(visit: Open) -> None:  # noqa: F811
    """Results that come shift nothing that was there, as the browser itself measures it."""
    page = visit("/")
    page.evaluate("""() => {
        window.shift = 0;
        new PerformanceObserver((list) => {
            for (const entry of list.getEntries()) if (!entry.hadRecentInput) window.shift += entry.value;
        }).observe({ type: "layout-shift" });
    }""")
    before = page.locator("#text").bounding_box()
    page.locator("#text").press_sequentially("打印机", delay=700)
    page.wait_for_selector("[data-results] [data-hit]")
    page.wait_for_timeout(700)
    assert page.locator("#text").bounding_box() == before
    assert page.evaluate("window.shift") == 0


# --- the box of the start page --------------------------------------------------------------------


def test_the_start_pages_box(visit: Open) -> None:  # noqa: F811
    """It has the focus, proposes, shows results, and gives the page back once it is empty."""
    page = visit("/")
    assert active(page) == "text"
    page.keyboard.type("49.4")
    page.wait_for_selector(f"{LIST}.code")
    page.keyboard.press("ArrowDown")
    assert page.get_attribute("#text", "aria-activedescendant") == "completion-0"
    page.keyboard.press("Escape")
    page.keyboard.type("C02")
    page.wait_for_selector("[data-results] [data-hit]")
    assert active(page) == "text"
    assert not page.locator("section.browse").is_visible()
    page.fill("#text", "")
    page.wait_for_selector("section.browse")
    assert page.url.endswith("/")


def test_from_the_start_page_and_back(visit: Open) -> None:  # noqa: F811
    """Enter makes a page of the results that are shown; one step back is the start page."""
    page = visit("/")
    page.keyboard.type("打印机")
    page.wait_for_selector("[data-results] [data-hit]")
    page.keyboard.press("Enter")
    page.wait_for_selector("#q")
    assert page.input_value("#q") == "打印机"
    page.go_back()
    page.wait_for_selector("#text")
    assert page.url.endswith("/")


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_proposals_and_results_are_accessible(visit: Open, scheme: str) -> None:  # noqa: F811
    """axe-core finds nothing serious while the list is open over the results, and in the paste that is offered."""
    from axe_playwright_python.sync_playwright import Axe

    page = visit("/", bypass_csp=True, color_scheme=scheme)  # the checker itself is an inline script
    page.keyboard.type("49.4C02")
    page.wait_for_selector("[data-results] [data-hit]")
    page.wait_for_selector(LIST)
    found = Axe().run(page).response["violations"]
    page.goto("/browse")
    page.evaluate(PASTE, ["#q", MAIL])
    page.wait_for_selector(LIST)
    found += Axe().run(page).response["violations"]
    assert [(v["id"], v["nodes"][0]["html"]) for v in found if v["impact"] in ("serious", "critical")] == []


def test_no_keyboard_comes_up_unasked(visit: Open) -> None:  # noqa: F811
    """On a touch screen the box waits for a finger."""
    page = visit("/", viewport={"width": 390, "height": 844}, has_touch=True, is_mobile=True)
    assert active(page) == ""


PASTE = """([selector, text]) => {
    const box = document.querySelector(selector), data = new DataTransfer();
    data.setData("text/plain", text);
    box.focus();
    const event = new ClipboardEvent("paste", { clipboardData: data, bubbles: true, cancelable: true });
    if (box.dispatchEvent(event)) document.execCommand("insertText", false, text);
}"""
"""What a browser does with a paste: the page may take it, else it is put in."""


def test_a_paste_at_home_is_answered_as_one(visit: Open) -> None:  # noqa: F811
    """A description pasted into the empty box goes to its answers at once, with all its lines."""
    page = visit("/")
    page.evaluate(PASTE, ["#text", MAIL])
    page.wait_for_selector(".card:has-text('KB-000012')")
    assert page.input_value("#text").strip() == MAIL.strip()


@pytest.mark.parametrize("path", ["/browse", "/search?q=打印机"])
def test_a_paste_in_the_header_is_handed_over(visit: Open, path: str) -> None:  # noqa: F811
    """The box of one line offers to answer what was pasted, and hands it over with the lines it can't show."""
    page = visit(path)
    page.fill("#q", "")
    page.evaluate(PASTE, ["#q", MAIL])
    assert page.locator(f"{LIST}.paste").inner_text().startswith("这是一段描述")
    assert "P3015" in page.input_value("#q")
    page.keyboard.press("Enter")
    page.wait_for_selector(".card:has-text('KB-000012')")
    assert page.input_value("#text").strip() == MAIL.strip()


def test_a_long_text_in_the_header(visit: Open) -> None:  # noqa: F811
    """What is typed at length is offered the same; without scripts the page of results offers it."""
    page = visit("/browse")
    text = "打印机一直显示错误，关了再开还是一样，客户很着急，麻烦看一下怎么办"
    page.fill("#q", text)
    page.locator(f"{LIST}.paste").click()
    page.wait_for_url("**/suggest")
    assert page.input_value("#text") == text
    page = visit(f"/search?q={text}", java_script_enabled=False)
    page.get_by_role("link", name="为它找方案").click()
    assert page.input_value("#text") == text


# --- reading what was found -------------------------------------------------------------------------


def test_marks_one_after_the_other(visit: Open) -> None:  # noqa: F811
    """From a result the marks are counted, and buttons and keys lead from one to the next, around the end."""
    page = visit("/search?q=49.4C02")
    page.locator("[data-hit]").first.click()
    bar = page.locator("[data-marks]")
    count = int(bar.get_attribute("data-marks"))
    assert count == page.locator(".prose mark").count() > 1
    first = page.locator("mark.here").get_attribute("id")
    bar.get_by_role("button", name="下一处").click()
    second = page.locator("mark.here").get_attribute("id")
    assert second != first
    page.keyboard.press("Shift+M")
    assert page.locator("mark.here").get_attribute("id") == first
    for _ in range(count):
        page.keyboard.press("m")
    assert page.locator("mark.here").get_attribute("id") == first
    assert page.locator("mark.here").is_visible()
    assert re.fullmatch(rf"第 \d+ 处，共 {count} 处", bar.locator("output").inner_text())


BLOCKS = [
    ("$ ls -l\ntotal 0\n$ cat a", "", "ls -l\ncat a"),
    ("$ docker run \\\n  -it x\nok", "", "docker run \\\n  -it x"),
    ("PS C:\\> Get-Service spooler\n\nStatus", "", "Get-Service spooler"),
    ("C:\\Users\\x>ipconfig /all", "", "ipconfig /all"),
    (">>> print(1)\n1", "", "print(1)"),
    ("[root@web01 ~]# systemctl restart nginx", "", "systemctl restart nginx"),
    ("<H3C>system-view\n[H3C]interface vlan 10\n[H3C-Vlan-interface10] undo shutdown", "",
     "system-view\ninterface vlan 10\nundo shutdown"),
    ("[H3C] display version", "", "display version"),
    ("# systemctl restart nginx", "console", "systemctl restart nginx"),
    # Nothing of these is surely a prompt.
    ("# 重启服务\nsystemctl restart nginx", "bash", "# 重启服务\nsystemctl restart nginx"),
    ("[mysqld]\nmax_connections = 500", "", "[mysqld]\nmax_connections = 500"),
    ("[ERROR] disk full\n[INFO] done", "", "[ERROR] disk full\n[INFO] done"),
    ("<name>value</name>", "xml", "<name>value</name>"),
    ("echo $HOME > out", "", "echo $HOME > out"),
    ("50.2 FUSER ERROR", "", "50.2 FUSER ERROR"),
]  # fmt: skip


def test_copying_commands(visit: Open) -> None:  # noqa: F811
    """Of a session the commands are copied without prompts and answers; what is none is copied as it stands."""
    page = visit("/a/KB-000012")
    for text, language, expected in BLOCKS:
        script = "async ([t, l]) => (await import('/static/prompts.js')).withoutPrompts(t, l)"
        assert page.evaluate(script, [text, language]) == expected, text


def test_the_copy_button_covers_nothing(visit: Open) -> None:  # noqa: F811
    """The button stands beside the block, at any width."""
    for width in (1280, 390):
        page = visit("/a/KB-000012", viewport={"width": width, "height": 800})
        frame = page.locator(".code-frame").first
        text, button = frame.locator("pre").bounding_box(), frame.locator(".copy-code").bounding_box()
        assert text["x"] + text["width"] <= button["x"] + 0.5


def test_a_line_is_as_long_as_one_reads(visit: Open) -> None:  # noqa: F811
    """On a desk a line of the article has 36 to 44 characters, and the rest of the width is used."""
    page = visit("/a/KB-000012", viewport={"width": 1280, "height": 800})
    script = "([s]) => parseFloat(getComputedStyle(document.querySelector(s)).width)"
    characters = page.evaluate(script, [".prose p"]) / page.evaluate(
        "parseFloat(getComputedStyle(document.querySelector('.prose p')).fontSize)"
    )
    assert 36 <= characters <= 44
    beside, main = page.locator(".beside").bounding_box(), page.locator("main").bounding_box()
    assert beside["x"] + beside["width"] > main["x"] + main["width"] - 40


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
        "/a/KB-000171?h=卡纸",
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
