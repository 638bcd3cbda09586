"""The writers' pages: from a template to found in search, and what never happens to anybody's text."""

import re
import shutil
import subprocess
import time
from collections.abc import Callable
from dataclasses import replace
from datetime import date, timedelta
from html.parser import HTMLParser
from io import BytesIO
from pathlib import Path

import pytest
from flask.testing import FlaskClient
from PIL import Image
from test_editions import CASE
from werkzeug.test import TestResponse

from kb.articles.files import parse
from kb.articles.frontmatter import mended
from kb.indexer.build import build
from kb.settings import Settings
from kb.web import create_app
from kb.web.writers import MAX_UPLOAD

Write = Callable[[str, str], Path]

BODY = "## 现象\n\n扫描枪读不出条码 ZX-4711\n\n" + "".join(
    f"## {name}\n\n{text}\n\n" for name, text in zip(("环境", "原因", "排查", "解决", "验证"), "abcde", strict=True)
)
FACTS = {"area": "desktop", "cause": "hardware", "handling": "onsite", "severity": "P3", "aliases": "扫不出来"}


class Forms(HTMLParser):
    """The forms of a page by their address: the values that their fields have, as a browser would send them."""

    def __init__(self, response: TestResponse) -> None:
        super().__init__()
        self.forms: dict[str, dict[str, str]] = {}
        self.buttons: set[str] = set()
        self._form: dict[str, str] = {}
        self._area = self._select = ""
        self.feed(response.text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        of = {k: v or "" for k, v in attrs}
        name = of.get("name", "")
        if tag == "form":
            self._form = self.forms[of.get("action", "")] = {}
        elif tag == "input" and name and of.get("type") != "file" and (of.get("type") != "checkbox" or "checked" in of):
            self._form[name] = of.get("value", "on" if of.get("type") == "checkbox" else "")
        elif tag == "button":
            self.buttons.add(of.get("value", ""))
        elif tag == "textarea":
            self._area = name
            self._form[name] = "\0"
        elif tag == "select":
            self._select = name
            self._form[name] = ""
        elif tag == "option" and "selected" in of:
            self._form[self._select] = of["value"]

    def handle_data(self, data: str) -> None:
        if self._area:
            self._form[self._area] += data

    def handle_endtag(self, tag: str) -> None:
        if tag == "textarea":  # a browser drops the first line end, and sends the others its own way
            text = self._form[self._area].replace("\0\n", "", 1).replace("\0", "")
            self._form[self._area] = text.replace("\n", "\r\n")
            self._area = ""


@pytest.fixture
def site(settings: Settings, write: Write) -> FlaskClient:
    write("printer/KB-000001.md", CASE)
    build(settings)
    return create_app(settings).test_client()


def with_settings(settings: Settings, **values: object) -> FlaskClient:
    return create_app(replace(settings, **values)).test_client()  # type: ignore[arg-type]


def form_of(site: FlaskClient, address: str) -> dict[str, str]:
    response = site.get(address)
    assert response.status_code == 200, response.text
    return Forms(response).forms["/save"]


def post(site: FlaskClient, form: dict[str, str], **changes: object) -> TestResponse:
    """Send the editor's form, as the named editor, with a note."""
    sent = {"action": "save", **form, "editor": "王工", "note": "改好了", **changes}
    return site.post("/save", data=sent, content_type="multipart/form-data")


def token_of(site: FlaskClient) -> str:
    return Forms(site.get("/rename/KB-000001")).forms["/rename/printer/KB-000001.md"]["token"]


def article(settings: Settings) -> Path:
    return settings.articles / "printer/KB-000001.md"


# --- writing ---------------------------------------------------------------------------------


def test_from_template_to_found(site: FlaskClient, settings: Settings) -> None:
    """A new article gets its number when it is first saved, and the next search finds it once it is published."""
    assert "故障案例" in site.get("/new").text
    form = form_of(site, "/new?kind=case")
    draft = post(site, form, title="扫描枪读不出条码 ZX-4711", text=BODY, **FACTS)
    assert draft.status_code == 303
    assert "KB-000002" in draft.headers["Location"]
    saved = parse((settings.articles / "desktop/KB-000002.md").read_text("utf8"), "x.md")
    assert (saved.id, saved.status, saved.body) == ("KB-000002", "draft", BODY)
    assert saved.review_after is not None
    assert "KB-000002" not in site.get("/search?q=ZX-4711").text
    published = post(site, form_of(site, "/edit/KB-000002"), action="to:published")
    assert published.status_code == 303
    assert "已保存" in site.get(published.headers["Location"]).text
    assert "KB-000002" in site.get("/search?q=ZX-4711").text


def test_a_save_parses_each_text_once(site: FlaskClient, settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever opens a file hands on what it says: a save parses the old text once, and the new one."""
    form = form_of(site, "/edit/KB-000001")
    before = article(settings).read_text("utf8")
    parsed: list[str] = []

    def counted(text: str, path: str) -> object:
        parsed.append(text)
        return mended(text, path)

    monkeypatch.setattr("kb.articles.files.mended", counted)
    monkeypatch.setattr("kb.web.writers.settle", lambda *_: [])  # indexing reads the file itself
    text = form["text"] + "\r\n再看一次\r\n"
    assert post(site, form, severity="P1", text=text, action="to:review", touch="on").status_code == 303
    after = article(settings).read_text("utf8")
    assert {"severity: P1", "status: review", f"updated: {date.today()}", "再看一次"} <= set(after.split("\n"))
    assert parsed == [before, after]


@pytest.mark.parametrize("kind", ["case", "faq", "manual"])
def test_each_kind_has_its_template(site: FlaskClient, kind: str) -> None:
    form = form_of(site, f"/new?kind={kind}")
    assert form["kind"] == kind
    assert "section" in form or form["text"].startswith("## ")


def test_a_paste_becomes_an_article(site: FlaskClient) -> None:
    """What comes from the paste page stands in the form; nothing is written yet."""
    sent = {"token": token_of(site), "kind": "faq", "title": "条码", "text": "## 问题\r\n\r\n<b>扫不出</b>"}
    form = Forms(site.post("/new", data=sent)).forms["/save"]
    assert (form["title"], form["text"], form["kind"]) == ("条码", "## 问题\r\n\r\n<b>扫不出</b>", "faq")


def test_the_first_article_of_an_empty_base(settings: Settings) -> None:
    """Writing needs no index: the first save builds one."""
    site = create_app(settings).test_client()
    made = post(
        site, form_of(site, "/new?kind=case"), title="扫描枪 ZX-4711", text=BODY, action="to:published", **FACTS
    )
    assert made.status_code == 303
    assert "KB-000001" in site.get("/search?q=ZX-4711").text


@pytest.mark.parametrize(
    "raw",
    [
        CASE.encode(),
        b"\xef\xbb\xbf" + CASE.replace("\n", "\r\n").encode(),
        CASE.encode("gb18030"),
        b"\n\n# plain & simple\n\n</textarea><b>x</b> &amp;\n\n\n",
        CASE.replace("area: printer", "area: telephony\nstrange: {a: [1, 010]}  # why").encode(),
    ],
    ids=["plain", "windows", "gb18030", "no front matter", "unknown"],
)
def test_saving_without_a_change_changes_no_byte(site: FlaskClient, settings: Settings, raw: bytes) -> None:
    article(settings).write_bytes(raw)
    assert post(site, form_of(site, "/edit/printer/KB-000001.md")).status_code == 303
    assert article(settings).read_bytes() == raw
    whole = form_of(site, "/edit/printer/KB-000001.md?whole=1")
    assert post(site, whole).status_code == 303
    assert article(settings).read_bytes() == raw


def test_one_edit_changes_one_line(site: FlaskClient, settings: Settings) -> None:
    """And the date of update, unless the box is cleared."""
    form = form_of(site, "/edit/KB-000001")
    unticked = {k: v for k, v in form.items() if k != "touch"}
    post(site, unticked, severity="P1")
    assert article(settings).read_text("utf8") == CASE.replace("severity: P3", "severity: P1")
    post(site, form_of(site, "/edit/KB-000001"), severity="P2")
    added = set(article(settings).read_text("utf8").split("\n")) - set(CASE.split("\n"))
    assert added == {"severity: P2", f"updated: {date.today()}"}


def test_a_name_is_asked_for_and_remembered(site: FlaskClient, settings: Settings) -> None:
    form = form_of(site, "/edit/KB-000001")
    refused = post(site, form, editor=" ", text="typed and not lost")
    assert refused.status_code == 422
    assert "名字" in refused.text
    assert Forms(refused).forms["/save"]["text"] == "typed and not lost"
    post(site, form, severity="P1")
    assert form_of(site, "/edit/KB-000001")["editor"] == "王工"


def test_broken_front_matter_is_edited_as_a_whole(site: FlaskClient, settings: Settings) -> None:
    article(settings).write_text("---\ntitle: [\n---\nbody\n")
    form = form_of(site, "/edit/printer/KB-000001.md")
    assert form["whole"] == "1"
    assert post(site, form, text=form["text"].replace("[", "fixed")).status_code == 303
    assert article(settings).read_text() == "---\ntitle: fixed\n---\nbody\n"


def test_only_articles_below_the_folder(site: FlaskClient, settings: Settings) -> None:
    (settings.articles.parent / "x.md").write_text("secret")
    form = form_of(site, "/edit/KB-000001")
    for name in ("../x.md", "..%2fx.md", "/etc/passwd", "printer", "synonyms.txt", "new/case/0a1b2c3d"):
        assert site.get(f"/edit/{name}", follow_redirects=True).status_code == 404, name
        assert site.get(f"/history/{name}", follow_redirects=True).status_code == 404, name
    for path in ("../x.md", "", "new/case/../../x", "new/case/x", "new/../0a1b2c3d"):
        assert post(site, form, path=path).status_code in (400, 404), path
    assert (settings.articles.parent / "x.md").read_text() == "secret"


def test_who_may_not_write_changes_nothing(site: FlaskClient, settings: Settings) -> None:
    """From elsewhere, or without the page's token, nothing is shown or saved."""
    form = form_of(site, "/edit/KB-000001")
    for address in ("/new", "/edit/KB-000001", "/history/KB-000001", "/rename/KB-000001", "/review"):
        assert site.get(address, environ_base={"REMOTE_ADDR": "10.0.0.9"}).status_code == 403
    there = site.get("/a/KB-000001").headers["Location"]
    assert "/edit/" in site.get(there).text
    assert "/edit/" not in site.get(there, environ_base={"REMOTE_ADDR": "10.0.0.9"}).text
    for address in (
        *("/save", "/new", "/preview", "/images", "/restore/KB-000001", "/rename/KB-000001"),
        *("/state/KB-000001", "/review/KB-000001"),
    ):
        sent = {**form, "editor": "x"}
        assert site.post(address, data=sent, environ_base={"REMOTE_ADDR": "10.0.0.9"}).status_code == 403, address
        assert site.post(address, data={**sent, "token": "wrong"}).status_code == 400, address
    assert site.post("/save", data={"text": "x" * (MAX_UPLOAD + 1)}).status_code == 413
    assert article(settings).read_text("utf8") == CASE


# --- what is found while one types -----------------------------------------------------------


def test_preview_is_the_page(site: FlaskClient) -> None:
    """The same renderer, and nothing of the author's own markup."""
    form = form_of(site, "/edit/KB-000001")
    text = "## 现象\n\n<script>x</script>\n\n[其他](KB-000001.md) ![图](images/x.png) [去](#现象)\n"
    answer = site.post("/preview", data={**form, "text": text}).text
    assert "<script" not in answer
    assert 'href="/a/KB-000001' in answer
    assert 'src="/files/printer/images/x.png"' in answer
    assert '<h2 id="preview-现象">' in answer
    assert re.search(r'href="#preview-[^"]+"', answer)


def test_findings_lead_to_line_and_field(site: FlaskClient) -> None:
    form = form_of(site, "/edit/KB-000001")
    text = form["text"].replace("A4", "打 13812345678") + "\r\n[x](missing.md)"
    answer = site.post("/preview", data={**form, "text": text, "area": "", "created": "昨天"}).text
    lines = dict(re.findall(r'data-line="(\d+)"[^>]*>.*?</a> <span>(.*?)</span>', answer))
    assert "手机号码" in lines["5"]
    assert "missing.md" in lines[str(len(text.split("\r\n")))]
    assert re.search(r'href="#f-area".*必填', answer)
    assert re.search(r'href="#f-created".*昨天', answer)
    assert 'value="mask"' in answer


def test_duplicates_are_told_while_writing(site: FlaskClient) -> None:
    form = form_of(site, "/new?kind=case")
    known = parse(CASE, "x.md")
    answer = site.post("/preview", data={**form, "title": known.title, "text": known.body * 2}).text
    assert "疑似重复" in answer
    assert "KB-000001" in answer
    assert "疑似重复" not in site.post("/preview", data={**form, "title": "x", "text": BODY}).text


def test_masking(site: FlaskClient) -> None:
    """The button works without a script, on text and facts alike; what is not masked is not saved."""
    form = form_of(site, "/edit/KB-000001")
    dirty = {"text": form["text"] + "打 13812345678", "aliases": "找 13987654321"}
    refused = post(site, form, **dirty)
    assert refused.status_code == 422
    assert "手机号码" in refused.text
    masked = Forms(post(site, form, action="mask", **dirty)).forms["/save"]
    assert "138" not in masked["text"]
    assert "〔手机号码〕" in masked["aliases"]
    assert post(site, masked).status_code == 303


def test_nothing_is_published_with_errors(site: FlaskClient, settings: Settings) -> None:
    form = form_of(site, "/new?kind=case")
    refused = post(site, form, action="to:published", title="ZX-4711", text="## 现象\n\nx\n")
    assert refused.status_code == 422
    assert re.search(r'href="#f-area".*必填', refused.text)
    assert "解决" in refused.text
    assert not (settings.articles / "case").exists()
    assert post(site, form, action="to:review", title="ZX-4711", text="## 现象\n\nx\n").status_code == 303


# --- drafts ----------------------------------------------------------------------------------


def test_a_draft_comes_back(site: FlaskClient, settings: Settings) -> None:
    form = form_of(site, "/edit/KB-000001")
    kept = site.post("/save", data={**form, "action": "draft", "text": "half a thought"}, headers={"X-Part": "1"})
    assert re.search(r"\d\d:\d\d", kept.get_json()["at"])
    again = site.get("/edit/KB-000001")
    assert "接着" in again.text
    assert Forms(again).forms["/save"]["text"] == "half a thought"
    assert "half a thought" not in site.application.test_client().get("/edit/KB-000001").text
    assert article(settings).read_text("utf8") == CASE
    dropped = post(site, form, action="discard")
    assert "接着 " not in site.get(dropped.headers["Location"]).text


def test_a_new_article_s_draft_is_listed(site: FlaskClient) -> None:
    form = form_of(site, "/new?kind=faq")
    kept = post(site, form, action="draft", title="没写完", text="## 问题\n")
    assert "没写完的（1）" in site.get("/new").text
    assert "没写完" in site.get("/review").text
    assert form_of(site, kept.headers["Location"])["title"] == "没写完"
    other = form_of(site, "/new?kind=faq")
    assert other["path"] != form["path"]
    assert other["title"] == ""


def test_a_saved_text_is_no_draft(site: FlaskClient) -> None:
    form = form_of(site, "/edit/KB-000001")
    post(site, form, action="draft", severity="P1")
    post(site, form, severity="P1")
    assert "接着 " not in site.get("/edit/KB-000001").text


def test_no_draft_comes_from_a_form_that_was_saved(site: FlaskClient, settings: Settings) -> None:
    """What a page sends while its save is on the way is refused: of an article, of a new one, of a dropped draft."""
    for address in ("/edit/KB-000001", "/new?kind=faq"):
        form = form_of(site, address)
        late = {**form, "action": "draft", "title": "慢了一步"}
        assert site.post("/save", data=late, headers={"X-Part": "1"}).status_code == 200
        assert post(site, form, title="保存好的").status_code == 303
        assert site.post("/save", data=late, headers={"X-Part": "1"}).status_code == 409
        assert "慢了一步" not in site.get("/review").text
    form = form_of(site, "/edit/KB-000001")
    late = {**form, "action": "draft", "title": "不要了"}
    site.post("/save", data=late)
    post(site, form, action="discard")
    assert site.post("/save", data=late, headers={"X-Part": "1"}).status_code == 409
    assert "不要了" not in site.get("/review").text


def test_a_second_click_saves_nothing_twice(site: FlaskClient, settings: Settings) -> None:
    """It leads to what the first one saved; another text is not lost in it."""
    form = form_of(site, "/new?kind=faq")
    first = post(site, form, title="一次", text="## 问题\n\n甲\n")
    again = post(site, form, title="一次", text="## 问题\n\n甲\n")
    assert again.status_code == 303
    assert again.headers["Location"] == first.headers["Location"]
    other = post(site, form, title="一次", text="## 问题\n\n乙\n")
    assert other.status_code == 422
    assert "KB-000002" in other.text
    assert "乙" in other.text
    assert len(list(settings.articles.rglob("KB-*.md"))) == 2


# --- work that takes long --------------------------------------------------------------------


def waited(site: FlaskClient, address: str) -> TestResponse:
    """The answer after a job's page has led on, told n of N meanwhile without a script."""
    for _ in range(600):
        answer = site.get(address)
        if answer.status_code == 303:
            return answer
        assert answer.status_code == 200
        assert "refresh" in answer.text
        time.sleep(0.1)
    raise AssertionError(answer.text)


def test_a_long_import_tells_how_far_it_is(
    site: FlaskClient, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Looked at, seen page by page, written, published as a whole and taken back: each step a job with a page."""
    monkeypatch.setattr("kb.web.jobs.SOON", 0.0)
    heads = "工单号,标题,故障现象,解决方法,领域,原因,处理方式,级别,别名,环境,原因说明,排查,验证\n"
    rows = "".join(
        f"T{i},坏了 {i},打印机 ZX-{i} 坏了 13812345678,换掉 {i},打印机,硬件,远程,一般,坏,A4,磨损,看,好\n"
        for i in range(120)
    )
    form = Forms(site.get("/import")).forms["/import"]
    sent = {**form, "action": "plan", "file": (BytesIO((heads + rows).encode()), "旧.csv")}
    begun = site.post("/import", data=sent)
    assert begun.status_code == 303
    assert site.application.test_client().get(begun.headers["Location"]).status_code == 404
    preview = waited(site, begun.headers["Location"]).headers["Location"]
    seen = site.get(preview).text
    assert "会导入 120 篇" in seen
    assert "1–50 / 120" in seen
    assert "坏了 119" in site.get(f"{preview}?page=3").text
    look = site.get(f"{preview}/120").text
    assert "打码 1 处" in look
    assert re.search("<mark[^>]*>〔手机号码", look)
    form = Forms(site.get(preview)).forms["/import"]
    done = site.post("/import", data={**form, "action": "import", "editor": "王工"})
    review = waited(site, done.headers["Location"])
    told = site.get(review.headers["Location"]).text
    assert "导入了 120 篇" in told
    assert len(list(settings.articles.rglob("*.md"))) == 121
    whole = {"token": form["token"], "editor": "王工", "import": "1", "to": "review"}
    changed = waited(site, site.post("/states", data=whole).headers["Location"])
    assert "送审：120 篇" in site.get(changed.headers["Location"]).text
    assert site.get(done.headers["Location"]).status_code == 303


# --- section by section ----------------------------------------------------------------------


def test_a_case_is_written_section_by_section(site: FlaskClient, settings: Settings) -> None:
    """Each section has a box, without a script; what they hold is the text, and a draft fills them again."""
    page = site.get("/new?kind=case").text
    assert [page.index(f">{name} <") for name in ("现象", "环境", "原因", "排查", "解决", "验证")] == sorted(
        page.index(f">{name} <") for name in ("现象", "环境", "原因", "排查", "解决", "验证")
    )
    assert page.index("验证 <") < page.index("领域")
    form = {k: v for k, v in form_of(site, "/new?kind=case").items() if k not in ("heading", "section")}
    headings = ["现象", "环境", "原因", "排查", "解决", "验证"]
    texts = ["    E1 一直响\r\n", "A4\r\n\r\n### 网络\r\n\r\n有线", "", "1. 看", "```\r\n## 原因\r\n```", "好了"]
    sent = {**form, "title": "响", "heading": headings, "section": texts, "editor": "王工"}
    draft = site.post("/save", data={**sent, "action": "draft"})
    again = site.get(draft.headers["Location"]).text
    shown = re.findall(r'<textarea id="section-\d"[^>]*>\n(.*?)</textarea>', again, re.DOTALL)
    assert shown == [text.replace("\r", "").rstrip("\n") for text in texts]
    flat = Forms(site.post("/save", data={**sent, "action": "flat"})).forms["/save"]
    assert flat["text"].replace("\r", "").startswith("## 现象\n\n    E1 一直响\n\n## 环境")
    assert "sections" in Forms(site.post("/save", data={**sent, "flat": "1", "action": "preview"})).buttons
    assert site.post("/save", data={**sent, "action": "save"}).status_code == 303
    saved = parse((settings.articles / "case/KB-000002.md").read_text("utf8"), "x.md")
    assert saved.body.startswith("## 现象\n\n    E1 一直响\n\n## 环境\n\nA4\n\n### 网络")


def test_errors_are_told_after_the_first_save(site: FlaskClient) -> None:
    """A form just opened complains of nothing; a save that was refused says at each field what it lacks."""
    opened = site.get("/new?kind=case")
    assert "必填" not in opened.text
    form = form_of(site, "/new?kind=case")
    assert "必填" not in site.post("/preview", data={**form, "title": "x"}).text
    refused = post(site, form, action="to:published", title="响", text="## 现象\n\nx\n")
    assert re.search(r'id="wrong-f-area"[^>]*>必填', refused.text)
    assert re.search(r'id="f-area"[^>]*aria-invalid="true"', refused.text)
    tried = Forms(refused).forms["/save"]
    assert re.search(r'href="#f-area".*必填', site.post("/preview", data=tried).text)


# --- proposals -------------------------------------------------------------------------------


def test_facts_are_proposed_from_the_nearest(site: FlaskClient) -> None:
    """What the nearest article says is proposed with its share, taken by a tick without a script, and not again."""
    form = form_of(site, "/new?kind=case")
    known = parse(CASE, "x.md")
    typed = {**form, "title": "又卡纸 13.20.01", "text": known.body * 2}
    offered = site.post("/preview", data=typed).text
    assert 'value="area=printer"' in offered
    assert "100%" in offered
    taken = Forms(site.post("/save", data={**typed, "take": "area=printer", "action": "preview"})).forms["/save"]
    assert taken["area"] == "printer"
    assert 'value="area=' not in site.post("/preview", data={**typed, "area": "network"}).text
    assert "data-take" not in site.post("/preview", data={**form, "title": "短"}).text
    assert "data-take" not in site.get("/new?kind=case").text


# --- two editors -----------------------------------------------------------------------------


def test_two_writers_see_each_other(site: FlaskClient) -> None:
    """By the names they typed; who saved or left is gone, and nobody sees himself."""
    other = site.application.test_client()
    mine, yours = form_of(site, "/edit/KB-000001"), form_of(other, "/edit/KB-000001")
    assert "另一个人" in other.get("/edit/KB-000001").text
    told = site.post("/sitting", data={**mine, "editor": " 王\u200b工\n"}).get_json()
    assert len(told["others"]) == 1
    assert "王工" in other.get("/edit/KB-000001").text
    assert "王工" not in site.get("/edit/KB-000001").text
    assert other.post("/sitting", data={**yours, "token": "x"}).status_code == 400
    site.post("/sitting", data={**mine, "left": "1"})
    assert site.post("/save", data={**form_of(site, "/edit/KB-000001"), "editor": "王工"}).status_code == 303
    assert (
        len(other.post("/sitting", data=yours).get_json()["others"]) == 1
    )  # the page of a form that was only looked at
    assert site.post("/sitting", data={"token": mine["token"], "sitting": "../x"}).status_code == 400


def test_two_editors_never_overwrite_each_other(site: FlaskClient, settings: Settings) -> None:
    """The second sees both texts and the differences, and saves knowingly; his text is a draft meanwhile."""
    first, second = form_of(site, "/edit/KB-000001"), form_of(site, "/edit/KB-000001")
    post(site, first, text=first["text"].replace("磨损", "老化"), editor="甲")
    conflict = post(site, second, text=second["text"].replace("磨损", "<i>断裂</i>"), editor="乙")
    assert conflict.status_code == 409
    assert "断裂" not in article(settings).read_text("utf8")
    assert "甲" in conflict.text
    assert "<mark>老化</mark>" in conflict.text
    assert "&lt;i&gt;断裂&lt;/i&gt;" in conflict.text
    assert "<i>" not in conflict.text
    merged = Forms(conflict).forms["/save"]
    assert "断裂" in merged["text"]
    assert "断裂" in form_of(site, "/edit/KB-000001")["text"]
    assert post(site, merged, text=merged["text"].replace("断裂", "断裂或老化"), editor="乙").status_code == 303
    assert "断裂或老化" in article(settings).read_text("utf8")
    history = site.get("/history/KB-000001").text
    assert "甲" in history
    assert "乙" in history


def test_what_only_the_other_changed_is_taken_over(site: FlaskClient) -> None:
    first, second = form_of(site, "/edit/KB-000001"), form_of(site, "/edit/KB-000001")
    post(site, first, text="## 现象\n\n他的正文\n", owner="甲组", editor="甲", action="to:review")
    merged = Forms(post(site, second, severity="P1")).forms["/save"]
    assert (merged["severity"], merged["owner"], merged["text"].split()) == ("P1", "甲组", ["##", "现象", "他的正文"])


def test_what_the_other_wrote_in_another_section_is_taken_over(site: FlaskClient) -> None:
    """And what both changed is named."""
    first, second = form_of(site, "/edit/KB-000001"), form_of(site, "/edit/KB-000001")
    post(
        site,
        first,
        text=first["text"].replace("磨损", "老化").replace("## 解决", "## 解决\n\n他的一步。\n"),
        editor="甲",
    )
    conflict = post(site, second, text=second["text"].replace("磨损", "断裂"), editor="乙")
    merged = Forms(conflict).forms["/save"]["text"]
    assert "断裂" in merged
    assert "老化" not in merged
    assert "他的一步。" in merged
    assert "两人都改过，现在是您的：原因。" in conflict.text


def test_a_change_from_outside_is_a_conflict_too(site: FlaskClient, settings: Settings) -> None:
    form = form_of(site, "/edit/KB-000001")
    article(settings).write_text(CASE + "从外面来\n", "utf8")
    conflict = post(site, form, severity="P1")
    assert conflict.status_code == 409
    assert "从外面来" in conflict.text
    assert article(settings).read_text("utf8") == CASE + "从外面来\n"


# --- history ---------------------------------------------------------------------------------


def test_history_shows_and_restores(site: FlaskClient, settings: Settings) -> None:
    unticked = {k: v for k, v in form_of(site, "/edit/KB-000001").items() if k != "touch"}
    post(site, unticked, text=unticked["text"].replace("磨损", "老化"), note="更准")
    page = site.get("/history/KB-000001")
    assert "更准" in page.text
    differences = re.search(r'href="(/history/[^"]*old=\d+[^"]*)"', page.text)
    assert differences
    shown = site.get(differences[1].replace("&amp;", "&")).text
    assert "<mark>磨损</mark>" in shown
    assert "<mark>老化</mark>" in shown
    restore = Forms(page).forms["/restore/printer/KB-000001.md"]
    done = site.post("/restore/KB-000001", data=restore, follow_redirects=True)
    assert article(settings).read_text("utf8") == CASE
    assert "恢复" in done.text
    stale = site.post("/restore/KB-000001", data=restore, follow_redirects=True)
    assert "已被别人改过" in stale.text
    assert site.get("/history/KB-000001?old=999&new=now").status_code == 404


def test_restoring_leaves_the_state(site: FlaskClient, settings: Settings) -> None:
    """The text comes back; state, review date and owner stay as they are now, over the site and over the API."""
    form = form_of(site, "/edit/KB-000001")
    post(site, form, text=form["text"].replace("磨损", "老化"), owner="李工", review_after="2031-01-01")
    post(site, form_of(site, "/edit/KB-000001"), action="to:archived")
    forms = Forms(site.get("/history/KB-000001")).forms
    site.post("/restore/KB-000001", data=forms["/restore/printer/KB-000001.md"])
    now = parse(article(settings).read_text("utf8"), "x.md")
    assert "磨损" in now.body
    assert (now.status, now.owner, str(now.review_after)) == ("archived", "李工", "2031-01-01")


def test_a_change_from_outside_is_shown(site: FlaskClient, settings: Settings) -> None:
    post(site, form_of(site, "/edit/KB-000001"), severity="P1")
    article(settings).write_text(CASE + "从外面来\n", "utf8")
    page = site.get("/history/KB-000001").text
    assert "网站之外改过" in page
    post(site, form_of(site, "/edit/KB-000001"), severity="P2")
    assert "在网站之外改动" in site.get("/history/KB-000001").text


# --- states, reviews, names ------------------------------------------------------------------


def test_unknown_states(site: FlaskClient) -> None:
    """What is no state is refused."""
    assert post(site, form_of(site, "/edit/KB-000001"), action="to:nonsense").status_code == 422


@pytest.mark.skipif(shutil.which("git") is None, reason="needs git")
def test_a_save_is_a_commit_when_asked(site: FlaskClient, settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    """With the editor's name and note; what git refuses is told, and the save stands."""
    monkeypatch.setenv("HOME", str(settings.articles.parent))
    git = ["git", "-C", str(settings.articles)]
    subprocess.run([*git, "init", "-q"], check=True)
    post(site, form_of(site, "/edit/KB-000001"), severity="P1")
    site = with_settings(settings, git_commit=True)
    picture = article(settings).parent / "images" / "a b.png"
    picture.parent.mkdir(exist_ok=True)
    picture.write_bytes(b"x")
    form = form_of(site, "/edit/KB-000001")
    post(site, form, severity="P2", text=form["text"] + "\n![图](<images/a b.png>)\n")
    files = subprocess.run([*git, "ls-files", "-z"], check=True, capture_output=True, text=True).stdout.split("\0")
    assert picture.relative_to(settings.articles).as_posix() in files
    log = subprocess.run([*git, "log", "--format=%an %s"], check=True, capture_output=True, text=True).stdout
    assert log == "王工 改好了\n"
    hook = settings.articles / ".git/hooks/pre-commit"
    hook.parent.mkdir(exist_ok=True)
    hook.write_text("#!/bin/sh\necho no way >&2\nexit 1\n")
    hook.chmod(0o755)
    saved = post(site, form_of(site, "/edit/KB-000001"), severity="P3")
    assert "severity: P3" in article(settings).read_text("utf8")
    assert "没有提交到 git：no way" in site.get(saved.headers["Location"]).text


def test_states_by_a_button(site: FlaskClient, settings: Settings) -> None:
    """Archiving hides an article and deletes nothing."""
    post(site, form_of(site, "/edit/KB-000001"), owner="x")
    page = site.get("/a/KB-000001", follow_redirects=True)
    form = Forms(page).forms["/state/printer/KB-000001.md"]
    before = article(settings).read_text("utf8")
    site.post("/state/KB-000001", data={**form, "to": "archived"})
    assert article(settings).read_text("utf8") == before.replace("status: published", "status: archived")
    assert "KB-000001" not in site.get("/search?q=13.20.01").text
    assert 'data-key="e"' in page.text
    assert 'data-key="h"' in page.text
    assert 'data-key="n"' in page.text


def test_reviews_due(site: FlaskClient, settings: Settings, write: Write) -> None:
    def due(days: int) -> str:
        return f"review_after: {date.today() + timedelta(days=days)}\nstatus: published"

    write("a/KB-000011.md", CASE.replace("KB-000001", "KB-000011").replace("status: published", due(-1)))
    write("a/KB-000012.md", CASE.replace("KB-000001", "KB-000012").replace("status: published", due(30)))
    write("a/KB-000013.md", CASE.replace("KB-000001", "KB-000013").replace("status: published", due(90)))
    build(settings)
    page = site.get("/review").text
    overdue, soon = page.index('id="overdue"'), page.index('id="soon"')
    assert overdue < page.index("KB-000011") < soon < page.index("KB-000012")
    assert "KB-000013" not in page
    form = {"token": token_of(site), "editor": "王工", "back": "review"}
    after = site.post("/review/KB-000011", data=form, follow_redirects=True).text
    assert "KB-000011" not in after
    text = (settings.articles / "a/KB-000011.md").read_text("utf8")
    assert f"review_after: {date.today() + timedelta(days=365)}" in text
    assert "内容仍有效" in site.get("/history/KB-000011").text


def test_rename(site: FlaskClient, settings: Settings, write: Write) -> None:
    write("b.md", "[卡纸](printer/KB-000001.md)\n")
    form = Forms(site.get("/rename/KB-000001")).forms["/rename/printer/KB-000001.md"]
    bad = site.post("/rename/KB-000001", data={**form, "to": "../x", "editor": "王工"})
    assert bad.status_code == 422
    assert "../x" in bad.text
    moved = site.post("/rename/KB-000001", data={**form, "to": "jam/paper", "editor": "王工"})
    assert moved.headers["Location"] == "/edit/jam/paper.md"
    assert site.get("/edit/printer/KB-000001.md").status_code == 200
    assert (settings.articles / "b.md").read_text() == "[卡纸](jam/paper.md)\n"
    assert 'href="/a/KB-000001' in site.get("/a/b", follow_redirects=True).text
    assert "jam/paper.md" in site.get("/a/KB-000001", follow_redirects=True).text


# --- pictures --------------------------------------------------------------------------------


def png() -> BytesIO:
    out = BytesIO()
    Image.new("RGB", (30, 20), "red").save(out, "PNG")
    out.seek(0)
    return out


def test_pictures(site: FlaskClient, settings: Settings) -> None:
    """A picture needs words; it is served as what it is; without a script it goes to the end of the text."""
    form = form_of(site, "/edit/KB-000001")
    assert site.post("/images", data={**form, "image": (png(), "x.png")}).status_code == 400
    assert site.post("/images", data={**form, "alt": "出纸口"}).status_code == 400
    svg = (BytesIO(b"<svg xmlns='http://www.w3.org/2000/svg'/>"), "x.png")
    assert "SVG" in site.post("/images", data={**form, "alt": "x", "image": svg}).text
    stored = site.post("/images", data={**form, "alt": "出纸口]", "image": (png(), "../../x.html")})
    assert stored.json == {"markdown": "![出纸口](images/KB-000001-1.png)"}
    served = site.get("/files/printer/images/KB-000001-1.png")
    assert served.mimetype == "image/png"
    served.close()
    page = post(site, form, action="image", alt="纸盒", image=(png(), "a.png"))
    assert Forms(page).forms["/save"]["text"].endswith("![纸盒](images/KB-000001-2.png)\r\n")


def test_pictures_of_a_new_article_lie_beside_it(site: FlaskClient, settings: Settings) -> None:
    form = form_of(site, "/new?kind=case")
    link = site.post("/images", data={**form, "alt": "枪", "image": (png(), "x.png")}).get_json()["markdown"]
    text = BODY.replace("a\n", f"{link}\n", 1)
    assert link in text
    assert "/files/images/new-" in site.post("/preview", data={**form, "text": text}).text
    assert post(site, form, action="to:published", title="扫描枪 ZX-4711", text=text, **FACTS).status_code == 303
    assert "![枪](images/KB-000002-1.png)" in (settings.articles / "desktop/KB-000002.md").read_text("utf8")
    assert (settings.articles / "desktop/images/KB-000002-1.png").is_file()
    assert list((settings.articles / "images").iterdir()) == []


def test_both_languages(site: FlaskClient) -> None:
    """No Chinese is left in the English pages but what the articles say."""
    for address in ("/new", "/new?kind=case", "/edit/KB-000001", "/rename/KB-000001", "/history/KB-000001", "/review"):
        text = re.sub(
            r"<(script|style|textarea|datalist)\b.*?</\1>",
            "",
            site.get(f"{address}{'&' if '?' in address else '?'}lang=en").text,
            flags=re.S,
        )
        main = text[text.index("<main") : text.index("</main>")]
        found = re.findall(
            r"[\u4e00-\u9fff]+", re.sub(r'value="[^"]*"|<div class="page".*?</section>', "", main, flags=re.S)
        )
        assert found == [], address


# --- import ----------------------------------------------------------------------------------


def upload(site: FlaskClient, name: str, content: bytes, **fields: str) -> TestResponse:
    form = Forms(site.get("/import")).forms["/import"]
    return site.post("/import", data={**form, "action": "plan", **fields, "file": (BytesIO(content), name)})


TICKETS = "工单号,标题,故障现象,解决方法,备注栏\nT-9,扫描枪读不出条码 ZX-4711,客户 13812345678 说扫不出,换线,x\n"


def test_import_is_seen_before_it_is_done(site: FlaskClient, settings: Settings) -> None:
    """The look writes nothing; columns can be chosen; the button writes drafts that can be found."""
    before = sorted(p for p in settings.articles.rglob("*") if p.is_file())
    seen = upload(site, "旧工单.csv", TICKETS.encode())
    assert seen.status_code == 200, seen.text
    assert "扫描枪读不出条码 ZX-4711" in seen.text
    assert sorted(p for p in settings.articles.rglob("*") if p.is_file()) == before
    form = Forms(seen).forms["/import"]
    assert form["column:故障现象"] == "symptom"
    again = site.post("/import", data={**form, "column:备注栏": "cause", "action": "plan"})
    form = Forms(again).forms["/import"]
    assert form["column:备注栏"] == "cause"
    assert site.post("/import", data={**form, "action": "import", "editor": ""}).status_code == 422
    done = site.post("/import", data={**form, "action": "import", "editor": "王工"}, follow_redirects=True)
    assert "导入了 1 篇" in done.text
    assert "ZX-4711" in site.get("/search?q=ZX-4711&status=draft").text
    (made,) = set(settings.articles.rglob("*.md")) - set(before)
    assert "138" not in made.read_text("utf8")
    assert list((settings.index / ".uploads").iterdir()) == []
    assert site.post("/import", data={**form, "action": "import", "editor": "王工"}).status_code == 422


def test_what_can_t_be_imported(site: FlaskClient) -> None:
    for name in ("x.exe", ".md", "../../x.doc", ""):
        refused = upload(site, name, b"x")
        assert refused.status_code == 422, name
        assert 'role="alert"' in refused.text
    assert upload(site, "x.zip", b"no zip").status_code == 422
    markdown = upload(site, "手册.md", "# 巡检\n\n看灯\n".encode())
    other = site.application.test_client()
    stolen = {**Forms(markdown).forms["/import"], **Forms(other.get("/import")).forms["/import"]}
    assert other.post("/import", data={**stolen, "action": "import", "editor": "x"}).status_code == 422


def test_several_files_and_folders_are_one_import(site: FlaskClient, settings: Settings) -> None:
    """Two files of one name get two articles; a folder keeps its tree, whatever its paths say; locks are left."""
    form = Forms(site.get("/import")).forms["/import"]
    sent = {
        "file": [(BytesIO("甲说明\n\n正文甲 QX-41\n".encode()), "a.txt"), (BytesIO(b"<h1>B</h1><p>b QX-42"), "a.html")],
        "folder": [
            (BytesIO("丙说明\n\n正文丙\n".encode()), "wiki/sub/c.txt"),
            (BytesIO(b"x"), "../../wiki/../evil.txt"),
            (BytesIO(b"x"), "wiki/~$c.docx"),
        ],
    }
    seen = site.post("/import", data={**form, "action": "plan", **sent})
    assert seen.status_code == 200, seen.text
    looks = re.findall(r'href="(/import/[0-9a-f]{16}/\d)"', seen.text)
    assert len(looks) == 4
    first = site.get(looks[0]).text  # each is seen as it will read before it is written
    assert "正文甲 QX-41" in "".join(site.get(look).text for look in looks)
    assert "1 / 4" in first
    assert 'rel="next"' in first
    assert site.get(looks[0][:-1] + "5").status_code == 404
    assert site.application.test_client().get(looks[0]).status_code == 404  # another browser's
    form = Forms(seen).forms["/import"]
    site.post("/import", data={**form, "action": "import", "editor": "王工"})
    made = {p.relative_to(settings.articles).as_posix() for p in settings.articles.rglob("*.md")}
    assert {"manual/a.md", "manual/a-2.md", "wiki/sub/c.md", "wiki/evil.md"} <= made
    assert not list(settings.articles.parent.rglob("evil.txt"))


def test_a_mapping_is_saved_and_chosen_again(site: FlaskClient) -> None:
    form = Forms(upload(site, "a.csv", "怎么了,故障现象,备注栏\n甲,乙,丙\n".encode())).forms["/import"]
    chosen = {**form, "column:怎么了": "title", "column:备注栏": "fix", "action": "save-mapping"}
    assert site.post("/import", data={**chosen, "save_mapping": ""}).status_code == 422
    saved = site.post("/import", data={**chosen, "save_mapping": "报修 台账"})
    assert "已保存为“报修 台账”" in saved.text
    seen = upload(site, "b.csv", "怎么了,故障现象,备注栏\n丁,戊,己\n".encode(), mapping="报修 台账")
    form = Forms(seen).forms["/import"]
    assert (form["column:怎么了"], form["column:备注栏"]) == ("title", "fix")
    form = Forms(site.post("/import", data={**form, "mapping": "", "action": "plan"})).forms["/import"]
    assert (form["column:怎么了"], form["column:备注栏"]) == ("", "")


def test_an_import_is_taken_back_on_its_page(site: FlaskClient, settings: Settings) -> None:
    """With one button; where somebody went on writing it is asked again."""
    before = set(settings.articles.rglob("*.md"))
    form = Forms(upload(site, "旧工单.csv", TICKETS.encode())).forms["/import"]
    site.post("/import", data={**form, "action": "import", "editor": "王工"})
    (made,) = set(settings.articles.rglob("*.md")) - before
    made.write_text(made.read_text("utf8") + "\n补充\n", "utf8")
    shown = Forms(site.get("/import")).forms
    (address,) = [a for a in shown if a.endswith("/undo")]
    asked = site.post(address, data={**shown[address], "editor": "王工"}, follow_redirects=True)
    assert "有 1 个文件导入后改过" in asked.text
    assert made.exists()
    form = Forms(asked).forms[address]
    done = site.post(address, data={**form, "changed_too": "on", "editor": "王工"}, follow_redirects=True)
    assert "撤回了 1 篇" in done.text
    assert "已撤回" in done.text
    assert not made.exists()
    assert "扫描枪读不出条码" not in site.get("/search?q=ZX-4711&status=draft").text


def test_many_drafts_are_published_at_once_by_who_may(site: FlaskClient, settings: Settings) -> None:
    """Each by the rules for one: what lacks something stays and is told."""
    rows = "".join(f"T-{i},标题 {i},现象 {i} 号,换线\n" for i in range(3))
    form = Forms(upload(site, "t.csv", f"工单号,标题,故障现象,解决方法\n{rows}".encode(), area="network")).forms[
        "/import"
    ]
    before = set(settings.articles.rglob("*.md"))
    site.post("/import", data={**form, "action": "import", "editor": "王工"})
    made = sorted(set(settings.articles.rglob("*.md")) - before)
    names = [p.relative_to(settings.articles).as_posix() for p in made]
    form = Forms(site.get("/review")).forms["/states"]
    nothing = site.post("/states", data={**form, "to": "review", "editor": "王工"}, follow_redirects=True)
    assert "先勾选文章" in nothing.text
    chosen = {**form, "article": [names[0], names[1], "none.md"], "to": "review", "editor": "王工"}
    done = site.post("/states", data=chosen, follow_redirects=True)
    assert "2 篇" in done.text
    assert "none.md" in done.text
    assert ["status: review" in p.read_text("utf8") for p in made] == [True, True, False]
