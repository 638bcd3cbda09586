"""This module answers: which characters of a text are a password, a key or a token? The value, never its name.

Examples, variables and the words of an error message are none: password=<密码>, ${DB_PASS}, using password: YES.
A value that is already hidden begins with a bracket, so it is none either.
"""

import re

_PRIVATE_KEY = re.compile(
    r"-----BEGIN [A-Z ]{0,30}PRIVATE KEY(?: BLOCK)?-----"
    r"(?P<value>(?=\s|\\[nr])(?:(?!-----)[^〔])+(?=-----)|(?:\s+[A-Za-z0-9+/=]{30,})+)"
)
_IN_URL = re.compile(r"""://[^\s/@:'"<>]{0,100}:(?P<value>[^\s/'"<>〔]{1,200})@""")
_TOKEN = re.compile(
    r"""
    (?<![\w-]) (?: authorization["']?\s{0,3}[:=]\s{0,3}["']?(?:basic|bearer|digest|token)?\s{1,3} | bearer\s{1,3} )
        (?P<value> [A-Za-z0-9._~+/=-]{8,}+ )
    """,
    re.VERBOSE | re.IGNORECASE,
)
_KNOWN_TOKEN = re.compile(
    r"(?<![\w-])(?P<value>eyJ[\w-]{10,}\.[\w-]{10,}(?:\.[\w-]*)?|AKIA[0-9A-Z]{16}|gh[pousr]_[A-Za-z0-9]{36}"
    r"|(?:\d{6}-){7}\d{6})(?![\w-])",
    re.ASCII,
)
"""JSON web tokens, keys of AWS and GitHub, BitLocker's recovery password."""

_NAME = r"""(?: passw(?:or)?d | passphrase | (?<![a-z])(?:pass|psk) | pwd | 密码 | 口令 | 密钥
      | (?<![a-z])token | secret(?:[_-]?key)? | (?:api|access|private|pre-?shared)[_-]?key )"""
_BARE = r"""(?!["'`\\])[!-~]{1,500}"""
_ASSIGNED = re.compile(
    rf"""
    {_NAME} \d? (?:\\?["']\]?)? [ \t]{{0,3}}
    (?: => | := | [:=>] | (?<=[码令]) (?:是|为|就是|(?:改|设|重置)(?:为|成)) :? ) [ \t]{{0,3}}
    (?: (?P<quote>\\?["'`]) (?P<quoted>(?:(?!(?P=quote))[^\n〔]){{1,200}}) (?P=quote) | \\?["'`]? (?P<value>{_BARE}) )
    """,
    re.VERBOSE | re.IGNORECASE,
)
_STORED = r"(?:\d|cipher|simple|plain|irreversible-cipher)"
"""How the configuration of a switch says that a password follows."""
_COMMAND = re.compile(
    rf"""
    (?: (?<![\w-])--?[\w-]{{0,30}}{_NAME} [ \t]{{1,3}}              # --password VALUE
      | (?:password|secret) [ ] {_STORED} [ ]
      | (?<![\w-])sshpass [ ]+ -p [ ]?
      | (?<![\w-])mysql\w{{0,10}} [ ] [^\n〔|]{{0,100}}? [ ]-p(?=\S)
      | (?<!\w)identified [ ]{{1,3}} by [ ]{{1,3}}
      | (?:账号|账户|帐号|用户名?|(?<![a-z])user(?:name)?) [ \t]{{0,3}}[:=]?[ \t]{{0,3}} [!-~]{{1,50}}
        [ \t,，;；、/]{{1,3}} (?:密码|口令|password|pwd) [ \t]{{1,3}} (?!{_STORED}[ ])
    )
    (?: (?P<quote>["'`]) (?P<quoted>[^\n"'`〔]{{1,200}}) (?P=quote) | (?P<value>{_BARE}) )
    """,
    re.VERBOSE | re.IGNORECASE,
)
_CUT = re.compile(r"""[&;,|][\w. -]{0,30}=|["'`<\\]|[.,;:)\]}]+$""")
"""Where a value without quotes ends before the next space: at the next name, at markup, where the sentence ends."""
_NO_SECRET = re.compile(
    r"""
    [*x•.\#?_-]+ | <.* | [$#]?\{.* | \[.* | \(.* | %\w+%? | \$\w+ | \?.? | :[a-z_]+   # hidden, or to be filled in
    | your.* | my[_-]?pass\w* | (?:example|sample|changeme|password|passwd|pwd|secret|token)\d*
    | redacted | hidden | masked | filtered | removed | omitted
    | yes | no | on | off | true | false | null | none | nil | undefined | nan | empty | blank | str | string | bytes
    | required | optional | invalid | incorrect | wrong | bad | expired | missing | mismatch | failed | failure | error
    | ok | success | changed | reset | set | unset | not | denied | unknown | unexpected | eof | files | compat
    | \d{1,3} | \d{1,3}[-~]\d{1,3} | .{1,2}
    | (?:\.{0,2}|~)/.* | [a-z]:\\.*                                                   # a path
    | \w+(?:\.\w+)+[(\[].* | \w+\(\).*                                                # a call in a program
    """,
    re.VERBOSE | re.IGNORECASE,
)


def value(m: re.Match[str]) -> tuple[int, int] | None:
    """The value without what only stands behind it; none for examples, variables and the words of a sentence."""
    start, end = m.span("value")
    if start < 0:
        start, end = m.span("quoted")
    elif cut := _CUT.search(m["value"]):
        end = start + cut.start()
    text = m.string[start:end]
    sentence = text.isalpha() and re.match(r"[ \t]+[A-Za-z]", m.string[end : end + 5])
    return None if not text or sentence or _NO_SECRET.fullmatch(text) else (start, end)


TOKENS = (_PRIVATE_KEY, _TOKEN, _KNOWN_TOKEN)
"""Shapes of what is a secret by itself, in their group "value"."""
NAMED = (_IN_URL, _ASSIGNED, _COMMAND)
"""Shapes of what is called a password; value() tells which characters it is."""
