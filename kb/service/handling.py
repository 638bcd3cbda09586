"""This module is how cases are handled, over all of them: the work that is planned, and what became of what was."""

from typing import Any, NamedTuple

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from kb.database import tables
from kb.model.casework import State, WorkState
from kb.model.schema import Handling
from kb.service.figures import UNREAL, Which


class Handled(NamedTuple):
    """How cases were handled. by: kind of work -> state -> how many; restored: cases of which is known how they were
    handled; remote: of these, those from afar."""

    by: dict[str, dict[str, int]]
    restored: int
    remote: int

    @property
    def share(self) -> float | None:
        return self.remote / self.restored if self.restored else None


def planned(session: Session, most: int, who: str = "") -> list[tuple[tables.CaseWork, tables.Case]]:
    """What is planned or going on, by the time it is planned for, what has none last; of somebody, or of all."""
    work, case = tables.CaseWork, tables.Case
    statement = (
        select(work, case)
        .join(case, case.id == work.case_id)
        .where(work.state.in_((WorkState.PLANNED, WorkState.GOING_ON)))
        .order_by(work.planned_from.nulls_last(), work.case_id, work.place)
        .limit(most)
    )
    if who:
        statement = statement.where(work.who == who)
    return [(a, b) for a, b in session.execute(statement)]


def handled(session: Session, which: Which) -> Handled:
    """How the cases of a period were handled, and what became of the work that was planned for them."""
    work, case = tables.CaseWork, tables.Case
    counted: Any = select(work.kind, work.state, func.count())
    counted = counted.where(work.opened >= which.since, work.opened < which.until).group_by(work.kind, work.state)
    known: Any = select(case.handling, func.count()).where(case.opened >= which.since, case.opened < which.until)
    known = known.where(case.handling != "", case.state.in_((State.RESTORED, State.CLOSED)))
    known = known.where(case.outcome.not_in(UNREAL)).group_by(case.handling)
    if which.customer:
        counted, known = (s.where(t.customer == which.customer) for s, t in ((counted, work), (known, case)))
    by: dict[str, dict[str, int]] = {}
    for kind, state, n in session.execute(counted):
        by.setdefault(kind, {})[state] = n
    ways = {str(row[0]): int(row[1]) for row in session.execute(known)}
    return Handled(by, sum(ways.values()), ways.get(Handling.REMOTE, 0))
