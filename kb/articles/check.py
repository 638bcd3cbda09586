"""This module checks articles before others rely on them: every problem with file and line."""

import re
from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path, PurePosixPath
from typing import Any
from urllib.parse import unquote, urlsplit

from kb import privacy
from kb.articles import golden, markdown
from kb.articles.atomic import read_text
from kb.articles.files import SUFFIXES, ArticleFile, decode, find, relative
from kb.articles.numbering import is_number
from kb.errors import ArticleError, InputError
from kb.labels import label
from kb.language import say
from kb.model import CASE_SECTIONS, FAQ_SECTIONS
from kb.model.schema import AREAS, CHOICES, DATES, LISTS, NAMES, REQUIRED
from kb.model.sight import TEAM, team_of
from kb.text.synonyms import TRADE_WORDS, absent_pairs, trade_words
from kb.text.synonyms import parse as parse_synonyms
from kb.text.tokens import HAN

ALIASES = 3
"""Aliases a case should have at least: no two customers say the same."""

Teams = Collection[str] | None
"""The names of all teams, None where nobody knows them."""

_LETTER = re.compile(rf"(?P<han>[{HAN}])|(?P<latin>[a-z\u00c0-\u024f])|(?P<other>[^\W\d_])", re.IGNORECASE)


@dataclass(frozen=True, slots=True, order=True)
class Problem:
    """One finding. path: as found below the folder; line: 1-based, 0 for the whole file; level: error or warning.

    message: for people; code: the same for programs. key: of the front matter, section: the role of the section
    (kb.model.SECTION_ROLES) that it is about, "" for none.
    """

    path: str
    line: int
    level: str
    message: str
    code: str = ""
    key: str = ""
    section: str = ""

    def __str__(self) -> str:
        place = f"{self.path}:{self.line}" if self.line else self.path
        return f"{place}: {self.message}"


def check(
    root: Path, only: Path | None = None, areas: Iterable[str] = (), today: date | None = None, teams: Teams = None
) -> list[Problem]:
    """Check a folder of articles, or, with only, one file or folder inside it against all others.

    areas: values allowed beside the built-in ones; teams: all there are, None where nobody knows.
    Raises NotFoundError when root or only is missing.
    """
    problems: list[Problem] = []
    checked: list[ArticleFile] = []
    wanted = None
    if only is not None:
        other_file = only.is_file() and only.suffix.lower() not in SUFFIXES
        wanted = {relative(p, root) for p in ([only] if other_file else find(only))}
    for path in find(root):
        key = relative(path, root)
        try:
            raw = path.read_bytes()
            text, encoding = decode(raw, key)
            file = ArticleFile.of(key, text, raw)
            file.strict()
            checked.append(file)
            if encoding != "utf-8-sig":
                problems.append(
                    _warning(key, 0, "encoding", "不是 UTF-8；请转存为 UTF-8", "not UTF-8; save it as UTF-8")
                )
        except ArticleError as error:
            problems.append(unparsed(error))
        except OSError as error:
            problems.append(_error(key, 0, "unreadable", "读不了：{why}", "can't be read: {why}", why=error.strerror))
    for file in checked:
        if wanted is None or file.path in wanted:
            problems += _problems(file, root, (*AREAS, *areas), today or date.today(), teams)
    problems += _duplicates(checked)
    problems += _aliases(checked)
    problems += _vocabulary(root)
    problems += _golden(root, {f.article.id for f in checked})
    return sorted(p for p in problems if wanted is None or p.path in wanted)


def check_file(
    root: Path, file: ArticleFile, areas: Iterable[str] = (), today: date | None = None, teams: Teams = None
) -> list[Problem]:
    """Check one file as if it lay at its path, without writing it.

    Whether another article has its number is not looked at: that would read all of them.
    """
    if file.error is not None:
        return [unparsed(file.error, file.path)]
    return sorted(_problems(file, root, (*AREAS, *areas), today or date.today(), teams))


def check_paths(root: Path, paths: Sequence[Path], areas: Iterable[str] = (), teams: Teams = None) -> list[Problem]:
    """Check the whole folder, or only these files and folders (absolute).

    A path outside the articles folder is a folder of articles, or one article, by itself.
    """
    if not paths:
        return check(root, None, areas, teams=teams)
    problems: set[Problem] = set()
    for path in paths:
        if root.resolve() in (path.resolve(), *path.resolve().parents):
            problems.update(check(root.resolve(), path.resolve(), areas, teams=teams))
        else:
            problems.update(check(path, None, areas, teams=teams))
    return sorted(problems)


def _error(path: str, line: int, code: str, zh: str, en: str, /, section: str = "", **values: object) -> Problem:
    """values: of the sentence; `key` among them is the key it is about."""
    return Problem(path, line, "error", say(zh, en, **values), code, str(values.get("key", "")), section)


def _warning(path: str, line: int, code: str, zh: str, en: str, /, **values: object) -> Problem:
    return Problem(path, line, "warning", say(zh, en, **values), code, str(values.get("key", "")))


def unparsed(error: ArticleError, path: str = "") -> Problem:
    """A text that can't be read as an article. path: where it is to stand, when that is another place."""
    return Problem(path or error.path, error.line, "error", error.message, "unparsed")


def _problems(file: ArticleFile, root: Path, areas: tuple[str, ...], today: date, teams: Teams) -> Iterator[Problem]:
    yield from _values(file, areas)
    yield from _teams(file, teams)
    yield from _dates(file, today)
    yield from _sections(file)
    yield from _links(file, root)
    yield from private(file.path, file.text)


def _values(file: ArticleFile, areas: tuple[str, ...]) -> Iterator[Problem]:
    article = file.article
    for key in CHOICES:
        values, value = areas if key == "area" else CHOICES[key], getattr(article, key)
        if key == "audience":
            values = (*values, value if team_of(value) else f"{TEAM}…")
        if value and value not in values:
            yield _error(
                file.path,
                file.at(key),
                "value",
                "{key} 的值 '{value}' 不认识（可用：{values}）",
                "unknown {key} '{value}' ({values})",
                key=key,
                value=value,
                values=", ".join(values),
            )
    for key in file.head.repeated:
        yield _error(file.path, file.at(key), "repeated_key", "{key} 写了两次", "{key} is given twice", key=key)
    for key in REQUIRED.get(article.kind, ()):
        if not file.head.values.get(key):
            yield _error(file.path, 1, "missing_key", "缺少 {key}", "{key} is missing", key=key)
    for key in LISTS:
        if isinstance(file.head.values.get(key), dict):
            yield _error(file.path, file.at(key), "list", "{key} 应为列表", "{key} should be a list", key=key)
    known = {k.lower().rstrip("s"): k for k in NAMES}
    for key in article.extra:
        near = known.get(key.lower().rstrip("s"))
        if near:
            yield _warning(
                file.path,
                file.at(key),
                "unknown_key",
                "不认识的键 {key}；是不是 {near}？",
                "unknown key {key}; {near}?",
                key=key,
                near=near,
            )


def _teams(file: ArticleFile, teams: Teams) -> Iterator[Problem]:
    """Teams that an article names and that there are not: nobody but leads would see it, or nobody answer for it."""
    for key in ("audience", "owner"):
        team = team_of(getattr(file.article, key))
        if team and teams is not None and team not in teams:
            yield _warning(
                file.path,
                file.at(key),
                "team",
                "{key}：没有团队 '{team}'（有：{teams}）；用 kb team add 添加",
                "{key}: there is no team '{team}' ({teams}); add it by kb team add",
                key=key,
                team=team,
                teams=say("、", ", ").join(sorted(teams)) or "—",
            )


def _dates(file: ArticleFile, today: date) -> Iterator[Problem]:
    for key in DATES:
        if file.head.values.get(key) is not None and getattr(file.article, key) is None:
            value: Any = file.head.values[key]
            yield _error(
                file.path,
                file.at(key),
                "date",
                "{key} 的 '{value}' 不是日期；写成 2025-03-02",
                "{key} '{value}' is not a date; write 2025-03-02",
                key=key,
                value=value,
            )
    due = file.article.review_after
    if due and due < today and file.article.status != "archived":
        yield _warning(
            file.path,
            file.at("review_after"),
            "overdue",
            "复审日期 {due} 已过",
            "the review was due on {due}",
            due=due,
            key="review_after",
        )


def _sections(file: ArticleFile) -> Iterator[Problem]:
    wanted = {"case": CASE_SECTIONS, "faq": FAQ_SECTIONS}.get(file.article.kind)
    if wanted is None:
        return
    filled: set[str] = set()
    for passage in markdown.split(file.article):
        ends = [*(s.start for s in passage.sections[1:]), len(passage.text)]
        for section, end in zip(passage.sections, ends, strict=False):
            if passage.text[section.start : end].strip():
                filled.add(section.role)
    present = {markdown.role([o.title]) for o in markdown.outline(file.article.body)}
    for role, names in wanted.items():
        if role not in present:
            yield _error(
                file.path,
                file.article.body_line,
                "missing_section",
                "缺少一节“## {zh}”",
                "the section '## {en}' is missing",
                zh=names[0],
                en=names[-1],
                section=role,
            )
        elif role not in filled:
            yield _error(
                file.path,
                file.article.body_line,
                "empty_section",
                "“## {zh}”一节是空的",
                "the section '## {en}' is empty",
                zh=names[0],
                en=names[-1],
                section=role,
            )


def _links(file: ArticleFile, root: Path) -> Iterator[Problem]:
    anchors: set[str] | None = None
    for line, target, image in markdown.links(file.article.body):
        at = file.article.body_line + line
        parts = urlsplit(target)
        if parts.scheme or target.startswith("//"):
            continue
        if not parts.path:
            anchors = anchors if anchors is not None else {o.anchor for o in markdown.outline(file.article.body)}
            if parts.fragment and unquote(parts.fragment) not in anchors and not parts.fragment.startswith("fn"):
                yield _warning(
                    file.path,
                    at,
                    "no_heading",
                    "没有标题 #{anchor}",
                    "there is no heading #{anchor}",
                    anchor=unquote(parts.fragment),
                )
            continue
        place = normal_path(file.path, unquote(parts.path))
        if place is None:
            yield _error(
                file.path,
                at,
                "outside",
                "链接 {target} 走出了文章文件夹",
                "the link {target} leaves the folder",
                target=target,
            )
        elif not _exists(root / place):
            if image:
                yield _error(
                    file.path, at, "no_image", "图片 {target} 不存在", "the image {target} is missing", target=target
                )
            else:
                yield _error(
                    file.path, at, "dead_link", "链接 {target} 指向的文件不存在", "dead link {target}", target=target
                )


def _exists(path: Path) -> bool:
    try:
        return path.exists()
    except (OSError, ValueError):  # longer than the system allows, or not a name at all
        return False


def normal_path(path: str, target: str) -> str | None:
    """Where a relative link of an article leads, below the folder; None when it leaves it."""
    parts: list[str] = [] if target.startswith("/") else list(PurePosixPath(path).parent.parts)
    for part in PurePosixPath(target.lstrip("/")).parts:
        if part == "..":
            if not parts:
                return None
            parts.pop()
        elif part != ".":
            parts.append(part)
    return "/".join(parts)


def private(path: str, text: str, known: str = "") -> Iterator[Problem]:
    """Each line's kinds of customer data. known: an earlier text, whose own is passed over."""
    for number, line in enumerate(text.split("\n"), 1):
        found = privacy.find(line, privacy.ARTICLE_KINDS)
        for kind in dict.fromkeys(f.kind for f in found if line[f.start : f.end] not in known):
            yield _error(
                path,
                number,
                "private",
                "留有客户数据：{kind}；请删去或改为示例",
                "customer data left in: {kind}; remove it or use an example",
                kind=label("private", kind),
            )


def _duplicates(checked: list[ArticleFile]) -> Iterator[Problem]:
    count = Counter(f.article.id for f in checked)
    first: dict[str, str] = {}
    for file in checked:
        number = file.article.id
        if count[number] > 1 and number in first:
            yield (_error if is_number(number) else _warning)(
                file.path,
                file.at("id"),
                "number_taken",
                "编号 {number} 已被 {other} 使用",
                "number {number} is used by {other} already",
                number=number,
                other=first[number],
                key="id",
            )
        first.setdefault(number, file.path)


def _aliases(checked: list[ArticleFile]) -> Iterator[Problem]:
    """Published cases and FAQ say it in the base's main language, too, and cases in several ways.

    A question finds nothing in an article with which it shares no word, as a Chinese one in an English article.
    """
    published = [f for f in checked if f.article.status == "published"]
    scripts = Counter(_script(f.article.title) for f in published)
    main = next((script for script, count in scripts.items() if 2 * count > len(published)), "")
    for file in published:
        kind, aliases = file.article.kind, file.article.aliases
        if kind not in REQUIRED or ("aliases" in REQUIRED[kind] and not aliases):
            continue  # that they are missing is told as an error
        if main in ("han", "latin") and main not in map(_script, aliases):
            yield _warning(
                file.path,
                file.at("aliases"),
                "alias_language",
                "aliases 里没有{language}的说法，而这里的标题多是{language}；加上客户用{language}会怎样说",
                "no alias in {language}, as most titles here are; add what a customer would say in {language}",
                language=say("中文", "Chinese") if main == "han" else say("西文", "Latin letters"),
                key="aliases",
            )
        elif kind == "case" and len(aliases) < ALIASES:
            yield _warning(
                file.path,
                file.at("aliases"),
                "few_aliases",
                "aliases 只有 {count} 条；写到 {least} 条以上，各用不同的词，客户的说法不止一种",
                "aliases has {count} of the {least} or more that a case should have, in words of their own",
                count=len(aliases),
                least=ALIASES,
                key="aliases",
            )


def _script(text: str) -> str:
    """What a text is written in: han, latin, other, or "" without a letter.

    Among Chinese stand names and messages in Latin letters (VPN拨不上), so any Han character makes it Chinese.
    """
    found = Counter(letter.lastgroup or "" for letter in _LETTER.finditer(text))
    return "han" if found["han"] else next((script for script, _ in found.most_common(1)), "")


def _vocabulary(root: Path) -> Iterator[Problem]:
    """Files of words that can't be read, lines that can't be used, of the base or shipped, and pairs taken away that
    nobody gave."""
    for problem in trade_words().problems:
        yield Problem(TRADE_WORDS, problem.line, "error", problem.message, "words")
    texts = dict.fromkeys(("dictionary.txt", "synonyms.txt", "synonyms-refused.txt"), "")
    for name in texts:
        try:
            texts[name] = read_text(root / name)
        except InputError as error:
            yield _unread(name, error)
    own = parse_synonyms(texts["synonyms.txt"])
    for problem in own.problems:
        yield Problem("synonyms.txt", problem.line, "error", problem.message, "words")
    for line, a, b in absent_pairs(trade_words(), own):
        yield _warning(
            "synonyms.txt",
            line,
            "absent_pair",
            "“{a} != {b}”什么也没去掉：自带的行业同义词里没有这一对",
            "'{a} != {b}' takes nothing away: the shipped words hold no such pair",
            a=a,
            b=b,
        )


def _unread(name: str, error: InputError) -> Problem:
    """kb.articles.atomic says the line in front."""
    line, _, why = str(error).removeprefix(f"{name}:").partition(":")
    at, told = (int(line), why.strip()) if line.isdigit() else (0, str(error))
    return Problem(name, at, "error", told, "unreadable")


def _golden(root: Path, known: set[str]) -> Iterator[Problem]:
    """Golden queries are well formed, hold no customer data, and their articles exist."""
    try:
        text = read_text(root / golden.FILE)
    except InputError as error:
        yield _unread(golden.FILE, error)
        return
    queries, unusable = golden.parse(text)
    for problem in unusable:
        yield Problem(golden.FILE, problem.line, "error", problem.message, "golden")
    for query in queries:
        for number in query.articles:
            if number not in known:
                yield _error(
                    golden.FILE,
                    query.line,
                    "no_article",
                    "没有文章 {number}",
                    "there is no article {number}",
                    number=number,
                )
    yield from private(golden.FILE, text)
