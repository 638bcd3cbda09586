"""This module turns bytes into text: what they are decides, and what they are said to be only where they fit it.

Mails and old logs name the wrong encoding, none, or mix several; a wrong guess makes nonsense of every Chinese word.
"""

import codecs
import re
from itertools import pairwise

_ALIASES = {
    **dict.fromkeys(("gb2312", "gbk", "x-gbk", "gb_2312-80", "chinese", "cp936", "hz-gb"), "gb18030"),
    **dict.fromkeys(("big5", "big5-hkscs", "x-big5"), "big5hkscs"),
    **dict.fromkeys(("shift_jis", "sjis", "x-sjis"), "cp932"),
    **dict.fromkeys(("iso-8859-1", "latin1", "iso-8859-15"), "cp1252"),
    "ks_c_5601-1987": "cp949",
}
_DOUBTFUL = frozenset(("ascii", "cp1252", "iso8859-1", "latin_1"))
"""What programs say when they do not know."""
_THREE_BYTES = re.compile(rb"[\xe0-\xef][\x80-\xbf][\x80-\xbf]")
_ACCENTS = re.compile(rb"(?:[\0-\x7f]|[\xc2\xc3\xd0\xd1][\x80-\xbf])*[\xc2-\xdf]?")
"""Western and Cyrillic letters in UTF-8; what two bytes in GBK or Big5 begin so is rare."""
_HIGH_PAIR = re.compile(rb"[\x80-\xff]{2}")
"""Every Chinese encoding writes some; of Western letters one stands alone."""
_PRIVATE = re.compile("[\ue000-\uf8ff]")
"""Characters that mean nothing: of another encoding read as Chinese there are many."""
_COMMON = 0.7
"""Share of characters that everyday Chinese uses; of another encoding read as Chinese it is a half at most."""
_SAMPLE = 2000
_USUAL = re.compile("[\t\n\r -~\u3000-\u303f\u4e00-\u9fff\uff00-\uffef]")


def read(data: bytes, declared: str = "") -> tuple[str, str]:
    """(text, name of its encoding). declared: what the sender called it, or "". What fits nothing has U+FFFD in it."""
    for mark, name in (
        (codecs.BOM_UTF8, "utf-8-sig"),
        (codecs.BOM_UTF16_LE, "utf-16"),
        (codecs.BOM_UTF16_BE, "utf-16"),
    ):
        if data.startswith(mark):
            return data.decode(name, "replace"), name
    if b"\0" in data and (wide := _utf16(data)):
        return data[: len(data) // 2 * 2].decode(wide, "replace"), wide
    name = known(declared)
    if data.isascii() and not name.startswith(("iso2022", "utf-7", "hz")):
        return data.decode("ascii"), name or "ascii"
    if (text := _strictly(data, "utf-8")) is not None and (
        _THREE_BYTES.search(data) or not name or (name in _DOUBTFUL and _ACCENTS.fullmatch(data[:_SAMPLE]))
    ):
        return text, "utf-8"
    if name and name not in _DOUBTFUL and (text := _strictly(data, name)) is not None and not _PRIVATE.search(text):
        meant = _as_chinese(data, "gb18030") if name not in _CHINESE and not _is_written(text, name) else (0.0, "", "")
        return meant[1:] if meant[0] >= _COMMON else (text, name)
    if data.isascii() is False and not _HIGH_PAIR.search(data) and (text := _strictly(data, "cp1252")) is not None:
        return text, "cp1252"
    chinese = max((_as_chinese(data, c) for c in ("gb18030", "big5hkscs")), key=lambda found: found[0])
    if chinese[0] >= _COMMON:
        return chinese[1], chinese[2]
    if (wide := _utf16(data)) and sum(map(_in_gb2312, data[:400].decode(wide, "ignore"))) > len(
        data[:400]
    ) // 2 * _COMMON:
        return data[: len(data) // 2 * 2].decode(wide, "replace"), wide
    for other in ("utf-8", name, "gb18030"):
        if other and (text := _strictly(data, other)) is not None:
            return text, other
    readings = [(data.decode(n, "replace"), n) for n in ("utf-8", "gb18030")]
    return min(readings, key=lambda reading: reading[0].count("\ufffd"))


def read_lines(data: bytes) -> tuple[str, str]:
    """The same for a log, in which several programs wrote: each line in its own encoding where they differ."""
    whole, name = read(data)
    lines = data.split(b"\n")
    several = "\ufffd" in whole or (name == "gb18030" and any(map(_is_utf8, lines)))
    wide = not name.startswith("utf-16") and b"\0" in data and any(map(_wide, lines))
    if not several and not wide:
        return whole, name
    return "\n".join(map(_line, lines)), "mixed"


def _line(line: bytes) -> str:
    if wide := _wide(line):
        return wide
    if line.isascii():
        return line.decode("ascii")
    for name in ("utf-8", "gb18030") if _THREE_BYTES.search(line) else ("gb18030", "utf-8"):
        if (text := _strictly(line, name)) is not None and not _PRIVATE.search(text):
            return text
    rough = line.decode("utf-8", "replace")
    cut = rough.count("\ufffd") <= 3 and _THREE_BYTES.search(line)
    return rough if cut or len(line) >= _SAMPLE else read(line)[0]


def _wide(line: bytes) -> str:
    """A line of UTF-16 within another text, without the half of a line end that is left on it; "" when it is none."""
    if b"\0" not in line:
        return ""
    line = line.removeprefix(codecs.BOM_UTF16_LE).removeprefix(codecs.BOM_UTF16_BE)
    for piece, name in ((line.removeprefix(b"\0"), "utf-16-le"), (line.removesuffix(b"\0"), "utf-16-be")):
        if piece and len(piece) % 2 == 0 and name == _utf16(piece):
            return piece.decode(name, "replace")
    return ""


_CHINESE = frozenset("gb18030 gbk gb2312 big5 big5hkscs hz utf-8 utf-7 utf-16 utf-16-le utf-16-be".split())
_JAPANESE = frozenset("cp932 shift_jis euc_jp iso2022_jp".split())
_HANGUL = re.compile("[\uac00-\ud7a3]")
_KOREAN = 0.9
"""Share of Hangul among its letters that a text in Korean has; of Chinese read as Korean it is a half, as a rule."""
_OWN = 0.75
"""Share of letters that a text in another alphabet has; of Chinese read so it is two thirds."""
_ODD = re.compile(r"[^\W\d_][^\w\s!-~]+[^\W\d_]")
"""A sign within a word."""


def _is_written(text: str, name: str) -> bool:
    """Whether a text reads as people write in that encoding: Korean in Hangul, words of one case in alphabets."""
    if name in _JAPANESE or name.startswith(("iso2022", "hz")):
        return True
    text = text[:_SAMPLE]
    other = [c for c in text if c > "\x7f"]
    letters = sum(c.isalpha() for c in other)
    if name in ("euc_kr", "cp949", "johab"):
        return len(_HANGUL.findall(text)) >= _KOREAN * letters
    odd = sum(a.islower() and b.isupper() for a, b in pairwise(text)) + len(_ODD.findall(text))
    return letters >= _OWN * len(other) and odd <= letters / 10


def known(declared: str) -> str:
    """The codec of a declared encoding as Python calls it, "" for one that nobody knows."""
    name = declared.strip().strip("\"'").lower()
    try:
        return codecs.lookup(_ALIASES.get(name, name)).name if name else ""
    except (LookupError, ValueError):
        return ""


def _is_utf8(line: bytes) -> bool:
    return _THREE_BYTES.search(line) is not None and _strictly(line, "utf-8") is not None


def _strictly(data: bytes, name: str) -> str | None:
    try:
        return data.decode(name)
    except (UnicodeError, LookupError, ValueError):
        return None


def _as_chinese(data: bytes, name: str) -> tuple[float, str, str]:
    """(share of everyday characters, text, encoding); 0 for what it is not, or for too little to tell."""
    text = _strictly(data, name)
    other = [c for c in text[: _SAMPLE * 20] if c > "\x7f"][:_SAMPLE] if text is not None else []
    if text is None or len(other) < 2:
        return 0.0, "", name
    common = sum(map(_everyday[name], other))
    return common / len(other), text, name


def _in_gb2312(char: str) -> bool:
    try:
        return char.encode("gb2312") < b"\xd8"  # the first level of GB 2312, and its signs
    except UnicodeError:
        return False


def _in_big5(char: str) -> bool:
    try:
        return char.encode("big5") < b"\xc9"  # the same of Big5
    except UnicodeError:
        return False


_everyday = {"gb18030": _in_gb2312, "big5hkscs": _in_big5}


def _utf16(data: bytes) -> str:
    """UTF-16 without a mark, told by what its characters would be; "" when it is none."""
    best, share = "", 0.9
    for name in ("utf-16-le", "utf-16-be"):
        text = data[: min(len(data), 8000) // 2 * 2].decode(name, "replace")
        usual = len(_USUAL.findall(text))
        chinese = [c for c in text if "\u4e00" <= c <= "\u9fff"]
        sense = sum(_in_gb2312(c) or _in_big5(c) for c in chinese) >= len(chinese) * _COMMON
        if text and sense and usual / len(text) > share:
            best, share = name, usual / len(text)
    return best
