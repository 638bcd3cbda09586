"""This module answers: what is a secret by itself, by its shape or the header it stands in: keys, tokens, cookies?"""

import re

from kb.privacy.shapes import HIDDEN, Shape, Span
from kb.privacy.values import DUMMY, is_cut_short, value

_PRIVATE_KEY = re.compile(
    rf"-----?[ ]?BEGIN [A-Z0-9 ]{{0,30}}PRIVATE KEY(?: BLOCK)?[ ]?-?----"
    rf"(?P<value>(?=\s|\\[nr])(?:(?!----)[^{HIDDEN}])+(?=----)|(?:[\s>|]{{1,20}}[A-Za-z0-9+/=]{{30,}})+)"
)
_PUTTY_KEY = re.compile(r"Private-Lines: ?\d+(?P<value>(?:\s{1,4}[A-Za-z0-9+/=]{20,})+)")
_RECOVERY = re.compile(r"(?P<value>(?:\d{6}-){7}\d{6})(?![\w-])", re.ASCII)
"""BitLocker's recovery password."""
_TOKEN = re.compile(
    r"""
    (?P<token>
        (?: kb_[\w-]{20,} | gl(?:pat|ptt|dt|rt|cbt|soat|agent)-[\w-]{16,} | github_pat_\w{20,}
          | gh[pousr]_[A-Za-z0-9]{20,} | xox[abceoprs]-[\w-]{10,} | xapp-[\w-]{10,} | sk-[\w-]{16,}
          | [rps]k_(?:live|test)_\w{10,} | LTAI[A-Za-z0-9]{12,28} | AKID[A-Za-z0-9]{13,48} | A(?:KI|SI)A[A-Z0-9]{12,20}
          | AIza[\w-]{30,} | ya29\.[\w-]{20,} | npm_[A-Za-z0-9]{30,} | pypi-[\w-]{30,} | dckr_pat_[\w-]{20,}
          | hf_[A-Za-z0-9]{20,}
          | SG\.[\w-]{16,}\.[\w-]{16,} | shpat_[a-f0-9]{20,} | glsa_\w{20,} | dop_v1_[a-f0-9]{20,} | hvs\.[\w-]{20,}
          | eyJ(?<![\w-]eyJ)[\w-]{10,}+\.[\w-]{10,}+(?:\.[\w-]*)?
        ) (?![\w-])
      | %\^%\#[!-~]{8,200}?%\^%\# | \$c\$3\$[\w/+=]{12,200}
      | \$(?:1|2[abxy]|5|6|7|y|apr1|argon2id?)\$[\w./=,$+-]{20,}
    )
    | /(?:webhook/send\?key=|robot/send\?access_token=|bot/v2/hook/)(?P<hook>[\w-]{16,})
    | (?:hooks\.slack\.com/services|discord(?:app)?\.com/api/webhooks)/(?P<chat>[\w/-]{16,})
    | (?<![\w-])(?:bot)?(?P<telegram>\d{8,10}:AA[\w-]{30,})
    | [?&](?:sig|[Ss]ignature|X-Amz-Signature)=(?P<signature>[\w%/+=-]{20,})
    """,
    re.VERBOSE | re.ASCII,
)
"""By the beginnings that issuers gave them so that they are recognised; crypt(3) and what switches store;
addresses by which whoever knows them may write to a chat."""
_HEADER = re.compile(
    rf"""
    (?:proxy-)?authorization ["']?[ ]{{0,3}}[:=][ ]{{0,3}}["']? (?:(?:basic|bearer|digest|token)(?:[ +]|%20){{1,3}})?
        (?P<held> [a-z0-9._~+/=:-]{{8,2000}} )
  | bearer[ ]{{1,3}} (?P<bearer> [a-z0-9._~+/=:-]{{8,2000}} )
  | (?:set-)?cookie ["']?[ ]{{0,3}}[:=][ ]{{0,3}}["']?
        (?P<cookie> [^\s=;"'{HIDDEN}]{{1,100}}=[^\n"'{HIDDEN}]{{1,4000}} )
  | (?:jsessionid|phpsessid|asp\.net_sessionid) ["']?[ ]?[:=][ ]?["']? (?P<session> [a-z0-9._~+/=!-]{{16,200}} )
    """,
    re.VERBOSE,
)
_IN_URL = re.compile(rf"""://[^\s/@:'"<>]{{0,100}}:(?P<held>[^\s/'"<>{HIDDEN}]{{1,200}})@(?![:/(])""")


def _token(m: re.Match[str]) -> Span | None:
    """Not a piece of a longer word."""
    beside = m["token"] and re.search(r"[\w-]$", m.string[max(0, m.start() - 1) : m.start()], re.ASCII)
    return None if beside or DUMMY.search(m[0]) or is_cut_short(m.string, m.end()) else m.span(m.lastgroup or 0)


def _header(m: re.Match[str]) -> Span | None:
    beside = re.search(r"[\w-]$", m.string[max(0, m.start() - 1) : m.start()], re.ASCII)
    return None if beside else value(m)


SECRETS = (
    Shape("password", _PRIVATE_KEY),
    Shape("password", _PUTTY_KEY),
    Shape("password", _HEADER, _header, lower=True),
    Shape("password", _TOKEN, _token),
    Shape("password", _RECOVERY),
    Shape("password", _IN_URL, value),
)
