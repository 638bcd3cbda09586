"""The writers' pages in a real browser: by mouse, by key, by two at once, on a phone, without scripts."""

import re
from collections.abc import Callable, Iterator
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest
from PIL import Image
from test_browser import address, browser, pytestmark, visit  # noqa: F401 - fixtures, and when to skip

Open = Callable[..., Any]

PASTE = """async (bytes) => {
  const data = new DataTransfer();
  data.items.add(new File([new Uint8Array(bytes)], "shot.png", { type: "image/png" }));
  const event = new ClipboardEvent("paste", { clipboardData: data, bubbles: true, cancelable: true });
  document.querySelector("#text").dispatchEvent(event);
}"""


@pytest.fixture
def editors(browser: Any, address: str) -> Iterator[tuple[Any, Any]]:  # noqa: F811
    """Pages of two visitors; their consoles tell of the conflict, as they should."""
    contexts = [browser.new_context(base_url=address, locale="zh-CN") for _ in range(2)]
    for context in contexts:
        context.set_default_timeout(60_000)
    yield contexts[0].new_page(), contexts[1].new_page()
    for context in contexts:
        context.close()


def save(page: Any, name: str = "王工") -> None:
    page.fill("[name=editor]", name)
    page.click("[data-primary]")


def png() -> list[int]:
    out = BytesIO()
    Image.new("RGB", (60, 40), "red").save(out, "PNG")
    return list(out.getvalue())


def test_from_template_to_search(visit: Open) -> None:  # noqa: F811
    """What is missing is told once a save was tried; what is published is found by the next search."""
    page = visit("/", refused=True)
    page.keyboard.press("Escape")
    page.locator("h1").first.click()
    page.keyboard.press("n")
    page.wait_for_url("**/new")
    page.click("text=故障案例")
    assert page.locator("[data-findings]").count() == 0  # nothing is wrong before it was tried
    page.fill("#f-title", "扫描枪读不出条码 ZX-4711")
    for number, text in enumerate(("扫描枪读不出条码 ZX-4711，一直亮红灯，换口也不行，其他电脑上也一样", *"abcde")):
        page.fill(f"#section-{number}", text)
    page.fill("[name=editor]", "王工")
    page.click("[data-primary]")
    page.wait_for_selector("#wrong-f-severity:has-text('必填')")
    for key, value in (("area", "desktop"), ("cause", "hardware"), ("handling", "onsite"), ("severity", "P3")):
        page.select_option(f"#f-{key}", value)
    page.fill("#f-aliases", "扫不出来")
    page.wait_for_selector("#wrong-f-severity", state="hidden")
    page.wait_for_function("!document.querySelector('[data-findings] .error')")
    assert page.inner_text("[data-preview] h1") == "扫描枪读不出条码 ZX-4711"
    page.locator("#section-0").focus()
    page.keyboard.press("Control+Enter")
    page.wait_for_url("**/a/KB-*")
    assert "已保存" in page.inner_text(".page")
    page.goto("/search?q=ZX-4711")
    assert "扫描枪读不出条码" in page.inner_text(".hits")


@pytest.mark.parametrize("milliseconds", [0, 300, 1000, 1900, 2100, 3000])
def test_no_ghost_comes_after_saving(visit: Open, milliseconds: int) -> None:  # noqa: F811
    """Whenever it is saved after the last key, and however late what keeps drafts arrives, nothing is left over."""
    page = visit("/edit/KB-000020")
    held: list[Any] = []

    def slow(route: Any) -> None:
        if "action" in (route.request.post_data or "") and "X-Part" in str(route.request.headers).title():
            held.append(route)  # on its way while the save overtakes it
        else:
            route.continue_()

    page.route("**/save", slow)
    page.locator("#text").press("Control+End")
    page.keyboard.type(f"\n多等了 {milliseconds} 毫秒\n")
    page.wait_for_timeout(milliseconds)
    save(page)
    page.wait_for_url("**/a/KB-000020*")
    page.goto("/edit/KB-000020")
    assert page.locator("[data-restored]").count() == 0
    assert f"多等了 {milliseconds} 毫秒" in page.input_value("#text")
    for route in held:  # what was on its way arrives at last
        late = route.request
        headers = {k: v for k, v in late.headers.items() if k in ("content-type", "x-part", "referer", "origin")}
        answer = page.request.post(
            "/save", data=late.post_data_buffer, headers={**headers, "sec-fetch-site": "same-origin"}
        )
        assert answer.status == 409
    page.goto("/review")
    assert "没保存" not in page.inner_text("main")


def test_marks_by_button_and_key(visit: Open) -> None:  # noqa: F811
    """The toolbar and its keys mark what is chosen, once more takes it away, undo goes on working, lists go on."""
    page = visit("/new?kind=case")
    box = page.locator("#section-0")

    def chosen(text: str) -> None:
        box.fill(text)
        box.press("Control+a")

    chosen("粗")
    box.press("Control+b")
    assert box.input_value() == "**粗**"
    box.press("Control+b")
    assert box.input_value() == "粗"
    box.press("Control+e")
    assert box.input_value() == "`粗`"
    box.press("Control+z")
    assert box.input_value() == "粗"
    chosen("一\n二")
    page.click("[data-mark=steps]")
    assert box.input_value() == "1. 一\n2. 二"
    page.keyboard.press("End")
    page.keyboard.press("Enter")
    page.keyboard.type("三")
    assert box.input_value() == "1. 一\n2. 二\n3. 三"
    page.keyboard.press("Enter")
    page.keyboard.press("Enter")
    assert box.input_value() == "1. 一\n2. 二\n3. 三\n"
    chosen("一\n二")
    box.press("Control+Shift+8")
    assert box.input_value() == "- 一\n- 二"
    chosen("说明")
    box.press("Control+k")
    assert box.input_value() == "[说明](https://)"
    assert page.evaluate("document.activeElement.id") == "section-0"
    box.fill("")
    page.click("[data-mark=table]")
    page.wait_for_selector("[data-preview] table")
    page.click("text=写成一整篇")
    assert page.input_value("#text").startswith("## 现象\n\n| 列 1 |")
    page.click("text=分节填写")
    assert page.locator("textarea[name=section]").count() == 6
    page.close(run_before_unload=False)


def test_one_click_takes_a_proposal(visit: Open) -> None:  # noqa: F811
    """What the nearest articles say stands beside the fields with its share; a click fills it in."""
    page = visit("/new?kind=case")
    page.fill("#f-title", "HP P3015 报 49.4C02 ERROR 死机")
    page.fill("#section-0", "打印机面板一直显示 49.4C02 ERROR，重启后几秒又死机，打印作业发不出去，麻烦看下。")
    page.click(".take:has-text('领域：打印机')")
    assert page.input_value("#f-area") == "printer"
    page.wait_for_function("!document.querySelector('[data-take=area]')")
    page.click(".take:has-text('标签') >> nth=0")
    first = page.input_value("#f-tags")
    page.click(".take:has-text('标签') >> nth=0")
    assert page.input_value("#f-tags").startswith(f"{first}, ")
    page.close(run_before_unload=False)


def test_two_writers_see_each_other(editors: tuple[Any, Any]) -> None:
    """The second is told at once, the first with the next sign of life; who leaves is gone."""
    page, other = editors
    page.goto("/edit/KB-000021")
    page.fill("[name=editor]", "王工")
    with page.expect_response("**/sitting"):
        page.evaluate("document.querySelector('[name=editor]').dispatchEvent(new Event('change', { bubbles: true }))")
    other.goto("/edit/KB-000021")
    assert "王工" in other.inner_text("[data-others]")
    page.goto("/")
    other.wait_for_timeout(200)
    other.reload()
    assert other.locator("[data-others]").is_hidden()


def test_a_finding_leads_to_its_line(visit: Open) -> None:  # noqa: F811
    page = visit("/edit/KB-000013")
    page.fill("#text", page.input_value("#text") + "\n联系 13812345678 \n")
    page.click("[data-findings] [data-line]:near(:text('手机号码'))")
    assert "13812345678" in page.evaluate(
        "getSelection().toString() || document.querySelector('#text').value"
        ".slice(document.querySelector('#text').selectionStart, document.querySelector('#text').selectionEnd)"
    )


def test_two_editors(editors: tuple[Any, Any]) -> None:
    """The second is shown both texts and saves knowingly."""
    page, other = editors
    page.goto("/edit/KB-000014")
    other.goto("/edit/KB-000014")
    other.fill("#text", other.input_value("#text") + "\n他加的一行\n")
    save(other, "李工")
    other.wait_for_url("**/a/KB-000014*")
    page.fill("#text", page.input_value("#text") + "\n我加的一行\n")
    with page.expect_navigation():
        save(page)
    conflict = page.inner_text(".conflict")
    assert "李工" in conflict
    assert "他加的一行" in conflict
    assert "我加的一行" in conflict
    page.fill("#text", page.input_value("#text") + "\n他加的一行\n")
    save(page)
    page.wait_for_url("**/a/KB-000014*")
    assert "我加的一行" in page.inner_text(".prose")
    assert "他加的一行" in page.inner_text(".prose")


def test_paste_a_picture(visit: Open) -> None:  # noqa: F811
    """It asks what the picture shows, stores it beside the article, and the preview shows it."""
    page = visit("/edit/KB-000015")
    page.locator("#text").focus()
    page.evaluate(PASTE, png())
    page.fill("#picture input", "出纸口的传感器")
    page.keyboard.press("Enter")
    image = page.wait_for_selector("[data-preview] img[alt='出纸口的传感器']")
    assert re.search(r"!\[出纸口的传感器\]\(images/KB-000015-\d+\.png\)", page.input_value("#text"))
    page.wait_for_function("(i) => i.naturalWidth === 60", arg=image)
    page.close(run_before_unload=False)


def test_a_draft_survives(visit: Open) -> None:  # noqa: F811
    """What was typed is kept after a pause, comes back, and can be thrown away; leaving asks only when needed."""
    page = visit("/edit/KB-000016")
    asked: list[str] = []

    def accept(dialog: Any) -> None:
        asked.append(dialog.type)
        dialog.accept()

    page.on("dialog", accept)
    page.goto("/edit/KB-000016")
    assert asked == []
    page.locator("#text").press("Control+End")
    page.keyboard.type("没写完的半句")
    page.wait_for_selector("text=已自动保存")
    page.reload()
    assert asked == ["beforeunload"]
    assert page.input_value("#text").endswith("没写完的半句")
    assert "接着" in page.inner_text("[data-restored]")
    page.click("text=放弃没保存的修改")
    page.wait_for_load_state()
    assert "没写完的半句" not in page.input_value("#text")


def test_by_keyboard_alone(visit: Open) -> None:  # noqa: F811
    """e opens the editor, Ctrl+S keeps what was typed, Enter in a field sends nothing, Ctrl+Enter saves, h shows it."""
    page = visit("/a/KB-000017")
    page.keyboard.press("e")
    page.wait_for_url("**/edit/**")
    page.locator("#f-title").focus()
    page.keyboard.press("End")
    page.keyboard.type("（补充）")
    page.keyboard.press("Enter")
    page.keyboard.press("Control+s")
    page.wait_for_selector("text=已自动保存")
    assert "/edit/" in page.url
    while page.evaluate("document.activeElement.name") != "note":
        page.keyboard.press("Tab")
    page.keyboard.type("标题更准")
    page.keyboard.press("Tab")
    page.keyboard.type("王工")
    page.keyboard.press("Control+Enter")
    page.wait_for_url("**/a/KB-000017*")
    assert "（补充）" in page.inner_text("h1")
    page.keyboard.press("h")
    page.wait_for_url("**/history/**")
    assert "标题更准" in page.inner_text(".versions")


def test_without_scripts(visit: Open) -> None:  # noqa: F811
    """Preview, picture and save are plain buttons."""
    page = visit("/edit/KB-000018", java_script_enabled=False)
    page.fill("#text", "## 现象\n\n**粗** 字\n")
    page.click("[data-preview-button]")
    assert page.inner_text("[data-preview] strong") == "粗"
    page.set_input_files("#image", {"name": "x.png", "mimeType": "image/png", "buffer": bytes(png())})
    page.fill("#alt", "面板")
    page.click("button[value=image]")
    assert "![面板](images/" in page.input_value("#text")
    page.fill("[name=editor]", "王工")
    page.click("button[value='to:review']")
    page.wait_for_url("**/a/KB-000018*")
    assert page.locator(".prose img[alt='面板']").count() == 1
    page.click("text=历史")
    page.click("text=改了什么")
    assert page.locator(".diff .removed").count()


@pytest.mark.parametrize(
    "path", ["/new", "/new?kind=case", "/edit/KB-000019", "/history/KB-000014", "/review", "/import"]
)
def test_on_a_phone(visit: Open, path: str) -> None:  # noqa: F811
    """Nothing is wider than the screen."""
    page = visit(path, viewport={"width": 390, "height": 844})
    assert page.evaluate("document.documentElement.scrollWidth") <= 390


def test_a_dropped_folder_is_imported(visit: Open) -> None:  # noqa: F811
    """Files by drop are sent at once, seen before they are written, and the page goes on working after each look."""
    page = visit("/import")
    page.evaluate(
        """() => {
          const data = new DataTransfer();
          data.items.add(new File(["网关说明 QX-51\\n\\n看灯。\\n"], "网关.txt"));
          data.items.add(new File(["<h1>路由 QX-52</h1><p>看灯"], "路由.html"));
          document.dispatchEvent(new DragEvent("dragover", { dataTransfer: data, bubbles: true, cancelable: true }));
          document.dispatchEvent(new DragEvent("drop", { dataTransfer: data, bubbles: true, cancelable: true }));
        }"""
    )
    page.wait_for_selector(".import-table")
    assert "网关说明 QX-51" in page.inner_text(".import-table")
    page.select_option("#kind", "faq")
    page.click("button[value=plan]")
    page.wait_for_selector(".import-table >> text=faq/网关.md")
    page.fill("[name=editor]", "王工")
    page.click("button[value=import]")
    page.wait_for_url("**/review*")
    assert "路由 QX-52" in page.inner_text("main")
    page.check("[data-all] input")
    assert page.locator("input[name=article]:checked").count() >= 2
    page.goto(page.url.replace("/review", "/import"))
    page.click("text=整个撤回")
    page.wait_for_selector("text=已撤回")


def test_import_by_hand(visit: Open, tmp_path: Path) -> None:  # noqa: F811
    page = visit("/import")
    page.set_input_files(
        "[name=file]",
        {"name": "巡检.md", "mimeType": "text/markdown", "buffer": "# 机房巡检 QX-31\n\n看灯。\n".encode()},
    )
    page.click("text=预览导入结果")
    assert "机房巡检 QX-31" in page.inner_text(".import-table")
    page.fill("[name=editor]", "王工")
    page.click("button[value=import]")
    page.wait_for_url("**/review*")
    assert "机房巡检 QX-31" in page.inner_text("main")


def test_drafts_are_published_together(visit: Open) -> None:  # noqa: F811
    """Several chosen drafts are published by one button; the search finds each, and they wait no more."""
    page = visit("/import")
    for number in (1, 2, 3):
        page.evaluate(
            """(n) => {
              const data = new DataTransfer();
              data.items.add(new File([`# 交接说明 BP-7${n}\\n\\n看第 ${n} 页。\\n`], `交接${n}.md`));
              document.dispatchEvent(new DragEvent("drop", { dataTransfer: data, bubbles: true, cancelable: true }));
            }""",
            number,
        )
        page.wait_for_selector(f".import-table >> text=交接说明 BP-7{number}")
        page.fill("[name=editor]", "王工")
        page.click("button[value=import]")
        page.wait_for_url("**/review*")
        page.goto(page.url.split("/review")[0] + "/import")
    page.goto(page.url.replace("/import", "/review"))
    mine = page.locator("li:has-text('BP-7') input[name=article]")
    assert mine.count() == 3
    for row in mine.all():
        row.check()
    page.click("#many [value=published]")
    page.wait_for_selector(".note:has-text('3 篇')")
    assert mine.count() == 0
    review = page.url
    for number in (1, 2, 3):
        page.goto(review.split("/review")[0] + f"/search?q=BP-7{number}")
        assert f"BP-7{number}" in page.inner_text(".hits")
