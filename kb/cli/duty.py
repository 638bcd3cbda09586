"""This module tells who is on duty: duty."""

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from kb.cli.cases import opened
from kb.cli.common import FILE, NOTHING, cli, command, json_option, note, print_json
from kb.language import say
from kb.service.telling import stamp
from kb.settings import Settings

if TYPE_CHECKING:
    from zoneinfo import ZoneInfo

    from kb.service.duty import Roster, Shift, Stretch

AHEAD = 30
"""Days that are looked at."""

duty = click.Group(
    "duty",
    help=say(
        """值班：谁在值班，哪段没人，哪段重了。

        \b
        例：kb duty import 值班表.xlsx
            kb duty now
            kb duty gaps
        """,
        """Duty: who is on call, when nobody is, when two are.

        \b
        Example: kb duty import roster.xlsx
                 kb duty now
                 kb duty gaps
        """,
    ),
)
cli.add_command(duty)


def _roster(chosen: Settings) -> tuple["Roster", "ZoneInfo"]:
    from kb.database.connection import Store
    from kb.service.duty import Roster

    return Roster(Store(chosen.database)), opened(chosen).policy.zone


@command(
    """现在谁值班，怎样找到他。没有时退出码为 1。

    \b
    例：kb duty now
        kb duty now --team 网络组
    """,
    """Who is on duty now, and how to reach them. Exits 1 when nobody is.

    \b
    Example: kb duty now
             kb duty now --team network
    """,
    duty,
)
@click.option("--team", default="", help=say("班组", "team"))
@json_option
def duty_now(chosen: Settings, team: str, as_json: bool) -> None:
    roster, zone = _roster(chosen)
    _print_shifts(roster.now(team), zone, as_json)


@command(
    """列出值班：今天起的若干天。没有时退出码为 1。

    \b
    例：kb duty list --days 7
    """,
    """List the shifts of the next days. Exits 1 when there are none.

    \b
    Example: kb duty list --days 7
    """,
    duty,
)
@click.option("--days", type=int, default=AHEAD, help=say("多少天", "how many days"))
@json_option
def duty_list(chosen: Settings, days: int, as_json: bool) -> None:
    roster, zone = _roster(chosen)
    now = datetime.now(UTC)
    _print_shifts(roster.between(now, now + timedelta(days=days)), zone, as_json)


@command(
    """加一段值班。

    \b
    例：kb duty add 张三 --from "2026-12-01 17:30" --until "2026-12-02 08:30" --team 网络组 --phone 13800000000
    """,
    """Add a shift.

    \b
    Example: kb duty add Zhang --from "2026-12-01 17:30" --until "2026-12-02 08:30" --team network --phone 5550100
    """,
    duty,
)
@click.argument("person")
@click.option("--from", "start", required=True, metavar="TIME", help=say("从什么时候", "from when"))
@click.option("--until", "end", required=True, metavar="TIME", help=say("到什么时候", "until when"))
@click.option("--team", default="", help=say("班组，空为所有的", "team, empty for all"))
@click.option("--phone", default="", help=say("值班电话", "the telephone"))
@click.option("--note", "remark", default="", help=say("备注", "a note"))
def duty_add(chosen: Settings, person: str, start: str, end: str, team: str, phone: str, remark: str) -> None:
    from kb.service.duty import Shift
    from kb.service.fields import read_moment

    roster, zone = _roster(chosen)
    now = datetime.now(UTC)
    moments = (read_moment(start, zone, now, "--from"), read_moment(end, zone, now, "--until"))
    roster.add([Shift(team, *moments, person, phone, remark)])
    _tell_of_doubles(roster, zone)


@command(
    """删去一段值班；号码见 kb duty list。

    \b
    例：kb duty remove 12
    """,
    """Remove a shift; its number is in kb duty list.

    \b
    Example: kb duty remove 12
    """,
    duty,
)
@click.argument("shift", type=int)
def duty_remove(chosen: Settings, shift: int) -> None:
    _roster(chosen)[0].remove(shift)


@command(
    """从表格读值班：列 班组、开始、结束、值班人、电话、备注（.csv 或 .xlsx）；有错就一行也不写，再读一遍不会重复。

    \b
    例：kb duty import 值班表.xlsx
    """,
    """Read shifts from a table (.csv or .xlsx) with the columns team, from, until, person, phone, note; with a mistake
    none is written, and read again none is doubled.

    \b
    Example: kb duty import roster.xlsx
    """,
    duty,
)
@click.argument("file", type=FILE)
def duty_import(chosen: Settings, file: Path) -> None:
    from kb.errors import InputError
    from kb.service.duty import read

    roster, zone = _roster(chosen)
    try:
        raw = file.read_bytes()
    except OSError as error:
        raise InputError(say("{file}：读不了：{why}", "{file}: can't be read: {why}", file=file, why=error.strerror))
    note(say("写入 {n} 段值班", "{n} shifts written", n=roster.add(read(raw, file.name, zone))))
    _tell_of_doubles(roster, zone)


@command(
    """没人值班的，和重了的时段。有时退出码为 1。

    \b
    例：kb duty gaps
        kb duty gaps --days 7
    """,
    """When nobody is on duty, and when more than one is. Exits 1 when there is any.

    \b
    Example: kb duty gaps
             kb duty gaps --days 7
    """,
    duty,
)
@click.option("--days", type=int, default=AHEAD, help=say("多少天", "how many days"))
@json_option
def duty_gaps(chosen: Settings, days: int, as_json: bool) -> None:
    from kb.service.duty import doubles, gaps

    roster, zone = _roster(chosen)
    now = datetime.now(UTC)
    end = now + timedelta(days=days)
    shifts = roster.between(now, end)
    found = [*gaps(shifts, now, end), *doubles(shifts, now, end)]
    if as_json:
        print_json([{**s._asdict(), "start": s.start.isoformat(), "end": s.end.isoformat()} for s in found])
    for stretch in found if not as_json else ():
        _print_stretch(stretch, zone)
    if found:
        raise click.exceptions.Exit(NOTHING)


def _tell_of_doubles(roster: "Roster", zone: "ZoneInfo") -> None:
    from kb.service.duty import doubles

    now = datetime.now(UTC)
    end = now + timedelta(days=AHEAD)
    for stretch in doubles(roster.between(now, end), now, end):
        _print_stretch(stretch, zone)


def _print_stretch(stretch: "Stretch", zone: "ZoneInfo") -> None:
    who = say("重了：", "double: ") + ", ".join(stretch.people) if stretch.people else say("没有人", "nobody")
    click.echo(f"{stamp(stretch.start, zone)} – {stamp(stretch.end, zone)}  {stretch.team or '–'}  {who}")


def _print_shifts(shifts: "list[Shift]", zone: "ZoneInfo", as_json: bool) -> None:
    if as_json:
        plain: list[dict[str, Any]] = [s._asdict() for s in shifts]
        print_json([{**s, "start": s["start"].isoformat(), "end": s["end"].isoformat()} for s in plain])
    for s in shifts if not as_json else ():
        click.echo(f"{s.id}  {stamp(s.start, zone)} – {stamp(s.end, zone)}  {s.told}  {s.note}".rstrip())
    if not shifts:
        note(say("没有人值班", "nobody is on duty"))
        raise click.exceptions.Exit(NOTHING)
