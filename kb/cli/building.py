"""This module answers how the base gets online and whether all is well: build, serve, doctor."""

import os
import platform
import sys
from collections.abc import Callable, Iterator
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from kb import __version__, bundle, settings
from kb.cli.common import (
    NOTHING,
    build_index,
    caption_pictures,
    colon,
    command,
    fill_meaning,
    find_threshold,
    json_option,
    note,
    note_menus,
    print_json,
    setting_help,
)
from kb.errors import (
    BundleError,
    BusyError,
    EncoderError,
    EngineError,
    InputError,
    KbError,
    NoEncoderError,
    StoreError,
)
from kb.language import say
from kb.settings import Settings, is_local

if TYPE_CHECKING:
    from kb.people.accounts import People
    from kb.search.engine import Engine, Engines


@command(
    """建立或更新索引；只处理变动过的文章。

    \b
    例：kb build
        kb build --full        # 全部重做
        kb build --no-meaning  # 不生成语义向量，网站运行时会补上
        kb build --articles /srv/kb --index /var/lib/guzhi
    """,
    """Build or update the index; only what changed is done again.

    \b
    Example: kb build
             kb build --full        # rebuild everything
             kb build --no-meaning  # no vectors of meaning; the site makes them beside
             kb build --articles /srv/kb --index /var/lib/guzhi
    """,
)
@click.option("--full", is_flag=True, help=say("全部重做", "rebuild everything"))
@click.option("--quiet", is_flag=True, help=say("只显示问题", "print problems only"))
@click.option("--no-pictures", is_flag=True, help=say("不读图片里的字", "don't read words in pictures"))
@click.option("--no-meaning", is_flag=True, help=say("不生成语义向量", "skip vectors of meaning"))
@json_option
def build(chosen: Settings, full: bool, quiet: bool, no_pictures: bool, no_meaning: bool, as_json: bool) -> None:
    from kb.desk.publishing import publish

    report = build_index(chosen, full)
    captioned = None if no_pictures else caption_pictures(chosen)
    filled = None
    if not no_meaning:
        try:
            filled = fill_meaning(chosen)
        except BusyError as error:  # what it makes is of this index, too
            note(str(error))
        find_threshold(chosen)
        publish(chosen)
    if as_json:
        print_json(
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
                "meaning": asdict(filled) if filled else None,
                "pictures": asdict(captioned) if captioned else None,
            }
        )
        return
    for problem in report.problems:
        note(problem)
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
    if captioned and (captioned.read or captioned.left):
        left = say("，还剩 {n} 张，下次接着读", ", {n} are left for the next time", n=captioned.left)
        read = say("图片里的字：读了 {n} 张", "words in pictures: {n} read", n=captioned.read)
        click.echo(read + (left if captioned.left else ""))
    if filled:
        click.echo(_meaning_made(filled))
    if report.published:
        note_menus(chosen.articles)
    if not report.articles:
        note(
            say(
                "{folder} 里没有文章；用 kb new case 写第一篇",
                "there are no articles in {folder}; write the first with kb new case",
                folder=chosen.articles,
            )
        )


def _meaning_made(filled: Any) -> str:
    """What is said of the vectors of meaning."""
    if not filled.encoder:
        return say("不按语义搜索：{reason}", "no search by meaning: {reason}", reason=filled.reason)
    damaged = say("，{n} 个损坏后重做", ", {n} of them damaged before", n=filled.damaged) if filled.damaged else ""
    return say(
        "语义向量（{encoder}）：{texts} 段文字，新生成 {made}{damaged}；{seconds:.1f} 秒",
        "vectors of meaning ({encoder}): {texts} texts, {made} made{damaged}; {seconds:.1f} s",
        encoder=filled.encoder,
        texts=filled.texts,
        made=filled.made,
        damaged=damaged,
        seconds=filled.seconds,
    )


@command(
    """启动网站；先用现有的索引回答，随即看文章有无变动，之后一有变动就重新索引。

    \b
    例：kb serve
        kb serve --port 9000 --articles /srv/kb
    """,
    """Serve the site from the index there is; it is brought up to date behind it, and whenever articles change.

    \b
    Example: kb serve
             kb serve --port 9000 --articles /srv/kb
    """,
)
@click.option("--host", help=setting_help("host"))
@click.option("--port", type=int, help=setting_help("port"))
@click.option("--threads", type=int, help=setting_help("threads"))
@click.option(
    "--watch",
    default=5.0,
    help=say("每几秒看一次文章有无变动，0 为不看", "seconds between looks at the articles, 0 for none"),
)
def serve(chosen: Settings, host: str | None, port: int | None, threads: int | None, watch: float) -> None:
    from kb.articles.files import find
    from kb.database.connection import Store
    from kb.desk.publishing import Indexer
    from kb.indexer import watch as watching
    from kb.keeping import tick
    from kb.keeping.restore import unfinished
    from kb.meaning.encoder import warm
    from kb.people.accounts import People
    from kb.web import create_app, logs
    from kb.web.server import Server

    logs.configure(chosen.log_format)
    options = {"articles": chosen.articles, "index": chosen.index, "language": chosen.language}
    chosen = settings.load({**options, "host": host, "port": port, "threads": threads})
    people = People(Store(chosen.database))
    if not is_local(chosen.host) and not people.any():
        raise InputError(
            say(
                "不在 {host} 上监听：还没有账号，任何能连上的人都能看到全部文章。先建一个管理员："
                "kb person add 登录名 --role administrator",
                "refused to listen on {host}: there are no accounts yet, so anyone who reaches it could read "
                "everything. First make an administrator: kb person add LOGIN --role administrator",
                host=chosen.host,
            )
        )
    if unfinished(chosen):
        raise InputError(
            say(
                "恢复到一半中断了：先再运行一次 kb restore，它会接着做完",
                "a restore was cut off half way: run kb restore once more, which finishes it",
            )
        )
    _begin(chosen)
    next(find(chosen.articles), None)  # a folder that is not there is told at once
    app, before = create_app(chosen), None
    if not _answers(app.config["ENGINES"]):
        doing = say(
            "文章在 {folder}；正在更新索引……", "articles in {folder}; updating the index ...", folder=chosen.articles
        )
        note(doing)
        before = watching.state(chosen)
        build_index(chosen)
    told = app.config["ENGINES"].in_force().build()
    for problem in told.problems:
        note(problem)
    warm(chosen.encoder)
    server = Server(app, chosen)
    host_name = f"[{chosen.host}]" if ":" in chosen.host else chosen.host
    click.echo(
        say(
            "故知已启动：http://{host}:{port}（{n} 篇文章；按 Ctrl+C 停止）",
            "Guzhi is running: http://{host}:{port} ({n} articles; Ctrl+C stops it)",
            host=host_name,
            port=server.port,
            n=told.articles,
        )
    )
    _tell_of_accounts(people, host_name, server.port)
    click.echo(
        say(
            "试试：把一封报障邮件或一段日志粘贴到首页的框里",
            "Try this: paste a customer's mail or a log into the box on the start page",
        )
        if told.articles
        else say(
            "还没有文章：打开上面的网址，导入旧资料，或写第一篇",
            "No articles yet: open the address above to import what you have, or to write the first one",
        )
    )
    sys.stdout.flush()

    def follow() -> None:
        watching.watch(chosen, max(watch, 0.0), before, _steps(), Indexer(chosen).elected)

    server.run(follow, lambda: tick.run(chosen))


def _tell_of_accounts(people: "People", host: str, port: int) -> None:
    """Where nobody has an account: the link that makes the first administrator, while the database can be written."""
    try:
        secret = people.found()
    except StoreError as error:
        note(str(error))
        return
    if secret is not None:
        click.echo(
            say(
                "一个人在本机用不需要账号。团队用：打开 http://{host}:{port}/welcome/{secret} "
                "建第一个管理员（一天内有效）",
                "Alone on this machine you need no account. For a team, make the first administrator at "
                "http://{host}:{port}/welcome/{secret} (good for a day)",
                host=host,
                port=port,
                secret=secret,
            )
        )


def _begin(chosen: Settings) -> None:
    """Where nothing is yet the folder of articles is made; one that was named and is not there is a mistake.

    Raises InputError where the current folder itself seems to be meant.
    """
    from kb.articles.files import SUFFIXES

    here = Path.cwd()
    if chosen.articles.exists() or chosen.articles != here / "articles":
        return
    if any(p.suffix.lower() in SUFFIXES for p in here.iterdir()):
        raise InputError(
            say(
                "这里没有 articles 文件夹，但有 Markdown 文件；要用这个文件夹，运行 kb serve --articles .",
                "there is no folder articles here, but there are Markdown files; to serve this folder, "
                "run kb serve --articles .",
            )
        )
    chosen.articles.mkdir()
    note(
        say(
            "这里还没有文章，已建立文件夹 {folder}",
            "nothing is here yet; made the folder {folder}",
            folder=chosen.articles,
        )
    )


def _answers(engines: "Engines") -> bool:
    """Whether there is an index to answer from. It need not be of today: a look at the articles follows at once."""
    try:
        engines.in_force()
    except BundleError:
        return False
    return True


def _steps() -> tuple[Callable[[Settings], None], ...]:
    """What is done with each new index while the site runs, in order; see kb.indexer.watch."""
    from kb.desk.calibration import calibrate_quietly
    from kb.desk.examination import examine
    from kb.desk.publishing import publish_quietly
    from kb.indexer.captions import read_pictures_quietly
    from kb.indexer.meaning import fill_quietly

    return read_pictures_quietly, fill_quietly, calibrate_quietly, publish_quietly, examine


@command(
    """检查安装、文件夹、数据库与索引是否正常。有问题时退出码为 1。""",
    """Check the installation, the folders, the database and the index. Exits 1 when there is a problem.""",
)
@json_option
def doctor(chosen: Settings, as_json: bool) -> None:
    findings = list(_diagnose(chosen))
    if as_json:
        print_json([{"what": w, "ok": ok, "found": found} for w, ok, found in findings])
    else:
        for what, ok, found in findings:
            mark = click.style("✓", fg="green") if ok else click.style("✗", fg="red")
            click.echo(f"{mark} {what}{colon()}{found}")
    if not all(ok for _, ok, _ in findings):
        raise click.exceptions.Exit(NOTHING)


def _promises(chosen: Settings) -> tuple[bool, str]:
    """Whether service.yml can be used; from November on also whether the next year's days off are known."""
    from datetime import UTC, datetime

    from kb.service.days import statutory
    from kb.service.policy import load
    from kb.service.reckoning import years_of

    try:
        policy = load(chosen.articles.parent)
    except KbError as error:
        return False, str(error)
    now = datetime.now(UTC).astimezone(policy.zone)
    year = now.year + (now.month >= 11)
    if years_of(policy.days, statutory)(year).announced:
        return True, ", ".join(policy.promises)
    return False, say(
        "{year} 年的放假安排不知道，日期都是暂定的；公布后写进 service.yml 的 days（announced: yes），或升级故知",
        "the days off of {year} are not known, all dates are provisional; once they are announced, write them into "
        "days of service.yml (announced: yes), or update Guzhi",
        year=year,
    )


def _diagnose(chosen: Settings) -> Any:
    """(what was looked at, whether it is well, what was found)."""
    from importlib.metadata import version

    from kb.articles.files import find
    from kb.search.engine import engines

    yield "Guzhi", True, f"{__version__}, Python {platform.python_version()}"
    packages = "whoosh jieba rjieba opencc scikit-learn numpy flask markdown-it-py sqlalchemy pydantic pillow".split()
    yield say("软件包", "packages"), True, ", ".join(f"{p} {version(p)}" for p in packages)
    try:
        files = len(list(find(chosen.articles)))
        yield say("文章", "articles"), files > 0, f"{chosen.articles} ({files})"
    except KbError as error:
        yield say("文章", "articles"), False, str(error)
    yield say("数据库", "database"), *_database(chosen.database)
    yield say("备份", "backup"), *_backup(chosen)
    yield say("通知与邮件", "notices and mail"), *_outbox(chosen)
    yield from _mail_servers(chosen)
    if chosen.serves:
        yield say("服务承诺", "promises"), *_promises(chosen)
    folder = chosen.index if chosen.index.exists() else chosen.index.parent
    writable = os.access(folder, os.W_OK)
    yield say("索引文件夹可写", "index folder writable"), writable, str(chosen.index)
    following = engines(chosen)
    if chosen.engine == "opensearch":
        finds = following.state()
        yield "OpenSearch", finds.answers and finds.state != "read-only", finds.told
        if not finds.answers:
            return
    try:
        engine = following.in_force()
    except (BundleError, EngineError) as error:
        yield say("索引", "index"), False, str(error)
        return
    build = engine.build()
    found = say(
        "{name}：{articles} 篇，{passages} 段，{size:.1f} MB，文件完好",
        "{name}: {articles} articles, {passages} passages, {size:.1f} MB, files intact",
        name=build.name,
        articles=build.articles,
        passages=build.passages,
        size=build.size / 1e6,
    )
    yield say("索引", "index"), True, found
    engine.check()
    yield say("全文索引", "full text"), True, say("能打开", "can be opened")
    yield say("图片里的字", "words in pictures"), True, _pictures(chosen)
    yield say("语义搜索", "search by meaning"), *_meaning(chosen, engine)
    if chosen.engine == "embedded" or bundle.current_name(chosen.index):  # of several machines one indexes
        of_files = bundle.open_current(chosen.index, verify=False)
        yield say("索引与文章", "index and articles"), *_freshness(chosen, of_files)
    yield say("构建时的问题", "build problems"), not build.problems, "\n  ".join(build.problems) or "0"
    leftovers = [p for p in bundle.bundles(chosen.index) if p.name != build.name][:-1]
    yield say("多余的旧索引", "leftover indexes"), not leftovers, str(len(leftovers))


def _pictures(chosen: Settings) -> str:
    """What is read of pictures. That the extra is missing is no fault."""
    from kb.articles import captions, lettering

    if not lettering.is_available():
        return say("不读：pip install 'guzhi[ocr]' 之后才读", "not read: pip install 'guzhi[ocr]' to have them read")
    return say("读过 {n} 张", "{n} read", n=len(captions.known(chosen.index)))


def _freshness(chosen: Settings, current: bundle.Bundle) -> tuple[bool, str]:
    """Whether the index has the articles as they are; one that a build told it skipped is not to be there."""
    from kb.articles.files import look
    from kb.indexer.changes import Previous

    told = {path for path, _, _ in current.manifest["problems"]}
    previous = Previous(current)
    try:
        differing = previous.differing(list(look(chosen.articles)))
    except KbError as error:
        return False, str(error)
    changed = sorted(path for path in differing if path not in told or previous.part(path) >= 0)
    if not changed:
        return True, say("最新", "up to date")
    return False, say(
        "{n} 篇变了（{first} 等），运行 kb build",
        "{n} articles changed ({first} ...), run kb build",
        n=len(changed),
        first=changed[0],
    )


def _meaning(chosen: Settings, engine: "Engine") -> tuple[bool, str]:
    """Whether the encoder is what it should be, and what was found. That there is none is no fault."""
    from kb.meaning.encoder import encoder_of

    try:
        encoder_of(chosen.encoder).encode([""])
    except NoEncoderError as error:
        return True, say("不用：{reason}", "none: {reason}", reason=error)
    except EncoderError as error:
        return False, str(error)
    coverage = engine.coverage(chosen.encoder)
    found = say(
        "{name}，{n} / {of} 段有向量",
        "{name}, {n} of {of} passages have vectors",
        name=coverage.encoder,
        n=coverage.passages,
        of=coverage.of,
    )
    return True, found if coverage.passages == coverage.of else found + say(
        "；运行 kb build 补上", "; kb build makes the others"
    )


def _backup(chosen: Settings) -> tuple[bool, str]:
    """When there was a backup, and whether one was proved. That there is none is no fault of a base's."""
    from kb.keeping.record import kept
    from kb.keeping.restore import unfinished

    if unfinished(chosen):
        return False, say("恢复到一半中断了，再运行一次 kb restore", "a restore was cut off, run kb restore once more")
    known, none = kept(chosen.index), say("还没有", "none yet")
    made, drilled = (f"{at.astimezone():%Y-%m-%d %H:%M}" if at else none for at in (known.made, known.drilled))
    told = say("最近备份 {made}，最近演练成功 {drilled}", "last made {made}, last drill that succeeded {drilled}",
               made=made, drilled=drilled)  # fmt: skip
    if known.failed is None:
        return True, told
    failed = f"{known.failed.astimezone():%Y-%m-%d %H:%M}"
    return False, told + say("；{at} {why}", "; {at} {why}", at=failed, why=known.why)


def _mail_servers(chosen: Settings) -> Iterator[tuple[str, bool, str]]:
    """Whether the servers that are set up can be reached and let us in."""
    from kb.notices.channels import Mail, sends_mail
    from kb.notices.outbox import Undelivered
    from kb.service import mailbox

    if sends_mail(chosen):
        what = say("发信服务器", "server that sends mail")
        try:
            Mail(chosen).check()
        except (Undelivered, KbError) as error:
            yield what, False, f"{chosen.mail_host}:{chosen.mail_port} {error}"
        else:
            yield what, True, f"{chosen.mail_host}:{chosen.mail_port}"
    if chosen.serves and chosen.imap_host:
        what = say("收信服务器", "server of fetched mail")
        try:
            mailbox.check(chosen)
        except KbError as error:
            yield what, False, str(error)
        else:
            yield what, True, f"{chosen.imap_host}:{chosen.imap_port}"


def _outbox(chosen: Settings) -> tuple[bool, str]:
    """Whether messages go out, by which ways, and what keeps them. That there are no ways is no fault."""
    from kb.database.connection import Store
    from kb.notices.channels import channels
    from kb.notices.outbox import Outbox

    store = Store(chosen.database)
    try:
        ways = ", ".join(sorted(channels(chosen))) or say("没有设置", "none set up")
        state = Outbox(store).state() if store.exists() else None
    except KbError as error:
        return False, str(error)
    finally:
        store.close()
    if state is None or state.well:
        return True, say("{ways}；等着发的 {n} 条", "{ways}; {n} wait", ways=ways, n=state.waiting if state else 0)
    return False, say(
        "{ways}；{stuck} 条一小时还没发出，{failed} 条不再重试（{error}）；见 kb outbox",
        "{ways}; {stuck} wait for over an hour, {failed} are tried no more ({error}); see kb outbox",
        ways=ways,
        stuck=state.stuck,
        failed=state.failed,
        error=state.error or say("没有运行 kb tick", "kb tick does not run"),
    )


def _database(where: str) -> tuple[bool, str]:
    """Whether what people do can be kept, and what was found. A file that is not there yet is not made."""
    from kb.database.connection import Store

    store = Store(where)
    if not store.exists():
        return True, say("{file}：还没有，第一次用到时建立", "{file}: none yet, made when first used", file=where)
    try:
        size = store.examine() / 1e6
    except StoreError as error:
        return False, str(error)
    finally:
        store.close()
    if "://" in where:  # it may hold a password
        return True, say("连得上，{size:.1f} MB，结构最新", "reached, {size:.1f} MB, tables up to date", size=size)
    return True, say(
        "{file}：{size:.1f} MB，文件完好，结构最新",
        "{file}: {size:.1f} MB, file intact, tables up to date",
        file=where,
        size=size,
    )
