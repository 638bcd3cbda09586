"""This module measures on a judged set: queries and qrels -> nDCG, MRR, success, recall, times, and needless answers.

A mean over few queries is uncertain, so each stands with the interval that a bootstrap over queries gives it (Efron and
Tibshirani, An Introduction to the Bootstrap, 1993, chapter 13: percentiles; for retrieval Sakai, SIGIR 2006). Two runs
over the same judgements are compared query by query: a mean hides what fell.
"""

import json
import math
import time
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from kb.errors import InputError
from kb.language import say
from kb.model import VERDICTS, Article, Query, Verdict
from kb.search.engine import Engine
from kb.search.verdict_memory import Remembered

DEPTH = 10
MEASURES = {"ndcg10": "nDCG@10", "mrr10": "RR@10", "s1": "Success@1", "s3": "Success@3", "r10": "R@10"}
"""Measures by their names in ir-measures."""

RESAMPLES = 2000
SEED = 1
SURE = 0.95
"""Of the resampled means, so many lie within an interval."""

LENGTHS = (("short", 10), ("medium", 40), ("long", math.inf))
"""Queries by the number of their words: keywords and questions, descriptions, pasted mails and logs."""

SILENCE_TEXTS = 300
"""Queries that are put to the index with and without their answers; of more, every so-manieth is taken."""

Qrels = dict[str, dict[str, int]]
Run = dict[str, list[tuple[str, float]]]
Interval = tuple[float, float]


def read_lines(path: Path, keys: tuple[str, ...]) -> list[dict[str, Any]]:
    """A JSON-lines file whose objects have these keys. Raises InputError with the line."""
    rows = []
    for number, line in enumerate(_text(path).split("\n"), 1):
        if not line.strip():
            continue
        try:
            row = json.loads(line)
            if not isinstance(row, dict) or any(key not in row for key in keys):
                raise ValueError
        except ValueError:
            raise InputError(
                f"{path}:{number}: "
                + say("应为含 {keys} 的 JSON 对象", "should be a JSON object with {keys}", keys=", ".join(keys))
            )
        rows.append(row)
    return rows


def read_documents(folder: Path) -> list[Article]:
    """The documents of a judged set as the articles that files of the same text are. Raises InputError with the line.

    A document is Markdown and a page of its own, unless its id tells the page that it is cut from, page.md#3.
    """
    documents = []
    for row in read_lines(folder / "corpus.jsonl", ("id", "title", "text")):
        name = str(row["id"])
        page, cut, _ = name.partition("#")
        documents.append(
            Article(path=name, id=name, title=str(row["title"]), body=str(row["text"]), page=page if cut else "")
        )
    return documents


def read_qrels(path: Path) -> Qrels:
    """query, document, grade by tabs or blanks (TREC's four columns too). Raises InputError with the line."""
    qrels: Qrels = {}
    for number, line in enumerate(_text(path).split("\n"), 1):
        parts = line.split("\t") if "\t" in line else line.split()
        if not line.strip():
            continue
        if len(parts) == 4:
            parts = [parts[0], parts[2], parts[3]]
        try:
            query, document, grade = parts
            qrels.setdefault(query, {})[document] = int(grade)
        except ValueError:
            raise InputError(
                f"{path}:{number}: " + say("应为 查询<Tab>文档<Tab>等级", "should be query<tab>document<tab>grade")
            )
    return qrels


def read_verdicts(path: Path) -> list[Verdict]:
    """A log of verdicts, JSON lines of text, article, verdict and perhaps its reason, newest last.

    Raises InputError with the line.
    """
    verdicts = []
    needed = tuple(key for key in Verdict._fields if key not in Verdict._field_defaults)
    for number, row in enumerate(read_lines(path, needed), 1):
        verdict = Verdict(**{key: str(row[key]) for key in Verdict._fields if key in row})
        if verdict.verdict not in VERDICTS:
            raise InputError(
                say(
                    "{path}：第 {n} 条判定是 {got}，应为 {known}",
                    "{path}: verdict {n} is {got}, should be {known}",
                    path=path,
                    n=number,
                    got=verdict.verdict[:40],
                    known=say(" 或 ", " or ").join(VERDICTS),
                )
            )
        verdicts.append(verdict)
    return verdicts


def _text(path: Path) -> str:
    try:
        return path.read_text("utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(say("{path}：读不了（{error}）", "{path}: can't be read ({error})", path=path, error=error))


def evaluate(
    engine: Engine,
    queries: Iterable[Mapping[str, Any]],
    qrels: Qrels,
    mode: str = "suggest",
    name: Callable[[str], str] = str,
    remembered: Remembered | None = None,
) -> tuple[dict[str, float], Run]:
    """Run the judged queries and score them. mode: suggest or search. name: an article's path -> document id.
    remembered: verdicts on other texts, which suggest knows.

    Returns the figures (times in milliseconds) and the run. A document with the query's own id does not count.
    """
    relevant = _relevant(qrels)
    judged = [q for q in queries if str(q["id"]) in relevant]
    if not judged:
        raise InputError(say("没有一条查询有判定", "none of the queries is judged"))
    ask = partial(_suggested, remembered=remembered) if mode == "suggest" else _searched
    ask(engine, str(judged[0]["text"]))
    run: Run = {}
    times = []
    for query in judged:
        started = time.perf_counter()
        found = ask(engine, str(query["text"]))
        times.append((time.perf_counter() - started) * 1e3)
        key = str(query["id"])
        run[key] = [(d, s) for p, s in found if (d := name(p)) != key][:DEPTH]
    figures = _score(relevant, run)
    figures |= {"p50_ms": round(float(np.median(times)), 2), "p95_ms": round(float(np.quantile(times, 0.95)), 2)}
    return figures | {"queries": len(judged)}, run


def _suggested(engine: Engine, text: str, remembered: Remembered | None) -> list[tuple[str, float]]:
    return [(a.path, s) for a, s in engine.ranked(text, DEPTH + 1, remembered)]


def _searched(engine: Engine, text: str) -> list[tuple[str, float]]:
    hits = engine.search(Query(text, size=DEPTH + 1)).hits
    return [(h.article.path, float(DEPTH + 1 - i)) for i, h in enumerate(hits)]


def _relevant(qrels: Qrels) -> Qrels:
    """Judgements above zero; a document is no answer to the query that was made from it."""
    relevant = {q: {d: g for d, g in docs.items() if g > 0 and d != q} for q, docs in qrels.items()}
    return {q: docs for q, docs in relevant.items() if docs}


def _score(relevant: Qrels, run: Run) -> dict[str, float]:
    """Means over all judged queries; a query without an answer counts as zero."""
    found = by_query(relevant, run)
    return {key: round(sum(each.values()) / len(each), 4) for key, each in found.items()}


def by_query(qrels: Qrels, run: Run) -> dict[str, dict[str, float]]:
    """Each of MEASURES -> its value for each judged query of the run."""
    judged = {q: docs for q, docs in _relevant(qrels).items() if q in run}
    found: dict[str, dict[str, float]] = {key: dict.fromkeys(judged, 0.0) for key in MEASURES}
    known = _library()
    names = {known.parse_measure(measure): key for key, measure in MEASURES.items()}
    for m in known.iter_calc(names, judged, _ranked(run)) if judged else ():
        found[names[m.measure]][m.query_id] = float(m.value)
    return found


def _library() -> Any:
    """ir-measures. Raises InputError where it is not installed: nobody builds it for Linux on arm64."""
    try:
        import ir_measures
    except ModuleNotFoundError:
        raise InputError(
            say(
                "在评测集上量要用 ir-measures，它没有这台机器的安装包；装好 C 编译器，再 pip install ir-measures",
                "judged sets are measured by ir-measures, which is not built for this machine; with a C compiler: "
                "pip install ir-measures",
            )
        )
    return ir_measures


def _ranked(run: Run) -> dict[str, dict[str, float]]:
    """Scores may tie; ranks don't, and the measures are about ranks."""
    return {q: {d: float(DEPTH - i) for i, (d, _) in enumerate(docs[:DEPTH])} for q, docs in run.items()}


def write_run(path: Path, run: Run) -> None:
    """Write a TREC run: query Q0 document rank score tag."""
    lines = (f"{q} Q0 {d} {i} {s:.6f} guzhi\n" for q, docs in run.items() for i, (d, s) in enumerate(docs, 1))
    try:
        path.write_text("".join(lines), "utf8")
    except OSError as error:
        raise InputError(say("写不了 {path}：{error}", "can't write {path}: {error}", path=path, error=error.strerror))


def read_run(path: Path) -> Run:
    """A TREC run: query Q0 document rank score tag, best first by rank. Raises InputError with the line."""
    placed: dict[str, list[tuple[int, str, float]]] = {}
    for number, line in enumerate(_text(path).split("\n"), 1):
        if not line.strip():
            continue
        try:
            query, _, document, rank, score, _ = line.split()
            placed.setdefault(query, []).append((int(rank), document, float(score)))
        except ValueError:
            raise InputError(
                f"{path}:{number}: "
                + say("应为 查询 Q0 文档 名次 得分 标记", "should be query Q0 document rank score tag")
            )
    return {query: [(d, s) for _, d, s in sorted(documents)] for query, documents in placed.items()}


# --- comparing two runs ----------------------------------------------------------------------


class Moved(NamedTuple):
    """One query in two runs. before, after: place of its first relevant document, 1-based, 0 for none of ten.

    gain: difference of nDCG@10, after minus before.
    """

    query: str
    before: int
    after: int
    gain: float


@dataclass(frozen=True, slots=True)
class Comparison:
    """Two runs by nDCG@10. risen, fallen: the largest difference first. mean: of all queries, after minus before.

    interval: of the mean, by resampling queries together with what both runs made of them.
    """

    before: float
    after: float
    risen: tuple[Moved, ...]
    fallen: tuple[Moved, ...]
    same: int
    interval: Interval

    @property
    def mean(self) -> float:
        return self.after - self.before


def compare(before: Run, after: Run, qrels: Qrels) -> Comparison:
    """Compare two runs on every judged query that stands in either. Raises InputError when there is none.

    A query that one run does not have counts there as not answered.
    """
    relevant = {q: docs for q, docs in _relevant(qrels).items() if q in before or q in after}
    if not relevant:
        raise InputError(say("两次结果里没有一条查询有判定", "none of the queries of the two runs is judged"))
    figures = [_ndcg10(relevant, run) for run in (before, after)]
    moved = [
        Moved(q, _first(before.get(q, []), docs), _first(after.get(q, []), docs), figures[1][q] - figures[0][q])
        for q, docs in relevant.items()
    ]
    risen = sorted((m for m in moved if m.gain > 0), key=lambda m: -m.gain)
    fallen = sorted((m for m in moved if m.gain < 0), key=lambda m: m.gain)
    first, second = (sum(values.values()) / len(relevant) for values in figures)
    same = len(moved) - len(risen) - len(fallen)
    return Comparison(first, second, tuple(risen), tuple(fallen), same, interval([m.gain for m in moved]))


def _ndcg10(relevant: Qrels, run: Run) -> dict[str, float]:
    """nDCG@10 of each judged query; 0 for one that the run does not have."""
    return dict.fromkeys(relevant, 0.0) | by_query(relevant, run)["ndcg10"]


def _first(documents: list[tuple[str, float]], relevant: Mapping[str, int]) -> int:
    return next((i for i, (d, _) in enumerate(documents[:DEPTH], 1) if d in relevant), 0)


# --- how certain the means are ---------------------------------------------------------------


def interval(values: Sequence[float]) -> Interval:
    """The 95 % interval of a mean, by resampling what it is the mean of."""
    return _intervals(np.array(values, float)[:, None])[0]


def intervals(qrels: Qrels, run: Run) -> dict[str, Interval]:
    """The interval of each figure of a run, over its judged queries."""
    found = by_query(qrels, run)
    return dict(zip(found, _intervals(np.array([[*each.values()] for each in found.values()]).T), strict=True))


def _intervals(values: NDArray[np.float64]) -> list[Interval]:
    """values: queries x figures, resampled together."""
    rng = np.random.default_rng(SEED)
    count = len(values)
    means = np.array([values[rng.integers(count, size=count)].mean(axis=0) for _ in range(RESAMPLES)])
    low, high = np.quantile(means, [(1 - SURE) / 2, (1 + SURE) / 2], axis=0)
    return [(round(float(a), 4), round(float(b), 4)) for a, b in zip(low, high, strict=True)]


# --- by length -------------------------------------------------------------------------------


class Group(NamedTuple):
    """The queries of one length. words: the most that they have. figures, intervals: as of the whole set."""

    name: str
    words: float
    queries: int
    figures: dict[str, float]
    intervals: dict[str, Interval]


def by_length(engine: Engine, queries: Iterable[Mapping[str, Any]], qrels: Qrels, run: Run) -> tuple[Group, ...]:
    """The figures of a run for its short, medium and long queries, those that there are."""
    relevant = _relevant(qrels)
    parts: dict[str, Run] = {name: {} for name, _ in LENGTHS}
    for query in queries:
        key = str(query["id"])
        if key in relevant and key in run:
            words = sum(not token.part for token in engine.tokens(str(query["text"])))
            parts[next(name for name, most in LENGTHS if words <= most)][key] = run[key]
    return tuple(
        Group(name, most, len(part), _score(relevant, part), intervals(qrels, part))
        for name, most in LENGTHS
        if (part := parts[name])
    )


# --- needless suggestions --------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Silence:
    """What is suggested for some texts. bands: how many have a first suggestion of each band, "none" without any.

    right: texts among whose suggestions is an answer.
    """

    texts: int
    bands: dict[str, int]
    right: int = 0


def silence(
    engine: Engine,
    queries: Iterable[Mapping[str, Any]],
    qrels: Qrels,
    unanswerable: Iterable[Mapping[str, Any]] = (),
    name: Callable[[str], str] = str,
) -> dict[str, Silence]:
    """Whether nothing is suggested where nothing answers, and something where it does.

    answerable: judged queries; hidden: the same with the articles that answer each, and the one that it was made from,
    hidden from it (what is known of words stays, see Engine.without); unanswerable: texts that nothing answers, if any.
    """
    relevant = _relevant(qrels)
    judged = [q for q in queries if str(q["id"]) in relevant]
    judged = judged[:: math.ceil(len(judged) / SILENCE_TEXTS)]
    paths = {name(article.path): article.path for article in engine.articles()}
    seen: list[tuple[str, bool]] = []
    hidden: list[tuple[str, bool]] = []
    for query in judged:
        key, text = str(query["id"]), str(query["text"])
        itself = [paths[key]] if key in paths else []
        answers = [paths[d] for d in relevant[key] if d in paths]
        seen.append(_shown(engine.without(itself) if itself else engine, text, answers))
        hidden.append(_shown(engine.without([*answers, *itself]), text))
    others = [_shown(engine, str(row["text"])) for row in unanswerable]
    asked = {"answerable": seen, "hidden": hidden, "unanswerable": others}
    return {
        kind: Silence(len(shown), dict(Counter(band for band, _ in shown)), sum(right for _, right in shown))
        for kind, shown in asked.items()
        if shown
    }


@dataclass(frozen=True, slots=True)
class Measured:
    """All that is said of one set. silence: empty for searches, which leave nothing out."""

    figures: dict[str, float]
    run: Run
    intervals: dict[str, Interval]
    groups: tuple[Group, ...]
    silence: dict[str, Silence]


def measure(
    engine: Engine,
    queries: Sequence[Mapping[str, Any]],
    qrels: Qrels,
    mode: str = "suggest",
    unanswerable: Iterable[Mapping[str, Any]] = (),
) -> Measured:
    """Run the judged queries and say all of them. mode as in evaluate(), the others as in silence()."""
    figures, run = evaluate(engine, queries, qrels, mode)
    quiet = silence(engine, queries, qrels, unanswerable) if mode == "suggest" else {}
    return Measured(figures, run, intervals(qrels, run), by_length(engine, queries, qrels, run), quiet)


def _shown(engine: Engine, text: str, answers: Collection[str] = ()) -> tuple[str, bool]:
    """The band of the first suggestion, and whether one is among the answers (paths)."""
    found = engine.suggest(text).suggestions
    return (found[0].band if found else "none"), any(s.article.path in answers for s in found)
