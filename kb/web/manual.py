"""This module is the help: Guzhi's own manual, which comes with the program and is no part of anybody's base.

help/LANGUAGE/TOPIC.md     a topic; its first heading is its title, each "##" a section
static/help/*.webp         its pictures, made by scripts/pictures
"""

import math
from collections import Counter
from functools import lru_cache
from importlib.resources import files
from pathlib import PurePosixPath
from typing import NamedTuple
from urllib.parse import urlsplit

from flask import Flask, request, url_for
from markupsafe import Markup
from werkzeug.exceptions import NotFound

from kb.articles import markdown
from kb.articles.files import title_of
from kb.language import current, say
from kb.model import Article
from kb.text.stopwords import STOP_WORDS
from kb.text.tokens import tokenizer_of
from kb.web.views import Answer, page

TOPICS = ("search", "paste", "write", "import", "cases", "customers", "lead", "commands", "settings", "api", "operate")
"""In the order of the contents."""
ABOUT = {
    **dict.fromkeys(("home", "results", "article", "browse", "code", "product", "why_not"), "search"),
    **dict.fromkeys(("suggestions", "ask"), "paste"),
    **dict.fromkeys(("new_article", "edit", "history", "rename", "review", "merge"), "write"),
    "import_": "import",
    **dict.fromkeys(("cases", "new_case", "case", "case_act"), "cases"),
    **dict.fromkeys(("report", "track", "case_figures"), "customers"),
    "api": "api",
}
"""The topic of a page, by its endpoint; pages of one group share the start of theirs."""
TOLD = {
    "search": ("一个框怎么用，检索语法，看结果，离线打包", "the one box, the query language, reading results, packing"),
    "paste": ("粘贴邮件与日志，看把握，打码，复制回复", "mails and logs, how sure, masking, replies to copy"),
    "write": ("案例怎么写，文件头，状态与复审，词典与同义词", "cases, front matter, states and reviews, synonyms"),
    "import": ("Word、PDF、PPT、Excel 工单，撤回一次导入", "Word, PDF, PowerPoint, tickets in Excel; taking it back"),
    "cases": (
        "来电一个框，时钟，一张表单，写成哪篇文章",
        "the one box for a call, clocks, one form, which article it becomes",
    ),
    "customers": (
        "报障页，客户的链接，确认与评分，一起故障，数字",
        "the form, customers' links, confirming and rating, outages, figures",
    ),
    "lead": ("数据看板、缺口、重复、必中查询、评测", "insights, gaps, duplicates, golden queries, measuring"),
    "commands": ("kb 的每个命令、选项和退出码", "every command of kb, its options and exit codes"),
    "settings": ("kb.toml 与环境变量里能写什么", "what kb.toml and the environment may say"),
    "api": ("程序怎样调用，令牌，接入 Dify", "calls by programs, tokens, Dify"),
    "operate": (
        "安装、备份、作为服务运行、对外开放、排障",
        "installing, backup, as a service, for colleagues, troubleshooting",
    ),
}
"""What a topic is about, in Chinese and English."""
MAX_ASKED = 200
"""Characters of a search in the help."""
MAX_FOUND = 12
EXCERPT = 140
"""Characters shown of a section that was found."""
IN_TITLE = 3.0
"""What a word of a heading counts, against one of the text."""


class Topic(NamedTuple):
    """One page. body: Markdown without the title."""

    name: str
    title: str
    body: str


class Found(NamedTuple):
    """A section that a search found. text: its first words."""

    topic: Topic
    heading: str
    anchor: str
    text: str


class _Section(NamedTuple):
    """A section as it is searched: words of its headings and of its text, with how often they stand there."""

    found: Found
    titles: frozenset[str]
    words: Counter[str]


def init_app(app: Flask) -> None:
    app.add_url_rule("/help", view_func=help_)
    app.add_url_rule("/help/<name>", view_func=help_topic)
    app.jinja_env.globals.update(help_url=help_url)


def help_() -> Answer:
    """The contents, or what a search finds."""
    asked = request.args.get("q", "")[:MAX_ASKED].strip()
    return page(
        "help.html",
        topics=topics(current()),
        about={n: say(*TOLD[n]) for n in TOPICS},
        asked=asked,
        found=search(asked, current()),
    )


def help_topic(name: str) -> Answer:
    """One topic."""
    shown = {t.name: t for t in topics(current())}
    if name not in shown:
        raise NotFound
    topic = shown[name]
    html = Markup(markdown.render(topic.body, _address))  # noqa: S704 - our renderer's own output
    outline = [o for o in markdown.outline(topic.body) if o.level == 2]
    return page("help_topic.html", topic=topic, topics=shown.values(), html=html, outline=outline, asked="")


def help_url() -> str:
    """The address of the topic that tells about this page."""
    endpoint = request.endpoint or ""
    name = ABOUT.get(endpoint) or ("lead" if endpoint.startswith("insights") else "")
    return url_for("help_topic", name=name) if name else url_for("help_")


def _address(target: str) -> str:
    """A link of one topic to another (search.md#fields), or a picture -> its address."""
    parts = urlsplit(target)
    if not parts.path:
        return target
    if parts.path.endswith(".md"):
        address = url_for("help_topic", name=parts.path.removesuffix(".md"))
        return address + (f"#{parts.fragment}" if parts.fragment else "")
    return url_for("static", filename=f"help/{PurePosixPath(parts.path).name}")


@lru_cache(maxsize=2)
def topics(language: str) -> tuple[Topic, ...]:
    """All topics in that language."""
    folder = files("kb.web") / "help" / language
    out = []
    for name in TOPICS:
        text = (folder / f"{name}.md").read_text("utf8")
        first, _, body = text.partition("\n")
        out.append(Topic(name, title_of(first, name), body))
    return tuple(out)


def search(asked: str, language: str) -> list[Found]:
    """The sections that hold words of a question, best first: rare words count more, words of a heading most."""
    words = frozenset(_words(asked))
    sections = _sections(language)
    held = {w: sum(w in s.words or w in s.titles for s in sections) for w in words}
    weights = {w: math.log(1 + len(sections) / n) for w, n in held.items() if n}

    def score(s: _Section) -> float:
        return sum(v * (IN_TITLE * (w in s.titles) + min(s.words[w], 3) / 3) for w, v in weights.items())

    scored = sorted(((score(s), s.found) for s in sections), key=lambda p: -p[0])
    return [found for sure, found in scored[:MAX_FOUND] if sure > 0]


@lru_cache(maxsize=2)
def _sections(language: str) -> tuple[_Section, ...]:
    out = []
    for topic in topics(language):
        for passage in markdown.split(Article(topic.name, topic.name, title=topic.title, body=topic.body)):
            shown = " ".join(passage.text.split())
            text = shown[:EXCERPT] + ("…" if len(shown) > EXCERPT else "")
            found = Found(topic, " › ".join(passage.heading), passage.anchor, text)
            titles = frozenset(_words(f"{topic.title} {found.heading}"))
            out.append(_Section(found, titles, Counter(_words(passage.text))))
    return tuple(out)


def _words(text: str) -> list[str]:
    return [t.term for t in tokenizer_of(()).tokens(text) if t.raw not in STOP_WORDS]
