"""One way to ask: page, API, command line and golden queries answer a paste alike, and print the same JSON."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from flask.testing import FlaskClient
from sqlalchemy import select
from werkzeug.test import TestResponse

from kb.articles import golden as golden_file
from kb.cli import cli
from kb.database import tables
from kb.database.activity import Feedback
from kb.database.connection import Store
from kb.desk import answers
from kb.desk.golden import run
from kb.desk.memory import AT_ONCE, remembered_by
from kb.desk.paste import Paste, answer_paste
from kb.model import Query
from kb.search.engine import engines
from kb.settings import Settings
from kb.web import create_app

OWN_WORDS = "大屏幕一早就黑着转圈圈，领导催得急"
"""A customer's wording of which no article holds a telling word."""
TARGET = "KB-000077"


@pytest.fixture
def private(sample_settings: Settings, tmp_path: Path) -> Settings:
    """The site of the repository's own articles with a log of its own, in which a verdict lies."""
    settings = replace(sample_settings, database=str(tmp_path / "people.db"))
    store = Store(settings.database)
    Feedback(store, 30).give_verdict(TARGET, "helpful", "somebody", OWN_WORDS)
    store.close()
    return settings


@pytest.fixture
def client(private: Settings) -> FlaskClient:
    return create_app(private).test_client()


def printed(settings: Settings, *arguments: str) -> Any:
    folders = ["--articles", str(settings.articles), "--index", str(settings.index)]
    runner = CliRunner(env={"KB_DATABASE": settings.database})
    return json.loads(runner.invoke(cli, [*arguments, "--json", *folders]).stdout)


def read(answer: TestResponse) -> dict[str, Any]:
    """The object that an answer is."""
    data = answer.json
    assert isinstance(data, dict)
    return data


def timeless(data: dict[str, Any]) -> dict[str, Any]:
    """Without what differs from one asking to the next."""
    return {key: value for key, value in data.items() if key not in ("milliseconds", "search")}


@pytest.mark.parametrize("text", [OWN_WORDS, "激光打印机报50.2，打出来的纸字一摸就掉黑", "附近有没有川菜馆推荐"])
def test_a_paste_has_one_answer(client: FlaskClient, private: Settings, text: str) -> None:
    """The API, the command line and the page say the same of a text, what helped before included."""
    told = read(client.post("/api/v1/suggest", json={"text": text}))
    assert timeless(printed(private, "suggest", text)) == timeless(told)
    page = client.get("/suggest", query_string={"text": text}).text
    assert all(f"/a/{s['id']}" in page for s in told["suggestions"])
    if text == OWN_WORDS:
        assert told["suggestions"][0]["id"] == TARGET
        assert told["suggestions"][0]["remembered"] == {"helpful": 1, "unhelpful": 0}


def test_golden_queries_are_answered_so_too(private: Settings) -> None:
    """A golden query that only a verdict answers holds, as it does on the site."""
    engine = engines(private).in_force()
    query = golden_file.Golden(OWN_WORDS, (TARGET,), "suggest")
    assert [o.rank for o in run(engine, [query])] == [0]
    assert [o.rank for o in run(engine, [query], remembered_by(private, engine))] == [1]


def test_a_command_reads_all_verdicts(private: Settings) -> None:
    """A site reads many verdicts beside its first answers; a command that asks once waits for them."""
    store = Store(private.database)
    log = Feedback(store, 30)
    for number in range(AT_ONCE + 1):
        log.give_verdict(TARGET, "helpful", f"visitor {number}", OWN_WORDS)
    store.close()
    remembered = remembered_by(private, engines(private).in_force())
    assert remembered is not None
    assert len(remembered) == 1


def test_no_log_is_made_to_be_read(sample_settings: Settings, tmp_path: Path) -> None:
    """Where nobody has said anything, asking leaves no database behind."""
    settings = replace(sample_settings, database=str(tmp_path / "none.db"))
    assert remembered_by(settings, engines(settings).in_force()) is None
    assert list(tmp_path.iterdir()) == []


def test_what_masks_hid_says_nothing(private: Settings) -> None:
    """A placeholder counts as the blank that it stands for, whoever asks; a subject stands before the text."""
    engine = engines(private).in_force()
    text = "激光打印机报50.2"
    plain, masked = (answer_paste(engine, Paste(t)) for t in (f" ，{text}", f"〔姓名1〕，{text}"))
    assert timeless(answers.Suggestions.of(masked).data()) == timeless(answers.Suggestions.of(plain).data())
    subject = answer_paste(engine, Paste("字一摸就掉", subject=text))
    assert subject.suggestions == answer_paste(engine, Paste(f"{text}\n字一摸就掉")).suggestions


@pytest.mark.parametrize(
    ("sent", "shown"),
    [
        ("\x1b[31m激光打印机报5\x1b[0m0.2\x1b[0m，打出来的纸字一摸就掉黑", "激光打印机报50.2，打出来的纸字一摸就掉黑"),
        (
            '<Event xmlns="http://schemas.microsoft.com/win/2004/08/events/event"><System><Provider Name="NETLOGON"/>'
            "<EventID>5719</EventID><Level>2</Level></System></Event>",
            "来源: NETLOGON\n事件 ID: 5719\n级别: 错误",
        ),
    ],
    ids=["colours", "event"],
)
def test_a_paste_is_read_as_it_is_shown(client: FlaskClient, private: Settings, sent: str, shown: str) -> None:
    """Colours and the XML of an event say nothing, whoever asks; the log keeps what is left, as that of the page."""
    told = read(client.post("/api/v1/suggest", json={"text": sent}))
    plain = read(client.post("/api/v1/suggest", json={"text": shown}))
    assert timeless(told) == timeless(plain) == timeless(printed(private, "suggest", sent))
    assert told["suggestions"]
    with Store(private.database).session() as session:
        assert set(session.scalars(select(tables.Search.text))) == {shown}


def test_other_answers_have_one_shape(client: FlaskClient, private: Settings) -> None:
    """Searches, articles, problems and duplicates: what the command line prints is what the API sends."""
    assert timeless(printed(private, "search", "打印机 卡纸", "-n", "3")) == timeless(
        read(client.get("/api/v1/search?q=打印机 卡纸&size=3"))
    )
    assert printed(private, "show", "KB-000012") == read(client.get("/api/v1/articles/KB-000012"))
    told = read(client.get("/api/v1/why?q=打印机 卡纸&article=KB-000077"))
    assert printed(private, "why", "--quick", "打印机 卡纸", "KB-000077").keys() == told.keys()


def test_every_key_comes_from_the_value(private: Settings) -> None:
    """A model reads a value by its names; a key that the value lacks is not made up."""
    engine = engines(private).in_force()
    page = engine.search(Query("ORA-01653"))
    data = answers.Results.of(page).data()
    assert data["hits"][0]["title_spans"] == [list(span) for span in page.hits[0].title.spans]
    assert data["facets"]["kind"] == [{"value": v, "count": n} for v, n in page.facets["kind"]]
    assert set(data) == set(answers.Results.model_fields)
    change = engine.why(Query("打印机", {"area": ("network",)}), engine.article("KB-000012")).changes[0]
    asked = answers.Change.of(change, None).data()
    assert (asked["rank"], asked["golden"], asked["filters"]) == (None, None, {})
    assert "filters" not in answers.Change.of(change._replace(query=None), None).data()
