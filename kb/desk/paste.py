"""This module is the one way to ask a paste: page, API, command line and golden queries get the same answer."""

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from kb.desk.intake import pasted
from kb.model import Answer, Query, Recognised, Suggestions
from kb.privacy import without_placeholders
from kb.search.engine import COUNT, Engine

if TYPE_CHECKING:
    from kb.search.verdict_memory import Remembered


MIN_WORDS = 3
"""A text of fewer words tells no fault from another, unless one of them is a code."""
_WORD = re.compile(r"[A-Za-z][\w.+-]*|\d[\w.+-]*")
_HAN = re.compile(r"[\u3400-\u9fff]")


def is_brief(text: str, identifiers: Sequence[Recognised]) -> bool:
    """Whether a text says too little to suggest a fix: one or two words, none of them a code or a model.

    A Chinese word has two characters, more or less.
    """
    words = len(_WORD.findall(text)) + len(_HAN.findall(text)) // 2
    return words < MIN_WORDS and not any(i.known for i in identifiers)


@dataclass(frozen=True, slots=True)
class Paste:
    """A description, mail or log, and what else is known.

    subject: of a mail, which counts twice as the first line does. count: suggestions at most. answers: to questions
    of before. exact: misspelled words are taken as they stand. products: those that it is about.
    """

    text: str
    subject: str = ""
    count: int = COUNT
    answers: tuple[Answer, ...] = ()
    exact: bool = False
    products: tuple[str, ...] = ()


def as_asked(text: str) -> str:
    """What of a pasted text is looked for: as a terminal shows it, without what masks hid."""
    return without_placeholders(pasted(text))


def asked_in(mode: str, query: Query) -> Query:
    """A query as it is asked in mode search or suggest: why an article was not suggested is about the same text."""
    return replace(query, text=as_asked(query.text)) if mode == "suggest" else query


def answer_paste(engine: Engine, paste: Paste, remembered: "Remembered | None" = None) -> Suggestions:
    """What may solve it. remembered: verdicts on texts of before (kb.desk.memory). Never raises on any text.

    It is read as the same text in a dropped file would be: without colours, an event as its viewer shows it. What masks
    hid of customer data says nothing of the fault.
    """
    told = as_asked(paste.text)
    text = f"{paste.subject}\n{told}" if paste.subject.strip() else told
    return engine.suggest(text, paste.count, paste.answers, paste.exact, remembered, paste.products)
