"""This module writes plain text as Markdown that shows exactly that text: escaped prose, fenced logs."""

import re
from collections.abc import Iterator

_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\ud800-\udfff\ufeff\ufffe\uffff]")
"""Not characters of a text: control codes, halves of characters, marks of byte order."""

_INLINE = re.compile(
    r"""
    [`*<]
  | \\(?=[!-/:-@\[-`{-~\n]|$)  # a backslash before a letter is one: C:\Users
  | (?<![^\W_])_|_(?![^\W_])  # inside a word an underscore is one: max_connections
  | \[(?=\^)|(?<=\^)\[|\](?=[(:])
  | &(?=\#|\w+;)
  | ~(?=~)|(?<=~)~
    """,
    re.VERBOSE,
)
_START = re.compile(r"(?:#(?=#{0,5}(?:\s|$))|[>=|]|[-+](?=[\s-]|$)|\d{1,9}(?=[.)](?:\s|$)))")

_STEP = re.compile(r"\s*(\d{1,2})\\?(?:[.)]\s+|、\s*|[.．)）]\s*(?=[\u3400-\u9fff]))(\S.*)")

_LOG = re.compile(
    r"""
    ^\s{2,}\S
  | ^\W{0,2}(?:\d{4}[-/]\d\d?[-/]\d\d?|\d\d?:\d\d:\d\d|[A-Z][a-z]{2}[ ]+\d\d?[ ]\d\d:)
  | \b(?:ERROR|WARN|WARNING|INFO|DEBUG|FATAL|TRACE|CRITICAL|Traceback|Exception|Caused[ ]by|errno)\b
  | ^(?:<[\w.-]+>|\[[\w.~-]+\]|[\w.@:~-]+[\#$>]|[A-Z]:\\[^<>]*>|SQL>)[ ]?\S
  | ^[A-Z]{2,}-\d{3,}\b
  | \S[ ]{3,}\S.*\S[ ]{3,}\S | \|.*\|
    """,
    re.VERBOSE,
)
_CHINESE = re.compile(r"[\u3400-\u9fff]")


def is_log(text: str) -> bool:
    """Whether a line is surely one of a log."""
    return bool(_LOG.search(text))


def cleaned(text: str) -> str:
    """A text without what no article can hold; line ends become "\\n"."""
    return _CONTROL.sub("", text.replace("\r\n", "\n").replace("\r", "\n"))


def one_line(text: str) -> str:
    """A text as one line of plain text, without what no article can hold."""
    return " ".join(cleaned(text).split())


def inline(text: str) -> str:
    """One line of plain text as Markdown, wherever it stands in a paragraph but at its start."""
    return _INLINE.sub(r"\\\g<0>", text)


def cell(markdown: str) -> str:
    """Inline Markdown as a cell of a table."""
    return markdown.replace("|", "\\|")


def picture(label: str, place: str) -> str:
    """A picture as Markdown. label: plain text that stands for it, whose brackets would end it."""
    return f"![{picture_label(label)}]({place})"


def picture_label(label: str) -> str:
    """Plain text as it may stand for a picture."""
    return inline(" ".join(label.split())).replace("[", "(").replace("]", ")")


def line(text: str) -> str:
    """One line of plain text as the start of a paragraph: never a heading, list, quotation or rule."""
    escaped = inline(text)
    if m := _START.match(escaped):
        digits = m[0] if m[0].isdigit() else ""
        return f"{digits}\\{escaped[len(digits) :]}"
    return escaped


def markdown(text: str) -> str:
    """Plain text as Markdown: a paragraph a line, since tickets mean their line ends, and logs in code blocks."""
    return "\n\n".join(_blocks(cleaned(text).expandtabs(8).split("\n")))


def _blocks(lines: list[str]) -> Iterator[str]:
    start = 0
    while start < len(lines):
        numbered = steps(lines, start)
        end = _log_end(lines, start)
        if len(numbered) > 1:
            yield "\n".join(f"{i}. {_item(text)}" for i, text in enumerate(numbered, 1))
            start += len(numbered)
        elif end - start > 1:
            yield fenced("\n".join(lines[start:end]))
            start = end
        else:
            if prose := lines[start].strip():
                yield line(prose)
            start += 1


def steps(lines: list[str], start: int) -> list[str]:
    """The texts of lines that are numbered from 1 as they follow each other, by hand: 1. 2. or 1、2、."""
    out: list[str] = []
    for number in range(start, len(lines)):
        m = _STEP.fullmatch(lines[number])
        if m is None or int(m[1]) != len(out) + 1:
            break
        out.append(m[2])
    return out


def _item(text: str) -> str:
    """The text of a list item; a bracket at its start would be a box to tick."""
    escaped = line(text.strip())
    return "\\" + escaped if escaped.startswith("[") else escaped


def _log_end(lines: list[str], start: int) -> int:
    """Where the log that starts on a line ends; start itself when none does.

    Between lines that are surely of a log, one without Chinese belongs to it.
    """
    if not lines[start].strip() or not _LOG.search(lines[start]):
        return start
    end = start + 1
    for i in range(start + 1, len(lines)):
        if not lines[i].strip() or (_CHINESE.search(lines[i]) and not _LOG.search(lines[i])):
            break
        if _LOG.search(lines[i]):
            end = i + 1
    return end


def fenced(text: str) -> str:
    """A code block; its fence is longer than any inside."""
    fence = "`" * max(3, 1 + max((len(run) for run in re.findall(r"`+", text)), default=0))
    return f"{fence}text\n{text}\n{fence}"
