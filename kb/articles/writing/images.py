"""This module answers: where does a picture lie beside its article, and how does the article show it?"""

import re
from pathlib import Path

from kb.articles.atomic import save
from kb.articles.pictures import SUFFIXES, cleaned
from kb.errors import InputError, KbError
from kb.language import say

MAX_ALT = 200
"""Characters of what a picture is said to show."""
FOLDER = "images"
_NUMBERS = 10_000


def add(root: Path, article: str, name: str, raw: bytes) -> str:
    """Store a picture in the folder images beside an article, as NAME-1.png or the next free number.

    article: its path below root; name: what its pictures begin with. Returns the link from the article.
    Raises InputError, KbError.
    """
    content, suffix = cleaned(raw)
    return _placed(root, article, name, content, suffix)


def shown(alt: str, link: str) -> str:
    """The Markdown of a picture. alt: what it shows. Raises InputError when that is not told."""
    told = " ".join(re.sub(r"[\[\]\\]", " ", alt).split())[:MAX_ALT]
    if not told:
        raise _refused(
            "请写一句图片说明：看不见图的人、搜索，都靠它", "say what the picture shows: who can't see it needs it"
        )
    return f"![{told}]({link})"


def _placed(root: Path, article: str, name: str, content: bytes, suffix: str) -> str:
    folder = root.joinpath(article).parent / FOLDER
    name = re.sub(r"[^\w-]+", "-", name).strip("-")[:80] or "image"
    if not folder.resolve().is_relative_to(root.resolve()):
        raise _refused("图片文件夹走出了文章文件夹", "the folder of images leaves the folder of articles")
    for number in range(1, _NUMBERS):
        path = folder / f"{name}-{number}{suffix}"
        # One number for one picture, whatever its suffix.
        if any(path.with_suffix(s).exists() for s in set(SUFFIXES.values())):
            continue
        try:
            save(path, content, new=True)
        except KbError:
            if path.exists():  # another editor's upload was faster
                continue
            raise
        return f"{FOLDER}/{path.name}"
    raise _refused("这篇文章的图片太多", "this article has too many pictures")


def settle(root: Path, body: str, token: str, article: str, name: str) -> str:
    """The body of a new article, its pictures renamed from what they were called before it had a number.

    token: what they were called; they lie at the top of the folder. name: what they are called beside the article.
    """
    for link in sorted(set(re.findall(rf"\(/({FOLDER}/{re.escape(token)}-\d+\.\w+)\)", body))):
        source = root / link
        if not source.is_file():
            continue
        placed = _placed(root, article, name, source.read_bytes(), source.suffix)
        body = body.replace(f"(/{link})", f"({placed})")
        source.unlink(missing_ok=True)
    return body


def _refused(zh: str, en: str, **values: object) -> InputError:
    return InputError(say(zh, en, **values))
