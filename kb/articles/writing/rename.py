"""This module answers: how does an article move to another file name while every link to it keeps working?"""

import posixpath
import re
import unicodedata
from collections.abc import Callable
from datetime import UTC, datetime
from urllib.parse import quote, unquote, urlsplit

from sqlalchemy import delete, update

from kb.articles import markdown
from kb.articles.atomic import MAX_NAME, usable
from kb.articles.check import normal_path
from kb.articles.files import SUFFIXES, ArticleFile, decode, find, relative
from kb.articles.writing.form import encoded
from kb.articles.writing.save import Editions
from kb.database import tables
from kb.database.connection import Store, upsert
from kb.errors import ArticleError, ConflictError, InputError
from kb.language import say

MAX_FOLDERS = 8

_LINK = re.compile(r"(\]\(\s*|^ {0,3}\[[^\]\n]+\]:\s*)(?:<([^<>\n]+)>|([^\s<>()]+))", re.MULTILINE)
_CODE = re.compile(
    r"^ {0,3}(?P<fence>`{3,}|~{3,}).*?(?:^ {0,3}(?P=fence)[`~]*[ \t]*$|\Z)"
    r"|(?<!`)(?P<ticks>`+)(?!`)(?:(?!\n\n).)*?(?<!`)(?P=ticks)(?!`)",
    re.MULTILINE | re.DOTALL,
)

Target = Callable[[str], str | None]
"""Where a link leads (below the articles folder) -> where it leads now, None to leave it."""


def checked_path(path: str) -> str:
    """A path for an article below the folder, ".md" added where it lacks. Raises InputError."""
    path = unicodedata.normalize("NFC", path.strip().replace("\\", "/").strip("/"))
    if not path.lower().endswith(SUFFIXES):
        path += ".md"
    parts = path.split("/")
    fine = usable(path) == path and all(parts)
    if not fine or len(path.encode()) > MAX_NAME or len(parts) > MAX_FOLDERS or path.lower() in SUFFIXES:
        raise InputError(
            say(
                '文件名 {path} 用不了；写成 printer/KB-000001.md 这样，不用 : * ? " < > |，不以点开头，也不叫 con、nul',
                "the file name {path} can't be used; write it like printer/KB-000001.md, without : * ? \" < > |, "
                "not beginning with a dot, and not called con or nul",
                path=path,
            )
        )
    return path


def move(editions: Editions, store: Store, old: str, new: str, base: str, editor: str, note: str) -> list[str]:
    """Give an article's file another name, adjust its own relative links and those of others to it.

    Returns the paths of all files touched, the old one among them. Raises KbError and its kin; see Editions.save.
    """
    new = checked_path(new)
    root = editions.root
    if old == new:
        return []
    with editions.locked():
        now = editions.open(old)
        if now.digest != base:
            raise ConflictError(say("{path} 已被别人改过", "{path} was changed by somebody else meanwhile", path=old))
        if not (root / new).parent.resolve().is_relative_to(root.resolve()) or (root / old).is_symlink():
            raise InputError(say("{path} 不在文章文件夹里", "{path} leaves the articles folder", path=new))
        text = relinked(now, new, lambda place: new if place == old else place)
        editions.relocate(now, ArticleFile.of(new, text, encoded(text, now.raw)), editor, note)
        _remember(store, old, new)
        return [old, new, *_follow(editions, old, new, editor)]


def _follow(editions: Editions, old: str, new: str, editor: str) -> list[str]:
    """Let the links of other articles lead to the new name. Returns the paths of those that had some."""
    name = posixpath.basename(old)
    names = (name.encode(), quote(name).encode())
    changed = []
    for place in find(editions.root):
        path = relative(place, editions.root)
        try:
            raw = place.read_bytes()
            if path == new or not any(n in raw for n in names):
                continue
            file = ArticleFile.of(path, decode(raw, path)[0], raw)
            after = relinked(file, path, lambda at: new if at == old else None)
            if after != file.text:
                note = say("链接随 {old} 移到 {new}", "links followed {old} to {new}", old=old, new=new)
                editions.replace(raw, ArticleFile.of(path, after), editor, note)
                changed.append(path)
        except (OSError, ArticleError):  # what can't be read has no link that worked
            continue
    return changed


def relinked(file: ArticleFile, to: str, place_of: Target) -> str:
    """An article's text with the relative links in its body adjusted, for a file that moves to the path `to`."""
    path, body = file.path, file.text if file.error else file.article.body
    targets = {unquote(target) for _, target, _ in markdown.links(body)}
    code = [m.span() for m in _CODE.finditer(body)]

    def adjusted(m: re.Match[str]) -> str:
        link = m[2] or m[3]
        parts = urlsplit(link)
        inside = any(start <= m.start() < end for start, end in code)
        if inside or parts.scheme or parts.netloc or not parts.path or parts.path.startswith("/"):
            return m[0]
        place = normal_path(path, unquote(parts.path)) if unquote(link) in targets else None
        leads = None if place is None else place_of(place)
        if leads is None or (leads == place and posixpath.dirname(path) == posixpath.dirname(to)):
            return m[0]
        found = posixpath.relpath(leads, posixpath.dirname(to) or ".")
        found += link[len(parts.path) :]
        return m[1] + (f"<{found}>" if m[2] else re.sub(r"[\s()]", lambda c: quote(c[0]), found))

    return file.text.removesuffix(body) + _LINK.sub(adjusted, body)


def _remember(store: Store, old: str, new: str) -> None:
    with store.session() as session:
        session.execute(delete(tables.Rename).where(tables.Rename.old == new))
        session.execute(update(tables.Rename).where(tables.Rename.new == old).values(new=new))
        upsert(session, tables.Rename, ("old",), old=old, new=new, at=datetime.now(UTC))


def moved_to(store: Store, name: str) -> str | None:
    """Where the file of an old name (a path, with or without its suffix) lies now, None for a name that never moved."""
    with store.reading() as session:
        for path in (name, *(name + suffix for suffix in SUFFIXES)):
            row = session.get(tables.Rename, path)
            if row is not None:
                return row.new
    return None
