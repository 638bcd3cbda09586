"""What is new of articles reaches whom it concerns, once, as they wish: from the base to a server of mail."""

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from conftest import Write
from post import Letterbox, text_of

from kb.database.activity import Feedback
from kb.database.connection import Store
from kb.errors import InputError, NotFoundError
from kb.keeping.tick import Ticker
from kb.notices.outbox import Outbox
from kb.notices.wishes import KINDS, NEVER, NOW, Wish, Wishes, next_digest
from kb.people.accounts import People
from kb.search.index import Index
from kb.settings import Settings

ARTICLE = """\
    ---
    id: {id}
    title: {title}
    type: case
    status: {status}
    owner: {owner}
    review_after: {due}
    updated: 2026-11-01
    ---

    ## 现象

    打印机卡纸 {id}
    """


@pytest.fixture
def site(settings: Settings, letterbox: Letterbox, write: Write, indexed: Callable[[], Index]) -> Settings:
    """A base with an article in review and one that is overdue; a lead, an owner, and a team."""
    overdue = (date.today() - timedelta(days=3)).isoformat()
    write("a.md", ARTICLE.format(id="KB-000001", title="卡纸", status="review", owner="zhang.san", due="2099-01-01"))
    write("b.md", ARTICLE.format(id="KB-000002", title="掉线", status="published", owner="team:网络组", due=overdue))
    write("c.md", ARTICLE.format(id="KB-000003", title="蓝屏", status="published", owner="", due="2099-01-01"))
    indexed()
    store = Store(settings.database)
    people, wishes = People(store), Wishes(store)
    for login, role, teams in (("lead", "lead", ()), ("zhang.san", "writer", ()), ("li.si", "writer", ("网络组",))):
        people.add(login, login, role, teams=teams)
        wishes.change(login, mail=f"{login}@x.example", **dict.fromkeys(KINDS, NOW))
    store.close()
    return replace(
        settings, mail_host="127.0.0.1", mail_port=letterbox.port, mail_security="none", mail_from="kb@x.example"
    )


def tick(site: Settings, now: datetime | None = None) -> Any:
    ticker = Ticker(site)
    try:
        return ticker.tick(now)
    finally:
        ticker.close()


def told(letterbox: Letterbox) -> set[tuple[str, str]]:
    return {(str(m["To"]).partition("@")[0], str(m["Subject"])) for m in letterbox.mails}


def test_everybody_is_told_what_concerns_them_once(site: Settings, letterbox: Letterbox) -> None:
    """The owner, the owning team, the leads where nobody owns it; mentions go to the team; nothing is told twice."""
    feedback = Feedback(Store(site.database), 365)
    feedback.give_verdict("KB-000003", "unhelpful", "v", reason="wrong", comment="@网络组 电话 13812345678 打不通")
    feedback.give_verdict("KB-000001", "unhelpful", "v", reason="fault")
    assert tick(site) == (4, 0, 4, 0)
    assert told(letterbox) == {
        ("zhang.san", "送审：卡纸"),
        ("li.si", "该复核了：掉线"),
        ("lead", "没用：蓝屏"),
        ("li.si", "提到 网络组：KB-000003"),
    }
    assert all("13812345678" not in text_of(m) for m in letterbox.mails)
    assert tick(site) == (0, 0, 0, 0)


def test_each_as_they_wish(site: Settings, letterbox: Letterbox) -> None:
    """Once a day: everything in one mail, in the morning; not at all: nothing; without an address nothing."""
    wishes = Wishes(Store(site.database))
    wishes.change("zhang.san", review_wanted=NEVER)
    wishes.change("li.si", **dict.fromkeys(KINDS, "daily"))
    wishes.change("lead", mail="")
    Feedback(Store(site.database), 365).give_verdict("KB-000002", "unhelpful", "v", reason="unclear")
    assert tick(site) == (2, 0, 0, 0)
    assert tick(site, next_digest(datetime.now(UTC)) + timedelta(minutes=1))[1:] == (0, 2, 0)
    [mail] = letterbox.mails
    assert str(mail["Subject"]) == "故知：2 条通知"
    assert "该复核了：掉线" in text_of(mail)
    assert "没用：掉线" in text_of(mail)


def test_a_base_without_people_has_nothing_to_tell(settings: Settings) -> None:
    """Without a database nothing is made; without accounts nothing is told."""
    assert tick(settings) == (0, 0, 0, 0)
    Store(settings.database).ping()
    assert tick(settings) == (0, 0, 0, 0)
    assert Outbox(Store(settings.database)).unsent() == []


@pytest.mark.parametrize(
    ("given", "named"),
    [
        ({"mail": "zhang"}, "zhang@example.com"),
        ({"mail": "a@b.cn\nBcc: c@d.cn"}, "zhang@example.com"),
        ({"url": "json://127.0.0.1/x"}, "dingtalk://"),
        ({"url": "file:///etc/passwd"}, "dingtalk://"),
        ({"case": "sometimes"}, "daily"),
        ({"weather": "now"}, "review_due"),
    ],
)
def test_a_wish_that_is_none(store: Store, given: dict[str, str], named: str) -> None:
    """Is refused with what would be right; a chat that people choose leads into no network of ours."""
    People(store).add("li.si", "李四", "writer")
    with pytest.raises(InputError, match=named):
        Wishes(store).change("li.si", **given)
    assert Wishes(store).of("li.si") == Wish()


def test_wishes_of_nobody(store: Store) -> None:
    with pytest.raises(NotFoundError, match="li"):
        Wishes(store).change("li.si", mail="a@b.cn")
