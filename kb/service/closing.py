"""This module writes a case up: its log becomes the beginning of an article, by rules alone and masked."""

import re
from collections.abc import Iterable, Sequence
from typing import NamedTuple

from kb.desk.writeup import started
from kb.labels import label
from kb.language import say
from kb.model import Article, Recognised
from kb.model.casework import EventKind
from kb.privacy import masked
from kb.service.events import Event, effective
from kb.service.policy import Policy
from kb.service.states import facts, priority


class Closing(NamedTuple):
    """What a case leaves behind.

    front: keys of the front matter; body: Markdown with all sections of a case. query: the report as it has to find
    the article from now on, a golden query for a paste.
    """

    front: dict[str, str]
    body: str
    query: str


def write_up(
    number: str,
    events: Iterable[Event],
    policy: Policy,
    identifiers: Sequence[Recognised] = (),
    looked_at: Iterable[Article] = (),
) -> Closing:
    """A case's log as an article, in the language in use.

    identifiers: what was recognised in report and diagnosis. looked_at: articles that were seen and did not help.
    """
    log = effective(events)
    known = facts(log)
    report = next(e.text for e in log if e.kind == EventKind.REPORTED)
    told = {
        "environment": "\n".join(f"- {masked(str(e.data['device']))}" for e in log if e.data.get("device")),
        "cause": _cause(log, str(known.get("cause", ""))),
        "diagnosis": _steps(_found(e) for e in log if e.kind in (EventKind.DIAGNOSED, EventKind.ASKED)),
        "fix": _fix(log),
        "verification": "\n\n".join(_line(t) for t in _verified(log)),
    }
    begun = started(report, identifiers, looked_at, told=told)
    front = {
        "title": masked(str(known["title"])) if known.get("title") else begun.title,
        "severity": priority(known, policy),
        "ticket": number,
        **{name: str(known[name]) for name in ("area", "cause", "handling") if known.get(name)},
    }
    return Closing(front, begun.body, masked(report))


def _cause(log: Sequence[Event], cause: str) -> str:
    """The last diagnosis, and the cause as it was classified."""
    seen = [e.text for e in log if e.kind == EventKind.DIAGNOSED and e.text]
    named = label("cause", cause) if cause else ""
    return "\n\n".join(filter(None, (named, _line(seen[-1]) if seen else "")))


def _found(event: Event) -> str:
    if event.kind == EventKind.ASKED:
        return f"{event.data.get('ask', '')} {event.data.get('answer', '')}"
    looked = str(event.data.get("looked", ""))
    return looked + say("：", ": ") + event.text if looked else event.text


def _fix(log: Sequence[Event]) -> str:
    """What was applied and not undone, and how it is undone; what restored it, where nothing was."""
    applied: list[Event] = []
    for event in log:
        if event.kind == EventKind.APPLIED:
            applied.append(event)
        elif event.kind == EventKind.UNDONE and applied:
            applied.pop()
    restored = [e.text for e in log if e.kind == EventKind.RESTORED and not e.data.get("provisional")]
    steps = _steps([e.text for e in applied] or restored[-1:])
    undo = [str(e.data["undo"]) for e in applied if e.data.get("undo")]
    return steps + "".join("\n\n" + say("回退：", "To undo: ") + _line(text) for text in undo)


def _verified(log: Sequence[Event]) -> Iterable[str]:
    for event in log:
        if event.kind == EventKind.RESTORED and event.data.get("verification"):
            yield str(event.data["verification"])
        if event.kind == EventKind.TESTED:
            yield say("在 {where} 试过：", "Tested on {where}: ", where=event.data.get("where", "")) + event.text


def _steps(texts: Iterable[str]) -> str:
    """A numbered list; the further lines of a text, such as a log, stand below its step as they are."""
    out = []
    for i, text in enumerate(texts, 1):
        first, _, rest = masked(text.strip()).partition("\n")
        step = f"{i}. {_escaped(first)}"
        out.append(step + "".join(f"\n\n{_indented(rest)}" for _ in range(bool(rest.strip()))))
    return "\n".join(out) or "1. "


def _indented(text: str) -> str:
    return "\n".join("       " + line for line in text.strip("\n").split("\n"))


def _line(text: str) -> str:
    return _escaped(" ".join(masked(text).split()))


def _escaped(text: str) -> str:
    """A line that begins nothing in Markdown but a paragraph."""
    return re.sub(r"^(\s*\d*)([#<>*+=~`|.)-])", r"\1\\\2", text)
