"""This module answers how articles go where there is no network: pack."""

import re
from collections.abc import Sequence
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING

import click

from kb.cli.common import FILE, NOTHING, command, filter_options, note, open_engine
from kb.labels import label
from kb.language import current, say
from kb.model import Article, Query
from kb.model.sight import INTERNAL, PUBLIC, Sight
from kb.settings import Settings

if TYPE_CHECKING:
    from kb.search.engine import Engine


@command(
    """把文章打包成一个 HTML 文件，自带搜索，拷进 U 盘，没有网络也能用。

    不写编号和词时，收入全部已发布的文章。只收公开的，给客户也放心；内部的要说明：--audience internal。

    \b
    例：kb pack
        kb pack --audience internal
        kb pack KB-000012 KB-000077 -o 带去机房.html
        kb pack 打印机 卡纸
        kb pack --area printer --product "HP LaserJet P3015"
        kb pack --case 137                          一单的现场包：设备历史、方案、清单、签字，填的由 kb case read 读回
    """,
    """Pack articles into one HTML file with a search of its own, for a stick and a room without a network.

    Without numbers or words all published articles are packed. Only public ones, fit for customers; internal
    ones when it is said: --audience internal.

    \b
    Example: kb pack
             kb pack --audience internal
             kb pack KB-000012 KB-000077 -o site-visit.html
             kb pack printer jam
             kb pack --area printer --product "HP LaserJet P3015"
             kb pack --case 137
    """,
)
@click.argument("words", nargs=-1, metavar="[NUMBER|WORD]...")
@click.option("-o", "--output", type=FILE, metavar="FILE", help=say("写到哪里", "where to write it"))
@click.option("--case", "case", default="", help=say("这一单的现场包", "the field pack of this case"))
@filter_options
def pack(chosen: Settings, words: Sequence[str], output: Path | None, case: str, **filters: tuple[str, ...]) -> None:
    if case:
        _field_pack(chosen, case, output)
        return
    from kb.articles.atomic import save
    from kb.desk.pack import pack as packed
    from kb.people.teams import checked_audience

    named = [checked_audience(chosen, value) for value in filters.pop("audience")]
    audiences = tuple(dict.fromkeys((PUBLIC, *([INTERNAL] if set(named) - {PUBLIC} else []), *named)))
    told = say("、", ", ").join(label("audience", value) for value in audiences)
    engine = open_engine(chosen).seen_by(Sight(audiences=frozenset(audiences)))
    try:
        articles = _articles(engine, words, filters)
    finally:
        if INTERNAL not in audiences:
            note(
                say(
                    "只收公开的文章；内部的要写 --audience internal",
                    "public articles alone; for internal ones say --audience internal",
                )
            )
    if not articles:
        note(say("没有符合的文章", "no article matches"))
        raise click.exceptions.Exit(NOTHING)
    path = output or Path(f"guzhi-{date.today()}.html")
    text = packed(engine, chosen, articles, current())
    save(path, text)
    click.echo(path)
    size = len(text.encode()) / 1e6
    note(
        say(
            "{n} 篇，{size:.1f} MB，收的是：{told}",
            "{n} articles, {size:.1f} MB, of these: {told}",
            n=len(articles),
            size=size,
            told=told,
        )
    )


def _field_pack(chosen: Settings, number: str, output: Path | None) -> None:
    """The field pack of a case."""
    from kb.articles.atomic import save
    from kb.database.connection import Store
    from kb.service import cases, files
    from kb.service.fieldpack import field_pack
    from kb.service.wording import attached

    store = Store(chosen.database)
    desk = cases.opened(chosen, store)
    digests = [digest for event in desk.find(number).log for digest in attached(event)]
    texts = {digest: kept.text for digest, kept in files.opened(chosen, store).of(digests).items()}
    found, text = field_pack(desk, store, open_engine(chosen), chosen, number, current(), texts)
    path = output or Path(f"guzhi-field-{found}.html")
    save(path, text)
    click.echo(path)


_NUMBER = re.compile(r"KB-\d+", re.IGNORECASE)


def _articles(engine: "Engine", words: Sequence[str], filters: dict[str, tuple[str, ...]]) -> list[Article]:
    """The articles named by their numbers, or else of all that a search finds."""
    from kb.desk.pack import found
    from kb.labels import value_of

    if words and all(map(_NUMBER.fullmatch, words)) and not any(filters.values()):
        return [engine.article(word) for word in words]
    accepted = {k: tuple(value_of(k, v) for v in values) for k, values in filters.items() if values}
    accepted.setdefault("status", ("published",))
    return found(engine, Query(" ".join(words), accepted))
