"""Works in a real browser on the real server: what a service scheme asks of visits, parts, warranty and customers."""

import json
import re
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from conftest import ARTICLES
from test_browser import browser, pytestmark, served, visit  # noqa: F401 - fixtures, and when to skip
from test_browser_cases import FAULT, PHONE, do, report, restore

from kb.service.policy import shipped

ANSWER = "KB-000012"
SERIAL = "CNB9K01234"
CUSTOMERS = """客户,简称,服务承诺,地点,城市,地址,联系人,电话,合同号,合同结束
山东省厅,省厅,telecom,机房,德州,东风路 1 号,王工,13800138000,HT-1,2099-12-31
"""
DEVICES = f"""产品,序列号,设备名称,客户,地点,终验日期,质保到期,版本
HP LaserJet P3015,{SERIAL},财务室打印机,省厅,机房,2024-01-01,2099-01-01,固件=07.250
"""
PARTS = """备件号,备件名称,等效备件,存储介质,最低库存,库房,城市,库房类型,数量
RM1-8508,定影器,RM1-9999,否,3,济南库,济南,common,2
RM1-8508,,,,,德州库,德州,other,1
RM1-9999,定影器（改）,,,0,烟台库,烟台,other,4
DISK-4T,硬盘,,是,0,济宁库,济宁,common,2
"""
OWN = """
  省厅:
    ask: [资产编号, 影响几个窗口]
    templates: {收到: "{contact}您好，省厅专人跟进 {number}。"}
    checklist: [在门岗登记, 核对资产编号]
"""

Open = Callable[..., Any]


@pytest.fixture(scope="module")
def address(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of a site on a few articles, with customers, devices and parts in four stores of four cities."""
    from kb.database.connection import Store
    from kb.service.assets.importing import Imports
    from kb.service.policy import read

    folder = tmp_path_factory.mktemp("works")
    shutil.copytree(ARTICLES / "printer", folder / "articles" / "printer")
    text = shipped().text.replace("# near:", "near:") + OWN
    (folder / "service.yml").write_text(text, "utf8")
    imports = Imports(Store(str(folder / "guzhi.db")), read(text))
    for kind, table in (("customers", CUSTOMERS), ("devices", DEVICES), ("parts", PARTS)):
        imports.write(kind, table.encode(), f"{kind}.csv", "李四")
    with served(folder, KB_SERVICE="on", KB_PUBLIC_URL="") as found:
        yield found


def planned(page: Any, of: str = "visit", **fields: str) -> str:
    """A case with one piece of work; its number. The page of the work is open."""
    number = report(page, FAULT, customer="省厅", site="机房", contact="王工 13800138000", device=SERIAL)
    do(page, "call", "已回电")
    do(page, "plan", of=of, **fields)
    page.goto(f"/cases/{number}/works/1")
    return number


def step(page: Any, name: str, **fields: str) -> None:
    """Take a step on the page of a piece of work."""
    form = page.locator(f"#step-{name}")
    if form.locator("details:not([open])").count():
        form.locator("summary").click()
    for field, value in fields.items():
        form.locator(f"[name={field}]").fill(value)
    form.locator("button[type=submit]").click()
    page.wait_for_selector(".note[role=status]:has-text('已记下')")


def draw(page: Any) -> None:
    """A hand that signs in the box."""
    canvas = page.locator("[data-sign] canvas")
    canvas.scroll_into_view_if_needed()
    box = canvas.bounding_box()
    assert box
    page.mouse.move(box["x"] + 20, box["y"] + 30)
    page.mouse.down()
    for n in range(1, 6):
        page.mouse.move(box["x"] + 20 + 20 * n, box["y"] + 30 + 8 * (n % 2))
    page.mouse.up()


def test_s10_training_and_user_guides(visit: Open) -> None:  # noqa: F811
    """A training links its manuals and says who attended; the record is printed from the same."""
    page = visit("/")
    number = planned(page, "training", manuals=ANSWER, who="李四")
    assert page.locator("main a:has-text('49.4C02')").count()
    step(page, "finish", attended="王工、赵工", text="讲了换驱动和清纸路")
    step(page, "sign", signer="王工")
    page.click("a:text-is('打印')")
    page.wait_for_selector(".on-paper")
    paper = page.inner_text(".on-paper")
    for told in ("培训记录", ANSWER, "王工、赵工", "讲了换驱动", number):
        assert told in paper, told


def test_s13_remote_first(visit: Open) -> None:  # noqa: F811
    """A visit that was planned and turned out not to be needed is not missed; the figures count what was remote."""
    page = visit("/")
    number = planned(page)
    page.goto(f"/cases/{number}")
    restore(page)
    assert "不再需要" in page.inner_text(".works-of")
    assert page.locator(".clock.missed").count() == 0
    page.goto("/works")
    assert number not in page.inner_text("main")
    page.goto("/cases/figures")
    assert "远程恢复" in page.inner_text("main")


def test_s13_on_site(visit: Open) -> None:  # noqa: F811
    """An engineer's steps on a phone, each a button; clocks on arrival and measures; the customer signs by hand."""
    page = visit("/", **PHONE)
    number = planned(page, who="李四")
    assert "到场" in page.inner_text(".clocks")
    for name in ("leave", "arrive"):
        step(page, name)
    assert page.locator(".clock.met:has-text('到场')").count() == 1
    step(page, "act", text="换了定影器")
    step(page, "finish", text="试打十页")
    draw(page)
    step(page, "sign", signer="王工")
    assert page.locator("svg.signature polyline").count() == 1
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    page.goto(f"/cases/{number}")
    assert "完成" in page.inner_text(".works-of")


def test_s13_return_and_exchange(visit: Open) -> None:  # noqa: F811
    """A return has sixty working days from its receipt, an exchange thirty days; both serials are kept."""
    page = visit("/")
    planned(page, "repair")
    step(page, "receive")
    assert page.locator(".clock:has-text('修理')").count() == 1
    step(page, "repair", text="换了电容")
    step(page, "send")
    assert page.locator(".clock.met:has-text('修理')").count() == 1
    page.goto("/assets/devices/edit/0")
    for name, value in (("product", "HP LaserJet P3015"), ("serial", "CNB0LD0001"), ("customer", "省厅")):
        page.fill(f"[name={name}]", value)
    page.click("button[value=save]")
    number = report(page, FAULT, customer="省厅", device="CNB0LD0001")
    do(page, "call", "已回电")
    do(page, "plan", of="exchange")
    page.goto(f"/cases/{number}/works/1")
    assert page.locator(".clock:has-text('更换')").count() == 1
    step(page, "exchange", old="CNB0LD0001", new="CNBNEW0001")
    page.goto("/devices?q=CNBNEW0001")
    page.click(".asset-list a >> nth=0")
    page.wait_for_selector(".facts-list")
    assert "CNB0LD0001" in page.inner_text(".facts-list")
    assert number in page.inner_text("main")


def test_s14_stores_in_several_cities(visit: Open) -> None:  # noqa: F811
    """Four stores in four cities; a count corrects with its reason; what runs low, and what equals it."""
    page = visit("/parts", refused=True)
    for city in ("济南", "德州", "烟台", "济宁"):
        assert city in page.inner_text("main"), city
    page.click("a:has-text('RM1-8508')")
    page.wait_for_selector(".moves")
    assert "RM1-9999" in page.inner_text("main")
    page.select_option("[name=source]", "德州库")
    page.select_option("[name=target]", "济南库")
    page.locator("form:has([value=move]) [name=quantity]").fill("9")
    page.locator("form:has([value=move]) [name=editor]").fill("李四")
    page.locator("form:has([value=move]) button").click()
    page.wait_for_selector("[role=alert]:has-text('德州库 只有 1 件')")
    count = page.locator("form:has([value=count])")
    count.locator("[name=place]").select_option("济南库")
    count.locator("[name=quantity]").fill("1")
    count.locator("[name=reason]").fill("月末盘点")
    if count.locator("input[type=text][name=editor]").count():
        count.locator("[name=editor]").fill("李四")
    count.locator("button").click()
    page.wait_for_selector(".moves:has-text('月末盘点')")
    page.goto("/parts?low=1")
    assert "RM1-8508" in page.inner_text(".asset-list")
    assert "DISK-4T" not in page.inner_text(".asset-list >> nth=0")


def test_s16_warranty_and_media(visit: Open) -> None:  # noqa: F811
    """The second hardware fault within the warranty claims a new device; broken media stay, and the paper says so."""
    page = visit("/")
    for expected in (0, 1):
        number = report(page, FAULT, customer="省厅", device=SERIAL)
        assert page.locator("text=这次再是硬件").count() == expected
        do(page, "call", "已回电")
        do(page, "restore", "换件", verification="试打", cause="hardware", handling="parts")
    assert "应换新机" in page.inner_text("aside.about")
    do(page, "reopen" if page.locator("label[for=do-reopen]").count() else "plan", of="exchange")
    page.goto(f"/cases/{number}/works/1/paper")
    paper = page.inner_text(".on-paper")
    assert "存储介质" in paper
    assert "只用全新原厂备件" in paper
    page.goto("/devices?q=" + SERIAL)
    page.click(".asset-list a >> nth=0")
    page.wait_for_selector(".facts-list")
    assert "应换新机" in page.inner_text("main")
    page.click("a.edit-link")
    page.fill("[name=warranty_until]", "2098-06-30")
    page.click("button[value=save]")
    page.wait_for_selector(".note:has-text('已保存')")
    assert "2098-06-30" in page.inner_text(".facts-list")


def test_s21_customised_service(visit: Open) -> None:  # noqa: F811
    """A customer is asked its own questions as soon as it is known, and answered by its own replies."""
    page = visit("/report")
    assert page.locator("text=资产编号").count() == 0
    page.fill("[name=customer]", "省厅")
    page.fill("[name=contact]", "王工 13800138000")
    page.wait_for_selector("[data-asked] >> text=资产编号")
    page.fill("[name='ask.资产编号']", "A-77")
    page.fill("#report-text", FAULT)
    page.click("button[value=report]")
    page.wait_for_selector("h1:has-text('单号')")
    found = re.search(r"\d\d-\d{5}-\d", page.inner_text("h1"))
    assert found
    page.goto("/cases/" + found[0])
    assert "资产编号：A-77" in page.inner_text(".report")
    assert "telecom" in page.content() or "答复" in page.inner_text(".clocks")
    page.click("summary:has-text('回复模板')")
    page.click("[data-template]:has-text('收到')")
    assert page.input_value("#composer-text") == f"王工您好，省厅专人跟进 {found[0]}。"


def test_an_hour_on_site_with_a_phone(visit: Open, browser: Any, tmp_path: Path) -> None:  # noqa: F811
    """With the field pack alone: no network, half typed, closed and opened again, signed, saved; the case reads it."""
    desk = visit("/", **PHONE)
    number = planned(desk, who="李四")
    desk.goto(f"/cases/{number}")
    with desk.expect_download() as got:
        desk.click("button:has-text('现场包')")
    pack = tmp_path / got.value.suggested_filename
    got.value.save_as(pack)

    complaints: list[str] = []
    context = browser.new_context(offline=True, locale="zh-CN", accept_downloads=True, **PHONE)
    context.on("console", lambda m: complaints.append(m.text) if m.type in ("error", "warning") else None)
    page = context.new_page()
    page.goto(pack.as_uri())
    for told in ("省厅", "东风路 1 号", SERIAL, "在门岗登记", "49.4C02", "存储介质"):
        assert told in page.content(), told
    page.click(f"article:has-text('{ANSWER}') summary")
    assert "PCL 6" in page.inner_text(f"article:has-text('{ANSWER}') .prose")
    for name in ("left", "arrived"):
        page.click(f"[data-now={name}_at]")
    page.check("[data-check='0']")
    page.fill("[data-note='0']", "门岗有记录")
    page.fill("[data-field=diagnosis]", "面板 49.4C02，驱动是 PS")
    page.close()
    page = context.new_page()
    page.goto(pack.as_uri())
    assert page.input_value("[data-field=diagnosis]") == "面板 49.4C02，驱动是 PS"
    assert page.is_checked("[data-check='0']")
    page.fill("[data-field=measures]", "换成 PCL 6 驱动")
    page.select_option("[data-field=restored]", "yes")
    page.fill("[data-field=verification]", "试打十页")
    page.select_option("[data-field=cause]", "software")
    for name in ("acted", "finished"):
        page.click(f"[data-now={name}_at]")
    page.fill("[data-field=signer]", "王工")
    draw(page)
    page.check("[data-field=confirmed]")
    page.select_option("[data-field=score]", "5")
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    with page.expect_download() as got:
        page.click("[data-save]")
    saved = tmp_path / got.value.suggested_filename
    got.value.save_as(saved)
    context.close()
    assert complaints == []
    assert json.loads(saved.read_text("utf8"))["strokes"]

    desk.goto(f"/cases/{number}")
    desk.click("summary:has-text('读入现场填写')")
    desk.set_input_files(".field-back [name=file]", saved)
    desk.click(".field-back button")
    desk.wait_for_selector(".work-list .badge:has-text('会写入')")
    desk.click("button[value=write]")
    desk.wait_for_selector(".note:has-text('已读入')")
    assert "已关闭" in desk.inner_text(".case-head")
    assert "门岗有记录" in desk.inner_text("[data-timeline]")
    assert desk.locator("svg.signature").count() == 1
    desk.click("summary:has-text('读入现场填写')")
    desk.set_input_files(".field-back [name=file]", saved)
    desk.click(".field-back button")
    desk.wait_for_selector("text=都已读过")


@pytest.mark.parametrize("options", [{}, PHONE, {"color_scheme": "dark"}], ids=["desktop", "phone", "dark"])
def test_the_pages_are_accessible(visit: Open, browser: Any, tmp_path: Path, options: dict[str, Any]) -> None:  # noqa: F811
    """axe finds nothing on forms, parts, works, paper and the pack; nothing scrolls sideways."""
    from axe_playwright_python.sync_playwright import Axe

    page = visit("/", **options)
    number = planned(page, who="李四")
    rules = {"runOnly": ["wcag2a", "wcag2aa", "wcag21aa", "best-practice"]}
    paths = ("/works", f"/cases/{number}/works/1", f"/cases/{number}/works/1/paper", "/parts", "/parts/1",
             "/customers/1", "/assets/devices/edit/1", "/assets/parts/edit/0", f"/cases/{number}")  # fmt: skip
    for path in paths:
        page.goto(path)
        found = Axe().run(page, options=rules)
        assert found.violations_count == 0, (path, found.generate_report())
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), path
    with page.expect_download() as got:
        page.click("button:has-text('现场包')")
    got.value.save_as(tmp_path / "pack.html")
    context = browser.new_context(bypass_csp=True, **options)
    pack = context.new_page()
    pack.goto((tmp_path / "pack.html").as_uri())
    found = Axe().run(pack, options=rules)
    assert found.violations_count == 0, found.generate_report()
    context.close()
