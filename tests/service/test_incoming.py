"""Mail of a case: in by any program, out by ours; what nobody wrote opens, answers and reopens nothing."""

import multiprocessing
import os
import signal
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from email.message import EmailMessage
from email.policy import SMTP
from pathlib import Path
from typing import Any

import pytest
from letterbag import REPLIES, WANG, mail, reply, with_file
from post import Mailbox, mailbox, missing
from sqlalchemy import func, select, update

from kb.database import tables
from kb.database.connection import Store
from kb.errors import InputError, NotFoundError
from kb.model.casework import Role
from kb.notices.outbox import Outbox, Waiting
from kb.service import incoming as module
from kb.service.cases import Author, Cases, Filter
from kb.service.fields import MAX_TEXT
from kb.service.files import Files
from kb.service.incoming import Fate, Incoming, Taken
from kb.service.letters import Letters
from kb.service.links import Links
from kb.service.mailbox import fetch
from kb.service.policy import shipped
from kb.settings import Settings

LI = Author("李四", Role.LEAD)
RESTORE = {"verification": "试打十页", "cause": "hardware", "handling": "onsite"}
US = "服务台 <help@desk.example>"


@pytest.fixture
def cases(store: Store) -> Cases:
    return Cases(store, shipped(), letters=Letters(US))


@pytest.fixture
def files(store: Store, tmp_path: Path) -> Files:
    return Files(store, tmp_path / "case-files")


@pytest.fixture
def desk(cases: Cases, store: Store, files: Files) -> Incoming:
    return Incoming(cases, store, files)


def sent(store: Store) -> list[Waiting]:
    """What waits in the outbox, in the order of writing."""
    return sorted(Outbox(store).unsent(), key=lambda m: m.id)


def opened(desk: Incoming, **more: Any) -> str:
    taken = desk.take(mail("财务室打印机一直卡纸，换过纸也不行", **more))
    assert (taken.fate, taken.opened) == (Fate.CASE, True)
    return taken.number


def closed(cases: Cases, number: str) -> None:
    cases.add(number, "call", LI, "已回电")
    cases.add(number, "restore", LI, "换搓纸轮", RESTORE)
    cases.add(number, "confirm", LI)


# --- in and out -----------------------------------------------------------------------------------


def test_a_mail_opens_a_case_and_gets_a_receipt(desk: Incoming, cases: Cases, store: Store) -> None:
    """Subject, words, and whoever wrote are there; the receipt names the number, answers the mail, and is automatic."""
    number = opened(desk, name="first")
    case = cases.find(number)
    assert (case.now.channel, case.now.title, case.now.contact) == ("mail", "打印机卡纸", WANG)
    assert case.log[0].text == "财务室打印机一直卡纸，换过纸也不行"
    [receipt] = sent(store)
    assert (receipt.to, receipt.subject) == ("wang@x.example", f"[{number}] 打印机卡纸")
    assert receipt.extra["In-Reply-To"] == "<first@x.example>"
    assert receipt.extra["Auto-Submitted"] == "auto-replied"
    assert not case.log[0].answers


def test_an_answer_goes_by_mail(desk: Incoming, cases: Cases, store: Store) -> None:
    """What staff write to the customer, with the event; without the mark of a program. Notes stay inside."""
    number = opened(desk, name="first")
    cases.add(number, "note", LI, "这个客户很急")
    cases.add(number, "reply", LI, "请先清纸路")
    _, answer = sent(store)
    assert answer.text.startswith("请先清纸路\n")
    assert "Auto-Submitted" not in answer.extra
    assert answer.extra["References"] == "<first@x.example>"
    with pytest.raises(InputError):
        cases.add(number, "reply", LI, "")
    assert len(sent(store)) == 2


def test_a_case_by_phone_is_answered_where_a_mail_address_is_known(cases: Cases, store: Store) -> None:
    """A contact with an address gets answers, one without gets none, nor does a machine's address or our own."""
    for contact in ("王工 wang@x.example 13800000000", "王工", "no-reply@x.example", "help@desk.example"):
        number = cases.report("卡纸", {"channel": "phone", "contact": contact}, LI).now.number
        cases.add(number, "reply", LI, "请先清纸路")
    assert [m.to for m in sent(store)] == ["wang@x.example"]


def test_a_form_is_answered_in_its_own_transaction(store: Store) -> None:
    """A report by the form gets its receipt with it, by telephone none. Programs are told of steps, without words."""
    cases = Cases(store, shipped(), letters=Letters(US, calls=True))
    form = cases.report("卡纸 13812345678", {"channel": "form", "contact": WANG}, LI).now.number
    phone = cases.report("上不了网", {"channel": "phone", "contact": WANG}, LI).now.number
    mails = [m.key for m in sent(store) if m.channel == "mail"]
    assert mails == [f"mail:{form}:receipt"]
    calls = [m for m in sent(store) if m.channel == "hook"]
    assert [(m.extra["kind"], m.extra["case"]) for m in calls] == [("case.reported", form), ("case.reported", phone)]
    assert all("卡纸" not in m.subject + m.text for m in calls)


@pytest.mark.parametrize("told", REPLIES, ids=lambda t: str(t["name"]))
def test_an_answer_finds_its_case(desk: Incoming, cases: Cases, store: Store, told: dict[str, Any]) -> None:
    """By whatever program it was written: it is there once, without the mail it answers."""
    number = opened(desk)
    cases.add(number, "reply", LI, "请先清纸路")
    ours = sent(store)[-1].extra["Message-ID"]
    for _ in range(2):
        assert desk.take(reply(told, number, ours)) == Taken(Fate.CASE, number, False)
    log = cases.find(number).log
    assert [(e.kind, e.text) for e in log[2:]] == [("message_in", told["new"])]
    assert log[-1].by == WANG


def test_a_thread_before_a_number_before_a_subject(desk: Incoming, cases: Cases, store: Store) -> None:
    """Our Message-ID tells more than the subject; a forged one tells nothing; the number's check digit has to be right;
    a mail of the customer's own thread belongs there, too."""
    first, second = opened(desk, name="a"), opened(desk, subject="上不了网", name="b")
    ours = sent(store)[0].extra["Message-ID"]
    taken = desk.take(mail("1", f"Re: [{second}] x", In_Reply_To=ours))
    assert taken.number == first
    forged = ours.replace(ours.split(".")[2][:4], "0000")
    assert desk.take(mail("2", f"Re: [{second}] x", In_Reply_To=forged)).number == second
    wrong = second[:-1] + str((int(second[-1]) + 1) % 10)
    assert desk.take(mail("3", f"Re: [{wrong}] x")).opened
    assert desk.take(mail("4", "什么", In_Reply_To="<b@x.example>")).number == second


def test_somebody_else_with_a_number_gets_his_own_case(desk: Incoming, cases: Cases) -> None:
    """A number can be guessed: who is none of the case's people opens one that points there, and reads nothing."""
    number = opened(desk)
    taken = desk.take(mail("我也是", f"Re: [{number}]", sender="Mallory <m@evil.example>"))
    assert taken.opened
    assert taken.number != number
    assert cases.find(taken.number).now.follows == number
    assert cases.find(number).now.version == 1


def test_long_after_closing(desk: Incoming, cases: Cases, store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    """Within the window the case opens again; after it there is a new one that follows."""
    number = opened(desk)
    closed(cases, number)
    assert desk.take(mail("又坏了", f"[{number}]")).number == number
    assert cases.find(number).now.state == "open"
    cases.add(number, "restore", LI, "换主板", RESTORE)
    cases.add(number, "confirm", LI)
    later = datetime.now(UTC) + timedelta(days=30)
    monkeypatch.setattr("kb.service.cases._now", lambda: later)
    taken = desk.take(mail("一个月后又坏了", f"[{number}]"))
    assert taken.opened
    assert cases.find(taken.number).now.follows == number
    assert cases.find(number).now.state == "closed"


def test_a_merged_case_is_answered_in_the_other(desk: Incoming, cases: Cases) -> None:
    """A reply to a merged case lands in the target, and opens nothing again."""
    first, second = opened(desk, name="a"), opened(desk, subject="上不了网", name="b")
    cases.add(first, "merge", LI, given={"into": second})
    assert desk.take(mail("还有一台", f"Re: [{first}]")).number == second
    assert cases.find(first).now.state == "closed"


def test_files_are_kept_once(desk: Incoming, cases: Cases, files: Files) -> None:
    """By their digest, told by the event that they came with."""
    log = b"2026-11-29 10:20:31 paper jam 13.20.00\n" * 100
    number = desk.take(with_file(mail("日志见附件，第一次", name="1"), "a.log", log)).number
    desk.take(with_file(mail("日志见附件，第二次", name="2"), "b.log", log))
    told = [event.data["files"] for event in cases.find(number).log]
    assert len(told) == 2
    assert len(set(told)) == 1
    assert files.of(told)[told[0]].size == len(log)
    assert files.path(told[0]).read_bytes() == log


# --- what nobody wrote -------------------------------------------------------------------------------

AUTOMATIC: list[dict[str, str]] = [
    {"Auto_Submitted": "auto-replied"},
    {"Auto_Submitted": "auto-generated; owner=x"},
    {"Precedence": "bulk"},
    {"Precedence": "auto_reply"},
    {"List_Id": "<news.x.example>"},
    {"List_Unsubscribe": "<mailto:u@x.example>"},
    {"X_Autoreply": "yes"},
    {"X_Auto_Response": "1"},
    {"X_Loop": "help@desk.example"},
    {"Return_Path": "<>"},
    {"X_Failed_Recipients": "a@x.example"},
    {"sender": "Mail Delivery System <MAILER-DAEMON@mx.x.example>"},
    {"sender": "postmaster@x.example"},
    {"subject": "自动回复：[{number}] 打印机卡纸"},
    {"subject": "自动答复: 打印机卡纸"},
    {"subject": "系统退信"},
    {"subject": "Automatic reply: [{number}] x"},
    {"subject": "Out of Office: x"},
    {"subject": "Undelivered Mail Returned to Sender"},
]


@pytest.mark.parametrize("marks", AUTOMATIC, ids=lambda m: next(iter(m.values())))
def test_what_nobody_wrote(desk: Incoming, cases: Cases, store: Store, marks: dict[str, str]) -> None:
    """Out of the office, bounces, lists: they open nothing, answer nothing, wake nothing, reopen nothing."""
    assert desk.take(mail("我在休假", **{"subject": "x", **marks})) == Taken(Fate.AUTOMATIC)
    assert cases.all(Filter()) == []
    number = opened(desk, name="first")
    cases.add(number, "wait", LI, "等客户", {"for": "customer", "until": _soon()})
    ours = sent(store)[0].extra["Message-ID"]
    told = {name: value.format(number=number) for name, value in marks.items()}
    noted = desk.take(mail("我在休假，第二封", **{"subject": "x", "In_Reply_To": ours, **told}))
    assert noted == Taken(Fate.AUTOMATIC, number)
    case = cases.find(number)
    assert case.now.state == "waiting"
    assert case.log[-1].automatic
    cases.add(number, "resume", LI)
    closed(cases, number)
    before = len(sent(store))
    assert desk.take(mail("我在休假，第三封", **{"subject": "x", "In_Reply_To": ours, **told})).fate == Fate.AUTOMATIC
    assert cases.find(number).now.state == "closed"
    assert len(cases.all(Filter(states=("closed", "new", "open")))) == 1
    assert len(sent(store)) == before


def _soon() -> str:
    return (datetime.now(UTC) + timedelta(hours=1)).isoformat()


def test_a_bounce_is_noted_on_its_case(desk: Incoming, cases: Cases, store: Store) -> None:
    """A delivery report names our mail in its body only."""
    number = opened(desk)
    ours = sent(store)[0].extra["Message-ID"]
    bounce = (
        "From: MAILER-DAEMON@mx.example\r\nReturn-Path: <>\r\nSubject: Undelivered\r\nMessage-ID: <b1@mx.example>\r\n"
        'MIME-Version: 1.0\r\nContent-Type: multipart/report; report-type=delivery-status; boundary="b"\r\n\r\n'
        "--b\r\nContent-Type: text/plain\r\n\r\nNo such user\r\n"
        "--b\r\nContent-Type: message/delivery-status\r\n\r\nReporting-MTA: dns; mx\r\n\r\nAction: failed\r\n\r\n"
        f"--b\r\nContent-Type: text/rfc822-headers\r\n\r\nMessage-ID: {ours}\r\n\r\n--b--\r\n"
    )
    assert desk.take(bounce.encode()) == Taken(Fate.AUTOMATIC, number)


def test_our_own_mail_comes_back(desk: Incoming, cases: Cases) -> None:
    """A forwarding rule that leads back to us: nothing is opened."""
    assert desk.take(mail("请先清纸路", sender=US)).fate == Fate.OWN
    assert cases.all(Filter()) == []
    assert desk.take(mail("不是我们", sender="p@desk.example")).opened


def test_a_receipt_leads_to_the_case(cases: Cases, store: Store, files: Files) -> None:
    """Where customers reach the site, the receipt has a link by which they follow their case without an account."""
    cases.letters = Letters(US, site="https://kb.example.com")
    number = Incoming(cases, store, files).take(mail("打印机卡纸")).number
    [receipt] = sent(store)
    secret = receipt.text.partition("https://kb.example.com/c/")[2].split()[0]
    assert Links(store).case(secret) == number


def test_every_mail_leads_to_the_case(cases: Cases, store: Store, files: Files) -> None:
    """Answers and what was restored have a link of their own, too; without an address for customers none has."""
    cases.letters = Letters(US, site="https://kb.example.com")
    number = Incoming(cases, store, files).take(mail("打印机卡纸")).number
    cases.add(number, "reply", LI, "请看一下进纸口")
    cases.add(number, "restore", LI, "换搓纸轮", RESTORE)
    texts = [m.text for m in sent(store)]
    secrets = {text.partition("https://kb.example.com/c/")[2].split()[0] for text in texts}
    assert len(secrets) == len(texts) == 3
    assert {Links(store).case(secret) for secret in secrets} == {number}
    cases.letters = Letters(US)
    cases.add(number, "reply", LI, "还在吗")
    assert "/c/" not in sent(store)[-1].text


def test_who_wants_no_receipt_gets_none(desk: Incoming, store: Store) -> None:
    """A program that reports, under an address that nobody reads, opens a case that is not answered by itself."""
    opened(desk, sender="监控 <noreply@x.example>")
    opened(desk, subject="另一件", name="q", X_Auto_Response_Suppress="All")
    assert sent(store) == []


@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
def test_a_loop_makes_one_case_and_no_answer(desk: Incoming, cases: Cases, store: Store) -> None:
    """Two thousand mails of a program that marks nothing: one case, one receipt for the first, none for the others."""
    first = desk.take(mail("收到您的来信，我们会尽快处理。0", "Re: 您好", name="0"))
    now = datetime.now(UTC)
    fates = [desk.take(mail(f"收到您的来信。{i}", "Re: 您好", name=str(i)), now).fate for i in range(1, 2000)]
    assert [c.number for c in cases.all(Filter())] == [first.number]
    assert [m.key for m in sent(store)] == [f"mail:{first.number}:receipt"]
    assert cases.find(first.number).now.version == module.MOST
    assert fates.count(Fate.MANY) == 2000 - module.MOST
    assert len(desk.held()) == module.KEPT_BACK


def test_a_loop_of_marked_mails_leaves_a_few_notes(desk: Incoming, cases: Cases, store: Store) -> None:
    """An out-of-office reply to each of our mails: five notes an hour, and never an answer."""
    number = opened(desk)
    ours = sent(store)[0].extra["Message-ID"]
    for i in range(40):
        desk.take(mail(f"休假 {i}", "自动回复: x", In_Reply_To=ours, Auto_Submitted="auto-replied"))
    assert cases.find(number).now.version == 1 + module.MOST_AUTOMATIC
    assert len(sent(store)) == 1


def test_held_mails_are_looked_at(desk: Incoming, cases: Cases, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever sends very much: a person takes one of them, or drops it. A mail that can't be read is held, too."""
    monkeypatch.setattr(module, "MOST", 1)
    number = opened(desk, name="1")
    assert desk.take(mail("第二封信，说的是另一件事", "别的", name="2")).fate == Fate.MANY
    assert desk.take(mail("第三封信，说的是另一件事", "又一件", name="3")).fate == Fate.MANY
    second, third = desk.held()
    assert (second.sender, second.subject) == ("wang@x.example", "别的")
    assert "第二封信" in desk.text(second.id)
    taken = desk.accept(second.id)
    assert taken.opened
    assert taken.number != number
    desk.drop(third.id)
    assert desk.held() == []
    with pytest.raises(NotFoundError):
        desk.accept(third.id)
    assert len(cases.all(Filter())) == 2


def test_any_bytes_are_taken(desk: Incoming) -> None:
    """Nothing that comes keeps the others from being read."""
    for data in (b"", b"\0\xff" * 1000, b"From: \xff\xfe\r\n\r\n\x80", b"Subject: x\r\n" * 5000, b"\r\n\r\n" * 99):
        assert desk.take(data).fate in tuple(Fate)


def test_what_wants_to_do_harm_is_text(desk: Incoming, cases: Cases, files: Files) -> None:
    """Scripts of an HTML mail are no words of it, a file lies under its digest whatever it is called, and a subject
    with somebody else's number is a subject."""
    page = (
        "<p>打印机卡纸</p><script>alert(1)</script><style>p{}</style><img src='https://x.example/t.png' onerror='x()'>"
    )
    message = EmailMessage(policy=SMTP)
    message["From"], message["Subject"], message["Message-ID"] = "王工 <wang@x.example>", "急", "<h@x.example>"
    message.set_content(page, subtype="html", charset="gb18030")
    number = desk.take(with_file(message.as_bytes(), "../../etc/passwd", b"root:x:0:0")).number
    found = cases.find(number).log[0]
    assert "打印机卡纸" in found.text
    assert "alert" not in found.text
    [digest] = str(found.data["files"]).split()
    assert files.of([digest])[digest].name == "passwd"
    assert files.path(digest).name.startswith(digest[:8])
    other = desk.take(mail("不是我的", subject=f"Re: [{number}] Bcc: all@x.example", sender="li@y.example", name="o"))
    assert other.number != number


def test_a_huge_mail_is_bounded(desk: Incoming, cases: Cases) -> None:
    """Ten thousand lines of a log in a mail become a case, with as much of it as an entry holds."""
    lines = "\n".join(f"2026-11-29 10:00:{n % 60:02} INFO worker {n} idle" for n in range(10_000))
    number = desk.take(mail(f"数据库报错，日志如下\n{lines}", name="huge")).number
    assert len(cases.find(number).log[0].text) <= MAX_TEXT


# --- kept once, whatever happens ----------------------------------------------------------------------


def _take_and_die(database: str, folder: Path, data: bytes, step: str) -> None:
    store = Store(database)
    desk = Incoming(Cases(store, shipped(), letters=Letters(US)), store, Files(store, folder))

    def die(*_: Any, **__: Any) -> None:
        os.kill(os.getpid(), signal.SIGKILL)

    setattr(desk, step, die)
    desk.take(data)


@pytest.mark.parametrize("step", ["_answer", "_remember"])
def test_killed_in_the_middle(
    desk: Incoming, cases: Cases, store: Store, database: str, files: Files, tmp_path: Path, step: str
) -> None:
    """kill -9 after the event was written: read again, the mail makes no second case, and misses nothing."""
    data = with_file(mail("日志见附件"), "a.log", b"paper jam")
    store.close()
    arguments = database, tmp_path / "case-files", data, step
    process = multiprocessing.get_context("fork").Process(target=_take_and_die, args=arguments)
    process.start()
    process.join()
    assert process.exitcode == -signal.SIGKILL
    for _ in range(2):
        taken = desk.take(data)
        assert taken.fate == Fate.CASE
    assert [c.number for c in cases.all(Filter())] == [taken.number]
    assert cases.find(taken.number).now.version == 1
    (digest,) = [event.data["files"] for event in cases.find(taken.number).log]
    assert files.of([digest])[digest].name == "a.log"
    assert [m.key for m in sent(store)] == [f"mail:{taken.number}:receipt"]
    assert cases.check() == []


# --- from a mailbox ------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def box() -> Iterator[Mailbox]:
    if reason := missing():
        if os.environ.get("CI"):
            pytest.fail(reason, pytrace=False)
        pytest.skip(reason)
    with mailbox() as made:
        yield made


@pytest.fixture
def fetching(box: Mailbox, settings: Settings, monkeypatch: pytest.MonkeyPatch) -> Iterator[Settings]:
    monkeypatch.setenv("KB_IMAP_PASSWORD", "geheim")
    yield replace(settings, imap_host="127.0.0.1", imap_port=box.port, imap_security="none", imap_user="desk")
    box.clear()


def test_a_mailbox_is_read(desk: Incoming, cases: Cases, box: Mailbox, fetching: Settings) -> None:
    """What is unread is taken as it is, oldest first, and then marked as read."""
    box.add(mail("第一封", "一", name="1"))
    box.add(reply(REPLIES[0], "25-00001-0", "<none@x.example>"))
    assert box.unread() == 2
    assert fetch(fetching, desk.take) == 2
    assert box.unread() == 0
    assert fetch(fetching, desk.take) == 0
    texts = [cases.find(c.number).log[0].text for c in sorted(cases.all(Filter()), key=lambda c: c.number)]
    assert texts == ["第一封", REPLIES[0]["new"]]


def test_what_was_not_kept_stays_unread(desk: Incoming, cases: Cases, box: Mailbox, fetching: Settings) -> None:
    """A message is marked as read after it was kept: whoever dies before reads it again, and there is one case."""
    box.add(mail("第一封", "一", name="1"))

    def take(data: bytes) -> None:
        desk.take(data)
        raise InputError("away")

    with pytest.raises(InputError, match="away"):
        fetch(fetching, take)
    assert box.unread() == 1
    assert fetch(fetching, desk.take) == 1
    assert len(cases.all(Filter())) == 1


def test_a_server_that_refuses_is_told(fetching: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    """With its name and no password."""
    monkeypatch.setenv("KB_IMAP_PASSWORD", "falsch")
    with pytest.raises(InputError, match=r"127\.0\.0\.1") as refused:
        fetch(fetching, bytes)
    assert "falsch" not in str(refused.value)
    with pytest.raises(InputError, match="imap_host"):
        fetch(replace(fetching, imap_host=""), bytes)


def test_what_became_of_mails_is_counted_by_the_hour(
    desk: Incoming, cases: Cases, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    """After an hour a sender may write again."""
    monkeypatch.setattr(module, "MOST", 1)
    opened(desk, name="1")
    assert desk.take(mail("二", "二")).fate == Fate.MANY
    with store.session() as session:
        session.execute(update(tables.Mail).values(at=datetime.now(UTC) - timedelta(hours=2)))
        assert session.scalar(select(func.count()).select_from(tables.Mail)) == 2
    assert desk.take(mail("三", "三")).fate == Fate.CASE
    assert len(cases.all(Filter())) == 2


def test_mails_of_long_ago_are_forgotten(desk: Incoming, cases: Cases) -> None:
    """The event of one remembers it for good: read again, it is still the same entry; what is held stays."""
    data = mail("卡纸", name="1")
    number = desk.take(data).number
    held = desk.take(b"Subject: x\r\n\r\nx")
    assert held.fate == Fate.UNREADABLE
    desk.forget(datetime.now(UTC) + module.REMEMBERED + timedelta(days=1))
    assert len(desk.held()) == 1
    assert desk.take(data).number == number
    assert cases.find(number).now.version == 1
