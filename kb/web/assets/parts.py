"""This module is the page of parts, and moves of them: what lies where, what runs low, what is held for a case."""

from collections.abc import Sequence

from flask import Flask, flash, redirect, request, url_for

from kb.errors import InputError
from kb.language import say
from kb.model.casework import Condition
from kb.service.assets.stock import Shelf, Stock
from kb.web.assets.pages import SIZE, asked
from kb.web.cases.shared import author, cases, serving
from kb.web.views import Answer, page, store


def init_app(app: Flask) -> None:
    app.add_url_rule("/parts", view_func=serving(parts), endpoint="parts")
    app.add_url_rule("/parts/move", view_func=serving(move), endpoint="move_part", methods=["POST"])


def parts() -> Answer:
    text, number = asked()
    stock = Stock(store())
    found = stock.parts(text, SIZE + 1, SIZE * (number - 1))
    rows = found[:SIZE]
    shelves: dict[int, list[Shelf]] = {}
    for shelf in stock.shelves([p.id for p in rows]):
        shelves.setdefault(shelf.part.id, []).append(shelf)
    low = {p.id for p in rows if _usable(shelves.get(p.id, [])) < p.minimum}
    more = len(found) > SIZE
    return page("assets/parts.html", text=text, rows=rows, shelves=shelves, low=low, number=number, more=more)


def _usable(shelves: Sequence[Shelf]) -> int:
    return sum(s.quantity for s in shelves if s.condition != Condition.BROKEN)


def move() -> Answer:
    """Hold a part for a case, put it back, or note that it was used there."""
    form = request.form
    number = cases().find(form.get("case", "")).now.number
    try:
        Stock(store()).move(
            form.get("part", ""),
            form.get("quantity", 1, int),
            form.get("source", ""),
            form.get("target", ""),
            author().name,
            form.get("condition", "new"),
            number,
            form.get("serial", ""),
            form.get("permit", ""),
            key=form.get("key", "")[:40] or None,
        )
        flash(say("已记下：{part}", "Noted: {part}", part=form.get("part", "")))
    except InputError as error:
        flash(str(error))
    return redirect(url_for("case", number=number, _anchor="parts"), 303)
