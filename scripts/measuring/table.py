"""This module turns figures into one table: what was measured, beside which peer, against which target."""

import unicodedata
from collections.abc import Sequence
from dataclasses import KW_ONLY, asdict, dataclass
from typing import Any


@dataclass(frozen=True)
class Row:
    """One figure. value: None when it could not be measured; note says why.

    peer: the same figure of a peer, a cost of which less is better. At most one of the targets is given:
    at_most, at_least (bounds of the value) or faster (bound of peer / value). cpu: of a time, the processor's
    share, which other work on the machine hardly changes.
    """

    what: str
    value: float | None
    unit: str = ""
    _: KW_ONLY
    cpu: float | None = None
    peer_name: str = ""
    peer: float | None = None
    at_most: float | None = None
    at_least: float | None = None
    faster: float | None = None
    note: str = ""

    @property
    def factor(self) -> float | None:
        """How many times the peer's cost is Guzhi's."""
        return self.peer / self.value if self.peer is not None and self.value else None

    @property
    def target(self) -> str:
        if self.faster is not None:
            return f">= {self.faster:g}x"
        if self.at_least is not None:
            return f">= {self.at_least:g}"
        return f"<= {self.at_most:g}" if self.at_most is not None else ""

    @property
    def met(self) -> bool | None:
        """None when there is no target, or nothing to hold against it."""
        if self.value is None:
            return None
        if self.faster is not None:
            return None if self.factor is None else self.factor >= self.faster
        if self.at_least is not None:
            return self.value >= self.at_least
        return None if self.at_most is None else self.value <= self.at_most

    def data(self) -> dict[str, Any]:
        """For JSON: all fields, with factor, target and met."""
        return asdict(self) | {"factor": self.factor, "target": self.target, "met": self.met}


HEADER = ("figure", "Guzhi", "unit", "cpu", "peer", "", "factor", "target", "", "note")


def print_rows(rows: Sequence[Row]) -> None:
    print_table(HEADER, [_cells(row) for row in rows])


def _cells(row: Row) -> tuple[str, ...]:
    factor = f"{row.factor:.1f}x" if row.factor is not None else ""
    verdict = {True: "met", False: "MISSED", None: ""}[row.met]
    value = "not available" if row.value is None else number(row.value)
    cpu, peer = ("" if v is None else number(v) for v in (row.cpu, row.peer))
    return (row.what, value, row.unit, cpu, peer, row.peer_name, factor, row.target, verdict, row.note)


def number(value: float) -> str:
    """Three significant digits, thousands whole."""
    return f"{value:,.0f}" if abs(value) >= 1000 or value == int(value) else f"{value:.3g}"


def print_table(header: Sequence[str], lines: Sequence[Sequence[str]]) -> None:
    """Columns as wide as their widest cell, Chinese counting double; empty ones are left out."""
    used = [i for i in range(len(header)) if any(line[i] for line in lines)]
    table = [[line[i] for i in used] for line in (header, *lines)]
    widths = [max(map(_width, column)) for column in zip(*table, strict=True)]
    for i, line in enumerate(table):
        print("  ".join(c + " " * (w - _width(c)) for c, w in zip(line, widths, strict=True)).rstrip(), flush=True)
        if i == 0:
            print("  ".join("-" * w for w in widths))


def _width(text: str) -> int:
    return sum(2 if unicodedata.east_asian_width(c) in "WF" else 1 for c in text)
