"""Figures: each with its denominator, confirmed apart from silence, late ones counted in; and rehearsals."""

from logs import STANDARD, at, log

from kb.service.clocks import clocks
from kb.service.figures import Counted, figures
from kb.service.policy import read
from kb.service.rehearsal import rehearse
from kb.service.snapshot import snapshot

NOW = "2026-03-03 12:00"
REPORT = "2026-03-02 09:00 reported channel={channel} area={area}\n2026-03-02 09:{minute} call\n"
RESTORED = "2026-03-02 12:00 restored cause=line handling=remote verification=x\n"


def text(channel: str = "phone", area: str = "network", minute: str = "10", more: str = "") -> str:
    return REPORT.format(channel=channel, area=area, minute=minute) + more


CASES = {
    "26-00001-0": text(more=RESTORED + "2026-03-02 13:00 confirmed score=5\n2026-03-02 13:10 linked article=KB-000001"),
    "26-00002-9": text("mail", minute="40", more=RESTORED + "2026-03-02 14:00 closed"),
    "26-00003-8": text("mail", "server", more="2026-03-02 10:00 restored provisional=yes cause=line handling=remote"),
    "26-00004-6": text(),
    "26-00005-7": text(more="2026-03-02 09:30 cancelled reason=spam"),
    "26-00006-5": text(more=RESTORED + "2026-03-02 13:00 confirmed\n2026-03-02 13:10 written article=KB-000002"),
}


def counted(number: str, written: str) -> Counted:
    events = log(written)
    now = snapshot(number, events, STANDARD)
    return Counted(now, clocks(events, STANDARD, now=at(NOW)), frozenset(e.kind for e in events))


def test_figures() -> None:
    """Five real cases: how they came, what was kept, what was said, what is written nowhere."""
    found = figures(counted(number, written) for number, written in CASES.items())
    assert found.cases == 5
    assert found.by["channel"] == {"phone": 3, "mail": 2}
    assert found.by["area"] == {"network": 4, "server": 1}
    assert found.promises["answer"] == (4, 1, 0)
    assert found.promises["restore"] == (4, 0, 1)
    assert found.promises["restore"].share == 4 / 5
    assert found.provisional == 1
    assert [(m.number, m.clock.name) for m in found.misses] == [("26-00002-9", "answer"), ("26-00004-6", "restore")]
    assert all(miss.clock.reckoning for miss in found.misses)
    assert found.outcomes == {"confirmed": 2, "cancelled": 1, "unconfirmed": 1}
    assert (found.scores, found.scores.mean) == ((1, 3, 5), 5)
    assert (found.known, found.new, found.gaps) == (1, 1, {"network": 1})


def test_no_cases_no_shares() -> None:
    """Nothing is no hundred per cent."""
    found = figures([])
    assert (found.cases, found.promises, found.scores.mean, found.misses) == (0, {}, None, ())


def test_a_rehearsal() -> None:
    """Stricter promises on what was: which shares fall, which due times move; nothing of it is kept."""
    stricter = read(STANDARD.text.replace("within: 4 h", "within: 2 h").replace("within: 20 min", "within: 1 h"))
    cases = [(number, tuple(log(written)), STANDARD) for number, written in CASES.items()]
    found = rehearse(cases, stricter, at(NOW))
    assert found.cases == 5
    before, after = found.shares["restore"]
    assert (before, after) == ((4, 0, 1), (1, 3, 1))
    assert [(m.number, m.clock) for m in found.moved] == [("26-00004-6", "restore")]
    assert found.shares["answer"].after == (5, 0, 0)
