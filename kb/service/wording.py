"""This module answers what a case says of its fault so far: the text that is asked for fixes, anew after each entry."""

from collections.abc import Mapping, Sequence
from contextlib import suppress
from typing import NamedTuple

from kb.errors import InputError
from kb.model import MAX_ANSWERS, Answer
from kb.model.casework import EventKind
from kb.search.clarify import read_answer
from kb.service.events import Event, effective

TELLING = (EventKind.REPORTED, EventKind.MESSAGE_IN, EventKind.DIAGNOSED, EventKind.REJECTED, EventKind.REOPENED)
"""Whose words tell of the fault."""
NOTHING_READ: Mapping[str, str] = {}


class Told(NamedTuple):
    """text: of report, diagnosis and logs. answers: to questions; looked_at: articles that did not help."""

    text: str
    answers: tuple[Answer, ...]
    looked_at: tuple[str, ...]


def told(log: Sequence[Event], files: Mapping[str, str] = NOTHING_READ) -> Told:
    """What a case is asked by. files: digest -> what was read of a file (kb.service.files)."""
    texts: list[str] = []
    answers: dict[str, Answer] = {}
    looked: list[str] = []
    for event in effective(log):
        if event.kind in TELLING and not event.automatic:
            texts += [str(event.data.get("title", "")), str(event.data.get("looked", "")), event.text]
        texts += [files.get(digest, "") for digest in attached(event)]
        if event.kind == EventKind.ASKED:
            with suppress(InputError):  # a question of the agent's own is no key
                answer = read_answer(f"{event.data.get('ask', '')}={event.data.get('answer', '')}")
                answers[answer.ask] = answer
        if event.kind == EventKind.LOOKED_AT:
            looked.append(str(event.data.get("article", "")))
    return Told("\n".join(filter(None, texts)), tuple(answers.values())[-MAX_ANSWERS:], tuple(dict.fromkeys(looked)))


def attached(event: Event) -> list[str]:
    """Digests of the files that came with an event."""
    return str(event.data.get("files", "")).split()
