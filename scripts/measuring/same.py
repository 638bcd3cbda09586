#!/usr/bin/env python3
"""This module proves that answers stayed the same: it writes down whole answers, and compares two such files.

    scripts/measuring/same.py ask --index INDEX --articles DIR --out A          some 200 questions, drawn by a seed
    scripts/measuring/same.py ask --index INDEX --articles DIR --like A --out B the questions of A once more
    scripts/measuring/same.py compare A B                                       which answers differ, and where

An answer is the whole JSON of /api/v1/search or /api/v1/suggest, or the whole HTML of a page, without what differs by
itself: times taken, tokens of forms, the texts' own number in the log. The same index answers both times; two versions
of the program each run their own copy of this script.
"""

import argparse
import json
import random
import re
import sys
import tempfile
from collections.abc import Iterator, Sequence
from itertools import islice
from pathlib import Path
from time import thread_time
from typing import Any, NamedTuple

import yaml

sys.path.append(str(Path(__file__).parents[1]))

from kb import settings
from kb.model import Query
from kb.search.index import Index, Library
from kb.web import create_app
from kb.web.forms import address
from measuring import queries
from measuring.corpus import SEED
from measuring.processes import ROOT

GOLDEN = ROOT / "tests" / "golden"
EACH = 15
"""Questions of each drawn kind."""
LENGTHS = (100, 500, 2000, 8000)
"""Characters of drawn pastes."""
AROUND = 60
"""Characters of a difference that are shown."""
_TRANSIENT = (
    (re.compile(r'"milliseconds":\s*[\d.]+'), '"milliseconds": 0'),
    (re.compile(r'"log":\s*\d+'), '"log": 0'),
    (re.compile(r"[\d.]+(?=\s*(?:ms|毫秒))"), "0"),
    (re.compile(r'(?<=name="token" value=")[^"]*|(?<=name="csrf" value=")[^"]*|(?<=data-token=")[^"]*'), ""),
    (re.compile(r'nonce="[^"]*"|nonce-[\w+/=-]+'), ""),
)
"""What differs between two answers to the same question, and what stands there instead."""


class Asked(NamedTuple):
    """One request. body: JSON of a POST, None for a GET."""

    path: str
    body: dict[str, Any] | None = None


def questions(index: Index) -> Iterator[Asked]:
    """Golden queries and pastes, then drawn ones; each asked as data and as a page."""
    texts = [entry["text"] for entry in _golden("queries")]
    pastes = [entry["paste"] for entry in _golden("suggest")]
    draw = random.Random(SEED)
    for make in (queries.keywords, *queries.STRUCTURED.values()):
        texts += [make(index, draw) for _ in range(EACH)]
    texts += [queries.identifier(index, draw)[0] for _ in range(EACH)]
    pastes += [queries.paste(index, draw, length) for length in LENGTHS for _ in range(EACH)]
    pastes += ["\n\n".join(queries.paste(index, draw, 300) for _ in range(3)) for _ in range(EACH)]
    for text in texts:
        query = text if isinstance(text, Query) else Query(text)
        yield Asked(address(query))
        yield Asked("/api/v1" + address(query))
    for text in pastes:
        yield Asked("/api/v1/suggest", {"text": text})
    for number in draw.sample(range(len(index.articles)), min(EACH, len(index.articles))):
        yield Asked(f"/a/{index.articles[number].path}")


def _golden(name: str) -> list[dict[str, Any]]:
    return list(yaml.safe_load((GOLDEN / f"{name}.yml").read_text("utf8")))


def answers(chosen: settings.Settings, asked: Sequence[Asked]) -> Iterator[tuple[str, float]]:
    """Each answer as text, and the processor's milliseconds for it. Nothing is remembered from one to the next."""
    with tempfile.TemporaryDirectory() as aside:
        database = str(Path(aside, "log.sqlite"))
        app = create_app(settings.load({**_set(chosen), "database": database}, Path(aside)))
        client = app.test_client()
        client.get("/")
        for one in asked:
            started = thread_time()
            reply = (
                client.get(one.path, follow_redirects=True)
                if one.body is None
                else client.post(one.path, json=one.body)
            )
            used = (thread_time() - started) * 1e3
            yield f"{reply.status_code}\n{lasting(reply.get_data(as_text=True))}", used


def _set(chosen: settings.Settings) -> dict[str, Any]:
    return {"index": chosen.index, "articles": chosen.articles, "encoder": chosen.encoder}


def lasting(text: str) -> str:
    """An answer without what differs by itself."""
    for pattern, instead in _TRANSIENT:
        text = pattern.sub(instead, text)
    return text


def written(path: Path) -> list[dict[str, Any]]:
    """The lines of a file of answers."""
    with path.open(encoding="utf8") as lines:
        return [json.loads(line) for line in lines]


def differences(before: Sequence[dict[str, Any]], after: Sequence[dict[str, Any]]) -> Iterator[str]:
    """Each question that is answered otherwise, and the first place where it is."""
    if [row["asked"] for row in before] != [row["asked"] for row in after]:
        yield "the two files hold answers to other questions"
        return
    for old, new in zip(before, after, strict=True):
        a, b = old["answer"], new["answer"]
        if a != b:
            at = next((i for i, (x, y) in enumerate(zip(a, b, strict=False)) if x != y), min(len(a), len(b)))
            start = max(0, at - AROUND)
            yield f"{old['asked']}\n  - {a[start : at + AROUND]!r}\n  + {b[start : at + AROUND]!r}"


def main() -> None:
    options = _options()
    if options.command == "compare":
        before, after = written(options.before), written(options.after)
        found = list(differences(before, after))
        print("\n".join(islice(found, 20)))
        old, new = (sum(row["ms"] for row in rows) for rows in (before, after))
        print(f"{len(found)} of {len(before)} answers differ; processor time {old:,.0f} -> {new:,.0f} ms")
        sys.exit(bool(found))
    given = {"index": options.index, "articles": options.articles, "encoder": options.encoder}
    chosen = settings.load(given, Path.cwd())
    if options.like:
        asked = [Asked(*row["asked"]) for row in written(options.like)]
    else:
        asked = list(questions(Library(chosen.index).index()))
    with options.out.open("w", encoding="utf8") as out:
        for one, (answer, used) in zip(asked, answers(chosen, asked), strict=True):
            row = {"asked": one, "ms": round(used, 2), "answer": answer}
            out.write(json.dumps(row, ensure_ascii=False) + "\n")


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    commands = parser.add_subparsers(dest="command", required=True)
    ask = commands.add_parser("ask")
    ask.add_argument("--index", type=Path, required=True)
    ask.add_argument("--articles", type=Path, required=True)
    ask.add_argument("--encoder", default="off")
    ask.add_argument("--like", type=Path, metavar="ANSWERS", help="ask what that file holds answers to")
    ask.add_argument("--out", type=Path, required=True)
    compare = commands.add_parser("compare")
    compare.add_argument("before", type=Path)
    compare.add_argument("after", type=Path)
    return parser.parse_args()


if __name__ == "__main__":
    main()
