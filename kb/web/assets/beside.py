"""This module is what stands beside a case: its devices, the parts held for it, and where the parts of fixes lie."""

from flask import Flask

from kb.service.assets.customers import caller, city_of
from kb.service.assets.devices import Beside, Devices, in_text
from kb.service.assets.stock import Shelf, Stock, Where
from kb.service.snapshot import Snapshot
from kb.web.cards import Card
from kb.web.cases.shared import cases
from kb.web.views import store

EARLIER = 5
"""Cases of a device that are listed."""


def init_app(app: Flask) -> None:
    app.jinja_env.globals.update(devices_of=devices_of, parts_of=parts_of, parts_for=parts_for)


def devices_of(now: Snapshot) -> list[Beside]:
    """The devices that a case is about, each with what happened to it before."""
    return Devices(store()).beside(now.number, cases().policy.devices, EARLIER)


def parts_of(now: Snapshot) -> list[Shelf]:
    """The parts that are held for a case, or were used for it."""
    return Stock(store()).of_case(now.number)


def parts_for(card: Card, now: Snapshot) -> list[Where]:
    """Where the parts of a fix lie, the nearest store of the case's site first."""
    with store().reading() as session:
        city = city_of(session, now.customer, now.site) if now.customer else ""
    return Stock(store()).where((*card.suggestion.article.parts, str(card.plain)), city, cases().policy.near)


def registered(text: str) -> dict[str, str]:
    """contact, customer, site and device that a text names, as far as they are registered."""
    with store().reading() as session:
        calls, device = caller(session, text), in_text(session, text)
    out: dict[str, str] = {}
    if calls is not None:
        contact, customer = calls
        out |= {"contact": f"{contact.name} {contact.phone or contact.mail}".strip(), "customer": customer.name}
    if device is not None:
        told = {"device": device.label, "customer": device.customer, "site": device.site}
        out |= {name: value for name, value in told.items() if value and name not in out}
    return out
