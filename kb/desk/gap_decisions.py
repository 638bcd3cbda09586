"""This module keeps what a lead decided on a gap: passed over, settled, or somebody's task. Each can be taken back."""

from datetime import UTC, datetime
from hashlib import blake2b
from typing import NamedTuple

from sqlalchemy import delete, select

from kb.articles.golden import same
from kb.database import tables
from kb.database.connection import Store, upsert
from kb.errors import InputError
from kb.language import say

STATES = ("open", "ignored", "done")
MAX_DECISIONS = 5000
"""The newest ones are kept."""
MAX_OWNER = 60
MAX_TEXT = 4000


class Decision(NamedTuple):
    """text: of the gap; state: one of STATES; owner: who takes it, or ""; at: when it was decided."""

    text: str
    state: str
    owner: str
    at: datetime


class Decisions:
    """The decisions of one base. Every method raises StoreError."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def decide(self, text: str, state: str, owner: str = "") -> None:
        """Keep a decision, in place of an earlier one on the same text. Raises InputError."""
        text, owner = text.strip()[:MAX_TEXT], " ".join(owner.split())[:MAX_OWNER]
        if not text or state not in STATES:
            raise InputError(
                say("不认识的处理方式（可用：{known}）", "unknown decision ({known})", known=", ".join(STATES))
            )
        with self._store.session() as session:
            upsert(
                session, tables.GapDecision, ("digest",), digest=key_of(text), at=datetime.now(UTC), text=text,
                state=state, owner="".join(c for c in owner if c.isprintable()),
            )  # fmt: skip
            newest = select(tables.GapDecision.digest).order_by(tables.GapDecision.at.desc(), tables.GapDecision.digest)
            oldest = session.scalars(newest.offset(MAX_DECISIONS)).all()
            session.execute(delete(tables.GapDecision).where(tables.GapDecision.digest.in_(oldest)))

    def all(self) -> dict[str, Decision]:
        """By the key of their text."""
        with self._store.reading() as session:
            rows = session.scalars(select(tables.GapDecision)).all()
        return {r.digest: Decision(r.text, r.state, r.owner, r.at) for r in rows}


def key_of(text: str) -> str:
    """Of texts that differ in blanks and letter case alone it is the same."""
    return blake2b(same(text).encode("utf8", "replace"), digest_size=16).hexdigest()
