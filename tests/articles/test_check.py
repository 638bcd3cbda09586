"""Tests of kb.articles.check: every problem is told with its file and line, and nothing else is."""

import re
from collections.abc import Callable, Iterable
from datetime import date
from pathlib import Path

import pytest

from kb.articles.check import Problem, check, check_paths, normal_path
from kb.articles.files import parse
from kb.errors import NotFoundError
from kb.language import use
from kb.model import Article
from kb.text.synonyms import TRADE_WORDS
from kb.text.synonyms import parse as parse_synonyms
from kb.text.tokens import HAN, fold

ARTICLES = Path(__file__).parents[2] / "articles"
SAMPLE = [parse(path.read_text("utf8"), path.name) for path in sorted(ARTICLES.rglob("*.md"))]
HAN_CHARACTER = re.compile(f"[{HAN}]")
TODAY = date(2026, 1, 1)

CASE = """\
---
id: KB-000001
kind: case
title: 打印机卡纸
product: [HP M1136]
area: printer
cause: hardware
handling: onsite
severity: P3
aliases: [纸卡住了, 打到一半纸出不来, 后盖里夹着一张纸]
created: 2025-03-02
review_after: 2027-03-02
---
## 现象

卡纸，见[下文](#解决)和[手册](../manual/a.md#x)。

## 环境

HP M1136

## 原因

搓纸轮老化。

## 排查

![搓纸轮](img/a.png)

## 解决

更换。

## 验证

打印十页。
"""

Run = Callable[..., list[tuple[str, int, str, str]]]


@pytest.fixture
def run(tmp_path: Path) -> Run:
    """run(text, ...): the problems of a folder with this article, a manual and an image."""
    (tmp_path / "printer" / "img").mkdir(parents=True)
    (tmp_path / "manual").mkdir()
    (tmp_path / "manual" / "a.md").write_text("# 手册\n", "utf8")
    (tmp_path / "printer" / "img" / "a.png").touch()

    def run(text: str | bytes, areas: Iterable[str] = ()) -> list[tuple[str, int, str, str]]:
        raw = text.encode() if isinstance(text, str) else text
        (tmp_path / "printer" / "a.md").write_bytes(raw)
        return [(p.path, p.line, p.level, p.message) for p in check(tmp_path, None, areas, TODAY)]

    return run


def test_a_clean_article(run: Run) -> None:
    """Nothing to say."""
    assert run(CASE) == []


def test_a_manual_may_be_plain_markdown(run: Run) -> None:
    """No front matter, no sections, no fault."""
    assert run("# 安装\n\n## 准备\n") == []


@pytest.mark.parametrize("path", sorted(ARTICLES.rglob("*.md")), ids=lambda p: p.stem)
def test_the_sample_articles_are_numbered_as_their_files(path: Path) -> None:
    """KB-000137.md holds KB-000137."""
    assert f"id: {path.stem}\n" in path.read_text("utf8")


def test_the_sample_articles_have_no_problems() -> None:
    """What is shipped keeps the rules it teaches."""
    assert [str(p) for p in check(ARTICLES, None, (), date.min)] == []


@pytest.mark.parametrize("article", SAMPLE, ids=lambda a: a.id)
def test_the_sample_articles_are_found_by_what_customers_say(article: Article) -> None:
    """A case by three sayings or more, a FAQ by two, and what is written in English by three in Chinese."""
    assert len(article.aliases) >= {"case": 3, "faq": 2, "manual": 0}[article.kind]
    if not HAN_CHARACTER.search(article.body):
        assert sum(bool(HAN_CHARACTER.search(alias)) for alias in article.aliases) >= 3


def test_the_sample_articles_have_aliases_of_their_own() -> None:
    """A saying leads to one article, and says something else than its title."""
    articles: dict[str, str] = {}
    for article in SAMPLE:
        for alias in (fold(a).text for a in article.aliases):
            assert articles.setdefault(alias, article.id) == article.id, alias
            assert alias not in fold(article.title).text, alias


@pytest.mark.parametrize(
    ("old", "new", "line", "told"),
    [
        ("kind: case", "kind: cases", 3, "kind 的值 'cases' 不认识（可用：case, manual, faq）"),
        ("area: printer", "area: 打印机", 6, "area 的值 '打印机'"),
        ("cause: hardware", "cause: hardwear", 7, "cause 的值 'hardwear'"),
        ("handling: onsite", "handling: 现场", 8, "handling 的值 '现场'"),
        ("severity: P3", "severity: P9", 9, "severity 的值 'P9'"),
        ("created: 2025-03-02", "status: done", 11, "status 的值 'done'"),
        ("created: 2025-03-02", "created: 2025-02-30", 11, "created 的 '2025-02-30' 不是日期"),
        ("created: 2025-03-02", "updated: 昨天", 11, "updated 的 '昨天' 不是日期"),
        ("created: 2025-03-02", "severity: P1", 11, "severity 写了两次"),
        ("product: [HP M1136]", "product: {HP: M1136}", 5, "product 应为列表"),
        ("id: KB-000001\n", "", 1, "缺少 id"),
        ("title: 打印机卡纸\n", "", 1, "缺少 title"),
        ("area: printer\n", "", 1, "缺少 area"),
        ("cause: hardware\n", "", 1, "缺少 cause"),
        ("handling: onsite\n", "", 1, "缺少 handling"),
        ("severity: P3\n", "", 1, "缺少 severity"),
        ("aliases: [纸卡住了, 打到一半纸出不来, 后盖里夹着一张纸]", "aliases: []", 1, "缺少 aliases"),
        ("title: 打印机卡纸", "title: [打印机", 5, "YAML"),
        ("## 原因\n\n搓纸轮老化。\n\n", "", 14, "缺少一节“## 原因”"),
        ("## 解决\n", "## 解决办法\n", 14, "缺少一节“## 解决”"),
        ("搓纸轮老化。\n", "", 14, "“## 原因”一节是空的"),
        ("更换。\n", "<!-- 更换 -->\n", 14, "“## 解决”一节是空的"),
        ("../manual/a.md#x", "../manual/b.md", 16, "链接 ../manual/b.md 指向的文件不存在"),
        ("../manual/a.md#x", "../../a.md", 16, "链接 ../../a.md 走出了文章文件夹"),
        ("../manual/a.md#x", "x" * 300 + ".md", 16, "指向的文件不存在"),
        ("../manual/a.md#x", "a%00b.md", 16, "指向的文件不存在"),
        ("img/a.png", "img/b.png", 28, "图片 img/b.png 不存在"),
        ("打印十页。", "打给 13812345678", 36, "手机号码"),
        ("打印十页。", "身份证 11010519491231002X", 36, "身份证号码"),
        ("打印十页。", "写给 zhang.san@corp.com.cn", 36, "邮箱地址"),
        ("打印十页。", "打给 010-62345678", 36, "电话号码"),
        ("aliases: [纸卡住了,", "aliases: [13812345678 说卡纸,", 10, "手机号码"),
    ],
)
def test_an_error_is_told_with_its_line(run: Run, old: str, new: str, line: int, told: str) -> None:
    """One mistake, one sentence, at the line where it stands."""
    assert CASE.count(old) == 1
    problems = run(CASE.replace(old, new))
    errors = [p for p in problems if p[2] == "error"]
    assert [(path, at) for path, at, _, _ in errors] == [("printer/a.md", line)]
    assert told in errors[0][3]


@pytest.mark.parametrize(
    ("old", "new", "line", "told"),
    [
        ("review_after: 2027-03-02", "review_after: 2025-12-31", 12, "复审日期 2025-12-31 已过"),
        ("created: 2025-03-02", "tag: [甲]", 11, "不认识的键 tag；是不是 tags？"),
        ("created: 2025-03-02", "Products: [甲]", 11, "不认识的键 Products；是不是 product？"),
        ("#解决", "#解决方法", 16, "没有标题 #解决方法"),
        (", 后盖里夹着一张纸]", "]", 10, "aliases 只有 2 条；写到 3 条以上"),
        (
            "纸卡住了, 打到一半纸出不来, 后盖里夹着一张纸",
            "paper stuck, it stops half way, paper at the back",
            10,
            "没有中文的说法",
        ),
    ],
)
def test_a_warning_is_told_with_its_line(run: Run, old: str, new: str, line: int, told: str) -> None:
    """What is only likely a mistake is a warning."""
    assert CASE.count(f"{old}") >= 1
    (problem,) = run(CASE.replace(old, new, 1))
    assert problem[:3] == ("printer/a.md", line, "warning")
    assert told in problem[3]


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("review_after: 2027-03-02", "review_after: 2026-01-01"),
        ("review_after: 2027-03-02", "review_after: 2025-01-01\nstatus: archived"),
        ("created: 2025-03-02", "客户: 某厂"),
        ("#解决", "#%E8%A7%A3%E5%86%B3"),
        ("#解决", "https://e.example/x"),
        ("#解决", "mailto:a@example.com"),
        ("#解决", "//e.example/x"),
        ("#解决", "/manual/a.md"),
        ("#解决", "../printer/./img/a.png"),
        ("## 现象", "## 現象"),
        ("## 现象", "## Symptom"),
        ("## 现象", "# 打印机卡纸\n\n## 现象"),
        ("搓纸轮老化。", "### 其一\n\n搓纸轮老化。"),
        ("更换。", "`kb` [^1]\n\n[^1]: 注"),
    ],
)
def test_what_is_no_problem(run: Run, old: str, new: str) -> None:
    """Ways of writing that are as good."""
    assert old in CASE
    assert run(CASE.replace(old, new, 1)) == []


ENGLISH = {"title": "Paper jam", "aliases": "[paper gets stuck, it stops half way, a sheet is left inside]"}
CHINESE = {"title": "打印机卡纸", "aliases": "[纸卡住了, 打到一半纸出不来, 后盖里夹着一张纸]"}
FAQ = {"kind": "faq", "title": "怎样换纸"}


@pytest.mark.parametrize(
    ("articles", "told"),
    [
        ([CHINESE, CHINESE, ENGLISH], ["2.md:4 中文"]),
        ([CHINESE, CHINESE, ENGLISH | {"aliases": "[paper gets stuck, it stops half way, HP卡纸]"}], []),
        ([CHINESE, CHINESE, ENGLISH | {"status": "draft"}], []),
        ([CHINESE, CHINESE, ENGLISH | {"status": "review"}], []),
        ([ENGLISH, ENGLISH, CHINESE], ["2.md:4 西文"]),
        ([ENGLISH, ENGLISH, CHINESE | {"aliases": "[纸卡住了, HP卡纸, 夹纸了]"}], ["2.md:4 西文"]),
        ([ENGLISH, ENGLISH, CHINESE | {"aliases": "[纸卡住了, 夹纸了, HP jam]"}], []),
        ([CHINESE, ENGLISH], []),
        ([CHINESE, FAQ], ["1.md:1 中文"]),
        ([CHINESE, FAQ | {"aliases": "[how do I refill it]"}], ["1.md:4 中文"]),
        ([CHINESE, FAQ | {"aliases": "[没纸了怎么加]"}], []),
        ([CHINESE, FAQ | {"kind": "manual", "aliases": "[refill]"}], []),
        ([CHINESE, CHINESE, ENGLISH | {"status": "draft"}, ENGLISH | {"status": "draft"}], []),
        ([{"title": "Бумага застряла", "aliases": "[застряла бумага, мнёт бумагу, стоит и пищит]"}], []),
    ],
)
def test_aliases_in_the_main_language(tmp_path: Path, articles: list[dict[str, str]], told: list[str]) -> None:
    """A published case or FAQ holds one in what most titles are written in; a name within Chinese is none."""
    for number, keys in enumerate(articles):
        head = "".join(f"{key}: {value}\n" for key, value in ({"kind": "case"} | keys).items())
        (tmp_path / f"{number}.md").write_text(f"---\n{head}---\n", "utf8")
    problems = [p for p in check(tmp_path, None, (), TODAY) if p.level == "warning"]
    assert [f"{p.path}:{p.line} {p.message.split('没有')[1][:2]}" for p in problems] == told


def test_own_areas(run: Run) -> None:
    """Areas of the settings are as good as the built-in ones."""
    text = CASE.replace("area: printer", "area: 医疗")
    assert run(text, ["医疗"]) == []
    assert len(run(text)) == 1


@pytest.mark.parametrize(
    "text",
    [
        "13812345678",
        "电话13812345678，",
        "Call 13812345678.",
        "+86 138-1234-5678",
        "8613812345678",
        "138 1234 5678",
        "（0571-87654321）",
        "邮箱zhang@corp.com的",
        "<mailto:zhang@corp.com>",
        "wang_5+x@mail.corp.com.cn",
        "zhang@notexample.com",
        "zhang@example.com.evil.cn",
        "110105194912310021",
        "证件11010519491231002x。",
    ],
)
def test_customer_data_is_found(run: Run, text: str) -> None:
    """Also where Chinese stands directly before and behind it, and in code."""
    for line in (text, f"`{text}`"):
        assert [p[1:3] for p in run(CASE.replace("打印十页。", line))] == [(36, "error")]


@pytest.mark.parametrize(
    "text",
    [
        "zhang@example.com 和 li@mail.example.org、wang@example.net的",
        "administrator@vsphere.local",
        "getty@tty1.service",
        "root@192.168.1.10",
        "user@host",
        "192.168.138.12 10.138.1234.5678",
        "10.13.138.1:13812",
        "ORA-13812345678 KB-13812345678",
        "SN13812345678 CN-13812345678A",
        "2102351234567890123",
        "138123456789 1381234567",
        "SN110105194912310021",
        "f13812345678e 0x13812345678",
        "150 2048 1024 4096",
        "12 150 2048 1024",
        "1700000000000",
        "0.13812345678 13812345678.5",
        "2025-03-02 10:00:00",
        "550e8400-e29b-41d4-a716-113812345678",
        "SR 000-12345",
        "00-50-56-12-34-56",
    ],
)
def test_what_only_looks_like_customer_data(run: Run, text: str) -> None:
    """Addresses at example.com, IP addresses, codes, serial numbers and columns of numbers."""
    assert run(CASE.replace("打印十页。", text)) == []


@pytest.mark.parametrize(
    ("raw", "level", "told"),
    [
        ("# 卡纸\n".encode("gb18030"), "warning", "不是 UTF-8"),
        ("# 卡纸\n".encode("utf-16"), "warning", "不是 UTF-8"),
        (b"\x89PNG\x00", "error", "不是文本文件"),
    ],
)
def test_encodings(run: Run, raw: bytes, level: str, told: str) -> None:
    """What is read but should be saved anew, and what can't be read at all."""
    ((path, line, found, message),) = run(raw)
    assert (path, line, found) == ("printer/a.md", 0, level)
    assert told in message


def test_a_number_that_is_used_twice(run: Run, tmp_path: Path) -> None:
    """The later file is told, with the name of the first."""
    (tmp_path / "printer" / "b.md").write_text(CASE, "utf8")
    assert [p[:2] + p[3:] for p in run(CASE)] == [("printer/b.md", 2, "编号 KB-000001 已被 printer/a.md 使用")]


def test_a_synonym_that_is_not_usable(run: Run, tmp_path: Path) -> None:
    """The file of synonyms is checked with the articles."""
    (tmp_path / "synonyms.txt").write_text("\ufeff甲 = 乙\n\n丙\n", "utf8")
    ((path, line, level, _),) = run(CASE)
    assert (path, line, level) == ("synonyms.txt", 3, "error")


def test_a_pair_taken_away_that_was_never_shipped(run: Run, tmp_path: Path) -> None:
    """A line that takes a shipped pair away is right; one that takes nothing away is told, with both words."""
    (tmp_path / "synonyms.txt").write_text("卡纸 != 夹纸\n夹纸 ≠ 甲乙丙\n", "utf8")
    ((path, line, level, message),) = run(CASE)
    assert (path, line, level) == ("synonyms.txt", 2, "warning")
    assert "夹纸" in message
    assert "甲乙丙" in message


def test_a_shipped_line_that_is_not_usable(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    """The shipped words are checked, too, though the base has no synonyms."""
    monkeypatch.setattr("kb.articles.check.trade_words", lambda: parse_synonyms("甲 = 乙\n丙"))
    ((path, line, level, _),) = run(CASE)
    assert (path, line, level) == (TRADE_WORDS, 2, "error")


def test_a_link_that_leads_nowhere(run: Run, tmp_path: Path) -> None:
    """A file that can't be opened is told, and the others are still checked."""
    (tmp_path / "gone.md").symlink_to(tmp_path / "missing.md")
    problems = run(CASE.replace("P3", "P9"))
    assert [(p[0], p[1]) for p in problems] == [("gone.md", 0), ("printer/a.md", 9)]


def test_only_one_file(tmp_path: Path) -> None:
    """Against all others: duplicates are seen, problems of other files are not told."""
    for name in ("a.md", "b.md", "c.md"):
        (tmp_path / name).write_text(CASE.replace("severity: P3", "severity: P9"), "utf8")
    only = check(tmp_path, tmp_path / "b.md", (), TODAY)
    assert {p.path for p in only} == {"b.md"}
    assert any("a.md" in p.message for p in only)
    with pytest.raises(NotFoundError):
        check(tmp_path, tmp_path / "missing.md", (), TODAY)
    with pytest.raises(NotFoundError):
        check(tmp_path / "missing", None, (), TODAY)


def test_check_paths(tmp_path: Path) -> None:
    """Several files of the folder, each problem once; a file elsewhere is checked by itself."""
    root = tmp_path / "articles"
    (root / "x").mkdir(parents=True)
    for path in (root / "x" / "a.md", root / "b.md", root / "c.md", tmp_path / "other.md"):
        path.write_text("---\nkind: wrong\n---\n", "utf8")
    assert [p.path for p in check_paths(root, [])] == ["b.md", "c.md", "x/a.md"]
    assert [p.path for p in check_paths(root, [root / "x", root / "x" / "a.md", root / "b.md"])] == ["b.md", "x/a.md"]
    assert [p.path for p in check_paths(root, [tmp_path / "other.md"])] == ["other.md"]


@pytest.mark.parametrize(
    ("path", "target", "expected"),
    [
        ("printer/a.md", "b.md", "printer/b.md"),
        ("printer/a.md", "../b.md", "b.md"),
        ("printer/a.md", "./img/../b.md", "printer/b.md"),
        ("printer/a.md", "/b.md", "b.md"),
        ("printer/a.md", "..", ""),
        ("printer/a.md", "../../b.md", None),
        ("a.md", "../b.md", None),
        ("a.md", "/../b.md", None),
    ],
)
def test_normal_path(path: str, target: str, expected: str | None) -> None:
    """Where a relative link leads below the folder; None when it leaves it."""
    assert normal_path(path, target) == expected


def test_problems_as_text() -> None:
    """file:line: sentence, as editors understand it."""
    assert str(Problem("a.md", 7, "error", "坏")) == "a.md:7: 坏"
    assert str(Problem("a.md", 0, "error", "坏")) == "a.md: 坏"


def test_problems_in_english(run: Run) -> None:
    """Each sentence is there in both languages."""
    use("en")
    text = CASE.replace("hardware", "hardwear").replace("更换。\n", "").replace("P3", "P3\ntag: [x]")
    assert [p[3] for p in run(text)] == [
        "unknown cause 'hardwear' (operator, configuration, line, hardware, software)",
        "unknown key tag; tags?",
        "the section '## Resolution' is empty",
    ]
