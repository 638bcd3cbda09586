"""This module answers how the base is written and kept: new, check, duplicates, synonyms."""

from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING

import click

from kb.cli.common import NOTHING, colon, command, json_option, note, note_menus, open_engine, print_json
from kb.errors import InputError
from kb.labels import label
from kb.language import current, say
from kb.model import Article
from kb.model.schema import AREAS, CAUSES, HANDLINGS, KINDS, SEVERITIES
from kb.settings import Settings

if TYPE_CHECKING:
    from kb.search.engine import Engine


@command(
    """新建一篇文章，编号自动接续。

    \b
    例：kb new case --title "打印时报 49.38.07" --area printer --cause hardware
        kb new manual --title 机房巡检手册
    """,
    """Start an article with the next number.

    \b
    Example: kb new case --title "49.38.07 when printing" --area printer --cause hardware
             kb new manual --title "Server room inspection"
    """,
)
@click.argument("kind", type=click.Choice(KINDS))
@click.option("--title", default="", help=say("标题：现象或原样的报错", "title: the symptom or the exact message"))
@click.option("--area", default="", help=label("key", "area") + colon() + ", ".join(AREAS))
@click.option("--cause", type=click.Choice(CAUSES), default=None, help=label("key", "cause"))
@click.option("--handling", type=click.Choice(HANDLINGS), default=None, help=label("key", "handling"))
@click.option("--severity", type=click.Choice(SEVERITIES), default=None, help=label("key", "severity"))
@click.option("--product", multiple=True, help=say("产品，可多次", "product, may be repeated"))
@click.option("--owner", default="", help=say("负责人或团队", "person or team in charge"))
def new(chosen: Settings, kind: str, title: str, area: str, product: tuple[str, ...], **facts: str | None) -> None:
    from kb.articles.templates import create

    known = (*AREAS, *chosen.areas)
    if area and area not in known:
        raise InputError(
            say(
                "领域 '{area}' 不认识（可用：{known}；或在 kb.toml 的 areas 里添加）",
                "unknown area '{area}' ({known}; or add it to areas in kb.toml)",
                area=area,
                known=", ".join(known),
            )
        )
    values = {k: v for k, v in facts.items() if v}
    path = create(chosen.articles, kind, title, current(), date.today(), area=area, product=product, **values)
    click.echo(path)


@command(
    """检查文章：字段、章节、编号、链接、图片、客户数据、复审日期。有错误时退出码为 1。

    \b
    例：kb check
        kb check articles/printer
        kb check $(git diff --cached --name-only -- '*.md')   # 作 git 钩子
    """,
    """Check articles: keys, sections, numbers, links, images, customer data, review dates. Exits 1 on errors.

    \b
    Example: kb check
             kb check articles/printer
             kb check $(git diff --cached --name-only -- '*.md')   # as a git hook
    """,
)
@click.argument("paths", nargs=-1, type=click.Path(path_type=Path), metavar="[PATH]...")
@json_option
def check(chosen: Settings, paths: tuple[Path, ...], as_json: bool) -> None:
    from kb.articles import check as checking
    from kb.desk.answers import Finding
    from kb.people.teams import teams_of

    problems = checking.check_paths(chosen.articles, [p.absolute() for p in paths], chosen.areas, teams_of(chosen))
    errors = sum(p.level == "error" for p in problems)
    if as_json:
        print_json([Finding.model_validate(p).data() for p in problems])
    for problem in problems if not as_json else ():
        level = say("警告 ", "warning ") if problem.level == "warning" else ""
        click.echo(level + str(problem))
    if not paths and chosen.articles.is_dir():
        note_menus(chosen.articles)
    note(
        say("{errors} 个错误，{warnings} 个警告", "{errors} errors, {warnings} warnings",
            errors=errors, warnings=len(problems) - errors)
    )  # fmt: skip
    if errors:
        raise click.exceptions.Exit(NOTHING)


@command(
    """列出内容可能重复的文章：同一篇文字的拷贝，或同一个故障写了两次；每一对说明依据。没有时退出码为 1。

    \b
    例：kb duplicates
        kb duplicates KB-000022        # 和这一篇重复的
        kb duplicates 草稿.md          # 还没入库的文章
    """,
    """List likely duplicates: copies of a text, or one fault written up twice, each pair with its
    reasons. Exits 1 when there are none.

    \b
    Example: kb duplicates
             kb duplicates KB-000022      # those of one article
             kb duplicates draft.md       # of a file that is not in the base yet
    """,
)
@click.argument("article", required=False, metavar="[ARTICLE|FILE]")
@json_option
def duplicates(chosen: Settings, article: str | None, as_json: bool) -> None:
    from kb.desk.answers import Pair

    engine = open_engine(chosen)
    found = engine.duplicates() if article is None else engine.similar(_article(chosen, engine, article))
    if as_json:
        print_json([Pair.model_validate(d).data() for d in found])
    for i, d in enumerate(found if not as_json else (), 1):
        click.echo(f"{i:>2}. {label('duplicate', d.kind)}  {d.sure:.0%}")
        for one in (d.first, d.second):
            click.echo("    " + click.style(one.id or one.path, fg="cyan") + "  " + one.title)
        reasons = ((say("标识", "identifiers"), d.names), (say("标题", "titles"), d.words))
        shared = [f"{name} {' '.join(values)}" for name, values in reasons if values]
        click.echo("    " + " · ".join([*shared, say("用词相同 {n:.0%}", "{n:.0%} of the words", n=d.overlap)]))
    if not found:
        note(say("没有发现重复的文章", "no duplicates were found"))
        raise click.exceptions.Exit(NOTHING)


def _article(chosen: Settings, engine: "Engine", name: str) -> Article:
    """An article of the base with its body, or a file, which counts as the article of its place in the folder."""
    from dataclasses import replace

    from kb.articles.files import load

    path = Path(name).absolute()
    if not path.is_file():
        named = engine.article(name)
        return replace(named, body=engine.body(named))
    inside = path.is_relative_to(chosen.articles)
    found, _ = load(path, chosen.articles if inside else path.parent, chosen.max_file_kb)
    return found if inside else replace(found, path=str(path))


@command(
    """列出同义词提议：从文章（和判定记录）里挖出来，由人逐条接受或拒绝，从不自动生效。

    \b
    例：kb synonyms
        kb synonyms --verdicts 判定.jsonl
        kb synonyms --accept "连不上网 = 网络不通"    # 写进 synonyms.txt，下次 kb build 生效
        kb synonyms --refuse "主机 = 服务器"         # 记进 synonyms-refused.txt，不再提议
    """,
    """List proposals for synonyms, mined from the articles (and a log of verdicts); a person accepts or refuses
    each, none takes effect by itself.

    \b
    Example: kb synonyms
             kb synonyms --verdicts verdicts.jsonl
             kb synonyms --accept "toner = cartridge"   # into synonyms.txt, in effect after the next kb build
             kb synonyms --refuse "host = server"       # into synonyms-refused.txt, not proposed again
    """,
)
@click.option("--limit", default=50, type=click.IntRange(1), help=say("列出几条", "how many to list"))
@click.option(
    "--verdicts",
    type=click.Path(path_type=Path, dir_okay=False),
    metavar="FILE",
    help=say("判定记录，每行 text、article、verdict", "verdicts, a line each: text, article, verdict"),
)
@click.option("--accept", metavar="LINE", help=say("写进 synonyms.txt", "add to synonyms.txt"))
@click.option("--refuse", metavar="LINE", help=say("不再提议", "do not propose again"))
@json_option
def synonyms(
    chosen: Settings, limit: int, verdicts: Path | None, accept: str | None, refuse: str | None, as_json: bool
) -> None:
    from kb.desk.answers import Synonym
    from kb.search import evaluate
    from kb.search.synonym_mining import accept as accepted
    from kb.search.synonym_mining import read_decided
    from kb.search.synonym_mining import refuse as refused

    for line, decide in ((accept, accepted), (refuse, refused)):
        if line is not None:
            click.echo(decide(chosen.articles, line))
    if accept is not None:
        note(say("运行 kb build 后生效", "run kb build to put it into effect"))
    if accept is not None or refuse is not None:
        return
    said = evaluate.read_verdicts(verdicts) if verdicts is not None else []
    helpful = [(v.text, v.article) for v in said if v.verdict == "helpful"]
    found = open_engine(chosen).synonyms(read_decided(chosen.articles), helpful)
    if as_json:
        print_json([Synonym.model_validate(p).data() for p in found[:limit]])
        return
    for i, p in enumerate(found[:limit], 1):
        click.echo(f"{i:>2}. {p.line}  [{label('synonym', p.how)}]")
        for article, text in p.evidence[:2]:
            click.echo("    " + click.style(article, fg="cyan") + "  " + text)
    note(say("{n} 条提议", "{n} proposals", n=len(found)))
