"""This module is a case's entries in the order in which they happened, with what was corrected and by what."""

from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import NamedTuple

from kb.model.casework import EventKind
from kb.search.asking import wording
from kb.service.cases import Case
from kb.service.events import Event
from kb.service.telling import facts_of
from kb.service.wording import attached

LATER = timedelta(minutes=1)
"""From this on it is told that an entry was written later than it happened."""
STEPS = (EventKind.PROPOSED, EventKind.TESTED, EventKind.APPLIED, EventKind.UNDONE, EventKind.RESTORED)
DIAGNOSIS = (EventKind.DIAGNOSED, EventKind.ASKED, EventKind.LOOKED_AT)
FILTERS = ("all", "public", "diagnosis", "steps")


class Entry(NamedTuple):
    """One entry. corrected: by which later ones; late: written later than it happened; new: not seen before."""

    event: Event
    facts: Mapping[str, str]
    corrected: tuple[int, ...]
    late: bool
    new: bool
    files: tuple[str, ...]


def entries(case: Case, which: str = "all", seen: int | None = None) -> list[Entry]:
    """which: one of FILTERS. seen: the version that the reader knows; what came after it is marked."""
    log = sorted(case.log, key=lambda e: (e.at, e.place))
    by: dict[int, list[int]] = {}
    for event in log:
        if event.corrects:
            by.setdefault(event.corrects, []).append(event.place)
    return [_entry(event, by, case, seen) for event in log if _is_of(event, which)]


def _entry(event: Event, by: Mapping[int, Sequence[int]], case: Case, seen: int | None) -> Entry:
    facts = dict(facts_of(event, case.policy.zone))
    if event.kind == EventKind.ASKED:
        facts = (
            {wording(str(event.data["ask"])): next(reversed(facts.values()), "")}
            if ":" in str(event.data.get("ask"))
            else facts
        )
    new = seen is not None and event.place > seen
    late = event.noted - event.at >= LATER
    return Entry(event, facts, tuple(by.get(event.place, ())), late, new, tuple(attached(event)))


def _is_of(event: Event, which: str) -> bool:
    if which == "public":
        return event.public
    kinds = {"diagnosis": DIAGNOSIS, "steps": STEPS}.get(which)
    return kinds is None or event.kind in (EventKind.REPORTED, *kinds)
