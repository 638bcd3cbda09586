"""This module reads documents, Markdown and what converters make of other formats, as drafts with their pictures."""

import re
from base64 import b64decode
from collections.abc import Callable, Iterator
from dataclasses import replace
from importlib import import_module
from pathlib import Path, PurePosixPath
from typing import Any
from unicodedata import is_normalized, normalize
from urllib.parse import unquote, urlsplit

from kb.articles import markdown
from kb.articles.atomic import usable
from kb.articles.check import normal_path
from kb.articles.files import SUFFIXES as MARKDOWN
from kb.articles.files import ArticleFile, change, decode, parse, render
from kb.articles.frontmatter import dump
from kb.articles.importing import columns, sheets, tickets
from kb.articles.importing.model import Document, Draft, Options, Picture, Reading
from kb.articles.importing.sources import Source, opened
from kb.articles.numbering import NUMBER
from kb.articles.pictures import cleaned
from kb.errors import ArticleError, InputError
from kb.language import say
from kb.model import Article
from kb.model.schema import KINDS, STATUSES
from kb.model.sight import INTERNAL
from kb.privacy import masked

IMAGES = (".png", ".jpg", ".jpeg", ".gif", ".webp", ".svg", ".avif")
MAX_IMAGE = 16 * 1024 * 1024


def read(path: Path, options: Options) -> Reading:
    """Every document of a folder, .zip or file, pictures where they stand.

    The tree stays as it is, below a folder named like the source, so that links between its files hold; a single
    document goes to the folder of its kind. Raises InputError for a source that can't be read at all.
    """
    drafts: list[Draft] = []
    problems: list[str] = []
    with opened(path) as source:
        documents = [n for n in source.names if _suffix(n) in DOCUMENTS]
        taken: set[str] = set()
        for name in sorted(documents, key=_is_other):  # links lead to Markdown: it keeps its names
            try:
                place = _free(str(PurePosixPath(name).with_suffix(".md")) if _is_other(name) else name, taken)
                drafts.append(DOCUMENTS[_suffix(name)](source, name, place, options))
                taken.add(place)
            except ArticleError as error:
                problems.append(str(error))
        tables = [n for n in source.names if _suffix(n) in WORKBOOKS]
        tickets_in = _tickets(source, tables, options)
        drafts += tickets_in.drafts
        problems += tickets_in.problems
        problems += [f"{n}{say('：', ': ')}{say(*ADVICE[_suffix(n)])}" for n in source.names if _suffix(n) in ADVICE]
        used = {p.path for d in drafts for p in d.images}.union(documents, tables)
        left_out = tuple(n for n in source.names if n not in used and _suffix(n) not in ADVICE)
    made = tuple(_below(_folder(path, d), d) for d in drafts)
    return Reading(made, tuple(problems), left_out, tickets_in.columns)


def _tickets(source: Source, names: list[str], options: Options) -> Reading:
    """The tickets of workbooks among documents; one whose columns tell of no tickets is left out."""
    found: dict[str, Reading] = {}
    problems: list[str] = []
    for name in names:
        try:
            found[name] = tickets.drafts(source.read(name), name, options, sheets.read)
        except ArticleError as error:
            problems.append(str(error))
        except InputError:
            problems.append(
                say(
                    "{name}：认不出是工单的列，没有导入",
                    "{name}: its columns tell of no tickets, it was left",
                    name=name,
                )
            )
    drafts = (
        replace(draft, source=f"{name} {draft.source}") for name, reading in found.items() for draft in reading.drafts
    )
    return Reading(
        tuple(drafts),
        (*problems, *(p for reading in found.values() for p in reading.problems)),
        columns=tuple(dict(pair for reading in found.values() for pair in reading.columns).items()),
    )


def _is_other(name: str) -> bool:
    """Whether a document becomes Markdown only here."""
    return not name.lower().endswith(MARKDOWN)


def _folder(path: Path, draft: Draft) -> str:
    """Where a draft goes, below the articles folder."""
    if path.is_dir():
        return path.resolve().name.lstrip(".") or "import"
    if path.suffix.lower() == ".zip":
        return path.stem.lstrip(".") or "import"
    article = parse(draft.text("KB-000000"), draft.path)
    return article.area or article.kind if article.kind == "case" else article.kind


def _below(folder: str, draft: Draft) -> Draft:
    images = tuple(Picture(f"{folder}/{p.path}", p.content) for p in draft.images)
    return replace(draft, path=f"{folder}/{draft.path}", images=images)


def _free(path: str, taken: set[str]) -> str:
    """The path, with a number where another document of the import has it: guide.md and guide.docx."""
    pure = PurePosixPath(path)
    candidates = [path, *(str(pure.with_name(f"{pure.stem}-{i}.md")) for i in range(2, len(taken) + 3))]
    return next(c for c in candidates if c not in taken)


# --- Markdown --------------------------------------------------------------------------------


def _markdown(source: Source, name: str, place: str, options: Options) -> Draft:
    """A file as it is where it brings a number; else with the keys it needs, every other line untouched."""
    raw = source.read(name)
    text, encoding = decode(raw, name)
    as_it_is = raw.decode("utf8") if encoding == "utf-8-sig" else text
    text, embedded, warnings = _unfolded(_LINK.sub(lambda m: normalize("NFC", m[0]), text), place)
    _keep_to(len(text.encode("utf8", "replace")), options, name)
    file = ArticleFile.of(name, text)
    refused = file.error
    if refused is not None:
        head = file.head
        file = ArticleFile.of(name, f"---\n{dump(head.values)}---\n" + text.split("\n", head.end - 1)[-1])
        warnings.append(str(refused))
    if embedded or refused is not None or not is_normalized("NFC", as_it_is):
        as_it_is = file.text
    if options.mask:
        hidden = _masked(file)
        as_it_is = as_it_is if hidden.text == file.text else hidden.text
        file = hidden
    article, head = file.strict(), file.head
    own = article.id if "id" in head.values and NUMBER.fullmatch(article.id) else ""
    changes: dict[str, Any] = {"status": options.status} if options.status and options.status != article.status else {}
    if options.audience and "audience" not in head.values:
        changes["audience"] = options.audience
    if not own:
        changes = _keys(article, head.values, options)

    def write(number: str) -> str:
        return change(file, {"id": number, **changes}).text if changes or number != own else as_it_is

    pictures, unread = _pictures(source, name, article.body)
    pictures += embedded
    warnings += unread
    if not own and not options.kind and article.kind == "manual" and _is_case(article.body):
        warnings.append(
            say(
                "有故障案例的章节，按手册导入；若是案例，请选类型“故障案例”（--kind case）",
                "it has the sections of a case, taken as a manual; choose the kind case if it is one (--kind case)",
            )
        )
    return Draft(name, place, write, article.body, own, images=tuple(pictures), warnings=tuple(warnings))


def _keep_to(size: int, options: Options, name: str) -> None:
    """Raises ArticleError for a file that no index would read."""
    if size > options.max_file_kb * 1024:
        limit = options.max_file_kb
        raise ArticleError(name, 0, say("超过上限 {limit} KB", "over the limit of {limit} KB", limit=limit))


def _unfolded(text: str, place: str) -> tuple[str, list[Picture], list[str]]:
    """A text whose pictures are files beside it, those pictures, and what is wrong with the others."""
    pictures: list[Picture] = []
    warnings: dict[str, None] = {}
    pure = PurePosixPath(place)

    def unfold(m: re.Match[str]) -> str:
        try:
            content, suffix = cleaned(b64decode(re.sub(r"\s", "", m[1]), validate=True))
        except (ValueError, InputError) as error:
            warnings[say("内嵌的图片：{why}", "an embedded picture: {why}", why=error)] = None
            return m[0]
        name = re.sub(r"[^\w-]", "-", pure.stem) + f"-{len(pictures) + 1}{suffix}"
        pictures.append(Picture(str(pure.with_name(name)), content))
        return name

    text = _EMBEDDED.sub(unfold, text) if "data:image/" in text else text
    return text, pictures, list(warnings)


_LINK = re.compile(r"\]\([^()\n]*\)")
"""Where a link leads; names of files are composed (kb.articles.atomic.usable), as macOS does not write them."""
_EMBEDDED = re.compile(
    r"data:image/(?:png|jpe?g|gif|webp);base64,((?:[A-Za-z0-9+/]++\s?+)++={0,2})(?=\s*[)\"'>]|\s*$)", re.MULTILINE
)
"""A picture written into the text, whole or in lines."""


def _keys(article: Article, given: dict[str, Any], options: Options) -> dict[str, Any]:
    """What the front matter of a file needs that was never one of Guzhi's."""
    kind = options.kind or (article.kind if "kind" in given and article.kind in KINDS else "manual")
    keys: dict[str, Any] = {"kind": kind, "title": article.title}
    if options.area and not article.area:
        keys["area"] = options.area
    if options.audience and "audience" not in given:
        keys["audience"] = options.audience
    stated = article.status if "status" in given and article.status in STATUSES else ""
    keys["status"] = options.status or stated or "draft"
    dated = columns.day(str(given.get("created") or given.get("date") or ""))
    keys["created"] = article.created or dated or options.today
    keys["updated"] = article.updated or keys["created"]
    return {k: v for k, v in keys.items() if given.get(k) != str(v)}


def _masked(file: ArticleFile) -> ArticleFile:
    """A file without customer data. Values are masked one by one: a note in brackets would be a list to YAML."""
    hidden = {k: _masked_value(v) for k, v in file.head.values.items()}
    changes = {k: v for k, v in hidden.items() if v != file.head.values[k]}
    return change(file, changes, masked(file.strict().body))


def _masked_value(value: Any) -> Any:
    if isinstance(value, list):
        return [_masked_value(v) for v in value]
    return masked(value) if isinstance(value, str) else value


def _is_case(body: str) -> bool:
    return {"symptom", "fix"} <= {markdown.role([o.title]) for o in markdown.outline(body)}


def _pictures(source: Source, name: str, body: str) -> tuple[list[Picture], list[str]]:
    """The images a body shows, by their places in the source, which stay; and what is wrong with them."""
    pictures: dict[str, Picture] = {}
    warnings: list[str] = []
    for line, link in _relative_links(body):
        place = normal_path(name, link)
        place = None if place is None else usable(place)
        if place is None or place not in source or _suffix(place) not in IMAGES:
            continue
        try:
            if place not in pictures:
                pictures[place] = Picture(place, cleaned(source.read(place, MAX_IMAGE))[0])
        except (ArticleError, InputError) as error:
            warnings.append(
                say("正文第 {line} 行：{error}", "line {line} of the text: {error}", line=line, error=error)
            )
    return list(pictures.values()), warnings


def _relative_links(body: str) -> Iterator[tuple[int, str]]:
    """(line of the body, from 1; path) of every link and image that leads to another file of the base."""
    if "](" not in body and "]:" not in body:
        return
    for line, target, _ in markdown.links(body):
        parts = urlsplit(target)
        if parts.path and not parts.scheme and not parts.netloc:
            yield line + 1, unquote(parts.path)


def dead_links(article: Article, planned: set[str], root: Path) -> Iterator[str]:
    """Links that lead nowhere: neither to one of the planned files nor to one that is there."""
    for line, link in _relative_links(article.body):
        place = normal_path(article.path, link)
        try:
            found = place is not None and (place in planned or (root / place).exists())
        except (OSError, ValueError):  # not a name at all
            found = False
        if not found:
            yield say(
                "正文第 {line} 行的链接 {link} 没有对应的文件",
                "line {line} of the text: there is no file for the link {link}",
                line=line,
                link=link,
            )


# --- other formats ---------------------------------------------------------------------------


def _converted(source: Source, name: str, place: str, options: Options) -> Draft:
    """A document of another format as an article, with the pictures that it holds or that lie beside it."""
    pure = PurePosixPath(place)
    image = re.sub(r"[^\w-]", "-", pure.stem) + "-{number}.{ending}"
    converter = import_module(f"{__package__}.{CONVERTERS[_suffix(name)]}")  # large, and seldom needed
    document: Document = converter.read(source.read(name), name, image)
    text = masked if options.mask else str
    body, embedded, unread = _unfolded(_to_imported(document.body, source, name), place)
    article = Article(
        path="",
        id="",
        kind=options.kind or ("case" if document.roles else "manual"),
        title=text(document.title or PurePosixPath(name).stem),
        area=options.area,
        audience=options.audience or INTERNAL,
        status=options.status or "draft",
        created=options.today,
        updated=options.today,
        body=text(body),
    )
    held = [
        Picture(str(pure.with_name(image.format(number=i, ending=ending))), content)
        for i, (ending, content) in enumerate(document.images, 1)
    ]
    beside, unusable = _pictures(source, name, body)
    return Draft(
        name,
        place,
        lambda number: render(replace(article, id=number)),
        article.body,
        images=(*held, *embedded, *beside),
        warnings=(*document.warnings, *unread, *unusable),
    )


def _to_imported(body: str, source: Source, name: str) -> str:
    """A body whose links to other documents of the source lead to what becomes of them."""

    def lead(m: re.Match[str]) -> str:
        target, mark, anchor = m[1].partition("#")
        place = normal_path(name, unquote(target))
        if _suffix(target) not in CONVERTERS or place is None or place not in source:
            return m[0]
        return f"](<{target[: -len(_suffix(target))]}.md{mark}{anchor}>)"

    return _ADDRESS.sub(lead, body)


_ADDRESS = re.compile(r"\]\(<([^<>:\n]*)>\)")
"""Where a link of a converted document leads, when that is no address of the web."""


def _suffix(name: str) -> str:
    """The suffix of a name, by which it is known what reads it."""
    return PurePosixPath(name).suffix.lower()


CONVERTERS = {
    ".docx": "word",
    ".pdf": "pages",
    ".pptx": "slides",
    ".html": "webpages",
    ".htm": "webpages",
    ".txt": "texts",
    ".eml": "letters",
    ".msg": "letters",
}
"""Suffix -> the module beside this one whose read(content, name, name of pictures) gives a Document of such a file."""
PLAIN = tuple(MARKDOWN)
WORKBOOKS = (".xlsx", ".xls", ".xlsm", ".et")
"""Suffixes of what kb.articles.importing.sheets reads."""
_PACKED = ("请解压后导入文件夹，或改用 .zip", "unpack it and import the folder, or use .zip")
ADVICE = {
    ".doc": ("请用 Word 另存为 .docx", "save it as .docx in Word"),
    ".ppt": ("请用 PowerPoint 另存为 .pptx", "save it as .pptx in PowerPoint"),
    ".wps": ("请用 WPS 另存为 .docx", "save it as .docx in WPS"),
    ".dps": ("请用 WPS 另存为 .pptx", "save it as .pptx in WPS"),
    ".rtf": ("请用 Word 另存为 .docx", "save it as .docx in Word"),
    ".xlsb": ("请在 Excel 里另存为 .xlsx", "save it as .xlsx in Excel"),
    ".odt": ("请另存为 .docx", "save it as .docx"),
    ".ods": ("请另存为 .xlsx", "save it as .xlsx"),
    ".odp": ("请另存为 .pptx", "save it as .pptx"),
    ".rar": _PACKED,
    ".7z": _PACKED,
}
"""Suffix -> what to do with such a file, which nothing here reads."""
DOCUMENTS: dict[str, Callable[[Source, str, str, Options], Draft]] = {
    **dict.fromkeys(PLAIN, _markdown),
    **dict.fromkeys(CONVERTERS, _converted),
}
"""Suffix -> what makes a draft of such a document: (source, its name there, its place below the folder, options)."""
