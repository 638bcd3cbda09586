"""This module reads and writes articles: Markdown files with YAML front matter.

Reading is lenient (any Markdown file is at least a manual), kb.articles.check is strict.
"""

import os
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from hashlib import sha256
from pathlib import Path, PurePosixPath
from typing import Any, NamedTuple

from kb.articles.frontmatter import (
    FrontMatter,
    day,
    dump,
    front_matter,
    mended,
)
from kb.errors import ArticleError, NotFoundError
from kb.language import say
from kb.model import Article
from kb.model.schema import BY_NAME, DATES, LISTS, NAMES, TEXTS
from kb.model.sight import INTERNAL

SUFFIXES = (".md", ".markdown")
MAX_TITLE = 500
"""Characters of a heading that becomes a title."""
MAX_MENU = 1_000_000
"""Bytes of a file that is looked at for being a menu."""
LEFT_OUT_FOLDERS = frozenset(("node_modules", "bower_components", "__MACOSX"))
"""Folders with other people's documents."""
LEFT_OUT_FILES = frozenset(
    "_sidebar.md _Sidebar.md _navbar.md _coverpage.md _footer.md _Footer.md _header.md _Header.md SUMMARY.md".split()
)
"""What tools for documents make their menus of: links without a text of their own."""

_MENU = re.compile(
    r"(?:_?index|readme|home|_?toc|contents|summary|nav(?:igation)?|menu|目录)(?:[-_.].*)?", re.IGNORECASE
)
"""What files are called that may be such a menu, and may be an article as well: the text decides."""
PROSE = 0.2
"""Share of a menu's letters that are no links, at most; titles are not counted."""
_LINK = re.compile(r"!?\[[^\]\n]*\]\([^)\n]*\)|!?\[[^\]\n]*\]\[[^\]\n]*\]|<https?:[^>\n]*>|https?:\S+")
_WRITTEN = re.compile(r"\w")

_HEADING = re.compile(
    r"^ {0,3}#{1,6}[ \t]+(.+?)(?:[ \t]+#+)?[ \t]*$|^([^\n]*\S[^\n]*)\n {0,3}(?:=+|-+)[ \t]*$", re.MULTILINE
)


class Seen(NamedTuple):
    """An article's file as a folder tells of it. key: its path below the folder, with forward slashes.

    size: bytes; mtime_ns: when it was changed; both 0 for a link that leads nowhere.
    """

    key: str
    size: int
    mtime_ns: int


def find(root: Path) -> Iterator[Path]:
    """Every article file below root, sorted; links that leave root, what left_out() names and menus are passed over.

    Raises NotFoundError when root is not a folder that can be listed.
    """
    return (place(root, seen.key) for seen in look(root))


def place(root: Path, key: str) -> Path:
    """The file of an article; inverse of relative()."""
    return root / key if root.is_dir() else root


def look(root: Path) -> Iterator[Seen]:
    """The same with size and time. Each file is asked once: a hundred thousand take a third of a second."""
    return (seen for seen, menu in _walk(root) if not menu)


def menus(root: Path) -> list[str]:
    """The files that find() passes over because they hold links and hardly a word beside, by their paths below root."""
    return [seen.key for seen, menu in _walk(root) if menu]


def _walk(root: Path) -> Iterator[tuple[Seen, bool]]:
    """(file, whether it is a menu) of every Markdown file below root that may be an article."""
    if root.is_file() and root.suffix.lower() in SUFFIXES:
        stat = root.stat()
        yield Seen(root.name, stat.st_size, stat.st_mtime_ns), False
        return
    if not root.is_dir():
        raise NotFoundError(say("没有文件夹 {root}", "there is no folder {root}", root=root))
    real_root = root.resolve()
    waiting = [("", str(root))]
    while waiting:
        before, folder = waiting.pop()
        try:
            with os.scandir(folder) as listed:
                entries = sorted((e for e in listed if not left_out(e.name)), key=lambda e: e.name)
        except OSError:
            if not before:
                raise NotFoundError(say("读不了文件夹 {root}", "the folder {root} can't be read", root=root))
            continue
        inner = []
        for entry in entries:
            if _is_folder(entry):
                if not entry.is_symlink():
                    inner.append((f"{before}{entry.name}/", entry.path))
            elif entry.name.lower().endswith(SUFFIXES) and _is_inside(entry, real_root):
                try:
                    stat = entry.stat()
                    yield Seen(before + entry.name, stat.st_size, stat.st_mtime_ns), _is_menu(folder, entry.name)
                except OSError:
                    yield Seen(before + entry.name, 0, 0), False
        waiting += reversed(inner)


def _is_folder(entry: os.DirEntry[str]) -> bool:
    try:
        return entry.is_dir()
    except OSError:
        return False


def _is_inside(entry: os.DirEntry[str], real_root: Path) -> bool:
    """Whether it is a file, or a link to what lies below the folder."""
    return _leads_into(real_root, Path(entry.path)) if entry.is_symlink() else entry.is_file()


def _is_menu(folder: str, name: str) -> bool:
    """Whether a file is a table of contents: called like one, with links and hardly a word beside them."""
    if not _MENU.fullmatch(name.rpartition(".")[0]):
        return False
    path = Path(folder, name)
    try:
        stat = path.stat()
        return _is_links(path, stat.st_size, stat.st_mtime_ns)
    except OSError:  # whoever reads it will tell
        return False


@lru_cache(maxsize=20_000)
def _is_links(path: Path, size: int, mtime_ns: int) -> bool:
    """The same by its text; a site looks at its folder every few seconds."""
    if size > MAX_MENU:
        return False
    try:
        text, _ = decode(path.read_bytes(), path.name)
    except ArticleError:
        return False
    lines = mended(text, path.name)[0].end - 1
    body = "".join(_lines(text)[lines:])
    rest = "\n".join(line for line in _LINK.sub("", body).split("\n") if not line.lstrip().startswith("#"))
    linked = len(_WRITTEN.findall("".join(_LINK.findall(body))))
    return linked > 0 and len(_WRITTEN.findall(rest)) <= PROSE * linked


def left_out(name: str) -> bool:
    """Whether a file or folder is passed over unless it is asked for: hidden, a lock of Office (~$), no article."""
    return name.startswith((".", "~$")) or name in LEFT_OUT_FOLDERS or name in LEFT_OUT_FILES


def is_article(path: Path, root: Path) -> bool:
    """Whether find() would give a file below root."""
    if not path.is_relative_to(root) or any(map(left_out, path.relative_to(root).parts)):
        return False
    if path.suffix.lower() not in SUFFIXES or not path.is_file() or _is_menu(str(path.parent), path.name):
        return False
    return _leads_into(root.resolve(), path)


def _leads_into(folder: Path, link: Path) -> bool:
    try:
        return folder in link.resolve().parents
    except RuntimeError:  # links in a circle lead nowhere; reading one tells so
        return True


def relative(path: Path, root: Path) -> str:
    """An article's key: its path below root, with forward slashes."""
    return path.relative_to(root).as_posix() if path != root else path.name


def decode(raw: bytes, path: str) -> tuple[str, str]:
    """Text of a file and its encoding: UTF-8 with or without BOM, UTF-16 with BOM, else GB 18030.

    Line ends become "\\n". Raises ArticleError for a binary file.
    """
    encoding = "utf-16" if raw[:2] in (b"\xff\xfe", b"\xfe\xff") else "utf-8-sig"
    for candidate in (encoding, "gb18030"):
        if candidate != "utf-16" and b"\0" in raw:
            break
        try:
            text = raw.decode(candidate)
        except UnicodeDecodeError:
            continue
        return text.replace("\r\n", "\n").replace("\r", "\n"), candidate
    raise ArticleError(
        path,
        0,
        say("不是文本文件（UTF-8 或 GB 18030），已跳过", "not a text file (UTF-8 or GB 18030), skipped"),
    )


@dataclass(frozen=True, slots=True)
class ArticleFile:
    """An article's file, its text parsed once: who opens it hands it on.

    path: below the articles folder, with forward slashes. text: its lines end with "\\n"; raw: its bytes, b"" of one
    that is not written yet.
    error: what is wrong with the front matter, None when nothing is; head and article then hold what can be understood.
    """

    path: str
    text: str
    raw: bytes
    head: FrontMatter
    article: Article
    error: ArticleError | None

    @classmethod
    def of(cls, path: str, text: str, raw: bytes = b"") -> "ArticleFile":
        head, error = mended(text, path)
        return cls(path, text, raw, head, _article(text, path, head), error)

    @property
    def digest(self) -> str:
        """The name of its content."""
        return digest(self.raw)

    @property
    def status(self) -> str:
        """The state it is in; one that can't be read, or says nothing, is no better than a draft."""
        return self.article.status if self.text and self.error is None else "draft"

    @property
    def number(self) -> str:
        """What it is called in addresses: its number, or its path when that can't be read."""
        return self.path if self.error else self.article.id

    def strict(self) -> Article:
        """The article. Raises ArticleError, with the line, when its front matter is not right."""
        if self.error is not None:
            raise self.error
        return self.article

    def at(self, key: str) -> int:
        """The line of a key, the first for one that is not there."""
        return self.head.lines.get(key, 1)


def digest(raw: bytes) -> str:
    """The name of a file's content: 64 hex digits."""
    return sha256(raw).hexdigest()


def load(path: Path, root: Path, max_kb: int) -> tuple[Article, str]:
    """Read one article; a sentence tells what was read with doubt, else "". Raises ArticleError.

    An article whose front matter is broken is there, with what can be understood of it.
    """
    key = relative(path, root)
    try:
        if (size := path.stat().st_size) > max_kb * 1024:
            raise ArticleError(
                key,
                0,
                say(
                    "{size} KB，超过上限 {limit} KB（设置 max_file_kb），已跳过",
                    "{size} KB, over the limit of {limit} KB (setting max_file_kb), skipped",
                    size=size // 1024,
                    limit=max_kb,
                ),
            )
        raw = path.read_bytes()
    except OSError as error:
        raise ArticleError(key, 0, say("读不了：{why}", "can't be read: {why}", why=error.strerror))
    text, encoding = decode(raw, key)
    file = ArticleFile.of(key, text, raw)
    problems = [str(file.error)] if file.error else []
    if encoding == "gb18030":
        doubt = say("不是 UTF-8，已按 GB 18030 读取；请转存为 UTF-8", "not UTF-8, read as GB 18030; save it as UTF-8")
        problems.append(f"{key}: {doubt}")
    return file.article, say("；", "; ").join(problems)


def parse(text: str, path: str) -> Article:
    """A whole file -> Article. path: relative, with forward slashes. Raises ArticleError."""
    return ArticleFile.of(path, text).strict()


def _article(text: str, path: str, head: FrontMatter) -> Article:
    body = "".join(_lines(text)[head.end - 1 :])
    known: dict[str, Any] = {}
    for key in TEXTS:
        if head.values.get(key) is not None:
            known[key] = str(head.values[key]).strip()
    for key in LISTS:
        known[key] = tuple(_strings(head.values.get(key)))
    for key in DATES:
        written = (head.values.get(name) for name in (key, *BY_NAME[key].other_names))
        known[key] = day(next((value for value in written if value is not None), None))
    # Hugo's aliases are earlier addresses of the page, not what customers say.
    known["aliases"] = tuple(a for a in known["aliases"] if not a.startswith("/"))
    known["title"] = known.get("title") or title_of(body, path)
    known["id"] = known.get("id") or str(PurePosixPath(path).with_suffix(""))
    extra = {k: v for k, v in head.values.items() if k not in BY_NAME}
    return Article(path=path, body=body, body_line=head.end, extra=extra, **known)


_MARKUP = re.compile(r"[*`]|\{:?\s*[#.].*?\}|\[([^\]]*)\]\([^)]*\)|<[^<>]+>")


def _lines(text: str) -> list[str]:
    """Lines with their ends; unlike str.splitlines, a form feed or U+2028 ends none."""
    return re.findall(r"[^\n]*\n|[^\n]+", text)


def first_heading(body: str) -> str:
    """The title of a file without front matter; "" when it has no heading."""
    in_fence = False
    lines = body.split("\n")
    for number, line in enumerate(lines):
        if line.lstrip().startswith(("```", "~~~")):
            in_fence = not in_fence
        elif not in_fence:
            m = _HEADING.match("\n".join(text[:MAX_TITLE] for text in lines[number : number + 2]))
            if m:
                return _MARKUP.sub(r"\1", m[1] or m[2]).strip()
    return ""


def title_of(body: str, path: str) -> str:
    """What an article is called that gives itself no title: its first heading, else the name of its file.

    Of a file that is called as all of them are, index or README, the name of its folder.
    """
    place = PurePosixPath(path)
    named = place.parent.name if _MENU.fullmatch(place.stem) else ""
    return first_heading(body) or named or place.stem


def _strings(value: Any) -> list[str]:
    if value is None:
        return []
    if isinstance(value, (list, tuple)):
        return [str(v).strip() for v in value if v is not None and str(v).strip()]
    return [str(value).strip()] if str(value).strip() else []


# --- writing ---------------------------------------------------------------------------------


def render(article: Article) -> str:
    """An article as the text of its file, keys in the usual order, unknown keys last. Inverse of parse."""
    values: dict[str, Any] = {key: getattr(article, key) for key in NAMES}
    values = {k: list(v) if isinstance(v, tuple) else v for k, v in values.items() if v not in ("", (), None)}
    if article.audience == INTERNAL:  # as what says nothing of it
        del values["audience"]
    return f"---\n{dump({**values, **article.extra})}---\n{article.body}"


def change(file: ArticleFile, changes: Mapping[str, Any], body: str | None = None) -> ArticleFile:
    """The file with other keys of its front matter; every other line stays as it is, comments and unknown keys too.

    A value of None removes the key. body: the whole text behind the front matter, None to keep it.
    Raises ArticleError when the front matter is broken.
    """
    before, head = file.strict().body, file.head
    body = before if body is None else body
    if not changes and body == before:
        return file
    given = {k: v for k, v in changes.items() if v is not None}
    if head.end == 1:
        return ArticleFile.of(file.path, f"---\n{dump(given)}---\n{body}" if given else body)
    lines = _lines(file.text)[: head.end - 1]
    added = {k: v for k, v in given.items() if k not in head.lines}
    lines[head.end - 2 : head.end - 2] = [dump(added)] if added else []
    starts = sorted(head.lines.values())
    for key in sorted(changes.keys() & head.lines.keys(), key=head.lines.__getitem__, reverse=True):
        start = head.lines[key] - 1
        stop = next((s - 1 for s in starts if s > start + 1), head.end - 2)
        while stop > start + 1 and (not lines[stop - 1].strip() or lines[stop - 1].lstrip().startswith("#")):
            stop -= 1
        lines[start:stop] = [] if changes[key] is None else [dump({key: changes[key]})]
    above = "".join(lines)
    changed = ArticleFile.of(file.path, above + ("" if above.endswith("\n") or body == before else "\n") + body)
    kept = {k: v for k, v in head.values.items() if k not in changes}
    wanted = kept | front_matter(f"---\n{dump(given)}---\n", "").values
    if changed.error is None and changed.head.values == wanted:
        return changed
    # Keys that share a line, as in {id: a, title: b}, can't be changed one by one.
    return ArticleFile.of(file.path, f"---\n{dump(wanted)}---\n{body}")
