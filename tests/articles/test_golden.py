"""Golden queries: the file, running them, what a change does to them, and the commands that write them down."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from conftest import ARTICLES
from hypothesis import example, given
from hypothesis import strategies as st

from kb.articles.check import check
from kb.articles.golden import FILE, Golden, added, fresh, load, parse
from kb.cli import cli
from kb.desk.golden import as_qrels, as_run, identity, run, shift
from kb.errors import InputError
from kb.language import use
from kb.privacy import masked
from kb.search.embedded import EmbeddedEngine
from kb.search.index import Index
from kb.settings import Settings

Write = Callable[[str, str], Path]

JAM = "---\nid: KB-000001\ntitle: 打印机卡纸，报 13.20.01\n---\n打印机卡纸，更换搓纸轮。\n"
LIGHT = "---\nid: KB-000002\ntitle: 墙上网口灯不亮\n---\n网线压接不良，重新压接水晶头。\n"


@pytest.fixture
def folder(write: Write, settings: Settings) -> Path:
    """Two articles with a number."""
    write("a.md", JAM)
    write("b.md", LIGHT)
    return settings.articles


@pytest.fixture
def kb(folder: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Result]:
    """The command line where the two articles are."""
    monkeypatch.chdir(folder.parent)
    monkeypatch.setenv("KB_WORKERS", "1")

    def kb(*arguments: object, code: int = 0, stdin: str | None = None) -> Result:
        result = CliRunner().invoke(cli, [str(a) for a in arguments], input=stdin)
        assert result.exception is None or isinstance(result.exception, SystemExit), result.output
        assert result.exit_code == code, result.output
        return result

    return kb


# --- the file --------------------------------------------------------------------------------


def test_entries_and_their_defaults() -> None:
    """Mode and place have defaults; one number is a list of one; text is not read as YAML's numbers or words."""
    text = """\
# a comment
- query: 0x10
  article: KB-000001
- {query: "no", article: [KB-000002, KB-000003], mode: suggest, within: 1}
- query: |
    first line
    second: line
  article: KB-000001
"""
    found, problems = parse(text)
    assert problems == []
    assert found == [
        Golden("0x10", ("KB-000001",), "search", 3, 2),
        Golden("no", ("KB-000002", "KB-000003"), "suggest", 1, 4),
        Golden("first line\nsecond: line", ("KB-000001",), "search", 3, 5),
    ]
    assert parse("") == parse("# nothing yet\n") == ([], [])


@pytest.mark.parametrize(
    ("entry", "complaint"),
    [
        ("- article: KB-000001", "query"),
        ("- query: a", "article"),
        ("- {query: a, article: []}", "article"),
        ("- {query: a, article: [[KB-000001]]}", "article"),
        ("- {query: [a], article: KB-000001}", "query"),
        ("- {query: a, article: KB-000001, mode: paste}", "search, suggest"),
        ("- {query: a, article: KB-000001, within: 11}", "1 到 10"),
        ("- {query: a, article: KB-000001, within: -1}", "1 到 10"),
        ("- {query: a, article: KB-000001, within: first}", "1 到 10"),
        ("- {query: a, article: KB-000001, wihtin: 1}", "wihtin"),
        ("- {query: a, query: b, article: KB-000001}", "两次"),
        ("- just a text", "query:"),
        ("- {query: ok  TWICE, article: KB-000001}", "第 1 行"),
    ],
)
def test_an_entry_that_is_not_usable(entry: str, complaint: str) -> None:
    """It is named with its line; the others count."""
    text = "- {query: OK twice, article: KB-000001}\n\n" + entry + "\n"
    found, problems = parse(text)
    assert [g.query for g in found] == ["OK twice"]
    assert [p.line for p in problems] == [3]
    assert complaint in problems[0].message


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("query: a\narticle: b\n", 1),
        ("- a: [\n- b\n", 2),
        ("- &x {query: a, article: b}\n- *x\n", 2),
        ("\n- " + "[" * 50 + "]" * 50, 2),
        ("- query: 'a\n", 2),
        ("- \x07\n", 1),
    ],
)
def test_a_file_that_is_no_list(text: str, line: int) -> None:
    """Nothing of it counts, and the line is told."""
    found, problems = parse(text)
    assert found == []
    assert [p.line for p in problems] == [line]


def test_load(tmp_path: Path) -> None:
    """No file is no golden query; a broken one is named with file and line."""
    assert load(tmp_path) == []
    (tmp_path / FILE).write_text("- query: a\n", "utf8")
    with pytest.raises(InputError, match=f"{FILE}:1: "):
        load(tmp_path)
    (tmp_path / FILE).write_bytes(b"\xff\xfe\xff")
    with pytest.raises(InputError, match=FILE):
        load(tmp_path)


def test_adding_keeps_every_other_line() -> None:
    """The new entry stands at the end, and reads back as it was given, whatever the query holds."""
    text = "# 说明\n\n-   query: 一   # 注\n    article: KB-000001"
    entries = [
        Golden('"短语" -减号: {x} # no comment', ("KB-000002",)),
        Golden("第一行\n  第二行：\t日志 'x'\n\n尾 ", ("KB-000001", "KB-000002"), "suggest", 1),
        Golden("0012", ("KB-000001",)),
        Golden("- null", ("KB-000001",)),
    ]
    after = added(text, entries)
    assert after.startswith(text + "\n")
    found = parse(after)[0]
    assert [(g.query, g.articles, g.mode, g.within) for g in found[1:]] == [
        (g.query.strip(), g.articles, g.mode, g.within) for g in entries
    ]


@example("卡纸\x85报错 13.20")
@example("一行\u2028二行\n三行\u2029")
@example("a\rb\r\nc")
@given(st.text(st.characters(exclude_categories=["Cs"]), min_size=1).filter(lambda t: t.strip()))
def test_any_text_is_written_and_read_back(text: str) -> None:
    """Pastes hold anything."""
    (found,) = parse(added("", [Golden(text, ("KB-000001",), "suggest")]))[0]
    assert found.query == text.strip()


def test_adding_refuses() -> None:
    """What is there already, and files that take no entry at their end."""
    text = "- {query: 打印机 卡纸, article: [KB-000001, KB-000002]}\n"
    for query in ("打印机 卡纸", " 打印机   卡纸", "列印機 卡紙"):
        with pytest.raises(InputError, match="第 1 行"):
            added(text, [Golden(query, ("KB-000002",))])
    assert added(text, [Golden("打印机 卡纸", ("KB-000003",)), Golden("打印机 卡纸", ("KB-000001",), "suggest")])
    for broken in ("[{query: a, article: b}]\n", "- {query: a, article: b}\n...\n", "query: a\n"):
        with pytest.raises(InputError, match=FILE):
            added(broken, [Golden("c", ("d",))])


def test_fresh_entries() -> None:
    """Of many only the new ones, each once."""
    entries = [Golden("a", ("x",)), Golden("b", ("x",)), Golden("B ", ("x",)), Golden("b", ("y",))]
    assert fresh("- {query: A, article: x}\n", entries) == [entries[1], entries[3]]


def test_check_reads_golden_queries(folder: Path, write: Write) -> None:
    """Broken entries, articles that do not exist and customer data are errors with file and line."""
    write(FILE, "- {query: 卡纸, article: KB-000001}\n")
    assert [p for p in check(folder) if p.path == FILE] == []
    write(
        FILE, "- {query: 卡纸, article: KB-000009}\n- {query: 一}\n- {query: 13912345678 打不开, article: KB-000002}\n"
    )
    problems = [p for p in check(folder) if p.path == FILE]
    assert [(p.line, p.level) for p in problems] == [(1, "error"), (2, "error"), (3, "error")]
    assert "KB-000009" in problems[0].message
    use("en")
    assert "there is no article KB-000009" in str(check(folder)[0])


def test_masked() -> None:
    """Customer data becomes a note of what it was."""
    assert masked("张工 13912345678，zhang@corp.cn") == "〔姓名〕工 〔手机号码〕，〔邮箱地址〕"
    assert masked("ORA-01653 10.0.0.1") == "ORA-01653 10.0.0.1"


# --- running them ----------------------------------------------------------------------------


def test_ranks(folder: Path, indexed: Callable[[], Index]) -> None:
    """The best place among an entry's articles counts; an unknown article is named."""
    outcomes = run(
        EmbeddedEngine(indexed()),
        [
            Golden("卡纸", ("KB-000001",)),
            Golden("卡纸", ("KB-000002",)),
            Golden("更换 OR 压接", ("KB-000009", "KB-000002"), within=1),
            Golden("打印机打印时总是卡纸，报 13.20.01", ("KB-000001",), "suggest"),
            Golden("卡纸", ("KB-000009",)),
        ],
    )
    assert [(o.rank, o.holds) for o in outcomes[:2]] == [(1, True), (0, False)]
    assert outcomes[2].rank in (1, 2)
    assert outcomes[2].holds == (outcomes[2].rank == 1)
    assert (outcomes[3].rank, outcomes[3].found) == (1, ("KB-000001",))
    assert outcomes[2].missing == outcomes[4].missing == ("KB-000009",)
    assert not outcomes[4].holds


def test_shift(folder: Path, indexed: Callable[[], Index]) -> None:
    """Risen, fallen and broken by place; not being found is the last place of all."""
    queries = [Golden(q, ("KB-000001",), within=1) for q in "abcd"]
    outcomes = run(EmbeddedEngine(indexed()), queries)
    before = [o._replace(rank=rank) for o, rank in zip(outcomes, (1, 2, 0, 3), strict=True)]
    after = [o._replace(rank=rank) for o, rank in zip(outcomes, (2, 1, 5, 3), strict=True)]
    moved = shift(before, after)
    assert (moved.risen, moved.fallen, moved.broken, moved.same) == (("b", "c"), ("a",), ("a",), 1)
    assert shift(after, before).broken == ("b",)


def test_runs_and_judgements_have_the_same_names(folder: Path, indexed: Callable[[], Index]) -> None:
    """A golden query keeps its name while its text and mode are the same."""
    query = Golden("卡纸", ("KB-000001",))
    assert identity(query) == identity(Golden("  卡紙", ("KB-000002",), within=1, line=9))
    assert identity(query) != identity(Golden("卡纸", ("KB-000001",), "suggest"))
    assert as_run(run(EmbeddedEngine(indexed()), [query])).keys() == as_qrels([query]).keys()


def test_the_sample_base_keeps_its_promises(built: Index) -> None:
    """Every golden query of the repository's own articles finds its article."""
    outcomes = run(EmbeddedEngine(built), load(ARTICLES))
    assert len(outcomes) >= 40
    assert {o.golden.mode for o in outcomes} == {"search", "suggest"}
    assert [(o.golden.query, o.rank, o.found[:3]) for o in outcomes if not o.holds] == []


# --- the commands ----------------------------------------------------------------------------


def test_eval_runs_them(kb: Callable[..., Result], write: Write) -> None:
    """A table and exit code 0 while all hold, 1 when one falls; as data the same."""
    write(FILE, "- {query: 卡纸, article: KB-000001, within: 1}\n- {query: 网口灯不亮, article: KB-000002}\n")
    assert kb("eval").stdout.count("✓") == 2
    write(FILE, "- {query: 卡纸, article: KB-000002}\n- {query: 网口灯, article: KB-000002}\n")
    result = kb("eval", code=1)
    assert (result.stdout.count("✓"), result.stdout.count("✗")) == (1, 1)
    assert "KB-000001" in result.stdout, "what came before it"
    data = json.loads(kb("eval", "--json", code=1).stdout)
    assert (data["queries"], data["held"], data["first"]) == (2, 1, 1)
    assert [(o["rank"], o["holds"], o["line"]) for o in data["outcomes"]] == [(0, False, 1), (1, True, 2)]


def test_eval_against_an_earlier_run(kb: Callable[..., Result], write: Write) -> None:
    """What rose and fell since a run was kept."""
    write(FILE, "- {query: 夹塞, article: KB-000001}\n- {query: 网口灯, article: KB-000002}\n")
    kb("eval", "--run", "before.trec", code=1)
    write("synonyms.txt", "夹塞 => 卡纸\n")
    kb("build")
    result = kb("eval", "--against", "before.trec")
    assert "夹塞" in result.stdout
    assert "上升 1" in result.stdout
    kb("eval", "--run", "after.trec")
    moved = json.loads(kb("eval", "--compare", "after.trec", "before.trec", "--json").stdout)
    assert [(m["text"], m["before"], m["after"], m["gain"]) for m in moved["fallen"]] == [("夹塞", 1, 0, -1.0)]
    assert (moved["risen"], moved["same"], moved["ndcg10"]["mean"]) == ([], 1, -0.5)


def test_add(kb: Callable[..., Result], folder: Path, write: Write) -> None:
    """One entry more, other lines as they were; a known one and an unknown article are refused."""
    write(FILE, "# ours\n- {query: 网口灯, article: KB-000002}\n")
    kb("golden", "add", "打印机", "卡纸", "kb-000001", "--within", "1")
    text = (folder / FILE).read_text("utf8")
    assert text.startswith("# ours\n- {query: 网口灯, article: KB-000002}\n")
    assert load(folder)[-1] == Golden("打印机 卡纸", ("KB-000001",), "search", 1, 3)
    assert "第 3 行" in kb("golden", "add", "打印机 卡纸", "KB-000001", code=2).stderr
    kb("golden", "add", "卡纸", "KB-000009", code=2)
    assert (folder / FILE).read_text("utf8") == text
    kb("golden", "add", "--suggest", "-", "a.md", stdin="电话 13912345678\n打印机又卡纸了")
    assert load(folder)[-1].query == "电话 〔手机号码〕\n打印机又卡纸了"
    assert load(folder)[-1].mode == "suggest"
    kb("check")


def test_promote(kb: Callable[..., Result], folder: Path) -> None:
    """What was last judged helpful, once, masked; the rest is counted."""
    rows = [
        ("打印机卡纸 联系 13912345678", "KB-000001", "helpful"),
        ("打印机卡纸 联系 13912345678", "KB-000001", "helpful"),
        ("网口灯灭了", "KB-000001", "unhelpful"),
        ("网线坏了", "KB-000002", "helpful"),
        ("网线坏了", "KB-000002", "unhelpful"),
        ("灯不亮", "KB-000009", "helpful"),
        ("墙上的灯不亮", "KB-000002", "helpful"),
    ]
    lines = (json.dumps(dict(zip(("text", "article", "verdict"), r, strict=True)), ensure_ascii=False) for r in rows)
    Path("verdicts.jsonl").write_text("\n".join(lines), "utf8")
    result = kb("golden", "promote", "verdicts.jsonl")
    assert "收下 2 条；0 条已有，2 条不是" in result.stdout
    assert "KB-000009" in result.stderr
    assert [(g.query, g.articles, g.mode) for g in load(folder)] == [
        ("打印机卡纸 联系 〔手机号码〕", ("KB-000001",), "suggest"),
        ("墙上的灯不亮", ("KB-000002",), "suggest"),
    ]
    assert "收下 0 条；2 条已有" in kb("golden", "promote", "verdicts.jsonl").stdout
    Path("verdicts.jsonl").write_text('{"text": "a"}\n', "utf8")
    assert "verdicts.jsonl:1: " in kb("golden", "promote", "verdicts.jsonl", code=2).stderr
