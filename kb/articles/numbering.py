"""This module answers: which numbers do articles have, which is the next, and why does an index not have one?"""

import re
from contextlib import suppress
from pathlib import Path

from kb.articles.files import find, load, relative
from kb.errors import ArticleError
from kb.language import say
from kb.model import Reason, ReasonCode
from kb.model.sight import EVERYTHING, Sight

NUMBER = re.compile(r"KB-(\d{6,})")


def is_number(name: str) -> bool:
    """Whether an article's id is one of Guzhi's numbers; ids of other tools are unique in their folder only."""
    return NUMBER.fullmatch(name) is not None


def numbers(root: Path) -> set[str]:
    """Every number in use, by front matter or file name."""
    names = (path.name + "\n" + _id_line(path) for path in find(root))
    return {m[0] for name in names for m in NUMBER.finditer(name)}


def next_number(root: Path) -> str:
    """The number after the highest one in use."""
    highest = max((int(number.removeprefix("KB-")) for number in numbers(root)), default=0)
    return f"KB-{highest + 1:06d}"


def _id_line(path: Path) -> str:
    """The line of a file's head that gives its number; "" where there is none, or it can't be read."""
    with suppress(OSError), path.open("rb") as f:
        m = re.search(r"^id:.*$", f.read(4096).decode("utf8", "ignore"), re.MULTILINE)
        return m[0] if m else ""
    return ""


def absence(root: Path, name: str, max_kb: int, sight: Sight = EVERYTHING) -> Reason:
    """Why an index does not have an article of this number or path: nowhere, unreadable, or unbuilt.

    sight: what who asks sees; a file of others, or one that does not say whose it is, is nowhere.
    """
    for path in find(root):
        key = relative(path, root)
        if name not in (key, path.stem) and not re.fullmatch(
            rf"id:\s*[\"']?{re.escape(name)}[\"']?\s*", _id_line(path)
        ):
            continue
        try:
            if not sight.sees(load(path, root, max_kb)[0]):
                continue
        except ArticleError as error:
            if sight != EVERYTHING:
                continue
            return Reason(ReasonCode.UNREADABLE, str(error))
        return Reason(
            ReasonCode.UNBUILT,
            say(
                "文章文件 {path} 还没有进索引；运行 kb build",
                "the file {path} is not in the index yet; run kb build",
                path=key,
            ),
        )
    return Reason(ReasonCode.NOWHERE, say("没有文章 {name}", "there is no article {name}", name=name))
