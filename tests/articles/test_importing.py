"""Imports: what documents and old tickets become, what is refused, and that a failed import leaves nothing."""

import base64
import csv
import io
import json
import re
import stat
import warnings
import zipfile
from collections.abc import Callable
from datetime import date
from pathlib import Path

import pytest
from click.testing import CliRunner
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from kb.articles import atomic, markdown, pictures
from kb.articles.check import check
from kb.articles.files import load, parse
from kb.articles.frontmatter import front_matter
from kb.articles.importing import cells, columns, escape, plan, sources, tickets, word
from kb.articles.importing.model import Options, Plan
from kb.articles.writing.rename import checked_path
from kb.cli import cli
from kb.errors import ArticleError, InputError, KbError, NotFoundError
from kb.model import Article
from kb.settings import Settings

Write = Callable[[str, str], Path]


def picture(color: str = "red", kind: str = "PNG") -> bytes:
    out = io.BytesIO()
    Image.new("RGB", (4, 3), color).save(out, kind)
    return out.getvalue()


PNG = pictures.cleaned(picture())[0]
TODAY = date(2026, 1, 2)


@pytest.fixture
def root(settings: Settings) -> Path:
    """An empty articles folder."""
    return settings.articles


@pytest.fixture
def source(tmp_path: Path) -> Path:
    """A folder to import from."""
    folder = tmp_path / "wiki"
    folder.mkdir()
    return folder


def options(**chosen: object) -> Options:
    return Options(today=TODAY, **chosen)  # type: ignore[arg-type]


def imported(path: Path, root: Path, **chosen: object) -> Plan:
    planned = plan.plan(path, root, options(**chosen))
    plan.carry_out(planned)
    return planned


def tree(folder: Path) -> dict[str, bytes]:
    return {p.relative_to(folder).as_posix(): p.read_bytes() for p in folder.rglob("*") if p.is_file()}


def shown(body: str, kind: str = "case") -> str:
    """What a reader sees of a body, without its headings."""
    return "".join(p.text for p in markdown.split(Article(path="a.md", id="a", kind=kind, body=body)))


# --- Markdown --------------------------------------------------------------------------------


def test_an_article_with_a_free_number_is_kept_to_the_byte(source: Path, root: Path) -> None:
    raw = "\ufeff---\r\nid: KB-000042\r\nkind: faq # 注释\r\nstatus: published\r\na: 1\r\n---\r\n正文\t \r\n".encode()
    (source / "a.md").write_bytes(raw)
    imported(source, root)
    assert tree(root) == {"wiki/a.md": raw}


def test_a_taken_number_is_changed_and_nothing_else(source: Path, root: Path, write: Write) -> None:
    write("x.md", "---\nid: KB-000042\n---\n别的\n")
    text = "---\n# 注释\nid: KB-000042\nstatus: review\nown: [1,2]\n---\n正文\n"
    (source / "a.md").write_text(text, "utf8")
    planned = imported(source, root)
    assert (root / "wiki/a.md").read_text("utf8") == text.replace("KB-000042", "KB-000043")
    assert "KB-000042 已被占用，改为 KB-000043" in planned.items[0].warnings[0]


def test_two_files_never_get_the_same_number(source: Path, root: Path) -> None:
    """A number that one file brings is not given to another one, whichever comes first."""
    (source / "a.md").write_text("甲\n", "utf8")
    (source / "b.md").write_text("---\nid: KB-000001\n---\n乙\n", "utf8")
    (source / "c.md").write_text("---\nid: KB-000001\n---\n丙\n", "utf8")
    planned = imported(source, root)
    assert [(i.source, i.number) for i in planned.items] == [
        ("a.md", "KB-000002"),
        ("b.md", "KB-000001"),
        ("c.md", "KB-000003"),
    ]


def test_a_foreign_front_matter_keeps_its_lines(source: Path, root: Path) -> None:
    """Another tool's keys and comments stay, ours are added, its date counts, GBK becomes UTF-8."""
    text = "---\ntitle: 安装\ndate: 2023-05-06\nweight: 3 # 序\n---\n正文\n"
    (source / "a.md").write_bytes(text.encode("gbk"))
    imported(source, root)
    written = (root / "wiki/a.md").read_text("utf8")
    assert written.startswith(text[: text.rindex("---")])
    article = parse(written, "a.md")
    assert (article.id, article.kind, article.status) == ("KB-000001", "manual", "draft")
    assert (article.created, article.updated) == (date(2023, 5, 6), date(2023, 5, 6))
    assert article.body == "正文\n"


def test_a_file_without_front_matter_is_a_manual_unless_told(source: Path, root: Path) -> None:
    (source / "a.md").write_text("# 巡检\n\n步骤\n", "utf8")
    item = plan.plan(source, root, options()).items[0]
    assert (item.kind, item.title) == ("manual", "巡检")
    item = plan.plan(source, root, options(kind="faq", status="review", area="server")).items[0]
    article = parse(item.text, item.path)
    assert (article.kind, article.status, article.area) == ("faq", "review", "server")


def test_a_manual_with_the_sections_of_a_case_is_told(source: Path, root: Path) -> None:
    (source / "a.md").write_text("# x\n## 现象\na\n## 解决\nb\n", "utf8")
    assert "--kind case" in plan.plan(source, root, options()).items[0].warnings[0]
    assert not plan.plan(source, root, options(kind="case")).items[0].warnings


def test_links_and_images_hold(source: Path, root: Path) -> None:
    """The tree is kept, so kb check finds every target; what leads nowhere is told."""
    (source / "sub").mkdir()
    (source / "img").mkdir()
    (source / "img/a b.png").write_bytes(PNG)
    (source / "img/unused.png").write_bytes(PNG)
    (source / "note.bin").write_bytes(b"x")
    (source / "a.md").write_text("# A\n[下](sub/b.md) ![图](img/a%20b.png)\n", "utf8")
    (source / "sub/b.md").write_text("# B\n[上](../a.md) ![图](<../img/a b.png>) [无](none.md)\n", "utf8")
    planned = imported(source, root)
    assert set(tree(root)) == {"wiki/a.md", "wiki/sub/b.md", "wiki/img/a b.png"}
    assert planned.left_out == ("img/unused.png", "note.bin")
    assert [i.warnings for i in planned.items] == [(), ("正文第 2 行的链接 none.md 没有对应的文件",)]
    assert [p.message for p in check(root)] == ["链接 none.md 指向的文件不存在"]


def test_customer_data_is_told_and_masked(source: Path, root: Path) -> None:
    text = "---\nid: KB-000001\ntitle: 13912345678 打来\ntags: [a@corp.com.cn, x]\n---\n电话 13912345678。\n"
    (source / "a.md").write_text(text, "utf8")
    told = plan.plan(source, root, options()).items[0]
    assert told.text == text
    assert "手机号码 × 2" in told.warnings[0]
    assert "139" not in told.warnings[0]
    hidden = plan.plan(source, root, options(mask=True)).items[0]
    assert not hidden.warnings
    article = parse(hidden.text, "a.md")
    assert article.title == "〔手机号码〕 打来"
    assert article.tags == ("〔邮箱地址〕", "x")
    assert article.body == "电话 〔手机号码〕。\n"


def test_unreadable_files_are_told_with_file_and_line(source: Path, root: Path) -> None:
    (source / "bad.md").write_text("---\ntitle: a\nx: [\n---\n", "utf8")
    (source / "bin.md").write_bytes(b"\0\1")
    (source / "large.md").write_text("长" * 1000, "utf8")
    (source / "good.md").write_text("好\n", "utf8")
    planned = imported(source, root, max_file_kb=1)
    assert set(tree(root)) == {"wiki/bad.md", "wiki/good.md"}
    bad = next(i for i in planned.items if i.source == "bad.md")
    assert bad.title == "a"
    assert bad.warnings[0].startswith("bad.md:3: 文件头不是正确的 YAML：括号或引号没有闭合")
    binary, large = planned.problems
    assert binary.startswith("bin.md: 不是文本文件")
    assert large.startswith("large.md: 超过上限 1 KB")


def test_a_second_import_changes_nothing(source: Path, root: Path) -> None:
    (source / "a.md").write_text("甲 ![](p.png)\n", "utf8")
    (source / "p.png").write_bytes(PNG)
    imported(source, root)
    before = tree(root)
    again = imported(source, root)
    assert again.items == ()
    assert again.skipped == ("a.md：和 KB-000001 的内容相同",)
    source.rename(source.with_name("renamed"))
    assert imported(source.with_name("renamed"), root).items == ()
    assert tree(root) == before


def test_nothing_that_exists_is_replaced(source: Path, root: Path) -> None:
    (source / "a.md").write_text("甲 ![](p.png)\n", "utf8")
    (source / "b.md").write_text("乙 ![](p.png)\n", "utf8")
    (source / "p.png").write_bytes(PNG)
    (root / "wiki").mkdir()
    (root / "wiki/a.md").write_text("别的\n", "utf8")
    planned = imported(source, root)
    assert [i.source for i in planned.items] == ["b.md"]
    assert "wiki/a.md 已经存在" in planned.problems[0]
    (source / "p.png").write_bytes(picture("blue"))
    (source / "c.md").write_text("丙 ![](p.png)\n", "utf8")
    assert "wiki/p.png 已经存在" in imported(source, root).problems[-1]
    assert (root / "wiki/a.md").read_text("utf8") == "别的\n"
    assert (root / "wiki/p.png").read_bytes() == PNG


def test_a_single_file_goes_to_the_folder_of_its_kind(source: Path, root: Path) -> None:
    (source / "img").mkdir()
    (source / "img/p.png").write_bytes(PNG)
    (source / "a.md").write_text("甲 ![](img/p.png) ![](../../secret.png)\n", "utf8")
    (source / "other.md").write_text("乙\n", "utf8")
    imported(source / "a.md", root)
    assert set(tree(root)) == {"manual/a.md", "manual/img/p.png"}
    (source / "c.md").write_text("丙\n", "utf8")
    imported(source / "c.md", root, kind="case", area="printer")
    assert (root / "printer/c.md").exists()


# --- all or nothing --------------------------------------------------------------------------


def test_a_full_disk_takes_everything_back(source: Path, root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Files, images and new folders go; what was there before stays."""
    for name in "abc":
        (source / f"{name}.md").write_text(f"{name} ![]({name}.png)\n", "utf8")
        (source / f"{name}.png").write_bytes(PNG)
    (root / "old.md").write_text("旧\n", "utf8")
    planned = plan.plan(source, root, options())
    real = atomic.save

    def save(path: Path, content: str | bytes, new: bool = False) -> None:
        if path.name == "c.png":
            raise KbError("磁盘满了")
        real(path, content, new=new)

    monkeypatch.setattr(plan, "save", save)
    with pytest.raises(KbError, match="磁盘满了"):
        plan.carry_out(planned)
    assert [p.name for p in root.iterdir()] == ["old.md"]


def test_a_file_that_appears_meanwhile_is_not_replaced(source: Path, root: Path, write: Write) -> None:
    (source / "a.md").write_text("甲\n", "utf8")
    (source / "b.md").write_text("乙\n", "utf8")
    planned = plan.plan(source, root, options())
    write("wiki/b.md", "---\nid: KB-000009\n---\n")
    with pytest.raises(KbError, match="已经存在"):
        plan.carry_out(planned)
    assert list(tree(root)) == ["wiki/b.md"]


def test_a_number_taken_meanwhile_is_noticed(source: Path, root: Path, write: Write) -> None:
    (source / "a.md").write_text("甲\n", "utf8")
    planned = plan.plan(source, root, options())
    write("new.md", "---\nid: KB-000001\n---\n")
    with pytest.raises(InputError, match="KB-000001"):
        plan.carry_out(planned)
    assert list(tree(root)) == ["new.md"]


def test_a_link_out_of_the_base_is_not_followed(source: Path, root: Path, tmp_path: Path) -> None:
    (tmp_path / "outside").mkdir()
    (root / "wiki").symlink_to(tmp_path / "outside")
    (source / "a.md").write_text("甲\n", "utf8")
    with pytest.raises(InputError, match="走出"):
        imported(source, root)
    assert not list((tmp_path / "outside").iterdir())


# --- folders and archives ----------------------------------------------------------------------


def test_links_out_of_the_folder_are_passed_over(source: Path, root: Path, tmp_path: Path) -> None:
    (tmp_path / "secret.md").write_text("秘密\n", "utf8")
    (tmp_path / "secret.png").write_bytes(PNG)
    (source / "link.md").symlink_to(tmp_path / "secret.md")
    (source / "link.png").symlink_to(tmp_path / "secret.png")
    (source / "a.md").write_text("![](link.png) ![](../secret.png)\n", "utf8")
    assert [i.images for i in plan.plan(source, root, options()).items] == [()]


@pytest.mark.parametrize("name", ["../a.md", "x/../../a.md", "/etc/a.md", "C:\\a.md", "..\\a.md"])
def test_an_archive_with_a_path_that_leaves_it_is_refused(tmp_path: Path, root: Path, name: str) -> None:
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as z:
        z.writestr("good.md", "好")
        z.writestr(name, "坏")
    with pytest.raises(InputError, match="走出了压缩包"):
        plan.plan(tmp_path / "a.zip", root, options())


def test_an_archive_with_a_link_is_refused(tmp_path: Path, root: Path) -> None:
    info = zipfile.ZipInfo("a.md")
    info.external_attr = (stat.S_IFLNK | 0o777) << 16
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as z:
        z.writestr(info, "/etc/passwd")
    with pytest.raises(InputError, match="是链接"):
        plan.plan(tmp_path / "a.zip", root, options())


def test_names_in_gbk_are_read(tmp_path: Path, root: Path) -> None:
    """Windows in China packs names in GBK without saying so; the folder that was packed is not named twice."""
    raw = io.BytesIO()
    with zipfile.ZipFile(raw, "w") as z:
        for i, text in enumerate(("![](图.png)\n".encode(), PNG)):
            z.writestr("XXXXXXXX/" + ["aaaa.md", "bb.png"][i], text)
    packed = raw.getvalue()
    for plain, chinese in ((b"XXXXXXXX", "旧版手册"), (b"aaaa.md", "说明.md"), (b"bb.png", "图.png")):
        packed = packed.replace(plain, chinese.encode("gbk"))
    (tmp_path / "手册.zip").write_bytes(packed)
    imported(tmp_path / "手册.zip", root)
    assert set(tree(root)) == {"手册/说明.md", "手册/图.png"}


def test_hidden_files_of_an_archive_are_passed_over(tmp_path: Path, root: Path) -> None:
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as z:
        for name in ("a.md", "b/c.md", "__MACOSX/._a.md", ".git/x.md"):
            z.writestr(name, name)
    assert [i.path for i in plan.plan(tmp_path / "a.zip", root, options()).items] == ["a/a.md", "a/b/c.md"]


def test_bombs_are_bounded(tmp_path: Path, root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """One file too large is left out; too much or too many in all is refused, before it is unpacked."""
    with zipfile.ZipFile(tmp_path / "a.zip", "w", zipfile.ZIP_DEFLATED) as z:
        z.writestr("large.md", b"\n" * 5_000_000)
        z.writestr("small.md", "小")
    planned = plan.plan(tmp_path / "a.zip", root, options())
    assert [i.source for i in planned.items] == ["small.md"]
    assert "large.md: 超过上限 2048 KB" in planned.problems[0]
    monkeypatch.setattr(sources, "MAX_BYTES", 1_000_000)
    with pytest.raises(InputError, match="请分批导入"):
        plan.plan(tmp_path / "a.zip", root, options())
    monkeypatch.setattr(sources, "MAX_BYTES", 10_000_000)
    monkeypatch.setattr(sources, "MAX_FILES", 1)
    with pytest.raises(InputError, match="请分批导入"):
        plan.plan(tmp_path / "a.zip", root, options())


def test_a_folder_is_bounded_as_well(source: Path, root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in "abc":
        (source / f"{name}.md").write_text(name * 100, "utf8")
    monkeypatch.setattr(sources, "MAX_BYTES", 250)
    with pytest.raises(InputError, match="分批"):
        plan.plan(source, root, options())
    monkeypatch.setattr(sources, "MAX_FILES", 2)
    with pytest.raises(InputError, match="超过 2 个文件"):
        plan.plan(source, root, options())


def test_damaged_archives_are_told(tmp_path: Path, root: Path) -> None:
    path = tmp_path / "a.zip"
    path.write_bytes(b"PK\x03\x04 nothing")
    with pytest.raises(InputError, match="不是完好的压缩包"):
        plan.plan(path, root, options())
    with zipfile.ZipFile(path, "w") as z:
        z.writestr("a.md", "内容内容内容")
    path.write_bytes(path.read_bytes().replace("内容内".encode(), "内空内".encode()))
    assert "a.md: 压缩包里的这个文件读不了" in plan.plan(path, root, options()).problems[0]


@pytest.mark.parametrize(
    ("name", "advice"),
    [
        ("a.ppt", "另存为 .pptx"),
        ("a.ods", "另存为 .xlsx"),
        ("a.doc", "另存为 .docx"),
        ("a.rar", ".zip"),
        ("a.exe", "不是能导入"),
    ],
)
def test_other_formats_are_refused_with_advice(tmp_path: Path, root: Path, name: str, advice: str) -> None:
    (tmp_path / name).write_bytes(b"x")
    with pytest.raises(InputError, match=re.escape(advice)):
        plan.plan(tmp_path / name, root, options())


def test_no_source_and_the_base_itself_are_refused(tmp_path: Path, root: Path) -> None:
    with pytest.raises(NotFoundError, match="none"):
        plan.plan(tmp_path / "none", root, options())
    with pytest.raises(InputError, match="就在文章文件夹里"):
        plan.plan(root, root, options())


# --- Word ------------------------------------------------------------------------------------

_DOCUMENT = (
    '<?xml version="1.0" encoding="UTF-8"?><w:document'
    ' xmlns:w="http://schemas.openxmlformats.org/wordprocessingml/2006/main"'
    ' xmlns:r="http://schemas.openxmlformats.org/officeDocument/2006/relationships"'
    ' xmlns:wp="http://schemas.openxmlformats.org/drawingml/2006/wordprocessingDrawing"'
    ' xmlns:a="http://schemas.openxmlformats.org/drawingml/2006/main"'
    ' xmlns:pic="http://schemas.openxmlformats.org/drawingml/2006/picture"><w:body>{}</w:body></w:document>'
)
_TYPES = (
    '<?xml version="1.0"?><Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types">'
    '<Default Extension="png" ContentType="image/png"/><Default Extension="emf" ContentType="image/x-emf"/>'
    '<Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/>'
    '<Override PartName="/word/document.xml" ContentType='
    '"application/vnd.openxmlformats-officedocument.wordprocessingml.document.main+xml"/></Types>'
)
_RELATIONS = (
    '<?xml version="1.0"?><Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships">'
    '<Relationship Id="{id}" Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships/{kind}"'
    ' Target="{target}"{mode}/></Relationships>'
)


def paragraph(text: str, style: str = "") -> str:
    styled = f'<w:pPr><w:pStyle w:val="{style}"/></w:pPr>' if style else ""
    escaped = text.replace("&", "&amp;").replace("<", "&lt;")
    return f'<w:p>{styled}<w:r><w:t xml:space="preserve">{escaped}</w:t></w:r></w:p>'


def drawn(attribute: str = "r:embed") -> str:
    return (
        '<w:p><w:r><w:drawing><wp:inline><wp:docPr id="1" name="p" descr="面板 [照片]"/><a:graphic><a:graphicData>'
        f'<pic:pic><pic:blipFill><a:blip {attribute}="rId9"/></pic:blipFill></pic:pic>'
        "</a:graphicData></a:graphic></wp:inline></w:drawing></w:r></w:p>"
    )


def docx(path: Path, *body: str, image: str = "image1.png", external: str = "") -> Path:
    """A small .docx; external: the address of a picture that is only linked."""
    mode = ' TargetMode="External"' if external else ""
    target = external or f"media/{image}"
    with zipfile.ZipFile(path, "w") as z:
        z.writestr("[Content_Types].xml", _TYPES)
        z.writestr(
            "_rels/.rels", _RELATIONS.format(id="rId1", kind="officeDocument", target="word/document.xml", mode="")
        )
        z.writestr("word/_rels/document.xml.rels", _RELATIONS.format(id="rId9", kind="image", target=target, mode=mode))
        z.writestr(f"word/media/{image}", PNG)
        z.writestr("word/document.xml", _DOCUMENT.format("".join(body)))
    return path


def test_a_report_becomes_a_case(tmp_path: Path, root: Path) -> None:
    """Numbered headings of a report are the sections of a case, lists stay lists, a picture stands beside it."""
    cells = "".join(f"<w:tc>{paragraph(t)}</w:tc>" for t in ("温度|值", "190"))
    path = docx(
        tmp_path / "维修 报告.docx",
        paragraph("P3015 定影故障报告"),
        paragraph("一、故障描述"),
        paragraph("一摸掉粉，报 50.2；<port> 与 *星号*、C:\\temp"),
        drawn(),
        paragraph("二、原因分析：定影膜破损"),
        paragraph("（三）解决办法"),
        paragraph("1. 关机"),
        paragraph("2. 更换"),
        f"<w:tbl><w:tr>{cells}</w:tr></w:tbl>",
    )
    planned = imported(path, root, area="printer")
    article, _ = load(root / "printer/维修 报告.md", root, 100)
    assert (article.kind, article.title, article.status) == ("case", "P3015 定影故障报告", "draft")
    assert article.body == (
        "## 现象\n\n一摸掉粉，报 50.2；\\<port> 与 \\*星号\\*、C:\\temp\n\n![面板 (照片)](维修-报告-1.png)\n\n"
        "## 原因\n\n定影膜破损\n\n## 解决\n\n1. 关机\n2. 更换\n\n| 温度\\|值 | 190 |\n| --- | --- |\n"
    )
    assert (root / "printer/维修-报告-1.png").read_bytes() == PNG
    assert dict(planned.missing).keys() == {"cause", "handling", "severity", "aliases", "## 环境", "## 排查", "## 验证"}
    assert imported(path, root, area="printer").skipped


def test_headings_become_sections_of_a_manual(tmp_path: Path, root: Path) -> None:
    path = docx(
        tmp_path / "a.docx",
        paragraph("机房巡检", "Heading1"),
        paragraph("环境", "Heading2"),
        paragraph("二十四小时空调"),
        paragraph("步骤", "Heading2"),
        paragraph("看灯"),
    )
    item = plan.plan(path, root, options()).items[0]
    assert (item.kind, item.title, item.path) == ("manual", "机房巡检", "manual/a.md")
    assert parse(item.text, "a.md").body == "## 环境\n\n二十四小时空调\n\n## 步骤\n\n看灯\n"


def test_sections_stand_below_the_title(tmp_path: Path, root: Path) -> None:
    path = docx(tmp_path / "手册.docx", paragraph("甲", "Heading1"), paragraph("a"), paragraph("乙", "Heading1"))
    item = plan.plan(path, root, options()).items[0]
    assert item.title == "手册"
    assert parse(item.text, "a.md").body == "## 甲\n\na\n\n## 乙\n"


def test_a_picture_from_elsewhere_is_never_read(tmp_path: Path, root: Path) -> None:
    """A document that links to a file of this machine gets nothing of it."""
    (tmp_path / "secret").write_text("秘密", "utf8")
    path = docx(tmp_path / "a.docx", drawn("r:link"), external=(tmp_path / "secret").as_uri())
    planned = plan.plan(path, root, options())
    assert not any(i.images for i in planned.items)
    assert planned.items or "不是完好的 .docx" in planned.problems[0]


def test_a_picture_no_page_can_show_is_told(tmp_path: Path, root: Path) -> None:
    path = docx(tmp_path / "a.docx", paragraph("正文。"), drawn(), image="image1.emf")
    item = plan.plan(path, root, options()).items[0]
    assert "x-emf" in item.warnings[0]
    assert not item.images
    assert "![" not in item.text


@pytest.mark.parametrize("raw", [b"", b"no zip", b"\xd0\xcf\x11\xe0 old", b"PK\x03\x04"])
def test_a_damaged_document_is_told(tmp_path: Path, root: Path, raw: bytes) -> None:
    (tmp_path / "a.docx").write_bytes(raw)
    planned = plan.plan(tmp_path / "a.docx", root, options())
    assert not planned.items
    assert planned.problems[0].startswith("a.docx: 不是完好的 .docx 文档")


def test_a_document_with_broken_xml_is_told(tmp_path: Path, root: Path) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        path = docx(tmp_path / "a.docx", "<w:p><w:r>")
    assert "另存为 .docx" in plan.plan(path, root, options()).problems[0]


def test_hostile_documents_are_refused_before_the_converter_reads_them(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = docx(tmp_path / "a.docx", paragraph("x" * 5000))
    monkeypatch.setattr(word, "BOUNDS", word.BOUNDS._replace(xml=4000))
    with pytest.raises(ArticleError, match="太大"):
        word.read(path.read_bytes(), "a.docx", "{number}")
    bomb = io.BytesIO()
    with zipfile.ZipFile(bomb, "w") as z:
        z.writestr("word/document.xml", '<?xml version="1.0"?><!DOCTYPE a [<!ENTITY b "c">]><a>&b;</a>')
    with pytest.raises(ArticleError, match="DOCTYPE"):
        word.read(bomb.getvalue(), "a.docx", "{number}")


def cell(text: str, merged: str = "") -> str:
    return f"<w:tc><w:tcPr>{merged}</w:tcPr>{paragraph(text) if text else '<w:p/>'}</w:tc>"


def test_merged_cells_keep_their_columns(tmp_path: Path, root: Path) -> None:
    """A cell over several rows says the same in each; what stands beside it stays under its heading."""
    start, on = '<w:vMerge w:val="restart"/>', "<w:vMerge/>"
    rows = (
        cell("楼层") + cell("端口") + cell("用途"),
        cell("二层", start) + cell("1") + cell("门禁", start),
        cell("", on) + cell("2") + cell("", on),
        cell("三层") + cell("3") + cell("考勤"),
    )
    table_ = "<w:tbl>" + "".join(f"<w:tr>{row}</w:tr>" for row in rows) + "</w:tbl>"
    path = docx(tmp_path / "a.docx", paragraph("对照表。"), table_)
    body = plan.plan(path, root, options()).items[0].text
    assert "| 二层 | 1 | 门禁 |\n| 二层 | 2 | 门禁 |\n| 三层 | 3 | 考勤 |" in body


def test_the_style_of_a_title_makes_the_title(tmp_path: Path, root: Path) -> None:
    """Also where top headings follow it, which keep their level below it."""
    path = docx(
        tmp_path / "a.docx",
        paragraph("门禁 系统手册", "Title"),
        paragraph("安装", "Heading1"),
        paragraph("接线"),
        paragraph("调试", "Heading1"),
    )
    item = plan.plan(path, root, options()).items[0]
    assert item.title == "门禁 系统手册"
    assert parse(item.text, "a.md").body == "## 安装\n\n接线\n\n## 调试\n"


def test_pictures_are_written_anew(source: Path, root: Path) -> None:
    """As the editor's: nothing of the file survives but its pixels; what is no such picture is told."""
    raw = picture("blue") + b"13912345678"
    (source / "a.png").write_bytes(raw)
    (source / "b.svg").write_text("<svg onload='alert(1)'/>", "utf8")
    (source / "c.gif").write_bytes(picture("red", "GIF"))
    (source / "x.md").write_text("![](a.png) ![](b.svg) ![](c.gif)\n", "utf8")
    item = imported(source, root).items[0]
    assert set(tree(root)) == {"wiki/x.md", "wiki/a.png", "wiki/c.gif"}
    assert b"139" not in (root / "wiki/a.png").read_bytes()
    assert (root / "wiki/c.gif").read_bytes().startswith(b"GIF8")
    assert any("SVG" in w for w in item.warnings)


def test_a_picture_written_into_a_document_becomes_a_file(source: Path, root: Path) -> None:
    """Whole or in lines; the text is small then, and the page shows the picture."""
    data = base64.b64encode(picture("blue")).decode()
    wrapped = "\n".join(data[i : i + 60] for i in range(0, len(data), 60))
    text = f'![面板](data:image/png;base64,{data})\n\n<img src="data:image/png;base64,{wrapped}">\n'
    (source / "说 明.md").write_text(text, "utf8")
    item = imported(source, root).items[0]
    assert parse(item.text, "a.md").body == '![面板](说-明-1.png)\n\n<img src="说-明-2.png">\n'
    assert {"wiki/说-明-1.png", "wiki/说-明-2.png"} < set(tree(root))


def test_names_of_files_are_those_that_every_system_can_hold(source: Path, root: Path) -> None:
    """The editor's rule; two that become one get a number, and a link finds its file in either spelling."""
    (source / "con.md").write_text("一 ![](re\u0301seau.png)\n", "utf8")
    (source / "a:b.md").write_text("二\n", "utf8")
    (source / "a?b.md").write_text("三\n", "utf8")
    (source / "re\u0301seau.png").write_bytes(picture())
    imported(source, root)
    assert set(tree(root)) == {"wiki/_con.md", "wiki/a-b.md", "wiki/a-b-2.md", "wiki/r\u00e9seau.png"}
    assert all(checked_path(name) == name for name in tree(root) if name.endswith(".md"))


def test_menus_and_other_peoples_folders_are_left_out(source: Path, root: Path) -> None:
    """Unless one of them is asked for."""
    for name in ("a.md", "SUMMARY.md", "_sidebar.md", "node_modules/x/README.md", ".vuepress/b.md", "sub/SUMMARY.md"):
        (source / name).parent.mkdir(parents=True, exist_ok=True)
        (source / name).write_text(f"# {name}\n", "utf8")
    assert [i.source for i in plan.plan(source, root, options()).items] == ["a.md"]
    assert [i.source for i in plan.plan(source / "SUMMARY.md", root, options()).items] == ["SUMMARY.md"]
    assert len(plan.plan(source / "node_modules", root, options()).items) == 1


def test_links_in_a_circle_are_passed_over(source: Path, root: Path) -> None:
    """They lead to no file; what is beside them is imported."""
    (source / "a.md").symlink_to(source / "b.md")
    (source / "b.md").symlink_to(source / "a.md")
    (source / "c.md").write_text("# 丙\n\n[甲](a.md) ![](a.png)\n", "utf8")
    (source / "a.png").symlink_to(source / "a.png")
    assert [i.source for i in plan.plan(source, root, options()).items] == ["c.md"]


def test_markdown_keeps_its_name_beside_a_document(source: Path, root: Path) -> None:
    """guide.md and guide.docx: links lead to guide.md."""
    docx(source / "guide.docx", paragraph("文档。"))
    (source / "guide.md").write_text("手册\n", "utf8")
    (source / "x.md").write_text("[看](guide.md)\n", "utf8")
    assert {i.source: i.path for i in plan.plan(source, root, options()).items} == {
        "guide.md": "wiki/guide.md",
        "x.md": "wiki/x.md",
        "guide.docx": "wiki/guide-2.md",
    }


# --- tickets ---------------------------------------------------------------------------------

LOG = """\
打印掉粉。
2024-03-05 10:22:33 ERROR fuser | temp <low> *1*
2024-03-05 10:22:35 WARN ``` timeout
    at com.hp.Fuser.run(Fuser.java:42)
重启后"还是"一样，# 不好
"""
HEADER = ["工单号", "标题", "故障现象", "原因", "解决方法", "设备型号", "问题分类", "优先级", "处理方式", "报修时间"]
ROW = ["T-1", "报 50.2", LOG, "硬件故障", "1、关机\n2、换件 | 装好", "P3015，P3016", "打印", "紧急", "上门", "2024/3/5"]


def table(path: Path, *rows: list[str], encoding: str = "utf8", delimiter: str = ",") -> Path:
    text = io.StringIO(newline="")
    csv.writer(text, delimiter=delimiter).writerows(rows)
    path.write_bytes(text.getvalue().encode(encoding))
    return path


@pytest.mark.parametrize("encoding", ["utf8", "utf-8-sig", "gbk", "gb18030", "utf-16"])
@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
def test_a_ticket_becomes_a_case(tmp_path: Path, root: Path, encoding: str, delimiter: str) -> None:
    path = table(tmp_path / "a.csv", HEADER, ROW, encoding=encoding, delimiter=delimiter)
    planned = imported(path, root)
    assert dict(planned.columns)["问题分类"] == "area"
    article, _ = load(root / "printer/KB-000001.md", root, 100)
    assert (article.id, article.kind, article.title, article.status) == ("KB-000001", "case", "报 50.2", "draft")
    assert (article.area, article.cause, article.handling, article.severity) == ("printer", "hardware", "onsite", "P1")
    assert article.product == ("P3015", "P3016")
    assert (article.created, article.updated) == (date(2024, 3, 5), date(2024, 3, 5))
    assert article.extra == {"ticket": "T-1"}
    assert article.body == (
        "## 现象\n\n打印掉粉。\n\n````text\n"
        "2024-03-05 10:22:33 ERROR fuser | temp <low> *1*\n"
        "2024-03-05 10:22:35 WARN ``` timeout\n"
        "    at com.hp.Fuser.run(Fuser.java:42)\n````\n\n"
        '重启后"还是"一样，# 不好\n\n'
        "## 原因\n\n硬件故障\n\n## 解决\n\n1. 关机\n2. 换件 | 装好\n"
    )


def test_json_and_json_lines_are_read_as_csv_is(tmp_path: Path, root: Path) -> None:
    entry = dict(zip(HEADER, ROW, strict=True))
    wanted = plan.plan(table(tmp_path / "a.csv", HEADER, ROW), root, options()).items[0].text
    forms = {
        "array.json": json.dumps([entry]),
        "object.json": json.dumps({"count": 1, "tickets": [entry]}),
        "one.json": json.dumps(entry, ensure_ascii=False),
        "lines.json": json.dumps(entry) + "\n" + json.dumps(entry | {"工单号": 2}),
        "a.jsonl": "\n" + json.dumps(entry) + "\n\n",
    }
    for name, text in forms.items():
        (tmp_path / name).write_text(text, "utf8")
        assert plan.plan(tmp_path / name, root, options()).items[0].text == wanted, name


def test_what_json_holds_beside_text(tmp_path: Path, root: Path) -> None:
    entry = {"summary": "x", "description": ["a", None, 1], "tags": ["t", "u"], "solution": {"k": "<v>"}, "id": 7}
    (tmp_path / "a.json").write_text(json.dumps([entry, 5]), "utf8")
    planned = plan.plan(tmp_path / "a.json", root, options())
    article = parse(planned.items[0].text, "a.md")
    assert article.tags == ("t", "u")
    assert shown(article.body) == 'a\n1\n{"k": "<v>"}\n'
    assert planned.problems == ("a.json 第 2 行：应为有键和值的对象",)


@pytest.mark.parametrize(
    ("name", "text", "problem"),
    [
        ("a.json", "{", "不是正确的 JSON"),
        ("a.json", "[" * 100_000, "嵌套太深"),
        ("a.csv", "a,b\n1,2\n", "认不出哪一列是 symptom 或 fix；有：a, b"),
    ],
)
def test_a_file_that_is_no_table_is_refused(tmp_path: Path, root: Path, name: str, text: str, problem: str) -> None:
    (tmp_path / name).write_text(text, "utf8")
    with pytest.raises(InputError, match=problem):
        plan.plan(tmp_path / name, root, options())


def test_bad_lines_are_told_with_their_number(tmp_path: Path, root: Path) -> None:
    (tmp_path / "a.jsonl").write_text('{"现象": "a"}\n{"现象": \n\n{"现象": "b"}\n', "utf8")
    planned = plan.plan(tmp_path / "a.jsonl", root, options())
    assert [i.source for i in planned.items] == ["第 1 行", "第 4 行"]
    assert planned.problems[0].startswith("a.jsonl 第 2 行：不是正确的 JSON")


def test_unusable_rows_are_told_in_order(tmp_path: Path, root: Path) -> None:
    text = (
        "工单号,现象,解决\n\nT-1,甲,换\nT-2,,\nT-1,乙,换\nT-3,丙,换,多\nT-4,丁\n"
        'T-5,"戊,换\nT-6,己,换\n'
    )  # fmt: skip
    (tmp_path / "a.csv").write_text(text, "utf8")
    planned = plan.plan(tmp_path / "a.csv", root, options())
    assert [i.source for i in planned.items] == ["第 3 行", "第 7 行", "第 8 行"]
    assert planned.problems == (
        "a.csv 第 4 行：现象和解决都没有",
        "a.csv 第 5 行：工单号 T-1 和第 3 行的相同",
        "a.csv 第 6 行：有 4 格，表头只有 3 列；大概是引号或分隔符不对",
        "a.csv 第 8 行：引号没有闭合，后面的内容都成了这一行；请检查这一行",
    )


def test_a_row_without_title_takes_the_first_line(tmp_path: Path, root: Path) -> None:
    path = table(
        tmp_path / "a.csv", ["现象", "解决"], ["\n 打不开  网页\n第二行", "x"], ["长" * 99, ""], ["", "只有解决"]
    )
    assert [i.title for i in plan.plan(path, root, options()).items] == ["打不开 网页", "长" * 79 + "…", "只有解决"]


def test_values_that_are_none_are_told_with_their_column(tmp_path: Path, root: Path) -> None:
    path = table(
        tmp_path / "a.csv",
        ["现象", "优先级", "报修时间", "分类", "原因", "原因类别"],
        ["甲", "紧要", "3/5/2024", "其他", "13912345678 说网线松了", "线路"],
    )
    item = plan.plan(path, root, options(area="network", mask=True)).items[0]
    area, severity, created = item.warnings
    assert severity.startswith("列“优先级”的 '紧要' 不认识，severity 没有填（可用：P1, P2")
    assert area.startswith("列“分类”的 '其他' 不认识")
    assert created.startswith("列“报修时间”的 '3/5/2024' 不是日期")
    article = parse(item.text, item.path)
    assert (article.area, article.severity, article.cause, article.created) == ("network", "", "line", TODAY)
    assert shown(article.body) == "甲\n〔手机号码〕 说网线松了\n"


def test_own_areas_are_values(tmp_path: Path, root: Path) -> None:
    path = table(tmp_path / "a.csv", ["现象", "领域"], ["甲", "产线"])
    assert plan.plan(path, root, options(areas=("产线",))).items[0].path == "产线/KB-000001.md"


def test_a_mapping_is_taken_or_refused_by_its_column(tmp_path: Path, root: Path) -> None:
    path = table(tmp_path / "a.csv", ["甲", "乙", "标题"], ["现象文字", "解决文字", "标题文字"])
    chosen = {"甲": "symptom", "乙": "fix", "标题": ""}
    planned = plan.plan(path, root, options(columns=chosen))
    assert planned.columns == (("甲", "symptom"), ("乙", "fix"), ("标题", ""))
    assert planned.items[0].title == "现象文字"
    with pytest.raises(InputError, match="没有列“丙”；有：甲, 乙, 标题"):
        plan.plan(path, root, options(columns={"丙": "fix"}))
    with pytest.raises(InputError, match="列“甲”不能成为 'status'（可用：title, "):
        plan.plan(path, root, options(columns={"甲": "status"}))
    with pytest.raises(InputError, match="只用于工单"):
        plan.plan(tmp_path, root, options(columns=chosen))


def test_questions_and_answers_become_faqs(tmp_path: Path, root: Path) -> None:
    path = table(tmp_path / "a.csv", ["Subject", "Question", "Answer"], ["VPN", "How?", "So."])
    item = plan.plan(path, root, options(kind="faq")).items[0]
    assert item.path == "faq/KB-000001.md"
    assert parse(item.text, "a.md").body == "## Question\n\nHow?\n\n## Answer\n\nSo.\n"
    with pytest.raises(InputError, match="case 或 faq"):
        plan.plan(path, root, options(kind="manual"))


def test_tickets_are_known_by_their_number(tmp_path: Path, root: Path) -> None:
    imported(table(tmp_path / "a.csv", HEADER, ROW), root)
    changed = [*ROW[:2], "别的现象", *ROW[3:]]
    path = table(tmp_path / "b.csv", HEADER, ROW, ["T-2", *ROW[1:]])
    planned = imported(path, root)
    assert planned.skipped == ("第 2 行：工单 T-1 已是 KB-000001",)
    assert [i.number for i in planned.items] == ["KB-000002"]  # two tickets may say the same
    assert "内容有不同" in imported(table(tmp_path / "c.csv", HEADER, changed), root).skipped[0]


def test_tickets_without_number_are_known_by_their_text(tmp_path: Path, root: Path) -> None:
    path = table(tmp_path / "a.csv", HEADER[1:], ROW[1:], ROW[1:])
    planned = imported(path, root)
    assert (len(planned.items), len(planned.skipped)) == (1, 1)
    assert not imported(path, root).items


def test_a_complete_ticket_passes_kb_check(tmp_path: Path, root: Path) -> None:
    path = table(
        tmp_path / "a.csv",
        [*HEADER, "环境", "排查过程", "验证", "客户原话"],
        [*ROW, "Win 11", "看了灯", "好了", "掉粉；一摸就黑"],
    )
    assert imported(path, root).missing == ()
    assert check(root) == []


def test_an_article_too_large_for_the_index_is_told(tmp_path: Path, root: Path) -> None:
    path = table(tmp_path / "a.csv", ["现象"], ["长" * 1000], ["短"])
    planned = plan.plan(path, root, options(max_file_kb=2))
    assert [i.title for i in planned.items] == ["短"]
    assert planned.problems[0].startswith("第 2 行：超过 2 KB")


# --- what columns and values mean --------------------------------------------------------------


def test_every_target_is_known_by_its_own_name() -> None:
    for kind in columns.SECTIONS:
        for target in columns.targets(kind):
            assert columns.target(target, kind) == target


@pytest.mark.parametrize(
    ("name", "wanted"),
    [
        ("故障现象", "symptom"),
        ("解决方案（必填）", "fix"),
        ("Root Cause", "cause"),
        ("created_at", "created"),
        ("Close Notes", "fix"),
        ("工单编号", "ticket"),
        ("满意度", ""),
    ],
)
def test_columns_are_guessed_by_name(name: str, wanted: str) -> None:
    assert columns.target(name, "case") == wanted


@pytest.mark.parametrize(
    ("key", "text", "value"),
    [
        ("severity", "紧急", "P1"),
        ("severity", "高", "P2"),
        ("severity", "Low", "P4"),
        ("severity", "p3", "P3"),
        ("severity", "很急很急", ""),
        ("cause", "硬件故障", "hardware"),
        ("cause", "误操作", "operator"),
        ("cause", "硬件坏了因为进水", ""),
        ("area", "打印机", "printer"),
        ("area", "网络", "network"),
        ("handling", "现场", "onsite"),
        ("handling", "", ""),
    ],
)
def test_values_are_normalised(key: str, text: str, value: str) -> None:
    assert columns.choice(key, text) == value


@pytest.mark.parametrize(
    "text", ["2024/3/5", "2024-03-05", "2024.3.5", "2024年3月5日", "20240305", "2024-03-05T10:22:33Z", "2024/3/5 10:22"]
)
def test_dates_are_read(text: str) -> None:
    assert columns.day(text) == date(2024, 3, 5)


@pytest.mark.parametrize("text", ["", "3/5/2024", "2024/13/5", "2024/2/30", "昨天", "202403051"])
def test_what_is_no_date_is_none(text: str) -> None:
    assert columns.day(text) is None


# --- plain text as Markdown --------------------------------------------------------------------

NUMBERED = re.compile(r"^\s*\d{1,2}(?:[.)]\s+|、\s*|[.．)）])(?=\S)", re.MULTILINE)
MARKUP = st.text(
    st.sampled_from("ab1 2.)、-+*_`~#>|<>&;:=[]()!^\\/\n\n\t\"'{}$%@中文，。ERORWN-0") | st.characters(), max_size=80
)


def words(text: str) -> list[str]:
    """Text without the numbers of lists, and however spaces are set."""
    return "\n".join(NUMBERED.sub("", line) for line in text.split("\n")).split()


@given(MARKUP)
def test_any_ticket_text_is_shown_as_it_was(text: str) -> None:
    """Whatever a ticket says, a reader sees that, and none of it becomes a heading, a link or markup."""
    body = "## 现象\n\n" + escape.markdown(text) + "\n"
    assert words(shown(body)) == words(escape.cleaned(text))
    assert [o.title for o in markdown.outline(body)] == ["现象"]
    assert not markdown.links(body)
    assert not re.search(r"<(?!/?(?:h2|p|pre|code|ol|li)\b)", markdown.render(body))


@given(st.text(max_size=40), MARKUP)
def test_any_row_makes_an_article_that_reads_back(title: str, text: str) -> None:
    row = columns_row(title, text)
    if row is None:
        return
    article = parse(row, "a.md")
    assert front_matter(row, "a.md").values["kind"] == "case"
    assert article.title == " ".join(escape.cleaned(title).split()) or not escape.cleaned(title).strip()
    assert words(shown(article.body)) == words(escape.cleaned(text))


def columns_row(title: str, text: str) -> str | None:
    """The file of a ticket with this title and symptom; None when it says nothing."""
    row = cells.Row(2, {"标题": title, "现象": text})
    try:
        return tickets._draft(row, {"标题": "title", "现象": "symptom"}, "case", options()).text("KB-000001")
    except ValueError:
        return None


@pytest.mark.parametrize(
    "text",
    [
        "C:\\Users\\zhang_san\\a*b",
        "\\\\server\\share",
        "max_connections __init__ _x_",
        "[1]: http://a [x](y) ![z](w) [^1]: n ^[i]",
        "&lt; &#60; A&B",
        "~~a~~ ~b~",
        "a\\",
        "<script>alert(1)</script>",
        "| a | b |\n|---|---|\n| c | d |",
        "标题\n===",
        "标题\n---",
        "- [ ] a\n- b",
        "1. [x] a\n2. b",
        "    indented",
        "<br>",
        "a  \nb",
    ],
)
def test_usual_markup_is_text(text: str) -> None:
    assert words(shown("## 现象\n\n" + escape.markdown(text) + "\n")) == words(text)


def test_text_is_escaped_only_as_far_as_needed() -> None:
    for text in ("ORA-12541: TNS", "GE0/0/1 [ERROR] a_b", "C:\\Users", "3 > 2 + 1 = 2", "a | b", "第#5号", "A & B"):
        assert escape.markdown(text) == text


# --- the command -------------------------------------------------------------------------------


@pytest.fixture
def kb(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> Callable[..., tuple[int, str, str]]:
    monkeypatch.chdir(settings.articles.parent)

    def run(*arguments: str) -> tuple[int, str, str]:
        result = CliRunner().invoke(cli, ["import", *arguments])
        return result.exit_code, result.stdout, result.stderr

    return run


Kb = Callable[..., tuple[int, str, str]]


def test_a_dry_run_tells_all_and_writes_nothing(kb: Kb, tmp_path: Path, root: Path) -> None:
    table(tmp_path / "a.csv", [*HEADER, "满意度"], [*ROW, "5"])
    code, out, err = kb("a.csv", "--dry-run")
    assert code == 0
    assert "满意度" in out
    assert "不用" in out
    assert "第 2 行 -> printer/KB-000001.md" in out
    assert "aliases（1 篇）" in err
    assert "什么都没有写" in err
    assert not tree(root)


def test_the_command_imports_and_says_what_comes_next(kb: Kb, tmp_path: Path, root: Path) -> None:
    table(tmp_path / "a.csv", ["怎么了", "办法"], ["甲 13912345678", "换"])
    code, _, err = kb("a.csv", "--map", "怎么了=symptom", "--map", "办法=fix", "--mask", "--area", "network",
                      "--status", "review")  # fmt: skip
    assert code == 0
    assert "kb check" in err.splitlines()[-1]
    article, _ = load(root / "network/KB-000001.md", root, 100)
    assert (article.status, article.title) == ("review", "甲 〔手机号码〕")
    code, out, _ = kb("a.csv", "--map", "怎么了=symptom", "--map", "办法=fix", "--mask")
    assert code == 1
    assert "KB-000001 的内容相同" in out


def test_the_plan_as_json(kb: Kb, source: Path, root: Path) -> None:
    (source / "a.md").write_text("甲 ![](p.png)\n", "utf8")
    (source / "p.png").write_bytes(PNG)
    code, out, _ = kb("wiki", "--dry-run", "--json", "--language", "en")
    data = json.loads(out)
    assert code == 0
    assert data["items"][0]["images"] == ["wiki/p.png"]
    assert data["items"][0]["number"] == "KB-000001"
    assert set(data) == {"items", "skipped", "problems", "left_out", "columns", "missing"}


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["none.csv"], "none.csv"),
        (["a.csv", "--map", "现象"], "列名=键"),
        (["a.csv", "--map", "x=fix"], "没有列“x”"),
        (["a.csv", "--area", "kitchen"], "kitchen"),
    ],
)
def test_misuse_is_told_in_a_sentence(kb: Kb, tmp_path: Path, arguments: list[str], said: str) -> None:
    table(tmp_path / "a.csv", ["现象"], ["甲"])
    code, _, err = kb(*arguments)
    assert code == 2
    assert said in err


def test_a_long_plan_shows_what_needs_attention(kb: Kb, tmp_path: Path) -> None:
    rows = [[f"现象 {i}", "紧要" if i == 70 else "高"] for i in range(80)]
    table(tmp_path / "a.csv", ["现象", "优先级"], *rows)
    _, out, _ = kb("a.csv", "--dry-run")
    assert "还有 29 篇" in out
    assert "第 72 行" in out
    assert "第 71 行" not in out
