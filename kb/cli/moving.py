"""This module is move: a base goes over to another engine."""

from collections.abc import Sequence

import click

from kb.cli.common import NOTHING, command, json_option, print_json
from kb.language import say
from kb.settings import Settings


@command(
    """把知识库搬到另一个引擎，并核对：篇数、每篇的摘要、必中查询在两边的名次。有不同时退出码为 1。

    \b
    原来的引擎不动；核对无误后，在 kb.toml 里改 engine，再重启网站。
    例：kb move --to opensearch
        kb move --to embedded
    """,
    """Carry the base over to another engine, and compare: how many articles, the digest of each, the places of the
    golden queries on both. Exits 1 when something differs.

    \b
    The engine before stays as it is; once all is well, change engine in kb.toml and start the site again.
    Example: kb move --to opensearch
             kb move --to embedded
    """,
)
@click.option(
    "--to", required=True, type=click.Choice(["opensearch", "embedded"]), help=say("搬到哪里", "where it goes to")
)
@json_option
def move(chosen: Settings, to: str, as_json: bool) -> None:
    from kb.desk.moving import move as carry_over

    moved = carry_over(chosen, to)
    if as_json:
        print_json({**vars(moved), "whole": moved.whole})
    else:
        click.echo(
            say(
                "{to}：{articles} 篇，{passages} 段；必中查询 {golden} 条",
                "{to}: {articles} articles, {passages} passages; {golden} golden queries",
                to=to,
                articles=moved.articles,
                passages=moved.passages,
                golden=moved.golden,
            )
        )
        _tell(say("缺少", "missing"), moved.missing)
        _tell(say("不一样", "different"), moved.others)
        _tell(say("名次下降的必中查询", "golden queries that fell"), moved.fallen)
        if moved.whole:
            click.echo(
                say(
                    '两边一样。在 kb.toml 里写 engine = "{to}"，再重启网站',
                    'Both are the same. Write engine = "{to}" into kb.toml, and start the site again',
                    to=to,
                )
            )
    if not moved.whole:
        raise click.exceptions.Exit(NOTHING)


def _tell(what: str, found: Sequence[str]) -> None:
    from kb.desk.moving import SHOWN

    if found:
        click.echo(say("{what}（{n}）：", "{what} ({n}): ", what=what, n=len(found)) + ", ".join(found[:SHOWN]))
