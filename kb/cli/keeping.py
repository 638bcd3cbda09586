"""This module keeps the base: backup, restore."""

import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from kb.cli.common import FILE, command, json_option, note, print_json, setting_help
from kb.errors import InputError
from kb.language import say
from kb.settings import Settings

if TYPE_CHECKING:
    from kb.keeping.sealing import Keys, Lock

PASSPHRASE = "KB_BACKUP_PASSPHRASE"  # noqa: S105 - the name of a variable
MAX_PASSPHRASE = 10_000

passphrase_option = click.option(
    "--passphrase-file",
    type=FILE,
    metavar="FILE",
    help=say(
        f"装着口令的文件；也可用环境变量 {PASSPHRASE}，或等程序来问",
        f"a file with the passphrase; else the variable {PASSPHRASE}, or you are asked",
    ),
)


@command(
    """备份：数据库、文章与它的 git、图片、词典、设置，写成一个加密的文件；网站不用停。

    \b
    TARGET 是放备份的文件夹，一个知识库一个。按设置 backup_keep 删掉不必留的旧备份，别的文件不碰。
    给公钥加密（age-keygen -o 私钥.txt 造一对，公钥写进设置 backup_recipients），或用口令。
    文件用 age 也打得开。
    例：kb backup /mnt/backup --recipient age1qz…
        kb backup /mnt/backup                          # 用设置里的公钥，没有就问口令
        kb backup /mnt/backup --passphrase-file 口令.txt
    """,
    """Back up the database, the articles with their git folder, pictures, word lists and settings into one encrypted
    file, while the site runs.

    \b
    TARGET is the folder of backups, one for each base. Old ones that need not stay by the setting backup_keep are
    deleted, nothing else is. Encrypted for public keys (make a pair with age-keygen -o private.txt, and put the public
    one into the setting backup_recipients), or with a passphrase. age opens the file, too.
    Example: kb backup /mnt/backup --recipient age1qz...
             kb backup /mnt/backup                     # for the keys of the settings, else you are asked
             kb backup /mnt/backup --passphrase-file passphrase.txt
    """,
)
@click.argument("target", type=FILE)
@click.option("--recipient", "recipients", multiple=True, help=setting_help("backup_recipients"))
@passphrase_option
@click.option("--name", default="guzhi", help=say("文件名的开头", "how the file's name begins"))
@json_option
def backup(
    chosen: Settings,
    target: Path,
    recipients: tuple[str, ...],
    passphrase_file: Path | None,
    name: str,
    as_json: bool,
) -> None:
    from kb.keeping.backup import backup as back_up

    made = back_up(chosen, Path.cwd(), target, _lock(chosen, recipients, passphrase_file), name)
    if as_json:
        print_json({**made._asdict(), "path": str(made.path), "gone": [str(p) for p in made.gone]})
        return
    click.echo(
        say(
            "已备份：{path}（{size:.1f} MB；{articles} 篇文章，{files} 个文件，数据库 {rows} 行；删掉旧的 {gone} 份）",
            "backed up: {path} ({size:.1f} MB; {articles} articles, {files} files, {rows} rows of the database; "
            "{gone} old ones deleted)",
            path=made.path,
            size=made.size / 1e6,
            articles=made.articles,
            files=made.files,
            rows=made.rows,
            gone=len(made.gone),
        )
    )


@command(
    """恢复一份备份；加 --drill 只演练：恢复到旁边，核对、打开、建索引、跑必中查询，然后丢掉。

    \b
    默认恢复到设置所说的地方；那里已有东西或网站正在运行就拒绝。要么全部恢复，要么不动。
    例：kb restore guzhi-20261129T031500Z.age --identity 私钥.txt
        kb restore 备份.age --identity 私钥.txt --to /srv/新库
        kb restore 备份.age.tar --passphrase-file 口令.txt --drill   # 失败时退出码为 2
    """,
    """Restore a backup; with --drill only prove it: restored aside, compared, opened, indexed, asked the golden
    queries, and thrown away.

    \b
    It goes where the settings say, unless something is there or the site is running. All is restored, or nothing.
    Example: kb restore guzhi-20261129T031500Z.age --identity private.txt
             kb restore backup.age --identity private.txt --to /srv/new
             kb restore backup.age.tar --passphrase-file passphrase.txt --drill    # exits 2 when it fails
    """,
)
@click.argument("file", type=FILE)
@click.option("--to", type=FILE, metavar="DIR", help=say("恢复到这个空文件夹", "into this empty folder"))
@click.option("--drill", is_flag=True, help=say("只演练，不动现有的", "only prove it, touch nothing"))
@click.option("--over", is_flag=True, help=say("现有的改名为 ….before-日期", "what is there is renamed ….before-DATE"))
@click.option("--identity", type=FILE, metavar="FILE", envvar="KB_BACKUP_IDENTITY", show_envvar=True,
              help=say("私钥文件（age 或 SSH）", "file of the private key (age's or SSH's)"))  # fmt: skip
@passphrase_option
@json_option
def restore(
    chosen: Settings,
    file: Path,
    to: Path | None,
    drill: bool,
    over: bool,
    identity: Path | None,
    passphrase_file: Path | None,
    as_json: bool,
) -> None:
    from kb.keeping import restore as restoring

    if drill and (to or over):
        raise click.UsageError(say("--drill 不和 --to、--over 一起用", "--drill goes without --to and --over"))
    if to is None and not drill and restoring.finish(chosen):
        note(
            say(
                "上次中断的恢复已接着做完，没有再恢复一次",
                "the restore that was cut off is finished; nothing more was restored",
            )
        )
        return
    keys = _keys(file, identity, passphrase_file)
    if drill:
        from kb.keeping.drill import drill as prove

        proved = prove(file, keys, chosen)
        told = say(
            "演练成功：{made} 的备份完好，能打开（{articles} 篇文章，{files} 个文件，数据库 {rows} 行，"
            "{golden} 条必中查询都找得到）",
            "the drill succeeded: the backup of {made} is whole and opens ({articles} articles, {files} files, {rows} "
            "rows of the database, all {golden} golden queries hold)",
            **proved._asdict(),
        )
        print_json(proved._asdict()) if as_json else click.echo(told)
        return
    done = restoring.restore_to(file, keys, to) if to else restoring.restore(file, keys, chosen, Path.cwd(), over)
    if as_json:
        print_json({**done._asdict(), "before": [str(p) for p in done.before]})
        return
    click.echo(
        say(
            "已恢复 {made} 的备份：{articles} 篇文章，{files} 个文件，数据库 {rows} 行",
            "restored the backup of {made}: {articles} articles, {files} files, {rows} rows of the database",
            **done._asdict(),
        )
    )
    for path in done.before:
        note(say("原来的在 {path}", "what was there is {path}", path=path))
    note(say("接着运行 kb build，再 kb doctor", "now run kb build, then kb doctor"))


def _lock(chosen: Settings, recipients: tuple[str, ...], passphrase_file: Path | None) -> "Lock":
    """What to encrypt with: options first, then the settings' keys, then a passphrase."""
    from kb.keeping.sealing import Lock

    if recipients and passphrase_file:
        raise click.UsageError(say("公钥和口令只能用一样", "either public keys or a passphrase"))
    if recipients or (chosen.backup_recipients and not passphrase_file):
        return Lock(recipients or chosen.backup_recipients)
    return Lock(passphrase=_passphrase(passphrase_file, confirm=True))


def _keys(file: Path, identity: Path | None, passphrase_file: Path | None) -> "Keys":
    """What to decrypt with. A passphrase is asked for only where one is needed."""
    from kb.keeping.sealing import Keys, needs_passphrase

    needed = needs_passphrase(file if identity is None else identity)
    return Keys(identity, _passphrase(passphrase_file, confirm=False) if needed else "")


def _passphrase(path: Path | None, confirm: bool) -> str:
    """The passphrase of a file (its first line), of the environment, or of who sits here."""
    if path is not None:
        try:
            with path.open(encoding="utf8") as file:
                return file.readline(MAX_PASSPHRASE).strip()
        except (OSError, UnicodeDecodeError) as error:
            raise InputError(
                say("口令文件 {path} 读不了：{why}", "the file {path} can't be read: {why}", path=path, why=error)
            )
    if found := os.environ.get(PASSPHRASE, ""):
        return found
    if not sys.stdin.isatty():
        raise InputError(
            say(
                "没有公钥，也没有口令：写好设置 backup_recipients，或给 --passphrase-file、环境变量 {name}",
                "neither public keys nor a passphrase: set backup_recipients, give --passphrase-file, or set {name}",
                name=PASSPHRASE,
            )
        )
    asked: str = click.prompt(say("口令", "Passphrase"), hide_input=True, confirmation_prompt=confirm, err=True)
    return asked
