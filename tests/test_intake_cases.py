"""What comes in, as data: articles, mails, logs and tables in tests/intake, and what must come of each."""

import gzip
import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from kb.articles import markdown
from kb.articles.files import load, parse
from kb.articles.importing import plan
from kb.articles.importing.model import Options
from kb.bundle import open_current
from kb.desk.intake import read
from kb.indexer.build import build
from kb.model import Query
from kb.search.index import Index
from kb.search.searcher import search
from kb.settings import load as load_settings

FOLDER = Path(__file__).parent / "intake"


def cases(name: str) -> list[Any]:
    found = yaml.safe_load((FOLDER / name).read_text("utf8"))
    return [pytest.param(i, case, id=case["name"]) for i, case in enumerate(found)]


# --- articles ----------------------------------------------------------------------------------

ARTICLES = cases("articles.yml")


@pytest.fixture(scope="module")
def base(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Index, tuple[str, ...]]:
    """(folder, index, problems) of all the articles."""
    folder = tmp_path_factory.mktemp("intake")
    (folder / "articles").mkdir()
    for case in ARTICLES:
        number, given = case.values
        (folder / "articles" / f"a{number:02}.md").write_text(given["text"], "utf8")
    settings = load_settings({"workers": 1}, folder)
    report = build(settings)
    return folder / "articles", Index(open_current(settings.index)), report.problems


@pytest.mark.parametrize(("number", "case"), ARTICLES)
def test_articles(base: tuple[Path, Index, tuple[str, ...]], number: int, case: dict[str, Any]) -> None:
    """Words stay and are found, marks go, what a page shows is what was meant."""
    folder, index, problems = base
    article, _ = load(folder / f"a{number:02}.md", folder, 100)
    html = markdown.render(article.body)
    passages = markdown.split(article)
    position = 0
    for piece in case.get("shows", ()):
        assert piece in html[position:], html
        position += html[position:].index(piece) + len(piece)
    for piece in case.get("hides", ()):
        assert piece not in html
        assert not any(piece in p.text for p in passages)
    strong = [re.sub(r"<[^>]+>", "", s) for s in re.findall(r"<strong>(.*?)</strong>", html, re.DOTALL)]
    assert all(piece in strong for piece in case.get("bold", ())), strong
    code = [p.text[a:b].rstrip("\n") for p in passages for a, b in p.code]
    assert all(piece.rstrip("\n") in code for piece in case.get("code", ())), code
    assert html.count("<input") == case.get("boxes", 0)
    for key in ("title", "created"):
        assert key not in case or getattr(article, key) == case[key]
    assert list(article.tags) == case.get("tags", [])
    for query in case.get("finds", ()):
        paths = [h.article.path for h in search(index, Query(query, size=50)).hits]
        assert article.path in paths, query
    own = [p for p in problems if p.startswith(f"{article.path}:")]
    assert bool(own) == ("problem" in case), own
    assert case.get("problem", "") in "".join(own)


def test_a_code_with_another_dash_is_as_sure(base: tuple[Path, Index, tuple[str, ...]]) -> None:
    """A code is matched whole: it counts the same whichever dash its author's program wrote."""
    index = base[1]
    hits = [search(index, Query(query)).hits[0] for query in ("KQX-20417", "KQX–20417")]
    assert hits[0].score == hits[1].score
    assert hits[0].snippet.text == hits[1].snippet.text
    marked = [hits[0].snippet.text[a:b] for a, b in hits[0].snippet.spans]
    assert "KQX–20417" in marked


# --- mails and logs ----------------------------------------------------------------------------


@pytest.mark.parametrize("end", ["\n", "\r\n"], ids=["LF", "CRLF"])
@pytest.mark.parametrize(("number", "case"), cases("mails.yml"))
def test_mails(number: int, case: dict[str, Any], end: str) -> None:
    """The text of a mail, whatever program wrote it; its subject comes first and is told by itself."""
    found = read("a.eml", case["raw"].replace("\n", end).encode(case.get("encoding", "utf8")))
    assert found.kind == "mail"
    assert found.text.split("\n")[0] == found.subject
    assert found.subject == case.get("subject", found.subject)
    assert all(piece in found.text for piece in case.get("holds", ())), found.text
    assert not any(piece in found.text for piece in case.get("lacks", ())), found.text
    assert not case.get("lines") or set(case["lines"]) <= set(found.text.split("\n")), found.text
    assert case.get("note", "") in "".join(found.notes)


@pytest.mark.parametrize("end", ["\n", "\r\n"], ids=["LF", "CRLF"])
@pytest.mark.parametrize("head", yaml.safe_load((FOLDER / "quotations.yml").read_text("utf8")))
def test_quoted_mails(head: str, end: str) -> None:
    """What follows the line above an older mail is not the new one's, as every program writes that line."""
    new = "换过电源了，考勤机开机十秒后还是自动关机，请安排上门看一下吧。"
    raw = f"Subject: Re: x\nContent-Type: text/plain; charset=utf-8\n\n{new}\n\n\n{head}\n请先重启打印机\n"
    assert read("a.eml", raw.replace("\n", end).encode()).text == f"Re: x\n\n{new}"


@pytest.mark.parametrize(("number", "case"), cases("logs.yml"))
def test_logs(number: int, case: dict[str, Any]) -> None:
    """A file is read as a person would read it on a terminal, in every encoding it is in."""
    pieces = [text.encode(*(how if isinstance(how, list) else [how])) for text, how in case["pieces"]]
    found = read(case["name"], b"".join(map(gzip.compress, pieces) if case.get("gzip") else pieces))
    assert found.text == case["text"]
    assert found.kind == case.get("kind", found.kind)
    assert case.get("note", "") in "".join(found.notes)


# --- tables ------------------------------------------------------------------------------------


@pytest.mark.parametrize(("number", "case"), cases("tables.yml"))
def test_tables(tmp_path: Path, number: int, case: dict[str, Any]) -> None:
    """A row becomes the article that its writer meant."""
    if repeat := case.get("csv_repeat"):
        before, piece, times, after = repeat
        text = before + piece * times + after
    else:
        text = case["csv"]
    (tmp_path / "a.csv").write_text(text, "utf8")
    planned = plan.plan(tmp_path / "a.csv", tmp_path / "articles", Options())
    assert [i.title for i in planned.items] == [wanted["title"] for wanted in case["items"]]
    for item, wanted in zip(planned.items, case["items"], strict=True):
        article = parse(item.text, item.path)
        assert all(piece in article.body for piece in wanted.get("body", ())), article.body
        assert not any(piece in article.body for piece in wanted.get("lacks", ())), article.body
        assert article.extra.get("ticket") == wanted.get("ticket", article.extra.get("ticket"))
        assert article.created == wanted.get("created", article.created)
        assert list(article.product) == wanted.get("product", list(article.product))
    assert case.get("problem", "") in "".join(planned.problems)
    assert bool(planned.problems) == ("problem" in case)
