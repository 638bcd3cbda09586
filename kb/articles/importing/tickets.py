"""This module reads old tickets, CSV, JSON or JSON lines, and writes each as a case or FAQ."""

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from html import unescape
from pathlib import Path
from typing import Any

from kb.articles.files import render
from kb.articles.importing import cells, columns, escape
from kb.articles.importing.model import Draft, Options, Reading
from kb.articles.importing.sources import opened
from kb.errors import InputError
from kb.language import current, first_of, say
from kb.model import Article
from kb.model.sight import INTERNAL
from kb.privacy import masked
from kb.text import hypertext

TITLE_LENGTH = 80

NEEDED = {"case": ("symptom", "fix"), "faq": ("question", "answer")}
"""Without both of these there is nothing to tell."""


Cells = Callable[[bytes, str], tuple[list[cells.Row], list[cells.Problem]]]
"""What reads the rows of a file, as kb.articles.importing.cells.read does: (content, name)."""


def read(path: Path, options: Options, cells_of: Cells = cells.read) -> Reading:
    """As drafts(), for a file."""
    with opened(path) as source:
        return drafts(source.read(path.name), path.name, options, cells_of)


def drafts(raw: bytes, name: str, options: Options, cells_of: Cells = cells.read) -> Reading:
    """Every row as a draft. Raises InputError for a file that is no table, and for a mapping that doesn't fit."""
    kind = options.kind or "case"
    if kind not in columns.SECTIONS:
        raise InputError(
            say(
                "工单只能导入为 case 或 faq，不能是 {kind}",
                "tickets become a case or faq, not a {kind}",
                kind=kind,
            )
        )
    rows, problems = cells_of(raw, name)
    sheets: dict[str, dict[str, None]] = {}
    for row in rows:
        sheets.setdefault(row.sheet, {}).update(dict.fromkeys(row.cells))
    names = list(dict.fromkeys(name for sheet in sheets.values() for name in sheet))
    if len(names) > cells.MAX_COLUMNS:
        raise InputError(
            say("有 {n} 列，最多 {most} 列", "{n} columns, {most} at most", n=len(names), most=cells.MAX_COLUMNS)
        )
    mapping = columns.mapping(names, options, kind)
    unfit = [sheet for sheet, own in sheets.items() if not {mapping[name] for name in own} & set(NEEDED[kind])]
    if rows and len(unfit) == len(sheets):
        columns.require_known(names, options.columns)
        raise InputError(
            say(
                "{name} 里认不出哪一列是 {needed}；有：{columns}。用 --map 列名={first} 指明",
                "which column of {name} is {needed}? There are: {columns}. Say it by --map COLUMN={first}",
                name=name,
                needed=say(" 或 ", " or ").join(NEEDED[kind]),
                columns=", ".join(names),
                first=NEEDED[kind][0],
            )
        )
    problems += [cells.Problem(0, _no_tickets(list(sheets[sheet]), kind), sheet) for sheet in unfit]
    made: list[Draft] = []
    seen: dict[str, cells.Row] = {}
    for row in rows:
        if row.sheet in unfit:
            continue
        try:
            draft = _draft(row, mapping, kind, options)
            if draft.ticket and (first := seen.setdefault(draft.ticket, row)) is not row:
                raise ValueError(
                    say(
                        "工单号 {ticket} 和{first}的相同",
                        "its ticket {ticket} is that of {first}",
                        ticket=draft.ticket,
                        first=_place(first.sheet, first.number),
                    )
                )
            made.append(draft)
        except ValueError as error:
            problems.append(cells.Problem(row.number, str(error), row.sheet))
    order = {sheet: i for i, sheet in enumerate(dict.fromkeys([*sheets, *(p.sheet for p in problems)]))}
    problems.sort(key=lambda p: (order[p.sheet], p.number))
    return Reading(tuple(made), tuple(_at(name, p) for p in problems), (), tuple(mapping.items()))


def _no_tickets(names: list[str], kind: str) -> str:
    return say(
        "没有 {needed} 这样的列，整张表没有导入；有：{columns}",
        "it has no column for {needed}, the sheet was left; there are: {columns}",
        needed=say(" 或 ", " or ").join(NEEDED[kind]),
        columns=first_of(names, SHOWN_COLUMNS),
    )


SHOWN_COLUMNS = 12


def _place(sheet: str, row: int) -> str:
    """Where a row stands; row: 0 for the whole sheet."""
    where = say("工作表“{sheet}”", "sheet '{sheet}'", sheet=sheet) if sheet else ""
    line = say("第 {row} 行", "row {row}", row=row) if row else ""
    return say("{sheet}{row}", "{sheet}, {row}", sheet=where, row=line) if where and line else where or line


def _at(name: str, problem: cells.Problem) -> str:
    place = _place(problem.sheet, problem.number)
    return say("{name} {place}：{message}", "{name}, {place}: {message}", name=name, place=place,
               message=problem.message)  # fmt: skip


# --- a row as an article -----------------------------------------------------------------------

Given = Mapping[str, list[tuple[str, str]]]
"""Key or section -> (column, its text) of a row, empty ones aside."""


def _draft(row: cells.Row, mapping: Mapping[str, str], kind: str, options: Options) -> Draft:
    """Raises ValueError with a sentence for a row that is no article."""
    given: dict[str, list[tuple[str, str]]] = {}
    for column, cell in row.cells.items():
        text = _readable(escape.cleaned(cell)).strip("\n").rstrip()
        state = mapping.get(column) in ("fix", "answer") and columns.is_state(text)
        if mapping.get(column) and text.strip() and not state:
            given.setdefault(mapping[column], []).append((column, masked(text) if options.mask else text))
    sections = {role: [t for _, t in given.get(role, ())] for role in columns.SECTIONS[kind]}
    if not any(sections[role] for role in NEEDED[kind]):
        needed = say("和", " nor ").join(columns.heading(kind, role, current() == "zh") for role in NEEDED[kind])
        raise ValueError(say("{needed}都没有", "no {needed} given", needed=needed))
    choices, unknown = _choices(given, kind, options)
    dates, no_dates = _dates(given, options)
    lists: dict[str, Any] = {k: columns.words("\n".join(t for _, t in given.get(k, ()))) for k in columns.LISTS}
    if "cause" in sections:
        # 硬件故障 is a value; what says more is the text, and the value is none beside it.
        said = [t for t in sections["cause"] if not columns.choice("cause", t)]
        sections["cause"] = said or sections["cause"]
    texts: dict[str, Any] = {key: _line(given, key) for key in columns.TEXTS}
    texts["title"] = texts["title"] or _first_line(sections, kind)
    ticket = _line(given, columns.TICKET)
    article = Article(
        path="",
        id="",
        kind=kind,
        status=options.status or "draft",
        body=_body(sections, kind),
        extra={columns.TICKET: ticket} if ticket else {},
        **texts,
        **choices,
        **dates,
        **lists,
    )
    folder = article.area or "case" if kind == "case" else kind
    return Draft(
        _place(row.sheet, row.number),
        f"{folder}/{{number}}.md",
        lambda number: render(replace(article, id=number)),
        article.body,
        ticket=ticket,
        roles=frozenset(role for role, texts in sections.items() if texts),
        warnings=(*unknown, *no_dates),
    )


_HTML = re.compile(
    r"</(?:p|div|span|li|ul|ol|td|tr|table|strong|em|b|i|u|a|pre|code|h[1-6]|font|blockquote|body|html)\s*>|<br\s*/?>"
    r"|<img\s[^<>]*>",
    re.IGNORECASE,
)
_ENTITY = re.compile(r"&(?:nbsp|lt|gt|amp|quot|#39|#x27);")


def _readable(cell: str) -> str:
    """A cell as its reader saw it: what an editor of a web page wrote is HTML."""
    if "<" not in cell and "&lt;" in cell and _HTML.search(twice := unescape(cell)):
        cell = twice  # escaped once more by what exported it
    if "<" in cell and _HTML.search(cell):
        return hypertext.text(cell)
    return unescape(cell).replace("\xa0", " ") if "&" in cell and _ENTITY.search(cell) else cell


def _line(given: Given, key: str) -> str:
    """The first text given for a key, as one line."""
    return " ".join(given[key][0][1].split()) if key in given else ""


def _choices(given: Given, kind: str, options: Options) -> tuple[dict[str, Any], list[str]]:
    """What takes one of a few values, and what to say of values that are none. A text about a case's cause is."""
    values: dict[str, Any] = {"area": options.area, "audience": options.audience or INTERNAL}
    warnings: list[str] = []
    for key in columns.CHOICES:
        for column, text in reversed(given.get(key, ())):
            if value := columns.choice(key, text, options.areas):
                values[key] = value
            elif key not in columns.SECTIONS[kind]:
                warnings.append(_unknown(column, text, key, options))
    return values, warnings


def _dates(given: Given, options: Options) -> tuple[dict[str, Any], list[str]]:
    """created and updated, the one from the other, else today; and what to say of what is no date."""
    values: dict[str, Any] = {}
    warnings: list[str] = []
    for key in columns.DATES:
        for column, text in given.get(key, ()):
            if (value := columns.day(text)) is not None:
                values.setdefault(key, value)
            else:
                warnings.append(_no_date(column, text))
    values.setdefault("created", values.get("updated", options.today))
    values.setdefault("updated", values["created"])
    return values, warnings


def _first_line(sections: Mapping[str, list[str]], kind: str) -> str:
    texts: Iterable[str] = (t for role in NEEDED[kind] for t in sections[role])
    line = next(line for t in texts for line in t.split("\n") if line.strip())
    line = " ".join(line.split())
    return line if len(line) <= TITLE_LENGTH else line[: TITLE_LENGTH - 1] + "…"


def _unknown(column: str, value: str, key: str, options: Options) -> str:
    known = (*columns.CHOICES[key], *(options.areas if key == "area" else ()))
    return say(
        "列“{column}”的 '{value}' 不认识，{key} 没有填（可用：{known}）",
        "column '{column}': '{value}' is unknown, {key} left empty ({known})",
        column=column,
        value=_short(value),
        key=key,
        known=", ".join(known),
    )


def _no_date(column: str, value: str) -> str:
    return say(
        "列“{column}”的 '{value}' 不是日期（如 2024/3/5），没有填",
        "column '{column}': '{value}' is not a date (as 2024/3/5), left empty",
        column=column,
        value=_short(value),
    )


def _short(text: str) -> str:
    text = masked(" ".join(text.split()))
    return text if len(text) <= 30 else text[:29] + "…"


def _body(sections: Mapping[str, list[str]], kind: str) -> str:
    """The sections that have text, in the language the first of them is written in."""
    chinese = any("\u3400" <= c <= "\u9fff" for texts in sections.values() for t in texts for c in t)
    out = []
    for role, texts in sections.items():
        parts = list(dict.fromkeys(markdown for t in texts if (markdown := escape.markdown(t))))
        if parts:
            out.append(f"## {columns.heading(kind, role, chinese)}\n\n" + "\n\n".join(parts) + "\n")
    return "\n".join(out)
