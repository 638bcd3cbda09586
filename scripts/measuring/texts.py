"""This module finds every text that a user can see, with its twin in the other language, and those that have none.

Python is read as its syntax tree, templates as Jinja's, scripts of the browser by their string literals.
"""

import ast
import re
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path
from typing import NamedTuple

from jinja2 import Environment, nodes

HAN = re.compile(r"[\u3001-\u303f\u3400-\u9fff\uff01-\uff5e]")
"""Chinese, its punctuation too."""
HAN_LETTER = re.compile(r"[\u3400-\u9fff]")
LATIN = re.compile(r"[A-Za-z]{2,}")
WORDS = re.compile(r"[A-Za-z]{2,}[,.]? [A-Za-z]{2,}")
"""A text of more than a name."""
SHOWN = ("note", "echo", "abort", "ClickException", "UsageError", "BadParameter", "BadRequest")
"""Functions whose first text is shown as it is."""
READ = (
    *("kb/text/", "kb/privacy/", "kb/search/", "kb/indexer/", "kb/model/", "kb/articles/importing/", "kb/database/"),
    *("kb/articles/templates.py", "kb/bundle/fields.py", "kb/desk/writeup.py", "kb/desk/reply.py", "kb/cli/phrases.py"),
    *("kb/articles/parser.py", "kb/web/products.py", "kb/service/duty.py", "kb/service/assets/"),
    "kb/service/rounds/census.py",
)
"""Modules with Chinese of their own that is read or written into articles, not said: words of the trade, names of
columns and sections, shapes of sentences, replies in the customer's language. What they say by say() is listed."""
EXAMPLES = ("examples", "example", "json_schema_extra", "body", "query", "path")
"""Arguments that show what a user may write."""
_TAG = re.compile(
    r"<(script|style|code|kbd)\b.*?</\1>|<!--.*?-->|<![^>]*>|</?[A-Za-z][^<>]*(?:>|\Z)|\A[^<>]*>", re.DOTALL
)
_ATTRIBUTE = re.compile(r"\b(?:title|aria-label|placeholder|alt)=\"([^\"{}]*[A-Za-z\u3400-\u9fff]{2}[^\"{}]*)\"")
_LITERAL = re.compile(
    # A pattern may hold quotation marks; it is passed over.
    r"(?<=[(,=:\[!&|?{};])\s*/(?![*/])(?:[^/\n\\\[]|\\.|\[(?:[^\]\n\\]|\\.)*\])+/|"
    r'"((?:[^"\\\n]|\\.)*)"|\'((?:[^\'\\\n]|\\.)*)\'|`((?:[^`\\]|\\.)*)`'
)
_COMMENT = re.compile(r"(?m)(?<![:\"'])//[^\n]*|/\*.*?\*/", re.DOTALL)
NAMES = frozenset(
    "API URL JSON CSV HTML Dify Guzhi OpenAPI openapi json Markdown GET POST README KB Ctrl Enter".split()
)
"""Names that are the same in both languages."""
MARKS = ("故", "知", "故知")
"""The seal, which is no word."""
LANGUAGES = ("English", "中文")
"""The switch says the other language in that language."""


class Text(NamedTuple):
    """A text in both languages; one of them is "" where it is missing. where: file:line."""

    zh: str
    en: str
    where: str

    @property
    def whole(self) -> bool:
        """Whether both are there, each in its own language."""
        if (self.zh, self.en) == LANGUAGES:
            return True
        alike = self.zh == self.en and not HAN.search(self.zh)
        return (
            bool(self.zh and self.en)
            and not HAN.search(_without_quotes(self.en))
            and (alike or bool(HAN.search(self.zh)) or not WORDS.search(self.zh))
        )


def _without_quotes(text: str) -> str:
    """An English text may quote what Chinese articles and front matter say."""
    return re.sub(r'"[^"]*"|\'[^\']*\'|“[^”]*”|\([^)]*\)|`[^`]*`', "", text)


def texts(root: Path) -> list[Text]:
    """Every text of the program below root, in the order of its files."""
    found: list[Text] = []
    for path in sorted((root / "kb").rglob("*.py")):
        found += of_python(path.read_text("utf8"), path.relative_to(root).as_posix())
    for path in sorted((root / "kb").rglob("*.html")):
        found += of_template(path.read_text("utf8"), path.relative_to(root).as_posix())
    for path in sorted((root / "kb").rglob("*.js")):
        found += of_script(path.read_text("utf8"), path.relative_to(root).as_posix())
    return found


# --- Python ----------------------------------------------------------------------------------


def of_python(source: str, name: str) -> Iterator[Text]:
    tree = ast.parse(source)
    passed = {id(n.value) for n in ast.walk(tree) if isinstance(n, ast.Expr)}  # docstrings
    for node in ast.walk(tree):
        for zh, en in pairwise(_items(node)):
            pair = Text(_text(zh), _text(en), f"{name}:{zh.lineno}")
            if _called(node) == "say" or (HAN.search(pair.zh) and pair.whole):
                passed |= {id(n) for part in (zh, en) for n in ast.walk(part)}
                yield pair
    if name.startswith(READ):
        return
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and _is_pattern(node):
            passed |= {id(n) for n in ast.walk(node)}
        elif isinstance(node, ast.keyword) and node.arg in EXAMPLES:
            passed |= {id(n) for n in ast.walk(node.value)}
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and node.args and _shows(_called(node)):
            yield from _english(node.args[0], name, passed)
        elif (text := _unpaired(node, passed)) and HAN_LETTER.search(text):
            yield Text(text, "", f"{name}:{getattr(node, 'lineno', 0)}")


def _unpaired(node: ast.AST, passed: set[int]) -> str:
    """A literal text that is no part of a pair; an article, as an example, is none."""
    if not isinstance(node, ast.Constant) or not isinstance(node.value, str) or id(node) in passed:
        return ""
    return "" if node.value.startswith("---\n") else node.value


def _is_pattern(node: ast.Call) -> bool:
    """Whether a call is one of the module re."""
    return isinstance(node.func, ast.Attribute) and isinstance(node.func.value, ast.Name) and node.func.value.id == "re"


def _shows(called: str) -> bool:
    """Whether what a function of this name is given first is shown as it is."""
    return called in SHOWN or (called.endswith("Error") and called not in ("ValueError", "TypeError", "AttributeError"))


def _english(argument: ast.expr, name: str, passed: set[int]) -> Iterator[Text]:
    """What is shown in English whichever language is spoken."""
    pieces = argument.values if isinstance(argument, ast.JoinedStr) else [argument]
    for piece in pieces:
        if (text := _unpaired(piece, passed)) and WORDS.search(text) and not HAN_LETTER.search(text):
            yield Text("", text, f"{name}:{piece.lineno}")


def _items(node: ast.AST) -> list[ast.expr]:
    """The texts of a call, a tuple or a list, in their order."""
    items: list[ast.expr] = []
    if isinstance(node, ast.Call):
        items = node.args[:2] if _called(node) == "say" else node.args
    elif isinstance(node, ast.Tuple | ast.List):
        items = node.elts
    return [item for item in items if _text(item) or (isinstance(item, ast.Constant) and item.value == "")]


def _text(node: ast.expr) -> str:
    """A literal text, {} for what is filled in; "" for anything else."""
    if isinstance(node, ast.JoinedStr):
        return "".join(_text(v) if isinstance(v, ast.Constant) else "{}" for v in node.values)
    return node.value if isinstance(node, ast.Constant) and isinstance(node.value, str) else ""


def _called(node: ast.AST) -> str:
    if not isinstance(node, ast.Call):
        return ""
    return node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")


# --- templates -------------------------------------------------------------------------------


def of_template(source: str, name: str) -> Iterator[Text]:
    tree = Environment(autoescape=True, extensions=["jinja2.ext.do"]).parse(source)
    for call in tree.find_all(nodes.Call):
        if isinstance(call.node, nodes.Name) and call.node.name == "say":
            said = [a.value for a in call.args if isinstance(a, nodes.Const)]
            if len(said) == 2:
                yield Text(str(said[0]), str(said[1]), f"{name}:{call.lineno}")
    # What stands between the marks of Jinja, as one text, so that a tag is not cut in two.
    source = re.sub(r"\{% block page %\}.*?\{% endblock %\}|<!doctype html>", "", source)
    plain = re.sub(r"\{#.*?#\}|\{%.*?%\}|\{\{.*?\}\}", lambda m: "\n" * m[0].count("\n"), source, flags=re.DOTALL)
    for m in _ATTRIBUTE.finditer(plain):
        yield from _alone(m[1], f"{name}:{plain.count(chr(10), 0, m.start()) + 1}")
    bare = _TAG.sub(lambda m: "\n" * m[0].count("\n"), plain)
    bare = re.sub(r'\b[a-z][a-z-]*="[^"]*"', "", bare)  # attributes that a macro gives
    for number, line in enumerate(bare.split("\n"), 1):
        yield from _alone(line, f"{name}:{number}")


def _alone(text: str, where: str) -> Iterator[Text]:
    """A text that stands there whichever language is spoken, unless it is a name."""
    text = " ".join(re.sub(r"&\w+;", " ", text).split())
    if HAN.search(text) and text not in MARKS:
        yield Text(text, "", where)
    elif set(LATIN.findall(text)) - NAMES:
        yield Text("", text, where)


# --- scripts ---------------------------------------------------------------------------------


def of_script(source: str, name: str) -> Iterator[Text]:
    plain = _COMMENT.sub(lambda m: "\n" * m[0].count("\n"), source)
    for m in _LITERAL.finditer(plain):
        text = next(g for g in (*m.groups(), "") if g is not None)
        where = f"{name}:{plain.count(chr(10), 0, m.start()) + 1}"
        if HAN.search(text):
            yield Text(text, "", where)
        elif re.match(r"[A-Z][a-z]+ [a-z]+", text):
            yield Text("", text, where)
