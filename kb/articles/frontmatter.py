"""This module reads the front matter of a file: YAML as Guzhi writes it, TOML as other tools do.

What YAML refuses is told with its line and how to write it. An article is not lost for it: the other lines count.
"""

import re
import tomllib
from bisect import bisect_left
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Any

import yaml

from kb.errors import ArticleError
from kb.language import say
from kb.model.schema import LISTS, NAMES, TEXTS

MAX_DEPTH = 20
"""Lists in lists of a front matter; more is a mistake or an attack on the parser's stack."""
MAX_CHARACTERS = 100_000
MAX_KEYS = 1000

_YAML = re.compile(r"\s*^---[ \t]*\n(.*?)(?:^|\n)(?:---|\.\.\.)[ \t]*(?:\n|\Z)", re.DOTALL | re.MULTILINE)
_TOML = re.compile(r"\s*^\+\+\+[ \t]*\n(.*?)(?:^|\n)\+\+\+[ \t]*(?:\n|\Z)", re.DOTALL | re.MULTILINE)
_KEY = re.compile(
    r"""^(?:(?:"[^"\n]+"|'[^'\n]+')[ \t]*|[^\s#:?&*!|>%@`"'{}\[\],-][^:\n]*+):(?:[ \t]|$)""", re.MULTILINE
)
_HEADING = re.compile(r"^#{1,6} [^\n]*\n\s*\n", re.MULTILINE)
_USUAL = re.compile(
    rf"(?:{'|'.join(NAMES)}|author|categories|date|description|draft|image|keywords|lang|layout|permalink|slug|weight)\s*:",
    re.IGNORECASE,
)


@dataclass(frozen=True)
class FrontMatter:
    """The front matter of an article. lines: key -> line of the file (1-based); end: the line the body starts on."""

    values: dict[str, Any] = field(default_factory=dict)
    lines: dict[str, int] = field(default_factory=dict)
    repeated: tuple[str, ...] = ()
    end: int = 1


@dataclass(frozen=True)
class _Block:
    """The text between the marks. first: its first line of the file."""

    text: str
    first: int
    end: int
    toml: bool

    def line(self, number: int) -> str:
        """A line by its number in the file, "" for one outside."""
        lines = self.text.split("\n")
        return lines[number - self.first] if self.first <= number < self.first + len(lines) else ""


def front_matter(text: str, path: str) -> FrontMatter:
    """The front matter at the top of a file; empty when there is none. Raises ArticleError with the line."""
    block = _block(text)
    if block is None:
        return FrontMatter()
    if len(block.text) > MAX_CHARACTERS:
        raise ArticleError(
            path,
            block.first - 1,
            say(
                "文件头超过 {limit} 个字符；长的内容请写进正文",
                "the front matter has over {limit} characters; write long texts into the body",
                limit=MAX_CHARACTERS,
            ),
        )
    found = _toml(block, path) if block.toml else _yaml(block, path)
    if len(found.values) > MAX_KEYS:
        raise ArticleError(
            path,
            block.first - 1,
            say(
                "文件头超过 {limit} 个键；多半不是文件头",
                "the front matter has over {limit} keys; it is probably none",
                limit=MAX_KEYS,
            ),
        )
    return found


def mended(text: str, path: str) -> tuple[FrontMatter, ArticleError | None]:
    """The front matter as far as it can be understood, and what is wrong with it.

    A line that is refused counts as its author meant it, when its key is one of ours.
    """
    try:
        return front_matter(text, path), None
    except ArticleError as error:
        block = _block(text)
        assert block is not None
        values: dict[str, Any] = {}
        lines: dict[str, int] = {}
        for line, chunk in _chunks(block):
            values |= _understood(_Block(chunk, line, block.end, block.toml))
            lines |= dict.fromkeys(values.keys() - lines.keys(), line)
        return FrontMatter(values, lines, (), block.end), error


def _block(text: str) -> _Block | None:
    """The front matter of a text. A rule, with a heading or a blank line behind it, begins none."""
    m, toml = _YAML.match(text), False
    if m is None:
        m, toml = _TOML.match(text), True
    if m is None:
        return None
    inside = m[1]
    if inside.strip():
        if inside.startswith(("\n", " \n")) or not (_KEY.search(inside) or inside.lstrip().startswith("{") or toml):
            return None
        if not toml and _HEADING.search(inside) and not _USUAL.search(inside):
            return None
    first = text.count("\n", 0, m.start(1)) + 1
    end = text.count("\n", 0, m.end()) + (1 if m[0].endswith("\n") else 2)
    return _Block(inside, first, end, toml)


def _chunks(block: _Block) -> Iterator[tuple[int, str]]:
    """The lines of each key, with the number of the first."""
    lines = block.text[:MAX_CHARACTERS].split("\n")
    starts = [i for i, line in enumerate(lines) if _KEY.match(line) or (block.toml and "=" in line)][:MAX_KEYS]
    for start, stop in zip(starts, [*starts[1:], len(lines)], strict=True):
        yield block.first + start, "\n".join(lines[start:stop])


def _understood(block: _Block) -> dict[str, Any]:
    """What the lines of one key say."""
    try:
        return (_toml(block, "") if block.toml else _yaml(block, "")).values
    except ArticleError:
        key, _, value = block.text.partition("\n")[0].partition("=" if block.toml else ":")
        key, value = key.strip(" \t\"'"), re.sub(r"\s+#.*$", "", value).strip(" \t\"'")
        if key not in NAMES or not value:
            return {}
        return {key: [v for v in re.split(r"[,，]\s*", value.strip("[]")) if v] if key in LISTS else value}


# --- YAML ------------------------------------------------------------------------------------


def _yaml(block: _Block, path: str) -> FrontMatter:
    ends = [m.start() for m in re.finditer("\n", block.text)]

    def line_of(index: int) -> int:
        """YAML also ends lines at rare characters (U+0085, U+2028), so its own numbers won't do."""
        return bisect_left(ends, index) + block.first

    line, depth = block.first - 1, 0
    try:
        for event in yaml.parse(block.text, yaml.CSafeLoader):
            line = line_of(event.start_mark.index) if event.start_mark else block.first
            depth += isinstance(event, yaml.CollectionStartEvent) - isinstance(event, yaml.CollectionEndEvent)
            if isinstance(event, yaml.AliasEvent):
                told = say(
                    "YAML 里不能用 * 引用，以 * 开头的值要加引号",
                    "YAML aliases are not allowed; a value that begins with * needs quotes",
                )
                raise ArticleError(path, line, told + _written_right(block.line(line)))
            if depth > MAX_DEPTH:
                raise ArticleError(path, line, say("列表嵌套太深", "lists are nested too deep"))
        loader = yaml.CSafeLoader(block.text)
        node = loader.get_single_node()
        if node is None:
            return FrontMatter(end=block.end)
        if not isinstance(node, yaml.MappingNode):
            raise ArticleError(
                path,
                block.first,
                say("文件头应为“键: 值”的 YAML", "the front matter should be YAML of the form 'key: value'"),
            )
        values: dict[str, Any] = {}
        lines: dict[str, int] = {}
        repeated = []
        for key, value in node.value:
            name, line = str(key.value), line_of(key.start_mark.index)
            if name in lines:
                repeated.append(name)
            lines[name] = line
            if name in TEXTS and isinstance(value, yaml.MappingNode):
                told = say(
                    "文件头不是正确的 YAML：花括号要加引号", "the front matter is not valid YAML: braces need quotes"
                )
                raise ArticleError(path, line, told + _written_right(block.line(line)))
            values[name] = _as_written(value) if name in NAMES else loader.construct_object(value, deep=True)
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        at = mark.index if mark else getattr(error, "position", None)
        line = block.first - 1 if at is None else line_of(at)
        raise ArticleError(path, line, _refused(error, block, line))
    except (ValueError, TypeError) as error:
        raise ArticleError(
            path,
            line,
            say("文件头有不成立的值：{problem}", "the front matter has an impossible value: {problem}", problem=error),
        )
    return FrontMatter(values, lines, tuple(repeated), block.end)


def _as_written(node: yaml.Node) -> Any:
    """A value without YAML's guesses: version 1.10 is not 1.1, 010 is not 8, and no is a word."""
    if isinstance(node, yaml.ScalarNode):
        return None if node.tag == "tag:yaml.org,2002:null" else node.value
    if isinstance(node, yaml.SequenceNode):
        return [_as_written(child) for child in node.value]
    return {str(key.value): _as_written(value) for key, value in node.value}


_REASONS = (
    ("nesting depth", "列表嵌套太深", "lists are nested too deep"),
    ("node content", "括号或引号没有闭合", "a bracket or quote is never closed"),
    ("escape character", "双引号里的反斜杠有特别的含义，请改用单引号", "a backslash needs single quotes"),
    ("alphabetic", "以 * 或 & 开头的值要加引号", "a value that begins with * or & needs quotes"),
    ("mapping values", "值里有“: ”，要加引号", "a value with ': ' in it needs quotes"),
    ("quoted scalar", "引号没有闭合", "a quote is never closed"),
    ("unexpected end", "引号或括号没有闭合", "a quote or bracket is never closed"),
    (
        "expected ','",
        "方括号没有闭合，或其中的值要加引号",
        "a bracket is never closed, or a value needs quotes",
    ),
    ("find expected ':'", "应写成“键: 值”，冒号后有空格", "it should be 'key: value', with a space behind the colon"),
    ("characters are not allowed", "有控制字符，请删去", "it holds control characters; remove them"),
    (
        "start any token",
        "值的第一个字符有特别的含义，要加引号",
        "a value that begins with this sign needs quotes",
    ),
    ("block end", "缩进或引号不对", "the indent or a quote is wrong"),
    ("alias", "以 * 或 & 开头的值要加引号", "a value that begins with * or & needs quotes"),
    ("anchor", "以 * 或 & 开头的值要加引号", "a value that begins with * or & needs quotes"),
    ("tag", "以 ! 开头的值要加引号", "a value that begins with ! needs quotes"),
    ("key", "花括号要加引号", "braces need quotes"),
)
"""A piece of what the parser says -> what it means."""


def _refused(error: yaml.YAMLError, block: _Block, line: int) -> str:
    """What YAML refused, in words, and how the line is written right."""
    source = block.line(line)
    problem = str(getattr(error, "problem", None) or getattr(error, "reason", None) or error).partition("\n")[0]
    context = f"{getattr(error, 'context', '') or ''} {problem}"
    why = next((say(zh, en) for piece, zh, en in _REASONS if piece in context), problem)
    if "\t" in source[: len(source) - len(source.lstrip())]:
        why = say("缩进用了制表符，请改用空格", "the indent is a tab; use spaces")
    told = say("文件头不是正确的 YAML：{why}", "the front matter is not valid YAML: {why}", why=why)
    return told + _written_right(source)


def _written_right(source: str) -> str:
    """How a line is written so that its value is text, as the end of a sentence; "" where quotes would not help."""
    m = re.fullmatch(r"([\w-]+):[ \t]+(.*\S)[ \t]*", source)
    if m is None or m[2][0] in "[\"'|>" or len(source) > 200:
        return ""
    quoted = '"' + m[2].replace("\\", "\\\\").replace('"', '\\"') + '"'
    return say("；写成 {key}: {value}", "; write {key}: {value}", key=m[1], value=quoted)


# --- TOML ------------------------------------------------------------------------------------


def _toml(block: _Block, path: str) -> FrontMatter:
    """TOML of Hugo and Zola. A key inside a table has the line of the table's first mention."""
    try:
        found = tomllib.loads(block.text, parse_float=str)
    except (tomllib.TOMLDecodeError, RecursionError) as error:
        m = re.search(r"at line (\d+)", str(error))
        line = block.first + int(m[1]) - 1 if m else block.first - 1
        why = str(error).partition(" (at")[0]
        raise ArticleError(
            path,
            line,
            say("文件头不是正确的 TOML：{why}", "the front matter is not valid TOML: {why}", why=why)
            + say("；写成 {line}", "; write {line}", line='title = "…"'),
        )
    values = {k: _plain(v) if k in NAMES else v for k, v in found.items()}
    lines: dict[str, int] = {}
    for number, text in enumerate(block.text.split("\n"), block.first):
        if m := re.match(r"\[*\s*[\"']?([\w-]+)", text):
            lines.setdefault(m[1], number)
    return FrontMatter(values, {k: lines.get(k, block.first) for k in values}, (), block.end)


def _plain(value: Any) -> Any:
    if isinstance(value, list):
        return [_plain(v) for v in value]
    if isinstance(value, dict):
        return {k: _plain(v) for k, v in value.items()}
    return str(value).lower() if isinstance(value, bool) else str(value)


# --- writing ---------------------------------------------------------------------------------


def dump(values: Mapping[str, Any]) -> str:
    """Keys and values as the lines of a front matter."""
    text = yaml.dump(dict(values), Dumper=_Dumper, allow_unicode=True, sort_keys=False, width=1000)
    return str(text)


class _Dumper(yaml.SafeDumper):
    """Lists on one line, as people write them; no aliases, which reading refuses."""

    def ignore_aliases(self, data: Any) -> bool:
        return True


_Dumper.add_representer(list, lambda d, v: d.represent_sequence("tag:yaml.org,2002:seq", v, flow_style=True))
_Dumper.add_representer(tuple, lambda d, v: d.represent_sequence("tag:yaml.org,2002:seq", v, flow_style=True))


def day(value: Any) -> date | None:
    """A date of a front matter, with or without a time; None when it is none."""
    m = _DATE.fullmatch(str(value).strip())
    try:
        return date(int(m[1]), int(m[2]), int(m[3])) if m else None
    except ValueError:
        return None


_DATE = re.compile(r"(\d{4})-(\d{1,2})-(\d{1,2})(?:[T\s].*)?")
