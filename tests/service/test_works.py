"""Works: visits, repairs, exchanges, trainings, read from the log; remote first; rows that can be proved; figures."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from logs import at, clocks_of, log
from sqlalchemy import select
from tablets import POLICY, everything

from kb.database import tables
from kb.database.connection import Store
from kb.errors import InputError
from kb.model.casework import Role
from kb.service import signatures
from kb.service.cases import Author, Cases
from kb.service.events import effective
from kb.service.figures import Which
from kb.service.handling import handled, planned
from kb.service.states import phases
from kb.service.works import Piece, pieces

LI = Author("李四", Role.ENGINEER)
DRAWN = "10,10 20,30 40,35;300,100"
RESTORE = {"verification": "通了", "cause": "hardware", "handling": "remote"}
VISIT = """
2026-03-02 09:00 reported channel=phone promises=telecom
2026-03-02 09:10 assigned owner=李四
2026-03-02 09:20 work_planned of=visit who=王五 work=1
"""


def works_of(text: str, now: str = "2026-03-05 09:00") -> list[Piece]:
    events = effective(log(text))
    return pieces(events, phases(events, at(now)))


@pytest.fixture
def cases(store: Store) -> Cases:
    everything(store)
    return Cases(store, POLICY)


def reported(cases: Cases, **given: Any) -> str:
    number = cases.report("掉线", {"channel": "phone", "customer": "省厅", **given}, LI).now.number
    cases.add(number, "call", LI, "收到")
    return number


def test_a_visit_step_by_step() -> None:
    """Planned, under way, done; who went, when each step was, what was done, who signed."""
    [piece] = works_of(VISIT)
    assert (piece.kind, str(piece.state), piece.who, piece.began) == ("visit", "planned", "王五", None)
    going = (
        VISIT
        + "2026-03-02 10:00 left work=1\n2026-03-02 11:00 arrived work=1\n2026-03-02 12:00 acted work=1 text=换电源\n"
    )
    [piece] = works_of(going)
    assert (str(piece.state), piece.began) == ("going_on", at("2026-03-02 10:00"))
    signed = (
        going + f"2026-03-02 13:00 finished work=1\n2026-03-02 13:05 signed work=1 signer=王工 strokes={DRAWN[:5]}\n"
    )
    [piece] = works_of(signed)
    assert (str(piece.state), piece.signer, piece.ended) == ("done", "王工", at("2026-03-02 13:00"))
    assert "换电源" in piece.done


def test_remote_first() -> None:
    """What was restored before anybody set out needs no visit, and missed none; what is dropped is dropped."""
    restored = VISIT + "2026-03-02 10:00 restored cause=software handling=remote verification=x\n"
    assert str(works_of(restored)[0].state) == "not_needed"
    assert str(clocks_of(restored, "2026-03-05 09:00")["arrive"].state) == "not_needed"
    again = restored + "2026-03-02 11:00 rejected\n"
    assert str(works_of(again)[0].state) == "planned"
    assert str(clocks_of(again, "2026-03-05 09:00")["arrive"].state) == "late"
    interim = VISIT + "2026-03-02 10:00 restored provisional=yes\n"
    assert str(works_of(interim)[0].state) == "planned"
    assert str(works_of(VISIT + "2026-03-02 10:00 dropped work=1\n")[0].state) == "dropped"
    set_out = VISIT + "2026-03-02 09:30 left work=1\n2026-03-02 10:00 restored\n"
    assert str(works_of(set_out)[0].state) == "going_on"


@pytest.mark.parametrize(
    ("steps", "now", "name", "state"),
    [
        ("2026-03-02 16:59 arrived work=1", "2026-03-03 09:00", "arrive", "met"),
        ("2026-03-02 17:01 arrived work=1", "2026-03-03 09:00", "arrive", "missed"),
        ("2026-03-02 12:00 arrived work=1\n2026-03-02 18:01 acted work=1", "2026-03-03 09:00", "act", "missed"),
        ("2026-03-02 12:00 arrived work=1\n2026-03-02 17:59 acted work=1", "2026-03-03 09:00", "act", "met"),
    ],
)
def test_on_site_within_eight_hours_measures_within_six(steps: str, now: str, name: str, state: str) -> None:
    """From the request, and from the arrival."""
    assert str(clocks_of(VISIT + steps + "\n", now)[name].state) == state


def test_repair_and_exchange_have_their_days() -> None:
    """Sixty working days from what was received to what was sent; thirty days to an exchange."""
    base = "2026-03-02 09:00 reported channel=phone\n2026-03-02 09:20 work_planned of={} work=1\n"
    repair = base.format("repair") + "2026-03-03 09:00 received work=1\n"
    found = clocks_of(repair, "2026-03-04 09:00")["repair"]
    assert found.within is not None
    assert (str(found.within), found.target) == ("60 workdays", 0.95)
    exchange = clocks_of(base.format("exchange"), "2026-03-04 09:00")["exchange"]
    assert exchange.due == at("2026-04-01 23:59") + timedelta(minutes=1) or str(exchange.within) == "30 days"
    done = base.format("exchange") + "2026-03-20 09:00 exchanged work=1 old=A1B2C new=A1B2D\n"
    assert str(clocks_of(done, "2026-06-04 09:00")["exchange"].state) == "met"
    assert str(works_of(done)[0].state) == "done"


def test_rows_follow_from_the_log(cases: Cases, store: Store) -> None:
    """They are written with the event, proved by check, and made anew when somebody changed them."""
    number = reported(cases)
    cases.add(number, "plan", LI, given={"of": "visit", "who": "王五", "from": "2026-12-01 09:00"})
    cases.add(number, "leave", LI)
    assert cases.check() == []
    with store.session() as session:
        row = session.scalars(select(tables.CaseWork)).one()
        assert (row.state, row.who, row.customer) == ("going_on", "王五", "山东省厅")
        row.state = "done"
    assert any("工作的账" in sentence for sentence in cases.check())
    assert cases.rebuild() == 1
    assert cases.check() == []
    with store.reading() as session:
        [(work, case)] = planned(session, 10)
        assert (work.place, case.number) == (1, number)
        assert planned(session, 10, "别人") == []


def test_a_customer_signs(cases: Cases) -> None:
    """For what goes on, and for what is done; with a name, and strokes that are numbers alone; not what was dropped."""
    number = reported(cases)
    with pytest.raises(InputError):
        cases.add(number, "sign", LI, given={"signer": "王工"})
    cases.add(number, "plan", LI, given={"of": "visit"})
    cases.add(number, "finish", LI, "换了电源")
    for wrong in ("1,2 3", "<svg>", "1,2;" * 9000, "601,2", "1,-2", ";"):
        with pytest.raises(InputError, match="strokes"):
            cases.add(number, "sign", LI, given={"signer": "王工", "strokes": wrong})
    done = cases.add(number, "sign", LI, given={"work": "1", "signer": "王工", "strokes": f" {DRAWN} "})
    [piece] = cases.works(done)
    assert (piece.signer, piece.strokes, str(piece.state)) == ("王工", DRAWN, "done")
    cases.add(number, "plan", LI, given={"of": "training"})
    cases.add(number, "drop", LI, "改期")
    with pytest.raises(InputError, match="第 2 项"):
        cases.add(number, "sign", LI, given={"work": "2", "signer": "王工"})


def test_a_signature_is_a_picture_of_ours() -> None:
    """Lines alone; what is none is no picture; what it is called is escaped."""
    made = signatures.picture(DRAWN, 'a"<b>')
    assert made.count("<polyline") == 2
    assert 'points="300,100 300,100"' in made
    assert "<b>" not in made
    assert signatures.picture('1,1"/><script>', "") == ""


def test_a_training(cases: Cases) -> None:
    """It names its manuals and who attended, and has no clock but one that is promised."""
    number = reported(cases)
    cases.add(number, "plan", LI, given={"of": "training", "manuals": "KB-000001 KB-000002"})
    done = cases.add(number, "finish", LI, "讲了换纸", {"attended": "王工、李工"})
    [piece] = cases.works(done)
    assert (piece.manuals, piece.attended, str(piece.state)) == (("KB-000001", "KB-000002"), "王工、李工", "done")


def test_how_cases_were_handled(cases: Cases, store: Store) -> None:
    """By kind and state of work, and the share that was restored from afar, of those of which it is known."""
    for handling in ("remote", "remote", "onsite"):
        number = reported(cases)
        cases.add(number, "plan", LI, given={"of": "visit"})
        if handling == "onsite":
            cases.add(number, "arrive", LI)
            cases.add(number, "finish", LI)
        cases.add(number, "restore", LI, "好了", {**RESTORE, "handling": handling})
    number = reported(cases)
    cases.add(number, "plan", LI, given={"of": "repair"})
    cases.add(number, "cancel", LI, given={"reason": "spam"})
    now = datetime.now(UTC)
    with store.reading() as session:
        found = handled(session, Which(now - timedelta(days=1), now + timedelta(days=1)))
        none = handled(session, Which(now - timedelta(days=1), now, "别人"))
    assert found.by == {"visit": {"not_needed": 2, "done": 1}}
    assert (found.restored, found.remote) == (3, 2)
    assert none.share is None
