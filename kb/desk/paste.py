"""This module is the one way to ask a paste: page, API, command line and golden queries get the same answer."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

from kb.desk.intake import pasted
from kb.model import Answer, Suggestions
from kb.privacy import without_placeholders
from kb.search.engine import COUNT, Engine

if TYPE_CHECKING:
    from kb.search.verdict_memory import Remembered


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


def answer_paste(engine: Engine, paste: Paste, remembered: "Remembered | None" = None) -> Suggestions:
    """What may solve it. remembered: verdicts on texts of before (kb.desk.memory). Never raises on any text.

    It is read as the same text in a dropped file would be: without colours, an event as its viewer shows it. What masks
    hid of customer data says nothing of the fault.
    """
    told = without_placeholders(pasted(paste.text))
    text = f"{paste.subject}\n{told}" if paste.subject.strip() else told
    return engine.suggest(text, paste.count, paste.answers, paste.exact, remembered, paste.products)
