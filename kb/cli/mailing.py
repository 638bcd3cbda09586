"""This module takes mail in: mail."""

import sys
from typing import TYPE_CHECKING

import click

from kb.cli.common import NOTHING, command, json_option, note, one_line, print_json
from kb.errors import InputError
from kb.language import say
from kb.settings import Settings

if TYPE_CHECKING:
    from kb.service.incoming import Incoming, Taken


@command(
    """收信：每封信成为服务单的一条记录，或一个新单；同一封读几次都只记一次。

    “-”读标准输入里的一封（邮件服务器可以直接转过来）；--imap 读收信服务器上没读过的，读完才标为已读。
    自动回复、退信、群发不开单、不重开，也不回复；一小时内来信太多的发件人，他的信先留着等人看（--held）。

    \b
    例：kb mail --imap
        kb mail - < 报障.eml
        kb mail --held
        kb mail --accept 3
    """,
    """Take mail in: each becomes an entry of a case, or a new case; read again, it is written once.

    "-" reads one message from standard input (a mail server may pipe it in); --imap reads what is unread on the server,
    and marks it as read afterwards. Out-of-office replies, bounces and bulk mail open, reopen and answer nothing; mail
    of senders who send very much within an hour is held until somebody looks at it (--held).

    \b
    Example: kb mail --imap
             kb mail - < report.eml
             kb mail --held
             kb mail --accept 3
    """,
)
@click.argument("source", required=False)
@click.option("--imap", is_flag=True, help=say("从收信服务器读", "fetch from the server"))
@click.option("--held", is_flag=True, help=say("列出留着等人看的信", "list the mails that are held"))
@click.option("--show", type=int, metavar="N", help=say("显示留着的第 N 封", "show the held mail N"))
@click.option("--accept", type=int, metavar="N", help=say("收下留着的第 N 封", "take the held mail N"))
@click.option("--drop", type=int, metavar="N", help=say("丢掉留着的第 N 封", "drop the held mail N"))
@json_option
def mail(
    chosen: Settings,
    source: str | None,
    imap: bool,
    held: bool,
    show: int | None,
    accept: int | None,
    drop: int | None,
    as_json: bool,
) -> None:
    from kb.database.connection import Store
    from kb.service import cases, files
    from kb.service.incoming import MAX_BYTES, Incoming
    from kb.service.mailbox import fetch

    store = Store(chosen.database)
    incoming = Incoming(cases.opened(chosen, store), store, files.opened(chosen, store))
    if held:
        _print_held(incoming, as_json)
    elif show is not None:
        click.echo(incoming.text(show))
    elif drop is not None:
        incoming.drop(drop)
    elif accept is not None:
        _print_taken(incoming.accept(accept), as_json)
    elif imap:
        n = fetch(chosen, incoming.take)
        note(say("收了 {n} 封", "{n} taken", n=n))
    elif source == "-":
        _print_taken(incoming.take(sys.stdin.buffer.read(MAX_BYTES)), as_json)
    else:
        raise InputError(say("写 - 读标准输入，或 --imap、--held", "write - for standard input, or --imap, or --held"))


def _print_taken(taken: "Taken", as_json: bool) -> None:

    if as_json:
        print_json({"fate": str(taken.fate), "number": taken.number, "opened": taken.opened})
    else:
        click.echo(f"{taken.fate}  {taken.number}".strip())


def _print_held(incoming: "Incoming", as_json: bool) -> None:

    found = incoming.held()
    if as_json:
        print_json([{**h._asdict(), "at": h.at.isoformat()} for h in found])
    for h in found if not as_json else ():
        click.echo(f"{h.id}  {h.at.astimezone():%Y-%m-%d %H:%M}  {h.fate}  {h.sender}  {one_line(h.subject)}")
    if not found:
        note(say("没有留着的信", "no mail is held"))
        raise click.exceptions.Exit(NOTHING)
