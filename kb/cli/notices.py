"""This module tells what waits to be told, and has it told: outbox, tick."""

import click

from kb.cli.common import NOTHING, command, json_option, note, print_json
from kb.language import say
from kb.settings import Settings


@command(
    """每分钟该做的事：发到期的通知与邮件，提醒快到期的承诺与要复核的文章，没有回音的服务单到期关闭。

    网站运行时自己每分钟做一次；不开网站时由 cron 运行。做几次、几个一起做，都只发一次。

    \b
    例：kb tick
        * * * * *  cd /srv/kb && kb tick        （cron）
    """,
    """What is done each minute: send notices and mail that are due, warn of promises and reviews, close cases that
    nobody answers.

    A running site does it by itself; cron does where there is none. However often, and by however many at once,
    everything is sent once.

    \b
    Example: kb tick
             * * * * *  cd /srv/kb && kb tick        (cron)
    """,
)
@json_option
def tick(chosen: Settings, as_json: bool) -> None:
    from kb.keeping.tick import Ticker

    done = Ticker(chosen).tick()
    if as_json:
        print_json(done._asdict())
        return
    note(
        say(
            "新通知 {told} 条，发出 {sent} 条，没送到 {failed} 条，关闭服务单 {done} 个",
            "{told} new messages, {sent} sent, {failed} not taken, {done} cases closed",
            **done._asdict(),
        )
    )


@command(
    """还没有发出的通知与邮件，没送到的在前；--retry 让没送到的马上再发一次。没有时退出码为 1。

    \b
    例：kb outbox
        kb outbox --retry
    """,
    """Notices and mail that were not sent yet, first those that failed; --retry has those tried again at once. Exits 1
    when there are none.

    \b
    Example: kb outbox
             kb outbox --retry
    """,
)
@click.option("--retry", is_flag=True, help=say("没送到的再发一次", "have those that failed tried again"))
@json_option
def outbox(chosen: Settings, retry: bool, as_json: bool) -> None:
    from kb.database.connection import Store
    from kb.notices.outbox import Outbox

    kept = Outbox(Store(chosen.database))
    if retry:
        note(say("{n} 条会再发一次（kb tick）", "{n} will be tried again (kb tick)", n=kept.retry()))
    unsent = kept.unsent()
    if as_json:
        fields = ("key", "channel", "tries", "error")
        print_json([{**{f: getattr(m, f) for f in fields}, "not_before": m.not_before.isoformat()} for m in unsent])
    for m in unsent if not as_json else ():
        click.echo(f"{m.not_before.astimezone():%Y-%m-%d %H:%M}  {m.channel}  {m.tries}  {m.key}  {m.error}".rstrip())
    if not unsent:
        note(say("没有等着发的", "nothing waits to be sent"))
        raise click.exceptions.Exit(NOTHING)
