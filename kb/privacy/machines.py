"""This module answers: which addresses of machines does a text hold: of the network (IP), of a card (MAC)?"""

import ipaddress
import re

from kb.privacy.shapes import Shape, Span
from kb.text.identifiers import IPV4, MAC

_IP = re.compile(
    rf"(?<![\w.-])(?P<value>{IPV4}(?!\w|\.\d)|(?=[\da-f:]{{0,8}}\d)[\da-f]{{0,4}}(?::[\da-f]{{0,4}}){{2,7}}(?![\w:]|\.\d))",
    re.IGNORECASE | re.ASCII,
)
_VERSIONED = re.compile(
    r"(?:版本号?|固件|补丁|升级[到至]|\b(?:v|ver|version|release|build|firmware))\W{0,3}$", re.IGNORECASE
)
_MAC = re.compile(rf"(?<![\w:.-])(?P<value>(?P<form>{MAC}))(?![\w:-]|\.\w)", re.IGNORECASE | re.ASCII)


def _ip(m: re.Match[str]) -> Span | None:
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


MACHINES = (Shape("mac", _MAC), Shape("ip", _IP, _ip))
