"""This module is the narrow panel beside a ticket system, in a frame of the sites that kb.toml names, and the
bookmark that opens it with what is selected.

It asks without a session: in a frame of another site a browser sends no cookies. So it changes nothing, and what is
sent is noted, masked, as one of nobody. Where strangers may not read, its address bears the key of a token that may
retrieve; in a window of its own it can be used by whoever is signed in.
"""

from flask import Flask, request, url_for

from kb.desk.intake import pasted
from kb.desk.paste import Paste, answer_paste, is_brief
from kb.web import authorization, forms
from kb.web.cards import cards, matched_words
from kb.web.reading import is_meant
from kb.web.verdicts import noted
from kb.web.views import Answer, engine_in_force, page, remembered

SHOWN = 3
_BOOKMARKLET = (
    "javascript:(()=>{{const a=document.activeElement,s=String(getSelection())||"
    "(a&&a.value?a.value.slice(a.selectionStart,a.selectionEnd):'');"
    "const f=document.createElement('form');f.method='post';f.action='{address}';f.target='guzhi';"
    "const t=document.createElement('textarea');t.name='text';t.value=s;f.append(t);f.hidden=true;"
    "open('','guzhi','width=460,height=780');document.body.append(f);f.submit();f.remove()}})()"
)
"""Posts, so that no customer's words stand in an address."""


def init_app(app: Flask) -> None:
    app.add_url_rule("/panel", view_func=panel, methods=["GET", "POST"])
    app.add_url_rule("/bookmarklet", view_func=bookmarklet)


def panel() -> Answer:
    """The best suggestions for a text, narrow, without navigation."""
    authorization.require("retrieval")
    text = _sent()
    values: dict[str, object] = {**_NOTHING, "text": text, "key": request.values.get("key", "")}
    if text.strip():
        engine = engine_in_force()
        found = answer_paste(engine, Paste(text, count=SHOWN), remembered())
        brief = is_brief(text, found.identifiers)
        shown = [] if brief else [s.article.id for s in found.suggestions]
        if is_meant():
            noted(lambda f: f.log_search("suggest", text, shown, len(shown), found.best, "panel"), None)
        values |= {
            "found": found,
            "brief": brief,
            "cards": () if brief else cards(engine, text, found, {}),
            "near": (*found.suggestions, *found.related) if brief else found.related,
            "words": matched_words(found),
        }
    return page("panel.html", **values)


_NOTHING = {"found": None, "cards": (), "near": (), "brief": False, "closed": False, "again": False}


def _sent() -> str:
    if request.method == "POST":
        return pasted(request.form.get("text", ""))
    return request.args.get("text", "")[: forms.MAX_QUERY]


def closed() -> Answer:
    """For who may not read: the form with what was sent, and how one comes in.

    What another site's page posts comes without the cookie of who is signed in; sent again from here, it has it.
    """
    again = request.method == "POST" and request.headers.get("Sec-Fetch-Site") == "cross-site"
    framed = request.headers.get("Sec-Fetch-Dest", "document") != "document"
    values = {**_NOTHING, "closed": True, "again": again and not framed, "framed": framed}
    shown = page("panel.html", **values, text=_sent(), key="")
    shown.status_code = 401
    return shown


def bookmarklet() -> Answer:
    """A link to drag to the bar of bookmarks: it opens the panel with the selected text."""
    return page("bookmarklet.html", code=_BOOKMARKLET.format(address=url_for("panel", _external=True)))
