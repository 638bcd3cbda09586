"""The documents can't lie: what exists is described, what is described exists."""

import ast
import re
from pathlib import Path
from urllib.parse import unquote

import pytest

from kb.articles import markdown
from kb.articles.parser import is_address
from kb.cli import cli
from kb.language import LANGUAGES
from kb.model import CASE_SECTIONS

ROOT = Path(__file__).parents[1]


def text(name: str) -> str:
    return (ROOT / name).read_text("utf8")


READMES = ("README.md", "README.zh-CN.md")


@pytest.mark.parametrize("name", READMES)
def test_readme_opens_with_a_picture(name: str) -> None:
    """Behind its title; then it says in a few sentences what this is, before the two commands."""
    title, picture, about = text(name).split("\n\n")[:3]
    assert title.startswith("# ")
    assert re.fullmatch(r"!\[[^\]]+\]\([\w/.-]+\)", picture)
    assert len(re.findall(r"[.。](?:\s|$)|[。]", about)) <= 5


@pytest.mark.parametrize("name", [*READMES, "ARCHITECTURE.md", "BENCHMARKS.md", "CONTRIBUTING.md", "CHANGELOG.md"])
def test_links_of_documents_lead_somewhere(name: str) -> None:
    """To a file that is there, and to a heading in it."""
    for _, target, _ in markdown.links(text(name)):
        if not is_address(target):
            path, _, anchor = unquote(target).partition("#")
            assert (ROOT / path).exists(), target
            assert not anchor or anchor in {o.anchor for o in markdown.outline(text(path or name))}, target


@pytest.mark.parametrize("name", READMES)
def test_commands_of_the_readme_exist(name: str) -> None:
    """It shows a few; all of them stand in the help."""
    shown = set(re.findall(r"^kb (\w+)", text(name), re.MULTILINE))
    assert {"build", "search", "suggest"} <= shown <= set(cli.all())


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


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_sections_of_a_case_are_documented(language: str) -> None:
    """The help for writers shows every section by its first name of that language."""
    manual = text(f"kb/web/help/{language}/write.md")
    names = [next(n for n in names if n.isascii() == (language == "en")) for names in CASE_SECTIONS.values()]
    assert not [name for name in names if name not in manual]
