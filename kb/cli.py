"""This module is the command line: each command parses, calls one function, prints."""

import json
import os
import platform
import re
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
from kb.model import AREAS, CAUSES, FACETS, HANDLINGS, KINDS, SEVERITIES, SORTS, Match, Query, Snippet
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


def _command(help_zh: str, help_en: str) -> Callable[[Command], click.Command]:
    """A command that knows its folders: its function gets Settings first."""

    def wrap(function: Command) -> click.Command:
        @wraps(function)
        def run(articles: Path | None, index: Path | None, language: str | None, **values: Any) -> None:
            chosen = settings.load({"articles": articles, "index": index, "language": language})
            use(chosen.language)
            function(chosen, **values)

        name = function.__name__.removesuffix("_")
        command = cli.command(name, help=say(help_zh, help_en))(run)
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
    )
    found = find(_index(chosen), query)
    if as_json:
        _print_json(page_data(found))
    else:
        for note in found.notes:
            _note(note)
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
    parts = (f"{m.word} ({label('field', m.field)} {m.score / total:.0%})" for m in matches)
    click.echo("    " + click.style(say("匹配：", "matched: ") + " ".join(parts), dim=True))


def _marked(snippet: Snippet) -> str:
    from kb.search.snippets import pieces

    return "".join(click.style(t, fg="yellow", bold=True) if m else t for t, m in pieces(snippet))


@_command(
    """为一段描述、邮件或日志找可能的解决办法；- 表示从标准输入读。

    \b
    例：kb suggest "昨天换了工位，墙上网口灯不亮"
        kb suggest - < 报障邮件.txt
        journalctl -u smbd | kb suggest - --json
    """,
    """Find likely fixes for a description, mail or log; - reads standard input.

    \b
    Example: kb suggest "moved desks yesterday, the wall socket has no link light"
             kb suggest - < mail.txt
             journalctl -u smbd | kb suggest - --json
    """,
)
@click.argument("text", nargs=-1, required=True)
@click.option("-n", "--number", default=5, type=click.IntRange(1, 20), help=say("显示几个", "how many to show"))
@click.option("--why", is_flag=True, help=say("显示匹配的词和得分", "show matched words and score parts"))
@_json_option
def suggest(chosen: Settings, text: Sequence[str], number: int, why: bool, as_json: bool) -> None:
    from kb.present import suggestions_data
    from kb.search.suggest import suggest as find
    from kb.search.terms import MAX_TEXT

    paste = _standard_input() if list(text) == ["-"] else " ".join(text)
    if not paste.strip():
        raise InputError(say("没有内容；请粘贴故障描述", "nothing was given; paste a description of the fault"))
    found = find(_index(chosen), paste, number)
    if as_json:
        _print_json(suggestions_data(found))
    else:
        if found.truncated:
            _note(say("只读了前 {n} 个字符", "only the first {n} characters were read", n=MAX_TEXT))
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
            click.echo("\n".join("    " + line for line in s.fix.splitlines()))
        if not found.suggestions:
            click.echo(
                say(
                    "没有足够相似的案例。解决之后请用 kb new case 写下来。",
                    "Nothing similar enough. When it is solved, write it down with kb new case.",
                )
            )
    if not found.suggestions:
        raise click.exceptions.Exit(NOTHING)


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
    from kb.web.server import listen

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
    server = listen(create_app(chosen), chosen)
    if watch > 0:
        watching.watch(chosen, watch, before)
    host_name = f"[{chosen.host}]" if ":" in chosen.host else chosen.host
    click.echo(
        say(
            "故知已启动：http://{host}:{port}（{n} 篇文章；按 Ctrl+C 停止）",
            "Guzhi is running: http://{host}:{port} ({n} articles; Ctrl+C stops it)",
            host=host_name,
            port=server.effective_port,
            n=report.articles,
        )
    )
    sys.stdout.flush()
    server.run()


def _is_local(host: str) -> bool:
    try:
        return host == "localhost" or ip_address(host).is_loopback
    except ValueError:
        return False


# --- measuring and health --------------------------------------------------------------------


@_command(
    """在评测集上量检索质量：nDCG@10、MRR@10、S@1、S@3、R@10 与时间。

    \b
    例：kb eval 评测集文件夹 --json                 # corpus.jsonl、queries.jsonl、qrels.tsv
        kb eval 评测集文件夹 --mode search --run 结果.trec
        kb eval --articles 文件夹 --queries 查询.jsonl --qrels 判定.tsv
    """,
    """Measure retrieval on a judged set: nDCG@10, MRR@10, S@1, S@3, R@10 and times.

    \b
    Example: kb eval FOLDER --json                  # corpus.jsonl, queries.jsonl, qrels.tsv
             kb eval FOLDER --mode search --run run.trec
             kb eval --articles FOLDER --queries queries.jsonl --qrels qrels.tsv
    """,
)
@click.argument("folder", required=False, type=click.Path(path_type=Path), metavar="[DIR]")
@click.option("--mode", type=click.Choice(["suggest", "search"]), default="suggest")
@click.option("--queries", type=click.Path(path_type=Path), metavar="FILE", help="queries.jsonl: id, text")
@click.option("--qrels", type=click.Path(path_type=Path), metavar="FILE", help="qrels.tsv: query, document, grade")
@click.option(
    "--run", "run_file", type=click.Path(path_type=Path), metavar="FILE", help=say("写出 TREC 结果", "write a TREC run")
)
@_json_option
def eval_(
    chosen: Settings,
    folder: Path | None,
    mode: str,
    queries: Path | None,
    qrels: Path | None,
    run_file: Path | None,
    as_json: bool,
) -> None:
    from dataclasses import replace

    from kb.indexer.build import build as build_index
    from kb.indexer.build import build_documents
    from kb.model import Article
    from kb.search import evaluate
    from kb.search.index import Library

    if folder is None and (queries is None or qrels is None):
        raise click.UsageError(
            say(
                "给出评测集文件夹，或 --articles、--queries 与 --qrels",
                "give a folder, or --articles, --queries and --qrels",
            )
        )
    asked = evaluate.read_lines(queries or _inside(folder, "queries.jsonl"), ("id", "text"))
    judged = evaluate.read_qrels(qrels or _inside(folder, "qrels.tsv"))
    with tempfile.TemporaryDirectory(prefix="kb-eval-") as temporary:
        aside = replace(chosen, index=Path(temporary))
        if folder is not None:
            rows = evaluate.read_lines(folder / "corpus.jsonl", ("id", "title", "text"))
            documents = [
                Article(path=str(r["id"]), id=str(r["id"]), kind="faq", title=str(r["title"]), body=str(r["text"]))
                for r in rows
            ]
            report = build_documents(aside, documents)
        else:
            report = build_index(aside, full=True)
            for problem in report.problems:
                _note(problem)
        index = Library(aside.index).index()
        figures, run = evaluate.evaluate(index, asked, judged, mode)
    figures = {
        **figures,
        "build_s": round(report.seconds, 2),
        "passages": report.passages,
        "documents": report.articles,
    }
    if run_file is not None:
        evaluate.write_run(run_file, run)
    if as_json:
        _print_json({"mode": mode, **figures})
    else:
        for name, value in figures.items():
            click.echo(f"{name:10} {value}")


def _inside(folder: Path | None, name: str) -> Path:
    assert folder is not None
    return folder / name


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
