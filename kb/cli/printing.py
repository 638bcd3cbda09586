"""This module prints what was found: articles with their facts, snippets, matched words and corrections."""

from collections.abc import Sequence
from typing import Any

import click

from kb.cli.common import colon, listed, note
from kb.labels import label
from kb.language import say
from kb.model import Correction, Match, Snippet


def print_corrections(corrections: Sequence[Correction]) -> None:
    pairs = (say("{better}（您输入：{typed}）", "{better} (you typed: {typed})", **c._asdict()) for c in corrections)
    if corrections:
        note(say("已同时搜索 ", "also searched ") + listed(pairs))
        note(say("只搜原文：--exact", "only what you typed: --exact"))


def print_hit(i: int, article: Any, title: Snippet, score: float) -> None:
    facts = [label(k, getattr(article, k)) for k in ("area", "cause", "severity") if getattr(article, k)]
    parts = [f"{i:>2}. " + click.style(article.id, fg="cyan"), _marked(title)]
    parts += [f"[{' · '.join(facts)}]"] if facts else []
    parts += [f"{score:.2f}"] if score else []
    click.echo("  ".join(parts))


def print_snippet(heading: tuple[str, ...], snippet: Snippet) -> None:
    where = click.style(" › ".join(heading) + colon(), dim=True) if heading else ""
    click.echo("    " + where + " ".join(_marked(snippet).split()))


def print_matches(matches: Sequence[Match]) -> None:
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
