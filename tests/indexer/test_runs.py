"""A build in runs: the same bundle however many there are, and none of them lost when a build is killed."""

import os
import random
import signal
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from kb.bundle import Bundle, open_current
from kb.indexer import columns, latent_topics, parallel
from kb.indexer.build import Report, build, build_documents, update
from kb.indexer.runs import FOLDER
from kb.model import Article
from kb.settings import Settings

ROOT = Path(__file__).parents[2]
COUNT = 120
WORDS = ("打印机", "卡纸", "搓纸轮", "交换机", "端口", "数据库", "连接", "超时", "备份", "磁盘", "error", "timeout")


def text(number: int) -> str:
    """A case, a page of several sections, or a piece of a page that other articles are pieces of too."""
    chance = random.Random(number)

    def some(count: int) -> str:
        words = chance.choices(WORDS, k=count)
        return " ".join([*words, f"E-{1000 + number % 50}", f"host{chance.randrange(40)}", f"ora-{number:05d}"])

    front = {"title": f"{some(2)} {number}", "updated": f"2024-01-{1 + number % 28:02d}"}
    front |= {"id": f"KB-{number:06d}", "kind": "case"} if number % 3 == 0 else {}
    front |= {"page": f"page-{number % 7}"} if number % 5 == 0 else {}
    front |= {"tags": f"[t{number % 4}]", "product": f"[M{number % 3}]"} if number % 2 else {}
    body = "".join(f"## {some(1)}\n\n{some(12)}\n\n" for _ in range(chance.randrange(4)))
    return "---\n" + "".join(f"{k}: {v}\n" for k, v in front.items()) + f"---\n{some(10)}\n\n{body}"


@pytest.fixture
def folder(settings: Settings) -> Settings:
    """Some hundred articles of all kinds."""
    for number in range(COUNT):
        path = settings.articles / f"{number % 11}" / f"{number}.md"
        path.parent.mkdir(exist_ok=True)
        path.write_text(text(number), "utf8")
    return replace(settings, workers=1)


@pytest.fixture
def few(monkeypatch: pytest.MonkeyPatch) -> None:
    """Small numbers, so that every run ends soon, columns are merged in many steps, and topics are learned."""
    monkeypatch.setattr(latent_topics, "LEARN_FROM", 50)
    monkeypatch.setattr(latent_topics, "SAMPLE", 100)
    monkeypatch.setattr(columns, "AT_ONCE", 500)
    monkeypatch.setattr(parallel, "BATCH", 5)


def contents(bundle: Bundle) -> dict[str, bytes]:
    """Every file of a bundle but its manifest and what Whoosh names by chance."""
    return {
        name: (bundle.folder / name).read_bytes() for name in bundle.manifest["files"] if not name.startswith("whoosh/")
    }


def assert_same(one: Bundle, other: Bundle) -> None:
    first, second = contents(one), contents(other)
    assert first.keys() == second.keys()
    assert [name for name in first if first[name] != second[name]] == []
    for what in ("own_articles", "own_passages", "articles", "passages", "problems", "hidden"):
        assert one.manifest[what] == other.manifest[what]


@pytest.mark.parametrize("passages", [5, 60])
def test_the_same_bytes_in_however_many_runs(
    folder: Settings, few: None, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, passages: int
) -> None:
    """Pages that lie in one run, that reach into the next, or whose pieces lie all over: byte by byte as in one."""
    whole = replace(folder, index=tmp_path / "whole")
    build(whole)
    monkeypatch.setattr(columns, "SOME", passages)
    build(folder)
    pages = open_current(folder.index).array("passages.page")
    assert len(set(pages[pages >= 0].tolist())) > 20
    assert_same(open_current(folder.index), open_current(whole.index))


def test_merged_in_runs(folder: Settings, few: None, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """A base that takes changed articles in is read some passages at a time, too, and is as if built anew."""
    build(folder)
    monkeypatch.setattr(columns, "SOME", 20)
    for number in range(0, COUNT, 9):
        (folder.articles / f"{number % 11}" / f"{number}.md").write_text(text(number + 1000), "utf8")
    (folder.articles / "3" / "3.md").unlink()
    report = build(folder)
    assert (report.analysed, report.removed) == (len(range(0, COUNT, 9)), 1)
    whole = replace(folder, index=tmp_path / "whole")
    build(whole)
    assert_same(open_current(folder.index), open_current(whole.index))


def test_documents_in_runs(settings: Settings, few: None, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Articles that are in memory keep their order, the first of two with one number stays."""
    articles = [Article(path=f"{n % 17}-{n}.md", id=f"D{n % 90}", title=text(n)[:50], body=text(n)) for n in range(100)]
    whole = replace(settings, index=tmp_path / "whole")
    build_documents(whole, articles)
    monkeypatch.setattr(columns, "SOME", 10)
    assert build_documents(settings, articles).articles == 100
    assert_same(open_current(settings.index), open_current(whole.index))


# --- builds that are killed --------------------------------------------------------------------

KILLED = """
import os, signal, sys
from pathlib import Path
from kb.indexer import columns, latent_topics, parallel, runs
from kb.indexer.build import build
from kb.settings import load

columns.SOME, parallel.BATCH, latent_topics.LEARN_FROM = 40, 5, 50
seal, left = runs.seal, [int(sys.argv[2])]

def sealed(*given):
    done = seal(*given)
    left[0] -= 1
    if not left[0]:
        os.kill(os.getpid(), signal.SIGKILL)
    return done

runs.seal = sealed
build(load({"workers": 1}, Path(sys.argv[1])))
"""


def killed(settings: Settings, runs: int) -> list[Path]:
    """Kill a build when so many runs are complete: these."""
    ended = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", KILLED, str(settings.articles.parent), str(runs)],
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        check=False,
    )
    assert ended.returncode == -signal.SIGKILL
    return sorted((settings.index / FOLDER).glob("*/*"))


@pytest.fixture
def small_runs(few: None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(columns, "SOME", 40)


def rebuilt(settings: Settings, tmp_path: Path) -> Report:
    """Build, and compare with a build that nothing went before."""
    report = build(settings)
    fresh = replace(settings, index=tmp_path / "fresh")
    build(fresh)
    assert_same(open_current(settings.index), open_current(fresh.index))
    assert not (settings.index / FOLDER).exists()
    return report


def test_a_killed_build_is_gone_on_with(folder: Settings, small_runs: None, tmp_path: Path) -> None:
    """What was analysed is not analysed again, and the bundle is that of a build at one go."""
    runs = killed(folder, 4)
    assert len(runs) == 4
    kept = sum(Bundle(run, {}).array("articles.first").size - 1 for run in runs)
    report = rebuilt(folder, tmp_path)
    assert (report.articles, report.analysed, report.reused) == (COUNT, COUNT - kept, kept)
    assert not build(folder).published


def test_what_changed_meanwhile_is_read_anew(folder: Settings, small_runs: None, tmp_path: Path) -> None:
    """Of a killed build's runs: an edited article, a touched one, one that is gone, a run that is damaged."""
    runs = killed(folder, 4)
    names = [Bundle(run, {}).json("articles.names.json")["paths"] for run in runs]
    edited, touched, gone = (folder.articles / names[0][n] for n in range(3))
    edited.write_text(text(5000), "utf8")
    os.utime(touched, ns=(1, 1))
    gone.unlink()
    (runs[2] / "stream.npy").write_bytes(b"x")
    (runs[3] / "manifest.json").unlink()
    report = rebuilt(folder, tmp_path)
    assert report.articles == COUNT - 1
    assert report.reused == len(names[0]) - 3 + len(names[1])


@pytest.mark.parametrize("changed", ["dictionary", "limit", "full"])
def test_runs_of_no_use_are_removed(folder: Settings, small_runs: None, tmp_path: Path, changed: str) -> None:
    """Cut by another dictionary, read by other limits, or told to look at nothing: all is analysed anew."""
    killed(folder, 2)
    if changed == "dictionary":
        (folder.articles / "dictionary.txt").write_text("搓纸\n", "utf8")
    chosen = replace(folder, max_file_kb=folder.max_file_kb - 1) if changed == "limit" else folder
    report = build(chosen, full=True) if changed == "full" else rebuilt(chosen, tmp_path)
    assert report.analysed == COUNT
    assert not (folder.index / FOLDER).exists()


def test_an_update_leaves_runs_alone(folder: Settings, small_runs: None, tmp_path: Path) -> None:
    """A page that is saved between a killed build and the next one costs neither of them anything."""
    build(folder)
    (folder.articles / "dictionary.txt").write_text("搓纸\n", "utf8")
    runs = killed(folder, 3)
    (folder.articles / "9" / "9.md").write_text(text(9000), "utf8")
    assert update(folder, ["9/9.md"]).analysed == 1
    assert sorted((folder.index / FOLDER).glob("*/*")) == runs
    assert 0 < rebuilt(folder, tmp_path).analysed < COUNT
