"""This module is the pages of published updates: which devices one concerns, when it is put in at each customer's."""

from datetime import UTC, datetime
from itertools import groupby
from typing import NamedTuple

from flask import Flask, Response, flash, redirect, render_template, request, url_for

from kb.errors import InputError, NotFoundError
from kb.language import say
from kb.model import Article
from kb.service.rounds.releases import Concern, Window, Windows, concerned, published, publishes
from kb.web import identity
from kb.web.cases.shared import author, cases, moments, serving
from kb.web.feeds import without_controls
from kb.web.views import Answer, article_named, engine_in_force, page, settings_in_force, store

ENTRIES = 30
SHOWN = 10
"""Devices of a customer that are listed on the page of an update."""


class Owner(NamedTuple):
    """A customer whose devices an update concerns. window: the one that was agreed on; proposed: otherwise."""

    name: str
    number: int
    devices: list[Concern]
    window: Window | None
    proposed: list[Window]


class Concerns(NamedTuple):
    """What the page of an article says of its update: devices and customers that it concerns, the first of them."""

    devices: int
    customers: int
    first: list[Concern]


def init_app(app: Flask) -> None:
    app.add_url_rule("/updates", view_func=serving(shown), endpoint="updates")
    app.add_url_rule("/updates.xml", view_func=feed, endpoint="updates_feed")
    app.add_url_rule("/updates/<name>", view_func=serving(one), endpoint="update")
    app.add_url_rule("/updates/<name>", view_func=serving(change), endpoint="change_update", methods=["POST"])
    app.jinja_env.globals.update(update_of=update_of)


def shown() -> Answer:
    """The updates that are published, each with how many devices it concerns."""
    found = published(engine_in_force())[:ENTRIES]
    rows = [(article, _counted(concerned(store(), article)), Windows(store(), cases().policy).of(article.id))
            for article in found]  # fmt: skip
    return page("rounds/updates.html", rows=rows)


def one(name: str, problem: str = "") -> Response:
    """The devices that an update concerns, by customer, with the window of each or some that are proposed."""
    article = _named(name)
    windows, now = Windows(store(), cases().policy), datetime.now(UTC)
    agreed = {w.customer: w for w in windows.of(article.id)}
    found = sorted(concerned(store(), article), key=lambda c: c.known.customer)
    owners = []
    for customer, of in groupby(found, key=lambda c: c.known.customer):
        devices, window = list(of), agreed.pop(customer, None)
        proposed = windows.proposed(customer, now) if customer and window is None else []
        owners.append(Owner(customer, devices[0].known.row.customer or 0, devices, window, proposed))
    return page(
        "rounds/update.html",
        article=article,
        owners=owners,
        done=list(agreed.values()),
        shown=SHOWN,
        problem=problem,
    )


def change(name: str) -> Answer:
    """Agree on a window with a customer, or take it back."""
    article, form = _named(name), request.form
    windows = Windows(store(), cases().policy)
    try:
        if "remove" in form:
            windows.remove(form.get("remove", 0, int))
        else:
            chosen = form.get("window", "").partition("/")
            start, end = moments(chosen[0] or form.get("start", ""), chosen[2] or form.get("end", ""))
            who, note, now = author().name, form.get("note", ""), datetime.now(UTC)
            windows.agree(article.id, form.get("customer", ""), start, end, who, note, now)
            flash(say("已约定", "Agreed"))
    except (InputError, NotFoundError) as error:
        return one(name, str(error)), 422
    return redirect(url_for("update", name=article.id), 303)


def feed() -> Answer:
    """The updates that are published, as an Atom feed, for whoever sees the articles."""
    engine = engine_in_force()
    found = [a for a in published(engine) if a.updated or a.created][:ENTRIES]
    base = request.url_root.rstrip("/")
    content = render_template("rounds/updates.xml", articles=found, base=base, built=engine.build().built)
    return Response(without_controls(content), mimetype="application/atom+xml")


def update_of(article: Article) -> Concerns | None:
    """Whom an article's update concerns, for who may see devices; None for an article that publishes none."""
    if not (settings_in_force().serves and identity.may("cases") and publishes(article)):
        return None
    found = concerned(store(), article)
    return Concerns(*_counted(found), found[:SHOWN])


def _counted(found: list[Concern]) -> tuple[int, int]:
    """(devices, customers)."""
    return len({c.known.row.id for c in found}), len({c.known.customer for c in found if c.known.customer})


def _named(name: str) -> Article:
    article = article_named(engine_in_force(), name)
    if not publishes(article):
        raise NotFoundError(
            say("{n} 没有发布更新：要是已发布的手册，写了产品和版本",
                "{n} publishes no update: it would be a published manual that names product and versions", n=article.id)
        )  # fmt: skip
    return article
