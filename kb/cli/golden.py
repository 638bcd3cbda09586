"""This module answers how a query is written down that has to be found: golden."""

from collections.abc import Sequence
from pathlib import Path

import click

from kb.cli.common import FILE, cli, command, note, open_engine, standard_input
from kb.errors import InputError, NotFoundError
from kb.language import say
from kb.settings import Settings

golden = click.Group(
    "golden",
    help=say(
        """必中查询：某个查询必须找到某篇文章，记在 articles/golden.yml，由 kb eval 运行。

        \b
        例：kb golden add 打印机 49.4C02 KB-000012
            kb golden promote 判定.jsonl
        """,
        """Golden queries: this query has to find that article. Kept in articles/golden.yml, run by kb eval.

        \b
        Example: kb golden add printer 49.4C02 KB-000012
                 kb golden promote verdicts.jsonl
        """,
    ),
)
cli.add_command(golden)


@command(
    """记下一条必中查询；客户数据会被遮去。- 表示从标准输入读。

    \b
    例：kb golden add 打印机 49.4C02 KB-000012
        kb golden add --suggest - KB-000077 < 报障邮件.txt
    """,
    """Add a golden query; customer data is masked. - reads standard input.

    \b
    Example: kb golden add printer 49.4C02 KB-000012
             kb golden add --suggest - KB-000077 < mail.txt
    """,
    golden,
)
@click.argument("words", nargs=-1, required=True, metavar="QUERY...")
@click.argument("article")
@click.option("--suggest", is_flag=True, help=say("作为粘贴的描述，而不是搜索", "as a paste, not a search"))
@click.option(
    "--within", default=3, type=click.IntRange(1, 10), help=say("第几名以内算合格", "the lowest rank that passes")
)
def golden_add(chosen: Settings, words: Sequence[str], article: str, suggest: bool, within: int) -> None:
    from kb.articles import golden as golden_file
    from kb.articles.atomic import read_text, save
    from kb.privacy import masked

    engine = open_engine(chosen)
    number = engine.article(article).id
    text = standard_input() if list(words) == ["-"] else " ".join(words)
    if not text.strip():
        raise InputError(say("没有内容", "no text was given"))
    entry = golden_file.Golden(masked(text).strip(), (number,), "suggest" if suggest else "search", within)
    path = chosen.articles / golden_file.FILE
    save(path, golden_file.added(read_text(path), [entry]))
    click.echo(path)


@command(
    """把判定记录里“有效”（helpful）的收为必中查询，按粘贴找方案；已有的跳过，客户数据遮去。

    \b
    例：kb golden promote 判定.jsonl       # 每行：{"text": …, "article": …, "verdict": "helpful"}
    """,
    """Take what was judged helpful as golden queries, as pastes; known ones are skipped, customer data is masked.

    \b
    Example: kb golden promote verdicts.jsonl       # lines: {"text": ..., "article": ..., "verdict": "helpful"}
    """,
    golden,
)
@click.argument("verdicts", type=FILE, metavar="FILE")
def golden_promote(chosen: Settings, verdicts: Path) -> None:
    from kb.articles import golden as golden_file
    from kb.articles.atomic import read_text, save
    from kb.privacy import masked
    from kb.search import evaluate

    engine = open_engine(chosen)
    said = evaluate.read_verdicts(verdicts)
    path = chosen.articles / golden_file.FILE
    text = read_text(path)
    # The last word on a text and an article counts.
    last = {(masked(v.text).strip(), v.article): v.verdict == "helpful" for v in said}
    helpful = [(t, a) for (t, a), good in last.items() if good and t]
    entries = []
    unknown = []
    for asked, name in helpful:
        try:
            entries.append(golden_file.Golden(asked, (engine.article(name).id,), "suggest"))
        except NotFoundError:
            unknown.append(name)
    fresh = golden_file.fresh(text, entries)
    if fresh:
        save(path, golden_file.added(text, fresh))
    for name in dict.fromkeys(unknown):
        note(say("没有文章 {name}，已跳过", "there is no article {name}, skipped", name=name))
    click.echo(
        say(
            "收下 {n} 条；{known} 条已有，{rest} 条不是“有效”",
            "{n} added; {known} already there, {rest} not helpful",
            n=len(fresh),
            known=len(entries) - len(fresh),
            rest=len(last) - len(helpful),
        )
    )
