"""The JSON API: the same answers as the pages, and one shape for every error."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from kb.desk import answers as told
from kb.desk.paste import Paste
from kb.indexer.build import build
from kb.indexer.meaning import fill
from kb.model import MAX_ANSWERS, Answer, Query
from kb.search.index import Index
from kb.search.searcher import search
from kb.search.suggest import suggest
from kb.settings import Settings
from kb.web import MAX_BODY, api, create_app, requests

Write = Callable[[str, str], Path]


@pytest.fixture
def client(sample_settings: Settings) -> FlaskClient:
    """A client of the repository's own articles."""
    return create_app(sample_settings).test_client()


def timeless(data: dict[str, Any]) -> dict[str, Any]:
    return {k: v for k, v in data.items() if k not in ("milliseconds", "search")}


def assert_error(answer: TestResponse, status: int) -> str:
    """An error is {"error": {"status", "message"}}, perhaps with the field; returns the message."""
    assert answer.status_code == status
    assert answer.mimetype == "application/json"
    assert list(answer.json) == ["error"]
    assert set(answer.json["error"]) - {"field"} == {"message", "status"}
    assert answer.json["error"]["status"] == status
    message = answer.json["error"]["message"]
    assert isinstance(message, str)
    assert message
    return message


def test_search(client: FlaskClient, built: Index) -> None:
    """A search by the API is the search of the command line and the pages."""
    answer = client.get("/api/v1/search?q=打印机&area=printer&kind=故障案例&sort=updated&page=2&size=3").json
    filters = {"area": ("printer",), "kind": ("case",)}
    expected = search(built, Query("打印机", filters, sort="updated", page=2, size=3))
    assert timeless(answer) == timeless(told.Results.of(expected).data())
    assert len(answer["hits"]) == 3


def test_search_spans_fit_the_text(client: FlaskClient) -> None:
    """Spans of a snippet and a title count characters of the very text that is sent."""
    hits = client.get("/api/v1/search?q=打印机 卡纸").json["hits"]
    assert hits
    for hit in hits:
        for text, spans in ((hit["snippet"]["text"], hit["snippet"]["spans"]), (hit["title"], hit["title_spans"])):
            assert all(0 <= start < end <= len(text) for start, end in spans)


def test_search_is_never_an_error(client: FlaskClient) -> None:
    """A parameter that makes no sense is left out; a query of any characters is answered."""
    for query in ("", "q=", "q=%00%ff", "q=((((", 'q="', "page=0&size=99999", "after=x&sort=y", "q=" + "a" * 5000):
        assert client.get(f"/api/v1/search?{query}").status_code == 200, query
    assert client.get("/api/v1/search?q=zzzz 量子纠缠").json["hits"] == []


def test_suggest(client: FlaskClient, built: Index) -> None:
    """The suggestions of the API are those of the page; nothing similar is an empty list."""
    text = "激光打印机报50.2，打出来的纸字一摸就掉黑"
    answer = client.post("/api/v1/suggest", json={"text": text, "count": 2}).json
    assert timeless(answer) == timeless(told.Suggestions.of(suggest(built, text, 2)).data())
    assert answer["suggestions"][0]["id"] == "KB-000013"
    nothing = client.post("/api/v1/suggest", json={"text": "附近有没有川菜馆推荐"}).json
    assert (nothing["similar"], nothing["suggestions"]) == (False, [])


@pytest.mark.parametrize(
    "sent",
    [
        {},
        {"text": ""},
        {"text": " \n"},
        {"text": 1},
        {"text": None},
        {"text": ["x"]},
        {"text": "x", "count": 0},
        {"text": "x", "count": requests.MAX_COUNT + 1},
        {"text": "x", "count": "5"},
        {"text": "x", "count": 1.5},
        {"text": "x", "count": True},
        [],
        "text",
        None,
    ],
)
def test_suggest_mistakes(client: FlaskClient, sent: Any) -> None:
    """What is sent wrong is told what would be right."""
    assert '"text"' in assert_error(client.post("/api/v1/suggest", json=sent), 400)


def test_suggest_asks_back(client: FlaskClient, built: Index) -> None:
    """A vague text brings questions; an answer sent along sorts anew, and is told back with its question."""
    text = "打印机连不上"
    first = client.post("/api/v1/suggest", json={"text": text}).json
    question = first["questions"][0]
    assert question["text"].endswith("？")
    assert question["ask"] == f"{question['kind']}:{question['value']}"
    assert set(question["articles"]) < {s["id"] for s in first["suggestions"]}
    sent = {"ask": question["ask"], "answer": "yes"}
    then = client.post("/api/v1/suggest", json={"text": text, "answers": [sent]}).json
    assert then["answers"] == [{**sent, "text": question["text"]}]
    assert then["suggestions"][0]["id"] in question["articles"]
    assert then["suggestions"][0]["factor"] > 1
    assert timeless(then) == timeless(told.Suggestions.of(suggest(built, text, answers=[Answer(**sent)])).data())


@pytest.mark.parametrize(
    "answers",
    [
        None,
        "code:x=yes",
        ["code:x=yes"],
        [{}],
        [{"ask": "code:x"}],
        [{"ask": "code:x", "answer": "maybe"}],
        [{"ask": "cause:hardware", "answer": "yes"}],
        [{"ask": 1, "answer": True}],
        [{"ask": f"code:{i}", "answer": "no"} for i in range(MAX_ANSWERS + 1)],
    ],
)
def test_suggest_wrong_answers(client: FlaskClient, answers: Any) -> None:
    """An answer that is none is an error that tells what one looks like, or how many there may be."""
    message = assert_error(client.post("/api/v1/suggest", json={"text": "打印机", "answers": answers}), 400)
    assert "code:ORA-01653" in message or str(MAX_ANSWERS) in message


def test_suggest_needs_json(client: FlaskClient) -> None:
    """A form of another site can't ask: its body is no JSON."""
    assert_error(client.post("/api/v1/suggest", data={"text": "打印机"}), 400)
    assert_error(client.post("/api/v1/suggest", data='{"text": "打印机"}', content_type="text/plain"), 400)
    assert_error(client.post("/api/v1/suggest", data=b"{", content_type="application/json"), 400)


def test_article(client: FlaskClient, built: Index) -> None:
    """An article with its Markdown, by number in any case or by path."""
    number = built.number_of("KB-000012")
    expected = told.Article.of(built.articles[number], built.body(number)).data()
    for name in ("KB-000012", "kb-000012", "printer/KB-000012.md"):
        assert client.get(f"/api/v1/articles/{name}").json == expected


def test_errors_have_one_shape(client: FlaskClient) -> None:
    """Every error of the API is JSON of one shape, in the visitor's language."""
    assert "KB-999999" in assert_error(client.get("/api/v1/articles/KB-999999"), 404)
    assert_error(client.get("/api/v1/nowhere"), 404)
    assert_error(client.get("/api/v1/suggest"), 405)
    assert_error(client.post("/api/v1/search"), 405)
    assert_error(client.post("/api/v1/suggest", json={"text": "x" * MAX_BODY}), 413)
    assert assert_error(client.get("/api/v1/nowhere?lang=en"), 404) == "There is no such page"


def test_our_fault(client: FlaskClient, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture) -> None:
    """When something breaks, the answer has the same shape and the log not a word of the text."""

    marker = "顾客的原话"

    def fail(engine: object, paste: Paste, *_: object) -> None:
        raise RuntimeError(paste.text)

    monkeypatch.setattr(api, "answer_paste", fail)
    message = assert_error(client.post("/api/v1/suggest", json={"text": marker}), 500)
    assert marker not in message + caplog.text
    assert "RuntimeError" in caplog.text


def test_no_index(settings: Settings) -> None:
    """Without an index the API answers 503 in the same shape."""
    client = create_app(settings).test_client()
    assert "kb build" in assert_error(client.get("/api/v1/search?q=x"), 503)
    assert_error(client.post("/api/v1/suggest", json={"text": "x"}), 503)
    assert_error(client.get("/api/v1/articles/KB-000001"), 503)


def test_health(settings: Settings, write: Write) -> None:
    """Health is 503 with the reason until there is an index, then 200 with its counts."""
    client = create_app(settings).test_client()
    before = client.get("/health")
    assert (before.status_code, before.json["status"]) == (503, "unavailable")
    assert "kb build" in before.json["reason"]
    write("a.md", "# 打印机\n\n卡纸\n")
    build(settings)
    after = client.get("/health")
    assert (after.status_code, after.json["status"], after.json["articles"]) == (200, "ok", 1)
    assert after.json["meaning"] == {"encoder": "", "passages": 0, "reason": '已关闭（设置 encoder = "off"）'}


def test_health_tells_of_vectors(pairs: Settings, write: Write) -> None:
    """Which encoder there is, and how many passages have a vector by now."""
    write("a.md", "# 打印机\n\n卡纸\n")
    build(pairs)
    client = create_app(pairs).test_client()
    assert client.get("/health").json["meaning"] == {"encoder": "pairs", "passages": 0, "reason": ""}
    fill(pairs)
    assert client.get("/health").json["meaning"] == {"encoder": "pairs", "passages": 1, "reason": ""}
