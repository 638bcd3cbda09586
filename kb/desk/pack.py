"""This module makes one HTML file of articles that reads and searches itself: on a stick, without a network.

Nothing in the file leads out of it but the links an author wrote to other sites. Its own policy allows its style and
its script by their hashes, pictures inside it, and nothing else. Without JavaScript it is a list and all articles.
"""

import json
import math
import re
import time
from base64 import b64encode
from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import date
from functools import lru_cache
from hashlib import sha256
from importlib.resources import files
from itertools import groupby
from pathlib import Path
from typing import NamedTuple
from urllib.parse import quote, unquote, urlsplit

from jinja2 import Environment, PackageLoader
from markupsafe import Markup

from kb.articles import markdown
from kb.articles.check import normal_path
from kb.bundle.fields import BM25_B, BM25_K1
from kb.errors import InputError, NotFoundError
from kb.labels import label
from kb.language import current, say, use
from kb.model import MAX_SIZE, Article, Query
from kb.model.schema import AREAS
from kb.search.engine import Engine
from kb.settings import Settings
from kb.text.identifiers import CONNECTING
from kb.text.tokens import HAN, SIGNS, TAIWAN_WORDS, fold

MAX_ARTICLES = 5_000
MAX_IMAGE = 5_000_000
"""Bytes. A larger picture is left out and named at its place."""
MAX_FILE = 50_000_000
"""Bytes of the whole file: more is no pleasure to open on the phone of an engineer."""

BOOSTS = {".crumbs > .number": 5, "h1": 5, "dl > .named": 3, ".prose": 1}
"""Places of an article in the file -> how much a word counts there."""

IMAGE_TYPES = {
    ".png": "image/png",
    ".jpg": "image/jpeg",
    ".jpeg": "image/jpeg",
    ".gif": "image/gif",
    ".webp": "image/webp",
    ".svg": "image/svg+xml",  # as a picture it runs no scripts
    ".avif": "image/avif",
}

_LEFT_OUT = "left-out:"
"""Stands before what a link can't reach, until _plain replaces the link; no author can write this scheme."""
_UNREACHED = re.compile(rf'<a href="{_LEFT_OUT}([^"]*)"[^>]*>(.*?)</a>', re.DOTALL)
_UNSHOWN = re.compile(rf'<img src="{_LEFT_OUT}([^"]*)" alt="([^"]*)"[^>]*>')


class Packed(NamedTuple):
    """An article of the file. anchor: its id there; html: its body."""

    article: Article
    anchor: str
    html: Markup


def found(engine: Engine, query: Query, most: int = MAX_ARTICLES) -> list[Article]:
    """All articles that a search finds, best first. Raises InputError when they are more than `most`."""
    out: list[Article] = []
    for number in range(1, MAX_ARTICLES // MAX_SIZE + 1):
        page = engine.search(replace(query, page=number, size=MAX_SIZE))
        _check_number(page.total, most)
        out += [hit.article for hit in page.hits]
        if len(page.hits) < MAX_SIZE:
            break
    return out


def _check_number(articles: int, most: int) -> None:
    if articles > most:
        raise InputError(
            say(
                "选了 {n} 篇文章，一个文件最多收 {most} 篇；请用筛选条件少选一些",
                "{n} articles are chosen, a file takes {most} at most; choose fewer by filters",
                n=articles,
                most=most,
            )
        )


def pack(
    engine: Engine, settings: Settings, articles: Sequence[Article], language: str, seconds: float = math.inf
) -> str:
    """The file's text. language: of the interface, "zh" or "en". seconds: how long it may take.

    Articles are listed by area and number, whatever the order given. Raises InputError when there are none, too many,
    when the file would be larger than MAX_FILE, or when the time is over.
    """
    before = current()
    use(language)
    try:
        return _pack(engine, settings, articles, time.monotonic() + seconds)
    finally:
        use(before)


def _pack(engine: Engine, settings: Settings, articles: Sequence[Article], until: float) -> str:
    if not articles:
        raise InputError(say("没有文章可以打包", "there are no articles to pack"))
    _check_number(len(articles), MAX_ARTICLES)
    packed = packed_articles(engine, settings, articles, until)
    packed.sort(key=lambda p: (_place(p.article.area), p.article.area, p.article.id))
    groups = [(area, list(group)) for area, group in groupby(packed, key=lambda p: p.article.area)]
    return rendered(
        "pack.html",
        part("pack.css"),
        part("pack.js"),
        groups=groups,
        total=len(packed),
        tables=_tables(),
        folding=_folding("".join(p.html + p.article.title for p in packed)),
    )


def packed_articles(
    engine: Engine, settings: Settings, articles: Sequence[Article], until: float = math.inf
) -> list[Packed]:
    """Articles as one file holds them. until: a moment of time.monotonic. Raises InputError when they are too large."""
    chosen = {article.path: article for article in articles}
    packed: list[Packed] = []
    size = 0
    for path, article in chosen.items():
        if time.monotonic() > until:
            raise InputError(
                say(
                    "打包用的时间太长，{n} 篇里只完成了 {done} 篇；请少选几篇，或运行 kb pack",
                    "packing takes too long: {done} of {n} articles were done; choose fewer, or run kb pack",
                    n=len(chosen),
                    done=len(packed),
                )
            )
        packed.append(_packed(article, engine.body(article), engine, chosen.keys(), settings.articles))
        size += len(packed[-1].html.encode())
        if size > MAX_FILE:
            raise InputError(
                say(
                    "到 {path} 为止已超过 {mb} MB；请少选几篇，或把图片改小",
                    "with {path} the file is larger than {mb} MB; choose fewer articles, or make pictures smaller",
                    path=path,
                    mb=MAX_FILE // 1_000_000,
                )
            )
    return packed


def rendered(template: str, style: str, script: str, **values: object) -> str:
    """A page that stands by itself, of a template in this room: its policy allows this style and this script alone."""
    return _templates().get_template(template).render(
        say=say,
        label=label,
        language=current(),
        today=date.today(),
        icon=b64encode(files("kb").joinpath("web", "static", "icon.svg").read_bytes()).decode(),
        style=Markup(style),  # noqa: S704 - our own files
        script=Markup(script),  # noqa: S704
        policy="default-src 'none'; img-src data:; base-uri 'none'; form-action 'none'; "
        f"style-src {_hash(style)}; script-src {_hash(script)}",
        **values,
    )  # fmt: skip


def _place(area: str) -> int:
    return AREAS.index(area) if area in AREAS else len(AREAS)


@lru_cache(maxsize=1)
def _templates() -> Environment:
    return Environment(loader=PackageLoader("kb.desk"), autoescape=True, trim_blocks=True, lstrip_blocks=True)


def part(name: str) -> str:
    """A style or a script of this room."""
    return files("kb.desk").joinpath("templates", name).read_text("utf8")


def _hash(text: str) -> str:
    """How a policy names what may stand inside the page."""
    return f"'sha256-{b64encode(sha256(text.encode()).digest()).decode()}'"


def _tables() -> str:
    """What the page's script reads and weighs words by, as JSON: signs that are others, what joins a compound, BM25.

    Only words of one length are told: what is folded keeps its place.
    """
    signs = {chr(code): plain for code, plain in SIGNS.items()}
    words = {taiwan: word for taiwan, word in TAIWAN_WORDS.items() if len(taiwan) == len(word)}
    tables = {
        "signs": signs,
        "words": words,
        "connecting": CONNECTING + ":",
        "boosts": BOOSTS,
        "k1": BM25_K1,
        "b": BM25_B,
    }
    return json.dumps(tables, ensure_ascii=False)


def _folding(text: str) -> tuple[str, str]:
    """(variants, simplified): which characters are one to the reader of this text, 繁 and 簡 as 简."""
    there = set(fold(text).text)
    pairs = ((c, fold(c).text) for start, end in re.findall("(.)-(.)", HAN) for c in _between(start, end))
    kept = [(c, folded) for c, folded in pairs if c != folded and folded in there]
    return "".join(c for c, _ in kept), "".join(folded for _, folded in kept)


def _between(start: str, end: str) -> Iterable[str]:
    return map(chr, range(ord(start), ord(end) + 1))


# --- one article -----------------------------------------------------------------------------


def _anchor(article: Article) -> str:
    """The id of an article in the file: its number, or its path without blanks."""
    return re.sub(r"\s", "_", article.id)


def _packed(article: Article, body: str, engine: Engine, chosen: Iterable[str], folder: Path) -> Packed:
    prefix = _anchor(article) + "--"

    def resolve(target: str) -> str:
        """A relative link or picture -> a place in this file, a picture as data, or what _plain replaces."""
        parts = urlsplit(target)
        fragment = unquote(parts.fragment)
        if not parts.path:
            return "#" + quote(prefix + fragment)
        place = normal_path(article.path, unquote(parts.path))
        if place is None:
            return _LEFT_OUT
        if Path(place).suffix.lower() in IMAGE_TYPES:
            return _image(folder, place)
        try:
            linked = engine.article(place)
        except NotFoundError:
            return _LEFT_OUT + quote(place)
        if linked.path not in chosen:
            return _LEFT_OUT + quote(linked.id)
        return "#" + quote(_anchor(linked) + ("--" + fragment if fragment else ""))

    html = _UNREACHED.sub(_plain, _UNSHOWN.sub(_plain, markdown.render(body, resolve, prefix, article.title)))
    return Packed(article, _anchor(article), Markup(html))  # noqa: S704 - our renderer's own output


def _plain(m: re.Match[str]) -> str:
    """The words of a link to what is not in the file, and its number."""
    name = unquote(m[1])
    said = name and name not in m[2] and say("（{name}）", " ({name})", name=Markup.escape(name))
    return f'<span class="away">{m[2]}{said}</span>'


def _image(folder: Path, place: str) -> str:
    """A picture of the articles folder as a data: address. One that leads out of the folder is none of ours."""
    name = quote(place.rpartition("/")[2])
    try:
        real = (folder / place).resolve()
        if folder.resolve() not in real.parents or real.stat().st_size > MAX_IMAGE:
            return _LEFT_OUT + name
        return f"data:{IMAGE_TYPES[real.suffix.lower()]};base64,{b64encode(real.read_bytes()).decode()}"
    except (OSError, ValueError, RuntimeError, KeyError):  # not there, not a name, links in a circle, not a picture
        return _LEFT_OUT + name
