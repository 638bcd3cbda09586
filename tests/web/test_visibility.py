"""Nobody learns of what they do not see: every address answers as on a base that does not hold the others.

A base has one set of articles for each circle of readers, alike but for words, codes, products, tags, folders and
pictures of their own. Each reader asks all addresses of that base, and of another that holds what they see alone.
"""

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any
from urllib.parse import quote, unquote

import pytest
from argon2 import PasswordHasher
from flask import Flask
from flask.testing import FlaskClient
from PIL import Image

from kb.database.api_tokens import Access
from kb.database.connection import Store
from kb.indexer.build import build
from kb.people import limits, passwords
from kb.people.accounts import People
from kb.people.roles import ROLES
from kb.settings import Settings, load
from kb.web import create_app, security

GOOD = "蓝色 cable 与 47 只乌鸦"
ELSEWHERE = {"REMOTE_ADDR": "192.0.2.7", "HTTP_HOST": "kb.example.com", "HTTP_SEC_FETCH_SITE": "same-origin"}


@dataclass(frozen=True)
class Circle:
    """One set of articles. number: the first of its numbers; the other values are its own, and stand nowhere else."""

    name: str
    number: int
    word: str
    chinese: str
    code: str
    product: str
    tag: str
    area: str
    audience: str
    status: str = "published"

    @property
    def folder(self) -> str:
        return f"folder{self.word}"

    @property
    def first(self) -> str:
        return f"KB-{self.number:06d}"

    @property
    def path(self) -> str:
        return f"{self.folder}/{self.first}-{self.word}.md"

    @property
    def picture(self) -> str:
        return f"{self.folder}/images/{self.word}.png"

    @property
    def marks(self) -> tuple[str, ...]:
        """What tells that they are there."""
        facts = (self.word, self.chinese, self.code, self.product, self.tag)
        return (*facts, *(f"KB-{self.number + i:06d}" for i in range(3)))


CIRCLES = {
    c.name: c
    for c in (
        Circle("public", 100, "gravimo", "朱鹮", "GVM-4101", "Gravimo P4100", "公开签", "printer", "public"),
        Circle("internal", 200, "mistralu", "鸬鹚", "MST-5202", "Mistralu K5200", "内部签", "network", "internal"),
        Circle("blue", 300, "borealen", "鹈鹕", "BRL-6303", "Borealen T6300", "蓝队签", "server", "team:blue"),
        Circle("red", 400, "quorvexa", "犰狳", "QRX-7404", "Quorvexa X7400", "红队签", "storage", "team:red"),
        Circle("draft", 500, "zephyrine", "狻猊", "ZPH-8505", "Zephyrine D8500", "草稿签", "backup", "public", "draft"),
    )
}

CASE = """---
id: {number}
kind: case
title: {product} 报 {code} 卡纸，{word}灯亮
product: [{product}]
area: {area}
cause: hardware
handling: onsite
severity: P2
tags: [{tag}]
aliases: [打印机卡住了{chinese}, 纸走不动 {word}, 一打就停]
status: {status}
audience: {audience}
owner: {owner}
created: 2026-01-01
updated: 2026-02-0{day}
---
## 现象
打印机报 {code}，{word} 指示灯亮，纸卡在{chinese}组件里。见 ![{chinese}组件](images/{word}.png)。

## 环境
{product}，固件 3.1。

## 原因
{chinese}组件磨损。

## 排查
看日志里有没有 {code}，再看{chinese}。

## 解决
更换{chinese}组件，清零 {word} 计数器，参见 [{other}](../{link})。

## 验证
打一页测试页，{code} 不再出现。
"""
MANUAL = """---
id: {number}
kind: manual
title: {product} 的 {word} 维护手册
product: [{product}]
area: {area}
versions: ["9.1"]
tags: [{tag}]
status: {status}
audience: {audience}
updated: 2026-02-1{day}
---
# {product} 的 {word} 维护手册

## 清洁{chinese}
每月清洁一次{chinese}，用 {word} 布擦拭，出现 {code} 时停机。

## 更换耗材
打印机的耗材按计数器更换。
"""
FAQ = """---
id: {number}
kind: faq
title: 怎么看 {word} 的状态？
product: [{product}]
area: {area}
tags: [{tag}]
aliases: [在哪里看{chinese}]
status: {status}
audience: {audience}
updated: 2026-02-2{day}
---
## 问题
怎么看 {word} 的状态？

## 回答
打开打印机的面板，进 {chinese} 菜单，{code} 表示要换件。
"""


def written(folder: Path, circles: Sequence[Circle]) -> None:
    """The articles of these circles. The first of each links to the red one, whether or not that is there."""
    for day, circle in enumerate(CIRCLES.values(), 1):
        if circle not in circles:
            continue
        for i, text in enumerate((CASE, MANUAL, FAQ)):
            number = f"KB-{circle.number + i:06d}"
            path = folder / circle.folder / f"{number}-{circle.word}.md"
            path.parent.mkdir(parents=True, exist_ok=True)
            values = {k: getattr(circle, k) for k in ("word", "chinese", "code", "product", "tag", "area", "audience")}
            more = {"status": circle.status, "owner": "赵工", "other": "另一篇", "link": "nowhere/other.md", "day": day}
            path.write_text(text.format(number=number, **values, **more), "utf8")
        image = folder / circle.picture
        image.parent.mkdir(parents=True, exist_ok=True)
        Image.new("RGB", (2, 2), "red").save(image)


# --- who asks --------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Reader:
    """Somebody who asks. sees: the circles that they see; asked_of: circles whose words they ask for."""

    name: str
    login: str
    role: str
    teams: tuple[str, ...]
    sees: tuple[str, ...]
    asked_of: tuple[str, ...]
    token: str = ""

    @property
    def hidden(self) -> list[Circle]:
        return [c for name, c in CIRCLES.items() if name not in self.sees]


STAFF = ("public", "internal")
READERS = (
    Reader("stranger", "", "", (), ("public",), ("public", "internal", "draft")),
    Reader("reader", "reader", "reader", (), STAFF, ("blue",)),
    Reader("agent in another team", "agent", "agent", ("blue",), (*STAFF, "blue"), ("public", "red", "draft")),
    Reader("writer in another team", "writer", "writer", ("blue",), (*STAFF, "blue", "draft"), ("public", "red")),
    Reader("program", "writer", "writer", ("blue",), (*STAFF, "blue"), ("red",), "read"),
)


@dataclass
class Site:
    """A base and its site. token: a secret of the program."""

    settings: Settings
    app: Flask
    tokens: dict[str, str] = field(default_factory=dict)

    def browser(self, reader: Reader) -> FlaskClient:
        client = self.app.test_client()
        client.environ_base |= ELSEWHERE
        if reader.token:
            client.environ_base["HTTP_AUTHORIZATION"] = f"Bearer {self.tokens[reader.token]}"
        elif reader.login:
            sign_in(client, reader.login)
        return client


def sign_in(client: FlaskClient, login: str) -> None:
    page = client.get("/sign-in").text
    found = re.search(r'name="token" value="([^"]+)"', page)
    assert found
    answer = client.post("/sign-in", data={"token": found[1], "login": login, "password": GOOD})
    assert answer.status_code == 303, answer.text


def site_of(folder: Path, circles: Sequence[str]) -> Site:
    """A site with these circles of articles, and people of every role in a team."""
    folder.mkdir()
    (folder / "articles").mkdir()
    written(folder / "articles", [CIRCLES[name] for name in circles])
    settings = load({"workers": 1, "trade_words": False, "database": str(folder / "guzhi.db")}, folder)
    settings = replace(settings, site_names=("kb.example.com",), open_reading="yes")
    build(settings)
    store = Store(settings.database)
    people = People(store)
    for role in ROLES:
        people.choose(people.add(role, f"{role} 某人", role, teams=["blue"] * (role != "reader")), GOOD)
    people.choose(people.add("red", "红队的人", "agent", teams=["red"]), GOOD)
    tokens = {scope: Access(store).create(scope, scope, "writer") for scope in ("retrieval", "read", "write")}
    return Site(settings, create_app(settings), tokens)


@pytest.fixture(scope="module")
def sites(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Mapping[tuple[str, ...], Site]]:
    """The base with all articles, by all circles, and one for each reader, by the circles that they see."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("KB_ENCODER", "off")
        patch.setattr(passwords, "_hasher", PasswordHasher(time_cost=1, memory_cost=8, parallelism=1))
        patch.setattr(limits.Limits, "use", lambda *_, **__: None)
        patch.setattr(security, "token_is_right", lambda: True)
        folder = tmp_path_factory.mktemp("visibility")
        bases = dict.fromkeys([tuple(CIRCLES), *(reader.sees for reader in READERS)])
        yield {sees: site_of(folder / str(i), sees) for i, sees in enumerate(bases)}


# --- what is asked ---------------------------------------------------------------------------------


@dataclass(frozen=True)
class Ask:
    """A request. path, form and data may hold {word} and the like, of each circle that is asked of."""

    path: str
    method: str = "GET"
    form: Mapping[str, Any] | None = None
    data: Mapping[str, Any] | None = None
    headers: Mapping[str, str] = field(default_factory=dict)

    @property
    def of_circles(self) -> bool:
        return "{c." in f"{self.path}{self.form}{self.data}"

    def about(self, circle: Circle) -> "Ask":
        """The same, of a circle."""

        def filled(value: Any) -> Any:
            if isinstance(value, str):
                return value.format(c=circle)
            return {k: filled(v) for k, v in value.items()} if isinstance(value, Mapping) else value

        return replace(self, path=filled(self.path), form=filled(self.form), data=filled(self.data))


def get(*paths: str) -> tuple[Ask, ...]:
    return tuple(Ask(path) for path in paths)


def post(address: str, /, **form: Any) -> Ask:
    return Ask(address, "POST", form)


def tell(address: str, /, method: str = "POST", **data: Any) -> Ask:
    version = {"If-Match": f'"{"0" * 64}"'}
    return Ask(address, method, None, data, version)


WORDS = (
    "{c.word}",
    "{c.chinese}",
    "{c.code}",
    "“{c.chinese}组件”",
    '"{c.word} 指示灯"',
    "{c.word}*",
    "product:{c.product}",
    "tag:{c.tag}",
    "audience:{c.audience}",
    "folder:{c.folder}",
    "-{c.word} 打印机",
    "打印机 报 错 卡纸 {c.word} 灯 亮 纸 走 不 动",
)
NEARLY = ("{c.word}x", "x{c.word}", "{c.code}1")
"""Nearly their words: what would be corrected if they were known."""
PASTE = "客户说打印机报 {c.code}，{c.chinese}组件卡纸，{c.word} 灯亮，型号 {c.product}"
PLAIN = ("打印机 卡纸", "纸走不动，一打就停", "怎么看状态", "*", "更换耗材")
NAMES = ("{c.first}", "{c.path}", "{c.folder}/{c.first}-{c.word}", "{c.first}-slug")
NONE: tuple[Ask, ...] = ()


def searches(address: str, texts: Sequence[str] = (*WORDS, *NEARLY, *PLAIN)) -> tuple[Ask, ...]:
    filters = ("status=draft", "status=archived", "status=review", "area={c.area}", "folder={c.folder}")
    more = ("tags={c.tag}", "product={c.product}", "audience={c.audience}", "audience=public", "sort=created")
    return (
        *get(*(f"{address}?q={text}" for text in texts), *(f"{address}?{more}" for more in (*filters, *more))),
        *get(address, f"{address}?q=打印机&sort=used", f"{address}?q=status:draft", f"{address}?q=打印机&exact=1"),
    )


TEXTS = (PASTE, "{c.word}", *NEARLY, "打印机卡纸，纸走不动", "换件 {c.code}")
SURFACES: dict[str, tuple[Ask, ...]] = {
    # what shows nothing of the base
    **dict.fromkeys(("static", "favicon", "help_", "help_topic", "sign_in", "welcome", "sign_out"), NONE),
    **dict.fromkeys(("account", "change_account", "mask", "intake", "bookmarklet", "job"), NONE),
    **dict.fromkeys(("api_pasting.mask_api", "api_pasting.intake_api", "hooks.zammad", "hooks.jira"), NONE),
    "hooks.feishu": NONE,
    # leads and administrators see everything: they are refused to the others, by kb.web.permissions
    **dict.fromkeys(("people", "change_people", "journal", "journal_file", "insights_overview"), NONE),
    **dict.fromkeys(("insights_articles", "insights_quality", "insights_words", "insights_file"), NONE),
    **dict.fromkeys(("insights_golden", "insights_synonym", "insights_gap", "insights_forget"), NONE),
    **dict.fromkeys(("api_insights.insights_api", "api_insights.promote", "api_insights.decide_synonym"), NONE),
    **dict.fromkeys(("kept_of", "openid", "openid_back"), NONE),
    # the desk's: what stands beside a case is asked of the engine of the request; customers are shown public articles
    # alone, whoever asks (test_customers); cases, customers, devices and parts are no articles
    **dict.fromkeys(
        ("cases", "new_case", "case", "case_act", "case_here", "case_file", "case_link", "duty", "change_duty"), NONE
    ),
    **dict.fromkeys(("case_write_up", "case_figures", "case_figures_file", "outage"), NONE),
    **dict.fromkeys(("works", "case_work", "work_act", "case_paper", "case_pack", "case_field"), NONE),
    **dict.fromkeys(("report", "report_done", "track", "track_file"), NONE),
    **dict.fromkeys(("customers", "customer", "devices", "device", "device_label", "parts", "move_part"), NONE),
    **dict.fromkeys(("import_assets", "write_assets", "edit_asset", "save_asset", "part"), NONE),
    **dict.fromkeys(("rounds", "plans", "change_plans", "one_round", "do_round", "round_paper", "guarded"), NONE),
    **dict.fromkeys(("change_guarded", "census", "tell_version", "want_version", "census_file", "updates"), NONE),
    **dict.fromkeys(("update", "change_update", "month_reports", "month_report", "month_report_file"), NONE),
    **dict.fromkeys(("case_costs", "case_costs_file"), NONE),
    **dict.fromkeys((f"api_rounds.{name}_api" for name in ("rounds", "plans", "round", "do_round", "census")), NONE),
    **dict.fromkeys((f"api_rounds.{name}_api" for name in ("tell_version", "guarded", "month_report")), NONE),
    "updates_feed": get("/updates.xml"),
    **dict.fromkeys((f"api_cases.{name}_api" for name in ("case", "cases", "event", "report")), NONE),
    **dict.fromkeys((f"api_cases.{name}_api" for name in ("case", "cases", "event", "report", "field")), NONE),
    **dict.fromkeys(
        (f"api_assets.{name}_api" for name in ("customer", "customers", "device", "devices", "move", "parts", "save")),
        NONE,
    ),
    # pages
    "home": get("/"),
    "results": (
        *searches("/search", (WORDS[0], WORDS[-1], NEARLY[0], PLAIN[0])),
        Ask("/search?q={c.word}", headers={"X-Part": "typed"}),
        Ask("/search?q=打印机", headers={"X-Part": "1"}),
    ),
    "article": (*get(*(f"/a/{name}" for name in NAMES)), *get("/a/{c.first}?h={c.word}", "/a/KB-000100")),
    "file": get("/files/{c.picture}", "/files/{c.path}", "/files/nowhere/other.png"),
    "browse": get("/browse", "/browse?letter=Q"),
    "code": get("/code/{c.code}", "/code/{c.code}9", "/code/{c.first}", "/code/GVM-4101"),
    "product": get("/product/{c.product}", "/product/{c.word} Z9", "/product/Gravimo P4100"),
    "feed": get("/feed.xml"),
    "opensearch": get("/opensearch.xml"),
    "proposals": get(
        *(f"/opensearch/suggestions?q={text}" for text in ("{c.word}", "{c.code}", "{c.product}", "打印"))
    ),
    "suggestions": (*get(*(f"/suggest?text={text}" for text in TEXTS)), post("/suggest", text=PASTE, seen="{c.first}")),
    "ask": (post("/ask", text=PASTE), post("/ask", text="{c.word}")),
    "draft": (post("/draft", text=PASTE, seen="{c.first}"),),
    "panel": (*get("/panel"), post("/panel", text=PASTE)),
    "packed": get("/pack?article={c.first}", "/pack?q={c.word}", "/pack?q=打印机", "/pack"),
    "why_not": get(
        "/why?q=打印机&article={c.first}", "/why?q={c.word}&article={c.path}", "/why?q={c.word}&article=KB-000100"
    ),
    # programs
    "api": get("/api"),
    "openapi": get("/api/v1/openapi.json"),
    "metrics": get("/metrics"),
    "api.health": get("/health"),
    "api.search_api": searches("/api/v1/search"),
    "api.suggest_api": tuple(tell("/api/v1/suggest", text=text) for text in TEXTS),
    "api.complete_api": get(
        *(f"/api/v1/complete?q={t}" for t in ("{c.word}", "{c.code}", "{c.product}", "打印", "q", "z"))
    ),
    "api.code_api": get("/api/v1/codes/{c.code}", "/api/v1/codes/GVM-4101"),
    "api.why_api": get("/api/v1/why?q=打印机&article={c.first}", "/api/v1/why?q={c.word}&article=KB-000100"),
    "api.articles_api": searches("/api/v1/articles", ()),
    "api.article_api": get(*(f"/api/v1/articles/{name}" for name in NAMES)),
    "api.check_api": (tell("/api/v1/check", text="---\nkind: manual\ntitle: 甲\n---\n# 甲\n\n{c.word}\n"),),
    "api.render_api": (tell("/api/v1/render", text="# 甲\n\n[乙]({c.path}) ![丙]({c.picture})\n"),),
    "api_browsing.overview": get("/api/v1/overview"),
    "api_browsing.product_api": get("/api/v1/products/{c.product}", "/api/v1/products/{c.word} Z9"),
    "api_pasting.reply_api": (tell("/api/v1/reply", article="{c.first}", form="chat", text=PASTE),),
    "retrieval.retrieval": tuple(
        tell("/retrieval", knowledge_id=name, query=text, retrieval_setting={"top_k": 9, "score_threshold": 0.0})
        for name in ("guzhi", "guzhi:{c.area}")
        for text in (PASTE, "打印机卡纸")
    ),
    "api_writing.take_back_verdict": (Ask("/api/v1/verdicts/9999", "DELETE"),),
    # writing: of what is not seen there is nothing to change; what is seen is not changed here
    "new_article": get("/new", "/new?kind=case"),
    "edit": get(*(f"/edit/{name}" for name in NAMES)),
    "preview": (
        post("/preview", path="{c.path}", text="[乙](../{c.path})"),
        post("/preview", path="new/case/00000000", title="{c.product} 报 {c.code}", text=f"## 现象\n{PASTE}\n" * 3),
    ),
    "history": get(*(f"/history/{name}" for name in NAMES)),
    "review": get("/review"),
    "merge": get("/merge?keep=KB-000100&other={c.first}"),
    "import_": get("/import"),
    "preview_import": get("/import/0123456789abcdef"),
    "preview_article": get("/import/0123456789abcdef/1"),
    "api_writing.source": get(*(f"/api/v1/sources/{name}" for name in NAMES)),
    "api_keeping.history_api": get("/api/v1/history/{c.first}"),
    "api_keeping.revision_api": get("/api/v1/revisions/1?article={c.first}"),
    "api_keeping.review_api": get("/api/v1/review"),
}
CHANGING: dict[str, tuple[Ask, ...]] = {
    "verdict": (post("/verdict", text=PASTE, verdict="helpful {c.first}"),),
    "rate": (post("/rate", article="{c.path}", verdict="helpful"),),
    "api_writing.give_verdict": (tell("/api/v1/verdicts", article="{c.first}", verdict="helpful", text="x"),),
    "save_article": (post("/save", path="{c.path}", base="", text="x", action="preview"),),
    "image": (post("/images", path="{c.path}", alt="x"),),
    "sitting": (post("/sitting", sitting="0" * 16, path="{c.path}"),),
    "restore": (post("/restore/{c.path}", revision="1"),),
    "rename": get("/rename/{c.path}"),
    "still_right": (post("/review/{c.path}"),),
    "decide_saying": (post("/review/saying", article="{c.path}", said="打不出来", text="打不出来", decision="accept"),),
    "change_state": (post("/state/{c.path}", to="review"),),
    "change_states": (post("/states", article="{c.path}", to="review"),),
    "undo": (post("/import/1/undo"),),
    "api_writing.create_source": NONE,
    "api_writing.save_source": (tell("/api/v1/sources/{c.path}", "PUT", text="# x\n"),),
    "api_keeping.restore_api": (tell("/api/v1/restore", article="{c.first}", revision=1),),
    "api_keeping.state_api": (tell("/api/v1/state", article="{c.first}", to="review"),),
    "api_keeping.rename_api": (tell("/api/v1/rename", article="{c.first}", to="a/b.md"),),
    "api_keeping.image_api": (tell("/api/v1/images", article="{c.first}", alt="x", content="AAAA"),),
}
"""Asked of what is not seen alone."""


def test_every_address_is_asked(sites: Mapping[tuple[str, ...], Site]) -> None:
    """A new address says here what may tell of articles, or that nothing does."""
    there = {rule.endpoint for rule in sites[tuple(CIRCLES)].app.url_map.iter_rules()}
    assert set(SURFACES) | set(CHANGING) == there
    assert not set(SURFACES) & set(CHANGING)


# --- what is answered ------------------------------------------------------------------------------

_PASSING = re.compile(
    r'"(?:score|best|share|gain|milliseconds|built|search|built_s)": ?[\d.eE+-]+|"built": ?"[^"]*"'
    r'|name="(?:token|search|sitting)" value="[^"]*"|new/case/[0-9a-f]{8}|draft=[0-9a-f]{8}'
    r'|\d+(?:\.\d+)? ?(?:毫秒|ms)\b|\d+%|data-score="[\d.]+"|\b[01]\.\d+\b'
    r'|<meter [^>]*>|<meta name="token" content="[^"]*">|data-token="[^"]*"|#[0-9a-f]{8}\b'
)
"""What differs between two bases, or two moments: form tokens, times, and scores, which words of all articles weigh."""


_REASONS = re.compile(r"<tbody>.*?</tbody>|<span class=\"reason\">[^<]*</span>|\"matches\": \[[^\]]*\]", re.DOTALL)
"""Why something was found: the same reasons, the one of the largest share first."""
_REASON = re.compile(r"<tr>.*?</tr>|\{[^}]*\}|[^<>·]+(?= ·|</span>)", re.DOTALL)
_COUNTED = re.compile(r"^# .*\n|^(?!guzhi_(?:articles|passages) ).*\n", re.MULTILINE)
"""Of the figures of a server what is not about its articles."""


def lasting(text: str) -> str:
    """An answer without what passes, its reasons in one order."""
    if "guzhi_passages" in text:
        return _COUNTED.sub("", text)
    text = _PASSING.sub("~", text)
    return _REASONS.sub(lambda m: "".join(sorted(_REASON.findall(m[0]))), text)


def told(client: FlaskClient, ask: Ask) -> tuple[int, str]:
    """The status and the text of an answer, with what it says in its address."""
    options: dict[str, Any] = {"method": ask.method, "headers": dict(ask.headers)}
    if ask.form is not None:
        options["data"] = dict(ask.form)
    if ask.data is not None:
        options["json"] = ask.data
    with client.open(quote(ask.path, safe="/?=&:*%"), **options) as answer:
        text = f"{answer.headers.get('Location', '')}\n{answer.get_data().decode('utf8', 'replace')}"
        if answer.is_json:
            text = json.dumps(answer.json, ensure_ascii=False, sort_keys=True)
        return answer.status_code, unquote(text)


def asks_of(reader: Reader) -> Iterator[tuple[str, Ask, Circle | None]]:
    """(address, request, the circle that it asks for) of all that somebody asks."""
    for endpoint, asks in (*SURFACES.items(), *CHANGING.items()):
        circles = [CIRCLES[name] for name in reader.asked_of]
        if endpoint in CHANGING:
            circles = [c for c in circles if c in reader.hidden]
        for ask in asks:
            for circle in circles if ask.of_circles else [None]:
                yield endpoint, ask if circle is None else ask.about(circle), circle


@pytest.mark.parametrize("reader", READERS, ids=lambda r: r.name)
def test_nothing_tells_of_what_is_not_seen(sites: Mapping[tuple[str, ...], Site], reader: Reader) -> None:
    """No answer holds a word, number, code, product, tag or folder of articles that somebody does not see, unless they
    named it; and each is the answer of a base that does not hold them.
    """
    whole, part = sites[tuple(CIRCLES)].browser(reader), sites[reader.sees].browser(reader)
    answered, wrong = 0, []
    for endpoint, ask, circle in asks_of(reader):
        (status, text), (expected_status, expected) = told(whole, ask), told(part, ask)
        marks = [m for other in reader.hidden if other is not circle for m in other.marks if m.lower() in text.lower()]
        text, expected = lasting(text), lasting(expected)
        if marks or status != expected_status or text != expected:
            wrong.append(f"{endpoint} {ask}: {status}, {expected_status} {marks} {difference(text, expected)}")
        answered += status == 200
    assert not wrong, "\n".join(wrong)
    assert answered > 50


def difference(text: str, expected: str) -> str:
    """Where two answers part."""
    at = next(
        (i for i, (a, b) in enumerate(zip(text, expected, strict=False)) if a != b), min(len(text), len(expected))
    )
    return f"{text[max(0, at - 60) : at + 60]!r} instead of {expected[at : at + 60]!r}"


@pytest.mark.parametrize("reader", READERS, ids=lambda r: r.name)
def test_what_is_seen_is_found(sites: Mapping[tuple[str, ...], Site], reader: Reader) -> None:
    """Who may see articles finds them by their words, on their pages, and their pictures."""
    client = sites[tuple(CIRCLES)].browser(reader)
    for name in reader.sees:
        circle = CIRCLES[name]
        status = "&status=draft" if name == "draft" else ""
        found = client.get(f"/api/v1/search?q={circle.word}{status}").json
        assert {hit["id"] for hit in found["hits"]} == {m for m in circle.marks if m.startswith("KB-")}
        assert client.get(f"/api/v1/articles/{circle.first}").status_code == 200
        if not reader.token:
            assert client.get(f"/a/{circle.first}", follow_redirects=True).status_code == 200
            with client.get(f"/files/{circle.picture}") as picture:
                assert picture.status_code == 200
