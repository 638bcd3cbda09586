"""The scripts that measure start, and measure a small base without a failure; what they figure with is right."""

import gzip
import json
import os
import random
import subprocess
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest

from kb.indexer.build import build_documents
from kb.search.index import Library
from kb.search.suggest import suggest
from kb.settings import Settings, load
from kb.text.tokens import Tokenizer

SCRIPTS = Path(__file__).parents[1] / "scripts"
sys.path.append(str(SCRIPTS))

from measuring import queries, same, steps, witness  # noqa: E402
from measuring.corpus import Corpus, prepare  # noqa: E402
from measuring.table import Row, number  # noqa: E402

pytestmark = pytest.mark.slow


def run(name: str, *words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-W", "ignore", str(SCRIPTS / name), *words],
        capture_output=True,
        text=True,
        env={**os.environ, "PYTHONPATH": str(SCRIPTS.parent)},
        check=False,
    )


@pytest.fixture
def source(tmp_path: Path) -> Path:
    """A packed corpus of 40 short passages."""
    path = tmp_path / "corpus.jsonl.gz"
    texts = [f"打印机 {i} 号进纸口卡纸，面板显示错误 E-{i:04d}。\n请检查搓纸轮 roller 的磨损情况！" for i in range(40)]
    rows = [{"id": str(i), "title": f"打印机卡纸 {i}", "text": text} for i, text in enumerate(texts)]
    path.write_bytes(gzip.compress("".join(json.dumps(row) + "\n" for row in rows).encode()))
    return path


@pytest.mark.parametrize("name", ["bench", "desk", "frames", "soak", "robustness", "tune"])
def test_help(name: str) -> None:
    """Asked for help, a script tells how it is called."""
    told = run(name, "--help")
    assert told.returncode == 0, told.stderr
    assert f"scripts/{name}" in told.stdout


def test_bench_measures_a_small_corpus(source: Path, tmp_path: Path) -> None:
    """Each figure has a row, in the table and in the file."""
    out = tmp_path / "out.json"
    measured = ["size", "kernel", "suggest", "search", "quotations", "identifiers", "profile"]
    words = ["--passages", "60", "--queries", "3", "--only", ",".join(measured), "--json", str(out)]
    told = run("bench", str(source), *words)
    assert told.returncode == 0, told.stderr
    rows = {row["what"]: row for row in json.loads(out.read_text("utf8"))["rows"]}
    assert rows["quoted phrases found in their article"]["value"] == 100
    assert rows["ranking, top 10 that differ from a full sort"]["value"] == 0
    assert all(what in told.stdout for what in rows)


def test_two_runs_are_compared(tmp_path: Path) -> None:
    """Figure by figure, those that both runs have, by the processor's time where it was taken."""
    for name, cpu in (("before", 30.0), ("after", 20.0)):
        rows = [Row("suggestion", 90.0, "ms", cpu=cpu).data(), Row(f"only {name}", 1.0).data()]
        told = {"passages": 60, "machine": "2 processors", "rows": rows}
        (tmp_path / name).write_text(json.dumps(told), "utf8")
    told_of = run("bench", "--compare", str(tmp_path / "before"), str(tmp_path / "after"))
    assert told_of.returncode == 0, told_of.stderr
    assert "1.50x" in told_of.stdout
    assert "only" not in told_of.stdout


def test_answers_of_two_versions_are_compared(tmp_path: Path) -> None:
    """What differs by itself is left out; what else differs is told with its place."""
    rows = [{"asked": ["/search?q=a", None], "ms": 1.0, "answer": same.lasting(text)} for text in ("3 ms a", "4 ms a")]
    assert not list(same.differences(rows[:1], rows[1:]))
    other = {**rows[1], "answer": "0 ms b"}
    (difference,) = same.differences(rows[:1], [other])
    assert "/search?q=a" in difference


def test_steps_are_clocked(source: Path, tmp_path: Path) -> None:
    """Each step's own time is told, and afterwards every function is what it was."""
    chosen = {"articles": tmp_path, "index": tmp_path / "index", "workers": 1, "encoder": "off"}
    settings = load(chosen, tmp_path)
    build_documents(settings, prepare(source, 60, tmp_path / "corpus"))
    index, before = Library(settings.index).index(), Tokenizer.read
    with steps.clocked() as clock:
        suggest(index, "打印机 3 号进纸口卡纸，面板显示错误 E-0003")
        clock.stop()
    assert clock.seconds["cutting texts"] > 0
    assert clock.seconds["reading the query"] > 0
    assert Tokenizer.read is before


def test_bench_refuses_an_unknown_measurement(source: Path) -> None:
    """A slip in --only is told before an hour is spent."""
    told = run("bench", str(source), "--only", "kernels")
    assert told.returncode == 2
    assert "kernels" in told.stderr


def judged(folder: Path, words: Sequence[str]) -> Path:
    """A set of as many documents as words, with a query for each."""
    folder.mkdir()
    documents = [
        {"id": f"{folder.name}{i}", "title": f"{w} 故障", "text": f"{w} 设备报错 error {i}"}
        for i, w in enumerate(words)
    ]
    queries = [{"id": f"q{i}", "text": f"{w} 设备报错 error"} for i, w in enumerate(words)]
    for name, rows in (("corpus.jsonl", documents), ("queries.jsonl", queries)):
        (folder / name).write_text("".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows), "utf8")
    (folder / "qrels.tsv").write_text("".join(f"q{i}\t{folder.name}{i}\t1\n" for i in range(len(words))), "utf8")
    return folder


def test_calibrate_and_robustness_tell_their_figures(tmp_path: Path) -> None:
    """Two small sets are enough for every line that is printed of them."""
    words = (
        "printer",
        "switch",
        "router",
        "database",
        "keyboard",
        "monitor",
        "scanner",
        "battery",
        "firewall",
        "outlook",
    )
    chinese = ("打印机", "交换机", "路由器", "数据库", "键盘", "显示器", "扫描仪", "电池", "防火墙", "邮箱")
    folders = [str(judged(tmp_path / name, w)) for name, w in (("en", words), ("zh", chinese))]
    told = run("calibrate", *folders)
    assert told.returncode == 0, told.stderr
    for line in ("intercept", "expected calibration error", "answerable", "unanswerable", "off topic"):
        assert line in told.stdout
    told = run("robustness", *folders, "--kinds", "letter")
    assert told.returncode == 0, told.stderr
    assert "letter" in told.stdout


def test_calibrate_without_a_set() -> None:
    """Called without anything to measure, it tells how it is called."""
    told = run("calibrate")
    assert told.returncode == 1
    assert "scripts/calibrate FOLDER" in told.stderr


def test_soak_finds_nothing_wrong() -> None:
    """A soak of no length still builds, looks for every article and harms a file."""
    told = run("soak", "--minutes", "0", "--articles", "5", "--files", "1")
    assert told.returncode == 0, told.stdout + told.stderr
    assert "harms told by kb doctor" in told.stdout


def test_recombined_passages_are_alike_in_every_run(source: Path, tmp_path: Path) -> None:
    """Beyond the corpus, passages are made of its pieces, no longer than its own, the same each time."""
    corpora = [prepare(source, 100, tmp_path / name) for name in ("a", "b")]
    assert [a.body for a in corpora[0]] == [b.body for b in corpora[1]]
    articles = list(Corpus(tmp_path / "a"))
    assert len(articles) == len({a.path for a in articles}) == 100
    assert articles[7] == corpora[0][7]
    assert max(len(a.body) for a in articles[40:]) <= max(len(a.body) for a in articles[:40])
    assert articles[-1].body != articles[39].body


def test_drawn_queries_stand_in_their_passages(source: Path, tmp_path: Path, settings: Settings) -> None:
    """What is drawn is drawn from the index, and the same for the same seed."""
    build_documents(settings, prepare(source, 40, tmp_path / "passages"))
    index = Library(settings.index).index()
    text, passage = queries.quotation(index, random.Random(1))
    assert text in index.passage(passage).text
    terms = queries.weighted_terms(index, random.Random(1), 3)
    assert len(terms) == 3
    assert all(term in index.weights for term in terms)
    pastes = [queries.paste(index, random.Random(1), 2000) for _ in range(2)]
    assert pastes[0] == pastes[1]
    assert len(pastes[0]) == 2000


def test_nothing_to_draw_is_told(tmp_path: Path, settings: Settings) -> None:
    """A corpus without identifiers ends a measurement with a sentence, not never."""
    (tmp_path / "corpus.jsonl").write_text('{"id": "1", "title": "打印机", "text": "卡纸"}\n', "utf8")
    build_documents(settings, prepare(tmp_path / "corpus.jsonl", 1, tmp_path / "passages"))
    with pytest.raises(queries.NothingFitsError, match="identifier"):
        queries.identifier(Library(settings.index).index(), random.Random(1))


@pytest.mark.parametrize(
    ("row", "met"),
    [
        (Row("a", 3, at_most=3), True),
        (Row("a", 3, at_least=4), False),
        (Row("a", 2, peer=10, faster=5), True),
        (Row("a", 2, peer=9, faster=5), False),
        (Row("a", 2, faster=5), None),
        (Row("a", None, at_most=3), None),
        (Row("a", 2), None),
    ],
)
def test_targets(row: Row, met: bool | None) -> None:
    """A target is a bound of the figure or of the peer's share in it; what was not measured meets and misses none."""
    assert row.met is met


def test_numbers_are_short() -> None:
    """Three digits say enough."""
    assert [number(v) for v in (0.01234, 12.345, 123456.7, 80)] == ["0.0123", "12.3", "123,457", "80"]


def test_a_witness_sees_a_mixed_index(settings: Settings) -> None:
    """An article whose parts are of two versions is no answer."""
    from kb.indexer.build import build

    witness.write(settings.articles, 1, 3)
    build(settings)
    assert witness.version_of(Library(settings.index).index(), 1, 1) == 3
    path = next(settings.articles.rglob("*.md"))
    mixed = path.read_text("utf8").replace("完成 " + witness.stamp(1, 3), "完成 " + witness.stamp(1, 4))
    path.write_text(mixed, "utf8")
    build(settings)
    with pytest.raises(witness.WrongAnswerError, match="several versions"):
        witness.version_of(Library(settings.index).index(), 1, 1)


def test_frames_measures_a_small_base(write: Callable[[str, str], Path], settings: Settings, tmp_path: Path) -> None:
    """Each kind of frame, of texts without an answer, and both ways to ask for aliases have a row."""
    for place, (code, alias) in {1: ("ORA-01653", "录单就报错"), 2: ("0x800CCC0E", "信发不出去")}.items():
        body = f"## 现象\n\n弹出 {code}，{alias}。\n"
        write(f"a{place}.md", f"---\nid: KB-00000{place}\ntitle: 提示 {code}\naliases: [{alias}]\n---\n{body}")
    write("golden.yml", "- query: 信发不出去\n  article: KB-000002\n")
    out = tmp_path / "out.json"
    told = run("frames", "--articles", str(settings.articles), "--each", "1", "--json", str(out))
    assert told.returncode == 0, told.stderr
    right, silent, aliases = json.loads(out.read_text("utf8")).values()
    assert right["code: plain"]["s1"] == 1
    assert {"**code: all frames**", "**golden: all frames**", "code: log of 2000 lines"} <= set(right)
    hidden = silent["answer hidden, code: plain"]
    assert (hidden["texts"], hidden["medium"], hidden["strong"]) == (8, 0, 0)
    assert hidden["none"] > 0.8
    assert aliases["as it is"] == {"aliases": 2, "s1": 1, "r10": 1}
    assert all(name in told.stdout for table in (right, silent, aliases) for name in table)


def test_tune_chooses_what_is_better_on_both_sets(tmp_path: Path) -> None:
    """The numbers of each set, and of all, stand in the table; a number that is not in the grid is refused."""
    sets = [judged(tmp_path / name, ["打印机", "交换机", "路由器", "投影仪"]) for name in ("one", "two")]
    words = [
        *map(str, sets),
        "--only",
        "PAGE_WEIGHT",
        "--keep",
        str(tmp_path / "kept"),
        "--out",
        str(tmp_path / "t.md"),
    ]
    told = run("tune", *words)
    assert told.returncode == 0, told.stderr
    assert (tmp_path / "t.md").read_text("utf8").strip() == told.stdout.strip()
    assert "| one | 4 | 1.0000 | +0.0000 [+0.000, +0.000] |" in told.stdout
    assert "| number | today | all | without one | without two |" in told.stdout
    assert run("tune", str(sets[0]), "--only", "NO_WEIGHT").returncode == 2
