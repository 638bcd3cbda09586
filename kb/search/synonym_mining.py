"""This module mines synonyms that a base itself gives evidence for; a person accepts or refuses each one.

    brackets   活动目录（AD）, Active Directory (AD): one names the other, and hardly anything else
    alias      the customer's words beside the title: 打印机不打印 / 打印机没反应 -> 不打印 = 没反应
    verdict    words of a helpful answer's question that the answer lacks => words of its title

Accepted lines go to articles/synonyms.txt, refused ones to articles/synonyms-refused.txt: both travel
with the articles, and neither changes a search before the next build.
"""

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from difflib import SequenceMatcher
from itertools import combinations
from pathlib import Path

from kb.articles.atomic import read_text, save
from kb.errors import InputError, NotFoundError
from kb.language import say
from kb.model import Proposal
from kb.search.corpus import Corpus
from kb.text.stopwords import STOP_WORDS
from kb.text.synonyms import parse
from kb.text.tokens import HAN, Tokenizer, fold

FILE = "synonyms.txt"
REFUSED = "synonyms-refused.txt"
MAX_LINE = 200

HOWS = ("brackets", "alias", "verdict")
"""Kinds of evidence, the most reliable first."""
SHOWN = 5
"""Pieces of evidence that are kept of each proposal."""

FAITHFUL = 0.7
"""In brackets: of all that stands with a name in brackets, this share is the other name. 端口（TCP）, 端口（UDP）
and 默认 behind everything name nothing."""
ARTICLES = 2
"""Articles that must agree, unless the letters of an abbreviation do."""
SHARED = 0.4
"""Of an alias and a title, or two aliases, so much is the same before the difference says something."""
MAX_WORD = 8
"""Characters of a Chinese proposal; a longer one is a sentence."""

_NEGATION = re.compile("[不无未非没]有?|别")
OPPOSITES = tuple(
    frozenset(line)
    for line in "开关闭 上下 左右 前后 内外 入出 大小 多少 高低 快慢 新旧 长短 主从备 读写 增减 升降 启停 收发".split()
)
"""Of two wordings with opposite characters, one in each, neither means the other."""

_CODE = re.compile(r"\d")
_HAN_ONLY = re.compile(f"[{HAN}]+")
_BRACKETS = re.compile(rf"[(（]\s*([A-Za-z][A-Za-z-]+(?: [A-Za-z-]+){{0,5}}|[{HAN}]{{2,{MAX_WORD}}})\s*[)）]")
_LATIN_END = re.compile(r"(?<![a-z.])[a-z][a-z-]+(?: [a-z-]+){0,5}\Z")
BOUNDARY = "|"
"""Stands for the start of a text where the character before a name is asked for."""
LEADING = frozenset(
    "使用 点击 单击 选择 通过 基于 启用 开启 打开 进入 支持 包括 包含 采用 提供 设置 不同 即 或 称为 叫做 列".split()
)
"""Words before a name that are no part of it."""


def proposals(index: Corpus, decided: str = "", verdicts: Iterable[tuple[str, str]] = ()) -> list[Proposal]:
    """Mine an index. decided: lines that are not proposed again.

    verdicts: (text of a paste, number of the article that helped).
    """
    known = _groups(index.synonyms.items())
    mined = (*_brackets(index), *_aliases(index), *_from_verdicts(index, verdicts))
    found: dict[frozenset[str], Proposal] = {}
    for proposal in sorted(mined, key=lambda p: (HOWS.index(p.how), -p.score, p.left, p.right)):
        pair = frozenset((proposal.left, proposal.right))
        left, right = proposal.left, proposal.right
        new = known.get(left, left) != known.get(right, right)
        if new and pair not in found and _sensible(left, right, index.tokenizer):
            found[pair] = proposal
    return undecided(found.values(), decided)


def undecided(found: Iterable[Proposal], decided: str) -> list[Proposal]:
    """Those that no line has decided on."""
    said = parse(decided)

    def is_decided(one: str, other: str) -> bool:
        return other in said.table.get(one, ()) or said.separates(one, other)

    return [p for p in found if not is_decided(p.left, p.right) and not is_decided(p.right, p.left)]


def _groups(lines: Iterable[tuple[str, Iterable[str]]]) -> dict[str, str]:
    """word -> the same name for all words that lines tie together, directly or through others."""
    group: dict[str, str] = {}

    def root(word: str) -> str:
        while group.setdefault(word, word) != word:
            word = group[word]
        return word

    for word, others in lines:
        for other in others:
            group[root(other)] = root(word)
    return {word: root(word) for word in group}


def _sensible(left: str, right: str, tokenizer: Tokenizer) -> bool:
    """Whether two wordings can mean the same at all: neither is part of the other, denies it, or is its opposite."""
    if left in right or right in left or _CODE.search(left + right):
        return False
    one, other = ({t.term for t in tokenizer.tokens(w) if t.raw not in STOP_WORDS} for w in (left, right))
    if not one or not other or one <= other or other <= one:
        return False
    if _NEGATION.sub("", left) == _NEGATION.sub("", right):
        return False
    one, other = set(left) - set(right), set(right) - set(left)
    return not any(one & opposites and other & opposites for opposites in OPPOSITES)


# --- brackets --------------------------------------------------------------------------------


def _brackets(index: Corpus) -> Iterator[Proposal]:
    """Names that stand before and in brackets, one to one."""
    seen: dict[str, dict[str, _Before]] = defaultdict(lambda: defaultdict(_Before))
    with_any: dict[str, set[str]] = defaultdict(set)
    for number in range(len(index.article_of)):
        article = index.articles[int(index.article_of[number])].id
        text = index.passage(number).text
        for m in _BRACKETS.finditer(text):
            inside = fold(m[1]).text
            for outside, preceding in _endings(text[max(0, m.start() - 60) : m.start()], m[1], index.tokenizer):
                with_any[outside].add(article)
                seen[inside][outside].add(article, preceding, text[max(0, m.start() - 20) : m.end()])
    for inside, befores in seen.items():
        names = [o for o, b in befores.items() if b.begins_here()]
        for outside in names:
            if _initials(inside, outside) or _initials(outside, inside):
                yield _named(outside, inside, befores[outside].where)
        most = max(len(b.where) for b in befores.values())
        chinese = [o for o in names if not o.isascii() or not inside.isascii()]
        outside = max((o for o in chinese if len(befores[o].where) >= FAITHFUL * most), key=len, default="")
        where = befores[outside].where if outside else {}
        everywhere = {a for b in befores.values() for a in b.where} | with_any[outside]
        if len(where) >= max(ARTICLES, FAITHFUL * len(everywhere)):
            yield _named(outside, inside, where)


def _named(outside: str, inside: str, where: dict[str, str]) -> Proposal:
    return Proposal(outside, inside, "brackets", len(where), tuple(where.items())[:SHOWN])


@dataclass
class _Before:
    """One ending of what stands before a bracket: its places (article -> text), and the characters before it."""

    where: dict[str, str] = field(default_factory=dict)
    preceding: set[str] = field(default_factory=set)

    def add(self, article: str, preceding: str, text: str) -> None:
        self.where.setdefault(article, _one_line(text))
        self.preceding.add(preceding)

    def begins_here(self) -> bool:
        """Whether a name begins here: something else stands before it each time, or a sign; a Latin word before
        a Chinese one may be half of its name (Active Directory 证书服务)."""
        if all(c.isascii() and c.isalnum() for c in self.preceding):
            return False
        return len(self.preceding) > 1 or not _HAN_ONLY.match(min(self.preceding))


def _endings(before: str, inside: str, tokenizer: Tokenizer) -> Iterator[tuple[str, str]]:
    """What may be the name before a bracket, each with the character before it.

    Of letters: as many words as the abbreviation inside has letters, or all of them. Of Chinese: each ending of up
    to MAX_WORD characters that starts with a telling word; what explains it in brackets is not Chinese too.
    """
    folded = fold(before).text.rstrip()
    latin = _LATIN_END.search(folded)
    if latin and "的" not in inside:
        words = list(re.finditer(r"[^ -]+", latin[0]))
        short = inside.isascii() and len(inside) <= len(words) and " " not in inside
        yield latin[0][words[-len(inside)].start() :] if short else latin[0], BOUNDARY
    elif not latin and inside.isascii():
        for token in tokenizer.tokens(folded):
            name = folded[token.start :]
            if 2 <= len(name) <= MAX_WORD and _HAN_ONLY.fullmatch(name) and token.raw not in STOP_WORDS | LEADING:
                yield name, folded[: token.start].rstrip()[-1:] or BOUNDARY


def _initials(short: str, long: str) -> bool:
    """Whether the letters of one are the first letters of the other's words: ad, active directory."""
    words = re.split(r"[ -]", long)
    return len(words) > 1 and short == "".join(w[:1] for w in words)


# --- aliases ---------------------------------------------------------------------------------


def _aliases(index: Corpus) -> Iterator[Proposal]:
    """What differs between two short names of one article that are otherwise alike."""
    seen: dict[tuple[str, str], dict[str, str]] = defaultdict(dict)
    for number in range(len(index.articles)):
        article = index.articles[number]
        for one, other in combinations((article.title, *article.aliases), 2):
            for left, right in _differences(one, other, index.tokenizer):
                seen[left, right][article.id] = f"{one} / {other}"
    for (left, right), where in seen.items():
        yield Proposal(left, right, "alias", len(where), tuple(where.items())[:SHOWN])


def _differences(one: str, other: str, tokenizer: Tokenizer) -> Iterator[tuple[str, str]]:
    """The one stretch of words in which two texts differ, when most else is the same."""
    a, b = fold(one).text, fold(other).text
    ta, tb = ([t for t in tokenizer.tokens(x) if not t.part] for x in (a, b))
    matcher = SequenceMatcher(None, [t.raw for t in ta], [t.raw for t in tb], autojunk=False)
    changes = [c for c in matcher.get_opcodes() if c[0] != "equal"]
    if len(changes) != 1 or changes[0][0] != "replace":
        return
    _, i, j, k, m = changes[0]
    left, right = a[ta[i].start : ta[j - 1].end], b[tb[k].start : tb[m - 1].end]
    shared = sum(t.end - t.start for t in (*ta[:i], *ta[j:]))
    if shared >= SHARED * max(shared + len(left), shared + len(right)) and _is_wording(left) and _is_wording(right):
        yield left, right


def _is_wording(text: str) -> bool:
    """A few words without a sign between them."""
    han = bool(re.search(f"[{HAN}]", text))
    return 2 <= len(text) <= (MAX_WORD if han else 3 * MAX_WORD) and not re.search(r"[^\w\s-]", text)


# --- verdicts --------------------------------------------------------------------------------


def _from_verdicts(index: Corpus, verdicts: Iterable[tuple[str, str]]) -> Iterator[Proposal]:
    """Words of at least two questions that the article lacks which helped, and the title's words the questions lack."""
    seen: dict[tuple[str, str], dict[str, str]] = defaultdict(dict)
    asked: dict[str, set[str]] = defaultdict(set)
    for text, name in dict.fromkeys(verdicts):
        try:
            number = index.number_of(name)
        except NotFoundError:  # it is no more, and what was said of it outlives it
            continue
        article = index.articles[number]
        everything = "\n".join((article.title, *article.aliases, index.body(number)))
        said = {t.term for t in index.tokenizer.tokens(everything)}
        words = _telling(text, index.tokenizer)
        for word in words.keys() - said:
            asked[words[word]].add(text)
            for term, named in _telling(article.title, index.tokenizer).items():
                if term not in words:
                    seen[words[word], named][text] = article.id
    for (left, right), where in seen.items():
        if len(where) >= ARTICLES and len(where) >= FAITHFUL * len(asked[left]):
            evidence = tuple((article, _one_line(text)) for text, article in where.items())
            yield Proposal(left, right, "verdict", len(where), evidence[:SHOWN])


def _telling(text: str, tokenizer: Tokenizer) -> dict[str, str]:
    """Words of a text that can have a synonym: term -> folded word."""
    tokens = tokenizer.tokens(text)
    return {t.term: t.raw for t in tokens if t.kind == "word" and len(t.raw) > 1 and t.raw not in STOP_WORDS}


def _one_line(text: str) -> str:
    return re.sub(r"\s+", " ", text)[:60]


# --- decisions -------------------------------------------------------------------------------


def accept(folder: Path, line: str) -> str:
    """Add a line to a folder's synonyms.txt and return it. Raises InputError when it is not a new synonym."""
    return _append(folder / FILE, line, say("已接受的提议", "accepted proposals"))


def refuse(folder: Path, line: str) -> str:
    """Remember that a line is no synonym, so that it is not proposed again. Raises InputError."""
    return _append(folder / REFUSED, line, say("不是同义词：不再提议", "no synonyms: not proposed again"))


def read_decided(folder: Path) -> str:
    """The lines of a folder that were decided on: refused ones, and synonyms that an index may not have yet.

    Raises InputError when a file can't be read.
    """
    return "\n".join(read_text(folder / name) for name in (REFUSED, FILE))


def _append(path: Path, line: str, heading: str) -> str:
    line = line.strip()
    table, _, problems = parse(line)
    words = [w for w, others in table.items() for w in (w, *others)]
    if problems or not table or len(line.splitlines()) != 1 or len(line) > MAX_LINE or min(map(len, words)) < 2:
        raise InputError(
            say(
                "“{line}”不是一行同义词；写成“甲词 = 乙词”或“甲词 => 乙词”，每个词至少两个字",
                "'{line}' is no line of synonyms; write 'word = word' or 'word => word', two characters each at least",
                line=line[:MAX_LINE],
            )
        )
    text = read_text(path)
    known = parse(text).table
    if all(other in known.get(word, ()) for word, others in table.items() for other in others):
        raise InputError(say("{path} 里已经有“{line}”", "{path} holds '{line}' already", path=path.name, line=line))
    start = "" if f"# --- {heading}" in text else f"{chr(10) if text else ''}# --- {heading}\n"
    text = text if not text or text.endswith("\n") else text + "\n"
    save(path, f"{text}{start}{line}\n")
    return line
