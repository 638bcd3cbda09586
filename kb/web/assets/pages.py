"""This module is the pages of customers and devices: lists, what ends soon, one of each, and a device's label."""

from datetime import datetime
from typing import Any

import segno
from flask import Flask, Response, request, url_for

from kb.service.assets.customers import Customers
from kb.service.assets.devices import Devices, Known
from kb.service.cases import Filter
from kb.web.cases.shared import cases, is_asked, serving
from kb.web.forms import MAX_QUERY
from kb.web.views import Answer, page, settings_in_force, store

SIZE = 50
"""Rows of a page."""
MAX_PAGES = 400
ENDING = (30, 60, 90)
"""Days within which warranty or maintenance ends, of which there are lists."""
FOUND = 3
"""Devices that stand above the articles of a search."""


def init_app(app: Flask) -> None:
    app.add_url_rule("/customers", view_func=serving(customers), endpoint="customers")
    app.add_url_rule("/customers/<int:number>", view_func=serving(customer), endpoint="customer")
    app.add_url_rule("/devices", view_func=serving(devices), endpoint="devices")
    app.add_url_rule("/devices/<int:number>", view_func=serving(device), endpoint="device")
    app.add_url_rule("/devices/<int:number>/label", view_func=serving(label), endpoint="device_label")
    app.jinja_env.globals.update(devices_found=found_in, today_there=today)


def today() -> Any:
    """The day where the service desk is."""
    return datetime.now(cases().policy.zone).date()


def asked() -> tuple[str, int]:
    """(words, page) of a list."""
    return request.args.get("q", "")[:MAX_QUERY].strip(), page_number()


def page_number() -> int:
    return max(1, min(request.args.get("page", 1, int), MAX_PAGES))


def customers() -> Answer:
    text, number = asked()
    rows = Customers(store()).all(text, SIZE + 1, SIZE * (number - 1))
    return page("assets/customers.html", text=text, rows=rows[:SIZE], more=len(rows) > SIZE, number=number)


def customer(number: int) -> Answer:
    found = Customers(store()).find(str(number))
    names = (found.row.name, *found.row.aliases)
    shown = {
        "devices": Devices(store()).all(customer=found.row.id, most=SIZE),
        "recent": cases().all(Filter(customers=names, any_state=True), 10),
        "own": cases().policy.tailored(*names),
    }
    return page("assets/customer.html", found=found, **shown)


def devices() -> Answer:
    """A page of all devices, of those that hold words or were scanned, or of those that end within some days."""
    text, number = asked()
    days = request.args.get("ending", 0, int)
    register = Devices(store())
    if days in ENDING and not text:
        rows = register.ending(today(), days)
        return page("assets/devices.html", text="", rows=rows, more=False, number=1, days=days, ending=ENDING)
    rows = register.all(text, most=SIZE + 1, skip=SIZE * (number - 1))
    shown = {"rows": rows[:SIZE], "more": len(rows) > SIZE, "number": number, "days": 0, "ending": ENDING}
    return page("assets/devices.html", text=text, **shown)


def device(number: int) -> Answer:
    register = Devices(store())
    known = register.find(str(number))
    due = register.due(known, cases().policy.devices)
    return page("assets/device.html", known=known, history=register.history(known.row.id), due=due)


def label(number: int) -> Answer:
    """A QR code that leads to the device's page, as a picture to be printed."""
    known = Devices(store()).find(str(number))
    names = settings_in_force().site_names
    path = url_for("device", number=known.row.id)
    address = f"https://{names[0]}{path}" if names else url_for("device", number=known.row.id, _external=True)
    picture = segno.make(address, error="m").svg_inline(scale=4, border=2, dark="#000", light="#fff")
    answer = Response(picture.replace("<svg ", '<svg xmlns="http://www.w3.org/2000/svg" ', 1), mimetype="image/svg+xml")
    answer.headers["Content-Security-Policy"] = "default-src 'none'; sandbox"
    return answer


def found_in(text: str) -> list[Known]:
    """Devices that a search names, for who may see them; none for anybody else."""
    one = Devices(store()).in_text(text) if is_asked(text) else None
    return [one] if one is not None else []
