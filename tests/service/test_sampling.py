"""A made-up year: the same seed makes the same, every log is one that could have been, every page has something."""

from datetime import UTC, datetime
from pathlib import Path

import pytest
from sqlalchemy import select

from kb.database import tables
from kb.database.connection import Store
from kb.model.casework import EventKind, Outcome, RoundState
from kb.service.assets.stock import Stock
from kb.service.cases import Case, Cases, Filter
from kb.service.duty import Roster
from kb.service.figures import Which, figures, parts
from kb.service.policy import shipped
from kb.service.reports import report
from kb.service.rounds.census import Census
from kb.service.rounds.checklist import items
from kb.service.rounds.plans import Rounds
from kb.service.sampling import YEAR, Known, service_year
from kb.service.sampling_estate import Estate, furnish, used

KNOWN = [Known("KB-000012", "HP 打印机 49.4C02", "printer"), Known("KB-000001", "交换机端口不通", "network")]


@pytest.fixture(scope="module")
def now() -> datetime:
    return datetime.now(UTC)


@pytest.fixture(scope="module")
def year(tmp_path_factory: pytest.TempPathFactory, now: datetime) -> Cases:
    cases = Cases(Store(str(tmp_path_factory.mktemp("year") / "guzhi.db")), shipped())
    assert service_year(cases, 1, 80, KNOWN, now) == 80
    return cases


def logs(cases: Cases) -> list[Case]:
    return cases.named([c.number for c in cases.all(Filter(any_state=True), 1000)])


def test_it_can_be_proved(year: Cases) -> None:
    """What lists and figures know follows from the made-up logs."""
    assert year.check() == []


def test_the_same_seed_makes_the_same_year(
    year: Cases, tmp_path_factory: pytest.TempPathFactory, now: datetime
) -> None:
    """Event by event; another seed another one."""
    told = {1: logs(year)}
    for seed in (1, 2):
        cases = Cases(Store(str(tmp_path_factory.mktemp("again") / "guzhi.db")), shipped())
        service_year(cases, seed, 30 if seed == 2 else 80, KNOWN, now)
        told[seed + 10] = logs(cases)
    assert told[1] == told[11]
    assert told[12][0].log != told[1][0].log


def test_every_page_has_something(year: Cases, now: datetime) -> None:
    """All ways in, all ends, an emergency with its children, an outage to be noticed, articles and gaps."""
    every = logs(year)
    with year._store.reading() as session:
        which = Which(now - YEAR, now)
        found = figures(session, which, now)
        customers = {p.customer for p in parts(session, which, [which.since], now)}
    assert len(found.by["channel"]) >= 6
    assert set(found.outcomes) >= {Outcome.CONFIRMED, Outcome.UNCONFIRMED}
    assert found.scores.answered
    assert found.known
    assert found.gaps
    assert len(customers) >= 4
    for promise in ("answer", "restore"):
        assert found.promises[promise].met
        assert found.promises[promise].missed
    kinds = {e.kind for case in every for e in case.log}
    assert kinds >= {EventKind.ESCALATED, EventKind.UPDATE, EventKind.JOINED, EventKind.LINKED, EventKind.UNWRITTEN}
    assert year.all(Filter(unassigned=True))
    assert year.all(Filter(states=("waiting",)))
    emergency = year.all(Filter(emergency=True))
    assert len(emergency) == 1
    assert len(year.all(Filter(parent=emergency[0].number))) == 3
    assert len(year.outage()) >= 3


# --- what a year stands on ------------------------------------------------------------------------

CHECKLIST = [("KB-000900", items("- [ ] 风扇\n- [ ] 电源\n- [ ] 门禁\n"))]


def made(folder: Path, seed: int, now: datetime) -> tuple[Cases, Store, Estate]:
    store = Store(str(folder / "guzhi.db"))
    cases = Cases(store, shipped())
    estate = furnish(cases, store, seed, CHECKLIST, now)
    service_year(cases, seed, 60, KNOWN, now, estate.machines)
    used(cases, store, seed, CHECKLIST, now)
    return cases, store, estate


@pytest.fixture(scope="module")
def estate(tmp_path_factory: pytest.TempPathFactory, now: datetime) -> tuple[Cases, Store, Estate]:
    return made(tmp_path_factory.mktemp("estate"), 3, now)


def test_an_estate_is_whole(estate: tuple[Cases, Store, Estate], now: datetime) -> None:
    """Customers, devices with cases, four stores in four cities that never gave what they had not, duty, versions."""
    cases, store, told = estate
    assert (told.customers, told.stores) == (8, 4)
    assert cases.check() == []
    stores = [p for p in Stock(store).places() if p.kind in ("common", "other")]
    assert len({p.city for p in stores}) == len(stores) == 4
    assert {s.place.city for s in Stock(store).shelves()} == {p.city for p in stores}
    assert all(s.quantity > 0 for s in Stock(store).shelves())
    with store.reading() as session:
        moves = session.scalars(select(tables.Move).order_by(tables.Move.at, tables.Move.id)).all()
        about = session.scalars(select(tables.CaseDevice.device).distinct()).all()
        mine = {p.id for p in stores}
        there: dict[tuple[int, int], int] = {}
        for move in moves:
            there[move.part, move.source] = there.get((move.part, move.source), 0) - move.quantity
            there[move.part, move.target] = there.get((move.part, move.target), 0) + move.quantity
            assert move.source not in mine or there[move.part, move.source] >= 0
    assert about
    assert Roster(store).now()
    assert any(line.behind for line in Census(store).lines(now.date()))


def test_rounds_of_an_estate(estate: tuple[Cases, Store, Estate], now: datetime) -> None:
    """Some done, some skipped, some overdue; what was bad has its case, and a report says all of it."""
    cases, store, _ = estate
    rounds, today = Rounds(store, cases), now.astimezone(cases.policy.zone).date()
    states = {d.state(today) for d in (*rounds.open(today), *rounds.settled(most=500))}
    assert states == set(RoundState)
    assert len({d.plan.row.kind for d in (*rounds.open(today), *rounds.settled(most=500))}) >= 3
    assert len(cases.all(Filter(any_state=True), 1000)) > 60
    found = report(cases, store, "省厅信息中心", f"{today:%Y-%m}", now)
    assert found.rounds
    assert found.proposals


def test_the_same_seed_makes_the_same_estate(
    estate: tuple[Cases, Store, Estate], tmp_path_factory: pytest.TempPathFactory, now: datetime
) -> None:
    """Device by device and move by move."""
    _, store, _ = made(tmp_path_factory.mktemp("again"), 3, now)
    for table, name in ((tables.Device, "serial"), (tables.Move, "quantity"), (tables.Round, "period")):
        with estate[1].reading() as one, store.reading() as two:
            first, second = (s.scalars(select(getattr(table, name)).order_by(table.id)).all() for s in (one, two))
        assert first == second, table
