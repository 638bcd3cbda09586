"""This module fills a report in with what is known: the device, who calls, and what the customer was promised."""

from collections.abc import Mapping
from datetime import date
from typing import Any

from sqlalchemy.orm import Session

from kb.service.assets.customers import caller, named, promised
from kb.service.assets.devices import in_text
from kb.service.policy import Policy


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
    of_device = device.row.contract if device is not None and device.row.customer == customer.id else None
    for name, value in promised(session, customer, of_device, day).items():
        if not out.get(name) and value in (policy.promises if name == "promises" else policy.calendars):
            out[name] = value
    return out
