"""The life of a case: the table of actions, as people use it and as they misuse it."""

from datetime import timedelta
from typing import Any

import pytest
from logs import STANDARD, at, log

from kb.errors import InputError
from kb.labels import LABELS
from kb.model.casework import VOCABULARIES, EventKind, Role, State
from kb.service.events import Event, effective
from kb.service.fields import FIELDS
from kb.service.states import ACTIONS, BY_NAME, check, facts, phases, priority, works

NOW = at("2026-03-02 12:00")
REPORTED = "2026-03-02 08:30 reported channel=phone\n"
OPEN = REPORTED + "2026-03-02 08:40 call\n"
WAITING = OPEN + "2026-03-02 09:00 wait for=part until=2026-03-05T09:00\n"
RESTORED = OPEN + "2026-03-02 10:00 restored cause=hardware handling=onsite\n"
CLOSED = RESTORED + "2026-03-02 11:00 confirmed\n"
CANCELLED = OPEN + "2026-03-02 09:00 cancelled reason=spam\n"
MERGED = OPEN + "2026-03-02 09:00 merged into=26-00001-0\n"
LOGS = {"new": REPORTED, "open": OPEN, "waiting": WAITING, "restored": RESTORED, "closed": CLOSED}

GIVEN: dict[str, Any] = {
    "text": "……", "owner": "李四", "area": "network", "for": "customer", "until": at("2026-03-03 09:00").isoformat(),
    "ask": "x", "answer": "yes", "article": "KB-000001", "where": "实验室", "undo": "改回", "of": "visit",
    "verification": "试过", "cause": "hardware", "handling": "onsite", "score": 4, "leader": "赵", "group": "甲",
    "into": "26-00001-0", "parent": "26-00001-0", "unwritten": "one_off", "reason": "spam", "policy": "x",
    "channel": "phone", "old": "A1", "new": "A2", "corrects": 1, "void": True, "work": 1,
}  # fmt: skip


def event(action: str, without: tuple[str, ...] = (), **more: Any) -> Event:
    """An action with all that it asks for."""
    row = BY_NAME[action]
    data = {}
    for asked in row.asks:
        name = next((n for n in asked.split("|") if n in GIVEN), "")
        if name and name not in without:
            data[name] = GIVEN[name]
    data |= more
    own = {name: data.pop(name, 0) for name in ("work", "corrects")}
    text = data.pop("text", "")
    return Event(row.kind, NOW, NOW, "李四", text, data=data, place=99, **own)


def ask(text: str, action: str, who: Role = Role.LEAD, without: tuple[str, ...] = (), **more: Any) -> str:
    """What a refusal says; "" when there is none."""
    try:
        check(effective(log(text)), event(action, without, **more), who, STANDARD, NOW)
    except InputError as error:
        return str(error)
    return ""


def state(text: str, now: str = "2026-03-02 12:00") -> str:
    return str(phases(effective(log(text)), at(now))[-1].state)


LEADS = """
new      assign    open
new      reply     open
new      call      open
new      note      new
new      wait      waiting
open     wait      waiting
waiting  wait      waiting
waiting  message   open
waiting  resume    open
waiting  note      waiting
open     restore   restored
waiting  restore   restored
restored confirm   closed
restored reject    open
restored close     closed
restored message   restored
closed   reopen    open
new      cancel    closed
open     cancel    closed
waiting  merge     closed
"""


@pytest.mark.parametrize("row", LEADS.strip().splitlines())
def test_where_actions_lead(row: str) -> None:
    """The table of the life of a case."""
    before, action, after = row.split()
    assert ask(LOGS[before], action) == ""
    made = event(action)
    assert str(phases(effective([*log(LOGS[before]), made]), NOW)[-1].state) == after


FORBIDDEN = """
new      restore
new      resume
open     confirm
open     reject
open     close
open     reopen
open     link
restored wait
restored cancel
restored restore
closed   restore
closed   wait
closed   escalate
closed   diagnose
closed   split
waiting  cancel
"""


@pytest.mark.parametrize("row", FORBIDDEN.strip().splitlines())
def test_what_a_state_does_not_allow(row: str) -> None:
    """A refusal names the state that the case is in."""
    before, action = row.split()
    assert "(state)" in ask(LOGS[before], action)


def test_every_state_is_reached() -> None:
    """The logs of these tests are what they are called."""
    assert {name: state(text) for name, text in LOGS.items()} == {name: name for name in LOGS}
    assert {s.value for s in State} == set(LOGS)


@pytest.mark.parametrize("action", [a.name for a in ACTIONS])
def test_what_an_action_asks_for(action: str) -> None:
    """Left out, each field that is asked for is named by the refusal."""
    row = BY_NAME[action]
    busy = OPEN + "2026-03-02 08:50 work_planned of=visit work=1\n2026-03-02 08:55 escalated leader=赵 group=甲\n"
    text = busy if State.OPEN in row.states else next((LOGS[s] for s in LOGS if s in row.states), "")
    for asked in row.asks:
        names = tuple(asked.split("|"))
        told = ask(text, action, without=names)
        assert any(n in told for n in names), f"{action} without {asked}: {told}"


def test_who_may() -> None:
    """A customer says whether it works and nothing else; only a lead stands down; the refusal names the roles."""
    assert ask(RESTORED, "confirm", Role.CUSTOMER) == ""
    assert ask(CLOSED, "reopen", Role.CUSTOMER) == ""
    assert "坐席" in ask(OPEN, "wait", Role.CUSTOMER)
    assert "主管" in ask(OPEN + "2026-03-02 09:00 escalated leader=赵 group=甲", "stand-down", Role.AGENT)
    assert ask(RESTORED, "link", Role.WRITER) == ""
    assert ask(OPEN, "note", Role.READER) != ""


def test_merged_and_cancelled() -> None:
    """A merged case is split, not reopened; a cancelled one is reopened, not split."""
    assert ask(MERGED, "split") == ""
    assert "(state)" in ask(MERGED, "reopen")
    assert ask(CANCELLED, "reopen") == ""
    assert "(state)" in ask(CANCELLED, "split")
    assert state(MERGED + "2026-03-02 10:00 split") == "open"


def test_restored_for_the_time_being() -> None:
    """It is restored again for good; a final restoration is not."""
    provisional = OPEN + "2026-03-02 10:00 restored provisional=yes\n"
    assert ask(provisional, "restore") == ""
    assert phases(effective(log(provisional)), NOW)[-1].provisional


def test_cause_and_handling_may_be_known_already() -> None:
    """What was classified before is not asked again at the end; what was not is."""
    known = OPEN + "2026-03-02 09:00 classified cause=line handling=remote\n"
    assert ask(known, "restore", without=("cause", "handling")) == ""
    assert "(cause)" in ask(OPEN, "restore", without=("cause",))


def test_steps_of_the_policy() -> None:
    """A change to a P1 is tested first; only a lead does without, and says why. P3 needs no test."""
    urgent = OPEN + "2026-03-02 09:00 classified urgency=high impact=wide\n"
    assert "(waived)" in ask(urgent, "apply")
    assert ask(urgent + "2026-03-02 09:30 tested where=lab", "apply") == ""
    assert ask(urgent, "apply", waived="没有备机") == ""
    assert "主管" in ask(urgent, "apply", Role.ENGINEER, waived="没有备机")
    assert ask(OPEN, "apply") == ""


def test_times_that_can_not_be() -> None:
    """Neither in the future nor before the report; a wait and a promise end later than they begin."""
    for moment in (NOW + timedelta(minutes=1), at("2026-03-02 08:00")):
        late = Event(EventKind.NOTE, moment, NOW, "李四", "……")
        with pytest.raises(InputError, match=r"\(at\)"):
            check(effective(log(OPEN)), late, Role.LEAD, STANDARD, NOW)
    for action in ("wait", "promise"):
        assert "(until)" in ask(OPEN, action, until=at("2026-03-02 11:59").isoformat())


def test_a_late_entry_takes_its_place() -> None:
    """What is written up later must have been possible then, and changes the state that follows from it."""
    text = WAITING + "2026-03-02 08:50 cancelled reason=spam noted=2026-03-02T10:00"
    assert state(text) == "closed"
    late = Event(EventKind.CONFIRMED, at("2026-03-02 09:00"), NOW, "李四")
    with pytest.raises(InputError, match=r"\(state\)"):
        check(effective(log(RESTORED)), late, Role.LEAD, STANDARD, NOW)


def test_emergencies() -> None:
    """Escalating asks for a leader where the policy wants one; there is no update without an emergency."""
    assert "(leader)" in ask(OPEN, "escalate")
    assert ask(OPEN, "escalate", leader="赵") == ""
    assert "escalate" in ask(OPEN, "update")


def test_facts_and_priority() -> None:
    """The last value counts; priority is urgency by impact unless it was set; a rejection takes the article back."""
    text = OPEN + "2026-03-02 09:00 classified urgency=high impact=wide\n2026-03-02 09:10 assigned owner=王五\n"
    known = facts(effective(log(text)))
    assert (known["owner"], priority(known, STANDARD)) == ("王五", "P1")
    assert priority({**known, "priority": "P4"}, STANDARD) == "P4"
    linked = RESTORED + "2026-03-02 10:10 linked article=KB-000001\n"
    assert facts(effective(log(linked)))["article"] == "KB-000001"
    assert "article" not in facts(effective(log(linked + "2026-03-02 10:20 rejected")))


def test_works() -> None:
    """Work goes on until it is finished or dropped; what names another one is refused."""
    text = OPEN + "2026-03-02 09:00 work_planned of=visit work=1\n"
    assert works(effective(log(text))) == {1: "visit"}
    assert ask(text, "arrive") == ""
    assert "(work)" in ask(text, "arrive", work=2)
    assert works(effective(log(text + "2026-03-02 10:00 finished work=1"))) == {}


def test_a_survey_has_its_scale() -> None:
    assert "(score)" in ask(CLOSED, "survey", score=6)
    assert ask(CLOSED, "survey", score=5) == ""


def test_a_field_that_is_not_asked_for() -> None:
    assert "leader" in ask(OPEN, "note", leader="赵")


def test_one_action_for_each_kind_and_a_name_for_each_value() -> None:
    """The table is whole, its fields are known, and every value is named in both languages."""
    assert [a.kind for a in ACTIONS] == sorted({a.kind for a in ACTIONS}, key=[a.kind for a in ACTIONS].index)
    assert {a.kind for a in ACTIONS} == set(EventKind)
    asked = {n for a in ACTIONS for f in (*a.asks, *a.takes) for n in f.split("|")}
    assert asked == {*FIELDS, "text"}
    for group, values in VOCABULARIES.items():
        assert {str(v) for v in values} <= set(LABELS[group])
