"""This module is the lead's pages: what is missed, what helps, what is stale; and one click to act on each row."""

from collections.abc import Callable, Sequence
from datetime import date, datetime, timedelta
from functools import partial
from typing import Any, TypeVar

from flask import Flask, flash, redirect, request, url_for

from kb.articles import golden
from kb.articles.atomic import read_text, save
from kb.articles.check import Problem
from kb.database.activity import Chosen
from kb.desk import insights
from kb.desk.examination import (
    MAX_COMPARED,
    Examination,
    current_pairs,
    current_problems,
    current_proposals,
    examination,
)
from kb.desk.gap_decisions import Decisions
from kb.desk.writeup import started
from kb.errors import InputError
from kb.language import say
from kb.meaning.likeness import likeness
from kb.model import Duplicate, Proposal
from kb.search.synonym_mining import accept as accepted
from kb.search.synonym_mining import refuse as refused
from kb.web import charts, identity
from kb.web.security import require_own_page, require_token
from kb.web.views import Answer, engine_in_force, feedback, page, settings_in_force, store, visitor

PERIODS = (7, 30, 90, 365)
DAYS = 90
SHOWN = 20
"""Rows of a table on a page; the file has all of them."""

Row = TypeVar("Row")


def init_app(app: Flask) -> None:
    for rule, view in (
        ("/insights", overview),
        ("/insights/articles", articles),
        ("/insights/quality", quality),
        ("/insights/words", words),
    ):
        app.add_url_rule(rule, endpoint=f"insights_{view.__name__}", view_func=view)
    app.jinja_env.globals.update(zip=zip)
    app.add_url_rule("/insights/synonym", endpoint="insights_synonym", view_func=decide_synonym, methods=["POST"])
    app.add_url_rule("/insights/gap", endpoint="insights_gap", view_func=decide_gap, methods=["POST"])
    app.add_url_rule("/insights/forget", endpoint="insights_forget", view_func=forget, methods=["GET", "POST"])
    app.add_url_rule("/insights/golden", endpoint="insights_golden", view_func=promote, methods=["POST"])


# --- pages -----------------------------------------------------------------------------------


def overview() -> Answer:
    """Numbers of the period, week by week, and what nobody found."""
    log = period_log()
    weeks, found = insights.weeks(log), open_gaps(log)
    mondays = [w.start for w in weeks]
    return page(
        "insights/overview.html",
        **_period(),
        weeks=weeks,
        asked=charts.counts(mondays, [w.asked for w in weeks]),
        shares=charts.shares(mondays),
        total=sum(w.asked for w in weeks),
        outcome=insights.outcome(log),
        gaps=[gap for gap in found if gap.open],
        settled=[gap for gap in found if not gap.open],
        writeup=lambda text: started(text, (), ()),
        shown=SHOWN,
    )


def articles() -> Answer:
    """Which articles are used, which are not, which are due; what is asked for and what there is."""
    log, engine = period_log(), engine_in_force()
    uses = insights.uses(log, engine)
    return page(
        "insights/articles.html",
        **_period(),
        uses=[u for u in uses if u.last or u.shown],
        unused=insights.unused(uses, date.today()),
        stale=insights.stale(engine, date.today()),
        areas=insights.demand(log, engine, "area"),
        products=insights.demand(log, engine, "product"),
        shown=SHOWN,
    )


def quality() -> Answer:
    """Articles that lack something, and pairs that say the same."""
    return page(
        "insights/quality.html",
        **_period(),
        **_examined(),
        problems=article_problems(),
        pairs=duplicate_pairs(),
        shown=SHOWN,
    )


def words() -> Answer:
    """Words that seem to mean the same, and texts that became golden."""
    return page(
        "insights/words.html",
        **_period(),
        **_examined(),
        proposals=_or_told(synonym_proposals),
        promotions=_or_told(golden_proposals),
        shown=SHOWN,
    )


def _examined() -> dict[str, Any]:
    found = examined()
    return {"examined": found is not None, "compared": is_compared(), "most": MAX_COMPARED}


def _or_told(rows: Callable[[], list[Row]]) -> list[Row]:
    """The rows; none, and why on the page, when a file of theirs can't be read."""
    try:
        return rows()
    except InputError as error:
        flash(str(error))
        return []


def open_gaps(log: insights.Doings) -> list[insights.Gap]:
    """All gaps of a period, those that are settled too, with what was decided on them."""
    setting = settings_in_force().encoder
    decisions = Decisions(store()).all()
    return insights.gaps(log, engine_in_force(), decisions, partial(likeness, setting))


# --- acting ----------------------------------------------------------------------------------


def decide_synonym() -> Answer:
    """Accept or refuse a proposed synonym."""
    require_token()
    require_own_page()
    accept = request.form.get("decision") == "accept"
    line = decide(request.form.get("line", ""), accept)
    if accept:
        flash(say("已采用 {line}，索引更新后生效", "{line} is accepted; it works once the index is updated", line=line))
    else:
        flash(say("不再提议 {line}", "{line} will not be proposed again", line=line))
    return redirect(url_for("insights_words"), 303)


def decide(line: str, accept: bool) -> str:
    """Keep the decision on a synonym; it works from the next build on. Returns the line. Raises InputError."""
    keep = accepted if accept else refused
    return keep(settings_in_force().articles, line)


def decide_gap() -> Answer:
    """Pass a gap over, settle it, hand it to somebody, or take that back."""
    require_token()
    require_own_page()
    text, state, owner = (request.form.get(name, "") for name in ("text", "state", "owner"))
    decisions = Decisions(store())
    decisions.decide(text, state, owner)
    told = {
        "ignored": ("已忽略，列在“处理过的”里，可以恢复", "ignored; listed among the settled ones, to be reopened"),
        "done": ("已标为处理好；再有人搜不到会重新出现", "marked as done; it comes back when it is missed again"),
        "open": ("已记下", "noted"),
    }  # fmt: skip
    flash(say(*told[state]))
    return redirect(url_for("insights_overview", days=period_days(), _anchor="gaps"), 303)


def forget() -> Answer:
    """Delete searches from the log: those chosen, of this browser, of programs, of a time. Asked again before."""
    require_own_page()
    error, counted = "", None
    if request.method == "POST":
        require_token()
        try:
            chosen = _chosen()
            if "sure" in request.form:
                searches, visits = feedback().delete(chosen)
                identity.note("deleted", say("{n} 次搜索", "{n} searches", n=searches))
                flash(say("删除了 {n} 次搜索、{m} 次打开", "deleted {n} searches and {m} visits", n=searches, m=visits))
                return redirect(url_for("insights_overview"), 303)
            counted = feedback().count(chosen)
        except InputError as problem:
            error = str(problem)
    response = page(
        "insights/forget.html",
        **_period(),
        error=error,
        counted=counted,
        texts=request.form.getlist("text")[:MAX_CHOSEN],
        sent=request.form,
    )
    response.status_code = 422 if error else 200
    return response


MAX_CHOSEN = 200
"""Texts that are deleted at once."""
PROGRAMS = ("api",)
"""The visitor of programs without a token: scripts and tests of this machine (kb.web.authorization)."""


def _chosen() -> Chosen:
    """What the form says. Raises InputError for nothing, and for what is no day."""
    whose = {"mine": (visitor(),), "programs": PROGRAMS}
    who = request.form.get("who", "")
    found = Chosen(
        visitors=whose.get(who, ()),
        texts=tuple(text.replace("\r\n", "\n") for text in request.form.getlist("text")[:MAX_CHOSEN]),
        since=_day("since"),
        until=None if (last := _day("until")) is None else last + timedelta(days=1),
    )
    if found == Chosen():
        raise InputError(say("先选要删哪些", "choose first what to delete"))
    return found


def _day(field: str) -> datetime | None:
    """The beginning of a day of the form by this machine's clock, None when it is empty. Raises InputError."""
    text = request.form.get(field, "").strip()
    if not text:
        return None
    try:
        day = date.fromisoformat(text)
    except ValueError:
        raise InputError(say("'{text}' 不是日期（如 2026-03-01）", "'{text}' is no day (as 2026-03-01)", text=text))
    return datetime(day.year, day.month, day.day).astimezone()


def promote() -> Answer:
    """Make a text and the article that helped it a golden query."""
    require_token()
    require_own_page()
    make_golden(request.form.get("text", ""), request.form.get("article", ""))
    flash(say("已收为必中查询，由 kb eval 运行", "added to the golden queries; kb eval runs it"))
    return redirect(url_for("insights_words"), 303)


def make_golden(text: str, article: str) -> None:
    """Write a text and the number of the article that helped it among the golden queries. Raises InputError."""
    path, text = settings_in_force().articles / golden.FILE, text.replace("\r\n", "\n").strip()
    chosen = [p for p in golden_proposals() if p.article.id == article and p.text.strip() == text]
    if not chosen:
        raise InputError(say("这条判定已经变了，请刷新页面", "this verdict has changed; reload the page"))
    entry = golden.Golden(chosen[0].text, (chosen[0].article.id,), "suggest")
    save(path, golden.added(read_text(path), [entry]))


# --- what the pages read ---------------------------------------------------------------------


def period_log() -> insights.Doings:
    return insights.doings(store(), period_days())


def period_days() -> int:
    given = request.args.get("days", "")
    return int(given) if given in map(str, PERIODS) else DAYS


def _period() -> dict[str, Any]:
    return {"days": period_days(), "periods": PERIODS, "kept": feedback().kept}


def article_problems() -> list[Problem]:
    found, settings = examined(), settings_in_force()
    return [] if found is None else current_problems(found, settings)


def duplicate_pairs() -> list[Duplicate]:
    found = examined()
    return [] if found is None else current_pairs(found, engine_in_force())


def synonym_proposals() -> list[Proposal]:
    found, settings = examined(), settings_in_force()
    return [] if found is None else current_proposals(found, settings)


def golden_proposals() -> list[insights.Promotion]:
    text = read_text(settings_in_force().articles / golden.FILE)
    log = insights.judged(store(), period_days())
    return insights.promotions(log, engine_in_force(), (g.query for g in golden.parse(text)[0]))


def examined() -> Examination | None:
    """What was found in this base, None before it was looked at."""
    return examination(settings_in_force().index)


def is_compared() -> bool:
    """Whether articles were compared with each other."""
    found = examined()
    return found is not None and found.pairs is not None


ROWS: dict[str, Callable[[], Sequence[Any]]] = {
    "weeks": lambda: insights.weeks(period_log()),
    "gaps": lambda: open_gaps(period_log()),
    "articles": lambda: insights.uses(period_log(), engine_in_force()),
    "unused": lambda: insights.unused(insights.uses(period_log(), engine_in_force()), date.today()),
    "stale": lambda: insights.stale(engine_in_force(), date.today()),
    "areas": lambda: insights.demand(period_log(), engine_in_force(), "area"),
    "products": lambda: insights.demand(period_log(), engine_in_force(), "product"),
    "quality": article_problems,
    "duplicates": duplicate_pairs,
    "synonyms": synonym_proposals,
    "promotions": golden_proposals,
}
"""All rows of each table, for who takes it away: a spreadsheet, a program."""
