"""Figures: each with its denominator, confirmed apart from silence, late ones counted in; and rehearsals."""

import pytest
from logs import STANDARD, at, log
from sqlalchemy import update

from kb.database import tables
from kb.database.connection import Store
from kb.service.cases import Cases
from kb.service.figures import Which, customers, figures, missed, parts, unwritten
from kb.service.policy import read
from kb.service.rehearsal import rehearse

NOW = "2026-03-03 12:00"
REPORT = "2026-03-02 09:00 reported channel={channel} area={area}\n2026-03-02 09:{minute} call\n"
RESTORED = "2026-03-02 12:00 restored cause=line handling=remote verification=x\n"


def text(channel: str = "phone", area: str = "network", minute: str = "10", more: str = "") -> str:
    return REPORT.format(channel=channel, area=area, minute=minute) + more


CASES = {
    "26-00001-0": text(more=RESTORED + "2026-03-02 13:00 confirmed score=5\n2026-03-02 13:10 linked article=KB-000001"),
    "26-00002-9": text("mail", minute="40", more=RESTORED + "2026-03-02 14:00 closed"),
    "26-00003-2": text(
        "mail", "server", more="2026-03-02 10:00 restored provisional=yes cause=line handling=remote verification=x"
    ),
    "26-00004-1": text(),
    "26-00005-5": text(more="2026-03-02 09:30 cancelled reason=spam"),
    "26-00006-4": text(more=RESTORED + "2026-03-02 13:00 confirmed\n2026-03-02 13:10 written article=KB-000002"),
}


WHICH = Which(at("2026-03-01 00:00"), at("2026-04-01 00:00"))


@pytest.fixture
def cases(store: Store) -> Cases:
    """A desk with CASES, whose numbers are drawn in their order."""
    cases = Cases(store, STANDARD)
    for written in CASES.values():
        cases.bring(log(written))
    return cases


def test_figures(cases: Cases, store: Store) -> None:
    """Five real cases: how they came, what was kept, what was said, what is written nowhere; proved by their logs."""
    with store.reading() as session:
        found = figures(session, WHICH, at(NOW))
        late = missed(session, WHICH, at(NOW), 10)
    assert found.cases == 5
    assert found.by["channel"] == {"phone": 3, "mail": 2}
    assert found.by["area"] == {"network": 4, "server": 1}
    assert found.promises["answer"] == (4, 1, 0)
    assert found.promises["restore"] == (4, 0, 1)
    assert found.promises["restore"].share == 4 / 5
    assert found.provisional == 1
    assert late == ["26-00004-1", "26-00002-9"]
    names = [
        (c.now.number, clock.name) for c in cases.named(late) for clock in cases.clocks(c, at(NOW)) if clock.failed
    ]
    assert names == [("26-00004-1", "restore"), ("26-00002-9", "answer")]
    assert found.outcomes == {"confirmed": 2, "cancelled": 1, "unconfirmed": 1}
    assert (found.scores, found.scores.mean) == ((1, 3, 5), 5)
    assert (found.known, found.new, found.gaps) == (1, 1, {"network": 1})
    assert cases.check() == []


def test_ask_23_by_customer_and_month(store: Store) -> None:
    """In-time figures for each customer and month; what is late and still open is in the denominator."""
    cases = Cases(store, STANDARD)
    for customer, month in (("省厅", "02"), ("省厅", "03"), ("学校", "03")):
        for written in CASES.values():
            lines = written.replace("2026-03", f"2026-{month}").splitlines()
            cases.bring(log("\n".join([f"{lines[0]} customer={customer}", *lines[1:]])))
    months = [at("2026-02-01 00:00"), at("2026-03-01 00:00")]
    which = Which(months[0], at("2026-04-01 00:00"))
    with store.reading() as session:
        found = parts(session, which, months, at(NOW))
        one = figures(session, which._replace(customer="学校"), at(NOW))
        last = customers(session, 5)
    assert [(p.customer, p.month, p.cases) for p in found] == [("省厅", 1, 5), ("省厅", 0, 5), ("学校", 1, 5)]
    assert all((p.kept, p.confirmed, p.scores) == ((8, 1, 1), 2, (1, 3, 5)) for p in found)
    assert one.cases == 5
    assert last == ["学校", "省厅"]


def test_what_is_written_nowhere(cases: Cases, store: Store) -> None:
    """The closed cases without an article, one by one."""
    with store.reading() as session:
        assert [row[0] for row in unwritten(session, WHICH, 10)] == ["26-00002-9"]


def test_no_cases_no_shares(store: Store) -> None:
    """Nothing is no hundred per cent."""
    with store.reading() as session:
        found = figures(session, WHICH, at(NOW))
        assert (found.cases, found.promises, found.scores.mean, parts(session, WHICH, [WHICH.since], at(NOW))) == (
            0, {}, None, []
        )  # fmt: skip


def test_the_promises_kept_are_those_of_the_log(cases: Cases, store: Store) -> None:
    """A row that says something else is found, and put right; one that runs out counts as late without an event."""
    with store.session() as session:
        session.execute(update(tables.CaseClock).values(state="met", due=None))
    assert len(cases.check()) == 5
    assert cases.rebuild() == 5
    assert cases.check() == []
    with store.reading() as session:
        early = figures(session, WHICH, at("2026-03-02 09:15"))
    assert early.promises["restore"].late == 0


def test_a_rehearsal() -> None:
    """Stricter promises on what was: which shares fall, which due times move; nothing of it is kept."""
    stricter = read(STANDARD.text.replace("within: 4 h", "within: 2 h").replace("within: 20 min", "within: 1 h"))
    cases = [(number, tuple(log(written)), STANDARD) for number, written in CASES.items()]
    found = rehearse(cases, stricter, at(NOW))
    assert found.cases == 5
    before, after = found.shares["restore"]
    assert (before, after) == ((4, 0, 1), (1, 3, 1))
    assert [(m.number, m.clock) for m in found.moved] == [("26-00004-1", "restore")]
    assert found.shares["answer"].after == (5, 0, 0)
