"""What a build promises: only the work for what changed, and never another result than a full build."""

import ast
import os
import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

import kb.indexer
from kb.bundle import bundles, current_name, fields, open_current
from kb.errors import BundleError, NotFoundError
from kb.indexer import bm25, spellings
from kb.indexer.build import Report, build, build_documents, update
from kb.model import Article, Query
from kb.model.schema import FACETS
from kb.search.index import Index
from kb.search.searcher import search
from kb.search.suggest import suggest
from kb.settings import Settings

Write = Callable[[str, str], Path]

JAM = """\
---
id: KB-000001
kind: case
title: 打印机卡纸
area: printer
aliases: [纸塞住了]
updated: 2025-01-02
---
## 现象

进纸口卡纸，面板显示 13.20.00。

## 解决

更换搓纸轮。
"""
SPACE = """\
---
id: KB-000002
kind: case
title: 表空间已满 ORA-01653
---
## 现象

应用报 `unable to extend table`。

## 解决

增加数据文件。
"""
MANUAL = "# 交换机手册\n\n## 端口\n\nGE0/0/1 频繁 UP/DOWN。\n\n## VLAN\n\n检查 trunk 配置。\n"

QUERIES = (
    *("打印机", "卡纸", '"进纸口"', "ORA-01653", "GE0/0/1", "area:printer", "id:KB-000002", "tag:新标签"),
    *("updated:2025", "更换 OR 增加", "纸*", "tr*k", "-卡纸", ""),
)


@pytest.fixture
def three(settings: Settings, write: Write) -> Settings:
    """Three articles, built."""
    write("printer/jam.md", JAM)
    write("database/space.md", SPACE)
    write("manual/switch.md", MANUAL)
    build(settings)
    return settings


def work(report: Report) -> tuple[int, int, int]:
    return report.analysed, report.reused, report.removed


def fresh(settings: Settings, tmp_path: Path) -> Index:
    """A full build of the same articles in another place."""
    other = replace(settings, index=tmp_path / "full")
    shutil.rmtree(other.index, ignore_errors=True)
    build(other, full=True)
    return Index(open_current(other.index))


ARRAYS = (
    ["terms.keys", *(f"{name}.{part}" for name in ("weights", "pages") for part in ("indptr", "rows", "data"))]
    + [f"topics.{part}" for part in ("terms", "places", "passages")]
    + [f"spelling.{part}" for part in ("starts", "df", "keys", "numbers", "readings")]
    + ["passages.article", "passages.page", "passages.offsets", "articles.first", "facts.articles"]
    + ["articles.updated", "articles.created", "articles.review_after"]
    + [f"articles.{column}{part}" for column in ("ids", "paths") for part in ("", ".numbers")]
    + [f"facet.{name}.{column}" for name in FACETS for column in ("articles", "values")]
    + [f"{m}.{part}" for m in bm25.PARAMETERS for part in ("df", "mean")]
    + ["stream", *(f"stream.{part}" for part in ("segments", "passages", "fields", "indptr", "places"))]
)
TEXTS = ("words.txt", "spelling.words.txt", "spelling.syllables.txt", "facets.json", "synonyms.json", "dictionary.json")


def assert_same(settings: Settings, tmp_path: Path) -> None:
    """The bundle in force and a full build hold the same arrays and answer alike."""
    a, b = Index(open_current(settings.index)), fresh(settings, tmp_path)
    assert [x.path for x in a.articles] == [x.path for x in b.articles]
    assert list(a.articles) == list(b.articles)
    for name in ARRAYS:
        one, other = (np.load(i.bundle.file(f"{name}.npy")) for i in (a, b))
        np.testing.assert_array_equal(one, other, err_msg=name)
    for name in TEXTS:
        assert a.bundle.file(name).read_bytes() == b.bundle.file(name).read_bytes(), name
    counted = [bm25.read(i.bundle).matrices for i in (a, b)]
    assert all((counted[0][m] != counted[1][m]).nnz == 0 for m in bm25.MATRICES)
    assert [a.passage(i) for i in range(len(a.article_of))] == [b.passage(i) for i in range(len(b.article_of))]
    assert [a.body(i) for i in range(len(a.articles))] == [b.body(i) for i in range(len(b.articles))]
    for text in QUERIES:
        pages = [search(i, Query(text)) for i in (a, b)]
        assert pages[0].hits == pages[1].hits, text
        assert pages[0].facets == pages[1].facets, text
    found = [suggest(i, "打印机老是卡纸，搓纸轮磨损，ORA-01653") for i in (a, b)]
    assert found[0].suggestions == found[1].suggestions


# --- only what changed -----------------------------------------------------------------------


def test_unchanged_folder_publishes_nothing(three: Settings) -> None:
    """A second build looks at file times only and leaves the bundle alone."""
    before = current_name(three.index)
    report = build(three)
    assert (work(report), report.published, report.passages) == ((0, 3, 0), False, 4)
    assert current_name(three.index) == before


def test_touch_without_change(three: Settings) -> None:
    """A file with a new time and the same text is read, not analysed."""
    before = current_name(three.index)
    os.utime(three.articles / "printer/jam.md", ns=(1, 1))
    assert work(build(three)) == (0, 3, 0)
    assert current_name(three.index) == before


def edit(write: Write, folder: Path) -> None:
    write("printer/jam.md", JAM.replace("更换搓纸轮", "清洁传感器，更换定影膜"))


def edit_facts(write: Write, folder: Path) -> None:
    write("printer/jam.md", JAM.replace("area: printer", "area: desktop\ntags: [新标签]"))


def add_first(write: Write, folder: Path) -> None:
    write("a.md", "# 增加的文章\n\n增加 trunk 说明。\n")


def add_last(write: Write, folder: Path) -> None:
    write("zzz/z.md", "# 增加的文章\n\n卡纸 增加。\n\n## 二\n\n卡纸")


def delete(write: Write, folder: Path) -> None:
    (folder / "manual/switch.md").unlink()


def rename(write: Write, folder: Path) -> None:
    (folder / "printer/jam.md").rename(folder / "moved.md")


def grow_sections(write: Write, folder: Path) -> None:
    write("manual/switch.md", MANUAL + "\n## 打印\n\n卡纸时更换。\n\n## 附录\n\n更换 GE0/0/1。\n")


CHANGES: dict[Callable[[Write, Path], None], tuple[int, int, int]] = {
    edit: (1, 2, 0),
    edit_facts: (1, 2, 0),
    add_first: (1, 3, 0),
    add_last: (1, 3, 0),
    delete: (0, 2, 1),
    rename: (1, 2, 1),
    grow_sections: (1, 2, 0),
}


@pytest.mark.parametrize("change", CHANGES)
def test_a_change_costs_only_itself(
    three: Settings, write: Write, tmp_path: Path, change: Callable[[Write, Path], None]
) -> None:
    """Each kind of change is analysed alone, and the result is that of a full build."""
    change(write, three.articles)
    report = build(three)
    assert work(report) == CHANGES[change]
    assert report.published
    assert_same(three, tmp_path)


def test_words_that_are_gone(three: Settings, write: Write, tmp_path: Path) -> None:
    """A word that is no more is not proposed to who misspells, also when others of its stem are still there."""
    write("one.md", "# 电池一\n\nbattery cell\n")
    write("two.md", "# 电池二\n\nbatteries licence\n")
    build(three)
    assert {"battery", "batteries", "licence"} <= set(spellings.words_of(open_current(three.index)))
    (three.articles / "two.md").unlink()
    assert work(build(three)) == (0, 4, 1)
    words = set(spellings.words_of(open_current(three.index)))
    assert "battery" in words
    assert not words & {"batteries", "licence"}
    assert_same(three, tmp_path)


def test_a_history_of_changes(three: Settings, write: Write, tmp_path: Path) -> None:
    """After many builds in a row, deletions and returns among them, nothing has drifted."""
    for change in (add_first, edit, delete, grow_sections, edit_facts, rename, add_last):
        change(write, three.articles)
        build(three)
    write("printer/jam.md", JAM.replace("KB-000001", "KB-000009"))
    build(three)
    assert_same(three, tmp_path)


def test_everything_deleted(three: Settings, tmp_path: Path) -> None:
    """An emptied folder is an empty index that can be searched, and can be filled again."""
    for path in three.articles.rglob("*.md"):
        path.unlink()
    report = build(three)
    assert (work(report), report.articles, report.passages) == ((0, 0, 3), 0, 0)
    assert_same(three, tmp_path)
    (three.articles / "new.md").write_text("# 卡纸\n", "utf8")
    assert work(build(three)) == (1, 0, 0)
    assert search(Index(open_current(three.index)), Query("卡纸")).total == 1
    assert_same(three, tmp_path)


def test_full_looks_at_nothing_old(three: Settings) -> None:
    """A full build analyses everything and publishes even when nothing changed."""
    report = build(three, full=True)
    assert (work(report), report.published) == ((3, 0, 0), True)


def test_damaged_bundle_is_rebuilt(three: Settings) -> None:
    """The next build does not reuse a damaged bundle."""
    open_current(three.index).file("words.txt").write_text("x")
    assert work(build(three)) == (3, 0, 0)
    assert search(Index(open_current(three.index)), Query("卡纸")).total == 1


def test_several_processes_give_the_same(settings: Settings, write: Write, tmp_path: Path) -> None:
    """Above the size where processes pay, the result does not depend on how many there are."""
    for i in range(210):
        write(f"{i % 7}/{i}.md", f"# 文章 {i}\n\n打印机 卡纸 E-{i:04d} {'更换' * (i % 5)}\n")
    report = build(replace(settings, workers=2))
    assert work(report) == (210, 0, 0)
    assert_same(settings, tmp_path)


# --- dictionary and synonyms -----------------------------------------------------------------


def test_changed_dictionary(three: Settings, write: Write, tmp_path: Path) -> None:
    """A new word of the user's dictionary cuts every article anew at the next build."""
    write("码.md", "# 三码合一\n\n三码不一致。\n")
    build(three)
    assert "三码" not in spellings.words_of(open_current(three.index))
    write("dictionary.txt", "三码  # 产品码、箱码、托盘码\n")
    report = build(three)
    assert (work(report), report.published) == ((4, 0, 0), True)
    assert "三码" in spellings.words_of(open_current(three.index))
    assert_same(three, tmp_path)


def test_changed_synonyms(three: Settings, write: Write) -> None:
    """Synonyms take effect at the next build without analysing any article."""
    assert search(Index(open_current(three.index)), Query("塞车")).total == 0
    write("synonyms.txt", "塞车 => 卡纸\n")
    report = build(three)
    assert (work(report), report.published) == ((0, 3, 0), True)
    page = search(Index(open_current(three.index)), Query("塞车"))
    assert [h.article.path for h in page.hits] == ["printer/jam.md"]
    assert not build(three).published


def test_unusable_vocabulary_is_reported(three: Settings, write: Write) -> None:
    """A wrong line is named; a file that is no text doesn't stop the build."""
    write("synonyms.txt", "卡纸 = 纸塞\n只有一个词\n")
    assert any(p.startswith("synonyms.txt:2:") for p in build(three).problems)
    (three.articles / "synonyms.txt").write_bytes(b"\xff\xff\0\xff")
    assert any(p.startswith("synonyms.txt") for p in build(three).problems)


# --- articles that can't be read ----------------------------------------------------------------

BROKEN = "---\nid: KB-000008\ntitle: [打不开\n---\n# 坏\n"
RECURSIVE = "---\nid: KB-000007\ntags: &a [*a]\n---\n# 递归\n"
BOMB = "---\na: &a [x,x]\nb: &b [*a,*a]\nc: [*b,*b]\n---\n# 炸弹\n"
SKIPPED = {
    "binary.md": b"\x89PNG\r\n\0\0\0\rIHDR" * 20,
    "large.md": b"# large\n" + b"x" * 4096,
    "twice.md": JAM.encode(),
}


@pytest.mark.parametrize("text", [BROKEN, RECURSIVE, BOMB])
def test_an_article_with_a_broken_front_matter_is_told_and_found(three: Settings, text: str) -> None:
    """Nobody loses an article for a colon: it is found by its body, and the sentence says what to write."""
    (three.articles / "odd.md").write_text(text + "\n温控箱面板不亮\n", "utf8")
    for _ in range(2):
        assert any(p.startswith("odd.md:") for p in build(three).problems)
        assert search(Index(open_current(three.index)), Query("温控箱面板")).total == 1


@pytest.mark.parametrize("name", SKIPPED)
def test_unreadable_article_is_named_and_skipped(three: Settings, name: str) -> None:
    """One bad file is a sentence with its name; the others are indexed, at every later build too."""
    small = replace(three, max_file_kb=3)
    (three.articles / "zz").mkdir()
    (three.articles / "zz" / name).write_bytes(SKIPPED[name])
    for first in (True, False):
        report = build(small)
        assert [p for p in report.problems if f"zz/{name}" in p]
        assert (report.articles, work(report), report.published) == (3, (0, 3, 0), first)  # for what it tells
    assert search(Index(open_current(three.index)), Query("卡纸")).total == 1


def test_an_article_that_breaks(three: Settings) -> None:
    """An article that was readable and is no longer leaves the index, and returns when it is mended."""
    path = three.articles / "printer/jam.md"
    path.write_bytes(b"\0\1")
    report = build(three)
    assert work(report) == (0, 2, 1)
    assert search(Index(open_current(three.index)), Query("卡纸")).total == 0
    path.write_text(JAM, "utf8")
    assert work(build(three)) == (1, 2, 0)
    assert search(Index(open_current(three.index)), Query("卡纸")).total == 1


def test_equal_ids_of_other_tools_lose_nothing(three: Settings, write: Write) -> None:
    """They are unique in their folder only: the second is known by its path, and found by its id as well."""
    write("b/intro.md", "---\nid: intro\ntitle: 电子秤\n---\n称重介绍\n")
    write("a/intro.md", "---\nid: intro\ntitle: 打卡机\n---\n打卡介绍\n")
    assert build(three).problems == ()
    found = {h.article.title: h.article.id for h in search(Index(open_current(three.index)), Query("介绍")).hits}
    assert found == {"打卡机": "intro", "电子秤": "b/intro"}
    write("c/intro.md", "---\nid: intro\ntitle: 叫号机\n---\n叫号介绍\n")
    assert update(three, ["c/intro.md"]).problems == ()
    assert search(Index(open_current(three.index)), Query("介绍")).total == 3


def test_the_second_of_two_takes_over(three: Settings, write: Write) -> None:
    """When the first article of a number goes, the other one is indexed."""
    write("zz/twice.md", JAM)
    assert "printer/jam.md" in build(three).problems[0]
    (three.articles / "printer/jam.md").unlink()
    report = build(three)
    assert (work(report), report.problems) == ((1, 2, 1), ())
    assert Index(open_current(three.index)).number_of("KB-000001") == 2


ENCODED = {
    "utf8-bom.md": JAM.encode("utf-8-sig"),
    "crlf.md": JAM.replace("\n", "\r\n").encode(),
    "cr.md": JAM.replace("\n", "\r").encode(),
    "utf16.md": JAM.encode("utf-16"),
    "gb18030.md": JAM.encode("gb18030"),
}


@pytest.mark.parametrize("name", ENCODED)
def test_encodings_and_line_ends(settings: Settings, write: Write, name: str) -> None:
    """However an editor saved it, the article reads the same."""
    write("plain.md", JAM)
    build(settings)
    plain = Index(open_current(settings.index))
    (settings.articles / "plain.md").write_bytes(ENCODED[name])
    report = build(settings, full=True)
    other = Index(open_current(settings.index))
    assert list(other.articles) == list(plain.articles)
    assert other.passage(0) == plain.passage(0)
    assert bool(report.problems) == (name == "gb18030.md")


def test_a_doubt_stays_reported(three: Settings) -> None:
    """A file read as GB 18030 is reported by each build, also by one that reuses it."""
    (three.articles / "gb.md").write_bytes("# 国标编码的文件\n".encode("gb18030"))
    assert [p for p in build(three).problems if "gb.md" in p]
    assert [p for p in build(three).problems if "gb.md" in p]
    (three.articles / "other.md").write_text("# 另一篇\n", "utf8")
    assert [p for p in build(three).problems if "gb.md" in p]


# --- folders ---------------------------------------------------------------------------------


def test_empty_folder(settings: Settings) -> None:
    """No article yet is an index with nothing in it, not an error."""
    report = build(settings)
    assert (report.articles, report.passages, report.published) == (0, 0, True)
    index = Index(open_current(settings.index))
    assert search(index, Query("打印机 卡纸")).total == 0
    assert search(index, Query('"卡纸" title:x -y 卡*')).total == 0
    assert search(index, Query("")).total == 0
    assert suggest(index, "打印机卡纸").suggestions == ()


def test_empty_articles(settings: Settings, write: Write) -> None:
    """Files with nothing in them are articles with nothing in them."""
    for name, text in {"a.md": "", "b.md": "---\n---\n", "c.md": "---\ntitle: 标题\n---\n", "d.md": "\n\n \n"}.items():
        write(name, text)
    assert build(settings).articles == 4
    assert search(Index(open_current(settings.index)), Query("标题")).total == 1


def test_missing_folder(settings: Settings) -> None:
    """A folder that is not there is named, and no index comes of it."""
    with pytest.raises(NotFoundError, match="nowhere"):
        build(replace(settings, articles=settings.articles / "nowhere"))
    assert not settings.index.exists()


def test_missing_folder_keeps_the_index(three: Settings) -> None:
    """An articles folder that is gone (an unmounted disk) does not empty the index."""
    three.articles.rename(three.articles.with_name("away"))
    with pytest.raises(NotFoundError):
        build(three)
    assert len(Index(open_current(three.index)).articles) == 3


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
def test_read_only_articles(three: Settings) -> None:
    """A build never writes among the articles."""
    three.articles.chmod(0o555)
    try:
        assert build(three, full=True).articles == 3
    finally:
        three.articles.chmod(0o755)


def test_articles_are_not_touched(three: Settings) -> None:
    """A build changes no file and no time of the articles folder (the same rule, checked for root too)."""

    def state() -> dict[Path, tuple[int, int]]:
        return {p: (p.stat().st_mtime_ns, p.stat().st_size) for p in (three.articles, *three.articles.rglob("*"))}

    before = state()
    build(three, full=True)
    assert state() == before


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
def test_index_folder_not_writable(three: Settings) -> None:
    """An index folder without permission to write is a sentence with its path."""
    three.index.chmod(0o555)
    try:
        with pytest.raises(BundleError, match=str(three.index)):
            build(three, full=True)
    finally:
        three.index.chmod(0o755)


@pytest.mark.parametrize("below", ["", "deeper"])
def test_index_folder_is_a_file(settings: Settings, below: str) -> None:
    """A file where the index should be, or above it, is a sentence with its path."""
    settings.index.write_text("not a folder")
    with pytest.raises(BundleError, match="index"):
        build(replace(settings, index=settings.index / below if below else settings.index))


def test_links_that_leave_the_folder(three: Settings, tmp_path: Path) -> None:
    """A link to a file or folder outside is passed over; one inside is an article like others."""
    outside = tmp_path / "secret"
    outside.mkdir()
    (outside / "password.md").write_text("# 绝密口令\n", "utf8")
    (three.articles / "link.md").symlink_to(outside / "password.md")
    (three.articles / "folder").symlink_to(outside)
    (three.articles / "loop").symlink_to(three.articles)
    (three.articles / "dangling.md").symlink_to(tmp_path / "nothing.md")
    (three.articles / "inside.md").symlink_to(three.articles / "manual/switch.md")
    report = build(three)
    index = Index(open_current(three.index))
    assert search(index, Query("绝密口令")).total == 0
    assert "inside.md" in {a.path for a in index.articles}
    assert report.articles == 4


def test_odd_names(settings: Settings, write: Write) -> None:
    """File names with blanks, quotes, Chinese and emoji are keys like others; hidden ones are passed over."""
    for name in ('故障 案例/卡纸 "1".md', "😀.md", "a'b.markdown", ".hidden.md", ".git/x.md", "note.txt"):
        write(name, "# 卡纸\n")
    assert build(settings).articles == 3
    assert build(settings).published is False
    index = Index(open_current(settings.index))
    assert {h.article.path for h in search(index, Query("卡纸")).hits} == {a.path for a in index.articles}


def test_documents_in_memory(settings: Settings) -> None:
    """A judged set is indexed without files, in the order given."""
    articles = [Article(path=f"d{i}.md", id=f"d{i}", title=t) for i, t in enumerate(("卡纸", "黑屏", "断网"))]
    report = build_documents(settings, articles)
    assert (report.articles, report.passages) == (3, 3)
    index = Index(open_current(settings.index))
    assert [a.id for a in index.articles] == ["d0", "d1", "d2"]
    assert [h.article.id for h in search(index, Query("黑屏")).hits] == ["d1"]


def test_progress_is_told(three: Settings) -> None:
    """Each step is named, and the count of articles reaches its total."""
    steps: list[tuple[str, int, int]] = []
    report = build(three, full=True, progress=lambda *step: steps.append(step))
    assert ("读取文章", 3, 3) in steps
    assert set(report.steps) == {"read", "lines", "vectors", "spellings", "positions", "facts"}
    assert len(bundles(three.index)) == 2


def test_every_number_of_the_build_is_known() -> None:
    """What the indexer takes from kb.bundle.fields makes another index when it changes, and nothing else of it does."""
    folder = Path(kb.indexer.__file__).parent
    modules = [*folder.rglob("*.py"), folder.parent / "bundle" / "rarity.py"]  # by which the indexer weighs
    imports = (n for p in modules for n in ast.walk(ast.parse(p.read_text("utf8"))))
    taken = {
        a.name for n in imports if isinstance(n, ast.ImportFrom) and n.module == "kb.bundle.fields" for a in n.names
    }
    assert taken == set(fields.BUILD_TIME)


def test_a_number_of_the_query_builds_nothing(
    settings: Settings, write: Write, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What weighs at the query is changed without a build; what the index is made with is not."""
    write("a.md", "# 打印机卡纸\n\n更换搓纸轮。\n")
    build(settings)
    monkeypatch.setattr(fields, "SYNONYM_WEIGHT", 0.123)
    assert not build(settings).published
    monkeypatch.setattr(fields, "TOPICS", 7)
    assert build(settings).published
