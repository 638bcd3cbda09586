"""This module keeps what pictures of articles say, by the digest of each picture, so that one is read once.

index/captions.json: {digest: text}. A text is searched where its picture stands, and shown nowhere. It can be deleted:
the pictures are read again.
"""

import json
import re
from collections.abc import Iterator, Mapping
from functools import lru_cache
from hashlib import blake2b
from pathlib import Path
from urllib.parse import unquote, urlsplit

from kb.articles.atomic import save
from kb.model import Article

FILE = "captions.json"
MAX_PICTURES = 50
"""Of one article, that are looked at."""
MAX_BYTES = 10_000_000
_PICTURE = re.compile(r"!\[|<img", re.IGNORECASE)
_PICTURE_IN_LINE = re.compile(rb"!\[|<img", re.IGNORECASE)
_SUFFIXES = (".png", ".jpg", ".jpeg", ".gif", ".webp", ".bmp")
SHOWN = (".png", ".jpg", ".jpeg", ".gif", ".webp", ".svg", ".avif")
"""Files that a site shows as pictures."""
_NAMED = re.compile("|".join(map(re.escape, SHOWN)), re.IGNORECASE)

Captions = tuple[tuple[int, str], ...]
"""(line of the body counted from 0, text), in order."""


def known(index: Path) -> Mapping[str, str]:
    """Digest -> text, of the pictures that were read; what can't be read counts as none."""
    path = index / FILE
    try:
        return _known(path, path.stat().st_mtime_ns)
    except OSError:
        return {}


def state(index: Path) -> tuple[int, int]:
    """Changes with what is known."""
    try:
        stat = (index / FILE).stat()
    except OSError:
        return 0, 0
    return stat.st_size, stat.st_mtime_ns


@lru_cache(maxsize=2)
def _known(path: Path, _changed: int) -> Mapping[str, str]:
    try:
        found = json.loads(path.read_bytes())
    except ValueError:
        return {}
    return {k: v for k, v in found.items() if isinstance(v, str)} if isinstance(found, dict) else {}


def keep(index: Path, read: Mapping[str, str]) -> None:
    """Add what was read. Raises OSError."""
    save(index / FILE, json.dumps({**known(index), **read}, ensure_ascii=False))


def may_show(line: bytes) -> bool:
    """Whether an article may show a picture, by the line of its body in a bundle."""
    return bool(_PICTURE_IN_LINE.search(line))


def pictures(article: Article, root: Path) -> list[tuple[int, Path]]:
    """(line, file) of the pictures that an article shows and that lie below the folder."""
    if not _PICTURE.search(article.body):
        return []
    shown = [(line, place) for line, place, image in _linked(article) if image]
    return [(line, root / place) for line, place in shown if place.lower().endswith(_SUFFIXES)][:MAX_PICTURES]


def named(article: Article) -> list[str]:
    """The files of pictures that an article shows or links to, below the folder: who reads it may see them."""
    if not _NAMED.search(article.body):
        return []
    return list(dict.fromkeys(place for _, place, _ in _linked(article) if place.lower().endswith(SHOWN)))


def _linked(article: Article) -> Iterator[tuple[int, str, bool]]:
    """(line, path below the folder, whether it is shown as a picture) of what an article links to in the folder."""
    from kb.articles.check import normal_path  # what only asks what is known reads no article
    from kb.articles.markdown import links

    for line, target, image in links(article.body):
        place = normal_path(article.path, unquote(urlsplit(target).path))
        if place:
            yield line, place, image


def digest(path: Path) -> str:
    """What a picture is known by; "" when it is not there, or too large to be read."""
    try:
        if not path.is_file() or path.stat().st_size > MAX_BYTES:
            return ""
        return blake2b(path.read_bytes(), digest_size=16).hexdigest()
    except OSError:
        return ""


def captions(article: Article, root: Path, index: Path) -> Captions:
    """What is known of the pictures of an article."""
    texts = known(index)
    if not texts:
        return ()
    found = ((line, texts.get(digest(path), "")) for line, path in pictures(article, root))
    return tuple((line, text) for line, text in found if text)
