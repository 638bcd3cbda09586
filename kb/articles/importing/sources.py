"""This module opens what is imported, a folder, a .zip or one file, and keeps to sizes and to the folder."""

import os
import stat
import zipfile
import zlib
from collections.abc import Container, Iterable, Iterator
from contextlib import contextmanager
from itertools import count, islice
from pathlib import Path, PurePosixPath

from kb.articles.atomic import usable
from kb.articles.files import left_out
from kb.errors import ArticleError, InputError
from kb.language import say

MAX_FILES = 20_000
MAX_BYTES = 512 * 1024 * 1024
"""Of all files together, unpacked: a plan holds them in memory."""
MAX_FILE = 32 * 1024 * 1024
"""Of one file, unpacked."""

_BROKEN = (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, RuntimeError, ValueError)
"""What zipfile raises for an archive that is damaged, encrypted or packed in an unusual way."""


class Source:
    """Files by their paths with forward slashes, as every system can hold them (kb.articles.atomic.usable).

    names: all of them, sorted; what kb.articles.files.left_out names is passed over.
    """

    def __init__(self, names: Iterable[str]) -> None:
        names = list(islice(names, MAX_FILES + 1))
        if len(names) > MAX_FILES:
            raise InputError(
                say(
                    "超过 {limit} 个文件；请分批导入",
                    "more than {limit} files; import them in parts",
                    limit=MAX_FILES,
                )
            )
        self._original: dict[str, str] = {}
        for name in sorted(names):
            self._original[_free(usable(name), self._original)] = name
        self.names = sorted(self._original)
        self._bytes = 0

    def __contains__(self, name: str) -> bool:
        return usable(name) in self._original

    def read(self, name: str, limit: int = MAX_FILE) -> bytes:
        """A file of at most that many bytes.

        Raises ArticleError when it is larger or can't be read, InputError when all files read together are too large.
        """
        raw = self._read(self._original.get(usable(name), name), limit + 1)
        if len(raw) > limit:
            message = say("超过上限 {limit} KB", "over the limit of {limit} KB", limit=limit // 1024)
            raise ArticleError(name, 0, message)
        self._bytes += len(raw)
        if self._bytes > MAX_BYTES:
            raise InputError(
                say(
                    "全部文件超过 {limit} MB；请分批导入",
                    "the files hold more than {limit} MB; import them in parts",
                    limit=MAX_BYTES // 1024**2,
                )
            )
        return raw

    def _read(self, name: str, limit: int) -> bytes:
        """At most limit bytes of a file. Raises ArticleError."""
        raise NotImplementedError


def _free(name: str, taken: Container[str]) -> str:
    """The name, with a number where two files have become one name."""
    pure = PurePosixPath(name)
    others = (str(pure.with_name(f"{pure.stem}-{i}{pure.suffix}")) for i in count(2))
    return name if name not in taken else next(other for other in others if other not in taken)


class _Folder(Source):
    def __init__(self, folder: Path, only: str = "") -> None:
        self._folder = folder
        super().__init__([only] if only else _names(folder))

    def __contains__(self, name: str) -> bool:
        """Also what a single file refers to: the files around it are not listed."""
        return super().__contains__(name) or _leads_into(self._folder, self._folder / name)

    def _read(self, name: str, limit: int) -> bytes:
        try:
            with (self._folder / name).open("rb") as f:
                return f.read(limit)
        except OSError as error:
            raise ArticleError(name, 0, say("读不了：{why}", "can't be read: {why}", why=error.strerror))


def _names(folder: Path) -> Iterator[str]:
    """Links that leave the folder or lead nowhere, and what is no file, such as a pipe, are passed over."""
    for place, folders, files in os.walk(folder):
        folders[:] = [f for f in folders if not left_out(f)]
        for name in files:
            path = Path(place, name)
            if not left_out(name) and (_leads_into(folder, path) if path.is_symlink() else path.is_file()):
                yield path.relative_to(folder).as_posix()


def _leads_into(folder: Path, path: Path) -> bool:
    try:
        return path.is_file() and folder.resolve() in path.resolve().parents
    except (OSError, RuntimeError, ValueError):  # links in a circle, or no name at all
        return False


class _Archive(Source):
    def __init__(self, archive: zipfile.ZipFile) -> None:
        self._archive = archive
        members = dict(_members(archive))
        tops = {n.split("/", 1)[0] for n in members}
        if len(tops) == 1 and all("/" in n for n in members):
            # A folder packed as a whole would be named twice: by the archive and by itself.
            members = {n.split("/", 1)[1]: m for n, m in members.items()}
        self._members = members
        super().__init__(self._members)

    def _read(self, name: str, limit: int) -> bytes:
        try:
            with self._archive.open(self._members[name]) as f:
                return f.read(limit)
        except _BROKEN as error:
            raise ArticleError(name, 0, say("压缩包里的这个文件读不了：{why}", "can't be unpacked: {why}", why=error))


def _members(archive: zipfile.ZipFile) -> Iterator[tuple[str, zipfile.ZipInfo]]:
    """Path and entry of each file. One that would leave the folder makes the whole archive unfit."""
    infos = archive.infolist()
    if len(infos) > MAX_FILES or sum(i.file_size for i in infos) > MAX_BYTES:
        raise InputError(
            say(
                "压缩包解开后超过 {files} 个文件或 {size} MB；请分批导入",
                "the archive unpacks to more than {files} files or {size} MB; import it in parts",
                files=MAX_FILES,
                size=MAX_BYTES // 1024**2,
            )
        )
    for info in infos:
        name = _decoded(info).replace("\\", "/")
        parts = PurePosixPath(name).parts
        if name.startswith("/") or ".." in parts or any(":" in p for p in parts[:1]):
            raise _unsafe(name, "路径走出了压缩包", "its path leaves the archive")
        if stat.S_ISLNK(info.external_attr >> 16):
            raise _unsafe(name, "是链接", "it is a link")
        if not info.is_dir() and not name.endswith("/") and not any(map(left_out, parts)):
            yield "/".join(parts), info


def _unsafe(name: str, zh: str, en: str) -> InputError:
    return InputError(
        say(
            "压缩包没有导入：其中的 {name} {why}",
            "the archive was not imported: {name}: {why}",
            name=ascii(name),
            why=say(zh, en),
        )
    )


def _decoded(info: zipfile.ZipInfo) -> str:
    """A member's name. Without the flag for UTF-8, zipfile reads code page 437: Windows in China writes GBK."""
    if info.flag_bits & 0x800:
        return info.filename
    raw = info.orig_filename.encode("cp437", "replace")
    for encoding in ("utf8", "gb18030"):
        try:
            return raw.decode(encoding).replace("\0", "")
        except UnicodeDecodeError:
            continue
    return info.filename


@contextmanager
def opened(path: Path) -> Iterator[Source]:
    """The files of a folder or .zip, or one file with what stands around it. Raises InputError."""
    if path.is_dir():
        yield _Folder(path)
    elif path.suffix.lower() == ".zip":
        try:
            archive = zipfile.ZipFile(path)
        except (*_BROKEN, OSError) as error:
            raise InputError(
                say("{path} 不是完好的压缩包：{why}", "{path} is not a sound .zip: {why}", path=path.name, why=error)
            )
        with archive:
            yield _Archive(archive)
    else:
        yield _Folder(path.parent, path.name)
