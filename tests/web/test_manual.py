"""The help: complete in both languages, true to the code, searched by itself, reached from every page."""

import re
import subprocess
import sys
from pathlib import Path
from urllib.parse import unquote

import pytest
from flask.testing import FlaskClient
from test_web import visit

from kb.articles import markdown
from kb.articles.parser import is_address
from kb.bundle.fields import FIELDS
from kb.language import LANGUAGES
from kb.model.schema import CHOICES, NAMES
from kb.settings import SETTINGS, Settings
from kb.web import create_app, manual

ROOT = Path(__file__).parents[2]
HELP = ROOT / "kb" / "web" / "help"
STATIC = ROOT / "kb" / "web" / "static"
HAN = re.compile(r"[\u4e00-\u9fff]")
EVERY = [(language, name) for language in LANGUAGES for name in manual.TOPICS]
LARGEST = 200_000


def text(language: str, name: str) -> str:
    return (HELP / language / f"{name}.md").read_text("utf8")


@pytest.fixture
def site(sample_settings: Settings) -> FlaskClient:
    return visit(sample_settings)


def test_the_topics_are_the_files() -> None:
    """Of each language; each is told about in a line."""
    for language in LANGUAGES:
        assert {p.stem for p in (HELP / language).iterdir()} == set(manual.TOPICS)
    assert set(manual.TOLD) == set(manual.TOPICS)


@pytest.mark.parametrize("name", manual.TOPICS)
def test_both_languages_say_the_same(name: str) -> None:
    """As many sections, examples, tables' columns and pictures; what is not English stands in neither's place."""
    for pattern in (r"(?m)^## ", r"(?m)^### ", r"(?m)^```", r"(?m)^\|[ -]*---", r"\.webp\)"):
        assert len(re.findall(pattern, text("zh", name))) == len(re.findall(pattern, text("en", name))), pattern
    words = re.sub(r"(?s)```.*?```", "", text("en", name))
    assert len(HAN.findall(words)) < len(words) / 100
    assert len(HAN.findall(text("zh", name))) > len(text("zh", name)) / 20


@pytest.mark.parametrize("language", LANGUAGES)
def test_it_names_what_there_is(language: str) -> None:
    """Every setting and its variable, every field of a query, every key and value of the front matter."""
    settings, searching, writing = (text(language, name) for name in ("settings", "search", "write"))
    assert not [s.name for s in SETTINGS if f"`{s.name}`" not in settings or f"`KB_{s.name.upper()}`" not in settings]
    assert not [f.name for f in FIELDS if f"`{f.name}`" not in searching]
    assert not [n for n in (*NAMES, *(v for values in CHOICES.values() for v in values)) if n not in writing]


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_commands_are_what_the_program_says(language: str) -> None:
    """The page is what ./scripts/commands writes."""
    made = subprocess.run(
        [sys.executable, ROOT / "scripts" / "commands", language], capture_output=True, text=True, check=True
    )
    assert made.stdout == text(language, "commands"), "run ./scripts/commands"


@pytest.mark.parametrize(("language", "name"), EVERY)
def test_its_links_lead_somewhere(language: str, name: str) -> None:
    """To a topic, to a heading of it, or to a picture; read on the site, and as files."""
    for _, target, image in markdown.links(text(language, name)):
        if image:
            assert (HELP / language / target).resolve().parent == STATIC / "help", target
            assert (HELP / language / target).exists(), target
        elif not is_address(target):
            topic, _, anchor = unquote(target).partition("#")
            there = markdown.outline(text(language, topic.removesuffix(".md") or name))
            assert not anchor or anchor in {o.anchor for o in there}, target


@pytest.mark.parametrize(("language", "name"), EVERY)
def test_pages(site: FlaskClient, language: str, name: str) -> None:
    """Each topic is shown, with its title once, and with its pictures small enough for a slow line."""
    answer = site.get(f"/help/{name}?lang={language}")
    assert answer.status_code == 200
    assert answer.text.count("<h1") == 1
    weight = len(answer.data)
    for address in re.findall(r'(?:src|href)="/static/([^"]+)"', answer.text):
        got = site.get(f"/static/{address}")
        assert got.status_code == 200, address
        weight += len(got.data)
    assert weight < LARGEST


def test_what_is_no_topic(site: FlaskClient) -> None:
    """A page that is not there."""
    assert site.get("/help/nothing").status_code == 404
    assert site.get("/help/../style.css").status_code == 404


@pytest.mark.parametrize(
    ("language", "asked", "topic"),
    [
        ("zh", "怎样备份", "operate"),
        ("zh", "检索语法 短语", "search"),
        ("zh", "同义词怎么写", "write"),
        ("zh", "退出码", "commands"),
        ("zh", "撤回导入", "import"),
        ("en", "how do I back up", "operate"),
        ("en", "exit codes", "commands"),
        ("en", "wildcards", "search"),
        ("en", "log_days", "settings"),
        ("en", "mask customer data", "paste"),
    ],
)
def test_searching_the_help(language: str, asked: str, topic: str) -> None:
    """The right topic is among the first three sections."""
    assert topic in [f.topic.name for f in manual.search(asked, language)[:3]]


@pytest.mark.parametrize("asked", ["", "   ", "xyzzy", "（", "a" * 5000, "\x00"])
def test_a_search_that_finds_nothing(site: FlaskClient, asked: str) -> None:
    """Says so, and never fails; without words there is the list of topics alone."""
    page = site.get("/help", query_string={"q": asked})
    assert page.status_code == 200
    assert page.text.count("/help/search") >= 1
    assert manual.search("", "zh") == []


def test_the_help_is_no_part_of_the_base(site: FlaskClient) -> None:
    """A search for faults finds no manual of the program, and a search in the help no fault."""
    assert "/help/" not in re.sub(r"(?s)<nav.*?</nav>|<footer.*|<dialog.*", "", site.get("/search?q=粘贴 打码").text)
    assert not [f for f in manual.search("LaserJet P4015 定影", "zh") if f.anchor.startswith("KB-")]


def test_every_page_leads_to_its_topic(site: FlaskClient) -> None:
    """By the sign in the header, the footer and the sheet of shortcuts; a page without one leads to the contents."""
    for address, topic in (
        ("/", "/help/search"),
        ("/search?q=卡纸", "/help/search"),
        ("/suggest", "/help/paste"),
        ("/new?kind=case", "/help/write"),
        ("/review", "/help/write"),
        ("/import", "/help/import"),
        ("/insights", "/help/lead"),
        ("/insights/words", "/help/lead"),
        ("/api", "/help/api"),
        ("/help", "/help"),
        ("/nowhere", "/help"),
    ):
        assert site.get(address).text.count(f'href="{topic}"') >= 3, address


def test_the_pages_with_a_topic_exist(sample_settings: Settings) -> None:
    """No row of the table is about a page that went."""
    assert set(manual.ABOUT) <= set(create_app(sample_settings).view_functions)
    assert set(manual.ABOUT.values()) <= set(manual.TOPICS)
