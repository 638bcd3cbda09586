"""This module answers: which articles hold an identifier, how is it written, and which others stand beside it?

An identifier is what kb.text.identifiers recognises and a person would look up: an error code, a model, an address, a
file. There is no list of them: a term's column says which passages hold it, and of these a bounded number is read.
"""

import re
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import islice

import numpy as np
from numpy.typing import NDArray

from kb.model import CodePage, Occurrence, Recognised, Token
from kb.model.schema import KINDS
from kb.search.corpus import Corpus
from kb.search.query import Pattern, Phrase
from kb.search.snippets import Highlighter, place
from kb.text.identifiers import COMPOUND, CONNECTOR, NOISE, SHOWN_KINDS, Identifier, identify
from kb.text.tokens import MAX_COMPOUND, fold

READ = 60
"""Passages that are read to learn how an identifier is written and what stands beside it."""
PLACES = 10
"""Articles of each kind that are shown with a snippet."""
RELATED = 12
NEAR = 8
SHORTENED = 8
"""Characters by which an unknown identifier is shortened to find its neighbours."""
SHORTEST = 2
"""Characters that an identifier must begin with to be proposed."""
TELLING = SHOWN_KINDS - {"version", "ip", "mac", "path"}
"""Kinds of identifiers that are proposed: those that name a fault or a thing, not a place in a network or on a disk."""
_AMOUNT = re.compile(r"\d+(?:\.\d+)*[a-z]{1,4}|[a-z]?\d{1,2}")
"""31G, 100Mbps, 0x0 and u02 are no names."""


def recognised(index: Corpus, text: str) -> Token | None:
    """The identifier that a text is as a whole, None when it is none, or several words."""
    whole = [t for t in index.tokenizer.tokens(text.strip()[:MAX_COMPOUND]) if not t.part]
    return whole[0] if len(whole) == 1 and _worth_a_page(whole[0].kind, whole[0].raw) else None


def _telling(found: Identifier) -> bool:
    """Whether an identifier is proposed beside another."""
    return found.kind in TELLING and not _AMOUNT.fullmatch(found.canonical.removeprefix("0x"))


def _worth_a_page(kind: str, canonical: str) -> bool:
    """Names count when they hold a digit, as E_0x80070005 does; others are words."""
    return kind in SHOWN_KINDS or (kind == "name" and any(c.isdigit() for c in canonical))


def code_page(index: Corpus, token: Token) -> CodePage | None:
    """All about an identifier, None when no article that is shown holds it."""
    rows, weights = index.weights.column(token.term)
    seen = index.visible[index.article_of[rows]]
    rows, weights = rows[seen], weights[seen]
    if not len(rows):
        return None
    best = _best_passages(index, rows, weights)
    articles = np.zeros(len(index.articles), bool)
    articles[list(best)] = True
    counts = dict(index.facets["kind"].counts(articles))
    read = [index.passage(p).text for p in islice(best.values(), READ)]
    return CodePage(
        text=_usual_form(token, read),
        kind=token.kind,
        total=len(best),
        places=_places(index, best, token.term),
        counts={kind: counts[kind] for kind in KINDS if kind in counts},
        areas=index.facets["area"].counts(articles),
        products=index.facets["product"].counts(articles),
        related=_together(index, read, without=token.term)[:RELATED],
    )


def _best_passages(index: Corpus, rows: NDArray[np.int32], weights: NDArray[np.float32]) -> dict[int, int]:
    """Article -> the passage in which a term weighs most, heaviest first."""
    best: dict[int, int] = {}
    for i in np.argsort(-weights, kind="stable").tolist():
        best.setdefault(int(index.article_of[rows[i]]), int(rows[i]))
    return best


def _places(index: Corpus, best: dict[int, int], term: str) -> dict[str, tuple[Occurrence, ...]]:
    marker = Highlighter(index.tokenizer, {term: 1.0})
    masks = {kind: index.facets["kind"].having([kind]) for kind in KINDS}
    found = {}
    for kind, mask in masks.items():
        chosen = islice(((a, p) for a, p in best.items() if mask[a]), PLACES)
        if places := tuple(_place(index, a, p, marker) for a, p in chosen):
            found[kind] = places
    return found


def _place(index: Corpus, article: int, number: int, marker: Highlighter) -> Occurrence:
    passage = index.passage(number)
    snippet, section = marker.snippet(passage)
    return Occurrence(index.articles[article], *place(passage, section, index.articles[article].title), snippet)


def _usual_form(token: Token, texts: Iterable[str]) -> str:
    """How most of these texts write an identifier; as it was typed where none of them shows it."""
    forms = Counter(form for text in texts for form, found in compounds(text) if found.canonical == token.term)
    return _most_written(forms) if forms else token.raw


def _most_written(forms: Counter[str]) -> str:
    """Of equally frequent forms the longest: ORA-12541 rather than ora12541."""
    return min(forms, key=lambda form: (-forms[form], -len(form), form))


def compounds(text: str) -> Iterator[tuple[str, Identifier]]:
    """The identifiers of a text, in order and with repeats: (as written, what it is)."""
    folded = fold(text)
    quiet = NOISE.sub(lambda m: " " * len(m[0]), folded.text)
    for m in COMPOUND.finditer(quiet):
        if m.end() - m.start() <= MAX_COMPOUND:
            found = identify(m[0], folded.cased[m.start() : m.end()])
            if _worth_a_page(found.kind, found.canonical):
                start, end = folded.span(m.start(), m.end())
                yield text[start:end], found


def _together(index: Corpus, texts: Sequence[str], without: str = "") -> tuple[Recognised, ...]:
    """Identifiers that stand in these texts, those in most of them first, of equal ones the rarest."""
    forms: dict[str, Counter[str]] = defaultdict(Counter)
    kinds: dict[str, str] = {}
    texts_with: Counter[str] = Counter()
    for text in texts:
        found = {(form, i.canonical, i.kind) for form, i in compounds(text) if _telling(i)}
        for form, canonical, kind in found:
            forms[canonical][form] += 1
            kinds[canonical] = kind
        texts_with.update({canonical for _, canonical, _ in found} - {without})
    df = dict(zip(texts_with, index.dfs(list(texts_with)), strict=True)) if texts_with else {}
    order = sorted((c for c in texts_with if df[c]), key=lambda c: (-texts_with[c], df[c], c))[: 2 * RELATED]
    return tuple(_counted(index, forms, kinds, order))


def _counted(
    index: Corpus, forms: dict[str, Counter[str]], kinds: dict[str, str], found: Sequence[str]
) -> Iterator[Recognised]:
    """Identifiers with the articles that hold them."""
    for canonical, holders in zip(found, index.holders(found), strict=True):
        yield Recognised(_most_written(forms[canonical]), kinds[canonical], holders)


def common_codes(index: Corpus, articles: Sequence[int]) -> tuple[Recognised, ...]:
    """Identifiers that these articles hold, those in most passages first; READ passages are looked at."""
    passages = (p for a in articles for p in range(int(index.first[a]), int(index.first[a + 1])))
    return _together(index, [index.passage(p).text for p in islice(passages, READ)])[:RELATED]


def beginning(index: Corpus, text: str, count: int = NEAR) -> tuple[Recognised, ...]:
    """Identifiers that begin as a text ends, such as ORA-01653 for 表空间 ora-01; those in most passages first."""
    start = start_of(text)
    if not start:
        return ()
    forms: dict[str, Counter[str]] = defaultdict(Counter)
    kinds: dict[str, str] = {}
    for number in _passages_with(index, start):
        # Folding costs most: only lines that show it are looked at.
        lines = (line for line in index.passage(number).text.split("\n") if start in line.lower())
        for form, found in (pair for line in lines for pair in compounds(line)):
            if _telling(found) and fold(form).text.startswith(start):
                forms[found.canonical][form] += 1
                kinds[found.canonical] = found.kind
    df = dict(zip(forms, index.dfs(list(forms)), strict=True)) if forms else {}
    order = sorted((c for c in forms if df[c]), key=lambda c: (-df[c], c))[:count]
    return tuple(r for r in _counted(index, forms, kinds, order) if r.known)


def starting(text: str) -> tuple[Phrase, Pattern]:
    """What holds of a passage in which a text is a word by itself, and in which a word begins so."""
    return Phrase(text), Pattern(text.rstrip("._-/:\\@#+'") + "*")


def start_of(text: str) -> str:
    """The beginning of an identifier that a text ends with, folded; "" for none that is long enough."""
    m = re.search(rf"{COMPOUND.pattern}(?:{CONNECTOR})?$", fold(text).text)
    return m[0] if m and len(m[0]) >= SHORTEST else ""


def _passages_with(index: Corpus, start: str) -> list[int]:
    """Passages with a word that begins so; first those where what is typed is a word by itself, as ora of ORA-01653."""
    fulltext = index.fulltext
    visible = index.over_passages(index.visible)
    as_a_word, begins = starting(start)
    whole = fulltext.phrase(as_a_word) & visible
    found = np.flatnonzero(whole)
    if len(found) < READ:
        begun = fulltext.pattern(begins) & visible & ~whole
        found = np.concatenate([found, np.flatnonzero(begun)])
    return [int(p) for p in found[:READ]]


def near(
    index: Corpus, text: str, beginning: Callable[[Corpus, str], tuple[Recognised, ...]] = beginning
) -> tuple[Recognised, ...]:
    """Identifiers that are known and close to one that is not: its parts, else those with the longest common start."""
    token = recognised(index, text)
    parts = [t for t in index.tokenizer.tokens(text) if t.part and len(t.raw) > SHORTEST and t.raw not in text.split()]
    known = [(t, identify(t.raw)) for t in parts if token is not None and t.term in index.weights]
    telling = [(t, i) for t, i in known if _telling(i)][:NEAR]
    if telling:
        holders = index.holders([t.term for t, _ in telling])
        return tuple(Recognised(text[t.start : t.end], i.kind, n) for (t, i), n in zip(telling, holders, strict=True))
    folded = fold(text).text
    for length in range(len(folded) - 1, max(SHORTEST, len(folded) - SHORTENED), -1):
        if found := beginning(index, folded[:length]):
            return found
    return ()
