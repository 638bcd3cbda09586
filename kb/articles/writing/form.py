"""This module answers: how does an article's file become a form, and the form the file again, touching nothing else?"""

import re
from collections import Counter
from collections.abc import Mapping
from datetime import date
from difflib import SequenceMatcher
from typing import Any

from kb.articles.files import ArticleFile, change, decode
from kb.model.schema import DATES, KEYS, LISTS, NAMES

LINE_LISTS = tuple(k.name for k in KEYS if k.lines)
"""Lists of sentences: one item a line. The items of other lists are separated by commas."""

MERGED_INTO = "merged_into"
"""The key of an archived article's front matter that names the one which took its place."""

_BOM = "\ufeff".encode()
_ITEM = re.compile(r'\s*(?:"((?:[^"]|"")*)"|([^,，]*))\s*(?:[,，]|$)')


def values_of(file: ArticleFile) -> dict[str, str]:
    """What a form shows for each known key, "" for one that is not there. Raises ArticleError."""
    file.strict()
    return {key: _shown(key, file.head.values.get(key)) for key in NAMES}


def edited(file: ArticleFile, values: Mapping[str, str], body: str | None = None) -> ArticleFile:
    """A file with what was changed in its form.

    values: as values_of gives them; keys that are left out, and values that are as they were, touch nothing.
    body: the whole text behind the front matter, None to keep it. Raises ArticleError.
    """
    return change(file, changes_of(file, values), body)


def changes_of(file: ArticleFile, values: Mapping[str, str]) -> dict[str, Any]:
    """What is another value in a form than in the file, as values of the front matter. Raises ArticleError."""
    shown = values_of(file)
    return {
        key: _typed(key, values[key])
        for key in NAMES
        if key in values and _flat(key, values[key]) != _flat(key, shown[key])
    }


STATE = ("status", "owner", "review_after", MERGED_INTO)
"""Keys that say where an article stands, not what it says."""


def restored(now: ArticleFile, text: str) -> ArticleFile:
    """The file with an earlier text of it, but in the state it is in now.

    A text whose front matter can't be read is taken as it is. Raises ArticleError.
    """
    then = ArticleFile.of(now.path, text)
    if then.error or now.error:
        return then
    kept = {key: now.head.values.get(key) for key in STATE}
    return change(then, {key: value for key, value in kept.items() if value != then.head.values.get(key)})


def with_value(key: str, text: str, value: str) -> str:
    """What a field shows with one more value; a key that takes one only has that."""
    if key not in LISTS:
        return value
    items = _typed(key, text)
    given = items if isinstance(items, list) else []
    return text if value in given else _shown(key, [*given, value])


def items_of(key: str, text: str) -> list[str]:
    """The values that a field shows."""
    items = _typed(key, text)
    return items if isinstance(items, list) else [] if items is None else [str(items)]


def _shown(key: str, value: Any) -> str:
    if value is None:
        return ""
    if key not in LISTS:
        return " ".join(str(value).split())
    items = [" ".join(str(v).split()) for v in (value if isinstance(value, list) else [value]) if v is not None]
    return "\n".join(items) if key in LINE_LISTS else ", ".join(map(_quoted, items))


def _quoted(item: str) -> str:
    return '"' + item.replace('"', '""') + '"' if re.search('[,，"]', item) else item


def _flat(key: str, text: str) -> str:
    """A form's value without what a browser changes by itself: line ends, spaces at the edges."""
    lines = (" ".join(line.split()) for line in text.split("\n"))
    return ("\n" if key in LINE_LISTS else " ").join(filter(None, lines))


def _typed(key: str, text: str) -> str | list[str] | date | None:
    """What was typed as a value of the front matter, None for nothing. Inverse of _shown."""
    text = _flat(key, text)
    if not text:
        return None
    if key in LINE_LISTS:
        return text.split("\n")
    if key in LISTS:
        found = ((m[1] or "").replace('""', '"') or m[2] or "" for m in _ITEM.finditer(text))
        return [item.strip() for item in found if item.strip()]
    try:
        return date.fromisoformat(text) if key in DATES else text
    except ValueError:
        return text


def encoded(text: str, like: bytes) -> bytes:
    """A text as the bytes of a file: in the encoding of the file it was read from, with its BOM and its line ends.

    A line that was there keeps its own line end, a new one gets the usual one. like: b"" for a new file.
    """
    before, encoding = decode(like, "")
    if text == before:
        return like
    old = like.decode(encoding)
    ends = re.findall(r"\r\n|\r|\n", old)
    usual = Counter(ends).most_common(1)[0][0] if ends else "\n"
    lines = text.split("\n")
    own = [usual] * (len(lines) - 1) + [""]
    if len(set(ends)) > 1:
        for a, b, size in SequenceMatcher(None, before.split("\n"), lines, autojunk=False).get_matching_blocks():
            for k in range(min(size, len(ends) - a, len(lines) - 1 - b)):
                own[b + k] = ends[a + k]
    written = "".join(line + end for line, end in zip(lines, own, strict=True))
    if encoding == "utf-16":
        return like[:2] + written.encode("utf-16-be" if like.startswith(b"\xfe\xff") else "utf-16-le")
    if encoding == "utf-8-sig":
        return (_BOM if like.startswith(_BOM) else b"") + written.encode()
    return written.encode(encoding)
