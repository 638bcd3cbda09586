"""This module brings documents and old tickets into the base: import."""

from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from kb.cli.common import FILE, NOTHING, colon, command, json_option, listed, note, one_line, print_json
from kb.errors import InputError
from kb.labels import label
from kb.language import say
from kb.model.schema import AREAS, KINDS, STATUSES
from kb.settings import Settings

if TYPE_CHECKING:
    from kb.database.connection import Store

SECONDS = 1800
"""Of a processor; a folder of 20,000 documents takes some minutes."""
SHOWN = 50
"""Articles of a plan that are listed one by one, when nothing is to be said of them."""


@command(
    """导入文档或旧工单：文件夹、.zip、Markdown、Word、PDF、PPT、网页、文本、邮件、Excel、CSV、JSON。
    先用 --dry-run 看会导入什么，什么都不写。

    \b
    例：kb import 旧手册.zip --dry-run
        kb import 维修报告.docx --kind case --area printer
        kb import 工单.xlsx --map 故障现象=symptom --map 解决方法=fix --map 设备型号=product --mask --dry-run
        kb import 2023.xlsx 2024.xlsx --save-mapping 报修台账
        kb import 2025.xlsx --mapping 报修台账
        kb import --undo 3

    工单的列可以成为文件头的键（title、product、severity…）或案例的一节（symptom、environment、cause、
    diagnosis、fix、verification）；常见的列名自动认出，--map 列名= 表示不要这一列。导入的文章是草稿。
    再次导入时已有的会跳过；要么全部写好，要么一个文件都不留。--undo 把一次导入整个撤回，文件移到 .undone。
    退出码：0 有导入，1 没有，2 用法有误。
    """,
    """Import documents or old tickets: folders, .zip, Markdown, Word, PDF, PowerPoint, web pages, texts, mails,
    Excel, CSV, JSON. See first with --dry-run what would be imported; it writes nothing.

    \b
    Example: kb import manuals.zip --dry-run
             kb import report.docx --kind case --area printer
             kb import tickets.xlsx --map Problem=symptom --map Solution=fix --map Device=product --mask --dry-run
             kb import 2023.xlsx 2024.xlsx --save-mapping desk
             kb import 2025.xlsx --mapping desk
             kb import --undo 3

    A column of tickets becomes a key of the front matter (title, product, severity ...) or a section of a case
    (symptom, environment, cause, diagnosis, fix, verification). Usual names are known; --map COLUMN= leaves a column
    out. What is imported is a draft. What is in the base already is skipped; either everything is written or nothing.
    --undo takes a whole import back; its files move to .undone.
    Exits 0 when something was imported, 1 when nothing, 2 when misused.
    """,
)
@click.argument("sources", type=FILE, metavar="SOURCE...", nargs=-1)
@click.option("--kind", type=click.Choice(KINDS), help=say("未注明类型时归为", "default kind"))
@click.option("--area", default="", help=", ".join(AREAS))
@click.option(
    "--map", "pairs", multiple=True, metavar="COLUMN=KEY", help=say("工单的列成为什么，可多次", "what a column becomes")
)
@click.option("--mapping", default="", metavar="NAME", help=say("用保存过的列对应", "a saved mapping of columns"))
@click.option(
    "--save-mapping", default="", metavar="NAME", help=say("保存这次的列对应", "save this mapping of columns")
)
@click.option("--undo", type=int, metavar="N", help=say("撤回第 N 次导入", "undo import N"))
@click.option(
    "--changed-too", is_flag=True, help=say("撤回时连同后来改过的", "with --undo: also what was changed since")
)
@click.option("--mask", is_flag=True, help=say("给客户数据打码", "mask customer data"))
@click.option("--status", type=click.Choice(STATUSES), help=say("状态，默认草稿", "status, by default draft"))
@click.option(
    "--audience",
    default="",
    help=say("未注明读者时归为：public、internal 或 team:名字", "default audience: public, internal or team:NAME"),
)
@click.option("--dry-run", is_flag=True, help=say("只预览，不写入", "preview only, write nothing"))
@json_option
def import_(
    chosen: Settings,
    sources: tuple[Path, ...],
    kind: str | None,
    area: str,
    pairs: tuple[str, ...],
    mapping: str,
    save_mapping: str,
    undo: int | None,
    changed_too: bool,
    mask: bool,
    status: str | None,
    audience: str,
    dry_run: bool,
    as_json: bool,
) -> None:
    from kb.articles.importing.mappings import Mappings
    from kb.articles.importing.model import Options
    from kb.articles.importing.plan import bounded_plan
    from kb.articles.importing.undo import Imports
    from kb.database.connection import Store
    from kb.people.teams import checked_audience

    store = Store(chosen.database)
    if undo is not None:
        _undo(chosen, store, undo, changed_too)
        return
    if not sources:
        raise InputError(say("请写上要导入的文件或文件夹", "name the files or folders to import"))
    known = (*AREAS, *chosen.areas)
    if area and area not in known:
        raise InputError(
            say("领域 '{area}' 不认识（可用：{known}）", "unknown area '{area}' ({known})", area=area,
                known=", ".join(known))
        )  # fmt: skip
    options = Options(
        kind or "",
        area,
        status or "",
        _columns(pairs),
        Mappings(store).find(mapping) if mapping else {},
        mask=mask,
        areas=chosen.areas,
        max_file_kb=chosen.max_file_kb,
        audience=checked_audience(chosen, audience),
    )
    planned = bounded_plan(sources, chosen.articles, options, SECONDS)
    number = 0
    if not dry_run and planned.items:
        _, number = Imports(store, chosen.articles).carry_out(planned, [s.name for s in sources], "")
    if save_mapping:
        Mappings(store).save(save_mapping, dict(planned.columns))
    if as_json:
        print_json(_data(planned))
    else:
        _print_plan(planned)
    _print_end(planned, dry_run, number)
    if not planned.items:
        raise click.exceptions.Exit(NOTHING)


def _undo(chosen: Settings, store: "Store", number: int, changed_too: bool) -> None:
    from kb.articles.importing.undo import Imports
    from kb.articles.writing.save import Editions

    with Editions(store, chosen.articles, chosen.max_file_kb).locked():
        gone = Imports(store, chosen.articles).undo(number, changed_too)
    note(
        say(
            "撤回了 {n} 篇，文件在 .undone/import-{number}；kb build 更新索引",
            "{n} articles taken back, their files are in .undone/import-{number}; kb build brings the index up to date",
            n=len(gone),
            number=number,
        )
    )


def _columns(pairs: tuple[str, ...]) -> dict[str, str]:
    """Column -> key or section."""
    out: dict[str, str] = {}
    for pair in pairs:
        column, equals, key = pair.rpartition("=")
        if not column or not equals:
            raise InputError(
                say(
                    "--map {pair}：应写成 列名=键，如 故障现象=symptom",
                    "--map {pair}: write COLUMN=KEY, as in Problem=symptom",
                    pair=pair,
                )
            )
        out[column.strip()] = key.strip()
    return out


def _data(planned: Any) -> dict[str, Any]:
    """A plan as JSON: images by their paths."""
    items = [{**asdict(item), "images": [p.path for p in item.images]} for item in planned.items]
    return {
        "items": items,
        "skipped": planned.skipped,
        "problems": planned.problems,
        "left_out": planned.left_out,
        "columns": dict(planned.columns),
        "missing": dict(planned.missing),
    }


def _print_plan(planned: Any) -> None:
    if planned.columns:
        width = max(len(column) for column, _ in planned.columns)
        click.echo(say("列：", "Columns:"))
        for column, key in planned.columns:
            click.echo(f"  {column:{width}}  -> {key or say('不用', 'not used')}")
    quiet = 0
    for item in planned.items:
        quiet += not item.warnings
        if not item.warnings and quiet > SHOWN:
            continue
        images = say("，{n} 张图", ", {n} images", n=len(item.images)) if item.images else ""
        click.echo(f"{item.number}  {label('kind', item.kind)}  {one_line(item.title)}")
        click.echo(f"    {item.source} -> {item.path}{images}")
        for warning in item.warnings:
            click.echo(say("    注意：", "    note: ") + warning)
    if quiet > SHOWN:
        click.echo(say("……还有 {n} 篇", "... and {n} more", n=quiet - SHOWN))
    for sentence in planned.skipped:
        click.echo(say("跳过 ", "skipped ") + sentence)


def _print_end(planned: Any, dry_run: bool, number: int) -> None:
    """What people need to know at the end, out of the way of data."""
    for problem in planned.problems:
        note(say("没有导入 ", "not imported ") + problem)
    if planned.left_out:
        names = listed(planned.left_out[:5]) + (" …" if len(planned.left_out) > 5 else "")
        note(
            say("{n} 个其他文件没有用到：{names}", "{n} other files not used: {names}",
                n=len(planned.left_out), names=names)
        )  # fmt: skip
    if planned.missing:
        note(
            say("kb check 会指出缺少", "kb check will miss")
            + colon()
            + listed(say("{what}（{n} 篇）", "{what} ({n})", what=what, n=n) for what, n in planned.missing)
        )
    counts = {"n": len(planned.items), "skipped": len(planned.skipped), "problems": len(planned.problems)}
    if dry_run:
        note(
            say("试运行，什么都没有写：会导入 {n} 篇，跳过 {skipped} 篇，{problems} 处导入不了",
                "dry run, nothing written: {n} would be imported, {skipped} skipped, {problems} can't be", **counts)
        )  # fmt: skip
        return
    note(
        say("导入了 {n} 篇，跳过 {skipped} 篇，{problems} 处没能导入",
            "{n} imported, {skipped} skipped, {problems} could not be", **counts)
    )  # fmt: skip
    if planned.items:
        note(
            say(
                "接下来：kb check 检查，kb build 建索引；撤回这次导入：kb import --undo {n}",
                "next: kb check, then kb build; to take this import back: kb import --undo {n}",
                n=number,
            )
        )
