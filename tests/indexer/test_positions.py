"""Quotations by places, against a search through the texts themselves."""

import re
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from kb.bundle import Bundle
from kb.bundle.fields import REPEATED, SEGMENTS
from kb.indexer import positions as written
from kb.indexer.analysis import Row, Terms
from kb.model import Passage
from kb.search import wildcards
from kb.search.positions import Positions
from kb.text.tokens import HAN

FIELDS = sorted(SEGMENTS)
LETTER = rf"[^\W_{HAN}]"
NO_TERMS = Terms([], [], [], [])

texts = st.text(st.sampled_from("打印机ab1 ，_"), max_size=10)
segments = st.lists(st.tuples(st.sampled_from(FIELDS), texts), max_size=4)
passages = st.lists(segments, max_size=5)

Segments = Sequence[tuple[str, str]]


def rows(base: Sequence[Segments]) -> list[Row]:
    return [Row(Passage(""), NO_TERMS, NO_TERMS, [(SEGMENTS[f], text) for f, text in found]) for found in base]


def opened(folder: Path, base: Sequence[Segments]) -> Positions:
    """The places of these passages, written and opened."""
    written.write(folder, [written.cut(rows(base))])
    return Positions(Bundle(folder, {"own_passages": len(base)}))


def searched(field: str, base: Sequence[Segments]) -> list[list[str]]:
    """Of each passage the texts that a field is looked for in."""
    return [[text for f, text in found if (f not in REPEATED if field == "text" else f == field)] for found in base]


def as_pattern(quoted: str) -> re.Pattern[str] | None:
    """A quotation as a regular expression over texts."""
    out = ""
    last, end = "", 0
    for m in re.finditer(rf"[{HAN}]|{LETTER}+", quoted):
        chinese = bool(re.match(f"[{HAN}]", m[0]))
        if last == "chinese" and chinese:
            out += "" if m.start() == end else r"[\W_]+"
        elif last:
            out += r"[\W_]*"
        out += m[0] if chinese else f"(?<!{LETTER}){m[0]}(?!{LETTER})"
        last, end = "chinese" if chinese else "word", m.end()
    return re.compile(out) if out else None


def fits(shape: str, word: str) -> bool:
    """Whether a word has a shape, letter by letter."""
    if not shape:
        return not word
    if shape[0] == "*":
        return fits(shape[1:], word) or (bool(word) and fits(shape, word[1:]))
    return bool(word) and shape[0] in (word[0], "?") and fits(shape[1:], word[1:])


def words_of(text: str) -> list[str]:
    return re.findall(f"{LETTER}+", text)


@given(base=passages, quoted=texts, field=st.sampled_from(FIELDS), data=st.data())
def test_phrases(base: list[list[tuple[str, str]]], quoted: str, field: str, data: Any) -> None:
    """Any text, made up or taken from a passage, is found exactly where reading finds it."""
    every = [text for found in base for _, text in found if text]
    if every and data.draw(st.booleans()):
        text = data.draw(st.sampled_from(every))
        start = data.draw(st.integers(0, len(text) - 1))
        quoted = text[start : data.draw(st.integers(start + 1, len(text)))]
    pattern = as_pattern(quoted)
    expected = [i for i, found in enumerate(searched(field, base)) if pattern and any(map(pattern.search, found))]
    with tempfile.TemporaryDirectory() as folder:
        found = opened(Path(folder), base).phrase(quoted, field)
    assert sorted(set(found.tolist())) == expected


@given(base=passages, shape=st.text(st.sampled_from("ab1*?"), max_size=5), field=st.sampled_from(FIELDS))
def test_shapes(base: list[list[tuple[str, str]]], shape: str, field: str) -> None:
    """A word of a shape is found in the passages that hold one, and in the field asked for."""
    expected = [
        i for i, found in enumerate(searched(field, base)) if any(fits(shape, w) for t in found for w in words_of(t))
    ]
    with tempfile.TemporaryDirectory() as folder:
        found = opened(Path(folder), base).shaped(shape, field)
    assert sorted(set(found.tolist())) == expected


@given(base=passages, start=st.text(st.sampled_from("ab1"), max_size=2))
def test_words_that_begin_so(base: list[list[tuple[str, str]]], start: str) -> None:
    """Every word with this beginning, with the passages whose text holds it; code and number are there already."""
    expected: dict[str, set[int]] = {}
    for found in base:
        for text in (text for _, text in found):
            expected |= {w: set() for w in words_of(text) if w.startswith(start)}
    for i, found_texts in enumerate(searched("text", base)):
        for word in (w for text in found_texts for w in words_of(text) if w.startswith(start)):
            expected[word].add(i)
    with tempfile.TemporaryDirectory() as folder:
        found_words = opened(Path(folder), base).starting(start)
        assert {word: set(p.tolist()) for word, p in found_words.items()} == expected
        assert list(found_words) == sorted(found_words)


def test_a_phrase_ends_with_its_text(tmp_path: Path) -> None:
    """The end of one text and the beginning of the next, of one passage or two, are no neighbours."""
    found = opened(tmp_path, [[("text", "打"), ("text", "印")], [("text", "机 hp")], [("text", "p3015")]])
    for quoted in ("打印", "打 印", "印 机", "印机", "hp p3015"):
        assert found.phrase(quoted).tolist() == [], quoted
    assert found.phrase("机 hp").tolist() == [1]


def test_the_first_and_the_last_atom(tmp_path: Path) -> None:
    """A phrase that would begin before the stream or end after it is nowhere."""
    found = opened(tmp_path, [[("text", "打 a")], [("text", "a 打")]])
    assert found.phrase("印 打 a").tolist() == []
    assert found.phrase("a 打 印").tolist() == []
    assert found.phrase("打 a").tolist() == [0]
    assert found.phrase("a 打").tolist() == [1]


def test_fields(tmp_path: Path) -> None:
    """A text is found by its own field, and without one; what others hold too by its own alone."""
    found = opened(tmp_path, [[(field, f"in{field} 打印")] for field in FIELDS])
    for number, field in enumerate(FIELDS):
        assert found.phrase(f"in{field} 打印", field).tolist() == [number]
        assert found.phrase(f"in{field}").tolist() == ([] if field in REPEATED else [number])
        assert found.shaped(f"in{field[:2]}*", field).tolist() == [number]
    assert sorted(found.phrase("打印").tolist()) == [n for n, f in enumerate(FIELDS) if f not in REPEATED]
    assert found.phrase("印", "title").tolist() == [FIELDS.index("title")]


def test_nothing_written(tmp_path: Path) -> None:
    """No passage, or passages with nothing in them, hold nothing."""
    bases: list[list[list[tuple[str, str]]]] = [[], [[]], [[], [("text", "，。")]]]
    for number, base in enumerate(bases):
        (tmp_path / str(number)).mkdir()
        found = opened(tmp_path / str(number), base)
        assert found.words == []
        for quoted in ("打印", "a", "，", ""):
            assert found.phrase(quoted).tolist() == []
        assert found.shaped("*").tolist() == []
        assert found.starting("") == {}


def test_a_pattern_stands_for_so_many_words(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Of more words of a shape than may be looked at, the first ones count."""
    found = opened(tmp_path, [[("text", f"a{n}")] for n in range(5)])
    monkeypatch.setattr(wildcards, "MAX_EXPANSIONS", 3)
    assert sorted(found.shaped("a*").tolist()) == [0, 1, 2]


# --- what a build joins and reorders -----------------------------------------------------------


def files(folder: Path, stream: written.Stream) -> dict[str, bytes]:
    folder.mkdir()
    written.write(folder, [stream])
    return {p.name: p.read_bytes() for p in folder.iterdir()}


@given(parts=st.lists(passages, min_size=1, max_size=4), data=st.data())
def test_joined_and_taken_as_if_cut_at_once(parts: list[list[list[tuple[str, str]]]], data: Any) -> None:
    """Parts joined, some passages taken in another order: the same files as those passages cut together."""
    every = [found for part in parts for found in part]
    order = data.draw(st.lists(st.sampled_from(range(len(every))), unique=True)) if every else []
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        joined = written.joined([written.cut(rows(part)) for part in parts])
        assert files(folder / "joined", joined) == files(folder / "whole", written.cut(rows(every)))
        taken = joined.take(np.array(order, np.int64))
        again = written.cut(rows([every[i] for i in order]))
        assert files(folder / "taken", taken) == files(folder / "again", again)
        read = written.read(Bundle(folder / "taken", {"own_passages": len(order)}))
        assert files(folder / "read", read) == files(folder / "cut", again)
        assert read.words == again.words
