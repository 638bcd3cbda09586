"""This module is the page of what families of devices cost, which article saves visits, which parts a fault takes."""

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from typing import Any

from flask import Flask, request
from werkzeug.exceptions import NotFound

from kb.errors import NotFoundError
from kb.labels import label
from kb.service.costs import Used, families, parts_of_faults, saves
from kb.service.figures import Which
from kb.web import identity
from kb.web.cases.figures import asked_period, periods
from kb.web.cases.shared import serving
from kb.web.spreadsheets import as_file
from kb.web.views import Answer, page, store
from kb.web.writers import engine_or_none

SHOWN = 30
"""Rows of a table on the page; a file has more."""
TABLES: dict[str, tuple[Any, tuple[tuple[str, str], ...]]] = {
    "families": (families, (("产品", "Product"), ("设备", "Devices"), ("服务单", "Cases"),
                            ("恢复小时（中位数）", "Hours to restore (median)"), ("用件", "Parts"))),
    "saves": (saves, (("文章", "Article"), ("标题", "Title"), ("解决的单", "Cases"), ("上门", "Visits"),
                      ("同领域通常", "Usual in its areas"), ("省下", "Spared"))),
    "parts": (parts_of_faults, (("故障", "Fault"), ("标题", "Title"), ("备件", "Part"), ("名称", "Name"),
                                ("件数", "Pieces"), ("服务单", "Cases"))),
}  # fmt: skip
"""Name -> (what counts it, columns)."""


def init_app(app: Flask) -> None:
    app.add_url_rule("/cases/costs", view_func=serving(shown), endpoint="case_costs")
    app.add_url_rule("/cases/costs/<name>.csv", view_func=serving(file), endpoint="case_costs_file")


def shown() -> Answer:
    period = asked_period()
    tables = [(name, columns, list(_rows(name))) for name, (_, columns) in TABLES.items()]
    return page(
        "rounds/costs.html",
        tables=[(name, columns, rows[:SHOWN], len(rows) > SHOWN) for name, columns, rows in tables],
        period=period,
        periods=periods(datetime.now(UTC)),
        customer=request.args.get("customer", "")[:300],
    )


def file(name: str) -> Answer:
    if name not in TABLES:
        raise NotFound
    identity.note("exported", f"costs {name}")
    return as_file(f"costs-{name}-{asked_period().name}", TABLES[name][1], _rows(name))


def _rows(name: str) -> Iterator[Sequence[object]]:
    period = asked_period()
    which = Which(period.since, period.until, request.args.get("customer", "")[:300])
    with store().reading() as session:
        found = TABLES[name][0](session, which)
    for row in found:
        if name == "families":
            yield (*row[:3], "–" if row.hours is None else f"{row.hours:.1f}", row.parts)
        elif name == "saves":
            yield (row.article, _title(row.article), row.cases, row.visits, f"{row.usual:.1f}", f"{row.spared:.1f}")
        else:
            yield (*_fault(row), row.part, row.name, row.quantity, row.cases)


def _fault(used: Used) -> tuple[str, str]:
    """What a fault is called: its article, else its area and cause."""
    if used.article:
        return used.article, _title(used.article)
    told = (label("area", used.area) if used.area else "–", label("cause", used.cause) if used.cause else "–")
    return " · ".join(told), ""


def _title(article: str) -> str:
    """The title of an article that is seen, "" for another one."""
    engine = engine_or_none()
    try:
        return "" if engine is None else engine.article(article).title
    except NotFoundError:
        return ""
