"""Nothing that comes in hangs: twice as much takes twice the time, the largest that is accepted is answered soon."""

import csv
import gc
import io
import time
import zipfile
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import numpy as np
import pytest
from werkzeug.datastructures import MultiDict

from kb.articles import markdown, parser
from kb.articles.files import first_heading, load
from kb.articles.frontmatter import mended
from kb.articles.importing import cells, plan, word
from kb.articles.importing.bounded import within
from kb.articles.importing.model import Options
from kb.desk.intake import MAX_BYTES, read
from kb.errors import ArticleError, InputError, KbError
from kb.indexer.analysis import analyse
from kb.model import Article, Passage, Verdict
from kb.search.facets import Facet
from kb.search.index import Index
from kb.search.snippets import Highlighter
from kb.search.suggest import read_paste
from kb.search.verdict_memory import Remembered
from kb.text import hypertext
from kb.text.tokens import Tokenizer
from kb.web.forms import MAX_VALUES, query_from

RATIO = 2.5
"""Of processor time for twice the input; a square would be 4."""
SECONDS = 10
"""Of a processor for the largest input: twice what an idle machine may take, since others work on this one, too."""


def seconds(work: Callable[[], object]) -> float:
    """The least of three: what else the machine does only adds. Looking for garbage is no work of ours."""
    times = []
    gc.disable()
    try:
        for _ in range(3):
            parser.parse.cache_clear()
            start = time.process_time()
            work()
            times.append(time.process_time() - start)
    finally:
        gc.enable()
    return min(times)


def check_linear(work: Callable[[str], object], make: Callable[[int], str], size: int) -> None:
    """Where a measurement is disturbed, another one is taken; a square shows in all of them."""
    small, large = make(size), make(2 * size)
    work(small)  # what is made once does not count
    ratios = []
    for _ in range(3):
        ratios.append(seconds(lambda: work(large)) / max(seconds(lambda: work(small)), 0.005))
        if ratios[-1] <= RATIO:
            return
    raise AssertionError(ratios)


def shown(body: str) -> None:
    """All that a page and an index ask of a text."""
    markdown.render(body)
    markdown.split(Article("a.md", "a", body=body))
    markdown.outline(body)


MARKDOWN = {
    "equal headings": "# a\n",
    "headings with equal ids": "# a {#a}\n",
    "tasks": "- [ ] a\n",
    "pictures in pictures": "![![",
    "brackets": "[a][",
    "footnotes in footnotes": "^[a ",
    "emphasis": "**a ",
    "Chinese emphasis": "**注：**意",
    "tags without end": "<div>\n<aaaa",
    "tags within a line": "a<b c",
    "comments without end": "<!-- ",
    "paragraphs of HTML": "<p>a",
    "rows of HTML": "<tr><td>a",
    "boxes": ":::a\n",
    "boxes that are closed": ":::a\n:::\n",
    "boxes of MkDocs": "!!! note\n\n",
    "remarks without end": "%%\n\n",
    "remarks within a line": "%%a ",
    "wiki links": "[[a",
    "short codes": "{{<a ",
    "tables": "|a|b|\n|-|-|\n\n",
    "quotations": "> > > > > > > > a\n",
    "lists": "- a\n\n1. b\n\n",
    "references": "[a]: b\n",
    "data without end": "data:image/png;base64,AAAA",
}


@pytest.mark.parametrize("piece", MARKDOWN.values(), ids=MARKDOWN)
def test_markdown_takes_its_length_in_time(piece: str) -> None:
    check_linear(shown, lambda n: piece * n, 6_000 // len(piece))


@pytest.mark.parametrize("piece", ["# a\n", "- a\n", "![![", "<p>a", "|a|b|\n", "> > > > > > > > a\n"])
def test_the_largest_article_is_shown_in_time(piece: str) -> None:
    """Two million characters; what is beyond the bounds is there as it was typed."""
    body = piece * (2_000_000 // len(piece)) + "\n末尾的话\n"
    start = time.process_time()
    shown(body)
    assert time.process_time() - start < SECONDS
    assert "末尾的话" in markdown.render(body)
    assert any("末尾的话" in p.text for p in markdown.split(Article("a.md", "a", body=body)))


def test_what_is_too_deep_is_there_as_it_was_typed() -> None:
    """Hundreds of lists or quotations in each other lose nothing."""
    for mark in ("- ", "> ", "1. "):
        assert "最里面" in markdown.render(mark * 300 + "最里面\n")


HTML = ("<a ", "<!--", '<a "', "<p>", "<b>x", "</", "<a x='", "<![CDATA[", "<script>", "<blockquote>\n", "<td>", "<?a")


@pytest.mark.parametrize("piece", HTML)
def test_html_takes_its_length_in_time(piece: str) -> None:
    check_linear(hypertext.text, lambda n: piece * n, 8_000)


MAILS = {
    "comments without end": ("Content-Type: text/html\n\n", "<!--"),
    "tags without end": ("Content-Type: text/html\n\n", "<a "),
    "parameters": ("Content-Type: text/plain", "; a=b"),
    "parameters with quotes": ("Content-Type: text/plain", ';a="b'),
    "folded parameters": ("Content-Type: text/plain", ";\n a=b"),
    "pieces of a name": ("Content-Disposition: attachment", '; filename*0="b"'),
    "encoded words": ("X: y\nFrom:", " =?utf-8?B?5LiJ?="),
    "folded encoded words": ("X: y\nFrom:", "\n =?utf-8?B?5LiJ?="),
    "headers": ("", "X-A: b\n"),
    "parts": ("Content-Type: multipart/mixed; boundary=a\n\n", "--a\n\nx\n"),
    "parts of another boundary": ("Content-Type: multipart/mixed; boundary=a\n\n", "--b\nContent-Type: text/plain\n\n"),
    "recipients": (
        "Content-Type: multipart/report; boundary=b\n\n--b\nContent-Type: message/delivery-status\n\n",
        "Status: 1\n\n",
    ),
    "quotations": ("In-Reply-To: x\n\n", "> a\n"),
    "headers of quoted mails": ("In-Reply-To: x\n\n", "From: a\n"),
    "lines that may be": ("In-Reply-To: x\n\n", "On a b c d e f g\n"),
    "dates": ("In-Reply-To: x\n\n", "在2024年"),
}


@pytest.mark.parametrize(("head", "piece"), MAILS.values(), ids=MAILS)
def test_mails_take_their_length_in_time(head: str, piece: str) -> None:
    def work(raw: str) -> None:
        with suppress(InputError):
            read("a.eml", raw.encode())

    check_linear(work, lambda n: f"Subject: x\n{head}{piece * n}\n\nend\n", 2_500)


LOGS = {
    "carriage returns": "\r",
    "cursors": "ab\b",
    "cursors in lines": "ab\b\n",
    "escapes": "\x1b[9D",
    "escapes without end": "\x1b]",
    "events without end": "schemas.microsoft.com/win/2004/08/events<Event ",
    "broken bytes": "\udcff\udcfe a\n",
    "mixed lines": "\udcb4\udced\n错误啊\n",
    "pagers": "--More-",
}


@pytest.mark.parametrize("piece", LOGS.values(), ids=LOGS)
def test_logs_take_their_length_in_time(piece: str) -> None:
    def work(raw: str) -> None:
        with suppress(InputError):
            read("a.log", raw.encode("utf8", "surrogateescape"))

    check_linear(work, lambda n: piece * n, 8_000)


@pytest.mark.parametrize(
    ("name", "data"),
    [
        ("a.log", b"10:00:01 ERROR x y z 12345\n"),
        ("a.log", "10:00:01 错误\n".encode("gbk")),
        ("a.eml", b"Subject: x\nContent-Type: text/html\n\n<p>a"),
        ("a.eml", b"Subject: x\nContent-Type: multipart/mixed; boundary=a\n\n--a\n\nx\n"),
    ],
    ids=["log", "GBK", "HTML", "parts"],
)
def test_the_largest_file_is_read_in_time(name: str, data: bytes) -> None:
    head, _, piece = data.rpartition(b"\n\n") if name == "a.eml" else (b"", b"", data)
    raw = (head + b"\n\n" if head else b"") + piece * ((MAX_BYTES - len(head) - 2) // len(piece))
    start = time.process_time()
    assert read(name, raw).text
    assert time.process_time() - start < SECONDS


def test_a_front_matter_of_many_keys_is_refused_and_the_article_kept(tmp_path: Path) -> None:
    """A hundred thousand keys are no front matter; the text below them is found."""
    check_linear(lambda text: mended(text, "a.md"), lambda n: "---\n" + "k: 1\n" * n + "---\nx\n", 4_000)
    path = tmp_path / "a.md"
    path.write_text("---\ntitle: 甲\n" + "".join(f"key{i}: 1\n" for i in range(100_000)) + "---\n正文\n", "utf8")
    start = time.process_time()
    article, problem = load(path, tmp_path, 4096)
    assert time.process_time() - start < SECONDS
    assert (article.title, article.body) == ("甲", "正文\n")
    assert "文件头" in problem


@pytest.mark.parametrize(
    "make",
    [
        lambda n: "# a" + " " * n + "b\n",
        lambda n: "# " + "[" * n,
        lambda n: "---\na" + " " * n + "\n---\nx",
        lambda n: "---\nid: a\na" + " " * n + "b: c: d\n---\nx",
        lambda n: "---\n" + "a: b: c\n" * (n // 8) + "---\nx",
    ],
    ids=["spaces in a heading", "brackets in a heading", "spaces in a key", "spaces in a broken key", "broken keys"],
)
def test_titles_and_keys_take_their_length_in_time(make: Callable[[int], str]) -> None:
    check_linear(lambda text: first_heading(mended(text, "a.md")[0].values.get("title", text)), make, 20_000)


# --- imports -----------------------------------------------------------------------------------


def docx(body: str) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as z:
        z.writestr(
            "[Content_Types].xml",
            '<Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types"><Override'
            ' PartName="/word/document.xml" ContentType="application/vnd.openxmlformats-officedocument.'
            'wordprocessingml.document.main+xml"/></Types>',
        )
        z.writestr(
            "_rels/.rels",
            '<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships"><Relationship Id="r"'
            ' Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships/officeDocument"'
            ' Target="word/document.xml"/></Relationships>',
        )
        z.writestr(
            "word/document.xml",
            '<w:document xmlns:w="http://schemas.openxmlformats.org/wordprocessingml/2006/main"><w:body>'
            f"{body}</w:body></w:document>",
        )
    return out.getvalue()


PARAGRAPH = "<w:p><w:r><w:t>a</w:t></w:r></w:p>"


def test_a_document_of_small_paragraphs(tmp_path: Path) -> None:
    """The largest is converted in time, a larger one is refused before the converter starts."""
    start = time.process_time()
    assert word.read(docx(PARAGRAPH * word.MAX_PARAGRAPHS), "a.docx", "{number}").body
    assert time.process_time() - start < 2 * SECONDS
    start = time.process_time()
    with pytest.raises(ArticleError, match="太大"):
        word.read(docx(PARAGRAPH * 180_000), "a.docx", "{number}")
    assert time.process_time() - start < SECONDS
    with pytest.raises(ArticleError, match="太大"):
        word.read(docx("<w:tbl><w:tr><w:tc>" * 200 + "</w:tc></w:tr></w:tbl>" * 200), "a.docx", "{number}")


@pytest.mark.parametrize("padding", ["", "<!-- " + "x" * 5000 + " -->"])
@pytest.mark.parametrize("encoding", ["utf8", "utf-16"])
def test_a_document_type_is_refused_wherever_it_stands(padding: str, encoding: str) -> None:
    """Entities could be declared in it; the parser itself notices, in any encoding and behind any remark."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as z:
        xml = f'{padding}<!DOCTYPE a [<!ENTITY b "c">]><a>&b;</a>'
        z.writestr("word/document.xml", xml.encode(encoding))
    with pytest.raises(ArticleError, match="DOCTYPE"):
        word.read(out.getvalue(), "a.docx", "{number}")


def test_tables_are_bounded_in_columns_and_cells(tmp_path: Path) -> None:
    """Twenty thousand columns, a cell of sixteen million characters: told, and soon."""
    path = tmp_path / "a.csv"
    start = time.process_time()
    path.write_text(",".join(f"现象{i}" for i in range(20_000)) + "\n" + "x," * 20_000 + "\n", "utf8")
    with pytest.raises(InputError, match="20000 列"):
        cells.read(path.read_bytes(), path.name)
    with path.open("w", encoding="utf8") as f:
        csv.writer(f).writerows([["标题", "现象"], ["一", "二"], ["长", "x" * 16_000_000]])
    rows, problems = cells.read(path.read_bytes(), path.name)
    assert [r.cells["标题"] for r in rows] == ["一"]
    assert problems[0][0] == 3
    assert time.process_time() - start < SECONDS


def test_the_values_of_a_facet_in_an_address_are_bounded() -> None:
    """Thousands of them cost no search; equal ones count once."""
    query = query_from(MultiDict([("tags", f"t{i}") for i in range(10_000)]))
    assert len(query.filters["tags"]) == MAX_VALUES
    assert query_from(MultiDict([("tags", "a")] * 9)).filters["tags"] == ("a",)


def endless(_: int) -> None:
    while True:
        pass


def greedy(_: int) -> None:
    bytearray(64 * 1024**3)


def refused(_: int) -> None:
    raise ArticleError("a.md", 7, "错了")


def test_work_in_a_process_of_its_own_ends(tmp_path: Path) -> None:
    """After its time, or with too much memory, with a sentence; what goes wrong in it is told as it was."""
    with pytest.raises(InputError, match="超过 1 秒"):
        within(1, endless, 0)
    with pytest.raises(InputError, match="内存太多"):
        within(20, greedy, 0)
    with pytest.raises(KbError) as error:
        within(20, refused, 0)
    assert isinstance(error.value, ArticleError)
    assert (error.value.path, error.value.line) == ("a.md", 7)


def test_a_heavy_import_is_planned_apart(tmp_path: Path) -> None:
    """The plan of another process is the plan of this one."""
    (tmp_path / "wiki").mkdir()
    (tmp_path / "wiki" / "a.md").write_text("# 甲\n\n正文\n", "utf8")
    apart = plan.bounded_plan([tmp_path / "wiki"], tmp_path / "articles", Options(), 60)
    assert apart == plan.plan(tmp_path / "wiki", tmp_path / "articles", Options())


# --- what is asked and indexed ---------------------------------------------------------------


ASKED = {
    "synonyms": "死机，断网；卡纸。连不上网 ",
    "lines": "死机\n",
    "codes": "ORA-01653 0x0000011b ",
    "one word": "打印机",
    "misspelled": "Widnows prnter ",
    "traditional": "印表機卡紙，",
    "pinyin": "da yin ji ",
}


@pytest.mark.parametrize("piece", ASKED.values(), ids=ASKED)
def test_a_paste_takes_its_length_in_time(built: Index, piece: str) -> None:
    check_linear(lambda text: read_paste(built, text), lambda n: piece * n, 12_000 // len(piece))


def test_a_passage_of_matches_takes_its_length_in_time(built: Index) -> None:
    """A snippet is chosen among thousands of words that all match."""
    marker = Highlighter(built.tokenizer, {"卡纸": 1.0, "报错": 2.0, "打印": 1.5})
    check_linear(lambda text: marker.snippet(Passage(text)), lambda n: "卡纸报错打印，" * n, 4_000)


@pytest.mark.parametrize("piece", ["打印机卡纸，报错 E-1234。\n", "## 卡纸\n\n报错 E-1234。\n\n"])
def test_an_article_is_analysed_in_its_length(piece: str) -> None:
    """Of a passage alone, and of thousands of sections."""
    tokenizer = Tokenizer()
    check_linear(lambda body: analyse(Article("a.md", "a", body=body), tokenizer), lambda n: piece * n, 3_000)


def test_remembered_verdicts_take_their_number_in_time(built: Index) -> None:
    """So many texts are read, and compared with a paste."""
    numbers = [article.id for article in built.articles]
    texts = [f"打印机{i}号 面板显示错误 E-{i:04d} 请检查 roller{i % 97}" for i in range(2_000)]
    verdicts = [Verdict(text, numbers[i % len(numbers)], "helpful") for i, text in enumerate(texts)]
    check_linear(lambda text: Remembered(built, verdicts[: len(text)]), lambda n: "x" * n, len(texts) // 2)


def test_facets_take_their_values_in_time() -> None:
    """Thousands of values, one or several an article."""
    articles = np.arange(50_000)

    def counted(text: str) -> None:
        values = [str(i) for i in range(len(text))]
        for owners in (articles, np.repeat(articles, 2)):
            codes = (np.arange(len(owners)) % len(values)).astype(np.int32)
            facet = Facet(values, owners, codes, len(articles))
            assert sum(n for _, n in facet.counts(np.ones(len(articles), bool))) == len(owners)
            assert facet.having(values).all()

    check_linear(counted, lambda n: "x" * n, 10_000)
