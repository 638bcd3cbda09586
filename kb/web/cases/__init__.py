"""The desk of cases, for staff: what is to be done, one case, a new one. Where the site serves none, nobody sees it.

- /cases: views by what is to be done, search in cases: desk.py
- /cases/new: one box; who calls, what is alike: entry.py; what is proposed of its class: proposed.py
- /cases/NUMBER: one page for all of a case: case.py; its clocks: strip.py; its entries: timeline.py; what may be done,
  as forms made of the table of kb.service.states: actions.py; fixes and cases like it: beside.py; which article it
  becomes: closing.py; its files: files.py; who else writes: presence.py
- /works, /cases/NUMBER/works/N: what is planned, one visit on a phone, its paper: works.py
- /cases/NUMBER/pack: the case to take along without a network, and what comes back of it: field.py
- /cases/figures: what a lead wants to know of them, and as files: figures.py
- /duty: who is on call: duty.py
- The same for programs: api.py; numbers in the search box: completing.py
- What they share: shared.py
"""

from flask import Flask

from kb.web.cases import api, case, closing, desk, duty, entry, field, figures, files, presence, shared, works


def init_app(app: Flask) -> None:
    for module in (shared, desk, duty, entry, figures, case, closing, files, presence, works, field):
        module.init_app(app)
    app.register_blueprint(api.blueprint)
