"""This module reads golden queries: what people type, and the article that has to be found by it.

    - query: 打印机 49.4C02        articles/golden.yml is a list of such entries
      article: KB-000012           a number, or a list of which any one is enough
      mode: search                 search (the default) or suggest, for a paste
      within: 3                    the last place that is good enough, 1 to 10, 3 by default

They are an article base's own regression tests: kb eval runs them, kb check reads them.
"""

import re
from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import yaml

from kb.articles.atomic import read_text
from kb.errors import InputError
from kb.language import say
from kb.text.synonyms import Problem
from kb.text.tokens import fold

FILE = "golden.yml"
"""Below the articles folder."""
MODES = ("search", "suggest")
KEYS = ("query", "article", "mode", "within")
WITHIN = 3
MAX_WITHIN = 10
MAX_DEPTH = 4
"""Lists and entries within each other: the file needs three; more is an attack on the parser's stack."""


@dataclass(frozen=True, slots=True)
class Golden:
    """One golden query. articles: numbers or paths, any of which is an answer. line: of the file (1-based)."""

    query: str
    articles: tuple[str, ...]
    mode: str = MODES[0]
    within: int = WITHIN
    line: int = 0

    @property
    def key(self) -> tuple[str, str]:
        """The same for two entries that ask the same: mode, and the text without case and spacing."""
        return self.mode, same(self.query)


def same(text: str) -> str:
    """A text without case and spacing: what asks the same is written alike."""
    return " ".join(fold(text).text.split())


def parse(text: str) -> tuple[list[Golden], list[Problem]]:
    """The text of golden.yml -> (golden queries, entries that are not usable)."""

    def line_of(index: int) -> int:
        """YAML also ends lines at rare characters (U+0085, U+2028), so its own numbers won't do."""
        return text.count("\n", 0, index) + 1

    line = 1
    try:
        depth = 0
        for event in yaml.parse(text, yaml.CSafeLoader):
            line = line_of(event.start_mark.index) if event.start_mark else line
            depth += isinstance(event, yaml.CollectionStartEvent) - isinstance(event, yaml.CollectionEndEvent)
            if isinstance(event, yaml.AliasEvent):
                return [], [Problem(line, say("YAML 里不能用 * 引用", "YAML aliases (*) are not allowed"))]
            if depth > MAX_DEPTH:
                return [], [Problem(line, say("列表嵌套太深", "lists are nested too deep"))]
        root = yaml.compose(text, yaml.CSafeLoader)
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        problem = getattr(error, "problem", None) or getattr(error, "reason", None) or str(error)
        message = say("不是正确的 YAML：{problem}", "not valid YAML: {problem}", problem=problem)
        return [], [Problem(line_of(mark.index) if mark else line, message)]
    if root is None:
        return [], []
    if not isinstance(root, yaml.SequenceNode):
        return [], [Problem(1, say("应为列表，每项以 - 开头", "should be a list, each entry starting with -"))]
    found: list[Golden] = []
    problems: list[Problem] = []
    for node in root.value:
        line = line_of(node.start_mark.index)
        try:
            entry = _entry(node, line)
            _refuse_repeated(entry, found)
            found.append(entry)
        except InputError as error:
            problems.append(Problem(line, str(error)))
    return found, problems


def _entry(node: yaml.Node, line: int) -> Golden:
    """One entry of the list. Raises InputError."""
    values = dict(_values(node))
    query = _text(values.get("query"))
    article = values.get("article")
    items = article.value if isinstance(article, yaml.SequenceNode) else [article]
    articles = tuple(_text(item) for item in items)
    mode = _text(values["mode"]) if "mode" in values else MODES[0]
    within = _text(values["within"]) if "within" in values else str(WITHIN)
    if not query:
        raise InputError(say("缺少 query，或它不是文字", "query is missing or is no text"))
    if not articles or not all(articles):
        raise InputError(say("缺少 article，应为编号或其列表", "article is missing; give a number or a list of them"))
    if mode not in MODES:
        raise InputError(
            say("mode 的值 '{mode}' 不认识（可用：{modes}）", "unknown mode '{mode}' ({modes})",
                mode=mode, modes=", ".join(MODES))
        )  # fmt: skip
    if not (within.isascii() and within.isdigit() and 1 <= int(within[:4]) <= MAX_WITHIN):
        raise InputError(
            say("within 的值 '{within}' 应为 1 到 {n}", "within '{within}' should be 1 to {n}",
                within=within, n=MAX_WITHIN)
        )  # fmt: skip
    return Golden(query, articles, mode, int(within), line)


def _values(node: yaml.Node) -> Iterator[tuple[str, yaml.Node]]:
    if not isinstance(node, yaml.MappingNode):
        raise InputError(say("应有 query: 和 article:", "should have query: and article:"))
    seen = set()
    for key, value in node.value:
        name = _text(key)
        if name not in KEYS:
            raise InputError(
                say("不认识的键 {key}（可用：{keys}）", "unknown key {key} ({keys})", key=name, keys=", ".join(KEYS))
            )
        if name in seen:
            raise InputError(say("{key} 写了两次", "{key} is given twice", key=name))
        seen.add(name)
        yield name, value


def _text(node: yaml.Node | None) -> str:
    """A scalar as it is written, without YAML's guesses: the query 0010 is no number; "" for anything else."""
    if not isinstance(node, yaml.ScalarNode) or node.tag == "tag:yaml.org,2002:null":
        return ""
    return str(node.value).strip()


def _refuse_repeated(entry: Golden, others: Iterable[Golden]) -> None:
    for other in others:
        if other.key == entry.key and set(other.articles) & set(entry.articles):
            raise InputError(say("与第 {line} 行的查询重复", "repeats the query of line {line}", line=other.line))


def load(folder: Path) -> list[Golden]:
    """The golden queries of an articles folder; none when there is no file.

    Raises InputError with file and line for the first entry that is not usable.
    """
    path = folder / FILE
    found, problems = parse(read_text(path))
    if problems:
        raise InputError(f"{path}:{problems[0].line}: {problems[0].message}")
    return found


def fresh(text: str, entries: Iterable[Golden]) -> list[Golden]:
    """Of these entries, once each, those that the text of a golden file does not have yet."""
    known = parse(text)[0]
    new: list[Golden] = []
    for entry in entries:
        with suppress(InputError):
            _refuse_repeated(entry, (*known, *new))
            new.append(entry)
    return new


def added(text: str, entries: Sequence[Golden]) -> str:
    """The text of golden.yml with entries at its end; every other line stays as it is, comments too.

    Raises InputError when one is there already, or when the file is broken.
    """
    before, problems = parse(text)
    if problems:
        raise InputError(f"{FILE}:{problems[0].line}: {problems[0].message}")
    known = list(before)
    for entry in entries:
        _refuse_repeated(entry, known)
        known.append(entry)
    after = text + ("\n" if text and not text.endswith("\n") else "") + "".join(map(_written, entries))
    if [_said(g) for g in parse(after)[0]] != [_said(g) for g in known]:
        # Written as [a, b] or behind an end mark (...): nothing can be put at its end.
        raise InputError(
            say(
                "{file} 不是每项以 - 开头的列表，请先改成那样",
                "{file} is not a list of entries with -; make it one first",
                file=FILE,
            )
        )
    return after


def _written(entry: Golden) -> str:
    values: dict[str, object] = {"query": entry.query, "article": entry.articles[0]}
    if len(entry.articles) > 1:
        values["article"] = list(entry.articles)
    if entry.mode != MODES[0]:
        values["mode"] = entry.mode
    if entry.within != WITHIN:
        values["within"] = entry.within
    return str(yaml.dump([values], Dumper=_Dumper, allow_unicode=True, sort_keys=False, width=10**6))


class _Dumper(yaml.SafeDumper):
    """A paste as a block of lines, as people write it."""


def _style(text: str) -> str | None:
    """How a text is written. YAML takes rare characters for ends of lines, and would give blanks back for them."""
    return '"' if _RARE_ENDS.search(text) else "|" if "\n" in text else None


_RARE_ENDS = re.compile("[\r\x85\u2028\u2029]")
_Dumper.add_representer(str, lambda d, v: d.represent_scalar("tag:yaml.org,2002:str", v, style=_style(v)))


def _said(entry: Golden) -> tuple[str, tuple[str, ...], str, int]:
    """All but the line."""
    return entry.query.strip(), entry.articles, entry.mode, entry.within
