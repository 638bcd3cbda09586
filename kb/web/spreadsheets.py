"""This module is the lead's tables as files for a spreadsheet, all rows of them."""

from collections.abc import Callable, Iterable, Sequence
from datetime import datetime
from typing import Any

from flask import Flask, Response
from werkzeug.exceptions import NotFound

from kb.desk.spreadsheet import Text, spreadsheet
from kb.labels import LABELS, label
from kb.web import identity
from kb.web.insights import ROWS
from kb.web.views import Answer

Cells = Callable[[Any], Sequence[object]]


def init_app(app: Flask) -> None:
    app.add_url_rule("/insights/<name>.csv", endpoint="insights_file", view_func=file)


def file(name: str) -> Answer:
    """A table as CSV, all rows; what a spreadsheet would take for a formula is text."""
    if name not in FILES:
        raise NotFound
    columns, cells = FILES[name]
    identity.note("exported", name)
    return as_file(name, columns, (cells(row) for row in ROWS[name]()))


def as_file(name: str, columns: Sequence[Text], rows: Iterable[Sequence[object]]) -> Response:
    """Rows under their columns as CSV."""
    headers = {"Content-Disposition": f"attachment; filename=guzhi-{name}.csv"}
    return Response(spreadsheet(columns, rows), mimetype="text/csv", headers=headers)


def _local(moment: datetime) -> str:
    """By this machine's clock, as a spreadsheet reads it."""
    return f"{moment.astimezone():%Y-%m-%d %H:%M}"


def _percent(share: float | None) -> str:
    return "" if share is None else f"{share:.0%}"


NUMBER, TITLE = ("编号", "Number"), ("标题", "Title")
HELPFUL, UNHELPFUL = LABELS["verdict"]["helpful"], LABELS["verdict"]["unhelpful"]


def _demand(facet: str) -> tuple[tuple[Text, ...], Cells]:
    columns = (LABELS["facet"][facet], ("文章", "Articles"), ("被搜", "Asked"), ("匹配度低", "Low match"))
    return columns, lambda d: (label(facet, d.value), d.articles, d.searches, d.unsure)


FILES: dict[str, tuple[tuple[Text, ...], Cells]] = {
    "weeks": (
        (
            ("周一", "Monday"),
            *(LABELS["insight"][n] for n in ("searches", "pastes", "nothing")),
            HELPFUL,
            UNHELPFUL,
            ("强匹配", "Strong match"),
            ("强匹配占比", "Share of strong matches"),
        ),
        lambda w: (*w, _percent(w.strong_share)),
    ),
    "gaps": (
        (
            ("问法", "Text"),
            ("次数", "Times"),
            ("最高匹配度", "Best match"),
            ("最近", "Last"),
            ("处理", "State"),
            ("负责", "Owner"),
        ),
        lambda g: (
            *(g.text, g.times, _percent(g.best), _local(g.last)),
            label("gap", "again" if g.again else g.decision.state if g.decision else "open"),
            g.decision.owner if g.decision else "",
        ),
    ),
    "articles": (
        (NUMBER, TITLE, ("出现", "Shown"), ("打开", "Opened"), HELPFUL, UNHELPFUL, ("最近使用", "Last used")),
        lambda u: (
            *(u.article.id, u.article.title, u.shown, u.opened, u.helpful, u.unhelpful),
            u.last and _local(u.last),
        ),
    ),
    "unused": (
        (NUMBER, TITLE, ("更新", "Updated"), ("出现", "Shown")),
        lambda u: (u.article.id, u.article.title, u.article.updated, u.shown),
    ),
    "stale": (
        (NUMBER, TITLE, ("复审日期", "Review due"), ("负责", "Owner")),
        lambda a: (a.id, a.title, a.review_after, a.owner),
    ),
    "areas": _demand("area"),
    "products": _demand("product"),
    "quality": (
        (("文件", "File"), ("行", "Line"), ("级别", "Level"), ("问题", "Problem")),
        lambda p: (p.path, p.line, p.level, p.message),
    ),
    "duplicates": (
        (("文章", "Article"), ("另一篇", "Other"), ("关系", "Kind"), ("相似度", "Likeness")),
        lambda d: (d.first.id, d.second.id, label("duplicate", d.kind), _percent(d.sure)),
    ),
}
"""Of each table that is offered as a file: its columns, and a row of it (kb.web.insights.ROWS) as cells."""
