"""This module is the pieces of work of a case: visits, repairs, exchanges, trainings, each read from the case's log.

Remote first: a visit that is only planned when the case is restored is not needed any more, and never missed. What
figures and lists read of them is a row each, written in the event's transaction and proved with the case's snapshot.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import NamedTuple

from kb.model.casework import EventKind, Outcome, State, Work, WorkState
from kb.service.events import Event, moment
from kb.service.states import Phase

STEPS: dict[str, tuple[str, ...]] = {
    Work.VISIT: ("leave", "arrive", "act", "finish", "sign", "drop"),
    Work.REPAIR: ("receive", "repair", "send", "sign", "drop"),
    Work.EXCHANGE: ("exchange", "sign", "drop"),
    Work.TRAINING: ("finish", "sign", "drop"),
}
"""The actions of each kind of work, in the order in which they are taken."""
ENDS = (EventKind.FINISHED, EventKind.SENT, EventKind.EXCHANGED)
BEGINS = (EventKind.LEFT, EventKind.ARRIVED, EventKind.ACTED, EventKind.RECEIVED, EventKind.REPAIRED)


@dataclass(frozen=True)
class Piece:
    """One piece of work. number: within its case, from 1; who: goes; reached: kind of event -> when it first happened.

    done: what was done, in the words of its steps; old, new: serials of an exchange; signer, strokes: who signed, and
    how; manuals: numbers of articles of a training; attended: by whom.
    """

    number: int
    kind: str
    state: WorkState = WorkState.PLANNED
    who: str = ""
    device: str = ""
    planned_from: datetime | None = None
    planned_until: datetime | None = None
    reached: Mapping[EventKind, datetime] = field(default_factory=dict)
    done: tuple[str, ...] = ()
    old: str = ""
    new: str = ""
    signer: str = ""
    strokes: str = ""
    signed: datetime | None = None
    manuals: tuple[str, ...] = ()
    attended: str = ""

    @property
    def began(self) -> datetime | None:
        return min((at for kind, at in self.reached.items() if kind in (*BEGINS, *ENDS)), default=None)

    @property
    def ended(self) -> datetime | None:
        return min((at for kind, at in self.reached.items() if kind in (*ENDS, EventKind.DROPPED)), default=None)


class Row(NamedTuple):
    """One piece of work; the columns of kb.database.tables.CaseWork mean the same."""

    place: int
    kind: str
    state: str
    who: str
    planned_from: datetime | None
    planned_until: datetime | None
    began: datetime | None
    ended: datetime | None
    opened: datetime
    customer: str


def pieces(log: Sequence[Event], life: Sequence[Phase]) -> list[Piece]:
    """The pieces of work of a log, in the order of their numbers. log: effective; life: the case's phases."""
    # What was planned may be written down after it was done: its plan comes first whenever that happened.
    out = {event.work: _planned(event) for event in log if event.kind == EventKind.WORK_PLANNED}
    for event in log:
        if event.work in out and event.kind != EventKind.WORK_PLANNED:
            out[event.work] = _after(out[event.work], event)
    rests = bool(life) and _rests(life[-1])
    return [_not_needed(piece) if rests else piece for _, piece in sorted(out.items())]


def _planned(event: Event) -> Piece:
    data = event.data
    return Piece(
        event.work,
        str(data.get("of", "")),
        who=str(data.get("who", "")),
        device=str(data.get("device", "")),
        planned_from=moment(data.get("from")),
        planned_until=moment(data.get("until")),
        done=(event.text,) if event.text else (),
        manuals=tuple(str(data.get("manuals", "")).replace(",", " ").replace("、", " ").split()),
    )


def _after(piece: Piece, event: Event) -> Piece:
    told = {name: str(event.data[name]) for name in ("device", "old", "new", "attended") if event.data.get(name)}
    piece = replace(piece, reached={event.kind: event.at, **piece.reached}, **told)  # type: ignore[arg-type]
    if event.kind == EventKind.SIGNED:
        said = {name: str(event.data.get(name, "")) for name in ("signer", "strokes")}
        piece = replace(piece, signed=event.at, **said)  # type: ignore[arg-type]
    if event.text and event.kind != EventKind.SIGNED:
        piece = replace(piece, done=(*piece.done, event.text))
    state = WorkState.DONE if event.kind in ENDS else WorkState.GOING_ON if event.kind in BEGINS else None
    state = WorkState.DROPPED if event.kind == EventKind.DROPPED else state
    over = piece.state in (WorkState.DONE, WorkState.DROPPED)
    return replace(piece, state=state) if state is not None and not over else piece


def _rests(phase: Phase) -> bool:
    """Whether nobody has to go any more: the case is restored for good, or closed."""
    return phase.state is State.CLOSED or (phase.state is State.RESTORED and not phase.provisional)


def _not_needed(piece: Piece) -> Piece:
    """A visit for which nobody set out; a device that is away for repair comes back whatever became of the case."""
    idle = piece.state is WorkState.PLANNED and piece.kind == Work.VISIT
    return replace(piece, state=WorkState.NOT_NEEDED) if idle else piece


def rows(found: Iterable[Piece], last: Phase, opened: datetime, customer: str) -> list[Row]:
    """The rows of a case's work; of a case that was none, or went into another, there are none."""
    if last.outcome in (Outcome.CANCELLED, Outcome.MERGED):
        return []
    return [
        Row(p.number, p.kind, str(p.state), p.who[:300], p.planned_from, p.planned_until, p.began, p.ended, opened,
            customer)
        for p in found
    ]  # fmt: skip
