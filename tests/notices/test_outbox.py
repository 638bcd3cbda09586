"""The outbox: what is to be told goes once, is tried again while it does not, and what fails is told."""

import hashlib
import hmac
import json
import logging
import multiprocessing
import threading
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest
from post import Letterbox, free_port, text_of
from sqlalchemy import select

from kb.database import tables
from kb.database.connection import Store
from kb.errors import NotFoundError, SettingsError
from kb.notices import outbox as module
from kb.notices.channels import CHAT, HOOK, MAIL, channels, headers_of_notices
from kb.notices.outbox import MOST_TRIES, Delivered, Notice, Outbox, deliver, post
from kb.settings import Settings

NOW = datetime(2026, 11, 29, 8, 0, tzinfo=UTC)
LATER = timedelta(hours=7)


@pytest.fixture
def mailing(settings: Settings, letterbox: Letterbox) -> Settings:
    sender = "服务台 <help@desk.example>"
    return replace(settings, mail_host="127.0.0.1", mail_port=letterbox.port, mail_security="none", mail_from=sender)


def put(store: Store, *notices: Notice) -> int:
    with store.session() as session:
        return post(session, notices, NOW)


def send(store: Store, settings: Settings, now: datetime = NOW) -> Delivered:
    ways = channels(settings)
    try:
        return deliver(Outbox(store), ways, now, 100)
    finally:
        for way in ways.values():
            way.close()


def letter(key: str = "k1", to: str = "wang@x.example", **more: Any) -> Notice:
    return Notice(key, MAIL, to, "卡纸：KB-000007", "请看一下，电话〔手机号码〕", headers_of_notices(), **more)


def test_a_mail_goes_once(store: Store, mailing: Settings, letterbox: Letterbox) -> None:
    """Put twice under one key it is there once, is sent once, and keeps its key without its words."""
    assert (put(store, letter()), put(store, letter())) == (1, 0)
    assert send(store, mailing) == (1, 0)
    assert send(store, mailing, NOW + LATER) == (0, 0)
    [mail] = letterbox.mails
    assert (str(mail["To"]), str(mail["Subject"])) == ("wang@x.example", "卡纸：KB-000007")
    assert str(mail["From"]) == "服务台 <help@desk.example>"
    assert "请看一下" in text_of(mail)
    assert (mail["Auto-Submitted"], mail["Precedence"]) == ("auto-generated", "bulk")
    with store.reading() as session:
        [row] = session.scalars(select(tables.Message))
    assert (row.key, row.to, row.subject, row.text, row.extra) == ("k1", "", "", "", {})
    assert row.sent == NOW


def test_sent_again_it_is_the_same_mail(store: Store, mailing: Settings, letterbox: Letterbox) -> None:
    """A sender that dies after sending sends once more, under the same Message-ID."""
    put(store, letter())
    kept = Outbox(store)
    mine = kept.claim(kept.due(NOW, 9), NOW)
    way = channels(mailing)[MAIL]
    way.send(mine[0])  # and dies
    way.close()
    assert send(store, mailing, NOW + timedelta(minutes=1)) == (0, 0)
    assert send(store, mailing, NOW + timedelta(minutes=3)) == (1, 0)
    first, second = letterbox.mails
    assert first["Message-ID"] == second["Message-ID"]


def test_tried_again_with_growing_pauses(store: Store, mailing: Settings, caplog: pytest.LogCaptureFixture) -> None:
    """While the server is away, later each time, and a bounded number of times; the log holds no words of it."""
    put(store, letter())
    away, now, waits = replace(mailing, mail_port=free_port()), NOW, []
    with caplog.at_level(logging.DEBUG):
        for _ in range(MOST_TRIES):
            assert send(store, away, now) == (0, 1)
            waiting = Outbox(store).unsent()[0]
            waits.append(waiting.not_before - now)
            now = waiting.not_before
    assert waits == sorted(waits)
    assert (waits[0], waits[-1]) == (timedelta(minutes=2), timedelta(hours=6))
    assert send(store, away, now + timedelta(days=9)) == (0, 0)
    state = Outbox(store).state(now)
    assert (state.waiting, state.failed, state.error, state.well) == (0, 1, "ConnectionRefusedError", False)
    assert "卡纸" not in caplog.text
    assert "wang@" not in caplog.text


def test_a_server_that_is_away_is_asked_once(store: Store, mailing: Settings) -> None:
    """The other messages wait untouched for the next time."""
    put(store, letter("a"), letter("b"))
    assert send(store, replace(mailing, mail_port=free_port())) == (0, 1)
    assert sorted(m.tries for m in Outbox(store).unsent()) == [0, 1]


def test_what_is_refused_for_good_is_not_tried_again(store: Store, mailing: Settings, letterbox: Letterbox) -> None:
    """A receiver that is none is given up at once, others are not; a full mailbox is tried again. retry() tries all."""
    letterbox.refuses = {"gone@x.example": "550 no such user", "full@x.example": "452 mailbox full"}
    put(store, letter("a", "gone@x.example"), letter("b", "full@x.example"), letter("c"), letter("d", "none"))
    assert send(store, mailing) == (1, 3)
    assert {m.key: m.tries for m in Outbox(store).unsent()} == {"a": MOST_TRIES, "b": 1, "d": MOST_TRIES}
    letterbox.refuses = {}
    assert Outbox(store).retry("a") == 1
    with pytest.raises(NotFoundError, match="c"):
        Outbox(store).retry("c")
    assert send(store, mailing, datetime.now(UTC)) == (2, 0)


def test_what_nobody_sends_is_told(store: Store, settings: Settings) -> None:
    """Without a way to send it a message waits, and after an hour it counts as stuck."""
    put(store, letter())
    assert send(store, settings) == (0, 0)
    assert Outbox(store).state(NOW).well
    assert (Outbox(store).state(NOW + LATER).stuck, Outbox(store).state(NOW + LATER).well) == (1, False)


def test_a_digest_is_one_mail(store: Store, mailing: Settings, letterbox: Letterbox) -> None:
    """What is joined goes as one for each receiver, at its hour; each piece is sent."""
    held: dict[str, Any] = {"not_before": NOW + timedelta(hours=1), "joined": True}
    put(store, letter("a", **held), letter("b", **held), letter("c", "li@x.example", **held))
    assert send(store, mailing) == (0, 0)
    assert send(store, mailing, NOW + LATER) == (3, 0)
    subjects = {str(m["To"]): str(m["Subject"]) for m in letterbox.mails}
    assert subjects == {"wang@x.example": "故知：2 条通知", "li@x.example": "卡纸：KB-000007"}


def test_headers_are_one_line(store: Store, mailing: Settings, letterbox: Letterbox) -> None:
    """No line end of a subject or an address begins another header."""
    put(store, letter()._replace(subject="a\r\nBcc: all@x.example"), letter("b", "a@x.example\nBcc: c@x.example"))
    assert send(store, mailing) == (1, 1)
    assert letterbox.mails[0]["Bcc"] is None
    assert str(letterbox.mails[0]["Subject"]) == "a Bcc: all@x.example"


def _send(database: str, settings: Settings) -> None:
    send(Store(database), settings)


def test_many_senders_send_once(store: Store, database: str, mailing: Settings, letterbox: Letterbox) -> None:
    """Sixteen processes at once: each message goes once."""
    put(store, *(letter(f"k{i}") for i in range(20)))
    store.close()
    context = multiprocessing.get_context("fork")
    processes = [context.Process(target=_send, args=(database, mailing)) for _ in range(16)]
    for process in processes:
        process.start()
    for process in processes:
        process.join()
        assert process.exitcode == 0
    assert len(letterbox.mails) == 20
    assert len({m["Message-ID"] for m in letterbox.mails}) == 20


def test_keys_of_long_ago_are_forgotten(store: Store, mailing: Settings) -> None:
    """What was sent more than a year ago; not what was never sent."""
    put(store, letter(), letter("b", "none"))
    send(store, mailing)
    Outbox(store).forget(NOW + module.KEPT + timedelta(days=1))
    assert [m.key for m in Outbox(store).unsent()] == ["b"]


# --- calls and chats -----------------------------------------------------------------------------


class Called:
    """A program that is called: what it was sent; it answers with a status, or leads elsewhere."""

    def __init__(self) -> None:
        self.calls: list[tuple[dict[str, str], bytes]] = []
        self.status = 204
        outer = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                outer.calls.append((dict(self.headers), body))
                self.send_response(outer.status)
                self.send_header("Location", "/elsewhere")
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, *_: Any) -> None: ...

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.address = f"http://127.0.0.1:{self.server.server_port}/in"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()


@pytest.fixture
def called() -> Iterator[Called]:
    made = Called()
    yield made
    made.server.shutdown()
    made.server.server_close()


def test_a_call_is_signed(store: Store, settings: Settings, called: Called, monkeypatch: pytest.MonkeyPatch) -> None:
    """JSON with a signature over the moment and the body that its receiver can make, too."""
    monkeypatch.setenv("KB_WEBHOOK_SECRET", "geheim")
    put(store, Notice("k", HOOK, "", "卡纸", "一句", {"kind": "case.reported", "case": "26-00137-7"}))
    assert send(store, replace(settings, webhook_url=called.address)) == (1, 0)
    [(headers, body)] = called.calls
    told = json.loads(body)
    assert (told["id"], told["case"], told["subject"], told["text"]) == ("k", "26-00137-7", "卡纸", "一句")
    made = hmac.new(b"geheim", headers["X-Guzhi-Timestamp"].encode() + b"." + body, hashlib.sha256)
    assert headers["X-Guzhi-Signature"] == "sha256=" + made.hexdigest()


@pytest.mark.parametrize(("status", "tries"), [(500, 1), (429, 1), (302, 1), (404, MOST_TRIES)])
def test_a_call_that_fails(
    store: Store, settings: Settings, called: Called, status: int, tries: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Is tried again, but for what will not change; it follows no redirect."""
    monkeypatch.setenv("KB_WEBHOOK_SECRET", "geheim")
    called.status = status
    put(store, Notice("k", HOOK, "", "卡纸", ""))
    assert send(store, replace(settings, webhook_url=called.address)) == (0, 1)
    assert [(m.tries, m.error) for m in Outbox(store).unsent()] == [(tries, f"HTTP {status}")]
    assert len(called.calls) == 1


def test_a_call_without_a_secret_waits(store: Store, settings: Settings, called: Called) -> None:
    """Nothing goes unsigned, and the doctor says which secret is missing."""
    put(store, Notice("k", HOOK, "", "卡纸", ""))
    assert send(store, replace(settings, webhook_url=called.address)) == (0, 1)
    assert Outbox(store).state(NOW).error == "KB_WEBHOOK_SECRET"
    assert called.calls == []


def test_a_secret_of_a_file_that_is_gone_is_told(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    """By the name of its variable."""
    monkeypatch.setenv("KB_WEBHOOK_SECRET_FILE", "/nowhere")
    with pytest.raises(SettingsError, match="KB_WEBHOOK_SECRET_FILE"):
        channels(replace(settings, webhook_url="http://127.0.0.1:1"))


def test_a_chat(store: Store, settings: Settings, called: Called) -> None:
    """Chats go by apprise: here to its plain JSON; one that it does not know is given up."""
    address = called.address.removeprefix("http://")
    put(store, Notice("a", CHAT, f"json://{address}", "卡纸", "一句"), Notice("b", CHAT, "nowhere://x", "卡纸", ""))
    assert send(store, settings) == (1, 1)
    told = json.loads(called.calls[0][1])
    assert (told["title"], told["message"]) == ("卡纸", "一句")
    assert [(m.key, m.tries) for m in Outbox(store).unsent()] == [("b", MOST_TRIES)]
