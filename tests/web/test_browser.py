"""The site in a real browser: the paths a support engineer takes, by mouse, by key, on a phone, without scripts."""

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from conftest import CHROMIUM

pytestmark = pytest.mark.browser

MAIL = "老师您好，\n打印机 HP P3015 屏幕一直是 49.4C02 ERROR，关了再开，没几秒又死在那，麻烦看下谢谢！\n"
ANSWER = "KB-000012"

Open = Callable[..., Any]


@contextmanager
def served(folder: Path, shown: str = r"http://127\.0\.0\.1:\d+", **variables: str) -> Iterator[str]:
    """What `kb serve` on the articles of a folder tells of its address, on its first line or the next."""
    known = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[2]), "PYTHONUTF8": "1", "KB_ENCODER": "off"}
    command = [sys.executable, "-m", "kb", "serve", "--port", "0", "--watch", "0"]
    with subprocess.Popen(command, cwd=folder, env=known | variables, stdout=subprocess.PIPE, text=True) as server:
        assert server.stdout is not None
        said = server.stdout.readline()
        found = re.search(shown, said) or re.search(shown, server.stdout.readline())
        try:
            assert found, said
            yield found[0]
            assert server.poll() is None, f"the server ended by itself: {server.returncode}"
        finally:
            server.terminate()


@pytest.fixture(scope="module")
def address(site_folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of `kb serve` on a copy of the repository's articles."""
    folder = tmp_path_factory.mktemp("site") / "base"
    shutil.copytree(site_folder, folder)
    with served(folder) as found:
        yield found


def _until_read(act: Callable[..., None]) -> Callable[..., None]:
    """A click that leads elsewhere returns as the next page begins: the whole page, with its looks, is waited for."""

    def acted(self: Any, *arguments: Any, **options: Any) -> None:
        act(self, *arguments, **options)
        getattr(self, "page", self).wait_for_load_state("load")

    return acted


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    from playwright.sync_api import Locator, Page, sync_playwright

    with sync_playwright() as playwright, pytest.MonkeyPatch.context() as patch:
        for kind in (Page, Locator):
            for name in ("click", "press"):
                patch.setattr(kind, name, _until_read(getattr(kind, name)))
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        yield browser
        browser.close()


@pytest.fixture
def visit(browser: Any, address: str) -> Iterator[Open]:
    """visit("/search?q=x"): a page of a fresh visitor. Whatever the console complains of fails the test.

    refused: a form will be, and the console tells of that.
    """
    complaints: list[str] = []
    contexts = []

    def visit(path: str = "/", refused: bool = False, **options: Any) -> Any:
        context = browser.new_context(base_url=address, locale="zh-CN", **options)
        context.set_default_timeout(60_000)
        contexts.append(context)
        page = context.new_page()

        def listen(message: Any) -> None:
            expected = refused and "422" in message.text
            if message.type in ("error", "warning") and not expected:
                complaints.append(message.text)

        page.on("console", listen)
        page.on("pageerror", lambda e: complaints.append(str(e)))
        page.goto(path)
        return page

    yield visit
    for context in contexts:
        context.close()
    assert complaints == []


def active(page: Any) -> str:
    """What has the focus: its id, or its address."""
    return str(page.evaluate("document.activeElement.id || document.activeElement.getAttribute('href') || ''"))


def test_search_and_open(visit: Open) -> None:
    """Words typed and Enter lead to results; the first one opens with the words marked."""
    page = visit()
    page.fill("#text", "打印机 卡纸")
    page.press("#text", "Enter")
    page.wait_for_url("**/search?q=*")
    assert page.input_value("#q") == "打印机 卡纸"
    page.locator("[data-hit]").first.click()
    page.wait_for_url("**/a/KB-*")
    assert page.locator(".prose mark, h1").count() > 1
    page.fill("#q", "ORA-01653")
    page.press("#q", "Enter")
    page.wait_for_url("**/search?q=ORA-01653")
    assert "KB-000077" in page.inner_text(".hits")


def test_paste_a_mail(visit: Open, browser: Any) -> None:
    """A pasted mail brings cards with the fix; its button copies the fix, and says so."""
    page = visit()
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    page.fill("#text", MAIL)
    page.click("button.primary")
    card = page.locator(".card", has_text=ANSWER).first
    fix = card.locator("[data-copy]")
    assert card.locator(".prose.fix").inner_text().strip()
    card.locator(".reply > summary").click()
    fix.click()
    page.wait_for_selector("#status.on")
    assert page.evaluate("navigator.clipboard.readText()") == fix.get_attribute("data-copy")
    assert page.input_value("#text").strip() == MAIL.strip()
    card.locator("[data-copy-link]").click()
    page.wait_for_function("async () => (await navigator.clipboard.readText()).startsWith('http')")
    page.goto(page.evaluate("navigator.clipboard.readText()"))
    assert ANSWER in page.url


def test_answers_while_typing(visit: Open) -> None:
    """On the paste page answers come without a button, and the typed text stays."""
    page = visit("/suggest")
    page.fill("#text", MAIL)
    page.wait_for_selector(f".card:has-text('{ANSWER}')")
    assert page.locator(".card [data-reply]").first.is_visible()
    assert page.input_value("#text") == MAIL
    page.fill("#text", "附近有没有川菜馆推荐")
    page.wait_for_selector("text=没有足够相似的案例")
    page.click("form[action='/new'] button")
    page.wait_for_url("**/new")
    assert "附近有没有川菜馆推荐" in page.content()


def test_keys(visit: Open) -> None:
    """/ and Ctrl+K reach the box, Escape leaves it, ? shows the keys, arrows walk the hits, Enter opens one."""
    page = visit("/search?q=打印机")
    page.keyboard.press("/")
    assert active(page) == "q"
    page.keyboard.type("?")
    assert not page.locator("#shortcuts").is_visible()
    page.keyboard.press("Escape")
    assert active(page) != "q"
    page.keyboard.press("Control+k")
    assert active(page) == "q"
    page.keyboard.press("Escape")
    page.keyboard.press("?")
    assert page.locator("#shortcuts").is_visible()
    page.keyboard.press("Escape")
    assert not page.locator("#shortcuts").is_visible()
    links = [a.get_attribute("href") for a in page.locator("[data-hit]").all()]
    for key, expected in (("ArrowDown", 0), ("ArrowDown", 1), ("ArrowDown", 2), ("ArrowUp", 1)):
        page.keyboard.press(key)
        assert active(page) == links[expected]
    page.keyboard.press("Enter")
    page.wait_for_url("**/a/KB-*")
    page.go_back()
    page.wait_for_function("([href]) => document.activeElement?.getAttribute('href') === href", arg=[links[1]])


def test_keys_can_be_switched_off(visit: Open) -> None:
    """Single keys can be switched off, for those whose input they disturb, and stay off."""
    page = visit()
    page.keyboard.press("Escape")
    page.keyboard.press("?")
    page.uncheck("[data-shortcuts-on]")
    page.goto("/search?q=打印机")
    page.keyboard.press("/")
    assert active(page) != "q"


ENTER = """([selector, composing]) => {
    const event = new KeyboardEvent("keydown", {
        key: "Enter", code: "Enter", keyCode: composing ? 229 : 13, isComposing: composing,
        bubbles: true, cancelable: true,
    });
    return document.querySelector(selector).dispatchEvent(event);
}"""


def test_the_enter_of_an_input_method(visit: Open) -> None:
    """The Enter that takes a pinyin candidate sends nothing; the next one does."""
    page = visit()
    page.fill("#text", "kazhi")
    page.evaluate(ENTER, ["#text", True])
    page.wait_for_timeout(300)
    assert page.locator("#q").count() == 0, "the page of results came"
    page.evaluate(ENTER, ["#text", False])
    page.wait_for_selector("#q[role=combobox]")
    assert page.evaluate(ENTER, ["#q", True]) is False  # what the browser would do with it is prevented
    assert page.evaluate(ENTER, ["#q", False]) is True


PAGES = ["/", "/search?q=打印机", "/search?q=量子纠缠", "/suggest", f"/suggest?text={MAIL}", "/suggest?text=川菜馆"]
PAGES += [
    "/a/KB-000012",
    "/a/KB-000022",
    "/a/KB-000078",
    "/a/KB-000150",
    "/a/KB-000173",
    "/help",
    "/help/search",
    "/help/commands",
]


@pytest.mark.parametrize("language", ["zh", "en"])
def test_phone(visit: Open, language: str) -> None:
    """On a phone no page is wider than the screen."""
    page = visit(f"/?lang={language}", viewport={"width": 390, "height": 844}, has_touch=True, is_mobile=True)
    for path in PAGES:
        page.goto(path)
        assert page.evaluate("document.documentElement.scrollWidth") <= 390, path


def test_dark_mode(visit: Open) -> None:
    """The chosen theme stays for the next page."""
    page = visit("/", color_scheme="light")
    light = page.evaluate("getComputedStyle(document.body).backgroundColor")
    page.click("[data-theme-toggle]")
    dark = page.evaluate("getComputedStyle(document.body).backgroundColor")
    assert dark != light
    page.goto("/search?q=打印机")
    assert page.evaluate("getComputedStyle(document.body).backgroundColor") == dark
    page.click("[data-theme-toggle]")
    page.reload()
    assert page.evaluate("getComputedStyle(document.body).backgroundColor") == light


def test_english(visit: Open) -> None:
    """The switch changes the language of this page and the next; after a paste too."""
    page = visit("/search?q=打印机")
    page.click("[data-language]")
    assert page.get_attribute("html", "lang") == "en"
    assert page.input_value("#q") == "打印机"
    page.goto("/")
    page.fill("#text", MAIL)
    page.click("button.primary")
    page.wait_for_selector(".card")
    page.click("[data-language]")
    page.wait_for_selector("html[lang=zh-CN]")
    assert page.locator(".card").count()
    assert page.input_value("#text").strip() == MAIL.strip()


def test_without_scripts(visit: Open) -> None:
    """Searching, filtering, pasting and reading need no JavaScript, and show no button that would."""
    page = visit("/", java_script_enabled=False)
    page.fill("#text", "打印机")
    page.click("button.primary")
    page.wait_for_load_state()  # until its styles are there, what they hide is visible
    page.locator("summary:visible").first.click()
    page.locator(".facet a", has_text="打印机").first.click()
    page.locator("[data-hit]").first.click()
    assert page.locator(".prose").is_visible()
    page.goto("/suggest")
    page.fill("#text", MAIL)
    page.click("button.primary")
    assert page.locator(".card", has_text=ANSWER).first.is_visible()
    assert page.locator("[data-copy]:visible, [data-theme-toggle]:visible").count() == 0
