"""What is misspelled is shown and undone everywhere: command line, pages, API; and the script that measures it."""

import json
import random
import runpy
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import CliRunner
from flask.testing import FlaskClient

from kb.cli import cli
from kb.language import use
from kb.search.index import Index
from kb.settings import load
from kb.web import create_app

ROOT = Path(__file__).parents[2]
TYPED = "打因机卡纸"
PAIR = [{"typed": "打因机", "better": "打印机"}]

Run = Callable[..., str]


@pytest.fixture
def client(built: Index) -> FlaskClient:
    """The site of the sample base."""
    folder = built.bundle.folder.parent
    return create_app(load({"articles": ROOT / "articles", "index": folder}, folder)).test_client()


@pytest.fixture
def run(built: Index, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Run:
    """run("search", "卡纸"): the command line over the sample base; notes and results."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("KB_ARTICLES", str(ROOT / "articles"))
    monkeypatch.setenv("KB_INDEX", str(built.bundle.folder.parent))
    return lambda *arguments: CliRunner().invoke(cli, list(arguments)).output


def test_command_line(run: Run) -> None:
    """A note says what was searched, too; --exact takes words as they stand."""
    for command in ("search", "suggest"):
        assert "已同时搜索 打印机（您输入：打因机）" in run(command, TYPED)
        assert "已同时搜索" not in run(command, TYPED, "--exact")
        assert json.loads(run(command, TYPED, "--json"))["corrections"] == PAIR
        assert json.loads(run(command, TYPED, "--json", "--exact"))["corrections"] == []


def test_api(client: FlaskClient) -> None:
    """corrections and exact in both answers."""
    found = client.get("/api/v1/search", query_string={"q": TYPED}).get_json()
    assert (found["corrections"], found["exact"]) == (PAIR, False)
    exact = client.get("/api/v1/search", query_string={"q": TYPED, "exact": "1"}).get_json()
    assert (exact["corrections"], exact["exact"]) == ([], True)
    assert client.post("/api/v1/suggest", json={"text": TYPED}).get_json()["corrections"] == PAIR
    assert client.post("/api/v1/suggest", json={"text": TYPED, "exact": True}).get_json()["corrections"] == []
    assert client.post("/api/v1/suggest", json={"text": TYPED, "exact": "yes"}).status_code == 400


@pytest.mark.parametrize("language", ["zh", "en"])
def test_pages(client: FlaskClient, language: str) -> None:
    """The note with its link, and with exact the way back."""
    use(language)
    also, only = {"zh": ("已同时搜索", "只搜了原文"), "en": ("Also searched", "Only what you typed was searched")}[
        language
    ]
    for path, key in (("/search", "q"), ("/suggest", "text")):
        page = client.get(path, query_string={key: TYPED, "lang": language}).get_data(as_text=True)
        assert also in page
        assert only not in page
        assert "打因机" in page
        page = client.get(path, query_string={key: TYPED, "lang": language, "exact": "1"}).get_data(as_text=True)
        assert also not in page
        assert only in page


def test_what_was_typed_is_no_markup(client: FlaskClient) -> None:
    """A correction is text wherever it is shown."""
    page = client.get("/search", query_string={"q": "<b>打因机</b>{x}"}).get_data(as_text=True)
    assert "<b>打因机" not in page


@pytest.mark.parametrize(
    "kind", ["character", "word", "letter", "traditional", "taiwan", "full width", "pinyin", "joined"]
)
def test_mistakes_are_made_with_a_seed(built: Index, kind: str) -> None:
    """Each kind of mistake changes a text, and the same seed makes the same."""
    spell = runpy.run_path(str(ROOT / "scripts/robustness"))["KINDS"][kind]
    text = "服务器无法连接数据库，connection refused"
    tokens = [t for t in built.tokenizer.tokens(text) if not t.part]
    once, again = (spell(text, tokens, random.Random(7), 0) for _ in range(2))
    assert once == again != text
