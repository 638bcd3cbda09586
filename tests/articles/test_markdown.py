"""Tests of kb.articles.markdown: pages are safe whatever an author writes, and passages are what stands there."""

import re
from html.parser import HTMLParser

import pytest
from hypothesis import given
from hypothesis import strategies as st
from markdown_it.rules_core import inline

from kb.articles.markdown import MAX_PASSAGE, links, outline, render, role, split
from kb.articles.parser import MAX_INLINE_DEPTH, Parser, _lines, slug
from kb.model import CASE_SECTIONS, FAQ_SECTIONS, SECTION_ROLES, Article

ALLOWED = {
    "a": {"href", "title", "rel", "id", "class"},
    "blockquote": set(),
    "br": set(),
    "code": {"class"},
    "div": {"class", "tabindex"},
    "em": set(),
    **{f"h{n}": {"id"} for n in range(1, 7)},
    "hr": {"class"},
    "img": {"src", "alt", "loading"},
    "input": {"class", "type", "disabled", "checked", "aria-label"},
    "li": {"class", "id"},
    "ol": {"class", "start"},
    "p": set(),
    "pre": {"tabindex"},
    "s": set(),
    "section": {"class"},
    "strong": set(),
    "sup": {"class"},
    "table": set(),
    "tbody": set(),
    "td": {"class"},
    "th": {"class"},
    "thead": set(),
    "tr": set(),
    "ul": {"class"},
}
"""Every tag and attribute a page may hold; all of them are made by the renderer."""


class Reader(HTMLParser):
    """Reads HTML as a browser does: its tags, and the text a reader sees."""

    def __init__(self) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.text = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def handle_data(self, data: str) -> None:
        self.text += data

    def handle_comment(self, data: str) -> None:
        raise AssertionError(f"comment {data!r}")

    def handle_decl(self, decl: str) -> None:
        raise AssertionError(f"declaration {decl!r}")

    def handle_pi(self, data: str) -> None:
        raise AssertionError(f"instruction {data!r}")


def read(html: str) -> Reader:
    reader = Reader()
    reader.feed(html)
    reader.close()
    return reader


def check_safe(html: str) -> Reader:
    """Only allowed tags and attributes, and links that run nothing."""
    found = read(html)
    for tag, attributes in found.tags:
        assert tag in ALLOWED, html
        assert set(attributes) <= ALLOWED[tag], html
        for name in ("href", "src"):
            scheme = re.match(r"[\s\x00-\x20]*([a-z][a-z0-9+.-]*):", attributes.get(name) or "", re.IGNORECASE)
            assert scheme is None or scheme[1].lower() in {"http", "https", "ftp", "mailto", "tel"}, html
        if tag == "img":
            assert not re.match(r"[a-z]+:|//", attributes["src"] or "", re.IGNORECASE), html
    return found


# --- pages -----------------------------------------------------------------------------------


def test_headings_have_anchors_that_keep_chinese() -> None:
    """Readable in the address bar, and equal titles get different ones."""
    body = "# 解决 步骤 (2)\n\n## 解决\n\n## 解决\n\n## 解决-1\n\n## ？！\n"
    assert [(o.level, o.title) for o in outline(body)] == [
        (1, "解决 步骤 (2)"),
        (2, "解决"),
        (2, "解决"),
        (2, "解决-1"),
        (2, "？！"),
    ]
    anchors = [o.anchor for o in outline(body)]
    assert anchors[:3] == ["解决-步骤-2", "解决", "解决-1"]
    assert anchors[4] == "section"
    assert len(set(anchors)) == len(anchors)
    assert [a["id"] for t, a in read(render(body)).tags if t.startswith("h")] == anchors


@pytest.mark.parametrize(
    ("title", "expected"),
    [("  A  b ", "a-b"), ("C++ / C#", "c-c"), ("“引号”", "引号"), ("", "section"), ("--", "section")],
)
def test_slug(title: str, expected: str) -> None:
    """Words and signs between them, nothing else."""
    assert slug(title) == expected


def test_tables() -> None:
    """A wide table scrolls by itself; alignment is a class, since the page allows no style."""
    html = render("| 端口 | 状态 |\n|:--|--:|\n| 1 | `up` |\n")
    tags = [t for t, _ in check_safe(html).tags]
    assert tags == ["div", "table", "thead", "tr", "th", "th", "tbody", "tr", "td", "td", "code"]
    assert '<td class="align-left">1</td>' in html
    assert '<td class="align-right">' in html


def test_footnotes() -> None:
    """The mark links to the note and back."""
    found = check_safe(render("正文[^甲]\n\n[^甲]: 注解\n"))
    targets = {a["href"] for t, a in found.tags if t == "a"}
    ids = {"#" + str(a["id"]) for _, a in found.tags if "id" in a}
    assert targets == ids != set()
    assert "注解" in found.text


def test_task_lists() -> None:
    """Boxes that can't be clicked, ticked where an x stands."""
    found = check_safe(render("- [ ] 一\n- [x] 二\n- 三\n"))
    boxes = [a for t, a in found.tags if t == "input"]
    assert ["checked" in a for a in boxes] == [False, True]
    assert all(a["type"] == "checkbox" and "disabled" in a for a in boxes)
    assert "[x]" not in found.text


def test_code_is_shown_as_written() -> None:
    """Signs of HTML and Markdown in code are text."""
    source = "if (a < b && c > d) { *x* } <script>alert(1)</script> &lt;"
    for body in (f"```c\n{source}\n```\n", f"    {source}\n", f"前 `{source}` 后\n"):
        found = check_safe(render(body))
        assert source in found.text
        assert "code" in {t for t, _ in found.tags}


ATTACKS = (
    """
<script>alert(1)</script>
<script src=//e.example></script
<SCRIPT
>alert(1)</SCRIPT>
text <script>alert(1)</script> text
<style>body{display:none}</style>
<iframe src="https://e.example"></iframe>
<img src=x onerror=alert(1)>
text <img src=x onerror=alert(1)> text
<svg onload=alert(1)>
<svg/onload=alert(1)//
<a href="javascript:alert(1)">x</a>
[x](javascript:alert(1))
[x](JaVaScRiPt:alert(1))
[x](java&#115;cript:alert(1))
[x](javascript&colon;alert(1))
[x](&#x1;javascript:alert(1))
[x](<java\tscript:alert(1)>)
[x](data:text/html;base64,PHNjcmlwdD4=)
[x](data:image/png;base64,AAAA)
![x](data:image/png;base64,AAAA)
![x](data:image/svg+xml;base64,AAAA)
[x](vbscript:msgbox)
[x](file:///etc/passwd)
[x](blob:https://e.example/1)
<javascript:alert(1)>
<data:text/html,x>
[x]: javascript:alert(1) "t"
![x](https://e.example/track.png)
![x](//e.example/track.png)
![x](HTTPS://e.example/track.png)
![" onerror="alert(1)](a.png)
![x](a.png"onerror="alert(1))
[x](a.md '" onclick="alert(1)')
# 标题 <img src=x onerror=alert(1)> <b>粗</b>
# <script>alert(1)</script>
[^"><script>]: x
| <script>alert(1)</script> | <b onclick=x> |
```"><script>alert(1)</script>
<!-- --><script>alert(1)</script>
<!-- <b> -->
<![CDATA[<script>alert(1)</script>]]>
<?php echo 1 ?>
<!DOCTYPE html>
<<script>script>alert(1)<</script>/script>
<scr<script>ipt>alert(1)</script>
<base href="//e.example"><form action="//e.example"><input name=x autofocus onfocus=alert(1)>
<input class="task-list-item-checkbox" onclick="alert(1)" type="checkbox">
<meta http-equiv=refresh content="0;url=//e.example">
<details ontoggle=alert(1) open>x</details>
<math><mi xlink:href="javascript:alert(1)">x</mi></math>
<x onclick=alert(1)>x</x>
<div
onclick=alert(1)>x</div>
""".strip()
    .replace("\nonclick", "\x1fonclick")
    .replace("<SCRIPT\n>", "<SCRIPT\x1f>")
    .split("\n")
)


@pytest.mark.parametrize("before", ["", "> ", "- ", "段落\n"])
@pytest.mark.parametrize("attack", ATTACKS)
def test_raw_html_never_reaches_the_page(attack: str, before: str) -> None:
    """No tag, attribute or link of the author's own making, wherever it stands."""
    attack = attack.replace("\x1f", "\n")
    check_safe(render(before + attack))
    check_safe(render(f"{before}{attack}\n\n[x]\n\n| a | b |\n|---|---|\n{attack}\n"))


FRAGMENTS = [
    *("<", ">", "</", "/>", "<!--", "-->", "<![CDATA[", "<?", '"', "'", "`", "```", "&lt;", "&#60;", "\\", "=", "\n\n"),
    *("script", "style", "iframe", "img", "a", "br", "b", "svg", "ip", "PORT", "Server", "x-y", "用户", "input"),
    *(" src=x", " onerror=alert(1)", ' href="javascript:x"', " class=x", "javascript:", "data:", "//e.example"),
    *(
        "[",
        "](",
        ")",
        "![",
        "[^1]",
        "[^1]: ",
        "]: ",
        "# ",
        "- ",
        "- [ ] ",
        "> ",
        "| ",
        "|---|",
        "**",
        "~~",
        "    ",
        "\t",
    ),
    *("\n", " ", "\x00", "\u2028", "正文", ":", "1. "),
]


@given(st.one_of(st.lists(st.sampled_from(FRAGMENTS), max_size=25).map("".join), st.text(max_size=60)))
def test_any_text_renders_only_allowed_tags(text: str) -> None:
    """Whatever is written, the page holds nothing outside the list above."""
    check_safe(render(text))


@pytest.mark.parametrize(
    "text", ["连接 <ip> 的 <PORT> 口", "<ip>\n", "# 连接 <ip>", "- <your-name>", "a < b > c", "<用户名>"]
)
def test_placeholders_stay_visible(text: str) -> None:
    """An angle bracket that is no HTML is what the author wanted to show."""
    wanted = re.findall(r"<[^>]+>", text)
    shown = check_safe(render(text)).text
    assert wanted
    assert all(w in shown for w in wanted)


def test_the_text_of_html_is_kept() -> None:
    """Tags go, what they hold stays; scripts go whole when they are a block."""
    assert read(render("<div>\n<b>重要</b>：先备份<br></div>\n")).text.strip() == "重要：先备份"
    assert read(render("一<br>二")).text.split() == ["一", "二"]
    assert render("<script>\nalert(1)\n</script>\n") == ""


def test_images() -> None:
    """Our own are shown; one from elsewhere becomes a link, since pages load nothing from outside."""
    html = render('![图 "一"](img/a.png) ![远](https://e.example/b.png)', lambda target: "/files/" + target)
    found = check_safe(html)
    assert ("img", {"src": "/files/img/a.png", "alt": '图 "一"', "loading": "lazy"}) in found.tags
    remote = next(a for t, a in found.tags if t == "a")
    assert (remote["href"], remote["rel"]) == ("https://e.example/b.png", "noopener noreferrer nofollow")
    assert "远" in found.text


@pytest.mark.parametrize(
    ("target", "href", "outside"),
    [
        ("../a.md#解决", "/r/../a.md#", False),
        ("#解决", "/r/#", False),
        ("https://e.example", "https://e.example", True),
        ("//e.example", "//e.example", True),
        ("mailto:a@example.com", "mailto:a@example.com", True),
    ],
)
def test_links_are_resolved(target: str, href: str, outside: bool) -> None:
    """Relative ones lead where the caller says, the others away, without telling from where."""
    html = render(f"[x]({target})", lambda t: "/r/" + t)
    (link,) = [a for t, a in check_safe(html).tags if t == "a"]
    assert str(link["href"]).startswith(href)
    assert ("rel" in link) is outside


def test_links_of_a_body_are_listed_with_their_line() -> None:
    """For the checks: links and images, counted from line 0."""
    body = "# x\n\n[a](a.md)\n\n- ![b](b.png)\n- [c](javascript:x) `[d](d.md)`\n"
    assert links(body) == [(2, "a.md", False), (4, "b.png", True)]


# --- passages --------------------------------------------------------------------------------


def manual(body: str, line: int = 1) -> Article:
    return Article(path="a.md", id="a", title="手册", body=body, body_line=line)


def case(body: str, kind: str = "case") -> Article:
    return Article(path="a.md", id="KB-000001", kind=kind, title="卡纸", body=body, body_line=11)


def test_a_manual_is_split_at_its_headings() -> None:
    """Each passage knows its path of headings, its anchor and its line of the file."""
    body = "前言\n\n# 安装\n\n## 准备\n\n一\n\n### 网络\n\n二\n\n## 步骤\n\n三\n\n# 安装\n\n四\n"
    found = [(p.heading, p.anchor, p.text, p.line) for p in split(manual(body, 5))]
    assert found == [
        ((), "", "前言\n", 5),
        (("安装", "准备"), "准备", "一\n", 9),
        (("安装", "准备", "网络"), "网络", "二\n", 13),
        (("安装", "步骤"), "步骤", "三\n", 17),
        (("安装",), "安装-1", "四\n", 21),
    ]


def test_anchors_of_passages_are_those_of_the_page() -> None:
    """A result links to a heading that is there, also when two are alike."""
    body = "# 甲\n\n一\n\n# 甲\n\n二\n\n> # 引文\n\n三\n"
    ids = [a["id"] for _, a in read(render(body)).tags if "id" in a]
    assert [p.anchor for p in split(manual(body))] == ids == [o.anchor for o in outline(body)]


def test_setext_headings_split_too_and_headings_in_code_do_not() -> None:
    """A # in a code block is a comment."""
    passages = split(manual("甲\n===\n\n```sh\n# 注释\nls\n```\n\n乙\n---\n\n文\n"))
    assert [(p.heading, p.text) for p in passages] == [(("甲",), "# 注释\nls\n"), (("甲", "乙"), "文\n")]


def test_the_text_of_a_passage_is_what_a_reader_sees() -> None:
    """Markup goes; words, alternative texts and placeholders stay."""
    body = "**粗** `码` [链接](a.md) ![图示](a.png) <ip> <b>x</b>一<br>二\n\n- 项\n\n| a | b |\n|---|---|\n| 1 | 2 |\n"
    (passage,) = split(manual(body))
    assert passage.text.split() == "粗 码 链接 图示 <ip> x一 二 项 a b 1 2".split()
    assert re.search(r"^1\s+2\s*$", passage.text, re.MULTILINE)


@pytest.mark.parametrize("kind", ["case", "manual"])
def test_code_spans_are_exactly_the_code(kind: str) -> None:
    """Fenced and indented blocks, in every section, character by character."""
    body = "## 现象\n\n日志：\n\n```text\nORA-01653\n\n  x\n```\n\n`行内`\n\n## 解决\n\n    ls -l\n\n尾\n\n```\n```\n"
    article = case(body, kind)
    code = [p.text[a:b] for p in split(article) for a, b in p.code]
    assert [c for c in code if c] == ["ORA-01653\n\n  x\n", "ls -l\n"]


@given(
    st.lists(
        st.sampled_from(["# 题\n", "\n", "文\n", "```\ncode\n```\n", "    缩进\n", "- 项\n", "| a |\n|---|\n| b |\n"])
    )
)
def test_spans_lie_within_their_passage(parts: list[str]) -> None:
    """Code spans come in order; sections start where their text starts; the body's last line is the last."""
    body = "\n".join(parts)
    for kind in ("case", "manual"):
        for p in split(case(body, kind)):
            edges = [x for span in p.code for x in span]
            assert edges == sorted(edges)
            assert all(0 <= x <= len(p.text) for x in edges)
            starts = [s.start for s in p.sections]
            assert starts == sorted(starts)
            assert all(0 <= s.first <= s.last <= body.count("\n") + 1 for s in p.sections)
            assert 11 <= p.line <= 11 + body.count("\n")


SIMPLIFIED = ["现象", "环境", "原因", "排查", "解决", "验证"]
TRADITIONAL = ["現象", "環境", "原因", "排查", "解決", "驗證"]
ENGLISH = ["Symptom", "Environment", "CAUSE", "diagnosis", "Fix", "Verification"]


@pytest.mark.parametrize("titles", [SIMPLIFIED, TRADITIONAL, ENGLISH], ids=["simplified", "traditional", "English"])
@pytest.mark.parametrize("top", ["", "# 打印机卡纸\n\n"], ids=["plain", "under a title"])
def test_a_case_is_one_passage_with_its_sections(titles: list[str], top: str) -> None:
    """Each section knows its role, where its text starts, and its lines of the body."""
    body = top + "".join(f"## {t}\n\n{n} 文\n\n" for n, t in enumerate(titles))
    (passage,) = split(case(body))
    assert (passage.heading, passage.text) == ((), "".join(f"{n} 文\n" for n in range(6)))
    assert [s.role for s in passage.sections] == list(CASE_SECTIONS)
    assert [s.title for s in passage.sections] == titles
    assert [passage.text[s.start : s.start + 3] for s in passage.sections] == [f"{n} 文" for n in range(6)]
    lines = body.split("\n")
    assert ["".join(lines[s.first : s.last]) for s in passage.sections] == [f"{n} 文" for n in range(6)]
    assert passage.line == 11 + (2 if top else 0)


def test_every_heading_of_the_table_has_its_role() -> None:
    """In any script and width; other headings have none."""
    assert all(role([title]) == found for title, found in SECTION_ROLES.items())
    assert [role([t]) for t in (" 故障現象 ", "解決方法", "ＦＩＸ", "附录")] == ["symptom", "fix", "fix", ""]
    assert role([]) == ""


def test_deeper_headings_of_a_case_belong_to_its_sections() -> None:
    """What stands under 解决 is the fix, however deep; also in a case too long for one passage."""
    body = "## 解决\n\n一\n\n### 方法一\n\n二\n\n#### 原因\n\n三\n"
    (passage,) = split(case(body))
    assert [s.role for s in passage.sections] == ["fix", "fix", "fix"]
    long = split(case(body + "四\n\n" * MAX_PASSAGE))
    assert len(long) > 3
    assert {s.role for p in long for s in p.sections} == {"fix"}


def test_a_question_is_one_passage() -> None:
    """Question and answer stay together."""
    (passage,) = split(case("## 问题\n\n怎么重置？\n\n## 回答\n\n按住。\n", "faq"))
    assert [s.role for s in passage.sections] == list(FAQ_SECTIONS)


def test_giants_are_cut_at_line_ends() -> None:
    """No passage is longer than the limit, and together they are the whole."""
    lines = [f"第 {n} 行 " + "字" * 60 for n in range(300)]
    body = "# 长\n\n" + "\n\n".join(lines) + "\n\n```\n" + "\n".join(lines) + "\n```\n"
    passages = split(manual(body))
    assert len(passages) > 5
    assert all(len(p.text) <= MAX_PASSAGE and p.text.endswith("\n") and p.heading == ("长",) for p in passages)
    assert "".join(p.text for p in passages) == "\n".join(lines) + "\n" + "\n".join(lines) + "\n"
    assert "".join(p.text[a:b] for p in passages for a, b in p.code) == "\n".join(lines) + "\n"
    assert [p.line for p in passages] == sorted({p.line for p in passages})


def test_a_long_paragraph_is_cut_behind_a_sentence() -> None:
    """A wrapped Chinese paragraph is one line; no word is torn where a sentence ends nearby."""
    passages = split(manual("\n".join(f"第 {n} 句讲了一件事。" + "字" * 60 for n in range(200))))
    assert all(p.text.endswith(("。", "\n")) for p in passages)


def test_one_line_without_end_is_cut_too() -> None:
    """A base64 line has no line ends."""
    passages = split(manual("字" * (2 * MAX_PASSAGE + 1)))
    assert [len(p.text) for p in passages] == [MAX_PASSAGE, MAX_PASSAGE, 2]


@pytest.mark.parametrize("body", ["", "\n\n", "# 标题\n\n## 空\n", "<!-- 注释 -->\n"])
@pytest.mark.parametrize("kind", ["case", "faq", "manual"])
def test_an_article_without_text_is_one_empty_passage(body: str, kind: str) -> None:
    """So that its title is found."""
    (passage,) = split(case(body, kind))
    assert (passage.text, passage.line) == ("", 11)


def test_the_lines_of_a_section_are_its_markdown() -> None:
    """The source of the fix can be shown with its markup; deeper headings are sections of their own."""
    body = "## 解决\n\n1. **二**\n\n### 深\n\n```sh\n# 注释\n```\n\n验证\n---\n\n三"
    lines = body.split("\n")
    (passage,) = split(case(body))
    sources = ["\n".join(lines[s.first : s.last]).strip("\n") for s in passage.sections]
    assert sources == ["1. **二**", "```sh\n# 注释\n```", "三"]


# --- the rule for plain text -------------------------------------------------------------------

MARKUP = [
    *"*_`~[]()!<>&;\\\n#|-^:+=\"'. \t{}$%@/",
    *("打印机", "a", "1. ", "> ", "| a | b |\n| - | - |\n", "- [ ] ", "- [x] ", "```\n", "    ", "  \n", "\n\n"),
    *("https://e.cn", "<br>", "<b>", "</b>", "<!-- x -->", "&amp;", "&#35;", "[a](b)", "![a](b)", "[^1]", "[^1]: c\n"),
    *("[a]: b\n", "~~a~~", "**a**", "`a`", "\x00", "\u2028", "\u00a0", "😀"),
]
QUICK_PARSER, PLAIN_PARSER = Parser(MAX_INLINE_DEPTH), Parser(MAX_INLINE_DEPTH)
PLAIN_PARSER.core.ruler.at("inline", inline)


@given(st.lists(st.sampled_from(MARKUP), max_size=25).map("".join) | st.text(max_size=60))
def test_plain_text_is_read_as_by_markdown_it(body: str) -> None:
    """What passes over text without a sign of markup gives the same tokens as the rule it stands for, in any text."""
    quick, plain = (parser.parse(body, {}) for parser in (QUICK_PARSER, PLAIN_PARSER))
    assert [token.as_dict() for token in quick] == [token.as_dict() for token in plain]


def test_the_rule_is_in_use() -> None:
    """The parser has our rule, and the one that it was compared with the package's own."""
    assert _lines in QUICK_PARSER.core.ruler.getRules("")
    assert inline in PLAIN_PARSER.core.ruler.getRules("")
