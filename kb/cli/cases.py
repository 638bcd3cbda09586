"""This module is the service desk from the shell: case. Its actions are the table of kb.service.states."""

import textwrap
from collections.abc import Callable
from dataclasses import asdict
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from kb.cli.common import (
    NOTHING,
    cli,
    colon,
    command,
    json_option,
    listed,
    note,
    one_line,
    print_json,
    standard_input,
    you,
)
from kb.errors import InputError
from kb.labels import label
from kb.language import say
from kb.model.casework import Role, State
from kb.service.telling import GROUPS, UNTOLD, case_data, clock_line, clock_name, fact, name_of, plain, share, stamp
from kb.settings import Settings

if TYPE_CHECKING:
    from zoneinfo import ZoneInfo

    from kb.service.cases import Case, Cases
    from kb.service.events import Event
    from kb.service.snapshot import Snapshot


class _Actions(click.Group):
    """Makes the commands of the table of actions when one is asked for: a search does not wait for them."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        _register_all()
        return super().list_commands(ctx)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        _register_all()
        return super().get_command(ctx, cmd_name)


@cache
def _register_all() -> None:
    from kb.service.states import ACTIONS

    for action in ACTIONS:
        if action.name != "adopt":  # kb policy adopt
            _register(action)


case = _Actions(
    "case",
    help=say(
        """服务单：从报障到写成文章，一步一条记录。

        \b
        例：kb case new "财务室打印机卡纸" --channel phone --contact 王工
            kb case call 137 "已回电，请客户重启"
            kb case wait 137 "等客户重启" --for customer --until 17:00
            kb case restore 137 "更换搓纸轮" --verification "试打十页" --cause hardware --handling onsite
            kb case show 137

        单号写全（26-00137-7）、不写校验位（26-137），或只写今年的序号（137）。
        """,
        """Cases: from the report to the article, one entry for each step.

        \b
        Example: kb case new "printer jams in accounting" --channel phone --contact Wang
                 kb case call 137 "called back, asked to restart"
                 kb case wait 137 "until it was restarted" --for customer --until 17:00
                 kb case restore 137 "new roller" --verification "ten pages" --cause hardware --handling onsite
                 kb case show 137

        A case is named whole (26-00137-7), without its check digit (26-137), or by this year's counter (137).
        """,
    ),
)
cli.add_command(case)

MAX_MISSES = 1000
"""Cases whose missed promises are listed."""
CALLED = {"report": "new"}
"""Actions that have another name here."""


def opened(chosen: Settings) -> "Cases":
    """The cases, where there is a service desk."""
    from kb.service import cases

    return cases.opened(chosen)


# --- actions -----------------------------------------------------------------------------------


def _common(function: Callable[..., None]) -> Callable[..., None]:
    """Options that every action has."""
    for option in (
        click.option("--at", metavar="TIME", help=say("什么时候发生的，默认现在", "when it happened, by default now")),
        click.option("--by", default="", help=say("谁写的，默认是运行命令的用户", "who writes it, by default you")),
        click.option("--key", help=say("重复提交时只记一次", "given again, it is written once")),
        json_option,
    ):
        function = option(function)
    return function


def _options(names: tuple[str, ...]) -> list[click.Option]:
    """An option for each field."""
    from kb.service.fields import FIELDS

    out = []
    for field in (FIELDS[name] for name in names):
        told = say(field.zh, field.en) + (f" ({', '.join(field.values)})" if field.values else "")
        form: dict[str, Any] = {"is_flag": True} if field.form == "flag" else {"metavar": field.form.upper()}
        out.append(click.Option([f"--{field.name}", f"field_{field.name}"], help=told, **form))
    return out


def _given(values: dict[str, Any]) -> dict[str, Any]:
    fields = {name.removeprefix("field_"): value for name, value in values.items() if name.startswith("field_")}
    return {name: value for name, value in fields.items() if value not in (None, False, "")}


def _words(text: str | None) -> str:
    return standard_input() if text == "-" else text or ""


def _moment(cases: "Cases", at: str | None) -> datetime | None:
    from kb.service.fields import read_moment

    return None if at is None else read_moment(at, cases.policy.zone, datetime.now(UTC), say("时间 (at)", "time (at)"))


def _register(action: Any) -> None:
    """The command of one action."""
    names = tuple(dict.fromkeys(n for asked in (*action.asks, *action.takes) for n in asked.split("|")))
    fields = tuple(name for name in names if name not in ("text", "policy", "files"))

    def new(
        chosen: Settings, text: str, at: str | None, by: str, key: str | None, as_json: bool, **values: Any
    ) -> None:
        from kb.service.cases import Author

        cases = opened(chosen)
        given = {"channel": "phone", **_given(values)}
        done = cases.report(_words(text), given, Author(by or you(), Role.LEAD), _moment(cases, at), key)
        _print_done(cases, done, as_json)

    def add(
        chosen: Settings,
        number: str,
        text: str | None,
        at: str | None,
        by: str,
        key: str | None,
        as_json: bool,
        seen: int | None,
        public: bool | None,
        **values: Any,
    ) -> None:
        from kb.service.cases import Author

        cases = opened(chosen)
        author = Author(by or you(), Role.LEAD)
        if action.name == "message":
            done = cases.receive(number, _words(text), author, _given(values), key)
        else:
            moment = _moment(cases, at)
            done = cases.add(number, action.name, author, _words(text), _given(values), moment, public, seen, key)
        _print_done(cases, done, as_json)

    reports = action.name == "report"
    function = new if reports else add
    function.__name__ = "case_" + CALLED.get(action.name, action.name)
    made = command(*_help(action, fields), case)(_common(function))
    arguments: list[click.Parameter] = [] if reports else [click.Argument(["number"])]
    made.params = [*arguments, click.Argument(["text"], required=reports), *_options(fields), *made.params]
    if not reports:
        seen = say("看过的版本；之后别人写了就不写", "the version you saw; refused when others wrote since")
        public = say("客户看不看得到", "whether the customer sees it")
        made.params.append(click.Option(["--seen"], type=int, help=seen))
        made.params.append(click.Option(["--public/--internal"], default=None, help=public))


NEEDS = ("要写：{}。", " Needs {}.")
FROM = ("状态应为{}。", " In the states {}.")
"""What a command of an action says beside its name."""


def _help(action: Any, fields: tuple[str, ...]) -> tuple[str, str]:
    """What a command says of itself, in both languages, from the action's row."""
    from kb.service.fields import FIELDS

    name = CALLED.get(action.name, action.name)
    needed = [a.split("|") for a in action.asks if a not in ("text", "channel", "policy")]
    example = "".join(f" --{f[0]} …" for f in needed if f[0] in fields)
    number, text = (" 137", "") if action.name != "report" else ("", "")
    text = ' "…"' if "text" in action.asks else ""
    asks = [" | ".join("--" + n for n in names if n in FIELDS) for names in needed]
    zh, en = f"{action.kind.zh}。", f"{action.kind.en}."
    if asks:
        zh, en = zh + NEEDS[0].format("、".join(asks)), en + NEEDS[1].format(", ".join(asks))
    states = [s for s in State if s in action.states]
    if states and len(states) < len(State):
        zh += FROM[0].format("、".join(s.zh for s in states))
        en += FROM[1].format(", ".join(s.en for s in states))
    line = f"kb case {name}{number}{text}{example}"
    return f"{zh}\n\n\b\n例：{line}\n", f"{en}\n\n\b\nExample: {line}\n"


def _print_done(cases: "Cases", done: "Case", as_json: bool) -> None:
    if as_json:
        print_json(case_data(done.now, cases.clocks(done), done.log))
        return
    click.echo(f"{done.now.number}  {label('state', done.now.state)}  {one_line(done.now.title)}")
    for clock in (c for c in cases.clocks(done) if c.ticking):
        note(clock_line(clock, done.policy.zone))


# --- looking -----------------------------------------------------------------------------------


@command(
    """显示一个服务单：事实、时钟、全部记录。

    \b
    例：kb case show 26-00137-7
        kb case show 137 --json
    """,
    """Show a case: its facts, its clocks, everything that happened.

    \b
    Example: kb case show 26-00137-7
             kb case show 137 --json
    """,
    case,
)
@click.argument("number")
@json_option
def case_show(chosen: Settings, number: str, as_json: bool) -> None:
    cases = opened(chosen)
    found = cases.find(number)
    if as_json:
        print_json(case_data(found.now, cases.clocks(found), found.log))
        return
    now, zone = found.now, found.policy.zone
    click.echo(" · ".join([now.number, label("state", now.state), now.priority, now.title]))
    for group in ("channel", "area", "cause", "handling", "outcome"):
        if value := getattr(now, group):
            click.echo(f"  {name_of(group)}{colon()}{label(group, value)}")
    for name in ("customer", "contact", "owner", "team", "article", "merged_into", "parent", "follows"):
        if value := getattr(now, name):
            click.echo(f"  {name_of(name)}{colon()}{value}")
    for clock in cases.clocks(found):
        click.echo("  " + clock_line(clock, zone))
    for event in found.log:
        _print_event(event, zone)
    others = cases.all(_filter(merged_into=now.number))
    if others:
        click.echo(say("并入这一单的：", "merged into it: ") + listed(o.number for o in others))


def _print_event(event: "Event", zone: "ZoneInfo") -> None:
    late = event.noted - event.at
    written = say("（{t} 补记）", " (written {t})", t=stamp(event.noted, zone)) if late.total_seconds() >= 60 else ""
    facts = [f"{name}={fact(name, value, zone)}" for name, value in event.data.items() if name not in UNTOLD]
    click.echo(
        f"{event.place:>3}. {stamp(event.at, zone)}{written}  {event.by or '–'}  {label('event', event.kind)}"
        + (f"  {' '.join(facts)}" if facts else "")
    )
    if event.text:
        click.echo(textwrap.indent(event.text, "     "))


@command(
    """列出服务单：先到期的在前；不写状态就是还没有关闭的。没有时退出码为 1。

    \b
    例：kb case list --state open --state waiting
        kb case list --owner 李四 --late
        kb case list --unwritten
    """,
    """List cases, first those that are due first; without a state those not closed. Exits 1 when there are none.

    \b
    Example: kb case list --state open --state waiting
             kb case list --owner Li --late
             kb case list --unwritten
    """,
    case,
)
@click.option("--state", multiple=True, type=click.Choice([s.value for s in State]), help=say("状态", "state"))
@click.option("--owner", default="", help=say("负责人", "owner"))
@click.option("--team", default="", help=say("班组", "team"))
@click.option("--customer", default="", help=say("客户", "customer"))
@click.option("--unassigned", is_flag=True, help=say("没有负责人的", "without an owner"))
@click.option("--emergency", is_flag=True, help=say("紧急的", "emergencies"))
@click.option("--late", is_flag=True, help=say("已超时的", "those that are late"))
@click.option("--unwritten", is_flag=True, help=say("还没说写成哪篇文章的", "not yet answered which article"))
@json_option
def case_list(chosen: Settings, state: tuple[str, ...], as_json: bool, **values: Any) -> None:
    cases = opened(chosen)
    found = cases.all(_filter(states=state, **values))
    if as_json:
        print_json([plain(asdict(c)) for c in found])
    for c in found if not as_json else ():
        click.echo(_row(c, cases.policy.zone))
    if not found:
        note(say("没有这样的服务单", "there are no such cases"))
        raise click.exceptions.Exit(NOTHING)


def _row(c: "Snapshot", zone: "ZoneInfo") -> str:
    due = f"{stamp(c.next_due, zone)} {clock_name(c.next_clock)}" if c.next_due else "–"
    return f"{c.number}  {c.priority}  {label('state', c.state)}  {due}  {c.owner or '–'}  {one_line(c.title)}"


@command(
    """证明列表里的每一格都是记录推得出的；--rebuild 按记录重算。有不符的退出码为 1。

    \b
    例：kb case check
        kb case check --rebuild
    """,
    """Prove that everything lists know follows from the logs; --rebuild computes it anew. Exits 1 when it does not.

    \b
    Example: kb case check
             kb case check --rebuild
    """,
    case,
)
@click.option("--rebuild", is_flag=True, help=say("按记录重算", "compute it anew"))
def case_check(chosen: Settings, rebuild: bool) -> None:
    cases = opened(chosen)
    found = cases.check()
    for sentence in found:
        click.echo(sentence)
    if rebuild:
        note(say("重算了，改了 {n} 行", "computed anew, {n} rows changed", n=cases.rebuild()))
    elif found:
        raise click.exceptions.Exit(NOTHING)
    else:
        note(say("全部与记录相符", "all of it follows from the logs"))


@command(
    """数字：服务单按渠道、领域、原因等各几件，承诺按时几成（分母写明，已超时的算在内），没写成文章的。

    \b
    例：kb case figures
        kb case figures --month 2026-11 --customer 省厅 --json
    """,
    """Figures: cases by channel, area, cause ..., promises kept (with their denominator, late ones counted in), what
    was not written down.

    \b
    Example: kb case figures
             kb case figures --month 2026-11 --customer Acme --json
    """,
    case,
)
@click.option(
    "--month", metavar="YYYY-MM", help=say("哪个月报的，默认本月", "reported in which month, by default this")
)
@click.option("--customer", default="", help=say("客户", "customer"))
@json_option
def case_figures(chosen: Settings, month: str | None, customer: str, as_json: bool) -> None:
    from kb.database.connection import Store
    from kb.service.figures import Which, figures, missed
    from kb.service.handling import handled

    store, cases, now = Store(chosen.database), opened(chosen), datetime.now(UTC)
    which = Which(*_month(month, cases.policy.zone), customer)
    with store.reading() as session:
        found, late = figures(session, which, now), missed(session, which, now, MAX_MISSES)
        ways = handled(session, which)
    misses = [(c.now.number, clock) for c in cases.named(late) for clock in cases.clocks(c, now) if clock.failed]
    if as_json:
        late_ones = [{"number": number, "clock": clock.name, "due": clock.due} for number, clock in misses]
        promises = {name: k._asdict() | {"of": k.of, "share": k.share} for name, k in found.promises.items()}
        scores = found.scores._asdict() | {"mean": found.scores.mean}
        done = {"works": ways.by, "handled": ways.restored, "handled_remotely": ways.remote}
        print_json(plain(vars(found) | {"misses": late_ones, "promises": promises, "scores": scores, **done}))
        return
    click.echo(say("{n} 个服务单", "{n} cases", n=found.cases))
    for name, counts in found.by.items():
        told = listed(f"{label(GROUPS.get(name, name), value) or '–'} {n}" for value, n in counts.items())
        click.echo(f"  {name_of(name)}{colon()}{told}")
    for name, k in found.promises.items():
        click.echo(f"  {clock_name(name)}{colon()}{share(k)}")
    for number, clock in misses:
        click.echo(f"    {number}  {clock_line(clock, cases.policy.zone)}")
    told = listed(f"{label('outcome', value)} {n}" for value, n in found.outcomes.items())
    click.echo(say("关闭：", "closed: ") + (told or "0"))
    for kind, states in ways.by.items():
        told = listed(f"{label('work_state', state)} {n}" for state, n in states.items())
        click.echo(f"  {label('work', kind)}{colon()}{told}")
    if ways.restored:
        click.echo(say("远程恢复：", "restored from afar: ") + f"{ways.share:.1%} ({ways.remote}/{ways.restored})")
    if found.gaps:
        gaps = listed(f"{label('area', area) or '–'} {n}" for area, n in found.gaps.items())
        click.echo(say("没有文章的：", "without an article: ") + gaps)


@command(
    """读回现场包存下的文件：先列出会写什么，加 --yes 才写，整份或一条也不写；同一个文件只写一次。

    \b
    例：kb case read guzhi-field-26-00137-7.json
        kb case read guzhi-field-26-00137-7.json --yes
    """,
    """Read back the file that a field pack saved: see what it adds; --yes writes it, whole or not at all, and once.

    \b
    Example: kb case read guzhi-field-26-00137-7.json
             kb case read guzhi-field-26-00137-7.json --yes
    """,
    case,
)
@click.argument("file", type=click.Path(path_type=Path, dir_okay=False))
@click.option("--yes", is_flag=True, help=say("写入", "write it"))
@click.option("--by", default="", help=say("谁写的，默认是运行命令的用户", "who writes it, by default you"))
@json_option
def case_read(chosen: Settings, file: Path, yes: bool, by: str, as_json: bool) -> None:
    from kb.database.connection import Store
    from kb.service import cases
    from kb.service.cases import Author
    from kb.service.fieldwork import MAX_BYTES, FieldWork
    from kb.service.states import BY_NAME

    store = Store(chosen.database)
    desk = cases.opened(chosen, store)
    try:
        with file.open("rb") as opened_file:
            raw = opened_file.read(MAX_BYTES + 1)
    except OSError as error:
        raise InputError(f"{file}{colon()}{error.strerror}")
    brought = FieldWork(store, desk).bring(raw, Author(by or you(), Role.LEAD), keep=yes)
    if as_json:
        print_json(plain({"case": brought.case, "new": brought.new, "written": yes, "entries": brought.entries}))
        return
    for one in brought.taken:
        how = say("已读过", "read before") if one.known else say("新", "new")
        when = stamp(one.entry.at, desk.policy.zone)
        click.echo(
            f"{when}  {label('event', BY_NAME[one.entry.action].kind)}  {how}  {one_line(one.entry.text)}".rstrip()
        )
    wrote = say("{case}：已写入 {n} 条", "{case}: {n} entries were written", case=brought.case, n=brought.new)
    would = say("{case}：会写入 {n} 条，加 --yes 才写", "{case}: {n} entries would be written; --yes writes them",
                case=brought.case, n=brought.new)  # fmt: skip
    note(wrote if yes else would)


def _month(text: str | None, zone: "ZoneInfo") -> tuple[datetime, datetime]:
    """The moments between which a month lies."""
    try:
        first = datetime.strptime(text or f"{datetime.now(zone):%Y-%m}", "%Y-%m").replace(tzinfo=zone)
    except ValueError:
        raise InputError(say("--month {text}：应写成 2026-11", "--month {text}: should be as 2026-11", text=text))
    last = (first + timedelta(days=32)).replace(day=1)
    return first.astimezone(UTC), last.astimezone(UTC)


def _filter(**values: Any) -> Any:
    from kb.service.cases import Filter

    return Filter(**values)
