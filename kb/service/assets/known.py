"""This module fills a report in with what is known: the device, who calls, and what the customer was promised."""

import re
from collections.abc import Mapping
from datetime import date
from typing import Any

from sqlalchemy.orm import Session

from kb.language import say
from kb.service.assets.customers import caller, named, promised
from kb.service.assets.devices import in_text
from kb.service.policy import Policy, Tailored


def filled(session: Session, given: Mapping[str, Any], policy: Policy, day: date) -> dict[str, Any]:
    """What is given for a report, with what is known beside it: of a device, of who calls, of the customer's contract.

    What was given stays as it was, but for other names of a device or a customer.
    """
    out = dict(given)
    device = in_text(session, str(out["device"])) if out.get("device") else None
    if device is not None:
        out |= {"device": device.label}
        out |= {n: v for n, v in (("customer", device.customer), ("site", device.site)) if v and not out.get(n)}
    if not out.get("customer") and (calls := caller(session, str(out.get("contact", "")))):
        out["customer"] = calls[1].name
    customer = named(session, str(out.get("customer", "")))
    if customer is None:
        return out
    out["customer"] = customer.name
    own = tailored(session, customer.name, policy)
    of_device = device.row.contract if device is not None and device.row.customer == customer.id else None
    terms = {"promises": own.promises, "calendar": own.calendar}
    terms = {name: value for name, value in terms.items() if value} | promised(session, customer, of_device, day)
    for name, value in terms.items():
        if not out.get(name) and value in (policy.promises if name == "promises" else policy.calendars):
            out[name] = value
    return out


def tailored(session: Session, name: str, policy: Policy) -> Tailored:
    """What a customer has of its own, whichever of its names service.yml calls it by."""
    customer = named(session, name) if name else None
    return policy.tailored(*((customer.name, *customer.aliases) if customer is not None else (name,)))


def with_answers(text: str, answers: Mapping[str, str]) -> str:
    """A report with the answers to a customer's questions below it, those that say something."""
    lines = [f"{ask}{say('：', ': ')}{' '.join(answer.split())}" for ask, answer in answers.items() if answer.strip()]
    return "\n\n".join(filter(None, (text, "\n".join(lines))))


def filled_in(template: str, facts: Mapping[str, str]) -> str:
    """A reply with the facts of a case in place of {contact}, {number}, {title}, {owner}, {customer}, {site}."""
    return re.sub(r"\{(\w+)\}", lambda m: facts.get(m[1], m[0]), template)
