"""This module completes numbers of cases in the search box, for staff: on a page for others it finds nothing."""

import re

from flask import url_for

from kb.desk import answers
from kb.text.tokens import fold
from kb.web import identity
from kb.web.cases.shared import cases
from kb.web.views import settings_in_force

MOST = 4
"""Cases that are proposed."""
_BEGUN = re.compile(r"\d{2}-\d{0,9}(-\d?)?|\d{2,15}")
"""What somebody types of a number; one digit alone is too little."""


def numbered(typed: str) -> list[answers.Completion]:
    """The cases whose number begins so, the newest first; [] for whoever may not see cases."""
    digits = re.sub(r"\s", "", fold(typed).text)
    if not (_BEGUN.fullmatch(digits) and settings_in_force().serves and identity.may("cases")):
        return []
    return [
        answers.Completion(
            kind="case", text=f"{c.number} {c.title}", id=c.number, articles=0, address=url_for("case", number=c.number)
        )
        for c in cases().beginning(digits, MOST)
    ]
