"""This module draws queries from an index, as people put them; all by a random.Random, so that runs are alike."""

import random
import re
from collections.abc import Callable, Iterator

from kb.model import Query
from kb.search.index import Index
from kb.search.query_terms import read
from kb.text.identifiers import SHOWN_KINDS
from kb.text.synonyms import Synonyms
from kb.text.tokens import HAN

Draw = random.Random

_SENTENCE = re.compile(r"[^。！？；\n]{4,}[。！？；]?")
_STRETCH = re.compile(r'[^\n"“”「」『』]{6,}')
_INSIDE = re.compile(f"(?<=[^\\W_{HAN}])(?=[^\\W_{HAN}])")
"""A place inside a word of letters and digits."""
_LATIN = re.compile(r"[a-z]{6,}")
_HAN = re.compile(f"[{HAN}]{{3,}}")
TRIES = 20_000
NOISE = (
    "您好，麻烦帮忙看一下，比较急，谢谢！",
    "-----原始邮件-----",
    "昨天还是好的，今天早上一来就这样了，重启过两次没有用。",
    "以下是日志，不知道哪一段有用：",
    "    at java.base/java.lang.Thread.run(Thread.java:829)",
    "=" * 40,
)


class NothingFitsError(Exception):
    """No passage has what was to be drawn from one."""


def passages(index: Index, draw: Draw, wanted: str) -> Iterator[int]:
    """Numbers of passages at random. Raises NothingFitsError when a great many had nothing of what is wanted."""
    for _ in range(TRIES):
        yield draw.randrange(len(index.article_of))
    raise NothingFitsError(f"no passage has {wanted}")


def weighted_terms(index: Index, draw: Draw, count: int) -> dict[str, float]:
    """So many terms of one passage, or of it and those behind it, with the weights a text of the user's would have.

    Single tokens only, as other engines have them: no pairs.
    """
    total = len(index.article_of)
    number = draw.randrange(total)
    found: dict[str, float] = {}
    for i in range(count):  # each passage gives at least one
        read_terms = read(index.passage((number + i) % total).text, index.tokenizer, Synonyms({}))
        tokens = [t.term for t in read_terms.tokens if t.term in read_terms.weights]
        found |= {t: read_terms.weights[t] for t in tokens if t in index.weights and not any(map(str.isspace, t))}
        if len(found) >= count:
            break
    return {t: found[t] for t in draw.sample(sorted(found), min(count, len(found)))}


def paste(index: Index, draw: Draw, length: int) -> str:
    """A mail with a log of so many characters: sentences and log lines of several passages, and noise."""
    sources = [draw.randrange(len(index.article_of)) for _ in range(4)]
    sentences = [s for n in sources for s in _SENTENCE.findall(index.passage(n).text)]
    lines: list[str] = [draw.choice(NOISE)]
    while sum(map(len, lines)) + len(lines) < length:
        sentence = draw.choice(sentences or NOISE)
        kind = draw.random()
        if kind < 0.5:
            lines.append(sentence)
        elif kind < 0.85:
            lines.append(f"{_time(draw)} {draw.choice(('ERROR', 'WARN', 'INFO'))} [{_process(draw)}] {sentence}")
        else:
            lines.append(draw.choice((*NOISE, f"request {draw.getrandbits(128):032x} took {draw.randrange(9000)} ms")))
    return "\n".join(lines)[:length]


def _time(draw: Draw) -> str:
    month, day, minute, milliseconds = (draw.randrange(1, n) for n in (13, 29, 60, 1000))
    return f"2025-{month:02d}-{day:02d} 10:{minute:02d}:07.{milliseconds:03d}"


def _process(draw: Draw) -> str:
    return f"worker-{draw.randrange(16)}, pid={draw.randrange(1000, 30000)}"


def quotation(index: Index, draw: Draw) -> tuple[str, int]:
    """6 to 20 characters that stand in a passage, no word of letters cut in two, and the passage's number."""
    for number in passages(index, draw, "a line to quote"):
        stretches = _STRETCH.findall(index.passage(number).text)
        if stretches:
            stretch = draw.choice(stretches)
            start = draw.randrange(len(stretch) - 5)
            end = start + draw.randrange(6, 21)
            whole = not any(_INSIDE.match(stretch, place) for place in (start, end))
            text = stretch[start:end].strip()
            if whole and len(re.findall(r"\w", text)) > 3:
                return text, number
    raise AssertionError  # passages has raised


def words(index: Index, draw: Draw, count: int) -> list[str]:
    """So many words of one passage, at least two characters each."""
    for number in passages(index, draw, f"{count} words"):
        groups = read(index.passage(number).text[:2000], index.tokenizer, Synonyms({})).groups
        found = sorted({g.text for g in groups if len(g.text) > 1 and re.fullmatch(r"\w+", g.text)})
        if len(found) >= count:
            return draw.sample(found, count)
    raise AssertionError  # passages has raised


def identifier(index: Index, draw: Draw) -> tuple[str, str]:
    """An identifier as it is written in a passage, and its term."""
    for number in passages(index, draw, "an identifier"):
        text = index.passage(number).text
        tokens = [t for t in index.tokenizer.tokens(text) if t.kind in SHOWN_KINDS and not t.part]
        if tokens:
            token = draw.choice(tokens)
            return text[token.start : token.end], token.term
    raise AssertionError  # passages has raised


def keywords(index: Index, draw: Draw) -> Query:
    return Query(" ".join(words(index, draw, draw.randrange(1, 5))))


def quoted(index: Index, draw: Draw) -> Query:
    return Query(f'"{quotation(index, draw)[0]}"')


def field_words(index: Index, draw: Draw) -> Query:
    """A word of a title, or of a block of code where the passage has one."""
    for number in passages(index, draw, "words in title or code"):
        passage = index.passage(number)
        spans = [("code", passage.text[a:b]) for a, b in passage.code]
        title = ("title", index.articles[int(index.article_of[number])].title)
        name, text = draw.choice([*spans[:1], title])
        found = sorted(
            {g.text for g in read(text, index.tokenizer, Synonyms({})).groups if re.fullmatch(r"\w{2,}", g.text)}
        )
        if found:
            return Query(f"{name}:{draw.choice(found)}")
    raise AssertionError  # passages has raised


def filtered(index: Index, draw: Draw) -> Query:
    """Words with facets chosen beside them or written as fields, and dates."""
    text = " ".join(words(index, draw, 2))
    year = draw.randrange(2020, 2025)
    return draw.choice(
        (
            Query(text, {"kind": ("case",)}),
            Query(text, {"kind": ("faq",), "area": ("network", "storage")}),
            Query(f"{text} kind:case severity:P1"),
            Query(f"{text} updated:{year}-02..{year}-11"),
            Query(text, sort="updated"),
        )
    )


def wildcard(index: Index, draw: Draw) -> Query:
    """A word with * or ?, of letters or Chinese."""
    for number in passages(index, draw, "a longer word"):
        text = index.passage(number).text.lower()
        latin, han = _LATIN.findall(text), _HAN.findall(text)
        if latin and (not han or draw.random() < 0.7):
            word = draw.choice(latin)
            return Query(draw.choice((word[:5] + "*", word[:2] + "?" + word[3:], word[:3] + "*" + word[-2:])))
        if han:
            return Query(draw.choice(han)[:3] + "*")
    raise AssertionError  # passages has raised


def boolean(index: Index, draw: Draw) -> Query:
    """Words, alternatives, exclusions and quotations mixed."""
    a, b, c = words(index, draw, 3)
    quote = quotation(index, draw)[0]
    forms = (f"({a} OR {b}) -{c}", f'{a} -"{quote}"', f'({a} {b}) OR "{quote}"', f"title:{a} OR ({b} kind:case)")
    return Query(draw.choice(forms))


STRUCTURED: dict[str, Callable[[Index, Draw], Query]] = {
    "quoted phrase": quoted,
    "field word": field_words,
    "filters and dates": filtered,
    "wildcard": wildcard,
    "boolean mix": boolean,
}
