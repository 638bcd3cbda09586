"""This module answers: what is an index build on disk, and which one is in force?

    index/
      current                 the name of the bundle in force, replaced in one step
      20260102T030405-0/      one bundle: manifest.json, arrays, JSON lines, whoosh/
      .lock                   held by the build that is running
      .building-…             what it has written so far; nothing reads it
      .runs/                  what it has analysed so far, see kb.indexer.runs

A bundle is never changed after it was published. A small one may stand beside a large one, its base, and hold
only what changed since. Arrays and JSON only, but for what Whoosh pickles (kb.bundle.pickles): nothing in it executes
on load. What others on this machine may write is not opened at all.

- Which fields and weights are there, and why? fields.py; how rare is a term? rarity.py
- What is an index on disk? How is it published? __init__.py; what of it may be a pickle: pickles.py; lines of it:
  stored.py; terms as numbers: kb/text/hashing.py
"""

import contextlib
import fcntl
import json
import os
import shutil
import stat
import time
import zlib
from collections.abc import Collection, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from kb.errors import BundleError, BusyError, DamagedBundleError, NoBundleError, OpenBundleError, StaleBundleError
from kb.language import say

if TYPE_CHECKING:
    from numpy.typing import NDArray

SCHEMA = 11
"""Raise when the files of a bundle change their meaning."""
MANIFEST = "manifest.json"
CURRENT = "current"
POINTER = "current.new"


class Bundle:
    """One published build, opened for reading. manifest: see kb.indexer.build.

    base: the bundle it stands beside. Then it holds only what changed since, and the manifest's "hidden" are the
    articles of the base that it replaces or that are no more.
    """

    def __init__(self, folder: Path, manifest: dict[str, Any], base: "Bundle | None" = None) -> None:
        self.folder = folder
        self.manifest = manifest
        self.base = base

    def file(self, name: str) -> Path:
        """The place of a file or folder. Raises StaleBundleError when whoever built the bundle wrote none."""
        path = self.folder / name
        if not path.exists():
            raise StaleBundleError(
                say(
                    "索引里没有 {name}，它是别的版本建的；运行 kb build --full 重建",
                    "there is no {name} in the index, it was built by another version; run kb build --full",
                    name=name,
                )
            )
        return path

    def json(self, name: str) -> Any:
        return json.loads(self.file(name).read_bytes())

    def array(self, name: str) -> "NDArray[Any]":
        """An array, mapped from disk; a plain one, for slicing numpy's own class for them is slow."""
        import numpy as np  # most commands open no index

        return np.asarray(np.load(self.file(f"{name}.npy"), mmap_mode="r")).view(np.ndarray)

    def lines(self, name: str) -> list[str]:
        """The lines of a text file."""
        text = self.file(name).read_text("utf8")
        return text.split("\n") if text else []

    def check_cut(self, tokens: str) -> None:
        """Raise StaleBundleError when its texts were cut by another tokeniser than that of this fingerprint."""
        if self.manifest["tokens"] != tokens:
            raise StaleBundleError(
                say(
                    "索引是用别的分词版本建的；运行 kb build 重建",
                    "the index was cut by another version of the tokeniser; run kb build",
                )
            )


def write_json(path: Path, value: Any) -> None:
    """Write a JSON file of a bundle."""
    path.write_text(json.dumps(value, ensure_ascii=False), "utf8", errors="replace")


def current_name(index: Path) -> str | None:
    """The name of the bundle in force, None when nothing was published."""
    try:
        return (index / CURRENT).read_text("utf8").strip() or None
    except FileNotFoundError:
        return None
    except (OSError, UnicodeDecodeError) as error:
        raise DamagedBundleError(_unreadable(index / CURRENT, error))


def open_current(index: Path, verify: bool = True, opened: Bundle | None = None) -> Bundle:
    """Open the bundle in force, and the base it stands beside.

    opened: a bundle that was opened before; when it is the base, or has the same one, that is not opened again.
    Raises NoBundleError, StaleBundleError (schema of another version), DamagedBundleError
    (a file is missing, has another size, or, with verify, other bytes than were written).
    """
    name = current_name(index)
    if name is None:
        raise NoBundleError(
            say(
                "{index} 里还没有索引；先运行 kb build",
                "there is no index in {index} yet; run kb build first",
                index=index,
            )
        )
    _check_closed(index)
    _check_closed(index / CURRENT)
    bundle = open_sealed(index / name, verify)
    base_name = bundle.manifest["base"]
    if base_name is None:
        return bundle
    base = (opened.base or opened) if opened is not None else None
    if base is None or base.folder.name != base_name:
        base = open_sealed(index / base_name, verify)
    return Bundle(bundle.folder, bundle.manifest, base)


def open_sealed(folder: Path, verify: bool = True) -> Bundle:
    """Open a folder that seal() completed. Raises as open_current() does."""
    try:
        manifest = json.loads((folder / MANIFEST).read_bytes())
        schema, files, checksum = manifest["schema"], manifest["files"], manifest.get("checksum")
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise DamagedBundleError(_unreadable(folder / MANIFEST, error))
    if schema != SCHEMA:
        raise StaleBundleError(
            say(
                "索引是别的版本建的（{found}，本版本用 {wanted}）；运行 kb build 重建",
                "the index was built by another version ({found}, this one reads {wanted}); run kb build",
                found=schema,
                wanted=SCHEMA,
            )
        )
    if checksum != _manifest_checksum(manifest):
        raise DamagedBundleError(_damaged(folder / MANIFEST))
    for place in {folder, folder / MANIFEST, *((folder / file).parent for file in files)}:
        _check_closed(place)
    for file, (size, checksum) in files.items():
        _check_file(folder / file, size, checksum if verify else None)
    return Bundle(folder, manifest)


def _check_closed(path: Path) -> None:
    """Raise OpenBundleError when any user of this machine may write a file or folder of the index."""
    try:
        mode = path.stat().st_mode
    except OSError as error:
        raise DamagedBundleError(_unreadable(path, error))
    if mode & stat.S_IWOTH:
        raise OpenBundleError(
            say(
                "别的用户也能写 {path}（权限 {mode:o}），不敢用；看看有没有别人放进去的，再运行 chmod -R o-w {path}",
                "other users may write {path} (mode {mode:o}), so it is not used; look for what others put there, then "
                "run chmod -R o-w {path}",
                path=path,
                mode=stat.S_IMODE(mode),
            )
        )


def _close(path: Path) -> None:
    """Take the right to write from other users, whatever the umask gave them."""
    mode = stat.S_IMODE(path.stat().st_mode)
    if mode & stat.S_IWOTH:
        path.chmod(mode & ~stat.S_IWOTH)


def verify(bundle: Bundle) -> None:
    """Look at every byte of a bundle that was opened without; not at those of its base. Raises DamagedBundleError."""
    for file, (size, checksum) in bundle.manifest["files"].items():
        _check_file(bundle.folder / file, size, checksum)


def _check_file(path: Path, size: int, checksum: int | None) -> None:
    try:
        _check_closed(path)
        intact = path.stat().st_size == size and (checksum is None or _checksum(path) == checksum)
    except OSError as error:
        raise DamagedBundleError(_unreadable(path, error))
    if not intact:
        raise DamagedBundleError(_damaged(path))


def _damaged(path: Path) -> str:
    return say(
        "索引文件 {path} 已损坏；运行 kb build 重建",
        "the index file {path} is damaged; run kb build",
        path=path,
    )


def _unreadable(path: Path, error: Exception) -> str:
    return say(
        "索引文件 {path} 缺失或读不了（{error}）；运行 kb build 重建",
        "the index file {path} is missing or can't be read ({error}); run kb build",
        path=path,
        error=error,
    )


def _checksum(path: Path) -> int:
    crc = 0
    with path.open("rb") as f:
        while block := f.read(1 << 20):
            crc = zlib.crc32(block, crc)
    return crc


def _manifest_checksum(manifest: dict[str, Any]) -> int:
    """Of all that a manifest says but the checksum itself."""
    rest = {k: v for k, v in manifest.items() if k != "checksum"}
    return zlib.crc32(json.dumps(rest, sort_keys=True).encode())


@contextlib.contextmanager
def building(index: Path) -> Iterator[Path]:
    """Lock the index folder and give an empty folder to build in; it is gone afterwards unless published.

    Raises BusyError when another build holds the lock, BundleError when nothing can be written there.
    """
    try:
        index.mkdir(mode=0o755, parents=True, exist_ok=True)
        _check_closed(index)
        lock = (index / ".lock").open("a+")
    except OSError as error:
        raise BundleError(_unwritable(index, error))
    with lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            lock.seek(0)
            raise BusyError(
                say(
                    "另一个构建正在进行（进程 {pid}）；等它结束再试",
                    "another build is running (process {pid}); try again when it has ended",
                    pid=lock.read().strip() or "?",
                )
            )
        folder = index / f".building-{os.getpid()}"
        try:
            for leftover in index.glob(".building-*"):
                shutil.rmtree(leftover, ignore_errors=True)
            (index / POINTER).unlink(missing_ok=True)
            lock.truncate(0)
            lock.write(str(os.getpid()))
            lock.flush()
            folder.mkdir()
        except OSError as error:
            raise BundleError(_unwritable(index, error))
        try:
            yield folder
        finally:
            shutil.rmtree(folder, ignore_errors=True)


def _unwritable(index: Path, error: OSError) -> str:
    return say("{index} 不能写入：{error}", "{index} can't be written: {error}", index=index, error=error.strerror)


def seal(folder: Path, manifest: dict[str, Any]) -> Bundle:
    """Write the manifest of a folder that is complete: what opens it can tell that it is."""
    names = sorted(str(p.relative_to(folder)) for p in folder.rglob("*") if p.is_file())
    files = {n: [(folder / n).stat().st_size, _checksum(folder / n)] for n in names if not n.endswith("LOCK")}
    # Through JSON and back: what is checked when it is opened is what can be read then.
    manifest = json.loads(json.dumps({"schema": SCHEMA, **manifest, "files": files}))
    manifest["checksum"] = _manifest_checksum(manifest)
    (folder / MANIFEST).write_text(json.dumps(manifest, ensure_ascii=False, indent=1), "utf8")
    for path in (folder, *folder.rglob("*")):
        _close(path)
    return Bundle(folder, manifest)


def publish(index: Path, folder: Path, manifest: dict[str, Any], base: Bundle | None = None) -> Bundle:
    """Finish a build: write its manifest, make everything durable, switch to it in one step, drop old ones.

    base: the bundle it stands beside. The one in force before stays too, for readers that still open it.
    """
    keep = _in_use(index)
    beside = {"base": base.folder.name if base else None}
    manifest = seal(folder, {**manifest, **beside}).manifest
    for path in (folder, *folder.rglob("*")):
        _sync(path)
    stamp = time.strftime("%Y%m%dT%H%M%S", time.gmtime())
    name = next(n for i in range(1_000_000) if not (index / (n := f"{stamp}-{i}")).exists())
    folder.rename(index / name)
    _sync(index / name)
    pointer = index / POINTER
    pointer.write_text(name + "\n", "utf8")
    _close(pointer)
    _sync(pointer)
    pointer.replace(index / CURRENT)
    _sync(index)
    clean(index, {name, beside["base"], *keep})
    return Bundle(index / name, manifest, base)


def _in_use(index: Path) -> set[str | None]:
    """The bundle in force and its base, as far as they can be read."""
    try:
        bundle = open_current(index, verify=False)
    except BundleError:
        return set()
    return {bundle.folder.name, bundle.base.folder.name if bundle.base else None}


def _sync(path: Path) -> None:
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def bundles(index: Path) -> list[Path]:
    """Every bundle in the folder, oldest first."""
    return sorted((p for p in index.glob("[0-9]*T*-*") if p.is_dir()), key=lambda p: (p.stat().st_mtime_ns, p.name))


def clean(index: Path, keep: Collection[str | None]) -> None:
    """Remove all bundles but those to keep.

    What a build left that was killed between finishing a bundle and switching to it goes too.
    """
    for old in bundles(index):
        if old.name not in keep:
            shutil.rmtree(old, ignore_errors=True)
