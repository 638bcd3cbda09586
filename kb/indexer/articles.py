"""This module reads and writes articles: Markdown files with YAML front matter.

Reading is lenient (any Markdown file is at least a manual), kb.indexer.check is strict.
"""

import os
import re
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path, PurePosixPath
from typing import Any

import yaml

from kb.errors import ArticleError, NotFoundError
from kb.files import save
from kb.language import say
from kb.model import Article, Reason

SUFFIXES = (".md", ".markdown")
NUMBER = re.compile(r"KB-(\d{6,})")
LISTS = ("product", "parts", "versions", "tags", "aliases")
DATES = ("created", "updated", "review_after")
TEXTS = ("id", "kind", "title", "area", "cause", "handling", "severity", "status", "owner")
KEYS = (*TEXTS, *LISTS, *DATES)

_DATE = re.compile(r"(\d{4})-(\d{1,2})-(\d{1,2})(?:[T\s].*)?")
MAX_DEPTH = 20
"""Lists in lists of a front matter; more is a mistake or an attack on the parser's stack."""

_FENCE = re.compile(r"---[ \t]*\n(.*?)(?:^|\n)(?:---|\.\.\.)[ \t]*(?:\n|\Z)", re.DOTALL | re.MULTILINE)
_HEADING = re.compile(
    r"^ {0,3}#{1,6}[ \t]+(.+?)(?:[ \t]+#+)?[ \t]*$|^([^\n]*\S[^\n]*)\n {0,3}(?:=+|-+)[ \t]*$", re.MULTILINE
)


@dataclass(frozen=True)
class FrontMatter:
    """The YAML of an article. lines: key -> line of the file (1-based); end: the line the body starts on."""

    values: dict[str, Any] = field(default_factory=dict)
    lines: dict[str, int] = field(default_factory=dict)
    repeated: tuple[str, ...] = ()
    end: int = 1


def find(root: Path) -> Iterator[Path]:
    """Every article file below root, sorted; hidden folders and links that leave root are passed over.

    Raises NotFoundError when root is not a folder that can be listed.
    """
    if root.is_file() and root.suffix.lower() in SUFFIXES:
        yield root
        return
    if not root.is_dir():
        raise NotFoundError(say("没有文件夹 {root}", "there is no folder {root}", root=root))
    real_root = root.resolve()

    def refuse(error: OSError) -> None:
        if Path(str(error.filename)) == root:
            raise NotFoundError(say("读不了文件夹 {root}", "the folder {root} can't be read", root=root))

    for folder, folders, files in os.walk(root, onerror=refuse):
        folders[:] = sorted(f for f in folders if not f.startswith("."))
        for name in sorted(files):
            path = Path(folder, name)
            wanted = not name.startswith(".") and path.suffix.lower() in SUFFIXES
            if wanted and (not path.is_symlink() or _leads_into(real_root, path)):
                yield path


def is_article(path: Path, root: Path) -> bool:
    """Whether find() would give a file below root."""
    hidden = any(part.startswith(".") for part in path.relative_to(root).parts) if path.is_relative_to(root) else True
    return not hidden and path.suffix.lower() in SUFFIXES and path.is_file() and _leads_into(root.resolve(), path)


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


def load(path: Path, root: Path, max_kb: int) -> tuple[Article, str]:
    """Read one article and tell its encoding. Raises ArticleError."""
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
    return parse(text, key), encoding


def front_matter(text: str, path: str) -> FrontMatter:
    """The YAML at the top of a file; empty when there is none. Raises ArticleError with the line."""
    m = _FENCE.match(text)
    if not m:
        return FrontMatter()
    end = text.count("\n", 0, m.end()) + (1 if m[0].endswith("\n") else 2)

    def line_of(index: int) -> int:
        """YAML also ends lines at rare characters (U+0085, U+2028), so its own numbers won't do."""
        return m[1].count("\n", 0, index) + 2

    line, depth = 1, 0
    try:
        for event in yaml.parse(m[1], yaml.CSafeLoader):
            line = line_of(event.start_mark.index) if event.start_mark else 2
            depth += isinstance(event, yaml.CollectionStartEvent) - isinstance(event, yaml.CollectionEndEvent)
            if isinstance(event, yaml.AliasEvent):
                raise ArticleError(path, line, say("YAML 里不能用 * 引用", "YAML aliases (*) are not allowed"))
            if depth > MAX_DEPTH:
                raise ArticleError(path, line, say("列表嵌套太深", "lists are nested too deep"))
        loader = yaml.CSafeLoader(m[1])
        node = loader.get_single_node()
        if node is None:
            return FrontMatter(end=end)
        if not isinstance(node, yaml.MappingNode):
            raise ArticleError(
                path, 2, say("文件头应为“键: 值”的 YAML", "the front matter should be YAML of the form 'key: value'")
            )
        values: dict[str, Any] = {}
        lines: dict[str, int] = {}
        repeated = []
        for key, value in node.value:
            name, line = str(key.value), line_of(key.start_mark.index)
            if name in lines:
                repeated.append(name)
            lines[name] = line
            values[name] = _as_written(value) if name in KEYS else loader.construct_object(value, deep=True)
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        at = mark.index if mark else getattr(error, "position", None)
        problem = getattr(error, "problem", None) or getattr(error, "reason", None) or str(error)
        raise ArticleError(
            path,
            1 if at is None else line_of(at),
            say("文件头不是正确的 YAML：{problem}", "the front matter is not valid YAML: {problem}", problem=problem),
        )
    except (ValueError, TypeError) as error:
        raise ArticleError(
            path,
            line,
            say("文件头有不成立的值：{problem}", "the front matter has an impossible value: {problem}", problem=error),
        )
    return FrontMatter(values, lines, tuple(repeated), end)


def _as_written(node: yaml.Node) -> Any:
    """A value without YAML's guesses: version 1.10 is not 1.1, 010 is not 8, and no is a word."""
    if isinstance(node, yaml.ScalarNode):
        return None if node.tag == "tag:yaml.org,2002:null" else node.value
    if isinstance(node, yaml.SequenceNode):
        return [_as_written(child) for child in node.value]
    return {str(key.value): _as_written(value) for key, value in node.value}


def parse(text: str, path: str) -> Article:
    """A whole file -> Article. path: relative, with forward slashes. Raises ArticleError."""
    head = front_matter(text, path)
    body = "".join(_lines(text)[head.end - 1 :])
    known: dict[str, Any] = {}
    for key in TEXTS:
        if head.values.get(key) is not None:
            known[key] = str(head.values[key]).strip()
    for key in LISTS:
        known[key] = tuple(_strings(head.values.get(key)))
    for key in DATES:
        known[key] = _date(head.values.get(key))
    known["title"] = known.get("title") or title_of(body, path)
    known["id"] = known.get("id") or str(PurePosixPath(path).with_suffix(""))
    extra = {k: v for k, v in head.values.items() if k not in KEYS}
    return Article(path=path, body=body, body_line=head.end, extra=extra, **known)


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
            m = _HEADING.match("\n".join(lines[number : number + 2]))
            if m:
                return re.sub(r"[*`]|\{#.*?\}|\[([^\]]*)\]\([^)]*\)|<[^>]+>", r"\1", m[1] or m[2]).strip()
    return ""


def title_of(body: str, path: str) -> str:
    """What an article is called that gives itself no title: its first heading, else the name of its file."""
    return first_heading(body) or PurePosixPath(path).stem


def _strings(value: Any) -> list[str]:
    if value is None:
        return []
    if isinstance(value, (list, tuple)):
        return [str(v).strip() for v in value if v is not None and str(v).strip()]
    return [str(value).strip()] if str(value).strip() else []


def _date(value: Any) -> date | None:
    m = _DATE.fullmatch(str(value).strip())
    try:
        return date(int(m[1]), int(m[2]), int(m[3])) if m else None
    except ValueError:
        return None


# --- writing ---------------------------------------------------------------------------------


def render(article: Article) -> str:
    """An article as the text of its file, keys in the usual order, unknown keys last. Inverse of parse."""
    values: dict[str, Any] = {}
    for key in ("id", "kind", "title", "product", "area", "cause", "handling", "severity", "parts", "versions"):
        values[key] = getattr(article, key)
    for key in ("tags", "aliases", "status", "owner", *DATES):
        values[key] = getattr(article, key)
    values = {k: list(v) if isinstance(v, tuple) else v for k, v in values.items() if v not in ("", (), None)}
    return f"---\n{_yaml({**values, **article.extra})}---\n{article.body}"


def change(text: str, changes: Mapping[str, Any]) -> str:
    """Set keys of a file's front matter; every other line stays as it is, comments and unknown keys too.

    A value of None removes the key. Raises ArticleError when the front matter is broken.
    """
    head = front_matter(text, "")
    given = {k: v for k, v in changes.items() if v is not None}
    if head.end == 1:
        return f"---\n{_yaml(given)}---\n{text}" if given else text
    lines = _lines(text)
    added = {k: v for k, v in given.items() if k not in head.lines}
    lines[head.end - 2 : head.end - 2] = [_yaml(added)] if added else []
    starts = sorted(head.lines.values())
    for key in sorted(changes.keys() & head.lines.keys(), key=head.lines.__getitem__, reverse=True):
        start = head.lines[key] - 1
        stop = next((s - 1 for s in starts if s > start + 1), head.end - 2)
        while stop > start + 1 and (not lines[stop - 1].strip() or lines[stop - 1].lstrip().startswith("#")):
            stop -= 1
        lines[start:stop] = [] if changes[key] is None else [_yaml({key: changes[key]})]
    changed = "".join(lines)
    kept = {k: v for k, v in head.values.items() if k not in changes}
    wanted = kept | front_matter(f"---\n{_yaml(given)}---\n", "").values
    if not _says(changed, wanted):  # keys that share a line, as in {id: a, title: b}, can't be changed one by one
        return f"---\n{_yaml(wanted)}---\n{''.join(_lines(text)[head.end - 1 :])}"
    return changed


def _says(text: str, values: dict[str, Any]) -> bool:
    try:
        return front_matter(text, "").values == values
    except ArticleError:
        return False


def _yaml(values: Mapping[str, Any]) -> str:
    text = yaml.dump(dict(values), Dumper=_Dumper, allow_unicode=True, sort_keys=False, width=1000)
    return str(text)


class _Dumper(yaml.SafeDumper):
    """Lists on one line, as people write them; no aliases, which reading refuses."""

    def ignore_aliases(self, data: Any) -> bool:
        return True


_Dumper.add_representer(list, lambda d, v: d.represent_sequence("tag:yaml.org,2002:seq", v, flow_style=True))
_Dumper.add_representer(tuple, lambda d, v: d.represent_sequence("tag:yaml.org,2002:seq", v, flow_style=True))


# --- a new article ---------------------------------------------------------------------------

_TEMPLATES = {
    ("case", "zh"): "## 现象\n\n\n## 环境\n\n\n## 原因\n\n\n## 排查\n\n1. \n\n## 解决\n\n1. \n\n## 验证\n\n",
    ("case", "en"): (
        "## Symptom\n\n\n## Environment\n\n\n## Cause\n\n\n## Diagnosis\n\n1. \n\n## Fix\n\n1. \n\n## Verification\n\n"
    ),
    ("faq", "zh"): "## 问题\n\n\n## 回答\n\n",
    ("faq", "en"): "## Question\n\n\n## Answer\n\n",
    ("manual", "zh"): "## 适用范围\n\n\n## 准备\n\n- [ ] \n\n## 步骤\n\n1. \n\n## 检查\n\n",
    ("manual", "en"): "## Scope\n\n\n## Before you start\n\n- [ ] \n\n## Steps\n\n1. \n\n## Check\n\n",
}


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


def absence(root: Path, name: str, max_kb: int) -> Reason:
    """Why an index does not have an article of this number or path: nowhere, unreadable, or unbuilt."""
    for path in find(root):
        key = relative(path, root)
        if name not in (key, path.stem) and not re.fullmatch(
            rf"id:\s*[\"']?{re.escape(name)}[\"']?\s*", _id_line(path)
        ):
            continue
        try:
            load(path, root, max_kb)
        except ArticleError as error:
            return Reason("unreadable", str(error))
        return Reason(
            "unbuilt",
            say(
                "文章文件 {path} 还没有进索引；运行 kb build",
                "the file {path} is not in the index yet; run kb build",
                path=key,
            ),
        )
    return Reason("nowhere", say("没有文章 {name}", "there is no article {name}", name=name))


def template(kind: str, language: str) -> str:
    """The empty body of an article of a kind, with the headings it must have."""
    return _TEMPLATES[kind, language]


def create(root: Path, kind: str, title: str, language: str, today: date, **values: Any) -> Path:
    """Start an article with the next number from the template of its kind. Returns its path."""
    root.mkdir(parents=True, exist_ok=True)
    number = next_number(root)
    article = Article(
        path="",
        id=number,
        kind=kind,
        title=title,
        status="draft",
        created=today,
        updated=today,
        review_after=today.replace(year=today.year + 2, day=min(today.day, 28)),
        body=template(kind, language),
        **values,
    )
    folder = root / (article.area or "case" if kind == "case" else kind)
    path = folder / f"{number}.md"
    save(path, render(article), new=True)
    return path
