"""What the style sheets promise: one scale of type, colours by name, nothing from elsewhere."""

import re
from pathlib import Path

import pytest

KB = Path(__file__).parents[2] / "kb"
SHEETS = sorted([*(KB / "web/static").glob("*.css"), KB / "desk/templates/pack.css"])
SCALE = ("xs", "s", "m", "l", "xl", "xxl")


def sizes(text: str) -> list[str]:
    """Every font size of a sheet, but those of paper."""
    return re.findall(r"font-size:\s*([^;}]+)", text.split("@media print")[0])


@pytest.mark.parametrize("sheet", SHEETS, ids=lambda p: p.name)
def test_one_scale_of_type(sheet: Path) -> None:
    """A size is one of the six, or relative to the text around; pixels stand in charts and in phones' fields."""
    for size in sizes(sheet.read_text("utf8")):
        named = re.fullmatch(r"var\(--t-(\w+)\)", size)
        assert (named and named[1] in SCALE) or size == "inherit" or re.fullmatch(r"\d*\.?\d+em|\d+px", size), size


def test_the_scale_is_said_once_for_site_and_pack() -> None:
    """Both have the same six sizes."""
    said = [
        re.findall(r"--t-(\w+): ([^;]+);", (KB / p).read_text("utf8"))
        for p in ("web/static/style.css", "desk/templates/pack.css")
    ]
    assert said[0] == said[1]
    assert [name for name, _ in said[0]] == list(SCALE)


@pytest.mark.parametrize("sheet", SHEETS, ids=lambda p: p.name)
def test_nothing_comes_from_elsewhere(sheet: Path) -> None:
    """No import, no address."""
    text = sheet.read_text("utf8")
    assert "@import" not in text
    assert not re.search(r"url\(\s*['\"]?(?!data:)", text)
