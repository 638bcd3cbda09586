"""The site: Flask, rendered on the server, useful without JavaScript.

- Which searches and visits are noted, did an article help? reading.py; said of a suggestion: verdicts.py
- A base by its folders: folders.py; the help, which is no part of the base: manual.py, its texts: help/
- Feed, address-bar search: feeds.py; the rows of 为什么 below a hit: reasons.py
- Beside the ticket system: the panel in a frame, the bookmark: panel.py; calls of Zammad, Jira and Feishu: hooks.py,
  their shapes, and WeCom's: kb/desk/hooks.py
- A paste: its page, files, masking, cards, verdicts: paste.py; a card: cards.py; in the browser: static/paste.js
- A page / an API call: pages.py / api.py (reading), api_writing.py; what goes in and comes out: requests.py,
  kb/desk/answers.py
- The API of the other pages: api_browsing.py (what there is, products), api_pasting.py (files, masking, replies),
  api_keeping.py (history, states, names, pictures, review), api_insights.py (the lead's tables and decisions), each
  with its models
- How is an API call declared, checked, described? openapi.py, validation.py; the page /api and
  /api/v1/openapi.json: reference.py
- What do assistants such as Dify retrieve? retrieval.py (POST /retrieval); which texts: kb/search/passages_for.py
- How far is work that takes long? jobs.py; where the marks of a chart stand: charts.py
- The service desk, for staff: cases/; customers, devices and parts: assets/; rounds, versions, reports: rounds/
- A page for writers: editing.py (new, edit, save, conflict; its form: editor.py), history.py (history, restore,
  rename), review.py (reviews due, states), importing.py; what they share: writers.py
- What do all pages share? views.py (addresses, language, who asks)
- Which error is which HTTP status, and how is it told? errors.py: one table
- The address of a search; words marked in a page: forms.py; marks.py
- Who asks, which role has which page: identity.py, permissions.py, one table; signing in, accounts: accounts.py;
  which proxies are believed: proxies.py
- Names of products in families, by maker and letter: products.py
- Headers, form tokens; the WSGI server: security.py; server.py, its processes: supervisor.py
- What is counted, for Prometheus: metrics.py; the log, as text or JSON: logs.py
- The lead's tables as files: spreadsheets.py; tokens of programs: authorization.py

Every page:

- /: one box for words and pastes; recent and saved searches; what is new (pages.py, paste.py)
- /search: results with facets, sort, corrections, reasons (pages.py)
- /a/NUMBER: read, copy, say whether it helped; related ones, the same fault (pages.py, reading.py)
- /pack: articles as a file to take along (packing.py)
- /suggest: paste or drop a mail or log; fixes, questions, masking, replies, verdicts, a started write-up (paste.py)
- /panel, /bookmarklet: the same narrow, in a frame of named sites or a small window (panel.py)
- /hooks/zammad, /hooks/jira, /hooks/feishu: systems that call and are answered (hooks.py)
- /code/X, /product/X, /browse: everything about an identifier, a product, an area and cause (browse.py)
- /why: why an article was not found, what would help (pages.py)
- /new, /edit/NUMBER: write with preview, problems, duplicates, pictures; drafts, conflicts (editing.py)
- /history/NUMBER, /rename/NUMBER: differences, restore; another file name (history.py)
- /review: drafts, what waits for review, what is overdue; many published at once (review.py)
- /import: documents and old tickets, seen before they are written, taken back as a whole (importing.py)
- /insights, /insights/articles, /insights/quality, /insights/words: gaps, use, problems, duplicates, synonyms,
  golden queries; CSV (insights.py)
- /cases, /cases/new, /cases/NUMBER: the desk, a new case, one case; where the site serves any (cases/)
- /report, /c/SECRET: for customers, who have no account (customers/)
- /customers, /devices, /parts, /assets/KIND: who is served, what stands there, which part lies where (assets/)
- /rounds, /guarded, /census, /updates, /reports: what is looked at again and again, versions, the month (rounds/)
- /sign-in/openid: by the company's own login (openid.py)
- /sign-in, /welcome/SECRET, /account, /people, /people/LOGIN, /journal: coming in, one's own account, who there is,
  what is kept of one of them, what happened
  (accounts.py)
- /merge: one article of two (merging.py)
- /api, /api/v1/…, /retrieval, /health: the same for programs (reference.py, api.py and its kin, retrieval.py)
- /help, /help/TOPIC: Guzhi's own manual with a search of its own (manual.py)
- /metrics: counts and state for Prometheus, with a token of the scope metrics (metrics.py)
- /feed.xml, /opensearch.xml: new and changed articles, the browser's own search (feeds.py)
"""

import logging

from flask import Flask
from flask_babel import Babel

from kb.database.activity import Feedback
from kb.database.connection import Store
from kb.errors import StoreError
from kb.search.engine import engines
from kb.settings import Settings
from kb.web import (
    accounts,
    api,
    api_browsing,
    api_insights,
    api_keeping,
    api_pasting,
    api_writing,
    assets,
    browse,
    cases,
    customers,
    editing,
    errors,
    feeds,
    folders,
    history,
    hooks,
    identity,
    importing,
    insights,
    jobs,
    logs,
    manual,
    merging,
    metrics,
    openid,
    packing,
    pages,
    panel,
    paste,
    permissions,
    reading,
    reasons,
    reference,
    retrieval,
    review,
    rounds,
    security,
    spreadsheets,
    views,
)
from kb.web.proxies import TrustedProxies

MAX_BODY = 2_000_000
"""Bytes of a request: a paste of 100,000 characters, percent-encoded."""


def create_app(settings: Settings) -> Flask:
    """The WSGI application. It answers from the build in force and follows newly published ones."""
    app = Flask(__name__)
    store = Store(settings.database)
    log = Feedback(store, settings.log_days)
    _forget(store, log)
    app.config.update(
        SETTINGS=settings,
        ENGINES=engines(settings),
        STORE=store,
        FEEDBACK=log,
        SECRET_KEY=security.secret_key(settings.index),
        MAX_CONTENT_LENGTH=MAX_BODY,
        MAX_FORM_MEMORY_SIZE=MAX_BODY,
        SESSION_COOKIE_SAMESITE="Lax",
    )
    app.session_interface = security.Cookies()
    app.jinja_options = {"trim_blocks": True, "lstrip_blocks": True}
    Babel(app, locale_selector=views.locale)
    reading_pages = (pages, browse, folders, manual, reading, reasons, packing, paste, panel, feeds, reference)
    leading_pages = (insights, spreadsheets)
    for module in (
        logs,
        metrics,
        views,
        security,
        identity,
        permissions,
        errors,
        accounts,
        openid,
        *reading_pages,
        *leading_pages,
        editing,
        history,
        review,
        importing,
        jobs,
        merging,
        cases,
        customers,
        assets,
        rounds,
    ):
        module.init_app(app)
    for part in (api, api_browsing, api_pasting, api_writing, api_keeping, api_insights, retrieval, hooks):
        app.register_blueprint(part.blueprint)
    metrics.begin(app)
    app.wsgi_app = TrustedProxies(app.wsgi_app, settings.trusted_proxies)  # type: ignore[assignment, method-assign]
    return app


def _forget(store: Store, log: Feedback) -> None:
    """Where nothing is to be kept any more, what was kept goes too. The database is not made for that."""
    if log.kept or not store.exists():
        return
    try:
        log.forget()
    except StoreError as error:
        logging.getLogger(__name__).warning("what was kept can't be forgotten: %s", error)
    finally:
        store.close()  # processes that are forked from this one have connections of their own
