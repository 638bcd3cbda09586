"""This module proves a backup: restored aside, compared, opened by this version, indexed, asked golden queries."""

import os
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any, NamedTuple

from kb.articles import golden as golden_file
from kb.articles.files import find
from kb.database import copying
from kb.database.connection import Store
from kb.desk import golden
from kb.desk.calibration import calibrate_quietly
from kb.desk.memory import remembered_by
from kb.errors import BackupError, BusyError, KbError, LockedError
from kb.indexer.build import build
from kb.indexer.meaning import fill_quietly, lend
from kb.keeping import record
from kb.keeping.archive import ARTICLES, DATABASE, unpack
from kb.keeping.base import GIT, GIT_SECONDS, OBJECTS
from kb.keeping.sealing import Keys, opened
from kb.language import say
from kb.search.engine import engines
from kb.settings import OFF, Settings


class Drilled(NamedTuple):
    """What was proved. made: when the backup was; rows: of its database; golden: queries that were asked."""

    made: str
    articles: int
    rows: int
    files: int
    golden: int


def drill(source: Path, keys: Keys, settings: Settings) -> Drilled:
    """Prove a backup, and remember the day, or that it failed and why. The base in use is not touched.

    Raises KbError with what is wrong; BusyError, and LockedError for a wrong key, are no fault of the backup's, but
    they prove nothing either.
    """
    try:
        with record.workplace(settings.index) as aside:
            found = _proved(source, keys, settings, aside)
    except (BusyError, LockedError):
        raise
    except KbError as error:  # told when the work aside is gone: a full disk has room for it then
        record.note(settings.index, failed=record.now(), why=str(error))
        raise
    except OSError as error:
        why = say("演练没有做完：{why}", "the drill was not finished: {why}", why=error.strerror or error)
        record.note(settings.index, failed=record.now(), why=why)
        raise BackupError(why)
    record.note(settings.index, drilled=record.now(), failed=None, why="")
    return found


def _proved(source: Path, keys: Keys, settings: Settings, aside: Path) -> Drilled:
    restored = aside / "restored"
    restored.mkdir()
    with opened(source, keys) as stream:
        manifest = unpack(stream, restored)
    articles = sum(not p.is_symlink() for p in find(restored / ARTICLES))
    _same(say("文章", "articles"), manifest["articles"], articles)
    if (restored / ARTICLES / OBJECTS).is_dir():
        _check_git(restored / ARTICLES / GIT, aside / "check.git")
    with _database(manifest, restored, settings.database) as where:
        here = replace(settings, articles=restored / ARTICLES, index=aside / "index", database=where)
        asked = _asked(here, settings.index)
    return Drilled(manifest["made"], articles, copying.work(manifest["rows"]), len(manifest["files"]), asked)


def _same(what: str, wanted: object, found: object) -> None:
    if wanted != found:
        raise BackupError(
            say(
                "演练失败：{what}，备份时 {wanted}，恢复后 {found}",
                "the drill failed: {what}, {wanted} when backed up, {found} when restored",
                what=what,
                wanted=wanted,
                found=found,
            )
        )


@contextmanager
def _database(manifest: dict[str, Any], restored: Path, live: str) -> Iterator[str]:
    """The restored database, counted and opened by this version: its address."""
    where = str(restored / DATABASE)
    if manifest["database"] == "postgresql":
        if copying.kind_of(live) != "postgresql":
            raise BackupError(
                say(
                    "备份里的是 PostgreSQL 的库：演练要在设置 database 指向同一台服务器的地方做",
                    "the backup's database is PostgreSQL's: the drill needs the setting database to name such a server",
                )
            )
        with copying.scratch(live) as where:
            copying.load(where, restored / DATABASE)
            _open(where, manifest)
            yield where
        return
    if manifest["database"]:
        _open(where, manifest)
    yield where


def _open(where: str, manifest: dict[str, Any]) -> None:
    _same(say("数据库的行数", "rows of the database"), manifest["rows"], copying.rows(where))
    store = Store(where)
    try:
        store.examine()
    finally:
        store.close()


def _asked(here: Settings, live: Path) -> int:
    """Index the restored articles and ask the golden queries; how many there are. Raises KbError."""
    here.index.mkdir()
    build(here, full=True)
    if here.encoder != OFF:
        lend(live, here.index)  # what was encoded once need not be again
    fill_quietly(here)
    calibrate_quietly(here)
    engine = engines(replace(here, engine="embedded")).in_force()
    outcomes = golden.run(engine, golden_file.load(here.articles), remembered_by(here, engine))
    if lost := [o for o in outcomes if not o.holds]:
        raise BackupError(
            say(
                "演练失败：恢复后 {n} 条必中查询找不到（{first} 等）；kb eval 说现在的库里找不找得到",
                "the drill failed: {n} golden queries do not hold when restored ({first} ...); "
                "kb eval tells whether they do in the base in use",
                n=len(lost),
                first=lost[0].golden.query[:60],
            )
        )
    return len(outcomes)


def _check_git(restored: Path, clean: Path) -> None:
    """Whether a restored repository has all that its branches need.

    Its own settings and hooks may run programs and are left alone: its objects and names are looked at in a clean one.
    """
    git = shutil.which("git")
    if git is None:
        return
    clean.mkdir()
    for name in ("HEAD", "packed-refs"):
        if (restored / name).is_file():
            shutil.copyfile(restored / name, clean / name)
    shutil.copytree(restored / "refs", clean / "refs", symlinks=True)
    (clean / "objects").mkdir()
    (clean / "config").write_text("[core]\n\trepositoryformatversion = 0\n\tbare = true\n")
    inherited = {k: v for k, v in os.environ.items() if not k.startswith("GIT_")}
    done = subprocess.run(  # noqa: S603 - no shell
        [git, f"--git-dir={clean}", "fsck", "--connectivity-only", "--no-dangling", "--no-progress"],
        env={**inherited, "GIT_OBJECT_DIRECTORY": str(restored / "objects"), "GIT_CONFIG_GLOBAL": os.devnull},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        errors="replace",
        timeout=GIT_SECONDS,
        check=False,
    )
    if done.returncode:
        raise BackupError(
            say(
                "演练失败：恢复出来的 git 仓库不完整（{why}）",
                "the drill failed: the restored git repository is not whole ({why})",
                why=(done.stderr or done.stdout).strip().split("\n")[0][:300],
            )
        )
