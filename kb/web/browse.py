"""This module is the pages for looking around: by area and cause or by folder, one identifier, one product."""

import re

from flask import Flask, redirect, request, url_for

from kb.errors import NotFoundError
from kb.web.folders import sort_articles, tree
from kb.web.products import by_letter, initial
from kb.web.reading import helped
from kb.web.views import Answer, article_url, engine_in_force, page

PRODUCTS = 600
"""Products on one page; of a larger base each letter has one."""
TAGS = 60
MAX_NAME = 200
"""Characters of an identifier or product in an address."""


def init_app(app: Flask) -> None:
    for rule, view in (("/browse", browse), ("/code/<path:name>", code), ("/product/<path:name>", product)):
        app.add_url_rule(rule, view_func=view)


def browse() -> Answer:
    engine = engine_in_force()
    causes, areas = engine.crossed("area", "cause")
    products, folders = engine.counts("product"), engine.counts("folder")
    by_folder = sort_articles(folders, engine.counts("area"), engine.total())
    letters = sorted({initial(name) for name, _ in products})
    chosen = ""
    if len(products) > PRODUCTS:
        wanted = request.args.get("letter", "")
        chosen = wanted if wanted in letters else letters[0]
        products = tuple(p for p in products if initial(p[0]) == chosen)
    return page(
        "browse.html",
        causes=causes,
        areas=areas,
        folders=tree(folders) if by_folder else (),
        total=engine.total(),
        letters=letters,
        letter=chosen,
        products=by_letter(products[:PRODUCTS]),
        more=max(len(products) - PRODUCTS, 0),
        kinds=engine.counts("kind"),
        tags=engine.counts("tags")[:TAGS],
    )


def code(name: str) -> Answer:
    """Everything about one identifier, at the address of how it is usually written."""
    engine, name = engine_in_force(), name[:MAX_NAME].strip()
    try:
        return redirect(article_url(engine.article(name)), 302)
    except NotFoundError:
        pass
    token = engine.identifier(name)
    if token is None:
        return redirect(url_for("results", q=name), 302)
    found = engine.identifier_page(token)
    if found is None:
        response = page("code.html", name=name, found=None, near=engine.near(name), helped={})
        response.status_code = 404
        return response
    same = engine.identifier(found.text)
    if _one_slash(found.text) != _one_slash(name) and same is not None and same.term == token.term:
        return redirect(url_for("code", name=found.text), 302)
    shown = [place.article.id for places in found.places.values() for place in places]
    return page("code.html", name=found.text, found=found, near=(), helped=helped(shown))


def _one_slash(text: str) -> str:
    """Without repeated slashes: an address does not keep them."""
    return re.sub(r"/+", "/", text)


def product(name: str) -> Answer:
    """Everything about one product."""
    engine, name = engine_in_force(), name[:MAX_NAME].strip()
    known = engine.product(name)
    if known is None:
        response = page("product.html", name=name, found=None, near=engine.products_like(name), helped={})
        response.status_code = 404
        return response
    if _one_slash(known) != _one_slash(name):
        return redirect(url_for("product", name=known), 302)
    found = engine.product_page(known)
    listed = {a.id for _, _, articles in (("", 0, found.newest), *found.causes, *found.kinds) for a in articles}
    return page("product.html", name=known, found=found, near=(), helped=helped(listed))
