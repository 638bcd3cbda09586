"""This module tells of promised times: due, clock, policy, workdays."""

from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import click

from kb.cli.cases import opened
from kb.cli.common import FILE, NOTHING, cli, command, json_option, listed, note, one_line, print_json, you
from kb.errors import InputError
from kb.language import say
from kb.model.casework import Role
from kb.service.telling import (
    case_data,
    clock_line,
    clock_name,
    in_days,
    left,
    length,
    plain,
    share,
    stamp,
    why_counted,
)
from kb.settings import PROMISES, Settings

QUARTER = 92
"""Days of cases on which a policy is tried."""


@command(
    """接下来什么到期：每个服务单最先到期的承诺。没有时退出码为 1。

    \b
    例：kb due
        kb due --owner 李四 --within 60
    """,
    """What is due next: of each case the promise that runs out first. Exits 1 when there is none.

    \b
    Example: kb due
             kb due --owner Li --within 60
    """,
)
@click.option("--owner", default="", help=say("负责人", "owner"))
@click.option("--team", default="", help=say("班组", "team"))
@click.option("--within", type=int, metavar="MIN", help=say("只看多少分钟之内的", "only within so many minutes"))
@json_option
def due(chosen: Settings, owner: str, team: str, within: int | None, as_json: bool) -> None:
    from kb.service.cases import Filter

    cases = opened(chosen)
    now = datetime.now(UTC)
    last = None if within is None else now + timedelta(minutes=within)
    ticking = [(c.next_due, c) for c in cases.all(Filter(owner=owner, team=team)) if c.next_due]
    found = [(at, c) for at, c in ticking if last is None or at <= last]
    if as_json:
        print_json([{"number": c.number, "clock": c.next_clock, "due": at.isoformat()} for at, c in found])
    for at, c in found if not as_json else ():
        when = f"{stamp(at, cases.policy.zone)}  {left(at, now)}  {clock_name(c.next_clock)}"
        click.echo(f"{when}  {c.number}  {c.priority}  {c.owner or '–'}  {one_line(c.title)}")
    if not found:
        note(say("没有要到期的", "nothing is due"))
        raise click.exceptions.Exit(NOTHING)


@command(
    """一个服务单的时钟；--why 说明每个到期时间是怎样算出来的。

    \b
    例：kb clock 137
        kb clock 26-00137-7 --why
    """,
    """The clocks of a case; --why shows how each due time was reckoned.

    \b
    Example: kb clock 137
             kb clock 26-00137-7 --why
    """,
)
@click.argument("number")
@click.option("--why", is_flag=True, help=say("怎样算的", "show the reckoning"))
@json_option
def clock(chosen: Settings, number: str, why: bool, as_json: bool) -> None:
    cases = opened(chosen)
    found = cases.find(number)
    zone = found.policy.zone
    if as_json:
        print_json(case_data(found.now, cases.clocks(found), found.log)["clocks"])
        return
    for c in cases.clocks(found):
        click.echo(clock_line(c, zone))
        if c.said:
            click.echo("    " + one_line(c.said))
        for stretch in c.reckoning if why else ():
            counts = f"  {length(stretch.counts, in_days(c))}" if stretch.counts else ""
            click.echo(
                f"    {stamp(stretch.start, zone)} – {stamp(stretch.end, zone)}  {why_counted(stretch.why)}{counts}"
            )
        if why and c.assumed:
            click.echo("    " + say("其中有国务院还没有公布的年份，日期是暂定的",
                                    "a year in it is not announced yet: the date is provisional"))  # fmt: skip


policy = click.Group(
    "policy",
    help=say(
        """服务承诺（service.yml，与 articles/ 同一个文件夹）。

        \b
        例：kb policy show > service.yml
            kb policy check
            kb policy try 新.yml
            kb policy adopt
        """,
        """The service promises (service.yml, beside articles/).

        \b
        Example: kb policy show > service.yml
                 kb policy check
                 kb policy try new.yml
                 kb policy adopt
        """,
    ),
)
cli.add_command(policy)


@command(
    """打印现行的承诺；没有 service.yml 时是自带的，可以作底稿。

    \b
    例：kb policy show > service.yml
    """,
    """Print the promises in force: those shipped, where there is no service.yml, to start from.

    \b
    Example: kb policy show > service.yml
    """,
    policy,
)
def policy_show(chosen: Settings) -> None:
    from kb.service.policy import load

    click.echo(load(chosen.articles.parent).text, nl=False)


@command(
    """检查 service.yml，每个问题带文件与行号；有问题时退出码为 1。

    \b
    例：kb policy check
        kb policy check 新.yml
    """,
    """Check service.yml: every problem with file and line; exits 1 when there is one.

    \b
    Example: kb policy check
             kb policy check new.yml
    """,
    policy,
)
@click.argument("file", type=FILE, required=False)
def policy_check(chosen: Settings, file: Path | None) -> None:
    from kb.service import policy as policies

    path = file or chosen.articles.parent / PROMISES
    found, problems = policies.parse(_text(path))
    for problem in problems:
        click.echo(f"{path}:{problem.line}: {problem.message}")
    if found is None:
        raise click.exceptions.Exit(NOTHING)
    sets = listed(f"{name} ({len(promises)})" for name, promises in found.promises.items())
    note(say("没有问题；承诺：{sets}", "no problems; promises: {sets}", sets=sets))


@command(
    """演习：按这份承诺，未关的与上个季度的服务单会怎样。什么都不改。

    \b
    例：kb policy try 新.yml
        kb policy try 新.yml --days 365
    """,
    """A rehearsal: what would become of open cases and last quarter's under these promises. Nothing is changed.

    \b
    Example: kb policy try new.yml
             kb policy try new.yml --days 365
    """,
    policy,
)
@click.argument("file", type=FILE)
@click.option("--days", type=click.IntRange(1, 3650), default=QUARTER, help=say("多少天以来的", "of so many days"))
@json_option
def policy_try(chosen: Settings, file: Path, days: int, as_json: bool) -> None:
    from kb.service import policy as policies
    from kb.service.rehearsal import rehearse

    cases = opened(chosen)
    now = datetime.now(UTC)
    tried = policies.read(_text(file), str(file))
    found = rehearse(((c.now.number, c.log, c.policy) for c in cases.logs(now - timedelta(days=days))), tried, now)
    if as_json:
        shares = {name: [k._asdict() | {"share": k.share} for k in sides] for name, sides in found.shares.items()}
        moved = plain([m._asdict() for m in found.moved])
        print_json({"cases": found.cases, "shares": shares, "moved": moved})
        return
    for name, sides in found.shares.items():
        click.echo(f"{clock_name(name)}  {share(sides.before)} -> {share(sides.after)}")
    for m in found.moved:
        before, after = (stamp(t, cases.policy.zone) for t in (m.before, m.after))
        click.echo(f"{m.number}  {clock_name(m.clock)}  {before} -> {after}")
    note(
        say(
            "看了 {n} 个服务单，{moved} 个到期时间会变；什么都没有改",
            "{n} cases, {moved} due times would change; nothing was changed",
            n=found.cases,
            moved=len(found.moved),
        )
    )


@command(
    """让没有关闭的服务单改用现行的承诺；每个单里留一条记录。新单不用，总是按现行的。

    \b
    例：kb policy adopt
    """,
    """Move the cases that are not closed on to the promises in force, each by an entry. New cases have them anyway.

    \b
    Example: kb policy adopt
    """,
    policy,
)
@click.option("--by", default="", help=say("谁决定的，默认是运行命令的用户", "who decided it, by default you"))
def policy_adopt(chosen: Settings, by: str) -> None:
    from kb.service.cases import Author

    moved = opened(chosen).adopt(Author(by or you(), Role.LEAD))
    for number in moved:
        click.echo(number)
    note(say("{n} 个服务单改用了现行的承诺", "{n} cases moved on to the promises in force", n=len(moved)))


@command(
    """一年的工作日：每月几天，哪些日子放假、哪些周末上班。还没有公布的年份是暂定的。

    \b
    例：kb workdays 2027
        kb workdays 2026 --calendar office
    """,
    """The working days of a year: how many a month, which are off, which weekends are worked. A year that nobody has
    announced is provisional.

    \b
    Example: kb workdays 2027
             kb workdays 2026 --calendar office
    """,
)
@click.argument("year", type=click.IntRange(1970, 2200))
@click.option("--calendar", default="", help=say("哪个日历，默认第一个", "which calendar, by default the first"))
@json_option
def workdays(chosen: Settings, year: int, calendar: str, as_json: bool) -> None:
    from kb.service.days import statutory
    from kb.service.reckoning import working_time, years_of

    promises = opened(chosen).policy
    name = calendar or next(iter(promises.calendars))
    if name not in promises.calendars:
        raise InputError(
            say("没有日历 '{name}'（有：{known}）", "there is no calendar '{name}' ({known})",
                name=name, known=", ".join(promises.calendars))
        )  # fmt: skip
    known = years_of(promises.days, statutory)(year)
    worked = [day for day, _ in working_time(promises, name).worked(year)]
    months = [sum(day.month == month for day in worked) for month in range(1, 13)]
    if as_json:
        special = {name: sorted(days) for name, days in (("closed", known.closed), ("opened", known.opened))}
        print_json(plain({"year": year, "announced": known.announced, "months": months, **special}))
        return
    for month, count in enumerate(months, 1):
        off, on = (_days(month, days) for days in (known.closed, known.opened))
        click.echo(f"{year}-{month:02}  {count:>2}" + (say("  放假 ", "  off ") + off if off else "")
                   + (say("  上班 ", "  worked ") + on if on else ""))  # fmt: skip
    click.echo(say("共 {n} 天", "{n} days in all", n=len(worked)))
    if not known.announced:
        note(
            say(
                "暂定：这一年的放假安排还没有公布；公布后写进 service.yml 的 days，或升级故知",
                "provisional: the days off of this year are not announced yet; once they are, write them into days of "
                "service.yml, or update Guzhi",
            )
        )


def _days(month: int, days: "frozenset[date]") -> str:
    return " ".join(f"{d.day}" for d in sorted(days) if d.month == month)


def _text(path: Path) -> str:
    try:
        return path.read_text("utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(say("{path}：读不了：{error}", "{path}: can't be read: {error}", path=path, error=error))
