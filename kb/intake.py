"""This module answers: which text does a dropped file hold? Mails, logs and plain text, however they are encoded."""

import re
import zlib
from collections import Counter
from dataclasses import dataclass
from email import message_from_bytes, policy
from email.errors import MessageError
from email.header import decode_header
from email.message import EmailMessage
from html.parser import HTMLParser

from kb.errors import InputError
from kb.language import say
from kb.search.terms import MAX_TEXT

MAX_BYTES = 10_000_000
"""Of a file as it is sent; mails bring photographs of screens."""
MAX_UNPACKED = 10_000_000
"""Of a .gz file unpacked; what follows is not read."""
MIN_NEW = 30
"""Characters. A reply that says less ("still the same") is read together with the mail it answers."""
MAX_PARTS = 200
"""Parts of a mail that hold parts: the standard library's parser takes the square of their depth in time."""


@dataclass(frozen=True, slots=True)
class Intake:
    """What a file says. text: at most MAX_TEXT characters, line ends "\\n"; of a mail its subject comes first.

    kind: mail, log or text. subject, sender: of a mail, else "". notes: sentences on what was left out.
    attachments: names of those of a mail, read or not.
    """

    text: str
    kind: str
    subject: str = ""
    sender: str = ""
    notes: tuple[str, ...] = ()
    attachments: tuple[str, ...] = ()


def read(name: str, data: bytes) -> Intake:
    """The text of a file. Raises InputError for what is too large or no text."""
    if len(data) > MAX_BYTES:
        raise InputError(
            say(
                "{name} 有 {size:.1f} MB，最多 {most:.0f} MB；请只截取出错前后的一段",
                "{name} has {size:.1f} MB, {most:.0f} MB at most; cut out the part around the fault",
                name=name,
                size=len(data) / 1e6,
                most=MAX_BYTES / 1e6,
            )
        )
    if name.lower().endswith(".eml") or _MAIL_HEAD.match(data):
        return _mail(name, data)
    notes: list[str] = []
    text = _text_of(name, data, notes)
    kind = "log" if _LOG_NAME.search(name) or len(_TIME.findall(text[:5000])) > text[:5000].count("\n") / 2 else "text"
    return Intake(_bounded(text.strip("\n"), notes), kind, notes=tuple(notes))


_MAIL_HEAD = re.compile(rb"(?:From |Return-Path:|Received:|Delivered-To:|X-[\w-]+:|MIME-Version:)[^\n]*\n[\w \t]", re.I)
_LOG_NAME = re.compile(r"\.(?:log|out|err|trc)(?:\.\d+)?(?:\.gz)?$", re.IGNORECASE)
_TEXT_NAME = re.compile(r"\.(?:log|out|err|trc|txt|csv|ini|conf|cfg)(?:\.\d+)?(?:\.gz)?$", re.IGNORECASE)
_TIME = re.compile(r"^\W?.{0,20}\d{1,2}:\d{2}:\d{2}", re.MULTILINE)

# --- text and logs -----------------------------------------------------------------------------

_ESCAPE = re.compile(r"\x1b(?:\[[0-?]*[ -/]*[@-~]|\][^\x07\x1b\n]*(?:\x07|\x1b\\)?|[ -/]*[0-~])?")
_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f]")
_ERROR = re.compile(
    r"error|fail|exception|fatal|panic|critical|denied|refused|time[d ]?-?out|unable|cannot|can't|abort|traceback"
    r"|caused by|warn|错误|失败|异常|拒绝|超时|无法|不能|故障|告警|0x[0-9a-f]{8}|\b[A-Z]{2,6}-\d{4,5}\b",
    re.IGNORECASE,
)
_REPEATS = 3
"""Times a line with the same words and other numbers is told."""


def _text_of(name: str, data: bytes, notes: list[str]) -> str:
    """Raises InputError when the file is no text."""
    if data[:2] == b"\x1f\x8b":
        try:
            unpacker = zlib.decompressobj(wbits=31)
            data = unpacker.decompress(data, MAX_UNPACKED)
        except zlib.error:
            raise InputError(say("{name} 是损坏的 .gz 文件", "{name} is a damaged .gz file", name=name))
        if not unpacker.eof:
            notes.append(say("{name} 没有全部解压", "{name} was not unpacked to its end", name=name))
    if data[:8] == b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" and name.lower().endswith(".msg"):
        raise InputError(
            say(
                "读不了 Outlook 的 .msg 文件；请把邮件另存为 .eml，或者直接复制正文粘贴",
                "Outlook's .msg files can't be read; save the mail as .eml, or copy its text and paste it",
            )
        )
    text = _decoded(data)
    odd = len(_CONTROL.findall(_ESCAPE.sub("", text[:50_000]).replace("\0", "").replace("\r", ""))) + text[
        :50_000
    ].count("\ufffd")
    if odd * 50 > len(text[:50_000]):
        raise InputError(
            say(
                "{name} 不是文本；能读的是邮件（.eml）、日志和纯文本（可以是 .gz）",
                "{name} is no text; mails (.eml), logs and plain text can be read (.gz too)",
                name=name,
            )
        )
    return _cleaned(text)


def _decoded(data: bytes, charset: str = "") -> str:
    """Bytes in the charset named, else UTF-16 or UTF-8 by their mark, else whatever of UTF-8 and GB 18030 fits."""
    if charset:
        try:
            return data.decode("gb18030" if charset.lower() in ("gb2312", "gbk") else charset, "replace")
        except (LookupError, ValueError):
            pass
    if data[:2] in (b"\xff\xfe", b"\xfe\xff"):
        return data.decode("utf-16", "replace")
    readings = [data.decode(encoding, "replace") for encoding in ("utf-8-sig", "gb18030")]
    return min(readings, key=lambda text: text.count("\ufffd"))


def _cleaned(text: str) -> str:
    """Without colours of a terminal and control characters."""
    text = text.replace("\r\n", "\n").replace("\r", "\n").replace("\u2028", "\n")
    return _CONTROL.sub("", _ESCAPE.sub("", text))


def _bounded(text: str, notes: list[str]) -> str:
    """What is telling of a long text: its head, its tail, and the lines around errors."""
    if len(text) <= MAX_TEXT:
        return text
    notes.append(
        say(
            "原文有 {size:,} 个字符，只读了开头、结尾和报错附近的行",
            "of {size:,} characters only the head, the tail and the lines around errors were read",
            size=len(text),
        )
    )
    head, tail = text[: MAX_TEXT // 4], text[-MAX_TEXT // 4 :]
    room = MAX_TEXT - len(head) - len(tail) - 10
    middle = text[len(head) : -len(tail)].split("\n")
    told: list[str] = []
    seen: Counter[str] = Counter()
    last = -1
    for number, line in enumerate(middle):
        if not _ERROR.search(line[:2000]):
            continue
        shape = re.sub(r"\d+", "0", line[:300])
        seen[shape] += 1
        if seen[shape] > _REPEATS:
            continue
        for near in range(max(last + 1, number - 2), min(len(middle), number + 3)):
            piece = middle[near][:2000]
            if len(piece) + 1 > room:
                return "\n".join([head, "…", *told, "…", tail])
            told.append(piece)
            room -= len(piece) + 1
            last = near
    return "\n".join([head, "…", *told, "…", tail])


# --- mails -------------------------------------------------------------------------------------


def _mail(name: str, data: bytes) -> Intake:
    try:
        if len(re.findall(rb"boundary\s*=", data, re.IGNORECASE)) > MAX_PARTS:
            raise RecursionError
        message = message_from_bytes(data, policy=policy.default)
        subject, sender = _header(message, "subject"), _header(message, "from")
        bodies, attachments = _parts(message)
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
    notes: list[str] = []
    text = "\n\n".join(filter(None, (b.strip() for b in bodies)))
    if not _FORWARD.match(subject):
        text = _newest(text, notes)
    for title, content in attachments:
        if _TEXT_NAME.search(title):
            try:
                added = _text_of(title, content, notes)
            except InputError as error:
                notes.append(str(error))
                continue
            text += "\n\n" + say("附件 {name}：", "Attachment {name}:", name=title) + "\n" + added.strip("\n")
    if not text and not subject:
        raise InputError(say("邮件 {name} 里没有文字", "the mail {name} holds no text", name=name))
    unread = [title for title, _ in attachments if not _TEXT_NAME.search(title)]
    if unread:
        notes.append(say("没有读的附件：{names}", "attachments not read: {names}", names=", ".join(unread)))
    text = f"{subject}\n\n{text}".strip()
    names = tuple(title for title, _ in attachments)
    return Intake(_bounded(text, notes), "mail", subject, sender, tuple(notes), names)


_FORWARD = re.compile(r"\s*(?:fwd?|转发|轉寄)\s*[:：]", re.IGNORECASE)
_HISTORY = re.compile(
    r"""^[ >]*(?:
      -{2,}\s?(?:original\ message|原始邮件|原邮件|原始郵件|回复邮件)\s?-{2,}
    | (?:发件人|寄件者|from)\s?[:：][^\n]+\n(?:[^\n]*\n){0,2}?
      [ >]*(?:发送时间|发送日期|日期|时间|sent|date|收件人|to)\s?[:：]
    | on\ [^\n]{5,200}\ wrote:\s*$ | 在\ ?\d{4}[^\n]{5,200}写道[:：]\s*$
    )""",
    re.IGNORECASE | re.MULTILINE | re.VERBOSE,
)
_SIGNATURE = re.compile(r"^-- ?$", re.MULTILINE)


def _newest(text: str, notes: list[str]) -> str:
    """A reply without the mails it answers and without a signature, when it says enough by itself."""
    start = min((m.start() for m in (_HISTORY.search(text), _SIGNATURE.search(text)) if m), default=len(text))
    own = "\n".join(line for line in text[:start].split("\n") if not line.startswith(">")).strip()
    if len(re.sub(r"\s", "", own)) < MIN_NEW or own == text:
        return text
    notes.append(say("引用的旧邮件和签名没有读", "quoted mails and the signature were not read"))
    return own


def _header(message: EmailMessage, name: str) -> str:
    """A header decoded. Some programs write raw bytes, or cut characters in two; both are read."""
    raw = next((str(v) for k, v in message.raw_items() if k.lower() == name), "")
    data = raw.encode("utf-8", "surrogateescape")
    if not data.isascii():
        raw = _decoded(data)
    out = [_decoded(v, c or "") if isinstance(v, bytes) else v for v, c in decode_header(raw)]
    return _cleaned(re.sub(r"\s+", " ", "".join(out))).strip()[:500]


def _parts(message: EmailMessage) -> tuple[list[str], list[tuple[str, bytes]]]:
    """The texts of a mail, and (name, content) of what is attached to it."""
    kind = message.get_content_type()
    if kind.startswith("multipart/") and message.is_multipart():
        read = [_parts(p) for p in message.iter_parts() if isinstance(p, EmailMessage)]
        texts = [t for t, _ in read if any(s.strip() for s in t)]
        attached = [a for _, more in read for a in more]
        if kind == "multipart/alternative":  # the plain text comes first
            return (texts[0] if texts else []), attached
        return [s for t in texts for s in t], attached
    title = _cleaned(message.get_filename() or "")
    if kind == "message/rfc822":
        inner = message.get_payload(0) if message.is_multipart() else None
        subject = _header(inner, "subject") if isinstance(inner, EmailMessage) else ""
        return [], [(title or f"{subject or 'mail'}.eml", b"")]
    payload = message.get_payload(decode=True)
    content = payload if isinstance(payload, bytes) else b""
    if message.get_content_maintype() != "text" or message.get_content_disposition() == "attachment" or title:
        return [], [(title or kind, content)]
    text = _decoded(content, message.get_content_charset() or "")
    return [_cleaned(_html_text(text) if kind == "text/html" else text)], []


class _Html(HTMLParser):
    """Collects what a reader sees; blocks and table rows end lines."""

    BLOCKS = frozenset("p div br tr li ul ol table h1 h2 h3 h4 h5 h6 pre blockquote hr section article".split())
    SILENT = frozenset(("style", "script", "head", "title"))

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.out: list[str] = []
        self.silent = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag in self.SILENT and not self.silent:
            self.silent = tag
        elif tag == "body":
            self.silent = ""
        elif tag in self.BLOCKS:
            self.out.append("\n")
        elif tag in ("td", "th"):
            self.out.append(" ")

    def handle_endtag(self, tag: str) -> None:
        if tag == self.silent:
            self.silent = ""
        elif tag in self.BLOCKS - {"br"}:
            self.out.append("\n")

    def handle_data(self, data: str) -> None:
        if not self.silent:
            self.out.append(re.sub(r"\s+", " ", data))


def _html_text(html: str) -> str:
    parser = _Html()
    parser.feed(html)
    parser.close()
    text = re.sub(r" *\n *", "\n", "".join(parser.out))
    return re.sub(r"\n{3,}", "\n\n", text).strip()
