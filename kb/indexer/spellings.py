"""This module writes what finds misspelled words: the words as written, by their sound and with a letter left out.

    spelling.words.txt      the words, one a line; spelling.starts.npy: where each starts, in bytes (int64)
    spelling.df.npy         passages that hold each (int32)
    spelling.keys.npy       keys (kb.text.spelling_keys), ascending (uint64); spelling.numbers.npy: the word of each
                            (int32), words of one key by falling df
    spelling.sounds.txt     how each word sounds, "" for one of letters, one a line
    spelling.syllables.txt  syllables of pinyin without tone, one a line, the first of them empty
    spelling.readings.npy   numbers of the syllables of each character from U+4E00 to U+9FFF (uint16, x 3), 0 for none

A Chinese word has one key, its blurred pinyin, and from three characters on one for each that is left out.
A word of letters has its own key and one for each letter that is left out. What stands beside a base takes sounds from
it and has readings for characters that the base has none for: pypinyin's tables take longer to read than an edit.
"""

import re
import unicodedata
from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from functools import lru_cache
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from kb.bundle import Bundle
from kb.text.hashing import keys
from kb.text.spelling_keys import CHARACTERS, LETTERS, blurred, keys_without_one

FIRST, LAST = 0x4E00, 0x9FFF
READINGS = 3
"""Of a character that is read in several ways, the usual one first."""
USUAL = 3
"""Phrases of pypinyin's dictionary in which a character has a reading; what fewer have is learned, such as 有 wei."""
_HAN = re.compile("[\u4e00-\u9fff]+")
_SYLLABLE = re.compile(r"(?=.*[aeiouv])[a-z]{1,6}")


def write(folder: Path, words: Sequence[str], df: NDArray[np.int32], base: Bundle | None = None) -> None:
    """Write the files above.

    words: sorted, folded (kb.text.tokens.fold), not stemmed; Chinese words as the dictionary cuts them and words of
    letters. df: the number of passages that hold each. base: the bundle they stand beside.
    """
    chinese = [i for i, w in enumerate(words) if len(w) in CHARACTERS and _HAN.fullmatch(w)]
    letters = [i for i, w in enumerate(words) if len(w) in LETTERS and w.isascii() and w.isalpha()]
    long = [i for i in chinese if len(words[i]) > 2]
    shortened, owners = keys_without_one([words[i] for i in (*letters, *long)])
    sounds, readings = _sounds([words[i] for i in chinese], {c for w in words for c in w}, base)
    found = np.concatenate([keys(sounds), keys([words[i] for i in letters]), shortened])
    numbers = np.array([*chinese, *letters], np.int32)
    numbers = np.concatenate([numbers, np.array([*letters, *long], np.int32)[owners]])
    order = np.lexsort((numbers, -df[numbers], found))
    lines = [w.encode() + b"\n" for w in words]
    (folder / "spelling.words.txt").write_bytes(b"".join(lines))
    np.save(folder / "spelling.starts.npy", np.cumsum([0, *map(len, lines)]))
    np.save(folder / "spelling.df.npy", np.asarray(df, np.int32))
    np.save(folder / "spelling.keys.npy", found[order])
    np.save(folder / "spelling.numbers.npy", numbers[order])
    heard = dict(zip(chinese, sounds, strict=True))
    (folder / "spelling.sounds.txt").write_text("".join(heard.get(i, "") + "\n" for i in range(len(words))), "utf8")
    _write_readings(folder, readings)


def words_of(bundle: Bundle) -> list[str]:
    """The words of an earlier build."""
    return bundle.file("spelling.words.txt").read_text("utf8").splitlines()


def _sounds(
    chinese: Sequence[str], characters: Collection[str], base: Bundle | None
) -> tuple[list[str], dict[str, list[str]]]:
    """How Chinese words sound, and the syllables of each character that the base has none for.

    Without a base also those of the characters of GB 2312, the usual ones.
    """
    known = _known(base, frozenset(chinese)) if base else {}
    if base:
        read = base.array("spelling.readings")[:, 0] > 0
        own = [c for c in characters if FIRST <= ord(c) <= LAST and not read[ord(c) - FIRST]]
    else:
        codes = (bytes([a, b]).decode("gb2312", "ignore") for a in range(0xB0, 0xF8) for b in range(0xA1, 0xFF))
        own = [c for c in {*"".join(codes), *characters} if FIRST <= ord(c) <= LAST]
    new = [word for word in chinese if word not in known]
    readings = _readings({*own, *"".join(new)})
    known |= {word: "".join(map(blurred, _spoken(word, readings))) for word in new}
    return [known[word] for word in chinese], {c: readings[c] for c in sorted(own)}


def _known(base: Bundle, wanted: Collection[str]) -> dict[str, str]:
    """How words sound that a base has, too."""
    sounds = base.file("spelling.sounds.txt").read_text("utf8").splitlines()
    return {word: sound for word, sound in zip(words_of(base), sounds, strict=True) if word in wanted}


def _readings(characters: Collection[str]) -> dict[str, list[str]]:
    """The syllables of characters."""
    if not characters:
        return {}
    from pypinyin.constants import PHRASES_DICT, PINYIN_DICT  # 50 MB, which only a build that writes readings needs

    usual = Counter((c, s[0]) for phrase, sounds in PHRASES_DICT.items() for c, s in zip(phrase, sounds, strict=False))
    found = {}
    for char in characters:
        first, *others = PINYIN_DICT.get(ord(char), "").split(",")
        toned = (first, *(s for s in others if usual[char, s] >= USUAL))
        found[char] = [s for s in dict.fromkeys(map(_syllable, toned)) if _SYLLABLE.fullmatch(s)][:READINGS]
    return found


@lru_cache(maxsize=10_000)
def _syllable(toned: str) -> str:
    """chóng -> chong, lǜ -> lv"""
    plain = unicodedata.normalize("NFD", toned).replace("u\u0308", "v")
    return "".join(c for c in plain if not unicodedata.combining(c))


def _spoken(word: str, readings: Mapping[str, list[str]]) -> list[str]:
    """The syllables of a word, heteronyms read as it asks: 重启 chong, 重量 zhong."""
    from pypinyin.constants import PHRASES_DICT

    if word in PHRASES_DICT:
        return [_syllable(sounds[0]) for sounds in PHRASES_DICT[word]]
    return [sound for char in word for sound in readings[char][:1]]


def _write_readings(folder: Path, readings: Mapping[str, list[str]]) -> None:
    place = {"": 0}
    table = np.zeros((LAST - FIRST + 1, READINGS), np.uint16)
    for char, sounds in readings.items():
        table[ord(char) - FIRST, : len(sounds)] = [place.setdefault(s, len(place)) for s in sounds]
    (folder / "spelling.syllables.txt").write_text("\n".join(place), "utf8")
    np.save(folder / "spelling.readings.npy", table)
