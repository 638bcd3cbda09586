"""This module writes the facets, dates and names of articles, so that a search looks at none of them one by one.

facets.json                    facet -> its values, in the order of their numbers
facet.NAME.articles, .values   pairs of an article and the number of a value it has (int32)
articles.created, .updated, ...             dates as ISO text, empty for none; updated falls back to created
pictures.keys, .articles       keys of the paths of pictures, sorted, and an article that shows each (int32)
articles.ids, articles.paths   keys (kb.text.hashing), sorted, and with .numbers the article of each (int32)
"""

from array import array
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from kb.bundle import write_json
from kb.model import folders
from kb.model.schema import DATES, FACETS, FOLDER
from kb.text.hashing import table


def write(folder: Path, records: Iterable[dict[str, Any]]) -> None:
    """Write the files above. records: of all articles in order, see kb.bundle.stored; each is looked at once."""
    values: dict[str, dict[str, int]] = {name: {} for name in FACETS}
    pairs = {name: array("i") for name in FACETS}
    dates = {name: _Dates() for name in DATES}
    names: dict[str, list[str]] = {"ids": [], "paths": []}
    pictures: list[str] = []
    shown_by = array("i")
    for number, record in enumerate(records):
        for name, places in values.items():
            found = folders(record["path"]) if name == FOLDER.name else record[name]
            for value in (found,) if isinstance(found, str) else dict.fromkeys(found):
                if value:
                    pairs[name].extend((number, places.setdefault(value, len(places))))
        for name, written in dates.items():
            written.append(record[name] or (record["created"] if name == "updated" else None) or "")
        for path in record.get("pictures", ()):
            pictures.append(path)
            shown_by.append(number)
        names["ids"].append(record["id"])
        names["paths"].append(record["path"])
    for name, numbers in pairs.items():
        columns = np.array(numbers, np.int32).reshape(-1, 2)
        np.save(folder / f"facet.{name}.articles.npy", columns[:, 0])
        np.save(folder / f"facet.{name}.values.npy", columns[:, 1])
    write_json(folder / "facets.json", {name: list(places) for name, places in values.items()})
    for name, written in dates.items():
        np.save(folder / f"articles.{name}.npy", written.array())
    keys, order = table(pictures)
    np.save(folder / "pictures.keys.npy", keys)
    np.save(folder / "pictures.articles.npy", np.array(shown_by, np.int32)[order])
    for name, texts in names.items():
        found_keys, articles = table(texts)
        np.save(folder / f"articles.{name}.npy", found_keys)
        np.save(folder / f"articles.{name}.numbers.npy", articles.astype(np.int32))


class _Dates:
    """Days as ISO text, ten bytes each."""

    def __init__(self) -> None:
        self._bytes = bytearray()

    def append(self, day: str) -> None:
        self._bytes += day.encode().ljust(10, b"\0")[:10]

    def array(self) -> NDArray[np.bytes_]:
        return np.frombuffer(bytes(self._bytes), "S10")
