"""This module is the lead's pages: what is missed, what helps, what is stale; and one click to act on each row."""

import csv
import io
from collections.abc import Callable, Iterable, Sequence
from datetime import date
from typing import Any, NamedTuple

from flask import Flask, Response, current_app, flash, redirect, request, url_for
from werkzeug.exceptions import BadRequest, NotFound

from kb import golden, insights
from kb.errors import InputError
from kb.feedback import Feedback
from kb.files import save
from kb.indexer.check import Problem, check
from kb.labels import label
from kb.language import say
from kb.model import VERDICTS
from kb.search import proposals
from kb.search.duplicates import Duplicate, duplicates
from kb.search.index import Index
from kb.store import Store
from kb.web.api import index_in_force
from kb.web.security import require_token, require_writer
from kb.web.views import Answer, article_url, feedback, page, settings_in_force
from kb.writeup import started

PERIODS = (7, 30, 90, 365)
DAYS = 90
SHOWN = 20
"""Rows of a table on a page; the file has all of them."""
MAX_COMPARED = 5000
"""Articles of a base that is searched for duplicates and synonyms while somebody waits."""


class Table(NamedTuple):
    """A table as text, for the file: its columns and rows."""

    columns: tuple[str, ...]
    rows: Iterable[Sequence[object]]


def init_app(app: Flask) -> None:
    for rule, view in (
        ("/insights", overview),
        ("/insights/articles", articles),
        ("/insights/quality", quality),
        ("/insights/words", words),
    ):
        app.add_url_rule(rule, endpoint=f"insights_{view.__name__}", view_func=view)
    app.add_url_rule("/insights/<name>.csv", endpoint="insights_file", view_func=file)
    app.add_url_rule("/insights/synonym", endpoint="insights_synonym", view_func=decide_synonym, methods=["POST"])
    app.add_url_rule("/insights/golden", endpoint="insights_golden", view_func=promote, methods=["POST"])


# --- pages -----------------------------------------------------------------------------------


def overview() -> Answer:
    """Numbers of the period, week by week, and what nobody found."""
    log = period_log()
    return page(
        "insights/overview.html",
        **_period(),
        weeks=insights.weeks(log),
        outcome=insights.outcome(log),
        gaps=insights.gaps(log, index_in_force()),
        writeup=lambda text: started(text, (), ()),
        shown=SHOWN,
    )


def articles() -> Answer:
    """Which articles are used, which are not, which are due; what is asked for and what there is."""
    log, index = period_log(), index_in_force()
    uses = insights.uses(log, index)
    return page(
        "insights/articles.html",
        **_period(),
        uses=[u for u in uses if u.last or u.shown],
        unused=insights.unused(uses, date.today()),
        stale=insights.stale(index, date.today()),
        areas=insights.demand(log, index, "area"),
        products=insights.demand(log, index, "product"),
        shown=SHOWN,
    )


def quality() -> Answer:
    """Articles that lack something, and pairs that say the same."""
    index = index_in_force()
    return page(
        "insights/quality.html",
        **_period(),
        problems=article_problems(index),
        pairs=duplicate_pairs(index),
        compared=len(index.articles) <= MAX_COMPARED,
        most=MAX_COMPARED,
        shown=SHOWN,
    )


def words() -> Answer:
    """Words that seem to mean the same, and texts that became golden."""
    index = index_in_force()
    return page(
        "insights/words.html",
        **_period(),
        proposals=synonym_proposals(index),
        promotions=golden_proposals(index),
        compared=len(index.articles) <= MAX_COMPARED,
        most=MAX_COMPARED,
        shown=SHOWN,
    )


# --- files -----------------------------------------------------------------------------------


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


# --- acting ----------------------------------------------------------------------------------


def decide_synonym() -> Answer:
    """Accept or refuse a proposed synonym."""
    require_token()
    require_writer()
    accept = request.form.get("decision") == "accept"
    line = decide(request.form.get("line", ""), accept)
    if accept:
        flash(say("已采用 {line}，索引更新后生效", "{line} is accepted; it works once the index is updated", line=line))
    else:
        flash(say("不再提议 {line}", "{line} will not be proposed again", line=line))
    return redirect(url_for("insights_words"), 303)


def decide(line: str, accept: bool) -> str:
    """Keep the decision on a synonym; it works from the next build on. Returns the line. Raises BadRequest."""
    keep = proposals.accept if accept else proposals.refuse
    try:
        return keep(settings_in_force().articles, line)
    except InputError as error:
        raise BadRequest(str(error))


def promote() -> Answer:
    """Make a text and the article that helped it a golden query."""
    require_token()
    require_writer()
    make_golden(request.form.get("text", ""), request.form.get("article", ""))
    flash(say("已收为金标查询，由 kb eval 运行", "made a golden query; kb eval runs it"))
    return redirect(url_for("insights_words"), 303)


def make_golden(text: str, article: str) -> None:
    """Write a text and the number of the article that helped it among the golden queries. Raises BadRequest."""
    path, text = settings_in_force().articles / golden.FILE, text.replace("\r\n", "\n").strip()
    chosen = [p for p in golden_proposals(index_in_force()) if p.article.id == article and p.text.strip() == text]
    if not chosen:
        raise BadRequest(say("这条判定已经变了，请刷新页面", "this verdict has changed; reload the page"))
    entry = golden.Golden(chosen[0].text, (chosen[0].article.id,), "suggest")
    try:
        save(path, golden.added(golden.read_text(path), [entry]))
    except InputError as error:
        raise BadRequest(str(error))


# --- what the pages read ---------------------------------------------------------------------


def period_log() -> insights.Doings:
    store: Store = current_app.config["STORE"]
    return insights.doings(store, period_days())


def period_days() -> int:
    given = request.args.get("days", "")
    return int(given) if given in map(str, PERIODS) else DAYS


def _period() -> dict[str, Any]:
    log: Feedback = feedback()
    return {"days": period_days(), "periods": PERIODS, "kept": log.kept, "article_url": article_url}


def article_problems(index: Index) -> list[Problem]:
    settings = settings_in_force()
    return _once(index, "problems", date.today(), lambda: check(settings.articles, None, settings.areas))


def duplicate_pairs(index: Index) -> list[Duplicate]:
    return _once(index, "duplicates", None, lambda: duplicates(index)) if len(index.articles) <= MAX_COMPARED else []


def synonym_proposals(index: Index) -> list[proposals.Proposal]:
    if len(index.articles) > MAX_COMPARED:
        return []
    decided = proposals.read_decided(settings_in_force().articles)
    said = feedback().verdicts() if feedback().kept else []
    helpful = [(v.text, v.article) for v in said if v.verdict == VERDICTS[0]]
    return _once(index, "proposals", (decided, helpful), lambda: proposals.proposals(index, decided, helpful))


def golden_proposals(index: Index) -> list[insights.Promotion]:
    text = golden.read_text(settings_in_force().articles / golden.FILE)
    return insights.promotions(period_log(), index, (g.query for g in golden.parse(text)[0]))


def _once(index: Index, name: str, of: object, compute: Callable[[], list[Any]]) -> list[Any]:
    """What takes seconds is computed once for an index, and anew when what else it is made of changes."""
    kept: dict[str, tuple[Index, object, list[Any]]] = current_app.extensions.setdefault("insights", {})
    known = kept.get(name)
    if known is None or known[0] is not index or known[1] != of:
        known = kept[name] = (index, of, compute())
    return known[2]
