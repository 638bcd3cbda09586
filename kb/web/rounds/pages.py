"""This module is the pages of rounds: what is due, what is planned, one round to be done on a phone or printed."""

from collections.abc import Sequence
from datetime import date

from flask import Flask, Response, flash, redirect, request, url_for

from kb.errors import ConflictError, InputError, NotFoundError
from kb.labels import label
from kb.language import say
from kb.model.casework import Checked, Every, RoundKind, RoundState
from kb.service.assets.stock import Shelf, Stock
from kb.service.rounds.checklist import Item, items_for
from kb.service.rounds.plans import USUAL_AHEAD, Due, Found, Plan, Rounds, Which
from kb.web.assets.pages import SIZE, page_number, today
from kb.web.cases.shared import author, cases, me, serving
from kb.web.forms import MAX_QUERY
from kb.web.views import Answer, page, store
from kb.web.writers import engine_or_none

SETTLED = 20
"""Rounds that were done or skipped, as the list shows them."""
OF_ONE = 20
"""Rounds of a device or a customer that its page shows."""


def init_app(app: Flask) -> None:
    app.add_url_rule("/rounds", view_func=serving(shown), endpoint="rounds")
    app.add_url_rule("/rounds/plans", view_func=serving(planned), endpoint="plans")
    app.add_url_rule("/rounds/plans", view_func=serving(change), endpoint="change_plans", methods=["POST"])
    app.add_url_rule("/rounds/<int:plan>/<period>", view_func=serving(one), endpoint="one_round")
    app.add_url_rule("/rounds/<int:plan>/<period>", view_func=serving(act), endpoint="do_round", methods=["POST"])
    app.add_url_rule("/rounds/<int:plan>/<period>/paper", view_func=serving(paper), endpoint="round_paper")
    app.jinja_env.globals.update(rounds_of=rounds_of, rounds_overdue=rounds_overdue)


def register() -> Rounds:
    return Rounds(store(), cases())


def _which() -> Which:
    args = request.args
    kind = args.get("kind", "")
    owner = me() if args.get("owner") == "me" else args.get("owner", "")[:MAX_QUERY].strip()
    return Which(args.get("customer", "")[:MAX_QUERY].strip(), owner, kind if kind in tuple(RoundKind) else "")


def shown() -> Answer:
    """What is overdue and due soon, of all or of some; what was done or skipped last."""
    which, number = _which(), page_number()
    found = register().listed(today(), which, SIZE, SIZE * (number - 1))
    return page(
        "rounds/rounds.html",
        rows=found.rows,
        counts={RoundState.OVERDUE: found.overdue, RoundState.PLANNED: found.planned},
        settled=register().settled(which, SETTLED) if number == 1 else [],
        which=which,
        kinds=list(RoundKind),
        number=number,
        more=found.overdue + found.planned > SIZE * number,
    )


def planned(problem: str = "") -> Response:
    """The plans, and a form for another one. problem: why it was refused."""
    number = page_number()
    found = register().plans(_which(), SIZE + 1, SIZE * (number - 1))
    return page(
        "rounds/plans.html",
        rows=[(p, _next(p)) for p in found[:SIZE]],
        which=_which(),
        kinds=list(RoundKind),
        units=list(Every),
        ahead=USUAL_AHEAD,
        number=number,
        more=len(found) > SIZE,
        problem=problem,
    )


def _next(plan: Plan) -> date | None:
    """The next day on which a plan has a round, None for none, and for call-backs."""
    rhythm = plan.rhythm
    day = rhythm.day(rhythm.count(today()))
    over = plan.row.kind == RoundKind.CALLBACK or (rhythm.ends is not None and day > rhythm.ends)
    return None if over else day


def change() -> Answer:
    """Plan rounds, end a plan, or give it to somebody."""
    form, rounds = request.form, register()
    try:
        if "end" in form:
            rounds.end(form.get("end", 0, int), today())
            flash(say("计划到今天为止；以前逾期的还要做完或跳过", "the plan ends today; what is overdue stays"))
        elif "give" in form:
            rounds.give(form.get("give", 0, int), form.get("owner", ""))
        else:
            made = rounds.add(
                form.get("kind", ""),
                form.get("every", 0, int),
                form.get("unit", ""),
                _day(form.get("starts", "")),
                ahead=form.get("ahead", USUAL_AHEAD, int),
                **{n: form.get(n, "")[:MAX_QUERY] for n in _WORDS},
            )
            flash(say("已安排 {n} 个计划", "{n} plans were made", n=len(made)))
    except (InputError, NotFoundError) as error:
        return planned(str(error)), 422
    return redirect(url_for("plans"), 303)


_WORDS = ("customer", "site", "device", "products", "checklist", "name", "owner", "part", "note")


def _day(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise InputError(say("第一次 (starts) 写成 2026-12-01", "starts is a day, as 2026-12-01")) from None


# --- one round ---------------------------------------------------------------------------------


def one(plan: int, period: str) -> Answer:
    """A round: what is to be looked at, or what was found."""
    due = register().find(plan, period)
    return _round(due, _known(due))


def paper(plan: int, period: str) -> Answer:
    """The same to be printed, filled in by hand."""
    due = register().find(plan, period)
    return page("rounds/paper.html", due=due, found=_known(due))


def _round(due: Due, found: Sequence[Found], problem: str = "") -> Response:
    rounds = register()
    return page(
        "rounds/round.html",
        due=due,
        state=due.state(today()),
        found=found,
        cases={c.item: c.case for c in rounds.checks(due.plan.row.id, due.period) if c.case},
        results=list(Checked),
        shelves=_shelves(due.plan.row.part),
        problem=problem,
        article=due.plan.row.checklist,
    )


def _known(due: Due) -> list[Found]:
    """What was found so far; of a round that is over, as it was then."""
    checks = register().checks(due.plan.row.id, due.period)
    kept = {c.item: c for c in checks}
    over = due.state(today()) in (RoundState.DONE, RoundState.SKIPPED)
    items = (
        [Item("", c.item, say("值", "value") if c.value else "") for c in checks]
        if over
        else items_for(engine_or_none(), due.plan.row)
    )
    return [Found(i, c.result, c.value, c.note) if (c := kept.get(i.text)) else Found(i) for i in items]


def _given(due: Due) -> list[Found]:
    """What a form says of each item; items are known by their words, as the checklist may have changed since."""
    form = request.form
    places = {form.get(f"i{n}", ""): n for n in range(1, form.get("items", 0, int) + 1)}
    return [
        Found(i, *(form.get(f"{field}{places[i.text]}", "") for field in "rvn")) if i.text in places else Found(i)
        for i in items_for(engine_or_none(), due.plan.row)
    ]


def act(plan: int, period: str) -> Answer:
    """Keep what was found, or have done with it, or pass it over."""
    rounds, form = register(), request.form
    due = rounds.find(plan, period)
    here = url_for("one_round", plan=plan, period=period)
    action = form.get("action", "save")
    found = [] if action in ("skip", "cases") else _given(due)
    try:
        if action == "skip":
            rounds.skip(plan, period, form.get("reason", ""), author())
            flash(say("已跳过", "Skipped"))
        elif action == "cases":
            rounds.open_cases(plan, period, author())
        else:
            opened = rounds.save(plan, period, found, author(), action == "done", form.get("note", ""))
            flash(_said(action, opened))
    except InputError as error:
        return _round(due, found or _known(due), str(error)), 422
    except ConflictError as error:
        flash(str(error))
    return redirect(here, 303)


def _said(action: str, opened: Sequence[str]) -> str:
    if action != "done":
        return say("已保存，还没做完", "Kept; it is not done yet")
    told = label("round_state", RoundState.DONE)
    return told + (say("；开了 {numbers}", "; cases opened: {numbers}", numbers=", ".join(opened)) if opened else "")


def _shelves(part: str) -> list[Shelf]:
    """Where the part lies that is worn."""
    stock = Stock(store())
    ids = [p.id for p in stock.parts(part) if p.number == part] if part else []
    return stock.shelves(ids) if ids else []


# --- elsewhere ---------------------------------------------------------------------------------


def rounds_of(customer: str = "", device: int = 0) -> list[Due]:
    """The rounds of a device or a customer that are overdue or due soon, for its page."""
    return register().open(today(), Which(customer, device=device), OF_ONE)


def rounds_overdue() -> int:
    """How many rounds are overdue."""
    return register().overdue(today())
