"""This module reads the pictures of the articles in force, once each, and makes the articles found by what they say.

It follows a build, aside: a picture takes seconds. Some are read at a time, in a process of their own; those that can't
be are remembered as silent.
"""

import json
import logging
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from kb.articles import captions, lettering
from kb.articles.atomic import save
from kb.bundle import open_current
from kb.bundle.stored import article_from
from kb.errors import BusyError, InputError, KbError
from kb.indexer.build import update
from kb.indexer.changes import Previous, entries_of
from kb.indexer.parallel import Progress
from kb.language import say, use
from kb.settings import Settings

log = logging.getLogger(__name__)

SECONDS = 300
"""Of one run; the pictures that are left are read by the next."""
TOGETHER = 8
"""Pictures that one process reads."""


@dataclass(frozen=True)
class Captioned:
    """What was done. read: pictures; left: those that are not read yet."""

    read: int = 0
    left: int = 0


def read_pictures(settings: Settings, progress: Progress | None = None, seconds: float = SECONDS) -> Captioned:
    """Read what pictures say that nobody has read; nothing where the extra `ocr` is not installed. Raises KbError."""
    if not lettering.is_available():
        return Captioned()
    unread = _unread(settings)
    todo = list(unread)
    ends, done = time.monotonic() + seconds, 0
    while done < len(todo) and time.monotonic() < ends:
        some = todo[done : done + TOGETHER]
        captions.keep(settings.index, dict(zip(some, _texts([unread[d][0] for d in some]), strict=True)))
        done += len(some)
        if progress:
            progress(say("读图片", "reading pictures"), done, len(todo))
    texts = captions.known(settings.index)
    about = sorted({path for digest in todo[:done] if texts.get(digest) for path in unread[digest][1]})
    if about:
        update(settings, about)
    return Captioned(done, len(todo) - done)


def read_pictures_quietly(settings: Settings) -> None:
    """The same beside a site: what hinders it is logged."""
    use(settings.language)
    try:
        read_pictures(settings)
    except BusyError:
        pass  # the next build brings the next run
    except (KbError, OSError) as error:
        log.warning("pictures can't be read: %s", error)


def _unread(settings: Settings) -> dict[str, tuple[Path, list[str]]]:
    """Digest -> (a file of the picture, articles that show it)."""
    previous = Previous(open_current(settings.index, verify=False), verified=False)
    known = captions.known(settings.index)
    found: dict[str, tuple[Path, list[str]]] = {}
    for part, shown in enumerate(_shown(settings, previous)):
        for article, pictures in shown.items():
            if previous.part(article) != part:
                continue
            for picture in pictures:
                path = settings.articles / picture
                digest = captions.digest(path)
                if digest and digest not in known:
                    found.setdefault(digest, (path, []))[1].append(article)
    return found


SHOWN = "pictures.json"
"""In the index folder: bundle -> article -> its pictures, for a bundle is looked through once."""
_Shown = dict[str, list[str]]


def _shown(settings: Settings, previous: Previous) -> list[_Shown]:
    """Of each bundle article -> the pictures it shows, by their paths below the articles folder."""
    file = settings.index / SHOWN
    try:
        before = json.loads(file.read_bytes())
    except (OSError, ValueError):
        before = {}
    found: dict[str, _Shown] = {}
    for part, bundle in enumerate(previous.bundles):
        name = bundle.folder.name
        found[name] = before[name] if name in before else _look(settings.articles, previous, part)
    if found != before:
        save(file, json.dumps(found, ensure_ascii=False))
    return list(found.values())


def _look(root: Path, previous: Previous, part: int) -> _Shown:
    """The same of one bundle, from its articles."""
    shown: _Shown = {}
    for entry in entries_of(previous.bundles[part], part):
        body = previous.body(entry)
        if captions.may_show(body):
            article = article_from(previous.record(entry), json.loads(body))
            places = [path.relative_to(root).as_posix() for _, path in captions.pictures(article, root)]
            shown |= {entry.path: places} if places else {}
    return shown


def _texts(paths: Sequence[Path]) -> list[str]:
    """What these pictures say; when one of them stops the reader, each by itself."""
    try:
        return lettering.read([path.read_bytes() for path in paths])
    except (InputError, OSError):
        if len(paths) == 1:
            return [""]
    return [text for path in paths for text in _texts([path])]
