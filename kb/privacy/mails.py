"""This module answers: which mail addresses does a text hold, also those written so that machines miss them?

    zhang@corp.com    zhang (at) corp [dot] com    zhang @ corp . com    邮箱 zhang#corp.com

A pattern begins with the sign in the middle, which is rare; the name is looked for on its left.
"""

import re

from kb.privacy.shapes import Shape, Span

_TOP = (
    "com|net|org|edu|gov|mil|int|info|biz|name|pro|app|dev|tech|cloud|online|site|top|xyz|vip|shop|club|ltd|ink|group"
    "|work|wang|email|mail|mobi|asia|tel|store|press|live|win|fun|link|space|website|wiki|team|world|company|center"
    "|solutions|systems|support|network|digital|media|art|law|fit|cool|run|plus|zone|[a-z]{2}"
)
"""Top-level domains that people have addresses in; a call in a program ends in other words."""
_END = r"(?![A-Za-z-])"
_LABEL = r"[A-Za-z0-9](?:[A-Za-z0-9_-]{0,61}[A-Za-z0-9])?"
_DOMAIN = (
    rf"(?:{_LABEL}\.){{1,8}}(?i:{_TOP}){_END}|[\w-]{{1,20}}\.(?:(?:com|cn)\.)?(?:com|cn|公司|中国|网络|集团){_END}"
)
_OPEN, _CLOSE = r"[(\[{<【「][ ]?", r"[ ]?[)\]}>】」]"
_WORD_DOT = rf"(?:[ ]?{_OPEN}(?:(?i:dot)|点|\.){_CLOSE}[ ]?|[ ](?i:dot)[ ]|_(?i:dot)_|-(?i:dot)-|点|。)"
_WORDED = rf"{_LABEL}(?:(?:{_WORD_DOT}|\.){_LABEL}){{0,6}}{_WORD_DOT}(?i:{_TOP}){_END}"
_SPACED = rf"{_LABEL}(?:[ ]?\.[ ]?{_LABEL}){{0,4}}[ ]?\.[ ]?(?:com|cn|net|org){_END}"
_ANY = rf"(?:{_WORDED}|{_DOMAIN}|{_SPACED})"
_MAIL = re.compile(rf"@ ?(?P<domain>{_ANY})")
_SIGNED = re.compile(
    rf"(?:{_OPEN}(?:(?i:at)|a|艾特|@){_CLOSE}|艾特|%40|&#64;|\\u0040)[ ]?(?P<domain>{_ANY})"
    rf"|(?: (?i:at) |_(?i:at)_|-(?i:at)-)(?P<worded>{_WORDED})"
)
_NAMED = re.compile(rf"(?:#| (?i:at) |\*|&)(?P<domain>{_DOMAIN})")
_MAIL_BEFORE = re.compile(r"(?:邮箱|邮件|邮址|(?<![A-Za-z])e?-?mail)(?:地址|address)?[^\n@]{0,40}$", re.IGNORECASE)
_REPLACED = re.compile(r"[^\n]{0,12}(?:换成?|改成?|替换|replace)[^\n]{0,8}@")
_LOCAL = re.compile(r"(?:[A-Za-z0-9_.+-]{1,128}|\"[^\"\n@]{1,64}\"|[\u4e00-\u9fff]{1,4})\\?[ ]?$")
_NOBODY = re.compile(
    r"(?:.*\.)?(?:example(?:\.(?:com|net|org|edu|cn))?|local|localhost|lan|test|invalid|contoso\.[a-z]+|fabrikam\.[a-z]+"
    r"|adatum\.com|tailspintoys\.[a-z]+|northwindtraders\.com|wingtiptoys\.com|woodgrovebank\.com|litware(?:inc)?\.com"
    r"|acme\.(?:com|org)|domain\.[a-z]+|(?:your|my)-?(?:domain|company|corp)\.[a-z.]+|(?:test|foo|bar|org\d?|x+|y+)\.[a-z.]+"
    r"|apache\.org|kernel\.org|gnu\.org|example\.[a-z]{2,5})",
    re.IGNORECASE,
)
"""Domains of examples (RFC 2606 and those of well-known manuals), of one's own network, and public mailing lists."""
_NO_NAME = re.compile(r"git|x{2,}|your.*|user_?name|someone|java\.[a-z.]+|.*\.(?:lang|util)\..*", re.IGNORECASE)


def _mail(m: re.Match[str]) -> Span | None:
    """Not the login of a program's address (scheme://name:password@host), and nobody's address of an example."""
    domain = m["domain"] or m["worded"]
    before = m.string[max(0, m.start() - 130) : m.start()]
    local = _LOCAL.search(before)
    if local is None or re.search(r"://[^\s/]*$", before) or _NO_NAME.fullmatch(local[0].strip(" \\")):
        return None
    if _NOBODY.fullmatch(domain):
        return None
    return m.start() - len(local[0]), m.end()


def _named_mail(m: re.Match[str]) -> Span | None:
    """With another sign, where a word before it, or how to write it behind it, says that it is one."""
    before, after = m.string[max(0, m.start() - 80) : m.start()], m.string[m.end() : m.end() + 24]
    return _mail(m) if _MAIL_BEFORE.search(before) or _REPLACED.match(after) else None


MAILS = (Shape("mail", _MAIL, _mail), Shape("mail", _SIGNED, _mail), Shape("mail", _NAMED, _named_mail))
