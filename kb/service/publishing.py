"""This module answers which golden queries an article brings when it is published: the report that it was written from
has to find it from then on.
"""

import logging
from collections.abc import Iterable
from pathlib import Path

from kb.articles import golden
from kb.articles.atomic import read_text, save
from kb.articles.files import ArticleFile
from kb.errors import KbError
from kb.privacy import masked
from kb.service.cases import Cases
from kb.text.check_digits import checks

logger = logging.getLogger(__name__)
TICKET = "ticket"
"""The key of an article's front matter that names its case."""


def promise_found(cases: Cases, folder: Path, files: Iterable[ArticleFile]) -> list[str]:
    """Add the reports of the cases behind these articles to the golden queries; the numbers of those that were.

    folder: of the articles. A golden file that can't be added to keeps nobody from publishing.
    """
    entries = []
    for file in files:
        number = "" if file.error else str(file.head.values.get(TICKET) or "")
        if file.status != "published" or not number or not checks(number):
            continue
        try:
            report = cases.find(number).log[0].text
        except KbError:  # a ticket of another system
            continue
        entries.append(golden.Golden(masked(report).strip(), (file.number,), "suggest"))
    if not entries:
        return []
    path = folder / golden.FILE
    try:
        text = read_text(path)
        new = golden.fresh(text, [e for e in entries if e.query])
        if new:
            save(path, golden.added(text, new))
    except (KbError, OSError) as error:
        logger.warning("golden queries: %s", error)
        return []
    return [entry.articles[0] for entry in new]
