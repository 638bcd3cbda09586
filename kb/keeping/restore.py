"""This module restores a backup: unpacked aside and compared with its manifest first, then moved into its place.

Moves are written down before the first is made. Whoever is killed between two of them goes on where he was when
`kb restore` is run again.
"""

import json
import os
import re
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

from kb.articles.atomic import save
from kb.database import copying
from kb.errors import BackupError, InputError
from kb.keeping import record
from kb.keeping.archive import ARTICLES, DATABASE, FILES, MANIFEST, REPOSITORY, SERVICE, SETTINGS, remove, unpack
from kb.keeping.rotation import STAMP
from kb.keeping.sealing import Keys, opened
from kb.language import say
from kb.settings import Settings

ASIDE = ".guzhi-restore"
READY = "moves.json"
FILE = "guzhi.db"
"""The database of a base that is restored into a folder of its own."""
DUMP = "guzhi.dump"
"""The same of one in PostgreSQL, to be loaded by pg_restore."""
BESIDE = "kb.toml.restored"
"""The settings of the backup where there are settings already, which stay."""
_PLACES = re.compile(rb"^(?=[ \t]*(?:articles|index|database|encoder)[ \t]*=)", re.MULTILINE)

Move = tuple[str, str]


class Restored(NamedTuple):
    """What was restored. made: when it had been backed up; before: what was there and was moved aside."""

    made: str
    articles: int
    rows: int
    files: int
    before: tuple[Path, ...] = ()


def restore(source: Path, keys: Keys, settings: Settings, folder: Path, over: bool = False) -> Restored:
    """Restore a backup into the places that the settings name. folder: of kb.toml; over: what is there is moved aside.

    Raises InputError where a site is running or something is there, and BackupError, StoreError; then nothing changed.
    """
    _refuse(settings, folder, over)
    aside = settings.articles.parent / ASIDE
    with _aside(aside):
        manifest = _unpacked(source, keys, aside)
        _check_kind(manifest, settings.database)
        moves = _moves(aside, settings, folder)
        if manifest["database"] == "postgresql":
            copying.load(settings.database, aside / DATABASE, over)
        record.durable(aside)
        save(aside / READY, json.dumps([[str(a), str(b)] for a, b in moves]))
        _move(moves)
    before = tuple(b for _, b in moves if ".before-" in b.name)
    return _told(manifest, before)


def restore_to(source: Path, keys: Keys, folder: Path) -> Restored:
    """Restore a backup into a new or empty folder: articles/, guzhi.db, kb.toml. It is there as a whole or not at all.

    Raises InputError for a folder that holds something, BackupError.
    """
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise InputError(
            say(
                "{folder} 里已有东西：换一个空的或还不存在的文件夹",
                "there is something in {folder} already: name an empty folder, or a new one",
                folder=folder,
            )
        )
    folder = folder.absolute()
    aside = folder.parent / f".{folder.name}.restoring"
    with _aside(aside):
        manifest = _unpacked(source, keys, aside)
        (aside / MANIFEST).unlink(missing_ok=True)
        if manifest["database"]:
            (aside / DATABASE).rename(aside / (FILE if manifest["database"] == "sqlite" else DUMP))
        _settle(aside / SETTINGS)
        aside.chmod(0o755)
        record.durable(aside)
        os.rename(aside, folder)
        record.durable(folder.parent)
    return _told(manifest)


def unfinished(settings: Settings) -> bool:
    """Whether a restore was killed while it moved things into their places."""
    return (settings.articles.parent / ASIDE / READY).exists()


def finish(settings: Settings) -> bool:
    """Go on with a restore that was killed while it moved things into their places. Returns whether there was one."""
    aside = settings.articles.parent / ASIDE
    try:
        moves = [(Path(a), Path(b)) for a, b in json.loads((aside / READY).read_text("utf8"))]
    except FileNotFoundError:
        return False
    except (OSError, ValueError) as error:
        raise BackupError(say("{path} 读不了：{why}", "{path} can't be read: {why}", path=aside / READY, why=error))
    with _errors(aside):
        _move(moves)
        remove(aside)
    return True


def _unpacked(source: Path, keys: Keys, aside: Path) -> dict[str, Any]:
    with opened(source, keys) as stream:
        return unpack(stream, aside)


def _told(manifest: dict[str, Any], before: tuple[Path, ...] = ()) -> Restored:
    rows = copying.work(manifest["rows"])
    return Restored(manifest["made"], manifest["articles"], rows, len(manifest["files"]), before)


# --- what is there ----------------------------------------------------------------------------


def _refuse(settings: Settings, folder: Path, over: bool) -> None:
    """Raises InputError where a base is in use, or holds something and it was not said that it may go."""
    if record.is_served(settings.index):
        raise InputError(
            say(
                "网站正在运行，不能恢复：先停掉它（systemctl stop guzhi）；或用 --to 恢复到别的文件夹",
                "the site is running, nothing is restored over it: stop it first (systemctl stop guzhi), "
                "or restore elsewhere with --to",
            )
        )
    if over:
        return
    there = [str(p) for p in (settings.articles, folder / SERVICE) if p.is_file() or (p.is_dir() and any(p.iterdir()))]
    if copying.work(copying.rows(settings.database)):
        there.append(say("数据库里的记录", "what is in the database"))
    if there:
        raise InputError(
            say(
                "这里已有一个知识库（{there}）。用 --to 恢复到别的文件夹；"
                "或加 --over：现有的改名为 ….before-日期，不删除",
                "there is a base already ({there}). Restore elsewhere with --to, or say --over: "
                "what is there is renamed to ….before-DATE, not deleted",
                there=say("、", ", ").join(there),
            )
        )


def _check_kind(manifest: dict[str, Any], where: str) -> None:
    kind = copying.kind_of(where)
    if manifest["database"] not in (None, kind):
        raise InputError(
            say(
                "备份里的数据库是 {theirs}，设置 database 是 {ours}；改好设置，或用 --to",
                "the backup's database is {theirs}, the setting database says {ours}: change it, or restore with --to",
                theirs=manifest["database"],
                ours=kind,
            )
        )


# --- moving -----------------------------------------------------------------------------------


def _moves(aside: Path, settings: Settings, folder: Path) -> list[tuple[Path, Path]]:
    """What has to be renamed to what, in order: what is there to its name of before, what was restored to its place."""
    wanted = [(aside / ARTICLES, settings.articles), (aside / FILES, settings.articles.parent / FILES)]
    if "://" not in settings.database:
        wanted.append((aside / DATABASE, Path(settings.database)))
    wanted += [(aside / name, folder / name) for name in (SETTINGS, SERVICE)]
    if (aside / REPOSITORY).exists():
        wanted.append((aside / REPOSITORY, settings.articles.parent / REPOSITORY))
    moves: list[tuple[Path, Path]] = []
    stamp = record.now().strftime(STAMP)
    for new, place in wanted:
        if not new.exists():
            continue
        if new.name == SETTINGS and place.exists():  # the settings by which it is restored stay
            place = place.with_name(BESIDE)
        elif new.name == SETTINGS:
            _settle(new)
        for end in ("", "-wal", "-shm") if new.name == DATABASE else ("",):
            old = place.with_name(place.name + end)
            if old.exists() and not _is_empty(old):
                moves.append((old, place.with_name(f"{place.name}.before-{stamp}{end}")))
        moves.append((_near(new, place), place))
    return moves


def _is_empty(path: Path) -> bool:
    return path.is_dir() and not any(path.iterdir())


def _near(new: Path, place: Path) -> Path:
    """The same on the disk of its place, from where it can be moved in one step."""
    place.parent.mkdir(parents=True, exist_ok=True)
    if new.stat().st_dev == place.parent.stat().st_dev:
        return new
    near = place.with_name(f".{place.name}.restoring")
    remove(near)
    near.unlink(missing_ok=True)
    if new.is_dir():
        shutil.copytree(new, near, symlinks=True)
    else:
        shutil.copy2(new, near)
    record.durable(near.parent)
    return near


def _move(moves: list[tuple[Path, Path]]) -> None:
    """Make each move that was not made yet."""
    for old, new in moves:
        if old.exists() and (not new.exists() or _is_empty(new)):
            os.rename(old, new)
    for folder in {new.parent for _, new in moves}:
        record.durable(folder)


@contextmanager
def _aside(folder: Path) -> Iterator[None]:
    """An empty folder to unpack into, gone afterwards, and errors as sentences."""
    with _errors(folder):
        remove(folder)
        folder.mkdir(mode=0o700, parents=True)
        try:
            yield
        except BaseException:
            if not (folder / READY).exists():
                remove(folder)
            raise
        remove(folder)


@contextmanager
def _errors(folder: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise BackupError(
            say(
                "没有恢复：{why}（{path}）",
                "nothing was restored: {why} ({path})",
                path=error.filename or folder,
                why=error.strerror or error,
            )
        )


def _settle(path: Path) -> None:
    """Settings that name places of the machine they come from are kept as a remark: the base is somewhere else now."""
    if path.exists():
        path.write_bytes(_PLACES.sub(b"# ", path.read_bytes().removeprefix(b"\xef\xbb\xbf")))
