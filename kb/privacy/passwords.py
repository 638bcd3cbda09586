"""This module answers: what is called a password, and where does it stand? The value, never its name.

A name and a value are joined in many ways: 密码：X, 密码 X, password is X, a line of its own, a cell of a table, an
option of a command. Where no more than a blank stands between them, only what nobody writes in a sentence is a value.
All patterns are for lower case, and begin with letters: what must stand before a name is looked at afterwards.
"""

import re

from kb.privacy.shapes import HIDDEN, Shape, Span
from kb.privacy.values import BARE, VALUE, is_number, is_strong, value

# --- names and what joins a value to them ---------------------------------------------------------

_ZH = r"(?:密\ {0,4}[码碼]|口令|[密秘][钥鑰]|账密|提取码|pin[ ]?码|验证码|校验码|授权码|解压码|通行码|团体[名字]|共同体名?)"
_NAME = re.compile(
    rf"(?P<zh>{_ZH})|(?P<en>passw(?:or)?d|pass-?phrase|passcode|pass|pwd|psk|pw|mima|requirepass|masterauth|token|secret"
    r"|string|community|auth|key)"
)
_BEFORE = {
    "passwd": re.compile(r"(?<!no)$"),
    "pass": re.compile(r"(?:[^a-z]|^|store|key|db|user|root|admin|ftp)$"),
    **dict.fromkeys(("psk", "pw", "mima", "token", "community", "auth"), re.compile(r"(?<![a-z])$")),
    "string": re.compile(r"(?:community|auth)[ _-]$"),
    "key": re.compile(
        r"(?:api|access|account|app|auth|authentication|client|encryption|private|pre-?shared|secret|shared|sign|signing)"
        r"[ _-]?$"
    ),
}
"""What must stand before a name that is a piece of other words, too."""
_LEAST = re.compile(r"[密秘][钥鑰]|授权码|key|token|secret|auth")
"""Names that keys of a registry, of a list, of a licence have, too: their value has to look like a secret as well."""
_OPTION = re.compile(r"(?<![\w-])--?[\w-]{0,30}$")


def _joined(joint: str, caught: str = VALUE) -> re.Pattern[str]:
    return re.compile(joint + caught, re.VERBOSE)


_STORED = r"(?:\d|cipher|simple|plain|irreversible-cipher|hash|sha256|enc)"
"""How the configuration of a switch says that a password follows."""
_CELL = r"</t[dh]>\s{0,3}<t[dh][^>\n]{0,40}>"
_TAG = r"(?:<\w{1,10}>)?"
_ASSIGNED = _joined(
    rf"""\d? (?:\\?["']\]?)? (?:[ ]?[(\[][^()\[\]\n{HIDDEN}]{{0,12}}[)\]])? [*_`]{{0,2}} [ ]{{0,3}} (?:=>|:=|[:=>])
    [ *_|`]{{0,6}} {_TAG} (?:<!\[cdata\[)?"""
)
_TOLD = _joined(
    r"(?:[就都均仍还]?[是为] | [由从] | (?:已?[改设变]|重置|更新|修改|设置)(?:[为成到]|成了|为了)) :? [ ]{0,3}"
)
_IS = _joined(r"\d? (?:'s | [ ] (?:is|was|to|(?:has[ ]been[ ])?(?:changed|reset|set)[ ]to)) [ ]? :? [ ]{1,3}")
_HELD = _joined(r"[ ]? [「『【《<\[(\"'`]{1,2}", r"""(?P<held>[!-;=?-~]{4,60}?) [」』】》>\])"'`]{1,2} (?!\w)""")
_ATTRIBUTE = _joined(
    r"""["']? [ ]{1,3} (?:[\w-]{1,20}=["'][^"'\n]{0,40}["'][ ]{1,3})? value[ ]?=[ ]?""",
    r"""["'](?P<held>[^"'\n]{1,200})["']""",
)
_CONFIGURED = _joined(rf"[ ] (?:level[ ]\d{{1,2}}[ ])? {_STORED} [ ]")
_NEXT_LINE = _joined(r"""\d? [ :=*"'-]{0,4} (?:\n[ >|*-]{0,20}){1,2}""", rf"(?P<bare>{BARE}) [ ]{{0,9}} (?=\n|$)")
_BESIDE_ZH = _joined(rf"(?: {_CELL} | (?:[ ]{{1,3}}-[ ]|[ ]?[→,，、;；/][ ]?|[ |*_`]{{0,6}}) {_TAG} )")
_BESIDE = _joined(rf"(?: {_CELL} | [ |][ |*`]{{0,5}} {_TAG} | (?<=passw..d)/ )")
_JOINTS = {
    "zh": ((_ASSIGNED, True), (_TOLD, True), (_HELD, False), (_NEXT_LINE, False), (_BESIDE_ZH, False)),
    "en": (
        *((_ASSIGNED, True), (_CONFIGURED, True), (_IS, False), (_HELD, False)),
        *((_ATTRIBUTE, True), (_NEXT_LINE, False), (_BESIDE, False)),
    ),
}
"""How a value is joined to a name of each language, and whether that alone makes it one."""


def _named(m: re.Match[str]) -> Span | None:
    """What follows a name, by the first way of writing it that holds."""
    name, before = m[0], m.string[max(0, m.start() - 32) : m.start()]
    known = (allowed := _BEFORE.get(name)) is None or allowed.search(before) is not None
    option = m["en"] and _OPTION.search(before)
    for joint, enough in _JOINTS["zh" if m["zh"] else "en"]:
        found = joint.match(m.string, m.end()) if known or joint is _CONFIGURED else None
        if found is None or (span := value(found)) is None:
            continue
        text, behind = m.string[slice(*span)], m.string[span[1] : span[1] + 2]
        joined = (enough or (option and joint is _BESIDE)) and not _LEAST.fullmatch(name)
        number = is_number(text, behind) and (m["zh"] or name.startswith(("pass", "pwd")))
        long = joint is _ASSIGNED and len(text) >= 16 and re.search(r"\d", text)
        if joined or number or long or is_strong(text) or joint is _CONFIGURED:
            return span
    return None


# --- commands ----------------------------------------------------------------------------------------

_USER = r"(?:账号|帐号|账户|帐户|用户名?|登录名|user(?:name)?|login|account)"
_WORDS = rf"[^\n{HIDDEN}|]{{0,100}}?"
_COMMAND = re.compile(
    rf"""
    (?: enable [ ] (?:secret|password) [ ] (?:\d[ ])?
      | username [ ] \S{{1,40}} (?:[ ]privilege[ ]\d+)? [ ] (?:secret|password) [ ] (?:\d[ ])?
      | snmp-(?:server|agent) [ ] community [ ] (?:(?:read|write|ro|rw)[ ])? (?:{_STORED}[ ])?
      | rocommunity6? [ ] | rwcommunity6? [ ] | com2sec (?:[ ]{{1,9}}\S{{1,40}}){{2}} [ ]{{1,9}}
      | snmp(?:bulk)?(?:walk|get(?:next)?|set|table) [ ] {_WORDS} -c [ ]?
      | tacacs(?:-server)? [ ] {_WORDS} key [ ] (?:{_STORED}[ ])?
      | radius(?:-server)? [ ] {_WORDS} key [ ] (?:{_STORED}[ ])?
      | isakmp [ ] key [ ] (?:\d[ ])? | key-string [ ] (?:\d[ ])? | pre-shared-key [ ] (?:\w+[ ])?
      | sshpass [ ]+ -p [ ]?
      | net [ ] user [ ] (?:"[^"\n]{{1,40}}"|[^\s/"]{{1,40}}) [ ] (?!/)
      | net [ ] use [ ] (?:{_WORDS} [ ] /user:\S{{1,60}} [ ] | (?:\w:[ ]|\*[ ])? \\\\\S{{1,80}} [ ] (?![/*]))
      | (?:mysql\w{{0,10}}|mariadb\w{{0,10}}|7z[ar]?|rar) [ ] {_WORDS} [ ]-h?p (?=\S)
      | (?:redis-cli|cqlsh|isql|osql|sqlcmd|bcp|ldap\w{{3,7}}|ipmitool|mongo\w{{0,8}}|zip|unzip|plink|pscp|putty
          |mosquitto_\w{{3}}) (?:[ ]{_WORDS})? [ ]-(?:a|p|w|pw) [ ] (?!\d{{1,5}}\b)
      | identified [ ]{{1,3}} by [ ]{{1,3}} (?:password[ ])? | /p: | /pass: | u[:=][^\s/]{{1,40}}[ ,;]{{1,3}}p[:=]
      | echo [ ] ["']? (?:\w{{1,30}}:)? (?=[^\s"'|]{{4,60}}["']?[ ]?\|[ ]?(?:sudo|passwd|chpasswd))
      | htpasswd [ ] -\w{{0,4}}b\w{{0,4}} [ ] \S{{1,80}} [ ] \S{{1,40}} [ ]
      | {_ZH} [由从] [ ]?["'“]? [!-~]{{1,40}} ["'”]?[ ]? (?:修?改|变更?|更换|换|更新|重置)[为成到] [ ]?:?[ ]?
      | wifi:[^\n]{{0,80}}?;p:
      | {_USER} [ ]{{0,3}}[:=]?[ ]{{0,3}} [!-~]{{1,50}} [ ,，;；、/|]{{1,3}}
        (?:{_ZH}|password|passwd|pass|pwd|pw) [ ]{{1,3}} (?!{_STORED}[ ])
    )
    (?: (?P<quote>["'`]) (?P<quoted>[^\n"'`{HIDDEN}]{{1,200}}) (?P=quote) | (?P<bare>{BARE}) )
    """,
    re.VERBOSE,
)
_LOGIN = re.compile(
    rf"""
    (?: jdbc:oracle:[a-z]+: | (?:sqlplus|expdp|impdp|exp|imp|rman[ ]target)[ ]{{1,3}}(?:-[a-z]+[ ]{{1,3}})? )
        [\w$\#"]{{1,30}}/ (?: (?P<held>[^\s/{HIDDEN}]{{2,60}}) (?=@) | (?P<own>[^\s/@{HIDDEN}]{{2,60}}) (?=\s|$) )
  | conn(?:ect)? [ ]{{1,3}} [\w$\#"]{{1,30}}/ (?P<linked>[^\s/{HIDDEN}]{{2,60}}) (?=@)
  | (?:-u|--user|--proxy-user) [ =]? ["']? (?!\d+:\d) [\w.@\\-]{{1,60}} [:%] (?!\d{{1,5}}\b)
        (?P<login>[^\s"'{HIDDEN}]{{2,60}})
  | -u [ ]? [\w.@\\-]{{1,60}} [ ] -p [ ]? (?!\d{{1,5}}\b) (?P<option>[!-~]{{4,60}})
  | (?:root|admin|administrator|sa|sys|system|oracle|guest)[/:] (?P<pair>[!-.0-~]{{4,30}}) (?![/.\w])
    """,
    re.VERBOSE,
)
_BOTH = re.compile(
    rf"""
    (?: {_USER} [ ]?[/和与及、&+,，]?[ ]? (?:{_ZH}|pass(?:word)?|pwd|pw) | 账密 | 帐密 )
    (?:分别)?[ ]? (?P<colon>[:是为]|都是|均为)? [ ]{{0,3}} [a-z0-9_.@\\-]{{1,40}}
    (?:[ ]?(?P<slash>/)|[ ]?[|,，、:]|[ ]) [ ]? (?P<bare>(?!/){BARE})
    """,
    re.VERBOSE,
)
"""账号密码：admin/X. A name and its password behind the words for both."""


def _alone(m: re.Match[str]) -> bool:
    """Whether a match does not begin inside a word."""
    return re.search(r"[a-z0-9_./-]$", m.string[max(0, m.start() - 1) : m.start()]) is None


def _command(m: re.Match[str]) -> Span | None:
    return value(m) if _alone(m) else None


def _login(m: re.Match[str]) -> Span | None:
    """NAME/PASSWORD alone only where the second cannot be a word or a file."""
    return value(m) if _alone(m) and (not m["pair"] or is_strong(m["pair"])) else None


def _both(m: re.Match[str]) -> Span | None:
    span = value(m)
    sure = span and (is_strong(m.string[slice(*span)]) or (m["colon"] and m["slash"]))
    return span if sure else None


PASSWORDS = (
    Shape("password", _LOGIN, _login, lower=True),
    Shape("password", _COMMAND, _command, lower=True),
    Shape("password", _BOTH, _both, lower=True),
    Shape("password", _NAME, _named, lower=True),
)
