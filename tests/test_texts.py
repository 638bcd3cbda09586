"""Every text of the interface stands in both languages; ./scripts/texts lists them all for review."""

import re
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import click
import pytest

sys.path.insert(0, str(Path(__file__).parents[1] / "scripts"))

from measuring.texts import Text, of_python, of_script, of_template, texts

from kb.cli import cli, phrases
from kb.cli.common import NOTHING
from kb.cli.reference import EXITS, MEANS_ONE, commands
from kb.language import use

ROOT = Path(__file__).parents[1]


def test_every_text_is_there_in_both_languages() -> None:
    """What is missing in one of them is named with its file and line, and so is a number that one of them does not
    tell; English may leave out what 1 makes plain."""
    found = texts(ROOT)
    assert len(found) > 1500
    assert [t for t in found if not t.whole] == []
    named = re.compile(r"\{(\w+)[^}]*\}")
    told = {t: (set(named.findall(t.zh)), set(named.findall(t.en))) for t in found}
    assert [t for t, (zh, en) in told.items() if zh != en and (zh, en) != ({"zh"}, {"en"})] == []


Reader = Callable[[str, str], Iterator[Text]]


@pytest.mark.parametrize(
    ("reader", "source", "missing"),
    [
        (of_python, 'say("没有找到", "")', "没有找到"),
        (of_python, 'say("", "nothing found")', "nothing found"),
        (of_python, 'say("没有找到", "没有找到")', "没有找到"),
        (of_python, 'say("nothing was found", "nothing was found here")', "nothing was found"),
        (of_python, 'title = "没有找到"', "没有找到"),
        (of_python, 'note(f"{n} articles were found")', " articles were found"),
        (of_python, 'raise InputError("choose another port")', "choose another port"),
        (of_template, "<p>没有找到</p>", "没有找到"),
        (of_template, "<p>\nNothing {{ n }} found</p>", "Nothing found"),
        (of_template, '<input placeholder="Search here">', "Search here"),
        (of_template, '{{ say("没有找到", "") }}', "没有找到"),
        (of_script, 'button.textContent = "已复制";', "已复制"),
        (of_script, "status(`Copied all of ${n}`);", "Copied all of ${n}"),
    ],
)
def test_a_text_of_one_language_is_found(reader: Reader, source: str, missing: str) -> None:
    """However it is written."""
    assert [t.zh or t.en for t in reader(source, "a") if not t.whole] == [missing]


@pytest.mark.parametrize(
    ("reader", "source"),
    [
        (of_python, 'say("没有找到 {path}", "{path} was not found", path=path)'),
        (of_python, '"""没有找到"""\nsay("、", ", ")\nre.compile("[没无]")\nKey("id", "编号", "Number")'),
        (of_template, '<p class="note">{{ say("没有找到", "Nothing found") }}</p>{# 说明 #}<b>API</b>'),
        (of_template, '<a title="{{ say("搜索", "Search") }}" href="/search">{% if found %}{{ n }}{% endif %}</a>'),
        (of_script, '// 说明\nconst all = $$("form [data-x]"); location.href = "https://example.com";'),
    ],
)
def test_what_is_whole_is_passed(reader: Reader, source: str) -> None:
    """Neither patterns nor comments nor names are texts."""
    assert [t for t in reader(source, "a") if not t.whole] == []


def test_the_list_for_review() -> None:
    """A line a text, which can be asked for by a word of either language."""
    script = [sys.executable, str(ROOT / "scripts" / "texts")]
    printed = subprocess.run([*script, "数据看板"], capture_output=True, text=True, check=True).stdout
    lines = [line.split("\t") for line in printed.splitlines()]
    assert lines
    assert all("数据看板" in zh and en and re.fullmatch(r"kb/\S+:\d+", where) for zh, en, where in lines)


# --- what click says -------------------------------------------------------------------------


def test_click_asks_us_for_its_words() -> None:
    """It speaks of usage and mistakes through functions that we replace; what is translated is what it still says."""
    sources = "".join(Path(str(m.__file__)).read_text("utf8") for m in phrases.MODULES)
    said = re.sub(r'"\s*\n\s*"', "", sources)
    rare = {"Missing parameter", "Positional arguments"}  # said by some versions
    assert [p for p in phrases.PHRASES if p.replace("\n\t", "\\n\\t") not in said and p not in rare] == []
    assert all(m.__dict__.get("_", phrases.phrase) is phrases.phrase for m in phrases.MODULES)


@pytest.mark.parametrize("words", [[], ["--help"], ["search", "--help"], ["serch"], ["search"], ["check", "--no"]])
def test_what_click_says_is_in_the_language_asked_for(words: list[str]) -> None:
    """Of a help, and of a mistake; what an option says was chosen when the commands were made."""
    from click.testing import CliRunner

    english = re.compile(r"Usage|Options:|Error|Missing|No such|Show this|Try ")
    for language, wrong in (("zh", english), ("en", re.compile("用法：|选项:|错误：|缺少参数|没有命令"))):
        use(language)
        said = CliRunner().invoke(cli, words).output
        assert said
        assert not wrong.search(said), said


def test_every_option_is_explained() -> None:
    """And each command in the list has a first sentence that is not cut."""
    for name, command in commands(cli):
        assert not command.get_short_help_str(100).endswith("..."), name
        untold = [p.name for p in command.params if isinstance(p, click.Option) and not p.help]
        assert untold == [], name


# --- exit codes ------------------------------------------------------------------------------


def test_the_table_of_exit_codes_is_what_commands_do() -> None:
    """Each code has its row; each command that ends with 1 says when, and no other."""
    assert sorted(EXITS) == [0, 1, 2]
    ending = {
        name
        for name, command in commands(cli)
        if command.callback is not None and "NOTHING" in _names(command.callback)
    }
    assert NOTHING == 1
    assert set(MEANS_ONE) == ending


def _names(function: Any) -> set[str]:
    """The global names that a command uses, also in functions of its module that it calls."""
    inner = getattr(function, "__wrapped__", function)
    names: set[str] = set()
    todo = [inner]
    while todo:
        code = todo.pop().__code__
        for name in set(code.co_names) - names:
            names.add(name)
            called = inner.__globals__.get(name)
            if getattr(called, "__module__", "") == inner.__module__ and hasattr(called, "__code__"):
                todo.append(called)
    return names
