"""This module answers: may who asks do what this address does? One table of addresses; what it lacks, nobody may."""

from flask import Flask, redirect, request, url_for
from werkzeug.exceptions import Unauthorized

from kb.errors import RefusedError
from kb.people.limits import Limits
from kb.web import authorization, identity, panel
from kb.web.views import Answer, store

OPEN = "open"
"""For everybody: what shows nothing of the base, and what one comes in by."""

PERMITS: dict[str, str] = {
    # what one comes in by, and what looks nice
    **dict.fromkeys(("static", "favicon", "opensearch", "openapi", "api.health"), OPEN),
    **dict.fromkeys(("sign_in", "openid", "openid_back", "welcome", "sign_out", "help_", "help_topic"), OPEN),
    # systems that sign what they send
    **dict.fromkeys(("hooks.zammad", "hooks.jira", "hooks.feishu"), OPEN),
    # customers: their own case, by what they were given
    **dict.fromkeys(("report", "report_done", "track", "track_file"), OPEN),
    # reading
    **dict.fromkeys(("home", "article", "file", "results", "suggestions", "ask", "browse", "code", "product"), "read"),
    **dict.fromkeys(("feed", "proposals", "intake", "mask", "draft", "api", "panel", "bookmarklet", "packed"), "read"),
    **dict.fromkeys(("api.articles_api", "api.article_api", "api.code_api", "api.complete_api"), "read"),
    **dict.fromkeys(("api.search_api", "api.suggest_api", "api_browsing.overview"), "read"),
    **dict.fromkeys(("api_browsing.product_api", "api_pasting.intake_api", "api_pasting.mask_api"), "read"),
    **dict.fromkeys(("api_pasting.reply_api",), "read"),
    "retrieval.retrieval": "retrieve",
    "metrics": "measure",
    # what helped, and why not
    **dict.fromkeys(("verdict", "rate"), "say"),
    **dict.fromkeys(("api_writing.give_verdict", "api_writing.take_back_verdict"), "report"),
    **dict.fromkeys(("why_not", "api.why_api"), "explain"),
    # the service desk
    **dict.fromkeys(("cases", "new_case", "case", "case_act", "case_here", "case_file", "duty"), "cases"),
    "change_duty": "duty",
    **dict.fromkeys(("case_link", "outage", "works", "case_work", "work_act", "case_paper"), "cases"),
    **dict.fromkeys(("case_pack", "case_field", "api_cases.field_api"), "cases"),
    **dict.fromkeys(("api_cases.cases_api", "api_cases.case_api"), "cases"),
    **dict.fromkeys(("api_cases.report_api", "api_cases.event_api"), "cases"),
    "case_write_up": "write",
    **dict.fromkeys(("case_figures", "case_figures_file"), "figures"),
    **dict.fromkeys(("customers", "customer", "devices", "device", "device_label", "parts", "move_part"), "cases"),
    **dict.fromkeys(("api_assets.devices_api", "api_assets.device_api"), "cases"),
    **dict.fromkeys(("api_assets.customers_api", "api_assets.customer_api"), "cases"),
    **dict.fromkeys(("import_assets", "write_assets"), "assets"),
    # kb.web.assets.editing asks what leads alone change
    **dict.fromkeys(("edit_asset", "save_asset", "api_assets.save_api", "part"), "cases"),
    # rounds, versions, updates, the month's report
    **dict.fromkeys(("rounds", "plans", "one_round", "do_round", "round_paper", "guarded", "census"), "cases"),
    **dict.fromkeys(("tell_version", "census_file", "updates", "update", "change_update"), "cases"),
    **dict.fromkeys(("change_plans", "change_guarded", "want_version"), "plan"),
    **dict.fromkeys(("month_reports", "month_report", "month_report_file"), "figures"),
    **dict.fromkeys(("case_costs", "case_costs_file", "api_rounds.month_report_api"), "figures"),
    **dict.fromkeys(("api_rounds.rounds_api", "api_rounds.plans_api", "api_rounds.round_api"), "cases"),
    **dict.fromkeys(("api_rounds.do_round_api", "api_rounds.census_api", "api_rounds.tell_version_api"), "cases"),
    "api_rounds.guarded_api": "cases",
    "updates_feed": "read",
    **dict.fromkeys(("api_assets.parts_api", "api_assets.move_api"), "cases"),
    # writing
    **dict.fromkeys(("new_article", "edit", "save_article", "preview", "image", "sitting", "merge"), "write"),
    **dict.fromkeys(("history", "restore", "rename", "review", "still_right", "decide_saying"), "write"),
    # any change of a state: kb.articles.writing.workflow asks who publishes
    **dict.fromkeys(("change_state", "change_states", "api_keeping.state_api"), "write"),
    **dict.fromkeys(("import_", "undo", "preview_import", "preview_article", "job"), "import"),
    **dict.fromkeys(("api.check_api", "api.render_api", "api_writing.source"), "write"),
    **dict.fromkeys(("api_writing.create_source", "api_writing.save_source"), "write"),
    **dict.fromkeys(("api_keeping.history_api", "api_keeping.revision_api", "api_keeping.restore_api"), "write"),
    **dict.fromkeys(("api_keeping.rename_api", "api_keeping.image_api", "api_keeping.review_api"), "write"),
    # the lead's pages
    **dict.fromkeys(("insights_overview", "insights_articles", "insights_quality", "insights_words"), "insights"),
    **dict.fromkeys(("insights_file", "api_insights.insights_api"), "insights"),
    **dict.fromkeys(("insights_golden", "insights_synonym", "insights_gap", "insights_forget"), "decide"),
    **dict.fromkeys(("api_insights.promote", "api_insights.decide_synonym"), "decide"),
    # people
    **dict.fromkeys(("account", "change_account"), "own"),
    **dict.fromkeys(("people", "change_people", "kept_of", "journal", "journal_file"), "administer"),
}
"""Address (endpoint) -> action, one of kb.people.roles.ACTIONS."""

LIMITED: dict[str, str] = {
    **dict.fromkeys(("new_case", "api_cases.report_api"), "new_case"),
    "report": "report",
    "track": "track",
    **dict.fromkeys(("suggestions", "panel", "ask", "api.suggest_api", "retrieval.retrieval"), "suggest"),
    **dict.fromkeys(("preview", "api.render_api"), "render"),
    "api.check_api": "check",
    **dict.fromkeys(("intake", "api_pasting.intake_api"), "intake"),
    "import_": "import",
    "write_assets": "import",
    **dict.fromkeys(("packed", "case_pack"), "pack"),
    **dict.fromkeys(("why_not", "api.why_api"), "why"),
    "insights_quality": "quality",
}
"""Address -> what of kb.people.limits.LIMITS it uses, when it is asked to do it."""

COSTLY = ("why_not", "api.why_api", "insights_quality", "packed")
"""Of these what is asked for by GET, which elsewhere only shows a form."""


def init_app(app: Flask) -> None:
    app.before_request(require_permitted)


def require_permitted() -> Answer | None:
    """Raises RefusedError, Unauthorized or TooOftenError; who reads a page and has to sign in is led there."""
    endpoint = request.endpoint or ""
    action = PERMITS.get(endpoint, "" if request.endpoint else OPEN)
    if action != OPEN and (not action or not identity.may(action)):
        return panel.closed() if endpoint == "panel" and _is_stranger() else _refuse(action or "administer")
    if endpoint in LIMITED and (request.method == "POST" or endpoint in COSTLY):
        _count(LIMITED[endpoint])
    return None


def _refuse(action: str) -> Answer:
    """Raises RefusedError, or Unauthorized of a program, or leads to where one signs in."""
    told, asked = identity.refusal(action), identity.who()
    if _is_stranger():
        if request.method == "GET" and not request.path.startswith(identity.PROGRAMS):
            return redirect(url_for("sign_in", next=request.full_path.rstrip("?")), 303)
        raise Unauthorized(told, www_authenticate=authorization.CHALLENGE)
    if asked.login:
        identity.note("refused", request.endpoint or "")
    raise RefusedError(told)


def _is_stranger() -> bool:
    return identity.accounts_on() and identity.who().person is None


def _count(what: str) -> None:
    """Who has an account, or comes from elsewhere, asks a bounded number of times a minute."""
    if identity.accounts_on() or not identity.at_this_machine():
        Limits(store()).use(what, identity.who().login or request.remote_addr or "")
