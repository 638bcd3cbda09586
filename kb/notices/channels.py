"""This module is the ways by which messages go: mail, a signed call of a program, and chats.

Errors tell no words and no address of a message: they stand in the log and on /health.
"""

import hashlib
import hmac
import json
import logging
import smtplib
import ssl
import time
from collections.abc import Mapping
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import formatdate, parseaddr
from http.client import HTTPException
from importlib.util import find_spec
from typing import Any
from urllib.error import HTTPError
from urllib.request import HTTPRedirectHandler, Request, build_opener

from kb.errors import InputError
from kb.language import say
from kb.notices.outbox import Channel, Undelivered, Waiting
from kb.settings import Settings, is_local, secret_of

MAIL, HOOK, CHAT = "mail", "hook", "chat"
SECONDS = 20
"""That another system may take to answer; shorter than the first pause of the outbox."""
SIGNED_BY, SENT_AT = "X-Guzhi-Signature", "X-Guzhi-Timestamp"


def channels(settings: Settings) -> dict[str, Channel]:
    """The ways that are set up. Raises SettingsError."""
    found: dict[str, Channel] = {}
    if sends_mail(settings):
        found[MAIL] = Mail(settings)
    if settings.webhook_url:
        found[HOOK] = Hook(settings)
    if chats():
        found[CHAT] = Chat()
    return found


def sends_mail(settings: Settings) -> bool:
    """Whether mail can be sent."""
    return bool(settings.mail_host and settings.mail_from)


def chats() -> bool:
    """Whether messages can go to chats: guzhi[notify] is installed."""
    return find_spec("apprise") is not None


# --- mail ------------------------------------------------------------------------------------


class Mail:
    """A server that sends mail. The connection stays from one message to the next."""

    def __init__(self, settings: Settings) -> None:
        self._settings, self._password = settings, secret_of("KB_MAIL_PASSWORD")
        self._server: smtplib.SMTP | None = None

    def send(self, message: Waiting) -> None:
        """Raises Undelivered."""
        letter = composed(message, self._settings.mail_from)
        address = parseaddr(self._settings.mail_from)[1]
        try:
            server = self._connected()
            server.send_message(letter, address, [parseaddr(message.to)[1]])
        except smtplib.SMTPRecipientsRefused as error:
            code = next(iter(error.recipients.values()))[0]
            raise Undelivered(f"SMTP {code}", final=code >= 500)
        except smtplib.SMTPDataError as error:
            raise Undelivered(f"SMTP {error.smtp_code}", final=error.smtp_code >= 500)
        except smtplib.SMTPNotSupportedError:  # an address that this server can't write to
            raise Undelivered("SMTPUTF8", final=True)
        except (smtplib.SMTPException, OSError) as error:
            self.close()
            raise Undelivered(_why(error), away=True)

    def check(self) -> None:
        """Raises Undelivered when the server is away, or does not let us in."""
        try:
            self._connected()
        except (smtplib.SMTPException, OSError) as error:
            raise Undelivered(_why(error), away=True)
        finally:
            self.close()

    def _connected(self) -> smtplib.SMTP:
        if self._server is None:
            self._server = self._open()
        return self._server

    def _open(self) -> smtplib.SMTP:
        chosen = self._settings
        where = (chosen.mail_host, chosen.mail_port)
        if chosen.mail_security == "tls":
            server: smtplib.SMTP = smtplib.SMTP_SSL(*where, timeout=SECONDS, context=ssl.create_default_context())
        else:
            server = smtplib.SMTP(*where, timeout=SECONDS)
        try:
            if chosen.mail_security == "starttls":
                server.starttls(context=ssl.create_default_context())
            if chosen.mail_user:
                if chosen.mail_security == "none" and not is_local(chosen.mail_host):
                    raise smtplib.SMTPException  # a password is not sent over a network as it is
                server.login(chosen.mail_user, self._password)
        except BaseException:
            server.close()
            raise
        return server

    def close(self) -> None:
        server, self._server = self._server, None
        if server is not None:
            try:
                server.quit()
            except (smtplib.SMTPException, OSError):
                server.close()


def _why(error: Exception) -> str:
    """What went wrong on the way to a server, without its words."""
    return f"{type(error).__name__} {getattr(error, 'smtp_code', '')}".strip()


def composed(message: Waiting, sender: str) -> EmailMessage:
    """The mail that a message is. Raises Undelivered when its address or a header is none."""
    letter = EmailMessage(policy=SMTP.clone(cte_type="7bit"))
    host = parseaddr(sender)[1].rpartition("@")[2]
    digest = hashlib.sha256(message.key.encode("utf8", "replace")).hexdigest()[:32]
    # The same message sent once more is the same mail: its receiver's program may see that.
    headers = {"Message-ID": f"<{digest}@{host}>", **message.extra}
    try:
        letter["From"], letter["To"], letter["Subject"] = sender, message.to, message.subject
        letter["Date"] = formatdate(message.at.timestamp(), localtime=True)
        for name, value in headers.items():
            letter[name] = value
        letter.set_content(message.text, charset="utf-8", cte="base64")
    except (ValueError, TypeError, IndexError):  # of the header's parser
        raise Undelivered("address", final=True)
    if [bool(a.username and a.domain) for a in getattr(letter["To"], "addresses", ())] != [True]:
        raise Undelivered("address", final=True)
    return letter


# --- calls -----------------------------------------------------------------------------------


class _NoRedirects(HTTPRedirectHandler):
    """A call goes where it was meant to go, or nowhere."""

    def redirect_request(self, *_: Any, **__: Any) -> None:
        return None


_opener = build_opener(_NoRedirects)


class Hook:
    """One address that gets every notice as JSON, signed: HMAC-SHA-256 of `timestamp.body`, in hexadecimal digits."""

    def __init__(self, settings: Settings) -> None:
        self._url, self._secret = settings.webhook_url, secret_of("KB_WEBHOOK_SECRET")

    def send(self, message: Waiting) -> None:
        """Raises Undelivered."""
        if not self._secret:
            raise Undelivered("KB_WEBHOOK_SECRET", away=True)
        told = {"id": message.key, "at": message.at.isoformat(), **message.extra}
        body = json.dumps({**told, "subject": message.subject, "text": message.text}, ensure_ascii=False).encode()
        moment = str(int(time.time()))  # of this call, so that nobody can send it again much later
        headers = {
            "Content-Type": "application/json; charset=utf-8",
            SENT_AT: moment,
            SIGNED_BY: "sha256=" + signature(self._secret, moment, body),
        }
        sent = Request(self._url, body, headers, method="POST")  # noqa: S310 - a setting, which begins with http
        try:
            _opener.open(sent, timeout=SECONDS).close()
        except HTTPError as error:
            error.close()
            raise Undelivered(f"HTTP {error.code}", final=400 <= error.code < 500 and error.code not in (408, 429))
        except (OSError, HTTPException, ValueError) as error:
            raise Undelivered(type(error).__name__, away=True)

    def close(self) -> None:
        pass


def signature(key: str, moment: str, body: bytes) -> str:
    return hmac.new(key.encode(), moment.encode() + b"." + body, hashlib.sha256).hexdigest()


# --- chats -----------------------------------------------------------------------------------

OWN = "dingtalk feishu lark wecombot pushplus schan wxpusher".split()
"""Chats whose address lies in the hands of their maker: what people choose for themselves leads nowhere else."""


class Chat:
    """Chats, each by an address as apprise writes it: dingtalk://token, wecombot://key, feishu://token."""

    def __init__(self) -> None:
        import apprise

        logging.getLogger("apprise").setLevel(logging.CRITICAL)  # it tells addresses, which hold keys
        self._apprise = apprise

    def send(self, message: Waiting) -> None:
        """Raises Undelivered."""
        target = self._apprise.Apprise()
        if not target.add(message.to):
            raise Undelivered(_scheme(message.to), final=True)
        if not target.notify(title=message.subject, body=message.text):
            raise Undelivered(_scheme(message.to))

    def close(self) -> None:
        pass


def _scheme(url: str) -> str:
    return url.partition("://")[0][:20]


def checked_chat(url: str) -> str:
    """An address of a chat that somebody may choose for himself. Raises InputError."""
    url = url.strip()
    if url and (_scheme(url) not in OWN or len(url) > 500 or not url.isprintable() or " " in url):
        raise InputError(
            say("聊天地址写成 {known} 之一，如 dingtalk://令牌",
                "the address of a chat is one of {known}, such as dingtalk://token",
                known=", ".join(f"{o}://" for o in OWN))
        )  # fmt: skip
    return url


def headers_of_notices() -> Mapping[str, str]:
    """What marks a mail that nobody wrote, so that no program answers it (RFC 3834)."""
    return {"Auto-Submitted": "auto-generated", "X-Auto-Response-Suppress": "All", "Precedence": "bulk"}
