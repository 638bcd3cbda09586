"""This module turns a mail that Outlook saved (.msg) into the format of all other programs (.eml).

Such a file holds properties by number, texts among them as 001F (UTF-16) or 001E (bytes of some encoding), as
[MS-OXMSG] describes. Nothing of it is run; mails in mails and texts that are RTF alone are not read.
"""

import io
import re
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import formataddr
from typing import Any

from kb.errors import InputError
from kb.language import say
from kb.text import encodings

MAGIC = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
MAX_STREAM = 40_000_000
"""Bytes of one property."""
MAX_ATTACHMENTS = 200
MAX_LINE = 1000
_SUBJECT, _HEADERS, _BODY, _HTML = "0037", "007D", "1000", "1013"
_SENDER, _ADDRESS, _SMTP = "0C1A", "0C1F", "5D01"
_FILE, _LONG_FILE, _DATA = "3704", "3707", "3701"


def is_outlook(data: bytes) -> bool:
    """Whether a file is in the container that Outlook's mails are saved in."""
    return data.startswith(MAGIC)


def as_mail(name: str, data: bytes) -> bytes:
    """A .msg as an .eml. Raises InputError for what is no mail of Outlook's, or a damaged one."""
    from olefile import OleFileIO  # type: ignore[import-untyped]

    try:
        with OleFileIO(io.BytesIO(data)) as file:
            if not file.exists("__properties_version1.0"):
                raise ValueError(say("不是邮件", "it is no mail"))
            return _message(file)
    except (OSError, ValueError, IndexError, KeyError, TypeError, RecursionError) as error:
        raise InputError(
            say(
                "读不了 Outlook 邮件 {name}（{why}）；请另存为 .eml，或复制正文粘贴",
                "Outlook's mail {name} can't be read ({why}); save it as .eml, or copy its text and paste it",
                name=name,
                why=" ".join(str(error).split())[:120] or type(error).__name__,
            )
        )


def _message(file: Any) -> bytes:
    message = EmailMessage(policy=SMTP.clone(refold_source="none"))
    message["Subject"] = _line(_text(file, "", _SUBJECT))
    sender = _line(_text(file, "", _SENDER))
    address = _line(_text(file, "", _SMTP) or _text(file, "", _ADDRESS))
    message["From"] = formataddr((sender, address if re.fullmatch(r"[!-~]+@[!-~]+", address) else ""))
    for header in ("In-Reply-To", "References"):  # by them an answer is known
        if m := re.search(rf"^{header}:[ \t]*([^\r\n]{{1,{MAX_LINE}}})", _text(file, "", _HEADERS), re.M | re.I):
            message[header] = _line(m[1])
    body = _text(file, "", _BODY)
    html = _stream(file, f"__substg1.0_{_HTML}0102")
    if body or not html:
        message.set_content(body)
    else:
        message.set_content(encodings.read(html)[0], subtype="html")
    storages = sorted({entry[0] for entry in file.listdir() if entry[0].startswith("__attach_version1.0_")})
    for storage in storages[:MAX_ATTACHMENTS]:
        title = _line(_text(file, storage, _LONG_FILE) or _text(file, storage, _FILE))
        content = _stream(file, f"{storage}/__substg1.0_{_DATA}0102")
        if title and content:
            message.add_attachment(content, maintype="application", subtype="octet-stream", filename=title)
    return message.as_bytes()


def _stream(file: Any, path: str) -> bytes:
    """The bytes of a property, b"" when it is not there. Raises ValueError for one that is too large."""
    if not file.exists(path):
        return b""
    if file.get_size(path) > MAX_STREAM:
        raise ValueError(say("太大", "it is too large"))
    return bytes(file.openstream(path).read())


def _text(file: Any, storage: str, number: str) -> str:
    path = f"{storage}/__substg1.0_{number}".lstrip("/")
    if wide := _stream(file, f"{path}001F"):
        return wide.decode("utf-16-le", "replace").rstrip("\0")
    return encodings.read(_stream(file, f"{path}001E").rstrip(b"\0"))[0]


def _line(text: str) -> str:
    """One line for a header."""
    return " ".join("".join(c if c.isprintable() else " " for c in text).split())[:MAX_LINE]
