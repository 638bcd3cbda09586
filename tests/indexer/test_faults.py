"""Power cuts, full disks, two builds at once: the last good index goes on serving."""

import errno
import io
import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from dataclasses import replace
from functools import partial
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import kb.bundle
from kb.bundle import building, bundles, current_name, open_current
from kb.errors import BundleError, BusyError
from kb.indexer import bm25, changes, columns, facets, metadata, parallel, positions, writer
from kb.indexer.build import build
from kb.model import Query
from kb.search.index import Index, Library
from kb.search.searcher import search
from kb.settings import Settings

Write = Callable[[str, str], Path]
ROOT = Path(__file__).parents[2]


@pytest.fixture
def good(settings: Settings, write: Write) -> Settings:
    """A published index of 40 articles."""
    for i in range(40):
        write(f"{i:02d}.md", f"# 打印机卡纸 {i}\n\n进纸口卡纸，错误 E-{i:04d}。\n")
    build(settings)
    return settings


def assert_serves(settings: Settings) -> None:
    """The index in force opens with every file verified and answers from text and positions."""
    index = Index(open_current(settings.index))
    assert search(index, Query('"进纸口卡纸" E-0007')).hits[0].article.path == "07.md"


def test_kill_9_at_any_moment(good: Settings) -> None:
    """A build killed at a random moment leaves the last index, and the next build leaves nothing of it."""
    program = (
        "import sys; from pathlib import Path; from kb.settings import load; from kb.indexer.build import build;"
        "settings = load({'workers': 1}, Path(sys.argv[1])); build(settings, full=True); print('go', flush=True);"
        "[build(settings, full=True) for _ in range(1000)]"
    )
    moments = random.Random(20260102)
    known = {current_name(good.index)}
    for _ in range(6):
        process = subprocess.Popen(
            [sys.executable, "-W", "ignore", "-c", program, str(good.articles.parent)],
            stdout=subprocess.PIPE,
            env={**os.environ, "PYTHONPATH": str(ROOT)},
        )
        assert process.stdout is not None
        assert process.stdout.readline() == b"go\n"
        time.sleep(moments.uniform(0.0, 0.4))
        process.send_signal(signal.SIGKILL)
        process.communicate()
        assert process.returncode == -signal.SIGKILL
        assert_serves(good)
        known.add(current_name(good.index))
    report = build(good, full=True)
    assert report.articles == 40
    assert_serves(good)
    left = {p.name for p in good.index.iterdir()} - {b.name for b in bundles(good.index)}
    assert left == {".lock", "current"}
    assert len(bundles(good.index)) == 2
    assert len(known) > 1


FULL = OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


def no_space(*_: object, **__: object) -> Any:
    raise FULL


PLACES = {
    "lines": (columns.LineFile, "write"),
    "manifest and words": (Path, "write_text"),
    "arrays": (np, "save"),
    "facts": (metadata, "write"),
    "facets": (facets, "write"),
    "weights": (bm25, "write"),
    "positions": (positions, "write"),
    "sync": (os, "fsync"),
    "rename": (Path, "rename"),
    "switch": (Path, "replace"),
    "folder": (Path, "mkdir"),
}


@pytest.mark.parametrize("place", PLACES)
def test_disk_full(good: Settings, monkeypatch: pytest.MonkeyPatch, place: str) -> None:
    """Wherever the space runs out, the reason is said, the last index serves, and space makes the build work."""
    before = current_name(good.index)
    (good.articles / "new.md").write_text("# 新文章\n", "utf8")
    monkeypatch.setattr(*PLACES[place], no_space)
    with pytest.raises(BundleError, match=os.strerror(errno.ENOSPC)) as caught:
        build(good)
    monkeypatch.undo()
    assert str(good.index) in str(caught.value)
    assert current_name(good.index) == before
    assert not list(good.index.glob(".building-*"))
    assert_serves(good)
    assert build(good).analysed == 1
    assert_serves(good)


def test_disk_full_in_whoosh(good: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoosh's own files are no exception: every one it opens for writing is /dev/full."""
    if not Path("/dev/full").exists():
        pytest.skip("this system has no /dev/full")
    from whoosh.filedb.filestore import FileStorage

    original = io.open

    def create_file(self: Any, name: str, **_: object) -> Any:
        from whoosh.filedb.structfile import StructFile

        return StructFile(original("/dev/full", "wb"), name=name)

    before = current_name(good.index)
    monkeypatch.setattr(FileStorage, "create_file", create_file)
    with pytest.raises(BundleError, match=os.strerror(errno.ENOSPC)):
        build(good, full=True)
    monkeypatch.undo()
    assert current_name(good.index) == before
    assert_serves(good)


def test_a_limit_on_file_size(good: Settings) -> None:
    """A real refusal by the system in the middle of writing: files may not pass 20 kB."""
    program = (
        "import resource, signal, sys; from pathlib import Path; from kb.settings import load;"
        "from kb.indexer.build import build; from kb.errors import BundleError;"
        "signal.signal(signal.SIGXFSZ, signal.SIG_IGN); resource.setrlimit(resource.RLIMIT_FSIZE, (20000, 20000))\n"
        "try: build(load({'workers': 1}, Path(sys.argv[1])))\n"
        "except BundleError as error: print(error)\n"
    )
    before = current_name(good.index)
    (good.articles / "big.md").write_text("# 大\n\n" + "卡纸 E-0001 端口 " * 3000, "utf8")
    told = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", program, str(good.articles.parent)],
        capture_output=True,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        text=True,
        check=False,
    )
    assert os.strerror(errno.EFBIG) in told.stdout, told.stderr
    assert current_name(good.index) == before
    assert_serves(good)
    assert build(good).analysed == 1


def broken_pool(workers: int) -> ProcessPoolExecutor:
    """Processes that end before they have done anything, as when the memory is full."""
    return ProcessPoolExecutor(workers, get_context("spawn"), initializer=os._exit, initargs=(9,))


def test_a_process_that_is_ended(good: Settings, write: Write, monkeypatch: pytest.MonkeyPatch) -> None:
    """A process that the system ends is a sentence, and its advice helps: one worker needs no other process."""
    for i in range(parallel.PARALLEL_FROM):
        write(f"more/{i}.md", f"---\ntags: [批量]\n---\n# 文章 {i}\n")
    for module in (parallel, writer):
        monkeypatch.setattr(module, "pool", broken_pool)
    before = current_name(good.index)
    with pytest.raises(BundleError, match="workers = 1"):
        build(replace(good, workers=2))
    monkeypatch.setattr(changes, "in_parallel", partial(alone, parallel.in_parallel))
    with pytest.raises(BundleError, match="workers = 1"):
        build(replace(good, workers=2))
    assert current_name(good.index) == before
    assert_serves(good)
    assert build(good).articles == 40 + parallel.PARALLEL_FROM


def alone(original: Callable[..., Any], work: object, jobs: object, arguments: object, *rest: Any) -> Any:
    """in_parallel() with one worker, so that only what else is done beside fails."""
    return original(work, jobs, arguments, 1, *rest[1:])


def test_two_builds_at_once(good: Settings) -> None:
    """The second build is refused at once and disturbs nothing; searching goes on meanwhile."""
    with building(good.index):
        with pytest.raises(BusyError):
            build(good, full=True)
        assert_serves(good)
    assert build(good, full=True).published


def test_reader_follows_and_old_readers_finish(good: Settings) -> None:
    """A running site sees each new bundle at its next request; who has the old one open can finish with it."""
    library = Library(good.index)
    old = library.index()
    assert library.index() is old
    (good.articles / "new.md").write_text("# 新文章\n", "utf8")
    build(good)
    assert library.index() is not old
    assert search(library.index(), Query("新文章")).total == 1
    # Its full text was never opened before the switch.
    assert search(old, Query('"进纸口卡纸" E-0007')).hits[0].article.path == "07.md"
    assert old.passage(0).text


def test_index_removed_under_a_running_site(good: Settings) -> None:
    """When somebody deletes the index folder, the next request says so, and a build brings it back."""
    library = Library(good.index)
    library.index()
    import shutil

    shutil.rmtree(good.index)
    with pytest.raises(BundleError, match="kb build"):
        library.index()
    build(good)
    assert len(library.index().articles) == 40


def test_publish_is_durable(good: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    """Every file and folder of a bundle is synced before the switch names it."""
    done: list[str] = []
    sync, replace = kb.bundle._sync, Path.replace

    def synced(path: Path) -> None:
        done.append(path.name)
        sync(path)

    def replaced(self: Path, target: Path) -> Path:
        done.append("switch")
        return replace(self, target)

    monkeypatch.setattr(kb.bundle, "_sync", synced)
    monkeypatch.setattr(Path, "replace", replaced)
    build(good, full=True)
    bundle = open_current(good.index)
    before = done[: done.index("switch")]
    assert {Path(f).name for f in bundle.manifest["files"]} | {"manifest.json", "whoosh", "current.new"} <= set(before)
    assert done[-1] == good.index.name
