"""This module writes tables as CSV, as spreadsheets read them."""

import csv
import io
import re
from collections.abc import Iterable, Sequence

from kb.language import say

Text = tuple[str, str]
"""Chinese, English."""
_FORMULA = re.compile(r"\s*[=+\-@＝＋－＠﹦﹢﹣﹫−]|[\t\r\n]")
"""How a formula begins, also in full width, which spreadsheets read as half; blanks before it don't matter to all."""


def spreadsheet(columns: Sequence[Text], rows: Iterable[Sequence[object]]) -> str:
    """Rows under their columns; what a spreadsheet would take for a formula is text."""
    out = io.StringIO()
    writer = csv.writer(out)
    writer.writerow([say(*column) for column in columns])
    writer.writerows([_cell(value) for value in row] for row in rows)
    # Excel takes a file for UTF-8 by its mark alone.
    return "\ufeff" + out.getvalue()


def _cell(value: object) -> str:
    text = "" if value is None else str(value)
    return "'" + text if _FORMULA.match(text) else text
