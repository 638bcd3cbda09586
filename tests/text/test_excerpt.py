"""Of a long text what tells is read, wherever it stands."""

import random
import string

import pytest

from kb.desk.intake import pasted, read
from kb.model import MAX_TEXT
from kb.search.index import Index
from kb.search.suggest import suggest
from kb.text.excerpt import excerpt

WORDS = random.Random(7)


def word() -> str:
    return "".join(WORDS.choices(string.ascii_lowercase, k=6))


FILLERS = {
    "heartbeats": lambda i: f"2024-03-05 10:00:00 INFO heartbeat {i} sent, nothing to report here",
    "warnings": lambda i: f"2024-03-05 10:00:00 WARN slow query {i} took 5 s on connection {i % 90}",
    "failed requests": lambda i: f"2024-03-05 10:00:00 ERROR request {i} failed for user u{i}x on /a/{i}",
    "errors of all kinds": lambda i: f"10:00:00 ERROR {word()} failed {word()} {word()} {word()} {word()}",
    "nothing twice": lambda i: f"10:00:00 {word()} {word()} {word()} {word()} {word()} {word()}",
}
TOLD = ("FATAL: ORA-00257 archiver error", "%LINK-3-UPDOWN: Interface GE0/0/3 down", "状态码 0x0000011b 无法连接")
PLAIN = (
    "磁盘有坏道 sdb",
    "进程退出 exit status 127",
    "Reallocated sector count 88 on the second disk",
    "KB5017 安装回滚",
)


def long(filler: str, line: str, place: float) -> str:
    lines = [FILLERS[filler](i) for i in range(5000)]
    lines.insert(int(len(lines) * place), line)
    return "\n".join(lines)


@pytest.mark.parametrize("place", [0.0, 0.3, 0.6, 0.9, 1.0])
@pytest.mark.parametrize("line", TOLD)
@pytest.mark.parametrize("filler", FILLERS)
def test_a_line_with_a_code_is_read(filler: str, line: str, place: float) -> None:
    """However much noise is around it, also noise that calls itself an error."""
    text = long(filler, line, place)
    assert len(text) > MAX_TEXT
    cut = excerpt(text)
    assert line in cut.split("\n")
    assert len(cut) <= MAX_TEXT


@pytest.mark.parametrize("place", [0.3, 0.9])
@pytest.mark.parametrize("line", PLAIN)
@pytest.mark.parametrize("filler", ["heartbeats", "warnings", "failed requests"])
def test_a_line_like_no_other_is_read(filler: str, line: str, place: float) -> None:
    """It says neither error nor a code, but no program writes it every second."""
    assert line in excerpt(long(filler, line, place)).split("\n")


def test_a_log_of_one_line_is_read() -> None:
    """JSON without line ends is looked through, too."""
    piece = ",".join(f'"{word()}"' for _ in range(9000))
    text = f'{{"a": [{piece}], "error": "ORA-00257 full", "b": [{piece}]}}'
    assert "ORA-00257 full" in excerpt(text)
    assert len(excerpt("x" * 300_000)) <= MAX_TEXT


def test_what_is_short_stays() -> None:
    assert excerpt("a\n" * 100) == "a\n" * 100


def test_gaps_are_shown() -> None:
    """Lines that did not follow each other do not stand together."""
    lines = excerpt(long("heartbeats", "ORA-00257", 0.5)).split("\n")
    at = lines.index("ORA-00257")
    assert "…" in lines[at - 5 : at]
    assert "…" in lines[at : at + 5]


def test_files_and_pastes_are_cut_alike(built: Index) -> None:
    """The telling line stands late, in a file and in a paste; what was left out is said."""
    text = long("heartbeats", "ORA-00257: Archiver error. Connect AS SYSDBA only until resolved.", 0.8)
    found = read("a.log", text.encode())
    assert any("其余没有读" in note for note in found.notes)
    for given in (found.text, pasted(text)):
        assert suggest(built, given).suggestions[0].article.id == "KB-000074"
    assert suggest(built, pasted(text)).truncated
