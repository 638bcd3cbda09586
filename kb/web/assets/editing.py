"""This module is the form by which a customer, site, contact, contract, device, part or place is added or changed."""

from collections.abc import Mapping

from flask import Flask, Response, flash, redirect, request, url_for
from werkzeug.exceptions import NotFound

from kb.errors import ConflictError, InputError, RefusedError
from kb.language import say
from kb.model.casework import PlaceKind
from kb.service.assets.editing import FORMS, Editing, Shown, before_and_after
from kb.service.assets.importing import Imports
from kb.service.assets.stock import STORES
from kb.web import identity
from kb.web.cases.shared import author, cases, serving
from kb.web.views import Answer, page, store

OF_LEADS = ("customers", "contracts", "parts", "places")
"""What promises something, or counts: leads change it; the others whoever works on cases."""
NOTHING: Mapping[str, str] = {}


def init_app(app: Flask) -> None:
    path = "/assets/<kind>/edit/<int:number>"
    app.add_url_rule(path, view_func=serving(show), endpoint="edit_asset")
    app.add_url_rule(path, view_func=serving(act), endpoint="save_asset", methods=["POST"])
    app.jinja_env.globals.update(may_edit=may_edit, edits_of=edits_of, told_edit=before_and_after)


def editing() -> Editing:
    return Editing(store(), cases().policy)


def may_edit(kind: str) -> bool:
    return identity.may("assets" if kind in OF_LEADS else "cases")


def require_editor(kind: str) -> None:
    """Raises RefusedError, and NotFound for what is no kind."""
    if kind not in FORMS:
        raise NotFound()
    if not may_edit(kind):
        raise RefusedError(identity.refusal("assets"))


def edits_of(kind: str, number: int) -> list[object]:
    """What was changed of a row by hand, the newest first."""
    return list(editing().changes(kind, number))


def show(kind: str, number: int) -> Answer:
    require_editor(kind)
    return _page(editing().show(kind, number, request.args.get("of", 0, int)))


def act(kind: str, number: int) -> Answer:
    """Save what was typed, over the version that was seen; or take an earlier edit back."""
    require_editor(kind)
    form = request.form
    shown = editing().show(kind, number, form.get("of", 0, int))
    typed = {name: form[name].replace("\r\n", "\n") for name in FORMS[kind].columns if name in form}
    try:
        who = author().name
        if form.get("action") == "undo":
            Imports(store(), cases().policy).undo(_edit_of(kind, number, form.get("change", 0, int)), who)
            flash(say("已改回", "Taken back"))
            return redirect(card(kind, number, shown.customer), 303)
        seen = form.get("seen", "") if number else None
        saved = editing().save(kind, number, typed, who, seen, shown.customer)
    except ConflictError as error:
        return _page(editing().show(kind, number), typed, str(error), stale=True), 409
    except InputError as error:
        return _page(shown, typed, str(error)), 422
    flash(say("已保存", "Saved") if saved.change else say("没有改动", "Nothing was changed"))
    return redirect(card(kind, saved.number, shown.customer), 303)


def _edit_of(kind: str, number: int, change: int) -> int:
    """The number of an edit of this row. Raises NotFound for that of another."""
    if change not in {c.id for c in editing().changes(kind, number)}:
        raise NotFound()
    return change


def card(kind: str, number: int, customer: int = 0) -> str:
    """Where a row is shown."""
    if kind in ("customers", "devices", "parts"):
        return url_for({"customers": "customer", "devices": "device", "parts": "part"}[kind], number=number)
    return url_for("parts") if kind == "places" else url_for("customer", number=customer)


def _page(shown: Shown, typed: Mapping[str, str] = NOTHING, problem: str = "", stale: bool = False) -> Response:
    form, policy = FORMS[shown.kind], cases().policy
    choices = {
        "promises": dict.fromkeys(policy.promises),
        "calendar": dict.fromkeys(policy.calendars),
    }
    if shown.kind == "places":
        kinds = STORES if shown.values["kind"] in ("", *STORES) else tuple(PlaceKind)
        choices["kind"] = dict.fromkeys(str(k) for k in kinds)
    back = (
        card(shown.kind, shown.number, shown.customer)
        if shown.number or form.of
        else url_for(shown.kind if shown.kind != "places" else "parts")
    )
    return page(
        "assets/edit.html",
        shown=shown,
        form=form,
        typed=typed,
        problem=problem,
        stale=stale,
        choices=choices,
        back=back,
        edits=editing().changes(shown.kind, shown.number) if shown.number else [],
    )
