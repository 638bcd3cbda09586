"""This module answers: which articles does somebody see? By their role and teams; no other place decides that.

Public articles are for everybody, internal ones for whoever has an account, a team's for its members. Leads and
administrators, who answer for all of it, see all. Drafts are for writers and above.
"""

from collections.abc import Collection

from kb.model.schema import STATUSES
from kb.model.sight import INTERNAL, PUBLIC, TEAM, Sight
from kb.people import roles

STRANGER = Sight(frozenset({"published"}), frozenset({PUBLIC}))
"""What somebody without an account sees, where they may read at all: what is public and finished."""
FINISHED = frozenset(STATUSES) - {"draft"}


def sight_of(role: str, teams: Collection[str] = (), drafts: bool = True) -> Sight:
    """What somebody of this role, in these teams, sees. drafts: False for a program that may not write."""
    if role == roles.NOBODY:
        return STRANGER
    statuses = None if drafts and roles.may(role, "write") else FINISHED
    everybody = roles.may(role, "insights")
    audiences = None if everybody else frozenset({PUBLIC, INTERNAL, *(TEAM + team for team in teams)})
    return Sight(statuses, audiences)
