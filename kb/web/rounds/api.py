"""This module is the JSON API of rounds, versions, guarded times and the month's report, for programs."""

from dataclasses import asdict
from datetime import UTC, datetime, timedelta
from typing import Any, Literal

from pydantic import ConfigDict

from kb.desk import answers
from kb.desk.schemas import Answered, Given, Sent, told
from kb.errors import InputError
from kb.language import say
from kb.service.figures import Figures
from kb.service.reports import Report, report
from kb.service.rounds.census import Census, lines_of_devices
from kb.service.rounds.checklist import items_for
from kb.service.rounds.guarded import Guards
from kb.service.rounds.plans import Found, Rounds, Which, as_told, plan_told
from kb.service.telling import plain
from kb.web.assets.pages import today
from kb.web.cases.api import CASES, MOST, program, require_desk
from kb.web.cases.shared import cases
from kb.web.openapi import Api
from kb.web.views import store
from kb.web.writers import engine_or_none

blueprint = Api("api_rounds", __name__)
AHEAD = timedelta(days=400)


class WantedRounds(Given):
    customer: str = told("客户", "customer", "", max_length=300)
    owner: str = told("负责人", "whose", "", max_length=300)
    kind: Literal["", "round", "wear", "instrument", "census", "callback"] = told("哪一种", "which kind", "")
    settled: bool = told("已完成与跳过的，而不是到期的", "those done or skipped, not those due", False)
    page: int = told("第几页", "which page", 1, ge=1, le=1000)


class RoundRow(Answered):
    plan: int
    period: str = told("应做的日子，或回访的单号", "the day on which it is due, or the case that it follows")
    kind: str
    name: str
    customer: str
    site: str
    device: str
    owner: str
    checklist: str
    due: str
    state: str
    by: str
    done: str | None
    skipped: str


class RoundList(Answered):
    page: int
    rounds: list[RoundRow]


class PlanList(Answered):
    plans: list[dict[str, Any]]


class CheckedItem(Answered):
    item: str
    result: str = told("ok、bad、absent，空为还没查", "ok, bad, absent; empty: not looked at yet")
    value: str
    note: str
    case: str = told("开的服务单", "the case that it opened")


class WholeRound(Answered):
    round: RoundRow
    checks: list[CheckedItem]


class SentCheck(Sent):
    item: str = told("检查表里的那一句", "the words of the checklist", max_length=2000)
    result: Literal["ok", "bad", "absent", ""] = told("怎么样", "how it was found", "")
    value: str = told("量到的值", "the value", "", max_length=300)
    note: str = told("说明", "words", "", max_length=2000)


class SentRound(Sent):
    model_config = ConfigDict(
        json_schema_extra={"examples": [{"action": "save", "note": "下午再去一次", "checks": []}]}
    )
    action: Literal["save", "done", "skip"] = told("先保存、做完了、跳过", "keep it, have done with it, pass it over")
    checks: list[SentCheck] = told("每一项", "each item", [], max_length=200)
    note: str = told("总的说明；跳过的原因", "remarks; why it is skipped", "", max_length=2000)


class WantedCensus(Given):
    product: str = told("产品", "product", "", max_length=300, examples=["S5130-28S"])
    behind: bool = told("只要落后和不知道的", "only what is behind or not known", False)
    page: int = told("第几页", "which page", 1, ge=1, le=1000)


class Runs(Answered):
    device: int
    product: str
    serial: str
    customer: str
    software: str
    version: str
    wanted: str
    behind: bool
    asked: str | None


class CensusList(Answered):
    page: int
    versions: list[Runs]


class SentVersion(Sent):
    model_config = ConfigDict(json_schema_extra={"examples": [{"device": "SN0001", "versions": {"软件": "7.1.070"}}]})
    device: str = told(
        "设备的 id、序列号或扫到的条码", "id, serial or a scanned barcode", max_length=300, pattern=r"\S"
    )
    versions: dict[str, str] = told("软件 -> 版本", "software -> version")


class GuardList(Answered):
    guarded: list[dict[str, Any]]


class MonthReport(Answered):
    customer: str
    month: str
    figures: dict[str, Any] = told("数字", "figures, as on the page of figures")
    cases: list[dict[str, Any]]
    open: list[dict[str, Any]]
    missed: list[dict[str, Any]] = told("没有按时的，每件的算法", "each promise not kept, and how it was reckoned")
    troubled: list[dict[str, Any]] = told("一年里多次故障的设备", "devices with more than one fault within a year")
    ending: list[dict[str, Any]] = told("质保或维保将到期", "devices whose warranty or maintenance ends")
    works: list[dict[str, Any]]
    rounds: list[RoundRow]
    overdue: list[RoundRow]
    behind: list[dict[str, Any]]
    proposals: list[str]


def _rounds() -> Rounds:
    require_desk()
    return Rounds(store(), cases())


@blueprint.operation(
    "GET", "/api/v1/rounds", CASES, ("到期与逾期的巡检", "Rounds that are due or overdue"), {200: RoundList},
    query=WantedRounds,
)  # fmt: skip
def rounds_api(query: WantedRounds) -> dict[str, Any]:
    rounds, skip = _rounds(), MOST * (query.page - 1)
    which = Which(query.customer, query.owner, query.kind)
    found = rounds.settled(which, skip + MOST) if query.settled else rounds.open(today(), which)
    return {"page": query.page, "rounds": [as_told(d, today()) for d in found[skip : skip + MOST]]}


@blueprint.operation("GET", "/api/v1/plans", CASES, ("巡检计划", "Plans of rounds"), {200: PlanList})
def plans_api() -> dict[str, Any]:
    return {"plans": [plan_told(p) for p in _rounds().plans()]}


@blueprint.operation(
    "GET",
    "/api/v1/rounds/<int:plan>/<period>",
    CASES,
    ("一次巡检，每一项", "One round, each item"),
    {200: WholeRound, 404: answers.Error},
)
def round_api(plan: int, period: str) -> dict[str, Any]:
    return _told_round(_rounds(), plan, period)


@blueprint.operation(
    "POST",
    "/api/v1/rounds/<int:plan>/<period>",
    CASES,
    ("做一次巡检，或跳过；不正常的每一项开一单", "Do a round, or skip it; each bad item opens a case"),
    {200: WholeRound, 404: answers.Error, 409: answers.Error},
    body=SentRound,
    scope="write",
)
def do_round_api(plan: int, period: str, body: SentRound) -> dict[str, Any]:
    rounds, author = _rounds(), program()
    due = rounds.find(plan, period)
    if body.action == "skip":
        rounds.skip(plan, period, body.note, author)
        return _told_round(rounds, plan, period)
    items = items_for(engine_or_none(), due.plan.row)
    sent = {check.item: check for check in body.checks}
    if unknown := sorted(sent.keys() - {i.text for i in items}):
        raise InputError(say("检查表里没有“{item}”", "the checklist has no item '{item}'", item=unknown[0][:60]))
    found = [Found(i, c.result, c.value, c.note) if (c := sent.get(i.text)) else Found(i) for i in items]
    rounds.save(plan, period, found, author, body.action == "done", body.note)
    return _told_round(rounds, plan, period)


def _told_round(rounds: Rounds, plan: int, period: str) -> dict[str, Any]:
    found = rounds.checks(plan, period)
    names = ("item", "result", "value", "note", "case")
    return {
        "round": as_told(rounds.find(plan, period), today()),
        "checks": [{name: getattr(check, name) for name in names} for check in found],
    }


@blueprint.operation(
    "GET", "/api/v1/census", CASES, ("每台设备的版本与期望的版本", "Versions of devices, and those wanted"),
    {200: CensusList}, query=WantedCensus,
)  # fmt: skip
def census_api(query: WantedCensus) -> dict[str, Any]:
    require_desk()
    skip = MOST * (query.page - 1)
    found = Census(store()).devices(query.product, most=skip + MOST)[skip:]
    rows = [(known, line) for known, wanted in found for line in lines_of_devices(known.row.versions, wanted)]
    return {
        "page": query.page,
        "versions": [
            {
                "device": known.row.id,
                "product": known.row.product,
                "serial": known.row.serial,
                "customer": known.customer,
                "software": line.software,
                "version": line.have,
                "wanted": line.wanted,
                "behind": line.behind,
                "asked": known.row.versions_at.isoformat() if known.row.versions_at else None,
            }
            for known, line in rows
            if line.behind or not query.behind
        ],
    }


@blueprint.operation(
    "POST",
    "/api/v1/census",
    CASES,
    ("登记一台设备的版本", "Note which versions a device runs"),
    {204: None, 404: answers.Error},
    body=SentVersion,
    scope="write",
)
def tell_version_api(body: SentVersion) -> tuple[str, int]:
    require_desk()
    Census(store()).tell(body.device, body.versions, today())
    return "", 204


@blueprint.operation("GET", "/api/v1/guarded", CASES, ("重保", "Guarded times"), {200: GuardList})
def guarded_api() -> dict[str, Any]:
    require_desk()
    now = datetime.now(UTC)
    return {"guarded": [plain(g._asdict()) for g in Guards(store()).between(now, now + AHEAD)]}


@blueprint.operation(
    "GET",
    "/api/v1/reports/<int:customer>/<month>",
    CASES,
    ("一个客户的月报", "The month's report of a customer"),
    {200: MonthReport, 404: answers.Error},
)
def month_report_api(customer: int, month: str) -> dict[str, Any]:
    require_desk()
    return _told_report(report(cases(), store(), str(customer), month))


def _told_report(found: Report) -> dict[str, Any]:
    day = found.today
    return {
        "customer": found.customer,
        "month": found.month,
        "figures": _figures(found.figures),
        "cases": [plain(line._asdict()) for line in found.cases],
        "open": [plain(line._asdict()) for line in found.open],
        "missed": [
            {"case": case.now.number, "promise": clock.name, "due": plain(clock.due), "kept": plain(clock.stopped),
             "reckoning": [plain(s._asdict()) for s in clock.reckoning]}
            for case, clock in found.misses
        ],
        "troubled": [{"device": t.known.label, "cases": t.cases, "faults": t.faults, "new_one_due": t.due}
                     for t in found.troubled],
        "ending": [{"device": k.label, "warranty_until": plain(k.row.warranty_until),
                    "maintained_until": plain(k.row.maintained_until)} for k in found.ending],
        "works": [plain(w._asdict()) for w in found.works],
        "rounds": [as_told(d, day) for d in found.rounds],
        "overdue": [as_told(d, day) for d in found.overdue],
        "behind": [{"device": b.known.label, "software": b.software, "have": b.have, "wanted": b.wanted}
                   for b in found.behind],
        "proposals": list(found.proposals),
    }  # fmt: skip


def _figures(found: Figures) -> dict[str, Any]:
    told: dict[str, Any] = plain(asdict(found))
    return told | {"promises": {name: kept._asdict() for name, kept in found.promises.items()},
                   "scores": found.scores._asdict()}  # fmt: skip
