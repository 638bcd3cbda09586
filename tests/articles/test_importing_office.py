"""Imports of what offices have: workbooks, PDF, presentations, web pages, texts and mails; hostile ones are refused."""

import io
import os
import subprocess
import sys
import zipfile
from collections.abc import Callable
from datetime import date, datetime
from pathlib import Path

import office
import pytest
from PIL import Image
from pptx import Presentation
from pptx.util import Inches
from xlsxwriter import Workbook

from kb.articles import markdown
from kb.articles.files import parse
from kb.articles.importing import packages, pages, plan, sheets, slides, webpages
from kb.articles.importing.model import Item, Options, Plan
from kb.articles.importing.undo import Imports
from kb.database.connection import Store
from kb.errors import ArticleError, ConflictError, InputError, NotFoundError, StoreError
from kb.settings import Settings
from kb.text import mails

TODAY = date(2026, 1, 2)


def options(**chosen: object) -> Options:
    return Options(today=TODAY, **chosen)  # type: ignore[arg-type]


@pytest.fixture
def root(settings: Settings) -> Path:
    """An empty articles folder."""
    return settings.articles


def planned(path: Path, root: Path, content: bytes | None = None, **chosen: object) -> Plan:
    if content is not None:
        path.write_bytes(content)
    return plan.plan(path, root, options(**chosen))


def only(found: Plan) -> Item:
    assert not found.problems, found.problems
    (item,) = found.items
    return item


def body(item: Item) -> str:
    return parse(item.text, item.path).body


# --- workbooks -------------------------------------------------------------------------------

HEADER = ["工单号", "故障现象", "解决方法", "报修时间", "设备型号"]


def workbook(path: Path, *fill: Callable[[Workbook], None]) -> Path:
    with Workbook(str(path)) as book:
        for each in fill:
            each(book)
    return path


def tickets(name: str, *rows: list[object], above: int = 0) -> Callable[[Workbook], None]:
    """A sheet of tickets with a title above its header."""

    def fill(book: Workbook) -> None:
        sheet = book.add_worksheet(name)
        day = book.add_format({"num_format": "yyyy-mm-dd"})
        if above:
            sheet.merge_range(0, 0, 0, 4, f"{name} 年报修台账")
        lines: list[list[object]] = [list(HEADER), *rows]
        for i, row in enumerate(lines):
            for j, value in enumerate(row):
                sheet.write(above + i, j, value, day if isinstance(value, datetime) else None)

    return fill


def column(*cells: str) -> Callable[[Workbook], None]:
    """A sheet of one column."""

    def fill(book: Workbook) -> None:
        book.add_worksheet().write_column(0, 0, cells)

    return fill


def test_each_sheet_is_read_with_its_own_title_and_header(tmp_path: Path, root: Path) -> None:
    """Numbers have no .0, days no midnight; a sheet that tells of no tickets is named, as is a hidden one."""

    def others(book: Workbook) -> None:
        book.add_worksheet("说明").write_column(0, 0, ["本表", "由运维填写"])
        hidden = book.add_worksheet("字典")
        hidden.write(0, 0, "x")
        hidden.hide()

    path = workbook(
        tmp_path / "台账.xlsx",
        tickets("2023", [1001.0, "卡纸", "换搓纸轮", datetime(2023, 3, 5), "P3015"], above=2),
        tickets("2024", [1002.0, "死机", "换内存", datetime(2024, 3, 5, 9, 30), ""]),
        others,
    )
    found = planned(path, root)
    first, second = found.items
    article = parse(first.text, first.path)
    assert first.source == "工作表“2023”第 4 行"
    assert (article.extra, article.created, article.product) == ({"ticket": "1001"}, date(2023, 3, 5), ("P3015",))
    assert parse(second.text, second.path).created == date(2024, 3, 5)
    assert [p.split("：")[0] for p in found.problems] == ["台账.xlsx 工作表“说明”", "台账.xlsx 工作表“字典”"]


def test_merged_cells_say_the_same_in_each_row(tmp_path: Path, root: Path) -> None:
    """Also of a header of two rows, whose lower one names the columns."""

    def fill(book: Workbook) -> None:
        sheet = book.add_worksheet("一")
        sheet.merge_range(0, 0, 1, 0, "工单号")
        sheet.merge_range(0, 1, 0, 2, "处理情况")
        sheet.write_row(1, 1, ["故障现象", "解决方法"])
        sheet.merge_range(0, 3, 1, 3, "设备型号")
        sheet.write_row(2, 0, ["T-1", "卡纸", "换轮"])
        sheet.write_row(3, 0, ["T-2", "掉粉", "换膜"])
        sheet.merge_range(2, 3, 3, 3, "P3015")

    found = planned(workbook(tmp_path / "a.xlsx", fill), root)
    assert [c for c, _ in found.columns] == ["工单号", "故障现象", "解决方法", "设备型号"]
    assert [parse(i.text, i.path).product for i in found.items] == [("P3015",), ("P3015",)]


def test_workbooks_of_excel_97_are_read(tmp_path: Path, root: Path) -> None:
    item = only(planned(tmp_path / "a.xls", root, office.xls([HEADER, [7.0, "卡纸", "换轮", 45356.0, "P1"]])))
    article = parse(item.text, item.path)
    assert (article.extra, article.created) == ({"ticket": "7"}, date(2024, 3, 5))


@pytest.mark.parametrize(
    "text",
    [
        "<html><meta charset=gbk><table><tr><th>现象<th>解决<tr><td>卡纸<br>响<td>换轮</table>",
        "现象\t解决\n卡纸\t换轮\n",
    ],
)
def test_what_systems_export_as_a_workbook_is_read(tmp_path: Path, root: Path, text: str) -> None:
    """HTML or text between tabs under the name .xls: Excel opens those."""
    item = only(planned(tmp_path / "导出.xls", root, text.encode("gbk")))
    assert (item.title, body(item).count("换轮")) == ("卡纸", 1)


def test_a_sheet_over_a_large_area_is_refused_before_it_is_held(tmp_path: Path, root: Path) -> None:
    """Two cells at opposite corners would ask for more memory than there is."""

    def corners(book: Workbook) -> None:
        sheet = book.add_worksheet()
        sheet.write(0, 0, "现象")
        sheet.write(1_048_575, 16_383, "x")

    with pytest.raises(ArticleError, match="太大"):
        planned(workbook(tmp_path / "a.xlsx", corners), root)


def test_protected_and_damaged_workbooks_are_told(tmp_path: Path, root: Path) -> None:
    with pytest.raises(ArticleError, match="密码"):
        planned(tmp_path / "a.xlsx", root, office.container({"EncryptedPackage": b"x" * 100}))
    with pytest.raises(ArticleError, match=r"另存为 \.xlsx"):
        planned(tmp_path / "a.xlsx", root, b"PK\x03\x04")
    with pytest.raises(ArticleError, match=r"另存为 \.xlsx"):
        planned(tmp_path / "a.xls", root, bytes(range(256)))


def test_a_document_type_is_refused_in_every_office_file() -> None:
    """Entities could be declared there."""
    bomb = io.BytesIO()
    with zipfile.ZipFile(bomb, "w") as z:
        z.writestr("xl/worksheets/sheet1.xml", '<?xml version="1.0"?><!DOCTYPE a [<!ENTITY b "c">]><a>&b;</a>')
    for bounds in (sheets.BOUNDS, slides.BOUNDS):
        with pytest.raises(ArticleError, match="DOCTYPE"):
            packages.examine(bomb.getvalue(), "a", bounds)


def test_bombs_are_bounded() -> None:
    bomb = io.BytesIO()
    with zipfile.ZipFile(bomb, "w", zipfile.ZIP_DEFLATED) as z:
        z.writestr("ppt/slides/slide1.xml", b" " * 2_000_000)
    with pytest.raises(ArticleError, match="太大"):
        packages.examine(bomb.getvalue(), "a", slides.BOUNDS._replace(xml=1_000_000))
    deep = io.BytesIO()
    with zipfile.ZipFile(deep, "w") as z:
        z.writestr("a.xml", "<a>" * 200 + "</a>" * 200)
    with pytest.raises(ArticleError, match="太大"):
        packages.examine(deep.getvalue(), "a", slides.BOUNDS)


# --- PDF -------------------------------------------------------------------------------------


def test_an_outline_becomes_headings_with_the_pages_in_their_anchors(tmp_path: Path, root: Path) -> None:
    """Running heads and feet go, lines that run to the margin are joined, a scanned page is named."""
    long = "设备上电以后请先检查电源模块指示灯与风扇状态，再登录设备查看日志，确认没有告警"
    content = [
        ["机房手册", "第一章 概述", long, "以后才能离开现场。", "第 1 页"],
        ["机房手册", "接上页的一段。", "● 看灯", "● 看温度", "第 2 页"],
        None,
        ["机房手册", "第二章 处理", "2024-03-05 10:22:33 ERROR a", "2024-03-05 10:22:34 ERROR b", "第 4 页"],
    ]
    raw = office.pdf(content, [("第一章 概述", 0), ("第二章 处理", 3)], "机房手册")
    found = planned(tmp_path / "x.pdf", root, raw)
    item = only(found)
    assert item.title == "机房手册"
    assert body(item) == (
        f"## 第一章 概述 {{#page-1}}\n\n{long}以后才能离开现场。\n\n接上页的一段。\n\n- 看灯\n- 看温度\n\n"
        "## 第二章 处理 {#page-4}\n\n```text\n2024-03-05 10:22:33 ERROR a\n2024-03-05 10:22:34 ERROR b\n```\n"
    )
    assert [o.anchor for o in markdown.outline(body(item))] == ["page-1", "page-4"]
    assert "第 3 页是扫描的图片" in item.warnings[0]


def test_without_an_outline_pages_are_the_sections(tmp_path: Path, root: Path) -> None:
    """The characters are those that people type: fonts tell radicals and ligatures."""
    raw = office.pdf([["⻚⾯ conﬁg", "端口 用途"], ["第二"]])
    item = only(planned(tmp_path / "巡检.pdf", root, raw))
    assert item.title == "巡检"
    assert body(item) == "## 第 1 页 {#page-1}\n\n页面 config\n\n端口 用途\n\n## 第 2 页 {#page-2}\n\n第二\n"


@pytest.mark.parametrize(
    ("raw", "said"),
    [
        (office.pdf([None, None]), "2 页都是图片"),
        (b"%PDF-1.5 nothing", "不是完好的 PDF"),
        (b"", "不是完好的 PDF"),
        (office.pdf([["x"]], extra="/Encrypt<</Filter/Standard/V 1/R 2/O<00>/U<00>/P -4>>/ID[<00><00>]"), "密码"),
    ],
)
def test_unreadable_pdfs_are_told(tmp_path: Path, root: Path, raw: bytes, said: str) -> None:
    found = planned(tmp_path / "a.pdf", root, raw)
    assert not found.items
    assert said in found.problems[0]


def test_a_pdf_is_bounded(tmp_path: Path, root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pages, "MAX_PAGES", 1)
    assert "太大" in planned(tmp_path / "a.pdf", root, office.pdf([["x"], ["y"]])).problems[0]
    monkeypatch.setattr(pages, "MAX_TEXT", 10)
    assert "太大" in planned(tmp_path / "a.pdf", root, office.pdf([["x" * 20]])).problems[0]


# --- presentations ---------------------------------------------------------------------------


def presentation(path: Path) -> Path:
    show = Presentation()
    first = show.slides.add_slide(show.slide_layouts[0])
    first.shapes.title.text, first.placeholders[1].text = "交换机培训", "2024 年"
    second = show.slides.add_slide(show.slide_layouts[1])
    second.shapes.title.text = "端口掉线"
    frame = second.placeholders[1].text_frame
    frame.text = "看灯"
    below = frame.add_paragraph()
    below.text, below.level = "绿灯 *正常*", 1
    second.notes_slide.notes_text_frame.text = "先讲原理"
    table = second.shapes.add_table(2, 2, Inches(1), Inches(4), Inches(4), Inches(1)).table
    table.cell(0, 0).text, table.cell(1, 1).text = "端口|x", "门禁"
    picture = io.BytesIO()
    Image.new("RGB", (4, 3), "red").save(picture, "PNG")
    second.shapes.add_picture(picture, Inches(6), Inches(6))
    hidden = show.slides.add_slide(show.slide_layouts[1])
    hidden.element.set("show", "0")
    show.save(str(path))
    return path


def test_a_slide_is_a_section_with_its_notes(tmp_path: Path, root: Path) -> None:
    item = only(planned(presentation(tmp_path / "培训.pptx"), root))
    assert item.title == "交换机培训"
    assert [p.path for p in item.images] == ["manual/培训-1.png"]
    assert body(item) == (
        "2024 年\n\n## 端口掉线\n\n- 看灯\n  - 绿灯 \\*正常\\*\n\n| 端口\\|x |  |\n| --- | --- |\n|  | 门禁 |\n\n"
        "![Picture 4](培训-1.png)\n\n**备注**\n\n先讲原理\n"
    )
    assert item.warnings == ("1 张隐藏的幻灯片没有带来",)


@pytest.mark.parametrize("raw", [b"", b"PK\x03\x04", packages.OLE + b"x"])
def test_a_damaged_presentation_is_told(tmp_path: Path, root: Path, raw: bytes) -> None:
    assert "另存为 .pptx" in planned(tmp_path / "a.pptx", root, raw).problems[0]


# --- web pages, texts, mails -----------------------------------------------------------------


def test_a_web_page_gives_its_main_part_and_nothing_that_runs(tmp_path: Path, root: Path) -> None:
    """In its own encoding; links among the documents of a folder lead to what becomes of them."""
    folder = tmp_path / "wiki"
    folder.mkdir()
    html = (
        "<html><head><meta charset=gb2312><title>T</title><script>alert(1)</script></head><body><nav>菜单</nav><main>"
        "<h1>巡检</h1><p>看 <b>灯</b>&lt;port&gt; <a href='javascript:x'>坏</a> <a href='b.htm#x'>乙</a> "
        "<a href='https://a.cn/b.htm'>远</a></p><table><tr><td rowspan=2>a<td>b<tr><td>c</table></main></body></html>"
    )
    (folder / "a.html").write_bytes(html.encode("gbk"))
    (folder / "b.htm").write_text("<p>乙页</p>", "utf8")
    found = plan.plan(folder, root, options())
    item = next(i for i in found.items if i.source == "a.html")
    assert (item.title, item.warnings) == ("巡检", ())
    assert body(item) == (
        "看 **灯**\\<port> 坏 [乙](<b.md#x>) [远](<https://a.cn/b.htm>)\n\n| a | b |\n| --- | --- |\n| a | c |\n"
    )


def test_pages_nested_without_end_are_read_or_refused(tmp_path: Path, root: Path) -> None:
    found = planned(tmp_path / "a.html", root, b"<div>" * 20_000 + "深".encode())
    assert len(found.items) + len(found.problems) == 1


def test_a_page_too_large_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(webpages, "MAX_HTML", 10)
    with pytest.raises(ArticleError, match="太大"):
        webpages.read(b"<p>" * 10, "a.html", "")


def test_a_text_has_its_first_line_for_a_title(tmp_path: Path, root: Path) -> None:
    item = only(
        planned(tmp_path / "a.txt", root, "巡检说明\r\n\r\n第一段 *x*。\r\n1. 看灯\r\n2. 看温度\r\n".encode("gbk"))
    )
    assert (item.title, body(item)) == ("巡检说明", "第一段 \\*x\\*。\n\n1. 看灯\n2. 看温度\n")
    report = only(planned(tmp_path / "b.txt", root, "故障现象：卡纸\n解决方法：换轮\n".encode()))
    assert report.kind == "case"


MAIL = "Subject: =?utf-8?b?5Y2h57q4?=\nFrom: a@b.cn\nContent-Type: text/plain; charset=utf-8\n\n请换轮。\n"


@pytest.mark.parametrize(
    ("name", "raw"),
    [
        ("a.eml", MAIL.encode()),
        ("a.msg", office.outlook("卡纸", "请换轮。\n", "王五", {"a.log": b"x" * 5000})),
        ("b.msg", office.outlook("卡纸", "请换轮。\n", encoding="gbk")),
    ],
)
def test_a_mail_is_its_subject_and_what_it_says(tmp_path: Path, root: Path, name: str, raw: bytes) -> None:
    item = only(planned(tmp_path / name, root, raw))
    assert (item.title, body(item)) == ("卡纸", "请换轮。\n")
    assert ("a.log" in "".join(item.warnings)) == (name == "a.msg")


def test_outlooks_mails_are_read_like_others() -> None:
    """What is quoted below an answer is left out, attachments are at hand; a damaged one is told."""
    raw = office.outlook("答复: 卡纸", "换好了，可以打印，请回访确认一下打印质量是否正常，谢谢您的配合与支持。\n\n"
                         "发件人: 王五\n发送时间: 2024年3月5日 9:00\n收件人: 李四\n主题: 卡纸\n\n打印机卡纸\n",
                         "李四", {"日志.txt": b"ERROR 50.2"})  # fmt: skip
    mail = mails.read("a.msg", raw)
    assert mail.subject == "答复: 卡纸"
    assert "打印机卡纸" not in mail.text
    assert mail.attachments == [("日志.txt", b"ERROR 50.2")]
    with pytest.raises(InputError, match="另存为"):
        mails.read("a.msg", raw[:700])
    with pytest.raises(InputError, match="不是邮件"):
        mails.read("a.msg", office.container({"WordDocument": b"x"}))


# --- folders and several sources -------------------------------------------------------------


def test_a_folder_of_everything(tmp_path: Path, root: Path) -> None:
    """Workbooks of tickets are read, others told; locks of Office are passed over; old formats get a sentence."""
    folder = tmp_path / "share"
    folder.mkdir()
    workbook(folder / "台账.xlsx", tickets("一", ["T-1", "卡纸", "换轮", "", ""]))
    workbook(folder / "通讯录.xlsx", column("姓名", "王五"))
    (folder / "a.pdf").write_bytes(office.pdf([["甲"]]))
    (folder / "a.txt").write_text("乙\n", "utf8")
    (folder / "old.doc").write_bytes(packages.OLE)
    (folder / "~$old.docx").write_bytes(b"x")
    found = plan.plan(folder, root, options())
    assert {i.path.partition("KB")[0] for i in found.items} == {"share/case/", "share/a.md", "share/a-2.md"}
    assert found.problems[-1].startswith("old.doc：请用 Word 另存为 .docx")
    assert found.left_out == ()
    assert all("~$" not in sentence for sentence in found.problems)


def test_several_sources_are_one_plan(tmp_path: Path, root: Path) -> None:
    """One that can't be read is told of; two files of one name never replace each other."""
    for name in ("x", "y"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "a.txt").write_text(f"{name} 说明\n\n正文 {name}\n", "utf8")
    (tmp_path / "b.pdf").write_bytes(b"%PDF")
    book = workbook(tmp_path / "t.xlsx", tickets("一", ["T-1", "卡纸", "换轮", "", ""]))
    sources = [tmp_path / "x/a.txt", tmp_path / "y/a.txt", tmp_path / "b.pdf", tmp_path / "none.md", book]
    found = plan.plan_all(sources, root, options(columns={"设备型号": ""}))
    assert [i.path for i in found.items] == ["manual/a.md", "case/KB-000002.md"]
    assert dict(found.columns)["设备型号"] == ""
    told = "\n".join(found.problems)
    assert "重名" in told
    assert "不是完好的 PDF" in told
    assert "none.md" in told
    with pytest.raises(InputError, match="没有列“厂家”"):
        plan.plan_all(sources, root, options(columns={"厂家": "product"}))


def test_a_saved_mapping_counts_where_a_table_has_its_columns(tmp_path: Path, root: Path) -> None:
    path = workbook(
        tmp_path / "a.xlsx", lambda book: book.add_worksheet().write_column(0, 0, ["怎么了", "卡纸"]) and None
    )
    usual = {"怎么了": "symptom", "别的列": "fix"}
    assert only(planned(path, root, usual=usual)).title == "卡纸"


# --- taking back -----------------------------------------------------------------------------


@pytest.fixture
def imports(root: Path, tmp_path: Path) -> Imports:
    return Imports(Store(str(tmp_path / "guzhi.db")), root)


def brought(imports: Imports, root: Path, path: Path) -> int:
    return imports.carry_out(plan.plan(path, root, options()), [path.name], "王工")[1]


def files(root: Path) -> set[str]:
    return {p.relative_to(root).as_posix() for p in root.rglob("*") if p.is_file()}


def test_what_cannot_be_remembered_is_not_written(imports: Imports, root: Path, tmp_path: Path) -> None:
    """It could not be taken back: without its database an import leaves no file."""
    (tmp_path / "guzhi.db").mkdir()
    source = tmp_path / "培训.txt"
    source.write_text("重启打印服务\n\n先停服务，再清队列。\n", "utf8")
    planned = plan.plan(source, root, options())
    assert planned.items
    with pytest.raises(StoreError):
        imports.carry_out(planned, [source.name], "甲")
    assert not list(root.rglob("*.md"))


def test_an_import_is_taken_back_as_a_whole(imports: Imports, root: Path, tmp_path: Path) -> None:
    """Its files move aside with their pictures and empty folders; a picture that others show stays."""
    number = brought(imports, root, presentation(tmp_path / "培训.pptx"))
    (root / "own.md").write_text("own\n", "utf8")
    assert imports.undo(number) == ["manual/培训.md"]
    aside = f".undone/import-{number}/manual"
    assert files(root) == {"own.md", f"{aside}/培训.md", f"{aside}/培训-1.png"}
    assert not (root / "manual").exists()
    with pytest.raises(InputError, match="已经撤销过"):
        imports.undo(number)
    with pytest.raises(NotFoundError):
        imports.undo(99)
    again = brought(imports, root, tmp_path / "培训.pptx")
    (root / "own.md").write_text("![](manual/培训-1.png)\n", "utf8")
    imports.undo(again)
    assert "manual/培训-1.png" in files(root)
    assert [b.undone is None for b in imports.last()] == [False, False]


def test_what_was_changed_since_is_asked_about(imports: Imports, root: Path, tmp_path: Path) -> None:
    """Nothing moves before it is said; what is gone already is no hindrance."""
    for name in "abc":
        (tmp_path / "wiki").mkdir(exist_ok=True)
        (tmp_path / f"wiki/{name}.txt").write_text(f"{name} 说明\n\n{name}\n", "utf8")
    number = brought(imports, root, tmp_path / "wiki")
    (root / "wiki/a.md").write_text("改过\n", "utf8")
    (root / "wiki/b.md").unlink()
    before = files(root)
    with pytest.raises(ConflictError, match="有 1 个文件"):
        imports.undo(number)
    assert files(root) == before
    imports.undo(number, changed_too=True)
    assert files(root) == {f".undone/import-{number}/wiki/{name}.md" for name in "ac"}


def test_a_failure_on_the_way_moves_everything_back(
    imports: Imports, root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in "abc":
        (tmp_path / "wiki").mkdir(exist_ok=True)
        (tmp_path / f"wiki/{name}.txt").write_text(f"{name} 说明\n\n{name}\n", "utf8")
    number = brought(imports, root, tmp_path / "wiki")
    before = files(root)
    rename = Path.rename

    def fail(self: Path, target: Path) -> Path:
        if self.name == "c.md":
            raise OSError(28, "full")
        return rename(self, target)

    monkeypatch.setattr(Path, "rename", fail)
    with pytest.raises(Exception, match="full"):
        imports.undo(number)
    assert files(root) == before
    assert imports.last()[0].undone is None


def test_the_readers_of_other_formats_are_loaded_when_they_are_needed() -> None:
    """A start of the site or a command waits for none of them."""
    script = "import sys, kb.web.importing, kb.cli.importing; print(*{m.split('.')[0] for m in sys.modules})"
    variables = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[2])}
    done = subprocess.run([sys.executable, "-c", script], env=variables, capture_output=True, text=True, check=True)
    assert not {"pypdf", "pptx", "lxml", "python_calamine", "olefile", "bs4", "mammoth"} & set(done.stdout.split())
