"""This module answers which programs may use the API: token."""

from typing import Any

import click

from kb.cli.common import NOTHING, cli, command, json_option, note, print_json, you
from kb.language import say
from kb.model import SCOPES, TOKEN_DAYS, TOKEN_MINUTE
from kb.settings import Settings

token = click.Group(
    "token",
    help=say(
        """程序用的令牌：调用 /api/v1 与 /retrieval 时放在 Authorization: Bearer 之后。

        \b
        例：kb token create dify
            kb token create 工单系统 --scope write
            kb token list
        """,
        """Tokens for programs: sent behind Authorization: Bearer to /api/v1 and /retrieval.

        \b
        Example: kb token create dify
                 kb token create helpdesk --scope write
                 kb token list
        """,
    ),
)
cli.add_command(token)


def _noted(chosen: Settings, action: str, what: str) -> None:
    """Tell the security log."""
    from kb.database.connection import Store
    from kb.people.journal import Journal

    Journal(Store(chosen.database)).write(action, you(), what)


def _access(chosen: Settings) -> Any:
    from kb.database.api_tokens import Access
    from kb.database.connection import Store

    return Access(Store(chosen.database))


@command(
    """发一个令牌。密文只显示这一次：库里只留摘要。

    \b
    权限：metrics 只能读监控数据（/metrics），retrieval 还能取回文本（/retrieval），
    read 还能读，write 还能写判定与文章。
    例：kb token create dify --scope retrieval --owner 张三
        kb token create 工单系统 --scope write --days 90
    """,
    """Create a token. Its secret is shown only once: Guzhi keeps a digest of it.

    \b
    Scopes: metrics reads figures for monitoring (/metrics), retrieval fetches texts (/retrieval) as well, read reads as
    well, write writes verdicts and articles as well.
    Example: kb token create dify --scope retrieval --owner "Zhang San"
             kb token create helpdesk --scope write --days 90
    """,
    token,
)
@click.argument("name")
@click.option("--scope", type=click.Choice(SCOPES), default="read", help=say("权限", "what the token allows"))
@click.option("--owner", default="", help=say("负责人，默认是运行命令的用户", "owner, by default you"))
@click.option(
    "--days", type=int, default=TOKEN_DAYS, help=say("多少天后到期，0 为不到期", "days until it expires, 0 for never")
)
@click.option(
    "--a-minute",
    type=int,
    default=TOKEN_MINUTE,
    help=say("每分钟最多多少次，0 为不限", "requests a minute at most, 0 for any number"),
)
def token_create(chosen: Settings, name: str, scope: str, owner: str, days: int, a_minute: int) -> None:
    secret = _access(chosen).create(name, scope, owner or you(), days, a_minute)
    _noted(chosen, "token_created", f"{name} ({scope})")
    note(say("令牌（只显示这一次，请妥善保存）：", "The token (shown this once, keep it safe):"))
    click.echo(secret)


@command(
    """列出令牌：权限、何时发的、何时到期、最近何时用过、每分钟的次数、名字、负责人。没有时退出码为 1。

    \b
    例：kb token list
    """,
    """List the tokens: scope, made, expires, used last, requests a minute, name, owner. Exits 1 when there are none.

    \b
    Example: kb token list
    """,
    token,
)
@json_option
def token_list(chosen: Settings, as_json: bool) -> None:
    tokens = _access(chosen).tokens()
    if as_json:
        dates = ("created", "used", "expires")
        print_json([{k: v.isoformat() if k in dates and v else v for k, v in t._asdict().items()} for t in tokens])
    for t in tokens if not as_json else ():
        used = f"{t.used.astimezone():%Y-%m-%d %H:%M}" if t.used else say("没有用过", "never used")
        until = f"{t.expires.astimezone():%Y-%m-%d}" if t.expires else say("不到期", "never")
        until += say("（已到期）", " (expired)") if t.expired else ""
        often = say("每分钟 {n} 次", "{n} a minute", n=t.a_minute) if t.a_minute else say("不限次数", "unlimited")
        owner = f"  ({t.owner})" if t.owner else ""
        click.echo(f"{t.scope:<9}  {t.created.astimezone():%Y-%m-%d} – {until}  {used:<16}  {often}  {t.name}{owner}")
    if not tokens:
        note(say("还没有令牌", "there are no tokens"))
        raise click.exceptions.Exit(NOTHING)


@command(
    """收回令牌，立即失效。

    \b
    例：kb token revoke dify
    """,
    """Revoke a token; it stops working at once.

    \b
    Example: kb token revoke dify
    """,
    token,
)
@click.argument("name")
def token_revoke(chosen: Settings, name: str) -> None:
    _access(chosen).revoke(name)
    _noted(chosen, "token_revoked", name)
    click.echo(say("已收回 {name}", "revoked {name}", name=name))
