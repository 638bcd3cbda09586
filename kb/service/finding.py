"""This module finds cases by their words: the second, small index of a site, a table of which case holds which word.

A word is known by 64 bits and is written in the transaction of its event, so that what happened a moment ago is found,
by SQLite and PostgreSQL alike. Staff alone ask it; nothing of it is in a bundle, a pack or what programs retrieve.
"""

import math
import re
from collections import Counter
from collections.abc import Iterable, Sequence
from hashlib import blake2b

from sqlalchemy import delete, func, select, union_all
from sqlalchemy.orm import Session, aliased

from kb import privacy
from kb.database import tables
from kb.database.connection import insert_into
from kb.service.events import Event
from kb.text.stopwords import STOP_WORDS
from kb.text.tokens import tokenizer_of

MAX_READ = 5000
"""Characters of an event's text that can be found."""
MAX_WORDS = 32
"""Words of a text by which cases like it are looked for, the rarest of them."""
NEWEST = 300
"""Cases of a word that are looked at, the newest: a word of more tells little."""
REACHED = ("mobile", "phone", "mail")
"""How somebody is reached; found however it is written."""
SHARED = 2
"""Words that a case shares at least with a text that it is like."""
MAX_SERIALS = 5
_SERIAL = re.compile(r"\b(?=[A-Z0-9-]*\d)(?=[A-Z0-9-]*[A-Z])[A-Z0-9][A-Z0-9-]{4,}[A-Z0-9]\b")
_NAMED = frozenset("title customer contact site device old new where undo looked answer cause article".split())
"""Fields of an event whose words are found, too."""


def words(text: str) -> list[int]:
    """The words of a text, each once, in the order in which they come; how somebody is reached is one word."""
    text = text[:MAX_READ]
    rest = text
    for start, end, _ in privacy.find(text, REACHED):
        rest = rest[:start] + " " * (end - start) + rest[end:]
    terms = [t.term for t in tokenizer_of(()).tokens(rest) if len(t.term) > 1 and t.term not in STOP_WORDS]
    return _numbers([*reached(text), *terms])


def reached(text: str) -> list[str]:
    """The telephone numbers and mail addresses of a text, each in one way of writing."""
    found = [text[f.start : f.end] for f in privacy.find(text[:MAX_READ], REACHED)]
    return list(dict.fromkeys(written(piece) for piece in found))


def serials(text: str) -> list[str]:
    """What may be the serial number of a device: letters and digits in one, six of them at least."""
    return list(dict.fromkeys(m[0] for m in _SERIAL.finditer(text[:MAX_READ])))[:MAX_SERIALS]


def written(piece: str) -> str:
    """A telephone number or mail address in the one way of writing."""
    return piece.strip().lower() if "@" in piece else re.sub(r"\D", "", piece).removeprefix("86")


def _numbers(terms: Iterable[str]) -> list[int]:
    digests = (blake2b(term.encode(), digest_size=8).digest() for term in dict.fromkeys(filter(None, terms)))
    return [int.from_bytes(digest, "big", signed=True) for digest in digests]


def note(session: Session, case: int, event: Event) -> None:
    """Make the words of an event lead to its case."""
    told = [event.text, *(str(value) for name, value in event.data.items() if name in _NAMED)]
    found = words("\n".join(filter(None, told)))
    if found:
        rows = [{"word": word, "case_id": case} for word in found]
        session.execute(insert_into(session, tables.CaseWord).on_conflict_do_nothing(), rows)


def forget(session: Session) -> None:
    """Drop all of it, to be noted anew."""
    session.execute(delete(tables.CaseWord))


def holding(session: Session, text: str, most: int) -> Sequence[int]:
    """The newest cases that hold every word of a text."""
    wanted = words(text)
    if not wanted:
        return []
    rarest = sorted(wanted, key=lambda word: _count(session, word))
    first = aliased(tables.CaseWord)
    statement = select(first.case_id).where(first.word == rarest[0])
    for word in rarest[1:]:
        other = aliased(tables.CaseWord)
        statement = statement.join(other, (other.case_id == first.case_id) & (other.word == word))
    return session.scalars(statement.order_by(first.case_id.desc()).limit(most)).all()


def _count(session: Session, word: int) -> int:
    some = select(tables.CaseWord.case_id).where(tables.CaseWord.word == word).limit(NEWEST).subquery()
    return session.scalar(select(func.count()).select_from(some)) or 0


def like(session: Session, text: str) -> list[tuple[int, float]]:
    """Cases like a text, among the newest that share a word with it: (case, share of what its words tell)."""
    wanted = words(text)[: 4 * MAX_WORDS]
    if not wanted:
        return []
    newest = [
        select(
            select(tables.CaseWord.word, tables.CaseWord.case_id)
            .where(tables.CaseWord.word == word)
            .order_by(tables.CaseWord.case_id.desc())
            .limit(NEWEST)
            .subquery()
        )
        for word in wanted
    ]
    held: dict[int, list[int]] = {}
    for word, case in session.execute(union_all(*newest)):
        held.setdefault(word, []).append(case)
    total = session.scalar(select(func.max(tables.Case.id))) or 1
    weights = {word: math.log(1 + total / len(cases)) for word, cases in held.items()}
    telling = sorted(weights, key=lambda word: -weights[word])[:MAX_WORDS]
    sums: dict[int, float] = {}
    shared: Counter[int] = Counter()
    for word in telling:
        for case in held[word]:
            sums[case] = sums.get(case, 0.0) + weights[word]
            shared[case] += 1
    whole = sum(weights[word] for word in telling)
    likely = [(case, score / whole) for case, score in sums.items() if shared[case] >= SHARED]
    return sorted(likely, key=lambda found: (-found[1], -found[0]))[:NEWEST]
