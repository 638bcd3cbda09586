"""The lead's pages: every table as a page and as a file, and one click to act."""

import csv
import io
import re
from pathlib import Path

import pytest
from conftest import ARTICLES, index_of_its_own
from flask.testing import FlaskClient

from kb.articles import golden
from kb.articles.check import check
from kb.database.activity import Feedback
from kb.database.connection import Store
from kb.desk.examination import FILE, MAX_COMPARED, examination, examine
from kb.search.index import Index
from kb.settings import Settings, load
from kb.text.synonyms import parse
from kb.web import create_app, spreadsheets

PAGES = ("/insights", "/insights/articles", "/insights/quality", "/insights/words")


@pytest.fixture
def here(tmp_path: Path, built: Index) -> Settings:
    """The sample base with a database of its own and copies of the files that decisions change."""
    articles = tmp_path / "articles"
    articles.mkdir()
    for name in ("golden.yml", "synonyms.txt"):
        (articles / name).write_bytes((ARTICLES / name).read_bytes())
    index = index_of_its_own(built, tmp_path / "index")
    return load({"articles": articles, "index": index, "database": "kb.db"}, tmp_path)


@pytest.fixture
def log(here: Settings) -> Feedback:
    return Feedback(Store(here.database), 365)


@pytest.fixture
def client(here: Settings) -> FlaskClient:
    examine(here)
    return create_app(here).test_client()


def token(client: FlaskClient, path: str) -> str:
    found = re.search(r'name="token" value="([^"]+)"', client.get(path).text)
    assert found
    return found[1]


def rows(client: FlaskClient, name: str) -> list[list[str]]:
    answer = client.get(f"/insights/{name}.csv")
    assert answer.mimetype == "text/csv"
    return list(csv.reader(io.StringIO(answer.text.removeprefix("\ufeff"))))


@pytest.mark.parametrize("path", PAGES)
@pytest.mark.parametrize("language", ["zh", "en"])
def test_pages_of_a_site_that_nobody_used(client: FlaskClient, path: str, language: str) -> None:
    """Before anything happened the pages say so, in both languages."""
    answer = client.get(path, query_string={"lang": language})
    assert answer.status_code == 200
    assert len(answer.data) < 200_000
    if language == "en":
        body = re.sub(r"<(script|style).*?</\1>", "", answer.text.split("<main")[1], flags=re.DOTALL)
        chrome = re.sub(r"<(td|th|li|b|small|a)\b.*?</\1>", "", body, flags=re.DOTALL)
        assert not re.search(r"[\u4e00-\u9fff]", chrome)


@pytest.mark.parametrize("name", spreadsheets.FILES)
def test_files(client: FlaskClient, log: Feedback, name: str) -> None:
    """Every table has a head and as many cells in each row."""
    log.log_search("search", "卡纸", ["KB-000031"], 1, 0.5, "v")
    head, *found = rows(client, name)
    assert all(len(row) == len(head) for row in found)
    assert client.get("/insights/nosuch.csv").status_code == 404


def test_a_gap_leads_to_an_article(client: FlaskClient, log: Feedback) -> None:
    """What nobody found is a row, and its button opens the editor with the text as the symptom."""
    for _ in range(3):
        log.log_search("suggest", "投影仪黑屏没有信号", [], 0, 0.0, "v")
    page = client.get("/insights").text
    assert "投影仪黑屏没有信号" in page
    assert rows(client, "gaps")[1][:2] == ["投影仪黑屏没有信号", "3"]
    body = re.search(r'name="text" value="([^"]+)"', page)
    assert body
    form = {"token": token(client, "/insights"), "kind": "case", "title": "投影仪黑屏", "text": body[1]}
    editor = client.post("/new", data=form)
    assert editor.status_code == 200
    assert "投影仪黑屏没有信号" in editor.text


def test_a_gap_is_settled_and_comes_back(client: FlaskClient, log: Feedback) -> None:
    """Passed over, settled or somebody's: it leaves the list, can be reopened, and comes back when missed again."""
    log.log_search("suggest", "投影仪黑屏没有信号", [], 0, 0.0, "v")
    proof = token(client, "/insights")

    def decided(state: str, owner: str = "") -> str:
        sent = {"token": proof, "text": "投影仪黑屏没有信号", "state": state, "owner": owner}
        assert client.post("/insights/gap", data=sent).status_code == 303
        return client.get("/insights").text

    assert "处理过的（1）" in decided("ignored")
    assert rows(client, "gaps")[1][4] == "已忽略"
    assert "处理过的" not in decided("open", "李工")
    assert "李工" in client.get("/insights").text
    assert rows(client, "gaps")[1][5] == "李工"
    assert "处理过的（1）" in decided("done", "李工")
    log.log_search("search", "投影仪黑屏没有信号", [], 0, 0.0, "w")
    again = client.get("/insights").text
    assert "处理后又出现" in again
    assert "处理过的" not in again
    refused = client.post("/insights/gap", data={"token": proof, "text": "x", "state": "gone"})
    assert refused.status_code == 400


def test_test_searches_are_forgotten(client: FlaskClient, log: Feedback) -> None:
    """Counted first, deleted on a second word: chosen texts, this browser's, programs', a time; verdicts stay."""
    client.get("/search?q=我自己试的")
    with client.session_transaction() as session:
        mine = session["visitor"]
    log.log_search("search", "我自己试的", [], 0, 0.0, mine)
    log.log_search("search", "脚本试的", [], 0, 0.0, "api")
    log.log_search("search", "别人问的", [], 0, 0.0, "v")
    log.log_visit("KB-000012", mine)
    log.give_verdict("KB-000012", "helpful", mine, "我自己试的")
    proof = token(client, "/insights/forget")

    def sent(**form: object) -> str:
        answer = client.post("/insights/forget", data={"token": proof, **form}, follow_redirects=True)
        return answer.text

    def asked() -> set[str]:
        return {row[0] for row in rows(client, "gaps")[1:]}

    assert "先选要删哪些" in sent(who="all")
    assert "不是日期" in sent(who="all", since="昨天")
    told = sent(who="mine")
    assert re.search(r"会删除 \d 次搜索和 1 次打开", told)
    assert "我自己试的" in asked()
    assert "删除了" in sent(who="mine", sure="1")
    assert asked() == {"脚本试的", "别人问的"}
    assert log.state()[0] == 1
    sent(who="programs", since="2031-01-01", sure="1")
    assert "脚本试的" in asked()
    sent(who="programs", sure="1")
    assert asked() == {"别人问的"}
    sent(text="别人问的", sure="1")
    assert asked() == set()


def test_charts_have_axes_and_a_table(client: FlaskClient, log: Feedback) -> None:
    """Counts and shares week by week as SVG without a style of its own, and the same numbers as a table."""
    for best in (0.9, 0.9, 0.9, 0.1):
        log.log_search("search", "卡纸", ["KB-000012"], 1, best, "v")
    page = client.get("/insights").text
    assert page.count("<svg") == page.count('role="img"') == 2
    assert "100%</text>" in page
    assert "style=" not in page
    assert "<td>75%</td>" in page
    head, *found = rows(client, "weeks")
    assert found[-1][head.index("强匹配占比")] == "75%"


def test_a_file_has_local_time_and_percent(client: FlaskClient, log: Feedback) -> None:
    log.log_search("suggest", "投影仪黑屏", ["KB-000012"], 1, 0.123, "v")
    _, best, last = rows(client, "gaps")[1][1:4]
    assert best == "12%"
    assert re.fullmatch(r"\d{4}-\d\d-\d\d \d\d:\d\d", last)


def test_what_was_typed_is_escaped(client: FlaskClient, log: Feedback) -> None:
    """A search is a stranger's text: neither a page nor a spreadsheet runs it."""
    log.log_search("search", '<script>alert(1)</script>"', [], 0, 0.0, "v")
    log.log_search("search", '=HYPERLINK("http://x")', [], 0, 0.0, "v")
    assert "<script>alert" not in client.get("/insights").text
    assert {row[0][0] for row in rows(client, "gaps")[1:]} == {"<", "'"}


def test_a_synonym_is_decided(client: FlaskClient, here: Settings) -> None:
    """Accepted lines go into synonyms.txt, refused ones aside; neither is proposed again."""
    before = re.findall(r'name="line" value="([^"]+)"', client.get("/insights/words").text)
    assert len(before) >= 2
    proof = token(client, "/insights/words")
    for line, decision in zip(before, ("accept", "refuse"), strict=False):
        answer = client.post("/insights/synonym", data={"token": proof, "line": line, "decision": decision})
        assert answer.status_code == 303
    accepted = parse((here.articles / "synonyms.txt").read_text("utf8")).table
    left, right = re.split(r" =>? ", before[0])
    assert right in accepted[left]
    assert before[1] in (here.articles / "synonyms-refused.txt").read_text("utf8")
    after = re.findall(r'name="line" value="([^"]+)"', client.get("/insights/words").text)
    assert not {before[0], before[1]} & set(after)
    bad = client.post("/insights/synonym", data={"token": proof, "line": "一行不是同义词的话", "decision": "accept"})
    assert bad.status_code == 400


def test_a_verdict_becomes_golden(client: FlaskClient, here: Settings, log: Feedback) -> None:
    """One click; then it is no longer offered."""
    log.give_verdict("KB-000012", "helpful", "v", "屏幕一直是 49.4C02")
    form = {"token": token(client, "/insights/words"), "text": "屏幕一直是 49.4C02", "article": "KB-000012"}
    assert client.post("/insights/golden", data=form).status_code == 303
    last = golden.load(here.articles)[-1]
    assert (last.query, last.articles, last.mode) == ("屏幕一直是 49.4C02", ("KB-000012",), "suggest")
    assert "49.4C02" not in client.get("/insights/words").text
    assert client.post("/insights/golden", data=form).status_code == 400


@pytest.mark.parametrize("path", ["/insights/synonym", "/insights/golden", "/insights/gap", "/insights/forget"])
def test_who_may_decide(client: FlaskClient, path: str) -> None:
    """Not without the form's token, and not from another machine."""
    assert client.post(path, data={"line": "甲乙 = 丙丁"}).status_code == 400
    proof = token(client, "/insights/words")
    away = client.post(path, data={"token": proof}, environ_overrides={"REMOTE_ADDR": "10.0.0.7"})
    assert away.status_code == 403
    assert "127.0.0.1" in away.text


def test_switched_off(here: Settings) -> None:
    """Where nothing is kept the page says by which setting."""
    client = create_app(
        load({"articles": here.articles, "index": here.index, "log_days": 0}, here.articles)
    ).test_client()
    for path in PAGES:
        assert "log_days" in client.get(path).text


PROBLEM = "---\nid: KB-000901\ntitle: 扫描仪\nkind: faq\n---\n\n问\n"


def test_each_reader_reads_the_own_language(here: Settings, client: FlaskClient) -> None:
    """Problems are told in the language of who reads them, whoever was first, on the page and in the file."""
    (here.articles / "a.md").write_text(PROBLEM, "utf8")
    (here.index / FILE).unlink()
    examine(here)
    for language, message in (("zh", "缺少一节"), ("en", "section"), ("zh", "缺少一节")):
        for path in ("/insights/quality", "/insights/quality.csv"):
            assert message in client.get(path, query_string={"lang": language}).text, (language, path)


def test_what_was_mended_is_gone_at_once(here: Settings, client: FlaskClient) -> None:
    """An article that changed since the examination is checked anew; one that is no more has no problems."""
    path = here.articles / "a.md"
    path.write_text(PROBLEM, "utf8")
    (here.index / FILE).unlink()
    examine(here)
    path.write_text(PROBLEM + "\n## 问题\n\n不出图\n\n## 回答\n\n换线\n", "utf8")
    assert "a.md" not in client.get("/insights/quality").text
    path.write_text(PROBLEM, "utf8")
    assert "a.md" in client.get("/insights/quality").text
    path.unlink()
    assert "a.md" not in client.get("/insights/quality").text


def test_before_the_first_examination(here: Settings, client: FlaskClient, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody who opens the page makes the site compare articles; it says that this comes, and programs are told."""
    (here.index / FILE).write_text("{", "utf8")  # cut short

    def compared(*_: object) -> None:
        raise AssertionError("while somebody waits")

    monkeypatch.setattr("kb.search.embedded.EmbeddedEngine.duplicates", compared)
    monkeypatch.setattr("kb.search.embedded.EmbeddedEngine.synonyms", compared)
    for path in ("/insights/quality", "/insights/words"):
        assert "稍后刷新" in client.get(path).text
    for table in ("quality", "duplicates", "synonyms"):
        assert client.get(f"/api/v1/insights/{table}").json["complete"] is False
        assert client.get(f"/api/v1/insights/{table}").json["rows"] == []


def test_an_examination_is_made_once(here: Settings, client: FlaskClient, monkeypatch: pytest.MonkeyPatch) -> None:
    """Of one index and one day; a large base is not compared with itself."""
    before = (here.index / FILE).stat().st_mtime_ns
    examine(here)
    assert (here.index / FILE).stat().st_mtime_ns == before
    (here.index / FILE).unlink()
    monkeypatch.setattr("kb.desk.examination.MAX_COMPARED", 3)
    examine(here)
    found = examination(here.index)
    assert found is not None
    assert (found.pairs, found.proposals) == (None, None)
    assert str(MAX_COMPARED) in client.get("/insights/quality").text


def test_a_verdict_outlives_its_article(here: Settings, client: FlaskClient, log: Feedback) -> None:
    """What was said of an article that is no more takes nothing from the page of words."""
    log.give_verdict("KB-999999", "helpful", "v", "打印机没反应 卡纸")
    (here.index / FILE).unlink()
    examine(here)
    assert client.get("/insights/words").status_code == 200
    assert client.get("/api/v1/insights/synonyms").json["complete"] is True


@pytest.mark.parametrize("name", ["golden.yml", "synonyms.txt", "synonyms-refused.txt"])
def test_a_file_that_is_not_utf8(here: Settings, client: FlaskClient, name: str) -> None:
    """The page tells which file and shows the rest; programs get a sentence; the check tells, too."""
    (here.articles / name).write_bytes("卡纸 = 夹纸\n".encode("gb18030"))
    answer = client.get("/insights/words")
    assert answer.status_code == 200
    assert name in answer.text
    tables = ("promotions",) if name == "golden.yml" else ("synonyms",)
    for table in tables:
        refused = client.get(f"/api/v1/insights/{table}")
        assert refused.status_code == 400
        assert name in refused.json["error"]["message"]
    assert any(p.path == name and p.line == 1 for p in check(here.articles))
