"""This module answers: which numbers of a text are telephones, identity cards, bank cards or companies' tax numbers?

All of them come with gaps, brackets and letters beside them; so do sizes, times, orders and serial numbers. What a
number says of itself decides: a date of birth, a checksum, a prefix, how it is grouped; then what stands around it.
Patterns begin with the digit that is rarest to begin with, which is what makes them quick; what belongs to a number
on its left is looked for afterwards.
"""

import re
from datetime import date

from kb.privacy.shapes import HIDDEN, Shape, Span

# --- what stands around ----------------------------------------------------------------------

_COUNTED = re.compile(
    r"(?:\b(?:bytes|size|offset|pos|position|length|scn|lsn|seq)|(?:mem|memory|used|total|free|dataset|rss|heap)\w*)"
    r"\W{1,3}$",
    re.IGNORECASE,
)
_UNIT = re.compile(r" ?(?:bytes?|[KMGT]?i?B|[mnuμ]s|U?L)(?![A-Za-z])|\s?(?:字节|毫秒|微秒|纳秒)|%|,\d{3}(?!\d)")
_SERIAL = re.compile(
    r"(?:\b(?:S/?N|serial(?: number| no)?|order(?: number| no| id)?|trace(?:[ _]?id)?|span(?:[ _]?id)?|ticket|uuid)"
    r"|序列号|流水号?|订单号?|工单号?|单号|编号|批次号?)[\W_]{0,3}$",
    re.IGNORECASE,
)
"""Names of numbers that no person is known by."""
_WORD = re.compile(r"([A-Za-z]+)[-_.:#]?$")
_CALLS = frozenset("tel phone mobile mob cell m t p h hp mp fax wx vx qq wechat call sms ph".split())
_CODES = frozenset("sn kb pid tid seq order req trace span uuid task job rev build ver v x u e".split())


def _free(text: str, start: int, end: int) -> bool:
    """Whether nothing beside a number says that it is a piece of something longer, a size, or a serial number.

    Words may touch it, tel13812345678 and 13812345678wang, but neither digits nor the capitals of a code.
    """
    before, after = text[max(0, start - 24) : start], text[end : end + 8]
    if re.search(r"\d[-_.:#/=]?$|\\[xu]?$", before) or re.match(r"[-_.]?\d|[-_]?[A-Za-z]+[-_]?\d", after):
        return False
    if re.search(r"[a-f]$", before) and re.match(r"[a-f]", after):
        return False  # hexadecimal
    if (word := _WORD.search(before)) and word[1].lower() not in _CALLS:
        code = word[1].lower() in _CODES or (word[1].isupper() and before[-1] not in ":.")
        if code or re.search(r"[\d_]-?$", before[: word.start()]):
            return False
    return not (_UNIT.match(text, end) or _COUNTED.search(before) or _SERIAL.search(before))


def _in_a_row(text: str, start: int, end: int) -> bool:
    """Whether digits stand beside it with no more than blanks between: columns of a table."""
    return bool(
        re.search(r"\d {1,9}$", text[max(0, start - 10) : start]) or re.match(r" {1,9}\d", text[end : end + 10])
    )


def _groups(value: str) -> tuple[int, ...]:
    return tuple(len(digits) for digits in re.findall(r"\d+", value))


# --- telephones ------------------------------------------------------------------------------

_GAP = r"(?:[ ]?[-./_~][ ]?|[ ]{1,2})"
_COUNTRY = re.compile(r"(?<![\dA-Za-z])\(?(?:\+|00)?86\)?[ .-]{0,2}(?:\(0\)[ ]?)?\(?$")
_TRUNK = re.compile(r"(?<!\d)0$")
_MOBILE = re.compile(
    rf"1(?<![1-57-9]1){_GAP}?[3-9](?:{_GAP}?\d){{9}}(?!\d)"
    rf"|1(?<!\d1)[3-9]\d(?:[)\]][ -]?\d{{4}}[ -]?|[ ]?\(\d{{4}}\)[ ]?)\d{{4}}(?!\d)",
    re.ASCII,
)
_MOBILE_GROUPS = frozenset(
    tuple(map(int, form.split("-")))
    for form in "11 3-4-4 3-8 3-3-5 4-3-4 4-4-3 7-4 5-6 5-3-3 3-5-3 3-4-2-2 3-2-2-2-2 1-1-1-1-1-1-1-1-1-1-1".split()
)


def _mobile(m: re.Match[str]) -> Span | None:
    text, (start, end) = m.string, m.span()
    before = text[max(0, start - 16) : start]
    country = _COUNTRY.search(before)
    trunk = _TRUNK.search(before) if m[0].isdigit() else None
    if country or trunk:
        start -= len(before) - (country or trunk).start()  # type: ignore[union-attr]
    groups = _groups(m[0])
    if groups not in _MOBILE_GROUPS or ("." in m[0] and groups[:2] not in ((3, 4), (1, 1))):
        return None
    if not country and " " in m[0] and _in_a_row(text, start, end):
        return None
    gigabytes = groups == (11,) and int(m[0]) % 2**20 == 0
    return (start, end) if _free(text, start, end) and not gigabytes else None


_HAN = "〇零一二三四五六七八九幺两壹贰叁肆伍陆柒捌玖"
_SPOKEN = re.compile(rf"(?P<value>[一幺壹][- ]?[三-九四五六七八叁肆伍陆柒捌玖](?:[- ]?[{_HAN}]){{9}})(?![{_HAN}])")
"""A mobile number in words: 一三八……"""

_LANDLINE = re.compile(
    rf"0(?<!\d0)(?:10|2\d|[3-9]\d\d)\)?{_GAP}?(?:[1-9]\d{{2,3}}[- .]?\d{{4}})(?!\d)"
    rf"|86(?:[- .]{{1,2}}|\)[- .]?)(?:\(0\)|\(?0?)(?:10|2\d|[3-9]\d\d)\)?{_GAP}?(?:[1-9]\d{{2,3}}[- .]?\d{{4}})(?!\d)",
    re.ASCII,
)
_EXTENSION = re.compile(
    r" ?(?:转|分机号?|ext\.?|x|\#|,|-) ?[:.]? ?\d{1,6}(?!\d)|[/、]\d{7,8}(?![\d.-])| ?\( ?(?:转|分机号?|ext\.?)? ?:?\d{1,6}\)",
    re.IGNORECASE,
)


def _landline(m: re.Match[str]) -> Span | None:
    text, (start, end) = m.string, m.span()
    before = text[max(0, start - 8) : start]
    if lead := (_COUNTRY.search(before) or re.search(r"(?:\+|00|\()$", before)):
        start -= len(before) - lead.start()
    if " " in m[0] and not lead and _in_a_row(text, start, end):
        return None
    if m[0].isdigit() and m[0][3 if m[0][1] in "12" else 4] not in "2345678":
        return None
    if extension := _EXTENSION.match(text, end):
        end = extension.end()
    return (start, end) if _free(text, start, end) else None


_HOTLINE = re.compile(rf"[48](?<!\d[48])00(?:{_GAP}?\d){{7}}(?!\d)", re.ASCII)
_HOTLINE_GROUPS = frozenset(
    tuple(map(int, form.split("-")))
    for form in "10 3-7 3-3-4 3-4-3 3-2-5 3-5-2 4-6 4-3-3 6-4 7-3 5-5 4-4-2 4-2-4".split()
)


def _hotline(m: re.Match[str]) -> Span | None:
    text, (start, end) = m.string, m.span()
    before = text[max(0, start - 8) : start]
    if lead := _COUNTRY.search(before):
        start -= len(before) - lead.start()
    if _groups(m[0]) not in _HOTLINE_GROUPS or m[0].endswith("0000") or "/" in m[0]:
        return None
    if " " in m[0] and _in_a_row(text, start, end):
        return None
    if extension := _EXTENSION.match(text, end):
        end = extension.end()
    return (start, end) if _free(text, start, end) else None


_NAMED_PHONE = re.compile(
    rf"""
    (?: 电话 | 座机 | 固话 | 传真 | 手机 | 热线 | 总机 | 来电 | 致电 | 拨打 | 呼叫 | 联系方式
      | telephone | tel | phone | mobile | cell | fax
      | call(?:ed|ing)? (?:[ ](?:me|us|him|her))? (?:[ ](?:at|on|back))? )
    (?: 号码? | [ ](?:number|no\.?) | \. )? (?:\([^()\n{HIDDEN}]{{0,10}}\))?
    [ "'*|]{{0,3}} (?:[:=是为]|分机)? [ "'*|]{{0,3}}
    (?:{HIDDEN}{{6,30}}[ ]?[、/,;或和&][ ]?){{0,5}}
    (?P<value> [+(]{{0,2}} \d (?:[ ]?[-.()/~]?[ ]?\d){{6,14}} ) (?![\d.]\d)
    """,
    re.VERBOSE | re.ASCII,
)
_DATE = re.compile(r"(?:19|20)\d\d[-./]?[01]?\d[-./]?[0-3]?\d$")


def _named_phone(m: re.Match[str]) -> Span | None:
    """Seven digits at least, fifteen at most; not a day, an address of the network, or a size."""
    value, (start, end) = m["value"], m.span("value")
    if m[0][0].isascii() and re.search(r"[a-z]$", m.string[max(0, m.start() - 1) : m.start()]):
        return None
    if re.fullmatch(r"\d{1,3}(?:\.\d{1,3}){2,3}", value) or _DATE.match(value) or len(set(value)) < 2:
        return None
    if extension := _EXTENSION.match(m.string, end):
        end = extension.end()
    beside = re.match(r"[-_.]?\d|[A-Za-z]+\d|[A-Za-z]*-[A-Za-z]*\d", m.string[end : end + 8])
    return None if beside or _UNIT.match(m.string, end) else (start, end)


_ABROAD = re.compile(
    r"(?P<value>(?:\+(?<![\w.+-]\+)|00(?<![\w.+-]00)(?!0))(?!(?:19|20)\d\d-)[1-9]\d{0,2}"
    r"(?:[ -]?(?:\(\d{1,4}\)|\d{2,4})){2,5})(?![\w-]|\.\d)",
    re.ASCII,
)
"""With any country's code; a line of a difference begins with + and a day, too."""


def _abroad(m: re.Match[str]) -> Span | None:
    """Ten digits at least: shorter rows of numbers are measured ones; fifteen are the most that are dialled."""
    value, (start, end) = m["value"], m.span("value")
    if value.isdigit():
        return None
    return (start, end) if 10 <= sum(map(str.isdigit, value)) <= 15 else None


# --- cards -----------------------------------------------------------------------------------

_PROVINCES = r"(?:1[1-5]|2[1-3]|3[1-7]|4[1-6]|5[0-4]|6[1-5]|71|8[1-3]|91)"
_ID_CARD = re.compile(r"[1-9](?<!\d[1-9])(?:[ .-]?\d){16}[ .-]?(?:\d(?![\dXx])|[Xx](?![Xx]))", re.ASCII)
_ID_WEIGHTS = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)
_ID_NAMED = re.compile(
    r"(?:身份证|证件|居民证)(?:号码?)?\W{0,6}$|(?<![A-Za-z])id(?:[ _-]?(?:card|number|no|num))\W{0,6}$", re.IGNORECASE
)
_OLD_ID_CARD = re.compile(rf"{_PROVINCES}\d{{4}}[ -]?\d{{6}}[ -]?\d{{3}}(?![\dXx])", re.ASCII)


def _born(year: str, month: str, day: str) -> bool:
    try:
        return date(1900, 1, 1) <= date(int(year), int(month), int(day)) <= date.today()
    except ValueError:
        return False


def _id_card(m: re.Match[str]) -> Span | None:
    """The checksum decides where a number has gaps, no day of birth, or stands where serial numbers do."""
    text, (start, end) = m.string, m.span()
    before, digits = text[max(0, start - 16) : start], re.sub(r"[ .-]", "", m[0])
    if re.search(r"\d[ .-]?$", before) or (digits[-1].isdigit() and re.match(r"[.-]\d", text[end : end + 2])):
        return None
    right = digits[-1].upper() == "10X98765432"[sum(map(_times, digits, _ID_WEIGHTS)) % 11]
    born = _born(digits[6:10], digits[10:12], digits[12:14])
    if born and _ID_NAMED.search(before):
        return start, end
    beside = re.search(r"[A-Za-z_/#.-]$", before) or re.match(r"[\w-]", text[end : end + 1], re.ASCII)
    plain = digits == m[0] and not beside and not _SERIAL.search(before)
    return (start, end) if born and (plain or right) else None


def _times(digit: str, weight: int) -> int:
    return int(digit) * weight


def _old_id_card(m: re.Match[str]) -> Span | None:
    """Fifteen digits, without a checksum: a province, a day of birth, and nothing of a longer code beside them."""
    text, (start, end) = m.string, m.span()
    digits = re.sub(r"[ -]", "", m[0])
    born = _born("19" + digits[6:8], digits[8:10], digits[10:12])
    before = text[max(0, start - 16) : start]
    if not born or re.search(r"\d[-.]?$", before):
        return None
    named = _ID_NAMED.search(before)
    beside = re.search(r"[\w.:/#+-]$", before, re.ASCII) or re.match(r"[\w+-]|\.\d", text[end : end + 2], re.ASCII)
    plain = digits == m[0] and not beside and not _SERIAL.search(before)
    return (start, end) if named or plain else None


_BANK_CARD = re.compile(r"[1-9](?<!\d[1-9])\d{3}(?:[ -]?\d){8,18}+(?!\d)", re.ASCII)
_BANK_NAMED = re.compile(
    r"(?:银行|信用|借记|储蓄|工资)?(?:卡号?|账号|帐号|账户|帐户)(?:码|为|是)?\W{0,4}$|(?:行|社|支付宝)\W{0,2}$"
    r"|\b(?:card|account|acct)(?:[ _-]?(?:number|no|num))?\W{0,4}$",
    re.IGNORECASE,
)
_ISSUERS = re.compile(r"(?:62\d{14,17}|4\d{15}|5[1-5]\d{14}|3[47]\d{13}|35\d{14}|60(?:11|13)\d{12,15}|9558\d{12,15})$")


def _bank_card(m: re.Match[str]) -> Span | None:
    """By an issuer's prefix and Luhn's checksum (ISO/IEC 7812), or by its name alone from twelve digits on."""
    text, (start, end) = m.string, m.span()
    before, digits = text[max(0, start - 16) : start], re.sub(r"\D", "", m[0])
    if re.search(r"\d[ -]?$|[A-Za-z_.]$", before) and not _BANK_NAMED.search(before):
        return None
    if len(set(digits)) < 2 or re.match(r"[ -]?\d|[A-Za-z]+\d|\.\d", text[end : end + 8]):
        return None
    if _BANK_NAMED.search(before):
        return start, end
    issued = _ISSUERS.match(digits) and _luhn(digits) and not _SERIAL.search(before) and not _UNIT.match(text, end)
    return (start, end) if issued and set(_groups(m[0])[:-1]) <= {4, 6} else None


def _luhn(digits: str) -> bool:
    doubled = (sum(divmod(2 * int(d), 10)) for d in digits[-2::-2])
    return (sum(map(int, digits[-1::-2])) + sum(doubled)) % 10 == 0


_CREDIT_SIGNS = "0123456789ABCDEFGHJKLMNPQRTUWXY"
_CREDIT_CODE = re.compile(rf"[159ANY][0-9]\d{{6}}[{_CREDIT_SIGNS}]{{10}}(?![0-9A-Za-z])")
_CREDIT_WEIGHTS = tuple(3**i % 31 for i in range(17))
_TAX_NAMED = re.compile(
    r"(?:税号|纳税(?:人|识别)[^\s:]{0,4}号|统一社会信用代码|信用代码|税务登记[证号]*|组织机构代码"
    r"|tax[ _-]?(?:id|number|no|payer id))"
    r"[^\w\n]{0,4}(?P<value>[0-9a-z](?:[ -]?[0-9a-z]){8,19})(?![0-9a-z])"
)


def _credit_code(m: re.Match[str]) -> Span | None:
    """A company's code with its check sign (GB 32100)."""
    if re.search(r"[\w-]$", m.string[max(0, m.start() - 1) : m.start()], re.ASCII):
        return None
    values = [_CREDIT_SIGNS.index(sign) for sign in m[0]]
    total = sum(v * w for v, w in zip(values, _CREDIT_WEIGHTS, strict=False))
    return m.span() if (31 - total % 31) % 31 == values[-1] else None


def _tax_number(m: re.Match[str]) -> Span | None:
    """Nine digits at least: the words behind a name are none."""
    return m.span("value") if sum(map(str.isdigit, m["value"])) >= 9 else None


NUMBERS = (
    Shape("id_card", _ID_CARD, _id_card),
    Shape("tax_number", _TAX_NAMED, _tax_number, lower=True),
    Shape("tax_number", _CREDIT_CODE, _credit_code),
    Shape("id_card", _OLD_ID_CARD, _old_id_card),
    Shape("bank_card", _BANK_CARD, _bank_card),
    Shape("mobile", _MOBILE, _mobile),
    Shape("mobile", _SPOKEN),
    Shape("hotline", _HOTLINE, _hotline),
    Shape("phone", _LANDLINE, _landline),
    Shape("phone", _NAMED_PHONE, _named_phone, lower=True),
    Shape("phone", _ABROAD, _abroad),
)
"""Longer ones first. Numbers that are named come last: a mobile number behind 电话 is a mobile number."""
