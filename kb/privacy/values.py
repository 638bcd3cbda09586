"""This module answers: is what stands behind the word password a password, and where does it end?

Examples, variables, paths, calls in a program and the words of an error message are none: password=<密码>, ${DB_PASS},
using password: YES. A value that is already hidden begins with a bracket, so it is none either.
"""

import re

from kb.privacy.shapes import HIDDEN, Span

_SEEN = 500
BARE = rf"""(?!["'`\\])[!-~]{{1,{_SEEN}}}"""
"""Up to a blank, or as much as it takes to see what it is."""
VALUE = rf"""
    (?: (?P<quote>\\?["'`]) (?P<quoted>(?:(?!(?P=quote))(?:\\["'\\]|[^\n{HIDDEN}])){{1,200}}) (?P=quote)
      | [「『【《] (?P<held>[!-~]{{2,100}}) [」』】》] | \\?["'`]? (?P<bare>{BARE}) )
"""
"""A value in quotes, in brackets, or without; for re.VERBOSE."""
_REST = re.compile(r"[!-~]*")
UNQUOTED = ("bare", "login", "option", "pair")
"""Groups of a match in which more may stand behind the value."""

_CUT = re.compile(r"""[&;,|][\w. -]{0,30}=|["'`<\\”]|\*\*|\]\]>|\]\(""")
"""Where a value without quotes ends before the next space: at the next name, at markup."""
_CUT_SHORT = re.compile(r"\.\.|…")
_FILES = (
    "xml|json|ya?ml|pem|key|crt|cer|pfx|conf|cfg|ini|properties|txt|md|png|gif|jpg|html?|aspx?|pdf|zip|gz|exe|dll|ps1|sh|py"
    "|java"
)
_NO_SECRET = re.compile(
    rf"""
    # hidden, cut off, or to be filled in
    [*x•.\#?_-]+ | <.* | [$\#]?\{{.* | \[.* | \(.* | [\])}}>|].* | !\[.* | %\w+%? | \$\w+.* | \?.? | :-?[a-z_]+ | @.*
    | (?=[a-z]*(?:abcdefg|hijklmn|zyxwv))[a-z]+
    | your.* | my[_-]?pass\w* | (?:example|sample)\d* | (?:[a-z]*|s3)[_-]?(?:access|secret)key
    | [a-z]*[_-]?(?:changeme|password|passwd|passw|pwd|secret|token)(?:[_-][a-z]+)*
    | (?:some|fill|correct|random|test|new|old|default|the)[a-z_-]*(?:pass|pwd|secret|pw|password)[a-z_]*
    # what everybody knows: makers print it in their manuals
    | minio(?:admin|storage)? | admin | root | test | guest | changeit | calvin | harbor12345 | dolphinscheduler(?:123)?
    | pass@word1 | [a-z]{{1,4}}
    # words of messages and of programs
    | redacted | hidden | masked | filtered | removed | omitted
    | yes | no | on | off | true | false | null | none | nil | undefined | nan | empty | blank | str | string | bytes
    | required | optional | invalid | incorrect | wrong | bad | expired? | missing | mismatch | failed | failure | error
    | ok | success | changed | reset | set | unset | history | not | denied | unknown | unexpected | eof | files
    | compat
    # numbers that are too short, paths, hosts, lists, names, files
    | \d{{1,3}} | \d{{1,3}}[-~]\d{{1,3}} | .{{1,2}} | .*[\u3000-\u9fff].*
    | (?:\.{{0,2}}|~)/.* | [a-z]:\\.* | \w+://.* | [\w.-]+:\d{{2,5}} | \w+(?:,\w+)+ | [a-z_]+=
    | [\w.-]*[.-](?:key|secret|password|token)=? | [\w./-]+\.(?:{_FILES})\b.*
    # calls, variables and options of programs
    | [a-z_]\w*(?:(?:\.|::|->)\w+)*\((?:["')$a-z].*)? | \w+(?:\.\w+)+\[.* | env\[.*
    | (?:process\.env|os\.environ|system|config|settings|self|this|vault)\.[\w.]+
    | (?:read|get|new|add|set|convert|convertto|import)-[a-z]+(?:[ ].*)? | --?[a-z]{{2,}}(?:[) =-].*)? | [ ].*
    """,
    re.VERBOSE | re.IGNORECASE,
)
DUMMY = re.compile(r"x{4,}|(?<![a-z])x{3,}(?![a-z])|\*{3,}|\.{3}|…", re.IGNORECASE)
"""What stands in the place of a secret that is not shown."""


def value(m: re.Match[str]) -> Span | None:
    """The value that a match caught in its last group, without what only stands behind it.

    None for an example, a variable, a word of a sentence, and what was cut short.
    """
    name = [name for name, text in m.groupdict().items() if text][-1]
    start, end = m.span(name)
    text = m[name]
    if name in UNQUOTED:
        text = _CUT.split(text, maxsplit=1)[0].rstrip(".,;:)]}|")
        goes_on = len(text) == _SEEN and _REST.match(m.string, end)
        end = goes_on.end() if goes_on else start + len(text)
    sentence = text.isalpha() and re.match(r" +[A-Za-z\u4e00-\u9fff]", m.string[end : end + 5])
    if not text or sentence or _NO_SECRET.fullmatch(text) or DUMMY.search(text) or is_cut_short(m.string, end):
        return None
    return start, end - text.endswith("(")


def is_cut_short(text: str, end: int) -> bool:
    """Whether dots stand where a value ends: a manual shows its beginning."""
    return _CUT_SHORT.match(text, end) is not None


_TECHNICAL = re.compile(
    r"""
    (?:sha|md|aes|3?des|rsa|rc|utf|base|ntlm(?:v2)?|oauth|ipv|http|tls|ssl|x|v|win|windows|gb|iso|wpa|pbkdf|rfc|crc)
      [-_.]?\d+(?:[-_.]\w+)*
    | 0x[\da-f]+ | [a-z]{2,6}-\d+(?:-\w+)* | \d+(?:\.\d+)+ | (?:\d+[-/:.])+\d+\S* | \d+[a-z]{0,5}
    | \w+:/.* | [\w.-]+\.[a-z]{2,6} | [a-z0-9]+(?:[_-][a-z0-9]+){3,} | [a-z]+(?:[/_-][a-z]+)+ | [\w.-]+=[^=]+
    | [\w./-]*/[\w./-]*
    """,
    re.VERBOSE | re.IGNORECASE,
)
"""Algorithms, codes, versions, times, hosts, paths: what stands behind the word password in a sentence, too."""
_COUNT = re.compile(r" ?[年月日位个次条天分秒时小台人元号%]")


def is_strong(text: str) -> bool:
    """Whether a value cannot be a word of a sentence: letters with digits or signs among them, four at least."""
    mixed = re.search(r"[A-Za-z]", text) and re.search(r"[\d!@#$%^&+~?]", text)
    return len(text) >= 4 and mixed is not None and not _TECHNICAL.fullmatch(text)


def is_number(text: str, behind: str) -> bool:
    """Whether a value is a number that nothing is counted with: 123456, not 2024 年."""
    return text.isdigit() and 4 <= len(text) <= 12 and not _COUNT.match(behind)
