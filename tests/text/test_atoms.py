"""Atoms: whatever stretch of a text is quoted, its atoms are a run of the text's own."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kb.text.tokens import HAN, fold
from kb.text.unigrams import BREAK, FIRST_WORD, encode, spell

WORDS = ("hp", "p3015", "01653", "ora", "한글", "é", "ß", "ⅷ")
NUMBER = {word: i for i, word in enumerate(WORDS)}

pieces = st.lists(st.sampled_from([*"打印机卡纸㐀鿿豈", *WORDS, " ", "，", "-", "_", "\n", "😀"]), max_size=14)


def encoded(text: str) -> list[int]:
    return encode(text, NUMBER.__getitem__)


def decoded(atoms: list[int]) -> list[tuple[str, bool]]:
    """(as written, right behind another Chinese character), the inverse of encode()."""
    return [
        (WORDS[atom - FIRST_WORD], False) if atom >= FIRST_WORD else (chr(atom // 2), atom % 2 == 1) for atom in atoms
    ]


@pytest.mark.parametrize(
    ("text", "atoms"),
    [
        ("打印机", ["打", "印", "机"]),
        ("卡", ["卡"]),
        ("hp打印", ["hp", "打", "印"]),
        ("打印hp", ["打", "印", "hp"]),
        ("打印 卡纸", ["打", "印", "卡", "纸"]),
        ("ora-01653", ["ora", "01653"]),
        ("a_b", ["a", "b"]),
        ("한글打ⅷé", ["한글", "打", "ⅷé"]),
        ("㐀鿿豈", ["㐀", "鿿", "豈"]),
        ("，。", []),
        ("", []),
    ],
)
def test_spell(text: str, atoms: list[str]) -> None:
    """Chinese by characters, everything else by runs of letters and digits."""
    assert spell(text) == atoms


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("打印hp", [("打", False), ("印", True), ("hp", False)]),
        ("打 印", [("打", False), ("印", False)]),
        ("打，印机", [("打", False), ("印", False), ("机", True)]),
        ("hp打", [("hp", False), ("打", False)]),
        ("打hp印", [("打", False), ("hp", False), ("印", False)]),
        ("", []),
    ],
)
def test_encode(text: str, expected: list[tuple[str, bool]]) -> None:
    """An atom tells its character and whether another one stands right before it."""
    assert decoded(encoded(text)) == expected


@given(pieces)
def test_both_forms_agree(parts: list[str]) -> None:
    """Text and numbers are the same atoms, and no atom is a break."""
    text = " ".join(parts)
    assert [written for written, _ in decoded(encoded(text))] == spell(text)
    assert BREAK not in encoded(text)


@given(st.characters(exclude_categories=["Cs"]))
def test_every_character_has_room(char: str) -> None:
    """Chinese characters stay below the words, and every letter or digit of any script is a word."""
    folded = fold(char).text
    for atom, text in zip(encode(folded, lambda word: 0), spell(folded), strict=True):
        assert (0 < atom < FIRST_WORD) == bool(re.fullmatch(f"[{HAN}]", text))
    known = sum(c.isalnum() or bool(re.fullmatch(f"[{HAN}]", c)) for c in folded)  # places that Unicode fills later
    assert len("".join(spell(folded))) == known


@given(parts=pieces, data=st.data())
def test_any_quoted_stretch_is_a_run_of_atoms(parts: list[str], data: st.DataObject) -> None:
    """From any character to any other, words of letters whole: the same atoms in a row, the first one open."""
    text = " ".join(parts) if data.draw(st.booleans()) else re.sub(r"(?<=[a-z\d])(?=[a-z\d])", " ", "".join(parts))
    units = [m.span() for m in re.finditer(rf"[{HAN}]|[^\W_{HAN}]+", text)]
    words = {w: i for i, w in enumerate(sorted(set(spell(text))))}
    whole = encode(text, words.__getitem__)
    assert len(whole) == len(units)
    first = data.draw(st.integers(0, len(units)))
    last = data.draw(st.integers(first, len(units)))
    if first < last:
        quoted = encode(text[units[first][0] : units[last - 1][1]], words.__getitem__)
        found = whole[first:last]
        assert quoted[1:] == found[1:]
        assert quoted[0] == (found[0] if found[0] >= FIRST_WORD else found[0] // 2 * 2)
