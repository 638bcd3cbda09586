"""Cases in a database: an event and what follows from it are written together or not at all, and can be proved."""

import multiprocessing
import os
import signal
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import Engine, event, select, update

from kb.database import tables
from kb.database.connection import Store
from kb.errors import ConflictError, InputError, NotFoundError
from kb.model.casework import Role
from kb.service import cases as module
from kb.service.cases import Author, Case, Cases, Filter
from kb.service.policy import read, shipped

LI, WANG = Author("李四", Role.LEAD), Author("王五", Role.AGENT)
CUSTOMER = Author("客户", Role.CUSTOMER)
RESTORE = {"verification": "试打十页", "cause": "hardware", "handling": "onsite"}


@pytest.fixture
def cases(store: Store) -> Cases:
    return Cases(store, shipped())


def soon(minutes: int = 60) -> str:
    return (datetime.now(UTC) + timedelta(minutes=minutes)).isoformat()


def report(cases: Cases, text: str = "打印机卡纸", **given: Any) -> str:
    return cases.report(text, {"channel": "phone", **given}, LI).now.number


def restored(cases: Cases) -> str:
    number = report(cases)
    cases.add(number, "call", LI, "已回电")
    cases.add(number, "restore", LI, "换搓纸轮", RESTORE)
    return number


def test_a_case_from_the_call_to_the_end(cases: Cases) -> None:
    """The whole way; each step is an entry, and what lists know follows from them."""
    number = report(cases, "财务室打印机卡纸\n很急", contact="王工", urgency="高", impact="part")
    found = cases.find(number).now
    assert (found.title, found.priority, found.state, found.next_clock) == ("财务室打印机卡纸", "P1", "new", "answer")
    cases.add(number, "call", WANG, "已回电")
    cases.add(number, "wait", WANG, "等客户重启", {"for": "客户", "until": soon()})
    assert cases.receive(number, "重启了还是卡", CUSTOMER).now.state == "open"
    cases.add(number, "diagnose", WANG, "搓纸轮磨损", {"looked": "搓纸轮"})
    cases.add(number, "plan", WANG, given={"of": "visit", "who": "赵六"})
    cases.add(number, "arrive", WANG)
    cases.add(number, "finish", WANG)
    cases.add(number, "restore", WANG, "更换搓纸轮", {**RESTORE, "article": "KB-000007"})
    done = cases.add(number, "confirm", CUSTOMER, "好了", {"score": 5})
    assert (done.now.state, done.now.outcome, done.now.score) == ("closed", "confirmed", 5)
    assert (done.now.finished, done.now.next_due) == (True, None)
    assert {c.name: str(c.state) for c in cases.clocks(done)} == {"answer": "met", "arrive": "met", "restore": "met"}
    assert [e.place for e in done.log] == list(range(1, 11))
    assert cases.check() == []


def test_a_case_is_finished_when_its_article_is_answered(cases: Cases) -> None:
    """Closed is not finished before it is said which article it becomes, or why none; reopened, it is asked again."""
    number = restored(cases)
    assert not cases.add(number, "confirm", LI).now.finished
    assert [c.number for c in cases.all(Filter(unwritten=True))] == [number]
    assert cases.add(number, "unwritten", LI, given={"unwritten": "一次性的"}).now.finished
    assert cases.all(Filter(unwritten=True)) == []
    again = cases.add(number, "reopen", CUSTOMER, "又坏了").now
    assert (again.state, again.unwritten) == ("open", "")


def test_nothing_closes_without_cause_and_what_was_done(cases: Cases) -> None:
    """Restoring asks for what was done, how it was tried, cause and handling; the refusal names the field."""
    number = report(cases)
    cases.add(number, "call", LI, "已回电")
    for missing in ("text", *RESTORE):
        given = {k: v for k, v in RESTORE.items() if k != missing}
        with pytest.raises(InputError, match=missing):
            cases.add(number, "restore", LI, "" if missing == "text" else "换搓纸轮", given)


def test_the_second_of_two_sees_the_first(cases: Cases) -> None:
    """Who writes over the version he saw is told what another one wrote since; his own entries do not stop him."""
    number = report(cases)
    seen = cases.find(number).now.version
    cases.add(number, "reply", WANG, "正在看", seen=seen)
    with pytest.raises(ConflictError, match="王五"):
        cases.add(number, "reply", LI, "我来", seen=seen)
    assert cases.add(number, "note", WANG, "再看看", seen=seen).now.version == 3


def test_asked_twice_written_once(cases: Cases) -> None:
    """A key, or the id of a mail, is written once, whatever is asked again."""
    first = cases.report("x", {"channel": "mail"}, CUSTOMER, message_id="<a@b>")
    again = cases.report("x", {"channel": "mail"}, CUSTOMER, message_id="<a@b>")
    assert again.now.number == first.now.number
    for _ in range(2):
        done = cases.add(first.now.number, "note", LI, "一次", key="k1")
    assert done.now.version == 2
    assert len(cases.all()) == 1


def _write_at_once(where: str, number: str, n: int) -> None:
    cases = Cases(Store(where), shipped())
    for i in range(5):
        cases.add(number, "note", Author(f"人{n}", Role.AGENT), str(i))
    cases.report("同一封", {"channel": "mail"}, CUSTOMER, key="same")


def test_writers_at_once_lose_nothing(cases: Cases, database: str) -> None:
    """Several processes write to one case, and report under one key: all entries are there, one case is."""
    number = report(cases)
    context = multiprocessing.get_context("fork")
    started = [context.Process(target=_write_at_once, args=(database, number, n)) for n in range(4)]
    for process in started:
        process.start()
    for process in started:
        process.join()
        assert process.exitcode == 0
    assert cases.find(number).now.version == 21
    assert len(cases.all()) == 2
    assert cases.check() == []


def test_a_merge_is_undone(cases: Cases) -> None:
    """A merged case points on, what is written to it lands there, and split it is as before."""
    first, second, third = (report(cases) for _ in range(3))
    cases.add(first, "merge", LI, given={"into": second[:-2]})
    cases.add(second, "merge", LI, given={"into": third})
    assert cases.receive(first, "还有一台", CUSTOMER).now.number == third
    assert cases.find(first).now.merged_into == second
    with pytest.raises(InputError, match=r"\(into\)"):
        cases.add(third, "merge", LI, given={"into": first})
    done = cases.add(first, "split", LI).now
    assert (done.state, done.merged_into) == ("new", "")
    assert cases.check() == []


def test_a_reply_long_after_closing_is_a_new_case(cases: Cases, monkeypatch: pytest.MonkeyPatch) -> None:
    """Within the window it reopens; behind it there is a new case that points back, with the same customer."""
    number = restored(cases)
    cases.add(number, "confirm", CUSTOMER)
    assert (
        cases.receive(number, "自动回复：我在休假", Author("", Role.SYSTEM), {"automatic": True}).now.state == "closed"
    )
    assert cases.receive(number, "又坏了", CUSTOMER).now.state == "open"
    cases.add(number, "restore", LI, "再换", RESTORE)
    cases.add(number, "confirm", CUSTOMER)
    later = datetime.now(UTC) + timedelta(days=30)
    monkeypatch.setattr(module, "_now", lambda: later)
    with pytest.raises(InputError, match=number):
        cases.add(number, "reopen", CUSTOMER, "又坏了")
    new = cases.receive(number, "又坏了", CUSTOMER).now
    assert (new.number != number, new.follows, new.state) == (True, number, "new")


def test_silence_closes_unconfirmed(cases: Cases, monkeypatch: pytest.MonkeyPatch) -> None:
    """Not before its time, and apart from what was confirmed."""
    number = restored(cases)
    with pytest.raises(InputError, match="confirm"):
        cases.add(number, "close", Author("", Role.SYSTEM))
    later = datetime.now(UTC) + timedelta(days=12)
    monkeypatch.setattr(module, "_now", lambda: later)
    assert cases.add(number, "close", Author("", Role.SYSTEM)).now.outcome == "unconfirmed"


def test_an_outage_and_its_cases(cases: Cases) -> None:
    """One update goes to all joined cases; their parent does not close over open ones."""
    parent, child = report(cases), report(cases)
    cases.add(child, "join", LI, given={"parent": parent})
    cases.add(parent, "call", LI, "已回电")
    cases.add(parent, "escalate", LI, "全楼断网", {"group": "甲", "leader": "赵"})
    cases.add(parent, "update", LI, "正在换交换机")
    assert [str(e.kind) for e in cases.find(child).log][-1] == "message_out"
    assert [c.number for c in cases.all(Filter(parent=parent))] == [child]
    cases.add(parent, "restore", LI, "换交换机", RESTORE)
    with pytest.raises(InputError, match=child):
        cases.add(parent, "confirm", LI)
    with pytest.raises(InputError, match=r"\(parent\)"):
        cases.add(parent, "join", LI, given={"parent": child})
    cases.add(child, "cancel", LI, given={"reason": "duplicate"})
    assert cases.add(parent, "confirm", LI).now.state == "closed"


def test_lists(cases: Cases) -> None:
    """By owner, state, emergency; a wait that is over is open; what is due first comes first."""
    late, calm = report(cases, "慢", urgency="low"), report(cases, "快")
    cases.add(late, "assign", LI, given={"owner": "李四"})
    cases.add(late, "call", LI, "已回电")
    assert [c.number for c in cases.all()] == [calm, late]
    assert [c.number for c in cases.all(Filter(unassigned=True))] == [calm]
    assert [c.number for c in cases.all(Filter(owner="李四", states=("open",)))] == [late]
    assert cases.all(Filter(emergency=True)) == []
    assert cases.all(Filter(late=True)) == []
    cases.add(late, "wait", LI, "等", {"for": "part", "until": soon(1)})
    waiting = cases.find(late).now
    assert waiting.until is not None
    assert (waiting.state, waiting.at(waiting.until).state) == ("waiting", "open")


def test_a_new_policy_holds_for_new_cases_until_it_is_adopted(cases: Cases, store: Store) -> None:
    """A case keeps what was promised; adopted, its clocks are those of the new text, and an entry says so."""
    number = report(cases)
    stricter = read(shipped().text.replace("within: 4 h", "within: 1 h"))
    others = Cases(store, stricter)
    before = others.find(number)
    assert before.now.policy == shipped().digest
    assert others.adopt(LI) == [number]
    after = others.find(number)
    assert after.now.policy == stricter.digest
    assert str(after.log[-1].kind) == "adopted"
    restore = {c.name: c.due for c in others.clocks(after)}["restore"]
    assert restore == after.now.opened + timedelta(hours=1)
    assert others.adopt(LI) == []
    assert cases.check() == others.check() == []


def test_rows_are_proved_and_rebuilt(cases: Cases, store: Store) -> None:
    """A row that is not what its log says is told, by number and column, and computed anew."""
    number = restored(cases)
    with store.session() as session:
        session.execute(update(tables.Case).values(state="open", owner="谁"))
    told = cases.check()
    assert len(told) == 2
    assert all(number in sentence for sentence in told)
    assert cases.rebuild() == 1
    assert cases.check() == []


def test_what_is_refused(cases: Cases) -> None:
    """Errors name the number, the action or the field."""
    number = report(cases)
    with pytest.raises(NotFoundError, match="26-99999"):
        cases.find("99999")
    with pytest.raises(InputError, match="dance"):
        cases.add(number, "dance", LI)
    with pytest.raises(InputError, match="shoe"):
        cases.add(number, "note", LI, "x", {"shoe": "42"})
    with pytest.raises(InputError, match="text"):
        cases.add(number, "note", LI, "x" * 200_000)
    with pytest.raises(InputError, match=r"\(promises\)"):
        cases.add(number, "classify", LI, given={"promises": "golden"})


def test_odd_texts_are_kept(cases: Cases) -> None:
    """What no database takes is left out, wherever it stands."""
    number = report(cases, "甲\0乙\ud800", contact="王\0")
    assert cases.find(number).log[0].text == "甲乙?"
    assert cases.find(number).now.contact == "王"


# --- kill -9 -----------------------------------------------------------------------------------


def _die_at(where: str, number: str, step: int) -> None:
    """Write to a case and report another; die before the nth statement or commit, if there are so many."""
    steps = 0

    def count(*_: Any) -> None:
        nonlocal steps
        steps += 1
        if steps == step:
            os.kill(os.getpid(), signal.SIGKILL)

    event.listen(Engine, "before_cursor_execute", count)
    event.listen(Engine, "commit", count)
    event.listen(Engine, "after_cursor_execute", count)
    cases = Cases(Store(where), shipped())
    cases.add(number, "note", LI, f"步 {step}")
    cases.report(f"步 {step}", {"channel": "mail"}, LI)


@pytest.mark.slow
def test_killed_at_every_step(cases: Cases, database: str) -> None:
    """Killed before and after any statement and commit, what lists know is what the logs say, and no number is lost."""
    number = report(cases)
    context = multiprocessing.get_context("fork")
    step = ended = 0
    while not ended:
        step += 1
        process = context.Process(target=_die_at, args=(database, number, step))
        process.start()
        process.join()
        ended = process.exitcode == 0
        assert ended or process.exitcode == -signal.SIGKILL
        assert cases.check() == []
    assert step > 20
    counters = sorted(int(c.number.split("-")[1]) for c in cases.all())
    assert counters == list(range(1, len(counters) + 1))


def test_a_log_is_only_added_to(cases: Cases, store: Store) -> None:
    """No action changes or removes what was written before."""
    number = restored(cases)

    def rows() -> list[tuple[Any, ...]]:
        with store.reading() as session:
            return [tuple(r) for r in session.execute(select(tables.Event.id, tables.Event.text, tables.Event.at))]

    before = rows()
    cases.add(number, "correct", LI, "回了两次电", {"corrects": 2})
    cases.add(number, "reject", CUSTOMER, "还是卡")
    assert rows()[: len(before)] == before


def test_cases_of_a_customer_stay_out_of_logs(cases: Cases, caplog: pytest.LogCaptureFixture) -> None:
    """Neither writing nor refusing tells a log what a customer said."""
    case: Case = cases.report("我的密码是 hunter2", {"channel": "phone"}, LI)
    with pytest.raises(InputError) as refused:
        cases.add(case.now.number, "confirm", LI, "hunter2")
    assert "hunter2" not in caplog.text + str(refused.value)
