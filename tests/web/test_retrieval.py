"""The contract of Dify's external knowledge API, and what is retrieved by it."""

from collections.abc import Callable
from dataclasses import replace
from datetime import date
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import select

from kb.database import tables
from kb.database.api_tokens import Access
from kb.indexer.build import build
from kb.search.index import Index
from kb.search.suggest import suggest
from kb.settings import Settings
from kb.web import create_app
from kb.web.retrieval import MAX_CONDITIONS, MAX_RECORDS

QUESTION = "激光打印机报50.2，打出来的纸字一摸就掉黑"
Ask = Callable[..., Any]


@pytest.fixture(scope="module")
def app(sample_settings: Settings, tmp_path_factory: pytest.TempPathFactory) -> Flask:
    """The sample base with a database of its own."""
    return create_app(replace(sample_settings, database=str(tmp_path_factory.mktemp("retrieval") / "guzhi.db")))


@pytest.fixture(scope="module")
def secret(app: Flask) -> str:
    return Access(app.config["STORE"]).create("dify")


@pytest.fixture
def ask(app: Flask, secret: str) -> Ask:
    """ask(knowledge_id=..., top_k=...): the answer to a right request with changes."""

    def ask(conditions: Any = None, logical: str = "and", **changes: Any) -> Any:
        setting = {"top_k": 5, "score_threshold": 0.0}
        setting.update({k: changes.pop(k) for k in list(setting) if k in changes})
        body = {"knowledge_id": "guzhi", "query": QUESTION, "retrieval_setting": setting, **changes}
        if conditions is not None:
            body["metadata_condition"] = {"logical_operator": logical, "conditions": conditions}
        return app.test_client().post("/retrieval", json=body, headers={"Authorization": f"Bearer {secret}"})

    return ask


def condition(name: str, comparison: str, value: Any = None) -> dict[str, Any]:
    return {"name": name, "comparison_operator": comparison, "value": value}


def found(answer: Any) -> list[str]:
    assert answer.status_code == 200, answer.text
    return [r["metadata"]["id"] for r in answer.json["records"]]


def test_records(ask: Ask, app: Flask) -> None:
    """A record is the fix with its title, the score that suggestions show, and where it comes from."""
    answer = ask()
    assert answer.mimetype == "application/json"
    assert list(answer.json) == ["records"]
    records = answer.json["records"]
    assert len(records) == 5
    first = records[0]
    assert sorted(first) == ["content", "metadata", "score", "title"]
    assert sorted(first["metadata"]) == ["area", "id", "kind", "path", "product", "status", "updated", "url"]
    assert first["metadata"]["id"] == "KB-000013"
    assert first["metadata"]["url"].startswith("http://localhost/a/KB-000013-")
    page = app.test_client().get(first["metadata"]["url"].partition("#")[0])
    assert page.status_code == 200
    scores = [r["score"] for r in records]
    assert scores == sorted(scores, reverse=True)
    assert scores
    assert all(0 <= s <= 1 for s in scores)


def test_content_and_score_are_those_of_suggestions(ask: Ask, built: Index) -> None:
    """An assistant reads what people are shown, and is as sure of it."""
    suggested = suggest(built, QUESTION).suggestions[0]
    record = ask(top_k=1).json["records"][0]
    assert record["title"] == suggested.article.title
    assert record["content"].startswith(f"{suggested.article.title} › 解决\n")
    assert record["content"].endswith(suggested.fix)
    assert record["score"] == suggested.score


def test_threshold_and_count(ask: Ask) -> None:
    """Nothing below the threshold, no more than asked for, and never more than MAX_RECORDS."""
    scores = [r["score"] for r in ask(top_k=5).json["records"]]
    middle = scores[1]
    assert [r["score"] for r in ask(score_threshold=middle).json["records"]] == [s for s in scores if s >= middle]
    assert ask(score_threshold=1.0).json == {"records": []}
    assert len(found(ask(top_k=2))) == 2
    assert len(found(ask(top_k=10**6, query="打印机 网络 数据库 服务器 系统 错误"))) == MAX_RECORDS
    assert ask(score_threshold=None).status_code == 200


@pytest.mark.parametrize("query", ["", " ", "zzzz qqqq", "\0", "？", "x" * 200_000])
def test_nothing_found(ask: Ask, query: str) -> None:
    """A question that nothing answers gets an empty list."""
    assert ask(query=query).json == {"records": []}


# --- which articles ---------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "key", "value"),
    [
        ("guzhi:network", "area", "network"),
        ("guzhi:网络", "area", "network"),
        ("guzhi:case", "kind", "case"),
        ("guzhi:faq", "kind", "faq"),
    ],
)
def test_a_part_of_the_base(ask: Ask, name: str, key: str, value: str) -> None:
    """A kind or an area is a knowledge of its own."""
    records = ask(knowledge_id=name, query="网络 连接 失败", top_k=20).json["records"]
    assert records
    assert {r["metadata"][key] for r in records} == {value}


@pytest.mark.parametrize("name", ["", "guzhi2", "network", "guzhi:", "guzhi:nothing", "other:network"])
def test_no_such_knowledge(ask: Ask, name: str) -> None:
    """Dify's code 2001; guzhi: with nothing behind it is all of it."""
    answer = ask(knowledge_id=name)
    if name == "guzhi:":
        assert answer.status_code == 200
        return
    assert (answer.status_code, answer.json["error_code"]) == (404, 2001)
    assert "guzhi:network" in answer.json["error_msg"]


CONDITIONS: list[tuple[dict[str, Any], Callable[[Any], bool]]] = [
    (condition("area", "is", "printer"), lambda a: a.area == "printer"),
    (condition("area", "is", "打印机"), lambda a: a.area == "printer"),
    (condition("area", "=", "PRINTER"), lambda a: a.area == "printer"),
    (condition("area", "is not", "printer"), lambda a: a.area != "printer"),
    (condition("area", "≠", "printer"), lambda a: a.area != "printer"),
    (condition("area", "in", ["printer", "network"]), lambda a: a.area in ("printer", "network")),
    (condition("area", "not in", ["printer", "network"]), lambda a: a.area not in ("printer", "network")),
    (condition("area", "start with", "print"), lambda a: a.area == "printer"),
    (condition("area", "end with", "base"), lambda a: a.area == "database"),
    (condition("product", "contains", "laserjet"), lambda a: any("laserjet" in p.lower() for p in a.product)),
    (condition("product", "not contains", "laserjet"), lambda a: not any("laserjet" in p.lower() for p in a.product)),
    (condition("product", "empty"), lambda a: not a.product),
    (condition("product", "not empty"), lambda a: bool(a.product)),
    (condition("updated", "after", "2026-01-01"), lambda a: bool(a.updated and a.updated > date(2026, 1, 1))),
    (condition("updated", "before", "2026-01-01"), lambda a: bool(a.updated and a.updated < date(2026, 1, 1))),
    (condition("severity", "is", "P9"), lambda a: False),
]


@pytest.mark.parametrize(("asked", "meets"), CONDITIONS, ids=lambda c: str(c) if isinstance(c, dict) else "")
def test_conditions(ask: Ask, built: Index, asked: dict[str, Any], meets: Callable[[Any], bool]) -> None:
    """A condition keeps exactly the articles that meet it."""
    query = "打印机 网络 数据库 服务器 LaserJet 错误 无法"
    numbers = found(ask([asked], query=query, top_k=MAX_RECORDS))
    articles = [built.articles[built.number_of(n)] for n in numbers]
    assert all(meets(a) for a in articles)
    every = [built.articles[built.number_of(n)] for n in found(ask(query=query, top_k=MAX_RECORDS))]
    assert {a.id for a in every if meets(a)} <= set(numbers)


def test_conditions_together(ask: Ask) -> None:
    """All of them, or any of them."""
    both = [condition("area", "is", "printer"), condition("area", "is", "network")]
    assert found(ask(both)) == []
    numbers = found(ask(both, "or", query="打印机 网络", top_k=MAX_RECORDS))
    assert numbers
    areas = {r["metadata"]["area"] for r in ask(both, "or", query="打印机 网络", top_k=MAX_RECORDS).json["records"]}
    assert areas == {"printer", "network"}
    assert found(ask([])) == found(ask())


@pytest.mark.parametrize(
    "conditions",
    [
        [condition("colour", "is", "red")],
        [condition("area", ">", "printer")],
        [condition("area", "like", "printer")],
        [condition("area", "is")],
        [condition("updated", "contains", "2026")],
        [condition("updated", "after", "yesterday")],
        [condition("updated", "after", 5)],
        [condition("area", "is", {"a": 1})],
        "area=printer",
        [condition("area", "is", "printer")] * (MAX_CONDITIONS + 1),
    ],
)
def test_conditions_that_are_not_understood(ask: Ask, conditions: Any) -> None:
    """They are refused with a sentence, never passed over: an answer from the wrong articles would look right."""
    answer = ask(conditions)
    assert answer.status_code == 400
    assert sorted(answer.json) == ["error_code", "error_msg"]
    assert "metadata_condition" in answer.json["error_msg"]


def test_drafts_are_not_retrieved(settings: Settings, write: Callable[[str, str], object]) -> None:
    """But for who asks for them by status."""
    for status in ("draft", "published", "archived"):
        write(f"{status}.md", f"---\nkind: manual\nstatus: {status}\n---\n\n# 打印机卡纸 {status}\n\n打开后盖。\n")
    build(settings)
    app = create_app(settings)
    headers = {"Authorization": "Bearer " + Access(app.config["STORE"]).create("dify")}
    body = {"knowledge_id": "guzhi", "query": "打印机卡纸", "retrieval_setting": {"top_k": 5, "score_threshold": 0}}
    for conditions, expected in (
        ([], ["published"]),
        ([condition("status", "in", ["draft", "archived"])], ["archived", "draft"]),
        ([condition("status", "is not", "draft")], ["archived", "published"]),
    ):
        sent = {**body, "metadata_condition": {"conditions": conditions}}
        assert sorted(found(app.test_client().post("/retrieval", json=sent, headers=headers))) == expected


# --- errors -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("header", "status", "code"),
    [
        (None, 401, 1001),
        ("kb_x", 401, 1001),
        ("Bearer", 401, 1001),
        ("Basic YTpi", 401, 1001),
        ("Bearer kb_wrong", 403, 1002),
    ],
)
def test_authorization(app: Flask, header: str | None, status: int, code: int) -> None:
    """Dify's codes. A wrong key is 403, whatever else is wrong: so Dify tells who connects it."""
    headers = {"Authorization": header} if header else {}
    for body in (None, {"knowledge_id": "guzhi"}):
        answer = app.test_client().post("/retrieval", json=body, headers=headers)
        assert (answer.status_code, answer.json["error_code"]) == (status, code)
        assert sorted(answer.json) == ["error_code", "error_msg"]
    assert app.test_client().post("/retrieval", headers=headers).status_code == status


def test_a_probe_is_no_missing_page(app: Flask, secret: str) -> None:
    """Dify tries a connection with an empty request, and takes 404, 403 and 502 for a wrong address or key."""
    answer = app.test_client().post("/retrieval", headers={"Authorization": f"Bearer {secret}"})
    assert (answer.status_code, answer.json["error_code"]) == (400, 400)
    assert '"knowledge_id": "guzhi"' in answer.json["error_msg"]


@pytest.mark.parametrize(
    "changes", [{"top_k": 0}, {"top_k": "viele"}, {"score_threshold": 2}, {"query": 5}, {"knowledge_id": None}]
)
def test_wrong_requests(ask: Ask, changes: dict[str, Any]) -> None:
    """The key that is wrong is named."""
    answer = ask(**changes)
    assert answer.status_code == 400
    assert next(iter(changes)) in answer.json["error_msg"]


def test_what_the_contract_may_bring_one_day(ask: Ask) -> None:
    """Keys that are not known yet are passed over."""
    assert ask(rerank={"model": "x"}).status_code == 200


def test_no_index(settings: Settings) -> None:
    """Without an index the answer is 503 in Dify's shape."""
    app = create_app(settings)
    headers = {"Authorization": "Bearer " + Access(app.config["STORE"]).create("dify")}
    body = {"knowledge_id": "guzhi", "query": "x", "retrieval_setting": {"top_k": 1, "score_threshold": 0}}
    answer = app.test_client().post("/retrieval", json=body, headers=headers)
    assert (answer.status_code, answer.json["error_code"]) == (503, 503)
    assert "kb build" in answer.json["error_msg"]


def test_questions_are_logged(ask: Ask, app: Flask) -> None:
    """What an assistant asks is in the log, masked, as a paste."""
    ask(query="打印机卡纸，请联系 13800138000")
    with app.config["STORE"].session() as session:
        kept = session.scalars(select(tables.Search).order_by(tables.Search.id.desc()).limit(1)).one()
    assert (kept.mode, kept.visitor[:4]) == ("suggest", "api-")
    assert "卡纸" in kept.text
    assert "13800138000" not in kept.text
