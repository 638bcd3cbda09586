"""Pastes as people write them: golden queries and codes within talk, chats, mails, forms and logs; and other texts.

What is asked by itself is found; what is pasted stands among words that say nothing. The shares below are held.
"""

import sys
from collections import Counter
from collections.abc import Iterable
from pathlib import Path

import framing
import pytest
from conftest import ARTICLES

from kb.search.index import Index
from kb.search.suggest import suggest

SCRIPTS = Path(__file__).parents[2] / "scripts"
sys.path.append(str(SCRIPTS))

from measuring.telling import Telling, codes, golden_queries, messages  # noqa: E402

GOLDEN_WITHIN = 0.83
"""Golden queries in ten frames, one of each kind, whose article is suggested within its place."""
CODES_FIRST = 0.95
"""Codes in the same frames whose article is suggested first."""
MESSAGES_FIRST_THREE = {20: 0.87, 100: 0.85}
"""Lines of a log of which one is a message -> messages whose article is among the first three."""
NOTHING = 0.82
"""Texts that nothing answers and that get nothing."""
STRONG = 0.03
"""Of the same, those whose first suggestion is strong, at most."""

FRAMES = [
    next(f for f in framing.frames() if f.kind == kind) for kind in dict.fromkeys(f.kind for f in framing.frames())
]


def places(index: Index, asked: Iterable[tuple[Telling, str]]) -> list[tuple[Telling, int]]:
    """The place of the right article for each paste, 0 for none."""
    out = []
    for telling, text in asked:
        found = [s.article.id for s in suggest(index, text).suggestions]
        out.append((telling, next((i for i, number in enumerate(found, 1) if number in telling.right), 0)))
    return out


def share(which: Iterable[bool]) -> float:
    every = list(which)
    return sum(every) / len(every)


def test_golden_queries_in_frames(built: Index) -> None:
    """The article of a golden query is suggested within its place whatever people write around it."""
    asked = [(t, framing.framed(f, t.text)) for f in FRAMES for t in golden_queries(built, ARTICLES)]
    assert len(asked) > 300
    assert share(0 < place <= t.within for t, place in places(built, asked)) >= GOLDEN_WITHIN


def test_codes_in_frames(built: Index) -> None:
    """The article that has a code in its title is suggested first."""
    asked = [(t, framing.framed(f, t.text)) for f in FRAMES for t in codes(built)]
    assert len(asked) > 300
    assert share(place == 1 for _, place in places(built, asked)) >= CODES_FIRST


@pytest.mark.parametrize(("lines", "least"), MESSAGES_FIRST_THREE.items())
def test_one_line_of_a_log(built: Index, lines: int, least: float) -> None:
    """A log of which one line tells the fault, in each format: its article is among the first three."""
    told = list(messages(built))
    asked = [
        (told[i % len(told)], framing.log(name, lines, told[i % len(told)].text))
        for i, name in enumerate(framing.formats() * 4)
    ]
    assert share(0 < place <= 3 for _, place in places(built, asked)) >= least


def test_what_nothing_answers(built: Index) -> None:
    """Small talk, questions about life, logs of other systems: most get nothing, and hardly any a strong suggestion."""
    first = [suggest(built, t.text).suggestions[:1] for t in framing.unanswerable()]
    counts = Counter(found[0].band if found else "none" for found in first)
    assert counts["none"] / counts.total() >= NOTHING
    assert counts["strong"] / counts.total() <= STRONG


# --- the frames themselves -------------------------------------------------------------------


def test_the_frames_are_many_and_complete() -> None:
    """Each frame is another text, holds what tells the fault, and leaves no slot open."""
    frames = framing.frames()
    assert len({f.text for f in frames}) == len(frames) >= 60
    for frame in frames:
        made = framing.framed(frame, "ORA-01653")
        assert "ORA-01653" in made
        assert "{" not in made.replace('{"', ""), frame
        assert made == framing.framed(frame, "ORA-01653")


@pytest.mark.parametrize("lines", framing.LENGTHS)
def test_a_log_holds_one_telling_line(lines: int) -> None:
    """A log of each format has so many lines, what tells the fault in one of them, and is the same each time."""
    assert len(framing.formats()) >= 8
    for name in framing.formats():
        made = framing.log(name, lines, "ORA-01653")
        assert len(made.split("\n")) == lines
        assert made.count("ORA-01653") == 1
        assert made == framing.log(name, lines, "ORA-01653")
        assert made != framing.log(name, lines, "ORA-01654").replace("ORA-01654", "ORA-01653")


def test_many_texts_without_an_answer() -> None:
    """Each once; windows of logs have the lines that they say."""
    texts = framing.unanswerable()
    assert len({t.text for t in texts}) == len(texts) >= 150
    windows = [t for t in texts if t.lines]
    assert {t.lines for t in windows} == set(framing.WINDOW_LINES)
    assert all(len(t.text.split("\n")) == t.lines for t in windows)
