"""This module is the page of versions: which device runs which, which is wanted, who is behind; and that as a file."""

from collections.abc import Iterator, Sequence
from typing import Any

from flask import Flask, Response, flash, redirect, request, url_for

from kb.errors import InputError, NotFoundError
from kb.language import say
from kb.service.assets.customers import Customers
from kb.service.rounds.census import Census, half_name, lines_of_devices
from kb.web import identity
from kb.web.assets.pages import SIZE, page_number, today
from kb.web.cases.shared import serving
from kb.web.forms import MAX_QUERY
from kb.web.spreadsheets import as_file
from kb.web.views import Answer, page, store

MAX_LINES = 100
"""Software by product that the page shows."""
COLUMNS = (("产品", "Product"), ("序列号", "Serial"), ("设备名称", "Name"), ("客户", "Customer"), ("地点", "Site"),
           ("软件", "Software"), ("版本", "Version"), ("期望版本", "Wanted"), ("落后", "Behind"),
           ("普查日期", "Asked on"))  # fmt: skip


def init_app(app: Flask) -> None:
    app.add_url_rule("/census", view_func=serving(shown), endpoint="census")
    app.add_url_rule("/census", view_func=serving(tell), endpoint="tell_version", methods=["POST"])
    app.add_url_rule("/census/wanted", view_func=serving(want), endpoint="want_version", methods=["POST"])
    app.add_url_rule("/census.csv", view_func=serving(file), endpoint="census_file")


def _customer() -> int:
    """The customer that is asked for by its name, 0 for all."""
    name = request.args.get("customer", "")[:MAX_QUERY].strip()
    return Customers(store()).find(name).row.id if name else 0


def shown(problem: str = "") -> Response:
    """The census of this half year: software by product, and the devices that are behind."""
    product = request.args.get("product", "")[:MAX_QUERY].strip()
    number = page_number()
    census, customer = Census(store()), _customer()
    late = census.behind(product, customer=customer, most=SIZE + 1, skip=SIZE * (number - 1))
    lines = census.lines(today(), product, customer)
    return page(
        "rounds/census.html",
        half=half_name(today()),
        lines=lines[:MAX_LINES],
        more_lines=len(lines) > MAX_LINES,
        behind=late[:SIZE],
        wanted=census.wanted(),
        product=product,
        customer=request.args.get("customer", "")[:MAX_QUERY].strip(),
        number=number,
        more=len(late) > SIZE,
        problem=problem,
    )


def tell() -> Answer:
    """Write down which version a device runs."""
    form = request.form
    return _changed(lambda: Census(store()).tell(
        form.get("device", "")[:MAX_QUERY], {form.get("software", ""): form.get("version", "")}, today()))  # fmt: skip


def want() -> Answer:
    """Say which version is wanted; an empty one, that none is."""
    form = request.form
    product, software, version = (form.get(name, "") for name in ("product", "software", "version"))
    return _changed(lambda: Census(store()).want(product, software, version, today()))


def _changed(work: Any) -> Answer:
    try:
        work()
    except (InputError, NotFoundError) as error:
        return shown(str(error)), 422
    flash(say("已记下", "Noted"))
    return redirect(url_for("census"), 303)


def file() -> Answer:
    """Every device that is used, a row for each of its software."""
    identity.note("exported", "census")
    product = request.args.get("product", "")[:MAX_QUERY].strip()
    return as_file("census", COLUMNS, _rows(product, _customer()))


def _rows(product: str, customer: int) -> Iterator[Sequence[object]]:
    for known, wanted in Census(store()).devices(product, customer):
        row = known.row
        for line in lines_of_devices(row.versions, wanted):
            late = say("是", "yes") if line.behind else ""
            yield (row.product, row.serial, row.name, known.customer, known.site, line.software, line.have,
                   line.wanted, late, row.versions_at or "")  # fmt: skip
