"""A few changed articles of a large base stand beside it: whatever happened, a search finds what a full build finds."""

import os
import random
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import kb.bundle
from kb.bundle import Bundle, bundles, current_name, open_current
from kb.errors import BundleError, BusyError, DamagedBundleError, NoBundleError, NotFoundError, StaleBundleError
from kb.indexer import bm25, columns, facets, positions
from kb.indexer import build as building
from kb.indexer import metadata as facts
from kb.indexer.build import Report, build, build_documents, update, update_documents
from kb.model import Article, Query
from kb.model.schema import FACETS
from kb.search.index import Index, Library
from kb.search.overview import newest
from kb.search.query import Pattern, Phrase
from kb.search.searcher import search
from kb.search.suggest import suggest
from kb.search.threshold import THRESHOLD
from kb.settings import Settings

Write = Callable[[str, str], Path]
ROOT = Path(__file__).parents[2]

AREAS = ("printer", "network", "database", "")
STATUSES = ("published", "published", "published", "review", "draft", "archived")
PARTS = ("搓纸轮", "定影膜", "光模块", "硬盘", "电源", "连接器")
COUNT = 30


def article(number: int, version: int = 0, **facts: object) -> str:
    """A case: its code, its component and its dates tell the number and the version."""
    values = {
        "id": f"KB-{number:06d}",
        "kind": "case",
        "title": f"设备故障 E-{1000 + number} 第 {version} 版",
        "area": AREAS[number % 4],
        "status": STATUSES[number % 6],
        "tags": f"[{PARTS[number % 6]}, v{version}]",
        "product": f"[Model M{number % 5}]",
        "created": date(2020, 1, 1 + number % 28),
        "updated": date(2021 + version % 4, 1 + number % 12, 1 + number % 28),
        **facts,
    }
    front = "\n".join(f"{k}: {v}" for k, v in values.items())
    return (
        f"---\n{front}\n---\n## 现象\n\n面板显示 E-{1000 + number}，{PARTS[number % 6]}异响，第{version}次出现。\n\n"
        f"## 解决\n\n更换{PARTS[number % 6]}，再看 log{number}v{version}。\n\n```\nreset unit{number} --force\n```\n"
    )


@pytest.fixture
def large(settings: Settings, write: Write, monkeypatch: pytest.MonkeyPatch) -> Settings:
    """A built base that counts as large from three articles on, and never merges by itself."""
    monkeypatch.setattr(building, "BESIDE_FROM", 3)
    monkeypatch.setattr(building, "BESIDE_SHARE", 10.0)
    for number in range(COUNT):
        write(f"{number % 3}/{number:02d}.md", article(number))
    write("manual.md", "# 手册\n\n## 端口\n\nGE0/0/1 频繁 UP/DOWN。\n\n## 空\n\n## VLAN\n\n检查 trunk。\n")
    build(settings)
    return settings


def opened(settings: Settings) -> Index:
    return Index(open_current(settings.index))


def base_of(settings: Settings) -> Bundle | None:
    return open_current(settings.index).base


def work(report: Report) -> tuple[int, int, int]:
    return report.analysed, report.reused, report.removed


def found(settings: Settings, text: str) -> set[str]:
    return {hit.article.path for hit in search(opened(settings), Query(text, size=100)).hits}


# --- alike, whatever happened ------------------------------------------------------------------

QUERIES = [
    Query("E-1003"), Query("E-1004 OR E-1005"), Query("搓纸轮"), Query("设备故障"), Query("光模块 异响"),
    Query("更换 电源 -E-1010"), Query('"面板显示"'), Query('"第1次出现"'), Query('title:"第 2 版"'), Query("log7*"),
    Query("log?v1"), Query("tag:v1"), Query("product:M3"), Query("id:KB-000004"), Query("area:printer"),
    Query("status:draft"), Query("updated:2022"), Query("created:2020-01-02..2020-01-09"), Query("code:unit3"),
    Query('"reset unit5"'), Query("塞车"), Query("异响箱"), Query("trunk"), Query("unit2 unit3"), Query(""),
    Query("", filters={"area": ("network",)}), Query("异响", filters={"status": ("archived", "draft")}),
    Query("设备", after=date(2022, 1, 1)), Query("设备", sort="updated"), Query("设备", sort="created"),
]  # fmt: skip


def assert_alike(settings: Settings, tmp_path: Path) -> None:
    """The index in force holds and finds what a full build of the same folder does."""
    other = replace(settings, index=tmp_path / "full")
    shutil.rmtree(other.index, ignore_errors=True)
    report = build(other, full=True)
    a, b = opened(settings), opened(other)
    assert (a.bundle.manifest["articles"], a.bundle.manifest["passages"]) == (report.articles, report.passages)
    live = np.flatnonzero(a.live).tolist()
    place = {a.articles[i].path: i for i in live}
    assert len(place) == len(live)
    assert place.keys() == {x.path for x in b.articles}
    for j, one in enumerate(b.articles):
        i = place[one.path]
        assert a.articles[i] == one
        assert a.number_of(one.path) == a.number_of(one.id) == a.number_of(one.id.lower()) == i
        assert a.body(i) == b.body(j)
        passages = [[x.passage(n) for n in range(x.first[k], x.first[k + 1])] for x, k in ((a, i), (b, j))]
        assert passages[0] == passages[1]
        assert all(a.article_of[a.first[i] : a.first[i + 1]] == i)
        assert bool(a.visible[i]) == bool(b.visible[j])
        assert [a.days(n)[i] for n in ("updated", "created")] == [b.days(n)[j] for n in ("updated", "created")]
    for name in FACETS:
        assert a.facets[name].counts(a.visible) == b.facets[name].counts(b.visible)
        assert a.facets[name].counts(a.live) == b.facets[name].counts(b.live)
    assert [x.updated for x in newest(a, a.visible, 6)] == [x.updated for x in newest(b, b.visible, 6)]
    for start in ("log", "unit1", "e", "model"):
        assert a.fulltext.words(start) == b.fulltext.words(start)
    for query in QUERIES:
        assert_found_alike(a, b, query)
    for text in ("面板显示 E-1003，设备一直异响", "交换机 trunk 检查 VLAN 端口 GE0/0/1 频繁 UP/DOWN", "猫"):
        told = [suggest(x, text).suggestions for x in (a, b)]
        for these, those in (told, told[::-1]):
            # What only just reaches the threshold with the one df may stay below it with the other.
            if these and these[0].score > THRESHOLD + 0.1:
                assert [s.article.path for s in those[:1]] == [these[0].article.path]


def assert_found_alike(a: Index, b: Index, query: Query) -> None:
    """The same articles, filters and counts; in the same order where their scores are clearly apart."""
    pages = [search(x, replace(query, size=100)) for x in (a, b)]
    paths = [[hit.article.path for hit in page.hits] for page in pages]
    assert sorted(paths[0]) == sorted(paths[1]), query
    assert [(p.total, p.facets, p.widened, p.hidden) for p in pages[:1]] == [
        (p.total, p.facets, p.widened, p.hidden) for p in pages[1:]
    ], query
    scores = [{hit.article.path: hit.score for hit in page.hits} for page in pages]
    if query.sort != "relevance" or not query.text:
        days = [[x.days(query.sort if query.sort == "created" else "updated")[x.number_of(p)] for p in found_paths]
                for x, found_paths in zip((a, b), paths, strict=True)]  # fmt: skip
        assert days[0] == days[1], query
        return
    assert all(abs(scores[0][p] - scores[1][p]) < 0.15 for p in paths[0]), (query, scores)
    for better, worse in zip(paths[0], paths[0][1:], strict=False):
        assert scores[1][better] > scores[1][worse] - 0.1, (query, better, worse)


def random_change(chance: random.Random, settings: Settings, versions: dict[str, int]) -> list[str]:
    """Change something of the folder; returns the paths of articles it is about, none for the vocabulary."""
    folder = settings.articles
    paths = sorted(p.relative_to(folder).as_posix() for p in folder.rglob("[0-9]*.md"))
    path = chance.choice(paths)
    number = int(Path(path).stem)
    versions["any"] = version = versions.get("any", 0) + 1
    kind = chance.choice(("edit", "edit", "facts", "add", "delete", "rename", "touch", "back", "words", "synonyms"))
    if kind == "edit":
        (folder / path).write_text(article(number, version), "utf8")
    elif kind == "facts":
        status, area = chance.choice(STATUSES), chance.choice(AREAS)
        (folder / path).write_text(article(number, version, status=status, area=area, tags="[新]"), "utf8")
    elif kind == "add":
        path = f"{chance.choice('0129')}/{100 + version}.md"
        (folder / path).parent.mkdir(exist_ok=True)
        (folder / path).write_text(article(100 + version, version), "utf8")
    elif kind == "delete":
        (folder / path).unlink()
    elif kind == "rename":
        moved = folder / path.replace(".md", ".markdown")
        (folder / path).rename(moved)
        return [path, moved.relative_to(folder).as_posix()]
    elif kind == "touch":
        os.utime(folder / path, ns=(version, version))
    elif kind == "back":
        (folder / path).write_text(article(number), "utf8")
    elif kind == "words":
        (folder / "dictionary.txt").write_text(chance.choice(("异响箱\n", "第1次\n", "")), "utf8")
        return []
    else:
        (folder / "synonyms.txt").write_text(chance.choice(("塞车 => 异响\n", "塞车 => 电源\n", "")), "utf8")
        return []
    return [path]


@pytest.mark.parametrize("seed", range(3))
def test_a_random_history(large: Settings, tmp_path: Path, seed: int) -> None:
    """Edited, added, deleted, renamed, touched, taken back, other words and synonyms: never another answer."""
    chance = random.Random(seed)
    versions: dict[str, int] = {}
    beside = 0
    for _ in range(8):
        changes = [random_change(chance, large, versions) for _ in range(chance.randrange(1, 4))]
        if all(changes) and chance.random() < 0.5:
            update(large, [path for paths in changes for path in paths])
        else:
            build(large)
        beside += base_of(large) is not None
        assert_alike(large, tmp_path)
    assert beside


def test_everything_deleted_beside(large: Settings, tmp_path: Path) -> None:
    """Even when nothing of a base is left, nothing of it is found."""
    for path in large.articles.rglob("*.md"):
        path.unlink()
    report = build(large)
    assert (report.articles, report.passages, report.removed) == (0, 0, COUNT + 1)
    assert base_of(large) is not None
    assert_alike(large, tmp_path)


def test_what_only_the_replaced_held(large: Settings, write: Write, tmp_path: Path) -> None:
    """Words that stood only in what is no more don't keep a search from looking further."""
    write("pair.md", "# 甲\n\nalpha beta\n")
    write("solo.md", "# 乙\n\nalpha\n")
    write("word.md", "# 丙\n\nconnec\n")
    write("longer.md", "# 丁\n\nconnectors\n")
    build(large, full=True)
    write("pair.md", "# 甲\n\ngamma\n")
    (large.articles / "word.md").unlink()
    build(large)
    assert base_of(large) is not None
    assert found(large, "alpha beta") == {"solo.md"}
    assert found(large, "beta") == set()
    assert found(large, "bet") == set()
    assert found(large, "connec") == {"longer.md"}
    assert opened(large).fulltext.words("bet") == []
    assert_alike(large, tmp_path)


# --- what is written, and when it is merged -----------------------------------------------------


def test_a_change_is_written_beside(large: Settings, write: Write) -> None:
    """Only the changed article is written, the base stays as it is, and the next change stands beside it too."""
    before = open_current(large.index)
    files = {p: p.stat().st_mtime_ns for p in before.folder.rglob("*")}
    for version in (1, 2):
        write("0/00.md", article(0, version))
        report = build(large)
        bundle = open_current(large.index)
        assert (work(report), report.articles) == ((1, COUNT, 0), COUNT + 1)
        assert (bundle.base and bundle.base.folder) == before.folder
        assert (bundle.manifest["own_articles"], bundle.manifest["hidden"]) == (1, [0])
        assert found(large, f"log0v{version}") == {"0/00.md"}
    assert {p: p.stat().st_mtime_ns for p in before.folder.rglob("*")} == files
    assert not build(large).published


@pytest.mark.parametrize(
    ("share", "changes", "merged"),
    [(0.2, 6, False), (0.2, 7, True), (0.0, 1, True), (10.0, 12, False)],
)
def test_merged_at_the_threshold(
    large: Settings,
    write: Write,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    share: float,
    changes: int,
    merged: bool,
) -> None:
    """Up to the share articles stand beside: 0.2 of 31 are 6. Merged is like built at once."""
    monkeypatch.setattr(building, "BESIDE_SHARE", share)
    for number in range(changes):
        write(f"{number % 3}/{number:02d}.md", article(number, 1))
        assert work(build(large)) == (1, COUNT, 0)
    bundle = open_current(large.index)
    assert (bundle.base is None) == merged
    assert bundle.manifest["own_articles"] == (COUNT + 1 if merged else changes)
    assert_alike(large, tmp_path)


def test_what_goes_counts_too(large: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    """Articles that are no more are passed over at every search: of them, too, only so many are."""
    monkeypatch.setattr(building, "BESIDE_SHARE", 0.1)
    for number in range(4):
        (large.articles / f"{number % 3}/{number:02d}.md").unlink()
        assert work(build(large)) == (0, COUNT - number, 1)
        assert (base_of(large) is None) == (number == 3)


def test_a_small_base_is_written_anew(large: Settings, write: Write, monkeypatch: pytest.MonkeyPatch) -> None:
    """Below BESIDE_FROM articles there is nothing beside."""
    monkeypatch.setattr(building, "BESIDE_FROM", COUNT + 2)
    write("0/00.md", article(0, 1))
    build(large)
    assert base_of(large) is None
    monkeypatch.setattr(building, "BESIDE_FROM", COUNT + 1)
    write("0/00.md", article(0, 2))
    build(large)
    assert base_of(large) is not None


def test_synonyms_alone(large: Settings, write: Write) -> None:
    """New synonyms stand beside the base without a single article."""
    write("synonyms.txt", "塞车 => 异响\n")
    report = build(large)
    bundle = open_current(large.index)
    assert (work(report), report.published) == ((0, COUNT + 1, 0), True)
    assert bundle.base is not None
    assert bundle.manifest["own_articles"] == 0
    assert found(large, "塞车") == found(large, "异响") != set()


def test_another_dictionary_merges(large: Settings, write: Write) -> None:
    """Cut by other words, nothing of the base can stay."""
    write("0/00.md", article(0, 1))
    build(large)
    write("dictionary.txt", "第1次\n")
    report = build(large)
    assert (work(report), base_of(large)) == ((COUNT + 1, 0, 0), None)


def test_other_weights_merge(large: Settings, write: Write, monkeypatch: pytest.MonkeyPatch) -> None:
    """Weights of another version of the program are weighed anew, without reading any article."""
    write("0/00.md", article(0, 1))
    build(large)
    monkeypatch.setattr(building, "__version__", "next")
    report = build(large)
    assert (work(report), report.published, base_of(large)) == ((0, COUNT + 1, 0), True, None)
    assert found(large, "log0v1") == {"0/00.md"}


# --- single articles ----------------------------------------------------------------------------


def test_update(large: Settings, write: Write, tmp_path: Path) -> None:
    """Named articles are brought up to date: changed, new, and gone ones; others are not even looked at."""
    write("0/00.md", article(0, 1))
    write("9/new.md", article(200))
    (large.articles / "1/01.md").unlink()
    write("2/02.md", article(2, 5))
    report = update(large, ["0/00.md", "9/new.md", "1/01.md"])
    assert (work(report), report.articles, report.published) == ((2, COUNT - 1, 1), COUNT + 1, True)
    assert found(large, "log0v1") == {"0/00.md"}
    assert found(large, "log0v0") == set()
    assert found(large, "E-1200") == {"9/new.md"}
    assert found(large, "E-1001") == set()
    assert found(large, "log2v5") == set()
    build(large)
    assert found(large, "log2v5") == {"2/02.md"}
    assert_alike(large, tmp_path)


def test_update_in_a_small_base(settings: Settings, write: Write) -> None:
    """The same where nothing stands beside anything."""
    for number in range(4):
        write(f"{number}.md", article(number))
    build(settings)
    write("1.md", article(1, 1))
    (settings.articles / "2.md").unlink()
    report = update(settings, ["1.md", "2.md"])
    assert (work(report), report.articles, base_of(settings)) == ((1, 2, 1), 3, None)
    assert found(settings, "log1v1") == {"1.md"}
    assert found(settings, "E-1002") == set()
    assert not build(settings).published


def test_update_twice(large: Settings, write: Write, tmp_path: Path) -> None:
    """A second version replaces the first one, deleted it is gone, and it may come back."""
    for version in (1, 2):
        write("0/00.md", article(0, version))
        assert work(update(large, ["0/00.md"])) == (1, COUNT, 0)
        assert open_current(large.index).manifest["own_articles"] == 1
    (large.articles / "0/00.md").unlink()
    assert work(update(large, ["0/00.md"])) == (0, COUNT, 1)
    assert found(large, "E-1000") == set()
    write("0/00.md", article(0))
    assert work(update(large, ["0/00.md"])) == (1, COUNT, 0)
    assert_alike(large, tmp_path)


@pytest.mark.parametrize("paths", [[], ["nowhere.md"], ["../outside.md"], ["/etc/hostname"], ["0/../../outside.md"]])
def test_update_of_nothing(large: Settings, paths: list[str]) -> None:
    """Paths that lead to no article, here or outside, change nothing."""
    (large.articles.parent / "outside.md").write_text("# 绝密口令\n", "utf8")
    before = current_name(large.index)
    report = update(large, paths)
    assert (work(report), report.published) == ((0, COUNT + 1, 0), False)
    assert current_name(large.index) == before
    assert found(large, "绝密口令") == set()


@pytest.mark.parametrize("name", ["note.txt", ".hidden.md", ".git/x.md", "link.md"])
def test_update_takes_no_more_than_a_build(large: Settings, write: Write, name: str) -> None:
    """What a build passes over is no article for an update either."""
    if name == "link.md":
        (large.articles.parent / "outside.md").write_text("# 绝密口令\n", "utf8")
        (large.articles / name).symlink_to(large.articles.parent / "outside.md")
    else:
        write(name, "# 绝密口令\n")
    update(large, [name])
    assert found(large, "绝密口令") == set()


@pytest.mark.parametrize("path", ["./manual.md", "0/../manual.md"])
def test_update_with_another_spelling_of_a_path(large: Settings, write: Write, tmp_path: Path, path: str) -> None:
    """However a path is spelled, one file is one article."""
    write("manual.md", "# 手册\n\n光纤衰减 trunk\n")
    update(large, [path])
    assert found(large, "光纤衰减") <= {"manual.md"}
    assert len(found(large, "trunk")) == 1
    build(large)
    assert_alike(large, tmp_path)


def test_update_with_the_number_of_another(large: Settings, write: Write) -> None:
    """A number that is taken is reported with both paths; the article is passed over until it is given up."""
    write("9/twin.md", article(0, 7))
    report = update(large, ["9/twin.md"])
    assert [p for p in report.problems if p.startswith("9/twin.md: ") and "0/00.md" in p]
    assert (work(report), found(large, "E-1000")) == ((0, COUNT + 1, 0), {"0/00.md"})
    (large.articles / "0/00.md").unlink()
    report = update(large, ["9/twin.md", "0/00.md"])
    assert (work(report), report.problems) == ((1, COUNT, 1), ())
    assert found(large, "E-1000") == {"9/twin.md"}
    assert opened(large).articles[opened(large).number_of("KB-000000")].path == "9/twin.md"


def test_update_of_two_that_change_numbers(large: Settings, write: Write, tmp_path: Path) -> None:
    """Two articles that take each other's number are both brought up to date."""
    write("0/00.md", article(0, 1, id="KB-000001"))
    write("1/01.md", article(1, 1, id="KB-000000"))
    report = update(large, ["0/00.md", "1/01.md"])
    assert (work(report), report.problems) == ((2, COUNT - 1, 0), ())
    assert_alike(large, tmp_path)


def test_update_of_one_that_breaks(large: Settings, write: Write, tmp_path: Path) -> None:
    """An article that can't be read any longer leaves, is named once however often, and returns when it is mended."""
    for _ in range(2):
        write("0/00.md", "---\ntitle: [\n---\n")
        report = update(large, ["0/00.md"])
        assert len([p for p in report.problems if p.startswith("0/00.md")]) == 1
        assert found(large, "E-1000") == set()
    assert_alike(large, tmp_path)
    write("0/00.md", article(0))
    assert update(large, ["0/00.md"]).problems == ()
    assert found(large, "E-1000") == {"0/00.md"}


def test_a_problem_stays_until_it_is_mended(large: Settings, write: Write) -> None:
    """An update keeps what is known to be wrong with other articles."""
    write("bad.md", "---\ntitle: [\n---\n")
    write("0/00.md", article(0, 1))
    build(large)
    write("1/01.md", article(1, 1))
    assert [p for p in update(large, ["1/01.md"]).problems if p.startswith("bad.md")]
    assert [p for p, _, _ in open_current(large.index).manifest["problems"] if p == "bad.md"]
    write("bad.md", article(300))
    assert update(large, ["bad.md"]).problems == ()
    assert open_current(large.index).manifest["problems"] == []


def test_update_without_an_index(settings: Settings) -> None:
    """There is nothing to bring up to date before the first build."""
    with pytest.raises(NoBundleError):
        update(settings, ["a.md"])
    assert not list(settings.index.glob("2*"))


def test_update_of_an_index_cut_another_way(large: Settings, write: Write, monkeypatch: pytest.MonkeyPatch) -> None:
    """An index of another tokeniser is not brought up to date in part: that mixes two ways to cut."""
    monkeypatch.setattr("kb.text.tokens.Tokenizer.fingerprint", "another")
    write("0/00.md", article(0, 1))
    with pytest.raises(StaleBundleError, match="kb build"):
        update(large, ["0/00.md"])


def document(number: int, title: str = "", **facts: object) -> Article:
    return Article(path=f"d{number:02d}.md", id=f"D{number}", title=title or f"文档 N-{1000 + number}", **facts)  # type: ignore[arg-type]


@pytest.mark.parametrize("least", [3, 1000])
def test_update_documents(settings: Settings, monkeypatch: pytest.MonkeyPatch, least: int) -> None:
    """Articles in memory come, change and go, beside a large base and in a small one."""
    monkeypatch.setattr(building, "BESIDE_FROM", least)
    monkeypatch.setattr(building, "BESIDE_SHARE", 10.0)
    build_documents(settings, [document(n) for n in range(12)])
    report = update_documents(settings, [document(3, "卡纸 N-7"), document(50)], gone=["d04.md", "nowhere.md"])
    assert (work(report), report.articles, report.passages) == ((2, 10, 1), 12, 12)
    assert found(settings, "N-7") == {"d03.md"}
    assert found(settings, "N-1003") == found(settings, "N-1004") == set()
    assert found(settings, "N-1050") == {"d50.md"}
    report = update_documents(settings, [document(4)], gone=["d03.md"])
    assert (work(report), report.articles) == ((1, 11, 1), 12)
    assert (found(settings, "N-1004"), found(settings, "N-7")) == ({"d04.md"}, set())
    report = update_documents(settings, [], gone=["d03.md"])
    assert (work(report), report.published) == ((0, 12, 0), False)
    with pytest.raises(NotFoundError):
        opened(settings).number_of("D3")
    assert opened(settings).number_of("d50.md") == opened(settings).number_of("D50")


# --- damage, kills, readers ---------------------------------------------------------------------


@pytest.fixture
def beside(large: Settings, write: Write) -> Settings:
    """A base with one changed article beside it."""
    write("0/00.md", article(0, 1))
    build(large)
    return large


def answers(settings: Settings) -> None:
    assert found(settings, "log0v1") == {"0/00.md"}
    assert found(settings, "log0v0") == set()
    assert found(settings, "E-1007") == {"1/07.md"}
    assert found(settings, '"reset unit7"') == {"1/07.md"}


PLACES = {
    "lines": (columns.LineFile, "write"),
    "manifest": (Path, "write_text"),
    "facets": (facets, "write"),
    "weights": (bm25, "write"),
    "positions": (positions, "write"),
    "facts": (facts, "write"),
    "sync": (os, "fsync"),
    "rename": (Path, "rename"),
    "switch": (Path, "replace"),
}


@pytest.mark.parametrize("single", [False, True], ids=["build", "update"])
@pytest.mark.parametrize("place", PLACES)
def test_a_build_that_fails(
    beside: Settings, write: Write, monkeypatch: pytest.MonkeyPatch, place: str, single: bool
) -> None:
    """Wherever it fails, base and bundle serve on, and the next build does the work."""
    before = current_name(beside.index)

    def fail(*_: object, **__: object) -> None:
        raise OSError(28, os.strerror(28))

    write("1/01.md", article(1, 1))
    monkeypatch.setattr(*PLACES[place], fail)
    with pytest.raises(BundleError, match=os.strerror(28)):
        update(beside, ["1/01.md"]) if single else build(beside)
    monkeypatch.undo()
    assert current_name(beside.index) == before
    answers(beside)
    assert work(build(beside))[0] == 1
    assert found(beside, "log1v1") == {"1/01.md"}
    answers(beside)


def test_kill_9_while_writing_beside(beside: Settings) -> None:
    """Killed again and again in the middle of updates, the index in force answers, and nothing is left over."""
    program = (
        "import sys; from pathlib import Path; from kb.settings import load; from kb.indexer import build as b\n"
        "b.BESIDE_FROM, b.BESIDE_SHARE = 3, 10.0\n"
        "settings = load({'workers': 1}, Path(sys.argv[1]))\n"
        "for n in range(100000):\n"
        "    (settings.articles / 'turn.md').write_text(f'# 第 {n} 轮\\n', 'utf8')\n"
        "    b.update(settings, ['turn.md'])\n"
        "    n or print('go', flush=True)\n"
    )
    chance = random.Random(20260102)
    for _ in range(4):
        process = subprocess.Popen(
            [sys.executable, "-W", "ignore", "-c", program, str(beside.articles.parent)],
            stdout=subprocess.PIPE,
            env={**os.environ, "PYTHONPATH": str(ROOT)},
        )
        assert process.stdout is not None
        assert process.stdout.readline() == b"go\n"
        with pytest.raises(subprocess.TimeoutExpired):
            process.wait(chance.uniform(0.0, 0.3))
        process.send_signal(signal.SIGKILL)
        process.communicate()
        answers(beside)
    base = base_of(beside)
    (beside.articles / "turn.md").write_text("# 最后一轮\n", "utf8")
    assert work(build(beside))[0] == 1
    answers(beside)
    assert base is not None
    assert base_of(beside) is not None
    left = {p.name for p in beside.index.iterdir()}
    assert left - {b.name for b in bundles(beside.index)} == {".lock", "current"}
    assert {base.folder.name, current_name(beside.index)} <= left
    assert len(left) == 5


@pytest.mark.parametrize("which", ["base", "beside"])
def test_damage_is_never_taken_over(
    beside: Settings, write: Write, monkeypatch: pytest.MonkeyPatch, which: str
) -> None:
    """An update that would write damaged files into a new bundle, with new checksums, names the damage instead."""
    bundle = open_current(beside.index)
    assert bundle.base is not None
    path = (bundle.base if which == "base" else bundle).file("passages.jsonl")
    path.write_bytes(path.read_bytes().replace("异响".encode(), "异常".encode(), 1))
    write("1/01.md", article(1, 1))
    monkeypatch.setattr(building, "BESIDE_SHARE", 0.0)
    with pytest.raises(DamagedBundleError, match=str(path)):
        update(beside, ["1/01.md"])
    assert work(build(beside)) == (COUNT + 1, 0, 0)
    answers(beside)


@pytest.mark.parametrize("name", ["manifest.json", "stream.npy", "weights.data.npy", "articles.jsonl"])
@pytest.mark.parametrize("which", ["base", "beside"])
def test_damage_is_found_and_healed(beside: Settings, tmp_path: Path, which: str, name: str) -> None:
    """Damage of either bundle is named when it is opened, and the next build mends it by building all."""
    bundle = open_current(beside.index)
    assert bundle.base is not None
    path = (bundle.base if which == "base" else bundle).file(name)
    raw = bytearray(path.read_bytes())
    raw[len(raw) // 2] ^= 1
    path.write_bytes(raw)
    with pytest.raises(DamagedBundleError, match=str(path)):
        open_current(beside.index)
    assert work(build(beside)) == (COUNT + 1, 0, 0)
    assert base_of(beside) is None
    assert_alike(beside, tmp_path)


def test_a_base_that_is_missing(beside: Settings) -> None:
    """Without its base a small bundle is worth nothing: said so, and healed."""
    base = base_of(beside)
    assert base is not None
    shutil.rmtree(base.folder)
    with pytest.raises(DamagedBundleError, match=base.folder.name):
        open_current(beside.index)
    with pytest.raises(DamagedBundleError, match=base.folder.name):
        update(beside, ["0/00.md"])
    assert work(build(beside)) == (COUNT + 1, 0, 0)
    answers(beside)


def test_which_bundles_stay(large: Settings, write: Write, monkeypatch: pytest.MonkeyPatch) -> None:
    """The one in force, the one before and the bases of both stay, however many changes there were."""
    base = open_current(large.index).folder.name
    last = base
    for version in range(1, 5):
        write("0/00.md", article(0, version))
        build(large)
        in_force = str(current_name(large.index))
        assert {b.name for b in bundles(large.index)} == {base, last, in_force}
        last = in_force
    monkeypatch.setattr(building, "BESIDE_SHARE", 0.0)
    write("0/00.md", article(0, 5))
    build(large)
    merged = str(current_name(large.index))
    assert {b.name for b in bundles(large.index)} == {base, last, merged}
    build(large, full=True)
    assert {b.name for b in bundles(large.index)} == {merged, current_name(large.index)}


def test_a_reader_keeps_the_base_open(large: Settings, write: Write, monkeypatch: pytest.MonkeyPatch) -> None:
    """A running site opens the base once and checks no file of it again; after a merge it opens the new one."""
    library = Library(large.index)
    base = library.index().parts[0]
    checked: list[Path] = []
    check = kb.bundle._check_file

    def noted(path: Path, *rest: Any) -> Any:
        checked.append(path)
        return check(path, *rest)

    monkeypatch.setattr(kb.bundle, "_check_file", noted)
    for version in (1, 2):
        write("0/00.md", article(0, version))
        update(large, ["0/00.md"])
        checked.clear()
        index = library.index()
        assert index.parts[0] is base
        assert checked
        assert not [path for path in checked if base.bundle.folder in path.parents]
        assert [h.article.path for h in search(index, Query(f"log0v{version}")).hits] == ["0/00.md"]
    monkeypatch.setattr(building, "BESIDE_SHARE", 0.0)
    write("0/00.md", article(0, 3))
    build(large)
    assert library.index().parts[0] is not base
    assert len(library.index().parts) == 1


def test_an_old_reader_finishes(large: Settings, write: Write) -> None:
    """Who holds the base alone, or with what stood beside it before, goes on seeing just that."""
    library = Library(large.index)
    first = library.index()
    write("0/00.md", article(0, 1))
    build(large)
    second = library.index()
    write("0/00.md", article(0, 2))
    (large.articles / "1/01.md").unlink()
    build(large)
    for index, version in ((first, 0), (second, 1), (library.index(), 2)):
        assert search(index, Query(f"log0v{version}")).total == 1
        assert [search(index, Query(f'"log0v{v}"')).total for v in range(3)] == [int(v == version) for v in range(3)]
        assert search(index, Query("tag:v0 id:KB-000001")).total == int(version < 2)
        assert "第 2 版" in index.articles[index.number_of("0/00.md")].title or version < 2
        assert index.body(index.number_of("KB-000000"))


def test_one_build_at_a_time(beside: Settings) -> None:
    """An update waits for no lock: it is refused like a second build."""
    with kb.bundle.building(beside.index), pytest.raises(BusyError):
        update(beside, ["0/00.md"])


def test_questions_to_the_full_text(beside: Settings) -> None:
    """Each kind of question is put to both bundles, its answers in the numbers of the whole index."""
    index = opened(beside)
    old, new = (i for i, a in enumerate(index.articles) if a.path == "0/00.md")
    assert (bool(index.live[old]), bool(index.live[new])) == (False, True)
    asked = {
        "phrase": index.fulltext.phrase(Phrase("log0v1")),
        "pattern": index.fulltext.pattern(Pattern("log0*1")),
        "fact": index.fulltext.phrase(Phrase("v1", "tag")),
        "fact pattern": index.fulltext.pattern(Pattern("v1*", "tag")),
    }
    for kind, mask in asked.items():
        assert np.unique(index.article_of[mask]).tolist() == [new], kind
    since = np.flatnonzero(index.between("created", "2020-01-01", "") & index.live)
    assert {new, index.number_of("KB-000004")} <= set(since.tolist())
    assert old not in since
    printers = index.facets["area"].having(["printer"])
    assert {old, new, index.number_of("KB-000004")} <= set(np.flatnonzero(printers).tolist())
    shown = [index.articles[int(i)].path for i in np.flatnonzero(printers & index.visible)]
    assert shown.count("0/00.md") == 1
    assert found(beside, "area:printer") == set(shown)
