"""This module makes the rows of 为什么 below a hit: which word met which field, and its share of the score.

A page has a hundred of these rows: each is made of what it shows before a template sees it.
"""

from collections.abc import Sequence
from typing import NamedTuple

from flask import Flask, url_for

from kb.labels import label
from kb.language import say
from kb.model import Match
from kb.text.identifiers import SHOWN_KINDS


class Row(NamedTuple):
    """One reason. page: address of the page about the word, "" for none; via, kind: what is said of it, or "";
    percent: of the whole score."""

    word: str
    page: str
    via: str
    kind: str
    field: str
    percent: int


def init_app(app: Flask) -> None:
    app.jinja_env.globals.update(reasons_of=reasons_of)


def reasons_of(matches: Sequence[Match]) -> list[Row]:
    """The rows of these reasons, in the current language."""
    total = sum(m.score for m in matches)
    return [
        Row(m.word, _page(m), _via(m), _kind(m.kind), label("field", m.field), round(100 * m.score / total))
        for m in matches
    ]


def _page(match: Match) -> str:
    return url_for("code", name=match.word) if match.kind in SHOWN_KINDS else ""


def _via(match: Match) -> str:
    if not match.via:
        return ""
    return f"← {match.via}" if match.kind == "meaning" else say("← {via}（同义词）", "← {via} (synonym)", via=match.via)


def _kind(kind: str) -> str:
    """What kind of word it is, "" where that goes without saying."""
    name = say("相邻", "adjacent") if kind == "pair" else label("identifier", kind)
    return "" if name == kind else say("（{kind}）", "({kind})", kind=name)
