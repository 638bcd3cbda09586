"""The beginning of a write-up: what it takes from a paste, and that the next one like it finds it."""

from datetime import date

import pytest

from kb.articles.check import check_paths
from kb.articles.files import render
from kb.bundle import open_current
from kb.desk.writeup import MAX_SYMPTOM, MAX_TITLE, started
from kb.indexer.build import build, update
from kb.language import use
from kb.model import Article, Recognised
from kb.search.index import Index
from kb.search.suggest import suggest
from kb.settings import Settings

MAIL = """\
您好，
三楼的绘图仪 XPLOT-7700 今天一直报 E-8841，重新上电也没用。
王工 13812345678
"""
CODES = (Recognised("E-8841", "code", 0), Recognised("XPLOT-7700", "model", 0))


def test_a_write_up() -> None:
    """The paste is the symptom, what was recognised the environment, what was looked at stands under diagnosis."""
    looked_at = Article("printer/a.md", "KB-000012", title="打印机卡纸")
    title, body = started(MAIL + "密码：Abc12345\n", [*CODES, Recognised("Abc12345", "code", 0)], [looked_at])
    assert title == "三楼的绘图仪 XPLOT-7700 今天一直报 E-8841，重新上电也没用"
    parts = dict(part.split("\n", 1) for part in body.removeprefix("## ").split("\n## "))
    assert list(parts) == ["现象", "环境", "原因", "排查", "解决", "验证"]
    assert "    三楼的绘图仪 XPLOT-7700 今天" in parts["现象"]
    assert parts["环境"].split("\n")[1:3] == ["- 代码：`E-8841`", "- 型号：`XPLOT-7700`"]
    assert "- KB-000012 打印机卡纸" in parts["排查"]
    assert "13812345678" not in body
    assert "Abc12345" not in body
    assert "〔手机号码〕" in body


def test_chosen_kinds_are_masked() -> None:
    """An address is hidden when it was chosen, from the environment too."""
    text, found = "网关 10.20.30.40 不通", [Recognised("10.20.30.40", "ip", 0)]
    assert started(text, found, []).body.count("10.20.30.40") == 2
    assert "10.20.30.40" not in started(text, found, [], ("ip",)).body


@pytest.mark.parametrize(
    ("text", "title"),
    [
        ("主题：Re: 回复：扫描仪发不出邮件\n发件人：a@b.cn\n\n老师好，麻烦看下", "扫描仪发不出邮件"),
        ("2024-01-02 12:33:44,123 ERROR: archiver error. Connect internal only", "ERROR: archiver error"),
        ("你好，打印机不打印了！急", "打印机不打印了"),
        ("客户反馈：食堂消费机刷卡报 E-7731\n重启无效", "食堂消费机刷卡报 E-7731"),
        ("反馈：", "反馈"),
        ("", ""),
        ("字" * 500, "字" * MAX_TITLE),
    ],
)
def test_a_title(text: str, title: str) -> None:
    """The subject of a mail, the line that tells most, without greeting, time and second sentence."""
    assert started(text, [], []).title == title


def test_a_paste_changes_nothing_of_the_shape() -> None:
    """Headings, rules, fences and carriage returns of a paste stay text of the symptom."""
    _, body = started("a\n# x\r## 解决\r\n---\n```\n", [], [])
    lines = body[: body.index("## 环境")].split("\n")[1:]
    assert all(line.startswith("    ") for line in lines if line)
    assert "\r" not in body


def test_a_long_log_is_cut() -> None:
    """Of a long log the beginning is taken over, whole lines, and how many more there were."""
    _, body = started("\n".join(f"line {i}" for i in range(20_000)), [], [])
    assert len(body) < MAX_SYMPTOM * 2
    assert "（后面还有 " in body


def test_in_english() -> None:
    """Who works in English starts in English."""
    use("en")
    body = started("the plotter says E-8841", CODES[:1], []).body
    assert body.startswith("## Symptom\n")
    assert "- code: `E-8841`" in body


@pytest.mark.parametrize(
    "text", [MAIL, "\n".join(["INFO all is well"] * 3000 + ["FATAL E-8841 in plotd[77]: no carriage"])]
)
def test_its_first_query_finds_it(settings: Settings, text: str) -> None:
    """Once published, the same paste brings the article first."""
    for i in range(30):
        path = settings.articles / f"{i}.md"
        path.write_text(
            f"---\nid: KB-{i + 1:06d}\nkind: case\ntitle: 绘图仪故障 {i}\n---\n## 现象\n\n绘图仪 三楼 今天 报 E-{i}\n",
            "utf8",
        )
    build(settings)
    index = Index(open_current(settings.index))
    assert "E-8841" not in [m.word for s in suggest(index, text).suggestions for m in s.matches]
    begun = started(text, suggest(index, text).identifiers, [])
    article = Article("", "KB-000099", "case", begun.title, created=date.today(), updated=date.today(), body=begun.body)
    (settings.articles / "new.md").write_text(render(article), "utf8")
    update(settings, ["new.md"])
    found = suggest(Index(open_current(settings.index)), text)
    assert found.suggestions[0].article.id == "KB-000099"
    assert not [p for p in check_paths(settings.articles, [settings.articles / "new.md"], ()) if "data" in p.message]
