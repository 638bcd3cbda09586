"""This module is the lead's tables as files for a spreadsheet, all rows of them."""

import csv
import io
from collections.abc import Callable, Iterable, Sequence
from datetime import date
from typing import NamedTuple

from flask import Flask, Response
from werkzeug.exceptions import NotFound

from kb import insights
from kb.labels import label
from kb.language import say
from kb.web.api import index_in_force
from kb.web.insights import article_problems, duplicate_pairs, period_log
from kb.web.views import Answer


class Table(NamedTuple):
    """A table as text, for the file: its columns and rows."""

    columns: tuple[str, ...]
    rows: Iterable[Sequence[object]]


def init_app(app: Flask) -> None:
    app.add_url_rule("/insights/<name>.csv", endpoint="insights_file", view_func=file)


def file(name: str) -> Answer:
    """A table as CSV, all rows; what a spreadsheet would take for a formula is text."""
    found = FILES.get(name)
    if found is None:
        raise NotFound
    table = found()
    out = io.StringIO()
    writer = csv.writer(out)
    writer.writerow(table.columns)
    writer.writerows([_cell(value) for value in row] for row in table.rows)
    headers = {"Content-Disposition": f"attachment; filename=guzhi-{name}.csv"}
    # Excel takes a file for UTF-8 by its mark alone.
    return Response("\ufeff" + out.getvalue(), mimetype="text/csv", headers=headers)


def _cell(value: object) -> str:
    text = "" if value is None else str(value)
    return "'" + text if text.startswith(("=", "+", "-", "@", "\t", "\r")) else text


def _weeks_table() -> Table:
    columns = (
        say("周一", "Monday"),
        label("insight", "searches"),
        label("insight", "pastes"),
        label("insight", "nothing"),
        label("verdict", "helpful"),
        label("verdict", "unhelpful"),
    )
    return Table(columns, insights.weeks(period_log()))


def _gaps_table() -> Table:
    columns = (say("问法", "Text"), say("次数", "Times"), say("最高把握", "Best score"), say("最近", "Last"))
    return Table(
        columns, ((g.text, g.times, g.best, g.last.isoformat()) for g in insights.gaps(period_log(), index_in_force()))
    )


def _uses_table() -> Table:
    columns = (
        say("编号", "Number"),
        say("标题", "Title"),
        say("出现", "Shown"),
        say("打开", "Opened"),
        label("verdict", "helpful"),
        label("verdict", "unhelpful"),
        say("最近使用", "Last used"),
    )
    rows = (
        (u.article.id, u.article.title, u.shown, u.opened, u.helpful, u.unhelpful, u.last and u.last.isoformat())
        for u in insights.uses(period_log(), index_in_force())
    )
    return Table(columns, rows)


def _unused_table() -> Table:
    columns = (say("编号", "Number"), say("标题", "Title"), say("更新", "Updated"), say("出现", "Shown"))
    found = insights.unused(insights.uses(period_log(), index_in_force()), date.today())
    return Table(columns, ((u.article.id, u.article.title, u.article.updated, u.shown) for u in found))


def _stale_table() -> Table:
    columns = (say("编号", "Number"), say("标题", "Title"), say("复审日期", "Review due"), say("负责", "Owner"))
    found = insights.stale(index_in_force(), date.today())
    return Table(columns, ((a.id, a.title, a.review_after, a.owner) for a in found))


def _demand_table(facet: str) -> Callable[[], Table]:
    def table() -> Table:
        columns = (label("facet", facet), say("文章", "Articles"), say("被搜", "Asked"), say("没把握", "Unsure"))
        found = insights.demand(period_log(), index_in_force(), facet)
        return Table(columns, ((label(facet, d.value), d.articles, d.searches, d.unsure) for d in found))

    return table


def _quality_table() -> Table:
    columns = (say("文件", "File"), say("行", "Line"), say("级别", "Level"), say("问题", "Problem"))
    return Table(columns, ((p.path, p.line, p.level, p.message) for p in article_problems(index_in_force())))


def _duplicates_table() -> Table:
    columns = (say("文章", "Article"), say("另一篇", "Other"), say("关系", "Kind"), say("把握", "Sure"))
    found = duplicate_pairs(index_in_force())
    return Table(columns, ((d.first.id, d.second.id, label("duplicate", d.kind), d.sure) for d in found))


FILES: dict[str, Callable[[], Table]] = {
    "weeks": _weeks_table,
    "gaps": _gaps_table,
    "articles": _uses_table,
    "unused": _unused_table,
    "stale": _stale_table,
    "areas": _demand_table("area"),
    "products": _demand_table("product"),
    "quality": _quality_table,
    "duplicates": _duplicates_table,
}
