"""This module answers who works with the site, and what is kept of one of them: person, forget."""

from typing import Any

import click

from kb.cli.common import NOTHING, cli, command, json_option, note, print_json, you
from kb.errors import InputError
from kb.language import say
from kb.people.roles import ROLES, role_name
from kb.settings import Settings

person = click.Group(
    "person",
    help=say(
        """账号：谁能登录网站，能做什么。

        \b
        例：kb person add zhang.san --name 张三 --role engineer
            kb person list
            kb person role zhang.san writer
        """,
        """Accounts: who may sign in to the site, and do what.

        \b
        Example: kb person add zhang.san --name "Zhang San" --role engineer
                 kb person list
                 kb person role zhang.san writer
        """,
    ),
)
cli.add_command(person)


def _people(chosen: Settings) -> Any:
    from kb.database.connection import Store
    from kb.people.accounts import People

    return People(Store(chosen.database))


def _link(chosen: Settings, secret: str) -> None:
    note(
        say(
            "请把这个链接交给本人，用它设置密码（只显示这一次，用一次就作废；开头的地址按 site_names 写）：",
            "Give this link to the person: it sets the password (shown this once, good once; its address is the one of "
            "site_names):",
        )
    )
    click.echo(f"{chosen.address}/welcome/{secret}")


@command(
    """添加一个人，得到一个设置密码的链接。

    \b
    角色，后面的包含前面的：reader 读者，agent 客服，engineer 工程师，writer 编写人，lead 负责人，
    administrator 管理员。
    例：kb person add zhang.san --name 张三 --role engineer
    """,
    """Add somebody; prints a link by which they choose a password.

    \b
    Roles, each with all before it: reader, agent, engineer, writer, lead, administrator.
    Example: kb person add zhang.san --name "Zhang San" --role engineer
    """,
    person,
)
@click.argument("login")
@click.option(
    "--name", default="", help=say("显示的名字，默认同登录名", "the name that is shown; the login by default")
)
@click.option("--role", type=click.Choice(ROLES), default="reader", help=say("角色", "the role"))
@click.option("--team", "teams", multiple=True, help=say("所在团队，可多次", "a team they belong to; may be repeated"))
def person_add(chosen: Settings, login: str, name: str, role: str, teams: tuple[str, ...]) -> None:
    _link(chosen, _people(chosen).add(login, name, role, you(), teams))


@command(
    """列出所有人：角色、登录名、名字、团队、状态。没有时退出码为 1。

    \b
    例：kb person list
    """,
    """List everybody: role, login, name, teams, state. Exits 1 when there is nobody.

    \b
    Example: kb person list
    """,
    person,
)
@json_option
def person_list(chosen: Settings, as_json: bool) -> None:
    people = _people(chosen).all()
    if as_json:
        print_json([{**p._asdict(), "invited": p.invited, "created": p.created.isoformat()} for p in people])
    for p in people if not as_json else ():
        state = say("已停用", "disabled") if not p.active else say("未设密码", "no password yet") if p.invited else ""
        state += say(" 公司账号", " company account") if p.vouched else ""
        state += say(" 两步验证", " two-step") if p.second_factor else ""
        click.echo(f"{role_name(p.role)}\t{p.login}\t{p.name}\t{', '.join(p.teams)}\t{state}".rstrip())
    if not people:
        note(say("还没有人；网站只能在本机用", "there is nobody; the site is for this machine alone"))
        raise click.exceptions.Exit(NOTHING)


@command(
    """改一个人的角色；下一次点击就生效。

    \b
    例：kb person role zhang.san writer
    """,
    """Change somebody's role; it holds from their next click.

    \b
    Example: kb person role zhang.san writer
    """,
    person,
)
@click.argument("login")
@click.argument("role", type=click.Choice(ROLES))
def person_role(chosen: Settings, login: str, role: str) -> None:
    _people(chosen).set_role(login, role, you())
    click.echo(say("{login} 现在是{role}", "{login} is now {role}", login=login, role=role_name(role)))


@command(
    """发一个重新设置密码的链接；设好后，两步验证与所有登录都要重来。

    \b
    例：kb person reset zhang.san
    """,
    """Make a link to choose another password; with it two-step sign-in and all sessions begin anew.

    \b
    Example: kb person reset zhang.san
    """,
    person,
)
@click.argument("login")
def person_reset(chosen: Settings, login: str) -> None:
    _link(chosen, _people(chosen).reset(login, you()))


@command(
    """一个人怎样收通知：邮件地址、聊天地址，每种通知马上（now）、每天汇总（daily）还是不要（never）。

    \b
    种类：review_wanted 送审，review_due 该复核，unhelpful 文章没用，mention 提到团队，case 服务单。
    例：kb person notify zhang.san --mail zhang@example.com --set unhelpful=now --set review_due=never
        kb person notify zhang.san --url dingtalk://令牌
    """,
    """How somebody is told: a mail address, the address of a chat, and each kind of notice at once (now), once a day
    (daily) or not at all (never).

    \b
    Kinds: review_wanted, review_due, unhelpful (articles), mention (of a team), case.
    Example: kb person notify zhang.san --mail zhang@example.com --set unhelpful=now --set review_due=never
             kb person notify zhang.san --url dingtalk://token
    """,
    person,
)
@click.argument("login")
@click.option("--mail", help=say("邮件地址，空为不发", "the mail address, empty for none"))
@click.option("--url", help=say("聊天地址，空为不发", "the address of a chat, empty for none"))
@click.option("--set", "sets", multiple=True, metavar="KIND=WHEN", help=say("哪种通知何时发", "when a kind is told"))
def person_notify(chosen: Settings, login: str, mail: str | None, url: str | None, sets: tuple[str, ...]) -> None:
    from kb.database.connection import Store
    from kb.notices.wishes import KINDS, Wishes

    chosen_ones = dict(pair.partition("=")[::2] for pair in sets)
    wish = Wishes(Store(chosen.database)).change(login, mail, url, **chosen_ones)
    click.echo(f"mail\t{wish.mail or '–'}\nurl\t{wish.url or '–'}")
    for kind, told in KINDS.items():
        click.echo(f"{kind}\t{wish.when(kind)}\t{say(told.zh, told.en)}")


@command(
    """停用一个账号，立即退出所有登录；写过的都还在。--undo 恢复。

    \b
    例：kb person disable zhang.san
    """,
    """Let somebody in no more; all their sessions end, what they wrote stays. --undo lets them in again.

    \b
    Example: kb person disable zhang.san
    """,
    person,
)
@click.argument("login")
@click.option("--undo", is_flag=True, help=say("恢复", "let them in again"))
def person_disable(chosen: Settings, login: str, undo: bool) -> None:
    people = _people(chosen)
    if undo:
        people.enable(login, you())
        click.echo(say("已恢复 {login}", "{login} may come in again", login=login))
    else:
        people.disable(login, you())
        click.echo(say("已停用 {login}", "{login} is disabled", login=login))


@command(
    """显示一个人留下的数据；加 --yes 才移除。

    \b
    名字是登录名；没有账号的，是文章历史里的名字。搜索、评价、草稿、登录、令牌和账号本身会删除；
    文章的版本、工单、安全记录留下，名字换成“前编辑”或一个编号。git 里的署名不动，见手册“安装与运维”。
    例：kb forget wang.wu
        kb forget wang.wu --yes
        kb forget --contact 李女士
    """,
    """Show what is kept of one person; it is removed only with --yes.

    \b
    The name is a login, or without an account the name in the history of articles. Searches, verdicts, drafts,
    sessions, tokens and the account itself are deleted; versions of articles, cases and the security log stay under
    "former editor", or a number. Authors in git stay as they are: see the manual, running it.
    Example: kb forget wang.wu
             kb forget wang.wu --yes
             kb forget --contact "Ms Li"
    """,
)
@click.argument("name", default="")
@click.option(
    "--contact", default="", help=say("一个客户联系人，从工单里移除", "a customer's contact, taken out of cases")
)
@click.option("--yes", is_flag=True, help=say("移除，不能撤销", "remove it; there is no way back"))
@json_option
def forget(chosen: Settings, name: str, contact: str, yes: bool, as_json: bool) -> None:
    from kb.database.connection import Store
    from kb.people.forgetting import Forgetting

    if bool(name) == bool(contact):
        raise InputError(
            say(
                "写一个名字，或 --contact 联系人：kb forget wang.wu",
                "give a name, or --contact CONTACT: kb forget wang.wu",
            )
        )
    known = Forgetting(Store(chosen.database))
    if yes:
        found = known.forget_person(name, you()) if name else known.forget_contact(contact, you())
    else:
        found = known.of_person(name) if name else known.of_contact(contact)
    if as_json:
        print_json([kept._asdict() for kept in found])
    for kept in found if not as_json else ():
        fate = say("删除", "goes") if kept.goes else say("留下，去掉名字", "stays without the name")
        click.echo(f"{kept.rows}\t{kept.called}\t{fate}")
        for line in kept.newest if not yes else ():
            click.echo(f"\t  {line}")
    if yes:
        note(say("已移除", "removed"))
    else:
        note(say("什么都没有改；加 --yes 移除", "nothing was changed; remove it with --yes"))
