"""The documents can't lie: what exists is described, what is described exists."""

import re
from pathlib import Path

import pytest

from kb.bundle.fields import FIELDS
from kb.cli import cli
from kb.model import CASE_SECTIONS
from kb.settings import SETTINGS

ROOT = Path(__file__).parents[1]


def text(name: str) -> str:
    return (ROOT / name).read_text("utf8")


@pytest.mark.parametrize("name", ["README.md", "README.zh-CN.md"])
def test_readme_shows_every_command_but_serve(name: str) -> None:
    """Each command stands in both READMEs; the site is started by scripts/start there."""
    shown = set(re.findall(r"^kb (\w+)", text(name), re.MULTILINE))
    assert shown == set(cli.commands) - {"serve"}


def test_every_setting_is_in_the_manual() -> None:
    """The manual for administrators names each setting and its variable."""
    manual = text("articles/manual/KB-000184.md")
    missing = [s.name for s in SETTINGS if f"`{s.name}`" not in manual or f"KB_{s.name.upper()}" not in manual]
    assert not missing


def test_every_field_is_in_the_manual() -> None:
    """The manual for engineers names each field that a query can ask for."""
    manual = text("articles/manual/KB-000180.md")
    assert not [f.name for f in FIELDS if f"{f.name}" not in manual]


def test_every_module_has_its_place() -> None:
    """ARCHITECTURE.md answers for each module where it belongs; packages' own files aside."""
    page = text("ARCHITECTURE.md")
    modules = [p for p in (ROOT / "kb").rglob("*.py") if not p.name.startswith("__")]
    assert not [p.name for p in modules if p.name not in page and p.stem not in page.split()]


def test_every_module_says_what_it_does() -> None:
    """The first line of each module is a sentence."""
    for path in (ROOT / "kb").rglob("*.py"):
        first = path.read_text("utf8").split("\n", 1)[0]
        assert re.match(r'"""[A-Z].+', first), path


def test_the_sections_of_a_case_are_documented() -> None:
    """The manual for writers shows every section by its first name."""
    manual = text("articles/manual/KB-000182.md")
    assert not [names[0] for names in CASE_SECTIONS.values() if names[0] not in manual]
