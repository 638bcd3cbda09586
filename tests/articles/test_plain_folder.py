"""A folder of plain Markdown, without front matter, is a base: its dates, its menus, its titles, its folders."""

import os
import shutil
import subprocess
from collections.abc import Callable
from datetime import UTC, date, datetime
from pathlib import Path

import pytest
from conftest import Write
from test_web import visit

from kb.articles import dates, markdown
from kb.articles.files import find, is_article, menus, parse
from kb.cli.common import note_menus
from kb.indexer.build import build
from kb.model import Page as Found
from kb.model import Query, folders
from kb.search.index import Index
from kb.search.searcher import search
from kb.settings import Settings
from kb.web.folders import Branch, tree

Indexed = Callable[[], Index]

GIT = shutil.which("git")
NOON = datetime(2021, 3, 4, 12, tzinfo=UTC)


def touched(path: Path, day: datetime) -> Path:
    os.utime(path, (day.timestamp(), day.timestamp()))
    return path


# --- dates -----------------------------------------------------------------------------------


def test_without_git_the_file_tells_the_day(write: Write, settings: Settings, indexed: Indexed) -> None:
    """Of an article that says no day itself; what it says wins."""
    touched(write("a.md", "# 路由器\n\n先看灯。\n"), NOON)
    touched(write("b.md", "---\ncreated: 2019-01-02\n---\n# 交换机\n\n先看灯。\n"), NOON)
    told = {a.path: (a.created, a.updated) for a in indexed().articles}
    assert told == {"a.md": (None, date(2021, 3, 4)), "b.md": (date(2019, 1, 2), None)}
    assert build(settings).published is False


def run_git(folder: Path, *words: str, day: str = "2020-05-06T12:00:00+00:00") -> None:
    who = {
        f"GIT_{role}_{what}": f"{role}@example.com" for role in ("AUTHOR", "COMMITTER") for what in ("NAME", "EMAIL")
    }
    variables = {**os.environ, **who, "GIT_AUTHOR_DATE": day, "GIT_COMMITTER_DATE": day}
    subprocess.run(["git", "-C", str(folder), *words], env=variables, check=True, capture_output=True)


@pytest.fixture
def repository(settings: Settings, write: Write) -> Path:
    """Two files committed on a day each, one changed since, one never committed; the articles lie in a folder of it."""
    root = settings.articles.parent
    run_git(root, "init", "--quiet")
    for name in ("网络/a.md", "网络/b c.md", "changed.md"):
        write(name, f"# {name}\n\n正文\n")
    run_git(root, "add", ".")
    run_git(root, "commit", "--quiet", "-m", "first")
    write("网络/b c.md", "# 二\n\n正文\n")
    run_git(root, "commit", "--quiet", "-am", "second", day="2021-07-08T12:00:00+00:00")
    touched(write("changed.md", "# 改过\n\n正文\n"), NOON)
    touched(write("new.md", "# 新的\n\n正文\n"), NOON)
    return settings.articles


@pytest.mark.skipif(GIT is None, reason="needs git")
def test_git_tells_the_day(repository: Path) -> None:
    """Of the last commit; of the file where it was changed since, or never committed."""
    times = {p.relative_to(repository).as_posix(): p.stat().st_mtime_ns for p in find(repository)}
    assert dates.changed(repository, times) == {
        "网络/a.md": date(2020, 5, 6),
        "网络/b c.md": date(2021, 7, 8),
        "changed.md": date(2021, 3, 4),
        "new.md": date(2021, 3, 4),
    }


@pytest.mark.skipif(GIT is None, reason="needs git")
def test_history_is_not_asked_when_nothing_changed(
    repository: Path, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An unchanged build starts no git; nor does a build of articles that say their days."""
    build(settings)

    def refuse(*arguments: object, **options: object) -> None:
        raise AssertionError(arguments)

    monkeypatch.setattr(subprocess, "Popen", refuse)
    assert build(settings).published is False
    (repository / "dated.md").write_text("---\nupdated: 2020-01-01\n---\n# 有日期\n", "utf8")
    assert build(settings).analysed == 1


def test_a_git_that_fails_is_no_failure(settings: Settings, write: Write, monkeypatch: pytest.MonkeyPatch) -> None:
    """Neither what is no repository nor a program that can't be started keeps an article away."""
    (settings.articles / ".git").mkdir()
    times = {"a.md": touched(write("a.md", "# 一\n"), NOON).stat().st_mtime_ns}
    assert dates.changed(settings.articles, times) == {"a.md": date(2021, 3, 4)}
    monkeypatch.setattr(shutil, "which", lambda name: str(settings.articles / "missing"))
    assert dates.changed(settings.articles, times) == {"a.md": date(2021, 3, 4)}


# --- menus -----------------------------------------------------------------------------------

LINKS = (
    "# 目录\n\n- [安装](install.md)\n  - [升级说明](upgrade.md#from)\n* <https://example.com/docs>\n"
    "## [网络](net/index.md)\n"
)


@pytest.mark.parametrize("name", ["index.md", "README.md", "TOC.md", "toc-cloud.md", "目录.md", "net/_index.md"])
def test_a_menu_is_no_article(write: Write, settings: Settings, name: str, capsys: pytest.CaptureFixture[str]) -> None:
    """A file that is called like one and holds links, hardly a word beside them; it is told what was left out."""
    path = write(name, "---\ntitle: 目录\n---\n" + LINKS)
    write("install.md", "# 安装\n\n解压即可。\n")
    assert [p.name for p in find(settings.articles)] == ["install.md"]
    assert not is_article(path, settings.articles)
    assert menus(settings.articles) == [name]
    note_menus(settings.articles)
    assert name in capsys.readouterr().err


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("links.md", LINKS),  # called as an article is
        ("index.md", LINKS + "\n先看安装说明，再按顺序做完升级、联网、验证三步，遇到报错看常见问题一节。\n"),
        ("README.md", "# 打印机\n"),  # nothing in it is no menu
        ("TOC.md", "```\n" + "dir /s\n" * 30 + "```\n[一](a.md)\n"),
    ],
)
def test_what_says_something_is_an_article(write: Write, settings: Settings, name: str, text: str) -> None:
    """The text decides, not the name alone, and a name that says nothing is never looked into."""
    write(name, text)
    assert [p.name for p in find(settings.articles)] == [name]
    assert menus(settings.articles) == []


def test_a_menu_that_becomes_an_article_is_found(write: Write, settings: Settings) -> None:
    """What was seen of a file counts for that state of it alone."""
    write("index.md", LINKS)
    assert list(find(settings.articles)) == []
    write("index.md", LINKS + "正文很长，" * 40)
    assert len(list(find(settings.articles))) == 1


# --- titles ----------------------------------------------------------------------------------


def test_the_folder_names_a_file_whose_name_says_nothing() -> None:
    """index and README are called after their folder where they have no heading; at the top there is none."""
    assert parse("先看灯。\n", "docs/路由器/index.md").title == "路由器"
    assert parse("先看灯。\n", "README.md").title == "README"
    assert parse("# 怎样重启\n", "docs/路由器/index.md").title == "怎样重启"


def test_earlier_addresses_are_no_customers_words() -> None:
    """Hugo's aliases are addresses."""
    assert parse("---\naliases: ['/docs/dev/', 连不上网]\n---\n", "a.md").aliases == ("连不上网",)


def test_a_title_is_said_once() -> None:
    """A first heading that repeats the title is left out of text and contents; its anchor still leads there."""
    body = "# 路由器 `R1`\n\n先看灯。\n\n## 重启\n\n# 路由器 R1\n"
    html = markdown.render(body, prefix="p-", title="路由器 R1")
    assert html.startswith('<span id="p-路由器-r1"></span>\n<p>先看灯')
    assert html.count("<h1") == 1
    assert [o.title for o in markdown.outline(body, "路由器 R1")] == ["重启", "路由器 R1"]
    assert markdown.render(body, title="交换机").count("<h1") == 2
    assert len(markdown.outline(body)) == 3


# --- folders ---------------------------------------------------------------------------------


def test_folders() -> None:
    """From the top down, none for a file at the top."""
    assert folders("a/b/c.md") == ("a", "a/b")
    assert folders("c.md") == ()


def test_the_tree_leaves_out_folders_that_are_no_choice() -> None:
    """One that holds everything is passed through; the others stand in each other by name."""
    counts = (("docs", 5), ("docs/zh", 5), ("docs/zh/b", 3), ("docs/zh/a", 2), ("docs/zh/b/c", 1))
    assert tree(counts) == (
        Branch("docs/zh/a", "a", 2, ()),
        Branch("docs/zh/b", "b", 3, (Branch("docs/zh/b/c", "c", 1, ()),)),
    )
    assert tree(()) == ()


@pytest.fixture
def documents(write: Write, indexed: Indexed) -> Index:
    """A folder of documents as a project has it."""
    for name in ("net/lan.md", "net/wifi/a.md", "net/wifi/b.md", "print/c.md", "d.md"):
        write(name, f"# {name} 说明\n\n## 重启\n\n拔电源，等指示灯灭。\n")
    return indexed()


def found(index: Index, text: str, **filters: tuple[str, ...]) -> Found:
    return search(index, Query(text, filters))


@pytest.mark.parametrize(
    ("asked", "articles"),
    [
        ("folder:net", {"net/lan", "net/wifi/a", "net/wifi/b"}),
        ("文件夹:net/wifi/", {"net/wifi/a", "net/wifi/b"}),
        ("重启 -folder:net", {"print/c", "d"}),
        ("folder:ne", set()),
    ],
)
def test_a_folder_is_asked_for_with_those_below(documents: Index, asked: str, articles: set[str]) -> None:
    """As a field of a query; a part of a name is no folder."""
    assert {h.article.id for h in found(documents, asked).hits} == articles


def test_a_folder_is_a_filter(documents: Index) -> None:
    """Its counts are of what lies in it and below."""
    page = found(documents, "重启", folder=("net/wifi",))
    assert page.total == 2
    assert dict(page.facets["folder"]) == {"net": 3, "net/wifi": 2, "print": 1}


def test_headings_do_not_repeat_the_title(documents: Index) -> None:
    """Where a hit stands is told from below its title."""
    assert {h.heading for h in found(documents, "拔电源").hits} == {("重启",)}


def test_pages_of_such_a_base(documents: Index, settings: Settings) -> None:
    """Home, browse, results and article lead through the folders, and show nothing that only cases have."""
    site = visit(settings)

    def html(address: str) -> str:
        return site.get(address).text

    assert 'href="/search?folder=net"' in html("/")
    assert 'href="/search?folder=net/wifi"' in html("/browse")
    assert "领域与原因" not in html("/browse")
    assert 'class="depth1"' in html("/search?q=重启&folder=net")
    assert html("/a/net/wifi/a").count("net/wifi/a.md 说明</h1>") == 1


def test_a_base_with_areas_is_not_sorted_by_folders(sample_settings: Settings) -> None:
    """Its folders would only say the areas again; a folder that was asked for is shown all the same."""
    site = visit(sample_settings)
    assert "folder-choices" not in site.get("/search?q=打印机").text
    assert 'id="folders"' not in site.get("/browse").text
    assert "folder-choices" in site.get("/search?q=打印机&folder=printer").text
