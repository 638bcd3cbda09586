"""A packed file: what is in it, what is left out, that it asks for nothing, and that a person can work with it."""

import re
from base64 import b64decode, b64encode
from collections.abc import Callable, Collection, Iterator, Sequence
from hashlib import sha256
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from conftest import Write
from test_browser import browser  # noqa: F401 - a fixture
from test_browser import pytestmark as needs_browser
from test_web import visit as site_of

from kb.articles import golden
from kb.cli import cli
from kb.desk import pack as packing
from kb.desk.pack import found, pack
from kb.errors import InputError
from kb.language import current
from kb.model import Article, Query
from kb.search.embedded import EmbeddedEngine
from kb.search.index import Index
from kb.settings import Settings

PIXEL = b64decode("iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==")
CHINESE = re.compile(r"[\u3000-\u303f\u4e00-\u9fff\uff00-\uffef]")

FIRST = """\
    ---
    id: KB-000001
    kind: case
    title: Printer shows <49.4C02> & stops
    area: printer
    status: published
    ---
    ## Symptom

    See [the other](b.md#fix), [another place](#fix), [one left out](../c.md) and [a site](https://example.com/x).

    ![the panel](panel.png) ![gone](gone.png) ![outside](../../secret.png) ![far](https://example.com/far.png)

    ## Fix

    Restart.[^1]

    [^1]: Twice.

    <script>alert(1)</script>
    """
SECOND = """\
    ---
    id: KB-000002
    kind: manual
    title: Printers
    area: printer
    status: published
    ---
    ## Fix

    Nothing.
    """


class Page(HTMLParser):
    """What a file holds: ids, links, sources, tags."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.ids: list[str] = []
        self.links: list[str] = []
        self.sources: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        values = dict(attrs)
        self.tags.append(tag)
        for name, values_of in (("id", self.ids), ("href", self.links), ("src", self.sources)):
            if values.get(name) and tag != "link":  # the icon
                values_of.append(str(values[name]))


@pytest.fixture
def small(settings: Settings, write: Write, indexed: Callable[[], Index]) -> EmbeddedEngine:
    """Three articles, one picture beside them and one outside their folder."""
    write("printer/a.md", FIRST)
    write("printer/b.md", SECOND)
    write("c.md", SECOND.replace("KB-000002", "KB-000003").replace("area: printer", "area: network"))
    (settings.articles / "printer" / "panel.png").write_bytes(PIXEL)
    (settings.articles.parent / "secret.png").write_bytes(PIXEL)
    return EmbeddedEngine(indexed())


def named(engine: EmbeddedEngine, *names: str) -> list[Article]:
    return [engine.article(name) for name in names]


def test_links_lead_to_what_is_there(small: EmbeddedEngine, settings: Settings) -> None:
    """Links between packed articles are anchors that exist once; others are words with the number."""
    text = pack(small, settings, named(small, "KB-000001", "KB-000002"), "en")
    page = Page(text)
    assert len(page.ids) == len(set(page.ids))
    inside = [link[1:] for link in page.links if link.startswith("#")]
    assert set(inside) <= set(page.ids)
    assert {"KB-000001--fix", "KB-000002--fix"} <= set(inside)
    assert [link for link in page.links if not link.startswith("#")] == [
        "https://example.com/x",
        "https://example.com/far.png",
    ]
    assert '<span class="away">one left out (KB-000003)</span>' in text


def test_pictures_are_inside(small: EmbeddedEngine, settings: Settings) -> None:
    """A picture of the folder stands in the file; one that is not there, or outside the folder, is named."""
    text = pack(small, settings, named(small, "KB-000001"), "en")
    assert Page(text).sources == ["data:image/png;base64," + b64encode(PIXEL).decode()]
    assert '<span class="away">gone (gone.png)</span>' in text
    assert '<span class="away">outside' in text


def test_a_linked_folder_is_outside(small: EmbeddedEngine, settings: Settings) -> None:
    """A symbolic link does not carry a picture of elsewhere into the file."""
    (settings.articles / "printer" / "gone.png").symlink_to(settings.articles.parent / "secret.png")
    assert len(Page(pack(small, settings, named(small, "KB-000001"), "en")).sources) == 1


def test_a_large_picture_is_left_out(
    small: EmbeddedEngine, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A picture over the bound is named at its place."""
    monkeypatch.setattr(packing, "MAX_IMAGE", len(PIXEL) - 1)
    text = pack(small, settings, named(small, "KB-000001"), "en")
    assert Page(text).sources == []
    assert '<span class="away">the panel (panel.png)</span>' in text


def test_bounds(small: EmbeddedEngine, settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    """A file that would be too large is refused, with the article at which it became so; so are too many and none."""
    chosen = named(small, "KB-000001", "KB-000002")
    monkeypatch.setattr(packing, "MAX_FILE", 500)
    with pytest.raises(InputError, match=r"printer/a\.md"):
        pack(small, settings, chosen, "en")
    monkeypatch.setattr(packing, "MAX_ARTICLES", 1)
    with pytest.raises(InputError, match="2"):
        pack(small, settings, chosen, "en")
    with pytest.raises(InputError):
        pack(small, settings, [], "zh")


def test_policy(small: EmbeddedEngine, settings: Settings) -> None:
    """The file's policy names its own style and script by their hashes, and allows nothing from outside."""
    text = pack(small, settings, named(small, "KB-000001"), "zh")
    policy = re.search(r'http-equiv="Content-Security-Policy" content="([^"]*)"', text)
    assert policy
    allowed = policy[1].replace("&#39;", "'")
    assert "default-src 'none'" in allowed
    assert "unsafe" not in allowed
    for tag in ("style", "script"):
        found = re.findall(rf"<{tag}>(.*?)</{tag}>", text, re.DOTALL)
        assert len(found) == 1
        digest = b64encode(sha256(found[0].encode()).digest()).decode()
        assert f"{tag}-src 'sha256-{digest}'" in allowed
    assert Page(text).tags.count("script") == 1
    assert "Printer shows &lt;49.4C02&gt; &amp; stops" in text


def test_the_mark_is_that_of_the_site(small: EmbeddedEngine, settings: Settings) -> None:
    """The icon of a packed file, and the sign in its header, are those of the site and of a printed article."""
    icon = (Path(__file__).parents[2] / "kb" / "web" / "static" / "icon.svg").read_bytes()
    text = pack(small, settings, named(small, "KB-000001"), "zh")
    assert f'<link rel="icon" type="image/svg+xml" href="data:image/svg+xml;base64,{b64encode(icon).decode()}">' in text
    assert 'class="seal" aria-hidden="true">故<' in text
    site = site_of(settings)
    assert 'rel="icon" href="/static/icon.svg"' in site.get("/").text
    assert '<p class="print-only"><img src="/static/icon.svg"' in site.get("/a/KB-000001", follow_redirects=True).text


def test_languages(small: EmbeddedEngine, settings: Settings) -> None:
    """The interface speaks the chosen language, and the caller keeps its own."""
    chosen = named(small, "KB-000001", "KB-000002")
    english = pack(small, settings, chosen, "en")
    shown = re.sub(r'data-(?:fold\w+|tables)="[^"]*"|<style>.*?</style>', "", english, flags=re.DOTALL)
    assert {c[0] for c in CHINESE.finditer(shown)} == {"故"}  # the seal, as on the site
    assert '<html lang="en">' in english
    assert "2 篇文章" in pack(small, settings, chosen, "zh")
    assert current() == "zh"


def test_found(built: Index) -> None:
    """A selection by filters is whole, however many pages of results it takes."""
    engine = EmbeddedEngine(built)
    everything = found(engine, Query("", {"status": ("published",)}))
    assert (
        len(everything) == len({a.path for a in everything}) == int(built.facets["status"].having(["published"]).sum())
    )
    printers = found(engine, Query("", {"area": ("printer",)}))
    assert 0 < len(printers) < len(everything)
    assert {a.area for a in printers} == {"printer"}


def test_command(built: Index, sample_settings: Settings, tmp_path: Path) -> None:
    """kb pack takes numbers, words or filters, and leaves no half file."""
    folders = ["--articles", str(sample_settings.articles), "--index", str(sample_settings.index)]
    out = tmp_path / "pack.html"

    def run(*words: str) -> Any:
        return CliRunner().invoke(cli, ["pack", *words, "--audience", "internal", "-o", str(out), *folders])

    def packed() -> set[str]:
        return {i for i in Page(out.read_text("utf8")).ids if re.fullmatch(r"KB-\d+", i)}

    assert run("kb-000012", "KB-000077").exit_code == 0
    assert packed() == {"KB-000012", "KB-000077"}
    assert run("ORA-01653").exit_code == 0
    assert "KB-000077" in packed()
    before = out.read_text("utf8")
    unknown = run("KB-999999")
    assert (unknown.exit_code, "KB-999999" in unknown.stderr) == (2, True)
    assert run("--area", "printer", "--status", "draft").exit_code == 1
    assert out.read_text("utf8") == before
    assert [p.name for p in tmp_path.iterdir()] == ["pack.html"]
    assert run("--area", "打印机").exit_code == 0
    assert {a.area for a in named(EmbeddedEngine(built), *packed())} == {"printer"}


# --- in a browser ----------------------------------------------------------------------------


@pytest.fixture(scope="module")
def address(built: Index, sample_settings: Settings, tmp_path_factory: pytest.TempPathFactory) -> str:
    """The sample base as one file, by its file:// address."""
    path = tmp_path_factory.mktemp("stick") / "pack.html"
    engine = EmbeddedEngine(built)
    everything = found(engine, Query("", {"status": ("published",)}))
    path.write_text(pack(engine, sample_settings, everything, "zh"), "utf8")
    assert path.stat().st_size < 2_000_000
    return path.as_uri()


@pytest.fixture
def visit(browser: Any, address: str) -> Iterator[Callable[..., Any]]:  # noqa: F811
    """visit(): the file opened without a network. What it asks for, and what the console says, fails the test."""
    complaints: list[str] = []
    contexts = []

    def visit(**options: Any) -> Any:
        context = browser.new_context(offline=True, **options)
        context.set_default_timeout(60_000)
        contexts.append(context)
        page = context.new_page()
        page.on("console", lambda m: complaints.append(m.text))
        page.on("pageerror", lambda e: complaints.append(str(e)))
        page.on("request", lambda r: complaints.extend([] if r.url.startswith((address, "data:")) else [r.url]))
        page.goto(address)
        return page

    yield visit
    for context in contexts:
        context.close()
    assert complaints == []


def titles(page: Any, query: str) -> list[str]:
    """Numbers of the articles found, best first."""
    page.fill("#q", query)
    return [str(t) for t in page.locator("#hits .number").all_inner_texts()]


def rank(numbers: Sequence[str], right: Collection[str]) -> int:
    """The place of the first right article, 1-based, 0 for none."""
    return next((i for i, number in enumerate(numbers, 1) if number in right), 0)


@needs_browser
def test_golden_queries(visit: Callable[..., Any], built: Index, sample_settings: Settings) -> None:
    """What must be found is found in the file, too, and hardly ever further down than by the program."""
    page, engine = visit(), EmbeddedEngine(built)
    plain = [g for g in golden.load(sample_settings.articles) if not re.search(r"\w:\w| -\w", g.query)]
    assert len(plain) > 30
    places = [(rank(titles(page, g.query), g.articles), g.query) for g in plain]
    assert sum(0 < place <= 3 for place, _ in places) >= 0.95 * len(plain), places
    ours = [rank([h.article.id for h in engine.search(Query(g.query)).hits], g.articles) for g in plain]
    assert sum(place == 1 for place, _ in places) >= 0.85 * sum(place == 1 for place in ours)


@needs_browser
@pytest.mark.parametrize(
    "typed", ["S5130‑28S‑EI", "s5130 28s ei", "ORA1653", "ora_01653", "印表機 卡紙", "49.4c02", "Ｗｉｎｄｏｗｓ"]
)
def test_spellings_are_those_of_the_program(visit: Callable[..., Any], built: Index, typed: str) -> None:
    """Dashes of Word, missing connectors, zeros in front, wide letters and traditional characters."""
    wanted = [h.article.id for h in EmbeddedEngine(built).search(Query(typed)).hits[:1]]
    assert wanted
    assert wanted[0] in titles(visit(), typed)[:5]


@needs_browser
def test_search_without_network(visit: Callable[..., Any]) -> None:
    """Chinese words, traditional characters and a code in any spelling find their articles; nonsense finds none."""
    page = visit()
    assert titles(page, "打印机一开机没多久就报错49")[0] == "KB-000012"
    assert page.locator("#hits li").first.locator("mark").count() > 0
    spellings = ("ORA-01653", "ora-1653", "ORA\u201401653", "ＯＲＡ－01653", "ORA01653")
    assert [titles(page, s) for s in spellings] == [["KB-000077"]] * len(spellings)
    assert titles(page, "ORA-99653") == []
    assert "没有找到" in page.inner_text("#status")
    assert titles(page, "打印機 卡紙") == titles(page, "打印机 卡纸") != []
    assert "部分匹配" in page.inner_text("#status")
    assert page.locator("#hits img, #hits script").count() == 0
    titles(page, "<img src=x onerror=alert(1)>")  # any complaint of the page fails the test


@needs_browser
def test_by_keyboard(visit: Callable[..., Any]) -> None:
    """/ searches, Enter opens the first, Escape goes back to the results and then to the contents."""
    page = visit()
    page.keyboard.press("Tab")
    page.keyboard.press("/")
    page.keyboard.type("P3015 49.4C02")
    page.keyboard.press("ArrowDown")
    page.keyboard.press("ArrowDown")
    page.keyboard.press("ArrowUp")
    page.keyboard.press("Enter")
    page.wait_for_selector("#KB-000012.open")
    assert page.url.endswith("#KB-000012")
    assert page.locator("article.open").count() == 1
    assert page.locator("article.open .prose mark").count() > 0
    page.keyboard.press("Escape")
    page.wait_for_selector("#hits a:visible")
    page.keyboard.press("Escape")
    page.wait_for_selector("#contents:visible")
    assert page.locator("mark:visible").count() == 0


@needs_browser
def test_one_article_after_another(visit: Callable[..., Any]) -> None:
    """A new query leaves the open article, links lead to others, and the browser's Back returns."""
    page = visit()
    titles(page, "ORA-01653")
    page.press("#q", "Enter")
    page.wait_for_selector("#KB-000077.open")
    titles(page, "log_send_queue_size")
    page.press("#q", "Enter")
    page.wait_for_selector("#KB-000080.open")
    assert page.locator("article:visible").count() == 1
    page.click("article.open a[href='#KB-000152']")
    page.wait_for_selector("#KB-000152.open")
    page.go_back()
    page.wait_for_selector("#KB-000080.open")


@needs_browser
def test_nothing_is_searched_while_an_input_method_composes(visit: Callable[..., Any]) -> None:
    """Letters on the way to a character are no query, and Enter that takes a candidate opens nothing."""
    page = visit()
    page.evaluate("""() => {
        const q = document.querySelector("#q");
        q.value = "dayinji";
        q.dispatchEvent(new InputEvent("input", {isComposing: true, bubbles: true}));
        q.dispatchEvent(new KeyboardEvent("keydown", {key: "Enter", isComposing: true, bubbles: true}));
    }""")
    assert page.locator("#hits li").count() == 0
    page.evaluate("""() => {
        const q = document.querySelector("#q");
        q.value = "打印机";
        q.dispatchEvent(new CompositionEvent("compositionend", {data: "打印机", bubbles: true}));
    }""")
    assert page.locator("#hits li").count() > 0


@needs_browser
def test_on_a_phone(visit: Callable[..., Any]) -> None:
    """Nothing is wider than the screen: neither contents, nor results, nor an article with code and tables."""
    page = visit(viewport={"width": 390, "height": 844}, is_mobile=True, has_touch=True)
    width = "document.documentElement.scrollWidth"
    assert page.evaluate(width) == 390
    titles(page, "打印机")
    assert page.evaluate(width) == 390
    for number in ("KB-000012", "KB-000171"):
        page.goto(page.url.split("#")[0] + "#" + number)
        page.wait_for_selector(f"#{number}.open")
        assert page.evaluate(width) == 390


@needs_browser
def test_without_scripts(visit: Callable[..., Any]) -> None:
    """Contents and every article are there, and no box that does nothing."""
    page = visit(java_script_enabled=False)
    assert page.locator("#q").is_hidden()
    assert page.locator("#results").is_hidden()
    assert page.locator("article:visible").count() == page.locator("#contents li a[href^='#KB-']:visible").count() > 100
