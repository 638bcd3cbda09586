"""The table of OWASP ASVS is one that can be believed: what it names exists, and nothing is claimed without proof."""

import re
from pathlib import Path

ROOT = Path(__file__).parent.parent
TABLE = (ROOT / "docs" / "asvs.md").read_text("utf8")
ROWS = [line.strip("|").split("|") for line in TABLE.splitlines() if re.match(r"\| \d", line)]
CHAPTERS = {1: 5, 2: 4, 3: 7, 4: 4, 5: 4, 6: 8, 7: 6, 8: 4, 9: 2, 10: 7, 11: 6, 12: 3, 13: 4, 14: 3, 15: 3, 16: 5}
"""Chapters of the standard, with how many sections the last has that levels 1 and 2 ask for something of."""


def test_every_test_it_names_exists() -> None:
    """Each is a function of a file below tests, once at least."""
    texts = [path.read_text("utf8") for path in (ROOT / "tests").rglob("test_*.py")]
    there = {name for text in texts for name in re.findall(r"^def (test_\w+)", text, re.MULTILINE)}
    named = set(re.findall(r"`(test_\w+)`", TABLE))
    assert len(named) > 100
    assert sorted(named - there) == []


def test_every_row_has_its_proof() -> None:
    """A test, or the word that says why there is none."""
    for item, how, proof in ROWS:
        words = re.findall(r"\*\*gap\*\*|\*\*operator\*\*|none here", how, re.IGNORECASE)
        assert re.findall(r"`test_\w+`", proof) or words, item


def test_every_chapter_is_there() -> None:
    """All but WebRTC, to its last section, and no item twice."""
    items = [number for item, _, _ in ROWS for number in re.findall(r"\d+\.\d+\.\d+", item)]
    assert len(items) == len(set(items))
    sections = {(int(n.split(".")[0]), int(n.split(".")[1])) for n in items}
    assert {chapter: max(s for c, s in sections if c == chapter) for chapter, _ in sections} == CHAPTERS
