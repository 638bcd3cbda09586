"""Tests of kb.articles.files: reading is lenient, writing changes nothing it was not asked to."""

import os
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kb.articles import files
from kb.articles.atomic import save
from kb.articles.files import (
    ArticleFile,
    decode,
    find,
    first_heading,
    load,
    parse,
    render,
)
from kb.articles.frontmatter import front_matter
from kb.articles.importing.sources import opened
from kb.articles.numbering import next_number
from kb.articles.templates import create
from kb.errors import ArticleError, KbError, NotFoundError
from kb.model import Article
from kb.model.schema import DATES, LISTS, NAMES, TEXTS


def change(text: str, changes: dict[str, Any]) -> str:
    return files.change(ArticleFile.of("a.md", text), changes).text


CASE = """\
---
id: KB-000137  # never reused
kind: case
title: "双控存储: 更换电池后 LUN 变为只读"

# 谁的设备
product: [Dell PowerVault ME4024]
versions:
  - GT280R008
  - 1.10
note: |
  第一行
  第二行
site:
  city: 上海
tags: [缓存,
       写保护]
created: 2025-03-02
---
## 现象

正文 # 不是注释
"""


# --- reading ---------------------------------------------------------------------------------


def test_parse() -> None:
    """Front matter becomes fields, the rest the body; body_line is where it starts in the file."""
    article = parse(CASE, "storage/a.md")
    assert article.path == "storage/a.md"
    assert article.id == "KB-000137"
    assert article.title == "双控存储: 更换电池后 LUN 变为只读"
    assert article.product == ("Dell PowerVault ME4024",)
    assert article.versions == ("GT280R008", "1.10")
    assert article.tags == ("缓存", "写保护")
    assert article.created == date(2025, 3, 2)
    assert article.extra == {"note": "第一行\n第二行\n", "site": {"city": "上海"}}
    assert article.body == "## 现象\n\n正文 # 不是注释\n"
    assert CASE.split("\n")[article.body_line - 1] == "## 现象"


@pytest.mark.parametrize(
    ("yaml", "versions"),
    [
        ("[1.10, 7.0, 010, 1e3, 0x10]", ("1.10", "7.0", "010", "1e3", "0x10")),
        ("[1:30, on, no, 2025-01-02]", ("1:30", "on", "no", "2025-01-02")),
        ("1.10", ("1.10",)),
        ("[a, null, ~, '', ' b ']", ("a", "b")),
        ("[]", ()),
        ("", ()),
        ("~", ()),
    ],
)
def test_values_are_taken_as_written(yaml: str, versions: tuple[str, ...]) -> None:
    """Version 1.10 is not 1.1, 010 is not 8 and no is a word; one value is a list of one."""
    assert parse(f"---\nversions: {yaml}\n---\n", "a.md").versions == versions


@pytest.mark.parametrize(
    ("yaml", "expected"),
    [
        ("2025-03-02", date(2025, 3, 2)),
        ("2025-3-2", date(2025, 3, 2)),
        ("'2025-03-02'", date(2025, 3, 2)),
        ("2025-03-02T10:00:00Z", date(2025, 3, 2)),
        ("2025-03-02 10:00:00", date(2025, 3, 2)),
        ("2025-13-45", None),
        ("2025-03-021", None),
        ("明天", None),
        ("20250302", None),
        ("[2025-03-02]", None),
        ("", None),
    ],
)
def test_dates(yaml: str, expected: date | None) -> None:
    """A date, with or without a time; anything else is none, and no reason to lose the article."""
    assert parse(f"---\nupdated: {yaml}\n---\n", "a.md").updated == expected


@pytest.mark.parametrize(
    ("text", "title"),
    [
        ("# 安装 VPN\n\n正文", "安装 VPN"),
        ("正文\n\n## 第二级 ##\n", "第二级"),
        ("安装手册\n========\n", "安装手册"),
        ("\n \n安装手册\n---\n", "安装手册"),
        ("```\n# 注释\n```\n\n# 标题", "标题"),
        ("~~~sh\n# 注释\n~~~\n标题\n===\n", "标题"),
        ("    # 代码\n\n# 标题", "标题"),
        ("# C#", "C#"),
        ("# **粗** `码` [链](a.md) {#id}", "粗 码 链"),
        ("| a | b |\n|---|---|\n| 1 | 2 |\n", "guide"),
        ("#没有空格", "guide"),
        ("只有正文", "guide"),
        ("", "guide"),
    ],
)
def test_a_file_without_front_matter_is_a_manual(text: str, title: str) -> None:
    """Its title is its first heading, else its file name; its number is its path."""
    article = parse(text, "vpn/guide.md")
    assert (article.kind, article.id, article.title) == ("manual", "vpn/guide", title)
    assert (article.body, article.body_line) == (text, 1)


def test_first_heading_of_nothing() -> None:
    """No heading is no title."""
    assert first_heading("正文\n```\n# x\n") == ""


@pytest.mark.parametrize(
    ("text", "line", "told"),
    [
        ("---\nid: a\ntitle: [x\nkind: case\n---\n", 4, "YAML"),
        ("---\nid: a\ntitle: a: b\n---\n", 3, "YAML"),
        ('---\nid: a\n\n# c\ntitle: "x\n---\n', 5, "YAML"),
        ("---\nid: a\n\tkind: b\n---\n", 3, "YAML"),
        ("---\nid: a\ntitle: x\x07\n---\n", 3, "YAML"),
        ("---\n标题: 甲\u2028\nid: a\ntags: *x\n---\n", 4, "YAML"),
        ("---\nid: &x a\ntitle: *x\n---\n", 3, "*"),
        ("---\nid: a\ntags: &t [*t]\n---\n", 3, "*"),
        ("---\nid: a\nx: " + "[" * 5000 + "]" * 5000 + "\n---\n", 3, "嵌套"),
        ("---\nid: a\nx: " + "{a: " * 5000 + "}" * 5000 + "\n---\n", 3, "嵌套"),
        ("---\nid: a\nlaunched: 2025-13-45\n---\n", 3, "month"),
        ("---\nid: a\nx: !!python/object/apply:os.system [ls]\n---\n", 3, "YAML"),
    ],
)
def test_broken_front_matter_is_told_with_its_line(text: str, line: int, told: str) -> None:
    """The sentence names the file's line; nothing is executed and no list is endless."""
    with pytest.raises(ArticleError) as error:
        parse(text, "a.md")
    assert (error.value.path, error.value.line) == ("a.md", line)
    assert told in error.value.message
    assert "\n" not in error.value.message


@pytest.mark.parametrize(
    ("text", "body", "line"),
    [
        ("---\n---\nbody", "body", 3),
        ("---\n\n# 标题\n\n说明: 正文\n\n---\nbody", "---\n\n# 标题\n\n说明: 正文\n\n---\nbody", 1),
        ("---\n# 标题\n\n说明: 正文\n---\nbody", "---\n# 标题\n\n说明: 正文\n---\nbody", 1),
        ("---\n# 注释\n\nid: a\n---\nbody", "body", 6),
        ("---\n- a\n- b\n---\n", "---\n- a\n- b\n---\n", 1),
        ("---\n只是一句话\n---\n", "---\n只是一句话\n---\n", 1),
        ('+++\ntitle = "a"\n+++\nbody', "body", 4),
        ("---\nid: a\n---", "", 4),
        ("---\nid: a\n...\nbody", "body", 4),
        ("---  \nid: a\n--- \nbody", "body", 4),
        ("---\ntitle: 'a\u2028b'\n---\nbody", "body", 4),
        ("---\nnote: |\n  ---\n  x\n---\nbody\n---\n", "body\n---\n", 6),
        ("---\nid: a\nbody without an end", "---\nid: a\nbody without an end", 1),
        ("\n \n---\nid: a\n---\nbody", "body", 6),
    ],
)
def test_where_the_front_matter_ends(text: str, body: str, line: int) -> None:
    """At the next line of three dashes or dots; the body is everything behind it."""
    article = parse(text, "a.md")
    assert (article.body, article.body_line) == (body, line)


def test_repeated_keys_and_lines() -> None:
    """Each key knows its line, and one that stands twice is reported."""
    head = front_matter("---\n# c\nid: a\ntags:\n  - x\nid: b\n---\n", "a.md")
    assert head.lines == {"id": 6, "tags": 4}
    assert head.repeated == ("id",)
    assert head.values["id"] == "b"


@pytest.mark.parametrize(
    ("raw", "text", "encoding"),
    [
        ("标题\n".encode(), "标题\n", "utf-8-sig"),
        ("标题\r\n正文\r尾".encode("utf-8-sig"), "标题\n正文\n尾", "utf-8-sig"),
        ("打印机卡纸".encode("gb18030"), "打印机卡纸", "gb18030"),
        ("标题\r\n".encode("utf-16"), "标题\n", "utf-16"),
        (b"\xfe\xff" + "标题".encode("utf-16-be"), "标题", "utf-16"),
        (b"", "", "utf-8-sig"),
    ],
)
def test_decode(raw: bytes, text: str, encoding: str) -> None:
    """UTF-8, UTF-16 with its mark and GB 18030 are read; line ends become one kind."""
    assert decode(raw, "a.md") == (text, encoding)


@pytest.mark.parametrize("raw", [b"\x89PNG\r\n\x1a\n\x00\x00", b"abc\x00def", b"\xff\xfe\x00", b"\xff\xff\xff"])
def test_a_binary_file_is_refused(raw: bytes) -> None:
    """What is no text in any of the encodings is told as such."""
    with pytest.raises(ArticleError, match="不是文本文件"):
        decode(raw, "a.md")


def test_load(tmp_path: Path) -> None:
    """The key is the path below the folder, with forward slashes."""
    path = tmp_path / "printer" / "a.md"
    path.parent.mkdir()
    path.write_bytes("# 卡纸".encode("gb18030"))
    article, doubt = load(path, tmp_path, 10)
    assert (article.path, article.title) == ("printer/a.md", "卡纸")
    assert "GB 18030" in doubt


def test_the_size_limit(tmp_path: Path) -> None:
    """A file of exactly the limit is read, one byte more is told with both sizes."""
    path = tmp_path / "a.md"
    path.write_bytes(b"x" * 2048)
    assert load(path, tmp_path, 2)[0].body == "x" * 2048
    path.write_bytes(b"x" * 2049)
    with pytest.raises(ArticleError, match=r"^a\.md: 2 KB.* 2 KB.*max_file_kb"):
        load(path, tmp_path, 2)


def test_a_file_that_vanished_is_told(tmp_path: Path) -> None:
    """Between finding and reading a file may go."""
    with pytest.raises(ArticleError, match=r"^a\.md: "):
        load(tmp_path / "a.md", tmp_path, 2)


# --- finding ---------------------------------------------------------------------------------


def names(root: Path) -> list[str]:
    return [files.relative(p, root) for p in find(root)]


def test_find(tmp_path: Path) -> None:
    """Markdown files in order; hidden files and folders and other kinds of file are passed over."""
    for name in ("b.md", "a.MD", "c.markdown", "x.txt", ".d.md", ".git/e.md", "z/f.md", "m/n/g.md", "folder.md/h.md"):
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()
    assert names(tmp_path) == ["a.MD", "b.md", "c.markdown", "folder.md/h.md", "m/n/g.md", "z/f.md"]
    assert names(tmp_path / "b.md") == ["b.md"]


def test_what_is_nobodys_article_is_passed_over(tmp_path: Path) -> None:
    """Packages, menus and hidden folders; a folder that is asked for is read whatever its name."""
    for name in ("a.md", "node_modules/p/README.md", "sub/_sidebar.md", "SUMMARY.md", ".github/x.md", "sub/b.md"):
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()
    assert names(tmp_path) == ["a.md", "sub/b.md"]
    assert names(tmp_path / "node_modules") == ["p/README.md"]
    assert names(tmp_path / "SUMMARY.md") == ["SUMMARY.md"]
    assert not files.is_article(tmp_path / "node_modules/p/README.md", tmp_path)


def test_links(tmp_path: Path) -> None:
    """A link to an article inside counts; one that leaves the folder, and a linked folder, do not."""
    root, outside = tmp_path / "articles", tmp_path / "outside"
    (root / "sub").mkdir(parents=True)
    outside.mkdir()
    (root / "sub" / "a.md").touch()
    (outside / "secret.md").touch()
    (root / "inside.md").symlink_to(root / "sub" / "a.md")
    (root / "outside.md").symlink_to(outside / "secret.md")
    (root / "folder").symlink_to(outside)
    (root / "sub" / "loop").symlink_to(root)
    assert names(root) == ["inside.md", "sub/a.md"]
    alias = tmp_path / "alias"
    alias.symlink_to(root)
    assert names(alias) == ["inside.md", "sub/a.md"]


def test_a_pipe_is_no_article(tmp_path: Path) -> None:
    """What never ends, or waits for a writer, is not opened, neither by a build nor by an import."""
    os.mkfifo(tmp_path / "pipe.md")
    (tmp_path / "zero.md").symlink_to("/dev/zero")
    (tmp_path / "a.md").write_text("# a\n", "utf8")
    assert list(find(tmp_path)) == [tmp_path / "a.md"]
    with opened(tmp_path) as source:
        assert source.names == ["a.md"]


def test_links_in_a_circle(tmp_path: Path) -> None:
    """They break nothing: reading one tells what is wrong, and numbers are still given."""
    (tmp_path / "a.md").symlink_to(tmp_path / "b.md")
    (tmp_path / "b.md").symlink_to(tmp_path / "a.md")
    (tmp_path / "KB-000004.md").symlink_to(tmp_path / "gone.md")
    for path in list(find(tmp_path)):
        with pytest.raises(ArticleError):
            load(path, tmp_path, 10)
    assert next_number(tmp_path) == "KB-000005"


@pytest.mark.parametrize("name", ["missing", "file.txt"])
def test_a_missing_folder(tmp_path: Path, name: str) -> None:
    """What is not a folder is told by its name."""
    (tmp_path / "file.txt").touch()
    with pytest.raises(NotFoundError, match=name):
        list(find(tmp_path / name))


def test_an_unreadable_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The top folder must be readable; one below it is passed over."""
    (tmp_path / "closed").mkdir()
    (tmp_path / "closed" / "a.md").touch()
    (tmp_path / "b.md").touch()
    scandir = os.scandir

    def refusing(path: str) -> object:
        if Path(path).name == "closed":
            raise PermissionError(13, "Permission denied", str(path))
        return scandir(path)

    monkeypatch.setattr(os, "scandir", refusing)
    assert names(tmp_path) == ["b.md"]
    with pytest.raises(NotFoundError, match="closed"):
        list(find(tmp_path / "closed"))


# --- writing ---------------------------------------------------------------------------------

words = st.text(st.characters(exclude_categories=["Cs", "Cc"]), max_size=20).map(str.strip)
some = words.filter(bool)
lists = st.lists(some, max_size=3).map(tuple)
dates = st.none() | st.dates()
made = st.builds(
    Article,
    path=st.just("a/b.md"),
    id=some,
    kind=some,
    title=some,
    product=lists,
    area=words,
    cause=words,
    handling=words,
    severity=words,
    parts=lists,
    versions=lists,
    tags=lists,
    aliases=st.lists(some.filter(lambda a: not a.startswith("/")), max_size=3).map(tuple),  # those are addresses
    status=some,
    owner=words,
    created=dates,
    updated=dates,
    review_after=dates,
    body=st.text(st.characters(exclude_categories=["Cs"]), max_size=40),
    extra=st.dictionaries(
        some.filter(lambda k: k not in NAMES),
        st.none() | st.booleans() | st.integers() | words | st.lists(words, max_size=2),
        max_size=2,
    ),
)


@given(made)
def test_parse_is_the_inverse_of_render(article: Article) -> None:
    """Whatever an article holds, writing and reading it gives the same article."""
    again = parse(render(article), article.path)
    assert replace(again, body_line=1) == article


def test_render_puts_keys_in_the_usual_order_and_unknown_ones_last() -> None:
    """Lists on one line, empty keys left out."""
    article = Article("a.md", "KB-000001", "case", "标题", tags=("甲", "乙"), created=date(2025, 1, 2), body="正文\n")
    text = render(replace(article, extra={"客户": "某厂"}))
    assert text == (
        "---\nid: KB-000001\nkind: case\ntitle: 标题\ntags: [甲, 乙]\nstatus: published\n"
        "created: 2025-01-02\n客户: 某厂\n---\n正文\n"
    )


def test_every_key_is_rendered() -> None:
    """No key of the model is forgotten when an article is written."""
    values: dict[str, Any] = {**dict.fromkeys(TEXTS, "x"), **dict.fromkeys(LISTS, ("x",))}
    values |= dict.fromkeys(DATES, date(2025, 1, 2))
    head = front_matter(render(Article(path="a.md", **values)), "a.md")
    assert set(head.values) == set(NAMES)


def test_two_lists_that_are_one_object_are_written_twice() -> None:
    """YAML would write a reference, which reading refuses."""
    same = ["甲"]
    assert parse(change("正文", {"tags": same, "aliases": same}), "a.md").aliases == ("甲",)


@pytest.mark.parametrize(
    ("key", "value", "old", "new"),
    [
        ("kind", "faq", "kind: case\n", "kind: faq\n"),
        ("id", "KB-000138", "id: KB-000137  # never reused\n", "id: KB-000138\n"),
        ("title", "新: 标题", 'title: "双控存储: 更换电池后 LUN 变为只读"\n', "title: '新: 标题'\n"),
        ("versions", ["1.10"], "versions:\n  - GT280R008\n  - 1.10\n", "versions: ['1.10']\n"),
        ("note", "一行", "note: |\n  第一行\n  第二行\n", "note: 一行\n"),
        ("site", {"a": 1}, "site:\n  city: 上海\n", "site:\n  a: 1\n"),
        ("tags", ("甲", "乙"), "tags: [缓存,\n       写保护]\n", "tags: [甲, 乙]\n"),
        ("created", date(2026, 1, 2), "created: 2025-03-02\n", "created: 2026-01-02\n"),
        ("created", None, "created: 2025-03-02\n", ""),
        ("product", None, "product: [Dell PowerVault ME4024]\n", ""),
    ],
)
def test_change_touches_no_other_line(key: str, value: object, old: str, new: str) -> None:
    """Comments, blank lines, order and unknown keys stay byte for byte."""
    assert CASE.count(old) == 1
    assert change(CASE, {key: value}) == CASE.replace(old, new)


def test_change_of_several_keys() -> None:
    """Known ones in their place, new ones behind the last, in the order given; None of an absent key is nothing."""
    text = change(CASE, {"status": "draft", "kind": "faq", "owner": "张", "tags": None, "area": None})
    expected = CASE.replace("kind: case", "kind: faq").replace("tags: [缓存,\n       写保护]\n", "")
    assert text == expected.replace("created: 2025-03-02\n", "created: 2025-03-02\nstatus: draft\nowner: 张\n")


def test_change_of_nothing() -> None:
    """No change is no change, with or without front matter."""
    assert change(CASE, {}) == CASE
    assert change("# 正文", {}) == "# 正文"
    assert change("# 正文", {"owner": None}) == "# 正文"


@pytest.mark.parametrize(
    "text",
    [
        "# 正文\n",
        "",
        "---\n---\n# 正文\n",
        "---\n# 注释\n---\n正文",
        "---\nid: a\n---",
        "---\nid: a\nid: c\n---\n正文",
        "---\n{id: a, title: 标题}\n---\n正文",
        "---\n{id: a,\n title: 标题,\n x: 2025-01-02}\n---\n正文",
        '---\n"id": a\n? title\n: 标题\n---\n正文',
        "---\ntitle: '标题\u2028二'\nid: a\n---\n正文",
        "---\nid: |\n  a\n\n  # 不是注释\ntitle: 标题\n---\n正文",
        "---\nid: a\ntags:\n- 甲\n- 乙\n...\n正文",
    ],
)
def test_change_keeps_what_was_said(text: str) -> None:
    """However a front matter is written, afterwards it says the new value, and all else as before."""
    before, after = parse(text, "a.md"), parse(change(text, {"id": "b", "owner": "张"}), "a.md")
    assert (after.id, after.owner) == ("b", "张")
    assert replace(after, id=before.id, owner=before.owner, body_line=before.body_line) == before


@given(made, st.dictionaries(st.sampled_from(NAMES), st.sampled_from(["x", "1.10", "a: b", "# 甲", "-", "~"])))
def test_change_sets_exactly_the_keys_asked_for(article: Article, changes: dict[str, str]) -> None:
    """Every other key keeps its value, and the body stays."""
    text = render(article)
    before, after = front_matter(text, "a.md"), front_matter(change(text, changes), "a.md")
    assert after.values == before.values | changes
    assert parse(change(text, changes), "a.md").body == article.body


def test_change_of_a_broken_front_matter_is_refused() -> None:
    """What can't be read isn't written."""
    with pytest.raises(ArticleError):
        change("---\nid: [\n---\n", {"id": "b"})


def left(folder: Path) -> list[str]:
    return sorted(p.name for p in folder.iterdir())


def test_save(tmp_path: Path) -> None:
    """Folders are made, line ends stay, nothing else is left behind."""
    path = tmp_path / "新" / "a.md"
    save(path, "一\n二")
    save(path, "三\n")
    assert path.read_bytes() == "三\n".encode()
    assert path.stat().st_mode & 0o777 == 0o644
    assert left(path.parent) == ["a.md"]


def test_save_refuses_to_overwrite_a_new_one(tmp_path: Path) -> None:
    """With new, a file that exists stays as it is."""
    save(tmp_path / "a.md", "旧", new=True)
    with pytest.raises(KbError, match=r"a\.md 已经存在"):
        save(tmp_path / "a.md", "新", new=True)
    assert (tmp_path / "a.md").read_text("utf8") == "旧"
    assert left(tmp_path) == ["a.md"]


@pytest.mark.parametrize("step", ["fsync", "chmod", "replace"])
def test_a_failed_save_leaves_the_old_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, step: str) -> None:
    """A full disk at any step: the old text stands, and no half of the new one lies about."""
    path = tmp_path / "a.md"
    save(path, "旧")

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, step, full)
    with pytest.raises(KbError, match="No space left"):
        save(path, "新")
    assert path.read_text("utf8") == "旧"
    assert left(tmp_path) == ["a.md"]


def test_a_text_that_cannot_be_written_is_told(tmp_path: Path) -> None:
    """Half a character, as a broken form may send, is a sentence, and the old file stands."""
    save(tmp_path / "a.md", "旧")
    with pytest.raises(KbError, match=r"a\.md"):
        save(tmp_path / "a.md", "新\ud83d")
    assert (tmp_path / "a.md").read_text("utf8") == "旧"
    assert left(tmp_path) == ["a.md"]


def test_next_number(tmp_path: Path) -> None:
    """One more than the highest, by file name or front matter; a number in a text is none."""
    assert next_number(tmp_path) == "KB-000001"
    (tmp_path / "KB-000007.md").write_text("见 KB-000900", "utf8")
    assert next_number(tmp_path) == "KB-000008"
    (tmp_path / "x.md").write_text("---\ntitle: x\nid: KB-000020\n---\n", "utf8")
    assert next_number(tmp_path) == "KB-000021"
    (tmp_path / "KB-1234567.md").touch()
    assert next_number(tmp_path) == "KB-1234568"


@pytest.mark.parametrize(
    ("kind", "area", "place"), [("case", "printer", "printer"), ("case", "", "case"), ("faq", "printer", "faq")]
)
@pytest.mark.parametrize("language", ["zh", "en"])
def test_create(tmp_path: Path, kind: str, area: str, place: str, language: str) -> None:
    """A draft with the next number in the folder of its area or kind."""
    root = tmp_path / "articles"
    path = create(root, kind, "卡纸: 一", language, date(2024, 2, 29), area=area, product=("HP",))
    article = parse(path.read_text("utf8"), files.relative(path, root))
    assert path == root / place / "KB-000001.md"
    assert (article.id, article.kind, article.title, article.status) == ("KB-000001", kind, "卡纸: 一", "draft")
    assert (article.created, article.review_after) == (date(2024, 2, 29), date(2026, 2, 28))
    assert (article.area, article.product) == (area, ("HP",))
    assert article.body.startswith("## ")
    assert create(root, kind, "二", language, date(2024, 3, 1)).name == "KB-000002.md"
