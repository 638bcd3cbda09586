"""Vectors of meaning: made beside the index, kept by their text, whole or missing, never in the way."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from encoders import PairEncoder, forget, tiny_model
from hypothesis import given
from hypothesis import strategies as st
from test_encoder import exported, packaged

from kb.bundle import Bundle, open_current
from kb.bundle.stored import article_from, passage_from
from kb.errors import BundleError, BusyError, EncoderError
from kb.indexer import build as building
from kb.indexer.build import build, update
from kb.indexer.meaning import Filled, fill, lend
from kb.meaning import store
from kb.meaning.store import Made, Stored, record_type, records
from kb.meaning.texts import MAX_TEXT, NAME_DISCOUNT, SUBJECT_WEIGHT, Texts, key_of, passage_texts, query_texts
from kb.model import Query
from kb.search.index import Index, Library
from kb.search.meaning import sentences
from kb.search.searcher import search
from kb.settings import Settings

Write = Callable[[str, str], Path]
ROOT = Path(__file__).parents[2]
MADE = Made("", PairEncoder.fingerprint, PairEncoder.dimensions)

FAULTS = {
    "jam.md": "# 打印机卡纸\n\n搓纸轮磨损，进纸口有异响。\n",
    "slow.md": "# 网络很慢\n\n交换机端口速率协商成十兆。\n\n## 处理\n\n换一根网线。\n",
    "blue.md": "# 电脑蓝屏\n\n内存条松动，重插后正常。\n",
}


@pytest.fixture
def three(pairs: Settings, write: Write) -> Settings:
    """Three articles with four passages, built; no vectors yet."""
    for name, text in FAULTS.items():
        write(name, text)
    build(pairs)
    return pairs


def index_of(settings: Settings) -> Index:
    return Index(open_current(settings.index))


def file_of(settings: Settings) -> Path:
    return store.file_of(settings.index, MADE)


def nearest(index: Index, text: str) -> str:
    """The path of the article that is nearest to a text."""
    return index.articles[int(index.article_of[index.meaning.cosines(text).argmax()])].path


def vectors(index: Index) -> dict[str, list[float]]:
    """What an index answers: path and heading of each passage -> its cosines to some texts."""
    asked = [index.meaning.cosines(text) for text in ("打印机卡纸", "慢", "内存")]
    return {
        f"{index.articles[int(a)].path} {index.passage(n).heading}": [round(float(c[n]), 4) for c in asked]
        for n, a in enumerate(index.article_of)
        if index.live[a]
    }


# --- the texts of an index -------------------------------------------------------------------


def keys_by_passage(bundle: Bundle) -> list[list[int]]:
    texts = Texts(bundle)
    return [texts.keys[a:b].tolist() for a, b in zip(texts.first[:-1], texts.first[1:], strict=True)]


def expected(index: Index) -> list[list[int]]:
    found = []
    part = index.parts[-1]
    for passage, article in enumerate(part.article_of):
        texts = passage_texts(article_from(part.articles[int(article)]), passage_from(part.passages[passage]))
        found.append(list(map(key_of, texts)))
    return found


def test_a_build_knows_the_texts_of_each_passage(built: Index) -> None:
    """The keys that a build writes are those of the texts that are encoded later; no passage is without."""
    keys = keys_by_passage(built.bundle)
    assert keys == expected(built)
    assert all(keys)


def test_what_is_taken_over_keeps_its_texts(three: Settings, write: Write) -> None:
    """A build that analyses one article writes the same keys as a full one."""
    write("blue.md", "# 电脑黑屏\n\n显卡松动。\n\n## 再看\n\n电源。\n")
    assert build(three).analysed == 1
    index = index_of(three)
    assert keys_by_passage(index.bundle) == expected(index)
    build(three, full=True)
    assert keys_by_passage(index_of(three).bundle) == keys_by_passage(index.bundle)


CASE = """\
---
id: KB-000007
kind: case
title: 打印机卡纸
aliases: [纸塞住了, 不进纸]
---
## 现象

进纸口有异响。

## 环境

办公室。

## 解决

换搓纸轮。
"""


def texts_of(index: Index, path: str) -> list[tuple[str, ...]]:
    """The texts of each passage of an article."""
    numbers = [n for n, a in enumerate(index.article_of) if index.articles[int(a)].path == path]
    return [passage_texts(index.articles[int(index.article_of[n])], index.passage(n)) for n in numbers]


def test_the_texts_of_a_case(pairs: Settings, write: Write) -> None:
    """How it begins, its symptom alone, and last its names with the customers' own words."""
    write("case.md", CASE)
    build(pairs)
    (texts,) = texts_of(index_of(pairs), "case.md")
    whole, symptom, names = (text.split() for text in texts)
    assert whole == ["打印机卡纸", "进纸口有异响。", "办公室。", "换搓纸轮。"]
    assert symptom == ["打印机卡纸", "进纸口有异响。"]
    assert names == ["打印机卡纸", "纸塞住了", "不进纸"]


def test_the_texts_of_a_manual(pairs: Settings, write: Write) -> None:
    """A section with its headings, cut; an article of a title alone is its title."""
    write("a.md", "# 手册\n\n## 网络\n\n" + "交换机" * 1000 + "\n")
    write("empty.md", "# 只有标题\n")
    build(pairs)
    index = index_of(pairs)
    (texts,) = texts_of(index, "a.md")
    assert texts[0].startswith("手册\n网络\n交换机交换机")
    assert len(texts[0]) < MAX_TEXT
    assert texts[1:] == ("手册\n网络",)
    assert texts_of(index, "empty.md") == [("只有标题",)]


@pytest.mark.parametrize(
    ("text", "texts"),
    [
        ("打印机卡纸", [("打印机卡纸", 1)]),
        ("  打印机卡纸\n\n", [("打印机卡纸", 1)]),
        ("主题\n正文", [("主题\n正文", 1), ("主题", SUBJECT_WEIGHT)]),
        ("", [("", 1)]),
    ],
)
def test_the_texts_of_a_query(text: str, texts: list[tuple[str, float]]) -> None:
    """The whole, and its first line once more when others follow."""
    assert list(query_texts(text)) == texts
    assert all(len(t) <= MAX_TEXT for t, _ in query_texts(text * 1000))


def test_names_count_a_little_less(three: Settings, write: Write) -> None:
    """What a passage says is nearer than what it is called, but for a passage that says nothing."""
    write("says.md", "# 记录\n\n扫描仪不出图\n")
    write("called.md", "# 扫描仪不出图\n\n记录\n")
    write("empty.md", "# 扫描仪不出图\n")
    build(three)
    fill(three)
    index = index_of(three)
    cosines = dict(
        zip([a.path for a in index.articles], index.best(index.meaning.cosines("扫描仪不出图")), strict=True)
    )
    assert cosines["empty.md"] == pytest.approx(1, abs=0.01)
    assert cosines["called.md"] == pytest.approx(1 - NAME_DISCOUNT, abs=0.01)
    assert cosines["says.md"] < 1


# --- records ---------------------------------------------------------------------------------


@given(st.integers(1, 70), st.integers(0, 2**32))
def test_eight_bits_are_enough(dimensions: int, seed: int) -> None:
    """A cosine by what is kept is near the exact one, for vectors of any kind, also one of zeros."""
    random = np.random.default_rng(seed)
    exact = random.standard_normal((5, dimensions)).astype(np.float32)
    exact[0, 1:] *= 1e-6
    exact /= np.linalg.norm(exact, axis=1, keepdims=True)
    exact[1] = 0
    packed = records(range(5), exact)
    kept = packed["vector"] * packed["scale"][:, None]
    assert np.abs(kept @ exact.T - exact @ exact.T).max() < 0.02
    assert packed.dtype.itemsize % 8 == 0


def stored(settings: Settings) -> Stored:
    return Stored(settings.index, MADE)


def add(settings: Settings, texts: list[str]) -> None:
    with store.alone(settings.index), store.adding(stored(settings)) as adding:
        for text in texts:
            adding(records([key_of(text)], PairEncoder().encode([text])))


def test_what_was_added_is_found(pairs: Settings) -> None:
    """Each text by its key, in whichever order and however often it was added; others are missing."""
    texts = [f"第 {n} 段" for n in range(30)]
    add(pairs, texts[:10])
    add(pairs, texts[5:])
    found = stored(pairs)
    keys = np.array([key_of(t) for t in (*texts, "另一段")], np.uint64)
    rows = found.rows(keys)
    assert (rows[:-1] >= 0).all()
    assert rows[-1] == -1
    cosines = found.cosines(PairEncoder().encode([texts[7]])[0], rows)
    assert cosines.argmax() == 7
    assert cosines[-1] == 0
    assert np.allclose(found.cosines(PairEncoder().encode([texts[7]])[0], rows[5:9]), cosines[5:9], atol=1e-6)


@pytest.mark.parametrize("cut", [0, 1, 7, 8, 50, record_type(64).itemsize - 1])
def test_half_a_record_is_none(pairs: Settings, cut: int) -> None:
    """What a process that was killed left behind at the end is no record, and the next one writes over it."""
    add(pairs, ["一", "二"])
    with file_of(pairs).open("ab") as file:
        file.write(file_of(pairs).read_bytes()[:cut])
    assert (len(stored(pairs)), stored(pairs).damaged) == (2, 0)
    add(pairs, ["三"])
    assert (len(stored(pairs)), stored(pairs).damaged) == (3, 0)
    assert (stored(pairs).rows(np.array([key_of(t) for t in "一二三"], np.uint64)) >= 0).all()


@pytest.mark.parametrize("field", ["key", "check", "scale", "vector"])
def test_a_damaged_record_is_missing(three: Settings, field: str) -> None:
    """A bit that fell over is noticed: no cosine comes of it, and the next run makes it again and says so."""
    made = fill(three).made
    index = index_of(three)
    before = vectors(index)
    raw = bytearray(file_of(three).read_bytes())
    kind = record_type(64)
    assert kind.fields is not None
    raw[kind.fields[field][1] + 1] ^= 64  # of the first text of all: how the first passage begins
    file_of(three).unlink()
    file_of(three).write_bytes(bytes(raw))
    assert stored(three).damaged == 1
    damaged = index_of(three)
    assert np.isfinite(damaged.meaning.cosines("打印机")).all()
    assert vectors(damaged) != before
    healed = fill(three)
    assert (healed.made, healed.damaged, healed.texts) == (1, 1, made)
    assert vectors(damaged) == vectors(index_of(three)) == before


@pytest.mark.parametrize("content", [b"", b"\0" * 5000, b"\xff" * 5000])
def test_a_file_that_is_no_store(three: Settings, content: bytes) -> None:
    """Empty, zeros after a power cut, anything: nothing in it counts, everything is made."""
    filled = fill(three)
    before = vectors(index_of(three))
    file_of(three).write_bytes(content)
    assert not vectors(index_of(three))["jam.md ('打印机卡纸',)"][0]
    assert fill(three).made == filled.made
    assert vectors(index_of(three)) == before


# --- making them -----------------------------------------------------------------------------


def test_only_what_is_missing_is_made(three: Settings, write: Write) -> None:
    """Once a text; a changed article costs its own texts, one that came back costs nothing."""
    first = fill(three)
    assert first.encoder == "pairs"
    assert first.made == first.texts == len(PairEncoder.texts)
    assert fill(three).made == 0
    write("slow.md", FAULTS["slow.md"].replace("网线", "模块"))
    build(three)
    second = fill(three)
    assert 0 < second.made < first.made
    (three.articles / "jam.md").unlink()
    build(three)
    assert fill(three).made == 0
    write("jam.md", FAULTS["jam.md"])
    build(three)
    assert fill(three).made == 0
    assert len(PairEncoder.texts) == first.made + second.made
    assert nearest(index_of(three), "打印机卡纸") == "jam.md"


def test_progress_is_told(three: Settings) -> None:
    """What is done, of what there is to do."""
    told: list[tuple[str, int, int]] = []
    made = fill(three, lambda *step: told.append(step)).made
    assert told[-1] == ("生成语义向量", made, made)


def test_in_processes(settings: Settings, write: Write, tmp_path: Path) -> None:
    """Enough texts are shared among processes, and the vectors are those that one process makes."""
    pytest.importorskip("onnxruntime")
    pytest.importorskip("onnx")
    words = ["打印机", "卡纸", "网络", "慢"]
    for n in range(210):
        write(f"{n}.md", f"# {words[n % 4]} {n}\n\n{words[n // 4 % 4]} {'jam ' * (n % 3)}\n")
    one = replace(settings, encoder=str(tiny_model(tmp_path / "tiny")))
    two = replace(one, workers=2, index=tmp_path / "two")
    made = []
    for chosen in (one, two):
        build(chosen)
        made.append(fill(chosen).made)
    assert made[0] == made[1] > 200
    assert vectors(index_of(one)) == vectors(index_of(two))


KILLED = """if True:
    import sys, time
    from pathlib import Path
    sys.path.insert(0, sys.argv[1])
    from encoders import PairEncoder
    from kb.indexer import parallel
    from kb.indexer.meaning import fill
    from kb.meaning import store, universal
    from kb.settings import load
    class Slow(PairEncoder):
        def encode(self, texts):
            time.sleep(0.2)
            return super().encode(texts)
    universal.UniversalEncoder = Slow
    store.FLUSH, parallel.BATCH = 1, 1
    print("started", flush=True)
    fill(load({"encoder": "", "workers": 1}, Path(sys.argv[2])))
"""


def test_a_killed_run_is_gone_on_with(pairs: Settings, write: Write, tmp_path: Path) -> None:
    """kill -9 loses what was on its way: the next run makes the rest, and searches find the same."""
    for n in range(40):
        write(f"{n}.md", f"# 故障 {n}\n\n第 {n} 次出现。\n")
    build(pairs)
    total = len(np.unique(Texts(open_current(pairs.index)).keys))
    command = [sys.executable, "-c", KILLED, str(ROOT / "tests"), str(tmp_path)]
    variables = {**os.environ, "PYTHONPATH": str(ROOT), "PYTHONUTF8": "1"}
    with subprocess.Popen(command, env=variables, stdout=subprocess.PIPE) as process:
        deadline = time.monotonic() + 60
        while (not file_of(pairs).exists() or len(stored(pairs)) < 3) and time.monotonic() < deadline:
            time.sleep(0.05)
        process.send_signal(signal.SIGKILL)
    kept = len(stored(pairs))
    assert 3 <= kept < total
    partial = index_of(pairs)
    assert 0 < partial.meaning.covered().sum() < len(partial.article_of)
    filled = fill(pairs)
    assert (filled.made, filled.texts, filled.damaged) == (total - kept, total, 0)
    assert partial.meaning.covered().all()
    assert nearest(partial, "故障 7 第 7 次出现。") == "7.md"


def test_two_at_once(three: Settings) -> None:
    """One process makes them; another one is told, and changes nothing."""
    with store.alone(three.index), pytest.raises(BusyError, match="另一个进程"):
        fill(three)
    assert not file_of(three).exists()
    assert fill(three).made


def test_published_meanwhile(three: Settings, write: Write, monkeypatch: pytest.MonkeyPatch) -> None:
    """A run does not end before the index that is in force by then has its vectors."""
    once = [lambda: (write("new.md", "# 扫描仪不出图\n\n换线。\n"), build(three))]

    class Building(PairEncoder):
        def encode(self, texts: Any) -> Any:
            while once:
                once.pop()()
            return super().encode(texts)

    monkeypatch.setattr("kb.meaning.universal.UniversalEncoder", Building)
    fill(three)
    index = index_of(three)
    assert index.meaning.covered().all()
    assert nearest(index, "扫描仪不出图") == "new.md"


def test_another_encoder(three: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    """Vectors of one encoder are never compared with those of another: all are made anew, the old ones go."""
    fill(three)
    index = index_of(three)
    old = file_of(three)
    monkeypatch.setattr(PairEncoder, "fingerprint", "pairs2")
    forget(monkeypatch)
    assert not index.meaning.ready()
    assert not index.meaning.cosines("打印机").any()
    filled = fill(three)
    assert filled.made == filled.texts
    assert index.meaning.ready()
    assert nearest(index, "打印机卡纸") == "jam.md"
    assert not old.exists()


def test_unused_vectors_are_dropped(three: Settings, write: Write) -> None:
    """When more than half belong to no text any more, the file is written without them."""
    for n in range(20):
        write(f"many/{n}.md", f"# 临时 {n}\n\n第 {n} 篇。\n")
    build(three)
    fill(three)
    size = file_of(three).stat().st_size
    for n in range(20):
        (three.articles / f"many/{n}.md").unlink()
    build(three)
    reader = index_of(three)
    before = vectors(reader)
    assert fill(three).made == 0
    assert file_of(three).stat().st_size < size / 2
    assert vectors(index_of(three)) == vectors(reader) == before


def test_lent_vectors(three: Settings, tmp_path: Path, write: Write) -> None:
    """An index aside uses those of another, adds its own, and drops none."""
    fill(three)
    size = file_of(three).stat().st_size
    aside = replace(three, index=tmp_path / "aside", articles=tmp_path / "other")
    aside.articles.mkdir()
    (aside.articles / "jam.md").write_text(FAULTS["jam.md"], "utf8")
    build(aside)
    lend(three.index, aside.index)
    assert fill(aside).made == 0
    assert nearest(index_of(aside), "打印机卡纸") == "jam.md"
    (aside.articles / "jam.md").write_text("# 打印机脱机\n\n没有连上。\n", "utf8")
    build(aside)
    assert fill(aside).made
    assert file_of(three).stat().st_size > size
    assert fill(three).made == 0


def test_no_room(three: Settings) -> None:
    """What can't be written is a sentence; the index is searched without."""
    (three.index / store.FOLDER).write_text("in the way")
    with pytest.raises(BundleError, match="没有它们也能搜索"):
        fill(three)
    assert search(index_of(three), Query("卡纸")).total == 1


# --- searching by them -----------------------------------------------------------------------


def test_without_an_encoder(three: Settings) -> None:
    """Nothing is near, nothing fails, and why is told; switched off later, vectors are used no more."""
    off = replace(three, encoder="off")
    assert fill(off) == Filled(reason='已关闭（设置 encoder = "off"）')
    index = index_of(three)
    assert not index.meaning.ready()
    assert not index.meaning.cosines("打印机").any()
    assert len(index.meaning.cosines("打印机")) == len(index.article_of)
    assert index.meaning.same_meaning("打印机卡纸了", "打印机卡纸，怎么办") is None
    coverage = index.meaning.coverage("off", index.live_passages)
    assert (coverage.encoder, coverage.passages) == ("", 0)
    assert "off" in coverage.reason
    fill(three)
    assert index.meaning.ready()
    fill(off)
    assert not index.meaning.ready()
    assert not index.meaning.cosines("打印机").any()


def test_words_find_before_vectors_are_made(three: Settings) -> None:
    """Publishing waits for no vector, and a search for none: it is by words until they are there."""
    index = index_of(three)
    assert not PairEncoder.texts
    assert search(index, Query("卡纸")).hits[0].article.path == "jam.md"
    assert not index.meaning.covered().any()
    state = index.meaning.state()
    fill(three)
    assert index.meaning.covered().all()
    assert index.meaning.state() != state
    assert nearest(index, "打印机卡纸") == "jam.md"


class Broken(PairEncoder):
    def encode(self, texts: Any) -> Any:
        raise AssertionError("nothing is encoded on the way of a save")


def test_a_save_waits_for_no_vector(three: Settings, write: Write, monkeypatch: pytest.MonkeyPatch) -> None:
    """What is saved is found at once, without its vector; the others keep theirs."""
    fill(three)
    monkeypatch.setattr("kb.meaning.universal.UniversalEncoder", Broken)
    write("jam.md", "# 打印机脱机\n\n网线没有插。\n")
    update(three, ["jam.md"])
    monkeypatch.setattr("kb.meaning.universal.UniversalEncoder", PairEncoder)
    index = index_of(three)
    assert search(index, Query("脱机")).hits[0].article.path == "jam.md"
    covered = {index.articles[int(a)].path for a in index.article_of[index.meaning.covered()]}
    assert covered == {"slow.md", "blue.md"}


def test_beside_a_base(three: Settings, write: Write, monkeypatch: pytest.MonkeyPatch) -> None:
    """A changed article stands beside the base with its own texts; what it replaces needs no vector."""
    monkeypatch.setattr(building, "BESIDE_FROM", 0)
    monkeypatch.setattr(building, "BESIDE_SHARE", 0.5)
    fill(three)
    write("jam.md", "# 打印机脱机\n\n网线没有插。\n\n## 再看\n\n端口。\n")
    update(three, ["jam.md"])
    index = index_of(three)
    assert index.bundle.base is not None
    assert fill(three).made == 4
    assert nearest(index, "打印机脱机 网线没有插") == "jam.md"
    build(three, full=True)
    assert fill(three).made == 0
    assert vectors(index_of(three)) == vectors(index)


def test_some_passages(three: Settings) -> None:
    """Of a few passages the cosines are those among all, in the order in which they are asked for."""
    fill(three)
    index = index_of(three)
    every = index.meaning.cosines("网络")
    for chosen in ([2, 0], [3], [], [1, 1, 1]):
        numbers = np.array(chosen, np.int64)
        assert np.allclose(index.meaning.cosines("网络", numbers), every[numbers], atol=1e-6)


def test_an_empty_base(pairs: Settings) -> None:
    """No articles, no vectors, no error."""
    build(pairs)
    assert fill(pairs).texts == 0
    assert len(index_of(pairs).meaning.cosines("打印机")) == 0


@given(st.text(max_size=50))
def test_any_text(text: str) -> None:
    """Whatever is asked, there is a sentence or none, as it stands there."""
    assert all(s in text for s in sentences(text))


@pytest.mark.parametrize("text", ["", "\ud800", "\0" * 10, "卡" * 200_000, "🖨️", "\n\n\n"])
def test_any_query(three: Settings, text: str) -> None:
    """Any text has a cosine to each passage between -1 and 1."""
    fill(three)
    cosines = index_of(three).meaning.cosines(text)
    assert np.isfinite(cosines).all()
    assert (np.abs(cosines) <= 1).all()


def test_a_text_is_encoded_once(three: Settings) -> None:
    """Who asks again, for the next page, does not wait again; a long text is cut."""
    fill(three)
    meaning = index_of(three).meaning
    meaning.cosines("网" * 100_000)
    PairEncoder.texts.clear()
    for _ in range(3):
        meaning.cosines("网" * 100_000)
        meaning.cosines("打印机为什么卡纸")
    assert len(PairEncoder.texts) <= 2
    assert max(map(len, PairEncoder.texts)) < 1000


def test_the_nearest_sentence(three: Settings) -> None:
    """A reason shows the sentence of the passage, and the one of the query it is near to."""
    fill(three)
    passage = "先关机。再打开前盖！取出卡住的纸；最后合上。"
    found = index_of(three).meaning.same_meaning("你好，请问\n卡住的纸怎样取出", passage)
    assert found is not None
    assert (found.passage, found.query) == ("取出卡住的纸", "卡住的纸怎样取出")
    assert 0.5 < found.cosine <= 1.001
    assert index_of(three).meaning.same_meaning("", passage) is None


def test_an_encoder_that_breaks(three: Settings, monkeypatch: pytest.MonkeyPatch, caplog: Any) -> None:
    """One that can't be loaded is a reason, logged once; searches go on by words."""
    fill(three)

    class Unloadable(PairEncoder):
        def encode(self, texts: Any) -> Any:
            raise EncoderError("weights.npz 不是认得的文件")

    monkeypatch.setattr("kb.meaning.universal.UniversalEncoder", Unloadable)
    forget(monkeypatch)
    index = index_of(three)
    for _ in range(3):
        assert not index.meaning.cosines("打印机").any()
    assert caplog.text.count("weights.npz") == 1
    (three.articles / "new.md").write_text("# 新\n", "utf8")
    build(three)
    assert "weights.npz" in fill(three).reason


def test_many_threads(three: Settings) -> None:
    """Readers that ask while vectors are added get an answer each, and at last the same one."""
    index = index_of(three)

    def ask(n: int) -> bool:
        return bool(np.isfinite(index.meaning.cosines(f"打印机卡纸 {n % 3}")).all())

    with ThreadPoolExecutor(4) as threads:
        answers = threads.map(ask, range(200))
        fill(three)
        assert all(answers)
    assert vectors(index) == vectors(index_of(three))


def test_a_reader_follows(three: Settings, write: Write) -> None:
    """An index that is opened again after a build knows the vectors that were made before."""
    library = Library(three.index)
    fill(three)
    assert nearest(library.index(), "电脑蓝屏") == "blue.md"
    write("new.md", "# 扫描仪\n\n不出图。\n")
    build(three)
    assert library.index().meaning.covered().sum() == 4
    fill(three)
    assert library.index().meaning.covered().all()


@exported
def test_a_model_of_ones_own_end_to_end(settings: Settings, write: Write, tmp_path: Path) -> None:
    """A folder in the setting: vectors are made by it, and an English question is near a Chinese article."""
    for name, text in {"a.md": "# 打印机 卡纸\n", "b.md": "# 网络 慢\n"}.items():
        write(name, text)
    chosen = replace(settings, encoder=str(tiny_model(tmp_path / "tiny")))
    build(chosen)
    filled = fill(chosen)
    assert (filled.encoder, filled.texts) == ("tiny", filled.made)
    index = index_of(chosen)
    assert nearest(index, "printer jam") == "a.md"
    assert nearest(index, "slow network") == "b.md"


@packaged
def test_the_packaged_encoder_end_to_end(settings: Settings, write: Write) -> None:
    """Neither word nor language in common: the fault is the nearest all the same."""
    for name, text in FAULTS.items():
        write(name, text)
    chosen = replace(settings, encoder="")
    build(chosen)
    fill(chosen)
    index = index_of(chosen)
    assert nearest(index, "paper jam in the printer") == "jam.md"
    assert nearest(index, "the network connection is very slow") == "slow.md"
    assert nearest(index, "the computer crashed with a blue screen, RAM problem") == "blue.md"
    assert not search(index, Query("paper jam in the printer", exact=True)).total
