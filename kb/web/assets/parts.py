"""This module is the pages of parts, and moves of them: what lies where, what runs low, what equals what, counts.

- /parts: a page of them, or those that run low; /parts/ID: one, where it lies, its moves, moving and counting it.
- What is held for a case, and was used there, is moved from the case's own page.
"""

from secrets import token_hex

from flask import Flask, Response, flash, redirect, request, url_for

from kb.errors import InputError, NotFoundError
from kb.language import say
from kb.model.casework import Condition, PlaceKind
from kb.service.assets.stock import BY_THEMSELVES, Shelf, Stock
from kb.web.assets.pages import SIZE, asked
from kb.web.cases.shared import author, cases, serving
from kb.web.views import Answer, page, store


def init_app(app: Flask) -> None:
    app.add_url_rule("/parts", view_func=serving(parts), endpoint="parts")
    app.add_url_rule("/parts/<int:number>", view_func=serving(part), endpoint="part")
    app.add_url_rule("/parts/move", view_func=serving(move), endpoint="move_part", methods=["POST"])


def parts() -> Answer:
    text, number = asked()
    low = request.args.get("low") == "1"
    stock = Stock(store())
    if low:
        below = stock.below()
        some = [p for p, _ in below][SIZE * (number - 1) : SIZE * number + 1]
    else:
        some = stock.parts(text, SIZE + 1, SIZE * (number - 1))
    rows, ids = some[:SIZE], [p.id for p in some[:SIZE]]
    shelves: dict[int, list[Shelf]] = {}
    for shelf in stock.shelves(ids):
        shelves.setdefault(shelf.part.id, []).append(shelf)
    shown = {"low": {p.id for p, _ in stock.below(ids)}, "only_low": low, "places": stock.places()}
    return page(
        "assets/parts.html", text=text, rows=rows, shelves=shelves, more=len(some) > SIZE, number=number, **shown
    )


def part(number: int) -> Answer:
    return _one(number)


def _one(number: int, problem: str = "") -> Response:
    stock = Stock(store())
    found = stock.find(number)
    equal = stock.equal(found)
    return page(
        "assets/part.html",
        part=found,
        shelves=stock.shelves([found.id]),
        low=bool(stock.below([found.id])),
        equal=[(p, [s for s in stock.shelves([p.id]) if s.condition != Condition.BROKEN]) for p in equal],
        moves=stock.moves(found.number, SIZE),
        places=[p for p in stock.places() if p.kind not in BY_THEMSELVES],
        by_themselves=[str(k) for k in BY_THEMSELVES if k != PlaceKind.DIFFERENCE],
        conditions=[str(c) for c in Condition],
        problem=problem,
        typed=request.form,
        key=token_hex(8),
    )


def move() -> Answer:
    """Move a part, or count it; for a case: hold it, put it back, or note that it was used there."""
    form, stock = request.form, Stock(store())
    name = form.get("part", "")
    try:
        if form.get("action") == "count":
            quantity, place = form.get("quantity", -1, int), form.get("place", "")
            condition = form.get("condition", "new")
            differs = stock.count(name, place, quantity, author().name, form.get("reason", ""), condition)
            flash(say("更正 {n:+d} 件", "corrected by {n:+d}", n=differs) if differs else say("与账相符", "as it was"))
        else:
            of = form.get("case", "").strip()
            number = cases().find(of).now.number if of else ""
            stock.move(
                name,
                form.get("quantity", 1, int),
                form.get("source", ""),
                form.get("target", ""),
                author().name,
                form.get("condition", "new"),
                number,
                form.get("serial", "").strip(),
                form.get("permit", "").strip(),
                form.get("reason", ""),
                key=form.get("key", "")[:40] or None,
                anyway=form.get("anyway") == "1",
            )
            flash(say("已记下：{part}", "Noted: {part}", part=name))
    except (InputError, NotFoundError) as error:
        if form.get("back") == "part":
            return _one(stock.find(name).id, str(error)), 422
        flash(str(error))
    if form.get("back") == "part":
        return redirect(url_for("part", number=stock.find(name).id), 303)
    return redirect(url_for("case", number=cases().find(form.get("case", "")).now.number, _anchor="parts"), 303)
