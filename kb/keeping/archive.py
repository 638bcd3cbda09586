"""This module is a backup before it is encrypted: a compressed tar, written as it is read, with digests of all in it.

The last member is the manifest. What is unpacked is looked at first: nothing leaves its folder, nothing is a device.
"""

import json
import os
import shutil
import stat
import tarfile
import zlib
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path, PurePosixPath
from typing import IO, Any, NamedTuple

from kb.errors import BackupError
from kb.language import say
from kb.settings import CASE_FILES

MANIFEST = "manifest.json"
ARTICLES, DATABASE, SETTINGS, SERVICE, REPOSITORY = (
    "articles",
    "database",
    "kb.toml",
    "service.yml",
    "repository.bundle",
)
FILES = CASE_FILES
"""What a backup holds, by its first name: a folder, the database's copy, settings, promises, a git repository around
the articles, the files that came with cases."""
_FOLDERS = (ARTICLES, FILES)
FORMAT = 1
"""Raise when an earlier version could not read what is written."""
_PLACES = {(name,) for name in (*_FOLDERS, DATABASE, SETTINGS, SERVICE, REPOSITORY, MANIFEST)}
CHUNK = 1 << 20
LEVEL = 3
"""Of compression: four fifths of the gain in a third of the time."""
MAX_MEMBERS = 5_000_000
MAX_MANIFEST = 1 << 30


class Place(NamedTuple):
    """Something on disk that goes in. name: in the archive, with forward slashes."""

    name: str
    path: Path


@dataclass
class Contents:
    """What went in, or came out. files: name -> (bytes, SHA-256 in hexadecimal); links: name -> where it leads."""

    files: dict[str, tuple[int, str]] = field(default_factory=dict)
    links: dict[str, str] = field(default_factory=dict)


# --- writing ----------------------------------------------------------------------------------


def packed(places: Iterable[Place], contents: Contents, facts: Callable[[], dict[str, Any]]) -> Iterator[bytes]:
    """The archive, piece by piece, in the memory of one piece.

    contents: is filled as files are read. facts: of the manifest, asked for when all else was read.
    A file that is gone when its turn comes was taken away by somebody; it is left out. Raises BackupError, OSError.
    """
    press = zlib.compressobj(LEVEL, wbits=31)
    for block in _blocks(places, contents, facts):
        if squeezed := press.compress(block):
            yield squeezed
    yield press.compress(bytes(tarfile.BLOCKSIZE * 2)) + press.flush()


def _blocks(places: Iterable[Place], contents: Contents, facts: Callable[[], dict[str, Any]]) -> Iterator[bytes]:
    for place in places:
        try:
            status = place.path.lstat()
            if stat.S_ISREG(status.st_mode):
                yield from _file(place, contents)
            elif stat.S_ISDIR(status.st_mode):
                yield _header(place.name, tarfile.DIRTYPE, 0o755)
            elif stat.S_ISLNK(status.st_mode):
                contents.links[place.name] = os.readlink(place.path)
                yield _header(place.name, tarfile.SYMTYPE, 0o777, link=contents.links[place.name])
        except (FileNotFoundError, NotADirectoryError):
            continue
    told = {"format": FORMAT, **facts(), "files": contents.files, "links": contents.links}
    raw = json.dumps(told).encode()
    yield _header(MANIFEST, tarfile.REGTYPE, 0o600, len(raw))
    yield raw + _padding(len(raw))


def _file(place: Place, contents: Contents) -> Iterator[bytes]:
    with place.path.open("rb", buffering=0) as file:
        status = os.fstat(file.fileno())
        # A short file is of one moment, whoever writes it in place; a long one has the length it was opened with.
        block = file.read(CHUNK)
        size = len(block) if len(block) < CHUNK else status.st_size
        yield _header(place.name, tarfile.REGTYPE, 0o755 if status.st_mode & 0o100 else 0o644, size)
        digest, left = sha256(), size
        while block:
            block = block[:left]
            digest.update(block)
            left -= len(block)
            yield block
            block = file.read(CHUNK) if left else b""
    if left:
        raise BackupError(
            say(
                "{path} 在备份时变短了，备份没有写成；稍后再试",
                "{path} became shorter while it was read, no backup was written; try again later",
                path=place.path,
            )
        )
    contents.files[place.name] = (size, digest.hexdigest())
    yield _padding(size)


def _header(name: str, kind: bytes, mode: int, size: int = 0, link: str = "") -> bytes:
    info = tarfile.TarInfo(name)
    info.type, info.mode, info.size, info.linkname = kind, mode, size, link
    return info.tobuf(tarfile.PAX_FORMAT, "utf-8", "surrogateescape")


def _padding(size: int) -> bytes:
    return bytes(-size % tarfile.BLOCKSIZE)


# --- reading ----------------------------------------------------------------------------------


def unpack(stream: IO[bytes], folder: Path) -> dict[str, Any]:
    """Unpack an archive into an empty folder and compare all of it with its manifest, which is returned.

    Raises BackupError for what is damaged, or would lie elsewhere; OSError when it can't be written.
    """
    contents, manifest = Contents(), None
    try:
        with tarfile.open(fileobj=stream, mode="r|gz", encoding="utf-8", errors="surrogateescape") as archive:
            for count, member in enumerate(archive):
                name = _checked(member, contents, folder)
                if manifest is not None or count >= MAX_MEMBERS:
                    raise _damaged(name)
                if name == MANIFEST:
                    manifest = _manifest(archive, member)
                elif member.isreg():
                    contents.files[name] = _extracted(archive, member, folder / name)
                elif member.issym():
                    contents.links[name] = member.linkname
                else:
                    (folder / name).mkdir(parents=True, exist_ok=True)
    except (tarfile.TarError, zlib.error, EOFError, UnicodeError) as error:
        raise _damaged(str(error))
    if manifest is None:
        raise _damaged(MANIFEST)
    _compare(manifest, contents)
    for name, target in contents.links.items():  # last: nothing was written through one of them
        if not leads_inside(name, target):
            raise _elsewhere(name)
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).symlink_to(target)
    return manifest


def _checked(member: tarfile.TarInfo, contents: Contents, folder: Path) -> str:
    """The name of a member that is what a backup of ours may hold. Raises BackupError."""
    path = PurePosixPath(member.name)
    name = path.as_posix()
    if path.is_absolute() or ".." in path.parts or "\0" in member.name or path.parts[:1] not in _PLACES:
        raise _elsewhere(member.name)
    below = path.parts[0] in _FOLDERS and len(path.parts) > 1
    alone = len(path.parts) == 1 and path.parts[0] not in _FOLDERS
    fits = (
        below and path.parts[0] == ARTICLES
        if member.issym()
        else below or alone
        if member.isreg()
        else member.isdir() and not alone
    )
    if not fits:
        raise BackupError(
            say(
                "备份里的 {name} 不是该在那里的文件、文件夹或链接，什么也没有恢复",
                "{name} in the backup is not the file, folder or link that belongs there, nothing was restored",
                name=ascii(name)[1:-1],
            )
        )
    if name in contents.files or name in contents.links or any(p.as_posix() in contents.links for p in path.parents):
        raise _damaged(name)
    return name


def leads_inside(name: str, target: str) -> bool:
    """Whether a link of the articles stays among them: others are not taken in."""
    place = os.path.normpath(f"{PurePosixPath(name).parent}/{target}")
    return not os.path.isabs(target) and PurePosixPath(place).parts[:1] == (ARTICLES,)


def _extracted(archive: tarfile.TarFile, member: tarfile.TarInfo, place: Path) -> tuple[int, str]:
    source = archive.extractfile(member)
    assert source is not None
    place.parent.mkdir(parents=True, exist_ok=True)
    digest, size = sha256(), 0
    mode = 0o600 if place.name == DATABASE else member.mode & 0o755 | 0o600
    with os.fdopen(os.open(place, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, mode), "wb") as file:
        while block := source.read(CHUNK):
            digest.update(block)
            size += len(block)
            file.write(block)
    return size, digest.hexdigest()


def _manifest(archive: tarfile.TarFile, member: tarfile.TarInfo) -> dict[str, Any]:
    source = archive.extractfile(member)
    assert source is not None
    try:
        found = json.loads(source.read(MAX_MANIFEST))
        if found["format"] != FORMAT:
            raise BackupError(
                say("备份是更新的版本写的（格式 {n}）；请升级故知", "the backup was written by a newer version (format "
                    "{n}); update Guzhi", n=found["format"])
            )  # fmt: skip
        told = found["files"].items(), found["links"].items(), found["rows"].items()
        ok = all(isinstance(found[k], kind) for k, kind in (("made", str), ("articles", int), ("database", str | None)))
        if not ok or not all(isinstance(n, int) for _, n in told[2]):
            raise TypeError(MANIFEST)
        return dict(found)
    except (ValueError, KeyError, TypeError, AttributeError):
        raise _damaged(MANIFEST)


def _compare(manifest: dict[str, Any], contents: Contents) -> None:
    wanted, found = manifest["files"], {name: list(told) for name, told in contents.files.items()}
    if wrong := sorted(n for n in wanted.keys() | found.keys() if wanted.get(n) != found.get(n)):
        raise _damaged(wrong[0])
    if manifest["links"] != contents.links:
        raise _damaged("links")


def _elsewhere(name: str) -> BackupError:
    return BackupError(
        say(
            "备份里的 {name} 会落到别处，什么也没有恢复",
            "{name} in the backup would lie elsewhere, nothing was restored",
            name=ascii(name)[1:-1],
        )
    )


def _damaged(what: str) -> BackupError:
    return BackupError(
        say(
            "备份已损坏或被改过（{what}），什么也没有恢复；换一份再试",
            "the backup is damaged or was changed ({what}), nothing was restored; try another one",
            what=ascii(what)[1:-1],
        )
    )


def remove(folder: Path) -> None:
    """Take a folder of ours away, whatever is in it."""
    shutil.rmtree(folder, ignore_errors=True)
