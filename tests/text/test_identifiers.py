"""Tests of kb.text.identifiers: every case is data in golden/identifiers.yml."""

from itertools import combinations
from pathlib import Path

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from kb.text.identifiers import COMPOUND, Identifier, identify, squeeze
from kb.text.tokens import Tokenizer, fold

GOLDEN = yaml.load((Path(__file__).parents[1] / "golden" / "identifiers.yml").read_text("utf8"), yaml.BaseLoader)
TOKENIZER = Tokenizer()


def recognise(text: str) -> Identifier:
    """The one identifier a text holds."""
    folded = fold(text)
    found = [(a, b) for what, a, b in TOKENIZER.pieces(folded.text) if what == "compound"]
    assert len(found) == 1, f"{text} is not one compound"
    start, end = found[0]
    return identify(folded.text[start:end], folded.cased[start:end])


@pytest.mark.parametrize(("text", "expected"), GOLDEN["recognised"].items())
def test_recognised(text: str, expected: str) -> None:
    """Kind, canonical form and parts are those of the golden file."""
    found = recognise(text)
    assert " ".join((found.kind, found.canonical, *found.parts)) == expected


@pytest.mark.parametrize("spellings", GOLDEN["same"], ids=lambda s: s[0])
def test_spellings_of_one_thing_share_a_canonical_form(spellings: list[str]) -> None:
    """However it is written, it is the same term."""
    assert len({recognise(s).canonical for s in spellings}) == 1


@pytest.mark.parametrize("near", GOLDEN["different"], ids=lambda s: s[0])
def test_near_ones_do_not_share_a_canonical_form(near: list[str]) -> None:
    """PPR-9087 is not PPR-1044."""
    for a, b in combinations(near, 2):
        assert recognise(a).canonical != recognise(b).canonical, f"{a} = {b}"


@pytest.mark.parametrize("around", ["{}", "于{}发生", "[{}] x", "x {}，", "（{}）"])
@pytest.mark.parametrize("text", GOLDEN["noise"])
def test_noise(text: str, around: str) -> None:
    """Noise is dropped whole, also between Chinese characters."""
    folded = fold(around.format(text)).text
    noise = [folded[a:b] for what, a, b in TOKENIZER.pieces(folded) if what == "noise"]
    assert noise == [fold(text).text]


@pytest.mark.parametrize("text", GOLDEN["not noise"])
def test_not_noise(text: str) -> None:
    """What people write to say something is kept."""
    assert "noise" not in {what for what, _, _ in TOKENIZER.pieces(fold(text).text)}
    assert TOKENIZER.tokens(text)


@pytest.mark.parametrize(
    ("kind", "exact"), [("code", True), ("ip", True), ("hex", True), ("model", False), ("file", False), ("name", False)]
)
def test_exact_kinds(kind: str, exact: bool) -> None:
    """A code is matched whole or not at all; a model also by its parts."""
    assert Identifier(kind, "x1", ()).exact is exact


@given(st.from_regex(COMPOUND, fullmatch=True))
def test_every_compound_has_a_canonical_form(text: str) -> None:
    """Whatever is written: one canonical form that is not empty, has no blank, and is not its own part."""
    found = identify(text, text)
    assert found.canonical
    assert not any(c.isspace() for c in found.canonical)
    assert found.canonical not in found.parts
    assert all(found.parts)


@given(st.from_regex(COMPOUND, fullmatch=True))
def test_squeezing_twice_changes_nothing(text: str) -> None:
    """The squeezed form is its own squeezed form."""
    assert squeeze(squeeze(text)) == squeeze(text)
