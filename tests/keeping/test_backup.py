"""Backups: what is in them, who opens them, and what is left when one is killed or the disk is full."""

import errno
import os
import pty
import shutil
import signal
import sqlite3
import subprocess
import sys
import tarfile
import threading
from contextlib import closing, suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from bases import base, git, kept_tree, pair, small_disk
from click.testing import CliRunner
from hypothesis import given
from hypothesis import strategies as st

from kb.cli import cli
from kb.database import copying
from kb.errors import BackupError, BusyError, InputError, StoreError
from kb.keeping import record, rotation, sealing
from kb.keeping.backup import Backup, backup
from kb.keeping.restore import restore_to
from kb.keeping.rotation import Keep
from kb.keeping.sealing import Keys, Lock
from kb.settings import Settings

ROOT = Path(__file__).parents[2]
WORDS = "正确 马 电池 订书钉 二零二六"
"""A passphrase."""


@pytest.fixture
def target(tmp_path: Path) -> Path:
    folder = tmp_path / "backups"
    folder.mkdir()
    return folder


def made(settings: Settings, target: Path, lock: Lock) -> Backup:
    return backup(settings, settings.articles.parent, target, lock)


def test_all_of_a_base_comes_back(database: str, target: Path, tmp_path: Path) -> None:
    """Database, articles with git, pictures and word lists, settings and promises, as they were; of links only those
    that stay among the articles."""
    settings = base(tmp_path / "base", database)
    lock, keys = pair(tmp_path)
    written = made(settings, target, lock)
    assert (written.articles, written.rows) == (2, 3)
    assert written.size == written.path.stat().st_size
    told = restore_to(written.path, keys, tmp_path / "new")
    assert (told.articles, told.rows, told.files) == (2, 3, written.files)
    assert kept_tree(tmp_path / "new" / "articles") == kept_tree(settings.articles)
    assert git(tmp_path / "new" / "articles", "status", "--porcelain") == "D passwords\n".rjust(13)
    assert git(tmp_path / "new" / "articles", "log", "--format=%an %s") == "甲 first\n"
    assert (tmp_path / "new" / "service.yml").read_text("utf8") == "promises: []\n"
    assert (tmp_path / "new" / "kb.toml").read_text("utf8") == 'port = 8123\n#   articles = "articles"\n'
    if "://" in database:
        assert (tmp_path / "new" / "guzhi.dump").read_bytes()[:5] == b"PGDMP"
    else:
        assert copying.work(copying.rows(str(tmp_path / "new" / "guzhi.db"))) == 3
        assert (tmp_path / "new" / "guzhi.db").stat().st_mode & 0o077 == 0


def test_a_repository_around_the_articles_comes_along(target: Path, tmp_path: Path) -> None:
    """Where the articles are only a part of a repository, its history is in the backup as git's own bundle."""
    settings = base(tmp_path / "base")
    shutil.rmtree(settings.articles / ".git")
    git(tmp_path / "base", "init", "--quiet")
    git(tmp_path / "base", "add", "articles")
    git(tmp_path / "base", "commit", "--quiet", "-m", "around")
    lock, keys = pair(tmp_path)
    restore_to(made(settings, target, lock).path, keys, tmp_path / "new")
    git(tmp_path, "clone", "--quiet", "new/repository.bundle", "clone")
    assert git(tmp_path / "clone", "log", "--format=%s") == "around\n"


def test_files_of_cases_come_along(target: Path, tmp_path: Path) -> None:
    """What came with cases is in the backup and comes back; what is being written, and links, stay out."""
    settings = base(tmp_path / "base")
    files = tmp_path / "base" / "case-files" / "ab"
    files.mkdir(parents=True)
    (files / ("ab" * 32)).write_bytes(b"log")
    (files / f".{'ab' * 32}.1.new").write_bytes(b"half")
    (files / ("ac" * 32)).symlink_to("/etc/hostname")
    lock, keys = pair(tmp_path)
    restore_to(made(settings, target, lock).path, keys, tmp_path / "new")
    there = [p for p in (tmp_path / "new" / "case-files").rglob("*") if not p.is_dir()]
    assert [(p.name, p.read_bytes()) for p in there] == [("ab" * 32, b"log")]


def test_a_base_without_a_database_is_backed_up(target: Path, tmp_path: Path) -> None:
    """Nobody did anything yet: there is no database, and none is made for it."""
    settings = base(tmp_path / "base")
    Path(settings.database).unlink()
    lock, keys = pair(tmp_path)
    assert made(settings, target, lock).rows == 0
    assert restore_to(made(settings, target, lock).path, keys, tmp_path / "new").rows == 0
    assert not Path(settings.database).exists()


def test_it_is_of_one_moment(target: Path, tmp_path: Path) -> None:
    """While somebody writes two rows in one transaction, again and again, no backup has the one without the other."""
    settings = base(tmp_path / "base")
    lock, keys = pair(tmp_path)
    with closing(sqlite3.connect(settings.database)) as connection:
        connection.execute("CREATE TABLE one (n)")
        connection.execute("CREATE TABLE two (n)")
    stop = threading.Event()

    def write() -> None:
        with closing(sqlite3.connect(settings.database, isolation_level=None)) as connection:
            while not stop.is_set():
                connection.executescript("BEGIN; INSERT INTO one VALUES (1); INSERT INTO two VALUES (1); COMMIT")

    writer = threading.Thread(target=write)
    writer.start()
    try:
        paths = [copying.copy(settings.database, tmp_path / f"copy-{n}") for n in range(5)]
        restore_to(made(settings, target, lock).path, keys, tmp_path / "new")
    finally:
        stop.set()
        writer.join()
    assert all(rows["one"] == rows["two"] for rows in paths)
    restored = copying.rows(str(tmp_path / "new" / "guzhi.db"))
    assert restored["one"] == restored["two"] > 0


def test_what_is_written_meanwhile_is_left_out(target: Path, tmp_path: Path) -> None:
    """The index, databases and backups that lie among the articles, git's locks, and files that are being saved."""
    settings = base(tmp_path / "base")
    folder = settings.articles
    settings = settings.__class__(**{**vars(settings), "index": folder / "index", "database": str(folder / "guzhi.db")})
    shutil.copy(tmp_path / "base" / "guzhi.db", folder / "guzhi.db")
    (folder / ".a.new").write_text("half", "utf8")
    (folder / ".git" / "index.lock").write_text("", "utf8")
    inside = folder / "backups"
    inside.mkdir()
    lock, keys = pair(tmp_path)
    made(settings, inside, lock)
    restore_to(made(settings, inside, lock).path, keys, tmp_path / "new")
    there = kept_tree(tmp_path / "new" / "articles").keys()
    assert "printer/KB-000001.md" in there
    assert not [n for n in there if n.split("/")[0] in ("index", "backups", "guzhi.db", ".a.new") or ".lock" in n]


# --- who opens it -----------------------------------------------------------------------------


@pytest.mark.skipif(shutil.which("age") is None, reason="needs age (Debian: apt-get install age)")
def test_age_opens_a_backup_for_a_key(target: Path, tmp_path: Path) -> None:
    """A restore needs no Guzhi: age and tar do it."""
    settings = base(tmp_path / "base")
    lock, keys = pair(tmp_path)
    path = made(settings, target, lock).path
    opened = subprocess.run(["age", "-d", "-i", str(keys.identity), str(path)], check=True, capture_output=True)
    listed = subprocess.run(["tar", "-tz"], input=opened.stdout, check=True, capture_output=True).stdout.decode()
    assert "articles/printer/images/1.png\n" in listed
    assert "database\n" in listed


@pytest.mark.skipif(shutil.which("age") is None, reason="needs age (Debian: apt-get install age)")
def test_age_opens_a_backup_for_a_passphrase(target: Path, tmp_path: Path) -> None:
    """tar takes it apart, and age asks for the passphrase of the key in it."""
    settings = base(tmp_path / "base")
    path = made(settings, target, Lock(passphrase=WORDS)).path
    with tarfile.open(path) as outer:
        assert outer.getnames() == ["key.age", "data.age"]
        outer.extractall(tmp_path, filter="data")
    command = ["age", "-d", "-i", "key.age", "-o", "opened", "data.age"]
    child, terminal = pty.fork()
    if not child:
        os.chdir(tmp_path)
        os.execvp(command[0], command)
    said = b""
    while b":" not in said:
        said += os.read(terminal, 1000)
    os.write(terminal, f"{WORDS}\n".encode())
    with suppress(OSError):  # so a terminal tells that its last program ended
        while os.read(terminal, 1000):
            pass
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
    with tarfile.open(tmp_path / "opened") as archive:
        assert archive.getnames()[-1] == "manifest.json"


def test_passphrases(target: Path, tmp_path: Path) -> None:
    """The right one opens, a wrong one and none are told, and nothing is restored; a short one encrypts nothing."""
    settings = base(tmp_path / "base")
    path = made(settings, target, Lock(passphrase=WORDS)).path
    assert path.name.endswith(".age.tar")
    assert restore_to(path, Keys(passphrase=WORDS), tmp_path / "new").articles == 2
    for wrong in (WORDS[:-1], ""):
        with pytest.raises(InputError, match="口令"):
            restore_to(path, Keys(passphrase=wrong), tmp_path / "other")
    with pytest.raises(InputError, match="12"):
        made(settings, target, Lock(passphrase="kurz"))
    assert [p.name for p in target.iterdir()] == [path.name]
    assert not (tmp_path / "other").exists()


def test_keys(target: Path, tmp_path: Path) -> None:
    """Files of public keys and SSH's keys encrypt; the private key never does, and another one opens nothing."""
    settings = base(tmp_path / "base")
    lock, keys = pair(tmp_path)
    (tmp_path / "team.txt").write_text(f"# the team\n{lock.recipients[0]}\n\n", "utf8")
    path = made(settings, target, Lock((str(tmp_path / "team.txt"),))).path
    assert restore_to(path, keys, tmp_path / "new").articles == 2
    (tmp_path / "elsewhere").mkdir()
    _, others = pair(tmp_path / "elsewhere")
    with pytest.raises(InputError, match="不是给这把钥匙"):
        restore_to(path, others, tmp_path / "other")
    with pytest.raises(InputError, match="--identity"):
        restore_to(path, Keys(), tmp_path / "other")
    for wrong in ("age1wrong", "ssh-ed25519 AAAA", str(keys.identity), str(tmp_path / "none"), str(ROOT / "LICENSE")):
        with pytest.raises(InputError):
            made(settings, target, Lock((wrong,)))
    for empty in (ROOT / "LICENSE", tmp_path / "none"):
        with pytest.raises(InputError):
            restore_to(path, Keys(empty), tmp_path / "other")
    assert [p.name for p in target.iterdir()] == [path.name]


def test_memory_is_bounded(tmp_path: Path) -> None:
    """300 MB that do not compress go through in less memory than they have."""
    code = """if True:
        import os, resource, sys
        from pathlib import Path
        import pyrage
        from kb.keeping.archive import Contents, Place, packed
        from kb.keeping.sealing import Lock, seal
        block = os.urandom(1 << 20)
        with open("large", "wb") as file:
            for _ in range(300):
                file.write(block)
        before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        key = pyrage.x25519.Identity.generate().to_public()
        with open("out", "wb") as out:
            seal(packed([Place("articles/large", Path("large"))], Contents(), dict), out, Lock((str(key),)))
        assert os.path.getsize("out") > 250 << 20
        print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before)
    """
    done = subprocess.run([sys.executable, "-c", code], cwd=tmp_path, env={**os.environ, "PYTHONPATH": str(ROOT)},
                          capture_output=True, text=True, check=True)  # fmt: skip
    assert int(done.stdout) < 50_000  # KB


# --- what stays -------------------------------------------------------------------------------

DAY = datetime(2026, 11, 29, 3, tzinfo=UTC)


def test_days_weeks_and_months_stay() -> None:
    """Of a year of a backup each night: the last seven days, the last five weeks, the last twelve months."""
    moments = [DAY - timedelta(days=n) for n in range(400)]
    stay = sorted(rotation.staying(moments, Keep(7, 5, 12)), reverse=True)
    assert stay[:7] == moments[:7]
    assert [m.weekday() for m in stay[7:11]] == [6] * 4
    assert [(m.month, m.day) for m in stay[11:]] == [
        (10, 31), (9, 30), (8, 31), (7, 31), (6, 30), (5, 31), (4, 30), (3, 31), (2, 28), (1, 31), (12, 31)
    ]  # fmt: skip
    assert rotation.staying(moments, Keep(0, 0, 0)) == {DAY}


@given(
    st.lists(st.datetimes(datetime(2020, 1, 1), datetime(2030, 1, 1)), max_size=60),
    st.tuples(*[st.integers(0, 9)] * 3),
)
def test_what_stays_does_not_depend_on_the_order(moments: list[datetime], keep: tuple[int, int, int]) -> None:
    """The newest always stays, never more than asked for, and what stays once stays when it is asked again."""
    stay = rotation.staying(moments, Keep(*keep))
    assert stay == rotation.staying(sorted(moments), Keep(*keep))
    assert stay <= set(moments)
    assert len(stay) <= max(sum(keep), 1)
    assert not moments or max(moments) in stay
    assert rotation.staying(stay, Keep(*keep)) == stay


def test_only_our_own_are_deleted(target: Path, tmp_path: Path) -> None:
    """Backups of the name that need not stay go; files of others, links, folders and other names are left alone."""
    settings = base(tmp_path / "base")
    settings = settings.__class__(**{**vars(settings), "backup_keep": (1, 0, 0)})
    old = [rotation.file_name("guzhi", DAY - timedelta(days=n), ".age") for n in range(1, 4)]
    others = ["guzhi.age", "guzhi-20250101T000000Z.age.bak", "other-20250101T000000Z.age", "guzhi-20259999T000000Z.age"]
    for name in (*old, *others):
        (target / name).write_text("x", "utf8")
    (target / "guzhi-20240101T000000Z.age").mkdir()
    (target / "guzhi-20240102T000000Z.age").symlink_to(target / "guzhi.age")
    lock, _ = pair(tmp_path)
    written = made(settings, target, lock)
    assert sorted(p.name for p in written.gone) == sorted(old)
    kept = {*others, "guzhi-20240101T000000Z.age", "guzhi-20240102T000000Z.age", written.path.name}
    assert {p.name for p in target.iterdir()} == kept


# --- when it does not work --------------------------------------------------------------------


def test_mistakes_are_sentences(target: Path, tmp_path: Path) -> None:
    """No folder to write to, no articles, a name that is none, a damaged database, another backup that runs."""
    settings = base(tmp_path / "base")
    lock, _ = pair(tmp_path)
    with pytest.raises(InputError, match="没有文件夹"):
        made(settings, tmp_path / "not-mounted", lock)
    with pytest.raises(InputError, match="名字"):
        backup(settings, tmp_path, target, lock, "../x")
    with record.workplace(settings.index), pytest.raises(BusyError):
        made(settings, target, lock)
    with open(settings.database, "r+b") as file:
        file.seek(4096)
        file.write(b"\xff" * 30_000)
    with pytest.raises(StoreError, match="数据库"):
        made(settings, target, lock)
    shutil.rmtree(settings.articles)
    with pytest.raises(InputError, match="文章"):
        made(settings, target, lock)
    assert list(target.iterdir()) == []


def test_a_missing_pg_dump_is_told(
    monkeypatch: pytest.MonkeyPatch, postgresql: Any, target: Path, tmp_path: Path
) -> None:
    """The sentence names the program and how it is installed."""
    settings = base(tmp_path / "base", postgresql.database())
    lock, _ = pair(tmp_path)
    monkeypatch.setattr("kb.database.copying.shutil.which", lambda name: None)
    with pytest.raises(StoreError, match=r"pg_dump.*postgresql-client"):
        made(settings, target, lock)
    assert list(target.iterdir()) == []


def test_a_full_disk_leaves_nothing_half(monkeypatch: pytest.MonkeyPatch, target: Path, tmp_path: Path) -> None:
    """Wherever the disk is full: a sentence, the earlier backup as it was, and nothing beside it."""
    settings = base(tmp_path / "base")
    lock, _ = pair(tmp_path)
    old = made(settings, target, lock).path
    before = old.read_bytes()
    write = sealing._Writer.write
    for full in (0, 1, 3):
        left = [full]

        def until_full(self: Any, piece: bytes, left: list[int] = left) -> int:
            if not left[0]:
                self.error = OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
                raise self.error
            left[0] -= 1
            return write(self, piece)

        with monkeypatch.context() as patched:
            patched.setattr(sealing._Writer, "write", until_full)
            with pytest.raises(BackupError, match="没有写成：No space left"):
                made(settings, target, lock)
        assert {p.name: p.read_bytes() for p in target.iterdir()} == {old.name: before}


def test_a_disk_that_is_really_full(target: Path, tmp_path: Path) -> None:
    """On a disk of 1 MB: the second backup does not fit, is told of, and the first one is as it was; nor is one
    restored there, or half of one."""
    settings = base(tmp_path / "base")
    lock, keys = pair(tmp_path)
    with small_disk(target):
        old = made(settings, target, lock).path
        before = old.read_bytes()
        (settings.articles / "large.bin").write_bytes(os.urandom(900_000))
        with pytest.raises(BackupError, match="No space left"):
            made(settings, target, lock)
        assert {p.name: p.read_bytes() for p in target.iterdir()} == {old.name: before}
        large = made(settings, tmp_path, lock).path
        with pytest.raises(BackupError, match="No space left"):
            restore_to(large, keys, target / "new")
        assert [p.name for p in target.iterdir()] == [old.name]


KILLED = """if True:
    import os, signal, sys
    from importlib import import_module
    from pathlib import Path
    from kb.keeping.backup import backup
    from kb.keeping.sealing import Lock
    from kb.settings import load

    place, count, target, key = sys.argv[1], int(sys.argv[2]), Path(sys.argv[3]), sys.argv[4]
    module, _, name = place.partition(":")
    holder = import_module(module)
    *path, name = name.split(".")
    for part in path:
        holder = getattr(holder, part)
    function, calls = getattr(holder, name), [0]

    def killed(*arguments, **named):
        calls[0] += 1
        if calls[0] == count:
            os.kill(os.getpid(), signal.SIGKILL)
        return function(*arguments, **named)

    setattr(holder, name, killed)
    backup(load(), Path.cwd(), target, Lock((key,)))
"""

POINTS = [
    ("kb.database.copying:copy", 1),
    ("kb.keeping.base:facts", 1),
    ("kb.keeping.sealing:_Writer.write", 1),
    ("kb.keeping.sealing:_Writer.write", 3),
    ("os:fsync", 1),
    ("os:replace", 1),
    ("os:fsync", 2),
    ("kb.keeping.rotation:rotate", 1),
    ("kb.keeping.record:note", 1),
]


@pytest.mark.parametrize(("place", "count"), POINTS)
def test_killed_anywhere_the_old_file_stays(place: str, count: int, target: Path, tmp_path: Path) -> None:
    """kill -9 in the midst: the earlier backup is as it was, a new one is there as a whole or not at all, and the next
    run tidies up."""
    settings = base(tmp_path / "base")
    lock, keys = pair(tmp_path)
    old = target / rotation.file_name("guzhi", DAY - timedelta(days=60), ".age")
    made(settings, target, lock).path.rename(old)
    before = old.read_bytes()
    command = [sys.executable, "-c", KILLED, place, str(count), str(target), lock.recipients[0]]
    variables = {**os.environ, "PYTHONPATH": str(ROOT)}
    done = subprocess.run(command, cwd=tmp_path / "base", env=variables, capture_output=True, check=False)
    assert done.returncode == -signal.SIGKILL, done.stderr.decode()
    assert old.read_bytes() == before
    for n, path in enumerate(p for p in target.glob("guzhi-*") if p != old):
        assert restore_to(path, keys, tmp_path / f"new-{n}").articles == 2
    settings = settings.__class__(**{**vars(settings), "backup_keep": (9, 9, 9)})
    last = made(settings, target, lock).path
    assert {p.name for p in target.iterdir()} == {old.name, last.name}
    assert not (settings.index / record.ASIDE).exists()


# --- the command ------------------------------------------------------------------------------


def test_command(monkeypatch: pytest.MonkeyPatch, target: Path, tmp_path: Path) -> None:
    """Keys come from an option or the settings, a passphrase from a file or the environment; without any it is told
    how one is given, and no secret is ever printed."""
    settings = base(tmp_path / "base")
    monkeypatch.chdir(tmp_path / "base")
    run = CliRunner().invoke
    told = run(cli, ["backup", str(target)])
    assert told.exit_code == 2
    assert "backup_recipients" in told.output
    lock, keys = pair(tmp_path)
    monkeypatch.setenv("KB_BACKUP_RECIPIENTS", lock.recipients[0])
    assert "2 篇文章" in run(cli, ["backup", str(target)]).output
    (path,) = target.iterdir()
    proved = run(cli, ["restore", str(path), "--identity", str(keys.identity), "--to", str(tmp_path / "new")])
    assert (proved.exit_code, "2 篇文章" in proved.output) == (0, True)
    monkeypatch.delenv("KB_BACKUP_RECIPIENTS")
    monkeypatch.setenv("KB_BACKUP_PASSPHRASE", WORDS)
    written = run(cli, ["backup", str(target), "--name", "other"])
    assert ".age.tar" in written.output
    assert WORDS not in written.output
    (words,) = [tmp_path / "words.txt"]
    words.write_text("不是这个口令，真的不是\n", "utf8")
    (other,) = target.glob("other-*")
    wrong = run(cli, ["restore", str(other), "--passphrase-file", str(words), "--to", str(tmp_path / "third")])
    assert wrong.exit_code == 2
    assert "口令不对" in wrong.output
    assert record.kept(settings.index).made is not None
    assert run(cli, ["backup", str(target), "--recipient", "x", "--passphrase-file", str(words)]).exit_code == 2
    assert run(cli, ["backup", str(tmp_path / "none")]).exit_code == 2
