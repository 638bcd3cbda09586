"""This module answers which articles there are on something, and what one says: search, show."""

from collections.abc import Sequence
from datetime import datetime

import click

from kb.cli.common import (
    NOTHING,
    colon,
    command,
    exact_option,
    filter_options,
    json_option,
    listed,
    note,
    open_engine,
    print_json,
)
from kb.cli.printing import print_corrections, print_hit, print_matches, print_snippet
from kb.errors import NotFoundError
from kb.labels import label
from kb.language import say
from kb.model import SORTS, Query
from kb.settings import Settings


@command(
    """搜索文章。词之间是“并且”；支持 "短语"、字段:值、-排除、OR、前缀*、(分组)。

    \b
    例：kb search 打印机 卡纸
        kb search ORA-01653 -n 3 --why
        kb search '"网口灯不亮" area:network -cause:hardware'
        kb search 'created:2026-01..2026-06 severity:P1' --sort updated
    """,
    """Search articles. Words are joined by AND; also "phrases", field:value, -not, OR, prefix*, (groups).

    \b
    Example: kb search printer jam
             kb search ORA-01653 -n 3 --why
             kb search '"link light off" area:network -cause:hardware'
             kb search 'created:2026-01..2026-06 severity:P1' --sort updated
    """,
)
@click.argument("words", nargs=-1, required=True)
@click.option("-n", "--number", default=10, type=click.IntRange(1, 100), help=say("显示几篇", "how many to show"))
@click.option("--page", default=1, type=click.IntRange(1), help=say("第几页", "which page"))
@click.option("--sort", type=click.Choice(SORTS), default="relevance", help=say("排序", "in which order"))
@click.option("--after", type=click.DateTime(["%Y-%m-%d"]), help=say("更新不早于", "updated on or after"))
@click.option("--before", type=click.DateTime(["%Y-%m-%d"]), help=say("更新不晚于", "updated on or before"))
@exact_option
@click.option("--why", is_flag=True, help=say("显示匹配的词和得分", "show matched words and score parts"))
@filter_options
@json_option
def search(
    chosen: Settings,
    words: Sequence[str],
    number: int,
    page: int,
    sort: str,
    after: datetime | None,
    before: datetime | None,
    exact: bool,
    why: bool,
    as_json: bool,
    **filters: tuple[str, ...],
) -> None:
    from kb.labels import value_of

    accepted = {k: tuple(value_of(k, v) for v in values) for k, values in filters.items() if values}
    query = Query(
        " ".join(words),
        accepted,
        after.date() if after else None,
        before.date() if before else None,
        sort,
        page,
        number,
        exact,
    )
    found = open_engine(chosen).search(query, _uses(chosen) if sort == "used" else {})
    if as_json:
        from kb.desk.answers import Results  # pydantic costs a tenth of a second

        print_json(Results.of(found).data())
    else:
        for said in found.notes:
            note(said)
        print_corrections(found.corrections)
        if found.widened:
            note(say("部分匹配：不要求每个词都有", "partial matches: not every word is required"))
        for i, hit in enumerate(found.hits, number * (page - 1) + 1):
            print_hit(i, hit.article, hit.title, hit.score)
            print_snippet(hit.heading, hit.snippet)
            if why:
                print_matches(hit.matches)
        if found.suggestion:
            note(say("您要找的是不是：{better}", "did you mean: {better}", better=found.suggestion))
        if not found.total and found.hidden:
            note(say("筛选条件挡住了 {n} 篇", "{n} articles are hidden by the filters", n=found.hidden))
        note(say("{n} 篇，{ms:.0f} 毫秒", "{n} articles, {ms:.0f} ms", n=found.total, ms=found.milliseconds))
    if not found.total:
        raise click.exceptions.Exit(NOTHING)


def _uses(chosen: Settings) -> dict[str, int]:
    from kb.database.activity import Feedback  # the database's packages cost more than a search
    from kb.database.connection import Store

    return Feedback(Store(chosen.database), chosen.log_days).most_helpful()


@command(
    """显示一篇文章。

    \b
    例：kb show KB-000022
        kb show KB-000022 --json
    """,
    """Show one article.

    \b
    Example: kb show KB-000022
             kb show KB-000022 --json
    """,
)
@click.argument("name")
@json_option
def show(chosen: Settings, name: str, as_json: bool) -> None:
    from kb.desk import answers

    engine = open_engine(chosen)
    try:
        article = engine.article(name)
    except NotFoundError as error:
        note(str(error))
        raise click.exceptions.Exit(NOTHING)
    body = engine.body(article)
    if as_json:
        print_json(answers.Article.of(article, body).data())
        return
    click.echo(click.style(f"{article.id}  {article.title}", bold=True))
    for key, value in answers.Facts.model_validate(article).data().items():
        if value and key not in ("id", "title"):
            group = label("facet", key)
            click.echo(group + colon() + (listed(value) if isinstance(value, list) else label(key, value)))
    click.echo("\n" + body)
