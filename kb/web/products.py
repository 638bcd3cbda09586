"""This module puts names of products in order: into families that open, by maker and letter.

A name is read as people write it: the maker, the series, the model. What shares maker and series is a family.
"""

import re
from collections import Counter, defaultdict
from collections.abc import Sequence
from itertools import groupby
from typing import NamedTuple

Counted = tuple[str, int]
"""A product, and how many articles are about it."""

SERIES = 2
"""Words of a name that may tell a family: HP LaserJet, Windows Server."""
OTHER = "#"
"""Stands for the letter of what begins with none."""

_EDGE = re.compile(r"\s+|(?<=\w)-(?=\w)")


class Family(NamedTuple):
    """Products of one series; a product that is alone is a family of one, by its own name."""

    name: str
    products: tuple[Counted, ...]


class Letter(NamedTuple):
    """Makers whose name begins with a letter (of its pinyin), each with its products."""

    letter: str
    makers: tuple[Family, ...]


def families(products: Sequence[Counted]) -> list[Family]:
    """Products in families, each at the place of its first product."""
    shared = Counter(start for name, _ in products for start in set(_starts(name)))
    of = {name: next((s for s in _starts(name) if shared[s] > 1), name) for name, _ in products}
    members = defaultdict(list)
    for product in products:
        members[of[product[0]]].append(product)
    found = ((name, tuple(inside)) for name, inside in members.items())
    return [Family(name if len(inside) > 1 else inside[0][0], inside) for name, inside in found]


def _starts(name: str) -> list[str]:
    """How a name begins, longest first: maker and series, the maker; of S5130-28S the series is S5130."""
    edges = [m.start() for m in _EDGE.finditer(name)]
    blanks = [at for at in edges if name[at] != "-"]
    series = name[: blanks[SERIES - 1]] if len(blanks) >= SERIES else name
    cut = next((at for at in edges if at < len(series) and name[at] == "-"), len(series))
    return list(dict.fromkeys((series[:cut], *(name[:at] for at in blanks[:1]))))


def by_letter(products: Sequence[Counted]) -> list[Letter]:
    """All products by letter and maker, in the order of the alphabet."""
    named = sorted(products, key=lambda p: (initial(p[0]), _maker(p[0]).casefold(), p[0].casefold()))
    letters = []
    for letter, group in groupby(named, key=lambda p: initial(p[0])):
        made = [list(same) for _, same in groupby(group, key=lambda p: _maker(p[0]).casefold())]
        letters.append(Letter(letter, tuple(Family(_maker(same[0][0]), tuple(same)) for same in made)))
    return letters


def _maker(name: str) -> str:
    return name.split(maxsplit=1)[0] if name.strip() else name


_PINYIN = "ABCDEFGHJKLMNOPQRSTWXYZ"
_FIRST = "啊芭擦搭蛾发噶哈击喀垃妈拿哦啪期然撒塌挖昔压匝"
"""The first characters of each initial: GB 2312 sorts its 3,755 common characters by pinyin."""
_PLACES = [c.encode("gb2312") for c in _FIRST]
_LAST = "座".encode("gb2312")


def initial(name: str) -> str:
    """The letter A to Z under which a name is looked up, OTHER for none; of Chinese ones that of the pinyin."""
    first = name.strip()[:1].upper()
    if first.isascii():
        return first if first.isalpha() else OTHER
    try:
        place = first.encode("gb2312")
    except UnicodeEncodeError:
        return OTHER
    found = [letter for letter, start in zip(_PINYIN, _PLACES, strict=True) if start <= place <= _LAST]
    return found[-1] if found else OTHER
