"""Restoring: never over a base unasked, never elsewhere, whole or not at all; and the drill, which proves a backup."""

import json
import os
import shutil
import signal
import subprocess
import sys
import tarfile
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from bases import archive, base, git, kept_tree, member, pair, sealed, small_disk
from click.testing import CliRunner

from kb.cli import cli
from kb.database import copying
from kb.errors import BackupError, InputError, KbError
from kb.indexer.build import build
from kb.keeping import record
from kb.keeping import restore as restoring
from kb.keeping.backup import backup
from kb.keeping.drill import drill
from kb.keeping.restore import restore, restore_to
from kb.keeping.sealing import Keys, Lock
from kb.settings import Settings, load
from kb.web import create_app

ROOT = Path(__file__).parents[2]


@pytest.fixture
def lock_and_keys(tmp_path: Path) -> tuple[Lock, Keys]:
    return pair(tmp_path)


@pytest.fixture
def old(tmp_path: Path) -> Settings:
    """The base that was backed up."""
    return base(tmp_path / "old")


@pytest.fixture
def file(old: Settings, lock_and_keys: tuple[Lock, Keys], tmp_path: Path) -> Path:
    """Its backup."""
    (tmp_path / "backups").mkdir()
    return backup(old, tmp_path / "old", tmp_path / "backups", lock_and_keys[0]).path


@pytest.fixture
def keys(lock_and_keys: tuple[Lock, Keys]) -> Keys:
    return lock_and_keys[1]


@pytest.fixture
def empty(tmp_path: Path) -> Settings:
    """A place where nothing is yet."""
    (tmp_path / "here").mkdir()
    return load({"workers": 1, "trade_words": False}, tmp_path / "here")


# --- where it goes ----------------------------------------------------------------------------


def test_restored_into_its_place(old: Settings, file: Path, keys: Keys, empty: Settings, tmp_path: Path) -> None:
    """All of it, and nothing beside it; settings that name places of the old machine do not lead there."""
    told = restore(file, keys, empty, tmp_path / "here")
    assert (told.articles, told.rows, told.before) == (2, 3, ())
    assert kept_tree(empty.articles) == kept_tree(old.articles)
    assert copying.rows(empty.database) == copying.rows(old.database)
    assert {p.name for p in (tmp_path / "here").iterdir()} == {"articles", "guzhi.db", "kb.toml", "service.yml"}
    assert load(folder=tmp_path / "here").port == 8123


def test_never_over_a_base_unasked(old: Settings, file: Path, keys: Keys, tmp_path: Path) -> None:
    """Articles, or rows of people, are a base: it stays, and the sentence says what there is and what to do."""
    here = tmp_path / "old"
    before = kept_tree(here)
    with pytest.raises(InputError, match=r"articles.*数据库里的记录.*--over"):
        restore(file, keys, old, here)
    assert kept_tree(here) == before
    shutil.rmtree(old.articles)
    (here / "service.yml").unlink()
    with pytest.raises(InputError, match="数据库里的记录"):
        restore(file, keys, old, here)
    with pytest.raises(InputError, match="已有东西"):
        restore_to(file, keys, here)


def test_over_a_base_that_is_kept_aside(old: Settings, file: Path, keys: Keys, tmp_path: Path) -> None:
    """Asked to, it is restored over a base: that one is renamed, with the end of its database's log."""
    (old.articles / "printer" / "KB-000001.md").write_text("# 坏了\n", "utf8")
    Path(old.database + "-wal").write_bytes(b"")
    told = restore(file, keys, old, tmp_path / "old", over=True)
    assert "搓纸轮" in (old.articles / "printer" / "KB-000001.md").read_text("utf8")
    assert not Path(old.database + "-wal").exists()
    kept = {p.name.partition(".before-")[0]: p for p in told.before}
    assert set(kept) == {"articles", "guzhi.db", "service.yml"}
    assert (kept["articles"] / "printer" / "KB-000001.md").read_text("utf8") == "# 坏了\n"
    assert (tmp_path / "old" / "kb.toml.restored").exists()


def test_never_under_a_running_site(file: Path, keys: Keys, empty: Settings, tmp_path: Path) -> None:
    """Not even when asked to restore over it; when it has ended, it works."""
    empty.index.mkdir()
    with record.serving(empty.index):
        for over in (False, True):
            with pytest.raises(InputError, match="正在运行"):
                restore(file, keys, empty, tmp_path / "here", over)
        assert not empty.articles.exists()
    assert restore(file, keys, empty, tmp_path / "here").articles == 2


def test_postgresql(postgresql: Any, lock_and_keys: tuple[Lock, Keys], tmp_path: Path) -> None:
    """Its rows come back into an empty database, never over rows unasked, and a drill uses a database of its own."""
    lock, keys = lock_and_keys
    old = base(tmp_path / "old", postgresql.database())
    (tmp_path / "backups").mkdir()
    file = backup(old, tmp_path / "old", tmp_path / "backups", lock).path
    (tmp_path / "here").mkdir()
    settings = load({"workers": 1}, tmp_path / "here")
    with pytest.raises(InputError, match="postgresql"):
        restore(file, keys, settings, tmp_path / "here")
    assert not settings.articles.exists()
    settings = replace(settings, database=postgresql.database(empty=True))
    assert restore(file, keys, settings, tmp_path / "here").rows == 3
    assert copying.rows(settings.database) == copying.rows(old.database)
    with pytest.raises(InputError, match="数据库里的记录"):
        restore(file, keys, replace(settings, articles=tmp_path / "none"), tmp_path / "here")
    restore(file, keys, settings, tmp_path / "here", over=True)
    assert copying.work(copying.rows(settings.database)) == 3
    assert drill(file, keys, old).rows == 3


# --- what is not taken ------------------------------------------------------------------------

HOSTILE: list[tuple[str, Callable[[], bytes]]] = [
    ("absolute", lambda: archive([(member("/tmp/guzhi-elsewhere"), b"x")])),
    ("above", lambda: archive([(member("articles/../../x"), b"x")])),
    ("unknown", lambda: archive([(member("other/x"), b"x")])),
    ("below a file", lambda: archive([(member("database/x"), b"x")])),
    ("link out", lambda: archive([(member("articles/a", tarfile.SYMTYPE, "../../x"), b"")])),
    ("link to the root", lambda: archive([(member("articles/a", tarfile.SYMTYPE, "/etc/passwd"), b"")])),
    ("link as a database", lambda: archive([(member("database", tarfile.SYMTYPE, "articles/a"), b"")])),
    ("hard link", lambda: archive([(member("articles/a", tarfile.LNKTYPE, "/etc/passwd"), b"")])),
    ("device", lambda: archive([(member("articles/a", tarfile.CHRTYPE), b"")])),
    ("pipe", lambda: archive([(member("articles/a", tarfile.FIFOTYPE), b"")])),
    (
        "through a link",
        lambda: archive([(member("articles/a", tarfile.SYMTYPE, "b"), b""), (member("articles/a/x"), b"x")]),
    ),
    ("twice", lambda: archive([(member("articles/a"), b"x"), (member("articles/a"), b"y")])),
    ("a file as a folder", lambda: archive([(member("articles/a"), b"x"), (member("articles/a/b"), b"y")])),
    ("no manifest", lambda: archive([(member("articles/a"), b"x")], {})),
    ("other manifest", lambda: archive([(member("articles/a"), b"x")], {"format": 1, "files": {}, "links": {}})),
    ("newer", lambda: archive([], {"format": 99})),
    ("manifest of words", lambda: archive([], {"format": 1, "files": "x"})),
    ("no archive", lambda: b"x" * 5000),
    ("empty", lambda: b""),
]


@pytest.mark.parametrize(("what", "made"), HOSTILE, ids=[what for what, _ in HOSTILE])
def test_nothing_leaves_its_folder(
    what: str, made: Callable[[], bytes], lock_and_keys: tuple[Lock, Keys], empty: Settings, tmp_path: Path
) -> None:
    """An archive that somebody else encrypted for us: a sentence, nothing written anywhere, nothing restored."""
    lock, keys = lock_and_keys
    file = sealed(tmp_path, made(), lock)
    before = set(tmp_path.rglob("*"))
    with pytest.raises(BackupError, match=r"恢复|升级"):
        restore_to(file, keys, tmp_path / "here" / "new")
    with pytest.raises(BackupError, match=r"恢复|升级"):
        restore(file, keys, empty, tmp_path / "here")
    assert set(tmp_path.rglob("*")) == before
    assert not Path("/tmp/guzhi-elsewhere").exists()


@pytest.mark.parametrize("place", [10, 60, 150, 400, 0.3, 0.7, -40, -1])
def test_a_tampered_file_is_refused(file: Path, keys: Keys, place: float, tmp_path: Path) -> None:
    """One bit anywhere, or the end cut off: nothing is restored."""
    raw = bytearray(file.read_bytes())
    at = int(place * len(raw)) if isinstance(place, float) else place
    raw[at] ^= 1
    for wrong in (bytes(raw), file.read_bytes()[: at % len(raw)]):
        (tmp_path / "wrong.age").write_bytes(wrong)
        with pytest.raises((BackupError, InputError)):
            restore_to(tmp_path / "wrong.age", keys, tmp_path / "new")
        assert not (tmp_path / "new").exists()
    assert not [p for p in tmp_path.iterdir() if p.name.startswith(".")]


def test_what_is_no_backup_is_told(keys: Keys, tmp_path: Path) -> None:
    """A file that is none, and one that is not there."""
    (tmp_path / "x.tar").write_bytes(b"x" * 2000)
    with pytest.raises(BackupError, match="不是故知的备份"):
        restore_to(tmp_path / "x.tar", keys, tmp_path / "new")
    with pytest.raises(InputError, match="打不开"):
        restore_to(tmp_path / "none.age", keys, tmp_path / "new")


# --- killed -----------------------------------------------------------------------------------

KILLED = """if True:
    import os, signal, sys
    from pathlib import Path
    from kb.keeping import restore as restoring
    from kb.keeping.sealing import Keys
    from kb.settings import load

    count, file, key = int(sys.argv[1]), Path(sys.argv[2]), Path(sys.argv[3])
    calls = [0]

    def counted(function):
        def counting(*arguments, **named):
            calls[0] += 1
            if calls[0] == count:
                os.kill(os.getpid(), signal.SIGKILL)
            return function(*arguments, **named)
        return counting

    for holder, name in ((restoring, "unpack"), (restoring.record, "durable"), (restoring, "save"), (os, "rename"),
                         (restoring, "remove")):
        setattr(holder, name, counted(getattr(holder, name)))
    restoring.restore(file, Keys(key), load(), Path.cwd(), over=True)
    print(calls[0])
"""


def test_killed_anywhere_it_is_whole_or_not_at_all(old: Settings, file: Path, keys: Keys, tmp_path: Path) -> None:
    """kill -9 before each step of a restore over a base: either the base is as it was, or the same command finishes;
    in between the site does not start, and doctor tells."""
    (old.articles / "printer" / "KB-000001.md").write_text("# 后来的\n", "utf8")
    variables = {**os.environ, "PYTHONPATH": str(ROOT)}
    untouched = finished = 0
    for count in range(1, 100):
        here = tmp_path / f"here-{count}"
        shutil.copytree(tmp_path / "old", here, symlinks=True)
        command = [sys.executable, "-c", KILLED, str(count), str(file), str(keys.identity)]
        done = subprocess.run(command, cwd=here, env=variables, capture_output=True, text=True, check=False)
        settings = load({"workers": 1}, here)
        if done.returncode == 0:
            break
        assert done.returncode == -signal.SIGKILL, done.stderr
        if restoring.unfinished(settings):
            finished += 1
            assert restoring.finish(settings)
            text = "搓纸轮"
        else:
            text = "后来的" if "后来的" in _first(settings) else "搓纸轮"
            untouched += text == "后来的"
        assert text in _first(settings)
        assert copying.work(copying.rows(settings.database)) == 3
        assert not restoring.unfinished(settings)
    else:
        pytest.fail("it never ended")
    assert untouched >= 3
    assert finished >= 5


def test_a_disk_that_is_really_full(
    old: Settings, lock_and_keys: tuple[Lock, Keys], keys: Keys, tmp_path: Path
) -> None:
    """A base on a disk of 1 MB, and a backup that does not fit beside it: neither restored over it, nor proved there;
    both are told of, the base is as it was, nothing of the other is left, and the failed drill is remembered."""
    (old.articles / "large.bin").write_bytes(os.urandom(900_000))
    large = backup(old, tmp_path / "old", tmp_path, lock_and_keys[0]).path
    disk = tmp_path / "disk"
    disk.mkdir()
    with small_disk(disk):
        (disk / "articles").mkdir()
        (disk / "articles" / "own.md").write_text("# 自己的\n", "utf8")
        here = load({"workers": 1}, disk)
        before = kept_tree(disk)
        with pytest.raises(BackupError, match="No space left"):
            restore(large, keys, here, disk, over=True)
        assert kept_tree(disk) == before
        assert not restoring.unfinished(here)
        with pytest.raises(BackupError, match="No space left"):
            drill(large, keys, here)
        assert record.kept(here.index).failed is not None
        assert "No space left" in record.kept(here.index).why
        assert not (here.index / record.ASIDE).exists()


def _first(settings: Settings) -> str:
    return (settings.articles / "printer" / "KB-000001.md").read_text("utf8")


def test_a_half_restored_base_is_not_served(monkeypatch: pytest.MonkeyPatch, old: Settings, tmp_path: Path) -> None:
    """serve and doctor tell that a restore was cut off; the next restore finishes it and does nothing else."""
    aside = tmp_path / "old" / restoring.ASIDE
    aside.mkdir()
    (aside / "articles").mkdir()
    (aside / "articles" / "new.md").write_text("# 新\n", "utf8")
    moves = [[str(old.articles), str(tmp_path / "old" / "x.before-1")], [str(aside / "articles"), str(old.articles)]]
    (aside / restoring.READY).write_text(json.dumps(moves), "utf8")
    monkeypatch.chdir(tmp_path / "old")
    run = CliRunner().invoke
    assert "kb restore" in run(cli, ["serve"]).output
    assert "中断" in run(cli, ["doctor"]).output
    told = run(cli, ["restore", "any.age"])
    assert (told.exit_code, "接着做完" in told.output) == (0, True)
    assert (old.articles / "new.md").exists()
    assert (tmp_path / "old" / "x.before-1" / "printer").exists()


# --- the drill --------------------------------------------------------------------------------


@pytest.fixture
def site(old: Settings) -> Settings:
    """The base as it is in use."""
    build(old)
    return old


def test_a_drill_proves_a_backup(
    monkeypatch: pytest.MonkeyPatch, site: Settings, file: Path, keys: Keys, tmp_path: Path
) -> None:
    """Restored aside, opened, counted, indexed and asked; the day is told by /health and doctor; nothing is left."""
    monkeypatch.chdir(tmp_path / "old")
    before = kept_tree(site.articles)
    proved = CliRunner().invoke(cli, ["restore", str(file), "--drill", "--identity", str(keys.identity)])
    assert proved.exit_code == 0, proved.output
    assert "2 篇文章" in proved.output
    assert "1 条必中查询" in proved.output
    assert kept_tree(site.articles) == before
    assert not (site.index / record.ASIDE).exists()
    told = create_app(site).test_client().get("/health").json
    assert told is not None
    state = told["backup"]
    assert state["failed"] is None
    assert state["drilled"] >= state["made"] > "2026"
    doctor = CliRunner().invoke(cli, ["doctor"]).output
    assert "✓ 备份" in doctor
    assert "演练成功" in doctor


FAULTS: list[tuple[str, Callable[[Path], Any], str]] = [
    ("golden", lambda a: (a / "golden.yml").write_text("- query: 打印机\n  article: KB-000002\n", "utf8"), "必中"),
    ("git", lambda a: shutil.rmtree(a / ".git" / "objects" / _object(a)), "git"),
    ("golden file", lambda a: (a / "golden.yml").write_text("- 查询: x\n", "utf8"), "golden.yml"),
]


def _object(articles: Path) -> str:
    return git(articles, "rev-parse", "HEAD^{tree}")[:2]


@pytest.mark.parametrize(("what", "spoil", "told"), FAULTS, ids=[what for what, _, _ in FAULTS])
def test_a_drill_fails_loudly(
    what: str, spoil: Callable[[Path], Any], told: str, monkeypatch: pytest.MonkeyPatch, site: Settings, tmp_path: Path
) -> None:
    """What is whole but no good: a sentence, an exit code, and /health and doctor tell that a drill failed."""
    spoil(site.articles)
    lock, keys = pair(tmp_path)
    bad = backup(site, tmp_path / "old", tmp_path, lock).path
    monkeypatch.chdir(tmp_path / "old")
    done = CliRunner().invoke(cli, ["restore", str(bad), "--drill", "--identity", str(keys.identity)])
    assert done.exit_code == 2
    assert told in done.output
    state = create_app(site).test_client().get("/health").json
    assert state is not None
    assert (state["backup"]["drilled"], state["backup"]["failed"] is None) == (None, False)
    doctor = CliRunner().invoke(cli, ["doctor"])
    assert doctor.exit_code == 1
    assert "✗ 备份" in doctor.output


def test_a_drill_of_a_damaged_file_fails(site: Settings, file: Path, keys: Keys) -> None:
    """One bit: it failed, and a drill that succeeds afterwards makes it good. A wrong key proves nothing either way."""
    whole = file.read_bytes()
    file.write_bytes(whole[:-30] + bytes([whole[-30] ^ 1]) + whole[-29:])
    with pytest.raises(BackupError):
        drill(file, keys, site)
    assert record.kept(site.index).failed is not None
    file.write_bytes(whole)
    drill(file, keys, site)
    assert record.kept(site.index).failed is None
    with pytest.raises(InputError):
        drill(file, Keys(), site)
    assert record.kept(site.index).failed is None


def test_a_drill_compares_the_rows(monkeypatch: pytest.MonkeyPatch, site: Settings, file: Path, keys: Keys) -> None:
    """A database with other rows than were counted when it was backed up is told."""
    counted = copying.rows
    monkeypatch.setattr("kb.keeping.drill.copying.rows", lambda where: {**counted(where), "verdicts": 2})
    with pytest.raises(KbError, match="数据库的行数"):
        drill(file, keys, site)
