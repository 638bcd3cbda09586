"""This module answers: what does a mail say, and what of it is new? Broken mails are read as far as they go.

Senders write boundaries without quotes, name encodings that are none of theirs, and put the only text into a part that
has a file's name. What is quoted below an answer is left out; in a mail that answers nothing, every line is its own.
"""

import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from email import message_from_bytes
from email.errors import MessageError
from email.header import decode_header
from email.message import Message
from email.policy import compat32
from email.utils import collapse_rfc2231_value
from itertools import islice

from kb.errors import InputError
from kb.language import say
from kb.text import encodings, hypertext, outlook

MIN_NEW = 30
"""Characters. A reply that says less ("still the same") is read together with the mail it answers."""
MAX_PARTS = 200
"""Of a mail that holds parts: the standard library's parser takes the square of their depth in time."""
MAX_PIECES = 1000
"""Parts of a mail that are read."""
MAX_HEADER = 4000
"""Characters of a header that are read; parameters are looked for in the square of their number."""
MAX_FORWARDED = 3
"""Mails in mails."""
MAX_SUBJECT = 500
MAX_HTML = 2_000_000
"""Characters of HTML that are read: reading them takes two seconds."""


@dataclass
class Mail:
    """What a mail holds. text: what is new in it; notes: sentences on what was read with doubt or left out.

    attachments: (name, content); names: of all of them, those that were read as part of the text too.
    """

    subject: str = ""
    sender: str = ""
    text: str = ""
    notes: list[str] = field(default_factory=list)
    attachments: list[tuple[str, bytes]] = field(default_factory=list)
    names: list[str] = field(default_factory=list)


def read(name: str, data: bytes, least: int = MIN_NEW) -> Mail:
    """A mail in the format that programs save (.eml), or Outlook (.msg). Raises InputError when it can't be read.

    least: characters of a reply that says enough without the mail it answers.
    """
    if outlook.is_outlook(data):
        data = outlook.as_mail(name, data)
    try:
        if len(re.findall(rb"boundary\s*=", data, re.IGNORECASE)) > MAX_PARTS:
            raise RecursionError
        data = _LONG_HEADER.sub(lambda m: m[0][:MAX_HEADER] + b"\n", data.removeprefix(b"\xef\xbb\xbf"))
        message = message_from_bytes(_within_bounds(data.lstrip(b" \t\r\n")), policy=compat32)
        return _read(message, 0, least)
    except (MessageError, RecursionError, ValueError, LookupError, AttributeError, TypeError) as error:
        # The parser of the standard library gives up on some broken mails with errors of its own.
        raise InputError(
            say(
                "读不了邮件 {name}（{why}）；请复制正文粘贴",
                "the mail {name} can't be read ({why}); copy its text and paste it",
                name=name,
                why=type(error).__name__,
            )
        )


def _within_bounds(data: bytes) -> bytes:
    """A mail up to its first MAX_PIECES parts, or recipients that a bounce tells of."""
    for boundary in set(re.findall(rb"boundary\s*=\s*\"?([^\";\s]{1,200})", data, re.IGNORECASE)):
        marks = re.finditer(rb"^--" + re.escape(boundary), data, re.MULTILINE)
        if (last := next(islice(marks, MAX_PIECES, None), None)) is not None:
            data = data[: last.start()]
    report = re.search(rb"message/delivery-status", data, re.IGNORECASE)
    blocks = re.finditer(rb"\n\r?\n", data[report.end() :]) if report else iter(())
    if report and (last := next(islice(blocks, MAX_PIECES, None), None)) is not None:
        data = data[: report.end() + last.start()]
    return data


_LONG_HEADER = re.compile(
    rb"^(?=[^\n]{%d})[!-9;-~]{1,80}:[^\n]*\n|^Content-[\w-]{1,40}:[^\n]*\n(?:[ \t][^\n]*\n){20,}" % MAX_HEADER,
    re.MULTILINE | re.IGNORECASE,
)
"""A header that no program writes: of one long line, or of many."""


def _read(message: Message, depth: int, least: int = MIN_NEW) -> Mail:
    mail = Mail(header(message, "subject"), header(message, "from"))
    parts = _Parts(mail, depth)
    parts.add(message)
    text = "\n\n".join(filter(None, (b.strip() for b in parts.texts())))
    if not _FORWARD.match(mail.subject):
        text = newest(text, mail.notes, answers(message, mail.subject), least)
    mail.text = "\n\n".join(filter(None, (text, *parts.behind)))
    return mail


def header(message: Message, name: str) -> str:
    """A header decoded. Some programs write raw bytes, or cut characters in two; both are read."""
    raw = next((str(v) for k, v in message.raw_items() if k.lower() == name), "")[:MAX_HEADER]
    data = raw.encode("utf-8", "surrogateescape")
    if not data.isascii():
        raw = encodings.read(data)[0]
    try:
        words = decode_header(re.sub(r"[\r\n]+", "", raw))
    except (MessageError, ValueError):
        words = [(raw, None)]
    out: list[str] = []
    held, charset = b"", ""
    for value, name_of in [*words, ("", None)]:
        if isinstance(value, bytes) and name_of and name_of == charset:
            held += value  # a character cut in two
            continue
        if held:
            out.append(encodings.read(held, charset)[0])
        held, charset = b"", ""
        if isinstance(value, bytes) and name_of:
            held, charset = value, name_of
        elif isinstance(value, bytes):
            out.append(encodings.read(value)[0])
        else:
            out.append(value)
    return re.sub(r"[\x00-\x20\x7f]+", " ", "".join(out)).strip()[:MAX_SUBJECT]


# --- parts -------------------------------------------------------------------------------------

_NO_TEXT = frozenset("calendar x-amp-html rtf css javascript x-vcard vcard directory rfc822-headers".split())
"""Kinds of text that are not for a reader."""
_DIAGNOSIS = re.compile(r"(?:action|status|diagnostic-code|remote-mta|x-.*reason)$", re.IGNORECASE)
_EVENT = re.compile(r"^(SUMMARY|LOCATION|DESCRIPTION)(?:;[^:\n]*)?:([^\n]*)$", re.MULTILINE)


@dataclass(frozen=True)
class _Text:
    kind: str
    text: str
    title: str
    attached: bool
    raw: bytes


class _Parts:
    """Takes a mail apart. behind: texts that follow its own: what a bounce tells, forwarded mails."""

    def __init__(self, mail: Mail, depth: int) -> None:
        self._mail, self._depth = mail, depth
        self._found: list[_Text] = []
        self._events: list[str] = []
        self.behind: list[str] = []

    def add(self, part: Message) -> None:
        kind = part.get_content_type()
        if kind == "message/delivery-status":
            self._add_diagnosis(part)
        elif kind in ("message/rfc822", "message/global"):
            self._add_mail(part)
        elif part.is_multipart():
            inner = [p for p in part.get_payload() if isinstance(p, Message)]
            self._add_parts(kind, inner)
        elif kind.startswith("multipart/"):
            self._add_unbounded(part)
        else:
            self._add_leaf(part, kind)

    def texts(self) -> list[str]:
        """The texts of the body: those in the mail itself, else the only one there is, whatever its name."""
        own = [t for t in self._found if not t.attached and not t.title]
        if not any(t.text.strip() for t in own):
            first = next((t for t in self._found if t not in own and t.text.strip()), None)
            own = [first] if first else []
        for text in self._found:
            if text in own and (text.title or text.attached):
                self._mail.names.remove(text.title or f"text/{text.kind}")
            elif text not in own and (text.title or text.attached):
                self._mail.attachments.append((text.title or f"text/{text.kind}", text.raw))
        return [t.text for t in own] or (self._events if not self.behind else [])

    def _add_parts(self, kind: str, parts: list[Message]) -> None:
        if kind == "multipart/report":
            parts = [p for p in parts if p.get_content_type() not in ("message/rfc822", "text/rfc822-headers")]
        if kind != "multipart/alternative":
            for part in parts:
                self.add(part)
            return
        choices = [_Parts(self._mail, self._depth) for _ in parts]
        for choice, part in zip(choices, parts, strict=True):
            choice.add(part)
            self.behind += choice.behind
            self._events += choice._events
        self._found += _best([c._found for c in choices if any(t.text.strip() for t in c._found)])

    def _add_leaf(self, part: Message, kind: str) -> None:
        payload = part.get_payload(decode=True)
        content = payload if isinstance(payload, bytes) else b""
        title, attached = _title(part), (part.get_content_disposition() == "attachment")
        main, _, sub = kind.partition("/")
        if sub == "calendar":
            self._events += _event(encodings.read(content, _charset(part))[0])
        if title.lower().endswith(".eml") and self._depth < MAX_FORWARDED:
            self._forwarded(message_from_bytes(content.lstrip(), policy=compat32), title)
            return
        if main != "text" or sub in _NO_TEXT:
            if main != "text" or title or attached:
                self._attach(title or kind, content)
            return
        declared = _charset(part)
        text, used = encodings.read(content, declared)
        text = text.replace("\r\n", "\n")
        if declared and encodings.known(declared) != used and used not in ("ascii", "utf-8-sig"):
            told = say(
                "声明的编码 {declared} 与内容不符，按 {used} 读取",
                "said to be {declared}, which it is not; read as {used}",
                declared=declared[:40],
                used=used,
            )
            self._mail.notes += [told] if told not in self._mail.notes else []
        if sub == "html" or (sub != "plain" and re.match(r"\s*<(?:!doctype|html)\b", text, re.IGNORECASE)):
            text = hypertext.text(text[:MAX_HTML])
        self._found.append(_Text(sub, text, title, attached, content))
        if title or attached:
            self._mail.names.append(title or kind)

    def _add_diagnosis(self, part: Message) -> None:
        encoded = _encoded(part)
        told = b"Content-Type: message/delivery-status\n\n" + encoded if encoded else b""
        blocks = (message_from_bytes(told, policy=compat32) if told else part).get_payload()
        lines = [
            f"{name}: {' '.join(str(value)[:MAX_HEADER].split())}"
            for block in (blocks if isinstance(blocks, list) else [])[:MAX_PARTS]
            if isinstance(block, Message)
            for name, value in block.items()[:MAX_PARTS]
            if _DIAGNOSIS.match(name)
        ]
        self.behind += ["\n".join(lines)] if lines else []

    def _add_mail(self, part: Message) -> None:
        payload = part.get_payload()
        inner = payload[0] if isinstance(payload, list) and payload else None
        if (encoded := _encoded(part)) is not None:
            inner = message_from_bytes(encoded, policy=compat32)
        if isinstance(inner, Message):
            self._forwarded(inner, _title(part) or f"{header(inner, 'subject') or 'mail'}.eml")

    def _forwarded(self, inner: Message, title: str) -> None:
        if self._depth >= MAX_FORWARDED:
            self._attach(title, b"")
            return
        mail = _read(inner, self._depth + 1)
        self._mail.names.append(title)
        self._mail.names += mail.names
        self._mail.attachments += mail.attachments
        self._mail.notes += [n for n in mail.notes if n not in self._mail.notes]
        told = f"{mail.subject}\n\n{mail.text}".strip()
        self.behind += [say("转发的邮件：", "Forwarded mail:") + "\n" + told] if told else []

    def _add_unbounded(self, part: Message) -> None:
        """Parts whose boundary is not the one that was announced: it is the line before their headers."""
        payload = part.get_payload(decode=True)
        data = payload if isinstance(payload, bytes) else b""
        found = _BOUNDARY.findall(data)
        if self._depth >= MAX_FORWARDED or not found:
            self._found.append(_Text("plain", encodings.read(data)[0], "", False, data))
            return
        mark = Counter(found).most_common(1)[0][0].rstrip()
        pieces = re.split(rb"^" + re.escape(mark) + rb"(?:--)?[ \t]*\r?$", data, flags=re.MULTILINE)[1:]
        messages = [message_from_bytes(p.lstrip(b"\r\n"), policy=compat32) for p in pieces[:MAX_PARTS] if p.strip()]
        inner = _Parts(self._mail, self._depth + 1)
        inner._add_parts(part.get_content_type(), messages)
        self._found += inner._found
        self._events += inner._events
        self.behind += inner.behind

    def _attach(self, title: str, content: bytes) -> None:
        self._mail.attachments.append((title, content))
        self._mail.names.append(title)


_BOUNDARY = re.compile(rb"^(--[^\r\n]{1,200})\r?\n(?=Content-[\w-]+:)", re.MULTILINE | re.IGNORECASE)


def _encoded(part: Message) -> bytes | None:
    """A mail or report within a mail that is encoded as files are, which the standard library does not expect."""
    if str(part.get("content-transfer-encoding", "")).strip().lower() not in ("base64", "quoted-printable"):
        return None
    payload = part.get_payload()
    held = Message()
    held["content-transfer-encoding"] = part["content-transfer-encoding"]
    pieces = payload if isinstance(payload, list) else [payload]
    held.set_payload("\n".join(str(p.get_payload() if isinstance(p, Message) else p) for p in pieces))
    content = held.get_payload(decode=True)
    return content if isinstance(content, bytes) else None


def _title(part: Message) -> str:
    try:
        name = part.get_filename() or ""
    except (ValueError, LookupError, TypeError):
        return ""
    text = collapse_rfc2231_value(name)[:MAX_SUBJECT]
    if "=?" in text:
        holder = Message()
        holder["subject"] = text
        text = header(holder, "subject")
    return re.sub(r"[\x00-\x1f\x7f]+", " ", text).strip()


def _charset(part: Message) -> str:
    try:
        value = part.get_param("charset", "")
    except (ValueError, TypeError):
        return ""
    return collapse_rfc2231_value(value) if isinstance(value, (str, tuple)) else ""


def _event(calendar: str) -> list[str]:
    """What an invitation says, when a mail holds nothing else."""
    unfolded = re.sub(r"\r?\n[ \t]", "", calendar[:MAX_HTML]).replace("\r", "")
    told = [re.sub(r"\\([,;\\])", r"\1", m[2].replace("\\n", "\n")).strip() for m in _EVENT.finditer(unfolded)]
    return ["\n".join(filter(None, told))] if any(told) else []


_STUB = re.compile(
    r"(?:does not|doesn't|cannot|can't|unable to) (?:support|display|view|read).{0,20}html"
    r"|html (?:e-?mail|version|format)"
    r"|不支持.{0,10}html|请.{0,20}(?:浏览器|网页版|html)|無法顯示|无法显示",
    re.IGNORECASE | re.DOTALL,
)


_NO_WORDS = re.compile(r"\[(?:image|cid|图片|圖片|内嵌图片)[^\[\]\n]{0,200}\]|https?://\S+", re.IGNORECASE)
"""What stands in a plain text for a picture, and addresses."""


def _best(choices: list[list[_Text]]) -> list[_Text]:
    """Of the same text in several forms the plain one, unless it is a stub that only says there is another."""
    if not choices:
        return []
    plain = next((c for c in choices if all(t.kind == "plain" for t in c)), None)
    rich = next((c for c in choices if any(t.kind == "html" for t in c)), None)
    if plain is None or rich is None:
        return plain or rich or choices[0]
    short, long = (re.sub(r"\s", "", _NO_WORDS.sub("", "".join(t.text for t in c))) for c in (plain, rich))
    stub = len(short) * 2 < len(long) and (len(short) < 200 or len(short) * 5 < len(long))
    told = len(short) < max(200, len(long)) and _STUB.search(plain[0].text[:500])
    return rich if long and (stub or told) else plain


# --- what is new -------------------------------------------------------------------------------

_FORWARD = re.compile(r"\s*(?:fwd?|fw|转发|轉寄|轉發)\s*[:：]", re.IGNORECASE)
_ANSWER = re.compile(r"\s*(?:re|aw|sv|回复|回覆|答复|答覆|回信)\s*(?:\[\d+\]|\d*)\s*[:：]", re.IGNORECASE)

_EDGE = r"^[ \t>|*_]*"
_NAMES = {
    "from": r"发\s?件\s?人|寄件者|寄件人|發件人|差出人|from|de|von",
    "sent": r"发送时间|发送日期|日\s?期|时\s?间|寄件日期|傳送時間|已傳送|已发送|发件时间|發送時間|時間|送信日時"
    r"|sent|date|gesendet",
    "to": r"收\s?件\s?人|收件者|抄\s?送|副本|宛先|to|cc|an",
    "subject": r"主\s?题|主旨|主題|标题|件名|subject|betreff",
}
_FIELD = {k: rf"[ \t>|*_]*(?:{v})[ \t]*[*_]*[ \t]*(?:[:：]|\|)[^\n]*" for k, v in _NAMES.items()}
_FORWARDED = r"forwarded\ (?:message|e?-?mail)|(?:转发的?|轉寄的?|轉發的?)(?:邮件|郵件|信件)(?:信息)?"
_HISTORY = re.compile(
    rf"""{_EDGE}(?:
      -{{2,}}(?:[ \t]|&nbsp;)*(?:original\ (?:message|e?-?mail)?|(?P<forwarded>{_FORWARDED})
          |(?:原始?|回[复覆]的?|答[复覆]的?)(?:原[始件]?)?(?:邮件|郵件|信件)(?:信息|内容|原文|正文)?
          |邮件原[件文])(?:[ \t]|&nbsp;)*-{{2,}}
    | ={{3,}}[^\n=]{{0,80}}(?:写道|寫道|wrote)[^\n=]{{0,20}}={{3,}}
    | (?:on|at|am|le)\ [^\n]{{5,200}}(?:\n[ \t>]*[^\n]{{0,120}}){{0,2}}\bwrote:?[ \t*]*$
    | (?:在|於|于)?[ ]?(?=\d{{4}}[ ]?[年/.-]|[^\n]{{0,100}}@)[^\n]{{3,200}}(?:\n[ \t>]*[^\n]{{0,120}})?
          (?:写道|寫道|来信)[ \t]*[:：]?[ \t*]*$
    | (?=[^\n]{{0,200}}[<＜(\[]\n?[^\n<>]{{1,80}}@)[^\n]{{1,200}}(?:\n[^\n]{{1,80}}@[^\n]{{1,80}}>[ ]?)?
          (?:[于於在])[ ]?\d{{4}}[^\n]{{3,80}}(?:\n[ \t>]*[^\n]{{0,80}})?(?:写道|寫道)[ \t]*[:：]?[ \t*]*$
    )""",
    re.IGNORECASE | re.MULTILINE | re.VERBOSE,
)
"""Lines that only stand above a quoted mail, as Outlook, NetEase, QQ, Foxmail, WeCom, Gmail and Apple write them."""
_BLOCK = re.compile(
    rf"^{_FIELD['from']}\n(?:(?:{'|'.join(_FIELD.values())}|[ \t>]*)(?:\n|\Z)){{1,8}}", re.IGNORECASE | re.MULTILINE
)
"""The header of a quoted mail: From, then lines like it."""
_SIGNATURE = re.compile(r"^-- ?$", re.MULTILINE)
MAX_SIGNATURE = 15
"""Lines."""


def answers(message: Message, subject: str) -> bool:
    """Whether a mail says that it answers another one."""
    return bool(_ANSWER.match(subject) or message.get("in-reply-to") or message.get("references"))


def newest(text: str, notes: list[str], answering: bool, least: int = MIN_NEW) -> str:
    """A reply without the mails it answers and without a signature, when it says enough by itself."""
    start = min(_histories(text, answering), default=len(text))
    if start == len(text) and not answering:
        return text
    own = text[:start]
    signed = _SIGNATURE.search(own)
    if signed and own.count("\n", signed.start()) <= MAX_SIGNATURE:
        own = own[: signed.start()]
    own = "\n".join(line for line in own.split("\n") if not line.startswith(">")).strip()
    own = re.sub(r"\n[ \t]*[-_=*]{3,}[ \t]*\Z", "", own).strip()
    if len(re.sub(r"\s", "", own)) < least or own == text:
        return text
    notes.append(say("引用的旧邮件和签名没有读", "quoted mails and the signature were not read"))
    return own


def _histories(text: str, answering: bool) -> Iterator[int]:
    """Where a quoted mail may begin. From: and To: alone may be the rule of a firewall, in a mail that answers none."""
    if (m := _HISTORY.search(text)) and (answering or not m["forwarded"]):
        yield m.start()
    passed_on = m is not None and not answering and m["forwarded"]
    for m in () if passed_on else _BLOCK.finditer(text):
        told = {k for k in ("sent", "to", "subject") if re.search(rf"^{_FIELD[k]}", m[0], re.IGNORECASE | re.MULTILINE)}
        if len(told) >= (1 if answering else 2):
            yield m.start()
            return
