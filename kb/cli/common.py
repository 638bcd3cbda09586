"""This module holds what all commands share: the group, folders, options, exit codes, printing, the index."""

import json
import os
import re
import sys
from collections.abc import Callable, Iterable, Mapping
from functools import wraps
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from kb import __version__, settings
from kb.cli import phrases
from kb.errors import BundleError, KbError
from kb.labels import label
from kb.language import LANGUAGES, first_of, say, use
from kb.model.schema import FACETS, FOLDER, KEYS
from kb.settings import Settings

if TYPE_CHECKING:
    from kb.indexer.build import Report
    from kb.indexer.captions import Captioned
    from kb.indexer.meaning import Filled
    from kb.indexer.parallel import Progress
    from kb.search.engine import Engine

FOUND, NOTHING, MISTAKE = 0, 1, 2
"""Exit codes; what each means: kb.cli.reference."""
MAX_TOLD = 10
"""Names in one sentence."""


phrases.install()


MODULES = {
    "access": ("token",),
    "assets": ("customer", "device", "part"),
    "building": ("build", "doctor", "serve"),
    "cases": ("case",),
    "duty": ("duty",),
    "explaining": ("why",),
    "finding": ("search", "show"),
    "golden": ("golden",),
    "importing": ("import",),
    "keeping": ("backup", "restore"),
    "mailing": ("mail",),
    "measuring": ("eval",),
    "moving": ("move",),
    "notices": ("outbox", "tick"),
    "packing": ("pack",),
    "people": ("forget", "person"),
    "promises": ("clock", "due", "policy", "workdays"),
    "rounds": ("census", "guard", "report", "round"),
    "sampling": ("sample-service",),
    "suggesting": ("suggest",),
    "teams": ("team",),
    "verdicts": ("verdicts",),
    "writing": ("check", "duplicates", "new", "synonyms"),
}
"""Module of kb.cli -> its commands. A module is loaded when one of them is asked for: a search waits for no other."""

FOR_SERVICE = (
    "case", "census", "clock", "customer", "device", "due", "duty", "guard", "mail", "part", "policy", "report",
    "round", "sample-service", "workdays",
)  # fmt: skip
"""Commands of the service desk."""


def _serves() -> bool:
    try:
        return settings.load().serves
    except KbError:  # whoever runs a command is told
        return False


class Commands(click.Group):
    """Says every error of the user's in one sentence, and none of ours; loads a command when it is asked for."""

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        module = next((m for m, names in MODULES.items() if cmd_name in names), "")
        if module and cmd_name not in self.commands:
            import_module(f"kb.cli.{module}")
        return super().get_command(ctx, cmd_name)

    def all(self) -> Mapping[str, click.Command]:
        """Every command by its name, loaded."""
        for module in MODULES:
            import_module(f"kb.cli.{module}")
        return self.commands

    def list_commands(self, ctx: click.Context) -> list[str]:
        """What help shows: the service desk only where there is one."""
        names = sorted(name for names in MODULES.values() for name in names)
        return names if _serves() else [name for name in names if name not in FOR_SERVICE]

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


@click.group(cls=Commands, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
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
T = TypeVar("T")


def command(help_zh: str, help_en: str, group: click.Group = cli) -> Callable[[Command], click.Command]:
    """A command that knows its folders: its function gets Settings first. Of a group: named behind its name."""

    def wrap(function: Command) -> click.Command:
        @wraps(function)
        def run(articles: Path | None, index: Path | None, language: str | None, **values: Any) -> None:
            chosen = settings.load({"articles": articles, "index": index, "language": language})
            use(chosen.language)
            function(chosen, **values)

        name = function.__name__.removesuffix("_").removeprefix(f"{group.name}_").replace("_", "-")
        told = say(help_zh, help_en)
        made = group.command(name, help=told, short_help=_first_sentence(told))(run)
        folder = click.Path(path_type=Path)
        made.params += [
            click.Option(["--articles"], type=folder, metavar="DIR", help=setting_help("articles")),
            click.Option(["--index"], type=folder, metavar="DIR", help=setting_help("index")),
            click.Option(["--language"], type=click.Choice(LANGUAGES), help=setting_help("language")),
        ]
        return made

    return wrap


def _first_sentence(told: str) -> str:
    """What the list of commands says of one: click cuts at blanks, which Chinese does not have."""
    return " ".join(re.split(r"[。；：]|[.;:] |\.?\n\s*\n", told, maxsplit=1)[0].split()).removesuffix(".")


def setting_help(name: str) -> str:
    """The help of an option that sets a setting of that name."""
    setting = next(s for s in settings.SETTINGS if s.name == name)
    return say(setting.help_zh, setting.help_en)


FILE = click.Path(path_type=Path)

exact_option = click.option(
    "--exact", is_flag=True, help=say("只按原文，不更正错别字", "search as typed, without spelling correction")
)
json_option = click.option("--json", "as_json", is_flag=True, help=say("以 JSON 输出", "print JSON"))


def print_json(data: Any) -> None:
    click.echo(json.dumps(data, ensure_ascii=False, indent=2))


def note(text: str) -> None:
    """Words for people, out of the way of data."""
    click.echo(text, err=True)


def note_menus(articles: Path) -> None:
    """Tell which files hold nothing but links to others, so that nobody looks for them among the articles."""
    from kb.articles.files import menus

    found = menus(articles)
    if found:
        note(
            say(
                "只有链接的导航文件没有收录（{n} 个）：{names}",
                "files of navigation, with nothing but links, are left out ({n}): {names}",
                n=len(found),
                names=first_of(found, MAX_TOLD),
            )
        )


def colon() -> str:
    return say("：", ": ")


def listed(values: Iterable[str]) -> str:
    return say("、", ", ").join(values)


def build_index(chosen: Settings, full: bool = False) -> "Report":
    """Build with a progress bar when a person is watching."""
    from kb.desk.publishing import build

    return _watched(lambda progress: build(chosen, full, progress))


def caption_pictures(chosen: Settings) -> "Captioned | None":
    """Read what pictures of articles say, with a progress bar when a person is watching."""
    from kb.indexer.captions import read_pictures

    try:
        return _watched(lambda progress: read_pictures(chosen, progress))
    except (KbError, OSError) as error:  # the index is there without them
        note(str(error))
        return None


def fill_meaning(chosen: Settings) -> "Filled":
    """Make missing vectors of meaning, with a progress bar when a person is watching."""
    from kb.indexer.meaning import fill

    return _watched(lambda progress: fill(chosen, progress))


def find_threshold(chosen: Settings) -> None:
    """Find how sure an article must be in this base to be suggested; one that can't be looked at keeps what it has."""
    from kb.desk.calibration import calibrate

    try:
        calibrate(chosen)
    except KbError as error:
        note(str(error))


def _watched(work: "Callable[[Progress | None], T]") -> T:
    if not sys.stderr.isatty():
        return work(None)
    with click.progressbar(length=1, file=sys.stderr, show_pos=True, item_show_func=str) as bar:

        def progress(step: str, done: int, total: int) -> None:
            bar.length = max(total, 1)
            bar.current_item = step
            bar.update(done - bar.pos)

        return work(progress)


def open_engine(chosen: Settings) -> "Engine":
    """The engine in force; the index is built when there is none yet or the one there can't be used."""
    from kb.search.engine import engines

    following = engines(chosen)
    try:
        return following.in_force()
    except BundleError as error:
        note(str(error))
        note(say("正在重建……", "building it now ..."))
        for problem in build_index(chosen).problems:
            note(problem)
        return following.in_force()


def filter_options(function: Command) -> Command:
    """An option for every facet, which may be repeated; the function gets them as keywords."""
    for facet in reversed(FACETS):
        option = next(k.asked_as for k in (*KEYS, FOLDER) if k.name == facet)
        function = click.option(f"--{option}", facet, multiple=True, help=label("facet", facet))(function)
    return function


MAX_INPUT = 1_000_000
"""Bytes of standard input that are read; more than suggest looks at."""


def standard_input() -> str:
    """What is piped in, decoded, at most MAX_INPUT bytes of it."""
    from kb.articles.files import decode

    raw = sys.stdin.buffer.read(MAX_INPUT)
    if len(raw) == MAX_INPUT:  # the cut may go through a character, and half a character decodes as nothing
        raw = raw[: raw.rfind(b"\n")] if b"\n" in raw[-10_000:] else _PARTIAL.sub(b"", raw)
    return decode(raw, say("标准输入", "standard input"))[0]


_PARTIAL = re.compile(rb"[\xc0-\xff][\x80-\xbf]{0,2}\Z")
"""The start of a UTF-8 character that the cut left without its end."""


def one_line(text: str, length: int = 60) -> str:
    """Text without line breaks, cut to that many characters."""
    text = " ".join(text.split())
    return text if len(text) <= length else text[: length - 1] + "…"


def you() -> str:
    """The user of this machine, empty when it has no name."""
    from getpass import getuser

    try:
        return getuser()
    except (KeyError, OSError):
        return ""
