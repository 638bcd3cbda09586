"""This module is what a case says to others by itself: mails to its customer, and calls of a program.

A message is put into the outbox in the transaction of the event that it tells, so that neither is without the other.
Each mail has a Message-ID of ours, signed, by which the answer to it finds its case, and the number in its subject.
"""

import hmac
import re
from collections.abc import Sequence
from dataclasses import dataclass
from email.utils import parseaddr
from hashlib import sha256

from sqlalchemy import select
from sqlalchemy.orm import Session

from kb.database import tables
from kb.database.secret import shared
from kb.labels import label
from kb.language import say
from kb.model.casework import Channel, EventKind, State
from kb.notices.channels import HOOK, MAIL, headers_of_notices, sends_mail
from kb.notices.outbox import Notice, post, posted
from kb.service.events import Event, effective
from kb.service.links import issue
from kb.service.snapshot import Snapshot
from kb.service.states import facts
from kb.settings import Settings
from kb.text.envelopes import answerable

KEY = "mail"
"""The secret that Message-IDs are signed with."""
SIGNED = 20
"""Hexadecimal digits of a signature."""
TOLD = (EventKind.MESSAGE_OUT, EventKind.UPDATE, EventKind.RESTORED)
"""What goes to the customer by mail, when he sees it."""

_ADDRESS = re.compile(r"[^\s<>,;:\"()\[\]\\@，；：（）]{1,64}@[A-Za-z0-9][A-Za-z0-9.-]{1,190}[A-Za-z0-9]")
_ID = re.compile(rf"<?(\d\d-\d{{5,9}}-\d)\.([a-z0-9]{{1,20}})\.([0-9a-f]{{{SIGNED}}})@")


@dataclass(frozen=True)
class Letters:
    """What leaves cases. sender: the From of mails, "" for none; calls: whether a program is called.

    site: the address under which customers reach the site, "" for none: then a mail has no link to the case.
    """

    sender: str = ""
    calls: bool = False
    site: str = ""

    def post(self, session: Session, case: int, now: Snapshot, log: Sequence[Event]) -> None:
        """Put what the last event says into the outbox. case: its row."""
        event = log[-1]
        if self.calls:
            post(session, [_call(now, event)], event.noted)
        if not self.sender:
            return
        if event.kind == EventKind.REPORTED and now.channel == Channel.FORM:
            self.receipt(session, case, now, log)
        if event.kind in TOLD and event.public:
            words = _restored(event) if event.kind == EventKind.RESTORED else event.text
            self._mail(session, case, now, log, str(event.place), words, automatic=event.automatic)

    def receipt(self, session: Session, case: int, now: Snapshot, log: Sequence[Event]) -> None:
        """Tell whoever reported a case its number, once."""
        words = say(
            "已收到您的报障，单号 {number}。我们会尽快答复；补充情况请直接回复这封邮件。",
            "Your report arrived; its number is {number}. We will answer soon; to add something, answer this mail.",
            number=now.number,
        )
        self._mail(session, case, now, log, "receipt", words, automatic=True)

    def remind(self, session: Session, case: int, now: Snapshot, log: Sequence[Event], which: str) -> bool:
        """Ask the customer whether it is restored, or for what he is waited for; whether he can be asked by mail.

        which: reminder of which rest, or wait.
        """
        if now.state == State.WAITING:
            asked = next((e.text for e in reversed(log) if e.kind == EventKind.WAIT and e.public), "")
            words = say(
                "单号 {number}：我们在等您的消息，好接着处理。",
                "Case {number}: we wait for a word from you to go on.",
                number=now.number,
            )
            words += f"\n\n{asked}" if asked else ""
        else:
            words = say(
                "单号 {number}：我们这边已经恢复。请回信告诉我们是否好了；没有回音，我们会按已恢复关闭。",
                "Case {number}: it is restored on our side. Please answer whether it is well; "
                "without a word we close it.",
                number=now.number,
            )
        return self._mail(session, case, now, log, which, words, automatic=True)

    def _mail(
        self,
        session: Session,
        case: int,
        now: Snapshot,
        log: Sequence[Event],
        what: str,
        words: str,
        automatic: bool,
    ) -> bool:
        """what: the part of the Message-ID behind the number. Whether there was an address."""
        to, key = address_of(log), f"mail:{now.number}:{what}"
        if not to or not self.sender or to == parseaddr(self.sender)[1].casefold():
            return False
        if posted(session, key):
            return True
        before = select(tables.Event.message_id).where(
            tables.Event.case_id == case, tables.Event.message_id.is_not(None)
        )
        answered = session.scalar(before.order_by(tables.Event.place.desc()).limit(1)) or ""
        headers = {"Message-ID": message_id(session, now.number, what, self.sender)}
        if re.fullmatch(r"<[^<>\s]+@[^<>\s]+>", answered):
            headers |= {"In-Reply-To": answered, "References": answered}
        if automatic:
            headers |= {**headers_of_notices(), "Auto-Submitted": "auto-replied" if answered else "auto-generated"}
        foot = say("回复时请保留主题里的 [{number}]。", "Please keep [{number}] in the subject.", number=now.number)
        text = f"{words.strip()}\n\n-- \n{self._link(session, case, log)}{foot}\n"
        post(session, [Notice(key, MAIL, to, f"[{now.number}] {now.title}", text, headers)])
        return True

    def _link(self, session: Session, case: int, log: Sequence[Event]) -> str:
        """A line by which the customer follows his case, "" where he can't reach the site. The mail alone holds it."""
        if not self.site:
            return ""
        link = f"{self.site}/c/{issue(session, case, log[-1].noted)}"
        return say("查看进展、补充、确认：{link}", "See how it stands, add to it, confirm it: {link}", link=link) + "\n"


def letters(settings: Settings) -> Letters:
    """What leaves the cases of a site."""
    return Letters(settings.mail_from if sends_mail(settings) else "", bool(settings.webhook_url), settings.public_url)


def _call(now: Snapshot, event: Event) -> Notice:
    """What a program is told of an event: what it is, and no words of anybody."""
    told = {"kind": f"case.{event.kind}", "case": now.number, "state": now.state, "priority": now.priority}
    words = f"{now.number} {label('event', event.kind)}"
    return Notice(f"case:{now.number}:{event.place} > hook", HOOK, "", words, "", {**told, "place": str(event.place)})


def _restored(event: Event) -> str:
    asked = say("请回信告诉我们是否好了。", "Please answer whether it is well.")
    return f"{say('已恢复：', 'Restored: ')}{event.text}\n\n{asked}"


# --- addresses -----------------------------------------------------------------------------------


def addresses(text: str) -> list[str]:
    """Mail addresses in a text, folded."""
    return [found.casefold() for found in _ADDRESS.findall(text)]


def address_of(log: Sequence[Event]) -> str:
    """Where the customer of a case reads mail, folded; "" where that is not known, or nobody reads it."""
    found = addresses(str(facts(effective(log)).get("contact", "")))
    return next((a for a in found if answerable(a)), "")


def writers(log: Sequence[Event]) -> set[str]:
    """The addresses of a case's contact, and of whoever wrote to it as a customer."""
    contacts = [str(e.data.get("contact", "")) for e in log]
    wrote = [e.by for e in log if e.kind in (EventKind.REPORTED, EventKind.MESSAGE_IN, EventKind.REOPENED)]
    return {a for text in (*contacts, *wrote) for a in addresses(text)}


# --- signed names of mails -----------------------------------------------------------------------


def message_id(session: Session, number: str, what: str, sender: str) -> str:
    """The Message-ID of a mail about a case. what: of letters and digits, told apart from the case's other mails."""
    host = parseaddr(sender)[1].rpartition("@")[2]
    return f"<{number}.{what}.{_signature(shared(session, KEY), number, what)}@{host}>"


def number_of(session: Session, text: str) -> str:
    """The number of the case that a Message-ID of ours in a text belongs to; "" without one that is signed by us."""
    named = _ID.findall(text)
    known = session.get(tables.Key, KEY) if named else None
    if known is None:
        return ""
    for number, what, signature in named:
        if hmac.compare_digest(signature, _signature(known.secret, number, what)):
            return str(number)
    return ""


def _signature(key: str, number: str, what: str) -> str:
    return hmac.new(key.encode(), f"{number}.{what}".encode(), sha256).hexdigest()[:SIGNED]
