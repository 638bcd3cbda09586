"""This module mends what a machine misreads in a picture: letters that look like digits, inside hexadecimal codes.

Only there is it certain which of the two was meant: no hexadecimal number has an o, an l or an i.
"""

import re

from kb.text.identifiers import identify

_DIGITS = str.maketrans({"o": "0", "O": "0", "Q": "0", "l": "1", "I": "1", "i": "1", "|": "1"})
_CODE = re.compile(
    r"(?<![A-Za-z0-9])(?:(?P<sign>[0oOQ][xX×])(?P<digits>[0-9A-Fa-foOQlIi|]{2,16})|[cC][0oO][0-9A-Fa-foOQlIi|]{6})(?![A-Za-z0-9])"
)
"""0x0000011B, and Windows' C0000005 without its sign, as they may have been read."""
_CERTAIN = 3
"""Digits that are digits, in a code whose sign was misread as well or is not there: oxide and coolball are words."""


def repaired(text: str) -> str:
    """A text that was read from a picture with its hexadecimal codes as they were: 0x0000o11b -> 0x0000011b."""
    return _CODE.sub(_repaired, text)


def _repaired(m: re.Match[str]) -> str:
    sign, digits = ("0x", m["digits"]) if m["sign"] else ("", m[0])
    if not (m["sign"] or "").startswith("0") and sum(c.isdigit() for c in digits) < _CERTAIN:
        return m[0]
    code = sign + digits.translate(_DIGITS)
    return code if identify(code.lower()).kind == "hex" else m[0]
