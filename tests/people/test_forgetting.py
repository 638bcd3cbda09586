"""What is kept of one person: shown, then removed; what others stand on stays without the name."""

import json
import re
import subprocess
from datetime import UTC, datetime
from pathlib import Path

import pytest
from argon2 import PasswordHasher
from click.testing import CliRunner
from sqlalchemy import select

from kb.articles.writing.drafts import Drafts
from kb.articles.writing.save import Editions
from kb.articles.writing.sittings import Sittings
from kb.cli import cli
from kb.database import tables
from kb.database.activity import Feedback
from kb.database.api_tokens import Access
from kb.database.connection import Store
from kb.errors import InputError, NotFoundError
from kb.notices import outbox
from kb.notices.outbox import Notice
from kb.notices.wishes import Wishes
from kb.people import passwords
from kb.people.accounts import People
from kb.people.forgetting import KINDS, Forgetting
from kb.people.journal import Journal
from kb.people.sessions import Sessions
from kb.settings import Settings, load

AT = datetime(2026, 11, 29, tzinfo=UTC)
GOOD = "蓝色 cable 与 47 只乌鸦"
WORDS = ("wang.wu", "王五", "很怪的搜索", "很怪的评价", "很怪的草稿", "Firefox 的", "192.0.2.7")


@pytest.fixture(autouse=True)
def cheap(monkeypatch: pytest.MonkeyPatch) -> None:
    """Digests that cost nothing."""
    monkeypatch.setattr(passwords, "_hasher", PasswordHasher(time_cost=1, memory_cost=8, parallelism=1))


def busy(store: Store, folder: Path, login: str = "wang.wu", name: str = "王五") -> None:
    """Somebody who did everything that leaves something."""
    people = People(store)
    person = people.choose(people.add(login, name, "writer", "chen.li"), GOOD)
    people.sign_in(login, GOOD, address="192.0.2.7")
    people.set_role(login, "lead", "chen.li")
    Sessions(store).start(person.id, f"{name}的 Firefox 的")
    Access(store).create(f"{login} 的程序", "read", login)
    visitor, log = f"person-{person.id}", Feedback(store, 365)
    search = log.log_search("search", f"很怪的搜索 {login}", ["KB-000001"], 1, 0.5, visitor)
    log.log_visit("KB-000001", visitor, search)
    log.give_verdict("KB-000001", "unhelpful", visitor, "卡纸", reason="other", comment=f"很怪的评价 {login}")
    Drafts(store, visitor).keep("new/case", f"很怪的草稿 {login}", "")
    Sittings(store, visitor).open("new/case", name)
    Wishes(store).change(login, mail=f"{login}@firm.example")
    with store.session() as session:
        outbox.post(session, [Notice(f"news:{login}", "mail", f"{login}@firm.example", "很怪的通知", "文")])
        session.add(tables.Shift(team="网络", start=AT, end=AT, person=login, phone="13800000000", note=""))
        plan = tables.Plan(kind="round", name="巡检", checklist="", part="", every=1, unit="months", starts=AT.date(),
                           ahead=14, owner=name, note="")  # fmt: skip
        session.add(plan)
        session.flush()
        session.add(tables.Round(plan=plan.id, period="2026-11-01", due=AT.date(), by=login, skipped="", note=""))
    (folder / login).mkdir(parents=True)
    Editions(store, folder, 100).create({"kind": "faq", "title": "密码过期"}, lambda *_: "正文\n", name, "新写")


@pytest.fixture
def base(store: Store, tmp_path: Path) -> Store:
    """One administrator, and two people with the same doings."""
    people = People(store)
    people.choose(people.add("chen.li", "陈丽", "administrator"), GOOD)
    busy(store, tmp_path / "a")
    busy(store, tmp_path / "b", "li.si", "李四")
    return store


def everything(store: Store) -> str:
    """All that the database holds, as text."""
    with store.reading() as session:
        return "\n".join(
            json.dumps([str(v) for v in row], ensure_ascii=False)
            for table in tables.Base.metadata.sorted_tables
            for row in session.execute(select(table))
        )


def counted(store: Store) -> dict[str, int]:
    with store.reading() as session:
        return {t.name: len(session.execute(select(t)).all()) for t in tables.Base.metadata.sorted_tables}


def test_it_is_shown_and_nothing_changes(base: Store) -> None:
    """Every kind with its rows and the newest in words; another's is not among them; the database stays as it was."""
    before = everything(base)
    found = {kept.kind: kept for kept in Forgetting(base).of_person("Wang.Wu")}
    assert {kind for kind, kept in found.items() if kept.rows} == {
        "account", "sessions", "tokens", "searches", "visits", "verdicts", "drafts", "sittings",
        "revisions", "wishes", "outbox", "shifts", "plans", "rounds",
        "journal",
    }  # fmt: skip
    assert {kind for kind, kept in found.items() if not kept.goes} == {
        "revisions", "imports", "gaps", "events", "cases", "journal", "plans", "rounds", "guarded", "windows",
    }  # fmt: skip
    assert set(found) == set(KINDS) - {"mails", "contacts"}  # which are of a customer
    told = "\n".join(line for kept in found.values() for line in kept.newest)
    assert "很怪的搜索 wang.wu" in told
    assert "很怪的评价 wang.wu" in told
    assert "li.si" not in told
    assert everything(base) == before


def test_it_goes(base: Store) -> None:
    """No word of it is left anywhere; the version stands under "former editor", the log tells what went, by whom, and
    of no name; whatever is another's stays."""
    left_over = People(base).reset("wang.wu")
    before = counted(base)
    Forgetting(base).forget_person("wang.wu", "chen.li")
    left = everything(base)
    for word in WORDS[:2]:
        assert word not in left
    for word in ("很怪的搜索", "很怪的评价", "很怪的草稿", "很怪的通知", "Firefox 的", "192.0.2.7"):
        assert left.count(word) <= 1, word  # the other's
    now = counted(base)
    ones = dict.fromkeys(
        (
            "people",
            "sign_ins",
            "tokens",
            "searches",
            "visits",
            "verdicts",
            "drafts",
            "sittings",
            "wishes",
            "outbox",
            "shifts",
        ),
        1,
    )
    assert {name: before[name] - now[name] for name in ones} == ones
    assert now["revisions"] == before["revisions"]
    assert "前编辑" in left
    assert left.count("李四") >= 2
    lines = [line for _, line in Journal(base).lines()]
    assert (lines[0].action, lines[0].who) == ("person_forgotten", "chen.li")
    alias, _, told = lines[0].what.partition(": ")
    assert re.fullmatch("former-[0-9a-f]{8}", alias)
    assert told.startswith("account 1, sessions 1, tokens 1")
    assert [line.what for line in lines if line.action == "person_role"] == ["li.si (lead)", f"{alias} (lead)"]
    assert {line.who for line in lines} == {"", "chen.li", "li.si", alias}
    with pytest.raises(InputError):
        People(base).choose(left_over, GOOD)
    with pytest.raises(NotFoundError):
        Forgetting(base).of_person("wang.wu")


def test_who_shares_a_name_keeps_versions(base: Store, tmp_path: Path) -> None:
    """Two of one name can't be told apart in the history: what stands there stays."""
    busy(base, tmp_path / "c", "wang.wu.2", "王五")
    Forgetting(base).forget_person("wang.wu.2")
    with base.reading() as session:
        editors = sorted(session.scalars(select(tables.Revision.editor)))
    assert editors == sorted(["王五", "王五", "李四"])


def test_the_only_administrator_stays(base: Store) -> None:
    """Nobody else could look after the site; and nothing of them went."""
    before = everything(base)
    with pytest.raises(InputError, match="唯一的管理员"):
        Forgetting(base).forget_person("chen.li")
    assert everything(base) == before


def test_without_accounts_by_the_name_that_was_typed(store: Store, tmp_path: Path) -> None:
    """The history's name alone."""
    with pytest.raises(NotFoundError, match="小赵"):
        Forgetting(store).forget_person("小赵")
    Editions(store, tmp_path, 100).create({"kind": "faq", "title": "密码"}, lambda *_: "正文\n", "小赵", "新写")
    Forgetting(store).forget_person("小赵")
    assert "小赵" not in everything(store)
    assert "former-" in Journal(store).lines(1)[0][1].what


@pytest.fixture
def desk(tmp_path: Path) -> Settings:
    """A service desk with two cases of two contacts."""
    (tmp_path / "articles").mkdir()
    settings = load({}, tmp_path)
    for contact, title in (("李女士", "李女士的打印机卡纸"), ("周先生", "蓝屏")):
        said = f"{title}。{contact}说急用。"
        known = ["--title", title, "--contact", contact, "--customer", "某公司", "--by", "王五"]
        code, told = run(settings, "case", "new", said, *known)
        assert code == 0, told
    return settings


def run(desk: Settings, *words: str) -> tuple[int, str]:
    env = {"KB_SERVICE": "on", "KB_DATABASE": desk.database, "KB_ARTICLES": str(desk.articles)}
    done = CliRunner().invoke(cli, words, env=env)
    return done.exit_code, done.output


def test_a_contact_is_taken_out_of_cases(desk: Settings) -> None:
    """From the command line: shown first, gone with --yes, from the row and from the events alike, so that a case still
    follows from its log; another's stays."""
    assert run(desk, "forget")[0] == 2
    assert run(desk, "forget", "--contact", "没有")[0] == 2
    code, shown = run(desk, "forget", "--contact", "李女士")
    assert (code, "李女士的打印机卡纸" in shown, "--yes" in shown) == (0, True, True)
    store = Store(desk.database)
    assert "李女士" in everything(store)
    code, _ = run(desk, "forget", "--contact", "李女士", "--yes")
    assert code == 0
    left = everything(store)
    assert "李女士" not in left
    assert left.count("周先生") >= 2
    assert "的打印机卡纸" in left
    assert run(desk, "case", "check")[0] == 0
    code, _ = run(desk, "forget", "王五", "--yes", "--json")
    assert code == 0
    assert "王五" not in everything(store)
    assert run(desk, "case", "check")[0] == 0
    store.close()


def test_git_keeps_its_authors(tmp_path: Path) -> None:
    """What the manual says of git: a .mailmap shows another name, and the commits stay as they are."""
    git = ["git", "-c", "user.name=王五", "-c", "user.email=wang.wu@guzhi.invalid", "-C", str(tmp_path)]
    subprocess.run([*git, "init", "-q"], check=True)
    subprocess.run([*git, "commit", "-q", "--allow-empty", "-m", "x"], check=True)
    (tmp_path / ".mailmap").write_text("前编辑 <former@guzhi.invalid> <wang.wu@guzhi.invalid>\n", "utf8")
    shown = subprocess.run([*git, "log", "--format=%aN %an"], check=True, capture_output=True, text=True).stdout
    assert shown == "前编辑 王五\n"
