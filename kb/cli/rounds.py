"""This module is rounds, versions and the month's report, from the shell: round, guard, census, report."""

from collections.abc import Iterable
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from kb.cli.assets import imports_of
from kb.cli.cases import opened
from kb.cli.common import (
    FILE,
    NOTHING,
    cli,
    command,
    json_option,
    note,
    open_engine,
    print_json,
    setting_help,
    you,
)
from kb.errors import InputError
from kb.labels import label
from kb.language import say
from kb.model.casework import Checked, Every, RoundKind
from kb.settings import Settings

if TYPE_CHECKING:
    from kb.database.connection import Store
    from kb.service.rounds.checklist import Item
    from kb.service.rounds.plans import Due, Found, Rounds

DAY = click.DateTime(["%Y-%m-%d"])
round_ = click.Group(
    "round",
    help=say(
        """巡检、易损件、仪器校准、版本普查、回访：到期的、做完的、跳过的。

        \b
        例：kb round plan --customer 省厅 --checklist KB-000190 --every 3 --unit months --starts 2026-12-01
            kb round list
            kb round done 3 2026-12-01 --bad "风扇=有异响"
        """,
        """Rounds, wear parts, calibrations, censuses of versions, call-backs: due, done, skipped.

        \b
        Example: kb round plan --customer Acme --checklist KB-000190 --every 3 --unit months --starts 2026-12-01
                 kb round list
                 kb round done 3 2026-12-01 --bad "fan=noisy"
        """,
    ),
)
guard = click.Group(
    "guard",
    help=say(
        """重保：某个客户的一段时间，期间不实施变更，多几个人值班。

        \b
        例：kb guard add 两会 --customer 省厅 --from "2027-03-01 00:00" --until "2027-03-15 00:00" --people 2
            kb guard list
        """,
        """Guarded times: a time in which nothing is changed at a customer, and more people are on duty.

        \b
        Example: kb guard add Congress --customer Acme --from "2027-03-01 00:00" --until "2027-03-15 00:00" --people 2
                 kb guard list
        """,
    ),
)
census = click.Group(
    "census",
    help=say(
        """版本普查：每台设备跑什么版本，期望什么版本，谁落后。

        \b
        例：kb census import 版本.xlsx --yes
            kb census want "S5130*" 软件 7.1.075
            kb census behind
        """,
        """The census of versions: which device runs which, which is wanted, who is behind.

        \b
        Example: kb census import versions.xlsx --yes
                 kb census want "S5130*" software 7.1.075
                 kb census behind
        """,
    ),
)
for _group in (round_, guard, census):
    cli.add_command(_group)


def _rounds(chosen: Settings) -> "tuple[Store, Rounds, date]":
    """The database, its rounds, and the day where the desk is."""
    from kb.database.connection import Store
    from kb.service.rounds.plans import Rounds

    store, cases = Store(chosen.database), opened(chosen)
    return store, Rounds(store, cases), datetime.now(cases.policy.zone).date()


# --- rounds ------------------------------------------------------------------------------------


def _line(due: "Due", today: date) -> str:
    row = due.plan.row
    told = (str(row.id), due.period, label("round_state", due.state(today)), label("round_kind", row.kind), row.name,
            due.where, row.owner, due.row.skipped if due.row else "")  # fmt: skip
    return "  ".join(filter(None, told))


@command(
    """到期与逾期的巡检，先到的在前；--settled 是做完与跳过的。没有时退出码为 1。

    \b
    例：kb round list --customer 省厅
        kb round list --settled --json
    """,
    """Rounds that are due or overdue, the first to be due first; --settled: those done or skipped. Exits 1 when there
    are none.

    \b
    Example: kb round list --customer Acme
             kb round list --settled --json
    """,
    round_,
)
@click.option("--customer", default="", help=say("客户", "customer"))
@click.option("--owner", default="", help=say("负责人", "whose"))
@click.option("--kind", default="", type=click.Choice(["", *(k.value for k in RoundKind)]), show_choices=False,
              help=say("哪一种：round、wear、instrument、census、callback",
                       "which kind: round, wear, instrument, census, callback"))  # fmt: skip
@click.option("--settled", is_flag=True, help=say("做完与跳过的", "those done or skipped"))
@json_option
def round_list(chosen: Settings, customer: str, owner: str, kind: str, settled: bool, as_json: bool) -> None:
    from kb.service.rounds.plans import Which, as_told

    _, rounds, today = _rounds(chosen)
    which = Which(customer, owner, kind)
    found = rounds.settled(which) if settled else rounds.open(today, which)
    if as_json:
        print_json([as_told(due, today) for due in found])
    for due in found if not as_json else ():
        click.echo(_line(due, today))
    _nothing(found)


@command(
    """安排巡检：一台设备、每台某产品的设备、客户的一个或每个地点；回访是关单后多少天。

    \b
    例：kb round plan --customer 省厅 --checklist KB-000190 --every 3 --unit months --starts 2026-12-01 --owner 张三
        kb round plan --kind wear --device 210235A1QDH18C000123 --part 0231A0QN --every 2 --starts 2026-12-01
        kb round plan --kind callback --every 14 --unit days --starts 2026-12-01
    """,
    """Plan rounds: of a device, of each device of a product, of one or each site of a customer; a call-back comes so
    long after closing.

    \b
    Example: kb round plan --customer Acme --checklist KB-000190 --every 3 --unit months --starts 2026-12-01 --owner Ann
             kb round plan --kind wear --device SN0001 --part 0231A0QN --every 2 --starts 2026-12-01
             kb round plan --kind callback --every 14 --unit days --starts 2026-12-01
    """,
    round_,
)
@click.option("--kind", default="round", type=click.Choice([k.value for k in RoundKind]), show_default=True,
              help=say("哪一种", "which kind"))  # fmt: skip
@click.option("--every", type=int, required=True, help=say("每多少", "every so many"))
@click.option("--unit", default="months", type=click.Choice([u.value for u in Every]), show_default=True,
              help=say("天、周、月", "days, weeks or months"))  # fmt: skip
@click.option("--starts", type=DAY, required=True, help=say("第一次的日子", "the day of the first one"))
@click.option("--customer", default="", help=say("客户", "customer"))
@click.option("--site", default="", help=say("地点，空为每个", "site, empty for each"))
@click.option("--device", default="", help=say("设备的序列号", "serial of a device"))
@click.option("--products", default="", help=say("每台这种产品，如 S5130*", "each device of a product, as S5130*"))
@click.option("--checklist", default="", help=say("检查表：文章编号", "checklist: number of an article"))
@click.option("--name", default="", help=say("名称", "name"))
@click.option("--owner", default="", help=say("负责人", "whose"))
@click.option("--part", default="", help=say("易损件的备件号", "number of the wear part"))
@click.option("--note", default="", help=say("备注", "note"))
@click.option("--ahead", type=int, default=14, show_default=True, help=say("提前几天列出", "listed days before"))
def round_plan(chosen: Settings, starts: datetime, **values: Any) -> None:
    made = _rounds(chosen)[1].add(starts=starts.date(), **values)
    click.echo(" ".join(map(str, made)))


@command(
    """列出计划。没有时退出码为 1。

    \b
    例：kb round plans --json
    """,
    """List the plans. Exits 1 when there are none.

    \b
    Example: kb round plans --json
    """,
    round_,
)
@json_option
def round_plans(chosen: Settings, as_json: bool) -> None:
    from kb.service.rounds.plans import plan_told

    found = _rounds(chosen)[1].plans()
    if as_json:
        print_json([plan_told(p) for p in found])
    for p in found if not as_json else ():
        every = say("每 {n} {unit}", "every {n} {unit}", n=p.row.every, unit=label("every", p.row.unit))
        told = (str(p.row.id), label("round_kind", p.row.kind), p.row.name, p.where, every, str(p.row.starts),
                say("到 {day}", "until {day}", day=p.row.ends) if p.row.ends else "", p.row.owner)  # fmt: skip
        click.echo("  ".join(filter(None, told)))
    _nothing(found)


@command(
    """计划到今天为止；以前逾期的还要做完或跳过。

    \b
    例：kb round end 3
    """,
    """Let a plan end today; what is overdue stays until it is done or skipped.

    \b
    Example: kb round end 3
    """,
    round_,
)
@click.argument("plan", type=int)
def round_end(chosen: Settings, plan: int) -> None:
    _, rounds, today = _rounds(chosen)
    rounds.end(plan, today)


@command(
    """一次巡检：检查表的每一项，和查到的。

    \b
    例：kb round show 3 2026-12-01
    """,
    """One round: each item of its checklist, and what was found.

    \b
    Example: kb round show 3 2026-12-01
    """,
    round_,
)
@click.argument("plan", type=int)
@click.argument("period")
def round_show(chosen: Settings, plan: int, period: str) -> None:
    _, rounds, today = _rounds(chosen)
    due = rounds.find(plan, period)
    click.echo(_line(due, today))
    kept = {c.item: c for c in rounds.checks(plan, period)}
    for text in kept or [item.text for item in _items(chosen, due)]:
        check = kept.get(text)
        told = (label("checked", check.result), check.value, check.note, check.case) if check else ()
        click.echo("  ".join(["  -", text, *filter(None, told)]))


@command(
    """做完一次巡检：没写的项都是正常；不正常的每一项开一单，只开一次。

    \b
    例：kb round done 3 2026-12-01
        kb round done 3 2026-12-01 --bad "风扇=有异响" --value "温度=25" --absent "UPS"
    """,
    """Have done with a round: items that are not named are OK; each bad one opens a case, once.

    \b
    Example: kb round done 3 2026-12-01
             kb round done 3 2026-12-01 --bad "fan=noisy" --value "temperature=25" --absent "UPS"
    """,
    round_,
)
@click.argument("plan", type=int)
@click.argument("period")
@click.option("--bad", multiple=True, metavar="ITEM=WORDS", help=say("不正常的项", "a bad item"))
@click.option("--absent", multiple=True, metavar="ITEM", help=say("不适用的项", "an item that does not apply"))
@click.option("--value", multiple=True, metavar="ITEM=VALUE", help=say("量到的值", "a value"))
@click.option("--note", "remarks", default="", help=say("总的说明", "remarks"))
def round_done(
    chosen: Settings,
    plan: int,
    period: str,
    bad: tuple[str, ...],
    absent: tuple[str, ...],
    value: tuple[str, ...],
    remarks: str,
) -> None:
    from kb.model.casework import Role
    from kb.service.cases import Author

    _, rounds, _today = _rounds(chosen)
    found = _found(_items(chosen, rounds.find(plan, period)), bad, absent, value)
    for number in rounds.save(plan, period, found, Author(you(), Role.ADMIN), True, remarks):
        click.echo(number)


def _items(chosen: Settings, due: "Due") -> "list[Item]":
    from kb.errors import BundleError
    from kb.search.engine import engines
    from kb.service.rounds.checklist import items_for

    try:
        engine = engines(chosen).in_force()
    except BundleError:
        engine = None
    return items_for(engine, due.plan.row)


def _found(items: "list[Item]", bad: Iterable[str], absent: Iterable[str], values: Iterable[str]) -> "list[Found]":
    """What is said of items, each by words that it holds. Raises InputError for what holds to none, or to several."""
    from kb.service.rounds.plans import Found

    out = {item.text: Found(item, Checked.OK) for item in items}
    for said, field in ((bad, "note"), (absent, ""), (values, "value")):
        for text in said:
            name, _, words = text.partition("=")
            fits = [i for i in items if name.strip() in (i.text, i.value)] or [
                i for i in items if name.strip() in i.text
            ]
            if len(fits) != 1:
                raise InputError(say("“{name}”应指一项（有：{items}）", "'{name}' should mean one item ({items})",
                                     name=name, items="、".join(i.text for i in items[:20])))  # fmt: skip
            known = out[fits[0].text]
            if field == "value":
                out[known.item.text] = known._replace(value=words)
            else:
                result = Checked.BAD if field else Checked.ABSENT
                out[known.item.text] = known._replace(result=result, note=words)
    return list(out.values())


@command(
    """跳过一次巡检，要写原因。

    \b
    例：kb round skip 3 2026-12-01 --reason 客户停业
    """,
    """Skip a round, with the reason.

    \b
    Example: kb round skip 3 2026-12-01 --reason "the site is closed"
    """,
    round_,
)
@click.argument("plan", type=int)
@click.argument("period")
@click.option("--reason", required=True, help=say("为什么", "why"))
def round_skip(chosen: Settings, plan: int, period: str, reason: str) -> None:
    from kb.model.casework import Role
    from kb.service.cases import Author

    _rounds(chosen)[1].skip(plan, period, reason, Author(you(), Role.ADMIN))


# --- guarded times -----------------------------------------------------------------------------


@command(
    """列出正在与将来的重保。没有时退出码为 1。

    \b
    例：kb guard list
    """,
    """List guarded times that go on or are to come. Exits 1 when there are none.

    \b
    Example: kb guard list
    """,
    guard,
)
@json_option
def guard_list(chosen: Settings, as_json: bool) -> None:
    from kb.database.connection import Store
    from kb.service.rounds.guarded import Guards
    from kb.service.telling import plain

    now, zone = datetime.now(UTC), opened(chosen).policy.zone
    found = Guards(Store(chosen.database)).between(now, now + timedelta(days=400))
    if as_json:
        print_json([plain(g._asdict()) for g in found])
    for g in found if not as_json else ():
        people = say("{n} 人值班", "{n} on duty", n=g.people) if g.people else ""
        click.echo("  ".join(filter(None, (str(g.id), g.told(zone), people, g.note))))
    _nothing(found)


@command(
    """加一段重保。

    \b
    例：kb guard add 两会 --customer 省厅 --from "2027-03-01 00:00" --until "2027-03-15 00:00" --people 2
    """,
    """Add a guarded time.

    \b
    Example: kb guard add Congress --customer Acme --from "2027-03-01 00:00" --until "2027-03-15 00:00" --people 2
    """,
    guard,
)
@click.argument("name")
@click.option("--customer", required=True, help=say("客户", "customer"))
@click.option("--site", default="", help=say("地点，空为全部", "site, empty for all"))
@click.option("--from", "start", required=True, metavar="TIME", help=say("从什么时候", "from when"))
@click.option("--until", "end", required=True, metavar="TIME", help=say("到什么时候", "until when"))
@click.option("--people", type=int, default=2, show_default=True, help=say("几个人值班", "how many are on duty"))
@click.option("--note", "remarks", default="", help=say("备注", "note"))
def guard_add(
    chosen: Settings, name: str, customer: str, site: str, start: str, end: str, people: int, remarks: str
) -> None:
    from kb.database.connection import Store
    from kb.service.fields import read_moment
    from kb.service.rounds.guarded import Guards

    zone, now = opened(chosen).policy.zone, datetime.now(UTC)
    first, last = (read_moment(text, zone, now, option) for text, option in ((start, "--from"), (end, "--until")))
    click.echo(Guards(Store(chosen.database)).add(name, customer, site, first, last, people, remarks, you()))


@command(
    """删去一段重保。

    \b
    例：kb guard remove 2
    """,
    """Remove a guarded time.

    \b
    Example: kb guard remove 2
    """,
    guard,
)
@click.argument("number", type=int)
def guard_remove(chosen: Settings, number: int) -> None:
    from kb.database.connection import Store
    from kb.service.rounds.guarded import Guards

    Guards(Store(chosen.database)).remove(number)


# --- census ------------------------------------------------------------------------------------

imports_of(
    census,
    "versions",
    "版本",
    "versions",
    ("序列号、产品、软件、版本、各软件版本、普查日期", "serial, product, software, version, versions, asked"),
)


@command(
    """每个产品的每种软件：在用的版本、期望的版本、落后几台、本半年查了几台。没有时退出码为 1。

    \b
    例：kb census list
    """,
    """Software by product: versions in use, the one wanted, how many are behind, how many were asked this half year.
    Exits 1 when there are none.

    \b
    Example: kb census list
    """,
    census,
)
@json_option
def census_list(chosen: Settings, as_json: bool) -> None:
    from kb.service.rounds.census import Census

    store, _, today = _rounds(chosen)
    found = Census(store).lines(today)
    if as_json:
        print_json([{**vars(line), "behind": line.behind} for line in found])
    for line in found if not as_json else ():
        used = ", ".join(f"{version} × {n}" for version, n in line.counts.most_common())
        behind = say("落后 {n}", "{n} behind", n=line.behind) if line.wanted else ""
        told = (line.product, line.software, used, f"→ {line.wanted}" if line.wanted else "", behind,
                say("已查 {n}/{of}", "asked {n}/{of}", n=line.asked, of=line.devices))  # fmt: skip
        click.echo("  ".join(filter(None, told)))
    _nothing(found)


@command(
    """版本落后、或不知道版本的设备。没有时退出码为 1。

    \b
    例：kb census behind --product S5130-28S
    """,
    """Devices that are behind, or whose version nobody knows. Exits 1 when there are none.

    \b
    Example: kb census behind --product S5130-28S
    """,
    census,
)
@click.option("--product", default="", help=say("产品", "product"))
@json_option
def census_behind(chosen: Settings, product: str, as_json: bool) -> None:
    from kb.service.rounds.census import Census

    found = Census(_rounds(chosen)[0]).behind(product, most=20_000)
    if as_json:
        print_json([{"device": b.known.label, "customer": b.known.customer, "software": b.software, "have": b.have,
                     "wanted": b.wanted} for b in found])  # fmt: skip
    for b in found if not as_json else ():
        told = (b.known.label, b.known.row.name, b.known.customer, b.software, f"{b.have or '?'} → {b.wanted}")
        click.echo("  ".join(filter(None, told)))
    _nothing(found)


@command(
    """登记一台设备的版本。

    \b
    例：kb census tell 210235A1QDH18C000123 软件 7.1.070
    """,
    """Note which version a device runs.

    \b
    Example: kb census tell 210235A1QDH18C000123 software 7.1.070
    """,
    census,
)
@click.argument("serial")
@click.argument("software")
@click.argument("version")
def census_tell(chosen: Settings, serial: str, software: str, version: str) -> None:
    from kb.service.rounds.census import Census

    store, _, today = _rounds(chosen)
    Census(store).tell(serial, {software: version}, today)


@command(
    """定下某产品期望的版本；产品末尾的 * 代表任意；不写版本就是不再要求。

    \b
    例：kb census want "S5130*" 软件 7.1.075
    """,
    """Say which version devices of a product should run; a * at its end stands for any; without a version none is.

    \b
    Example: kb census want "S5130*" software 7.1.075
    """,
    census,
)
@click.argument("product")
@click.argument("software")
@click.argument("version", default="")
def census_want(chosen: Settings, product: str, software: str, version: str) -> None:
    from kb.service.rounds.census import Census

    store, _, today = _rounds(chosen)
    Census(store).want(product, software, version, today)


@command(
    """发布的更新：各涉及几台设备；写编号就列出那些设备。没有时退出码为 1。

    \b
    例：kb census updates
        kb census updates KB-000190
    """,
    """Published updates, each with how many devices it concerns; with a number, those devices. Exits 1 when there are
    none.

    \b
    Example: kb census updates
             kb census updates KB-000190
    """,
    census,
)
@click.argument("number", default="")
@json_option
def census_updates(chosen: Settings, number: str, as_json: bool) -> None:
    from kb.service.rounds.releases import concerned, published, publishes

    store, engine = _rounds(chosen)[0], open_engine(chosen)
    articles = [a for a in [engine.article(number)] if publishes(a)] if number else published(engine)
    rows = [(article, concerned(store, article)) for article in articles]
    if as_json:
        print_json([{"article": a.id, "versions": a.versions, "devices": [
            {"device": c.known.label, "customer": c.known.customer, "have": c.have, "new": c.new} for c in found]}
            for a, found in rows])  # fmt: skip
    for article, found in rows if not as_json else ():
        devices = say("{n} 台", "{n} devices", n=len({c.known.row.id for c in found}))
        click.echo("  ".join((article.id, article.title, ", ".join(article.versions), devices)))
        for c in found if number else ():
            click.echo("  ".join(filter(None, ("  -", c.known.label, c.known.customer, f"{c.have or '?'} → {c.new}"))))
    _nothing(rows)


# --- the month's report ------------------------------------------------------------------------


@command(
    """一个客户的月报：服务单、承诺与每件没按时的算法、设备、更换、巡检、满意度、建议。

    \b
    不写 --out 就印在屏幕上；写了就是 CSV 文件；设置 report_recipients 或 --recipient 有公钥时
    用 age 加密，文件名加 .age。
    例：kb report 省厅 2026-11
        kb report 省厅 2026-11 --out 月报.csv
        kb report 省厅 2026-11 --out 月报.csv --recipient age1qz…
    """,
    """The month's report of a customer: cases, promises and how each miss was reckoned, devices, exchanges, rounds,
    satisfaction, what we propose.

    \b
    Without --out it is printed; with it, it is a CSV file, encrypted by age (.age is added to its name) where the
    setting report_recipients or --recipient names a public key.
    Example: kb report Acme 2026-11
             kb report Acme 2026-11 --out report.csv
             kb report Acme 2026-11 --out report.csv --recipient age1qz...
    """,
)
@click.argument("customer")
@click.argument("month")
@click.option("--out", type=FILE, metavar="FILE", help=say("写进这个文件", "into this file"))
@click.option("--recipient", "recipients", multiple=True, help=setting_help("report_recipients"))
def report(chosen: Settings, customer: str, month: str, out: Path | None, recipients: tuple[str, ...]) -> None:
    from kb.database.connection import Store
    from kb.desk.spreadsheet import spreadsheet
    from kb.service import reports

    cases = opened(chosen)
    rows = list(reports.rows(reports.report(cases, Store(chosen.database), customer, month)))
    if out is None:
        for row in rows:
            click.echo("  ".join(str(cell) for cell in row if cell != ""))
        return
    raw = spreadsheet(reports.COLUMNS, rows).encode()
    keys = recipients or chosen.report_recipients
    note(say("已写入 {file}", "written: {file}", file=_written(out, raw, keys)))


def _written(out: Path, raw: bytes, keys: tuple[str, ...]) -> Path:
    """Where a file was written, encrypted for keys where there are any. Raises KbError."""
    import io

    from kb.articles.atomic import save
    from kb.keeping.sealing import Lock, seal

    if keys:
        sealed = io.BytesIO()
        seal([raw], sealed, Lock(keys))
        raw, out = sealed.getvalue(), out.with_name(out.name + ".age")
    save(out, raw)
    return out


def _nothing(found: Any) -> None:
    if not found:
        note(say("没有", "there are none"))
        raise click.exceptions.Exit(NOTHING)
