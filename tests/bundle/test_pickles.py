"""What Whoosh pickles into an index is read by a list of names: nothing that somebody put there is executed."""

import gc
import os
import pickle
import sys
from pathlib import Path
from typing import Any

import pytest
from conftest import Write
from whoosh.filedb.filestore import FileStorage
from whoosh.index import TOC

from kb.bundle import Bundle, current_name, open_current, pickles
from kb.errors import DamagedBundleError
from kb.indexer.build import build
from kb.search.metadata import Facts
from kb.settings import Settings

ARTICLE = """\
    ---
    id: KB-000001
    kind: case
    title: 打印机卡纸
    tags: [打印机]
    ---
    ## 现象

    卡纸
    """


class Evil:
    """Touches a file when it is unpickled the usual way."""

    def __init__(self, place: Path) -> None:
        self.place = place

    def __reduce__(self) -> tuple[Any, ...]:
        return os.mkdir, (str(self.place),)


@pytest.fixture
def folder(write: Write, settings: Settings) -> Path:
    """Whoosh's folder in a small index with a fact."""
    write("a.md", ARTICLE)
    build(settings)
    return open_current(settings.index).file("whoosh")


def test_an_index_of_ours_is_read(folder: Path, settings: Settings) -> None:
    """The list knows all that our own schema, segments and postings consist of."""
    facts = Facts(open_current(settings.index))
    assert facts.phrase("tag", "打印机").tolist() == [0]
    assert facts.shaped("tag", "打*").tolist() == [0]
    facts.close()


@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")  # Whoosh leaves the file open then
@pytest.mark.parametrize("part", ["schema", "segments"])
def test_a_tampered_index_executes_nothing(folder: Path, settings: Settings, tmp_path: Path, part: str) -> None:
    """A schema or a segment that is somebody's call is refused with a sentence that says what to do."""
    storage = FileStorage(str(folder))
    toc = TOC.read(storage, "MAIN")
    evil = Evil(tmp_path / "done")
    if part == "schema":
        toc.schema._fields["tag"].evil = evil
    else:
        toc.segments = [evil]
    storage.delete_file(f"_MAIN_{toc.generation}.toc")
    toc.write(storage, "MAIN")
    with pytest.raises(DamagedBundleError, match="kb build --full"):
        Facts(_unverified(settings))
    gc.collect()
    assert not evil.place.exists()


def _unverified(settings: Settings) -> Bundle:
    """The bundle as somebody would leave it who mended the checksums as well."""
    name = current_name(settings.index)
    assert name is not None
    return Bundle(settings.index / name, {})


def test_what_is_put_there_would_be_executed(tmp_path: Path) -> None:
    """Read the usual way, what these tests put into an index is."""
    evil = Evil(tmp_path / "done")
    pickle.loads(pickle.dumps([evil]))
    assert evil.place.exists()


@pytest.mark.parametrize("call", [os.system, eval, getattr, __import__, pickle.loads, type])
def test_no_function_is_found(call: Any) -> None:
    """Neither what runs commands nor what leads there."""
    with pytest.raises(DamagedBundleError):
        pickles.loads(pickle.dumps(call))


def test_what_is_no_pickle_is_damage() -> None:
    """Anything that cannot be read is told in the same way."""
    for data in (b"", b"x", b"\x80\x04", pickle.dumps({1: [2.5, "a"]})[:-3]):
        with pytest.raises(DamagedBundleError):
            pickles.loads(data)
    assert pickles.loads(pickle.dumps({1: [2.5, "a"]})) == {1: [2.5, "a"]}


def test_every_module_of_whoosh_is_guarded() -> None:
    """None that is loaded holds the reader that executes."""
    loaded = [m for name, m in sys.modules.items() if name.split(".")[0] == "whoosh"]
    assert len(loaded) > 20
    unsafe = (pickle, pickle.load, pickle.loads)
    held = [f"{m.__name__}.{n}" for m in loaded for n, v in list(vars(m).items()) if any(v is u for u in unsafe)]
    assert [place for place in held if place != "whoosh.util.loading.pickle"] == []
    from whoosh import legacy

    assert legacy.toc_loaders == {}
