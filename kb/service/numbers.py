"""This module is the numbers of cases: 26-00137-7, the year, a counter, and a digit that notices a misheard one.

A number is drawn in the transaction that inserts its case, so a case that came to nothing takes none, and two never get
the same. It is unique by constraint, and rows are never deleted: no number is given away twice.
"""

import re
from datetime import date

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from kb.database import tables
from kb.database.connection import insert_into
from kb.errors import InputError
from kb.language import say
from kb.text.check_digits import check_digit, checks
from kb.text.tokens import fold

DIGITS = 5
"""Of the counter, at least."""

_WHOLE = re.compile(r"(\d{2})-(\d{1,9})-(\d)|(\d{2})(\d{5,9})(\d)")
_PARTLY = re.compile(r"(?:(\d{2})-)?(\d{1,9})")


def written(year: int, counter: int) -> str:
    """A number as it is written. year: all four digits."""
    digits = f"{year % 100:02}-{counter:0{DIGITS}}"
    return f"{digits}-{check_digit(digits)}"


def read(text: str, today: date) -> str:
    """The number that somebody means: whole, without its check digit, or, where a case is asked for, the counter alone.

    26-00137-7, 26001377, 26-137 and, in 2026, 137 are one. Raises InputError.
    """
    typed = re.sub(r"\s", "", fold(text).text)
    if m := _WHOLE.fullmatch(typed):
        year, counter, digit = (part for part in m.groups() if part is not None)
        number = written(int(year), int(counter))
        if number[-1] != digit:
            raise InputError(
                say("单号 {number}：校验位不对，有一位听错或打错了，或两位颠倒了",
                    "case number {number}: the check digit is wrong; a digit was misheard or two were swapped",
                    number=text.strip())
            )  # fmt: skip
        return number
    if m := _PARTLY.fullmatch(typed):
        return written(int(m[1] or today.year % 100), int(m[2]))
    raise InputError(
        say("'{text}' 不是单号；写成 26-00137-7、26-137 或 137",
            "'{text}' is no case number; write 26-00137-7, 26-137 or 137", text=text.strip()[:40])
    )  # fmt: skip


def parts(number: str) -> tuple[str, int]:
    """The series of a number, by which it was drawn, and its counter."""
    assert checks(number), number
    year, counter, _ = number.split("-")
    return year, int(counter)


def draw(session: Session, year: int) -> str:
    """The next number of a year, in this session's transaction: whoever draws at the same time waits for its end."""
    series = f"{year % 100:02}"
    statement = (
        insert_into(session, tables.Number)
        .values(series=series, next=2)
        .on_conflict_do_update(index_elements=["series"], set_={"next": tables.Number.next + 1})
        .returning(tables.Number.next)
    )
    following = session.scalar(statement)
    assert following is not None
    return written(year, following - 1)


def behind(session: Session) -> dict[str, int]:
    """Series whose counter would give a number away again, as after a restored backup: series -> the next free one."""
    highest: dict[str, int] = {}
    for number in session.scalars(select(tables.Case.number)):
        series, counter = parts(number)
        highest[series] = max(highest.get(series, 0), counter)
    following = {row.series: row.next for row in session.scalars(select(tables.Number))}
    return {series: n + 1 for series, n in highest.items() if following.get(series, 1) <= n}


def advance(session: Session, series: str, following: int) -> None:
    """Put a counter forward."""
    known = session.scalar(
        update(tables.Number).where(tables.Number.series == series).values(next=following).returning(tables.Number.next)
    )
    if known is None:
        session.add(tables.Number(series=series, next=following))
