"""The page for a paste: files, customer data, verdicts, replies and write-ups, as the server answers them."""

import logging
import re
from collections.abc import Iterator
from dataclasses import replace
from html import unescape
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest
from flask.testing import FlaskClient
from sqlalchemy import select
from test_web import CHINESE, MAX_PAGE, Client, Page, token
from werkzeug.test import TestResponse

from kb import privacy
from kb.database import tables
from kb.database.activity import Feedback
from kb.database.connection import Store
from kb.desk.memory import Memory
from kb.errors import StoreError
from kb.model import MAX_TEXT
from kb.search.embedded import EmbeddedEngine
from kb.search.index import Index
from kb.settings import Settings
from kb.web import create_app
from kb.web.cards import language_of

PASTE = "您好，\n打印机 HP P3015 屏幕一直是 49.4C02 ERROR，关了再开又死机。\n"
ANSWER = "KB-000012"
SECRETS = ("13812345678", "wang@corp.cn", "Abc12345")
PRIVATE = PASTE + "电话 13812345678，写信到 wang@corp.cn，密码：Abc12345，网关 10.20.30.40\n"
NOTHING = "附近有没有川菜馆推荐"
MAIL = """\
From: =?utf-8?b?546L5bel?= <wang@corp.cn>
Subject: =?utf-8?b?5omT5Y2w5py65q275py6?=
MIME-Version: 1.0
Content-Type: text/plain; charset=utf-8

打印机 HP P3015 屏幕一直是 49.4C02 ERROR，关了再开又死机。
"""


@pytest.fixture
def private(sample_settings: Settings, tmp_path: Path) -> Settings:
    """The site of the repository's own articles with a log of its own."""
    return replace(sample_settings, database=str(tmp_path / "people.db"))


def visit(settings: Settings) -> FlaskClient:
    app = create_app(settings)
    app.test_client_class = Client
    return app.test_client()


@pytest.fixture
def site(private: Settings) -> FlaskClient:
    return visit(private)


def send(client: FlaskClient, path: str, part: bool = False, **fields: Any) -> TestResponse:
    """A posted form with its token; part: as a script sends it."""
    return client.post(path, data={"token": token(client), **fields}, headers={"X-Part": "1"} if part else {})


def rows(settings: Settings, table: Any) -> list[Any]:
    with Store(settings.database).session() as session:
        return list(session.scalars(select(table)))


# --- files -----------------------------------------------------------------------------------


def test_a_mail_as_a_file(site: FlaskClient) -> None:
    """A mail is read on the server: its text joins what was typed, and is answered."""
    response = send(site, "/suggest", text="客户来信：", file=(BytesIO(MAIL.encode()), "mail.eml"))
    assert response.status_code == 200
    assert re.search(r"<textarea[^>]*>客户来信：\s+打印机死机\s+打印机 HP P3015", response.text)
    assert ANSWER in response.text


def test_a_file_that_is_none(site: FlaskClient) -> None:
    """A file that can't be read is told in a sentence on the page; what was typed is there and answered."""
    response = send(site, "/suggest", text=PASTE, file=(BytesIO(bytes(range(256)) * 20), "photo.jpg"))
    assert response.status_code == 200
    assert re.search(r'role="alert">[^<]*photo\.jpg', response.text)
    assert PASTE.strip() in Page(response).text
    assert ANSWER in response.text


def test_intake_for_scripts(site: FlaskClient) -> None:
    """A script sends a dropped file alone and gets its text, or a sentence."""
    found = send(site, "/intake", part=True, file=(BytesIO(MAIL.encode()), "mail.eml")).get_json()
    assert found["text"].startswith("打印机死机\n\n打印机 HP P3015")
    response = send(site, "/intake", part=True, file=(BytesIO(bytes(range(256)) * 20), "photo.jpg"))
    assert response.status_code == 400
    assert "photo.jpg" in response.text
    assert send(site, "/intake", part=True).status_code == 400
    assert site.post("/intake", data={"file": (BytesIO(b"x"), "x.txt")}).status_code == 400


# --- customer data ---------------------------------------------------------------------------


def test_customer_data_is_shown(site: FlaskClient) -> None:
    """Each piece with its kind; addresses are counted, and shown when they are chosen."""
    part = Page(send(site, "/suggest", part=True, text=PRIVATE)).text
    assert "发现客户数据 3 处" in part
    for kind, value in zip(("手机号码", "邮箱地址", "密码"), SECRETS, strict=True):
        assert re.search(rf"{kind}\s+{re.escape(value)}", part)
    assert "IP、MAC 地址也算（1 个）" in part
    part = Page(send(site, "/suggest", part=True, text=PRIVATE, addresses="1")).text
    assert "发现客户数据 4 处" in part
    assert re.search(r"IP 地址\s+10\.20\.30\.40", part)
    assert "发现客户数据" not in Page(send(site, "/suggest", part=True, text=NOTHING)).text


def test_a_password_is_no_identifier(site: FlaskClient) -> None:
    """What was recognised leads to an address; customer data is not among it."""
    links = Page(send(site, "/suggest", text=PRIVATE)).links()
    assert "/code/49.4C02" in links
    assert not [link for link in links if any(secret in link for secret in SECRETS)]
    longer = Page(send(site, "/suggest", text=PASTE + "密码：Xyz98765!")).links()  # a part of it looks like a code
    assert not [link for link in longer if "Xyz98765" in link]


def test_mask_without_scripts(site: FlaskClient) -> None:
    """The button brings the page with placeholders, and says that there is no way back; the answers stay."""
    response = send(site, "/mask", text=PRIVATE)
    page = Page(response)
    assert not [secret for secret in SECRETS if secret in response.text]
    assert "〔手机号码1〕" in page.text
    assert "已打码 3 处，原文没有保留" in page.text
    assert "10.20.30.40" in page.text
    assert ANSWER in response.text
    assert "10.20.30.40" not in send(site, "/mask", text=PRIVATE, addresses="1").text


def test_mask_for_scripts(site: FlaskClient) -> None:
    """A script gets the originals, and can undo the mask; they are kept nowhere else."""
    found = send(site, "/mask", part=True, text=PRIVATE).get_json()
    assert {original for _, original in found["originals"]} == set(SECRETS)
    assert not [secret for secret in SECRETS if secret in found["text"]]
    assert privacy.unmask(found["text"], [(p, o, "") for p, o in found["originals"]]) == PRIVATE


def test_placeholders_are_no_words(site: FlaskClient) -> None:
    """A mask does not make a text about telephones and passwords."""
    text = privacy.mask(f"{NOTHING} {' '.join(SECRETS[:2])} 密码：Abc12345").text
    assert "没有足够相似的案例" in send(site, "/suggest", text=text).text


def test_nothing_unmasked_is_stored(private: Settings, site: FlaskClient) -> None:
    """Neither the log nor a verdict holds customer data; an address neither, when it was chosen."""
    send(site, "/suggest", text=PRIVATE, addresses="1")
    send(site, "/verdict", text=PRIVATE, verdict=f"helpful {ANSWER}", addresses="1")
    stored = [row.text for table in (tables.Search, tables.Verdict) for row in rows(private, table)]
    assert len(stored) > 1
    assert all("〔手机号码〕" in text for text in stored)
    raw = b"".join(path.read_bytes() for path in Path(private.database).parent.glob("people.db*"))
    assert not [secret for secret in (*SECRETS, "10.20.30.40") if secret.encode() in raw]


# --- the log ---------------------------------------------------------------------------------


def test_one_paste_is_one_search(private: Settings, site: FlaskClient) -> None:
    """A text that grows is one search of the log; one that is asked anew is another."""
    part = Page(send(site, "/suggest", part=True, text="打印机"))
    [field] = part.all("input", name="search", form="paste")
    send(site, "/suggest", part=True, text=PASTE, search=field["value"])
    [row] = rows(private, tables.Search)
    assert (row.mode, row.text, row.shown[0]) == ("suggest", PASTE.strip(), ANSWER)
    send(site, "/suggest", text=NOTHING, search=field["value"], anew="1")
    assert [r.shown for r in rows(private, tables.Search)] == [row.shown, []]
    send(site.application.test_client(), "/suggest", text="别人的", search=field["value"])
    assert len(rows(private, tables.Search)) == 3


def test_a_log_that_fails_keeps_nobody_from_an_answer(
    site: FlaskClient, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """Without a database there are answers, no verdicts, and a warning without a word of the text."""

    def fail(*_: object, **__: object) -> None:
        raise StoreError("the database is gone")

    for name in ("log_search", "given", "helped", "state", "verdicts"):
        monkeypatch.setattr(Feedback, name, fail)
    with caplog.at_level(logging.WARNING):
        page = Page(send(site, "/suggest", text=PRIVATE))
    assert any(link.startswith(f"/a/{ANSWER}") for link in page.links())
    assert not page.all("button", name="verdict")
    assert "the database is gone" in caplog.text
    assert "P3015" not in caplog.text


def test_without_a_log(private: Settings) -> None:
    """Where nothing is kept, the page says so and asks for no verdict."""
    page = Page(send(visit(replace(private, log_days=0)), "/suggest", text=PASTE))
    assert "不会保存" in page.text
    assert not page.all("button", name="verdict")


# --- verdicts --------------------------------------------------------------------------------


def verdicts(page: Page, article: str = ANSWER) -> list[str]:
    """What can be said of an article on this page."""
    said = (b["value"].split(" ") for b in page.all("button", name="verdict"))
    return [word for word, name in said if name == article]


def test_a_verdict_and_its_undo(private: Settings, site: FlaskClient) -> None:
    """Without scripts the page comes again with the verdict, its count and a way back; the text stays."""
    page = Page(send(site, "/suggest", text=PASTE))
    assert verdicts(page) == ["helpful", "unhelpful"]
    [search] = page.all("input", name="search")
    page = Page(send(site, "/verdict", text=PASTE, verdict=f"helpful {ANSWER}", search=search["value"]))
    assert PASTE.strip() in page.text
    assert "您说：有效" in page.text
    assert "有效 1 次" in page.text
    assert verdicts(page) == ["undo"]
    [row] = rows(private, tables.Verdict)
    assert (row.article, row.verdict, str(row.search)) == (ANSWER, "helpful", search["value"])
    assert "有效 1 次" in Page(send(site.application.test_client(), "/suggest", text=PASTE)).text
    page = Page(send(site, "/verdict", text=PASTE, verdict=f"undo {ANSWER}"))
    assert verdicts(page) == ["helpful", "unhelpful"]
    assert "有效 1 次" not in page.text
    assert rows(private, tables.Verdict) == []


def test_a_reason(private: Settings, site: FlaskClient) -> None:
    """Who says that an article did not help may say why; a script gets the article's standing alone."""
    part = Page(send(site, "/verdict", part=True, text=PASTE, verdict=f"unhelpful {ANSWER}"))
    assert "textarea" not in [tag for tag, _ in part.elements]
    assert verdicts(part) == ["undo", "fault", "incomplete", "wrong", "unclear", "links", "other"]
    part = Page(send(site, "/verdict", part=True, text=PASTE, verdict=f"wrong {ANSWER}"))
    assert "不准确" in part.text
    assert verdicts(part) == ["undo"]
    [row] = rows(private, tables.Verdict)
    assert (row.verdict, row.reason) == ("unhelpful", "wrong")


def test_a_verdict_that_is_none(site: FlaskClient) -> None:
    """Other words, articles that are not there, and forms without a token are refused; the text stays."""
    for said, status in ((f"great {ANSWER}", 400), ("helpful KB-999999", 404), ("", 404)):
        assert send(site, "/verdict", text=PASTE, verdict=said).status_code == status
    assert PASTE.strip() in Page(send(site, "/verdict", text=PASTE, verdict=f"great {ANSWER}")).text
    assert site.post("/verdict", data={"text": PASTE, "verdict": f"helpful {ANSWER}"}).status_code == 400


def test_a_verdict_helps_the_next_similar_paste(site: FlaskClient) -> None:
    """Customers' own words without a word of the article: said to help once, it is suggested, with the reason."""
    text = "三楼前台的机子吐出来的纸全是乱码天书"
    assert "以前有效" not in send(site, "/suggest", text=text).text
    for _ in range(3):
        other = site.application.test_client()
        send(other, "/verdict", text=text, verdict=f"helpful {ANSWER}")
    page = Page(send(site, "/suggest", text=f"你好，{text}，谢谢"))
    assert any(link.startswith(f"/a/{ANSWER}") for link in page.links())
    assert "以前有效 3 次（相似的粘贴）" in page.text


def test_memory_is_read_when_something_is_new(private: Settings, built: Index) -> None:
    """The verdicts of a process are read once, again when one came or went, and by one thread at a time."""
    feedback = Feedback(Store(private.database), 30)
    memory, engine = Memory(feedback), EmbeddedEngine(built)
    assert memory.remembered(engine) is None
    row = feedback.give_verdict(ANSWER, "helpful", "a", "老机器吐天书")
    first = memory.remembered(engine)
    assert first is not None
    assert memory.remembered(engine) is first
    feedback.give_verdict(ANSWER, "helpful", "b", "财务的机器")
    with memory._lock:  # another thread is reading
        assert memory.remembered(engine) is first
    second = memory.remembered(engine)
    assert second is not first
    assert second is not None
    assert len(second) == 2
    feedback.take_back(row, "a")
    third = memory.remembered(engine)
    assert third is not None
    assert len(third) == 1


# --- beside the ticket system ----------------------------------------------------------------


def test_the_panel(site: FlaskClient) -> None:
    """Answers by address and by form without a session, with no cookie set and no navigation."""
    for answer in (site.get("/panel", query_string={"text": PASTE}), site.post("/panel", data={"text": PASTE})):
        page = Page(answer)
        assert answer.status_code == 200
        assert any(link.startswith(f"/a/{ANSWER}") for link in page.links())
        assert "Set-Cookie" not in answer.headers
        assert not page.all("nav")
        assert "根据您的描述" in page.text
    assert "说得太少" in site.get("/panel?text=打不开").text
    assert site.get("/panel").status_code == 200


def test_who_may_frame_the_panel(private: Settings) -> None:
    """The sites that are named, the panel alone; without any, nobody."""
    named = visit(replace(private, panel_hosts=("https://zammad.example.com", "https://*.corp.cn")))
    answer = named.get("/panel?text=x")
    policy = answer.headers["Content-Security-Policy"]
    assert "frame-ancestors https://zammad.example.com https://*.corp.cn;" in policy
    assert "X-Frame-Options" not in answer.headers
    for client, path in ((named, "/suggest"), (named, "/"), (named, "/nowhere"), (visit(private), "/panel?text=x")):
        headers = client.get(path).headers
        assert "frame-ancestors 'none'" in headers["Content-Security-Policy"]
        assert headers["X-Frame-Options"] == "DENY"


def test_the_panel_is_noted_masked(private: Settings, site: FlaskClient) -> None:
    """Once it was asked by a reader; what another site's page posts into it is not."""
    site.post("/panel", data={"text": PRIVATE}, headers={"Sec-Fetch-Site": "cross-site"})
    assert rows(private, tables.Search) == []
    site.post("/panel", data={"text": PRIVATE}, headers={"Sec-Fetch-Site": "same-origin"})
    [row] = rows(private, tables.Search)
    assert row.visitor == "panel"
    assert not [secret for secret in SECRETS if secret in row.text]


def test_the_bookmark(site: FlaskClient) -> None:
    """Posts what is selected to this site's panel."""
    [code] = [link for link in Page(site.get("/bookmarklet")).links() if link.startswith("javascript:")]
    assert "http://localhost/panel" in code
    assert "post" in code
    assert "\n" not in code


# --- replies and write-ups -------------------------------------------------------------------


def test_replies_come_with_a_card(site: FlaskClient) -> None:
    """Both forms are on the page to be selected, in the customer's language and script; no address of this site."""
    text = send(site, "/suggest", text=PASTE).text
    chat, mail = re.findall(r'<pre[^>]*data-text="(?:chat|mail)">(.*?)</pre>', text, re.DOTALL)[:2]
    assert chat.startswith("您好")
    assert len(chat) < len(mail)
    assert not any("http" in reply or "/a/" in reply for reply in (chat, mail))
    assert "Remove-PrintJob" in re.findall(r'data-text="steps">(.*?)</pre>', text, re.DOTALL)[0]
    assert "Remove-PrintJob" not in chat + mail
    taiwan = send(site, "/suggest", text="您好，印表機 HP P3015 螢幕一直顯示 49.4C02 ERROR，請協助").text
    mails = re.findall(r'data-text="mail">(.*?)</pre>', taiwan, re.DOTALL)
    assert "根據您的描述" in mails[0]
    assert not re.search("[们发这题为]", mails[0])
    english = send(site, "/suggest", text="HP P3015 shows 49.4C02 ERROR after each restart").text
    assert re.search(r'data-text="chat">Hello', english)


def test_an_address_for_customers(private: Settings) -> None:
    """With a public address set, replies link there, by the short address."""
    there = visit(replace(private, public_url="https://help.example.com/kb"))
    text = send(there, "/suggest", text=PASTE).text
    for reply in re.findall(r'<pre[^>]*data-text="(?:chat|mail)">(.*?)</pre>', text, re.DOTALL)[:2]:
        assert re.search(f"https://help.example.com/kb/a/{ANSWER}$", reply, re.MULTILINE)


def test_one_card_is_open(site: FlaskClient) -> None:
    """The first is; the others show title, band and reason. Shares are told only where there are several."""
    page = Page(send(site, "/suggest", text="打印机卡纸，重启之后还是卡，换了纸也没有用，一打印就卡"))
    cards = page.all("details", name="cards")
    assert len(cards) > 1
    assert ["open" in card for card in cards] == [True] + [False] * (len(cards) - 1)
    assert len(page.all("summary")) > len(cards)


@pytest.mark.parametrize("text", ["打不开", "打印机 卡纸", "printer jam", "蓝屏"])
def test_too_few_words(site: FlaskClient, text: str) -> None:
    """One or two words bring no fix: what would help is asked, and a search offered."""
    page = Page(send(site, "/suggest", text=text))
    assert "说得太少" in page.text
    assert not page.all("details", name="cards")
    assert "可能的领域" not in page.text
    assert any(link.startswith("/search?q=") for link in page.links())


@pytest.mark.parametrize("text", ["49.4C02", "打印机连不上，重启也不行"])
def test_enough_is_said(site: FlaskClient, text: str) -> None:
    """A code alone is enough, and so is a sentence."""
    assert "说得太少" not in send(site, "/suggest", text=text).text


@pytest.mark.parametrize(
    ("text", "language"),
    [("日志如下：\nORA-01653: unable to extend", "zh"), ("it says 〔手机号码1〕 is wrong", "en"), ("", "en")],
)
def test_the_customers_language(text: str, language: str) -> None:
    """A Chinese sentence above an English log makes a Chinese customer; our own placeholders don't."""
    assert language_of(text) == language


def hidden(page: Page, action: str) -> dict[str, str]:
    """The fields of the form that posts there, which is the last one on the page."""
    start = next(i for i, (tag, a) in enumerate(page.elements) if tag == "form" and a.get("action") == action)
    fields = [a for tag, a in page.elements[start:] if tag == "input" and a.get("type") == "hidden"]
    return {a["name"]: a["value"] for a in fields[:4]}


def test_a_write_up_from_a_paste(site: FlaskClient) -> None:
    """The form holds the masked paste and what was looked at, shown now or opened before, for the editor."""
    page = Page(send(site, "/suggest", text=PRIVATE, seen=["KB-000014", "KB-999999"]))
    fields = hidden(page, "/new")
    assert fields["kind"] == "case"
    assert "49.4C02" in fields["title"]
    assert not [secret for secret in SECRETS if secret in fields["text"]]
    diagnosis = fields["text"].split("## 排查")[1].split("## 解决")[0]
    assert re.findall(r"KB-\d+", diagnosis)[:2] == ["KB-000014", ANSWER]
    editor = site.post("/new", data=fields)
    assert editor.status_code == 200
    assert "49.4C02 ERROR" in editor.text


def test_elsewhere_a_draft_is_downloaded(site: FlaskClient) -> None:
    """Who can't write here gets the same as a file."""
    far = {"REMOTE_ADDR": "192.0.2.1"}
    data = {"token": token(site), "text": PRIVATE, "seen": "KB-000014"}
    page = Page(site.post("/suggest", data=data, environ_overrides=far))
    assert not page.all("form", action="/new")
    assert page.all("button", formaction="/draft", form="paste")
    text = site.post("/draft", data=data, environ_overrides=far).text
    assert text.startswith("---\nkind: case\ntitle: ")
    assert "- KB-000014 " in text
    assert not [secret for secret in SECRETS if secret in text]


# --- size and language -----------------------------------------------------------------------


def test_a_long_log(site: FlaskClient) -> None:
    """The answer to 100 kB of log stays light, also when each line holds customer data."""
    line = "2024-01-02 12:33:44 ERROR [pool-{i}] 49.4C02 user=u{i}@corp.cn 13{i:09d} from 10.0.0.{i}\n"
    log = "".join(line.format(i=i) for i in range(1200))[:MAX_TEXT]
    response = send(site, "/suggest", part=True, text=log)
    assert response.status_code == 200
    assert len(response.data) < MAX_PAGE / 2


def answers(site: FlaskClient) -> Iterator[TestResponse]:
    text = "HP P3015 shows 49.4C02 ERROR, call 13812345678, password: Abc12345, gateway 10.20.30.40"
    yield send(site, "/suggest", part=True, text="sourdough bread 13812345678")
    yield send(site, "/mask", text="sourdough bread 13812345678 10.2.3.4")
    yield send(site, "/verdict", part=True, text=text, verdict=f"unhelpful {ANSWER}")
    yield send(site, "/verdict", part=True, text=text, verdict=f"links {ANSWER}")
    yield send(site, "/verdict", part=True, text=text, verdict=f"great {ANSWER}")
    yield send(site, "/suggest", text="sourdough bread", file=(BytesIO(bytes(range(256)) * 20), "photo.jpg"))


def test_english_is_complete(site: FlaskClient) -> None:
    """In English nothing on the page is Chinese."""
    site.get("/?lang=en")
    for answer in answers(site):
        text = answer.text.replace('aria-hidden="true">故<', "").replace(">中文<", "")
        assert not CHINESE.search(unescape(text)), answer.request.path
