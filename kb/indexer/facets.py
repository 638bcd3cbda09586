"""This module writes the facets, dates and names of articles, so that a search looks at none of them one by one.

facets.json                    facet -> its values, in the order of their numbers
facet.NAME.articles, .values   pairs of an article and the number of a value it has (int32)
articles.created, .updated, ...             dates as ISO text, empty for none; updated falls back to created
pictures.keys, .articles       keys of the paths of pictures, sorted, and an article that shows each (int32)
articles.ids, articles.paths   keys (kb.text.hashing), sorted, and with .numbers the article of each (int32)
"""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from kb.bundle import write_json
from kb.model import folders
from kb.model.schema import DATES, FACETS, FOLDER
from kb.text.hashing import table


def write(folder: Path, records: Sequence[dict[str, Any]]) -> None:
    """Write the files above. records: of all articles, see kb.bundle.stored."""
    values: dict[str, list[str]] = {}
    for name in FACETS:
        places: dict[str, int] = {}
        pairs = []
        for number, record in enumerate(records):
            found = folders(record["path"]) if name == FOLDER.name else record[name]
            for value in (found,) if isinstance(found, str) else dict.fromkeys(found):
                if value:
                    pairs.append((number, places.setdefault(value, len(places))))
        values[name] = list(places)
        columns = np.array(pairs, np.int32).reshape(-1, 2)
        np.save(folder / f"facet.{name}.articles.npy", columns[:, 0])
        np.save(folder / f"facet.{name}.values.npy", columns[:, 1])
    write_json(folder / "facets.json", values)
    for name in DATES:
        dates = [r[name] or (r["created"] if name == "updated" else None) or "" for r in records]
        np.save(folder / f"articles.{name}.npy", np.array(dates, "S10"))
    shown = [(path, number) for number, record in enumerate(records) for path in record.get("pictures", ())]
    found, order = table([path for path, _ in shown])
    np.save(folder / "pictures.keys.npy", found)
    np.save(folder / "pictures.articles.npy", np.array([number for _, number in shown], np.int32)[order])
    for name, key in (("ids", "id"), ("paths", "path")):
        keys, numbers = table([r[key] for r in records])
        np.save(folder / f"articles.{name}.npy", keys)
        np.save(folder / f"articles.{name}.numbers.npy", numbers.astype(np.int32))
