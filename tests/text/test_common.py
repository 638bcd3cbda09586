"""The list of common words, and how often Chinese words are used: what is known of a language without any base."""

import pytest

from kb.text.common import _text, is_common
from kb.text.spelling_keys import LETTERS
from kb.text.tokens import Tokenizer


@pytest.mark.parametrize("word", ["email", "keyboard", "drucker", "imprimante", "boleh", "curi", "gracias", "zoom"])
def test_common_words(word: str) -> None:
    """Words of several languages."""
    assert is_common(word)


@pytest.mark.parametrize(
    "word", ["conection", "widnows", "recieve", "databse", "aaaa", "zzzz", "", "licensed\n", "# common"]
)
def test_what_is_none(word: str) -> None:
    """Misspelled ones, what sorts before the first or behind the last, and the head of the file."""
    assert not is_common(word)


def test_every_word_of_the_list_is_found() -> None:
    """The file is sorted, so that the search finds each line, and each could be a word that is corrected."""
    words = [line for line in _text().decode().splitlines() if not line.startswith("#")]
    assert len(words) > 50_000
    assert words == sorted(set(words))
    assert all(word.isascii() and word.isalpha() and word.islower() and len(word) in LETTERS for word in words)
    assert all(map(is_common, (*words[:3], *words[::997], *words[-3:])))


def test_frequencies_of_chinese_words() -> None:
    """The dictionary's counts; none for what it does not hold, and the user's own words are in it."""
    plain = Tokenizer()
    assert plain.frequency("时间") > plain.frequency("打印机") > 0
    assert plain.frequency("打音机") == plain.frequency("啥都") == 0
    assert Tokenizer(["打音机"]).frequency("打音机") > 0
