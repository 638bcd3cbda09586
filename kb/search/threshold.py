"""This module keeps how sure an article must be, in this base, to be taken for this fault rather than for its topic.

index/threshold.json holds the number and what it was found from (kb.desk.calibration finds it); it is no part of a
bundle.
"""

import json
from functools import lru_cache
from pathlib import Path
from typing import Any

FILE = "threshold.json"

THRESHOLD = 0.16
"""Below it nothing is suggested. A base has a threshold of its own, above it, from which on an article is about this
fault rather than of the same topic: kb.desk.calibration finds it."""


def read(index: Path) -> float:
    """The threshold of an index folder; THRESHOLD where none was found."""
    found = details(index).get("threshold")
    return max(float(found), THRESHOLD) if isinstance(found, (int, float)) else THRESHOLD


def details(index: Path) -> dict[str, Any]:
    """All that was written, {} when nothing was, or nothing that can be read."""
    path = index / FILE
    try:
        changed = path.stat().st_mtime_ns
    except OSError:
        return {}
    return _read(path, changed)


@lru_cache(maxsize=4)
def _read(path: Path, changed: int) -> dict[str, Any]:
    try:
        found = json.loads(path.read_bytes())
    except (OSError, ValueError):
        return {}
    return found if isinstance(found, dict) else {}
