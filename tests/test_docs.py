"""The documents can't lie: what exists is described, what is described exists."""

import ast
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
    """ARCHITECTURE.md names each room, and what stands beside them; each room's __init__ names its modules."""
    page = text("ARCHITECTURE.md")
    rooms = [p for p in (ROOT / "kb").iterdir() if (p / "__init__.py").exists()]
    beside = [p.name for p in (ROOT / "kb").glob("*.py") if not p.name.startswith("__")]
    assert len(rooms) > 10
    assert not [p.name for p in rooms if f"`kb/{p.name}`" not in page]
    assert not [name for name in beside if f"`kb/{name}`" not in page]
    for room in (ROOT / "kb").rglob("*/__init__.py"):
        told = ast.get_docstring(ast.parse(room.read_text("utf8"))) or ""
        modules = [p.name for p in room.parent.glob("*.py") if not p.name.startswith("__")]
        if "migrations" not in room.parts:  # numbered by their tool
            assert not [name for name in modules if not re.search(rf"(?<![\w/]){re.escape(name)}", told)], room


def test_rooms_name_what_is_there() -> None:
    """No room's __init__ speaks of a module that went."""
    for room in (ROOT / "kb").rglob("__init__.py"):
        told = ast.get_docstring(ast.parse(room.read_text("utf8"))) or ""
        for name in re.findall(r"[\w/]+\.py\b", told):
            places = (ROOT / name, ROOT / "kb" / name, room.parent / name)
            known = any(p.exists() for p in places) or any((ROOT / "kb").rglob(name.rpartition("/")[2]))
            assert known, f"{room}: {name}"


def test_every_module_says_what_it_does() -> None:
    """The first line of each module is a sentence."""
    for path in (ROOT / "kb").rglob("*.py"):
        first = path.read_text("utf8").split("\n", 1)[0]
        assert re.match(r'"""[A-Z].+', first), path


def test_the_sections_of_a_case_are_documented() -> None:
    """The manual for writers shows every section by its first name."""
    manual = text("articles/manual/KB-000182.md")
    assert not [names[0] for names in CASE_SECTIONS.values() if names[0] not in manual]
