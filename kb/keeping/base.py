"""This module answers what of a base goes into a backup: its database as of one moment, its articles with their git
folder, pictures and word lists, files of cases, and its settings.
"""

import os
import shutil
import subprocess
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path, PurePosixPath
from typing import Any

from kb import __version__
from kb.articles.files import SUFFIXES, left_out
from kb.database import copying
from kb.errors import BackupError
from kb.keeping.archive import ARTICLES, DATABASE, FILES, REPOSITORY, SERVICE, SETTINGS, Place, leads_inside
from kb.keeping.record import now
from kb.language import say
from kb.settings import Settings

GIT = ".git"
OBJECTS = f"{GIT}/objects"
ROUNDS = 5
"""So often it is looked for files that came while others were read."""
GIT_SECONDS = 600


def facts(settings: Settings, rows: copying.Rows | None) -> dict[str, Any]:
    """What the manifest tells of a base. rows: of its database, None when it has none."""
    kind = copying.kind_of(settings.database) if rows is not None else None
    return {"program": __version__, "made": now().isoformat(), "database": kind, "rows": rows or {}}


def database(settings: Settings, aside: Path) -> copying.Rows | None:
    """Copy the database into a folder; its rows, None when there is none yet. Raises StoreError."""
    if "://" not in settings.database and not Path(settings.database).exists():
        return None
    return copying.copy(settings.database, aside / DATABASE)


def places(settings: Settings, folder: Path, aside: Path, without: Path) -> Iterator[Place]:
    """What goes in, in order. folder: of kb.toml; aside: with the database's copy; without: a folder that stays out.

    A git repository writes objects first and then what names them, so it is read the other way round.
    """
    if (aside / DATABASE).exists():
        yield Place(DATABASE, aside / DATABASE)
    for name in (SETTINGS, SERVICE):
        if (folder / name).is_file():
            yield Place(name, (folder / name).resolve())
    for path in sorted((settings.articles.parent / FILES).glob("??/*")):
        if not path.name.startswith(".") and path.is_file() and not path.is_symlink():
            yield Place(f"{FILES}/{path.parent.name}/{path.name}", path)
    if _bundled(settings.articles, aside / REPOSITORY):
        yield Place(REPOSITORY, aside / REPOSITORY)
    root = settings.articles
    left = {p.resolve() for p in (settings.index, without, Path(settings.database))}
    done: set[str] = set()
    parts: tuple[Callable[[str], bool], ...] = (
        lambda name: name.startswith(f"{GIT}/") and not name.startswith(OBJECTS),
        lambda name: name.startswith(f"{GIT}/"),
        lambda name: True,
    )
    for part in parts:
        for _ in range(ROUNDS):
            new = [name for name in _walk(root, left) if part(name) and name not in done]
            if not new:
                break
            done.update(new)
            for name in new:
                place = Place(f"{ARTICLES}/{name}", root / name)
                if not place.path.is_symlink() or leads_inside(place.name, os.readlink(place.path)):
                    yield place


def articles_among(names: Iterable[str]) -> int:
    """How many of the files of a backup are articles; links to them are not counted."""
    paths = [PurePosixPath(name).relative_to(ARTICLES) for name in names if name.startswith(f"{ARTICLES}/")]
    return sum(p.suffix.lower() in SUFFIXES and not any(map(left_out, p.parts)) for p in paths)


def _walk(root: Path, left: set[Path]) -> Iterator[str]:
    """Files, links and folders below root, but folders that stay out, databases and what others are writing."""
    for folder, folders, files in os.walk(root):
        here = Path(folder)
        folders[:] = sorted(f for f in folders if (here / f).resolve() not in left)
        for name in (*folders, *sorted(files)):
            relative = (here / name).relative_to(root).as_posix()
            locked = relative.startswith(f"{GIT}/") and name.endswith(".lock")
            unfinished = name.startswith(".") and name.endswith(".new")
            beside = (here / name).resolve().as_posix().removesuffix("-wal").removesuffix("-shm")
            if not locked and not unfinished and Path(beside) not in left:
                yield relative


def _bundled(root: Path, file: Path) -> bool:
    """Write the history of a repository that the articles are only a part of to a file, when they are."""
    git = shutil.which("git")
    if git is None or (root / GIT).is_dir() or not root.is_dir():
        return False
    inherited = {k: v for k, v in os.environ.items() if not k.startswith("GIT_")}
    try:
        done = subprocess.run(  # noqa: S603 - no shell
            [git, "-C", str(root), "bundle", "create", "--quiet", str(file), "--all"],
            env=inherited,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=GIT_SECONDS,
            check=False,
        )
    except subprocess.TimeoutExpired:
        raise BackupError(
            say(
                "git bundle 超过 {n} 秒，备份没有写成",
                "git bundle took over {n} s, no backup was written",
                n=GIT_SECONDS,
            )
        )
    return done.returncode == 0 and file.exists()
