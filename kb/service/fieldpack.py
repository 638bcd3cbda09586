"""This module makes the field pack of a case: one HTML file with all an engineer needs on site, without a network.

It holds the case, its devices with their history, whole articles that may fix it, a checklist, parts, and a form whose
answers the browser keeps and saves as a file (kb.service.fieldwork reads it back).
"""

import re
from collections.abc import Mapping, Sequence
from datetime import datetime
from importlib.resources import files
from secrets import token_hex

from kb.database import tables
from kb.database.connection import Store
from kb.desk.pack import packed_articles, part, rendered
from kb.desk.paste import Paste, answer_paste, is_brief
from kb.errors import NotFoundError
from kb.language import current, say, use
from kb.model import Article
from kb.model.casework import Work
from kb.model.schema import CAUSES, HANDLINGS
from kb.search.engine import Engine
from kb.service import signatures
from kb.service.assets.customers import Customers, city_of
from kb.service.assets.devices import Devices
from kb.service.assets.known import tailored
from kb.service.assets.stock import Stock, Where
from kb.service.cases import Case, Cases
from kb.service.events import effective
from kb.service.fieldwork import MARK, NEW, signature
from kb.service.telling import clock_name, facts_of, stamp
from kb.service.wording import told
from kb.settings import Settings

FIXES = 5
"""Articles that go along."""
EARLIER = 20
"""Cases of a device that are told."""
MAX_CHECKS = 60
_TASK = re.compile(r"^\s*[-*+] \[ \] +(.+)$", re.MULTILINE)


def field_pack(
    cases: Cases,
    store: Store,
    engine: Engine | None,
    settings: Settings,
    number: str,
    language: str,
    texts: Mapping[str, str],
) -> tuple[str, str]:
    """(number of the case, the file's text). language: zh or en. texts: digest -> what was read of a file of the case.

    Raises InputError, NotFoundError.
    """
    before = current()
    use(language)
    try:
        case = cases.find(number)
        return case.now.number, _made(cases, store, engine, settings, case, texts)
    finally:
        use(before)


def _made(
    cases: Cases, store: Store, engine: Engine | None, settings: Settings, case: Case, texts: Mapping[str, str]
) -> str:
    pack = token_hex(8)
    articles = _articles(engine, case, texts, cases)
    with store.session() as session:
        signed = signature(session, case.now.number, pack)
        own = tailored(session, case.now.customer, cases.policy)
        city = city_of(session, case.now.customer, case.now.site)
    packed = packed_articles(engine, settings, articles) if engine is not None else []
    held = Stock(store).of_case(case.now.number)
    zone = case.policy.zone
    return rendered(
        "field.html",
        part("pack.css") + part("field.css"),
        '(() => {\n"use strict";\n' + _signing() + part("field.js") + "})();\n",
        case=case,
        now=case.now,
        report=case.log[0].text,
        entries=[(stamp(e.at, zone), e, dict(facts_of(e, zone))) for e in effective(case.log)[1:]],
        clocks=[(clock_name(c.name), stamp(c.due, zone)) for c in cases.clocks(case) if c.ticking],
        machines=Devices(store).beside(case.now.number, cases.policy.devices, EARLIER),
        works=[w for w in cases.works(case) if w.ended is None and w.kind in (Work.VISIT, Work.TRAINING)],
        packed=packed,
        checklist=_checklist(own.checklist, [engine.body(p.article) for p in packed] if engine is not None else []),
        held=[s for s in held if s.place.kind == "case"],
        where=_where(store, articles, city, cases),
        sites=_sites(store, case),
        causes=tuple(CAUSES),
        handlings=tuple(HANDLINGS),
        scale=case.policy.survey.scale,
        size=(signatures.WIDTH, signatures.HEIGHT),
        made=stamp(_now(), zone),
        known={"guzhi": MARK, "case": case.now.number, "pack": pack, "signature": signed},
        new=NEW,
    )


def _now() -> datetime:
    return datetime.now().astimezone()


def _signing() -> str:
    """The script of the box that one signs in, which the site has as a module."""
    return files("kb").joinpath("web", "static", "sign.js").read_text("utf8").replace("export function", "function")


def _articles(engine: Engine | None, case: Case, texts: Mapping[str, str], cases: Cases) -> list[Article]:
    """What may fix the case, best first, and the manuals of its trainings."""
    if engine is None:
        return []
    asked = told(case.log, texts)
    out: list[Article] = []
    if asked.text.strip():
        found = answer_paste(engine, Paste(asked.text, answers=asked.answers, count=FIXES + len(asked.looked_at)))
        if asked.answers or not is_brief(asked.text, found.identifiers):
            out = [s.article for s in found.suggestions if s.article.id not in asked.looked_at][:FIXES]
    named = [case.now.article, *(name for work in cases.works(case) for name in work.manuals)]
    for name in filter(None, named):
        try:
            out.append(engine.article(name))
        except NotFoundError:
            continue
    return list({article.path: article for article in out}.values())


def _checklist(own: Sequence[str], bodies: Sequence[str]) -> list[str]:
    """What is ticked on site: the customer's own list, else the usual one; then the tasks of articles."""
    usual = (
        say("出示工牌，说明来意", "Show who you are and why you come"),
        say("和客户一起核对现象", "Look at the fault together with the customer"),
        say("动手之前备份配置", "Save the configuration before you touch it"),
        say("换下的存储介质交给客户", "Hand broken storage media to the customer"),
        say("请客户试用并确认", "Have the customer try it"),
        say("清点工具与备件", "Count tools and parts"),
    )
    tasks = [m[1].strip() for body in bodies for m in _TASK.finditer(body)]
    return list(dict.fromkeys([*(own or usual), *tasks]))[:MAX_CHECKS]


def _where(store: Store, articles: Sequence[Article], city: str, cases: Cases) -> list[Where]:
    texts = [text for article in articles for text in article.parts]
    return Stock(store).where(texts, city, cases.policy.near) if texts else []


def _sites(store: Store, case: Case) -> list[tables.Site]:
    """The site of the case, as the register knows it: address, how one gets in."""
    try:
        found = Customers(store).find(case.now.customer) if case.now.customer else None
    except NotFoundError:
        found = None
    return [s for s in found.sites if s.name == case.now.site] if found is not None else []
