"""This module is the page of parts, and moves of them: what lies where, what runs low, what is held for a case."""

from flask import Flask, flash, redirect, request, url_for

from kb.errors import InputError
from kb.language import say
from kb.service.assets.stock import MOST, Stock
from kb.web.cases.shared import author, cases, serving
from kb.web.forms import MAX_QUERY
from kb.web.views import Answer, page, store


def init_app(app: Flask) -> None:
    app.add_url_rule("/parts", view_func=serving(parts), endpoint="parts")
    app.add_url_rule("/parts/move", view_func=serving(move), endpoint="move_part", methods=["POST"])


def parts() -> Answer:
    text = request.args.get("q", "")[:MAX_QUERY].strip()
    stock = Stock(store())
    found = stock.parts(text, MOST)
    shelves: dict[int, list[object]] = {}
    for shelf in stock.shelves([p.id for p in found]):
        shelves.setdefault(shelf.part.id, []).append(shelf)
    return page("assets/parts.html", text=text, rows=found, shelves=shelves, low=dict(_low(stock)))


def _low(stock: Stock) -> list[tuple[int, int]]:
    return [(part.id, n) for part, n in stock.below()]


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
