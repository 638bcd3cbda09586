"""The paste page in a real browser: files, masking and back, verdicts, replies, long logs, keys, a phone."""

import os
import re
import shutil
import subprocess
import sys
from base64 import b64encode
from collections.abc import Iterator
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from importlib.util import find_spec
from pathlib import Path
from threading import Thread
from typing import Any

import pytest
from conftest import ARTICLES
from screenshots import shot
from test_browser import ANSWER, MAIL, Open, address, browser, pytestmark, visit  # noqa: F401 - fixtures and condition

SECRETS = ("13812345678", "wang@corp.cn", "Abc12345")
PRIVATE = f"{MAIL}王工 {SECRETS[0]}，{SECRETS[1]}，密码：{SECRETS[2]}\n"
EML = "Subject: HP P3015\nMIME-Version: 1.0\nContent-Type: text/plain; charset=utf-8\n\n" + MAIL
DROP = """([name, text]) => {
    const data = new DataTransfer();
    data.items.add(new File([text], name));
    for (const type of ["dragover", "drop"]) {
        document.body.dispatchEvent(new DragEvent(type, { dataTransfer: data, bubbles: true, cancelable: true }));
    }
}"""


def settled(page: Any) -> None:
    """Wait until the answers are those to the text in the box."""
    from playwright.sync_api import expect

    expect(page.locator(".answers.loading")).to_have_count(0)


@pytest.fixture
def pasted(visit: Open) -> Any:  # noqa: F811
    """The paste page with a mail that holds customer data, answered while it was typed."""
    page = visit("/suggest")
    page.fill("#text", PRIVATE)
    page.wait_for_selector(f".card:has-text('{ANSWER}')")
    return page


def test_a_dropped_mail(visit: Open) -> None:  # noqa: F811
    """A mail dropped anywhere on the page is read, joins the text and is answered; what is no text is told."""
    page = visit("/suggest")
    page.fill("#text", "客户来信")
    page.evaluate(DROP, ["mail.eml", EML])
    page.wait_for_selector(f".card:has-text('{ANSWER}')")
    assert page.input_value("#text").startswith("客户来信\n\nHP P3015\n\n老师您好")
    page.evaluate(DROP, ["a.log", "x" * 30_000_000])
    page.wait_for_selector("[data-problem]:visible")
    assert "MB" in page.inner_text("[data-problem]")
    assert page.input_value("#text").startswith("客户来信")


def test_a_chosen_log(visit: Open) -> None:  # noqa: F811
    """A log chosen with the keyboard's own file dialog is read at once."""
    page = visit("/suggest")
    log = f"2024-01-02 12:33:44 ERROR printer: {MAIL}".encode()
    page.set_input_files("input[type=file]", {"name": "a.log", "mimeType": "text/plain", "buffer": log})
    page.wait_for_selector(f".card:has-text('{ANSWER}')")
    assert "12:33:44 ERROR" in page.input_value("#text")


def test_masked_and_back(pasted: Any) -> None:
    """The mask replaces what was found and can be undone here; what was typed meanwhile stays."""
    shown = pasted.inner_text("[data-part=private]")
    assert all(secret in shown for secret in SECRETS)
    pasted.click("[data-mask]")
    pasted.wait_for_selector("[data-unmask]:visible")
    settled(pasted)
    masked = pasted.input_value("#text")
    assert not [secret for secret in SECRETS if secret in masked]
    assert not pasted.locator("[data-mask]").count()
    assert not [secret for secret in SECRETS if secret in pasted.content()]
    pasted.locator("#text").press("Control+End")
    pasted.keyboard.type("催了两次，再打 13987654321")
    pasted.wait_for_selector("[data-mask]")
    pasted.click("[data-mask]")
    pasted.wait_for_selector("[data-mask]", state="detached")
    assert "13987654321" not in pasted.input_value("#text")
    pasted.click("[data-unmask]")
    pasted.wait_for_selector("[data-mask]")
    assert pasted.input_value("#text") == PRIVATE + "催了两次，再打 13987654321"
    assert not pasted.locator("[data-restore]").is_visible()


def test_a_verdict_in_place(pasted: Any) -> None:
    """A verdict counts where it was given, the focus goes to its undo, and it is told; undo brings it back."""
    card = pasted.locator(".card", has_text=ANSWER).first
    before = pasted.locator(".card h2").all_inner_texts()
    card.get_by_role("button", name="无效", exact=True).click()
    card.get_by_role("button", name="不准确").click()
    pasted.wait_for_selector(".said:has-text('不准确')")
    assert "不准确" in pasted.inner_text("#status")
    assert pasted.evaluate("document.activeElement.value") == f"undo {ANSWER}"
    pasted.keyboard.press("Enter")
    card.get_by_role("button", name="有效", exact=True).click()
    card.get_by_text("有效 1 次").wait_for()
    assert pasted.locator(".card h2").all_inner_texts() == before
    card.get_by_role("button", name="撤销").click()
    card.get_by_role("button", name="无效", exact=True).wait_for()
    assert not card.get_by_text("有效 1 次").count()
    assert pasted.input_value("#text") == PRIVATE


def test_copied_replies(pasted: Any) -> None:
    """One click copies what is sent to the customer: short for a chat, in full for a mail."""
    pasted.context.grant_permissions(["clipboard-read", "clipboard-write"])
    card = pasted.locator(".card", has_text=ANSWER).first
    copied = []
    for form in ("chat", "mail", "steps"):
        card.locator(f"[data-reply={form}]").click()
        pasted.wait_for_selector("#status.on")
        copied.append(pasted.evaluate("navigator.clipboard.readText()"))
    assert len(copied[0]) < len(copied[1])
    assert all(text.startswith("您好") and "/a/" not in text for text in copied[:2])
    assert "Remove-PrintJob" in copied[2]


def test_a_long_log(visit: Open) -> None:  # noqa: F811
    """With 100 kB in the box the page answers, and goes on to take keys."""
    page = visit("/suggest")
    lines = (f"2024-01-02 12:{i % 60:02}:01,{i:04} INFO [pool-{i % 7}] spooler: job {i} queued" for i in range(1700))
    page.fill("#text", ("\n".join(lines) + "\n" + MAIL)[-99_000:])
    page.wait_for_selector(f".card:has-text('{ANSWER}')")
    page.locator("#text").press("Control+End")
    with page.expect_response("**/suggest"):
        page.keyboard.type("还是不行")
        assert page.input_value("#text").endswith("还是不行")
    settled(page)
    assert page.locator("input[name=search]").count() == 1


def test_one_search_until_another_text(visit: Open) -> None:  # noqa: F811
    """A text that grows is one search; one that is pasted over all of it is another."""
    page = visit("/suggest")
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    numbers = []
    for text in ("打印机连不上", "打印机连不上，三楼也是"):
        with page.expect_response("**/suggest"):
            page.fill("#text", text)
        settled(page)
        numbers.append(page.get_attribute("input[name=search]", "value"))
    page.evaluate("text => navigator.clipboard.writeText(text)", "墙上网口灯不亮")
    page.press("#text", "Control+a")
    with page.expect_response("**/suggest"):
        page.press("#text", "Control+v")
    settled(page)
    numbers.append(page.get_attribute("input[name=search]", "value"))
    assert numbers[0] == numbers[1] != numbers[2]


def test_keyboard_alone(visit: Open) -> None:  # noqa: F811
    """From the box, which has the focus, to an answer, its reply and its verdict without a mouse."""
    page = visit("/suggest")
    page.keyboard.insert_text(MAIL)
    page.keyboard.press("Control+Enter")
    page.wait_for_selector(f".card:has-text('{ANSWER}')")
    settled(page)
    wanted = ["anew", "SUMMARY", "reply", f"helpful {ANSWER}"]
    for _ in range(40):
        page.keyboard.press("Tab")
        names = page.evaluate("(e => [e.name, Object.keys(e.dataset)[0], e.value, e.tagName])(document.activeElement)")
        if wanted[0] in names:
            del wanted[0]
        if not wanted:
            break
    assert not wanted
    page.keyboard.press("Enter")
    page.wait_for_selector(".said")
    page.keyboard.press("Enter")
    page.wait_for_selector(".said", state="detached")


def test_a_write_up(pasted: Any) -> None:
    """From a paste to the editor with the masked symptom."""
    pasted.click(".none-fits form button, .nothing form button")
    pasted.wait_for_url("**/new")
    assert "49.4C02 ERROR" in pasted.content()
    assert SECRETS[0] not in pasted.content()


def test_the_language_switch_takes_the_text_along(pasted: Any) -> None:
    """What was typed and never sent is there in the other language."""
    pasted.click("[data-language]")
    pasted.wait_for_selector("html[lang=en]")
    assert pasted.input_value("#text") == PRIVATE
    assert pasted.locator(".card").count()


def test_a_server_that_is_gone(pasted: Any) -> None:
    """Without an answer there is a sentence, and the text stays."""
    pasted.evaluate("() => { window.fetch = () => Promise.reject(new TypeError()); }")
    pasted.fill("#text", PRIVATE + "再来")
    pasted.wait_for_selector("[data-problem]:visible")
    assert "文字还在" in pasted.inner_text("[data-problem]")
    assert pasted.input_value("#text") == PRIVATE + "再来"


def test_without_scripts(visit: Open) -> None:  # noqa: F811
    """File, mask, verdict, undo and the replies need no JavaScript."""
    page = visit("/suggest", java_script_enabled=False)
    page.set_input_files(
        "input[type=file]", {"name": "m.eml", "mimeType": "message/rfc822", "buffer": (EML + PRIVATE).encode()}
    )
    page.click("button.primary")
    page.click("button[formaction='/mask']")
    assert SECRETS[0] not in page.content()
    assert "没有保留" in page.inner_text("[data-note]")
    card = page.locator(".card", has_text=ANSWER).first
    assert not card.locator("[data-reply]:visible, [data-copy]:visible").count()
    card.locator(".reply summary").click()
    assert "您好" in card.locator("[data-text=chat]").inner_text()
    card.get_by_role("button", name="有效", exact=True).click()
    card.get_by_role("button", name="撤销").click()
    assert card.get_by_role("button", name="有效", exact=True).is_visible()
    assert "49.4C02" in page.input_value("#text")


PASTE_HTML = """([html, text]) => {
    const data = new DataTransfer();
    data.setData("text/html", html);
    data.setData("text/plain", text);
    const box = document.querySelector("#text");
    box.focus();
    box.dispatchEvent(new ClipboardEvent("paste", { clipboardData: data, bubbles: true, cancelable: true }));
}"""
PASTE_PICTURE = """(picture) => {
    const data = new DataTransfer();
    const bytes = Uint8Array.from(atob(picture), (c) => c.charCodeAt(0));
    data.items.add(new File([bytes], "image.png", { type: "image/png" }));
    document.querySelector("#text").dispatchEvent(
        new ClipboardEvent("paste", { clipboardData: data, bubbles: true, cancelable: true }));
}"""


def test_a_copied_table(visit: Open) -> None:  # noqa: F811
    """Rows stay rows with their cells apart, what stands around stays; nothing of the page is run."""
    page = visit("/suggest")
    html = (
        "<html><head><style>td{}</style></head><body><p>请看：</p><table><tr><th>设备</th><th>报错</th></tr>"
        "<tr><td>HP P3015<br>三楼</td><td>49.4C02 <b>ERROR</b></td></tr></table><p>谢谢</p>"
        "<img src=x onerror='document.title=1'></body></html>"
    )
    page.evaluate(PASTE_HTML, [html, "设备\t报错\nHP P3015\t49.4C02 ERROR"])
    assert page.input_value("#text") == "请看：\n\n设备 | 报错\nHP P3015 三楼 | 49.4C02 ERROR\n\n谢谢"
    page.wait_for_selector(f".card:has-text('{ANSWER}')")
    page.press("#text", "Control+z")
    assert page.input_value("#text") == ""


@pytest.mark.skipif(not find_spec("rapidocr"), reason="guzhi[ocr] is not installed")
def test_a_pasted_screenshot(visit: Open) -> None:  # noqa: F811
    """A picture of the clipboard is read into the box, where it can be corrected; that a machine read it is told."""
    page = visit("/suggest")
    page.evaluate(PASTE_PICTURE, b64encode(shot("HP P3015", "49.4C02 ERROR")).decode())
    assert "image.png" in page.inner_text("[data-note]")
    page.wait_for_selector(f".card:has-text('{ANSWER}')", timeout=150_000)
    assert "49.4C02" in page.input_value("#text")
    assert "对照原图" in page.inner_text("[data-note]")


def test_a_picture_that_is_none(visit: Open) -> None:  # noqa: F811
    """Is told in a sentence; what was typed stays."""
    page = visit("/suggest")
    page.fill("#text", "打印机")
    answer = "new Response('<main><h1>不是完整的图片</h1></main>', { status: 400 })"
    page.evaluate(f"() => {{ window.fetch = () => Promise.resolve({answer}); }}")
    page.evaluate(PASTE_PICTURE, b64encode(b"\x89PNG\r\n").decode())
    page.wait_for_selector("[data-problem]:has-text('不是完整的图片')")
    assert page.input_value("#text") == "打印机"


def test_one_card_is_open(visit: Open) -> None:  # noqa: F811
    """Opening another card by key closes the first; its actions are those of the open one."""
    page = visit("/suggest")
    page.fill("#text", "打印机卡纸，重启之后还是卡，换了纸也没有用，一打印就卡")
    page.wait_for_selector(".card")
    settled(page)
    summaries = page.locator(".card > details > summary")
    assert summaries.count() > 1
    assert page.locator(".card .actions:visible").count() == 1
    summaries.nth(1).focus()
    page.keyboard.press("Enter")
    opened = page.locator(".card > details[open]")
    assert opened.count() == 1
    assert opened.locator(".actions").is_visible()
    assert opened.get_by_role("link", name="打开文章").is_visible()


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("path", ["/suggest", "/suggest?text=打不开", "/panel?text=49.4C02", "/bookmarklet"])
def test_accessible(visit: Open, path: str, scheme: str) -> None:  # noqa: F811
    """axe finds nothing serious, with a card open and one closed."""
    from axe_playwright_python.sync_playwright import Axe

    page = visit(path, color_scheme=scheme)
    if path == "/suggest":
        page.fill("#text", "打印机卡纸，重启之后还是卡，换了纸也没有用，一打印就卡")
        page.wait_for_selector(".card")
        settled(page)
    found = Axe().run(page).response["violations"]
    assert [(v["id"], v["nodes"][0]["html"]) for v in found if v["impact"] in ("serious", "critical")] == []


@pytest.fixture
def framed(tmp_path: Path) -> Iterator[tuple[str, str]]:
    """(address of a site whose panel one other site may show, that site's address)."""
    shutil.copytree(ARTICLES / "printer", tmp_path / "articles")
    pages = tmp_path / "pages"
    pages.mkdir()
    other = ThreadingHTTPServer(("127.0.0.1", 0), partial(Quiet, directory=str(pages)))
    Thread(target=other.serve_forever, daemon=True).start()
    host = f"http://localhost:{other.server_port}"
    (tmp_path / "kb.toml").write_text(f'panel_hosts = ["{host}"]\nencoder = "off"\n')
    variables = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[2]), "PYTHONUTF8": "1"}
    command = [sys.executable, "-m", "kb", "serve", "--port", "0", "--watch", "0"]
    with subprocess.Popen(command, cwd=tmp_path, env=variables, stdout=subprocess.PIPE, text=True) as server:
        assert server.stdout is not None
        found = re.search(r"http://127\.0\.0\.1:\d+", server.stdout.readline())
        assert found
        for name in ("panel", "suggest"):
            (pages / f"{name}.html").write_text(f'<iframe src="{found[0]}/{name}?text=49.4C02" width=360></iframe>')
        yield host, f"http://127.0.0.1:{other.server_port}"
        server.terminate()
    other.shutdown()
    other.server_close()


class Quiet(SimpleHTTPRequestHandler):
    def log_message(self, *_: object) -> None:
        pass


def test_the_panel_in_a_frame(browser: Any, framed: tuple[str, str]) -> None:  # noqa: F811
    """It works in the site that is named, by its own form too; not in another, and no other page in any."""
    allowed, refused = framed
    for site, page_name, shown in ((allowed, "panel", True), (refused, "panel", False), (allowed, "suggest", False)):
        context = browser.new_context(locale="zh-CN")
        page = context.new_page()
        page.goto(f"{site}/{page_name}.html")
        frame = page.frame_locator("iframe")
        if shown:
            frame.locator(f"[data-card={ANSWER}]").wait_for()
            frame.locator("#text").fill("打不开")
            frame.get_by_role("button", name="找相似案例").click()
            frame.get_by_text("说得太少").wait_for()
        else:
            page.wait_for_timeout(1500)
            assert not frame.locator("#text").count()
        context.close()


@pytest.mark.parametrize("language", ["zh", "en"])
def test_on_a_phone(visit: Open, language: str) -> None:  # noqa: F811
    """Cards with a verdict and its reasons are no wider than the screen; buttons are large enough for a finger."""
    size = {"width": 390, "height": 844}
    page = visit(f"/suggest?lang={language}", viewport=size, has_touch=True, is_mobile=True)
    page.fill("#text", PRIVATE)
    page.wait_for_selector(f".card:has-text('{ANSWER}')")
    page.locator(f"[value='unhelpful {ANSWER}']").tap()
    page.wait_for_selector(".reasons")
    for summary in page.locator(".card summary").all():
        if not summary.evaluate("e => e.parentElement.open"):
            summary.tap()
    assert page.evaluate("document.documentElement.scrollWidth") <= size["width"]
    buttons = page.locator(".card .actions button:visible, .private button:visible").all()
    assert buttons
    for button in buttons:
        assert button.bounding_box()["height"] >= 24
