"""This module answers: which customer data does a text hold, and how is it hidden and brought back?

    find("张工 13912345678")    -> [Found(3, 14, "mobile")]
    mask("张工 13912345678")    -> "张工 〔手机号码1〕", and what stood there, so that unmask() brings it back
    masked("张工 13912345678")  -> "张工 〔手机号码〕", for good

A number that is missed is worse than a code that is hidden: what has the shape counts as customer data unless
something speaks against it, such as a checksum, a unit behind it, or a word that only stands in examples.
"""

import ipaddress
import re
from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from typing import NamedTuple

from kb.identifiers import IPV4, MAC
from kb.labels import LABELS, label
from kb.language import say
from kb.secrets import NAMED, TOKENS, value

KINDS = ("mobile", "id_card", "mail", "phone", "password", "ip", "mac")
DEFAULT_KINDS = KINDS[:5]
"""Addresses of machines are often what a fault is about, so they are hidden only when chosen."""
ARTICLE_KINDS = KINDS[:4]
"""What must not stay in an article. Manuals show passwords as examples; only a reader can judge those."""


class Found(NamedTuple):
    """A piece of customer data: characters start to end of a text, and one of KINDS."""

    start: int
    end: int
    kind: str


class Original(NamedTuple):
    """What a placeholder stands for."""

    placeholder: str
    original: str
    kind: str


@dataclass(frozen=True, slots=True)
class Masked:
    """A text with placeholders, and what each of them stands for, in the order of the text."""

    text: str
    originals: tuple[Original, ...]


def find(text: str, kinds: Collection[str] = DEFAULT_KINDS) -> list[Found]:
    """Every piece of customer data of these kinds, in order; none overlaps another."""
    found: list[Found] = []
    rest = text if text.isascii() else text.translate(_HALF_WIDTH)
    known = -1
    while known < len(found):  # what stood beside a piece may stand free now
        known = len(found)
        for kind, pattern, meant in _PATTERNS:
            hits = [span for m in pattern.finditer(rest) if (span := meant(m))] if kind in kinds else []
            found += [Found(start, end, kind) for start, end in hits]
            rest = _hidden(rest, hits)
    return sorted(found)


def _hidden(text: str, spans: Iterable[tuple[int, int]]) -> str:
    """A text of the same length with these parts, in order, hidden."""
    pieces, position = [], 0
    for start, end in spans:
        pieces += [text[position:start], _HIDDEN * (end - start)]
        position = end
    return "".join((*pieces, text[position:]))


def mask(text: str, kinds: Collection[str] = DEFAULT_KINDS) -> Masked:
    """Put numbered placeholders in place of customer data, the same one for the same data.

    A placeholder that the text holds already is not given again, so that unmask() can tell them apart.
    """
    found = find(text, kinds)
    originals: dict[tuple[str, str], Original] = {}
    numbers = dict.fromkeys(KINDS, 0)
    for start, end, kind in found:
        own = text[start:end]
        while (kind, own) not in originals:
            numbers[kind] += 1
            placeholder = _placeholder(kind, numbers[kind])
            if placeholder not in text:
                originals[kind, own] = Original(placeholder, own, kind)
    names = [originals[kind, text[start:end]].placeholder for start, end, kind in found]
    return Masked(_replaced(text, found, names), tuple(originals.values()))


def unmask(text: str, originals: Sequence[tuple[str, str, str]]) -> str:
    """The text as it was before mask(): each placeholder, wherever it stands now, becomes its original."""
    values = {placeholder: original for placeholder, original, _ in originals}
    if not values:
        return text
    return re.sub("|".join(map(re.escape, values)), lambda m: values[m[0]], text)


def masked(text: str, kinds: Collection[str] = DEFAULT_KINDS) -> str:
    """A text with a note in place of each piece of customer data: 138... -> 〔手机号码〕. There is no way back."""
    found = find(text, kinds)
    return _replaced(text, found, [_placeholder(f.kind) for f in found])


def _placeholder(kind: str, number: int | None = None) -> str:
    name = label("private", kind)
    return say(f"〔{name}〕", f"[{name}]") if number is None else say(f"〔{name}{number}〕", f"[{name} {number}]")


def without_placeholders(text: str) -> str:
    """A masked text with a blank for each placeholder: that a number stood there says nothing of a fault."""
    return _PLACEHOLDER.sub(" ", text)


_NAMES = ["|".join(map(re.escape, names)) for names in zip(*LABELS["private"].values(), strict=True)]
_PLACEHOLDER = re.compile(rf"〔(?:{_NAMES[0]})\d*〕|\[(?:{_NAMES[1]})(?: \d+)?\]")


def _replaced(text: str, found: Sequence[Found], names: Sequence[str]) -> str:
    out: list[str] = []
    position = 0
    for (start, end, _), name in zip(found, names, strict=True):
        out += [text[position:start], name]
        position = end
    return "".join(out) + text[position:]


# --- shapes ----------------------------------------------------------------------------------

_HIDDEN = "〔"
"""Stands in a text for each character already found; to all shapes it is what a placeholder begins with."""

_HALF_WIDTH = {
    full: full - 0xFEE0
    for full in range(0xFF01, 0xFF5F)
    if chr(full - 0xFEE0).isalnum() or chr(full - 0xFEE0) in "@:=+-._()"
}
"""Full-width digits, letters and the signs that hold them together; each stays one character."""

_MOBILE = re.compile(
    r"""
    (?<![A-Za-z\d._-])
    (?P<value> (?:\+?86[- ]?)? 1[3-9]\d{9}
      | (?<!\d[ ]) (?:\+?86[- ]?)? 1[3-9]\d(?P<gap>[- ])\d{4}(?P=gap)\d{4} (?![ ]\d)  # not a row of numbers in a table
    ) (?![A-Za-z\d_-]|\.\d)
    """,
    re.VERBOSE | re.ASCII,
)
_UNIT = re.compile(r"\s?(?:bytes?\b|[KMGT]?i?B\b|[mnuμ]s\b|字节|毫秒|微秒|纳秒)")
_COUNTED = re.compile(r"\b(?:bytes|size|offset|pos|position|length|scn|lsn|seq)\W{1,3}$", re.IGNORECASE)


def _mobile(m: re.Match[str]) -> tuple[int, int] | None:
    """Sizes of memory and files, times and log positions have eleven digits too."""
    counted = _UNIT.match(m.string, m.end()) or _COUNTED.search(m.string[max(0, m.start() - 12) : m.start()])
    gigabytes = m["value"].isdigit() and int(m["value"]) % 2**20 == 0
    return None if counted or gigabytes else m.span("value")


_ID_CARD = re.compile(
    r"(?<![A-Za-z\d])(?P<value>\d{6}(?P<gap>[ -]?)(?P<born>(?:19|20)\d{6})(?P=gap)\d{3}[\dXx])(?![A-Za-z\d])", re.ASCII
)
_ID_WEIGHTS = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)
_SERIAL = re.compile(r"[-._/#]$|(?:\bS/?N|序列号|流水号|订单号?|trace|span|\bid)\W{0,3}$", re.IGNORECASE)


def _id_card(m: re.Match[str]) -> tuple[int, int] | None:
    """The checksum decides where the number has gaps, no date of birth, or stands where serial numbers do."""
    digits = re.sub(r"[ -]", "", m["value"])
    born = m["born"]
    try:
        date(int(born[:4]), int(born[4:6]), int(born[6:]))
        sure = not m["gap"] and not _SERIAL.search(m.string[max(0, m.start() - 10) : m.start()])
    except ValueError:
        sure = False
    remainder = sum(int(d) * w for d, w in zip(digits, _ID_WEIGHTS, strict=False)) % 11
    return m.span("value") if sure or digits[-1].upper() == "10X98765432"[remainder] else None


_MAIL = re.compile(
    r"""
    (?<![\w.+-]) (?P<value> [\w.+-]++ @
    (?! (?:[\w-]+\.)* (?:example\.(?:com|net|org)|example|local|lan|test|invalid|service|socket|timer) (?![\w-]|\.\w) )
    [\w-]+ (?:\.[\w-]+)* \.[A-Za-z]{2,}\b )
    """,
    re.VERBOSE | re.ASCII,
)
"""Addresses at example.com and in .local are nobody's, and systemd's getty@tty1.service is none."""

_PHONE = re.compile(
    r"""
    (?<![\d.-]) (?P<value> (?:\+86[- ]?)? (?: 0\d{2,3}-\d{7,8} | \(0\d{2,3}\)[ -]?\d{7,8} )
      (?:(?:-|[ ]?转[ ]?)\d{1,5})? )
    (?![\d-])
    """,
    re.VERBOSE | re.ASCII,
)
_NAMED_PHONE = re.compile(
    r"(?:电话|座机|传真|手机|\b(?:tel|telephone|phone|fax))号?码?[ \t]{0,3}[:是为]?[ \t]{0,3}"
    r"(?P<value>\(?\d{3,4}[) -]{0,2}\d{4}[ -]?\d{3,4}|\d{4}[ -]?\d{3,4})(?![\d.A-Za-z-])",
    re.ASCII | re.IGNORECASE,
)
_ABROAD = re.compile(
    r"(?<![\w.+-])(?P<value>\+(?!(?:19|20)\d\d-)[1-9]\d{0,2}(?:[ -]?(?:\(\d{1,4}\)|\d{2,4})){2,5})(?![\w-]|\.\d)",
    re.ASCII,
)
"""With any country's code; a line of a difference begins with + and a day, too."""


def _abroad(m: re.Match[str]) -> tuple[int, int] | None:
    """Ten digits at least: shorter rows of numbers are measured ones; fifteen are the most that are dialled."""
    return m.span("value") if 10 <= sum(map(str.isdigit, m["value"])) <= 15 else None


_IP = re.compile(
    rf"(?<![\w.-])(?P<value>{IPV4}(?!\w|\.\d)|(?=[\da-f:]{{0,8}}\d)[\da-f]{{0,4}}(?::[\da-f]{{0,4}}){{2,7}}(?![\w:]|\.\d))",
    re.IGNORECASE | re.ASCII,
)
_VERSIONED = re.compile(
    r"(?:版本号?|固件|补丁|升级[到至]|\b(?:v|ver|version|release|build|firmware))\W{0,3}$", re.IGNORECASE
)


def _address(m: re.Match[str]) -> tuple[int, int] | None:
    """Not a version, a netmask, or the machine itself. Product/1.2.3.4 is a version, host/10.1.2.3 is an address."""
    before = m.string[max(0, m.start() - 12) : m.start()]
    try:
        address = ipaddress.ip_address(m["value"])
    except ValueError:
        return None
    product = re.search(r"[A-Za-z]/$", before) and m["value"][1:2] == "."
    if address.version == 6 and re.fullmatch("..(?::..){7}", m["value"]):
        return None  # a world wide name of a storage network
    nobody = address.is_loopback or address.is_unspecified or m["value"].startswith("255.")
    return None if nobody or product or _VERSIONED.search(before) else m.span("value")


_MAC = re.compile(rf"(?<![\w:.-])(?P<value>(?P<form>{MAC}))(?![\w:-]|\.\w)", re.IGNORECASE | re.ASCII)


def _whole(m: re.Match[str]) -> tuple[int, int] | None:
    return m.span("value")


_PATTERNS: tuple[tuple[str, re.Pattern[str], Callable[[re.Match[str]], tuple[int, int] | None]], ...] = (
    # What is longer comes first: a password may look like a mail address.
    *(("password", pattern, _whole) for pattern in TOKENS),
    *(("password", pattern, value) for pattern in NAMED),
    ("id_card", _ID_CARD, _id_card),
    ("mail", _MAIL, _whole),
    ("mobile", _MOBILE, _mobile),
    ("phone", _PHONE, _whole),
    ("phone", _NAMED_PHONE, _whole),
    ("phone", _ABROAD, _abroad),
    ("mac", _MAC, _whole),
    ("ip", _IP, _address),
)
"""Kind, shape, and which characters of a match are meant, if any."""
