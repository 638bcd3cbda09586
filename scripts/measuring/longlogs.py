#!/usr/bin/env python3
"""This module makes judged sets with long logs of a judged set with reports: the same answers, asked in a log.

    scripts/measuring/longlogs.py SET --out DIR [--lines 20 100 500 2000]
    KB_ENCODER=off kb eval DIR/2000

SET has corpus.jsonl, queries.jsonl and qrels.tsv. DIR gets one such folder for each number of lines. Every other report
stands above its log, as people write, the rest somewhere within it, as what a program says. The logs are those of
tests/frames, drawn by a fixed seed. What a ranking drops of a long text is harmless if these sets lose nothing by it.
"""

import argparse
import json
import os
import random
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

sys.path.append(str(Path(__file__).resolve().parents[2] / "tests"))

import framing

SHARED = ("corpus.jsonl", "qrels.tsv")


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("set", type=Path)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--lines", type=int, nargs="+", default=framing.LENGTHS)
    args = parser.parse_args()
    queries = [json.loads(line) for line in (args.set / "queries.jsonl").read_text("utf8").splitlines()]
    for lines in args.lines:
        folder = args.out / str(lines)
        folder.mkdir(parents=True, exist_ok=True)
        for name in SHARED:
            (folder / name).unlink(missing_ok=True)
            os.symlink((args.set / name).resolve(), folder / name)
        (folder / "queries.jsonl").write_text("".join(asked(queries, lines)), "utf8")
        print(folder)


def asked(queries: list[dict[str, Any]], lines: int) -> Iterator[str]:
    """The queries, each with a log of so many lines around its text, as lines of JSON."""
    formats = framing.formats()
    for i, query in enumerate(queries):
        noise = framing.noise(formats[i % len(formats)], lines, query["text"])
        at = 0 if i % 2 == 0 else random.Random(query["text"]).randrange(lines + 1)
        text = "\n".join([*noise[:at], query["text"], *noise[at:]])
        yield json.dumps({**query, "text": text}, ensure_ascii=False) + "\n"


if __name__ == "__main__":
    main()
