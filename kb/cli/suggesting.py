"""This module answers what may solve a described fault, and asks back: suggest."""

import shlex
import sys
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

import click

from kb.cli.common import (
    NOTHING,
    colon,
    command,
    exact_option,
    json_option,
    listed,
    note,
    one_line,
    open_engine,
    print_json,
    standard_input,
)
from kb.cli.printing import print_corrections, print_hit, print_matches
from kb.errors import InputError
from kb.labels import label
from kb.language import say
from kb.model import Answer, Snippet, Suggestions
from kb.settings import Settings


@command(
    """为一段描述、邮件或日志找可能的解决办法；- 表示从标准输入读。

    \b
    例：kb suggest "昨天换了工位，墙上网口灯不亮"
        kb suggest - < 报障邮件.txt
        kb suggest 报错截图.png   # 邮件（.eml、.msg）、日志、截图（要装 guzhi[ocr]）
        journalctl -u smbd | kb suggest - --json
        kb suggest "打印机连不上" --answer code:0x0000011b=no
    """,
    """Find likely fixes for a description, mail or log; - reads standard input.

    \b
    Example: kb suggest "moved desks yesterday, the wall socket has no link light"
             kb suggest - < mail.txt
             kb suggest error.png    # a mail (.eml, .msg), a log, a screenshot (with guzhi[ocr])
             journalctl -u smbd | kb suggest - --json
             kb suggest "the printer is offline" --answer code:0x0000011b=no
    """,
)
@click.argument("text", nargs=-1, required=True)
@click.option("-n", "--number", default=5, type=click.IntRange(1, 20), help=say("显示几个", "how many to show"))
@click.option("--answer", "given", multiple=True, metavar="QUESTION=REPLY",
              help=say("对提问的回答，可多次：问题=yes、no 或 unknown",
                       "an answer to a question, may be repeated: question=yes, no or unknown"))  # fmt: skip
@click.option("--product", "products", multiple=True, metavar="NAME",
              help=say("已知的产品，可多次；只作参考", "a product it is about, may be repeated"))  # fmt: skip
@exact_option
@click.option("--why", is_flag=True, help=say("显示匹配的词和得分", "show matched words and score parts"))
@json_option
def suggest(
    chosen: Settings,
    text: Sequence[str],
    number: int,
    given: Sequence[str],
    products: Sequence[str],
    exact: bool,
    why: bool,
    as_json: bool,
) -> None:
    from kb.desk.memory import remembered_by
    from kb.desk.paste import Paste, answer_paste
    from kb.search.clarify import latest, read_answer

    described = standard_input() if list(text) == ["-"] else _file(text) or " ".join(text)
    if not described.strip():
        raise InputError(say("没有内容；请粘贴故障描述", "no text was given; paste a description of the fault"))
    engine, answers = open_engine(chosen), latest(read_answer(a) for a in given)
    asked = Paste(described, "", number, answers, exact, tuple(products))
    remembered = remembered_by(chosen, engine)
    found = answer_paste(engine, asked, remembered)
    if as_json:
        from kb.desk.answers import Suggestions as Printed  # pydantic costs a tenth of a second

        print_json(Printed.of(found).data())
    elif _a_person_is_there():
        _print_suggestions(
            _ask(found, lambda answers: answer_paste(engine, replace(asked, answers=answers), remembered)), why
        )
    else:
        _print_suggestions(found, why)
        _print_questions(found)
    if not found.suggestions:
        raise click.exceptions.Exit(NOTHING)


MAX_NAME = 255


def _file(text: Sequence[str]) -> str:
    """What a file says, when it is named instead of a text: a mail, a log, a screenshot. Raises InputError."""
    if len(text) != 1 or len(text[0]) > MAX_NAME or "\n" in text[0] or not Path(text[0]).is_file():
        return ""
    from kb.desk.intake import MAX_BYTES, read

    with Path(text[0]).open("rb") as file:
        found = read(Path(text[0]).name, file.read(MAX_BYTES + 1))
    for told in found.notes:
        note(told)
    if found.kind == "picture":  # what was read is shown, for it may be wrong
        note("\n".join(f"> {line}" for line in found.text.split("\n")))
    return found.text


def _print_suggestions(found: Suggestions, why: bool) -> None:
    from kb.model import MAX_TEXT

    if found.truncated:
        note(
            say(
                "文字超过 {n} 个字符，只读了开头、结尾，以及中间有报错、代码或与众不同的行",
                "over {n} characters: only the head, the tail, and lines with errors, codes or of rare kinds were read",
                n=MAX_TEXT,
            )
        )
    print_corrections(found.corrections)
    if found.identifiers:
        names = " ".join(i.text for i in found.identifiers)
        click.echo(say("识别到：", "recognised: ") + click.style(names, fg="cyan"))
    for group, name, values in (("area", say("可能的领域", "probable area"), found.areas),
                                ("cause", say("可能的原因", "probable cause"), found.causes)):  # fmt: skip
        if values:
            click.echo(name + colon() + listed(f"{label(group, v)} {n:.0%}" for v, n in values))
    for number, fault in enumerate(found.faults, 1):
        click.echo(say("第 {n} 件：", "fault {n}: ", n=number) + one_line(fault))
    for i, s in enumerate(found.suggestions, 1):
        click.echo()
        print_hit(i, s.article, Snippet(s.article.title, ()), s.score)
        which = say("第 {n} 件  ", "fault {n}  ", n=s.fault) if s.fault else ""
        click.echo(f"    {which}{label('band', s.band)}  " + " ".join(dict.fromkeys(m.word for m in s.matches[:8])))
        if why:
            print_matches(s.matches)
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
    if found.related:
        click.echo()
        click.echo(say("同类主题，未必是同一故障：", "Same topic, perhaps another fault:"))
        for s in found.related:
            click.echo(click.style(f"  {s.article.id}  {one_line(s.article.title)}  {s.score:.2f}", dim=True))
    _print_unexplained(found)


_REPLIES = {
    **dict.fromkeys(("y", "是", "yes"), "yes"),
    **dict.fromkeys(("n", "否", "no"), "no"),
    **dict.fromkeys(("u", "不知道", "unknown", "?", "？"), "unknown"),
}


def _a_person_is_there() -> bool:
    return sys.stdin.isatty() and sys.stdout.isatty()


def _ask(found: Suggestions, again: Callable[[tuple[Answer, ...]], Suggestions]) -> Suggestions:
    """Ask what tells close suggestions apart, until one is ahead or Enter alone ends it."""
    from kb.search.asking import wording

    while found.questions:
        for i, s in enumerate(found.suggestions, 1):
            note(f"{i:>2}. {s.article.id}  {one_line(s.article.title)}  {s.score:.2f}")
        question = found.questions[0].ask
        choices = say("y 是，n 否，u 不知道，回车结束", "y yes, n no, u don't know, Enter to stop")
        reply = ""
        while reply not in _REPLIES:
            reply = click.prompt(f"{wording(question)} [{choices}]", "", show_default=False, err=True).strip().lower()
            if not reply:
                return found
        found = again((*found.answers, Answer(question, _REPLIES[reply])))
        note("")
    return found


def _print_questions(found: Suggestions) -> None:
    """For a script: what could be asked, and how it is answered."""
    from kb.search.asking import wording

    if found.questions:
        note(say("这几篇很接近；回答一句就能分清：", "These are close; one answer tells them apart:"))
    for question in found.questions:
        note(f"  {wording(question.ask)}  --answer {shlex.quote(question.ask + '=yes')}")


def _print_unexplained(found: Suggestions) -> None:
    """The lines of a longer paste of which no suggestion holds a telling word."""
    unexplained = [line for line, explained in found.lines if not explained]
    if found.suggestions and unexplained and len(found.lines) > 1:
        click.echo()
        click.echo(say("没用上的行（{n}）：", "lines not explained ({n}):", n=len(unexplained)))
        for line in unexplained[:MAX_UNEXPLAINED]:
            click.echo("  ? " + one_line(line, 100))


MAX_UNEXPLAINED = 10
"""Lines of a paste that are printed as not explained."""
