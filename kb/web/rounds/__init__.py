"""Rounds, versions, updates and the month's report, for staff: what is due, what was found, who is behind.

- /rounds, /rounds/plans, /rounds/PLAN/PERIOD: what is due, what is planned, one round on a phone or on paper: pages.py
- /guarded: times in which nothing is changed, shown wherever people look: guarded.py
- /census: which device runs which version, and as a file: census.py
- /updates, /updates/NUMBER, /updates.xml: which devices a published update concerns, when it is put in: updates.py
- /reports, /reports/CUSTOMER/MONTH: the month's report, to be printed or as a file: reports.py
- /cases/costs: what families of devices cost, which article saves visits, which parts a fault takes: costs.py
- The same for programs: api.py
"""

from flask import Flask

from kb.web.rounds import api, census, costs, guarded, pages, reports, updates


def init_app(app: Flask) -> None:
    for module in (pages, guarded, census, updates, reports, costs):
        module.init_app(app)
    app.register_blueprint(api.blueprint)
