"""This module answers why an article was not found, and what would help: why."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

import click

from kb.cli.common import (
    NOTHING,
    colon,
    command,
    filter_options,
    json_option,
    listed,
    open_engine,
    print_json,
    standard_input,
)
from kb.errors import InputError, NotFoundError
from kb.labels import label
from kb.language import say
from kb.model import Query
from kb.settings import Settings


@command(
    """为什么没找到：一篇文章被什么挡住，怎样改才找得到，改了对必中查询有什么影响。

    \b
    例：kb why 打印机 卡纸 KB-000012
        kb why '"开机报错" 打印机' KB-000012 --area printer
        kb why --suggest - KB-000057 < 报障邮件.txt
    """,
    """Why it was not found: what keeps an article away, which change brings it in, what that does to golden queries.

    \b
    Example: kb why printer jam KB-000012
             kb why '"error at start" printer' KB-000012 --area printer
             kb why --suggest - KB-000057 < mail.txt
    """,
)
@click.argument("words", nargs=-1, required=True, metavar="QUERY...")
@click.argument("article")
@click.option("--suggest", is_flag=True, help=say("按粘贴找方案，而不是搜索", "as a paste, not a search"))
@click.option("--quick", is_flag=True, help=say("不试要重建索引的改法", "skip changes that need a rebuild"))
@click.option("--after", type=click.DateTime(["%Y-%m-%d"]), help=say("更新不早于", "updated on or after"))
@click.option("--before", type=click.DateTime(["%Y-%m-%d"]), help=say("更新不晚于", "updated on or before"))
@filter_options
@json_option
def why(
    chosen: Settings,
    words: Sequence[str],
    article: str,
    suggest: bool,
    quick: bool,
    after: datetime | None,
    before: datetime | None,
    as_json: bool,
    **filters: tuple[str, ...],
) -> None:
    from kb.articles.numbering import absence
    from kb.desk.answers import Why
    from kb.desk.memory import remembered_by
    from kb.desk.paste import asked_in
    from kb.desk.what_if import rehearsed
    from kb.labels import value_of

    text = standard_input() if list(words) == ["-"] else " ".join(words)
    if not text.strip():
        raise InputError(say("没有查询", "there is no query"))
    accepted = {k: tuple(value_of(k, v) for v in values) for k, values in filters.items() if values}
    query = Query(
        text,
        accepted,
        after.date() if after else None,
        before.date() if before else None,
    )
    engine = open_engine(chosen)
    try:
        named = engine.article(article)
    except NotFoundError:
        reason = absence(chosen.articles, article, chosen.max_file_kb)
        if as_json:
            print_json({"reason": reason._asdict()})
        else:
            click.echo(reason.text)
        raise click.exceptions.Exit(NOTHING)
    mode = "suggest" if suggest else "search"
    found = engine.why(asked_in(mode, query), named, mode)
    tried = rehearsed(engine, chosen, found, builds=not quick, remembered=remembered_by(chosen, engine))
    if as_json:
        print_json(Why.of(found, tried).data())
    else:
        _print_why(found, tried)


def _print_why(found: Any, tried: Sequence[tuple[Any, Any]]) -> None:
    from kb.desk.what_if import sentence as effect_of
    from kb.search.improvements import sentence as instruction
    from kb.search.why import standing

    click.echo(click.style(f"{found.article.id}  {found.article.title}", bold=True))
    click.echo(say("原因：", "reason: ") + click.style(found.reason.text, fg="yellow"))
    click.echo(standing(found))
    click.echo(say("查询的词：", "words of the query:"))
    for word in found.words:
        where = f"{word.written} ({label('field', word.field)})" if word.written else ""
        cut = "" if word.cut == (word.text.lower(),) else f" [{' | '.join(word.cut)}]"
        score = f"{word.score:.1f}" if word.score else ""
        click.echo("    " + "  ".join(x for x in (word.text + cut, label("how", word.how), where, score) if x))
    click.echo(say("文章的词：", "words of the article:"))
    for stream in found.streams:
        tokens = (click.style(t, fg="yellow", bold=True) if hit else t for t, hit in stream.tokens)
        click.echo(f"    {label('field', stream.field)}{colon()}" + " | ".join(" ".join(t.split()) for t in tokens))
    if found.rival:
        rival = found.rival
        click.echo(say("排第一的：", "first: ") + f"{rival.article.id}  {rival.article.title}  {rival.score:.2f}")
        edges = (f"{e.word} {e.theirs:.1f} > {e.ours:.1f}" for e in rival.edges)
        click.echo("    " + listed(edges))
    if tried:
        click.echo(say("可以这样改：", "what would help:"))
    for change, effect in tried:
        click.echo("  • " + instruction(change, found))
        click.echo("      " + click.style(effect_of(effect), dim=True))
