"""This module measures ranking on a judged set: queries and qrels -> nDCG, MRR, success, recall, times.

Two runs over the same judgements are compared query by query: a mean hides what fell.
"""

import json
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from kb.errors import InputError
from kb.language import say
from kb.model import VERDICTS, Article, Query, Verdict
from kb.search.index import Index
from kb.search.remembered import Remembered
from kb.search.searcher import search
from kb.search.suggest import rank

DEPTH = 10
MEASURES = {"ndcg10": "nDCG@10", "mrr10": "RR@10", "s1": "Success@1", "s3": "Success@3", "r10": "R@10"}
"""Measures by their names in ir-measures."""

Qrels = dict[str, dict[str, int]]
Run = dict[str, list[tuple[str, float]]]


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
    """The documents of a judged set as articles. One that is cut from a page, page.md#3, is told so; documents
    of one title, such as answers to one question, are a page together. Raises InputError with the line."""
    rows = read_lines(folder / "corpus.jsonl", ("id", "title", "text"))
    documents = []
    for row in rows:
        name, title = str(row["id"]), str(row["title"])
        page, cut, _ = name.partition("#")
        documents.append(
            Article(path=name, id=name, kind="faq", title=title, body=str(row["text"]), page=page if cut else title)
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
    """A log of verdicts, JSON lines of text, article and verdict, newest last. Raises InputError with the line."""
    verdicts = []
    for number, row in enumerate(read_lines(path, Verdict._fields), 1):
        verdict = Verdict(*(str(row[key]) for key in Verdict._fields))
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
    index: Index,
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
    ask(index, str(judged[0]["text"]))
    run: Run = {}
    times = []
    for query in judged:
        started = time.perf_counter()
        found = ask(index, str(query["text"]))
        times.append((time.perf_counter() - started) * 1e3)
        key = str(query["id"])
        run[key] = [(d, s) for p, s in found if (d := name(p)) != key][:DEPTH]
    figures = _score(relevant, run)
    figures |= {"p50_ms": round(float(np.median(times)), 2), "p95_ms": round(float(np.quantile(times, 0.95)), 2)}
    return figures | {"queries": len(judged)}, run


def _suggested(index: Index, text: str, remembered: Remembered | None) -> list[tuple[str, float]]:
    return [(index.articles[a].path, s) for a, s in rank(index, text, DEPTH + 1, remembered)]


def _searched(index: Index, text: str) -> list[tuple[str, float]]:
    hits = search(index, Query(text, size=DEPTH + 1)).hits
    return [(h.article.path, float(DEPTH + 1 - i)) for i, h in enumerate(hits)]


def _relevant(qrels: Qrels) -> Qrels:
    """Judgements above zero; a document is no answer to the query that was made from it."""
    relevant = {q: {d: g for d, g in docs.items() if g > 0 and d != q} for q, docs in qrels.items()}
    return {q: docs for q, docs in relevant.items() if docs}


def _score(relevant: Qrels, run: Run) -> dict[str, float]:
    """Means over all judged queries; a query without an answer counts as zero."""
    judged = {q: docs for q, docs in relevant.items() if q in run}
    known = _library()
    measures = {key: known.parse_measure(name) for key, name in MEASURES.items()}
    results = known.calc_aggregate(measures.values(), judged, _ranked(run))
    return {key: round(float(results[m]), 4) for key, m in measures.items()}


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
    """Two runs by nDCG@10. risen, fallen: the largest difference first. mean: of all queries, after minus before."""

    before: float
    after: float
    risen: tuple[Moved, ...]
    fallen: tuple[Moved, ...]
    same: int

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
    figures = [_by_query(relevant, run) for run in (before, after)]
    moved = [
        Moved(q, _first(before.get(q, []), docs), _first(after.get(q, []), docs), figures[1][q] - figures[0][q])
        for q, docs in relevant.items()
    ]
    risen = sorted((m for m in moved if m.gain > 0), key=lambda m: -m.gain)
    fallen = sorted((m for m in moved if m.gain < 0), key=lambda m: m.gain)
    means = [sum(values.values()) / len(relevant) for values in figures]
    return Comparison(means[0], means[1], tuple(risen), tuple(fallen), len(moved) - len(risen) - len(fallen))


def _by_query(relevant: Qrels, run: Run) -> dict[str, float]:
    """nDCG@10 of each judged query."""
    known = _library()
    scored = known.iter_calc([known.parse_measure(MEASURES["ndcg10"])], relevant, _ranked(run))
    return dict.fromkeys(relevant, 0.0) | {m.query_id: float(m.value) for m in scored}


def _first(documents: list[tuple[str, float]], relevant: Mapping[str, int]) -> int:
    return next((i for i, (d, _) in enumerate(documents[:DEPTH], 1) if d in relevant), 0)
