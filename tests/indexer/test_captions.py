"""Pictures inside articles: what they say is found, once read, and shown nowhere."""

from collections.abc import Callable, Sequence
from pathlib import Path

import pytest
from screenshots import shot

from kb.articles import captions, lettering
from kb.bundle import open_current
from kb.errors import InputError
from kb.indexer.build import build
from kb.indexer.captions import Captioned, read_pictures
from kb.indexer.changes import Previous
from kb.model import Query
from kb.search.index import Index
from kb.search.searcher import search
from kb.search.suggest import suggest
from kb.settings import Settings

Write = Callable[[str, str], Path]
FACTS = "---\nid: KB-000001\nkind: manual\ntitle: 共享打印\n---\n"
ARTICLE = FACTS + "\n## 现象\n\n弹出这个窗口：\n\n![窗口](a.png)\n\n## 别的\n\n无关\n"


@pytest.fixture
def reader(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """An engine that reads what a file holds; how many pictures each call brought."""
    calls: list[int] = []

    def read(raws: Sequence[bytes]) -> list[str]:
        calls.append(len(raws))
        if any(b"crash" in raw for raw in raws):
            raise InputError("stopped")
        return [raw.decode() for raw in raws]

    monkeypatch.setattr(lettering, "is_available", lambda: True)
    monkeypatch.setattr(lettering, "read", read)
    return calls


def picture(settings: Settings, name: str, says: str) -> None:
    (settings.articles / name).write_bytes(says.encode())


def found(settings: Settings, text: str) -> list[str]:
    return [hit.article.id for hit in search(Index(open_current(settings.index)), Query(text)).hits]


def test_what_a_picture_says_is_found(settings: Settings, write: Write, reader: list[int]) -> None:
    """By words, by code, by a phrase and by a paste; in the section it stands in; no snippet shows it."""
    write("a.md", ARTICLE)
    for i in range(20):
        write(f"filler{i}.md", f"# Filler {i}\n\nword{i}\n")
    picture(settings, "a.png", "无法连接到打印机 0x0000011b")
    build(settings)
    assert found(settings, "0x0000011b") == []
    assert read_pictures(settings) == Captioned(1, 0)
    for asked in ("0x0000011b", "无法连接", '"无法连接到打印机"'):
        assert found(settings, asked) == ["KB-000001"]
    index = Index(open_current(settings.index))
    [hit] = search(index, Query("0x0000011b")).hits
    assert hit.anchor == "现象"
    assert "0x" not in hit.snippet.text
    assert suggest(index, "电脑打不了，弹窗说无法连接到打印机 0x0000011b").suggestions[0].article.id == "KB-000001"
    assert "0x" not in index.body(0)


def test_a_picture_is_read_once(settings: Settings, write: Write, reader: list[int]) -> None:
    """However often it is built, and wherever it is shown; a new one is read, whole builds keep what is known."""
    write("a.md", ARTICLE)
    write("b.md", ARTICLE.replace("KB-000001", "KB-000002"))
    picture(settings, "a.png", "ORA-00257")
    build(settings)
    read_pictures(settings)
    assert read_pictures(settings) == Captioned(0, 0)
    build(settings, full=True)
    assert read_pictures(settings) == Captioned(0, 0)
    assert sorted(found(settings, "ORA-00257")) == ["KB-000001", "KB-000002"]
    picture(settings, "a.png", "ORA-01653")
    read_pictures(settings)
    assert reader == [1, 1]
    assert sorted(found(settings, "ORA-01653")) == ["KB-000001", "KB-000002"]


def test_a_bundle_is_looked_through_once(
    settings: Settings, write: Write, reader: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    """No text of an article is read again to learn which pictures there are; what they say now is."""
    write("a.md", ARTICLE)
    picture(settings, "a.png", "ORA-00257")
    build(settings)
    read_pictures(settings)
    read_pictures(settings)
    monkeypatch.setattr(Previous, "body", lambda *_: pytest.fail("read again"))
    assert read_pictures(settings) == Captioned(0, 0)
    picture(settings, "a.png", "ORA-01653")
    assert read_pictures(settings) == Captioned(1, 0)


def test_a_picture_that_stops_the_reader(settings: Settings, write: Write, reader: list[int]) -> None:
    """Keeps no other from being read, and is not tried again."""
    shown = "".join(f"![x]({n}.png)\n\n" for n in "abc")
    write("a.md", ARTICLE + shown)
    for name, says in (("a", "ORA-00257"), ("b", "crash"), ("c", "ORA-01653")):
        picture(settings, f"{name}.png", says)
    build(settings)
    assert read_pictures(settings).read == 3
    assert found(settings, "ORA-01653") == ["KB-000001"]
    before = len(reader)
    read_pictures(settings)
    assert len(reader) == before


def test_bounds(settings: Settings, write: Write, reader: list[int]) -> None:
    """A run ends after its time and tells what is left; pictures elsewhere, or not there, are none."""
    write("a.md", ARTICLE + "![x](../../etc/passwd.png)\n\n![y](https://x.cn/y.png)\n\n![z](missing.png)\n")
    picture(settings, "a.png", "ORA-00257")
    build(settings)
    assert read_pictures(settings, seconds=0) == Captioned(0, 1)
    assert read_pictures(settings) == Captioned(1, 0)


def test_without_the_extra(settings: Settings, write: Write, monkeypatch: pytest.MonkeyPatch) -> None:
    """A build is what it was, and nothing is kept."""
    monkeypatch.setattr(lettering, "is_available", lambda: False)
    write("a.md", ARTICLE)
    picture(settings, "a.png", "ORA-00257")
    build(settings)
    assert read_pictures(settings) == Captioned(0, 0)
    assert not (settings.index / captions.FILE).exists()


@pytest.mark.skipif(not lettering.is_available(), reason="guzhi[ocr] is not installed")
def test_with_the_engine(settings: Settings, write: Write) -> None:
    """The whole way, with a picture that is one."""
    write("a.md", ARTICLE)
    (settings.articles / "a.png").write_bytes(shot("Operation failed with error 0x0000011b"))
    build(settings)
    read_pictures(settings)
    assert found(settings, "0x0000011b") == ["KB-000001"]
