"""This module is the command line: each command parses, calls one function, prints."""

import json
import os
import platform
import re
import shlex
import sys
import tempfile
from collections.abc import Callable, Iterable, Sequence
from datetime import date, datetime
from functools import wraps
from importlib.metadata import version
from ipaddress import ip_address
from pathlib import Path
from typing import Any

import click

from kb import __version__, bundle, settings
from kb.errors import BundleError, InputError, KbError, NotFoundError
from kb.labels import label
from kb.language import LANGUAGES, current, say, use
from kb.model import (
    AREAS,
    CAUSES,
    FACETS,
    HANDLINGS,
    KINDS,
    SEVERITIES,
    SORTS,
    Answer,
    Correction,
    Match,
    Query,
    Snippet,
    Suggestions,
)
from kb.settings import Settings

FOUND, NOTHING, MISTAKE = 0, 1, 2
"""Exit codes."""


class _Group(click.Group):
    """Says every error of the user's in one sentence, and none of ours."""

    def invoke(self, ctx: click.Context) -> Any:
        if os.environ.get("NO_COLOR"):
            ctx.color = False
        try:
            return super().invoke(ctx)
        except KbError as error:
            click.echo(say("错误：", "Error: ") + str(error), err=True)
            ctx.exit(MISTAKE)
        except BrokenPipeError:
            # The reader (head, less) has seen enough.
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
            ctx.exit(FOUND)


@click.group(cls=_Group, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.version_option(__version__, prog_name="kb")
def cli() -> None:
    pass


cli.help = say(
    """故知：IT 售后故障知识库与排障搜索。

    \b
    kb build                        建立或更新索引
    kb search 打印机 卡纸            搜索
    kb suggest - < 报障邮件.txt      粘贴描述或日志，得到可能的解决办法
    kb serve                        打开网站 http://127.0.0.1:8000
    """,
    """Guzhi: a knowledge base and troubleshooting search for IT after-sales service.

    \b
    kb build                        build or update the index
    kb search printer jam           search
    kb suggest - < mail.txt         paste a description or log, get likely fixes
    kb serve                        open the site on http://127.0.0.1:8000
    """,
)

Command = Callable[..., None]


def _command(help_zh: str, help_en: str, group: click.Group = cli) -> Callable[[Command], click.Command]:
    """A command that knows its folders: its function gets Settings first. Of a group: named behind its name."""

    def wrap(function: Command) -> click.Command:
        @wraps(function)
        def run(articles: Path | None, index: Path | None, language: str | None, **values: Any) -> None:
            chosen = settings.load({"articles": articles, "index": index, "language": language})
            use(chosen.language)
            function(chosen, **values)

        name = function.__name__.removesuffix("_").removeprefix(f"{group.name}_")
        command = group.command(name, help=say(help_zh, help_en))(run)
        folder = click.Path(path_type=Path)
        command.params += [
            click.Option(["--articles"], type=folder, metavar="DIR", help=_help("articles")),
            click.Option(["--index"], type=folder, metavar="DIR", help=_help("index")),
            click.Option(["--language"], type=click.Choice(LANGUAGES), help=_help("language")),
        ]
        return command

    return wrap


def _help(name: str) -> str:
    setting = next(s for s in settings.SETTINGS if s.name == name)
    return say(setting.help_zh, setting.help_en)


_FILE = click.Path(path_type=Path)

_exact_option = click.option(
    "--exact", is_flag=True, help=say("只按原文，不更正错别字", "take words as typed, correct no misspellings")
)
_json_option = click.option("--json", "as_json", is_flag=True, help=say("以 JSON 输出", "print JSON"))


def _print_json(data: Any) -> None:
    click.echo(json.dumps(data, ensure_ascii=False, indent=2))


def _note(text: str) -> None:
    """Words for people, out of the way of data."""
    click.echo(text, err=True)


def _colon() -> str:
    return say("：", ": ")


def _listed(values: Iterable[str]) -> str:
    return say("、", ", ").join(values)


# --- articles --------------------------------------------------------------------------------


@_command(
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
@click.option("--area", default="", help=", ".join(AREAS))
@click.option("--cause", type=click.Choice(CAUSES), default=None)
@click.option("--handling", type=click.Choice(HANDLINGS), default=None)
@click.option("--severity", type=click.Choice(SEVERITIES), default=None)
@click.option("--product", multiple=True, help=say("产品，可多次", "product, may be repeated"))
@click.option("--owner", default="", help=say("负责人或团队", "person or team in charge"))
def new(chosen: Settings, kind: str, title: str, area: str, product: tuple[str, ...], **facts: str | None) -> None:
    from kb.indexer.articles import create

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


@_command(
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
@_json_option
def check(chosen: Settings, paths: tuple[Path, ...], as_json: bool) -> None:
    from kb.indexer import check as checking

    problems = checking.check_paths(chosen.articles, [p.absolute() for p in paths], chosen.areas)
    errors = sum(p.level == "error" for p in problems)
    if as_json:
        _print_json([{k: getattr(p, k) for k in ("path", "line", "level", "message")} for p in problems])
    for problem in problems if not as_json else ():
        level = say("警告 ", "warning ") if problem.level == "warning" else ""
        click.echo(level + str(problem))
    _note(
        say("{errors} 个错误，{warnings} 个警告", "{errors} errors, {warnings} warnings",
            errors=errors, warnings=len(problems) - errors)
    )  # fmt: skip
    if errors:
        raise click.exceptions.Exit(NOTHING)


@_command(
    """建立或更新索引；只处理变动过的文章。

    \b
    例：kb build
        kb build --full        # 全部重做
        kb build --articles /srv/kb --index /var/lib/guzhi
    """,
    """Build or update the index; only what changed is done again.

    \b
    Example: kb build
             kb build --full        # everything anew
             kb build --articles /srv/kb --index /var/lib/guzhi
    """,
)
@click.option("--full", is_flag=True, help=say("全部重做", "everything anew"))
@click.option("--quiet", is_flag=True, help=say("只说问题", "only tell problems"))
@_json_option
def build(chosen: Settings, full: bool, quiet: bool, as_json: bool) -> None:
    report = _build(chosen, full)
    if as_json:
        _print_json(
            {
                "articles": report.articles,
                "passages": report.passages,
                "analysed": report.analysed,
                "reused": report.reused,
                "removed": report.removed,
                "published": report.published,
                "seconds": round(report.seconds, 2),
                "steps": {k: round(v, 3) for k, v in report.steps.items()},
                "problems": report.problems,
            }
        )
        return
    for problem in report.problems:
        _note(problem)
    if quiet:
        return
    state = say("索引已更新", "index updated") if report.published else say("索引已是最新", "index is up to date")
    click.echo(
        say(
            "{state}：{articles} 篇文章，{passages} 个段落；"
            "新处理 {analysed}，沿用 {reused}，删除 {removed}；{seconds:.1f} 秒",
            "{state}: {articles} articles, {passages} passages; {analysed} analysed, {reused} reused, "
            "{removed} removed; {seconds:.1f} s",
            state=state,
            **{k: getattr(report, k) for k in ("articles", "passages", "analysed", "reused", "removed", "seconds")},
        )
    )
    if not report.articles:
        _note(
            say(
                "{folder} 里没有文章；用 kb new case 写第一篇",
                "there are no articles in {folder}; write the first with kb new case",
                folder=chosen.articles,
            )
        )


def _build(chosen: Settings, full: bool = False) -> Any:
    """Build with a progress bar when a person is watching."""
    from kb.indexer.build import build as build_index

    if not sys.stderr.isatty():
        return build_index(chosen, full)
    with click.progressbar(length=1, file=sys.stderr, show_pos=True, item_show_func=str) as bar:

        def progress(step: str, done: int, total: int) -> None:
            bar.length = max(total, 1)
            bar.current_item = step
            bar.update(done - bar.pos)

        return build_index(chosen, full, progress)


# --- search ----------------------------------------------------------------------------------


def _index(chosen: Settings) -> Any:
    """The index in force, built when there is none yet or the one there can't be used."""
    from kb.search.index import Library

    library = Library(chosen.index)
    try:
        return library.index()
    except BundleError as error:
        _note(str(error))
        _note(say("正在重建……", "building it now ..."))
        for problem in _build(chosen).problems:
            _note(problem)
        return library.index()


def _filters(command: Command) -> Command:
    for facet in reversed(FACETS):
        option = "tag" if facet == "tags" else facet
        command = click.option(f"--{option}", facet, multiple=True, help=label("facet", facet))(command)
    return command


@_command(
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
@click.option("--sort", type=click.Choice(SORTS), default="relevance")
@click.option("--after", type=click.DateTime(["%Y-%m-%d"]), help=say("更新不早于", "updated on or after"))
@click.option("--before", type=click.DateTime(["%Y-%m-%d"]), help=say("更新不晚于", "updated on or before"))
@_exact_option
@click.option("--why", is_flag=True, help=say("显示匹配的词和得分", "show matched words and score parts"))
@_filters
@_json_option
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
    from kb.present import page_data
    from kb.search.searcher import search as find

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
    found = find(_index(chosen), query)
    if as_json:
        _print_json(page_data(found))
    else:
        for note in found.notes:
            _note(note)
        _print_corrections(found.corrections)
        if found.widened:
            _note(say("部分匹配：不要求每个词都有", "partial matches: not every word is required"))
        for i, hit in enumerate(found.hits, number * (page - 1) + 1):
            _print_hit(i, hit.article, hit.title, hit.score)
            _print_snippet(hit.heading, hit.snippet)
            if why:
                _print_matches(hit.matches)
        if found.suggestion:
            _note(say("您要找的是不是：{better}", "did you mean: {better}", better=found.suggestion))
        if not found.total and found.hidden:
            _note(say("筛选条件挡住了 {n} 篇", "{n} articles are hidden by the filters", n=found.hidden))
        _note(say("{n} 篇，{ms:.0f} 毫秒", "{n} articles, {ms:.0f} ms", n=found.total, ms=found.milliseconds))
    if not found.total:
        raise click.exceptions.Exit(NOTHING)


def _print_corrections(corrections: Sequence[Correction]) -> None:
    pairs = (say("{better}（您输入：{typed}）", "{better} (you typed: {typed})", **c._asdict()) for c in corrections)
    if corrections:
        _note(say("已同时搜索 ", "also searched ") + _listed(pairs))
        _note(say("只搜原文：--exact", "only what you typed: --exact"))


def _print_hit(i: int, article: Any, title: Snippet, score: float) -> None:
    facts = [label(k, getattr(article, k)) for k in ("area", "cause", "severity") if getattr(article, k)]
    parts = [f"{i:>2}. " + click.style(article.id, fg="cyan"), _marked(title)]
    parts += [f"[{' · '.join(facts)}]"] if facts else []
    parts += [f"{score:.2f}"] if score else []
    click.echo("  ".join(parts))


def _print_snippet(heading: tuple[str, ...], snippet: Snippet) -> None:
    where = click.style(" › ".join(heading) + _colon(), dim=True) if heading else ""
    click.echo("    " + where + " ".join(_marked(snippet).split()))


def _print_matches(matches: Sequence[Match]) -> None:
    total = sum(m.score for m in matches) or 1
    parts = (f"{m.word} ({_reason(m)} {m.score / total:.0%})" for m in matches)
    click.echo("    " + click.style(say("匹配：", "matched: ") + " ".join(parts), dim=True))


def _reason(match: Match) -> str:
    """Field, kind and origin of a matched word: 正文, 十六进制码; 标题, 同义词 ← 没网."""
    kind = say("相邻", "adjacent") if match.kind == "pair" else label("identifier", match.kind)
    via = say("同义词 ← {word}", "synonym ← {word}", word=match.via) if match.via else ""
    return say("，", ", ").join(t for t in (label("field", match.field), kind if kind != match.kind else "", via) if t)


def _marked(snippet: Snippet) -> str:
    from kb.search.snippets import pieces

    return "".join(click.style(t, fg="yellow", bold=True) if m else t for t, m in pieces(snippet))


@_command(
    """为一段描述、邮件或日志找可能的解决办法；- 表示从标准输入读。

    \b
    例：kb suggest "昨天换了工位，墙上网口灯不亮"
        kb suggest - < 报障邮件.txt
        journalctl -u smbd | kb suggest - --json
        kb suggest "打印机连不上" --answer code:0x0000011b=no
    """,
    """Find likely fixes for a description, mail or log; - reads standard input.

    \b
    Example: kb suggest "moved desks yesterday, the wall socket has no link light"
             kb suggest - < mail.txt
             journalctl -u smbd | kb suggest - --json
             kb suggest "the printer is offline" --answer code:0x0000011b=no
    """,
)
@click.argument("text", nargs=-1, required=True)
@click.option("-n", "--number", default=5, type=click.IntRange(1, 20), help=say("显示几个", "how many to show"))
@click.option("--answer", "given", multiple=True, metavar="QUESTION=REPLY",
              help=say("对提问的回答，可多次：问题=yes、no 或 unknown",
                       "an answer to a question, may be repeated: question=yes, no or unknown"))  # fmt: skip
@_exact_option
@click.option("--why", is_flag=True, help=say("显示匹配的词和得分", "show matched words and score parts"))
@_json_option
def suggest(
    chosen: Settings, text: Sequence[str], number: int, given: Sequence[str], exact: bool, why: bool, as_json: bool
) -> None:
    from kb.present import suggestions_data
    from kb.search.questions import latest, read_answer
    from kb.search.suggest import suggest as find

    paste = _standard_input() if list(text) == ["-"] else " ".join(text)
    if not paste.strip():
        raise InputError(say("没有内容；请粘贴故障描述", "nothing was given; paste a description of the fault"))
    index, answers = _index(chosen), latest(read_answer(a) for a in given)
    found = find(index, paste, number, answers, exact)
    if as_json:
        _print_json(suggestions_data(found))
    elif _a_person_is_there():
        _print_suggestions(_ask(found, lambda answers: find(index, paste, number, answers, exact)), why)
    else:
        _print_suggestions(found, why)
        _print_questions(found)
    if not found.suggestions:
        raise click.exceptions.Exit(NOTHING)


def _print_suggestions(found: Suggestions, why: bool) -> None:
    from kb.search.terms import MAX_TEXT

    if found.truncated:
        _note(say("只读了前 {n} 个字符", "only the first {n} characters were read", n=MAX_TEXT))
    _print_corrections(found.corrections)
    if found.identifiers:
        names = " ".join(i.text for i in found.identifiers)
        click.echo(say("识别到：", "recognised: ") + click.style(names, fg="cyan"))
    for group, name, values in (("area", say("可能的领域", "probable area"), found.areas),
                                ("cause", say("可能的原因", "probable cause"), found.causes)):  # fmt: skip
        if values:
            click.echo(name + _colon() + _listed(f"{label(group, v)} {n:.0%}" for v, n in values))
    for i, s in enumerate(found.suggestions, 1):
        click.echo()
        _print_hit(i, s.article, Snippet(s.article.title, ()), s.score)
        click.echo(f"    {label('band', s.band)}  " + " ".join(dict.fromkeys(m.word for m in s.matches[:8])))
        if why:
            _print_matches(s.matches)
        if why and s.factor != 1:
            said = say("回答：可能性 × {factor:.2g}", "answers: odds × {factor:.2g}", factor=s.factor)
            click.echo("    " + click.style(said, dim=True))
        click.echo("\n".join("    " + line for line in s.fix.splitlines()))
    if not found.suggestions:
        click.echo(
            say(
                "没有足够相似的案例。解决之后请用 kb new case 写下来。",
                "Nothing similar enough. When it is solved, write it down with kb new case.",
            )
        )
    _print_unexplained(found)


_REPLIES = {
    **dict.fromkeys(("y", "yes", "是"), "yes"),
    **dict.fromkeys(("n", "no", "否"), "no"),
    **dict.fromkeys(("u", "unknown", "?", "？", "不知道"), "unknown"),
}


def _a_person_is_there() -> bool:
    return sys.stdin.isatty() and sys.stdout.isatty()


def _ask(found: Suggestions, again: Callable[[tuple[Answer, ...]], Suggestions]) -> Suggestions:
    """Ask what tells close suggestions apart, until one is ahead or Enter alone ends it."""
    from kb.search.questions import wording

    while found.questions:
        for i, s in enumerate(found.suggestions, 1):
            _note(f"{i:>2}. {s.article.id}  {_one_line(s.article.title)}  {s.score:.2f}")
        question = found.questions[0].ask
        choices = say("y 是，n 否，u 不知道，回车结束", "y yes, n no, u don't know, Enter to stop")
        reply = ""
        while reply not in _REPLIES:
            reply = click.prompt(f"{wording(question)} [{choices}]", "", show_default=False, err=True).strip().lower()
            if not reply:
                return found
        found = again((*found.answers, Answer(question, _REPLIES[reply])))
        _note("")
    return found


def _print_questions(found: Suggestions) -> None:
    """For a script: what could be asked, and how it is answered."""
    from kb.search.questions import wording

    if found.questions:
        _note(say("这几篇很接近；回答一句就能分清：", "These are close; one answer tells them apart:"))
    for question in found.questions:
        _note(f"  {wording(question.ask)}  --answer {shlex.quote(question.ask + '=yes')}")


def _print_unexplained(found: Suggestions) -> None:
    """The lines of a longer paste of which no suggestion holds a telling word."""
    unexplained = [line for line, explained in found.lines if not explained]
    if found.suggestions and unexplained and len(found.lines) > 1:
        click.echo()
        click.echo(say("没有被解释的行（{n}）：", "lines not explained ({n}):", n=len(unexplained)))
        for line in unexplained[:MAX_UNEXPLAINED]:
            click.echo("  ? " + _one_line(line, 100))


MAX_UNEXPLAINED = 10
"""Lines of a paste that are printed as not explained."""

MAX_INPUT = 1_000_000
"""Bytes of standard input that are read; more than suggest looks at."""


def _standard_input() -> str:
    from kb.indexer.articles import decode

    raw = sys.stdin.buffer.read(MAX_INPUT)
    if len(raw) == MAX_INPUT:  # the cut may go through a character, and half a character decodes as nothing
        raw = raw[: raw.rfind(b"\n")] if b"\n" in raw[-10_000:] else _PARTIAL.sub(b"", raw)
    return decode(raw, say("标准输入", "standard input"))[0]


_PARTIAL = re.compile(rb"[\xc0-\xff][\x80-\xbf]{0,2}\Z")
"""The start of a UTF-8 character that the cut left without its end."""


@_command(
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
@_json_option
def show(chosen: Settings, name: str, as_json: bool) -> None:
    from kb.present import article_data

    index = _index(chosen)
    try:
        number = index.number_of(name)
    except NotFoundError as error:
        _note(str(error))
        raise click.exceptions.Exit(NOTHING)
    article, body = index.articles[number], index.body(number)
    if as_json:
        _print_json(article_data(article, body))
        return
    click.echo(click.style(f"{article.id}  {article.title}", bold=True))
    for key, value in article_data(article).items():
        if value and key not in ("id", "title"):
            group = label("facet", key)
            click.echo(group + _colon() + (_listed(value) if isinstance(value, list) else label(key, value)))
    click.echo("\n" + body)


# --- care of the base ------------------------------------------------------------------------


@_command(
    """列出内容可能重复的文章：同一篇文字的拷贝，或同一个故障写了两次；每一对说明依据。没有时退出码为 1。

    \b
    例：kb duplicates
        kb duplicates KB-000022        # 和这一篇重复的
        kb duplicates 草稿.md          # 还没入库的文章
    """,
    """List articles that may say the same: copies of a text, or one fault written up twice, each pair with its
    reasons. Exits 1 when there are none.

    \b
    Example: kb duplicates
             kb duplicates KB-000022      # those of one article
             kb duplicates draft.md       # of a file that is not in the base yet
    """,
)
@click.argument("article", required=False, metavar="[ARTICLE|FILE]")
@_json_option
def duplicates(chosen: Settings, article: str | None, as_json: bool) -> None:
    from kb.present import duplicate_data
    from kb.search import duplicates as finding

    index = _index(chosen)
    found = finding.duplicates(index) if article is None else finding.similar(index, _article(chosen, index, article))
    if as_json:
        _print_json([duplicate_data(d) for d in found])
    for i, d in enumerate(found if not as_json else (), 1):
        click.echo(f"{i:>2}. {label('duplicate', d.kind)}  {d.sure:.0%}")
        for one in (d.first, d.second):
            click.echo("    " + click.style(one.id or one.path, fg="cyan") + "  " + one.title)
        reasons = ((say("标识", "identifiers"), d.names), (say("标题", "titles"), d.words))
        shared = [f"{name} {' '.join(values)}" for name, values in reasons if values]
        click.echo("    " + " · ".join([*shared, say("用词相同 {n:.0%}", "{n:.0%} of the words", n=d.overlap)]))
    if not found:
        _note(say("没有发现重复的文章", "no duplicates were found"))
        raise click.exceptions.Exit(NOTHING)


def _article(chosen: Settings, index: Any, name: str) -> Any:
    """An article of the base with its body, or a file, which counts as the article of its place in the folder."""
    from dataclasses import replace

    from kb.indexer.articles import load

    path = Path(name).absolute()
    if not path.is_file():
        number = index.number_of(name)
        return replace(index.articles[number], body=index.body(number))
    inside = path.is_relative_to(chosen.articles)
    found, _ = load(path, chosen.articles if inside else path.parent, chosen.max_file_kb)
    return found if inside else replace(found, path=str(path))


@_command(
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
@_json_option
def synonyms(
    chosen: Settings, limit: int, verdicts: Path | None, accept: str | None, refuse: str | None, as_json: bool
) -> None:
    from dataclasses import asdict

    from kb.search import evaluate
    from kb.search import proposals as mining

    for line, decide in ((accept, mining.accept), (refuse, mining.refuse)):
        if line is not None:
            click.echo(decide(chosen.articles, line))
    if accept is not None:
        _note(say("运行 kb build 后生效", "run kb build to put it into effect"))
    if accept is not None or refuse is not None:
        return
    rows = evaluate.read_lines(verdicts, ("text", "article", "verdict")) if verdicts is not None else []
    helpful = [(str(r["text"]), str(r["article"])) for r in rows if r["verdict"] == "helpful"]
    found = mining.proposals(_index(chosen), mining.read_refused(chosen.articles), helpful)
    if as_json:
        _print_json([{**asdict(p), "line": p.line} for p in found[:limit]])
        return
    for i, p in enumerate(found[:limit], 1):
        click.echo(f"{i:>2}. {p.line}  [{label('synonym', p.how)}]")
        for article, text in p.evidence[:2]:
            click.echo("    " + click.style(article, fg="cyan") + "  " + text)
    _note(say("{n} 条提议", "{n} proposals", n=len(found)))


# --- the site --------------------------------------------------------------------------------


@_command(
    """启动网站；先更新索引，之后文章一有变动就重新索引。

    \b
    例：kb serve
        kb serve --port 9000 --articles /srv/kb
    """,
    """Serve the site; the index is brought up to date first and whenever articles change.

    \b
    Example: kb serve
             kb serve --port 9000 --articles /srv/kb
    """,
)
@click.option("--host", help=_help("host"))
@click.option("--port", type=int, help=_help("port"))
@click.option("--threads", type=int, help=_help("threads"))
@click.option(
    "--watch",
    default=5.0,
    help=say("每几秒看一次文章有无变动，0 为不看", "seconds between looks at the articles, 0 for none"),
)
def serve(chosen: Settings, host: str | None, port: int | None, threads: int | None, watch: float) -> None:
    from kb.indexer import watch as watching
    from kb.web import create_app
    from kb.web.server import Server

    options = {"articles": chosen.articles, "index": chosen.index, "language": chosen.language}
    chosen = settings.load({**options, "host": host, "port": port, "threads": threads})
    if not _is_local(chosen.host):
        raise InputError(
            say(
                "不在 {host} 上监听：这一版没有账号，任何能连上的人都能看到全部文章。"
                "请用 127.0.0.1，并在前面放一个要求登录的反向代理"
                "（手册 KB-000184 有 nginx 加账号的写法：htpasswd -c 文件 用户名）",
                "refused to listen on {host}: this version has no accounts, "
                "so anyone who reaches it could read everything. "
                "Use 127.0.0.1 behind a reverse proxy that asks for a login "
                "(manual KB-000184 shows nginx with an account made by: htpasswd -c FILE USER)",
                host=chosen.host,
            )
        )
    before = watching.state(chosen)
    report = _build(chosen)
    for problem in report.problems:
        _note(problem)
    server = Server(create_app(chosen), chosen)
    host_name = f"[{chosen.host}]" if ":" in chosen.host else chosen.host
    click.echo(
        say(
            "故知已启动：http://{host}:{port}（{n} 篇文章；按 Ctrl+C 停止）",
            "Guzhi is running: http://{host}:{port} ({n} articles; Ctrl+C stops it)",
            host=host_name,
            port=server.port,
            n=report.articles,
        )
    )
    sys.stdout.flush()
    server.run(lambda: watching.watch(chosen, watch, before) if watch > 0 else None)


def _is_local(host: str) -> bool:
    try:
        return host == "localhost" or ip_address(host).is_loopback
    except ValueError:
        return False


# --- measuring and health --------------------------------------------------------------------


@_command(
    """量检索质量。不给文件夹时运行金标查询（articles/golden.yml），有一条不合格则退出码为 1；
    给评测集文件夹时量 nDCG@10、MRR@10、S@1、S@3、R@10 与时间。

    \b
    例：kb eval                                     # 金标查询，用现有的索引
        kb eval --run 之前.trec                     # 存下结果，改过之后再比
        kb eval --against 之前.trec
        kb eval 评测集文件夹 --json                 # corpus.jsonl、queries.jsonl、qrels.tsv
        kb eval 评测集文件夹 --mode search --run 结果.trec
        kb eval 评测集文件夹 --compare 之前.trec 之后.trec
        kb eval --articles 文件夹 --queries 查询.jsonl --qrels 判定.tsv
    """,
    """Measure retrieval. Without a folder the golden queries (articles/golden.yml) are run, and one that fails
    makes the exit code 1; of a judged set: nDCG@10, MRR@10, S@1, S@3, R@10 and times.

    \b
    Example: kb eval                                # golden queries, on the index in force
             kb eval --run before.trec              # keep the run, compare after a change
             kb eval --against before.trec
             kb eval FOLDER --json                  # corpus.jsonl, queries.jsonl, qrels.tsv
             kb eval FOLDER --mode search --run run.trec
             kb eval FOLDER --compare before.trec after.trec
             kb eval --articles FOLDER --queries queries.jsonl --qrels qrels.tsv
    """,
)
@click.argument("folder", required=False, type=_FILE, metavar="[DIR]")
@click.option("--mode", type=click.Choice(["suggest", "search"]), default="suggest",
              help=say("评测集怎么问", "how a judged set is asked"))  # fmt: skip
@click.option("--queries", type=_FILE, metavar="FILE", help="queries.jsonl: id, text")
@click.option("--qrels", type=_FILE, metavar="FILE", help="qrels.tsv: query, document, grade")
@click.option("--run", "run_file", type=_FILE, metavar="FILE", help=say("写出 TREC 结果", "write a TREC run"))
@click.option("--against", type=_FILE, metavar="FILE", help=say("与以前的结果逐条比较", "compare with an earlier run"))
@click.option("--compare", "runs", type=_FILE, nargs=2, metavar="A B",
              help=say("不运行，只比较两份结果", "run nothing, compare two runs"))  # fmt: skip
@_json_option
def eval_(
    chosen: Settings,
    folder: Path | None,
    mode: str,
    queries: Path | None,
    qrels: Path | None,
    run_file: Path | None,
    against: Path | None,
    runs: tuple[Path, Path] | None,
    as_json: bool,
) -> None:
    from kb.search import evaluate

    if folder is not None:
        queries, qrels = queries or folder / "queries.jsonl", qrels or folder / "qrels.tsv"
    earlier = evaluate.read_run(against) if against is not None else None
    if runs:
        before, after = map(evaluate.read_run, runs)
        _print_comparison(chosen, before, after, queries, qrels, as_json)
        return
    if queries is None and qrels is None:
        _eval_golden(chosen, run_file, earlier, as_json)
        return
    if queries is None or qrels is None:
        raise click.UsageError(
            say("--queries 与 --qrels 要一起给", "--queries and --qrels go together"),
        )
    figures, run = _measure(chosen, folder, mode, queries, qrels)
    if run_file is not None:
        evaluate.write_run(run_file, run)
    if earlier is not None:
        _print_comparison(chosen, earlier, run, queries, qrels, as_json)
    elif as_json:
        _print_json({"mode": mode, **figures})
    else:
        for name, value in figures.items():
            click.echo(f"{name:10} {value:>10}   {_meaning(name)}")


_FIGURES = {
    "ndcg10": ("前十条的排序质量（nDCG@10）", "quality of the first ten (nDCG@10)"),
    "mrr10": ("第一个答案名次的倒数（MRR@10）", "one over the place of the first answer (MRR@10)"),
    "s1": ("第一条就是答案的比例", "share with an answer at place 1"),
    "s3": ("前三条里有答案的比例", "share with an answer in the first three"),
    "r10": ("答案进了前十条的比例", "share of the answers in the first ten"),
    "p50_ms": ("一次查询的时间，毫秒，中位数", "time of a query, milliseconds, median"),
    "p95_ms": ("二十次里最慢的一次，毫秒", "the slowest of twenty, milliseconds"),
    "queries": ("有判定的查询", "judged queries"),
    "build_s": ("建索引的时间，秒", "time of the build, seconds"),
    "passages": ("段落", "passages"),
    "documents": ("文档", "documents"),
}


def _meaning(figure: str) -> str:
    zh, en = _FIGURES[figure]
    return say(zh, en)


def _measure(
    chosen: Settings, folder: Path | None, mode: str, queries: Path, qrels: Path
) -> tuple[dict[str, float], dict[str, list[tuple[str, float]]]]:
    """Build a judged set, or the articles, aside and measure: figures and the run."""
    from dataclasses import replace

    from kb.indexer.build import build as build_index
    from kb.indexer.build import build_documents
    from kb.search import evaluate
    from kb.search.index import Library

    asked = evaluate.read_lines(queries, ("id", "text"))
    judged = evaluate.read_qrels(qrels)
    with tempfile.TemporaryDirectory(prefix="kb-eval-") as temporary:
        aside = replace(chosen, index=Path(temporary))
        if folder is not None:
            report = build_documents(aside, evaluate.read_documents(folder))
        else:
            report = build_index(aside, full=True)
            for problem in report.problems:
                _note(problem)
        figures, run = evaluate.evaluate(Library(aside.index).index(), asked, judged, mode)
    built = {"build_s": round(report.seconds, 2), "passages": report.passages, "documents": report.articles}
    return {**figures, **built}, run


def _eval_golden(chosen: Settings, run_file: Path | None, earlier: Any, as_json: bool) -> None:
    """Run the golden queries on the index in force."""
    from kb.present import outcomes_data
    from kb.search import evaluate
    from kb.search import golden as golden_queries

    outcomes = golden_queries.run(_index(chosen), _golden(chosen))
    if run_file is not None:
        evaluate.write_run(run_file, golden_queries.as_run(outcomes))
    if earlier is not None:
        _print_comparison(chosen, earlier, golden_queries.as_run(outcomes), None, None, as_json)
    elif as_json:
        _print_json(outcomes_data(outcomes))
    else:
        for outcome in outcomes:
            _print_outcome(outcome)
        failed = sum(not o.holds for o in outcomes)
        first = sum(o.rank == 1 for o in outcomes)
        _note(
            say(
                "{n} 条金标查询：{held} 条合格，{failed} 条不合格；{first} 条排在第 1",
                "{n} golden queries: {held} hold, {failed} fail; {first} at place 1",
                n=len(outcomes),
                held=len(outcomes) - failed,
                failed=failed,
                first=first,
            )
        )
    if not all(o.holds for o in outcomes):
        raise click.exceptions.Exit(NOTHING)


def _golden(chosen: Settings) -> Any:
    """The golden queries, of which there has to be one."""
    from kb import golden as golden_file

    queries = golden_file.load(chosen.articles)
    if not queries:
        raise InputError(
            say(
                "{path} 里没有金标查询；用 kb golden add 写第一条，或给出评测集文件夹",
                "there are no golden queries in {path}; write the first with kb golden add, or give a folder",
                path=chosen.articles / golden_file.FILE,
            )
        )
    return queries


def _print_outcome(outcome: Any) -> None:
    golden_query = outcome.golden
    mark = click.style("✓", fg="green") if outcome.holds else click.style("✗", fg="red")
    place = f"{outcome.rank or '–':>2}/{golden_query.within:<2}"
    asked = _one_line(golden_query.query)
    click.echo(f"{mark} {place}  {golden_query.mode:7}  {' '.join(golden_query.articles)}  {asked}")
    if not outcome.holds:
        why_not = (
            say("索引里没有 {missing}", "not in the index: {missing}", missing=_listed(outcome.missing))
            if outcome.missing
            else say("先于它的：{found}", "before it: {found}", found=_listed(outcome.found[:3]))
            if outcome.found
            else say("什么都没找到", "nothing is found")
        )
        click.echo("         " + click.style(why_not, dim=True))


MAX_MOVED = 30
"""Queries that rose, and that fell, that are printed for people."""


def _one_line(text: str, length: int = 60) -> str:
    text = " ".join(text.split())
    return text if len(text) <= length else text[: length - 1] + "…"


def _print_comparison(
    chosen: Settings, before: Any, after: Any, queries: Path | None, qrels: Path | None, as_json: bool
) -> None:
    """What rose and fell between two runs. Without judgements the golden queries are asked for theirs."""
    from kb.present import comparison_data
    from kb.search import evaluate
    from kb.search import golden as golden_queries

    if qrels is None:
        golden_of = _golden(chosen)
        judged = golden_queries.as_qrels(golden_of)
        texts = {golden_queries.identity(g): g.query for g in golden_of}
    else:
        judged = evaluate.read_qrels(qrels)
        asked = evaluate.read_lines(queries, ("id", "text")) if queries and queries.exists() else []
        texts = {str(r["id"]): str(r["text"]) for r in asked}
    found = evaluate.compare(before, after, judged)
    if as_json:
        _print_json(comparison_data(found, texts))
        return
    for title, moved in ((say("上升", "risen"), found.risen), (say("下降", "fallen"), found.fallen)):
        if moved:
            click.echo(click.style(f"{title} {len(moved)}", bold=True))
        for m in moved[:MAX_MOVED]:
            places = f"{m.before or '–':>2} → {m.after or '–':<2}"
            click.echo(f"  {m.gain:+.3f}  {places}  {m.query}  {_one_line(texts.get(m.query, ''))}".rstrip())
        if len(moved) > MAX_MOVED:
            click.echo("  " + say("另 {n} 条（--json 有全部）", "{n} more (--json has all)", n=len(moved) - MAX_MOVED))
    click.echo(
        say(
            "nDCG@10 {before:.4f} → {after:.4f}（平均 {mean:+.4f}）；上升 {risen}，下降 {fallen}，不变 {same}",
            "nDCG@10 {before:.4f} -> {after:.4f} (mean {mean:+.4f}); {risen} risen, {fallen} fallen, {same} the same",
            before=found.before,
            after=found.after,
            mean=found.mean,
            risen=len(found.risen),
            fallen=len(found.fallen),
            same=found.same,
        )
    )


golden = click.Group(
    "golden",
    help=say(
        """金标查询：某个查询必须找到某篇文章，记在 articles/golden.yml，由 kb eval 运行。

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


@_command(
    """记下一条金标查询；客户数据会被遮去。- 表示从标准输入读。

    \b
    例：kb golden add 打印机 49.4C02 KB-000012
        kb golden add --suggest - KB-000077 < 报障邮件.txt
    """,
    """Write down one golden query; customer data is masked. - reads standard input.

    \b
    Example: kb golden add printer 49.4C02 KB-000012
             kb golden add --suggest - KB-000077 < mail.txt
    """,
    golden,
)
@click.argument("words", nargs=-1, required=True, metavar="QUERY...")
@click.argument("article")
@click.option("--suggest", is_flag=True, help=say("作为粘贴的描述，而不是搜索", "as a paste, not a search"))
@click.option("--within", default=3, type=click.IntRange(1, 10), help=say("第几名以内算合格", "the last good place"))
def golden_add(chosen: Settings, words: Sequence[str], article: str, suggest: bool, within: int) -> None:
    from kb import golden as golden_file
    from kb.files import save
    from kb.indexer.check import masked

    index = _index(chosen)
    number = index.articles[index.number_of(article)].id
    text = _standard_input() if list(words) == ["-"] else " ".join(words)
    if not text.strip():
        raise InputError(say("没有内容", "nothing was given"))
    entry = golden_file.Golden(masked(text).strip(), (number,), "suggest" if suggest else "search", within)
    path = chosen.articles / golden_file.FILE
    save(path, golden_file.added(golden_file.read_text(path), [entry]))
    click.echo(path)


@_command(
    """把判定记录里“有用”（helpful）的收为金标查询，按粘贴求解；已有的跳过，客户数据遮去。

    \b
    例：kb golden promote 判定.jsonl       # 每行：{"text": …, "article": …, "verdict": "helpful"}
    """,
    """Take what was judged helpful as golden queries, as pastes; known ones are skipped, customer data is masked.

    \b
    Example: kb golden promote verdicts.jsonl       # lines: {"text": ..., "article": ..., "verdict": "helpful"}
    """,
    golden,
)
@click.argument("verdicts", type=_FILE, metavar="FILE")
def golden_promote(chosen: Settings, verdicts: Path) -> None:
    from kb import golden as golden_file
    from kb.files import save
    from kb.indexer.check import masked
    from kb.search import evaluate

    index = _index(chosen)
    rows = evaluate.read_lines(verdicts, ("text", "article", "verdict"))
    path = chosen.articles / golden_file.FILE
    text = golden_file.read_text(path)
    # The last word on a text and an article counts.
    last = {(masked(str(r["text"])).strip(), str(r["article"])): r["verdict"] == "helpful" for r in rows}
    helpful = [(t, a) for (t, a), good in last.items() if good and t]
    entries = []
    unknown = []
    for asked, name in helpful:
        try:
            entries.append(golden_file.Golden(asked, (index.articles[index.number_of(name)].id,), "suggest"))
        except NotFoundError:
            unknown.append(name)
    fresh = golden_file.fresh(text, entries)
    if fresh:
        save(path, golden_file.added(text, fresh))
    for name in dict.fromkeys(unknown):
        _note(say("没有文章 {name}，已跳过", "there is no article {name}, skipped", name=name))
    click.echo(
        say(
            "收下 {n} 条；{known} 条已有，{rest} 条不是“有用”",
            "{n} taken; {known} known already, {rest} not helpful",
            n=len(fresh),
            known=len(entries) - len(fresh),
            rest=len(last) - len(helpful),
        )
    )


@_command(
    """为什么没找到：一篇文章被什么挡住，怎样改才找得到，改了对金标查询有什么影响。

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
@click.option("--suggest", is_flag=True, help=say("按粘贴求解，而不是搜索", "as a paste, not a search"))
@click.option("--quick", is_flag=True, help=say("不试要重建索引的改法", "try no change that needs a build"))
@click.option("--after", type=click.DateTime(["%Y-%m-%d"]), help=say("更新不早于", "updated on or after"))
@click.option("--before", type=click.DateTime(["%Y-%m-%d"]), help=say("更新不晚于", "updated on or before"))
@_filters
@_json_option
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
    from kb.indexer.articles import absence
    from kb.labels import value_of
    from kb.present import why_data
    from kb.rehearsal import rehearsed
    from kb.search.why import why as explain

    text = _standard_input() if list(words) == ["-"] else " ".join(words)
    if not text.strip():
        raise InputError(say("没有查询", "there is no query"))
    accepted = {k: tuple(value_of(k, v) for v in values) for k, values in filters.items() if values}
    query = Query(text, accepted, after.date() if after else None, before.date() if before else None)
    index = _index(chosen)
    try:
        number = index.number_of(article)
    except NotFoundError:
        reason = absence(chosen.articles, article, chosen.max_file_kb)
        if as_json:
            _print_json({"reason": reason._asdict()})
        else:
            click.echo(reason.text)
        raise click.exceptions.Exit(NOTHING)
    found = explain(index, query, number, "suggest" if suggest else "search")
    tried = rehearsed(index, chosen, found, builds=not quick)
    if as_json:
        _print_json(why_data(found, tried))
    else:
        _print_why(found, tried)


def _print_why(found: Any, tried: Sequence[tuple[Any, Any]]) -> None:
    from kb.rehearsal import sentence as effect_of
    from kb.search.remedies import sentence as instruction
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
        click.echo(f"    {label('field', stream.field)}{_colon()}" + " | ".join(" ".join(t.split()) for t in tokens))
    if found.rival:
        rival = found.rival
        click.echo(say("排第一的：", "first: ") + f"{rival.article.id}  {rival.article.title}  {rival.score:.2f}")
        edges = (f"{e.word} {e.theirs:.1f} > {e.ours:.1f}" for e in rival.edges)
        click.echo("    " + _listed(edges))
    if tried:
        click.echo(say("可以这样改：", "what would help:"))
    for change, effect in tried:
        click.echo("  • " + instruction(change, found))
        click.echo("      " + click.style(effect_of(effect), dim=True))


@_command(
    """检查安装、文件夹与索引是否正常。有问题时退出码为 1。""",
    """Look whether the installation, the folders and the index are well. Exits 1 when something is not.""",
)
@_json_option
def doctor(chosen: Settings, as_json: bool) -> None:
    findings = list(_diagnose(chosen))
    if as_json:
        _print_json([{"what": w, "ok": ok, "found": found} for w, ok, found in findings])
    else:
        for what, ok, found in findings:
            mark = click.style("✓", fg="green") if ok else click.style("✗", fg="red")
            click.echo(f"{mark} {what}{_colon()}{found}")
    if not all(ok for _, ok, _ in findings):
        raise click.exceptions.Exit(NOTHING)


def _diagnose(chosen: Settings) -> Any:
    """(what was looked at, whether it is well, what was found)."""
    from kb.indexer.articles import find
    from kb.search.index import Library

    yield "Guzhi", True, f"{__version__}, Python {platform.python_version()}"
    packages = ("whoosh", "jieba", "rjieba", "opencc", "scikit-learn", "numpy", "flask", "markdown-it-py")
    yield say("软件包", "packages"), True, ", ".join(f"{p} {version(p)}" for p in packages)
    try:
        files = len(list(find(chosen.articles)))
        yield say("文章", "articles"), files > 0, f"{chosen.articles} ({files})"
    except KbError as error:
        files = 0
        yield say("文章", "articles"), False, str(error)
    folder = chosen.index if chosen.index.exists() else chosen.index.parent
    writable = os.access(folder, os.W_OK)
    yield say("索引文件夹可写", "index folder writable"), writable, str(chosen.index)
    try:
        index = Library(chosen.index).index()
    except BundleError as error:
        yield say("索引", "index"), False, str(error)
        return
    manifest = index.bundle.manifest
    size = sum(f[0] for f in manifest["files"].values()) / 1e6
    found = say(
        "{name}：{articles} 篇，{passages} 段，{size:.1f} MB，文件完好",
        "{name}: {articles} articles, {passages} passages, {size:.1f} MB, files intact",
        name=index.bundle.folder.name,
        articles=manifest["articles"],
        passages=manifest["passages"],
        size=size,
    )
    yield say("索引", "index"), True, found
    index.fulltext.close()
    yield say("全文索引", "full text"), True, say("能打开", "opens")
    fresh = files == manifest["articles"] + len(manifest["problems"]) or files == manifest["articles"]
    hint = say("最新", "up to date") if fresh else say("文章数变了，运行 kb build", "articles changed, run kb build")
    yield say("索引与文章", "index and articles"), fresh, hint
    problems = manifest["problems"]
    yield say("构建时的问题", "problems of the build"), not problems, "\n  ".join(problems) or "0"
    leftovers = [p for p in bundle.bundles(chosen.index) if p.name != index.bundle.folder.name][:-1]
    yield say("多余的旧索引", "stray old bundles"), not leftovers, str(len(leftovers))
