"""This module answers which teams there are, and what they look after: team."""

from typing import Any

import click

from kb.cli.common import NOTHING, cli, command, json_option, note, print_json, you
from kb.language import say
from kb.settings import Settings

team = click.Group(
    "team",
    help=say(
        """团队：负责哪些领域与产品，有哪些人。文章写 audience: team:名字，只有团队的人和负责人看得到。

        \b
        例：kb team add 网络组 --area network
            kb team member 网络组 zhang.san
            kb team list
        """,
        """Teams: which areas and products they look after, and who belongs to them. An article with
        audience: team:NAME is seen by its members and by leads alone.

        \b
        Example: kb team add network --area network
                 kb team member network zhang.san
                 kb team list
        """,
    ),
)
cli.add_command(team)


def _teams(chosen: Settings) -> Any:
    from kb.database.connection import Store
    from kb.people.teams import Teams

    return Teams(Store(chosen.database))


@command(
    """添加一个团队，或重新说明它负责什么；它负责的文章待审时，通知它的人。

    \b
    例：kb team add 网络组 --area network --product "H3C S5130"
    """,
    """Add a team, or say anew what it looks after: its members hear when such an article waits for review.

    \b
    Example: kb team add network --area network --product "H3C S5130"
    """,
    team,
)
@click.argument("name")
@click.option("--area", "areas", multiple=True, help=say("负责的领域，可多次", "an area; may be repeated"))
@click.option("--product", "products", multiple=True, help=say("负责的产品，可多次", "a product; may be repeated"))
def team_add(chosen: Settings, name: str, areas: tuple[str, ...], products: tuple[str, ...]) -> None:
    from kb.labels import value_of

    _teams(chosen).set(name, [value_of("area", area) for area in areas], products, you())
    click.echo(say("团队 {name} 已记下", "the team {name} is noted", name=name))


@command(
    """列出所有团队：名字、领域、产品、成员。没有时退出码为 1。

    \b
    例：kb team list
    """,
    """List all teams: name, areas, products, members. Exits 1 when there is none.

    \b
    Example: kb team list
    """,
    team,
)
@json_option
def team_list(chosen: Settings, as_json: bool) -> None:
    found = _teams(chosen).all()
    if as_json:
        print_json([t._asdict() for t in found])
    for t in found if not as_json else ():
        click.echo("\t".join((t.name, ", ".join(t.areas), ", ".join(t.products), ", ".join(t.members))).rstrip())
    if not found:
        note(say("还没有团队", "there are no teams"))
        raise click.exceptions.Exit(NOTHING)


@command(
    """让一些人加入团队，或用 --leave 离开。

    \b
    例：kb team member 网络组 zhang.san li.si
        kb team member 网络组 li.si --leave
    """,
    """Let people join a team, or leave it by --leave.

    \b
    Example: kb team member network zhang.san li.si
             kb team member network li.si --leave
    """,
    team,
)
@click.argument("name")
@click.argument("logins", nargs=-1, required=True, metavar="LOGIN...")
@click.option("--leave", is_flag=True, help=say("离开", "leave it"))
def team_member(chosen: Settings, name: str, logins: tuple[str, ...], leave: bool) -> None:
    from kb.database.connection import Store
    from kb.people.accounts import People
    from kb.people.teams import checked_name

    people, name = People(Store(chosen.database)), checked_name(name)
    for login in logins:
        others = [t for t in people.named(login).teams if t != name]
        people.set_teams(login, others if leave else [*others, name], you())
        click.echo(f"{login}\t{', '.join(people.named(login).teams)}".rstrip())


@command(
    """撤销一个团队；写着它的文章从此只有负责人看得到，直到有人改。

    \b
    例：kb team remove 网络组
    """,
    """Remove a team; articles that name it are seen by leads alone until somebody changes them.

    \b
    Example: kb team remove network
    """,
    team,
)
@click.argument("name")
def team_remove(chosen: Settings, name: str) -> None:
    _teams(chosen).remove(name, you())
    click.echo(say("已撤销团队 {name}", "the team {name} is removed", name=name))
