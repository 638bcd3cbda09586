"""This package answers: which customer data does a text hold, and how is it hidden and brought back?

    find("卡纸，致电 13912345678")    -> [Found(6, 17, "mobile")]
    mask("卡纸，致电 13912345678")    -> "卡纸，致电 〔手机号码1〕", and what it stands for, so that unmask() works
    masked("卡纸，致电 13912345678")  -> "卡纸，致电 〔手机号码〕", for good

A number that is missed is worse than a code that is hidden: what has the shape counts as customer data unless
something speaks against it, such as a checksum, a unit behind it, or a word that only stands in examples. A module
each knows the shapes of passwords, mails, numbers, people and machines. The time is that of reading the text.

- Which customer data does a text hold? How is it masked? shapes.py (what a shape is, how a text is read),
  numbers.py, mails.py, people.py, machines.py; passwords.py (by name), secrets.py (by shape), values.py (what is
  none)
"""

import re
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from kb.labels import LABELS, label
from kb.language import say
from kb.privacy.machines import MACHINES
from kb.privacy.mails import MAILS
from kb.privacy.numbers import NUMBERS
from kb.privacy.passwords import PASSWORDS
from kb.privacy.people import PEOPLE
from kb.privacy.secrets import SECRETS
from kb.privacy.shapes import HIDDEN, Shape, Span, folded

KINDS = (
    *("mobile", "phone", "mail", "id_card", "bank_card", "passport", "plate", "account", "tax_number", "address"),
    *("name", "hotline", "password", "ip", "mac"),
)
DEFAULT_KINDS = KINDS[:13]
"""Addresses of machines are often what a fault is about, so they are hidden only when chosen."""
ARTICLE_KINDS = KINDS[:10]
"""What must not stay in an article. Manuals show passwords as examples, and name whom to call; only a reader can
judge those."""

_SHAPES: tuple[Shape, ...] = (*SECRETS, *PASSWORDS, *MAILS, *NUMBERS, *PEOPLE, *MACHINES)
"""In the order they are looked for. A password may look like anything else, so it comes first."""
_ROUNDS = 6
"""What stands beside a piece may stand free once that is hidden: so often a text is looked through."""
_NEAR = 1000
"""Characters on either side of a piece that are looked at again."""


class Found(NamedTuple):
    """A piece of customer data: characters start to end of a text, and one of KINDS."""

    start: int
    end: int
    kind: str


class Original(NamedTuple):
    """What a placeholder stands for."""

    placeholder: str
    original: str
    kind: str


@dataclass(frozen=True, slots=True)
class Masked:
    """A text with placeholders, and what each of them stands for, in the order of the text."""

    text: str
    originals: tuple[Original, ...]


def find(text: str, kinds: Collection[str] = DEFAULT_KINDS) -> list[Found]:
    """Every piece of customer data of these kinds, in order; none overlaps another."""
    rest, places = folded(text)
    rest = _PLACEHOLDER.sub(lambda m: HIDDEN * len(m[0]), rest)
    small = _lower(rest)
    shapes = [shape for shape in _SHAPES if shape.kind in kinds]
    found: list[Found] = []
    areas: list[Span] = [(0, len(rest))]
    for _ in range(_ROUNDS):
        new: list[Span] = []
        for shape in shapes:
            if hits := _hits(shape, small if shape.lower else rest, areas):
                found += [Found(start, end, shape.kind) for start, end in hits]
                rest, small = _hidden(rest, hits), _hidden(small, hits)
                new += hits
        if not new:
            break
        areas = _around(sorted(new), len(rest))
    if places is not None:
        found = [Found(places[start], places[end - 1] + 1, kind) for start, end, kind in found]
    return sorted(found)


def _lower(text: str) -> str:
    """In small letters, each at its own place: a few letters become two."""
    small = text.lower()
    return small if len(small) == len(text) else "".join(c.lower() if len(c.lower()) == 1 else c for c in text)


def _hits(shape: Shape, text: str, areas: Iterable[Span]) -> list[Span]:
    """Where a shape stands, in order; of two that overlap the first, and none that is hidden already."""
    hits: list[Span] = []
    past = 0
    for m in (m for area in areas for m in shape.pattern.finditer(text, *area)):
        if m.start() < past or (span := shape.meant(m)) is None:
            continue  # what stands within a piece is not looked at: that would be the square of a long one
        if span[0] >= past and HIDDEN not in text[slice(*span)]:
            hits.append(span)
            past = span[1]
    return hits


def _around(spans: Iterable[Span], length: int) -> list[Span]:
    """The surroundings of spans in order, joined where they meet."""
    areas: list[Span] = []
    for start, end in spans:
        low, high = max(0, start - _NEAR), min(length, end + _NEAR)
        if areas and low <= areas[-1][1]:
            areas[-1] = areas[-1][0], max(high, areas[-1][1])
        else:
            areas.append((low, high))
    return areas


def _hidden(text: str, spans: Sequence[Span]) -> str:
    """A text of the same length with these parts, in order, hidden."""
    pieces, position = [], 0
    for start, end in spans:
        pieces += [text[position:start], HIDDEN * (end - start)]
        position = end
    return "".join((*pieces, text[position:]))


def mask(text: str, kinds: Collection[str] = DEFAULT_KINDS) -> Masked:
    """Put numbered placeholders in place of customer data, the same one for the same data.

    A placeholder that the text holds already is not given again, so that unmask() can tell them apart.
    """
    found = find(text, kinds)
    taken = set(_PLACEHOLDER.findall(text))
    originals: dict[tuple[str, str], Original] = {}
    numbers = dict.fromkeys(KINDS, 0)
    for start, end, kind in found:
        own = text[start:end]
        while (kind, own) not in originals:
            numbers[kind] += 1
            placeholder = _placeholder(kind, numbers[kind])
            if placeholder not in taken:
                originals[kind, own] = Original(placeholder, own, kind)
    names = [originals[kind, text[start:end]].placeholder for start, end, kind in found]
    return Masked(_replaced(text, found, names), tuple(originals.values()))


def unmask(text: str, originals: Sequence[tuple[str, str, str]]) -> str:
    """The text as it was before mask(): each placeholder, wherever it stands now, becomes its original."""
    values = {placeholder: original for placeholder, original, _ in originals}
    if not values:
        return text
    return re.sub("|".join(map(re.escape, values)), lambda m: values[m[0]], text)


def masked(text: str, kinds: Collection[str] = DEFAULT_KINDS) -> str:
    """A text with a note in place of each piece of customer data: 138... -> 〔手机号码〕. There is no way back."""
    found = find(text, kinds)
    return _replaced(text, found, [_placeholder(f.kind) for f in found])


def _placeholder(kind: str, number: int | None = None) -> str:
    name = label("private", kind)
    return say(f"〔{name}〕", f"[{name}]") if number is None else say(f"〔{name}{number}〕", f"[{name} {number}]")


def without_placeholders(text: str) -> str:
    """A masked text with a blank for each placeholder: that a number stood there says nothing of a fault."""
    return _PLACEHOLDER.sub(" ", text)


_NAMES = ["|".join(map(re.escape, names)) for names in zip(*LABELS["private"].values(), strict=True)]
_PLACEHOLDER = re.compile(rf"〔(?:{_NAMES[0]})\d*〕|\[(?:{_NAMES[1]})(?: \d+)?\]")


def placeholders(text: str) -> tuple[tuple[int, int], ...]:
    """Where a text was masked: (start, end) of each placeholder."""
    return tuple((m.start(), m.end()) for m in _PLACEHOLDER.finditer(text))


def _replaced(text: str, found: Sequence[Found], names: Sequence[str]) -> str:
    out: list[str] = []
    position = 0
    for (start, end, _), name in zip(found, names, strict=True):
        out += [text[position:start], name]
        position = end
    return "".join(out) + text[position:]
