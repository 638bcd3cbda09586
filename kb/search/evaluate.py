"""This module measures ranking on a judged set: queries and qrels -> nDCG, MRR, success, recall, times."""

import json
import time
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any

import ir_measures
import numpy as np
from ir_measures import RR, R, Success, nDCG

from kb.errors import InputError
from kb.language import say
from kb.model import Query
from kb.search.index import Index
from kb.search.searcher import search
from kb.search.suggest import rank

DEPTH = 10
MEASURES = {"ndcg10": nDCG @ 10, "mrr10": RR @ 10, "s1": Success @ 1, "s3": Success @ 3, "r10": R @ 10}

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
) -> tuple[dict[str, float], Run]:
    """Run the judged queries and score them. mode: suggest or search. name: an article's path -> document id.

    Returns the figures (times in milliseconds) and the run. A document with the query's own id does not count.
    """
    relevant = {q: {d: g for d, g in docs.items() if g > 0 and d != q} for q, docs in qrels.items()}
    relevant = {q: docs for q, docs in relevant.items() if docs}
    judged = [q for q in queries if str(q["id"]) in relevant]
    if not judged:
        raise InputError(say("没有一条查询有判定", "none of the queries is judged"))
    ask = _suggested if mode == "suggest" else _searched
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


def _suggested(index: Index, text: str) -> list[tuple[str, float]]:
    return [(index.articles[a].path, s) for a, s in rank(index, text, DEPTH + 1)]


def _searched(index: Index, text: str) -> list[tuple[str, float]]:
    hits = search(index, Query(text, size=DEPTH + 1)).hits
    return [(h.article.path, float(DEPTH + 1 - i)) for i, h in enumerate(hits)]


def _score(relevant: Qrels, run: Run) -> dict[str, float]:
    """Means over all judged queries; a query without an answer counts as zero."""
    # Scores may tie; ranks don't, and the measures are about ranks.
    ranked = {q: {d: float(DEPTH - i) for i, (d, _) in enumerate(docs)} for q, docs in run.items()}
    judged = {q: docs for q, docs in relevant.items() if q in run}
    results = ir_measures.calc_aggregate(MEASURES.values(), judged, ranked)
    return {key: round(float(results[m]), 4) for key, m in MEASURES.items()}


def write_run(path: Path, run: Run) -> None:
    """Write a TREC run: query Q0 document rank score tag."""
    lines = (f"{q} Q0 {d} {i} {s:.6f} guzhi\n" for q, docs in run.items() for i, (d, s) in enumerate(docs, 1))
    try:
        path.write_text("".join(lines), "utf8")
    except OSError as error:
        raise InputError(say("写不了 {path}：{error}", "can't write {path}: {error}", path=path, error=error.strerror))
