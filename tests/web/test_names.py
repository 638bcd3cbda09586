"""With accounts every change is somebody's: names of forms count for nothing, and a role says who may publish."""

import re
import shutil
import subprocess
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from argon2 import PasswordHasher
from flask import Flask
from flask.testing import FlaskClient

from kb.database.api_tokens import Access
from kb.database.connection import Store
from kb.indexer.build import build
from kb.people import passwords
from kb.people.accounts import People
from kb.people.teams import Teams
from kb.settings import Settings
from kb.web import create_app

Write = Callable[[str, str], Path]
GOOD = "蓝色 cable 与 47 只乌鸦"
TEXT = "---\nid: KB-00000{n}\nkind: manual\ntitle: 打印机保养{n}\n---\n\n# 打印机保养{n}\n\n清洁搓纸轮。\n"
NAMES = {"writer": "王工", "lead": "李主管", "agent": "赵客服"}


@pytest.fixture
def app(settings: Settings, write: Write, monkeypatch: pytest.MonkeyPatch) -> Flask:
    """A site of three articles in a git repository, where leads publish, with a writer, a lead, an agent and a team."""
    monkeypatch.setattr(passwords, "_hasher", PasswordHasher(time_cost=1, memory_cost=8, parallelism=1))
    monkeypatch.setenv("HOME", str(settings.articles.parent))
    for n in (1, 2, 3):
        write(f"a{n}.md", TEXT.format(n=n))
    subprocess.run(["git", "-C", str(settings.articles), "init", "-q"], check=True)
    build(settings)
    store = Store(settings.database)
    people = People(store)
    for login, name in NAMES.items():
        people.choose(people.add(login, name, login), GOOD)
    Teams(store).set("网络组", ["network"])
    return create_app(replace(settings, publish_role="lead", git_commit=True))


def browser(app: Flask, login: str) -> FlaskClient:
    client = app.test_client()
    sent = {"token": token_of(client.get("/sign-in").text), "login": login, "password": GOOD}
    assert client.post("/sign-in", data=sent).status_code == 303
    return client


def token_of(page: str) -> str:
    found = re.search(r'name="token" value="([^"]+)"', page)
    assert found, page
    return found[1]


def form_of(client: FlaskClient, number: int) -> dict[str, str]:
    """The hidden fields of the editor's form, and its text."""
    page = client.get(f"/edit/KB-00000{number}?whole=1").text
    hidden = dict(re.findall(r'<input type="hidden" name="(\w+)" value="([^"]*)"', page))
    return {**hidden, "action": "save", "text": TEXT.format(n=number), "editor": "冒名的人", "note": "改了"}


def editors(client: FlaskClient, number: int) -> list[str]:
    """Who saved the versions of an article, the newest first, as its history tells."""
    versions = client.get(f"/api/v1/history/KB-00000{number}").json["versions"]
    return [v["editor"] for v in versions if v["note"]]


@pytest.mark.skipif(shutil.which("git") is None, reason="needs git")
def test_every_way_of_writing_is_somebodys(app: Flask, settings: Settings) -> None:
    """Pages, calls of the API by a page and by a token: history and git name who is signed in, or the token's owner."""
    lead = browser(app, "lead")
    form = form_of(lead, 1)
    assert lead.post("/save", data={**form, "text": form["text"] + "又一句。\n"}).status_code == 303
    named = {"token": form["token"], "editor": "冒名的人"}
    lead.post("/review/a1.md", data=named)
    lead.post("/state/a1.md", data={**named, "to": "archived"})
    lead.post("/states", data={**named, "to": "archived", "article": "a2.md"})
    base = lead.get("/api/v1/sources/a3.md").json["digest"]
    sent = {"text": TEXT.format(n=3) + "再一句。\n", "editor": "冒名的人", "note": "改"}
    saved = lead.put("/api/v1/sources/a3.md", json=sent, headers={"If-Match": f'"{base}"'})
    assert saved.status_code == 200
    secret = Access(Store(settings.database)).create("helpdesk", "write", "lead")
    program = {"Authorization": f"Bearer {secret}", "If-Match": f'"{saved.json["digest"]}"'}
    sent["text"] += "程序写的一句。\n"
    assert app.test_client().put("/api/v1/sources/a3.md", json=sent, headers=program).status_code == 200
    lead.post("/rename/a3.md", data={**named, "to": "b3.md", "base": lead.get("/api/v1/sources/a3.md").json["digest"]})
    assert lead.get("/api/v1/sources/b3.md").status_code == 200
    for number in (1, 2, 3):
        assert set(editors(lead, number)) == {"李主管"}
    log = ["git", "-C", str(settings.articles), "log", "--format=%an"]
    assert set(subprocess.run(log, check=True, capture_output=True, text=True).stdout.split()) == {"李主管"}
    others = app.test_client()
    other = browser(app, "writer")
    opened = other.get("/edit/b3.md").text
    sitting = dict(re.findall(r'name="(sitting)" value="(\w+)"', opened))
    other.post("/sitting", data={**sitting, "token": token_of(opened), "editor": "冒名的人", "path": "b3.md"})
    assert others.get("/edit/b3.md").status_code == 303
    assert "王工" in lead.get("/edit/b3.md").text
    assert "冒名的人" not in lead.get("/edit/b3.md").text


def test_verdicts_belong_to_a_person(app: Flask, settings: Settings) -> None:
    """A verdict by a page of theirs, or by their token, is one person's: the later one takes the place of the first."""
    lead = browser(app, "lead")
    text = "打印机脏，搓纸轮要清洁"
    given = {"article": "KB-000001", "verdict": "helpful", "text": text}
    first = lead.post("/api/v1/verdicts", json=given)
    assert first.status_code == 201
    secret = Access(Store(settings.database)).create("helpdesk", "write", "lead")
    program = {"Authorization": f"Bearer {secret}"}
    given["verdict"] = "unhelpful"
    assert app.test_client().post("/api/v1/verdicts", json=given, headers=program).status_code == 201
    feedback = app.config["FEEDBACK"]
    person = People(Store(settings.database)).named("lead").id
    assert {article: verdict for article, (_, verdict) in feedback.given(f"person-{person}", text).items()} == {
        "KB-000001": "unhelpful"
    }


def test_a_role_publishes(app: Flask) -> None:
    """Below it one hands changes in: the form has no other button, and neither page nor API takes more."""
    writer, lead = browser(app, "writer"), browser(app, "lead")
    page = writer.get("/edit/KB-000001").text
    assert 'value="to:review"' in page
    assert 'value="to:published"' not in page
    assert 'value="save"' not in page
    refused = writer.post("/save", data=form_of(writer, 1) | {"text": TEXT.format(n=1) + "又一句。\n"})
    assert refused.status_code == 422
    assert "要负责人及以上" in refused.text
    base = writer.get("/api/v1/sources/a1.md").json["digest"]
    move = {"article": "KB-000001", "to": "archived"}
    answer = writer.post("/api/v1/state", json=move, headers={"If-Match": f'"{base}"'})
    assert (answer.status_code, answer.json["error"]["field"]) == (400, "to")
    move["to"] = "review"
    answer = writer.post("/api/v1/state", json=move, headers={"If-Match": f'"{base}"'})
    assert answer.status_code == 200
    move["to"] = "published"
    published = lead.post("/api/v1/state", json=move, headers={"If-Match": f'"{answer.json["digest"]}"'})
    assert published.status_code == 200
    assert browser(app, "agent").post("/state/a1.md", data={"to": "review"}).status_code == 403


def test_nobody_writes_out_of_their_own_sight(app: Flask) -> None:
    """A writer is offered the teams, but cannot give an article away to one they are not in; a lead can."""
    writer, lead = browser(app, "writer"), browser(app, "lead")
    assert '<option value="team:网络组"' in writer.get("/edit/KB-000001").text
    text = TEXT.format(n=1).replace("kind: manual", "kind: manual\naudience: team:网络组\nstatus: review")
    refused = writer.post("/save", data=form_of(writer, 1) | {"text": text})
    assert refused.status_code == 422
    assert "您自己也看不到" in refused.text
    assert lead.post("/save", data=form_of(lead, 1) | {"text": text}).status_code == 303
    assert writer.get("/a/KB-000001").status_code == writer.get("/edit/a1.md").status_code == 404
    assert "team:网络组" in lead.get("/a/KB-000001", follow_redirects=True).text
