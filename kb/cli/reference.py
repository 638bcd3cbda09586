"""This module writes the reference of all commands from the commands themselves: the topic "commands" of the help.

scripts/commands writes it, in each language.
"""

from collections.abc import Iterator
from inspect import cleandoc

import click

from kb.cli.common import FOUND, MISTAKE, NOTHING, Commands
from kb.language import say

EXITS = {
    FOUND: ("找到了，做好了", "found, or done"),
    NOTHING: ("没找到，或查出了问题；各命令的意思见下表", "nothing found, or something is wrong; by command below"),
    MISTAKE: (
        "用法不对，或设置、文章文件夹、索引、数据库用不了；标准错误里有一句话说明",
        "a mistake in the call, or settings, articles, index or database can't be used; a sentence says so on stderr",
    ),
}
"""What each exit code means."""

MEANS_ONE = {
    "search": ("没有找到", "nothing was found"),
    "show": ("没有这一篇", "there is no such article"),
    "suggest": ("没有足够相似的案例", "nothing is similar enough"),
    "why": ("没有这一篇", "there is no such article"),
    "check": ("有错误（只有警告时为 0）", "there are errors (0 with warnings alone)"),
    "duplicates": ("没有发现重复", "there are no duplicates"),
    "eval": ("有必中查询不合格", "a golden query fails"),
    "import": ("没有可导入的", "there is nothing to import"),
    "move": ("两边不一样", "the two engines differ"),
    "pack": ("没有符合的文章", "no article matches"),
    "verdicts": ("没有判定", "there are no verdicts"),
    "due": ("没有要到期的", "nothing is due"),
    "case list": ("没有这样的服务单", "there are no such cases"),
    "case check": ("有与记录不符的", "a row does not follow from its log"),
    "policy check": ("承诺写错了", "the promises are wrong"),
    "duty gaps": ("有没人值班的，或重了的", "nobody is on duty at some time, or more than one"),
    "duty list": ("没有值班", "there are no shifts"),
    "duty now": ("没有人值班", "nobody is on duty"),
    "mail": ("没有留着的信（--held）", "no mail is held (--held)"),
    "outbox": ("没有等着发的", "nothing waits to be sent"),
    "customer list": ("没有客户", "there are no customers"),
    "device list": ("没有设备", "there are no devices"),
    "device ending": ("没有到期的", "nothing ends"),
    "round list": ("没有这样的巡检", "there are no such rounds"),
    "round plans": ("没有计划", "there are no plans"),
    "guard list": ("没有重保", "no time is guarded"),
    "census list": ("没有设备", "there are no devices"),
    "census updates": ("没有发布更新", "no update is published"),
    "census behind": ("没有落后的", "none is behind"),
    "part list": ("没有备件", "there are no parts"),
    "part stock": ("没有库存", "nothing is in stock"),
    **{
        f"{kind} import": ("有读不懂的行，什么都没写", "a row is unclear, and nothing was written")
        for kind in ("customer", "device", "part", "census")
    },
    "doctor": ("有一项不正常", "something is not well"),
    "person list": ("还没有人", "there is nobody"),
    "team list": ("还没有团队", "there are no teams"),
    "token list": ("没有令牌", "there are no tokens"),
}
"""What 1 means, of the commands that end with it."""


def commands(group: click.Group, before: str = "") -> Iterator[tuple[str, click.Command]]:
    """(name as it is typed, command) of all commands, those of groups behind their group."""
    members = group.all() if isinstance(group, Commands) else group.commands
    for name, command in sorted(members.items()):
        yield before + name, command
        if isinstance(command, click.Group):
            yield from commands(command, f"{name} ")


def markdown(cli: click.Group) -> str:
    """The reference in the language that the commands were made in."""
    parts = [
        "# " + say("命令", "Commands"),
        say(
            "这一页由程序生成，与 `kb 命令 --help` 相同。文件夹、数据库等见[设置](settings.md)；"
            "`--json` 把数据写到标准输出，说明文字走标准错误。",
            "This page is made by the program, and says what `kb COMMAND --help` says. For folders, the database and "
            "so on see [Settings](settings.md); `--json` prints data to stdout, words for people go to stderr.",
        ),
        "## " + say("退出码", "Exit codes"),
        _table((say("退出码", "Exit code"), say("意思", "Meaning")), [(str(c), say(*t)) for c, t in EXITS.items()]),
        _table(
            (say("命令", "Command"), say("退出码 1", "Exits with 1 when")),
            [(f"`kb {name}`", say(*told)) for name, told in MEANS_ONE.items()],
        ),
    ]
    for name, command in commands(cli):
        parts += [f"## kb {name}", *_described(command, f"kb {name}")]
    return "\n\n".join(parts) + "\n"


def _described(command: click.Command, name: str) -> Iterator[str]:
    told, _, examples = cleandoc(command.help or "").partition("\b\n")
    if told.strip():
        yield " ".join(told.split())
    context = click.Context(command, info_name=name)
    usage = " ".join(command.collect_usage_pieces(context))
    yield f"```text\n{name} {usage}\n```"
    if examples.strip():
        yield f"```text\n{examples.rstrip()}\n```"
    rows = [p.get_help_record(context) for p in command.params if isinstance(p, click.Option)]
    shown = [(f"`{option}`".replace("|", "\\|"), help.replace("|", "\\|")) for option, help in filter(None, rows)]
    if shown:
        yield _table((say("选项", "Option"), say("意思", "Meaning")), shown)


def _table(head: tuple[str, str], rows: list[tuple[str, str]]) -> str:
    return "\n".join(f"| {a} | {b} |" for a, b in (head, ("---", "---"), *rows))
