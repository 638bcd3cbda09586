"""This module answers: which text does a dropped file hold? Mails, logs, pages and plain text, however they are
encoded or packed, and screenshots. What was not read is told.
"""

import io
import re
import zipfile
import zlib
from collections.abc import Sequence
from dataclasses import dataclass

from kb.articles import lettering
from kb.errors import InputError
from kb.language import say
from kb.model import MAX_TEXT
from kb.text import encodings, hypertext, mails
from kb.text.excerpt import GAP, excerpt

MAX_BYTES = 12_000_000
"""Of a file as it is sent: logs are rotated at 10 MB, mails bring photographs of screens."""
MAX_UNPACKED = 12_000_000
"""Of a packed file unpacked; what follows is not read."""
MAX_ZIPPED = 5
"""Texts of a .zip that are read."""
MAX_PICTURES = 3
"""Of a mail, that are read."""
MIN_PICTURE = 8_000
"""Bytes of a picture in a mail; smaller ones are logos of a signature."""
MAX_PACKED = 2
"""Times a file was packed: some programs pack what logrotate has packed."""
MAX_MEMBERS = 1000
"""Of a .gz file: each rotation of a log may have become one."""


@dataclass(frozen=True, slots=True)
class Intake:
    """What a file says. text: at most MAX_TEXT characters, line ends "\\n"; of a mail its subject comes first.

    kind: mail, log, text or picture. subject, sender: of a mail, else "". notes: sentences on what was left out.
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
    if name.lower().endswith((".eml", ".msg")) or is_mail(data):
        return _mail(name, data)
    if lettering.is_picture(data):
        return Intake(_shown_by(name, data), "picture", notes=(machine_read(),))
    notes: list[str] = []
    if data.startswith(_ZIP):
        return Intake(_bounded(_zipped(name, data, notes), notes), "log", notes=tuple(notes))
    text = _text_of(name, data, notes)
    kind = "log" if _LOG_NAME.search(name) or len(_TIME.findall(text[:5000])) > text[:5000].count("\n") / 2 else "text"
    return Intake(_bounded(text.strip("\n"), notes), kind, notes=tuple(notes))


def pasted(text: str) -> str:
    """A pasted text as the same text in a dropped file would be read."""
    return understood(cleaned(text))


def is_mail(data: bytes) -> bool:
    """Whether a file begins with the headers of a mail; a line of a log may begin with From or Received:, too."""
    head = re.match(rb"(?:From [^\n]*\n)?((?:[!-9;-~]+:[^\n]*\n(?:[ \t]+[^\n]*\n)*)+)\r?\n", data[:100_000])
    if head is None:
        return False
    names = {m.lower() for m in re.findall(rb"^([!-9;-~]+):", head[1], re.MULTILINE)}
    return len(names & _MAIL_NAMES) >= 3 and bool(names & {b"from", b"subject"})


_MAIL_NAMES = frozenset(
    b"from to subject date message-id mime-version content-type received return-path delivered-to in-reply-to".split()
)
_LOG_NAME = re.compile(r"\.(?:log|out|err|trc)(?:\.\d+)?(?:\.gz)?$", re.IGNORECASE)
_TEXT_NAME = re.compile(
    r"\.(?:log|out|err|trc|txt|csv|tsv|ini|conf|cfg|xml|json|ya?ml|properties|md|sql|reg)(?:\.\d+)?(?:\.gz)?$",
    re.IGNORECASE,
)
_TIME = re.compile(r"^\W?.{0,20}\d{1,2}:\d{2}:\d{2}", re.MULTILINE)

# --- pictures ----------------------------------------------------------------------------------


def machine_read() -> str:
    """What is said beside a text that was read from a picture."""
    return say("字由机器从图里读出，请对照原图改正", "read from the picture by a machine; compare it and correct")


def _shown_by(name: str, data: bytes) -> str:
    """What a screenshot says. Raises InputError."""
    try:
        [text] = lettering.read([data])
    except InputError as error:
        raise InputError(f"{name}{say('：', ': ')}{error}")
    if not text.strip():
        raise InputError(say("{name} 里没有读到字", "no text was found in {name}", name=name))
    return text


# --- text and logs -----------------------------------------------------------------------------

_ESCAPE = re.compile(r"\x1b(?:\[[0-?]*[ -/]*[@-~]|\][^\x07\x1b\n]*(?:\x07|\x1b\\)?|[ -/]*[0-~])?")
_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f]")
_LOST_ESCAPE = re.compile(r"\^\[\[[\d;]{0,20}[mK]|\[(?:\d{1,3}(?:;\d{1,3}){0,6})?m(?!\])")
"""A colour as an editor shows it, or whose first sign went when the text was copied; x[5m] of a query is none."""
_CURSOR = re.compile(rf"\x08+|\x1b\[(\d*)([DGK])|{_ESCAPE.pattern}")
_PAGER = re.compile(
    r"[ \t]*(?:-{1,8}[ \t(]{0,9}more[ \t]*(?:\(?\d+%\)?)?[ \t)]{0,9}-{1,8}[ \t]*(?:\(\d+%\))?|<-{3} more -{3}>"
    r"|\(q\) to quit.*|press any key to continue.*)[ \t]*",
    re.IGNORECASE,
)
MAX_LINE = 100_000
"""Characters of a line in which a cursor is followed."""


def _unpacked(name: str, data: bytes, notes: list[str]) -> bytes:
    """The content of a .gz, of all its members. Raises InputError when the first is none."""
    out: list[bytes] = []
    size = 0
    rest = memoryview(data)
    whole = False
    for _ in range(MAX_MEMBERS):
        unpacker = zlib.decompressobj(wbits=31)
        try:
            while size < MAX_UNPACKED and not unpacker.eof and rest:
                piece, rest = rest[:65_536], rest[65_536:]
                out.append(unpacker.decompress(unpacker.unconsumed_tail + bytes(piece), MAX_UNPACKED - size))
                size += len(out[-1])
        except zlib.error:
            if not size:
                raise InputError(say("{name} 是损坏的 .gz 文件", "{name} is a damaged .gz file", name=name))
            break
        left = len(unpacker.unused_data) + len(rest)
        rest = memoryview(data)[len(data) - left :]
        whole = unpacker.eof and not unpacker.unconsumed_tail
        if not whole or bytes(rest[:2]) != b"\x1f\x8b":
            break
        whole = False
    if not whole:
        notes.append(say("{name} 没有全部解压", "{name} was not unpacked to its end", name=name))
    return b"".join(out)


_ZIP = (b"PK\x03\x04", b"PK\x05\x06")


def _zipped(name: str, data: bytes, notes: list[str]) -> str:
    """The texts of a .zip, a log as a rule. Raises InputError when there is none."""
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as packed:
            members = [i for i in packed.infolist() if not i.is_dir()]
            if any(i.filename == "[Content_Types].xml" for i in members):
                raise InputError(
                    say(
                        "{name} 是 Office 文档：请打开它，复制有关的部分粘贴（表格的行会保留）",
                        "{name} is an Office document: open it and paste the part that matters (rows are kept)",
                        name=name,
                    )
                )
            texts = [i for i in members if _TEXT_NAME.search(i.filename)]
            most = MAX_UNPACKED // max(1, min(len(texts), MAX_ZIPPED))
            told = [_member(packed, i, most, notes) for i in texts[:MAX_ZIPPED]]
    except (zipfile.BadZipFile, zlib.error, OSError, ValueError, NotImplementedError, RuntimeError, EOFError):
        raise InputError(
            say(
                "{name} 打不开：是损坏的，或有密码的 .zip",
                "{name} can't be opened: the .zip is damaged, or has a password",
                name=name,
            )
        )
    if not told:
        raise InputError(say("{name} 里没有日志或文本", "{name} holds neither a log nor a text", name=name))
    unread = [i.filename for i in members if i not in texts[:MAX_ZIPPED]]
    if unread:
        notes.append(say("{name} 里没有读的：{names}", "not read of {name}: {names}", name=name, names=_listed(unread)))
    if len(told) == 1:
        return told[0][1]
    return "\n\n".join(say("文件 {name}：", "File {name}:", name=title) + f"\n{text}" for title, text in told)


def _member(packed: zipfile.ZipFile, member: zipfile.ZipInfo, most: int, notes: list[str]) -> tuple[str, str]:
    """(name, text) of a file in a .zip, at most so many bytes of it."""
    with packed.open(member) as file:
        content = file.read(most + 1)
    if len(content) > most:
        notes.append(
            say(
                "{name} 只读了前 {n} MB",
                "only the first {n} MB of {name} were read",
                name=member.filename,
                n=round(most / 1e6, 1),
            )
        )
    return member.filename, _text_of(member.filename, content[:most], notes).strip("\n")


_LISTED = 8


def _listed(names: Sequence[str]) -> str:
    """Names of what was not read; of many the first."""
    more = say(" 等 {n} 个", " and others, {n} in all", n=len(names)) if len(names) > _LISTED else ""
    return say("、", ", ").join(names[:_LISTED]) + more


def _text_of(name: str, data: bytes, notes: list[str]) -> str:
    """Raises InputError when the file is no text."""
    for _ in range(MAX_PACKED):
        if data[:2] == b"\x1f\x8b":
            data = _unpacked(name, data, notes)
    text, encoding = encodings.read_lines(data)
    if encoding == "mixed":
        notes.append(say("{name} 里有不同编码的行，逐行读取", "{name} has lines of different encodings", name=name))
    if re.search(r"\.html?$", name, re.IGNORECASE) or re.match(r"\s*<(?:!doctype\s+html|html)\b", text, re.IGNORECASE):
        text = hypertext.text(text[: mails.MAX_HTML])
    if len(_ODD.findall(text[:50_000])) > max(MAX_ODD, len(text[:50_000]) // 50):
        raise InputError(
            say(
                "{name} 不是文本；能读的是邮件（.eml、.msg）、日志、网页和纯文本（可以是 .gz、.zip）、截图",
                "{name} is no text; mails (.eml, .msg), logs, pages, text (.gz, .zip too) and pictures can be read",
                name=name,
            )
        )
    return understood(cleaned(text))


MAX_ODD = 3
"""Signs in a short text that no text holds: where it was cut, or what a program sends to a printer."""
_ODD = re.compile("[\x01-\x06\x0e-\x1a\x1c-\x1f\x7f-\x9f\ufffd]")
"""What no terminal writes, and what no encoding explains."""


_LINE_ENDS = {0x85: "\n", 0x2028: "\n", 0x2029: "\n", 0x9B: "\x1b["}
"""What other systems end lines with; the one sign that begins a colour."""


def cleaned(text: str) -> str:
    """A text as a terminal would show it: without colours and control characters, and without what was wiped.

    Pagers write their mark, go back over it and write the next line in its place.
    """
    text = re.sub(r"\r+\n?", lambda m: "\n" if m[0][-1] == "\n" else "\n" * len(m[0]), text).translate(_LINE_ENDS)
    if "\x08" in text or "\x1b[" in text:
        text = "\n".join(map(_shown, text.split("\n")))
    text = _CONTROL.sub("", _ESCAPE.sub("", text))
    if "[0m" in text or "[m" in text:
        text = _LOST_ESCAPE.sub("", text)
    if re.search("ore|quit|any key", text, re.IGNORECASE):
        text = "\n".join(line for line in text.split("\n") if not _PAGER.fullmatch(line))
    return text


def _shown(line: str) -> str:
    """A line after its cursor went back and forth."""
    if "\x08" not in line and not re.search(r"\x1b\[\d*[DGK]", line):
        return line
    cells: list[str] = []
    at = position = 0
    for m in _CURSOR.finditer(line[:MAX_LINE]):
        written = line[position : m.start()]
        cells[at : at + len(written)] = written
        at += len(written)
        position = m.end()
        count = int(m[1]) if m[1] and len(m[1]) < 6 else 1
        if m[0][0] == "\x08":
            at = max(0, at - len(m[0]))
        elif m[2] == "D":
            at = max(0, at - count)
        elif m[2] == "G":
            at = min(count - 1, len(cells))
        elif m[2] == "K" and m[1] in ("", "0"):
            del cells[at:]
        elif m[2] == "K":
            cells[:at] = " " * at
    written = line[position:]
    cells[at : at + len(written)] = written
    return "".join(cells).rstrip()


# --- event logs --------------------------------------------------------------------------------

_VALUE = re.compile(r"<(?P<name>[A-Za-z]\w*)(?P<attributes>[^<>]*?)(?:/>|>(?P<text>[^<]*)</(?P=name)>)")
_LEVELS = {"1": ("关键", "Critical"), "2": ("错误", "Error"), "3": ("警告", "Warning"), "4": ("信息", "Information")}


def understood(text: str) -> str:
    """A text as people write it: events of Windows, which are saved as XML, in the words of the event viewer."""
    if "<Event" not in text or "schemas.microsoft.com/win/2004/08/events" not in text:
        return text
    out: list[str] = []
    first, *events = re.split(r"<Event(?=[ >])", text)
    for event in events:
        inside, end, behind = event.partition("</Event>")
        told = _event(inside) if end else ""
        out += [told, behind] if told else ["<Event", event]
    return first + "".join(out)


def _event(xml: str) -> str:
    values: dict[str, str] = {}
    data: list[str] = []
    own = xml.find("<UserData")
    for m in _VALUE.finditer(xml[:MAX_LINE]):
        given = hypertext.Piece("open", "", 0, m["name"], m["attributes"]).values()
        told = hypertext.text(m["text"] or "")
        if m["name"] in ("Data", "Binary", "Message"):
            data.append(f"{given['name']}: {told}" if given.get("name") else told)
        elif 0 <= own < m.start() and told:
            data.append(f"{m['name']}: {told}")
        else:
            values.setdefault(m["name"], given.get("name") or given.get("systemtime") or told)
    level = _LEVELS.get(values.get("Level", ""))
    lines = [
        f"{say(zh, en)}: {value}"
        for zh, en, value in (
            ("日志名称", "Log Name", values.get("Channel")),
            ("来源", "Source", values.get("Provider")),
            ("事件 ID", "Event ID", values.get("EventID")),
            ("级别", "Level", say(*level) if level else ""),
            ("时间", "Date", values.get("TimeCreated")),
        )
        if value
    ]
    return "\n".join([*lines, *filter(None, data)])


def _bounded(text: str, notes: list[str]) -> str:
    """What is telling of a long text."""
    told = excerpt(text)
    if len(text) > MAX_TEXT:
        notes.append(_left_out(text, told))
    return told


def _left_out(text: str, told: str) -> str:
    """Which lines of a long text were read."""
    head, *middle, tail = (piece.count("\n") + 1 for piece in told.split(f"\n{GAP}\n"))
    lines = text.count("\n") + 1
    if head + tail >= lines:  # lines that are longer than all that is read
        return say(
            "原文有 {size:,} 个字符，只读了开头、结尾，以及中间有报错、代码或与众不同的部分",
            "of {size:,} characters only head, tail, and parts with errors, codes or of rare kinds were read",
            size=len(text),
        )
    return say(
        "原文有 {lines:,} 行，读了第 1–{head:,} 行、第 {tail:,} 行以后，以及其间有报错、代码或与众不同的 {middle:,} 行"
        "（缺处标 …），其余没有读",
        "of {lines:,} lines 1–{head:,}, {tail:,} to the end, and {middle:,} between them with errors, codes or of rare "
        "kinds were read (gaps are marked …), the others were not",
        lines=lines,
        head=head,
        tail=lines - tail + 1,
        middle=sum(middle),
    )


# --- mails -------------------------------------------------------------------------------------


def _mail(name: str, data: bytes) -> Intake:
    mail = mails.read(name, data)
    notes = mail.notes
    text = understood(cleaned(mail.text)).strip()
    unread = []
    shown = [(title, content) for title, content in mail.attachments if _is_screenshot(content)][:MAX_PICTURES]
    for title, content in mail.attachments:
        if (title, content) in shown:
            continue
        if not _TEXT_NAME.search(title):
            unread.append(title)
            continue
        try:
            added = _text_of(title, content, notes)
        except InputError as error:
            notes.append(str(error))
            continue
        text += "\n\n" + say("附件 {name}：", "Attachment {name}:", name=title) + "\n" + added.strip("\n")
    text += _pictures(shown, notes, unread)
    if not text and not mail.subject:
        raise InputError(say("邮件 {name} 里没有文字", "the mail {name} holds no text", name=name))
    if unread:
        notes.append(say("没有读的附件：{names}", "attachments not read: {names}", names=_listed(unread)))
    text = f"{mail.subject}\n\n{text}".strip()
    return Intake(_bounded(text, notes), "mail", mail.subject, mail.sender, tuple(notes), tuple(mail.names))


def _is_screenshot(content: bytes) -> bool:
    return len(content) >= MIN_PICTURE and lettering.is_picture(content)


def _pictures(shown: Sequence[tuple[str, bytes]], notes: list[str], unread: list[str]) -> str:
    """What the pictures of a mail say. Those that can't be read are told, and added to what was not read."""
    if not shown:
        return ""
    try:
        texts = lettering.read([content for _, content in shown])
    except InputError as error:
        notes.append(str(error))
        unread += [title for title, _ in shown]
        return ""
    said = [(title, text) for (title, _), text in zip(shown, texts, strict=True) if text.strip()]
    if said:
        notes.append(machine_read())
    return "".join("\n\n" + say("图片 {name}：", "Picture {name}:", name=title) + "\n" + text for title, text in said)
