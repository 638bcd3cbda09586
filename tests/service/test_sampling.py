"""A made-up year: the same seed makes the same, every log is one that could have been, every page has something."""

from datetime import UTC, datetime

import pytest

from kb.database.connection import Store
from kb.model.casework import EventKind, Outcome
from kb.service.cases import Case, Cases, Filter
from kb.service.figures import Which, figures, parts
from kb.service.policy import shipped
from kb.service.sampling import YEAR, Known, service_year

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
