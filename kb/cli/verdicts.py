"""This module answers what was said of articles: verdicts."""

import json

import click

from kb.cli.common import NOTHING, command
from kb.settings import Settings


@command(
    """写出关于粘贴的判定，每行一个 JSON：text、article、verdict；文字已打码。没有时退出码为 1。

    \b
    例：kb verdicts > 判定.jsonl
        kb eval 评测集文件夹 --verdicts 判定.jsonl
        kb golden promote 判定.jsonl
    """,
    """Export the verdicts on suggestions, a JSON line each: text, article, verdict; texts are masked. Exits 1 for none.

    \b
    Example: kb verdicts > verdicts.jsonl
             kb eval FOLDER --verdicts verdicts.jsonl
             kb golden promote verdicts.jsonl
    """,
)
def verdicts(chosen: Settings) -> None:
    from kb.database.activity import Feedback
    from kb.database.connection import Store

    said = Feedback(Store(chosen.database), chosen.log_days).verdicts()
    for verdict in said:
        click.echo(json.dumps(verdict._asdict(), ensure_ascii=False))
    if not said:
        raise click.exceptions.Exit(NOTHING)
