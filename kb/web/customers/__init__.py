"""Pages for customers, who have no account: report a fault, see what becomes of it. Nothing of the base is shown here
but the articles that are marked public.

- /report: the form, common questions while it is typed, the receipt: reporting.py
- /c/SECRET: one's own case: what is said of it, add to it, confirm it, rate it: tracking.py
- Which articles are public, and what they answer: answers.py
"""

from flask import Flask

from kb.web.customers import reporting, tracking


def init_app(app: Flask) -> None:
    for module in (reporting, tracking):
        module.init_app(app)
