"""This module is a case's log: events that are only ever added, and the log as it counts once corrections are read.

An event happened at one time and was written at another. Clocks and states go by when it happened, so a call that is
written up an hour later counts from when it was made; both times are kept.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Any

from kb.model.casework import EventKind


@dataclass(frozen=True, slots=True)
class Event:
    """What happened to a case.

    at: when it happened; noted: when it was written; both in UTC. by: who wrote it, "" for the program itself.
    public: whether the customer sees it. data: what its kind asks for beside the text (kb.service.fields); moments
    among it are ISO texts. work: the piece of work of the case that it is about, from 1, 0 for the case itself.
    place: its number within the case's log, from 1, in the order of writing. corrects: the place of the event that it
    corrects, 0 for none.
    """

    kind: EventKind
    at: datetime
    noted: datetime
    by: str = ""
    text: str = ""
    public: bool = False
    data: Mapping[str, Any] = field(default_factory=dict)
    work: int = 0
    place: int = 0
    corrects: int = 0

    @property
    def automatic(self) -> bool:
        """Whether no human said it: a receipt, an out-of-office reply, the program itself."""
        return not self.by or bool(self.data.get("automatic"))

    @property
    def answers(self) -> bool:
        """Whether a human said something to the customer, on whatever way."""
        said = self.kind in (EventKind.MESSAGE_OUT, EventKind.CALL, EventKind.PROMISED)
        return not self.automatic and (said or (self.kind == EventKind.NOTE and self.public))

    @property
    def from_customer(self) -> bool:
        """Whether the customer, a human, said something."""
        called = self.kind == EventKind.CALL and self.data.get("direction") == "in"
        return not self.automatic and (called or self.kind == EventKind.MESSAGE_IN)


def effective(events: Iterable[Event]) -> tuple[Event, ...]:
    """The log as it counts: corrected, without merges that were split again, in the order in which things happened.

    Of what happened at the same moment, that which was written first comes first.
    """
    return _without_undone_merges(sorted(_corrected(events), key=lambda e: (e.at, e.place)))


def _corrected(events: Iterable[Event]) -> list[Event]:
    """A correction gives an event another time or text, or takes it out (void). The last one written counts."""
    log = sorted(events, key=lambda e: e.place)
    known = {e.place: e for e in log if e.kind != EventKind.CORRECTED}
    for event in log:
        old = known.get(event.corrects) if event.kind == EventKind.CORRECTED else None
        if old is None:
            continue
        if event.data.get("void") and old.kind != EventKind.REPORTED:
            del known[event.corrects]
            continue
        at = moment(event.data.get("to")) or old.at
        known[event.corrects] = replace(old, at=at, text=event.text or old.text)
    return list(known.values())


def _without_undone_merges(log: Sequence[Event]) -> tuple[Event, ...]:
    """A case that was split again counts as if it had never been merged: its customer waited all the time."""
    undone: set[int] = set()
    merged: list[int] = []
    for i, event in enumerate(log):
        if event.kind == EventKind.MERGED:
            merged.append(i)
        elif event.kind == EventKind.SPLIT and merged:
            undone |= {*merged, i}
            merged = []
    return tuple(e for i, e in enumerate(log) if i not in undone)


def moment(value: object) -> datetime | None:
    """A moment of an event's data in UTC; None for what is none. Without a zone it is UTC."""
    try:
        found = datetime.fromisoformat(value) if isinstance(value, str) and value else None
    except ValueError:
        return None
    if found is None:
        return None
    return found.replace(tzinfo=UTC) if found.tzinfo is None else found.astimezone(UTC)
