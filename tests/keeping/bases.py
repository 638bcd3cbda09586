"""A base with something of everything, keys, and archives that nobody of ours would write."""

import io
import json
import subprocess
import tarfile
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from hashlib import sha256
from pathlib import Path
from random import Random

import pyrage
import pytest

from kb.database.activity import Feedback
from kb.database.connection import Store
from kb.keeping.archive import FORMAT, MANIFEST
from kb.keeping.sealing import Keys, Lock
from kb.settings import Settings, load

PICTURE = Random(0).randbytes(300_000)
ARTICLE = "---\nid: KB-{n:06}\ntitle: {title}\nkind: manual\nstatus: published\n---\n\n{text}\n"
GOLDEN = "- query: 搓纸轮 打滑\n  article: KB-000001\n"


def pair(folder: Path) -> tuple[Lock, Keys]:
    """A public key to encrypt for, and the file of its private one."""
    identity = pyrage.x25519.Identity.generate()
    file = folder / "private.txt"
    file.write_text(f"# made for a test\n{identity}\n", "utf8")
    return Lock((str(identity.to_public()),)), Keys(file)


def base(folder: Path, database: str = "guzhi.db") -> Settings:
    """A base of two articles in git, a picture, word lists, golden queries, settings, and three rows of people."""
    articles = folder / "articles"
    texts = {
        "printer/KB-000001.md": ARTICLE.format(n=1, title="打印机卡纸", text="搓纸轮打滑，清洁搓纸轮。"),
        "网络/KB-000002.md": ARTICLE.format(n=2, title="交换机端口不亮", text="换网线，看端口灯。"),
        "dictionary.txt": "搓纸轮\n",
        "synonyms.txt": "卡纸 = 夹纸\n",
        "golden.yml": GOLDEN,
    }
    for name, text in texts.items():
        (articles / name).parent.mkdir(parents=True, exist_ok=True)
        (articles / name).write_text(text, "utf8")
    (articles / "printer" / "images").mkdir()
    (articles / "printer" / "images" / "1.png").write_bytes(PICTURE)
    (articles / "same.md").symlink_to("printer/KB-000001.md")
    (articles / "passwords").symlink_to("/etc/passwd")
    (folder / "kb.toml").write_text('port = 8123\n  articles = "articles"\n', "utf8")
    (folder / "service.yml").write_text("promises: []\n", "utf8")
    git(articles, "init", "--quiet")
    git(articles, "add", "-A")
    git(articles, "commit", "--quiet", "-m", "first")
    settings = load({"workers": 1, "trade_words": False}, folder)
    settings = replace(settings, database=database if "://" in database else str(folder / database))
    store = Store(settings.database)
    people = Feedback(store, 365)
    for n in range(3):
        people.give_verdict("KB-000001", "helpful", f"visitor{n}", f"打印机卡纸 {n}")
    store.close()
    return settings


def git(folder: Path, *words: str) -> str:
    name = ["-c", "user.name=甲", "-c", "user.email=a@guzhi.invalid"]
    done = subprocess.run(["git", "-C", str(folder), *name, *words], check=True, capture_output=True, text=True)
    return done.stdout


def tree(folder: Path) -> dict[str, object]:
    """All that is in a folder: path -> bytes, or where a link leads; a folder is None."""
    found: dict[str, object] = {}
    for path in sorted(folder.rglob("*")):
        name = path.relative_to(folder).as_posix()
        found[name] = path.readlink() if path.is_symlink() else None if path.is_dir() else path.read_bytes()
    return found


def kept_tree(folder: Path) -> dict[str, object]:
    """The same without the link that leads elsewhere, which no backup takes in."""
    return {name: what for name, what in tree(folder).items() if name != "passwords"}


def archive(members: Iterable[tuple[tarfile.TarInfo, bytes]], manifest: dict[str, object] | None = None) -> bytes:
    """A compressed tar of these members; its manifest fits them unless another one is given ({} for none)."""
    out = io.BytesIO()
    files, links = {}, {}
    with tarfile.open(fileobj=out, mode="w:gz") as made:
        for info, raw in members:
            info.size = len(raw)
            made.addfile(info, io.BytesIO(raw))
            if info.isreg():
                files[info.name] = (len(raw), sha256(raw).hexdigest())
            elif info.issym():
                links[info.name] = info.linkname
        facts = {"format": FORMAT, "program": "0", "made": "2026-11-29T00:00:00+00:00", "database": None, "rows": {}}
        told = {**facts, "articles": 1, "files": files, "links": links} if manifest is None else manifest
        if told:
            raw = json.dumps(told).encode()
            info = tarfile.TarInfo(MANIFEST)
            info.size = len(raw)
            made.addfile(info, io.BytesIO(raw))
    return out.getvalue()


def member(name: str, kind: bytes = tarfile.REGTYPE, link: str = "") -> tarfile.TarInfo:
    info = tarfile.TarInfo(name)
    info.type, info.linkname = kind, link
    return info


def sealed(folder: Path, raw: bytes, lock: Lock) -> Path:
    """A file that holds these bytes, encrypted."""
    path = folder / "made.age"
    keys = [pyrage.x25519.Recipient.from_str(key) for key in lock.recipients]
    path.write_bytes(pyrage.encrypt(raw, keys))
    return path


@contextmanager
def small_disk(folder: Path) -> Iterator[None]:
    """A disk of 1 MB, where one may be mounted."""
    done = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=1000k", "guzhi-test", str(folder)], check=False,
                          capture_output=True)  # fmt: skip
    if done.returncode:
        pytest.skip("needs to be root, and allowed to mount")
    try:
        yield
    finally:
        subprocess.run(["umount", str(folder)], check=True)
