"""The recipes of CONTRIBUTING.md work: what they name exists, and a row in the table they name is enough."""

import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from conftest import Write

from kb.articles.importing import documents, plan, readers
from kb.articles.importing.model import Draft, Options, Reading
from kb.articles.importing.sources import Source
from kb.errors import InputError
from kb.model import Query
from kb.search.index import Index
from kb.search.searcher import search
from kb.search.suggest import suggest
from kb.settings import Settings
from kb.text import identifiers, tokens

ROOT = Path(__file__).parents[1]
GUIDE = (ROOT / "CONTRIBUTING.md").read_text("utf8")

NAMED = re.findall(r"`((?:kb|tests|articles|scripts|requirements)/[\w/.-]+)`", GUIDE)
PLACES = re.findall(r"`([A-Z]\w+|__version__)` +(?:in|of)\s+`([\w/]+\.py)`", GUIDE) + [
    (name, file) for name, file in re.findall(r"^\| `(\w+)` in `([\w/]+\.py)`", GUIDE, re.MULTILINE)
]


@pytest.mark.parametrize("name", sorted(set(NAMED)))
def test_what_is_named_exists(name: str) -> None:
    """A file that moved moves in the guide."""
    assert (ROOT / name.replace("NAME", "test")).exists()


@pytest.mark.parametrize(("name", "file"), sorted(set(PLACES)))
def test_tables_stand_where_they_are_said_to(name: str, file: str) -> None:
    """A table, or a number that rises, is defined in the file that is named with it."""
    assert re.search(rf"^{name}\b.*=|^class {name}\b", (ROOT / file).read_text("utf8"), re.MULTILINE)


def test_there_are_recipes_to_walk() -> None:
    """What is read of the guide is what the tests above are about."""
    assert {"SHAPES", "STEPS", "READERS", "KEYS", "SETTINGS", "SCHEMA", "HEAD"} <= {name for name, _ in PLACES}
    assert len(set(NAMED)) > 20


# --- a kind of file --------------------------------------------------------------------------


def draft(name: str, path: str, body: str) -> Draft:
    head = "---\nid: {}\nkind: manual\ntitle: 交换机说明\n---\n\n"
    return Draft(name, path, lambda number: head.format(number) + body, body)


def imported(source: Path, settings: Settings) -> list[Path]:
    return plan.carry_out(plan.plan(source, settings.articles, Options()))


def test_a_kind_of_file_is_a_row(settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Of READERS: a file of its suffix is imported, which none could read before."""

    def read(path: Path, options: Options) -> Reading:
        return Reading((draft(path.name, "{number}.md", path.read_text("utf8")),))

    source = tmp_path / "switch.nfo"
    source.write_text("先看指示灯。\n", "utf8")
    with pytest.raises(InputError, match="能导入的格式"):
        imported(source, settings)
    monkeypatch.setattr(readers, "READERS", (*readers.READERS, readers.Reader((".nfo",), read)))
    [written] = imported(source, settings)
    assert "先看指示灯。" in written.read_text("utf8")


def test_a_kind_of_document_is_a_row(settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Of DOCUMENTS: it may stand in a folder among others."""

    def read(source: Source, name: str, place: str, options: Options) -> Draft:
        return draft(name, place, source.read(name).decode())

    folder = tmp_path / "wiki"
    folder.mkdir()
    (folder / "switch.nfo").write_text("先看指示灯。\n", "utf8")
    (folder / "router.md").write_text("# 路由器\n\n先看网线。\n", "utf8")
    assert plan.plan(folder, settings.articles, Options()).left_out == ("switch.nfo",)
    monkeypatch.setitem(documents.DOCUMENTS, ".nfo", read)
    assert sorted(path.stem for path in imported(folder, settings)) == ["router", "switch"]


# --- a family of identifiers -----------------------------------------------------------------


def forget() -> None:
    """How texts were cut by other rows."""
    identifiers.identify.cache_clear()
    tokens.tokenizer_of.cache_clear()
    tokens._compound.cache_clear()


@pytest.fixture
def cabinets(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Places in a machine room: se7b12 is the twelfth of cabinet 7, which some write rack7x12; each is itself."""

    def canonical(m: re.Match[str]) -> tuple[str, list[str]]:
        return f"se{m[1]}b{m[2]}", []

    family: Any = ("code", re.compile(r"(?:se|rack)(\d+)[bx](\d+)"), canonical)
    monkeypatch.setattr(identifiers, "SHAPES", (family, *identifiers.SHAPES))
    forget()
    yield
    forget()


def written(write: Write, indexed: Callable[[], Index]) -> Index:
    write("a.md", "---\nid: KB-000001\ntitle: 机柜断电\n---\n\nSE7B12 的空气开关跳了。\n")
    write("b.md", "---\nid: KB-000002\ntitle: 机柜过热\n---\n\nSE7B13 的风扇停了。\n")
    return indexed()


def found(index: Index, text: str) -> list[str]:
    return [hit.article.id for hit in search(index, Query(text, exact=True)).hits]


def test_without_its_row_a_family_is_not_known(write: Write, indexed: Callable[[], Index]) -> None:
    """What the next test shows is not so by itself."""
    assert found(written(write, indexed), "RACK7X12") == []


@pytest.mark.usefixtures("cabinets")
def test_a_family_of_identifiers_is_a_row(write: Write, indexed: Callable[[], Index]) -> None:
    """Of SHAPES: articles and queries are cut by it, another spelling is found, another identifier is not."""
    index = written(write, indexed)
    assert found(index, "RACK7X12") == ["KB-000001"]
    assert found(index, "se7b13") == ["KB-000002"]
    assert [i.text for i in suggest(index, "RACK7X12 没电").identifiers] == ["RACK7X12"]
