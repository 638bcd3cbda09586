"""This module plans an import and carries it out: all of it or nothing, and nothing that exists is touched."""

from collections import Counter
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

from kb.articles import markdown
from kb.articles.atomic import save
from kb.articles.files import parse
from kb.articles.importing import columns, documents
from kb.articles.importing.base import Base
from kb.articles.importing.bounded import Told, within
from kb.articles.importing.model import Draft, Item, Options, Plan, Reading
from kb.articles.importing.readers import is_heavy, reader_of
from kb.articles.numbering import numbers
from kb.errors import ArticleError, InputError, NotFoundError
from kb.labels import label
from kb.language import current, say
from kb.model import Article
from kb.model.schema import REQUIRED
from kb.privacy import ARTICLE_KINDS
from kb.privacy import find as find_private


def plan(source: Path, root: Path, options: Options) -> Plan:
    """As plan_all(), for one source."""
    return plan_all([source], root, options)


def plan_all(sources: Sequence[Path], root: Path, options: Options, told: Told | None = None) -> Plan:
    """What an import of sources into the articles folder root would do. Writes nothing.

    sources: folders, and files that kb.articles.importing.readers names. told: hears how many articles are looked at.
    Raises NotFoundError and InputError when there is nothing that could be planned.
    """
    reading = _read_all(sources, root, options)
    base = Base.read(root, options.max_file_kb)
    items: list[Item] = []
    written: list[Article] = []
    roles: list[frozenset[str] | None] = []
    taken: dict[str, str] = {}
    skipped: list[str] = []
    problems = list(reading.problems)
    base.reserve(d.number for d in reading.drafts if d.number)
    for count, draft in enumerate(reading.drafts):
        if told is not None and count % EVERY == 0:
            told(count, len(reading.drafts))
        if known := base.known(draft):
            skipped.append(f"{draft.source}{say('：', ': ')}{known}")
            continue
        try:
            number, warnings = base.number(draft)
            text = _text(draft, number, options.max_file_kb)
            article = parse(text, draft.path.replace("{number}", number))
            item = Item(draft.source, article.path, number, article.kind, article.title, text, draft.images)
            if item.path in taken:
                raise ValueError(
                    say("和 {other} 重名；请改名", "it has the name of {other}; rename it", other=taken[item.path])
                )
            base.place(item)
        except ValueError as error:
            problems.append(f"{draft.source}{say('：', ': ')}{error}")
            continue
        base.add(draft, number)
        taken[item.path] = draft.source
        items.append(replace(item, warnings=(*warnings, *draft.warnings, *_private(text))))
        written.append(article)
        roles.append(draft.roles)
    planned = {i.path for i in items} | {p.path for i in items for p in i.images}
    items = [
        replace(item, warnings=(*item.warnings, *documents.dead_links(article, planned, root)))
        for item, article in zip(items, written, strict=True)
    ]
    return Plan(
        root,
        tuple(base.without_repeated_images(items)),
        tuple(skipped),
        tuple(problems),
        reading.left_out,
        reading.columns,
        _missing(written, roles),
    )


EVERY = 100
"""Articles between two words on how far it is."""
HEAVY = 500_000
"""Bytes of one file; what is smaller and not packed takes a second or two."""


def bounded_plan(sources: Sequence[Path], root: Path, options: Options, seconds: int, told: Told | None = None) -> Plan:
    """As plan_all(), in a process of its own that may take so many seconds, unless all is small and simple."""
    there = [source for source in sources if source.exists()]
    if any(is_heavy(s) for s in there) or sum(s.stat().st_size for s in there) > HEAVY:
        return within(seconds, plan_all, sources, root, options, told=told)
    return plan_all(sources, root, options, told)


def _read_all(sources: Sequence[Path], root: Path, options: Options) -> Reading:
    """What all sources hold. One of several that can't be read is told of among the problems."""
    readings: list[Reading] = []
    problems: list[str] = []
    for source in sources:
        try:
            readings.append(_read(source, root, options))
        except (InputError, NotFoundError, ArticleError) as error:
            if len(sources) == 1:
                raise
            problems.append(str(error))
    columns_of = dict(pair for reading in readings for pair in reading.columns)
    if readings and options.columns and not columns_of:
        raise InputError(say("--map 只用于工单（Excel、CSV、JSON）", "--map is for tickets only (Excel, CSV, JSON)"))
    if readings:
        columns.require_known(tuple(columns_of), options.columns)
    return Reading(
        tuple(draft for reading in readings for draft in reading.drafts),
        (*problems, *(problem for reading in readings for problem in reading.problems)),
        tuple(name for reading in readings for name in reading.left_out),
        tuple(columns_of.items()),
    )


def _read(source: Path, root: Path, options: Options) -> Reading:
    if not source.exists():
        raise NotFoundError(say("没有 {source}", "there is no {source}", source=source))
    reader = reader_of(source)
    if source.is_dir() and root.resolve() in (source.resolve(), *source.resolve().parents):
        raise InputError(say("{source} 就在文章文件夹里", "{source} is in the articles folder already", source=source))
    return reader.read(source, options)


def _text(draft: Draft, number: str, max_kb: int) -> str:
    """The file of an article. Raises ValueError with a sentence when it is too large."""
    text = draft.text(number)
    if len(text.encode("utf8", "replace")) > max_kb * 1024:
        raise ValueError(
            say(
                "超过 {limit} KB 的文章不会被索引（设置 max_file_kb）",
                "an article over {limit} KB is not indexed (setting max_file_kb)",
                limit=max_kb,
            )
        )
    return text


def _private(text: str) -> list[str]:
    """What customer data an article holds, never the data itself."""
    count = Counter(found.kind for found in find_private(text, ARTICLE_KINDS))
    if not count:
        return []
    listed = say("、", ", ").join(f"{label('private', kind)} × {n}" for kind, n in count.items())
    return [say("留有客户数据：{listed}", "customer data left in: {listed}", listed=listed)]


def _missing(articles: list[Article], known: list[frozenset[str] | None]) -> tuple[tuple[str, int], ...]:
    """What the articles lack for kb check, most frequent first. known: the sections of each, None where not known."""
    count: Counter[str] = Counter()
    for article, present in zip(articles, known, strict=True):
        count.update(key for key in REQUIRED.get(article.kind, ()) if not getattr(article, key))
        if article.kind in columns.SECTIONS:
            if present is None:  # of tickets it is known, and finding it takes longer than all else
                present = frozenset(markdown.role([o.title]) for o in markdown.outline(article.body))
            lacking = [role for role in columns.SECTIONS[article.kind] if role not in present]
            count.update(f"## {columns.heading(article.kind, role, current() == 'zh')}" for role in lacking)
    return tuple(count.most_common())


def files_of(planned: Plan) -> dict[str, bytes]:
    """Everything that a plan writes, articles first: path below the articles folder -> content."""
    texts = {item.path: item.text.encode() for item in planned.items}
    return texts | {image.path: image.content for item in planned.items for image in item.images}


def carry_out(planned: Plan, told: Told | None = None) -> list[Path]:
    """Write everything a plan holds; returns the articles' files. told: hears how many are written.

    When one can't be written, what was written is taken away again. Raises KbError.
    """
    root = planned.root
    if root.is_dir() and (taken := numbers(root) & {i.number for i in planned.items}):
        raise InputError(
            say(
                "编号 {numbers} 刚被别人用了；请重新导入",
                "number {numbers} was just taken by someone else; import again",
                numbers=", ".join(sorted(taken)),
            )
        )
    made: list[Path] = []
    try:
        for count, item in enumerate(planned.items):
            if told is not None and count % EVERY == 0:
                told(count, len(planned.items))
            _write(root, root / item.path, item.text, made)
            for image in item.images:
                _write(root, root / image.path, image.content, made)
    except BaseException:
        for path in reversed(made):
            with suppress(OSError):  # a folder that someone has put a file into stays
                path.rmdir() if path.is_dir() else path.unlink()
        raise
    return [root / item.path for item in planned.items]


def _write(root: Path, path: Path, content: str | bytes, made: list[Path]) -> None:
    """Write a new file; what was made, folders too, is noted in made."""
    if root.resolve() not in path.resolve().parents:
        raise InputError(say("{path} 走出了文章文件夹", "{path} leaves the articles folder", path=path))
    missing = [p for p in path.parents if not p.exists()]
    made += reversed(missing)
    save(path, content, new=True)
    made.append(path)
