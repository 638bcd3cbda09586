"""This module recognises identifiers: error codes, addresses, ports, versions, models, file names.

They are found before words are cut, because a segmenter tears them apart. Every run of ASCII
letters and digits joined by single connectors is one compound; its shape decides its kind.
The canonical form is equal for spelling variants of one thing:

    ORA-01653, ora 1653            -> ora1653
    GigabitEthernet1/0/24, GE1/0/24 -> ge1.0.24
    0x0000011B, 0x11b              -> 0x11b
    00:1A:2B:3C:4D:5E, 001a-2b3c-4d5e -> mac001a2b3c4d5e
    v7.5.0, 7.5.0                  -> 7.5.0
    7.5.0-rc1, 7.5.0rc1            -> 7.5.0rc1
    26-00137-7                     -> 26.137.7, and 26-00137 (a case of ours, known by its check digit)

All functions take folded text (see kb.text.tokens.fold): half width and lower case.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from typing import NamedTuple

from kb.text.check_digits import checks

_COLON = r"(?<=[0-9]):|(?<=\b[0-9a-f]{2}):(?=[0-9a-f]{2}\b)|(?<=\b[0-9a-f]{4}):(?=[0-9a-f]{1,4}\b)"
"""Inside addresses; in "error:0x11b", which may have been written with a full-width one, it ends a word."""
CONNECTING = "._-/\\@#+'"
"""Signs that hold a compound together; a colon does in some places."""
CONNECTOR = rf"(?:::|:[\\/]{{1,2}}|\\\\|{_COLON}|[{re.escape(CONNECTING)}])"
COMPOUND = re.compile(rf"[a-z0-9]+(?:{CONNECTOR}[a-z0-9]+)*(?:\+\+|[#])?")
"""One run of ASCII words and the connectors between them; `c++` and `c#` keep their signs."""

NOISE = re.compile(
    r"""
      (?<![a-z0-9_./-]) (?:
        (?: (?:19|20)\d{2}[-/](?:0?[1-9]|1[0-2])[-/](?:3[01]|[12]\d|0?[1-9])
          | (?:19|20)\d{2}\.(?:0[1-9]|1[0-2])\.(?:3[01]|[12]\d|0[1-9])  # 2021.1.3 is a version
          | (?:0?[1-9]|[12]\d|3[01])/(?:0?[1-9]|[12]\d|3[01])/(?:19|20)\d{2}
        ) (?:[t\s]\s?\d{1,2}:\d{2}(?::\d{2})?(?:[.,]\d+)?)? (?:z|\s?[+-]\d{2}:?\d{2})?
      | \d{1,2}/[a-z]{3}/\d{4}:\d{2}:\d{2}:\d{2} (?:\s[+-]\d{4})?
      | \d{1,2}:\d{2}:\d{2}(?!:[0-9a-f]{2}:)(?:[.,]\d+)?  # 00:50:56:ab:cd:ef is an address
      | [0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}
      | 0x[0-9a-f]{9,}
      | (?=[0-9a-f]*[a-f])(?=[0-9a-f]*[0-9])[0-9a-f]{24,}
      | \d{13,}
      | (?:pid|tid|ppid|thread|threadid|goroutine|traceid|spanid|requestid)[=:\s#-]{1,2}(?=[a-f]*\d)[0-9a-f]+
      ) (?![a-z0-9_]|\.\d)
    """,
    re.VERBOSE,
)
"""Timestamps, UUIDs, addresses in memory, hashes, thread numbers: they differ in every log and
say nothing about the fault, so ranking does not see them. Quoting them still finds them."""

CODE_SUFFIXES = (
    "bat|bin|bmp|c|cab|cer|cfg|class|cmd|conf|config|cnf|cpp|crt|csv|dat|db|dbf|dll|dmp|doc|docx|drv|env|exe|frm|go"
    "|gz|h|hiv|htm|html|ibd|ini|inf|iso|jar|java|jpg|js|json|key|ldf|lnk|lock|log|mdf|md|msi|msu|ndf|ost|ova|p12|pem"
    "|pdf|pfx|php|pid|png|ppt|pptx|properties|ps1|pst|py|qcow2|rar|reg|repo|rpm|rs|service|sh|socket|so|sock|sql|sys"
    "|tar|target|tgz|timer|tmp|toml|txt|vbk|vhd|vhdx|vib|vmdk|vmx|war|whl|xls|xlsx|xml|yaml|yml|zip"
)

PORT_FAMILIES = {
    "ge": ("gigabitethernet", "gigaethernet", "gige", "gig", "gi", "ge", "g"),
    "xge": (
        "ten-gigabitethernet",
        "tengigabitethernet",
        "xgigabitethernet",
        "tengige",
        "ten",
        "te",
        "xge",
        "tge",
        "10ge",
    ),
    "fe": ("fastethernet", "fa", "fe"),
    "100ge": ("hundredgige", "100ge"),
    "40ge": ("fortygige", "40ge"),
    "25ge": ("twenty-fivegige", "25ge"),
    "eth": ("ethernet", "eth"),
}
"""Spellings of interface types by Cisco, Huawei and H3C, each under its shortest name."""

_PORT_NAMES = {spelling: family for family, spellings in PORT_FAMILIES.items() for spelling in spellings}
_PORT = re.compile(rf"({'|'.join(sorted(map(re.escape, _PORT_NAMES), key=len, reverse=True))})(\d+(?:/\d+)+)")
_OCTET = r"(?:25[0-5]|2[0-4]\d|1?\d?\d)"
IPV4 = rf"(?:{_OCTET}\.){{3}}{_OCTET}"
MAC = r"(?:[0-9a-f]{2}[:-]){5}[0-9a-f]{2}|[0-9a-f]{4}(?P<mark>[-.])[0-9a-f]{4}(?P=mark)[0-9a-f]{4}"
_IP = re.compile(rf"({IPV4})(?:/(\d{{1,2}})|:(\d{{1,5}}))?")
_VERSION = re.compile(r"v?(\d+(?:\.\d+)+(?:[-._]?(?:rc|beta|alpha|sp|ga|p|u|r|b)\.?\d*)?)")
_ATOM = re.compile(r"[^\W\d_]+|[0-9]+|[\W_]+")
_SPLIT = re.compile(r"[^a-z0-9]+")
_CAMEL = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|[0-9]+")


class Kind(NamedTuple):
    """A kind of identifier. zh, en: as people read it.

    exact: it is matched whole or not at all. fault: it names a fault by itself. shown: people are told of it where
    their text or an article holds one.
    """

    name: str
    zh: str
    en: str
    exact: bool
    fault: bool
    shown: bool = True


KINDS: tuple[Kind, ...] = (
    Kind("hex", "十六进制码", "hex code", exact=True, fault=True),
    Kind("code", "代码", "code", exact=True, fault=True),
    Kind("constant", "代码", "code", exact=True, fault=True),
    Kind("cve", "漏洞编号", "CVE", exact=True, fault=True),
    Kind("ip", "IP 地址", "IP address", exact=True, fault=False),
    Kind("mac", "MAC 地址", "MAC address", exact=True, fault=False),
    Kind("port", "端口", "port", exact=True, fault=False),
    Kind("version", "版本", "version", exact=True, fault=False),
    Kind("case", "服务单号", "case number", exact=True, fault=False),
    Kind("standard", "标准", "standard", exact=True, fault=False),
    Kind("model", "型号", "model", exact=False, fault=False),
    Kind("file", "文件", "file", exact=False, fault=False),
    Kind("path", "路径", "path", exact=False, fault=False),
    Kind("user", "自定词", "own word", exact=False, fault=False),
)
"""What is known of each kind; which texts are of it, SHAPES tells."""

EXACT_KINDS = frozenset(k.name for k in KINDS if k.exact)
CODE_KINDS = frozenset(k.name for k in KINDS if k.fault)
SHOWN_KINDS = frozenset(k.name for k in KINDS if k.shown)


@dataclass(frozen=True, slots=True)
class Identifier:
    """What one compound is.

    kind: the name of one of KINDS, or "name" for a compound of plain words, "word" for a single one.
    canonical: the form all spelling variants share.
    parts: the pieces it can also be found by, shortest useful form, without the canonical itself.
    """

    kind: str
    canonical: str
    parts: tuple[str, ...]

    @property
    def exact(self) -> bool:
        """True when the thing is matched whole or not at all: PPR-9087 is not PPR-1044."""
        return self.kind in EXACT_KINDS


def _strip_zeros(digits: str) -> str:
    return digits.lstrip("0") or "0"


def _parts(text: str) -> list[str]:
    atoms = [_strip_zeros(a) if a.isdigit() else a for a in _SPLIT.split(text) if a]
    return [a for a in atoms if len(a) > 1 or a.isdigit()]


def squeeze(text: str) -> str:
    """Drop the connectors that writers leave out or vary, keep those between two numbers and the signs of c++, c#.

    node-exporter, node_exporter -> nodeexporter; s5130-28s-ei -> s5130.28sei; ora-01653 -> ora1653
    """
    out: list[str] = []
    for atom in _ATOM.findall(text):
        if atom[0].isdigit():
            out.append(_strip_zeros(atom) if not out or not out[-1].isdigit() else atom)
        elif atom[0].isalpha():
            if out and out[-1] == ".":
                out.pop()
            out.append(atom)
        elif out and out[-1].isdigit():
            out.append(".")
    if out and out[-1] == ".":
        out.pop()
    return "".join(out) + text[len(text.rstrip("+#")) :]


def _hex(m: re.Match[str]) -> tuple[str, list[str]]:
    digits = _strip_zeros(m[0].removeprefix("0x"))
    return "0x" + digits, [digits]


def _ip(m: re.Match[str]) -> tuple[str, list[str]]:
    return m[0], [p for p in m.groups() if p and p != m[0]]


def _mac(m: re.Match[str]) -> tuple[str, list[str]]:
    return "mac" + re.sub(r"[^0-9a-f]", "", m[0]), []


def _port(m: re.Match[str]) -> tuple[str, list[str]]:
    return _PORT_NAMES[m[1]] + m[2].replace("/", "."), []


def _version(m: re.Match[str]) -> tuple[str, list[str]]:
    return re.sub(r"[-._]?([a-z]+)\.?", r"\1", m[1]), []


def _whole(m: re.Match[str]) -> tuple[str, list[str]]:
    return m[0], []


def _case(m: re.Match[str]) -> tuple[str, list[str]]:
    return squeeze(m[0]), [squeeze(m[0][:-2])]


def _plain(m: re.Match[str]) -> tuple[str, list[str]]:
    return squeeze(m[0]), _parts(m[0])


CASE_NUMBER = re.compile(r"\d{2}-\d{5,9}-\d")
"""Year, counter, check digit: one token, and its first two parts; 137 by itself is any number."""

SHAPES: tuple[tuple[str, re.Pattern[str], Callable[[re.Match[str]], tuple[str, list[str]]]], ...] = (
    # The first full match wins.
    ("hex", re.compile(r"0x[0-9a-f]+|c0[0-9a-f]{6}"), _hex),  # Windows' 0xC0000005, also written without 0x
    ("mac", re.compile(MAC), _mac),
    ("ip", _IP, _ip),
    ("port", _PORT, _port),
    ("cve", re.compile(r"cve-\d{4}-\d{4,}"), _plain),
    ("case", CASE_NUMBER, _case),
    ("standard", re.compile(r"802\.\d{1,2}[a-z]{0,2}"), _whole),
    ("version", _VERSION, _version),
    ("file", re.compile(rf"[^/\\]*[a-z0-9]\.(?:{CODE_SUFFIXES})"), _plain),
    ("path", re.compile(r"[^/\\]*(?:[/\\][^/\\]*){2,}|[a-z]:[/\\].*"), _plain),
    ("code", re.compile(r"[a-z]{1,10}-?\d{3,}|[a-z]{2,10}-\d{1,2}|[0-9a-f]+c0[0-9a-f]{6}"), _plain),
    ("code", re.compile(r"[a-z0-9]+(?:-\d{1,2})-[a-z0-9_]+"), _plain),  # %LINK-3-UPDOWN
    ("model", re.compile(r"(?=.*\d)(?=.*[a-z])[a-z0-9]+(?:[-/.][a-z0-9]+)*"), _plain),
)
"""Kind, shape of the folded text, and how its canonical form and parts are made."""


@lru_cache(maxsize=5_000)
def identify(text: str, cased: str = "") -> Identifier:
    """Classify one compound: its folded text, and the same with its letter case for CamelCase parts."""
    if text.isalpha() and (not cased or cased[1:].islower()):
        return Identifier("word", text, ())
    if text.isdigit():
        return Identifier("number", _strip_zeros(text), ())
    if len(cased) > 8 and "_" in cased and cased.isupper():
        return _identifier("constant", squeeze(text), _parts(text))
    for kind, shape, make in SHAPES:
        m = shape.fullmatch(text)
        if m and (shape is not CASE_NUMBER or checks(text)):
            return _identifier(kind, *make(m))
    canonical, parts = squeeze(text), _parts(text)
    for atom in re.split(r"[^A-Za-z0-9]+", cased):
        pieces = _CAMEL.findall(atom)
        if len(pieces) > 1 and not atom.isupper():
            parts += [p.lower() for p in pieces if len(p) > 1]
    return _identifier("word" if text.isalpha() else "name", canonical, parts)


def _identifier(kind: str, canonical: str, parts: list[str]) -> Identifier:
    return Identifier(kind, canonical, tuple(p for p in dict.fromkeys(parts) if p != canonical))
