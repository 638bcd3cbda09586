"""Mails for tests, as programs of senders write them."""

from base64 import b64encode
from collections.abc import Callable
from email.message import EmailMessage
from email.policy import SMTP
from pathlib import Path
from quopri import encodestring
from typing import Any

import yaml

REPLIES: list[dict[str, Any]] = yaml.safe_load((Path(__file__).parent / "replies.yml").read_text("utf8"))
WANG = "王工 <wang@x.example>"


def mail(text: str, subject: str = "打印机卡纸", sender: str = WANG, name: str = "", **headers: str) -> bytes:
    """A mail; headers: with _ for -. name: the left part of its Message-ID, by default of its words."""
    message = EmailMessage(policy=SMTP)
    message["From"], message["To"], message["Subject"] = sender, "help@desk.example", subject
    message["Message-ID"] = f"<{name or abs(hash((text, subject, sender)))}@x.example>"
    for key, value in headers.items():
        message[key.replace("_", "-")] = value
    message.set_content(text)
    return message.as_bytes()


def with_file(data: bytes, name: str, content: bytes) -> bytes:
    from email import message_from_bytes
    from email.policy import default

    message = message_from_bytes(data, policy=default)
    assert isinstance(message, EmailMessage)
    message.add_attachment(content, maintype="application", subtype="octet-stream", filename=name)
    return message.as_bytes()


def reply(told: dict[str, Any], number: str, message_id: str, sender: str = WANG) -> bytes:
    """One of REPLIES, to a mail of a case."""
    known = {"number": number, "id": message_id}
    charset, body = told["charset"], told["text"].format(**known).encode(told["charset"])
    ways: dict[str, Callable[[bytes], bytes]] = {"base64": b64encode, "quoted-printable": encodestring, "8bit": bytes}
    encoded = ways[told["encoding"]](body)
    raw = told["subject"].format(**known).encode(charset)
    pieces = [raw[i : i + 5] for i in range(0, len(raw), 5)]
    words = "\r\n ".join(f"=?{charset}?B?{b64encode(piece).decode()}?=" for piece in pieces)
    headers = {
        "From": sender,
        "Subject": words,
        "Message-ID": f"<{told['name']}@x.example>",
        **{name: value.format(**known) for name, value in told["headers"].items()},
        "MIME-Version": "1.0",
        "Content-Type": f'text/plain; charset="{charset}"',
        "Content-Transfer-Encoding": told["encoding"],
    }
    head = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
    return head.encode() + b"\r\n" + encoded
