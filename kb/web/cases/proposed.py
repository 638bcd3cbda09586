"""This module is what is proposed of a case's class, with its probability: area and cause by articles like it, urgency
and impact by its words and the desk's earlier cases. Nothing of it holds before somebody takes it.
"""

from collections.abc import Collection
from typing import NamedTuple

from kb.desk.facts import proposed
from kb.labels import label
from kb.language import say
from kb.service.cases import Case
from kb.service.events import effective
from kb.service.fields import FIELDS
from kb.service.proposing import USUAL, levels
from kb.service.states import facts, priority
from kb.service.wording import told
from kb.web.cases.shared import cases
from kb.web.writers import engine_or_none

LEAST = {"area": 0.5, "cause": 0.5}
"""The share of articles' votes from which on a value is proposed."""


class Proposal(NamedTuple):
    """A value for a field. share: its probability; said: the words of the report that tell it, "" for none."""

    name: str
    value: str
    share: float
    said: str = ""

    @property
    def called(self) -> str:
        """The value, in words."""
        return label(FIELDS[self.name].group, self.value)

    @property
    def field(self) -> str:
        """The field, in words."""
        return say(FIELDS[self.name].zh, FIELDS[self.name].en)


class Proposals(NamedTuple):
    """What is proposed for a case. priority: that which follows when all of it is taken, "" when nothing changes it."""

    found: list[Proposal]
    priority: str = ""


def of_levels(text: str, but: Collection[str] = ()) -> list[Proposal]:
    """Urgency and impact of a report. but: fields that somebody chose already."""
    if not text.strip() or all(field in but for field in USUAL):
        return []
    found = levels(text, cases().classes_of(text))
    return [Proposal(level.field, level.value, level.share, level.said) for level in found if level.field not in but]


def of_case(case: Case) -> Proposals:
    """What may be the class of a case, as far as nobody said it."""
    log = effective(case.log)
    known = facts(log)
    wanted = {name: share for name, share in LEAST.items() if name not in known}
    engine, text = engine_or_none(), told(case.log).text
    votes = proposed(engine, text, wanted) if engine is not None and wanted and text.strip() else []
    found = of_levels(next((e.text for e in log), ""), known)
    after = known | {p.name: p.value for p in found}
    follows = priority(after, case.policy) if found and "priority" not in known else ""
    return Proposals([*found, *(Proposal(v.key, v.value, v.share) for v in votes)], follows)
