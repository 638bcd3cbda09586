"""This module fetches mail by IMAP: each message that nobody read is taken, and only then marked as read."""

from collections.abc import Callable
from contextlib import suppress
from imaplib import IMAP4
from typing import Any

from kb.errors import InputError
from kb.language import say
from kb.service.incoming import MAX_BYTES
from kb.settings import Settings, secret_of

SECONDS = 30
"""That a mail server may take to answer."""
MOST = 500
"""Messages of one run; the others are of the next."""

Take = Callable[[bytes], object]


def check(settings: Settings) -> None:
    """Raises InputError when the server is away, or does not let us in."""
    fetch(settings, lambda message: None, most=0)


def fetch(settings: Settings, take: Take, most: int = MOST) -> int:
    """Take the unread messages of the folder, oldest first; how many. take: keeps a message, or raises.

    Raises InputError when the server is away, or refuses; StoreError of take.
    """
    from imap_tools import BaseMailBox, MailBox, MailBoxStartTls, MailBoxUnencrypted, MailMessageFlags
    from imap_tools.errors import ImapToolsError

    if not settings.imap_host:
        raise InputError(
            say("没有设置收信服务器：imap_host、imap_user，密码在 KB_IMAP_PASSWORD",
                "no server of mail is set: imap_host, imap_user, and the password in KB_IMAP_PASSWORD")
        )  # fmt: skip
    boxes: dict[str, type[BaseMailBox]] = {"tls": MailBox, "starttls": MailBoxStartTls, "none": MailBoxUnencrypted}
    kind: Any = boxes[settings.imap_security]
    try:
        box = kind(settings.imap_host, settings.imap_port, timeout=SECONDS)
        try:
            box.login(settings.imap_user, secret_of("KB_IMAP_PASSWORD"), settings.imap_folder)
            unread = box.uids("UNSEEN")[:most]
            for uid in unread:
                take(_message(box, uid))
                box.flag(uid, MailMessageFlags.SEEN, True)
            return len(unread)
        finally:
            with suppress(ImapToolsError, OSError, IMAP4.error):  # what went wrong was told already
                box.logout()
    except (ImapToolsError, OSError, IMAP4.error) as error:
        raise InputError(
            say("收信服务器 {host}：{why}", "the mail server {host}: {why}",
                host=settings.imap_host, why=type(error).__name__)
        )  # fmt: skip


def _message(box: Any, uid: str) -> bytes:
    """A message as it is, at most MAX_BYTES of it; it is not marked as read by this."""
    _, found = box.client.uid("FETCH", uid, f"(BODY.PEEK[]<0.{MAX_BYTES}>)")
    return next((bytes(part[1]) for part in found if isinstance(part, tuple)), b"")
