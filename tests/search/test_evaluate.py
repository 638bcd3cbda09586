"""Measuring on a judged set: figures checked on paper, files in TREC's form, broken lines named."""

import json
import math
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from kb.bundle import open_current
from kb.errors import InputError
from kb.indexer.build import build_documents
from kb.search import evaluate as module
from kb.search.embedded import EmbeddedEngine
from kb.search.evaluate import (
    Moved,
    Run,
    by_length,
    compare,
    evaluate,
    interval,
    intervals,
    read_documents,
    read_lines,
    read_qrels,
    read_run,
    silence,
    write_run,
)
from kb.search.index import Index
from kb.settings import Settings

Write = Callable[[str, str], Path]


@pytest.fixture
def engine(write: Write, indexed: Callable[[], Index]) -> EmbeddedEngine:
    """Four articles that share 打印机, in a fixed order of relevance to it."""
    write("d1.md", "# 打印机\n\n打印机 打印机\n")
    write("d2.md", "# 打印\n\n打印机 卡纸 说明 其他 内容\n")
    write("d3.md", "# 交换机\n\n交换机 端口\n")
    write("d4.md", "# 表空间\n\nORA-01653\n")
    return EmbeddedEngine(indexed())


def name(path: str) -> str:
    return path.removesuffix(".md")


QUERIES = [
    {"id": "q1", "text": "打印机"},
    {"id": "q2", "text": "ORA-01653"},
    {"id": "q3", "text": "量子力学"},
    {"id": "q4", "text": "没有判定"},
]


def test_figures_by_hand(engine: EmbeddedEngine) -> None:
    """Three judged queries: one right at rank 2, one at rank 1, one without any answer."""
    qrels = {"q1": {"d2": 1}, "q2": {"d4": 2}, "q3": {"d3": 1}, "q9": {"d1": 1}}
    figures, run = evaluate(engine, QUERIES, qrels, name=name)
    assert [d for d, _ in run["q1"]] == ["d1", "d2"]
    assert [d for d, _ in run["q2"]] == ["d4"]
    assert run["q3"] == []
    assert "q4" not in run
    assert figures["queries"] == 3
    assert figures["ndcg10"] == pytest.approx((1 / math.log2(3) + 1 + 0) / 3, abs=1e-4)
    assert figures["mrr10"] == pytest.approx((1 / 2 + 1 + 0) / 3, abs=1e-4)
    assert figures["s1"] == pytest.approx(1 / 3, abs=1e-4)
    assert figures["s3"] == pytest.approx(2 / 3, abs=1e-4)
    assert figures["r10"] == pytest.approx(2 / 3, abs=1e-4)
    assert 0 < figures["p50_ms"] <= figures["p95_ms"]


def test_grades_count(engine: EmbeddedEngine) -> None:
    """The better document on the second place costs what the formula of nDCG says."""
    figures, run = evaluate(engine, QUERIES[:1], {"q1": {"d1": 1, "d2": 3}}, name=name)
    assert [d for d, _ in run["q1"]] == ["d1", "d2"]
    ideal = 3 + 1 / math.log2(3)
    assert figures["ndcg10"] == pytest.approx((1 + 3 / math.log2(3)) / ideal, abs=1e-4)


def test_search_mode(engine: EmbeddedEngine) -> None:
    """The search box is measured with the same figures."""
    figures, run = evaluate(engine, QUERIES[:2], {"q1": {"d1": 1}, "q2": {"d4": 1}}, mode="search", name=name)
    assert run["q1"][0][0] == "d1"
    assert (figures["ndcg10"], figures["mrr10"], figures["s1"]) == (1, 1, 1)


def test_a_document_is_no_answer_to_itself(engine: EmbeddedEngine) -> None:
    """A query made from a document neither finds nor misses that document."""
    queries = [{"id": "d1", "text": "打印机"}]
    figures, run = evaluate(engine, queries, {"d1": {"d1": 3, "d2": 1}}, name=name)
    assert [d for d, _ in run["d1"]] == ["d2"]
    assert figures["ndcg10"] == 1


def test_nothing_judged(engine: EmbeddedEngine) -> None:
    """Queries without judgements, or with grade 0 alone, are said to be so."""
    for qrels in ({}, {"q1": {"d1": 0}}, {"other": {"d1": 1}}):
        with pytest.raises(InputError):
            evaluate(engine, QUERIES, qrels, name=name)


def test_numeric_ids(engine: EmbeddedEngine) -> None:
    """An id that is a number in JSON is the same as its text in the judgements."""
    figures, _ = evaluate(engine, [{"id": 7, "text": "打印机"}], {"7": {"d1": 1}}, name=name)
    assert figures["s1"] == 1


def test_run_file(tmp_path: Path) -> None:
    """TREC's form: query Q0 document rank score tag, ranks from 1."""
    path = tmp_path / "run.txt"
    write_run(path, {"q1": [("d1", 2.5), ("d2", 1.0)], "q2": [], "q3": [("d4", 0.25)]})
    assert path.read_text() == ("q1 Q0 d1 1 2.500000 guzhi\nq1 Q0 d2 2 1.000000 guzhi\nq3 Q0 d4 1 0.250000 guzhi\n")
    with pytest.raises(InputError, match="nowhere"):
        write_run(tmp_path / "nowhere" / "run.txt", {})


def test_read_lines(tmp_path: Path) -> None:
    """Blank lines are passed over, a byte order mark too, and a line separator inside a text is no line end."""
    path = tmp_path / "q.jsonl"
    rows = [{"id": "1", "text": "一\u2028二\x85三"}, {"id": "2", "text": "四", "more": 1}]
    path.write_text("\ufeff" + "\n\n".join(json.dumps(r, ensure_ascii=False) for r in rows) + "\n", "utf8")
    assert read_lines(path, ("id", "text")) == rows


@pytest.mark.parametrize("line", ['{"id": 1}', "[]", "null", "not json", '{"id": 1, "text": ', '"id text"'])
def test_broken_line_of_queries(tmp_path: Path, line: str) -> None:
    """A line that is no object with the keys is named with file, line and what it should be."""
    path = tmp_path / "q.jsonl"
    path.write_text('{"id": 0, "text": "a"}\n\n' + line + "\n", "utf8")
    with pytest.raises(InputError) as caught:
        read_lines(path, ("id", "text"))
    assert str(caught.value).startswith(f"{path}:3: ")
    assert "id, text" in str(caught.value)


def test_read_qrels(tmp_path: Path) -> None:
    """Three columns by tabs or blanks, and TREC's four."""
    path = tmp_path / "qrels"
    path.write_text("q1\td 1\t2\nq1 d2 0\n\nq2 0 d3 1\nq3\t0\td4\t-1\r\n", "utf8")
    assert read_qrels(path) == {"q1": {"d 1": 2, "d2": 0}, "q2": {"d3": 1}, "q3": {"d4": -1}}


@pytest.mark.parametrize("line", ["q1 d1", "q1 d1 high", "q1 0 d1 1 more", "q1"])
def test_broken_line_of_qrels(tmp_path: Path, line: str) -> None:
    """A judgement of another shape is named with file and line."""
    path = tmp_path / "qrels"
    path.write_text("q0 d0 1\n" + line + "\n", "utf8")
    with pytest.raises(InputError) as caught:
        read_qrels(path)
    assert str(caught.value).startswith(f"{path}:2: ")


def test_unreadable_files(tmp_path: Path) -> None:
    """A file that is missing, a folder, or no text is named."""
    (tmp_path / "binary").write_bytes(b"\xff\xfe\xfd")
    for path in (tmp_path / "nowhere", tmp_path, tmp_path / "binary"):
        for read in (lambda p: read_lines(p, ("id",)), read_qrels):
            with pytest.raises(InputError) as caught:
                read(path)
            assert str(path) in str(caught.value)


def test_the_measures_are_named() -> None:
    """Each figure is the measure its name promises."""
    assert {k: str(m) for k, m in module.MEASURES.items()} == {
        "ndcg10": "nDCG@10", "mrr10": "RR@10", "s1": "Success@1", "s3": "Success@3", "r10": "R@10",
    }  # fmt: skip


def test_a_run_is_read_as_it_was_written(tmp_path: Path) -> None:
    """Best first by rank, whatever the order of the lines; queries without an answer leave no line."""
    path = tmp_path / "run.trec"
    run = {"q1": [("d1", 2.5), ("d2", 1.0)], "q2": [], "q3": [("d4", 0.25)]}
    write_run(path, run)
    path.write_text("\n".join(reversed(path.read_text().splitlines())) + "\n\n", "utf8")
    assert read_run(path) == {"q1": run["q1"], "q3": run["q3"]}


@pytest.mark.parametrize("line", ["q1 Q0 d1 1 2.5", "q1 Q0 d1 first 2.5 x", "q1 Q0 d1 1 high x", "q1 d1 1"])
def test_broken_line_of_a_run(tmp_path: Path, line: str) -> None:
    """A line of another shape is named with file and line."""
    path = tmp_path / "run.trec"
    path.write_text("q0 Q0 d0 1 1.0 x\n" + line + "\n", "utf8")
    with pytest.raises(InputError) as caught:
        read_run(path)
    assert str(caught.value).startswith(f"{path}:2: ")


def test_comparison_by_hand() -> None:
    """Four queries: one rises from place 2 to 1, one falls from 1 to nowhere, one is in one run only, one stays."""
    qrels = {"up": {"a": 1}, "down": {"a": 1, "z": 0}, "new": {"a": 2}, "same": {"a": 1}, "unasked": {"a": 1}}
    before = {"up": [("b", 9.0), ("a", 8.0)], "down": [("a", 1.0)], "same": [("c", 3.0), ("b", 2.0), ("a", 1.0)]}
    after = {"up": [("a", 1.0)], "down": [("z", 1.0)], "new": [("a", 1.0)], "same": before["same"]}
    found = compare(before, after, qrels)
    assert [m.query for m in found.risen] == ["new", "up"]
    assert found.risen[1][:3] == ("up", 2, 1)
    assert found.risen[1].gain == pytest.approx(1 - 1 / math.log2(3))
    assert found.fallen == (Moved("down", 1, 0, -1.0),)
    assert found.same == 1
    assert found.before == pytest.approx((1 / math.log2(3) + 1 + 0 + 0.5) / 4)
    assert found.after == pytest.approx((1 + 0 + 1 + 0.5) / 4)
    assert found.mean == pytest.approx(found.after - found.before)
    turned = compare(after, before, qrels)
    assert ([m.query for m in turned.fallen], [m.query for m in turned.risen]) == (["new", "up"], ["down"])


def test_comparing_what_is_not_judged() -> None:
    """Runs over other queries, or over nothing, are said to be so."""
    none: dict[str, list[tuple[str, float]]] = {}
    for before, after in ((none, none), ({"q9": [("a", 1.0)]}, none)):
        with pytest.raises(InputError):
            compare(before, after, {"q1": {"a": 1}})


def test_only_ten_places_count() -> None:
    """A run of another system may be longer; what stands at place eleven was not found."""
    deep = [(f"d{i}", float(20 - i)) for i in range(1, 12)]
    found = compare({"q": deep}, {"q": deep[1:]}, {"q": {"d11": 1}})
    assert [(m.before, m.after) for m in found.risen] == [(0, 10)]


# --- documents and files ---------------------------------------------------------------------


def corpus(folder: Path, documents: list[tuple[str, str, str]]) -> Path:
    """A folder with corpus.jsonl. documents: id, title, text."""
    folder.mkdir()
    rows = (json.dumps(dict(zip(("id", "title", "text"), d, strict=True)), ensure_ascii=False) for d in documents)
    (folder / "corpus.jsonl").write_text("\n".join(rows), "utf8")
    return folder


PAGES = {
    "switch.md": (
        "交换机手册",
        "交换机与端口的排障。\n\n## 端口不亮\n\n换网线，看网口灯。\n\n## 环路\n\n端口灯同步狂闪。\n",
    ),
    "printer/paper.md": ("打印机卡纸", "# 打印机卡纸\n\n换搓纸轮。\n\n## 双面器\n\n取出双面器里的纸。\n"),
    "untitled.md": ("", "## 表空间不足\n\nORA-01653，加数据文件。\n\n## 监听\n\nORA-12514，看监听。\n"),
    "plain.md": ("", "网口灯不亮时先换端口再换网线。\n"),
    "log.md": ("日志 error.log 在哪", "在安装目录。\n\n```text\n[error] 端口被占用\n```\n"),
}
ASKED = [
    "网口灯不亮",
    "端口灯同步狂闪",
    "双面器卡纸",
    "ORA-01653 表空间",
    "ORA-12514",
    "error.log 端口被占用",
    "交换机手册 环路",
]


def test_documents_are_taken_as_files_are(
    write: Write, indexed: Callable[[], Index], settings: Settings, tmp_path: Path
) -> None:
    """The same pages as documents and as files give the same run, to the score."""
    for path, (title, text) in PAGES.items():
        write(path, text if not title or text.startswith(f"# {title}") else f"# {title}\n\n{text}")
    folder = corpus(tmp_path / "set", [(f"{path}#0", *page) for path, page in sorted(PAGES.items())])
    documents = replace(settings, index=tmp_path / "documents")
    build_documents(documents, read_documents(folder))
    queries = [{"id": str(i), "text": text} for i, text in enumerate(ASKED)]
    qrels = {q["id"]: {"switch.md": 1} for q in queries}
    runs: list[Run] = []
    for index, named in ((indexed(), str), (Index(open_current(documents.index)), lambda p: p.removesuffix("#0"))):
        for mode in ("suggest", "search"):
            runs.append(evaluate(EmbeddedEngine(index), queries, qrels, mode, name=named)[1])
    assert [len(found) for found in runs[0].values()] == [len(found) for found in runs[2].values()]
    for one, other in ((runs[0], runs[2]), (runs[1], runs[3])):
        assert {q: [d for d, _ in found] for q, found in one.items()} == {
            q: [d for d, _ in found] for q, found in other.items()
        }
        for q, found in one.items():
            assert [s for _, s in found] == pytest.approx([s for _, s in other[q]], rel=1e-5)


def test_pieces_of_a_page_are_told_by_their_ids(tmp_path: Path) -> None:
    """page.md#3 is a piece of page.md; documents of one title are not, and none is of a kind of its own."""
    folder = corpus(
        tmp_path / "set", [("p.md#1", "一", "甲"), ("p.md#2", "二", "乙"), ("q", "二", "丙"), ("r#", "", "丁")]
    )
    found = read_documents(folder)
    assert [(a.path, a.id, a.page) for a in found] == [
        ("p.md#1", "p.md#1", "p.md"), ("p.md#2", "p.md#2", "p.md"), ("q", "q", ""), ("r#", "r#", "r"),
    ]  # fmt: skip
    assert {a.kind for a in found} == {"manual"}


# --- intervals -------------------------------------------------------------------------------


def test_an_interval_is_what_resampling_promises() -> None:
    """A fair coin thrown 400 times: the mean of heads lies within 1.96 standard errors, 0.049, of a half."""
    low, high = interval([0.0, 1.0] * 200)
    assert [low, high] == pytest.approx([0.451, 0.549], abs=0.006)
    assert interval([0.0, 1.0] * 200) == (low, high)
    assert interval([0.25] * 7) == (0.25, 0.25)


def test_each_figure_has_its_interval(engine: EmbeddedEngine) -> None:
    """The interval of each figure holds the figure; queries without a judgement do not count."""
    qrels = {"q1": {"d2": 1}, "q2": {"d4": 2}, "q3": {"d3": 1}}
    figures, run = evaluate(engine, QUERIES, qrels, name=name)
    found = intervals(qrels, run)
    assert set(found) == set(module.MEASURES)
    for key, (low, high) in found.items():
        assert low < figures[key] < high


def test_a_gain_is_certain_where_each_query_gains() -> None:
    """Two runs that differ by the same in each query: each mean is uncertain, their difference is not."""
    qrels = {f"q{i}": {"a": 1} for i in range(20)}
    before: Run = {q: [("b", 2.0), ("a", 1.0)] for q in qrels}
    after: Run = {q: [("a", 1.0)] for q in qrels}
    gain = 1 - 1 / math.log2(3)
    assert compare(before, after, qrels).interval == pytest.approx((gain, gain), abs=1e-4)
    half = {q: docs if i % 2 else before[q] for i, (q, docs) in enumerate(after.items())}
    low, high = compare(before, half, qrels).interval
    assert 0 < low < gain / 2 < high < gain


# --- by length -------------------------------------------------------------------------------


def test_queries_are_told_apart_by_their_length(engine: EmbeddedEngine) -> None:
    """Short, medium and long queries with their own figures; a length that none has is left out."""
    long = "打印机卡纸 " * 30
    queries = [{"id": "a", "text": "打印机"}, {"id": "b", "text": long}, {"id": "c", "text": "ORA-01653 表空间 量子"}]
    qrels = {"a": {"d1": 1}, "b": {"d3": 1}, "c": {"d3": 1}}
    _, run = evaluate(engine, queries, qrels, name=name)
    found = by_length(engine, queries, qrels, run)
    assert [(g.name, g.queries, g.figures["s1"]) for g in found] == [("short", 2, 0.5), ("long", 1, 0)]
    assert found[0].intervals["s1"] == (0, 1)


# --- needless suggestions --------------------------------------------------------------------


def test_silence(engine: EmbeddedEngine) -> None:
    """With its answer hidden a code gets nothing; texts that nothing answers are counted apart."""
    qrels = {"q2": {"d4": 1}, "q3": {"d3": 1}}
    found = silence(engine, QUERIES, qrels, [{"id": 1, "text": "量子力学"}, {"id": 2, "text": "ORA-01653"}], name=name)
    assert (found["answerable"].texts, found["answerable"].bands["none"], found["answerable"].right) == (2, 1, 1)
    assert (found["hidden"].texts, found["hidden"].bands, found["hidden"].right) == (2, {"none": 2}, 0)
    assert (found["unanswerable"].texts, found["unanswerable"].bands["none"]) == (2, 1)
    assert set(silence(engine, QUERIES, qrels, name=name)) == {"answerable", "hidden"}


def test_an_index_without_some_articles(engine: EmbeddedEngine) -> None:
    """What is hidden from one view of an engine is found by the engine itself."""
    hiding = engine.without(["d4.md"])
    for _ in range(2):
        assert [s.article.id for s in engine.suggest("ORA-01653").suggestions] == ["d4"]
        assert hiding.suggest("ORA-01653").suggestions == ()
        assert evaluate(hiding, QUERIES[1:2], {"q2": {"d4": 1}}, mode="search", name=name)[1] == {"q2": []}
    assert len(list(engine.without([]).articles())) == 4
