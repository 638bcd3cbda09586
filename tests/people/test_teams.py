"""Teams: what they look after, whom an article concerns; and what each role sees."""

import json
from pathlib import Path

import pytest
from argon2 import PasswordHasher
from click.testing import CliRunner, Result

from kb.cli import cli
from kb.cli.common import FOUND, MISTAKE, NOTHING
from kb.database.connection import Store
from kb.errors import InputError, NotFoundError
from kb.model import Article
from kb.model.sight import EVERYTHING, Sight
from kb.people import passwords
from kb.people.accounts import People
from kb.people.journal import Journal
from kb.people.roles import NOBODY, ROLES
from kb.people.sight import STRANGER, sight_of
from kb.people.teams import Staff, Teams


@pytest.fixture(autouse=True)
def cheap(monkeypatch: pytest.MonkeyPatch) -> None:
    """Digests that cost nothing."""
    monkeypatch.setattr(passwords, "_hasher", PasswordHasher(time_cost=1, memory_cost=8, parallelism=1))


def of(**values: object) -> Article:
    return Article("a.md", "KB-000001", **values)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("article", "seen_by"),
    [
        (of(audience="public"), {NOBODY, *ROLES}),
        (of(audience="internal"), {*ROLES}),
        (of(audience="team:网络组"), {*ROLES}),
        (of(audience="team:别的组"), {"lead", "administrator"}),
        (of(audience="nonsense"), {"lead", "administrator"}),
        (of(audience="public", status="review"), {*ROLES}),
        (of(audience="public", status="archived"), {*ROLES}),
        (of(audience="public", status="draft"), {"writer", "lead", "administrator"}),
        (of(audience="team:别的组", status="draft"), {"lead", "administrator"}),
    ],
)
def test_who_sees_which_article(article: Article, seen_by: set[str]) -> None:
    """By role, team and state; an audience that nobody knows is for those alone who see everything."""
    assert {role for role in (NOBODY, *ROLES) if sight_of(role, ["网络组"]).sees(article)} == seen_by


def test_programs_that_do_not_write_see_no_drafts() -> None:
    """Whatever their owner sees."""
    assert not sight_of("lead", drafts=False).sees(of(status="draft"))
    assert sight_of("lead", drafts=False).sees(of(audience="team:网络组"))
    assert sight_of("lead") == EVERYTHING == Sight()
    assert sight_of(NOBODY) == STRANGER


def test_whom_an_article_concerns(store: Store) -> None:
    """Its owner; else the team that owns it; else teams by area and product; else the leads. Only who may write."""
    people, teams = People(store), Teams(store)
    for login, role, mine in (
        ("anna", "writer", ["网络组"]),
        ("bo", "agent", ["网络组"]),
        ("chen", "writer", ["打印组"]),
        ("dora", "lead", []),
        ("emil", "writer", ["网络组"]),
    ):
        people.add(login, f"{login} 某人", role, teams=mine)
    people.disable("emil")
    teams.set("网络组", areas=["network"])
    teams.set("打印组", products=["HP LaserJet P3015"])

    def told(**values: object) -> list[str]:
        return [p.login for p in Staff(People(store).all(), Teams(store).all()).concerned(of(**values))]

    assert told(owner="Chen 某人", area="network") == ["chen"]
    assert told(owner="CHEN") == ["chen"]
    assert told(owner="team:打印组", area="network") == ["chen"]
    assert told(owner="离职的人", area="network") == ["anna"]
    assert told(area="network") == ["anna"]
    assert told(area="network", product=("HP LaserJet P3015",)) == ["anna", "chen"]
    assert told(owner="bo") == ["dora"]
    assert told(owner="team:没有的组") == ["dora"]
    assert told(area="storage") == ["dora"]


def test_teams_of_a_base(store: Store) -> None:
    """They are set, named by accounts alone, and removed with their memberships; each stands in the log."""
    people, teams = People(store), Teams(store)
    people.add("anna", "", "writer", teams=["网络组", "夜班"])
    teams.set("网络组", ["network"], ["H3C S5130"], by="root")
    assert [(t.name, t.areas, t.products, t.members) for t in teams.all()] == [
        ("夜班", (), (), ("anna",)),
        ("网络组", ("network",), ("H3C S5130",), ("anna",)),
    ]
    teams.set("team:网络组", ["network", "security"])
    assert teams.all()[1].areas == ("network", "security")
    teams.remove("网络组", by="root")
    assert people.named("anna").teams == ("夜班",)
    assert [line.action for _, line in Journal(store).lines(2)] == ["team_removed", "team_set"]
    for name in ("", "a,b", "a:b", "x" * 61):
        with pytest.raises(InputError):
            teams.set(name)
    with pytest.raises(NotFoundError):
        teams.remove("网络组")


def test_teams_from_the_shell(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """kb team add, member, list, remove; kb check warns of a team that is not there, naming the field."""
    monkeypatch.chdir(tmp_path)

    def kb(*words: str, code: int = FOUND) -> Result:
        result = CliRunner().invoke(cli, [*words])
        assert result.exit_code == code, result.output
        return result

    assert "还没有团队" in kb("team", "list", code=NOTHING).output
    kb("team", "add", "网络组", "--area", "网络", "--product", "H3C S5130")
    kb("person", "add", "anna", "--role", "writer")
    assert "网络组" in kb("team", "member", "网络组", "anna").output
    assert json.loads(kb("team", "list", "--json").stdout) == [
        {"name": "网络组", "areas": ["network"], "products": ["H3C S5130"], "members": ["anna"]}
    ]
    article = tmp_path / "articles" / "a.md"
    article.parent.mkdir()
    text = "---\nkind: manual\ntitle: 甲\naudience: team:网络组\nowner: team:打印组\n---\n# 甲\n\n正文。\n"
    article.write_text(text, "utf8")
    told = kb("check").output
    assert "警告 a.md:5: owner：没有团队 '打印组'" in told
    assert "audience" not in told
    article.write_text(text.replace("audience: team:网络组", "audience: secret"), "utf8")
    assert "audience 的值 'secret' 不认识（可用：public, internal, team:…）" in kb("check", code=NOTHING).output
    kb("team", "member", "网络组", "anna", "--leave")
    assert "anna" not in kb("team", "list").output
    kb("team", "remove", "网络组")
    assert "网络组" in kb("team", "remove", "网络组", code=MISTAKE).output


@pytest.mark.parametrize("audience", ["public", "team:网络组", ""])
def test_imports_set_the_audience(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, audience: str) -> None:
    """kb import --audience says it of documents and tickets that say none; a column of a table says it of each."""
    monkeypatch.chdir(tmp_path)
    store = Store(str(tmp_path / "guzhi.db"))
    Teams(store).set("网络组")
    (tmp_path / "a.md").write_text("# 换网线\n\n先拔下旧的网线。\n", "utf8")
    (tmp_path / "t.csv").write_text("故障现象,解决方法,读者\n断网,插紧网线,\n花屏,换线,公开\n", "utf8")
    options = ["--audience", audience] if audience else []
    result = CliRunner().invoke(cli, ["import", "a.md", "t.csv", *options])
    assert result.exit_code == FOUND, result.output
    texts = {p.read_text("utf8") for p in (tmp_path / "articles").rglob("*.md")}
    assert len(texts) == 3
    said = sum(f"audience: {audience}\n" in text for text in texts)
    assert said == {"public": 3, "team:网络组": 2, "": 0}[audience]
    assert sum("audience: public\n" in text for text in texts) == (3 if audience == "public" else 1)
    assert CliRunner().invoke(cli, ["import", "a.md", "--audience", "team:别的组"]).exit_code == MISTAKE
